//! Programs that regtui runs in the background. They are found in PATH, run in a process group of their own, and end with
//! all their children. Their output and their time are limited.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::model::redact;
use crate::model::text::SafeText;

/// How long the error output of a program is read after its end.
pub(crate) const LAST_WORDS: Duration = Duration::from_millis(100);
/// The last bytes of the error output that are kept.
const KEPT_ERRORS: usize = 8 * 1024;
/// The greatest number of last lines of the error output that are quoted.
const MOST_LINES: usize = 4;
/// The greatest number of characters of each.
const LONGEST_LINE: usize = 240;

/// Finds a program in PATH. Only absolute folders count, so that no program planted in the current folder is run.
pub(crate) fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Returns a command that runs in a process group of its own, so that it cannot take the terminal. Its pipes are those of
/// the caller; nothing is typed into it.
pub(crate) fn background_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// Kills a program and its children when it is dropped.
pub(crate) struct ProcessGroup(Option<u32>);

impl ProcessGroup {
    /// Returns the group of a program that [`background_command`] started.
    pub(crate) fn of(child: &Child) -> ProcessGroup {
        ProcessGroup(child.id())
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.and_then(|id| rustix::process::Pid::from_raw(id as i32)) {
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        }
    }
}

/// The limits of a program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgramLimits {
    /// The time after which it is stopped.
    pub(crate) time: Duration,
    /// Most bytes of its standard output.
    pub(crate) output: u64,
}

/// The reason why a program gave no output that can be used.
#[derive(Debug)]
pub(crate) enum ProgramError {
    /// It could not be started, or its output could not be read.
    Unusable(std::io::Error),
    /// It ended with a failure, and said this last.
    Failed(ExitStatus, Vec<SafeText>),
    /// It printed more than this number of bytes.
    TooMuch(u64),
    /// It did not end in this time.
    TooSlow(Duration),
    /// It was stopped.
    Stopped,
}

/// Runs a program and returns its standard output. It is killed with its children if it breaks a limit, if `stop` is
/// cancelled, and if the future is dropped.
pub(crate) async fn run(
    program: &Path,
    arguments: &[String],
    limits: ProgramLimits,
    stop: &CancellationToken,
) -> Result<Vec<u8>, ProgramError> {
    let mut command = background_command(program);
    command.args(arguments);
    let mut child = command.spawn().map_err(ProgramError::Unusable)?;
    let group = ProcessGroup::of(&child);
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Err(ProgramError::Stopped),
        ended = tokio::time::timeout(limits.time, finish(&mut child, limits.output)) => {
            ended.unwrap_or(Err(ProgramError::TooSlow(limits.time)))
        }
    };
    drop(group);
    ended
}

async fn finish(child: &mut Child, most: u64) -> Result<Vec<u8>, ProgramError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut output, mut errors) = (Vec::new(), VecDeque::new());
    let status = {
        let answer = pin!(async {
            if let Some(stdout) = stdout {
                stdout.take(most + 1).read_to_end(&mut output).await.map_err(ProgramError::Unusable)?;
            }
            if output.len() as u64 > most {
                return Err(ProgramError::TooMuch(most));
            }
            child.wait().await.map_err(ProgramError::Unusable)
        });
        let complaints = pin!(async {
            if let Some(stderr) = stderr {
                keep_last(stderr, &mut errors).await;
            }
        });
        match select(answer, complaints).await {
            Either::Left((status, complaints)) => {
                // A process that the program left behind may hold the pipe open.
                tokio::time::timeout(LAST_WORDS, complaints).await.ok();
                status?
            }
            Either::Right(((), answer)) => answer.await?,
        }
    };
    if status.success() { Ok(output) } else { Err(ProgramError::Failed(status, last_lines(&errors))) }
}

/// Reads everything and keeps its last bytes.
async fn keep_last(mut from: impl AsyncRead + Unpin, kept: &mut VecDeque<u8>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        kept.extend(buffer.iter().take(length));
        kept.drain(..kept.len().saturating_sub(KEPT_ERRORS));
    }
}

/// Returns the last lines without secrets, and safe to draw.
fn last_lines(bytes: &VecDeque<u8>) -> Vec<SafeText> {
    let bytes: Vec<u8> = bytes.iter().copied().collect();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(MOST_LINES)..).unwrap_or_default();
    let short = |line: &str| line.chars().take(LONGEST_LINE).collect::<String>();
    last.iter().map(|line| SafeText::from(short(&redact::secrets(line)))).collect()
}

