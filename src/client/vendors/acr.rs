//! The registry of Azure: docs/REGISTRIES.md §9.1. Its own API: docs/REGISTRIES.md §9.4.

use super::api::json::{digest, list, text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{ApiAnswer, ApiPage, TagLists, VendorApi};
use super::vendor::{RefusalSign, Vendor, Wording};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::vendor_lists::{VendorCall, VendorTag};

/// Azure Container Registry.
pub(crate) const ACR: Vendor = Vendor {
    name: "ACR",
    domains: &["azurecr.io"],
    // https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
    protected: &[RefusalSign { statuses: &[], wording: Wording::Code("REGISTRY_DISALLOWED_OPERATION") }],
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi =
    VendorApi { tags: Some(TagLists { of: |name| vec![tags(name)], read: read_tags }), ..VendorApi::NONE };

fn tags(name: &RepositoryName) -> VendorCall {
    let name: Vec<String> = name.components().map(segment).collect();
    let query = [("n", "100"), ("orderby", "timedesc")];
    get(with_query(&format!("/acr/v1/{}/_tags", name.join("/")), &query), "")
}

fn read_tags(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let tags = list(answer.body, "tags")?.iter().filter_map(|item| {
        Some(VendorTag {
            digest: digest(item, "digest"),
            pushed: time(item, "lastUpdateTime"),
            ..VendorTag::of(Tag::parse(text(item, "name")?).ok()?)
        })
    });
    Some(answer.linked_page(tags.collect()))
}
