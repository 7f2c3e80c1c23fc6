//! Two repositories side by side: the tags that are the same, that moved, that are missing and that are extra. The
//! marked ones can be copied over.

use std::time::Duration;

use ratatui::layout::{Position, Rect};

use super::{Dialog, KeyedDialog, click, plan};
use crate::app::State;
use crate::app::actions::availability::refusal_text;
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Keys, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::list::{List, Move};
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::change::comparison::{self, ComparisonRow, Standing};
use crate::model::change::{ChangeRequest, copy};
use crate::model::failure::Failure;
use crate::model::reference::{Repository, Selector};

/// A comparison on the screen.
#[derive(Debug)]
pub struct ComparisonDialog {
    /// The repository to copy from.
    pub(crate) left: Repository,
    /// The repository to copy to.
    pub(crate) right: Repository,
    /// The comparison of the two.
    pub(crate) rows: Remote<comparison::Comparison>,
    /// The rows shown.
    pub(crate) list: List,
    /// Whether tags that are the same are left out.
    pub(crate) hides_same: bool,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComparisonEffect {
    /// Shows the plan to copy the marked tags over.
    Copy,
    /// Marks the row.
    Mark,
    /// Marks all tags that differ.
    MarkAll,
    /// Removes all marks.
    Unmark,
    /// Swaps the sides.
    Swap,
    /// Hides tags that are the same, or shows them again.
    HideSame,
    /// Shows the plan to undo the last change.
    Undo,
    /// Compares again.
    Refresh,
    /// Closes the comparison.
    Close,
}

impl ComparisonDialog {
    /// Returns a row of the comparison.
    pub(crate) fn row(&self, item: usize) -> Option<&ComparisonRow> {
        self.rows.value.as_ref()?.rows.get(item)
    }

    /// Returns the tags to copy: the marked ones, or the one under the cursor if none is marked. Only tags that exist
    /// on the left are included.
    fn selected_tags(&self) -> Vec<Selector> {
        let marked = self.list.marked();
        let items = if marked.is_empty() { self.list.selected().into_iter().collect() } else { marked };
        let rows = items.into_iter().filter_map(|item| self.row(item));
        let rows = rows.filter(|row| row.left.is_some() && row.standing != Standing::Same);
        rows.map(|row| Selector::Tag(row.tag.clone())).collect()
    }

    /// Returns the reason why nothing can be copied.
    fn explain_nothing_to_copy(&self, keys: &Keys) -> String {
        if self.rows.value.is_none() {
            return "the repositories are not compared yet".into();
        }
        if !self.list.marked().is_empty() {
            return "every marked tag is the same on the right, or only there".into();
        }
        match self.list.selected().and_then(|item| self.row(item)) {
            Some(row) if row.left.is_none() => {
                let swap = keys.hint_as(
                    Box::<ComparisonDialog>::BINDINGS,
                    ComparisonEffect::Swap,
                    "swaps the sides",
                );
                let swap = swap.map(|swap| format!("; {swap}")).unwrap_or_default();
                format!("`{}` is only on the right{swap}", row.tag)
            }
            Some(row) => format!("`{}` is the same on the right", row.tag),
            None => "no tag differs".into(),
        }
    }

    fn show_rows(&mut self) {
        let rows = self.rows.value.as_ref().map(|found| found.rows.as_slice()).unwrap_or_default();
        self.list.order = (0..rows.len() as u32).collect();
        let is_shown = |row: &ComparisonRow| !self.hides_same || row.standing != Standing::Same;
        let shown = rows.iter().zip(0u32..).filter(|(row, _)| is_shown(row)).map(|(_, item)| item).collect();
        self.list.show(shown);
    }

    /// Marks every tag whose copy would change the right side.
    fn mark_all(&mut self) {
        let rows = self.rows.value.as_ref().map(|found| found.rows.as_slice()).unwrap_or_default();
        let differs = |row: &ComparisonRow| matches!(row.standing, Standing::Moved | Standing::Missing);
        self.list.marks =
            rows.iter().zip(0u32..).filter(|(row, _)| differs(row)).map(|(_, item)| item).collect();
    }
}

/// Returns the box of a comparison with its border.
pub(crate) fn area(state: &State) -> Rect {
    layout::log(state)
}

/// Returns the rows of a comparison, below the names of the two sides and of the columns.
pub(crate) fn rows_area(state: &State) -> Rect {
    layout::below(layout::inside(area(state)), 3)
}

/// Compares two repositories.
pub(crate) fn show(update: &mut Update<'_>, left: Repository, right: Repository) {
    let mut comparison =
        ComparisonDialog { left, right, rows: Remote::default(), list: List::default(), hides_same: false };
    comparison.ask(update);
    update.state.dialogs.push(Dialog::Comparison(Box::new(comparison)));
}

/// Takes the comparison of two repositories.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<comparison::Comparison, Failure>) {
    for dialog in &mut update.state.dialogs {
        if let Dialog::Comparison(comparison) = dialog
            && comparison.rows.pending == Some(ticket)
        {
            comparison.rows.answer(ticket, answer, update.now);
            comparison.list.unmark();
            comparison.show_rows();
            return;
        }
    }
}

