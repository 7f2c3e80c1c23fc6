//! The order of tags as people expect it.
//!
//! Versions are sorted by their numbers (of any length, with `v` in front or not), a pre-release below its release, and
//! variants (`-alpine`, `-slim`) behind the plain version. Dates are sorted among themselves, words in natural order,
//! and digest tags come last. This is a total order, so sorting is stable whatever a server lists.

use std::cmp::Ordering;

/// Words that mark a version before the release.
const BEFORE_RELEASE: &[&str] =
    &["dev", "snapshot", "nightly", "alpha", "a", "beta", "b", "m", "milestone", "pre", "preview", "rc"];

/// The sort key of a tag; a larger key is newer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VersionKey<'a> {
    class: Class,
    numbers: Vec<Number<'a>>,
    stage: ReleaseStage<'a>,
    rest: Vec<VersionPart<'a>>,
    text: &'a str,
}

/// The first bits of a [`VersionKey`], small enough to keep one for each of a million tags. If two tags have different
/// ranks, the ranks compare as the keys do. If the ranks are the same, the keys decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u128);

/// The classes of names, from the least to the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    DigestTag,
    Word,
    Date,
    Version,
}

/// The stage of a version: before its release, or released.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum ReleaseStage<'a> {
    Before(usize, Number<'a>),
    Released,
}

/// A number of any length, compared by its length without leading zeros, then by its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number<'a>(&'a str);

/// A piece of the text after the numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum VersionPart<'a> {
    Digits(Number<'a>),
    Text(Caseless<'a>),
}

/// Text that is compared without regard to case.
#[derive(Debug, Clone, Copy)]
struct Caseless<'a>(&'a str);

impl Caseless<'_> {
    fn small(&self) -> impl Iterator<Item = char> {
        self.0.chars().flat_map(char::to_lowercase)
    }
}

impl Ord for Caseless<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.small().cmp(other.small())
    }
}

impl PartialOrd for Caseless<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Caseless<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Caseless<'_> {}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Number<'_> {
    fn of(digits: &str) -> Number<'_> {
        Number(digits.trim_start_matches('0'))
    }
}

impl Rank {
    /// Returns a few bits that depend on the whole rank. They differ for most pairs of different ranks.
    pub(crate) fn sketch(self) -> u16 {
        let folded = (self.0 >> 64) as u64 ^ self.0 as u64;
        (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u16
    }

    /// Returns the rank of a tag.
    pub(crate) fn of(tag: &str) -> Rank {
        let key = VersionKey::of(tag);
        let mut bits = Bits { value: 0, left: u128::BITS };
        bits.push(key.class as u128, 2);
        for number in &key.numbers {
            bits.push(1, 1);
            bits.number(*number);
        }
        bits.push(0, 1);
        match key.stage {
            ReleaseStage::Before(stage, number) => {
                bits.push(0, 1);
                bits.push(stage as u128, 4);
                bits.number(number);
            }
            ReleaseStage::Released => bits.push(1, 1),
        }
        for part in &key.rest {
            bits.push(1, 1);
            match part {
                VersionPart::Digits(number) => {
                    bits.push(0, 1);
                    bits.number(*number);
                }
                VersionPart::Text(text) => {
                    bits.push(1, 1);
                    bits.text(*text);
                }
            }
        }
        Rank(bits.value << bits.left.min(u128::BITS - 1))
    }
}

/// Bits in sequence, until there is no room for more.
struct Bits {
    value: u128,
    left: u32,
}

impl Bits {
    fn push(&mut self, value: u128, width: u32) {
        let kept = width.min(self.left);
        if kept > 0 {
            self.value = self.value << kept | value >> (width - kept);
            self.left -= kept;
        }
    }

    /// Ends the sequence. Later parts are left out, because they do not compare as these bits would.
    fn end(&mut self) {
        self.value = self.value.checked_shl(self.left).unwrap_or(self.value);
        self.left = 0;
    }

    /// Pushes the number of digits, then the digits.
    fn number(&mut self, number: Number) {
        const LONGEST: u128 = 15;
        let digits = number.0.len() as u128;
        self.push(digits.min(LONGEST), 4);
        match number.0.parse::<u64>() {
            _ if digits >= LONGEST => self.end(),
            // There are at most 14 digits, each of which takes less than four bits.
            Ok(value) => self.push(value.into(), 4 * digits as u32),
            Err(_) => {}
        }
    }

