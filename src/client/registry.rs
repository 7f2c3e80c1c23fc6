//! The operations of a registry, whatever holds it. Generic code takes a `&dyn Registry`.
//!
//! The distribution client ([`Client`](super::Client)) is the first implementation. A further one needs the required
//! methods, which come first in the trait. The others have defaults: some are built on the required ones, and the rest
//! describes a registry that is not reached over a network, shows each change at once and has nothing to learn. The
//! model is `scheme.API` of regclient: <https://pkg.go.dev/github.com/regclient/regclient/scheme#API>.
//!
//! | subject | file | required |
//! |---|---|---|
//! | repositories, tags, manifests, blobs: read and write | `registry` | yes |
//! | streams, uploads and mounts of blobs | `blobs` | yes |
//! | parts of blobs, lists of files | `registry` | no |
//! | properties, referrers, looks past the cache, guarded changes, abilities | `registry` | no |
//! | transport, logins, repeated requests | `connection` | no |
//! | changes that show later | `visibility` | no |
//! | lists and search of the vendor | `own_api` | no |

pub mod blobs;
pub(crate) mod connection;
pub mod own_api;
pub(crate) mod visibility;

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::SemaphorePermit;

use super::distribution::manifests::ManifestHead;
use super::distribution::manifests::put::PutResult;
use super::distribution::referrers::Referrers;
use super::error::{Cause, Error};
use super::http::limit::Priority;
use crate::model::digest::Digest;
use crate::model::image::ImageConfig;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::page::{NextPage, Page};
use crate::model::reference::{Host, RepositoryName, Selector, Tag};
use crate::model::server::{Ability, Cleanups, Deletes, Identity, OwnApiAbilities, Server, Transport};
use crate::model::text::SafeText;
use blobs::{BlobPart, BlobSource, BlobStream, Mount, NoPart, Transfer, collect_part};
use connection::Connection;
use own_api::OwnApi;
use visibility::Visibility;

/// Most bytes of a config that the default of [`Registry::config`] reads.
const CONFIG_CAP: usize = 8 * 1024 * 1024;

/// The future of an operation.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// A fact about a registry that a change found out.
#[derive(Debug, Clone, Copy)]
pub enum Observation<'a> {
    /// The registry answered the delete of this tag or digest as if it did not exist, although it does.
    DeleteWithoutEffect(&'a Selector, &'a Error),
    /// The registry removed an image that lost its last tag.
    UntaggedImageRemoved,
    /// The registry left an image that lost its last tag.
    UntaggedImageLeft,
    /// The registry removed the dependents of a deleted image along with it.
    DependentsRemoved,
}

/// A registry: a server, or anything else that holds repositories.
pub trait Registry: Debug + Send + Sync {
    /// Returns the name of the registry.
    fn host(&self) -> &Host;

    /// Returns one page of the repositories; the first one without `next`.
    fn catalog(&self, next: Option<NextPage>) -> Answer<'_, Page<RepositoryName>>;

    /// Returns one page of a repository's tags; the first one without `next`.
    fn tags<'a>(&'a self, name: &'a RepositoryName, next: Option<NextPage>) -> Answer<'a, Page<Tag>>;

