//! Resuming a change that was cut off: tags that moved since are left alone and named, finished parts are over.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Store};
use regtui::model::change::copy::{self, What};
use regtui::model::change::delete::{Along, DeleteMethod};
use regtui::model::change::journal::{EntryId, EntryState};
use regtui::model::change::progress::Report;
use regtui::model::change::{ChangeRequest, delete, retag};
use regtui::ops::change;
use regtui::ops::context::ChangeContext;
use regtui::ops::resume::{self, Rest};

use crate::support::context::{Shop, watch};
use crate::support::copying::{Sides, layer};
use crate::support::outcomes::OutcomeKind::{Done, Failed};
use crate::support::outcomes::outcomes;
use crate::support::registry::{Registry, settings, tag};

fn three() -> Store {
    let store = Store::new();
    for (seed, tag) in [(1, "1"), (2, "2"), (3, "3")] {
        store.image("app").layer("COPY own /", layer(seed, 2_000)).tag(tag).push();
    }
    store
}

/// Carries a plan out until the first request with that method and that end of the path, which is never answered.
async fn cut_off(shop: &Shop, request: &ChangeRequest, method: &'static str, end: String) -> EntryId {
    let work = shop.plan(request).await;
    let gate = Gate::new();
    let held = gate.clone();
    shop.registry.demo.fault(move |request, _| {
        (request.method == method && request.path.ends_with(&end)).then(|| Fault::Gate(held.clone()))
    });
    tokio::select! {
        _ = shop.run(&work) => panic!("it waits at the gate"),
        () = gate.reached_by(1) => {}
    }
    shop.registry.demo.clear_faults();
    open(&shop.context).await.expect("an open entry")
}

async fn open(context: &ChangeContext) -> Option<EntryId> {
    let entries = context.journal.entries().await;
    entries.into_iter().find(|entry| entry.state == EntryState::Open).map(|entry| entry.id)
}

async fn rest(context: &ChangeContext, entry: &EntryId) -> Rest {
    let request = context.journal.resume(entry).await.expect("a rest");
    resume::plan(context, entry, &request).await.expect("a plan")
}

/// Plans the rest and carries it out; then the entry must be over.
async fn resumed(context: &ChangeContext, entry: &EntryId) -> Report {
    let work = rest(context, entry).await.into_plan(&"it".into()).expect("something is left");
    let report = change::run(context, &work, &watch()).await;
    assert_eq!(open(context).await, None, "what was resumed is over");
    report
}

/// The reasons of the parts that failed, as `name: why`.
fn said(report: &Report) -> Vec<String> {
    report.failures().map(|(name, failure)| format!("{name}: {}", failure.why)).collect()
}

#[tokio::test]
async fn a_tag_that_moved_since_is_not_untagged() {
    let shop = Shop::open(three()).await;
    let request = shop.delete(&["1", "2", "3"], DeleteMethod::Untag);
    let entry = cut_off(&shop, &request, "DELETE", "/manifests/2".into()).await;
    let other = shop.store().image("app").label("number", "4").tag("3").push();
    let report = resumed(&shop.context, &entry).await;
    assert_eq!(outcomes(&report), [Done, Failed], "{report:?}");
    let moved = format!("3: it moved since the change was confirmed, to {}", other.digest.short());
    assert_eq!(said(&report), [moved]);
    assert_eq!(shop.tags("app").into_iter().collect::<Vec<_>>(), [("3".to_string(), other.digest)]);
}

#[tokio::test]
async fn an_image_that_got_another_tag_since_is_not_deleted() {
    let shop = Shop::open(three()).await;
    let second = shop.tags("app")["2"];
    let request = shop.delete(&["2", "3"], DeleteMethod::Image);
    let entry = cut_off(&shop, &request, "DELETE", second.to_string()).await;
    shop.store().tag("app", "precious", second);
    let report = resumed(&shop.context, &entry).await;
    assert_eq!(said(&report), ["2: `precious` points to it too since the change was confirmed"]);
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1", "2", "precious"]);
}

#[tokio::test]
async fn children_of_an_index_that_is_already_gone_still_go_along() {
    let store = Store::new();
    let children = ["amd64", "arm64"].map(|arch| store.image("app").platform("linux", arch).push());
    store.index("app").child(&children[0]).child(&children[1]).tag("1").push();
    let shop = Shop::open(store).await;
    let request = ChangeRequest::Delete(delete::DeleteRequest {
        repository: shop.repository("app"),
        selectors: vec!["1".parse().expect("a tag")],
        all_tags: false,
        method: Some(DeleteMethod::Image),
        along: Along { children: true, referrers: false },
        keep: false,
    });
    let entry = cut_off(&shop, &request, "DELETE", children[0].digest.to_string()).await;
    assert!(shop.tags("app").is_empty(), "the index is gone");
    let report = resumed(&shop.context, &entry).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    let left = shop.store().repository("app").map_or(0, |repository| repository.manifests.len());
    assert_eq!(left, 0);
}

