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
    let rows = document["changes"].as_array().expect("changes");
    rows.iter().map(|row| row["tag"].as_str().expect("a tag")).collect()
}

#[tokio::test]
async fn the_tag_since_which_a_variable_is_set_is_found_with_one_look_at_each_image() {
    let (demo, repository, shell) = releases().await;
    let ended = shell.run(&["since", &repository, "--env", "LOG"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.starts_with("since 1.9 ("), "{}", ended.stdout);
    for text in
        ["not in 1.2 (", "all changes\n+ 1.1 (", "6 tags of 5 images looked at, 1 tag without a place"]
    {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
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
    assert!(ended.stdout.starts_with("not in the newest image; last in 1.9 ("), "{}", ended.stdout);
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