    /// Returns the digest that a tag has now, and the media type if it is known.
    fn head_tag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        priority: Priority,
    ) -> Answer<'a, ManifestHead>;

    /// Returns a manifest. Its bytes have the digest that was requested.
    fn manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>>;

    /// Puts a manifest, byte for byte and under its own media type, under a tag or its digest.
    fn put_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        manifest: &'a Manifest,
    ) -> Answer<'a, PutResult>;

    /// Deletes a manifest, and with it every tag that it has.
    fn delete_manifest<'a>(&'a self, name: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, ()>;

    /// Deletes a tag and nothing else, as long as it has the digest `expected`.
    fn untag<'a>(&'a self, name: &'a RepositoryName, tag: &'a Tag, expected: Digest) -> Answer<'a, ()>;

    /// Returns the size of a blob: `None` if it does not exist, 0 if the size is not known.
    fn head_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        priority: Priority,
    ) -> Answer<'a, Option<u64>>;

    /// Reads a blob from an offset on. Nothing is requested before the first piece. Fails at once for a descriptor whose
    /// digest cannot be checked.
    fn read_blob(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn BlobStream>, Error>;

    /// Returns some bytes of a blob, or `None` if the registry does not give a part of it. Nothing proves the bytes: the
    /// caller compares them with a digest that it knows.
    fn blob_range<'a>(
        &'a self,
        name: &'a RepositoryName,
        descriptor: &'a Descriptor,
        range: Range<u64>,
    ) -> Answer<'a, Option<Bytes>> {
        async move { collect_part(&mut *self.blob_part(name, descriptor, range)).await }.boxed()
    }

    /// Reads some bytes of a blob piece by piece, as [`Registry::blob_range`] does. Nothing is requested before the first
    /// piece. Gives no part by default.
    fn blob_part(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        range: Range<u64>,
    ) -> Box<dyn BlobPart> {
        let _ = (name, descriptor, range);
        Box::new(NoPart)
    }

    /// Returns the kept list of the files of a layer, as [`Registry::keep_file_list`] took it. Keeps none by default.
    fn kept_file_list<'a>(&'a self, layer: &'a Digest) -> BoxFuture<'a, Option<Bytes>> {
        let _ = layer;
        ready(None).boxed()
    }

    /// Keeps the list of the files of a layer, or a piece of it, for this run and later ones. Waits until there is room for
    /// it.
    fn keep_file_list<'a>(&'a self, layer: &'a Digest, list: Bytes) -> BoxFuture<'a, ()> {
        let _ = (layer, list);
        ready(()).boxed()
    }

    /// Returns the most bytes of a list of files that is kept in pieces. Keeps none by default.
    fn most_list_bytes(&self) -> usize {
        0
    }

    /// Puts a blob into a repository. Its descriptor needs a digest and a size.
    fn push_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        descriptor: &'a Descriptor,
        source: &'a BlobSource,
        transfer: &'a Arc<Transfer>,
    ) -> Answer<'a, ()>;

    /// Makes a blob of another repository known in this one, or opens an upload for it.
    fn mount_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        from: Option<&'a RepositoryName>,
    ) -> Answer<'a, Mount>;

    /// Returns the first referrers of a manifest, and how many more there are. `may_have_fallback` says whether there
    /// may be a fallback tag. Returns none by default.
    fn first_referrers<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        may_have_fallback: bool,
    ) -> Answer<'a, Referrers> {
        let _ = (name, digest, may_have_fallback);
        ready(Ok(Referrers::default())).boxed()
    }

    /// Returns all referrers of a manifest, for a change that depends on them. Fails if they are too many to be kept.
    fn referrers<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        may_have_fallback: bool,
    ) -> Answer<'a, Referrers> {
        let list = async move {
            let found = self.first_referrers(name, digest, may_have_fallback).await?;
            found.check_whole().map_err(|cause| Error::unsent(self.host(), cause))
        };
        list.boxed()
    }

    /// Puts a manifest under a tag that had the digest `expected`, or did not exist, when the caller looked at it. An
    /// implementation that sends a request several times stops when another client has put another manifest there.
    fn put_tag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        expected: Option<Digest>,
        manifest: &'a Manifest,
    ) -> Answer<'a, PutResult> {
        let _ = expected;
        async move { self.put_manifest(name, &Selector::Tag(tag.clone()), manifest).await }.boxed()
    }

    /// Deletes a manifest like [`Registry::delete_manifest`], but tries it only once. Before another try the caller
    /// checks again that nothing else is deleted with the manifest, and waits: see [`Connection::wait_to_retry`].
    fn delete_manifest_once<'a>(&'a self, name: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, ()> {
        self.delete_manifest(name, digest)
    }

    /// Returns the digest that a tag or digest has now, as no cache answers it, in the cheapest way: the digest that the
    /// registry reports is believed. Returns `None` if the tag or digest does not exist.
    fn head_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        let look = async move {
            let found = match selector {
                Selector::Tag(tag) => self.head_tag(name, tag, priority).await.map(|head| head.digest),
                Selector::Digest(digest) => {
                    self.uncached_manifest(name, digest, priority).await.map(|_| *digest)
                }
            };
            none_if_not_found(found)
        };
        look.boxed()
    }

    /// Returns the manifest of that digest if it is at hand. Requests nothing.
    fn cached_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Option<Arc<Manifest>>> {
        let _ = (name, digest);
        ready(None).boxed()
    }

    /// Returns a manifest as the registry serves it now. No cache is used.
    fn uncached_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        async move { self.manifest(name, &Selector::Digest(*digest), priority).await }.boxed()
    }

    /// Returns the manifest that a tag has now, in the cheapest way.
    fn latest_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        async move { self.manifest(name, &Selector::Tag(tag.clone()), priority).await }.boxed()
    }

    /// Returns the digest that a tag or digest leads to now, as no cache answers it, or `None` if there is none. The
    /// result is one of the `known` digests if the bytes have it, by any algorithm.
    fn digest_now<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        known: &'a [Digest],
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        let look = async move {
            let found = self.manifest(name, selector, priority).await.map(|manifest| {
                let same = known.iter().find(|digest| manifest.has_digest(digest));
                same.copied().unwrap_or(manifest.digest)
            });
            none_if_not_found(found)
        };
        look.boxed()
    }

    /// Checks the digest that [`Registry::head_tag`] has just given for a tag, as [`Registry::digest_now`] looks for it.
    fn confirm_digest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        reported: Digest,
        known: &'a [Digest],
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        if known.is_empty() || known.contains(&reported) {
            ready(Ok(Some(reported))).boxed()
        } else {
            self.digest_now(name, selector, known, priority)
        }
    }

    /// Returns the image config that a manifest names.
    fn config<'a>(
        &'a self,
        name: &'a RepositoryName,
        descriptor: &'a Descriptor,
        priority: Priority,
    ) -> Answer<'a, Arc<ImageConfig>> {
        let _ = priority;
        let read = async move {
            let bad = |why: &'static str| Error::unsent(self.host(), Cause::BadAnswer(why.into()));
            let mut stream = self.read_blob(name, descriptor, 0)?;
            let mut bytes = BytesMut::new();
            while let Some(piece) = stream.next_piece().await? {
                if bytes.len() + piece.len() > CONFIG_CAP {
                    return Err(Error::unsent(self.host(), Cause::TooLarge(CONFIG_CAP as u64)));
                }
                bytes.extend_from_slice(&piece);
            }
            let config = ImageConfig::parse(bytes.freeze());
            config.map(Arc::new).map_err(|_| bad("the config is not a JSON object"))
        };
        read.boxed()
    }

    /// Waits until no other task holds large content, so that only one of many is in memory at a time. Does not wait by
    /// default.
    fn large_content_permit(&self) -> BoxFuture<'_, Option<SemaphorePermit<'_>>> {
        ready(None).boxed()
    }

    /// Returns the properties of the registry, after the first request to it if it is a server. By default they are those
    /// of a registry that is not reached over a network, and nothing is asked.
    fn ping(&self) -> Answer<'_, Server> {
        let server = Server {
            product: None,
            asks_login: false,
            transport: Transport::Local,
            identity: Identity::Anonymous,
            catalog: Ability::Unknown,
            referrers: self.referrers_api(),
            deletes: self.deletes(),
            proxy: None,
            own_api: OwnApiAbilities::default(),
            route: None,
        };
        ready(Ok(server)).boxed()
    }

    /// Returns whether the registry has the referrers API, as far as is known.
    fn referrers_api(&self) -> Ability {
        Ability::Unknown
    }

    /// Returns how the registry can delete, as far as is known.
    fn deletes(&self) -> Deletes {
        Deletes::default()
    }

    /// Finds out how the registry can delete, if that is not known.
    fn probe_deletes<'a>(&'a self, name: &'a RepositoryName) -> Answer<'a, Deletes> {
        let _ = name;
        ready(Ok(self.deletes())).boxed()
    }

    /// Returns how the registry cleans up content that nothing refers to any more.
    fn cleanups<'a>(&'a self, name: &'a RepositoryName) -> BoxFuture<'a, Cleanups> {
        let _ = name;
        ready(Cleanups::default()).boxed()
    }

    /// Returns a sentence about Docker's manifests if the registry may refuse them, as far as is known of it or of its
    /// vendor.
    fn docker_note(&self) -> BoxFuture<'_, Option<SafeText>> {
        ready(None).boxed()
    }

    /// Records a fact that a change found out. Forgets it by default.
    fn learn(&self, observation: Observation<'_>) {
        let _ = observation;
    }

    /// Returns the connection to the registry, or `None` if it is not reached over a network.
    fn connection(&self) -> Option<&dyn Connection> {
        None
    }

    /// Returns the visibility of changes, or `None` if the registry always shows a change as soon as it has accepted it.
    fn visibility(&self) -> Option<&dyn Visibility> {
        None
    }

    /// Returns the own API of the registry's vendor, or `None` if the registry can have none.
    fn own_api(&self) -> Option<&dyn OwnApi> {
        None
    }
}

/// Turns the failure of a look at a tag or manifest that does not exist into `None`.
fn none_if_not_found(found: Result<Digest, Error>) -> Result<Option<Digest>, Error> {
    match found {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.cause.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}
