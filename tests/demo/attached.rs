//! The documents that are attached to samples are true: they name the packages of their image, and the demo's key signed
//! them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use regtui::demo::Store;
use regtui::demo::blob::Blob;
use regtui::model::digest::Digest;
use serde_json::Value;

use crate::support::samples::sample;

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// Checks a signature in base64 with the public key in the assets.
fn check(signed: &[u8], signature: &str) {
    let pem: String =
        include_str!("../../assets/demo-cosign.pub").lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64.decode(pem).expect("base64");
    let key = VerifyingKey::from_sec1_bytes(&der[der.len() - 65..]).expect("a key");
    let signature = Signature::from_der(&BASE64.decode(signature).expect("base64")).expect("DER");
    key.verify(signed, &signature).expect("a signature by the demo's key");
}

/// Returns the descriptors of the layers of a manifest, each with its bytes.
fn documents(store: &Store, name: &str, digest: Digest) -> Vec<(Value, Vec<u8>)> {
    let repository = store.repository(name).expect("a repository");
    let manifest = json(&repository.manifests[&digest].bytes);
    let read = |layer: &Value| {
        let digest: Digest = layer["digest"].as_str().and_then(|text| text.parse().ok()).expect("a digest");
        let Blob::Whole(bytes) = &repository.blobs[&digest] else { panic!("a large document") };
        (layer.clone(), bytes.to_vec())
    };
    manifest["layers"].as_array().expect("layers").iter().map(read).collect()
}

fn tag_of(digest: Digest, suffix: &str) -> String {
    format!("sha256-{}.{suffix}", digest.hex())
}

#[test]
fn signatures_are_by_the_key_in_the_assets() {
    let store = sample();
    let worker = store.digest_of("team/worker", "latest").expect("an image");
    let signature = store.digest_of("team/worker", &tag_of(worker, "sig")).expect("a signature");
    let (layer, payload) = &documents(&store, "team/worker", signature)[0];
    check(payload, layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().expect("a signature"));
    assert_eq!(json(payload)["critical"]["image"]["docker-manifest-digest"], worker.to_string());

    let attestation = store.digest_of("team/worker", &tag_of(worker, "att")).expect("an attestation");
    let envelope = json(&documents(&store, "team/worker", attestation)[0].1);
    let payload = BASE64.decode(envelope["payload"].as_str().expect("a payload")).expect("base64");
    let head = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len());
    check(
        &[head.as_bytes(), &payload].concat(),
        envelope["signatures"][0]["sig"].as_str().expect("a signature"),
    );
    assert_eq!(json(&payload)["subject"][0]["digest"]["sha256"], worker.hex());

    let app = store.digest_of("team/app", "latest").expect("an image");
    let repository = store.repository("team/app").expect("a repository");
    let referrers = repository.manifests.iter().filter(|(_, manifest)| manifest.subject == Some(app));
    let bundles: Vec<Value> = referrers
        .map(|(digest, _)| json(&documents(&store, "team/app", *digest)[0].1))
        .filter(|document| document["messageSignature"].is_object())
        .collect();
    let [bundle] = &bundles[..] else { panic!("{} bundles", bundles.len()) };
    let signature = bundle["messageSignature"]["signature"].as_str().expect("a signature");
    check(&repository.manifests[&app].bytes, signature);
}

#[test]
fn attestations_name_their_platform_its_base_and_its_packages() {
    let store = sample();
    let app = store.digest_of("team/app", "latest").expect("an image");
    let index = json(&store.repository("team/app").expect("a repository").manifests[&app].bytes);
    let children = index["manifests"].as_array().expect("children");
    let attestations = children.iter().filter(|child| child["platform"]["os"] == "unknown");
    let mut count = 0;
    for child in attestations {
        let digest = child["digest"].as_str().and_then(|text| text.parse().ok()).expect("a digest");
        let documents = documents(&store, "team/app", digest);
        let subject = child["annotations"]["vnd.docker.reference.digest"].as_str().expect("a subject");
        for (_, statement) in &documents {
            let hex = json(statement)["subject"][0]["digest"]["sha256"].as_str().expect("hex").to_owned();
            assert_eq!(format!("sha256:{hex}"), subject);
        }
        let sbom = json(&documents[0].1);
        let packages = sbom["predicate"]["packages"].as_array().expect("packages");
        let version = |name: &str| {
            packages
                .iter()
                .find(|package| package["name"] == name)
                .map(|package| package["versionInfo"].clone())
        };
        assert_eq!((packages.len(), version("semver")), (22, Some("7.7.3".into())));
        let provenance = json(&documents[1].1);
        let base = &provenance["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["sha256"];
        let debian = store.digest_of("base/debian", "13.2").expect("the base");
        assert_eq!(base.as_str(), Some(debian.hex().as_str()));
        count += 1;
    }
    assert_eq!(count, 3);
}
