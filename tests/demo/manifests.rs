//! Manifests: read, pushed, deleted.

use regtui::demo::faults::LateDelete;
use regtui::demo::image::PushedImage;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::digest::Digest;

use super::wire::Wire;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn store() -> (Store, PushedImage) {
    let store = Store::new();
    let image =
        store.image("team/app").layer("COPY a /", DemoLayer::of(&[("a", "a")])).tag("1").tag("latest").push();
    (store, image)
}

fn bytes_of(store: &Store, image: &PushedImage) -> Vec<u8> {
    store.repository("team/app").expect("it is there").manifests[&image.digest].bytes.to_vec()
}

#[tokio::test]
async fn a_manifest_is_the_same_by_tag_and_by_digest_and_head_says_all_but_the_body() {
    let (store, image) = store();
    let bytes = bytes_of(&store, &image);
    let wire = Wire::open(store).await;
    for reference in ["1", &image.digest.to_string()] {
        for method in ["GET", "HEAD"] {
            let answer = wire.send(method, &format!("/v2/team/app/manifests/{reference}"), &[], "").await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), OCI);
            assert_eq!(answer.header("docker-content-digest"), image.digest.to_string());
            assert_eq!(answer.header("content-length"), image.size.to_string());
            assert_eq!(answer.body, if method == "GET" { bytes.clone() } else { Vec::new() });
        }
    }
    let known = format!("\"{}\"", image.digest);
    assert_eq!(
        wire.send("GET", "/v2/team/app/manifests/1", &[("if-none-match", &known)], "").await.status,
        304
    );
}

#[tokio::test]
async fn missing_content_and_invalid_names_are_answered_with_their_error_codes() {
    let wire = Wire::open(store().0).await;
    let zeros = format!("sha256:{}", "0".repeat(64));
    let table = [
        ("/v2/team/app/manifests/none".to_owned(), "404 MANIFEST_UNKNOWN"),
        (format!("/v2/team/app/manifests/{zeros}"), "404 MANIFEST_UNKNOWN"),
        ("/v2/team/none/manifests/1".to_owned(), "404 NAME_UNKNOWN"),
        ("/v2/team/app/manifests/.bad".to_owned(), "400 TAG_INVALID"),
        ("/v2/team/app/manifests/sha256:0".to_owned(), "400 DIGEST_INVALID"),
        ("/v2/TEAM/manifests/1".to_owned(), "400 NAME_INVALID"),
        (format!("/v2/team/app/blobs/{zeros}"), "404 BLOB_UNKNOWN"),
        ("/v2/team/app/nothing/1".to_owned(), "404 NOT_FOUND"),
    ];
    for (path, refusal) in table {
        assert_eq!(wire.get(&path).await.refusal(), refusal, "{path}");
    }
}

