//! Another implementation of `Registry`: images in memory are listed, summarized, inspected, retagged, deleted, copied
//! and put back by the same code as those of a server.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use regtui::app::cmd::Cmd;
use regtui::app::msg::Msg;
use regtui::app::questions::{Answer as Answered, Ask, Slot};
use regtui::app::remote::Tickets;
use regtui::client::registry::blobs::{BlobStream, Upload};
use regtui::client::registry::{Answer, Registry};
use regtui::client::{
    BlobSource, Cause, Error, ErrorBody, ManifestHead, Mount, Priority, PutResult, Transfer,
};
use regtui::model::change::progress::{Outcome, Report};
use regtui::model::change::{ChangeRequest, copy, delete, retag};
use regtui::model::digest::Digest;
use regtui::model::manifest::{Descriptor, Manifest};
use regtui::model::page::{ListedName, NextPage, Page};
use regtui::model::reference::{Host, Repository, RepositoryName, Selector, Tag};
use regtui::model::server::{Ability, Deletes, Transport};
use regtui::ops::context::ChangeContext;
use regtui::ops::{change, inspect, list, summary};
use regtui::runtime::effects::Effects;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::context::{context, watch};
use crate::support::registry::{Registry as Server, name, settings, tag};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry with one repository in memory. Implements the required methods, and no login, cache or wait.
#[derive(Debug, Clone)]
struct Shelf {
    host: Host,
    name: RepositoryName,
    content: Arc<Mutex<Content>>,
}

#[derive(Debug, Default)]
struct Content {
    tags: BTreeMap<Tag, Digest>,
    manifests: BTreeMap<Digest, Arc<Manifest>>,
    blobs: BTreeMap<Digest, Bytes>,
}

impl Shelf {
    fn empty(host: &str) -> Shelf {
        let host = Host::parse(host).expect("a host");
        Shelf { host, name: name("team/app"), content: Arc::default() }
    }

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
        let shelf = Shelf::empty("shelf.test");
        *shelf.content() = Content {
            tags: [(tag("1.0"), manifest.digest), (tag("latest"), manifest.digest)].into(),
            blobs: [&config, &layer].map(|bytes| (Digest::sha256(bytes), bytes.clone())).into(),
            manifests: [(manifest.digest, manifest)].into(),
        };
        shelf
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("no test panics in between")
    }

    fn digest(&self, of: &str) -> Option<Digest> {
        self.content().tags.get(&tag(of)).copied()
    }

    /// Returns the request to delete a tag, or its image, by this method.
    fn delete(&self, text: &str, method: delete::DeleteMethod) -> ChangeRequest {
        ChangeRequest::Delete(delete::DeleteRequest {
            repository: self.repository(),
            selectors: vec![Selector::Tag(tag(text))],
            all_tags: false,
            method: Some(method),
            along: delete::Along::default(),
            keep: false,
        })
    }

    fn repository(&self) -> Repository {
        Repository { host: self.host.clone(), name: self.name.clone() }
    }

    /// Reads the whole of a blob that another registry has.
    async fn read_all(source: &BlobSource) -> Result<Bytes, Error> {
        let (registry, name, descriptor) = match source {
            BlobSource::Bytes(bytes) => return Ok(bytes.clone()),
            BlobSource::Registry { registry, name, descriptor } => (registry, name, descriptor),
        };
        let (mut stream, mut bytes) = (registry.read_blob(name, descriptor, 0)?, Vec::new());
        while let Some(piece) = stream.next_piece().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.into())
    }

    fn refusal(&self, status: u16) -> Error {
        Error::unsent(&self.host, Cause::Status { status, body: ErrorBody::default(), wait: None })
    }

    fn find(&self, wanted: &RepositoryName, selector: &Selector) -> Result<Arc<Manifest>, Error> {
        let digest = match selector {
            Selector::Tag(tag) => self.content().tags.get(tag).copied(),
            Selector::Digest(digest) => Some(*digest),
        };
        let found = digest.and_then(|digest| self.content().manifests.get(&digest).cloned());
        found.filter(|_| *wanted == self.name).ok_or_else(|| self.refusal(404))
    }

    fn page<T>(items: impl IntoIterator<Item = T>) -> Page<T> {
        let items = items.into_iter().map(ListedName::Named).collect();
        Page { items, next: None, incomplete: None, source: None }
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
        ready(Ok(Shelf::page(self.content().tags.keys().cloned()))).boxed()
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
        selector: &'a Selector,
        manifest: &'a Manifest,
    ) -> Answer<'a, PutResult> {
        let mut content = self.content();
        content.manifests.insert(manifest.digest, Arc::new(manifest.clone()));
        if let Selector::Tag(tag) = selector {
            content.tags.insert(tag.clone(), manifest.digest);
        }
        ready(Ok(PutResult { digest: manifest.digest, is_subject_recognized: false })).boxed()
    }

    fn delete_manifest<'a>(&'a self, _: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, ()> {
        let mut content = self.content();
        content.tags.retain(|_, tagged| tagged != digest);
        let removed = content.manifests.remove(digest);
        ready(removed.map(drop).ok_or_else(|| self.refusal(404))).boxed()
    }

    fn untag<'a>(&'a self, _: &'a RepositoryName, tag: &'a Tag, expected: Digest) -> Answer<'a, ()> {
        let mut content = self.content();
        let untagged = if content.tags.get(tag) == Some(&expected) {
            content.tags.remove(tag).map(|_| ())
        } else {
            None
        };
        ready(untagged.ok_or_else(|| self.refusal(404))).boxed()
    }

    fn head_blob<'a>(
        &'a self,
        _: &'a RepositoryName,
        digest: &'a Digest,
        _: Priority,
    ) -> Answer<'a, Option<u64>> {
        ready(Ok(self.content().blobs.get(digest).map(|blob| blob.len() as u64))).boxed()
    }

    fn read_blob(
        &self,
        _: &RepositoryName,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn BlobStream>, Error> {
        let blob = descriptor.digest.and_then(|digest| self.content().blobs.get(&digest).cloned());
        let blob = blob.ok_or_else(|| self.refusal(404))?;
        Ok(Box::new(Rest(blob.clone(), blob)).reopen_at(from))
    }

    fn push_blob<'a>(
        &'a self,
        _: &'a RepositoryName,
        _: &'a Descriptor,
        source: &'a BlobSource,
        transfer: &'a Arc<Transfer>,
    ) -> Answer<'a, ()> {
        let push = async move {
            let bytes = Shelf::read_all(source).await?;
            transfer.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            self.content().blobs.insert(Digest::sha256(&bytes), bytes);
            Ok(())
        };
        push.boxed()
    }

    fn mount_blob<'a>(
        &'a self,
        _: &'a RepositoryName,
        digest: &'a Digest,
        _: Option<&'a RepositoryName>,
    ) -> Answer<'a, Mount> {
        let mount = if self.content().blobs.contains_key(digest) {
            Mount::Mounted
        } else {
            Mount::Opened(Box::new(NoUpload(self.refusal(405))))
        };
        ready(Ok(mount)).boxed()
    }

    fn deletes(&self) -> Deletes {
        Deletes { by_tag: Ability::Yes, by_digest: Ability::Yes }
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
    let pages: Vec<Page<RepositoryName>> =
        list::repositories(&shelf, &[]).try_collect().await.expect("a list");
    assert_eq!(pages[0].items, [ListedName::Named(name("team/app"))]);
    let pages: Vec<Page<Tag>> = list::tags(&shelf, &shelf.name).try_collect().await.expect("a list");
    assert_eq!(pages[0].items, [ListedName::Named(tag("1.0")), ListedName::Named(tag("latest"))]);
    let tags = vec![tag("latest"), tag("1.0")];
    let summaries: Vec<_> = list::summaries(&shelf, &shelf.name, tags).collect().await;
    assert!(summaries.iter().all(|(tag, summary)| {
        summary.as_ref().is_ok_and(|summary| summary.digest == shelf.content().tags[tag])
    }));
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
    let inspection =
        inspect::inspect(&shelf, &shelf.repository(), &Selector::Tag(tag("latest")), Some(&[])).await;
    let inspection = inspection.expect("an inspection");
    assert_eq!(Some(inspection.manifest.digest), shelf.digest("latest"));
    assert!(matches!(&inspection.variants[0].config, Some(Ok(_))), "{inspection:#?}");
    assert_eq!(inspection.referrers_api, Ability::Unknown);
}

