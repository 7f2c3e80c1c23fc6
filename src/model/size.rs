//! The one place that formats bytes.

/// Bytes in decimal units with one digit: `154.6 MB`, `812 B`.
pub fn bytes(count: u64) -> String {
    humansize::format_size(count, humansize::DECIMAL.decimal_places(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal() {
        let table =
            [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (154_600_000, "154.6 MB"), (u64::MAX, "18.4 EB")];
        for (count, expected) in table {
            assert_eq!(bytes(count), expected);
        }
    }
}
