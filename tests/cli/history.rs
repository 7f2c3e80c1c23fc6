//! `regtui history`, as a shell runs it: the past of tags by the own APIs of vendors, docs/REGISTRIES.md §9.4.

use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::Value;

use crate::support::shell::{Shell, open};
use crate::support::time_machine::{Answers, LOGIN, TOKEN, TimeMachine};

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The rows of the table without its heading, in words.
fn rows(stdout: &str) -> Vec<Vec<&str>> {
    stdout.lines().skip(1).map(|line| line.split_whitespace().collect()).collect()
}

fn documents(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("a document")).collect()
}

#[tokio::test]
async fn the_past_of_a_tag_is_listed_with_the_end_of_each_image() {
    let quay = TimeMachine::start().await;
    let shell = Shell::configured(&quay.config());
    let name = format!("{}/team/app:1.4", quay.host());
    let ended = shell.run(&["history", &name]).await;
    ended.assert_code(0).assert_says("Quay keeps 3 periods");
    let rows = rows(&ended.stdout);
    let states: Vec<&str> = rows.iter().map(|row| if row[4] == "-" { row[5] } else { row[7] }).collect();
    assert_eq!(states, ["current", "moved", "moved"], "{ended:?}");
    let digests: Vec<String> = rows.iter().filter_map(|row| row.last()).map(ToString::to_string).collect();
    let newest_first: Vec<String> = quay.images.iter().rev().map(ToString::to_string).collect();
    assert_eq!(digests, newest_first);
    let printed = documents(&shell.run(&["history", &name, "--json"]).await.stdout);
    assert_eq!((&printed[1]["state"], &printed[1]["tag"]), (&"moved".into(), &"1.4".into()));
    assert_eq!((&printed[0]["end"], &printed[0]["size"]), (&Value::Null, &4000.into()));
}

#[tokio::test]
async fn a_repository_shows_the_tags_that_it_has_no_more() {
    let quay = TimeMachine::start().await;
    let shell = Shell::configured(&quay.config());
    let name = format!("{}/team/app", quay.host());
    let ended = shell.run(&["history", &name]).await;
    ended.assert_code(0).assert_says("Quay keeps 1 removed tag");
    let rows = rows(&ended.stdout);
    assert_eq!((rows.len(), rows[0][0]), (1, "gone"), "{ended:?}");
    assert!(ended.stdout.contains("removed or expired"), "{ended:?}");
}

/// docs/REGISTRIES.md §9.4: Quay does not serve an image that no tag has, and its own API puts a tag back on it.
#[tokio::test]
async fn a_removed_tag_is_put_back_by_its_digest_and_undo_removes_it_again() {
    let quay = TimeMachine::start().await;
    let shell = Shell::configured(&quay.config());
    shell.log_in(&quay.host(), LOGIN);
    let image = format!("{}/team/app@{}", quay.host(), quay.images[0]);
    let ended = shell.run(&["tag", &image, "gone", "--yes"]).await;
    ended.assert_code(0).assert_says("by Quay's own API");
    assert_eq!((quay.digest_of("gone"), quay.restores()), (Some(quay.images[0]), 1));
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(quay.digest_of("gone"), None);
    let kept = shell.files_with(TOKEN);
    assert_eq!(kept, Vec::<String>::new(), "the file of logins holds it in base64");
}

