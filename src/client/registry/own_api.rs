//! The own API of a registry's vendor, for registries whose vendor has one beside the registry API.

use futures_util::future::BoxFuture;

use super::Answer;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::page::{NextPage, Page};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::server::{OwnApiRestore, OwnApiUntag};
use crate::model::tag_history::TagHistory;
use crate::model::vendor_image::VendorImage;
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorPosition, VendorTags};

/// The own API of a registry's vendor. Its lists never fail: an ability that does not exist, or does not work, gives
/// `None`, and the caller goes on with the registry API alone. The removal of a tag fails with its reason, because nothing
/// else is tried in its place.
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

    /// Returns how the API removes a single tag, or `None` if it is not known to.
    fn untagging(&self) -> BoxFuture<'_, Option<OwnApiUntag>>;

    /// Gets everything that the removal of a tag needs: a token, the address of the tag. Changes nothing, so that a look
    /// at the tag can be the last request before it is removed. `expected` is the digest that the tag has.
    fn prepare_untag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        expected: Digest,
    ) -> Answer<'a, PreparedUntag>;

    /// Removes a tag that was prepared. The request is sent once.
    fn untag<'a>(&'a self, prepared: &'a PreparedUntag) -> Answer<'a, ()>;

    /// Returns the facts about an image, which was named by this tag if there is one.
    fn image_facts<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: Option<&'a Tag>,
        digest: Digest,
    ) -> BoxFuture<'a, Option<VendorImage>>;

    /// Returns the past of a tag, or without one that of a repository: the vendor's own API is the only one that keeps it,
    /// so a failure has its reason.
    fn history<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<TagHistory, Failure>>;

    /// Returns how the API puts a tag back on an earlier image, or `None` if it is not known to.
    fn restoring(&self) -> BoxFuture<'_, Option<OwnApiRestore>>;

    /// Puts a tag back on an earlier image. The request is sent once.
    fn restore<'a>(&'a self, name: &'a RepositoryName, tag: &'a Tag, digest: Digest) -> Answer<'a, ()>;

    /// Returns the reason why the API was given up, once.
    fn take_notice(&self) -> Option<Failure>;
}

/// The removal of a tag, with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedUntag {
    /// The repository.
    pub(crate) repository: RepositoryName,
    /// The tag.
    pub(crate) tag: Tag,
    /// The call that removes it.
    pub(crate) call: VendorCall,
}
