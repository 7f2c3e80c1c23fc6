//! Deleting: nothing goes that the plan did not show, on every kind of server, even if other clients push meanwhile.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::image::PushedImage;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::delete::{Along, DeleteMethod};
use regtui::model::change::journal::EntryState;
use regtui::model::change::progress::Outcome;
use regtui::model::change::rules::Rules;
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::digest::Digest;
use regtui::ops::change;

use crate::support::context::{Shop, watch};
use crate::support::outcomes::OutcomeKind::{Done, Failed, Skipped, Stopped, Unconfirmed};
use crate::support::outcomes::outcomes;

/// The kinds of servers.
fn only_by_digest() -> DemoSettings {
    DemoSettings { delete_by_tag: false, ..DemoSettings::default() }
}

fn nothing_deleted() -> DemoSettings {
    DemoSettings { delete_by_tag: false, delete_by_digest: false, ..DemoSettings::default() }
}

/// An image with three tags, and another one that shares a layer with it.
fn aliases() -> (Store, PushedImage) {
    let store = Store::new();
    let shared = || DemoLayer::of(&[("shared", "the same in both")]);
    let image = store
        .image("app")
        .layer("COPY shared /", shared())
        .layer("COPY own /", DemoLayer::of(&[("own", "only here")]))
        .tag("1")
        .tag("1.2")
        .tag("latest")
        .push();
    store.image("app").layer("COPY shared /", shared()).tag("other").push();
    (store, image)
}

fn along(request: ChangeRequest, along: Along) -> ChangeRequest {
    match request {
        ChangeRequest::Delete(request) => {
            ChangeRequest::Delete(regtui::model::change::delete::DeleteRequest { along, ..request })
        }
        other => other,
    }
}

#[tokio::test]
async fn untagging_one_of_three_aliases_leaves_the_others() {
    let (store, image) = aliases();
    let shop = Shop::open(store).await;
    let plan = shop.delete_plan(&shop.delete(&["1.2"], None)).await;
    assert_eq!((plan.method, plan.common.blocked.as_ref(), plan.frees), (DeleteMethod::Untag, None, Some(0)));
    let others: Vec<&str> = plan.images[0].others.iter().map(|tag| tag.as_str()).collect();
    assert_eq!(others, ["1", "latest"]);
    let report = shop.run(&ChangePlan::Delete(plan)).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    let tags = shop.tags("app");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["1", "latest", "other"]);
    assert_eq!((tags["1"], tags["latest"]), (image.digest, image.digest));
}

#[tokio::test]
async fn if_the_server_deletes_only_by_digest_no_alias_goes_unasked() {
    let (store, _) = aliases();
    let shop = Shop::new(only_by_digest(), store).await;
    let before = shop.tags("app");
    let plan = shop.delete_plan(&shop.delete(&["1.2"], None)).await;
    assert_eq!(plan.method, DeleteMethod::Untag, "never an image with other tags by itself");
    let blocked = plan.common.blocked.clone().expect("it cannot be done");
    assert!(blocked.why.as_str().contains("does not delete by tag"), "{blocked:?}");
    let report = shop.run(&ChangePlan::Delete(plan)).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Failed], before));
    let plan = shop.delete_plan(&shop.delete(&["other"], None)).await;
    assert_eq!(plan.method, DeleteMethod::Untag, "nor one with this tag alone: the user chooses");
    assert!(plan.common.blocked.is_some() && plan.common.methods[1] == DeleteMethod::Replace, "{plan:?}");
}

#[tokio::test]
async fn if_the_server_deletes_nothing_the_plan_names_the_setting_that_allows_it() {
    let (store, _) = aliases();
    let shop = Shop::new(nothing_deleted(), store).await;
    let before = shop.tags("app");
    for method in [None, Some(DeleteMethod::Untag), Some(DeleteMethod::Image), Some(DeleteMethod::Replace)] {
        let plan = shop.delete_plan(&shop.delete(&["1.2"], method)).await;
        let hint = plan.common.blocked.as_ref().and_then(|blocked| blocked.hint.clone()).expect("a hint");
        assert!(hint.as_str().contains("REGISTRY_STORAGE_DELETE_ENABLED=true"), "{method:?}: {hint}");
        assert!(hint.as_str().contains("single tags from version 3 on"), "{method:?}: {hint}");
        assert_eq!(
            outcomes(&shop.run(&ChangePlan::Delete(plan)).await),
            [Failed].repeat(if method == Some(DeleteMethod::Image) { 3 } else { 1 })
        );
        assert_eq!(shop.tags("app"), before);
    }
}

