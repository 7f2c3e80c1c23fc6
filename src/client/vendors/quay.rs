//! Quay: docs/REGISTRIES.md §9.1. It deletes with the right to push; `Scope::fallback` asks for that. Its own API: docs/REGISTRIES.md §9.4.

use serde_json::{Value, json};

use super::api::json::{count, description, digest, list, size, text, unix_time};
use super::api::paths::{get, next_page, segment, with_query};
use super::api::{
    ApiAnswer, ApiLogin, ApiPage, Histories, ImageLookUps, NextCall, RepositoryLists, Searches, TagLists,
    VendorApi,
};
use super::vendor::Vendor;
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::tag_history::TagPeriod;
use crate::model::vendor_image::VendorImage;
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorTag};

/// Red Hat's service, and installations of the same program.
pub(crate) const QUAY: Vendor = Vendor {
    name: "Quay",
    domains: &["quay.io"],
    has_sign: |signs| signs.service.split_once(' ').is_some_and(|(realm, _)| realm.ends_with("/v2/auth")),
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    // Robots and app passwords are no logins of the API. OAuth tokens are, and this name marks one.
    login: ApiLogin::Bearer { user: Some("$oauthtoken") },
    repositories: Some(RepositoryLists {
        near: |name| name.components().next().map(repositories).into_iter().collect(),
        // A robot belongs to the namespace in front of its name.
        of_user: Some(|user| user.split('+').next().map(repositories).into_iter().collect()),
        all: None,
        read: read_repositories,
    }),
    tags: Some(TagLists { of: |name| vec![tags(name)], read: read_tags }),
    search: Some(Searches {
        call: |words, _| get(with_query("/api/v1/find/repositories", &[("query", words)]), words),
        read: read_hits,
    }),
    image: Some(ImageLookUps { call: current, read: read_current }),
    history: Some(Histories { of: |name, tag| vec![history(name, tag)], read: read_periods }),
    restore: Some(restore),
    login_hint: Some(
        "Quay's own API takes OAuth tokens of an application only, with `$oauthtoken` as the user: robots and passwords are \
         no logins of it",
    ),
    ..VendorApi::NONE
};

fn repositories(namespace: &str) -> VendorCall {
    get(with_query("/api/v1/repository", &[("namespace", namespace), ("public", "true")]), namespace)
}

fn tags_path(name: &RepositoryName) -> String {
    let name: Vec<String> = name.components().map(segment).collect();
    format!("/api/v1/repository/{}/tag/", name.join("/"))
}

fn tags(name: &RepositoryName) -> VendorCall {
    let query = [("onlyActiveTags", "true"), ("limit", "100"), ("page", "1")];
    get(with_query(&tags_path(name), &query), "")
}

/// Returns the call for everything that a tag, or each tag, was in the time that the time machine keeps. It is about the
/// tag.
fn history(name: &RepositoryName, tag: Option<&Tag>) -> VendorCall {
    let paging = [("onlyActiveTags", "false"), ("limit", "100"), ("page", "1")];
    let specific = tag.map(|tag| ("specificTag", tag.as_str()));
    let query: Vec<_> = specific.into_iter().chain(paging).collect();
    get(with_query(&tags_path(name), &query), tag.map_or("", Tag::as_str))
}

/// Returns the call for the present state of a tag. It is about the tag.
fn current(name: &RepositoryName, tag: Option<&Tag>, _: &Digest) -> Option<VendorCall> {
    let tag = tag?.as_str();
    let query = [("specificTag", tag), ("onlyActiveTags", "true"), ("limit", "1"), ("page", "1")];
    Some(get(with_query(&tags_path(name), &query), tag))
}

/// Returns the call that also finds images which no tag has any more: `endpoints/api/tag.py` of Quay.
fn restore(name: &RepositoryName, tag: &Tag, digest: &Digest) -> VendorCall {
    let body = json!({"manifest_digest": digest.to_string()}).to_string();
    VendorCall {
        path: format!("{}{}/restore", tags_path(name), segment(tag.as_str())),
        body: Some(("application/json", body)),
        ..VendorCall::default()
    }
}

