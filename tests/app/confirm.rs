//! Plans from the key to the command: nothing starts that was not read, and exactly the plan that was confirmed starts.

use std::time::Duration;

use regtui::app::cmd::Cmd;
use regtui::app::dialogs::Dialog;
use regtui::app::dialogs::plan::PlanDialog;
use regtui::app::jobs::JobId;
use regtui::app::msg::Msg;
use regtui::app::notices::Level;
use regtui::app::questions::{Answer, Ask};
use regtui::model::change::ChangePlan;
use regtui::model::change::delete::{DeleteMethod, DeletePlan};
use regtui::model::change::journal::{EntryId, EntryState, JournalEntry, JournalItem};
use regtui::model::change::progress::{Back, Lookups, Outcome, ProgressItem, Report, TakesBack};
use regtui::model::change::retag::{RetagMode, RetagPlan};
use regtui::model::change::undo::{UndoPlan, UndoStep};
use regtui::model::failure::FailureKind;
use regtui::model::server::Ability;

use crate::support::app::{App, TAGS, repository};
use crate::support::plans::{
    delete_plan, deletes_by_digest, failure, image_to_delete, journal_entry, journal_item, retag_plan,
    retag_step, selector, undo_plan, undo_step,
};

/// The plan to delete tags of the repository `a`, each an image of its own.
fn deletion(method: DeleteMethod, names: &[&str]) -> DeletePlan {
    let images = names.iter().map(|name| image_to_delete(&format!("a:{name}"), &[name])).collect();
    let mut plan = DeletePlan { repository: repository("a"), ..delete_plan(method, images) };
    plan.common.methods = plan.offered_methods(false);
    plan.common.name_to_type = plan.is_far_reaching().then(|| plan.repository.name.clone());
    plan
}

fn untagging() -> ChangePlan {
    ChangePlan::Delete(deletion(DeleteMethod::Untag, &["3"]))
}

