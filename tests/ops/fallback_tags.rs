//! Copies with referrers to a registry without a referrers API: the tags that list them are planned, kept, and put back.

use regtui::demo::{self, Store};
use regtui::model::change::copy::{CopyPlan, CopyRequest};
use regtui::model::change::progress::{Outcome, Report};
use regtui::model::change::{ChangePlan, ChangeRequest as AnyWish};
use regtui::model::digest::Digest;
use regtui::ops::change;

use crate::support::copying::{Sides, outcome};
use crate::support::registry::{Registry, settings};

const SPDX: &str = "application/spdx+json";
const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

struct Scene {
    sides: Sides,
    image: Digest,
    sbom: Digest,
    /// The image that the fallback tag listed at the destination, and the foreign referrer on it.
    foreign: Digest,
    list: Digest,
}

fn fallback(of: &Digest) -> String {
    format!("sha256-{}", of.hex())
}

fn descriptor(store: &Store, name: &str, digest: &Digest) -> serde_json::Value {
    let size = store.repository(name).expect("it is there").manifests[digest].bytes.len();
    serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size,
        "annotations": { "kept": "yes" },
    })
}

/// A signed image with an SBOM that is signed too, and a destination at which another client signed the same image.
async fn scene() -> Scene {
    let store = Store::new();
    let image = store.image("app").label("a", "1").tag("1").push();
    let signature =
        store.artifact("app").kind(SIGNATURE).layer("text/plain", "signature").subject(&image).push();
    let sbom = store.artifact("app").kind(SPDX).layer("text/spdx", "{}").subject(&image).push();
    store.artifact("app").kind(SIGNATURE).layer("text/plain", "of the SBOM").subject(&sbom).push();
    let there = Store::new();
    let same = there.image("copy").label("a", "1").push();
    assert_eq!((same.digest, signature.digest == sbom.digest), (image.digest, false));
    let foreign = there.artifact("copy").kind(SIGNATURE).layer("text/plain", "foreign").subject(&same).push();
    let listed = descriptor(&there, "copy", &foreign.digest);
    let list =
        there.index("copy").descriptor(listed).annotation("own", "1").tag(fallback(&image.digest)).push();
    let without = demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let to = Registry::new(without, there, settings()).await;
    let sides = Sides::with(Registry::open(store).await, to);
    Scene { sides, image: image.digest, sbom: sbom.digest, foreign: foreign.digest, list: list.digest }
}

impl Scene {
    fn request(&self) -> CopyRequest {
        CopyRequest { referrers: true, ..self.sides.request(&["1"]) }
    }

    async fn plan(&self) -> CopyPlan {
        self.sides.plan(&self.request()).await.expect("a plan")
    }

    /// The digests that a fallback tag lists at the destination.
    fn listed(&self, of: &Digest) -> Vec<Digest> {
        let there = self.sides.to.demo.store().repository("copy").expect("it is there");
        let list = &there.manifests[&there.tags[&fallback(of)]];
        let document: serde_json::Value = serde_json::from_slice(&list.bytes).expect("JSON");
        let entries = document["manifests"].as_array().expect("a list");
        entries
            .iter()
            .map(|entry| entry["digest"].as_str().expect("one").parse().expect("a digest"))
            .collect()
    }

    async fn undo(&self, report: &Report) -> (regtui::model::change::undo::UndoPlan, Report) {
        let request = AnyWish::Undo(report.undo.clone().expect("it can be undone"));
        let ChangePlan::Undo(plan) = change::plan(&self.sides.context, &request).await.expect("a plan")
        else {
            panic!("another plan")
        };
        let report =
            change::run(&self.sides.context, &ChangePlan::Undo(plan.clone()), &self.sides.watch).await;
        (plan, report)
    }
}

