//! Quay with its time machine, played as `endpoints/api/tag.py` of its source shows it: images that no tag has any more are
//! not served by their digest, the API keeps them for a while, and a token of an application puts a tag back on them.

use std::sync::{Arc, Mutex};

use hyper::Method;
use regtui::demo::faults::{Fault, RequestView};
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::digest::Digest;
use regtui::model::reference::Host;

/// A password that is a token of an application.
pub const TOKEN: &str = "CANARY-oauth";
/// The login that the API takes.
pub const LOGIN: &str = "$oauthtoken:CANARY-oauth";

/// How the API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// As it should.
    Truth,
    /// This status and this body.
    Status(u16, &'static str),
    /// It says that it put the tag back, and did not.
    Lies,
    /// It puts the tag back and loses the answer.
    Loses,
}

/// The registry, and the images that `team/app:1.4` had, the oldest first. It has the last one now. `team/app:gone` had
/// the first one.
pub struct TimeMachine {
    pub demo: Demo,
    pub images: [Digest; 3],
    answers: Arc<Mutex<Answers>>,
}

impl TimeMachine {
    pub async fn start() -> TimeMachine {
        let store = Store::new();
        let image = |number: &str| store.image("team/app").tag("1.4").label("number", number).push().digest;
        let images = ["1", "2", "3"].map(image);
        let demo = Demo::start(DemoSettings::default(), store.clone()).await.expect("a port");
        let answers = Arc::new(Mutex::new(Answers::Truth));
        let played = answers.clone();
        demo.fault(move |request, _| {
            let answers = *played.lock().expect("no panic");
            dead_manifest(&store, request).or_else(|| api(&store, images, answers, request))
        });
        TimeMachine { demo, images, answers }
    }

    pub fn answers(&self, answers: Answers) {
        *self.answers.lock().expect("no panic") = answers;
    }

    pub fn host(&self) -> Host {
        Host::parse(&self.demo.address().to_string()).expect("a host")
    }

    /// The configuration that names the vendor.
    pub fn config(&self) -> String {
        format!("[registries.\"{}\"]\nvendor = \"quay\"\n", self.host())
    }

    /// The restores that the API was asked for.
    pub fn restores(&self) -> usize {
        let requests = self.demo.requests();
        requests.iter().filter(|request| request.path.ends_with("/restore")).count()
    }

    pub fn digest_of(&self, tag: &str) -> Option<Digest> {
        self.demo.store().digest_of("team/app", tag)
    }
}

/// Refuses a manifest by its digest if no tag has it.
fn dead_manifest(store: &Store, request: &RequestView<'_>) -> Option<Fault> {
    let digest: Digest = request.path.strip_prefix("/v2/team/app/manifests/")?.parse().ok()?;
    let reads = matches!(*request.method, Method::GET | Method::HEAD);
    let is_alive = store.repository("team/app").is_some_and(|app| app.tags.values().any(|of| *of == digest));
    let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#;
    (reads && !is_alive).then(|| Fault::answer(404, &[("content-type", "application/json")], body))
}

fn api(store: &Store, images: [Digest; 3], answers: Answers, request: &RequestView<'_>) -> Option<Fault> {
    let path = request.path.strip_prefix("/api/v1/repository/team/app/tag/")?;
    if let Answers::Status(status, body) = answers {
        return Some(Fault::answer(status, &[], body));
    }
    let json = |body: String| Fault::answer(200, &[("content-type", "application/json")], body);
    if let Some(tag) = path.strip_suffix("/restore") {
        let token = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        if token != Some("Bearer CANARY-oauth") || *request.method != Method::POST {
            let body = r#"{"error_type":"invalid_token","status":401}"#;
            return Some(Fault::answer(401, &[], body));
        }
        let restore = || store.tag("team/app", tag, images[0]);
        return Some(match answers {
            Answers::Loses => {
                restore();
                Fault::Close
            }
            Answers::Lies => json("{}".into()),
            _ => {
                restore();
                json("{}".into())
            }
        });
    }
    let period = |name: &str, image: usize, start: u64, end: Option<u64>| {
        let end = end.map(|end| format!(r#","end_ts":{end},"expiration":"Tue, 02 Jan 2024 10:00:00 -0000""#));
        format!(
            r#"{{"name":"{name}","reversion":false,"start_ts":{start}{},"manifest_digest":"{}","is_manifest_list":false,
            "size":4000,"last_modified":"Tue, 02 Jan 2024 10:00:00 -0000"}}"#,
            end.unwrap_or_default(),
            images[image]
        )
    };
    let only = request.query.split('&').find_map(|part| part.strip_prefix("specificTag="));
    let first = [
        ("1.4", period("1.4", 2, 1_700_003_000, None)),
        ("1.4", period("1.4", 1, 1_700_002_000, Some(1_700_003_000))),
    ];
    let second = [
        ("1.4", period("1.4", 0, 1_700_001_000, Some(1_700_002_000))),
        ("gone", period("gone", 0, 1_700_000_500, Some(1_700_000_900))),
    ];
    let is_first = request.query.contains("page=1");
    let page = if is_first { &first } else { &second };
    let shown = page.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let shown: Vec<&str> = shown.map(|(_, period)| period.as_str()).collect();
    Some(json(format!(
        r#"{{"tags":[{}],"page":{},"has_additional":{is_first}}}"#,
        shown.join(","),
        if is_first { 1 } else { 2 }
    )))
}
