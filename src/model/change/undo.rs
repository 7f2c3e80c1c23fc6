//! Undo: putting back everything that a journal entry replaced.

use jiff::Timestamp;
use serde::Serialize;

use super::PlanCommon;
use super::delete::DeleteMethod;
use super::image_info::ImageInfo;
use super::journal::EntryId;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector};
use crate::model::text::SafeText;

/// The plan of an undo.
#[derive(Debug, Clone, Serialize)]
pub struct UndoPlan {
    /// The parts that plans of every kind have.
    #[serde(flatten)]
    pub common: PlanCommon,
    /// The journal entry that is undone.
    pub entry: EntryId,
    /// The title of the change that is undone.
    pub of: SafeText,
    /// The time at which that change began.
    pub at: Timestamp,
    /// The method by which new tags are removed: by name, or by replacements if the server cannot delete by tag.
    pub method: DeleteMethod,
    /// A hint that would make the impossible steps possible.
    pub hint: Option<SafeText>,
    /// Images that stay although the change is undone, in words: a copy's images, then untagged.
    pub leaves: Option<SafeText>,
    /// The steps, one for each tag or manifest.
    pub steps: Vec<UndoStep>,
}

/// A tag or manifest to put back as it was.
#[derive(Debug, Clone, Serialize)]
pub struct UndoStep {
    /// The repository.
    pub repository: Repository,
    /// The tag or digest.
    pub selector: Selector,
    /// The digest before the change; `None` if there was no such tag, so that it is removed again.
    pub before: Option<Digest>,
    /// The digest now.
    pub now: Option<Digest>,
    /// The date and size of the image that is put back, or of the image that loses its tag.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// The replacement that the tag was left on when its removal was cut off.
    pub left_on: Option<Digest>,
    /// Whether the tag is removed by a replacement.
    pub by_replacement: bool,
    /// Whether the tag is a probe of the change, which is removed with its manifest.
    pub is_probe: bool,
    /// Whether the change of this tag was sent a moment ago and never confirmed. The tag is as it was before, and the
    /// change may still become visible.
    pub may_arrive: bool,
    /// The reason why the tag or manifest cannot be put back: `2 of its blobs are gone`, `it moved since, to
    /// 6b8e0f9a1c2d`.
    pub impossible: Option<SafeText>,
}

impl UndoStep {
    /// Creates the step that brings a tag or manifest from its digest `now` back to the one `before`. Nothing else is
    /// known about it yet.
    pub fn new(
        repository: Repository,
        selector: Selector,
        before: Option<Digest>,
        now: Option<Digest>,
    ) -> UndoStep {
        UndoStep {
            repository,
            selector,
            before,
            now,
            info: ImageInfo::default(),
            left_on: None,
            by_replacement: false,
            is_probe: false,
            may_arrive: false,
            impossible: None,
        }
    }
}

impl UndoPlan {
    /// Returns whether no step is possible.
    pub(crate) fn is_impossible(&self) -> bool {
        self.steps.iter().all(|step| step.impossible.is_some())
    }

    /// Returns the plan in a few words.
    pub(crate) fn title(&self) -> SafeText {
        SafeText::from(format!("undo: {}", self.of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{undo_plan, undo_step};

    #[test]
    fn an_undo_is_impossible_if_no_step_of_it_is_possible() {
        let possible = || undo_step("1", Some("a"), None);
        let impossible = || UndoStep { impossible: Some("it moved since".into()), ..possible() };
        for (case, steps, is_impossible) in [
            ("no step", vec![], true),
            ("all are impossible", vec![impossible(), impossible()], true),
            ("one is possible", vec![impossible(), possible()], false),
        ] {
            assert_eq!(undo_plan(steps).is_impossible(), is_impossible, "{case}");
        }
        assert_eq!(undo_plan(Vec::new()).title().as_str(), "undo: untag team/app:1.4.2");
    }
}
