//! Where dialogs stand, and what of them can be pressed.

use ratatui::layout::{Rect, Size};

use super::{inside, of, over};
use crate::app::State;
use crate::app::dialog::copy_prompt::CopyPrompt;
use crate::app::dialog::plan::PlanDialog;
use crate::app::dialog::retag_prompt::Retag;
use crate::app::dialog::{Dialog, Menu, MenuEntry, OpenPrompt};
use crate::app::keymap::BINDINGS;
use crate::app::palette::ENTRIES;
use crate::app::plan::PlanLine;
use crate::model::columns;

/// Columns of the prompt for a name.
const NARROW_PROMPT: u16 = 72;
/// Columns of the palette.
const PALETTE: u16 = 84;
/// New names that the prompt for tags lists at most.
const MOST_NAMES: usize = 12;

/// The box of a dialog, with its border; of one that is typed into the last line, that line.
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

/// The box of a menu, with its border; inside, a row for each entry.
pub fn menu(state: &State, menu: &Menu) -> Rect {
    let widest = |of: fn(&MenuEntry) -> usize| menu.entries.iter().map(of).max().unwrap_or(0);
    let width = menu.label_columns() + widest(|entry| columns::width(entry.preview.as_str())) + 12;
    over(state, width.clamp(30, 100) as u16, menu.entries.len() as u16 + 2)
}

/// The box of the request log, of the messages, the jobs and the journal, with its border.
pub fn log(state: &State) -> Rect {
    let (columns, rows) = state.size;
    over(state, columns.saturating_sub(4), rows.saturating_sub(4))
}

/// The box of the help, with its border. What is typed to search stands in its first line.
pub fn help(state: &State) -> Rect {
    over(state, 110, BINDINGS.len() as u16 + 5)
}

/// The box of the palette, with its border.
pub fn palette(state: &State) -> Rect {
    over(state, PALETTE, ENTRIES.len() as u16 + 3)
}

/// The rows of the palette, below what is typed.
pub fn palette_rows(state: &State) -> Rect {
    below(inside(palette(state)), 1)
}

/// The first row drawn of a short list, so that its cursor is seen.
pub fn offset(cursor: usize, height: u16) -> usize {
    (cursor + 1).saturating_sub(height.into())
}

/// The most room that a plan takes, with its border. It is as high as what it says, from the top of that.
pub fn plan_room(state: &State) -> Rect {
    over(state, 100, 30)
}

/// Rows of a plan that no line of it has: the border, and the foot, with an empty one above it where there is room.
fn plan_frame(state: &State) -> u16 {
    let foot = if inside(plan_room(state)).height < 14 { 2 } else { 3 };
    2 + foot
}

/// How many lines a plan shows in a box of this height.
pub fn plan_rows(state: &State, area: Rect) -> usize {
    area.height.saturating_sub(plan_frame(state)).into()
}

/// The box of a prompt that a plan follows: it stands where that will, so that nothing jumps.
fn prompt_of(state: &State, height: usize) -> Rect {
    let room = plan_room(state);
    Rect { height: u16::try_from(height).unwrap_or(u16::MAX).min(room.height), ..room }
}

/// The parts of a plan.
#[derive(Debug)]
pub struct PlanPlaces {
    /// The box with its border.
    pub area: Rect,
    /// What it says, inside its box.
    pub body: Rect,
    /// The foot: what stands in the way, and below it the buttons or what must be typed.
    pub foot: Rect,
    /// Everything that it says, laid out for the body.
    pub lines: Vec<PlanLine>,
    /// Rows that the body would need to show all.
    pub rows: usize,
}

