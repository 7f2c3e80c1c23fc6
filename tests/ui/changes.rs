//! Pictures of prompts, jobs, the journal and a comparison.

use regtui::app::cmd::Cmd;
use regtui::app::dialogs::Dialog;
use regtui::app::jobs::JobId;
use regtui::app::msg::Msg;
use regtui::app::notices::Level;
use regtui::app::questions::{Answer, Slot};
use regtui::model::change::comparison::{Comparison, ComparisonRow, ComparisonSide, Standing};
use regtui::model::change::copy::{self, BlobTransfer, What};
use regtui::model::change::delete::DeleteMethod as Way;
use regtui::model::change::journal::{EntryId, EntryState, JournalEntry, JournalItem, SavedManifest};
use regtui::model::change::progress::{Outcome, Progress, ProgressItem, Report};
use regtui::model::change::retag::{self, RetagMode, RetagStep};
use regtui::model::change::undo::{UndoPlan, UndoStep};
use regtui::model::change::{ChangeKind, ChangePlan, ChangeRequest};
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::reference::{Selector, Tag};
use regtui::model::server::{Ability, Deletes};

use super::panes::registry;
use super::plans::{PLAN_SIZES, delete_plan, digest, info};
use super::screen::{Registry, Screen, failure, now, picture_at};
use crate::support::harness::key_of;
use crate::support::plans::{self, repository, tag};

/// The plans of the requests in these pictures.
fn plan(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    match request {
        ChangeRequest::Delete(_) => delete_plan(request),
        ChangeRequest::Retag(request) => Ok(ChangePlan::Retag(retag_plan(request))),
        ChangeRequest::Copy(request) => Ok(ChangePlan::Copy(copy_plan(request))),
        ChangeRequest::Undo(entry) | ChangeRequest::UndoByReplacement(entry) => {
            let step = |name, before, now: Option<u8>| UndoStep {
                repository: repository("localhost:5000/team/app"),
                before: Some(digest(before)),
                now: now.map(digest),
                info: info(before),
                ..plans::undo_step(name, None, None)
            };
            let moved = UndoStep { impossible: Some("it moved since".into()), ..step("1.4.1", 8, Some(9)) };
            Ok(ChangePlan::Undo(UndoPlan {
                entry: entry.clone(),
                method: request.method().expect("untag"),
                ..plans::undo_plan(vec![step("1.4.2", 7, None), moved])
            }))
        }
    }
}

fn retag_plan(request: &retag::RetagRequest) -> retag::RetagPlan {
    let steps = request.items.iter().zip(7u8..).map(|((selector, to, tag), number)| RetagStep {
        selector: selector.clone(),
        digest: digest(number),
        info: info(number),
        to: to.clone(),
        replaces: (number % 3 == 1 && *to == request.from).then(|| digest(number + 0x40)),
        ..plans::retag_step("any", tag.as_str())
    });
    retag::RetagPlan { from: request.from.clone(), ..plans::retag_plan(request.mode, steps.collect()) }
}

/// Three of fourteen blobs are moved, and the first tag is replaced.
fn copy_plan(request: &copy::CopyRequest) -> copy::CopyPlan {
    let images = match &request.what {
        What::Images(images) => images.clone(),
        What::AllTags => vec![Selector::Tag(tag("1.0")), Selector::Tag(tag("1.1"))],
    };
    let images = images.into_iter().zip(3u8..).map(|(selector, number)| copy::ImageToCopy {
        tag: request.tag.clone().or_else(|| match &selector {
            Selector::Tag(tag) => Some(tag.clone()),
            Selector::Digest(_) => None,
        }),
        selector,
        digest: digest(number),
        source: digest(number),
        info: info(number),
        replaces: (number == 3).then(|| digest(0x33)),
        ..plans::image_to_copy("any")
    });
    let blob = |number: u8| {
        let transfer = if number > 3 { BlobTransfer::There } else { BlobTransfer::Move };
        plans::planned_blob(&number.to_string(), 13_700_000, transfer)
    };
    copy::CopyPlan {
        from: request.from.clone(),
        to: request.to.clone(),
        manifests: vec![plans::empty_manifest().into()],
        blobs: (1..=14).map(blob).collect(),
        digests_change: !request.platforms.is_empty(),
        request: request.clone(),
        ..plans::copy_plan(images.collect())
    }
}

/// The tags of `team/app`, with another registry open.
fn screen(size: (u16, u16)) -> Screen {
    let registry = Registry { plan, journal: entries(), comparison: Ok(comparison()), ..registry() };
    let mut screen = Screen::of(registry, size, &["localhost:5000", "prod.example:5000"]);
    screen.settle();
    screen.press("j j l");
    screen
}

pub fn after(size: (u16, u16), keys: &[&str]) -> Screen {
    let mut screen = screen(size);
    screen.state.notices.toast = None;
    for keys in keys {
        screen.press(keys);
    }
    screen
}

