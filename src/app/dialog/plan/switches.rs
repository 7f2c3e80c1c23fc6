//! What keys switch in a plan: by which way tags go, what goes along, and what
//! is kept. They count at any time, since that changes
//! nothing: the last one wins, and the plan is looked up again when the hand has come to rest.

use std::time::Duration;

use super::Plan;
use crate::app::cmd::Slot;
use crate::app::turn::Turn;
use crate::model::work::delete::Manner;
use crate::model::work::loss::Loss;
use crate::model::work::{Wish, Work};

/// For how long nothing must be switched before the plan is looked up again.
const AT_REST: Duration = Duration::from_millis(150);

impl Turn<'_> {
    /// The next way to take tags away.
    pub(super) fn turn_way(&mut self, plan: &mut Plan) {
        let Some(shown) = plan.work.value.as_deref() else { return };
        let wished = plan.wish.as_ref().and_then(Wish::way);
        let (ways, chosen) = (shown.ways(), wished.or_else(|| shown.way()));
        let at = ways.iter().position(|way| Some(*way) == chosen).unwrap_or(0);
        if let Some(next) = ways.get((at + 1) % ways.len().max(1)) {
            self.take_way(plan, *next);
        }
    }

    /// Plans the same by another way.
    pub(in crate::app::dialog) fn take_way(&mut self, plan: &mut Plan, manner: Manner) {
        plan.method_chosen = true;
        if let Some(wish) = plan.wish.as_mut() {
            wish.take_way(manner);
            self.plan_again(plan, AT_REST);
        }
    }

    /// Takes along what belongs to the images, or leaves it.
    pub(super) fn turn_along(&mut self, plan: &mut Plan, key: char) {
        match (plan.wish.as_mut(), key) {
            (Some(Wish::Delete(wish)), 'C') => wish.along.children = !wish.along.children,
            (Some(Wish::Delete(wish)), 'R') => wish.along.referrers = !wish.along.referrers,
            (Some(Wish::Copy(wish)), 'R') => wish.referrers = !wish.referrers,
            _ => return,
        }
        self.plan_again(plan, AT_REST);
    }

    /// Keeps images that lose their last tag under a tag of their own, or does not.
    pub(super) fn turn_keep(&mut self, plan: &mut Plan) {
        let is_offered = plan.work.value.as_deref().and_then(Work::loss).is_some_and(Loss::is_offered);
        if let Some(wish) = plan.wish.as_mut().filter(|_| is_offered) {
            wish.set_keep(!wish.keeps());
            self.plan_again(plan, AT_REST);
        }
    }

    /// Plans the same again; what is being looked up is given up.
    pub(super) fn plan_again(&mut self, plan: &mut Plan, after: Duration) {
        let Some(wish) = plan.wish.clone() else { return };
        plan.keep_height(self.state);
        let ticket = self.ask(Slot::Plan, after, plan.ask_for(wish));
        plan.work.failure = None;
        plan.work.ask(ticket);
        plan.appears(self.now);
        plan.confirms = false;
    }
}
