//! The files of two images that differ, and the layers that tell them.

use std::sync::Arc;

use super::FileDiffPlan;
use crate::layer::LayerFiles;
use crate::layer::diff::{ContentPlace, DiffOperand, FileDiff};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
use crate::ops::files::left_out::LeftOutLayer;

/// The differences between files, with the layers that hold their contents.
#[derive(Debug)]
pub struct DiffedFiles {
    /// The differences.
    pub diff: Arc<FileDiff>,
    pub(super) plan: FileDiffPlan,
    /// The lists of the layers of the plan. `None` for those that could not be read.
    pub(super) lists: Vec<Option<Arc<LayerFiles>>>,
    /// The layers of the left and the right image that could not be read.
    pub(super) left_out: [Vec<LeftOutLayer>; 2],
}

impl DiffedFiles {
    /// Returns the plan by which the files were read.
    pub fn plan(&self) -> &FileDiffPlan {
        &self.plan
    }

    /// Returns the layers of an image that could not be read, bottom first.
    pub fn left_out(&self, operand: DiffOperand) -> &[LeftOutLayer] {
        &self.left_out[operand as usize]
    }

    /// Returns a sentence for each layer that could not be read.
    pub fn describe_left_out(&self) -> Vec<SafeText> {
        let sides = [("left", DiffOperand::Left), ("right", DiffOperand::Right)];
        let sentences = sides.into_iter().flat_map(|(side, operand)| {
            self.left_out(operand).iter().map(move |layer| SafeText::from(format!("{side} image: {layer}")))
        });
        sentences.collect()
    }

    /// Returns a sentence for each layer whose files nothing proves, or whose table of contents was refused.
    pub fn unproved(&self) -> Vec<SafeText> {
        let mut all = Vec::new();
        for (layer, list) in self.plan.layers.iter().zip(&self.lists) {
            let Some(list) = list else { continue };
            let side = if layer.operand == DiffOperand::Left { "left" } else { "right" };
            let index = layer.index.saturating_sub(self.plan.unread);
            let number = self.diff.layer(layer.operand, index).map_or(layer.index + 1, |(number, _)| number);
            if !list.is_proved {
                let why = "its manifest does not name the digest of its table of contents";
                all.push(format!(
                    "layer {number} of the {side} image: nothing proves that its files are true: {why}"
                ));
            }
            if let Some(why) = &list.refused_table {
                all.push(format!(
                    "layer {number} of the {side} image: its table of contents was refused, so all of it was read: {why}"
                ));
            }
        }
        all.into_iter().map(SafeText::from).collect()
    }

    /// Returns whether the layers that were read tell the content of a path in both images.
    pub fn is_enough_for(&self, path: &[u8]) -> bool {
        let is_known = |operand| self.diff.locate(operand, path) != ContentPlace::Unread;
        is_known(DiffOperand::Left) && is_known(DiffOperand::Right)
    }

    /// Returns whether no layer that could not be read may have another content of a path.
    pub fn is_sure_of(&self, path: &[u8]) -> bool {
        self.diff.is_sure_of(DiffOperand::Left, path) && self.diff.is_sure_of(DiffOperand::Right, path)
    }

    /// Returns a failure if no layer that was read has the path.
    pub fn check_exists(&self, path: &[u8]) -> Result<(), Failure> {
        let places = [DiffOperand::Left, DiffOperand::Right].map(|operand| self.diff.locate(operand, path));
        if places.iter().any(|place| !matches!(place, ContentPlace::Absent | ContentPlace::Unread)) {
            return Ok(());
        }
        let what = format!("cannot compare {}", SafeText::clean(&String::from_utf8_lossy(path)));
        if places.contains(&ContentPlace::Unread) {
            return Err(Failure::local(what, "no layer that could be read has such a file"));
        }
        let failure = Failure::local(what, "neither image has such a file");
        Err(Failure { kind: FailureKind::NotFound, ..failure })
    }
}
