//! The proof of a list of files, which says for which other layers the list is true.
//!
//! A list of a whole layer is proved by the digest of the layer, so it is true wherever that digest stands. A list of a
//! table of contents is proved by the annotations of a manifest, so it is true only for a descriptor that has the same
//! ones: another manifest may name the digest of the same layer and a table that the layer does not have. A blob that is a
//! single file has the name that its own descriptor gives it.

use std::ops::Range;

use super::image::LayerSource;
use super::single_file::{is_layer_of_an_image, path_of};
use crate::layer::zstd_chunked::TablePosition;
use crate::layer::{LayerFiles, LayerFormat, TableLimits, estargz, zstd_chunked};
use crate::model::digest::Digest;

/// A layer up to this size is read whole: a table of contents would not take fewer requests.
pub(super) const SMALL: u64 = 1 << 20;

/// The table of contents that the annotations of a layer name.
#[derive(Debug, Clone)]
pub(super) enum NamedTable {
    /// That of an eStargz layer: the bytes to request first, and its digest.
    Estargz(Range<u64>, Digest),
    /// That of a zstd:chunked layer: its place, and its digest if there is one.
    ZstdChunked(TablePosition, Option<Digest>),
}

impl NamedTable {
    /// Returns the table that the annotations name, if the layer is large enough for one.
    pub(super) fn of(source: &LayerSource) -> Option<NamedTable> {
        let descriptor = &source.descriptor;
        let size = descriptor.size.filter(|size| *size > SMALL)?;
        let annotation = |names: &[&str]| names.iter().find_map(|name| descriptor.annotations.get(*name));
        if let Some(position) = annotation(&zstd_chunked::POSITION_ANNOTATIONS) {
            let position = zstd_chunked::parse_position(position, size, TableLimits::default()).ok()?;
            let digest = match annotation(&zstd_chunked::DIGEST_ANNOTATIONS) {
                Some(digest) => Some(digest.parse().ok()?),
                None => None,
            };
            return Some(NamedTable::ZstdChunked(position, digest));
        }
        let digest = annotation(&[estargz::DIGEST_ANNOTATION])?.parse().ok()?;
        Some(NamedTable::Estargz(estargz::first_range(size), digest))
    }
}

/// The proof of a list of files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListProof {
    /// The digest of the layer.
    layer: Digest,
    /// The digest that stands for the layer and the table of contents that the descriptor names, if it names one.
    pub(super) table: Option<Digest>,
    /// The path and the size of the file, if the layer may be one.
    file: Option<(String, Option<u64>)>,
}

impl ListProof {
    /// Returns that of the list which the descriptor leads to. Returns `None` if nothing proves it.
    pub fn of(source: &LayerSource) -> Option<ListProof> {
        let layer = source.descriptor.digest?;
        let table = match NamedTable::of(source) {
            Some(NamedTable::Estargz(range, digest)) => {
                Some(format!("estargz before {}: {digest}", range.end))
            }
            Some(NamedTable::ZstdChunked(position, digest)) => {
                let (range, digest) = (position.range, digest?);
                Some(format!("zstd:chunked at {}-{}:{}: {digest}", range.start, range.end, position.raw))
            }
            None => None,
        };
        let table = table.map(|table| Digest::sha256(format!("files of {layer}, {table}").as_bytes()));
        let file = (!is_layer_of_an_image(source)).then(|| (path_of(source), source.descriptor.size));
        Some(ListProof { layer, table, file })
    }

    /// Returns a digest that stands for everything, to keep further facts under.
    pub(crate) fn key(&self, purpose: &str) -> Digest {
        Digest::sha256(format!("{purpose} of {self:?}").as_bytes())
    }
}

/// Returns the digest under which a list is kept: that of the layer, or the one that stands for its table.
pub(super) fn kept_key(source: &LayerSource, files: &LayerFiles) -> Option<Digest> {
    match files.format {
        LayerFormat::Tar(_) => source.descriptor.digest,
        LayerFormat::Estargz | LayerFormat::ZstdChunked => ListProof::of(source)?.table,
        LayerFormat::Blob => None,
    }
}
