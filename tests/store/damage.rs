//! Databases that are damaged as a whole, or that a newer version wrote.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use regtui::client::cache::Cache;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::journal::JournalEntry;
use regtui::model::failure::Failure;
use regtui::model::reference::{Host, RepositoryName, Target};
use regtui::ops::journal::Journal;
use regtui::store::state::StateStore;
use regtui::store::{bookmarks, remembered};

use crate::support::journal_child::{manifest, repository, untagged};
use crate::support::registry::tag;
use crate::support::shell::{Shell, open};
use crate::support::state;

/// A journal as a program opens it, and the failures that it showed.
fn journal(folder: &Path) -> (Journal, Arc<Mutex<Vec<Failure>>>) {
    let (state, shown) = (StateStore::new(Some(folder.into())), Arc::new(Mutex::new(Vec::new())));
    let seen = shown.clone();
    state.on_failure(move |failure| seen.lock().expect("no panic").push(failure));
    (Journal::new(state), shown)
}

/// Writes eight entries and a name, and returns the entries. The database is closed afterwards.
async fn filled(folder: &Path) -> Vec<JournalEntry> {
    let (journal, _) = journal(folder);
    for n in 0..8 {
        let items = vec![untagged(&format!("a{n}")), untagged(&format!("b{n}"))];
        let running = journal.begin("untag".into(), None, items).await.expect("an entry");
        running.mark_done(0, true).await;
        running.mark_done(1, true).await;
        running.end().await.expect("it is written");
    }
    let (host, name) =
        (Host::parse("r.test").expect("a host"), RepositoryName::parse("app").expect("a name"));
    remembered::write(journal.state(), &host, &[name]).expect("it is written");
    bookmarks::write(journal.state(), &bookmark(), true).expect("it is written");
    let mut entries = Vec::new();
    for entry in journal.entries().await {
        entries.push(journal.entry(&entry.id).await.expect("it is there"));
    }
    entries
}

fn bookmark() -> Target {
    Target::parse("r.test/app:1").expect("a target")
}

fn copy_of(from: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for file in fs::read_dir(from).expect("a folder").flatten().filter(|file| file.path().is_file()) {
        fs::copy(file.path(), copy.path().join(file.file_name())).expect("it is copied");
    }
    copy
}

fn set_aside(folder: &Path) -> usize {
    let names = fs::read_dir(folder).expect("a folder").flatten().map(|file| file.file_name());
    names.filter(|name| name.to_string_lossy().ends_with("state.db.damaged-1")).count()
}

/// Opens a damaged state: nothing panics, an entry can be begun, and every entry that is listed is the one that was
/// written or says that it is damaged. Returns how many are listed besides the new one.
async fn assert_goes_on(folder: &Path, written: &[JournalEntry], what: &str) -> usize {
    let (journal, shown) = journal(folder);
    remembered::read(journal.state());
    journal.entries().await;
    let running = journal.begin("untag".into(), None, vec![untagged("new")]).await;
    let id =
        running.unwrap_or_else(|failure| panic!("{what}: {failure}")).end().await.expect("it is written");
    let mut listed = 0;
    for entry in journal.list().await.unwrap_or_else(|failure| panic!("{what}: {failure}")) {
        if entry.id == id {
            continue;
        }
        listed += 1;
        let Ok(entry) = journal.entry(&entry.id).await else { continue };
        // The time in a name has no checksum. Its number is compared with that of the row.
        let same = written.iter().find(|whole| whole.id.sequence() == entry.id.sequence());
        let is_whole =
            same.is_some_and(|whole| *whole == JournalEntry { id: whole.id.clone(), ..entry.clone() });
        // The outcomes of an entry that lost its last lines are not known, as after a crash.
        let is_cut = written.iter().any(|whole| {
            let before = |entry: &JournalEntry| -> Vec<_> {
                entry.items.iter().map(|item| (item.selector.clone(), item.before.clone())).collect()
            };
            whole.id.sequence() == entry.id.sequence() && before(whole) == before(&entry)
        });
        assert!(is_whole || is_cut || entry.damage.is_any(), "{what}: {entry:#?}");
    }
    let shown = shown.lock().expect("no panic");
    assert_eq!(shown.len(), set_aside(folder), "{what}: it is said once: {shown:?}");
    for failure in shown.iter() {
        let text = failure.to_string();
        assert!(text.starts_with("the journal was damaged, and a new one was begun: "), "{text}");
        assert!(text.contains("state.db.damaged-1") && !text.contains("SQL"), "{text}");
    }
    listed
}

#[tokio::test]
async fn a_state_with_any_damaged_byte_is_used_or_set_aside_and_loses_nothing_unnoticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = filled(folder.path()).await;
    let whole = fs::read(state::database(folder.path())).expect("a file");
    assert!(!folder.path().join("state.db-wal").exists(), "it was closed");
    // The header and the beginnings of pages, above all.
    let pages = (0..whole.len()).step_by(4096).flat_map(|page| [page, page + 3, page + 8]);
    let offsets = (0..120).step_by(13).chain((0..whole.len()).step_by(2039)).chain(pages);
    // A file with another number at this place is that of a newer version.
    let version = 60..64;
    for at in offsets.filter(|at| !version.contains(at)) {
        let copy = copy_of(folder.path());
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(state::database(copy.path()), bytes).expect("it is written");
        assert_goes_on(copy.path(), &written, &format!("byte {at}")).await;
    }
}

