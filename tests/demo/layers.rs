//! The layers of the samples hold files that can be listed, and their tables of contents are true.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use flate2::read::GzDecoder;
use regtui::demo::Store;
use regtui::demo::blob::Blob;
use regtui::demo::store::StoredRepository;
use regtui::layer::files::ChunkRanges;
use regtui::layer::{
    DataPosition, EntryKind, FileList, FileTree, LayerFiles, LayerFormat, LayerStream, LayerTable, PathId,
    StreamLimits, TableLimits, estargz, zstd_chunked,
};
use regtui::model::digest::Digest;
use ruzstd::decoding::StreamingDecoder;
use serde_json::Value;

use crate::support::samples::sample;

/// A layer of an image as its manifest and its config describe it.
struct Described {
    media_type: String,
    digest: Digest,
    size: u64,
    diff_id: Option<Digest>,
    annotations: BTreeMap<String, String>,
    blob: Option<Blob>,
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// Returns the layers of a manifest with a config of an image.
fn layers_of(repository: &StoredRepository, manifest: &[u8]) -> Vec<Described> {
    let manifest = json(manifest);
    let config: Option<Digest> = manifest["config"]["digest"].as_str().and_then(|digest| digest.parse().ok());
    let config = match config.and_then(|digest| repository.blobs.get(&digest)) {
        Some(Blob::Whole(bytes)) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
        _ => Value::Null,
    };
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    let describe = |(i, layer): (usize, &Value)| {
        let digest = layer["digest"].as_str().and_then(|digest| digest.parse().ok()).expect("a digest");
        Described {
            media_type: layer["mediaType"].as_str().unwrap_or_default().to_owned(),
            digest,
            size: layer["size"].as_u64().expect("a size"),
            diff_id: config["rootfs"]["diff_ids"][i].as_str().and_then(|digest| digest.parse().ok()),
            annotations: serde_json::from_value(layer["annotations"].clone()).unwrap_or_default(),
            blob: repository.blobs.get(&digest).cloned(),
        }
    };
    layers.iter().enumerate().map(describe).collect()
}

/// Reads the pieces of a blob.
struct Pieces<I> {
    pieces: I,
    left: bytes::Bytes,
}

impl<I: Iterator<Item = bytes::Bytes>> Read for Pieces<I> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left.is_empty() {
            self.left = self.pieces.next().unwrap_or_default();
        }
        let taken = self.left.len().min(into.len());
        into[..taken].copy_from_slice(&self.left.split_to(taken));
        Ok(taken)
    }
}

fn reader(blob: &Blob) -> impl Read {
    Pieces { pieces: blob.iter(0..blob.size()), left: bytes::Bytes::new() }
}

fn bytes_of(blob: &Blob, range: std::ops::Range<u64>) -> Vec<u8> {
    blob.iter(range).flatten().collect()
}

/// Lists a layer from its first byte to its last, and checks its digest and its diff id.
fn list(layer: &Described) -> FileList {
    let blob = layer.blob.as_ref().expect("a blob");
    let mut stream = LayerStream::new(reader(blob), StreamLimits::default()).expect("a tar");
    let mut list = FileList::default();
    while let Some(entry) = stream.next_entry().expect("an entry") {
        list.push(&entry).expect("space");
    }
    let (sums, findings) = stream.finish().expect("an end");
    sums.check(&layer.digest).expect("the digest");
    assert!(layer.diff_id.is_none_or(|diff_id| diff_id == sums.diff_id), "the diff_id");
    assert_eq!(sums.compressed, layer.size);
    assert!(findings.kept().is_empty(), "{findings:?}");
    list
}

