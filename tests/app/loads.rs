//! The questions that the app asks, their moments, and the answers that come late or fail.

use std::sync::Arc;
use std::time::Duration;

use regtui::app::Pane;
use regtui::app::cmd::Cmd;
use regtui::app::msg::Msg;
use regtui::app::questions::Answer;
use regtui::model::failure::FailureKind;
use regtui::model::inspection::{FoundReferrers, Inspection, ListedReferrer, ReferrerSource};
use regtui::model::manifest::Descriptor;
use regtui::model::media_type::OCI_MANIFEST;
use regtui::model::page::ListedName;
use regtui::model::reference::{Host, Selector};
use regtui::model::request_line::{AwaitedRequest, RequestLine};
use regtui::model::server::{Ability, OwnApiAbilities, Server};
use regtui::model::summary::Kind;
use regtui::model::vendor_lists::{VendorTag, VendorTags};

use crate::support::app::{
    App, REPOSITORIES, TAGS, failed_tags, first_tags, inspection, repositories, repository, server, summary,
    tags,
};
use crate::support::harness::now;
use crate::support::plans::{digest, failure, tag};

#[test]
fn a_registry_is_asked_for_its_properties_and_repositories_and_then_follows_the_cursor() {
    let mut app = App::new("r.test");
    assert_eq!(app.asked(), ["server r.test", "repositories r.test", "interrupted changes"]);
    app.answer_usually("repositories r.test");
    assert_eq!(app.asked(), ["tags a"]);
    app.answer_usually("server r.test");
    app.answer_usually("tags a");
    // The image of the first row brings that row along.
    assert_eq!(app.asked(), ["image a:3", "row a:2", "row a:1"]);
    app.answer_all();
    assert!(app.asked().is_empty() && app.aborted().is_empty() && !app.state.is_loading());
}

/// The vendor tells of many tags with one request, so rows are not read one by one before it is known whether it does.
#[test]
fn rows_wait_a_moment_for_the_registry_to_show_whether_its_vendor_tells_of_tags() {
    let at_tags = || {
        let mut app = App::new("r.test");
        app.answer_usually("repositories r.test");
        app.answer_usually("tags a");
        assert_eq!(app.asked().last().map(String::as_str), Some("image a:3"), "no row is read");
        app
    };
    let mut app = at_tags();
    let question = app.question("server r.test");
    let own_api = OwnApiAbilities { tag_facts: true, ..OwnApiAbilities::default() };
    app.answer(question, Answer::Server(Ok(Server { own_api, ..server() })));
    assert_eq!(app.asked(), ["vendor's tags a"]);
    let question = app.question("vendor's tags a");
    let told = VendorTags { tags: vec![VendorTag::of(tag("1"))], next: None };
    app.answer(question, Answer::VendorTags(Some(told)));
    assert_eq!(app.asked(), ["row a:2"], "only the row that the vendor did not tell of");

    let mut app = at_tags();
    app.answer_usually("server r.test");
    assert_eq!(app.asked(), ["row a:2", "row a:1"], "this vendor tells nothing");

    let mut app = at_tags();
    let question = app.question("server r.test");
    app.answer(question, Answer::Server(Err(failure(FailureKind::Unreachable))));
    assert_eq!(app.asked(), ["row a:2", "row a:1"], "no vendor is known");

    let mut app = at_tags();
    app.wait(900);
    app.send(Msg::Ticked);
    assert_eq!(app.asked(), Vec::<String>::new());
    app.wait(200);
    app.send(Msg::Ticked);
    assert_eq!(app.asked(), ["row a:2", "row a:1"], "the registry is silent");
}

fn waiting(registry: &str, seconds: u64) -> AwaitedRequest {
    AwaitedRequest {
        registry: Host::parse(registry).expect("a host"),
        at: now(),
        method: "GET",
        url: format!("https://{registry}/v2/_catalog").into(),
        waited: Duration::from_secs(seconds),
        attempt: 1,
        tries: 3,
    }
}

