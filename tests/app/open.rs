//! Targets that are opened on the command line and later, and the names that are remembered of them.

use regtui::app::settings::AppSettings;
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Demo, Store};
use regtui::model::reference::Target;

use crate::support::harness::Harness;
use crate::support::registry;
use crate::support::samples;

async fn small(repository: &str) -> Demo {
    let store = Store::new();
    for name in [repository, "z/last"] {
        store.image(name).tag("1").push();
        store.image(name).tag("2").push();
    }
    Demo::start(demo::DemoSettings::default(), store).await.expect("a port")
}

/// The cursor is in the first target, in whatever order the others come.
#[tokio::test]
async fn targets_of_two_registries_in_turn_open_on_the_first_one() {
    let (one, two) = (small("one/app").await, small("two/app").await);
    let target = |demo: &Demo, path: &str| Target::parse(&format!("{}{path}", demo.address())).expect(path);
    let targets = vec![target(&one, "/one/app:1"), target(&two, "/two/app:1"), target(&one, "/z/last")];
    let first = one.address().to_string();
    let harness = Harness::with(one, targets, AppSettings::default(), registry::settings()).await;
    harness.shows("› one/app › 1");
    assert_eq!(harness.state.registries.items[0].host.as_str(), first);
    assert_eq!(harness.state.registries.items.len(), 2);
}

/// Each target keeps its image until the cursor comes to it.
#[tokio::test]
async fn the_image_of_the_second_target_is_shown_when_the_cursor_comes_to_it() {
    let (one, two) = (small("one/app").await, small("two/app").await);
    let target = |demo: &Demo, path: &str| Target::parse(&format!("{}{path}", demo.address())).expect(path);
    let targets = vec![target(&one, "/one/app:1"), target(&two, "/two/app:1")];
    let mut harness = Harness::with(one, targets, AppSettings::default(), registry::settings()).await;
    harness.shows("› one/app › 1");
    harness.press("1 j").await;
    harness.shows("› two/app › 1");
    assert_eq!(harness.state.tags.selected().map(|tag| tag.as_str()), Some("1"));
}

/// Repositories of earlier runs are not forgotten if another one is opened in this run.
#[tokio::test]
async fn opening_a_repository_keeps_those_of_earlier_runs_remembered() {
    let demo = small("one/app").await;
    let target = Target::parse(&format!("{}/one/app", demo.address())).expect("a target");
    let host = target.host().clone();
    let remembered = [(host.clone(), vec![registry::name("old/thing"), registry::name("one/app")])].into();
    let settings = AppSettings { remembered, ..AppSettings::default() };
    let harness = Harness::with(demo, vec![target], settings, registry::settings()).await;
    let expected = vec![registry::name("one/app"), registry::name("old/thing")];
    assert_eq!(harness.state.settings.remembered.get(&host), Some(&expected));
    assert_eq!(harness.remembered.last(), Some(&(host, expected)));
}

/// A mistyped name is not offered again.
#[tokio::test]
async fn a_repository_that_is_not_there_is_not_remembered() {
    let demo = small("one/app").await;
    let target = Target::parse(&format!("{}/one/ap", demo.address())).expect("a target");
    let host = target.host().clone();
    let harness = Harness::with(demo, vec![target], AppSettings::default(), registry::settings()).await;
    assert_eq!(harness.state.settings.remembered.get(&host), None);
    assert_eq!(harness.remembered, []);
    let demo = small("one/app").await;
    let target = Target::parse(&format!("{}/one/ap", demo.address())).expect("a target");
    let host = target.host().clone();
    let remembered = [(host.clone(), vec![registry::name("one/ap")])].into();
    let settings = AppSettings { remembered, ..AppSettings::default() };
    let harness = Harness::with(demo, vec![target], settings, registry::settings()).await;
    assert_eq!(harness.remembered, [(host, vec![])], "it is gone since the earlier run");
}

/// Opens `name` by the prompt.
async fn open(harness: &mut Harness, name: &str) {
    harness.press("O").await.type_text(name).await.press("Enter").await;
}

/// The row under the cursor, which the next key acts on.
fn here(harness: &Harness) -> String {
    harness.state.tags.selector().map_or("nothing".into(), |selector| selector.to_string())
}

async fn at_app() -> Harness {
    let harness = Harness::open(demo::DemoSettings::default(), samples::sample(), "/team/app").await;
    assert_eq!(here(&harness), "1.4.2");
    harness
}

/// Keys used to act on the image that was opened while another row was highlighted.
#[tokio::test]
async fn an_image_opened_by_digest_has_the_cursor_in_a_row_of_its_own() {
    let mut harness = at_app().await;
    let digest = harness.demo.store().digest_of("team/app", "1.2.9").expect("a sample");
    open(&mut harness, &format!("team/app@{digest}")).await;
    assert_eq!(here(&harness), digest.to_string());
    harness.shows(&format!("▌ @{}", &digest.hex()[..5]));
    harness.press("y d").await;
    assert_eq!(harness.copied, [digest.to_string()]);
    harness.press("d").await;
    harness.shows("by digest");
    harness.shows("also goes  1.2.9");
    harness.press("Esc j").await;
    assert_eq!(here(&harness), "1.4.2");
    harness.shows("› team/app › 1.4.2");
    harness.press("y r").await;
    assert!(harness.copied[1].ends_with("/team/app:1.4.2"), "{:?}", harness.copied);
    harness.press("k").await;
    assert_eq!(here(&harness), digest.to_string());
}

