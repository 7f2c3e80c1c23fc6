//! The rows about images that lose their last tag or are deleted, and about the tags that keep them.

use super::{PlanOption, Rows, Tone};
use crate::model::change::loss::Loss;
use crate::model::server::Cleanup;

impl Rows {
    /// Adds the fate of the images in the registry, and the switch that keeps them. Adds nothing if all of them keep a
    /// name.
    pub(super) fn loss(&mut self, loss: &Loss) {
        let Some(fate) = loss.fate() else { return };
        let tone = match (loss.is_at_risk(), loss.cleanup) {
            (false, _) => Tone::Good,
            (true, Cleanup::AtOnce) => Tone::Bad,
            (true, _) => Tone::Warn,
        };
        self.fact("images", tone, fate);
        if loss.is_offered() {
            let them = if loss.keepable_images().nth(1).is_some() { "them" } else { "it" };
            let keep = self.requested.keep.unwrap_or(loss.keep);
            self.switch("keep", PlanOption::Keep, keep, format!("{them} as {}", loss.tags()));
        }
    }
}
