//! No size of the terminal and no text from a server breaks the picture.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use regtui::app::{Pane, layout};
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::text::is_unsafe;
use regtui::ui;
use regtui::ui::theme::Theme;
use serde_json::json;

use super::images::{config, image, of_config};
use super::panes::{at_tags, registry};
use super::screen::{Registry, Screen, failure, now};

/// Hostile text for each field that takes any text: controls, an escape sequence, bidi, marks, wide and joined glyphs.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\r\n\tb\u{202e}c\u{200b}d\u{feff}e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301} \
                       日本語 👩\u{200d}👩\u{200d}👧 ☃\u{fe0f} \u{e0041}\u{1160}\u{ad} ｗｉｄｅ";

/// A registry that answers with nothing but hostile, long text.
fn hostile() -> Registry {
    let long = HOSTILE.repeat(20);
    let mut config = config("amd64", &long, "2026-01-01T00:00:00Z");
    config["architecture"] = json!(HOSTILE);
    config["author"] = json!(long);
    config["config"]["User"] = json!(long);
    config["config"]["Env"] = json!([long, HOSTILE]);
    config["config"]["Labels"][HOSTILE] = json!(long);
    config["history"][2]["created_by"] = json!(long);
    config["history"][2]["comment"] = json!(HOSTILE);
    let image = of_config(config, &[1, 2, u64::from(u32::MAX)]);
    let failed = Failure {
        what: long.clone().into(),
        why: long.clone().into(),
        hint: Some(long.clone().into()),
        kind: FailureKind::BadAnswer,
    };
    let images = vec![
        ("1", image.clone()),
        ("日本語", image.clone()),
        (HOSTILE, image.clone()),
        ("2", image.failing(failed.clone())),
    ];
    Registry::default().with("a/b", images).with("日本/語", vec![]).with(HOSTILE, vec![]).failing("z", failed)
}

/// All kinds of screens: panes, tabs, dialogs, failures.
fn situations(size: (u16, u16)) -> Vec<Screen> {
    let pressed = |registry: Registry, keys: &str| {
        let mut screen = Screen::new(registry, size);
        screen.press(keys);
        screen
    };
    let long = Failure { why: "no answer ".repeat(300).into(), ..failure(FailureKind::Denied) };
    vec![
        pressed(registry(), "j j l j"),
        pressed(registry(), "j j l l ] ] ] ] ]"),
        pressed(registry(), "j j l f j j Enter j Enter"),
        pressed(registry(), "j j l f a / a p p"),
        pressed(registry(), "j j l f j j Enter j H"),
        pressed(registry(), "j j l j l ]"),
        pressed(registry(), "T G 1"),
        pressed(registry(), "j j l y"),
        pressed(registry(), "j j l ? s"),
        pressed(registry(), "j j l Ctrl-p"),
        pressed(registry(), "j j l @"),
        pressed(registry(), "O t"),
        pressed(registry(), ": o p"),
        pressed(Registry { catalog: Err(long), ..Registry::default() }, ""),
        pressed(hostile(), "l Space"),
        pressed(hostile(), "l j j l"),
        pressed(hostile(), "l l ] j j"),
        pressed(hostile(), "l l ] ] ]"),
        pressed(hostile(), "l G l"),
        pressed(hostile(), "G l"),
        Screen::of(Registry::default(), size, &[]),
    ]
}

#[test]
fn every_size_is_drawn() {
    for mut screen in situations((60, 60)) {
        for columns in 0..=60 {
            // The heights at which something comes or goes; the next test draws all of them.
            for rows in [0, 9, 10, 12, 24] {
                screen.resize((columns, rows));
                screen.draw();
            }
        }
    }
}

#[test]
fn every_height_is_drawn() {
    for (number, mut screen) in situations((60, 60)).into_iter().enumerate() {
        for rows in 0..=60 {
            screen.resize((40 + (number as u16 * 7 + rows) % 21, rows));
            screen.draw();
        }
    }
}

#[test]
fn a_frame_of_another_size_than_the_state_knows_is_drawn() {
    for screen in situations((80, 24)) {
        for (columns, rows) in [(0, 0), (1, 1), (40, 10), (79, 24), (81, 25), (200, 3)] {
            let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
            let Ok(_) = terminal.draw(|frame| ui::view(frame, &screen.state, &screen.theme, now()));
        }
    }
}

