//! The files that differ in words, for the screen and the command line.

use super::{DiffedFile, FileChange, FileDiff, FileFacts, FileState};
use crate::layer::entry::{EntryKind, mode_text};
use crate::model::plural::{counted, group_thousands};
use crate::model::size;
use crate::model::text::SafeText;

impl FileChange {
    /// The changes in the order in which they are counted, each with its sign and its word.
    const ALL: [(FileChange, &'static str, &'static str); 6] = [
        (FileChange::Added, "+", "added"),
        (FileChange::AddedOrChanged, "+~", "added or changed"),
        (FileChange::Removed, "-", "removed"),
        (FileChange::RemovedOrChanged, "-~", "removed or changed"),
        (FileChange::Changed, "~", "changed"),
        (FileChange::Unknown, "?", "not known"),
    ];

    /// Returns its sign.
    pub(crate) fn sign(self) -> &'static str {
        FileChange::ALL.iter().find(|(change, ..)| *change == self).map_or("", |(_, sign, _)| sign)
    }

    /// Returns its word.
    pub(crate) fn word(self) -> &'static str {
        FileChange::ALL.iter().find(|(change, ..)| *change == self).map_or("", |(.., word)| word)
    }
}

impl FileDiff {
    /// Returns the counts of files by their changes.
    pub(crate) fn describe(&self) -> String {
        let counts = FileChange::ALL.into_iter().map(|(change, _, word)| (self.count(change), word));
        let counts: Vec<String> = counts
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{} {word}", group_thousands(count)))
            .collect();
        if counts.is_empty() { "none differs".into() } else { counts.join(", ") }
    }
}

/// Returns a sentence about shared layers that were not read: `2 shared layers were not read (68.9 MB)`.
pub(crate) fn describe_unread(layers: usize, bytes: u64) -> String {
    let layers = counted(layers, "shared layer was", "shared layers were");
    format!("{layers} not read ({})", size::bytes(bytes))
}

impl DiffedFile {
    /// Returns the sizes on both sides. A side without the file has none, and one that was not read a question mark.
    pub(crate) fn sizes(&self) -> [String; 2] {
        [&self.left, &self.right].map(|state| match state {
            FileState::Absent => String::new(),
            FileState::Unread => "?".into(),
            FileState::Present(facts) if facts.kind == EntryKind::File => size::bytes(facts.size),
            FileState::Present(_) => "-".into(),
        })
    }

    /// Returns the type and the permissions, of both sides if they differ.
    pub(crate) fn modes(&self) -> String {
        self.both(&|facts| mode_text(facts.kind, facts.mode))
    }

    /// Returns whether both sides have a mode, and another one.
    pub(crate) fn has_other_mode(&self) -> bool {
        match (&self.left, &self.right) {
            (FileState::Present(left), FileState::Present(right)) => {
                mode_text(left.kind, left.mode) != mode_text(right.kind, right.mode)
            }
            _ => false,
        }
    }

    /// Returns the numbers of the owner and the group, of both sides if they differ.
    pub(crate) fn owners(&self) -> String {
        self.both(&|facts| format!("{}:{}", facts.uid, facts.gid))
    }

    /// Returns the path with a slash behind a directory.
    pub(crate) fn shown_path(&self) -> String {
        let mut path = safe(&self.path);
        let is_directory = |state: &FileState| matches!(state, FileState::Present(facts) if facts.kind == EntryKind::Directory);
        if self.path.is_empty()
            || is_directory(&self.right)
            || (is_directory(&self.left) && self.right == FileState::Absent)
        {
            path.push('/');
        }
        path
    }

    /// Returns the targets of a link and the aspects that differ, to stand behind the path. Empty if there are none.
    pub(crate) fn notes(&self) -> String {
        let link = self.both(&|facts| safe(&facts.link));
        let link = if link.is_empty() { link } else { format!(" -> {link}") };
        let names: Vec<&str> = self.aspects.names().collect();
        if names.is_empty() { link } else { format!("{link}  ({})", names.join(", ")) }
    }

    /// Returns a value of both sides, or of the right one if they are the same.
    fn both(&self, value: &dyn Fn(&FileFacts) -> String) -> String {
        let value = |state: &FileState| match state {
            FileState::Present(facts) => Some(value(facts)),
            FileState::Absent | FileState::Unread => None,
        };
        match (value(&self.left), value(&self.right)) {
            (Some(left), Some(right)) if left != right => format!("{left} → {right}"),
            (left, right) => right.or(left).unwrap_or_default(),
        }
    }
}

/// Returns bytes as text that is safe to draw.
fn safe(bytes: &[u8]) -> String {
    SafeText::clean(&String::from_utf8_lossy(bytes)).to_string()
}
