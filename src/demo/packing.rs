//! Writes the formats of layers: tar in gzip, and the two that carry a table of contents.
//!
//! Nothing is compressed: the stored blocks of gzip and the raw blocks of zstd always give the same bytes, so digests
//! depend on no library.
//!
//! * eStargz: <https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md>
//! * zstd:chunked: <https://github.com/containers/storage/blob/main/pkg/chunked/internal/minimal/compression.go>, here
//!   with the annotations and the footer of stargz-snapshotter.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde_json::{Map, Value};

use super::blob::{Blob, Repeated};
use super::files::{DemoEntry, DemoFiles, DemoKind, RECORD, TAR_END};
use crate::model::digest::{Digest, Hasher};

/// The format of a sample layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DemoFormat {
    /// A tar in gzip.
    #[default]
    Gzip,
    /// gzip with a table of contents.
    Estargz,
    /// zstd with a table of contents.
    ZstdChunked,
}

/// A file that repeats a block: the last one of its layer.
#[derive(Debug, Clone)]
pub(super) struct RepeatedFile {
    pub(super) path: &'static str,
    /// Whole tar records.
    pub(super) block: Bytes,
    pub(super) times: u64,
    /// The digest of all of it. Only a table of contents needs it.
    pub(super) digest: Option<Digest>,
}

/// A layer in its format.
pub(super) struct PackedLayer {
    /// The bytes that a registry stores.
    pub(super) blob: Blob,
    /// The tar inside.
    pub(super) tar: Blob,
    /// The annotations of its descriptor.
    pub(super) annotations: Map<String, Value>,
}

/// Packs a layer.
pub(super) fn pack(files: &DemoFiles, last: Option<&RepeatedFile>, format: DemoFormat) -> PackedLayer {
    let mut packer = Packer { format, ..Packer::default() };
    if format == DemoFormat::Estargz {
        // Tells that no file is to be fetched before a container starts.
        let content = Bytes::from_static(&[0xf]);
        packer.add(&DemoEntry { content, ..DemoEntry::new(DemoKind::File, ".no.prefetch.landmark") });
    }
    files.entries.iter().for_each(|entry| packer.add(entry));
    let middle = last.map(|file| packer.add_repeated(file)).unwrap_or_default();
    let (blob_start, tar_start) = packer.take();
    let offset = blob_start.len() as u64 + middle.packed.len() as u64 * middle.times;
    let mut annotations = Map::new();
    packer.end(offset, &mut annotations);
    let (blob_end, tar_end) = packer.take();
    let blob = joined(blob_start, middle.packed, middle.times, blob_end);
    let tar = joined(tar_start, middle.plain, middle.times, tar_end);
    if format == DemoFormat::Estargz {
        annotations.insert("io.containers.estargz.uncompressed-size".into(), tar.size().to_string().into());
    }
    PackedLayer { blob, tar, annotations }
}

fn joined(mut head: BytesMut, block: Bytes, times: u64, tail: BytesMut) -> Blob {
    if times > 0 {
        return Blob::Repeated(Arc::new(Repeated { head: head.freeze(), block, times, tail: tail.freeze() }));
    }
    head.extend_from_slice(&tail);
    Blob::Whole(head.freeze())
}

/// The repeated block in both forms.
#[derive(Default)]
struct Middle {
    plain: Bytes,
    packed: Bytes,
    times: u64,
}

/// A layer that is being packed.
#[derive(Default)]
struct Packer {
    format: DemoFormat,
    /// The packed bytes, and the plain ones.
    blob: BytesMut,
    tar: BytesMut,
    /// The number of plain bytes that are packed.
    done: usize,
    table: Vec<TableEntry>,
}

impl Packer {
    fn add(&mut self, entry: &DemoEntry) {
        self.tar.extend_from_slice(&entry.header(entry.content.len()));
        let mut row = TableEntry::of(entry, entry.content.len() as u64);
        if !entry.content.is_empty() {
            row.offset = self.cut();
            self.tar.extend_from_slice(&entry.content);
            row.end_offset = self.cut();
            row.digest = Some(Digest::sha256(&entry.content));
            row.chunk_digest = row.digest;
        }
        self.table.push(row.in_format(self.format));
        self.tar.resize(self.tar.len().next_multiple_of(RECORD), 0);
    }

