//! Tags put back on earlier images by a vendor's own API, because the registry API serves them no more:
//! docs/REGISTRIES.md §9.4.

use regtui::client::{ClientSettings, HostSettings};
use regtui::demo::faults::Fault;
use regtui::model::change::progress::Report;
use regtui::model::change::retag::{RetagMode, RetagPlan, RetagRequest};
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::digest::Digest;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::change;
use regtui::ops::context::ChangeContext;
use tempfile::TempDir;

use crate::support::context::{context, watch};
use crate::support::outcomes::first_outcome;
use crate::support::registry::{logins, name, settings, tag};
use crate::support::time_machine::{Answers, LOGIN, TimeMachine};

async fn quay(login: Option<&str>) -> (TimeMachine, ChangeContext, TempDir) {
    let quay = TimeMachine::start().await;
    let of_host = HostSettings { vendor: Some("Quay".parse().expect("a vendor")), ..HostSettings::default() };
    let credentials = login.map(|login| logins(&[(&quay.host(), login)])).unwrap_or_default();
    let hosts = [(quay.host(), of_host)].into();
    let (context, folder) = context(ClientSettings { hosts, credentials, ..settings() });
    (quay, context, folder)
}

fn restore(quay: &TimeMachine, image: Digest, to: &str) -> ChangeRequest {
    let repository = Repository { host: quay.host(), name: name("team/app") };
    ChangeRequest::Retag(RetagRequest {
        items: vec![(Selector::Digest(image), repository.clone(), tag(to))],
        from: repository,
        mode: RetagMode::Add,
        keep: false,
    })
}

async fn plan(context: &ChangeContext, request: &ChangeRequest) -> RetagPlan {
    match change::plan(context, request).await.expect("a plan") {
        ChangePlan::Retag(plan) => plan,
        other => panic!("{other:?}"),
    }
}

async fn carry_out(context: &ChangeContext, request: &ChangeRequest) -> Report {
    let plan = change::plan(context, request).await.expect("a plan");
    change::run(context, &plan, &watch()).await
}

#[tokio::test]
async fn a_tag_goes_back_to_an_earlier_image_and_undo_puts_the_later_one_there_again() {
    let (quay, context, _folder) = quay(Some(LOGIN)).await;
    let request = restore(&quay, quay.images[0], "1.4");
    let planned = plan(&context, &request).await;
    assert!(planned.steps[0].by_own_api && planned.common.blocked.is_none(), "{planned:?}");
    assert_eq!(planned.steps[0].replaces, Some(quay.images[2]));
    let report = carry_out(&context, &request).await;
    assert_eq!(first_outcome(&report).0, "done", "{report:?}");
    assert_eq!((quay.digest_of("1.4"), quay.restores()), (Some(quay.images[0]), 1));
    let undo = report.undo.clone().expect("something to undo");
    let undone = carry_out(&context, &ChangeRequest::Undo(undo)).await;
    assert!(undone.is_success(), "{undone:?}");
    assert_eq!(quay.digest_of("1.4"), Some(quay.images[2]));
}

/// `gone` had the image, and a new tag gets it.
#[tokio::test]
async fn an_image_that_another_tag_had_can_get_any_tag() {
    let (quay, context, _folder) = quay(Some(LOGIN)).await;
    let request = restore(&quay, quay.images[0], "fresh");
    assert!(plan(&context, &request).await.steps[0].by_own_api);
    assert_eq!(first_outcome(&carry_out(&context, &request).await).0, "done");
    assert_eq!(quay.digest_of("fresh"), Some(quay.images[0]));
}

/// The plain protocol is enough as long as any tag has the image.
#[tokio::test]
async fn an_image_that_the_registry_still_serves_is_put_by_the_registry_api() {
    let (quay, context, _folder) = quay(Some(LOGIN)).await;
    quay.demo.store().tag("team/app", "old", quay.images[0]);
    let request = restore(&quay, quay.images[0], "1.4");
    assert!(!plan(&context, &request).await.steps[0].by_own_api);
    assert_eq!(first_outcome(&carry_out(&context, &request).await).0, "done");
    assert_eq!((quay.digest_of("1.4"), quay.restores()), (Some(quay.images[0]), 0));
}

