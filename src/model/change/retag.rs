//! Retags: the same bytes under another tag.

use serde::{Deserialize, Serialize};

use super::PlanCommon;
use super::delete;
use super::image_info::ImageInfo;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;

/// The request to give images other tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetagRequest {
    /// The repository of the images.
    pub from: Repository,
    /// Each image, with the repository and the tag to put it under. The repository is this one or another one of the
    /// same registry.
    pub items: Vec<(Selector, Repository, Tag)>,
    /// Whether the old tags stay.
    #[serde(alias = "mode")]
    pub mode: RetagMode,
    /// Whether images that lose a tag are kept under a tag of their own.
    #[serde(default)]
    pub keep: bool,
}

/// The mode of a retag: whether the old tags stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetagMode {
    /// The old tags stay.
    Add,
    /// The old tags are removed afterwards, so that the tag is renamed.
    Move,
    /// The old tags are removed by replacements, for servers that cannot delete by tag. See
    /// [`delete::DeleteMethod::Replace`].
    MoveByReplacement,
}

impl RetagMode {
    /// Returns whether the old tags are removed.
    pub(crate) fn moves(self) -> bool {
        self != RetagMode::Add
    }

    /// Returns the method by which the old tags are removed.
    pub(crate) fn method(self) -> Option<delete::DeleteMethod> {
        match self {
            RetagMode::Add => None,
            RetagMode::Move => Some(delete::DeleteMethod::Untag),
            RetagMode::MoveByReplacement => Some(delete::DeleteMethod::Replace),
        }
    }

    /// Returns the mode that removes the old tags by a method. An image is never removed with its old tag.
    pub(crate) fn with_method(method: delete::DeleteMethod) -> RetagMode {
        match method {
            delete::DeleteMethod::Replace => RetagMode::MoveByReplacement,
            delete::DeleteMethod::Untag | delete::DeleteMethod::Image => RetagMode::Move,
        }
    }
}

/// The plan of a retag.
#[derive(Debug, Clone, Serialize)]
pub struct RetagPlan {
    /// The parts that plans of every kind have.
    #[serde(flatten)]
    pub common: PlanCommon,
    /// The repository of the images.
    pub from: Repository,
    /// Whether the old tags stay.
    pub mode: RetagMode,
    /// The steps, one for each new tag.
    pub steps: Vec<RetagStep>,
}

/// A tag to put.
#[derive(Debug, Clone, Serialize)]
pub struct RetagStep {
    /// The tag or digest by which the user named the image.
    pub selector: Selector,
    /// The digest of the image when the plan was made.
    pub digest: Digest,
    /// The date and size of the image.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// The repository of the new tag.
    pub to: Repository,
    /// The new tag.
    pub tag: Tag,
    /// The digest that the new tag has now; `None` if the tag is free.
    pub replaces: Option<Digest>,
    /// The replacement that the old tag was left on when an earlier retag was cut off. It is removed instead of the
    /// image.
    pub left_on: Option<Digest>,
}

impl RetagStep {
    /// Returns whether the new tag already has the digest.
    pub(crate) fn is_done(&self) -> bool {
        self.replaces == Some(self.digest)
    }
}

impl RetagPlan {
    /// Returns whether nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        !self.mode.moves() && self.steps.iter().all(RetagStep::is_done)
    }

    /// Returns the plan in a few words.
    pub(crate) fn title(&self) -> SafeText {
        let verb = if self.mode.moves() { "rename" } else { "retag" };
        let name = &self.from.name;
        SafeText::from(match self.steps.as_slice() {
            [step] if step.to == self.from => format!("{verb} {name}:{} → {}", step.selector, step.tag),
            [step] => format!("{verb} {name}:{} → {}:{}", step.selector, step.to.name, step.tag),
            steps => format!("{verb} {} tags of {name}", steps.len()),
        })
    }
}
