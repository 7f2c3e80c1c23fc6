//! What retagging will do: each tag, what it is now and what it becomes.

use super::rows::Renamed;
use super::{Page, Tone, change};
use crate::model::reference::Repository;
use crate::model::work::retag::{Manner, Plan, Step};

impl Page {
    pub(super) fn retag(&mut self, plan: &Plan) {
        self.field("repository", Tone::Plain, &plan.from.to_string());
        self.blank();
        let row = |step: &Step| Renamed {
            old: step.selector.to_string(),
            new: target(&plan.from, step),
            becomes: change(step.replaces.as_ref(), &step.digest),
        };
        self.renamed(plan.steps.iter().map(row).collect());
        if plan.manner == Manner::Move {
            let stays = |step: &Step, old: &str| step.to == plan.from && step.tag.as_str() == old;
            let pairs = plan.steps.iter().map(|step| (step, step.selector.to_string()));
            let gone: Vec<String> =
                pairs.filter(|(step, old)| !stays(step, old)).map(|(_, old)| old).collect();
            self.blank();
            self.field("then goes", Tone::Warn, &super::joined(&gone));
        }
    }
}

/// The new tag, with its repository where that is another one.
fn target(from: &Repository, step: &Step) -> String {
    match step.to == *from {
        true => step.tag.to_string(),
        false => format!("{}:{}", step.to.name, step.tag),
    }
}
