//! The form of a list of files in the cache.
//!
//! A short list is one value. A long one is cut into pieces, so that little of it is in memory besides the list itself while
//! it is written and read; its value names the digests of the pieces.

use std::io::{Read, Write};
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::files::{LayerFiles, LayerFormat};
use super::finding::Findings;
use super::list::{FileList, ListPart};
use super::table::Chunk;
use crate::model::digest::Digest;

/// The version of the form. Another one is not read.
const VERSION: u8 = 5;
/// Bytes of a piece, compressed. A piece ends behind the frame that reaches them.
const PIECE: usize = 256 << 10;
/// Most pieces.
const MOST_PIECES: usize = 4_096;
/// Most bytes of a list, unpacked: one with two million entries, each with a path of average length.
const LARGEST: u64 = 512 << 20;
/// The chunks that are written together.
const CHUNKS_TOGETHER: usize = 1024;
/// The bytes of the length of a frame.
const LENGTH: usize = 4;

/// Everything but chunks and entries.
#[derive(Debug, Serialize, Deserialize)]
struct KeptHead {
    format: LayerFormat,
    /// The number of chunks.
    chunks: usize,
    /// The number of parts of the list.
    parts: usize,
    chunks_end: u64,
    findings: Findings,
    uncompressed: Option<u64>,
    diff_id: Option<Digest>,
    /// The sha256 of each piece. There is none if everything follows the head.
    pieces: Vec<[u8; 32]>,
}

/// Makes the form of a list, one piece after the other, and then the value that stands for all.
#[derive(Debug)]
pub struct ListEncoder {
    files: Arc<LayerFiles>,
    /// The bytes of a piece.
    piece: usize,
    /// The number of frames that were written: those of chunks, then those of the parts of the list.
    written: usize,
    pieces: Vec<[u8; 32]>,
    /// The only piece, which is none of its own.
    only: Vec<u8>,
    has_failed: bool,
}

impl ListEncoder {
    /// Begins with a list. Returns `None` if nothing proves it: a single file has the name that its manifest gives it. The
    /// form holds nothing else that depends on a manifest.
    pub fn new(files: Arc<LayerFiles>) -> Option<ListEncoder> {
        if !files.is_proved || files.format == LayerFormat::Blob || !files.root.is_empty() {
            return None;
        }
        let (pieces, only) = (Vec::new(), Vec::new());
        Some(ListEncoder { files, piece: PIECE, written: 0, pieces, only, has_failed: false })
    }

    /// Makes pieces of another size.
    #[must_use]
    pub fn with_pieces_of(self, piece: usize) -> ListEncoder {
        ListEncoder { piece, ..self }
    }

    /// Returns the fewest bytes that the form can have: digests cannot be compressed.
    pub fn least_bytes(&self) -> usize {
        self.files.list.digests() * size_of::<[u8; 32]>()
    }

    /// Returns the next piece with the digest under which it is kept. Returns `None` if there is no further one. Takes a
    /// moment.
    pub fn next_piece(&mut self) -> Option<(Digest, Bytes)> {
        if self.has_failed || self.written >= self.frames() {
            return None;
        }
        let Some(piece) = self.pack() else {
            self.has_failed = true;
            return None;
        };
        if self.pieces.is_empty() && self.written == self.frames() {
            self.only = piece;
            return None;
        }
        let Digest::Sha256(digest) = Digest::sha256(&piece) else { return None };
        self.pieces.push(digest);
        self.has_failed |= self.pieces.len() > MOST_PIECES;
        Some((piece_key(&digest), piece.into()))
    }

    /// Returns the value that stands for the list. Returns `None` if it cannot be made, or if pieces were not asked for.
    pub fn finish(self) -> Option<Bytes> {
        if self.has_failed || self.written < self.frames() {
            return None;
        }
        let mut findings = self.files.findings.clone();
        findings.set_wrong_media_type(false);
        let head = KeptHead {
            format: self.files.format,
            chunks: self.files.chunks.len(),
            parts: self.files.list.parts().len(),
            chunks_end: self.files.chunks_end,
            findings,
            uncompressed: self.files.uncompressed,
            diff_id: self.files.diff_id,
            pieces: self.pieces,
        };
        let mut packer = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        write_frame(&mut packer, &head)?;
        let head = packer.finish().ok()?;
        let length = u32::try_from(head.len()).ok()?.to_le_bytes();
        Some([&[VERSION][..], &length, &head, &self.only].concat().into())
    }

