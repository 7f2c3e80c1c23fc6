//! The documents that are attached to samples: SBOMs, provenance, and signatures by the key of the demo.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::model::digest::Digest;

/// A package for an SBOM.
#[derive(Debug, Clone)]
pub(super) struct SbomEntry {
    name: String,
    version: String,
    url: String,
}

impl SbomEntry {
    /// Creates a package by its kind as package URLs name it: `deb/debian`, `npm`.
    pub(super) fn new(kind: &str, name: &str, version: &str) -> SbomEntry {
        let encoded = version.replace(':', "%3A").replace('+', "%2B");
        let url = format!("pkg:{kind}/{name}@{encoded}");
        SbomEntry { name: name.to_owned(), version: version.to_owned(), url }
    }
}

/// Returns an SBOM in SPDX (<https://spdx.github.io/spdx-spec/v2.3/>).
pub(super) fn spdx(name: &str, created: &str, packages: &[SbomEntry]) -> Value {
    let package = |(i, package): (usize, &SbomEntry)| {
        json!({
            "SPDXID": format!("SPDXRef-Package-{i}"),
            "name": package.name,
            "versionInfo": package.version,
            "downloadLocation": "NOASSERTION",
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": package.url,
            }],
        })
    };
    let describes = |i: usize| {
        json!({
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": format!("SPDXRef-Package-{i}"),
        })
    };
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": format!("https://sbom.example.com/{name}/{created}"),
        "creationInfo": { "created": created, "creators": ["Tool: example-sbom-1.0"] },
        "packages": packages.iter().enumerate().map(package).collect::<Value>(),
        "relationships": (0..packages.len()).map(describes).collect::<Value>(),
    })
}

/// Returns an SBOM in CycloneDX (<https://cyclonedx.org/docs/1.6/json/>).
pub(super) fn cyclonedx(name: &str, created: &str, packages: &[SbomEntry]) -> Value {
    let component = |package: &SbomEntry| json!({ "type": "library", "name": package.name, "version": package.version, "purl": package.url });
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "timestamp": created, "component": { "type": "container", "name": name } },
        "components": packages.iter().map(component).collect::<Value>(),
    })
}

/// A build, as its provenance tells it.
#[derive(Debug, Clone)]
pub(super) struct DemoBuild<'a> {
    pub(super) repository: &'a str,
    pub(super) version: &'a str,
    pub(super) platform: &'a str,
    /// The end, in RFC 3339.
    pub(super) finished: &'a str,
    pub(super) dockerfile: &'a str,
    /// The base image, with its tag and its digest.
    pub(super) base: Option<(&'a str, Digest)>,
}

impl DemoBuild<'_> {
    /// Returns the predicate of SLSA v1 with the additions of BuildKit
    /// (<https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md>).
    pub(super) fn provenance(&self) -> Value {
        let source = format!("https://git.example.com/{}", self.repository);
        let commit = &Digest::sha256(self.version.as_bytes()).hex()[..40];
        let base = self.base.iter().map(|(name, digest)| {
            let (name, tag) = name.split_once(':').unwrap_or((name, "latest"));
            json!({
                "uri": format!("pkg:docker/{name}@{tag}?platform={}", self.platform.replace('/', "%2F")),
                "digest": { "sha256": digest.hex() },
            })
        });
        json!({
            "buildDefinition": {
                "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
                "externalParameters": {
                    "configSource": {
                        "uri": format!("{source}.git#refs/tags/{}", self.version),
                        "digest": { "sha1": commit },
                        "path": "Dockerfile",
                    },
                    "request": {
                        "frontend": "dockerfile.v0",
                        "args": { "build-arg:VERSION": self.version },
                    },
                },
                "internalParameters": { "builderPlatform": "linux/amd64" },
                "resolvedDependencies": base.collect::<Value>(),
            },
            "runDetails": {
                "builder": { "id": format!("{source}/-/pipelines/{}", &commit[..6]) },
                "metadata": {
                    "invocationID": &commit[..12],
                    "finishedOn": self.finished,
                    "buildkit_metadata": {
                        "source": {
                            "infos": [{
                                "filename": "Dockerfile",
                                "language": "Dockerfile",
                                "data": BASE64.encode(self.dockerfile),
                            }],
                        },
                        "vcs": { "source": format!("{source}.git"), "revision": commit },
                    },
                    "buildkit_hermetic": false,
                },
            },
        })
    }
}

/// Returns the key that signs the samples. It protects nothing: everyone can compute it.
///
/// Signatures are deterministic (RFC 6979), so the samples stay the same. The public key is `assets/demo-cosign.pub`.
fn key() -> Option<SigningKey> {
    let Digest::Sha256(scalar) = Digest::sha256(b"regtui --demo") else { return None };
    SigningKey::from_slice(&scalar).ok()
}

/// Returns the signature of the demo's key over `bytes`: ECDSA with P-256 and SHA-256, in DER and base64.
pub(super) fn sign(bytes: &[u8]) -> String {
    let signature: Option<Signature> = key().map(|key| key.sign(bytes));
    signature.map(|signature| BASE64.encode(signature.to_der().as_bytes())).unwrap_or_default()
}

/// Returns a signed DSSE envelope (<https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>).
pub(super) fn envelope(statement: &Value) -> Value {
    const TYPE: &str = "application/vnd.in-toto+json";
    let payload = statement.to_string();
    let signed = format!("DSSEv1 {} {TYPE} {} {payload}", TYPE.len(), payload.len());
    json!({
        "payloadType": TYPE,
        "payload": BASE64.encode(&payload),
        "signatures": [{ "sig": sign(signed.as_bytes()) }],
    })
}

/// Returns a sigstore bundle with a signature of these bytes, without an entry in a log.
pub(super) fn bundle(bytes: &[u8]) -> Value {
    let digest = match Digest::sha256(bytes) {
        Digest::Sha256(digest) => BASE64.encode(digest),
        Digest::Sha512(digest) => BASE64.encode(digest),
    };
    let hint = key().map(|key| hint_of(key.verifying_key().to_sec1_point(false).as_bytes()));
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": hint } },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": digest },
            "signature": sign(bytes),
        },
    })
}

/// The beginning of a P-256 key as X.509 writes it (RFC 5480), which the point follows.
const KEY_START: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Returns the hint at a key: the SHA-256 of its DER.
fn hint_of(point: &[u8]) -> String {
    match Digest::sha256(&[&KEY_START, point].concat()) {
        Digest::Sha256(digest) => BASE64.encode(digest),
        Digest::Sha512(digest) => BASE64.encode(digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    #[test]
    fn the_public_key_in_the_assets_checks_the_signatures() {
        let pem = include_str!("../../../assets/demo-cosign.pub");
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64.decode(text).expect("base64");
        // A failure prints the key to write into the file.
        let point = key().expect("a key").verifying_key().to_sec1_point(false);
        let expected = BASE64.encode([&KEY_START, point.as_bytes()].concat());
        assert_eq!(BASE64.encode(&der), expected);
        let key = VerifyingKey::from_sec1_bytes(&der[KEY_START.len()..]).expect("a key");
        let signature = BASE64.decode(sign(b"sample")).expect("base64");
        let signature = Signature::from_der(&signature).expect("DER");
        assert!(key.verify(b"sample", &signature).is_ok());
        assert!(key.verify(b"other", &signature).is_err());
        assert_eq!(sign(b"sample"), sign(b"sample"));
    }
}
