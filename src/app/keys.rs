//! Keys and the commands that they are bound to. Each pane and each dialog has its bindings as a table in its own file;
//! [`Keys`] finds the binding of a key, with the changes that the configuration makes.

mod chord;

use std::collections::HashMap;

use crossterm::event::KeyEvent;

use super::list::Move;
pub(crate) use chord::KeyChord;

/// The keys of a command, checked by the compiler: `chords!["j", "Down"]`.
macro_rules! chords {
    ($($text:literal),* $(,)?) => {{
        const KEYS: &[$crate::app::keys::KeyChord] = &[$($crate::app::keys::KeyChord::of_literal($text)),*];
        KEYS
    }};
}
pub(crate) use chords;

/// A command that keys can be bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyCommand {
    /// The name of the command in the configuration: `tags.delete`.
    pub(crate) name: &'static str,
    /// The keys that it has unless the configuration changes them.
    pub(crate) keys: &'static [KeyChord],
    /// The description for help and README.
    pub(crate) text: &'static str,
    /// The label in the hints at the foot, if the command stands there.
    pub(crate) hint: Option<&'static str>,
    /// Whether the command must keep a key, because the program could not be left without it.
    pub(crate) is_required: bool,
    /// Whether a character can be bound to the command in a dialog with a text field. It counts only while the cursor is
    /// not in the text.
    pub(crate) is_outside_text: bool,
}

impl KeyCommand {
    /// Creates a command.
    pub(crate) const fn new(name: &'static str, keys: &'static [KeyChord], text: &'static str) -> KeyCommand {
        KeyCommand { name, keys, text, hint: None, is_required: false, is_outside_text: false }
    }
}

/// A command of a dialog, with its effect there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding<E> {
    /// The command.
    pub(crate) command: KeyCommand,
    /// The effect of its keys.
    pub(crate) effect: E,
}

impl<E: Copy> Binding<E> {
    /// Creates a binding.
    pub(crate) const fn new(
        name: &'static str,
        keys: &'static [KeyChord],
        text: &'static str,
        effect: E,
    ) -> Binding<E> {
        Binding { command: KeyCommand::new(name, keys, text), effect }
    }

    /// Shows the command among the hints at the foot, with this label.
    pub(crate) const fn with_hint(mut self, label: &'static str) -> Binding<E> {
        self.command.hint = Some(label);
        self
    }

    /// Requires that the command keeps a key.
    pub(crate) const fn required(mut self) -> Binding<E> {
        self.command.is_required = true;
        self
    }

    /// Lets characters be bound to the command in a dialog with a text field.
    pub(crate) const fn outside_text(mut self) -> Binding<E> {
        self.command.is_outside_text = true;
        self
    }
}

/// The effect of a key that several dialogs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SharedEffect {
    /// Goes back a step, or closes the dialog.
    Cancel,
    /// Moves the cursor, or scrolls.
    Move(Move),
    /// Shows the keys of the dialog.
    Help,
    /// Shows the text of the dialog in the pager.
    Pager,
}

/// The keys that work in panes and dialogs, before all others.
pub(crate) const EVERYWHERE_BINDINGS: &[Binding<()>] = &[Binding::new(
    "everywhere.quit",
    chords!["Ctrl-c"],
    "quit; while jobs run it asks first, and stops them if pressed again",
    (),
)
.required()];

/// The keys of every dialog without a text field. A key of the dialog itself comes before them.
pub(crate) const DIALOG_BINDINGS: &[Binding<SharedEffect>] = &[
    Binding::new("dialog.cancel", chords!["Esc"], "go back, or leave", SharedEffect::Cancel).required(),
    Binding::new("dialog.up", chords!["Up", "k", "Ctrl-p"], "up", SharedEffect::Move(Move::By(-1))),
    Binding::new("dialog.down", chords!["Down", "j", "Ctrl-n"], "down", SharedEffect::Move(Move::By(1))),
    Binding::new(
        "dialog.page-up",
        chords!["PgUp", "Ctrl-u"],
        "page up",
        SharedEffect::Move(Move::HalfPages(-1)),
    ),
    Binding::new(
        "dialog.page-down",
        chords!["PgDn", "Ctrl-d"],
        "page down",
        SharedEffect::Move(Move::HalfPages(1)),
    ),
    Binding::new("dialog.first", chords!["Home", "g"], "first row", SharedEffect::Move(Move::First)),
    Binding::new("dialog.last", chords!["End", "G"], "last row", SharedEffect::Move(Move::Last)),
    Binding::new("dialog.pager", chords!["o"], "open the text in $PAGER", SharedEffect::Pager),
    Binding::new("dialog.help", chords!["?", "F1"], "the keys of the dialog, searchable", SharedEffect::Help),
];

