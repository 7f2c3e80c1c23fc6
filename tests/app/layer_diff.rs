//! Two layers side by side: marks in the Layers tab, and layers of other images.

use regtui::demo::files::DemoFiles;
use regtui::demo::{self, Demo, Store};

use crate::support::harness::Harness;

fn motd(text: &str) -> DemoFiles {
    DemoFiles::new().file("etc/motd", format!("{text}\n"))
}

/// Two versions of `team/app` on one base, a step without a layer, and another image.
fn store() -> Store {
    let store = Store::new();
    for version in ["1", "2"] {
        let image = store.image("team/app").platform("linux", "amd64").layer("ADD base", motd("base").into());
        let image = image.step("ENV LANG=C").layer("COPY conf", motd(&format!("conf {version}")).into());
        image
            .layer("COPY app", motd(&format!("app {version}")).file("opt/app", "x").into())
            .tag(version)
            .push();
    }
    let other = store.image("team/other").platform("linux", "arm64").layer("ADD base", motd("base").into());
    other.layer("COPY other", motd("other").into()).tag("9").push();
    store
}

/// The Layers tab of `team/app:1`, with the cursor on the first step.
async fn at_layers() -> Harness {
    let mut harness = Harness::open(demo::DemoSettings::default(), store(), "/team/app").await;
    harness.press("3").await.press("G").await.press("4").await.press("]").await.press("g").await;
    harness.shows("COPY conf");
    harness
}

#[tokio::test]
async fn two_marked_layers_are_compared_with_the_lower_one_on_the_left() {
    let mut harness = at_layers().await;
    harness.press("G").await.press("Space").await.press("g").await.press("Space").await;
    harness.shows("2 marked");
    harness.press("D").await;
    harness.shows("team/app:1 layer 1 → team/app:1 layer 3");
    harness.press("]").await.press("Enter").await;
    harness.shows("-base");
    harness.shows("+app 1");
    harness.shows("layer 3");
    // The marks stay, as those of tags do.
    harness.press("Esc").await.press("Esc").await;
    harness.shows("2 marked");
    harness.press("Esc").await;
    harness.does_not_show("2 marked");
}

#[tokio::test]
async fn one_marked_layer_is_compared_with_the_one_under_the_cursor() {
    let mut harness = at_layers().await;
    harness.press("G").await.press("Space").await.press("k").await.press("D").await;
    harness.shows("team/app:1 layer 2 → team/app:1 layer 3");
    harness.press("Esc").await.press("G").await.press("D").await;
    harness.shows("Compare layer 3 of team/app:1 with");
    harness.press("Esc").await.press("g").await.press("j").await.press("D").await;
    harness.shows("this step made no layer");
}

#[tokio::test]
async fn a_step_without_a_layer_takes_no_mark_and_three_marks_are_too_many() {
    let mut harness = at_layers().await;
    harness.press("j").await.press("Space").await;
    harness.shows("this step made no layer");
    harness.does_not_show("marked");
    harness.press("*").await;
    harness.shows("3 marked");
    harness.press("D").await;
    harness.shows("two layers at a time; 3 are marked");
    harness.press("u").await;
    harness.does_not_show("3 marked");
    harness.press("g").await.press("v").await.press("j").await.press("j").await;
    harness.shows("2 marked");
}

#[tokio::test]
async fn marks_of_layers_vanish_with_the_image_and_with_the_platform() {
    let mut harness = at_layers().await;
    harness.press("Space").await;
    harness.shows("1 marked");
    harness.press("r").await;
    harness.shows("1 marked");
    harness.press("3").await.press("k").await.press("4").await;
    harness.shows("COPY conf");
    harness.does_not_show("1 marked");

    let store = Store::new();
    let mut index = store.index("app");
    for architecture in ["amd64", "arm64"] {
        let image = store.image("app").platform("linux", architecture);
        index = index.child(&image.layer("ADD one", motd(architecture).into()).push());
    }
    index.tag("1").push();
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("3").await.press("4").await.press("]").await.press("Space").await;
    harness.shows("1 marked");
    harness.press("}").await;
    harness.shows("ADD one");
    harness.does_not_show("1 marked");
}

#[tokio::test]
async fn marks_of_layers_vanish_when_the_tag_moves() {
    let mut harness = at_layers().await;
    harness.press("Space").await;
    harness.shows("1 marked");
    let image = harness.demo.store().image("team/app").platform("linux", "amd64");
    image.layer("ADD moved", motd("moved").into()).tag("1").push();
    harness.press("r").await;
    harness.shows("ADD moved");
    harness.does_not_show("1 marked");
}

