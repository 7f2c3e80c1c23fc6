//! Changes that are stopped at every single request: unfinished parts are untouched, finished parts can be undone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use regtui::demo::{DemoSettings, Store};
use regtui::model::change::delete::{self, Along, DeleteMethod};
use regtui::model::change::progress::{Outcome, Report};
use regtui::model::change::{ChangeRequest, retag};
use regtui::model::digest::Digest;
use regtui::ops::change;

use crate::support::context::{Shop, watch};
use crate::support::copying::layer;
use crate::support::registry::tag;

/// The digest that each tag of a repository points to.
type Tags = BTreeMap<String, Digest>;

/// An index with two children and an image, both with two tags, and a third image. Some of them share a layer.
fn contents() -> Store {
    let store = Store::new();
    let base = layer(1, 40_000);
    let [amd64, arm64] = ["amd64", "arm64"].map(|arch| {
        let own = layer(arch.len() as u32 + u32::from(arch == "arm64"), 9_000);
        let image = store.image("app").platform("linux", arch).layer("COPY base /", base.clone());
        image.layer("COPY own /", own).push()
    });
    store.index("app").child(&amd64).child(&arm64).tag("1").tag("one").push();
    store
        .image("app")
        .layer("COPY base /", base)
        .layer("COPY b /", layer(8, 20_000))
        .tag("2")
        .tag("two")
        .push();
    store.image("app").layer("COPY c /", layer(9, 1_000)).tag("3").push();
    store
}

/// Runs a change again and again, stopped at its first request, at its second and so on, until it is over before that.
/// `is_done` says whether the part of that name is done completely, and fails if it is done by half.
async fn stopped_at_any_request(
    settings: DemoSettings,
    request: impl AsyncFn(&Shop) -> ChangeRequest,
    is_done: impl Fn(&Shop, &str, &Tags, &Tags) -> bool,
    repository: &str,
) {
    for nth in 1.. {
        let shop = Shop::new(settings.clone(), contents()).await;
        let request = request(&shop).await;
        let work = shop.plan(&request).await;
        let others: Vec<String> = shop.store().repositories();
        let tags = |shop: &Shop| ["app", "other"].map(|name| shop.tags(name));
        let (before, watch) = (tags(&shop), watch());
        let (seen, stop) = (Arc::new(AtomicUsize::new(0)), watch.stop.clone());
        let count = seen.clone();
        shop.registry.demo.fault(move |_, _| {
            if count.fetch_add(1, Ordering::SeqCst) + 1 == nth {
                stop.cancel();
            }
            None
        });
        let report = change::run(&shop.context, &work, &watch).await;
        let is_over = seen.load(Ordering::SeqCst) < nth;
        shop.registry.demo.clear_faults();
        let what = format!("stopped at request {nth}: {report:#?}\n{:#?}", shop.changes());
        assert_eq!(shop.store().open_uploads(), 0, "{what}");
        assert!(others.iter().all(|name| shop.store().repository(name).is_some()), "{what}");
        let after = tags(&shop);
        let at = usize::from(repository != "app");
        for item in &report.items {
            let is_done = is_done(&shop, item.name.as_str(), &before[at], &after[at]);
            match &item.outcome {
                Some(Outcome::Stopped) => assert!(!is_done && !is_over, "{item:?} {what}"),
                Some(Outcome::Done(_)) => assert!(is_done, "{item:?} {what}"),
                _ => panic!("{item:?} {what}"),
            }
        }
        can_be_undone(&shop, &report, &before, &after, &what, tags).await;
        if is_over {
            assert!(report.is_success() && nth > 8, "{what}");
            break;
        }
    }
}

/// Checks that the journal has everything that was changed, and that undo restores it.
async fn can_be_undone(
    shop: &Shop,
    report: &Report,
    before: &[Tags; 2],
    after: &[Tags; 2],
    what: &str,
    tags: impl Fn(&Shop) -> [Tags; 2],
) {
    assert_eq!(report.undo.is_some(), report.done() > 0, "{what}");
    if report.undo.is_none() {
        return assert_eq!(before, after, "{what}");
    }
    // By replacement only if the server cannot untag.
    let undo = ChangeRequest::UndoByReplacement(report.undo.clone().expect("an entry"));
    let undone = shop.carry_out(&undo).await;
    assert_eq!(&tags(shop), before, "{what}\nundone: {undone:#?}");
}

fn retag(shop: &Shop, to: &str, method: retag::RetagMode) -> ChangeRequest {
    let item = |from: &str, new: &str| (from.parse().expect("a tag"), shop.repository(to), tag(new));
    let items = vec![item("1", "a"), item("2", "b")];
    ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items,
        mode: method,
        keep: false,
    })
}

