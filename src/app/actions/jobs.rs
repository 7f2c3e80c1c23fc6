//! The jobs, from the confirmed plan to the effects of their end on the screen.

use std::time::Duration;

use crate::app::actions::quoted_key;
use crate::app::cmd::Cmd;
use crate::app::dialogs;
use crate::app::jobs::{JobId, JobRequest, JobStage};
use crate::app::notices::Level;
use crate::app::questions::{Ask, Slot};
use crate::app::reconcile::{load_image, load_tags};
use crate::app::update::Update;
use crate::model::change::progress::{Back, Outcome, ProgressItem, Report, TakesBack};
use crate::model::reference::{Host, Repository};
use crate::model::server::{Ability, Deletes};
use crate::model::text::SafeText;

/// Stands for the key that undoes, in promises about it.
const UNDO_KEY: &str = "{undo}";

/// Leaves, or first asks about the jobs that run. Quitting again while the question is shown stops them.
pub(crate) fn quit(update: &mut Update<'_>) {
    if !update.state.jobs.are_running() {
        update.cmds.push(Cmd::Quit);
    } else if dialogs::jobs::is_asking_about_running(update.state) {
        update.state.dialogs.pop();
        update.cmds.extend(update.state.jobs.stop_all_and_quit());
    } else {
        dialogs::jobs::ask_about_running(update.state);
    }
}

/// Takes the report of a job that ended, tells the user, and asks again for the data that it changed.
pub(crate) fn handle_job_end(update: &mut Update<'_>, id: JobId, report: Report) {
    let Some(job) = update.state.jobs.of(id).filter(|job| job.is_running()) else { return };
    let can_go_back = report.undo.is_some() && !job.request.is_undo();
    let is_extraction = job.request.is_extraction();
    let (title, place) = (job.title.clone(), job.registry_names.clone());
    let (untags, puts_back) = (job.undo_untags_in.clone(), job.undo_restores);
    let was_to_stop = job.is_stopping();
    let changes = job.changed_repositories.clone();
    let is_undo = job.request.is_undo();
    let found = scan_result(&job.request, &report);
    let is_scan = matches!(job.request, JobRequest::Scan(_));
    let ends = JobStage::Ended(update.now, report.clone());
    job.stage = ends;
    let title = if !is_extraction && !place.is_empty() && (is_undo || update.state.registries.items.len() > 1)
    {
        SafeText::from(format!("{title} in {place}"))
    } else {
        title
    };
    let undo = match (can_go_back, report.takes_back, report.back) {
        (_, TakesBack::Nothing, _) => "; it cannot be undone",
        (false, ..) | (_, _, Back::Nothing) => "",
        (true, TakesBack::Part, _) | (true, _, Back::Partly) => "; {undo} undoes a part of it",
        (true, TakesBack::NotKnown, _) => "; {undo} may undo it",
        (true, TakesBack::All, Back::Unknown) => undo_promise_text(update, &untags, puts_back),
        (true, TakesBack::All, Back::Whole) => "; {undo} undoes it",
        (true, TakesBack::All, Back::ByReplacement) => "; {undo} may undo it, by replacement",
    };
    let keys = &update.state.settings.keys;
    let undo = undo.replace(UNDO_KEY, &quoted_key(keys, "changes.undo"));
    let (level, text) = if is_extraction {
        summarize_extraction(&title, &report)
    } else {
        summarize_job(&title, &report, &undo, &quoted_key(keys, "changes.jobs"))
    };
    let text = found.map_or(text, |found| SafeText::from(format!("{found} · {title}")));
    update.say(level, text, None);
    if is_scan {
        update.state.scans.forget();
    }
    let has_failed = report.failures().next().is_some();
    for repository in changes {
        refresh_repository(update, &repository);
        if has_failed {
            // A failure may have revealed an ability of the server.
            reload_server(update, &repository.host);
        }
    }
    if update.state.jobs.quits_when_idle && level != Level::Done && !was_to_stop {
        // A user who waits for the end of the jobs would otherwise never learn of the failure.
        update.state.jobs.quits_when_idle = false;
        dialogs::jobs::show(update.state);
    }
    if update.state.jobs.quits_when_idle && !update.state.jobs.are_running() {
        update.cmds.push(Cmd::Quit);
    }
}

/// Returns the findings of a scan of one image.
fn scan_result(request: &JobRequest, report: &Report) -> Option<SafeText> {
    match (request, report.items.as_slice()) {
        (JobRequest::Scan(_), [ProgressItem { outcome: Some(Outcome::Done(found)), .. }]) => {
            Some(found.clone())
        }
        _ => None,
    }
}

