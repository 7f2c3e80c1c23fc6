//! Referrers are named by their content, at the image that they refer to.

use regtui::client::Priority;
use regtui::demo::image::PushedImage;
use regtui::demo::{self, Store};
use regtui::model::inspection::{Inspection, ListedReferrer, ReferrerSource};
use regtui::model::reference::{Repository, Selector, Tag};
use regtui::model::summary::Kind;
use regtui::ops::{inspect, summary};
use serde_json::json;

use crate::support::registry::{Registry, host, name, settings, tag};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";

async fn open(store: &Store, has_api: bool) -> Registry {
    let of_demo = demo::DemoSettings { referrers: has_api, ..demo::DemoSettings::default() };
    Registry::new(of_demo, store.clone(), settings()).await
}

async fn look(registry: &Registry, at: &str, digest_tags: Option<&[Tag]>) -> Inspection {
    let repository = Repository { host: host(&registry.demo), name: name("app") };
    let found = inspect::inspect(&registry.client, &repository, &Selector::Tag(tag(at)), digest_tags).await;
    found.expect("an image")
}

fn kinds(referrers: &[ListedReferrer]) -> Vec<String> {
    let name = |referrer: &ListedReferrer| {
        referrer.kinds.iter().map(Kind::to_string).collect::<Vec<_>>().join(" + ")
    };
    let mut kinds: Vec<String> = referrers.iter().map(name).collect();
    kinds.sort();
    kinds
}

/// A list of referrers as cosign 2.6 writes it: entries of the empty type, without annotations.
fn list(store: &Store, of: &PushedImage, referrers: &[&PushedImage]) {
    let mut list = store.index("app");
    for referrer in referrers {
        list = list.descriptor(json!({
            "mediaType": referrer.media_type, "digest": referrer.digest.to_string(), "size": referrer.size,
            "artifactType": EMPTY,
        }));
    }
    list.tag(format!("sha256-{}", of.digest.hex())).push();
}

fn bundle(store: &Store, of: &PushedImage, predicate: &str) -> PushedImage {
    let artifact = store.artifact("app").kind(BUNDLE).layer(BUNDLE, format!("{{\"of\":\"{predicate}\"}}"));
    artifact.annotation("dev.sigstore.bundle.predicateType", predicate).subject(of).push()
}

/// The payload is the statement `{"predicateType":"https://in-toto.io/attestation/test-result/v0.1"}`.
fn unnamed_bundle(store: &Store, of: &PushedImage) -> PushedImage {
    let payload =
        "eyJwcmVkaWNhdGVUeXBlIjoiaHR0cHM6Ly9pbi10b3RvLmlvL2F0dGVzdGF0aW9uL3Rlc3QtcmVzdWx0L3YwLjEifQ==";
    let text = json!({"mediaType": BUNDLE, "dsseEnvelope": {"payload": payload}}).to_string();
    store.artifact("app").kind(BUNDLE).layer(BUNDLE, text).subject(of).push()
}

#[tokio::test]
async fn referrers_are_named_by_their_predicates_with_and_without_an_api() {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    let slsa = bundle(&store, &image, "https://slsa.dev/provenance/v1");
    let signed = bundle(&store, &image, "https://sigstore.dev/cosign/sign/v1");
    let tested = unnamed_bundle(&store, &image);
    let dsse =
        store.artifact("app").layer(DSSE, json!({"payload": "e30="}).to_string()).subject(&image).push();
    list(&store, &image, &[&slsa, &signed, &tested, &dsse]);
    for has_api in [true, false] {
        let registry = open(&store, has_api).await;
        let found = look(&registry, "1", None).await;
        let expected = ["attestation", "attestation: test-result", "provenance", "signature"];
        assert_eq!(kinds(&found.referrers), expected, "API: {has_api}");
    }
}