impl PlanPlaces {
    /// For this plan.
    pub fn of(state: &State, plan: &PlanDialog) -> PlanPlaces {
        let (room, frame) = (plan_room(state), plan_frame(state));
        let inner = indented(inside(room));
        // What it says follows the room that there is, and not the height that comes of it.
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
    /// Where it stands.
    pub area: Rect,
    /// What it says.
    pub text: String,
    /// Whether it carries the plan out.
    pub confirms: bool,
}

/// The buttons in the foot of a plan; none where a name must be typed instead.
pub fn plan_buttons(plan: &PlanDialog, foot: Rect) -> Vec<Button> {
    let ready = plan.ready();
    if plan.name_to_type().is_some() && ready.is_some() {
        return Vec::new();
    }
    let mut room = Rect { y: foot.bottom().saturating_sub(1), height: 1.min(foot.height), ..foot };
    let mut buttons = Vec::new();
    let verb = ready.map(crate::app::plan::verb);
    for (text, confirms) in [(Some("Leave it".to_string()), false), (verb, true)] {
        let Some(text) = text else { continue };
        let width = (columns::width(&text) as u16 + 2).min(room.width);
        buttons.push(Button { area: Rect { width, ..room }, text, confirms });
        let taken = (width + 2).min(room.width);
        room = Rect { x: room.x + taken, width: room.width - taken, ..room };
    }
    buttons
}

/// The box of a comparison, with its border.
pub fn comparison(state: &State) -> Rect {
    log(state)
}

/// The rows of a comparison: below what is compared and the names of the columns.
pub fn comparison_rows(state: &State) -> Rect {
    below(inside(comparison(state)), 3)
}

/// The parts of the prompt for new tags.
#[derive(Debug)]
pub struct RetagPlaces {
    /// The box with its border.
    pub area: Rect,
    /// Which images.
    pub about: Rect,
    /// What is typed.
    pub input: Rect,
    /// The switch.
    pub switch: Rect,
    /// What can be typed, or what is wrong with it; below it what comes of it.
    pub rest: Rect,
}

impl RetagPlaces {
    /// For this prompt.
    pub fn of(state: &State, prompt: &Retag) -> RetagPlaces {
        let area = prompt_of(state, prompt.images.len().min(MOST_NAMES) + 8);
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
    /// What is copied.
    pub about: Rect,
    /// What is typed.
    pub input: Rect,
    /// What can be typed, or what is wrong with it.
    pub said: Rect,
    /// The rows that have room: indices into [`CopyPrompt::rows`].
    pub rows: Vec<(usize, Rect)>,
}

impl CopyPlaces {
    /// For this prompt. What is wrong has the lines that it needs, where some room is left for the rows.
    pub fn of(state: &State, prompt: &CopyPrompt) -> CopyPlaces {
        let rows = prompt.rows().len();
        // Room for the names that fit is kept, so that nothing jumps while they come and go.
        let height = rows - prompt.suggestions.len() + 10;
        let area = prompt_of(state, height);
        let inner = indented(inside(area));
        let needed = columns::wrap(prompt.said(), inner.width.into()).len() as u16;
        let said = Rect { height: needed.min(inner.height.saturating_sub(4)), ..below(inner, 2) };
        let body = below(inner, 2 + said.height);
        CopyPlaces {
            area,
            about: row(inner, 0),
            input: row(inner, 1),
            said,
            rows: CopyPlaces::rows(prompt, rows, body),
        }
    }

    /// The switches stand at the bottom, the names that fit above them; where all have no room, those around the
    /// cursor are shown.
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
    /// What can be typed, in lines that fit; of a registry without a list, why there is none.
    pub about: Vec<String>,
    /// What is typed.
    pub input: Rect,
    /// What is wrong with it.
    pub said: Rect,
    /// The names that fit.
    pub rows: Rect,
}

impl OpenPlaces {
    /// For this prompt. However long the reason is, there is room to type.
    pub fn of(state: &State, open: &OpenPrompt) -> OpenPlaces {
        let width = over(state, NARROW_PROMPT, 3).width;
        let room = usize::from(width.saturating_sub(4));
        let wrap = |text: &str| columns::wrap(text, room);
        let mut about: Vec<String> = open_about(state).iter().flat_map(|text| wrap(text)).collect();
        let said = open.problem.as_deref().map_or(1, |problem| wrap(problem).len().clamp(1, 3));
        about.truncate(usize::from(state.size.1).saturating_sub(2 + 1 + said + 2));
        let height = about.len() + 1 + said + open.suggestions.len() + 2;
        let area = over(state, NARROW_PROMPT, u16::try_from(height).unwrap_or(u16::MAX));
        let inner = inside(area);
        let lines = about.len() as u16;
        let said = Rect { height: said as u16, ..below(indented(inner), lines + 1) };
        OpenPlaces {
            area,
            about,
            input: row(indented(inner), lines),
            said: said.intersection(inner),
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

/// A line of an area; empty where it has none of that number.
pub fn row(area: Rect, number: u16) -> Rect {
    let below = below(area, number);
    Rect { height: 1.min(below.height), ..below }
}

/// What is left of an area below so many lines.
fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// A column less at both sides.
fn indented(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}