#[tokio::test]
async fn a_state_that_is_cut_off_is_set_aside_and_what_can_be_read_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = filled(folder.path()).await;
    let whole = fs::read(state::database(folder.path())).expect("a file");
    for length in [0, 1, 100, 512, 4096, 5000, 8192, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        let copy = copy_of(folder.path());
        fs::write(state::database(copy.path()), &whole[..length]).expect("it is written");
        let what = format!("cut off at {length}");
        assert_goes_on(copy.path(), &written, &what).await;
    }
}

#[tokio::test]
async fn anything_in_the_place_of_the_state_is_set_aside() {
    for place in ["garbage", "text", "folder"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = state::database(folder.path());
        match place {
            "garbage" => fs::write(&path, [0xa5; 20_000]),
            "text" => fs::write(&path, "no database"),
            _ => fs::create_dir(&path).and_then(|()| fs::write(path.join("precious"), "")),
        }
        .expect("it is written");
        assert_eq!(assert_goes_on(folder.path(), &[], place).await, 0);
        assert_eq!(set_aside(folder.path()), 1, "{place}");
        let (again, shown) = journal(folder.path());
        assert_eq!(again.entries().await.len(), 1);
        assert!(shown.lock().expect("no panic").is_empty(), "it was said before");
    }
}

#[tokio::test]
async fn most_of_a_state_with_a_destroyed_page_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = filled(folder.path()).await;
    let mut bytes = fs::read(state::database(folder.path())).expect("a file");
    let connection = state::connect(folder.path());
    let page: usize = connection
        .query_row("SELECT pageno FROM dbstat WHERE name = 'line' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 2", [], |row| {
            row.get::<_, i64>(0)
        })
        .expect("a page") as usize;
    drop(connection);
    bytes[(page - 1) * 4096..page * 4096].fill(0xa5);
    fs::write(state::database(folder.path()), bytes).expect("it is written");
    let listed = assert_goes_on(folder.path(), &written, "a page").await;
    assert_eq!((listed, set_aside(folder.path())), (written.len(), 1));
    let (again, _) = journal(folder.path());
    let mut whole = 0;
    for entry in &written {
        whole += usize::from(again.entry(&entry.id).await.is_ok_and(|found| found == *entry));
    }
    assert!(whole >= written.len() / 2, "{whole} of {}", written.len());
    assert_eq!(remembered::read(again.state()).len(), 1);
    assert!(bookmarks::read(again.state()).iter().eq([&bookmark()]));
}

#[tokio::test]
async fn a_damaged_state_that_another_process_uses_stays_and_lets_nothing_begin() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path()).await;
    let (other, _) = journal(folder.path());
    assert_eq!(other.entries().await.len(), 8);
    fs::write(state::database(folder.path()), [0xa5; 20_000]).expect("it is written");
    let (journal, shown) = journal(folder.path());
    let failure = journal.begin("untag".into(), None, Vec::new()).await.expect_err("it is refused");
    assert!(failure.to_string().contains("is damaged, and another regtui is using it"), "{failure}");
    assert!(failure.hint.is_some_and(|hint| hint.as_str().starts_with("end the other regtui")));
    assert!(shown.lock().expect("no panic").is_empty());
    assert!(journal.entries().await.is_empty());
}

#[tokio::test]
async fn a_state_of_a_newer_version_is_left_alone_and_lets_nothing_begin() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path()).await;
    state::connect(folder.path()).pragma_update(None, "user_version", 99).expect("it is written");
    let before = fs::read(state::database(folder.path())).expect("a file");
    let (journal, shown) = journal(folder.path());
    let failure = journal.begin("untag".into(), None, Vec::new()).await.expect_err("it is refused");
    assert!(failure.to_string().contains("was written by a newer version of regtui"), "{failure}");
    let failure = journal.list().await.expect_err("it is not read");
    assert!(failure.hint.is_some_and(|hint| hint.as_str().contains("use that version")));
    assert!(remembered::read(journal.state()).is_empty());
    assert!(shown.lock().expect("no panic").is_empty());
    assert_eq!(fs::read(state::database(folder.path())).expect("a file"), before);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_place_of_a_database_or_of_its_companions_is_refused() {
    let target = tempfile::tempdir().expect("a folder");
    filled(target.path()).await;
    for name in ["state.db", "state.db-wal", "state.db-shm", "state.db.lock"] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::copy(state::database(target.path()), state::database(folder.path())).expect("it is copied");
        let path = folder.path().join(name);
        fs::remove_file(&path).ok();
        std::os::unix::fs::symlink(state::database(target.path()), &path).expect("a link");
        let (journal, _) = journal(folder.path());
        let failure = journal.begin("untag".into(), None, Vec::new()).await.expect_err("it is refused");
        assert!(failure.why.as_str().ends_with(&format!("{name}` is a link")), "{failure}");
        assert!(journal.list().await.is_err());
    }
    let (journal, _) = journal(target.path());
    assert_eq!(journal.entries().await.len(), 8, "nothing was written through a link");
}

