//! A program that goes down in the middle of a change: the journal knows what is left, and what to put back.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{Settings, Store};
use regtui::model::work::copy::{What, Wish};
use regtui::model::work::delete::Manner;
use regtui::model::work::journal::{EntryId, State};
use regtui::model::work::progress::Outcome;
use regtui::model::work::{self as model, Work};
use regtui::ops::journal::Journal;

use crate::support::copying::{Sides, layer, outcome};
use crate::support::registry::tag;
use crate::support::workshop::{Shop, ends};

fn three() -> Store {
    let store = Store::new();
    for (seed, tag) in [(1, "1"), (2, "2"), (3, "3")] {
        store.image("app").layer("COPY own /", layer(seed, 2_000)).tag(tag).push();
    }
    store
}

/// The only entry that never ended.
async fn open_entry(journal: &Journal) -> Option<EntryId> {
    let mut open = journal.entries().await.into_iter().filter(|entry| entry.state == State::Open);
    let first = open.next().map(|entry| entry.id);
    assert!(open.next().is_none(), "there are two");
    first
}

/// Copies until the first request for `2` of that method is at the destination and the others are done; then all of it
/// is dropped.
async fn crash(sides: &Sides, wish: &Wish, method: &'static str) {
    let plan = sides.plan(wish).await.expect("a plan");
    let others = plan.images.len() - 1;
    let gate = Gate::new();
    let held = gate.clone();
    let has_put = std::sync::atomic::AtomicBool::new(method == "PUT");
    sides.to.demo.fault(move |request, _| {
        if !request.path.ends_with("/manifests/2") {
            return None;
        }
        let may_hold = has_put.fetch_or(request.method == "PUT", std::sync::atomic::Ordering::SeqCst);
        (may_hold && request.method == method).then(|| Fault::Gate(held.clone()))
    });
    let mut progress = sides.watch.progress.subscribe();
    tokio::select! {
        _ = sides.run(&plan) => panic!("it waits at the gate"),
        () = async {
            gate.reached_by(1).await;
            drop(progress.wait_for(|progress| progress.ended() == others).await.expect("progress"));
        } => {}
    }
    sides.to.demo.clear_faults();
}

#[tokio::test]
async fn of_a_copy_what_is_left_is_copied_and_no_byte_moves_twice() {
    let sides = Sides::of(three()).await;
    crash(&sides, &sides.wish(&["1", "2", "3"]), "PUT").await;
    let journal = &sides.workshop.journal;
    let entry = open_entry(journal).await.expect("an open entry");
    let rest = journal.resume(&entry).await.expect("the rest");
    assert_eq!(rest, model::Wish::Copy(sides.wish(&["2"])));
    let (_, report) = sides.copy(&sides.wish(&["2"])).await;
    assert_eq!((report.done(), report.moved), (1, 0), "{report:#?}");
    ["1", "2", "3"].iter().for_each(|tag| sides.is_same(tag));
    assert_eq!(open_entry(journal).await, None, "what was resumed is over");
}

#[tokio::test]
async fn of_a_whole_repository_what_was_done_is_found_done() {
    let sides = Sides::of(three()).await;
    let wish = Wish { what: What::AllTags, ..sides.wish(&[]) };
    crash(&sides, &wish, "PUT").await;
    let journal = &sides.workshop.journal;
    let entry = open_entry(journal).await.expect("an open entry");
    assert_eq!(journal.resume(&entry).await.expect("the rest"), model::Wish::Copy(wish.clone()));
    let (_, report) = sides.copy(&wish).await;
    let is_already = |tag| matches!(outcome(&report, tag), Outcome::Already(_));
    assert!(is_already("1") && is_already("3") && report.done() == 1, "{report:#?}");
    assert_eq!(open_entry(journal).await, None, "what was resumed is over");
}

#[tokio::test]
async fn a_copy_that_was_put_but_not_noted_is_over_when_it_is_resumed() {
    let sides = Sides::of(three()).await;
    let wish = Wish { tag: Some(tag("2")), ..sides.wish(&["1"]) };
    crash(&sides, &wish, "HEAD").await;
    let journal = &sides.workshop.journal;
    assert_eq!(sides.there("2"), sides.here("1"), "the tag is there already");
    let entry = open_entry(journal).await.expect("an open entry");
    assert_eq!(journal.resume(&entry).await.expect("the rest"), model::Wish::Copy(wish.clone()));
    let (_, report) = sides.copy(&wish).await;
    assert!(matches!(outcome(&report, "2"), Outcome::Already(_)), "{report:#?}");
    assert_eq!(open_entry(journal).await, None, "it would be resumed for ever");
}

/// A shop where `two` was put on its replacement, which was not deleted yet when the program went down.
async fn half_replaced() -> Shop {
    let store = three();
    let image = store.digest_of("app", "2").expect("an image");
    store.tag("app", "two", image);
    let shop = Shop::new(Settings { delete_by_tag: false, ..Settings::default() }, store).await;
    let work = shop.plan(&shop.delete(&["two"], Manner::Replace)).await;
    let gate = Gate::new();
    let (held, store) = (gate.clone(), shop.store().clone());
    shop.registry.demo.fault(move |request, _| {
        let is_on_replacement = store.digest_of("app", "two") != Some(image);
        (request.method == "DELETE" && is_on_replacement).then(|| Fault::Gate(held.clone()))
    });
    tokio::select! {
        _ = shop.run(&work) => panic!("it waits at the gate"),
        () = gate.reached_by(1) => {}
    }
    shop.registry.demo.clear_faults();
    assert_ne!(shop.tags("app").get("two"), Some(&image), "the first half is done");
    shop
}

#[tokio::test]
async fn a_tag_left_on_its_replacement_goes_when_that_is_resumed() {
    let shop = half_replaced().await;
    let image = shop.tags("app")["2"];
    let journal = &shop.workshop.journal;
    let entry = open_entry(journal).await.expect("an open entry");
    let rest = journal.resume(&entry).await.expect("the rest");
    assert_eq!(rest, shop.delete(&["two"], Manner::Replace));
    let resumed = shop.carry_out(&rest).await;
    assert_eq!(ends(&resumed), "D", "{resumed:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(shop.tags("app")["2"], image);
    assert_eq!(open_entry(journal).await, None, "what was resumed is over");
    shop.undo(&resumed).await;
    let back = shop.carry_out(&model::Wish::Undo(entry)).await;
    assert!(back.is_success(), "{back:?}");
    assert_eq!((shop.tags("app")["two"], shop.tags("app")["2"]), (image, image));
}

#[tokio::test]
async fn a_tag_left_on_its_replacement_gets_its_image_back_by_undo() {
    let shop = half_replaced().await;
    let image = shop.tags("app")["2"];
    let entry = open_entry(&shop.workshop.journal).await.expect("an open entry");
    let work = shop.plan(&model::Wish::Undo(entry)).await;
    assert!(matches!(&work, Work::Undo(plan) if plan.steps.len() == 1), "{work:?}");
    let report = shop.run(&work).await;
    assert_eq!((ends(&report).as_str(), shop.tags("app")["two"]), ("D", image), "{report:?}");
    assert_eq!(open_entry(&shop.workshop.journal).await, None, "what was taken back is over");
}
