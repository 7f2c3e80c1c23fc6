//! The names in a path: repositories, tags and references, by the grammar of OCI distribution-spec § Pulling manifests.
//!
//! It is independent of the client's own grammar, so that each checks the other.

use crate::model::digest::Digest;

/// The tag or digest by which a manifest is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DemoReference {
    /// A name that can be moved.
    Tag(String),
    /// A name that cannot be moved.
    Digest(Digest),
}

/// Returns whether `name` is `component("/"component)*` of lower case letters, digits and single separators.
pub(crate) fn is_repository(name: &str) -> bool {
    name.len() <= 255 && name.split('/').all(is_component)
}

/// Returns whether `text` is `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.split(alphanumeric).all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

/// Returns whether `text` is `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
pub(crate) fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_told_by_the_grammar() {
        for good in ["a", "library/nginx", "a.b_c__d-e---f/0", "team/app/deep/er"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in ["", "A", "a/", "/a", "a//b", "a..b", "a___b", "a._b", "-a", "a-", "a b", "a/../b", "é"] {
            assert!(!is_repository(bad), "{bad}");
        }
        assert!(!is_repository(&"a".repeat(256)));
    }

    #[test]
    fn tags_are_told_by_the_grammar() {
        for good in ["latest", "V1.2", "_x", "1.0-rc.1", &"a".repeat(128)] {
            assert!(is_tag(good), "{good}");
        }
        for bad in ["", ".a", "-a", "a+b", "a/b", "a:b", "é", &"a".repeat(129)] {
            assert!(!is_tag(bad), "{bad}");
        }
    }
}
