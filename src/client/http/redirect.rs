//! The allowed targets of redirects. `http` decides which headers go along: outside the registry's origin, none that
//! identifies the user.

use reqwest::header::LOCATION;
use reqwest::{Method, Url};

use super::origin::{self, Origin};
use super::request::HttpAnswer;
use crate::client::error::Cause;

/// Returns the target of a response that is a redirect. Fails if the redirect must not be followed.
pub fn target(answer: &HttpAnswer, registry_is_loopback: bool) -> Result<Option<Url>, Cause> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers.get(LOCATION) else { return Ok(None) };
    let location = String::from_utf8_lossy(location.as_bytes());
    let next = answer.url.join(&location).map_err(|_| Cause::Redirect("its target is no address".into()))?;
    check(&answer.url, &next, registry_is_loopback).map_err(|why| Cause::Redirect(why.into()))?;
    Ok(Some(next))
}

/// Fails if a request of this method must not be redirected. A request that changes something stays on its origin, and
/// follows only statuses that keep method and body.
pub fn check_method(method: &Method, answer: &HttpAnswer, next: &Url) -> Result<(), Cause> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let keeps = matches!(answer.status, 307 | 308) && Origin::of(&answer.url) == Origin::of(next);
    match reads || keeps {
        true => Ok(()),
        false => Err(Cause::Redirect("requests that change something are not redirected".into())),
    }
}

/// Fails if a server must not lead the client from one URL to the other.
pub(crate) fn check(from: &Url, to: &Url, registry_is_loopback: bool) -> Result<(), &'static str> {
    let is_inside = |address| origin::is_forbidden(address, registry_is_loopback);
    match to.scheme() {
        "https" => {}
        "http" if from.scheme() == "http" => {}
        "http" => return Err("it leads from HTTPS to plain HTTP"),
        _ => return Err("it leads away from HTTP"),
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err("it carries a user name");
    }
    if Origin::of(from) != Origin::of(to) && origin::literal_ip(to).is_some_and(is_inside) {
        return Err("it leads to an address inside this machine or network link");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/RELIABILITY.md B3, docs/REGISTRIES.md §11.
    #[test]
    fn redirects_lead_to_safe_places_only() {
        let table = [
            ("https://r.test/v2/", "https://cdn.test/x", true),
            ("https://r.test/v2/", "http://r.test/x", false),
            ("https://r.test/v2/", "https://user@r.test/x", false),
            ("https://r.test/v2/", "ftp://r.test/x", false),
            ("https://r.test/v2/", "https://169.254.169.254/x", false),
            ("https://r.test/v2/", "https://127.1/x", false),
            ("https://r.test/v2/", "https://[::1]/x", false),
            ("http://r.test/v2/", "http://cdn.test/x", true),
        ];
        for (from, to, is_allowed) in table {
            let from = from.parse().expect("a url");
            assert_eq!(check(&from, &to.parse().expect("a url"), false).is_ok(), is_allowed, "{to}");
        }
        let own = "http://127.0.0.1:5000/v2/".parse().expect("a url");
        assert!(check(&own, &"http://127.0.0.1:6000/x".parse().expect("a url"), true).is_ok());
    }
}
