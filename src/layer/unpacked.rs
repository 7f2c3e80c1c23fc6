//! The uncompressed bytes of a layer, within the limits of what it may cost.

use std::io::Read;

use super::compression::{Compression, Inflater};
use super::error::LayerError;
use super::finding::Findings;
use crate::model::digest::{Digest, Hasher};

/// Limits of what a layer may cost.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// Most entries.
    pub entries: usize,
    /// Most bytes of the extended headers of one entry.
    pub header: u64,
    /// Most uncompressed bytes for each compressed one,
    pub ratio: u64,
    /// in addition to this number.
    pub allowance: u64,
}

impl Default for StreamLimits {
    fn default() -> StreamLimits {
        StreamLimits { entries: 2_000_000, header: 1 << 20, ratio: 100, allowance: 64 << 20 }
    }
}

/// The names of the bytes of a layer, known when all of them were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerSums {
    /// The digest of the compressed bytes, which the manifest names.
    pub digest: Digest,
    /// The digest of the uncompressed bytes, which the config names.
    pub diff_id: Digest,
    /// The number of compressed bytes.
    pub compressed: u64,
    /// The number of uncompressed bytes.
    pub uncompressed: u64,
}

impl LayerSums {
    /// Compares the digest with the one that the manifest names.
    pub fn check(&self, expected: &Digest) -> Result<(), LayerError> {
        if *expected == self.digest {
            return Ok(());
        }
        let (expected, found) = (Box::new(*expected), Box::new(self.digest));
        Err(LayerError::WrongDigest { what: "digest", expected, found })
    }
}

/// Uncompressed bytes with their position, hashed.
pub(super) struct Unpacked<R: Read> {
    inflater: Inflater<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    position: u64,
    total: u64,
    hasher: Hasher,
    limits: StreamLimits,
}

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes.
    pub(super) fn new(source: R, limits: StreamLimits) -> Result<Unpacked<R>, LayerError> {
        Ok(Unpacked {
            inflater: Inflater::new(source)?,
            buffer: vec![0; 64 * 1024],
            start: 0,
            end: 0,
            position: 0,
            total: 0,
            hasher: Hasher::sha256(),
            limits,
        })
    }

    /// Returns the compression that was found.
    pub(super) fn compression(&self) -> Compression {
        self.inflater.compression()
    }

    /// Returns the number of compressed bytes that were read so far.
    pub(super) fn compressed(&self) -> u64 {
        self.inflater.count()
    }

    /// Returns the position in the uncompressed bytes.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Returns the bytes that are there, at least one except at the end.
    pub(super) fn fill(&mut self, findings: &mut Findings) -> Result<&[u8], LayerError> {
        if self.start == self.end {
            let read = self.inflater.read(&mut self.buffer, findings)?;
            (self.start, self.end) = (0, read);
            self.total += read as u64;
            self.hasher.update(&self.buffer[..read]);
            let compressed = self.inflater.count();
            let most = compressed.saturating_mul(self.limits.ratio).saturating_add(self.limits.allowance);
            if self.total > most {
                return Err(LayerError::Bomb { compressed, uncompressed: most });
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Takes bytes of [`Unpacked::fill`].
    pub(super) fn consume(&mut self, taken: usize) {
        self.start += taken;
        self.position += taken as u64;
    }

    /// Fills `into` and returns the number of bytes, which is smaller only at the end.
    pub(super) fn read(&mut self, into: &mut [u8], findings: &mut Findings) -> Result<usize, LayerError> {
        let mut filled = 0;
        while filled < into.len() {
            let there = self.fill(findings)?;
            if there.is_empty() {
                break;
            }
            let taken = there.len().min(into.len() - filled);
            into[filled..filled + taken].copy_from_slice(&there[..taken]);
            self.consume(taken);
            filled += taken;
        }
        Ok(filled)
    }

    /// Passes over bytes that must be there.
    pub(super) fn skip(&mut self, mut left: u64, findings: &mut Findings) -> Result<(), LayerError> {
        while left > 0 {
            let there = self.fill(findings)?.len();
            if there == 0 {
                return Err(LayerError::Truncated("a file"));
            }
            let taken = usize::try_from(left).unwrap_or(usize::MAX).min(there);
            self.consume(taken);
            left -= taken as u64;
        }
        Ok(())
    }

    /// Returns the digests, once everything was read.
    pub(super) fn finish(self) -> Result<LayerSums, LayerError> {
        let compressed = self.inflater.count();
        let digest = self.inflater.digest().ok_or(LayerError::Truncated("the compressed data"))?;
        let (diff_id, uncompressed) = (self.hasher.finish(), self.total);
        Ok(LayerSums { digest, diff_id, compressed, uncompressed })
    }
}
