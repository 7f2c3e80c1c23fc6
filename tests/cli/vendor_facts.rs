//! The facts of vendors about single images, as a shell runs `inspect` and `search`: docs/REGISTRIES.md §9.4.

use regtui::demo::faults::{Fault, RequestView};
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::digest::Digest;
use serde_json::{Value, json};

use crate::support::shell::{Shell, open};

/// A registry with `team/app:1`, whose vendor's API at the same origin gives this answer to calls that begin so.
async fn registry(vendor: &str, path: &'static str, answer: Fault) -> (Demo, Digest, Shell) {
    let store = Store::new();
    let digest = store.image("team/app").tag("1").push().digest;
    let demo = open(DemoSettings::default(), store).await;
    let is_api = move |request: &RequestView<'_>| request.path.starts_with(path);
    demo.fault(move |request, _| is_api(request).then(|| answer.clone()));
    let shell = Shell::configured(&format!("[registries.\"{}\"]\nvendor = \"{vendor}\"\n", demo.address()));
    (demo, digest, shell)
}

fn ok(body: Value) -> Fault {
    Fault::answer(200, &[("content-type", "application/json")], body.to_string())
}

/// The digest of `team/app:1`, which the answer has to name.
fn digest() -> Digest {
    Store::new().image("team/app").tag("1").push().digest
}

const HARBOR: &str = "/api/v2.0/projects/team/repositories/app/artifacts/";
const REPORT: &str = "application/vnd.security.vulnerability.report; version=1.1";

/// An artifact of Harbor with this overview of its scan.
fn artifact(overview: Value) -> Fault {
    ok(json!({
        "digest": digest().to_string(), "push_time": "2026-01-02T03:04:05.678Z", "pull_time": "0001-01-01T00:00:00.000Z",
        "scan_overview": overview
    }))
}

async fn inspect(vendor: &str, path: &'static str, answer: Fault) -> (Demo, String, Value) {
    let (demo, _, shell) = registry(vendor, path, answer).await;
    let image = format!("{}/team/app:1", demo.address());
    let ended = shell.run(&["inspect", &image]).await;
    ended.assert_code(0);
    let document = shell.run(&["inspect", &image, "--json"]).await.json();
    (demo, ended.stdout, document)
}

#[tokio::test]
async fn harbors_scan_stands_among_the_facts_of_an_image() {
    let (demo, page, document) = inspect(
        "harbor",
        HARBOR,
        artifact(json!({REPORT: {
            "scan_status": "Success", "severity": "Critical", "end_time": "2026-01-03T03:04:05Z",
            "summary": {"total": 9, "fixable": 2, "summary": {"Critical": 2, "High": 5, "Negligible": 2}},
            "scanner": {"name": "Trivy", "vendor": "Aqua", "version": "v0.50"}
        }})),
    )
    .await;
    assert!(page.contains("2 critical, 5 high, 2 other, Trivy v0.50"), "{page}");
    assert!(page.contains("by Harbor") && page.contains("2026-01-02"), "{page}");
    let scan = &document["vendor"]["scan"];
    assert_eq!(
        (&scan["state"], &scan["counts"]["critical"], &scan["total"]),
        (&json!("done"), &json!(2), &json!(9))
    );
    assert_eq!(document["vendor"]["pulled"], Value::Null, "the zero date means never");
    let calls = demo.requests();
    let call = calls.iter().find(|request| request.path.starts_with(HARBOR)).expect("a call");
    assert!(call.path.ends_with(&digest().to_string()) && call.query.contains("with_scan_overview=true"));
    assert!(call.header("x-accept-vulnerabilities").is_some_and(|accepts| accepts.contains("version=1.1")));
}

#[tokio::test]
async fn no_scan_and_a_failed_one_are_not_taken_for_no_findings() {
    let report = |report: Value| artifact(json!({ REPORT: report }));
    let zero = json!({"total": 0, "fixable": 0, "summary": {}});
    for (answer, says) in [
        (artifact(Value::Null), "not scanned"),
        (artifact(json!({})), "not scanned"),
        (report(json!({"scan_status": "Error", "summary": zero})), "the scan failed"),
        (report(json!({"scan_status": "Stopped"})), "the scan failed"),
        (report(json!({"scan_status": "Running", "summary": zero})), "not done yet"),
        (report(json!({"scan_status": "Success", "summary": null})), "the numbers are not known"),
        (report(json!({"scan_status": ["Success"], "summary": zero})), "not known"),
        (report(json!({"scan_status": "Success", "summary": zero})), "no findings"),
        (
            artifact(json!({"application/vnd.other": {"scan_status": "Success", "summary": {"total": 1}}})),
            "1 finding",
        ),
        (
            report(json!({"scan_status": "Success", "summary": {"total": 0, "summary": {"Critical": 5}}})),
            "5 critical",
        ),
        (
            report(
                json!({"scan_status": "Success", "summary": {"total": 5, "summary": {"Critical": -1, "Low": 1}}}),
            ),
            "5 findings",
        ),
        (
            report(json!({"scan_status": "Success", "summary": {"total": 5, "summary": {"Low": 1}}})),
            "5 findings",
        ),
        (
            report(json!({"scan_status": "Success", "summary": {"summary": {"Critical": "many", "Low": 1}}})),
            "the numbers are not known",
        ),
        // An index of which one image could not be scanned.
        (
            report(json!({"scan_status": "Success", "complete_percent": 50, "summary": {"total": 3}})),
            "3 findings in the part that was scanned",
        ),
        (report(json!({"scan_status": "Success", "complete_percent": 100, "summary": zero})), "no findings"),
    ] {
        let (_, page, _) = inspect("harbor", HARBOR, answer).await;
        let line =
            page.lines().find(|line| line.starts_with("scan")).unwrap_or_else(|| panic!("{says}: {page}"));
        assert!(line.contains(says), "{says}: {line}");
        assert_eq!(line.contains("no findings"), says == "no findings", "{line}");
    }
}

