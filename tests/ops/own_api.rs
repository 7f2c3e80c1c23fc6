//! Tags removed by the own APIs of vendors, played as they are documented: docs/REGISTRIES.md §9.4.
//!
//! One demo registry stands for the registry, and a second one for the API of its vendor at another origin. Both change the
//! same store.

use hyper::Method;
use regtui::client::{ClientSettings, HostSettings, Trust};
use regtui::demo::faults::{Fault, RequestView};
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::change::delete::{Along, DeleteMethod, DeletePlan, DeleteRequest};
use regtui::model::change::progress::Report;
use regtui::model::change::retag::{RetagMode, RetagRequest};
use regtui::model::change::rules::Rules;
use regtui::model::change::{ChangePlan, ChangeRequest};
use regtui::model::reference::{Repository, Selector};
use regtui::ops::change;
use regtui::ops::context::ChangeContext;
use tempfile::TempDir;

use crate::support::context::{context, watch};
use crate::support::outcomes::first_outcome;
use crate::support::registry::{self, logins, name, settings, tag};

const SECRET: &str = "CANARY-own-delete";
const VENDORS: [&str; 4] = ["Docker Hub", "GHCR", "GitLab", "Harbor"];

/// How an API answers a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    /// It removes the tag.
    Works,
    /// It says so, and the tag stays.
    Lies,
    /// It answers this status and this body.
    Answers(u16, &'static str),
    /// It removes the tag and loses the answer.
    LosesTheAnswer,
    /// It leads to this address.
    Redirects(&'static str),
}

/// A registry with `team/app`, and the API of its vendor.
struct Shop {
    store: Store,
    registry: Demo,
    api: Demo,
    context: ChangeContext,
    _folder: TempDir,
}

/// `team/app` with an image under 1 and latest, and another one as 2.
fn store() -> Store {
    let store = Store::new();
    let image = store.image("team/app").tag("1").label("number", "1").push();
    store.tag("team/app", "latest", image.digest);
    store.image("team/app").tag("2").label("number", "2").push();
    store
}

/// The answers of the four APIs, and their deletes of tag 2 or 1.
fn play(vendor: &str, api: Api, store: &Store, request: &RequestView<'_>) -> Option<Fault> {
    let json = |body: String| Some(Fault::answer(200, &[("content-type", "application/json")], body));
    let missing = || Some(Fault::answer(404, &[], r#"{"message":"not found"}"#));
    let digest_of = |tag: &str| store.digest_of("team/app", tag).map(|digest| digest.to_string());
    if request.method == Method::DELETE {
        let tag = request.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let tag = if vendor == "GHCR" { tag.trim_start_matches("70") } else { tag };
        let one = digest_of(tag).unwrap_or_default();
        let expected = match vendor {
            "Docker Hub" => format!("/v2/repositories/team/app/tags/{tag}/"),
            "GHCR" => format!("/users/team/packages/container/app/versions/70{tag}"),
            "GitLab" => format!("/api/v4/projects/5/registry/repositories/9/tags/{tag}"),
            _ => format!("/api/v2.0/projects/team/repositories/app/artifacts/{one}/tags/{tag}"),
        };
        if request.path != expected {
            return missing();
        }
        let done = |fault| {
            store.untag("team/app", tag);
            Some(fault)
        };
        return match api {
            Api::Works => done(Fault::answer(if vendor == "Harbor" { 200 } else { 204 }, &[], "")),
            Api::Lies => Some(Fault::answer(204, &[], "")),
            Api::Answers(status, body) => Some(Fault::answer(status, &[], body)),
            Api::LosesTheAnswer => done(Fault::Close),
            Api::Redirects(to) => Some(Fault::answer(307, &[("location", to)], "")),
        };
    }
    match request.path {
        "/v2/auth/token" => json(r#"{"access_token":"JWT7"}"#.into()),
        "/users/team/packages/container/app/versions" => json(format!(
            r#"[{{"id":701,"name":"{}","metadata":{{"container":{{"tags":["1","latest"]}}}}}},
            {{"id":702,"name":"{}","metadata":{{"container":{{"tags":["2"]}}}}}}]"#,
            digest_of("1").unwrap_or_default(),
            digest_of("2").unwrap_or_default(),
        )),
        "/api/v4/groups/team/registry/repositories" => json(
            r#"[{"id":8,"project_id":5,"path":"team/web"},{"id":9,"project_id":5,"path":"team/app"}]"#.into(),
        ),
        _ => missing(),
    }
}

async fn shop(vendor: &'static str, api: Api, login: Option<&str>) -> Shop {
    let store = store();
    let never = DemoSettings { delete_by_tag: false, delete_by_digest: false, ..DemoSettings::default() };
    let registry = Demo::start(never, store.clone()).await.expect("a port");
    let server = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let played = store.clone();
    server.fault(move |request, _| play(vendor, api, &played, request));
    let host = registry::host(&registry);
    let of_host = HostSettings {
        trust: Trust::default(),
        api: Some(format!("http://{}", server.address()).parse().expect("an address")),
        vendor: Some(vendor.parse().expect("a vendor")),
        ..HostSettings::default()
    };
    let credentials = login.map(|login| logins(&[(&host, login)])).unwrap_or_default();
    let (context, folder) =
        context(ClientSettings { hosts: [(host, of_host)].into(), credentials, ..settings() });
    Shop { store, registry, api: server, context, _folder: folder }
}

async fn logged_in(vendor: &'static str, api: Api) -> Shop {
    shop(vendor, api, Some(&format!("ann:{SECRET}"))).await
}

impl Shop {
    fn repository(&self) -> Repository {
        Repository { host: registry::host(&self.registry), name: name("team/app") }
    }

    fn delete(&self, tag_name: &str, method: Option<DeleteMethod>) -> ChangeRequest {
        ChangeRequest::Delete(DeleteRequest {
            repository: self.repository(),
            selectors: vec![Selector::Tag(tag(tag_name))],
            all_tags: false,
            method,
            along: Along::default(),
            keep: false,
        })
    }

    fn rename(&self, from: &str, to: &str) -> ChangeRequest {
        ChangeRequest::Retag(RetagRequest {
            items: vec![(Selector::Tag(tag(from)), self.repository(), tag(to))],
            from: self.repository(),
            mode: RetagMode::Move,
            keep: false,
        })
    }

    async fn plan(&self, request: &ChangeRequest) -> ChangePlan {
        change::plan(&self.context, request).await.expect("a plan")
    }

    async fn delete_plan(&self, tag: &str) -> DeletePlan {
        match self.plan(&self.delete(tag, None)).await {
            ChangePlan::Delete(plan) => plan,
            other => panic!("{other:?}"),
        }
    }

    async fn carry_out(&self, request: &ChangeRequest) -> Report {
        let plan = self.plan(request).await;
        change::run(&self.context, &plan, &watch()).await
    }

    fn tags(&self) -> Vec<String> {
        self.store.tags("team/app")
    }

    /// The deletes that the API got.
    fn deletes(&self) -> usize {
        self.api.requests().iter().filter(|request| request.line().starts_with("DELETE")).count()
    }
}

#[tokio::test]
async fn a_tag_goes_by_the_vendors_own_api_and_nothing_else_does() {
    for vendor in VENDORS {
        let shop = logged_in(vendor, Api::Works).await;
        let plan = shop.delete_plan("2").await;
        assert_eq!((plan.method, plan.common.blocked.as_ref()), (DeleteMethod::OwnApi, None), "{vendor}");
        assert_eq!(plan.own_api.as_ref().map(|api| api.vendor.as_str()), Some(vendor));
        assert!(plan.common.methods.contains(&DeleteMethod::OwnApi), "{vendor}");
        let report = shop.carry_out(&shop.delete("2", None)).await;
        assert_eq!(first_outcome(&report), ("done", "untagged".into()), "{vendor}");
        assert_eq!((shop.tags().join(" ").as_str(), shop.deletes()), ("1 latest", 1), "{vendor}");
        let undo = report.undo.clone().expect("something to undo");
        let undone = shop.carry_out(&ChangeRequest::Undo(undo)).await;
        assert!(undone.is_success(), "{vendor}: {undone:?}");
        assert_eq!(shop.tags(), ["1", "2", "latest"], "{vendor}");
    }
}

#[tokio::test]
async fn other_tags_of_the_image_stay_or_nothing_goes() {
    for vendor in VENDORS {
        let shop = logged_in(vendor, Api::Works).await;
        let report = shop.carry_out(&shop.delete("1", None)).await;
        if vendor == "GHCR" {
            let (kind, text) = first_outcome(&report);
            assert!(
                kind == "failed" && text.contains("with all of its tags") && text.contains("latest"),
                "{text}"
            );
            assert_eq!((shop.tags().len(), shop.deletes()), (3, 0));
        } else {
            assert_eq!(first_outcome(&report).0, "done", "{vendor}");
            assert_eq!(shop.tags(), ["2", "latest"], "{vendor}");
        }
    }
}

/// The other tag came after the plan: GitHub itself tells of it.
#[tokio::test]
async fn a_version_that_got_another_tag_since_the_plan_stays() {
    let shop = logged_in("GHCR", Api::Works).await;
    let plan = shop.plan(&shop.delete("2", None)).await;
    let (store, fresh) = (shop.store.clone(), shop.store.digest_of("team/app", "2").expect("it is there"));
    shop.api.fault(move |request, _| match request.path {
        "/users/team/packages/container/app/versions" => Some(Fault::answer(
            200,
            &[],
            format!(r#"[{{"id":702,"name":"{fresh}","metadata":{{"container":{{"tags":["new","2"]}}}}}}]"#),
        )),
        _ => play("GHCR", Api::Works, &store, request),
    });
    let report = change::run(&shop.context, &plan, &watch()).await;
    let (kind, text) = first_outcome(&report);
    assert!(kind == "failed" && text.contains("1 other tag besides 2"), "{text}");
    assert_eq!((shop.tags().len(), shop.deletes()), (3, 0));
}

/// The look at the tag is the last request before the delete, whatever the API needs before.
#[tokio::test]
async fn a_tag_that_moved_since_the_plan_is_left_alone() {
    for vendor in VENDORS {
        let shop = logged_in(vendor, Api::Works).await;
        let plan = shop.plan(&shop.delete("2", None)).await;
        let moved = shop.store.digest_of("team/app", "1").expect("it is there");
        shop.store.tag("team/app", "2", moved);
        let report = change::run(&shop.context, &plan, &watch()).await;
        let (kind, text) = first_outcome(&report);
        // GitHub finds the version without the tag before the tag is looked at.
        let is_left = if vendor == "GHCR" {
            kind == "failed"
        } else {
            kind == "skipped" && text.contains("it moved since")
        };
        assert!(is_left, "{vendor}: {kind} {text}");
        assert_eq!((shop.tags().len(), shop.deletes()), (3, 0), "{vendor}");
    }
}

#[tokio::test]
async fn a_refusal_is_reported_with_its_reason_and_nothing_else_is_tried() {
    let answers = [
        (Api::Answers(401, ""), "401"),
        (Api::Answers(403, r#"{"message":"no right to delete"}"#), "403"),
        (Api::Answers(404, r#"{"message":"not found"}"#), "404"),
        (Api::Answers(500, ""), "500"),
        (Api::Answers(200, "<html>log in</html>"), "web page"),
    ];
    for vendor in VENDORS {
        for (api, word) in answers {
            let shop = logged_in(vendor, api).await;
            let report = shop.carry_out(&shop.delete("2", None)).await;
            let (kind, text) = first_outcome(&report);
            assert!(kind == "failed" && text.contains(word), "{vendor} {api:?}: {kind} {text}");
            assert_eq!((shop.tags().len(), shop.deletes()), (3, 1), "{vendor} {api:?}");
            // After a failure of the server it may still be done later, so an undo is offered.
            let is_certain = matches!(word, "401" | "403" | "404");
            assert!(report.undo.is_none() || !is_certain, "{vendor} {api:?}: nothing was changed");
        }
    }
}

#[tokio::test]
async fn a_delete_that_is_said_to_be_done_and_is_not_is_not_confirmed() {
    for vendor in VENDORS {
        let shop = logged_in(vendor, Api::Lies).await;
        let report = shop.carry_out(&shop.delete("2", None)).await;
        let (kind, text) = first_outcome(&report);
        assert!(kind == "unconfirmed" && text.contains("still shows the tag"), "{vendor}: {kind} {text}");
        assert_eq!(shop.tags().len(), 3);
    }
}

#[tokio::test]
async fn a_delete_whose_answer_was_lost_is_what_the_registry_shows() {
    for vendor in VENDORS {
        let shop = logged_in(vendor, Api::LosesTheAnswer).await;
        let report = shop.carry_out(&shop.delete("2", None)).await;
        assert_eq!((first_outcome(&report).0, shop.deletes()), ("done", 1), "{vendor}");
    }
}

#[tokio::test]
async fn without_a_login_the_plan_says_so_and_nothing_is_sent() {
    for vendor in ["Docker Hub", "GHCR"] {
        let shop = shop(vendor, Api::Works, None).await;
        let plan = shop.delete_plan("2").await;
        let blocked = plan.common.blocked.expect("it is blocked").why.to_string();
        assert!(blocked.contains("there is no login") && blocked.contains(vendor), "{blocked}");
        assert_eq!(shop.deletes(), 0);
    }
}

/// docs/RELIABILITY.md B1, B3: the login of a registry is sent to the API of its vendor and to no other origin.
#[tokio::test]
async fn the_login_of_a_delete_follows_no_redirect_and_stays_out_of_the_report() {
    let other = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let to: &'static str = Box::leak(format!("http://{}/v2/", other.address()).into_boxed_str());
    for vendor in VENDORS {
        let shop = logged_in(vendor, Api::Redirects(to)).await;
        let report = shop.carry_out(&shop.delete("2", None)).await;
        let (kind, text) = first_outcome(&report);
        assert!(kind == "failed" && text.contains("redirect"), "{vendor}: {text}");
        assert!(!format!("{report:?}").contains(SECRET), "{vendor}");
        let with_login = shop
            .api
            .requests()
            .iter()
            .filter(|request| {
                request.header("authorization").is_some() || request.header("private-token").is_some()
            })
            .count();
        assert!(with_login > 0, "{vendor}");
        assert_eq!(shop.tags().len(), 3, "{vendor}");
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_rule_keeps_the_api_from_being_used() {
    let mut shop = logged_in("Harbor", Api::Works).await;
    shop.context.rules = Rules { read_only: Some("--read-only"), ..Rules::default() };
    let report = shop.carry_out(&shop.delete("2", None)).await;
    assert!(first_outcome(&report).1.contains("read-only"), "{report:?}");
    assert_eq!((shop.tags().len(), shop.deletes()), (3, 0));
}

#[tokio::test]
async fn a_tag_is_renamed_by_the_vendors_own_api_unless_the_image_would_go() {
    for vendor in VENDORS {
        let shop = logged_in(vendor, Api::Works).await;
        let report = shop.carry_out(&shop.rename("2", "3")).await;
        let (kind, text) = first_outcome(&report);
        if vendor == "GHCR" {
            assert_eq!((kind, shop.tags().join(" ").as_str()), ("failed", "1 2 latest"), "{text}");
        } else {
            assert_eq!((kind, shop.tags().join(" ").as_str()), ("done", "1 3 latest"), "{vendor}: {text}");
        }
    }
}

/// The registry API untags, so the API is offered and not chosen.
#[tokio::test]
async fn a_registry_that_deletes_by_tag_is_not_sent_to_the_vendors_api() {
    let store = store();
    let registry = Demo::start(DemoSettings::default(), store.clone()).await.expect("a port");
    let host = registry::host(&registry);
    let of_host =
        HostSettings { vendor: Some("Harbor".parse().expect("a vendor")), ..HostSettings::default() };
    let credentials = logins(&[(&host, "ann:x")]);
    let (context, _folder) =
        context(ClientSettings { hosts: [(host.clone(), of_host)].into(), credentials, ..settings() });
    let request = ChangeRequest::Delete(DeleteRequest {
        repository: Repository { host, name: name("team/app") },
        selectors: vec![Selector::Tag(tag("2"))],
        all_tags: false,
        method: None,
        along: Along::default(),
        keep: false,
    });
    let plan = change::plan(&context, &request).await.expect("a plan");
    assert_eq!(plan.method(), Some(DeleteMethod::Untag));
    assert_eq!(plan.common().methods, [DeleteMethod::Untag, DeleteMethod::OwnApi, DeleteMethod::Image]);
}