impl ProgramError {
    /// Returns the reason in words.
    pub(crate) fn why(&self) -> SafeText {
        SafeText::from(match self {
            ProgramError::Unusable(error) => format!("cannot be run: {error}"),
            ProgramError::Failed(status, lines) if lines.is_empty() => format!("failed ({status})"),
            ProgramError::Failed(status, lines) => {
                let lines: Vec<&str> = lines.iter().map(SafeText::as_str).collect();
                format!("failed ({status}): {}", lines.join(" · "))
            }
            ProgramError::TooMuch(most) => {
                format!("printed more than {}, and was stopped", crate::model::size::bytes(*most))
            }
            ProgramError::TooSlow(time) => format!("did not end in {} s, and was stopped", time.as_secs()),
            ProgramError::Stopped => "was stopped".to_owned(),
        })
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const LIMITS: ProgramLimits = ProgramLimits { time: Duration::from_secs(60), output: 100_000 };

    async fn run_script(
        script: &str,
        limits: ProgramLimits,
        stop: &CancellationToken,
    ) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        let output = run(&program, &["a b".into(), "$(id)".into()], limits, stop).await;
        output
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| error.why().to_string())
    }

    #[tokio::test]
    async fn arguments_reach_a_program_as_they_are() {
        let stop = CancellationToken::new();
        assert_eq!(run_script("printf '%s|' \"$@\"", LIMITS, &stop).await, Ok("a b|$(id)|".into()));
    }

    #[tokio::test]
    async fn the_last_words_of_a_program_that_fails_are_quoted_without_secrets() {
        let stop = CancellationToken::new();
        let script = "head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; for n in 1 2 3 4; do echo \"line $n\" >&2; done;
            printf 'https://me:CANARY7@r.test \\033[2J\\n' >&2; exit 3";
        let why = run_script(script, LIMITS, &stop).await.expect_err("it fails");
        assert!(why.starts_with("failed (exit status: 3): line 2 · line 3 · line 4 · https://"), "{why}");
        assert!(!why.contains("CANARY7") && !why.contains('\u{1b}'), "{why}");
        assert_eq!(run_script("exit 2", LIMITS, &stop).await, Err("failed (exit status: 2)".into()));
    }

    #[tokio::test]
    async fn a_program_that_breaks_a_limit_is_stopped() {
        let stop = CancellationToken::new();
        let short = ProgramLimits { time: Duration::from_millis(20), ..LIMITS };
        let why = run_script("sleep 3600 & sleep 3600", short, &stop).await.expect_err("it hangs");
        assert!(why.contains("did not end in 0 s"), "{why}");
        let why = run_script("exec yes", LIMITS, &stop).await.expect_err("it floods");
        assert!(why.contains("printed more than 100"), "{why}");
    }

    #[tokio::test]
    async fn a_stopped_program_ends_with_its_children() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        let stop = CancellationToken::new();
        let script = format!("sleep 3600 & echo $! > {0}.new; mv {0}.new {0}; wait", file.display());
        let stops = async {
            while !file.exists() {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        let (ended, ()) = futures_util::join!(run_script(&script, LIMITS, &stop), stops);
        assert_eq!(ended, Err("was stopped".into()));
        let child: i32 = std::fs::read_to_string(&file).expect("a number").trim().parse().expect("a number");
        let child = rustix::process::Pid::from_raw(child).expect("a process");
        while rustix::process::test_kill_process(child).is_ok() && !is_zombie(child) {
            tokio::task::yield_now().await;
        }
    }

    /// In a container without a proper first process, orphans that ended stay in the table of processes.
    fn is_zombie(process: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        stat.is_ok_and(|stat| stat.contains(") Z "))
    }

    #[tokio::test]
    async fn a_process_that_a_program_leaves_behind_delays_nothing() {
        let stop = CancellationToken::new();
        assert_eq!(run_script("sleep 3600 >/dev/null & echo x", LIMITS, &stop).await, Ok("x\n".into()));
    }

    #[test]
    fn programs_are_found_in_absolute_folders_only() {
        assert_eq!(find("sh", OsStr::new(".:bin:../bin")), None);
        assert!(find("sh", OsStr::new("/nonexistent:/bin")).is_some());
    }
}
