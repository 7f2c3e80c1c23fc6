//! `regtui files`, `cat` and `extract` as a shell runs them.

use std::fs;

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::Value;

use crate::support::layered::{StoredLayer, names_in, noise, push_image, until_part};
use crate::support::samples;
use crate::support::shell::{Shell, ended, open};
use crate::support::tars::Tar;

/// An image of two layers: the second replaces a file, removes one, and has a name that a terminal would obey.
async fn image() -> (Demo, String) {
    let store = Store::new();
    let low = Tar::default().directory(b"etc/").file(b"etc/a", b"one").file(b"etc/b", b"beta");
    let high = Tar::default()
        .file(b"etc/a", b"second\x1b[2J\n")
        .file(b"etc/.wh.b", b"")
        .header(b'2', b"link", b"etc/a", 0)
        .file(b"bad\x1b[2Jname", b"")
        .file(b"not\xffutf8", b"\xff\xfe");
    push_image(&store, "1", &[StoredLayer::gzip(&low.end()), StoredLayer::gzip(&high.end())]);
    let demo = open(DemoSettings::default(), store).await;
    let image = format!("{}/app:1", demo.address());
    (demo, image)
}

#[tokio::test]
async fn files_lists_the_image_with_layers_and_removed_versions_if_they_are_wanted() {
    let (_demo, image) = image().await;
    let shell = Shell::new();
    let ended = shell.run(&["files", &image]).await;
    ended.assert_code(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines, ["bad␛[2Jname", "etc/", "etc/a", "link -> etc/a", "not�utf8"]);
    let ended = shell.run(&["files", "--long", "--removed", &image, "etc"]).await;
    let rows: Vec<&str> = ended.stdout.lines().collect();
    assert!(rows[0].starts_with("MODE") && rows[0].ends_with("LAYER  PATH"), "{ended:?}");
    assert!(rows[2].starts_with("-rw-r--r--  1:2") && rows[2].ends_with("2  etc/a"), "{ended:?}");
    assert!(rows[3].ends_with("1  etc/a  (replaced by layer 2)"), "{ended:?}");
    assert!(rows[4].ends_with("1  etc/b  (removed by layer 2)"), "{ended:?}");
    let ended = shell.run(&["files", "--layer", "1", &image]).await;
    assert_eq!(ended.stdout, "etc/\netc/a\netc/b\n");
}

