//! A crash in the middle of a change: the journal knows the parts that are left, and the former state.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::copy::{CopyRequest, What};
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::journal::{EntryId, EntryState};
use regtui::model::change::progress::Outcome;
use regtui::model::change::{self as model, ChangePlan, retag};
use regtui::model::digest::Digest;
use regtui::model::failure::FailureKind;
use regtui::ops::journal::Journal;

use crate::support::context::Shop;
use crate::support::copying::{Sides, layer, outcome};
use crate::support::outcomes::OutcomeKind::Done;
use crate::support::outcomes::outcomes;
use crate::support::registry::tag;

/// The digest that each tag of a repository points to.
type Tags = BTreeMap<String, Digest>;

fn three() -> Store {
    let store = Store::new();
    for (seed, tag) in [(1, "1"), (2, "2"), (3, "3")] {
        store.image("app").layer("COPY own /", layer(seed, 2_000)).tag(tag).push();
    }
    store
}

/// The only entry that never ended.
async fn open_entry(journal: &Journal) -> Option<EntryId> {
    let mut open = journal.entries().await.into_iter().filter(|entry| entry.state == EntryState::Open);
    let first = open.next().map(|entry| entry.id);
    assert!(open.next().is_none(), "there are two");
    first
}

/// Copies until the first request for `2` with that method is at the destination and the other tags are done; then the
/// copy is dropped.
async fn crash(sides: &Sides, request: &CopyRequest, method: &'static str) {
    let plan = sides.plan(request).await.expect("a plan");
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
async fn resuming_a_copy_copies_the_rest_and_moves_no_byte_twice() {
    let sides = Sides::of(three()).await;
    crash(&sides, &sides.request(&["1", "2", "3"]), "PUT").await;
    let journal = &sides.context.journal;
    let entry = open_entry(journal).await.expect("an open entry");
    let rest = journal.resume(&entry).await.expect("the rest");
    assert_eq!(rest, model::ChangeRequest::Copy(sides.request(&["2"])));
    let (_, report) = sides.copy(&sides.request(&["2"])).await;
    assert_eq!((report.done(), report.moved), (1, 0), "{report:#?}");
    ["1", "2", "3"].iter().for_each(|tag| sides.is_same(tag));
    assert_eq!(open_entry(journal).await, None, "what was resumed is over");
}

#[tokio::test]
async fn resuming_the_copy_of_a_repository_finds_finished_tags_unchanged() {
    let sides = Sides::of(three()).await;
    let request = CopyRequest { what: What::AllTags, ..sides.request(&[]) };
    crash(&sides, &request, "PUT").await;
    let journal = &sides.context.journal;
    let entry = open_entry(journal).await.expect("an open entry");
    assert_eq!(journal.resume(&entry).await.expect("the rest"), model::ChangeRequest::Copy(request.clone()));
    let (_, report) = sides.copy(&request).await;
    let is_already = |tag| matches!(outcome(&report, tag), Outcome::Unchanged(_));
    assert!(is_already("1") && is_already("3") && report.done() == 1, "{report:#?}");
    assert_eq!(open_entry(journal).await, None, "what was resumed is over");
}

#[tokio::test]
async fn a_copy_that_was_put_but_not_noted_is_over_when_it_is_resumed() {
    let sides = Sides::of(three()).await;
    let request = CopyRequest { tag: Some(tag("2")), ..sides.request(&["1"]) };
    crash(&sides, &request, "HEAD").await;
    let journal = &sides.context.journal;
    assert_eq!(sides.there("2"), sides.here("1"), "the tag is there already");
    let entry = open_entry(journal).await.expect("an open entry");
    assert_eq!(journal.resume(&entry).await.expect("the rest"), model::ChangeRequest::Copy(request.clone()));
    let (_, report) = sides.copy(&request).await;
    assert!(matches!(outcome(&report, "2"), Outcome::Unchanged(_)), "{report:#?}");
    assert_eq!(open_entry(journal).await, None, "it would be resumed for ever");
}

/// A shop in which the tag of that name is on a replacement of its image that was not deleted before the crash.
/// `begun` begins with the requests that lead there.
async fn cut_off_between_the_halves(
    tag: &'static str,
    begun: impl AsyncFn(&Shop) -> model::ChangeRequest,
) -> (Shop, EntryId) {
    let shop = Shop::new(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, three()).await;
    let request = begun(&shop).await;
    let work = shop.plan(&request).await;
    let (gate, image) = (Gate::new(), shop.tags("app")[tag]);
    let (held, store) = (gate.clone(), shop.store().clone());
    shop.registry.demo.fault(move |request, _| {
        let is_on_replacement = store.digest_of("app", tag) != Some(image);
        (request.method == "DELETE" && is_on_replacement).then(|| Fault::Gate(held.clone()))
    });
    tokio::select! {
        report = shop.run(&work) => panic!("it waits at the gate: {report:?}"),
        () = gate.reached_by(1) => {}
    }
    shop.registry.demo.clear_faults();
    assert_ne!(shop.tags("app")[tag], image, "the first half is done");
    let entry = open_entry(&shop.context.journal).await.expect("an open entry");
    (shop, entry)
}

fn retag(shop: &Shop, method: retag::RetagMode) -> model::ChangeRequest {
    let items = vec![("2".parse().expect("a tag"), shop.repository("app"), tag("two"))];
    model::ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items,
        mode: method,
        keep: false,
    })
}

