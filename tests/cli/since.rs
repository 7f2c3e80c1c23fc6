//! `regtui since` as a shell runs it.

use regtui::demo::files::DemoFiles;
use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::Value;

use crate::support::shell::{Shell, open};

/// Five images: a variable comes with 1.1, goes with 1.2 and comes again with 1.9; a file comes with 1.10.
async fn releases() -> (Demo, String, Shell) {
    let store = Store::new();
    let base = || DemoFiles::new().file("bin/sh", "sh").into();
    for (tag, level) in
        [("1.0", None), ("1.1", Some("a")), ("1.2", None), ("1.9", Some("b")), ("1.10", Some("b"))]
    {
        let image = store.image("app").platform("linux", "amd64").layer("ADD base", base());
        let image = match tag {
            "1.10" => image.layer("COPY new", DemoFiles::new().file("opt/new", "1").into()),
            _ => image.layer("COPY", DemoFiles::new().file("opt/old", vec![1; 40_000]).into()),
        };
        let image =
            image.config("Env", level.map(|level| format!("LOG={level}")).into_iter().collect::<Vec<_>>());
        let image =
            image.label("version", tag).label("line", if tag == "1.10" { "new" } else { "old" }).tag(tag);
        if tag == "1.10" {
            image.tag("1").tag("latest").push()
        } else {
            image.push()
        };
    }
    let demo = open(DemoSettings::default(), store).await;
    let repository = format!("{}/app", demo.address());
    (demo, repository, Shell::new())
}

fn gets(demo: &Demo, part: &str) -> usize {
    demo.requests()
        .iter()
        .filter(|request| request.method.as_str() == "GET" && request.path.contains(part))
        .count()
}

fn tags(document: &Value) -> Vec<&str> {
    tags_of(document, "changes")
}

fn tags_of<'a>(document: &'a Value, list: &str) -> Vec<&'a str> {
    let rows = document[list].as_array().expect("a list");
    rows.iter().map(|row| row["tag"].as_str().expect("a tag")).collect()
}

