//! Manifests and configs: docs/REGISTRIES.md §10 rows 16 to 26; docs/RELIABILITY.md C1 to C8, D1, D6.

use bytes::Bytes;
use regtui::client::{Cause, ClientSettings, Priority};
use regtui::demo::faults::Fault;
use regtui::demo::{self, Store};
use regtui::model::digest::Digest;
use regtui::model::manifest::{Body, Descriptor};
use regtui::model::media_type::MediaType;
use regtui::model::reference::{Repository, Selector};
use regtui::ops;

use crate::support::blob;
use crate::support::registry::{Registry, host, name, settings, tag};

const TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

fn store() -> Store {
    let store = Store::new();
    store.image("app").tag("1").tag("latest").config("Cmd", serde_json::json!(["/app"])).push();
    store
}

fn json(body: &str) -> Fault {
    Fault::answer(200, &[("content-type", TYPE)], body.to_string())
}

/// docs/REGISTRIES.md §10 rows 17 and 18, docs/RELIABILITY.md C3.
#[tokio::test]
async fn other_bytes_than_the_digest_says_are_refused_and_not_kept() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1").expect("it is there");
    registry.demo.fault(|request, _| request.path.contains("/manifests/").then_some(Fault::WrongBytes));
    let selector = Selector::Digest(digest);
    let error = registry
        .client
        .manifest(&name("app"), &selector, Priority::Interactive)
        .await
        .expect_err("wrong bytes");
    assert!(
        matches!(&error.cause, Cause::DigestMismatch { expected, .. } if **expected == digest)
            || matches!(error.cause, Cause::BadAnswer(_)),
        "{error}"
    );
    registry.demo.clear_faults();
    assert!(registry.client.manifest(&name("app"), &selector, Priority::Interactive).await.is_ok());
}

#[tokio::test]
async fn a_digest_header_that_lies_about_a_tag_is_not_believed() {
    let registry = Registry::open(store()).await;
    let truth = registry.demo.store().digest_of("app", "1").expect("it is there");
    let lie = format!("sha256:{}", "0".repeat(64));
    registry
        .demo
        .fault(move |_, _| Some(Fault::Headers(vec![("docker-content-digest".into(), Some(lie.clone()))])));
    let manifest =
        registry.client.manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive).await;
    assert_eq!(manifest.expect("a manifest").digest, truth);
}

/// docs/REGISTRIES.md §10 row 16.
#[tokio::test]
async fn if_head_is_refused_get_is_used_and_head_is_not_tried_again() {
    let registry = Registry::open(store()).await;
    let truth = registry.demo.store().digest_of("app", "1").expect("it is there");
    registry.demo.fault(|request, _| (request.method == "HEAD").then(|| Fault::status(405)));
    for _ in 0..3 {
        assert_eq!(
            registry.client.resolve(&name("app"), &tag("1"), Priority::Interactive).await.expect("a digest"),
            truth
        );
    }
    assert_eq!(registry.requests().iter().filter(|line| line.starts_with("HEAD")).count(), 1);
}

#[tokio::test]
async fn a_head_without_a_digest_is_followed_by_a_get() {
    let registry = Registry::open(store()).await;
    let truth = registry.demo.store().digest_of("app", "1").expect("it is there");
    registry.demo.fault(|_, _| Some(Fault::Headers(vec![("docker-content-digest".into(), None)])));
    assert_eq!(
        registry.client.resolve(&name("app"), &tag("1"), Priority::Interactive).await.expect("a digest"),
        truth
    );
}

#[tokio::test]
async fn a_missing_tag_is_reported_in_the_registry_s_words() {
    let registry = Registry::open(store()).await;
    let error = registry
        .client
        .resolve(&name("app"), &tag("none"), Priority::Interactive)
        .await
        .expect_err("no such tag");
    let failure = error.failure("cannot read app:none");
    assert_eq!(failure.kind, regtui::model::failure::FailureKind::NotFound);
    assert!(failure.why.as_str().contains("MANIFEST_UNKNOWN"), "{failure}");
}

