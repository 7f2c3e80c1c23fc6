//! What was said to the user: toasts that pass, and the list of all of them.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::model::text::SafeText;

/// The messages, oldest first, and which of them is still on the screen.
#[derive(Debug, Default)]
pub struct Notices {
    /// The last messages.
    pub all: VecDeque<Notice>,
    /// Until when the newest one is shown as a toast.
    pub toast_until: Option<Timestamp>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// How bad.
    pub level: Level,
    /// In one line.
    pub text: SafeText,
    /// What may help.
    pub hint: Option<SafeText>,
}

/// How bad a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was done.
    Done,
    /// Something cannot be done now.
    Refused,
    /// Something failed.
    Failed,
}
