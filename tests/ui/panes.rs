//! Pictures of the panes.

use regtui::app::msg::Msg;
use regtui::model::digest::Digest;
use regtui::model::failure::FailureKind;
use regtui::model::platform::Platform;
use regtui::model::reference::Tag;
use regtui::model::server::Identity;
use regtui::model::vendor_lists::{VendorTag, VendorTags};

use super::images::{approximate, chart, image, index};
use super::screen::{Registry, Screen, failure, picture, picture_at};

/// A usual registry.
pub fn registry() -> Registry {
    let app = vec![
        ("1.4.2", image("1.4.2", "2026-11-18T09:30:00Z").signed()),
        ("1.4.1", image("1.4.1", "2026-10-02T09:30:00Z")),
        ("1.10.0-rc.1", index("1.10.0", "2026-11-21T11:20:00Z")),
        ("latest", image("1.4.2", "2026-11-18T09:30:00Z").signed()),
        ("nightly", approximate()),
        ("broken", image("0", "2026-01-01T00:00:00Z").failing(failure(FailureKind::BadAnswer))),
    ];
    Registry::default()
        .with("base/alpine", vec![("3.22", index("3.22", "2026-09-01T08:00:00Z"))])
        .with("charts/gateway", vec![("0.3.0", chart())])
        .with("team/app", app)
        .with("team/empty", vec![])
        .failing("team/gone", failure(FailureKind::NotFound))
}

/// The screen with the cursor in the tags of `team/app`.
pub fn at_tags(size: (u16, u16)) -> Screen {
    let mut screen = Screen::new(registry(), size);
    screen.press("j j l");
    screen
}

#[test]
fn before_the_first_answer_every_pane_says_that_it_waits() {
    picture("loading", |size| Screen::asked(registry(), size));
}

#[test]
fn rows_and_a_running_count_come_with_the_first_page() {
    picture("first_page", |size| {
        let mut screen = Screen::asked(Registry { page: 2, ..registry() }, size);
        screen.answer_one();
        screen.answer_one();
        screen
    });
}

#[test]
fn repositories_are_shown_with_the_tags_of_the_one_under_the_cursor() {
    picture("repositories", |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("j j");
        screen
    });
}

#[test]
fn a_tree_folds_namespaces() {
    picture("tree", |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("T G");
        screen
    });
}

#[test]
fn several_registries_stand_side_by_side() {
    picture("registries", |size| {
        let mut screen = Screen::of(registry(), size, &["localhost:5000", "registry.example.com"]);
        screen.settle();
        screen.press("1");
        screen
    });
}

#[test]
fn tags_show_size_age_platforms_and_shared_digests() {
    picture("tags", at_tags);
    picture("tags_with_more_columns", |size| {
        let mut screen = at_tags(size);
        screen.press("#").press("b").press("#").press("s");
        screen
    });
}

#[test]
fn marks_and_a_filter_are_seen() {
    picture("marks_and_filter", |size| {
        let mut screen = at_tags(size);
        screen.press("Space Space / 1 Enter");
        screen
    });
}

#[test]
fn several_marked_repositories_are_not_copied_as_if_one_was_meant() {
    let mut screen = Screen::new(registry(), (120, 40));
    screen.press("Space Space Space");
    for key in ["c", "Y"] {
        screen.press(key);
        assert!(screen.text().contains("one repository at a time; 3 are marked"), "{}", screen.text());
    }
    screen.press("Esc Esc k Space G c");
    assert!(screen.text().contains("team/app"), "{}", screen.text());
    assert!(!screen.text().contains("at a time"), "{}", screen.text());
}

#[test]
fn a_refresh_that_failed_is_among_the_messages_and_the_header_promises_nothing() {
    let mut screen = Screen::new(registry(), (120, 40));
    assert!(screen.text().contains("catalog ✓"), "{}", screen.text());
    screen.registry.catalog = Err(failure(FailureKind::Unreachable));
    screen.press("r");
    assert!(screen.text().contains("does not answer"), "{}", screen.text());
    assert!(!screen.text().contains("catalog ✓"), "{}", screen.text());
    screen.press("m");
    assert!(screen.text().contains("not refreshed: "), "{}", screen.text());
    screen.press("Esc R");
    assert!(screen.text().contains("reloading localhost:5000"), "what was said stays: {}", screen.text());
}