#[tokio::test]
async fn a_blob_of_any_registry_is_pushed_to_a_server() {
    let shelf = Shelf::with_image();
    let server = Server::open(regtui::demo::Store::new()).await;
    let blobs = shelf.content().blobs.clone();
    for (digest, bytes) in &blobs {
        let descriptor = crate::support::blob::descriptor(bytes);
        let source = BlobSource::registry(Arc::new(shelf.clone()), &shelf.name, &descriptor);
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

/// Returns the answer of the runtime to a question of the app.
async fn answer_of(
    effects: &mut Effects,
    inbox: &mut UnboundedReceiver<Msg>,
    slot: Slot,
    ask: Ask,
) -> Answered {
    effects.start(Cmd::Load { slot, ticket: Tickets::default().issue(), delay: Duration::ZERO, ask });
    match inbox.recv().await {
        Some(Msg::Answered(_, _, answer)) => answer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_panes_show_any_registry() {
    let shelf = Shelf::with_image();
    let (context, _folder) = context_with(&[&shelf]);
    let (sender, mut inbox) = unbounded_channel();
    let mut effects = Effects::new(context, sender);
    let (host, repository, latest) = (shelf.host.clone(), shelf.repository(), tag("latest"));
    effects.start(Cmd::Forget(host.clone()));
    let mut ask = async |slot, question| answer_of(&mut effects, &mut inbox, slot, question).await;

    let server = ask(Slot::Server(host.clone()), Ask::Server(host.clone())).await;
    assert!(
        matches!(&server, Answered::Server(Ok(server)) if server.transport == Transport::Local),
        "{server:?}"
    );
    let names = ask(Slot::Repositories(host.clone()), Ask::Repositories(host, Vec::new(), None)).await;
    assert!(matches!(&names, Answered::Repositories(Ok(page)) if page.items.len() == 1), "{names:?}");
    let tags = ask(Slot::Tags, Ask::Tags(repository.clone(), None)).await;
    assert!(matches!(&tags, Answered::Tags(Ok(page)) if page.items.len() == 2), "{tags:?}");
    let row = ask(
        Slot::Summary(repository.clone(), latest.clone()),
        Ask::Summary(repository.clone(), latest.clone()),
    );
    let row = row.await;
    assert!(
        matches!(&row, Answered::Summary(Ok(row)) if Some(row.digest) == shelf.digest("latest")),
        "{row:?}"
    );
    let image = ask(Slot::Detail, Ask::Inspection(repository, Selector::Tag(latest))).await;
    assert!(matches!(&image, Answered::Inspection(Ok(_))), "{image:?}");
}

/// A context in which these registries are known besides all servers, and the folder of its journal.
fn context_with(shelves: &[&Shelf]) -> (ChangeContext, tempfile::TempDir) {
    let (context, folder) = context(settings());
    shelves.iter().for_each(|shelf| context.pool.add_registry(Arc::new((*shelf).clone())));
    (context, folder)
}

/// Plans and carries out a change, all of which is done.
async fn carry_out(context: &ChangeContext, request: &ChangeRequest) -> Report {
    let plan = change::plan(context, request).await.expect("a plan");
    let report = change::run(context, &plan, &watch()).await;
    let is_done = |item: &regtui::model::change::progress::ProgressItem| {
        matches!(item.outcome, Some(Outcome::Done(_) | Outcome::Unchanged(_)))
    };
    assert!(report.items.iter().all(is_done), "{report:#?}");
    report
}

/// Undoes a change.
async fn undo(context: &ChangeContext, report: &Report) {
    carry_out(context, &ChangeRequest::Undo(report.undo.clone().expect("an entry"))).await;
}

#[tokio::test]
async fn a_tag_of_any_registry_is_renamed_and_gets_its_name_back() {
    let shelf = Shelf::with_image();
    let (context, _folder) = context_with(&[&shelf]);
    let image = shelf.digest("1.0");
    let request = ChangeRequest::Retag(retag::RetagRequest {
        from: shelf.repository(),
        items: vec![(Selector::Tag(tag("1.0")), shelf.repository(), tag("stable"))],
        mode: retag::RetagMode::Move,
        keep: false,
    });
    let report = carry_out(&context, &request).await;
    assert_eq!((shelf.digest("stable"), shelf.digest("1.0"), shelf.digest("latest")), (image, None, image));
    undo(&context, &report).await;
    assert_eq!((shelf.digest("stable"), shelf.digest("1.0"), shelf.digest("latest")), (None, image, image));
}

#[tokio::test]
async fn a_tag_of_any_registry_is_deleted_alone_and_put_back() {
    let shelf = Shelf::with_image();
    let (context, _folder) = context_with(&[&shelf]);
    let image = shelf.digest("1.0");
    let report = carry_out(&context, &shelf.delete("1.0", delete::DeleteMethod::Untag)).await;
    assert_eq!((shelf.digest("1.0"), shelf.digest("latest")), (None, image));
    undo(&context, &report).await;
    assert_eq!((shelf.digest("1.0"), shelf.digest("latest")), (image, image));
}

#[tokio::test]
async fn an_image_of_any_registry_is_deleted_with_its_tags_and_put_back() {
    let shelf = Shelf::with_image();
    let (context, _folder) = context_with(&[&shelf]);
    let image = shelf.digest("1.0");
    let report = carry_out(&context, &shelf.delete("1.0", delete::DeleteMethod::Image)).await;
    assert!(shelf.content().tags.is_empty() && shelf.content().manifests.is_empty());
    undo(&context, &report).await;
    assert_eq!((shelf.digest("1.0"), shelf.digest("latest")), (image, image));
}

#[tokio::test]
async fn an_image_is_copied_from_any_registry_to_any_other_one() {
    let (from, to) = (Shelf::with_image(), Shelf::empty("other.test"));
    let (context, _folder) = context_with(&[&from, &to]);
    let server = Server::open(regtui::demo::Store::new()).await;
    let request = |destination: Repository| {
        let what = copy::What::Images(vec![Selector::Tag(tag("1.0"))]);
        ChangeRequest::Copy(copy::CopyRequest::with_referrers(from.repository(), what, destination))
    };
    let report = carry_out(&context, &request(to.repository())).await;
    let blobs = from.content().blobs.clone();
    assert_eq!((to.digest("1.0"), &to.content().blobs), (from.digest("1.0"), &blobs));
    assert_eq!(report.moved, blobs.values().map(|blob| blob.len() as u64).sum::<u64>());
    let copy = Repository { host: server.client.host().clone(), name: name("copy") };
    carry_out(&context, &request(copy)).await;
    let copied = server.demo.store().repository("copy").and_then(|held| held.tags.get("1.0").copied());
    assert_eq!(copied, from.digest("1.0"));
    undo(&context, &report).await;
    assert_eq!(to.digest("1.0"), None);
}
