//! The files of an image: the ways to read them, what proves them, and that nothing of an image leaves its place.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use regtui::client::ClientSettings;
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Store};
use regtui::layer::{LayerFormat, PathId};
use regtui::model::digest::Digest;
use regtui::model::failure::Failure;
use regtui::ops::files::content::beginning::read_beginning;
use regtui::ops::files::content::{ContentProgress, MemorySink, read_contents};
use regtui::ops::files::cost::plan_reading;
use regtui::ops::files::extract::{Extraction, extract};
use regtui::ops::files::layer::Wanted;
use regtui::ops::files::tree::{ImageFiles, Reading, read_image, read_readable};

use crate::support::layered::{
    OCI_TAR, StoredLayer, choose, chunked_with_hole, flush, names_in, noise, paths, push_artifact,
    push_image, read_files, until_part,
};
use crate::support::registry::{Registry, settings};
use crate::support::samples;
use crate::support::tars::Tar;

/// The requests for blobs except configs.
fn blob_requests(registry: &Registry) -> usize {
    registry.requests().iter().filter(|line| line.starts_with("GET") && line.contains("/blobs/")).count()
}

async fn content(registry: &Registry, files: &ImageFiles, path: &str) -> Result<String, Failure> {
    let (_, version) = files.file_at(path.as_bytes()).expect("a file");
    let index = usize::from(version.layer) - 1;
    let (entry, source) = (version.entry.expect("an entry"), &files.image.layers[index]);
    let layer = files.layer(version.layer).expect("it was read");
    let mut sink = MemorySink::new(1 << 20);
    let name = &files.image.repository.name;
    read_contents(&registry.client, name, source, layer, &[entry], &mut sink).await?;
    let content = sink.into_contents().remove(&entry).expect("it is complete");
    Ok(String::from_utf8_lossy(&content).into_owned())
}

/// Three layers: the second replaces a file, the third removes one and links to others.
fn three_layers() -> Vec<StoredLayer> {
    let low = Tar::default().directory(b"etc/").file(b"etc/a", b"one").file(b"etc/b", b"beta");
    let middle = Tar::default().file(b"etc/a", b"second");
    let high = Tar::default()
        .file(b"etc/.wh.b", b"")
        .header(b'2', b"link", b"etc/a", 0)
        .header(b'1', b"hard", b"etc/a", 0);
    [low, middle, high].map(|tar| StoredLayer::gzip(&tar.end())).into()
}

#[tokio::test]
async fn layers_are_read_once_and_kept_by_their_digest_for_a_later_run() {
    let (store, folder) = (Store::new(), tempfile::tempdir().expect("a folder"));
    push_image(&store, "one", &three_layers());
    push_image(&store, "two", &three_layers()[..2]);
    let settings = || ClientSettings { cache: Some(folder.path().into()), ..settings() };
    let registry = Registry::new(demo::DemoSettings::default(), store, settings()).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    assert_eq!(paths(&files), ["etc", "etc/a", "hard", "link"]);
    assert_eq!(content(&registry, &files, "/link").await.expect("content"), "second");
    assert_eq!(content(&registry, &files, "hard").await.expect("content"), "second");
    assert_eq!(files.file_at(b"etc/b"), None);
    flush(&registry.pool).await;
    let registry = Registry {
        client: regtui::client::Pool::new(settings()).client(&crate::support::registry::host(&registry.demo)),
        ..registry
    };
    registry.demo.forget_requests();
    let files = read_files(&registry, "one", None).await.expect("files");
    assert_eq!(paths(&files), ["etc", "etc/a", "hard", "link"]);
    assert_eq!(blob_requests(&registry), 0);
    // Another image of the same layers: only its config is new.
    read_files(&registry, "two", None).await.expect("files");
    assert_eq!(blob_requests(&registry), 1);
}

#[tokio::test]
async fn contents_that_are_wanted_come_along_with_the_first_look() {
    let store = Store::new();
    push_image(&store, "one", &three_layers());
    let registry = Registry::open(store).await;
    let wanted: Wanted = Arc::new(|path: &[u8], _| path == b"etc/a");
    let files = read_files(&registry, "one", Some(&wanted)).await.expect("files");
    let mut found: Vec<_> =
        files.contents.iter().map(|((layer, _), bytes)| (*layer, String::from_utf8_lossy(bytes))).collect();
    found.sort();
    assert_eq!(found, [(0, "one".into()), (1, "second".into())]);
}

