//! The distribution client as a [`Registry`].

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::SemaphorePermit;

use super::manifests::ManifestHead;
use super::manifests::put::PutResult;
use super::referrers::Referrers;
use crate::client::Client;
use crate::client::blob::reader::BlobReader;
use crate::client::blob::uploads::OpenUpload;
use crate::client::error::Error;
use crate::client::host::Shows;
use crate::client::http::backoffs::BackoffGuard;
use crate::client::http::limit::{Priority, Reserve};
use crate::client::http::scope::Scope;
use crate::client::registry::blobs::{BlobPart, BlobSource, BlobStream, Mount, Transfer, Upload};
use crate::client::registry::connection::{Connection, WriteAccess};
use crate::client::registry::own_api::OwnApi;
use crate::client::registry::visibility::{Visibility, WaitReport};
use crate::client::registry::{Answer, Observation, Registry};
use crate::model::digest::Digest;
use crate::model::image::ImageConfig;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::page::{NextPage, Page};
use crate::model::reference::{Host, RepositoryName, Selector, Tag};
use crate::model::request_budget::RequestBudget;
use crate::model::server::{Ability, Cleanups, Deletes, Identity, Sent, Server, Transport};
use crate::model::text::SafeText;

impl Registry for Client {
    fn host(&self) -> &Host {
        Client::host(self)
    }

    fn catalog(&self, next: Option<NextPage>) -> Answer<'_, Page<RepositoryName>> {
        Client::catalog(self, next).boxed()
    }

    fn tags<'a>(&'a self, name: &'a RepositoryName, next: Option<NextPage>) -> Answer<'a, Page<Tag>> {
        Client::tags(self, name, next).boxed()
    }

    fn head_tag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        priority: Priority,
    ) -> Answer<'a, ManifestHead> {
        Client::head_tag(self, name, tag, priority).boxed()
    }

    fn manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        Client::manifest(self, name, selector, priority).boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        manifest: &'a Manifest,
    ) -> Answer<'a, PutResult> {
        Client::put_manifest(self, name, selector, manifest).boxed()
    }

    fn delete_manifest<'a>(&'a self, name: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, ()> {
        Client::delete_manifest(self, name, digest).boxed()
    }

    fn untag<'a>(&'a self, name: &'a RepositoryName, tag: &'a Tag, expected: Digest) -> Answer<'a, ()> {
        Client::untag(self, name, tag, expected).boxed()
    }

    fn head_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        priority: Priority,
    ) -> Answer<'a, Option<u64>> {
        Client::head_blob(self, name, digest, priority).boxed()
    }

    fn read_blob(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn BlobStream>, Error> {
        Ok(Box::new(Client::read_blob(self, name, descriptor, from)?))
    }

    fn blob_part(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        range: Range<u64>,
    ) -> Box<dyn BlobPart> {
        Box::new(Client::blob_part(self, name, descriptor, range))
    }

    fn kept_file_list<'a>(&'a self, layer: &'a Digest) -> BoxFuture<'a, Option<Bytes>> {
        async move { self.cache().file_list(layer).await }.boxed()
    }

    fn keep_file_list<'a>(&'a self, layer: &'a Digest, list: Bytes) -> BoxFuture<'a, ()> {
        self.cache().keep_file_list(*layer, list).boxed()
    }

    fn most_list_bytes(&self) -> usize {
        self.cache().most_list_bytes()
    }

    fn push_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        descriptor: &'a Descriptor,
        source: &'a BlobSource,
        transfer: &'a Arc<Transfer>,
    ) -> Answer<'a, ()> {
        Client::push_blob(self, name, descriptor, source, transfer).boxed()
    }

    fn mount_blob<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        from: Option<&'a RepositoryName>,
    ) -> Answer<'a, Mount> {
        Client::mount_blob(self, name, digest, from).boxed()
    }

    fn first_referrers<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        may_have_fallback: bool,
    ) -> Answer<'a, Referrers> {
        Client::first_referrers(self, name, digest, may_have_fallback).boxed()
    }

    fn referrers<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        may_have_fallback: bool,
    ) -> Answer<'a, Referrers> {
        Client::referrers(self, name, digest, may_have_fallback).boxed()
    }

    fn put_tag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        expected: Option<Digest>,
        manifest: &'a Manifest,
    ) -> Answer<'a, PutResult> {
        Client::put_tag(self, name, tag, expected, manifest).boxed()
    }

    fn delete_manifest_once<'a>(&'a self, name: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, ()> {
        Client::delete_manifest_once(self, name, digest).boxed()
    }

    fn head_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        Client::head_manifest(self, name, selector, priority).boxed()
    }

    fn cached_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Option<Arc<Manifest>>> {
        Client::cached_manifest(self, name, digest).boxed()
    }

    fn uncached_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        digest: &'a Digest,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        Client::uncached_manifest(self, name, digest, priority).boxed()
    }

    fn latest_manifest<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        priority: Priority,
    ) -> Answer<'a, Arc<Manifest>> {
        Client::latest_manifest(self, name, tag, priority).boxed()
    }

    fn digest_now<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        known: &'a [Digest],
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        Client::digest_now(self, name, selector, known, priority).boxed()
    }

    fn confirm_digest<'a>(
        &'a self,
        name: &'a RepositoryName,
        selector: &'a Selector,
        reported: Digest,
        known: &'a [Digest],
        priority: Priority,
    ) -> Answer<'a, Option<Digest>> {
        Client::confirm_digest(self, name, selector, reported, known, priority).boxed()
    }

    fn config<'a>(
        &'a self,
        name: &'a RepositoryName,
        descriptor: &'a Descriptor,
        priority: Priority,
    ) -> Answer<'a, Arc<ImageConfig>> {
        Client::config(self, name, descriptor, priority).boxed()
    }

    fn large_content_permit(&self) -> BoxFuture<'_, Option<SemaphorePermit<'_>>> {
        Client::large_content_permit(self).boxed()
    }

    fn referrers_api(&self) -> Ability {
        Client::referrers_api(self)
    }

    fn deletes(&self) -> Deletes {
        Client::deletes(self)
    }

    fn probe_deletes<'a>(&'a self, name: &'a RepositoryName) -> Answer<'a, Deletes> {
        Client::probe_deletes(self, name).boxed()
    }

    fn cleanups<'a>(&'a self, name: &'a RepositoryName) -> BoxFuture<'a, Cleanups> {
        Client::cleanups(self, name).boxed()
    }

    fn docker_note(&self) -> BoxFuture<'_, Option<SafeText>> {
        Client::docker_note(self).boxed()
    }

    fn learn(&self, observation: Observation<'_>) {
        match observation {
            Observation::DeleteWithoutEffect(selector, error) => self.learn_no_effect(selector, error),
            Observation::UntaggedImageRemoved => self.learn_untagged(true),
            Observation::UntaggedImageLeft => self.learn_untagged(false),
            Observation::DependentsRemoved => self.learn_dependents_removed(),
        }
    }

    fn ping(&self) -> Answer<'_, Server> {
        Client::ping(self).boxed()
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self)
    }

    fn visibility(&self) -> Option<&dyn Visibility> {
        Some(self)
    }

    fn own_api(&self) -> Option<&dyn OwnApi> {
        Some(self)
    }
}