fn entries() -> Vec<JournalEntry> {
    let item = |name: &str, done| JournalItem {
        repository: repository("localhost:5000/team/app"),
        before: Some(SavedManifest { digest: digest(7), ..plans::saved_manifest("a") }),
        done,
        ..plans::journal_item(name, None, None)
    };
    let entry = |id: &str, title: &str, at: &str, state, items| JournalEntry {
        id: EntryId(id.into()),
        at: at.parse().expect("a time"),
        title: title.to_string().into(),
        kind: None,
        ..plans::journal_entry(state, items)
    };
    vec![
        JournalEntry {
            kind: Some(ChangeKind::Undo),
            ..entry(
                "4",
                "undo: untag team/app:0.9",
                "2026-11-21T11:59:30Z",
                EntryState::Ended,
                vec![item("0.9", Some(true))],
            )
        },
        entry(
            "3",
            "untag 3 tags of team/app",
            "2026-11-21T11:40:00Z",
            EntryState::Open,
            vec![item("1.4.2", Some(true)), item("1.4.1", None), item("1.4.0", None)],
        ),
        entry(
            "2",
            "retag team/app:1.4.2 → stable",
            "2026-11-20T11:40:00Z",
            EntryState::Ended,
            vec![item("stable", Some(true))],
        ),
        entry(
            "1",
            "untag team/app:0.9",
            "2026-11-01T11:40:00Z",
            EntryState::Undone,
            vec![item("0.9", Some(true))],
        ),
    ]
}

fn comparison() -> Comparison {
    let row = |name: &str, left, right| ComparisonRow::of(tag(name), left, right);
    let rows = vec![
        row("1.3.0", ComparisonSide::Absent, ComparisonSide::Present(digest(3))),
        row("1.4.0", ComparisonSide::Present(digest(4)), ComparisonSide::Present(digest(4))),
        row("1.4.1", ComparisonSide::Present(digest(5)), ComparisonSide::Absent),
        row("1.4.2", ComparisonSide::Present(digest(6)), ComparisonSide::Unknown),
        row("latest", ComparisonSide::Present(digest(6)), ComparisonSide::Present(digest(4))),
    ];
    Comparison {
        left: repository("localhost:5000/team/app"),
        right: repository("prod.example:5000/team/app"),
        rows,
        incomplete: Vec::new(),
    }
}

fn plan_picture(name: &str, situation: impl FnMut((u16, u16)) -> Screen) {
    picture_at(name, &PLAN_SIZES, situation);
}

#[test]
fn the_prompt_for_new_tags_previews_them() {
    plan_picture("retag_prompt", |size| {
        let mut screen = after(size, &["Space Space Space", "t"]);
        screen.write("-stable");
        screen
    });
}

#[test]
fn a_retag_shows_old_and_new_digests() {
    plan_picture("plan_retag", |size| {
        let mut screen = after(size, &["Space Space", "t"]);
        screen.write("-stable").press("Ctrl-r").press("Enter");
        screen
    });
}

#[test]
fn the_prompt_for_a_copy_offers_other_registries_and_switches() {
    plan_picture("copy_prompt", |size| {
        let mut screen = after(size, &["c"]);
        screen.write("prod").press("Down Down Down Space");
        screen
    });
}

#[test]
fn the_plan_of_a_copy_shows_the_images_that_move_and_those_that_are_replaced() {
    plan_picture("plan_copy", |size| {
        let mut screen = after(size, &["Space Space", "c"]);
        screen.press("Down Enter");
        screen
    });
}

/// The plan of a copy of Docker's images.
fn plan_of_docker_images(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let ChangeRequest::Copy(request) = request else { return plan(request) };
    let converted = copy::ConvertedManifest {
        source: digest(0xaa),
        digest: digest(0xbb),
        media_type: regtui::model::media_type::OCI_MANIFEST.into(),
    };
    let is_converted = request.format == copy::ManifestFormat::Oci;
    let converted = if is_converted { Box::from([converted]) } else { Box::default() };
    Ok(ChangePlan::Copy(copy::CopyPlan { can_be_converted: true, converted, ..copy_plan(request) }))
}

#[test]
fn the_prompt_and_the_plan_of_a_copy_switch_the_conversion_to_oci() {
    let format = |screen: &Screen| {
        let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
        let Some(ChangeRequest::Copy(request)) = &plan.request else { panic!("a copy: {plan:?}") };
        request.format
    };
    let mut screen = after((120, 40), &["c"]);
    screen.registry.plan = plan_of_docker_images;
    screen.write("prod.example:5000/elsewhere").press("Down Down Down Space");
    assert!(screen.text().contains("[x] convert to OCI: digests change"), "{}", screen.text());
    screen.press("Enter");
    assert_eq!(format(&screen), copy::ManifestFormat::Oci);
    let (old, new) = (digest(0xaa).short(), digest(0xbb).short());
    for part in ["[x] O Docker's manifests to OCI", "digests change, layers stay", &old, &format!("→ {new}")]
    {
        assert!(screen.text().contains(part), "{part}: {}", screen.text());
    }
    screen.press("O");
    assert_eq!(format(&screen), copy::ManifestFormat::Source);
    assert!(screen.text().contains("[ ] O Docker's manifests to OCI"), "{}", screen.text());
    assert!(!screen.text().contains(&new), "{}", screen.text());
    // Images that are no Docker images have no such switch.
    screen.registry.plan = plan;
    screen.press("R O");
    assert!(!screen.text().contains("to OCI"), "{}", screen.text());
    assert_eq!(format(&screen), copy::ManifestFormat::Source);
}

