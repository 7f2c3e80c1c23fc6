//! Compares two images: their manifests and configs, and the files of the layers that differ.

mod diffed_files;
mod layer_pair;
pub mod platforms;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future, stream};
use jiff::Timestamp;

use super::files::content::{MemorySink, read_contents};
use super::files::cost::{LayerPlan, ReadingPlan, plan_layer};
use super::files::image::{ImageSource, LayerSource, choose_image};
use super::files::layer::{fit, read_layer};
use super::files::left_out::LeftOutLayer;
use super::files::proof::ListProof;
use super::files::tree::{LayersRead, Reading};
use super::packages::ImagePackages;
use super::packages::shelf::PackageShelf;
use super::spending::{Spending, SpendingError};
use crate::client::{Pool, Registry};
use crate::layer::LayerFiles;
use crate::layer::diff::{ContentPlace, DiffOperand, FileDiff};
use crate::model::failure::Failure;
use crate::model::image_diff::{DiffInput, ImageDiff, LayerChange};
use crate::model::platform::Platform;
use crate::model::price::Price;
use crate::model::reference::Reference;
use crate::model::request_budget::RequestNeed;
use crate::model::size;
use crate::model::text::SafeText;
pub use diffed_files::DiffedFiles;

/// Layers that are read at once.
const AT_ONCE: usize = 2;
/// The layers that both images share at the bottom are read as well if that takes no more bytes than this: then it is
/// certain which files were added.
const CHEAP_SHARED: u64 = 1 << 20;
/// Most bytes of a file whose content is compared.
const LARGEST_FILE: u64 = 64 << 20;

/// Two images with the differences between their manifests and configs.
#[derive(Debug)]
pub struct DiffedImages {
    /// The left image.
    pub left: ImageSource,
    /// The right image.
    pub right: ImageSource,
    /// The differences.
    pub diff: ImageDiff,
    registries: [Arc<dyn Registry>; 2],
    /// The numbers of the layers that are compared, from 1, if it is only one of each image.
    single: Option<[usize; 2]>,
}

/// The layers to read for the comparison of files.
#[derive(Debug)]
pub struct FileDiffPlan {
    /// The layers at the bottom that both images share and that are not read.
    pub unread: usize,
    /// The bytes of these layers, as far as they are known.
    pub unread_bytes: u64,
    /// The plan for the others, and its bytes. A layer of both images is read once.
    pub reading: ReadingPlan,
    layers: Vec<NeededLayer>,
    /// For each layer of the images above those that are not read: its index in `layers`.
    slots: [Vec<usize>; 2],
}

/// A layer to read.
#[derive(Debug, Clone, Copy)]
struct NeededLayer {
    operand: DiffOperand,
    /// The index in its image, from 0.
    index: usize,
}

/// Reads the manifests and configs of two images. Of an index it is the image for `platform`, by the rules of
/// [`choose_image`].
pub async fn diff_images(
    pool: &Pool,
    left: &Reference,
    right: &Reference,
    platform: Option<&Platform>,
) -> Result<DiffedImages, Failure> {
    let choose = |side: &Reference| {
        let (registry, side) = (pool.registry_for_reading(&side.repository.host), side.clone());
        async move { choose_image(&*registry, &side.repository, &side.selector(), platform).await }.boxed()
    };
    let (one, other) = future::join(choose(left), choose(right)).await;
    let (one, other) = (one?, other?);
    let names = [left, right].map(ToString::to_string);
    let diff = ImageDiff::of(input(&names[0], &one), input(&names[1], &other));
    Ok(DiffedImages::new(pool, one, other, diff))
}

fn input<'a>(reference: &'a str, image: &'a ImageSource) -> DiffInput<'a> {
    DiffInput {
        reference,
        manifest: &image.manifest,
        config: image.config.as_deref(),
        platform: image.platform.as_ref(),
    }
}

impl FileDiffPlan {
    /// Returns the state of the layers to read.
    pub fn new_reading(&self) -> Reading {
        Reading::of_layers(self.layers.len())
    }
}

