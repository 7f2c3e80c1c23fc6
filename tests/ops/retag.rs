//! Retagging: the same bytes under another name, within a repository and across repositories of one registry.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::progress::Progress;
use regtui::model::change::retag::{self, RetagMode, RetagPlan};
use regtui::model::change::rules::{Rule, Rules};
use regtui::model::change::{ChangePlan, ChangeRequest, copy, delete};
use regtui::model::reference::Selector;
use regtui::ops::change;

use crate::support::context::{Shop, watch};
use crate::support::copying::layer;
use crate::support::outcomes::OutcomeKind::{Done, Failed, Skipped, Stopped};
use crate::support::outcomes::outcomes;
use crate::support::registry::{host, tag};

fn contents() -> Store {
    let store = Store::new();
    let layer = || DemoLayer::of(&[("a", "a")]);
    let amd64 = store.image("app").platform("linux", "amd64").layer("COPY a /", layer()).tag("amd64").push();
    let arm64 = store.image("app").platform("linux", "arm64").layer("COPY a /", layer()).push();
    store.index("app").child(&amd64).child(&arm64).docker().tag("1").tag("1.2").push();
    store.image("app").created("2026-01-01T00:00:00Z").docker().tag("old").push();
    store
}

/// `old → new` within `app`, or to another repository: `old → other:new`.
fn request(shop: &Shop, items: &[(&str, &str)], mode: RetagMode) -> ChangeRequest {
    let item = |(from, to): &(&str, &str)| {
        let (repository, name) = to.split_once(':').unwrap_or(("app", *to));
        (from.parse::<Selector>().expect("a selector"), shop.repository(repository), tag(name))
    };
    let items = items.iter().map(item).collect();
    ChangeRequest::Retag(retag::RetagRequest { from: shop.repository("app"), items, mode, keep: false })
}

async fn plan(shop: &Shop, request: &ChangeRequest) -> RetagPlan {
    match shop.plan(request).await {
        ChangePlan::Retag(plan) => plan,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_tag_has_the_same_bytes_and_media_type() {
    let shop = Shop::open(contents()).await;
    let before = shop.tags("app");
    let manifests = shop.store().repository("app").expect("it is there").manifests.len();
    let report = shop.carry_out(&request(&shop, &[("1", "stable"), ("old", "older")], RetagMode::Add)).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    let tags = shop.tags("app");
    assert_eq!((tags["stable"], tags["older"]), (before["1"], before["old"]));
    assert_eq!(shop.store().repository("app").expect("it is there").manifests.len(), manifests);
    let report = shop.undo(&report).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Done, Done], before), "{report:?}");
}

#[tokio::test]
async fn the_plan_shows_the_replaced_image_and_undo_puts_it_back() {
    let shop = Shop::open(contents()).await;
    let before = shop.tags("app");
    let plan = plan(&shop, &request(&shop, &[("1", "old")], RetagMode::Add)).await;
    assert_eq!((plan.steps[0].digest, plan.steps[0].replaces), (before["1"], Some(before["old"])));
    let report = shop.run(&ChangePlan::Retag(plan)).await;
    assert_eq!((outcomes(&report), shop.tags("app")["old"]), (vec![Done], before["1"]));
    let report = shop.undo(&report).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Done], before), "{report:?}");
}

#[tokio::test]
async fn tags_that_moved_since_the_plan_are_left_alone() {
    for moved in ["1", "old", "free"] {
        let shop = Shop::open(contents()).await;
        let target = if moved == "free" { "free" } else { "old" };
        let work = shop.plan(&request(&shop, &[("1", target)], RetagMode::Add)).await;
        let theirs = shop.store().image("app").created("2026-06-01T00:00:00Z").tag(moved).push();
        let before = shop.tags("app");
        let report = shop.run(&work).await;
        assert_eq!((outcomes(&report), shop.tags("app")), (vec![Skipped], before), "{moved}: {report:?}");
        assert_eq!(shop.tags("app")[moved], theirs.digest);
    }
}

#[tokio::test]
async fn a_move_takes_the_old_name_and_no_sibling() {
    let shop = Shop::open(contents()).await;
    let before = shop.tags("app");
    let report = shop.carry_out(&request(&shop, &[("1", "stable")], RetagMode::Move)).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    let tags = shop.tags("app");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["1.2", "amd64", "old", "stable"]);
    assert_eq!((tags["stable"], tags["1.2"]), (before["1"], before["1"]));
    let report = shop.undo(&report).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Done, Done], before), "{report:?}");
}

