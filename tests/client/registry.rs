//! Another implementation of `Registry`: images in memory are listed, summarized and inspected by the same
//! code as a server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use regtui::client::registry::blobs::{BlobStream, Upload};
use regtui::client::registry::{Answer, Registry};
use regtui::client::{
    BlobSource, Cause, Error, ErrorBody, ManifestHead, Mount, Priority, PutResult, Transfer,
};
use regtui::model::digest::Digest;
use regtui::model::manifest::{Descriptor, Manifest};
use regtui::model::page::{ListedName, NextPage, Page};
use regtui::model::reference::{Host, Repository, RepositoryName, Selector, Tag};
use regtui::model::server::Ability;
use regtui::ops::{inspect, list, summary};

use crate::support::registry::{Registry as Server, name, tag};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry with one repository, which cannot be changed.
#[derive(Debug, Clone)]
struct Shelf {
    host: Host,
    name: RepositoryName,
    tags: BTreeMap<Tag, Digest>,
    manifests: BTreeMap<Digest, Arc<Manifest>>,
    blobs: BTreeMap<Digest, Bytes>,
}

impl Shelf {
    fn with_image() -> Shelf {
        let config = r#"{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
        let config = Bytes::from(config);
        let layer = Bytes::from_static(b"a layer");
        let descriptor = |media_type: &str, bytes: &Bytes| {
            let (digest, size) = (Digest::sha256(bytes), bytes.len());
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
        };
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{},"layers":[{}]}}"#,
            descriptor("application/vnd.oci.image.config.v1+json", &config),
            descriptor("application/vnd.oci.image.layer.v1.tar", &layer),
        );
        let manifest = Arc::new(Manifest::parse(manifest.into(), Some(IMAGE)).expect("a manifest"));
        Shelf {
            host: Host::parse("shelf.test").expect("a host"),
            name: name("team/app"),
            tags: [(tag("1.0"), manifest.digest), (tag("latest"), manifest.digest)].into(),
            blobs: [&config, &layer].map(|bytes| (Digest::sha256(bytes), bytes.clone())).into(),
            manifests: [(manifest.digest, manifest)].into(),
        }
    }

    fn refusal(&self, status: u16) -> Error {
        Error::unsent(&self.host, Cause::Status { status, body: ErrorBody::default(), wait: None })
    }

    fn find(&self, wanted: &RepositoryName, selector: &Selector) -> Result<Arc<Manifest>, Error> {
        let digest = match selector {
            Selector::Tag(tag) => self.tags.get(tag).copied(),
            Selector::Digest(digest) => Some(*digest),
        };
        let found = digest.and_then(|digest| self.manifests.get(&digest)).filter(|_| *wanted == self.name);
        found.cloned().ok_or_else(|| self.refusal(404))
    }

    fn page<T>(items: impl IntoIterator<Item = T>) -> Page<T> {
        let items = items.into_iter().map(ListedName::Named).collect();
        Page { items, next: None, incomplete: None }
    }
}

/// The bytes that are left.
struct Rest(Bytes, Bytes);

impl BlobStream for Rest {
    fn next_piece(&mut self) -> Answer<'_, Option<Bytes>> {
        let piece = std::mem::take(&mut self.1);
        ready(Ok(Some(piece).filter(|piece| !piece.is_empty()))).boxed()
    }

    fn reopen_at(self: Box<Self>, from: u64) -> Box<dyn BlobStream> {
        let rest = self.0.slice(usize::try_from(from).expect("a small blob")..);
        Box::new(Rest(self.0, rest))
    }
}

impl Registry for Shelf {
    fn host(&self) -> &Host {
        &self.host
    }

    fn catalog(&self, _: Option<NextPage>) -> Answer<'_, Page<RepositoryName>> {
        ready(Ok(Shelf::page([self.name.clone()]))).boxed()
    }

    fn tags<'a>(&'a self, _: &'a RepositoryName, _: Option<NextPage>) -> Answer<'a, Page<Tag>> {
        ready(Ok(Shelf::page(self.tags.keys().cloned()))).boxed()
    }

    fn head_tag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        _: Priority,
    ) -> Answer<'a, ManifestHead> {
        let found = self.find(name, &Selector::Tag(tag.clone()));
        let head = found.map(|manifest| ManifestHead {
            digest: manifest.digest,
            media_type: Some(manifest.media_type.clone()),
        });
        ready(head).boxed()
    }

    fn manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        _: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        ready(self.find(name, selector)).boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        _: &'a RepositoryName,
        _: &'a Selector,
        _: &'a Manifest,
    ) -> Answer<'a, PutResult> {
        ready(Err(self.refusal(405))).boxed()
    }

    fn delete_manifest<'a>(&'a self, _: &'a RepositoryName, _: &'a Digest) -> Answer<'a, ()> {
        ready(Err(self.refusal(405))).boxed()
    }

    fn untag<'a>(&'a self, _: &'a RepositoryName, _: &'a Tag, _: Digest) -> Answer<'a, ()> {
        ready(Err(self.refusal(405))).boxed()
    }

    fn head_blob<'a>(
        &'a self,
        _: &'a RepositoryName,
        digest: &'a Digest,
        _: Priority,
    ) -> Answer<'a, Option<u64>> {
        ready(Ok(self.blobs.get(digest).map(|blob| blob.len() as u64))).boxed()
    }

    fn read_blob(
        &self,
        _: &RepositoryName,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn BlobStream>, Error> {
        let blob = descriptor.digest.and_then(|digest| self.blobs.get(&digest));
        let blob = blob.ok_or_else(|| self.refusal(404))?.clone();
        Ok(Box::new(Rest(blob.clone(), blob)).reopen_at(from))
    }

    fn push_blob<'a>(
        &'a self,
        _: &'a RepositoryName,
        _: &'a Descriptor,
        _: &'a BlobSource,
        _: &'a Arc<Transfer>,
    ) -> Answer<'a, ()> {
        ready(Err(self.refusal(405))).boxed()
    }

    fn mount_blob<'a>(
        &'a self,
        _: &'a RepositoryName,
        digest: &'a Digest,
        _: Option<&'a RepositoryName>,
    ) -> Answer<'a, Mount> {
        let mount = match self.blobs.contains_key(digest) {
            true => Mount::Mounted,
            false => Mount::Opened(Box::new(NoUpload(self.refusal(405)))),
        };
        ready(Ok(mount)).boxed()
    }
}

