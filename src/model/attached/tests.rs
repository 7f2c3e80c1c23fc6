mod openssl;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::certificate::ClaimedIdentity;
use super::public_key::PublicKey;
use super::verification::{SignedThing, Verdict, Verification};
use super::*;
use crate::model::manifest::Manifest;

fn descriptor(media_type: &str, annotations: &Value) -> Descriptor {
    let text = json!({ "manifests": [{ "mediaType": media_type, "annotations": annotations }] }).to_string();
    let index = Manifest::parse(text.into(), None).expect("an index");
    index.children().first().cloned().expect("a child")
}

fn read(document: &Value) -> AttachedDocument {
    AttachedDocument::read(&document.to_string().into(), &descriptor("application/json", &json!({})))
}

fn statement(predicate_type: &str, digest: &Digest, predicate: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": digest.hex() } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
}

fn spdx() -> Value {
    json!({
        "spdxVersion": "SPDX-2.3",
        "name": "team/app",
        "creationInfo": { "created": "2026-03-02T10:15:00Z", "creators": ["Organization: x", "Tool: syft-1.57.1"] },
        "packages": [
            { "name": "team/app", "primaryPackagePurpose": "CONTAINER" },
            {
                "name": "musl", "versionInfo": "1.2.5-r0", "licenseConcluded": "NOASSERTION", "licenseDeclared": "MIT",
                "externalRefs": [
                    { "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:musl" },
                    { "referenceType": "purl", "referenceLocator": "pkg:apk/alpine/musl@1.2.5-r0" },
                ],
            },
            { "name": "tool\u{1b}[2J", "versionInfo": 7 },
            { "versionInfo": "1" },
            "no package",
        ],
        "files": [{ "fileName": "/bin/sh" }],
    })
}

#[test]
fn spdx_becomes_a_table_of_packages_without_the_image_itself() {
    let document = read(&spdx());
    let AttachedContent::Sbom(sbom) = &document.content else { panic!("{document:?}") };
    assert_eq!(document.kind, Kind::Spdx);
    assert_eq!(document.summary().as_str(), "2 packages, SPDX 2.3");
    assert_eq!(
        serde_json::to_value(sbom).expect("JSON"),
        json!({
            "format": "SPDX 2.3",
            "name": "team/app",
            "created": "2026-03-02T10:15:00Z",
            "tools": ["syft-1.57.1"],
            "packages": [
                { "name": "musl", "version": "1.2.5-r0", "licence": "MIT", "purl": "pkg:apk/alpine/musl@1.2.5-r0" },
                { "name": "tool␛[2J", "version": null, "licence": null, "purl": null },
            ],
            "packages_left_out": 0,
        })
    );
}

#[test]
fn spdx_3_is_a_graph() {
    let document = read(&json!({
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            { "type": "CreationInfo" },
            { "type": "software_Package", "name": "musl", "software_packageVersion": "1.2.5" },
            { "type": "software_File", "name": "/bin/sh" },
        ],
    }));
    assert_eq!(document.summary().as_str(), "1 package, SPDX 3");
}

#[test]
fn files_of_cyclonedx_are_no_packages() {
    let document = read(&json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {
            "timestamp": "2026-03-02T10:15:00Z",
            "tools": { "components": [{ "name": "syft", "version": "1.57.1" }] },
            "component": { "name": "team/app" },
        },
        "components": [
            { "type": "file", "name": "/bin/sh" },
            {
                "type": "library", "group": "com.example", "name": "orders", "version": "2",
                "licenses": [{ "license": { "id": "MIT" } }, { "expression": "Apache-2.0 OR ISC" }],
                "purl": "pkg:maven/com.example/orders@2",
            },
        ],
    }));
    let AttachedContent::Sbom(sbom) = &document.content else { panic!("{document:?}") };
    let package = sbom.packages.first().expect("a package");
    assert_eq!((document.kind, sbom.packages.len(), sbom.tools.len()), (Kind::CycloneDx, 1, 1));
    assert_eq!(package.name.as_str(), "com.example/orders");
    assert_eq!(package.licence.as_ref().map(SafeText::as_str), Some("MIT, Apache-2.0 OR ISC"));
}

