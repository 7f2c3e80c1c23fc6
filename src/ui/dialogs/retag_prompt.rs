//! The prompt for new tags. It shows the new names while the user types.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::retag_prompt::{Retag, RetagEffect};
use crate::app::keys::{PROMPT_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the prompt.
    pub(crate) fn retag_prompt(&mut self, prompt: &Retag) {
        let places = crate::app::dialogs::retag_prompt::RetagPlaces::of(self.state, prompt);
        let title = if prompt.removes_old_tags { "Rename" } else { "Retag" };
        let keys = &self.state.settings.keys;
        let hints = join_hints([
            keys.hint(Retag::BINDINGS, RetagEffect::Plan),
            keys.hint(Retag::BINDINGS, RetagEffect::Rename),
            keys.cancel_hint(PROMPT_BINDINGS, "leave"),
        ]);
        self.overlay(places.area, title, &hints);
        let about = match prompt.images.as_slice() {
            [image] => format!("{}:{image}", prompt.from),
            images => format!("{} tags of {}", images.len(), prompt.from),
        };
        let style = self.style(Role::Text);
        self.draw_line(
            places.about,
            Line::styled(columns::cut_front(&about, places.about.width.into()), style),
        );
        let toggle = keys.hint_as(Retag::BINDINGS, RetagEffect::Switch, "switches").unwrap_or_default();
        self.switch(
            places.switch,
            prompt.removes_old_tags,
            prompt.is_on_switch(),
            "untag the old name afterwards: rename",
            &toggle,
        );
        let names = prompt.field.suggestions.len() as u16;
        for at in 0..names.min(places.names.height) {
            self.suggestion(layout::row(places.names, at), &prompt.field, at.into());
        }
        self.new_names(prompt, layout::below(places.names, names));
        self.field(places.input, places.status, &prompt.field, &prompt.help());
    }

    /// Draws a switch of a prompt.
    pub(crate) fn switch(&mut self, area: Rect, is_on: bool, is_cursor: bool, text: &str, toggle: &str) {
        let base = self.style(if is_cursor { Role::Cursor } else { Role::Text });
        let marker = if is_cursor { "▌" } else { " " };
        let sign = if is_on { "[x]" } else { "[ ]" };
        let about = if is_cursor { format!("  {toggle}") } else { String::new() };
        let text = columns::left(&format!("{marker}{sign} {text}{about}"), area.width.into());
        self.draw_line(area, Line::styled(text, base));
    }

    fn new_names(&mut self, prompt: &Retag, area: Rect) {
        let Ok(targets) = prompt.targets() else { return };
        let names = targets.iter().map(|(old, ..)| columns::width(&old.to_string())).max().unwrap_or(0);
        let names = names.min(usize::from(area.width) / 2);
        let height = usize::from(area.height);
        let shown = if targets.len() > height { height.saturating_sub(1) } else { targets.len() };
        for (row, (old, repository, tag)) in targets.iter().take(shown).enumerate() {
            let new = if *repository == prompt.from {
                tag.to_string()
            } else {
                format!("{}:{tag}", repository.name)
            };
            // Long names often differ only at the beginning or at the end, so they are cut in the middle.
            let old = columns::left(&columns::cut_middle(&old.to_string(), names), names);
            let new = columns::cut_middle(&new, usize::from(area.width).saturating_sub(names + 3));
            let line = Line::from(vec![
                Span::styled(old, self.style(Role::Text)),
                Span::styled(" → ", self.style(Role::Dim)),
                Span::styled(new, self.style(Role::Strong)),
            ]);
            self.draw_line(Rect::new(area.x, area.y + row as u16, area.width, 1), line);
        }
        if shown < targets.len() && height > 0 {
            let text = format!("and {} more", targets.len() - shown);
            let style = self.style(Role::Dim);
            self.draw_line(
                Rect::new(area.x, area.y + shown as u16, area.width, 1),
                Line::styled(text, style),
            );
        }
    }
}
