//! What failed, in its place: what, why, and what may help.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Canvas;
use super::theme::Role;
use crate::model::columns;
use crate::model::failure::Failure;

impl Canvas<'_, '_> {
    /// Where there is nothing else to show. `next` says which keys help. Where it does not fit, empty lines go first,
    /// then the end of what failed and of why; the hint and the next key stay.
    pub fn failure(&mut self, area: Rect, failure: &Failure, next: &str) {
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
        let mut lines = match what.len() + why.len() <= room_above {
            true => [what, why].concat(),
            false => {
                let mut lines = vec![(Role::Bad, columns::cut(failure.what.as_str(), room))];
                lines.extend(shortened(why, room_above.saturating_sub(1).max(1), room));
                lines
            }
        };
        for part in [hint, next].into_iter().filter(|part| !part.is_empty()) {
            if is_spacious {
                lines.push((Role::Text, String::new()));
            }
            lines.extend(part);
        }
        self.say(area, &lines);
    }

    /// In one line under what is still shown.
    pub fn foot(&mut self, area: Rect, role: Role, text: &str) {
        let place = Rect::new(area.x + 1, area.bottom().saturating_sub(2), area.width.saturating_sub(2), 1);
        let text = columns::left(&format!(" {text}"), place.width.into());
        let style = self.style(role);
        self.put(place, Line::styled(text, style));
    }
}

/// The first `most` lines, the last one marked where some are missing.
fn shortened(mut lines: Vec<(Role, String)>, most: usize, room: usize) -> Vec<(Role, String)> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some((_, last)) = lines.last_mut() {
            *last = format!("{}…", columns::cut(last, room.saturating_sub(1)).trim_end_matches('…'));
        }
    }
    lines
}