#[tokio::test]
async fn the_reason_and_the_login_that_is_needed_are_named_if_nothing_is_shown() {
    let quay = TimeMachine::start().await;
    let shell = Shell::configured(&quay.config());
    let name = format!("{}/team/app:1.4", quay.host());
    for (answers, why) in [
        (Answers::Status(401, "{}"), "without a login"),
        (Answers::Status(404, "{}"), "does not have it"),
        (Answers::Status(500, ""), "500"),
        (Answers::Status(200, "<html>"), "web page"),
        (Answers::Status(200, r#"{"tags":7}"#), "another form"),
        (Answers::Status(302, ""), "leads elsewhere"),
    ] {
        quay.answers(answers);
        let ended = shell.run(&["history", &name]).await;
        ended.assert_code(1).assert_says("cannot list the past of team/app:1.4").assert_says(why);
        let names_login = ended.stderr.contains("$oauthtoken");
        assert_eq!(names_login, matches!(answers, Answers::Status(401 | 404, _)), "{ended:?}");
    }
}

#[tokio::test]
async fn a_hostile_history_ends_and_shows_nothing_that_a_terminal_obeys() {
    let demo = open(DemoSettings::default(), Store::new()).await;
    demo.fault(|request, _| {
        request.path.starts_with("/api/v1/repository/").then(|| {
            let body = format!(
                r#"{{"tags":[{{"name":"\u001b[31mred"}},{{"name":7}},null,
                {{"name":"ok","start_ts":99999999999999999999,"end_ts":"x","size":-4,"manifest_digest":"sha256:../../etc"}},
                {{"name":"big","start_ts":9223372036854775807,"size":18446744073709551615,"reversion":"yes",
                  "manifest_digest":"sha256:{HEX}"}}],"page":"\u202e","has_additional":true}}"#
            );
            Fault::answer(200, &[], body)
        })
    });
    let host = demo.address();
    let shell = Shell::configured(&format!("[registries.\"{host}\"]\nvendor = \"quay\"\n"));
    let ended = shell.run(&["history", &format!("{host}/team/app:ok")]).await;
    ended.assert_code(0).assert_says("may be incomplete");
    let calls = demo.requests().iter().filter(|request| request.path.starts_with("/api/")).count();
    assert_eq!(calls, 2, "the second page is the first one again");
    let names: Vec<&str> = rows(&ended.stdout).into_iter().map(|row| row[0]).collect();
    assert_eq!(names, ["ok"], "it is listed once, and the other tag is not asked for");
    let has_control = |line: &str| line.chars().any(char::is_control);
    assert!(!ended.stdout.lines().chain(ended.stderr.lines()).any(has_control), "{ended:?}");
}

/// A page that is full of another tag, or new each time, for ever.
#[tokio::test]
async fn a_history_without_an_end_is_cut_off() {
    for tag in ["ok", "other"] {
        let demo = open(DemoSettings::default(), Store::new()).await;
        demo.fault(move |request, number| {
            request.path.starts_with("/api/v1/repository/").then(|| {
                let body = format!(
                    r#"{{"tags":[{{"name":"{tag}","start_ts":{},"manifest_digest":"sha256:{HEX}"}}],"has_additional":true}}"#,
                    1_700_000_000 + number
                );
                Fault::answer(200, &[], body)
            })
        });
        let host = demo.address();
        let shell = Shell::configured(&format!("[registries.\"{host}\"]\nvendor = \"quay\"\n"));
        let ended = shell.run(&["history", &format!("{host}/team/app:ok")]).await;
        ended.assert_code(0).assert_says("the list is too long");
        assert_eq!(rows(&ended.stdout).is_empty(), tag == "other", "{ended:?}");
        let calls = demo.requests().iter().filter(|request| request.path.starts_with("/api/")).count();
        assert_eq!(calls, 100, "{tag}");
    }
}

