//! Everything that is put around a document to sign it or to say which image it is about: DSSE, sigstore bundles, in-toto
//! statements, and cosign's simple signing.
//!
//! A signature is checked over these, so they are read strictly: a member that comes twice is an error.
//!
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>,
//! <https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto>,
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>,
//! <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::lenient;

/// The greatest number of signatures of one envelope that are looked at.
const MOST_SIGNATURES: usize = 32;

/// A DSSE envelope.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DsseEnvelope {
    #[serde(deserialize_with = "lenient::text")]
    payload_type: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    payload: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    signatures: Capped<Vec<DsseSignature>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DsseSignature {
    #[serde(deserialize_with = "lenient::text")]
    keyid: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    sig: Option<String>,
}

impl DsseEnvelope {
    /// Reads an envelope. `cosign download` writes one a line, of which the first counts.
    pub(super) fn read(text: &str) -> Option<DsseEnvelope> {
        let line = text.lines().find(|line| !line.trim().is_empty())?;
        let read = |text: &str| lenient::object::<DsseEnvelope>(text.as_bytes());
        read(text).or_else(|| read(line)).filter(|envelope| {
            envelope.payload.is_some() && (envelope.payload_type.is_some() || !envelope.signatures.is_empty())
        })
    }

    /// Returns the payload.
    pub(super) fn payload(&self) -> Option<Vec<u8>> {
        from_base64(self.payload.as_deref()?)
    }

    /// Returns the signatures.
    pub(super) fn signatures(&self) -> impl Iterator<Item = Vec<u8>> {
        let given = self.signatures.iter().take(MOST_SIGNATURES);
        given.filter_map(|signature| from_base64(signature.sig.as_deref()?))
    }

    /// Returns the id of the first key, as the signer names it.
    pub(super) fn key_id(&self) -> Option<String> {
        self.signatures.first()?.keyid.clone()
    }

    /// Returns whether the payload is an in-toto statement by its type, which is signed too: the same bytes of another
    /// type mean something else.
    pub(super) fn is_of_statement(&self) -> bool {
        self.payload_type.as_deref() == Some("application/vnd.in-toto+json")
    }

    /// Returns the bytes that are signed: the pre-authentication encoding of a payload.
    pub(super) fn signed_bytes(&self, payload: &[u8]) -> Vec<u8> {
        let payload_type = self.payload_type.as_deref().unwrap_or_default();
        let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
        [head.as_bytes(), payload].concat()
    }
}

/// An in-toto statement.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct InTotoStatement<'a> {
    #[serde(rename = "_type", deserialize_with = "lenient::text")]
    statement_type: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    subject: Capped<Vec<StatementSubject>>,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) predicate_type: Option<String>,
    #[serde(borrow)]
    pub(super) predicate: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatementSubject {
    #[serde(deserialize_with = "lenient::texts")]
    digest: Capped<BTreeMap<String, String>>,
}

impl<'a> InTotoStatement<'a> {
    /// Reads a statement.
    pub(super) fn read(text: &'a str) -> Option<InTotoStatement<'a>> {
        let statement = lenient::object::<InTotoStatement<'a>>(text.as_bytes())?;
        let statement_type = statement.statement_type.as_deref()?;
        statement_type.starts_with("https://in-toto.io/Statement/").then_some(statement)
    }

    /// Returns the digests of everything that the statement is about.
    pub(super) fn subjects(&self) -> Vec<Digest> {
        let digests = self.subject.iter().flat_map(|subject| subject.digest.iter());
        digests.filter_map(|(algorithm, hex)| format!("{algorithm}:{hex}").parse().ok()).collect()
    }
}

/// A sigstore bundle.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SigstoreBundle {
    #[serde(deserialize_with = "lenient::text")]
    media_type: Option<String>,
    #[serde(deserialize_with = "lenient::value")]
    pub(super) verification_material: VerificationMaterial,
    #[serde(deserialize_with = "lenient::value")]
    pub(super) dsse_envelope: Option<DsseEnvelope>,
    #[serde(deserialize_with = "lenient::value")]
    pub(super) message_signature: Option<MessageSignature>,
}