#[tokio::test]
async fn an_image_goes_with_all_the_tags_that_the_plan_shows() {
    let (store, image) = aliases();
    let shop = Shop::new(only_by_digest(), store).await;
    let plan = shop.delete_plan(&shop.delete(&["1.2"], DeleteMethod::Image)).await;
    let mut going: Vec<&str> = plan.tags_that_go().map(|tag| tag.as_str()).collect();
    going.sort_unstable();
    assert_eq!(going, ["1", "1.2", "latest"]);
    let size = |text: &str| {
        DemoLayer::of(&[(text, if text == "own" { "only here" } else { "the same in both" })]).size()
    };
    let (frees, shared) = (plan.frees.expect("known"), plan.shared.expect("known"));
    assert!(frees > size("own") && shared == size("shared"), "{frees} {shared}");
    assert_eq!(plan.shared_with, 1);
    let report = shop.run(&ChangePlan::Delete(plan)).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["other"]);
    assert!(!shop.store().repository("app").expect("it is there").manifests.contains_key(&image.digest));
}

#[tokio::test]
async fn a_replacement_removes_one_tag_if_the_server_deletes_only_by_digest() {
    let (store, image) = aliases();
    let shop = Shop::new(only_by_digest(), store).await;
    let before = shop.store().repository("app").expect("it is there");
    let report = shop.carry_out(&shop.delete(&["1.2", "latest"], DeleteMethod::Replace)).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1", "other"]);
    assert_eq!(shop.tags("app")["1"], image.digest);
    let after = shop.store().repository("app").expect("it is there");
    assert_eq!(after.manifests.keys().collect::<Vec<_>>(), before.manifests.keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn two_replacements_never_share_a_digest() {
    let (store, _) = aliases();
    let shop = Shop::new(only_by_digest(), store).await;
    let report = shop.carry_out(&shop.delete(&["1", "1.2", "latest"], DeleteMethod::Replace)).await;
    assert_eq!(outcomes(&report), [Done, Done, Done], "{report:?}");
    let deleted: Vec<String> = shop
        .changes()
        .into_iter()
        .filter(|line| line.starts_with("DELETE ") && line.contains("sha256:"))
        .collect();
    let distinct: std::collections::HashSet<&String> = deleted.iter().collect();
    assert_eq!(distinct.len(), deleted.len(), "{deleted:?}");
}

#[tokio::test]
async fn a_replacement_that_cannot_be_deleted_touches_no_tag() {
    let (store, _) = aliases();
    let shop = Shop::new(only_by_digest(), store).await;
    let before = shop.tags("app");
    let work = shop.plan(&shop.delete(&["1.2"], DeleteMethod::Replace)).await;
    shop.registry.demo.fault(|request, _| (request.method == "DELETE").then(|| Fault::status(403)));
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Failed], "{report:?}");
    let mut after = shop.tags("app");
    after.retain(|tag, _| !tag.starts_with("regtui-probe-"));
    assert_eq!(after, before);
    assert!(report.notes.iter().any(|note| note.as_str().contains("was left in")), "{report:?}");
}

#[tokio::test]
async fn a_tag_whose_replacement_cannot_be_deleted_gets_its_image_back() {
    let (store, _) = aliases();
    let shop = Shop::new(only_by_digest(), store).await;
    let before = shop.tags("app");
    let work = shop.plan(&shop.delete(&["1.2"], DeleteMethod::Replace)).await;
    let deletes = std::sync::atomic::AtomicUsize::new(0);
    shop.registry.demo.fault(move |request, _| {
        let is_later =
            request.method == "DELETE" && deletes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0;
        is_later.then(|| Fault::status(405))
    });
    let report = shop.run(&work).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Failed], before), "{report:?}");
    assert!(report.notes.iter().any(|note| note.as_str().contains("byte for byte")), "{report:?}");
}

#[tokio::test]
async fn a_tag_that_moved_since_the_plan_is_left_alone() {
    for settings in [DemoSettings::default(), only_by_digest()] {
        let (store, _) = aliases();
        let method = if settings.delete_by_tag { DeleteMethod::Untag } else { DeleteMethod::Replace };
        let shop = Shop::new(settings, store).await;
        let other = shop.store().digest_of("app", "other").expect("it is there");
        let work = shop.plan(&shop.delete(&["1.2"], method)).await;
        shop.store().tag("app", "1.2", other);
        let report = shop.run(&work).await;
        assert_eq!((outcomes(&report), shop.tags("app")["1.2"]), (vec![Skipped], other), "{report:?}");
        assert_eq!(report.undo, None);
    }
}

#[tokio::test]
async fn an_image_that_got_another_tag_or_parent_since_the_plan_is_left_alone() {
    type Change = fn(&Store, &PushedImage);
    let changes: [(&str, Change); 4] = [
        ("a new tag", |store, image| store.tag("app", "new", image.digest)),
        ("a tag that moved to it", |store, image| store.tag("app", "other", image.digest)),
        ("a new index that lists it", |store, image| {
            store.index("app").child(image).tag("index").push();
        }),
        ("a tag that moved to an index that lists it", |store, image| {
            let index = store.index("app").child(image).push();
            store.tag("app", "other", index.digest);
        }),
    ];
    for (what, change) in changes {
        let (store, image) = aliases();
        let shop = Shop::open(store).await;
        let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Image)).await;
        change(shop.store(), &image);
        let before = shop.tags("app");
        let report = shop.run(&work).await;
        assert_eq!((outcomes(&report), shop.tags("app")), (vec![Skipped], before), "{what}: {report:?}");
    }
}

