//! The rows of a plan to retag: each tag, its present digest and the new one.

use super::{Fact, ImageRow, PlanRow, Rows, Tone, describe_change};
use crate::model::change::retag::{RetagPlan, RetagStep};
use crate::model::reference::Repository;

impl Rows {
    pub(super) fn retag(&mut self, plan: &RetagPlan) {
        self.fact("repository", Tone::Plain, plan.from.to_string());
        if let (false, Some(method)) = (plan.common.methods.is_empty(), plan.mode.method()) {
            self.methods(&plan.common.methods, method, false);
        }
        if let Some(blocked) = &plan.common.blocked {
            self.blank();
            self.fact("blocked", Tone::Bad, blocked.why.as_str());
            self.hint(blocked.hint.as_ref());
        }
        if plan.common.loss.is_offered() {
            self.loss(&plan.common.loss);
        }
        self.blank();
        let row = |step: &RetagStep| ImageRow {
            name: (Tone::Plain, step.selector.to_string()),
            new_name: Some(target(&plan.from, step)),
            info: Some(step.info),
            result: describe_change(step.replaces.as_ref(), &step.digest),
            facts: Vec::new(),
        };
        self.rows.push(PlanRow::Images(plan.steps.iter().map(row).collect()));
        if !plan.common.unresolved.is_empty() {
            self.blank();
            self.unresolved(&plan.common.unresolved);
        }
        if plan.mode.moves() {
            let stays = |step: &RetagStep, old: &str| step.to == plan.from && step.tag.as_str() == old;
            let pairs = plan.steps.iter().map(|step| (step, step.selector.to_string()));
            let gone: Vec<String> =
                pairs.filter(|(step, old)| !stays(step, old)).map(|(_, old)| old).collect();
            self.blank();
            self.rows.push(PlanRow::Fact(Fact::list("then goes", Tone::Warn, &gone)));
        }
    }
}

/// Returns the new tag, with its repository if that is another one.
fn target(from: &Repository, step: &RetagStep) -> String {
    if step.to == *from { step.tag.to_string() } else { format!("{}:{}", step.to.name, step.tag) }
}
