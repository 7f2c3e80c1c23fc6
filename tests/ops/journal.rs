//! The journal: its content, its permissions, and the entries that survive a crash or a damaged disk.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use regtui::model::change::journal::{EntryId, EntryState, JournalItem, SavedManifest};
use regtui::model::change::{ChangeKind, ChangeRequest, delete};
use regtui::model::digest::Digest;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::journal::Journal;

use crate::support::registry::tag;
use crate::support::state;

fn repository() -> Repository {
    Repository::parse("localhost:5000/team/app").expect("a repository")
}

fn manifest(text: &str) -> SavedManifest {
    let bytes = format!(r#"{{"schemaVersion":2,"manifests":[],"annotations":{{"is":"{text}"}}}}"#);
    SavedManifest {
        digest: Digest::sha256(bytes.as_bytes()),
        media_type: "application/vnd.oci.image.index.v1+json".into(),
        bytes: Bytes::from(bytes),
    }
}

fn untagged(name: &str, before: &SavedManifest) -> JournalItem {
    JournalItem {
        repository: repository(),
        selector: Selector::Tag(tag(name)),
        before: Some(before.clone()),
        after: None,
        done: None,
    }
}

fn request(tags: &[&str]) -> ChangeRequest {
    ChangeRequest::Delete(delete::DeleteRequest {
        repository: repository(),
        selectors: tags.iter().map(|name| Selector::Tag(tag(name))).collect(),
        all_tags: false,
        method: Some(delete::DeleteMethod::Untag),
        along: delete::Along::default(),
        keep: false,
    })
}

#[tokio::test]
async fn replaced_manifests_are_on_disk_before_any_change_and_private_to_this_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().join("journal"));
    let held = manifest("one");
    let items = vec![untagged("1", &held), untagged("2", &held)];
    let running = journal.begin("untag 2 tags".into(), None, items.clone()).await.expect("an entry");
    let again = Journal::open(folder.path().join("journal"));
    let entry = again.entry(running.id()).await.expect("it is there already");
    assert_eq!(
        (entry.items, entry.state, entry.title.as_str()),
        (items, EntryState::Running, "untag 2 tags")
    );
    let state = folder.path().join("journal");
    let lines = state::lines(&state, running.id());
    let kept = lines.iter().filter(|line| line.bytes.is_some());
    assert_eq!(kept.count(), 1, "a manifest is kept once: {lines:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        for name in ["state.db", "state.db-wal", "state.db-shm", "state.db.lock"] {
            assert_eq!(mode(&state.join(name)), 0o600, "{name}");
        }
        assert_eq!((mode(&state), mode(&state.join("running"))), (0o700, 0o700));
    }
}

#[tokio::test]
async fn entries_are_listed_newest_first_with_their_state_and_without_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    assert_eq!(journal.entries().await, []);
    let mut ids = Vec::new();
    for name in ["ended", "undone", "open"] {
        let items = vec![untagged(name, &manifest(name))];
        let running = journal.begin(name.into(), None, items).await.expect("an entry");
        ids.insert(0, running.id().clone());
        if name != "open" {
            running.mark_done(0, true).await;
            running.end().await.expect("it is written");
        }
    }
    journal.mark_undone(&ids[1]).await.expect("it is written");
    let entries = journal.entries().await;
    let found: Vec<_> = entries.iter().map(|entry| (&entry.id, entry.state, entry.items[0].done)).collect();
    let expected = [
        (&ids[0], EntryState::Open, None),
        (&ids[1], EntryState::Undone, Some(true)),
        (&ids[2], EntryState::Ended, Some(true)),
    ];
    assert_eq!(found, expected);
    assert!(
        entries.iter().all(|entry| entry.items[0].before.as_ref().is_some_and(|held| held.bytes.is_empty()))
    );
}

#[tokio::test]
async fn changes_in_a_registry_that_is_gone_are_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let held = manifest("one");
    let elsewhere = JournalItem {
        repository: Repository::parse("localhost:5001/app").expect("a repository"),
        ..untagged("1", &held)
    };
    let mut running = Vec::new();
    for (title, items) in [
        ("gone", vec![untagged("1", &held)]),
        ("both", vec![untagged("1", &held), elsewhere.clone()]),
        ("other", vec![elsewhere]),
        ("running", vec![untagged("2", &held)]),
    ] {
        running.push(journal.begin(title.into(), None, items).await.expect("an entry"));
    }
    let _runs = running.pop();
    for ended in running {
        ended.end().await.expect("it is written");
    }
    journal.forget(&repository().host).await;
    let left: Vec<String> = journal.entries().await.iter().map(|entry| entry.title.to_string()).collect();
    assert_eq!(left, ["running", "other", "both"]);
}

