//! Nexus: docs/REGISTRIES.md §9.1. Its own API: docs/REGISTRIES.md §9.4.

use super::api::json::{list, text};
use super::api::paths::{get, with_query};
use super::api::{ApiAnswer, ApiLogin, ApiPage, NextCall, Searches, VendorApi};
use super::vendor::Vendor;
use crate::model::reference::RepositoryName;
use crate::model::vendor_lists::{SearchHit, VendorCall};

/// Nexus.
pub(crate) const NEXUS: Vendor = Vendor {
    name: "Nexus",
    has_sign: |signs| signs.header("server").contains("nexus"),
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    login: ApiLogin::Basic,
    search: Some(Searches { call: |words, _| search(words, None), read: read_hits }),
    ..VendorApi::NONE
};

fn search(words: &str, token: Option<&str>) -> VendorCall {
    let name = format!("*{}*", words.replace(['*', '?'], ""));
    let query = [("format", "docker"), ("name", &name)];
    let query: Vec<_> = query.into_iter().chain(token.map(|token| ("continuationToken", token))).collect();
    get(with_query("/service/rest/v1/search", &query), words)
}

/// Reads components. An image is listed once for each of its tags.
fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let hits = list(answer.body, "items")?
        .iter()
        .filter_map(|item| Some(SearchHit::of(RepositoryName::parse(text(item, "name")?).ok()?)));
    let token = text(answer.body, "continuationToken");
    let next = token.map(|token| NextCall::Path(search(&answer.call.about, Some(token)).path));
    Some(ApiPage { next, ..ApiPage::of(hits.collect()) })
}
