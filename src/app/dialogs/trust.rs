//! The certificate of a server that is not trusted, or that speaks no TLS, and the decision of the user about it.

use std::time::Duration;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::{Dialog, KeyedDialog, click, edit_input, move_row};
use crate::app::State;
use crate::app::actions::refresh;
use crate::app::cmd::Cmd;
use crate::app::key_guard::KeyGuard;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout::{self, indented, inside, prompt_box};
use crate::app::list::Move;
use crate::app::notices::Level;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::columns;
use crate::model::failure::Failure;
use crate::model::reference::Host;
use crate::model::server_trust::{Greeting, PlainHttp, ServerTrust, TrustChoice, TrustRequest};
use crate::model::text::SafeText;

/// Columns of the widest label.
pub(crate) const LABEL: usize = 9;

/// The dialog about the certificate of a server.
#[derive(Debug)]
pub struct TrustDialog {
    /// The registry whose panes wait for the decision.
    pub(crate) registry: Host,
    /// The facts about the server.
    pub(crate) seen: Remote<ServerTrust>,
    /// When the facts were asked for.
    asked_at: Timestamp,
    /// The decision that is carried out.
    outcome: Remote<SafeText>,
    /// The choice under the cursor.
    pub(crate) cursor: usize,
    /// The name of the host that is typed if the server contradicts a pin.
    pub(crate) name: Input,
    /// The first line of the facts that is shown.
    scroll: usize,
    /// The reason why Enter did nothing.
    problem: Option<&'static str>,
    /// Keeps keys that were pressed before the choices were on the screen from choosing.
    guard: KeyGuard,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrustEffect {
    /// Takes the choice under the cursor.
    Choose,
    /// Moves the cursor.
    Move(isize),
    /// Leaves without a decision.
    Leave,
}

/// A line of the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FactLine {
    /// The label of the fact, on its first line.
    pub(crate) label: &'static str,
    /// The text of the line.
    pub(crate) text: String,
    /// Whether it is a reason against trust.
    pub(crate) is_bad: bool,
}

/// The parts of the dialog.
#[derive(Debug)]
pub(crate) struct TrustPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The lines of the facts that are shown.
    pub(crate) facts: Vec<FactLine>,
    /// The place of these lines.
    pub(crate) above: Rect,
    /// The number of lines that do not fit.
    pub(crate) hidden: usize,
    /// The rows of the choices.
    pub(crate) choices: Rect,
    /// The field for the name of the host. Empty if none is asked for.
    pub(crate) name: Rect,
    /// The place of the status.
    pub(crate) below: Rect,
    /// The lines of the status, wrapped.
    pub(crate) status: Vec<String>,
}

/// Shows the certificate of a registry, or that it speaks no TLS.
pub(crate) fn show(update: &mut Update<'_>, host: Host) {
    let mut seen = Remote::default();
    seen.ask(update.ask(Slot::Trust, Duration::ZERO, Ask::Trust(host.clone())));
    update.state.dialogs.push(Dialog::Trust(Box::new(TrustDialog {
        registry: host,
        seen,
        asked_at: update.now,
        outcome: Remote::default(),
        cursor: 0,
        name: Input::default(),
        scroll: 0,
        problem: None,
        guard: KeyGuard::from(update.now),
    })));
}

/// Takes the facts about the server.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<ServerTrust, Failure>) {
    let now = update.now;
    let dialog = update.state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Trust(dialog) => Some(dialog),
        _ => None,
    });
    if let Some(dialog) = dialog
        && dialog.seen.answer(ticket, answer, now)
    {
        dialog.guard = KeyGuard::from(now);
    }
}

/// Takes the result of a decision. The panes go on by themselves.
pub(crate) fn take_outcome(update: &mut Update<'_>, ticket: Ticket, answer: Result<SafeText, Failure>) {
    let is_awaited =
        |dialog: &Dialog| matches!(dialog, Dialog::Trust(dialog) if dialog.outcome.pending == Some(ticket));
    let Some(at) = update.state.dialogs.iter().position(is_awaited) else { return };
    match answer {
        Ok(text) => {
            let Dialog::Trust(dialog) = update.state.dialogs.remove(at) else { return };
            update.say(Level::Done, text, None);
            if let Some(registry) = update.state.registries.of(&dialog.registry) {
                registry.was_shown_certificate = false;
            }
            refresh::after_decision(update, &dialog.registry);
        }
        Err(failure) => {
            let now = update.now;
            if let Some(Dialog::Trust(dialog)) = update.state.dialogs.get_mut(at) {
                dialog.outcome.answer(ticket, Err(failure), now);
            }
        }
    }
}

