//! The prompt for a login: user, password or token, and whether it is stored. Enter sends it once, so that a wrong
//! password does not lock the account.

use std::fmt;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::{Dialog, KeyedDialog, edit_input};
use crate::app::State;
use crate::app::actions::refresh;
use crate::app::cmd::Cmd;
use crate::app::key_guard::KeyGuard;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout::{indented, inside, prompt_box, row};
use crate::app::list::Move;
use crate::app::notices::Level;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::columns;
use crate::model::failure::Failure;
use crate::model::login::{LoginFacts, LoginInput, LoginOutcome, LoginRequest, describe_identity};
use crate::model::reference::Host;
use crate::model::secret::Secret;
use crate::model::text::SafeText;

/// The rows of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginRow {
    /// The name of the user.
    User,
    /// The password.
    Password,
    /// Whether the login is stored.
    Stored,
}

const ROWS: [LoginRow; 3] = [LoginRow::User, LoginRow::Password, LoginRow::Stored];

/// A text field whose text is never shown or printed.
#[derive(Default)]
pub(crate) struct MaskedInput {
    input: Input,
}

impl fmt::Debug for MaskedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl MaskedInput {
    /// Returns the field with a dot in the place of each character.
    pub(crate) fn masked(&self) -> Input {
        let dots = "•".repeat(self.input.value().chars().count());
        Input::new(dots).with_cursor(self.input.cursor())
    }

    fn is_empty(&self) -> bool {
        self.input.value().is_empty()
    }
}

/// A prompt for a login.
#[derive(Debug)]
pub struct LoginPrompt {
    /// The registry.
    pub(crate) host: Host,
    /// The refusal that asks for a login.
    why: Option<SafeText>,
    /// The name of the user.
    pub(crate) user: Input,
    /// The password.
    pub(crate) password: MaskedInput,
    /// The row under the cursor.
    pub(crate) row: LoginRow,
    /// Whether the login is stored.
    pub(crate) is_stored: bool,
    /// The login that is used now, and the place for a new one.
    pub(crate) facts: Remote<LoginFacts>,
    /// The check that is awaited.
    pub(crate) outcome: Remote<LoginOutcome>,
    /// The token service that the user allows to get the login.
    token_service: Option<SafeText>,
    /// The reason why Enter did nothing.
    problem: Option<&'static str>,
    /// Keeps keys that were pressed before a question was on the screen from answering it.
    guard: Option<KeyGuard>,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginEffect {
    /// Goes to the next field, or sends the login.
    Submit,
    /// Stores the login, or not.
    Toggle,
}

/// The parts of the prompt.
#[derive(Debug)]
pub(crate) struct LoginPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The lines about the login that is used now, wrapped.
    pub(crate) about: Vec<String>,
    /// The field for the user.
    pub(crate) user: Rect,
    /// The field for the password.
    pub(crate) password: Rect,
    /// The switch.
    pub(crate) stored: Rect,
    /// The lines about the place, the check or its failure, wrapped.
    pub(crate) status: Vec<String>,
    /// The place of these lines.
    pub(crate) below: Rect,
}

/// Asks for a login for a registry, which may have refused a list for this reason.
pub(crate) fn show(update: &mut Update<'_>, host: Host, why: Option<SafeText>) {
    let mut facts = Remote::default();
    facts.ask(update.ask(Slot::LoginFacts, Duration::ZERO, Ask::LoginFacts(host.clone())));
    update.state.dialogs.push(Dialog::Login(Box::new(LoginPrompt {
        host,
        why,
        user: Input::default(),
        password: MaskedInput::default(),
        row: LoginRow::User,
        is_stored: true,
        facts,
        outcome: Remote::default(),
        token_service: None,
        problem: None,
        guard: None,
    })));
}

/// Takes the login that is used now, and the place for a new one.
pub(crate) fn take_facts(update: &mut Update<'_>, ticket: Ticket, facts: LoginFacts) {
    let now = update.now;
    if let Some(prompt) = prompt(update) {
        if facts.place.is_err() && prompt.facts.pending == Some(ticket) {
            prompt.is_stored = false;
        }
        prompt.facts.answer(ticket, Ok(facts), now);
    }
}

