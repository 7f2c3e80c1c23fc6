//! A report states the result that was observed afterwards, not the status with which the server answered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use regtui::client::{ClientSettings as Client, Timeouts};
use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::{self, Fault, LateDelete};
use regtui::demo::image::PushedImage;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::delete::{Along, DeleteMethod};
use regtui::model::change::progress::{Outcome, Report};
use regtui::model::change::{ChangePlan, ChangeRequest, delete, retag};
use regtui::model::failure::FailureKind;
use regtui::model::server::Ability;
use regtui::ops::change;

use crate::support::context::{Shop, watch};
use crate::support::outcomes::OutcomeKind::{Done, Failed, Skipped, Stopped, Unchanged, Unconfirmed};
use crate::support::outcomes::outcomes;
use crate::support::registry::{host, logins, settings, tag, timeouts};

/// An index of two children with the tag `1`, its referrers, and an image with three tags.
fn contents() -> (Store, PushedImage, PushedImage) {
    let store = Store::new();
    let child = |arch: &'static str| store.image("app").platform("linux", arch).push();
    let index = store.index("app").child(&child("amd64")).child(&child("arm64")).tag("1").push();
    store.artifact("app").kind("application/spdx+json").layer("text/plain", "{}").subject(&index).push();
    let image = store.image("app").layer("COPY a /", DemoLayer::of(&[("a", "a")]));
    let image = image.tag("2").tag("2.0").tag("latest").push();
    (store, index, image)
}

/// The request to delete the index with its children and referrers.
fn whole(shop: &Shop) -> ChangeRequest {
    match shop.delete(&["1"], DeleteMethod::Image) {
        ChangeRequest::Delete(request) => ChangeRequest::Delete(delete::DeleteRequest {
            along: Along { children: true, referrers: true },
            ..request
        }),
        other => other,
    }
}

fn retag(shop: &Shop, from: &str, to: &str, method: retag::RetagMode) -> ChangeRequest {
    let selector = from.parse().expect("a selector");
    let items = vec![(selector, shop.repository("app"), tag(to))];
    ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items,
        mode: method,
        keep: false,
    })
}

fn only_failure(report: &Report) -> regtui::model::failure::Failure {
    match &report.items[0].outcome {
        Some(Outcome::Failed(failure) | Outcome::Unconfirmed(failure)) => failure.clone(),
        other => panic!("{other:?}"),
    }
}

/// A 404 to a delete, as a page of a proxy or as an error of the registry.
fn denies_all(request: &faults::RequestView<'_>, nth: usize) -> Option<Fault> {
    let json = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
    faults::deletes_not_routed(request, nth).map(|_| Fault::answer(404, &[], json))
}

#[tokio::test]
async fn a_404_to_a_delete_that_did_not_happen_is_a_failure_in_every_kind_of_change() {
    for fault in [faults::deletes_not_routed, denies_all] {
        let shop = Shop::open(contents().0).await;
        let made = shop.carry_out(&retag(&shop, "2", "new", retag::RetagMode::Add)).await;
        let before = shop.store().repository("app").expect("it is there");
        let undo = ChangeRequest::Undo(made.undo.expect("it can be undone"));
        for (request, ended) in [
            (shop.delete(&["2.0"], DeleteMethod::Untag), vec![Failed]),
            (shop.delete(&["2"], DeleteMethod::Image), vec![Failed]),
            (whole(&shop), vec![Failed, Skipped, Skipped, Skipped]),
            (undo, vec![Failed]),
        ] {
            shop.registry.client.forget();
            let work = shop.plan(&request).await;
            shop.registry.demo.fault(fault);
            let report = shop.run(&work).await;
            shop.registry.demo.clear_faults();
            assert_eq!((outcomes(&report), report.is_success()), (ended, false), "{report:#?}");
            let failure = only_failure(&report);
            assert!(failure.why.as_str().contains("although it is there"), "{failure}");
            assert_eq!(failure.kind, FailureKind::Unsupported);
            let now = shop.store().repository("app").expect("it is there");
            assert_eq!((&now.tags, now.manifests.len()), (&before.tags, before.manifests.len()));
            let deletes = shop.registry.client.deletes();
            assert!(
                matches!(deletes.by_tag, Ability::No(_)) || matches!(deletes.by_digest, Ability::No(_)),
                "what was seen is remembered: {deletes:?}"
            );
        }
        shop.registry.client.forget();
        let work = shop.plan(&retag(&shop, "2.0", "moved", retag::RetagMode::Move)).await;
        shop.registry.demo.fault(fault);
        let report = shop.run(&work).await;
        assert_eq!((outcomes(&report), report.is_success()), (vec![Failed], false), "{report:#?}");
        assert!(shop.tags("app").contains_key("2.0") && shop.tags("app").contains_key("moved"));
    }
}

