//! Changes. Planning one only asks, and it is carried out exactly as planned.

pub(super) mod loss;
pub mod probe;
mod remains;
pub(super) mod replacement;
pub(super) mod tag;
pub(super) mod telling;
pub(super) mod tracker;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use super::{copy, delete, retag, undo};
use crate::client::{Client, Pool};
use crate::model::change::delete::DeleteMethod;
use crate::model::change::progress::{Back, Progress, Report};
use crate::model::change::rules::Rules;
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::failure::Failure;
use crate::model::reference::Host;
use crate::model::server::Ability;
use telling::while_telling;

/// The registries, the rules and the journal that a change needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChangeContext {
    /// The registries.
    pub pool: Pool,
    /// The rules of the configuration.
    pub rules: Rules,
    /// The journal that keeps everything that is replaced.
    pub journal: Journal,
}

/// The controls of a running change: its progress, and a token that stops it.
#[derive(Debug, Clone)]
pub struct JobControl {
    /// The channel that receives the progress.
    pub progress: watch::Sender<Progress>,
    /// Stops the change when it is cancelled, as soon as nothing is half done.
    pub stop: CancellationToken,
}

/// Plans the requested change. Changes nothing.
pub async fn plan(context: &ChangeContext, request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    match request {
        ChangeRequest::Retag(request) => retag::plan(context, request).await.map(ChangePlan::Retag),
        ChangeRequest::Delete(request) => delete::plan(context, request).await.map(ChangePlan::Delete),
        ChangeRequest::Copy(request) => copy::plan(context, request).await.map(ChangePlan::Copy),
        ChangeRequest::Undo(id) => undo::plan(context, id, DeleteMethod::Untag).await.map(ChangePlan::Undo),
        ChangeRequest::UndoByReplacement(id) => {
            undo::plan(context, id, DeleteMethod::Replace).await.map(ChangePlan::Undo)
        }
    }
}

/// Carries out a plan. Never fails as a whole: every item has an outcome.
pub async fn run(context: &ChangeContext, work: &ChangePlan, watch: &JobControl) -> Report {
    let carried_out = match work {
        ChangePlan::Retag(plan) => retag::run(context, plan, watch).boxed(),
        ChangePlan::Delete(plan) => delete::run(context, plan, watch).boxed(),
        ChangePlan::Copy(plan) => copy::run(context, plan, watch).boxed(),
        ChangePlan::Undo(plan) => undo::run(context, plan, watch).boxed(),
    };
    let clients = clients(context, work);
    let ended = async {
        let mut report = carried_out.await;
        remains::look(context, work, &mut report).boxed().await;
        report
    };
    let report = while_telling(ended, || tell_waits(&clients, watch)).await;
    let back = if report.undo.is_some() { back(context, work) } else { Back::Unknown };
    Report { back, ..report }
}

/// Returns how far a change can be undone, as far as that is known without more requests. New tags can be removed if
/// the server deletes tags.
fn back(context: &ChangeContext, work: &ChangePlan) -> Back {
    let (new, puts_back) = work.taken_back_by();
    let deletes: Vec<_> = new.iter().map(|host| context.pool.client(host).deletes()).collect();
    let is_no = |ability: &Ability| matches!(ability, Ability::No(_));
    if deletes.iter().any(|deletes| is_no(&deletes.by_tag) && is_no(&deletes.by_digest)) {
        return if puts_back { Back::Partly } else { Back::Nothing };
    }
    if deletes.iter().any(|deletes| is_no(&deletes.by_tag)) {
        return Back::ByReplacement;
    }
    match deletes.iter().all(|deletes| deletes.by_tag == Ability::Yes) {
        true => Back::Whole,
        false => Back::Unknown,
    }
}

/// Returns the clients of the registries that take part in a change.
fn clients(context: &ChangeContext, work: &ChangePlan) -> Vec<Client> {
    let mut hosts: Vec<Host> = work.changes().into_iter().map(|repository| repository.host).collect();
    if let ChangePlan::Copy(plan) = work {
        hosts.push(plan.from.host.clone());
    }
    hosts.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    hosts.dedup();
    hosts.iter().map(|host| context.pool.client(host)).collect()
}

/// Reports the registry that is waited for, if there is one.
fn tell_waits(clients: &[Client], watch: &JobControl) {
    let waits = clients.iter().find_map(Client::waits).unwrap_or_default();
    watch.progress.send_if_modified(|progress| {
        let is_news = progress.waits != waits;
        progress.waits = waits;
        is_news
    });
}