#[tokio::test]
async fn resuming_a_retag_leaves_moved_sources_and_targets_alone() {
    let shop = Shop::open(three()).await;
    let item = |from: &str, to: &str| (from.parse().expect("a tag"), shop.repository("app"), tag(to));
    let items = vec![item("1", "a"), item("2", "b"), item("3", "c")];
    let request = ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items,
        mode: retag::RetagMode::Move,
        keep: false,
    });
    let third = shop.tags("app")["3"];
    let entry = cut_off(&shop, &request, "DELETE", "/manifests/1".into()).await;
    let moved = shop.store().image("app").label("number", "4").tag("2").push().digest;
    shop.store().tag("app", "c", moved);
    let report = resumed(&shop.context, &entry).await;
    assert_eq!(outcomes(&report), [Done, Failed, Failed], "{report:?}");
    let to = moved.short();
    let why = format!("it moved since the change was confirmed, to {to}");
    assert_eq!(said(&report), [format!("2: {why}"), format!("c: {why}")]);
    let tags = shop.tags("app");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["2", "3", "a", "c"]);
    assert_eq!((tags["2"], tags["3"], tags["c"]), (moved, third, moved));
}

#[tokio::test]
async fn resuming_a_copy_skips_tags_that_moved_or_came_at_the_source() {
    let sides = Sides::of(three()).await;
    let request = copy::CopyRequest { what: What::AllTags, ..sides.request(&[]) };
    let plan = sides.plan(&request).await.expect("a plan");
    let gate = Gate::new();
    let held = gate.clone();
    sides.to.demo.fault(move |request, _| {
        (request.method == "PUT" && request.path.contains("/manifests/")).then(|| Fault::Gate(held.clone()))
    });
    tokio::select! {
        _ = sides.run(&plan) => panic!("it waits at the gate"),
        () = gate.reached_by(3) => {}
    }
    sides.to.demo.clear_faults();
    let entry = open(&sides.context).await.expect("an open entry");
    let moved = sides.from.demo.store().image("app").label("number", "4").tag("3").push().digest.short();
    sides.from.demo.store().image("app").label("number", "5").tag("new").push();
    let report = resumed(&sides.context, &entry).await;
    assert_eq!(said(&report), [format!("3: it moved since the change was confirmed, to {moved}")]);
    assert_eq!(sides.to.demo.store().tags("copy"), ["1", "2"], "{report:?}");
}

#[tokio::test]
async fn nothing_is_planned_if_all_remaining_tags_moved() {
    let shop = Shop::open(three()).await;
    let request = shop.delete(&["1", "2"], DeleteMethod::Untag);
    let entry = cut_off(&shop, &request, "DELETE", "/manifests/2".into()).await;
    shop.store().image("app").label("number", "4").tag("2").push();
    let Rest::NothingLeft(moved) = rest(&shop.context, &entry).await else { panic!("nothing may be left") };
    assert_eq!(moved.len(), 1);
    let failure = Rest::NothingLeft(moved).into_plan(&"untag 2 tags".into()).expect_err("nothing is left");
    assert!(
        failure.to_string().starts_with("nothing is left of untag 2 tags: 2: it moved since"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_change_that_was_done_and_not_noted_is_over() {
    let shop = Shop::open(three()).await;
    let request = shop.delete(&["1", "2"], DeleteMethod::Untag);
    let entry = cut_off(&shop, &request, "DELETE", "/manifests/2".into()).await;
    shop.store().change("app", |repository| {
        repository.tags.remove("2");
    });
    assert!(matches!(rest(&shop.context, &entry).await, Rest::NothingLeft(moved) if moved.is_empty()));
}

#[tokio::test]
async fn resuming_a_copy_makes_lists_of_referrers_anew_and_copies_no_list_as_an_image() {
    let without = || demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    let sbom = store.artifact("app").kind("application/spdx+json").layer("text/plain", "{}").subject(&image);
    let sbom = sbom.push();
    let list = format!("sha256-{}", image.digest.hex());
    let here = store.index("app").annotation("here", "1").child(&sbom).tag(&list).push();
    let from = Registry::new(without(), store, settings()).await;
    let sides = Sides::with(from, Registry::new(without(), Store::new(), settings()).await);
    let request = copy::CopyRequest { what: What::AllTags, referrers: true, ..sides.request(&[]) };
    let plan = sides.plan(&request).await.expect("a plan");
    let gate = Gate::new();
    let held = gate.clone();
    let at = format!("/manifests/{list}");
    sides.to.demo.fault(move |request, _| {
        (request.method == "PUT" && request.path.ends_with(&at)).then(|| Fault::Gate(held.clone()))
    });
    tokio::select! {
        _ = sides.run(&plan) => panic!("it waits at the gate"),
        () = gate.reached_by(1) => {}
    }
    sides.to.demo.clear_faults();
    let entry = open(&sides.context).await.expect("an open entry");
    let report = resumed(&sides.context, &entry).await;
    assert!(report.is_success(), "{report:?}");
    assert_eq!(sides.there("1"), sides.here("1"));
    assert!(sides.there(&list).is_some_and(|there| there != here.digest), "the list is made there");
}
