//! Undo puts the former state back byte for byte, and leaves alone any tag that another client changed since.

use regtui::demo::faults::Fault;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::delete::{Along, DeleteMethod};
use regtui::model::change::journal::EntryState;
use regtui::model::change::{ChangePlan, ChangeRequest, delete, retag};
use regtui::ops::change;

use crate::support::context::Shop;
use crate::support::outcomes::OutcomeKind::{Done, Failed, Skipped, Unchanged};
use crate::support::outcomes::outcomes;
use crate::support::registry::tag;

/// An index with two children, two tags and a referrer, and an image beside it.
fn contents() -> Store {
    let store = Store::new();
    let amd64 =
        store.image("app").platform("linux", "amd64").layer("COPY a /", DemoLayer::of(&[("a", "a")])).push();
    let arm64 =
        store.image("app").platform("linux", "arm64").layer("COPY b /", DemoLayer::of(&[("b", "b")])).push();
    let index = store.index("app").child(&amd64).child(&arm64).tag("1").tag("latest").push();
    store.artifact("app").kind("application/spdx+json").layer("text/plain", "{}").subject(&index).push();
    store.image("app").created("2026-01-01T00:00:00Z").tag("other").push();
    store
}

fn whole(shop: &Shop, selectors: &[&str], method: DeleteMethod) -> ChangeRequest {
    match shop.delete(selectors, method) {
        ChangeRequest::Delete(request) => {
            let along = Along { children: true, referrers: true };
            ChangeRequest::Delete(delete::DeleteRequest { along, ..request })
        }
        other => other,
    }
}

#[tokio::test]
async fn deleted_tags_and_images_come_back_as_they_were() {
    for (method, settings) in [
        (DeleteMethod::Untag, DemoSettings::default()),
        (DeleteMethod::Image, DemoSettings::default()),
        (DeleteMethod::Replace, DemoSettings { delete_by_tag: false, ..DemoSettings::default() }),
    ] {
        let shop = Shop::new(settings, contents()).await;
        let before = shop.store().repository("app").expect("it is there");
        let report = shop.carry_out(&whole(&shop, &["1", "other"], method)).await;
        assert!(report.is_success(), "{method:?}: {report:?}");
        assert_ne!(shop.tags("app"), before.tags);
        let id = report.undo.clone().expect("it can be undone");
        let report = shop.undo(&report).await;
        assert!(outcomes(&report).iter().all(|end| *end == Done), "{method:?}: {report:?}");
        let after = shop.store().repository("app").expect("it is there");
        assert_eq!(after.tags, before.tags, "{method:?}");
        for (digest, manifest) in &before.manifests {
            let now = after.manifests.get(digest).expect("it is back");
            assert_eq!((&now.bytes, &now.media_type), (&manifest.bytes, &manifest.media_type));
        }
        let entry = shop.context.journal.entry(&id).await.expect("an entry");
        assert_eq!(entry.state, EntryState::Undone);
        let again = change::plan(&shop.context, &ChangeRequest::Undo(id)).await.expect_err("it is undone");
        assert!(again.why.as_str().contains("already"), "{again}");
    }
}

#[tokio::test]
async fn an_undo_can_be_undone() {
    let shop = Shop::open(contents()).await;
    let deleted = shop.carry_out(&shop.delete(&["1", "other"], DeleteMethod::Untag)).await;
    let after = shop.tags("app");
    let undone = shop.undo(&deleted).await;
    let again = shop.undo(&undone).await;
    assert_eq!((outcomes(&again), shop.tags("app")), (vec![Done, Done], after), "{again:?}");
}

#[tokio::test]
async fn a_tag_that_another_client_pushed_since_is_not_overwritten() {
    let shop = Shop::open(contents()).await;
    let deleted = shop.carry_out(&shop.delete(&["1", "other"], DeleteMethod::Untag)).await;
    let theirs = shop.store().image("app").created("2026-06-01T00:00:00Z").tag("1").push();
    let ChangePlan::Undo(plan) =
        shop.plan(&ChangeRequest::Undo(deleted.undo.clone().expect("an entry"))).await
    else {
        panic!()
    };
    let impossible: Vec<_> =
        plan.steps.iter().map(|step| (step.selector.to_string(), step.impossible.is_some())).collect();
    assert_eq!(impossible, [("other".to_string(), false), ("1".to_string(), true)]);
    let report = shop.run(&ChangePlan::Undo(plan)).await;
    assert_eq!(
        (outcomes(&report), shop.tags("app")["1"]),
        (vec![Done, Skipped], theirs.digest),
        "{report:?}"
    );
    let entry = shop.context.journal.entry(&deleted.undo.expect("an entry")).await.expect("it is there");
    assert_eq!(entry.state, EntryState::Ended, "not all of it was undone");
}