#[test]
fn esc_leads_from_a_plan_back_to_its_prompt_with_the_typed_text() {
    for (key, typed) in [("t", "stable-for-all"), ("c", "prod.example:5000/elsewhere")] {
        let mut screen = after((80, 24), &[key]);
        screen.write(typed).press("Enter");
        assert!(matches!(screen.state.dialogs.as_slice(), [Dialog::Plan(_)]), "{}", screen.text());
        assert!(screen.text().contains("Esc back"), "{}", screen.text());
        screen.press("Esc");
        let text = screen.text();
        assert!(text.contains(&format!("> {typed}")) && text.contains("Esc leave"), "{text}");
        screen.write("r").press("Enter").press("Esc Esc");
        assert!(screen.state.dialogs.is_empty() && screen.started.is_empty(), "{}", screen.text());
        // A plan that was left for good leaves no prompt behind.
        for way in ["q", "h Enter"] {
            screen.press(key).write(typed).press("Enter").press(way);
            assert!(screen.state.dialogs.is_empty() && screen.started.is_empty(), "{way}: {}", screen.text());
        }
    }
}

#[test]
fn while_a_plan_is_looked_up_esc_leads_back_to_its_prompt_too() {
    let mut screen = after((80, 24), &["t"]);
    screen.write("stable");
    screen.wait(300);
    screen.send(Msg::Key(key_of("Enter")));
    screen.send(Msg::Key(key_of("Esc")));
    screen.settle();
    assert!(screen.text().contains("> stable"), "{}", screen.text());
    assert!(matches!(screen.state.dialogs.as_slice(), [Dialog::Retag(_)]));
}

#[test]
fn a_plan_is_no_smaller_than_the_prompt_before_it() {
    for size in PLAN_SIZES {
        for key in ["t", "c"] {
            let mut screen = after(size, &[key]);
            let height = |screen: &Screen| {
                let dialog = screen.state.dialogs.last().expect("a dialog");
                dialog.area(&screen.state).height
            };
            let mut heights = vec![height(&screen)];
            screen.write("localhost:5000/x:y");
            screen.wait(300);
            screen.send(Msg::Key(key_of("Enter")));
            heights.push(height(&screen));
            screen.settle();
            heights.push(height(&screen));
            assert!(heights.is_sorted(), "{key} {size:?}: {heights:?}");
        }
    }
}

#[test]
fn a_command_without_its_argument_says_so_and_keeps_the_completions() {
    for (typed, needs) in
        [("compare ", "which repository"), ("compare", "which repository"), ("sort", "in which order?")]
    {
        let mut screen = after((120, 40), &[":"]);
        screen.write(typed).press("Enter");
        let text = screen.text();
        let line = text.lines().last().expect("a line");
        assert!(line.contains(needs) && line.contains("Tab: "), "{text}");
        assert!(matches!(screen.state.dialogs.as_slice(), [Dialog::CommandLine(_)]));
    }
    let mut screen = after((120, 40), &[":"]);
    screen.write("compare ").press("Enter").press("Tab");
    assert!(screen.text().contains("Enter run  Tab: "), "{}", screen.text());
    screen.press("Enter");
    assert!(matches!(screen.state.dialogs.as_slice(), [Dialog::Comparison(_)]), "{}", screen.text());
}

#[test]
fn the_plan_of_an_undo_shows_possible_and_impossible_steps() {
    plan_picture("plan_undo", |size| after(size, &["z"]));
}

#[test]
fn both_sides_of_a_repository() {
    plan_picture("comparison", |size| after(size, &["C", "* j"]));
}

#[test]
fn the_journal_lists_changes() {
    plan_picture("journal", |size| after(size, &["J j"]));
}

#[test]
fn an_entry_of_the_journal_shows_its_tags() {
    plan_picture("journal_entry", |size| after(size, &["J j Enter"]));
}

fn item(name: &str, outcome: Option<Outcome>) -> ProgressItem {
    let selectors = name.split(' ').next().and_then(|tag| Tag::parse(tag).ok()).map(Selector::Tag);
    ProgressItem { outcome, ..ProgressItem::new(name.to_string(), selectors) }
}

/// Two jobs: one that copies, and one that failed in part.
fn working(size: (u16, u16)) -> Screen {
    let mut screen = after(size, &["Space Space", "d"]);
    screen.wait(300);
    screen.write("team/app").press("Enter");
    let refused = Failure {
        what: "cannot untag nightly".into(),
        why: "403 DENIED: the tag is immutable".into(),
        hint: Some("change the rule of the repository, or untag another one".into()),
        kind: FailureKind::Denied,
    };
    let report = Report {
        items: vec![
            item("1.10.0-rc.1", Some(Outcome::Done("untagged and gone".into()))),
            item("1.4.2", Some(Outcome::Failed(refused))),
        ],
        undo: Some(EntryId("5".into())),
        notes: vec!["one upload could not be closed".into()],
        ..Report::default()
    };
    screen.send(Msg::JobEnded(JobId(1), report));
    screen.settle();
    screen.press("c").press("Down Enter").press("l Enter");
    let items = vec![item("1.10.0-rc.1", None)];
    for (wait, moved) in [(1_000, 0), (1_000, 10_000_000), (4_000, 25_400_000)] {
        screen.wait(wait);
        let progress = Progress {
            items: items.clone(),
            moved,
            total_bytes: 41_100_000,
            now: "layer 2 of 3".into(),
            ..Progress::default()
        };
        screen.send(Msg::Progressed(vec![(JobId(2), progress)]));
    }
    screen.send(Msg::Ticked);
    screen
}

