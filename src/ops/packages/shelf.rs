//! Layers that several images share, so that each is read once for the packages of all.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::search::wanted_contents;
use super::{ContentPlace, ImagePackages, list_found, plan_packages, read_missing};
use crate::client::Registry;
use crate::layer::{FileList, FileTree, LayerFiles, TreeError};
use crate::model::failure::Failure;
use crate::ops::files::cost::{LayerPlan, plan_layer};
use crate::ops::files::image::ImageSource;
use crate::ops::files::layer::{Wanted, fit, read_layer};
use crate::ops::files::left_out::LeftOutLayer;
use crate::ops::files::pause::Pause;
use crate::ops::files::progress::LayerProgress;
use crate::ops::files::proof::ListProof;
use crate::ops::files::tree::{ImageFiles, LayersRead, Reading};
use crate::ops::spending::{Spending, SpendingError};

/// Most bytes of lists of files and of contents that are kept in memory.
const MOST_MEMORY: usize = 256 << 20;

/// A layer that was read.
#[derive(Debug, Clone)]
struct ShelvedLayer {
    files: Arc<LayerFiles>,
    /// The contents of package files, by the number of the entry.
    contents: HashMap<u32, Bytes>,
}

/// The layers that were read, by what proves their lists.
#[derive(Debug, Default)]
pub struct PackageShelf {
    layers: HashMap<ListProof, ShelvedLayer>,
    /// The layers that could not be read. They are not tried again.
    failed: HashMap<ListProof, Failure>,
    memory: usize,
    /// The number of layers that were read, without those whose lists were known.
    pub layers_read: usize,
    /// The bytes of layers that were received.
    pub received: u64,
}

impl PackageShelf {
    /// Lists the packages of an image. Only layers that are not known yet are read. Those that cannot be read are left out;
    /// it fails if none can. `reading` has their state; that of the lowest one is at `first`. The price of layers is
    /// announced before; that of the contents that are read after them is added to `spending`.
    pub async fn list_packages(
        &mut self,
        registry: &dyn Registry,
        image: &ImageSource,
        (reading, first): (&Reading, usize),
        spending: &mut Spending<'_>,
    ) -> Result<ImagePackages, SpendingError> {
        let mut layers: LayersRead = Vec::with_capacity(image.layers.len());
        let mut contents = HashMap::new();
        let (mut left_out, mut failure) = (Vec::new(), None);
        let wanted = wanted_contents();
        for number in 0..image.layers.len() {
            let progress = reading.layer(first + number);
            match self.layer(registry, image, number, &wanted, (&progress, &reading.pause)).await {
                Ok(layer) => {
                    let read = layer.contents.into_iter();
                    contents.extend(read.map(|(entry, content)| ((number, entry), content)));
                    layers.push(Some(layer.files));
                }
                Err(why) => {
                    left_out.push(LeftOutLayer::of(number, &why));
                    layers.push(None);
                    failure.get_or_insert(why);
                }
            }
        }
        if let Some(failure) = failure.filter(|_| layers.iter().all(Option::is_none)) {
            return Err(failure.into());
        }
        let files = put_together(image, layers, contents).await?;
        let mut plan = plan_packages(registry, &files).await;
        spending.allow(plan.price())?;
        let received = read_missing(registry, &files, &mut plan, (reading, first)).await;
        self.received += received;
        for (place, content) in &plan.contents {
            self.keep_content(&files, *place, content);
        }
        let mut found = list_found(plan).await;
        found.problems.add_left_out(&left_out);
        Ok(ImagePackages { left_out, received, ..found })
    }

    /// Returns a layer of an image, by its number from 0. It is read unless it is known.
    async fn layer(
        &mut self,
        registry: &dyn Registry,
        image: &ImageSource,
        number: usize,
        wanted: &Wanted,
        (progress, pause): (&Arc<LayerProgress>, &Pause),
    ) -> Result<ShelvedLayer, Failure> {
        let source = &image.layers[number];
        let proof = ListProof::of(source);
        if let Some(layer) = proof.as_ref().and_then(|proof| self.layers.get(proof).cloned()) {
            return Ok(ShelvedLayer { files: fit(&layer.files, source)?, ..layer });
        }
        if let Some(failure) = proof.as_ref().and_then(|proof| self.failed.get(proof)) {
            return Err(failure.clone());
        }
        let plan = plan_layer(registry, source).await;
        let name = &image.repository.name;
        let read = read_layer(registry, name, source, &plan, Some(wanted), progress, pause).await;
        self.received += progress.received();
        match read {
            Ok(read) => {
                self.layers_read += usize::from(!matches!(plan, LayerPlan::Kept(_)));
                let layer = ShelvedLayer { files: read.files, contents: read.contents };
                self.keep(proof, layer.clone());
                Ok(layer)
            }
            Err(failure) => {
                self.failed.extend(proof.map(|proof| (proof, failure.clone())));
                Err(failure)
            }
        }
    }

    /// Returns whether a layer is known, so that it is not read again.
    pub fn has(&self, proof: &ListProof) -> bool {
        self.layers.contains_key(proof) || self.failed.contains_key(proof)
    }

    /// Keeps a layer. Forgets all others if they need too much memory.
    fn keep(&mut self, proof: Option<ListProof>, layer: ShelvedLayer) {
        let Some(proof) = proof else { return };
        let memory = layer.files.list.memory() + layer.contents.values().map(Bytes::len).sum::<usize>();
        self.memory += memory;
        if self.memory > MOST_MEMORY {
            self.layers.clear();
            self.memory = memory;
        }
        self.layers.insert(proof, layer);
    }

    /// Keeps a content that was read on its own, if there is room.
    fn keep_content(&mut self, files: &ImageFiles, place: ContentPlace, content: &Bytes) {
        let proof = files.image.layers.get(place.layer).and_then(ListProof::of);
        let Some(layer) = proof.and_then(|proof| self.layers.get_mut(&proof)) else { return };
        if self.memory + content.len() <= MOST_MEMORY && !layer.contents.contains_key(&place.entry) {
            self.memory += content.len();
            layer.contents.insert(place.entry, content.clone());
        }
    }
}

/// Puts the layers on top of each other. Those that could not be read count as empty.
async fn put_together(
    image: &ImageSource,
    layers: LayersRead,
    contents: HashMap<(usize, u32), Bytes>,
) -> Result<ImageFiles, Failure> {
    let root = image.root();
    let build = move || {
        let (mut tree, empty) = (FileTree::default(), FileList::default());
        let layers: LayersRead = layers.iter().map(|layer| Some(layer.as_ref()?.with_root(root))).collect();
        for layer in &layers {
            tree.add_layer(layer.as_ref().map_or(&empty, |layer| &layer.list))?;
        }
        tree.shrink();
        Ok::<_, TreeError>((tree, layers))
    };
    let what = || format!("cannot put the layers of {} together", image.manifest.digest);
    let built = tokio::task::spawn_blocking(build).await;
    let built = built.map_err(|_| Failure::local(what(), "the reader stopped"))?;
    let (tree, layers) = built.map_err(|error| Failure::local(what(), error.to_string()))?;
    Ok(ImageFiles { image: image.clone(), layers, tree: Arc::new(tree), contents, received: 0 })
}
