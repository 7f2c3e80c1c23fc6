//! Two images side by side on the screen.

use regtui::demo::{self, Store};

use crate::support::harness::Harness;

/// Three versions of `app` on one base, and a name for the newest.
async fn versions() -> Harness {
    let store = Store::new();
    for version in ["1.8", "1.9", "1.10"] {
        let layer = |content: &str| demo::layer::DemoLayer::of(&[("content", content)]);
        let image = store.image("team/app").platform("linux", "amd64").layer("ADD base", layer("base"));
        let image = image.layer("COPY app", layer(version)).config("Env", vec![format!("VERSION={version}")]);
        let image = image.tag(version);
        if version == "1.10" {
            image.tag("latest").push()
        } else {
            image.push()
        };
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/team/app").await;
    harness.press("3").await;
    harness
}

#[tokio::test]
async fn the_version_before_is_proposed_and_becomes_the_left_image() {
    let mut harness = versions().await;
    harness.press("D").await;
    harness.shows("> 1.9");
    harness.press("Enter").await;
    for text in [
        "Summary │ Config",
        "app:1.9",
        "app:1.10",
        "1 shared",
        "1 removed",
        "1 added",
        "config    1 difference",
    ] {
        harness.shows(text);
    }
    harness.press("]").await;
    harness.shows("~ env.VERSION: 1.9 → 1.10");
    harness.press("x").await.press("[").await;
    harness.shows("~ env.VERSION: 1.10 → 1.9");
    harness.press("Esc").await;
    harness.does_not_show("Summary │ Config");
}

#[tokio::test]
async fn marked_images_are_compared_with_the_older_on_the_left() {
    let mut harness = versions().await;
    harness.press("Space").await.press("G").await;
    harness.press("k").await.press("D").await;
    harness.press("]").await;
    harness.shows("~ env.VERSION: 1.8 → 1.10");
    harness.press("Esc").await.press("*").await.press("D").await;
    harness.shows("two images at a time; 4 are marked");
}

#[tokio::test]
async fn another_name_can_be_typed_and_a_wrong_one_is_refused() {
    let mut harness = versions().await;
    harness.press(":").await.type_text("diff 1.8").await.press("Enter").await.press("]").await;
    harness.shows("~ env.VERSION: 1.8 → 1.10");
    harness.press("Esc").await.press("D").await.press("Ctrl-u").await;
    harness.type_text("1.10").await.press("Enter").await;
    harness.shows("both sides are the same");
    harness.press("Ctrl-u").await.type_text("latest").await.press("Enter").await;
    harness.shows("both are the same image");
    harness.press("Esc").await.press("D").await.press("Ctrl-u").await;
    harness.type_text("none").await.press("Enter").await;
    harness.shows("cannot read none of");
}