#[tokio::test]
async fn no_tag_is_moved_if_the_server_cannot_untag() {
    let shop = Shop::new(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, contents()).await;
    let before = shop.tags("app");
    let plan = plan(&shop, &request(&shop, &[("1", "stable")], RetagMode::Move)).await;
    let blocked = plan.common.blocked.as_ref().expect("it is blocked");
    assert!(blocked.why.as_str().contains("would stay"), "{plan:?}");
    assert_eq!(
        plan.common.methods,
        [delete::DeleteMethod::Untag, delete::DeleteMethod::Replace],
        "another way is open"
    );
    let report = shop.run(&ChangePlan::Retag(plan)).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Failed], before));
    assert_eq!(changes_of(&shop), [""; 0]);
}

/// The deletes of distribution 2.8.
fn only_by_digest() -> DemoSettings {
    DemoSettings { delete_by_tag: false, ..DemoSettings::default() }
}

/// Requests that change something. Requests that probe which deletes the server supports are left out.
fn changes_of(shop: &Shop) -> Vec<String> {
    let is_probe = |line: &String| {
        line.starts_with("DELETE ") && (line.contains("sha256:") || line.contains("regtui-probe-"))
    };
    shop.changes().into_iter().filter(|line| !is_probe(line)).collect()
}

#[tokio::test]
async fn a_move_by_replacement_takes_the_old_name_and_no_sibling_and_is_undone() {
    let shop = Shop::new(only_by_digest(), contents()).await;
    let before = shop.store().repository("app").expect("it is there");
    let items = [("1", "stable"), ("old", "other:old")];
    let report = shop.carry_out(&request(&shop, &items, RetagMode::MoveByReplacement)).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    let after = shop.store().repository("app").expect("it is there");
    assert_eq!(after.tags.keys().collect::<Vec<_>>(), ["1.2", "amd64", "stable"]);
    assert_eq!((after.tags["stable"], after.tags["1.2"]), (before.tags["1"], before.tags["1"]));
    assert_eq!(shop.tags("other")["old"], before.tags["old"]);
    assert!(after.manifests.keys().eq(before.manifests.keys()), "no replacement and no probe stays");
    let undo = ChangeRequest::UndoByReplacement(report.undo.clone().expect("an entry"));
    let undone = shop.carry_out(&undo).await;
    assert_eq!(
        (outcomes(&undone), shop.tags("app")),
        (vec![Done, Done, Done, Done], before.tags.clone()),
        "{undone:?}"
    );
    assert!(shop.tags("other").is_empty());
}

#[tokio::test]
async fn a_move_by_replacement_untags_if_the_server_can() {
    let shop = Shop::open(contents()).await;
    let plan = plan(&shop, &request(&shop, &[("1", "stable")], RetagMode::MoveByReplacement)).await;
    assert_eq!((plan.mode, plan.common.methods.len()), (RetagMode::Move, 0), "no replacement is needed");
    let report = shop.run(&ChangePlan::Retag(plan)).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    assert_eq!(changes_of(&shop), ["PUT /v2/app/manifests/stable", "DELETE /v2/app/manifests/1"]);
}

#[tokio::test]
async fn no_tag_is_moved_by_replacement_if_the_server_deletes_nothing() {
    let settings = DemoSettings { delete_by_digest: false, ..only_by_digest() };
    let shop = Shop::new(settings, contents()).await;
    let before = shop.tags("app");
    for mode in [RetagMode::Move, RetagMode::MoveByReplacement] {
        let plan = plan(&shop, &request(&shop, &[("1", "stable")], mode)).await;
        let hint = plan.common.blocked.as_ref().and_then(|blocked| blocked.hint.clone()).expect("a hint");
        assert!(
            hint.as_str().contains("REGISTRY_STORAGE_DELETE_ENABLED") && plan.common.methods.is_empty(),
            "{plan:?}"
        );
        let report = shop.run(&ChangePlan::Retag(plan)).await;
        assert_eq!((outcomes(&report), shop.tags("app")), (vec![Failed], before.clone()));
    }
    assert_eq!(changes_of(&shop), [""; 0]);
}

#[tokio::test]
async fn the_new_tag_is_not_put_if_the_probe_of_a_replacement_fails() {
    let shop = Shop::new(only_by_digest(), contents()).await;
    let before = shop.tags("app");
    let work = shop.plan(&request(&shop, &[("1", "stable")], RetagMode::MoveByReplacement)).await;
    shop.registry.demo.fault(|request, _| (request.method == "DELETE").then(|| Fault::status(403)));
    let report = shop.run(&work).await;
    assert_eq!((outcomes(&report), report.undo.clone()), (vec![Failed], None), "{report:?}");
    let mut after = shop.tags("app");
    after.retain(|tag, _| !tag.starts_with("regtui-probe-"));
    assert_eq!(after, before);
    assert!(report.notes.iter().any(|note| note.as_str().contains("was left in")), "{report:?}");
}

