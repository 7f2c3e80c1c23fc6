//! Looks for signatures of an image by a key that the user gives.

use super::attached::{AttachedRow, price_of_all, read_all};
use crate::client::Registry;
use crate::model::attached::AttachedPart;
use crate::model::attached::public_key::PublicKey;
use crate::model::attached::verification::{SignedThing, Verdict, Verification};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::inspection::{Inspection, ListedReferrer, Variant};
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::price::Price;
use crate::model::summary::Kind;

/// The signatures of an image that were looked at.
#[derive(Debug)]
pub(crate) struct SignatureCheck {
    /// The digest of the image.
    pub(crate) digest: Digest,
    /// The result for each signature.
    pub(crate) checked: Vec<CheckedSignature>,
    /// The artifacts that may hold a signature and could not be read.
    pub(crate) unread: Vec<Failure>,
}

/// A signature that was checked.
#[derive(Debug)]
pub(crate) struct CheckedSignature {
    /// The artifact that holds it.
    pub(crate) artifact: Descriptor,
    /// The part of the artifact.
    pub(crate) part: AttachedPart,
    /// The result.
    pub(crate) verification: Verification,
}

/// The signatures that are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WantedSignature<'a> {
    /// Those of the image itself.
    OfImage,
    /// Those of a statement about the image with this predicate type.
    OfStatement(&'a str),
}

impl WantedSignature<'_> {
    fn may_be_in(self, referrer: &ListedReferrer) -> bool {
        let is_other = |kind: &Kind| match self {
            WantedSignature::OfImage => matches!(
                kind,
                Kind::Spdx
                    | Kind::CycloneDx
                    | Kind::Sbom
                    | Kind::Provenance
                    | Kind::Scan
                    | Kind::Vex
                    | Kind::Soci
            ),
            WantedSignature::OfStatement(_) => matches!(kind, Kind::Soci),
        };
        !referrer.kinds.iter().all(is_other)
    }

    fn is_met_by(self, verification: &Verification) -> bool {
        match self {
            WantedSignature::OfImage => verification.signed == SignedThing::Image,
            WantedSignature::OfStatement(wanted) => {
                let predicate_type = verification.predicate_type.as_ref();
                predicate_type.is_some_and(|predicate_type| predicate_type.as_str() == wanted)
            }
        }
    }
}

impl SignatureCheck {
    /// Returns whether a signature that was asked for is one of the key over this digest.
    pub(crate) fn is_signed(&self) -> bool {
        self.checked.iter().any(|checked| checked.verification.verdict == Verdict::Signed)
    }
}

/// Checks the signatures of an image, or of an image of an index. `announce` is called before they are read.
pub(crate) async fn verify(
    registry: &dyn Registry,
    inspection: &Inspection,
    variant: Option<&Variant>,
    wanted: WantedSignature<'_>,
    key: &PublicKey,
    announce: impl FnOnce(&Price),
) -> Result<SignatureCheck, Failure> {
    let image: &Manifest = match variant {
        Some(variant) => variant.manifest.as_ref().map_err(Clone::clone)?,
        None => &inspection.manifest,
    };
    let is_of_image = |of: Option<&Variant>| match (of, variant) {
        (Some(of), Some(variant)) => std::ptr::eq(of, variant),
        (of, variant) => of.is_none() && variant.is_none(),
    };
    let is_wanted =
        |of: Option<&Variant>, referrer: &ListedReferrer| is_of_image(of) && wanted.may_be_in(referrer);
    announce(&price_of_all(inspection, is_wanted));
    let mut check = SignatureCheck { digest: image.digest, checked: Vec::new(), unread: Vec::new() };
    for AttachedRow { referrer, parts, .. } in read_all(registry, inspection, is_wanted).await {
        let parts = match parts {
            Ok(parts) => parts,
            Err(failure) => {
                check.unread.push(failure);
                continue;
            }
        };
        for part in parts {
            let verification = match &part.read {
                Ok((bytes, _)) => Verification::check(bytes, &part.descriptor, image, key),
                Err(failure) => {
                    check.unread.push(failure.clone());
                    continue;
                }
            };
            if let Some(verification) = verification.filter(|found| wanted.is_met_by(found)) {
                check.checked.push(CheckedSignature {
                    artifact: referrer.descriptor.clone(),
                    part,
                    verification,
                });
            }
        }
    }
    Ok(check)
}
