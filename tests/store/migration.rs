//! Files of earlier versions: they are taken over once.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regtui::client::cache::Cache;
use regtui::model::change::ChangeKind;
use regtui::model::change::journal::{EntryId, EntryState, JournalEntry, SavedManifest};
use regtui::model::digest::Digest;
use regtui::ops::journal::Journal;

use crate::support::journal_child::{manifest, untagged};

/// The documents of an entry of version 2 that untagged `1` and `2`, after its first line.
fn documents(manifest: &SavedManifest) -> Vec<String> {
    let digest = manifest.digest;
    let item = |tag: &str| {
        format!(
            r#"{{"item":{{"repository":{{"host":"localhost:5000","name":"team/app"}},"selector":"{tag}","before":"{digest}","after":null}}}}"#
        )
    };
    let (media_type, bytes) = (&manifest.media_type, STANDARD.encode(&manifest.bytes));
    vec![
        item("1"),
        item("2"),
        format!(r#"{{"held":{{"digest":"{digest}","media_type":"{media_type}","base64":"{bytes}"}}}}"#),
        r#"{"done":{"index":0,"done":true,"revised":0}}"#.into(),
        r#"{"done":{"index":1,"done":false,"revised":0}}"#.into(),
    ]
}

fn write(folder: &Path, id: &str, text: &str) -> PathBuf {
    fs::create_dir_all(folder.join("journal")).expect("a folder");
    let file = folder.join(format!("journal/{id}.jsonl"));
    fs::write(&file, text).expect("it is written");
    file
}

fn version_2(manifest: &SavedManifest, ended: bool) -> String {
    let head = r#"{"entry":{"version":2,"at":"2025-11-01T10:00:00Z","title":"untag 2 tags","wish":{"undo":"20250101T000000.000000Z-1"},"items":2,"saved":0,"held":1}}"#;
    let ended = ended.then(|| r#"{"ended":{"lines":6}}"#.to_string());
    let lines = std::iter::once(head.to_string()).chain(documents(manifest)).chain(ended);
    let line = |(number, text): (usize, String)| {
        let sum = Digest::sha256(format!("{number} {text}").as_bytes());
        format!("{number} {} {text}\n", &sum.hex()[..16])
    };
    lines.enumerate().map(line).collect()
}

fn version_1(manifest: &SavedManifest) -> String {
    let head = r#"{"entry":{"version":1,"at":"2025-01-01T10:00:00Z","title":"untag 2 tags","wish":null}}"#;
    let lines = std::iter::once(head.to_string()).chain(documents(manifest)).chain(["\"ended\"".to_string()]);
    lines.map(|line| line + "\n").collect()
}

async fn entries(folder: &Path) -> Vec<JournalEntry> {
    let journal = Journal::open(folder.into());
    let mut entries = Vec::new();
    for listed in journal.list().await.expect("the journal") {
        entries.push(journal.entry(&listed.id).await.unwrap_or(listed));
    }
    entries
}

fn names(entries: &[JournalEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.id.0.as_str()).collect()
}

const OLD: &str = "20990101T100000.000000Z-0";
const NEW: &str = "20251101T100000.000000Z-1007";

#[tokio::test]
async fn entries_of_both_earlier_versions_are_taken_over_in_their_order_and_their_files_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = manifest("kept");
    write(folder.path(), OLD, &version_1(&kept));
    write(folder.path(), NEW, &version_2(&kept, true));
    fs::write(folder.path().join("journal/.lock"), "").expect("it is written");
    let entries = entries(folder.path()).await;
    assert_eq!(names(&entries), [NEW, OLD]);
    for entry in &entries {
        assert_eq!((entry.state, entry.title.as_str()), (EntryState::Ended, "untag 2 tags"));
        assert_eq!(entry.items.iter().map(|item| item.done).collect::<Vec<_>>(), [Some(true), Some(false)]);
        assert!(entry.items.iter().all(|item| item.before.as_ref() == Some(&kept)), "{entry:#?}");
        assert!(!entry.damage.is_any(), "{entry:#?}");
    }
    let kinds: Vec<Option<ChangeKind>> = entries.iter().map(|entry| entry.kind).collect();
    // The request says more than the title, which is all that the older entry has.
    assert_eq!(kinds, [Some(ChangeKind::Undo), Some(ChangeKind::Delete)]);
    assert!(!folder.path().join("journal").exists());
    let journal = Journal::open(folder.path().into());
    let (_, request) = journal.entry_and_request(&EntryId(NEW.into())).await.expect("it is there");
    assert!(request.is_some_and(|request| request.undoes().is_some()), "the request is taken over");
    let next = journal.begin("untag".into(), None, vec![untagged("3")]).await.expect("an entry");
    assert_eq!(next.id().sequence(), 1008, "numbers go on");
}

#[tokio::test]
async fn a_file_that_was_taken_over_and_not_removed_is_not_taken_over_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = version_2(&manifest("kept"), true);
    for _ in 0..3 {
        write(folder.path(), NEW, &text);
        write(folder.path(), OLD, &version_1(&manifest("kept")));
        assert_eq!(names(&entries(folder.path()).await), [NEW, OLD]);
    }
}

