//! Failures, drawn in the place of the contents that could not be loaded: the failed action, the reason, and a hint.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Canvas;
use super::theme::Role;
use crate::model::columns;
use crate::model::failure::Failure;

impl Canvas<'_, '_> {
    /// Draws a failure in an area that has nothing else to show. `next` names the keys that help.
    ///
    /// If the area is too small, the empty lines are left out first. Then the ends of the failed action and of the
    /// reason are cut off. The hint and `next` are always shown.
    pub(crate) fn failure(&mut self, area: Rect, failure: &Failure, next: &str) {
        let room = usize::from(area.width.saturating_sub(2));
        let wrapped = |role, text: &str| columns::wrap(text, room).into_iter().map(move |line| (role, line));
        let what: Vec<_> = wrapped(Role::Bad, failure.what.as_str()).collect();
        let why: Vec<_> = wrapped(Role::Text, failure.why.as_str()).collect();
        let hint = failure.hint.as_ref().map(|hint| format!("hint: {hint}"));
        let hint: Vec<_> = hint.iter().flat_map(|hint| wrapped(Role::Warn, hint)).collect();
        let next: Vec<_> = wrapped(Role::Dim, next).collect();
        let room_above = usize::from(area.height).saturating_sub(hint.len() + next.len());
        let gaps = 1 + usize::from(!hint.is_empty());
        let is_spacious = what.len() + why.len() + gaps <= room_above;
        let mut lines = if what.len() + why.len() <= room_above {
            [what, why].concat()
        } else {
            let mut lines = vec![(Role::Bad, columns::cut(failure.what.as_str(), room))];
            lines.extend(truncate_lines(why, room_above.saturating_sub(1).max(1), room));
            lines
        };
        for part in [hint, next].into_iter().filter(|part| !part.is_empty()) {
            if is_spacious {
                lines.push((Role::Text, String::new()));
            }
            lines.extend(part);
        }
        self.draw_text(area, &lines);
    }

    /// Draws one line above the lower border of a pane, over its contents.
    pub(crate) fn foot(&mut self, area: Rect, role: Role, text: &str) {
        let place = Rect::new(area.x + 1, area.bottom().saturating_sub(2), area.width.saturating_sub(2), 1);
        let text = columns::left(&format!(" {text}"), place.width.into());
        let style = self.style(role);
        self.draw_line(place, Line::styled(text, style));
    }
}

/// Returns the first `most` lines. The last one ends with `…` if lines were left out.
fn truncate_lines(mut lines: Vec<(Role, String)>, most: usize, room: usize) -> Vec<(Role, String)> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some((_, last)) = lines.last_mut() {
            *last = format!("{}…", columns::cut(last, room.saturating_sub(1)).trim_end_matches('…'));
        }
    }
    lines
}