    fn frames(&self) -> usize {
        self.files.chunks.len().div_ceil(CHUNKS_TOGETHER) + self.files.list.parts().len()
    }

    /// Packs frames until a piece is full.
    fn pack(&mut self) -> Option<Vec<u8>> {
        let mut packer = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        let chunks = self.files.chunks.len().div_ceil(CHUNKS_TOGETHER);
        while self.written < self.frames() && packer.get_ref().len() < self.piece {
            match self.files.chunks.chunks(CHUNKS_TOGETHER).nth(self.written) {
                Some(chunks) => write_frame(&mut packer, chunks)?,
                None => write_frame(&mut packer, self.files.list.parts().nth(self.written - chunks)?)?,
            }
            self.written += 1;
        }
        packer.finish().ok()
    }
}

/// Reads the form of a list.
#[derive(Debug)]
pub struct ListDecoder {
    head: KeptHead,
    chunks: Vec<Chunk>,
    list: FileList,
    /// The parts of the list that were read.
    parts: usize,
    /// The pieces that were read.
    pieces: usize,
    /// The bytes that may follow, unpacked.
    room: u64,
}

impl ListDecoder {
    /// Begins with the value that stands for a list. Returns `None` if it is another version, or damaged.
    pub fn new(kept: &[u8]) -> Option<ListDecoder> {
        let (&VERSION, rest) = kept.split_first()? else { return None };
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let (head, only) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let mut unpacked = ZlibDecoder::new(head).take(LARGEST);
        let head: KeptHead = read_frame(&mut unpacked, &mut Vec::new())??;
        if head.format == LayerFormat::Blob || head.pieces.len() > MOST_PIECES {
            return None;
        }
        let (chunks, list) = (Vec::new(), FileList::default());
        let decoder = ListDecoder { head, chunks, list, parts: 0, pieces: 0, room: LARGEST };
        if only.is_empty() { Some(decoder) } else { decoder.unpack(only) }
    }

    /// Returns the digest under which the next piece is kept. Returns `None` if all were read.
    pub fn next_piece(&self) -> Option<Digest> {
        self.head.pieces.get(self.pieces).map(piece_key)
    }

    /// Reads the next piece. Returns `None` if it is another one, or damaged. Takes a moment.
    pub fn add_piece(mut self, piece: &[u8]) -> Option<ListDecoder> {
        let expected = Digest::Sha256(*self.head.pieces.get(self.pieces)?);
        if Digest::sha256(piece) != expected {
            return None;
        }
        self.pieces += 1;
        self.unpack(piece)
    }

    /// Returns the list. Returns `None` if something is missing.
    pub fn finish(mut self) -> Option<LayerFiles> {
        if self.chunks.len() != self.head.chunks || self.parts != self.head.parts {
            return None;
        }
        self.chunks.shrink_to_fit();
        self.list.shrink();
        Some(LayerFiles {
            chunks: self.chunks,
            chunks_end: self.head.chunks_end,
            findings: self.head.findings,
            uncompressed: self.head.uncompressed,
            diff_id: self.head.diff_id,
            ..LayerFiles::new(self.head.format, self.list)
        })
    }

    fn unpack(mut self, piece: &[u8]) -> Option<ListDecoder> {
        let (mut bytes, mut frame) = (ZlibDecoder::new(piece).take(self.room), Vec::new());
        loop {
            if self.chunks.len() < self.head.chunks {
                let Some(chunks): Option<Vec<Chunk>> = read_frame(&mut bytes, &mut frame)? else { break };
                self.chunks.extend(chunks);
            } else {
                let Some(part): Option<ListPart> = read_frame(&mut bytes, &mut frame)? else { break };
                self.list.add_part(part, self.chunks.len())?;
                self.parts += 1;
            }
        }
        self.room = bytes.limit();
        Some(self)
    }
}

/// Returns the digest under which a piece is kept, beside the lists of files.
fn piece_key(piece: &[u8; 32]) -> Digest {
    Digest::sha256(format!("piece {} of a list of files", Digest::Sha256(*piece)).as_bytes())
}

/// Writes a value behind its length.
fn write_frame(out: &mut impl Write, value: &(impl Serialize + ?Sized)) -> Option<()> {
    let frame = postcard::to_stdvec(value).ok()?;
    out.write_all(&u32::try_from(frame.len()).ok()?.to_le_bytes()).ok()?;
    out.write_all(&frame).ok()
}

