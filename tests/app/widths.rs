//! The widths of the panes: they follow the focus, and keys and mouse move the borders between them.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use regtui::app::msg::Msg;
use regtui::app::settings::PaneWidths;
use regtui::app::{Pane, layout};

use crate::support::app::App;

/// The width of a pane, 0 if it is not shown.
fn width(app: &App, pane: Pane) -> u16 {
    layout::of(&app.state).pane(pane).map_or(0, |area| area.width)
}

/// The first column of the pane to the right of a border.
fn border(app: &App, left: Pane) -> u16 {
    layout::of(&app.state).pane(left).expect("it is shown").right()
}

fn all(app: &App) -> [u16; 4] {
    Pane::ALL.map(|pane| width(app, pane))
}

fn mouse(app: &mut App, kind: MouseEventKind, column: u16, row: u16) {
    app.wait(300);
    app.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

const PRESS: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);
const RELEASE: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

#[test]
fn the_pane_that_gets_the_focus_gets_the_larger_share() {
    let mut app = App::at_tags();
    for size in [(80, 24), (120, 30), (150, 42)] {
        app.send(Msg::Resized(size.0, size.1));
        app.press("3");
        let (tags, details) = (width(&app, Pane::Tags), width(&app, Pane::Details));
        app.press("4");
        assert!(width(&app, Pane::Details) > details && width(&app, Pane::Tags) < tags, "{size:?}");
    }
}

#[test]
fn with_fixed_widths_the_focus_moves_no_border() {
    let mut app = App::at_tags();
    app.state.settings.widths = PaneWidths::Fixed;
    for size in [(120, 30), (150, 42)] {
        app.send(Msg::Resized(size.0, size.1));
        app.press("2");
        let before = all(&app);
        for key in ["3", "4"] {
            app.press(key);
            assert_eq!(all(&app), before, "{key} at {size:?}");
        }
    }
}

#[test]
fn neither_the_cursor_nor_an_answer_moves_a_border() {
    let mut app = App::new("r.test");
    let before = all(&app);
    app.answer_all();
    assert_eq!(all(&app), before, "the names are short");
    for keys in ["j", "G", "l"] {
        app.press(keys);
        let before = all(&app);
        app.answer_all();
        app.press("j");
        assert_eq!(all(&app), before, "{keys}");
    }
}

#[test]
fn keys_move_the_border_of_the_focused_pane_and_put_it_back() {
    for (key, by) in [("Ctrl-Left", -4), ("(", -4), ("Ctrl-Right", 4), (")", 4)] {
        let mut app = App::at_tags();
        let before = border(&app, Pane::Tags);
        app.press(key);
        assert_eq!(border(&app, Pane::Tags), before.saturating_add_signed(by), "{key}");
        app.press("=");
        assert_eq!(border(&app, Pane::Tags), before, "{key}");
    }
}

#[test]
fn the_last_pane_moves_the_border_to_its_left() {
    let mut app = App::at_tags();
    app.press("4");
    let before = border(&app, Pane::Tags);
    app.press("Ctrl-Left Ctrl-Left");
    assert_eq!(border(&app, Pane::Tags), before - 8);
}

#[test]
fn a_moved_border_stays_when_another_pane_gets_the_focus() {
    let mut app = App::at_tags();
    app.press("Ctrl-Right");
    let moved = border(&app, Pane::Tags);
    for key in ["4", "2", "3"] {
        app.press(key);
        assert_eq!(border(&app, Pane::Tags), moved, "{key}");
    }
}

#[test]
fn a_border_stops_at_the_least_width_and_says_so() {
    let mut app = App::at_tags();
    for _ in 0..30 {
        app.press("Ctrl-Left");
    }
    let least = all(&app);
    assert!(app.toast().contains("cannot be narrower"), "{}", app.toast());
    app.press("Ctrl-Right");
    assert_eq!(width(&app, Pane::Tags), least[2] + 4, "one key is enough to go back");
}

#[test]
fn a_pane_that_stands_alone_has_no_border_to_move() {
    let mut app = App::at_tags();
    app.send(Msg::Resized(50, 15));
    app.press("Ctrl-Left");
    assert!(app.toast().contains("stands alone"), "{}", app.toast());
    app.press("=");
    assert!(app.toast().contains("no border was moved"), "{}", app.toast());
}

#[test]
fn the_mouse_drags_a_border_by_either_of_its_columns() {
    for beside in [1, 0] {
        let mut app = App::at_tags();
        let before = border(&app, Pane::Repositories);
        assert!(!app.screen().contains('║'));
        mouse(&mut app, PRESS, before - beside, 5);
        app.shows("║");
        assert_eq!(border(&app, Pane::Repositories), before, "pressing moves nothing");
        mouse(&mut app, DRAG, before - beside + 7, 9);
        assert_eq!(border(&app, Pane::Repositories), before + 7);
        mouse(&mut app, DRAG, before - beside + 3, 0);
        mouse(&mut app, RELEASE, before - beside + 3, 0);
        assert_eq!(border(&app, Pane::Repositories), before + 3);
        assert!(!app.screen().contains('║'));
        mouse(&mut app, DRAG, 60, 5);
        assert_eq!(border(&app, Pane::Repositories), before + 3, "the border was released");
        assert_eq!(app.state.focus, Pane::Tags);
    }
}

#[test]
fn a_border_that_is_pressed_and_not_moved_focuses_its_pane() {
    let mut app = App::at_tags();
    let place = border(&app, Pane::Tags);
    mouse(&mut app, PRESS, place, 5);
    mouse(&mut app, RELEASE, place, 5);
    assert_eq!(app.state.focus, Pane::Details);
    let place = border(&app, Pane::Repositories) - 1;
    mouse(&mut app, PRESS, place, 5);
    mouse(&mut app, RELEASE, place, 5);
    assert_eq!(app.state.focus, Pane::Repositories);
}

#[test]
fn a_border_that_was_released_outside_of_the_terminal_is_not_held_any_more() {
    let mut app = App::at_tags();
    let place = border(&app, Pane::Tags);
    mouse(&mut app, PRESS, place, 5);
    mouse(&mut app, MouseEventKind::Moved, place + 5, 5);
    mouse(&mut app, DRAG, place + 9, 5);
    assert_eq!(border(&app, Pane::Tags), place);
}
