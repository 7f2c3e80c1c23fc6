//! The entries of a layer, read once from its first byte to its last.

use std::borrow::Cow;
use std::io::Read;

use super::compression::Compression;
use super::entry::{DataPosition, EntryKind, LayerEntry};
use super::error::LayerError;
use super::finding::{Findings, Problem};
use super::path::{accept, accept_link, is_of_estargz};
use super::tar::{BLOCK, Extensions, Header};
use super::unpacked::{LayerSums, StreamLimits, Unpacked};
use crate::model::digest::{Digest, Hasher};

/// A layer that is being read. It waits for its source, so it belongs on a thread of its own.
pub struct LayerStream<R: Read> {
    bytes: Unpacked<R>,
    limits: StreamLimits,
    findings: Findings,
    entries: usize,
    /// The bytes of the current content that were not read, and the padding after it.
    content: u64,
    padding: u64,
    /// The hash of the content that was read so far, of a file that is stored without holes.
    hasher: Option<Hasher>,
    /// Whether the table of contents and the landmarks of eStargz are entries.
    shows_table: bool,
    is_ended: bool,
}

impl<R: Read> LayerStream<R> {
    /// Looks at the first bytes.
    pub fn new(source: R, limits: StreamLimits) -> Result<LayerStream<R>, LayerError> {
        Ok(LayerStream {
            bytes: Unpacked::new(source, limits)?,
            limits,
            findings: Findings::default(),
            entries: 0,
            content: 0,
            padding: 0,
            hasher: None,
            shows_table: false,
            is_ended: false,
        })
    }

    /// Makes the table of contents and the landmarks of eStargz entries, which are no files of the image.
    pub(super) fn show_table(mut self) -> LayerStream<R> {
        self.shows_table = true;
        self
    }

    /// Returns the compression that was found.
    pub fn compression(&self) -> Compression {
        self.bytes.compression()
    }

    /// Returns the peculiarities so far.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Returns the number of compressed bytes that were read so far.
    pub fn compressed(&self) -> u64 {
        self.bytes.compressed()
    }