/// Reads the table of contents by the bytes that a client would request.
fn table_of(layer: &Described) -> (LayerTable, u64) {
    let blob = layer.blob.as_ref().expect("a blob");
    let annotation = |key: &str| layer.annotations.get(key).map(String::as_str);
    let limits = TableLimits::default();
    if let Some(digest) = annotation(estargz::DIGEST_ANNOTATION) {
        let digest: Digest = digest.parse().expect("a digest");
        let end = bytes_of(blob, estargz::first_range(layer.size));
        let range = estargz::find_table(&end, layer.size).expect("a footer");
        let bytes = bytes_of(blob, range.clone());
        let table = estargz::read_table(&bytes, range.start, Some(&digest), limits).expect("a table");
        return (table, range.start);
    }
    let position = zstd_chunked::POSITION_ANNOTATIONS.iter().find_map(|key| annotation(key));
    let position = zstd_chunked::parse_position(position.expect("a position"), layer.size, limits);
    let position = position.expect("a position");
    let digest = zstd_chunked::DIGEST_ANNOTATIONS.iter().find_map(|key| annotation(key)?.parse().ok());
    let bytes = bytes_of(blob, position.range.clone());
    let table = zstd_chunked::read_table(&bytes, &position, digest.as_ref(), limits).expect("a table");
    (table, position.range.start)
}

fn unpack(media_type: &str, bytes: &[u8], size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let read = if media_type.ends_with("zstd") {
        StreamingDecoder::new(bytes).expect("a frame").take(size).read_to_end(&mut out)
    } else {
        GzDecoder::new(bytes).take(size).read_to_end(&mut out)
    };
    read.expect("the bytes of a chunk");
    out
}

fn repository(store: &Store, name: &str) -> Arc<StoredRepository> {
    store.repository(name).expect("it is there")
}

/// Returns the layers of an image by its tag; of an index, those of its first child.
fn tagged(store: &Store, name: &str, tag: &str) -> Vec<Described> {
    let repository = repository(store, name);
    let manifest = &repository.manifests[&repository.tags[tag]];
    match json(&manifest.bytes)["manifests"][0]["digest"].as_str() {
        Some(digest) => {
            let child = &repository.manifests[&digest.parse().expect("a digest")];
            layers_of(&repository, &child.bytes)
        }
        None => layers_of(&repository, &manifest.bytes),
    }
}

fn tree_of<'a>(lists: impl IntoIterator<Item = &'a FileList>) -> FileTree {
    let mut tree = FileTree::default();
    lists.into_iter().for_each(|list| tree.add_layer(list).expect("a tree"));
    tree
}

/// Returns the paths of an image with the kinds, sizes and modes of the files there.
fn paths(tree: &FileTree) -> BTreeMap<String, (EntryKind, u64, u16)> {
    let of = |id: PathId| {
        let version = tree.current(id)?;
        let path = String::from_utf8(tree.path(id)).expect("UTF-8");
        Some((path, (version.kind, version.size, version.mode)))
    };
    tree.paths().filter_map(of).collect()
}

#[test]
fn every_layer_that_is_a_tar_is_listed_and_its_digests_are_true() {
    let store = sample();
    let (mut seen, mut empty) = (BTreeSet::new(), 0);
    for name in store.repositories() {
        let repository = repository(&store, &name);
        for manifest in repository.manifests.values() {
            for layer in layers_of(&repository, &manifest.bytes) {
                let is_tar = layer.media_type.contains("tar");
                // A unit test hashes the largest ones, whose files are few.
                if !is_tar || layer.size > 128 << 20 || layer.blob.is_none() || !seen.insert(layer.digest) {
                    continue;
                }
                empty += usize::from(list(&layer).is_empty());
            }
        }
    }
    assert!(seen.len() > 60, "{}", seen.len());
    assert_eq!(empty, 1, "one instruction changes nothing");
}

