//! `regtui packages` as a shell runs it.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::digest::Digest;
use serde_json::Value;

use crate::support::layered::{StoredLayer, noise, push_image};
use crate::support::shell::{Shell, ended, interrupt, open};
use crate::support::tars::Tar;

/// An image of two layers, whose second one brings packages of npm, one of them twice. One name is hostile.
fn tars() -> [Tar; 2] {
    let status =
        b"Package: base\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0-2\nSource: src (1)\n\
        Installed-Size: 3\n\nPackage: a\x1b[2Jb\nStatus: install ok installed\nVersion: 1\n";
    let json = br#"{"name":"@s/c","version":"2.0.0","license":"MIT"}"#;
    let low = Tar::default()
        .file(b"etc/os-release", b"PRETTY_NAME=\"Alpine \x1b[2J\"\n")
        .file(b"var/lib/dpkg/status", status);
    let high = Tar::default()
        .file(b"a/node_modules/@s/c/package.json", json)
        .file(b"\xff/node_modules/@s/c/package.json", json);
    [low, high]
}

async fn image(tars: [Tar; 2]) -> (Demo, String) {
    let store = Store::new();
    push_image(&store, "1", &tars.map(|tar| StoredLayer::gzip(&tar.end())));
    let demo = open(DemoSettings::default(), store).await;
    let image = format!("{}/app:1", demo.address());
    (demo, image)
}

#[tokio::test]
async fn packages_are_listed_with_the_layers_that_brought_them() {
    let (_demo, image) = image(tars()).await;
    let ended = Shell::new().run(&["packages", &image]).await;
    ended.assert_code(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let expected = [
        "NAME    VERSION  ECOSYSTEM  LAYER",
        "a␛[2Jb  1        deb            1",
        "base    1.0-2    deb            1",
        "@s/c    2.0.0    npm            2",
        "",
    ];
    assert_eq!(lines[..5], expected, "{ended:?}");
    assert!(
        lines[5].starts_with("4 packages of Alpine ␛[2J, ") && lines[5].ends_with(" B read"),
        "{ended:?}"
    );
    assert_eq!((lines.len(), ended.stderr.as_str()), (6, ""));
}

#[tokio::test]
async fn packages_prints_one_document_for_each_package() {
    let (_demo, image) = image(tars()).await;
    let ended = Shell::new().run(&["packages", "--json", &image]).await;
    ended.assert_code(0);
    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4, "{ended:?}");
    let base = lines.iter().find(|line| line["name"] == "base").expect("a line");
    let digest = base["layer_digest"].as_str().expect("a digest").to_string();
    let expected = serde_json::json!({"ecosystem": "deb", "name": "base", "version": "1.0-2", "architecture": "all",
        "source": "src", "licence": null, "installed_size": 3_072, "path": "var/lib/dpkg/status", "layer": 1,
        "layer_digest": digest});
    assert_eq!(base, &expected);
    assert!(lines.iter().any(|line| line["name"] == "a\u{1b}[2Jb"));
    let odd = lines.iter().find(|line| line["path_bytes"].is_string()).expect("a line");
    assert_eq!((&odd["name"], &odd["licence"], &odd["layer"]), (&"@s/c".into(), &"MIT".into(), &2.into()));
}

#[tokio::test]
async fn a_database_that_is_not_read_is_named_and_the_command_fails() {
    let [low, high] = tars();
    let (_demo, image) = image([low.file(b"var/lib/rpm/Packages", b"x"), high]).await;
    let ended = Shell::new().run(&["packages", &image]).await;
    ended.assert_code(1);
    assert!(ended.stdout.contains("\nbase "), "{ended:?}");
    assert!(ended.stdout.contains("4 packages of Alpine ␛[2J, incomplete, "), "{ended:?}");
    let expected = "regtui: cannot read the packages in var/lib/rpm/Packages: rpm databases in the Berkeley DB format are \
                    not read\n";
    assert_eq!(ended.stderr, expected);
}

#[tokio::test]
async fn an_image_without_packages_is_no_failure() {
    let (_demo, image) = image([Tar::default(), Tar::default().file(b"app", b"x")]).await;
    let shell = Shell::new();
    let ended = shell.run(&["packages", &image]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("0 packages, "), "{ended:?}");
    assert_eq!(shell.run(&["packages", "--json", &image]).await.assert_code(0).stdout, "");
}

/// docs/COMMANDS.md, Exit codes.
#[cfg(unix)]
#[tokio::test]
async fn a_layer_that_was_read_before_an_interrupt_is_not_read_again() {
    let [low, high] = tars();
    let large = |size| Tar::default().file(b"noise", &noise(size));
    let layers = [low, high, large(1_000_000), large(2_000_000)].map(|tar| StoredLayer::gzip(&tar.end()));
    for (command, last) in [("packages", "4 packages"), ("files", "noise"), ("waste", "")] {
        let store = Store::new();
        push_image(&store, "1", &layers);
        let demo = open(DemoSettings::default(), store).await;
        let image = format!("{}/app:1", demo.address());
        // Two layers are read at once, the smallest first: the last one follows when three were kept or are held.
        let large =
            layers[2..].iter().map(|layer| Digest::sha256(&layer.bytes).to_string()).collect::<Vec<_>>();
        let gate = Gate::new();
        let held = gate.clone();
        demo.fault(move |request, _| {
            let is_large = large.iter().any(|digest| request.path.ends_with(digest.as_str()));
            is_large.then(|| Fault::Gate(held.clone()))
        });
        let shell = Shell::new();
        let child = shell.command(&[command, &image]).spawn().expect("it runs");
        gate.reached_by(2).await;
        interrupt(&child);
        ended(child).await.assert_code(130);
        gate.open();
        demo.clear_faults();
        demo.forget_requests();
        let again = shell.run(&[command, &image]).await;
        again.assert_code(0);
        assert!(again.stdout.contains(last), "{again:?}");
        let asked: Vec<String> = demo.requests().iter().map(|request| request.path.clone()).collect();
        for (number, layer) in layers.iter().enumerate() {
            let digest = Digest::sha256(&layer.bytes).to_string();
            let times = asked.iter().filter(|path| path.ends_with(&digest)).count();
            assert_eq!(times, usize::from(number >= 2), "{command}, layer {number}: {asked:?}");
        }
    }
}
