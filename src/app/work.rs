//! From a plan that was confirmed to the job that carries it out, and what its end changes on the screen.

use std::time::Duration;

use super::cmd::Cmd;
use super::jobs::{JobId, Stage};
use super::notices::Level;
use super::turn::Turn;
use crate::model::reference::Repository;
use crate::model::text::SafeText;
use crate::model::work::progress::{Outcome, Report};
use crate::model::work::{Wish, Work};

impl Turn<'_> {
    /// Carries out what was confirmed.
    pub fn begin(&mut self, wish: Wish, work: Box<Work>) {
        let id = self.state.jobs.begin(wish, &work, self.now);
        self.cmds.push(Cmd::Start(id, work));
    }

    /// Tells a job to stop.
    pub fn stop(&mut self, id: JobId) {
        if let Some(job) = self.state.jobs.of(id).filter(|job| job.is_running()) {
            job.stage = Stage::Stopping;
            self.cmds.push(Cmd::Stop(id));
        }
    }

    /// Leaves when no job runs any more.
    pub fn leave_at_the_end(&mut self) {
        self.state.jobs.leaving = true;
        if !self.state.jobs.are_running() {
            self.cmds.push(Cmd::Quit);
        }
    }

    /// Leaves, or asks first what becomes of the jobs that run. Who insists where that is asked wants them stopped.
    pub fn quit(&mut self) {
        if !self.state.jobs.are_running() {
            self.cmds.push(Cmd::Quit);
        } else if self.is_asking_about_jobs() {
            self.state.dialogs.pop();
            self.stop_and_leave();
        } else {
            self.ask_about_jobs();
        }
    }

    /// Takes how a job ended, says so, and asks again for what it changed.
    pub fn job_ended(&mut self, id: JobId, report: Report) {
        let Some(job) = self.state.jobs.of(id).filter(|job| job.is_running()) else { return };
        let can_go_back = report.undo.is_some() && !matches!(job.wish, Wish::Undo(_));
        let (level, text) = ending(&job.title, &report, can_go_back);
        let changes = job.changes.clone();
        job.stage = Stage::Ended(self.now, report);
        self.say(level, text, None);
        for repository in changes {
            self.look_again(&repository);
        }
        if self.state.jobs.leaving && !self.state.jobs.are_running() {
            self.cmds.push(Cmd::Quit);
        }
    }

    /// Forgets what is kept of a repository, and asks again where it is shown.
    fn look_again(&mut self, repository: &Repository) {
        self.state.store.forget_repository(repository);
        self.compare_again(repository);
        if self.state.tags.repository.as_ref() == Some(repository) {
            self.load_tags(Duration::ZERO);
            if self.state.detail.of.is_some() {
                self.load_image(Duration::ZERO, None);
            }
        }
        if let Some(registry) = self.state.registries.of(&repository.host) {
            registry.repositories.note(&repository.name);
        }
    }
}

/// How a job ended, in one line.
fn ending(title: &SafeText, report: &Report, can_go_back: bool) -> (Level, SafeText) {
    let all = report.items.len();
    let mut failures = report.failures();
    if let Some((name, failure)) = failures.next() {
        let failed = 1 + failures.count();
        let what = if all == 1 { String::new() } else { format!("{failed} of {all} failed; {name}: ") };
        return (Level::Failed, SafeText::from(format!("{title}: {what}{}", failure.why)));
    }
    let count = |holds: fn(&Outcome) -> bool| {
        report.items.iter().filter(|item| item.outcome.as_ref().is_none_or(holds)).count()
    };
    if count(|outcome| *outcome == Outcome::Stopped) > 0 {
        let text = format!("{title}: stopped, {} of {all} done", report.done());
        return (Level::Refused, SafeText::from(text));
    }
    let undo = if can_go_back { "; `z` undoes it" } else { "" };
    let first = |says: fn(&Outcome) -> Option<&SafeText>| {
        report.items.iter().find_map(|item| Some((&item.name, says(item.outcome.as_ref()?)?)))
    };
    let left = first(|outcome| match outcome {
        Outcome::Left(why) => Some(why),
        _ => None,
    });
    let pending = first(|outcome| match outcome {
        Outcome::Pending(why) => Some(why),
        _ => None,
    });
    let already = first(|outcome| match outcome {
        Outcome::Already(why) => Some(why),
        _ => None,
    });
    let how = match (left, pending, already) {
        (Some((name, why)), ..) => format!("{} of {all} done; {name}: {why}", report.done()),
        (None, Some((_, why)), _) => format!("taken, but not shown yet: {why}"),
        (None, None, Some((_, why))) if report.done() == 0 => why.to_string(),
        _ => "done".into(),
    };
    let level = if report.is_success() { Level::Done } else { Level::Refused };
    (level, SafeText::from(format!("{title}: {how}{undo}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::{Failure, FailureKind};
    use crate::model::work::progress::Item;

    fn report(outcomes: Vec<Outcome>) -> Report {
        let item = |(number, outcome)| Item { name: format!("1.{number}").into(), outcome: Some(outcome) };
        let items = outcomes.into_iter().enumerate().map(item).collect();
        Report { items, ..Report::default() }
    }

    #[test]
    fn the_end_of_a_job_says_what_matters_most() {
        let failure = Failure {
            what: "cannot untag".into(),
            why: "403 DENIED".into(),
            hint: None,
            kind: FailureKind::Denied,
        };
        let done = || Outcome::Done("".into());
        let table = [
            (vec![done()], Level::Done, "untag: done; `z` undoes it"),
            (vec![Outcome::Failed(failure.clone())], Level::Failed, "untag: 403 DENIED"),
            (
                vec![done(), Outcome::Failed(failure), Outcome::Stopped],
                Level::Failed,
                "untag: 1 of 3 failed; 1.1: 403 DENIED",
            ),
            (vec![done(), Outcome::Stopped], Level::Refused, "untag: stopped, 1 of 2 done"),
            (
                vec![Outcome::Left("it moved".into())],
                Level::Refused,
                "untag: 0 of 1 done; 1.0: it moved; `z` undoes it",
            ),
            (
                vec![Outcome::Already("it was gone already".into())],
                Level::Done,
                "untag: it was gone already; `z` undoes it",
            ),
            (
                vec![done(), Outcome::Left("it moved".into())],
                Level::Refused,
                "untag: 1 of 2 done; 1.1: it moved; `z` undoes it",
            ),
        ];
        for (outcomes, level, text) in table {
            assert_eq!(
                ending(&"untag".into(), &report(outcomes), true),
                (level, SafeText::from(text.to_string()))
            );
        }
    }
}
