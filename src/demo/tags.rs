//! `GET /v2/<name>/tags/list`, sorted and in pages (distribution-spec § Listing tags).

use hyper::Uri;
use serde_json::json;

use super::DemoSettings;
use super::error_reply::ErrorReply;
use super::page::DemoPage;
use super::reply::{self, Reply};
use super::route::Query;
use super::store::Store;

/// Answers with one page of the tags of the repository `name`.
pub(crate) fn list(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    uri: &Uri,
    query: &Query<'_>,
) -> Result<Reply, ErrorReply> {
    let page = DemoPage::of(query, settings.tags_page)?;
    let (tags, more) = store.page_of_tags(name, &page).ok_or_else(|| ErrorReply::name_unknown(name))?;
    let mut reply = reply::json("application/json", &json!({ "name": name, "tags": tags }));
    if more && let Some(last) = tags.last() {
        page.link(reply.headers_mut(), uri, last);
    }
    Ok(reply)
}
