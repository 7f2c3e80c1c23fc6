//! Several processes, killed processes, a full disk and a folder that cannot be written.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use regtui::client::cache::Cache;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::journal::{EntryState, JournalEntry};
use regtui::ops::journal::Journal;

use crate::support::journal_child::{self as child, Work};
use crate::support::shell::{Shell, ended, open};
use crate::support::state;

fn entries(folder: &Path) -> Vec<JournalEntry> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(Journal::open(folder.into()).list()).expect("the journal")
}

/// Checks that everything that was printed is in the journal, and that nothing of it is damaged.
#[track_caller]
fn assert_kept(folder: &Path, printed: &[String]) {
    let entries = entries(folder);
    for line in printed {
        let (word, id) = line.split_once(' ').expect("two words");
        // A change that has begun goes on if an outcome cannot be written, and says so in the end.
        let is_unknown = printed.iter().any(|line| line.starts_with(&format!("unknown {id} ")));
        if !matches!(word, "begun" | "done" | "ended") || (word == "done" && is_unknown) {
            continue;
        }
        let entry = entries.iter().find(|entry| entry.id.0 == id).unwrap_or_else(|| panic!("{id} is lost"));
        assert!(!entry.damage.is_any(), "{entry:#?}");
        let is_done = entry.items.iter().all(|item| item.done == Some(true));
        assert!(word == "begun" || is_done, "{word}: {entry:#?}");
        assert!(word != "ended" || entry.state == EntryState::Ended, "{word}: {entry:#?}");
    }
}

fn is_sound(database: &Path) -> String {
    let connection = rusqlite::Connection::open(database).expect("a database");
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it is checked")
}

#[test]
fn two_and_twelve_processes_at_once_write_the_journal_and_the_cache() {
    for count in [2, 12] {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("regtui");
        let children: Vec<_> = (0..count).map(|_| child::start(Work::Write(5), &folder)).collect();
        let printed: Vec<String> = children.into_iter().flat_map(child::lines_of).collect();
        assert_eq!(
            printed.iter().filter(|line| line.starts_with("ended ")).count(),
            count * 5,
            "{printed:?}"
        );
        assert_kept(&folder, &printed);
        let entries = entries(&folder);
        let numbers: HashSet<u64> = entries.iter().map(|entry| entry.id.sequence()).collect();
        assert_eq!((numbers.len(), entries.len()), (count * 5, count * 5), "each has its own number");
        for database in [state::database(&folder), folder.join("cache/cache.db")] {
            assert_eq!(is_sound(&database), "ok");
        }
        assert_eq!(fs::read_dir(folder.join("running")).expect("a folder").count(), 0);
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_written_and_leaves_nothing_running() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("regtui");
    let mut all = Vec::new();
    // Fewer entries than the journal keeps, even if a process is faster than the kill.
    for lines in 1..=20 {
        all.extend(child::kill_after(child::start(Work::Write(20), &folder), lines));
        assert_kept(&folder, &all);
        for entry in entries(&folder) {
            assert!(matches!(entry.state, EntryState::Ended | EntryState::Open), "{entry:#?}");
            assert!(!entry.damage.is_any(), "{entry:#?}");
        }
    }
    assert!(
        folder
            .read_dir()
            .expect("a folder")
            .flatten()
            .all(|file| { !file.file_name().to_string_lossy().contains("damaged") })
    );
    assert_eq!(is_sound(&folder.join("cache/cache.db")), "ok");
}

#[test]
fn an_entry_runs_as_long_as_its_process() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("regtui");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let journal = Journal::open(folder.clone());
    let running = runtime.block_on(journal.begin("untag".into(), None, vec![child::untagged("1")]));
    let running = running.expect("an entry");
    assert_eq!(entries(&folder)[0].state, EntryState::Running);
    let printed = child::lines_of(child::start(Work::List, &folder));
    assert!(printed.contains(&"listed 1".into()) && printed.contains(&"begun".into()), "{printed:?}");
    let states: Vec<EntryState> = entries(&folder).iter().map(|entry| entry.state).collect();
    assert_eq!(states, [EntryState::Open, EntryState::Running], "only the other process has ended");
    drop(running);
    assert_eq!(entries(&folder)[1].state, EntryState::Open);
}