#[tokio::test]
async fn an_old_tag_gets_its_image_back_if_its_replacement_cannot_be_deleted() {
    let shop = Shop::new(only_by_digest(), contents()).await;
    let before = shop.tags("app");
    let work = shop.plan(&request(&shop, &[("1", "stable")], RetagMode::MoveByReplacement)).await;
    let deletes = std::sync::atomic::AtomicUsize::new(0);
    shop.registry.demo.fault(move |request, _| {
        let is_later =
            request.method == "DELETE" && deletes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0;
        is_later.then(|| Fault::status(405))
    });
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Failed], "{report:?}");
    assert!(report.notes.iter().any(|note| note.as_str().contains("byte for byte")), "{report:?}");
    let (_, failure) = report.failures().next().expect("one");
    assert!(failure.what.as_str().contains("stable is there, but"), "{failure}");
    let mut after = shop.tags("app");
    assert_eq!(after.remove("stable"), Some(before["1"]));
    assert_eq!(after, before);
}

#[tokio::test]
async fn an_old_tag_stays_if_its_siblings_cannot_be_listed() {
    let shop = Shop::open(contents()).await;
    let before = shop.tags("app");
    let work = shop.plan(&request(&shop, &[("1", "stable")], RetagMode::Move)).await;
    shop.registry.demo.fault(|request, _| request.path.ends_with("/tags/list").then(|| Fault::status(403)));
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Failed], "{report:?}");
    let tags = shop.tags("app");
    assert_eq!((tags["1"], tags["stable"]), (before["1"], before["1"]));
    shop.registry.demo.clear_faults();
    let report = shop.undo(&report).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Done], before), "{report:?}");
}

#[tokio::test]
async fn a_move_on_a_server_that_takes_every_alias_is_made_good() {
    let shop = Shop::open(contents()).await;
    let before = shop.tags("app");
    let work = shop.plan(&request(&shop, &[("1", "stable"), ("old", "older")], RetagMode::Move)).await;
    let (store, digest) = (shop.store().clone(), before["1"]);
    shop.registry.demo.fault(move |request, _| {
        (request.method == "DELETE").then(|| {
            store.change("app", |repository| {
                repository.manifests.remove(&digest);
                repository.tags.retain(|_, at| *at != digest);
            });
            Fault::status(202)
        })
    });
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Done, Skipped], "{report:?}");
    let tags = shop.tags("app");
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["1.2", "amd64", "old", "stable"]);
    assert_eq!((tags["stable"], tags["1.2"]), (before["1"], before["1"]));
}

#[tokio::test]
async fn another_repository_gets_the_image_by_mounting_or_by_bytes() {
    for mounts in [true, false] {
        let shop = Shop::new(DemoSettings { mounts, ..DemoSettings::default() }, contents()).await;
        let before = shop.tags("app");
        let report = shop.carry_out(&request(&shop, &[("1", "release/app:1")], RetagMode::Add)).await;
        assert_eq!(outcomes(&report), [Done], "{report:?}");
        assert_eq!(shop.tags("release/app")["1"], before["1"]);
        let (from, to) = ("app", "release/app");
        let read = |name: &str| shop.store().repository(name).expect("it is there");
        for (digest, manifest) in &read(to).manifests {
            let original = &read(from).manifests[digest];
            assert_eq!((&manifest.bytes, &manifest.media_type), (&original.bytes, &original.media_type));
        }
        assert_eq!((read(to).manifests.len(), read(to).blobs.len()), (3, 3), "one layer, two configs");
        assert_eq!(shop.store().open_uploads(), 0);
        let bytes = shop
            .changes()
            .iter()
            .filter(|line| line.starts_with("PUT ") && line.contains("/uploads/"))
            .count();
        assert_eq!(bytes, if mounts { 0 } else { 3 });
    }
}

#[tokio::test]
async fn an_image_that_is_not_there_is_named() {
    let shop = Shop::open(contents()).await;
    let missing = change::plan(&shop.context, &request(&shop, &[("none", "x")], RetagMode::Add)).await;
    assert!(missing.expect_err("it is not there").what.as_str().contains("app:none"));
}

