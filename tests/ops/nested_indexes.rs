//! Indexes within indexes: their images are found, summed up, copied and deleted like those of the index itself.

use regtui::client::Priority;
use regtui::demo::Store;
use regtui::demo::faults::Fault;
use regtui::demo::image::PushedImage;
use regtui::model::change::copy::CopyRequest;
use regtui::model::digest::Digest;
use regtui::model::inspection::Inspection;
use regtui::model::platform::Platform;
use regtui::model::reference::{Repository, Selector};
use regtui::model::summary::Summary;
use regtui::ops::{inspect, summary};
use serde_json::json;

use crate::support::copying::Sides;
use crate::support::registry::{Registry, host, name, tag};

async fn look(registry: &Registry, at: &str) -> Inspection {
    let repository = Repository { host: host(&registry.demo), name: name("app") };
    let found = inspect::inspect(&registry.client, &repository, &Selector::Tag(tag(at)), None).await;
    found.expect("an image")
}

async fn row(registry: &Registry, at: &str) -> Summary {
    let found = summary::of_tag(&registry.client, &name("app"), &tag(at), Priority::Background).await;
    found.expect("a summary")
}

/// Both ways to look at an image, which agree.
async fn summed(store: &Store) -> Summary {
    let registry = Registry::open(store.clone()).await;
    let (inspection, row) = (look(&registry, "1").await, row(&registry, "1").await);
    assert_eq!(inspection.summary, row, "the row and the details agree");
    row
}

fn image(store: &Store, architecture: &str, created: &str) -> PushedImage {
    store.image("app").platform("linux", architecture).created(created).push()
}

/// An index of the image and its attestation, listed under the platform of the image.
fn with_attestation(store: &Store, image: &PushedImage) -> PushedImage {
    let index = store.index("app").child(image).attestation(image).push();
    PushedImage { platform: image.platform.clone(), ..index }
}

/// The index of two platforms, each an index of the image and its attestation.
fn nested(store: &Store) -> [PushedImage; 2] {
    let images =
        [image(store, "amd64", "2021-01-01T00:00:00Z"), image(store, "arm64", "2024-06-01T00:00:00Z")];
    let [amd64, arm64] = [&images[0], &images[1]].map(|image| with_attestation(store, image));
    store.index("app").child(&amd64).child(&arm64).tag("1").push();
    images
}

fn names(found: &Inspection) -> Vec<String> {
    found.variants.iter().filter_map(|variant| Some(variant.platform.as_ref()?.to_string())).collect()
}

#[tokio::test]
async fn the_images_of_inner_indexes_are_shown_with_their_attestations_and_summed_up() {
    let store = Store::new();
    let images = nested(&store);
    let flat = Store::new();
    let [amd64, arm64] =
        [image(&flat, "amd64", "2021-01-01T00:00:00Z"), image(&flat, "arm64", "2024-06-01T00:00:00Z")];
    flat.index("app").child(&amd64).child(&arm64).tag("1").push();
    let registry = Registry::open(store.clone()).await;
    let found = look(&registry, "1").await;
    assert_eq!(names(&found), ["linux/amd64", "linux/arm64"]);
    for (variant, image) in found.variants.iter().zip(&images) {
        assert_eq!(variant.manifest.as_ref().map(|manifest| manifest.digest), Ok(image.digest));
        assert_eq!((variant.within.len(), variant.referrers.len()), (1, 1));
    }
    let (nested, flat) = (summed(&store).await, summed(&flat).await);
    assert_eq!((nested.size, nested.created, &nested.platforms), (flat.size, flat.created, &flat.platforms));
    assert!(nested.size.is_some_and(|size| size > 0));
}

#[tokio::test]
async fn inner_indexes_without_a_platform_or_a_type_are_read_too() {
    let store = Store::new();
    let inner = store.index("app").child(&image(&store, "amd64", "2024-01-01T00:00:00Z")).push();
    let deeper = store.index("app").child(&image(&store, "s390x", "2025-01-01T00:00:00Z")).push();
    let deep = store
        .index("app")
        .docker()
        .child(&deeper)
        .child(&image(&store, "arm64", "2023-01-01T00:00:00Z"))
        .push();
    let untyped = json!({"digest": inner.digest.to_string(), "size": inner.size});
    store.index("app").descriptor(untyped).child(&deep).tag("1").push();
    let registry = Registry::open(store.clone()).await;
    let found = look(&registry, "1").await;
    assert_eq!(names(&found), ["linux/amd64", "linux/s390x", "linux/arm64"]);
    let depths: Vec<usize> = found.variants.iter().map(|variant| variant.within.len()).collect();
    assert_eq!(depths, [1, 2, 1]);
    let row = summed(&store).await;
    assert_eq!((row.platforms.len(), row.size.is_some()), (3, true));
    assert_eq!(row.created.map(|created| created.to_string()).as_deref(), Some("2025-01-01T00:00:00Z"));
}