#[tokio::test]
async fn after_a_crash_an_entry_stays_open_and_can_be_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let held = manifest("one");
    let items = ["1", "2", "3"].map(|name| untagged(name, &held));
    let running =
        journal.begin("untag".into(), Some(request(&["1", "2", "3"])), items.into()).await.expect("an entry");
    let id = running.id().clone();
    running.mark_done(0, true).await;
    running.mark_done(1, false).await;
    assert_eq!(journal.entry(&id).await.expect("it is there").state, EntryState::Running);
    assert_eq!(journal.resume(&id).await.expect_err("it runs").why.as_str(), "it still runs");
    drop(running);
    assert_eq!(journal.entry(&id).await.expect("it is there").state, EntryState::Open);
    assert_eq!(journal.resume(&id).await, Ok(request(&["2", "3"])));
    journal.mark_ended(&id).await.expect("it is written");
    assert_eq!(journal.resume(&id).await.expect_err("it is over").why.as_str(), "it ended");
}

#[tokio::test]
async fn a_last_line_that_is_lost_costs_only_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let items = vec![untagged("1", &manifest("1")), untagged("2", &manifest("2"))];
    let running = journal.begin("untag".into(), None, items).await.expect("an entry");
    running.mark_done(0, true).await;
    let id = running.id().clone();
    drop(running);
    state::execute(folder.path(), "DELETE FROM line WHERE number = (SELECT max(number) FROM line)");
    let entry = journal.entry(&id).await.expect("it is still an entry");
    assert_eq!((entry.items.len(), entry.items[0].done, entry.damage.is_any()), (2, None, false));
    journal.mark_ended(&id).await.expect("it is written");
    assert_eq!(journal.entry(&id).await.expect("an entry").state, EntryState::Ended);
}

#[tokio::test]
async fn the_replaced_image_of_an_item_is_not_known_if_its_revision_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let items = vec![untagged("1", &manifest("1")), untagged("2", &manifest("2"))];
    let running = journal.begin("untag".into(), None, items).await.expect("an entry");
    running.mark_done(0, true).await;
    running.revise(1, Some(manifest("3")), None).await.expect("it is written");
    running.mark_done(1, true).await;
    let id = running.end().await.expect("it is written");
    let entry = journal.entry(&id).await.expect("an entry");
    assert!(!entry.damage.is_any() && entry.items[1].before == Some(manifest("3")));
    let lines = state::lines(folder.path(), &id);
    for lost in ["revised\":{", "done\":{\"index\":1"] {
        let kept: Vec<_> = lines.iter().filter(|line| !line.text().contains(lost)).cloned().collect();
        assert_eq!(kept.len(), lines.len() - 1);
        state::set_lines(folder.path(), &id, &kept);
        let entry = journal.entry(&id).await.expect("an entry");
        assert_eq!((entry.damage.uncertain, entry.damage.lost), (vec![1], 0), "{lost}");
    }
}

#[tokio::test]
async fn two_writers_of_one_entry_damage_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let running =
        journal.begin("untag".into(), None, vec![untagged("1", &manifest("1"))]).await.expect("one");
    let id = running.end().await.expect("it is written");
    let marks = (0..8).map(|_| journal.mark_undone(&id));
    let marked = futures_util::future::join_all(marks).await;
    assert!(marked.iter().all(Result::is_ok), "{marked:?}");
    let entry = journal.entry(&id).await.expect("an entry");
    assert_eq!((entry.state, entry.damage.is_any()), (EntryState::Undone, false));
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_others_can_write_to_is_neither_read_nor_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().join("journal"));
    let id =
        journal.begin("untag".into(), None, Vec::new()).await.expect("an entry").end().await.expect("one");
    let mode = |mode| {
        fs::set_permissions(folder.path().join("journal"), fs::Permissions::from_mode(mode)).expect("ours");
    };
    mode(0o777);
    let why = "can be written by other users";
    assert!(journal.list().await.expect_err("it is not used").why.as_str().ends_with(why));
    assert!(journal.entry(&id).await.expect_err("it is not used").why.as_str().ends_with(why));
    let failure = journal.begin("untag".into(), None, Vec::new()).await.expect_err("it is not used");
    assert!(failure.why.as_str().ends_with(why), "{failure}");
    assert!(failure.hint.is_some_and(|hint| hint.as_str().contains("chmod go-w")));
    mode(0o700);
    assert_eq!(journal.list().await.expect("it is used again").len(), 1);
}

