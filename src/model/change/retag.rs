//! Retags: the same bytes under another tag.

use serde::{Deserialize, Serialize};

use super::PlanCommon;
use super::delete;
use super::image_info::ImageInfo;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::server::{OwnApiRestore, OwnApiUntag};
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
    /// The old tags are removed by the own API of the registry's vendor. See [`delete::DeleteMethod::OwnApi`].
    MoveByOwnApi,
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
            RetagMode::MoveByOwnApi => Some(delete::DeleteMethod::OwnApi),
        }
    }

    /// Returns the mode that removes the old tags by a method. An image is never removed with its old tag.
    pub(crate) fn with_method(method: delete::DeleteMethod) -> RetagMode {
        match method {
            delete::DeleteMethod::Replace => RetagMode::MoveByReplacement,
            delete::DeleteMethod::OwnApi => RetagMode::MoveByOwnApi,
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
    /// The vendor whose own API can remove the old tags, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_api: Option<OwnApiUntag>,
    /// The vendor whose own API puts tags back on images that the registry API does not serve any more, if a step needs
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<OwnApiRestore>,
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
    /// Whether the vendor's own API puts the tag there, because the registry API does not serve the image any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_own_api: bool,
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

#[cfg(test)]
mod tests {
    use RetagMode::{Add, Move, MoveByReplacement};

    use super::*;
    use crate::model::change::builders::{digest, repository, retag_plan, retag_step};

    #[test]
    fn a_title_names_one_tag_or_counts_them() {
        let other = RetagStep { to: repository("r.test/prod"), ..retag_step("1.4.2", "stable") };
        let by_digest = RetagStep { selector: Selector::Digest(digest("a")), ..retag_step("1", "stable") };
        let table = [
            (Add, vec![retag_step("1.4.2", "stable")], "retag team/app:1.4.2 → stable".to_string()),
            (Move, vec![retag_step("1.4.2", "stable")], "rename team/app:1.4.2 → stable".into()),
            (MoveByReplacement, vec![other], "rename team/app:1.4.2 → prod:stable".into()),
            (Add, vec![by_digest], format!("retag team/app:{} → stable", digest("a"))),
            (Add, vec![retag_step("1", "a"), retag_step("2", "b")], "retag 2 tags of team/app".into()),
        ];
        for (mode, steps, title) in table {
            assert_eq!(retag_plan(mode, steps).title().as_str(), title);
        }
    }

    #[test]
    fn nothing_is_left_to_do_if_every_new_tag_is_in_place_and_every_old_one_stays() {
        let step = |replaces: Option<&str>| RetagStep {
            replaces: replaces.map(digest),
            ..retag_step("1.4.2", "stable")
        };
        let table = [
            ("in place", Add, vec![step(Some("a"))], true),
            ("one of two is free", Add, vec![step(Some("a")), step(None)], false),
            ("another image is there", Add, vec![step(Some("b"))], false),
            ("the old tag still has to go", Move, vec![step(Some("a"))], false),
        ];
        for (case, mode, steps, is_done) in table {
            assert_eq!(retag_plan(mode, steps).is_done(), is_done, "{case}");
        }
    }

    #[test]
    fn a_rename_removes_old_tags_by_name_or_by_replacement_and_never_images() {
        use delete::DeleteMethod::{Image, Replace, Untag};
        for (mode, method) in [(Add, None), (Move, Some(Untag)), (MoveByReplacement, Some(Replace))] {
            assert_eq!((mode.method(), mode.moves()), (method, method.is_some()), "{mode:?}");
        }
        for (method, mode) in [(Untag, Move), (Image, Move), (Replace, MoveByReplacement)] {
            assert_eq!(RetagMode::with_method(method), mode, "{method:?}");
        }
    }
}
