//! Images whose layers are tars that a test writes.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::path::Path;
use std::time::Duration;

use regtui::client::{Client, Pool};
use regtui::demo::Store;
use regtui::model::digest::Digest;
use regtui::model::failure::Failure;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::files::cost::plan_reading;
use regtui::ops::files::image::{ImageSource, choose_image};
use regtui::ops::files::layer::Wanted;
use regtui::ops::files::tree::{ImageFiles, Reading, read_image};
use serde_json::{Value, json};

use super::registry::{Registry, host, name, tag};
use super::tars::{skippable, zstd};

pub const OCI_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub const OCI_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
pub const OCI_TAR: &str = "application/vnd.oci.image.layer.v1.tar";

/// A layer as it is stored.
#[derive(Clone)]
pub struct StoredLayer {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    pub annotations: BTreeMap<String, String>,
    pub diff_id: Digest,
}

impl StoredLayer {
    /// A layer of gzip without a table of contents.
    pub fn gzip(tar: &[u8]) -> StoredLayer {
        StoredLayer {
            bytes: super::tars::gzip(tar),
            media_type: OCI_GZIP,
            annotations: BTreeMap::new(),
            diff_id: Digest::sha256(tar),
        }
    }

    pub fn annotated(mut self, name: &str, value: &str) -> StoredLayer {
        self.annotations.insert(name.into(), value.into());
        self
    }
}

/// A layer of zstd:chunked with a small file and a hole of this size, which its table of contents lists.
pub fn chunked_with_hole(size: u64) -> StoredLayer {
    let mut bytes = skippable(&noise(1_200_000));
    let begin = bytes.len();
    bytes.extend(zstd(b"content"));
    let zeros = Digest::sha256(&vec![0; size as usize]).to_string();
    let small = json!({"type": "reg", "name": "a", "mode": 0o644, "size": 7, "offset": begin,
        "endOffset": bytes.len(), "digest": Digest::sha256(b"content").to_string()});
    let hole = json!({"type": "reg", "name": "hole", "mode": 0o644, "size": size, "offset": 0, "chunkOffset": 0,
        "chunkSize": size, "chunkType": "zeros", "digest": zeros});
    let table = json!({"version": 1, "entries": [small, hole]}).to_string();
    let packed = zstd(table.as_bytes());
    let (at, length) = (bytes.len() + 8, packed.len());
    bytes.extend(skippable(&packed));
    let digest = Digest::sha256(&packed).to_string();
    let position = format!("{at}:{length}:{}:1", table.len());
    let layer = StoredLayer {
        bytes,
        media_type: "application/vnd.oci.image.layer.v1.tar+zstd",
        annotations: BTreeMap::new(),
        diff_id: Digest::sha256(b""),
    };
    layer
        .annotated("io.github.containers.zstd-chunked.manifest-position", &position)
        .annotated("io.github.containers.zstd-chunked.manifest-checksum", &digest)
}

/// Bytes that no compression makes smaller.
pub fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    (0..count).map(next).collect()
}

/// Waits until an unfinished part of an extraction is in a folder, and has bytes if it is a file.
pub async fn until_part(folder: &Path) {
    let patience = std::time::Instant::now() + Duration::from_secs(60);
    let is_part = |entry: &DirEntry| {
        entry.file_name().to_string_lossy().contains(".part-")
            && entry.metadata().is_ok_and(|found| found.is_dir() || found.len() > 0)
    };
    while !fs::read_dir(folder).expect("a folder").flatten().any(|entry| is_part(&entry)) {
        assert!(std::time::Instant::now() < patience, "no part is written");
        tokio::task::yield_now().await;
    }
}

/// Returns the names in a folder in order.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The byte of a layer of [`chunked`] at which its table begins.
const TABLE_AT: usize = 2 << 20;

