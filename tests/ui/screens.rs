//! Screens as they are, in three sizes; and that no size and no content breaks them.

use crossterm::event::{KeyCode, KeyEvent};
use regtui::app::msg::Msg;
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Store};
use regtui::model::text::is_unsafe;

use crate::support::harness::Harness;

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (120, 40)];

async fn check(harness: &mut Harness, name: &str) {
    for (columns, rows) in SIZES {
        harness.resize(columns, rows).await;
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), harness.screen());
    }
    harness.resize(120, 40).await;
}

#[tokio::test]
async fn each_pane_and_tab() {
    let mut harness =
        Harness::open(demo::Settings::default(), demo::content::sample(), "/team/app:1.4.2").await;
    harness.press("2").await;
    check(&mut harness, "repositories").await;
    harness.press("3").await;
    check(&mut harness, "tags").await;
    harness.press("4").await;
    check(&mut harness, "overview").await;
    harness.press("] G").await;
    check(&mut harness, "layers").await;
    harness.press("]").await;
    check(&mut harness, "config").await;
    harness.press("] + G").await;
    check(&mut harness, "manifest_zoomed").await;
}

#[tokio::test]
async fn each_dialog() {
    let mut harness = Harness::open(demo::Settings::default(), demo::content::sample(), "/team/app").await;
    for (keys, name) in [
        ("?", "help"),
        ("Ctrl-p", "palette"),
        ("s", "sort"),
        (":", "command_line"),
        ("/", "filter"),
        ("m", "messages"),
    ] {
        harness.press(keys).await;
        check(&mut harness, name).await;
        harness.press("Esc").await;
    }
    harness.press("O").await.type_text("base").await;
    check(&mut harness, "open").await;
}

#[tokio::test]
async fn loading_empty_and_failed() {
    let gate = Gate::new();
    let mut harness = Harness::open(demo::Settings::default(), demo::content::sample(), "").await;
    harness.press("/").await.type_text("odd/empty").await.press("Enter").await;
    check(&mut harness, "empty_repository").await;
    let held = gate.clone();
    harness.demo.fault(move |request, _| request.path.contains("worker").then(|| Fault::Gate(held.clone())));
    harness.press("/ Esc").await;
    for character in "/team/worker".chars() {
        harness.take(Msg::Key(KeyEvent::from(KeyCode::Char(character))));
    }
    harness.take(Msg::Key(KeyEvent::from(KeyCode::Enter)));
    for (columns, rows) in SIZES {
        harness.take(Msg::Resized(columns, rows));
        insta::assert_snapshot!(format!("loading_{columns}x{rows}"), harness.screen());
    }
    gate.open();
    harness.settle().await;
    let refused =
        demo::Settings { catalog_refused: Some(hyper::StatusCode::FORBIDDEN), ..demo::Settings::default() };
    let mut harness = Harness::open(refused, Store::new(), "").await;
    check(&mut harness, "no_catalog_prompt").await;
    harness.press("Esc").await;
    check(&mut harness, "no_catalog").await;
}

#[tokio::test]
async fn no_size_breaks_the_screen() {
    let mut harness =
        Harness::open(demo::Settings::default(), demo::content::sample(), "/team/app:1.4.2").await;
    for keys in ["1", "2", "3", "4", "]", "?", "Esc @", "Esc Ctrl-p", "Esc O", "Esc y", "Esc :", "Esc /"] {
        harness.press(keys).await;
        for columns in (0..=60).chain([100, 150]) {
            for rows in [0, 1, 9, 10, 15] {
                harness.take(Msg::Resized(columns, rows));
                harness.screen();
            }
        }
        harness.resize(120, 40).await;
    }
}

/// Reliability.md §4.2: whatever a server sends, no control or deceiving character reaches the terminal.
#[tokio::test]
async fn nothing_from_a_server_reaches_the_terminal_as_it_is() {
    let mut harness = Harness::open(demo::Settings::default(), demo::content::sample(), "/odd/escapes").await;
    for keys in ["2", "3", "4", "]", "]", "]", "]", "y"] {
        harness.press(keys).await;
        for (columns, rows) in SIZES {
            harness.resize(columns, rows).await;
            let screen = harness.screen();
            let bad: Vec<char> =
                screen.chars().filter(|character| *character != '\n' && is_unsafe(*character)).collect();
            assert!(bad.is_empty(), "{bad:?}\n{screen}");
        }
    }
}

#[tokio::test]
async fn every_sample_is_drawn_without_an_error() {
    let mut harness = Harness::sample().await;
    let repositories = harness.demo.store().repositories();
    for name in repositories {
        harness.press(":").await.type_text(&format!("open {name}")).await.press("Enter").await;
        harness.press("4 ] ] ] 3 G 4").await;
        harness.does_not_show("panic");
        assert!(
            harness.state.detail.inspection.failure.is_none(),
            "{name}: {:?}",
            harness.state.detail.inspection.failure
        );
    }
}