#[test]
fn a_long_wait_for_repositories_is_told_and_can_be_cancelled() {
    let mut app = App::new("r.test");
    app.send(Msg::Awaited(vec![waiting("r.test", 1), waiting("other.test", 40)]));
    app.shows("loading…");
    app.send(Msg::Awaited(vec![waiting("r.test", 12)]));
    app.shows("waiting 12 s for");
    app.shows("try 1 of 3");
    app.shows("Esc cancels");
    app.press("Esc");
    assert_eq!(app.aborted(), ["repositories r.test", "server r.test"]);
    app.shows("was cancelled");
    assert_eq!(app.state.focus, Pane::Repositories);
    app.press("r");
    assert!(app.asked().contains(&"repositories r.test".to_string()));
}

#[test]
fn a_long_wait_for_tags_or_an_image_can_be_cancelled() {
    let mut app = App::new("r.test");
    for question in ["server r.test", "repositories r.test"] {
        app.answer_usually(question);
    }
    app.press("l");
    app.send(Msg::Awaited(vec![waiting("r.test", 5)]));
    app.press("Esc");
    assert_eq!(app.aborted(), ["tags a"]);
    app.press("r");
    app.answer_usually("tags a");
    app.press("l");
    app.send(Msg::Awaited(vec![waiting("r.test", 5)]));
    app.press("h");
    assert!(app.aborted().contains(&"image a:3".to_string()));
    assert_eq!(app.state.focus, Pane::Details);
    app.press("h");
    assert_eq!(app.state.focus, Pane::Tags, "nothing is awaited any more");
}

#[test]
fn a_short_wait_does_not_keep_the_user_in_a_pane() {
    let mut app = App::new("r.test");
    app.send(Msg::Awaited(vec![waiting("r.test", 1)]));
    app.press("h");
    assert_eq!((app.state.focus, app.aborted().len()), (Pane::Registries, 0));
}

#[test]
fn the_request_log_lists_requests_that_are_awaited() {
    let mut app = App::at_tags();
    app.send(Msg::Awaited(vec![waiting("r.test", 12)]));
    app.press("@");
    app.shows("1 awaited");
    app.shows("12000 ms");
    app.send(Msg::Awaited(Vec::new()));
    assert!(!app.screen().contains("awaited"));
}

fn ended(path: &str, status: u16) -> Msg {
    Msg::Requested(RequestLine {
        at: now(),
        method: "GET",
        url: format!("https://r.test/v2/{path}").into(),
        status: Some(status),
        took: Duration::from_millis(12),
        bytes: 100,
        attempt: 1,
        failure: None,
        budget: None,
    })
}