impl DiffedImages {
    /// Combines two images with the differences between their manifests and configs.
    pub fn new(pool: &Pool, left: ImageSource, right: ImageSource, diff: ImageDiff) -> DiffedImages {
        let registries = [&left, &right].map(|side| pool.registry_for_reading(&side.repository.host));
        DiffedImages { left, right, diff, registries, single: None }
    }

    /// Returns the counted requests that a reading of both images needs, where that is worth being stated. Each registry
    /// may be asked for all of them.
    pub fn needs(&self, price: &Price) -> Vec<RequestNeed> {
        let [left, right] = &self.registries;
        let others = (left.host() != right.host()).then_some(right);
        let need = |registry: &Arc<dyn Registry>| {
            let budget = registry.connection()?.budget()?;
            RequestNeed::worth_stating(registry.host(), price.count(), budget, Timestamp::now())
        };
        [left].into_iter().chain(others).filter_map(need).collect()
    }

    /// Returns whether a reading is announced before it begins: it is expensive, or too few requests are left for it.
    pub fn is_announced(&self, price: &Price) -> bool {
        price.is_high() || self.needs(price).iter().any(|need| !need.fits())
    }

    fn image(&self, operand: DiffOperand) -> (&Arc<dyn Registry>, &ImageSource) {
        match operand {
            DiffOperand::Left => (&self.registries[0], &self.left),
            DiffOperand::Right => (&self.registries[1], &self.right),
        }
    }

    fn source(&self, layer: NeededLayer) -> (&Arc<dyn Registry>, &ImageSource, &LayerSource) {
        let (registry, image) = self.image(layer.operand);
        (registry, image, &image.layers[layer.index])
    }

    /// Returns the number of layers at the bottom that both images share.
    fn shared_at_the_bottom(&self) -> usize {
        let is_shared = |(index, layer): &(usize, &crate::model::image_diff::DiffedLayer)| {
            layer.change == LayerChange::Shared && (layer.left, layer.right) == (Some(*index), Some(*index))
        };
        self.diff.layers.iter().enumerate().take_while(is_shared).count()
    }

    /// Plans the comparison of files. The layers at the bottom that both images share are read if `reads_all`, or if that
    /// costs next to nothing. Shared layers above a difference are always read: they may hide files of one image only.
    pub async fn plan_files(&self, reads_all: bool) -> FileDiffPlan {
        let shared = self.shared_at_the_bottom();
        let bottom = (0..shared).map(|index| NeededLayer { operand: DiffOperand::Left, index });
        let bottom: Vec<NeededLayer> = bottom.collect();
        let mut bottom_plan = ReadingPlan::default();
        for layer in &bottom {
            self.add_plan(&mut bottom_plan, *layer).await;
        }
        let is_readable = bottom_plan.layers.iter().all(|plan| !matches!(plan, LayerPlan::Unreadable(_)));
        let is_cheap = !bottom_plan.is_more && bottom_plan.bytes <= CHEAP_SHARED && is_readable;
        let reads_bottom = reads_all || is_cheap;
        let unread_bytes =
            size::sum_of_known(self.left.layers[..shared].iter().map(|layer| layer.descriptor.size));
        let mut plan = FileDiffPlan {
            unread: if reads_bottom { 0 } else { shared },
            unread_bytes: if reads_bottom { 0 } else { unread_bytes },
            reading: ReadingPlan::default(),
            layers: Vec::new(),
            slots: Default::default(),
        };
        if reads_bottom {
            plan.slots[0] = (0..shared).collect();
            (plan.layers, plan.reading) = (bottom, bottom_plan);
            for index in 0..shared {
                self.add_slot(&mut plan, DiffOperand::Right, index).await;
            }
        }
        for row in self.diff.layers.iter().skip(shared) {
            for (operand, index) in [(DiffOperand::Left, row.left), (DiffOperand::Right, row.right)] {
                if let Some(index) = index {
                    self.add_slot(&mut plan, operand, index).await;
                }
            }
        }
        plan
    }