fn read_repositories(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let about = answer.call.about.as_str();
    let names = list(answer.body, "repositories")?.iter().filter_map(|item| {
        Some(format!("{}/{}", text(item, "namespace").unwrap_or(about), text(item, "name")?))
    });
    let next = text(answer.body, "next_page").map(|token| {
        let query = [("namespace", about), ("public", "true"), ("next_page", token)];
        NextCall::Path(with_query("/api/v1/repository", &query))
    });
    Some(ApiPage { next, ..ApiPage::of(names.collect()) })
}

fn read_tags(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let tags = list(answer.body, "tags")?.iter().filter_map(|item| {
        Some(VendorTag {
            digest: digest(item, "manifest_digest"),
            size: size(item, "size"),
            pushed: unix_time(item, "start_ts", 1),
            expires: unix_time(item, "end_ts", 1),
            ..VendorTag::of(Tag::parse(text(item, "name")?).ok()?)
        })
    });
    Some(counted_page(answer, tags.collect()))
}

/// Reads the periods of the tag that the call is about, or of all tags.
fn read_periods(answer: &ApiAnswer<'_>) -> Option<ApiPage<TagPeriod>> {
    let about = answer.call.about.as_str();
    let wanted = list(answer.body, "tags")?.iter();
    let wanted = wanted.filter(|item| about.is_empty() || text(item, "name") == Some(about));
    let periods = wanted.filter_map(|item| {
        let tag = Tag::parse(text(item, "name")?).ok()?;
        Some(TagPeriod {
            size: size(item, "size"),
            start: unix_time(item, "start_ts", 1),
            end: unix_time(item, "end_ts", 1),
            is_restored: item.get("reversion").and_then(Value::as_bool) == Some(true),
            ..TagPeriod::of(Some(tag), digest(item, "manifest_digest"))
        })
    });
    Some(counted_page(answer, periods.collect()))
}

/// Reads when a tag got its image and when it loses it. A tag that has another image by now tells nothing.
fn read_current(answer: &ApiAnswer<'_>, image: &Digest) -> Option<VendorImage> {
    let mut tags = list(answer.body, "tags")?.iter();
    let is_it = |item: &&Value| {
        text(item, "name") == Some(&answer.call.about)
            && digest(item, "manifest_digest").as_ref() == Some(image)
    };
    Some(tags.find(is_it).map_or_else(VendorImage::default, |item| VendorImage {
        pushed: unix_time(item, "start_ts", 1),
        expires: unix_time(item, "end_ts", 1),
        ..VendorImage::default()
    }))
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let hits = list(answer.body, "results")?.iter().filter_map(|item| {
        let name = format!("{}/{}", text(item.get("namespace")?, "name")?, text(item, "name")?);
        Some(SearchHit {
            stars: count(item, "stars"),
            description: description(item, "description"),
            ..SearchHit::of(RepositoryName::parse(&name).ok()?)
        })
    });
    Some(counted_page(answer, hits.collect()))
}

/// Returns a page that says whether another one follows, which has the next number.
fn counted_page<T>(answer: &ApiAnswer<'_>, items: Vec<T>) -> ApiPage<T> {
    let has_more = answer.body.get("has_additional").and_then(Value::as_bool) == Some(true);
    let next = next_page(&answer.call.path, "page").filter(|_| has_more);
    ApiPage { next: next.map(NextCall::Path), ..ApiPage::of(items) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_names_the_tag_in_its_path_and_the_image_in_its_body() {
        let name = RepositoryName::parse("org/app").expect("a name");
        let tag = Tag::parse("1.4").expect("a tag");
        let digest = Digest::sha256(b"image");
        let call = restore(&name, &tag, &digest);
        assert_eq!(call.path, "/api/v1/repository/org/app/tag/1.4/restore");
        let (media_type, body) = call.body.expect("a body");
        assert_eq!((media_type, body), ("application/json", format!(r#"{{"manifest_digest":"{digest}"}}"#)));
    }
}