    /// Returns the next entry, and `None` after the last one. Entries that are refused are findings.
    pub fn next_entry(&mut self) -> Result<Option<LayerEntry<'static>>, LayerError> {
        let mut extensions = Extensions::default();
        let mut extended = 0_u64;
        loop {
            let left = self.content.checked_add(self.padding);
            let left = left.ok_or(LayerError::BadField { at: self.bytes.position(), field: "size" })?;
            self.bytes.skip(left, &mut self.findings)?;
            (self.content, self.padding, self.hasher) = (0, 0, None);
            if self.is_ended {
                return Ok(None);
            }
            let at = self.bytes.position();
            let mut block = [0; BLOCK];
            let read = self.bytes.read(&mut block, &mut self.findings)?;
            let header = Header(&block);
            if read == 0 || (read == BLOCK && header.is_empty()) {
                if extended > 0 {
                    return Err(LayerError::Truncated("an extended header"));
                }
                self.is_ended = true;
                return Ok(None);
            }
            if read < BLOCK {
                return Err(LayerError::Truncated("a tar header"));
            }
            if !header.has_checksum() {
                return Err(LayerError::BadChecksum(at));
            }
            let size = header.size().ok_or(LayerError::BadField { at, field: "size" })?;
            match header.kind() {
                kind @ (b'x' | b'X' | b'L' | b'K') => {
                    let limit = self.limits.header;
                    extended = extended.saturating_add(size).saturating_add(BLOCK as u64);
                    if extended > limit {
                        return Err(LayerError::LongHeader { size: extended, limit });
                    }
                    let content = self.read_header_content(size)?;
                    if matches!(kind, b'L' | b'K') {
                        extensions.add_long_name(kind, &content);
                    } else if extensions.add_records(&content).is_none() {
                        return Err(LayerError::BadField { at, field: "pax header" });
                    }
                }
                // A global header. As in the programs that unpack images, it changes no entry.
                b'g' => self.expect_content(size),
                _ => {
                    self.entries += 1;
                    if self.entries > self.limits.entries {
                        return Err(LayerError::ManyEntries(self.limits.entries));
                    }
                    let entry = self.read_entry(&header, size, at, &extensions)?;
                    if entry.is_some() {
                        return Ok(entry);
                    }
                    (extensions, extended) = (Extensions::default(), 0);
                }
            }
        }
    }

    /// Reads content of the entry that was returned last: 0 at its end. The content of a sparse file is read as it is
    /// stored.
    pub fn read_content(&mut self, into: &mut [u8]) -> Result<usize, LayerError> {
        let most = usize::try_from(self.content).unwrap_or(usize::MAX).min(into.len());
        let read = self.bytes.read(&mut into[..most], &mut self.findings)?;
        if read < most {
            return Err(LayerError::Truncated("a file"));
        }
        self.content -= read as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&into[..read]);
        }
        Ok(read)
    }

    /// Reads the content of the entry that was returned last to its end. Returns its sha256, or `None` if it is no file
    /// or one that is stored with holes.
    pub fn finish_content(&mut self) -> Result<Option<[u8; 32]>, LayerError> {
        let Some(mut hasher) = self.hasher.take() else { return Ok(None) };
        while self.content > 0 {
            let there = self.bytes.fill(&mut self.findings)?;
            if there.is_empty() {
                return Err(LayerError::Truncated("a file"));
            }
            let taken = usize::try_from(self.content).unwrap_or(usize::MAX).min(there.len());
            hasher.update(&there[..taken]);
            self.bytes.consume(taken);
            self.content -= taken as u64;
        }
        match hasher.finish() {
            Digest::Sha256(bytes) => Ok(Some(bytes)),
            Digest::Sha512(_) => Ok(None),
        }
    }

    /// Reads everything that is left, and returns the digests and the peculiarities.
    pub fn finish(mut self) -> Result<(LayerSums, Findings), LayerError> {
        while self.next_entry()?.is_some() {}
        let mut has_data = false;
        loop {
            let rest = self.bytes.fill(&mut self.findings)?;
            if rest.is_empty() {
                break;
            }
            has_data |= rest.iter().any(|byte| *byte != 0);
            let taken = rest.len();
            self.bytes.consume(taken);
        }
        if has_data {
            self.findings.add(Problem::DataAfterEnd, b"");
        }
        let sums = self.bytes.finish()?;
        Ok((sums, self.findings))
    }

    fn expect_content(&mut self, size: u64) {
        self.content = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    /// Reads a header whose size was checked.
    fn read_header_content(&mut self, size: u64) -> Result<Vec<u8>, LayerError> {
        self.expect_content(size);
        let mut content = vec![0; usize::try_from(size).unwrap_or_default()];
        self.read_content(&mut content)?;
        Ok(content)
    }

    /// Passes over the maps of a GNU sparse file. Each block tells whether another one follows.
    fn skip_sparse_maps(&mut self, mut goes_on: bool) -> Result<(), LayerError> {
        let mut size = 0;
        while goes_on {
            let mut block = [0; BLOCK];
            if self.bytes.read(&mut block, &mut self.findings)? < BLOCK {
                return Err(LayerError::Truncated("the map of a sparse file"));
            }
            size += BLOCK as u64;
            goes_on = block[504] != 0;
            let limit = self.limits.header;
            if size > limit {
                return Err(LayerError::LongHeader { size, limit });
            }
        }
        Ok(())
    }

    fn read_entry(
        &mut self,
        header: &Header<'_>,
        size: u64,
        at: u64,
        extensions: &Extensions,
    ) -> Result<Option<LayerEntry<'static>>, LayerError> {
        let raw = extensions.sparse_path.clone().or_else(|| extensions.path.clone());
        let raw = raw.unwrap_or_else(|| header.path());
        let stored = extensions.size.unwrap_or(size);
        let (mut full, mut is_sparse) = (extensions.sparse_size.unwrap_or(stored), extensions.is_sparse);
        let kind = match header.kind() {
            b'0' | 0 | b'7' if raw.ends_with(b"/") => Some(EntryKind::Directory),
            b'0' | 0 | b'7' => Some(EntryKind::File),
            b'S' => {
                let (real, goes_on) =
                    header.sparse().ok_or(LayerError::BadField { at, field: "sparse size" })?;
                self.skip_sparse_maps(goes_on)?;
                (full, is_sparse) = (real, true);
                Some(EntryKind::File)
            }
            b'1' => Some(EntryKind::HardLink),
            b'2' => Some(EntryKind::Symlink),
            b'3' => Some(EntryKind::CharDevice),
            b'4' => Some(EntryKind::BlockDevice),
            b'5' => Some(EntryKind::Directory),
            b'6' => Some(EntryKind::Fifo),
            _ => None,
        };
        let data = self.bytes.position();
        // Links, devices, directories and pipes may state a size, and nothing follows.
        if !matches!(header.kind(), b'1'..=b'6') {
            self.expect_content(stored);
        }
        let Some(kind) = kind else {
            self.findings.add(Problem::UnknownKind, &raw);
            return Ok(None);
        };
        let Some((kind, path)) = accept(kind, &raw, &mut self.findings) else { return Ok(None) };
        if !self.shows_table && is_of_estargz(&path) {
            return Ok(None);
        }
        let raw_link = extensions.link.clone().unwrap_or_else(|| header.link());
        let Some(link) = accept_link(kind, raw_link, &raw, &mut self.findings) else { return Ok(None) };
        let field = |field| LayerError::BadField { at, field };
        let id = |extended: Option<u64>, plain: Option<i64>, name| {
            let plain = plain.and_then(|plain| u64::try_from(plain).ok());
            let id = extended.or(plain).ok_or(field(name))?;
            Ok::<u32, LayerError>(u32::try_from(id).unwrap_or(u32::MAX))
        };
        let mode = header.mode().ok_or(field("mode"))? & 0o7777;
        self.hasher = (kind == EntryKind::File && !is_sparse).then(Hasher::sha256);
        Ok(Some(LayerEntry {
            path: Cow::Owned(path),
            kind,
            size: if kind == EntryKind::File { full } else { 0 },
            mode: u16::try_from(mode).unwrap_or_default(),
            uid: id(extensions.uid, header.uid(), "uid")?,
            gid: id(extensions.gid, header.gid(), "gid")?,
            mtime: extensions.mtime.or_else(|| header.mtime()).ok_or(field("mtime"))?,
            link: Cow::Owned(link),
            sha256: None,
            data: (kind == EntryKind::File && !is_sparse).then_some(DataPosition::Stream(data)),
        }))
    }
}
