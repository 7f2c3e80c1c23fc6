//! The search in the texts of the Details pane. A long text is searched in parts, and keys are taken between the parts.

use jiff::Timestamp;

use super::{Tab, Text, overview, referrers};
use crate::app::filter::Word;
use crate::app::layout;
use crate::app::{Pane, State};
use crate::model::plural::{counted, group_thousands};

/// Number of lines that a search examines in one part.
const LINES: usize = 2_048;
/// Number of bytes after which a part ends, however few its lines are.
const BYTES: usize = 512 * 1024;
/// Number of lines that are laid out at once.
const LAID_OUT: usize = 256;

/// A search in the text of a tab.
#[derive(Debug)]
pub(crate) struct TextSearch {
    typed: String,
    word: Word,
    /// The lines that contain the text, from top to bottom.
    found: Vec<usize>,
    /// The line that the search stands at: an index into `found`.
    at: Option<usize>,
    /// The first line that was not examined yet.
    next: usize,
    /// Whether all lines were examined.
    is_finished: bool,
    /// The line shown at the top when the search began.
    origin: usize,
    /// Whether the search goes to the first line found from the origin on.
    is_going: bool,
}

impl TextSearch {
    /// Begins to search from a line on.
    pub(crate) fn of(typed: &str, origin: usize) -> TextSearch {
        TextSearch {
            typed: typed.into(),
            word: Word::plain(typed),
            found: Vec::new(),
            at: None,
            next: 0,
            is_finished: false,
            origin,
            is_going: true,
        }
    }

    /// Searches another text, without going to a line of it.
    pub(crate) fn restart(&mut self) {
        *self = TextSearch { is_going: false, ..TextSearch::of(&self.typed, 0) };
    }

    /// Returns the text searched for.
    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// Returns the word to highlight.
    pub(crate) fn word(&self) -> &Word {
        &self.word
    }

    /// Returns the line shown at the top when the search began.
    pub(crate) fn origin(&self) -> usize {
        self.origin
    }

    /// Returns the line that the search stands at.
    pub(crate) fn line(&self) -> Option<usize> {
        self.found.get(self.at?).copied()
    }

    /// Returns whether lines are left to examine.
    pub(crate) fn is_searching(&self) -> bool {
        !self.is_finished
    }

    /// Returns the number of lines found, in words: `3 of 12`, with `…` while more may be found.
    pub(crate) fn count_text(&self) -> String {
        let more = if self.is_finished { "" } else { "…" };
        match (self.found.len(), self.at) {
            (0, _) if self.is_finished => "not found".into(),
            (all, None) => format!("{}{more}", counted(all, "line", "lines")),
            (all, Some(at)) => format!("{} of {}{more}", group_thousands(at + 1), group_thousands(all)),
        }
    }

    /// Examines the next lines. Returns the line to go to, if it was found now.
    fn take(&mut self, lines: &[String], is_end: bool) -> Option<usize> {
        for (line, number) in lines.iter().zip(self.next..) {
            if !self.word.places_in(line).is_empty() {
                self.found.push(number);
            }
        }
        self.next += lines.len();
        self.is_finished = is_end;
        if !self.is_going {
            return None;
        }
        let from_origin = self.found.iter().position(|line| *line >= self.origin);
        self.at = from_origin.or_else(|| (is_end && !self.found.is_empty()).then_some(0));
        self.is_going = self.at.is_none() && !is_end;
        self.line()
    }

    /// Goes to the next line found, or the previous one, in a circle. `top` is the line at the top of the screen, which
    /// counts if the search stands at no line. Returns the line.
    pub(crate) fn step(&mut self, by: isize, top: usize) -> Option<usize> {
        let all = self.found.len() as isize;
        let before = self.found.partition_point(|line| *line < top) as isize;
        let next = match self.at {
            Some(at) => at as isize + by,
            None if by > 0 => before,
            None => before - 1,
        };
        self.at = (all > 0).then(|| next.rem_euclid(all.max(1)) as usize);
        self.is_going = false;
        self.line()
    }
}

/// Returns at most `count` lines of the text of a tab, beginning with line `from`, laid out for these columns. The
/// Layers tab is a list and has no lines.
pub(crate) fn text_lines(
    state: &State,
    tab: Tab,
    from: usize,
    count: usize,
    columns: usize,
    now: Timestamp,
) -> Vec<String> {
    let of_text = |text: &Text| text.window(from, count).iter().map(|line| line.text()).collect();
    let part = |lines: Vec<String>| lines.into_iter().skip(from).take(count).collect();
    match tab {
        Tab::Overview => {
            let rows = overview::rows(state, columns.saturating_sub(2), now);
            part(rows.iter().map(overview::OverviewRow::line).collect())
        }
        Tab::Layers => Vec::new(),
        Tab::Config => of_text(&state.detail.config),
        Tab::Manifest => of_text(&state.detail.manifest),
        Tab::Referrers => part(referrers::lines(state)),
    }
}

