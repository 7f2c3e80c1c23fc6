//! The lines about images that lose their last tag or are deleted, and about the tags that keep them.

use super::{PlanPage, Tone};
use crate::model::change::loss::Loss;
use crate::model::server::Cleanup;

/// The key that toggles whether the images are kept.
pub const KEY: char = 'K';

impl PlanPage {
    /// Adds the fate of the images in the registry, and the switch that keeps them. Adds nothing if all of them keep a
    /// name.
    pub(crate) fn loss(&mut self, loss: &Loss) {
        let Some(fate) = loss.fate() else { return };
        let tone = match (loss.is_at_risk(), loss.cleanup) {
            (false, _) => Tone::Good,
            (true, Cleanup::AtOnce) => Tone::Bad,
            (true, _) => Tone::Warn,
        };
        self.field("images", tone, &fate);
        if loss.is_offered() {
            let them = if loss.keepable_images().nth(1).is_some() { "them" } else { "it" };
            self.switch(
                "keep",
                KEY,
                self.requested_keep.unwrap_or(loss.keep),
                &format!("{them} as {}", loss.tags()),
            );
        }
    }
}
