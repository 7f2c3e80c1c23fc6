//! The help: the keys of the pane, or of the dialog below, searchable.

use ratatui::layout::Rect;
use tui_input::Input;

use super::{Dialog, KeyedDialog, edit_input, move_row};
use crate::app::State;
use crate::app::keymap::{self, HelpRow};
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::list::Move;
use crate::app::update::Update;

/// The help, opened with `?`, or with `F1` in a text field.
#[derive(Debug, Default)]
pub struct Help {
    /// The text to search for.
    pub(crate) input: Input,
    /// First line drawn.
    pub(crate) scroll: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HelpEffect {
    /// Closes the help.
    Close,
    /// Scrolls to the beginning.
    First,
    /// Scrolls to the end.
    Last,
}

impl Help {
    /// Returns the box of the help with its border. The search text stands in its first line.
    pub(crate) fn area(state: &State) -> Rect {
        let lines = count_lines(&keymap::help_rows(state, ""));
        layout::overlay_box(state, 110, u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(3))
    }

    fn scroll(&mut self, state: &State, to: Move) {
        let lines = count_lines(&keymap::help_rows(state, self.input.value()));
        let shown = usize::from(Help::area(state).height).saturating_sub(3);
        self.scroll = move_row(self.scroll, (lines + 1).saturating_sub(shown), to);
    }

    /// Returns the title.
    pub(crate) fn title(state: &State) -> String {
        let of = keymap::dialog_below_help(state).map_or(state.focus.title(), |dialog| dialog.keys().title);
        format!("Help: {of}")
    }
}

/// Returns the number of lines of the help, with the titles of its sections.
fn count_lines(rows: &[HelpRow]) -> usize {
    rows.len() + rows.chunk_by(|a, b| a.section == b.section).count()
}

impl KeyedDialog for Help {
    type Effect = HelpEffect;

    const TITLE: &'static str = "Help";

    // Characters, Home and End belong to the search text as soon as there is some.
    const BINDINGS: &'static [Binding<HelpEffect>] = &[
        Binding::new("help.close", chords!["Enter", "F1", "?", "q"], "leave", HelpEffect::Close)
            .outside_text(),
        Binding::new("help.first", chords!["Home"], "to the beginning", HelpEffect::First).outside_text(),
        Binding::new("help.last", chords!["End"], "to the end", HelpEffect::Last).outside_text(),
    ];

    const IS_PROMPT: bool = true;

    fn is_in_text(&self) -> bool {
        !self.input.value().is_empty()
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<HelpEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(HelpEffect::Close) | Pressed::Shared(SharedEffect::Cancel | SharedEffect::Help) => {
                if let Some(Dialog::Plan(plan)) = update.state.dialogs.last_mut() {
                    plan.appear(update.now);
                }
                return None;
            }
            Pressed::Text(key) if edit_input(&mut self.input, key) => self.scroll = 0,
            Pressed::Shared(SharedEffect::Move(to)) => self.scroll(update.state, to),
            Pressed::Own(HelpEffect::First) => self.scroll(update.state, Move::First),
            Pressed::Own(HelpEffect::Last) => self.scroll(update.state, Move::Last),
            Pressed::Shared(SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Help(self))
    }
}