#[tokio::test]
async fn only_a_404_that_calls_a_random_digest_unknown_proves_that_a_registry_deletes() {
    let unnamed = |request: &faults::RequestView<'_>, nth: usize| {
        faults::deletes_not_routed(request, nth).map(|_| Fault::answer(404, &[], "404 page not found\n"))
    };
    let coded = |request: &faults::RequestView<'_>, nth: usize| {
        let json = r#"{"errors":[{"code":"NOT_FOUND","message":"no such route"}]}"#;
        faults::deletes_not_routed(request, nth).map(|_| Fault::answer(404, &[], json))
    };
    let (store, ..) = contents();
    let shop = Shop::open(store).await;
    let known = async || {
        shop.registry.client.forget();
        shop.delete_plan(&shop.delete(&["2"], None)).await.deletes
    };
    shop.registry.demo.fault(faults::deletes_not_routed);
    assert_eq!(known().await.by_tag, Ability::Unknown);
    shop.registry.demo.fault(unnamed);
    assert_eq!(known().await.by_tag, Ability::Unknown);
    shop.registry.demo.fault(coded);
    assert_eq!(known().await.by_digest, Ability::Unknown);
    shop.registry.demo.fault(faults::deletes_by_digest_only);
    let deletes = known().await;
    assert!(matches!(deletes.by_tag, Ability::No(_)) && deletes.by_digest == Ability::Yes, "{deletes:?}");
    shop.registry.demo.clear_faults();
    assert_eq!(known().await.by_tag, Ability::Yes);
}

#[tokio::test]
async fn images_that_another_client_deleted_meanwhile_are_gone_already() {
    let (store, index, image) = contents();
    let shop = Shop::open(store).await;
    let (untag, delete) = (
        shop.plan(&shop.delete(&["2"], DeleteMethod::Untag)).await,
        shop.plan(&shop.delete(&["2.0"], DeleteMethod::Image)).await,
    );
    shop.store().change("app", |repository| {
        repository.manifests.remove(&image.digest);
        repository.tags.retain(|_, digest| *digest == index.digest);
    });
    assert_eq!(outcomes(&shop.run(&untag).await), [Unchanged]);
    let report = shop.run(&delete).await;
    assert_eq!((outcomes(&report), report.is_success()), (vec![Unchanged], true), "{report:#?}");
}

#[tokio::test]
async fn children_that_are_gone_already_need_no_delete() {
    for is_gone_before_the_plan in [true, false] {
        let (store, index, image) = contents();
        let shop = Shop::open(store).await;
        let lose = || {
            shop.store().change("app", |repository| {
                let named = [index.digest, image.digest];
                let child = repository
                    .manifests
                    .iter()
                    .find(|(digest, manifest)| !named.contains(digest) && manifest.subject.is_none());
                let child = *child.expect("a child").0;
                repository.manifests.remove(&child);
            });
        };
        if is_gone_before_the_plan {
            lose();
        }
        let work = shop.plan(&whole(&shop)).await;
        if !is_gone_before_the_plan {
            lose();
        }
        let report = shop.run(&work).await;
        let mut sorted = outcomes(&report);
        sorted.sort();
        assert_eq!((sorted, report.is_success()), (vec![Done, Done, Done, Unchanged], true), "{report:#?}");
        assert_eq!(shop.store().repository("app").expect("it is there").manifests.len(), 1);
    }
}

