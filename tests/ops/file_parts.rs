//! Parts of files, by a table of contents.

use regtui::demo::Store;
use regtui::layer::{Chunk, DataPosition, EntryKind, FileList, LayerEntry, LayerFiles, LayerFormat};
use regtui::model::digest::Digest;
use regtui::ops::files::content::{MemorySink, read_contents};
use regtui::ops::files::image::LayerSource;

use crate::support::blob::descriptor;
use crate::support::layered::StoredLayer;
use crate::support::registry::{Registry, name};

/// A layer of three parts, each a gzip member of its own, and a list with one file of these.
fn three_parts() -> (LayerSource, LayerFiles, Vec<u8>) {
    let mut blob = Vec::new();
    let mut chunks = Vec::new();
    for (number, text) in [&b"one"[..], b"two!", b"three"].into_iter().enumerate() {
        let member = StoredLayer::gzip(text).bytes;
        chunks.push(Chunk {
            offset: blob.len() as u64,
            inner: 0,
            at: [0, 3, 7][number],
            size: text.len() as u64,
            sha256: match Digest::sha256(text) {
                Digest::Sha256(sum) => Some(Box::new(sum)),
                Digest::Sha512(_) => None,
            },
            is_zeros: false,
        });
        blob.extend_from_slice(&member);
    }
    let mut list = FileList::default();
    let entry = LayerEntry {
        path: b"file"[..].into(),
        kind: EntryKind::File,
        size: 12,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        link: b""[..].into(),
        sha256: None,
        data: Some(DataPosition::Chunks { first: 0, count: 3 }),
    };
    list.push(&entry).expect("it fits");
    let chunks_end = blob.len() as u64;
    let files = LayerFiles { chunks, chunks_end, ..LayerFiles::new(LayerFormat::Estargz, list) };
    let descriptor = descriptor(&blob.clone().into());
    (LayerSource { descriptor, diff_id: None, instruction: None }, files, blob)
}

#[tokio::test]
async fn a_part_of_a_file_that_has_another_digest_than_the_table_states_is_refused() {
    let (source, mut files, blob) = three_parts();
    let store = Store::new();
    store.put_blob("app", blob);
    let registry = Registry::open(store).await;
    let mut sink = MemorySink::new(100);
    let read = read_contents(&registry.client, &name("app"), &source, &files, &[0], &mut sink).await;
    assert_eq!(Some(read.expect("it is read")), source.descriptor.size);
    assert_eq!(sink.into_contents()[&0], "onetwo!three");
    files.chunks[1].sha256 = Some(Box::new([7; 32]));
    let mut sink = MemorySink::new(100);
    let read = read_contents(&registry.client, &name("app"), &source, &files, &[0], &mut sink).await;
    let failure = read.expect_err("it is refused").to_string();
    assert!(failure.contains("digest of a part of the file"), "{failure}");
    assert!(sink.into_contents().is_empty());
}
