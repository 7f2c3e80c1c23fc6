//! Predicates of in-toto statements, and the envelopes around them: DSSE and sigstore bundles.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>,
//! <https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>,
//! <https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto>.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;

use super::lenient;
use super::media_type::{MediaType, OCI_EMPTY};
use super::summary::Kind;

/// The annotations that name a predicate, of sigstore bundles, buildkit and cosign.
const PREDICATE_ANNOTATIONS: [&str; 3] =
    ["dev.sigstore.bundle.predicateType", "in-toto.io/predicate-type", "predicateType"];
/// The annotation that says whether a sigstore bundle holds a statement or a plain signature.
const BUNDLE_CONTENT: &str = "dev.sigstore.bundle.content";
/// The longest name of a predicate that is kept, in bytes.
const LONGEST_NAME: usize = 64;

/// The beginnings of predicate types, and the kinds that they stand for.
const PREDICATES: [(&str, Kind); 10] = [
    ("https://slsa.dev/provenance", Kind::Provenance),
    ("https://spdx.dev/document", Kind::Spdx),
    ("https://cyclonedx.org", Kind::CycloneDx),
    ("https://sigstore.dev/cosign/sign", Kind::Signature),
    ("https://cosign.sigstore.dev/attestation/vuln", Kind::Scan),
    ("https://in-toto.io/attestation/vulns", Kind::Scan),
    ("https://openvex.dev/ns", Kind::Vex),
    ("https://slsa.dev/verification_summary", Kind::VerificationSummary),
    ("https://in-toto.io/attestation/svr", Kind::VerificationSummary),
    ("https://cosign.sigstore.dev/attestation/v1", Kind::Attestation),
];

/// Returns the kind that a predicate type stands for.
pub(crate) fn kind_of_predicate(predicate: &str) -> Kind {
    let lower = predicate.trim().to_ascii_lowercase();
    let is_under = |start: &str| {
        lower
            .strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '@', '#', '?']))
    };
    if let Some((_, kind)) = PREDICATES.iter().find(|(start, _)| is_under(start)) {
        return kind.clone();
    }
    let is_version = |part: &&str| {
        let number = part.trim_start_matches(['v', 'V']);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let path = predicate.trim().split_once("://").map_or(predicate.trim(), |(_, path)| path);
    let name = path.split('/').rev().find(|part| !part.is_empty() && !is_version(part)).unwrap_or_default();
    match &name[..name.floor_char_boundary(LONGEST_NAME)] {
        "" => Kind::Attestation,
        name => Kind::Predicate(name.to_owned()),
    }
}

/// Returns the kind that annotations of a manifest, a layer or a descriptor tell.
pub(crate) fn kind_by_annotations(annotations: &BTreeMap<String, String>) -> Option<Kind> {
    let predicate = PREDICATE_ANNOTATIONS.iter().find_map(|name| annotations.get(*name));
    if let Some(predicate) = predicate.filter(|predicate| !predicate.trim().is_empty()) {
        return Some(kind_of_predicate(predicate));
    }
    let content = annotations.get(BUNDLE_CONTENT)?.to_ascii_lowercase().replace(['-', '_'], "");
    (content == "messagesignature").then_some(Kind::Signature)
}

/// Returns whether a media type names only an envelope, so that the content has to be asked for.
pub(crate) fn is_envelope(media_type: &MediaType) -> bool {
    let text = media_type.as_str();
    text.is_empty()
        || text == OCI_EMPTY
        || ["in-toto", "dsse.envelope", "sigstore.bundle", "docker.attestation"]
            .iter()
            .any(|part| text.contains(part))
}

/// A statement, a DSSE envelope or a sigstore bundle, as far as it tells the predicate.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Statement {
    #[serde(deserialize_with = "lenient::text")]
    predicate_type: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    payload: Option<String>,
    #[serde(deserialize_with = "lenient::value")]
    dsse_envelope: Option<Envelope>,
    #[serde(deserialize_with = "lenient::value")]
    message_signature: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    #[serde(deserialize_with = "lenient::text")]
    payload: Option<String>,
}

