//! The findings of an image: hidden bytes, equal contents, caches, modes, likely secrets, needless copies.

use std::collections::{HashMap, HashSet};

use super::copies::Copies;
use super::entry::{EntryKind, LayerEntry};
use super::image_finding::{Candidate, FileAttributes, ImageFinding, ImageFindingKind, Ranking, TopFindings};
use super::secret_name::is_likely_secret;
use super::tree::{FileTree, FileVersion, Hidden, PathId};
use super::waste::{LayerFacts, Waste};

/// Directories that package managers fill again when they need to.
const CACHES: [&str; 14] = [
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/cache/apk",
    "var/cache/dnf",
    "var/cache/yum",
    "var/cache/zypp",
    "var/cache/pacman/pkg",
    "var/cache/debconf",
    "root/.cache",
    "root/.npm",
    "root/.cargo/registry",
    "root/.gradle/caches",
    "root/go/pkg/mod",
    "usr/local/share/.cache",
];
/// The directory of Python's compiled modules. Those of a layer are one finding.
const PYTHON_CACHE: &[u8] = b"__pycache__";
/// The directory of users' homes; `.cache` in each of them is a cache.
const HOMES: &[u8] = b"home";
/// Most paths of equal contents that are kept beside the first one.
const MOST_OTHERS: usize = 8;
/// Most peculiarities of all layers that are kept.
const MOST_PECULIARITIES: usize = 1_000;

/// The findings of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFindings {
    /// The hidden bytes.
    pub waste: Waste,
    /// Contents that the image shows at several paths. Only contents with a known digest are compared.
    pub duplicates: TopFindings,
    /// Package caches in the image, by layer.
    pub package_caches: TopFindings,
    /// Programs with setuid or setgid in the image.
    pub setuid: TopFindings,
    /// Files and directories of the image that everyone may write.
    pub world_writable: TopFindings,
    /// Likely secrets, also those that a later layer removed.
    pub secrets: TopFindings,
    /// Files that a layer holds again with the same content.
    pub copies: TopFindings,
    /// Peculiarities of the layers.
    pub layers: TopFindings,
}

impl ImageFindings {
    /// Examines an image. `layers` are those of the tree, bottom first. Takes a moment for many files.
    pub fn examine(tree: &FileTree, layers: &[LayerFacts<'_>]) -> ImageFindings {
        let mut examiner = Examiner::new(tree, layers);
        examiner.walk();
        let Examiner { caches, setuid, world_writable, secrets, copies, .. } = examiner;
        let nothing = |_: &Candidate| Vec::new();
        ImageFindings {
            waste: Waste::measure(tree, layers),
            duplicates: find_duplicates(tree, layers),
            package_caches: caches.rank().finish(tree, nothing),
            setuid: setuid.finish(tree, nothing),
            world_writable: world_writable.finish(tree, nothing),
            secrets: secrets.finish(tree, nothing),
            copies: copies.rank().finish(tree, nothing),
            layers: peculiarities(layers),
        }
    }

    /// Returns all lists, the most urgent first.
    pub fn lists(&self) -> [&TopFindings; 8] {
        [
            &self.secrets,
            &self.waste.paths,
            &self.copies,
            &self.duplicates,
            &self.package_caches,
            &self.setuid,
            &self.world_writable,
            &self.layers,
        ]
    }
}

fn entry_of<'a>(layers: &[LayerFacts<'a>], version: &FileVersion) -> Option<LayerEntry<'a>> {
    let facts = layers.get(usize::from(version.layer).checked_sub(1)?)?;
    facts.list.get(version.entry? as usize)
}

fn attributes(version: &FileVersion) -> FileAttributes {
    FileAttributes { kind: version.kind, mode: version.mode, uid: version.uid, gid: version.gid }
}

fn candidate(id: PathId, version: &FileVersion, bytes: u64) -> Candidate {
    Candidate {
        id,
        layer: version.layer,
        hidden: version.hidden,
        files: 1,
        bytes,
        attributes: Some(attributes(version)),
        attributes_before: None,
    }
}

