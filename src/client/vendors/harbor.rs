//! Harbor: docs/REGISTRIES.md §9.1. Its own API: docs/REGISTRIES.md §9.4.

use super::api::json::{count, digest, list, platforms, size, text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{
    ApiAnswer, ApiLogin, ApiPage, Histories, RepositoryLists, Searches, TagAddress, TagLists, TagToRemove,
    Untags, VendorApi,
};
use super::vendor::{RefusalSign, Vendor, Wording};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::tag_history::TagPeriod;
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorTag};

/// Harbor.
pub(crate) const HARBOR: Vendor = Vendor {
    name: "Harbor",
    has_sign: |signs| signs.service.contains("harbor-registry") || signs.service.contains("/service/token"),
    // https://goharbor.io/docs/main/working-with-projects/working-with-images/create-tag-immutability-rules/
    protected: &[RefusalSign { statuses: &[], wording: Wording::Text("configured as immutable") }],
    quota: &[RefusalSign { statuses: &[403, 412], wording: Wording::Word("exceed") }],
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    login: ApiLogin::Basic,
    repositories: Some(RepositoryLists {
        near: |name| name.components().next().map(repositories).into_iter().collect(),
        of_user: None,
        // Everything that the login may see, also without the right to the catalog.
        all: Some(|| get(paged("/api/v2.0/repositories"), "")),
        read: read_repositories,
    }),
    tags: Some(TagLists { of: |name| artifacts(name).into_iter().collect(), read: read_artifacts }),
    search: Some(Searches {
        call: |words, _| get(with_query("/api/v2.0/search", &[("q", words)]), words),
        read: read_hits,
    }),
    untag: Some(Untags {
        takes_image: false,
        note: Some(
            "Harbor keeps the image without its tag until a cleanup of untagged images, which its administrator sets up",
        ),
        address: TagAddress::Path(tag_path),
    }),
    // Harbor does not keep the tags that an image had.
    history: Some(Histories {
        of: |name, tag| if tag.is_none() { untagged(name).into_iter().collect() } else { Vec::new() },
        read: read_untagged,
    }),
    ..VendorApi::NONE
};

fn paged(path: &str) -> String {
    with_query(path, &[("page", "1"), ("page_size", "100")])
}

fn repositories(project: &str) -> VendorCall {
    get(paged(&format!("/api/v2.0/projects/{}/repositories", segment(project))), project)
}

fn artifacts_path(name: &RepositoryName) -> Option<String> {
    let (project, repository) = name.as_str().split_once('/')?;
    // A slash in a repository is encoded twice, because proxies decode it once.
    let repository = segment(&segment(repository));
    Some(format!("/api/v2.0/projects/{}/repositories/{repository}/artifacts", segment(project)))
}

/// Returns the path of a tag of this image. Harbor does not find it there once the tag has another image.
fn tag_path(of: &TagToRemove<'_>) -> Option<String> {
    let artifacts = artifacts_path(of.repository)?;
    Some(format!("{artifacts}/{}/tags/{}", of.digest, segment(of.tag.as_str())))
}

fn artifacts(name: &RepositoryName) -> Option<VendorCall> {
    let path = artifacts_path(name)?;
    Some(get(with_query(&path, &[("page", "1"), ("page_size", "100"), ("with_tag", "true")]), ""))
}

fn untagged(name: &RepositoryName) -> Option<VendorCall> {
    let query = [("page", "1"), ("page_size", "100"), ("with_tag", "true"), ("q", "tags=nil")];
    Some(get(with_query(&artifacts_path(name)?, &query), ""))
}

fn read_repositories(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let names = answer.body.as_array()?.iter().filter_map(|item| text(item, "name").map(String::from));
    Some(answer.linked_page(names.collect()))
}

fn read_artifacts(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let tags = answer.body.as_array()?.iter().flat_map(|item| {
        let children = list(item, "references").unwrap_or_default();
        let listed = children.iter().filter_map(|child| child.get("platform"));
        let platforms = platforms(item.get("extra_attrs").into_iter().chain(listed));
        let tag = move |tag: &serde_json::Value| {
            Some(VendorTag {
                digest: digest(item, "digest"),
                size: size(item, "size"),
                pushed: time(tag, "push_time").or_else(|| time(item, "push_time")),
                pulled: time(tag, "pull_time").or_else(|| time(item, "pull_time")),
                platforms: platforms.clone(),
                ..VendorTag::of(Tag::parse(text(tag, "name")?).ok()?)
            })
        };
        list(item, "tags").unwrap_or_default().iter().filter_map(tag)
    });
    Some(answer.linked_page(tags.collect()))
}

/// Reads the artifacts that have no tag.
fn read_untagged(answer: &ApiAnswer<'_>) -> Option<ApiPage<TagPeriod>> {
    let untagged =
        answer.body.as_array()?.iter().filter(|item| list(item, "tags").is_none_or(<[_]>::is_empty));
    let periods = untagged.filter_map(|item| {
        let (size, start) = (size(item, "size"), time(item, "push_time"));
        Some(TagPeriod { size, start, ..TagPeriod::of(None, Some(digest(item, "digest")?)) })
    });
    Some(answer.linked_page(periods.collect()))
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let hits = list(answer.body, "repository")?.iter().filter_map(|item| {
        let name = RepositoryName::parse(text(item, "repository_name")?).ok()?;
        Some(SearchHit { pulls: count(item, "pull_count"), ..SearchHit::of(name) })
    });
    Some(ApiPage::of(hits.collect()))
}