#[tokio::test]
async fn a_tag_pushed_while_the_image_before_is_deleted_is_seen() {
    let store = Store::new();
    let one = store.image("app").tag("one").created("2026-01-01T00:00:00Z").push();
    let two = store.image("app").tag("two").created("2026-01-02T00:00:00Z").push();
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&["one", "two"], DeleteMethod::Image)).await;
    let (held, gate) = (Gate::new(), Gate::new());
    let (path, at) = (format!("/v2/app/manifests/{}", one.digest), held.clone());
    shop.registry.demo.fault(move |request, _| {
        (request.method == "DELETE" && request.path == path).then(|| Fault::Gate(at.clone()))
    });
    drop(gate);
    let pushing = async {
        held.reached_by(1).await;
        shop.store().tag("app", "new", two.digest);
        held.open();
    };
    let (report, ()) = tokio::join!(shop.run(&work), pushing);
    assert_eq!(outcomes(&report), [Done, Skipped], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["new", "two"]);
}

#[tokio::test]
async fn an_image_that_an_index_lists_is_not_deleted_without_it() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").tag("amd64").push();
    let arm64 = store.image("app").platform("linux", "arm64").push();
    let index = store.index("app").child(&amd64).child(&arm64).tag("1").push();
    let shop = Shop::open(store).await;
    let plan = shop.delete_plan(&shop.delete(&["amd64"], DeleteMethod::Image)).await;
    assert_eq!(plan.images[0].parents[0].digest, index.digest);
    assert!(
        plan.common.blocked.as_ref().is_some_and(|blocked| blocked.why.as_str().contains("index `1`")),
        "{plan:?}"
    );
    assert_eq!(outcomes(&shop.run(&ChangePlan::Delete(plan)).await), [Failed]);
    let report = shop.carry_out(&shop.delete(&["amd64", "1"], DeleteMethod::Image)).await;
    assert_eq!(outcomes(&report), [Done, Done], "the index goes first: {report:?}");
    let left = shop.store().repository("app").expect("it is there");
    assert_eq!(left.manifests.keys().collect::<Vec<_>>(), [&arm64.digest]);
}

#[tokio::test]
async fn an_index_that_cannot_be_deleted_keeps_its_children() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").tag("amd64").push();
    let arm64 = store.image("app").platform("linux", "arm64").push();
    let index = store.index("app").child(&amd64).child(&arm64).tag("1").push();
    let shop = Shop::open(store).await;
    let request = shop.delete(&["1", "amd64"], DeleteMethod::Image);
    let work = shop.plan(&along(request, Along { children: true, referrers: true })).await;
    let path = format!("/v2/app/manifests/{}", index.digest);
    shop.registry.demo.fault(move |request, _| {
        (request.method == "DELETE" && request.path == path).then(|| Fault::status(403))
    });
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Failed, Skipped, Skipped], "{report:?}");
    assert_eq!(shop.store().repository("app").expect("it is there").manifests.len(), 3);
}

#[tokio::test]
async fn tags_go_first_if_the_server_refuses_to_delete_tagged_images() {
    const REFUSED: &str =
        r#"{"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_TAG","message":"is referenced by tags"}]}"#;
    for is_deleted_then in [true, false] {
        let (store, image) = aliases();
        let shop = Shop::open(store).await;
        let before = shop.tags("app");
        let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Image)).await;
        let (contents, path) = (shop.store().clone(), format!("/v2/app/manifests/{}", image.digest));
        shop.registry.demo.fault(move |request, nth| {
            let has_tags = contents.repository("app")?.tags.values().any(|digest| *digest == image.digest);
            let is_refused = has_tags || (nth > 1 && !is_deleted_then);
            (request.method == "DELETE" && request.path == path && is_refused)
                .then(|| Fault::answer(400, &[], REFUSED))
        });
        let report = shop.run(&work).await;
        assert_eq!(outcomes(&report), if is_deleted_then { [Done] } else { [Failed] }, "{report:?}");
        assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["other"]);
        let is_said = report.notes.iter().any(|note| note.as_str().contains("are gone: undo puts them back"));
        assert_eq!(is_said, !is_deleted_then, "{report:?}");
        shop.registry.demo.clear_faults();
        shop.undo(&report).await;
        assert_eq!(shop.tags("app"), before);
    }
}