    /// Pushes the letters, then an end mark that is less than each of them.
    fn text(&mut self, text: Caseless) {
        for letter in text.small() {
            if self.left == 0 {
                return;
            }
            if !letter.is_ascii() {
                self.push(0xff, 8);
                return self.end();
            }
            self.push(letter as u128 + 1, 8);
        }
        self.push(0, 8);
    }
}

/// Compares two tags; the newer one is greater.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    VersionKey::of(a).cmp(&VersionKey::of(b))
}

/// Returns the class of a tag as a number: tags of a lower class are all older than those of a higher one, so only tags of
/// one class have an order that means something. Versions have the highest.
pub(crate) fn class_number(tag: &str) -> u8 {
    VersionKey::of(tag).class as u8
}

/// Sorts items by the tags that `name` returns, the newest first.
pub(crate) fn newest_first<T>(items: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    let mut ranked: Vec<(Rank, T)> = items.into_iter().map(|item| (Rank::of(name(&item)), item)).collect();
    ranked.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| compare(name(other), name(one))));
    ranked.into_iter().map(|(_, item)| item).collect()
}

impl VersionKey<'_> {
    /// Returns the key of a tag.
    pub(crate) fn of(tag: &str) -> VersionKey<'_> {
        let (numbers, rest) = leading_numbers(tag);
        let class = class_of(tag, &numbers);
        let (stage, rest) = match class {
            Class::Version | Class::Date => stage_of(rest),
            Class::Word | Class::DigestTag => (ReleaseStage::Released, tag),
        };
        let numbers = match class {
            Class::Version => without_trailing_zeros(numbers),
            Class::Date => year_month_day(numbers),
            Class::Word | Class::DigestTag => Vec::new(),
        };
        VersionKey { class, numbers, stage, rest: parts(rest), text: tag }
    }
}

/// Splits a tag into its leading numbers and the rest: `v1.10-rc1` gives 1, 10 and `-rc1`. Dots join numbers. Dashes do
/// too if the tag looks like a date.
fn leading_numbers(tag: &str) -> (Vec<Number<'_>>, &str) {
    let mut rest = match tag.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => rest,
        _ => tag,
    };
    let is_date = rest.len() >= 10 && rest.as_bytes()[4] == b'-' && rest.as_bytes()[7] == b'-';
    let mut numbers = Vec::new();
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 {
            return (numbers, rest);
        }
        numbers.push(Number::of(&rest[..end]));
        rest = &rest[end..];
        let joins = rest.starts_with('.') || (is_date && numbers.len() < 3 && rest.starts_with('-'));
        if joins && rest[1..].starts_with(|next: char| next.is_ascii_digit()) {
            rest = &rest[1..];
        } else {
            return (numbers, rest);
        }
    }
}

fn class_of(tag: &str, numbers: &[Number]) -> Class {
    let hex_run = |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_year =
        |number: &Number| number.0.len() == 4 && (number.0.starts_with("19") || number.0.starts_with("20"));
    match numbers {
        _ if tag.starts_with("sha256-") || tag.starts_with("sha512-") => Class::DigestTag,
        [] => Class::Word,
        [_] if hex_run(tag) && !tag.bytes().all(|byte| byte.is_ascii_digit()) => Class::Word,
        [only] if only.0.len() >= 8 => Class::Date,
        [first, _, ..] if is_year(first) => Class::Date,
        _ => Class::Version,
    }
}

/// Splits the text after the numbers into the stage of the version and the rest. The rest is a variant.
fn stage_of(rest: &str) -> (ReleaseStage<'_>, &str) {
    let word = rest.trim_start_matches(['-', '.', '_', '~']);
    let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    let name = &word[..end];
    let Some(rank) = BEFORE_RELEASE.iter().position(|stage| stage.eq_ignore_ascii_case(name)) else {
        return (ReleaseStage::Released, rest);
    };
    let behind = &word[end..];
    let digits_at = behind.find(|c: char| !matches!(c, '.' | '-' | '_')).unwrap_or(behind.len());
    let digits = &behind[digits_at..];
    let digits_end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits_end {
        0 => (ReleaseStage::Before(rank, Number::of("")), behind),
        _ => (ReleaseStage::Before(rank, Number::of(&digits[..digits_end])), &digits[digits_end..]),
    }
}

