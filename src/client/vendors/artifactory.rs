//! Artifactory: docs/REGISTRIES.md §9.1. It lists digests among its tags, which `distribution/tags.rs` leaves
//! out. Its own API: docs/REGISTRIES.md §9.4.

use serde_json::json;

use super::api::json::{list, text};
use super::api::paths::{get, segment, with_query};
use super::api::{ApiAnswer, ApiLogin, ApiPage, RepositoryLists, Searches, VendorApi};
use super::vendor::Vendor;
use crate::model::reference::{Host, RepositoryName};
use crate::model::vendor_lists::{SearchHit, VendorCall};

/// Artifactory.
pub(crate) const ARTIFACTORY: Vendor = Vendor {
    name: "Artifactory",
    has_sign: |signs| signs.has_header("x-jfrog-version") || signs.header("server").contains("artifactory"),
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    login: ApiLogin::Basic,
    repositories: Some(RepositoryLists {
        near: |name| name.components().next().map(catalog).into_iter().collect(),
        of_user: None,
        all: Some(|| {
            vec![get(with_query("/artifactory/api/repositories", &[("packageType", "docker")]), "")]
        }),
        read: read_repositories,
    }),
    search: Some(Searches { call: search, read: read_hits }),
    ..VendorApi::NONE
};

/// Most repositories of Artifactory whose images are listed.
const MOST_KEYS: usize = 50;

/// Returns the call for the catalog of one of Artifactory's repositories.
fn catalog(key: &str) -> VendorCall {
    get(with_query(&format!("/artifactory/api/docker/{}/v2/_catalog", segment(key)), &[("n", "1000")]), key)
}

/// Returns the call in AQL for manifests whose path contains the words.
fn search(words: &str, most: usize) -> VendorCall {
    let path = format!("*{}*", words.replace(['*', '?'], "").to_lowercase());
    let criteria = json!({"name": {"$match": "*manifest.json"}, "path": {"$match": path}});
    // One image has a manifest for each of its tags.
    let most = most.saturating_mul(20);
    let body = format!("items.find({criteria}).include(\"repo\",\"path\").limit({most})");
    let path = "/artifactory/api/search/aql".into();
    VendorCall { path, about: words.into(), body: Some(("text/plain", body)) }
}

/// Returns the name of an image in one of Artifactory's repositories: the host may stand for that repository already.
fn name_of(host: &Host, key: &str, image: &str) -> String {
    let is_in_host = host.without_port().strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', '-']));
    if is_in_host { image.into() } else { format!("{key}/{image}") }
}

fn read_repositories(answer: &ApiAnswer<'_>) -> Option<ApiPage<String>> {
    let key = answer.call.about.as_str();
    if key.is_empty() {
        let keys = answer.body.as_array()?.iter().filter_map(|item| text(item, "key")).take(MOST_KEYS);
        return Some(ApiPage { then: keys.map(catalog).collect(), ..ApiPage::of(Vec::new()) });
    }
    let names = list(answer.body, "repositories")?.iter().filter_map(serde_json::Value::as_str);
    Some(ApiPage::of(names.map(|name| name_of(answer.host, key, name)).collect()))
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let hits = list(answer.body, "results")?.iter().filter_map(|item| {
        let (image, _tag) = text(item, "path")?.rsplit_once('/')?;
        let name = name_of(answer.host, text(item, "repo")?, image);
        Some(SearchHit::of(RepositoryName::parse(&name).ok()?))
    });
    Some(ApiPage::of(hits.collect()))
}
