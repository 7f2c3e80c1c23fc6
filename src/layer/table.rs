//! Tables of contents: the JSON that eStargz and zstd:chunked share.
//!
//! <https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md>; containers/storage `pkg/chunked/internal/minimal/compression.go`. Names
//! are JSON strings, so bytes that are not UTF-8 were replaced by the program that built the layer.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufReader, Read};

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::entry::{DataPosition, EntryKind, LayerEntry};
use super::error::LayerError;
use super::finding::{Findings, Problem};
use super::list::FileList;
use super::path::{accept, accept_link, is_of_estargz};
use super::unpacked::StreamLimits;
use crate::model::digest::{Digest, Hasher};

/// Limits of what a table may cost.
#[derive(Debug, Clone, Copy)]
pub struct TableLimits {
    /// Most entries, chunks among them.
    pub entries: usize,
    /// Most bytes of JSON.
    pub raw: u64,
    /// Most bytes of content, holes among them, for each byte of the layer,
    pub ratio: u64,
    /// in addition to this number. They are the limits of a layer that is read as a stream.
    pub allowance: u64,
}

impl Default for TableLimits {
    fn default() -> TableLimits {
        let StreamLimits { ratio, allowance, entries, .. } = StreamLimits::default();
        TableLimits { entries, raw: 256 << 20, ratio, allowance }
    }
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The byte of the layer at which the gzip member or zstd frame begins.
    pub offset: u64,
    /// The uncompressed bytes between there and the content.
    pub inner: u64,
    /// The byte of the file at which the chunk begins.
    pub at: u64,
    /// Its size.
    pub size: u64,
    /// The sha256 of its content, if it is not the whole file: that has one of its own.
    pub sha256: Option<Box<[u8; 32]>>,
    /// Whether it is a hole: nothing is stored.
    pub is_zeros: bool,
}

impl Chunk {
    /// Whether the table tells its content: by a digest, or because it is a hole.
    pub(super) fn is_told(&self) -> bool {
        self.is_zeros || self.sha256.is_some()
    }
}

/// A table of contents that was checked.
#[derive(Debug, Clone, Default)]
pub struct LayerTable {
    /// The entries in the order of the layer.
    pub list: FileList,
    /// The chunks of all files.
    pub chunks: Vec<Chunk>,
    /// Peculiarities. Entries that were refused are among them.
    pub findings: Findings,
    /// Whether the manifest names the digest of the table, and it fits. Otherwise nothing proves that the table is
    /// that of the layer.
    pub is_attested: bool,
}

/// An entry as it stands in the JSON.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawEntry<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    size: u64,
    #[serde(alias = "modtime")]
    mod_time: Option<Cow<'a, str>>,
    link_name: Cow<'a, str>,
    mode: i64,
    uid: i64,
    gid: i64,
    digest: Cow<'a, str>,
    offset: u64,
    inner_offset: u64,
    chunk_offset: u64,
    chunk_size: u64,
    chunk_digest: Cow<'a, str>,
    chunk_type: Cow<'a, str>,
}

/// A file whose chunks are being read.
struct OpenFile {
    entry: LayerEntry<'static>,
    first: u32,
    /// The end of the last chunk.
    end: u64,
}

/// The table so far.
struct Builder {
    table: LayerTable,
    file: Option<OpenFile>,
    count: usize,
    limits: TableLimits,
    /// The part of the layer that may hold contents.
    end: u64,
    /// The bytes of all contents so far.
    size: u64,
    error: Option<LayerError>,
}

