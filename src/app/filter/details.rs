//! The words of a filter that match the details of a row: digests and platforms.

use std::ops::Range;

use super::FilterRow;

/// The architectures that are a word of their own, in Go's words. Others are written with the operating system.
const ARCHITECTURES: [&str; 9] =
    ["amd64", "arm64", "arm", "ppc64le", "s390x", "riscv64", "loong64", "mips64le", "wasm"];
/// The least number of digits of a digest without the name of its algorithm.
const LEAST_DIGITS: usize = 6;

/// A digest or a platform, or the beginning of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DetailWord {
    /// The beginning of a digest, after the name of its algorithm.
    Digest(String),
    /// The beginning of the hex digits of a digest.
    Hex(String),
    /// A platform, or one or more of its parts.
    Platform(String),
}

impl DetailWord {
    /// Parses a word. Returns `None` if it is neither a digest nor a platform. Tags contain neither `:` nor `/`. Hex
    /// digits without a letter may be a date, and without a number a name.
    pub(super) fn parse(text: &str) -> Option<DetailWord> {
        let lower = text.to_ascii_lowercase();
        let is_hex = lower.bytes().all(|byte| byte.is_ascii_hexdigit());
        let has = |is_kind: fn(&u8) -> bool| lower.bytes().any(|byte| is_kind(&byte));
        if lower.starts_with("sha256:") || lower.starts_with("sha512:") {
            Some(DetailWord::Digest(lower))
        } else if is_hex
            && lower.len() >= LEAST_DIGITS
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
        {
            Some(DetailWord::Hex(lower))
        } else if lower.contains('/') || ARCHITECTURES.contains(&lower.as_str()) {
            Some(DetailWord::Platform(lower.trim_end_matches('/').into()))
        } else {
            None
        }
    }

    /// Returns whether the details of a row match.
    pub(super) fn matches(&self, row: &FilterRow<'_>) -> bool {
        match self {
            DetailWord::Digest(text) => {
                row.digest.is_some_and(|digest| digest.to_string().starts_with(text.as_str()))
            }
            DetailWord::Hex(text) => row.digest.is_some_and(|digest| digest.hex().starts_with(text.as_str())),
            DetailWord::Platform(text) => {
                row.platforms.iter().any(|platform| has_parts(&platform.to_string().to_lowercase(), text))
            }
        }
    }

    /// Returns the parts of a text of details that match, in bytes: of a short digest, or of a list of platforms.
    pub(super) fn places_in(&self, text: &str) -> Vec<Range<usize>> {
        let at_start = |hex: &str| {
            let shown = &text[..text.trim_end().len()];
            let length = hex.len().min(shown.len());
            let is_there = length > 0 && (shown.starts_with(hex) || hex.starts_with(shown));
            is_there.then_some(0..length).into_iter().collect()
        };
        match self {
            DetailWord::Digest(word) => at_start(word.split_once(':').map_or("", |(_, hex)| hex)),
            DetailWord::Hex(word) => at_start(word),
            DetailWord::Platform(word) => {
                let word = word.strip_prefix("linux/").unwrap_or(word);
                let mut from = 0;
                let places = text.split(' ').filter_map(|part| {
                    let place = from..from + part.len();
                    from = place.end + 1;
                    has_parts(part, word).then_some(place)
                });
                places.collect()
            }
        }
    }
}

/// Returns whether a platform has these parts, one after the other: `linux/arm64`, `arm`, `arm/v7`.
fn has_parts(platform: &str, parts: &str) -> bool {
    format!("/{platform}/").contains(&format!("/{parts}/"))
}
