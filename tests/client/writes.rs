//! Manifests put, tags and manifests deleted, blobs looked for and mounted: docs/REGISTRIES.md §7 and §8,
//! docs/REGISTRIES.md §10 rows 31 to 36.

use std::sync::{Arc, Mutex};

use regtui::client::http::log::Sink;
use regtui::client::{BlobSource, Cause, ClientSettings, Mount, Pool, Priority};
use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::{self, Fault};
use regtui::demo::{self, Store};
use regtui::model::digest::Digest;
use regtui::model::manifest::Descriptor;
use regtui::model::reference::Selector;
use regtui::model::server::Ability;

use crate::support::registry::{Registry, host, logins, name, settings, tag};

fn store() -> Store {
    let store = Store::new();
    store.image("app").tag("1").tag("latest").push();
    store
}

fn descriptor(digest: Digest, size: u64, media_type: &str) -> Descriptor {
    Descriptor {
        media_type: media_type.into(),
        digest: Some(digest),
        digest_text: digest.to_string(),
        size: Some(size),
        platform: None,
        artifact_type: None,
        urls: Default::default(),
        annotations: Default::default(),
    }
}

fn by_tag(text: &str) -> Selector {
    Selector::Tag(tag(text))
}

/// The digest of `app:1`.
fn had(registry: &Registry) -> Digest {
    registry.demo.store().digest_of("app", "1").expect("a digest")
}

#[tokio::test]
async fn a_manifest_is_put_byte_for_byte_under_another_tag() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1").expect("it is there");
    let (app, client) = (name("app"), &registry.client);
    let manifest = client.manifest(&app, &by_tag("1"), Priority::Interactive).await.expect("a manifest");
    let pushed = client.put_manifest(&app, &by_tag("2"), &manifest).await.expect("it is put");
    assert_eq!((pushed.digest, pushed.is_subject_recognized), (digest, false));
    assert_eq!(registry.demo.store().digest_of("app", "2"), Some(digest));
    let put = registry.demo.requests().into_iter().find(|request| request.method == "PUT").expect("a PUT");
    assert_eq!(put.header("content-type"), Some(manifest.media_type.as_str()));
}

#[tokio::test]
async fn untagging_one_of_two_aliases_leaves_the_other() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1");
    let had = digest.expect("a digest");
    registry.client.untag(&name("app"), &tag("1"), had).await.expect("it is untagged");
    assert_eq!(registry.demo.store().tags("app"), ["latest"]);
    assert_eq!(registry.demo.store().digest_of("app", "latest"), digest);
    assert_eq!(registry.client.deletes().by_tag, Ability::Yes);
    assert_eq!(registry.requests(), ["DELETE /v2/app/manifests/1"]);
}

