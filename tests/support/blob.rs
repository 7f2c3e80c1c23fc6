//! Blobs to send and to read back.

use bytes::Bytes;
use regtui::model::digest::Digest;
use regtui::model::manifest::Descriptor;
use regtui::model::media_type::MediaType;

/// Bytes that do not repeat, so that a piece in the wrong place is found.
pub fn content(length: usize) -> Bytes {
    let mut state = 1u32;
    let byte = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    byte.take(length).collect()
}

/// The descriptor of these bytes.
pub fn descriptor(bytes: &Bytes) -> Descriptor {
    let digest = Digest::sha256(bytes);
    Descriptor {
        media_type: MediaType::from("application/octet-stream"),
        digest: Some(digest),
        digest_text: digest.to_string(),
        size: Some(bytes.len() as u64),
        platform: None,
        artifact_type: None,
        urls: Default::default(),
        annotations: Default::default(),
    }
}
