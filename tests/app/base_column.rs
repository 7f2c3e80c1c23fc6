//! The base of images: the column of the Tags pane, and the way to the base itself.

use regtui::app::settings::AppSettings;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Target;
use serde_json::json;

use crate::support::harness::Harness;
use crate::support::registry;

const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

fn layer(content: &str) -> DemoLayer {
    DemoLayer::of(&[("etc/release", content)])
}

/// Opens `app`, whose images are built on `base:12` of another registry, which has changed since some were built.
async fn open() -> (Demo, Harness) {
    let bases = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let name = format!("{}/base:12", bases.address());
    let base = |second: &str, created: &str| {
        let image = bases.store().image("base").tag("12").created(created);
        image.bare_layer(layer("first")).bare_layer(layer(second)).push()
    };
    let old = base("old", "2026-03-02T10:15:00Z");
    let new = base("new", "2026-03-16T11:00:00Z");
    let demo = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let store = demo.store();
    let built = |tag: &str, second: &str| {
        let image = store.image("app").bare_layer(layer("first")).bare_layer(layer(second));
        image.bare_layer(layer(tag)).annotation(NAME, name.clone()).tag(tag)
    };
    built("1", "old").annotation(DIGEST, old.digest.to_string()).push();
    built("2", "new").annotation(DIGEST, new.digest.to_string()).push();
    built("3", "new").annotation(DIGEST, new.digest.to_string()).push();
    store.image("app").tag("0").push();
    let image = built("4", "new").push();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": image.digest.hex() } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": { "buildDefinition": { "resolvedDependencies": [
            { "uri": format!("pkg:docker/{}/base@12", bases.address().to_string().replace(':', "%3A")),
              "digest": { "sha256": new.digest.hex() } },
        ] } },
    });
    let kind = "application/vnd.in-toto+json";
    store.artifact("app").kind(kind).layer(kind, statement.to_string()).subject(&image).push();
    let target = Target::parse(&format!("{}/app", demo.address())).expect("a target");
    let mut harness = Harness::with(demo, vec![target], AppSettings::default(), registry::settings()).await;
    harness.press("3").await;
    harness.resize(150, 42).await;
    (bases, harness)
}

fn requests(bases: &Demo) -> Vec<String> {
    bases.requests().iter().map(|request| request.line()).filter(|line| line.contains("/base/")).collect()
}

#[tokio::test]
async fn bases_are_asked_for_once_and_only_while_their_column_is_shown() {
    let (bases, mut harness) = open().await;
    assert_eq!(requests(&bases), [""; 0], "nobody asked for the column");
    harness.press("#").await;
    harness.shows("hundreds of requests");
    harness.press("b").await;
    harness.shows("BASE");
    harness.shows("base:12 −1 layer, 14 d");
    let screen = harness.screen();
    assert_eq!(screen.matches("base:12 ✓").count(), 3, "{screen}");
    assert!(screen.lines().any(|line| line.contains(" 0 ") && line.contains(" ? ")), "{screen}");
    let heads = requests(&bases).iter().filter(|line| line.starts_with("HEAD")).count();
    assert_eq!(heads, 1, "{:?}", requests(&bases));
    let before = requests(&bases).len();
    harness.press("j k #").await;
    harness.press("b").await;
    harness.does_not_show("base:12 ✓");
    harness.press("r").await;
    assert_eq!(requests(&bases).len(), before, "the column is off");
    harness.press("# b").await;
    harness.shows("base:12 ✓");
    let heads = requests(&bases).iter().filter(|line| line.starts_with("HEAD")).count();
    assert_eq!(heads, 2, "a refresh asks for the digest again");
}

#[tokio::test]
async fn the_base_that_an_annotation_names_is_opened_from_the_overview_and_by_its_key() {
    let (bases, mut harness) = open().await;
    harness.press("l").await;
    harness.press("Enter").await;
    let opened = |harness: &Harness| {
        let repository = harness.state.tags.repository.as_ref().expect("a repository");
        repository.to_string()
    };
    let expected = format!("{}/base", bases.address());
    assert_eq!(opened(&harness), expected);
    harness.shows("12");
    harness.press("1 k 3 j j j j b").await;
    assert!(opened(&harness).ends_with("/app"), "the image 0 names no base");
    harness.shows("neither annotations nor labels name a base image");
}

#[tokio::test]
async fn the_base_in_a_provenance_is_opened_by_enter_and_a_second_click() {
    let (bases, mut harness) = open().await;
    harness.press("4").await;
    for _ in 0..6 {
        if harness.screen().contains("referrers API") {
            break;
        }
        harness.press("]").await;
    }
    harness.press("Enter").await;
    harness.shows("Base images");
    let (column, row) = harness.place_of("Base images");
    harness.press("Enter").await;
    harness.shows("there is no image under the cursor");
    harness.click(column, row + 1).await;
    harness.shows("open image");
    harness.click(column, row + 1).await;
    let repository = harness.state.tags.repository.as_ref().expect("a repository").to_string();
    assert_eq!(repository, format!("{}/base", bases.address()));
}
