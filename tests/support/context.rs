//! A context in front of a demo registry: plans, runs, and the store afterwards.

use std::collections::BTreeMap;

use regtui::client::{ClientSettings, Pool};
use regtui::demo::{self, Store};
use regtui::model::change::delete::{Along, DeleteMethod};
use regtui::model::change::progress::{Progress, Report};
use regtui::model::change::rules::Rules;
use regtui::model::change::{ChangePlan, ChangeRequest, delete};
use regtui::model::digest::Digest;
use regtui::model::reference::Repository;
use regtui::ops::change;
use regtui::ops::context::{ChangeContext, JobControl};
use regtui::ops::journal::Journal;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::registry::{Registry, host, name, settings};

pub struct Shop {
    pub registry: Registry,
    pub context: ChangeContext,
    pub folder: TempDir,
}

pub fn watch() -> JobControl {
    JobControl { progress: watch::Sender::new(Progress::default()), stop: CancellationToken::new() }
}

/// A context in front of any registries, and the folder of its journal.
pub fn context(settings: ClientSettings) -> (ChangeContext, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(folder.path().join("journal"));
    (ChangeContext { pool: Pool::new(settings), rules: Rules::default(), journal }, folder)
}

impl Shop {
    pub async fn new(demo: demo::DemoSettings, store: Store) -> Shop {
        let registry = Registry::new(demo, store, settings()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path().join("journal"));
        let context = ChangeContext { pool: registry.pool.clone(), rules: Rules::default(), journal };
        Shop { registry, context, folder }
    }

    pub async fn open(store: Store) -> Shop {
        Shop::new(demo::DemoSettings::default(), store).await
    }

    pub fn store(&self) -> &Store {
        self.registry.demo.store()
    }

    pub fn repository(&self, of: &str) -> Repository {
        Repository { host: host(&self.registry.demo), name: name(of) }
    }

    /// The request to delete from `app`. Selectors with a colon are digests.
    pub fn delete(&self, selectors: &[&str], method: impl Into<Option<DeleteMethod>>) -> ChangeRequest {
        ChangeRequest::Delete(delete::DeleteRequest {
            repository: self.repository("app"),
            selectors: selectors.iter().map(|text| text.parse().expect("a selector")).collect(),
            all_tags: false,
            method: method.into(),
            along: Along::default(),
            keep: false,
        })
    }

    pub async fn plan(&self, request: &ChangeRequest) -> ChangePlan {
        change::plan(&self.context, request).await.expect("a plan")
    }

    pub async fn delete_plan(&self, request: &ChangeRequest) -> delete::DeletePlan {
        match self.plan(request).await {
            ChangePlan::Delete(plan) => plan,
            other => panic!("{other:?}"),
        }
    }

    pub async fn run(&self, work: &ChangePlan) -> Report {
        change::run(&self.context, work, &watch()).await
    }

    /// Plans and runs at once.
    pub async fn carry_out(&self, request: &ChangeRequest) -> Report {
        let work = self.plan(request).await;
        self.run(&work).await
    }

    /// Undoes the change of a report.
    pub async fn undo(&self, report: &Report) -> Report {
        let id = report.undo.clone().expect("something to undo");
        self.carry_out(&ChangeRequest::Undo(id)).await
    }

    /// The digest that each tag of a repository points to.
    pub fn tags(&self, repository: &str) -> BTreeMap<String, Digest> {
        self.store().repository(repository).map(|found| found.tags.clone()).unwrap_or_default()
    }

    /// The requests that change something, without probes.
    pub fn changes(&self) -> Vec<String> {
        let is_change = |line: &String| !line.starts_with("GET ") && !line.starts_with("HEAD ");
        self.registry.requests().into_iter().filter(is_change).collect()
    }
}