/// A command whose files can have that number of blocks of 512 bytes. A larger one fails as on a full disk.
#[cfg(unix)]
fn limited(blocks: u64, command: &[String]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]).args(command);
    shell
}

#[cfg(unix)]
#[test]
fn a_full_disk_lets_nothing_begin_and_loses_nothing() {
    for blocks in [0, 8, 16, 64, 100, 300, 1000] {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("regtui");
        // No more than the journal keeps.
        let command = child::command(Work::Write(400), &folder);
        let printed = child::lines_of(child::spawn(&mut limited(blocks, &command)));
        assert_kept(&folder, &printed);
        let last = printed.last().expect("a line");
        assert!(blocks >= 1000 || last.starts_with("refused "), "{blocks}: {last}");
        if last.starts_with("refused ") {
            let what = "cannot write the journal, so nothing was changed: ";
            assert!(last.contains(what) && last.contains("hint: "), "{blocks}: {last}");
            assert!(!last.contains("SQL") && !last.contains("Error"), "{blocks}: {last}");
        }
        // With room again, everything works.
        let printed = child::lines_of(child::start(Work::Write(1), &folder));
        assert_eq!(printed.len(), 3, "{printed:?}");
        assert_kept(&folder, &printed);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_does_not_keep_images_from_being_listed() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = open(DemoSettings::default(), store).await;
    let shell = Shell::new();
    let arguments = ["ls", "--long", &format!("{}/app", demo.address())].map(String::from);
    let command: Vec<String> =
        std::iter::once(env!("CARGO_BIN_EXE_regtui").to_string()).chain(arguments).collect();
    for blocks in [0, 8, 100] {
        let mut limited = limited(blocks, &command);
        limited
            .env_clear()
            .env("REGTUI_SYSTEM_REGISTRIES", "false")
            .env("HOME", shell.home.path())
            .env("PATH", "/usr/bin:/bin");
        let mut limited = tokio::process::Command::from(limited);
        limited.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let ended = ended(limited.spawn().expect("it runs")).await;
        ended.assert_code(0);
        assert!(ended.stdout.contains('1'), "{ended:?}");
    }
}

/// Lets the process of the command run as a user who is bound by modes, and gives the folder to that user.
#[cfg(unix)]
fn as_plain_user(command: &mut Command, folders: &[&Path]) {
    use std::os::unix::fs::chown;
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65534;
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
        for folder in folders {
            chown(folder, Some(NOBODY), Some(NOBODY)).expect("root may");
            for file in fs::read_dir(folder).expect("a folder").flatten() {
                chown(file.path(), Some(NOBODY), Some(NOBODY)).expect("root may");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_read_and_lets_nothing_begin() {
    use std::os::unix::fs::PermissionsExt;

    for has_journal in [false, true] {
        let home = tempfile::tempdir().expect("a folder");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("ours");
        let folder = home.path().join("regtui");
        fs::create_dir(&folder).expect("a folder");
        if has_journal {
            child::lines_of(child::start(Work::Write(3), &folder));
            fs::remove_dir_all(folder.join("cache")).expect("it is removed");
        }
        let mut command_line = child::command(Work::List, &folder);
        // The checkout may be in a folder that only its owner can enter.
        let program = home.path().join("program");
        fs::hard_link(&command_line[2], &program)
            .or_else(|_| fs::copy(&command_line[2], &program).map(drop))
            .expect("this program");
        command_line[2] = program.display().to_string();
        let mut command = Command::new(&command_line[0]);
        command.args(&command_line[1..]);
        as_plain_user(&mut command, &[&folder]);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).expect("ours");
        let printed = child::lines_of(child::spawn(&mut command));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("ours");
        assert_eq!(printed[0], if has_journal { "listed 3" } else { "listed 0" });
        assert!(
            printed[2].starts_with("refused cannot write the journal, so nothing was changed: "),
            "{printed:?}"
        );
        assert!(!printed[2].contains("SQL"), "{printed:?}");
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_used_is_in_memory_only() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("cache.db")).expect("a folder in its place");
    let cache = Cache::new(Some(folder.path().into()));
    let content = child::manifest("one");
    assert_eq!(cache.get(&content.digest).await, None);
    cache.put(content.digest, content.bytes.clone());
    cache.flush().await;
    assert_eq!(cache.get(&content.digest).await, Some(content.bytes));
    assert!(folder.path().join("cache.db").is_dir());
}
