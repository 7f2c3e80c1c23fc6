//! A stored blob: bytes in memory, or a large blob whose bytes are generated when they are read.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use hyper::body::Frame;

use super::reply::Pieces;

/// Bytes in memory, or a recipe for many more. Clones are cheap; a mount in another repository is a clone.
#[derive(Debug, Clone)]
pub enum Blob {
    /// All bytes of the blob.
    Whole(Bytes),
    /// `head`, then `block` repeated, then `tail`: hundreds of megabytes that take no memory.
    Repeated(Arc<Repeated>),
}

/// The parts of a [`Blob::Repeated`].
#[derive(Debug)]
pub struct Repeated {
    /// The beginning.
    pub(crate) head: Bytes,
    /// The repeated part.
    pub(crate) block: Bytes,
    /// The number of repetitions.
    pub(crate) times: u64,
    /// The end.
    pub(crate) tail: Bytes,
}

impl Blob {
    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Blob::Whole(bytes) => bytes.len() as u64,
            Blob::Repeated(parts) => {
                (parts.head.len() + parts.tail.len()) as u64 + parts.block.len() as u64 * parts.times
            }
        }
    }

    /// Returns the longest contiguous piece that starts at `offset`. It is empty at the end.
    fn piece_at(&self, offset: u64) -> Bytes {
        match self {
            Blob::Whole(bytes) => from(bytes, offset),
            Blob::Repeated(parts) => {
                let head = parts.head.len() as u64;
                let middle = parts.block.len() as u64 * parts.times;
                if offset < head {
                    from(&parts.head, offset)
                } else if offset - head < middle {
                    from(&parts.block, (offset - head) % parts.block.len() as u64)
                } else {
                    from(&parts.tail, offset - head - middle)
                }
            }
        }
    }

    /// Returns the bytes of `range` if they are contiguous in memory.
    pub(crate) fn whole(&self, range: &Range<u64>) -> Option<Bytes> {
        let piece = self.piece_at(range.start);
        let length = usize::try_from(range.end.saturating_sub(range.start)).ok()?;
        (piece.len() >= length).then(|| piece.slice(..length))
    }

    /// Returns the pieces of `range` in order, without copying them.
    pub fn iter(&self, range: Range<u64>) -> impl Iterator<Item = Bytes> + Send + use<> {
        let blob = self.clone();
        let mut offset = range.start;
        std::iter::from_fn(move || {
            let left = range.end.saturating_sub(offset);
            let mut piece = blob.piece_at(offset);
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            offset += piece.len() as u64;
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// Returns the pieces of `range` as a body.
    pub(crate) fn pieces(&self, range: Range<u64>) -> Pieces {
        stream::iter(self.iter(range)).map(|piece| Ok(Frame::data(piece))).boxed()
    }
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Blob {
        Blob::Whole(bytes)
    }
}

fn from(bytes: &Bytes, offset: u64) -> Bytes {
    match usize::try_from(offset) {
        Ok(offset) if offset < bytes.len() => bytes.slice(offset..),
        _ => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn repeated(head: &'static str, block: &'static str, times: u64, tail: &'static str) -> (Blob, String) {
        let parts = Repeated { head: head.into(), block: block.into(), times, tail: tail.into() };
        (Blob::Repeated(Arc::new(parts)), format!("{head}{}{tail}", block.repeat(times as usize)))
    }

    proptest! {
        #[test]
        fn any_range_of_a_repeated_blob_equals_that_of_the_written_out_one(times in 0u64..9, a in 0u64..40, b in 0u64..40) {
            for (head, block, tail) in [("head", "block", "tail"), ("", "ab", ""), ("h", "x", "end")] {
                let (blob, text) = repeated(head, block, times, tail);
                prop_assert_eq!(blob.size(), text.len() as u64);
                let end = blob.size().min(a.max(b));
                let start = end.min(a.min(b));
                let read: Vec<u8> = blob.iter(start..end).flatten().collect();
                prop_assert_eq!(&read[..], &text.as_bytes()[start as usize..end as usize]);
                if let Some(whole) = blob.whole(&(start..end)) {
                    prop_assert_eq!(&whole[..], &read[..]);
                }
            }
        }
    }
}