#[test]
fn provenance_of_buildkit_names_source_builder_arguments_bases_and_dockerfile() {
    let commit = "ab".repeat(20);
    let dockerfile = STANDARD.encode("FROM alpine:3.22\nRUN\ttrue\n");
    let materials = json!([
        { "uri": "pkg:docker/alpine@3.22?platform=linux%2Famd64", "digest": { "sha256": "cd".repeat(32) } },
        { "uri": "https://git.example.com/team/app.git#v1.2", "digest": { "sha1": commit } },
    ]);
    let vcs = json!({ "source": "https://git.example.com/team/app.git", "revision": commit });
    let source = json!({ "infos": [{ "filename": "Dockerfile", "data": dockerfile }] });
    let arguments = json!({ "build-arg:VERSION": "1.2", "target": "final" });
    let v1 = json!({
        "buildDefinition": {
            "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
            "externalParameters": {
                "configSource": { "path": "Dockerfile" },
                "request": { "frontend": "dockerfile.v0", "args": arguments },
            },
            "resolvedDependencies": materials,
        },
        "runDetails": {
            "builder": { "id": "https://ci.example.com/run/7" },
            "metadata": {
                "invocationID": "x1", "startedOn": "2026-03-02T10:15:00Z", "finishedOn": "2026-03-02T10:16:00Z",
                "buildkit_metadata": { "vcs": vcs, "source": source },
            },
        },
    });
    let v02 = json!({
        "builder": { "id": "https://ci.example.com/run/7" },
        "buildType": "https://mobyproject.org/buildkit@v1",
        "invocation": { "configSource": { "entryPoint": "Dockerfile" }, "parameters": { "args": arguments } },
        "materials": materials,
        "metadata": {
            "buildInvocationID": "x1",
            "buildStartedOn": "2026-03-02T10:15:00Z", "buildFinishedOn": "2026-03-02T10:16:00Z",
            "https://mobyproject.org/buildkit@v1#metadata": { "vcs": vcs, "source": source },
        },
    });
    for (version, predicate) in [("v1", v1), ("v0.2", v02)] {
        let subject = image().digest;
        let predicate_type = format!("https://slsa.dev/provenance/{version}");
        let document = read(&statement(&predicate_type, &subject, &predicate));
        let AttachedContent::Provenance(found) = &document.content else { panic!("{document:?}") };
        assert_eq!(document.kind, Kind::Provenance);
        assert_eq!(document.is_about(&image()), Some(true));
        assert_eq!(document.is_about(&other_image()), Some(false));
        assert_eq!(document.summary().as_str(), "https://git.example.com/team/app.git@abababababab");
        let text = |text: &Option<SafeText>| text.as_ref().map(ToString::to_string);
        assert_eq!(found.format.as_str(), format!("SLSA {version}"));
        assert_eq!(text(&found.builder).as_deref(), Some("https://ci.example.com/run/7"));
        assert_eq!(text(&found.commit), Some(commit.clone()));
        assert_eq!(text(&found.git_ref).as_deref(), Some("v1.2"));
        assert_eq!(text(&found.entry_point).as_deref(), Some("Dockerfile"));
        assert_eq!(found.arguments.len(), 1, "the target is no build argument");
        assert_eq!(found.base_images.first().map(|base| base.name.as_str()), Some("alpine:3.22"));
        assert_eq!(found.materials.len(), 2);
        let lines =
            found.dockerfile.as_ref().map(|lines| lines.iter().map(SafeText::as_str).collect::<Vec<_>>());
        assert_eq!(lines, Some(vec!["FROM alpine:3.22", "RUN     true"]));
        assert!(found.started < found.finished && found.invocation.is_some());
    }
}

