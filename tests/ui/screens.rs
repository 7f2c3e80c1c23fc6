//! The samples of the demo on the screen: none breaks it. The pictures of each situation are in `panes`, `details` and
//! `dialogs`.

use regtui::demo;
use regtui::model::text::is_unsafe;

use crate::support::harness::Harness;
use crate::support::samples;

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (120, 40)];

/// docs/RELIABILITY.md §4.2: no control or deceiving character from a server reaches the terminal.
#[tokio::test]
async fn nothing_from_a_server_reaches_the_terminal_as_it_is() {
    let mut harness = Harness::open(demo::DemoSettings::default(), samples::sample(), "/odd/escapes").await;
    for keys in ["2", "3", "4", "]", "]", "]", "]", "]", "y"] {
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