#[tokio::test]
async fn an_api_that_fails_leaves_the_image_as_it_is() {
    for (answer, is_told) in [
        (Fault::status(500), true),
        (Fault::answer(200, &[], "<html>log in</html>"), true),
        (ok(json!([1, 2])), true),
        (ok(json!({"digest": "sha256:../../etc"})), true),
        (Fault::status(404), false),
        (Fault::status(403), false),
        (Fault::status(422), false),
        (Fault::Close, true),
        (
            artifact(json!({REPORT: {
                "scan_status": "Success", "end_time": 7, "scanner": {"name": "\u{1b}[31m\u{202e}x", "version": {}},
                "summary": {"total": 1e30, "summary": {"Critical": -1, "High": 18446744073709551615_u64, "\u{7}": 1}}
            }})),
            false,
        ),
    ] {
        let (demo, _, shell) = registry("harbor", HARBOR, answer.clone()).await;
        let ended = shell.run(&["inspect", &format!("{}/team/app:1", demo.address())]).await;
        ended.assert_code(0);
        assert!(ended.stdout.contains("digest      sha256:"), "{ended:?}");
        assert_eq!(ended.stderr.contains("Harbor's own API"), is_told, "{answer:?}: {ended:?}");
        let has_control = |line: &str| line.chars().any(|c| c.is_control() || c == '\u{202e}');
        assert!(!ended.stdout.lines().any(has_control), "{ended:?}");
    }
}

#[tokio::test]
async fn quay_tells_when_a_tag_ends_and_not_that_of_another_image() {
    let tag = |digest: Digest| {
        ok(json!({"tags": [{"name": "1", "start_ts": 1_767_323_045, "end_ts": 4_102_444_800_i64,
            "manifest_digest": digest.to_string()}], "page": 1, "has_additional": false}))
    };
    let path = "/api/v1/repository/team/app/tag/";
    let (demo, page, document) = inspect("quay", path, tag(digest())).await;
    assert!(page.lines().any(|line| line.starts_with("expires") && line.contains("2100-01-01")), "{page}");
    assert_eq!(document["vendor"]["expires"], "2100-01-01T00:00:00Z");
    let calls = demo.requests();
    let call = calls.iter().find(|request| request.path == path).expect("a call");
    assert!(
        call.query.contains("specificTag=1") && call.query.contains("onlyActiveTags=true"),
        "{}",
        call.query
    );
    let other_tag = ok(json!({"tags": [{"name": "2", "end_ts": 4_102_444_800_i64,
        "manifest_digest": digest().to_string()}], "page": 1}));
    for answer in [tag(Digest::sha256(b"other")), other_tag] {
        let (_, page, document) = inspect("quay", path, answer).await;
        assert!(!page.contains("expires") && document.get("vendor").is_none(), "{page}");
    }
}

const ZOT: &str = "/v2/_zot/ext/search";

/// Images that zot finds for a digest.
fn found() -> Fault {
    let image = |repository: &str, tag: &str, digest: Digest| json!({"RepoName": repository, "Tag": tag, "Digest": digest.to_string()});
    ok(json!({"data": {"ImageListForDigest": {"Results": [
        image("team/app", "1", digest()),
        image("prod/app", "stable", digest()),
        image("prod/app", "latest", digest()),
        image("team/derived", "2", Digest::sha256(b"it only contains it")),
        {"RepoName": "Bad Name", "Tag": 7}, null
    ]}}}))
}

#[tokio::test]
async fn zot_names_the_other_places_of_an_image() {
    let (_, page, document) = inspect("zot", ZOT, found()).await;
    assert!(page.contains("team/app:1, prod/app:stable, prod/app:latest, by zot"), "{page}");
    assert_eq!(document["vendor"]["names"].as_array().map(Vec::len), Some(3), "not what only contains it");
}

#[tokio::test]
async fn zot_is_searched_for_a_digest() {
    let (demo, digest, shell) = registry("zot", ZOT, found()).await;
    let host = demo.address().to_string();
    let ended = shell.run(&["search", &digest.to_string(), "--registry", &host]).await;
    ended.assert_code(0);
    for text in ["team/app", "tag 1", "prod/app", "tags stable, latest", "team/derived"] {
        assert!(ended.stdout.contains(text), "{text}: {ended:?}");
    }
    let calls = demo.requests();
    let call = calls.iter().find(|request| request.path == ZOT).expect("a call");
    assert!(
        call.query.contains("ImageListForDigest") && call.query.contains(&digest.hex()),
        "{}",
        call.query
    );
    let ended =
        shell.run(&["search", &digest.to_string(), "--registry", &host, "--json", "--limit", "1"]).await;
    assert_eq!(ended.json()["tags"], json!(["1"]));
}

/// A version without this query answers with errors, which is no reason to give the search up.
#[tokio::test]
async fn a_zot_without_the_query_for_digests_is_not_given_up() {
    for answer in [ok(json!({"errors": [{"message": "no such field"}], "data": null})), Fault::status(422)] {
        let (demo, _, shell) = registry("zot", ZOT, answer).await;
        let ended = shell.run(&["inspect", &format!("{}/team/app:1", demo.address())]).await;
        ended.assert_code(0);
        assert!(!ended.stderr.contains("own API"), "{ended:?}");
    }
}
