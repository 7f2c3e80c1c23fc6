//! The table of contents of a zstd:chunked layer, which an annotation of the layer points to.
//!
//! containers/storage `pkg/chunked/internal/minimal/compression.go`. It trusts only the annotation, because the manifest
//! is known by its digest. So does this code: the footer of the blob is not read.

use std::io::Read;
use std::ops::Range;

use ruzstd::decoding::StreamingDecoder;

use super::error::LayerError;
use super::table::{LayerTable, TableJson, TableLimits, check_digest, describe_table_error, parse_table};
use crate::model::digest::Digest;

/// The annotations for the position of the table, of today and of versions before November 2022.
pub const POSITION_ANNOTATIONS: [&str; 2] =
    ["io.github.containers.zstd-chunked.manifest-position", "io.containers.zstd-chunked.manifest-position"];

/// The annotations for the digest of the compressed table.
pub const DIGEST_ANNOTATIONS: [&str; 2] =
    ["io.github.containers.zstd-chunked.manifest-checksum", "io.containers.zstd-chunked.manifest-checksum"];

/// The place and the size of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePosition {
    /// The bytes of the blob to fetch.
    pub range: Range<u64>,
    /// The number of uncompressed bytes.
    pub raw: u64,
}

/// Reads the annotation `offset:length:uncompressed:type` of a blob of `size` bytes.
pub fn parse_position(annotation: &str, size: u64, limits: TableLimits) -> Result<TablePosition, LayerError> {
    let numbers: Option<Vec<u64>> = annotation.split(':').map(|number| number.parse().ok()).collect();
    let numbers: Option<[u64; 4]> = numbers.and_then(|numbers| numbers.try_into().ok());
    let Some([offset, length, raw, kind]) = numbers else {
        return Err(LayerError::BadPosition("the annotation does not hold four numbers"));
    };
    if kind != 1 {
        return Err(LayerError::BadPosition("its type is not known"));
    }
    let end = offset.checked_add(length).filter(|end| length > 0 && *end <= size);
    let end = end.ok_or(LayerError::BadPosition("it is outside of the layer"))?;
    if raw > limits.raw || length > limits.raw {
        return Err(LayerError::LongTable(limits.raw));
    }
    Ok(TablePosition { range: offset..end, raw })
}

/// Reads the table from the bytes at its position. `digest` is that of the annotation.
pub fn read_table(
    bytes: &[u8],
    position: &TablePosition,
    digest: Option<&Digest>,
    limits: TableLimits,
) -> Result<LayerTable, LayerError> {
    if bytes.len() as u64 != position.range.end - position.range.start {
        return Err(LayerError::Truncated("the table of contents"));
    }
    let is_attested = check_digest("digest of the table of contents", digest, Digest::sha256(bytes))?;
    let decoder = StreamingDecoder::new(bytes).map_err(|error| LayerError::Damaged(error.to_string()))?;
    let mut json = TableJson::new(decoder.take(position.raw + 1));
    let parsed = parse_table(&mut json, position.range.start, limits);
    let (_, count) = json.finish().map_err(|error| describe_table_error(&error))?;
    if count != position.raw {
        return Err(LayerError::BadPosition("the table has another size"));
    }
    let mut table = parsed?;
    table.is_attested = is_attested;
    Ok(table)
}