impl Builder {
    fn add(&mut self, raw: &RawEntry<'_>) -> Result<(), LayerError> {
        self.count += 1;
        if self.count > self.limits.entries {
            return Err(LayerError::ManyEntries(self.limits.entries));
        }
        if raw.kind == "chunk" {
            return self.add_chunk(raw);
        }
        self.close_file()?;
        if is_of_estargz(raw.name.trim_start_matches("./").as_bytes()) {
            return Ok(());
        }
        let kind = match &*raw.kind {
            "reg" => EntryKind::File,
            "dir" => EntryKind::Directory,
            "symlink" => EntryKind::Symlink,
            "hardlink" => EntryKind::HardLink,
            "char" => EntryKind::CharDevice,
            "block" => EntryKind::BlockDevice,
            "fifo" => EntryKind::Fifo,
            _ => {
                self.table.findings.add(Problem::UnknownKind, raw.name.as_bytes());
                return Ok(());
            }
        };
        let findings = &mut self.table.findings;
        let name = raw.name.as_bytes();
        // In the JSON the root is an empty name.
        let name = if name.is_empty() && kind == EntryKind::Directory { b"./" } else { name };
        let Some((kind, path)) = accept(kind, name, findings) else { return Ok(()) };
        let link = raw.link_name.as_bytes().to_vec();
        let Some(link) = accept_link(kind, link, name, findings) else { return Ok(()) };
        let is_file = kind == EntryKind::File;
        let entry = LayerEntry {
            path: Cow::Owned(path),
            kind,
            size: if is_file { raw.size } else { 0 },
            mode: (raw.mode & 0o7777) as u16,
            uid: u32::try_from(raw.uid).unwrap_or(u32::MAX),
            gid: u32::try_from(raw.gid).unwrap_or(u32::MAX),
            mtime: raw.mod_time.as_deref().map_or(0, seconds_of),
            link: Cow::Owned(link),
            sha256: is_file.then(|| sha256_of(&raw.digest)).flatten(),
            data: None,
        };
        if is_file && raw.size > 0 {
            let first = u32::try_from(self.table.chunks.len()).map_err(|_| LayerError::LongPaths)?;
            self.file = Some(OpenFile { entry, first, end: 0 });
            return self.add_chunk(raw);
        }
        self.table.list.push(&entry)
    }

    /// Adds a chunk to the file that is open. The first one stands in the entry of the file itself.
    fn add_chunk(&mut self, raw: &RawEntry<'_>) -> Result<(), LayerError> {
        // A chunk of a file that was left out, or of a landmark.
        let Some(file) = &mut self.file else { return Ok(()) };
        let wrong = |reason| {
            let path = String::from_utf8_lossy(&file.entry.path).into_owned();
            Err(LayerError::FalseTable { path, reason })
        };
        if raw.chunk_offset != file.end {
            return wrong("its chunks are not in order");
        }
        let left = file.entry.size - file.end;
        if left == 0 {
            return wrong("it has a chunk behind its end");
        }
        let size = if raw.chunk_size == 0 { left } else { raw.chunk_size };
        if size > left {
            return wrong("its chunks are larger than the file");
        }
        let is_zeros = raw.chunk_type == "zeros";
        if !is_zeros && raw.offset >= self.end {
            return wrong("its content is outside of the layer");
        }
        let most = self.end.saturating_mul(self.limits.ratio).saturating_add(self.limits.allowance);
        self.size = self.size.saturating_add(size);
        if self.size > most {
            return Err(LayerError::Bomb { compressed: self.end, uncompressed: most });
        }
        file.end += size;
        let is_part = size < file.entry.size;
        let chunk_digest = sha256_of(&raw.chunk_digest);
        if !is_part && !is_zeros {
            // The only chunk is the file.
            file.entry.sha256 = file.entry.sha256.or(chunk_digest);
        }
        self.table.chunks.push(Chunk {
            offset: raw.offset,
            inner: raw.inner_offset,
            at: raw.chunk_offset,
            size,
            sha256: chunk_digest.filter(|_| is_part).map(Box::new),
            is_zeros,
        });
        Ok(())
    }

    fn close_file(&mut self) -> Result<(), LayerError> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        if file.end != file.entry.size {
            let path = String::from_utf8_lossy(&file.entry.path).into_owned();
            return Err(LayerError::FalseTable { path, reason: "its chunks are smaller than the file" });
        }
        let count = u32::try_from(self.table.chunks.len()).unwrap_or(u32::MAX) - file.first;
        file.entry.data = Some(DataPosition::Chunks { first: file.first, count });
        self.table.list.push(&file.entry)
    }
}