impl TrustDialog {
    /// Returns the field for the name of the host, if one is asked for.
    pub(super) fn input(&mut self) -> Option<&mut Input> {
        self.asks_name().then_some(&mut self.name)
    }

    /// Returns whether the dialog waits for an answer.
    pub(super) fn is_loading(&self) -> bool {
        self.seen.is_loading() || self.outcome.is_loading()
    }

    fn asks_name(&self) -> bool {
        !self.outcome.is_loading() && self.seen.value.as_ref().is_some_and(ServerTrust::contradicts_pin)
    }

    /// Returns the choices with their labels.
    pub(crate) fn choices(&self) -> Vec<(TrustChoice, &'static str)> {
        self.seen.value.as_ref().map(ServerTrust::choices).unwrap_or_default()
    }

    /// Returns the title.
    pub(crate) fn title(&self) -> String {
        match &self.seen.value {
            Some(seen) if seen.contradicts_pin() => {
                format!("{} is not the server that was pinned", seen.server)
            }
            Some(seen) if seen.greeting == Greeting::NoTls => format!("{} speaks no TLS", seen.server),
            Some(seen) if seen.is_registry => format!("Certificate of {}", seen.server),
            Some(seen) => format!("Certificate of {}, to which {} leads", seen.server, self.registry),
            None => format!("Certificate of {}", self.registry),
        }
    }

    fn fact_lines(&self, room: usize) -> Vec<FactLine> {
        let Some(seen) = &self.seen.value else { return Vec::new() };
        let lines = seen.facts(self.asked_at).into_iter().flat_map(|fact| {
            let wrapped = columns::wrap(&fact.text, room.saturating_sub(LABEL).max(1));
            wrapped.into_iter().enumerate().map(move |(number, text)| FactLine {
                label: if number == 0 { fact.label } else { "" },
                text,
                is_bad: fact.is_bad,
            })
        });
        lines.collect()
    }

    /// Returns the facts as text.
    pub(super) fn pager_lines(&self) -> Vec<String> {
        let lines = self.fact_lines(usize::MAX).into_iter();
        let lines = lines.map(|line| format!("{}{}", columns::left(line.label, LABEL), line.text));
        std::iter::once(self.title()).chain(lines).collect()
    }

    fn status(&self) -> String {
        let failure = self.outcome.failure.as_ref().or(self.seen.failure.as_ref());
        match (self.problem, failure) {
            _ if self.seen.is_loading() => format!("asking {} for its certificate…", self.registry),
            _ if self.outcome.is_loading() => "keeping the decision…".into(),
            (Some(problem), _) => problem.into(),
            (None, Some(failure)) => {
                let hint = failure.hint.as_ref().map(|hint| format!("; hint: {hint}")).unwrap_or_default();
                format!("{}: {}{hint}", failure.what, failure.why)
            }
            (None, None) if self.asks_name() => {
                "ask the operator; to trust it, type its host with the port".into()
            }
            (None, None) => match self.seen.value.as_ref().map(|seen| (&seen.greeting, seen.plain)) {
                Some((Greeting::Certificate(_), PlainHttp::No)) => {
                    "compare the fingerprint with that of the operator".into()
                }
                Some((Greeting::NoTls, PlainHttp::No)) => "allow it only on a network that you trust".into(),
                Some(_) | None => String::new(),
            },
        }
    }

    /// Returns whether the status is about a failure.
    pub(crate) fn has_failed(&self) -> bool {
        let has_failure = self.outcome.failure.is_some() || self.seen.failure.is_some();
        !self.is_loading() && (self.problem.is_some() || has_failure)
    }

    /// Computes the parts of the dialog.
    pub(crate) fn places(&self, state: &State) -> TrustPlaces {
        let largest = prompt_box(state, usize::MAX);
        let room = usize::from(largest.width.saturating_sub(4));
        let lines = self.fact_lines(room);
        let choices = self.choices().len();
        let name = usize::from(self.asks_name());
        let gap = usize::from(choices > 0);
        let most = usize::from(largest.height).saturating_sub(2);
        let mut status = columns::wrap(&self.status(), room);
        status.truncate(most.saturating_sub(choices + name + gap).max(1));
        let fixed = gap + choices + name + status.len();
        let shown = lines.len().min(most.saturating_sub(fixed));
        let area = prompt_box(state, shown + fixed + 2);
        let inner = indented(inside(area));
        let hidden = lines.len() - shown;
        let facts = lines.into_iter().skip(self.scroll.min(hidden)).take(shown).collect();
        let part = |from: usize, rows: usize| {
            let below = layout::below(inner, from as u16);
            Rect { height: (rows as u16).min(below.height), ..below }
        };
        TrustPlaces {
            area,
            facts,
            above: part(0, shown),
            hidden,
            choices: part(shown + gap, choices),
            name: part(shown + gap + choices, name),
            below: part(shown + gap + choices + name, status.len()),
            status,
        }
    }

