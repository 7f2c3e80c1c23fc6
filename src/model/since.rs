//! The tag since which something holds: the questions, and the answer from the tags in their order.

mod wording;

use jiff::Timestamp;
use serde::Serialize;

use super::digest::Digest;
use super::failure::Failure;
use super::price::Price;
use super::reference::Tag;
use super::size;
use super::text::SafeText;

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
    /// The tag that brought the image: of its tags that follow each other at the end of their order the first one.
    pub tag: Tag,
    /// The digest that the tag names. `None` if it could not be determined.
    pub digest: Option<Digest>,
    /// The date of the image, if it was read and tells one.
    pub created: Option<Timestamp>,
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

/// The order of the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SinceOrder {
    /// By the versions in the names of their tags.
    #[default]
    Version,
    /// By their dates. Those without a date are the oldest.
    Date,
}

/// The way in which the images were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SinceMethod {
    /// All of them.
    #[default]
    All,
    /// A binary search: right only if it holds for all images after the first for which it does.
    Bisect,
    /// All of them after a binary search was refused, with the reason.
    AllAfter(SafeText),
}

/// The answers of a repository.
#[derive(Debug, Clone, Default)]
pub struct SinceReport {
    /// One row for each image that was looked at, in their order, the oldest first.
    pub rows: Vec<SinceRow>,
    /// The number of images in the order.
    pub images: usize,
    /// The way in which they were looked at.
    pub method: SinceMethod,
    /// The number of tags of these images.
    pub tags: usize,
    /// The number of other tags, which have no place in the order.
    pub others: usize,
    /// The number of layers that were read.
    pub layers_read: usize,
    /// The bytes of these layers that were received.
    pub bytes_read: u64,
    /// The reason why there may be more tags.
    pub incomplete: Option<SafeText>,
}

/// The answers of a repository, or what they take.
#[derive(Debug, Clone)]
pub enum PricedSince {
    /// They take much, and the question has not been answered.
    Price(Price),
    /// The answers.
    Report(Box<SinceReport>),
}

/// The progress of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinceProgress {
    /// The number of images in the order. 0 while tags are listed.
    pub images: usize,
    /// The number of images that were looked at.
    pub looked_at: usize,
    /// The bytes of layers that were received.
    pub bytes_read: u64,
}

impl SinceQuestion {
    /// Returns whether layers have to be read to answer it.
    pub(crate) fn is_about_files(&self) -> bool {
        matches!(self, SinceQuestion::File(_) | SinceQuestion::Package(..))
    }

    /// Returns the question in words.
    pub(crate) fn describe(&self) -> SafeText {
        let pair = |kind: &str, name: &str, value: &Option<String>| match value {
            Some(value) => format!("{kind} {name}={value}"),
            None => format!("{kind} {name}"),
        };
        SafeText::from(match self {
            SinceQuestion::Env(name, value) => pair("variable", name, value),
            SinceQuestion::Label(name, value) => pair("label", name, value),
            SinceQuestion::Size { bytes, is_larger: true } => format!("more than {}", size::bytes(*bytes)),
            SinceQuestion::Size { bytes, is_larger: false } => format!("less than {}", size::bytes(*bytes)),
            SinceQuestion::File(path) => format!("file {path}"),
            SinceQuestion::Package(name, version) => pair("package", name, version),
        })
    }

    /// Parses a question as it is typed: `env NAME[=VALUE]`, `label NAME[=VALUE]`, `size +100M`, `file PATH`,
    /// `package NAME[=VERSION]`.
    pub(crate) fn parse(text: &str) -> Option<SinceQuestion> {
        let (kind, rest) = text.trim().split_once(char::is_whitespace)?;
        let rest = rest.trim();
        let pair = || SinceQuestion::parse_pair(rest);
        match kind {
            "env" => pair().map(|(name, value)| SinceQuestion::Env(name, value)),
            "label" => pair().map(|(name, value)| SinceQuestion::Label(name, value)),
            "package" => pair().map(|(name, version)| SinceQuestion::Package(name, version)),
            "size" => SinceQuestion::parse_size(rest),
            "file" if !rest.is_empty() => Some(SinceQuestion::File(rest.to_string())),
            _ => None,
        }
    }

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
    /// Returns the tag with its digest.
    fn short_name(&self) -> String {
        let digest = self
            .digest
            .map(|digest| format!(" ({}:{})", digest.algorithm(), digest.short()))
            .unwrap_or_default();
        format!("{}{digest}", self.tag)
    }

    /// Returns the answer in words, with the value that was looked at.
    pub(crate) fn state(&self) -> SafeText {
        let value = |answer: &SinceAnswer| answer.value.as_deref().map(SafeText::clean);
        match &self.answer {
            Ok(answer) => {
                let word = if answer.holds { "has it" } else { "absent" };
                match value(answer) {
                    Some(value) => SafeText::from(format!("{word}, {value}")),
                    None => word.into(),
                }
            }
            Err(failure) => SafeText::from(format!("not known: {}", failure.why)),
        }
    }

    /// Returns whether it holds, or `None` if that is not known.
    pub(crate) fn holds(&self) -> Option<bool> {
        self.answer.as_ref().ok().map(|answer| answer.holds)
    }
}

