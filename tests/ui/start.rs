//! Pictures of the first screen, and of bookmarked rows.

use regtui::app::settings::AppSettings;
use regtui::model::bookmark::Bookmarks;
use regtui::model::reference::{Host, RepositoryName, Target};

use super::panes::at_tags;
use super::screen::{Registry, Screen, picture_at};

/// The sizes that every screen must be readable at.
const SIZES: [(u16, u16); 3] = [(50, 15), (80, 24), (150, 42)];

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

fn started(settings: AppSettings, size: (u16, u16)) -> Screen {
    let logins = vec![host("docker.io"), host("registry.gitlab.com")];
    let mut screen = Screen::with(settings, Registry { logins, ..Registry::default() }, size, &[]);
    screen.settle();
    screen
}

fn known() -> AppSettings {
    let target = |text| Target::parse(text).expect("a target");
    let name = |text: &str| RepositoryName::parse(text).expect("a name");
    let digest = format!("ghcr.io/org/tool@sha256:{}", "a1".repeat(32));
    let bookmarks = ["r.test:5000/team/orders/service:1.4.2", "docker.io/library/postgres", &digest];
    let many = (0..20).map(|number| name(&format!("team/service-{number:02}")));
    AppSettings {
        bookmarks: Bookmarks::from_iter(bookmarks.map(target)),
        recent_registries: vec![host("r.test:5000"), host("quay.io")],
        remembered: [(host("quay.io"), many.collect())].into(),
        configured: vec![host("registry.example:5000")],
        ..AppSettings::default()
    }
}

#[test]
fn the_first_screen_lists_what_is_known() {
    picture_at("start", &SIZES, |size| started(known(), size));
}

#[test]
fn the_list_is_filtered() {
    picture_at("start_filtered", &SIZES, |size| {
        let mut screen = started(known(), size);
        screen.write("team o");
        screen.press("Down");
        screen
    });
}

#[test]
fn the_first_screen_of_a_new_user_tells_how_to_begin() {
    picture_at("start_empty", &SIZES, |size| {
        let mut screen = Screen::with(AppSettings::default(), Registry::default(), size, &[]);
        screen.settle();
        screen
    });
}

#[test]
fn bookmarked_rows_have_a_sign() {
    picture_at("bookmarks", &SIZES, |size| {
        let mut screen = at_tags(size);
        screen.press("B j j B k h B l");
        screen
    });
}

#[test]
fn a_click_opens_a_row() {
    let mut screen = started(known(), (80, 24));
    screen.click("quay.io/team/service-00");
    assert!(screen.state.dialogs.is_empty());
    assert_eq!(screen.state.registries.items[0].host, host("quay.io"));
}
