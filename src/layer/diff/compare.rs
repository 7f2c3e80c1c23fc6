//! The walk through two trees at once.

use std::cmp::Ordering;
use std::sync::Arc;

use super::stand_ins::EXISTS;
use super::{DiffRow, DiffTree, FileChange, FileDiff};
use crate::layer::entry::EntryKind;
use crate::layer::tree::{FileVersion, PathId};

/// The aspects in which two versions of a path differ. A time alone is no difference: each build sets it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aspects(u8);

impl Aspects {
    const KIND: u8 = 1;
    const MODE: u8 = 2;
    const OWNER: u8 = 4;
    const SIZE: u8 = 8;
    const LINK: u8 = 16;
    const CONTENT: u8 = 32;
    /// The content of a directory in layers that were not read.
    const BELOW: u8 = 64;

    /// Returns the names of the aspects.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (Aspects::KIND, "type"),
            (Aspects::MODE, "mode"),
            (Aspects::OWNER, "owner"),
            (Aspects::SIZE, "size"),
            (Aspects::LINK, "link"),
            (Aspects::CONTENT, "content"),
            (Aspects::BELOW, "content below"),
        ];
        all.into_iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| name)
    }

    fn add(&mut self, bit: u8, differs: bool) {
        if differs {
            self.0 |= bit;
        }
    }
}

/// The state of a path without its facts.
#[derive(Debug, Clone, Copy)]
enum PathStanding {
    Absent,
    /// Absent in the layers that were read. One that could not be read may have it.
    Missing,
    /// As in the shared layers that were not read, and whether it is proved to be there.
    Unread(bool),
    Present(PathId, FileVersion),
}

/// The facts about the directories above a path on one side.
#[derive(Debug, Clone, Copy, Default)]
struct SideAbove {
    /// Whether the directory above is absent, or no directory.
    is_closed: bool,
    /// Whether this is so whatever the layers hold that could not be read.
    is_surely_closed: bool,
    /// Whether one was emptied of files of layers that were not read.
    is_emptied: bool,
}

/// A pair of paths to compare.
#[derive(Debug, Clone, Copy)]
struct PathPair {
    left: Option<PathId>,
    right: Option<PathId>,
    depth: u16,
    left_above: SideAbove,
    right_above: SideAbove,
    /// Whether the row of the directory above stands for all paths below it.
    is_covered: bool,
}

impl FileDiff {
    /// Walks through both trees, and notes the rows in the order of a tree.
    pub(super) fn compare(&mut self) {
        let roots = self.compare_roots();
        let mut stack = self.children(&roots);
        while let Some(mut pair) = stack.pop() {
            let left = self.left.standing(pair.left, pair.left_above);
            let right = self.right.standing(pair.right, pair.right_above);
            let (mut change, mut aspects) = self.compare_pair(left, right);
            if self.empty(&mut pair) && is_open(left) && is_open(right) {
                self.hidden.push(self.path(pair.left, pair.right));
                if change != Some(FileChange::Changed) {
                    aspects.add(Aspects::BELOW, true);
                }
                change = change.or(Some(FileChange::Unknown));
            }
            let is_one_sided = matches!(
                (left, right),
                (PathStanding::Absent | PathStanding::Missing, PathStanding::Unread(_))
                    | (PathStanding::Unread(_), PathStanding::Absent | PathStanding::Missing)
            );
            match change {
                Some(change) if !(is_one_sided && pair.is_covered) => {
                    self.rows.push(DiffRow {
                        left: pair.left,
                        right: pair.right,
                        is_unread: [left, right].map(is_unread),
                        depth: pair.depth,
                        change,
                        aspects,
                    });
                }
                None if matches!((left, right), (PathStanding::Present(..), _)) => self.same += 1,
                Some(_) | None => {}
            }
            pair.is_covered = is_one_sided;
            self.left.close(&mut pair.left_above, left);
            self.right.close(&mut pair.right_above, right);
            pair.depth = pair.depth.saturating_add(1);
            stack.extend(self.children(&pair));
        }
        self.drop_parents();
    }

    /// Compares the roots. They have a row only if one image emptied its own.
    fn compare_roots(&mut self) -> PathPair {
        let (left, right) = (Some(PathId::ROOT), Some(PathId::ROOT));
        let mut pair = PathPair {
            left,
            right,
            depth: 0,
            left_above: SideAbove::default(),
            right_above: SideAbove::default(),
            is_covered: false,
        };
        if self.empty(&mut pair) {
            self.hidden.push(Vec::new());
            let (change, aspects) = (FileChange::Unknown, Aspects(Aspects::BELOW));
            self.rows.push(DiffRow { left, right, is_unread: [true; 2], depth: 0, change, aspects });
        }
        PathPair { depth: 1, ..pair }
    }

