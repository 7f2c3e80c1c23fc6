//! Pictures and keys of the past of a tag.

use jiff::Timestamp;
use regtui::model::digest::Digest;
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::reference::Tag;
use regtui::model::server::OwnApiAbilities;
use regtui::model::tag_history::{HistorySubject, TagHistory, TagPeriod};

use super::panes::registry;
use super::screen::{Registry, Screen, failure, picture};

fn period(tag: Option<&str>, start: &str, end: Option<&str>, size: Option<u64>) -> TagPeriod {
    let at = |text: &str| text.parse::<Timestamp>().ok();
    let tag = tag.map(|tag| Tag::parse(tag).expect("a tag"));
    TagPeriod {
        start: at(start),
        end: end.and_then(at),
        size,
        ..TagPeriod::of(tag, Some(Digest::sha256(start.as_bytes())))
    }
}

/// The past of a tag that went back and forth, or the tags that a repository has no more.
fn sample(subject: &HistorySubject) -> Result<TagHistory, Failure> {
    let periods = if subject.tag.is_some() {
        let tag = subject.tag.as_ref().map(Tag::as_str);
        vec![
            TagPeriod {
                is_restored: true,
                ..period(tag, "2026-11-18T09:30:00Z", Some("2027-11-18T09:30:00Z"), Some(52_000_000))
            },
            period(tag, "2026-11-10T09:30:00Z", Some("2026-11-18T09:30:00Z"), Some(53_000_000)),
            period(tag, "2026-10-01T08:00:00Z", Some("2026-10-20T12:00:00Z"), None),
        ]
    } else {
        let gone = "release-candidate-with-a-very-long-name";
        vec![
            period(Some(gone), "2026-11-01T08:00:00Z", Some("2026-11-02T12:00:00Z"), Some(1_000)),
            period(Some("0.9"), "2026-09-01T08:00:00Z", Some("2026-09-02T12:00:00Z"), None),
            period(None, "2026-08-01T08:00:00Z", None, Some(9_000_000)),
        ]
    };
    let incomplete = subject.tag.is_none().then(|| "the list is too long".into());
    Ok(TagHistory::new("Quay".into(), periods, incomplete))
}

fn keeping(history: fn(&HistorySubject) -> Result<TagHistory, Failure>) -> Registry {
    let mut registry = Registry { history, ..registry() };
    if let Ok(server) = &mut registry.server {
        server.own_api = OwnApiAbilities { history: true, ..OwnApiAbilities::default() };
    }
    registry
}

fn at_history(size: (u16, u16)) -> Screen {
    let mut screen = Screen::new(keeping(sample), size);
    screen.press("j j l E");
    screen
}

#[test]
fn keys_do_not_act_on_rows_that_a_failure_hides() {
    let mut screen = at_history((80, 24));
    screen.press("j");
    screen.registry.history = |_| Err(failure(FailureKind::Denied));
    screen.press("r");
    assert!(!screen.text().contains("put back"), "{}", screen.text());
    for key in ["Enter", "y"] {
        screen.press(key);
        assert!(screen.text().contains("not now: there is no"), "{key}: {}", screen.text());
    }
    screen.registry.history = sample;
    screen.press("r").press("j Enter");
    assert!(!screen.text().contains("there is no"), "{}", screen.text());
}

#[test]
fn the_images_that_a_tag_had_stand_below_each_other() {
    picture("tag_history", at_history);
}

#[test]
fn the_removed_tags_of_the_repository_stand_beside_images_without_a_tag() {
    picture("tags_removed", |size| {
        let mut screen = at_history(size);
        screen.press("a j j");
        screen
    });
}

#[test]
fn a_failure_says_why_and_offers_to_ask_again() {
    let mut screen = Screen::new(keeping(|_| Err(failure(FailureKind::Denied))), (80, 24));
    screen.press("j j l E");
    let text = screen.text();
    assert!(text.contains("asks again"), "{text}");
    screen.press("Esc");
    assert!(!screen.text().contains("Past of"), "{}", screen.text());
}

#[test]
fn every_size_has_room_for_the_state() {
    for size in [(150, 42), (80, 24), (50, 15)] {
        let screen = at_history(size);
        let text = screen.text();
        for part in ["expires, restored", "moved", "removed or expired"] {
            assert!(text.contains(part), "{size:?}: {text}");
        }
    }
}

#[test]
fn a_registry_whose_vendor_keeps_no_past_is_not_asked() {
    let mut screen = Screen::new(registry(), (120, 40));
    screen.press("j j l E");
    assert!(screen.text().contains("keep the past of tags"), "{}", screen.text());
    assert!(screen.state.dialogs.is_empty());
}
