//! The packages of an image: the files they are read from, the layers that brought them, and files that cannot be read.

use regtui::client::ClientSettings;
use regtui::demo::{self, Store};
use regtui::ops::files::tree::ImageFiles;
use regtui::ops::packages::search::wanted_contents;
use regtui::ops::packages::{ImagePackages, plan_packages, read_packages};

use crate::support::layered::{StoredLayer, choose, flush, push_image, read_files};
use crate::support::registry::{Registry, settings};
use crate::support::samples;
use crate::support::tars::Tar;
use regtui::ops::files::cost::plan_reading;
use regtui::ops::files::tree::{Reading, read_image};

const STATUS: &[u8] = b"var/lib/dpkg/status";

/// Returns a database of dpkg with packages of these names and versions.
fn status(packages: &[(&str, &str)]) -> Vec<u8> {
    let stanza = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
    };
    packages.iter().map(stanza).collect::<String>().into_bytes()
}

fn layers(tars: Vec<Tar>) -> Vec<StoredLayer> {
    tars.into_iter().map(|tar| StoredLayer::gzip(&tar.end())).collect()
}

/// Returns the packages as `ecosystem name version layer`.
fn rows(found: &ImagePackages) -> Vec<String> {
    let row = |found: &regtui::ops::packages::FoundPackage| {
        let package = &found.package;
        let layer = found.layer.map_or_else(|| "?".to_string(), |layer| layer.to_string());
        format!("{} {} {} {layer}", package.ecosystem.name(), package.name, package.version)
    };
    found.packages.iter().map(row).collect()
}

fn problems(found: &ImagePackages) -> Vec<String> {
    found.problems.kept().iter().map(ToString::to_string).collect()
}

/// Reads an image of these layers and its packages.
async fn packages_of(tars: Vec<Tar>) -> ImagePackages {
    let store = Store::new();
    push_image(&store, "1", &layers(tars));
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "1", Some(&wanted_contents())).await.expect("files");
    let plan = plan_packages(&registry.client, &files).await;
    assert_eq!(plan.price().bytes, 0, "everything came along");
    let found = read_packages(&registry.client, &files, plan).await;
    assert_eq!(found.received, 0);
    found
}

