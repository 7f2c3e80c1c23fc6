//! Blobs on their way in and out: registries.md §8.2 to §8.5, §10 rows 29 to 31 and 37.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use regtui::client::{BlobSource, Transfer};
use regtui::demo::Store;
use regtui::model::digest::Digest;
use regtui::model::manifest::Descriptor;
use regtui::model::media_type::MediaType;

use crate::support::registry::{Registry, name};

/// Bytes that are nowhere alike, so that a piece in the wrong place is found.
fn content(length: usize) -> Bytes {
    let mut state = 1u32;
    let byte = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    byte.take(length).collect()
}

fn descriptor(bytes: &Bytes) -> Descriptor {
    let digest = Digest::sha256(bytes);
    Descriptor {
        media_type: MediaType::from("application/octet-stream"),
        digest: Some(digest),
        digest_text: digest.to_string(),
        size: Some(bytes.len() as u64),
        platform: None,
        artifact_type: None,
        urls: Vec::new(),
        annotations: Default::default(),
    }
}

fn stored(registry: &Registry, repository: &str, digest: &Digest) -> bool {
    registry.demo.store().repository(repository).is_some_and(|found| found.blobs.contains_key(digest))
}

async fn read(registry: &Registry, descriptor: &Descriptor) -> Result<Vec<u8>, regtui::client::Error> {
    let mut reader = registry.client.read_blob(&name("app"), descriptor, 0)?;
    let mut all = Vec::new();
    while let Some(piece) = reader.next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[tokio::test]
async fn a_blob_goes_out_in_one_piece() {
    let registry = Registry::open(Store::new()).await;
    for length in [0, 1, 300_000] {
        let bytes = content(length);
        let (descriptor, transfer) = (descriptor(&bytes), Arc::new(Transfer::default()));
        let source = BlobSource::Bytes(bytes);
        registry.client.push_blob(&name("app"), &descriptor, &source, &transfer).await.expect("it is pushed");
        assert!(stored(&registry, "app", &descriptor.digest.expect("a digest")));
        assert_eq!(transfer.sent.load(Ordering::Relaxed), length as u64);
    }
    let lines = registry.requests();
    assert!(lines.len() == 6 && lines.iter().all(|line| !line.starts_with("PATCH")), "{lines:?}");
}

#[tokio::test]
async fn a_blob_goes_from_one_registry_to_the_other() {
    let (from, to) = (Registry::open(Store::new()).await, Registry::open(Store::new()).await);
    let bytes = content(3_000_000);
    let descriptor = descriptor(&bytes);
    from.demo.store().put_blob("app", bytes.clone());
    let source = BlobSource::registry(&from.client, &name("app"), &descriptor);
    let transfer = Arc::new(Transfer::default());
    to.client.push_blob(&name("copy"), &descriptor, &source, &transfer).await.expect("it is pushed");
    assert!(stored(&to, "copy", &descriptor.digest.expect("a digest")));
    assert_eq!((from.requests().len(), to.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_blob_comes_in_whole() {
    let registry = Registry::open(Store::new()).await;
    for length in [0, 1, 700_000] {
        let bytes = content(length);
        registry.demo.store().put_blob("app", bytes.clone());
        assert_eq!(read(&registry, &descriptor(&bytes)).await.expect("a blob"), bytes);
    }
}