/// The walk over all paths of an image.
struct Examiner<'a> {
    tree: &'a FileTree,
    layers: &'a [LayerFacts<'a>],
    cache_roots: HashSet<PathId>,
    homes: Option<PathId>,
    caches: Caches<'a>,
    setuid: Ranking,
    world_writable: Ranking,
    secrets: Ranking,
    copies: Copies,
}

impl<'a> Examiner<'a> {
    fn new(tree: &'a FileTree, layers: &'a [LayerFacts<'a>]) -> Examiner<'a> {
        Examiner {
            tree,
            layers,
            cache_roots: CACHES.iter().filter_map(|path| tree.find(path.as_bytes())).collect(),
            homes: tree.find(HOMES),
            caches: Caches { tree, sums: HashMap::new(), python: HashMap::new() },
            setuid: Ranking::new(ImageFindingKind::Setuid),
            world_writable: Ranking::new(ImageFindingKind::WorldWritable),
            secrets: Ranking::new(ImageFindingKind::Secret),
            copies: Copies::default(),
        }
    }

    fn walk(&mut self) {
        let mut open = vec![(PathId::ROOT, None)];
        while let Some((directory, cache)) = open.pop() {
            for id in self.tree.children(directory) {
                let cache = cache.or_else(|| self.is_cache(id, directory).then_some(id));
                self.path(id, directory, cache);
                open.push((id, cache));
            }
        }
    }

    fn is_cache(&self, id: PathId, parent: PathId) -> bool {
        let name = self.tree.name(id);
        name == PYTHON_CACHE
            || self.cache_roots.contains(&id)
            || name == b".cache" && self.homes.is_some() && self.tree.parent(parent) == self.homes
    }

    /// Examines all versions of a path.
    fn path(&mut self, id: PathId, parent: PathId, cache: Option<PathId>) {
        let tree = self.tree;
        let mut is_secret = None;
        let mut newer: Option<FileVersion> = None;
        for version in tree.versions(id) {
            let is_file = version.kind == EntryKind::File;
            if version.hidden.is_none() {
                self.current(id, &version, cache);
            }
            if is_file
                && version.size > 0
                && *is_secret.get_or_insert_with(|| is_likely_secret(tree.name(parent), tree.name(id)))
            {
                self.secrets.add(candidate(id, &version, version.size));
            }
            if let Some(newer) = newer.filter(|newer| self.is_copy(&version, newer)) {
                let copy = candidate(id, &newer, newer.size);
                self.copies.add(parent, Candidate { attributes_before: Some(attributes(&version)), ..copy });
            }
            newer = Some(version);
        }
    }

    /// Examines the version that is in the image.
    fn current(&mut self, id: PathId, version: &FileVersion, cache: Option<PathId>) {
        let is_file = version.kind == EntryKind::File;
        if is_file && version.mode & 0o6000 != 0 {
            self.setuid.add(candidate(id, version, version.size));
        }
        let is_open = match version.kind {
            EntryKind::File => true,
            EntryKind::Directory => version.mode & 0o1000 == 0 && version.entry.is_some(),
            _ => false,
        };
        if is_open && version.mode & 0o002 != 0 {
            self.world_writable.add(candidate(id, version, version.size));
        }
        if let Some(cache) = cache.filter(|_| is_file && version.size > 0) {
            self.caches.add(cache, version);
        }
    }

    /// Returns whether a version that another one replaced has the same content. Without digests equal sizes and dates
    /// count.
    fn is_copy(&self, older: &FileVersion, newer: &FileVersion) -> bool {
        let is_replaced = older.hidden == Some((newer.layer, Hidden::Replaced)) && older.layer != newer.layer;
        let are_files = older.kind == EntryKind::File && newer.kind == EntryKind::File;
        if !is_replaced || !are_files || older.size != newer.size || older.size == 0 {
            return false;
        }
        let sum = |version| entry_of(self.layers, version).and_then(|entry| entry.sha256);
        match (sum(older), sum(newer)) {
            (Some(older), Some(newer)) => older == newer,
            _ => older.mtime == newer.mtime,
        }
    }
}

/// The package caches that were found.
struct Caches<'a> {
    tree: &'a FileTree,
    /// Bytes and files by cache and layer.
    sums: HashMap<(PathId, u16), (u64, u64)>,
    /// Python's caches by layer: the directory above all of them, the last one that was added, bytes and files.
    python: HashMap<u16, (PathId, PathId, u64, u64)>,
}

impl Caches<'_> {
    fn add(&mut self, cache: PathId, version: &FileVersion) {
        if self.tree.name(cache) != PYTHON_CACHE {
            let (bytes, files) = self.sums.entry((cache, version.layer)).or_default();
            *bytes = bytes.saturating_add(version.size);
            *files += 1;
            return;
        }
        let tree = self.tree;
        let (above, last, bytes, files) = self.python.entry(version.layer).or_insert((cache, cache, 0, 0));
        if *last != cache {
            *above = common_directory(tree, *above, cache);
            *last = cache;
        }
        *bytes = bytes.saturating_add(version.size);
        *files += 1;
    }