/// The keys of every dialog with a text field. A key of the dialog itself comes before them.
pub(crate) const PROMPT_BINDINGS: &[Binding<SharedEffect>] = &[
    Binding::new("prompt.cancel", chords!["Esc"], "leave", SharedEffect::Cancel).required(),
    Binding::new("prompt.up", chords!["Up", "Shift-Tab", "Ctrl-p"], "up", SharedEffect::Move(Move::By(-1))),
    Binding::new("prompt.down", chords!["Down", "Tab", "Ctrl-n"], "down", SharedEffect::Move(Move::By(1))),
    Binding::new("prompt.page-up", chords!["PgUp"], "page up", SharedEffect::Move(Move::HalfPages(-1))),
    Binding::new("prompt.page-down", chords!["PgDn"], "page down", SharedEffect::Move(Move::HalfPages(1))),
    Binding::new("prompt.help", chords!["F1"], "the keys of the dialog, searchable", SharedEffect::Help),
];

/// The meaning of a key in a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed<E> {
    /// A command of the dialog.
    Own(E),
    /// A command that dialogs share.
    Shared(SharedEffect),
    /// No command: a text field may take the key.
    Text(KeyEvent),
}

/// The keys of all commands: the default ones, except those that the configuration changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    rebound: HashMap<&'static str, Vec<KeyChord>>,
}

impl Keys {
    /// Binds a command to these keys instead of its default ones.
    pub(crate) fn rebind(&mut self, command: &'static str, keys: Vec<KeyChord>) {
        self.rebound.insert(command, keys);
    }

    /// Returns the keys of a command.
    pub(crate) fn of<'a>(&'a self, command: &'a KeyCommand) -> &'a [KeyChord] {
        if self.rebound.is_empty() {
            return command.keys;
        }
        self.rebound.get(command.name).map_or(command.keys, Vec::as_slice)
    }

    /// Returns whether a key is bound to a command.
    pub(crate) fn is_bound(&self, command: &KeyCommand, chord: KeyChord) -> bool {
        self.of(command).contains(&chord)
    }

    /// Returns the effect of a key in a table.
    pub(crate) fn find<E: Copy>(&self, bindings: &[Binding<E>], chord: KeyChord) -> Option<E> {
        bindings.iter().find(|binding| self.is_bound(&binding.command, chord)).map(|binding| binding.effect)
    }

    /// Returns the meaning of a key in a dialog without a text field.
    pub(crate) fn press<E: Copy>(&self, bindings: &[Binding<E>], key: KeyEvent) -> Pressed<E> {
        let Some(chord) = KeyChord::of(key) else { return Pressed::Text(key) };
        match self.find(bindings, chord) {
            Some(effect) => Pressed::Own(effect),
            None => self.find(DIALOG_BINDINGS, chord).map_or(Pressed::Text(key), Pressed::Shared),
        }
    }

    /// Returns the meaning of a key in a dialog with a text field. Keys that edit the text keep doing so; if the cursor
    /// is not in the text, characters may be bound to commands.
    pub(crate) fn press_in_prompt<E: Copy>(
        &self,
        bindings: &[Binding<E>],
        key: KeyEvent,
        is_in_text: bool,
    ) -> Pressed<E> {
        let Some(chord) = KeyChord::of(key) else { return Pressed::Text(key) };
        if chord.edits_text() {
            let outside = |binding: &&Binding<E>| binding.command.is_outside_text && !is_in_text;
            let found =
                bindings.iter().filter(outside).find(|binding| self.is_bound(&binding.command, chord));
            return found.map_or(Pressed::Text(key), |binding| Pressed::Own(binding.effect));
        }
        match self.find(bindings, chord) {
            Some(effect) => Pressed::Own(effect),
            None => self.find(PROMPT_BINDINGS, chord).map_or(Pressed::Text(key), Pressed::Shared),
        }
    }

    /// Returns the first key of a command by its name, or nothing if it has none.
    pub(crate) fn name(&self, command: &KeyCommand) -> String {
        self.of(command).first().map(KeyChord::to_string).unwrap_or_default()
    }

    /// Returns all keys of a command by their names.
    pub(crate) fn names(&self, command: &KeyCommand) -> String {
        let names: Vec<String> = self.of(command).iter().map(KeyChord::to_string).collect();
        names.join(" ")
    }

