//! The registry in memory of `--demo`.

use serde_json::Value;

use super::api::json::{count, description, list, text};
use super::api::paths::{get, with_query};
use super::api::{ApiAnswer, ApiPage, Searches, VendorApi};
use super::vendor::Vendor;
use crate::model::reference::RepositoryName;
use crate::model::server::{Cleanup, Cleanups};
use crate::model::vendor_lists::{SearchHit, VendorCall};

/// The registry of `src/demo/`.
pub(crate) const DEMO: Vendor = Vendor {
    name: "regtui",
    has_sign: |signs| signs.header("server") == DEMO.name,
    cleanups: Cleanups { untagged: Cleanup::Later, deleted: Cleanup::Later },
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi =
    VendorApi { search: Some(Searches { call: search, read: read_hits }), ..VendorApi::NONE };

fn search(words: &str, most: usize) -> VendorCall {
    get(with_query("/v2/_regtui/search", &[("q", words), ("n", &most.to_string())]), words)
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let hits = list(answer.body, "results")?.iter().filter_map(|item| {
        Some(SearchHit {
            official: item.get("official").and_then(Value::as_bool).unwrap_or_default(),
            stars: count(item, "stars"),
            pulls: count(item, "pulls"),
            description: description(item, "description"),
            ..SearchHit::of(RepositoryName::parse(text(item, "name")?).ok()?)
        })
    });
    Some(ApiPage::of(hits.collect()))
}
