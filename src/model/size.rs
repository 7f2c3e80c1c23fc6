//! The one place that formats bytes and adds them up.

use std::sync::atomic::{AtomicU64, Ordering};

/// Formats bytes in decimal units with one digit: `154.6 MB`, `812 B`. A sum beyond the largest number is shown as
/// `over 18 EB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        u64::MAX => "over 18 EB".into(),
        _ => humansize::format_size(count, humansize::DECIMAL.decimal_places(1)),
    }
}

/// Adds two sizes, up to the largest number.
pub(crate) fn plus(one: u64, other: u64) -> u64 {
    one.saturating_add(other)
}

/// Adds a size to a sum that several tasks share, as [`plus`] does.
pub(crate) fn add_to(sum: &AtomicU64, size: u64) {
    // The closure always returns a value, so the update cannot fail.
    sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sum| Some(plus(sum, size))).ok();
}

/// Adds sizes that a server claims. Returns `None` if one of them is not known. The sum stops at the largest number,
/// which [`bytes()`] shows as such.
pub(crate) fn sum(sizes: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    sizes.into_iter().try_fold(0, |total, size| Some(plus(total, size?)))
}

/// Adds the sizes that are known, as [`sum`] does.
pub(crate) fn sum_of_known(sizes: impl IntoIterator<Item = Option<u64>>) -> u64 {
    sizes.into_iter().flatten().fold(0, plus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal() {
        let table = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (154_600_000, "154.6 MB"),
            (u64::MAX, "over 18 EB"),
        ];
        for (count, expected) in table {
            assert_eq!(bytes(count), expected);
        }
    }

    #[test]
    fn sums_stop_at_the_largest_number() {
        assert_eq!(sum([Some(1), Some(2)]), Some(3));
        assert_eq!(sum([Some(1), None]), None);
        let absurd = || std::iter::repeat_n(Some(1 << 50), 16_385);
        assert_eq!((sum(absurd()), sum_of_known(absurd())), (Some(u64::MAX), u64::MAX));
        let shared = AtomicU64::new(1);
        [u64::MAX - 5, 2, 7, u64::MAX].into_iter().for_each(|size| add_to(&shared, size));
        assert_eq!(bytes(shared.into_inner()), "over 18 EB", "it does not begin anew");
    }
}
