//! Passwords and tokens: a type that cannot be printed.

use reqwest::header::HeaderValue;

/// A secret. It has no `Display`, its `Debug` says nothing, and only [`Secret::reveal`] gives it out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub(crate) fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// Returns the secret itself, for a header or a form of the origin that it belongs to.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns `scheme secret` as the value of an `Authorization` header, which HTTP libraries then keep out of their
    /// logs.
    pub(crate) fn header(&self, scheme: &str) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{scheme} {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
