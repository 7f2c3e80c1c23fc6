//! Copies with Docker's manifests converted to OCI, for registries that accept no Docker manifests.

use regtui::demo::Store;
use regtui::demo::faults::Fault;
use regtui::demo::image::PushedImage;
use regtui::demo::manifest::{Contents, media_type};
use regtui::model::change::ChangeRequest;
use regtui::model::change::copy::{CopyPlan, CopyRequest, ManifestFormat, What};
use regtui::model::change::progress::{Outcome, Report};
use regtui::model::digest::Digest;
use regtui::model::platform::Platform;
use regtui::model::reference::Selector;
use regtui::ops::change;

use crate::support::copying::{Sides, layer, outcome};

const DOCKER_ZSTD: &str = "application/vnd.docker.image.rootfs.diff.tar.zstd";

/// A Docker image as `docker`; a Docker list of a Docker image, an OCI image and an attestation as `list`; an OCI index of
/// that Docker image as `mixed`; an OCI image as `oci`.
fn images() -> (Store, PushedImage) {
    let store = Store::new();
    store.image("app").docker().layer_type(DOCKER_ZSTD).layer("COPY d /", layer(1, 900)).tag("docker").push();
    let platform = |os, architecture| store.image("app").platform(os, architecture);
    let child = platform("linux", "amd64").docker().layer("COPY a /", layer(2, 800)).push();
    let other = platform("linux", "arm64").layer("COPY b /", layer(3, 700)).push();
    store.index("app").docker().child(&child).child(&other).attestation(&child).tag("list").push();
    store.index("app").child(&child).annotation("org.example", "kept").tag("mixed").push();
    store.image("app").layer("COPY o /", layer(4, 600)).tag("oci").push();
    (store, child)
}

/// Copies go to a registry that accepts no Docker manifests.
async fn to_oci_only(store: Store) -> Sides {
    let sides = Sides::of(store).await;
    sides.to.demo.fault(|request, _| Fault::refused_docker_manifest(request));
    sides
}

fn converted(request: CopyRequest) -> CopyRequest {
    CopyRequest { format: ManifestFormat::Oci, ..request }
}

/// The media types of the manifests at the destination, sorted, each once.
fn types(sides: &Sides) -> Vec<String> {
    let found = sides.to.demo.store().repository("copy").expect("the destination");
    let mut types: Vec<String> =
        found.manifests.values().map(|manifest| manifest.media_type.to_string()).collect();
    types.sort();
    types.dedup();
    types
}

fn contents(sides: &Sides, digest: &Digest) -> Contents {
    let found = sides.to.demo.store().repository("copy").expect("the destination");
    Contents::read(&found.manifests[digest].bytes).expect("a manifest")
}

async fn run(sides: &Sides, request: &CopyRequest) -> (CopyPlan, Report) {
    let plan = sides.plan(request).await.expect("a plan");
    let report = sides.run(&plan).await;
    (plan, report)
}