#[tokio::test]
async fn tags_that_outlive_their_digest_are_untagged_as_the_plan_says() {
    let (store, index, image) = contents();
    let shop = Shop::new(DemoSettings { delete_keeps_tags: true, ..DemoSettings::default() }, store).await;
    let report = shop.carry_out(&shop.delete(&["2"], DeleteMethod::Image)).await;
    assert_eq!(outcomes(&report), [Done], "{report:#?}");
    let Some(Outcome::Done(done)) = &report.items[0].outcome else { panic!("{report:#?}") };
    assert!(done.as_str().contains("its tags one by one"), "{done}");
    assert_eq!(shop.tags("app").into_keys().collect::<Vec<_>>(), ["1"]);
    assert_eq!(outcomes(&shop.undo(&report).await), [Done, Done, Done, Done]);
    assert_eq!(shop.tags("app")["2.0"], image.digest);
    let report = shop.carry_out(&whole(&shop)).await;
    assert_eq!(outcomes(&report), [Done, Done, Done, Done], "what hangs on it goes on: {report:#?}");
    assert!(!shop.store().repository("app").expect("it is there").manifests.contains_key(&index.digest));
}

#[tokio::test]
async fn a_tag_that_another_client_pushed_meanwhile_is_not_untagged_with_its_digest() {
    let (store, index, image) = contents();
    let shop = Shop::new(DemoSettings { delete_keeps_tags: true, ..DemoSettings::default() }, store).await;
    let work = shop.plan(&shop.delete(&["2"], DeleteMethod::Image)).await;
    let contents = shop.store().clone();
    shop.registry.demo.fault(move |request, _| {
        if request.method == "DELETE" && request.path.contains("sha256:") {
            contents.tag("app", "latest", index.digest);
        }
        None
    });
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Done], "{report:#?}");
    let tags = shop.tags("app");
    assert_eq!(tags.values().filter(|digest| **digest == image.digest).count(), 0);
    assert_eq!(tags["latest"], index.digest);
}

#[tokio::test]
async fn an_image_that_its_tags_still_serve_is_not_called_deleted() {
    let (store, index, _) = contents();
    let settings = DemoSettings { delete_keeps_tags: true, delete_by_tag: false, ..DemoSettings::default() };
    let shop = Shop::new(settings, store).await;
    let report = shop.carry_out(&shop.delete(&["2"], DeleteMethod::Image)).await;
    assert_eq!((outcomes(&report), report.is_success()), (vec![Unconfirmed], false), "{report:#?}");
    let failure = only_failure(&report);
    assert!(failure.why.as_str().contains("`2`, `2.0`, `latest`"), "{failure}");
    assert!(failure.hint.as_ref().is_some_and(|hint| hint.as_str().contains("keeps the tags")), "{failure}");
    let report = shop.carry_out(&whole(&shop)).await;
    assert_eq!(
        outcomes(&report),
        [Unconfirmed, Skipped, Skipped, Skipped],
        "an index that is served keeps what it lists: {report:#?}"
    );
    assert_eq!(shop.tags("app")["1"], index.digest);
}

/// The timeouts of a user, so that late effects are waited for. The first look comes after a 64th of the time.
fn patient() -> Client {
    Client { timeouts: Timeouts { visibility: Duration::from_secs(10), ..timeouts() }, ..settings() }
}

async fn patient_shop(demo: DemoSettings, store: Store) -> Shop {
    let mut shop = Shop::new(demo, store).await;
    shop.registry.pool = regtui::client::Pool::new(patient());
    shop.context.pool = shop.registry.pool.clone();
    shop
}

#[tokio::test]
async fn deletes_that_are_done_later_are_waited_for_and_the_rest_goes_on() {
    let late = |requests| DemoSettings {
        deletes_late: Some(LateDelete::Requests(requests)),
        ..DemoSettings::default()
    };
    for requests in [0, 1, 2] {
        let shop = patient_shop(late(requests), contents().0).await;
        let report = shop.carry_out(&whole(&shop)).await;
        assert_eq!(
            (outcomes(&report), report.is_success()),
            (vec![Done, Done, Done, Done], true),
            "{requests}: {report:#?}"
        );
        assert_eq!(shop.store().repository("app").expect("it is there").manifests.len(), 1);
        let report = shop.carry_out(&shop.delete(&["2", "2.0"], DeleteMethod::Untag)).await;
        assert_eq!(outcomes(&report), [Done, Done], "{requests}: {report:#?}");
        assert_eq!(shop.tags("app").into_keys().collect::<Vec<_>>(), ["latest"]);
    }
}