#[tokio::test]
async fn the_plan_names_each_list_and_its_present_digest_and_changes_nothing() {
    let scene = scene().await;
    let plan = scene.plan().await;
    assert_eq!(scene.sides.writes(), [""; 0]);
    assert_eq!(plan.referrers.len(), 3);
    let lists: Vec<_> =
        plan.lists.iter().map(|list| (list.subject, list.replaces, list.adds.len())).collect();
    assert_eq!(lists, [(scene.image, Some(scene.list), 2), (scene.sbom, None, 1)]);
    assert_eq!(plan.lists[0].change(), format!("{} → merged", scene.list.short()));
    assert_eq!(plan.lists[1].change(), "nothing → new");
    let json = serde_json::to_value(&plan).expect("JSON");
    assert_eq!(json["lists"][0]["tag"], fallback(&scene.image));
    assert_eq!(json["lists"][0]["replaces"], scene.list.to_string());
}

#[tokio::test]
async fn with_a_referrers_api_no_list_is_written() {
    let scene = scene().await;
    let sides = Sides::of(scene.sides.from.demo.store().clone()).await;
    let plan = sides.plan(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await.expect("a plan");
    assert_eq!((plan.referrers.len(), plan.lists.len()), (3, 0));
    assert!(sides.run(&plan).await.is_success());
    assert_eq!(sides.to.demo.store().tags("copy"), ["1"]);
}

#[tokio::test]
async fn lists_are_merged_kept_in_the_journal_and_put_back_byte_for_byte() {
    let scene = scene().await;
    let store = scene.sides.to.demo.store().clone();
    let before = store.repository("copy").expect("it is there");
    let report = scene.sides.run(&scene.plan().await).await;
    assert!(report.is_success() && report.notes.is_empty(), "{report:#?}");
    for of in [&scene.image, &scene.sbom] {
        assert!(matches!(outcome(&report, &fallback(of)), Outcome::Done(_)), "{report:#?}");
    }
    let listed = scene.listed(&scene.image);
    assert_eq!((listed.len(), listed[0]), (3, scene.foreign), "what was listed stays, and first");
    assert_eq!(scene.listed(&scene.sbom).len(), 1);
    let entry = scene.sides.context.journal.entry(report.undo.as_ref().expect("an entry")).await;
    let entry = entry.expect("the entry");
    let item = entry.items.iter().find(|item| item.selector.to_string() == fallback(&scene.image));
    let held = item.and_then(|item| item.before.as_ref()).expect("what was there");
    let old = &before.manifests[&scene.list];
    assert_eq!((&held.bytes, held.media_type.as_str()), (&old.bytes, &*old.media_type));

    let (plan, report) = scene.undo(&report).await;
    assert!(plan.leaves.is_some_and(|text| text.as_str().contains("their referrers")));
    assert!(report.is_success(), "{report:#?}");
    let after = store.repository("copy").expect("it is there");
    assert_eq!(after.tags, before.tags);
    assert_eq!(after.manifests[&scene.list].bytes, old.bytes);
}

#[tokio::test]
async fn a_list_that_moved_meanwhile_is_merged_and_undo_puts_the_moved_one_back() {
    let scene = scene().await;
    let plan = scene.plan().await;
    let store = scene.sides.to.demo.store().clone();
    let other = store.artifact("copy").kind(SPDX).layer("text/plain", "faster").push();
    let entries = [descriptor(&store, "copy", &scene.foreign), descriptor(&store, "copy", &other.digest)];
    let faster = entries.into_iter().fold(store.index("copy"), |index, entry| index.descriptor(entry));
    let faster = faster.tag(fallback(&scene.image)).push();
    let report = scene.sides.run(&plan).await;
    assert!(report.is_success(), "{report:#?}");
    let listed = scene.listed(&scene.image);
    assert_eq!((listed.len(), &listed[..2]), (4, &[scene.foreign, other.digest][..]));
    let (_, report) = scene.undo(&report).await;
    assert!(report.is_success(), "{report:#?}");
    assert_eq!(store.digest_of("copy", &fallback(&scene.image)), Some(faster.digest));
    assert_eq!(store.digest_of("copy", &fallback(&scene.sbom)), None);
}

#[tokio::test]
async fn undo_leaves_a_list_alone_that_another_client_wrote_since() {
    let scene = scene().await;
    let report = scene.sides.run(&scene.plan().await).await;
    let store = scene.sides.to.demo.store().clone();
    let later = store.index("copy").descriptor(descriptor(&store, "copy", &scene.foreign));
    let later = later.annotation("later", "1").tag(fallback(&scene.image)).push();
    let (plan, report) = scene.undo(&report).await;
    let left = plan.steps.iter().find(|step| step.selector.to_string() == fallback(&scene.image));
    assert!(left.and_then(|step| step.impossible.as_ref()).is_some_and(|why| why.as_str().contains("moved")));
    assert!(matches!(outcome(&report, &fallback(&scene.image)), Outcome::Skipped(_)), "{report:#?}");
    assert_eq!(store.digest_of("copy", &fallback(&scene.image)), Some(later.digest));
    assert_eq!(scene.sides.there("1"), None);
}

#[tokio::test]
async fn a_second_copy_writes_no_list() {
    let scene = scene().await;
    scene.sides.run(&scene.plan().await).await;
    scene.sides.to.demo.forget_requests();
    let plan = scene.plan().await;
    assert_eq!((plan.referrers.len(), plan.lists.len()), (3, 0));
    assert!(scene.sides.run(&plan).await.is_success());
    assert_eq!(scene.sides.writes(), [""; 0]);
}

#[tokio::test]
async fn a_fallback_tag_that_holds_no_list_is_never_overwritten() {
    let scene = scene().await;
    let store = scene.sides.to.demo.store().clone();
    store.tag("copy", &fallback(&scene.image), scene.image);
    let report = scene.sides.run(&scene.plan().await).await;
    assert!(
        matches!(outcome(&report, &fallback(&scene.image)), Outcome::Failed(failure) if failure.why.as_str().contains("no list")),
        "{report:#?}"
    );
    assert!(matches!(outcome(&report, "1"), Outcome::Failed(_)), "{report:#?}");
    assert_eq!(store.digest_of("copy", &fallback(&scene.image)), Some(scene.image));
    assert_eq!(scene.sides.there("1"), None);
}

/// Another client writes the list after this one has read it: the look right before the put notices, and both lists are
/// merged.
#[tokio::test]
async fn a_list_that_moves_after_it_was_read_is_merged_anew_and_loses_nothing() {
    let scene = scene().await;
    let plan = scene.plan().await;
    let there = scene.sides.to.demo.store().clone();
    let image = there.digest_of("copy", &fallback(&scene.image)).expect("a list");
    assert_eq!(image, scene.list);
    let other = there.artifact("copy").kind(SPDX).layer("text/spdx", "late").push().digest;
    let old = descriptor(&there, "copy", &scene.foreign);
    let new = descriptor(&there, "copy", &other);
    let late = there.index("copy").descriptor(old).descriptor(new).push().digest;
    let (tag, path) = (fallback(&scene.image), format!("/v2/copy/manifests/{}", scene.list));
    // The first read is for the journal, the second one for the list that is put.
    let reads = std::sync::atomic::AtomicUsize::new(0);
    scene.sides.to.demo.fault(move |request, _| {
        let is_read = request.method == "GET" && request.path == path;
        if is_read && reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            there.tag("copy", &tag, late);
        }
        None
    });
    let report = scene.sides.run(&plan).await;
    assert!(matches!(outcome(&report, "1"), Outcome::Done(_)), "{report:#?}");
    let listed = scene.listed(&scene.image);
    for digest in [scene.foreign, other, scene.sbom] {
        assert!(listed.contains(&digest), "{digest} is lost: {listed:?}");
    }
}
