//! Panics: the terminal is given back before anything is printed, no matter which thread panicked.

use std::any::Any;
use std::fmt::{self, Formatter};
use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use color_eyre::section::PanicMessage;
use tokio::sync::Notify;

use super::terminal::restore;
use crate::model::redact;
use crate::model::text::SafeText;

/// The most lines of a panic's message.
const MOST_LINES: usize = 20;

/// The report of a panic outside the main thread. It is kept until the loop has ended.
static REPORT: Mutex<Option<String>> = Mutex::new(None);
static HAPPENED: Notify = Notify::const_new();

/// The log file, once it is known.
static LOG: OnceLock<PathBuf> = OnceLock::new();

/// Makes later reports name the log.
pub(crate) fn set_log_file(file: &Path) {
    LOG.set(file.to_path_buf()).ok();
}

/// Installs the hooks of errors and panics. Must be called once, before anything else.
pub fn install() -> color_eyre::Result<()> {
    let mut hooks =
        color_eyre::config::HookBuilder::default().display_env_section(false).panic_message(Message);
    if !std::io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    {
        hooks = hooks.theme(color_eyre::config::Theme::new());
    }
    let (panic_hook, eyre_hook) = hooks.into_hooks();
    eyre_hook.install()?;
    let main = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let version = concat!("regtui ", env!("CARGO_PKG_VERSION"));
        let log = match LOG.get() {
            Some(file) => format!("see the log `{}`", file.display()),
            None => "run with `--log-file FILE` for a log of it".into(),
        };
        let report =
            format!("{version}\n{}\n\nthis is a bug in regtui; {log}", panic_hook.panic_report(info));
        tracing::error!(%report, "panic");
        if std::thread::current().id() == main {
            restore();
            // A panic in this hook would abort the process, so an error of the writing is ignored.
            writeln!(std::io::stderr(), "{report}").ok();
        } else {
            // The loop still draws. It is told to end, and the report is printed after the terminal was given back.
            REPORT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(report);
            HAPPENED.notify_one();
        }
    }));
    Ok(())
}

/// Prints the message of a panic, cleaned: it may quote text from a server.
struct Message;

impl PanicMessage for Message {
    fn display(&self, info: &PanicHookInfo<'_>, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "The application panicked (crashed).")?;
        for line in lines_of(info.payload()) {
            writeln!(f, "Message:  {line}")?;
        }
        match info.location() {
            Some(place) => write!(f, "Location: {}:{}", place.file(), place.line()),
            None => f.write_str("Location: unknown"),
        }
    }
}

fn lines_of(payload: &dyn Any) -> Vec<SafeText> {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no text");
    SafeText::lines(&redact::secrets(text)).take(MOST_LINES).collect()
}

/// Waits for a panic outside the main thread.
pub(crate) async fn wait_for_panic() {
    HAPPENED.notified().await;
}

/// Returns the report of such a panic, if there was one.
pub(crate) fn take_report() -> Option<String> {
    REPORT.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_quotes_a_server_moves_no_cursor_and_tells_no_password() {
        let text = String::from("cannot cut \u{1b}[2J of https://me:CANARY7@h/\nnor this");
        let lines: Vec<String> = lines_of(&text).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["cannot cut ␛[2J of https://…@h/", "nor this"]);
        assert_eq!(lines_of(&"plain").len(), 1);
        assert_eq!(lines_of(&7).len(), 1);
    }
}