#[test]
fn provenance_of_a_workflow_names_repository_ref_and_commit() {
    let document = read(&statement(
        "https://slsa.dev/provenance/v1",
        &Digest::sha256(b"image"),
        &json!({
            "buildDefinition": {
                "externalParameters": { "workflow": {
                    "repository": "https://github.com/org/app", "ref": "refs/heads/main", "path": ".github/workflows/x.yml",
                } },
                "resolvedDependencies": [
                    { "uri": "git+https://github.com/org/app@refs/heads/main", "digest": { "gitCommit": "ef".repeat(20) } },
                ],
            },
            "runDetails": { "builder": { "id": "https://github.com/actions/runner" } },
        }),
    ));
    let AttachedContent::Provenance(found) = &document.content else { panic!("{document:?}") };
    assert_eq!(found.commit.as_ref().map(ToString::to_string), Some("ef".repeat(20)));
    assert_eq!(found.git_ref.as_ref().map(SafeText::as_str), Some("refs/heads/main"));
    assert_eq!(found.repository.as_ref().map(SafeText::as_str), Some("https://github.com/org/app"));
}

#[test]
fn findings_are_counted_by_severity_or_status() {
    let trivy = json!({
        "SchemaVersion": 2, "ArtifactName": "app", "CreatedAt": "2026-03-02T10:15:00Z",
        "Results": [
            { "Target": "a", "Vulnerabilities": [{ "Severity": "LOW" }, { "Severity": "CRITICAL" }, { "Severity": 7 }] },
            { "Target": "b" },
            { "Target": "c", "Vulnerabilities": [{ "Severity": "LOW" }] },
        ],
    });
    let cosign = statement(
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        &Digest::sha256(b""),
        &json!({ "scanner": { "uri": "pkg:x", "result": trivy }, "metadata": { "scanFinishedOn": "2026-03-03T10:15:00Z" } }),
    );
    let in_toto = statement(
        "https://in-toto.io/attestation/vulns/v0.2",
        &Digest::sha256(b""),
        &json!({ "scanner": { "uri": "pkg:x", "version": "1", "result": [
            { "id": "CVE-1", "severity": [{ "method": "nvd", "score": "7.5" }, { "method": "x", "score": "High" }] },
            { "id": "CVE-2" },
        ] } }),
    );
    let table = [
        (trivy, "scan", "1 critical, 2 low, 1 unknown"),
        (cosign, "scan", "1 critical, 2 low, 1 unknown"),
        (in_toto, "scan", "1 high, 1 unknown"),
        (
            json!({
                "matches": [{ "vulnerability": { "severity": "High" } }, { "vulnerability": { "severity": "Negligible" } }],
                "descriptor": { "name": "grype", "version": "0.100" },
            }),
            "scan",
            "1 high, 1 negligible",
        ),
        (
            json!({
                "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
                "runs": [{ "tool": { "driver": { "name": "x" } }, "results": [{ "level": "error" }, {}] }],
            }),
            "scan",
            "1 error, 1 warning",
        ),
        (
            json!({
                "@context": "https://openvex.dev/ns/v0.2.0",
                "statements": [{ "status": "not_affected" }, { "status": "affected" }, { "status": "not_affected" }],
            }),
            "VEX",
            "1 affected, 2 not affected",
        ),
        (
            json!({
                "bomFormat": "CycloneDX",
                "vulnerabilities": [
                    { "analysis": { "state": "exploitable" } },
                    { "ratings": [{ "severity": "low" }, { "severity": "high" }] },
                ],
            }),
            "VEX",
            "1 high, 1 exploitable",
        ),
        (json!({ "SchemaVersion": 2, "Results": [] }), "scan", "no findings"),
    ];
    for (document, kind, summary) in table {
        let found = read(&document);
        assert_eq!(
            (found.kind.to_string().as_str(), found.summary().as_str()),
            (kind, summary),
            "{document}"
        );
    }
}

