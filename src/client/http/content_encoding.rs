//! Bodies that a server or its storage compressed although regtui asks for none: RFC 9110 § 8.4, docs/REGISTRIES.md §2.2.
//!
//! The header `Content-Encoding` is a hint only. Storage sends words there that are no coding, and names codings that the
//! bytes do not have. Bytes are believed, and the digest proves them.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use flate2::write::MultiGzDecoder as PieceDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use crate::client::error::Cause;
use crate::model::text::SafeText;

/// The first bytes of a gzip file: RFC 1952 § 2.3.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];
/// Most codings on top of each other.
const MOST_CODINGS: usize = 2;
/// Bytes of a compressed piece that are decompressed at once. They give some 4 MiB at most: gzip has a ratio below 1,032.
const INPUT: usize = 4 * 1024;

/// The codings that a server names for a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentEncoding(Vec<String>);

/// Returns the codings that the headers name, in lower case.
pub(crate) fn of(headers: &HeaderMap) -> ContentEncoding {
    let values = headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let words = values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase());
    ContentEncoding(words.filter(|word| !word.is_empty()).collect())
}

impl ContentEncoding {
    /// Returns whether gzip is among them.
    pub(crate) fn is_gzip(&self) -> bool {
        self.0.iter().any(|word| matches!(word.as_str(), "gzip" | "x-gzip"))
    }

    /// Fails for a body that is compressed in a way that regtui does not know. A body of text is not, whatever the
    /// header says.
    pub(crate) fn check_plain(&self, body: &[u8]) -> Result<(), Cause> {
        let is_coding = |word: &&String| matches!(word.as_str(), "br" | "zstd" | "deflate" | "compress");
        match self.0.iter().find(is_coding) {
            Some(coding) if std::str::from_utf8(body).is_err() => {
                let text =
                    format!("the answer is compressed (`{coding}`) although no compression was requested");
                Err(Cause::BadAnswer(SafeText::from(text)))
            }
            _ => Ok(()),
        }
    }
}

/// Returns whether bytes begin as a gzip file does.
pub(crate) fn is_compressed(body: &[u8]) -> bool {
    body.starts_with(&GZIP)
}

/// Decompresses a body. Fails if more than `cap` bytes come out.
pub(crate) fn decompress(body: &Bytes, cap: u64) -> Result<Bytes, Cause> {
    let mut body = body.clone();
    for _ in 0..MOST_CODINGS {
        if !is_compressed(&body) {
            break;
        }
        let mut plain = Vec::new();
        let read = MultiGzDecoder::new(&*body).take(cap.saturating_add(1)).read_to_end(&mut plain);
        read.map_err(|_| broken())?;
        if plain.len() as u64 > cap {
            return Err(Cause::TooLarge(cap));
        }
        body = plain.into();
    }
    Ok(body)
}

/// Decompresses as much of a body as comes out whole: it may end early. At most `cap` bytes come out.
pub(crate) fn decompress_start(body: Bytes, cap: u64) -> Bytes {
    if !is_compressed(&body) {
        return body;
    }
    let mut plain = Vec::new();
    // The bytes before an error are of use.
    drop(MultiGzDecoder::new(&*body).take(cap).read_to_end(&mut plain));
    plain.into()
}

fn broken() -> Cause {
    Cause::BadAnswer("the answer is compressed, and cannot be decompressed".into())
}

/// The decompressed bytes that were not taken yet.
#[derive(Debug, Default)]
struct Output(BytesMut);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decompresses a body that comes in pieces.
#[derive(Debug)]
pub(crate) struct Decompressor {
    decoder: PieceDecoder<Output>,
    input: Bytes,
}

impl Default for Decompressor {
    fn default() -> Decompressor {
        Decompressor { decoder: PieceDecoder::new(Output::default()), input: Bytes::new() }
    }
}

impl Decompressor {
    /// Returns whether a piece is still to be decompressed.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Takes a compressed piece once the one before is used up. Returns its first bytes, decompressed.
    pub(crate) fn take(&mut self, piece: Bytes) -> Result<Bytes, Cause> {
        self.input = piece;
        self.next_piece()
    }

    /// Returns the next bytes of the compressed piece, decompressed.
    pub(crate) fn next_piece(&mut self) -> Result<Bytes, Cause> {
        let part = self.input.split_to(self.input.len().min(INPUT));
        self.decoder.write_all(&part).map_err(|_| broken())?;
        self.decoder.flush().map_err(|_| broken())?;
        Ok(self.decoder.get_mut().0.split().freeze())
    }

    /// Fails if the compressed body ended in the middle.
    pub(crate) fn finish(&mut self) -> Result<(), Cause> {
        let ended = || Cause::Connection("it broke off in the middle of the answer".into());
        self.decoder.try_finish().map_err(|_| ended())
    }
}