#[tokio::test]
async fn a_manifest_that_rotted_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let running =
        journal.begin("untag".into(), None, vec![untagged("1", &manifest("1"))]).await.expect("one");
    let id = running.end().await.expect("it is written");
    let rotten = "UPDATE line SET bytes = CAST('AAAA' || substr(bytes, 5) AS BLOB) WHERE bytes IS NOT NULL";
    assert_eq!(state::execute(folder.path(), rotten), 1);
    let entry = journal.entry(&id).await.expect("it is still an entry");
    assert!(entry.items[0].before.as_ref().is_some_and(|held| held.bytes.is_empty()));
    assert!(entry.damage.is_any());
}

#[tokio::test]
async fn only_the_whole_name_of_an_entry_leads_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().join("journal"));
    let running = journal.begin("untag".into(), None, Vec::new()).await.expect("an entry");
    let id = running.end().await.expect("it is written");
    assert!(journal.entry(&id).await.is_ok());
    for name in ["../x", "%", "' OR 1 --", "", ".", "a/b", "journal\0"] {
        assert!(journal.entry(&EntryId(name.into())).await.is_err(), "{name}");
        assert!(journal.mark_undone(&EntryId(name.into())).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_lets_nothing_begin() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("file"), "").expect("a file");
    let journal = Journal::open(folder.path().join("file"));
    let failure = journal.begin("untag".into(), None, Vec::new()).await.expect_err("there is no folder");
    assert!(failure.what.as_str().ends_with("nothing was changed"), "{failure}");
    assert_eq!(journal.entries().await, []);
}

#[tokio::test]
async fn an_entry_of_which_all_was_done_is_over_when_it_is_to_be_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let items = vec![untagged("1", &manifest("one"))];
    let running = journal.begin("untag app:1".into(), Some(request(&["1"])), items).await.expect("an entry");
    running.mark_done(0, true).await;
    let id = running.id().clone();
    drop(running);
    let failure = journal.resume(&id).await.expect_err("nothing is left");
    assert_eq!(failure.why.as_str(), "all of it was done");
    assert_eq!(journal.entry(&id).await.expect("it is there").state, EntryState::Ended);
}

#[tokio::test]
async fn the_kind_of_a_change_is_recorded_and_no_title_decides_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    let undo = ChangeRequest::Undo(EntryId("20250101T000000.000000Z-1".into()));
    for (title, request) in [("undo: copy", request(&["1"])), ("untag app:1", undo)] {
        let running = journal.begin(title.into(), Some(request), Vec::new()).await.expect("an entry");
        running.end().await.expect("it is written");
    }
    let listed = journal.list().await.expect("the journal");
    assert_eq!(listed.iter().map(|entry| entry.is_undo()).collect::<Vec<_>>(), [true, false]);
    let id = &listed[0].id;
    let head = state::lines(folder.path(), id)[0].text();
    assert!(head.contains(r#""kind":"undo""#), "{head}");
}

#[tokio::test]
async fn an_entry_of_an_earlier_version_has_the_kind_of_its_request_or_title() {
    let titles = [
        ("undo: untag app:1", Some(ChangeKind::Undo)),
        ("untag 2 tags of app", Some(ChangeKind::Delete)),
        ("delete app@0123456789ab", Some(ChangeKind::Delete)),
        ("rename app:1 → stable", Some(ChangeKind::Retag)),
        ("copy app:1 → r.test/app:1", Some(ChangeKind::Copy)),
        ("undoable", None),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().into());
    for (title, kind) in titles {
        // Without a request no kind is recorded, as in an earlier version.
        let running = journal.begin(title.into(), None, Vec::new()).await.expect("an entry");
        let id = running.end().await.expect("it is written");
        assert_eq!(journal.entry(&id).await.expect("an entry").kind, kind, "{title}");
    }
}