fn border_of(area: Rect) -> Vec<(u16, u16)> {
    (area.top()..area.bottom()).flat_map(|y| [(area.x, y), (area.right() - 1, y)]).collect()
}

#[test]
fn no_text_moves_a_border_and_none_reaches_the_terminal_as_it_is() {
    let situations =
        ["", "l", "l j", "l j j", "l l", "l l ]", "l l ] j j", "l l ] ] ]", "l l ] ] ] ]", "l G l", "G l"];
    for (number, keys) in situations.into_iter().enumerate() {
        let mut screen = Screen::new(hostile(), (160, 30));
        screen.press(keys);
        // Each situation has every third width, and all of them together have every width.
        for columns in (40 + number as u16 % 3..=160).step_by(3) {
            screen.resize((columns, 30));
            let (with_message, _) = screen.draw();
            // A message may need more lines than the bar has and lies over the panes meanwhile, as dialogs do.
            let toast = screen.state.notices.toast.take();
            let (buffer, _) = screen.draw();
            screen.state.notices.toast = toast;
            let shown = layout::of(&screen.state);
            for area in Pane::ALL.into_iter().filter_map(|pane| shown.pane(pane)) {
                for place in border_of(area) {
                    let symbol = buffer[place].symbol();
                    assert!("╭╮╰╯│┃".contains(symbol), "{columns} {place:?} {symbol:?}\n{}", screen.text());
                }
            }
            for cell in with_message.content.iter().chain(&buffer.content) {
                assert!(!cell.symbol().chars().any(is_unsafe), "{columns} {:?}", cell.symbol());
                assert!(cell.symbol().len() <= 64);
            }
        }
    }
}

#[test]
fn controls_of_a_server_are_seen_and_not_swallowed() {
    let mut screen = Screen::new(hostile(), (120, 40));
    screen.press("l l");
    let text = screen.text();
    assert!(text.contains('␛') && text.contains("‹U+202E›"), "{text}");
}

#[test]
fn without_colour_no_cell_has_one_and_the_cursor_is_still_seen() {
    for mut screen in situations((120, 40)) {
        screen.theme = Theme::of("terminal", false);
        let (buffer, _) = screen.draw();
        for cell in &buffer.content {
            let plain = ratatui::style::Color::Reset;
            assert_eq!((cell.fg, cell.bg), (plain, plain));
        }
    }
    let mut screen = at_tags((120, 40));
    screen.theme = Theme::of("terminal", false);
    assert_eq!(screen.text().matches('▌').count(), 2, "{}", screen.text());
}

/// The blank in front of the text was a block of another colour.
#[test]
fn the_row_of_the_cursor_has_one_colour_marked_or_not() {
    for keys in ["g", "Space k"] {
        let mut screen = at_tags((120, 40));
        screen.theme = Theme::of("terminal", true);
        screen.press(keys);
        let (buffer, _) = screen.draw();
        let is_reversed = |cell: &&ratatui::buffer::Cell| {
            cell.modifier.contains(ratatui::style::Modifier::REVERSED) && cell.symbol() != "╭"
        };
        let colours: std::collections::HashSet<_> =
            buffer.content.iter().filter(is_reversed).map(|cell| (cell.fg, cell.bg)).collect();
        assert_eq!(colours.len(), 1, "{keys}: {colours:?}");
    }
}

#[test]
fn a_theme_changes_colours_and_no_text() {
    let mut screen = at_tags((120, 40));
    let text = screen.text();
    for name in ui::theme::NAMES {
        screen.theme = Theme::of(name, true);
        assert_eq!(screen.text(), text, "{name}");
    }
}

#[test]
fn only_the_visible_rows_of_a_long_list_are_loaded() {
    let names: Vec<String> = (0..10_000).map(|number| format!("1.0.{number}")).collect();
    let one = image("1", "2026-01-01T00:00:00Z");
    let images = names.iter().map(|name| (name.as_str(), one.clone())).collect();
    let mut screen = Screen::new(Registry::default().with("many", images), (80, 24));
    screen.press("l G");
    assert!(screen.text().contains(" 1.0.0 "), "{}", screen.text());
    assert!(screen.text().contains("Tags 10000 ── by version ↓"), "{}", screen.text());
    assert!(screen.state.tags.summaries.len() < 200, "{}", screen.state.tags.summaries.len());
}