#[tokio::test]
async fn a_table_of_contents_takes_few_requests_and_shows_the_same_files_as_the_whole_layer() {
    let registry = Registry::open(samples::sample()).await;
    let mut lists = Vec::new();
    for (at, format) in [
        ("2026-07-29", None),
        ("2026-07-29-esgz", Some(LayerFormat::Estargz)),
        ("2026-07-29-zstdchunked", Some(LayerFormat::ZstdChunked)),
    ] {
        let image = choose(&registry.client, &registry, "team/orders/reports", at).await.expect("an image");
        let plan = plan_reading(&registry.client, &image).await;
        registry.demo.forget_requests();
        let reading = Reading::new(&image);
        let layers = image.layers.len();
        let size: u64 = image.layers.iter().filter_map(|layer| layer.descriptor.size).sum();
        let files = read_image(&registry.client, image, &plan, None, None, &reading).await.expect("files");
        if let Some(format) = format {
            let large = files.layers.iter().flatten().filter(|layer| layer.format == format).count();
            assert!(large > 0, "{at}");
            assert!(blob_requests(&registry) <= layers + large, "{at}: {:?}", registry.requests());
            assert!(reading.received() < size / 2, "{at}: {} of {size}", reading.received());
            assert!(files.layers.iter().flatten().all(|layer| layer.is_proved));
            registry.demo.forget_requests();
            let text = content(&registry, &files, "etc/os-release").await.expect("content");
            assert!(text.contains("Debian"), "{at}: {text}");
            assert!(blob_requests(&registry) <= 2, "{at}: {:?}", registry.requests());
        }
        lists.push(paths(&files));
    }
    assert!(lists[0].len() > 20 && lists[1] == lists[0] && lists[2] == lists[0], "{lists:?}");
}

#[tokio::test]
async fn a_server_without_ranges_makes_a_layer_be_read_whole() {
    let without = demo::DemoSettings { blob_ranges: false, ..demo::DemoSettings::default() };
    let registry = Registry::new(without, samples::sample(), settings()).await;
    let image = choose(&registry.client, &registry, "team/orders/reports", "2026-07-29-esgz").await;
    let image = image.expect("an image");
    let plan = plan_reading(&registry.client, &image).await;
    let reading = Reading::new(&image);
    let files = read_image(&registry.client, image, &plan, None, None, &reading).await.expect("files");
    assert!(files.layers.iter().flatten().all(|layer| matches!(layer.format, LayerFormat::Tar(_))));
    assert!(content(&registry, &files, "etc/os-release").await.expect("content").contains("Debian"));
}

#[tokio::test]
async fn a_table_of_contents_that_is_not_that_of_the_manifest_is_refused_and_the_layer_is_read_whole() {
    let store = Store::new();
    let tar = Tar::default().file(b"true", b"yes").file(b"noise", &noise(3 << 20)).end();
    let other = Digest::sha256(b"another table").to_string();
    for (at, name, value) in [
        ("estargz", "containerd.io/snapshot/stargz/toc.digest", other.as_str()),
        ("chunked", "io.github.containers.zstd-chunked.manifest-position", "100:200:300:1"),
    ] {
        let layer = StoredLayer::gzip(&tar).annotated(name, value);
        let layer = layer.annotated("io.github.containers.zstd-chunked.manifest-checksum", &other);
        push_image(&store, at, &[layer]);
    }
    for at in ["estargz", "chunked"] {
        let registry = Registry::open(store.clone()).await;
        let files = read_files(&registry, at, None).await.expect("files");
        assert_eq!(paths(&files), ["noise", "true"], "{at}");
        assert!(files.layers[0].as_ref().is_some_and(|layer| layer.refused_table.is_some()), "{at}");
    }
}

