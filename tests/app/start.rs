//! The first screen: the targets that are known, and bookmarks.

use regtui::app::cmd::Cmd;
use regtui::app::dialogs::Dialog;
use regtui::app::questions::Answer;
use regtui::app::settings::AppSettings;
use regtui::model::bookmark::Bookmarks;
use regtui::model::reference::{Host, RepositoryName, Target};

use crate::support::app::App;

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

fn target(text: &str) -> Target {
    Target::parse(text).expect("a target")
}

/// A user with something of each kind.
fn settings() -> AppSettings {
    let name = |text| RepositoryName::parse(text).expect("a name");
    AppSettings {
        bookmarks: Bookmarks::from_iter([target("r.test/team/app:1.4"), target("a.test")]),
        recent_registries: vec![host("r.test"), host("old.test")],
        remembered: [(host("r.test"), vec![name("team/web")])].into(),
        configured: vec![host("conf.test"), host("r.test")],
        ..AppSettings::default()
    }
}

/// `regtui` without a target, after the logins were named.
fn started(settings: AppSettings, logins: &[&str]) -> App {
    let mut app = App::with(settings, Vec::new());
    let question = app.question("saved logins");
    app.answer(question, Answer::SavedLogins(logins.iter().map(|login| host(login)).collect()));
    app
}

/// The rows: word and name.
fn rows(app: &App) -> Vec<String> {
    let words = ["bookmark", "recent", "login", "configured", "listed", "meaning"];
    let screen = app.screen();
    let cells = |line: &str| {
        let words_of_line: Vec<&str> = line.split(['│', '┃', '"']).flat_map(str::split_whitespace).collect();
        let at = words_of_line.iter().position(|word| words.contains(word))?;
        Some(words_of_line[at..].first_chunk::<2>()?.join(" "))
    };
    screen.lines().filter(|line| line.contains('│')).filter_map(cells).collect()
}

fn bookmarked(app: &App) -> Vec<String> {
    app.kept
        .iter()
        .filter_map(|cmd| match cmd {
            Cmd::Bookmark(target, is_kept) => Some(format!("{}{target}", if *is_kept { "+" } else { "-" })),
            Cmd::RecordRegistry(host, is_kept) => Some(format!("{}{host}", if *is_kept { "+" } else { "-" })),
            _ => None,
        })
        .collect()
}

#[test]
fn everything_known_stands_in_one_list_each_target_once_with_its_origin() {
    let app = started(settings(), &["docker.io", "old.test"]);
    assert_eq!(
        rows(&app),
        [
            "bookmark a.test",
            "bookmark r.test/team/app:1.4",
            "recent r.test",
            "recent r.test/team/web",
            "recent old.test",
            "login docker.io",
            "configured conf.test",
        ]
    );
    app.shows("▌ bookmark");
}

#[test]
fn the_list_is_there_before_the_logins_are_and_they_do_not_move_the_cursor() {
    let mut app = App::with(settings(), Vec::new());
    assert_eq!(rows(&app).len(), 6);
    app.press("Down Down Down Down Down");
    app.shows("▌ configured  conf.test");
    let question = app.question("saved logins");
    app.answer(question, Answer::SavedLogins(vec![host("docker.io")]));
    app.shows("▌ configured  conf.test");
    assert_eq!(rows(&app).len(), 7);
}

#[test]
fn enter_opens_the_row_or_the_typed_name() {
    let mut app = started(settings(), &[]);
    app.press("Down Enter");
    assert!(app.state.dialogs.is_empty());
    assert_eq!(app.repository(), Some("team/app"));
    let mut app = started(settings(), &[]);
    app.type_text("ghcr.io/org/tool");
    app.press("Enter");
    assert_eq!(app.repository(), Some("org/tool"));
    let mut app = started(settings(), &[]);
    app.type_text("web test");
    app.press("Enter");
    assert_eq!(app.repository(), Some("team/web"), "words that are no name find one");
}

#[test]
fn the_text_filters_and_letters_in_order_are_enough() {
    let mut app = started(settings(), &["docker.io"]);
    app.type_text("team");
    assert_eq!(rows(&app), ["bookmark r.test/team/app:1.4", "recent r.test/team/web"]);
    let mut app = started(settings(), &["docker.io"]);
    app.type_text("dkrio");
    assert_eq!(rows(&app), ["login docker.io"]);
    app.press("Tab Enter");
    assert_eq!(app.state.registries.items[0].host, host("docker.io"));
}

#[test]
fn x_forgets_bookmarks_and_recent_names_and_says_why_others_stay() {
    let mut app = started(settings(), &["docker.io"]);
    app.press("Down Down Down x");
    assert_eq!(app.toast(), "forgot r.test/team/web");
    app.press("x");
    assert_eq!(app.toast(), "forgot old.test");
    app.press("Up Up Up x");
    assert_eq!(app.toast(), "a.test is no bookmark any more");
    assert_eq!(bookmarked(&app), ["-old.test", "-a.test"]);
    let forgotten =
        |cmd: &Cmd| matches!(cmd, Cmd::Remember(of, names) if *of == host("r.test") && names.is_empty());
    assert!(app.cmds().iter().any(forgotten));
    app.press("Down Down x");
    assert_eq!(app.toast(), "a login for it is saved: `regtui logout docker.io` removes that");
    app.press("Down x");
    assert!(app.toast().contains("the configuration has settings for conf.test"), "{}", app.toast());
    assert_eq!(rows(&app).len(), 4);
}

