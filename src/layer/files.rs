//! The files of one layer, however they became known, and their form in the cache.

use std::io::{Read, Write};
use std::ops::Range;

use bytes::Bytes;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::compression::Compression;
use super::error::LayerError;
use super::finding::Findings;
use super::list::{FileList, ListPart};
use super::table::{Chunk, LayerTable};
use super::unpacked::LayerSums;

/// The version of the form in the cache. Another one is not read.
const VERSION: u8 = 2;
/// Most bytes of a list from the cache: one with two million entries, each with a path of average length.
const LARGEST: u64 = 512 << 20;
/// The chunks that are written together.
const CHUNKS_TOGETHER: usize = 1024;

/// The way in which a layer holds its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LayerFormat {
    /// A tar that has to be read from its first byte.
    Tar(Compression),
    /// gzip with a table of contents.
    Estargz,
    /// zstd with a table of contents.
    ZstdChunked,
    /// No tar: the blob is the file itself, as artifacts have them.
    Blob,
}

/// The files of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerFiles {
    /// The way in which the layer holds them.
    pub format: LayerFormat,
    /// The entries.
    pub list: FileList,
    /// The chunks of all files, if there is a table of contents.
    pub chunks: Vec<Chunk>,
    /// The byte of the layer before which all chunks stand.
    pub chunks_end: u64,
    /// Peculiarities of the layer.
    pub findings: Findings,
    /// The reason why the table of contents was refused and the whole layer read instead. Untrusted text.
    pub refused_table: Option<String>,
    /// Whether the list is proved: by the digest of the layer, or by the digest of the table that the manifest names.
    pub is_proved: bool,
    /// The number of uncompressed bytes, if the whole layer was read.
    pub uncompressed: Option<u64>,
}

impl LayerFiles {
    /// The files of a layer without a table of contents, all of which are proved.
    pub fn new(format: LayerFormat, list: FileList) -> LayerFiles {
        LayerFiles {
            format,
            list,
            chunks: Vec::new(),
            chunks_end: 0,
            findings: Findings::default(),
            refused_table: None,
            is_proved: true,
            uncompressed: None,
        }
    }

    /// The files of a layer that was read whole and whose digests were compared.
    pub fn of_stream(
        compression: Compression,
        mut list: FileList,
        sums: &LayerSums,
        findings: Findings,
    ) -> LayerFiles {
        list.shrink();
        let uncompressed = Some(sums.uncompressed);
        LayerFiles { findings, uncompressed, ..LayerFiles::new(LayerFormat::Tar(compression), list) }
    }

    /// The files that a table of contents lists, which begins at the byte `table_start` of the layer.
    pub fn of_table(format: LayerFormat, table: LayerTable, table_start: u64) -> LayerFiles {
        LayerFiles {
            chunks: table.chunks,
            chunks_end: table_start,
            findings: table.findings,
            is_proved: table.is_attested,
            ..LayerFiles::new(format, table.list)
        }
    }

    /// Returns the bytes of the layer to fetch for a chunk: from its member or frame to the next one that is stored
    /// behind it, or to the table.
    pub fn chunk_range(&self, chunk: &Chunk) -> Range<u64> {
        let stored = self.chunks.iter().filter(|other| !other.is_zeros && other.offset > chunk.offset);
        chunk.offset..stored.map(|other| other.offset).min().unwrap_or(self.chunks_end)
    }

    /// Returns the form for the cache, or `None` if it cannot be made. It is made in parts, so that little of it is in
    /// memory before it is compressed.
    pub fn encode(&self) -> Option<Bytes> {
        let mut out = vec![VERSION];
        let mut packer = ZlibEncoder::new(&mut out, flate2::Compression::fast());
        let head = KeptHead {
            format: self.format,
            chunks: self.chunks.len(),
            parts: self.list.parts().len(),
            chunks_end: self.chunks_end,
            findings: self.findings.clone(),
            refused_table: self.refused_table.clone(),
            is_proved: self.is_proved,
            uncompressed: self.uncompressed,
        };
        write_frame(&mut packer, &head)?;
        for chunks in self.chunks.chunks(CHUNKS_TOGETHER) {
            write_frame(&mut packer, chunks)?;
        }
        for part in self.list.parts() {
            write_frame(&mut packer, part)?;
        }
        packer.finish().ok()?;
        Some(out.into())
    }

    /// Reads the form of the cache. Returns `None` if it is another version, or damaged.
    pub fn decode(kept: &[u8]) -> Option<LayerFiles> {
        let (&VERSION, packed) = kept.split_first()? else { return None };
        let (mut bytes, mut frame) = (ZlibDecoder::new(packed).take(LARGEST), Vec::new());
        let head: KeptHead = read_frame(&mut bytes, &mut frame)?;
        let mut chunks: Vec<Chunk> = Vec::new();
        while chunks.len() < head.chunks {
            let more: Vec<Chunk> = read_frame(&mut bytes, &mut frame)?;
            if more.is_empty() {
                return None;
            }
            chunks.extend(more);
        }
        if chunks.len() != head.chunks {
            return None;
        }
        chunks.shrink_to_fit();
        let mut list = FileList::default();
        for _ in 0..head.parts {
            let part: ListPart = read_frame(&mut bytes, &mut frame)?;
            list.add_part(part, chunks.len())?;
        }
        list.shrink();
        Some(LayerFiles {
            format: head.format,
            list,
            chunks,
            chunks_end: head.chunks_end,
            findings: head.findings,
            refused_table: head.refused_table,
            is_proved: head.is_proved,
            uncompressed: head.uncompressed,
        })
    }
}

/// Everything but lists, as the cache has it.
#[derive(Serialize, Deserialize)]
struct KeptHead {
    format: LayerFormat,
    /// The number of chunks.
    chunks: usize,
    /// The number of parts of the list.
    parts: usize,
    chunks_end: u64,
    findings: Findings,
    refused_table: Option<String>,
    is_proved: bool,
    uncompressed: Option<u64>,
}

/// Writes a value behind its length.
fn write_frame(out: &mut impl Write, value: &(impl Serialize + ?Sized)) -> Option<()> {
    let frame = postcard::to_stdvec(value).ok()?;
    out.write_all(&u32::try_from(frame.len()).ok()?.to_le_bytes()).ok()?;
    out.write_all(&frame).ok()
}

/// Reads a value behind its length. `frame` is a buffer.
fn read_frame<T: DeserializeOwned>(from: &mut impl Read, frame: &mut Vec<u8>) -> Option<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length).ok()?;
    frame.clear();
    // The buffer only grows as far as there are bytes.
    let length = u32::from_le_bytes(length);
    let read = from.by_ref().take(length.into()).read_to_end(frame).ok()?;
    if read != usize::try_from(length).ok()? {
        return None;
    }
    postcard::from_bytes(frame).ok()
}

/// Returns the content of a chunk from the bytes of the layer that hold it.
pub fn unpack_chunk(format: LayerFormat, chunk: &Chunk, packed: &[u8]) -> Result<Vec<u8>, LayerError> {
    super::compression::unpack_part(format == LayerFormat::ZstdChunked, packed, chunk.inner, chunk.size)
}