#[test]
fn a_running_job_has_one_line_above_the_hints() {
    plan_picture("job_line", working);
}

#[test]
fn the_jobs_say_how_far_they_are_and_how_they_ended() {
    plan_picture("jobs", |size| {
        let mut screen = working(size);
        screen.press("w");
        screen
    });
}

#[test]
fn an_opened_job_says_how_each_part_ended() {
    plan_picture("job_open", |size| {
        let mut screen = working(size);
        screen.press("w j Enter");
        screen
    });
}

#[test]
fn a_job_with_an_unconfirmed_part_counts_as_failed_and_shows_a_hint() {
    for size in [(80, 24), (150, 42)] {
        let mut screen = after(size, &["Space Space", "d"]);
        screen.wait(300);
        screen.write("team/app").press("Enter");
        let unconfirmed = Failure {
            what: "the change of team/app:1.4.2 is not confirmed".into(),
            why: "the server accepted it and still shows the tag".into(),
            hint: Some("look again later".into()),
            kind: FailureKind::Unconfirmed,
        };
        let items = vec![
            item("1.10.0-rc.1", Some(Outcome::Done("untagged".into()))),
            item("1.4.2", Some(Outcome::Unconfirmed(unconfirmed))),
        ];
        screen.send(Msg::JobEnded(JobId(1), Report { items, ..Report::default() }));
        assert!(screen.text().contains("unconfirmed 1 of 2"), "{}", screen.text());
        screen.press("w");
        assert!(screen.text().contains("1 of 2 unconfirmed"), "{}", screen.text());
        screen.press("Enter");
        let text = screen.text();
        for said in ["unconfirmed  1.4.2", "still shows the tag", "hint: look again later", "r retry failed"]
        {
            assert!(text.contains(said), "{said}:\n{text}");
        }
    }
}

/// A job whose first part failed with a long hint and whose report has many notes; opened.
fn failed_at_length(size: (u16, u16)) -> Screen {
    let mut screen = after(size, &["Space Space", "d"]);
    screen.wait(300);
    screen.write("team/app").press("Enter");
    let failure = Failure {
        what: "cannot untag nightly".into(),
        why: "nothing listens at registry.example:5000, or something on the way refuses connections".into(),
        hint: Some(
            "is a registry running at registry.example:5000, and is the port the right one, up to its end?"
                .into(),
        ),
        kind: FailureKind::Unreachable,
    };
    let notes = (1..=12)
        .map(|n| format!("note {n} is longer than one line of the dialog, and says so at its very end {n}!"));
    let report = Report {
        items: vec![
            item("1.10.0-rc.1", Some(Outcome::Failed(failure))),
            item("1.4.2", Some(Outcome::Stopped)),
        ],
        notes: notes.map(|note| note.into()).collect(),
        ..Report::default()
    };
    screen.send(Msg::JobEnded(JobId(1), report));
    screen.settle();
    screen.press("w Enter");
    screen
}

#[test]
fn an_opened_job_shows_hints_and_notes_to_their_ends() {
    for size in [(50, 15), (80, 24)] {
        let mut screen = failed_at_length(size);
        let mut seen = screen.text();
        for _ in 0..80 {
            screen.press("j");
            seen += &screen.text();
        }
        for end in ["connections", "end?", "end 1!", "end 12!"] {
            assert!(seen.contains(end), "{end} at {size:?}:\n{}", screen.text());
        }
        let last = screen.text();
        screen.press("k");
        assert!(screen.text() != last, "one key leads back from the end");
    }
}

#[test]
fn if_the_remaining_time_is_not_known_its_columns_show_the_amount() {
    let mut screen = working((80, 24));
    let bar = |screen: &Screen| screen.text().lines().rev().find_map(|line| line.find('━'));
    let before = bar(&screen);
    // Nothing moved for a while.
    for _ in 0..3 {
        screen.wait(6_000);
        let progress = Progress {
            items: vec![item("1.10.0-rc.1", None)],
            moved: 25_400_000,
            total_bytes: 41_100_000,
            now: "layer 2 of 3".into(),
            ..Progress::default()
        };
        screen.send(Msg::Progressed(vec![(JobId(2), progress)]));
    }
    screen.send(Msg::Ticked);
    let text = screen.text();
    let line = text.lines().rev().find(|line| line.contains('━')).expect("a job line");
    assert!(line.contains("25.4 MB of 41.1 MB   1 job") && !line.contains("left"), "{text}");
    assert_eq!(bar(&screen), before, "the bar stays where it was:\n{text}");
    screen.press("w");
    let text = screen.text();
    let row = text.lines().find(|line| line.contains("▌ copy")).expect("a row");
    assert!(row.contains("61 %    of 41.1 MB │"), "{text}");
}

