//! Random repositories of real registries and random deletes: everything that the plan did not show stays as it was. A
//! few of the repositories that `tests/ops/any_repository.rs` has by the thousand, always the same ones.

use std::collections::{BTreeMap, HashSet};

use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use regtui::demo::Store;
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::digest::Digest;
use regtui::model::manifest::Manifest;
use regtui::model::reference::Repository;
use regtui::ops::change;
use regtui::ops::context::ChangeContext;

use crate::support::context::{context, watch};
use crate::support::graph::{Case, Holdings, build, case, children, disturb, holdings, judge, request};
use crate::support::registry::{name, settings};
use crate::support::servers::{self, Server};
use crate::support::uploader::Uploader;

/// The number of cases for each server.
const CASES: usize = 12;
const AT_ONCE: usize = 8;

/// A repository of a real registry, made as one in memory and pushed from there.
struct Mirror<'a> {
    store: Store,
    uploader: &'a Uploader,
    name: String,
    /// The content of the repository.
    pushed: HashSet<Digest>,
    tags: BTreeMap<String, Digest>,
}

impl Mirror<'_> {
    /// Pushes everything that is new in memory: the children of an index before the index, and tags last.
    async fn push(&mut self) {
        let repository = self.store.repository(&self.name).expect("it is there");
        for (digest, blob) in &repository.blobs {
            if self.pushed.insert(*digest) {
                let bytes: Vec<u8> = blob.iter(0..blob.size()).flatten().collect();
                self.uploader.blob(&self.name, &bytes).await;
            }
        }
        for digest in repository.manifests.keys() {
            self.push_manifest(*digest).await;
        }
        for (tag, digest) in &repository.tags {
            if self.tags.insert(tag.clone(), *digest) != Some(*digest) {
                self.put(tag, *digest).await;
            }
        }
    }

    async fn push_manifest(&mut self, digest: Digest) {
        if self.pushed.insert(digest) {
            for child in children(&self.manifest(digest)) {
                self.push_manifest(child).boxed_local().await;
            }
            self.put(&digest.to_string(), digest).await;
        }
    }

    fn manifest(&self, digest: Digest) -> Manifest {
        let repository = self.store.repository(&self.name).expect("it is there");
        let stored = &repository.manifests[&digest];
        Manifest::parse(stored.bytes.clone(), Some(&stored.media_type)).expect("a manifest")
    }

    async fn put(&self, reference: &str, digest: Digest) {
        let manifest = self.manifest(digest);
        self.uploader.put(&self.name, reference, manifest.media_type.as_str(), manifest.raw).await;
    }

    /// The part of it that the real registry has.
    async fn there(&self) -> Holdings {
        let mut holdings = Holdings::new();
        for tag in self.tags.keys() {
            let Some(bytes) = self.uploader.read(&self.name, tag).await else { continue };
            let top = Manifest::parse(bytes, None).expect("a manifest");
            let (mut found, mut next) = (HashSet::from([top.digest]), children(&top));
            while let Some(digest) = next.pop() {
                if let Some(bytes) = self.uploader.read(&self.name, &digest.to_string()).await
                    && found.insert(digest)
                {
                    next.extend(children(&Manifest::parse(bytes, None).expect("a manifest")));
                }
            }
            holdings.insert(tag.clone(), (top.digest, found));
        }
        holdings
    }
}

async fn check(server: &Server, context: &ChangeContext, at: &str, case: &Case) -> Result<(), TestCaseError> {
    let uploader = Uploader::of(server);
    let (store, pushed, tags) = (Store::new(), HashSet::new(), BTreeMap::new());
    let mut mirror = Mirror { store, uploader: &uploader, name: at.to_string(), pushed, tags };
    let all = build(&mirror.store, at, &case.graph);
    mirror.push().await;
    let repository = Repository { host: server.host.clone(), name: name(at) };
    let request = request(repository, &mirror.tags, case);
    let Ok(ChangePlan::Delete(plan)) = change::plan(context, &ChangeRequest::Delete(request)).await else {
        panic!("there is no plan");
    };
    disturb(&mirror.store, at, &all, case);
    mirror.push().await;
    let before = mirror.there().await;
    prop_assert_eq!(&before, &holdings(&mirror.store, at));
    let report = change::run(context, &ChangePlan::Delete(plan.clone()), &watch()).await;
    judge(case, &plan, &report, &before, &mirror.there().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn on_real_registries_images_that_a_plan_does_not_show_stay_with_everything_below_them() {
    for server in servers::all().into_iter().chain(servers::undeletable()).chain(servers::keeps_tags()) {
        let mut runner = TestRunner::deterministic();
        let cases: Vec<Case> =
            (0..CASES).map(|_| case().new_tree(&mut runner).expect("a case").current()).collect();
        let (context, _folder) = context(settings());
        let checks = cases.iter().enumerate().map(|(number, case)| {
            let (server, context) = (&server, &context);
            async move {
                let outcome = check(server, context, &format!("any/r{number}"), case).await;
                outcome.unwrap_or_else(|failure| panic!("{}: {failure}\n{case:#?}", server.name));
            }
            .boxed_local()
        });
        stream::iter(checks).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }
}