#[test]
fn the_same_image_in_three_formats_has_the_same_files() {
    let store = sample();
    let of = |tag| tagged(&store, "team/orders/reports", tag);
    let plain: Vec<FileList> = of("latest").iter().map(list).collect();
    let plain = paths(&tree_of(&plain));
    assert!(plain.contains_key("var/lib/dpkg/status") && plain.contains_key("srv/reports/monthly.sql"));
    for tag in ["2026-07-29-esgz", "2026-07-29-zstdchunked"] {
        let layers = of(tag);
        layers.iter().for_each(|layer| drop(list(layer)));
        let tables: Vec<(LayerTable, u64)> = layers.iter().map(table_of).collect();
        let lists = tables.iter().map(|(table, _)| &table.list);
        assert_eq!(paths(&tree_of(lists)), plain, "{tag}");
        for ((table, end), layer) in tables.iter().zip(&layers) {
            assert!(table.is_attested && table.findings.kept().is_empty(), "{tag}");
            check_chunks(table, *end, layer);
        }
    }
}

/// Unpacks each chunk of each file by itself. Of the largest files the first and the last chunk are enough.
fn check_chunks(table: &LayerTable, end: u64, layer: &Described) {
    let blob = layer.blob.as_ref().expect("a blob");
    let files = LayerFiles::of_table(LayerFormat::Estargz, table.clone(), end);
    let ranges = ChunkRanges::of(&files);
    for entry in table.list.iter() {
        let Some(DataPosition::Chunks { first, count }) = entry.data else { continue };
        let (first, count) = (first as usize, count as usize);
        let chunks = &table.chunks[first..first + count];
        for (i, chunk) in chunks.iter().enumerate() {
            if i > 0 && i + 1 < count {
                continue;
            }
            let range = ranges.range(chunk);
            let bytes = unpack(&layer.media_type, &bytes_of(blob, range), chunk.size);
            let stated = if count == 1 { entry.sha256 } else { chunk.sha256.as_deref().copied() };
            let path = String::from_utf8_lossy(&entry.path);
            assert_eq!(stated.map(Digest::Sha256), Some(Digest::sha256(&bytes)), "{path}");
        }
    }
}

#[test]
fn the_application_shows_what_can_be_found_in_an_image() {
    let lists: Vec<FileList> = tagged(&sample(), "team/app", "latest").iter().map(list).collect();
    let tree = tree_of(&lists);
    let files = paths(&tree);
    assert_eq!(files["usr/bin/passwd"].2, 0o4755);
    assert_eq!(files["opt/app/cache/queue.json"].2, 0o666);
    assert!(!files.contains_key("root/.npmrc") && !files.contains_key("usr/share/doc/bash/copyright"));
    let versions = |path: &str| tree.versions(tree.find(path.as_bytes()).expect(path)).count();
    assert_eq!(versions("etc/app/config.toml"), 2);
    assert_eq!(versions("root/.npmrc"), 1);
    assert!(files.contains_key("opt/app/console/node_modules/semver/package.json"));
    assert!(files.contains_key("opt/app/lib/PyYAML-6.0.3.dist-info/METADATA"));
}

#[test]
fn releases_of_the_application_that_follow_each_other_differ() {
    let store = sample();
    let tags = ["1.2.10", "1.3.0", "1.4.0", "1.4.1", "1.4.2"];
    let trees = tags.map(|tag| tagged(&store, "team/app", tag).iter().map(|layer| layer.digest).collect());
    let trees: [Vec<Digest>; 5] = trees;
    for (pair, tags) in trees.windows(2).zip(tags.windows(2)) {
        assert_eq!(pair[0][0], pair[1][0], "the base is shared by {tags:?}");
        let same = pair[0].iter().zip(&pair[1]).filter(|(a, b)| a == b).count();
        assert!(same < pair[0].len() && same >= 2, "{tags:?}: {same}");
    }
}

#[test]
fn a_chart_has_the_files_that_helm_packs() {
    let lists: Vec<FileList> = tagged(&sample(), "charts/gateway", "1.1.0").iter().map(list).collect();
    let files = paths(&tree_of(&lists));
    for path in ["Chart.yaml", "README.md", "values.yaml", "templates/deployment.yaml"] {
        assert!(files.contains_key(&format!("gateway/{path}")), "{path}");
    }
}