#[test]
fn a_job_that_waits_for_a_registry_says_so_until_it_goes_on() {
    let waits = "waits for prod.example: connection refused for 7 s, next try in 2 s";
    let mut screen = working((100, 24));
    let mut progress =
        Progress { total_bytes: 41_100_000, moved: 25_400_000, waiting: waits.into(), ..Progress::default() };
    screen.send(Msg::Progressed(vec![(JobId(2), progress.clone())]));
    assert!(
        screen.text().contains("61 %  waits for prod.example: connection refused for 7 s"),
        "{}",
        screen.text()
    );
    screen.press("w");
    assert!(screen.text().contains(&format!("61 %  {}", &waits[..50])), "{}", screen.text());
    screen.press("Enter");
    assert!(screen.text().contains(waits), "{}", screen.text());
    progress.waiting = "".into();
    screen.send(Msg::Progressed(vec![(JobId(2), progress)]));
    assert!(!screen.text().contains("waits for"), "{}", screen.text());
}

#[test]
fn quitting_while_a_job_runs_asks() {
    plan_picture("quit_with_jobs", |size| {
        let mut screen = working(size);
        screen.press("q");
        screen
    });
}

#[test]
fn a_rename_moves_and_a_pattern_names_each() {
    let mut screen = after((80, 24), &["Space Space", "t"]);
    screen.write("-stable").press("Ctrl-r Enter").press("l Enter");
    let [(_, work)] = screen.started.as_slice() else { panic!("one job: {}", screen.text()) };
    let ChangePlan::Retag(plan) = &**work else { panic!("a retag") };
    assert_eq!(plan.mode, RetagMode::Move);
    let tags: Vec<&str> = plan.steps.iter().map(|step| step.tag.as_str()).collect();
    assert_eq!(tags, ["1.10.0-rc.1-stable", "1.4.2-stable"]);
}

#[test]
fn a_harmless_plan_begins_on_the_button_that_carries_it_out() {
    for (typed, is_harmless) in [("other:free", true), ("taken", false)] {
        let mut screen = after((80, 24), &["t"]);
        screen.write(typed).press("Enter").press("Enter");
        assert_eq!(screen.started.len(), usize::from(is_harmless), "{typed}");
        assert!(screen.state.dialogs.is_empty());
    }
}

#[test]
fn taken_images_are_copied_to_the_repository_under_the_cursor() {
    let mut screen = after((120, 40), &["Space Space", "Y", "p"]);
    assert!(screen.text().contains("the images are from here"), "{}", screen.text());
    screen.press("Esc").press("1 j").press("p");
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    let Some(ChangeRequest::Copy(request)) = &plan.request else { panic!("a copy: {plan:?}") };
    assert_eq!(request.to, repository("prod.example:5000/team/app"));
    assert!(matches!(&request.what, What::Images(images) if images.len() == 2) && request.referrers);
}

#[test]
fn a_comparison_copies_only_tags_that_differ_and_are_on_the_left() {
    let mut screen = after((80, 24), &["C", "*", "p"]);
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    let Some(ChangeRequest::Copy(request)) = &plan.request else { panic!("a copy: {plan:?}") };
    assert_eq!(request.what, What::Images(vec![Selector::Tag(tag("1.4.1")), Selector::Tag(tag("latest"))]));
    screen.press("Esc").press("u g").press("p");
    assert!(screen.text().contains("not now: `1.3.0` is only on the right"), "{}", screen.text());
    screen.press("j");
    assert!(!screen.text().contains("not now"), "a refusal is the answer to one key: {}", screen.text());
}

#[test]
fn a_comparison_in_which_nothing_differs_says_so_and_z_works_in_it() {
    let mut screen = screen((80, 24));
    let mut same = comparison();
    same.rows.iter_mut().for_each(|row| row.standing = Standing::Same);
    let all = same.rows.len();
    screen.registry.comparison = Ok(same);
    screen.press("C").press(".");
    assert!(screen.text().contains(&format!("no tag differs; . shows all {all}")), "{}", screen.text());
    screen.press(".").press("z");
    assert!(matches!(screen.state.dialogs.last(), Some(Dialog::Plan(_))), "{}", screen.text());
}

#[test]
fn a_comparison_that_was_not_made_is_not_called_one_without_a_difference() {
    let mut screen = screen((80, 24));
    screen.registry.comparison = Err(failure(FailureKind::OverBudget));
    screen.press("C").press("p");
    let text = screen.text();
    assert!(text.contains("not compared yet") && !text.contains("no tag differs"), "{text}");
}

#[test]
fn registries_with_long_names_are_told_apart_by_their_ends() {
    let mut screen = screen((150, 42));
    assert!(screen.text().contains("│  prod.example:5000 "), "{}", screen.text());
    screen.press("O").write("123456789012.dkr.eu-west-1.example:5001").press("Enter 1");
    assert!(screen.text().contains("123456789012…example:5001"), "{}", screen.text());
}

#[test]
fn undo_takes_the_last_change_that_is_no_undo() {
    let mut screen = after((80, 24), &["z"]);
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    assert_eq!(plan.request, Some(ChangeRequest::Undo(EntryId("3".into()))));
    screen.registry.journal = entries().split_off(3);
    screen.press("Esc").press("z");
    assert!(screen.state.dialogs.is_empty());
    assert!(screen.text().contains("there is no change that could be undone"), "{}", screen.text());
}

