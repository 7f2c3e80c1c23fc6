//! Blobs: read in parts, and pushed in every way that the specification has.

use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::digest::{Digest, Hasher};

use super::wire::{Answer, Wire};

const BLOB: &[u8] = b"0123456789";

/// `path?query&digest=`, as a client has to append it.
fn with_digest(location: &str, digest: Digest) -> String {
    format!("{location}&digest={digest}")
}

async fn start_upload(wire: &Wire) -> String {
    let answer = wire.send("POST", "/v2/a/blobs/uploads/", &[], "").await;
    assert_eq!((answer.status, answer.header("range")), (202, "0-0"));
    answer.header("location").to_owned()
}

fn stored(wire: &Wire, digest: Digest) -> bool {
    wire.demo.store().repository("a").is_some_and(|repository| repository.blobs.contains_key(&digest))
}

async fn patch(wire: &Wire, location: &str, range: &str, body: &str) -> Answer {
    wire.send("PATCH", location, &[("content-range", range)], body).await
}

#[tokio::test]
async fn parts_of_a_blob_are_told_as_such() {
    let store = Store::new();
    let digest = store.put_blob("a", BLOB);
    let wire = Wire::open(store).await;
    let path = format!("/v2/a/blobs/{digest}");
    let table = [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-1", 206, "9", "bytes 9-9/10"),
        ("bytes=0-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=0-1,4-5", 200, "0123456789", ""),
    ];
    for (range, status, body, content_range) in table {
        let answer = wire.send("GET", &path, &[("range", range)], "").await;
        assert_eq!((answer.status, answer.header("content-range")), (status, content_range), "{range}");
        assert_eq!(answer.body, body.as_bytes(), "{range}");
    }
    let outside = wire.send("GET", &path, &[("range", "bytes=10-")], "").await;
    assert_eq!((outside.status, outside.header("content-range")), (416, "bytes */10"));
    let head = wire.send("HEAD", &path, &[], "").await;
    assert_eq!((head.status, head.header("content-length")), (200, "10"));
    assert_eq!(head.header("docker-content-digest"), digest.to_string());
}

#[tokio::test]
async fn a_registry_without_ranges_answers_with_the_whole_blob() {
    let store = Store::new();
    let digest = store.put_blob("a", BLOB);
    let wire = Wire::new(DemoSettings { blob_ranges: false, ..DemoSettings::default() }, store).await;
    for range in ["bytes=2-4", "bytes=10-"] {
        let answer = wire.send("GET", &format!("/v2/a/blobs/{digest}"), &[("range", range)], "").await;
        assert_eq!((answer.status, answer.header("content-range")), (200, ""), "{range}");
        assert_eq!((&answer.body[..], answer.header("accept-ranges")), (BLOB, ""), "{range}");
    }
}

#[tokio::test]
async fn a_large_layer_is_made_as_it_is_read_and_matches_its_digest() {
    let store = Store::new();
    let layer = DemoLayer::large("web assets");
    store.image("a").layer("COPY dist /", layer.clone()).push();
    let wire = Wire::open(store).await;
    let path = format!("/v2/a/blobs/{}", layer.digest);
    let whole = wire.get(&path).await;
    assert_eq!((whole.status, whole.header("content-length")), (200, layer.size().to_string().as_str()));
    let mut hasher = Hasher::sha256();
    hasher.update(&whole.body);
    assert_eq!(hasher.finish(), layer.digest);
    let part = wire.send("GET", &path, &[("range", "bytes=65000-200000")], "").await;
    assert_eq!(part.status, 206);
    assert!(part.body == whole.body[65_000..=200_000]);
}

#[tokio::test]
async fn a_blob_is_pushed_in_one_request() {
    let wire = Wire::open(Store::new()).await;
    let digest = Digest::sha256(BLOB);
    let pushed = wire.send("POST", &format!("/v2/a/blobs/uploads/?digest={digest}"), &[], BLOB).await;
    assert_eq!((pushed.status, pushed.header("docker-content-digest")), (201, digest.to_string().as_str()));
    assert_eq!(wire.get(pushed.header("location")).await.body, BLOB);
}

#[tokio::test]
async fn a_blob_is_pushed_by_post_and_put() {
    for relative_locations in [false, true] {
        let wire =
            Wire::new(DemoSettings { relative_locations, ..DemoSettings::default() }, Store::new()).await;
        let location = start_upload(&wire).await;
        assert_eq!(location.starts_with('/'), relative_locations);
        let digest = Digest::Sha512([0; 64]).same_algorithm_of(BLOB);
        let pushed = wire.send("PUT", &with_digest(&location, digest), &[], BLOB).await;
        assert_eq!(pushed.status, 201);
        assert!(stored(&wire, digest));
    }
}

