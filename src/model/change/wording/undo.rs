//! The rows of a plan to undo a change: each tag or manifest, its present state and the state to which it returns.

use super::{Fact, ImageRow, PlanRow, Rows, Tone};
use crate::model::change::undo::{UndoPlan, UndoStep};
use crate::model::reference::Selector;
use crate::model::time;

impl Rows {
    pub(super) fn undo(&mut self, plan: &UndoPlan) {
        self.fact("undoes", Tone::Plain, plan.of.as_str());
        let mut hosts: Vec<String> = plan.steps.iter().map(|step| step.repository.host.to_string()).collect();
        hosts.sort();
        hosts.dedup();
        self.fact("registry", Tone::Strong, hosts.join(", "));
        self.fact("when", Tone::Plain, time::absolute(plan.at));
        self.notes("warning", &plan.common.notes);
        if !plan.common.methods.is_empty() {
            self.methods(&plan.common.methods, plan.method, false, None);
        }
        self.blank();
        let is_one = hosts.len() == 1;
        let row = |step: &UndoStep| ImageRow {
            name: (Tone::Strong, name(step, is_one)),
            new_name: None,
            info: step.before.or(step.now).map(|_| step.info),
            result: effect(step),
            facts: step.impossible.iter().map(|why| Fact::new("blocked", Tone::Bad, why.as_str())).collect(),
        };
        self.rows.push(PlanRow::Images(plan.steps.iter().map(row).collect()));
        for unresolved in &plan.common.unresolved {
            self.fact(
                "cannot",
                Tone::Bad,
                format!("{}: {}", unresolved.failure.what, unresolved.failure.why),
            );
        }
        self.hint(plan.hint.as_ref());
        if let Some(leaves) = &plan.leaves {
            self.blank();
            self.fact("leaves", Tone::Plain, leaves.as_str());
        }
    }
}

/// Returns the name of a step, without its registry if there is only one.
fn name(step: &UndoStep, is_one: bool) -> String {
    let repository = if is_one { step.repository.name.to_string() } else { step.repository.to_string() };
    match &step.selector {
        Selector::Tag(tag) => format!("{repository}:{tag}"),
        Selector::Digest(digest) => format!("{repository}@{}", digest.short()),
    }
}

fn effect(step: &UndoStep) -> (Tone, String) {
    match (step.before, step.now) {
        _ if step.impossible.is_some() => (Tone::Dim, "left as it is".into()),
        _ if step.may_arrive => {
            (Tone::Warn, "unchanged; the change was never confirmed and may still arrive".into())
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
        (None, None) => (Tone::Dim, "is gone already".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{digest, repository, undo_step};

    #[test]
    fn each_step_of_an_undo_has_its_effect() {
        let (a, b) = (digest("a").short(), digest("b").short());
        let step = |before, now| undo_step("1", before, now);
        let (old, now) = (Some("a"), Some("b"));
        let impossible = UndoStep { impossible: Some("it moved since".into()), ..step(old, now) };
        let arriving = UndoStep { may_arrive: true, ..step(old, old) };
        let probe = UndoStep { is_probe: true, ..step(None, now) };
        let replacing = UndoStep { by_replacement: true, ..step(None, now) };
        let table = [
            (impossible, Tone::Dim, "left as it is".to_string()),
            (arriving, Tone::Warn, "unchanged; the change was never confirmed and may still arrive".into()),
            (step(old, old), Tone::Dim, "is that already".into()),
            (step(old, now), Tone::Warn, format!("put back  {b} → {a}")),
            (step(old, None), Tone::Good, format!("put back  {a}")),
            (probe, Tone::Warn, format!("throw-away tag removed  {b}")),
            (replacing, Tone::Warn, format!("untagged by replacement  {b}")),
            (step(None, now), Tone::Warn, format!("untagged  {b}")),
            (step(None, None), Tone::Dim, "is gone already".into()),
        ];
        for (step, tone, text) in table {
            assert_eq!(effect(&step), (tone, text));
        }
    }

    #[test]
    fn a_step_names_its_registry_only_if_there_are_several() {
        let step = UndoStep { repository: repository("r.test/a/b"), ..undo_step("1", Some("a"), None) };
        assert_eq!((name(&step, true), name(&step, false)), ("a/b:1".into(), "r.test/a/b:1".into()));
        let by_digest = UndoStep { selector: Selector::Digest(digest("a")), ..step };
        assert_eq!(name(&by_digest, true), format!("a/b@{}", digest("a").short()));
    }
}