    /// Returns the hint for a command of a table: its first key and its label.
    pub(crate) fn hint<E: Copy + PartialEq>(&self, bindings: &[Binding<E>], effect: E) -> Option<String> {
        let command = command_of(bindings, effect)?;
        self.hint_as(bindings, effect, command.hint?)
    }

    /// Returns the hint for a command of a table with this label.
    pub(crate) fn hint_as<E: Copy + PartialEq>(
        &self,
        bindings: &[Binding<E>],
        effect: E,
        label: &str,
    ) -> Option<String> {
        let key = self.of(command_of(bindings, effect)?).first()?;
        Some(format!("{} {label}", key.symbol()))
    }

    /// Returns the hint for two commands that belong together, such as up and down.
    pub(crate) fn pair_hint<E: Copy + PartialEq>(
        &self,
        bindings: &[Binding<E>],
        effects: [E; 2],
        label: &str,
    ) -> Option<String> {
        let key = |effect| Some(self.of(command_of(bindings, effect)?).first()?.symbol());
        let [first, second] = effects.map(key);
        Some(format!("{} {} {label}", first?, second?))
    }

    /// Returns the hint for the key that goes back or leaves, with this label. `shared` is the table of the dialogs of
    /// this kind.
    pub(crate) fn cancel_hint(&self, shared: &[Binding<SharedEffect>], label: &str) -> Option<String> {
        self.hint_as(shared, SharedEffect::Cancel, label)
    }

    /// Returns the hint for the keys that scroll.
    pub(crate) fn scroll_hint(&self, shared: &[Binding<SharedEffect>], label: &str) -> Option<String> {
        let up_and_down = [SharedEffect::Move(Move::By(-1)), SharedEffect::Move(Move::By(1))];
        self.pair_hint(shared, up_and_down, label)
    }
}

/// Returns the command with an effect.
pub(crate) fn command_of<E: Copy + PartialEq>(bindings: &[Binding<E>], effect: E) -> Option<&KeyCommand> {
    bindings.iter().find(|binding| binding.effect == effect).map(|binding| &binding.command)
}

/// Returns hints in one line, without those that have no key.
pub(crate) fn join_hints<const N: usize>(hints: [Option<String>; N]) -> String {
    let hints: Vec<String> = hints.into_iter().flatten().collect();
    hints.join("  ")
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    const BINDINGS: &[Binding<u8>] = &[
        Binding::new("test.run", chords!["Enter"], "run", 1).with_hint("run"),
        Binding::new("test.next", chords!["Tab"], "next", 2),
        Binding::new("test.toggle", chords!["Space"], "toggle", 3).outside_text(),
    ];

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn a_key_of_the_dialog_comes_before_the_same_key_of_all_dialogs() {
        let mut keys = Keys::default();
        assert_eq!(keys.press_in_prompt(BINDINGS, key(KeyCode::Tab), true), Pressed::Own(2));
        keys.rebind("test.next", Vec::new());
        let down = Pressed::Shared(SharedEffect::Move(Move::By(1)));
        assert_eq!(keys.press_in_prompt(BINDINGS, key(KeyCode::Tab), true), down);
    }

    #[test]
    fn a_character_is_typed_unless_the_cursor_is_outside_the_text() {
        let keys = Keys::default();
        let space = key(KeyCode::Char(' '));
        assert_eq!(keys.press_in_prompt(BINDINGS, space, true), Pressed::Text(space));
        assert_eq!(keys.press_in_prompt(BINDINGS, space, false), Pressed::Own(3));
        let up = key(KeyCode::Char('k'));
        assert_eq!(keys.press_in_prompt(BINDINGS, up, false), Pressed::Text(up));
    }

    #[test]
    fn a_hint_shows_the_key_that_is_bound() {
        let mut keys = Keys::default();
        assert_eq!(keys.hint(BINDINGS, 1).as_deref(), Some("Enter run"));
        keys.rebind("test.run", vec![KeyChord::of_literal("ctrl-r")]);
        assert_eq!(keys.hint(BINDINGS, 1).as_deref(), Some("Ctrl-r run"));
        keys.rebind("test.run", Vec::new());
        assert_eq!(keys.hint(BINDINGS, 1), None);
        assert_eq!(keys.scroll_hint(PROMPT_BINDINGS, "choose").as_deref(), Some("↑ ↓ choose"));
    }
}