#[tokio::test]
async fn what_refers_to_a_platform_is_shown_at_the_platform() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").push();
    let arm64 = store.image("app").platform("linux", "arm64").push();
    let index = store.index("app").child(&amd64).child(&arm64).attestation(&arm64).tag("1").push();
    let of_index = bundle(&store, &index, "https://sigstore.dev/cosign/sign/v1");
    let of_amd64 = bundle(&store, &amd64, "https://openvex.dev/ns/v0.2.0");
    list(&store, &index, &[&of_index]);
    list(&store, &amd64, &[&of_amd64]);
    let cosign = format!("sha256-{}.sig", arm64.digest.hex());
    store.artifact("app").layer("application/vnd.dev.cosign.simplesigning.v1+json", "{}").tag(&cosign).push();
    let known = [
        tag(&cosign),
        tag(&format!("sha256-{}", index.digest.hex())),
        tag(&format!("sha256-{}", amd64.digest.hex())),
    ];
    for has_api in [true, false] {
        for digest_tags in [None, Some(&known[..])] {
            let registry = open(&store, has_api).await;
            let found = look(&registry, "1", digest_tags).await;
            assert_eq!(kinds(&found.referrers), ["signature"], "API: {has_api}");
            let of_platforms: Vec<_> =
                found.variants.iter().map(|variant| kinds(&variant.referrers)).collect();
            let expected = [vec!["VEX"], vec!["SBOM, SPDX + provenance", "signature"]];
            assert_eq!(of_platforms, expected, "API: {has_api}");
        }
    }
}

/// New versions of buildkit give an attestation a subject, so that it is found in two ways.
#[tokio::test]
async fn an_attestation_that_the_index_lists_and_that_refers_to_its_image_is_shown_once() {
    let store = Store::new();
    let image = store.image("app").platform("linux", "amd64").push();
    let attestation = store
        .artifact("app")
        .kind("application/vnd.docker.attestation.manifest.v1+json")
        .layer("application/vnd.in-toto+json", r#"{"predicateType":"https://slsa.dev/provenance/v1"}"#)
        .subject(&image)
        .push();
    let child = json!({
        "mediaType": attestation.media_type, "digest": attestation.digest.to_string(), "size": attestation.size,
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image.digest.to_string(),
        },
    });
    store.index("app").child(&image).descriptor(child).tag("1").push();
    let registry = open(&store, true).await;
    let found = look(&registry, "1", None).await;
    let referrers = &found.variants[0].referrers;
    assert_eq!(kinds(referrers), ["provenance"], "the statement itself is read");
    assert_eq!(referrers[0].found, ReferrerSource::Index);
}

/// GitLab takes `sha256-…` for a digest, with or without the API of others.
#[tokio::test]
async fn a_subject_is_never_its_own_referrer() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").push();
    let index = store.index("app").child(&amd64).tag("1").push();
    for image in [&amd64, &index] {
        store.tag("app", &format!("sha256-{}", image.digest.hex()), image.digest);
        store.tag("app", &format!("sha256-{}.sig", image.digest.hex()), image.digest);
    }
    let registry = open(&store, false).await;
    let found = look(&registry, "1", None).await;
    assert_eq!((found.referrers.len(), found.variants[0].referrers.len()), (0, 0));
    // The route of referrers answers with the manifest, or with a list that names it.
    let manifest = store.repository("app").expect("a repository").manifests[&index.digest].bytes.clone();
    let own = json!({"manifests": [{"mediaType": index.media_type, "digest": index.digest.to_string(), "size": 1}]});
    for body in [manifest, own.to_string().into()] {
        let registry = open(&store, true).await;
        registry.demo.fault(move |request, _| {
            request.path.contains("/referrers/").then(|| {
                let media_type = "application/vnd.oci.image.index.v1+json";
                regtui::demo::faults::Fault::Answer {
                    status: 200,
                    headers: vec![("content-type".into(), media_type.into())],
                    body: body.clone(),
                }
            })
        });
        let found = look(&registry, "1", Some(&[])).await;
        assert_eq!(found.referrers.len(), 0, "{:?}", found.referrers);
    }
}

#[tokio::test]
async fn digest_tags_are_named_as_such() {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    let signed = bundle(&store, &image, "https://sigstore.dev/cosign/sign/v1");
    list(&store, &image, &[&signed]);
    let stem = format!("sha256-{}", image.digest.hex());
    store
        .artifact("app")
        .kind("application/octet-stream")
        .layer("text/plain", "{}")
        .tag(format!("{stem}.sbom"))
        .push();
    let registry = open(&store, false).await;
    for (at, kind) in [
        ("1".to_owned(), Kind::Image),
        (stem.clone(), Kind::ReferrerList),
        (format!("{stem}.sbom"), Kind::Sbom),
    ] {
        let row = summary::of_tag(&registry.client, &name("app"), &tag(&at), Priority::Background).await;
        assert_eq!(row.expect("a row").kind, kind);
        assert_eq!(look(&registry, &at, None).await.summary.kind, kind);
    }
}
