//! The areas of dialogs, and of the parts of them that can be clicked.

use ratatui::layout::{Rect, Size};

use super::{inside, of, overlay_box};
use crate::app::State;
use crate::app::dialogs::copy_prompt::CopyPrompt;
use crate::app::dialogs::palette::ENTRIES;
use crate::app::dialogs::plan::PlanDialog;
use crate::app::dialogs::plan::page::PlanLine;
use crate::app::dialogs::retag_prompt::Retag;
use crate::app::dialogs::{Dialog, Menu, MenuEntry, OpenPrompt};
use crate::app::keymap::BINDINGS;
use crate::model::columns;

/// Columns of the prompt for a name.
const NARROW_PROMPT: u16 = 72;
/// Columns of the palette.
const PALETTE: u16 = 84;
/// Largest number of new names that the prompt for tags lists.
const MOST_NAMES: usize = 12;

/// Returns the box of a dialog with its border. Returns the last line of the screen for a dialog that is typed there.
pub fn dialog(state: &State, dialog: &Dialog) -> Rect {
    match dialog {
        Dialog::Filter(_) | Dialog::CommandLine(_) => of(state).bar,
        Dialog::Palette(_) => palette(state),
        Dialog::Open(open) => OpenPlaces::of(state, open).area,
        Dialog::Menu(entries) => menu(state, entries),
        Dialog::Help(_) => help(state),
        Dialog::Plan(plan) => PlanPlaces::of(state, plan).area,
        Dialog::Retag(prompt) => RetagPlaces::of(state, prompt).area,
        Dialog::Copy(prompt) => CopyPlaces::of(state, prompt).area,
        Dialog::Comparison(_) => comparison(state),
        Dialog::Requests(_) | Dialog::Messages(_) | Dialog::Jobs(_) | Dialog::Journal(_) => log(state),
    }
}

/// Returns the box of a menu with its border. Inside it, each entry has a row.
pub fn menu(state: &State, menu: &Menu) -> Rect {
    let widest = |of: fn(&MenuEntry) -> usize| menu.entries.iter().map(of).max().unwrap_or(0);
    let width = menu.label_columns() + widest(|entry| columns::width(entry.preview.as_str())) + 12;
    overlay_box(state, width.clamp(30, 100) as u16, menu.entries.len() as u16 + 2)
}

/// Returns the box of the request log, the messages, the jobs and the journal, with its border.
pub fn log(state: &State) -> Rect {
    let (columns, rows) = state.size;
    overlay_box(state, columns.saturating_sub(4), rows.saturating_sub(4))
}

/// Returns the box of the help with its border. The search text stands in its first line.
pub fn help(state: &State) -> Rect {
    overlay_box(state, 110, BINDINGS.len() as u16 + 5)
}

/// Returns the box of the palette with its border.
pub fn palette(state: &State) -> Rect {
    overlay_box(state, PALETTE, ENTRIES.len() as u16 + 3)
}

/// Returns the rows of the palette, below the text field.
pub fn palette_rows(state: &State) -> Rect {
    below(inside(palette(state)), 1)
}

/// Returns the first row drawn of a short list, so that its cursor is visible.
pub fn offset(cursor: usize, height: u16) -> usize {
    (cursor + 1).saturating_sub(height.into())
}

/// Returns the largest box that a plan takes, with its border. A plan is as high as its text, and begins at the top of
/// this box.
pub fn largest_plan_box(state: &State) -> Rect {
    overlay_box(state, 100, 30)
}

/// Returns the number of rows in the box of a plan that hold no line of it: the border and the foot, with an empty line
/// above the foot if there is room.
fn plan_frame(state: &State) -> u16 {
    let foot = if inside(largest_plan_box(state)).height < 14 { 2 } else { 3 };
    2 + foot
}

/// Returns the number of lines of a plan that a box of this height shows.
pub fn plan_rows(state: &State, area: Rect) -> usize {
    area.height.saturating_sub(plan_frame(state)).into()
}

/// Returns the box of a prompt that is followed by a plan. It stands at the same position as the plan, so that nothing
/// jumps.
fn prompt_box(state: &State, height: usize) -> Rect {
    let room = largest_plan_box(state);
    Rect { height: u16::try_from(height).unwrap_or(u16::MAX).min(room.height), ..room }
}

/// The parts of a plan.
#[derive(Debug)]
pub struct PlanPlaces {
    /// The box with its border.
    pub area: Rect,
    /// The text of the plan, inside the box.
    pub body: Rect,
    /// The foot: the impediment, and below it the buttons or the field for the name to type.
    pub foot: Rect,
    /// All lines of the plan, laid out for the body.
    pub lines: Vec<PlanLine>,
    /// Number of rows that the body would need to show everything.
    pub rows: usize,
}