/// Repeats the comparisons of a repository that has changed.
pub(crate) fn compare_again(update: &mut Update<'_>, changed: &Repository) {
    let mut dialogs = std::mem::take(&mut update.state.dialogs);
    for dialog in &mut dialogs {
        if let Dialog::Comparison(comparison) = dialog
            && (comparison.left == *changed || comparison.right == *changed)
        {
            comparison.ask(update);
        }
    }
    update.state.dialogs = dialogs;
}

impl ComparisonDialog {
    fn ask(&mut self, update: &mut Update<'_>) {
        let ask = Ask::Comparison(self.left.clone(), self.right.clone());
        self.rows.ask(update.ask(Slot::Comparison, Duration::ZERO, ask));
    }

    /// Compares again, also if the user was just told that too few requests are left.
    fn refresh(&mut self, update: &mut Update<'_>) {
        if !self.rows.failure.as_ref().is_some_and(Failure::is_over_budget) {
            return self.ask(update);
        }
        let ask = Ask::Comparison(self.left.clone(), self.right.clone());
        let ask = Ask::BeyondBudget(Box::new(ask));
        self.rows.ask(update.ask(Slot::Comparison, Duration::ZERO, ask));
    }

    /// Returns the request to copy the marked tags over. If there is nothing to copy or a rule forbids it, tells the
    /// user the reason.
    fn request_copy(&self, update: &mut Update<'_>) -> Option<ChangeRequest> {
        let (from, to) = (self.left.clone(), self.right.clone());
        let images = self.selected_tags();
        if images.is_empty() {
            update.refuse(self.explain_nothing_to_copy(&update.state.settings.keys));
            return None;
        }
        if let Err(refusal) = update.state.settings.rules.may_copy(&from, &to) {
            update.refuse(refusal_text(&refusal).into_owned());
            return None;
        }
        let what = copy::What::Images(images);
        Some(ChangeRequest::Copy(copy::CopyRequest::with_referrers(from, what, to)))
    }

    /// Moves the cursor to the row under the click. A second click marks the row.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let list = &mut self.list;
        if let Some(row) = click::row_at(rows_area(update.state), at, list.offset, list.rows.len()) {
            let is_again = row == list.cursor;
            list.move_cursor(Move::To(row));
            if is_again {
                list.toggle_mark();
            }
        }
        Some(Dialog::Comparison(self))
    }

    /// Goes back a step: hidden marks are shown first, so that the user does not remove marks unseen; then marks are
    /// removed; then the comparison is left.
    fn cancel(mut self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        if self.list.count_hidden_marks() > 0 {
            self.hides_same = false;
            self.show_rows();
        } else if !self.list.unmark() {
            return self.close(update);
        }
        Some(Dialog::Comparison(self))
    }

    fn close(self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        if self.rows.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::Comparison));
        }
        None
    }
}

impl KeyedDialog for Box<ComparisonDialog> {
    type Effect = ComparisonEffect;

    const TITLE: &'static str = "Compare";

    const BINDINGS: &'static [Binding<ComparisonEffect>] = &[
        Binding::new("compare.copy", chords!["p"], "copy the marked tags over", ComparisonEffect::Copy)
            .with_hint("copy over"),
        Binding::new("compare.mark", chords!["Space"], "mark", ComparisonEffect::Mark).with_hint("mark"),
        Binding::new("compare.mark-all", chords!["*"], "mark all that differ", ComparisonEffect::MarkAll)
            .with_hint("all that differ"),
        Binding::new("compare.unmark", chords!["u"], "unmark all", ComparisonEffect::Unmark),
        Binding::new("compare.swap", chords!["x"], "swap the sides", ComparisonEffect::Swap)
            .with_hint("swap"),
        Binding::new(
            "compare.hide-same",
            chords!["."],
            "hide tags that are the same, and back",
            ComparisonEffect::HideSame,
        )
        .with_hint("hide same"),
        Binding::new("compare.undo", chords!["z"], "undo the last change", ComparisonEffect::Undo),
        Binding::new("compare.refresh", chords!["r"], "compare again", ComparisonEffect::Refresh),
        Binding::new("compare.close", chords!["q", "h", "Left"], "leave", ComparisonEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<ComparisonEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.list.move_cursor(to);
            }
            Pressed::Shared(SharedEffect::Cancel) => return self.cancel(update),
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
            Pressed::Own(effect) => match effect {
                ComparisonEffect::Copy => {
                    if let Some(request) = self.request_copy(update) {
                        plan::show(update, request);
                    }
                }
                ComparisonEffect::Mark => self.list.toggle_mark(),
                ComparisonEffect::MarkAll => self.mark_all(),
                ComparisonEffect::Unmark => {
                    self.list.unmark();
                }
                ComparisonEffect::Swap => {
                    show(update, self.right, self.left);
                    return None;
                }
                ComparisonEffect::HideSame => {
                    self.hides_same = !self.hides_same;
                    self.show_rows();
                }
                ComparisonEffect::Undo => plan::undo::show(update),
                ComparisonEffect::Refresh => self.refresh(update),
                ComparisonEffect::Close => return self.close(update),
            },
        }
        Some(Dialog::Comparison(self))
    }
}