#[tokio::test]
async fn files_prints_one_document_for_each_path() {
    let (demo, image) = image().await;
    let ended = Shell::new().run(&["files", "--json", "--removed", &image]).await;
    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let find = |path: &str, layer: u64| {
        lines.iter().find(|line| line["path"] == path && line["layer"] == layer).expect("a line")
    };
    let a = find("etc/a", 2);
    assert_eq!(
        (&a["type"], &a["size"], &a["mode"], &a["uid"]),
        (&"file".into(), &11.into(), &0o644.into(), &1.into())
    );
    assert_eq!((&a["replaces"][0], &a["removed_in"]), (&1.into(), &Value::Null));
    assert_eq!(find("etc/a", 1)["removed_in"], 2);
    assert_eq!(find("etc/b", 1)["removed_by"], "whiteout");
    assert_eq!(find("link", 2)["link"], "etc/a");
    assert_eq!(find("bad\u{1b}[2Jname", 2)["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(find("not\u{fffd}utf8", 2)["path_bytes"], "bm90/3V0Zjg=");
    let digest = a["layer_digest"].as_str().expect("a digest");
    assert!(
        demo.store()
            .repository("app")
            .is_some_and(|app| app.blobs.keys().any(|key| key.to_string() == digest))
    );
}

#[tokio::test]
async fn cat_prints_bytes_and_says_why_it_cannot() {
    let (_demo, image) = image().await;
    let shell = Shell::new();
    assert_eq!(shell.run(&["cat", &image, "/link"]).await.assert_code(0).stdout, "second\u{1b}[2J\n");
    for (path, why) in [
        ("etc", "it is no file, but a directory"),
        ("etc/b", "has no such file"),
        ("../../x", "has no such file"),
    ] {
        shell.run(&["cat", &image, path]).await.assert_code(1).assert_says(why);
    }
    shell.run(&["files", &image, "gone"]).await.assert_code(1).assert_says("has no such file");
    shell.run(&["files", "--layer", "3", &image]).await.assert_code(2).assert_says("has 2 layers");
    shell
        .run(&["cat", "--platform", "linux/arm64", &image, "etc/a"])
        .await
        .assert_code(1)
        .assert_says("it is for linux/amd64");
}

#[tokio::test]
async fn a_foreign_layer_is_left_out_and_named_and_files_of_windows_have_the_paths_that_programs_see() {
    let demo = open(DemoSettings::default(), samples::sample()).await;
    let image = format!("{}/windows/agent:2025", demo.address());
    let shell = Shell::new();
    let ended = shell.run(&["files", &image]).await;
    // The list is not that of the whole image.
    ended.assert_code(1);
    ended.assert_says(
        "layer 1 is left out: it is foreign: not stored in the registry, but at downloads.example.com",
    );
    assert!(ended.stdout.contains("\nagent/agent.json\n") && ended.stdout.contains("Hives/"), "{ended:?}");
    let ended = shell.run(&["cat", &image, "agent/agent.json"]).await;
    assert!(ended.assert_code(0).stdout.contains("interval"), "{ended:?}");
    let missing = shell.run(&["cat", &image, "Windows/System32/ntoskrnl.exe"]).await;
    missing.assert_code(1).assert_says("has no such file in the layers that were read");
    let to = shell.home.path().join("agent");
    let arguments = ["extract", &image, "agent", to.to_str().expect("a path")];
    shell.run(&arguments).await.assert_code(1).assert_says("wrote 2 files");
    assert!(to.join("agent.exe").exists());
    shell.run(&["files", "--layer", "1", &image]).await.assert_code(1).assert_says("it is foreign");
}

/// An image of three layers, the given one of which is damaged.
async fn damaged_image(damaged: usize) -> (Demo, String) {
    let store = Store::new();
    let tars = [
        Tar::default().file(b"low", b"low").file(b"etc/os-release", b"ID=debian\n"),
        Tar::default().file(b"middle", b"middle"),
        Tar::default().file(b"high", b"high"),
    ];
    let mut layers = tars.map(|tar| StoredLayer::gzip(&tar.end()));
    let half = layers[damaged].bytes.len() / 2;
    layers[damaged].bytes.truncate(half);
    push_image(&store, "1", &layers);
    let demo = open(DemoSettings::default(), store).await;
    let image = format!("{}/app:1", demo.address());
    (demo, image)
}

#[tokio::test]
async fn a_layer_that_cannot_be_read_is_named_and_the_rest_is_told_with_a_failure() {
    let (_demo, image) = damaged_image(1).await;
    let shell = Shell::new();
    let named = "layer 2 is left out: ";
    let ended = shell.run(&["files", &image]).await;
    ended.assert_code(1).assert_says(named);
    assert!(ended.stdout.contains("low") && ended.stdout.contains("high"), "{ended:?}");
    for command in ["waste", "packages"] {
        let ended = shell.run(&[command, &image]).await;
        ended.assert_code(1).assert_says(named);
        assert!(!ended.stdout.is_empty(), "{command}: {ended:?}");
    }
    let to = shell.home.path().join("out");
    let ended = shell.run(&["extract", &image, "/", to.to_str().expect("a path")]).await;
    ended.assert_code(1).assert_says(named);
    assert_eq!(fs::read(to.join("high")).expect("a file"), b"high");
    // A layer below does not change what is above it.
    let ended = shell.run(&["cat", &image, "high"]).await;
    assert_eq!(ended.assert_code(0).stdout, "high");
    let ended = shell.run(&["cat", &image, "low"]).await;
    assert_eq!(ended.assert_code(1).stdout, "low");
    let missing = shell.run(&["cat", &image, "middle"]).await;
    missing.assert_code(1).assert_says("has no such file in the layers that were read");
    shell
        .run(&["files", "--layer", "2", &image])
        .await
        .assert_code(1)
        .assert_says("cannot read the files of layer");
    shell.run(&["files", "--layer", "3", &image]).await.assert_code(0);
}

#[tokio::test]
async fn files_of_a_model_are_listed_without_reading_it() {
    let demo = open(DemoSettings::default(), samples::sample()).await;
    let image = format!("{}/ml/assistant:0.5b-q4-gguf", demo.address());
    let ended = Shell::new().run(&["files", "--long", &image]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("assistant-q4_k_m.gguf") && ended.stdout.contains("325"), "{ended:?}");
    assert!(ended.stderr.is_empty(), "no price: {ended:?}");
}

#[tokio::test]
async fn extract_writes_a_new_folder_and_tells_what_it_wrote() {
    let (_demo, image) = image().await;
    let shell = Shell::new();
    let to = shell.home.path().join("out");
    let arguments = ["extract", &image, "/", to.to_str().expect("a path")];
    shell.run(&arguments).await.assert_code(0).assert_says("wrote 3 files");
    assert_eq!(fs::read(to.join("etc/a")).expect("a file"), b"second\x1b[2J\n");
    assert!(!to.join("etc/b").exists());
    shell.run(&arguments).await.assert_code(1).assert_says("exists already");
}

#[tokio::test]
async fn extract_names_what_it_leaves_out_and_its_exit_code_says_so() {
    let store = Store::new();
    let mut tar = Tar::default().file(b"file", b"content");
    for number in 0..25 {
        tar = tar.header(b'3', format!("device{number}").as_bytes(), b"", 0);
    }
    push_image(&store, "1", &[StoredLayer::gzip(&tar.end())]);
    let demo = open(DemoSettings::default(), store).await;
    let shell = Shell::new();
    let to = shell.home.path().join("out");
    let image = format!("{}/app:1", demo.address());
    let ended = shell.run(&["extract", &image, "/", to.to_str().expect("a path")]).await;
    ended.assert_code(1).assert_says("wrote 1 file").assert_says("left out 5 more");
    assert!(!ended.stderr.contains(".part-"), "{ended:?}");
    let named = ended.stderr.lines().filter(|line| line.contains("it is a device")).count();
    assert_eq!(named, 20, "{ended:?}");
    assert_eq!(names_in(&to), ["file"]);
}

#[tokio::test]
async fn extract_tells_first_how_many_bytes_it_moves_if_they_are_many() {
    let store = Store::new();
    let layer = Tar::default().file(b"large", &noise(34 << 20)).file(b"small", b"content").end();
    let stored = StoredLayer { bytes: layer.clone(), ..StoredLayer::gzip(b"") };
    let diff_id = regtui::model::digest::Digest::sha256(&layer);
    push_image(&store, "1", &[StoredLayer { diff_id, ..stored }]);
    let demo = open(DemoSettings::default(), store).await;
    let shell = Shell::new();
    let image = format!("{}/app:1", demo.address());
    let to = |name: &str| shell.home.path().join(name).display().to_string();
    let ended = shell.run(&["extract", &image, "large", &to("large")]).await;
    ended.assert_code(0).assert_says("regtui: reads up to 35.7 MB and writes 35.7 MB");
}

/// An image whose only layer is held back behind its first megabyte.
#[cfg(unix)]
async fn held_image(shell: &Shell) -> (Demo, String) {
    let store = Store::new();
    let tar = Tar::default().directory(b"d/").file(b"d/file", &noise(3 << 20)).end();
    push_image(&store, "1", &[StoredLayer::gzip(&tar)]);
    let demo = open(DemoSettings::default(), store).await;
    let image = format!("{}/app:1", demo.address());
    // The list is kept, so that only the extraction reads the layer.
    shell.run(&["files", &image]).await.assert_code(0);
    // The rest, for which a patient program asks again, never comes.
    demo.fault(|request, _| {
        let is_rest = request.headers.contains_key("range");
        let fault = if is_rest { Fault::Hang } else { Fault::HangAfter(1 << 20) };
        request.path.contains("/blobs/").then_some(fault)
    });
    (demo, image)
}

#[cfg(unix)]
#[tokio::test]
async fn extract_that_a_signal_ends_leaves_nothing_behind() {
    use rustix::process::{Pid, Signal, kill_process};

    let shell = Shell::new();
    let (_demo, image) = held_image(&shell).await;
    for (signal, path) in
        [(Signal::INT, "d"), (Signal::TERM, "d"), (Signal::HUP, "d"), (Signal::TERM, "d/file")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("out");
        let child = shell.command(&["extract", &image, path, to.to_str().expect("a path")]).spawn();
        let child = child.expect("it runs");
        until_part(folder.path()).await;
        assert!(!to.exists(), "nothing half done has the name");
        let id = child.id().and_then(|id| Pid::from_raw(id as i32)).expect("it runs");
        kill_process(id, signal).expect("it runs");
        ended(child).await.assert_code(130);
        assert!(names_in(folder.path()).is_empty(), "{signal:?} {path}: {:?}", names_in(folder.path()));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn extract_replaces_nothing_that_another_program_writes_meanwhile() {
    let shell = Shell::new();
    let (demo, image) = held_image(&shell).await;
    let gate = Gate::new();
    let held = gate.clone();
    demo.fault(move |request, _| request.path.contains("/blobs/").then(|| Fault::Gate(held.clone())));
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("out");
    let child = shell.command(&["extract", &image, "d/file", to.to_str().expect("a path")]).spawn();
    let child = child.expect("it runs");
    gate.reached_by(1).await;
    fs::write(&to, "precious").expect("a file");
    gate.open();
    ended(child).await.assert_code(1).assert_says("exists already");
    assert_eq!(fs::read_to_string(&to).expect("a file"), "precious");
    assert_eq!(names_in(folder.path()), ["out"]);
}
