//! GitLab: docs/REGISTRIES.md §9.1, §9.2. It takes the fallback tag of a digest for the digest itself, which
//! `distribution/referrers.rs` notices. Its own API: docs/REGISTRIES.md §9.4.

use super::api::json::{count, text};
use super::api::paths::{get, segment, with_query};
use super::api::{
    ApiAnswer, ApiLogin, ApiPage, ApiPlace, FoundTag, RepositoryLists, TagAddress, TagToRemove, Untags,
    VendorApi,
};
use super::vendor::{RefusalSign, Vendor, Wording};
use crate::model::reference::RepositoryName;
use crate::model::vendor_lists::VendorCall;

/// GitLab, its service and its installations.
pub(crate) const GITLAB: Vendor = Vendor {
    name: "GitLab",
    domains: &["registry.gitlab.com"],
    has_sign: |signs| {
        signs.has_header("gitlab-container-registry-version")
            || signs.service.contains("/jwt/auth")
            || signs.service.ends_with(" container_registry")
    },
    protected: &[RefusalSign { statuses: &[], wording: Wording::Text("protected tag") }],
    // `ErrorCodeManifestReferencedInList` of its registry.
    listed_by_index: &[RefusalSign { statuses: &[], wording: Wording::Text("referenced_in_list") }],
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    place: ApiPlace::TokenService,
    login: ApiLogin::Header("private-token"),
    repositories: Some(RepositoryLists {
        near: places,
        of_user: Some(|_| vec![groups()]),
        all: None,
        read: read_repositories,
    }),
    untag: Some(Untags {
        takes_image: false,
        note: None,
        address: TagAddress::LookUp { calls: places, read: find_tag },
    }),
    ..VendorApi::NONE
};

/// The subject of the call for the groups of the user.
const GROUPS: &str = "groups of the user";
/// Most groups whose repositories are listed for a user.
const MOST_GROUPS: usize = 50;
/// Most levels of groups that a name is searched in.
const MOST_LEVELS: usize = 4;

/// Returns the calls for the project or group that a name is or is in, the innermost first.
fn places(name: &RepositoryName) -> Vec<VendorCall> {
    let components: Vec<&str> = name.components().collect();
    let levels = (1..=components.len()).rev().take(MOST_LEVELS).filter_map(|level| components.get(..level));
    let calls = |path: &[&str]| {
        let path = path.join("/");
        ["projects", "groups"].map(|kind| repositories(kind, &path))
    };
    levels.flat_map(calls).collect()
}

fn groups() -> VendorCall {
    let query = [("min_access_level", "10"), ("top_level_only", "true"), ("per_page", "100")];
    get(with_query("/api/v4/groups", &query), GROUPS)
}

/// Returns the call for the repositories of a project or a group, by its path or its number.
fn repositories(kind: &str, of: &str) -> VendorCall {
    let path = format!("/api/v4/{kind}/{}/registry/repositories", segment(of));
    get(with_query(&path, &[("per_page", "100")]), of)
}

fn read_repositories(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let items = answer.body.as_array()?;
    if answer.call.about == GROUPS {
        let ids = items.iter().filter_map(|group| count(group, "id")).take(MOST_GROUPS);
        let then = ids.map(|id| repositories("groups", &id.to_string())).collect();
        return Some(ApiPage { then, ..ApiPage::of(Vec::new()) });
    }
    let names = items.iter().filter_map(|item| text(item, "path").map(String::from));
    Some(answer.linked_page(names.collect()))
}

/// Finds the repository of a tag by its path. Its number, and that of its project, lead to the tag.
fn find_tag(answer: &ApiAnswer<'_>, of: &TagToRemove<'_>) -> Option<ApiPage<FoundTag>> {
    let items = answer.body.as_array()?;
    let Some(found) = items.iter().find(|item| text(item, "path") == Some(of.repository.as_str())) else {
        return Some(answer.linked_page(Vec::new()));
    };
    let (project, repository) = (count(found, "project_id")?, count(found, "id")?);
    let tag = segment(of.tag.as_str());
    let path = format!("/api/v4/projects/{project}/registry/repositories/{repository}/tags/{tag}");
    Some(ApiPage::of(vec![Ok(path)]))
}