#[test]
fn an_unknown_number_of_repositories_is_not_shown() {
    let down = failure(FailureKind::Unreachable);
    let registry = Registry { server: Err(down.clone()), catalog: Err(down), ..Registry::default() };
    let screen = Screen::new(registry, (120, 40));
    assert!(screen.text().contains("╭ Repositories ─"), "{}", screen.text());
}

#[test]
fn a_long_path_leaves_room_for_the_facts_of_the_registry() {
    let long = "team/platform/payments/authentication/services/session-token-authentication-service-v2";
    let image = image("1.4.2", "2026-11-18T09:30:00Z");
    let mut screen = Screen::new(Registry::default().with(long, vec![("1.4.2", image)]), (150, 42));
    screen.press("l");
    let header = screen.text().lines().next().expect("a header").to_string();
    assert!(header.starts_with(" localhost:5000 › …"), "{header}");
    assert!(header.contains("service-v2 › 1.4.2 ") && header.contains("plain HTTP · anonymous"), "{header}");
}

#[test]
fn the_identity_in_use_is_shown_at_every_width_and_never_crowds_out_the_rest() {
    let header = |user: &str, width: u16| {
        let mut registry =
            Registry::default().with("team/application", vec![("1.4.2", image("1", "2026-11-18T09:30:00Z"))]);
        if let Ok(server) = &mut registry.server {
            server.identity = Identity::User(user.to_string().into());
        }
        let mut screen = Screen::new(registry, (width, 24));
        screen.press("l");
        screen.text().lines().next().expect("a header").to_string()
    };
    for width in [60, 80, 120, 200] {
        assert!(header("ann", width).contains("as ann"), "{}", header("ann", width));
        let robot = header("robot$payments+continuous-integration-of-the-platform", width);
        assert!(robot.contains("as ro") && robot.contains('…') && robot.contains("plain HTTP"), "{robot}");
        assert!(robot.starts_with(" localhost:5000") || robot.starts_with(" …"), "{robot}");
        assert!(header("a\u{1b}[2Jb", width).contains("as a␛"), "{width}");
    }
}

#[test]
fn a_login_that_is_used_later_than_the_first_request_is_shown() {
    let mut screen = Screen::new(Registry::default(), (120, 24));
    assert!(screen.text().contains("anonymous"), "{}", screen.text());
    let host = screen.state.registries.items[0].host.clone();
    screen.send(Msg::Identified(host, Identity::User("ann".into())));
    assert!(screen.text().contains("as ann") && !screen.text().contains("anonymous"), "{}", screen.text());
}

#[test]
fn a_failure_that_leaves_a_pane_empty_is_kept_among_the_messages() {
    let denied = failure(FailureKind::Denied);
    let registry = Registry { catalog: Err(denied.clone()), ..Registry::default() };
    let mut screen = Screen::new(registry, (120, 40));
    screen.press("Esc m");
    let text = screen.text();
    assert!(text.contains("Messages 1") && text.contains(denied.why.as_str()), "{text}");
    assert!(text.contains("hint: log in with"), "{text}");
    screen.press("Esc r m");
    assert!(screen.text().contains("Messages 1"), "the same again is no news: {}", screen.text());
}

#[test]
fn one_long_tag_moves_no_column_when_it_scrolls_by() {
    let mut images: Vec<(String, super::images::Image)> =
        (0..60).map(|n| (format!("1.{n}.0"), image("1", "2026-11-18T09:30:00Z"))).collect();
    let long = "0.7.0-a-rather-long-build-suffix-with-commit-0123456789ab";
    images.push((long.into(), image("2", "2026-11-18T09:30:00Z")));
    let images = images.iter().map(|(tag, image)| (tag.as_str(), image.clone())).collect();
    let mut screen = Screen::new(Registry::default().with("app", images), (80, 24));
    screen.press("l");
    let heading = |screen: &Screen| -> String {
        let line = screen.text().lines().nth(2).unwrap_or_default().to_string();
        line.split("││").next().unwrap_or_default().to_string()
    };
    let before = heading(&screen);
    assert!(before.contains("SIZE") && before.contains("CREATED"), "{before}");
    screen.press("G");
    assert!(screen.text().contains("789ab "), "{}", screen.text());
    assert_eq!(heading(&screen), before);
}

#[test]
fn a_filter_that_nothing_fits_says_how_to_drop_it() {
    picture("filtered_to_nothing", |size| {
        let mut screen = at_tags(size);
        screen.press("/ z z z z");
        screen
    });
}

#[test]
fn a_repository_without_tags_says_so() {
    picture("no_tags", |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("j j j l");
        screen
    });
}

