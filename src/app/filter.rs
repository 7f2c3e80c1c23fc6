//! The filter of a list: every word must fit, in any order; `!word` must not be in it. Smart case: a word with a capital
//! letter minds case. Names that hold the words as they are come before those that only hold their letters in order.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A filter, parsed.
pub struct Filter {
    holds: Pattern,
    resembles: Pattern,
    excludes: Vec<Pattern>,
}

impl Filter {
    /// Parses what is typed; none if that filters nothing.
    pub fn parse(text: &str) -> Option<Filter> {
        let (excluded, wanted): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| word.starts_with('!'));
        let wanted = wanted.join(" ");
        let excluded = excluded.into_iter().map(|word| &word[1..]).filter(|word| !word.is_empty());
        let pattern = |text: &str, kind| Pattern::new(text, CaseMatching::Smart, Normalization::Never, kind);
        let excludes: Vec<Pattern> = excluded.map(|word| pattern(word, AtomKind::Substring)).collect();
        let filter = Filter {
            holds: pattern(&wanted, AtomKind::Substring),
            resembles: pattern(&wanted, AtomKind::Fuzzy),
            excludes,
        };
        (!wanted.is_empty() || !filter.excludes.is_empty()).then_some(filter)
    }

    /// Those of `items` whose name fits, in their order: first those that hold the words, then those that resemble them.
    pub fn rows<'a>(&self, items: impl Iterator<Item = (u32, &'a str)>) -> Vec<u32> {
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let mut characters = Vec::new();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (item, name) in items {
            let name = Utf32Str::new(name, &mut characters);
            if self.excludes.iter().any(|excluded| excluded.score(name, &mut matcher).is_some()) {
                continue;
            }
            if self.holds.score(name, &mut matcher).is_some() {
                first.push(item);
            } else if self.resembles.score(name, &mut matcher).is_some() {
                second.push(item);
            }
        }
        first.append(&mut second);
        first
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
    fn names_that_hold_the_word_come_before_those_that_resemble_it() {
        assert_eq!(
            shown("api", &["a/p/i", "team/api", "zap-in", "api"]),
            ["team/api", "api", "a/p/i", "zap-in"]
        );
    }
}
