//! The messages, scrolled from their end.

use super::{Dialog, KeyedDialog};
use crate::app::State;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::list::Move;
use crate::app::update::Update;

/// The messages.
#[derive(Debug, Default)]
pub struct MessageLog {
    /// The number of lines that they are scrolled from their end.
    pub(crate) scroll: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogEffect {
    /// Closes the log.
    Close,
}

impl KeyedDialog for MessageLog {
    type Effect = LogEffect;

    const TITLE: &'static str = "Messages";

    const BINDINGS: &'static [Binding<LogEffect>] =
        &[Binding::new("messages.close", chords!["q", "h", "Enter", "m"], "leave", LogEffect::Close)];

    fn press(self, update: &mut Update<'_>, pressed: Pressed<LogEffect>) -> Option<Dialog> {
        let width = usize::from(layout::log(update.state).width).saturating_sub(2);
        let lines = update.state.notices.lines(width).len();
        let scroll = scroll(self.scroll, pressed, furthest(update.state, lines))?;
        Some(Dialog::Messages(MessageLog { scroll }))
    }
}

/// Returns how far a log of this number of lines scrolls from its end.
fn furthest(state: &State, lines: usize) -> usize {
    lines.saturating_sub(usize::from(layout::log(state).height).saturating_sub(2))
}

/// Returns how far a log is scrolled from its end after a key, or `None` if the key closes it. Up moves away from the
/// end.
fn scroll(from: usize, pressed: Pressed<LogEffect>, furthest: usize) -> Option<usize> {
    let to = match pressed {
        Pressed::Own(LogEffect::Close) | Pressed::Shared(SharedEffect::Cancel) => return None,
        Pressed::Shared(SharedEffect::Move(to)) => match to {
            Move::By(rows) => from.saturating_add_signed(-rows),
            Move::HalfPages(pages) => from.saturating_add_signed(-pages * super::HALF_PAGE),
            Move::First => furthest,
            Move::Last => 0,
            Move::To(row) => row,
        },
        Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => from,
    };
    Some(to.min(furthest))
}
