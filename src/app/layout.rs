//! The layout of the screen: rectangles, computed from size and state. Drawing and the mouse share it.

pub(crate) mod borders;
mod dialogs;
pub(crate) mod tag_columns;
mod widths;

use ratatui::layout::{Position, Rect};

use super::panes::details::Tab;
use super::panes::details::shown_tabs;
use super::panes::repositories::columns::RepositoryColumns;
use super::{Pane, State};
pub use dialogs::{below, largest_plan_box, log, offset, row};
pub(crate) use dialogs::{indented, prompt_box};

/// The smallest usable number of columns.
pub(crate) const LEAST_COLUMNS: u16 = 40;
/// The smallest usable number of rows.
pub(crate) const LEAST_ROWS: u16 = 10;
/// Columns of the Registries pane beside all others: the fewest, so that its title fits, and the most.
const REGISTRIES: std::ops::RangeInclusive<u16> = 19..=30;
/// Columns of a row of that pane beside the name: the border, the cursor, and a sign that something failed.
pub(crate) const BESIDE_HOST: u16 = 5;

/// The rectangles of one screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Whether the terminal is too small for anything but a line that says so.
    pub(crate) too_small: bool,
    /// The line with the current position and the abilities of the registry.
    pub(crate) header: Rect,
    /// The Registries pane with its border.
    pub(crate) registries: Option<Rect>,
    /// The Repositories pane with its border.
    pub(crate) repositories: Option<Rect>,
    /// The Tags pane with its border.
    pub(crate) tags: Option<Rect>,
    /// The Details pane with its border.
    pub details: Option<Rect>,
    /// The line with the progress of the jobs, while some run.
    pub(crate) jobs: Option<Rect>,
    /// The line with the hints, a message or the text being typed.
    pub(crate) bar: Rect,
}

/// Computes the rectangles for this state.
pub fn of(state: &State) -> Layout {
    let (columns, rows) = state.size;
    if columns < LEAST_COLUMNS || rows < LEAST_ROWS {
        return Layout { too_small: true, ..Layout::default() };
    }
    let mut layout = Layout {
        header: Rect::new(0, 0, columns, 1),
        bar: Rect::new(0, rows - 1, columns, 1),
        ..Layout::default()
    };
    let jobs = u16::from(state.jobs.are_running());
    layout.jobs = (jobs > 0).then(|| Rect::new(0, rows - 2, columns, 1));
    let mut x = 0;
    for (pane, width) in widths::widths(state, columns) {
        *layout.slot(pane) = Some(Rect::new(x, 1, width, rows - 2 - jobs));
        x += width;
    }
    layout
}

impl Layout {
    fn slot(&mut self, pane: Pane) -> &mut Option<Rect> {
        match pane {
            Pane::Registries => &mut self.registries,
            Pane::Repositories => &mut self.repositories,
            Pane::Tags => &mut self.tags,
            Pane::Details => &mut self.details,
        }
    }

    /// Returns the rectangle of a pane with its border, if it is on the screen.
    pub fn pane(&self, pane: Pane) -> Option<Rect> {
        match pane {
            Pane::Registries => self.registries,
            Pane::Repositories => self.repositories,
            Pane::Tags => self.tags,
            Pane::Details => self.details,
        }
    }

    /// Returns the pane at this position.
    pub(crate) fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        let place = Position::new(column, row);
        let all = [Pane::Registries, Pane::Repositories, Pane::Tags, Pane::Details];
        all.into_iter().find(|pane| self.pane(*pane).is_some_and(|area| area.contains(place)))
    }
}

/// Returns the area inside a border.
pub(crate) fn inside(area: Rect) -> Rect {
    Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(2), area.height.saturating_sub(2))
}

/// Returns the rectangle of a pane's rows: inside its border, between its heading and its foot.
pub(crate) fn rows(state: &State, layout: &Layout, pane: Pane) -> Rect {
    let inner = layout.pane(pane).map(inside).unwrap_or_default();
    let heading = u16::from(has_heading(state, pane)).min(inner.height);
    let foot = u16::from(has_foot(state, pane)).min(inner.height - heading);
    Rect::new(inner.x, inner.y + heading, inner.width, inner.height - heading - foot)
}

/// Returns the columns of the Repositories pane. There is none after the names if the pane is not on the screen.
pub(crate) fn repository_columns(state: &State, layout: &Layout) -> RepositoryColumns {
    let Some((area, registry)) = layout.repositories.zip(state.registries.selected()) else {
        return RepositoryColumns::default();
    };
    // The marker and the mark stand in front of the names. One column before the border stays free.
    registry.repositories.columns(usize::from(inside(area).width).saturating_sub(3))
}

/// Returns whether a line stands above the rows: the names of the columns, or the platform of an index.
pub(crate) fn has_heading(state: &State, pane: Pane) -> bool {
    match pane {
        Pane::Registries => false,
        // Also without other columns, so that rows do not move when the focus changes the width.
        Pane::Repositories => {
            state.registries.selected().is_some_and(|registry| !registry.repositories.names.items.is_empty())
        }
        Pane::Tags => !state.tags.tags.items.is_empty() || state.tags.opened.is_some(),
        Pane::Details => {
            state.detail.inspection.value.as_ref().is_some_and(|inspection| inspection.variants.len() > 1)
        }
    }
}