#[tokio::test]
async fn a_layer_that_is_not_that_of_manifest_and_config_is_refused() {
    let store = Store::new();
    let tar = Tar::default().file(b"a", b"a").end();
    let wrong = StoredLayer { diff_id: Digest::sha256(b"another tar"), ..StoredLayer::gzip(&tar) };
    let cut = StoredLayer { bytes: StoredLayer::gzip(&tar).bytes[..60].to_vec(), ..StoredLayer::gzip(&tar) };
    let page = StoredLayer { bytes: b"<html>".repeat(200), ..StoredLayer::gzip(&tar) };
    for (at, layer, why) in [
        ("wrong", wrong, "the diff_id is"),
        ("cut", cut, "ends in the middle"),
        ("page", page, "neither a tar"),
    ] {
        push_image(&store, at, &[layer]);
        let registry = Registry::open(store.clone()).await;
        let failure = read_files(&registry, at, None).await.expect_err("it is refused").to_string();
        assert!(failure.contains(why) && failure.contains("layer"), "{at}: {failure}");
    }
}

#[tokio::test]
async fn the_blob_of_an_artifact_that_is_no_tar_is_one_file() {
    let store = Store::new();
    let blob = StoredLayer {
        bytes: b"{\"model\": true}".to_vec(),
        media_type: "application/vnd.example.model",
        annotations: [("org.opencontainers.image.title".to_string(), "../model.json".to_string())].into(),
        diff_id: Digest::sha256(b""),
    };
    let chart = StoredLayer {
        media_type: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        ..StoredLayer::gzip(&Tar::default().file(b"app/values.yaml", b"replicas: 1\n").end())
    };
    push_artifact(&store, "both", "application/vnd.example.config", "{}", &[blob, chart]);
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "both", None).await.expect("files");
    assert_eq!(paths(&files), [".._model.json", "app", "app/values.yaml"]);
    assert_eq!(content(&registry, &files, ".._model.json").await.expect("content"), "{\"model\": true}");
    assert_eq!(content(&registry, &files, "app/values.yaml").await.expect("content"), "replicas: 1\n");
}

#[tokio::test]
async fn a_large_blob_that_is_no_tar_is_listed_by_its_first_bytes_and_its_header_read_by_ranges() {
    let store = Store::new();
    let model = [&b"GGUF\x03\0\0\0"[..], &[0; 16], &noise(4 << 20)].concat();
    let blob = StoredLayer {
        bytes: model.clone(),
        media_type: "application/vnd.docker.ai.gguf.v3",
        annotations: [].into(),
        diff_id: Digest::sha256(b""),
    };
    let named = blob.clone().annotated("org.cncf.model.filepath", "./weights/tiny.gguf");
    push_artifact(&store, "one", "application/vnd.docker.ai.model.config.v0.1+json", "{}", &[blob, named]);
    for blob_ranges in [true, false] {
        let settings_of_demo = demo::DemoSettings { blob_ranges, ..demo::DemoSettings::default() };
        let registry = Registry::new(settings_of_demo, store.clone(), settings()).await;
        let image = choose(&registry.client, &registry, "app", "one").await.expect("an artifact");
        let plan = plan_reading(&registry.client, &image).await;
        assert_eq!((plan.bytes, plan.is_expensive()), (0, false));
        let reading = Reading::new(&image);
        let files = read_image(&registry.client, image, &plan, None, None, &reading).await.expect("files");
        let hex = Digest::sha256(&model).hex();
        assert_eq!(
            paths(&files),
            [format!("gguf-{}", &hex[..12]), "weights".into(), "weights/tiny.gguf".into()]
        );
        let (name, layer) = (&files.image.repository.name, files.layer(2).expect("a layer"));
        registry.demo.forget_requests();
        let progress = ContentProgress::default();
        let needed = |start: &[u8]| if start.len() < 1_000 { 1_000 } else { 100_000 };
        let source = &files.image.layers[1];
        let read = read_beginning(&registry.client, name, source, (layer, 0), &needed, &progress)
            .await
            .expect("bytes");
        assert_eq!((read.bytes.len(), read.is_whole), (100_000, false));
        assert_eq!(read.bytes, model[..100_000]);
        assert_eq!(blob_requests(&registry), if blob_ranges { 2 } else { 1 }, "{:?}", registry.requests());
        let all = |_: &[u8]| u64::MAX;
        let read =
            read_beginning(&registry.client, name, source, (layer, 0), &all, &progress).await.expect("bytes");
        assert!(read.is_whole && read.bytes == model);
    }
}

