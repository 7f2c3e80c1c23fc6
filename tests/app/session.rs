//! A run that begins with the last session.

use std::collections::BTreeMap;

use regtui::app::cmd::Cmd;
use regtui::app::questions::Answer;
use regtui::app::settings::AppSettings;
use regtui::demo::{self, Demo, Store};
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::reference::{Host, RepositoryName, Target};
use regtui::model::session::{KeptCursor, Session, SessionRegistry, SessionSort};

use crate::support::app::{App, repositories, tags};
use crate::support::harness::Harness;
use crate::support::registry;

fn name(text: &str) -> RepositoryName {
    RepositoryName::parse(text).expect("a name")
}

/// A registry of a session, with its cursors: `r.test b:2`.
fn kept(host: &str, repository: &str, tag: &str) -> SessionRegistry {
    let near = ["c", "a"].map(name).into();
    let near_tags = ["1", "3"].map(|tag| tag.parse().expect("a tag")).into();
    SessionRegistry {
        host: Host::parse(host).expect("a host"),
        tree: false,
        sort: SessionSort { by: "name".into(), reversed: false },
        repository: Some(KeptCursor { name: name(repository), near }),
        image: Some(KeptCursor { name: tag.parse().expect("a tag"), near: near_tags }),
    }
}

fn settings(session: Session) -> AppSettings {
    AppSettings { restores: true, session: Some(session), ..AppSettings::default() }
}

fn session(registries: Vec<SessionRegistry>) -> Session {
    let selected = registries.first().map(|registry| registry.host.clone());
    Session { registries, selected, pane: "Repositories".into(), ..Session::default() }
}

/// The session that was stored last.
fn stored(app: &App) -> Option<Session> {
    app.kept.iter().rev().find_map(|cmd| match cmd {
        Cmd::KeepSession(session) => Some((**session).clone()),
        _ => None,
    })
}

#[test]
fn cursors_orders_and_the_tree_come_back() {
    let mut first = App::loaded();
    first.press("j l");
    first.answer_all();
    first.press("j");
    assert_eq!((first.repository(), first.cursor()), (Some("b"), Some("2")));
    first.press(":");
    first.type_text("sort name");
    first.press("Enter h T");
    let session = stored(&first).expect("a session was stored");

    let mut second = App::with(settings(session.clone()), Vec::new());
    assert!(second.state.dialogs.is_empty(), "the list of targets is not needed");
    second.answer_all();
    assert_eq!((second.repository(), second.cursor()), (Some("b"), Some("2")));
    second.shows("by name");
    assert_eq!(second.rows(), ["1", "2", "3"]);
    second.press("l");
    let again = stored(&second).expect("another pane has the keys");
    assert_eq!(Session { pane: session.pane.clone(), ..again }, session, "nothing gets lost on the way");
}

#[test]
fn a_cursor_that_has_not_arrived_is_kept_if_the_run_ends_before() {
    let before = session(vec![kept("r.test", "b", "2"), kept("other.test", "c", "1")]);
    let mut app = App::with(settings(before.clone()), Vec::new());
    app.press("?");
    app.press("Esc 1 j");
    let after = stored(&app).expect("the cursor is at another registry");
    assert_eq!(after.registries, before.registries);
}

#[test]
fn the_cursor_stays_where_the_user_moves_it_while_names_arrive() {
    let mut app = App::with(settings(session(vec![kept("r.test", "c", "2")])), Vec::new());
    app.answer_usually("server r.test");
    let question = app.question("repositories r.test");
    app.answer(question, repositories(&["a", "b"]));
    // `c` is gone, and its neighbour takes the cursor; from then on the user leads.
    assert_eq!(app.repository(), Some("a"));
    app.press("j r");
    let question = app.question("repositories r.test");
    app.answer(question, repositories(&["a", "b", "c"]));
    assert_eq!(app.repository(), Some("b"));
}

#[test]
fn a_repository_and_a_tag_that_are_gone_are_told_and_the_nearest_take_the_cursor() {
    let mut app = App::with(settings(session(vec![kept("r.test", "bb", "2")])), Vec::new());
    app.answer_all();
    assert_eq!(app.toast(), "r.test/bb is not listed any more: the cursor is near its place");
    assert_eq!(app.repository(), Some("c"));
    let mut app = App::with(settings(session(vec![kept("r.test", "b", "2.5")])), Vec::new());
    app.answer_usually("server r.test");
    app.answer_usually("repositories r.test");
    let question = app.question("tags b");
    app.answer(question, tags(&["3", "1"]));
    assert_eq!(app.toast(), "r.test/b:2.5 is not listed any more: the cursor is near its place");
    assert_eq!(app.cursor(), Some("1"));
}

