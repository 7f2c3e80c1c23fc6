//! Docker schema 1, signed. It can only be read, as on old registries.

use bytes::Bytes;
use serde_json::json;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;

use super::file;
use crate::demo::manifest::{DemoManifest, media_type};
use crate::demo::store::Store;
use crate::model::digest::Digest;

/// Pushes `legacy/…`.
pub(crate) fn push(store: &Store) {
    let base = file("etc/os-release", "NAME=wheezy\n");
    let app = file("opt/billing/run.sh", "#!/bin/sh\nexec java -jar billing.jar\n");
    let id = |step: &str| Digest::sha256(step.as_bytes()).hex();
    let history = [
        json!({
            "id": id("app"),
            "parent": id("base"),
            "created": "2016-04-05T10:11:12.5Z",
            "container_config": { "Cmd": ["/bin/sh", "-c", "#(nop) ADD dir:7f1e in /opt/billing"] },
            "config": { "Cmd": ["/opt/billing/run.sh"], "Env": ["JAVA_HOME=/usr/lib/jvm/7"] },
            "architecture": "amd64",
            "os": "linux",
        }),
        json!({
            "id": id("base"),
            "created": "2016-03-01T00:00:00Z",
            "container_config": { "Cmd": ["/bin/sh", "-c", "#(nop) ADD file:9a2c in /"] },
            "architecture": "amd64",
            "os": "linux",
        }),
    ];
    let payload = serde_json::to_string_pretty(&json!({
        "schemaVersion": 1,
        "name": "legacy/billing",
        "tag": "2.8",
        "architecture": "amd64",
        // The newest layer comes first, unlike in every later format.
        "fsLayers": [{ "blobSum": app.digest }, { "blobSum": base.digest }],
        "history": history.map(|step| json!({ "v1Compatibility": step.to_string() })),
    }))
    .unwrap_or_default();
    let manifest = DemoManifest::new(media_type::DOCKER_SCHEMA1, sign(&payload));
    let digest = Digest::sha256(payload.as_bytes());
    for layer in [base, app] {
        store.put_blob_as("legacy/billing", layer.digest, layer.blob);
    }
    store.put_manifest_as("legacy/billing", digest, manifest);
    store.tag("legacy/billing", "2.8", digest);
    store.tag("legacy/billing", "latest", digest);
}

/// Puts a signature into `payload` as libtrust does. The digest of such a manifest is that of the payload, which a
/// client gets back by cutting the signatures out. The format is right, but the signature itself is not valid; no
/// client checks it.
fn sign(payload: &str) -> Bytes {
    let cut = payload.trim_end_matches(['}', '\n']).len();
    let (kept, tail) = payload.split_at(cut);
    let protected = json!({
        "formatLength": kept.len(),
        "formatTail": BASE64.encode(tail),
        "time": "2016-04-05T10:11:13Z",
    });
    let signatures = json!([{
        "header": { "alg": "ES256", "jwk": { "crv": "P-256", "kid": "DEMO", "kty": "EC", "x": "AA", "y": "AA" } },
        "signature": BASE64.encode([0; 64]),
        "protected": BASE64.encode(protected.to_string()),
    }]);
    Bytes::from(format!("{kept},\n   \"signatures\": {signatures}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_payload_is_found_again_by_cutting_the_signatures_out() {
        let payload = "{\n   \"schemaVersion\": 1\n}";
        let signed = sign(payload);
        let document: Value = serde_json::from_slice(&signed).expect("JSON");
        let protected = document["signatures"][0]["protected"].as_str().map(|text| BASE64.decode(text));
        let protected: Value =
            serde_json::from_slice(&protected.expect("protected").expect("base64")).expect("a header");
        let length = protected["formatLength"].as_u64().expect("a length") as usize;
        let tail = BASE64.decode(protected["formatTail"].as_str().expect("a tail")).expect("base64");
        assert_eq!([&signed[..length], &tail].concat(), payload.as_bytes());
    }
}