    fn choose(mut self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        self.problem = None;
        let choice = self.choices().get(self.cursor).map(|(choice, _)| *choice);
        let (Some(seen), Some(choice)) = (self.seen.value.clone(), choice) else {
            // There is nothing to choose: Enter leaves as soon as that is clear.
            return self.is_loading().then_some(Dialog::Trust(self));
        };
        if self.is_loading() {
            return Some(Dialog::Trust(self));
        }
        if choice == TrustChoice::Leave {
            return None;
        }
        if seen.contradicts_pin() && !names(self.name.value(), &seen.server) {
            self.problem = Some("the host must be typed before another server is trusted");
            return Some(Dialog::Trust(self));
        }
        let request = TrustRequest { registry: self.registry.clone(), seen, choice };
        self.outcome = Remote::default();
        self.outcome.ask(update.ask(Slot::Trust, Duration::ZERO, Ask::DecideTrust(Box::new(request))));
        Some(Dialog::Trust(self))
    }

    fn move_to(&mut self, to: Move) {
        self.cursor = move_row(self.cursor, self.choices().len(), to);
    }

    fn edit(&mut self, key: KeyEvent) {
        if let Some(input) = self.input()
            && edit_input(input, key)
        {
            self.problem = None;
        }
    }

    /// Handles a click, which moves the cursor and chooses nothing.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let places = self.places(update.state);
        if let Some(row) = click::row_at(places.choices, at, 0, self.choices().len()) {
            self.cursor = row;
        }
        Some(Dialog::Trust(self))
    }
}

impl KeyedDialog for Box<TrustDialog> {
    type Effect = TrustEffect;

    const TITLE: &'static str = "Certificate";

    const BINDINGS: &'static [Binding<TrustEffect>] = &[
        Binding::new("trust.choose", chords!["Enter"], "take the choice", TrustEffect::Choose)
            .with_hint("choose"),
        Binding::new("trust.up", chords!["k"], "choice above", TrustEffect::Move(-1)).outside_text(),
        Binding::new("trust.down", chords!["j"], "choice below", TrustEffect::Move(1)).outside_text(),
        Binding::new("trust.leave", chords!["q", "h"], "leave without a decision", TrustEffect::Leave)
            .outside_text(),
    ];

    const IS_PROMPT: bool = true;

    fn is_in_text(&self) -> bool {
        self.asks_name()
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<TrustEffect>) -> Option<Dialog> {
        let counts = self.guard.accepts_key(update.now);
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) | Pressed::Own(TrustEffect::Leave) => {
                if self.outcome.is_loading() {
                    // The decision is written in a moment, and the panes go on then.
                    return Some(Dialog::Trust(self));
                }
                if self.seen.is_loading() {
                    update.cmds.push(Cmd::Cancel(Slot::Trust));
                }
                return None;
            }
            Pressed::Own(TrustEffect::Choose) if counts && self.guard.can_confirm(update.now) => {
                return self.choose(update);
            }
            Pressed::Own(TrustEffect::Move(by)) => self.move_to(Move::By(by)),
            Pressed::Shared(SharedEffect::Move(Move::HalfPages(pages))) => {
                let hidden = self.places(update.state).hidden;
                self.scroll = self.scroll.min(hidden).saturating_add_signed(pages * 3).min(hidden);
            }
            Pressed::Shared(SharedEffect::Move(to)) => self.move_to(to),
            Pressed::Text(key) => self.edit(key),
            Pressed::Own(TrustEffect::Choose) | Pressed::Shared(_) => {}
        }
        self.guard.record_key(update.now);
        Some(Dialog::Trust(self))
    }
}

/// Returns whether a text names a server. The port of HTTPS may be left out or written.
fn names(text: &str, server: &Host) -> bool {
    let with_port = |host: &Host| (host.without_port().to_string(), host.port().unwrap_or(443));
    Host::parse(text.trim()).is_ok_and(|typed| with_port(&typed) == with_port(server))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_be_typed_with_and_without_the_port_of_https() {
        for (server, right, wrong) in [
            ("r.test", ["r.test", " R.test:443"], "r.test:80"),
            ("r.test:443", ["r.test", "r.test:443"], "r.tes"),
            ("r.test:5000", ["r.test:5000", "R.TEST:5000 "], "r.test"),
            ("[::1]:5000", ["[::1]:5000", " [::1]:5000"], "[::1]"),
        ] {
            let server = Host::parse(server).expect("a host");
            assert!(right.iter().all(|text| names(text, &server)), "{server}");
            assert!(!names(wrong, &server) && !names("", &server), "{server}");
        }
    }
}
