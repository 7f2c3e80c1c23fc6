//! An update: the state, the time, and the commands that follow from one message.

use std::time::Duration;

use jiff::{Span, Timestamp};

use super::State;
use super::cmd::Cmd;
use super::notices::{Level, Notice, Toast};
use super::questions::{Ask, Slot};
use super::remote::Ticket;
use crate::model::failure::Failure;
use crate::model::text::SafeText;

/// Largest number of messages to the user that are kept.
const MOST_NOTICES: usize = 200;
/// The time for which a message stays in the bar, in seconds.
const TOAST: i64 = 4;

/// The processing of one message.
pub(crate) struct Update<'a> {
    /// Everything that regtui knows.
    pub(crate) state: &'a mut State,
    /// The time of the message.
    pub(crate) now: Timestamp,
    /// The commands for the runtime.
    pub(crate) cmds: Vec<Cmd>,
}

impl Update<'_> {
    /// Asks a question for a slot, after a pause.
    pub(crate) fn ask(&mut self, slot: Slot, after: Duration, ask: Ask) -> Ticket {
        let ticket = self.state.tickets.issue();
        self.cmds.push(Cmd::Load { slot, ticket, delay: after, ask });
        ticket
    }

    /// Shows a text in the pager, or tells the user that there is none.
    pub(crate) fn show_in_pager(&mut self, text: String) {
        if text.trim().is_empty() {
            self.refuse("nothing to show here");
        } else {
            self.cmds.push(Cmd::ShowInPager(text));
        }
    }

    /// Shows a message to the user.
    pub(crate) fn say(&mut self, level: Level, text: impl Into<SafeText>, hint: Option<SafeText>) {
        let notice = Notice { at: self.now, level, text: text.into(), hint };
        self.record_notice(notice.clone());
        let until = self.now.checked_add(Span::new().seconds(TOAST)).unwrap_or(self.now);
        self.state.notices.toast = Some(Toast { notice, until });
    }

    /// Keeps a message for the list of messages.
    fn record_notice(&mut self, notice: Notice) {
        let all = &mut self.state.notices.all;
        if all.len() == MOST_NOTICES {
            all.pop_front();
        }
        all.push_back(notice);
    }

    /// Notes the reason why a pane has nothing to show. The pane has the whole text if there is room. The list of
    /// messages keeps it when the pane shows something else. The same failure twice in a row is noted once.
    pub(crate) fn record_load_failure(&mut self, failure: &Failure) {
        let text = SafeText::from(format!("{}: {}", failure.what, failure.why));
        let notice = Notice { at: self.now, level: Level::Failed, text, hint: failure.hint.clone() };
        let last = self.state.notices.all.back();
        if last.is_none_or(|last| (&last.text, &last.hint) != (&notice.text, &notice.hint)) {
            self.record_notice(notice);
        }
    }

    /// Notes the reason why something shown was not refreshed. The pane has one line for it, the list of messages has
    /// the whole text, and the message at the foot stays.
    pub(crate) fn record_refresh_failure(&mut self, failure: &Failure) {
        let text = SafeText::from(format!("not refreshed: {}: {}", failure.what, failure.why));
        self.record_notice(Notice { at: self.now, level: Level::Failed, text, hint: failure.hint.clone() });
    }

    /// Tells the user that something was done.
    pub(crate) fn say_done(&mut self, text: impl Into<SafeText>) {
        self.say(Level::Done, text, None);
    }

    /// Tells the user the reason why something cannot be done now.
    pub(crate) fn refuse(&mut self, why: impl Into<SafeText>) {
        self.say(Level::Refused, why, None);
    }

    /// Tells the user about a failure.
    pub(crate) fn say_failure(&mut self, failure: Failure) {
        let text = SafeText::from(format!("{}: {}", failure.what, failure.why));
        self.say(Level::Failed, text, failure.hint);
    }
}
