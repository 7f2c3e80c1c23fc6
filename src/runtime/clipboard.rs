//! The clipboard that a copied text is put on: that of the desktop if there is one, else tmux's buffer inside of tmux,
//! else that of the terminal (OSC 52).

use std::process::Stdio;
use std::time::Duration;

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::model::clip::ClipText;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;

/// The most bytes of text that terminals accept by OSC 52.
const MOST_BY_TERMINAL: usize = 74_000;
/// The most bytes that GNU screen forwards at once.
const MOST_BY_SCREEN: usize = 240;
/// How long tmux and the programs of the desktop may take.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(5);

/// A method to reach the clipboard of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClipboardMethod {
    /// The terminal reads the sequence that is written to it.
    Terminal,
    /// tmux forwards OSC 52 only if it is configured to. It has a buffer of its own and can pass that on to its
    /// terminal.
    Tmux,
    /// GNU screen forwards only sequences that are wrapped.
    Screen,
}

impl ClipboardMethod {
    /// Returns the method for this session.
    pub(crate) fn detect() -> ClipboardMethod {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let has_tmux = || std::env::split_paths(&paths).any(|folder| folder.join("tmux").is_file());
        ClipboardMethod::of(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()), has_tmux)
    }

    fn of(is_set: impl Fn(&str) -> bool, has_tmux: impl Fn() -> bool) -> ClipboardMethod {
        match () {
            // If the tmux program is missing, in a container for example, the terminal may still accept OSC 52.
            () if is_set("TMUX") && has_tmux() => ClipboardMethod::Tmux,
            () if is_set("STY") => ClipboardMethod::Screen,
            () => ClipboardMethod::Terminal,
        }
    }
}

/// The place that a copied text reached, as far as that can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// The text is on the desktop's clipboard.
    Desktop,
    /// The text is tmux's newest buffer.
    Tmux,
    /// The text was written to the terminal, which does not confirm that it was put on its clipboard.
    Sent,
}

/// Puts text on the clipboards that can be checked: that of the desktop, and tmux's buffer. `was_sent` tells whether
/// the text was also written to the terminal. Returns `None` if the text reached no clipboard.
pub(crate) async fn put(text: &ClipText, method: ClipboardMethod, was_sent: bool) -> Option<Put> {
    let desktop = text.clone();
    let is_on_desktop = (has_wayland() && in_time(put_on_wayland(text)).await)
        || tokio::task::spawn_blocking(move || desktop::put(desktop)).await.unwrap_or(false);
    let is_in_tmux = method == ClipboardMethod::Tmux && in_time(put_into_tmux(text)).await;
    match (is_on_desktop, is_in_tmux) {
        (true, _) => Some(Put::Desktop),
        (false, true) => Some(Put::Tmux),
        (false, false) => was_sent.then_some(Put::Sent),
    }
}

/// Returns whether a program did its work in time.
async fn in_time(put: impl Future<Output = std::io::Result<bool>>) -> bool {
    matches!(tokio::time::timeout(PROGRAM_TIMEOUT, put).await, Ok(Ok(true)))
}

fn has_wayland() -> bool {
    cfg!(unix) && std::env::var_os("WAYLAND_DISPLAY").is_some_and(|value| !value.is_empty())
}

/// Puts text on the clipboard of a Wayland desktop by wl-clipboard's programs, and checks that it is there. `wl-copy`
/// goes on in the background, so the text outlives regtui. Without these programs the desktop's X11 clipboard is used.
async fn put_on_wayland(text: &ClipText) -> std::io::Result<bool> {
    if !run("wl-copy", &["--type", "text/plain"], text).await? {
        return Ok(false);
    }
    reads_back("wl-paste", &["--no-newline"], text).await
}

/// Loads text into tmux's buffer and checks that it is there. The option `-w` also passes it on to the terminal; tmux
/// before 3.2 does not have it.
async fn put_into_tmux(text: &ClipText) -> std::io::Result<bool> {
    for arguments in [&["load-buffer", "-w", "-"][..], &["load-buffer", "-"]] {
        if run("tmux", arguments, text).await? {
            return reads_back("tmux", &["save-buffer", "-"], text).await;
        }
    }
    Ok(false)
}

/// Runs a program to its end with `text` as its input. Returns whether it succeeded.
async fn run(program: &str, arguments: &[&str], text: &ClipText) -> std::io::Result<bool> {
    let mut child = command(program, arguments).stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not know one of the arguments ends before it reads its input.
        stdin.write_all(text.as_str().as_bytes()).await.ok();
    }
    Ok(child.wait().await?.success())
}

/// Returns whether a program prints exactly this text.
async fn reads_back(program: &str, arguments: &[&str], text: &ClipText) -> std::io::Result<bool> {
    let kept = command(program, arguments).stdout(Stdio::piped()).output().await?;
    Ok(kept.stdout == text.as_str().as_bytes())
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.kill_on_drop(true);
    command
}

/// Returns the sequence that makes the terminal put the text on its clipboard. Returns `None` if the text is too long
/// for that, or if tmux gets the text by its own command.
pub(crate) fn sequence(text: &ClipText, method: ClipboardMethod) -> Option<String> {
    if method == ClipboardMethod::Tmux || text.as_str().len() > MOST_BY_TERMINAL {
        return None;
    }
    let mut sequence = String::new();
    CopyToClipboard::to_clipboard_from(text.as_str()).write_ansi(&mut sequence).ok()?;
    match method {
        ClipboardMethod::Terminal | ClipboardMethod::Tmux => Some(sequence),
        ClipboardMethod::Screen => Some(wrap_for_screen(&sequence)),
    }
}

