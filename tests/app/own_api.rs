//! The own API of a registry's vendor on the screen: docs/REGISTRIES.md §9.4.

use regtui::app::dialogs::Dialog;
use regtui::app::settings::AppSettings;
use regtui::client::{ClientSettings, HostSettings};
use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings};
use regtui::model::reference::Target;

use crate::support::harness::Harness;
use crate::support::{registry, samples};

type Answers = fn(&str) -> Option<&'static str>;

/// Opens a registry without a catalog, whose vendor's API at the same origin gives these answers by path. Any other call
/// of it is answered with this status.
async fn open(vendor: &str, path: &str, answers: Answers, status: u16) -> Harness {
    let refusing =
        DemoSettings { catalog_refused: Some(hyper::StatusCode::UNAUTHORIZED), ..DemoSettings::default() };
    let demo = Demo::start(refusing, samples::sample()).await.expect("a port");
    demo.fault(move |request, _| match answers(request.path) {
        Some(body) => Some(Fault::answer(200, &[("content-type", "application/json")], body)),
        None => request.path.starts_with("/api/").then(|| Fault::status(status)),
    });
    let target = Target::parse(&format!("{}{path}", demo.address())).expect("a target");
    let of_host = HostSettings { vendor: Some(vendor.parse().expect("a vendor")), ..HostSettings::default() };
    let client = ClientSettings { hosts: [(target.host().clone(), of_host)].into(), ..registry::settings() };
    Harness::with(demo, vec![target], AppSettings::default(), client).await
}

/// Returns the number of requests for manifests.
fn manifests(harness: &Harness) -> usize {
    harness.demo.requests().iter().filter(|request| request.path.contains("/manifests/")).count()
}

const QUAY: Answers = |path| match path {
    "/api/v1/repository" => {
        Some(r#"{"repositories":[{"namespace":"team","name":"app"},{"namespace":"team","name":"web"}]}"#)
    }
    "/api/v1/repository/team/app/tag/" => Some(
        r#"{"tags":[{"name":"1.4.2","start_ts":1763600000,"end_ts":1796000000,"size":5000000},
        {"name":"1.4.1","start_ts":1763000000,"size":4000000}],"has_additional":false}"#,
    ),
    "/api/v1/find/repositories" => Some(
        r#"{"results":[{"namespace":{"name":"team"},"name":"web","stars":12,"description":"the site"}]}"#,
    ),
    _ => None,
};

#[tokio::test]
async fn the_namespace_of_the_target_is_listed_where_there_is_no_catalog() {
    let harness = open("Quay", "/team/app", QUAY, 404).await;
    harness.shows("team/web");
    harness.shows("only team, by Quay's");
    assert!(harness.state.dialogs.is_empty());
}

#[tokio::test]
async fn a_name_that_is_opened_later_brings_its_namespace() {
    let mut harness = open("Quay", "", QUAY, 404).await;
    assert!(matches!(harness.state.dialogs.last(), Some(Dialog::Open(_))), "nothing is listed yet");
    harness.type_text("team/app").await.press("Enter").await;
    harness.shows("team/web");
    harness.shows("1.4.2");
}

#[tokio::test]
async fn rows_that_the_vendor_tells_of_need_no_request_each() {
    let harness = open("Quay", "/team/app", QUAY, 404).await;
    for text in ["PUSHED", "EXPIRES", "~4 MB"] {
        harness.shows(text);
    }
    let told = manifests(&harness);
    let plain = open("Quay", "/team/app", |_| None, 404).await;
    plain.shows("CREATED");
    // The image under the cursor is read, and the rows of which the vendor told nothing.
    assert!(told > 0 && told < manifests(&plain), "{told} of {}", manifests(&plain));
}

#[tokio::test]
async fn sorting_by_date_reads_the_images_themselves() {
    let mut harness = open("Quay", "/team/app", QUAY, 404).await;
    let before = manifests(&harness);
    harness.press(": s o r t Space d a t e Enter").await;
    harness.shows("CREATED ↓");
    assert!(manifests(&harness) > before);
}

#[tokio::test]
async fn an_api_that_fails_is_named_once_and_changes_nothing() {
    let harness = open("Quay", "/team/app", |_| None, 500).await;
    harness.shows("1.4.2");
    harness.shows("no list: 401");
    let notices = harness.state.notices.all.iter().filter(|notice| notice.text.as_str().contains("own API"));
    assert_eq!(notices.count(), 1);
    assert!(harness.state.dialogs.is_empty());
}

#[tokio::test]
async fn a_search_asks_when_the_text_rests_and_opens_the_result() {
    let mut harness = open("Quay", "/team/app", QUAY, 404).await;
    harness.press("S").await.type_text("the site").await;
    harness.shows("team/web");
    harness.shows("the site");
    let asked = harness.demo.requests().iter().filter(|request| request.path.contains("find")).count();
    assert_eq!(asked, 1, "not for each letter");
    harness.press("Enter").await;
    assert!(harness.state.dialogs.is_empty());
    harness.shows("› team/web");
}

#[tokio::test]
async fn a_registry_without_search_is_searched_by_known_names() {
    let plain = DemoSettings { server: None, ..DemoSettings::default() };
    let mut harness = Harness::open(plain, samples::sample(), "").await;
    harness.press("S").await.type_text("TEAM app").await;
    harness.shows("known name: the registry did not search");
    harness.shows("team/app");
    harness.press("Esc").await;
    assert!(harness.state.dialogs.is_empty());
}

#[tokio::test]
async fn a_search_that_fails_is_answered_by_known_names() {
    let mut harness = open("Quay", "/team/app", |_| None, 500).await;
    harness.press("S").await.type_text("app").await;
    harness.shows("1 known name");
    harness.press("Enter").await;
    harness.shows("› team/app");
}

/// docs/REGISTRIES.md §9.4: zot finds the images of a digest, each with its tags.
#[tokio::test]
async fn a_digest_is_searched_for_and_its_image_opened() {
    let zot: Answers = |path| match path {
        "/v2/_zot/ext/search" => Some(
            r#"{"data":{"ImageListForDigest":{"Results":[{"RepoName":"team/app","Tag":"1.4.1","Digest":"sha256:0"}]}}}"#,
        ),
        _ => None,
    };
    let mut harness = open("zot", "/team/web", zot, 404).await;
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    harness.press("S").await.type_text(digest).await;
    harness.shows("tag 1.4.1");
    harness.press("Enter").await;
    harness.shows("› team/app › 1.4.1");
}

const HARBOR: Answers = |path| match path {
    path if path.contains("/artifacts/sha256:") => Some(r#"{"digest":"sha256:0000"}"#),
    path if path.starts_with("/api/") => Some("[]"),
    _ => None,
};

#[tokio::test]
async fn facts_of_another_form_about_an_image_are_named_once_and_leave_it_as_it_is() {
    let mut harness = open("Harbor", "/team/app", HARBOR, 404).await;
    harness.press("3 j").await.press("j").await;
    harness.shows("  digest  ");
    let notices =
        harness.state.notices.all.iter().filter(|notice| notice.text.as_str().contains("Harbor's own API"));
    assert_eq!(notices.count(), 1);
    let calls = harness.demo.requests();
    let calls = calls.iter().filter(|request| request.path.contains("/artifacts/sha256:")).count();
    assert_eq!(calls, 1, "an API that failed is left alone");
}
