//! What taking a change back will do: each tag or manifest, what it is now and what it will be again.

use super::{Page, Tone};
use crate::model::reference::Selector;
use crate::model::work::undo::{Plan, Step};

impl Page {
    pub(super) fn undo(&mut self, plan: &Plan) {
        self.field("undoes", Tone::Plain, plan.of.as_str());
        self.blank();
        let names: Vec<String> = plan.steps.iter().map(name).collect();
        let column = self.column(names.iter().map(String::as_str));
        for (step, name) in plan.steps.iter().zip(&names) {
            self.pair((Tone::Strong, name), column, effect(step));
            if let Some(why) = &step.impossible {
                self.indented(2, "blocked", Tone::Bad, why.as_str());
            }
        }
    }
}

fn name(step: &Step) -> String {
    match &step.selector {
        Selector::Tag(tag) => format!("{}:{tag}", step.repository.name),
        Selector::Digest(digest) => format!("{}@{}", step.repository.name, digest.short()),
    }
}

fn effect(step: &Step) -> (Tone, String) {
    match (step.before, step.now) {
        _ if step.impossible.is_some() => (Tone::Dim, "left as it is".into()),
        (Some(before), Some(now)) if before == now => (Tone::Dim, "is that already".into()),
        (Some(before), Some(now)) => (Tone::Warn, format!("put back  {} → {}", now.short(), before.short())),
        (Some(before), None) => (Tone::Good, format!("put back  {}", before.short())),
        (None, Some(now)) => (Tone::Warn, format!("untagged  {}", now.short())),
        (None, None) => (Tone::Dim, "is not there already".into()),
    }
}
