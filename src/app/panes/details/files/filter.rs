//! The filter of files: words that whole paths contain, as in other lists, and conditions: `re:` for regular expressions,
//! `>10M` and `<1k` for sizes, `mode:4000` for bits of the mode. A `!` in front excludes.

use std::ops::Range;
use std::sync::Arc;

use super::pattern::PathPattern;
use super::scene::Scene;
use crate::app::filter::{Filter, Fit};
use crate::layer::PathId;

/// The prefix of regular expressions.
const PATTERN: &str = "re:";
/// Bytes of paths in one part that are compared with regular expressions, unless the first path has more. Each may take
/// a microsecond.
const COMPARED: usize = 4_096;

/// A condition that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// More bytes than this number.
    Larger(u64),
    /// Fewer bytes than this number.
    Smaller(u64),
    /// All of these bits of the mode.
    Mode(u16),
}

impl Condition {
    /// Parses a word of the filter. Returns `None` if it is a text.
    fn parse(word: &str) -> Option<Condition> {
        if let Some(octal) = word.strip_prefix("mode:") {
            return u16::from_str_radix(octal, 8).ok().filter(|bits| *bits > 0).map(Condition::Mode);
        }
        match (word.strip_prefix('>'), word.strip_prefix('<')) {
            (Some(size), _) => parse_size(size).map(Condition::Larger),
            (_, Some(size)) => parse_size(size).map(Condition::Smaller),
            (None, None) => None,
        }
    }

    fn holds(self, scene: &Scene, id: PathId) -> bool {
        match self {
            Condition::Larger(size) => scene.listed_size(id) > size,
            Condition::Smaller(size) => scene.listed_size(id) < size,
            Condition::Mode(bits) => {
                scene.version(id).is_some_and(|shown| shown.version().mode & bits == bits)
            }
        }
    }
}

/// Parses a size such as `10M`, in the decimal units of the column of sizes.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.strip_suffix(['b', 'B']).unwrap_or(text);
    let (digits, unit) = match text.strip_suffix(char::is_alphabetic) {
        Some(digits) => (digits, text.get(digits.len()..)?.to_ascii_lowercase()),
        None => (text, String::new()),
    };
    let unit: u64 = match unit.as_str() {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        _ => return None,
    };
    let (whole, tenths) = digits.split_once('.').unwrap_or((digits, "0"));
    let tenth: u64 = if tenths.len() == 1 { tenths.parse().ok()? } else { return None };
    whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(unit / 10 * tenth)
}

/// A parsed filter.
#[derive(Debug)]
pub(crate) struct FileFilter {
    text: Option<Filter>,
    wanted: Vec<Condition>,
    excluded: Vec<Condition>,
    wanted_patterns: Vec<PathPattern>,
    excluded_patterns: Vec<PathPattern>,
}

impl FileFilter {
    /// Parses a text. The error is the reason why a regular expression in it is none.
    pub(crate) fn parse(typed: &str) -> Result<FileFilter, String> {
        let mut filter = FileFilter {
            text: None,
            wanted: Vec::new(),
            excluded: Vec::new(),
            wanted_patterns: Vec::new(),
            excluded_patterns: Vec::new(),
        };
        let mut texts = Vec::new();
        for word in typed.split_whitespace() {
            let (is_excluded, bare) = word.strip_prefix('!').map_or((false, word), |bare| (true, bare));
            if let Some(pattern) = bare.strip_prefix(PATTERN) {
                // Nothing is typed behind the prefix yet.
                if !pattern.is_empty() {
                    let pattern = PathPattern::parse(pattern)?;
                    let patterns =
                        if is_excluded { &mut filter.excluded_patterns } else { &mut filter.wanted_patterns };
                    patterns.push(pattern);
                }
            } else if let Some(condition) = Condition::parse(bare) {
                let conditions = if is_excluded { &mut filter.excluded } else { &mut filter.wanted };
                conditions.push(condition);
            } else {
                texts.push(word);
            }
        }
        filter.text = Filter::parse(&texts.join(" "));
        Ok(filter)
    }

