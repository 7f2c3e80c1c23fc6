//! The order of two versions of a package, as far as the rules of all ecosystems agree on it.
//!
//! The rules differ in many cases. Only those are decided that are clear: an epoch, a number at the same place, and further
//! numbers behind a dot. `~`, letters and everything else that one rule places before the release and another behind it is
//! not decided. The rules are those of
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>, <https://semver.org/#spec-item-11> and
//! <https://packaging.python.org/en/latest/specifications/version-specifiers/>; apk and rpm follow the first one here.

use std::cmp::Ordering;

/// Compares two versions. Returns `None` if the order is not certain.
pub(super) fn compare(ecosystem: &str, left: &str, right: &str) -> Option<Ordering> {
    if left == right {
        return Some(Ordering::Equal);
    }
    let mark = match ecosystem {
        "deb" | "rpm" | "alpm" => Some(':'),
        "pypi" => Some('!'),
        _ => None,
    };
    let split = |version| split_epoch(version, mark);
    let ((left_epoch, left), (right_epoch, right)) = (split(left), split(right));
    let by_epoch = compare_numbers(left_epoch, right_epoch);
    if by_epoch.is_ne() {
        return Some(by_epoch);
    }
    let (same, left, right) = without_the_same_start(left, right);
    // semver compares the parts of a pre-release as text if they have letters, and ignores the build.
    let is_past_release = match ecosystem {
        "npm" => same.contains(['-', '+']),
        "pypi" => same.contains('+'),
        _ => false,
    };
    if is_past_release {
        return None;
    }
    match (leading_number(left), leading_number(right)) {
        (Some(left), Some(right)) => Some(compare_numbers(left, right)).filter(|order| order.is_ne()),
        _ if is_longer(ecosystem, left, right) => Some(Ordering::Greater),
        _ if is_longer(ecosystem, right, left) => Some(Ordering::Less),
        _ => None,
    }
}

/// Returns the epoch, empty if there is none, and the rest.
fn split_epoch(version: &str, mark: Option<char>) -> (&str, &str) {
    let split = mark.and_then(|mark| version.split_once(mark));
    let is_epoch = |epoch: &str| !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
    split.filter(|(epoch, _)| is_epoch(epoch)).unwrap_or(("", version))
}

/// Splits off the start that both have, but no part of a number.
fn without_the_same_start<'a>(left: &'a str, right: &'a str) -> (&'a str, &'a str, &'a str) {
    let same = left.char_indices().zip(right.chars()).find(|((_, one), other)| one != other);
    let mut end = same.map_or(left.len().min(right.len()), |((at, _), _)| at);
    let digits = left[..end].bytes().rev().take_while(u8::is_ascii_digit).count();
    let begins_with_digit = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    if begins_with_digit(&left[end..]) || begins_with_digit(&right[end..]) {
        end -= digits;
    }
    (&left[..end], &left[end..], &right[end..])
}

fn leading_number(text: &str) -> Option<&str> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// Compares numbers of any length.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Returns whether one version goes on with a number, or a rebuild of Debian, when the other one ends.
fn is_longer(ecosystem: &str, long: &str, short: &str) -> bool {
    let has_revision = matches!(ecosystem, "deb" | "rpm" | "apk");
    let is_end = short.is_empty() || (has_revision && short.starts_with('-'));
    let number = long.strip_prefix('.').and_then(leading_number);
    // Python has `1.2` and `1.2.0` for the same version.
    let goes_on = number.is_some_and(|number| ecosystem != "pypi" || number.bytes().any(|byte| byte != b'0'));
    let is_rebuild = ecosystem == "deb" && short.is_empty() && long.starts_with('+');
    (is_end && goes_on) || is_rebuild
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_told_if_it_is_certain() {
        let (up, down) = (Some(Ordering::Less), Some(Ordering::Greater));
        let table = [
            ("deb", "1.9-1", "1.10-1", up),
            ("deb", "2.36-9+deb12u10", "2.36-9+deb12u9", down),
            ("deb", "2.0", "1:1.0", up),
            ("deb", "1:2.0", "1:1.0", down),
            ("deb", "3.0.1-1", "3.0.1-1+b1", up),
            ("deb", "1.2-1", "1.2.3-1", up),
            ("deb", "1.0~rc1", "1.0", None),
            ("deb", "1.1.1", "1.1.1w", None),
            ("deb", "1.01", "1.1", None),
            ("rpm", "0:1.2-3.fc39", "1.2-3.fc40", up),
            ("apk", "1.36.1-r2", "1.36.1-r15", up),
            ("apk", "3.1.4_git1-r0", "3.1.4-r0", None),
            ("npm", "2.0.0", "10.0.0", up),
            ("npm", "1.0.0-rc.2", "1.0.0-rc.10", None),
            ("npm", "1.0.0+1", "1.0.0+2", None),
            ("pypi", "1.2", "1.2.0", None),
            ("pypi", "1.2", "1.2.1", up),
            ("pypi", "2.0", "1!1.0", up),
            ("pypi", "1.2+cu9", "1.2+cu10", None),
            ("deb", "1é", "1è", None),
            ("deb", "", "99999999999999999999999", None),
            ("deb", "9999999999999999999998", "9999999999999999999999", up),
        ];
        for (ecosystem, left, right, expected) in table {
            assert_eq!(compare(ecosystem, left, right), expected, "{ecosystem} {left} {right}");
            let reverse = expected.map(Ordering::reverse);
            assert_eq!(compare(ecosystem, right, left), reverse, "{ecosystem} {right} {left}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_the_order_has_no_direction(left in "[0-9.:!~+é-]{0,8}", right in "[0-9.:!~+é-]{0,8}") {
            for ecosystem in ["deb", "npm", "pypi"] {
                let order = compare(ecosystem, &left, &right);
                proptest::prop_assert_eq!(order, compare(ecosystem, &right, &left).map(Ordering::reverse));
            }
        }
    }
}
