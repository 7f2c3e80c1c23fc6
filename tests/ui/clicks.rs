//! Clicks: rows, buttons and switches of dialogs, the keys in the bar, the scrollbar.

use regtui::app::Pane;
use regtui::app::dialogs::Dialog;
use regtui::app::msg::Msg;
use regtui::model::change::copy::What;
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::{ChangeRequest, retag};

use super::changes;
use super::panes::at_tags;
use super::plans::{after, delete_plan};
use super::screen::Screen;
use crate::support::harness::key_of;

fn top(screen: &Screen) -> &Dialog {
    screen.state.dialogs.last().unwrap_or_else(|| panic!("a dialog: {}", screen.text()))
}

/// Clicks on every empty cell inside the dialog that these keys open, and returns whether it is still open.
fn survives(keys: &[&str]) -> bool {
    let mut screen = changes::after((80, 24), keys);
    let area = top(&screen).area(&screen.state);
    let count = screen.state.dialogs.len();
    let row = area.bottom() - 1;
    for place in [(area.x, area.y), (area.right() - 1, row), (area.x + 2, area.y), (area.x + 3, row)] {
        screen.click_at(place);
        if screen.state.dialogs.len() != count {
            return false;
        }
    }
    true
}

#[test]
fn a_click_inside_a_dialog_never_closes_it() {
    let ways: [&[&str]; 15] = [
        &["d"],
        &["t"],
        &["c"],
        &["C"],
        &["J"],
        &["z"],
        &["w"],
        &["?"],
        &["Ctrl-p"],
        &["@"],
        &["m"],
        &["s"],
        &["#"],
        &["y"],
        &["O"],
    ];
    for keys in ways {
        assert!(survives(keys), "{keys:?}");
    }
}

#[test]
fn a_click_beside_a_dialog_closes_it_unless_something_typed_would_be_lost() {
    for keys in [&["d"][..], &["t"], &["c"], &["J"], &["w"], &["?"], &["Ctrl-p"], &[":"], &["O"]] {
        let mut empty = changes::after((80, 24), keys);
        empty.click_at((0, 0));
        assert!(empty.state.dialogs.is_empty(), "{keys:?}");
    }
    for keys in [&["t"][..], &["c"], &["?"], &["Ctrl-p"], &[":"], &["O"]] {
        let mut typed = changes::after((80, 24), keys);
        typed.write("a").click_at((0, 0));
        assert_eq!(typed.state.dialogs.len(), 1, "{keys:?}");
    }
}

#[test]
fn a_click_in_the_menu_of_columns_shows_one() {
    let mut screen = at_tags((120, 40));
    screen.press("#").click("scan");
    assert!(screen.text().contains("C   H   M   L"), "{}", screen.text());
}

#[test]
fn a_click_on_a_match_keeps_the_filter() {
    let mut screen = at_tags((120, 40));
    screen.press("/").write("1.4");
    screen.click("1.4.2");
    assert!(screen.state.dialogs.is_empty());
    assert_eq!(screen.state.tags.list.filter, "1.4");
}

#[test]
fn the_buttons_methods_and_switches_of_a_plan_are_pressed() {
    let mut left = after(delete_plan, (80, 24), &["d"]);
    left.click("Cancel");
    assert!(left.state.dialogs.is_empty() && left.started.is_empty());

    let mut done = after(delete_plan, (80, 24), &["d"]);
    done.click("Untag 1 tag");
    assert!(done.state.dialogs.is_empty());
    assert_eq!(done.started.len(), 1);

    let mut other = after(delete_plan, (80, 24), &["d"]);
    other.click("delete image").click("[ ] C");
    let Dialog::Plan(plan) = top(&other) else { panic!("a plan: {}", other.text()) };
    let Some(ChangeRequest::Delete(request)) = &plan.request else { panic!("a delete: {plan:?}") };
    assert_eq!(request.method, Some(DeleteMethod::Image));
    assert!(request.along.children);
}

