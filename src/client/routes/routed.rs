//! A registry whose requests follow the routes of the system's files.
//!
//! Everything goes to the primary location. Only a registry for reading asks mirrors first, and only for content: manifests,
//! configs and blobs. Lists of tags, referrers, looks past the cache and all changes are answered by the primary location, so
//! that a mirror that lags behind decides nothing.
//!
//! Each operation of the trait names its place by itself, since the places differ, so the operations look alike.

mod connection;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::SemaphorePermit;

use super::mirrored::{MirroredPart, MirroredStream, Place};
use super::{Location, Route};
use crate::client::distribution::manifests::ManifestHead;
use crate::client::distribution::manifests::put::PutResult;
use crate::client::distribution::referrers::Referrers;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::Priority;
use crate::client::registry::blobs::{BlobPart, BlobSource, BlobStream, Mount, NoPart, Transfer};
use crate::client::registry::connection::Connection;
use crate::client::registry::own_api::OwnApi;
use crate::client::registry::visibility::Visibility;
use crate::client::registry::{Answer, Observation, Registry};
use crate::client::{Client, Pool};
use crate::model::digest::Digest;
use crate::model::image::ImageConfig;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::page::{ListedName, NextPage, Page};
use crate::model::reference::{Host, RepositoryName, Selector, Tag};
use crate::model::server::{Ability, Cleanups, Deletes, Server};
use crate::model::text::SafeText;

/// A registry with routes.
#[derive(Debug)]
pub(in crate::client) struct RoutedRegistry {
    host: Host,
    pool: Pool,
    /// The route of the whole registry.
    route: Option<Route>,
    /// The client for everything that is not about one repository.
    base: Client,
    /// Whether mirrors are asked for content.
    is_for_reading: bool,
}

impl RoutedRegistry {
    /// Creates the registry of a name. Nothing is sent.
    pub(in crate::client) fn new(pool: &Pool, host: &Host, is_for_reading: bool) -> RoutedRegistry {
        let route = pool.routes().of_host(host).cloned();
        let base = match route.as_ref().and_then(|route| Some((route.location.as_ref()?, route.insecure))) {
            Some((location, insecure)) => pool.routed_client(&location.host, insecure),
            None => pool.client(host),
        };
        RoutedRegistry { host: host.clone(), pool: pool.clone(), route, base, is_for_reading }
    }

    fn refused(&self, route: &Route) -> Error {
        let why = format!("`{}` blocks {} by `blocked = true`", route.source, route.prefix);
        Error::unsent(&self.host, Cause::Local(SafeText::from(why)))
    }

    /// Fails if the whole registry is blocked.
    fn check_open(&self) -> Result<(), Error> {
        match &self.route {
            Some(route) if route.blocked => Err(self.refused(route)),
            _ => Ok(()),
        }
    }

    /// Returns the primary location of a repository.
    fn place(&self, name: &RepositoryName) -> Result<Place, Error> {
        self.places(name, None)
            .and_then(|mut places| places.pop_back().ok_or_else(|| Error::unsent(&self.host, Cause::Stopped)))
    }

    /// Returns the mirrors that are asked for this selector, and the primary location behind them. Without a selector
    /// there are no mirrors.
    fn places(&self, name: &RepositoryName, selector: Option<&Selector>) -> Result<VecDeque<Place>, Error> {
        let routes = self.pool.routes();
        let found = routes.destination(&self.host, name).map_err(|bad| {
            let why = format!("the location of {name} by the system's registries.conf: {bad}");
            Error::unsent(&self.host, Cause::Local(SafeText::from(why)))
        })?;
        let mut places = VecDeque::new();
        let mut client = None;
        if let Some(route) = found.route {
            let at_place = routes.longest(&found.primary.host, found.primary.name.as_str());
            if let Some(blocked) = [Some(route), at_place].into_iter().flatten().find(|route| route.blocked) {
                return Err(self.refused(blocked));
            }
            for mirror in &route.mirrors {
                if !self.is_for_reading || !selector.is_some_and(|selector| mirror.pulls.allows(selector)) {
                    continue;
                }
                let Ok(repository) = mirror.location.repository(&found.rest) else { continue };
                if routes
                    .longest(&repository.host, repository.name.as_str())
                    .is_some_and(|route| route.blocked)
                {
                    continue;
                }
                let known = self.pool.mirror(&repository.host, mirror.insecure);
                if known.is_usable() {
                    places.push_back(Place::mirror(known, repository.name));
                }
            }
            client = Some(self.pool.routed_client(&found.primary.host, route.insecure));
        }
        let client = client.unwrap_or_else(|| self.pool.client(&found.primary.host));
        places.push_back(Place::primary(client, found.primary.name));
        Ok(places)
    }

    fn location(&self) -> Option<&Location> {
        self.route.as_ref()?.location.as_ref()
    }
}

