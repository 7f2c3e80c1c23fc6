//! The registry, judged by the client of another project.

use std::sync::Once;

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::{IMAGE_LAYER_GZIP_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::{Demo, DemoSettings, Store};

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    // Another test of this process may have installed the same one already.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::new(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() })
}

fn reference(demo: &Demo, rest: &str) -> Reference {
    format!("{}/{rest}", demo.address()).parse().expect("a reference")
}

fn layer() -> ImageLayer {
    ImageLayer::new(b"not really a layer".to_vec(), IMAGE_LAYER_GZIP_MEDIA_TYPE.to_owned(), None)
}

#[tokio::test]
async fn an_image_that_oci_client_pushes_comes_back_the_same() {
    let demo = Demo::start(DemoSettings::default(), Store::new()).await.expect("a free port");
    let (client, auth) = (client(), RegistryAuth::Anonymous);
    let image = reference(&demo, "team/app:1.0");
    let config = Config::oci_v1(b"{}".to_vec(), None);
    client.push(&image, &[layer()], config, &auth, None).await.expect("a push");

    let pulled = client.pull(&image, &auth, vec![IMAGE_LAYER_GZIP_MEDIA_TYPE]).await.expect("a pull");
    assert_eq!(pulled.layers[0].data, layer().data);
    let (_, digest) = client.pull_manifest(&image, &auth).await.expect("a manifest");
    assert_eq!(Some(digest), demo.store().digest_of("team/app", "1.0").map(|digest| digest.to_string()));
    let tags = client.list_tags(&image, &auth, None, None).await.expect("tags");
    assert_eq!(tags.tags, ["1.0"]);
    assert_eq!(demo.store().open_uploads(), 0);
}

#[tokio::test]
async fn bytes_that_do_not_match_the_digest_are_refused() {
    let demo = Demo::start(DemoSettings::default(), Store::new()).await.expect("a free port");
    let image = reference(&demo, "team/app:1.0");
    let wrong = format!("sha256:{}", "0".repeat(64));
    let pushed = client().push_blob(&image, b"abc".as_slice(), &wrong).await;
    assert!(pushed.is_err_and(|error| error.to_string().contains("DIGEST_INVALID")));
}

#[tokio::test]
async fn tokens_are_asked_for_and_accepted() {
    let auth = AuthMode::Bearer(TokenIssuer::new(Account::new("ada", "secret")));
    let demo = Demo::start(DemoSettings { auth, ..DemoSettings::default() }, Store::new())
        .await
        .expect("a free port");
    let client = client();
    let image = reference(&demo, "team/app:1.0");
    let ada = RegistryAuth::Basic("ada".to_owned(), "secret".to_owned());
    let config = Config::oci_v1(b"{}".to_vec(), None);
    client.push(&image, &[layer()], config, &ada, None).await.expect("a push by the user");
    client.pull_manifest(&image, &RegistryAuth::Anonymous).await.expect("a pull by anybody");
    let repository = demo.store().repository("team/app").expect("the repository");
    let types: Vec<&str> = repository.manifests.values().map(|manifest| &*manifest.media_type).collect();
    assert_eq!(types, [OCI_IMAGE_MEDIA_TYPE]);
}
