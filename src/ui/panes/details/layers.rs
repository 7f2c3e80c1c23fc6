//! The Layers tab: one row per step, the oldest first, and everything known about the selected step.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::{Pane, layout};
use crate::model::image::LayerRow;
use crate::model::text::SafeText;
use crate::model::{columns, size, time};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// Columns of the bar that shows a layer's share of the image.
const BAR: usize = 6;
/// Columns of the sizes.
const SIZE: usize = 8;
/// Columns of the ages.
const AGE: usize = 9;
/// Columns of the numbers of the layers.
const NUMBER: usize = 3;
/// The least width of the table, in columns, at which the bar is shown.
const WITH_BAR: u16 = 41;
/// The least width of the table, in columns, at which the age is shown.
const WITH_AGE: u16 = 54;
/// Columns of the labels below the table.
const LABEL: usize = 8;
/// The fewest lines of a command that are shown. The other facts may then be cut off.
const LEAST_COMMAND: usize = 2;
/// The eighths of a block, from empty to full.
const EIGHTHS: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

impl Canvas<'_, '_> {
    /// Draws the layers of the chosen platform.
    pub(crate) fn layers(&mut self, pane: Rect, area: Rect) {
        let Some(variant) = self.state.detail.selected_variant() else { return };
        let (table, said) = layout::layers(self.state, area);
        let mut heading = format!("  {} {}", columns::right("#", NUMBER), columns::right("SIZE", SIZE));
        heading.push_str("  ");
        if table.width >= WITH_BAR {
            heading.push_str(&columns::left("SHARE", BAR + 1));
        }
        if table.width >= WITH_AGE {
            heading.push_str(&columns::left("AGE", AGE + 1));
        }
        heading.push_str("INSTRUCTION");
        if variant.layers.approximate {
            heading.push_str("  (approximate)");
        }
        if variant.layers.left_out > 0 {
            heading.push_str(&format!("  (and {} more)", variant.layers.left_out));
        }
        let style = self.style(Role::Heading);
        self.draw_line(Rect { height: table.height.min(1), ..table }, Line::styled(heading, style));
        let rows = Rect::new(table.x, table.y + 1, table.width, table.height.saturating_sub(1));
        let list = &self.state.detail.layers;
        let total = variant.layers.size().unwrap_or(0);
        let numbers = layer_numbers(&variant.layers.rows);
        for (line, row) in list.visible_rows().enumerate() {
            let Some(item) = list.rows.get(row) else { continue };
            let number = numbers.get(*item as usize).copied().flatten();
            let Some(layer) = list.rows.get(row).and_then(|item| variant.layers.rows.get(*item as usize))
            else {
                continue;
            };
            let place = Rect::new(rows.x, rows.y + line as u16, rows.width, 1);
            let cells = self.layer_cells(layer, number, total, table.width);
            self.row(Pane::Details, place, list, row, cells);
        }
        if list.rows.is_empty() {
            let hint = self.key_hint("panes.back", "drops it");
            self.draw_text(rows, &[(Role::Text, "nothing fits the filter".into()), (Role::Dim, hint)]);
        }
        self.scrollbar(pane, rows, list.offset, list.rows.len());
        if let Some(layer) = list.selected().and_then(|row| variant.layers.rows.get(row)) {
            self.layer(said, layer, variant.layers.approximate);
        }
    }

