//! `regtui belongs` and `regtui verify` as a shell runs them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regtui::demo::image::PushedImage;
use regtui::demo::{Demo, DemoSettings, Store};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::support::shell::{Shell, open};

const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";
const SLSA: &str = "https://slsa.dev/provenance/v1";

/// A key that is the same in every run.
fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key")
}

fn pem(key: &Ed25519KeyPair) -> String {
    let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", key.public_key().as_ref()].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

fn simple_signing(image: &PushedImage) -> String {
    json!({
        "critical": {
            "identity": { "docker-reference": "r.test/app" },
            "image": { "docker-manifest-digest": image.digest },
            "type": "cosign container image signature",
        },
        "optional": null,
    })
    .to_string()
}

/// Pushes a signature of `image` under the tag that cosign uses.
fn sign(store: &Store, image: &PushedImage, payload: &str, key: &Ed25519KeyPair) {
    store
        .artifact("app")
        .layer(SIMPLE_SIGNING, payload.to_owned())
        .layer_annotation("dev.cosignproject.cosign/signature", STANDARD.encode(key.sign(payload.as_bytes())))
        .tag(format!("sha256-{}.sig", image.digest.hex()))
        .push();
}

fn statement(predicate_type: &str, image: &PushedImage, predicate: &Value) -> String {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": image.digest.hex() } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
    .to_string()
}

fn envelope(payload: &str, key: &Ed25519KeyPair) -> String {
    let payload_type = "application/vnd.in-toto+json";
    let signed = format!("DSSEv1 {} {payload_type} {} {payload}", payload_type.len(), payload.len());
    json!({
        "payloadType": payload_type,
        "payload": STANDARD.encode(payload),
        "signatures": [{ "sig": STANDARD.encode(key.sign(signed.as_bytes())) }],
    })
    .to_string()
}

/// The predicate of the SBOM.
fn spdx() -> Value {
    json!({
        "spdxVersion": "SPDX-2.3",
        "creationInfo": { "created": "2026-03-02T10:15:00Z" },
        "packages": [{ "name": "musl", "versionInfo": "1.2.5", "licenseDeclared": "MIT" }],
    })
}

/// `app:1` is an index of two platforms. It is signed by key 7, and its first platform has a signed provenance, a signed
/// SBOM and a provenance of another image.
async fn attached() -> (Demo, String, Shell) {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").push();
    let arm64 = store.image("app").platform("linux", "arm64").push();
    let index = store.index("app").child(&amd64).child(&arm64).tag("1").push();
    sign(&store, &index, &simple_signing(&index), &key(7));
    let provenance = json!({
        "buildDefinition": { "resolvedDependencies": [
            { "uri": "git+https://git.example.com/app@refs/heads/main", "digest": { "gitCommit": "ab".repeat(20) } },
        ] },
        "runDetails": { "builder": { "id": "https://ci.example.com" } },
    });
    for (predicate_type, about, predicate) in [
        (SLSA, &amd64, &provenance),
        ("https://spdx.dev/Document", &amd64, &spdx()),
        (SLSA, &arm64, &json!({ "runDetails": {} })),
    ] {
        store
            .artifact("app")
            .kind(DSSE)
            .layer(DSSE, envelope(&statement(predicate_type, about, predicate), &key(7)))
            .subject(&amd64)
            .push();
    }
    let demo = open(DemoSettings::default(), store).await;
    let shell = Shell::new();
    shell.write("cosign.pub", pem(&key(7)));
    shell.write("other.pub", pem(&key(8)));
    let image = format!("{}/app:1", demo.address());
    (demo, image, shell)
}

fn file(shell: &Shell, name: &str) -> String {
    shell.home.path().join(name).display().to_string()
}

#[tokio::test]
async fn a_signature_counts_if_this_key_made_it_over_this_digest() {
    let (demo, image, shell) = attached().await;
    let (own, other) = (file(&shell, "cosign.pub"), file(&shell, "other.pub"));
    let digest = demo.store().digest_of("app", "1").expect("a digest").to_string();
    let ended = shell.run(&["verify", &image, "--key", &own]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains(&format!("signed by key {own} over digest {digest}")), "{ended:?}");
    let found = shell.run(&["verify", &image, "--key", &own, "--json"]).await.json();
    assert_eq!((&found["signed"], &found["digest"]), (&Value::Bool(true), &digest.clone().into()));
    assert_eq!(found["signatures"][0]["verdict"], "signed");
    let ended = shell.run(&["verify", &image, "--key", &other]).await;
    ended.assert_code(1).assert_says("is not signed by this key");
    let found = shell.run(&["verify", &image, "--key", &other, "--json"]).await;
    assert_eq!((found.json()["signed"].clone(), found.code), (false.into(), Some(1)));
    // The index is signed, and the image for a platform has another digest. Its signed statements are no signatures.
    let ended = shell.run(&["verify", &image, "--key", &own, "--platform", "amd64"]).await;
    ended.assert_code(1).assert_says("no signature was found");
}

#[tokio::test]
async fn a_signed_statement_counts_if_its_type_was_asked_for_and_it_names_the_image() {
    let (_demo, image, shell) = attached().await;
    let own = file(&shell, "cosign.pub");
    let ask = |platform: &'static str, predicate: &'static str| {
        let arguments = ["verify", &image, "--key", &own, "--platform", platform, "--predicate", predicate];
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let shell = &shell;
        async move { shell.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    let ended = ask("linux/amd64", SLSA).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("does not name this image"), "the one of arm64: {ended:?}");
    ask("linux/amd64", "https://openvex.dev/ns").await.assert_code(1);
    ask("linux/arm64", SLSA).await.assert_code(1);
    ask("linux/s390x", SLSA).await.assert_code(1).assert_says("it lists linux/amd64, linux/arm64");
}

#[tokio::test]
async fn a_payload_about_another_image_is_no_signature_of_this_one() {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    let other = store.image("app").label("other", "image").tag("2").push();
    sign(&store, &image, &simple_signing(&other), &key(7));
    let demo = open(DemoSettings::default(), store).await;
    let shell = Shell::new();
    shell.write("cosign.pub", pem(&key(7)));
    let image = format!("{}/app:1", demo.address());
    let ended = shell.run(&["verify", &image, "--key", &file(&shell, "cosign.pub")]).await;
    ended.assert_code(1);
    assert!(ended.stdout.contains("it does not name this image"), "{ended:?}");
}

#[tokio::test]
async fn a_file_that_holds_no_public_key_is_wrong_usage() {
    let (_demo, image, shell) = attached().await;
    shell.write("cosign.key", "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n");
    for (name, reason) in [("cosign.key", "a private key"), ("missing.pub", "No such file")] {
        let ended = shell.run(&["verify", &image, "--key", &file(&shell, name)]).await;
        ended.assert_code(2).assert_says(reason);
    }
}

#[tokio::test]
async fn belongs_lists_documents_of_the_image_and_of_its_platforms() {
    let (_demo, image, shell) = attached().await;
    let ended = shell.run(&["belongs", &image]).await;
    ended.assert_code(0);
    for part in [
        "KIND",
        "1 package, SPDX 2.3",
        "https://git.example.com/app@abababababab",
        "does not name this image",
        "linux/amd64",
        "referrers API",
        "digest tag",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let ended = shell.run(&["belongs", &image, "--json", "--key", &file(&shell, "cosign.pub")]).await;
    let found: Vec<Value> =
        ended.assert_code(0).stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(found.len(), 4, "{ended:?}");
    let sbom = found.iter().find(|document| document["kind"] == "spdx").expect("an SBOM");
    assert_eq!(sbom["content"]["packages"][0]["licence"], "MIT");
    assert_eq!((&sbom["verdict"], &sbom["names_image"]), (&"signed".into(), &true.into()));
    assert_eq!(sbom["platform"]["architecture"], "amd64");
    let signature = found.iter().find(|document| document["kind"] == "signature").expect("a signature");
    assert_eq!((&signature["verdict"], &signature["found"]), (&"signed".into(), &"digest_tag".into()));
    let ended = shell.run(&["belongs", &image, "--kind", "signature", "--json"]).await;
    assert_eq!(ended.json()["kind"], "signature");
    let ended = shell.run(&["belongs", &image, "--platform", "arm64"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn one_document_is_saved_as_it_is_or_without_its_envelope_and_never_over_a_file() {
    let (_demo, image, shell) = attached().await;
    let (whole, inner) = (file(&shell, "sbom.dsse.json"), file(&shell, "sbom.json"));
    let read = |path: &str| -> Value {
        serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
    };
    shell.run(&["belongs", &image, "--kind", "sbom", "--out", &whole]).await.assert_code(0);
    assert_eq!(read(&whole)["payloadType"], "application/vnd.in-toto+json");
    shell.run(&["belongs", &image, "--kind", "sbom", "--out", &inner, "--payload"]).await.assert_code(0);
    assert_eq!(read(&inner), spdx());
    shell.write("sbom.json", "mine");
    let again = shell.run(&["belongs", &image, "--kind", "sbom", "--out", &inner]).await;
    again.assert_code(1).assert_says("the file exists");
    assert_eq!(std::fs::read(&inner).expect("a file"), b"mine");
    let several = shell.run(&["belongs", &image, "--out", &file(&shell, "x")]).await;
    several.assert_code(1).assert_says("4 documents are left").assert_says("`--kind`");
    let none = shell.run(&["belongs", &image, "--kind", "vex", "--out", &file(&shell, "x")]).await;
    none.assert_code(1).assert_says("no such document");
}
