//! The facts about an attached artifact that stand in its row of a list.

use jiff::Timestamp;

use super::{AttachedDocument, AttachedPart, SignatureClaim};
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::text::SafeText;

/// The facts about an attached artifact, by its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFacts {
    /// The content of its documents in a few words.
    pub summary: SafeText,
    /// The signer that a signature claims. It is not checked.
    pub signer: Option<SafeText>,
    /// The date of its newest document.
    pub created: Option<Timestamp>,
}

impl AttachedFacts {
    /// Sums up the documents of an artifact that is attached to an image.
    pub(crate) fn of(parts: &Result<Vec<AttachedPart>, Failure>, image: Option<&Manifest>) -> AttachedFacts {
        let parts = match parts {
            Ok(parts) => parts,
            Err(failure) => {
                let summary = SafeText::from(format!("{}: {}", failure.what, failure.why));
                return AttachedFacts { summary, signer: None, created: None };
            }
        };
        let documents = || parts.iter().filter_map(AttachedPart::document);
        let summary = |part: &AttachedPart| match &part.read {
            Err(failure) => failure.why.to_string(),
            Ok((_, document)) if image.is_some_and(|image| document.is_about(image) == Some(false)) => {
                "does not name this image".into()
            }
            Ok((_, document)) => document.summary().to_string(),
        };
        let summaries: Vec<String> = parts.iter().map(summary).filter(|text| !text.is_empty()).collect();
        let mut signers = documents().filter_map(|document| document.signature.as_ref());
        AttachedFacts {
            summary: SafeText::from(summaries.join(" + ")),
            signer: signers.find_map(SignatureClaim::signer),
            created: documents().filter_map(AttachedDocument::created).max(),
        }
    }
}
