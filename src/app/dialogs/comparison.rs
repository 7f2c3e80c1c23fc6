//! Two repositories side by side: the tags that are the same, that moved, that are missing and that are extra. The
//! marked ones can be copied over.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use ratatui::layout::Rect;

use super::Dialog;
use crate::app::State;
use crate::app::actions::availability::refusal_text;
use crate::app::cmd::{Ask, Cmd, Slot};
use crate::app::layout;
use crate::app::list::{List, Move};
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
    pub left: Repository,
    /// The repository to copy to.
    pub right: Repository,
    /// The comparison of the two.
    pub rows: Remote<comparison::Comparison>,
    /// The rows shown.
    pub list: List,
    /// Whether tags that are the same are left out.
    pub hides_same: bool,
}

impl ComparisonDialog {
    /// Returns a row of the comparison.
    pub fn row(&self, item: usize) -> Option<&ComparisonRow> {
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
    fn explain_nothing_to_copy(&self) -> String {
        if !self.list.marked().is_empty() {
            return "every marked tag is the same on the right, or only there".into();
        }
        match self.list.selected().and_then(|item| self.row(item)) {
            Some(row) if row.left.is_none() => {
                format!("`{}` is only on the right; x swaps the sides", row.tag)
            }
            Some(row) => format!("`{}` is the same on the right", row.tag),
            None => "no tag differs".into(),
        }
    }

    fn show(&mut self) {
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
pub fn area(state: &State) -> Rect {
    layout::log(state)
}

/// Returns the rows of a comparison, below the names of the two sides and of the columns.
pub fn rows_area(state: &State) -> Rect {
    layout::below(layout::inside(area(state)), 3)
}

impl Update<'_> {
    /// Compares two repositories.
    pub fn compare(&mut self, left: Repository, right: Repository) {
        let mut comparison = ComparisonDialog {
            left,
            right,
            rows: Remote::default(),
            list: List::default(),
            hides_same: false,
        };
        self.ask_comparison(&mut comparison);
        self.state.dialogs.push(Dialog::Comparison(Box::new(comparison)));
    }

    fn ask_comparison(&mut self, comparison: &mut ComparisonDialog) {
        let ask = Ask::Comparison(comparison.left.clone(), comparison.right.clone());
        comparison.rows.ask(self.ask(Slot::Comparison, Duration::ZERO, ask));
    }

    /// Takes the comparison of two repositories.
    pub fn take_comparison(&mut self, ticket: Ticket, answer: Result<comparison::Comparison, Failure>) {
        let now = self.now;
        for dialog in &mut self.state.dialogs {
            if let Dialog::Comparison(comparison) = dialog
                && comparison.rows.pending == Some(ticket)
            {
                comparison.rows.answer(ticket, answer, now);
                comparison.list.unmark();
                comparison.show();
                return;
            }
        }
    }

    /// Repeats the comparisons of a repository that has changed.
    pub fn compare_again(&mut self, changed: &Repository) {
        let mut dialogs = std::mem::take(&mut self.state.dialogs);
        for dialog in &mut dialogs {
            if let Dialog::Comparison(comparison) = dialog
                && (comparison.left == *changed || comparison.right == *changed)
            {
                self.ask_comparison(comparison);
            }
        }
        self.state.dialogs = dialogs;
    }

    pub(crate) fn key_in_comparison(
        &mut self,
        mut comparison: Box<ComparisonDialog>,
        key: KeyEvent,
    ) -> Option<Dialog> {
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let to = match key.code {
            KeyCode::Char('d') if with_control => Some(Move::HalfPages(1)),
            KeyCode::Char('u') if with_control => Some(Move::HalfPages(-1)),
            KeyCode::Down | KeyCode::Char('j') => Some(Move::By(1)),
            KeyCode::Up | KeyCode::Char('k') => Some(Move::By(-1)),
            KeyCode::PageDown => Some(Move::HalfPages(1)),
            KeyCode::PageUp => Some(Move::HalfPages(-1)),
            KeyCode::Home | KeyCode::Char('g') => Some(Move::First),
            KeyCode::End | KeyCode::Char('G') => Some(Move::Last),
            _ => None,
        };
        match key.code {
            _ if to.is_some() => {
                to.map(|to| comparison.list.move_cursor(to));
            }
            // Hidden marks are shown first, so that the user does not remove marks unseen.
            KeyCode::Esc if comparison.list.count_hidden_marks() > 0 => {
                comparison.hides_same = false;
                comparison.show();
            }
            KeyCode::Esc if comparison.list.unmark() => {}
            KeyCode::Esc | KeyCode::Char('q' | 'h') | KeyCode::Left => {
                if comparison.rows.is_loading() {
                    self.cmds.push(Cmd::Cancel(Slot::Comparison));
                }
                return None;
            }
            KeyCode::Char(' ') => comparison.list.toggle_mark(),
            KeyCode::Char('*') => comparison.mark_all(),
            KeyCode::Char('u') => {
                comparison.list.unmark();
            }
            KeyCode::Char('.') => {
                comparison.hides_same = !comparison.hides_same;
                comparison.show();
            }
            KeyCode::Char('x') => {
                let ComparisonDialog { left, right, .. } = *comparison;
                self.compare(right, left);
                return None;
            }
            KeyCode::Char('r') => self.ask_comparison(&mut comparison),
            KeyCode::Char('z') => {
                self.state.dialogs.push(Dialog::Comparison(comparison));
                self.plan_undo();
                return None;
            }
            KeyCode::Char('p') => {
                if let Some(request) = self.request_marked_copy(&comparison) {
                    self.state.dialogs.push(Dialog::Comparison(comparison));
                    self.plan(request);
                    return None;
                }
            }
            _ => {}
        }
        Some(Dialog::Comparison(comparison))
    }

    /// Returns the request to copy the marked tags over. If there is nothing to copy or a rule forbids it, tells the
    /// user the reason.
    fn request_marked_copy(&mut self, comparison: &ComparisonDialog) -> Option<ChangeRequest> {
        let (from, to) = (comparison.left.clone(), comparison.right.clone());
        let images = comparison.selected_tags();
        if images.is_empty() {
            self.refuse(comparison.explain_nothing_to_copy());
            return None;
        }
        if let Err(refusal) = self.state.settings.rules.may_copy(&from, &to) {
            self.refuse(refusal_text(&refusal).into_owned());
            return None;
        }
        let what = copy::What::Images(images);
        Some(ChangeRequest::Copy(copy::CopyRequest::with_referrers(from, what, to)))
    }
}