#[tokio::test]
async fn children_and_referrers_go_along_only_if_requested_and_not_needed() {
    let build = || {
        let store = Store::new();
        let own = store.image("app").platform("linux", "amd64").push();
        let needed = store.image("app").platform("linux", "arm64").push();
        let index = store.index("app").child(&own).child(&needed).tag("1").push();
        store.index("app").child(&needed).tag("2").push();
        store.artifact("app").kind("application/spdx+json").layer("text/plain", "{}").subject(&index).push();
        let signature = format!("sha256-{}.sig", index.digest.hex());
        store.artifact("app").kind("application/octet-stream").layer("text/plain", "s").tag(signature).push();
        (store, own.digest, needed.digest)
    };
    for (children, referrers) in [(false, false), (true, false), (false, true), (true, true)] {
        let (store, own, needed) = build();
        let shop = Shop::open(store).await;
        let request = along(shop.delete(&["1"], DeleteMethod::Image), Along { children, referrers });
        let plan = shop.delete_plan(&request).await;
        assert_eq!(
            (plan.images[0].children.as_slice(), plan.images[0].needed_children.as_slice()),
            (&[own, needed][..], &[needed][..])
        );
        let mut kinds: Vec<&str> = plan.images[0].referrers.iter().map(|one| one.kind.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["SBOM, SPDX", "signature"]);
        let report = shop.run(&ChangePlan::Delete(plan)).await;
        assert!(outcomes(&report).iter().all(|end| *end == Done), "{report:?}");
        let left = shop.store().repository("app").expect("it is there");
        let expected = 6 - 1 - usize::from(children) - 2 * usize::from(referrers);
        assert_eq!(left.manifests.len(), expected, "{children} {referrers}");
        assert!(left.manifests.contains_key(&needed));
        assert!(left.tags.contains_key("2"));
    }
}

#[tokio::test]
async fn refusals_midway_are_told_and_the_others_finish() {
    let refusals: [(u16, &str, &str); 5] = [
        (403, r#"{"errors":[{"code":"DENIED","message":"requested access is denied"}]}"#, "403 DENIED"),
        (405, r#"{"errors":[{"code":"UNSUPPORTED","message":"unsupported"}]}"#, "405 UNSUPPORTED"),
        (429, r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#, "429 TOOMANYREQUESTS"),
        (
            412,
            r#"{"errors":[{"code":"PRECONDITION","message":"configured as immutable, cannot be deleted"}]}"#,
            "immutable",
        ),
        (
            400,
            r#"{"errors":[{"code":"TAG_INVALID","message":"cannot be deleted because the tag is immutable"}]}"#,
            "immutable",
        ),
    ];
    for (status, body, says) in refusals {
        let (store, _) = aliases();
        let shop = Shop::open(store).await;
        let work = shop.plan(&shop.delete(&["1", "1.2", "other"], DeleteMethod::Untag)).await;
        shop.registry.demo.fault(move |request, _| {
            (request.method == "DELETE" && request.path.ends_with("/1.2"))
                .then(|| Fault::answer(status, &[], body))
        });
        let report = shop.run(&work).await;
        assert_eq!(outcomes(&report), [Done, Failed, Done], "{status}: {report:?}");
        let (_, failure) = report.failures().next().expect("one");
        assert!(failure.why.as_str().contains(says), "{failure}");
        assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1.2", "latest"]);
        let asked = shop.changes().iter().filter(|line| line.ends_with("/1.2")).count();
        assert!(asked <= 3, "{status}: no storm, but {asked}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_three_alike_is_not_asked_for_the_rest() {
    let store = Store::new();
    let image = store.image("app").push();
    let tags: Vec<String> = (0..8).map(|n| format!("t{n}")).collect();
    tags.iter().for_each(|tag| store.tag("app", tag, image.digest));
    let shop = Shop::open(store).await;
    let selectors: Vec<&str> = tags.iter().map(String::as_str).collect();
    let work = shop.plan(&shop.delete(&selectors, DeleteMethod::Untag)).await;
    shop.registry.demo.fault(|request, _| (request.method == "DELETE").then(|| Fault::status(403)));
    let report = shop.run(&work).await;
    assert_eq!(
        (outcomes(&report), shop.tags("app").len()),
        (vec![Failed, Failed, Failed, Skipped, Skipped, Skipped, Skipped, Skipped], 8)
    );
}

#[tokio::test]
async fn a_server_that_takes_every_alias_is_noticed_and_they_are_put_back() {
    let (store, image) = aliases();
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&["1.2", "other"], DeleteMethod::Untag)).await;
    let (contents, digest) = (shop.store().clone(), image.digest);
    // As old servers do: DELETE by tag deletes the digest with all its tags.
    shop.registry.demo.fault(move |request, _| {
        if request.method == "DELETE" && request.path.ends_with("/1.2") {
            contents.change("app", |repository| {
                repository.manifests.remove(&digest);
                repository.tags.retain(|_, at| *at != digest);
            });
            return Some(Fault::status(202));
        }
        None
    });
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Done, Skipped], "{report:?}");
    assert_eq!(report.notes.len(), 2, "{report:?}");
    let tags = shop.tags("app");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["1", "latest", "other"]);
    assert_eq!((tags["1"], tags["latest"]), (image.digest, image.digest));
}