#[tokio::test]
async fn without_a_token_of_the_api_the_plan_says_which_login_is_needed() {
    for login in [None, Some("ann:password"), Some("team+robot:token")] {
        let (quay, context, _folder) = quay(login).await;
        let request = restore(&quay, quay.images[0], "1.4");
        let blocked = plan(&context, &request).await.common.blocked.expect("it is blocked");
        assert!(blocked.hint.expect("a hint").as_str().contains("$oauthtoken"), "{login:?}");
        assert_eq!(first_outcome(&carry_out(&context, &request).await).0, "failed", "{login:?}");
        assert_eq!((quay.digest_of("1.4"), quay.restores()), (Some(quay.images[2]), 0));
    }
}

#[tokio::test]
async fn an_image_that_the_vendor_does_not_keep_is_not_there() {
    let (quay, context, _folder) = quay(Some(LOGIN)).await;
    let unknown = Digest::sha256(b"never pushed");
    let failure = change::plan(&context, &restore(&quay, unknown, "1.4")).await.expect_err("no such image");
    assert_eq!(failure.why.as_str(), "it is not there");
    // The own API may fail too.
    for body in ["<html>", "[]"] {
        quay.answers(Answers::Status(200, body));
        let request = restore(&quay, quay.images[0], "1.4");
        let failure = change::plan(&context, &request).await.expect_err("nobody serves it");
        assert_eq!(failure.why.as_str(), "it is not there");
    }
}

#[tokio::test]
async fn a_tag_that_moved_since_the_plan_is_left_alone() {
    let (quay, context, _folder) = quay(Some(LOGIN)).await;
    let request = restore(&quay, quay.images[0], "1.4");
    let planned = change::plan(&context, &request).await.expect("a plan");
    quay.demo.store().tag("team/app", "1.4", quay.images[1]);
    let report = change::run(&context, &planned, &watch()).await;
    let (kind, text) = first_outcome(&report);
    assert_ne!(kind, "done", "{text}");
    assert_eq!((quay.digest_of("1.4"), quay.restores()), (Some(quay.images[1]), 0));
}

#[tokio::test]
async fn the_tag_afterwards_counts_whatever_the_api_answers() {
    let moved_on = [
        (Answers::Lies, "unconfirmed", "does not show it"),
        (Answers::Loses, "done", "again"),
        (Answers::Status(403, "{}"), "failed", "403"),
        (Answers::Status(404, "{}"), "failed", "404"),
        (Answers::Status(500, ""), "failed", "500"),
        (Answers::Status(200, "<html>"), "failed", "web page"),
        (Answers::Status(307, ""), "failed", "elsewhere"),
    ];
    for (answers, expected, word) in moved_on {
        let (quay, context, _folder) = quay(Some(LOGIN)).await;
        let planned = change::plan(&context, &restore(&quay, quay.images[0], "1.4")).await.expect("a plan");
        quay.answers(answers);
        let report = change::run(&context, &planned, &watch()).await;
        let (kind, text) = first_outcome(&report);
        assert!(kind == expected && text.contains(word), "{answers:?}: {kind} {text}");
        let is_back = quay.digest_of("1.4") == Some(quay.images[0]);
        assert_eq!((is_back, quay.restores()), (expected == "done", 1), "{answers:?}");
    }
}

/// docs/RELIABILITY.md B1: the token is sent to the API of the registry and follows no redirect.
#[tokio::test]
async fn the_token_of_a_restore_follows_no_redirect() {
    let (quay, context, _folder) = quay(Some(LOGIN)).await;
    let other = TimeMachine::start().await;
    let planned = change::plan(&context, &restore(&quay, quay.images[0], "1.4")).await.expect("a plan");
    let to: &'static str = Box::leak(format!("http://{}/", other.host()).into_boxed_str());
    quay.demo.fault(move |request, _| {
        request.path.ends_with("/restore").then(|| Fault::answer(307, &[("location", to)], ""))
    });
    change::run(&context, &planned, &watch()).await;
    assert!(other.demo.requests().is_empty());
}