#[test]
fn a_registry_without_a_catalog_opens_the_repository_by_its_name() {
    let mut app = App::with(settings(session(vec![kept("r.test", "b", "2")])), Vec::new());
    app.answer_usually("server r.test");
    let question = app.question("repositories r.test");
    let denied = Failure {
        what: "cannot list the repositories of r.test".into(),
        why: "405".into(),
        hint: None,
        kind: FailureKind::Unsupported,
    };
    app.answer(question, Answer::Repositories(Err(denied)));
    app.answer_all();
    assert_eq!((app.repository(), app.cursor()), (Some("b"), Some("2")));
}

#[test]
fn a_repository_that_was_opened_by_name_is_there_at_once() {
    let before = session(vec![kept("r.test", "hidden/app", "2")]);
    let remembered = BTreeMap::from([(before.registries[0].host.clone(), vec![name("hidden/app")])]);
    let app = App::with(AppSettings { remembered, ..settings(before) }, Vec::new());
    assert_eq!(app.repository(), Some("hidden/app"));
}

#[test]
fn an_image_by_digest_has_its_row_again() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let mut app = App::with(settings(session(vec![kept("r.test", "b", &digest)])), Vec::new());
    app.answer_all();
    assert_eq!(app.state.tags.selector().map(|selector| selector.to_string()), Some(digest));
}

#[test]
fn targets_that_are_named_replace_the_session_and_a_missing_one_is_told() {
    let target = Target::parse("other.test/a").expect("a target");
    let app = App::with(settings(session(vec![kept("r.test", "b", "2")])), vec![target]);
    assert_eq!(app.state.registries.items.len(), 1);
    let app = App::with(AppSettings { restores: true, ..AppSettings::default() }, Vec::new());
    assert_eq!(app.toast(), "there is no earlier session to restore");
    assert!(!app.state.dialogs.is_empty(), "the list of targets is shown");
}

#[test]
fn a_session_without_a_registry_replaces_none() {
    let mut app = App::loaded();
    let before = stored(&app);
    app.press("1 x Esc");
    assert!(app.state.registries.items.is_empty());
    assert!(before.is_some() && stored(&app).is_some_and(|session| !session.registries.is_empty()));
}

#[test]
fn a_typed_filter_is_not_stored() {
    let mut app = App::loaded();
    app.press("/");
    app.type_text("CANARY7");
    app.press("Enter");
    let stored = app.kept.iter().map(|cmd| format!("{cmd:?}")).collect::<String>();
    assert!(!stored.contains("CANARY7"), "{stored}");
}

/// The first of ten registries takes connections and never answers.
#[tokio::test]
async fn one_dead_registry_of_ten_does_not_keep_the_others_from_opening() {
    let dead = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut demos = Vec::new();
    for number in 1..10 {
        let store = Store::new();
        store.image(&format!("team/app{number}")).tag("1").push();
        store.image("z").tag("1").push();
        demos.push(Demo::start(demo::DemoSettings::default(), store).await.expect("a port"));
    }
    let mut registries = vec![kept(&dead.local_addr().expect("an address").to_string(), "team/gone", "1")];
    let live = demos.iter().zip(1..);
    registries.extend(
        live.map(|(demo, number)| kept(&demo.address().to_string(), &format!("team/app{number}"), "1")),
    );
    let own = demos.remove(0);
    let mut harness = Harness::begin(own, Vec::new(), settings(session(registries)), registry::settings());
    assert_eq!(harness.state.registries.items.len(), 10);
    harness.state.focus = regtui::app::Pane::Registries;
    for number in 1..10 {
        harness.key("j");
        let repository = name(&format!("team/app{number}"));
        harness
            .until(|harness| {
                let shown = harness.state.tags.repository.as_ref().is_some_and(|it| it.name == repository);
                shown && harness.state.tags.selected().is_some()
            })
            .await;
    }
    assert!(harness.state.registries.items[0].server.is_loading(), "the dead one has not answered meanwhile");
}