#[tokio::test]
async fn a_delete_that_is_accepted_and_does_not_show_is_unconfirmed_and_no_success() {
    let (store, _) = aliases();
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&["1.2"], DeleteMethod::Untag)).await;
    shop.registry.demo.fault(|request, _| (request.method == "DELETE").then(|| Fault::status(202)));
    let report = shop.run(&work).await;
    assert_eq!((outcomes(&report), report.is_success()), (vec![Unconfirmed], false));
    let (_, failure) = report.unconfirmed().next().expect("one");
    assert!(failure.why.as_str().contains("still shows the tag"), "{failure}");
    let again = format!("regtui inspect {}/app:1.2", shop.registry.demo.address());
    assert!(failure.hint.as_ref().is_some_and(|hint| hint.as_str().contains(&again)), "{failure}");
}

#[tokio::test]
async fn a_delete_that_cannot_be_checked_is_unconfirmed_and_can_be_undone() {
    let (store, image) = aliases();
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&["1.2"], DeleteMethod::Untag)).await;
    let is_deleted = std::sync::atomic::AtomicBool::new(false);
    shop.registry.demo.fault(move |request, _| {
        let was_deleted =
            is_deleted.fetch_or(request.method == "DELETE", std::sync::atomic::Ordering::SeqCst);
        (was_deleted && request.path.ends_with("/1.2")).then(|| Fault::status(403))
    });
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Unconfirmed], "{report:?}");
    shop.registry.demo.clear_faults();
    assert_eq!(outcomes(&shop.undo(&report).await), [Done]);
    assert_eq!(shop.tags("app")["1.2"], image.digest);
}

#[tokio::test]
async fn parts_after_a_stop_are_left_as_they_are() {
    let (store, _) = aliases();
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&["1", "1.2", "other"], DeleteMethod::Untag)).await;
    let watched = watch();
    let stop = watched.stop.clone();
    shop.registry.demo.fault(move |request, _| {
        if request.method == "DELETE" {
            stop.cancel();
        }
        None
    });
    let report = change::run(&shop.context, &work, &watched).await;
    assert_eq!(outcomes(&report), [Done, Stopped, Stopped], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1.2", "latest", "other"]);
    assert_eq!(watched.progress.borrow().ended(), 3);
}

#[tokio::test]
async fn a_crash_in_the_middle_leaves_an_entry_that_can_be_resumed() {
    let (store, _) = aliases();
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&["1", "1.2", "other"], DeleteMethod::Untag)).await;
    let gate = Gate::new();
    let held = gate.clone();
    shop.registry.demo.fault(move |request, _| {
        (request.method == "DELETE" && request.path.ends_with("/1.2")).then(|| Fault::Gate(held.clone()))
    });
    tokio::select! {
        _ = shop.run(&work) => panic!("it waits at the gate"),
        () = gate.reached_by(1) => {}
    }
    shop.registry.demo.clear_faults();
    let entries = shop.context.journal.entries().await;
    assert_eq!(entries.len(), 1);
    let rest = shop.context.journal.resume(&entries[0].id).await.expect("the rest");
    assert_eq!(rest, shop.delete(&["1.2", "other"], DeleteMethod::Untag));
    let report = shop.carry_out(&rest).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["latest"]);
    let open =
        shop.context.journal.entries().await.into_iter().filter(|entry| entry.state == EntryState::Open);
    assert_eq!(open.count(), 0, "what was resumed is over");
}

/// An index with two children, an SBOM and a signature.
fn family() -> (Store, String) {
    let store = Store::new();
    let child = |architecture: &str, text: &str| {
        let layer = DemoLayer::of(&[(architecture, text)]);
        store.image("app").platform("linux", architecture).layer("COPY", layer).push()
    };
    let (one, other) = (child("amd64", "one"), child("arm64", "the other"));
    let index = store.index("app").child(&one).child(&other).tag("1").push();
    store.artifact("app").kind("application/spdx+json").layer("text/plain", "{}").subject(&index).push();
    let signature = format!("sha256-{}.sig", index.digest.hex());
    store.image("app").label("signature", "of 1").tag(signature.as_str()).push();
    (store, signature)
}

#[tokio::test]
async fn digests_that_go_along_are_at_stake_too() {
    // Whether children and referrers go along, how many digests are at stake, and how many are gone.
    for (method, children, referrers, at_stake, gone) in [
        (DeleteMethod::Image, false, false, 1, 1),
        (DeleteMethod::Image, true, false, 3, 3),
        (DeleteMethod::Image, false, true, 3, 3),
        (DeleteMethod::Image, true, true, 5, 5),
        (DeleteMethod::Untag, true, false, 1, 0),
        (DeleteMethod::Untag, true, true, 2, 0),
        (DeleteMethod::Replace, true, true, 1, 0),
    ] {
        let case = format!("{method:?} {children} {referrers}");
        let (store, _) = family();
        let shop = Shop::open(store).await;
        let request = along(shop.delete(&["1"], method), Along { children, referrers });
        let plan = shop.delete_plan(&request).await;
        assert_eq!(plan.at_stake().count(), at_stake, "{case}");
        assert_eq!(plan.common.name_to_type.is_some(), at_stake > 1, "{case}");
        if plan.common.blocked.is_none() {
            shop.run(&ChangePlan::Delete(plan)).await;
        }
        assert_eq!(shop.store().repository("app").expect("it is there").manifests.len(), 5 - gone, "{case}");
    }
}

