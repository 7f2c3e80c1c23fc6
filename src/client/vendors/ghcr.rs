//! The registry of GitHub: docs/REGISTRIES.md §9.1. Its own API: docs/REGISTRIES.md §9.4.

use serde_json::Value;

use super::api::json::{count, digest, list, text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{
    ApiAnswer, ApiLogin, ApiPage, ApiPlace, FoundTag, Histories, RepositoryLists, TagAddress, TagLists,
    TagToRemove, Untags, VendorApi,
};
use super::vendor::Vendor;
use crate::model::plural::counted;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::tag_history::TagPeriod;
use crate::model::text::SafeText;
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
    untag: Some(Untags {
        takes_image: true,
        note: Some(
            "GitHub deletes the version, which is the image itself: undo pushes its manifest again, as long as GitHub has \
             its blobs; GitHub itself can restore a deleted version for 30 days",
        ),
        address: TagAddress::LookUp { calls: versions, read: find_version },
    }),
    // GitHub does not keep the tags that a version had.
    history: Some(Histories {
        of: |name, tag| if tag.is_none() { versions(name) } else { Vec::new() },
        read: read_untagged,
    }),
    login_hint: Some("GitHub's own API takes classic tokens with the right `read:packages`"),
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
    let call = |path: String| get(with_query(&path, &[("per_page", "100")]), &path);
    owners(owner).map(|of| call(path(of))).into()
}

fn read_packages(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let names = answer.body.as_array()?.iter().filter_map(|item| {
        let owner = item.get("owner").and_then(|owner| text(owner, "login")).unwrap_or(&answer.call.about);
        // Names of packages keep their case, and names of images have none.
        Some(format!("{owner}/{}", text(item, "name")?).to_lowercase())
    });
    Some(answer.linked_page(names.collect()))
}

/// Returns the tags of a version.
fn tags_of(version: &Value) -> &[Value] {
    let container = version.get("metadata").and_then(|metadata| metadata.get("container"));
    container.and_then(|container| list(container, "tags")).unwrap_or_default()
}

/// Finds the version that is an image. It must have the tag and no other one, because all of its tags go with it.
fn find_version(answer: &ApiAnswer<'_>, of: &TagToRemove<'_>) -> Option<ApiPage<FoundTag>> {
    let versions = answer.body.as_array()?;
    let version = versions.iter().find(|item| digest(item, "name").as_ref() == Some(of.digest));
    let Some(version) = version else { return Some(answer.linked_page(Vec::new())) };
    let others = tags_of(version).iter().filter(|tag| tag.as_str() != Some(of.tag.as_str())).count();
    let path = match (others, tags_of(version).len()) {
        (0, 1) => Ok(format!("{}/{}", answer.call.about, count(version, "id")?)),
        (0, _) => Err(format!("GitHub does not show the tag {} at the version yet", of.tag)),
        _ => Err(format!(
            "GitHub deletes a version with all of its tags, and this one has {} besides {}",
            counted(others, "other tag", "other tags"),
            of.tag
        )),
    };
    Some(ApiPage::of(vec![path.map_err(SafeText::from)]))
}

/// Reads versions of a package. Each is a manifest with its tags; those without a tag are left out.
fn read_versions(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let tags = answer.body.as_array()?.iter().flat_map(|item| {
        let tag = move |name: &Value| {
            Some(VendorTag {
                digest: digest(item, "name"),
                pushed: time(item, "created_at"),
                ..VendorTag::of(Tag::parse(name.as_str()?).ok()?)
            })
        };
        tags_of(item).iter().filter_map(tag)
    });
    Some(answer.linked_page(tags.collect()))
}

/// Reads the versions of a package that have no tag.
fn read_untagged(answer: &ApiAnswer<'_>) -> Option<ApiPage<TagPeriod>> {
    let untagged = answer.body.as_array()?.iter().filter(|item| tags_of(item).is_empty());
    let periods = untagged.filter_map(|item| {
        let start = time(item, "created_at");
        Some(TagPeriod { start, ..TagPeriod::of(None, Some(digest(item, "name")?)) })
    });
    Some(answer.linked_page(periods.collect()))
}
