//! Pictures of the tabs of the Details pane.

use regtui::model::failure::FailureKind;

use super::images::image;
use super::panes::{at_tags, registry};
use super::screen::{Registry, Screen, failure, picture};

fn tab(size: (u16, u16), turns: usize) -> Screen {
    let mut screen = at_tags(size);
    screen.press("j l");
    for _ in 0..turns {
        screen.press("]");
    }
    screen
}

#[test]
fn overview() {
    picture("overview", |size| tab(size, 0));
}

#[test]
fn overview_of_an_index_lists_its_platforms() {
    picture("overview_of_an_index", |size| {
        let mut screen = at_tags(size);
        screen.press("l }");
        screen
    });
}

#[test]
fn choosing_a_platform_goes_to_its_part_of_the_manifest() {
    let mut screen = at_tags((80, 24));
    screen.press("l ] ] ] ]");
    assert!(screen.text().contains("── index ──"), "{}", screen.text());
    screen.press("}");
    assert!(screen.text().contains("── linux/arm64 ──"), "{}", screen.text());
}

#[test]
fn tabs_that_have_no_room_are_behind_a_sign() {
    let mut screen = at_tags((80, 24));
    screen.press("j");
    let border = screen.text().lines().nth(1).expect("a border").to_string();
    assert!(border.contains("Config ›"), "{border}");
}

#[test]
fn overview_of_a_chart_names_its_kind() {
    picture("overview_of_a_chart", |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("j l l");
        screen
    });
}

#[test]
fn layers() {
    picture("layers", |size| {
        let mut screen = tab(size, 1);
        screen.press("j j");
        screen
    });
}

#[test]
fn layers_that_do_not_line_up_are_called_approximate() {
    picture("layers_approximate", |size| {
        let mut screen = at_tags(size);
        screen.press("j j j l ] j");
        screen
    });
}

#[test]
fn layers_have_room_for_everything_when_zoomed() {
    picture("layers_zoomed", |size| {
        let mut screen = tab(size, 1);
        screen.press("+");
        screen
    });
}

#[test]
fn config() {
    picture("config", |size| tab(size, 3));
}

#[test]
fn manifest() {
    picture("manifest", |size| tab(size, 4));
}

#[test]
fn referrers() {
    picture("referrers", |size| tab(size, 5));
}

#[test]
fn an_image_that_cannot_be_read_says_why() {
    picture("image_failed", |size| {
        let mut screen = at_tags(size);
        screen.press("/ b r o k Enter l");
        screen
    });
}

#[test]
fn an_image_that_cannot_be_refreshed_stays() {
    picture("image_refresh_failed", |size| {
        let mut screen = tab(size, 0);
        let gone = failure(FailureKind::Unreachable);
        screen.registry.images.insert("team/app".into(), Err(gone));
        screen.press("r");
        screen
    });
}

#[test]
fn the_open_tab_is_named_however_narrow_the_pane_is() {
    for (turns, title) in
        ["Overview", "Layers", "Files", "Config", "Manifest", "Referrers"].iter().enumerate()
    {
        let mut screen = tab((160, 24), turns);
        for width in 40..=160 {
            screen.resize((width, 24));
            let text = screen.text();
            assert!(text.lines().nth(1).is_some_and(|border| border.contains(title)), "{width}: {text}");
        }
    }
}

#[test]
fn a_long_command_leaves_room_for_the_other_fields() {
    let mut screen = tab((80, 24), 1);
    screen.press("j j");
    let text = screen.text();
    for part in ["apk add", "digest", "type", "diff id"] {
        assert!(text.lines().skip(9).any(|line| line.contains(part)), "{part}\n{text}");
    }
}

#[test]
fn a_malformed_name_says_why_there_is_no_image() {
    picture("malformed_name", |size| {
        let one = image("1", "2026-11-01T00:00:00Z");
        let tags = vec![("1", one.clone()), ("v2\u{1b}[2J", one.clone()), ("日本語", one)];
        let mut screen = Screen::new(Registry::default().with("odd/names", tags), size);
        screen.press("l j j");
        screen
    });
}
