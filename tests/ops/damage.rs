//! Damaged entries of the journal: undo restores the former state, or names everything that it cannot restore before it
//! is confirmed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::journal::{EntryId, EntryState};
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::digest::Digest;
use regtui::ops::change;

use crate::support::context::{Shop, ends};

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

/// A shop in which five tags were deleted, the digests that they had, and the file of the entry.
async fn deleted() -> (Shop, BTreeMap<String, Digest>, EntryId, PathBuf) {
    let shop = Shop::new(DemoSettings::default(), contents()).await;
    let before = shop.tags("app");
    let report = shop.carry_out(&shop.delete(&["1", "2", "3", "4", "5"], DeleteMethod::Untag)).await;
    assert!(report.is_success(), "{report:#?}");
    let id = report.undo.expect("an entry");
    let file = shop.folder.path().join(format!("journal/{id}.jsonl"));
    (shop, before, id, file)
}

/// The result of undoing the entry in that file.
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
    match is_named {
        true => Undone::Named,
        false => {
            assert_eq!(after, *before, "{what}: not all is back, and nothing said so: {report:#?}");
            assert!(report.is_success(), "{what}: {report:#?}");
            Undone::Whole
        }
    }
}

/// Removes the tags again, and the entries of the undo.
fn forget(shop: &Shop, file: &Path, before: &BTreeMap<String, Digest>) {
    before.keys().for_each(|tag| shop.store().untag("app", tag));
    for entry in fs::read_dir(file.parent().expect("a folder")).expect("a folder").flatten() {
        if entry.path() != file {
            fs::remove_file(entry.path()).expect("it is removed");
        }
    }
}

/// The kinds of damage to a file.
#[derive(Debug, Clone)]
enum Damage {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    LineGone(prop::sample::Index),
    LineTwice(prop::sample::Index),
    LinesSwapped(prop::sample::Index, prop::sample::Index),
}

fn damages() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => (index(), 1..=255u8).prop_map(|(at, by)| Damage::Byte(at, by)),
        2 => index().prop_map(Damage::Cut),
        1 => index().prop_map(Damage::LineGone),
        1 => index().prop_map(Damage::LineTwice),
        1 => (index(), index()).prop_map(|(one, other)| Damage::LinesSwapped(one, other)),
    ]
}

fn damaged(whole: &[u8], damage: &Damage) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let mut lines: Vec<Vec<u8>> = whole.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.retain(|line| line.as_slice() != b"\n");
    match damage {
        Damage::Byte(at, by) => {
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            return bytes;
        }
        Damage::Cut(at) => {
            bytes.truncate(at.index(bytes.len()));
            return bytes;
        }
        Damage::LineGone(at) => drop(lines.remove(at.index(lines.len()))),
        Damage::LineTwice(at) => {
            let at = at.index(lines.len());
            let line = lines[at].clone();
            lines.insert(at, line);
        }
        Damage::LinesSwapped(one, other) => {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            lines.swap(one, other);
        }
    }
    lines.concat()
}

#[test]
fn no_damage_to_an_entry_is_undone_in_part_and_called_done() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (shop, before, id, file) = runtime.block_on(deleted());
    let whole = fs::read(&file).expect("a file");
    let mut runner = TestRunner::new(Config { cases: 250, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&damages(), |damage| {
        forget(&shop, &file, &before);
        fs::write(&file, damaged(&whole, &damage)).expect("it is written");
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
    let (shop, before, id, file) = deleted().await;
    let whole = fs::read_to_string(&file).expect("a file");
    let second = whole.lines().position(|line| line.contains(r#""selector":"2""#)).expect("an item");
    let lines: Vec<&str> =
        whole.lines().enumerate().filter(|(at, _)| *at != second).map(|(_, line)| line).collect();
    fs::write(&file, lines.join("\n") + "\n").expect("it is written");
    let ChangePlan::Undo(plan) = shop.plan(&ChangeRequest::Undo(id.clone())).await else { panic!("an undo") };
    let notes: Vec<&str> = plan.common.notes.iter().map(|note| note.as_str()).collect();
    assert!(notes[0].contains("is damaged") && notes[1].contains("1 of 5 items"), "{notes:?}");
    let report = shop.run(&ChangePlan::Undo(plan)).await;
    assert_eq!(ends(&report), "DDDDF");
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
    let (shop, _, id, file) = deleted().await;
    let whole = fs::read(&file).expect("a file");
    fs::write(&file, &whole[1..]).expect("it is written");
    let entries = shop.context.journal.entries().await;
    assert_eq!((entries[0].id.clone(), entries[0].state), (id.clone(), EntryState::Unreadable));
    assert!(!entries[0].can_be_undone());
    let failure = change::plan(&shop.context, &ChangeRequest::Undo(id)).await.expect_err("it cannot be read");
    assert!(failure.why.as_str().contains("its first line is damaged"), "{failure:?}");
}

#[tokio::test]
async fn the_entry_of_an_earlier_version_is_read_and_undone() {
    let (shop, before, id, file) = deleted().await;
    write_as_version_1(&file);
    let entry = shop.context.journal.entry(&id).await.expect("an entry");
    assert_eq!((entry.state, entry.items.len(), entry.damage.is_any()), (EntryState::Ended, 5, false));
    assert_eq!(undo(&shop, &id, &before, "version 1").await, Undone::Whole);
    assert_eq!(shop.context.journal.entry(&id).await.expect("an entry").state, EntryState::Undone);
}

#[tokio::test]
async fn an_unreadable_line_of_an_earlier_version_shifts_no_outcome() {
    let (shop, before, id, file) = deleted().await;
    write_as_version_1(&file);
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(&file, text.replacen("\"item\"", "\"itXm\"", 1)).expect("it is written");
    assert_eq!(undo(&shop, &id, &before, "version 1").await, Undone::Named);
    assert_eq!(shop.tags("app").len(), 4);
}

/// Rewrites the entry in the form before numbers and checksums.
fn write_as_version_1(file: &Path) {
    let text = fs::read_to_string(file).expect("a file");
    let line = |line: &str| {
        let json =
            line.splitn(3, ' ').nth(2).expect("a document").replace(r#""version":2"#, r#""version":1"#);
        match json.starts_with(r#"{"ended""#) {
            true => "\"ended\"".to_string(),
            false => json,
        }
    };
    let lines: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(line).collect();
    fs::write(file, lines.join("\n") + "\n").expect("it is written");
}