/// Examines another part of the text of the open tab, and goes to the line found.
pub(crate) fn search_next_part(state: &mut State, now: Timestamp) {
    let tab = state.detail.tab;
    let Some(mut search) = state.detail.search.take_if(|search| search.is_searching() && !tab.is_list())
    else {
        return;
    };
    let width = usize::from(layout::rows(state, &layout::of(state), Pane::Details).width);
    let end = search.next + LINES;
    let mut bytes = 0;
    while search.is_searching() && search.next < end && bytes < BYTES {
        // Only JSON may be long, and only its window is laid out.
        let count = if matches!(tab, Tab::Config | Tab::Manifest) { LAID_OUT } else { usize::MAX };
        let lines = text_lines(state, tab, search.next, count, width, now);
        bytes += lines.iter().map(String::len).sum::<usize>();
        let is_end = lines.len() < count;
        if let Some(line) = search.take(&lines, is_end) {
            state.detail.show_line(line);
        }
    }
    state.detail.search = Some(search);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::app::panes::details::TextPart;
    use crate::model::json::Outline;

    /// Returns a search through lines, some at a time, and the line that it went to.
    fn search(typed: &str, origin: usize, lines: &[&str], at_once: usize) -> (TextSearch, Option<usize>) {
        let mut search = TextSearch::of(typed, origin);
        let mut line = None;
        let lines: Vec<String> = lines.iter().map(|line| line.to_string()).collect();
        for (number, part) in lines.chunks(at_once).enumerate() {
            line = search.take(part, (number + 1) * at_once >= lines.len()).or(line);
        }
        (search, line)
    }

    #[test]
    fn a_search_goes_to_the_first_line_from_where_it_began_and_around() {
        let lines = ["one", "Two", "one two", "three", "two"];
        let table = [
            ("two", 0, Some(1), "1 of 3"),
            ("two", 2, Some(2), "2 of 3"),
            ("two", 3, Some(4), "3 of 3"),
            ("Two", 2, Some(1), "1 of 1"),
            ("one t", 4, Some(2), "1 of 1"),
            ("four", 0, None, "not found"),
        ];
        for (typed, origin, line, count) in table {
            for at_once in [1, 2, 9] {
                let (search, went) = search(typed, origin, &lines, at_once);
                assert_eq!((went, search.count_text().as_str()), (line, count), "{typed} from {origin}");
            }
        }
    }

    #[test]
    fn next_and_previous_go_around() {
        let (mut search, _) = search("a", 0, &["a", "-", "a", "a"], 9);
        let went: Vec<_> = [1, 1, 1, -1, -1].map(|by| search.step(by, 0)).into_iter().flatten().collect();
        assert_eq!(went, [2, 3, 0, 3, 2]);
        search.restart();
        assert!(search.take(&["a".to_string(), "-".into(), "a".into()], true).is_none(), "it stays");
        assert_eq!(search.count_text(), "2 lines");
        assert_eq!(search.step(1, 1), Some(2));
        search.restart();
        search.take(&["a".to_string(), "-".into(), "a".into()], true);
        assert_eq!(search.step(-1, 1), Some(0));
    }

    #[test]
    fn a_long_document_is_searched_in_parts() {
        let json = Bytes::from(format!("[{}\"end\"]", "1,".repeat(100_000)));
        let settings = crate::app::settings::AppSettings::default();
        let (mut state, _) = crate::app::init(settings, Vec::new(), (120, 40), Timestamp::UNIX_EPOCH);
        state.detail.tab = Tab::Config;
        state.detail.config = Text::of(vec![TextPart::json(&json, &Arc::new(Outline::of(&json)))]);
        state.detail.search("END");
        assert!(state.detail.is_searching());
        let mut parts = 0;
        while state.detail.is_searching() {
            let before = state.detail.search.as_ref().map_or(0, |search| search.next);
            search_next_part(&mut state, Timestamp::UNIX_EPOCH);
            let after = state.detail.search.as_ref().map_or(0, |search| search.next);
            assert!(after - before <= LINES, "{before} to {after}");
            parts += 1;
        }
        assert!(parts > 40, "{parts}");
        assert_eq!(state.detail.search.as_ref().and_then(TextSearch::line), None, "a capital letter counts");
        state.detail.search("end");
        while state.detail.is_searching() {
            search_next_part(&mut state, Timestamp::UNIX_EPOCH);
        }
        assert_eq!(state.detail.search.as_ref().and_then(TextSearch::line), Some(100_001));
        assert!(state.detail.scroll > 99_000);
    }
}
