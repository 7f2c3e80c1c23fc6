//! Changes. Planning one only asks, and it is carried out exactly as planned.

use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;

use super::context::{ChangeContext, JobControl};
use super::steps::report_while::report_while;
use super::steps::undo_check;
use super::{copy, delete, retag, undo};
use crate::client::Registry;
use crate::client::registry::connection::Connection;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::progress::{Back, Report};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::failure::Failure;
use crate::model::reference::Host;
use crate::model::request_budget::{RequestCount, RequestNeed};
use crate::model::server::Ability;

/// Plans the requested change. Changes nothing.
pub async fn plan(context: &ChangeContext, request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let mut plan = plan_of_kind(context, request).await?;
    plan.common_mut().needs = needs(context, &plan);
    Ok(plan)
}

/// Returns the counted requests that carrying out the plan needs, where that is worth being stated.
fn needs(context: &ChangeContext, plan: &ChangePlan) -> Vec<RequestNeed> {
    let now = Timestamp::now();
    let need = |(host, count): (Host, RequestCount)| {
        let budget = context.pool.registry(&host).connection()?.budget()?;
        RequestNeed::worth_stating(&host, count, budget, now)
    };
    plan.requests().into_iter().filter_map(need).collect()
}

async fn plan_of_kind(context: &ChangeContext, request: &ChangeRequest) -> Result<ChangePlan, Failure> {
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
pub async fn run(context: &ChangeContext, plan: &ChangePlan, control: &JobControl) -> Report {
    let carried_out = match plan {
        ChangePlan::Retag(plan) => retag::run(context, plan, control).boxed(),
        ChangePlan::Delete(plan) => delete::run(context, plan, control).boxed(),
        ChangePlan::Copy(plan) => copy::run(context, plan, control).boxed(),
        ChangePlan::Undo(plan) => undo::run(context, plan, control).boxed(),
    };
    let registries = registries(context, plan);
    let ended = async {
        let mut report = carried_out.await;
        undo_check::check_undo(context, plan, &mut report).boxed().await;
        report
    };
    let report = report_while(ended, || report_waits(&registries, control)).await;
    let back = if report.undo.is_some() { undo_extent(context, plan) } else { Back::Unknown };
    Report { back, ..report }
}

/// Returns how far a change can be undone, as far as that is known without more requests. New tags can be removed if
/// the server deletes tags.
fn undo_extent(context: &ChangeContext, plan: &ChangePlan) -> Back {
    let (new, puts_back) = plan.undo_needs();
    let deletes: Vec<_> = new.iter().map(|host| context.pool.registry(host).deletes()).collect();
    let is_no = |ability: &Ability| matches!(ability, Ability::No(_));
    if deletes.iter().any(|deletes| is_no(&deletes.by_tag) && is_no(&deletes.by_digest)) {
        return if puts_back { Back::Partly } else { Back::Nothing };
    }
    if deletes.iter().any(|deletes| is_no(&deletes.by_tag)) {
        return Back::ByReplacement;
    }
    if deletes.iter().all(|deletes| deletes.by_tag == Ability::Yes) { Back::Whole } else { Back::Unknown }
}

/// Returns the registries that take part in a change.
fn registries(context: &ChangeContext, plan: &ChangePlan) -> Vec<Arc<dyn Registry>> {
    let mut hosts: Vec<Host> =
        plan.changed_repositories().into_iter().map(|repository| repository.host).collect();
    if let ChangePlan::Copy(plan) = plan {
        hosts.push(plan.from.host.clone());
    }
    hosts.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    hosts.dedup();
    hosts.iter().map(|host| context.pool.registry(host)).collect()
}

/// Reports the registry that is waited for, if there is one.
fn report_waits(registries: &[Arc<dyn Registry>], control: &JobControl) {
    let mut connections = registries.iter().filter_map(|registry| registry.connection());
    let waits = connections.find_map(Connection::describe_wait).unwrap_or_default();
    control.set_waiting(waits);
}