#[test]
fn a_change_of_a_registry_that_is_not_open_here_is_not_undone_by_a_key() {
    let mut screen = screen((120, 40));
    for entry in &mut screen.registry.journal {
        for item in &mut entry.items {
            if entry.id.0 == "3" {
                item.repository = repository("elsewhere.example:5000/team/app");
            }
        }
    }
    screen.press("z");
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    assert_eq!(plan.request, Some(ChangeRequest::Undo(EntryId("2".into()))));
    screen.registry.journal.truncate(2);
    screen.press("Esc").press("z");
    assert!(screen.state.dialogs.is_empty());
    assert!(screen.text().contains("nothing in these registries could be undone"), "{}", screen.text());
    screen.press("J");
    assert!(screen.text().contains("untag 3 tags of team/app · elsewhere.example:5000"), "{}", screen.text());
}

/// Ends the job with entry 2 of the journal, and checks that `z` undoes that entry.
fn undoes_its_own_job(mut screen: Screen) {
    let report = Report { undo: Some(EntryId("2".into())), ..Report::default() };
    screen.send(Msg::JobEnded(JobId(1), report));
    screen.press("z");
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    assert_eq!(plan.request, Some(ChangeRequest::Undo(EntryId("2".into()))));
}

#[test]
fn a_change_of_this_run_is_undone_first() {
    undoes_its_own_job(after((80, 24), &["d", "l Enter"]));
}

#[test]
fn a_change_of_this_run_is_undone_even_if_its_registry_is_not_open() {
    let mut screen = after((120, 40), &["d", "l Enter"]);
    for item in &mut screen.registry.journal[2].items {
        item.repository = repository("elsewhere.example:5000/team/app");
    }
    undoes_its_own_job(screen);
}

#[test]
fn an_entry_that_cannot_be_read_and_may_be_the_last_is_named_in_the_plan() {
    let mut screen = screen((120, 40));
    let mut unreadable = entries().remove(1);
    (unreadable.id, unreadable.state, unreadable.items) =
        (EntryId("5".into()), EntryState::Unreadable, Vec::new());
    screen.registry.journal.insert(0, unreadable);
    screen.press("z");
    assert!(screen.text().contains("undo 5: its entry in the journal cannot be read"), "{}", screen.text());
}

#[test]
fn undo_passes_over_a_change_that_cannot_be_taken_back() {
    let mut screen = screen((80, 24));
    screen.registry.plan = |request| {
        let mut work = plan(request)?;
        if let (ChangePlan::Undo(undo), ChangeRequest::Undo(id)) = (&mut work, request)
            && id.0 == "3"
        {
            undo.of = "retag team/app:1.4.2 → next".into();
            for step in &mut undo.steps {
                step.impossible = Some("the server cannot delete by tag".into());
            }
        }
        Ok(work)
    };
    screen.press("z");
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    assert_eq!(plan.request, Some(ChangeRequest::Undo(EntryId("2".into()))));
    for shown in
        ["undo retag team/app:1.4.2 → next: the server", "undoes     untag", "registry   localhost:5000"]
    {
        assert!(screen.text().contains(shown), "{shown}: {}", screen.text());
    }
    screen.press("Enter");
    assert!(screen.text().contains("nothing was changed"), "{}", screen.text());
}

#[test]
fn a_change_that_another_method_can_take_back_is_not_passed_over() {
    let mut screen = screen((80, 24));
    screen.registry.plan = |request| {
        let mut work = plan(request)?;
        if let ChangePlan::Undo(undo) = &mut work {
            undo.common.methods = vec![Way::Untag, Way::Replace];
            for step in &mut undo.steps {
                (step.before, step.now) = (None, Some(digest(7)));
                step.by_replacement = undo.method == Way::Replace;
                step.impossible = (!step.by_replacement).then(|| "the server does not delete by tag".into());
            }
        }
        Ok(work)
    };
    screen.press("z");
    let request = |screen: &Screen| match screen.state.dialogs.last() {
        Some(Dialog::Plan(plan)) => plan.request.clone(),
        _ => None,
    };
    let last = EntryId("3".into());
    assert_eq!(
        request(&screen),
        Some(ChangeRequest::UndoByReplacement(last.clone())),
        "there is no other way"
    );
    screen.press("Tab");
    assert_eq!(request(&screen), Some(ChangeRequest::Undo(last.clone())), "unless the user chooses it");
    screen.click("○ replace");
    screen.wait(1000);
    assert_eq!(request(&screen), Some(ChangeRequest::UndoByReplacement(last)));
    screen.press("l Enter");
    assert!(
        screen.started.is_empty() && screen.text().contains("Untag by replacement?"),
        "{}",
        screen.text()
    );
    screen.press("Esc").press("Esc");
    assert!(screen.state.dialogs.is_empty() && screen.started.is_empty());
}

