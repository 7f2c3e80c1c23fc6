//! Docker schema 1: read, never written.
//!
//! Docker Image Manifest V2 schema 1. A signed manifest is named by the digest of its payload. The signature block says
//! how to cut the payload out of the bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::{BadManifest, Body, Schema1};
use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::lenient;

#[derive(Deserialize)]
struct RawSchema1 {
    #[serde(default, deserialize_with = "lenient::text")]
    architecture: Option<String>,
    #[serde(default, rename = "fsLayers", deserialize_with = "lenient::list")]
    layers: Capped<Vec<RawSchema1Layer>>,
    #[serde(default, deserialize_with = "lenient::list")]
    history: Capped<Vec<History>>,
    #[serde(default, deserialize_with = "lenient::list")]
    signatures: Capped<Vec<Signature>>,
}

#[derive(Deserialize)]
struct RawSchema1Layer {
    #[serde(rename = "blobSum")]
    digest: Digest,
}

#[derive(Deserialize)]
struct History {
    #[serde(rename = "v1Compatibility")]
    text: String,
}

#[derive(Deserialize)]
struct Signature {
    #[serde(default)]
    protected: String,
}

/// The parts of the signed payload: the first `length` bytes of the manifest, then `tail`.
#[derive(Deserialize)]
struct Protected {
    #[serde(rename = "formatLength")]
    length: usize,
    #[serde(rename = "formatTail")]
    tail: String,
}

/// Parses the manifest and computes its digest.
pub(super) fn parse(raw: &[u8]) -> Result<(Body, Digest), BadManifest> {
    let fields: RawSchema1 = lenient::object(raw).ok_or(BadManifest::NotJson)?;
    let payload = fields.signatures.first().and_then(|signature| payload(raw, &signature.protected));
    let digest = Digest::sha256(payload.as_deref().unwrap_or(raw));
    let body = Schema1 {
        architecture: fields.architecture,
        layers: fields.layers.map(|layer| layer.digest).reversed(),
        history: fields.history.map(|entry| entry.text).reversed(),
    };
    Ok((Body::Schema1(body), digest))
}

fn payload(raw: &[u8], protected: &str) -> Option<Vec<u8>> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let protected: Protected = serde_json::from_slice(&decode(protected)?).ok()?;
    let mut payload = raw.get(..protected.length)?.to_vec();
    payload.extend(decode(&protected.tail)?);
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_manifest_is_named_by_its_payload() {
        let payload = "{\n   \"schemaVersion\": 1,\n   \"fsLayers\": []\n}";
        let length = payload.len() - 2;
        let protected =
            format!(r#"{{"formatLength":{length},"formatTail":"{}"}}"#, URL_SAFE_NO_PAD.encode("\n}"));
        let protected = URL_SAFE_NO_PAD.encode(protected);
        let signed =
            format!("{},\n   \"signatures\": [{{\"protected\":\"{protected}\"}}]\n}}", &payload[..length]);
        let (body, digest) = parse(signed.as_bytes()).expect("a manifest");
        assert_eq!(digest, Digest::sha256(payload.as_bytes()));
        assert!(matches!(body, Body::Schema1(_)));
    }

    #[test]
    fn a_signature_block_that_lies_about_lengths_harms_nothing() {
        let protected = URL_SAFE_NO_PAD.encode(r#"{"formatLength":99999999,"formatTail":""}"#);
        let raw = format!(r#"{{"signatures":[{{"protected":"{protected}"}}]}}"#);
        assert_eq!(parse(raw.as_bytes()).map(|(_, digest)| digest), Ok(Digest::sha256(raw.as_bytes())));
    }
}
