//! Giving images other tags: the same bytes under another name.

use serde::{Deserialize, Serialize};

use super::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::text::SafeText;

/// Tags to put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Where the images are.
    pub from: Repository,
    /// Which image, and where to: in this repository or another one of the same registry.
    pub items: Vec<(Selector, Repository, Tag)>,
    /// Whether the old tags stay.
    pub manner: Manner,
}

/// Whether the old tags stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// They stay.
    Add,
    /// They are untagged afterwards: the tag is renamed.
    Move,
}

/// What retagging will do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Where the images are.
    pub from: Repository,
    /// Whether the old tags stay.
    pub manner: Manner,
    /// One for each tag.
    pub steps: Vec<Step>,
    /// The rule that forbids it.
    pub refused: Option<Refusal>,
    /// To be typed to confirm.
    pub name_to_type: Option<RepositoryName>,
}

/// One tag to put.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The image as it was named.
    pub selector: Selector,
    /// What that was when the plan was made.
    pub digest: Digest,
    /// The repository of the new tag.
    pub to: Repository,
    /// The new tag.
    pub tag: Tag,
    /// The digest that the new tag has now; `None` where it is free.
    pub replaces: Option<Digest>,
}

impl Step {
    /// Whether the tag is what it should be already.
    pub fn is_done(&self) -> bool {
        self.replaces == Some(self.digest)
    }
}

impl Plan {
    /// In a few words.
    pub fn title(&self) -> SafeText {
        let verb = if self.manner == Manner::Move { "rename" } else { "retag" };
        let name = &self.from.name;
        SafeText::from(match self.steps.as_slice() {
            [step] if step.to == self.from => format!("{verb} {name}:{} → {}", step.selector, step.tag),
            [step] => format!("{verb} {name}:{} → {}:{}", step.selector, step.to.name, step.tag),
            steps => format!("{verb} {} tags of {name}", steps.len()),
        })
    }
}
