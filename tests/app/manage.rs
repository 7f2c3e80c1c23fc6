//! Changes from the keyboard, on registries in memory: the user reads a plan, confirms it, and takes it back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use regtui::app::msg::Msg;
use regtui::app::notices::Level;
use regtui::app::settings::AppSettings;
use regtui::demo::faults::Fault;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{self, Demo, Store};
use regtui::model::change::rules::Rules;
use regtui::model::digest::Digest;
use regtui::model::reference::Target;

use crate::support::harness::Harness;
use crate::support::registry;

/// An image with three tags, and two others.
fn images() -> Store {
    let store = Store::new();
    let layer = |name: &str| DemoLayer::of(&[("file", name)]);
    store.image("team/app").layer("COPY a /", layer("a")).tag("3").tag("3.1").tag("latest").push();
    store.image("team/app").layer("COPY b /", layer("b")).tag("2").push();
    store.image("team/app").layer("COPY c /", layer("c")).tag("1").push();
    store
}

async fn open(settings: demo::DemoSettings) -> Harness {
    Harness::open(settings, images(), "/team/app").await
}

fn tags(demo: &Demo) -> BTreeMap<String, Digest> {
    let store = demo.store();
    let digest = |tag: &String| store.digest_of("team/app", tag).expect("a tag has a digest");
    store.tags("team/app").into_iter().map(|tag| (tag.clone(), digest(&tag))).collect()
}

fn names(demo: &Demo) -> Vec<String> {
    tags(demo).into_keys().collect()
}

/// Goes to a tag by the filter.
async fn go_to(harness: &mut Harness, tag: &str) {
    harness.press("/").await.type_text(tag).await.press("Enter").await;
}

fn cannot_untag() -> demo::DemoSettings {
    demo::DemoSettings { delete_by_tag: false, ..demo::DemoSettings::default() }
}

#[tokio::test]
async fn in_repositories_d_deletes_all_tags_after_the_name_was_typed_and_is_undone() {
    let mut harness = open(demo::DemoSettings::default()).await;
    let before = tags(&harness.demo);
    harness.press("h d").await;
    harness.shows("keep listing a repository without tags");
    harness.shows("type team/app to untag");
    harness.type_text("team/app").await.press("Enter").await;
    harness.shows("`z` undoes it");
    assert!(names(&harness.demo).is_empty());
    harness.press("Esc z").await;
    harness.shows("put back");
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before);
}

#[tokio::test]
async fn untagging_one_of_three_leaves_the_others_and_is_undone() {
    let mut harness = open(demo::DemoSettings::default()).await;
    let before = tags(&harness.demo);
    go_to(&mut harness, "3.1").await;
    harness.press("d").await;
    harness.shows("● untag");
    harness.shows("stays      3, latest");
    assert_eq!(tags(&harness.demo), before, "a plan changes nothing");
    harness.press("l Enter").await;
    harness.shows("`z` undoes it");
    assert_eq!(names(&harness.demo), ["1", "2", "3", "latest"]);
    harness.press("Esc Esc").await;
    harness.does_not_show("3.1");
    harness.press("z").await;
    harness.shows("put back");
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before);
    harness.press("Esc").await;
    harness.shows("3.1");
}

/// The image that was shown was deleted with its tag: its 404 is no news.
#[tokio::test]
async fn an_image_that_a_job_deleted_is_no_failure() {
    for lists_nothing in [false, true] {
        let mut harness = open(demo::DemoSettings::default()).await;
        go_to(&mut harness, "3.1").await;
        harness.press("d").await;
        let has_deleted = AtomicBool::new(false);
        harness.demo.fault(move |request, _| {
            let is_list = request.path.ends_with("/tags/list") && has_deleted.load(Ordering::SeqCst);
            has_deleted.fetch_or(request.method == "DELETE", Ordering::SeqCst);
            let unknown = || Fault::answer(404, &[], r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#);
            (is_list && lists_nothing).then(unknown)
        });
        harness.press("l Enter").await;
        assert_eq!(names(&harness.demo), ["1", "2", "3", "latest"]);
        harness.shows("`z` undoes it");
        harness.press("Esc Esc").await;
        harness.does_not_show("3.1");
        let failed: Vec<_> =
            harness.state.notices.all.iter().filter(|it| it.level == Level::Failed).collect();
        assert!(failed.is_empty(), "{failed:?}");
    }
}

/// A tag that stays is inspected again, and by its name: it may point to another image now.
#[tokio::test]
async fn a_tag_that_a_job_moved_is_inspected_again() {
    let mut harness = open(demo::DemoSettings::default()).await;
    let before = tags(&harness.demo);
    go_to(&mut harness, "2").await;
    harness.press("t").await.press("Ctrl-u").await.type_text("latest").await.press("Enter").await;
    harness.shows("latest");
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo)["latest"], before["2"]);
    harness.press("Esc Esc").await;
    go_to(&mut harness, "latest").await;
    let shown =
        |harness: &Harness| harness.state.detail.inspection.value.as_ref().map(|it| it.summary.digest);
    assert_eq!(shown(&harness), Some(before["2"]));
    harness.press("z").await;
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before);
    assert_eq!(shown(&harness), Some(before["latest"]), "{}", harness.screen());
}