impl PlanPlaces {
    /// Computes the parts for this plan.
    pub fn of(state: &State, plan: &PlanDialog) -> PlanPlaces {
        let (room, frame) = (largest_plan_box(state), plan_frame(state));
        let inner = indented(inside(room));
        // The text is laid out for the available room, not for the height that results from it.
        let most = Size::new(inner.width, (inner.height + 2).saturating_sub(frame));
        let lines = plan.lines(most);
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
    pub text: String,
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
    let verb = ready.map(crate::model::change::wording::confirm_label);
    for (text, confirms) in [(Some("Cancel".to_string()), false), (verb, true)] {
        let Some(text) = text else { continue };
        let width = (columns::width(&text) as u16 + 2).min(room.width);
        buttons.push(Button { area: Rect { width, ..room }, text, confirms });
        let taken = (width + 2).min(room.width);
        room = Rect { x: room.x + taken, width: room.width - taken, ..room };
    }
    buttons
}

/// Returns the box of a comparison with its border.
pub fn comparison(state: &State) -> Rect {
    log(state)
}

/// Returns the rows of a comparison, below the names of the two sides and of the columns.
pub fn comparison_rows(state: &State) -> Rect {
    below(inside(comparison(state)), 3)
}

/// The parts of the prompt for new tags.
#[derive(Debug)]
pub struct RetagPlaces {
    /// The box with its border.
    pub area: Rect,
    /// The line about the images.
    pub about: Rect,
    /// The text field.
    pub input: Rect,
    /// The switch.
    pub switch: Rect,
    /// The lines about valid input or the problem with it, and below them the resulting tags.
    pub rest: Rect,
}

impl RetagPlaces {
    /// Computes the parts for this prompt.
    pub fn of(state: &State, prompt: &Retag) -> RetagPlaces {
        let area = prompt_box(state, prompt.images.len().min(MOST_NAMES) + 8);
        let inner = indented(inside(area));
        RetagPlaces {
            area,
            about: row(inner, 0),
            input: row(inner, 1),
            switch: row(inner, 2),
            rest: below(inner, 3),
        }
    }
}

/// The parts of the prompt for the destination of a copy.
#[derive(Debug)]
pub struct CopyPlaces {
    /// The box with its border.
    pub area: Rect,
    /// The line about the images to copy.
    pub about: Rect,
    /// The text field.
    pub input: Rect,
    /// The lines about valid input or the problem with it.
    pub status: Rect,
    /// The rows that fit: indices into [`CopyPrompt::rows`].
    pub rows: Vec<(usize, Rect)>,
}

impl CopyPlaces {
    /// Computes the parts for this prompt. A problem gets the lines that it needs, as long as some room is left for the
    /// rows.
    pub fn of(state: &State, prompt: &CopyPrompt) -> CopyPlaces {
        let rows = prompt.rows().len();
        // Room for the matching names is kept, so that nothing jumps while they come and go.
        let height = rows - prompt.suggestions.len() + 10;
        let area = prompt_box(state, height);
        let inner = indented(inside(area));
        let needed = columns::wrap(prompt.status_text(), inner.width.into()).len() as u16;
        let status = Rect { height: needed.min(inner.height.saturating_sub(4)), ..below(inner, 2) };
        let body = below(inner, 2 + status.height);
        CopyPlaces {
            area,
            about: row(inner, 0),
            input: row(inner, 1),
            status,
            rows: CopyPlaces::rows(prompt, rows, body),
        }
    }

    /// Returns the rows that fit. The switches stand at the bottom, the matching names above them. If there is no room
    /// for all, the rows around the cursor are shown.
    fn rows(prompt: &CopyPrompt, rows: usize, body: Rect) -> Vec<(usize, Rect)> {
        let height = usize::from(body.height);
        let offset = prompt.cursor.saturating_sub(height);
        let switches = rows - 1 - prompt.suggestions.len();
        let gap = height.saturating_sub(rows - 1);
        let place = |at: usize| {
            let shift = if at > prompt.suggestions.len() && switches > 0 { gap } else { 0 };
            let line = (at - 1 - offset) + shift;
            (line < height).then(|| (at, row(body, line as u16)))
        };
        (1 + offset..rows).filter_map(place).collect()
    }
}

/// The parts of the prompt for a name.
#[derive(Debug)]
pub struct OpenPlaces {
    /// The box with its border.
    pub area: Rect,
    /// The lines about valid input, wrapped. For a registry without a list of repositories they include the reason.
    pub about: Vec<String>,
    /// The text field.
    pub input: Rect,
    /// The lines about the problem with the input.
    pub status: Rect,
    /// The matching names.
    pub rows: Rect,
}

impl OpenPlaces {
    /// Computes the parts for this prompt. However long the reason is, there is room for the text field.
    pub fn of(state: &State, open: &OpenPrompt) -> OpenPlaces {
        let width = overlay_box(state, NARROW_PROMPT, 3).width;
        let room = usize::from(width.saturating_sub(4));
        let wrap = |text: &str| columns::wrap(text, room);
        let mut about: Vec<String> = open_about(state).iter().flat_map(|text| wrap(text)).collect();
        let said = open.problem.as_deref().map_or(1, |problem| wrap(problem).len().clamp(1, 3));
        about.truncate(usize::from(state.size.1).saturating_sub(2 + 1 + said + 2));
        let height = about.len() + 1 + said + open.suggestions.len() + 2;
        let area = overlay_box(state, NARROW_PROMPT, u16::try_from(height).unwrap_or(u16::MAX));
        let inner = inside(area);
        let lines = about.len() as u16;
        let said = Rect { height: said as u16, ..below(indented(inner), lines + 1) };
        OpenPlaces {
            area,
            about,
            input: row(indented(inner), lines),
            status: said.intersection(inner),
            rows: below(inner, lines + 1 + said.height),
        }
    }
}

fn open_about(state: &State) -> Vec<String> {
    let Some(registry) = state.registries.selected() else {
        return vec!["localhost:5000, ghcr.io/org/app, nginx:1.27".into()];
    };
    let failure = registry.repositories.names.failure.as_ref();
    let why = failure.map(|failure| format!("{} lists no repositories: {}", registry.host, failure.why));
    why.into_iter().chain([format!("a repository of {}, or any name with its host", registry.host)]).collect()
}

/// Returns one line of an area, empty if the area has no line of that number.
pub fn row(area: Rect, number: u16) -> Rect {
    let below = below(area, number);
    Rect { height: 1.min(below.height), ..below }
}

/// Returns the part of an area below this number of lines.
fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// Returns the area without one column at each side.
fn indented(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}
