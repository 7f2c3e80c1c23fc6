//! The own API of a registry's vendor, for registries whose vendor has one beside the registry API.

use futures_util::future::BoxFuture;

use crate::model::failure::Failure;
use crate::model::page::{NextPage, Page};
use crate::model::reference::RepositoryName;
use crate::model::vendor_lists::{SearchHit, VendorPosition, VendorTags};

/// The own API of a registry's vendor. Nothing here fails: an ability that does not exist, or does not work, gives
/// `None`, and the caller goes on with the registry API alone.
pub trait OwnApi: Send + Sync {
    /// Returns one page of the repositories in the namespaces that these names are or are in, or without names of those
    /// that the login may see; the first one without `next`.
    fn repositories<'a>(
        &'a self,
        near: &'a [RepositoryName],
        next: Option<NextPage>,
    ) -> BoxFuture<'a, Option<Page<RepositoryName>>>;

    /// Returns a part of the facts about the tags of a repository; the first one without `next`.
    fn tag_facts<'a>(
        &'a self,
        name: &'a RepositoryName,
        next: Option<Box<VendorPosition>>,
    ) -> BoxFuture<'a, Option<VendorTags>>;

    /// Returns at most so many repositories that fit some words.
    fn search<'a>(&'a self, words: &'a str, most: usize) -> BoxFuture<'a, Option<Vec<SearchHit>>>;

    /// Returns the reason why the API was given up, once.
    fn take_notice(&self) -> Option<Failure>;
}