/// docs/REGISTRIES.md §7.2: nothing else is tried behind the user's back.
#[tokio::test]
async fn if_a_tag_cannot_be_deleted_nothing_else_is() {
    for (status, body, is_unsupported) in [
        (405, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#, true),
        (400, r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#, true),
        (400, r#"{"errors":[{"code":"TAG_INVALID"}]}"#, true),
        (501, "", true),
        (400, r#"{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}"#, false),
        (412, r#"{"errors":[{"code":"PRECONDITION","message":"configured as immutable"}]}"#, false),
        (405, r#"{"errors":[{"code":"REGISTRY_DISALLOWED_OPERATION"}]}"#, false),
        (403, r#"{"errors":[{"code":"DENIED"}]}"#, false),
        (404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#, false),
    ] {
        let registry = Registry::open(store()).await;
        registry
            .demo
            .fault(move |request, _| (request.method == "DELETE").then(|| Fault::answer(status, &[], body)));
        let error =
            registry.client.untag(&name("app"), &tag("1"), had(&registry)).await.expect_err("it is refused");
        assert_eq!(error.is_unsupported(), is_unsupported, "{status} {body}");
        assert_eq!(matches!(registry.client.deletes().by_tag, Ability::No(_)), is_unsupported, "{body}");
        assert_eq!(registry.demo.store().tags("app"), ["1", "latest"]);
        assert_eq!(registry.requests().len(), 1, "{:?}", registry.requests());
    }
}

#[tokio::test]
async fn deleting_a_manifest_takes_its_tags_along() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1").expect("it is there");
    registry.client.delete_manifest(&name("app"), &digest).await.expect("it is deleted");
    assert!(registry.demo.store().tags("app").is_empty());
    let selector = Selector::Digest(digest);
    let found = registry.client.head_manifest(&name("app"), &selector, Priority::Interactive).await;
    assert_eq!(found.expect("an answer"), None);
}

#[tokio::test]
async fn a_delete_whose_answer_is_lost_has_happened() {
    let registry = Registry::open(store()).await;
    let store = registry.demo.store().clone();
    registry.demo.fault(move |request, nth| {
        (request.method == "DELETE" && nth == 1).then(|| {
            store.untag("app", "1");
            Fault::Close
        })
    });
    registry.client.untag(&name("app"), &tag("1"), had(&registry)).await.expect("it is gone");
    let deletes = registry.requests().into_iter().filter(|line| line.starts_with("DELETE ")).count();
    assert_eq!(deletes, 1, "{:?}", registry.requests());
}

#[tokio::test]
async fn a_blob_is_there_or_not() {
    let registry = Registry::open(Store::new()).await;
    let digest = registry.demo.store().put_blob("app", "content");
    let ask = |digest: Digest| {
        let client = registry.client.clone();
        async move { client.head_blob(&name("app"), &digest, Priority::Blob).await.expect("an answer") }
    };
    assert_eq!(ask(digest).await, Some(7));
    assert_eq!(ask(Digest::sha256(b"other")).await, None);
}

/// docs/REGISTRIES.md §10 row 31.
#[tokio::test]
async fn a_mount_moves_no_byte_or_opens_an_upload() {
    let registry = Registry::open(Store::new()).await;
    let digest = registry.demo.store().put_blob("base", "content");
    let mount = registry.client.mount_blob(&name("app"), &digest, Some(&name("base"))).await;
    assert!(matches!(mount, Ok(Mount::Mounted)), "{mount:?}");
    assert!(registry.demo.store().repository("app").is_some_and(|app| app.blobs.contains_key(&digest)));

    let demo = demo::DemoSettings { mounts: false, ..demo::DemoSettings::default() };
    let registry = Registry::new(demo, registry.demo.store().clone(), settings()).await;
    let mount = registry.client.mount_blob(&name("other"), &digest, Some(&name("base"))).await;
    let Ok(Mount::Opened(upload)) = mount else { panic!("{mount:?}") };
    assert_eq!((registry.requests().len(), registry.demo.store().open_uploads()), (1, 1));
    assert!(upload.close().await);
    assert_eq!(registry.demo.store().open_uploads(), 0);
}

/// A registry with tokens, and a client with the login for it.
async fn with_tokens(store: Store) -> Registry {
    let bearer = TokenIssuer { anonymous_pull: false, ..TokenIssuer::new(Account::new("ann", "CANARY7")) };
    let demo = demo::DemoSettings { auth: AuthMode::Bearer(bearer), ..demo::DemoSettings::default() };
    let mut registry = Registry::new(demo, store, settings()).await;
    let credentials = logins(&[(&host(&registry.demo), "ann:CANARY7")]);
    registry.pool = Pool::new(ClientSettings { credentials, ..settings() });
    registry.client = registry.pool.client(&host(&registry.demo));
    registry
}

/// The scopes of the token requests so far.
fn scopes(registry: &Registry) -> Vec<String> {
    let requests = registry.demo.requests();
    let tokens = requests.iter().filter(|request| request.path == "/token");
    let scopes = |query: &str| {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let scopes: Vec<_> =
            pairs.filter(|(name, _)| name == "scope").map(|(_, scope)| scope.into_owned()).collect();
        scopes.join(" ")
    };
    tokens.map(|request| scopes(&request.query)).collect()
}

/// docs/REGISTRIES.md §4.4.
#[tokio::test]
async fn each_write_asks_for_the_right_that_it_needs() {
    let store = store();
    let digest = store.put_blob("base", "content");
    let registry = with_tokens(store).await;
    let (app, client) = (name("app"), &registry.client);
    let manifest = client.manifest(&app, &by_tag("1"), Priority::Interactive).await.expect("a manifest");
    client.put_manifest(&app, &by_tag("2"), &manifest).await.expect("it is put");
    let mount = client.mount_blob(&app, &digest, Some(&name("base"))).await;
    assert!(matches!(mount, Ok(Mount::Mounted)), "{mount:?}");
    client.untag(&app, &tag("2"), manifest.digest).await.expect("it is untagged");
    let source = BlobSource::Bytes("blob".into());
    let blob = Digest::sha256(b"blob");
    let blob = descriptor(blob, 4, "application/octet-stream");
    client.push_blob(&app, &blob, &source, &Arc::default()).await.expect("it is pushed");
    assert_eq!(
        scopes(&registry),
        [
            "repository:app:pull",
            "repository:app:pull,push",
            "repository:app:pull,push repository:base:pull",
            "repository:app:delete",
        ]
    );
}

/// Quay fails if `delete` is asked for: docs/REGISTRIES.md §4.4.
#[tokio::test]
async fn if_the_right_to_delete_is_refused_the_right_to_push_is_asked_for() {
    let registry = with_tokens(store()).await;
    registry.demo.fault(|request, _| {
        (request.path == "/token" && request.query.contains("delete")).then(|| Fault::status(400))
    });
    registry
        .client
        .untag(&name("app"), &tag("1"), had(&registry))
        .await
        .expect_err("the demo registry wants the right");
    assert_eq!(scopes(&registry).last().map(String::as_str), Some("repository:app:pull,push"));
    assert!(registry.client.tags(&name("app"), None).await.is_ok(), "the login is as good as before");
}

#[tokio::test]
async fn a_write_is_not_tried_without_the_login() {
    let registry = with_tokens(store()).await;
    registry.demo.fault(|request, _| {
        (request.path == "/token" && request.query.contains("push")).then(|| Fault::status(403))
    });
    let manifest = registry.client.manifest(&name("app"), &by_tag("1"), Priority::Interactive).await;
    let put = registry.client.put_manifest(&name("app"), &by_tag("2"), &manifest.expect("a manifest")).await;
    assert_eq!(put.expect_err("it is denied").cause.status(), Some(403));
    let requests = registry.demo.requests();
    let anonymous = requests.iter().filter(|request| request.path == "/token");
    assert!(anonymous.into_iter().all(|request| request.header("authorization").is_some()));
}

#[tokio::test]
async fn the_request_log_names_the_methods_of_writes() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let sink = Sink::new(move |line| kept.lock().expect("a lock").push(line.method));
    let demo = demo::DemoSettings { mounts: false, ..demo::DemoSettings::default() };
    let registry = Registry::new(demo, store(), ClientSettings { sink, ..settings() }).await;
    let (app, client) = (name("app"), &registry.client);
    let manifest = client.manifest(&app, &by_tag("1"), Priority::Interactive).await.expect("a manifest");
    client.put_manifest(&app, &by_tag("2"), &manifest).await.expect("it is put");
    client.start_upload(&app).await.expect("an upload").close().await;
    assert_eq!(*lines.lock().expect("a lock"), ["GET", "PUT", "POST", "DELETE"]);
}

/// docs/REGISTRIES.md §10 row 33.
#[tokio::test]
async fn a_refused_manifest_is_refused_once_in_the_registry_s_words() {
    let demo = demo::DemoSettings { immutable_tags: true, ..demo::DemoSettings::default() };
    let registry = Registry::new(demo, store(), settings()).await;
    registry.demo.store().image("app").tag("other").config("Cmd", serde_json::json!(["/x"])).push();
    let (app, client) = (name("app"), &registry.client);
    let other = client.manifest(&app, &by_tag("other"), Priority::Interactive).await.expect("a manifest");
    registry.demo.forget_requests();
    let error = client.put_manifest(&app, &by_tag("1"), &other).await.expect_err("it is immutable");
    assert!(error.is_protected() && !error.is_unsupported(), "{error}");
    let puts = registry.requests().iter().filter(|line| line.starts_with("PUT")).count();
    assert_eq!(puts, 1);
}

#[tokio::test]
async fn a_digest_that_the_server_names_after_a_put_is_held_against_the_bytes() {
    let registry = Registry::open(store()).await;
    let (app, client) = (name("app"), &registry.client);
    let manifest = client.manifest(&app, &by_tag("1"), Priority::Interactive).await.expect("a manifest");
    let lie = Digest::sha256(b"other").to_string();
    registry.demo.fault(faults::digest_header(Digest::sha256(b"other")));
    let put = client.put_manifest(&app, &by_tag("3"), &manifest).await.expect("the bytes are there");
    assert_eq!(put.digest, manifest.digest);
    registry.demo.fault(move |request, _| {
        (request.method == "PUT").then(|| Fault::answer(201, &[("docker-content-digest", &lie)], ""))
    });
    let error = client.put_manifest(&app, &by_tag("2"), &manifest).await.expect_err("it is another");
    assert!(matches!(error.cause, Cause::DigestMismatch { .. }), "{error}");
}

#[tokio::test]
async fn after_a_write_the_tag_has_the_digest_that_was_put() {
    let registry = Registry::open(store()).await;
    let store = registry.demo.store();
    store.image("app").tag("next").config("Cmd", serde_json::json!(["/x"])).push();
    let (app, client) = (name("app"), &registry.client);
    client.latest_manifest(&app, &tag("1"), Priority::Interactive).await.expect("a manifest");
    let next = client.latest_manifest(&app, &tag("next"), Priority::Interactive).await.expect("a manifest");
    client.put_manifest(&app, &by_tag("1"), &next).await.expect("it is put");
    registry.demo.forget_requests();
    let now = client.latest_manifest(&app, &tag("1"), Priority::Interactive).await.expect("a manifest");
    assert_eq!(now.digest, next.digest);
    assert_eq!(registry.requests(), ["HEAD /v2/app/manifests/1"]);
    client.untag(&app, &tag("1"), next.digest).await.expect("it is untagged");
    registry.demo.forget_requests();
    client.latest_manifest(&app, &tag("1"), Priority::Interactive).await.expect_err("it is gone");
    assert_eq!(registry.requests(), ["GET /v2/app/manifests/1"]);
}

#[tokio::test]
async fn a_probe_tells_which_deletes_the_server_supports_and_deletes_nothing() {
    for (by_tag, by_digest) in [(true, true), (false, true), (true, false), (false, false)] {
        let demo = demo::DemoSettings {
            delete_by_tag: by_tag,
            delete_by_digest: by_digest,
            ..demo::DemoSettings::default()
        };
        let registry = Registry::new(demo, store(), settings()).await;
        let deletes = registry.client.probe_deletes(&name("app")).await.expect("an answer");
        assert_eq!((deletes.by_tag == Ability::Yes, deletes.by_digest == Ability::Yes), (by_tag, by_digest));
        assert_eq!(registry.demo.store().tags("app"), ["1", "latest"]);
        registry.demo.forget_requests();
        assert_eq!(registry.client.probe_deletes(&name("app")).await.expect("an answer"), deletes);
        assert!(registry.requests().is_empty(), "what is known is not asked");
        assert_eq!(registry.client.ping().await.expect("a server").deletes, deletes);
    }
    let registry = Registry::open(store()).await;
    registry.demo.fault(|request, _| (request.method == "DELETE").then(|| Fault::status(403)));
    registry.client.probe_deletes(&name("app")).await.expect_err("it may not be asked");
    assert_eq!(registry.client.deletes(), Default::default());
}

/// Distribution-spec § Pushing Manifests with Subject.
#[tokio::test]
async fn a_registry_says_whether_it_lists_a_referrer_itself() {
    for referrers in [true, false] {
        let store = Store::new();
        let image = store.image("app").tag("1").push();
        let artifact = store.artifact("app").kind("application/vnd.example.sbom").subject(&image).push();
        let demo = demo::DemoSettings { referrers, ..demo::DemoSettings::default() };
        let registry = Registry::new(demo, store, settings()).await;
        let (app, client) = (name("app"), &registry.client);
        let selector = Selector::Digest(artifact.digest);
        let manifest = client.manifest(&app, &selector, Priority::Interactive).await.expect("a manifest");
        let pushed = client.put_manifest(&app, &selector, &manifest).await.expect("it is put");
        assert_eq!(pushed.is_subject_recognized, referrers);
    }
}