    /// Notes which sides emptied the directory. Returns whether this is the first one, from the root on, that only one side
    /// emptied.
    fn empty(&self, pair: &mut PathPair) -> bool {
        let PathPair { left, right, left_above, right_above, .. } = pair;
        let was_alike = left_above.is_emptied == right_above.is_emptied;
        left_above.is_emptied |= self.left.was_emptied(*left);
        right_above.is_emptied |= self.right.was_emptied(*right);
        was_alike && left_above.is_emptied != right_above.is_emptied
    }

    /// Returns the pairs below a pair, the last name first.
    fn children(&self, pair: &PathPair) -> Vec<PathPair> {
        let (left, right) = (self.left.sorted_children(pair.left), self.right.sorted_children(pair.right));
        let mut pairs = Vec::with_capacity(left.len().max(right.len()));
        let (mut at, mut other) = (0, 0);
        loop {
            let order = match (left.get(at), right.get(other)) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(left), Some(right)) => self.left.tree.name(*left).cmp(self.right.tree.name(*right)),
            };
            let one = left.get(at).copied().filter(|_| order != Ordering::Greater);
            let two = right.get(other).copied().filter(|_| order != Ordering::Less);
            at += usize::from(one.is_some());
            other += usize::from(two.is_some());
            pairs.push(PathPair { left: one, right: two, ..*pair });
        }
        pairs.reverse();
        pairs
    }

    fn compare_pair(&self, left: PathStanding, right: PathStanding) -> (Option<FileChange>, Aspects) {
        let change = match (left, right) {
            (PathStanding::Absent | PathStanding::Missing, PathStanding::Absent | PathStanding::Missing)
            | (PathStanding::Unread(_), PathStanding::Unread(_)) => None,
            (PathStanding::Absent, PathStanding::Present(..) | PathStanding::Unread(true)) => {
                Some(FileChange::Added)
            }
            (PathStanding::Present(..) | PathStanding::Unread(true), PathStanding::Absent) => {
                Some(FileChange::Removed)
            }
            (PathStanding::Absent, PathStanding::Unread(false))
            | (PathStanding::Unread(false), PathStanding::Absent)
            | (PathStanding::Missing, PathStanding::Unread(_))
            | (PathStanding::Unread(_), PathStanding::Missing) => Some(FileChange::Unknown),
            (PathStanding::Unread(_) | PathStanding::Missing, PathStanding::Present(..)) => {
                Some(FileChange::AddedOrChanged)
            }
            (PathStanding::Present(..), PathStanding::Unread(_) | PathStanding::Missing) => {
                Some(FileChange::RemovedOrChanged)
            }
            (PathStanding::Present(left, one), PathStanding::Present(right, other)) => {
                return self.compare_versions(left, &one, right, &other);
            }
        };
        (change, Aspects::default())
    }

    fn compare_versions(
        &self,
        left_id: PathId,
        left: &FileVersion,
        right_id: PathId,
        right: &FileVersion,
    ) -> (Option<FileChange>, Aspects) {
        let mut aspects = Aspects::default();
        if self.is_same_entry(left, right) && left.kind != EntryKind::HardLink {
            return (None, aspects);
        }
        let (_, one) = self.left.content(left_id, left);
        let (_, other) = self.right.content(right_id, right);
        let has_entry = left.entry.is_some() && right.entry.is_some();
        aspects.add(Aspects::KIND, one.kind != other.kind);
        aspects.add(Aspects::MODE, has_entry && left.mode != right.mode && left.kind != EntryKind::Symlink);
        aspects.add(Aspects::OWNER, has_entry && (left.uid, left.gid) != (right.uid, right.gid));
        let mut is_unknown = false;
        if one.kind == other.kind {
            let (entry, other_entry) = (self.left.entry(&one), self.right.entry(&other));
            let link = |entry: &Option<_>| {
                entry.as_ref().map(|entry: &crate::layer::LayerEntry<'_>| entry.link.clone())
            };
            match one.kind {
                EntryKind::File => {
                    let sum = |entry: &Option<crate::layer::LayerEntry<'_>>| {
                        entry.as_ref().and_then(|entry| entry.sha256)
                    };
                    aspects.add(Aspects::SIZE, one.size != other.size);
                    match (sum(&entry), sum(&other_entry)) {
                        _ if self.is_same_entry(&one, &other) => {}
                        (Some(sum), Some(other)) => aspects.add(Aspects::CONTENT, sum != other),
                        _ => is_unknown = one.size == other.size && one.size > 0,
                    }
                }
                EntryKind::Symlink => aspects.add(Aspects::LINK, link(&entry) != link(&other_entry)),
                // Its target was not read, so its content is not known.
                EntryKind::HardLink => {
                    let differs = link(&entry) != link(&other_entry);
                    aspects.add(Aspects::LINK, differs);
                    is_unknown = !differs && !self.is_same_entry(&one, &other);
                }
                _ => {}
            }
        } else if [one.kind, other.kind].contains(&EntryKind::HardLink) {
            // It is a file whose target was not read.
            aspects.0 &= !Aspects::KIND;
            is_unknown = true;
        }
        let change = match (aspects.0, is_unknown) {
            (0, false) => None,
            (0, true) => Some(FileChange::Unknown),
            _ => Some(FileChange::Changed),
        };
        (change, aspects)
    }

    /// Returns whether both are the same record of the same layer.
    fn is_same_entry(&self, left: &FileVersion, right: &FileVersion) -> bool {
        let layer = |side: &'_ DiffTree, version| side.layers.get(side.layer_index(version)?).cloned()?;
        let same_layer = match (layer(&self.left, left), layer(&self.right, right)) {
            (Some(one), Some(other)) => Arc::ptr_eq(&one, &other),
            _ => false,
        };
        same_layer && left.entry.is_some() && left.entry == right.entry
    }

    /// Returns whether a row is the directory above another one, or above that.
    fn is_above(&self, row: &DiffRow, other: &DiffRow) -> bool {
        let steps = usize::from(other.depth.saturating_sub(row.depth));
        let above = |side: &DiffTree, id: Option<PathId>| {
            std::iter::successors(id, |id| side.tree.parent(*id)).nth(steps)
        };
        let is_left = row.left.is_some() && above(&self.left, other.left) == row.left;
        let is_right = row.right.is_some() && above(&self.right, other.right) == row.right;
        steps > 0 && (is_left || is_right)
    }

    /// Leaves out directories that one image touches and the layers that were not read may have too, if something below
    /// them differs: layers repeat the directories above their files.
    fn drop_parents(&mut self) {
        let mut kept: Vec<DiffRow> = Vec::with_capacity(self.rows.len());
        let mut next: Option<DiffRow> = None;
        for row in std::mem::take(&mut self.rows).into_iter().rev() {
            let is_unsure = matches!(row.change, FileChange::AddedOrChanged | FileChange::RemovedOrChanged);
            let is_hidden = row.aspects.0 & Aspects::BELOW != 0;
            let is_parent = is_unsure && !is_hidden && next.is_some_and(|next| self.is_above(&row, &next));
            next = Some(row);
            if !is_parent {
                kept.push(row);
            }
        }
        kept.reverse();
        self.rows = kept;
    }
}

