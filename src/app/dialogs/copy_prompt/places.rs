//! The areas of the prompt for the destination of a copy.

use ratatui::layout::Rect;

use super::{CopyPrompt, HELP};
use crate::app::State;
use crate::app::layout::{below, indented, inside, prompt_box, row};
use crate::model::columns;

/// The parts of the prompt for the destination of a copy.
#[derive(Debug)]
pub(crate) struct CopyPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The line about the images to copy.
    pub(crate) about: Rect,
    /// The text field.
    pub(crate) input: Rect,
    /// The lines about valid input or the problem with it.
    pub(crate) status: Rect,
    /// The rows that fit: indices into [`CopyPrompt::rows`].
    pub(crate) rows: Vec<(usize, Rect)>,
}

impl CopyPlaces {
    /// Computes the parts for this prompt. A problem gets the lines that it needs, as long as some room is left for the
    /// rows.
    pub(crate) fn of(state: &State, prompt: &CopyPrompt) -> CopyPlaces {
        let rows = prompt.rows().len();
        // Room for the matching names is kept, so that nothing jumps while they come and go.
        let height = rows - prompt.field.suggestions.len() + 10;
        let area = prompt_box(state, height);
        let inner = indented(inside(area));
        let needed = columns::wrap(prompt.field.status(HELP), inner.width.into()).len() as u16;
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
        let offset = prompt.field.cursor.saturating_sub(height);
        let switches = rows - 1 - prompt.field.suggestions.len();
        let gap = height.saturating_sub(rows - 1);
        let place = |at: usize| {
            let shift = if at > prompt.field.suggestions.len() && switches > 0 { gap } else { 0 };
            let line = (at - 1 - offset) + shift;
            (line < height).then(|| (at, row(body, line as u16)))
        };
        (1 + offset..rows).filter_map(place).collect()
    }
}
