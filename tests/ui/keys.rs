//! Keys that the configuration binds: they work, and hints, help and palette show them.

use regtui::app::dialogs::Dialog;
use regtui::config::Config;

use super::changes;
use super::panes::at_tags;
use super::plans;
use super::screen::Screen;

/// A screen with these lines in `[keys]`.
fn with_keys(mut screen: Screen, lines: &str) -> Screen {
    let config = Config::parse(&format!("[keys]\n{lines}")).expect(lines);
    screen.state.settings.keys = config.keys.keys();
    screen
}

fn top(screen: &Screen) -> Option<&Dialog> {
    screen.state.dialogs.last()
}

/// Keys that only help shows, so that the whole line is in the picture.
const SIZE: (u16, u16) = (150, 62);

#[test]
fn a_key_of_a_pane_is_rebound_and_its_hint_help_and_palette_show_it() {
    let mut screen = with_keys(at_tags(SIZE), "tags.delete = [\"F8\", \"ctrl-x\"]");
    let bar = screen.text().lines().last().map(String::from).expect("the bar");
    assert!(bar.contains("F8 delete") && !bar.contains("d delete"), "{bar}");
    screen.press("d");
    assert!(top(&screen).is_none(), "{}", screen.text());
    screen.press("F8");
    assert!(matches!(top(&screen), Some(Dialog::Plan(_))), "{}", screen.text());
    screen.press("Esc Ctrl-x");
    assert!(matches!(top(&screen), Some(Dialog::Plan(_))), "{}", screen.text());
    screen.press("Esc ?");
    assert!(screen.text().contains("F8 Ctrl-x"), "{}", screen.text());
    screen.press("Esc Ctrl-p");
    let text = screen.text();
    let line = text.lines().find(|line| line.contains("delete the chosen images")).expect("the command");
    assert!(line.contains(" F8 │"), "{line}");
}

#[test]
fn a_key_of_a_dialog_is_rebound_and_its_foot_and_help_show_it() {
    let mut screen =
        with_keys(changes::after((150, 42), &["d"]), "plan.method = \"F1\"\ndialog.help = \"?\"");
    assert!(screen.text().contains("F1 method"), "{}", screen.text());
    let shown = screen.text();
    screen.press("Tab");
    assert_eq!(screen.text(), shown, "the old key does nothing");
    screen.press("?");
    let text = screen.text();
    assert!(text.contains("Help: Plan"), "{text}");
    let line = text.lines().find(|line| line.contains("next method")).expect("the command");
    assert!(line.contains("F1 "), "{line}");
}

#[test]
fn a_command_without_a_key_has_no_hint_and_stays_in_the_palette() {
    let mut screen = with_keys(at_tags(SIZE), "tags.delete = []");
    assert!(!screen.text().contains(" delete "), "{}", screen.text());
    screen.press("d");
    assert!(top(&screen).is_none());
    screen.press(":");
    screen.write("delete");
    screen.press("Enter");
    assert!(matches!(top(&screen), Some(Dialog::Plan(_))), "{}", screen.text());
}

#[test]
fn the_key_that_quits_works_in_dialogs_too() {
    let mut screen = with_keys(at_tags(SIZE), "everywhere.quit = \"ctrl-q\"");
    screen.press(": Ctrl-c");
    assert!(!screen.state.dialogs.is_empty() && !screen.quit, "{}", screen.text());
    screen.press("Ctrl-q");
    assert!(screen.quit);
}

#[test]
fn help_in_a_dialog_lists_the_keys_of_the_dialog() {
    let mut plan = changes::after((150, 42), &["d"]);
    plan.press("?");
    let text = plan.text();
    for part in ["Help: Plan", "Tab Shift-Tab", "next method", "keep images that lose", "Ctrl-c"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    plan.press("?");
    assert!(matches!(top(&plan), Some(Dialog::Plan(_))), "{}", plan.text());
    let mut jobs = at_tags((150, 42));
    jobs.press("w ?");
    assert!(jobs.text().contains("retry failed parts"), "{}", jobs.text());
}

#[test]
fn in_a_text_field_a_question_mark_is_typed_and_f1_shows_help() {
    let mut screen = at_tags((150, 42));
    screen.press("O ?");
    let Some(Dialog::Open(prompt)) = top(&screen) else { panic!("{}", screen.text()) };
    assert_eq!(prompt.field.input.value(), "?");
    screen.press("F1");
    let text = screen.text();
    assert!(text.contains("Help: Open") && text.contains("open the name"), "{text}");
    screen.press("F1");
    assert!(matches!(top(&screen), Some(Dialog::Open(_))), "{}", screen.text());
}

#[test]
fn a_switch_of_a_plan_shows_the_key_that_switches_it() {
    let plan = plans::after(plans::unknown_registry, (150, 42), &["d"]);
    let mut screen = with_keys(plan, "plan.keep = \"ctrl-k\"");
    let text = screen.text();
    assert!(text.contains("[ ] Ctrl-k it as"), "{text}");
    screen.press("K");
    assert_eq!(screen.text(), text, "the old key does nothing");
    screen.press("Ctrl-k");
    assert!(screen.text().contains("[x] Ctrl-k it as"), "{}", screen.text());
    let bare = with_keys(screen, "plan.keep = []");
    assert!(bare.text().contains("[x] it as"), "{}", bare.text());
}
