//! An open upload of a blob, with the bytes that have arrived so far.

use bytes::{Bytes, BytesMut};

use crate::model::digest::{Digest, Hasher};

/// An upload that is not finished.
pub(crate) struct DemoUpload {
    /// The repository of the blob.
    pub(crate) repository: String,
    bytes: BytesMut,
    hasher: Hasher,
}

impl DemoUpload {
    /// Creates an empty upload.
    pub(crate) fn new(repository: &str) -> DemoUpload {
        DemoUpload { repository: repository.to_owned(), bytes: BytesMut::new(), hasher: Hasher::sha256() }
    }

    /// Returns the number of bytes that have arrived, which is the offset of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Adds bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns whether the bytes that have arrived match `digest`.
    pub(crate) fn is(&self, digest: &Digest) -> bool {
        match digest {
            Digest::Sha256(_) => self.hasher.clone().finish() == *digest,
            Digest::Sha512(_) => digest.same_algorithm_of(&self.bytes) == *digest,
        }
    }

    /// Returns all bytes that have arrived.
    pub(crate) fn finish(self) -> Bytes {
        self.bytes.freeze()
    }
}

impl std::fmt::Debug for DemoUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} bytes)", self.repository, self.bytes.len())
    }
}
