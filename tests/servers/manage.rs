//! Changes on real registries, by the program as a shell runs it, and looked at without our own client.

use std::process::Stdio;

use bytes::Bytes;
use regtui::model::digest::Digest;
use regtui::model::media_type::OCI_INDEX;
use serde_json::json;
use tokio::process::Command;

use crate::support::servers;
use crate::support::shell::Shell;
use crate::support::uploader::Uploader;

/// An index of two platforms.
async fn fill_index(uploader: &Uploader) -> Bytes {
    let mut children = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let mut child =
            uploader.image("team/multi", &format!("part-{architecture}"), false, architecture).await;
        child["platform"] = json!({"os": "linux", "architecture": architecture});
        children.push(child);
    }
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children});
    uploader.manifest("team/multi", "2.0", OCI_INDEX, &index).await;
    uploader.read("team/multi", "2.0").await.expect("an index")
}

/// What skopeo makes of the image with all its platforms; `None` where there is no skopeo.
async fn read_by_skopeo(image: &str) -> Option<(Bytes, Vec<Digest>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("skopeo")
        .args([
            "--insecure-policy",
            "copy",
            "--all",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--quiet",
        ])
        .args([&format!("docker://{image}"), &format!("dir:{}", folder.path().display())])
        .stdin(Stdio::null())
        .output()
        .await;
    let copied = match copied {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        copied => copied.expect("skopeo runs"),
    };
    assert!(copied.status.success(), "{image}: {}", String::from_utf8_lossy(&copied.stderr));
    let manifest = std::fs::read(folder.path().join("manifest.json")).expect("a manifest").into();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
        if entry.file_name() != "version" {
            files.push(Digest::sha256(&std::fs::read(entry.path()).expect("a file")));
        }
    }
    files.sort();
    Some((manifest, files))
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_the_same_to_another_tool() {
    let (servers, shell) = (servers::all(), Shell::new());
    for from in &servers {
        let source = Uploader::of(from);
        let index = fill_index(&source).await;
        source.image("team/multi", "docker", true, "amd64").await;
        let docker = source.read("team/multi", "docker").await;
        for to in &servers {
            let repository = format!("{}/from-{}", to.host, from.name);
            for tag in ["2.0", "docker"] {
                let image = format!("{}/team/multi:{tag}", from.host);
                shell.run(&["copy", &image, &repository, "--yes"]).await.assert_code(0);
                let (original, copied) =
                    (read_by_skopeo(&image).await, read_by_skopeo(&format!("{repository}:{tag}")).await);
                assert_eq!(original, copied, "{} → {}", from.name, to.name);
            }
            let target = Uploader::of(to);
            let name = format!("from-{}", from.name);
            assert_eq!(target.read(&name, "2.0").await.as_ref(), Some(&index), "{} → {}", from.name, to.name);
            assert_eq!(target.read(&name, "docker").await, docker, "{} → {}", from.name, to.name);
        }
    }
}