async fn undoing(shop: &Shop) -> model::ChangeRequest {
    let made = shop.carry_out(&retag(shop, retag::RetagMode::Add)).await;
    model::ChangeRequest::UndoByReplacement(made.undo.expect("an entry"))
}

#[tokio::test]
async fn an_undo_cut_off_between_the_halves_goes_on_when_it_is_resumed_or_asked_for_again() {
    for resumes in [true, false] {
        let (shop, entry) = cut_off_between_the_halves("two", undoing).await;
        let (journal, before) = (&shop.context.journal, three().repository("app").expect("it is there"));
        let rest = journal.resume(&entry).await.expect("the rest");
        let request = if resumes {
            rest
        } else {
            model::ChangeRequest::UndoByReplacement(rest.undoes().expect("an undo").clone())
        };
        let report = shop.carry_out(&request).await;
        assert_eq!((outcomes(&report), shop.tags("app")), (vec![Done], before.tags.clone()), "{report:?}");
        let undone = journal.entry(request.undoes().expect("an undo")).await.expect("it is there").state;
        assert_eq!((undone, open_entry(journal).await), (EntryState::Undone, None));
        let again = shop.undo(&report).await;
        assert_eq!((outcomes(&again), shop.tags("app")["two"]), (vec![Done], before.tags["2"]), "{again:?}");
    }
}

#[tokio::test]
async fn an_undo_cut_off_between_the_halves_is_taken_back_itself() {
    let (shop, entry) = cut_off_between_the_halves("two", undoing).await;
    let report = shop.carry_out(&model::ChangeRequest::Undo(entry)).await;
    let tags = shop.tags("app");
    assert_eq!((outcomes(&report), tags["two"]), (vec![Done], tags["2"]), "{report:?}");
    assert_eq!(open_entry(&shop.context.journal).await, None, "what was taken back is over");
}

async fn moving(shop: &Shop) -> model::ChangeRequest {
    retag(shop, retag::RetagMode::MoveByReplacement)
}

#[tokio::test]
async fn a_rename_cut_off_between_the_halves_goes_on_when_it_is_resumed() {
    let (shop, entry) = cut_off_between_the_halves("2", moving).await;
    let (journal, image) = (&shop.context.journal, shop.tags("app")["two"]);
    let rest = journal.resume(&entry).await.expect("the rest");
    assert_eq!(rest, moving(&shop).await);
    let report = shop.carry_out(&rest).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    let tags = shop.tags("app");
    assert_eq!(
        (tags.keys().map(String::as_str).collect::<Vec<_>>(), tags["two"]),
        (vec!["1", "3", "two"], image)
    );
    assert_eq!(open_entry(journal).await, None, "what was resumed is over");
    for undo in [report.undo.expect("an entry"), entry] {
        let back = shop.carry_out(&model::ChangeRequest::UndoByReplacement(undo)).await;
        assert!(back.is_success(), "{back:?}");
        assert_eq!(shop.tags("app")["2"], image, "never the replacement");
    }
    assert_eq!(shop.tags("app"), three().repository("app").expect("it is there").tags);
}

#[tokio::test]
async fn a_rename_cut_off_between_the_halves_is_taken_back() {
    let (shop, entry) = cut_off_between_the_halves("2", moving).await;
    let report = shop.carry_out(&model::ChangeRequest::UndoByReplacement(entry)).await;
    assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
    assert_eq!(shop.tags("app"), three().repository("app").expect("it is there").tags);
}

#[tokio::test]
async fn a_replacement_that_a_crash_left_is_never_given_the_new_name() {
    let (shop, entry) = cut_off_between_the_halves("2", moving).await;
    let other = shop.tags("app")["1"];
    shop.store().tag("app", "two", other);
    let rest = shop.context.journal.resume(&entry).await.expect("the rest");
    let failure = regtui::ops::change::plan(&shop.context, &rest).await.expect_err("it is no image");
    assert!(failure.why.as_str().contains("left on a replacement"), "{failure}");
    assert_eq!(shop.tags("app")["two"], other);
}

/// The digest that each tag points to, without the throw-away tags that a crash left.
fn tags(shop: &Shop) -> Tags {
    let mut tags = shop.tags("app");
    tags.retain(|tag, _| !tag.starts_with("regtui-probe-"));
    tags
}

