//! The lines of a plan to undo a change: each tag or manifest, its present state and the state to which it returns.

use super::rows::{Becomes, Pair};
use super::{PlanPage, Tone};
use crate::model::change::undo::{UndoPlan, UndoStep};
use crate::model::reference::Selector;
use crate::model::time;

impl PlanPage {
    pub(crate) fn undo(&mut self, plan: &UndoPlan) {
        self.field("undoes", Tone::Plain, plan.of.as_str());
        let mut hosts: Vec<String> = plan.steps.iter().map(|step| step.repository.host.to_string()).collect();
        hosts.sort();
        hosts.dedup();
        self.field("registry", Tone::Strong, &hosts.join(", "));
        self.field("when", Tone::Plain, &time::absolute(plan.at));
        for note in &plan.common.notes {
            self.field("warning", Tone::Warn, note.as_str());
        }
        if !plan.common.methods.is_empty() {
            self.methods(&plan.common.methods, plan.method, false);
        }
        self.blank();
        let is_one = hosts.len() == 1;
        let pair = |step: &UndoStep| Pair {
            name: (Tone::Strong, name(step, is_one)),
            becomes: match step.before.or(step.now) {
                Some(_) => Becomes::of(&step.info, effect(step)),
                None => effect(step).into(),
            },
        };
        let pairs: Vec<Pair> = plan.steps.iter().map(pair).collect();
        let columns = self.columns_of(&pairs);
        for (step, pair) in plan.steps.iter().zip(pairs) {
            self.pair(pair, columns);
            if let Some(why) = &step.impossible {
                self.indented(2, "blocked", Tone::Bad, why.as_str());
            }
        }
        for missed in &plan.common.unresolved {
            self.field("cannot", Tone::Bad, &format!("{}: {}", missed.failure.what, missed.failure.why));
        }
        self.hint(plan.hint.as_ref());
        if let Some(leaves) = &plan.leaves {
            self.blank();
            self.field("leaves", Tone::Plain, leaves.as_str());
        }
    }
}

/// Returns the name of a step, without its registry if there is only one.
fn name(step: &UndoStep, is_one: bool) -> String {
    let repository = match is_one {
        true => step.repository.name.to_string(),
        false => step.repository.to_string(),
    };
    match &step.selector {
        Selector::Tag(tag) => format!("{repository}:{tag}"),
        Selector::Digest(digest) => format!("{repository}@{}", digest.short()),
    }
}

fn effect(step: &UndoStep) -> (Tone, String) {
    match (step.before, step.now) {
        _ if step.impossible.is_some() => (Tone::Dim, "left as it is".into()),
        _ if step.may_arrive => {
            (Tone::Warn, "is as it was; the change was never confirmed and may still arrive".into())
        }
        (Some(before), Some(now)) if before == now => (Tone::Dim, "is that already".into()),
        (Some(before), Some(now)) => (Tone::Warn, format!("put back  {} → {}", now.short(), before.short())),
        (Some(before), None) => (Tone::Good, format!("put back  {}", before.short())),
        (None, Some(now)) if step.is_probe => {
            (Tone::Warn, format!("throw-away tag removed  {}", now.short()))
        }
        (None, Some(now)) if step.by_replacement => {
            (Tone::Warn, format!("untagged by replacement  {}", now.short()))
        }
        (None, Some(now)) => (Tone::Warn, format!("untagged  {}", now.short())),
        (None, None) => (Tone::Dim, "is not there already".into()),
    }
}