    /// Adds the header of the file, and returns its content.
    fn add_repeated(&mut self, file: &RepeatedFile) -> Middle {
        let mode = if file.path.contains("bin/") { 0o755 } else { 0o644 };
        let entry = DemoEntry { mode, ..DemoEntry::new(DemoKind::File, file.path) };
        let block = file.block.len() as u64;
        self.tar.extend_from_slice(&entry.header((block * file.times) as usize));
        self.flush();
        let packed = self.format.compress(&file.block);
        if self.format != DemoFormat::Gzip {
            let start = self.blob.len() as u64;
            let digest = Digest::sha256(&file.block);
            for i in 0..file.times {
                let mut row = if i == 0 {
                    TableEntry::of(&entry, block * file.times)
                } else {
                    TableEntry { name: file.path.to_owned(), kind: "chunk", ..TableEntry::default() }
                };
                row.offset = start + i * packed.len() as u64;
                row.chunk_offset = i * block;
                row.chunk_size = block;
                row.chunk_digest = Some(digest);
                if i == 0 {
                    row.digest = file.digest;
                    row.end_offset = start + file.times * packed.len() as u64;
                }
                self.table.push(row.in_format(self.format));
            }
        }
        Middle { plain: file.block.clone(), packed, times: file.times }
    }

    /// Adds the table of contents, which begins at `offset` of the blob or soon after it, and the end.
    fn end(&mut self, offset: u64, annotations: &mut Map<String, Value>) {
        let table = DemoTable { version: 1, entries: &self.table };
        let json = match self.format {
            DemoFormat::Gzip => Vec::new(),
            DemoFormat::Estargz | DemoFormat::ZstdChunked => serde_json::to_vec(&table).unwrap_or_default(),
        };
        let mut annotate = |key: &str, value: String| annotations.insert(key.to_owned(), value.into());
        match self.format {
            DemoFormat::Gzip => {
                self.tar.extend_from_slice(&TAR_END);
                self.flush();
            }
            DemoFormat::Estargz => {
                let entry = DemoEntry { mode: 0o444, ..DemoEntry::new(DemoKind::File, "stargz.index.json") };
                // The padding of the last file stands before the table.
                self.flush();
                let offset = offset + self.blob.len() as u64;
                self.tar.extend_from_slice(&entry.header(json.len()));
                self.tar.extend_from_slice(&json);
                self.tar.resize(self.tar.len().next_multiple_of(RECORD), 0);
                self.tar.extend_from_slice(&TAR_END);
                self.flush();
                self.blob.extend_from_slice(&estargz_footer(offset));
                annotate("containerd.io/snapshot/stargz/toc.digest", Digest::sha256(&json).to_string());
            }
            DemoFormat::ZstdChunked => {
                self.tar.extend_from_slice(&TAR_END);
                self.flush();
                let packed = zstd(&json);
                let offset = offset + (self.blob.len() + SKIPPABLE_HEADER) as u64;
                let (length, raw) = (packed.len() as u64, json.len() as u64);
                self.blob.extend_from_slice(&skippable(&packed));
                let numbers = [offset, length, raw, 1].map(u64::to_le_bytes);
                self.blob.extend_from_slice(&skippable(&[numbers.as_flattened(), b"GnUlInUx"].concat()));
                let prefix = "io.containers.zstd-chunked";
                annotate(&format!("{prefix}.manifest-checksum"), Digest::sha256(&packed).to_string());
                annotate(&format!("{prefix}.manifest-position"), format!("{offset}:{length}:{raw}:1"));
            }
        }
    }

    /// In a format with a table, ends the member or frame. Returns the number of packed bytes.
    fn cut(&mut self) -> u64 {
        if self.format != DemoFormat::Gzip {
            self.flush();
        }
        self.blob.len() as u64
    }

    fn flush(&mut self) {
        if self.done < self.tar.len() {
            self.blob.extend_from_slice(&self.format.compress(&self.tar[self.done..]));
            self.done = self.tar.len();
        }
    }

    /// Takes the bytes in both forms.
    fn take(&mut self) -> (BytesMut, BytesMut) {
        let rest = self.tar.split_off(self.done);
        self.done = 0;
        (std::mem::take(&mut self.blob), std::mem::replace(&mut self.tar, rest))
    }
}

