//! Paths of calls, made from names part by part.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::vendor_lists::VendorCall;

/// Everything that a segment of a path holds encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a name as one segment of a path. A slash in it is encoded.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// Returns a path with a query.
pub(crate) fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}

/// Returns a call without a body.
pub(crate) fn get(path: String, about: &str) -> VendorCall {
    VendorCall { path, about: about.into(), body: None }
}

/// Returns the path of a call with another value of a parameter that counts pages, one more than it was. Returns `None`
/// if the parameter is no number.
pub(crate) fn next_page(path: &str, parameter: &str) -> Option<String> {
    let (path, query) = path.split_once('?')?;
    let mut page = 1_u32;
    let mut kept = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == parameter {
            page = value.parse().ok()?;
        } else {
            kept.push((name, value));
        }
    }
    let page = page.checked_add(1)?.to_string();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair(parameter, &page)
        .finish();
    Some(format!("{path}?{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place_in_a_path() {
        assert_eq!(segment("a/b c?d#e"), "a%2Fb%20c%3Fd%23e");
        assert_eq!(with_query("/x", &[("q", "a&b=c"), ("n", "1")]), "/x?q=a%26b%3Dc&n=1");
        assert_eq!(next_page("/x?page=3&n=5", "page").as_deref(), Some("/x?n=5&page=4"));
        assert_eq!(next_page("/x?n=5", "page").as_deref(), Some("/x?n=5&page=2"));
        assert_eq!(next_page("/x?page=a", "page"), None);
    }
}
