//! The tag since which images have something: the price or the progress, then the images with their answers.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::since::{SinceDialog, SinceEffect};
use crate::app::keys::{Binding, DIALOG_BINDINGS, join_hints};
use crate::app::layout;
use crate::model::plural::counted;
use crate::model::since::SinceRow;
use crate::model::{columns, size, time};
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of the dialog.
const BINDINGS: &[Binding<SinceEffect>] = <Box<SinceDialog>>::BINDINGS;
/// Most columns of a tag.
const WIDEST_TAG: usize = 32;
/// Columns of a short digest.
const DIGEST: usize = 12;
/// Columns of an age.
const AGE: usize = 9;
/// The width from which digests are shown.
const WITH_DIGEST: u16 = 60;

impl Canvas<'_, '_> {
    /// Draws the answers.
    pub(crate) fn since(&mut self, dialog: &SinceDialog) {
        let keys = &self.state.settings.keys;
        let is_loading = dialog.report.is_loading();
        let other = if dialog.request.bisects { "all images" } else { "binary search" };
        let pauses = is_loading && !dialog.is_paused && dialog.request.question.is_about_files();
        let cancel = if pauses { "pause" } else { "leave" };
        let open = match (&dialog.price, is_loading) {
            (Some(_), _) => keys.hint_as(BINDINGS, SinceEffect::Open, "begin"),
            (None, true) if dialog.is_paused => keys.hint_as(BINDINGS, SinceEffect::Open, "go on"),
            (None, true) => None,
            (None, false) => {
                keys.hint(BINDINGS, SinceEffect::Open).filter(|_| dialog.rows().next().is_some())
            }
        };
        let hints = join_hints([
            open,
            keys.hint_as(BINDINGS, SinceEffect::Bisect, other),
            keys.cancel_hint(DIALOG_BINDINGS, cancel),
        ]);
        let spinner = if is_loading { format!(" {}", self.spinner_frame()) } else { String::new() };
        let title = format!("Since which tag: {}{spinner}", dialog.title());
        let area = layout::log(self.state);
        let inner = self.overlay(area, &title, &hints);
        if dialog.report.value.is_none() || is_loading || dialog.price.is_some() {
            return self.unanswered_since(inner, dialog);
        }
        let width = usize::from(inner.width);
        for (number, text) in dialog.shown_head(self.state).iter().enumerate() {
            let style = self.style(if number == 0 { Role::Text } else { Role::Dim });
            self.draw_line(layout::row(inner, number as u16), Line::styled(columns::cut(text, width), style));
        }
        let place = dialog.rows_area(self.state);
        let tags = dialog.rows().map(|row| columns::width(row.tag.as_str())).max().unwrap_or(0);
        let columns = SinceColumns { tag: tags.clamp(3, WIDEST_TAG), has_digest: inner.width >= WITH_DIGEST };
        let heading = columns.line("TAG", "DIGEST", "AGE", "");
        let heading = Line::styled(format!("  {heading}"), self.style(Role::Heading));
        let above = Rect { y: place.y.saturating_sub(1), height: 1, ..place };
        self.draw_line(above.intersection(inner), heading);
        let offset = layout::offset(dialog.cursor, place.height);
        let first = dialog.report.value.as_ref().and_then(|report| report.row_of_first());
        let is_open = dialog.report.value.as_ref().and_then(|report| report.first());
        let is_open = is_open.is_some_and(|first| !first.unknown.is_empty());
        let count = dialog.rows().count();
        for (at, row) in dialog.rows().enumerate().skip(offset).take(place.height.into()) {
            let is_cursor = at == dialog.cursor;
            let label = match first.is_some_and(|first| first + 1 + at == count) {
                true if is_open => "first?: ",
                true => "first: ",
                false => "",
            };
            let role = match row.holds() {
                _ if is_cursor => Role::Cursor,
                Some(true) => Role::Text,
                Some(false) => Role::Dim,
                None => Role::Warn,
            };
            let text = columns.row(row, label, self.now);
            let text = format!("{}{text}", if is_cursor { "▌ " } else { "  " });
            let line = Line::styled(columns::left(&text, width), self.style(role));
            self.draw_line(layout::row(place, (at - offset) as u16), line);
        }
        self.scrollbar(area, place, offset, count);
    }

    /// Draws the price, the progress or the failure.
    fn unanswered_since(&mut self, inner: Rect, dialog: &SinceDialog) {
        let keys = &self.state.settings.keys;
        let cancel = keys.cancel_hint(DIALOG_BINDINGS, "leave");
        match (&dialog.price, &dialog.report.failure) {
            (Some(price), _) => {
                let begin = keys.hint_as(BINDINGS, SinceEffect::Open, "begins");
                let host = &dialog.request.repository.host;
                let price = format!("the answer {}", self.state.describe_price(price, host, self.now));
                let hints = join_hints([begin, cancel]);
                let mut lines = vec![(Role::Text, price), (Role::Dim, hints)];
                if !dialog.request.bisects {
                    let bisect = keys.hint_as(BINDINGS, SinceEffect::Bisect, "looks at a few images only");
                    let right = "right if everything that came stays";
                    lines.extend(bisect.map(|bisect| (Role::Dim, format!("{bisect}: {right}"))));
                }
                self.draw_text(inner, &lines);
            }
            (None, Some(failure)) if !dialog.report.is_loading() => {
                let again = keys.hint_as(BINDINGS, SinceEffect::Refresh, "asks again");
                self.failure(inner, failure, &join_hints([again, cancel]));
            }
            _ => {
                let mut lines = vec![(Role::Dim, progress_text(dialog, dialog.rate(self.now)))];
                if dialog.is_paused {
                    let goes_on = keys.hint_as(BINDINGS, SinceEffect::Open, "goes on");
                    lines.push((Role::Warn, join_hints([Some("paused".into()), goes_on, cancel])));
                }
                self.draw_text(inner, &lines);
            }
        }
    }
}

/// Returns the progress: `12 of 40 images looked at, 3.2 MB read, 1.1 MB/s`.
fn progress_text(dialog: &SinceDialog, rate: Option<u64>) -> String {
    let progress = &dialog.progress;
    if progress.images == 0 {
        return "listing the tags …".into();
    }
    let mut text =
        format!("{} of {} looked at", progress.looked_at, counted(progress.images, "image", "images"));
    if progress.bytes_read > 0 {
        text.push_str(&format!(", {} read", size::bytes(progress.bytes_read)));
        if let Some(rate) = rate {
            text.push_str(&format!(", {}/s", size::bytes(rate)));
        }
    }
    text
}

/// The columns of the rows.
struct SinceColumns {
    tag: usize,
    has_digest: bool,
}

impl SinceColumns {
    fn line(&self, tag: &str, digest: &str, age: &str, state: &str) -> String {
        let digest = if self.has_digest { columns::left(digest, DIGEST) + "  " } else { String::new() };
        format!("{}  {digest}{}  {state}", columns::left(tag, self.tag), columns::right(age, AGE))
    }

    fn row(&self, row: &SinceRow, label: &str, now: jiff::Timestamp) -> String {
        let digest = row.digest.map_or_else(|| "-".into(), |digest| digest.short());
        let age = row.created.map_or_else(|| "-".into(), |created| time::short_age(created, now));
        self.line(row.tag.as_str(), &digest, &age, &format!("{label}{}", row.state()))
    }
}
