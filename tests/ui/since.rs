//! Pictures and keys of the question since which tag images have something.

use regtui::app::cmd::Cmd;
use regtui::app::msg::Msg;
use regtui::model::digest::Digest;
use regtui::model::failure::FailureKind;
use regtui::model::price::Price;
use regtui::model::reference::Tag;
use regtui::model::since::{PricedSince, SinceAnswer, SinceMethod, SinceReport, SinceRow};

use super::panes::registry;
use super::screen::{Registry, Screen, failure, picture};
use crate::support::harness::key_of;

/// Answers of every kind.
pub fn sample() -> PricedSince {
    let row = |tag: &str, answer: Result<(bool, Option<&str>), FailureKind>| SinceRow {
        tag: Tag::parse(tag).expect("a tag"),
        digest: Some(Digest::sha256(tag.as_bytes())),
        created: "2026-01-02T00:00:00Z".parse().ok(),
        answer: match answer {
            Ok((holds, value)) => Ok(SinceAnswer { holds, value: value.map(String::from) }),
            Err(kind) => Err(failure(kind)),
        },
    };
    let rows = vec![
        row("1.0.0", Ok((false, None))),
        row("1.1.0-with-a-very-long-name-that-is-cut-in-the-table", Ok((true, Some("11 B")))),
        row("1.2.9", Ok((false, None))),
        row("1.2.10", Err(FailureKind::NotFound)),
        row("1.3.0", Ok((true, Some("12 B")))),
        row("1.4.0", Ok((true, Some("\u{1b}[2J12 B")))),
    ];
    PricedSince::Report(Box::new(SinceReport {
        rows,
        images: 40,
        method: SinceMethod::Bisect,
        tags: 41,
        others: 1,
        layers_read: 3,
        bytes_read: 41_000_000,
        incomplete: None,
    }))
}

fn at_file(since: fn(Price) -> PricedSince, size: (u16, u16)) -> Screen {
    let mut screen = Screen::new(Registry { since, ..registry() }, size);
    screen.press("l j j f j W");
    screen
}

#[test]
fn the_first_image_with_a_file_stands_among_the_others() {
    picture("since", |size| at_file(|_| sample(), size));
}

#[test]
fn the_price_is_told_before_anything_is_read() {
    let since = |agreed: Price| {
        let price =
            Price { bytes: 900_000_000, requests: 340, is_more: true, whole_layers: 12, ..Price::default() };
        if agreed == price { sample() } else { PricedSince::Price(price) }
    };
    picture("since_price", |size| at_file(since, size));
    let mut screen = at_file(since, (80, 24));
    assert!(screen.text().contains("reads 900 MB in 340 requests or more"), "{}", screen.text());
    screen.press("Enter");
    assert!(screen.text().contains("3 layers read, 41 MB"), "{}", screen.text());
}

#[test]
fn esc_pauses_first_and_then_leaves() {
    let mut screen = Screen::new(registry(), (80, 24));
    screen.press("l j j f j");
    let key = |screen: &mut Screen, name: &str| {
        screen.wait(300);
        screen.send(Msg::Key(key_of(name)));
    };
    let pauses = |screen: &Screen| {
        let pause = |cmd: &Cmd| match cmd {
            Cmd::PauseSince(is_paused) => Some(*is_paused),
            _ => None,
        };
        screen.open.iter().filter_map(pause).collect::<Vec<_>>()
    };
    key(&mut screen, "W");
    assert!(screen.text().contains("listing the tags"), "{}", screen.text());
    key(&mut screen, "Esc");
    assert!(screen.text().contains("paused"), "{}", screen.text());
    key(&mut screen, "Enter");
    assert_eq!(pauses(&screen), [true, false]);
    key(&mut screen, "Esc");
    key(&mut screen, "Esc");
    assert!(!screen.text().contains("Since which tag"), "{}", screen.text());
}