#[tokio::test]
async fn the_other_layers_are_read_if_one_fails() {
    let store = Store::new();
    let mut layers = three_layers();
    layers[1] = StoredLayer { diff_id: Digest::sha256(b"another tar"), ..layers[1].clone() };
    layers.push(layers[1].clone());
    push_image(&store, "one", &layers);
    let registry = Registry::open(store).await;
    let image = choose(&registry.client, &registry, "app", "one").await.expect("an image");
    let plan = plan_reading(&registry.client, &image).await;
    let reading = Reading::new(&image);
    let read = read_readable(&registry.client, image, &plan, None, None, &reading).await;
    let (files, failed) = read.expect("files");
    assert_eq!(paths(&files), ["etc", "etc/a", "hard", "link"]);
    assert_eq!(content(&registry, &files, "etc/a").await.expect("content"), "one");
    let failed: Vec<_> = failed.iter().map(|(number, failure)| (*number, failure.to_string())).collect();
    assert!(
        matches!(&failed[..], [(1, one), (3, other)] if one.contains("diff_id") && one == other),
        "{failed:?}"
    );
    let image = choose(&registry.client, &registry, "app", "one").await.expect("an image");
    let reading = Reading::new(&image);
    let none = read_readable(&registry.client, image, &plan, Some(&[1]), None, &reading).await;
    assert!(none.expect_err("nothing was read").to_string().contains("diff_id"));
}

#[tokio::test]
async fn files_of_windows_have_the_paths_that_programs_see() {
    let store = Store::new();
    let low = Tar::default()
        .directory(b"Files")
        .file(b"Files/Windows/a.txt", b"low")
        .file(b"Files/old.txt", b"old")
        .file(b"Hives/Software_Base", b"regf")
        .file(b"Files/Hives/Software_Base", b"mine");
    let high = Tar::default().file(b"Files/.wh.old.txt", b"").file(b"Files/Windows/a.txt", b"high").header(
        b'1',
        b"Files/same.txt",
        b"Files/Windows/a.txt",
        0,
    );
    let layers = [low, high].map(|tar| StoredLayer::gzip(&tar.end()));
    let diff_ids: Vec<String> = layers.iter().map(|layer| layer.diff_id.to_string()).collect();
    let config = format!(
        r#"{{"architecture":"amd64","os":"windows","config":{{}},"rootfs":{{"type":"layers","diff_ids":{diff_ids:?}}}}}"#
    );
    push_artifact(&store, "one", "application/vnd.oci.image.config.v1+json", &config, &layers);
    let folder = tempfile::tempdir().expect("a folder");
    let settings = || ClientSettings { cache: Some(folder.path().into()), ..settings() };
    // The second look takes the lists from the cache.
    for _ in 0..2 {
        let registry = Registry::new(demo::DemoSettings::default(), store.clone(), settings()).await;
        let wanted: Wanted = Arc::new(|path: &[u8], _| path == b"Windows/a.txt");
        let files = read_files(&registry, "one", Some(&wanted)).await.expect("files");
        assert_eq!(
            paths(&files),
            [
                ":Hives",
                ":Hives/Software_Base",
                "Hives",
                "Hives/Software_Base",
                "Windows",
                "Windows/a.txt",
                "same.txt"
            ]
        );
        assert_eq!(content(&registry, &files, "Windows/a.txt").await.expect("content"), "high");
        assert_eq!(content(&registry, &files, "same.txt").await.expect("content"), "high");
        assert_eq!(content(&registry, &files, ":Hives/Software_Base").await.expect("content"), "regf");
        assert_eq!(content(&registry, &files, "Hives/Software_Base").await.expect("content"), "mine");
        flush(&registry.pool).await;
    }
}

#[tokio::test]
async fn reading_that_is_paused_goes_on_with_the_rest() {
    let store = Store::new();
    let tar = Tar::default().file(b"noise", &noise(4 << 20)).file(b"last", b"last").end();
    push_image(&store, "one", &[StoredLayer::gzip(&tar)]);
    let registry = Registry::open(store).await;
    let image = choose(&registry.client, &registry, "app", "one").await.expect("an image");
    let plan = plan_reading(&registry.client, &image).await;
    let reading = Reading::new(&image);
    reading.pause.set(true);
    let mut read = std::pin::pin!(read_image(&registry.client, image, &plan, None, None, &reading));
    let early = tokio::time::timeout(Duration::from_millis(50), &mut read).await;
    assert!(early.is_err() && reading.received() == 0);
    reading.pause.set(false);
    assert_eq!(paths(&read.await.expect("files")), ["last", "noise"]);
}