impl DiffTree {
    fn standing(&self, id: Option<PathId>, above: SideAbove) -> PathStanding {
        let version = id.filter(|_| !above.is_closed).and_then(|id| Some((id, self.tree.current(id)?)));
        match version {
            Some((id, version)) if self.is_unread(id) => {
                PathStanding::Unread(version.mode == EXISTS && self.missing == 0)
            }
            Some((id, version)) => PathStanding::Present(id, version),
            None if id.is_none() && self.unread > 0 && !above.is_closed => PathStanding::Unread(false),
            None if self.is_missing(id) && !above.is_surely_closed => PathStanding::Missing,
            None => PathStanding::Absent,
        }
    }

    /// Notes whether something can be below a path with this standing.
    fn close(&self, above: &mut SideAbove, standing: PathStanding) {
        above.is_closed = !is_open(standing);
        above.is_surely_closed = above.is_closed
            && match standing {
                PathStanding::Missing => false,
                PathStanding::Present(_, version) => version.layer > self.missing,
                PathStanding::Absent | PathStanding::Unread(_) => true,
            };
    }

    /// Returns whether the image emptied a directory of files of layers that were not read.
    fn was_emptied(&self, id: Option<PathId>) -> bool {
        self.unread > 0 && id.is_some_and(|id| self.tree.was_emptied(id))
    }

    fn sorted_children(&self, id: Option<PathId>) -> Vec<PathId> {
        let mut children: Vec<PathId> = id.into_iter().flat_map(|id| self.tree.children(id)).collect();
        children.sort_unstable_by(|one, other| self.tree.name(*one).cmp(self.tree.name(*other)));
        children
    }
}

/// Returns whether something can be below the path.
fn is_open(standing: PathStanding) -> bool {
    match standing {
        PathStanding::Absent | PathStanding::Missing => false,
        PathStanding::Unread(_) => true,
        PathStanding::Present(_, version) => version.kind == EntryKind::Directory,
    }
}

/// Returns whether layers that were not read decide about the path.
fn is_unread(standing: PathStanding) -> bool {
    matches!(standing, PathStanding::Unread(_) | PathStanding::Missing)
}