#[tokio::test]
async fn rules_are_asked_when_planned_and_again_when_run() {
    let mut shop = Shop::open(contents()).await;
    let request = request(&shop, &[("1", "release/app:1")], RetagMode::Add);
    let work = shop.plan(&request).await;
    assert!(work.common().refused.is_none() && work.common().name_to_type.is_none());
    let rule = Rule {
        name: "[[registries.\"r\".repositories]]".into(),
        host: host(&shop.registry.demo),
        repositories: Some("release/*".into()),
        read_only: true,
        protect: true,
        promote: None,
    };
    shop.context.rules = Rules { read_only: None, rules: vec![rule], ..Rules::default() };
    assert_eq!(outcomes(&shop.run(&work).await), [Failed]);
    let work = shop.plan(&request).await;
    assert!(work.common().refused.is_some());
    assert_eq!(work.common().name_to_type.as_ref().map(|name| name.as_str()), Some("release/app"));
    assert_eq!(shop.changes(), [""; 0]);
}

#[tokio::test]
async fn immutable_tags_are_told_and_the_others_finish() {
    let shop = Shop::new(DemoSettings { immutable_tags: true, ..DemoSettings::default() }, contents()).await;
    let report = shop.carry_out(&request(&shop, &[("1", "old"), ("1", "new")], RetagMode::Add)).await;
    assert_eq!(outcomes(&report), [Failed, Done], "{report:?}");
    let (_, failure) = report.failures().next().expect("one");
    assert!(failure.why.as_str().contains("immutable"), "{failure}");
    assert!(failure.hint.as_ref().is_some_and(|hint| hint.as_str().contains("protects")), "{failure}");
}

#[tokio::test]
async fn a_crash_in_the_middle_of_many_leaves_the_rest_to_be_resumed() {
    let shop = Shop::open(contents()).await;
    let items = [("1", "a"), ("old", "b"), ("amd64", "c")];
    let work = shop.plan(&request(&shop, &items, RetagMode::Move)).await;
    let gate = Gate::new();
    let held = gate.clone();
    shop.registry.demo.fault(move |request, _| {
        (request.method == "DELETE" && request.path.ends_with("/old")).then(|| Fault::Gate(held.clone()))
    });
    tokio::select! {
        _ = shop.run(&work) => panic!("it waits at the gate"),
        () = gate.reached_by(1) => {}
    }
    shop.registry.demo.clear_faults();
    let entries = shop.context.journal.entries().await;
    let rest = shop.context.journal.resume(&entries[0].id).await.expect("the rest");
    assert_eq!(rest, request(&shop, &items[1..], RetagMode::Move));
    let report = shop.carry_out(&rest).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1.2", "a", "b", "c"]);
}

#[tokio::test]
async fn an_old_tag_stays_if_the_new_one_moved_meanwhile() {
    let shop = Shop::open(contents()).await;
    // `1.2` is that image already, so only the old name has to go.
    let work = shop.plan(&request(&shop, &[("1", "1.2")], RetagMode::Move)).await;
    shop.store().image("app").created("2026-06-01T00:00:00Z").tag("1.2").push();
    let before = shop.tags("app");
    let report = shop.run(&work).await;
    assert_eq!((outcomes(&report), shop.tags("app")), (vec![Skipped], before), "{report:?}");
}

#[tokio::test]
async fn an_image_pushed_during_a_wait_for_the_server_is_not_replaced() {
    let shop = Shop::open(contents()).await;
    let work = shop.plan(&request(&shop, &[("1", "old")], RetagMode::Add)).await;
    let store = shop.store().clone();
    let before = shop.tags("app")["old"];
    shop.registry.demo.fault(move |request, _| {
        let is_first = store.digest_of("app", "old") == Some(before);
        (request.method == "PUT" && is_first).then(|| {
            store.image("app").created("2026-06-01T00:00:00Z").tag("old").push();
            Fault::status(503)
        })
    });
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Skipped], "{report:?}");
    assert!(![before, shop.tags("app")["1"]].contains(&shop.tags("app")["old"]), "theirs stays");
}

#[tokio::test]
async fn an_upload_that_cannot_be_closed_is_named() {
    let shop = Shop::new(DemoSettings { mounts: false, ..DemoSettings::default() }, contents()).await;
    let work = shop.plan(&request(&shop, &[("1", "other:1")], RetagMode::Add)).await;
    let watch = watch();
    let stop = watch.stop.clone();
    shop.registry.demo.fault(move |request, _| {
        if request.method == "PUT" {
            stop.cancel();
        }
        (request.method == "DELETE").then(|| Fault::status(403))
    });
    let report = change::run(&shop.context, &work, &watch).await;
    assert_eq!(outcomes(&report), [Stopped], "{report:?}");
    assert!(report.notes.iter().any(|note| note.as_str().contains("could not be closed")), "{report:?}");
}