#[tokio::test]
async fn the_tag_since_which_a_variable_is_set_is_found_with_one_look_at_each_image() {
    let (demo, repository, shell) = releases().await;
    let ended = shell.run(&["since", &repository, "--env", "LOG"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.starts_with("first 1.9 (sha256:"), "{}", ended.stdout);
    for text in ["), absent in 1.2; 6 tags of 5 images looked at\n", "\nall changes\n", "\n+  1.1 "] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    ended.assert_says("1 tag without a place in the order left out");
    assert_eq!((gets(&demo, "/manifests/"), gets(&demo, "/blobs/")), (5, 5));
    let document = shell.run(&["since", &repository, "--env", "LOG=b", "--json"]).await.json();
    assert_eq!((&document["since"]["tag"], &document["before"]["tag"]), (&"1.9".into(), &"1.2".into()));
    assert_eq!(tags(&document), ["1.9"]);
    assert_eq!((gets(&demo, "/manifests/"), gets(&demo, "/blobs/")), (5, 5), "all of it is known");
}

#[tokio::test]
async fn labels_and_sizes_are_found() {
    let (_demo, repository, shell) = releases().await;
    let document = shell.run(&["since", &repository, "--label", "line=new", "--json"]).await.json();
    assert_eq!(
        (&document["since"]["tag"], &document["question"]["label"][1]),
        (&"1.10".into(), &"new".into())
    );
    let document = shell.run(&["since", &repository, "--size", "-30k", "--json"]).await.json();
    assert_eq!(document["since"]["tag"], "1.10");
    let ended = shell.run(&["since", &repository, "--size", "+30k"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.starts_with("last 1.9 (sha256:"), "{}", ended.stdout);
    assert!(ended.stdout.contains("), absent in the newest image; "), "{}", ended.stdout);
    let document =
        shell.run(&["since", &repository, "--env", "LOG", "--tags", "1.1*", "--json"]).await.json();
    assert_eq!((&document["since"]["tag"], &document["images"]), (&"1.1".into(), &2.into()));
}

#[tokio::test]
async fn a_file_is_found_and_each_layer_is_read_once() {
    let (demo, repository, shell) = releases().await;
    let document =
        shell.run(&["since", &repository, "--file", "/opt/new", "--json", "--no-cache"]).await.json();
    assert_eq!((&document["since"]["tag"], &document["before"]["tag"]), (&"1.10".into(), &"1.9".into()));
    assert_eq!(document["layers_read"], 3);
    // Five configs and three layers.
    assert_eq!(gets(&demo, "/blobs/"), 8);
}

#[tokio::test]
async fn a_package_is_found_and_each_layer_is_read_once() {
    let store = Store::new();
    let push = |tag: &str, version: Option<&str>| {
        let npm = br#"{"name":"base","version":"1"}"#.to_vec();
        let base = DemoFiles::new().file("a/node_modules/base/package.json", npm);
        let image = store.image("app").platform("linux", "amd64").layer("ADD base", base.into());
        let status = version
            .map(|version| format!("Package: libc\nStatus: install ok installed\nVersion: {version}\n\n"));
        let files = DemoFiles::new().file("var/lib/dpkg/status", status.unwrap_or_default());
        image.layer("RUN apt-get", files.into()).tag(tag).push();
    };
    push("1.0", None);
    push("1.1", Some("2.9"));
    push("1.2", Some("2.10"));
    let demo = open(DemoSettings::default(), store).await;
    let (repository, shell) = (format!("{}/app", demo.address()), Shell::new());
    let since =
        |package: &'static str| ["since", &repository, "--package", package, "--json"].map(String::from);
    let run = async |package, more: &[&str]| {
        let arguments = since(package);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        shell.run(&arguments).await
    };
    let document = run("libc", &["--no-cache"]).await.json();
    assert_eq!((&document["since"]["tag"], &document["since"]["value"]), (&"1.1".into(), &"2.9".into()));
    assert_eq!((&document["before"]["tag"], &document["layers_read"]), (&"1.0".into(), &4.into()));
    // Three configs and four layers.
    assert_eq!(gets(&demo, "/blobs/"), 7);
    let document = run("libc=2.10", &[]).await.json();
    assert_eq!((&document["since"]["tag"], &document["before"]["tag"]), (&"1.2".into(), &"1.1".into()));
    assert_eq!(document["question"]["package"], serde_json::json!(["libc", "2.10"]));
    run("none", &[]).await.assert_code(1);
    run("=1", &[]).await.assert_code(2);
}

/// Many images, of which those from 1.25 on have a file. Each has a layer of its own.
async fn many_releases(count: usize) -> (Demo, String, Shell) {
    let store = Store::new();
    for minor in 0..count {
        let base = DemoFiles::new().file("bin/sh", "sh");
        let mut own = DemoFiles::new().file("opt/number", minor.to_string());
        if minor >= 25 {
            own = own.file("opt/new", "1");
        }
        let image = store.image("app").platform("linux", "amd64").layer("ADD base", base.into());
        let image = image.layer("COPY", own.into()).tag(format!("1.{minor}"));
        image.config("Env", if minor == 3 { vec!["ONCE=1"] } else { Vec::new() }).push();
    }
    let demo = open(DemoSettings::default(), store).await;
    let repository = format!("{}/app", demo.address());
    (demo, repository, Shell::new())
}

#[tokio::test]
async fn a_binary_search_lists_the_few_images_that_it_looks_at_and_reads_only_their_layers() {
    let (demo, repository, shell) = many_releases(40).await;
    let bisect = ["since", &repository, "--file", "opt/new", "--bisect"];
    let document = shell.run(&[&bisect[..], &["--json"]].concat()).await.json();
    assert_eq!((&document["since"]["tag"], &document["before"]["tag"]), (&"1.25".into(), &"1.24".into()));
    let looked_at = document["looked_at"].as_array().expect("images").len();
    assert!((3..=8).contains(&looked_at), "{looked_at}");
    assert_eq!((&document["bisected"], &document["images"]), (&true.into(), &40.into()));
    // Each has a layer of its own, and the base is read once.
    assert_eq!(document["layers_read"], looked_at + 1);
    assert_eq!(gets(&demo, "/blobs/"), 2 * looked_at + 1, "configs and layers");
    let ended = shell.run(&bisect).await;
    ended
        .assert_code(0)
        .assert_says("binary search: right only if every image after the first one has it as well");
    assert!(ended.stdout.contains(&format!("; {looked_at} of 40 images looked at\n")), "{}", ended.stdout);
    assert!(ended.stdout.contains("\nlooked at\n"), "{}", ended.stdout);
    assert_eq!(gets(&demo, "/blobs/"), 2 * looked_at + 1, "kept lists cost nothing");
}

#[tokio::test]
async fn a_binary_search_looks_at_all_images_if_the_oldest_and_the_newest_contradict_it() {
    let (_demo, repository, shell) = many_releases(12).await;
    let document = shell.run(&["since", &repository, "--size", "+1", "--bisect", "--json"]).await.json();
    assert_eq!((&document["bisected"], &document["since"]["tag"]), (&true.into(), &"1.0".into()));
    assert_eq!(tags_of(&document, "looked_at"), ["1.0", "1.11"], "both ends have it");
    let (_demo, repository, shell) = releases().await;
    let arguments = ["since", &repository, "--label", "line=old", "--bisect"];
    let ended = shell.run(&arguments).await;
    ended.assert_code(0).assert_says("1.0 has it and 1.10 does not, so a binary search would be wrong");
    assert!(ended.stdout.starts_with("last 1.9 (sha256:"), "{}", ended.stdout);
}

#[tokio::test]
async fn the_first_of_several_tags_brought_an_image_and_short_ones_did_not() {
    let store = Store::new();
    for (name, tags) in [("old", &["1.0", "1.0.0"][..]), ("new", &["1", "1.1", "1.1.0", "1.2", "1.3.0"])] {
        let layer = DemoFiles::new().file("a", name);
        let image = store.image("app").platform("linux", "amd64").layer("COPY", layer.into());
        let image = image.config("Env", if name == "new" { vec!["A=1"] } else { Vec::new() });
        tags.iter().fold(image, |image, tag| image.tag(*tag)).push();
    }
    let demo = open(DemoSettings::default(), store).await;
    let (repository, shell) = (format!("{}/app", demo.address()), Shell::new());
    let document = shell.run(&["since", &repository, "--env", "A", "--json"]).await.json();
    assert_eq!((&document["since"]["tag"], &document["before"]["tag"]), (&"1.1.0".into(), &"1.0.0".into()));
    assert_eq!((&document["tags"], &document["images"]), (&7.into(), &2.into()));
}

#[tokio::test]
async fn images_can_be_ordered_by_their_dates() {
    let store = Store::new();
    for (tag, date, has_it) in [
        ("latest", "2024-03-01T00:00:00Z", true),
        ("1.0", "2024-02-01T00:00:00Z", true),
        ("2.0", "2024-01-01T00:00:00Z", false),
    ] {
        let image = store.image("app").platform("linux", "amd64").created(date);
        let layer = DemoFiles::new().file("a", tag);
        let image =
            image.layer("COPY", layer.into()).config("Env", if has_it { vec!["A=1"] } else { Vec::new() });
        image.tag(tag).push();
    }
    let demo = open(DemoSettings::default(), store).await;
    let (repository, shell) = (format!("{}/app", demo.address()), Shell::new());
    for more in [&[][..], &["--bisect"]] {
        let arguments = [&["since", &repository, "--env", "A", "--sort", "date", "--json"], more].concat();
        let document = shell.run(&arguments).await.json();
        assert_eq!((&document["since"]["tag"], &document["before"]["tag"]), (&"1.0".into(), &"2.0".into()));
        assert_eq!(
            (&document["images"], &document["since"]["created"]),
            (&3.into(), &"2024-02-01T00:00:00Z".into())
        );
    }
}

#[tokio::test]
async fn many_requests_are_announced_before_they_are_sent() {
    let (_demo, repository, shell) = many_releases(60).await;
    // A request for each tag, and at most three for each image.
    let ended = shell.run(&["since", &repository, "--env", "ONCE"]).await;
    ended.assert_code(0).assert_says("sends 240 requests");
    let ended = shell.run(&["since", &repository, "--env", "ONCE"]).await;
    assert!(!ended.stderr.contains("sends"), "all of it is known: {}", ended.stderr);
    let ended = shell.run(&["since", &repository, "--size", "+1", "--bisect", "--no-cache"]).await;
    assert!(!ended.stderr.contains("sends"), "{}", ended.stderr);
}

#[tokio::test]
async fn nothing_found_and_wrong_usage_are_told() {
    let (_demo, repository, shell) = releases().await;
    shell.run(&["since", &repository, "--env", "NONE"]).await.assert_code(1).assert_says("no image of");
    shell.run(&["since", &repository, "--env", "NONE", "--json"]).await.assert_code(1);
    for arguments in [&["--env", "=x"][..], &["--size", "+1Z"], &["--env", "A", "--label", "B"], &[]] {
        shell.run(&[&["since", &repository][..], arguments].concat()).await.assert_code(2);
    }
    let image = format!("{repository}:1.9");
    shell.run(&["since", &image, "--env", "A"]).await.assert_code(2).assert_says("without a tag");
}
