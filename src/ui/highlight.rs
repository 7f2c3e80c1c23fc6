//! Highlights of the parts of a text that a filter or a search found.

use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use super::Canvas;
use super::theme::Role;
use crate::app::filter::{Filter, Word};
use crate::app::list::List;

/// The sign at the end of a text that was cut.
const CUT: char = '…';

impl Canvas<'_, '_> {
    /// Returns the cell of a name with highlights of the parts that the filter of the list matches. `name` is the whole
    /// name, of which the cell may show only the beginning and the end.
    pub(crate) fn matched_name(&self, list: &List, name: &str, cell: Span<'static>) -> Vec<Span<'static>> {
        let Some(filter) = Filter::parse(&list.filter) else { return vec![cell] };
        self.found_in_name(&filter.places_in(name), name, cell)
    }

    /// Returns the cell of a name with highlights of these parts of the whole name, in bytes.
    pub(crate) fn found_in_name(
        &self,
        places: &[Range<usize>],
        name: &str,
        cell: Span<'static>,
    ) -> Vec<Span<'static>> {
        let places = shown_places(name, &cell.content, places);
        highlight(vec![cell], &places, self.style(Role::Match))
    }

    /// Returns the cell of details, such as a digest, with highlights of the parts that the filter of the list matches.
    pub(crate) fn matched_details(
        &self,
        list: &List,
        gutter: usize,
        cell: Span<'static>,
    ) -> Vec<Span<'static>> {
        let Some(filter) = Filter::parse(&list.filter).filter(Filter::reads_details) else {
            return vec![cell];
        };
        let text = cell.content.get(gutter..).unwrap_or_default();
        let places = filter.places_in_details(text).into_iter();
        let places: Vec<_> = places.map(|place| place.start + gutter..place.end + gutter).collect();
        highlight(vec![cell], &places, self.style(Role::Match))
    }

    /// Returns a line with highlights of the words of a filter.
    pub(crate) fn matched_line<'a>(&self, filter: Option<&Filter>, line: Vec<Span<'a>>) -> Vec<Span<'a>> {
        let Some(filter) = filter else { return line };
        let text: String = line.iter().map(|span| span.content.as_ref()).collect();
        highlight(line, &filter.words_in(&text), self.style(Role::Match))
    }

    /// Returns a line with highlights of a word that was searched for. The line that the search stands at is reversed
    /// there.
    pub(crate) fn searched<'a>(
        &self,
        word: Option<&Word>,
        is_current: bool,
        line: Vec<Span<'a>>,
    ) -> Vec<Span<'a>> {
        let Some(word) = word else { return line };
        let text: String = line.iter().map(|span| span.content.as_ref()).collect();
        let mut style = self.style(Role::Match);
        if is_current {
            style = style.add_modifier(Modifier::REVERSED);
        }
        highlight(line, &word.places_in(&text), style)
    }
}

/// Returns the places of a name in the text that shows it, in bytes. Parts that the text leaves out have none.
fn shown_places(name: &str, shown: &str, places: &[Range<usize>]) -> Vec<Range<usize>> {
    let text = shown.trim_end();
    let Some((start, end)) = text.split_once(CUT).filter(|_| text != name) else { return places.to_vec() };
    // The end of the name is moved to the end of the text.
    let (end_in_name, end_in_text) = (name.len().saturating_sub(end.len()), text.len() - end.len());
    let shown = places.iter().flat_map(|place| {
        let first = place.start.min(start.len())..place.end.min(start.len());
        let from = place.start.max(end_in_name);
        let last = from - end_in_name + end_in_text..place.end.max(from) - end_in_name + end_in_text;
        [first, last]
    });
    shown.filter(|place| !place.is_empty()).collect()
}

/// Returns spans in which these parts of their text have another style. The parts are in bytes, and may overlap. A part
/// that does not begin and end at a character is left out.
fn highlight<'a>(spans: Vec<Span<'a>>, places: &[Range<usize>], style: Style) -> Vec<Span<'a>> {
    if places.is_empty() {
        return spans;
    }
    let mut found = Vec::new();
    let mut start = 0;
    for span in spans {
        let text = span.content.as_ref();
        let is_found = |at: usize| places.iter().any(|place| place.contains(&(start + at)));
        let mut pieces: Vec<(bool, String)> = Vec::new();
        for (at, character) in text.char_indices() {
            let is_found = is_found(at);
            match pieces.last_mut() {
                Some((was_found, piece)) if *was_found == is_found => piece.push(character),
                _ => pieces.push((is_found, character.into())),
            }
        }
        start += text.len();
        found.extend(pieces.into_iter().map(|(is_found, piece)| {
            Span::styled(piece, if is_found { span.style.patch(style) } else { span.style })
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_highlighted_across_spans() {
        let style = Style::new().underlined();
        let spans = vec![Span::raw("team/"), Span::raw("äpp")];
        let texts = |places: &[Range<usize>]| {
            let all = highlight(spans.clone(), places, style).into_iter();
            all.map(|span| (span.content.into_owned(), span.style == style)).collect::<Vec<_>>()
        };
        let piece = |text: &str, is_found| (text.to_string(), is_found);
        assert_eq!(texts(&[]), [piece("team/", false), piece("äpp", false)]);
        assert_eq!(
            texts(&[3..7, 4..5]),
            [piece("tea", false), piece("m/", true), piece("ä", true), piece("pp", false)]
        );
    }

    #[test]
    fn a_cut_name_shows_the_parts_that_are_left() {
        let table: [(&str, Range<usize>, &str); 6] = [
            ("abcdefgh  ", 2..4, "[2..4]"),
            ("ab…gh", 0..2, "[0..2]"),
            ("ab…gh", 6..8, "[5..7]"),
            ("ab…gh", 3..5, "[]"),
            ("ab…gh", 1..7, "[1..2, 5..6]"),
            ("ab…gh", 0..8, "[0..2, 5..7]"),
        ];
        for (shown, place, expected) in table {
            let places = shown_places("abcdefgh", shown, std::slice::from_ref(&place));
            assert_eq!(format!("{places:?}"), expected, "{shown} {place:?}");
        }
    }
}
