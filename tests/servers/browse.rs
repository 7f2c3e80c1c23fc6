//! The same client on real registries. Which ones: those in PATH; `REGTUI_REQUIRE_SERVERS=distribution2,distribution3,zot`
//! makes a missing one a failure.

use regtui::client::{Client, Lane, Pool};
use regtui::model::digest::Digest;
use regtui::model::manifest::Body;
use regtui::model::media_type::{DOCKER_CONFIG, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use regtui::model::reference::{Repository, Selector};
use regtui::model::summary::Kind;
use regtui::ops;
use serde_json::{Value, json};

use crate::support::registry::{name, settings, tag};
use crate::support::servers::{self, Server};

/// Uploads in plain HTTP, so that our own client judges nothing of its own making.
struct Uploader {
    http: reqwest::Client,
    base: String,
}

impl Uploader {
    fn of(server: &Server) -> Uploader {
        regtui::client::tls::install();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Uploader { http, base: format!("http://{}", server.host) }
    }

    async fn blob(&self, repository: &str, bytes: &[u8]) -> Value {
        let digest = Digest::sha256(bytes);
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
            .header("content-type", "application/octet-stream");
        let answer = put.body(bytes.to_vec()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        json!({"digest": digest, "size": bytes.len()})
    }

    async fn manifest(&self, repository: &str, reference: &str, media_type: &str, manifest: &Value) -> Value {
        let bytes = manifest.to_string();
        let url = format!("{}/v2/{repository}/manifests/{reference}", self.base);
        let put = self.http.put(url).header("content-type", media_type).body(bytes.clone());
        let answer = put.send().await.expect("an answer");
        assert!(
            answer.status().is_success(),
            "{}: {}",
            answer.status(),
            answer.text().await.unwrap_or_default()
        );
        json!({"mediaType": media_type, "digest": Digest::sha256(bytes.as_bytes()), "size": bytes.len()})
    }

    async fn image(&self, repository: &str, reference: &str, is_docker: bool, architecture: &str) -> Value {
        let (manifest_type, config_type, layer_type) = match is_docker {
            true => (DOCKER_MANIFEST, DOCKER_CONFIG, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
            false => (OCI_MANIFEST, OCI_CONFIG, "application/vnd.oci.image.layer.v1.tar+zstd"),
        };
        let mut layer = self.blob(repository, format!("layer of {architecture}").as_bytes()).await;
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
}

async fn fill(server: &Server) {
    let uploader = Uploader::of(server);
    uploader.image("team/app", "1.0.0", false, "amd64").await;
    uploader.image("team/app", "latest", false, "amd64").await;
    uploader.image("team/app", "1.0.0-docker", true, "amd64").await;
    let mut children = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let mut child =
            uploader.image("team/multi", &format!("part-{architecture}"), false, architecture).await;
        child["platform"] = json!({"os": "linux", "architecture": architecture});
        children.push(child);
    }
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children});
    uploader.manifest("team/multi", "2.0", OCI_INDEX, &index).await;
    for number in 0..120 {
        uploader.image(&format!("many/r{number:03}"), "1", false, "amd64").await;
    }
}

async fn catalog(client: &Client) -> Vec<String> {
    let (mut names, mut next) = (Vec::new(), None);
    loop {
        let page = client.catalog(next).await.expect("a page");
        assert!(page.incomplete.is_none(), "{:?}", page.incomplete);
        names.extend(page.items.iter().map(|item| item.text().to_string()));
        next = page.next;
        if next.is_none() {
            return names;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_registries_are_browsed() {
    for server in servers::all() {
        fill(&server).await;
        println!("browsing {}", server.name);
        let client = Pool::new(settings()).client(&server.host);
        client.ping().await.expect(server.name);
        // olareg has no catalog unless it is told to; what it says then must be an error that opens the prompt.
        match client.catalog(None).await {
            Ok(_) => assert_eq!(catalog(&client).await.len(), 122, "{}", server.name),
            Err(error) => {
                assert_eq!(server.name, "olareg", "{error}");
                assert_eq!(error.failure("x").kind, regtui::model::failure::FailureKind::NotFound);
            }
        }
        let tags = client.tags(&name("team/app"), None).await.expect("a page");
        let mut tags: Vec<&str> = tags.items.iter().map(|item| item.text()).collect();
        tags.sort_unstable();
        assert_eq!(tags, ["1.0.0", "1.0.0-docker", "latest"], "{}", server.name);
        look_into(&client, &server).await;
    }
}

async fn look_into(client: &Client, server: &Server) {
    let app = name("team/app");
    let by_tag = client.latest(&app, &tag("1.0.0"), Lane::Interactive).await.expect(server.name);
    let digest = client.resolve(&app, &tag("latest"), Lane::Interactive).await.expect(server.name);
    assert_eq!(by_tag.digest, digest, "{}: both tags name one image", server.name);
    let by_digest =
        client.manifest(&app, &Selector::Digest(digest), Lane::Interactive).await.expect(server.name);
    assert_eq!(by_digest.raw, by_tag.raw);
    let docker = client.latest(&app, &tag("1.0.0-docker"), Lane::Interactive).await.expect(server.name);
    assert!(matches!(docker.body, Body::Image(_)));

    let summary =
        ops::summary::of_tag(client, &app, &tag("1.0.0"), Lane::Background).await.expect(server.name);
    assert!(summary.size.is_some() && summary.created.is_some() && summary.platforms.len() == 1);
    let repository = Repository { host: server.host.clone(), name: name("team/multi") };
    let found = ops::inspect::inspect(client, &repository, &Selector::Tag(tag("2.0")), None)
        .await
        .expect(server.name);
    assert_eq!((&found.summary.kind, found.variants.len()), (&Kind::Index, 2), "{}", server.name);
    assert!(found.variants.iter().all(|variant| variant.config.as_ref().is_some_and(Result::is_ok)));
    assert!(
        found.variants.iter().all(|variant| variant.layers.rows.len() == 2 && !variant.layers.approximate)
    );

    let missing = client.latest(&app, &tag("none"), Lane::Interactive).await.expect_err("no such tag");
    assert_eq!(
        missing.failure("x").kind,
        regtui::model::failure::FailureKind::NotFound,
        "{}: {missing}",
        server.name
    );
    let nowhere = client.tags(&name("no/such"), None).await;
    assert!(nowhere.is_err() || nowhere.is_ok_and(|page| page.items.is_empty()), "{}", server.name);
}
