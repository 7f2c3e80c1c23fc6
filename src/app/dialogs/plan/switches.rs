//! The switches of a plan: the method, the manifests that go along, and whether images are kept. They work at any time,
//! since they change nothing on the server. The last one wins, and the plan is looked up again after a pause.

use std::time::Duration;

use super::PlanDialog;
use crate::app::cmd::Slot;
use crate::app::update::Update;
use crate::model::change::ChangeRequest;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::loss::Loss;

/// The time without a switch before the plan is looked up again.
const AT_REST: Duration = Duration::from_millis(150);

impl Update<'_> {
    /// Chooses the next method.
    pub(crate) fn cycle_method(&mut self, plan: &mut PlanDialog) {
        let Some(shown) = plan.change_plan.value.as_deref() else { return };
        let requested = plan.request.as_ref().and_then(ChangeRequest::method);
        let (methods, current) = (&shown.common().methods, requested.or_else(|| shown.method()));
        let at = methods.iter().position(|method| Some(*method) == current).unwrap_or(0);
        if let Some(next) = methods.get((at + 1) % methods.len().max(1)) {
            self.use_method(plan, *next);
        }
    }

    /// Plans the same request with another method.
    pub(in crate::app::dialogs) fn use_method(&mut self, plan: &mut PlanDialog, method: DeleteMethod) {
        plan.has_chosen_method = true;
        if let Some(request) = plan.request.as_mut() {
            request.use_method(method);
            self.plan_again(plan, AT_REST);
        }
    }

    /// Includes the manifests that belong to the images, or leaves them out.
    pub(crate) fn toggle_included(&mut self, plan: &mut PlanDialog, key: char) {
        match (plan.request.as_mut(), key) {
            (Some(ChangeRequest::Delete(request)), 'C') => request.along.children = !request.along.children,
            (Some(ChangeRequest::Delete(request)), 'R') => request.along.referrers = !request.along.referrers,
            (Some(ChangeRequest::Copy(request)), 'R') => request.referrers = !request.referrers,
            _ => return,
        }
        self.plan_again(plan, AT_REST);
    }

    /// Toggles whether images that lose their last tag are kept under a tag of their own.
    pub(crate) fn toggle_keep(&mut self, plan: &mut PlanDialog) {
        let is_offered =
            plan.change_plan.value.as_deref().map(|plan| &plan.common().loss).is_some_and(Loss::is_offered);
        if let Some(request) = plan.request.as_mut().filter(|_| is_offered) {
            request.set_keep(!request.keeps_images());
            self.plan_again(plan, AT_REST);
        }
    }

    /// Plans the same request again. A plan still being looked up is given up.
    pub(crate) fn plan_again(&mut self, plan: &mut PlanDialog, after: Duration) {
        let Some(request) = plan.request.clone() else { return };
        plan.keep_height(self.state);
        let ticket = self.ask(Slot::Plan, after, plan.ask_for(request));
        plan.change_plan.failure = None;
        plan.change_plan.ask(ticket);
        plan.reset_input(self.now);
        plan.is_confirm_focused = false;
    }
}
