//! Hidden bytes: the contents that an image holds and does not show.
//!
//! A file is hidden if a later layer replaced it, removed it or a directory above it, or put something else in the place
//! of such a directory. A file that is still shown under the name of a hard link is not hidden; otherwise the layer that
//! hides the last of its names hides it. Hard links themselves have no bytes.

use std::collections::{HashMap, HashSet};

use super::entry::EntryKind;
use super::finding::Findings;
use super::image_finding::{Candidate, ImageFindingKind, Ranking, TopFindings};
use super::list::FileList;
use super::tree::{FileTree, FileVersion, Hidden, PathId};

/// A layer, as far as findings need it.
#[derive(Debug, Clone, Copy)]
pub struct LayerFacts<'a> {
    /// Its entries.
    pub list: &'a FileList,
    /// Its peculiarities.
    pub findings: &'a Findings,
    /// Its compressed size in bytes, if it is known.
    pub compressed: Option<u64>,
    /// Its uncompressed size in bytes, if it is known. Otherwise the sum of its files stands for it.
    pub uncompressed: Option<u64>,
}

/// The bytes of files in one layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayerWaste {
    /// Its files.
    pub files: u64,
    /// The bytes of its files.
    pub file_bytes: u64,
    /// Those of them that a later layer hides, or a later entry of the same layer.
    pub hidden_bytes: u64,
    /// The bytes that it hides, of lower layers and of its own.
    pub hides_bytes: u64,
    /// An estimate of the compressed bytes that its hidden files take, if its size is known.
    pub compressed_hidden: Option<u64>,
}

/// The hidden bytes of an image. All sums are exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waste {
    /// The files of all layers, hidden ones too.
    pub files: u64,
    /// The bytes of them.
    pub file_bytes: u64,
    /// The hidden files.
    pub hidden_files: u64,
    /// The bytes of them.
    pub hidden_bytes: u64,
    /// An estimate of the compressed bytes that the hidden files take. `None` if the size of a layer is not known.
    pub compressed_hidden: Option<u64>,
    /// The layers, bottom first.
    pub layers: Vec<LayerWaste>,
    /// The hidden bytes by path. A removed directory is one finding for each layer that it is from.
    pub paths: TopFindings,
}

impl Waste {
    /// Returns the part of all file bytes that the image shows, from 0 to 1.
    pub fn efficiency(&self) -> f64 {
        1.0 - self.hidden_part()
    }

    /// Returns the part of all file bytes that is hidden, from 0 to 1.
    pub fn hidden_part(&self) -> f64 {
        match self.file_bytes {
            0 => 0.0,
            all => self.hidden_bytes as f64 / all as f64,
        }
    }

    /// Returns the part of all file bytes that is hidden, in percent: `6.7 %`, `< 0.1 %`.
    pub fn hidden_percent(&self) -> String {
        let percent = self.hidden_part() * 100.0;
        if self.hidden_bytes > 0 && percent < 0.1 { "< 0.1 %".into() } else { format!("{percent:.1} %") }
    }

    /// Computes the hidden bytes of an image. `layers` are those of the tree, bottom first.
    pub fn measure(tree: &FileTree, layers: &[LayerFacts<'_>]) -> Waste {
        let mut linked = LinkedContents::default();
        let mut removed = RemovedDirectories { tree, removed: HashSet::new(), tops: HashMap::new() };
        for id in tree.paths() {
            for version in tree.versions(id) {
                match (version.kind, version.hidden) {
                    (EntryKind::HardLink, _) => linked.add_link(tree, id, &version),
                    (EntryKind::Directory, Some((by, how))) => {
                        removed.removed.insert((id, by, how));
                    }
                    _ => {}
                }
            }
        }
        let mut sums = vec![LayerWaste::default(); layers.len()];
        let mut rows: HashMap<(PathId, u16, u16, Hidden), (u64, u64)> = HashMap::new();
        let (mut files, mut hidden_files) = (0, 0);
        for id in tree.paths() {
            for version in tree.versions(id).filter(|version| version.kind == EntryKind::File) {
                files += 1;
                if let Some(layer) = layer_mut(&mut sums, version.layer) {
                    layer.files += 1;
                    add(&mut layer.file_bytes, version.size);
                }
                let Some((id, by, how)) = linked.hidden(id, &version) else { continue };
                hidden_files += 1;
                if let Some(layer) = layer_mut(&mut sums, version.layer) {
                    add(&mut layer.hidden_bytes, version.size);
                }
                if let Some(layer) = layer_mut(&mut sums, by) {
                    add(&mut layer.hides_bytes, version.size);
                }
                if version.size > 0 {
                    let top = removed.top(id, by, how);
                    let (bytes, count) = rows.entry((top, version.layer, by, how)).or_default();
                    add(bytes, version.size);
                    *count += 1;
                }
            }
        }
        for (sum, facts) in sums.iter_mut().zip(layers) {
            sum.compressed_hidden = facts.compressed_part(sum.hidden_bytes, sum.file_bytes);
        }
        let mut paths = Ranking::new(ImageFindingKind::Hidden);
        for ((id, layer, by, how), (bytes, files)) in rows {
            let hidden = Some((by, how));
            paths.add(Candidate {
                id,
                layer,
                hidden,
                files,
                bytes,
                attributes: None,
                attributes_before: None,
            });
        }
        let sum = |of: fn(&LayerWaste) -> u64| sums.iter().map(of).fold(0, u64::saturating_add);
        let compressed =
            sums.iter().try_fold(0_u64, |sum, layer| Some(sum.saturating_add(layer.compressed_hidden?)));
        Waste {
            files,
            file_bytes: sum(|layer| layer.file_bytes),
            hidden_files,
            hidden_bytes: sum(|layer| layer.hidden_bytes),
            compressed_hidden: compressed,
            layers: sums,
            paths: paths.finish(tree, |_| Vec::new()),
        }
    }
}

impl LayerFacts<'_> {
    /// Estimates the compressed size of a part of the layer, from the ratio of the whole.
    fn compressed_part(&self, part: u64, file_bytes: u64) -> Option<u64> {
        if part == 0 {
            return Some(0);
        }
        let compressed = self.compressed?;
        let whole = self.uncompressed.unwrap_or(file_bytes).max(part);
        u64::try_from(u128::from(part) * u128::from(compressed) / u128::from(whole)).ok()
    }
}

