//! The columns of the table of files, and the texts in its widest one.

use crate::app::panes::details::files::scene::Scene;
use crate::layer::{EntryKind, PathId};
use crate::model::columns;
use crate::model::text::SafeText;

/// Columns of the sizes.
pub(super) const SIZE: usize = 9;
/// Columns of the modes.
pub(super) const MODE: usize = 10;
/// Columns of the owners.
pub(super) const OWNER: usize = 11;
/// Columns of the numbers of layers.
pub(super) const LAYER: usize = 3;
/// The least width at which the layers, the modes and the owners are shown.
const WITH: [usize; 3] = [54, 84, 96];
/// The least columns that a note beside a name needs.
const NOTE: usize = 16;
/// Columns of each level of the tree.
const INDENT: usize = 3;

/// The columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileColumns {
    pub(super) has_layer: bool,
    pub(super) has_mode: bool,
    pub(super) has_owner: bool,
    /// Columns for the name and the note.
    pub(super) room: usize,
}

impl FileColumns {
    /// Returns the columns for rows of this width.
    pub(super) fn of(width: u16) -> FileColumns {
        let width = usize::from(width);
        let [has_layer, has_mode, has_owner] = WITH.map(|least| width >= least);
        // The marker and the mark stand in front, and one column behind stays free.
        let mut room = width.saturating_sub(2 + SIZE + 2 + 1);
        for (has, columns) in [(has_layer, LAYER + 2), (has_mode, MODE + 2), (has_owner, OWNER + 1)] {
            room = room.saturating_sub(if has { columns } else { 0 });
        }
        FileColumns { has_layer, has_mode, has_owner, room }
    }

    pub(super) fn heading(self) -> String {
        let mut text = format!("  {}  ", columns::right("SIZE", SIZE));
        if self.has_mode {
            text.push_str(&columns::left("MODE", MODE + 2));
        }
        if self.has_owner {
            text.push_str(&columns::left("OWNER", OWNER + 1));
        }
        if self.has_layer {
            text.push_str(&columns::right("L", LAYER));
            text.push_str("  ");
        }
        text + "NAME"
    }
}

/// The columns of names and notes, which follow from the rows on the screen.
pub(super) struct NameColumns {
    /// Columns for names with their links.
    pub(super) name: usize,
    /// Columns for notes with the gap before them; 0 if there is no room or no note.
    pub(super) note: usize,
    /// Columns for both.
    pub(super) room: usize,
}

impl NameColumns {
    pub(super) fn of(
        scene: &Scene,
        is_filtered: bool,
        ids: impl Iterator<Item = PathId>,
        room: usize,
    ) -> NameColumns {
        let (mut widest, mut has_note) = (0, false);
        for id in ids {
            let FileName { lead, name, link } = FileName::of(scene, id, is_filtered, room);
            widest = widest.max(columns::width(&lead) + columns::width(&name) + columns::width(&link));
            has_note |= scene.note(id).is_some();
        }
        let name = widest.min(room.saturating_sub(room / 3));
        let note = room.saturating_sub(name);
        if has_note && note >= NOTE {
            NameColumns { name, note, room }
        } else {
            NameColumns { name: room, note: 0, room }
        }
    }
}

/// The text of a path in its row.
pub(super) struct FileName {
    /// The lines of the tree, and the sign of a directory.
    pub(super) lead: String,
    /// The name, or the whole path in a filtered list.
    pub(super) name: String,
    /// The target of a link.
    pub(super) link: String,
}

impl FileName {
    pub(super) fn of(scene: &Scene, id: PathId, is_filtered: bool, room: usize) -> FileName {
        let entry = scene.entry(id).filter(|entry| !entry.link.is_empty());
        let link = entry.map(|entry| {
            let arrow = if entry.kind == EntryKind::HardLink { "=" } else { "→" };
            format!(" {arrow} {}", SafeText::clean(&String::from_utf8_lossy(&entry.link)))
        });
        let bytes = if is_filtered { scene.tree.path(id) } else { scene.tree.name(id).to_vec() };
        let name = SafeText::clean(&String::from_utf8_lossy(&bytes)).to_string();
        let lead = if is_filtered {
            String::new()
        } else {
            let levels = scene.depth(id).min(room / 2 / INDENT);
            let sign = match (scene.sums.has_shown(id), scene.open.contains(&id.number())) {
                (true, true) => "▾ ",
                (true, false) => "▸ ",
                (false, _) => "  ",
            };
            "│  ".repeat(levels) + sign
        };
        FileName { lead, name, link: link.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_left_out_one_by_one_in_a_narrow_pane() {
        let headings = [48, 60, 90, 120].map(|width| FileColumns::of(width).heading());
        let words = headings.map(|heading| heading.split_whitespace().map(String::from).collect::<Vec<_>>());
        assert_eq!(words[0], ["SIZE", "NAME"]);
        assert_eq!(words[1], ["SIZE", "L", "NAME"]);
        assert_eq!(words[2], ["SIZE", "MODE", "L", "NAME"]);
        assert_eq!(words[3], ["SIZE", "MODE", "OWNER", "L", "NAME"]);
    }
}