#[tokio::test]
async fn a_tag_pushed_between_the_plan_and_the_undo_is_not_overwritten() {
    let shop = Shop::open(contents()).await;
    let deleted = shop.carry_out(&shop.delete(&["1"], DeleteMethod::Untag)).await;
    let work = shop.plan(&ChangeRequest::Undo(deleted.undo.clone().expect("an entry"))).await;
    let theirs = shop.store().image("app").created("2026-06-01T00:00:00Z").tag("1").push();
    let report = shop.run(&work).await;
    assert_eq!((outcomes(&report), shop.tags("app")["1"]), (vec![Skipped], theirs.digest), "{report:?}");
}

#[tokio::test]
async fn collected_blobs_are_named_and_no_broken_image_is_put_back() {
    let shop = Shop::open(contents()).await;
    let report = shop.carry_out(&whole(&shop, &["1"], DeleteMethod::Image)).await;
    assert!(report.is_success(), "{report:?}");
    let gone = DemoLayer::of(&[("a", "a")]).digest;
    shop.store().change("app", |repository| repository.blobs.remove(&gone));
    let ChangePlan::Undo(plan) =
        shop.plan(&ChangeRequest::Undo(report.undo.clone().expect("an entry"))).await
    else {
        panic!()
    };
    let said: Vec<String> =
        plan.steps.iter().filter_map(|step| Some(step.impossible.as_ref()?.to_string())).collect();
    assert!(said.contains(&"1 of its blobs is gone".to_string()), "{said:?}");
    let lists = "1 of the manifests that it lists is gone".to_string();
    assert_eq!(said.iter().filter(|why| **why == lists).count(), 3, "the index and its tags: {said:?}");
    let report = shop.run(&ChangePlan::Undo(plan)).await;
    assert_eq!(
        outcomes(&report).iter().filter(|end| **end == Done).count(),
        2,
        "the other child and what refers: {report:?}"
    );
    assert!(!shop.tags("app").contains_key("1"));
}

#[tokio::test]
async fn a_tag_that_is_already_back_is_unchanged() {
    let shop = Shop::open(contents()).await;
    let before = shop.tags("app");
    let deleted = shop.carry_out(&shop.delete(&["1"], DeleteMethod::Untag)).await;
    shop.store().tag("app", "1", before["1"]);
    let report = shop.undo(&deleted).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Unchanged], before), "{report:?}");
}

#[tokio::test]
async fn the_plan_does_not_promise_to_remove_a_new_tag_if_the_server_cannot_untag() {
    let shop = Shop::new(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, contents()).await;
    let request = ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items: vec![("1".parse().expect("a tag"), shop.repository("app"), tag("new"))],
        mode: retag::RetagMode::Add,
        keep: false,
    });
    let report = shop.carry_out(&request).await;
    let before = shop.tags("app");
    let ChangePlan::Undo(plan) = shop.plan(&ChangeRequest::Undo(report.undo.expect("an entry"))).await else {
        panic!()
    };
    let why = plan.steps[0].impossible.as_ref().expect("it cannot be done");
    assert!(why.as_str().contains("does not delete by tag"), "{why}");
    assert_eq!(plan.common.methods, [DeleteMethod::Untag, DeleteMethod::Replace], "another way is open");
    assert_eq!(
        (outcomes(&shop.run(&ChangePlan::Undo(plan)).await), shop.tags("app")),
        (vec![Skipped], before)
    );
}

/// The deletes of distribution 2.8.
fn only_by_digest() -> DemoSettings {
    DemoSettings { delete_by_tag: false, ..DemoSettings::default() }
}

/// `1` has got another tag, `new`, and `other` points to that image too. Returns the request to undo by replacement.
async fn retagged(settings: DemoSettings) -> (Shop, ChangeRequest) {
    let shop = Shop::new(settings, contents()).await;
    let item = |new| ("1".parse().expect("a tag"), shop.repository("app"), tag(new));
    let request = ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items: vec![item("new"), item("other")],
        mode: retag::RetagMode::Add,
        keep: false,
    });
    let report = shop.carry_out(&request).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    (shop, ChangeRequest::UndoByReplacement(report.undo.expect("an entry")))
}

#[tokio::test]
async fn a_new_tag_goes_by_replacement_and_an_undo_of_that_brings_it_back() {
    let (shop, undo) = retagged(only_by_digest()).await;
    let retagged = shop.store().repository("app").expect("it is there");
    let before = contents().repository("app").expect("it is there").tags.clone();
    let undone = shop.carry_out(&undo).await;
    assert_eq!((outcomes(&undone), shop.tags("app")), (vec![Done, Done], before.clone()), "{undone:?}");
    let after = shop.store().repository("app").expect("it is there");
    assert!(after.manifests.keys().eq(retagged.manifests.keys()), "no replacement and no probe stays");
    let entry = undo.undoes().expect("an entry");
    assert_eq!(shop.context.journal.entry(entry).await.expect("it is there").state, EntryState::Undone);
    let again = shop.undo(&undone).await;
    assert_eq!((outcomes(&again), shop.tags("app")), (vec![Done, Done], retagged.tags.clone()), "{again:?}");
}

