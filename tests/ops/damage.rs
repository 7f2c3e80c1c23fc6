//! Damaged entries of the journal: undo restores the former state, or names everything that it cannot restore before it
//! is confirmed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::journal::{EntryId, EntryState};
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::digest::Digest;
use regtui::ops::change;

use crate::support::cases::config;
use crate::support::context::Shop;
use crate::support::outcomes::OutcomeKind::{Done, Failed};
use crate::support::outcomes::outcomes;
use crate::support::state::{self, LineRow};

/// Three images under five tags.
fn contents() -> Store {
    let store = Store::new();
    for (layer, tags) in [("a", &["1", "2"][..]), ("b", &["3", "4"]), ("c", &["5"])] {
        let mut image = store.image("app").layer("COPY x /", DemoLayer::of(&[("x", layer)]));
        for tag in tags {
            image = image.tag(*tag);
        }
        image.push();
    }
    store
}

/// A shop in which five tags were deleted, the digests that they had, and the entry with its lines.
async fn deleted() -> (Shop, BTreeMap<String, Digest>, EntryId, Vec<LineRow>) {
    let shop = Shop::new(DemoSettings::default(), contents()).await;
    let before = shop.tags("app");
    let report = shop.carry_out(&shop.delete(&["1", "2", "3", "4", "5"], DeleteMethod::Untag)).await;
    assert!(report.is_success(), "{report:#?}");
    let id = report.undo.expect("an entry");
    let lines = state::lines(&folder(&shop), &id);
    (shop, before, id, lines)
}

fn folder(shop: &Shop) -> PathBuf {
    shop.folder.path().join("journal")
}

/// The result of undoing the entry.
#[derive(Debug, PartialEq)]
enum Undone {
    /// Everything was restored, and no damage was named.
    Whole,
    /// The damage was named before the question, or nothing was begun.
    Named,
}

/// Undoes the entry and checks that the report claims nothing untrue. Afterwards all tags are gone again.
async fn undo(shop: &Shop, id: &EntryId, before: &BTreeMap<String, Digest>, what: &str) -> Undone {
    let planned = change::plan(&shop.context, &ChangeRequest::Undo(id.clone())).await;
    let Ok(ChangePlan::Undo(plan)) = planned else { return Undone::Named };
    let is_named = !plan.common.notes.is_empty() || plan.steps.iter().any(|step| step.impossible.is_some());
    let report = shop.run(&ChangePlan::Undo(plan)).await;
    let after = shop.tags("app");
    for (tag, digest) in &after {
        assert_eq!(Some(digest), before.get(tag), "{what}: `{tag}` is what it never was");
    }
    if is_named {
        Undone::Named
    } else {
        assert_eq!(after, *before, "{what}: not all is back, and nothing said so: {report:#?}");
        assert!(report.is_success(), "{what}: {report:#?}");
        Undone::Whole
    }
}

/// Removes the tags again, and the entries of the undo.
fn forget(shop: &Shop, id: &EntryId, before: &BTreeMap<String, Digest>) {
    before.keys().for_each(|tag| shop.store().untag("app", tag));
    for table in ["entry WHERE number", "line WHERE entry"] {
        state::execute(&folder(shop), &format!("DELETE FROM {table} <> {}", state::number_of(id)));
    }
}

/// The kinds of damage to the lines of an entry.
#[derive(Debug, Clone)]
enum Damage {
    Byte(prop::sample::Index, prop::sample::Index, u8),
    Cut(prop::sample::Index),
    LineGone(prop::sample::Index),
    LinesSwapped(prop::sample::Index, prop::sample::Index),
    ContentsSwapped(prop::sample::Index, prop::sample::Index),
}

fn damages() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => (index(), index(), 1..=255u8).prop_map(|(line, at, by)| Damage::Byte(line, at, by)),
        1 => index().prop_map(Damage::Cut),
        2 => index().prop_map(Damage::LineGone),
        1 => (index(), index()).prop_map(|(one, other)| Damage::LinesSwapped(one, other)),
        1 => (index(), index()).prop_map(|(one, other)| Damage::ContentsSwapped(one, other)),
    ]
}

