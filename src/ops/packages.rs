//! The packages of an image, without pulling it: the files of its package managers are found in its tree, and only these
//! are read.
//!
//! | module | purpose |
//! |---|---|
//! | [`search`] | the files to read, with older versions of them |
//! | [`attribution`] | the packages in them, each with the layer that brought it |
//! | [`shelf`] | layers that several images share |
//!
//! A file that cannot be read is a problem, not a failure: the other packages are reported, and the list is known to be
//! incomplete.

mod attribution;
pub mod search;
pub mod shelf;

use std::collections::{BTreeMap, HashMap};
use std::ops::Add;
use std::sync::Arc;

use bytes::Bytes;

use crate::client::Registry;
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::model::text::SafeText;
use crate::ops::files::content::{ContentProgress, MemorySink, price_of_contents, read_contents_with};
use crate::ops::files::kept::{keep_contents, read_kept};
use crate::ops::files::left_out::LeftOutLayer;
use crate::ops::files::proof::ListProof;
use crate::ops::files::tree::{ImageFiles, Reading};
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
    /// The reasons why the list may be incomplete, layers that are left out among them.
    pub problems: Problems,
    /// The layers that could not be read.
    pub left_out: Vec<LeftOutLayer>,
    /// The bytes of layers that were received, without those for the lists of files.
    pub received: u64,
}

impl ImagePackages {
    /// Returns the ecosystem, the name and the version of each package.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let packages = self.packages.iter().map(|found| &found.package);
        packages.map(|package| (package.ecosystem.name(), package.name.as_str(), package.version.as_str()))
    }
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

    /// Adds the layers that could not be read, before all others.
    fn add_left_out(&mut self, layers: &[LeftOutLayer]) {
        let problems = layers
            .iter()
            .map(|layer| Failure::local(format!("layer {} is left out", layer.layer), layer.why.clone()));
        self.kept.splice(0..0, problems);
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

    /// Returns a sentence for each that was kept, and one for the others.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| format!("{} further files could not be read", self.more));
        self.kept.iter().map(ToString::to_string).chain(more)
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

/// The package files of an image, and the contents that are known already.
#[derive(Debug, Clone)]
pub struct PackagePlan {
    search: PackageSearch,
    contents: HashMap<ContentPlace, Bytes>,
    price: Price,
}

impl PackagePlan {
    /// Returns the price of [`read_packages`]: that of the files, or of the whole layer if it has to be read from its first
    /// byte.
    pub fn price(&self) -> Price {
        self.price
    }
}

/// Finds the package files of an image. Requests nothing.
pub async fn plan_packages(registry: &dyn Registry, files: &ImageFiles) -> PackagePlan {
    let search = PackageSearch::of(files);
    let known = search.places().filter_map(|place| Some((place, files.contents.get(&place.key())?.clone())));
    let mut contents: HashMap<_, _> = known.collect();
    for (layer, entries) in missing(files, &search, &contents) {
        let Some(proof) = files.image.layers.get(layer).and_then(ListProof::of) else { continue };
        let kept = read_kept(registry, &proof).await;
        for (entry, missing) in entries {
            if let Some(content) = missing.sha256.and_then(|sha256| kept.get(&sha256)) {
                contents.insert(ContentPlace { layer, entry }, content.clone());
            }
        }
    }
    let prices = missing(files, &search, &contents).into_iter().filter_map(|(layer, entries)| {
        let list = files.layers.get(layer)?.as_ref()?;
        let entries: Vec<u32> = entries.into_keys().collect();
        Some(price_of_contents(files.image.layers.get(layer)?, list, &entries))
    });
    let price = prices.fold(Price::default(), Price::add);
    PackagePlan { search, contents, price }
}

/// Reads the package files that are not known yet and lists their packages.
pub async fn read_packages(registry: &dyn Registry, files: &ImageFiles, plan: PackagePlan) -> ImagePackages {
    read_packages_with(registry, files, plan, &Reading::of_layers(files.layers.len())).await
}

/// Reads as [`read_packages`] does. `reading` shows the progress and pauses it.
pub(crate) async fn read_packages_with(
    registry: &dyn Registry,
    files: &ImageFiles,
    mut plan: PackagePlan,
    reading: &Reading,
) -> ImagePackages {
    let received = read_missing(registry, files, &mut plan, (reading, 0)).await;
    ImagePackages { received, ..list_found(plan).await }
}

/// Lists the packages in the contents that are known.
async fn list_found(plan: PackagePlan) -> ImagePackages {
    let PackagePlan { search, contents, .. } = plan;
    let listed = tokio::task::spawn_blocking(move || attribution::list_packages(search, &contents)).await;
    listed.unwrap_or_else(|_| {
        let mut problems = Problems::default();
        problems.add(Failure::local("cannot list the packages", "the reader stopped"));
        ImagePackages { problems, ..ImagePackages::default() }
    })
}

/// Reads the contents that are not known yet, those of one layer together, and keeps them after each layer. The state of
/// the lowest layer is at `first` in `reading`. Returns the bytes that were received.
async fn read_missing(
    registry: &dyn Registry,
    files: &ImageFiles,
    plan: &mut PackagePlan,
    (reading, first): (&Reading, usize),
) -> u64 {
    let mut all_received = 0;
    for (layer, missing) in missing(files, &plan.search, &plan.contents) {
        let Some(Some(list)) = files.layers.get(layer) else { continue };
        let Some(source) = files.image.layers.get(layer) else { continue };
        let entries: Vec<u32> = missing.keys().copied().collect();
        let mut sink = MemorySink::new(missing.values().map(|entry| entry.size).sum());
        let name = &files.image.repository.name;
        // The layer may have been read for its list before.
        let progress = ContentProgress::of(reading, first + layer);
        let before = progress.received();
        let read = read_contents_with(registry, name, source, list, &entries, &mut sink, &progress).await;
        read.unwrap_or_else(|failure| plan.search.problems.add(failure));
        all_received += progress.received() - before;
        let read = sink.into_contents();
        keep_contents(registry, source, list, read.values().cloned().collect()).await;
        let read = read.into_iter().map(|(entry, content)| (ContentPlace { layer, entry }, content));
        plan.contents.extend(read);
    }
    all_received
}

/// The size and the digest of a content that is not known.
struct MissingContent {
    size: u64,
    sha256: Option<[u8; 32]>,
}

/// Returns the entries whose contents are not known, by layer and number.
fn missing(
    files: &ImageFiles,
    search: &PackageSearch,
    contents: &HashMap<ContentPlace, Bytes>,
) -> BTreeMap<usize, BTreeMap<u32, MissingContent>> {
    let mut missing: BTreeMap<usize, BTreeMap<u32, MissingContent>> = BTreeMap::new();
    for place in search.places().filter(|place| !contents.contains_key(place)) {
        let list = files.layers.get(place.layer).and_then(Option::as_ref);
        if let Some(entry) = list.and_then(|files| files.list.get(place.entry as usize)) {
            let content = MissingContent { size: entry.size, sha256: entry.sha256 };
            missing.entry(place.layer).or_default().insert(place.entry, content);
        }
    }
    missing
}