/// docs/REGISTRIES.md §10 row 19.
#[tokio::test]
async fn content_types_are_taken_with_parameters_and_without_sense() {
    for content_type in [
        "application/json",
        "text/plain",
        "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
        "APPLICATION/JSON",
    ] {
        let registry = Registry::open(store()).await;
        registry.demo.fault(move |_, _| {
            Some(Fault::Headers(vec![("content-type".into(), Some(content_type.into()))]))
        });
        let manifest =
            registry.client.manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive).await;
        assert!(
            matches!(manifest.as_ref().map(|manifest| &manifest.body), Ok(Body::Image(_))),
            "{content_type}: {manifest:?}"
        );
    }
}

/// docs/REGISTRIES.md §10 row 20, docs/RELIABILITY.md C5.
#[tokio::test]
async fn a_manifest_that_can_be_read_in_two_ways_is_refused() {
    for body in [
        r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","layers":[],"config":{}}"#,
        "[1]",
        "",
        "\u{feff}{}",
    ] {
        let registry = Registry::open(store()).await;
        registry.demo.fault(move |_, _| Some(json(body)));
        let manifest =
            registry.client.manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive).await;
        assert!(manifest.is_err(), "{body}: {manifest:?}");
    }
    let registry = Registry::open(store()).await;
    registry.demo.fault(move |_, _| Some(json(&format!("{{\"layers\":{}", "[".repeat(500_000)))));
    assert!(
        registry
            .client
            .manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive)
            .await
            .is_err()
    );
}

/// docs/REGISTRIES.md §10 row 21, docs/RELIABILITY.md D1.
#[tokio::test]
async fn bodies_without_end_are_refused() {
    let registry = Registry::open(store()).await;
    registry.demo.fault(|_, _| Some(Fault::Endless));
    let error = registry
        .client
        .manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive)
        .await
        .expect_err("endless");
    assert!(matches!(error.cause, Cause::TooLarge(_)), "{error}");
}

/// docs/REGISTRIES.md §10 rows 22 and 23, docs/RELIABILITY.md C8.
#[tokio::test]
async fn an_index_with_missing_and_repeated_children_is_shown_with_the_others() {
    let store = store();
    let image = store.image("app").push();
    let missing = Digest::sha256(b"missing");
    let gone = serde_json::json!({"mediaType": TYPE, "digest": missing, "size": 1, "platform": {"os": "linux", "architecture": "arm64"}});
    store.index("app").child(&image).child(&image).descriptor(gone).tag("multi").push();
    let demo = demo::DemoSettings { sparse_manifests: true, ..demo::DemoSettings::default() };
    let registry = Registry::new(demo, store, settings()).await;
    let repository = Repository { host: host(&registry.demo), name: name("app") };
    let found = ops::inspect::inspect(&registry.client, &repository, &Selector::Tag(tag("multi")), None)
        .await
        .expect("an index");
    let there: Vec<bool> = found.variants.iter().map(|variant| variant.manifest.is_ok()).collect();
    assert_eq!(there, [true, true, false]);
    assert_eq!(found.summary.size, None, "the size of what is missing is not made up");
    let summary = ops::summary::of_tag(&registry.client, &name("app"), &tag("multi"), Priority::Background)
        .await
        .expect("a summary");
    assert_eq!((summary.size, summary.platforms.len()), (None, 2));
}

/// docs/REGISTRIES.md §10 row 24, docs/RELIABILITY.md C2.
#[tokio::test]
async fn digests_out_of_the_grammar_are_never_asked_for() {
    let registry = Registry::open(store()).await;
    let body = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:../../etc/passwd","size":-1},
        "layers":[{"digest":"md5:abc","size":9223372036854775808},{"digest":"SHA256:AA","size":"1"}]}"#;
    registry.demo.fault(move |request, _| request.path.contains("/manifests/").then(|| json(body)));
    let repository = Repository { host: host(&registry.demo), name: name("app") };
    let found = ops::inspect::inspect(&registry.client, &repository, &Selector::Tag(tag("1")), Some(&[]))
        .await
        .expect("an image");
    assert!(found.variants[0].config.as_ref().is_some_and(Result::is_err));
    assert!(!registry.requests().iter().any(|line| line.contains("/blobs/")), "{:?}", registry.requests());
}

