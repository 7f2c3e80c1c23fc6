//! The files of an image: its layers on top of each other, while they are read and afterwards.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::cost::{LayerPlan, ReadingPlan};
use super::image::ImageSource;
use super::layer::{ReadLayer, Wanted, fit, read_layer};
use super::pause::Pause;
use super::progress::LayerProgress;
use super::proof::ListProof;
use crate::client::Registry;
use crate::layer::list::is_long_text;
use crate::layer::{EntryKind, FileList, FileTree, FileVersion, LayerEntry, LayerFiles, PathId, TreeError};
use crate::model::failure::Failure;

/// Layers that are read at once.
const AT_ONCE: usize = 2;

/// The layers of an image, bottom first. `None` for those that are not read.
pub type LayersRead = Vec<Option<Arc<LayerFiles>>>;

/// The files of an image.
#[derive(Debug)]
pub struct ImageFiles {
    /// The image.
    pub image: ImageSource,
    /// Its layers.
    pub layers: LayersRead,
    /// The layers on top of each other. Those that are not read count as empty.
    pub tree: Arc<FileTree>,
    /// The contents that were needed, by layer (from 0) and the number of the entry.
    pub contents: HashMap<(usize, u32), Bytes>,
    /// The bytes of layers that were received.
    pub received: u64,
}

impl ImageFiles {
    /// Returns a layer by its number in the tree, from 1.
    pub fn layer(&self, number: u16) -> Option<&Arc<LayerFiles>> {
        self.layers.get(usize::from(number).checked_sub(1)?)?.as_ref()
    }

    /// Returns whether all layers were read.
    pub fn is_whole(&self) -> bool {
        self.layers.iter().all(Option::is_some)
    }

    /// Returns the entry of a version. A directory that only its content implies has none.
    pub fn entry(&self, version: &FileVersion) -> Option<LayerEntry<'_>> {
        self.layer(version.layer)?.list.get(version.entry? as usize)
    }

    /// Returns the version whose content a program would read at a path of the image: links are followed inside the
    /// image. Returns `None` if there is no file.
    pub fn file_at(&self, path: &[u8]) -> Option<(PathId, FileVersion)> {
        let id = self.tree.resolve(path, true)?;
        let version = self.tree.current(id)?;
        self.content_of(id, version)
    }

    /// Returns the version that holds the content of a version: itself, or the target of a hard link.
    pub fn content_of(&self, id: PathId, version: FileVersion) -> Option<(PathId, FileVersion)> {
        let content = self.tree.linked_version(id, &version);
        content.filter(|(_, content)| content.kind == EntryKind::File)
    }
}

/// The layers of an image while they are read.
#[derive(Debug)]
pub struct Reading {
    layers: Vec<Arc<LayerProgress>>,
    /// The switch that pauses reading.
    pub pause: Pause,
}

impl Reading {
    /// Creates the state for the layers of an image.
    pub fn new(image: &ImageSource) -> Reading {
        Reading::of_images([image])
    }

    /// Creates the state for the layers of several images, one after the other.
    pub fn of_images<'a>(images: impl IntoIterator<Item = &'a ImageSource>) -> Reading {
        let layers = images
            .into_iter()
            .flat_map(|image| image.layers.iter().map(|_| Arc::new(LayerProgress::with_root(image.root()))));
        Reading { layers: layers.collect(), pause: Pause::default() }
    }

    /// Creates the state for a number of layers.
    pub fn of_layers(count: usize) -> Reading {
        Reading { layers: (0..count).map(|_| Arc::default()).collect(), pause: Pause::default() }
    }

    /// Returns the state of a layer, from 0. Returns one that nothing shows if there is no such layer.
    pub(crate) fn layer(&self, number: usize) -> Arc<LayerProgress> {
        self.layers.get(number).cloned().unwrap_or_default()
    }

    /// Returns the bytes that were received.
    pub fn received(&self) -> u64 {
        self.layers.iter().map(|layer| layer.received()).sum()
    }

    /// Returns the number of layers that were read.
    pub fn layers_read(&self) -> usize {
        self.layers.iter().filter(|layer| layer.files().is_some()).count()
    }

    /// Returns the number of entries so far.
    pub fn entries(&self) -> usize {
        let count = |layer: &Arc<LayerProgress>| {
            layer.files().map_or_else(|| layer.entries(), |files| files.list.len())
        };
        self.layers.iter().map(count).sum()
    }

    /// Puts the layers on top of each other, as far as they were read. Takes a moment for many files.
    pub fn tree(&self) -> Result<(FileTree, LayersRead), TreeError> {
        let mut tree = FileTree::default();
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let files = layer.files();
            match &files {
                Some(files) => tree.add_layer(&files.list)?,
                None => tree.add_layer(&layer.list())?,
            }
            layers.push(files);
        }
        tree.shrink();
        Ok((tree, layers))
    }
}

/// Reads the layers of an image, two at once, the smallest first. `numbers` chooses layers, from 0; the others count as
/// empty. The first layer that cannot be read is the failure.
pub async fn read_image(
    registry: &dyn Registry,
    image: ImageSource,
    plan: &ReadingPlan,
    numbers: Option<&[usize]>,
    wanted: Option<&Wanted>,
    reading: &Reading,
) -> Result<ImageFiles, Failure> {
    read_layers(registry, image, plan, numbers, wanted, reading, &mut Err).await
}