impl DemoFormat {
    fn compress(self, plain: &[u8]) -> Bytes {
        match self {
            DemoFormat::Gzip | DemoFormat::Estargz => gzip(plain),
            DemoFormat::ZstdChunked => zstd(plain),
        }
    }
}

/// The table of contents.
#[derive(Serialize)]
struct DemoTable<'a> {
    version: u8,
    entries: &'a [TableEntry],
}

/// An entry of the table, or another chunk of the file before it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct TableEntry {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "is_zero")]
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    modtime: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    link_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<u32>,
    #[serde(skip_serializing_if = "is_zero")]
    uid: u64,
    #[serde(skip_serializing_if = "is_zero")]
    gid: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(skip_serializing_if = "is_zero")]
    offset: u64,
    #[serde(skip_serializing_if = "is_zero")]
    end_offset: u64,
    #[serde(skip_serializing_if = "is_zero")]
    chunk_offset: u64,
    #[serde(skip_serializing_if = "is_zero")]
    chunk_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_digest: Option<Digest>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl TableEntry {
    fn of(entry: &DemoEntry, size: u64) -> TableEntry {
        let kind = match entry.kind {
            DemoKind::File => "reg",
            DemoKind::HardLink => "hardlink",
            DemoKind::Symlink => "symlink",
            DemoKind::Directory => "dir",
        };
        let date = i64::try_from(entry.date).ok().and_then(|date| jiff::Timestamp::from_second(date).ok());
        TableEntry {
            kind,
            name: entry.path.clone(),
            size,
            modtime: date.map(|date| date.to_string()),
            link_name: entry.link.clone(),
            mode: Some(entry.mode),
            uid: entry.owner.0.into(),
            gid: entry.owner.1.into(),
            ..TableEntry::default()
        }
    }

    /// Leaves out the fields that the format does not have.
    fn in_format(self, format: DemoFormat) -> TableEntry {
        let end_offset = if format == DemoFormat::ZstdChunked { self.end_offset } else { 0 };
        TableEntry { end_offset, ..self }
    }
}

/// Returns one gzip member (RFC 1952) of stored blocks (RFC 1951 § 3.2.4).
fn gzip(plain: &[u8]) -> Bytes {
    let mut out = BytesMut::from(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff][..]);
    let mut blocks = plain.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.extend_from_slice(&[u8::from(blocks.peek().is_none())]);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let mut crc = flate2::Crc::new();
    crc.update(plain);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&(plain.len() as u32).to_le_bytes());
    out.freeze()
}

/// Returns the footer of eStargz: an empty gzip member whose extra field names the position of the table.
fn estargz_footer(offset: u64) -> Bytes {
    let mut footer = BytesMut::from(&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0][..]);
    footer.extend_from_slice(b"SG\x16\0");
    footer.extend_from_slice(format!("{offset:016x}STARGZ").as_bytes());
    footer.extend_from_slice(&[1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    footer.freeze()
}

/// Returns one zstd frame (RFC 8878 § 3.1.1) of raw blocks, with its size and without a checksum.
fn zstd(plain: &[u8]) -> Bytes {
    let mut out = BytesMut::from(&[0x28, 0xb5, 0x2f, 0xfd, 0xa0][..]);
    out.extend_from_slice(&(plain.len() as u32).to_le_bytes());
    let mut blocks = plain.chunks(128 * 1024).peekable();
    while let Some(block) = blocks.next() {
        let header = (block.len() as u32) << 3 | u32::from(blocks.peek().is_none());
        out.extend_from_slice(&header.to_le_bytes()[..3]);
        out.extend_from_slice(block);
    }
    out.freeze()
}

/// The bytes before the content of a skippable frame.
const SKIPPABLE_HEADER: usize = 8;

/// Returns a skippable frame (RFC 8878 § 3.1.2).
fn skippable(content: &[u8]) -> Vec<u8> {
    [&[0x50, 0x2a, 0x4d, 0x18], &(content.len() as u32).to_le_bytes(), content].concat()
}

/// Returns the digest of a blob that is generated while it is read.
pub(super) fn digest_of(blob: &Blob) -> Digest {
    if let Blob::Whole(bytes) = blob {
        return Digest::sha256(bytes);
    }
    let mut hasher = Hasher::sha256();
    blob.iter(0..blob.size()).for_each(|piece| hasher.update(&piece));
    hasher.finish()
}