    /// Adds a layer to the plan of its image. It is read only if no other layer leads to the same list.
    async fn add_slot(&self, plan: &mut FileDiffPlan, operand: DiffOperand, index: usize) {
        let layer = NeededLayer { operand, index };
        let proof = ListProof::of(self.source(layer).2);
        let is_known = |known: &NeededLayer| proof.is_some() && ListProof::of(self.source(*known).2) == proof;
        let slot = match plan.layers.iter().position(is_known) {
            Some(slot) => slot,
            None => {
                self.add_plan(&mut plan.reading, layer).await;
                plan.layers.push(layer);
                plan.layers.len() - 1
            }
        };
        plan.slots[operand as usize].push(slot);
    }

    async fn add_plan(&self, plan: &mut ReadingPlan, layer: NeededLayer) {
        let (registry, _, source) = self.source(layer);
        plan.add(plan_layer(&**registry, source).await, source);
    }

    /// Plans the comparison of packages: all layers of both images, each once.
    pub async fn plan_packages(&self) -> ReadingPlan {
        let mut plan = ReadingPlan::default();
        let mut seen = HashSet::new();
        for operand in [DiffOperand::Left, DiffOperand::Right] {
            for (index, source) in self.image(operand).1.layers.iter().enumerate() {
                if ListProof::of(source).is_none_or(|proof| seen.insert(proof)) {
                    self.add_plan(&mut plan, NeededLayer { operand, index }).await;
                }
            }
        }
        plan
    }

    /// Returns the state of [`DiffedImages::list_packages`].
    pub fn package_reading(&self) -> Reading {
        Reading::of_images([&self.left, &self.right])
    }

    /// Lists the packages of both images. A layer of both is read once. The price of the layers is that of
    /// [`DiffedImages::plan_packages`]; that of the contents that are read after them is added to `spending`.
    pub async fn list_packages(
        &self,
        reading: &Reading,
        spending: &mut Spending<'_>,
    ) -> Result<[ImagePackages; 2], SpendingError> {
        let mut shelf = PackageShelf::default();
        let [one, other] = &self.registries;
        let first = self.left.layers.len();
        let left = shelf.list_packages(&**one, &self.left, (reading, 0), spending).await?;
        let right = shelf.list_packages(&**other, &self.right, (reading, first), spending).await?;
        Ok([left, right])
    }

    /// Reads the layers of the plan and compares the files. `reading` is that of the plan. Layers that cannot be read are
    /// left out; it fails if these are all that would tell the files of an image.
    pub async fn diff_files(&self, plan: FileDiffPlan, reading: &Reading) -> Result<DiffedFiles, Failure> {
        let mut order: Vec<usize> = (0..plan.layers.len()).collect();
        order.sort_by_key(|slot| self.source(plan.layers[*slot]).2.descriptor.size.unwrap_or(u64::MAX));
        let read = order.into_iter().map(|slot| {
            let (registry, image, source) = self.source(plan.layers[slot]);
            let (name, planned, pause) = (&image.repository.name, &plan.reading.layers[slot], &reading.pause);
            async move {
                let progress = reading.layer(slot);
                let read = read_layer(&**registry, name, source, planned, None, &progress, pause).await;
                (slot, read.map(|layer| layer.files))
            }
            .boxed()
        });
        let read: Vec<_> = read.collect();
        let mut lists: HashMap<usize, Result<Arc<LayerFiles>, Failure>> = HashMap::new();
        let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
        while let Some((slot, files)) = read.next().await {
            lists.insert(slot, files);
        }
        drop(read);
        let (left, left_missing) = self.fit_side(&plan, &lists, DiffOperand::Left)?;
        let (right, right_missing) = self.fit_side(&plan, &lists, DiffOperand::Right)?;
        let lists = (0..plan.layers.len()).map(|slot| lists.get(&slot)?.as_ref().ok().cloned()).collect();
        let (roots, unread) = ([self.left.root(), self.right.root()], plan.unread);
        let what = "cannot compare the files of two images";
        let compare = move || {
            let [left, right] = put_at_roots([left, right], roots);
            FileDiff::of_readable(left, right, unread)
        };
        let diff = tokio::task::spawn_blocking(compare).await;
        let diff = diff.map_err(|_| Failure::local(what, "the reader stopped"))?;
        let diff = diff.map_err(|error| Failure::local(what, error.to_string()))?;
        let diff = if let Some(numbers) = self.single { diff.of_single_layers(numbers) } else { diff };
        Ok(DiffedFiles { diff: Arc::new(diff), plan, lists, left_out: [left_missing, right_missing] })
    }