#[test]
fn documents_of_unknown_kinds_stay_json_or_text() {
    let of = |text: &str| {
        let document =
            AttachedDocument::read(&Bytes::copy_from_slice(text.as_bytes()), &descriptor("x/y", &json!({})));
        (document.content, document.payload.len() == text.len())
    };
    for (text, content) in [
        (r#"{"a":1}"#, AttachedContent::Json),
        ("[1]", AttachedContent::Json),
        ("7", AttachedContent::Json),
        ("", AttachedContent::Text),
        ("text", AttachedContent::Text),
        (r#"{"spdxVersion":7}"#, AttachedContent::Json),
        (r#"{"payload":7,"payloadType":"x"}"#, AttachedContent::Json),
        (r#"{"a":"#, AttachedContent::Text),
    ] {
        assert_eq!(of(text), (content, true), "{text}");
    }
}

#[test]
fn hostile_documents_cost_little_and_fail_gently() {
    let deep = |open: &str, close: &str, count: usize| open.repeat(count) + &close.repeat(count);
    let many = |name: &str, element: &str, count: usize| {
        format!(r#"{{"spdxVersion":"SPDX-2.3","{name}":[{}]}}"#, vec![element; count].join(","))
    };
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(3_000));
    for text in [
        deep("[", "]", 200_000),
        deep(r#"{"predicate":"#, "}", 100_000),
        format!(r#"{{"spdxVersion":"SPDX-2.3","packages":{}}}"#, deep("[", "]", 100_000)),
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","predicate":{}}}"#,
            deep(r#"{"a":["#, "]}", 50_000)
        ),
        many("packages", r#"{"name":"a"}"#, 200_000),
        many("packages", &long, 5_000),
        many("packages", "[[[]]]", 1_000),
        r#"{"_type":"https://in-toto.io/Statement/v1","subject":7,"predicateType":[],"predicate":{}}"#.into(),
    ] {
        let document =
            AttachedDocument::read(&Bytes::from(text), &descriptor("application/spdx+json", &json!({})));
        if let AttachedContent::Sbom(sbom) = &document.content {
            let bytes: usize = sbom.packages.iter().map(|package| package.name.as_str().len()).sum();
            assert!(sbom.packages.len() <= 10_000 && bytes < 8_000_000, "{} packages", sbom.packages.len());
            assert!(sbom.packages.len() + sbom.packages_left_out >= sbom.packages.len());
        }
    }
    let capped = AttachedDocument::read(
        &Bytes::from(many("packages", r#"{"name":"a"}"#, 12_345)),
        &descriptor("application/spdx+json", &json!({})),
    );
    assert_eq!(capped.summary().as_str(), "12,345 packages, SPDX 2.3");
}

/// A key that is the same in every run.
fn fixed_key(seed: u8) -> (Ed25519KeyPair, PublicKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key");
    let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", pair.public_key().as_ref()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
    (pair, PublicKey::of_pem(pem.as_bytes()).expect("a key"))
}

fn image() -> Manifest {
    Manifest::parse(Bytes::from_static(openssl::MANIFEST.as_bytes()), None).expect("a manifest")
}

fn other_image() -> Manifest {
    Manifest::parse(Bytes::from_static(b"{\"layers\":[]}"), None).expect("a manifest")
}

fn envelope(pair: &Ed25519KeyPair, payload: &str) -> Value {
    envelope_of(pair, "application/vnd.in-toto+json", payload)
}

fn envelope_of(pair: &Ed25519KeyPair, payload_type: &str, payload: &str) -> Value {
    let signed = format!("DSSEv1 {} {payload_type} {} {payload}", payload_type.len(), payload.len());
    json!({
        "payloadType": payload_type,
        "payload": STANDARD.encode(payload),
        "signatures": [{ "sig": "AAAA" }, { "sig": STANDARD.encode(pair.sign(signed.as_bytes())) }],
    })
}

fn verdict(document: &Value, key: &PublicKey) -> Option<(SignedThing, Verdict)> {
    let descriptor = descriptor("application/json", &json!({}));
    let found = Verification::check(&document.to_string().into(), &descriptor, &image(), key)?;
    Some((found.signed, found.verdict))
}

#[test]
fn signatures_by_openssl_are_those_of_their_keys_and_of_no_other() {
    let simple = "application/vnd.dev.cosign.simplesigning.v1+json";
    let payload = Bytes::from_static(openssl::PAYLOAD.as_bytes());
    for (name, pem, given) in openssl::SIGNATURES {
        let layer = descriptor(simple, &json!({ "dev.cosignproject.cosign/signature": given }));
        for (other, other_pem, _) in openssl::SIGNATURES {
            let key = PublicKey::of_pem(other_pem.as_bytes()).expect(other);
            let expected = if pem == other_pem { Verdict::Signed } else { Verdict::OtherKey };
            let found = Verification::check(&payload, &layer, &image(), &key).expect("a signature");
            assert_eq!((found.signed, found.verdict), (SignedThing::Image, expected), "{name} {other}");
        }
        let key = PublicKey::of_pem(pem.as_bytes()).expect(name);
        let tampered = Bytes::from(openssl::PAYLOAD.replace("r.test", "evil.test"));
        let found = Verification::check(&tampered, &layer, &image(), &key).expect("a signature");
        assert_eq!(found.verdict, Verdict::OtherKey, "{name}");
        let unsigned = Verification::check(&payload, &descriptor(simple, &json!({})), &image(), &key);
        assert_eq!(unsigned.map(|found| found.verdict), Some(Verdict::Unsigned), "{name}");
        let found = Verification::check(&payload, &layer, &other_image(), &key).expect("a signature");
        assert_eq!(found.verdict, Verdict::OtherImage, "{name}");
    }
}

#[test]
fn files_without_a_key_that_can_be_used_are_refused_with_the_reason() {
    let table = openssl::BAD_KEYS.into_iter().chain([
        ("contains no public key", ""),
        ("contains no public key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        ("contains no public key", "-----BEGIN PUBLIC KEY-----\n%%\n-----END PUBLIC KEY-----\n"),
    ]);
    for (reason, text) in table {
        let found = PublicKey::of_pem(text.as_bytes()).expect_err(reason).to_string();
        assert!(found.starts_with(reason), "{found}");
    }
}

#[test]
fn envelopes_are_signed_over_type_and_payload() {
    let ((pair, key), (_, other)) = (fixed_key(7), fixed_key(8));
    let slsa = statement("https://slsa.dev/provenance/v1", &image().digest, &json!({})).to_string();
    let sign = statement("https://sigstore.dev/cosign/sign/v1", &image().digest, &json!({})).to_string();
    let of_another =
        statement("https://slsa.dev/provenance/v1", &Digest::sha256(b"x"), &json!({})).to_string();
    let good = envelope(&pair, &slsa);
    let bundle = |envelope: &Value| {
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": { "publicKey": { "hint": "abc" }, "tlogEntries": [{ "logIndex": "7", "integratedTime": "1772446500" }] },
            "dsseEnvelope": envelope,
        })
    };
    let changed = |member: &str, value: Value| {
        let mut document = good.clone();
        document[member] = value;
        document
    };
    let (image, statement) = (SignedThing::Image, SignedThing::Statement);
    let table = [
        (good.clone(), &key, Some((statement, Verdict::Signed))),
        (bundle(&good), &key, Some((statement, Verdict::Signed))),
        (bundle(&envelope(&pair, &sign)), &key, Some((image, Verdict::Signed))),
        (good.clone(), &other, Some((statement, Verdict::OtherKey))),
        (changed("payloadType", "application/json".into()), &key, Some((statement, Verdict::OtherKey))),
        (changed("payload", STANDARD.encode(sign).into()), &key, Some((image, Verdict::OtherKey))),
        (changed("payload", "%%".into()), &key, Some((statement, Verdict::OtherKey))),
        (changed("signatures", json!([])), &key, Some((statement, Verdict::Unsigned))),
        (changed("signatures", json!({ "sig": 7 })), &key, Some((statement, Verdict::Unsigned))),
        (envelope(&pair, &of_another), &key, Some((statement, Verdict::OtherImage))),
        (envelope(&pair, "{}"), &key, Some((statement, Verdict::OtherContent))),
        (envelope_of(&pair, "text/plain", &slsa), &key, Some((statement, Verdict::OtherContent))),
        (envelope_of(&pair, "", &slsa), &key, Some((statement, Verdict::OtherContent))),
        (json!({ "dsseEnvelope": good, "messageSignature": { "signature": "AAAA" } }), &key, None),
        (spdx(), &key, None),
    ];
    for (document, key, expected) in table {
        assert_eq!(verdict(&document, key), expected, "{document}");
    }
    let shown = read(&bundle(&good));
    assert_eq!(shown.wrapping, ["sigstore bundle", "DSSE envelope", "in-toto statement"]);
    let claim = shown.signature.expect("a signature");
    assert_eq!((claim.log_index, claim.key.as_ref().map(SafeText::as_str)), (Some(7), Some("abc")));
    assert_eq!(claim.signed_at.map(|at| at.to_string()).as_deref(), Some("2026-03-02T10:15:00Z"));
}

#[test]
fn a_statement_with_a_member_twice_is_no_statement() {
    let (pair, key) = fixed_key(7);
    let digest = image().digest.hex();
    let twice = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[],"subject":[{{"digest":{{"sha256":"{digest}"}}}}],"predicateType":"x"}}"#
    );
    assert_eq!(
        verdict(&envelope(&pair, &twice), &key),
        Some((SignedThing::Statement, Verdict::OtherContent))
    );
}

#[test]
fn a_statement_about_very_many_images_hashes_the_manifest_once() {
    let manifest = format!(r#"{{"layers":[],"annotations":{{"x":"{}"}}}}"#, "x".repeat(3_000_000));
    let image = Manifest::parse(manifest.into(), None).expect("a manifest");
    let subject =
        |number: u32, hex: &str| json!({ "digest": { "sha256": format!("{number:064x}"), "sha512": hex } });
    let mut subjects: Vec<Value> =
        (0..9_000).map(|number| subject(number, &format!("{number:0128x}"))).collect();
    let document = |subjects: &[Value]| {
        read(
            &json!({ "_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": "x" }),
        )
    };
    assert_eq!(document(&subjects).is_about(&image), Some(false));
    let sha512 = format!("sha512:{}", "0".repeat(128)).parse::<Digest>().expect("a digest");
    subjects.push(subject(0, &sha512.same_algorithm_of(&image.raw).hex()));
    assert_eq!(document(&subjects).is_about(&image), Some(true));
}

#[test]
fn a_bundle_may_sign_the_manifest_itself() {
    let ((pair, key), (_, other)) = (fixed_key(7), fixed_key(8));
    let signature = STANDARD.encode(pair.sign(openssl::MANIFEST.as_bytes()));
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "messageSignature": { "signature": signature },
    });
    assert_eq!(verdict(&bundle, &key), Some((SignedThing::Image, Verdict::Signed)));
    assert_eq!(verdict(&bundle, &other), Some((SignedThing::Image, Verdict::OtherKey)));
}

#[test]
fn a_signed_payload_of_another_type_is_no_signature_of_an_image() {
    let (pair, key) = fixed_key(7);
    let payload = openssl::PAYLOAD.replace("cosign container image signature", "atomic container signature");
    let given = STANDARD.encode(pair.sign(payload.as_bytes()));
    let layer = descriptor("x/y", &json!({ "dev.cosignproject.cosign/signature": given }));
    let found = Verification::check(&payload.into(), &layer, &image(), &key).expect("a signature");
    assert_eq!(found.verdict, Verdict::OtherContent);
}

/// A certificate as Fulcio issues it for a workflow.
fn certificate(with_newer: bool) -> rcgen::Certificate {
    let text = |text: &str| [&[0x0c, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    let extension = |number: u64, content: Vec<u8>| {
        rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, number], content)
    };
    let mut params = rcgen::CertificateParams::default();
    let uri = "https://github.com/org/app/.github/workflows/x.yml@refs/heads/main";
    params.subject_alt_names = vec![rcgen::SanType::URI(uri.try_into().expect("a URI"))];
    params.not_before = rcgen::date_time_ymd(2026, 3, 2);
    params.not_after = rcgen::date_time_ymd(2051, 3, 2);
    params.custom_extensions = vec![
        extension(1, b"https://token.example.com".to_vec()),
        extension(3, b"abc".to_vec()),
        extension(5, b"org/app".to_vec()),
        extension(6, b"refs/heads/main".to_vec()),
    ];
    if with_newer {
        params.custom_extensions.push(extension(8, text("https://token.example.com")));
        params.custom_extensions.push(extension(12, text("https://github.com/org/app")));
        params.custom_extensions.push(extension(13, vec![0x0c, 0x7f, b'x']));
    }
    params.self_signed(&rcgen::KeyPair::generate().expect("a key")).expect("a certificate")
}

#[test]
fn the_identity_in_a_certificate_is_claimed() {
    for (with_newer, repository) in [(false, "org/app"), (true, "https://github.com/org/app")] {
        let pem = certificate(with_newer).pem();
        let annotations = json!({
            "dev.sigstore.cosign/certificate": pem,
            "dev.sigstore.cosign/bundle": r#"{"SignedEntryTimestamp":"x","Payload":{"integratedTime":1772446500,"logIndex":99}}"#,
        });
        let payload = Bytes::from_static(openssl::PAYLOAD.as_bytes());
        let document = AttachedDocument::read(&payload, &descriptor("x/y", &annotations));
        let claim = document.signature.as_ref().expect("a signature");
        let identity = claim.identity.as_ref().expect("an identity");
        let text = |text: &Option<SafeText>| text.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(text(&identity.subject).starts_with("https://github.com/org/app/.github"), "{identity:?}");
        assert_eq!(text(&identity.issuer), "https://token.example.com");
        assert_eq!(text(&identity.source_repository), repository);
        assert_eq!(
            (text(&identity.commit), text(&identity.git_ref)),
            ("abc".into(), "refs/heads/main".into())
        );
        let dates = [identity.valid_from, identity.valid_until].map(|date| date.map(|date| date.to_string()));
        assert_eq!(dates, [Some("2026-03-02T00:00:00Z".into()), Some("2051-03-02T00:00:00Z".into())]);
        assert_eq!(claim.log_index, Some(99));
        assert!(text(&claim.signer()).starts_with("claims https://github.com/org/app"));
        assert_eq!(document.is_about(&image()), Some(true));
    }
}

#[test]
fn a_certificate_cut_anywhere_does_no_harm() {
    let certificate = certificate(true);
    let der = certificate.der();
    for end in 0..der.len() {
        let mut cut = der[..end].to_vec();
        ClaimedIdentity::of_der(&cut);
        cut.extend(std::iter::repeat_n(0xff, 8));
        ClaimedIdentity::of_der(&cut);
    }
}

#[test]
fn a_signature_of_notation_names_the_image_and_the_certificate() {
    let encode = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let document = read(&json!({
        "payload": encode(&json!({ "targetArtifact": { "digest": image().digest, "size": 7 } })),
        "protected": encode(&json!({ "alg": "PS256", "io.cncf.notary.signingTime": "2026-03-02T10:15:00Z" })),
        "header": { "x5c": [STANDARD.encode(certificate(false).der())] },
        "signature": "AAAA",
    }));
    let claim = document.signature.as_ref().expect("a signature");
    assert_eq!((claim.format.as_str(), claim.digest), ("notation", Some(image().digest)));
    assert!(claim.identity.is_some() && claim.signed_at.is_some());
    assert_eq!(document.kind, Kind::Signature);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let layer = descriptor("x/y", &json!({}));
        let (_, key) = fixed_key(7);
        ClaimedIdentity::of_der(&bytes);
        PublicKey::of_pem(&bytes).ok();
        Verification::check(&bytes.clone().into(), &layer, &image(), &key);
        AttachedDocument::read(&bytes.into(), &layer);
    }
}
