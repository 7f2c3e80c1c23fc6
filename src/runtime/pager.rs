//! The user's pager.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

use super::signals::{self, Signal, Signals};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;

/// How the pager ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// The reader left it.
    ByReader,
    /// A signal came that ends regtui too.
    BySignal,
}

/// Shows text in `$PAGER`, or in `less` if that is not set. Returns when the pager has ended.
pub(crate) async fn show(text: String, signals: &mut Signals) -> Result<Left, Failure> {
    let command =
        std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty()).unwrap_or_else(|| "less".into());
    let fail = |why: String| Failure {
        what: SafeText::from(format!("cannot show it in `{command}`")),
        why: SafeText::from(why),
        hint: Some("set PAGER to a program that reads standard input".into()),
        kind: FailureKind::Local,
    };
    let words = shell_words::split(&command).map_err(|error| fail(error.to_string()))?;
    let (program, arguments) = words.split_first().ok_or_else(|| fail("it is empty".into()))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).kill_on_drop(true);
    let mut pager = command.spawn().map_err(|error| fail(error.to_string()))?;
    if let Some(stdin) = pager.stdin.take() {
        tokio::spawn(feed(stdin, text));
    }
    until_left(&mut pager, signals).await.map_err(|error| fail(error.to_string()))
}

async fn feed(mut stdin: ChildStdin, text: String) {
    // A reader who leaves the pager early closes the pipe.
    stdin.write_all(text.as_bytes()).await.ok();
}

/// Waits for the end of the pager. The terminal sends the signals of keys to all programs in the foreground, so also to
/// regtui. Ctrl-C is meant for the pager alone, Ctrl-Z for both.
async fn until_left(pager: &mut Child, signals: &mut Signals) -> std::io::Result<Left> {
    loop {
        tokio::select! {
            status = pager.wait() => return status.map(|_| Left::ByReader),
            signal = signals.next() => match signal {
                Signal::Interrupt | Signal::Continue | Signal::Resize => {}
                Signal::Stop => signals::stop_alone(),
                Signal::End => {
                    pager.kill().await?;
                    return Ok(Left::BySignal);
                }
            },
        }
    }
}
