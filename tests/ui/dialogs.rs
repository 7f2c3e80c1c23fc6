//! Pictures of the dialogs and of the bottom line.

use std::time::Duration;

use regtui::app::msg::Msg;
use regtui::model::reference::RepositoryName;
use regtui::model::request_line::RequestLine;
use regtui::model::vendor_lists::SearchHit;

use super::panes::at_tags;
use super::screen::{Registry, Screen, now, picture};

fn after(size: (u16, u16), keys: &str) -> Screen {
    let mut screen = at_tags(size);
    screen.press(keys);
    screen
}

#[test]
fn filter() {
    picture("filter", |size| after(size, "/ 1 . 4"));
}

#[test]
fn command_line() {
    picture("command_line", |size| {
        let mut screen = after(size, ":");
        screen.write("re");
        screen
    });
}

#[test]
fn a_command_that_does_not_exist_is_refused_in_its_line() {
    picture("command_refused", |size| {
        let mut screen = after(size, ":");
        screen.write("frobnicate");
        screen.press("Enter");
        screen
    });
}

#[test]
fn however_long_a_command_is_its_refusal_is_seen() {
    for size in [(40, 10), (150, 42)] {
        let mut screen = after(size, ":");
        screen.write(&"x".repeat(400));
        screen.press("Enter");
        assert!(screen.text().contains("there is no command `xxx"), "{}", screen.text());
    }
}

#[test]
fn completions_stand_beside_the_typed_text() {
    let mut screen = after((150, 42), ":");
    screen.write("re");
    assert!(screen.text().lines().last().is_some_and(|line| line.starts_with(":re")), "{}", screen.text());
    assert!(screen.text().contains(" refresh  reload"), "{}", screen.text());
    let bar = screen.text().lines().last().map(|line| line.find("retag")).expect("the bar");
    assert!(bar.is_some_and(|column| column < 15), "{}", screen.text());
    assert!(screen.text().contains("  Tab: retag"), "what completes is said: {}", screen.text());
}

#[test]
fn the_palette_and_help_name_keys_and_show_that_there_is_more() {
    let screen = after((120, 40), "Ctrl-p u n d o");
    let row = screen.text().lines().find(|line| line.contains("undo the last change")).map(String::from);
    assert!(row.is_some_and(|row| row.contains(" z ") || row.contains("z│")), "{}", screen.text());
    let help = after((80, 24), "?");
    let first = help.text().lines().find(|line| line.contains("Everywhere")).map(String::from);
    assert!(first.is_some_and(|line| line.contains('┃')), "{}", help.text());
    let mut cut = after((40, 10), "?");
    cut.write("sort");
    assert!(cut.text().contains("sort menu; in Re…"), "{}", cut.text());
}

#[test]
fn the_bar_names_keys_that_change_things_first_and_no_hidden_keys() {
    for columns in [50, 80] {
        let screen = at_tags((columns, 24));
        let bar = screen.text().lines().last().unwrap_or_default().to_string();
        for hint in ["t retag", "c copy", "d delete", "? help"] {
            assert!(bar.contains(hint), "{hint}: {bar}");
        }
    }
    let zoomed = after((150, 42), "+").text();
    let bar = zoomed.lines().last().unwrap_or_default();
    assert!(!bar.contains("] tab") && !bar.contains("} platform"), "{bar}");
    let registries = after((150, 42), "1").text();
    let bar = registries.lines().last().unwrap_or_default();
    assert!(!bar.contains("] tab") && !bar.contains("s sort"), "{bar}");
}

#[test]
fn palette() {
    picture("palette", |size| after(size, "Ctrl-p"));
}

#[test]
fn palette_searched() {
    picture("palette_searched", |size| after(size, "Ctrl-p l o g"));
}

#[test]
fn open() {
    picture("open", |size| {
        let mut screen = after(size, "O");
        screen.write("Team/App");
        screen.press("Enter");
        screen
    });
}

#[test]
fn sort_menu() {
    picture("sort_menu", |size| after(size, "s"));
}

