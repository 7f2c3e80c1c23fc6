//! The files of package managers in the tree of an image, with older versions of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Problems;
use crate::layer::{EntryKind, FileVersion, PathId};
use crate::model::size;
use crate::ops::files::layer::Wanted;
use crate::ops::files::tree::ImageFiles;
use crate::packages::paths::is_candidate;
use crate::packages::{PackageFileKind, UnreadFormat, os_release};

/// The largest file that is read, in bytes. The database of rpm has 40 MB for a thousand packages.
const LARGEST: u64 = 64 << 20;
/// The largest older version of a file that is read to find the layer of a package.
const LARGEST_OLDER: u64 = 16 << 20;
/// Most bytes of older versions in all.
const MOST_OLDER: u64 = 64 << 20;
/// Most bytes of all files together.
const MOST_BYTES: u64 = 192 << 20;
/// The largest file that names the operating system.
const LARGEST_OS_RELEASE: u64 = 64 << 10;
/// Most files. Large applications have some 20,000 of npm.
const MOST_FILES: usize = 100_000;

/// The place of a content: the layer from 0, and the number of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ContentPlace {
    pub(super) layer: usize,
    pub(super) entry: u32,
}

impl ContentPlace {
    /// Returns the key of the content in [`ImageFiles::contents`].
    pub(super) fn key(self) -> (usize, u32) {
        (self.layer, self.entry)
    }
}

/// A version of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct SearchedVersion {
    /// The layer that has it, from 1.
    pub(super) layer: u16,
    /// The place of its content. Versions with the same content share one.
    pub(super) place: ContentPlace,
    size: u64,
    sha256: Option<[u8; 32]>,
}

/// A file that lists packages.
#[derive(Debug, Clone)]
pub(super) struct SearchedFile {
    pub(super) kind: PackageFileKind,
    pub(super) path: Vec<u8>,
    /// The version of the image.
    pub(super) current: SearchedVersion,
    /// Older versions, the newest first.
    pub(super) older: Vec<SearchedVersion>,
    /// Whether there are further versions that are not read.
    pub(super) has_more: bool,
}

/// The files to read.
#[derive(Debug, Clone, Default)]
pub(super) struct PackageSearch {
    pub(super) files: Vec<SearchedFile>,
    pub(super) os_release: Option<ContentPlace>,
    pub(super) problems: Problems,
}

impl PackageSearch {
    /// Finds the files in the tree of an image.
    pub(super) fn of(files: &ImageFiles) -> PackageSearch {
        let mut search = PackageSearch::default();
        let mut candidates = Vec::new();
        for id in files.tree.paths() {
            let directory = files.tree.parent(id).map_or(&b""[..], |parent| files.tree.name(parent));
            if !is_candidate(directory, files.tree.name(id)) {
                continue;
            }
            let Some(current) = files.tree.current(id).filter(is_file) else { continue };
            let path = files.tree.path(id);
            if let Some(format) = UnreadFormat::of_path(&path).filter(|_| current.size > 0) {
                search.problems.add_about(&path, format!("{} are not read", format.name()));
            }
            if let Some(kind) = PackageFileKind::of_path(&path) {
                candidates.push((kind, path, id, current));
            }
        }
        // Databases come first, if there are too many files.
        candidates
            .sort_by(|(kind, path, ..), (other, other_path, ..)| (kind, path).cmp(&(other, other_path)));
        if candidates.len() > MOST_FILES {
            candidates.truncate(MOST_FILES);
            let why = format!("there are more than {MOST_FILES} files with packages");
            search.problems.add_about(b"the rest of the image", why);
        }
        let mut budget = Budget { bytes: MOST_BYTES, older: MOST_OLDER };
        for (kind, path, id, current) in candidates {
            search.add_file(files, &mut budget, kind, path, (id, current));
        }
        search.os_release = os_release::PATHS.iter().find_map(|path| {
            let (id, version) = files.file_at(path)?;
            searched(files, id, version).filter(|file| file.size <= LARGEST_OS_RELEASE).map(|file| file.place)
        });
        search
    }

    fn add_file(
        &mut self,
        files: &ImageFiles,
        budget: &mut Budget,
        kind: PackageFileKind,
        path: Vec<u8>,
        (id, current): (PathId, FileVersion),
    ) {
        let Some(version) = searched(files, id, current) else {
            return self.problems.add_about(&path, "its content is in no layer, or stored with holes");
        };
        if version.size > LARGEST {
            let why = format!(
                "it has {}, and at most {} are read",
                size::bytes(version.size),
                size::bytes(LARGEST)
            );
            return self.problems.add_about(&path, why);
        }
        if version.size > budget.bytes {
            let why = format!("all such files have more than {} together", size::bytes(MOST_BYTES));
            return self.problems.add_about(&path, why);
        }
        budget.bytes -= version.size;
        let mut file = SearchedFile { kind, path, current: version, older: Vec::new(), has_more: false };
        let mut newer = version;
        // The current version is the newest one.
        for older in files.tree.versions(id).skip(1).take_while(is_file) {
            let Some(mut older) = searched(files, id, older) else {
                file.has_more = true;
                break;
            };
            if older.sha256.is_some() && older.sha256 == newer.sha256 {
                older.place = newer.place;
            } else if older.place != newer.place {
                if older.size > LARGEST_OLDER.min(budget.older).min(budget.bytes) {
                    file.has_more = true;
                    break;
                }
                budget.older -= older.size;
                budget.bytes -= older.size;
            }
            file.older.push(older);
            newer = older;
        }
        self.files.push(file);
    }

    /// Returns the places of all contents, some of them several times.
    pub(super) fn places(&self) -> impl Iterator<Item = ContentPlace> {
        let versions = self.files.iter().flat_map(|file| [&file.current].into_iter().chain(&file.older));
        versions.map(|version| version.place).chain(self.os_release)
    }
}

/// The bytes that may still be read.
struct Budget {
    bytes: u64,
    older: u64,
}

fn is_file(version: &FileVersion) -> bool {
    matches!(version.kind, EntryKind::File | EntryKind::HardLink)
}

/// Returns the content of a version. Returns `None` if it cannot be read.
fn searched(files: &ImageFiles, id: PathId, version: FileVersion) -> Option<SearchedVersion> {
    let (_, content) = files.content_of(id, version)?;
    let place = ContentPlace { layer: usize::from(content.layer).checked_sub(1)?, entry: content.entry? };
    let entry = files.entry(&content).filter(|entry| entry.data.is_some() || entry.size == 0)?;
    Some(SearchedVersion { layer: version.layer, place, size: entry.size, sha256: entry.sha256 })
}

/// Returns the choice of contents that are taken along while a layer is read whole.
pub fn wanted_contents() -> Wanted {
    let taken = AtomicU64::new(0);
    Arc::new(move |path: &[u8], size| {
        let is_os_release = size <= LARGEST_OS_RELEASE && os_release::PATHS.contains(&path);
        let is_wanted = is_os_release || (size <= LARGEST && PackageFileKind::of_path(path).is_some());
        is_wanted && taken.fetch_add(size, Ordering::Relaxed) + size <= MOST_BYTES
    })
}