#[tokio::test]
async fn a_plan_counts_the_tags_that_its_method_removes() {
    for (method, expected) in [(DeleteMethod::Image, 2), (DeleteMethod::Untag, 2), (DeleteMethod::Replace, 1)]
    {
        let (store, signature) = family();
        let shop = Shop::open(store).await;
        let request = along(shop.delete(&["1"], method), Along { children: true, referrers: true });
        let plan = shop.delete_plan(&request).await;
        assert_eq!(plan.tags_that_go().count(), expected, "{method:?}");
        if plan.common.blocked.is_none() {
            shop.run(&ChangePlan::Delete(plan)).await;
            assert!(!shop.tags("app").contains_key(&signature), "{method:?}");
        }
    }
}

#[tokio::test]
async fn only_blobs_of_deleted_images_are_counted_as_freed() {
    let frees = async |method, children, referrers| {
        let (store, _) = family();
        let shop = Shop::open(store).await;
        let request = along(shop.delete(&["1"], method), Along { children, referrers });
        let plan = shop.delete_plan(&request).await;
        plan.frees.expect("sizes are known")
    };
    assert_eq!(
        frees(DeleteMethod::Image, false, false).await,
        0,
        "an index has no blobs, and what it lists stays"
    );
    let children = frees(DeleteMethod::Image, true, false).await;
    assert!(children > 0);
    assert!(frees(DeleteMethod::Image, true, true).await > children);
    assert_eq!(frees(DeleteMethod::Untag, false, false).await, children, "what is untagged may be collected");
    assert!(frees(DeleteMethod::Untag, false, true).await > children);
}

#[tokio::test]
async fn blobs_of_children_that_stay_are_not_counted_as_freed() {
    let store = Store::new();
    let layer = DemoLayer::of(&[("shared", "by two")]);
    let child = store.image("app").platform("linux", "amd64").layer("COPY", layer.clone()).push();
    store.index("app").child(&child).tag("1").push();
    store.image("app").label("number", "2").layer("COPY", layer.clone()).tag("2").push();
    let shop = Shop::open(store).await;
    for (children, is_freed) in [(false, false), (true, true)] {
        let request =
            along(shop.delete(&["1", "2"], DeleteMethod::Image), Along { children, referrers: false });
        let plan = shop.delete_plan(&request).await;
        let (frees, shared) = (plan.frees.expect("known"), plan.shared.expect("known"));
        assert!(frees > 0);
        assert_eq!(shared >= layer.size(), !is_freed, "{frees} {shared}");
    }
}

#[tokio::test]
async fn a_read_only_registry_is_asked_nothing_that_could_change_it() {
    let (store, _) = aliases();
    let mut shop = Shop::open(store).await;
    shop.context.rules = Rules { read_only: Some("`--read-only`"), rules: Vec::new(), ..Rules::default() };
    let work = shop.plan(&shop.delete(&["1"], None)).await;
    assert!(work.common().refused.is_some());
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Failed], "{report:?}");
    assert_eq!(shop.changes(), [""; 0]);
    assert_eq!(shop.context.journal.entries().await, []);
}

#[tokio::test]
async fn tags_of_unknown_digest_protect_images_from_being_deleted() {
    let (store, _) = aliases();
    let shop = Shop::open(store).await;
    shop.registry.demo.fault(|request, _| {
        (request.method != "DELETE" && request.path.ends_with("/latest")).then(|| Fault::status(403))
    });
    let plan = shop.delete_plan(&shop.delete(&["1"], DeleteMethod::Image)).await;
    assert_eq!(plan.unknown.iter().map(|tag| tag.as_str()).collect::<Vec<_>>(), ["latest"]);
    assert!(plan.common.blocked.is_some());
    assert_eq!(shop.delete_plan(&shop.delete(&["1"], DeleteMethod::Untag)).await.common.blocked, None);
}

#[tokio::test]
async fn missing_images_are_named_and_the_rest_is_planned() {
    let (store, image) = aliases();
    let shop = Shop::open(store).await;
    let plan = shop.delete_plan(&shop.delete(&["1", "none"], None)).await;
    assert_eq!((plan.images.len(), plan.common.unresolved.len()), (1, 1));
    assert_eq!(plan.common.unresolved[0].failure.to_string(), "cannot delete app:none: it is not there");
    let zeros = Digest::Sha256([0; 32]).to_string();
    let failure =
        change::plan(&shop.context, &shop.delete(&["none", &zeros], None)).await.expect_err("nothing");
    assert!(failure.why.as_str().contains("not there"), "{failure}");
    let plan = shop.delete_plan(&shop.delete(&[&image.digest.to_string()], None)).await;
    assert_eq!((plan.method, plan.images[0].others.len()), (DeleteMethod::Image, 3));
}

