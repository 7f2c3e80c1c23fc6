//! The hidden bytes that `--max-hidden` accepts.

use std::str::FromStr;

use crate::model::size;

/// The hidden bytes that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HiddenLimit {
    /// Thousandths of a percent of all bytes of files.
    Share(u64),
    /// Bytes.
    Bytes(u64),
}

/// The units of a limit, in lower case, and their bytes.
const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
];

impl FromStr for HiddenLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<HiddenLimit, String> {
        let wrong = || "a limit is written as 5% or 50MB".to_string();
        let text = text.trim();
        if let Some(percent) = text.strip_suffix('%') {
            let share = thousandths(percent.trim()).and_then(|share| u64::try_from(share).ok());
            return share.map(HiddenLimit::Share).ok_or_else(wrong);
        }
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
        let (count, unit) = text.split_at(end.unwrap_or(text.len()));
        let unit = unit.trim().to_ascii_lowercase();
        let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let limit = thousandths(count).map(|count| count.saturating_mul(u128::from(*bytes)) / 1_000);
        limit.map(|limit| HiddenLimit::Bytes(u64::try_from(limit).unwrap_or(u64::MAX))).ok_or_else(wrong)
    }
}

/// Reads a decimal number with at most three digits behind the point, in thousandths.
fn thousandths(text: &str) -> Option<u128> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole, 20) || !is_number(rest, 3) {
        return None;
    }
    format!("{whole}{rest:0<3}").parse().ok()
}

impl HiddenLimit {
    /// Returns whether an image exceeds the limit. A share is compared as whole numbers, so that an image with exactly
    /// that share does not.
    pub(super) fn is_exceeded(self, hidden: u64, all: u64) -> bool {
        match self {
            HiddenLimit::Share(share) => u128::from(hidden) * 100_000 > u128::from(share) * u128::from(all),
            HiddenLimit::Bytes(bytes) => hidden > bytes,
        }
    }
}

impl std::fmt::Display for HiddenLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HiddenLimit::Share(share) => write!(f, "{} %", *share as f64 / 1_000.0),
            HiddenLimit::Bytes(bytes) => f.write_str(&size::bytes(*bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_percent_or_bytes_with_a_unit() {
        let table = [
            ("5%", Some(HiddenLimit::Share(5_000))),
            ("0.5 %", Some(HiddenLimit::Share(500))),
            ("50MB", Some(HiddenLimit::Bytes(50_000_000))),
            ("1.5 GiB", Some(HiddenLimit::Bytes(3 << 29))),
            ("0", Some(HiddenLimit::Bytes(0))),
            ("7b", Some(HiddenLimit::Bytes(7))),
            ("99999999999999999999GiB", Some(HiddenLimit::Bytes(u64::MAX))),
            ("0.0001%", None),
            ("1e3%", None),
            ("٣%", None),
            ("", None),
            ("%", None),
            ("MB", None),
            ("-1%", None),
            ("NaN%", None),
            ("5 apples", None),
            ("1.2.3MB", None),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<HiddenLimit>().ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_image_with_exactly_the_limit_does_not_exceed_it() {
        for percent in 0..=100 {
            let limit: HiddenLimit = format!("{percent}%").parse().expect("a limit");
            let exceeded = [percent, percent + 1].map(|hidden| limit.is_exceeded(hidden, 100));
            assert_eq!(exceeded, [false, true], "{percent}%");
        }
        assert!(!HiddenLimit::Share(0).is_exceeded(0, 0));
        assert!(HiddenLimit::Share(99_999).is_exceeded(u64::MAX, u64::MAX));
        let bytes = HiddenLimit::Bytes(10);
        assert_eq!([10, 11].map(|hidden| bytes.is_exceeded(hidden, 0)), [false, true]);
    }
}
