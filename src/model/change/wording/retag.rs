//! The rows of a plan to retag: each tag, its present digest and the new one.

use super::{Fact, ImageRow, PlanRow, Rows, Tone, describe_change};
use crate::model::change::retag::{RetagPlan, RetagStep};
use crate::model::reference::Repository;

impl Rows {
    pub(super) fn retag(&mut self, plan: &RetagPlan) {
        self.fact("repository", Tone::Plain, plan.from.to_string());
        if let (false, Some(method)) = (plan.common.methods.is_empty(), plan.mode.method()) {
            self.methods(&plan.common.methods, method, false, plan.own_api.as_ref());
        }
        if let Some(api) = &plan.restore {
            let text = format!(
                "by {}'s own API: the registry does not serve the image by its digest any more",
                api.vendor
            );
            self.fact("restored", Tone::Plain, text);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::ChangePlan;
    use crate::model::change::builders::{digest, refusal, repository, retag_plan, retag_step};
    use crate::model::change::delete::DeleteMethod::{Replace, Untag};
    use crate::model::change::retag::RetagMode::{Add, Move, MoveByReplacement};
    use crate::model::change::wording::{Methods, Requested, rows};

    fn rows_of(plan: &RetagPlan) -> Vec<PlanRow> {
        rows(&ChangePlan::Retag(plan.clone()), Requested::default())
    }

    /// The last row of a plan that moves tags names the tags that go.
    fn tags_that_go(plan: &RetagPlan) -> Option<String> {
        let rows = rows_of(plan);
        rows.iter().find_map(|row| match row {
            PlanRow::Fact(fact) if fact.label == "then goes" => Some(fact.text.clone()),
            _ => None,
        })
    }

    #[test]
    fn a_rename_names_the_tags_that_go_and_an_added_tag_none() {
        let elsewhere = RetagStep { to: repository("r.test/prod"), ..retag_step("1", "1") };
        let table = [
            ("added", Add, vec![retag_step("1", "2")], None),
            ("renamed", Move, vec![retag_step("1", "2"), retag_step("3", "4")], Some("1, 3")),
            ("renamed to itself", Move, vec![retag_step("1", "1"), retag_step("2", "3")], Some("2")),
            ("moved under the same tag", MoveByReplacement, vec![elsewhere], Some("1")),
        ];
        for (case, mode, steps, gone) in table {
            assert_eq!(tags_that_go(&retag_plan(mode, steps)).as_deref(), gone, "{case}");
        }
    }

    #[test]
    fn each_new_tag_has_its_name_and_result() {
        let elsewhere = RetagStep { to: repository("r.test/prod"), ..retag_step("1", "2") };
        let step = |replaces: &str| RetagStep { replaces: Some(digest(replaces)), ..retag_step("1", "2") };
        let (a, b) = (digest("a").short(), digest("b").short());
        let table = [
            (retag_step("1", "2"), "2", format!("new  {a}")),
            (elsewhere, "prod:2", format!("new  {a}")),
            (step("a"), "2", "is that already".into()),
            (step("b"), "2", format!("replaces {b} → {a}")),
        ];
        for (step, name, result) in table {
            let rows = rows_of(&retag_plan(Add, vec![step]));
            let Some(PlanRow::Images(images)) = rows.last() else { panic!("{rows:?}") };
            assert_eq!((images[0].new_name.as_deref(), &images[0].result.1), (Some(name), &result));
        }
    }

    #[test]
    fn a_blocked_rename_says_why_and_offers_its_methods() {
        let mut plan = retag_plan(Move, vec![retag_step("1", "2")]);
        plan.common.blocked = Some(refusal("the server does not delete by tag"));
        plan.common.methods = vec![Untag, Replace];
        let rows = rows_of(&plan);
        let (methods, chosen) = (vec![Untag, Replace], Untag);
        let methods = Methods { methods, chosen, images_stay: false, own_api: None };
        let blocked = Fact::new("blocked", Tone::Bad, "the server does not delete by tag");
        for row in [PlanRow::Methods(methods), PlanRow::Fact(blocked), PlanRow::Hint("ask its owner".into())]
        {
            assert!(rows.contains(&row), "{row:?} is not in {rows:?}");
        }
    }
}
