//! The table of contents of an eStargz layer: a gzip member before the footer at the end of the blob.
//!
//! <https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md>

use std::io::{self, Read};
use std::ops::Range;

use super::error::LayerError;
use super::path::ESTARGZ_TABLE;
use super::stream::LayerStream;
use super::table::{LayerTable, TableJson, TableLimits, check_digest, describe_table_error, parse_table};
use super::unpacked::StreamLimits;
use crate::model::digest::Digest;

/// The annotation of the layer that names the digest of the uncompressed table.
pub const DIGEST_ANNOTATION: &str = "containerd.io/snapshot/stargz/toc.digest";

/// The fewest and the most bytes to fetch first. A table takes some 0.7 % of its layer, so the last hundredth of the
/// layer holds it as a rule.
const FIRST: Range<u64> = (64 << 10)..(4 << 20);

/// The footer of today, and that of stargz before it.
const FOOTER: u64 = 51;
const OLD_FOOTER: u64 = 47;

/// Returns the bytes of the blob to fetch first.
pub fn first_range(size: u64) -> Range<u64> {
    size.saturating_sub((size / 100).clamp(FIRST.start, FIRST.end))..size
}

/// Returns the bytes of the blob that hold the table. `end` are the last bytes of the blob, at least 51.
pub fn find_table(end: &[u8], size: u64) -> Result<Range<u64>, LayerError> {
    let last = |count: u64| {
        let start = end.len().checked_sub(usize::try_from(count).unwrap_or(usize::MAX));
        start.map(|start| &end[start..]).unwrap_or_default()
    };
    // A gzip header with the extra field: RFC 1952 § 2.3.
    let gzip = |footer: &[u8]| footer.starts_with(&[0x1f, 0x8b, 8, 4]);
    let (footer, old) = (last(FOOTER), last(OLD_FOOTER));
    let (digits, length) =
        if gzip(footer) && footer[10..16] == *b"\x1a\0SG\x16\0" && footer[32..38] == *b"STARGZ" {
            (&footer[16..32], FOOTER)
        } else if gzip(old) && old[10..12] == *b"\x16\0" && old[28..34] == *b"STARGZ" {
            (&old[12..28], OLD_FOOTER)
        } else if end.windows(17).any(|part| part == b"STARGZEXTERNALTOC") {
            return Err(LayerError::BadPosition("it stands in another image"));
        } else {
            return Err(LayerError::BadPosition("there is no footer"));
        };
    let offset = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    let offset = offset.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let offset = offset.ok_or(LayerError::BadPosition("the footer holds no number"))?;
    let table_end = size.saturating_sub(length);
    if offset >= table_end {
        return Err(LayerError::BadPosition("it is outside of the layer"));
    }
    Ok(offset..table_end)
}

/// Reads the table from the bytes of [`find_table`], which begin at `offset` of the blob. `digest` is that of the
/// annotation.
pub fn read_table(
    bytes: &[u8],
    offset: u64,
    digest: Option<&Digest>,
    limits: TableLimits,
) -> Result<LayerTable, LayerError> {
    let stream_limits =
        StreamLimits { allowance: limits.raw.saturating_add(1 << 20), ratio: 0, entries: 1, header: 1 << 20 };
    let mut tar = LayerStream::new(bytes, stream_limits)?.show_table();
    let entry = tar.next_entry()?.filter(|entry| &*entry.path == ESTARGZ_TABLE.as_bytes());
    let entry = entry.ok_or(LayerError::BadTable("there is no stargz.index.json".to_string()))?;
    if entry.size > limits.raw {
        return Err(LayerError::LongTable(limits.raw));
    }
    let mut content = TableContent { tar: &mut tar, failure: None };
    let mut json = TableJson::new(&mut content);
    let parsed = parse_table(&mut json, offset, limits);
    let finished = json.finish();
    if let Some(failure) = content.failure {
        return Err(failure);
    }
    let (found, _) = finished.map_err(|error| describe_table_error(&error))?;
    let is_attested = check_digest("digest of the table of contents", digest, found)?;
    let mut table = parsed?;
    table.is_attested = is_attested;
    Ok(table)
}

/// The content of the table's entry.
struct TableContent<'a, R: Read> {
    tar: &'a mut LayerStream<R>,
    /// The reason why it ended early.
    failure: Option<LayerError>,
}

impl<R: Read> Read for TableContent<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.tar.read_content(into).map_err(|error| {
            let text = error.to_string();
            self.failure.get_or_insert(error);
            io::Error::other(text)
        })
    }
}