/// docs/REGISTRIES.md §10 row 26.
#[tokio::test]
async fn an_invalid_config_hides_itself_and_not_the_image() {
    for body in ["[]", "no json", ""] {
        let store = Store::new();
        let config = store.put_blob("app", body);
        let manifest = serde_json::json!({"schemaVersion": 2, "mediaType": TYPE, "layers": [],
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": body.len()}});
        let digest = store.put_manifest("app", TYPE, manifest.to_string());
        store.tag("app", "1", digest);
        let registry = Registry::open(store).await;
        let summary =
            ops::summary::of_tag(&registry.client, &name("app"), &tag("1"), Priority::Background).await;
        assert_eq!(summary.expect("a summary").digest, digest, "{body}");
        let repository = Repository { host: host(&registry.demo), name: name("app") };
        let found = ops::inspect::inspect(&registry.client, &repository, &Selector::Tag(tag("1")), None)
            .await
            .expect("an image");
        assert!(found.variants[0].config.as_ref().is_some_and(Result::is_err), "{body}");
    }
}

#[tokio::test]
async fn a_406_is_answered_with_fewer_types() {
    let registry = Registry::open(store()).await;
    registry.demo.fault(|request, _| {
        let accept =
            request.headers.get("accept").and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        accept.contains("prettyjws").then(|| Fault::status(406))
    });
    let manifest =
        registry.client.manifest(&name("app"), &Selector::Tag(tag("1")), Priority::Interactive).await;
    assert!(manifest.is_ok());
}

#[tokio::test]
async fn content_is_fetched_once_and_a_second_run_costs_one_head() {
    let folder = tempfile::tempdir().expect("a folder");
    let with_cache = || ClientSettings { cache: Some(folder.path().into()), ..settings() };
    let first = Registry::new(demo::DemoSettings::default(), store(), with_cache()).await;
    let app = name("app");
    for _ in 0..2 {
        ops::summary::of_tag(&first.client, &app, &tag("1"), Priority::Background).await.expect("a summary");
    }
    let lines = first.requests();
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("GET") && line.contains("/blobs/")).count(),
        1,
        "{lines:?}"
    );
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("GET") && line.contains("/manifests/")).count(),
        1,
        "{lines:?}"
    );
    first.pool.flush().await;
    first.demo.forget_requests();
    let second = regtui::client::Pool::new(with_cache()).client(&host(&first.demo));
    ops::summary::of_tag(&second, &app, &tag("1"), Priority::Background).await.expect("a summary");
    assert_eq!(first.requests(), ["HEAD /v2/app/manifests/1"]);
}

#[tokio::test]
async fn the_same_question_twice_at_once_is_asked_once() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1").expect("it is there");
    let gate = regtui::demo::faults::Gate::new();
    let held = gate.clone();
    registry
        .demo
        .fault(move |request, _| request.path.contains("/manifests/").then(|| Fault::Gate(held.clone())));
    let (app, selector) = (name("app"), Selector::Digest(digest));
    let open = async {
        gate.reached_by(1).await;
        gate.open();
    };
    let ask = || registry.client.manifest(&app, &selector, Priority::Interactive);
    let (one, two, ()) = futures_util::join!(ask(), ask(), open);
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn referrers_come_by_the_api_or_by_the_fallback_tag() {
    let store = store();
    let image = store.image("app").tag("signed").push();
    store.artifact("app").kind("application/vnd.example.sbom").subject(&image).push();
    let registry = Registry::open(store).await;
    let found = registry.client.referrers(&name("app"), &image.digest, true).await.expect("referrers");
    assert_eq!(
        (found.descriptors.len(), found.found),
        (1, Some(regtui::model::inspection::ReferrerSource::Api))
    );

    let store = Store::new();
    let image = store.image("app").tag("signed").push();
    let artifact = store.artifact("app").kind("application/vnd.example.sbom").subject(&image).push();
    store.index("app").child(&artifact).tag(format!("sha256-{}", image.digest.hex())).push();
    let demo = demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let registry = Registry::new(demo, store, settings()).await;
    for _ in 0..2 {
        let found = registry.client.referrers(&name("app"), &image.digest, true).await.expect("referrers");
        assert_eq!(
            (found.descriptors.len(), found.found),
            (1, Some(regtui::model::inspection::ReferrerSource::FallbackTag))
        );
    }
    let by_api = registry.requests().iter().filter(|line| line.contains("/referrers/")).count();
    assert_eq!(by_api, 1, "that there is no API is remembered");
}

