//! The messages to the user: toasts that pass, and the list of all messages.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::model::columns;
use crate::model::text::SafeText;

/// The messages, oldest first, and the one that is still on the screen.
#[derive(Debug, Default)]
pub struct Notices {
    /// The last messages.
    pub all: VecDeque<Notice>,
    /// The message shown at the foot.
    pub toast: Option<Toast>,
}

/// A message at the foot of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The message.
    pub notice: Notice,
    /// The time until which it is shown.
    pub(crate) until: Timestamp,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The time of the message.
    pub(crate) at: Timestamp,
    /// The severity.
    pub level: Level,
    /// The text, in one line.
    pub text: SafeText,
    /// A hint that may help.
    pub(crate) hint: Option<SafeText>,
}

/// The severity of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was done.
    Done,
    /// Something was done in part, or not at all.
    Partly,
    /// Something cannot be done now.
    Refused,
    /// Something failed.
    Failed,
}

/// Columns in front of a message in the list of messages: its time and its level.
pub(crate) const BEFORE_TEXT: usize = 18;

impl Notices {
    /// Removes a refusal from the foot: it was the answer to the previous key.
    pub(crate) fn dismiss_refusal(&mut self) {
        self.toast.take_if(|toast| toast.notice.level == Level::Refused);
    }

    /// Returns the messages in lines that fit into `width` columns after [`BEFORE_TEXT`]. The first line of each
    /// message has the message with it.
    pub(crate) fn lines(&self, width: usize) -> Vec<(Option<&Notice>, String)> {
        let room = width.saturating_sub(BEFORE_TEXT + 1);
        let mut lines = Vec::new();
        for notice in &self.all {
            let mut first = Some(notice);
            let hint = notice.hint.as_ref().map(|hint| format!("hint: {hint}"));
            for text in std::iter::once(notice.text.to_string()).chain(hint) {
                lines.extend(columns::wrap(&text, room).into_iter().map(|line| (first.take(), line)));
            }
        }
        lines
    }
}