#[tokio::test]
async fn deleting_an_image_says_which_other_tags_go() {
    let mut harness = open(demo::DemoSettings::default()).await;
    go_to(&mut harness, "3.1").await;
    harness.press("d").await.press("Tab").await;
    harness.shows("also goes  3, latest");
    harness.shows("garbage collection");
    harness.shows("type team/app to delete 1 image, 3 tags");
    harness.press("l Enter").await;
    assert_eq!(names(&harness.demo).len(), 5, "two tags that were not named would go");
    harness.press("Backspace").await.type_text("team/app").await.press("Enter").await;
    assert_eq!(names(&harness.demo), ["1", "2"]);
}

#[tokio::test]
async fn if_the_server_cannot_untag_no_other_method_is_used_unasked() {
    let mut harness = open(cannot_untag()).await;
    let before = tags(&harness.demo);
    go_to(&mut harness, "3.1").await;
    harness.press("d").await;
    harness.shows("blocked");
    harness.shows("○ replace");
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before, "it cannot be confirmed");
    harness.press("d").await.press("Tab").await;
    harness.shows("● replace");
    harness.press("l Enter").await;
    harness.shows("Untag by replacement?");
    assert_eq!(tags(&harness.demo), before, "it is asked for itself");
    harness.press("l Enter").await;
    let after = tags(&harness.demo);
    assert_eq!(after.keys().collect::<Vec<_>>(), ["1", "2", "3", "latest"]);
    assert!(after.iter().all(|(tag, digest)| before[tag] == *digest));
}

/// The method that also removes tags which were not named comes last, and asks for more.
#[tokio::test]
async fn if_the_server_cannot_untag_the_image_goes_only_with_the_name_typed() {
    let mut harness = open(cannot_untag()).await;
    let before = tags(&harness.demo);
    go_to(&mut harness, "3.1").await;
    harness.press("d").await.press("Tab").await.press("Tab").await;
    harness.shows("● delete image");
    harness.press("l Enter").await;
    harness.shows("that is not the name");
    assert_eq!(tags(&harness.demo), before);
    harness.press("Tab").await;
    harness.shows("● untag");
}

#[tokio::test]
async fn if_the_server_cannot_untag_a_new_tag_is_taken_back_by_replacement() {
    let mut harness = open(cannot_untag()).await;
    let before = tags(&harness.demo);
    go_to(&mut harness, "3.1").await;
    harness
        .press("t")
        .await
        .press("Ctrl-u")
        .await
        .type_text("next")
        .await
        .press("Enter")
        .await
        .press("Enter")
        .await;
    let retagged = tags(&harness.demo);
    assert_eq!(retagged["next"], before["3.1"], "{}", harness.screen());
    harness.press("Esc Esc z").await;
    for shown in ["○ untag", "● replace", "untagged by replacement", "Tab method"] {
        harness.shows(shown);
    }
    harness.press("Tab").await;
    for shown in ["blocked", "● untag", "○ replace", "untag by replacement manifests"] {
        harness.shows(shown);
    }
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), retagged, "it cannot be confirmed");
    harness.press("z").await;
    harness.press("l Enter").await;
    harness.shows("Untag by replacement?");
    assert_eq!(tags(&harness.demo), retagged, "it is asked for itself");
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before, "{}", harness.screen());
    harness.press("Esc Esc").await;
    harness.does_not_show("next");
}

