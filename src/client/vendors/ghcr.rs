//! The registry of GitHub: docs/REGISTRIES.md §9.1. Its own API: docs/REGISTRIES.md §9.4.

use super::api::json::{digest, list, text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{ApiAnswer, ApiLogin, ApiPage, ApiPlace, RepositoryLists, TagLists, VendorApi};
use super::vendor::Vendor;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::vendor_lists::{VendorCall, VendorTag};

/// GitHub's registry.
pub(crate) const GHCR: Vendor = Vendor {
    name: "GHCR",
    domains: &["ghcr.io"],
    delete_hint: Some("GitHub deletes versions of packages on its web pages and by its own API"),
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    place: ApiPlace::Origin("https://api.github.com"),
    login: ApiLogin::Bearer { user: None },
    headers: &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")],
    repositories: Some(RepositoryLists {
        near: |name| name.components().next().map(of_owner).unwrap_or_default(),
        of_user: Some(|_| vec![packages("/user", "")]),
        all: None,
        read: read_packages,
    }),
    tags: Some(TagLists { of: versions, read: read_versions }),
    ..VendorApi::NONE
};

/// Returns the calls for the packages of an owner, which is an organisation or a user.
fn of_owner(owner: &str) -> Vec<VendorCall> {
    owners(owner).map(|path| packages(&path, owner)).into()
}

fn owners(owner: &str) -> [String; 2] {
    ["orgs", "users"].map(|kind| format!("/{kind}/{}", segment(owner)))
}

fn packages(owner: &str, about: &str) -> VendorCall {
    let query = [("package_type", "container"), ("per_page", "100")];
    get(with_query(&format!("{owner}/packages"), &query), about)
}

fn versions(name: &RepositoryName) -> Vec<VendorCall> {
    let Some((owner, package)) = name.as_str().split_once('/') else { return Vec::new() };
    let path = |of: String| format!("{of}/packages/container/{}/versions", segment(package));
    owners(owner).map(|of| get(with_query(&path(of), &[("per_page", "100")]), "")).into()
}

fn read_packages(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let names = answer.body.as_array()?.iter().filter_map(|item| {
        let owner = item.get("owner").and_then(|owner| text(owner, "login")).unwrap_or(&answer.call.about);
        // Names of packages keep their case, and names of images have none.
        Some(format!("{owner}/{}", text(item, "name")?).to_lowercase())
    });
    Some(answer.linked_page(names.collect()))
}

/// Reads versions of a package. Each is a manifest with its tags; those without a tag are left out.
fn read_versions(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let tags = answer.body.as_array()?.iter().flat_map(|item| {
        let container = item.get("metadata").and_then(|metadata| metadata.get("container"));
        let names = container.and_then(|container| list(container, "tags")).unwrap_or_default();
        let tag = move |name: &serde_json::Value| {
            Some(VendorTag {
                digest: digest(item, "name"),
                pushed: time(item, "created_at"),
                ..VendorTag::of(Tag::parse(name.as_str()?).ok()?)
            })
        };
        names.iter().filter_map(tag)
    });
    Some(answer.linked_page(tags.collect()))
}