#[tokio::test]
async fn an_extraction_writes_only_below_its_new_destination() {
    let store = Store::new();
    let tar = Tar::default()
        .directory(b"d/")
        .file(b"d/file", b"content")
        .header(b'1', b"d/hard", b"d/file", 0)
        .header(b'2', b"d/inside", b"sub/../file", 0)
        .header(b'2', b"d/near", b"file", 0)
        .header(b'2', b"d/up", b"../../outside", 0)
        .header(b'2', b"d/absolute", b"/etc/passwd", 0)
        .header(b'3', b"d/device", b"", 0)
        .file(b"d/sub/../../../escape", b"no")
        .file(b"d/absolute/below", b"through a link");
    push_image(&store, "one", &[StoredLayer::gzip(&tar.end())]);
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    let folder = tempfile::tempdir().expect("a folder");
    let destination = folder.path().join("out");
    let extracted = extract(&registry.client, &files, PathId::ROOT, &destination).await.expect("files");
    let read = |path: &str| fs::read_to_string(destination.join(path)).expect("a file");
    assert_eq!(
        (read("d/file"), read("d/hard"), read("d/near")),
        ("content".into(), "content".into(), "content".into())
    );
    for path in ["d/up", "d/absolute", "d/inside", "d/device"] {
        assert!(fs::symlink_metadata(destination.join(path)).is_err(), "{path}");
    }
    assert!(extracted.left_out_count >= 4, "{extracted:?}");
    let outside: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(outside, ["out"]);
    let again = extract(&registry.client, &files, PathId::ROOT, &destination).await;
    assert!(again.expect_err("it exists").to_string().contains("exists already"));
    assert_eq!(read("d/file"), "content");
}

#[tokio::test]
async fn an_extraction_whose_content_is_not_that_of_the_list_leaves_nothing_behind() {
    let store = Store::new();
    let folder = tempfile::tempdir().expect("a folder");
    let tar = |content: &[u8]| Tar::default().file(b"file", content).end();
    let layer = StoredLayer {
        bytes: tar(b"good"),
        media_type: OCI_TAR,
        annotations: [].into(),
        diff_id: Digest::sha256(&tar(b"good")),
    };
    push_image(&store, "one", &[layer]);
    let registry = Registry::open(store.clone()).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    let digest = files.image.layers[0].descriptor.digest.expect("a digest");
    store.change("app", |repository| {
        repository.blobs.insert(digest, demo::blob::Blob::Whole(tar(b"evil").into()));
    });
    let destination = folder.path().join("out");
    let failure =
        extract(&registry.client, &files, PathId::ROOT, &destination).await.expect_err("it is refused");
    assert!(failure.to_string().contains("digest"), "{failure}");
    assert!(fs::symlink_metadata(&destination).is_err());
}

/// Opens a gate before every blob of the registry.
fn gate(registry: &Registry) -> Gate {
    let gate = Gate::new();
    let held = gate.clone();
    registry
        .demo
        .fault(move |request, _| request.path.contains("/blobs/").then(|| Fault::Gate(held.clone())));
    gate
}

#[tokio::test]
async fn what_takes_the_destination_while_an_extraction_reads_stays_as_it_is() {
    let store = Store::new();
    let tar = Tar::default().directory(b"d/").file(b"d/file", b"content").end();
    push_image(&store, "one", &[StoredLayer::gzip(&tar)]);
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    for path in ["d/file", "d"] {
        let folder = tempfile::tempdir().expect("a folder");
        let destination = folder.path().join("out");
        let from = files.tree.find(path.as_bytes()).expect("a path");
        let gate = gate(&registry);
        let taken = async {
            gate.reached_by(1).await;
            assert!(!destination.exists(), "nothing half done has the name");
            fs::write(&destination, "precious").expect("a file");
            gate.open();
        };
        let work = extract(&registry.client, &files, from, &destination);
        let (extracted, ()) = tokio::join!(work, taken);
        let failure = extracted.expect_err("the name is taken").to_string();
        assert!(failure.contains("exists already") && !failure.contains(".part-"), "{failure}");
        assert_eq!(fs::read_to_string(&destination).expect("a file"), "precious");
        assert_eq!(names_in(folder.path()), ["out"], "{path}");
    }
}