    /// Returns the layers of one image as its own descriptors have them, and those that are left out.
    fn fit_side(
        &self,
        plan: &FileDiffPlan,
        lists: &HashMap<usize, Result<Arc<LayerFiles>, Failure>>,
        operand: DiffOperand,
    ) -> Result<(LayersRead, Vec<LeftOutLayer>), Failure> {
        let (mut layers, mut left_out, mut first) = (LayersRead::new(), Vec::new(), None);
        let sources = self.image(operand).1.layers.iter().enumerate().skip(plan.unread);
        for (slot, (index, source)) in plan.slots[operand as usize].iter().zip(sources) {
            let fitted = match lists.get(slot) {
                Some(Ok(files)) => fit(files, source),
                Some(Err(failure)) => Err(failure.clone()),
                None => Err(Failure::local("cannot compare the files of two images", "the reader stopped")),
            };
            match fitted {
                Ok(files) => layers.push(Some(files)),
                Err(failure) => {
                    left_out.push(LeftOutLayer::of(
                        self.single.map_or(index, |numbers| numbers[operand as usize] - 1),
                        &failure,
                    ));
                    layers.push(None);
                    first.get_or_insert(failure);
                }
            }
        }
        // The shared layers below tell the same about both images.
        match first.filter(|_| plan.unread == 0 && layers.iter().all(Option::is_none)) {
            Some(failure) => Err(failure),
            None => Ok((layers, left_out)),
        }
    }

    /// Reads the content of a file of one image. Returns `None` if there is nothing, or if `files` does not tell because
    /// layers were not read: [`DiffedFiles::is_enough_for`] knows the difference.
    pub async fn read_file(
        &self,
        files: &DiffedFiles,
        operand: DiffOperand,
        path: &[u8],
    ) -> Result<Option<Bytes>, Failure> {
        let shown = SafeText::clean(&String::from_utf8_lossy(path));
        let fail = |why: String| Err(Failure::local(format!("cannot read {shown}"), why));
        let (layer, entry, bytes) = match files.diff.locate(operand, path) {
            ContentPlace::Absent | ContentPlace::Unread => return Ok(None),
            ContentPlace::NoFile(kind) => {
                return fail(format!("it is no file, but a {}", kind.name().replace('_', " ")));
            }
            ContentPlace::File { layer, entry, size } => (layer, entry, size),
        };
        if bytes > LARGEST_FILE {
            return fail(format!(
                "it has {}; files up to {} are compared",
                size::bytes(bytes),
                size::bytes(LARGEST_FILE)
            ));
        }
        let slots = &files.plan.slots[operand as usize];
        let slot = slots.get(layer).copied().unwrap_or_default();
        let list = files.lists.get(slot).and_then(Option::as_ref);
        let (Some(needed), Some(list)) = (files.plan.layers.get(slot), list) else { return Ok(None) };
        let (registry, image, source) = self.source(*needed);
        let mut sink = MemorySink::new(LARGEST_FILE);
        read_contents(&**registry, &image.repository.name, source, list, &[entry], &mut sink).await?;
        Ok(sink.into_contents().remove(&entry))
    }
}

/// Puts the content of a directory of each image at the root. The same layer stays the same one.
fn put_at_roots(sides: [LayersRead; 2], roots: [&'static [u8]; 2]) -> [LayersRead; 2] {
    let mut moved: HashMap<(*const LayerFiles, &[u8]), Arc<LayerFiles>> = HashMap::new();
    let [left, right] = sides;
    [(left, roots[0]), (right, roots[1])].map(|(layers, root)| {
        let mut put = |files: &Arc<LayerFiles>| {
            moved.entry((Arc::as_ptr(files), root)).or_insert_with(|| files.with_root(root)).clone()
        };
        layers.iter().map(|files| files.as_ref().map(&mut put)).collect()
    })
}
