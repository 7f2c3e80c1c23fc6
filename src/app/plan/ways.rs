//! The ways to take tags away that a plan offers, the chosen one marked.

use super::{Page, Press, Tone};
use crate::model::columns;
use crate::model::work::delete::Manner;

/// With fewer rows than this only the chosen way is shown.
const FEW_ROWS: usize = 8;

impl Page {
    /// The ways that there are, the chosen one marked; where there is little room, only that one.
    /// `stays` says whether the images are known to stay with the one that the plan is of.
    pub(super) fn ways(&mut self, ways: &[Manner], chosen: Manner, stays: bool) {
        let stays = |manner| stays && manner == Manner::Untag && chosen == Manner::Untag;
        let chosen = self.wished.unwrap_or(chosen);
        if self.rows < FEW_ROWS {
            let text = format!("● {}", word(chosen));
            return self.field("way", Tone::Strong, &text);
        }
        let mut label = "way";
        for &manner in ways {
            let sign = if manner == chosen { "●" } else { "○" };
            let tone = if manner == chosen { Tone::Strong } else { Tone::Dim };
            let name = columns::left(word(manner), 13);
            let room = self.width.saturating_sub(super::LABELS + 2 + 13);
            let pieces = vec![
                (Tone::Dim, columns::left(label, super::LABELS)),
                (tone, format!("{sign} {name}")),
                (Tone::Dim, columns::cut(meaning(manner, stays(manner)), room)),
            ];
            self.pressable(Press::Way(manner), pieces);
            label = "";
        }
    }
}

fn word(manner: Manner) -> &'static str {
    match manner {
        Manner::Untag => "untag",
        Manner::Image => "delete image",
        Manner::Replace => "replace",
    }
}

fn meaning(manner: Manner, stays: bool) -> &'static str {
    match manner {
        Manner::Untag if stays => "the named tags go, the images stay",
        Manner::Untag => "only the named tags are deleted",
        Manner::Image => "the images go, with every tag that they have",
        Manner::Replace => "each tag is put on a manifest of its own, which is deleted",
    }
}