#[tokio::test]
async fn of_two_extractions_to_one_name_the_first_to_end_has_it_and_the_other_says_so() {
    let store = Store::new();
    push_image(&store, "one", &three_layers());
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    let folder = tempfile::tempdir().expect("a folder");
    let destination = folder.path().join("out");
    let gate = gate(&registry);
    let work = || extract(&registry.client, &files, PathId::ROOT, &destination);
    let open = async {
        gate.reached_by(2).await;
        gate.open();
    };
    let (one, two, ()) = tokio::join!(work(), work(), open);
    let failures: Vec<String> =
        [one, two].into_iter().filter_map(Result::err).map(|f| f.to_string()).collect();
    assert!(failures.len() == 1 && failures[0].contains("exists already"), "{failures:?}");
    assert_eq!(fs::read_to_string(destination.join("etc/a")).expect("a file"), "second");
    assert_eq!(names_in(folder.path()), ["out"]);
}

#[cfg(unix)]
#[tokio::test]
async fn what_cannot_be_written_is_left_out_with_its_reason_and_the_rest_is_written() {
    let store = Store::new();
    let long = vec![b'x'; 300];
    let below = [&long[..], b"/below"].concat();
    let mut tar = Tar::default()
        .directory(b"d/")
        .directory(b"a/")
        .directory(b"a/b/")
        .file(b"file", b"content")
        .pax(&[("path", &long)])
        .directory(b"long")
        .pax(&[("path", &below)])
        .file(b"below", b"content")
        .pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.realsize", b"9000")])
        .file(b"sparse", &[b"1\n0\n4\n".to_vec(), vec![0; 512 - 6], b"data".to_vec()].concat())
        .header(b'2', b"inside", b"./a/b/../b", 0)
        .header(b'2', b"outside", b"a/../../b", 0)
        .header(b'3', b"device", b"", 0);
    for number in 0..30 {
        tar = tar.header(b'6', format!("pipe{number}").as_bytes(), b"", 0);
    }
    push_image(&store, "one", &[StoredLayer::gzip(&tar.end())]);
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    let folder = tempfile::tempdir().expect("a folder");
    let destination = folder.path().join("out");
    let extracted = extract(&registry.client, &files, PathId::ROOT, &destination).await.expect("files");
    assert_eq!(names_in(&destination), ["a", "d", "file", "inside"]);
    assert!(destination.join("inside").is_dir());
    assert_eq!((extracted.files, extracted.directories, extracted.links), (1, 4, 1));
    assert_eq!((extracted.left_out.len(), extracted.left_out_count), (20, 35), "{extracted:?}");

    // Alone, each of them is the reason of a failure, and nothing is written.
    for (path, why) in [("sparse", "holes"), ("outside", "extract its target"), ("device", "a device")] {
        let from = files.tree.find(path.as_bytes()).expect("a path");
        let to = folder.path().join("alone");
        let failure = extract(&registry.client, &files, from, &to).await.expect_err(path).to_string();
        assert!(failure.contains(why), "{failure}");
    }
    assert_eq!(names_in(folder.path()), ["out"]);
}

#[tokio::test]
async fn an_extraction_stops_in_the_middle_of_a_hole_and_leaves_nothing_behind() {
    let store = Store::new();
    let size = 64 << 20;
    push_image(&store, "one", &[chunked_with_hole(size)]);
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "one", None).await.expect("files");
    assert_eq!(paths(&files), ["a", "hole"]);
    let extraction = Extraction::prepare(&files, PathId::ROOT).await.expect("parts");
    let folder = tempfile::tempdir().expect("a folder");
    let price = extraction.price(&files, &folder.path().join("out"));
    assert_eq!((price.read, price.written), (7, size + 7));
    assert!(price.free.is_some(), "the system of the tests tells it");
    let hole = files.tree.find(b"hole").expect("a path");
    let destination = folder.path().join("hole");
    {
        let mut work = std::pin::pin!(extract(&registry.client, &files, hole, &destination));
        tokio::select! {
            biased;
            ended = &mut work => panic!("it cannot be stopped: {ended:?}"),
            () = until_part(folder.path()) => {}
        }
    }
    assert!(names_in(folder.path()).is_empty(), "{:?}", names_in(folder.path()));
    extract(&registry.client, &files, hole, &destination).await.expect("it is written");
    assert_eq!(fs::metadata(&destination).expect("a file").len(), size);
}