/// The tag behind the arrow in `1 → a`.
fn new_tag(name: &str) -> &str {
    name.rsplit(' ').next().unwrap_or(name)
}

#[tokio::test]
async fn a_stopped_retag_to_another_repository_leaves_each_tag_put_or_absent() {
    for mounts in [true, false] {
        let settings = DemoSettings { mounts, ..DemoSettings::default() };
        let request = async |shop: &Shop| retag(shop, "other", retag::RetagMode::Add);
        let is_done = |_: &Shop, name: &str, _: &Tags, after: &Tags| after.contains_key(new_tag(name));
        stopped_at_any_request(settings, request, is_done, "other").await;
    }
}

#[tokio::test]
async fn a_stopped_rename_leaves_each_tag_with_one_name() {
    for delete_by_tag in [true, false] {
        let method = if delete_by_tag { retag::RetagMode::Move } else { retag::RetagMode::MoveByReplacement };
        let request = async |shop: &Shop| retag(shop, "app", method);
        let is_done = |_: &Shop, name: &str, before: &Tags, after: &Tags| {
            let old = name.split(' ').next().unwrap_or(name);
            let (is_there, was) = (after.contains_key(new_tag(name)), before.get(old));
            assert_eq!(after.get(old), was.filter(|_| !is_there), "{name} has two names, or none: {after:?}");
            is_there
        };
        let settings = DemoSettings { delete_by_tag, ..DemoSettings::default() };
        stopped_at_any_request(settings, request, is_done, "app").await;
    }
}

#[tokio::test]
async fn a_stopped_undo_by_replacement_leaves_each_tag_gone_or_on_its_image() {
    let settings = DemoSettings { delete_by_tag: false, ..DemoSettings::default() };
    let request = async |shop: &Shop| {
        let made = shop.carry_out(&retag(shop, "app", retag::RetagMode::Add)).await;
        ChangeRequest::UndoByReplacement(made.undo.expect("an entry"))
    };
    let is_done = |_: &Shop, name: &str, before: &Tags, after: &Tags| {
        assert!(after.iter().all(|(tag, digest)| before.get(tag) == Some(digest)), "{after:?}");
        !after.contains_key(name)
    };
    stopped_at_any_request(settings, request, is_done, "app").await;
}

#[tokio::test]
async fn a_stopped_delete_by_replacement_leaves_each_tag_gone_or_on_its_image() {
    let settings = DemoSettings { delete_by_tag: false, ..DemoSettings::default() };
    let request = async |shop: &Shop| shop.delete(&["one", "2"], DeleteMethod::Replace);
    let is_done = |_: &Shop, name: &str, before: &Tags, after: &Tags| {
        assert!(after.keys().all(|tag| before.contains_key(tag)), "a tag too many: {after:?}");
        assert!(after.iter().all(|(tag, digest)| before.get(tag) == Some(digest)), "{after:?}");
        !after.contains_key(name)
    };
    stopped_at_any_request(settings, request, is_done, "app").await;
}

/// The request to delete these images with their children and referrers.
fn images(shop: &Shop) -> ChangeRequest {
    match shop.delete(&["1", "2"], DeleteMethod::Image) {
        ChangeRequest::Delete(request) => ChangeRequest::Delete(delete::DeleteRequest {
            along: Along { children: true, referrers: true },
            ..request
        }),
        other => other,
    }
}

#[tokio::test]
async fn a_stopped_delete_leaves_each_image_gone_or_with_all_its_tags() {
    let request = async |shop: &Shop| images(shop);
    let is_done = |shop: &Shop, name: &str, before: &Tags, after: &Tags| {
        // `18c524555d9c (2, two)`.
        let short = name.split(' ').next().unwrap_or(name);
        let app = shop.store().repository("app").expect("it is there");
        let is_there = app.manifests.keys().any(|digest| digest.short() == short);
        let tags = before.iter().filter(|(_, digest)| digest.short() == short);
        assert!(tags.clone().all(|(tag, _)| after.contains_key(tag) == is_there), "{name}: {after:?}");
        !is_there
    };
    stopped_at_any_request(DemoSettings::default(), request, is_done, "app").await;
}

#[tokio::test]
async fn a_stopped_undo_leaves_each_tag_put_back_or_absent() {
    let request = async |shop: &Shop| {
        let deleted = shop.carry_out(&shop.delete(&["1", "2", "3"], DeleteMethod::Untag)).await;
        ChangeRequest::Undo(deleted.undo.expect("an entry"))
    };
    let is_done = |_: &Shop, name: &str, _: &Tags, after: &Tags| after.contains_key(name);
    stopped_at_any_request(DemoSettings::default(), request, is_done, "app").await;
}
