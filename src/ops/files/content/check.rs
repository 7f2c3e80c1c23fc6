//! The comparison of contents with their lists.

use crate::layer::{LayerError, LayerFiles};
use crate::model::digest::{Digest, Hasher};

/// The comparison of a content with the size and the digest that the list states.
pub(super) struct ContentCheck {
    pub(super) number: u32,
    left: u64,
    expected: Option<[u8; 32]>,
    hasher: Hasher,
}

impl ContentCheck {
    pub(super) fn new(files: &LayerFiles, number: u32) -> ContentCheck {
        let entry = files.list.get(number as usize);
        ContentCheck {
            number,
            left: entry.as_ref().map_or(0, |entry| entry.size),
            expected: entry.and_then(|entry| entry.sha256),
            hasher: Hasher::sha256(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.hasher.update(bytes);
    }

    pub(super) fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Compares the digest.
    pub(super) fn check(&self) -> Result<(), LayerError> {
        let Some(expected) = self.expected.map(Digest::Sha256) else { return Ok(()) };
        let found = self.hasher.clone().finish();
        if found == expected {
            return Ok(());
        }
        let (expected, found) = (Box::new(expected), Box::new(found));
        Err(LayerError::WrongDigest { what: "digest of the file", expected, found })
    }
}