fn add(sum: &mut u64, bytes: u64) {
    *sum = sum.saturating_add(bytes);
}

fn layer_mut(sums: &mut [LayerWaste], layer: u16) -> Option<&mut LayerWaste> {
    sums.get_mut(usize::from(layer).checked_sub(1)?)
}

/// A version of a file: its path, its layer, and its entry.
type VersionId = (PathId, u16, Option<u32>);

/// The contents that hard links name too.
#[derive(Debug, Default)]
struct LinkedContents {
    /// The contents that a link in the image shows.
    shown: HashSet<VersionId>,
    /// The link of a content that was hidden last, with the layer that hid it, and how.
    last: HashMap<VersionId, (PathId, u16, Hidden)>,
}

impl LinkedContents {
    /// Notes a hard link at its content.
    fn add_link(&mut self, tree: &FileTree, id: PathId, link: &FileVersion) {
        let Some((of, content)) = tree.linked_version(id, link) else { return };
        let content = (of, content.layer, content.entry);
        match link.hidden {
            None => {
                self.shown.insert(content);
            }
            Some((by, how)) => {
                let last = self.last.entry(content).or_insert((id, by, how));
                if last.1 < by {
                    *last = (id, by, how);
                }
            }
        }
    }

    /// Returns the layer that hides the content of a file, how, and the last of its names. Returns `None` if the image
    /// shows it.
    fn hidden(&self, id: PathId, version: &FileVersion) -> Option<(PathId, u16, Hidden)> {
        let content = (id, version.layer, version.entry);
        let (by, how) = version.hidden.filter(|_| !self.shown.contains(&content))?;
        let last = self.last.get(&content).filter(|(_, last, _)| *last > by);
        Some(last.copied().unwrap_or((id, by, how)))
    }
}

/// The directories that layers removed.
struct RemovedDirectories<'a> {
    tree: &'a FileTree,
    removed: HashSet<(PathId, u16, Hidden)>,
    /// The topmost path that was removed together with a path.
    tops: HashMap<(PathId, u16, Hidden), PathId>,
}

impl RemovedDirectories<'_> {
    /// Returns the path that a removal is shown at: the path itself, or the directory above that went with it.
    fn top(&mut self, id: PathId, by: u16, how: Hidden) -> PathId {
        match how {
            Hidden::Replaced => id,
            Hidden::Whiteout => self.climb(id, by, how),
            // The directory itself stayed, or another kind of file took its place.
            Hidden::Opaque | Hidden::Shadowed => {
                let top = self.climb(id, by, how);
                self.tree.parent(top).unwrap_or(PathId::ROOT)
            }
        }
    }

    /// Returns the topmost directory above, or the path itself, that the layer removed in the same way.
    fn climb(&mut self, id: PathId, by: u16, how: Hidden) -> PathId {
        let mut passed = Vec::new();
        let mut at = id;
        let top = loop {
            if let Some(top) = self.tops.get(&(at, by, how)) {
                break *top;
            }
            match self.tree.parent(at) {
                Some(parent) if self.removed.contains(&(parent, by, how)) => {
                    passed.push(at);
                    at = parent;
                }
                _ => break at,
            }
        };
        for below in passed {
            self.tops.insert((below, by, how), top);
        }
        top
    }
}
