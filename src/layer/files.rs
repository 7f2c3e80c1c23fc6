//! The files of one layer, however they became known.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::compression::Compression;
use super::entry::{DataPosition, LayerEntry};
use super::error::LayerError;
use super::finding::Findings;
use super::list::FileList;
pub(crate) use super::path::{at_root, beside_root};
use super::table::{Chunk, LayerTable};
use super::unpacked::LayerSums;
use crate::model::digest::Digest;

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
    /// The reason why the table of contents that the manifest names was refused and the whole layer read instead.
    /// Untrusted text.
    pub refused_table: Option<String>,
    /// Whether the list is proved: by the digest of the layer, or by the digest of the table that the manifest names.
    pub is_proved: bool,
    /// The number of uncompressed bytes, if the whole layer was read.
    pub uncompressed: Option<u64>,
    /// The digest of the uncompressed bytes, if the whole layer was read.
    pub diff_id: Option<Digest>,
    /// The directory of the layer whose content the list has at its root; empty if the paths are those of the layer. The
    /// paths beside it begin with a colon. The cache keeps lists without it.
    pub root: &'static [u8],
}

/// The directory of layers of Windows with the files of the image. Beside it stand the hives of its registry, and the
/// files for containers with a kernel of their own: <https://github.com/microsoft/hcsshim/blob/main/pkg/ociwclayer/export.go>.
pub const WINDOWS_ROOT: &[u8] = b"Files";
/// The directories that a layer of Windows has.
const WINDOWS_DIRECTORIES: [&[u8]; 3] = [WINDOWS_ROOT, b"Hives", b"UtilityVM"];

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
            diff_id: None,
            root: b"",
        }
    }

    /// The files of a layer that was read whole and whose digest was compared.
    pub fn of_stream(
        compression: Compression,
        mut list: FileList,
        sums: &LayerSums,
        findings: Findings,
    ) -> LayerFiles {
        list.shrink();
        LayerFiles {
            findings,
            uncompressed: Some(sums.uncompressed),
            diff_id: Some(sums.diff_id),
            ..LayerFiles::new(LayerFormat::Tar(compression), list)
        }
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

    /// Returns the files with the content of a directory at the root, and a colon before all other paths: see
    /// [`WINDOWS_ROOT`]. A layer that is none of Windows stays as it is.
    pub fn with_root(self: &Arc<Self>, root: &'static [u8]) -> Arc<LayerFiles> {
        if root.is_empty() || !self.root.is_empty() || !self.list.has_any_in(&WINDOWS_DIRECTORIES) {
            return self.clone();
        }
        match self.list.at_root(root) {
            Ok(list) => Arc::new(LayerFiles { list, root, ..LayerFiles::clone(self) }),
            Err(_) => self.clone(),
        }
    }

    /// Notes whether the media type of the descriptor names another compression.
    pub fn compare_media_type(&mut self, media_type: &str) {
        let found = match self.format {
            LayerFormat::Tar(compression) => Some(compression),
            LayerFormat::Estargz => Some(Compression::Gzip),
            LayerFormat::ZstdChunked => Some(Compression::Zstd),
            LayerFormat::Blob => None,
        };
        let named = Compression::of_media_type(media_type);
        self.findings.set_wrong_media_type(found.is_some() && named.is_some() && named != found);
    }

    /// Compares the digest of the uncompressed bytes with the one that a config names, if it is known.
    pub fn check_diff_id(&self, expected: Option<&Digest>) -> Result<(), LayerError> {
        // Only sha256 is computed.
        let expected = expected.filter(|expected| matches!(expected, Digest::Sha256(_)));
        match (expected, self.diff_id) {
            (Some(expected), Some(found)) if *expected != found => Err(LayerError::WrongDigest {
                what: "diff_id",
                expected: Box::new(*expected),
                found: Box::new(found),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a file is read in chunks. That needs a digest for all of its bytes; otherwise only the whole layer proves
    /// them.
    pub fn is_in_chunks(&self, entry: &LayerEntry<'_>) -> bool {
        let Some(chunks) = self.chunks_of(entry) else { return false };
        entry.sha256.is_some() || chunks.iter().all(Chunk::is_told)
    }

    /// Returns the chunks of a file, if the layer has a table of contents.
    pub fn chunks_of(&self, entry: &LayerEntry<'_>) -> Option<&[Chunk]> {
        let Some(DataPosition::Chunks { first, count }) = entry.data else { return None };
        let (first, count) = (first as usize, count as usize);
        self.chunks.get(first..first.saturating_add(count))
    }
}

/// The bytes of a layer that chunks take.
#[derive(Debug)]
pub struct ChunkRanges {
    /// The bytes at which members or frames begin, in order.
    starts: Vec<u64>,
    end: u64,
}

impl ChunkRanges {
    /// Looks at all chunks of a layer.
    pub fn of(files: &LayerFiles) -> ChunkRanges {
        let stored = files.chunks.iter().filter(|chunk| !chunk.is_zeros);
        let mut starts: Vec<u64> = stored.map(|chunk| chunk.offset).collect();
        starts.sort_unstable();
        ChunkRanges { starts, end: files.chunks_end }
    }

    /// Returns the bytes of the layer to fetch for a chunk: from its member or frame to the next one that is stored
    /// behind it, or to the table.
    pub fn range(&self, chunk: &Chunk) -> Range<u64> {
        let next = self.starts.partition_point(|start| *start <= chunk.offset);
        chunk.offset..self.starts.get(next).copied().unwrap_or(self.end)
    }
}

/// Returns the content of a chunk from the bytes of the layer that hold it, compared with the digest of the chunk.
pub fn unpack_chunk(format: LayerFormat, chunk: &Chunk, packed: &[u8]) -> Result<Vec<u8>, LayerError> {
    let is_zstd = format == LayerFormat::ZstdChunked;
    let content = super::compression::unpack_part(is_zstd, packed, chunk.inner, chunk.size)?;
    let Some(expected) = chunk.sha256.as_deref().copied().map(Digest::Sha256) else { return Ok(content) };
    let found = Digest::sha256(&content);
    if found == expected {
        return Ok(content);
    }
    let (expected, found) = (Box::new(expected), Box::new(found));
    Err(LayerError::WrongDigest { what: "digest of a part of the file", expected, found })
}
