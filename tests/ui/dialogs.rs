//! Pictures of what lies on top of the panes, and of the last line.

use std::time::Duration;

use regtui::app::msg::Msg;
use regtui::model::request::RequestLine;

use super::panes::at_tags;
use super::screen::{Screen, now, picture};

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
        screen.write("Team/");
        screen.press("Enter");
        screen
    });
}

#[test]
fn sort_menu() {
    picture("sort_menu", |size| after(size, "s"));
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
