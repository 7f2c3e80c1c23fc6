//! The areas of a plan, and of the parts of it that can be clicked.

use ratatui::layout::{Rect, Size};

use super::PlanDialog;
use super::page::{self, PlanLine};
use crate::app::State;
use crate::app::keys::Keys;
use crate::app::layout::{indented, inside, largest_plan_box};
use crate::model::change::wording::confirm_label;
use crate::model::columns;
use crate::model::failure::Failure;
use crate::model::text::SafeText;

/// Returns the number of rows in the box of a plan that hold no line of it: the border and the foot, with an empty line
/// above the foot if there is room.
fn plan_frame(state: &State) -> u16 {
    let foot = if inside(largest_plan_box(state)).height < 14 { 2 } else { 3 };
    2 + foot
}

/// Returns the number of lines of a plan that a box of this height shows.
pub(crate) fn plan_rows(state: &State, area: Rect) -> usize {
    area.height.saturating_sub(plan_frame(state)).into()
}

/// The parts of a plan.
#[derive(Debug)]
pub struct PlanPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The text of the plan, inside the box.
    pub(crate) body: Rect,
    /// The foot: the impediment, and below it the buttons or the field for the name to type.
    pub foot: Rect,
    /// All lines of the plan, laid out for the body.
    pub(crate) lines: Vec<PlanLine>,
    /// Number of rows that the body would need to show everything.
    pub(crate) rows: usize,
}

impl PlanPlaces {
    /// Computes the parts for this plan.
    pub fn of(state: &State, plan: &PlanDialog) -> PlanPlaces {
        let (room, frame) = (largest_plan_box(state), plan_frame(state));
        let inner = indented(inside(room));
        // The text is laid out for the available room, not for the height that results from it.
        let most = Size::new(inner.width, (inner.height + 2).saturating_sub(frame));
        let lines = plan.lines(most, &state.settings.keys);
        let rows = plan.rows(lines.len(), most.width.into());
        let height = u16::try_from(rows).unwrap_or(u16::MAX).min(most.height);
        let area = Rect { height: (height + frame).min(room.height), ..room };
        let inner = indented(inside(area));
        let body = Rect { height: height.min(inner.height), ..inner };
        let foot = Rect { y: inner.bottom().saturating_sub(2), height: 2.min(inner.height), ..inner };
        PlanPlaces { area, body, foot, lines, rows }
    }
}

/// A button of a plan.
#[derive(Debug)]
pub struct Button {
    /// The area of the button.
    pub area: Rect,
    /// The text of the button.
    pub(crate) text: String,
    /// Whether the button carries the plan out.
    pub confirms: bool,
}

/// Returns the buttons in the foot of a plan, or none if a name must be typed instead.
pub fn plan_buttons(plan: &PlanDialog, foot: Rect) -> Vec<Button> {
    let ready = plan.ready_plan();
    if plan.name_to_type().is_some() && ready.is_some() {
        return Vec::new();
    }
    let mut room = Rect { y: foot.bottom().saturating_sub(1), height: 1.min(foot.height), ..foot };
    let mut buttons = Vec::new();
    let verb = ready.map(confirm_label);
    for (text, confirms) in [(Some("Cancel".to_string()), false), (verb, true)] {
        let Some(text) = text else { continue };
        let width = (columns::width(&text) as u16 + 2).min(room.width);
        buttons.push(Button { area: Rect { width, ..room }, text, confirms });
        let taken = (width + 2).min(room.width);
        room = Rect { x: room.x + taken, width: room.width - taken, ..room };
    }
    buttons
}

impl PlanDialog {
    /// Returns all lines of the plan, laid out for a body of this size.
    pub(crate) fn lines(&self, body: Size, keys: &Keys) -> Vec<page::PlanLine> {
        match (&self.request, &self.change_plan.value) {
            _ if self.confirms_replacement => page::replacement_lines(body, keys),
            (Some(request), Some(change_plan)) => {
                let mut lines = page::hidden_image_lines(&self.hidden, body, keys);
                lines.extend(page::lines(
                    request,
                    change_plan,
                    self.change_plan.is_loading(),
                    &self.skipped,
                    body,
                    keys,
                ));
                lines
            }
            (request, _) => page::lookup_lines(request.as_ref(), body, keys),
        }
    }

    /// Returns the number of rows of the dialog if the plan itself has this many lines. The number never decreases, so
    /// that the box does not jump.
    pub(crate) fn rows(&self, lines: usize, width: usize) -> usize {
        let rows = match &self.change_plan.failure {
            Some(failure) if !self.change_plan.is_loading() => failure_rows(failure, width),
            _ => lines,
        };
        rows.max(self.max_rows)
    }
}

fn count_wrapped(text: &str, width: usize) -> usize {
    columns::wrap(text, width).len()
}

/// Returns the number of rows for the failure, its reason, its hint and the keys, with empty rows between them.
fn failure_rows(failure: &Failure, width: usize) -> usize {
    let rows = |text: &SafeText| count_wrapped(text.as_str(), width.saturating_sub(2));
    // A hint begins with the word `hint`.
    let hint = failure
        .hint
        .as_ref()
        .map_or(0, |hint| 1 + count_wrapped(&format!("hint: {hint}"), width.saturating_sub(2)));
    rows(&failure.what) + rows(&failure.why) + hint + 2
}
