//! Giving images other tags: the same bytes under another name.

use serde::{Deserialize, Serialize};

use super::delete;
use super::info::ImageInfo;
use super::loss::Loss;
use super::progress::Unresolved;
use super::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::text::SafeText;

/// Tags to put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetagRequest {
    /// Where the images are.
    pub from: Repository,
    /// Which image, and where to: in this repository or another one of the same registry.
    pub items: Vec<(Selector, Repository, Tag)>,
    /// Whether the old tags stay.
    #[serde(alias = "mode")]
    pub mode: RetagMode,
    /// Whether images that tags are taken from are kept under a tag of their own.
    #[serde(default)]
    pub keep: bool,
}

/// Whether the old tags stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetagMode {
    /// They stay.
    Add,
    /// They are untagged afterwards: the tag is renamed.
    Move,
    /// The same where the server cannot delete by tag: they go by way of replacements, as with
    /// [`delete::DeleteMethod::Replace`].
    MoveByReplacement,
}

impl RetagMode {
    /// Whether the old tags go.
    pub fn moves(self) -> bool {
        self != RetagMode::Add
    }

    /// The way in which the old tags go.
    pub fn method(self) -> Option<delete::DeleteMethod> {
        match self {
            RetagMode::Add => None,
            RetagMode::Move => Some(delete::DeleteMethod::Untag),
            RetagMode::MoveByReplacement => Some(delete::DeleteMethod::Replace),
        }
    }

    /// To move by this way. An image never goes with its old tag.
    pub fn moving(way: delete::DeleteMethod) -> RetagMode {
        match way {
            delete::DeleteMethod::Replace => RetagMode::MoveByReplacement,
            delete::DeleteMethod::Untag | delete::DeleteMethod::Image => RetagMode::Move,
        }
    }
}

/// What retagging will do.
#[derive(Debug, Clone, Serialize)]
pub struct RetagPlan {
    /// Where the images are.
    pub from: Repository,
    /// Whether the old tags stay.
    pub mode: RetagMode,
    /// The ways in which old tags can go, where there is a choice.
    pub methods: Vec<delete::DeleteMethod>,
    /// One for each tag.
    pub steps: Vec<RetagStep>,
    /// The images that tags are taken from, and what the registry does with them.
    pub loss: Loss,
    /// Why the server does not take the old tags away in this mode.
    pub blocked: Option<Refusal>,
    /// What was asked for and is not done, and why.
    pub unresolved: Vec<Unresolved>,
    /// The rule that forbids it.
    pub refused: Option<Refusal>,
    /// To be typed to confirm.
    pub name_to_type: Option<RepositoryName>,
}

/// One tag to put.
#[derive(Debug, Clone, Serialize)]
pub struct RetagStep {
    /// The image as it was named.
    pub selector: Selector,
    /// What that was when the plan was made.
    pub digest: Digest,
    /// The date and size of the image.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// The repository of the new tag.
    pub to: Repository,
    /// The new tag.
    pub tag: Tag,
    /// The digest that the new tag has now; `None` where it is free.
    pub replaces: Option<Digest>,
    /// The replacement that the old tag was left on when moving it was cut off: it goes instead of the image.
    pub left_on: Option<Digest>,
}

impl RetagStep {
    /// Whether the tag is what it should be already.
    pub fn is_done(&self) -> bool {
        self.replaces == Some(self.digest)
    }
}

impl RetagPlan {
    /// In a few words.
    pub fn title(&self) -> SafeText {
        let verb = if self.mode.moves() { "rename" } else { "retag" };
        let name = &self.from.name;
        SafeText::from(match self.steps.as_slice() {
            [step] if step.to == self.from => format!("{verb} {name}:{} → {}", step.selector, step.tag),
            [step] => format!("{verb} {name}:{} → {}:{}", step.selector, step.to.name, step.tag),
            steps => format!("{verb} {} tags of {name}", steps.len()),
        })
    }
}