#[test]
fn a_recent_registry_is_forgotten_with_its_repositories_and_stays_if_it_is_configured() {
    let mut app = started(settings(), &[]);
    app.press("Down Down x");
    assert_eq!(app.toast(), "forgot r.test and 1 repository in it");
    assert_eq!(bookmarked(&app), ["-r.test"]);
    let left = ["bookmark a.test", "bookmark r.test/team/app:1.4", "recent old.test"];
    assert_eq!(rows(&app)[..3], left);
    assert_eq!(rows(&app)[3..], ["configured conf.test", "configured r.test"]);
}

#[test]
fn in_the_text_x_is_typed_and_the_hints_tell_where_it_forgets() {
    let mut app = started(settings(), &[]);
    app.shows("x forget");
    app.press("/ x");
    assert_eq!(rows(&app), Vec::<String>::new());
    app.shows("no known name fits");
    assert!(!app.screen().contains("x forget"));
    assert!(bookmarked(&app).is_empty());
}

#[test]
fn without_anything_known_the_screen_tells_how_to_begin() {
    let app = started(AppSettings::default(), &[]);
    for text in ["type a registry, a repository or an image", "`L` logs in", "regtui --demo"] {
        app.shows(text);
    }
}

#[test]
fn b_bookmarks_what_is_under_the_cursor_and_takes_it_away_again() {
    let mut app = App::at_tags();
    app.kept.clear();
    app.press("B");
    app.shows("▌◆3");
    assert!(app.toast().starts_with("bookmarked r.test/a:3"), "{}", app.toast());
    app.press("j");
    app.shows(" ◆3");
    app.press("h h B h h B");
    app.shows("▌◆r.test");
    app.press("B");
    assert_eq!(bookmarked(&app), ["+r.test/a:3", "+r.test/a", "+r.test", "-r.test"]);
    assert_eq!(app.toast(), "r.test is no bookmark any more");
    app.press("O");
    assert_eq!(rows(&app), ["bookmark r.test/a", "bookmark r.test/a:3"]);
}

#[test]
fn an_image_opened_by_digest_is_bookmarked_by_its_digest() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let mut app = App::new(&format!("r.test/a@{digest}"));
    app.answer_all();
    app.kept.clear();
    app.press("B");
    assert_eq!(bookmarked(&app), [format!("+r.test/a@{digest}")]);
    app.shows("▌◆@");
}

#[test]
fn a_mark_takes_the_place_of_the_sign_of_a_bookmark() {
    let mut app = App::at_tags();
    app.press("B Space k");
    app.shows("*3");
}

#[test]
fn a_registry_that_answers_is_recent_and_one_that_does_not_is_not() {
    let app = App::loaded();
    assert_eq!(bookmarked(&app), ["+r.test"]);
    let mut dead = App::new("dead.test");
    let question = dead.question("server dead.test");
    let failure = regtui::model::failure::Failure {
        what: "cannot reach dead.test".into(),
        why: "connection refused".into(),
        hint: None,
        kind: regtui::model::failure::FailureKind::Unreachable,
    };
    dead.answer(question, Answer::Server(Err(failure)));
    assert!(bookmarked(&dead).is_empty());
}

/// `vm/app` would be a repository of Docker Hub there.
#[test]
fn the_command_open_completes_to_known_targets_unless_their_names_mean_something_else() {
    let bookmarks = Bookmarks::from_iter(["ghcr.io/org/tool:1", "vm:5000/app"].map(target));
    let hidden = Target::Repository(regtui::model::reference::Repository {
        host: host("vm"),
        name: RepositoryName::parse("app").expect("a name"),
    });
    let bookmarks: Bookmarks = bookmarks.iter().cloned().chain([hidden]).collect();
    let settings = AppSettings { bookmarks, ..AppSettings::default() };
    let mut app = App::with(settings, vec![target("r.test")]);
    app.answer_all();
    app.press(":");
    app.type_text("open g");
    app.press("Tab");
    app.shows(":open ghcr.io/org/tool:1");
    app.press("Esc :");
    app.type_text("open vm");
    app.press("Tab");
    app.shows(":open vm:5000/app");
    app.press("Tab");
    app.shows(":open vm:5000/app");
}

#[test]
fn the_command_bookmark_does_the_same() {
    let mut app = App::at_tags();
    app.kept.clear();
    app.press(":");
    app.type_text("bookmark");
    app.press("Enter");
    assert_eq!(bookmarked(&app), ["+r.test/a:3"]);
    assert!(!matches!(app.state.dialogs.last(), Some(Dialog::CommandLine(_))));
}