/// The dialog of the plan. It must be on top.
#[track_caller]
fn dialog(app: &App) -> &PlanDialog {
    match app.state.dialogs.last() {
        Some(Dialog::Plan(plan)) => plan,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tags_are_counted_while_a_plan_is_made_and_esc_gives_it_up() {
    let mut app = App::at_tags();
    app.press("d");
    app.shows("nothing is changed");
    app.send(Msg::LookedUp(Lookups { done: 120, all: 300, need: None }));
    app.shows("looking up 120 of 300 tags; nothing is changed");
    app.press("Esc");
    assert_eq!(app.aborted(), ["plan delete 3"]);
    assert!(app.state.dialogs.is_empty());
}

/// The plan to untag `3` is on the screen and was read.
fn at_plan() -> App {
    let mut app = App::at_tags();
    app.press("d");
    app.answer_plan("plan delete 3", untagging());
    app
}

/// The job that untags `3` runs.
fn at_job() -> (App, JobId) {
    let mut app = at_plan();
    app.press("l Enter");
    let (id, _) = app.started().remove(0);
    app.asked();
    (app, id)
}

fn report(outcome: Outcome, undo: Option<&str>) -> Report {
    let items = vec![ProgressItem::new("3", [selector("3")]).ended(outcome)];
    let undo = undo.map(|id| EntryId(id.into()));
    Report { items, undo, takes_back: TakesBack::All, back: Back::Whole, ..Report::default() }
}

#[test]
fn a_key_asks_for_a_plan_and_changes_nothing() {
    let mut app = App::at_tags();
    app.press("d");
    assert_eq!(app.asked(), ["plan delete 3"]);
    assert!(app.cmds().is_empty() && app.state.jobs.all.is_empty());
}

#[test]
fn exactly_the_plan_that_is_shown_starts() {
    let mut app = at_plan();
    app.press("l Enter");
    let started = app.started();
    let [(_, ChangePlan::Delete(plan))] = started.as_slice() else { panic!("{started:?}") };
    assert_eq!((plan.title().as_str(), plan.method), ("untag a:3", DeleteMethod::Untag));
    assert!(app.state.dialogs.is_empty() && app.state.jobs.are_running());
}

#[test]
fn enter_leaves_unless_the_other_button_was_chosen() {
    let mut app = at_plan();
    app.press("Enter");
    assert!(app.started().is_empty() && app.state.dialogs.is_empty());
    assert_eq!(app.toast(), "cancelled: nothing was changed");
}

#[test]
fn a_harmless_plan_starts_with_enter_alone() {
    let mut app = App::at_tags();
    app.press("t");
    app.type_text("x");
    app.press("Enter");
    let plan = RetagPlan { from: repository("a"), ..retag_plan(RetagMode::Add, vec![retag_step("3", "x")]) };
    app.answer_plan("plan retag 3→x", ChangePlan::Retag(plan));
    app.press("Enter");
    assert_eq!(app.started().len(), 1);
}

#[test]
fn keys_typed_before_the_plan_was_on_the_screen_are_ignored() {
    let mut app = App::at_tags();
    app.press("d");
    app.press("l Enter");
    assert_eq!(dialog(&app).problem, Some("it is still being looked up"));
    app.answer_plan("plan delete 3", untagging());
    for _ in 0..20 {
        // Each key that comes too early makes the next one wait as well.
        app.wait(100);
        app.press_at_once("l");
        app.press_at_once("Enter");
    }
    assert!(app.started().is_empty());
    assert!(dialog(&app).problem.is_some_and(|why| why.contains("was not on the screen")));
    app.press("l Enter");
    assert_eq!(app.started().len(), 1);
}

#[test]
fn enter_that_comes_together_with_other_keys_confirms_nothing() {
    let mut app = at_plan();
    app.press("l");
    app.press_at_once("Enter");
    assert!(app.started().is_empty());
    assert_eq!(dialog(&app).problem, Some("Enter came together with other keys: press it again"));
    app.press("Enter");
    assert_eq!(app.started().len(), 1);
}

#[test]
fn a_wrong_name_starts_nothing_and_says_so() {
    let mut app = App::at_tags();
    app.press("* d");
    app.answer_plan("plan delete 3 2 1", ChangePlan::Delete(deletion(DeleteMethod::Image, &TAGS)));
    for typed in ["b", "A"] {
        app.type_text(typed);
        app.press("Enter");
        assert!(app.started().is_empty(), "{typed}");
        assert_eq!(dialog(&app).problem, Some("that is not the name"), "{typed}");
        app.press("Backspace");
    }
    app.type_text("a");
    app.press("Enter");
    assert_eq!(app.started().len(), 1);
    assert!(app.marked().is_empty(), "the marks were used");
}

#[test]
fn another_method_asks_for_another_plan_and_only_the_newest_answer_counts() {
    let mut app = at_plan();
    app.asked();
    app.press("Tab");
    assert_eq!(app.asked(), ["plan delete image 3"]);
    let late = app.question("plan delete image 3");
    assert!(late.delay >= Duration::from_millis(100), "the next switch may follow");
    app.press("Tab");
    assert_eq!(app.asked(), ["plan untag 3"]);
    let image = ChangePlan::Delete(deletion(DeleteMethod::Image, &["3"]));
    app.answer(late, Answer::Plan(Ok(Box::new(image))));
    assert!(dialog(&app).change_plan.is_loading());
    app.press("l Enter");
    assert!(app.started().is_empty(), "no plan was read");
    app.answer_plan("plan untag 3", untagging());
    app.press("l Enter");
    let started = app.started();
    assert_eq!(started[0].1.method(), Some(DeleteMethod::Untag));
}

#[test]
fn switches_that_are_turned_in_quick_succession_abort_the_questions_before() {
    let mut app = at_plan();
    for _ in 0..4 {
        app.press_at_once("Tab");
    }
    assert_eq!(app.aborted().len(), 3);
    app.question("plan untag 3");
}

#[test]
fn a_plan_that_arrives_after_its_dialog_was_closed_changes_nothing() {
    let mut app = App::at_tags();
    app.press("d");
    let late = app.question("plan delete 3");
    app.press("Esc");
    assert!(app.state.dialogs.is_empty());
    let before = format!("{:?}", app.state);
    app.answer(late, Answer::Plan(Ok(Box::new(untagging()))));
    assert_eq!(format!("{:?}", app.state), before);
    app.press("l Enter");
    assert!(app.started().is_empty());
}

#[test]
fn closing_a_plan_aborts_its_question() {
    let mut app = App::at_tags();
    app.press("d Esc");
    assert_eq!(app.aborted(), ["plan delete 3"]);
}

#[test]
fn a_plan_that_failed_is_asked_for_again_with_r_and_cannot_be_confirmed() {
    let mut app = App::at_tags();
    app.press("d");
    let question = app.question("plan delete 3");
    app.answer(question, Answer::Plan(Err(failure(FailureKind::Unreachable))));
    app.asked();
    app.press("l");
    assert!(!dialog(&app).is_confirm_focused);
    app.press("r");
    assert_eq!(app.asked(), ["plan delete 3"]);
    app.answer_plan("plan delete 3", untagging());
    app.press("l Enter");
    assert_eq!(app.started().len(), 1);
}

#[test]
fn a_blocked_plan_cannot_be_confirmed() {
    let mut app = App::at_tags();
    app.press("d");
    let mut plan = deletion(DeleteMethod::Untag, &["3"]);
    plan.common.blocked = Some(crate::support::plans::refusal("the server does not delete by tag"));
    app.answer_plan("plan delete 3", ChangePlan::Delete(plan));
    app.press("l Enter");
    assert!(app.started().is_empty());
    assert_eq!(app.toast(), "cancelled: nothing was changed");
}

#[test]
fn a_replacement_is_confirmed_by_a_second_question_that_must_be_read_too() {
    let mut app = App::at_tags();
    app.press("d");
    app.answer_plan("plan delete 3", ChangePlan::Delete(deletion(DeleteMethod::Replace, &["3"])));
    app.press("l Enter");
    assert!(app.started().is_empty() && dialog(&app).confirms_replacement);
    app.wait(40);
    app.press_at_once("l");
    app.press_at_once("Enter");
    assert!(app.started().is_empty(), "it was not on the screen yet");
    app.press("Esc");
    assert!(!dialog(&app).confirms_replacement, "Esc goes back to the plan");
    app.press("l Enter");
    app.press("l Enter");
    assert_eq!(app.started().len(), 1);
}

#[test]
fn the_abilities_that_a_plan_found_are_shown_in_the_header_even_if_it_was_closed() {
    let mut app = App::at_tags();
    app.press("d");
    let late = app.question("plan delete 3");
    app.press("Esc");
    let plan = DeletePlan { deletes: deletes_by_digest(), ..deletion(DeleteMethod::Untag, &["3"]) };
    app.answer(late, Answer::Plan(Ok(Box::new(ChangePlan::Delete(plan)))));
    let registry = app.state.registries.selected().expect("a registry");
    let server = registry.server.value.as_ref().expect("its properties");
    assert!(matches!(server.deletes.by_tag, Ability::No(_)));
}

/// Keys act on hidden marks too, so the plan of every key lists them.
#[test]
fn every_plan_lists_the_marks_that_a_filter_hides() {
    for (key, question) in [
        ("d", "plan delete 3 2 1"),
        ("t", "plan retag 3→3x 2→2x 1→1x"),
        ("c", "plan copy to r.test/team/elsewhere"),
        ("Y", "plan copy to r.test/b"),
    ] {
        let mut app = App::at_tags();
        app.press("Space Space Space /");
        app.type_text("3");
        app.press("Enter");
        assert_eq!(app.rows(), ["3"]);
        app.press(key);
        match key {
            "t" => {
                app.type_text("x");
                app.press("Enter");
            }
            "c" => {
                app.press("Ctrl-u");
                app.type_text("r.test/team/elsewhere");
                app.press("Enter");
            }
            "Y" => {
                assert!(app.toast().contains(", 2 hidden"), "{}", app.toast());
                app.press("2 j p");
            }
            _ => {}
        }
        app.answer_plan(question, untagging());
        assert_eq!(dialog(&app).hidden, ["2".into(), "1".into()], "{key}");
        app.shows("2 marks that no row shows");
    }
}

#[test]
fn quitting_while_a_change_runs_asks_first_and_insisting_stops_it() {
    let (mut app, id) = at_job();
    app.press("q");
    assert!(app.cmds().is_empty());
    assert!(matches!(app.state.dialogs.last(), Some(Dialog::Menu(_))));
    app.press("Ctrl-c");
    let cmds = app.cmds();
    assert!(matches!(cmds.as_slice(), [Cmd::StopJob(stopped)] if *stopped == id), "{cmds:?}");
    app.end_job(id, report(Outcome::Stopped, None));
    assert!(matches!(app.cmds().as_slice(), [Cmd::Quit]));
}

#[test]
fn quitting_after_the_jobs_waits_for_the_last_one_unless_it_fails() {
    for (outcome, quits) in
        [(Outcome::Done("untagged".into()), true), (Outcome::Failed(failure(FailureKind::Denied)), false)]
    {
        let (mut app, id) = at_job();
        app.press("q w");
        assert!(app.cmds().is_empty(), "the job runs on");
        app.end_job(id, report(outcome, None));
        assert_eq!(app.cmds().iter().any(|cmd| matches!(cmd, Cmd::Quit)), quits);
        assert_eq!(app.state.dialogs.is_empty(), quits, "a failure is shown");
    }
}

#[test]
fn quitting_asks_nothing_if_no_job_runs() {
    let (mut app, id) = at_job();
    app.end_job(id, report(Outcome::Done("untagged".into()), None));
    app.cmds();
    app.press("q");
    assert!(matches!(app.cmds().as_slice(), [Cmd::Quit]));
}

#[test]
fn the_end_of_a_job_is_told_and_its_repository_is_asked_for_again() {
    let (mut app, id) = at_job();
    app.end_job(id, report(Outcome::Done("untagged".into()), Some("7")));
    assert_eq!(app.toast(), "done: untag a:3; `z` undoes it");
    assert_eq!(app.asked(), ["tags a", "image a:3"]);
    app.end_job(id, report(Outcome::Failed(failure(FailureKind::Denied)), None));
    assert_eq!(app.toast(), "done: untag a:3; `z` undoes it", "a job ends once");
}

#[test]
fn a_job_that_failed_is_told_and_the_properties_of_its_registry_are_asked_for_again() {
    let (mut app, id) = at_job();
    app.end_job(id, report(Outcome::Failed(failure(FailureKind::Denied)), None));
    assert_eq!(app.toast(), "500 · untag a:3");
    assert_eq!(app.state.notices.toast.as_ref().map(|toast| toast.notice.level), Some(Level::Failed));
    assert!(app.asked().contains(&"server r.test".to_string()));
}

/// Entries of `a`, each of which untagged a tag.
fn entries(ids: &[&str]) -> Vec<JournalEntry> {
    let entry = |id: &&str| {
        let item = JournalItem { repository: repository("a"), ..journal_item("3", Some("a:3"), None) };
        let done = JournalItem { done: Some(true), ..item };
        JournalEntry { id: EntryId(id.to_string()), ..journal_entry(EntryState::Ended, vec![done]) }
    };
    ids.iter().map(entry).collect()
}

#[test]
fn undo_takes_the_entry_that_the_message_promised_although_another_change_is_newer() {
    let (mut app, id) = at_job();
    app.end_job(id, report(Outcome::Done("untagged".into()), Some("7")));
    app.answer_all();
    app.asked();
    app.press("z");
    assert_eq!(app.asked(), ["journal"]);
    let question = app.question("journal");
    app.answer(question, Answer::Journal(Ok(entries(&["8", "7", "6"]))));
    assert_eq!(app.asked(), ["plan undo 7"]);
    app.answer_plan("plan undo 7", ChangePlan::Undo(undo_plan(vec![undo_step("3", Some("a:3"), None)])));
    app.press("l Enter");
    assert!(matches!(app.started().as_slice(), [(_, ChangePlan::Undo(_))]));
}

#[test]
fn an_older_change_is_tried_if_the_last_one_cannot_be_undone() {
    let mut app = App::at_tags();
    app.press("z");
    let question = app.question("journal");
    app.answer(question, Answer::Journal(Ok(entries(&["7", "6"]))));
    let lost =
        UndoStep { impossible: Some("its blobs are gone".into()), ..undo_step("3", Some("a:3"), None) };
    app.answer_plan("plan undo 7", ChangePlan::Undo(undo_plan(vec![lost.clone()])));
    let skipped = ["untag team/app:1.4.2: its blobs are gone".into()];
    assert_eq!(dialog(&app).skipped, skipped);
    app.answer_plan("plan undo 6", ChangePlan::Undo(undo_plan(vec![lost])));
    assert!(!dialog(&app).change_plan.is_loading(), "no change is left to try");
    app.press("l Enter");
    assert!(app.started().is_empty());
}

#[test]
fn an_undo_that_needs_replacements_is_planned_with_them_unless_the_user_chose_otherwise() {
    let mut app = App::at_tags();
    app.press("z");
    let question = app.question("journal");
    app.answer(question, Answer::Journal(Ok(entries(&["7"]))));
    let plan = |method, impossible: Option<&'static str>| {
        let step = UndoStep { impossible: impossible.map(Into::into), ..undo_step("3", None, Some("a:3")) };
        let mut plan = UndoPlan { method, ..undo_plan(vec![step]) };
        plan.common.methods = vec![DeleteMethod::Untag, DeleteMethod::Replace];
        ChangePlan::Undo(plan)
    };
    let cannot = Some("the server does not delete by tag");
    app.answer_plan("plan undo 7", plan(DeleteMethod::Untag, cannot));
    app.answer_plan("plan undo 7 by replacement", plan(DeleteMethod::Replace, None));
    app.press("Tab");
    app.answer_plan("plan undo 7", plan(DeleteMethod::Untag, cannot));
    assert!(!dialog(&app).change_plan.is_loading());
    app.press("l Enter");
    assert!(app.started().is_empty());
}

#[test]
fn undo_says_so_if_there_is_nothing_to_undo() {
    for (entries, text) in [
        (vec![], "there is no change that could be undone"),
        (
            vec![JournalEntry {
                items: vec![JournalItem {
                    repository: crate::support::plans::repository("other.test/a"),
                    ..journal_item("3", Some("a:3"), None)
                }],
                ..journal_entry(EntryState::Ended, Vec::new())
            }],
            "nothing in these registries could be undone: `J` lists other changes",
        ),
    ] {
        let mut app = App::at_tags();
        app.press("z");
        let question = app.question("journal");
        app.answer(question, Answer::Journal(Ok(entries)));
        assert_eq!(app.toast(), text);
        assert!(app.state.dialogs.is_empty());
    }
}

#[test]
fn a_journal_that_arrives_after_its_dialog_was_closed_opens_no_plan() {
    let mut app = App::at_tags();
    app.press("z");
    let late = app.question("journal");
    app.press("Esc");
    app.asked();
    app.answer(late, Answer::Journal(Ok(entries(&["7"]))));
    assert!(app.asked().is_empty() && app.state.dialogs.is_empty());
}

#[test]
fn a_change_that_was_cut_off_is_resumed_from_its_entry() {
    let mut app = App::at_tags();
    app.press("J");
    let question = app.question("journal");
    let open = entries(&["7"]).remove(0);
    app.answer(question, Answer::Journal(Ok(vec![JournalEntry { state: EntryState::Open, ..open }])));
    app.asked();
    app.press("c");
    assert_eq!(app.asked(), ["rest of 7"]);
    let question = app.question("rest of 7");
    assert!(matches!(&question.ask, Ask::ResumeRequest(entry) if entry.0 == "7"));
}

#[test]
fn a_paste_changes_nothing() {
    let mut app = App::at_tags();
    app.asked();
    app.send(Msg::Pasted("Dy\ny\nyes\nq\n".repeat(8192)));
    assert!(app.asked().is_empty() && app.cmds().is_empty() && app.state.dialogs.is_empty());
    app.press("/");
    app.send(Msg::Pasted("3\nq\n".into()));
    assert_eq!(app.state.tags.list.filter, "3");
    assert!(app.cmds().is_empty());
}
