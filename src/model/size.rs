//! The one place that formats bytes and adds them up.

/// Bytes in decimal units with one digit: `154.6 MB`, `812 B`. A sum that went beyond all numbers says so.
pub fn bytes(count: u64) -> String {
    match count {
        u64::MAX => "over 18 EB".into(),
        _ => humansize::format_size(count, humansize::DECIMAL.decimal_places(1)),
    }
}

/// The sum of sizes that a server claims; `None` if one is not known. It stops at the largest number, which [`bytes`]
/// shows as what it is.
pub fn sum(sizes: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    sizes.into_iter().try_fold(0, |total: u64, size| Some(total.saturating_add(size?)))
}

/// The sum of those sizes that are known, as [`sum`] has it.
pub fn sum_of_known(sizes: impl IntoIterator<Item = Option<u64>>) -> u64 {
    sizes.into_iter().flatten().fold(0, u64::saturating_add)
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
    }
}