/// Splits a sequence into pieces that GNU screen forwards unchanged. The end of the inner sequence must differ from
/// that of the wrapping, so it becomes BEL.
fn wrap_for_screen(sequence: &str) -> String {
    let sequence =
        sequence.strip_suffix("\x1b\\").map_or(sequence.to_owned(), |start| format!("{start}\x07"));
    let pieces = sequence.as_bytes().chunks(MOST_BY_SCREEN);
    pieces.map(|piece| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(piece))).collect()
}

/// Returns the message for the user. It says "copied" only if the text was seen on a clipboard.
pub(crate) fn message(text: &ClipText, put: Put) -> SafeText {
    let characters = text.as_str().chars().count();
    let plural = if characters == 1 { "" } else { "s" };
    let lines = match text.lines() {
        0 | 1 => String::new(),
        lines => format!(" in {lines} lines"),
    };
    let much = format!("{characters} character{plural}{lines}");
    SafeText::from(match put {
        Put::Desktop => format!("copied {much} to the desktop's clipboard"),
        Put::Tmux => format!("copied {much} to tmux's buffer"),
        Put::Sent => format!("sent to the terminal for its clipboard: {much}"),
    })
}

/// Returns the reason why a text reached no clipboard.
pub(crate) fn copy_failure(method: ClipboardMethod) -> Failure {
    Failure {
        what: "cannot copy".into(),
        why: match method {
            ClipboardMethod::Tmux => "tmux does not accept the text for its buffer".into(),
            _ => "the text is too long for the terminal's clipboard, and there is no other".into(),
        },
        hint: Some("`o` shows it in the pager".into()),
        kind: FailureKind::Local,
    }
}

/// The clipboard of the desktop: X11's (also XWayland's), that of macOS and that of Windows.
mod desktop {
    use crate::model::clip::ClipText;

    /// Puts text on the clipboard of the desktop, and returns whether that succeeded. May block.
    #[cfg(feature = "clipboard")]
    pub(crate) fn put(text: ClipText) -> bool {
        use std::sync::{Mutex, PoisonError};

        // On X11 the contents of the clipboard are lost when the object that provided them is dropped.
        static CLIPBOARD: Mutex<Option<arboard::Clipboard>> = Mutex::new(None);

        if !is_there() {
            return false;
        }
        let mut clipboard = CLIPBOARD.lock().unwrap_or_else(PoisonError::into_inner);
        if clipboard.is_none() {
            *clipboard = arboard::Clipboard::new().ok();
        }
        clipboard.as_mut().is_some_and(|clipboard| clipboard.set_text(text.as_str()).is_ok())
    }

    /// Returns `false`: this build has no support for the clipboard of the desktop.
    #[cfg(not(feature = "clipboard"))]
    pub(crate) fn put(_: ClipText) -> bool {
        false
    }

    #[cfg(feature = "clipboard")]
    fn is_there() -> bool {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        cfg!(not(all(unix, not(target_os = "macos")))) || is_set("DISPLAY")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_that_of_the_innermost_multiplexer() {
        for (set, method) in [
            (&[][..], ClipboardMethod::Terminal),
            (&["TMUX"], ClipboardMethod::Tmux),
            (&["STY"], ClipboardMethod::Screen),
        ] {
            assert_eq!(ClipboardMethod::of(|name| set.contains(&name), || true), method);
        }
        assert_eq!(ClipboardMethod::of(|name| name == "TMUX", || false), ClipboardMethod::Terminal);
    }

    #[test]
    fn text_that_was_only_sent_to_the_terminal_is_not_said_to_be_copied() {
        let text = ClipText::clean("one\ntwo");
        assert_eq!(
            message(&text, Put::Sent).as_str(),
            "sent to the terminal for its clipboard: 7 characters in 2 lines"
        );
        assert_eq!(message(&text, Put::Tmux).as_str(), "copied 7 characters in 2 lines to tmux's buffer");
        let text = ClipText::clean("x");
        assert_eq!(message(&text, Put::Desktop).as_str(), "copied 1 character to the desktop's clipboard");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_text_is_on_a_clipboard_only_if_its_program_gives_it_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("clipboard").display().to_string();
        let text = ClipText::clean("one\ntwo");
        let keep = format!("cat > '{file}'");
        assert!(run("sh", &["-c", &keep], &text).await.expect("a program"));
        assert!(reads_back("cat", &[&file], &text).await.expect("a program"));
        let cut = format!("head -c 3 > '{file}'");
        assert!(run("sh", &["-c", &cut], &text).await.expect("a program"));
        assert!(!reads_back("cat", &[&file], &text).await.expect("a program"));
        assert!(!run("sh", &["-c", "exit 1"], &text).await.expect("a program"));
        assert!(run("regtui-has-no-such-program", &[], &text).await.is_err());
    }

    #[test]
    fn screen_gets_a_long_sequence_in_wrapped_pieces() {
        let text = ClipText::clean(&"x".repeat(600));
        let plain = sequence(&text, ClipboardMethod::Terminal).expect("it is short enough");
        let wrapped = sequence(&text, ClipboardMethod::Screen).expect("it is short enough");
        let pieces: Vec<&str> = wrapped
            .split_terminator("\x1b\\")
            .map(|piece| piece.strip_prefix("\x1bP").expect("wrapped"))
            .collect();
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= MOST_BY_SCREEN));
        assert_eq!(pieces.concat(), plain.replace("\x1b\\", "\x07"));
        assert_eq!(
            sequence(&ClipText::clean(&"x".repeat(MOST_BY_TERMINAL + 1)), ClipboardMethod::Terminal),
            None
        );
    }
}