#[tokio::test]
async fn wrong_methods_are_answered_with_the_allowed_ones() {
    let wire = Wire::open(store().0).await;
    let table = [
        ("POST", "/v2/", "GET, HEAD"),
        ("DELETE", "/v2/_catalog", "GET"),
        ("PUT", "/v2/team/app/tags/list", "GET"),
        ("POST", "/v2/team/app/manifests/1", "GET, HEAD, PUT, DELETE"),
        ("GET", "/v2/team/app/blobs/uploads/", "POST"),
        ("POST", "/v2/team/app/blobs/uploads/id", "GET, PATCH, PUT, DELETE"),
    ];
    for (method, path, allowed) in table {
        let answer = wire.send(method, path, &[], "").await;
        assert_eq!(
            (answer.refusal().as_str(), answer.header("allow")),
            ("405 UNSUPPORTED", allowed),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn the_same_bytes_under_a_new_tag_are_a_retag() {
    let (store, image) = store();
    let bytes = bytes_of(&store, &image);
    let wire = Wire::open(store).await;
    let put = wire.send("PUT", "/v2/team/app/manifests/2", &[("content-type", OCI)], bytes).await;
    assert_eq!((put.status, put.header("docker-content-digest")), (201, image.digest.to_string().as_str()));
    assert_eq!(wire.demo.store().digest_of("team/app", "2"), Some(image.digest));
}

#[tokio::test]
async fn a_push_that_does_not_add_up_is_refused_and_changes_nothing() {
    let (store, image) = store();
    let bytes = bytes_of(&store, &image);
    let zeros = Digest::Sha256([0; 32]);
    let missing_blob = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{zeros}","size":2}},"layers":[]}}"#
    );
    let missing_child =
        format!(r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{OCI}","digest":"{zeros}","size":2}}]}}"#);
    let both = missing_child.replace("\"manifests\"", "\"layers\":[],\"manifests\"");
    let wire = Wire::open(store).await;
    let by_zeros = format!("/v2/team/app/manifests/{zeros}");
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    let table: [(&str, &str, Vec<u8>, &str); 10] = [
        ("/v2/team/app/manifests/x", OCI, missing_blob.clone().into(), "404 MANIFEST_BLOB_UNKNOWN"),
        ("/v2/team/app/manifests/x", INDEX, missing_child.into(), "404 MANIFEST_BLOB_UNKNOWN"),
        ("/v2/other/app/manifests/x", OCI, bytes.clone(), "404 MANIFEST_BLOB_UNKNOWN"),
        ("/v2/team/app/manifests/x", INDEX, both.into(), "400 MANIFEST_INVALID"),
        ("/v2/team/app/manifests/x", INDEX, bytes.clone(), "400 MANIFEST_INVALID"),
        ("/v2/team/app/manifests/x", "text/plain", "{}".into(), "400 MANIFEST_INVALID"),
        ("/v2/team/app/manifests/x", OCI, "{".into(), "400 MANIFEST_INVALID"),
        ("/v2/team/app/manifests/x", OCI, large, "413 MANIFEST_INVALID"),
        ("/v2/team/app/manifests/-x", OCI, bytes.clone(), "400 TAG_INVALID"),
        (&by_zeros, OCI, bytes, "400 DIGEST_INVALID"),
    ];
    for (path, media_type, body, refusal) in table {
        let answer = wire.send("PUT", path, &[("content-type", media_type)], body).await;
        assert_eq!(answer.refusal(), refusal, "{path} {media_type}");
    }
    assert_eq!(wire.demo.store().tags("team/app"), ["1", "latest"]);
    assert_eq!(wire.demo.store().repositories(), ["team/app"]);

    let sparse = DemoSettings { sparse_manifests: true, ..DemoSettings::default() };
    let wire = Wire::new(sparse, Store::new()).await;
    let answer = wire.send("PUT", "/v2/new/manifests/x", &[("content-type", OCI)], missing_blob).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn a_tag_is_deleted_alone_and_a_digest_with_all_its_tags() {
    let (store, image) = store();
    let wire = Wire::open(store).await;
    let by_digest = format!("/v2/team/app/manifests/{}", image.digest);
    wire.demo.store().tag("team/app", "2", image.digest);
    assert_eq!(wire.send("DELETE", "/v2/team/app/manifests/2", &[], "").await.status, 202);
    assert_eq!(wire.demo.store().tags("team/app"), ["1", "latest"]);
    assert_eq!(wire.get(&by_digest).await.status, 200);
    assert_eq!(wire.send("DELETE", &by_digest, &[], "").await.status, 202);
    assert_eq!(wire.demo.store().tags("team/app"), [""; 0]);
    assert_eq!(wire.send("DELETE", &by_digest, &[], "").await.refusal(), "404 MANIFEST_UNKNOWN");
    assert_eq!(wire.get("/v2/team/app/manifests/1").await.refusal(), "404 MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn requests_that_a_setting_forbids_are_refused() {
    let (store, image) = store();
    let other = store.image("team/app").created("2026-01-01T00:00:00Z").push();
    let bytes = bytes_of(&store, &other);
    let settings = DemoSettings {
        delete_by_tag: false,
        delete_by_digest: false,
        delete_blobs: false,
        immutable_tags: true,
        ..DemoSettings::default()
    };
    let wire = Wire::new(settings, store).await;
    let digest = image.digest;
    for path in ["manifests/1".to_owned(), format!("manifests/{digest}"), format!("blobs/{digest}")] {
        let answer = wire.send("DELETE", &format!("/v2/team/app/{path}"), &[], "").await;
        assert_eq!(answer.refusal(), "405 UNSUPPORTED", "{path}");
    }
    let overwrite = wire.send("PUT", "/v2/team/app/manifests/1", &[("content-type", OCI)], bytes).await;
    assert_eq!(overwrite.refusal(), "400 TAG_INVALID");
    assert_eq!(wire.demo.store().digest_of("team/app", "1"), Some(digest));
}

#[tokio::test]
async fn a_delete_by_digest_may_keep_the_tags_that_go_on_serving_the_image() {
    let (store, image) = store();
    let settings = DemoSettings { delete_keeps_tags: true, ..DemoSettings::default() };
    let wire = Wire::new(settings, store).await;
    let by_digest = format!("/v2/team/app/manifests/{}", image.digest);
    let delete = async |path: &str| wire.send("DELETE", path, &[], "").await.status;
    assert_eq!(delete(&by_digest).await, 202);
    assert_eq!(wire.get(&by_digest).await.refusal(), "404 MANIFEST_UNKNOWN");
    for tag in ["1", "latest"] {
        let path = format!("/v2/team/app/manifests/{tag}");
        assert_eq!(wire.get(&path).await.header("docker-content-digest"), image.digest.to_string());
        assert_eq!(delete(&path).await, 202);
        assert_eq!(wire.get(&path).await.refusal(), "404 MANIFEST_UNKNOWN");
    }
    assert!(wire.demo.store().repository("team/app").expect("it is there").manifests.is_empty());
}

#[tokio::test]
async fn a_delete_may_be_taken_and_done_when_more_requests_have_come() {
    let (store, image) = store();
    let settings = DemoSettings { deletes_late: Some(LateDelete::Requests(2)), ..DemoSettings::default() };
    let wire = Wire::new(settings, store).await;
    let by_digest = format!("/v2/team/app/manifests/{}", image.digest);
    assert_eq!(wire.send("DELETE", &by_digest, &[], "").await.status, 202);
    for status in [200, 200, 404, 404] {
        assert_eq!(wire.get(&by_digest).await.status, status);
    }
    let missing = wire.send("DELETE", &by_digest, &[], "").await;
    assert_eq!(missing.refusal(), "404 MANIFEST_UNKNOWN");
}
