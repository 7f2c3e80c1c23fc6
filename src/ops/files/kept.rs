//! Contents of package files that were read once, kept by what proves the list of their layer, so that a second look at
//! the layer requests nothing. They are kept as soon as their layer was read, so an interruption loses no whole layer.
//!
//! They are kept beside the lists of files, under a digest that is derived from that proof.

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};

use bytes::Bytes;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::image::LayerSource;
use super::proof::ListProof;
use crate::client::Registry;
use crate::layer::LayerFiles;
use crate::model::digest::Digest;

/// The version of the form in the cache. Another one is not read.
const VERSION: u8 = 2;
/// Most bytes of the contents of one layer that are kept.
const LARGEST: usize = 32 << 20;
/// The size of the number in front of each content: its length.
const LENGTH: usize = 8;

/// The sha256 of a content, and the content.
pub(crate) type KeptContents = HashMap<[u8; 32], Bytes>;

/// Returns the kept contents of a layer. Each has the sha256 that it is returned under.
pub(crate) async fn read_kept(registry: &dyn Registry, proof: &ListProof) -> KeptContents {
    let Some(kept) = registry.kept_file_list(&key(proof)).await else { return KeptContents::new() };
    let decoded = tokio::task::spawn_blocking(move || decode(&kept)).await;
    decoded.ok().flatten().unwrap_or_default()
}

/// Keeps contents of a layer for later looks, beside those that were kept before, unless nothing proves them or they are
/// too large.
pub(crate) async fn keep_contents(
    registry: &dyn Registry,
    source: &LayerSource,
    files: &LayerFiles,
    contents: Vec<Bytes>,
) {
    let Some(proof) = ListProof::of(source).filter(|_| files.is_proved && !contents.is_empty()) else {
        return;
    };
    // Another image may have needed other files of the same layer.
    let before = read_kept(registry, &proof).await;
    let contents: Vec<Bytes> = contents.into_iter().chain(before.into_values()).collect();
    let size: usize = contents.iter().map(|content| content.len() + LENGTH).sum();
    if size > LARGEST {
        return;
    }
    let encoded = tokio::task::spawn_blocking(move || encode(&contents)).await;
    if let Some(encoded) = encoded.ok().flatten() {
        registry.keep_file_list(&key(&proof), encoded).await;
    }
}

fn key(proof: &ListProof) -> Digest {
    proof.key("package files")
}

fn encode(contents: &[Bytes]) -> Option<Bytes> {
    let mut packer = ZlibEncoder::new(vec![VERSION], flate2::Compression::fast());
    for content in contents.iter().collect::<BTreeSet<_>>() {
        packer.write_all(&(content.len() as u64).to_le_bytes()).ok()?;
        packer.write_all(content).ok()?;
    }
    Some(packer.finish().ok()?.into())
}

fn decode(kept: &[u8]) -> Option<KeptContents> {
    let (&VERSION, packed) = kept.split_first()? else { return None };
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed).take(LARGEST as u64).read_to_end(&mut bytes).ok()?;
    let (mut rest, mut contents) = (Bytes::from(bytes), KeptContents::new());
    while !rest.is_empty() {
        let length = u64::from_le_bytes(*rest.first_chunk::<LENGTH>()?);
        let end = usize::try_from(length).ok()?.checked_add(LENGTH).filter(|end| *end <= rest.len())?;
        let content = rest.split_to(end).slice(LENGTH..);
        if let Digest::Sha256(sha256) = Digest::sha256(&content) {
            contents.insert(sha256, content);
        }
    }
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_kept_and_damaged_ones_are_not_read() {
        let contents = [Bytes::from_static(b"one"), Bytes::from_static(b""), Bytes::from_static(b"one")];
        let kept = encode(&contents).expect("a form");
        let decoded = decode(&kept).expect("contents");
        assert_eq!(decoded.len(), 2);
        let Digest::Sha256(sha256) = Digest::sha256(b"one") else { panic!("a sha256") };
        assert_eq!(decoded.get(&sha256).map(|content| &content[..]), Some(&b"one"[..]));
        let far = {
            let mut packer = ZlibEncoder::new(vec![VERSION], flate2::Compression::fast());
            packer.write_all(&u64::MAX.to_le_bytes()).expect("into memory");
            packer.finish().expect("into memory")
        };
        let other_version = [&[VERSION + 1], &kept[1..]].concat();
        for damaged in [&b""[..], &[VERSION], &[VERSION, 7, 7], &kept[..kept.len() - 9], &far, &other_version]
        {
            assert_eq!(decode(damaged).unwrap_or_default(), KeptContents::new(), "{damaged:?}");
        }
    }
}
