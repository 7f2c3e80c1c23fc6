//! The `Link` header of a page: RFC 8288, as registries write it.

use reqwest::header::{HeaderMap, LINK};

/// Returns the target of the link with `rel=next`, as written, or `None` if it is empty or missing.
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    let lines =
        headers.get_all(LINK).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    lines.into_iter().find_map(|line| next_of(&line))
}

fn next_of(line: &str) -> Option<String> {
    let mut rest = line;
    while let Some(start) = rest.find('<') {
        let (target, after) = rest[start + 1..].split_once('>')?;
        let (parameters, after) = parameters(after);
        if parameters.iter().any(|(name, value)| {
            name == "rel" && value.split_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
        }) {
            return Some(target.trim().to_string()).filter(|target| !target.is_empty());
        }
        rest = after;
    }
    None
}

/// Returns the parameters of one link, their names in lower case, and the text after its comma.
fn parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix(';') {
        let after = after.trim_start();
        let name_end =
            after.find(|c: char| c.is_whitespace() || matches!(c, '=' | ';' | ',')).unwrap_or(after.len());
        let (name, after) = after.split_at(name_end);
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('=') {
            Some(value) => value_of(value.trim_start()),
            None => ("", after),
        };
        parameters.push((name.to_ascii_lowercase(), value.to_string()));
        rest = after.trim_start();
    }
    (parameters, rest.strip_prefix(',').unwrap_or(rest))
}

fn value_of(text: &str) -> (&str, &str) {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => text
            .split_at(text.find(|c: char| c.is_whitespace() || matches!(c, ';' | ',')).unwrap_or(text.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/REGISTRIES.md §3.2.
    #[test]
    fn the_next_page_is_found_however_it_is_written() {
        let table = [
            (r#"</v2/_catalog?last=b&n=2>; rel="next""#, Some("/v2/_catalog?last=b&n=2")),
            ("</v2/_catalog?n=2>;rel=next", Some("/v2/_catalog?n=2")),
            (r#"<https://h/v2/x?last=a,b>; title="a, b"; REL="Next last""#, Some("https://h/v2/x?last=a,b")),
            (r#"</p>; rel="previous", </n>; rel="next""#, Some("/n")),
            (r#"<>; rel="next""#, None),
            (r#"</p>; rel="previous""#, None),
            ("</p>", None),
            ("</p", None),
            ("", None),
        ];
        for (line, expected) in table {
            assert_eq!(next_of(line).as_deref(), expected, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics_or_loops(line in "[<>;=\", a-z\u{e9}]{0,60}") {
            next_of(&line);
        }
    }
}
