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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_by_commas() {
        let said = [0, 999, 1_000, 12_345, 1_234_567].map(group_thousands);
        assert_eq!(said, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn only_one_is_singular() {
        let said = [0, 1, 2, 1_000].map(|count| counted(count, "index", "indexes"));
        assert_eq!(said, ["0 indexes", "1 index", "2 indexes", "1,000 indexes"]);
    }
}
