//! The tag since which something holds: the questions, and the answer from the tags in their order.

use serde::Serialize;

use super::digest::Digest;
use super::failure::Failure;
use super::reference::Tag;

/// A question about an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SinceQuestion {
    /// Whether it sets this variable, to this value if one is given: `NAME` or `NAME=VALUE`.
    Env(String, Option<String>),
    /// Whether it has this label, with this value if one is given.
    Label(String, Option<String>),
    /// Whether its compressed size is larger than this number of bytes, or smaller.
    Size {
        /// The number of bytes.
        bytes: u64,
        /// Whether larger images are meant.
        is_larger: bool,
    },
    /// Whether it has a file, a directory or a link at this path.
    File(String),
    /// Whether it has a package of this name, in this version if one is given.
    Package(String, Option<String>),
}

/// The answer of one image.
#[derive(Debug, Clone)]
pub struct SinceRow {
    /// The tag of the image that comes last in the order of versions.
    pub tag: Tag,
    /// The digest that the tag names. `None` if it could not be determined.
    pub digest: Option<Digest>,
    /// The answer, or the reason why there is none.
    pub answer: Result<SinceAnswer, Failure>,
}

/// Whether something holds for an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinceAnswer {
    /// Whether it holds.
    pub holds: bool,
    /// The value that was looked at. Untrusted text.
    pub value: Option<String>,
}

/// The answers of a repository.
#[derive(Debug, Clone, Default)]
pub struct SinceReport {
    /// One row for each image, in the order of versions, the oldest first.
    pub rows: Vec<SinceRow>,
    /// The number of tags of these images.
    pub tags: usize,
    /// The number of other tags, which have no place in the order.
    pub others: usize,
    /// The number of layers that were read.
    pub layers_read: usize,
    /// The bytes of these layers that were received.
    pub bytes_read: u64,
    /// The reason why there may be more tags.
    pub incomplete: Option<super::text::SafeText>,
}

impl SinceQuestion {
    /// Parses `NAME` or `NAME=VALUE`. Returns `None` if the name is empty.
    pub(crate) fn parse_pair(text: &str) -> Option<(String, Option<String>)> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (text, None),
        };
        (!name.is_empty()).then(|| (name.to_string(), value))
    }

    /// Parses a size with its direction: `+100M`, `-1.5G`, `+64KiB`. Without a direction larger images are meant.
    pub(crate) fn parse_size(text: &str) -> Option<SinceQuestion> {
        let is_larger = !text.starts_with('-');
        let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = rest
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(rest.len());
        let (number, unit) = rest.split_at(end);
        let unit: u64 = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1_000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "ki" | "kib" => 1 << 10,
            "mi" | "mib" => 1 << 20,
            "gi" | "gib" => 1 << 30,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(part) || part.len() > 9 {
            return None;
        }
        let scale = 10_u64.pow(part.len() as u32);
        let part: u64 = if part.is_empty() { 0 } else { part.parse().ok()? };
        let bytes = whole.parse::<u64>().ok()?.checked_mul(unit)?;
        let fraction = u128::from(part) * u128::from(unit) / u128::from(scale);
        Some(SinceQuestion::Size { bytes: bytes.checked_add(u64::try_from(fraction).ok()?)?, is_larger })
    }
}

impl SinceRow {
    /// Returns whether it holds, or `None` if that is not known.
    fn holds(&self) -> Option<bool> {
        self.answer.as_ref().ok().map(|answer| answer.holds)
    }
}

impl SinceReport {
    /// Returns the oldest image since which it holds for all, and the one before it. Returns `None` if it does not hold
    /// for the newest image, or that is not known.
    pub fn since(&self) -> Option<(&SinceRow, Option<&SinceRow>)> {
        let holding = self.rows.iter().rev().take_while(|row| row.holds() == Some(true)).count();
        let first = self.rows.len() - holding;
        let row = self.rows.get(first)?;
        Some((row, first.checked_sub(1).and_then(|before| self.rows.get(before))))
    }

    /// Returns the newest image for which it holds.
    pub fn last(&self) -> Option<&SinceRow> {
        self.rows.iter().rev().find(|row| row.holds() == Some(true))
    }

    /// Returns the images for which the answer is another one than for the image before. The oldest is among them if
    /// it holds for it.
    pub fn changes(&self) -> Vec<&SinceRow> {
        let mut before = false;
        let mut changes = Vec::new();
        for row in &self.rows {
            if let Some(holds) = row.holds().filter(|holds| *holds != before) {
                before = holds;
                changes.push(row);
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{digest, tag};

    /// `+` holds, `-` does not, `?` is not known; the oldest first.
    fn report(answers: &str) -> SinceReport {
        let row = |(number, answer)| SinceRow {
            tag: tag(&format!("{number}")),
            digest: Some(digest("a")),
            answer: match answer {
                '?' => Err(Failure::local("cannot read it", "gone")),
                answer => Ok(SinceAnswer { holds: answer == '+', value: None }),
            },
        };
        SinceReport { rows: answers.chars().enumerate().map(row).collect(), ..SinceReport::default() }
    }

    #[test]
    fn it_holds_since_the_oldest_image_of_the_last_unbroken_row() {
        // The answers, the first image since which it holds with the one before, the last that has it, the changes.
        let table = [
            ("", None, None, ""),
            ("--", None, None, ""),
            ("-++", Some(("1", Some("0"))), Some("2"), "1"),
            ("++", Some(("0", None)), Some("1"), "0"),
            ("-+-++", Some(("3", Some("2"))), Some("4"), "1 2 3"),
            ("-+-", None, Some("1"), "1 2"),
            ("+?+", Some(("2", Some("1"))), Some("2"), "0"),
            ("++?", None, Some("1"), "0"),
        ];
        for (answers, since, last, changes) in table {
            let report = report(answers);
            let found =
                report.since().map(|(row, before)| (row.tag.as_str(), before.map(|row| row.tag.as_str())));
            assert_eq!(found, since, "{answers}");
            assert_eq!(report.last().map(|row| row.tag.as_str()), last, "{answers}");
            let found: Vec<&str> = report.changes().iter().map(|row| row.tag.as_str()).collect();
            assert_eq!(found.join(" "), changes, "{answers}");
        }
    }

    #[test]
    fn sizes_have_a_direction_and_a_unit() {
        let size = |bytes, is_larger| Some(SinceQuestion::Size { bytes, is_larger });
        let table = [
            ("+100M", size(100_000_000, true)),
            ("100mb", size(100_000_000, true)),
            ("-1.5G", size(1_500_000_000, false)),
            ("+64KiB", size(65_536, true)),
            ("+0.5Ki", size(512, true)),
            ("7", size(7, true)),
            ("+", None),
            ("+1X", None),
            ("1.2.3M", None),
            ("+.5M", None),
            ("99999999999999999999", None),
            ("18446744073709551615G", None),
            ("1.0000000000M", None),
        ];
        for (text, expected) in table {
            assert_eq!(SinceQuestion::parse_size(text), expected, "{text}");
        }
    }

    #[test]
    fn a_pair_has_a_name_and_may_have_a_value() {
        let pair = SinceQuestion::parse_pair;
        assert_eq!(pair("A"), Some(("A".into(), None)));
        assert_eq!(pair("A="), Some(("A".into(), Some(String::new()))));
        assert_eq!(pair("A=b=c"), Some(("A".into(), Some("b=c".into()))));
        assert_eq!(pair("=b"), None);
    }
}