    fn layer_cells(
        &self,
        row: &LayerRow,
        number: Option<usize>,
        total: u64,
        width: u16,
    ) -> Vec<Span<'static>> {
        let bytes = row.layer.as_ref().and_then(|layer| layer.size);
        let text = match (&row.layer, bytes) {
            (None, _) => String::new(),
            (Some(_), None) => "?".into(),
            (Some(_), Some(bytes)) => size::bytes(bytes),
        };
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        let mut cells = vec![
            Span::styled(columns::right(&number, NUMBER), self.style(Role::Dim)),
            Span::styled(columns::right(&text, SIZE + 1), self.style(Role::Number)),
            Span::raw("  "),
        ];
        if width >= WITH_BAR {
            cells.push(Span::styled(
                columns::left(&bar(bytes.unwrap_or(0), total), BAR + 1),
                self.style(Role::Number),
            ));
        }
        if width >= WITH_AGE {
            let age = row.created.map(|created| time::short_age(created, self.now)).unwrap_or_default();
            cells.push(Span::styled(columns::left(&age, AGE + 1), self.style(Role::Date)));
        }
        let step = SafeText::clean(row.step());
        let role = if row.layer.is_some() { Role::Text } else { Role::Dim };
        let step_cell = Span::styled(step.to_string(), self.style(role));
        cells.extend(self.matched_name(&self.state.detail.layers, step.as_str(), step_cell));
        cells
    }

    /// Draws everything known about one row: its command, cut so that the other facts fit below it, and these facts.
    fn layer(&mut self, area: Rect, row: &LayerRow, approximate: bool) {
        let style = self.style(Role::Border);
        let rule = Rect { height: area.height.min(1), ..area };
        self.draw_line(rule, Line::styled("─".repeat(area.width.into()), style));
        let below = Rect::new(area.x, area.y + rule.height, area.width, area.height - rule.height);
        let width = usize::from(below.width).saturating_sub(2);
        let height = usize::from(below.height);
        let facts = facts(row, approximate, width);
        let command = row.created_by.as_deref().unwrap_or_default();
        let mut lines: Vec<(Role, String)> = SafeText::lines(command)
            .take(height)
            .flat_map(|line| columns::wrap(line.as_str(), width))
            .map(|line| (Role::Text, line))
            .collect();
        let room = height.saturating_sub(facts.len()).max(LEAST_COMMAND);
        if lines.len() > room {
            lines.truncate(room);
            if let Some((_, last)) = lines.last_mut() {
                *last = columns::cut(&format!("{last} …"), width);
            }
        }
        lines.extend(facts);
        self.draw_text(below, &lines);
    }
}

/// Returns the facts about a row other than its command, as lines.
fn facts(row: &LayerRow, approximate: bool, width: usize) -> Vec<(Role, String)> {
    let mut facts: Vec<(Role, &str, SafeText)> = Vec::new();
    match &row.layer {
        Some(layer) => {
            facts.push((Role::Dim, "digest", SafeText::clean(&layer.digest_text)));
            facts.push((Role::Dim, "type", SafeText::clean(layer.media_type.as_str())));
        }
        None => facts.push((Role::Dim, "", "an empty step: it made no layer".into())),
    }
    facts.extend(row.diff_id.map(|diff_id| (Role::Dim, "diff id", SafeText::from(&diff_id))));
    if approximate {
        let text = "history and layers do not line up: this step may belong to another layer";
        facts.push((Role::Warn, "", text.into()));
    }
    if let Some(comment) = row.comment.as_deref().filter(|comment| !comment.is_empty()) {
        facts.push((Role::Dim, "comment", SafeText::clean(comment)));
    }
    facts.iter().flat_map(|(role, label, text)| labelled(*role, label, text, width)).collect()
}

/// Returns the lines of a text that stands behind a label. The lines after the first are indented by the width of the
/// label.
fn labelled(role: Role, label: &str, text: &SafeText, width: usize) -> Vec<(Role, String)> {
    let indent = if label.is_empty() { 0 } else { LABEL };
    let lines = columns::wrap(text.as_str(), width.saturating_sub(indent));
    let put = |(number, line): (usize, String)| {
        let label = if number == 0 { label } else { "" };
        (role, format!("{}{line}", columns::left(label, indent)))
    };
    lines.into_iter().enumerate().map(put).collect()
}

/// Returns the number of each row's layer among the layers of the image, from 1 on. Rows without a layer have none.
fn layer_numbers(rows: &[LayerRow]) -> Vec<Option<usize>> {
    let mut count = 0;
    let number = |row: &LayerRow| {
        row.layer.as_ref().map(|_| {
            count += 1;
            count
        })
    };
    rows.iter().map(number).collect()
}

/// Returns a bar that shows the share of a layer in the image.
fn bar(bytes: u64, total: u64) -> String {
    if total == 0 || bytes == 0 {
        return String::new();
    }
    let eighths = (bytes as f64 / total as f64 * (BAR * 8) as f64).ceil() as usize;
    let eighths = eighths.clamp(1, BAR * 8);
    format!("{}{}", EIGHTHS[8].repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_longer_than_its_room_and_never_invisible() {
        assert_eq!(bar(0, 10), "");
        assert_eq!(bar(1, 1_000_000), "▏");
        assert_eq!(bar(10, 10), "██████");
        assert_eq!(bar(5, 10), "███");
        assert_eq!(bar(u64::MAX, 1), "██████");
    }
}