/// Takes the result of a login. The panes go on by themselves.
pub(crate) fn take_outcome(update: &mut Update<'_>, ticket: Ticket, answer: Result<LoginOutcome, Failure>) {
    let is_awaited =
        |dialog: &Dialog| matches!(dialog, Dialog::Login(prompt) if prompt.outcome.pending == Some(ticket));
    let Some(at) = update.state.dialogs.iter().position(is_awaited) else { return };
    if let Ok(LoginOutcome::Done(text)) = answer {
        let Dialog::Login(prompt) = update.state.dialogs.remove(at) else { return };
        update.say(Level::Done, text, None);
        update.state.saved_logins.mark_outdated();
        return refresh::after_decision(update, &prompt.host);
    }
    let now = update.now;
    if let Some(Dialog::Login(prompt)) = update.state.dialogs.get_mut(at) {
        if answer.is_err() {
            // The next try begins with an empty field, so that Enter never sends the same password again.
            prompt.password = MaskedInput::default();
            prompt.row = LoginRow::Password;
        }
        prompt.guard = answer.is_ok().then(|| KeyGuard::from(now));
        prompt.outcome.answer(ticket, answer, now);
    }
}

fn prompt<'a>(update: &'a mut Update<'_>) -> Option<&'a mut LoginPrompt> {
    update.state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Login(prompt) => Some(&mut **prompt),
        _ => None,
    })
}

impl LoginPrompt {
    /// Returns the text field under the cursor. There is none while a login is checked, so that the prompt shows the
    /// login that is stored then.
    pub(super) fn input(&mut self) -> Option<&mut Input> {
        if self.outcome.is_loading() {
            return None;
        }
        match self.row {
            LoginRow::User => Some(&mut self.user),
            LoginRow::Password => Some(&mut self.password.input),
            LoginRow::Stored => None,
        }
    }

    /// Returns whether a pasted text goes into the field for the password.
    pub(super) fn takes_secret(&self) -> bool {
        self.row == LoginRow::Password
    }

    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> LoginPlaces {
        let largest = prompt_box(state, usize::MAX);
        let room = usize::from(largest.width.saturating_sub(4));
        let mut about: Vec<String> = self.about().iter().flat_map(|text| columns::wrap(text, room)).collect();
        let mut status = columns::wrap(&self.status(), room);
        let most = usize::from(largest.height).saturating_sub(2 + 3);
        status.truncate(most);
        about.truncate(most.saturating_sub(status.len()));
        let area = prompt_box(state, about.len() + 3 + status.len() + 2);
        let inner = indented(inside(area));
        let at = |line: usize| row(inner, (about.len() + line) as u16);
        let (user, password, stored) = (at(0), at(1), at(2));
        let below = crate::app::layout::below(inner, (about.len() + 3) as u16);
        LoginPlaces { area, about, user, password, stored, status, below }
    }

    fn about(&self) -> Vec<String> {
        let current = self.facts.value.as_ref().and_then(|facts| facts.current.as_ref());
        let now = match current {
            Some((identity, source)) => {
                format!("now: {}, from `{source}`", describe_identity(identity))
            }
            None if self.facts.is_loading() => "looking for a login…".into(),
            None => "now: no login".into(),
        };
        let why = self.why.as_ref().map(|why| format!("{} lists no repositories: {why}", self.host));
        why.into_iter().chain([now]).collect()
    }

    /// Returns the text of the switch.
    pub(crate) fn switch(&self) -> String {
        let place = self.facts.value.as_ref().map(|facts| &facts.place);
        match (self.is_stored, place) {
            (true, Some(Ok(place))) => format!("store it in {place}"),
            (true, _) => "store it".into(),
            (false, Some(Err(why))) => format!("for this run only: {why}"),
            (false, _) => "for this run only: nothing is written".into(),
        }
    }

    /// Returns the last word about the login: the check, its failure, or help.
    fn status(&self) -> String {
        let failure = self.outcome.failure.as_ref();
        match (self.problem, failure, &self.outcome.value) {
            _ if self.outcome.is_loading() => format!("asking {}…", self.host),
            (Some(problem), ..) => problem.into(),
            (None, Some(failure), _) => {
                let hint = failure.hint.as_ref().map(|hint| format!("; hint: {hint}")).unwrap_or_default();
                format!("{}: {}{hint}", failure.what, failure.why)
            }
            (None, None, Some(LoginOutcome::Unasked)) => {
                "the registry answers without a login and asks for none, so it cannot be checked; Enter takes it nevertheless"
                    .into()
            }
            (None, None, Some(LoginOutcome::Withheld(service))) => format!(
                "{} names the token service `{service}`, which is not part of it, so nothing was sent; Enter lets `{service}` have this login, Esc does not",
                self.host
            ),
            (None, None, _) => "without a user, the password is a token; many registries take an access token as the password".into(),
        }
    }