/// JSON that is hashed and counted while it is parsed. A table of many files is never in memory as a whole.
pub(super) struct TableJson<R> {
    inner: R,
    hasher: Hasher,
    count: u64,
}

impl<R: Read> TableJson<R> {
    /// Creates it from a decoder.
    pub(super) fn new(inner: R) -> TableJson<R> {
        TableJson { inner, hasher: Hasher::sha256(), count: 0 }
    }

    /// Reads what the parser left, and returns the digest and the number of all bytes.
    pub(super) fn finish(mut self) -> io::Result<(Digest, u64)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok((self.hasher.finish(), self.count))
    }
}

impl<R: Read> Read for TableJson<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.hasher.update(into.get(..read).unwrap_or_default());
        self.count += read as u64;
        Ok(read)
    }
}

/// Parses the JSON. `end` is the byte of the layer before which all contents stand. The result is of no worth unless the
/// digest is the right one, which is known only after [`TableJson::finish`].
pub(super) fn parse_table(
    json: &mut TableJson<impl Read>,
    end: u64,
    limits: TableLimits,
) -> Result<LayerTable, LayerError> {
    let mut builder =
        Builder { table: LayerTable::default(), file: None, count: 0, limits, end, size: 0, error: None };
    let mut parser = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 * 1024, json));
    let parsed = Table(&mut builder).deserialize(&mut parser).and_then(|()| parser.end());
    if let Some(error) = builder.error.take() {
        return Err(error);
    }
    parsed.map_err(|error| LayerError::BadTable(error.to_string()))?;
    builder.close_file()?;
    let mut table = builder.table;
    table.list.shrink();
    table.chunks.shrink_to_fit();
    Ok(table)
}

/// The object with the list of entries.
struct Table<'b>(&'b mut Builder);

impl<'de> DeserializeSeed<'de> for Table<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Table<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table of contents")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_entries = false;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "entries" if has_entries => return Err(A::Error::custom("two lists of entries")),
                "entries" => {
                    has_entries = true;
                    map.next_value_seed(Entries(self.0))?;
                }
                "version" => {
                    let version = map.next_value::<u64>()?;
                    if version != 1 {
                        return Err(A::Error::custom(format_args!("version {version} is not known")));
                    }
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if has_entries { Ok(()) } else { Err(A::Error::missing_field("entries")) }
    }
}

/// The list of entries. Each is added as soon as it was read.
struct Entries<'b>(&'b mut Builder);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<RawEntry<'de>>()? {
            if let Err(error) = self.0.add(&entry) {
                self.0.error = Some(error);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// Returns the bytes of a sha256 with or without its prefix.
fn sha256_of(text: &str) -> Option<[u8; 32]> {
    let digest = if text.contains(':') { text.parse() } else { format!("sha256:{text}").parse() };
    match digest {
        Ok(Digest::Sha256(bytes)) => Some(bytes),
        _ => None,
    }
}

/// Returns the seconds since 1970 of an RFC 3339 time. Times before the year 2 mean that there is none.
fn seconds_of(text: &str) -> i64 {
    let time: Option<jiff::Timestamp> = text.parse().ok();
    time.map(|time| time.as_second()).filter(|seconds| *seconds > -62_104_000_000).unwrap_or(0)
}

/// Returns an error for a table that is not the one that the manifest names.
pub(super) fn check_digest(
    what: &'static str,
    expected: Option<&Digest>,
    bytes_digest: Digest,
) -> Result<bool, LayerError> {
    match expected {
        Some(expected) if *expected != bytes_digest => Err(LayerError::WrongDigest {
            what,
            expected: Box::new(*expected),
            found: Box::new(bytes_digest),
        }),
        expected => Ok(expected.is_some()),
    }
}

/// Returns the reason why a decoder failed in a table.
pub(super) fn describe_table_error(error: &io::Error) -> LayerError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => LayerError::Truncated("the table of contents"),
        _ => LayerError::Damaged(error.to_string()),
    }
}