/// Returns whether a line stands below the rows: a failure, or data that is not complete, although there is something
/// to show.
pub(crate) fn has_foot(state: &State, pane: Pane) -> bool {
    match pane {
        Pane::Registries => false,
        Pane::Repositories => state.registries.selected().is_some_and(|registry| {
            let names = &registry.repositories.names;
            let is_partly_sorted = registry.repositories.known_count_text().is_some();
            names.incomplete.is_some()
                || registry.repositories.source.is_some()
                || (!names.items.is_empty() && (names.failure.is_some() || is_partly_sorted))
        }),
        Pane::Tags => {
            let tags = &state.tags.tags;
            let has_rows = !tags.items.is_empty() || state.tags.opened.is_some();
            tags.incomplete.is_some()
                || (has_rows && (tags.failure.is_some() || state.tags.known_count_text().is_some()))
                || state.tags.unfiltered_details_text().is_some()
        }
        Pane::Details => {
            let inspection = &state.detail.inspection;
            inspection.value.is_some() && inspection.failure.is_some()
        }
    }
}

/// Returns a box of at most this size over everything else, with its border.
pub(crate) fn overlay_box(state: &State, width: u16, height: u16) -> Rect {
    let (columns, rows) = state.size;
    let (width, height) = (width.min(columns.saturating_sub(2)), height.min(rows.saturating_sub(2)));
    Rect::new((columns - width) / 2, (rows - height) / 3, width, height)
}

/// Divides the Layers tab into the table (heading and rows) above and the details of the selected row below. The fewer
/// rows there are, the larger is the lower part. `area` is the inside of the pane.
pub(crate) fn layers(state: &State, area: Rect) -> (Rect, Rect) {
    let rows = u16::try_from(state.detail.layers.order.len()).unwrap_or(u16::MAX);
    let said = match area.height {
        0..12 => 0,
        height => height.saturating_sub(rows.saturating_add(1)).clamp((height / 3).clamp(5, 12), MOST_SAID),
    };
    let table = Rect::new(area.x, area.y, area.width, area.height - said);
    (table, Rect::new(area.x, area.y + table.height, area.width, said))
}

/// The parts of the Files tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilesPlaces {
    /// The line about the layer and the number of files.
    pub(crate) about: Rect,
    /// The names of the columns.
    pub(crate) heading: Rect,
    /// The rows.
    pub(crate) rows: Rect,
    /// The line about the reading, or the file under the cursor.
    pub(crate) foot: Rect,
}

/// Divides the Files tab. `area` is the inside of the pane.
pub(crate) fn files(area: Rect) -> FilesPlaces {
    let about = Rect { height: area.height.min(1), ..area };
    let heading = below(area, 1).intersection(Rect { height: area.height.min(2), ..area });
    let foot = u16::from(area.height > 3);
    let rows = Rect { height: area.height.saturating_sub(2 + foot), ..below(area, 2) };
    let foot = Rect { y: area.bottom().saturating_sub(foot), height: foot, ..area };
    FilesPlaces { about, heading, rows: rows.intersection(area), foot }
}

/// Largest number of lines for the details of one layer.
const MOST_SAID: u16 = 16;

/// Returns the tabs with the columns of their titles in the top border of the Details pane: ` Overview │ Layers `, from
/// the second column of the pane on. If there is no room for all, tabs in front are left out so that the open one is
/// visible, and so are tabs behind it whose whole title does not fit.
pub fn tab_columns(state: &State, details: Rect) -> Vec<(Tab, std::ops::Range<u16>)> {
    let tabs = shown_tabs(&state.detail);
    let end = details.right().saturating_sub(1);
    let room = end.saturating_sub(details.x + 2);
    let open = tabs.iter().position(|tab| *tab == state.detail.tab).unwrap_or(0);
    let width = |from: usize| {
        let titles: usize = tabs[from..=open].iter().map(|tab| tab.title().len()).sum();
        titles as u16 + TAB_GAP * (open - from) as u16 + if from > 0 { MORE_TABS } else { 0 }
    };
    let last = tabs.len() - 1;
    let room_to = |tab: usize| room.saturating_sub(if tab < last { MORE_TABS } else { 0 });
    let first = (0..=open).find(|from| width(*from) <= room_to(open)).unwrap_or(open);
    let mut x = details.x + 2 + if first > 0 { MORE_TABS } else { 0 };
    let mut columns = Vec::new();
    for (at, tab) in tabs.into_iter().enumerate().skip(first) {
        let width = tab.title().len() as u16;
        if at > open && x + width > end.saturating_sub(if at < last { MORE_TABS } else { 0 }) {
            break;
        }
        columns.push((tab, x.min(end)..(x + width).min(end)));
        x += width + TAB_GAP;
    }
    columns.retain(|(_, columns)| !columns.is_empty());
    columns
}

/// Columns between two titles of tabs.
pub(crate) const TAB_GAP: u16 = 3;
/// Columns of the sign for more tabs in front, or behind.
pub(crate) const MORE_TABS: u16 = 2;
