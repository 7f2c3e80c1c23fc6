//! Docker's images in real registries after their conversion to OCI, as another tool reads them.

use regtui::demo::manifest::media_type;
use regtui::demo::{DemoSettings, Store};
use regtui::model::digest::Digest;

use crate::support::shell::{Shell, open};
use crate::support::{servers, skopeo};

/// A Docker list of two Docker images, the first with a layer of its own type.
fn docker_list() -> Store {
    let store = Store::new();
    let mut list = store.index("team/app").docker().tag("1");
    for architecture in ["amd64", "arm64"] {
        list = list.child(&store.image("team/app").docker().platform("linux", architecture).push());
    }
    list.push();
    store
}

/// skopeo checks the digest of everything that it reads. The converted manifests differ, configs and layers do not.
#[tokio::test(flavor = "multi_thread")]
async fn skopeo_reads_a_converted_list_with_the_same_blobs() {
    let store = docker_list();
    let from = open(DemoSettings::default(), store.clone()).await;
    let memory = open(DemoSettings::default(), Store::new()).await;
    let servers = servers::all();
    let hosts = servers.iter().map(|server| server.host.to_string());
    for host in hosts.chain([memory.address().to_string()]) {
        let source = format!("{}/team/app:1", from.address());
        let arguments = ["copy", &source, &host, "--format", "oci", "--json"];
        let ended = Shell::new().run(&arguments).await;
        ended.assert_code(0);
        let document = ended.json();
        let converted = document["plan"]["converted"].as_array().cloned().unwrap_or_default();
        assert_eq!(converted.len(), 3, "{document}");
        assert_eq!(converted[2]["media_type"], media_type::OCI_INDEX);
        let digest = |text: &serde_json::Value| -> Digest {
            text.as_str().and_then(|text| text.parse().ok()).expect("a digest")
        };
        let Some(read) = skopeo::read(&format!("{host}/team/app:1")).await else { return };
        let blobs =
            store.repository("team/app").expect("the source").blobs.keys().copied().collect::<Vec<_>>();
        let mut expected: Vec<Digest> =
            converted.iter().map(|one| digest(&one["digest"])).chain(blobs).collect();
        expected.sort();
        assert_eq!(read.digests(), expected, "{host}");
    }
}
