//! A blob on its way in: what has arrived so far.

use bytes::{Bytes, BytesMut};

use crate::model::digest::{Digest, Hasher};

/// An upload that is not finished.
pub struct DemoUpload {
    /// Where the blob will be.
    pub repository: String,
    bytes: BytesMut,
    hasher: Hasher,
}

impl DemoUpload {
    /// An empty one.
    pub fn new(repository: &str) -> DemoUpload {
        DemoUpload { repository: repository.to_owned(), bytes: BytesMut::new(), hasher: Hasher::sha256() }
    }

    /// How many bytes have arrived: the offset of the next one.
    pub fn offset(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Takes more in.
    pub fn append(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether what has arrived is what `digest` names.
    pub fn is(&self, digest: &Digest) -> bool {
        match digest {
            Digest::Sha256(_) => self.hasher.clone().finish() == *digest,
            Digest::Sha512(_) => digest.same_algorithm_of(&self.bytes) == *digest,
        }
    }

    /// All that has arrived.
    pub fn finish(self) -> Bytes {
        self.bytes.freeze()
    }
}

impl std::fmt::Debug for DemoUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} bytes)", self.repository, self.bytes.len())
    }
}
