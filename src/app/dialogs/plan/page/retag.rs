//! The lines of a plan to retag: each tag, its present digest and the new one.

use super::rows::{Becomes, Renamed};
use super::{PlanPage, Tone, change};
use crate::model::change::retag::{RetagPlan, RetagStep};
use crate::model::reference::Repository;

impl PlanPage {
    pub(crate) fn retag(&mut self, plan: &RetagPlan) {
        self.field("repository", Tone::Plain, &plan.from.to_string());
        if let (false, Some(method)) = (plan.common.methods.is_empty(), plan.mode.method()) {
            self.methods(&plan.common.methods, method, false);
        }
        if let Some(blocked) = &plan.common.blocked {
            self.blank();
            self.field("blocked", Tone::Bad, blocked.why.as_str());
            self.hint(blocked.hint.as_ref());
        }
        if plan.common.loss.is_offered() {
            self.loss(&plan.common.loss);
        }
        self.blank();
        let row = |step: &RetagStep| Renamed {
            old: step.selector.to_string(),
            new: target(&plan.from, step),
            becomes: Becomes::of(&step.info, change(step.replaces.as_ref(), &step.digest)),
        };
        self.renamed(plan.steps.iter().map(row).collect());
        if !plan.common.unresolved.is_empty() {
            self.blank();
            self.add_unresolved(&plan.common.unresolved);
        }
        if plan.mode.moves() {
            let stays = |step: &RetagStep, old: &str| step.to == plan.from && step.tag.as_str() == old;
            let pairs = plan.steps.iter().map(|step| (step, step.selector.to_string()));
            let gone: Vec<String> =
                pairs.filter(|(step, old)| !stays(step, old)).map(|(_, old)| old).collect();
            self.blank();
            self.field("then goes", Tone::Warn, &super::joined(&gone));
        }
    }
}

/// Returns the new tag, with its repository if that is another one.
fn target(from: &Repository, step: &RetagStep) -> String {
    match step.to == *from {
        true => step.tag.to_string(),
        false => format!("{}:{}", step.to.name, step.tag),
    }
}
