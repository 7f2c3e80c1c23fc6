//! The packages of an image, without pulling it: the files of its package managers are found in its tree, and only these
//! are read.
//!
//! | module | purpose |
//! |---|---|
//! | [`search`] | the files to read, with older versions of them |
//! | [`attribution`] | the packages in them, each with the layer that brought it |
//!
//! A file that cannot be read is a problem, not a failure: the other packages are reported, and the list is known to be
//! incomplete.

mod attribution;
pub mod search;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use crate::client::Registry;
use crate::model::failure::Failure;
use crate::model::text::SafeText;
use crate::ops::files::content::{MemorySink, read_contents};
use crate::ops::files::tree::ImageFiles;
use crate::packages::Package;
use crate::packages::os_release::OsRelease;
use search::{ContentPlace, PackageSearch};

/// Most problems that are reported one by one.
const MOST_PROBLEMS: usize = 100;

/// A package of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPackage {
    /// The package.
    pub package: Package,
    /// The path of the file that lists it.
    pub path: Arc<[u8]>,
    /// The layer that brought it, from 1. `None` if older versions of the file could not be read.
    pub layer: Option<u16>,
}

/// The packages of an image.
#[derive(Debug, Clone, Default)]
pub struct ImagePackages {
    /// The operating system, if the image names one.
    pub os: Option<OsRelease>,
    /// The packages by ecosystem, name, version and path.
    pub packages: Vec<FoundPackage>,
    /// The reasons why the list may be incomplete.
    pub problems: Problems,
    /// The bytes of layers that were received, without those for the lists of files.
    pub received: u64,
}

/// The first problems, and the number of the others.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    kept: Vec<Failure>,
    more: usize,
}

impl Problems {
    /// Adds one.
    fn add(&mut self, problem: Failure) {
        if self.kept.len() < MOST_PROBLEMS {
            self.kept.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Adds one about the file at a path.
    fn add_about(&mut self, path: &[u8], why: impl Into<SafeText>) {
        let path = SafeText::clean(&String::from_utf8_lossy(path));
        self.add(Failure::local(format!("cannot read the packages in {path}"), why));
    }

    /// Returns the first ones.
    pub fn kept(&self) -> &[Failure] {
        &self.kept
    }

    /// Returns the number of those that were not kept.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

/// Reads the files of a search and lists their packages. Contents that came along with the layers are not requested.
pub async fn read_packages(
    registry: &dyn Registry,
    files: &ImageFiles,
    search: PackageSearch,
) -> ImagePackages {
    let mut search = search;
    let (mut contents, received) = read_missing(registry, files, &mut search).await;
    let places = search.places().filter_map(|place| Some((place, files.contents.get(&place.key())?.clone())));
    contents.extend(places.collect::<Vec<_>>());
    let listed = tokio::task::spawn_blocking(move || attribution::list_packages(search, &contents)).await;
    let listed = listed.unwrap_or_else(|_| {
        let mut problems = Problems::default();
        problems.add(Failure::local("cannot list the packages", "the reader stopped"));
        ImagePackages { problems, ..ImagePackages::default() }
    });
    ImagePackages { received, ..listed }
}

/// Reads the contents that are not known yet, those of one layer together. Returns them and the bytes that were received.
async fn read_missing(
    registry: &dyn Registry,
    files: &ImageFiles,
    search: &mut PackageSearch,
) -> (HashMap<ContentPlace, Bytes>, u64) {
    let (mut contents, mut all_received) = (HashMap::new(), 0);
    for (layer, missing) in missing(files, search) {
        let Some(Some(list)) = files.layers.get(layer) else { continue };
        let Some(source) = files.image.layers.get(layer) else { continue };
        let entries: Vec<u32> = missing.keys().copied().collect();
        let mut sink = MemorySink::new(missing.values().sum());
        let name = &files.image.repository.name;
        match read_contents(registry, name, source, list, &entries, &mut sink).await {
            Ok(received) => all_received += received,
            Err(failure) => search.problems.add(failure),
        }
        let read = sink.into_contents().into_iter();
        contents.extend(read.map(|(entry, content)| (ContentPlace { layer, entry }, content)));
    }
    (contents, all_received)
}

/// Returns the entries whose contents are not known yet, with their sizes, by layer.
fn missing(files: &ImageFiles, search: &PackageSearch) -> BTreeMap<usize, BTreeMap<u32, u64>> {
    let mut missing: BTreeMap<usize, BTreeMap<u32, u64>> = BTreeMap::new();
    let unknown: BTreeSet<ContentPlace> =
        search.places().filter(|place| !files.contents.contains_key(&place.key())).collect();
    for place in unknown {
        let list = files.layers.get(place.layer).and_then(Option::as_ref);
        let entry = list.and_then(|files| files.list.get(place.entry as usize));
        if let Some(entry) = entry {
            missing.entry(place.layer).or_default().insert(place.entry, entry.size);
        }
    }
    missing
}

/// Returns the most bytes that [`read_packages`] will request: those of the files, or the whole layer if it has to be
/// read from its first byte.
pub fn packages_cost(files: &ImageFiles, search: &PackageSearch) -> u64 {
    let cost = |(layer, entries): (usize, BTreeMap<u32, u64>)| {
        let is_whole =
            files.layers.get(layer).and_then(Option::as_ref).is_some_and(|files| files.chunks.is_empty());
        let size = files.image.layers.get(layer).and_then(|source| source.descriptor.size);
        size.filter(|_| is_whole).unwrap_or_else(|| entries.values().sum())
    };
    missing(files, search).into_iter().map(cost).sum()
}
