//! The keys of the dialog and their effects.

use super::DiffDialog;
use crate::app::dialogs::{Dialog, KeyedDialog, edit_input, move_row};
use crate::app::keys::{Binding, Keys, Pressed, SharedEffect, chords};
use crate::app::list::Move;
use crate::app::update::Update;

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffEffect {
    /// Begins or continues to read, or opens both sides of the row.
    Open,
    /// Shows the next tab.
    NextTab,
    /// Shows the previous tab.
    PreviousTab,
    /// Goes to the next difference.
    NextDifference,
    /// Goes to the previous difference.
    PreviousDifference,
    /// Hides lines that are the same, or shows them again.
    HideSame,
    /// Types words that a row must contain.
    Filter,
    /// Reads the shared layers too.
    ReadAll,
    /// Compares the next platform.
    NextPlatform,
    /// Compares the previous platform.
    PreviousPlatform,
    /// Swaps the sides.
    Swap,
    /// Writes a report.
    Report,
    /// Reads both images again.
    Refresh,
    /// Closes the dialog.
    Close,
}

impl DiffDialog {
    fn move_to(&mut self, to: Move) {
        let len = self.len();
        let cursor = self.cursor_mut();
        *cursor = move_row(*cursor, len, to);
    }

    fn press_own(&mut self, update: &mut Update<'_>, effect: DiffEffect) {
        match effect {
            DiffEffect::Open => self.enter(update),
            DiffEffect::NextTab => self.step_tab(update, 1),
            DiffEffect::PreviousTab => self.step_tab(update, -1),
            DiffEffect::NextDifference => self.step_difference(update, 1),
            DiffEffect::PreviousDifference => self.step_difference(update, -1),
            DiffEffect::HideSame => {
                self.hides_same = !self.hides_same;
                self.lay_out();
            }
            DiffEffect::Filter => match self.table_mut().filter(|table| table.rows.is_some()) {
                Some(table) => table.is_typing = true,
                None => update.refuse("files and packages are filtered: go to their tab first"),
            },
            DiffEffect::ReadAll => self.read_all(update),
            DiffEffect::NextPlatform => self.step_platform(update, 1),
            DiffEffect::PreviousPlatform => self.step_platform(update, -1),
            DiffEffect::Report => self.report(update),
            DiffEffect::Refresh => self.ask_again(update),
            DiffEffect::Swap | DiffEffect::Close => {}
        }
    }
}

impl KeyedDialog for Box<DiffDialog> {
    type Effect = DiffEffect;

    const TITLE: &'static str = "Diff";

    const BINDINGS: &'static [Binding<DiffEffect>] = &[
        Binding::new(
            "diff.open",
            chords!["Enter", "l", "Right"],
            "begin or continue to read; else both sides of the row",
            DiffEffect::Open,
        )
        .with_hint("open"),
        Binding::new("diff.next-tab", chords!["]", "Tab"], "next tab", DiffEffect::NextTab)
            .with_hint("next tab"),
        Binding::new("diff.previous-tab", chords!["["], "previous tab", DiffEffect::PreviousTab),
        Binding::new("diff.next", chords!["n"], "next difference", DiffEffect::NextDifference)
            .with_hint("next"),
        Binding::new("diff.previous", chords!["N"], "previous difference", DiffEffect::PreviousDifference),
        Binding::new(
            "diff.hide-same",
            chords!["."],
            "hide lines that are the same, and back",
            DiffEffect::HideSame,
        )
        .with_hint("hide same"),
        Binding::new("diff.filter", chords!["/"], "filter files or packages", DiffEffect::Filter)
            .with_hint("filter"),
        Binding::new(
            "diff.all-layers",
            chords!["a"],
            "files: read the layers that both share, too",
            DiffEffect::ReadAll,
        )
        .with_hint("all layers"),
        Binding::new(
            "diff.next-platform",
            chords!["}", "p"],
            "next platform that both have",
            DiffEffect::NextPlatform,
        )
        .with_hint("platform"),
        Binding::new(
            "diff.previous-platform",
            chords!["{"],
            "previous platform",
            DiffEffect::PreviousPlatform,
        ),
        Binding::new("diff.swap", chords!["x"], "swap the sides", DiffEffect::Swap).with_hint("swap"),
        Binding::new("diff.report", chords!["e"], "write a report as Markdown", DiffEffect::Report)
            .with_hint("report"),
        Binding::new("diff.refresh", chords!["r"], "read both images again", DiffEffect::Refresh),
        Binding::new("diff.close", chords!["q", "h", "Left"], "leave", DiffEffect::Close),
    ];

    fn is_in_text(&self) -> bool {
        self.is_typing()
    }

    /// While words are typed, all characters belong to them.
    fn meaning(&self, keys: &Keys, key: crossterm::event::KeyEvent) -> Pressed<DiffEffect> {
        if self.is_typing() {
            keys.press_in_prompt(Self::BINDINGS, key, true)
        } else {
            keys.press(Self::BINDINGS, key)
        }
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<DiffEffect>) -> Option<Dialog> {
        if let Some(table) = self.table_mut().filter(|table| table.is_typing) {
            match pressed {
                Pressed::Own(DiffEffect::Open) => table.is_typing = false,
                Pressed::Shared(SharedEffect::Cancel) => table.clear_filter(),
                Pressed::Text(key) if edit_input(&mut table.input, key) => table.search(),
                Pressed::Shared(SharedEffect::Move(to)) => table.move_to(to),
                _ => {}
            }
            return Some(Dialog::ImageDiff(self));
        }
        match pressed {
            Pressed::Shared(SharedEffect::Move(to)) => self.move_to(to),
            Pressed::Shared(SharedEffect::Cancel) => {
                if let Some(table) = self.table_mut().filter(|table| table.is_filtered()) {
                    table.clear_filter();
                } else if !self.pause(update, true) {
                    self.give_up_all(update);
                    return None;
                }
            }
            Pressed::Own(DiffEffect::Close) => {
                self.give_up_all(update);
                return None;
            }
            Pressed::Own(DiffEffect::Swap) => return self.swap(update),
            Pressed::Own(effect) => self.press_own(update, effect),
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::ImageDiff(self))
    }
}
