//! `regtui diff` as a shell runs it.

use regtui::demo::files::DemoFiles;
use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::{Value, json};

use crate::support::shell::{Shell, digest, open};

/// Two versions of `app` on one base, and one on another base.
async fn versions() -> (Demo, String, Shell) {
    let store = Store::new();
    let base = || DemoFiles::new().file("etc/os-release", "base\n").file("usr/lib/big", vec![7; 3 << 20]);
    let push = |tag: &str, files: DemoFiles, level: &str| {
        let image = store.image("app").platform("linux", "amd64").layer("ADD base", base().into());
        let image = image.layer("COPY app", files.into()).config("Env", vec![format!("LOG={level}")]);
        image.config("User", "app").label("version", tag).tag(tag).push();
    };
    let conf = |lines: &str| DemoFiles::new().file("etc/app.conf", lines.to_string());
    push("1", conf("a\nb\nc\n").file("opt/old", "1"), "info");
    push("2", conf("a\nx\nc\n").file("opt/new", "22").whiteout("usr/lib/big"), "debug");
    let demo = open(DemoSettings::default(), store).await;
    let host = demo.address().to_string();
    (demo, host, Shell::new())
}

fn changes(document: &Value) -> Vec<(&str, &str)> {
    let rows = document["files"].as_array().expect("files");
    rows.iter()
        .map(|row| (row["change"].as_str().expect("a change"), row["path"].as_str().expect("a path")))
        .collect()
}

