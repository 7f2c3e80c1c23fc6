//! The filter of a list: a name must contain every word, in any order, and must not contain `word` if the filter
//! contains `!word`. `^word` stands at the beginning of the name, and `word$` at its end. Smart case: a word with a
//! capital letter is case-sensitive. If no name contains the words as they are, names match that contain the letters of
//! each word in order.
//!
//! A word that is the beginning of a digest, or a platform, also matches the known details of a row.
//!
//! Names of repositories and tags are ASCII by their grammar, so bytes are compared: 100,000 names between two frames.

mod details;

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::model::digest::Digest;
use crate::model::platform::Platform;
use details::DetailWord;

/// A parsed filter.
#[derive(Debug)]
pub struct Filter {
    wanted: Vec<Word>,
    excluded: Vec<Word>,
}

/// A word of the filter, or a text to search for.
#[derive(Debug)]
pub(crate) struct Word {
    finder: memmem::Finder<'static>,
    is_case_sensitive: bool,
    /// Whether the word stands at the beginning of the name.
    is_at_start: bool,
    /// Whether the word stands at the end of the name.
    is_at_end: bool,
    /// The details that the word can match.
    detail: Option<DetailWord>,
}

/// A row of a list to be filtered: its name, and its details if they are known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FilterRow<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// The digest of the image.
    pub(crate) digest: Option<&'a Digest>,
    /// The platforms of the image.
    pub(crate) platforms: &'a [Platform],
}

impl<'a> From<&'a str> for FilterRow<'a> {
    fn from(name: &'a str) -> FilterRow<'a> {
        FilterRow { name, ..FilterRow::default() }
    }
}

/// The degree to which a name matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The name contains the words.
    Contains,
    /// The name resembles the words.
    Resembles,
    /// The name does neither, or contains an excluded word.
    NoMatch,
}

/// A name as it is, and in lower case.
struct Name<'a> {
    exact: &'a [u8],
    lower: &'a [u8],
}

impl Word {
    /// Creates a text to search for as it stands.
    pub(crate) fn plain(text: &str) -> Word {
        let is_case_sensitive = text.chars().any(char::is_uppercase);
        let needle = if is_case_sensitive { text.to_string() } else { text.to_ascii_lowercase() };
        Word {
            finder: memmem::Finder::new(needle.as_bytes()).into_owned(),
            is_case_sensitive,
            is_at_start: false,
            is_at_end: false,
            detail: None,
        }
    }

    /// Parses a word of a filter. Returns `None` if nothing is left of it without its signs.
    fn parse(text: &str) -> Option<Word> {
        let (is_at_start, rest) = text.strip_prefix('^').map_or((false, text), |rest| (true, rest));
        let (is_at_end, rest) = rest.strip_suffix('$').map_or((false, rest), |rest| (true, rest));
        let detail = if is_at_start || is_at_end { None } else { DetailWord::parse(rest) };
        (!rest.is_empty()).then(|| Word { is_at_start, is_at_end, detail, ..Word::plain(rest) })
    }

    fn text_to_search<'a>(&self, name: &Name<'a>) -> &'a [u8] {
        if self.is_case_sensitive { name.exact } else { name.lower }
    }

    /// Returns whether a text contains the word as it is.
    fn is_in(&self, text: &[u8]) -> bool {
        let needle = self.finder.needle();
        match (self.is_at_start, self.is_at_end) {
            (false, false) => self.finder.find(text).is_some(),
            (true, false) => text.starts_with(needle),
            (false, true) => text.ends_with(needle),
            (true, true) => text == needle,
        }
    }

    /// Returns whether a row has the word in its name or its details.
    fn matches(&self, name: &Name, row: &FilterRow) -> bool {
        self.is_in(self.text_to_search(name))
            || self.detail.as_ref().is_some_and(|detail| detail.matches(row))
    }

    /// Returns the places of the letters of the word, in their order, or `None` if a letter is missing.
    fn letters_in(&self, text: &[u8]) -> Option<Vec<usize>> {
        let mut from = 0;
        let place = |letter: &u8| {
            let at = from + memchr(*letter, text.get(from..)?)?;
            from = at + 1;
            Some(at)
        };
        self.finder.needle().iter().map(place).collect()
    }

    /// Returns whether a name contains the letters of the word in their order. A word with a fixed place has to stand
    /// there as it is.
    fn resembles(&self, name: &Name) -> bool {
        let text = self.text_to_search(name);
        if self.is_at_start || self.is_at_end {
            return self.is_in(text);
        }
        let mut letters = self.finder.needle().iter();
        letters.try_fold(text, |rest, letter| rest.get(memchr(*letter, rest)? + 1..)).is_some()
    }

    /// Returns the places of the word in a text, in bytes.
    pub(crate) fn places_in(&self, text: &str) -> Vec<Range<usize>> {
        let lower;
        let text = if self.is_case_sensitive {
            text.as_bytes()
        } else {
            lower = text.to_ascii_lowercase();
            lower.as_bytes()
        };
        let length = self.finder.needle().len();
        if length == 0 || !self.is_in(text) {
            return Vec::new();
        }
        match (self.is_at_start, self.is_at_end) {
            (true, _) => std::iter::once(0..length).collect(),
            (false, true) => std::iter::once(text.len() - length..text.len()).collect(),
            (false, false) => self.finder.find_iter(text).map(|at| at..at + length).collect(),
        }
    }
}

