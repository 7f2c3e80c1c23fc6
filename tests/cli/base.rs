//! `regtui base` as a shell runs it.

use regtui::demo::layer::DemoLayer;
use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::{Value, json};

use crate::support::shell::{Ended, Shell, open};

fn layer(content: &str) -> DemoLayer {
    DemoLayer::of(&[("etc/release", content)])
}

/// Pushes `base:12` with a new layer, two weeks after the one that `app` was built on.
async fn two_bases() -> (Demo, String, Shell) {
    let demo = open(DemoSettings::default(), Store::new()).await;
    let host = demo.address().to_string();
    let store = demo.store();
    let base = |second: &str, created: &str| {
        let base = store.image("base").tag("12").created(created);
        base.bare_layer(layer("first")).bare_layer(layer(second)).push()
    };
    let old = base("old", "2026-03-02T10:15:00Z");
    let above = |second: &str| {
        store.image("app").bare_layer(layer("first")).bare_layer(layer(second)).bare_layer(layer("app"))
    };
    let name = format!("{host}/base:12");
    above("old")
        .annotation("org.opencontainers.image.base.name", name.clone())
        .annotation("org.opencontainers.image.base.digest", old.digest.to_string())
        .tag("annotated")
        .push();
    above("old").label("org.opencontainers.image.base.name", name.clone()).tag("labelled").push();
    above("old").tag("bare").push();
    let new = base("new", "2026-03-16T11:00:00Z");
    above("new").label("org.opencontainers.image.base.name", name).tag("new").push();
    let proven = above("old").label("proven", "yes").tag("proven").push();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": proven.digest.hex() } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": { "buildDefinition": { "resolvedDependencies": [
            { "uri": "pkg:docker/docker/dockerfile@1" },
            { "uri": format!("pkg:docker/{}/base@12", host.replace(':', "%3A")), "digest": { "sha256": old.digest.hex() } },
        ] } },
    });
    let kind = "application/vnd.in-toto+json";
    store.artifact("app").kind(kind).layer(kind, statement.to_string()).subject(&proven).push();
    assert_ne!(old.digest, new.digest);
    (demo, host, Shell::new())
}

fn only(ended: &Ended) -> (Option<i32>, Value) {
    (ended.code, ended.json())
}

#[tokio::test]
async fn an_image_is_current_if_it_contains_the_layers_of_its_base_as_it_is_now() {
    let (_demo, host, shell) = two_bases().await;
    let (code, found) = only(&shell.run(&["base", &format!("{host}/app:new"), "--json"]).await);
    assert_eq!((code, &found["status"], &found["evidence"]), (Some(0), &"current".into(), &"label".into()));
    let ended = shell.run(&["base", &format!("{host}/app:new")]).await;
    assert!(ended.stdout.contains("current"), "{ended:?}");
}

#[tokio::test]
async fn an_image_on_an_older_base_is_behind_by_layers_and_days() {
    let (_demo, host, shell) = two_bases().await;
    let table = [
        ("annotated", "annotation", 14.into()),
        ("labelled", "label", Value::Null),
        ("proven", "provenance", 14.into()),
    ];
    for (tag, evidence, days) in table {
        let (code, found) = only(&shell.run(&["base", &format!("{host}/app:{tag}"), "--json"]).await);
        assert_eq!(
            (code, &found["status"], &found["evidence"]),
            (Some(3), &"behind".into(), &evidence.into()),
            "{found}"
        );
        assert_eq!((&found["layers_behind"], &found["base_layers"]), (&1.into(), &2.into()), "{found}");
        assert_eq!(found["days_behind"], days, "{found}");
    }
    let ended = shell.run(&["base", &format!("{host}/app:annotated"), &format!("{host}/app:new")]).await;
    ended.assert_code(3);
    assert!(ended.stdout.contains("behind by 1 layer, 14 days"), "{ended:?}");
}

#[tokio::test]
async fn without_evidence_nothing_is_said_and_the_user_can_name_the_base() {
    let (_demo, host, shell) = two_bases().await;
    let bare = format!("{host}/app:bare");
    let ended = shell.run(&["base", &bare]).await;
    ended.assert_code(1);
    assert!(ended.stdout.contains("not known") && ended.stdout.contains("`--base` does"), "{ended:?}");
    let (code, found) =
        only(&shell.run(&["base", &bare, "--base", &format!("{host}/base:12"), "--json"]).await);
    assert_eq!((code, &found["evidence"]), (Some(3), &"given".into()));
    let missing = shell.run(&["base", &bare, "--base", &format!("{host}/base:13"), "--json"]).await;
    let (code, found) = only(&missing);
    assert_eq!((code, &found["status"]), (Some(1), &"unknown".into()));
    assert!(
        found["reason"].as_str().is_some_and(|reason| reason.starts_with("cannot read the base")),
        "{found}"
    );
}
