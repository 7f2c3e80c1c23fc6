//! What keys switch in a plan: by which way tags go, what goes along, and what
//! is kept. They count at any time, since that changes
//! nothing: the last one wins, and the plan is looked up again when the hand has come to rest.

use std::time::Duration;

use super::PlanDialog;
use crate::app::cmd::Slot;
use crate::app::turn::Update;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::loss::Loss;
use crate::model::change::{ChangePlan, ChangeRequest};

/// For how long nothing must be switched before the plan is looked up again.
const AT_REST: Duration = Duration::from_millis(150);

impl Update<'_> {
    /// The next way to take tags away.
    pub(super) fn turn_method(&mut self, plan: &mut PlanDialog) {
        let Some(shown) = plan.work.value.as_deref() else { return };
        let requested = plan.request.as_ref().and_then(ChangeRequest::method);
        let (ways, chosen) = (shown.methods(), requested.or_else(|| shown.way()));
        let at = ways.iter().position(|way| Some(*way) == chosen).unwrap_or(0);
        if let Some(next) = ways.get((at + 1) % ways.len().max(1)) {
            self.use_method(plan, *next);
        }
    }

    /// Plans the same by another way.
    pub(in crate::app::dialog) fn use_method(&mut self, plan: &mut PlanDialog, method: DeleteMethod) {
        plan.method_chosen = true;
        if let Some(request) = plan.request.as_mut() {
            request.use_method(method);
            self.plan_again(plan, AT_REST);
        }
    }

    /// Takes along what belongs to the images, or leaves it.
    pub(super) fn turn_along(&mut self, plan: &mut PlanDialog, key: char) {
        match (plan.request.as_mut(), key) {
            (Some(ChangeRequest::Delete(request)), 'C') => request.along.children = !request.along.children,
            (Some(ChangeRequest::Delete(request)), 'R') => request.along.referrers = !request.along.referrers,
            (Some(ChangeRequest::Copy(request)), 'R') => request.referrers = !request.referrers,
            _ => return,
        }
        self.plan_again(plan, AT_REST);
    }

    /// Keeps images that lose their last tag under a tag of their own, or does not.
    pub(super) fn turn_keep(&mut self, plan: &mut PlanDialog) {
        let is_offered = plan.work.value.as_deref().and_then(ChangePlan::loss).is_some_and(Loss::is_offered);
        if let Some(request) = plan.request.as_mut().filter(|_| is_offered) {
            request.set_keep(!request.keeps());
            self.plan_again(plan, AT_REST);
        }
    }

    /// Plans the same again; what is being looked up is given up.
    pub(super) fn plan_again(&mut self, plan: &mut PlanDialog, after: Duration) {
        let Some(request) = plan.request.clone() else { return };
        plan.keep_height(self.state);
        let ticket = self.ask(Slot::Plan, after, plan.ask_for(request));
        plan.work.failure = None;
        plan.work.ask(ticket);
        plan.appears(self.now);
        plan.confirms = false;
    }
}