#[tokio::test]
async fn undo_makes_no_replacement_if_the_server_can_untag() {
    let (shop, undo) = retagged(DemoSettings::default()).await;
    let ChangePlan::Undo(plan) = shop.plan(&undo).await else { panic!() };
    assert!(plan.common.methods.is_empty() && plan.steps.iter().all(|step| !step.by_replacement), "{plan:?}");
    let puts = |shop: &Shop| shop.changes().iter().filter(|line| line.starts_with("PUT ")).count();
    let before = puts(&shop);
    let report = shop.run(&ChangePlan::Undo(plan)).await;
    assert_eq!((outcomes(&report), puts(&shop)), (vec![Done, Done], before + 1), "{report:?}");
    assert!(!shop.tags("app").contains_key("new"));
}

#[tokio::test]
async fn if_the_server_deletes_nothing_undo_names_the_setting_that_allows_it() {
    let (shop, undo) = retagged(DemoSettings { delete_by_digest: false, ..only_by_digest() }).await;
    let ChangePlan::Undo(plan) = shop.plan(&undo).await else { panic!() };
    assert!(plan.common.methods.is_empty(), "{plan:?}");
    let hint = plan.hint.as_ref().expect("a hint");
    assert!(hint.as_str().contains("REGISTRY_STORAGE_DELETE_ENABLED"), "{hint}");
    assert_eq!(
        outcomes(&shop.run(&ChangePlan::Undo(plan)).await),
        [Done, Skipped],
        "what was replaced comes back"
    );
    assert!(shop.tags("app").contains_key("new"));
}

#[tokio::test]
async fn a_new_tag_that_moved_after_the_plan_is_not_replaced() {
    let (shop, undo) = retagged(only_by_digest()).await;
    let work = shop.plan(&undo).await;
    let theirs = shop.store().image("app").created("2026-06-01T00:00:00Z").tag("new").push();
    let report = shop.run(&work).await;
    assert_eq!(
        (outcomes(&report), shop.tags("app")["new"]),
        (vec![Done, Skipped], theirs.digest),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_new_tag_gets_its_image_back_if_its_replacement_cannot_be_deleted() {
    for (refused_from, note) in [(0, "was left in"), (1, "byte for byte")] {
        let (shop, undo) = retagged(only_by_digest()).await;
        let work = shop.plan(&undo).await;
        let image = shop.tags("app")["new"];
        let deletes = std::sync::atomic::AtomicUsize::new(0);
        shop.registry.demo.fault(move |request, _| {
            let is_refused = request.method == "DELETE"
                && deletes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= refused_from;
            is_refused.then(|| Fault::status(405))
        });
        let report = shop.run(&work).await;
        assert_eq!((outcomes(&report), shop.tags("app")["new"]), (vec![Done, Failed], image), "{report:?}");
        assert!(report.notes.iter().any(|said| said.as_str().contains(note)), "{report:?}");
        assert_eq!(shop.tags("app")["latest"], image);
        let entry = undo.undoes().expect("an entry");
        let state = shop.context.journal.entry(entry).await.expect("it is there").state;
        assert_eq!(state, EntryState::Ended, "not all of it was undone");
    }
}

#[tokio::test]
async fn a_sibling_that_vanishes_beside_a_replacement_is_put_back() {
    let (shop, undo) = retagged(only_by_digest()).await;
    let work = shop.plan(&undo).await;
    let before = shop.tags("app");
    let store = shop.store().clone();
    shop.registry.demo.fault(move |request, nth| {
        if request.method == "PUT" && request.path.ends_with("/manifests/new") && nth == 1 {
            store.change("app", |repository| repository.tags.remove("latest"));
        }
        None
    });
    let report = shop.run(&work).await;
    assert!(
        report.notes.iter().any(|said| said.as_str().contains("the server removed `latest` too")),
        "{report:?}"
    );
    assert_eq!(shop.tags("app")["latest"], before["latest"]);
}

#[tokio::test]
async fn an_unknown_entry_cannot_be_undone() {
    let shop = Shop::open(contents()).await;
    let id = regtui::model::change::journal::EntryId("20260101T000000.000000Z-0".into());
    let failure = change::plan(&shop.context, &ChangeRequest::Undo(id)).await.expect_err("there is none");
    assert!(failure.why.as_str().contains("no such entry"), "{failure}");
}

#[tokio::test]
async fn a_tag_that_cannot_be_looked_at_keeps_no_other_from_coming_back() {
    let shop = Shop::open(contents()).await;
    let deleted = shop.carry_out(&shop.delete(&["1", "other"], DeleteMethod::Untag)).await;
    shop.registry.demo.fault(|request, _| request.path.ends_with("/manifests/1").then(|| Fault::status(403)));
    let report = shop.undo(&deleted).await;
    assert_eq!(outcomes(&report), [Done, Skipped], "{report:?}");
    assert!(!report.is_success(), "not all of it is as it was");
    assert!(shop.tags("app").contains_key("other"));
    shop.registry.demo.fault(|request, _| request.path.contains("/manifests/").then(|| Fault::status(403)));
    let undo = ChangeRequest::Undo(deleted.undo.expect("an entry"));
    let failure = change::plan(&shop.context, &undo).await.expect_err("nothing can be looked at");
    assert!(failure.why.as_str().contains("403"), "{failure}");
}
