//! The comparison of two repositories, tag by tag.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::comparison::{self, ComparisonDialog, ComparisonEffect};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::model::change::comparison::{ComparisonRow, Standing};
use crate::model::columns;
use crate::model::digest::Digest;
use crate::ui::Canvas;
use crate::ui::panes::marked_text;
use crate::ui::theme::Role;

/// Columns of a short digest.
const DIGEST: usize = 12;
/// Columns of the word between the sides.
const WORD: usize = 9;
/// The least width of the dialog, in columns, at which the digests are shown.
const WITH_DIGESTS: u16 = 56;

/// The keys of a comparison.
const BINDINGS: &[Binding<ComparisonEffect>] = <Box<ComparisonDialog>>::BINDINGS;

impl Canvas<'_, '_> {
    /// Draws a comparison.
    pub(crate) fn comparison(&mut self, comparison: &ComparisonDialog) {
        let title = match (comparison.rows.is_loading(), marked_text(&comparison.list)) {
            (true, _) => format!("Compare {}", self.spinner_frame()),
            (false, None) => "Compare".to_string(),
            (false, Some(marked)) => format!("Compare · {marked}"),
        };
        let keys = &self.state.settings.keys;
        let hint = |effect| keys.hint(BINDINGS, effect);
        let hints = join_hints([
            hint(ComparisonEffect::Copy),
            hint(ComparisonEffect::Mark),
            hint(ComparisonEffect::MarkAll),
            hint(ComparisonEffect::Swap),
            hint(ComparisonEffect::HideSame),
            keys.cancel_hint(DIALOG_BINDINGS, "leave"),
        ]);
        let area = comparison::area(self.state);
        let inner = self.overlay(area, &title, &hints);
        let line = |row: u16| Rect::new(inner.x + 1, inner.y + row, inner.width.saturating_sub(2), 1);
        let style = self.style(Role::Strong);
        self.draw_line(line(0), Line::styled(sides(comparison, line(0).width.into()), style));
        let rows = comparison::rows_area(self.state);
        let Some(found) = &comparison.rows.value else {
            return match &comparison.rows.failure {
                Some(failure) if !comparison.rows.is_loading() => {
                    let below = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
                    let verb = if failure.is_over_budget() { "goes on nevertheless" } else { "asks again" };
                    let again = keys.hint_as(BINDINGS, ComparisonEffect::Refresh, verb);
                    let hints = join_hints([again, keys.cancel_hint(DIALOG_BINDINGS, "leave")]);
                    self.failure(below, failure, &hints);
                }
                _ => self.draw_text(
                    rows,
                    &[(Role::Dim, "asking both sides for the digests of their tags".into())],
                ),
            };
        };
        let (role, said) = match (&comparison.rows.failure, found.incomplete.first()) {
            (Some(failure), _) => (Role::Bad, failure.why.to_string()),
            (None, Some(why)) => (Role::Warn, format!("{}; {why}", found.summary())),
            (None, None) => (Role::Dim, found.summary().to_string()),
        };
        let style = self.style(role);
        self.draw_line(line(1), Line::styled(columns::cut(&said, line(1).width.into()), style));
        let names = found.rows.iter().map(|row| columns::width(row.tag.as_str())).max().unwrap_or(0);
        let columns = ComparisonColumns::fit(inner.width, names);
        let heading = columns.heading();
        let style = self.style(Role::Heading);
        self.draw_line(Rect { y: inner.y + 2, height: 1, ..inner }, Line::styled(heading, style));
        if comparison.list.rows.is_empty() && !found.rows.is_empty() {
            let all = format!("shows all {}", found.rows.len());
            let all = keys.hint_as(BINDINGS, ComparisonEffect::HideSame, &all).unwrap_or_default();
            let said = format!("no tag differs; {all}");
            return self.draw_text(rows, &[(Role::Dim, said)]);
        }
        for row in comparison.list.visible_rows() {
            let Some(item) = comparison.list.rows.get(row) else { continue };
            let Some(found) = comparison.row(*item as usize) else { continue };
            let at = row - comparison.list.offset;
            if at < usize::from(rows.height) {
                let place = Rect::new(rows.x, rows.y + at as u16, rows.width, 1);
                let is_marked = comparison.list.marks.contains(*item);
                self.comparison_row(place, found, &columns, row == comparison.list.cursor, is_marked);
            }
        }
        self.scrollbar(area, rows, comparison.list.offset, comparison.list.rows.len());
    }

