//! Regular expressions in the filter of files. A pattern that costs much is refused, and a match takes time in proportion
//! to the length of the path, whatever the pattern is: <https://docs.rs/regex-lite>.

use std::ops::Range;

use regex_lite::{Regex, RegexBuilder};

/// Most bytes of a compiled pattern. A path of 4 KiB then takes some milliseconds at most.
const LARGEST: usize = 16 << 10;
/// Most levels of groups in each other.
const DEEPEST: u32 = 20;
/// Parts of a path that are highlighted.
const MOST_PLACES: usize = 100;

/// A regular expression for whole paths, `re:` without its prefix.
#[derive(Debug, Clone)]
pub(crate) struct PathPattern(Regex);

impl PathPattern {
    /// Compiles a pattern. The error is the reason why it is none.
    pub(crate) fn parse(text: &str) -> Result<PathPattern, String> {
        let built = RegexBuilder::new(text).size_limit(LARGEST).nest_limit(DEEPEST).build();
        built.map(PathPattern).map_err(|error| error.to_string())
    }

    /// Returns whether a part of the path matches.
    pub(crate) fn is_in(&self, path: &str) -> bool {
        self.0.is_match(path)
    }

    /// Returns the parts of a path that match, in bytes.
    pub(crate) fn places_in(&self, path: &str) -> Vec<Range<usize>> {
        self.0.find_iter(path).map(|found| found.range()).take(MOST_PLACES).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_is_none_or_costs_much_is_refused_with_the_reason() {
        for (text, why) in [
            ("(", "found open group without closing ')'"),
            ("(a{1000}){1000}", "size limit"),
            (&"(".repeat(50), "nesting"),
            ("[z-a]", "invalid"),
        ] {
            let error = PathPattern::parse(text).expect_err(text);
            assert!(error.contains(why), "{error}");
        }
    }
}
