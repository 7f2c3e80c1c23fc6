//! Taking a change back.

use jiff::Timestamp;
use serde::Serialize;

use super::delete::DeleteMethod;
use super::info::ImageInfo;
use super::journal::EntryId;
use super::progress::Unresolved;
use super::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, RepositoryName, Selector};
use crate::model::text::SafeText;

/// What undoing will do.
#[derive(Debug, Clone, Serialize)]
pub struct UndoPlan {
    /// The change that is taken back.
    pub entry: EntryId,
    /// What that change was.
    pub of: SafeText,
    /// When it was begun.
    pub at: Timestamp,
    /// How new tags go: untagged, or by way of replacements where the server cannot do that.
    pub method: DeleteMethod,
    /// The ways in which new tags can go, where there is a choice.
    pub methods: Vec<DeleteMethod>,
    /// What would make possible what is not.
    pub hint: Option<SafeText>,
    /// What stays although the change is taken back, in words: the images that a copy brought, untagged.
    pub leaves: Option<SafeText>,
    /// What must be known of the entry itself before it is relied upon: what of it cannot be read, or that it was cut off.
    pub notes: Vec<SafeText>,
    /// What cannot be put back because the entry does not say any more what it was.
    pub unresolved: Vec<Unresolved>,
    /// One for each tag or manifest.
    pub steps: Vec<UndoStep>,
    /// The rule that forbids it.
    pub refused: Option<Refusal>,
    /// To be typed to confirm.
    pub name_to_type: Option<RepositoryName>,
}

/// One tag or manifest to put back as it was.
#[derive(Debug, Clone, Serialize)]
pub struct UndoStep {
    /// Where.
    pub repository: Repository,
    /// The tag or digest.
    pub selector: Selector,
    /// What it was before the change; `None` where it was not there, so that it is untagged again.
    pub before: Option<Digest>,
    /// What it is now.
    pub now: Option<Digest>,
    /// The date and size of the image that is put back, or of the one that loses its tag.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// The replacement of that on which the tag was left when taking it away was cut off.
    pub left_on: Option<Digest>,
    /// Whether the tag goes by way of a replacement.
    pub by_replacement: bool,
    /// Whether it is a throw-away tag of the change, which goes with its manifest.
    pub is_probe: bool,
    /// Whether the change of it was never confirmed a moment ago: it is as it was before, and the change may still arrive.
    pub may_arrive: bool,
    /// Why it cannot be put back: `2 of its blobs are gone`, `it moved since: somebody else pushed it`.
    pub impossible: Option<SafeText>,
}

impl UndoPlan {
    /// Whether nothing of it can be put back.
    pub fn is_impossible(&self) -> bool {
        self.steps.iter().all(|step| step.impossible.is_some())
    }

    /// In a few words.
    pub fn title(&self) -> SafeText {
        SafeText::from(format!("undo: {}", self.of))
    }
}