    fn comparison_row(
        &mut self,
        area: Rect,
        row: &ComparisonRow,
        columns: &ComparisonColumns,
        is_cursor: bool,
        is_marked: bool,
    ) {
        let base = self.style(if is_cursor { Role::Cursor } else { Role::Text });
        if is_cursor {
            self.frame.buffer_mut().set_style(area, base);
        }
        let style = |role| if is_cursor { base } else { self.style(role) };
        let (role, word) = (role(row.standing), row.standing.label());
        let mut line = vec![
            Span::styled(if is_cursor { "▌" } else { " " }, style(Role::Marker)),
            Span::styled(if is_marked { "*" } else { " " }, style(Role::Mark)),
            Span::styled(columns::left(row.tag.as_str(), columns.tag), style(Role::Text)),
        ];
        if columns.digests {
            line.push(Span::styled(format!("  {}", short(row.left)), style(Role::Dim)));
        }
        line.push(Span::styled(format!("  {}", columns::left(word, WORD)), style(role)));
        if columns.digests {
            line.push(Span::styled(short(row.right), style(Role::Dim)));
        }
        self.draw_line(area, Line::from(line).style(base));
    }
}

/// Returns the line that names both sides, within `columns` columns. If both repositories have the same name, it is
/// written once. The name is then shortened before the hosts are, because only the hosts tell the sides apart.
fn sides(comparison: &ComparisonDialog, columns: usize) -> String {
    let (left, right) = (&comparison.left, &comparison.right);
    let (shared, left, right) = if left.name == right.name {
        (format!("{}: ", left.name), left.host.to_string(), right.host.to_string())
    } else {
        (String::new(), left.to_string(), right.to_string())
    };
    let whole = format!("{shared}{left} → {right}");
    if columns::width(&whole) <= columns {
        return whole;
    }
    let side = (columns.saturating_sub(" → ".chars().count())) / 2;
    let sides = format!("{} → {}", columns::cut_middle(&left, side), columns::cut_middle(&right, side));
    let room = columns.saturating_sub(columns::width(&sides));
    // About ten columns of the name are useful; fewer are not.
    let shared = if room < 10 { String::new() } else { columns::cut_middle(&shared, room) };
    shared + &sides
}

/// The widths of the columns of a comparison.
struct ComparisonColumns {
    tag: usize,
    digests: bool,
}

impl ComparisonColumns {
    fn fit(width: u16, longest: usize) -> ComparisonColumns {
        let digests = width >= WITH_DIGESTS;
        let others = 2 + 2 + WORD + if digests { 2 * DIGEST + 2 } else { 0 };
        let room = usize::from(width).saturating_sub(others + 1);
        ComparisonColumns { tag: longest.max(3).min(room), digests }
    }

    fn heading(&self) -> String {
        let tag = columns::left("TAG", self.tag);
        if self.digests {
            format!("  {tag}  {}  {}RIGHT", columns::left("LEFT", DIGEST), " ".repeat(WORD))
        } else {
            format!("  {tag}  ON THE RIGHT")
        }
    }
}

fn short(digest: Option<Digest>) -> String {
    columns::left(&digest.map_or("-".into(), |digest| digest.short()), DIGEST)
}

fn role(standing: Standing) -> Role {
    match standing {
        Standing::Same => Role::Dim,
        Standing::Moved => Role::Warn,
        Standing::Missing => Role::Good,
        Standing::Extra => Role::Shared,
        Standing::Unknown => Role::Bad,
    }
}