/// Reads the layers of an image as [`read_image`] does, but also if some fail. Those count as empty and are returned, each
/// with its number, from 0. Fails only if all do.
pub async fn read_readable(
    registry: &dyn Registry,
    image: ImageSource,
    plan: &ReadingPlan,
    numbers: Option<&[usize]>,
    wanted: Option<&Wanted>,
    reading: &Reading,
) -> Result<(ImageFiles, Vec<(usize, Failure)>), Failure> {
    let mut failed: Vec<(usize, Failure)> = Vec::new();
    let mut note = |failure| {
        failed.push(failure);
        Ok(())
    };
    let files = read_layers(registry, image, plan, numbers, wanted, reading, &mut note).await?;
    failed.sort_by_key(|(number, _)| *number);
    if files.layers.iter().all(Option::is_none)
        && let Some((_, failure)) = failed.first()
    {
        return Err(failure.clone());
    }
    Ok((files, failed))
}

/// Decides about a layer that failed, by its number from 0: an error ends the reading.
type OnFailure<'a> = &'a mut (dyn FnMut((usize, Failure)) -> Result<(), (usize, Failure)> + Send);

async fn read_layers(
    registry: &dyn Registry,
    image: ImageSource,
    plan: &ReadingPlan,
    numbers: Option<&[usize]>,
    wanted: Option<&Wanted>,
    reading: &Reading,
    on_failure: OnFailure<'_>,
) -> Result<ImageFiles, Failure> {
    let is_chosen = |number: &usize| numbers.is_none_or(|numbers| numbers.contains(number));
    let mut order: Vec<usize> = (0..image.layers.len()).filter(is_chosen).collect();
    // A layer that stands twice in the image is read once, if the same proves both.
    let mut seen: HashMap<ListProof, usize> = HashMap::new();
    let mut copies: Vec<(usize, usize)> = Vec::new();
    order.retain(|number| {
        let Some(proof) = ListProof::of(&image.layers[*number]) else { return true };
        let first = *seen.entry(proof).or_insert(*number);
        if first != *number {
            copies.push((*number, first));
        }
        first == *number
    });
    order.sort_by_key(|number| image.layers[*number].descriptor.size.unwrap_or(u64::MAX));
    let unplanned = LayerPlan::Whole;
    let mut contents = HashMap::new();
    let what = || format!("cannot put the layers of {} together", image.manifest.digest);
    let (mut text, mut entries) = (0, 0);
    let mut read = stream::iter(order)
        .map(|number| {
            let (image, progress) = (&image, &reading.layers[number]);
            let plan = plan.layers.get(number).unwrap_or(&unplanned);
            async move {
                let (name, source) = (&image.repository.name, &image.layers[number]);
                let read = read_layer(registry, name, source, plan, wanted, progress, &reading.pause).await;
                (number, read)
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((number, layer)) = read.next().await {
        let ReadLayer { files, contents: some } = match layer {
            Ok(layer) => layer,
            Err(failure) => {
                let same = copies.iter().filter(|(_, first)| *first == number).map(|(copy, _)| *copy);
                for number in std::iter::once(number).chain(same) {
                    on_failure((number, failure.clone())).map_err(|(_, failure)| failure)?;
                }
                continue;
            }
        };
        contents.extend(some.into_iter().map(|(entry, content)| ((number, entry), content)));
        (text, entries) = (text + files.list.text(), entries + files.list.len());
        if is_long_text(text, entries) {
            return Err(Failure::local(what(), TreeError::LongNames.to_string()));
        }
        reading.layers[number].set_files(files);
    }
    drop(read);
    for (copy, first) in copies {
        if let Some(files) = reading.layers[first].files() {
            match fit(&files, &image.layers[copy]) {
                Ok(files) => reading.layers[copy].set_files(files),
                Err(failure) => {
                    on_failure((copy, failure)).map_err(|(_, failure)| failure)?;
                    continue;
                }
            }
        }
        let of_first: Vec<_> = contents
            .iter()
            .filter(|((layer, _), _)| *layer == first)
            .map(|((_, entry), content)| ((copy, *entry), content.clone()))
            .collect();
        contents.extend(of_first);
    }
    let lists: LayersRead = reading.layers.iter().map(|layer| layer.files()).collect();
    let (build, empty) = (lists.clone(), FileList::default());
    let build = move || {
        let mut tree = FileTree::default();
        for files in &build {
            tree.add_layer(files.as_ref().map_or(&empty, |files| &files.list))?;
        }
        tree.shrink();
        Ok::<_, TreeError>(tree)
    };
    let built = tokio::task::spawn_blocking(build).await;
    let built = built.map_err(|_| Failure::local(what(), "the reader stopped"))?;
    let tree = built.map_err(|error| Failure::local(what(), error.to_string()))?;
    Ok(ImageFiles { image, layers: lists, tree: Arc::new(tree), contents, received: reading.received() })
}
