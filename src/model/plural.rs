//! Numbers with their nouns: `1 tag`, `6 tags`.

/// So many of something.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        let said = [0, 1, 2].map(|count| counted(count, "index", "indexes"));
        assert_eq!(said, ["0 indexes", "1 index", "2 indexes"]);
    }
}