#[tokio::test]
async fn the_digests_of_all_tags_are_asked_together() {
    let store = Store::new();
    let image = store.image("app").push();
    (0..64).for_each(|n| store.tag("app", &format!("t{n}"), image.digest));
    let shop = Shop::open(store).await;
    let gate = Gate::new();
    let held = gate.clone();
    shop.registry.demo.fault(move |request, _| {
        (request.method == "HEAD" && request.path.contains("/manifests/t")).then(|| Fault::Gate(held.clone()))
    });
    let opener = async {
        gate.reached_by(8).await;
        gate.open();
    };
    let request = shop.delete(&["t1"], None);
    let (plan, ()) = tokio::join!(shop.delete_plan(&request), opener);
    assert_eq!(plan.tags.len(), 64);
    let heads = shop.registry.requests().iter().filter(|line| line.starts_with("HEAD ")).count();
    assert_eq!(heads, 64, "one each");
}

#[tokio::test]
async fn the_report_of_a_failure_says_nothing_done() {
    let (store, _) = aliases();
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Untag)).await;
    std::fs::write(shop.folder.path().join("journal"), "a file where the folder should be").expect("a file");
    let report = shop.run(&work).await;
    let Some(Outcome::Failed(failure)) = &report.items[0].outcome else { panic!("{report:?}") };
    assert!(failure.what.as_str().contains("nothing was changed"), "{failure}");
    assert_eq!(shop.tags("app").len(), 4);
}

#[tokio::test]
async fn signatures_stay_if_their_image_keeps_a_tag() {
    // The server refuses to untag; the tag moved to another image; another client has given the image a new tag.
    for (case, ended) in [
        ("refused", vec![Failed, Skipped]),
        ("moved", vec![Skipped, Skipped]),
        ("tagged", vec![Done, Skipped]),
    ] {
        let store = Store::new();
        let image = store.image("app").tag("1").push();
        let signature = format!("sha256-{}.sig", image.digest.hex());
        store.image("app").label("signature", "of 1").tag(signature.as_str()).push();
        let shop = Shop::open(store).await;
        let request =
            along(shop.delete(&["1"], DeleteMethod::Untag), Along { referrers: true, children: false });
        let work = shop.plan(&request).await;
        match case {
            "refused" => shop.registry.demo.fault(|request, _| {
                (request.method == "DELETE" && request.path.ends_with("/1")).then(|| Fault::status(403))
            }),
            "moved" => {
                shop.store().image("app").label("who", "somebody else").tag("1").push();
            }
            _ => shop.store().tag("app", "new", image.digest),
        }
        let report = shop.run(&work).await;
        assert_eq!(outcomes(&report), ended, "{case}: {report:?}");
        assert!(shop.tags("app").contains_key(&signature), "{case}");
    }
}

