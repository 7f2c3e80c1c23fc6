//! Files, findings, packages and differences of images on real registries, compared with what `tar` reads from the same
//! layers. skopeo pushes them, as gzip and as zstd:chunked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use regtui::model::digest::Digest;
use serde_json::{Value, json};

use crate::support::copying::noise;
use crate::support::servers;
use crate::support::shell::Shell;
use crate::support::skopeo;

/// Bytes of the large file: more than a layer that is read whole in any case.
const LARGE: usize = 3 << 20;

/// The layers of the images: each a folder with its files.
fn write_layers(folder: &Path) -> Vec<PathBuf> {
    let status = "Package: libc\nStatus: install ok installed\nVersion: 2.9\nArchitecture: amd64\n\n";
    let files: [&[(&str, Vec<u8>)]; 3] = [
        &[
            ("etc/os-release", b"ID=debian\nPRETTY_NAME=\"Debian 13\"\n".to_vec()),
            ("var/lib/dpkg/status", status.into()),
            ("usr/bin/app", noise(1, LARGE)),
            ("usr/share/doc/readme", vec![b'a'; 3_000]),
        ],
        &[("usr/bin/app", noise(2, LARGE)), ("usr/share/.wh.doc", Vec::new())],
        &[("opt/new", b"new\n".to_vec()), ("opt/large", noise(3, LARGE))],
    ];
    let write = |(number, files): (usize, &&[(&str, Vec<u8>)])| {
        let layer = folder.join(number.to_string());
        for (path, content) in *files {
            let path = layer.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        layer
    };
    let layers: Vec<PathBuf> = files.iter().enumerate().map(write).collect();
    std::os::unix::fs::symlink("usr/bin", layers[0].join("bin")).expect("a link");
    layers
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// An OCI layout with two images: one of two layers, and one with a third.
struct Layout {
    folder: tempfile::TempDir,
    tars: Vec<PathBuf>,
}

impl Layout {
    fn write() -> Layout {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("layout");
        std::fs::create_dir_all(root.join("blobs/sha256")).expect("a folder");
        let blob = |media_type: &str, content: &[u8]| {
            let digest = Digest::sha256(content);
            std::fs::write(root.join("blobs/sha256").join(digest.hex()), content).expect("a blob");
            json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
        };
        let (mut tars, mut layers, mut diff_ids) = (Vec::new(), Vec::new(), Vec::new());
        for layer in write_layers(folder.path()) {
            let tar = layer.with_extension("tar");
            let mut command = Command::new("tar");
            command.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@1", "-C"]);
            run(command.arg(&layer).arg("-cf").arg(&tar).arg("."));
            diff_ids.push(Digest::sha256(&std::fs::read(&tar).expect("a tar")));
            let gzip = run(Command::new("gzip").args(["-n", "-c"]).arg(&tar));
            layers.push(blob("application/vnd.oci.image.layer.v1.tar+gzip", &gzip));
            tars.push(tar);
        }
        let mut manifests = Vec::new();
        for (tag, count) in [("1.0", 2), ("1.1", 3)] {
            let history: Vec<Value> =
                (0..count).map(|number| json!({ "created_by": format!("COPY {number}") })).collect();
            let config = json!({
                "os": "linux", "architecture": "amd64", "config": { "Env": [format!("TAG={tag}")] },
                "rootfs": { "type": "layers", "diff_ids": diff_ids[..count] }, "history": history,
            });
            let config = blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
            let media_type = "application/vnd.oci.image.manifest.v1+json";
            let manifest = json!({
                "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers[..count],
            });
            let mut manifest = blob(media_type, manifest.to_string().as_bytes());
            manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
            manifests.push(manifest);
        }
        let index = json!({ "schemaVersion": 2, "manifests": manifests });
        std::fs::write(root.join("index.json"), index.to_string()).expect("a file");
        std::fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
        Layout { folder, tars }
    }

    /// The paths in the layers as `tar` lists them, without those that a later layer removes.
    fn paths(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for tar in &self.tars {
            let listed = String::from_utf8(run(Command::new("tar").arg("-tf").arg(tar))).expect("text");
            let listed = listed.lines().map(|line| line.trim_start_matches("./").trim_end_matches('/'));
            for path in listed.filter(|path| !path.is_empty()) {
                match path.rsplit_once("/.wh.") {
                    Some((directory, name)) => {
                        let removed = format!("{directory}/{name}");
                        paths.retain(|path: &String| {
                            path != &removed && !path.starts_with(&format!("{removed}/"))
                        });
                    }
                    None => drop(paths.insert(path.to_string())),
                }
            }
        }
        paths
    }

    /// The content of a file of the image as `tar` reads it from the topmost layer that has it.
    fn content(&self, path: &str) -> Vec<u8> {
        let read = |tar: &PathBuf| {
            let output = Command::new("tar").arg("-xOf").arg(tar).arg(format!("./{path}")).output();
            Some(output.expect("tar runs"))
                .filter(|output| output.status.success())
                .map(|output| output.stdout)
        };
        self.tars.iter().rev().find_map(read).expect("a layer has it")
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Compares everything that is said of the images with the layers.
async fn check(layout: &Layout, repository: &str, has_tables: bool) {
    let (shell, image) = (Shell::new(), format!("{repository}:1.1"));
    let run = async |arguments: &[&str]| shell.run(arguments).await;
    let listed = run(&["files", &image, "--json"]).await;
    let listed = lines(&listed.assert_code(0).stdout);
    let paths: BTreeSet<String> =
        listed.iter().map(|file| file["path"].as_str().expect("a path").to_string()).collect();
    assert_eq!(paths, layout.paths(), "{repository}");

    let printed = run(&["cat", &image, "etc/os-release"]).await;
    assert_eq!(printed.assert_code(0).stdout.as_bytes(), layout.content("etc/os-release"));
    let to = tempfile::tempdir().expect("a folder");
    let to = to.path().join("all");
    run(&["extract", &image, "/", &to.display().to_string()]).await.assert_code(0);
    for file in listed.iter().filter(|file| file["type"] == "file") {
        let path = file["path"].as_str().expect("a path");
        let written = std::fs::read(to.join(path)).expect("a file");
        assert!(written == layout.content(path), "{path} of {repository}");
    }
    assert_eq!(std::fs::read_link(to.join("bin")).expect("a link"), Path::new("usr/bin"));

    let waste = run(&["waste", &image, "--json"]).await.assert_code(0).json();
    assert_eq!(waste["hidden_bytes"], LARGE + 3_000, "{repository}");
    run(&["waste", &image, "--max-hidden", "1%"]).await.assert_code(3);

    let packages = run(&["packages", &image, "--json"]).await;
    let packages = lines(&packages.assert_code(0).stdout);
    assert_eq!(packages.len(), 1, "{packages:?}");
    assert_eq!((&packages[0]["name"], &packages[0]["layer"]), (&"libc".into(), &1.into()));

    let older = format!("{repository}:1.0");
    let diff = run(&["diff", &older, &image, "--files", "--json"]).await.assert_code(0).json();
    let changed: Vec<&Value> =
        diff["files"].as_array().expect("files").iter().map(|file| &file["path"]).collect();
    assert!(changed.contains(&&json!("opt/new")), "{changed:?}");
    assert!(!changed.contains(&&json!("usr/bin/app")), "{changed:?}");

    for method in [&[][..], &["--bisect"]] {
        let arguments = [&["since", repository, "--file", "opt/new", "--json"], method].concat();
        let since = run(&arguments).await.assert_code(0).json();
        assert_eq!((&since["since"]["tag"], &since["before"]["tag"]), (&"1.1".into(), &"1.0".into()));
        assert_eq!(since["layers_read"], 0, "all lists are kept");
    }
    // A new cache: the layers are read again, and only their tables if they have some.
    let since = Shell::new().run(&["since", repository, "--file", "opt/new", "--json"]).await;
    let since = since.assert_code(0).json();
    assert_eq!(since["layers_read"], 3);
    let bytes = since["bytes_read"].as_u64().expect("a number");
    assert_eq!(bytes < LARGE as u64, has_tables, "{bytes} of {repository}");

    run(&["belongs", &image]).await.assert_code(0);
    let key = to.join("key.pem");
    std::fs::write(&key, KEY).expect("a file");
    let verified = run(&["verify", &image, "--key", &key.display().to_string()]).await;
    verified.assert_code(1).assert_says("no signature was found");
}

/// A public key that signed nothing: the first example of RFC 8032.
const KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

#[tokio::test(flavor = "multi_thread")]
async fn images_that_skopeo_pushed_are_read_as_tar_reads_their_layers() {
    let layout = Layout::write();
    let root = layout.folder.path().join("layout").display().to_string();
    for server in servers::all() {
        for (name, options, has_tables) in
            [("app", &[][..], false), ("chunked", &["--dest-compress-format", "zstd:chunked"], true)]
        {
            let repository = format!("{}/team/{name}", server.host);
            for tag in ["1.0", "1.1"] {
                if !skopeo::push(&format!("{root}:{tag}"), &format!("{repository}:{tag}"), options).await {
                    return println!("left out: there is no skopeo");
                }
            }
            println!("{repository} on {}", server.name);
            check(&layout, &repository, has_tables).await;
        }
    }
}