#[tokio::test]
async fn layers_and_config_are_compared_with_two_manifests_and_two_configs() {
    let (demo, host, shell) = versions().await;
    let image = format!("{host}/app:1");
    let ended = shell.run(&["diff", &image, ":2"]).await;
    ended.assert_code(0);
    for text in ["1 shared", "1 removed", "1 added", "~ env.LOG: info → debug", "~ labels.version: 1 → 2"]
    {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    let requests = demo.requests().iter().filter(|request| request.path.contains("/app/")).count();
    assert!(requests <= 4, "{:?}", demo.requests());
    let document = shell.run(&["diff", &image, ":2", "--json"]).await.json();
    assert_eq!(document["left"]["digest"], digest(&demo, "app", "1").to_string());
    assert_eq!(document["layers"][0]["change"], "shared");
    let row = json!({"path": "env.LOG", "left": "info", "right": "debug"});
    assert!(document["config"].as_array().expect("rows").contains(&row), "{document}");
    assert!(document.get("files").is_none() && document["same"] == false);
}

#[tokio::test]
async fn the_exit_code_tells_whether_images_differ() {
    let (_demo, host, shell) = versions().await;
    let image = format!("{host}/app:1");
    shell.run(&["diff", &image, ":1", "--exit-code"]).await.assert_code(0);
    shell.run(&["diff", &image, ":2", "--exit-code"]).await.assert_code(3);
    shell.run(&["diff", &image, ":2", "--exit-code", "--image-config"]).await.assert_code(3);
    shell.run(&["diff", &image, ":1", "--exit-code", "--files", "--image-config"]).await.assert_code(0);
    shell.run(&["diff", &image, ":2"]).await.assert_code(0);
    shell.run(&["diff", &image, ":none", "--exit-code"]).await.assert_code(1);
    shell
        .run(&["diff", &image, ":2", "--platform", "linux/arm64"])
        .await
        .assert_code(1)
        .assert_says("linux/amd64");
}

#[tokio::test]
async fn files_are_compared_without_the_shared_layers_or_with_them() {
    let (demo, host, shell) = versions().await;
    let (one, other) = (format!("{host}/app:1"), format!("{host}/app:2"));
    let document = shell.run(&["diff", &one, &other, "--files", "--json", "--no-cache"]).await.json();
    assert_eq!(
        changes(&document),
        [
            ("changed", "etc/app.conf"),
            ("added_or_changed", "opt/new"),
            ("removed_or_changed", "opt/old"),
            ("removed", "usr/lib/big")
        ]
    );
    assert_eq!(document["files"][3]["left"], "unread");
    assert_eq!(document["unread_layers"], 1);
    let blobs = || demo.requests().iter().filter(|request| request.path.contains("/blobs/")).count();
    // Two configs and two layers.
    assert_eq!(blobs(), 4);
    let ended = shell.run(&["diff", &one, &other, "--files"]).await;
    assert!(
        ended.stdout.contains("1 shared layer was not read (3.2 MB); with `--all-layers`"),
        "{}",
        ended.stdout
    );
    let all = shell.run(&["diff", &one, &other, "--files", "--all-layers", "--json"]).await.json();
    assert_eq!(
        changes(&all),
        [
            ("changed", "etc/app.conf"),
            ("added", "opt/new"),
            ("removed", "opt/old"),
            ("removed", "usr/lib/big")
        ]
    );
    assert_eq!(all["files"][3]["left"]["size"], 3 << 20);
    // Now the list of the shared layer is known.
    let again = shell.run(&["diff", &one, &other, "--files", "--json"]).await.json();
    assert_eq!(changes(&again), changes(&all));
}

#[tokio::test]
async fn the_lines_of_one_file_are_compared() {
    let (_demo, host, shell) = versions().await;
    let (one, other) = (format!("{host}/app:1"), format!("{host}/app:2"));
    let ended = shell.run(&["diff", &one, &other, "/etc/app.conf", "--exit-code"]).await;
    ended.assert_code(3);
    let expected =
        format!("--- {one} /etc/app.conf\n+++ {other} /etc/app.conf\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    assert_eq!(ended.stdout, expected);
    let ended = shell.run(&["diff", &one, &other, "opt/new"]).await;
    assert!(ended.stdout.starts_with("--- /dev/null\n+++ "), "{}", ended.stdout);
    let ended = shell.run(&["diff", &one, &other, "etc/os-release", "--exit-code"]).await;
    ended.assert_code(0);
    assert_eq!(ended.stdout, "");
    shell
        .run(&["diff", &one, &other, "none"])
        .await
        .assert_code(1)
        .assert_says("neither image has such a file");
    let binary = shell.run(&["diff", &one, &other, "usr/lib/big"]).await;
    binary.assert_code(0);
}

/// Two images on one base; the second one has other packages, one with a hostile version, and one that cannot be read.
async fn with_packages() -> (Demo, String, Shell) {
    let store = Store::new();
    let status = |name: &str, version: &str| {
        format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
    };
    let push = |tag: &str, packages: String, more: &str| {
        let npm = br#"{"name":"@s/c","version":"2.0.0"}"#.to_vec();
        let base = DemoFiles::new().file("a/node_modules/@s/c/package.json", npm);
        let files = DemoFiles::new().file("var/lib/dpkg/status", packages).file(more, "x");
        let image = store.image("app").platform("linux", "amd64").layer("ADD base", base.into());
        image.layer("RUN apt-get", files.into()).tag(tag).push();
    };
    let common = status("same", "1");
    let left = [&common, &status("gone", "1"), &status("libc", "2.9-1"), &status("odd", "1~a")];
    push("1", left.map(String::as_str).concat(), "x");
    let right = [&common, &status("libc", "2.10-1"), &status("new\x1b[2J", "3\x1b[2J"), &status("odd", "1")];
    push("2", right.map(String::as_str).concat(), "x");
    push("3", common.clone(), "var/lib/rpm/Packages");
    let demo = open(DemoSettings::default(), store).await;
    let host = demo.address().to_string();
    (demo, host, Shell::new())
}

#[tokio::test]
async fn packages_are_compared_and_shared_layers_are_read_once() {
    let (demo, host, shell) = with_packages().await;
    let image = format!("{host}/app:1");
    let arguments = ["diff", &image, ":2", "--packages", "--exit-code"];
    let ended = shell.run(&[&arguments[..], &["--json", "--no-cache"]].concat()).await;
    ended.assert_code(3);
    let document: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let row = |name: &str, left: Option<&str>, right: Option<&str>, change: &str| json!({"ecosystem": "deb", "name": name, "left": left, "right": right, "change": change});
    let expected = json!([
        row("gone", Some("1"), None, "removed"),
        row("libc", Some("2.9-1"), Some("2.10-1"), "up"),
        row("new\u{1b}[2J", None, Some("3\u{1b}[2J"), "added"),
        row("odd", Some("1~a"), Some("1"), "changed"),
    ]);
    assert_eq!(document["packages"], expected);
    assert!(document.get("config").is_none() && document.get("files").is_none());
    // Two configs and three layers.
    assert_eq!(demo.requests().iter().filter(|request| request.path.contains("/blobs/")).count(), 5);
    let ended = shell.run(&arguments).await;
    ended.assert_code(3);
    assert!(
        ended.stdout.contains("packages: 1 added, 1 removed, 1 up, 1 changed\n")
            && ended.stdout.contains("+  new␛[2J         3␛[2J   deb")
            && !ended.stdout.contains('\x1b'),
        "{}",
        ended.stdout
    );
    let same = shell.run(&["diff", &image, ":1", "--packages", "--exit-code"]).await;
    same.assert_code(0);
    assert!(same.stdout.ends_with("packages: none differs\n"), "{}", same.stdout);
}

#[tokio::test]
async fn a_list_of_packages_that_is_incomplete_is_told() {
    let (_demo, host, shell) = with_packages().await;
    let ended = shell.run(&["diff", &format!("{host}/app:1"), ":3", "--packages", "--exit-code"]).await;
    ended.assert_code(1).assert_says("right image: cannot read the packages in var/lib/rpm/Packages");
    assert!(ended.stdout.contains("packages: 3 removed, incomplete\n"), "{}", ended.stdout);
}

#[tokio::test]
async fn wrong_usage_is_told() {
    let (_demo, host, shell) = versions().await;
    let image = format!("{host}/app:1");
    shell.run(&["diff", &image, ":-"]).await.assert_code(2);
    shell.run(&["diff", &image, ":2", "--all-layers"]).await.assert_code(2);
    shell.run(&["diff", &image, ":2", "--platform", "x/"]).await.assert_code(2).assert_says("--platform");
    shell.run(&["diff", &image]).await.assert_code(2);
}

#[tokio::test]
async fn a_file_has_the_same_members_in_every_document() {
    let (_demo, host, shell) = versions().await;
    let image = format!("{host}/app:2");
    let diff = shell.run(&["diff", &format!("{host}/app:1"), ":2", "--files", "--json"]).await.json();
    let of_diff = &diff["files"][0]["right"];
    let listed = shell.run(&["files", &image, "etc/app.conf", "--json"]).await.json();
    for member in ["type", "size", "mode", "uid", "gid", "mtime", "link", "sha256", "layer"] {
        assert!(listed.get(member).is_some(), "{member}: {listed}");
        assert_eq!(of_diff[member], listed[member], "{member}");
    }
    assert_eq!(listed["size"], 6);
    assert_eq!(listed["mode"], 0o644);
}

#[tokio::test]
async fn two_layers_are_compared_by_what_each_adds() {
    let (_demo, host, shell) = versions().await;
    let (one, other) = (format!("{host}/app:1"), format!("{host}/app:2"));
    let ended = shell.run(&["diff", &one, &other, "--layer", "2"]).await;
    ended.assert_code(0);
    for text in [format!("layer  {one} layer 2"), format!("{other} layer 2"), "COPY app".into()] {
        let stdout = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(stdout.contains(&text), "{text}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("config") && !ended.stdout.contains("created"), "{}", ended.stdout);
    let document = shell.run(&["diff", &one, ":1", "--layer", "1,2", "--files", "--json"]).await.json();
    assert_eq!((&document["left"]["layer"], &document["right"]["layer"]), (&json!(1), &json!(2)));
    assert_eq!(document["left"]["reference"], one);
    assert_eq!(
        changes(&document),
        [
            ("added", "etc/app.conf"),
            ("removed", "etc/os-release"),
            ("added", "opt"),
            ("added", "opt/old"),
            ("removed", "usr"),
            ("removed", "usr/lib"),
            ("removed", "usr/lib/big")
        ]
    );
    assert_eq!(document["files"][0]["right"]["layer"], 2);
    assert!(document.get("config").is_none());
    let ended = shell.run(&["diff", &one, &other, "etc/app.conf", "--layer", "2"]).await;
    assert!(ended.stdout.starts_with(&format!("--- {one} layer 2 etc/app.conf\n")), "{}", ended.stdout);
    assert!(ended.stdout.contains("-b\n+x\n"), "{}", ended.stdout);
    shell.run(&["diff", &one, &other, "--layer", "1", "--exit-code"]).await.assert_code(0);
    shell.run(&["diff", &one, &other, "--layer", "2", "--exit-code"]).await.assert_code(3);
}

#[tokio::test]
async fn layers_that_an_image_does_not_have_are_wrong_usage() {
    let (_demo, host, shell) = versions().await;
    let (one, other) = (format!("{host}/app:1"), format!("{host}/app:2"));
    let says = "`--layer 3`: ";
    shell.run(&["diff", &one, &other, "--layer", "2,3"]).await.assert_code(2).assert_says(says);
    shell
        .run(&["diff", &one, &other, "--layer", "2,3"])
        .await
        .assert_says("has 2 layers, and 1 is the lowest");
    shell.run(&["diff", &one, &other, "--layer", "0"]).await.assert_code(2);
    shell
        .run(&["diff", &one, &other, "--layer", "1,2,1"])
        .await
        .assert_code(2)
        .assert_says("one number, or two");
    shell.run(&["diff", &one, &other, "--layer", "1", "--packages"]).await.assert_code(2);
}