impl Filter {
    /// Parses a text, or returns `None` if it filters nothing.
    pub fn parse(text: &str) -> Option<Filter> {
        let (excluded, wanted): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| word.starts_with('!'));
        let filter = Filter {
            wanted: wanted.into_iter().filter_map(Word::parse).collect(),
            excluded: excluded.into_iter().filter_map(|word| Word::parse(&word[1..])).collect(),
        };
        (!filter.wanted.is_empty() || !filter.excluded.is_empty()).then_some(filter)
    }

    /// Returns whether the filter contains a digest or a platform, so that its result depends on the details of rows.
    pub(crate) fn reads_details(&self) -> bool {
        self.wanted.iter().chain(&self.excluded).any(|word| word.detail.is_some())
    }

    /// Returns the `items` whose names match, in their order: those that contain the words or, only if there are none,
    /// those that resemble them. The rows shown can be marked and deleted with one key, so no row is shown that was not
    /// meant.
    pub fn rows<'a>(&self, items: impl Iterator<Item = (u32, &'a str)>) -> Vec<u32> {
        let mut small = Vec::new();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (item, name) in items {
            match self.match_row(name.into(), first.is_empty(), &mut small) {
                Fit::Contains => first.push(item),
                Fit::Resembles => second.push(item),
                Fit::NoMatch => {}
            }
        }
        if first.is_empty() { second } else { first }
    }

    /// Returns the degree to which a row matches. Resemblance is only checked if `may_resemble` is set. `buffer` keeps
    /// its memory from row to row.
    pub(crate) fn match_row(&self, row: FilterRow<'_>, may_resemble: bool, buffer: &mut Vec<u8>) -> Fit {
        buffer.clear();
        buffer.extend_from_slice(row.name.as_bytes());
        buffer.make_ascii_lowercase();
        let name = Name { exact: row.name.as_bytes(), lower: buffer };
        if self.excluded.iter().any(|word| word.matches(&name, &row)) {
            Fit::NoMatch
        } else if self.wanted.iter().all(|word| word.matches(&name, &row)) {
            Fit::Contains
        } else if may_resemble && self.wanted.iter().all(|word| word.resembles(&name)) {
            Fit::Resembles
        } else {
            Fit::NoMatch
        }
    }

    /// Returns the parts of a name that the words match, in bytes: the words or, of a word that the name only resembles,
    /// its letters. The parts may overlap.
    pub(crate) fn places_in(&self, name: &str) -> Vec<Range<usize>> {
        let lower = name.to_ascii_lowercase();
        let places = |word: &Word| {
            let found = word.places_in(name);
            if !found.is_empty() || word.detail.is_some() {
                return found;
            }
            let name = Name { exact: name.as_bytes(), lower: lower.as_bytes() };
            let letters = word.letters_in(word.text_to_search(&name)).unwrap_or_default();
            letters.into_iter().map(|at| at..at + 1).collect()
        };
        self.wanted.iter().flat_map(places).collect()
    }

    /// Returns the parts of a text that are one of the words, in bytes.
    pub(crate) fn words_in(&self, text: &str) -> Vec<Range<usize>> {
        self.wanted.iter().flat_map(|word| word.places_in(text)).collect()
    }

    /// Returns the parts of a text of details, such as a short digest, that the words match, in bytes.
    pub(crate) fn places_in_details(&self, text: &str) -> Vec<Range<usize>> {
        let details = self.wanted.iter().filter_map(|word| word.detail.as_ref());
        details.flat_map(|detail| detail.places_in(text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(filter: &str, names: &[&'static str]) -> Vec<&'static str> {
        let numbered = || names.iter().enumerate().map(|(number, name)| (number as u32, *name));
        let rows = match Filter::parse(filter) {
            Some(filter) => filter.rows(numbered()),
            None => numbered().map(|(number, _)| number).collect(),
        };
        rows.into_iter().map(|row| names[row as usize]).collect()
    }

    #[test]
    fn words_fit_in_any_order_and_an_exclamation_mark_excludes() {
        let names = ["team/app", "team/api", "base/alpine", "Tools/App"];
        assert_eq!(shown("app team", &names), ["team/app"]);
        assert_eq!(shown("team !api", &names), ["team/app"]);
        assert_eq!(shown("!team", &names), ["base/alpine", "Tools/App"]);
        assert_eq!(shown("App", &names), ["Tools/App"]);
        assert_eq!(shown("  ! ", &names), names);
        assert_eq!(shown("x", &names), [""; 0]);
    }

    #[test]
    fn similar_names_are_shown_only_if_no_name_contains_the_word() {
        assert_eq!(shown("api", &["a/p/i", "team/api", "zap-in", "api"]), ["team/api", "api"]);
        assert_eq!(shown("api", &["a/p/i", "zap-in"]), ["a/p/i", "zap-in"]);
        assert_eq!(shown("2.14 !2.14.1", &["2.0.14", "2.14.1", "2.14.0", "2.1.4"]), ["2.14.0"]);
        assert_eq!(shown("svc-3", &["ns1/svc-13", "ns3/svc-03", "ns1/svc-3"]), ["ns1/svc-3"]);
    }

    #[test]
    fn a_word_is_bound_to_the_beginning_or_the_end() {
        let names = ["1.4", "1.40", "v1.4", "v1.4-rc", "1.4-rc"];
        let table: [(&str, &[&str]); 9] = [
            ("^1.4", &["1.4", "1.40", "1.4-rc"]),
            ("1.4$", &["1.4", "v1.4"]),
            ("^1.4$", &["1.4"]),
            ("rc$ ^v", &["v1.4-rc"]),
            ("!^v", &["1.4", "1.40", "1.4-rc"]),
            ("!rc$ 1.4", &["1.4", "1.40", "v1.4"]),
            ("^ 0", &["1.40"]),
            ("$", &names),
            ("^40", &[]),
        ];
        for (filter, expected) in table {
            assert_eq!(shown(filter, &names), expected, "{filter}");
        }
    }

    #[test]
    fn the_parts_that_match_are_known() {
        let parts = |filter: &str, name: &str| {
            let places = Filter::parse(filter).map(|filter| filter.places_in(name)).unwrap_or_default();
            places.into_iter().map(|place| (place.start, name[place].to_string())).collect::<Vec<_>>()
        };
        let owned =
            |all: &[(usize, &str)]| all.iter().map(|(at, text)| (*at, (*text).into())).collect::<Vec<_>>();
        type Parts<'a> = &'a [(usize, &'a str)];
        let table: [(&str, &str, Parts); 8] = [
            ("app", "team/App", &[(5, "App")]),
            ("a", "a-a", &[(0, "a"), (2, "a")]),
            ("^a", "a-a", &[(0, "a")]),
            ("a$", "a-a", &[(2, "a")]),
            ("team !x app", "team/app", &[(0, "team"), (5, "app")]),
            ("tp", "team/app", &[(0, "t"), (6, "p")]),
            ("App", "team/app", &[]),
            ("!team", "team/app", &[]),
        ];
        for (filter, name, expected) in table {
            assert_eq!(parts(filter, name), owned(expected), "{filter} in {name}");
        }
    }

    #[test]
    fn digests_and_platforms_match_if_they_are_known() {
        let digest: Digest = format!("sha256:9f6b1e{}", "0".repeat(58)).parse().expect("a digest");
        let platform = |architecture: &str, variant: Option<&str>| Platform {
            os: "linux".into(),
            architecture: architecture.into(),
            variant: variant.map(String::from),
            os_version: None,
        };
        let platforms = [platform("arm64", None), platform("arm", Some("v7"))];
        let known = FilterRow { name: "1.4", digest: Some(&digest), platforms: &platforms };
        let table = [
            ("sha256:9f6b", true, false),
            ("9f6b1e", true, false),
            ("9f6b1e 1.4", true, false),
            ("9f6b", false, false),
            ("0b1e00", false, false),
            ("sha512:9f6b", false, false),
            ("arm64", true, false),
            ("ARM64", true, false),
            ("arm", true, false),
            ("linux/arm", true, false),
            ("linux/", true, false),
            ("amd64", false, false),
            ("arm6", false, false),
            ("linux", false, false),
            ("1.4 !arm64", false, true),
            ("1.4", true, true),
        ];
        for (text, with, without) in table {
            let filter = Filter::parse(text).expect("a filter");
            let fits = |row| filter.match_row(row, false, &mut Vec::new()) == Fit::Contains;
            assert_eq!((fits(known), fits("1.4".into())), (with, without), "{text}");
        }
        let reads = |text: &str| Filter::parse(text).is_some_and(|filter| filter.reads_details());
        assert!(
            reads("!arm64") && reads("1 sha256:0") && !reads("20240101") && !reads("facade") && !reads("1.4")
        );
    }
}