/// docs/REGISTRIES.md §10 row 6: a single-page application answers 200 to everything.
#[tokio::test]
async fn a_web_page_instead_of_referrers_means_that_there_is_no_api() {
    let registry = Registry::open(store()).await;
    let digest = registry.demo.store().digest_of("app", "1").expect("it is there");
    registry.demo.fault(|request, _| {
        request
            .path
            .contains("/referrers/")
            .then(|| Fault::answer(200, &[("content-type", "text/html")], "<!doctype html>"))
    });
    assert!(
        registry.client.referrers(&name("app"), &digest, true).await.expect("none").descriptors.is_empty()
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// The config of the image `app:1`, and a blob beside it that is a gzip file itself.
async fn config_and_layer(registry: &Registry) -> (Descriptor, Descriptor) {
    let selector = Selector::Tag(tag("1"));
    let manifest = registry.client.manifest(&name("app"), &selector, Priority::Interactive).await;
    let manifest = manifest.expect("a manifest");
    let Body::Image(image) = &manifest.body else { panic!("an image") };
    let layer = Bytes::from(gzip(&blob::content(100_000)));
    registry.demo.store().put_blob("app", layer.clone());
    let media_type = MediaType::new("application/vnd.oci.image.layer.v1.tar+gzip");
    let layer = Descriptor { media_type, ..blob::descriptor(&layer) };
    (image.config.clone().expect("a config"), layer)
}

async fn read(registry: &Registry, descriptor: &Descriptor) -> Result<Vec<u8>, regtui::client::Error> {
    let mut reader = registry.client.read_blob(&name("app"), descriptor, 0)?;
    let mut bytes = Vec::new();
    while let Some(piece) = reader.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// docs/REGISTRIES.md §2.2: storage replays words that are no coding, and names codings that the bytes do not have.
#[tokio::test]
async fn a_content_encoding_that_the_bytes_do_not_have_changes_nothing() {
    for encoding in
        ["aws-chunked", "aws-chunked,", "utf-8", "none", "identity", "gzip", "x-gzip, aws-chunked", "br", ""]
    {
        let registry = Registry::open(store()).await;
        registry.demo.fault(move |_, _| {
            Some(Fault::Headers(vec![("content-encoding".into(), Some(encoding.into()))]))
        });
        let (config, layer) = config_and_layer(&registry).await;
        let found = registry.client.config(&name("app"), &config, Priority::Interactive).await;
        assert!(found.is_ok(), "{encoding}: {found:?}");
        let bytes = read(&registry, &layer).await;
        assert_eq!(bytes.ok().map(|bytes| bytes.len() as u64), layer.size, "{encoding}");
        assert!(registry.client.catalog(None).await.is_ok(), "{encoding}");
    }
}

/// docs/REGISTRIES.md §2.2: a proxy compresses everything, whether asked for or not.
#[tokio::test]
async fn an_answer_that_was_compressed_unasked_is_decompressed_and_checked() {
    for header in [Some("gzip"), Some("x-gzip"), None] {
        let registry = Registry::open(store()).await;
        let (config, layer) = config_and_layer(&registry).await;
        let mut blobs: Vec<(String, Vec<u8>)> = Vec::new();
        for one in [&config, &layer] {
            blobs.push((one.digest_text.clone(), gzip(&read(&registry, one).await.expect("a blob"))));
        }
        let manifest = registry.client.latest_manifest(&name("app"), &tag("1"), Priority::Interactive).await;
        let manifest = gzip(&manifest.expect("a manifest").raw);
        let headers: Vec<(&str, &str)> = header.iter().map(|word| ("content-encoding", *word)).collect();
        let headers: Vec<(String, String)> =
            headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        registry.demo.fault(move |request, _| {
            let blob = blobs.iter().find(|(digest, _)| request.path.ends_with(digest.as_str()));
            let body = match blob {
                Some((_, body)) => body.clone(),
                None if request.path.contains("/manifests/") => manifest.clone(),
                None if request.path == "/v2/_catalog" => gzip(br#"{"repositories":["app"]}"#),
                None => return None,
            };
            Some(Fault::Answer { status: 200, headers: headers.clone(), body: body.into() })
        });
        let fresh = regtui::client::Pool::new(settings()).client(&host(&registry.demo));
        let found = fresh.config(&name("app"), &config, Priority::Interactive).await;
        assert!(found.is_ok(), "{header:?}: {found:?}");
        let selector = Selector::Tag(tag("1"));
        let found = fresh.manifest(&name("app"), &selector, Priority::Interactive).await;
        assert!(found.is_ok(), "{header:?}: {found:?}");
        assert_eq!(fresh.catalog(None).await.expect("a page").items.len(), 1);
        if header.is_some() {
            let bytes = read(&registry, &layer).await;
            assert_eq!(bytes.map(|bytes| bytes.len() as u64).ok(), layer.size, "{header:?}");
        }
    }
}

/// A break in the compressed bytes cannot be resumed by a range of the blob.
#[tokio::test]
async fn a_compressed_blob_that_breaks_off_is_read_from_its_beginning() {
    let registry = Registry::open(store()).await;
    let plain = blob::content(100_000);
    registry.demo.store().put_blob("app", plain.clone());
    let body = gzip(&plain);
    registry.demo.fault(move |request, nth| {
        let range = format!("bytes 60000-{}/{}", body.len() - 1, body.len());
        let coding = ("content-encoding", "gzip");
        Some(match nth {
            1 => Fault::answer(200, &[coding], body[..60_000].to_vec()),
            _ if request.headers.contains_key("range") => {
                Fault::answer(206, &[coding, ("content-range", &range)], body[60_000..].to_vec())
            }
            _ => Fault::answer(200, &[coding], body.clone()),
        })
    });
    let found = read(&registry, &blob::descriptor(&plain)).await.expect("the blob");
    assert!(found == plain, "{:?}", registry.requests());
    assert_eq!(registry.requests().len(), 3, "{:?}", registry.requests());
}

/// docs/RELIABILITY.md D6.
#[tokio::test]
async fn a_body_that_grows_beyond_its_limit_when_decompressed_is_refused() {
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    let registry = Registry::open(store()).await;
    let (config, layer) = config_and_layer(&registry).await;
    registry.demo.fault(move |_, _| Some(Fault::answer(200, &[("content-encoding", "gzip")], bomb.clone())));
    let selector = Selector::Tag(tag("1"));
    let error = registry.client.manifest(&name("app"), &selector, Priority::Interactive).await;
    assert!(matches!(error.expect_err("a bomb").cause, Cause::TooLarge(_)));
    let error = registry.client.catalog(None).await.expect_err("a bomb");
    assert!(matches!(error.cause, Cause::TooLarge(_)), "{error}");
    let error = registry.client.config(&name("app"), &config, Priority::Interactive).await;
    assert!(matches!(error.expect_err("a bomb").cause, Cause::TooLarge(_)));
    let error = read(&registry, &layer).await.expect_err("a bomb");
    assert!(matches!(error.cause, Cause::TooLarge(_)), "{error}");
}

#[tokio::test]
async fn a_compressed_body_that_is_broken_or_unknown_is_an_error_in_words() {
    for (encoding, body) in
        [("gzip", gzip(br#"{"repositories":["app"]}"#)[..20].to_vec()), ("br", vec![0xff, 0xfe, 0x00, 0x01])]
    {
        let registry = Registry::open(store()).await;
        registry
            .demo
            .fault(move |_, _| Some(Fault::answer(200, &[("content-encoding", encoding)], body.clone())));
        let error = registry.client.catalog(None).await.expect_err("no list");
        assert!(error.to_string().contains("compressed"), "{error}");
    }
}

#[tokio::test]
async fn a_compressed_error_is_shown_in_the_registry_s_words() {
    let registry = Registry::open(store()).await;
    registry.demo.fault(|_, _| {
        let body = gzip(br#"{"errors":[{"code":"DENIED","message":"the project is archived"}]}"#);
        Some(Fault::answer(403, &[("content-encoding", "gzip")], body))
    });
    let error = registry.client.catalog(None).await.expect_err("denied");
    assert!(error.to_string().contains("the project is archived"), "{error}");
    registry.demo.fault(|_, _| {
        let body = gzip(&[b"the project is archived ".as_slice(), &vec![b'x'; 8 * 1024 * 1024]].concat());
        Some(Fault::answer(403, &[], body))
    });
    let error = registry.client.catalog(None).await.expect_err("denied").to_string();
    assert!(error.contains("the project is archived") && error.len() < 8_192, "{}", error.len());
}

/// docs/REGISTRIES.md §10 row 19: storage sets the type, and the bytes decide the kind.
#[tokio::test]
async fn the_content_type_of_storage_does_not_decide_what_a_manifest_is() {
    for content_type in ["text/html", "binary/octet-stream", "application/x-json", "image/png", ""] {
        let registry = Registry::open(store()).await;
        registry.demo.fault(move |_, _| {
            Some(Fault::Headers(vec![("content-type".into(), Some(content_type.into()))]))
        });
        for _ in 0..2 {
            let found = registry.client.latest_manifest(&name("app"), &tag("1"), Priority::Interactive).await;
            let found = found.map(|manifest| (manifest.media_type.clone(), manifest.body.clone()));
            assert!(
                matches!(&found, Ok((media_type, Body::Image(_))) if media_type.as_str() == TYPE),
                "{content_type}: {found:?}"
            );
        }
    }
}

/// docs/REGISTRIES.md §2.5.
#[tokio::test]
async fn a_head_that_fails_in_any_way_is_followed_by_one_get() {
    for fault in [400, 404, 410, 415, 500, 502, 0] {
        let registry = Registry::open(store()).await;
        let truth = registry.demo.store().digest_of("app", "1").expect("it is there");
        registry.demo.fault(move |request, _| {
            let fault = if fault == 0 { Fault::Close } else { Fault::status(fault) };
            (request.method == "HEAD").then_some(fault)
        });
        for selector in [Selector::Tag(tag("1")), Selector::Digest(truth)] {
            let found = registry.client.head_manifest(&name("app"), &selector, Priority::Interactive).await;
            let is_missing = fault == 404 && matches!(selector, Selector::Digest(_));
            assert_eq!(found.expect("an answer"), (!is_missing).then_some(truth), "{fault} {selector}");
        }
        let asked = registry.requests();
        assert!(asked.iter().filter(|line| line.starts_with("GET")).count() <= 2, "{fault}: {asked:?}");
        // A connection that breaks is tried again by the HTTP library as well.
        assert!(fault == 0 || asked.len() <= 4, "{fault}: {asked:?}");
    }
}

#[tokio::test]
async fn a_digest_that_only_a_head_names_is_checked_and_not_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let with_cache = || ClientSettings { cache: Some(folder.path().into()), ..settings() };
    let registry = Registry::new(demo::DemoSettings::default(), store(), with_cache()).await;
    let truth = registry.demo.store().digest_of("app", "1").expect("it is there");
    let app = name("app");
    registry.client.latest_manifest(&app, &tag("1"), Priority::Interactive).await.expect("a manifest");
    let lie = format!("sha256:{}", "0".repeat(64));
    registry.demo.fault(move |request, _| {
        let headers = vec![("docker-content-digest".into(), Some(lie.clone()))];
        (request.method == "HEAD").then_some(Fault::Headers(headers))
    });
    registry.client.resolve(&app, &tag("1"), Priority::Interactive).await.expect("a digest");
    let selector = Selector::Digest(truth);
    let found = registry.client.head_manifest(&app, &selector, Priority::Interactive).await;
    assert_eq!(found.expect("an answer"), Some(truth));
    let read = format!("GET /v2/app/manifests/{truth}");
    assert!(registry.requests().contains(&read), "{:?}", registry.requests());
    registry.pool.flush().await;
    let found = registry.client.latest_manifest(&app, &tag("1"), Priority::Interactive).await;
    assert_eq!(found.expect("a manifest").digest, truth);
    registry.demo.clear_faults();
    registry.demo.forget_requests();
    let second = regtui::client::Pool::new(with_cache()).client(&host(&registry.demo));
    let found = second.latest_manifest(&app, &tag("1"), Priority::Interactive).await;
    assert_eq!(found.expect("a manifest").digest, truth);
    assert_eq!(registry.requests(), ["HEAD /v2/app/manifests/1"], "the proven digest was kept");
}