/// A layer of one frame of zstd, with these tables of contents behind it. The first annotations are those of the first
/// table. Chunks begin at byte 0 of the layer; their `innerOffset` is the place of the content in the tar.
pub fn chunked(tar: &[u8], tables: &[Value]) -> Vec<StoredLayer> {
    let mut bytes = zstd(tar);
    bytes.extend(skippable(&vec![0; TABLE_AT - bytes.len() - 8]));
    let mut all = Vec::new();
    for entries in tables {
        let json = json!({"version": 1, "entries": entries}).to_string().into_bytes();
        let packed = zstd(&json);
        let prefix = "io.github.containers.zstd-chunked.manifest";
        let position = format!("{}:{}:{}:1", bytes.len() + 8, packed.len(), json.len());
        let checksum = Digest::sha256(&packed).to_string();
        all.push([(format!("{prefix}-position"), position), (format!("{prefix}-checksum"), checksum)]);
        bytes.extend(skippable(&packed));
    }
    let layer = |annotations: [(String, String); 2]| StoredLayer {
        bytes: bytes.clone(),
        media_type: OCI_ZSTD,
        annotations: annotations.into(),
        diff_id: Digest::sha256(tar),
    };
    all.into_iter().map(layer).collect()
}

/// Puts an image of these layers into `app` under a tag.
pub fn push_image(store: &Store, tag: &str, layers: &[StoredLayer]) -> Digest {
    let diff_ids: Vec<String> = layers.iter().map(|layer| layer.diff_id.to_string()).collect();
    let history: Vec<Value> =
        (1..=layers.len()).map(|number| json!({"created_by": format!("RUN step {number}")})).collect();
    let config = json!({"architecture": "amd64", "os": "linux", "config": {}, "history": history,
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    push_artifact(store, tag, "application/vnd.oci.image.config.v1+json", &config.to_string(), layers)
}

/// Puts an artifact of these layers into `app` under a tag.
pub fn push_artifact(
    store: &Store,
    tag: &str,
    config_type: &str,
    config: &str,
    layers: &[StoredLayer],
) -> Digest {
    store.create("app");
    let descriptor = |media_type: &str, bytes: &[u8], annotations: &BTreeMap<String, String>| {
        let digest = store.put_blob("app", bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len(), "annotations": annotations})
    };
    let listed: Vec<Value> =
        layers.iter().map(|layer| descriptor(layer.media_type, &layer.bytes, &layer.annotations)).collect();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type,
        "config": descriptor(config_type, config.as_bytes(), &BTreeMap::new()), "layers": listed});
    let digest = store.put_manifest("app", media_type, manifest.to_string());
    store.tag("app", tag, digest);
    digest
}

/// Reads the files of a tag of `app`.
pub async fn read_files(
    registry: &Registry,
    at: &str,
    wanted: Option<&Wanted>,
) -> Result<ImageFiles, Failure> {
    let image = choose(&registry.client, registry, "app", at).await?;
    let plan = plan_reading(&registry.client, &image).await;
    let reading = Reading::new(&image);
    read_image(&registry.client, image, &plan, None, wanted, &reading).await
}

/// Chooses the image of a tag.
pub async fn choose(
    client: &Client,
    registry: &Registry,
    repository: &str,
    at: &str,
) -> Result<ImageSource, Failure> {
    let repository = Repository { host: host(&registry.demo), name: name(repository) };
    choose_image(client, &repository, &Selector::Tag(tag(at)), None).await
}

/// Returns the paths of the image in order.
pub fn paths(files: &ImageFiles) -> Vec<String> {
    let tree = &files.tree;
    let shown = tree.paths().filter(|id| tree.current(*id).is_some());
    let mut paths: Vec<String> =
        shown.map(|id| String::from_utf8_lossy(&tree.path(id)).into_owned()).collect();
    paths.sort();
    paths
}

/// Waits until everything kept so far is on disk.
pub async fn flush(pool: &Pool) {
    pool.flush().await;
}
