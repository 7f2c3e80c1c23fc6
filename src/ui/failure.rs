//! What failed, in its place: what, why, and what may help.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Canvas;
use super::theme::Role;
use crate::model::columns;
use crate::model::failure::Failure;

impl Canvas<'_, '_> {
    /// Where there is nothing else to show. `next` says which keys help.
    pub fn failure(&mut self, area: Rect, failure: &Failure, next: &str) {
        let mut lines = vec![(Role::Bad, failure.what.to_string()), (Role::Text, failure.why.to_string())];
        if let Some(hint) = &failure.hint {
            lines.push((Role::Text, String::new()));
            lines.push((Role::Warn, format!("hint: {hint}")));
        }
        lines.push((Role::Text, String::new()));
        lines.push((Role::Dim, next.to_string()));
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
