//! Lists of files in the cache, so that a second look at a layer requests nothing.

use crate::client::Registry;
use crate::layer::LayerFiles;
use crate::layer::kept::{ListDecoder, ListEncoder};
use crate::model::digest::Digest;

/// Keeps a list under a digest. Its pieces come first, so that a value without them is rare; a list that is larger than the
/// cache keeps is given up.
pub async fn keep_list(registry: &dyn Registry, key: &Digest, mut encoder: ListEncoder) {
    let mut room = registry.most_list_bytes();
    if encoder.least_bytes() > room {
        return;
    }
    loop {
        let packed = tokio::task::spawn_blocking(move || (encoder.next_piece(), encoder)).await;
        let Ok((piece, next)) = packed else { return };
        encoder = next;
        let Some((digest, piece)) = piece else { break };
        let Some(left) = room.checked_sub(piece.len()) else { return };
        room = left;
        registry.keep_file_list(&digest, piece).await;
    }
    if let Some(value) = encoder.finish() {
        registry.keep_file_list(key, value).await;
    }
}

/// Returns the list that is kept under a digest. Returns `None` if a part of it is missing or damaged.
pub async fn read_list(registry: &dyn Registry, key: &Digest) -> Option<LayerFiles> {
    let value = registry.kept_file_list(key).await?;
    let decode = tokio::task::spawn_blocking(move || ListDecoder::new(&value));
    let mut decoder = decode.await.ok()??;
    while let Some(piece) = decoder.next_piece() {
        let piece = registry.kept_file_list(&piece).await?;
        let decode = tokio::task::spawn_blocking(move || decoder.add_piece(&piece));
        decoder = decode.await.ok()??;
    }
    decoder.finish()
}
