//! `regtui search` and the lists of vendors, as a shell runs them.

use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings};
use serde_json::Value;

use crate::support::samples;
use crate::support::shell::{Shell, open};

/// A registry without a catalog that is configured to be Quay, and the shell of its user.
async fn quay(status: u16) -> (Demo, Shell) {
    let refusing =
        DemoSettings { catalog_refused: Some(hyper::StatusCode::UNAUTHORIZED), ..DemoSettings::default() };
    let demo = open(refusing, samples::sample()).await;
    demo.fault(move |request, _| {
        let body = match (request.path, status) {
            ("/api/v1/find/repositories", 200) => {
                r#"{"results":[{"namespace":{"name":"team"},"name":"web","stars":1200,"description":"the site"}]}"#
            }
            ("/api/v1/repository", 200) => r#"{"repositories":[{"namespace":"team","name":"web"}]}"#,
            ("/api/v1/repository/team/app/tag/", 200) => {
                r#"{"tags":[{"name":"1.4.1","start_ts":1763000000,"size":4000000},{"name":"1.4.2","start_ts":1763600000}]}"#
            }
            (path, _) if path.starts_with("/api/") => return Some(Fault::status(status)),
            _ => return None,
        };
        Some(Fault::answer(200, &[("content-type", "application/json")], body))
    });
    let shell = Shell::configured(&format!("[registries.\"{}\"]\nvendor = \"quay\"\n", demo.address()));
    (demo, shell)
}

#[tokio::test]
async fn the_registry_is_searched() {
    let (demo, shell) = quay(200).await;
    let host = demo.address().to_string();
    let ended = shell.run(&["search", "the", "site", "--registry", &host]).await;
    ended.assert_code(0);
    for text in ["NAME", "team/web", "1.2k", "the site"] {
        assert!(ended.stdout.contains(text), "{text}: {ended:?}");
    }
    let asked = demo.requests().into_iter().find(|request| request.path.contains("find"));
    assert_eq!(asked.map(|request| request.query).as_deref(), Some("query=the+site"));
    let ended = shell.run(&["search", "web", "--registry", &host, "--json", "--limit", "1"]).await;
    let found: Value = ended.json();
    assert_eq!((&found["repository"], &found["searched"]), (&"team/web".into(), &true.into()));
    assert_eq!((&found["stars"], &found["pulls"]), (&1200.into(), &Value::Null));
}

#[tokio::test]
async fn a_search_that_fails_is_named_and_known_names_are_printed() {
    let demo = open(DemoSettings::default(), samples::sample()).await;
    let host = demo.address().to_string();
    let shell = Shell::configured(&format!("[registries.\"{host}\"]\nvendor = \"quay\"\n"));
    demo.fault(|request, _| request.path.starts_with("/api/").then(|| Fault::status(500)));
    let ended = shell.run(&["search", "app", "--registry", &host]).await;
    ended.assert_code(0).assert_says("Quay's own API").assert_says("names that are known");
    assert!(ended.stdout.contains("team/app"), "{ended:?}");
    assert_eq!(ended.stderr.matches("own API").count(), 1, "{ended:?}");
}

#[tokio::test]
async fn a_search_needs_a_registry_and_says_when_nothing_fits() {
    let shell = Shell::new();
    shell
        .run(&["search", "app", "--registry", "r.test/app"])
        .await
        .assert_code(2)
        .assert_says("host of a registry");
    let demo = open(DemoSettings::default(), samples::sample()).await;
    let ended = shell.run(&["search", "nosuch", "--registry", &demo.address().to_string()]).await;
    ended.assert_code(0).assert_says("nothing in ");
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn a_namespace_is_listed_like_a_registry() {
    let (demo, shell) = quay(200).await;
    let ended = shell.run(&["ls", &format!("{}/team", demo.address())]).await;
    ended.assert_code(0).assert_says("only team, by Quay's own API");
    assert_eq!(ended.stdout, "team/web\n");
    let ended = shell.run(&["ls", &format!("{}/other", demo.address())]).await;
    ended.assert_code(1).assert_says("cannot list the tags");
}

#[tokio::test]
async fn the_vendor_tells_of_tags_without_a_request_for_each() {
    let (demo, shell) = quay(200).await;
    let app = format!("{}/team/app", demo.address());
    let ended = shell.run(&["ls", "--vendor", "--sort", "date", &app]).await;
    ended.assert_code(0);
    let tags: Vec<&str> = ended.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(tags[..3], ["TAG", "1.4.2", "1.4.1"], "{ended:?}");
    assert!(ended.stdout.contains("PUSHED") && ended.stdout.contains("~"), "{ended:?}");
    assert!(demo.requests().iter().all(|request| !request.path.contains("/manifests/")));
    let ended = shell.run(&["ls", "--vendor", "--json", &app]).await;
    let first: Value =
        serde_json::from_str(ended.stdout.lines().next().unwrap_or_default()).expect("a document");
    assert_eq!((&first["tag"], &first["size"]), (&"1.4.2".into(), &Value::Null));
    let (demo, shell) = quay(500).await;
    let ended = shell.run(&["ls", "--vendor", &format!("{}/team/app", demo.address())]).await;
    ended.assert_code(1).assert_says("Quay's own API").assert_says("`--long` reads");
}