    /// Returns the parts of a path that the words and the regular expressions match, in bytes.
    pub(crate) fn places_in(&self, path: &str) -> Vec<Range<usize>> {
        let mut places = self.text.as_ref().map(|text| text.places_in(path)).unwrap_or_default();
        places.extend(self.wanted_patterns.iter().flat_map(|pattern| pattern.places_in(path)));
        places
    }

    fn has_patterns(&self) -> bool {
        !self.wanted_patterns.is_empty() || !self.excluded_patterns.is_empty()
    }

    /// Whether the path fits the regular expressions.
    fn fits_patterns(&self, path: &str) -> bool {
        self.wanted_patterns.iter().all(|pattern| pattern.is_in(path))
            && !self.excluded_patterns.iter().any(|pattern| pattern.is_in(path))
    }
}

/// A search through all paths that are shown, in parts.
#[derive(Debug)]
pub(crate) struct FileSearch {
    filter: Arc<FileFilter>,
    /// Paths that contain the words.
    found: Vec<u32>,
    /// Paths that contain only the letters of the words.
    similar: Vec<u32>,
    /// The number of paths that were examined.
    next: usize,
}

impl FileSearch {
    /// Begins a search.
    pub(crate) fn of(filter: &Arc<FileFilter>) -> FileSearch {
        FileSearch { filter: filter.clone(), found: Vec::new(), similar: Vec::new(), next: 0 }
    }

    /// Returns the number of paths that were examined.
    #[cfg(test)]
    pub(crate) fn examined(&self) -> usize {
        self.next
    }

    /// Returns the paths that contain the words, as far as they were found.
    pub(crate) fn found(&self) -> &[u32] {
        &self.found
    }

    /// Returns the paths that match, once all were examined. Those that are only similar count if there are no others.
    pub(crate) fn into_rows(self) -> Vec<u32> {
        if self.found.is_empty() { self.similar } else { self.found }
    }

    /// Examines at most `most` further paths of all, fewer if that takes long, and returns whether these were the last
    /// ones.
    pub(crate) fn examine_next(&mut self, scene: &Scene, all: &[u32], most: usize) -> bool {
        let (mut path, mut buffer, mut compared) = (Vec::new(), Vec::new(), 0);
        let filter = self.filter.clone();
        let reads_path = filter.text.is_some() || filter.has_patterns();
        for number in all.iter().skip(self.next).take(most).copied() {
            if compared >= COMPARED {
                break;
            }
            self.next += 1;
            let Some(id) = scene.id(number) else { continue };
            let fits = |condition: &Condition| condition.holds(scene, id);
            if !filter.wanted.iter().all(fits) || filter.excluded.iter().any(fits) {
                continue;
            }
            if !reads_path {
                self.found.push(number);
                continue;
            }
            scene.write_path(id, &mut path);
            let text = String::from_utf8_lossy(&path);
            let fit = match &filter.text {
                Some(filter) => filter.match_row(text.as_ref().into(), self.found.is_empty(), &mut buffer),
                None => Fit::Contains,
            };
            if fit == Fit::NoMatch {
                continue;
            }
            if filter.has_patterns() {
                compared += text.len();
                if !filter.fits_patterns(&text) {
                    continue;
                }
            }
            match fit {
                Fit::Contains => self.found.push(number),
                Fit::Resembles => self.similar.push(number),
                Fit::NoMatch => {}
            }
        }
        self.next >= all.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_modes_are_conditions_and_everything_else_is_text() {
        for (word, condition) in [
            (">10M", Some(Condition::Larger(10_000_000))),
            ("<1k", Some(Condition::Smaller(1_000))),
            (">1.5MB", Some(Condition::Larger(1_500_000))),
            (">0", Some(Condition::Larger(0))),
            (">812B", Some(Condition::Larger(812))),
            (">99999999999999999999", None),
            (">18446744073709551615T", None),
            (">", None),
            (">x", None),
            (">1x", None),
            ("mode:4000", Some(Condition::Mode(0o4000))),
            ("mode:0", None),
            ("mode:9", None),
            ("model", None),
        ] {
            assert_eq!(Condition::parse(word), condition, "{word}");
        }
    }
}
