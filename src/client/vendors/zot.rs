//! zot: docs/REGISTRIES.md §7.1, §8.1. Its own API: docs/REGISTRIES.md §9.4.

use super::api::json::{count, list, text};
use super::api::paths::{get, with_query};
use super::api::{ApiAnswer, ApiPage, Searches, VendorApi};
use super::vendor::Vendor;
use crate::model::reference::RepositoryName;
use crate::model::vendor_lists::{SearchHit, VendorCall};

/// zot.
pub(crate) const ZOT: Vendor = Vendor {
    name: "zot",
    has_sign: |signs| {
        signs.header("server").contains("zot") || signs.header("distribution-api-version").contains("zot")
    },
    docker_condition: Some("zot accepts Docker's manifests only if its `http.compat` contains `docker2s2`"),
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi =
    VendorApi { search: Some(Searches { call: search, read: read_hits }), ..VendorApi::NONE };

/// Returns the call in GraphQL. A text of JSON is one of GraphQL too.
fn search(words: &str, most: usize) -> VendorCall {
    let words = serde_json::Value::from(words);
    let query = format!(
        "{{GlobalSearch(query:{words},requestedPage:{{limit:{most} offset:0 sortBy:RELEVANCE}})\
         {{Repos{{Name DownloadCount StarCount}}}}}}"
    );
    get(with_query("/v2/_zot/ext/search", &[("query", &query)]), "")
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let found = answer.body.get("data")?.get("GlobalSearch")?;
    let hits = list(found, "Repos")?.iter().filter_map(|item| {
        let name = RepositoryName::parse(text(item, "Name")?).ok()?;
        let (stars, pulls) = (count(item, "StarCount"), count(item, "DownloadCount"));
        Some(SearchHit { stars, pulls, ..SearchHit::of(name) })
    });
    Some(ApiPage::of(hits.collect()))
}
