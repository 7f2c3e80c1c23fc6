//! The way in which each layer of an image is read, and the bytes that this takes.

use std::ops::Range;
use std::sync::Arc;

use super::image::{ImageSource, LayerSource};
use super::kept_lists::read_list;
use super::proof::{ListProof, NamedTable, SMALL};
use super::single_file::{is_layer_of_an_image, is_no_tar};
use crate::client::Registry;
use crate::layer::zstd_chunked::TablePosition;
use crate::layer::{LayerFiles, LayerFormat};
use crate::model::digest::Digest;
use crate::model::manifest::Descriptor;
use crate::model::price::Price;
use crate::model::text::SafeText;

/// Addresses of a foreign layer that are looked at.
const MOST_URLS: usize = 16;

/// The way to the files of a layer.
#[derive(Debug, Clone)]
pub enum LayerPlan {
    /// They are known from an earlier look.
    Kept(Arc<LayerFiles>),
    /// The table of contents of an eStargz layer is read, whose digest the manifest names.
    Estargz {
        /// The bytes to request first.
        range: Range<u64>,
        /// The digest of the table.
        digest: Digest,
    },
    /// The table of contents of a zstd:chunked layer is read.
    ZstdChunked {
        /// Its place.
        position: TablePosition,
        /// Its digest, if the manifest names one.
        digest: Option<Digest>,
    },
    /// The layer is no tar but a single file, as its first bytes show. Nothing more has to be read to list it.
    SingleFile,
    /// The layer is read from its first byte to its last.
    Whole,
    /// It cannot be read: the reason.
    Unreadable(SafeText),
}

/// The plan for the layers of an image, bottom first.
#[derive(Debug, Clone, Default)]
pub struct ReadingPlan {
    /// One for each layer.
    pub layers: Vec<LayerPlan>,
    /// The bytes of the layers that are not known yet.
    pub bytes: u64,
    /// Whether a size is missing, so that more bytes may be read.
    pub is_more: bool,
    /// The number of layers that are read whole.
    pub whole_layers: usize,
    /// The requests for these layers.
    pub requests: u64,
}

impl ReadingPlan {
    /// Counts only some layers, by their numbers from 0.
    pub fn choose(&mut self, image: &ImageSource, numbers: &[usize]) {
        let layers = std::mem::take(&mut self.layers);
        *self = ReadingPlan::default();
        for (number, (layer, source)) in layers.into_iter().zip(&image.layers).enumerate() {
            if numbers.contains(&number) {
                self.count(&layer, source);
            }
            self.layers.push(layer);
        }
    }

    /// Adds a layer.
    pub fn add(&mut self, layer: LayerPlan, source: &LayerSource) {
        self.count(&layer, source);
        self.layers.push(layer);
    }

    fn count(&mut self, layer: &LayerPlan, source: &LayerSource) {
        match layer.bytes(source) {
            Some(bytes) => self.bytes = self.bytes.saturating_add(bytes),
            None => self.is_more = true,
        }
        self.whole_layers += usize::from(matches!(layer, LayerPlan::Whole));
        self.requests += layer.requests();
    }

    /// Returns the price.
    pub fn price(&self) -> Price {
        let ReadingPlan { bytes, requests, is_more, whole_layers, .. } = *self;
        Price { bytes, requests, is_more, whole_layers, ..Price::default() }
    }

    /// Returns whether reading is announced before it begins.
    pub fn is_expensive(&self) -> bool {
        self.price().is_high()
    }
}

impl LayerPlan {
    /// Returns the bytes that are read, if they are known.
    pub fn bytes(&self, source: &LayerSource) -> Option<u64> {
        match self {
            LayerPlan::Kept(_) | LayerPlan::SingleFile | LayerPlan::Unreadable(_) => Some(0),
            LayerPlan::Estargz { range, .. } => Some(range.end - range.start),
            LayerPlan::ZstdChunked { position, .. } => Some(position.range.end - position.range.start),
            LayerPlan::Whole => source.descriptor.size,
        }
    }

    /// Returns the number of requests.
    fn requests(&self) -> u64 {
        match self {
            LayerPlan::Kept(_) | LayerPlan::SingleFile | LayerPlan::Unreadable(_) => 0,
            LayerPlan::ZstdChunked { .. } | LayerPlan::Whole => 1,
            // A second one follows if the first range does not hold all of the table.
            LayerPlan::Estargz { .. } => 2,
        }
    }
}

/// Plans the reading of an image. Requests nothing but the first bytes of blobs that may be no tars.
pub async fn plan_reading(registry: &dyn Registry, image: &ImageSource) -> ReadingPlan {
    let mut plan = ReadingPlan::default();
    for (index, source) in image.layers.iter().enumerate() {
        let proof = ListProof::of(source);
        let same = |other: &LayerSource| proof.is_some() && ListProof::of(other) == proof;
        let layer = match image.layers[..index].iter().position(same) {
            Some(first) => plan.layers[first].clone(),
            None => {
                let mut layer = plan_layer(registry, source).await;
                let is_large = source.descriptor.size.is_none_or(|size| size > SMALL);
                if matches!(layer, LayerPlan::Whole)
                    && is_large
                    && !is_layer_of_an_image(source)
                    && is_no_tar(registry, &image.repository.name, source).await
                {
                    layer = LayerPlan::SingleFile;
                }
                plan.count(&layer, source);
                layer
            }
        };
        plan.layers.push(layer);
    }
    plan
}

/// Plans the reading of a layer. Requests nothing.
pub async fn plan_layer(registry: &dyn Registry, source: &LayerSource) -> LayerPlan {
    let descriptor = &source.descriptor;
    let Some(digest) = descriptor.digest else {
        return LayerPlan::Unreadable("its digest cannot be checked".into());
    };
    if let Some(kept) = kept_files(registry, source, &digest).await {
        return LayerPlan::Kept(Arc::new(kept));
    }
    if descriptor.is_foreign() {
        return LayerPlan::Unreadable(foreign_text(descriptor));
    }
    match NamedTable::of(source) {
        Some(NamedTable::Estargz(range, digest)) => LayerPlan::Estargz { range, digest },
        Some(NamedTable::ZstdChunked(position, digest)) => LayerPlan::ZstdChunked { position, digest },
        None => LayerPlan::Whole,
    }
}

/// Returns the files that were kept: those of the table that the annotations name, else those of the whole layer.
async fn kept_files(registry: &dyn Registry, source: &LayerSource, layer: &Digest) -> Option<LayerFiles> {
    let proof = ListProof::of(source).and_then(|proof| proof.table);
    for (key, is_table) in proof.map(|key| (key, true)).into_iter().chain([(*layer, false)]) {
        let Some(mut files) = read_list(registry, &key).await else { continue };
        if is_table == matches!(files.format, LayerFormat::Tar(_)) {
            continue;
        }
        if files.format == LayerFormat::Estargz {
            // The place of its table is proved by nothing but the table itself, so it is not relied on later.
            files.chunks_end = source.descriptor.size.unwrap_or(files.chunks_end);
        }
        return Some(files);
    }
    None
}

/// Returns the reason why a foreign layer is not read, with the host that has it.
fn foreign_text(descriptor: &Descriptor) -> SafeText {
    let hosts: Vec<String> = descriptor
        .urls
        .iter()
        .take(MOST_URLS)
        .filter_map(|url| Some(url::Url::parse(url).ok()?.host_str()?.to_string()))
        .collect();
    match hosts.first() {
        Some(host) => format!("it is foreign: not stored in the registry, but at {host}").into(),
        None => "it is foreign: not stored in the registry, but elsewhere".into(),
    }
}
