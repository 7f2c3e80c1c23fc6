//! The filter of a list: a name must contain every word, in any order, and must not contain `word` if the filter
//! contains `!word`. Smart case: a word with a capital letter is case-sensitive. If no name contains the words as they
//! are, names match that contain the letters of each word in order.
//!
//! Names of repositories and tags are ASCII by their grammar, so bytes are compared: 100,000 names between two frames.

use memchr::{memchr, memmem};

/// A parsed filter.
#[derive(Debug)]
pub struct Filter {
    wanted: Vec<Word>,
    excluded: Vec<Word>,
}

/// A word of the filter.
#[derive(Debug)]
struct Word {
    finder: memmem::Finder<'static>,
    is_case_sensitive: bool,
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
    fn new(text: &str) -> Word {
        Word {
            finder: memmem::Finder::new(text.as_bytes()).into_owned(),
            is_case_sensitive: text.chars().any(char::is_uppercase),
        }
    }

    fn text_to_search<'a>(&self, name: &Name<'a>) -> &'a [u8] {
        if self.is_case_sensitive { name.exact } else { name.lower }
    }

    /// Returns whether a name contains the word as it is.
    fn is_in(&self, name: &Name) -> bool {
        self.finder.find(self.text_to_search(name)).is_some()
    }

    /// Returns whether a name contains the letters of the word in their order.
    fn resembles(&self, name: &Name) -> bool {
        let mut letters = self.finder.needle().iter();
        letters
            .try_fold(self.text_to_search(name), |rest, letter| rest.get(memchr(*letter, rest)? + 1..))
            .is_some()
    }
}

impl Filter {
    /// Parses a text, or returns `None` if it filters nothing.
    pub fn parse(text: &str) -> Option<Filter> {
        let (excluded, wanted): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| word.starts_with('!'));
        let excluded = excluded.into_iter().map(|word| &word[1..]).filter(|word| !word.is_empty());
        let filter = Filter {
            wanted: wanted.into_iter().map(Word::new).collect(),
            excluded: excluded.map(Word::new).collect(),
        };
        (!filter.wanted.is_empty() || !filter.excluded.is_empty()).then_some(filter)
    }

    /// Returns the `items` whose names match, in their order: those that contain the words or, only if there are none,
    /// those that resemble them. The rows shown can be marked and deleted with one key, so no row is shown that was not
    /// meant.
    pub fn rows<'a>(&self, items: impl Iterator<Item = (u32, &'a str)>) -> Vec<u32> {
        let mut small = Vec::new();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (item, name) in items {
            match self.match_name(name, first.is_empty(), &mut small) {
                Fit::Contains => first.push(item),
                Fit::Resembles => second.push(item),
                Fit::NoMatch => {}
            }
        }
        if first.is_empty() { second } else { first }
    }

    /// Returns the degree to which a name matches. Resemblance is only checked if `may_resemble` is set. `small` is a
    /// buffer.
    pub(crate) fn match_name(&self, name: &str, may_resemble: bool, buffer: &mut Vec<u8>) -> Fit {
        buffer.clear();
        buffer.extend_from_slice(name.as_bytes());
        buffer.make_ascii_lowercase();
        let name = Name { exact: name.as_bytes(), lower: buffer };
        if self.excluded.iter().any(|word| word.is_in(&name)) {
            Fit::NoMatch
        } else if self.wanted.iter().all(|word| word.is_in(&name)) {
            Fit::Contains
        } else if may_resemble && self.wanted.iter().all(|word| word.resembles(&name)) {
            Fit::Resembles
        } else {
            Fit::NoMatch
        }
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
}