/// An upload that takes nothing.
#[derive(Debug)]
struct NoUpload(Error);

impl Upload for NoUpload {
    fn push<'a>(
        self: Box<Self>,
        _: &'a Descriptor,
        _: &'a BlobSource,
        _: &'a Arc<Transfer>,
    ) -> Answer<'a, ()> {
        ready(Err(self.0)).boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, bool> {
        ready(true).boxed()
    }
}

#[tokio::test]
async fn repositories_and_tags_of_any_registry_are_listed() {
    let shelf = Shelf::with_image();
    let pages: Vec<Page<RepositoryName>> = list::repositories(&shelf).try_collect().await.expect("a list");
    assert_eq!(pages[0].items, [ListedName::Named(name("team/app"))]);
    let pages: Vec<Page<Tag>> = list::tags(&shelf, &shelf.name).try_collect().await.expect("a list");
    assert_eq!(pages[0].items, [ListedName::Named(tag("1.0")), ListedName::Named(tag("latest"))]);
    let tags = vec![tag("latest"), tag("1.0")];
    let summaries: Vec<_> = list::summaries(&shelf, &shelf.name, tags).collect().await;
    assert!(
        summaries.iter().all(|(tag, summary)| {
            summary.as_ref().is_ok_and(|summary| summary.digest == shelf.tags[tag])
        })
    );
}

#[tokio::test]
async fn a_tag_of_any_registry_is_summarized() {
    let shelf = Shelf::with_image();
    let summary = summary::of_tag(&shelf, &shelf.name, &tag("1.0"), Priority::Interactive).await;
    let summary = summary.expect("a summary");
    let platforms: Vec<String> = summary.platforms.iter().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/arm64"]);
    let missing = summary::of_tag(&shelf, &shelf.name, &tag("2.0"), Priority::Interactive).await;
    assert_eq!(missing.expect_err("there is none").cause.status(), Some(404));
}

#[tokio::test]
async fn an_image_of_any_registry_is_inspected() {
    let shelf = Shelf::with_image();
    let repository = Repository { host: shelf.host.clone(), name: shelf.name.clone() };
    let inspection = inspect::inspect(&shelf, &repository, &Selector::Tag(tag("latest")), Some(&[])).await;
    let inspection = inspection.expect("an inspection");
    assert_eq!(inspection.manifest.digest, shelf.tags[&tag("latest")]);
    assert!(matches!(&inspection.variants[0].config, Some(Ok(_))), "{inspection:#?}");
    assert_eq!(inspection.referrers_api, Ability::Unknown);
}

#[tokio::test]
async fn a_blob_of_any_registry_is_pushed_to_a_server() {
    let shelf = Shelf::with_image();
    let server = Server::open(regtui::demo::Store::new()).await;
    for (digest, bytes) in &shelf.blobs {
        let descriptor = crate::support::blob::descriptor(bytes);
        let source = BlobSource::registry(&shelf, &shelf.name, &descriptor);
        let transfer = Arc::new(Transfer::default());
        server.client.push_blob(&name("copy"), &descriptor, &source, &transfer).await.expect("it is pushed");
        assert_eq!(transfer.sent.load(Ordering::Relaxed), bytes.len() as u64);
        assert!(server.demo.store().repository("copy").is_some_and(|held| held.blobs.contains_key(digest)));
    }
}

#[tokio::test]
async fn the_client_of_a_server_is_a_registry_among_others() {
    let store = regtui::demo::Store::new();
    store.image("team/app").tag("1.0").push();
    let server = Server::open(store).await;
    let registries: [Arc<dyn Registry>; 2] = [Arc::new(server.client.clone()), Arc::new(Shelf::with_image())];
    for registry in registries {
        let summary = summary::of_tag(&*registry, &name("team/app"), &tag("1.0"), Priority::Background).await;
        assert!(summary.is_ok(), "{registry:?}: {summary:?}");
    }
}
