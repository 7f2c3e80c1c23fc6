//! Docker Hub: docs/REGISTRIES.md §9.1. Its pull limit answers 429, which is not a quota. Its own API: docs/REGISTRIES.md §9.4.

use serde_json::{Value, json};

use super::api::json::{count, description, digest, list, platforms, size, text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{
    ApiAnswer, ApiLogin, ApiPage, ApiPlace, NextCall, RepositoryLists, Searches, TagAddress, TagLists,
    TagToRemove, TokenExchange, Untags, VendorApi,
};
use super::vendor::Vendor;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::request_budget::CountedRequests;
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorTag};

/// Docker Hub.
pub(crate) const DOCKER_HUB: Vendor = Vendor {
    name: "Docker Hub",
    domains: &["docker.io"],
    delete_hint: Some("Docker Hub deletes tags on its web pages and by its own API"),
    counts: CountedRequests::ManifestReads,
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    place: ApiPlace::Origin("https://hub.docker.com"),
    login: ApiLogin::Exchange(TokenExchange {
        path: "/v2/auth/token",
        body: |user, password| json!({"identifier": user, "secret": password}),
        member: "access_token",
    }),
    repositories: Some(RepositoryLists {
        near: namespaces,
        of_user: Some(|user| vec![repositories(user)]),
        all: None,
        read: read_repositories,
    }),
    tags: Some(TagLists { of: |name| vec![tags(name)], read: read_tags }),
    search: Some(Searches { call: search, read: read_hits }),
    untag: Some(Untags { takes_image: false, note: None, address: TagAddress::Path(tag_path) }),
    ..VendorApi::NONE
};

/// The namespace of official images, which users leave out.
const OFFICIAL: &str = "library";
/// Most items of a page.
const MOST: usize = 100;

/// Returns the calls for the namespace of a name. `bitnami` is read as `library/bitnami`, and may be a namespace itself.
fn namespaces(name: &RepositoryName) -> Vec<VendorCall> {
    let components: Vec<&str> = name.components().collect();
    match components.as_slice() {
        [OFFICIAL, name] => vec![repositories(name), repositories(OFFICIAL)],
        [namespace, ..] => vec![repositories(namespace)],
        [] => Vec::new(),
    }
}

fn repositories(namespace: &str) -> VendorCall {
    let path = format!("/v2/namespaces/{}/repositories", segment(namespace));
    get(with_query(&path, &[("page_size", &MOST.to_string())]), namespace)
}

/// Returns namespace and repository of a name.
fn parts(name: &RepositoryName) -> (&str, &str) {
    name.as_str().split_once('/').unwrap_or((OFFICIAL, name.as_str()))
}

/// Returns the path of a tag as it is deleted: the description of the API leaves it out, and clients have used it for
/// years.
fn tag_path(of: &TagToRemove<'_>) -> Option<String> {
    let (namespace, repository) = parts(of.repository);
    let tag = segment(of.tag.as_str());
    Some(format!("/v2/repositories/{}/{}/tags/{tag}/", segment(namespace), segment(repository)))
}

fn tags(name: &RepositoryName) -> VendorCall {
    let (namespace, repository) = parts(name);
    let path = format!("/v2/namespaces/{}/repositories/{}/tags", segment(namespace), segment(repository));
    get(with_query(&path, &[("page_size", &MOST.to_string())]), name.as_str())
}

fn search(words: &str, most: usize) -> VendorCall {
    let size = most.clamp(1, MOST).to_string();
    get(with_query("/v2/search/repositories/", &[("query", words), ("page_size", &size)]), words)
}

/// Returns a page of an answer, whose `next` is an address.
fn page<T>(answer: &ApiAnswer<'_>, read: impl FnMut(&Value) -> Option<T>) -> Option<ApiPage<T>> {
    let items = list(answer.body, "results")?.iter().filter_map(read).collect();
    let next = text(answer.body, "next").map(|next| NextCall::Address(next.into()));
    Some(ApiPage { next, ..ApiPage::of(items) })
}

fn read_repositories(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let about = answer.call.about.as_str();
    page(answer, |item| Some(format!("{}/{}", text(item, "namespace").unwrap_or(about), text(item, "name")?)))
}

fn read_tags(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    page(answer, |item| {
        let images = list(item, "images").unwrap_or_default();
        // The size of the tag is that of one of its images.
        let sizes: Option<Vec<u64>> = images.iter().map(|image| size(image, "size")).collect();
        let sum = sizes
            .filter(|sizes| !sizes.is_empty())
            .map(|sizes| sizes.into_iter().fold(0_u64, u64::saturating_add));
        let only = match images {
            [only] => digest(only, "digest"),
            _ => None,
        };
        Some(VendorTag {
            digest: digest(item, "digest").or(only),
            size: sum.or_else(|| size(item, "full_size")),
            pushed: time(item, "tag_last_pushed").or_else(|| time(item, "last_updated")),
            pulled: time(item, "tag_last_pulled"),
            platforms: platforms(images),
            ..VendorTag::of(Tag::parse(text(item, "name")?).ok()?)
        })
    })
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    page(answer, |item| {
        let name = text(item, "repo_name")?;
        let is_short = !name.contains('/');
        let name = if is_short { format!("{OFFICIAL}/{name}") } else { name.into() };
        Some(SearchHit {
            official: item.get("is_official").and_then(Value::as_bool).unwrap_or_default(),
            stars: count(item, "star_count"),
            pulls: count(item, "pull_count"),
            description: description(item, "short_description"),
            ..SearchHit::of(RepositoryName::parse(&name).ok()?)
        })
    })
}
