//! Numbers with their nouns: `1 tag`, `6 tags`, `1,000 tags`.

/// Formats a count with its noun in the right number.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{} {many}", group_thousands(count)),
    }
}

/// Formats a number with commas between its thousands: `1,000`.
pub(crate) fn group_thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number in at most five columns: `950`, `12.3k`, `4.0M`, `1.2G`.
pub(crate) fn short_count(count: u64) -> String {
    let units = [(1_000_000_000, 'G'), (1_000_000, 'M'), (1_000, 'k')];
    let unit = units.into_iter().find(|(size, _)| count >= *size);
    let Some((size, sign)) = unit else { return count.to_string() };
    let (whole, tenth) = (count / size, count % size / (size / 10));
    if whole >= 100 { format!("{whole}{sign}") } else { format!("{whole}.{tenth}{sign}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_by_commas() {
        let said = [0, 999, 1_000, 12_345, 1_234_567].map(group_thousands);
        assert_eq!(said, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn large_numbers_are_cut_to_one_unit() {
        let said = [0, 999, 1_000, 12_345, 999_999, 4_000_000, 21_500_000_000].map(short_count);
        assert_eq!(said, ["0", "999", "1.0k", "12.3k", "999k", "4.0M", "21.5G"]);
    }

    #[test]
    fn only_one_is_singular() {
        let said = [0, 1, 2, 1_000].map(|count| counted(count, "index", "indexes"));
        assert_eq!(said, ["0 indexes", "1 index", "2 indexes", "1,000 indexes"]);
    }
}
