//! Registries to measure against: one in memory in this process, one of distribution's in a process of its own.

use std::borrow::BorrowMut;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::digest::Digest;
use regtui::model::media_type::{OCI_CONFIG, OCI_MANIFEST};

use super::peers;

/// The name of the repository in row `row` of the sorted list.
pub fn repository(row: usize) -> String {
    format!("team-{:02}/app-{row:06}", row / 10_000)
}

/// A registry in memory, served by a thread of this process.
pub struct Memory {
    demo: Demo,
    _runtime: tokio::runtime::Runtime,
}

impl Memory {
    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        self.demo.address().to_string()
    }
}

/// A registry of `repositories`, the first of them with `tags` tags.
pub fn memory(repositories: usize, tags: usize) -> Memory {
    let store = Store::new();
    for row in 0..repositories {
        store.create(&repository(row));
    }
    let first = repository(0);
    for number in 0..tags {
        let (config, manifest) = image(number);
        store.put_blob(&first, config);
        let digest = store.put_manifest(&first, OCI_MANIFEST, manifest);
        store.tag(&first, &tag(number), digest);
    }
    of(store)
}

/// A registry with this store.
pub fn of(store: Store) -> Memory {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let demo = runtime.block_on(Demo::start(DemoSettings::default(), store)).expect("a registry");
    Memory { demo, _runtime: runtime }
}

/// The name of a tag.
pub fn tag(number: usize) -> String {
    format!("1.{number}.0")
}

/// The path of a tag's manifest in the API of [`distribution`].
pub fn manifest_path(number: usize) -> String {
    format!("bench/app/manifests/{}", tag(number))
}

/// A config and a manifest that no other number has. The manifest names one layer, which is never fetched.
pub fn image(number: usize) -> (Vec<u8>, Vec<u8>) {
    let created = 1_700_000_000 + 3_600 * i64::try_from(number).unwrap_or(0);
    let created = jiff::Timestamp::from_second(created).expect("a date");
    let config = format!(
        r#"{{"created":"{created}","architecture":"amd64","os":"linux","config":{{"Cmd":["app","{number}"]}},"rootfs":{{"type":"layers","diff_ids":["{}"]}},"history":[{{"created_by":"COPY app /"}}]}}"#,
        Digest::sha256(b"layer")
    );
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"{OCI_CONFIG}","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{}","size":5}}]}}"#,
        Digest::sha256(config.as_bytes()),
        config.len(),
        Digest::sha256(b"layer")
    );
    (config.into_bytes(), manifest.into_bytes())
}

/// Debian's docker-registry on a free port, its contents in a folder that goes with it.
pub struct Distribution {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Distribution {
    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts it and fills `bench/app` with `tags` tags.
pub fn distribution(tags: usize) -> Option<Distribution> {
    start(Command::new(peers::find("docker-registry")?), tags)
}

/// The same in a session of its own that only takes the idle time of the processors, as a registry on another machine
/// would. Linux shares out processors by session (sched(7), autogroup).
pub fn distant(tags: usize) -> Option<Distribution> {
    let mut command = Command::new("setsid");
    let server = start(command.arg(peers::find("docker-registry")?), tags)?;
    // It answers, so the session is its own by now.
    let group = format!("/proc/{}/autogroup", server.child.id());
    if let Err(error) = std::fs::write(&group, "19") {
        println!("  {group}: {error}: the registry takes its full share");
    }
    Some(server)
}

fn start(mut command: impl BorrowMut<Command>, tags: usize) -> Option<Distribution> {
    let folder = tempfile::tempdir().expect("a folder");
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let settings = folder.path().join("config.yml");
    let data = folder.path().join("data");
    let yaml = format!(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {}\n  \
         delete:\n    enabled: true\n  cache:\n    blobdescriptor: inmemory\nhttp:\n  addr: 127.0.0.1:{port}\n",
        data.display()
    );
    std::fs::write(&settings, yaml).expect("the settings are written");
    let command = command.borrow_mut().arg("serve").arg(&settings);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let server = Distribution { child: child.expect("docker-registry starts"), port, _folder: folder };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
    runtime.block_on(fill(&server.host(), tags));
    Some(server)
}

async fn fill(host: &str, tags: usize) {
    regtui::client::http::tls::install_crypto();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let base = format!("http://{host}/v2/");
    let deadline = Instant::now() + Duration::from_secs(30);
    while http.get(&base).send().await.is_err() {
        assert!(Instant::now() < deadline, "docker-registry did not answer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    upload(&http, &base, b"layer".to_vec()).await;
    for number in 0..tags {
        let (config, manifest) = image(number);
        upload(&http, &base, config).await;
        let put = http
            .put(format!("{base}bench/app/manifests/{}", tag(number)))
            .header("Content-Type", OCI_MANIFEST);
        let answer = put.body(manifest).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

async fn upload(http: &reqwest::Client, base: &str, blob: Vec<u8>) {
    let digest = Digest::sha256(&blob);
    let post = http.post(format!("{base}bench/app/blobs/uploads/")).header("Content-Length", "0");
    let session = post.send().await.expect("an answer");
    let location =
        session.headers().get("Location").and_then(|value| value.to_str().ok()).expect("a location");
    let joint = if location.contains('?') { '&' } else { '?' };
    let url = format!("{location}{joint}digest={digest}");
    let answer = http.put(url).body(blob).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}

/// Pushes an image with these layers to `bench/app`, under this tag.
pub fn push(host: &str, tag: &str, layers: &[Vec<u8>]) {
    let digests: Vec<Digest> = layers.iter().map(|layer| Digest::sha256(layer)).collect();
    push_with(host, tag, layers, &digests);
}

/// The same with the digests of the uncompressed layers.
pub fn push_with(host: &str, tag: &str, layers: &[Vec<u8>], diff_ids: &[Digest]) {
    let pushed = layers.iter().zip(diff_ids).map(|(bytes, diff_id)| PushedLayer {
        bytes: bytes.clone(),
        diff_id: *diff_id,
        annotations: BTreeMap::new(),
    });
    push_layers(host, tag, pushed.collect());
}

/// A layer to push, of the media type of gzip.
pub struct PushedLayer {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The digest of its uncompressed bytes.
    pub diff_id: Digest,
    /// The annotations of its descriptor.
    pub annotations: BTreeMap<String, String>,
}

/// The same with annotations.
pub fn push_layers(host: &str, tag: &str, layers: Vec<PushedLayer>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let base = format!("http://{host}/v2/");
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": { "Labels": { "tag": tag } },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = config.to_string().into_bytes();
    let described = layers.iter().map(|layer| {
        let media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
        serde_json::json!({
            "mediaType": media_type, "digest": Digest::sha256(&layer.bytes), "size": layer.bytes.len(),
            "annotations": layer.annotations,
        })
    });
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": { "mediaType": OCI_CONFIG, "digest": Digest::sha256(&config), "size": config.len() },
        "layers": described.collect::<Vec<_>>(),
    });
    runtime.block_on(async {
        for blob in layers.into_iter().map(|layer| layer.bytes).chain([config]) {
            upload(&http, &base, blob).await;
        }
        let put = http.put(format!("{base}bench/app/manifests/{tag}")).header("Content-Type", OCI_MANIFEST);
        let answer = put.body(manifest.to_string()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
    });
}
