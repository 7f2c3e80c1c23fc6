//! The commands that `:` and the palette offer: every action except mere movements, and the commands that take an
//! argument.

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::command_line::CommandLine;
use super::{Dialog, KeyedDialog, click, edit_input, move_row};
use crate::app::actions::PaletteEntry;
use crate::app::actions::entries::entries;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::update::Update;
use crate::app::{State, layout};

/// The palette of commands.
#[derive(Debug)]
pub struct Palette {
    /// The text typed.
    pub(crate) input: Input,
    /// Rows that match: indices into [`entries`].
    pub(crate) rows: Vec<usize>,
    /// The row under the cursor.
    pub(crate) cursor: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaletteEffect {
    /// Runs the command under the cursor.
    Run,
}

/// Columns of the palette.
const WIDTH: u16 = 84;

impl Palette {
    /// Creates a palette that shows all commands.
    pub(crate) fn of_all() -> Palette {
        Palette { input: Input::default(), rows: rows(""), cursor: 0 }
    }

    /// Runs the command under the click.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let area = rows_area(update.state);
        match click::row_at(area, at, layout::offset(self.cursor, area.height), self.rows.len()) {
            Some(row) => {
                self.cursor = row;
                self.press(update, Pressed::Own(PaletteEffect::Run))
            }
            None => Some(Dialog::Palette(self)),
        }
    }
}

impl KeyedDialog for Palette {
    type Effect = PaletteEffect;

    const TITLE: &'static str = "Commands";

    const BINDINGS: &'static [Binding<PaletteEffect>] =
        &[Binding::new("palette.run", chords!["Enter"], "run the command", PaletteEffect::Run)
            .with_hint("run")];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<PaletteEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(PaletteEffect::Run) => {
                let (entry, action) = self.rows.get(self.cursor).and_then(|row| entries().nth(*row))?;
                if entry.name.ends_with(' ') {
                    return Some(Dialog::CommandLine(CommandLine::of(update.state, entry.name)));
                }
                action.into_iter().for_each(|action| update.perform(action));
                return None;
            }
            Pressed::Text(key) if edit_input(&mut self.input, key) => {
                self.rows = rows(self.input.value());
                self.cursor = 0;
            }
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.rows.len(), to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Palette(self))
    }
}

/// Returns the box of the palette with its border.
pub(crate) fn area(state: &State) -> Rect {
    layout::overlay_box(state, WIDTH, entries().count() as u16 + 3)
}

/// Returns the rows of the palette, below the text field.
pub(crate) fn rows_area(state: &State) -> Rect {
    layout::below(layout::inside(area(state)), 1)
}

/// Returns the entries that contain all words of the text, by name or description: indices into [`entries`].
pub(crate) fn rows(typed: &str) -> Vec<usize> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let fits = |entry: &PaletteEntry| {
        words.iter().all(|word| {
            entry.name.contains(word.as_str()) || entry.text.to_lowercase().contains(word.as_str())
        })
    };
    entries().enumerate().filter(|(_, (entry, _))| fits(entry)).map(|(row, _)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_is_searched_by_words() {
        let names = |typed| {
            let names: Vec<&str> = entries().map(|(entry, _)| entry.name).collect();
            rows(typed).into_iter().map(|row| names[row]).collect::<Vec<_>>()
        };
        assert_eq!(names("log request"), ["requests"]);
        assert_eq!(names("").len(), entries().count());
    }
}
