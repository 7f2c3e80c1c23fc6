//! Checking signatures of attached documents with a public key that the user gives.
//!
//! A signature counts only if the key signed bytes that name the image by its digest. An identity in a certificate is
//! never a reason: nothing here checks a chain of certificates.

use bytes::Bytes;
use serde::Serialize;

use super::envelope::{DsseEnvelope, InTotoStatement, SigstoreBundle, SimpleSigning, from_base64};
use super::public_key::PublicKey;
use super::signature::SIGNATURE;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::predicate::kind_of_predicate;
use crate::model::summary::Kind;
use crate::model::text::SafeText;

/// The result of a check of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Verification {
    /// Whether the key signed the image itself, or a statement about it.
    pub(crate) signed: SignedThing,
    /// The type of the predicate of a statement.
    pub(crate) predicate_type: Option<SafeText>,
    /// The result.
    pub(crate) verdict: Verdict,
}

/// A thing that a signature is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignedThing {
    /// The image.
    Image,
    /// A statement about the image, such as its provenance.
    Statement,
}

/// The result of a check with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The key signed bytes that name the image by its digest.
    Signed,
    /// There is no signature by this key.
    OtherKey,
    /// The key signed it, but it does not name this image.
    OtherImage,
    /// The key signed it, but it is no signature of a container image.
    OtherContent,
    /// There is no signature.
    Unsigned,
}

impl Verdict {
    /// Returns the result in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Verdict::Signed => "signed by this key",
            Verdict::OtherKey => "not signed by this key",
            Verdict::OtherImage => "signed by this key, but it does not name this image",
            Verdict::OtherContent => "signed by this key, but it is no signature of an image",
            Verdict::Unsigned => "has no signature",
        }
    }
}

impl Verification {
    /// Checks a document that is attached to the image with this manifest. Returns `None` for a document that nobody can
    /// sign in a way that regtui knows.
    pub(crate) fn check(
        bytes: &Bytes,
        descriptor: &Descriptor,
        image: &Manifest,
        key: &PublicKey,
    ) -> Option<Verification> {
        let text = std::str::from_utf8(bytes).ok()?;
        if let Some(bundle) = SigstoreBundle::read(text) {
            return match (&bundle.dsse_envelope, &bundle.message_signature) {
                // A reader that takes the one and a reader that takes the other must not see two things.
                (Some(_), Some(_)) => None,
                (Some(envelope), None) => Some(check_envelope(envelope, image, key)),
                (None, Some(message)) => {
                    let verdict = match message.signature() {
                        None => Verdict::Unsigned,
                        Some(given) if key.has_signed(&image.raw, &given) => Verdict::Signed,
                        Some(_) => Verdict::OtherKey,
                    };
                    Some(Verification { signed: SignedThing::Image, predicate_type: None, verdict })
                }
                (None, None) => None,
            };
        }
        if let Some(envelope) = DsseEnvelope::read(text) {
            return Some(check_envelope(&envelope, image, key));
        }
        let payload = SimpleSigning::read(text)?;
        let given = descriptor.annotations.get(SIGNATURE).and_then(|given| from_base64(given));
        let verdict = match given {
            None => Verdict::Unsigned,
            Some(given) if !key.has_signed(bytes, &given) => Verdict::OtherKey,
            Some(_) if !payload.is_of_image() => Verdict::OtherContent,
            Some(_) if payload.digest().is_some_and(|digest| image.has_digest(&digest)) => Verdict::Signed,
            Some(_) => Verdict::OtherImage,
        };
        Some(Verification { signed: SignedThing::Image, predicate_type: None, verdict })
    }
}

fn check_envelope(envelope: &DsseEnvelope, image: &Manifest, key: &PublicKey) -> Verification {
    let payload = envelope.payload().unwrap_or_default();
    let statement = std::str::from_utf8(&payload).ok().and_then(InTotoStatement::read);
    let predicate_type = statement.as_ref().and_then(|statement| statement.predicate_type.as_deref());
    let signed = match predicate_type.map(kind_of_predicate) {
        Some(Kind::Signature) => SignedThing::Image,
        _ => SignedThing::Statement,
    };
    let message = envelope.signed_bytes(&payload);
    let mut given = envelope.signatures().peekable();
    let verdict = if given.peek().is_none() {
        Verdict::Unsigned
    } else if !given.any(|given| key.has_signed(&message, &given)) {
        Verdict::OtherKey
    } else {
        match statement.as_ref().filter(|_| envelope.is_of_statement()) {
            None => Verdict::OtherContent,
            Some(statement) if image.has_one_of(&statement.subjects()) => Verdict::Signed,
            Some(_) => Verdict::OtherImage,
        }
    };
    Verification { signed, predicate_type: predicate_type.map(SafeText::clean), verdict }
}