#[tokio::test]
async fn the_damage_is_said_once_on_the_command_line() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = open(DemoSettings::default(), store).await;
    let shell = Shell::new();
    let app = format!("{}/app", demo.address());
    shell.run(&["tag", &format!("{app}:1"), "2", "--yes"]).await.assert_code(0);
    fs::write(shell.home.path().join(".local/state/regtui/state.db"), [0xa5; 9000]).expect("it is written");
    let said = "the journal was damaged, and a new one was begun";
    // Each command reads the pinned certificates, which are in the same file.
    shell.run(&["ls", &app]).await.assert_code(0).assert_says(said).assert_says("hint: ");
    let changed = shell.run(&["tag", &format!("{app}:1"), "3", "--yes"]).await;
    changed.assert_code(0);
    assert!(!changed.stderr.contains(said), "{changed:?}");
    let again = shell.run(&["undo", "--yes"]).await;
    again.assert_code(0);
    assert!(!again.stderr.contains(said), "{again:?}");
    assert_eq!(demo.store().tags("app"), ["1", "2"]);
}

/// Opens a cache: nothing panics, wrong content is never returned, and new content is kept or at least usable.
async fn assert_cache_goes_on(folder: &Path, what: &str) {
    let cache = Cache::new(Some(folder.into()));
    for n in 0..20 {
        let expected = manifest(&n.to_string());
        let found = cache.get(&expected.digest).await;
        assert!(found.is_none_or(|found| found == expected.bytes), "{what}: wrong content");
        cache.last_seen(&repository(), &tag(&n.to_string())).await;
    }
    let new = manifest("new");
    cache.put(new.digest, new.bytes.clone());
    cache.record_tag(&repository(), &tag("new"), new.digest);
    cache.flush().await;
    assert_eq!(cache.get(&new.digest).await, Some(new.bytes), "{what}");
}

async fn filled_cache(folder: &Path) {
    let cache = Cache::new(Some(folder.into()));
    for n in 0..20 {
        let content = manifest(&n.to_string());
        cache.put(content.digest, content.bytes.clone());
        cache.record_tag(&repository(), &tag(&n.to_string()), content.digest);
    }
    cache.flush().await;
}

#[tokio::test]
async fn a_damaged_cache_returns_nothing_wrong_and_is_begun_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    filled_cache(folder.path()).await;
    let connection = rusqlite::Connection::open(folder.path().join("cache.db")).expect("a database");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("it is written");
    drop(connection);
    let whole = fs::read(folder.path().join("cache.db")).expect("a file");
    let offsets =
        (0..120).step_by(7).chain((0..whole.len()).step_by(3011)).chain((0..whole.len()).step_by(4096));
    for at in offsets.filter(|at| !(60..64).contains(at)) {
        let copy = tempfile::tempdir().expect("a folder");
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(copy.path().join("cache.db"), bytes).expect("it is written");
        assert_cache_goes_on(copy.path(), &format!("byte {at}")).await;
    }
    for length in [0, 100, 4096, 5000, whole.len() / 2] {
        let copy = tempfile::tempdir().expect("a folder");
        fs::write(copy.path().join("cache.db"), &whole[..length]).expect("it is written");
        assert_cache_goes_on(copy.path(), &format!("cut off at {length}")).await;
    }
    let copy = tempfile::tempdir().expect("a folder");
    fs::write(copy.path().join("cache.db"), [0xa5; 20_000]).expect("it is written");
    assert_cache_goes_on(copy.path(), "garbage").await;
    let new = manifest("new");
    let next = Cache::new(Some(copy.path().into()));
    assert_eq!(next.get(&new.digest).await, Some(new.bytes), "the next run has it");
}

#[tokio::test]
async fn content_that_rotted_is_not_there_and_is_written_again() {
    let folder = tempfile::tempdir().expect("a folder");
    filled_cache(folder.path()).await;
    let connection = rusqlite::Connection::open(folder.path().join("cache.db")).expect("a database");
    connection.execute("UPDATE content SET bytes = CAST('evil' AS BLOB)", []).expect("it is written");
    drop(connection);
    assert_cache_goes_on(folder.path(), "evil").await;
    let content = manifest("1");
    let cache = Cache::new(Some(folder.path().into()));
    assert_eq!(cache.get(&content.digest).await, None);
    cache.put(content.digest, content.bytes.clone());
    cache.flush().await;
    assert_eq!(Cache::new(Some(folder.path().into())).get(&content.digest).await, Some(content.bytes));
}

#[tokio::test]
async fn a_cache_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    filled_cache(folder.path()).await;
    let connection = rusqlite::Connection::open(folder.path().join("cache.db")).expect("a database");
    connection.pragma_update(None, "user_version", 99).expect("it is written");
    assert_cache_goes_on(folder.path(), "newer").await;
    let count: i64 =
        connection.query_row("SELECT count(*) FROM content", [], |row| row.get(0)).expect("a number");
    assert_eq!(count, 20);
}
