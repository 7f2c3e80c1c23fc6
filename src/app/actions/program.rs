//! The program itself: its command line, its help and logs, and leaving it.

use super::availability::check_open;
use super::{Action, jobs};
use crate::app::cmd::Cmd;
use crate::app::dialogs::palette::Palette;
use crate::app::dialogs::{Dialog, help, log, open_prompt, requests};
use crate::app::keys::chords;
use crate::app::{Pane, open};

/// Opens the command line.
pub(crate) static COMMAND_LINE: Action =
    Action::new("program.command-line", chords![":"], "command line with completion", |update| {
        update.state.dialogs.push(Dialog::CommandLine(Default::default()));
    });
/// Opens the palette of commands.
pub(crate) static PALETTE: Action =
    Action::new("program.palette", chords!["Ctrl-p"], "the commands, searchable", |update| {
        update.state.dialogs.push(Dialog::Palette(Palette::of_all()));
    });
/// Opens a registry, a repository or an image by name.
pub(crate) static OPEN: Action = Action::new(
    "registries.open",
    chords!["O"],
    "open a registry, a repository or an image by name",
    open_prompt::show,
)
.with_entry("open ", "open a registry, a repository or an image by name");
/// Closes a registry. Its jobs go on. Asks for a name if it was the last one.
pub(crate) static CLOSE: Action =
    Action::new("registries.close", chords!["x"], "close the registry; its jobs go on", |update| {
        open::close_selected(update);
        if update.state.registries.items.is_empty() {
            open_prompt::show(update);
        }
    })
    .only_in(Pane::Registries)
    .about_rows()
    .with_entry("close", "close the registry")
    .available_if(check_open);
/// Shows the request log.
pub(crate) static REQUESTS: Action = Action::new("program.requests", chords!["@"], "request log", |update| {
    update.state.dialogs.push(Dialog::Requests(requests::RequestLog::default()));
})
.with_entry("requests", "request log");
/// Shows the messages.
pub(crate) static MESSAGES: Action = Action::new("program.messages", chords!["m"], "messages", |update| {
    update.state.notices.toast = None;
    update.state.dialogs.push(Dialog::Messages(log::MessageLog::default()));
})
.with_entry("messages", "messages");
/// Draws every cell again.
pub(crate) static REPAINT: Action =
    Action::new("program.repaint", chords!["Ctrl-l"], "redraw the screen", |update| {
        update.cmds.push(Cmd::Repaint);
    });
/// Suspends the process.
pub(crate) static SUSPEND: Action =
    Action::new("program.suspend", chords!["Ctrl-z"], "suspend; `fg` comes back", |update| {
        update.cmds.push(Cmd::Suspend);
    });
/// Shows help for the focused pane.
pub(crate) static HELP: Action =
    Action::new("program.help", chords!["?", "F1"], "help for this context, searchable", |update| {
        update.state.dialogs.push(Dialog::Help(help::Help::default()));
    })
    .with_hint("help", 0)
    .with_entry("help", "help for this context");
/// Leaves regtui.
pub(crate) static QUIT: Action =
    Action::new("program.quit", chords!["q"], "quit; asks only while a job runs", jobs::quit)
        .with_entry("quit", "quit");
