//! `regtui diff` and `regtui since` of images of which a layer cannot be read.

use regtui::demo::files::DemoFiles;
use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::{Value, json};

use crate::support::shell::{Shell, open};

const ELSEWHERE: &str = "https://layers.example.com/base.tar.gz";
const FOREIGN: &str = "it is foreign: not stored in the registry, but at layers.example.com";

fn status(packages: &str) -> String {
    let package = |text: &str| {
        let (name, version) = text.split_once('=').expect("a package");
        format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
    };
    packages.split_whitespace().map(package).collect()
}

/// Images with a base and a layer with an app: `foreign`, `foreign-next` and `only-foreign` have a base that is stored
/// elsewhere; `stored` has another one.
async fn images() -> (Demo, String, Shell) {
    let store = Store::new();
    let push = |tag: &str, base: DemoFiles, app: Option<DemoFiles>, is_foreign: bool| {
        let image = store.image("app").platform("linux", "amd64").layer("ADD base", base.into()).tag(tag);
        let image = if is_foreign { image.foreign_base(ELSEWHERE) } else { image };
        match app {
            Some(app) => image.layer("COPY app", app.into()).push(),
            None => image.push(),
        };
    };
    let base = |name: &str| {
        DemoFiles::new().file("etc/base", name.to_string()).file("var/lib/dpkg/status", status("libc=1"))
    };
    let app = |conf: &str| {
        let app = DemoFiles::new().file("etc/app.conf", conf.to_string());
        app.file("node_modules/a/package.json", format!(r#"{{"name":"a","version":"{conf}"}}"#))
    };
    push("foreign", base("foreign"), Some(app("1")), true);
    push("foreign-next", base("foreign"), Some(app("2")), true);
    push("only-foreign", base("foreign"), None, true);
    push("stored", base("stored"), Some(app("3")), false);
    let demo = open(DemoSettings::default(), store).await;
    let host = demo.address().to_string();
    (demo, host, Shell::new())
}

fn rows<'a>(document: &'a Value, list: &str, name: &str) -> Vec<(&'a str, &'a str)> {
    let rows = document[list].as_array().expect("rows");
    rows.iter().map(|row| (row["change"].as_str().expect("one"), row[name].as_str().expect("one"))).collect()
}

#[tokio::test]
async fn a_layer_that_only_one_image_has_is_named_and_the_diff_is_incomplete() {
    let (_demo, host, shell) = images().await;
    let image = format!("{host}/app:foreign");
    let compare = ["diff", &image, ":stored", "--files", "--exit-code"];
    let ended = shell.run(&compare).await;
    ended.assert_code(1).assert_says(&format!("left image: layer 1 is left out: {FOREIGN}\n"));
    assert!(ended.stdout.contains("changed, incomplete\n"), "{}", ended.stdout);
    let document = shell.run(&[&compare[..], &["--json"]].concat()).await;
    let document = document.assert_code(1).json();
    // They may be in the layer that was not read.
    assert_eq!(
        rows(&document, "files", "path"),
        [
            ("changed", "etc/app.conf"),
            ("added_or_changed", "etc/base"),
            ("changed", "node_modules/a/package.json"),
            ("added_or_changed", "var/lib/dpkg/status")
        ]
    );
    assert_eq!(document["files"][1]["left"], "unread");
    assert_eq!(document["layers_left_out"], json!([{"side": "left", "layer": 1, "error": FOREIGN}]));
    assert_eq!(document["incomplete"], json!([format!("left image: layer 1 is left out: {FOREIGN}")]));
    let nothing = shell.run(&["diff", &format!("{host}/app:only-foreign"), ":stored", "--files"]).await;
    nothing.assert_code(1).assert_says("cannot read the files of layer").assert_says(FOREIGN);
}

#[tokio::test]
async fn a_layer_that_need_not_be_read_may_be_unreadable() {
    let (_demo, host, shell) = images().await;
    let image = format!("{host}/app:foreign");
    let compare = ["diff", &image, ":foreign-next", "--files", "--json"];
    let ended = shell.run(&compare).await;
    let document = ended.assert_code(0).json();
    assert!(ended.stderr.is_empty() && document.get("incomplete").is_none(), "{ended:?}");
    assert_eq!((rows(&document, "files", "path").len(), &document["unread_layers"]), (2, &json!(1)));
    shell.run(&["diff", &image, ":foreign-next", "--files", "--exit-code"]).await.assert_code(3);
    let ended = shell.run(&[&compare[..], &["--all-layers", "--exit-code"]].concat()).await;
    ended.assert_code(1).assert_says("left image: layer 1 is").assert_says("right image: layer 1 is");
    assert_eq!(ended.json()["layers_left_out"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_lines_of_a_file_above_a_layer_that_cannot_be_read_are_certain() {
    let (_demo, host, shell) = images().await;
    let image = format!("{host}/app:foreign");
    let ended = shell.run(&["diff", &image, ":stored", "etc/app.conf", "--exit-code"]).await;
    ended.assert_code(3).assert_says("left image: layer 1 is left out");
    assert!(ended.stdout.contains("\n-1\n") && ended.stdout.contains("\n+3\n"), "{}", ended.stdout);
    let ended = shell.run(&["diff", &image, ":stored", "etc/base", "--exit-code"]).await;
    assert!(ended.assert_code(1).stdout.contains("--- /dev/null"), "{}", ended.stdout);
    let ended = shell.run(&["diff", &image, ":stored", "none"]).await;
    ended.assert_code(1).assert_says("cannot compare none: no layer that could be read has such a file");
}

#[tokio::test]
async fn packages_are_compared_without_the_layers_that_cannot_be_read() {
    let (_demo, host, shell) = images().await;
    let image = format!("{host}/app:foreign");
    let compare = ["diff", &image, ":foreign-next", "--packages", "--exit-code"];
    let ended = shell.run(&compare).await;
    ended.assert_code(1).assert_says(&format!("right image: layer 1 is left out: {FOREIGN}\n"));
    assert!(ended.stdout.contains("packages: 1 up, incomplete\n"), "{}", ended.stdout);
    let document = shell.run(&[&compare[..], &["--json"]].concat()).await.json();
    assert_eq!(rows(&document, "packages", "name"), [("up", "a")]);
    assert_eq!(document["layers_left_out"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["incomplete"].as_array().map(Vec::len), Some(2));
    let both = shell.run(&[&compare[..], &["--files", "--all-layers", "--json"]].concat()).await.json();
    assert_eq!(both["layers_left_out"], document["layers_left_out"], "each is named once");
    assert_eq!(both["incomplete"], document["incomplete"]);
    let nothing = shell.run(&["diff", &format!("{host}/app:only-foreign"), ":stored", "--packages"]).await;
    nothing.assert_code(1).assert_says("cannot read the files of layer");
}

/// Releases of which 1.2 has a layer that cannot be read. A file and a package come with 1.2 or 1.3. 2.1 is as 1.4, and 2.2
/// has another file, above a layer that cannot be read either.
async fn releases() -> (Demo, String, Shell) {
    let store = Store::new();
    for tag in ["1.1", "1.2", "1.3", "1.4", "2.1", "2.2"] {
        let mut files = DemoFiles::new().file("opt/number", tag);
        if tag > "1.2" {
            files = files.file("opt/new", "1").file("var/lib/dpkg/status", status("libc=2"));
        }
        let image = store.image("app").platform("linux", "amd64").layer("COPY", files.into()).tag(tag);
        let top = if tag == "2.2" { DemoFiles::new().file("opt/top", "1") } else { DemoFiles::new() };
        let image = image.layer("COPY top", top.file("opt/tag", tag).into());
        let is_foreign = tag.ends_with(".2");
        if is_foreign {
            image.foreign_base(ELSEWHERE).push()
        } else {
            image.push()
        };
    }
    let demo = open(DemoSettings::default(), store).await;
    let repository = format!("{}/app", demo.address());
    (demo, repository, Shell::new())
}

#[tokio::test]
async fn a_tag_is_found_only_as_far_as_images_can_be_read() {
    let (_demo, repository, shell) = releases().await;
    for question in [["--file", "opt/new"], ["--package", "libc"], ["--package", "libc=2"]] {
        for more in [&[][..], &["--bisect"]] {
            let since = [&["since", &repository, "--tags", "1.*"][..], &question, more].concat();
            let ended = shell.run(&since).await;
            ended
                .assert_code(1)
                .assert_says(&format!("1.2: cannot look into all layers: layer 1 is left out: {FOREIGN}\n"));
            let first = "first after 1.1, at the latest 1.3, not known of 1.2; ";
            assert!(ended.stdout.starts_with(first), "{}", ended.stdout);
            let document = shell.run(&[&since[..], &["--json"]].concat()).await;
            let document = document.assert_code(1).json();
            assert_eq!((&document["since"], &document["before"]), (&Value::Null, &Value::Null));
            let tag = |name: &str| document[name]["tag"].clone();
            assert_eq!([tag("since_after"), tag("since_at_the_latest")], ["1.1", "1.3"]);
            assert_eq!(
                (&document["unknown"][0]["tag"], &document["unknown"][1]),
                (&json!("1.2"), &Value::Null)
            );
            assert_eq!(document["unknown"][0]["error"]["why"], format!("layer 1 is left out: {FOREIGN}"));
        }
    }
}

#[tokio::test]
async fn what_stands_above_a_layer_that_cannot_be_read_is_known() {
    let (_demo, repository, shell) = releases().await;
    let since = async |file: &str, tags: &str| {
        let arguments = ["since", &repository, "--file", file, "--tags", tags, "--json"];
        shell.run(&arguments).await
    };
    let document = since("opt/top", "2.*").await;
    let document = document.assert_code(0).json();
    assert_eq!((&document["since"]["tag"], &document["before"]["tag"]), (&json!("2.2"), &json!("2.1")));
    let document = since("opt/none", "2.*").await;
    let document = document.assert_code(1).json();
    assert_eq!(document["unknown"][0]["tag"], "2.2");
    let ended = shell.run(&["since", &repository, "--file", "opt/new", "--tags", "2.*"]).await;
    ended.assert_code(1);
    assert!(ended.stdout.starts_with("last 2.1 (sha256:"), "{}", ended.stdout);
    assert!(ended.stdout.contains(") or later, not known of 2.2; "), "{}", ended.stdout);
}
