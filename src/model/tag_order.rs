//! The order of tags by a value that several of them may share, such as the date.

use std::cmp::Ordering;

use super::version_order;

/// Compares two tags by values so that the largest comes first, or last if reversed. Unknown values are at the end in
/// both orders. `by_version` compares tags whose values are equal or unknown: see [`newest_first`].
pub(crate) fn compare_by<T: Ord>(
    a: Option<T>,
    b: Option<T>,
    is_reversed: bool,
    by_version: impl FnOnce() -> Ordering,
) -> Ordering {
    let order = match (a, b) {
        (Some(a), Some(b)) if is_reversed => a.cmp(&b),
        (a, b) => b.cmp(&a),
    };
    order.then_with(by_version)
}

/// Compares the names of two tags: the newest version first. This decides wherever dates or sizes are equal.
pub(crate) fn newest_first(a: &str, b: &str) -> Ordering {
    version_order::compare(b, a).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_and_unknown_values_are_in_the_order_of_versions_and_unknown_ones_come_last() {
        let tags = [("1.9", Some(1)), ("1.10", Some(1)), ("2.0", None), ("1.1", Some(5)), ("10.0", None)];
        let sorted = |is_reversed| {
            let mut tags = tags;
            tags.sort_by(|a, b| compare_by(a.1, b.1, is_reversed, || newest_first(a.0, b.0)));
            tags.map(|(name, _)| name)
        };
        assert_eq!(sorted(false), ["1.1", "1.10", "1.9", "10.0", "2.0"]);
        assert_eq!(sorted(true), ["1.10", "1.9", "1.1", "10.0", "2.0"]);
    }
}
