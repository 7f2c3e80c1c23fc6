//! zot: docs/REGISTRIES.md §7.1, §8.1. Its own API: docs/REGISTRIES.md §9.4.

use super::api::json::{count, digest, list, text};
use super::api::paths::{get, with_query};
use super::api::{ApiAnswer, ApiPage, DigestSearches, ImageLookUps, Searches, VendorApi};
use super::vendor::{RefusalSign, Vendor, Wording};
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::vendor_image::{ImageName, VendorImage};
use crate::model::vendor_lists::{SearchHit, VendorCall};

/// zot.
pub(crate) const ZOT: Vendor = Vendor {
    name: "zot",
    has_sign: |signs| {
        signs.header("server").contains("zot") || signs.header("distribution-api-version").contains("zot")
    },
    docker_condition: Some("zot accepts Docker's manifests only if its `http.compat` contains `docker2s2`"),
    listed_by_index: &[RefusalSign { statuses: &[], wording: Wording::Text("referenced by index") }],
    api: Some(&API),
    ..Vendor::UNKNOWN
};

static API: VendorApi = VendorApi {
    search: Some(Searches { call: search, read: read_hits }),
    digest: Some(DigestSearches { call: by_digest, read: read_images }),
    image: Some(ImageLookUps { call: |_, _, digest| Some(by_digest(digest)), read: read_names }),
    ..VendorApi::NONE
};

/// Most images of a digest that are asked for.
const MOST_IMAGES: usize = 200;

/// Returns the call in GraphQL. A text of JSON is one of GraphQL too.
fn search(words: &str, most: usize) -> VendorCall {
    let words = serde_json::Value::from(words);
    let query = format!(
        "{{GlobalSearch(query:{words},requestedPage:{{limit:{most} offset:0 sortBy:RELEVANCE}})\
         {{Repos{{Name DownloadCount StarCount}}}}}}"
    );
    get(with_query("/v2/_zot/ext/search", &[("query", &query)]), "")
}

/// Returns the call for the images that have a digest, as a manifest, an index, a config or a layer.
fn by_digest(digest: &Digest) -> VendorCall {
    let query = format!(
        "{{ImageListForDigest(id:\"{digest}\",requestedPage:{{limit:{MOST_IMAGES} offset:0}})\
         {{Results{{RepoName Tag Digest}}}}}}"
    );
    get(with_query("/v2/_zot/ext/search", &[("query", &query)]), "")
}

/// Returns the images in an answer, each with its digest.
fn images<'a>(answer: &ApiAnswer<'a>) -> Option<impl Iterator<Item = (ImageName, Option<Digest>)> + 'a> {
    let found = answer.body.get("data")?.get("ImageListForDigest")?;
    // Versions before 2.0 answer with the list itself.
    let images = list(found, "Results").or_else(|| found.as_array().map(Vec::as_slice))?;
    Some(images.iter().take(MOST_IMAGES).filter_map(|item| {
        let repository = RepositoryName::parse(text(item, "RepoName")?).ok()?;
        let tag = text(item, "Tag").and_then(|tag| Tag::parse(tag).ok());
        Some((ImageName { repository, tag }, digest(item, "Digest")))
    }))
}

/// Reads the repositories that have a digest, each with its tags.
fn read_images(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let mut hits: Vec<SearchHit> = Vec::new();
    for (name, _) in images(answer)? {
        let at = hits.iter().position(|hit| hit.repository == name.repository);
        let at = at.unwrap_or_else(|| {
            hits.push(SearchHit::of(name.repository.clone()));
            hits.len() - 1
        });
        hits[at].tags.extend(name.tag);
    }
    Some(ApiPage::of(hits))
}

/// Reads the names of the image itself. Images that only contain it are left out.
fn read_names(answer: &ApiAnswer<'_>, image: &Digest) -> Option<VendorImage> {
    let names = images(answer)?.filter(|(_, digest)| digest.as_ref() == Some(image)).map(|(name, _)| name);
    Some(VendorImage { names: names.collect(), ..VendorImage::default() })
}

fn read_hits(answer: &ApiAnswer<'_>) -> Option<ApiPage<SearchHit>> {
    let found = answer.body.get("data")?.get("GlobalSearch")?;
    let hits = list(found, "Repos")?.iter().filter_map(|item| {
        let name = RepositoryName::parse(text(item, "Name")?).ok()?;
        let (stars, pulls) = (count(item, "StarCount"), count(item, "DownloadCount"));
        Some(SearchHit { stars, pulls, ..SearchHit::of(name) })
    });
    Some(ApiPage::of(hits.collect()))
}
