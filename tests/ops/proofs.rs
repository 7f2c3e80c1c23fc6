//! The proof of lists of files and of contents: what one manifest says is not believed for another one.

use regtui::client::ClientSettings;
use regtui::demo::{self, Store};
use regtui::layer::diff::FileState;
use regtui::layer::{LayerFormat, Problem};
use regtui::model::digest::Digest;
use regtui::model::reference::{Reference, Target};
use regtui::ops::files::content::{MemorySink, read_contents};
use regtui::ops::files::tree::ImageFiles;
use regtui::ops::image_diff::diff_images;
use regtui::ops::packages::{plan_packages, read_packages};
use serde_json::{Value, json};

use crate::support::layered::{
    OCI_ZSTD, StoredLayer, chunked, flush, paths, push_artifact, push_image, read_files,
};
use crate::support::registry::{Registry, host, settings};
use crate::support::tars::Tar;

fn blob_requests(registry: &Registry) -> usize {
    registry.requests().iter().filter(|line| line.starts_with("GET") && line.contains("/blobs/")).count()
}

/// A tag of `app` as one side of a comparison.
fn side(registry: &Registry, at: &str) -> Reference {
    match Target::parse(&format!("{}/app:{at}", host(&registry.demo))) {
        Ok(Target::Image(reference)) => reference,
        other => panic!("{other:?}"),
    }
}

/// A file of a table whose content stands at a byte of the tar.
fn row(path: &str, at: usize, content: &[u8]) -> Value {
    let digest = Digest::sha256(content).to_string();
    json!({"name": path, "type": "reg", "size": content.len(), "offset": 0, "innerOffset": at, "digest": digest})
}

async fn content(registry: &Registry, files: &ImageFiles, path: &str) -> Result<String, String> {
    let (_, version) = files.file_at(path.as_bytes()).expect("a file");
    let index = usize::from(version.layer) - 1;
    let (entry, source) = (version.entry.expect("an entry"), &files.image.layers[index]);
    let (name, layer) = (&files.image.repository.name, files.layer(version.layer).expect("it was read"));
    let mut sink = MemorySink::new(1 << 20);
    let read = read_contents(&registry.client, name, source, layer, &[entry], &mut sink).await;
    read.map_err(|failure| failure.to_string())?;
    let content = sink.into_contents().remove(&entry).expect("it is complete");
    Ok(String::from_utf8_lossy(&content).into_owned())
}

/// A layer with a file of its own, without annotations and with those of two tables that show something else.
fn three_views() -> [StoredLayer; 3] {
    let tar = Tar::default().file(b"backdoor", b"evil").end();
    let layers = chunked(&tar, &[json!([row("fine", 512, b"evil")]), json!([row("good", 512, b"evil")])]);
    let plain = StoredLayer { annotations: [].into(), ..layers[0].clone() };
    [plain, layers[0].clone(), layers[1].clone()]
}

#[tokio::test]
async fn the_table_of_a_manifest_is_believed_only_for_manifests_that_name_it_too() {
    let names = [("plain", "backdoor"), ("one", "fine"), ("other", "good")];
    // In every order, and on disk as well as in memory.
    for (first, has_disk) in [(0, true), (1, true), (2, true), (1, false)] {
        let store = Store::new();
        names.iter().zip(three_views()).for_each(|((tag, _), layer)| _ = push_image(&store, tag, &[layer]));
        let folder = tempfile::tempdir().expect("a folder");
        let cache = has_disk.then(|| folder.path().to_path_buf());
        let settings = ClientSettings { cache, ..settings() };
        let registry = Registry::new(demo::DemoSettings::default(), store, settings).await;
        for turn in 0..6 {
            let (tag, path) = names[(first + turn) % 3];
            // A list of the whole layer is true for all of them, so no table is read if there is one.
            let is_plain_known = turn % 3 > (3 - first) % 3;
            let path = if is_plain_known { "backdoor" } else { path };
            registry.demo.forget_requests();
            let files = read_files(&registry, tag, None).await.expect("files");
            assert_eq!(paths(&files), [path], "{first} {turn} {tag}");
            if turn >= 3 {
                assert_eq!(blob_requests(&registry), 0, "{tag} is known: {:?}", registry.requests());
            }
            flush(&registry.pool).await;
        }
    }
}