/// Asks the places of a repository in turn. The last one is the primary location, whose answer counts whatever it is.
macro_rules! ask_in_turn {
    ($registry:ident, $name:ident, $selector:expr, |$client:ident, $there:ident| $ask:expr) => {
        async move {
            let mut places = $registry.places($name, Some($selector))?;
            let mut answer = Err(Error::unsent(&$registry.host, Cause::Stopped));
            while let Some(place) = places.pop_front() {
                let ($client, $there) = (&place.client, &place.name);
                answer = $ask.await;
                match &answer {
                    Ok(_) => break,
                    Err(error) => place.note(error),
                }
            }
            answer
        }
        .boxed()
    };
}

/// Asks the primary location of a repository.
macro_rules! ask_primary {
    ($registry:ident, $name:ident, |$client:ident, $there:ident| $ask:expr) => {
        async move {
            let place = $registry.place($name)?;
            let ($client, $there) = (&place.client, &place.name);
            $ask.await
        }
        .boxed()
    };
}

impl Registry for RoutedRegistry {
    fn host(&self) -> &Host {
        &self.host
    }

    fn catalog(&self, next: Option<NextPage>) -> Answer<'_, Page<RepositoryName>> {
        async move {
            self.check_open()?;
            let mut page = self.base.catalog(next).await?;
            if let Some(location) = self.location().filter(|location| !location.path.is_empty()) {
                // The registry there holds more than the part that this name stands for.
                page.items = page.items.into_iter().filter_map(|item| below(item, &location.path)).collect();
            }
            Ok(page)
        }
        .boxed()
    }

    fn tags<'a>(&'a self, name: &'a RepositoryName, next: Option<NextPage>) -> Answer<'a, Page<Tag>> {
        ask_primary!(self, name, |client, there| client.tags(there, next))
    }

    fn head_tag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        priority: Priority,
    ) -> Answer<'a, ManifestHead> {
        async move {
            let selector = Selector::Tag(tag.clone());
            let selector = &selector;
            ask_in_turn!(self, name, selector, |client, there| client.head_tag(there, tag, priority)).await
        }
        .boxed()
    }

    fn manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        ask_in_turn!(self, name, selector, |client, there| client.manifest(there, selector, priority))
    }

    fn put_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        manifest: &'a Manifest,
    ) -> Answer<'a, PutResult> {
        ask_primary!(self, name, |client, there| client.put_manifest(there, selector, manifest))
    }

    fn delete_manifest<'a>(&'a self, name: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, ()> {
        ask_primary!(self, name, |client, there| client.delete_manifest(there, digest))
    }

    fn untag<'a>(&'a self, name: &'a RepositoryName, tag: &'a Tag, expected: Digest) -> Answer<'a, ()> {
        ask_primary!(self, name, |client, there| client.untag(there, tag, expected))
    }

    fn head_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        priority: Priority,
    ) -> Answer<'a, Option<u64>> {
        ask_primary!(self, name, |client, there| client.head_blob(there, digest, priority))
    }

    fn read_blob(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn BlobStream>, Error> {
        let selector = descriptor.digest.map(Selector::Digest);
        let places = self.places(name, selector.as_ref())?;
        match MirroredStream::open(places, descriptor, from) {
            Some(stream) => Ok(Box::new(stream?)),
            None => Err(Error::unsent(&self.host, Cause::Stopped)),
        }
    }

    fn blob_part(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        range: Range<u64>,
    ) -> Box<dyn BlobPart> {
        let selector = descriptor.digest.map(Selector::Digest);
        match self.places(name, selector.as_ref()) {
            Ok(places) => Box::new(MirroredPart::new(places, descriptor, range)),
            // The whole blob fails with the reason.
            Err(_) => Box::new(NoPart),
        }
    }

    fn kept_file_list<'a>(&'a self, layer: &'a Digest) -> BoxFuture<'a, Option<Bytes>> {
        self.base.kept_file_list(layer)
    }

    fn keep_file_list<'a>(&'a self, layer: &'a Digest, list: Bytes) -> BoxFuture<'a, ()> {
        self.base.keep_file_list(layer, list)
    }

    fn most_list_bytes(&self) -> usize {
        self.base.most_list_bytes()
    }

    fn push_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        descriptor: &'a Descriptor,
        source: &'a BlobSource,
        transfer: &'a Arc<Transfer>,
    ) -> Answer<'a, ()> {
        ask_primary!(self, name, |client, there| client.push_blob(there, descriptor, source, transfer))
    }

    fn mount_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        from: Option<&'a RepositoryName>,
    ) -> Answer<'a, Mount> {
        async move {
            let place = self.place(name)?;
            // A blob can be mounted only if both repositories are at the same registry.
            let from = from.and_then(|from| self.place(from).ok());
            let from = from.filter(|from| from.client.host() == place.client.host());
            place.client.mount_blob(&place.name, digest, from.as_ref().map(|from| &from.name)).await
        }
        .boxed()
    }

    fn first_referrers<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        may_have_fallback: bool,
    ) -> Answer<'a, Referrers> {
        ask_primary!(self, name, |client, there| client.first_referrers(there, digest, may_have_fallback))
    }

    fn referrers<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        may_have_fallback: bool,
    ) -> Answer<'a, Referrers> {
        ask_primary!(self, name, |client, there| client.referrers(there, digest, may_have_fallback))
    }

    fn put_tag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        expected: Option<Digest>,
        manifest: &'a Manifest,
    ) -> Answer<'a, PutResult> {
        ask_primary!(self, name, |client, there| client.put_tag(there, tag, expected, manifest))
    }

    fn delete_manifest_once<'a>(&'a self, name: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, ()> {
        ask_primary!(self, name, |client, there| client.delete_manifest_once(there, digest))
    }

    fn head_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        ask_primary!(self, name, |client, there| client.head_manifest(there, selector, priority))
    }

    fn cached_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Option<Arc<Manifest>>> {
        async move {
            let place = self.place(name).ok()?;
            place.client.cached_manifest(&place.name, digest).await
        }
        .boxed()
    }

    fn uncached_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        ask_primary!(self, name, |client, there| client.uncached_manifest(there, digest, priority))
    }

    fn latest_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        async move {
            let selector = Selector::Tag(tag.clone());
            let selector = &selector;
            ask_in_turn!(self, name, selector, |client, there| client.latest_manifest(there, tag, priority))
                .await
        }
        .boxed()
    }

    fn digest_now<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        known: &'a [Digest],
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        ask_primary!(self, name, |client, there| client.digest_now(there, selector, known, priority))
    }

    fn confirm_digest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        reported: Digest,
        known: &'a [Digest],
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        ask_primary!(self, name, |client, there| {
            client.confirm_digest(there, selector, reported, known, priority)
        })
    }

    fn config<'a>(
        &'a self,
        name: &'a RepositoryName,
        descriptor: &'a Descriptor,
        priority: Priority,
    ) -> Answer<'a, Arc<ImageConfig>> {
        async move {
            let Some(digest) = descriptor.digest else {
                let place = self.place(name)?;
                return place.client.config(&place.name, descriptor, priority).await;
            };
            let selector = Selector::Digest(digest);
            let selector = &selector;
            ask_in_turn!(self, name, selector, |client, there| client.config(there, descriptor, priority))
                .await
        }
        .boxed()
    }

    fn large_content_permit(&self) -> BoxFuture<'_, Option<SemaphorePermit<'_>>> {
        self.base.large_content_permit().boxed()
    }

    fn ping(&self) -> Answer<'_, Server> {
        async move {
            self.check_open()?;
            let server = self.base.ping().await?;
            Ok(Server { route: self.pool.routes().describe(&self.host), ..server })
        }
        .boxed()
    }

    fn referrers_api(&self) -> Ability {
        self.base.referrers_api()
    }

    fn deletes(&self) -> Deletes {
        self.base.deletes()
    }

    fn probe_deletes<'a>(&'a self, name: &'a RepositoryName) -> Answer<'a, Deletes> {
        ask_primary!(self, name, |client, there| client.probe_deletes(there))
    }

    fn cleanups<'a>(&'a self, name: &'a RepositoryName) -> BoxFuture<'a, Cleanups> {
        async move {
            match self.place(name) {
                Ok(place) => place.client.cleanups(&place.name).await,
                Err(_) => Cleanups::default(),
            }
        }
        .boxed()
    }

    fn docker_note(&self) -> BoxFuture<'_, Option<SafeText>> {
        self.base.docker_note().boxed()
    }

    fn learn(&self, observation: Observation<'_>) {
        Registry::learn(&self.base, observation);
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self)
    }

    /// The vendor knows nothing of content at another location.
    fn own_api(&self) -> Option<&dyn OwnApi> {
        let leads_elsewhere = |route: &Route| route.location.is_some() || route.blocked;
        let is_elsewhere = self.pool.routes().concerning(&self.host).any(leads_elsewhere);
        if is_elsewhere { None } else { self.base.own_api() }
    }

    fn visibility(&self) -> Option<&dyn Visibility> {
        self.base.visibility()
    }
}

/// Returns the name of a repository without the path that it is below. A repository elsewhere is left out.
fn below(item: ListedName<RepositoryName>, path: &str) -> Option<ListedName<RepositoryName>> {
    let name = item.name()?.as_str().strip_prefix(path)?.strip_prefix('/')?;
    RepositoryName::parse(name).ok().map(ListedName::Named)
}
