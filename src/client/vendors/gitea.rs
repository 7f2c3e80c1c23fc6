//! Gitea and Forgejo, which share their code: docs/REGISTRIES.md §7.4, §9.2. They count one byte of an upload more than
//! other servers, which `blob/push.rs` accepts. Their own API: docs/REGISTRIES.md §9.4.

use super::api::json::{text, time};
use super::api::paths::{get, segment, with_query};
use super::api::{ApiAnswer, ApiLogin, ApiPage, RepositoryLists, TagLists, VendorApi};
use super::vendor::{Signs, Vendor};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::server::{Cleanup, Cleanups};
use crate::model::vendor_lists::{VendorCall, VendorTag};

/// Gitea, by the name of the realm for which it takes passwords.
pub(crate) const GITEA: Vendor =
    Vendor { name: "Gitea", has_sign: |signs| signs.realm == "Gitea Container Registry", ..GITEA_OR_FORGEJO };

/// Forgejo, by the hosts of its makers or by its name.
pub(crate) const FORGEJO: Vendor = Vendor {
    name: "Forgejo",
    domains: &["codeberg.org", "code.forgejo.org"],
    has_sign: |signs| signs.realm == "Forgejo Container Registry",
    ..GITEA_OR_FORGEJO
};

/// One of the two. The token service has the same name as GitLab's, and a path that no other has.
pub(crate) const GITEA_OR_FORGEJO: Vendor = Vendor {
    name: "Gitea or Forgejo",
    has_sign: has_token_service,
    cleanups: Cleanups { untagged: Cleanup::AtOnce, deleted: Cleanup::AtOnce },
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    login: ApiLogin::Basic,
    repositories: Some(RepositoryLists {
        near: |name| name.components().next().map(packages).into_iter().collect(),
        of_user: Some(|user| vec![packages(user)]),
        all: None,
        read: read_packages,
    }),
    tags: Some(TagLists { of: |name| versions(name).into_iter().collect(), read: read_versions }),
    ..VendorApi::NONE
};

fn packages(owner: &str) -> VendorCall {
    let path = format!("/api/v1/packages/{}", segment(owner));
    get(with_query(&path, &[("type", "container"), ("page", "1"), ("limit", "50")]), owner)
}

/// Returns the call for the versions of a package, which are its tags and the digests of its images.
fn versions(name: &RepositoryName) -> Option<VendorCall> {
    let (owner, package) = name.as_str().split_once('/')?;
    let path = format!("/api/v1/packages/{}", segment(owner));
    let query = [("type", "container"), ("q", package), ("page", "1"), ("limit", "50")];
    Some(get(with_query(&path, &query), package))
}

/// Reads the tags of a package, each with the time of its last push: a push makes the version anew. The search also finds
/// packages whose name only contains this one.
fn read_versions(answer: &ApiAnswer<'_>) -> Option<ApiPage<VendorTag>> {
    let package = answer.call.about.as_str();
    let is_of_it = |item: &&serde_json::Value| {
        text(item, "name").is_some_and(|name| name.eq_ignore_ascii_case(package))
            && text(item, "type").is_none_or(|kind| kind == "container")
    };
    let tags = answer.body.as_array()?.iter().filter(is_of_it).filter_map(|item| {
        let tag = Tag::parse(text(item, "version")?).ok()?;
        Some(VendorTag { pushed: time(item, "created_at"), ..VendorTag::of(tag) })
    });
    Some(answer.linked_page(tags.collect()))
}

/// Reads packages. A package is listed once for each of its versions.
fn read_packages(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let names = answer
        .body
        .as_array()?
        .iter()
        .filter(|item| text(item, "type").is_none_or(|kind| kind == "container"));
    let names = names.filter_map(|item| {
        let owner = item.get("owner").and_then(|owner| text(owner, "login"));
        Some(format!("{}/{}", owner.unwrap_or(&answer.call.about), text(item, "name")?).to_lowercase())
    });
    Some(answer.linked_page(names.collect()))
}

fn has_token_service(signs: &Signs<'_>) -> bool {
    let (address, service) = signs.service.split_once(' ').unwrap_or((signs.service, ""));
    address.ends_with("/v2/token") && service == "container_registry"
}