#[tokio::test]
async fn an_entry_that_an_earlier_version_carries_out_stays_until_its_process_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), NEW, &version_2(&manifest("kept"), false));
    let lock = fs::File::open(&file).expect("a file");
    lock.try_lock().expect("it is free");
    assert!(entries(folder.path()).await.is_empty());
    assert!(file.exists());
    let journal = Journal::open(folder.path().into());
    let next = journal.begin("untag".into(), None, vec![untagged("3")]).await.expect("an entry");
    assert_eq!(next.id().sequence(), 1008, "its number is not given to another");
    drop(lock);
    let entries = entries(folder.path()).await;
    assert_eq!((names(&entries)[1], entries[1].state), (NEW, EntryState::Open));
    assert!(!file.exists());
}

#[tokio::test]
async fn lines_that_were_damaged_before_are_named_afterwards() {
    let kept = manifest("kept");
    for (id, text) in [(NEW, version_2(&kept, true)), (OLD, version_1(&kept))] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), id, &text.replacen(r#""selector":"2""#, r#""selXctor":"2""#, 1));
        let entries = entries(folder.path()).await;
        assert_eq!((entries[0].items.len(), entries[0].damage.lost), (1, 1), "{entries:#?}");
        assert!(entries[0].damage.notes[0].as_str().contains("its entry in the journal is damaged"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), NEW, &version_2(&kept, true)[1..]);
    assert_eq!(entries(folder.path()).await[0].state, EntryState::Unreadable);
}

#[tokio::test]
async fn a_line_torn_by_a_crash_of_an_earlier_version_is_no_damage() {
    for text in [version_2(&manifest("kept"), false), version_1(&manifest("kept")).replace("\"ended\"\n", "")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), NEW, &text[..text.len() - 5]);
        let entries = entries(folder.path()).await;
        let entry = &entries[0];
        assert_eq!((entry.state, entry.damage.is_any()), (EntryState::Open, false), "{entry:#?}");
        assert_eq!(entry.items.iter().map(|item| item.done).collect::<Vec<_>>(), [Some(true), None]);
    }
}

#[tokio::test]
async fn files_that_are_no_entries_stay_where_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), NEW, &version_2(&manifest("kept"), true));
    write(folder.path(), "notes", "mine");
    assert_eq!(names(&entries(folder.path()).await), [NEW]);
    assert_eq!(fs::read_to_string(folder.path().join("journal/notes.jsonl")).expect("a file"), "mine");
}

#[tokio::test]
async fn the_packs_of_an_earlier_cache_go_and_other_files_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let content = folder.path().join("content");
    fs::create_dir_all(content.join("tags")).expect("a folder");
    let hash = Digest::sha256(b"x");
    for name in ["1.pack", "22.pack", ".lock", &format!("tags/{}", hash.hex()), "tags/.new-abc"] {
        fs::write(content.join(name), "old").expect("it is written");
    }
    let other = folder.path().join("content/mine");
    fs::write(&other, "mine").expect("it is written");
    let cache = Cache::new(Some(folder.path().into()));
    let new = manifest("new");
    cache.put(new.digest, new.bytes.clone());
    cache.flush().await;
    let left: Vec<_> = fs::read_dir(&content).expect("a folder").flatten().map(|file| file.path()).collect();
    assert_eq!(left, [other]);
}
