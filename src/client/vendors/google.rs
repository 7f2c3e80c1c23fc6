//! The registries of Google: docs/REGISTRIES.md §7.1. Their lists of tags say more than others: docs/REGISTRIES.md §9.4.

use super::api::json::{list, size, unix_time};
use super::api::paths::{get, segment};
use super::api::{ApiAnswer, ApiPage, Histories, RepositoryLists, TagLists, VendorApi};
use super::vendor::{RefusalSign, Vendor, Wording};
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::tag_history::TagPeriod;
use crate::model::vendor_lists::{VendorCall, VendorTag};

/// Artifact Registry.
pub(crate) const ARTIFACT_REGISTRY: Vendor = Vendor {
    name: "Artifact Registry",
    domains: &["pkg.dev"],
    blocked_by_tags: &[RefusalSign { statuses: &[], wording: Wording::Text("dangling_tag") }],
    listed_by_index: &[RefusalSign { statuses: &[], wording: Wording::Text("parent_image") }],
    api: Some(&API),
    ..Vendor::UNKNOWN
};

/// Its predecessor.
pub(crate) const GCR: Vendor =
    Vendor { name: "GCR", domains: &["gcr.io"], api: Some(&API), ..Vendor::UNKNOWN };

static API: VendorApi = VendorApi {
    repositories: Some(RepositoryLists { near: places, of_user: None, all: None, read: read_children }),
    tags: Some(TagLists { of: |name| vec![tags(name.as_str())], read: read_tags }),
    history: Some(Histories {
        of: |name, tag| if tag.is_none() { vec![tags(name.as_str())] } else { Vec::new() },
        read: read_untagged,
    }),
    ..VendorApi::NONE
};

/// Returns the calls for the folders that a name is or is in, the innermost first.
fn places(name: &RepositoryName) -> Vec<VendorCall> {
    let name = name.as_str();
    let parent = name.rsplit_once('/').map(|(parent, _)| parent);
    [Some(name), parent].into_iter().flatten().map(tags).collect()
}

/// Returns the call for the tags of a repository, which also names the repositories below it.
fn tags(name: &str) -> VendorCall {
    let path: Vec<String> = name.split('/').map(segment).collect();
    get(format!("/v2/{}/tags/list", path.join("/")), name)
}

fn read_children(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let children = list(answer.body, "child").unwrap_or_default();
    let names = children.iter().filter_map(serde_json::Value::as_str);
    let names = names.map(|child| format!("{}/{child}", answer.call.about)).collect();
    answer.body.as_object().map(|_| ApiPage::of(names))
}

/// Reads the manifests that the list holds beside the tags. All numbers are texts.
fn read_tags(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let tags = answer.body.get("manifest")?.as_object()?.iter().flat_map(|(name, item)| {
        let found: Option<Digest> = name.parse().ok();
        let tag = move |name: &serde_json::Value| {
            Some(VendorTag {
                digest: found,
                size: size(item, "imageSizeBytes"),
                pushed: unix_time(item, "timeUploadedMs", 1000),
                ..VendorTag::of(Tag::parse(name.as_str()?).ok()?)
            })
        };
        list(item, "tag").unwrap_or_default().iter().filter_map(tag)
    });
    Some(ApiPage::of(tags.collect()))
}

/// Reads the manifests that have no tag.
fn read_untagged(answer: &ApiAnswer<'_>) -> Option<ApiPage<TagPeriod>> {
    let manifests = answer.body.get("manifest")?.as_object()?.iter();
    let untagged = manifests.filter(|(_, item)| list(item, "tag").is_none_or(<[_]>::is_empty));
    let periods = untagged.filter_map(|(name, item)| {
        let (size, start) = (size(item, "imageSizeBytes"), unix_time(item, "timeUploadedMs", 1000));
        Some(TagPeriod { size, start, ..TagPeriod::of(None, Some(name.parse().ok()?)) })
    });
    Some(ApiPage::of(periods.collect()))
}