    fn rank(self) -> Ranking {
        let mut ranking = Ranking::new(ImageFindingKind::PackageCache);
        let python = self.python.into_iter();
        let python = python.map(|(layer, (id, _, bytes, files))| ((id, layer), (bytes, files)));
        for ((id, layer), (bytes, files)) in self.sums.into_iter().chain(python) {
            let (attributes, attributes_before) = (None, None);
            ranking.add(Candidate { id, layer, hidden: None, files, bytes, attributes, attributes_before });
        }
        ranking
    }
}

/// Returns the directory that both paths are in, or one of them if the other is below it.
fn common_directory(tree: &FileTree, one: PathId, other: PathId) -> PathId {
    let above = |id: PathId| {
        let mut ids: Vec<PathId> = std::iter::successors(Some(id), |id| tree.parent(*id)).collect();
        ids.reverse();
        ids
    };
    let (one, other) = (above(one), above(other));
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other);
    same.last().map_or(PathId::ROOT, |(id, _)| *id)
}

/// Finds contents that the image shows at several paths.
fn find_duplicates(tree: &FileTree, layers: &[LayerFacts<'_>]) -> TopFindings {
    let mut files: Vec<([u8; 32], PathId)> = Vec::new();
    for id in tree.paths() {
        let current = tree.current(id).filter(|version| version.kind == EntryKind::File && version.size > 0);
        let sum = current.and_then(|version| entry_of(layers, &version)?.sha256);
        files.extend(sum.map(|sum| (sum, id)));
    }
    files.sort_unstable();
    let mut ranking = Ranking::new(ImageFindingKind::Duplicate);
    let mut equal: HashMap<PathId, &[([u8; 32], PathId)]> = HashMap::new();
    for same in files.chunk_by(|one, other| one.0 == other.0).filter(|same| same.len() > 1) {
        let [(_, first), others @ ..] = same else { continue };
        let Some(version) = tree.current(*first) else { continue };
        let bytes = version.size.saturating_mul(others.len() as u64);
        ranking.add(Candidate { files: same.len() as u64, ..candidate(*first, &version, bytes) });
        equal.insert(*first, others);
    }
    ranking.finish(tree, |candidate| {
        let others = equal.get(&candidate.id).into_iter().flat_map(|others| others.iter());
        others.take(MOST_OTHERS).map(|(_, id)| tree.path(*id)).collect()
    })
}

/// Returns the peculiarities of the layers.
fn peculiarities(layers: &[LayerFacts<'_>]) -> TopFindings {
    let mut rows = Vec::new();
    let mut count = 0_u64;
    for (facts, layer) in layers.iter().zip(1_u16..) {
        count = count.saturating_add(facts.findings.count());
        let findings = facts.findings.kept().iter().map(|finding| ImageFinding {
            kind: ImageFindingKind::Layer,
            path: finding.path.clone(),
            layer,
            hidden: None,
            files: 0,
            bytes: 0,
            attributes: None,
            attributes_before: None,
            others: Vec::new(),
            problem: Some(finding.problem),
        });
        rows.extend(findings);
        rows.truncate(MOST_PECULIARITIES);
    }
    TopFindings { kind: ImageFindingKind::Layer, rows, count, files: 0, bytes: 0 }
}