fn damaged(whole: &[LineRow], damage: &Damage) -> Vec<LineRow> {
    let mut lines = whole.to_vec();
    match damage {
        Damage::Byte(line, at, by) => {
            let line = line.index(lines.len());
            let line = &mut lines[line];
            let mut parts: Vec<&mut u8> = line.checksum.iter_mut().chain(&mut line.document).collect();
            parts.extend(line.bytes.iter_mut().flatten());
            match at.index(parts.len() + 1).checked_sub(1) {
                Some(at) => *parts[at] ^= by,
                None => line.number ^= i64::from(*by),
            }
        }
        Damage::Cut(at) => lines.truncate(at.index(lines.len())),
        Damage::LineGone(at) => drop(lines.remove(at.index(lines.len()))),
        Damage::LinesSwapped(one, other) => {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            (lines[one].number, lines[other].number) = (lines[other].number, lines[one].number);
        }
        Damage::ContentsSwapped(one, other) => {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            let (first, second) = (lines[one].bytes.take(), lines[other].bytes.take());
            (lines[one].bytes, lines[other].bytes) = (second, first);
        }
    }
    lines
}

#[test]
fn no_damage_to_an_entry_is_undone_in_part_and_called_done() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (shop, before, id, whole) = runtime.block_on(deleted());
    let mut runner = TestRunner::new(config(250));
    let outcome = runner.run(&damages(), |damage| {
        forget(&shop, &id, &before);
        state::set_lines(&folder(&shop), &id, &damaged(&whole, &damage));
        runtime.block_on(undo(&shop, &id, &before, &format!("{damage:?}")));
        Ok(())
    });
    outcome.expect("no damage is overlooked");
}

#[tokio::test]
async fn an_undamaged_entry_is_undone_without_a_note() {
    let (shop, before, id, _) = deleted().await;
    assert_eq!(undo(&shop, &id, &before, "whole").await, Undone::Whole);
}

#[tokio::test]
async fn a_line_that_is_lost_is_named_in_the_plan_and_fails_in_the_report() {
    let (shop, before, id, mut lines) = deleted().await;
    let second = lines.iter().position(|line| line.text().contains(r#""selector":"2""#)).expect("an item");
    lines.remove(second);
    state::set_lines(&folder(&shop), &id, &lines);
    let ChangePlan::Undo(plan) = shop.plan(&ChangeRequest::Undo(id.clone())).await else { panic!("an undo") };
    let notes: Vec<&str> = plan.common.notes.iter().map(|note| note.as_str()).collect();
    assert!(notes[0].contains("is damaged") && notes[1].contains("1 of 5 items"), "{notes:?}");
    let report = shop.run(&ChangePlan::Undo(plan)).await;
    assert_eq!(outcomes(&report), [Done, Done, Done, Done, Failed]);
    let after = shop.tags("app");
    assert_eq!(after.len(), 4);
    assert!(after.iter().all(|(tag, digest)| before[tag] == *digest), "the others are in their places");
    assert_eq!(
        shop.context.journal.entry(&id).await.expect("an entry").state,
        EntryState::Ended,
        "not undone"
    );
}

#[tokio::test]
async fn an_entry_without_its_first_line_is_listed_and_neither_undone_nor_passed_over() {
    let (shop, _, id, mut lines) = deleted().await;
    lines[0].document.remove(0);
    state::set_lines(&folder(&shop), &id, &lines);
    let entries = shop.context.journal.entries().await;
    assert_eq!((entries[0].id.clone(), entries[0].state), (id.clone(), EntryState::Unreadable));
    assert!(!entries[0].can_be_undone());
    let failure = change::plan(&shop.context, &ChangeRequest::Undo(id)).await.expect_err("it cannot be read");
    assert!(failure.why.as_str().contains("its first line is damaged"), "{failure:?}");
}
