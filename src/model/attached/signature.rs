//! Signatures as they are shown: the signer that they claim, and their entry in a transparency log.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::certificate::ClaimedIdentity;
use super::envelope::{DsseEnvelope, JsonWebSignature, SigstoreBundle, SimpleSigning, VerificationMaterial};
use super::safe;
use crate::model::digest::Digest;
use crate::model::lenient::{self, Members};
use crate::model::text::SafeText;

/// A signature that nobody has checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SignatureClaim {
    /// The format: `cosign simple signing`, `sigstore bundle`, `DSSE`, `notation`.
    pub(crate) format: SafeText,
    /// The digest of the signed image.
    pub(crate) digest: Option<Digest>,
    /// The name under which the image was signed.
    pub(crate) reference: Option<SafeText>,
    /// The identity in the certificate.
    pub(crate) identity: Option<ClaimedIdentity>,
    /// The hint at the key, or its id.
    pub(crate) key: Option<SafeText>,
    /// The index of the entry in the transparency log.
    pub(crate) log_index: Option<u64>,
    /// The date of the entry in the log, or the date that the signer claims.
    pub(crate) signed_at: Option<Timestamp>,
}

/// The annotations of cosign: <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>.
pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const LOG_BUNDLE: &str = "dev.sigstore.cosign/bundle";

impl SignatureClaim {
    /// Returns the claim of a payload of simple signing, whose signature is in the annotations of its layer.
    pub(super) fn of_simple_signing(
        payload: &SimpleSigning,
        annotations: &BTreeMap<String, String>,
    ) -> SignatureClaim {
        let mut claim = SignatureClaim {
            format: "cosign simple signing".into(),
            digest: payload.digest(),
            reference: payload.reference().map(SafeText::clean),
            ..SignatureClaim::default()
        };
        claim.take_annotations(annotations);
        claim
    }

    /// Returns the claim of a DSSE envelope, whose certificate is in the annotations of its layer.
    pub(super) fn of_dsse(envelope: &DsseEnvelope, annotations: &BTreeMap<String, String>) -> SignatureClaim {
        let mut claim = SignatureClaim {
            format: "DSSE".into(),
            key: safe(envelope.key_id()),
            ..SignatureClaim::default()
        };
        claim.take_annotations(annotations);
        claim
    }

    /// Returns the claim of a sigstore bundle.
    pub(super) fn of_bundle(bundle: &SigstoreBundle) -> SignatureClaim {
        let material: &VerificationMaterial = &bundle.verification_material;
        let entry = material.tlog_entries.first();
        SignatureClaim {
            format: "sigstore bundle".into(),
            digest: bundle.message_signature.as_ref().and_then(|signature| signature.digest()),
            reference: None,
            identity: material.certificate().and_then(ClaimedIdentity::of_base64),
            key: material.key_hint().map(SafeText::clean),
            log_index: entry.and_then(|entry| entry.log_index),
            signed_at: entry.and_then(|entry| date(entry.integrated_time?)),
        }
    }

    /// Returns the claim of a JSON web signature of the Notary Project.
    pub(super) fn of_notation(signature: &JsonWebSignature) -> SignatureClaim {
        let payload = signature.payload().unwrap_or_default();
        let payload = lenient::decode(&payload);
        let payload = Members::of(&payload, &["targetartifact"]).unwrap_or_default();
        let target = payload.object("targetartifact", &["digest"]).read("digest", lenient::text);
        let protected = signature.protected().unwrap_or_default();
        let protected = lenient::decode(&protected);
        let protected = Members::of(&protected, &["io.cncf.notary.signingtime"]).unwrap_or_default();
        SignatureClaim {
            format: "notation".into(),
            digest: target.and_then(|digest| digest.parse().ok()),
            identity: signature.certificate().and_then(ClaimedIdentity::of_base64),
            signed_at: protected.read("io.cncf.notary.signingtime", lenient::date),
            ..SignatureClaim::default()
        }
    }

    fn take_annotations(&mut self, annotations: &BTreeMap<String, String>) {
        self.identity = annotations.get(CERTIFICATE).and_then(|pem| ClaimedIdentity::of_pem(pem));
        let bundle = annotations.get(LOG_BUNDLE).and_then(|text| Members::of(text, &["payload"]));
        let payload = bundle.unwrap_or_default().object("payload", &["logindex", "integratedtime"]);
        self.log_index = payload.read("logindex", lenient::number);
        self.signed_at = payload.read("integratedtime", lenient::number).and_then(date);
    }

    /// Returns the signer that the signature claims, in a few words.
    pub(crate) fn signer(&self) -> Option<SafeText> {
        let subject = self.identity.as_ref().and_then(|identity| identity.subject.as_ref());
        match (subject, &self.key) {
            (Some(subject), _) => Some(SafeText::from(format!("claims {subject}"))),
            (None, Some(key)) => Some(SafeText::from(format!("key {key}"))),
            (None, None) => None,
        }
    }
}

fn date(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?).ok()
}
