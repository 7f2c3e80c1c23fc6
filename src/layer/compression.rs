//! Compressed bytes in, uncompressed bytes out.

use std::error::Error;
use std::io::{self, BufRead, Read};
use std::mem;

use flate2::bufread::{GzDecoder, MultiGzDecoder};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder, StreamingDecoder};
use serde::{Deserialize, Serialize};

use super::error::LayerError;
use super::finding::{Findings, Problem};
use super::tar;
use crate::model::digest::{Digest, Hasher};

/// Bytes that are read at once.
const PORTION: usize = 64 * 1024;
/// The bytes of a tar header, the most that are looked at before the format is known.
const PEEKED: usize = 512;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The compression of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    /// A plain tar.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// zstd, of one or more frames.
    Zstd,
}

impl Compression {
    /// Returns the compression that the first bytes show. 512 bytes are enough.
    pub fn detect(start: &[u8]) -> Result<Compression, LayerError> {
        match start {
            [] => Err(LayerError::Truncated("its first entry")),
            _ if start.starts_with(GZIP) => Ok(Compression::Gzip),
            _ if start.starts_with(ZSTD) || is_skippable(start) => Ok(Compression::Zstd),
            _ if start.starts_with(b"BZh") => Err(LayerError::Unsupported("bzip2")),
            _ if start.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]) => Err(LayerError::Unsupported("xz")),
            _ if tar::is_header(start) => Ok(Compression::None),
            _ => Err(LayerError::NotATar),
        }
    }

    /// Returns the compression that a media type of a layer names, or `None` if it is another type.
    pub fn of_media_type(media_type: &str) -> Option<Compression> {
        let is_layer = media_type.starts_with("application/vnd.oci.image.layer.")
            || media_type.starts_with("application/vnd.docker.image.rootfs.");
        let end = media_type.rsplit(['.', '+']).next().filter(|_| is_layer)?;
        match end {
            "tar" => Some(Compression::None),
            "gzip" => Some(Compression::Gzip),
            "zstd" => Some(Compression::Zstd),
            _ => None,
        }
    }
}

/// Whether a skippable frame of zstd begins here: RFC 8878 § 3.1.2.
fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The compressed bytes, counted and hashed.
pub(super) struct Source<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    hasher: Hasher,
    count: u64,
    failure: Option<String>,
}

impl<R: Read> Source<R> {
    fn new(inner: R) -> Source<R> {
        let buffer = vec![0; PORTION];
        Source { inner, buffer, start: 0, end: 0, hasher: Hasher::sha256(), count: 0, failure: None }
    }