#[test]
fn a_registry_without_repositories_says_the_next_key() {
    picture("no_repositories", |size| Screen::new(Registry::default(), size));
}

#[test]
fn a_pane_that_failed_shows_the_action_the_reason_and_a_hint() {
    picture("tags_failed", |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("G l");
        screen
    });
}

#[test]
fn a_registry_that_cannot_be_reached_says_so_in_its_place() {
    picture("unreachable", |size| {
        let down = failure(FailureKind::Unreachable);
        Screen::new(Registry { server: Err(down.clone()), catalog: Err(down), ..Registry::default() }, size)
    });
}

#[test]
fn a_refresh_that_fails_leaves_the_rows_and_one_line() {
    picture("refresh_failed", |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("j j");
        screen.registry.catalog = Err(failure(FailureKind::Unreachable));
        screen.press("r");
        screen
    });
}

#[test]
fn without_a_catalog_the_prompt_for_a_name_says_why() {
    picture("no_catalog", |size| {
        let denied = failure(FailureKind::Denied);
        Screen::new(Registry { catalog: Err(denied), ..registry() }, size)
    });
}

#[test]
fn without_a_catalog_the_pane_says_how_to_go_on() {
    picture("no_catalog_pane", |size| {
        let denied = failure(FailureKind::Denied);
        let mut screen = Screen::new(Registry { catalog: Err(denied), ..registry() }, size);
        screen.press("Esc");
        screen
    });
}

#[test]
fn nothing_open_says_the_next_key() {
    picture("nothing_open", |size| {
        let mut screen = Screen::of(Registry::default(), size, &[]);
        screen.press("Esc");
        screen
    });
}

#[test]
fn only_one_spinner_turns_at_a_time() {
    let mut screen = Screen::asked(registry(), (160, 40));
    for _ in 0..40 {
        screen.send(Msg::Ticked);
        let spinners = screen.text().chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
        assert!(spinners <= 1, "{}", screen.text());
        if !screen.answer_one() {
            assert_eq!(spinners, 0);
            return;
        }
    }
    panic!("it never stops asking");
}

#[test]
fn wide_screens_show_the_platforms_and_leave_the_details_room() {
    picture_at("widths", &[(150, 30), (80, 24)], |size| {
        let mut screen = at_tags(size);
        screen.press("j j");
        screen
    });
}

#[test]
fn the_details_get_the_larger_share_with_the_focus() {
    picture_at("widths_of_details", &[(150, 30), (80, 24)], |size| {
        let mut screen = at_tags(size);
        screen.press("j j l");
        screen
    });
}

#[test]
fn a_border_that_the_mouse_holds_is_marked() {
    let mut screen = at_tags((120, 30));
    let place = regtui::app::layout::of(&screen.state).pane(regtui::app::Pane::Tags).expect("it is shown").x;
    screen.click_at((place, 10));
    let (buffer, _) = screen.draw();
    for row in 2..28 {
        let marked = [buffer[(place - 1, row)].symbol(), buffer[(place, row)].symbol()];
        assert_eq!(marked, ["║", "║"], "{row}");
    }
}

fn told(name: &str, size: Option<u64>, pushed: &str, pulled: Option<&str>) -> VendorTag {
    VendorTag {
        name: Tag::parse(name).expect("a tag"),
        digest: Some(Digest::sha256(name.as_bytes())),
        size,
        pushed: pushed.parse().ok(),
        pulled: pulled.and_then(|text| text.parse().ok()),
        expires: None,
        platforms: [Platform::parse("linux/amd64").expect("a platform")].into(),
    }
}

#[test]
fn tags_as_the_vendor_tells_of_them_are_marked() {
    picture("tags_by_vendor", |size| {
        let images = ["3", "2", "1"].map(|tag| (tag, image(tag, "2026-04-01T09:30:00Z")));
        let mut registry = Registry::default().with("team/app", images.to_vec());
        if let Ok(server) = &mut registry.server {
            server.own_api.tag_facts = true;
        }
        registry.vendor_tags = Some(VendorTags {
            tags: vec![
                told("3", Some(51_000_000), "2026-11-20T10:00:00Z", Some("2026-11-21T11:00:00Z")),
                told("2", Some(1_250_000_000), "2026-05-01T10:00:00Z", None),
                told("1", None, "2020-05-01T10:00:00Z", None),
            ],
            next: None,
        });
        let mut screen = Screen::new(registry, size);
        screen.press("Enter");
        screen
    });
}