/// Reads a value behind its length: `Some(None)` at the end. `frame` is a buffer.
#[expect(clippy::option_option, reason = "damage, the end, or a value")]
fn read_frame<T: DeserializeOwned>(from: &mut impl Read, frame: &mut Vec<u8>) -> Option<Option<T>> {
    let mut length = [0; LENGTH];
    let mut read = 0;
    while read < LENGTH {
        match from.read(&mut length[read..]).ok()? {
            0 if read == 0 => return Some(None),
            0 => return None,
            more => read += more,
        }
    }
    frame.clear();
    // The buffer only grows as far as there are bytes.
    let length = u32::from_le_bytes(length);
    let read = from.by_ref().take(length.into()).read_to_end(frame).ok()?;
    if read != usize::try_from(length).ok()? {
        return None;
    }
    Some(Some(postcard::from_bytes(frame).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Compression, DataPosition, EntryKind, LayerEntry};

    fn files(count: usize) -> Arc<LayerFiles> {
        let mut list = FileList::default();
        for number in 0..count {
            let Digest::Sha256(sum) = Digest::sha256(&number.to_le_bytes()) else { panic!("a sha256") };
            let entry = LayerEntry {
                path: format!("usr/share/{}/{number}", number / 10).into_bytes().into(),
                kind: EntryKind::File,
                size: number as u64,
                mode: 0o644,
                uid: 0,
                gid: 0,
                mtime: 1,
                link: b"".into(),
                sha256: Some(sum),
                data: Some(DataPosition::Stream(number as u64)),
            };
            list.push(&entry).expect("it fits");
        }
        list.shrink();
        Arc::new(LayerFiles::new(LayerFormat::Tar(Compression::Gzip), list))
    }

    /// Returns the value and the pieces.
    fn encode(files: &Arc<LayerFiles>, piece: usize) -> (Bytes, Vec<(Digest, Bytes)>) {
        let mut encoder = ListEncoder::new(files.clone()).expect("a form").with_pieces_of(piece);
        let pieces = std::iter::from_fn(|| encoder.next_piece()).collect();
        (encoder.finish().expect("a value"), pieces)
    }

    fn decode(value: &[u8], pieces: &[(Digest, Bytes)]) -> Option<LayerFiles> {
        let mut decoder = ListDecoder::new(value)?;
        for (_, piece) in pieces {
            decoder = decoder.add_piece(piece)?;
        }
        decoder.finish()
    }

    #[test]
    fn a_long_list_is_kept_in_pieces_of_which_each_is_small() {
        let list = files(20_000);
        let (value, pieces) = encode(&list, 64 << 10);
        assert!(list.list.digests() == 20_000 && (5..20).contains(&pieces.len()), "{}", pieces.len());
        let largest = pieces.iter().map(|(_, piece)| piece.len()).max();
        assert!(value.len() < 4_096 && largest.is_some_and(|size| size < 192 << 10), "{largest:?}");
        let mut decoder = ListDecoder::new(&value).expect("a form");
        for (key, piece) in &pieces {
            assert_eq!(decoder.next_piece(), Some(*key));
            decoder = decoder.add_piece(piece).expect("a piece");
        }
        assert_eq!(decoder.next_piece(), None);
        assert_eq!(decoder.finish().as_ref(), Some(&*list));
    }

    #[test]
    fn a_short_list_is_one_value() {
        for count in [0, 1, 3_000] {
            let list = files(count);
            let (value, pieces) = encode(&list, PIECE);
            assert_eq!((pieces.len(), decode(&value, &[]).as_ref()), (0, Some(&*list)), "{count}");
        }
    }

    #[test]
    fn a_list_of_which_a_piece_is_missing_or_another_one_is_not_read() {
        let (value, pieces) = encode(&files(20_000), 64 << 10);
        let other = encode(&files(10_000), 64 << 10).1;
        assert_eq!(decode(&value, &pieces[..pieces.len() - 1]), None);
        assert_eq!(decode(&value, &[&pieces[1..], &pieces[..1]].concat()), None);
        assert_eq!(decode(&value, &[&pieces[..pieces.len() - 1], &other[other.len() - 1..]].concat()), None);
        assert_eq!(decode(&value, &[&pieces[..], &pieces[..1]].concat()), None);
        for damaged in [&value[..value.len() - 9], &[], &[VERSION], &[VERSION - 1], &[VERSION, 255, 0, 0, 0]]
        {
            assert_eq!(decode(damaged, &pieces), None, "{damaged:?}");
        }
        let mut unasked = ListEncoder::new(files(20_000)).expect("a form").with_pieces_of(64 << 10);
        assert!(unasked.next_piece().is_some());
        assert_eq!(unasked.finish(), None);
    }
}