/// The name of a case, and the content that it puts into the store.
type Case<'a> = (&'a str, &'a dyn Fn(&Store));

#[tokio::test]
async fn a_sum_over_parts_that_were_not_read_is_not_known() {
    let gone = |store: &Store| {
        let image = image(store, "amd64", "2024-01-01T00:00:00Z");
        let digest = Digest::sha256(b"gone");
        let missing = json!({
            "mediaType": "application/vnd.oci.image.index.v1+json", "size": 7, "digest": digest.to_string(),
            "platform": {"os": "linux", "architecture": "s390x"},
        });
        store.index("app").child(&image).descriptor(missing).tag("1").push();
    };
    let chain = |store: &Store| {
        let mut top = image(store, "amd64", "2024-01-01T00:00:00Z");
        for _ in 0..20 {
            top = store.index("app").child(&top).push();
        }
        store.index("app").child(&top).tag("1").push();
    };
    let only_attestations = |store: &Store| {
        let image = image(store, "amd64", "2024-01-01T00:00:00Z");
        let inner = store.index("app").attestation(&image).push();
        store.index("app").child(&inner).tag("1").push();
    };
    let no_digest = |store: &Store| {
        let image = image(store, "amd64", "2024-01-01T00:00:00Z");
        store.index("app").child(&image).descriptor(json!({"digest": "sha256:xx"})).tag("1").push();
    };
    let fan = |store: &Store| {
        // Ten entries a level: a million images, of which few are read.
        let mut top = image(store, "amd64", "2024-01-01T00:00:00Z");
        for _ in 0..6 {
            let mut index = store.index("app");
            for _ in 0..10 {
                index = index.child(&top);
            }
            top = index.push();
        }
        store.index("app").child(&top).tag("1").push();
    };
    let cases: [Case; 5] = [
        ("an inner index is gone", &gone),
        ("too deep", &chain),
        ("an inner index lists attestations only", &only_attestations),
        ("a child without a digest", &no_digest),
        ("more images than are read", &fan),
    ];
    for (case, build) in cases {
        let store = Store::new();
        build(&store);
        assert_eq!(summed(&store).await.size, None, "{case}");
        let registry = Registry::open(store.clone()).await;
        look(&registry, "1").await;
        assert!(registry.requests().len() < 200, "{case}: the number of requests has an end");
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_named_in_the_summary() {
    let store = Store::new();
    nested(&store);
    let registry = Registry::open(store.clone()).await;
    registry.demo.fault(|request, _| request.path.contains("/blobs/").then(|| Fault::status(403)));
    let (row, found) = (row(&registry, "1").await, look(&registry, "1").await);
    let said: Vec<String> = row.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!((said.len(), said[0].starts_with("cannot read the config")), (2, true), "{said:?}");
    assert!(row.size.is_some(), "the manifests tell the sizes");
    assert_eq!(found.summary.unreadable, row.unreadable);
}

#[tokio::test]
async fn a_copy_brings_everything_in_inner_indexes() {
    let store = Store::new();
    let images = nested(&store);
    let sides = Sides::of(store).await;
    sides.copy(&sides.request(&["1"])).await;
    sides.is_same("1");
    images.iter().for_each(|image| sides.is_there(&image.digest));
}

#[tokio::test]
async fn a_platform_is_copied_out_of_inner_indexes() {
    let platform = |text: &str| Platform::parse(text).expect("a platform");
    let store = Store::new();
    let [amd64, arm64, s390x] =
        ["amd64", "arm64", "s390x"].map(|machine| image(&store, machine, "2024-01-01T00:00:00Z"));
    // An index for each platform, with its attestation.
    let inner = with_attestation(&store, &arm64);
    store.index("app").child(&with_attestation(&store, &amd64)).child(&inner).tag("each").push();
    // Inner indexes that are listed without a platform, one of them with two.
    let both = store.index("app").child(&amd64).child(&arm64).push();
    let other = store.index("app").child(&s390x).push();
    store.index("app").child(&both).child(&other).tag("parts").push();
    store.index("app").child(&both).tag("one").push();
    let table = [
        ("each", "linux/arm64", inner.digest),
        ("parts", "linux/arm64", arm64.digest),
        ("parts", "linux/s390x", other.digest),
        ("one", "linux/amd64", amd64.digest),
    ];
    for (at, requested, expected) in table {
        let sides = Sides::of(store.clone()).await;
        let request = CopyRequest { platforms: vec![platform(requested)], ..sides.request(&[at]) };
        let (plan, _) = sides.copy(&request).await;
        assert_eq!(sides.there(at), Some(expected), "{at} {requested}: {:?}", plan.platforms());
    }
    let sides = Sides::of(store).await;
    let request = CopyRequest { platforms: vec![platform("windows/amd64")], ..sides.request(&["parts"]) };
    let refused = format!("{:?}", sides.plan(&request).await);
    assert!(refused.contains("only linux/amd64, linux/arm64, linux/s390x"), "{refused}");
}
