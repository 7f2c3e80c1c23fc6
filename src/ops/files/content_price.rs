//! The price of contents of files.

use super::content::ranges_of;
use super::image::LayerSource;
use crate::layer::{DataPosition, LayerFiles};
use crate::model::price::Price;

/// Returns the price of contents of files of a layer, by the numbers of their entries.
pub fn price_of_contents(source: &LayerSource, files: &LayerFiles, entries: &[u32]) -> Price {
    let mut in_chunks = Vec::new();
    let mut is_in_stream = false;
    for number in entries {
        let Some(entry) = files.list.get(*number as usize).filter(|entry| entry.size > 0) else { continue };
        match entry.data {
            Some(DataPosition::Chunks { first, count }) => {
                let (first, count) = (first as usize, count as usize);
                let chunks = files.chunks.get(first..first.saturating_add(count));
                in_chunks.push((*number, chunks.unwrap_or_default()));
            }
            Some(DataPosition::Stream(_)) => is_in_stream = true,
            None => {}
        }
    }
    let mut price = Price::default();
    for range in ranges_of(files, &in_chunks) {
        price = price + Price { bytes: range.end - range.start, requests: 1, ..Price::default() };
    }
    if is_in_stream {
        // The layer is read from its first byte to the last file that is needed.
        let (bytes, is_more) = (source.descriptor.size.unwrap_or(0), source.descriptor.size.is_none());
        price = price + Price { bytes, requests: 1, is_more, whole_layers: 1 };
    }
    price
}