#[tokio::test]
async fn a_registry_that_refuses_docker_manifests_gets_oci_ones_with_the_same_layers() {
    let (store, child) = images();
    let sides = to_oci_only(store).await;
    let tags = ["docker", "list", "mixed", "oci"];
    let (plan, _) = sides.copy(&converted(sides.request(&tags))).await;
    assert_eq!(types(&sides), [media_type::OCI_INDEX, media_type::OCI_MANIFEST]);
    sides.is_same("oci");
    for tag in ["docker", "list", "mixed"] {
        let (here, there) = (sides.here(tag), sides.there(tag).expect("a copy"));
        assert_ne!(here, Some(there), "{tag}");
        let conversion = plan.converted.iter().find(|one| Some(one.source) == here).expect("it is told");
        assert_eq!(conversion.digest, there, "{tag}");
    }
    let new_child = plan.converted.iter().find(|one| one.source == child.digest).expect("it is told").digest;
    let mixed = contents(&sides, &sides.there("mixed").expect("a copy"));
    assert_eq!(mixed.children().collect::<Vec<_>>(), [&new_child]);
    let at_source = sides.from.demo.store().repository("app").expect("the source");
    let old = Contents::read(&at_source.manifests[&child.digest].bytes).expect("a manifest");
    let blobs: Vec<Digest> = contents(&sides, &new_child).blobs().copied().collect();
    assert_eq!(blobs, old.blobs().copied().collect::<Vec<_>>(), "config and layers stay");
    let list = sides.to.demo.store().repository("copy").expect("it is there").manifests
        [&sides.there("list").expect("a copy")]
        .bytes
        .clone();
    let list = String::from_utf8(list.to_vec()).expect("text");
    assert!(list.contains(&format!(r#""vnd.docker.reference.digest":"{new_child}""#)), "{list}");
    assert!(!list.contains(&child.digest.to_string()), "{list}");
    assert!(plan.digests_change && plan.conversion().is_some_and(|text| text.contains("layers stay")));
    assert_eq!(plan.converted.len(), 4, "{:?}", plan.converted);
}

#[tokio::test]
async fn a_second_conversion_finds_everything_there_and_changes_nothing() {
    let sides = to_oci_only(images().0).await;
    let request = converted(CopyRequest { what: What::AllTags, ..sides.request(&[]) });
    sides.copy(&request).await;
    sides.to.demo.forget_requests();
    let (plan, report) = sides.copy(&request).await;
    assert_eq!((plan.bytes(), plan.manifests.len(), report.undo.clone()), (0, 0, None));
    assert_eq!(sides.writes(), [""; 0]);
    for tag in ["docker", "list", "mixed", "oci"] {
        assert!(matches!(outcome(&report, tag), Outcome::Unchanged(_)), "{report:#?}");
    }
}

#[tokio::test]
async fn undo_takes_a_converted_copy_back() {
    let sides = to_oci_only(images().0).await;
    let (_, report) = sides.copy(&converted(sides.request(&["list"]))).await;
    let undo = ChangeRequest::Undo(report.undo.expect("an entry"));
    let plan = change::plan(&sides.context, &undo).await.expect("a plan");
    let undone = change::run(&sides.context, &plan, &sides.watch).await;
    assert!(undone.is_success(), "{undone:#?}");
    assert_eq!(sides.there("list"), None);
}

#[tokio::test]
async fn a_refused_docker_manifest_leads_to_the_conversion_and_the_next_plan_says_it_before() {
    let sides = to_oci_only(images().0).await;
    for tag in ["docker", "list"] {
        let (plan, report) = run(&sides, &sides.request(&[tag])).await;
        let Outcome::Failed(failure) = outcome(&report, tag) else { panic!("{report:#?}") };
        let hint = failure.hint.as_ref().map(|hint| hint.as_str()).unwrap_or_default();
        assert!(hint.contains("copy --format oci"), "{failure:?}");
        assert!(failure.why.as_str().contains("(mediaType: application/vnd.docker."), "{failure:?}");
        assert!(plan.can_be_converted);
    }
    let told = |plan: &CopyPlan| plan.common.notes.iter().any(|note| note.as_str().contains("--format oci"));
    let again = sides.plan(&sides.request(&["docker"])).await.expect("a plan");
    assert!(told(&again), "{:?}", again.common.notes);
    for request in [converted(sides.request(&["docker"])), sides.request(&["oci"])] {
        let plan = sides.plan(&request).await.expect("a plan");
        assert!(!told(&plan), "{:?}", plan.common.notes);
    }
}

#[tokio::test]
async fn a_registry_that_is_known_to_need_a_setting_is_named_in_the_first_plan() {
    let sides = Sides::of(images().0).await;
    sides.to.demo.fault(|_, _| Some(Fault::Headers(vec![("server".into(), Some("zot".into()))])));
    let plan = sides.plan(&sides.request(&["docker"])).await.expect("a plan");
    let notes = format!("{:?}", plan.common.notes);
    assert!(notes.contains("docker2s2") && notes.contains("--format oci"), "{notes}");
}

#[tokio::test]
async fn whatever_is_about_a_digest_that_changes_is_left_out_and_the_rest_comes_along() {
    let (store, child) = images();
    let sign = |of: &PushedImage, text: &'static str| {
        store.artifact("app").kind("text/signature").layer("text/plain", text).subject(of).push()
    };
    let oci = store.image("app").label("signed", "yes").tag("signed").push();
    let (lost, stays) = (sign(&child, "of Docker's"), sign(&oci, "of the OCI image"));
    let above = sign(&lost, "of the signature");
    let suffixed = |of: &PushedImage| format!("{}.sig", of.digest.to_string().replace(':', "-"));
    for of in [&child, &oci] {
        store.artifact("app").layer("text/plain", suffixed(of)).tag(suffixed(of)).push();
    }
    let sides = to_oci_only(store).await;
    for what in [What::AllTags, sides.request(&["list", "signed"]).what] {
        let request = CopyRequest { what, referrers: true, ..sides.request(&[]) };
        let (plan, _) = sides.copy(&converted(request)).await;
        assert_eq!(plan.referrers, [stays.digest], "not {lost:?} and {above:?}");
        let left_out = format!("{:?}", plan.left_out);
        assert!(left_out.contains("3 signatures, SBOMs and the like about digests"), "{left_out}");
        assert_eq!((sides.there(&suffixed(&child)), sides.there(&suffixed(&oci)).is_some()), (None, true));
    }
}

#[tokio::test]
async fn an_image_copied_by_digest_and_a_single_platform_are_converted_too() {
    let (store, child) = images();
    let sides = to_oci_only(store).await;
    let what = What::Images(vec![Selector::Digest(child.digest)]);
    let (plan, _) = sides.copy(&converted(CopyRequest { what, ..sides.request(&[]) })).await;
    assert_ne!(plan.images[0].digest, child.digest);
    assert!(plan.title().as_str().contains(&child.digest.short()), "{}", plan.title());
    let platforms = vec![Platform::parse("linux/amd64").expect("a platform")];
    sides.copy(&converted(CopyRequest { platforms, ..sides.request(&["list"]) })).await;
    assert_eq!(sides.there("list"), Some(plan.images[0].digest));
}