#[tokio::test]
async fn if_the_server_cannot_untag_a_rename_is_refused_or_goes_by_replacement() {
    let mut harness = open(cannot_untag()).await;
    let before = tags(&harness.demo);
    go_to(&mut harness, "3.1").await;
    harness.press("t").await.press("Ctrl-u").await.type_text("next").await.press("Ctrl-r Enter").await;
    for shown in ["blocked", "would stay", "● untag", "○ replace", "Tab method"] {
        harness.shows(shown);
    }
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before, "it cannot be confirmed");
    harness.press("t").await.press("Ctrl-u").await.type_text("next").await.press("Ctrl-r Enter").await;
    harness.press("Tab").await;
    harness.shows("Rename 1 tag by replacement");
    harness.press("l Enter").await;
    harness.shows("Untag by replacement?");
    assert_eq!(tags(&harness.demo), before, "it is asked for itself");
    harness.press("l Enter").await;
    let mut expected = before.clone();
    let image = expected.remove("3.1").expect("it was there");
    expected.insert("next".into(), image);
    assert_eq!(tags(&harness.demo), expected, "{}", harness.screen());
    harness.press("Esc Esc z").await.press("l Enter").await.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before, "{}", harness.screen());
}

#[tokio::test]
async fn more_than_one_digest_is_deleted_only_with_the_name_typed() {
    let mut harness = open(demo::DemoSettings::default()).await;
    harness.press("* d").await;
    harness.shows("type team/app to");
    harness.press("l").await.press("Enter").await;
    harness.shows("that is not the name");
    assert_eq!(names(&harness.demo).len(), 5);
    harness.press("Backspace").await.type_text("team/app").await.press("Enter").await;
    assert!(names(&harness.demo).is_empty(), "{}", harness.screen());
}

#[tokio::test]
async fn a_tag_that_moved_after_the_plan_is_left_alone() {
    let mut harness = open(demo::DemoSettings::default()).await;
    go_to(&mut harness, "3.1").await;
    harness.press("d").await;
    let other = harness.demo.store().digest_of("team/app", "2").expect("a tag");
    harness.demo.store().tag("team/app", "3.1", other);
    harness.press("l Enter").await;
    assert_eq!(harness.demo.store().digest_of("team/app", "3.1"), Some(other));
    harness.press("w Enter").await;
    harness.shows("moved");
}

#[tokio::test]
async fn marked_tags_get_new_ones_by_a_pattern() {
    let mut harness = open(demo::DemoSettings::default()).await;
    let before = tags(&harness.demo);
    harness.press("* t").await.type_text("-old").await;
    harness.shows("latest → latest-old");
    harness.press("Enter").await.press("Enter").await;
    let after = tags(&harness.demo);
    assert_eq!(after.len(), 10);
    assert!(before.iter().all(|(tag, digest)| after[&format!("{tag}-old")] == *digest));
    harness.press("Esc Esc").await;
    harness.shows("latest-old");
}

#[tokio::test]
async fn an_image_is_copied_to_another_registry_and_compared() {
    let source = Demo::start(demo::DemoSettings::default(), images()).await.expect("a free port");
    let other = Demo::start(demo::DemoSettings::default(), Store::new()).await.expect("a free port");
    let target =
        |demo: &Demo, path: &str| Target::parse(&format!("{}{path}", demo.address())).expect("a target");
    let targets = vec![target(&source, "/team/app"), target(&other, "/")];
    let mut harness = Harness::with(source, targets, AppSettings::default(), registry::settings()).await;
    harness.press("3").await;
    go_to(&mut harness, "3.1").await;
    harness.press("c").await;
    harness.shows(&format!("{}/team/app", other.address()));
    harness.press("Down Enter").await;
    harness.shows("blobs");
    harness.press("Enter").await;
    let before = tags(&harness.demo);
    assert_eq!(tags(&other), BTreeMap::from([("3.1".to_string(), before["3.1"])]), "{}", harness.screen());
    harness.press("Esc Esc").await.press("C").await;
    harness.shows("1 same, 4 missing");
    harness.press("*").await.press("p").await;
    harness.press("Enter").await;
    assert_eq!(tags(&other), before, "{}", harness.screen());
    harness.shows("5 same");
}

#[tokio::test]
async fn taken_images_are_copied_to_the_repository_under_the_cursor() {
    let mut harness = open(demo::DemoSettings::default()).await;
    go_to(&mut harness, "2").await;
    harness.press("Y").await.press(":").await.type_text("open team/other").await.press("Enter").await;
    harness.press("2").await.press("p").await.press("Enter").await;
    assert_eq!(harness.demo.store().tags("team/other"), ["2"], "{}", harness.screen());
}

