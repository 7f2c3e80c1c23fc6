//! The switches of a plan: the method, the manifests that go along, and whether images are kept. They change the plan at any time,
//! since they change nothing on the server. The last one wins, and the plan is looked up again after a pause.

use std::time::Duration;

use super::PlanDialog;
use crate::app::questions::Slot;
use crate::app::update::Update;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::loss::Loss;
use crate::model::change::{ChangePlan, ChangeRequest};

/// The time without a switch before the plan is looked up again.
const AT_REST: Duration = Duration::from_millis(150);

impl PlanDialog {
    /// Chooses the next method.
    pub(super) fn cycle_method(&mut self, update: &mut Update<'_>) {
        let Some(shown) = self.change_plan.value.as_deref() else { return };
        let requested = self.request.as_ref().and_then(ChangeRequest::method);
        let (methods, current) = (&shown.common().methods, requested.or_else(|| shown.method()));
        let at = methods.iter().position(|method| Some(*method) == current).unwrap_or(0);
        if let Some(next) = methods.get((at + 1) % methods.len().max(1)) {
            self.use_method(update, *next);
        }
    }

    /// Plans the same request with another method.
    pub(super) fn use_method(&mut self, update: &mut Update<'_>, method: DeleteMethod) {
        self.has_chosen_method = true;
        if let Some(request) = self.request.as_mut() {
            request.use_method(method);
            self.plan_again(update, AT_REST);
        }
    }

    /// Includes the images that only the deleted index lists, or leaves them out.
    pub(super) fn toggle_children(&mut self, update: &mut Update<'_>) {
        let Some(ChangeRequest::Delete(request)) = self.request.as_mut() else { return };
        request.along.children = !request.along.children;
        self.plan_again(update, AT_REST);
    }

    /// Includes the referrers of the images, or leaves them out.
    pub(super) fn toggle_referrers(&mut self, update: &mut Update<'_>) {
        match self.request.as_mut() {
            Some(ChangeRequest::Delete(request)) => request.along.referrers = !request.along.referrers,
            Some(ChangeRequest::Copy(request)) => request.referrers = !request.referrers,
            _ => return,
        }
        self.plan_again(update, AT_REST);
    }

    /// Toggles whether images that lose their last tag are kept under a tag of their own.
    pub(super) fn toggle_keep(&mut self, update: &mut Update<'_>) {
        let is_offered =
            self.change_plan.value.as_deref().map(|plan| &plan.common().loss).is_some_and(Loss::is_offered);
        if let Some(request) = self.request.as_mut().filter(|_| is_offered) {
            request.set_keep(!request.keeps_images());
            self.plan_again(update, AT_REST);
        }
    }

    /// Toggles whether Docker's manifests are converted to OCI, if the images have any.
    pub(super) fn toggle_format(&mut self, update: &mut Update<'_>) {
        let is_offered = matches!(self.change_plan.value.as_deref(), Some(ChangePlan::Copy(plan)) if plan.can_be_converted);
        if let Some(ChangeRequest::Copy(request)) = self.request.as_mut().filter(|_| is_offered) {
            request.format = request.format.other();
            self.plan_again(update, AT_REST);
        }
    }

    /// Plans the same request again. A plan still being looked up is given up.
    pub(super) fn plan_again(&mut self, update: &mut Update<'_>, after: Duration) {
        let Some(request) = self.request.clone() else { return };
        self.keep_height(update.state);
        let ask = self.ask_for(request);
        let ticket = update.ask(Slot::Plan, after, ask);
        self.change_plan.failure = None;
        self.change_plan.ask(ticket);
        self.reset_input(update.now);
        self.is_confirm_focused = false;
    }
}