impl Connection for Client {
    fn transport(&self) -> Answer<'_, Transport> {
        Client::transport(self).boxed()
    }

    fn identity(&self) -> Identity {
        self.http().auth().identity()
    }

    fn budget(&self) -> Option<RequestBudget> {
        self.http().transport().budget()
    }

    fn ask_budget<'a>(&'a self, name: &'a RepositoryName, selector: &'a Selector) -> BoxFuture<'a, ()> {
        Client::ask_budget(self, name, selector, Priority::Background).boxed()
    }

    fn forget(&self) {
        Client::forget(self);
    }

    fn reread_logins(&self) {
        Client::reread_logins(self);
    }

    fn sent_secret<'a>(&'a self, name: &'a RepositoryName) -> BoxFuture<'a, (Option<Sent>, bool)> {
        Client::sent_secret(self, name).boxed()
    }

    fn prefetch_token<'a>(&'a self, name: &'a RepositoryName, access: WriteAccess) -> BoxFuture<'a, ()> {
        let scope = match access {
            WriteAccess::Put => Scope::Push(name.clone()),
            WriteAccess::Delete => Scope::Delete(name.clone()),
        };
        async move { self.fetch_token(&scope).await }.boxed()
    }

    fn wait_to_retry<'a>(&'a self, error: &'a Error, tries: u32) -> BoxFuture<'a, bool> {
        Client::wait_to_retry(self, error, tries).boxed()
    }

    fn reserve(&self) -> Reserve {
        self.http().reserve()
    }

    fn describe_wait(&self) -> Option<SafeText> {
        Client::describe_wait(self)
    }

    fn command_options(&self) -> String {
        Client::command_options(self)
    }
}

impl Visibility for Client {
    fn timeout(&self) -> Duration {
        let timeout = self.http().timeouts().visibility;
        match self.abilities().visibility() {
            // An earlier change did not show in the full time.
            Shows::Never => timeout / 8,
            Shows::Immediate | Shows::Delayed => timeout,
        }
    }

    fn is_delayed(&self) -> bool {
        self.abilities().visibility() != Shows::Immediate
    }

    fn learn(&self, took: Option<Duration>) {
        match took {
            Some(took) if took > self.http().timeouts().visibility / 16 => {
                self.abilities().learn_visibility(Shows::Delayed);
            }
            Some(_) => {}
            None => self.abilities().learn_visibility(Shows::Never),
        }
    }

    fn report_wait(&self) -> Box<dyn WaitReport + '_> {
        Box::new(self.http().report_visibility_wait())
    }
}

impl WaitReport for BackoffGuard<'_> {}

impl BlobStream for BlobReader {
    fn next_piece(&mut self) -> Answer<'_, Option<Bytes>> {
        self.next().boxed()
    }

    fn reopen_at(self: Box<Self>, from: u64) -> Box<dyn BlobStream> {
        Box::new(BlobReader::reopen_at(*self, from))
    }

    fn rest(&mut self) {
        BlobReader::rest(self);
    }
}

impl Upload for OpenUpload {
    fn push<'a>(
        self: Box<Self>,
        descriptor: &'a Descriptor,
        source: &'a BlobSource,
        transfer: &'a Arc<Transfer>,
    ) -> Answer<'a, ()> {
        OpenUpload::push(*self, descriptor, source, transfer).boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, bool> {
        OpenUpload::close(*self).boxed()
    }
}