#[tokio::test]
async fn a_tag_that_does_not_exist_is_told_and_keys_act_on_nothing_else() {
    for by_command_line in [false, true] {
        let mut harness = at_app().await;
        if by_command_line {
            harness.press(":").await.type_text("open team/app:9.9.9").await.press("Enter").await;
        } else {
            open(&mut harness, "team/app:9.9.9").await;
        }
        harness.shows("failed: there is no tag `9.9.9` in team/app");
        harness.shows("▌ 9.9.9");
        assert_eq!(here(&harness), "9.9.9");
        for key in ["d", "t", "c", "Y"] {
            harness.press("Esc").await;
            harness.press(key).await;
            harness.shows("not now: there is no tag `9.9.9` in team/app");
            assert!(harness.state.dialogs.is_empty() && harness.state.taken.is_none(), "{key}");
        }
        harness.press("y r").await;
        assert!(harness.copied[0].ends_with("/team/app:9.9.9"), "{:?}", harness.copied);
        harness.press("j d").await;
        harness.shows("untag        the named tags go");
        harness.shows("1.4.2");
    }
}

#[tokio::test]
async fn a_tag_on_the_command_line_that_does_not_exist_is_told_at_every_size() {
    let mut harness =
        Harness::open(demo::DemoSettings::default(), samples::sample(), "/team/app:9.9.9").await;
    harness.shows("there is no tag `9.9.9` in team/app");
    harness.press("Esc").await;
    for (columns, rows) in [(150, 42), (80, 24), (50, 15)] {
        harness.resize(columns, rows).await;
        harness.shows("▌ 9.9.9");
        harness.shows("not there");
    }
}

/// Lists lag behind: a tag that exists is inspected although it is not listed.
#[tokio::test]
async fn a_tag_that_exists_and_is_not_listed_can_be_deleted_and_its_row_goes() {
    let mut harness = at_app().await;
    let image = harness.demo.store().image("team/app").tag("unlisted").push();
    let names = harness.demo.store().tags("team/app");
    let listed: Vec<String> = names.into_iter().filter(|name| name != "unlisted").collect();
    let body = serde_json::json!({ "name": "team/app", "tags": listed }).to_string();
    harness.demo.fault(move |request, _| {
        request.path.ends_with("/tags/list").then(|| Fault::answer(200, &[], body.clone()))
    });
    open(&mut harness, "team/app:unlisted").await;
    harness.shows("› team/app › unlisted");
    harness.shows(&image.digest.short());
    harness.press("d").await;
    harness.press("l Enter").await;
    assert_eq!(harness.demo.store().digest_of("team/app", "unlisted"), None);
    assert_eq!(here(&harness), "1.4.2");
    harness.press("Esc Esc").await;
    harness.does_not_show("unlisted");
}

/// The row shows the facts that the details know already. A row that cannot be marked says so.
#[tokio::test]
async fn the_row_of_an_image_that_was_looked_at_before_is_described_and_takes_no_mark() {
    let mut harness = at_app().await;
    let image = harness.demo.store().image("team/app").label("only", "by digest").push();
    let name = format!("team/app@{}", image.digest);
    open(&mut harness, &name).await;
    open(&mut harness, "team/app:9.9.9").await;
    harness.press("Esc").await;
    open(&mut harness, &name).await;
    let row = harness.screen().lines().find(|line| line.contains("▌ @")).expect("its row").to_string();
    assert!(row.contains(&image.digest.short()) && row.contains("119 B"), "{row}");
    for key in ["Space", "v"] {
        harness.press(key).await;
        harness.shows("this row is not a listed tag and cannot be marked");
    }
}

#[tokio::test]
async fn a_repository_is_remembered_once_its_registry_has_answered_about_it() {
    let demo = Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port");
    let gate = Gate::default();
    let held = gate.clone();
    demo.fault(move |request, _| request.path.ends_with("/tags/list").then(|| Fault::Gate(held.clone())));
    let target = Target::parse(&format!("{}/team/app", demo.address())).expect("a target");
    let host = target.host().clone();
    let mut harness = Harness::start(demo, vec![target], AppSettings::default(), registry::settings());
    gate.reached_by(1).await;
    assert_eq!(harness.remembered, []);
    gate.open();
    harness.settle().await;
    assert_eq!(harness.remembered, [(host, vec![registry::name("team/app")])]);
}

#[tokio::test]
async fn a_repository_of_a_registry_that_never_answered_is_not_remembered() {
    for fault in [|| Fault::Close, || Fault::status(500), || Fault::answer(200, &[], "<html>log in</html>")] {
        let demo = Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port");
        demo.fault(move |_, _| Some(fault()));
        let target = Target::parse(&format!("{}/team/app", demo.address())).expect("a target");
        let harness = Harness::with(demo, vec![target], AppSettings::default(), registry::settings()).await;
        assert_eq!(harness.remembered, []);
        assert!(harness.state.settings.remembered.is_empty());
    }
}

#[tokio::test]
async fn a_repository_that_needs_a_login_is_remembered() {
    let demo = Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port");
    demo.fault(|request, _| request.path.ends_with("/tags/list").then(|| Fault::status(403)));
    let target = Target::parse(&format!("{}/team/app", demo.address())).expect("a target");
    let host = target.host().clone();
    let harness = Harness::with(demo, vec![target], AppSettings::default(), registry::settings()).await;
    assert_eq!(harness.remembered, [(host, vec![registry::name("team/app")])]);
}
