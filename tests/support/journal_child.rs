//! A process that writes the journal and the cache: this test binary, started again with one test. It prints lines that
//! begin with `@` and ends by itself or is killed.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use regtui::client::cache::Cache;
use regtui::model::change::journal::{JournalItem, SavedManifest};
use regtui::model::digest::Digest;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::journal::Journal;
use regtui::store;

use super::registry::tag;

/// The variable that says what the process does, and in which folder.
const WORK: &str = "REGTUI_TEST_CHILD";

/// The work of a process.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// Writes that number of entries and as many manifests. Ends at the first entry that is refused.
    Write(usize),
    /// Lists the journal, then tries to begin an entry.
    List,
}

pub fn repository() -> Repository {
    Repository::parse("localhost:5000/team/app").expect("a repository")
}

pub fn manifest(text: &str) -> SavedManifest {
    let filler = "x".repeat(2000);
    let bytes = format!(
        r#"{{"schemaVersion":2,"manifests":[],"annotations":{{"is":"{text}","filler":"{filler}"}}}}"#
    );
    SavedManifest {
        digest: Digest::sha256(bytes.as_bytes()),
        media_type: "application/vnd.oci.image.index.v1+json".into(),
        bytes: Bytes::from(bytes),
    }
}

pub fn untagged(name: &str) -> JournalItem {
    JournalItem {
        repository: repository(),
        selector: Selector::Tag(tag(name)),
        before: Some(manifest(name)),
        after: None,
        done: None,
    }
}

/// The command that starts a process with this work. The state is in `folder`, the cache in `folder/cache`.
pub fn command(work: Work, folder: &Path) -> Vec<String> {
    let work = match work {
        Work::Write(count) => format!("write {count}"),
        Work::List => "list".into(),
    };
    let program = std::env::current_exe().expect("this program");
    vec![
        "env".into(),
        format!("{WORK}={work} {}", folder.display()),
        program.display().to_string(),
        "--exact".into(),
        "support::journal_child::works_if_it_is_told_to".into(),
        "--nocapture".into(),
    ]
}

/// Starts a command, perhaps one that wraps that of [`command`].
pub fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs")
}

pub fn start(work: Work, folder: &Path) -> Child {
    let command_line = command(work, folder);
    spawn(Command::new(&command_line[0]).args(&command_line[1..]))
}

/// Waits for the end and returns the lines that begin with `@`, without it.
#[track_caller]
pub fn lines_of(child: Child) -> Vec<String> {
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{:?}: {text}", output.status);
    text.lines().filter_map(|line| line.strip_prefix('@')).map(String::from).collect()
}

/// Kills the process with SIGKILL when it has printed that number of lines. Returns all lines that it printed.
pub fn kill_after(mut child: Child, count: usize) -> Vec<String> {
    let mut printed = Vec::new();
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    for line in output.lines() {
        let Ok(line) = line else { break };
        printed.extend(line.strip_prefix('@').map(String::from));
        if printed.len() == count {
            child.kill().expect("it runs");
        }
    }
    child.wait().expect("it ended");
    printed
}

fn say(line: &str) {
    // Not `println`, which panics when nobody reads any more.
    writeln!(std::io::stdout(), "@{line}").ok();
}

#[test]
fn works_if_it_is_told_to() {
    let Ok(work) = std::env::var(WORK) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut words = work.split(' ');
        let kind = words.next();
        match (kind, words.next(), words.next()) {
            (Some("list"), Some(folder), None) => list(folder.into()).await,
            (Some("write"), Some(count), Some(folder)) => {
                write(count.parse().expect("a number"), folder.into()).await;
            }
            _ => panic!("{work}"),
        }
    });
}

async fn list(folder: PathBuf) {
    let journal = Journal::open(folder);
    match journal.list().await {
        Ok(entries) => say(&format!("listed {}", entries.len())),
        Err(failure) => say(&format!("unlisted {failure}")),
    }
    say(&format!("opened {}", store::remembered::read(journal.state()).len()));
    match journal.begin("untag".into(), None, vec![untagged("1")]).await {
        Ok(_) => say("begun"),
        Err(failure) => say(&format!("refused {}", failure.to_string().replace('\n', " "))),
    }
}

async fn write(count: usize, folder: PathBuf) {
    let (journal, cache) = (Journal::open(folder.clone()), Cache::new(Some(folder.join("cache"))));
    for n in 0..count {
        let items = vec![untagged("1"), untagged("2")];
        let running = match journal.begin("untag".into(), None, items).await {
            Ok(running) => running,
            Err(failure) => return say(&format!("refused {}", failure.to_string().replace('\n', " "))),
        };
        let id = running.id().clone();
        say(&format!("begun {id}"));
        running.mark_done(0, true).await;
        running.mark_done(1, true).await;
        say(&format!("done {id}"));
        match running.end().await {
            Ok(id) => say(&format!("ended {id}")),
            Err(note) => say(&format!("unknown {id} {note}")),
        }
        let content = manifest(&format!("{}-{n}", std::process::id()));
        cache.put(content.digest, content.bytes.clone());
        cache.record_tag(&repository(), &tag(&format!("{}-{n}", std::process::id())), content.digest);
        cache.flush().await;
        assert_eq!(cache.get(&content.digest).await, Some(content.bytes));
    }
}
