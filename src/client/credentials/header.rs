//! Secrets in the `Authorization` header.

use reqwest::header::HeaderValue;

use crate::model::secret::Secret;

/// Returns `scheme secret` as the value of an `Authorization` header, which HTTP libraries then keep out of their logs.
/// Returns `None` for a secret that cannot stand in a header.
pub(crate) fn authorization_header(scheme: &str, secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {}", secret.reveal())).ok()?;
    value.set_sensitive(true);
    Some(value)
}
