//! The requests that contents of files take.

use std::ops::Range;

use crate::layer::files::ChunkRanges;
use crate::layer::{Chunk, DataPosition, EntryKind, LayerFiles};
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::ops::files::image::LayerSource;
use crate::ops::files::layer::describe;

/// Most bytes that one request for chunks reads.
const LONGEST_REQUEST: u64 = 8 << 20;
/// Chunks that are no further apart are read with one request.
const LARGEST_GAP: u64 = 64 << 10;

/// Returns the price of [`super::read_contents`]. An entry that it would refuse costs nothing.
pub fn price_of_contents(source: &LayerSource, files: &LayerFiles, entries: &[u32]) -> Price {
    let Ok(WantedContents { in_chunks, in_stream, .. }) = WantedContents::of(source, files, entries) else {
        return Price::default();
    };
    let requests = chunk_requests(files, &in_chunks);
    let requests = requests.iter().filter(|request| !request.range.is_empty());
    let mut price = requests.fold(Price::default(), |sum, ChunkRequest { range, .. }| {
        sum + Price { bytes: range.end - range.start, requests: 1, ..Price::default() }
    });
    if !in_stream.is_empty() {
        // The layer is read from its first byte to the last file that is needed.
        let (bytes, is_more) = (source.descriptor.size.unwrap_or(0), source.descriptor.size.is_none());
        price = price + Price { bytes, requests: 1, is_more, whole_layers: 1, ..Price::default() };
    }
    price
}

/// Contents by the way in which they are read, each by the number of its entry.
pub(super) struct WantedContents<'a> {
    /// Files without content.
    pub(super) empty: Vec<u32>,
    /// Files in chunks, each with these.
    pub(super) in_chunks: Vec<(u32, &'a [Chunk])>,
    /// Files that are found by reading the layer from its first byte on.
    pub(super) in_stream: Vec<u32>,
}

impl<'a> WantedContents<'a> {
    /// Sorts entries by the way in which they are read. Fails for one that is no file or is stored with holes.
    pub(super) fn of(
        source: &LayerSource,
        files: &'a LayerFiles,
        entries: &[u32],
    ) -> Result<WantedContents<'a>, Failure> {
        let mut wanted = WantedContents { empty: Vec::new(), in_chunks: Vec::new(), in_stream: Vec::new() };
        for number in entries {
            let entry = files.list.get(*number as usize).filter(|entry| entry.kind == EntryKind::File);
            let entry = entry.ok_or_else(|| Failure::local(describe(source), "an entry is no file"))?;
            match entry.data {
                _ if entry.size == 0 => wanted.empty.push(*number),
                Some(DataPosition::Chunks { .. }) if files.is_in_chunks(&entry) => {
                    wanted.in_chunks.push((*number, files.chunks_of(&entry).unwrap_or_default()));
                }
                Some(DataPosition::Chunks { .. } | DataPosition::Stream(_)) => {
                    wanted.in_stream.push(*number);
                }
                None => {
                    let path = String::from_utf8_lossy(&entry.path).into_owned();
                    return Err(Failure::local(format!("cannot read {path}"), "it is stored with holes"));
                }
            }
        }
        Ok(wanted)
    }
}

/// Returns the requests for chunks. Those that are near each other are read together.
pub(super) fn chunk_requests<'a>(layer: &LayerFiles, files: &[(u32, &'a [Chunk])]) -> Vec<ChunkRequest<'a>> {
    let ranges = ChunkRanges::of(layer);
    let mut requests: Vec<ChunkRequest<'a>> = Vec::new();
    for (number, chunks) in files {
        for chunk in *chunks {
            let range = if chunk.is_zeros { 0..0 } else { ranges.range(chunk) };
            match requests.last_mut().filter(|last| last.can_hold(&range)) {
                Some(last) => last.push(*number, chunk, range),
                None => {
                    requests
                        .push(ChunkRequest { range: range.clone(), chunks: vec![(*number, chunk, range)] });
                }
            }
        }
    }
    requests
}

/// Several chunks that one request reads.
pub(super) struct ChunkRequest<'a> {
    /// The bytes of the layer.
    pub(super) range: Range<u64>,
    /// The number of the file, and the chunk with its bytes of the layer.
    pub(super) chunks: Vec<(u32, &'a Chunk, Range<u64>)>,
}

impl<'a> ChunkRequest<'a> {
    fn can_hold(&self, range: &Range<u64>) -> bool {
        let is_near =
            range.start >= self.range.start && range.start <= self.range.end.saturating_add(LARGEST_GAP);
        range.is_empty()
            || self.range.is_empty()
            || (is_near && range.end.max(self.range.end) - self.range.start <= LONGEST_REQUEST)
    }

    fn push(&mut self, number: u32, chunk: &'a Chunk, range: Range<u64>) {
        if self.range.is_empty() {
            self.range = range.clone();
        } else if !range.is_empty() {
            self.range.end = self.range.end.max(range.end);
        }
        self.chunks.push((number, chunk, range));
    }
}
