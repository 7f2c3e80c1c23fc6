//! `GET /v2/_catalog`, as distribution 2.8.2 and later answer it. OCI does not specify such a list.

use hyper::Uri;
use serde_json::json;

use super::DemoSettings;
use super::error_reply::ErrorReply;
use super::page::DemoPage;
use super::reply::{self, Reply};
use super::route::Query;
use super::store::Store;

/// Answers with one page of the names of all repositories.
pub(crate) fn list(
    settings: &DemoSettings,
    store: &Store,
    uri: &Uri,
    query: &Query<'_>,
) -> Result<Reply, ErrorReply> {
    if let Some(status) = settings.catalog_refused {
        return Err(ErrorReply::with_status(status));
    }
    let page = DemoPage::of(query, settings.catalog_page)?;
    let (names, more) = store.page_of_repositories(&page);
    let mut reply = reply::json("application/json; charset=utf-8", &json!({ "repositories": names }));
    if more && let Some(last) = names.last() {
        page.link(reply.headers_mut(), uri, last);
    }
    Ok(reply)
}