#[test]
fn columns_menu() {
    picture("columns_menu", |size| after(size, "#"));
}

#[test]
fn yank_menu() {
    picture("yank_menu", |size| after(size, "y j"));
}

#[test]
fn help() {
    picture("help", |size| after(size, "?"));
}

#[test]
fn help_searched() {
    picture("help_searched", |size| {
        let mut screen = after(size, "?");
        screen.write("sort");
        screen
    });
}

fn request(path: &str, status: Option<u16>, attempt: u32) -> RequestLine {
    RequestLine {
        at: now(),
        method: "GET",
        url: format!("http://localhost:5000{path}").into(),
        status,
        took: Duration::from_millis(12),
        bytes: 4_096,
        attempt,
        failure: status.is_none().then(|| "connection reset".into()),
        budget: None,
    }
}

#[test]
fn requests() {
    picture("requests", |size| {
        let mut screen = at_tags(size);
        for number in 0..30 {
            screen.send(Msg::Requested(request(&format!("/v2/team/app/manifests/1.{number}"), Some(200), 1)));
        }
        screen.send(Msg::Requested(request("/v2/team/app/tags/list?n=…", Some(503), 1)));
        screen.send(Msg::Requested(request("/v2/team/app/tags/list?n=…", None, 2)));
        screen.send(Msg::Requested(request("/v2/team/app/referrers/sha256:00", Some(404), 3)));
        screen.press("@");
        screen
    });
}

#[test]
fn the_request_log_comes_back_from_its_beginning() {
    let mut screen = at_tags((80, 24));
    for number in 0..100 {
        screen.send(Msg::Requested(request(&format!("/v2/number-{number}/"), Some(200), 1)));
    }
    screen.press("@ g");
    assert!(screen.text().contains("/v2/number-0/"), "{}", screen.text());
    screen.press("k j");
    assert!(!screen.text().contains("/v2/number-0/"), "{}", screen.text());
}

#[test]
fn help_comes_back_from_its_end() {
    let mut screen = after((80, 24), "?");
    let first = screen.text();
    screen.press("End");
    let last = screen.text();
    assert_ne!(first, last);
    screen.press("Up");
    assert_ne!(screen.text(), last);
}

#[test]
fn messages() {
    picture("messages", |size| {
        let mut screen = after(size, "T");
        screen.send(Msg::Copied("copied the digest by OSC 52".into()));
        screen.press("m");
        screen
    });
}

#[test]
fn a_toast_takes_the_place_of_the_hints() {
    picture("toast", |size| {
        let mut screen = at_tags(size);
        screen.send(Msg::Copied("copied the digest by OSC 52".into()));
        screen
    });
}

fn hit(name: &str, official: bool, numbers: Option<(u64, u64)>, description: &str) -> SearchHit {
    SearchHit {
        repository: RepositoryName::parse(name).expect("a name"),
        official,
        stars: numbers.map(|(stars, _)| stars),
        pulls: numbers.map(|(_, pulls)| pulls),
        description: description.to_string().into(),
        tags: Vec::new(),
    }
}

#[test]
fn a_search_shows_what_the_registry_found() {
    picture("search", |size| {
        let mut registry = Registry::default().with("team/app", Vec::new());
        if let Ok(server) = &mut registry.server {
            server.own_api.search = true;
        }
        registry.hits = Some(vec![
            hit("library/nginx", true, Some((20_512, 12_345_678_901)), "Official build of Nginx."),
            hit("bitnami/nginx", false, Some((203, 4_000)), "Bitnami container image for NGINX"),
            hit("some-organisation/nginx-ingress-controller-for-kubernetes", false, None, ""),
        ]);
        let mut screen = Screen::new(registry, size);
        screen.press("S");
        screen.write("nginx");
        screen.settle();
        screen
    });
}

#[test]
fn a_search_without_a_search_of_the_registry_says_so() {
    picture("search_known_names", |size| {
        let registry = Registry::default().with("team/app", Vec::new()).with("team/web", Vec::new());
        let mut screen = Screen::new(registry, size);
        screen.press("S");
        screen.write("app");
        screen
    });
}
