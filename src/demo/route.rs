//! Reads paths. Repository names contain slashes, so a path is read from its end.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::error_reply::ErrorReply;
use super::name::{DemoReference, is_repository, is_tag};
use crate::model::digest::Digest;

/// The resource that a request names. Its names are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/v2/`
    Ping,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags(String),
    /// `/v2/<name>/manifests/<reference>`
    Manifest(String, DemoReference),
    /// `/v2/<name>/blobs/<digest>`
    Blob(String, Digest),
    /// `/v2/<name>/blobs/uploads/`
    Uploads(String),
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload(String, String),
    /// `/v2/<name>/referrers/<digest>`
    Referrers(String, Digest),
    /// `/v2/_regtui/search`
    Search,
    /// `/token`
    Token,
}

impl Route {
    /// Reads `path`. Fails if it names no resource or violates the grammar.
    pub(crate) fn of(path: &str) -> Result<Route, ErrorReply> {
        let path = percent_decode_str(path).decode_utf8().map_err(|_| ErrorReply::no_such_path())?;
        match path.as_ref() {
            "/v2/" | "/v2" => return Ok(Route::Ping),
            "/v2/_catalog" => return Ok(Route::Catalog),
            "/v2/_regtui/search" => return Ok(Route::Search),
            "/token" => return Ok(Route::Token),
            _ => {}
        }
        let rest = path.strip_prefix("/v2/").ok_or_else(ErrorReply::no_such_path)?;
        let (head, last) = rest.rsplit_once('/').ok_or_else(ErrorReply::no_such_path)?;
        if last == "uploads"
            && let Some(name) = head.strip_suffix("/blobs")
        {
            return Ok(Route::Uploads(repository(name)?));
        }
        if let Some(name) = head.strip_suffix("/blobs/uploads") {
            let name = repository(name)?;
            return Ok(if last.is_empty() {
                Route::Uploads(name)
            } else {
                Route::Upload(name, last.to_owned())
            });
        }
        let (name, noun) = head.rsplit_once('/').ok_or_else(ErrorReply::no_such_path)?;
        match noun {
            "tags" if last == "list" => Ok(Route::Tags(repository(name)?)),
            "manifests" => Ok(Route::Manifest(repository(name)?, reference(last)?)),
            "blobs" => Ok(Route::Blob(repository(name)?, digest(last)?)),
            "referrers" => Ok(Route::Referrers(repository(name)?, digest(last)?)),
            _ => Err(ErrorReply::no_such_path()),
        }
    }

    /// Returns the repository that it names, if any.
    pub(crate) fn repository(&self) -> Option<&str> {
        match self {
            Route::Ping | Route::Catalog | Route::Search | Route::Token => None,
            Route::Tags(name)
            | Route::Manifest(name, _)
            | Route::Blob(name, _)
            | Route::Uploads(name)
            | Route::Upload(name, _)
            | Route::Referrers(name, _) => Some(name),
        }
    }
}

fn repository(name: &str) -> Result<String, ErrorReply> {
    if is_repository(name) { Ok(name.to_owned()) } else { Err(ErrorReply::name_invalid(name)) }
}

fn digest(text: &str) -> Result<Digest, ErrorReply> {
    text.parse().map_err(|_| ErrorReply::digest_invalid("not a digest this registry can check"))
}

fn reference(text: &str) -> Result<DemoReference, ErrorReply> {
    if text.contains(':') {
        digest(text).map(DemoReference::Digest)
    } else if is_tag(text) {
        Ok(DemoReference::Tag(text.to_owned()))
    } else {
        Err(ErrorReply::tag_invalid("invalid tag name"))
    }
}

/// The part of a request after `?`, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads `text`, which has no `?`.
    pub(crate) fn of(text: &'a str) -> Query<'a> {
        Query(form_urlencoded::parse(text.as_bytes()).collect())
    }

    /// Returns the first value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Returns every value of `key`, in order.
    pub(crate) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn paths_are_read_from_their_end() {
        let empty = Digest::sha256(b"");
        let name = || "a/tags/list/b".to_owned();
        let table = [
            ("/v2/".to_owned(), Route::Ping),
            ("/v2/_catalog".into(), Route::Catalog),
            ("/v2/a/tags/list/b/tags/list".into(), Route::Tags(name())),
            (
                "/v2/a/tags/list/b/manifests/1.0".into(),
                Route::Manifest(name(), DemoReference::Tag("1.0".into())),
            ),
            (format!("/v2/a/tags/list/b/blobs/sha256:{HEX}"), Route::Blob(name(), empty)),
            (format!("/v2/a%2Ftags/list/b/referrers/sha256%3A{HEX}"), Route::Referrers(name(), empty)),
            ("/v2/a/tags/list/b/blobs/uploads/".into(), Route::Uploads(name())),
            ("/v2/a/tags/list/b/blobs/uploads".into(), Route::Uploads(name())),
            ("/v2/a/tags/list/b/blobs/uploads/id".into(), Route::Upload(name(), "id".into())),
        ];
        for (path, route) in table {
            assert_eq!(Route::of(&path).ok(), Some(route), "{path}");
        }
    }

    #[test]
    fn paths_that_name_nothing_are_refused() {
        for path in [
            "",
            "/",
            "/v1/",
            "/v2/a",
            "/v2/a/b",
            "/v2/A/tags/list",
            "/v2/a/../b/tags/list",
            "/v2/a/blobs/x",
            "/v2/%ff",
        ] {
            assert!(Route::of(path).is_err(), "{path}");
        }
    }
}