/// A shop in which the program crashed while that request waited for its answer, the tags before that, whether it
/// crashed before the change was over, and how many entries the journal had before.
async fn cut_off_at(
    nth: usize,
    begun: &impl AsyncFn(&Shop) -> model::ChangeRequest,
) -> (Shop, Tags, bool, usize) {
    let shop = Shop::new(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, three()).await;
    let request = begun(&shop).await;
    let (work, before) = (shop.plan(&request).await, tags(&shop));
    let earlier = shop.context.journal.entries().await.len();
    let (gate, seen) = (Gate::new(), AtomicUsize::new(0));
    let held = gate.clone();
    shop.registry.demo.fault(move |_, _| {
        (seen.fetch_add(1, Ordering::SeqCst) + 1 == nth).then(|| Fault::Gate(held.clone()))
    });
    let is_cut_off = tokio::select! {
        report = shop.run(&work) => {
            assert!(report.is_success(), "{report:?}");
            false
        }
        () = gate.reached_by(1) => true,
    };
    shop.registry.demo.clear_faults();
    (shop, before, is_cut_off, earlier)
}

/// Crashes at each request in turn. Resuming leads to the state that the whole change leads to, and undoing to the
/// state before it; no other tag ever points to another image.
async fn cut_off_anywhere(begun: impl AsyncFn(&Shop) -> model::ChangeRequest) {
    let (whole, ..) = cut_off_at(usize::MAX, &begun).await;
    for nth in 1.. {
        for resumes in [true, false] {
            let (shop, before, is_cut_off, earlier) = cut_off_at(nth, &begun).await;
            if !is_cut_off {
                return assert!(nth > 10, "{nth} requests");
            }
            let what = format!("cut off at request {nth}: {:?}", shop.changes());
            let Some(entry) = open_entry(&shop.context.journal).await else {
                // It was not begun, or it was over and only checked its result.
                let is_over = shop.context.journal.entries().await.len() > earlier;
                assert_eq!(tags(&shop), if is_over { tags(&whole) } else { before }, "{what}");
                continue;
            };
            let (request, expected) = if resumes {
                (shop.context.journal.resume(&entry).await.expect("the rest"), tags(&whole))
            } else {
                (model::ChangeRequest::UndoByReplacement(entry), before)
            };
            match regtui::ops::change::plan(&shop.context, &request).await {
                Ok(work) => {
                    let report = shop.run(&work).await;
                    assert!(report.is_success(), "{what}\n{report:?}");
                }
                // Only the end was not noted any more.
                Err(failure) => {
                    assert!(resumes && failure.kind == FailureKind::NotFound, "{what}\n{failure}");
                }
            }
            assert_eq!(tags(&shop), expected, "{what}");
        }
    }
}

#[tokio::test]
async fn an_undo_by_replacement_cut_off_at_any_request_goes_on_and_is_taken_back() {
    cut_off_anywhere(undoing).await;
}

#[tokio::test]
async fn a_rename_by_replacement_cut_off_at_any_request_goes_on_and_is_taken_back() {
    cut_off_anywhere(moving).await;
}

/// A shop in which `two` is on its replacement, which was not deleted before the crash.
async fn half_replaced() -> Shop {
    let store = three();
    let image = store.digest_of("app", "2").expect("an image");
    store.tag("app", "two", image);
    let shop = Shop::new(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, store).await;
    let work = shop.plan(&shop.delete(&["two"], DeleteMethod::Replace)).await;
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
    let journal = &shop.context.journal;
    let entry = open_entry(journal).await.expect("an open entry");
    let rest = journal.resume(&entry).await.expect("the rest");
    assert_eq!(rest, shop.delete(&["two"], DeleteMethod::Replace));
    let resumed = shop.carry_out(&rest).await;
    assert_eq!(outcomes(&resumed), [Done], "{resumed:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(shop.tags("app")["2"], image);
    assert_eq!(open_entry(journal).await, None, "what was resumed is over");
    shop.undo(&resumed).await;
    let back = shop.carry_out(&model::ChangeRequest::Undo(entry)).await;
    assert!(back.is_success(), "{back:?}");
    assert_eq!((shop.tags("app")["two"], shop.tags("app")["2"]), (image, image));
}

#[tokio::test]
async fn a_tag_left_on_its_replacement_gets_its_image_back_by_undo() {
    let shop = half_replaced().await;
    let image = shop.tags("app")["2"];
    let entry = open_entry(&shop.context.journal).await.expect("an open entry");
    let work = shop.plan(&model::ChangeRequest::Undo(entry)).await;
    assert!(matches!(&work, ChangePlan::Undo(plan) if plan.steps.len() == 1), "{work:?}");
    let report = shop.run(&work).await;
    assert_eq!((outcomes(&report), shop.tags("app")["two"]), (vec![Done], image), "{report:?}");
    assert_eq!(open_entry(&shop.context.journal).await, None, "what was taken back is over");
}
