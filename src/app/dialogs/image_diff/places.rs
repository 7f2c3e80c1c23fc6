//! The parts of the dialog: the names of the tabs, the rows, and the lines around them. Drawing and the mouse share them.

use std::ops::Range;

use ratatui::layout::{Position, Rect};

use super::table::DiffRows;
use super::{DiffDialog, DiffTab};
use crate::app::{State, layout};
use crate::model::columns;

/// The columns between the names of two tabs.
pub(crate) const TAB_GAP: u16 = 3;
/// Most lines of the counts.
const MOST_OF_SUMMARY: usize = 2;
/// The least number of lines for rows at which the facts about the selected one are shown too.
const WITH_FACTS: u16 = 6;

/// The parts of the dialog.
#[derive(Debug)]
pub(crate) struct DiffPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The line with the names of the tabs.
    pub(crate) tabs: Rect,
    /// Each tab with the columns of its name.
    pub(crate) tab_columns: Vec<(DiffTab, Range<u16>)>,
    /// The lines with the counts, in the tabs with tables.
    pub(crate) summary: Rect,
    /// The counts.
    pub(crate) summary_lines: Vec<String>,
    /// The names of the columns.
    pub(crate) heading: Rect,
    /// The rows.
    pub(crate) rows: Rect,
    /// The lines about the row under the cursor; none if there is no room.
    pub(crate) facts: Rect,
    /// The line with the words of the filter; none if there are no words.
    pub(crate) words: Rect,
}

impl DiffPlaces {
    /// Computes the parts.
    pub(crate) fn of(state: &State, dialog: &DiffDialog) -> DiffPlaces {
        let area = layout::log(state);
        let inner = layout::indented(layout::inside(area));
        let tabs = layout::row(inner, 0);
        let mut x = tabs.x;
        let mut tab_columns = Vec::new();
        for tab in dialog.tabs() {
            let width = tab.title().len() as u16;
            tab_columns.push((*tab, x.min(tabs.right())..(x + width).min(tabs.right())));
            x += width + TAB_GAP;
        }
        let body = layout::below(inner, 1);
        let none = Rect { height: 0, ..body };
        let mut places = DiffPlaces {
            area,
            tabs,
            tab_columns,
            summary: none,
            summary_lines: Vec::new(),
            heading: none,
            rows: body,
            facts: none,
            words: none,
        };
        let Some(table) = dialog.table().filter(|table| table.rows.is_some()) else { return places };
        let summary = table.rows.as_ref().map(DiffRows::describe).unwrap_or_default();
        places.summary_lines = columns::wrap_into(&summary, body.width.into(), MOST_OF_SUMMARY);
        let height = (places.summary_lines.len() as u16).min(body.height);
        places.summary = Rect { height, ..body };
        places.heading = layout::row(body, height);
        let mut rows = layout::below(body, height + 1);
        if table.is_typing || table.is_filtered() {
            let height = rows.height.min(1);
            places.words = Rect { y: rows.bottom() - height, height, ..rows };
            rows.height -= height;
        }
        if rows.height >= WITH_FACTS + 2 {
            places.facts = Rect { y: rows.bottom() - 2, height: 2, ..rows };
            rows.height -= 2;
        }
        places.rows = rows;
        places
    }

    /// Returns the columns of a row behind the mark of the cursor.
    pub(crate) fn text_width(&self) -> usize {
        usize::from(self.rows.width).saturating_sub(2)
    }

    /// Returns the tab whose name is at a position.
    pub(super) fn tab_at(&self, at: Position) -> Option<DiffTab> {
        let is_there = |(_, columns): &&(DiffTab, Range<u16>)| self.tabs.y == at.y && columns.contains(&at.x);
        self.tab_columns.iter().find(is_there).map(|(tab, _)| *tab)
    }
}
