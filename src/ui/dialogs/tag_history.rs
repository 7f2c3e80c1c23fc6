//! The past of a tag, or the removed tags of a repository and its images without a tag.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::tag_history::{TagHistoryDialog, TagHistoryEffect};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::tag_history::{PeriodState, TagPeriod};
use crate::model::{columns, size, time};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<TagHistoryEffect>] = <Box<TagHistoryDialog>>::BINDINGS;
/// Most columns of a tag.
const WIDEST_TAG: usize = 24;
/// Columns of a short digest.
const DIGEST: usize = 12;
/// Columns of a date and time.
const AT: usize = 23;
/// Columns of a date.
const DAY: usize = 10;
/// Columns of a size.
const SIZE: usize = 8;

impl Canvas<'_, '_> {
    /// Draws the periods, the newest first.
    pub(crate) fn tag_history(&mut self, dialog: &TagHistoryDialog) {
        let keys = &self.state.settings.keys;
        let is_loading = dialog.history.is_loading();
        let under_cursor = dialog.periods().get(dialog.cursor);
        let restore = match under_cursor {
            Some(period) if period.tag.is_none() => keys.hint_as(BINDINGS, TagHistoryEffect::Restore, "open"),
            Some(period) if !period.is_alive(self.now) => keys.hint(BINDINGS, TagHistoryEffect::Restore),
            _ => None,
        };
        let other = dialog.switch_label();
        let hints = join_hints([
            restore,
            other.and_then(|other| keys.hint_as(BINDINGS, TagHistoryEffect::Switch, other)),
            keys.hint(BINDINGS, TagHistoryEffect::Yank).filter(|_| under_cursor.is_some()),
            keys.cancel_hint(DIALOG_BINDINGS, "leave"),
        ]);
        let spinner = if is_loading { format!(" {}", self.spinner_frame()) } else { String::new() };
        let area = layout::log(self.state);
        let what = if dialog.subject.tag.is_some() { "Past of" } else { "Removed from" };
        let room = usize::from(area.width).saturating_sub(4);
        let title = columns::cut(&format!("{what} {}{spinner}", dialog.subject.name()), room);
        let inner = self.overlay(area, &title, &hints);
        match (&dialog.history.failure, &dialog.history.value) {
            (Some(failure), _) if !is_loading => {
                let again = keys.hint_as(BINDINGS, TagHistoryEffect::Refresh, "asks again");
                let cancel = keys.cancel_hint(DIALOG_BINDINGS, "leave");
                return self.failure(inner, failure, &join_hints([again, cancel]));
            }
            (_, None) => {
                return self.draw_text(inner, &[(Role::Dim, "asking the vendor's own API …".into())]);
            }
            _ => {}
        }
        let width = usize::from(inner.width);
        for (number, text) in dialog.head().iter().enumerate() {
            let style = self.style(if number == 0 { Role::Dim } else { Role::Warn });
            self.draw_line(layout::row(inner, number as u16), Line::styled(columns::cut(text, width), style));
        }
        let place = dialog.rows_area(self.state);
        let periods = dialog.periods();
        if periods.is_empty() {
            return;
        }
        let widths = PeriodColumns::of(width.saturating_sub(2), dialog);
        let above = Rect { y: place.y.saturating_sub(1), height: 1, ..place };
        let heading = format!("  {}", widths.line(["TAG", "FROM", "UNTIL", "DIGEST", "SIZE", "STATE"]));
        self.draw_line(above.intersection(inner), Line::styled(heading, self.style(Role::Heading)));
        let offset = layout::offset(dialog.cursor, place.height);
        for (at, period) in periods.iter().enumerate().skip(offset).take(place.height.into()) {
            let is_cursor = at == dialog.cursor;
            let role = match period.state(self.now) {
                _ if is_cursor => Role::Cursor,
                PeriodState::Current | PeriodState::Expires => Role::Text,
                PeriodState::Removed => Role::Warn,
                PeriodState::Moved | PeriodState::Untagged => Role::Dim,
            };
            let text = format!("{}{}", if is_cursor { "▌ " } else { "  " }, widths.row(period, self.now));
            let line = Line::styled(columns::left(&text, width), self.style(role));
            self.draw_line(layout::row(place, (at - offset) as u16), line);
        }
        self.scrollbar(area, place, offset, periods.len());
    }
}

/// The widths of the columns. Columns without room are left out.
struct PeriodColumns {
    tag: usize,
    at: usize,
    has_start: bool,
    has_end: bool,
    has_size: bool,
    has_digest: bool,
}

impl PeriodColumns {
    /// Distributes `room` columns. The state at the end of a row has at least the room of its longest text.
    fn of(room: usize, dialog: &TagHistoryDialog) -> PeriodColumns {
        let tags = dialog.periods().iter().filter_map(|period| period.tag.as_ref());
        let is_of_tag = dialog.subject.tag.is_some();
        let widest = tags.map(|tag| columns::width(tag.as_str())).max().unwrap_or(0);
        let tag = if is_of_tag { 0 } else { widest.clamp(3, WIDEST_TAG.min(room / 3).max(3)) + 2 };
        let mut left = room.saturating_sub(tag + DAY + 2 + columns::width(PeriodState::Removed.words()));
        let mut take = |columns: usize| {
            let fits = left >= columns;
            left -= if fits { columns } else { 0 };
            fits
        };
        let has_digest = take(DIGEST + 2);
        let has_both = take(DAY + 2);
        // The end of a removed tag says more than its start.
        let (has_start, has_end) = (has_both || is_of_tag, has_both || !is_of_tag);
        let has_size = take(SIZE + 2);
        let has_times = take((AT - DAY) * 2);
        PeriodColumns { tag, at: if has_times { AT } else { DAY }, has_start, has_end, has_size, has_digest }
    }

    fn line(&self, [tag, start, end, digest, size, state]: [&str; 6]) -> String {
        let mut text = String::new();
        if self.tag > 0 {
            text += &columns::left(&columns::cut_middle(tag, self.tag - 2), self.tag);
        }
        if self.has_start {
            text += &columns::left(start, self.at + 2);
        }
        if self.has_end {
            text += &columns::left(end, self.at + 2);
        }
        if self.has_digest {
            text += &columns::left(digest, DIGEST + 2);
        }
        if self.has_size {
            text += &format!("{}  ", columns::right(size, SIZE));
        }
        text + state
    }

    fn row(&self, period: &TagPeriod, now: Timestamp) -> String {
        let dash = || String::from("-");
        let at = |at: Option<Timestamp>| match at {
            Some(at) if self.at == AT => time::absolute(at),
            Some(at) => time::day(at),
            None => dash(),
        };
        let tag = period.tag.as_ref().map_or_else(dash, ToString::to_string);
        let digest = period.digest.map_or_else(dash, |digest| digest.short());
        let size = period.size.map_or_else(dash, |bytes| format!("~{}", size::bytes(bytes)));
        let (start, end, state) = (at(period.start), at(period.end), period.describe(now));
        self.line([&tag, &start, &end, &digest, &size, &state])
    }
}