    /// Returns whether the status is about a failure.
    pub(crate) fn has_failed(&self) -> bool {
        !self.outcome.is_loading() && (self.problem.is_some() || self.outcome.failure.is_some())
    }

    fn move_by(&mut self, by: isize) {
        let at = ROWS.iter().position(|row| *row == self.row).unwrap_or(0) as isize + by;
        self.row = ROWS[at.rem_euclid(ROWS.len() as isize) as usize];
    }

    fn toggle(&mut self) {
        let can_store = self.facts.value.as_ref().is_none_or(|facts| facts.place.is_ok());
        if !self.outcome.is_loading() {
            self.is_stored = !self.is_stored && can_store;
        }
    }

    fn submit(&mut self, update: &mut Update<'_>) {
        if self.guard.as_mut().is_some_and(|guard| !guard.accepts_key(update.now)) {
            return;
        }
        self.problem = None;
        if self.outcome.is_loading() {
            return;
        }
        if self.row == LoginRow::User {
            self.row = LoginRow::Password;
            return;
        }
        if self.user.value().contains(':') {
            self.problem = Some("the name of a user cannot hold a colon");
        } else if self.password.is_empty() {
            self.problem = Some("a password or a token is needed");
            self.row = LoginRow::Password;
        } else {
            let is_unchecked = matches!(self.outcome.value, Some(LoginOutcome::Unasked));
            if let Some(LoginOutcome::Withheld(service)) = &self.outcome.value {
                self.token_service = Some(service.clone());
            }
            let request = LoginRequest {
                host: self.host.clone(),
                input: LoginInput {
                    user: self.user.value().trim().to_string(),
                    secret: Secret::new(self.password.input.value()),
                },
                is_stored: self.is_stored,
                token_service: self.token_service.clone(),
                is_unchecked,
            };
            self.outcome = Remote::default();
            self.outcome.ask(update.ask(Slot::Login, Duration::ZERO, Ask::Login(Box::new(request))));
        }
    }

    fn edit(&mut self, key: KeyEvent) {
        let Some(input) = self.input() else { return };
        if edit_input(input, key) {
            self.problem = None;
            self.outcome = Remote::default();
        }
    }

    /// Handles a click.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let places = self.places(update.state);
        for (area, row) in [
            (places.user, LoginRow::User),
            (places.password, LoginRow::Password),
            (places.stored, LoginRow::Stored),
        ] {
            if area.contains(at) {
                self.row = row;
                if row == LoginRow::Stored {
                    self.toggle();
                }
            }
        }
        Some(Dialog::Login(self))
    }
}

impl KeyedDialog for Box<LoginPrompt> {
    type Effect = LoginEffect;

    const TITLE: &'static str = "Log in";

    const BINDINGS: &'static [Binding<LoginEffect>] = &[
        Binding::new("login.submit", chords!["Enter"], "next field; log in", LoginEffect::Submit)
            .with_hint("log in"),
        Binding::new(
            "login.toggle",
            chords!["Space"],
            "store the login, or use it for this run only",
            LoginEffect::Toggle,
        )
        .with_hint("switch")
        .outside_text(),
    ];

    const IS_PROMPT: bool = true;

    fn is_in_text(&self) -> bool {
        self.row != LoginRow::Stored
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<LoginEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => {
                if self.outcome.is_loading() {
                    update.cmds.push(Cmd::Cancel(Slot::Login));
                }
                return None;
            }
            Pressed::Own(LoginEffect::Submit) => self.submit(update),
            Pressed::Own(LoginEffect::Toggle) => self.toggle(),
            Pressed::Shared(SharedEffect::Move(Move::By(by))) => self.move_by(by),
            Pressed::Text(key) => self.edit(key),
            Pressed::Shared(_) => {}
        }
        Some(Dialog::Login(self))
    }
}