#[tokio::test]
async fn a_layer_of_another_image_is_read_from_its_own_repository() {
    let mut harness = at_layers().await;
    harness.press("j").await.press("j").await.press("D").await;
    harness.shows("Compare layer 2 of team/app:1 with");
    harness.shows("▌ layer 1");
    harness.press("G").await;
    harness.shows("▌ a layer of another image …");
    harness.press("Enter").await;
    harness.shows("compare layer 2 of");
    harness.shows("layers shared 1 of 3");
    let other = format!("{}/team/other:9", harness.demo.address());
    harness.type_text(&other).await.press("Enter").await;
    // The other image has another platform, and nevertheless layers.
    harness.shows("Compare layer 2 with a layer of team/other:9 (linux/arm64)");
    harness.shows("= layer 1 · ADD base");
    harness.shows("▌ layer 2");
    harness.press("Enter").await;
    harness.shows("team/other:9 layer 2 → team/app:1 layer 2");
    harness.press("]").await.press("Enter").await;
    harness.shows("-other");
    harness.shows("+conf 1");
    let is_blob = |path: &str| path.contains("/v2/team/other/blobs/");
    assert!(
        harness.demo.requests().iter().any(|request| is_blob(&request.path)),
        "{:?}",
        harness.demo.requests()
    );
    harness.press("Esc").await.press("x").await;
    harness.shows("team/app:1 layer 2 → team/other:9 layer 2");
    // The steps that led here are over.
    harness.press("Esc").await;
    harness.does_not_show("ompare layer");
}

#[tokio::test]
async fn a_layer_of_another_registry_is_read_there() {
    let elsewhere = Store::new();
    elsewhere.image("mirror/app").layer("COPY mirrored", motd("mirrored").into()).tag("5").push();
    let elsewhere = Demo::start(demo::DemoSettings::default(), elsewhere).await.expect("a free port");
    let mut harness = at_layers().await;
    harness.press("D").await.press("G").await.press("Enter").await;
    harness.type_text(&format!("{}/mirror/app:5", elsewhere.address())).await.press("Enter").await;
    harness.shows("COPY mirrored");
    harness.press("Enter").await;
    harness.shows(&format!("{}/mirror/app:5 layer 1", elsewhere.address()));
    harness.press("]").await.press("Enter").await;
    harness.shows("-mirrored");
    harness.shows("+base");
}

#[tokio::test]
async fn esc_goes_back_one_step_from_the_layers_of_another_image() {
    let mut harness = at_layers().await;
    harness.press("G").await.press("D").await.press("G").await.press("Enter").await;
    harness.type_text("2").await.press("Enter").await;
    harness.shows("Compare layer 3 with a layer of team/app:2");
    harness.press("Esc").await;
    harness.shows("compare layer 3 of");
    harness.press("Ctrl-u").await.type_text("none").await.press("Enter").await;
    harness.shows("cannot read none of");
    harness.press("Esc").await.press("Esc").await;
    harness.shows("Compare layer 3 of team/app:1 with");
    harness.press("Esc").await;
    harness.does_not_show("ompare layer");
}

#[tokio::test]
async fn equal_layers_are_named_and_not_compared() {
    let store = Store::new();
    let image = |tag: &str| {
        let image =
            store.image("app").layer("ADD base", motd("base").into()).layer("ADD again", motd("base").into());
        image.layer("COPY app", motd(tag).into()).tag(tag).push();
    };
    image("1");
    image("2");
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("3").await.press("4").await.press("]").await.press("g").await.press("D").await;
    harness.shows("the same layer · ADD again");
    harness.press("g").await.press("Enter").await;
    harness.shows("nothing to compare: the same layer");
    harness.press("G").await.press("Enter").await.type_text("1").await.press("Enter").await;
    harness.shows("the same layer · ADD base");
    // The first one that is not equal is proposed.
    harness.shows("▌ layer 3");
    harness.press("Esc").await.press("Ctrl-u").await.type_text("2").await.press("Enter").await;
    harness.shows("both sides are the same");
}

#[tokio::test]
async fn the_layers_are_reached_by_mouse() {
    let mut harness = at_layers().await;
    let (column, row) = harness.place_of("COPY conf");
    harness.click(column, row).await;
    let (column, row) = harness.place_of("Space mark");
    harness.click(column, row).await;
    harness.shows("1 marked");
    harness.press("Esc").await.press("g").await.press("D").await;
    let (column, row) = harness.place_of("a layer of another image");
    harness.click(column, row).await;
    harness.shows("▌ a layer of another image");
    harness.click(column, row).await;
    let (column, row) = harness.place_of("layers shared");
    harness.click(column, row).await;
    harness.shows("with a layer of team/app:2");
    let (column, row) = harness.place_of("COPY app");
    harness.click(column, row).await;
    harness.click(column, row).await;
    harness.shows("team/app:2 layer 3 → team/app:1 layer 1");
}

#[tokio::test]
async fn the_whole_of_a_layer_names_its_number() {
    let mut harness = at_layers().await;
    harness.press("G").await.press("D").await.press("Enter").await.press("G").await.press("Enter").await;
    harness.shows("in the right image: layer 3");
}
