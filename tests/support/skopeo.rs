//! Images as another tool reads them: the folder that skopeo writes.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use regtui::model::digest::{Digest, Hasher};
use tempfile::TempDir;
use tokio::process::Command;

use super::servers;

/// The folder of skopeo's cache of blob locations: none, so that it stays in memory. The file that it would keep is one
/// for the whole machine if root runs it, grows with every test, and is opened and synced six times for each layer.
const NO_CACHE: [(&str, &str); 2] = [("_CONTAINERS_ROOTLESS_UID", "1"), ("XDG_DATA_HOME", "/dev/null")];

/// An image with all its platforms, as skopeo read it. Its folder goes with it.
pub struct Written {
    folder: TempDir,
}

/// Reads an image (`host/repository:tag`) of a registry on loopback. Returns `None` if there is no skopeo. It must be
/// there if servers are required.
pub async fn read(image: &str) -> Option<Written> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("skopeo");
    command.envs(NO_CACHE).args([
        "--insecure-policy",
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--quiet",
    ]);
    command.args([&format!("docker://{image}"), &format!("dir:{}", folder.path().display())]);
    let copied = match command.stdin(Stdio::null()).kill_on_drop(true).output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            assert!(servers::required().is_empty(), "servers are required, and skopeo is not in PATH");
            return None;
        }
        copied => copied.expect("skopeo runs"),
    };
    assert!(copied.status.success(), "{image}: {}", String::from_utf8_lossy(&copied.stderr));
    Some(Written { folder })
}

/// Pushes an image of an OCI layout (`folder:tag`) to a registry on loopback. Returns whether there is a skopeo. It must be
/// there if servers are required.
pub async fn push(layout: &str, image: &str, options: &[&str]) -> bool {
    let mut command = Command::new("skopeo");
    command.envs(NO_CACHE).args(["--insecure-policy", "copy", "--dest-tls-verify=false", "--quiet"]);
    command.args(options).args([&format!("oci:{layout}"), &format!("docker://{image}")]);
    let copied = match command.stdin(Stdio::null()).kill_on_drop(true).output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            assert!(servers::required().is_empty(), "servers are required, and skopeo is not in PATH");
            return false;
        }
        copied => copied.expect("skopeo runs"),
    };
    assert!(copied.status.success(), "{image}: {}", String::from_utf8_lossy(&copied.stderr));
    true
}

impl Written {
    /// The digests of all manifests and blobs, sorted, computed from the bytes that skopeo wrote.
    pub fn digests(&self) -> Vec<Digest> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder").flatten();
        let files = entries.filter(|entry| entry.file_name() != "version");
        let mut digests: Vec<Digest> = files.map(|entry| digest_of(&entry.path())).collect();
        digests.sort();
        digests
    }
}

/// A file may be larger than memory: it is read piece by piece.
fn digest_of(file: &Path) -> Digest {
    let mut file = std::fs::File::open(file).expect("a file");
    let (mut hasher, mut piece) = (Hasher::sha256(), vec![0; 1024 * 1024]);
    loop {
        match file.read(&mut piece).expect("a file") {
            0 => return hasher.finish(),
            length => hasher.update(&piece[..length]),
        }
    }
}
