//! The registry of DigitalOcean. Its own API: docs/REGISTRIES.md §9.4.

use serde_json::Value;

use super::api::json::{digest, list, size, text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{
    ApiAnswer, ApiLogin, ApiPage, ApiPlace, Histories, NextCall, RepositoryLists, TagLists, VendorApi,
};
use super::vendor::Vendor;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::tag_history::TagPeriod;
use crate::model::vendor_lists::{VendorCall, VendorTag};

/// DigitalOcean.
pub(crate) const DIGITALOCEAN: Vendor = Vendor {
    name: "DigitalOcean",
    domains: &["registry.digitalocean.com"],
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    place: ApiPlace::Origin("https://api.digitalocean.com"),
    // The registry takes a token of the API as its password.
    login: ApiLogin::Bearer { user: None },
    repositories: Some(RepositoryLists {
        near: |name| name.components().next().map(repositories).into_iter().collect(),
        of_user: None,
        all: Some(|| vec![get("/v2/registry".into(), "")]),
        read: read_repositories,
    }),
    tags: Some(TagLists { of: |name| of_repository(name, "tags").into_iter().collect(), read: read_tags }),
    history: Some(Histories {
        of: |name, tag| match tag {
            None => of_repository(name, "digests").into_iter().collect(),
            Some(_) => Vec::new(),
        },
        read: read_untagged,
    }),
    login_hint: Some("DigitalOcean's own API takes tokens of the API with the right to read the registry"),
    ..VendorApi::NONE
};

const PAGES: [(&str, &str); 2] = [("page", "1"), ("per_page", "100")];

fn repositories(registry: &str) -> VendorCall {
    let path = format!("/v2/registry/{}/repositoriesV2", segment(registry));
    get(with_query(&path, &PAGES), registry)
}

/// Returns the call for a list that belongs to a repository.
fn of_repository(name: &RepositoryName, what: &str) -> Option<VendorCall> {
    let (registry, repository) = name.as_str().split_once('/')?;
    let path = format!("/v2/registry/{}/repositories/{}/{what}", segment(registry), segment(repository));
    Some(get(with_query(&path, &PAGES), ""))
}

/// Reads the repositories of a registry, or goes on to those of the only registry that the login has.
fn read_repositories(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    if let Some(registry) = answer.body.get("registry") {
        let then = text(registry, "name").map(repositories).into_iter().collect();
        return Some(ApiPage { then, ..ApiPage::of(Vec::new()) });
    }
    let about = answer.call.about.as_str();
    let name = |item: &Value| {
        Some(format!("{}/{}", text(item, "registry_name").unwrap_or(about), text(item, "name")?))
    };
    page(answer, "repositories", name)
}

fn read_tags(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    page(answer, "tags", |item| {
        Some(VendorTag {
            digest: digest(item, "manifest_digest"),
            size: size(item, "compressed_size_bytes"),
            pushed: time(item, "updated_at"),
            ..VendorTag::of(Tag::parse(text(item, "tag")?).ok()?)
        })
    })
}

/// Reads the manifests that have no tag.
fn read_untagged(answer: &ApiAnswer<'_>) -> Option<ApiPage<TagPeriod>> {
    page(answer, "manifests", |item| {
        list(item, "tags").is_none_or(<[_]>::is_empty).then_some(())?;
        let (size, start) = (size(item, "compressed_size_bytes"), time(item, "updated_at"));
        Some(TagPeriod { size, start, ..TagPeriod::of(None, Some(digest(item, "digest")?)) })
    })
}

/// Returns a page of a list, whose next one is an address.
fn page<T>(answer: &ApiAnswer<'_>, name: &str, read: impl FnMut(&Value) -> Option<T>) -> Option<ApiPage<T>> {
    let items = list(answer.body, name)?.iter().filter_map(read).collect();
    let pages = answer.body.get("links").and_then(|links| links.get("pages"));
    let next = pages.and_then(|pages| text(pages, "next")).map(|next| NextCall::Address(next.into()));
    Some(ApiPage { next, ..ApiPage::of(items) })
}