#[test]
fn after_new_tags_no_undo_is_promised_that_the_server_cannot_do() {
    let no = || Ability::No("405 UNSUPPORTED".into());
    let table = [
        (Ability::Yes, Ability::Yes, "`z` undoes it"),
        (Ability::Unknown, Ability::Unknown, "`z` may undo it"),
        (no(), Ability::Yes, "`z` may undo it, by replacement"),
        (no(), no(), ""),
    ];
    for (by_tag, by_digest, promise) in table {
        let mut screen = after((120, 40), &["t"]);
        let server = screen.state.registries.items[0].server.value.as_mut().expect("it answered");
        server.deletes = Deletes { by_tag, by_digest };
        screen.write("other:free").press("Enter").press("Enter");
        let report = Report {
            items: vec![item("free", Some(Outcome::Done("".into())))],
            undo: Some(EntryId("5".into())),
            ..Report::default()
        };
        screen.send(Msg::JobEnded(JobId(1), report));
        let text = screen.state.notices.all.back().expect("its end is said").text.to_string();
        assert!(text.starts_with("done: retag team/app:1.10.0-rc.1 → "), "{text}");
        assert!(text.contains(promise) && text.contains("`z`") != promise.is_empty(), "{text}");
        assert!(text.contains(" in localhost:5000"), "two registries are open: {text}");
    }
}

/// The inspection may be answered before the list: a deleted tag is no news then, a remaining one is inspected again.
#[test]
fn an_image_that_went_with_its_tag_is_no_failure() {
    for is_gone in [true, false] {
        let mut screen = after((120, 40), &["d"]);
        screen.press("l Enter");
        let shown = screen.state.tags.selected().expect("a tag").to_string();
        let images = screen.registry.images.get_mut("team/app").expect("it is there");
        let all = images.clone();
        images.as_mut().expect("it answers").retain(|(tag, _)| *tag != shown);
        let report = Report {
            items: vec![item(&shown, Some(Outcome::Done("untagged and gone".into())))],
            ..Report::default()
        };
        screen.send(Msg::JobEnded(JobId(1), report));
        let is_image = |cmd: &Cmd| matches!(cmd, Cmd::Load { slot: Slot::Detail, .. });
        let at = screen.open.iter().position(is_image).expect("the image is asked for");
        let image = screen.open.remove(at).expect("it is there");
        screen.open.push_front(image);
        assert!(screen.answer_one());
        if !is_gone {
            screen.registry.images.insert("team/app".into(), all);
        }
        screen.settle();
        let notices = &screen.state.notices.all;
        assert!(notices.iter().all(|notice| notice.level != Level::Failed), "{notices:?}");
        assert_eq!(screen.text().contains(&format!("› {shown} ")), !is_gone, "{}", screen.text());
        let inspection = &screen.state.detail.inspection;
        assert!(inspection.at.is_some() && inspection.failure.is_none(), "{}", screen.text());
    }
}

/// One of the two tags replaced another image, which can be put back; the other is new and would have to go.
#[test]
fn after_new_and_replaced_tags_undo_is_promised_as_far_as_the_server_can_do_it() {
    let no = || Ability::No("405 UNSUPPORTED".into());
    let table = [
        (Ability::Yes, Ability::Yes, "; `z` undoes it"),
        (Ability::Unknown, Ability::Unknown, "; `z` may undo it"),
        (no(), Ability::Yes, "; `z` may undo it, by replacement"),
        (no(), no(), "; `z` undoes a part of it"),
    ];
    for (by_tag, by_digest, promise) in table {
        let mut screen = after((120, 40), &["Space Space", "c"]);
        screen.press("Down Enter").press("l Enter");
        let mut server = screen.state.registries.items[0].server.value.clone().expect("it answered");
        server.deletes = Deletes { by_tag, by_digest };
        for registry in &mut screen.state.registries.items {
            registry.server.value = Some(server.clone());
        }
        let items = ["1", "2"].map(|name| item(name, Some(Outcome::Done("".into()))));
        let report = Report { items: items.into(), undo: Some(EntryId("5".into())), ..Report::default() };
        let id = screen.started.last().expect("a job").0;
        screen.send(Msg::JobEnded(id, report));
        let text = screen.state.notices.all.back().expect("its end is said").text.to_string();
        assert!(text.ends_with(promise), "{text}");
    }
}

#[test]
fn hints_of_dialogs_name_only_usable_keys_and_how_to_leave() {
    let none = after((80, 24), &["w"]).text();
    assert!(!none.contains("s stop") && !none.contains("r retry failed"), "{none}");
    let mut jobs = working((80, 24));
    jobs.press("w");
    assert!(jobs.text().contains("s stop") && !jobs.text().contains("r retry failed"), "{}", jobs.text());
    jobs.press("j");
    assert!(!jobs.text().contains("s stop") && jobs.text().contains("r retry failed"), "{}", jobs.text());
    jobs.press("Esc").press("q");
    assert!(jobs.text().contains("Esc stay"), "{}", jobs.text());
    let mut journal = after((80, 24), &["J"]);
    assert!(!journal.text().contains("c go on"), "{}", journal.text());
    journal.press("j");
    assert!(journal.text().contains("c go on"), "{}", journal.text());
    for keys in [&["d"][..], &["t"], &["c"], &["C"], &["J"], &["z"]] {
        let narrow = after((40, 10), keys).text();
        assert!(narrow.contains("Esc leave"), "{keys:?}: {narrow}");
    }
}

