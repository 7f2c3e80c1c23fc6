//! Reads blobs that are small enough to be held in memory.

use bytes::{Bytes, BytesMut};

use crate::client::{Cause, Error, Registry};
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;

/// The size from which on only two blobs are held at the same time.
const LARGE: u64 = 1024 * 1024;

/// Reads a blob, whose digest is checked. Fails if it has more than `most` bytes, before anything is requested if its
/// descriptor says so.
pub(super) async fn read_small_blob(
    registry: &dyn Registry,
    name: &RepositoryName,
    descriptor: &Descriptor,
    most: u64,
) -> Result<Bytes, Error> {
    let too_large = || Error::unsent(registry.host(), Cause::TooLarge(most));
    if descriptor.size.is_some_and(|size| size > most) {
        return Err(too_large());
    }
    let is_large = descriptor.size.is_none_or(|size| size > LARGE);
    let _turn = if is_large { registry.large_content_permit().await } else { None };
    let mut stream = registry.read_blob(name, descriptor, 0)?;
    let mut bytes = BytesMut::new();
    while let Some(piece) = stream.next_piece().await? {
        if bytes.len() as u64 + piece.len() as u64 > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}