#[tokio::test]
async fn each_package_is_attributed_to_the_layer_that_brought_this_version_of_it() {
    let base = Tar::default()
        .file(b"usr/lib/os-release", b"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
        .header(b'2', b"etc/os-release", b"../usr/lib/os-release", 0)
        .file(STATUS, &status(&[("back", "1"), ("base", "1"), ("curl", "7.88.1"), ("gone", "1")]));
    let more = status(&[("base", "1"), ("curl", "7.88.1"), ("gone", "1"), ("vim", "9")]);
    let upgraded = status(&[("back", "1"), ("base", "1"), ("curl", "7.88.2"), ("vim", "9")]);
    let found = packages_of(vec![
        base,
        Tar::default().file(STATUS, &more),
        Tar::default().file(b"srv/unrelated", b"x"),
        Tar::default().file(STATUS, &upgraded),
        // The same content again, as after a change of the owner.
        Tar::default().file(STATUS, &upgraded),
    ])
    .await;
    assert_eq!(problems(&found), [""; 0]);
    let expected = ["deb back 1 4", "deb base 1 1", "deb curl 7.88.2 4", "deb vim 9 2"];
    assert_eq!(rows(&found), expected);
    assert_eq!(found.os.and_then(|os| os.name()).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
}

#[tokio::test]
async fn packages_of_all_ecosystems_are_found_at_their_places() {
    let installed = b"P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\n\n";
    let metadata = b"Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0.1\n";
    let found = packages_of(vec![
        Tar::default()
            .file(b"var/lib/dpkg/status.d/tzdata", b"Package: tzdata\nVersion: 2024a\nArchitecture: all\n")
            .file(b"var/lib/dpkg/status.d/tzdata.md5sums", b"d41d8cd98f00b204  usr/share/x\n")
            .file(b"usr/lib/apk/db/installed", installed)
            .file(b"usr/lib/python3/site-packages/PyYAML-6.0.1.dist-info/METADATA", metadata)
            .file(b"usr/lib/python3/site-packages/six.egg-info", b"Name: six\nVersion: 1.16.0\n")
            .file(b"app/node_modules/@a/b/package.json", br#"{"name":"@a/b","version":"1.0.0"}"#)
            .file(b"app/node_modules/c/package.json", br#"{"name":"c","version":"2.0.0"}"#)
            .file(b"app/node_modules/c/test/package.json", b"<<<<<<< damaged on purpose")
            .file(b"app/node_modules/c/esm/package.json", br#"{"type":"module"}"#),
        Tar::default().header(
            b'1',
            b"srv/node_modules/c/package.json",
            b"app/node_modules/c/package.json",
            0,
        ),
        Tar::default().file(b"app/node_modules/@a/.wh.b", b""),
    ])
    .await;
    assert_eq!(problems(&found), [""; 0]);
    let expected = [
        "deb tzdata 2024a 1",
        "apk musl 1.2.4-r2 1",
        "pypi PyYAML 6.0.1 1",
        "pypi six 1.16.0 1",
        "npm c 2.0.0 1",
        "npm c 2.0.0 2",
    ];
    assert_eq!(rows(&found), expected);
    let paths: Vec<_> = found.packages.iter().map(|found| String::from_utf8_lossy(&found.path)).collect();
    assert_eq!(paths[4..], ["app/node_modules/c/package.json", "srv/node_modules/c/package.json"]);
}

#[tokio::test]
async fn files_that_cannot_be_read_are_problems_and_the_others_are_listed() {
    let found = packages_of(vec![
        Tar::default()
            .file(b"var/lib/rpm/Packages", b"\x00\x05\x31\x62")
            .file(b"usr/lib/sysimage/rpm/rpmdb.sqlite", b"SQLite format 3\0 and nothing behind it")
            .file(b"usr/lib/sysimage/rpm/rpmdb.sqlite-wal", b"")
            .file(b"opt/x/node_modules/a/package.json", b"no JSON")
            .file(b"opt/y-1.dist-info/METADATA", b"Name: y\n")
            .file(STATUS, &status(&[("base", "1")])),
    ])
    .await;
    assert_eq!(rows(&found), ["deb base 1 1"]);
    assert_eq!(
        problems(&found),
        [
            "cannot read the packages in var/lib/rpm/Packages: rpm databases in the Berkeley DB format are not read",
            "cannot read the packages in usr/lib/sysimage/rpm/rpmdb.sqlite: it is damaged: it is no SQLite database",
            "cannot read the packages in opt/y-1.dist-info/METADATA: 1 entry has no name or no version",
            "cannot read the packages in opt/x/node_modules/a/package.json: it is damaged: it is no JSON object",
        ]
    );
}

#[tokio::test]
async fn an_older_version_that_is_damaged_or_too_large_leaves_the_layer_unknown() {
    let metadata = |version: &str| format!("Name: x\nVersion: {version}\n").into_bytes();
    let path = b"opt/x.egg-info";
    let large = [metadata("1"), vec![b'\n'; (16 << 20) + 1]].concat();
    let found = packages_of(vec![
        Tar::default().file(path, &large).file(b"opt/node_modules/y/package.json", b"no JSON"),
        Tar::default()
            .file(path, &metadata("1"))
            .file(b"opt/node_modules/y/package.json", br#"{"name":"y","version":"1"}"#),
    ])
    .await;
    assert_eq!(rows(&found), ["pypi x 1 ?", "npm y 1 ?"]);
    assert_eq!(problems(&found), [""; 0]);
}

/// Reads the files of a sample and its packages.
async fn packages_of_sample(registry: &Registry, repository: &str, at: &str) -> (ImageFiles, ImagePackages) {
    let image = choose(&registry.client, registry, repository, at).await.expect("an image");
    let plan = plan_reading(&registry.client, &image).await;
    let reading = Reading::new(&image);
    let wanted = wanted_contents();
    let read = read_image(&registry.client, image, &plan, None, Some(&wanted), &reading).await;
    let files = read.expect("files");
    let plan = plan_packages(&registry.client, &files).await;
    let found = read_packages(&registry.client, &files, plan).await;
    (files, found)
}

#[tokio::test]
async fn a_table_of_contents_saves_reading_anything_but_the_files_of_package_managers() {
    let registry = Registry::open(samples::sample()).await;
    let repository = "team/orders/reports";
    let (plain_files, plain) = packages_of_sample(&registry, repository, "2026-07-29").await;
    assert!(rows(&plain).iter().any(|row| row.starts_with("deb ")), "{:?}", rows(&plain));
    assert!(rows(&plain).iter().any(|row| row.starts_with("pypi numpy 2.3.4 ")), "{:?}", rows(&plain));
    assert_eq!((plain.received, problems(&plain)), (0, Vec::new()));
    for at in ["2026-07-29-esgz", "2026-07-29-zstdchunked"] {
        let (files, found) = packages_of_sample(&registry, repository, at).await;
        assert_eq!(rows(&found), rows(&plain), "{at}");
        assert_eq!(found.os, plain.os, "{at}");
        let read = files.received + found.received;
        assert!(found.received > 0 && read < plain_files.received / 2, "{at}: {read}");
    }
}

#[tokio::test]
async fn files_of_a_layer_whose_list_was_kept_are_read_from_its_first_byte_and_kept_too() {
    let (store, folder) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let tars = vec![
        Tar::default().file(STATUS, &status(&[("base", "1")])).file(b"srv/more", &[7; 100_000]),
        Tar::default()
            .file(b"opt/x.egg-info", b"Name: x\nVersion: 1\n")
            .file(STATUS, &status(&[("base", "2")])),
    ];
    push_image(&store, "1", &layers(tars));
    let settings = ClientSettings { cache: Some(folder.path().into()), ..settings() };
    let registry = Registry::new(demo::DemoSettings::default(), store, settings).await;
    read_files(&registry, "1", None).await.expect("files");
    flush(&registry.pool).await;
    let files = read_files(&registry, "1", Some(&wanted_contents())).await.expect("files");
    assert_eq!((files.received, files.contents.len()), (0, 0), "the lists were kept");
    let plan = plan_packages(&registry.client, &files).await;
    assert!(plan.price().bytes > 0);
    let found = read_packages(&registry.client, &files, plan).await;
    assert_eq!(rows(&found), ["deb base 2 2", "pypi x 1 2"]);
    assert!(found.received > 0);
    flush(&registry.pool).await;
    registry.demo.forget_requests();
    let files = read_files(&registry, "1", Some(&wanted_contents())).await.expect("files");
    let plan = plan_packages(&registry.client, &files).await;
    assert_eq!(plan.price().bytes, 0, "the contents were kept too");
    let again = read_packages(&registry.client, &files, plan).await;
    assert_eq!((rows(&again), again.received), (rows(&found), 0));
    assert!(!registry.requests().iter().any(|line| line.contains("/blobs/")), "{:?}", registry.requests());
}

#[tokio::test]
async fn a_layer_that_cannot_be_read_again_is_a_problem() {
    let store = Store::new();
    let tar = Tar::default().file(STATUS, &status(&[("base", "1")]));
    push_image(&store, "1", &layers(vec![tar]));
    let registry = Registry::open(store).await;
    let files = read_files(&registry, "1", None).await.expect("files");
    let plan = plan_packages(&registry.client, &files).await;
    let digest = files.image.layers[0].descriptor.digest.expect("a digest");
    registry.demo.store().change("app", |repository| repository.blobs.remove(&digest));
    let found = read_packages(&registry.client, &files, plan).await;
    assert_eq!(rows(&found), [""; 0]);
    assert_eq!(found.problems.kept().len(), 1, "{:?}", problems(&found));
    assert!(problems(&found)[0].starts_with("cannot read the files of layer"), "{:?}", problems(&found));
}