/// Returns the kind of a statement, as its bytes tell it, whether it is in an envelope or not. cosign writes one envelope
/// a line; the first one counts.
pub(crate) fn kind_of_statement(bytes: &[u8]) -> Option<Kind> {
    let line = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    let read = |bytes| lenient::object::<Statement>(bytes);
    let statement = read(bytes).or_else(|| read(line))?;
    if let Some(predicate) = statement.predicate_type {
        return Some(kind_of_predicate(&predicate));
    }
    let payload = statement.payload.or(statement.dsse_envelope.and_then(|envelope| envelope.payload));
    match payload {
        Some(payload) => {
            let decoded = STANDARD.decode(&payload).or_else(|_| URL_SAFE.decode(&payload)).ok()?;
            Some(kind_of_predicate(&read(&decoded)?.predicate_type?))
        }
        None => statement.message_signature.map(|_| Kind::Signature),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_are_named_by_their_type_whatever_the_version() {
        let table = [
            ("https://slsa.dev/provenance/v0.2", "provenance"),
            ("https://slsa.dev/provenance/v1", "provenance"),
            ("https://spdx.dev/Document", "SBOM, SPDX"),
            ("https://spdx.dev/Document/v2.3", "SBOM, SPDX"),
            ("https://cyclonedx.org/bom/v1.6", "SBOM, CycloneDX"),
            ("https://sigstore.dev/cosign/sign/v1", "signature"),
            ("https://cosign.sigstore.dev/attestation/vuln/v1", "scan"),
            ("https://in-toto.io/attestation/vulns/v0.2", "scan"),
            ("https://openvex.dev/ns/v0.2.0", "VEX"),
            ("https://openvex.dev/ns@v0.2.0", "VEX"),
            ("https://slsa.dev/verification_summary/v1", "verification summary"),
            ("https://in-toto.io/attestation/svr/v0.1", "verification summary"),
            ("https://in-toto.io/attestation/test-result/v0.1", "attestation: test-result"),
            ("https://in-toto.io/attestation/link/v0.3", "attestation: link"),
            ("https://slsa.dev/provenancex", "attestation: provenancex"),
            ("https://example.com/", "attestation: example.com"),
            ("custom", "attestation: custom"),
            ("v1", "attestation"),
            ("", "attestation"),
        ];
        for (predicate, name) in table {
            assert_eq!(kind_of_predicate(predicate).to_string(), name, "{predicate}");
        }
        let long = format!("https://example.com/{}", "ü".repeat(9_000));
        assert!(kind_of_predicate(&long).to_string().len() < 100);
    }

    #[test]
    fn statements_are_read_bare_in_envelopes_and_in_bundles() {
        let statement =
            r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://openvex.dev/ns"}"#;
        let payload = STANDARD.encode(statement);
        let envelope = format!(r#"{{"payloadType":"application/vnd.in-toto+json","payload":"{payload}"}}"#);
        let table = [
            (statement.to_owned(), Some(Kind::Vex)),
            (envelope.clone(), Some(Kind::Vex)),
            (format!("{envelope}\n{envelope}\n"), Some(Kind::Vex)),
            (format!(r#"{{"mediaType":"x","dsseEnvelope":{envelope}}}"#), Some(Kind::Vex)),
            (r#"{"messageSignature":{"signature":"MEUC"}}"#.into(), Some(Kind::Signature)),
            (r#"{"payload":"%%%"}"#.into(), None),
            (r#"{"payload":"e30="}"#.into(), None),
            (r#"{"dsseEnvelope":7}"#.into(), None),
            ("[]".into(), None),
            (String::new(), None),
        ];
        for (text, kind) in table {
            assert_eq!(kind_of_statement(text.as_bytes()), kind, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            kind_of_statement(&bytes);
        }
    }
}