/// The material of a bundle by which its signature can be checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VerificationMaterial {
    #[serde(deserialize_with = "lenient::value")]
    certificate: EncodedCertificate,
    #[serde(deserialize_with = "lenient::value")]
    x509_certificate_chain: CertificateChain,
    #[serde(deserialize_with = "lenient::value")]
    public_key: KeyHint,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) tlog_entries: Capped<Vec<LogEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EncodedCertificate {
    #[serde(deserialize_with = "lenient::text")]
    raw_bytes: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CertificateChain {
    #[serde(deserialize_with = "lenient::list")]
    certificates: Capped<Vec<EncodedCertificate>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyHint {
    #[serde(deserialize_with = "lenient::text")]
    hint: Option<String>,
}

/// An entry of a transparency log.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogEntry {
    /// The index in the log.
    #[serde(deserialize_with = "lenient::number")]
    pub(super) log_index: Option<u64>,
    /// The date in seconds since 1970.
    #[serde(deserialize_with = "lenient::number")]
    pub(super) integrated_time: Option<u64>,
}

/// A signature over bytes that are not in the bundle.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MessageSignature {
    #[serde(deserialize_with = "lenient::value")]
    message_digest: MessageDigest,
    #[serde(deserialize_with = "lenient::text")]
    signature: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MessageDigest {
    #[serde(deserialize_with = "lenient::text")]
    digest: Option<String>,
}

impl SigstoreBundle {
    /// Reads a bundle.
    pub(super) fn read(text: &str) -> Option<SigstoreBundle> {
        let bundle = lenient::object::<SigstoreBundle>(text.as_bytes())?;
        let is_bundle = bundle.media_type.as_deref().is_some_and(|name| name.contains("sigstore.bundle"));
        let has_content = bundle.dsse_envelope.is_some() || bundle.message_signature.is_some();
        (is_bundle || has_content).then_some(bundle)
    }
}

impl VerificationMaterial {
    /// Returns the certificate of the signer, in base64.
    pub(super) fn certificate(&self) -> Option<&str> {
        let chain = self.x509_certificate_chain.certificates.first();
        self.certificate.raw_bytes.as_deref().or(chain.and_then(|first| first.raw_bytes.as_deref()))
    }

    /// Returns the hint at the key.
    pub(super) fn key_hint(&self) -> Option<&str> {
        self.public_key.hint.as_deref()
    }
}

impl MessageSignature {
    /// Returns the digest of the signed bytes. cosign and others use sha256.
    pub(super) fn digest(&self) -> Option<Digest> {
        from_base64(self.message_digest.digest.as_deref()?)?.try_into().ok().map(Digest::Sha256)
    }

    /// Returns the signature.
    pub(super) fn signature(&self) -> Option<Vec<u8>> {
        from_base64(self.signature.as_deref()?)
    }
}

/// The payload of cosign's simple signing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SimpleSigning {
    #[serde(deserialize_with = "lenient::value")]
    critical: Option<CriticalPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CriticalPart {
    #[serde(deserialize_with = "lenient::value")]
    identity: SignedName,
    #[serde(deserialize_with = "lenient::value")]
    image: SignedImage,
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    kind: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct SignedName {
    #[serde(deserialize_with = "lenient::text")]
    docker_reference: Option<String>,
}

/// The specification writes the member with a capital letter, cosign does not.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct SignedImage {
    #[serde(alias = "Docker-manifest-digest", deserialize_with = "lenient::text")]
    docker_manifest_digest: Option<String>,
}

impl SimpleSigning {
    /// Reads a payload.
    pub(super) fn read(text: &str) -> Option<SimpleSigning> {
        lenient::object::<SimpleSigning>(text.as_bytes()).filter(|payload| payload.critical.is_some())
    }

    /// Returns the digest of the signed image.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.critical.as_ref()?.image.docker_manifest_digest.as_deref()?.parse().ok()
    }

    /// Returns the name under which the image was signed.
    pub(super) fn reference(&self) -> Option<&str> {
        self.critical.as_ref()?.identity.docker_reference.as_deref()
    }

    /// Returns whether this is the payload of a container image's signature, and not of anything else with that shape.
    pub(super) fn is_of_image(&self) -> bool {
        let kind = self.critical.as_ref().and_then(|critical| critical.kind.as_deref());
        kind == Some("cosign container image signature")
    }
}

/// A JSON web signature of the Notary Project: <https://github.com/notaryproject/specifications>.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JsonWebSignature {
    #[serde(deserialize_with = "lenient::text")]
    payload: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    protected: Option<String>,
    #[serde(deserialize_with = "lenient::value")]
    header: JwsHeader,
    #[serde(deserialize_with = "lenient::text")]
    signature: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JwsHeader {
    #[serde(deserialize_with = "lenient::strings")]
    x5c: Capped<Vec<String>>,
}

impl JsonWebSignature {
    /// Reads a signature.
    pub(super) fn read(text: &str) -> Option<JsonWebSignature> {
        let signature = lenient::object::<JsonWebSignature>(text.as_bytes())?;
        let is_whole =
            signature.payload.is_some() && signature.protected.is_some() && signature.signature.is_some();
        is_whole.then_some(signature)
    }

    /// Returns the payload.
    pub(super) fn payload(&self) -> Option<Vec<u8>> {
        from_base64(self.payload.as_deref()?)
    }

    /// Returns the protected header.
    pub(super) fn protected(&self) -> Option<Vec<u8>> {
        from_base64(self.protected.as_deref()?)
    }

    /// Returns the certificate of the signer, in base64.
    pub(super) fn certificate(&self) -> Option<&str> {
        self.header.x5c.first().map(String::as_str)
    }
}

/// Decodes base64 in any of its common alphabets.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let decoded =
        STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).or_else(|_| URL_SAFE_NO_PAD.decode(text));
    decoded.ok()
}