/// Splits a date of eight digits: `20240131` becomes 2024, 1, 31, so that all dates compare.
fn year_month_day(numbers: Vec<Number<'_>>) -> Vec<Number<'_>> {
    match numbers.as_slice() {
        [first, rest @ ..] if first.0.len() >= 8 && first.0.is_char_boundary(8) => {
            let (year, day) = first.0.split_at(4);
            let (month, day) = day.split_at(2);
            [year, month, day].into_iter().map(Number::of).chain(rest.iter().copied()).collect()
        }
        _ => numbers,
    }
}

/// Removes trailing zeros, since `1.2` and `1.2.0` are one version. The text decides between the two.
fn without_trailing_zeros(mut numbers: Vec<Number<'_>>) -> Vec<Number<'_>> {
    while numbers.len() > 1 && numbers.last().is_some_and(|number| number.0.is_empty()) {
        numbers.pop();
    }
    numbers
}

/// Splits text into runs of digits, compared by value, and other text, compared without regard to case.
fn parts(mut text: &str) -> Vec<VersionPart<'_>> {
    let mut parts = Vec::new();
    while let Some(first) = text.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len());
        let (piece, rest) = text.split_at(end);
        parts.push(if is_digit {
            VersionPart::Digits(Number::of(piece))
        } else {
            VersionPart::Text(Caseless(piece))
        });
        text = rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_in_the_order_of_their_versions() {
        let ascending = [
            "sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.sig",
            "edge",
            "latest",
            "main",
            "20240101",
            "2024.01.15",
            "2024-02-01",
            "0.9",
            "1.2.9",
            "1.2.10-alpha1",
            "1.2.10-beta",
            "1.2.10-rc.1",
            "1.2.10-rc.2",
            "1.2.10-rc10",
            "1.2.10",
            "v1.2.11",
            "1.3-dev",
            "1.3",
            "1.3.0",
            "1.3-alpine3.9",
            "1.3-alpine3.20",
            "1.3-slim",
            "1.27",
            "2",
            "99999999999999999999.1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{} < {}", pair[0], pair[1]);
            assert!(Rank::of(pair[0]) <= Rank::of(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn the_ranks_of_usual_tags_tell_them_apart() {
        for pair in [["1.123456.0", "1.123457.0"], ["build-0000001", "build-0000002"], ["v2", "v2.0.1"]] {
            assert!(Rank::of(pair[0]) < Rank::of(pair[1]), "{pair:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ranks_that_differ_compare_as_keys_do(a in "(v?[0-9]{0,5}[-._]?(rc|alpha|dev|[a-cA-Cé\\x00-\\x02]{0,4}|[0-9]{1,20})?[-.]?[0-9]{0,3}){1,3}", b in "(v?[0-9]{0,5}[-._]?(rc|alpha|dev|[a-cA-Cé\\x00-\\x02]{0,4}|[0-9]{1,20})?[-.]?[0-9]{0,3}){1,3}") {
            let (ranks, keys) = (Rank::of(&a).cmp(&Rank::of(&b)), VersionKey::of(&a).cmp(&VersionKey::of(&b)));
            proptest::prop_assert!(ranks == Ordering::Equal || ranks == keys, "{:?} {:?} {:?} {:?}", a, b, ranks, keys);
        }

        #[test]
        fn the_order_is_total(tags in proptest::collection::vec("v?[0-9a-c]{0,3}[-._]?(rc|alpha|dev|[0-9]{1,4})?[-.]?[0-9]{0,2}", 3)) {
            let [a, b, c] = [&tags[0], &tags[1], &tags[2]].map(|tag| VersionKey::of(tag));
            proptest::prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            proptest::prop_assert_eq!(a == b, tags[0] == tags[1]);
            if a <= b && b <= c {
                proptest::prop_assert!(a <= c);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            VersionKey::of(&text);
        }
    }
}