#[tokio::test]
async fn while_a_delete_is_not_shown_it_is_said_and_stopping_ends_the_wait() {
    let settings = DemoSettings {
        deletes_late: Some(LateDelete::After(Duration::from_secs(3600))),
        ..DemoSettings::default()
    };
    let shop = patient_shop(settings, contents().0).await;
    let work = shop.plan(&whole(&shop)).await;
    let watched = watch();
    let mut progress = watched.progress.subscribe();
    let stopping = async {
        let waits = progress.wait_for(|progress| progress.waiting.as_str().contains("change not shown for"));
        let said = waits.await.expect("it runs").waiting.to_string();
        watched.stop.cancel();
        said
    };
    let (report, said) = tokio::join!(change::run(&shop.context, &work, &watched), stopping);
    assert!(said.contains(&shop.registry.demo.address().to_string()), "{said}");
    assert_eq!(
        (outcomes(&report), report.is_success()),
        (vec![Unconfirmed, Stopped, Stopped, Stopped], false),
        "{report:#?}"
    );
    assert!(report.undo.is_some());
}

#[tokio::test]
async fn an_index_that_is_still_shown_keeps_its_children_and_referrers() {
    let settings = DemoSettings {
        deletes_late: Some(LateDelete::After(Duration::from_secs(3600))),
        ..DemoSettings::default()
    };
    let shop = Shop::new(settings, contents().0).await;
    let report = shop.carry_out(&whole(&shop)).await;
    assert_eq!(
        (outcomes(&report), report.is_success()),
        (vec![Unconfirmed, Skipped, Skipped, Skipped], false),
        "{report:#?}"
    );
    let entry = shop.context.journal.entry(&report.undo.expect("it can be undone")).await.expect("an entry");
    assert_eq!(entry.items[0].done, None, "nobody knows whether it is done");
}

#[tokio::test]
async fn a_put_that_never_comes_to_be_is_unconfirmed_in_every_kind_of_change() {
    let (store, _, image) = contents();
    let shop = Shop::open(store).await;
    let deleted = shop.carry_out(&shop.delete(&["2"], DeleteMethod::Image)).await;
    assert_eq!(outcomes(&deleted), [Done]);
    let undo = shop.plan(&ChangeRequest::Undo(deleted.undo.clone().expect("it can be undone"))).await;
    let add = shop.plan(&retag(&shop, "1", "new", retag::RetagMode::Add)).await;
    let rename = shop.plan(&retag(&shop, "1", "new", retag::RetagMode::Move)).await;
    shop.registry.demo.fault(faults::puts_vanish);
    for (work, ended) in [
        (&undo, vec![Unconfirmed, Unconfirmed, Unconfirmed, Unconfirmed]),
        (&add, vec![Unconfirmed]),
        (&rename, vec![Unconfirmed]),
    ] {
        let report = shop.run(work).await;
        assert_eq!((outcomes(&report), report.is_success()), (ended, false), "{report:#?}");
    }
    assert_eq!(shop.tags("app").into_keys().collect::<Vec<_>>(), ["1"], "the old name stays");
    shop.registry.demo.clear_faults();
    let entry = shop.context.journal.entry(&deleted.undo.clone().expect("an entry")).await.expect("an entry");
    assert!(entry.can_be_undone(), "it is not taken back yet: {entry:?}");
    assert_eq!(outcomes(&shop.undo(&deleted).await), [Done, Done, Done, Done]);
    assert_eq!(shop.tags("app")["2.0"], image.digest);
}

/// Each DELETE, with the request right before it.
fn before_deletes(shop: &Shop) -> Vec<(String, String)> {
    let requests = shop.registry.requests();
    let pairs = requests.iter().zip(requests.iter().skip(1));
    pairs
        .filter(|(_, next)| next.starts_with("DELETE "))
        .map(|(last, delete)| (last.clone(), delete.clone()))
        .collect()
}