#[tokio::test]
async fn a_comparison_reads_the_same_layer_twice_if_other_tables_prove_its_files() {
    let store = Store::new();
    let [plain, one, _] = three_views();
    push_image(&store, "plain", &[plain]);
    push_image(&store, "one", &[one]);
    let registry = Registry::open(store).await;
    for (left, right) in [("plain", "one"), ("one", "plain")] {
        let images = diff_images(&registry.pool, &side(&registry, left), &side(&registry, right), None)
            .await
            .expect("images");
        let plan = images.plan_files(true).await;
        let reading = plan.new_reading();
        let diff = images.diff_files(plan, &reading).await.expect("files").diff;
        let rows: Vec<_> = diff
            .iter()
            .map(|row| (String::from_utf8_lossy(&row.path).into_owned(), row.left != FileState::Absent))
            .collect();
        let is_plain = left == "plain";
        assert_eq!(rows, [("backdoor".to_string(), is_plain), ("fine".to_string(), !is_plain)], "{left}");
    }
}

#[tokio::test]
async fn packages_that_a_table_shows_are_not_those_of_another_manifest() {
    let status = |version: &str| {
        format!("Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
    };
    let (old, new) = (status("1.0"), status("3.5"));
    let path = "var/lib/dpkg/status";
    let tar = Tar::default().file(path.as_bytes(), old.as_bytes()).file(b"other", new.as_bytes()).end();
    let at = tar.windows(new.len()).position(|part| part == new.as_bytes()).expect("it is there");
    let lie = chunked(&tar, &[json!([row(path, at, new.as_bytes())])]).remove(0);
    let honest = StoredLayer { annotations: [].into(), ..lie.clone() };
    let store = Store::new();
    push_image(&store, "lie", &[lie]);
    push_image(&store, "honest", &[honest]);
    let registry = Registry::open(store).await;
    for (tag, version) in [("lie", "3.5"), ("honest", "1.0"), ("lie", "3.5"), ("honest", "1.0")] {
        let files = read_files(&registry, tag, None).await.expect("files");
        let plan = plan_packages(&registry.client, &files).await;
        let found = read_packages(&registry.client, &files, plan).await;
        let versions: Vec<_> = found.packages.iter().map(|found| found.package.version.to_string()).collect();
        assert_eq!(versions, [version], "{tag}");
    }
}

#[tokio::test]
async fn what_a_manifest_says_about_a_layer_is_not_kept_with_its_files() {
    let tar = Tar::default().file(b"a", b"1").end();
    let good = StoredLayer::gzip(&tar);
    let wrong = StoredLayer { diff_id: Digest::sha256(b"another tar"), ..good.clone() };
    let odd = StoredLayer { media_type: OCI_ZSTD, ..good.clone() };
    let store = Store::new();
    for (tag, layer) in [("good", &good), ("wrong", &wrong), ("odd", &odd)] {
        push_image(&store, tag, std::slice::from_ref(layer));
    }
    // Also if one image has the layer twice.
    push_image(&store, "good-odd", &[good.clone(), odd.clone()]);
    push_image(&store, "good-wrong", &[good, wrong]);
    let orders = [["good", "wrong", "odd"], ["wrong", "odd", "good"], ["odd", "good", "wrong"]];
    for order in orders.into_iter().chain([["good-odd", "good-wrong", "good"]]) {
        let registry = Registry::open(store.clone()).await;
        for tag in order.into_iter().chain(order) {
            let read = read_files(&registry, tag, None).await;
            if tag.ends_with("wrong") {
                let failure = read.expect_err("it is refused").to_string();
                assert!(failure.contains("the diff_id is"), "{order:?} {tag}: {failure}");
                continue;
            }
            let files = read.expect("files");
            let last = files.layers.last().and_then(Option::as_ref).expect("it was read");
            let problems: Vec<_> = last.findings.kept().iter().map(|found| found.problem).collect();
            let expected = if tag.ends_with("odd") { vec![Problem::WrongMediaType] } else { vec![] };
            assert_eq!(problems, expected, "{order:?} {tag}");
            assert_eq!(
                files.layers[0].as_ref().map(|files| files.findings.count()),
                Some((tag == "odd").into())
            );
        }
    }
}

#[tokio::test]
async fn a_table_that_was_refused_is_told_only_for_the_manifest_that_names_it() {
    let tar = Tar::default().file(b"a", b"1").end();
    let good = chunked(&tar, &[json!([row("a", 512, b"1")])]).remove(0);
    let other = Digest::sha256(b"another table").to_string();
    let bad = good.clone().annotated("io.github.containers.zstd-chunked.manifest-checksum", &other);
    let plain = StoredLayer { annotations: [].into(), ..good.clone() };
    let store = Store::new();
    for (tag, layer) in [("bad", bad), ("good", good), ("plain", plain)] {
        push_image(&store, tag, &[layer]);
    }
    let registry = Registry::open(store).await;
    for (tag, is_refused, is_table) in [("bad", true, false), ("plain", false, false), ("good", false, true)]
    {
        let files = read_files(&registry, tag, None).await.expect("files");
        let layer = files.layers[0].as_ref().expect("it was read");
        assert_eq!(layer.refused_table.is_some(), is_refused, "{tag}");
        // The files of the whole layer are kept by then, and they are proved as well.
        assert_eq!(paths(&files), ["a"]);
        assert!(is_table || matches!(layer.format, LayerFormat::Tar(_)), "{tag}");
    }
}

/// A blob of an artifact with a title.
fn titled(content: &[u8], title: &str) -> StoredLayer {
    let layer = StoredLayer {
        bytes: content.to_vec(),
        media_type: "application/vnd.example.file",
        annotations: [].into(),
        diff_id: Digest::sha256(b""),
    };
    layer.annotated("org.opencontainers.image.title", title)
}

#[tokio::test]
async fn files_of_the_same_bytes_have_the_names_that_their_own_descriptors_give_them() {
    let large = vec![7; 2 << 20];
    for bytes in [&b"same"[..], &large] {
        let store = Store::new();
        let [a, b, c] = ["a.txt", "b.txt", "c.txt"].map(|title| titled(bytes, title));
        push_artifact(&store, "one", "application/vnd.example", "{}", std::slice::from_ref(&a));
        push_artifact(&store, "two", "application/vnd.example", "{}", std::slice::from_ref(&b));
        push_artifact(&store, "both", "application/vnd.example", "{}", &[a, b, c]);
        let registry = Registry::open(store).await;
        for (tag, expected) in [
            ("one", &["a.txt"][..]),
            ("two", &["b.txt"]),
            ("both", &["a.txt", "b.txt", "c.txt"]),
            ("one", &["a.txt"]),
        ] {
            let files = read_files(&registry, tag, None).await.expect("files");
            assert_eq!(paths(&files), expected, "{tag}");
            if bytes.len() < 100 {
                let last = expected.last().expect("a path");
                assert_eq!(content(&registry, &files, last).await.as_deref(), Ok("same"), "{tag}");
            }
        }
        let images = diff_images(&registry.pool, &side(&registry, "one"), &side(&registry, "two"), None)
            .await
            .expect("artifacts");
        let plan = images.plan_files(true).await;
        let reading = plan.new_reading();
        let diff = images.diff_files(plan, &reading).await.expect("files").diff;
        let rows: Vec<_> = diff.iter().map(|row| (row.path, row.left == FileState::Absent)).collect();
        assert_eq!(rows, [(b"a.txt".to_vec(), false), (b"b.txt".to_vec(), true)]);
    }
}

/// Changes the blob of the first layer on the server. Parts of it come without a digest.
fn replace_first_layer(store: &Store, files: &ImageFiles, bytes: Vec<u8>) {
    let digest = files.image.layers[0].descriptor.digest.expect("a digest");
    store.change("app", |repository| {
        repository.blobs.insert(digest, demo::blob::Blob::Whole(bytes.into()));
    });
}

#[tokio::test]
async fn content_that_is_not_that_of_the_table_or_of_the_layer_is_refused() {
    let real = b"the real content";
    let tar = |content: &[u8]| Tar::default().file(b"a", b"one").file(b"a", content).end();
    let at = 512 * 3;
    let sum = |content: &[u8]| Digest::sha256(content).to_string();
    let half = real.len() / 2;
    let first = |extra: Value| {
        let mut row = json!({"name": "a", "type": "reg", "size": real.len(), "offset": 0, "innerOffset": at});
        row.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        row
    };
    let early = json!({"name": "a", "type": "reg", "size": 3, "offset": 0, "innerOffset": 512});
    let chunk = |digest: String| {
        json!({"name": "a", "type": "chunk", "offset": 0, "innerOffset": at + half, "chunkOffset": half,
            "chunkDigest": digest})
    };
    for (name, rows) in [
        ("file", json!([early, first(json!({"digest": sum(real)}))])),
        (
            "chunks",
            json!([
                early,
                first(json!({"chunkSize": half, "chunkDigest": sum(&real[..half])})),
                chunk(sum(&real[half..]))
            ]),
        ),
        (
            "one chunk",
            json!([
                early,
                first(json!({"chunkSize": half, "chunkDigest": sum(&real[..half])})),
                chunk(String::new())
            ]),
        ),
        ("nothing", json!([early, first(json!({}))])),
    ] {
        let store = Store::new();
        let layer = chunked(&tar(real), std::slice::from_ref(&rows)).remove(0);
        push_image(&store, "one", &[layer]);
        let registry = Registry::open(store.clone()).await;
        let files = read_files(&registry, "one", None).await.expect("files");
        assert_eq!(
            files.layers[0].as_ref().map(|files| files.format),
            Some(LayerFormat::ZstdChunked),
            "{name}"
        );
        // The second file at the path is meant, however it is read.
        assert_eq!(content(&registry, &files, "a").await.as_deref(), Ok("the real content"), "{name}");
        for fake in [&b"the fake content"[..], b"the real CONTENT"] {
            let changed = chunked(&tar(fake), std::slice::from_ref(&rows)).remove(0);
            replace_first_layer(&store, &files, changed.bytes);
            let refused = content(&registry, &files, "a").await.expect_err(name);
            assert!(refused.contains("digest") || refused.contains("sha256"), "{name}: {refused}");
        }
    }
}

#[tokio::test]
async fn the_table_of_a_manifest_without_its_digest_is_never_kept() {
    let tar = Tar::default().file(b"backdoor", b"evil").end();
    let mut layer = chunked(&tar, &[json!([row("fine", 512, b"evil")])]).remove(0);
    let plain = StoredLayer { annotations: [].into(), ..layer.clone() };
    layer.annotations.remove("io.github.containers.zstd-chunked.manifest-checksum");
    let store = Store::new();
    push_image(&store, "unproved", &[layer.clone(), plain.clone()]);
    push_image(&store, "twice", &[layer.clone(), layer]);
    push_image(&store, "plain", &[plain]);
    let registry = Registry::open(store).await;
    for (tag, expected) in
        [("unproved", &["backdoor", "fine"][..]), ("plain", &["backdoor"]), ("twice", &["backdoor"])]
    {
        let files = read_files(&registry, tag, None).await.expect("files");
        assert_eq!(paths(&files), expected, "{tag}");
    }
}