/// Returns the promise about undo after a change whose undo deletes tags in these registries and may put something
/// back.
fn undo_promise_text(update: &mut Update<'_>, untags: &[Host], puts_back: bool) -> &'static str {
    let deletes = |host: &Host| {
        let server = update.state.registries.items.iter().find(|registry| registry.host == *host);
        server.and_then(|registry| registry.server.value.as_ref()).map(|server| &server.deletes)
    };
    let deletes: Vec<Option<&Deletes>> = untags.iter().map(deletes).collect();
    let is_no = |ability: &Ability| matches!(ability, Ability::No(_));
    let mut without_tags = deletes.iter().flatten().filter(|deletes| is_no(&deletes.by_tag)).peekable();
    if without_tags.peek().is_some() {
        return match (without_tags.any(|deletes| is_no(&deletes.by_digest)), puts_back) {
            (false, _) => "; {undo} may undo it, by replacement",
            (true, true) => "; {undo} undoes a part of it",
            (true, false) => "",
        };
    }
    if deletes.iter().all(|deletes| deletes.is_some_and(|deletes| deletes.by_tag == Ability::Yes)) {
        "; {undo} undoes it"
    } else {
        "; {undo} may undo it"
    }
}

/// Asks again for the properties of a registry.
fn reload_server(update: &mut Update<'_>, host: &Host) {
    let ticket = update.ask(Slot::Server(host.clone()), Duration::ZERO, Ask::Server(host.clone()));
    update.state.registries.of(host).into_iter().for_each(|registry| registry.server.ask(ticket));
}

/// Forgets the data kept of a repository, and asks for it again if it is shown.
fn refresh_repository(update: &mut Update<'_>, repository: &Repository) {
    update.state.view_cache.forget_repository(repository);
    dialogs::comparison::compare_again(update, repository);
    dialogs::tag_history::ask_again(update, repository);
    if update.state.tags.repository.as_ref() == Some(repository) {
        update.state.tags.may_be_empty = true;
        load_tags(update, Duration::ZERO);
        load_image(update, Duration::ZERO, None);
    }
    if let Some(registry) = update.state.registries.of(&repository.host) {
        registry.repositories.add_created(&repository.name);
        registry.repositories.mark_facts_outdated(&repository.name);
    }
}

/// Returns the end of a job in one line: the outcome first, since the end of a line may be cut.
fn summarize_job(title: &SafeText, report: &Report, undo: &str, jobs: &str) -> (Level, SafeText) {
    let all = report.items.len();
    let mut failures = report.failures();
    if let Some((name, failure)) = failures.next() {
        let failed = 1 + failures.count();
        let what = if all == 1 { String::new() } else { format!("{failed} of {all}, {name}: ") };
        return (Level::Failed, SafeText::from(format!("{what}{} · {title}", failure.why)));
    }
    let mut unconfirmed = report.unconfirmed();
    if let Some((name, failure)) = unconfirmed.next() {
        let all_of_it = 1 + unconfirmed.count();
        let which = if all == 1 { String::new() } else { format!(" {all_of_it} of {all}, {name}") };
        let text = format!("unconfirmed{which}: {} · {title}{undo}", failure.why);
        return (Level::Partly, SafeText::from(text));
    }
    let count = |holds: fn(&Outcome) -> bool| {
        report.items.iter().filter(|item| item.outcome.as_ref().is_none_or(holds)).count()
    };
    if count(|outcome| *outcome == Outcome::Stopped) > 0 {
        let text = format!("stopped, {} of {all} done: {title}", report.done());
        return (Level::Partly, SafeText::from(text));
    }
    let first = |says: fn(&Outcome) -> Option<&SafeText>| {
        report.items.iter().find_map(|item| Some((&item.name, says(item.outcome.as_ref()?)?)))
    };
    let left = first(|outcome| match outcome {
        Outcome::Skipped(why) => Some(why),
        _ => None,
    });
    let already = first(|outcome| match outcome {
        Outcome::Unchanged(why) => Some(why),
        _ => None,
    });
    let text = match (left, already) {
        (Some((name, why)), _) => format!("{} of {all} done, {name}: {why} · {title}", report.done()),
        (None, Some((_, why))) if report.done() == 0 => format!("{why} · {title}"),
        _ => match report.notes.len() {
            0 => format!("done: {title}"),
            1 => format!("done, with a note in {jobs}: {title}"),
            notes => format!("done, with {notes} notes in {jobs}: {title}"),
        },
    };
    let level = if report.is_success() { Level::Done } else { Level::Partly };
    (level, SafeText::from(format!("{text}{undo}")))
}

/// Returns the end of an extraction in one line. Its first part is the destination, and the others were left out.
fn summarize_extraction(title: &SafeText, report: &Report) -> (Level, SafeText) {
    let mut items = report.items.iter();
    let left_out = items.clone().skip(1).find_map(|item| match &item.outcome {
        Some(Outcome::Skipped(why)) => Some(format!("left out {}: {why}", item.name)),
        _ => None,
    });
    let outcome = items.next().and_then(|item| item.outcome.as_ref());
    let (level, text) = match (outcome, left_out) {
        (Some(Outcome::Done(wrote)), None) => (Level::Done, wrote.to_string()),
        (Some(Outcome::Done(wrote)), Some(left_out)) => {
            (Level::Partly, format!("partly: {wrote}; {left_out}"))
        }
        (Some(Outcome::Failed(failure)), _) => (Level::Failed, format!("{}: {}", failure.what, failure.why)),
        _ => (Level::Partly, format!("stopped, nothing is left of it: {title}")),
    };
    (level, SafeText::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::{Failure, FailureKind};

    fn report(outcomes: Vec<Outcome>) -> Report {
        let item = |(number, outcome)| ProgressItem::new(format!("1.{number}"), []).ended(outcome);
        let items = outcomes.into_iter().enumerate().map(item).collect();
        Report { items, ..Report::default() }
    }

    #[test]
    fn an_extraction_that_left_parts_out_was_done_in_part() {
        let item = |name: &'static str, outcome| ProgressItem::new(name, []).ended(outcome);
        let wrote = || item("./out", Outcome::Done("wrote 2 files (3 B) to ./out".into()));
        let device = || item("./out/null", Outcome::Skipped("it is a device".into()));
        let failure = Failure::local("cannot write ./out", "it exists already");
        for (items, level, text) in [
            (vec![wrote()], Level::Done, "wrote 2 files (3 B) to ./out"),
            (
                vec![wrote(), device()],
                Level::Partly,
                "partly: wrote 2 files (3 B) to ./out; left out ./out/null: it is a device",
            ),
            (
                vec![item("./out", Outcome::Failed(failure))],
                Level::Failed,
                "cannot write ./out: it exists already",
            ),
            (
                vec![item("./out", Outcome::Stopped)],
                Level::Partly,
                "stopped, nothing is left of it: extract /",
            ),
        ] {
            let report = Report { items, ..Report::default() };
            assert_eq!(summarize_extraction(&"extract /".into(), &report), (level, text.into()));
        }
    }

    #[test]
    fn a_job_with_notes_names_the_key_that_shows_them() {
        let notes = vec!["left out: 2 digest tags".into(), "an upload stays open".into()];
        let report = Report { notes, ..report(vec![Outcome::Done("".into())]) };
        let said = summarize_job(&"copy".into(), &report, "", "`w`");
        assert_eq!(said, (Level::Done, "done, with 2 notes in `w`: copy".into()));
    }

    #[test]
    fn the_end_of_a_job_shows_its_most_important_outcome() {
        let failure = Failure {
            what: "cannot untag".into(),
            why: "403 DENIED".into(),
            hint: None,
            kind: FailureKind::Denied,
        };
        let unconfirmed = Failure {
            what: "the change of app:1.0 is not confirmed".into(),
            why: "the server took it and still shows it".into(),
            hint: None,
            kind: FailureKind::Unconfirmed,
        };
        let done = || Outcome::Done("".into());
        let table = [
            (vec![done()], Level::Done, "done: untag; `z` undoes it"),
            (vec![Outcome::Failed(failure.clone())], Level::Failed, "403 DENIED · untag"),
            (
                vec![done(), Outcome::Failed(failure), Outcome::Stopped],
                Level::Failed,
                "1 of 3, 1.1: 403 DENIED · untag",
            ),
            (
                vec![Outcome::Unconfirmed(unconfirmed.clone())],
                Level::Partly,
                "unconfirmed: the server took it and still shows it · untag; `z` undoes it",
            ),
            (
                vec![done(), Outcome::Unconfirmed(unconfirmed), Outcome::Stopped],
                Level::Partly,
                "unconfirmed 1 of 3, 1.1: the server took it and still shows it · untag; `z` undoes it",
            ),
            (vec![done(), Outcome::Stopped], Level::Partly, "stopped, 1 of 2 done: untag"),
            (
                vec![Outcome::Skipped("it moved".into())],
                Level::Partly,
                "0 of 1 done, 1.0: it moved · untag; `z` undoes it",
            ),
            (
                vec![Outcome::Unchanged("it was gone already".into())],
                Level::Done,
                "it was gone already · untag; `z` undoes it",
            ),
            (
                vec![done(), Outcome::Skipped("it moved".into())],
                Level::Partly,
                "1 of 2 done, 1.1: it moved · untag; `z` undoes it",
            ),
        ];
        for (outcomes, level, text) in table {
            assert_eq!(
                summarize_job(&"untag".into(), &report(outcomes), "; `z` undoes it", "`w`"),
                (level, SafeText::from(text.to_string()))
            );
        }
    }
}