#[tokio::test]
async fn the_last_request_before_a_delete_checks_its_target() {
    let by_digest = || DemoSettings { delete_by_tag: false, ..DemoSettings::default() };
    let (store, index, _) = contents();
    for n in 0..100 {
        store.image("app").label("n", n.to_string()).tag(format!("other-{n}")).push();
    }
    let signature = format!("sha256-{}.sig", index.digest.hex());
    store.artifact("app").kind("application/octet-stream").layer("text/plain", "s").tag(signature).push();
    type Make = fn(&Shop) -> ChangeRequest;
    let changes: [(DemoSettings, Make); 6] = [
        (DemoSettings::default(), |shop| shop.delete(&["2", "2.0"], DeleteMethod::Untag)),
        (DemoSettings::default(), |shop| shop.delete(&["other-7"], DeleteMethod::Image)),
        (DemoSettings::default(), whole),
        (DemoSettings::default(), |shop| retag(shop, "2", "3", retag::RetagMode::Move)),
        (by_digest(), |shop| shop.delete(&["2"], DeleteMethod::Replace)),
        (by_digest(), |shop| retag(shop, "2", "3", retag::RetagMode::MoveByReplacement)),
    ];
    for (settings, make) in changes {
        let copy = Store::new();
        let from = store.repository("app").expect("it is there");
        copy.change("app", |repository| *repository = (*from).clone());
        let shop = Shop::new(settings, copy).await;
        let work = shop.plan(&make(&shop)).await;
        shop.registry.demo.forget_requests();
        let report = shop.run(&work).await;
        assert!(report.is_success(), "{report:#?}");
        let seen = before_deletes(&shop);
        assert!(!seen.is_empty());
        for (last, delete) in seen {
            let path = delete.strip_prefix("DELETE ").expect("a delete");
            let is_own =
                |tag: &str| path.contains("sha256:") && last == format!("HEAD /v2/app/manifests/{tag}");
            let looks = last.ends_with(path)
                || ["1", "2", "other-7"].iter().any(|tag| is_own(tag))
                || is_own(&format!("sha256-{}.sig", index.digest.hex()))
                || path.contains("/manifests/regtui-probe-")
                || last.contains("/manifests/regtui-probe-");
            assert!(looks, "{last} before {delete}");
        }
    }
}

#[tokio::test]
async fn a_push_while_the_siblings_are_looked_at_is_not_deleted() {
    let (store, index, image) = contents();
    let shop = Shop::open(store).await;
    for method in [DeleteMethod::Untag, DeleteMethod::Image] {
        let work = shop.plan(&shop.delete(&["2"], method)).await;
        let (contents, pushed) = (shop.store().clone(), Arc::new(Mutex::new(false)));
        let is_pushed = pushed.clone();
        shop.registry.demo.fault(move |request, _| {
            if request.method == "HEAD" && request.path.ends_with("/manifests/latest") {
                *is_pushed.lock().expect("unpoisoned") = true;
                contents.tag("app", "2", index.digest);
            }
            None
        });
        let report = shop.run(&work).await;
        shop.registry.demo.clear_faults();
        if method == DeleteMethod::Untag {
            assert!(*pushed.lock().expect("unpoisoned"));
            assert_eq!(outcomes(&report), [Skipped], "{report:#?}");
        }
        assert_eq!(shop.tags("app")["2"], index.digest, "{method:?}");
        shop.store().tag("app", "2", image.digest);
    }
}

#[tokio::test]
async fn a_plan_of_untags_is_carried_out_by_no_delete_of_a_digest() {
    let shop = Shop::open(contents().0).await;
    let ChangePlan::Delete(plan) = shop.plan(&shop.delete(&["2"], DeleteMethod::Untag)).await else {
        panic!("a delete")
    };
    shop.registry.demo.forget_requests();
    shop.run(&ChangePlan::Delete(plan)).await;
    assert_eq!(shop.changes(), ["DELETE /v2/app/manifests/2"]);
}

#[tokio::test]
async fn a_token_is_asked_for_before_the_last_look_and_not_after_it() {
    let auth = AuthMode::Bearer(TokenIssuer::new(Account::new("ada", "secret")));
    let mut shop = Shop::new(DemoSettings { auth, ..DemoSettings::default() }, contents().0).await;
    let login = logins(&[(&host(&shop.registry.demo), "ada:secret")]);
    let pool = regtui::client::Pool::new(Client { credentials: login, ..settings() });
    shop.registry.client = pool.client(&host(&shop.registry.demo));
    shop.context.pool = pool;
    for request in [
        shop.delete(&["2"], DeleteMethod::Untag),
        shop.delete(&["1"], DeleteMethod::Image),
        retag(&shop, "2.0", "3", retag::RetagMode::Move),
    ] {
        let work = shop.plan(&request).await;
        shop.registry.client.forget();
        shop.registry.demo.forget_requests();
        let report = shop.run(&work).await;
        assert!(report.is_success(), "{report:#?}");
        let requests = shop.registry.requests();
        assert!(requests.iter().any(|line| line.contains("/token")), "{requests:#?}");
        for (last, change) in requests.iter().zip(requests.iter().skip(1)) {
            let is_change = change.starts_with("DELETE ") || change.starts_with("PUT ");
            assert!(!is_change || last.contains("/manifests/"), "{last} before {change}");
        }
    }
}