#[test]
fn the_request_log_is_searched_and_a_request_is_copied_as_a_command() {
    let mut app = App::at_tags();
    app.send(ended("a/tags/list", 200));
    app.send(ended("a/manifests/3", 200));
    app.send(ended("b/tags/list", 404));
    app.press("@");
    app.shows("METHOD");
    app.shows("Requests 3");
    app.press("/");
    app.type_text("TAGS 200");
    app.shows("Requests 1 of 3");
    app.press("Enter y");
    app.shows("crane ls r.test/a");
    app.press("s");
    let copied = app.cmds().into_iter().find_map(|cmd| match cmd {
        Cmd::Copy(text) => Some(text.as_str().to_string()),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("skopeo list-tags docker://r.test/a"));
    app.press("Esc");
    app.shows("Requests 3");
    app.press("Esc");
    assert!(app.state.dialogs.is_empty());
}

#[test]
fn words_that_no_request_contains_are_told() {
    let mut app = App::at_tags();
    app.send(ended("a/tags/list", 200));
    app.press("@ /");
    app.type_text("quay");
    app.shows("no request contains that");
    app.press("Enter y");
    assert_eq!(app.toast(), "there is no request to copy");
}

#[test]
fn a_late_list_of_another_repository_is_dropped() {
    let mut app = App::loaded();
    app.press("j");
    let late = app.question("tags b");
    app.press("j");
    app.answer(late, tags(&["of-b"]));
    assert_eq!((app.repository(), app.rows()), (Some("c"), vec![]));
    app.answer_usually("tags c");
    assert_eq!(app.rows(), TAGS);
}

#[test]
fn a_late_list_of_the_same_repository_is_dropped() {
    let mut app = App::at_tags();
    app.press("r");
    let late = app.question("tags a");
    app.press("r");
    app.answer(late, tags(&["old"]));
    assert_eq!(app.rows(), TAGS);
    let newer = app.question("tags a");
    app.answer(newer, tags(&["new"]));
    assert_eq!(app.rows(), ["new"]);
}

#[test]
fn a_late_row_of_another_repository_is_dropped() {
    let mut app = App::new("r.test");
    for question in ["server r.test", "repositories r.test", "tags a"] {
        app.answer_usually(question);
    }
    let late = app.question("row a:2");
    app.press("j");
    app.answer_usually("tags b");
    app.answer(late, Answer::Summary(Ok(summary(&repository("a"), "2"))));
    let known = app.state.tags.summaries.values().filter(|row| row.value.is_some());
    assert_eq!((app.repository(), known.count()), (Some("b"), 0));
}

#[test]
fn a_late_image_is_not_shown_under_the_name_of_another() {
    let mut app = App::at_tags();
    app.press("r");
    app.press("4 r");
    let late = app.question("image a:3");
    app.press("3 j");
    let shown = |app: &App| app.state.detail.inspection.value.as_ref().map(|image| image.summary.digest);
    let before = shown(&app);
    app.answer(late, Answer::Inspection(Ok(inspection(&repository("a"), &Selector::Tag(tag("3"))))));
    assert_eq!(app.cursor(), Some("2"));
    assert_eq!(shown(&app), before);
    app.answer_all();
    assert_eq!(shown(&app), Some(digest("a:2")));
}

/// An image whose referrers are searched for.
fn image_with_awaited_referrers(name: &str) -> Arc<Inspection> {
    let image = inspection(&repository("a"), &Selector::Tag(tag(name)));
    Arc::new(Inspection { are_referrers_awaited: true, ..(*image).clone() })
}

fn found_one() -> FoundReferrers {
    let descriptor = Descriptor {
        media_type: OCI_MANIFEST.into(),
        digest: Some(digest("a signature")),
        digest_text: digest("a signature").to_string(),
        size: Some(7),
        platform: None,
        artifact_type: None,
        urls: Default::default(),
        annotations: Default::default(),
    };
    let referrer = ListedReferrer { kinds: vec![Kind::Signature], descriptor, found: ReferrerSource::Api };
    FoundReferrers {
        of_image: vec![referrer].into(),
        of_variants: Vec::new(),
        incomplete: None,
        api: Ability::Yes,
    }
}

#[test]
fn referrers_are_asked_for_after_the_image_is_shown_and_given_up_with_it() {
    let mut app = App::new("r.test");
    app.answer_usually("repositories r.test");
    app.answer_usually("tags a");
    app.asked();
    let question = app.question("image a:3");
    app.answer(question, Answer::Inspection(Ok(image_with_awaited_referrers("3"))));
    assert_eq!(app.asked(), ["referrers a"]);
    assert!(app.state.detail.inspection.value.is_some() && app.state.is_loading());
    app.press("l j");
    assert_eq!(app.aborted(), ["referrers a"]);
    app.press("k");
    assert!(
        app.asked().contains(&"referrers a".to_string()),
        "the image was kept, and its referrers were not found yet"
    );
    let question = app.question("referrers a");
    app.answer(question, Answer::Referrers(found_one()));
    app.press("] ]");
    app.shows("signature");
}

#[test]
fn referrers_stay_on_the_screen_while_they_are_searched_for_again() {
    let mut app = App::at_tags();
    app.press("4 r");
    let question = app.question("image a:3");
    app.answer(question, Answer::Inspection(Ok(image_with_awaited_referrers("3"))));
    let question = app.question("referrers a");
    app.answer(question, Answer::Referrers(found_one()));
    app.press("] ]");
    app.shows("signature");
    app.press("r");
    let question = app.question("image a:3");
    app.answer(question, Answer::Inspection(Ok(image_with_awaited_referrers("3"))));
    app.shows("signature");
    let question = app.question("referrers a");
    app.answer(question, Answer::Referrers(FoundReferrers { of_image: Vec::new().into(), ..found_one() }));
    assert!(!app.screen().contains("Referrers"), "they are gone");
}

#[test]
fn a_late_catalog_is_dropped_after_a_refresh() {
    let mut app = App::new("r.test");
    let question = app.question("repositories r.test");
    app.press("r");
    app.answer(question, repositories(&["late"]));
    let registry = app.state.registries.selected().expect("a registry");
    assert!(registry.repositories.names.items.is_empty() && registry.repositories.names.is_loading());
}

#[test]
fn moving_down_and_up_again_asks_nothing_new() {
    let mut app = App::at_tags();
    app.press("j");
    app.answer_all();
    app.press("j");
    app.answer_all();
    app.asked();
    app.press("k k j j");
    assert!(app.asked().is_empty() && app.aborted().is_empty());
    app.press("2 j");
    app.answer_all();
    app.asked();
    app.press("k j k");
    assert!(app.asked().is_empty());
    assert_eq!(app.rows(), TAGS);
}

#[test]
fn an_image_that_its_row_knows_is_asked_for_by_its_digest() {
    let mut app = App::at_tags();
    app.press("j");
    assert_eq!(app.asked(), [format!("image a@{}", digest("a:2").short())]);
}

#[test]
fn rows_and_images_are_asked_for_once_each() {
    let mut app = App::new("r.test");
    app.answer_all();
    app.press("l j");
    app.answer_all();
    app.press("j");
    app.answer_all();
    let mut asked = app.asked();
    asked.retain(|question| question.starts_with("row ") || question.starts_with("image "));
    let by_digest = |name: &str| format!("image a@{}", digest(name).short());
    assert_eq!(asked, ["image a:3", "row a:2", "row a:1", &by_digest("a:2"), &by_digest("a:1")]);
}

/// The first screen comes at once; after that, the cursor may move on.
#[test]
fn a_question_waits_until_the_cursor_rests_and_the_next_move_aborts_it() {
    let mut app = App::new("r.test");
    app.answer_usually("repositories r.test");
    let first = app.question("tags a");
    assert_eq!(first.delay, Duration::ZERO);
    app.answer(first, tags(&TAGS));
    app.answer_all();
    app.press("j");
    app.aborted();
    app.press("j");
    assert_eq!(app.aborted(), ["tags b"]);
    assert!(app.question("tags c").delay >= Duration::from_millis(50));
}

/// Returns an app at the tags `t00`, `t01` and so on, in order of their names, with no row answered.
fn at_many(count: usize) -> App {
    let names: Vec<String> = (0..count).map(|number| format!("t{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut app = App::new("r.test/a");
    app.press("s n");
    app.answer_usually("server r.test");
    let question = app.question("tags a");
    app.answer(question, tags(&names));
    app
}

/// Answers rows until none is open, and returns them in the order of the questions.
fn answer_rows(app: &mut App) -> Vec<String> {
    let mut rows = Vec::new();
    loop {
        let asked = app.asked();
        let asked = asked.into_iter().filter(|question| question.starts_with("row "));
        let next: Vec<String> = asked.collect();
        if next.is_empty() {
            return rows;
        }
        next.iter().for_each(|question| app.answer_usually(question));
        rows.extend(next);
    }
}

#[test]
fn visible_rows_come_first_and_rows_far_away_are_not_asked_for() {
    let mut app = at_many(99);
    app.answer_usually("image a:t00");
    let height = app.state.tags.list.height;
    let rows = answer_rows(&mut app);
    let expected: Vec<String> =
        (1..height + height / 2).map(|number| format!("row a:t{number:02}")).collect();
    assert_eq!(rows, expected);
}

#[test]
fn visible_rows_are_asked_for_at_once_and_rows_that_were_scrolled_away_are_given_up() {
    let mut app = at_many(99);
    let asked: Vec<String> =
        app.asked().into_iter().filter(|question| question.starts_with("row ")).collect();
    assert_eq!(asked.len(), 31, "of 32, the image under the cursor brings one along");
    app.press("G");
    let mut aborted: Vec<String> =
        app.aborted().into_iter().filter(|question| question.starts_with("row ")).collect();
    aborted.sort();
    // Those just above the rows that are visible now stay.
    assert_eq!(aborted, asked[..aborted.len()]);
    assert!(aborted.len() > 20, "{aborted:?}");
    let first = 99 - app.state.tags.list.height;
    assert_eq!(
        app.asked().iter().find(|question| question.starts_with("row ")),
        Some(&format!("row a:t{first}"))
    );
}

#[test]
fn an_order_by_date_asks_for_every_row_once_and_for_visible_ones_first() {
    let mut app = at_many(99);
    app.press("s d G");
    let first_visible = app.state.tags.list.offset;
    let mut rows = answer_rows(&mut app);
    let number = |row: &String| row.trim_start_matches("row a:t").parse::<usize>().expect("a number");
    // Thirty-one rows at the top were asked for before.
    assert!(rows[31..33].iter().all(|row| number(row) <= 98 - first_visible), "{first_visible}: {rows:?}");
    rows.sort();
    let all = rows.len();
    rows.dedup();
    assert_eq!((rows.len(), all), (98, 98), "the first image brings its row along");
}

#[test]
fn facts_about_repositories_are_asked_for_visible_rows_but_not_for_the_one_whose_tags_are_read() {
    let mut app = App::new("r.test");
    app.answer_usually("server r.test");
    let names: Vec<String> = (0..500).map(|number| format!("n{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let question = app.question("repositories r.test");
    app.answer(question, repositories(&names));
    assert!(app.asked_facts().is_empty(), "the tags and the image under the cursor come first");
    app.answer_usually("tags n000");
    app.answer_usually("image n000:3");
    let asked = app.asked_facts();
    assert_eq!(asked, (1..9).map(|number| format!("facts n{number:03}")).collect::<Vec<_>>());
    app.answer_all();
    let asked = app.asked_facts().len() + 8;
    assert!(asked < 40, "{asked} of 500 repositories");
    app.shows("TAGS");
    app.press("s t");
    app.shows(&format!("{} of 500 known", 1 + asked));
    app.answer_all();
    assert_eq!(app.asked_facts().len(), 0, "the rows with known facts are the visible ones now");
}

#[test]
fn a_failed_list_is_not_asked_for_again_before_the_user_says_so() {
    let mut app = App::new("r.test");
    app.answer_usually("repositories r.test");
    let question = app.question("tags a");
    app.answer(question, failed_tags(failure(FailureKind::Unreachable)));
    assert!(app.state.tags.tags.failure.is_some() && !app.state.tags.tags.is_loading());
    app.asked();
    app.send(Msg::Ticked);
    assert!(app.asked().is_empty());
    app.press("l r");
    assert_eq!(app.asked(), ["tags a"]);
    app.answer_usually("tags a");
    assert!(app.state.tags.tags.failure.is_none());
    assert_eq!(app.rows(), TAGS);
}

#[test]
fn old_rows_stay_if_a_refresh_fails_and_the_messages_say_why() {
    let mut app = App::at_tags();
    app.press("r");
    let question = app.question("tags a");
    app.answer(question, failed_tags(failure(FailureKind::Denied)));
    assert_eq!(app.rows(), TAGS);
    let said = app.state.notices.all.back().expect("a message").text.as_str();
    assert_eq!((said, app.toast()), ("not refreshed: cannot do it: 500", ""));
}

#[test]
fn a_failed_image_is_asked_for_again_in_details_and_not_by_itself() {
    let mut app = App::at_tags();
    app.press("j");
    let by_digest = format!("image a@{}", digest("a:2").short());
    let question = app.question(&by_digest);
    app.answer(question, Answer::Inspection(Err(failure(FailureKind::Busy))));
    app.asked();
    app.send(Msg::Ticked);
    assert!(app.asked().is_empty() && app.state.detail.inspection.failure.is_some());
    app.press("l r");
    assert_eq!((app.state.focus, app.asked()), (Pane::Details, vec!["image a:2".to_string()]));
}

#[test]
fn loads_of_a_repository_end_when_the_cursor_leaves_it() {
    let mut app = App::new("r.test");
    app.answer_usually("server r.test");
    app.answer_usually("repositories r.test");
    app.answer_usually("tags a");
    app.asked();
    app.press("j");
    let mut aborted = app.aborted();
    aborted.sort();
    assert_eq!(aborted, ["image a:3", "row a:1", "row a:2"]);
    assert!(!app.asked().iter().any(|question| question.contains("a:")), "nothing of it is asked for again");
}

#[test]
fn the_image_is_not_loaded_any_more_if_a_filter_hides_its_row() {
    let mut app = App::at_tags();
    app.press("j /");
    app.aborted();
    app.type_text("none");
    assert_eq!(app.aborted(), [format!("image a@{}", digest("a:2").short())]);
    assert!(app.rows().is_empty() && app.state.detail.image.is_none());
    assert!(!app.state.is_loading());
}

#[test]
fn a_repository_is_shown_again_from_memory_and_asked_for_again_when_that_is_old() {
    let mut app = App::loaded();
    app.press("j");
    app.answer_all();
    app.asked();
    app.wait(50_000);
    app.press("k");
    assert!(app.asked().is_empty(), "it is a minute old at most");
    assert_eq!(app.rows(), TAGS);
    app.wait(50_000);
    app.press("j k");
    assert_eq!(app.rows(), TAGS, "old rows are shown");
    assert!(app.asked().contains(&"tags a".to_string()));
}

#[test]
fn pages_are_asked_for_one_by_one_and_shown_as_they_come() {
    let mut app = App::new("r.test/a");
    let question = app.question("tags a");
    app.asked();
    app.answer(question, first_tags(&["9", "8"]));
    assert_eq!(app.rows(), ["9", "8"]);
    assert_eq!(app.asked()[0], "more tags a");
    let question = app.question("more tags a");
    app.answer(question, tags(&["7"]));
    assert_eq!(app.rows(), ["9", "8", "7"]);
    assert!(app.state.tags.tags.complete);
}

#[test]
fn a_refresh_replaces_the_rows_only_when_its_last_page_is_there() {
    let mut app = App::at_tags();
    app.press("j k r");
    let question = app.question("tags a");
    app.answer(question, first_tags(&["9"]));
    assert_eq!(app.rows(), TAGS);
    let question = app.question("more tags a");
    app.answer(question, tags(&["3"]));
    assert_eq!(app.rows(), ["9", "3"]);
    assert_eq!(app.cursor(), Some("3"), "the cursor stays on its tag");
}

#[test]
fn marks_survive_sorting_and_refreshing_and_a_refresh_leaves_the_cursor_on_its_tag() {
    let mut app = App::at_tags();
    app.press("j Space");
    assert_eq!((app.marked(), app.cursor()), (vec!["2"], Some("1")));
    app.press("s n");
    assert_eq!((app.rows(), app.marked(), app.cursor()), (vec!["1", "2", "3"], vec!["2"], Some("1")));
    app.answer_all();
    app.press("s d");
    assert_eq!((app.rows(), app.marked()), (vec!["3", "2", "1"], vec!["2"]));
    app.press("G r");
    let question = app.question("tags a");
    app.answer(question, tags(&["2", "5", "3", "1"]));
    assert_eq!((app.marked(), app.cursor()), (vec!["2"], Some("1")));
}

/// By opening an image, the user chose its row, even if the cursor never moved.
#[test]
fn later_pages_do_not_change_the_image_that_the_user_opened() {
    let mut app = App::new("r.test/a");
    let question = app.question("tags a");
    app.answer(question, first_tags(&["1", "2"]));
    assert_eq!(app.cursor(), Some("2"));
    app.press("Enter");
    assert_eq!(app.state.focus, Pane::Details);
    let question = app.question("more tags a");
    app.answer(question, tags(&["3", "4"]));
    assert_eq!((app.rows(), app.cursor()), (vec!["4", "3", "2", "1"], Some("2")));
}

/// Answers move rows too: a key that was pressed for one row must not act on the row that took its place.
#[test]
fn a_key_that_follows_a_row_that_moved_by_itself_has_to_be_pressed_again() {
    for key in ["d", "t", "c", "Y", "y", "Space"] {
        let mut app = App::at_tags();
        app.press("j r");
        let question = app.question("tags a");
        app.answer(question, tags(&["3", "1"]));
        assert_ne!(app.cursor(), Some("2"), "{key}");
        let has_acted = |app: &App| {
            !app.state.dialogs.is_empty() || !app.marked().is_empty() || app.state.taken.is_some()
        };
        app.press_at_once(key);
        assert!(!has_acted(&app), "{key}");
        assert!(app.toast().contains("has just changed: press the key again"), "{key}: {}", app.toast());
        app.press(key);
        assert!(has_acted(&app), "{key}: what is highlighted now could be read");
    }
}

#[test]
fn ranges_wait_for_the_rest_of_a_list_that_still_loads() {
    let mut app = App::new("r.test/a");
    let question = app.question("tags a");
    app.answer(question, first_tags(&TAGS));
    for key in ["v", "*"] {
        app.press(key);
        assert_eq!(
            app.toast(),
            "the list is still loading, 3 so far: ranges and `*` wait for the rest; Space marks one"
        );
        assert!(app.marked().is_empty());
    }
    app.press("Space");
    assert_eq!(app.marked(), ["3"]);
    let question = app.question("more tags a");
    app.answer(question, tags(&["0"]));
    app.press("Esc *");
    assert_eq!(app.marked().len(), 4);
}

#[test]
fn lost_marks_are_told_after_a_refresh() {
    let mut app = App::at_tags();
    app.press("Space Space Space r");
    let question = app.question("tags a");
    app.answer(question, tags(&["1"]));
    assert_eq!((app.marked(), app.toast()), (vec!["1"], "2 marked names no longer exist"));
}

#[test]
fn an_answer_to_a_closed_comparison_changes_nothing() {
    let mut app = App::loaded();
    app.press(":");
    app.type_text("compare b");
    app.press("Enter");
    let late = app.question("comparison a b");
    app.press("Esc");
    assert!(app.state.dialogs.is_empty());
    let before = format!("{:?}", app.state);
    app.answer(late, Answer::Comparison(Err(failure(FailureKind::Denied))));
    assert_eq!(format!("{:?}", app.state), before);
}

#[test]
fn the_first_repository_is_under_the_cursor_and_names_that_are_none_are_never_asked_for() {
    let mut app = App::new("r.test");
    let question = app.question("repositories r.test");
    app.answer(question, repositories(&REPOSITORIES));
    assert_eq!(app.repository(), Some("a"));
    let question = app.question("tags a");
    app.asked();
    let names = [ListedName::Malformed("not a tag".into()), ListedName::Named(tag("1"))];
    let page = regtui::model::page::Page { items: names.into(), next: None, incomplete: None, source: None };
    app.answer(question, Answer::Tags(Ok(page)));
    app.press("G g");
    assert!(app.asked().iter().all(|question| !question.contains("not a tag")));
}

#[test]
fn a_registry_is_closed_and_the_next_one_is_shown() {
    let mut app = App::loaded();
    app.press(":");
    app.type_text("open other.test/");
    app.press("Enter");
    assert_eq!(app.state.registries.items.len(), 2);
    app.press("1 x");
    assert!(app.aborted().iter().any(|question| question == "repositories other.test"));
    assert_eq!(app.toast(), "closed other.test");
    assert_eq!((app.state.registries.items.len(), app.repository()), (1, Some("a")));
    app.press("1 x");
    app.shows("Open");
    assert!(app.state.registries.items.is_empty() && app.repository().is_none());
}

#[test]
fn commands_are_recalled_and_listed_repositories_are_completed() {
    let mut app = App::loaded();
    for command in ["sort name", "sort date"] {
        app.press(":");
        app.type_text(command);
        app.press("Enter");
    }
    app.press(": Up Up");
    app.shows(":sort name");
    app.press("Down");
    app.shows(":sort date");
    app.press("Esc :");
    app.type_text("open r.test/b");
    app.press("Tab");
    app.shows(":open r.test/b");
    app.press("Esc :");
    app.type_text("open r.");
    app.press("Tab Tab");
    app.shows(":open r.test/b");
}