#[test]
fn a_click_on_a_plan_that_has_only_just_appeared_confirms_nothing() {
    let mut screen = after(delete_plan, (80, 24), &[]);
    screen.wait(1_000);
    screen.send(Msg::Key(key_of("d")));
    screen.settle();
    let Dialog::Plan(plan) = top(&screen) else { panic!("a plan: {}", screen.text()) };
    let places = regtui::app::dialogs::plan::places::PlanPlaces::of(&screen.state, plan);
    let button = regtui::app::dialogs::plan::places::plan_buttons(plan, places.foot);
    let place = button.iter().find(|button| button.confirms).expect("a button").area;
    let click = |screen: &mut Screen| {
        use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
        let kind = MouseEventKind::Down(MouseButton::Left);
        let (column, row) = (place.x + 1, place.y);
        screen.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    };
    for wait in [0, 100, 240] {
        screen.wait(wait);
        click(&mut screen);
        assert!(screen.started.is_empty(), "{wait}");
    }
    screen.wait(300);
    click(&mut screen);
    assert_eq!(screen.started.len(), 1);
}

#[test]
fn a_second_click_does_not_answer_the_second_question_of_a_replacement() {
    let mut screen = after(super::plans::no_untag, (80, 24), &["d", "Tab"]);
    screen.click("Untag 1 tag by replacement");
    let Dialog::Plan(plan) = top(&screen) else { panic!("a plan") };
    assert!(plan.confirms_replacement && screen.started.is_empty());
    screen.wait(-200);
    screen.click("Untag 1 tag by replacement");
    assert!(screen.started.is_empty(), "it came too early");
}

#[test]
fn the_switches_and_names_of_prompts_are_pressed() {
    let mut retag = changes::after((80, 24), &["t"]);
    retag.click("[ ] untag the old name");
    let Dialog::Retag(prompt) = top(&retag) else { panic!("a prompt") };
    assert!(prompt.removes_old_tags);
    retag.write("stable").press("Enter");
    let Dialog::Plan(plan) = top(&retag) else { panic!("a plan") };
    assert!(
        matches!(&plan.request, Some(ChangeRequest::Retag(request)) if request.mode == retag::RetagMode::Move)
    );

    let mut copy = changes::after((80, 24), &["c"]);
    copy.click("[ ] all tags").click("prod.example:5000/team/app");
    let Dialog::Plan(plan) = top(&copy) else { panic!("a plan: {}", copy.text()) };
    let Some(ChangeRequest::Copy(request)) = &plan.request else { panic!("a copy: {plan:?}") };
    assert_eq!(
        (&request.what, request.to.to_string().as_str()),
        (&What::AllTags, "prod.example:5000/team/app")
    );
}

#[test]
fn a_row_of_the_journal_is_chosen_by_a_click_and_opened_by_another() {
    let mut screen = changes::after((80, 24), &["J"]);
    screen.click("untag 3 tags");
    let Dialog::Journal(journal) = top(&screen) else { panic!("the journal") };
    assert!(journal.cursor == 1 && !journal.is_open);
    screen.click("untag 3 tags");
    let Dialog::Journal(journal) = top(&screen) else { panic!("the journal") };
    assert!(journal.is_open);
}

#[test]
fn a_command_of_the_palette_is_run_by_a_click() {
    let mut screen = at_tags((80, 24));
    screen.press("Ctrl-p").write("help").click("help for this context");
    assert!(matches!(top(&screen), Dialog::Help(_)), "{}", screen.text());
}

#[test]
fn a_click_on_a_key_in_the_bar_presses_it() {
    let mut screen = at_tags((120, 40));
    screen.click("? help");
    assert!(matches!(top(&screen), Dialog::Help(_)), "{}", screen.text());
    screen.press("Esc").press("Space");
    assert!(screen.text().contains("1 marked"));
}

#[test]
fn a_click_on_the_scrollbar_scrolls() {
    let mut screen = at_tags((80, 10));
    let list = |screen: &Screen| screen.state.tags.list.offset;
    let area = regtui::app::layout::of(&screen.state).pane(Pane::Tags).expect("it is shown");
    assert_eq!(list(&screen), 0);
    screen.click_at((area.right() - 1, area.bottom() - 2));
    assert!(list(&screen) > 0, "{}", screen.text());
    assert_eq!(screen.state.focus, Pane::Tags);
}