/// The server carries a delete out and its answer is lost. regtui looks and sends no second delete, which could remove
/// a tag that is put back meanwhile.
#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_sent_again_once_it_shows() {
    for is_put in [false, true] {
        let store = Store::new();
        store.image("app").label("a", "1").tag("1").push();
        store.image("app").label("a", "2").tag("2").push();
        let shop = Shop::open(store).await;
        shop.registry.demo.fault(move |request, _| {
            let method = if is_put { "PUT" } else { "DELETE" };
            let is_it = request.method == method && request.path.ends_with("/manifests/1");
            is_it.then(|| Fault::Done(Box::new(Fault::status(503))))
        });
        let request = if !is_put {
            shop.delete(&["1"], DeleteMethod::Untag)
        } else {
            ChangeRequest::Retag(retag::RetagRequest {
                from: shop.repository("app"),
                items: vec![("2".parse().expect("a tag"), shop.repository("app"), tag("1"))],
                mode: retag::RetagMode::Add,
                keep: false,
            })
        };
        let plan = shop.plan(&request).await;
        shop.registry.demo.forget_requests();
        let report = shop.run(&plan).await;
        assert!(matches!(report.items[0].outcome, Some(Outcome::Done(_))), "{report:?}");
        let method = if is_put { "PUT /v2/app/manifests/1" } else { "DELETE /v2/app/manifests/1" };
        let sent = shop.registry.requests().iter().filter(|line| line.starts_with(method)).count();
        assert_eq!(sent, 1, "{:?}", shop.registry.requests());
    }
}

/// The server accepts a change, and carries it out after regtui has given up: undo must not call it taken back.
#[tokio::test]
async fn an_undo_of_a_change_that_may_still_arrive_leaves_its_entry_open() {
    let store = Store::new();
    store.image("app").label("a", "1").tag("1").push();
    store.image("app").label("a", "2").tag("2").push();
    let shop = Shop::open(store).await;
    let before = shop.tags("app");
    // A put that is accepted and never shown.
    shop.registry.demo.fault(|request, _| {
        (request.method == "PUT" && request.path.ends_with("/manifests/1")).then(|| Fault::status(201))
    });
    let items = vec![("2".parse().expect("a tag"), shop.repository("app"), tag("1"))];
    let request = ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items,
        mode: retag::RetagMode::Add,
        keep: false,
    });
    let report = shop.run(&shop.plan(&request).await).await;
    assert_eq!(outcomes(&report), [Unconfirmed], "{report:?}");
    let undone = shop.undo(&report).await;
    assert!(
        matches!(&undone.items[0].outcome, Some(Outcome::Skipped(why)) if why.as_str().contains("may still arrive"))
    );
    assert_eq!((undone.is_success(), shop.tags("app")), (false, before.clone()));
    // It arrives.
    shop.registry.demo.fault(|_, _| None);
    shop.store().tag("app", "1", before["2"]);
    let undone = shop.undo(&report).await;
    assert_eq!((outcomes(&undone), shop.tags("app")), (vec![Done], before), "{undone:?}");
}

/// A proxy that repeats a delete answers 404 for one that was carried out: the change can be taken back.
#[tokio::test]
async fn a_delete_that_was_carried_out_and_answered_with_404_is_done_and_can_be_undone() {
    for method in [DeleteMethod::Untag, DeleteMethod::Image] {
        let store = Store::new();
        store.image("app").tag("1").push();
        let shop = Shop::open(store).await;
        let before = shop.tags("app");
        let plan = shop.plan(&shop.delete(&["1"], method)).await;
        shop.registry.demo.fault(|request, _| {
            (request.method == "DELETE").then(|| Fault::Done(Box::new(Fault::status(404))))
        });
        let report = shop.run(&plan).await;
        assert!(matches!(&report.items[0].outcome, Some(Outcome::Done(_))), "{report:?}");
        let undone = shop.undo(&report).await;
        assert_eq!((undone.is_success(), shop.tags("app")), (true, before), "{undone:?}");
    }
}
