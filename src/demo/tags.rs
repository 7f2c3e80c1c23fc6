//! `GET /v2/<name>/tags/list`, sorted and in pages (distribution-spec § Listing tags).

use hyper::Uri;
use serde_json::json;

use super::Settings;
use super::page::Page;
use super::refusal::Refusal;
use super::reply::{self, Reply};
use super::route::Query;
use super::store::Store;

/// One page of the tags of the repository `name`.
pub fn list(
    settings: &Settings,
    store: &Store,
    name: &str,
    uri: &Uri,
    query: &Query<'_>,
) -> Result<Reply, Refusal> {
    let page = Page::of(query, settings.tags_page)?;
    let (tags, more) = store.page_of_tags(name, &page).ok_or_else(|| Refusal::name_unknown(name))?;
    let mut reply = reply::json("application/json", &json!({ "name": name, "tags": tags }));
    if more && let Some(last) = tags.last() {
        page.link(reply.headers_mut(), uri, last);
    }
    Ok(reply)
}
