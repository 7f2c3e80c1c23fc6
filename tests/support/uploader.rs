//! Uploads to real registries, and reads from them, in plain HTTP: regtui's own client must not judge its own work.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use regtui::model::digest::Digest;
use regtui::model::media_type::{
    ACCEPT_MANIFESTS, DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST,
};
use serde_json::{Value, json};

use super::servers::Server;

/// Blobs that are pushed side by side: a server waits for its disk with each.
const AT_ONCE: usize = 8;
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

pub struct Uploader {
    http: reqwest::Client,
    base: String,
}

impl Uploader {
    pub fn of(server: &Server) -> Uploader {
        regtui::client::http::tls::install_crypto();
        // No authorities are read, since there is no TLS.
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        Uploader { http, base: format!("http://{}", server.host) }
    }

    pub async fn blob(&self, repository: &str, bytes: &[u8]) -> Value {
        let digest = Digest::sha256(bytes);
        self.stream(repository, &digest, bytes.len() as u64, bytes.to_vec().into()).await
    }

    /// A blob that is never held in memory as a whole.
    pub async fn stream(&self, repository: &str, digest: &Digest, size: u64, body: reqwest::Body) -> Value {
        let start = format!("{}/v2/{repository}/blobs/uploads/", self.base);
        let started = self.http.post(start).header("content-length", "0").send().await.expect("an answer");
        let location =
            started.headers().get("location").and_then(|value| value.to_str().ok()).expect("a location");
        let location =
            if location.starts_with('/') { format!("{}{location}", self.base) } else { location.to_string() };
        let joint = if location.contains('?') { '&' } else { '?' };
        let put = self
            .http
            .put(format!("{location}{joint}digest={digest}"))
            .header("content-type", "application/octet-stream")
            .header("content-length", size);
        let answer = put.body(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        json!({"digest": digest, "size": size})
    }

    pub async fn manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        manifest: &Value,
    ) -> Value {
        let bytes = Bytes::from(manifest.to_string());
        let digest = Digest::sha256(&bytes);
        let size = bytes.len();
        self.put(repository, reference, media_type, bytes).await;
        json!({"mediaType": media_type, "digest": digest, "size": size})
    }

    /// A manifest as these bytes.
    pub async fn put(&self, repository: &str, reference: &str, media_type: &str, bytes: Bytes) {
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.base);
        let put = self.http.put(url).header("content-type", media_type).body(bytes);
        let answer = put.send().await.expect("an answer");
        assert!(
            answer.status().is_success(),
            "{}: {}",
            answer.status(),
            answer.text().await.unwrap_or_default()
        );
    }

    /// Deletes a tag or a digest, and returns the status.
    pub async fn delete(&self, repository: &str, reference: &str) -> u16 {
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.base);
        self.http.delete(url).send().await.expect("an answer").status().as_u16()
    }

    /// An index of two platforms, each of which has a tag of its own and a layer in zstd.
    pub async fn index(&self, repository: &str, tag: &str) {
        let mut children = Vec::new();
        for architecture in ["amd64", "arm64"] {
            let mut child =
                self.image(repository, &format!("part-{architecture}"), false, architecture).await;
            child["platform"] = json!({"os": "linux", "architecture": architecture});
            children.push(child);
        }
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children});
        self.manifest(repository, tag, OCI_INDEX, &index).await;
    }

    pub async fn image(
        &self,
        repository: &str,
        reference: &str,
        is_docker: bool,
        architecture: &str,
    ) -> Value {
        let (manifest_type, config_type, layer_type) = if is_docker {
            (DOCKER_MANIFEST, DOCKER_CONFIG, "application/vnd.docker.image.rootfs.diff.tar.gzip")
        } else {
            (OCI_MANIFEST, OCI_CONFIG, "application/vnd.oci.image.layer.v1.tar+zstd")
        };
        let layer = format!("layer of {architecture}").into_bytes();
        let mut layer = self.blob(repository, &if is_docker { layer } else { zstd(&layer) }).await;
        layer["mediaType"] = json!(layer_type);
        let config = json!({"os": "linux", "architecture": architecture, "created": "2025-05-01T00:00:00Z",
            "config": {"Cmd": ["/app"]}, "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(b"x")]},
            "history": [{"created_by": "COPY app /"}, {"created_by": "CMD [\"/app\"]", "empty_layer": true}]});
        let mut config = self.blob(repository, config.to_string().as_bytes()).await;
        config["mediaType"] = json!(config_type);
        let manifest =
            json!({"schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": [layer]});
        self.manifest(repository, reference, manifest_type, &manifest).await
    }

    /// An image of these layers, which the registry has already.
    pub async fn image_of(&self, repository: &str, tag: &str, layers: &[Value]) -> Value {
        let diff_ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
        let config = json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        let mut config = self.blob(repository, config.to_string().as_bytes()).await;
        config["mediaType"] = json!(OCI_CONFIG);
        let mut layers = layers.to_vec();
        layers.iter_mut().for_each(|layer| layer["mediaType"] = json!(OCI_LAYER));
        let manifest =
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
        self.manifest(repository, tag, OCI_MANIFEST, &manifest).await
    }

    /// A manifest with a config of this type and blobs of these, each with bytes of its own.
    pub async fn plain(
        &self,
        repository: &str,
        tag: Option<&str>,
        config_type: &str,
        layer_types: &[&str],
        subject: Option<&Value>,
    ) -> Value {
        let mut config = self.blob(repository, br#"{"os":"linux","architecture":"amd64"}"#).await;
        config["mediaType"] = json!(config_type);
        let layers = layer_types.iter().enumerate().map(|(number, layer_type)| async move {
            let mut layer = self.blob(repository, format!("{number} of {config_type}").as_bytes()).await;
            layer["mediaType"] = json!(layer_type);
            layer
        });
        let layers: Vec<Value> = stream::iter(layers).buffered(AT_ONCE).collect().await;
        let mut manifest =
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
        if let Some(subject) = subject {
            manifest["subject"] = subject.clone();
        }
        let digest = Digest::sha256(manifest.to_string().as_bytes()).to_string();
        self.manifest(repository, tag.unwrap_or(&digest), OCI_MANIFEST, &manifest).await
    }

    /// Whether there is a referrers API.
    pub async fn lists_referrers(&self, repository: &str, digest: &str) -> bool {
        let url = format!("{}/v2/{repository}/referrers/{digest}", self.base);
        self.http.get(url).send().await.expect("an answer").status().is_success()
    }

    /// The names of the tags of a repository.
    pub async fn tags(&self, repository: &str) -> Vec<Value> {
        let url = format!("{}/v2/{repository}/tags/list", self.base);
        let answer = self.http.get(url).send().await.expect("an answer");
        let list: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        list["tags"].as_array().cloned().unwrap_or_default()
    }

    /// Returns the manifest unchanged, if it exists.
    pub async fn read(&self, repository: &str, reference: &str) -> Option<Bytes> {
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.base);
        let answer = self.http.get(url).header("accept", ACCEPT_MANIFESTS).send().await.expect("an answer");
        match answer.status().as_u16() {
            404 => None,
            200 => Some(answer.bytes().await.expect("a body")),
            other => panic!("{other}: {}", answer.text().await.unwrap_or_default()),
        }
    }
}

/// A few bytes as a frame of zstd with one block that is not compressed: RFC 8878.
fn zstd(content: &[u8]) -> Vec<u8> {
    let size = u8::try_from(content.len()).expect("a few bytes");
    let is_last = 1;
    let block = (u32::from(size) << 3 | is_last).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, size], &block[..3], content].concat()
}