/// The image since which something holds.
#[derive(Debug, Clone, Copy)]
pub struct SinceFirst<'a> {
    /// The oldest image that is known to have it, as all known ones after it.
    pub row: &'a SinceRow,
    /// The images right before it of which it is not known, the oldest first. Any of them may be the first one.
    pub unknown: &'a [SinceRow],
    /// The image before these.
    pub before: Option<&'a SinceRow>,
}

impl SinceReport {
    /// Returns the image since which it holds for all. Returns `None` if it does not hold for the newest image, or that is
    /// not known.
    pub fn first(&self) -> Option<SinceFirst<'_>> {
        let first = self.row_of_first()?;
        let (earlier, rest) = self.rows.split_at_checked(first)?;
        let known = earlier.iter().rposition(|row| row.holds().is_some());
        let unknown = earlier.get(known.map_or(0, |known| known + 1)..)?;
        Some(SinceFirst { row: rest.first()?, unknown, before: known.and_then(|known| earlier.get(known)) })
    }

    /// Returns the oldest image since which it holds for all, and the one before it. Returns `None` if it does not hold for
    /// the newest image, or if an image is not known on which that depends.
    pub fn since(&self) -> Option<(&SinceRow, Option<&SinceRow>)> {
        let first = self.first().filter(|first| first.unknown.is_empty())?;
        Some((first.row, first.before))
    }

    /// Returns the number of the row of the oldest image that has it, as all after it.
    pub(crate) fn row_of_first(&self) -> Option<usize> {
        let holding = self.rows.iter().rev().take_while(|row| row.holds() == Some(true)).count();
        (holding > 0).then(|| self.rows.len() - holding)
    }

    /// Returns the newest image for which it holds.
    pub fn last(&self) -> Option<&SinceRow> {
        self.rows.iter().rev().find(|row| row.holds() == Some(true))
    }

    /// Returns the images of which it is not known.
    pub fn unknown(&self) -> impl Iterator<Item = &SinceRow> {
        self.rows.iter().filter(|row| row.answer.is_err())
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
            created: None,
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
            ("+?+", None, Some("2"), "0"),
            ("-?+", None, Some("2"), "2"),
            ("?-+", Some(("2", Some("1"))), Some("2"), "2"),
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
    fn the_summary_names_the_first_image_the_one_before_it_and_the_effort() {
        let all = |answers: &str| SinceReport { tags: answers.len(), ..report(answers) };
        let table = [
            (all("-+"), "first 1 (sha256:ca978112ca1b), absent in 0; 2 tags looked at"),
            (all("?+"), "first 1 (sha256:ca978112ca1b) or earlier, not known of 0; 2 tags looked at"),
            (all("+"), "first 0 (sha256:ca978112ca1b), the oldest image; 1 tag looked at"),
            (all("+-"), "last 0 (sha256:ca978112ca1b), absent in the newest image; 2 tags looked at"),
            (
                SinceReport { tags: 5, ..report("--") },
                "in no image that was looked at; 5 tags of 2 images looked at",
            ),
            (
                SinceReport {
                    method: SinceMethod::Bisect,
                    images: 120,
                    layers_read: 3,
                    bytes_read: 41_000_000,
                    ..report("-+")
                },
                "first 1 (sha256:ca978112ca1b), absent in 0; 2 of 120 images looked at, 3 layers read, 41 MB",
            ),
        ];
        for (report, expected) in table {
            assert_eq!(report.summary(), expected);
        }
    }

    #[test]
    fn the_finding_claims_nothing_about_images_that_are_not_known() {
        let table = [
            ("-?+", "first after 0, at the latest 2, not known of 1"),
            ("?-+", "first 2 (#), absent in 1"),
            ("-??+", "first after 0, at the latest 3, not known of 1, 2"),
            ("+?+", "first 2 (#) or earlier, not known of 1"),
            ("??????+", "first 6 (#) or earlier, not known of 0, 1, 2 and 3 more"),
            ("+?", "last 0 (#) or later, not known of 1"),
            ("+-?", "last 0 (#), absent in 1, not known of 2"),
            ("+?-", "last 0 (#) or later, absent in the newest image, not known of 1"),
            ("+-?-", "last 0 (#), absent in the newest image, not known of 2"),
            ("+-", "last 0 (#), absent in the newest image"),
            ("-?", "in no image of which it is known, not known of 1"),
            ("--", "in no image that was looked at"),
        ];
        for (answers, expected) in table {
            let found = report(answers).finding().replace("sha256:ca978112ca1b", "#");
            assert_eq!(found, expected, "{answers}");
        }
    }

    #[test]
    fn a_question_is_typed_with_its_kind() {
        let table = [
            ("env A", Some(SinceQuestion::Env("A".into(), None))),
            (" label a=b ", Some(SinceQuestion::Label("a".into(), Some("b".into())))),
            ("package  libc=2", Some(SinceQuestion::Package("libc".into(), Some("2".into())))),
            ("file /a b", Some(SinceQuestion::File("/a b".into()))),
            ("size +1k", Some(SinceQuestion::Size { bytes: 1_000, is_larger: true })),
            ("file", None),
            ("env =x", None),
            ("size big", None),
            ("tag x", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(SinceQuestion::parse(text), expected, "{text}");
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