#[tokio::test]
async fn a_blob_is_pushed_in_chunks_that_have_to_be_in_order() {
    let wire = Wire::open(Store::new()).await;
    let location = start_upload(&wire).await;
    let first = patch(&wire, &location, "0-3", "0123").await;
    assert_eq!((first.status, first.header("range")), (202, "0-3"));
    let gap = patch(&wire, first.header("location"), "6-7", "67").await;
    assert_eq!((gap.status, gap.header("range")), (416, "0-3"));
    let again = patch(&wire, first.header("location"), "0-3", "0123").await;
    assert_eq!(again.status, 416);
    let status = wire.get(gap.header("location")).await;
    assert_eq!((status.status, status.header("range")), (204, "0-3"));
    let second = patch(&wire, status.header("location"), "4-7", "4567").await;
    assert_eq!((second.status, second.header("range")), (202, "0-7"));
    let digest = Digest::sha256(BLOB);
    let done = wire
        .send("PUT", &with_digest(second.header("location"), digest), &[("content-range", "8-9")], "89")
        .await;
    assert_eq!(done.status, 201);
    assert!(stored(&wire, digest));
    assert_eq!(wire.get(&location).await.refusal(), "404 BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_blob_is_pushed_as_a_stream_of_unknown_length() {
    let wire = Wire::open(Store::new()).await;
    let location = start_upload(&wire).await;
    let pieces = BLOB.chunks(3).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let sent = Answer::of(wire.request("PATCH", &location).body(body).send().await.expect("an answer")).await;
    assert_eq!((sent.status, sent.header("range")), (202, "0-9"));
    let digest = Digest::sha256(BLOB);
    assert_eq!(wire.send("PUT", &with_digest(sent.header("location"), digest), &[], "").await.status, 201);
    assert!(stored(&wire, digest));
}

#[tokio::test]
async fn uploads_that_do_not_add_up_are_refused() {
    let wire = Wire::open(Store::new()).await;
    let digest = Digest::sha256(BLOB);
    let location = start_upload(&wire).await;
    let bare = location.split('?').next().expect("a path");
    assert_eq!(
        wire.send("PUT", &format!("{bare}?digest={digest}"), &[], BLOB).await.refusal(),
        "400 BLOB_UPLOAD_INVALID"
    );
    assert_eq!(wire.send("PUT", &location, &[], BLOB).await.refusal(), "400 DIGEST_INVALID");
    assert_eq!(
        wire.send("PUT", &format!("{location}&digest=md5:1"), &[], BLOB).await.refusal(),
        "400 DIGEST_INVALID"
    );
    assert_eq!(patch(&wire, &location, "bytes 0-9", "0123456789").await.refusal(), "400 BLOB_UPLOAD_INVALID");
    assert_eq!(patch(&wire, &location, "0-8", "0123456789").await.refusal(), "400 BLOB_UPLOAD_INVALID");
    let elsewhere = location.replace("/v2/a/", "/v2/b/");
    assert_eq!(wire.get(&elsewhere).await.refusal(), "404 BLOB_UPLOAD_UNKNOWN");
    let wrong =
        wire.send("PUT", &with_digest(&start_upload(&wire).await, digest), &[], "something else").await;
    assert_eq!(wrong.refusal(), "400 DIGEST_INVALID");
    assert!(!stored(&wire, digest));
}

#[tokio::test]
async fn an_upload_that_is_given_up_is_gone() {
    let wire = Wire::open(Store::new()).await;
    let location = start_upload(&wire).await;
    assert_eq!(wire.demo.store().open_uploads(), 1);
    assert_eq!(wire.send("DELETE", &location, &[], "").await.status, 204);
    assert_eq!(wire.demo.store().open_uploads(), 0);
    assert_eq!(wire.send("DELETE", &location, &[], "").await.refusal(), "404 BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_blob_that_is_too_large_is_refused_while_it_comes() {
    let wire = Wire::new(DemoSettings { blob_limit: 9, ..DemoSettings::default() }, Store::new()).await;
    let location = start_upload(&wire).await;
    assert_eq!(wire.send("PATCH", &location, &[], BLOB).await.refusal(), "413 SIZE_INVALID");
}

#[tokio::test]
async fn a_mount_needs_no_bytes_and_one_that_fails_becomes_an_upload() {
    let store = Store::new();
    let digest = store.put_blob("from", BLOB);
    let path = format!("/v2/a/blobs/uploads/?mount={digest}");
    let wire = Wire::open(store.clone()).await;
    let mounted = wire.send("POST", &format!("{path}&from=from"), &[], "").await;
    assert_eq!(mounted.status, 201);
    assert!(stored(&wire, digest));
    assert_eq!(wire.demo.store().open_uploads(), 0);

    store.remove("a");
    assert_eq!(wire.get(&format!("/v2/a/blobs/{digest}")).await.refusal(), "404 NAME_UNKNOWN");
    let refusing = Wire::new(DemoSettings { mounts: false, ..DemoSettings::default() }, store).await;
    for (wire, query) in [(&wire, ""), (&wire, "&from=unknown"), (&refusing, "&from=from")] {
        let upload = wire.send("POST", &format!("{path}{query}"), &[], "").await;
        assert_eq!(upload.status, 202, "{query}");
        assert!(!stored(wire, digest));
        assert_eq!(
            wire.send("PUT", &with_digest(upload.header("location"), digest), &[], BLOB).await.status,
            201
        );
        wire.demo.store().remove("a");
    }
}

#[tokio::test]
async fn a_blob_is_deleted_from_one_repository_alone() {
    let store = Store::new();
    let digest = store.put_blob("a", BLOB);
    store.put_blob("b", BLOB);
    let wire = Wire::open(store).await;
    assert_eq!(wire.send("DELETE", &format!("/v2/a/blobs/{digest}"), &[], "").await.status, 202);
    assert_eq!(
        wire.send("DELETE", &format!("/v2/a/blobs/{digest}"), &[], "").await.refusal(),
        "404 BLOB_UNKNOWN"
    );
    assert_eq!(wire.get(&format!("/v2/b/blobs/{digest}")).await.status, 200);
}