#[test]
fn waiting_to_leave_ends_with_the_failure_on_the_screen() {
    let failed = Failure {
        what: "cannot copy".into(),
        why: "connection refused".into(),
        hint: None,
        kind: FailureKind::Unreachable,
    };
    for (keys, outcome, leaves) in [
        ("q w", Outcome::Done("".into()), true),
        ("q w", Outcome::Failed(failed.clone()), false),
        ("q s", Outcome::Failed(failed), true),
    ] {
        let mut screen = working((120, 40));
        screen.press(keys);
        assert!(!screen.quit);
        let report = Report { items: vec![item("1", Some(outcome))], ..Report::default() };
        let id = screen.started.last().expect("a job").0;
        screen.send(Msg::JobEnded(id, report));
        screen.settle();
        assert_eq!(screen.quit, leaves, "{keys}: {}", screen.text());
        if !leaves {
            assert!(screen.text().contains("connection refused"), "{}", screen.text());
            screen.press("Esc").press("q");
            assert!(screen.quit, "nothing runs, nothing is asked");
        }
    }
}

#[test]
fn a_change_that_was_cut_off_in_an_earlier_run_is_shown_at_the_start() {
    let started = screen((120, 40)).text();
    assert!(started.contains("cut off: untag 3 tags of team/app · localhost:5000; `J` resumes"), "{started}");
    let mut old = screen((120, 40));
    old.state.notices = Default::default();
    old.clock += jiff::SignedDuration::from_hours(24 * 30);
    let ticket = old.state.tickets.issue();
    old.send(Msg::Answered(
        Slot::InterruptedChanges,
        ticket,
        Answer::InterruptedChanges(entries(), Vec::new()),
    ));
    assert!(old.state.notices.all.is_empty(), "who left it so for weeks knows why");
}

#[test]
fn leaving_waits_for_jobs_or_stops_them_or_is_taken_back() {
    let mut waits = working((80, 24));
    waits.press("q w");
    assert!(!waits.quit && waits.stopped.is_empty());
    waits.send(Msg::JobEnded(JobId(2), Report::default()));
    assert!(waits.quit);

    let mut stops = working((80, 24));
    stops.press("q s");
    assert!(!stops.quit);
    assert_eq!(stops.stopped, [JobId(2)]);
    stops.press("q s");
    assert!(stops.quit, "who asks twice does not wait");

    let mut stays = working((80, 24));
    stays.press("q w").press("q c");
    stays.send(Msg::JobEnded(JobId(2), Report::default()));
    assert!(!stays.quit);
}

#[test]
fn failed_parts_are_planned_again() {
    let mut screen = working((80, 24));
    screen.press("w j r");
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    let Some(ChangeRequest::Delete(request)) = &plan.request else { panic!("a delete: {plan:?}") };
    assert_eq!(request.selectors, [Selector::Tag(tag("1.4.2"))]);
}

#[test]
fn after_a_copy_of_all_tags_only_failed_ones_are_planned_again() {
    let mut screen = after((120, 40), &["2", "c"]);
    screen.write("prod.example:5000/team/app").press("Enter").press("l Enter");
    let failed = Failure { what: "cannot tag".into(), ..failure(FailureKind::Denied) };
    let items = vec![item("1.0", Some(Outcome::Done("".into()))), item("1.1", Some(Outcome::Failed(failed)))];
    screen.send(Msg::JobEnded(JobId(1), Report { items, ..Report::default() }));
    screen.settle();
    screen.press("w r");
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    let Some(ChangeRequest::Copy(request)) = &plan.request else { panic!("a copy: {plan:?}") };
    assert_eq!(request.what, What::Images(vec![Selector::Tag(tag("1.1"))]));
}

#[test]
fn the_end_of_a_job_reloads_the_list_that_it_changed() {
    let mut screen = after((80, 24), &["d", "l Enter"]);
    screen.open.clear();
    let report =
        Report { items: vec![item("1.10.0-rc.1", Some(Outcome::Done("".into())))], ..Report::default() };
    screen.send(Msg::JobEnded(JobId(1), report));
    let asks = screen.open.iter().filter(|cmd| {
        matches!(cmd, regtui::app::cmd::Cmd::Load { slot: regtui::app::questions::Slot::Tags, .. })
    });
    assert_eq!(asks.count(), 1);
}

#[test]
fn a_late_plan_opens_no_dialog() {
    let mut screen = screen((80, 24));
    screen.wait(300);
    screen.send(Msg::Key(key_of("d")));
    screen.wait(300);
    screen.send(Msg::Key(key_of("Esc")));
    screen.settle();
    assert!(screen.state.dialogs.is_empty());
    screen.registry.comparison = Err(failure(FailureKind::Unreachable));
    screen.press("C");
    assert!(screen.text().contains("cannot reach"), "{}", screen.text());
    assert_eq!(now(), super::screen::now());
}

#[test]
fn every_dialog_of_changes_is_drawn_at_any_size() {
    let ways: [&[&str]; 8] =
        [&["d"], &["Space Space", "t"], &["c"], &["c Down Enter"], &["C", "*"], &["J"], &["z"], &["w"]];
    for keys in ways {
        let mut screen = working((120, 40));
        for keys in keys {
            screen.press(keys);
        }
        for columns in [1, 39, 40, 41, 50, 59, 60, 79, 100, 151, 250] {
            for rows in [1, 9, 10, 11, 12, 15, 24, 60] {
                screen.resize((columns, rows));
                assert_eq!(screen.text().lines().count(), usize::from(rows), "{keys:?} {columns} × {rows}");
            }
        }
    }
}