    /// Returns the next bytes without taking them: `wanted`, or fewer at the end.
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        if self.end - self.start < wanted && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        while self.end - self.start < wanted {
            if self.read_more()? == 0 {
                break;
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let read = loop {
            match self.inner.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let read = read.inspect_err(|error| self.failure = Some(error.to_string()))?;
        self.hasher.update(&self.buffer[self.end..self.end + read]);
        self.count += read as u64;
        self.end += read;
        Ok(read)
    }

    /// Takes up to `wanted` bytes and returns the number of those that were there.
    fn skip(&mut self, wanted: u64) -> io::Result<u64> {
        let mut left = wanted;
        while left > 0 {
            let there = self.fill_buf()?.len();
            if there == 0 {
                break;
            }
            let taken = usize::try_from(left).unwrap_or(usize::MAX).min(there);
            self.consume(taken);
            left -= taken as u64;
        }
        Ok(wanted - left)
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let taken = there.len().min(into.len());
        into[..taken].copy_from_slice(&there[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            self.read_more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, taken: usize) {
        self.start = (self.start + taken).min(self.end);
    }
}

/// The part of the compressed bytes that is being read.
enum State<R: Read> {
    Plain(Source<R>),
    GzipMember(Box<GzDecoder<Source<R>>>),
    ZstdFrame(Box<FrameDecoder>, Source<R>),
    Between(Source<R>),
    Ended(Source<R>),
    /// After an error.
    Broken,
}

/// Bytes of any known compression, uncompressed.
pub(super) struct Inflater<R: Read> {
    compression: Compression,
    state: State<R>,
    /// The decoder of the last frame, whose buffers serve the next one.
    zstd: Option<Box<FrameDecoder>>,
    /// The number of compressed bytes that were read, kept for the time after an error.
    count: u64,
}

impl<R: Read> Inflater<R> {
    /// Looks at the first bytes.
    pub(super) fn new(inner: R) -> Result<Inflater<R>, LayerError> {
        let mut source = Source::new(inner);
        let start = source.peek(PEEKED).map_err(|error| LayerError::Source(error.to_string()))?;
        let compression = Compression::detect(start)?;
        let state = match compression {
            Compression::None => State::Plain(source),
            Compression::Gzip | Compression::Zstd => State::Between(source),
        };
        Ok(Inflater { compression, state, zstd: None, count: 0 })
    }

    /// Returns the compression that was found.
    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    /// Returns the number of compressed bytes that were read.
    pub(super) fn count(&self) -> u64 {
        match &self.state {
            State::Plain(source)
            | State::Between(source)
            | State::Ended(source)
            | State::ZstdFrame(_, source) => source.count,
            State::GzipMember(decoder) => decoder.get_ref().count,
            State::Broken => self.count,
        }
    }

    /// Returns the digest of all compressed bytes once [`Inflater::read`] returned 0.
    pub(super) fn digest(&self) -> Option<Digest> {
        match &self.state {
            State::Ended(source) => Some(source.hasher.clone().finish()),
            _ => None,
        }
    }

    /// Reads uncompressed bytes: 0 at the end, after all compressed bytes were read.
    pub(super) fn read(&mut self, into: &mut [u8], findings: &mut Findings) -> Result<usize, LayerError> {
        loop {
            self.count = self.count();
            match mem::replace(&mut self.state, State::Broken) {
                State::Plain(mut source) => {
                    let read = source.read(into).map_err(|error| describe(&source, &error))?;
                    self.state = if read == 0 { State::Ended(source) } else { State::Plain(source) };
                    return Ok(read);
                }
                State::GzipMember(mut decoder) => match decoder.read(into) {
                    Ok(0) => self.state = State::Between(decoder.into_inner()),
                    Ok(read) => {
                        self.state = State::GzipMember(decoder);
                        return Ok(read);
                    }
                    Err(error) => return Err(describe(decoder.get_ref(), &error)),
                },
                State::ZstdFrame(mut decoder, mut source) => {
                    let read = read_frame(&mut decoder, &mut source, into)?;
                    if read > 0 {
                        self.state = State::ZstdFrame(decoder, source);
                        return Ok(read);
                    }
                    self.zstd = Some(decoder);
                    self.state = State::Between(source);
                }
                State::Between(source) => self.state = self.begin_next(source, findings)?,
                State::Ended(source) => {
                    self.state = State::Ended(source);
                    return Ok(0);
                }
                State::Broken => return Err(LayerError::Damaged("reading stopped before".to_string())),
            }
        }
    }

    /// Begins the next member or frame, or ends.
    fn begin_next(&mut self, mut source: Source<R>, findings: &mut Findings) -> Result<State<R>, LayerError> {
        let start = source.peek(8).map_err(|error| LayerError::Source(error.to_string()))?;
        if start.is_empty() {
            return Ok(State::Ended(source));
        }
        match self.compression {
            Compression::Gzip if start.starts_with(GZIP) => {
                return Ok(State::GzipMember(Box::new(GzDecoder::new(source))));
            }
            Compression::Zstd if start.starts_with(ZSTD) => {
                let mut decoder = self.zstd.take().unwrap_or_default();
                decoder.init(&mut source).map_err(|error| describe(&source, &error))?;
                return Ok(State::ZstdFrame(decoder, source));
            }
            Compression::Zstd if is_skippable(start) => {
                let length = start.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
                let length = length.ok_or(LayerError::Truncated("a zstd frame"))?;
                let whole = 8 + u64::from(length);
                let taken = source.skip(whole).map_err(|error| LayerError::Source(error.to_string()))?;
                if taken < whole {
                    return Err(LayerError::Truncated("a zstd frame"));
                }
                return Ok(State::Between(source));
            }
            _ => {}
        }
        // Programs for gzip and zstd write no such bytes. Those that pad files do.
        let mut is_padding = true;
        loop {
            let rest = source.fill_buf().map_err(|error| LayerError::Source(error.to_string()))?;
            if rest.is_empty() {
                break;
            }
            is_padding &= rest.iter().all(|byte| *byte == 0);
            let taken = rest.len();
            source.consume(taken);
        }
        findings.add(if is_padding { Problem::Padding } else { Problem::TrailingGarbage }, b"");
        Ok(State::Ended(source))
    }
}

/// Reads uncompressed bytes of a frame: 0 at its end.
fn read_frame<R: Read>(
    decoder: &mut FrameDecoder,
    source: &mut Source<R>,
    into: &mut [u8],
) -> Result<usize, LayerError> {
    while decoder.can_collect() == 0 && !decoder.is_finished() {
        let one = BlockDecodingStrategy::UptoBlocks(1);
        decoder.decode_blocks(&mut *source, one).map_err(|error| describe(source, &error))?;
    }
    decoder.read(into).map_err(|error| describe(source, &error))
}

/// Most uncompressed bytes of a part of a layer that is read by itself.
const LONGEST_PART: u64 = 256 << 20;

/// Returns `size` uncompressed bytes of a member or frame, behind the first `inner` ones.
pub(super) fn unpack_part(
    is_zstd: bool,
    packed: &[u8],
    inner: u64,
    size: u64,
) -> Result<Vec<u8>, LayerError> {
    if inner > LONGEST_PART || size > LONGEST_PART {
        return Err(LayerError::LongPart(LONGEST_PART));
    }
    let damaged = |error: &dyn Error| LayerError::Damaged(error.to_string());
    let mut decoder: Box<dyn Read + '_> = if is_zstd {
        Box::new(StreamingDecoder::new(packed).map_err(|error| damaged(&error))?)
    } else {
        Box::new(MultiGzDecoder::new(packed))
    };
    let skipped = io::copy(&mut decoder.by_ref().take(inner), &mut io::sink());
    let mut content = Vec::new();
    let read = skipped.and_then(|_| decoder.take(size).read_to_end(&mut content));
    read.map_err(|error| damaged(&error))?;
    if content.len() as u64 != size {
        return Err(LayerError::Truncated("a file"));
    }
    Ok(content)
}

/// Returns the reason why a decoder failed: its source, an early end, or damaged bytes.
fn describe<R>(source: &Source<R>, error: &(dyn Error + 'static)) -> LayerError {
    if let Some(failure) = &source.failure {
        return LayerError::Source(failure.clone());
    }
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return LayerError::Truncated("the compressed data");
        }
        cause = error.source();
    }
    LayerError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compression_is_known_by_the_first_bytes() {
        let unsupported = |name| Err(LayerError::Unsupported(name));
        for (start, found) in [
            (&[0x1f, 0x8b, 8, 0][..], Ok(Compression::Gzip)),
            (&[0x28, 0xb5, 0x2f, 0xfd, 0], Ok(Compression::Zstd)),
            (&[0x5a, 0x2a, 0x4d, 0x18, 0], Ok(Compression::Zstd)),
            (&[0; 512], Ok(Compression::None)),
            (b"BZh9", unsupported("bzip2")),
            (&[0xfd, b'7', b'z', b'X', b'Z', 0], unsupported("xz")),
            (b"{\"errors\":[]}", Err(LayerError::NotATar)),
            (b"", Err(LayerError::Truncated("its first entry"))),
        ] {
            assert_eq!(Compression::detect(start), found, "{start:?}");
        }
    }

    #[test]
    fn media_types_name_a_compression() {
        for (media_type, named) in [
            ("application/vnd.oci.image.layer.v1.tar", Some(Compression::None)),
            ("application/vnd.oci.image.layer.v1.tar+gzip", Some(Compression::Gzip)),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", Some(Compression::Zstd)),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip", Some(Compression::Gzip)),
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Some(Compression::Gzip)),
            ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", None),
            ("application/octet-stream", None),
        ] {
            assert_eq!(Compression::of_media_type(media_type), named, "{media_type}");
        }
    }
}