/// The answers of vendors that list images without a tag: docs/REGISTRIES.md §9.4.
async fn untagged(vendor: &str) -> (Demo, Shell) {
    let demo = open(DemoSettings::default(), Store::new()).await;
    demo.fault(|request, _| {
        let body = match request.path {
            "/users/team/packages/container/app/versions" => format!(
                r#"[{{"id":1,"name":"sha256:{HEX}","created_at":"2024-01-02T03:04:05Z","metadata":{{"container":{{"tags":[]}}}}}},
                {{"id":2,"name":"sha256:{}","created_at":"2024-01-03T03:04:05Z","metadata":{{"container":{{"tags":["1"]}}}}}},
                {{"id":3,"name":"odd"}},null]"#,
                HEX.replace('e', "f")
            ),
            "/users/team/packages/container/full/versions" => {
                r#"[{"id":1,"name":"sha256:0","metadata":{"container":{"tags":["1"]}}}]"#.to_string()
            }
            "/api/v2.0/projects/team/repositories/app/artifacts" => format!(
                r#"[{{"digest":"sha256:{HEX}","size":7,"push_time":"2024-01-02T03:04:05Z","tags":null}},
                {{"digest":"sha256:{}","tags":[{{"name":"1"}}]}}]"#,
                HEX.replace('e', "f")
            ),
            "/v2/team/app/tags/list" => format!(
                r#"{{"tags":["1"],"manifest":{{"sha256:{HEX}":{{"imageSizeBytes":"7","tag":[],"timeUploadedMs":"1704164645000"}},
                "sha256:{}":{{"tag":["1"]}}}}}}"#,
                HEX.replace('e', "f")
            ),
            "/v2/registry/team/repositories/app/digests" => format!(
                r#"{{"manifests":[{{"digest":"sha256:{HEX}","compressed_size_bytes":7,"updated_at":"2024-01-02T03:04:05Z","tags":[]}},
                {{"digest":"sha256:{}","tags":["1"]}}],"links":{{}}}}"#,
                HEX.replace('e', "f")
            ),
            path if path.starts_with("/v2/") => return None,
            _ => return Some(Fault::answer(404, &[], "{}")),
        };
        Some(Fault::answer(200, &[("content-type", "application/json")], body))
    });
    let host = demo.address();
    let config = format!("[registries.\"{host}\"]\nvendor = \"{vendor}\"\napi = \"http://{host}\"\n");
    (demo, Shell::configured(&config))
}

#[tokio::test]
async fn images_without_a_tag_are_listed_by_the_vendors_that_tell_of_them() {
    for vendor in ["ghcr", "harbor", "gcr", "digitalocean"] {
        let (demo, shell) = untagged(vendor).await;
        let name = format!("{}/team/app", demo.address());
        let printed = documents(&shell.run(&["history", &name, "--json"]).await.stdout);
        assert_eq!(printed.len(), 1, "{vendor}: {printed:?}");
        let found = &printed[0];
        assert_eq!((&found["state"], &found["tag"]), (&"untagged".into(), &Value::Null), "{vendor}");
        assert_eq!(found["digest"].as_str(), Some(format!("sha256:{HEX}").as_str()), "{vendor}");
        assert_eq!(found["start"].as_str(), Some("2024-01-02T03:04:05Z"), "{vendor}");
        let ended = shell.run(&["history", &format!("{name}:1")]).await;
        ended
            .assert_code(1)
            .assert_says("keeps no past of single tags")
            .assert_says("lists the images without a tag");
    }
}

/// GitHub has one list for organisations and one for users, and refuses the wrong one.
#[tokio::test]
async fn a_package_without_untagged_versions_is_not_taken_for_one_that_is_hidden() {
    let (demo, shell) = untagged("ghcr").await;
    let ended = shell.run(&["history", &format!("{}/team/full", demo.address())]).await;
    ended.assert_code(0).assert_says("GHCR keeps no removed tag and no image without one");
    let ended = shell.run(&["history", &format!("{}/team/hidden", demo.address())]).await;
    ended.assert_code(1).assert_says("read:packages");
}

#[tokio::test]
async fn a_registry_whose_vendor_keeps_no_past_says_so() {
    let demo = open(DemoSettings::default(), Store::new()).await;
    let shell = Shell::new();
    let ended = shell.run(&["history", &format!("{}/app:1", demo.address())]).await;
    ended.assert_code(1).assert_says("keeps no past");
    let ended = shell.run(&["history", &format!("{}/app@sha256:{HEX}", demo.address())]).await;
    ended.assert_code(1).assert_says("a digest always names the same image");
    shell.run(&["history", &format!("{}/", demo.address())]).await.assert_code(2);
}
