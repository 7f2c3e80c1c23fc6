//! Names that may be a registry or an image: a prompt offers both and takes neither by itself.

use regtui::app::cmd::Cmd;
use regtui::app::dialogs::Dialog;
use regtui::app::msg::Msg;
use regtui::model::change::ChangeRequest;
use regtui::model::reference::{Host, Scheme};

use super::panes::{at_tags, registry};
use super::screen::Screen;
use crate::support::harness::key_of;

fn open(screen: &Screen) -> Vec<&str> {
    screen.state.registries.items.iter().map(|registry| registry.host.as_str()).collect()
}

fn shown(screen: &Screen) -> String {
    screen.state.tags.repository.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn the_prompt_for_a_name_offers_the_registry_and_the_image() {
    for size in [(150, 42), (80, 24)] {
        let mut screen = at_tags(size);
        screen.press("O").write("vm:6101").press("Enter");
        let text = screen.text();
        assert!(text.contains("vm:6101/") && text.contains("localhost:5000/vm:6101"), "{text}");
        assert_eq!(open(&screen), ["localhost:5000"], "nothing is guessed");
        screen.press("Down Enter");
        assert_eq!(open(&screen), ["localhost:5000", "vm:6101"]);
        let mut screen = at_tags(size);
        screen.press("O").write("vm:6101").press("Enter Down Down Enter");
        assert_eq!((open(&screen), shown(&screen).as_str()), (vec!["localhost:5000"], "localhost:5000/vm"));
    }
}

#[test]
fn the_command_line_offers_both_as_completions() {
    let mut screen = at_tags((150, 42));
    screen.press(":").write("open vm:6101").press("Enter");
    assert!(screen.text().contains("a registry or an image?"), "{}", screen.text());
    screen.press("Tab Enter");
    assert_eq!(open(&screen), ["localhost:5000", "vm:6101"]);
    // From here on it is known.
    screen.press("O").write("vm:6101/team/app").press("Enter").press("O").write("vm:6101").press("Enter");
    assert!(screen.state.dialogs.is_empty(), "{}", screen.text());
}

#[test]
fn the_destination_of_a_copy_is_chosen_and_never_guessed() {
    let mut screen = at_tags((150, 42));
    screen.press("c").write("vm:6103").press("Enter");
    assert!(matches!(screen.state.dialogs.last(), Some(Dialog::Copy(_))), "{}", screen.text());
    screen.press("Down Enter");
    let Some(Dialog::Plan(plan)) = screen.state.dialogs.last() else { panic!("{}", screen.text()) };
    let Some(ChangeRequest::Copy(request)) = &plan.request else { panic!("a copy: {plan:?}") };
    assert_eq!(request.to.host, Host::parse("vm:6103").expect("a host"));
}

/// The text after Enter and before the answer: how the registry is reached.
fn reached(screen: &mut Screen) -> Vec<(String, Scheme)> {
    screen.send(Msg::Key(key_of("Enter")));
    let reach = |cmd: &Cmd| match cmd {
        Cmd::SetScheme(host, scheme) => Some((host.to_string(), *scheme)),
        _ => None,
    };
    screen.open.iter().filter_map(reach).collect()
}

#[test]
fn a_scheme_says_how_a_registry_is_reached_before_it_is_asked() {
    let mut screen = at_tags((150, 42));
    screen.press("O").write("http://vm:6101");
    assert_eq!(reached(&mut screen), [("vm:6101".to_string(), Scheme::Http)]);
    assert_eq!(open(&screen), ["localhost:5000", "vm:6101"]);
    let mut screen = at_tags((150, 42));
    screen.press("c").write("http://vm:6103/");
    assert_eq!(reached(&mut screen), [("vm:6103".to_string(), Scheme::Http)]);
    let mut screen = at_tags((150, 42));
    screen.press("c").write("https://localhost:5000/other");
    let is_plain =
        registry().server.is_ok_and(|server| server.transport == regtui::model::server::Transport::Plain);
    assert!(is_plain, "the registry of the pictures is reached in plain HTTP");
    assert_eq!(reached(&mut screen), [], "an open registry is not reached otherwise by the way");
    assert!(screen.text().contains("`localhost:5000` is open"), "{}", screen.text());
}

/// A new tag is never in another registry, so only the spelling that works is offered.
#[test]
fn an_ambiguous_new_tag_is_refused_with_the_spelling_that_works_here() {
    let mut screen = at_tags((120, 40));
    screen.press("t").press("Ctrl-u").write("vm:6101").press("Enter");
    let text = screen.text();
    assert!(text.contains("localhost:5000/vm:6101") && !text.contains("vm:6101/`"), "{text}");
    assert!(!screen.state.dialogs.is_empty() && screen.started.is_empty());
}