#[tokio::test]
async fn a_retag_stopped_between_two_blobs_moves_no_more() {
    let shop = Shop::open(contents()).await;
    let work = shop.plan(&request(&shop, &[("1", "other:1")], RetagMode::Add)).await;
    let watch = watch();
    let stop = watch.stop.clone();
    shop.registry.demo.fault(move |request, _| {
        if request.method == "POST" {
            stop.cancel();
        }
        None
    });
    let report = change::run(&shop.context, &work, &watch).await;
    assert_eq!((outcomes(&report), report.undo), (vec![Stopped], None));
    assert!(!shop.changes().iter().any(|line| line.starts_with("PUT ")), "{:?}", shop.changes());
}

#[tokio::test]
async fn bytes_that_cannot_be_mounted_are_told_while_they_move() {
    let store = Store::new();
    store.image("app").layer("COPY a /", layer(1, 3_000_000)).tag("1").push();
    let shop = Shop::new(DemoSettings { mounts: false, ..DemoSettings::default() }, store).await;
    let work = shop.plan(&request(&shop, &[("1", "other:1")], RetagMode::Add)).await;
    // The layer never ends: its first half comes, then nothing.
    shop.registry.demo.fault(|request, _| {
        let is_layer = request.path.starts_with("/v2/app/blobs/") && request.method == "GET";
        is_layer.then_some(Fault::HangAfter(1_500_000))
    });
    let watch = watch();
    let mut progress = watch.progress.subscribe();
    let stopping = async {
        let moves = |progress: &Progress| progress.moved > 1_000_000 && progress.total_bytes >= 3_000_000;
        drop(progress.wait_for(moves).await.expect("progress"));
        watch.stop.cancel();
    };
    let (report, ()) = tokio::join!(change::run(&shop.context, &work, &watch), stopping);
    assert_eq!((outcomes(&report), shop.store().open_uploads()), (vec![Stopped], 0), "{report:?}");
    shop.registry.demo.clear_faults();
    let watch = self::watch();
    let report = change::run(&shop.context, &work, &watch).await;
    let progress = watch.progress.borrow();
    assert_eq!(
        (progress.moved, progress.total_bytes),
        (report.moved, report.moved),
        "the bar ends at its end"
    );
    assert!(report.moved >= 3_000_000 && report.is_success(), "{report:?}");
}

/// A digest alone does not tell the user which image it is.
#[tokio::test]
async fn every_plan_tells_the_date_and_the_size_of_each_image() {
    let shop = Shop::open(contents()).await;
    let app = shop.store().repository("app").expect("it is there");
    let old = app.tags["old"];
    let created = "2026-01-01T00:00:00Z".parse().ok();
    let retag = plan(&shop, &request(&shop, &[("old", "older"), ("1", "stable")], RetagMode::Add)).await;
    let [first, index] = [&retag.steps[0].info, &retag.steps[1].info];
    assert_eq!((first.created, first.size.is_some()), (created, true));
    // The index has two platforms with one layer in common: each blob counts once.
    assert!(index.size > first.size, "{index:?} {first:?}");
    let delete = shop.delete_plan(&shop.delete(&["old"], None)).await;
    assert_eq!((delete.images[0].digest, delete.images[0].info), (old, *first));
    let what = copy::What::Images(vec!["old".parse().expect("a tag")]);
    let copy = copy::CopyRequest::with_referrers(shop.repository("app"), what, shop.repository("elsewhere"));
    match shop.plan(&ChangeRequest::Copy(copy)).await {
        ChangePlan::Copy(plan) => assert_eq!(plan.images[0].info, *first),
        other => panic!("{other:?}"),
    }
    let report = shop.run(&ChangePlan::Delete(delete)).await;
    let entry = report.undo.expect("an entry");
    match shop.plan(&ChangeRequest::Undo(entry)).await {
        ChangePlan::Undo(plan) => assert_eq!(plan.steps[0].info, *first),
        other => panic!("{other:?}"),
    }
}

/// A config that cannot be read hides the date, and nothing else of the plan.
#[tokio::test]
async fn an_image_whose_config_cannot_be_read_is_planned_without_a_date() {
    let shop = Shop::open(contents()).await;
    shop.registry.demo.fault(|request, _| request.path.contains("/blobs/").then(|| Fault::status(500)));
    let delete = shop.delete_plan(&shop.delete(&["old"], None)).await;
    assert_eq!(delete.images[0].info.created, None);
    assert!(delete.images[0].info.size.is_some() && delete.common.blocked.is_none(), "{delete:?}");
}
