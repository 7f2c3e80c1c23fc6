//! Manifests, configs and lists of referrers with more elements than regtui keeps: the rest is counted, and no change
//! relies on a part.

use regtui::client::Priority;
use regtui::demo::Store;
use regtui::model::capped::MOST;
use regtui::model::digest::Digest;
use regtui::model::manifest::Manifest;
use regtui::model::media_type::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use regtui::model::reference::{Repository, Selector};
use regtui::ops::{inspect, summary};

use crate::support::copying::Sides;
use crate::support::registry::{Registry, host, name, tag};

/// As many layers as requested, each of another digest.
fn layers(count: usize, size: u64) -> String {
    let layer =
        |number: usize| format!(r#"{{"digest":"{}","size":{size}}}"#, Digest::sha256(&number.to_be_bytes()));
    (0..count).map(layer).collect::<Vec<_>>().join(",")
}

fn image(layers: &str, config: Digest) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"{OCI_CONFIG}","digest":"{config}","size":2}},"layers":[{layers}]}}"#
    )
}

fn store(manifest: &str, media_type: &str) -> Store {
    let store = Store::new();
    store.put_blob("app", "{}");
    let digest = store.put_manifest("app", media_type, manifest.to_string());
    store.tag("app", "v1", digest);
    store
}

fn app(registry: &Registry) -> Repository {
    Repository { host: host(&registry.demo), name: name("app") }
}

#[tokio::test]
async fn more_layers_than_are_kept_are_counted_and_nothing_is_said_of_their_size() {
    let manifest = image(&layers(MOST + 2_000, 5), Digest::sha256(b"{}"));
    let registry = Registry::open(store(&manifest, OCI_MANIFEST)).await;
    let found = inspect::inspect(&registry.client, &app(&registry), &Selector::Tag(tag("v1")), None).await;
    let inspection = found.expect("it is shown");
    let variant = &inspection.variants[0];
    assert_eq!((variant.layers.rows.len(), variant.layers.left_out), (MOST, 2_000));
    assert_eq!((variant.layers.size(), variant.size, inspection.summary.size), (None, None, None));
    let (name, tag) = (name("app"), tag("v1"));
    let row = summary::of_tag(&registry.client, &name, &tag, Priority::Background);
    assert_eq!(row.await.expect("a row").size, None);
}

#[tokio::test]
async fn sums_that_no_number_holds_are_the_same_everywhere() {
    let store = Store::new();
    store.put_blob("app", "{}");
    let child = |from: usize| {
        let layer = |number: usize| {
            format!(r#"{{"digest":"{}","size":{}}}"#, Digest::sha256(&number.to_be_bytes()), 1_u64 << 50)
        };
        let layers = (from..from + 9_000).map(layer).collect::<Vec<_>>().join(",");
        store.put_manifest("app", OCI_MANIFEST, image(&layers, Digest::sha256(b"{}")))
    };
    let children = [child(0), child(9_000)]
        .map(|digest| format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":9}}"#));
    let index =
        format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{}]}}"#, children.join(","));
    let digest = store.put_manifest("app", OCI_INDEX, index);
    store.tag("app", "v1", digest);
    let registry = Registry::open(store).await;
    let found = inspect::inspect(&registry.client, &app(&registry), &Selector::Tag(tag("v1")), None).await;
    let inspection = found.expect("it is shown");
    assert_eq!(inspection.summary.size, Some(u64::MAX));
    let (name, tag) = (name("app"), tag("v1"));
    let row = summary::of_tag(&registry.client, &name, &tag, Priority::Background);
    assert_eq!(row.await.expect("a row").size, Some(u64::MAX));
    for variant in &inspection.variants {
        assert_eq!(variant.layers.size(), Some(9_000 << 50));
    }
}

#[tokio::test]
async fn an_image_that_is_not_kept_whole_is_not_copied() {
    let manifest = image(&layers(MOST + 1, 5), Digest::sha256(b"{}"));
    let sides = Sides::of(store(&manifest, OCI_MANIFEST)).await;
    let plan = sides.plan(&sides.request(&["v1"])).await;
    let said = match plan {
        Err(failure) => failure.why.to_string(),
        Ok(plan) => format!("{plan:?}"),
    };
    assert!(said.contains("lists more than 10000 descriptors"), "{said}");
    assert!(!sides.to.requests().iter().any(|line| line.starts_with("PUT") || line.starts_with("POST")));
}

#[tokio::test]
async fn an_index_that_is_not_kept_whole_is_no_reason_to_delete_its_children() {
    let child = |number: usize| {
        let digest = Digest::sha256(&number.to_be_bytes());
        format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":5}}"#)
    };
    let children: Vec<String> = (0..=MOST).map(child).collect();
    let index =
        format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{}]}}"#, children.join(","));
    let manifest = Manifest::parse(index.into(), None).expect("an index");
    assert!(!manifest.is_whole());
    let whole = children[..MOST].join(",");
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{whole}]}}"#);
    assert!(Manifest::parse(index.into(), None).expect("an index").is_whole());
}

#[tokio::test]
async fn more_referrers_than_are_kept_are_counted_for_the_eye_and_fail_a_change() {
    let store = store(&image("", Digest::sha256(b"{}")), OCI_MANIFEST);
    let subject = Digest::sha256(image("", Digest::sha256(b"{}")).as_bytes());
    let registry = Registry::open(store).await;
    let entry = |number: usize| {
        let digest = Digest::sha256(&number.to_be_bytes());
        format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":5,"artifactType":"a/b"}}"#)
    };
    let all = (0..MOST + 7).map(entry).collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{all}]}}"#);
    registry.demo.fault(move |request, _| {
        request.path.contains("/referrers/").then(|| regtui::demo::faults::Fault::Answer {
            status: 200,
            headers: vec![("content-type".into(), OCI_INDEX.into())],
            body: body.clone().into(),
        })
    });
    let shown = registry.client.first_referrers(&name("app"), &subject, false).await.expect("they are shown");
    assert_eq!((shown.descriptors.len(), shown.descriptors.left_out()), (MOST, 7));
    let strict = registry.client.referrers(&name("app"), &subject, false).await;
    let why = strict.expect_err("a change must not act on a part").cause.to_string();
    assert!(why.contains("10007 referrers"), "{why}");
}