#[tokio::test]
async fn siblings_that_another_client_removed_are_not_put_back() {
    for (method, settings) in
        [(DeleteMethod::Untag, DemoSettings::default()), (DeleteMethod::Replace, only_by_digest())]
    {
        let (store, _) = aliases();
        let shop = Shop::new(settings, store).await;
        let work = shop.plan(&shop.delete(&["1"], method)).await;
        shop.store().change("app", |repository| repository.tags.remove("latest"));
        let report = shop.run(&work).await;
        assert_eq!((outcomes(&report), report.notes.len()), (vec![Done], 0), "{method:?}: {report:?}");
        assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1.2", "other"], "{method:?}");
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_read_fails_and_the_others_go() {
    let (store, image) = aliases();
    let shop = Shop::open(store).await;
    let digest = shop.tags("app")["other"].to_string();
    for methods in [&["HEAD", "GET"][..], &["GET"]] {
        let names = ["other", digest.as_str()].map(|name| format!("/manifests/{name}"));
        shop.registry.demo.fault(move |request, _| {
            let is_it = names.iter().any(|name| request.path.ends_with(name));
            (is_it && methods.contains(&request.method.as_str())).then(|| Fault::status(403))
        });
        shop.store().tag("app", "1", image.digest);
        let work = shop.plan(&shop.delete(&["1", "other"], DeleteMethod::Untag)).await;
        let report = shop.run(&work).await;
        assert_eq!(outcomes(&report), [Done, Failed], "{report:?}");
        let (name, failure) = report.failures().next().expect("one");
        assert_eq!(name.as_str(), "other");
        assert!(failure.why.as_str().contains("403"), "{failure}");
        assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1.2", "latest", "other"]);
    }
}

#[tokio::test]
async fn an_image_pushed_during_a_wait_for_the_server_is_left_alone() {
    for method in [DeleteMethod::Untag, DeleteMethod::Image] {
        let (store, image) = aliases();
        let shop = Shop::open(store).await;
        let work = shop.plan(&shop.delete(&["1"], method)).await;
        let contents = shop.store().clone();
        shop.registry.demo.fault(move |request, _| {
            let target =
                if method == DeleteMethod::Untag { "1".to_string() } else { image.digest.to_string() };
            if request.method != "DELETE" || !request.path.ends_with(&format!("/{target}")) {
                return None;
            }
            if contents.tags("app").contains(&"new".to_string()) {
                return None;
            }
            // The first time: another client pushes, and the server is busy.
            match method {
                DeleteMethod::Untag => {
                    let theirs = contents.image("app").label("who", "somebody else").tag("1").push();
                    contents.tag("app", "new", theirs.digest);
                }
                _ => contents.tag("app", "new", image.digest),
            }
            Some(Fault::status(503))
        });
        let report = shop.run(&work).await;
        assert_eq!(outcomes(&report), [Skipped], "{method:?}: {report:?}");
        let tags = shop.tags("app");
        assert_eq!(tags["1"], tags["new"], "{method:?}: {report:?}");
        assert_eq!(tags["1.2"], image.digest, "{method:?}: {report:?}");
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    for method in [DeleteMethod::Untag, DeleteMethod::Image] {
        let (store, _) = aliases();
        let shop = Shop::open(store).await;
        let work = shop.plan(&shop.delete(&["other"], method)).await;
        let busy = std::sync::atomic::AtomicUsize::new(2);
        shop.registry.demo.fault(move |request, _| {
            use std::sync::atomic::Ordering::Relaxed;
            let is_busy = || busy.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
            (request.method == "DELETE" && is_busy()).then(|| Fault::status(503))
        });
        let report = shop.run(&work).await;
        assert_eq!(outcomes(&report), [Done], "{method:?}: {report:?}");
        assert!(!shop.tags("app").contains_key("other"));
    }
}

#[tokio::test]
async fn referrers_of_a_referrer_are_named_and_go_along_with_their_list() {
    for referrers in [true, false] {
        let store = Store::new();
        let image = store.image("app").tag("1").push();
        let sbom = store
            .artifact("app")
            .kind("application/spdx+json")
            .layer("text/plain", "{}")
            .subject(&image)
            .push();
        let signature = store.artifact("app").kind("application/vnd.cncf.notary.signature");
        let signature = signature.layer("text/plain", "s").subject(&sbom).push();
        if !referrers {
            for (of, listed) in [(&image, &sbom), (&sbom, &signature)] {
                let tag = format!("sha256-{}", of.digest.hex());
                store.index("app").child(listed).tag(tag).push();
            }
        }
        let shop = Shop::new(DemoSettings { referrers, ..DemoSettings::default() }, store).await;
        let request =
            along(shop.delete(&["1"], DeleteMethod::Image), Along { referrers: true, children: false });
        let plan = shop.delete_plan(&request).await;
        let named: Vec<_> = plan.images[0]
            .referrers
            .iter()
            .filter(|one| one.tag.is_none())
            .map(|one| (one.digest, one.subject))
            .collect();
        assert_eq!(named, [(sbom.digest, image.digest), (signature.digest, sbom.digest)]);
        assert_eq!(plan.at_stake().count(), if referrers { 3 } else { 5 });
        let report = shop.carry_out(&request).await;
        assert!(report.is_success(), "{report:#?}");
        let left = shop.store().repository("app").expect("it is there");
        assert!(left.manifests.is_empty() && left.tags.is_empty(), "{:?}", left.tags);
        let report = shop.undo(&report).await;
        assert!(report.is_success(), "{report:#?}");
        assert!(
            shop.store().repository("app").is_some_and(|back| back.manifests.contains_key(&signature.digest))
        );
    }
}

/// docs/REGISTRIES.md §3.4.
#[tokio::test]
async fn a_plan_says_that_the_list_of_tags_may_be_incomplete() {
    let (store, _) = aliases();
    let shop = Shop::open(store).await;
    shop.registry.demo.fault(|request, _| {
        let link = [("link".to_string(), Some("<https://other.test/next>; rel=\"next\"".to_string()))];
        request.path.ends_with("/tags/list").then(|| Fault::Headers(link.into()))
    });
    for method in [DeleteMethod::Untag, DeleteMethod::Image] {
        let plan = shop.delete_plan(&shop.delete(&["1"], Some(method))).await;
        let notes: Vec<&str> = plan.common.notes.iter().map(|note| note.as_str()).collect();
        let expected = "the list of tags may be incomplete: the server's next page is at another place";
        assert!(notes.contains(&expected), "{notes:?}");
        assert_eq!(plan.common.blocked.is_some(), method == DeleteMethod::Image);
    }
}
