//! Typing and pasting into the text field of a dialog.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::{Dialog, press_key};
use crate::app::update::Update;

/// Most characters of a pasted text.
const LONGEST_PASTE: usize = 1024;
/// Most characters of a pasted password. Access tokens and key files have thousands.
const LONGEST_SECRET: usize = 32 * 1024;

/// Takes pasted text into the text field. Line breaks end it: a paste never presses Enter.
pub(crate) fn paste(update: &mut Update<'_>, text: &str) {
    let is_secret =
        matches!(update.state.dialogs.last(), Some(Dialog::Login(prompt)) if prompt.takes_secret());
    let is_json = is_secret && text.trim_start().starts_with('{');
    // A key file of Google is JSON on many lines and one password. Line breaks between its parts mean nothing.
    let line = if is_json { text.trim() } else { text.lines().next().unwrap_or_default() };
    let most = if is_secret { LONGEST_SECRET } else { LONGEST_PASTE };
    let line: String = line.chars().filter(|c| !c.is_control()).take(most).collect();
    if let Some(Dialog::Filter(line)) = update.state.dialogs.last_mut()
        && !text.is_empty()
        && std::mem::take(&mut line.is_selected)
    {
        line.input.reset();
    }
    let Some(input) = update.state.dialogs.last_mut().and_then(Dialog::input) else {
        return update.refuse("text can only be pasted into a text field");
    };
    // All but the last character are inserted silently, so that a list is searched once and not for each of them.
    let mut characters = line.chars();
    let last = characters.next_back();
    for character in characters {
        input.handle(InputRequest::InsertChar(character));
    }
    if let Some(last) = last {
        press_key(update, KeyEvent::new(KeyCode::Char(last), KeyModifiers::NONE));
    }
}

/// Passes a key to a text field and returns whether the text changed.
pub(super) fn edit_input(input: &mut Input, key: KeyEvent) -> bool {
    input.handle_event(&Event::Key(key)).is_some_and(|change| change.value)
}