#[tokio::test]
async fn the_journal_undoes_any_entry() {
    let mut harness = open(demo::DemoSettings::default()).await;
    for tag in ["2", "latest"] {
        go_to(&mut harness, tag).await;
        harness.press("d").await.press("l Enter").await;
        harness.press("Esc Esc").await;
    }
    assert_eq!(names(&harness.demo), ["1", "3", "3.1"]);
    harness.press("J").await;
    harness.shows("untag team/app:latest");
    harness.press("j z").await;
    harness.shows("undoes     untag team/app:2");
    harness.press("l Enter").await;
    assert_eq!(names(&harness.demo), ["1", "2", "3", "3.1"]);
}

#[tokio::test]
async fn read_only_refuses_every_key_that_changes() {
    let demo = Demo::start(demo::DemoSettings::default(), images()).await.expect("a free port");
    let target = Target::parse(&format!("{}/team/app", demo.address())).expect("a target");
    let rules = Rules { read_only: Some("`--read-only`"), rules: Vec::new(), ..Rules::default() };
    let settings = AppSettings { rules, ..AppSettings::default() };
    let mut harness = Harness::with(demo, vec![target], settings, registry::settings()).await;
    for key in ["t", "d"] {
        harness.press(key).await;
        harness.shows("`--read-only` refuses every change");
        harness.press("Esc").await;
    }
}

/// Switches that are turned in quick succession cost as many requests as the last one.
#[tokio::test]
async fn a_plan_is_looked_up_once_however_often_its_switches_are_turned() {
    let mut harness = open(demo::DemoSettings::default()).await;
    go_to(&mut harness, "3.1").await;
    harness.press("d Tab Tab").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    harness.demo.fault(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        None
    });
    harness.press("Tab").await;
    harness.shows("● delete image");
    let once = asked.swap(0, Ordering::SeqCst);
    assert!(once > 0, "it is looked up again");
    for _ in 0..4 {
        harness.take(Msg::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    }
    harness.settle().await;
    harness.shows("● delete image");
    assert_eq!(asked.load(Ordering::SeqCst), once);
}

/// A paste into a terminal that does not bracket pastes comes as keys, all at once.
fn as_keys(harness: &mut Harness, text: &str) {
    for character in text.chars() {
        let code = if character == '\n' { KeyCode::Enter } else { KeyCode::Char(character) };
        harness.take(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

#[tokio::test]
async fn a_paste_of_64_kib_of_commands_sends_no_change() {
    let mut harness = open(demo::DemoSettings::default()).await;
    let before = tags(&harness.demo);
    let paste = "Dy\ny\nyes\n".repeat(64 * 1024 / 9);
    harness.take(Msg::Pasted(paste.clone()));
    harness.settle().await;
    as_keys(&mut harness, &paste);
    harness.settle().await;
    assert_eq!(tags(&harness.demo), before);
    assert!(harness.state.jobs.all.is_empty(), "{:?}", harness.state.jobs);
}

/// The plan is there when the next keys come. They come together, so none of them confirms it.
#[tokio::test]
async fn pasted_keys_that_would_confirm_a_plan_send_no_change() {
    for text in ["dl\n\nl\n", "d\tl\n", "*dteam/app\n", "tx\n\nl\n", "t{tag}x\n\n", "zl\n"] {
        let mut harness = open(demo::DemoSettings::default()).await;
        let before = tags(&harness.demo);
        for _ in 0..20 {
            for character in text.chars() {
                harness.wait(5);
                as_keys(&mut harness, &character.to_string());
                harness.settle().await;
            }
        }
        assert_eq!(tags(&harness.demo), before, "{text:?}");
        assert!(harness.state.jobs.all.is_empty(), "{text:?}: {:?}", harness.state.jobs);
    }
}

/// A 404 for a tag that still exists shows that the registry, or a proxy before it, deletes nothing.
#[tokio::test]
async fn the_header_shows_the_ability_that_a_failed_delete_disproved() {
    let mut harness = open(demo::DemoSettings::default()).await;
    go_to(&mut harness, "3.1").await;
    harness.press("d").await;
    harness.shows("tag delete ✓");
    let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
    harness.demo.fault(move |request, _| {
        (request.method == "DELETE")
            .then(|| Fault::answer(404, &[("content-type", "application/json")], body))
    });
    let before = tags(&harness.demo);
    harness.press("l Enter").await;
    assert_eq!(tags(&harness.demo), before);
    harness.does_not_show("tag delete ✓");
}
