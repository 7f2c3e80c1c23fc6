//! Faults: exactly the fault that a test asks for happens, and nothing else.

use std::time::Duration;

use regtui::demo::Store;
use regtui::demo::faults::{self, Fault, Gate};

use super::wire::Wire;

const MANIFEST: &str = "/v2/a/manifests/1";

async fn wire() -> Wire {
    let store = Store::new();
    store.image("a").tag("1").push();
    Wire::open(store).await
}

/// The bytes that arrive before the body ends or breaks, and whether it broke.
async fn read(mut response: reqwest::Response) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return (bytes, false),
            Err(_) => return (bytes, true),
        }
    }
}

#[tokio::test]
async fn the_first_answer_fails_and_the_second_is_true() {
    let wire = wire().await;
    wire.demo.fault(|request, nth| {
        let busy =
            || Fault::answer(429, &[("retry-after", "7")], r#"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#);
        (request.path == MANIFEST && nth == 1).then(busy)
    });
    assert_eq!(wire.get("/v2/").await.status, 200);
    let busy = wire.get(MANIFEST).await;
    assert_eq!((busy.refusal().as_str(), busy.header("retry-after")), ("429 TOOMANYREQUESTS", "7"));
    assert_eq!(wire.get(MANIFEST).await.status, 200);
    let lines: Vec<String> = wire.demo.requests().iter().map(|request| request.line()).collect();
    assert_eq!(lines, ["GET /v2/", "GET /v2/a/manifests/1", "GET /v2/a/manifests/1"]);
}

#[tokio::test]
async fn a_gate_holds_requests_until_it_is_opened() {
    let wire = wire().await;
    let gate = Gate::new();
    let (held, late) = (gate.clone(), gate.clone());
    wire.demo.fault(move |request, _| match request.path {
        MANIFEST => Some(Fault::Gate(held.clone())),
        "/v2/_catalog" => Some(Fault::Then(late.clone(), Box::new(Fault::status(500)))),
        _ => None,
    });
    let test = async {
        gate.reached_by(2).await;
        assert_eq!(wire.get("/v2/").await.status, 200);
        gate.open();
    };
    let (manifest, catalog, ()) = tokio::join!(wire.get(MANIFEST), wire.get("/v2/_catalog"), test);
    assert_eq!((manifest.status, catalog.status), (200, 500));
    assert_eq!(wire.demo.most_at_once(), 3);
}

#[tokio::test]
async fn a_body_is_cut_held_or_dripped_under_a_true_head() {
    let wire = wire().await;
    let whole = wire.get(MANIFEST).await.body;
    wire.demo.fault(|_, _| Some(Fault::CutAfter(10)));
    let response = wire.request("GET", MANIFEST).send().await.expect("a head");
    assert_eq!(response.content_length(), Some(whole.len() as u64));
    assert_eq!(read(response).await, (whole[..10].to_vec(), true));

    wire.demo.fault(|_, _| Some(Fault::HangAfter(10)));
    let mut response = wire.request("GET", MANIFEST).send().await.expect("a head");
    assert_eq!(response.chunk().await.expect("a piece").as_deref(), Some(&whole[..10]));
    drop(response);

    wire.demo.fault(|_, _| Some(Fault::Drip(100, Duration::from_millis(1))));
    let response = wire.request("GET", MANIFEST).send().await.expect("a head");
    assert_eq!(read(response).await, (whole.clone(), false));

    wire.demo.fault(|_, _| Some(Fault::Endless));
    let mut response = wire.request("GET", MANIFEST).send().await.expect("a head");
    assert_eq!(response.content_length(), None);
    let mut read = 0;
    while read < 100 * whole.len() {
        read += response.chunk().await.expect("more").expect("more").len();
    }

    wire.demo.clear_faults();
    assert_eq!(wire.get(MANIFEST).await.body, whole);
}

#[tokio::test]
async fn bytes_and_headers_are_falsified() {
    let wire = wire().await;
    let honest = wire.get(MANIFEST).await;
    wire.demo.fault(|_, _| Some(Fault::WrongBytes));
    let wrong = wire.get(MANIFEST).await;
    assert_eq!(wrong.header("docker-content-digest"), honest.header("docker-content-digest"));
    assert_eq!(wrong.body.len(), honest.body.len());
    assert_ne!(wrong.body, honest.body);

    wire.demo.fault(|_, _| {
        let digest = ("docker-content-digest".to_owned(), None);
        Some(Fault::Headers(vec![digest, ("content-type".to_owned(), Some("text/html".to_owned()))]))
    });
    let other = wire.get(MANIFEST).await;
    assert_eq!((other.header("docker-content-digest"), other.header("content-type")), ("", "text/html"));
    assert_eq!(other.body, honest.body);
}

#[tokio::test]
async fn a_connection_is_closed_without_an_answer() {
    let wire = wire().await;
    wire.demo.fault(|_, _| Some(Fault::Close));
    assert!(wire.request("GET", MANIFEST).send().await.is_err());
}

#[tokio::test]
async fn a_held_request_is_seen_although_it_is_never_answered() {
    let wire = wire().await;
    wire.demo.fault(|_, _| Some(Fault::Hang));
    tokio::select! {
        _ = wire.get(MANIFEST) => panic!("it was answered"),
        () = wire.demo.wait_until(|requests| requests.iter().any(|request| request.path == MANIFEST)) => {}
    }
}

#[tokio::test]
async fn a_registry_that_is_dropped_answers_no_more() {
    let wire = wire().await;
    let address = wire.demo.address();
    assert_eq!(wire.get("/v2/").await.status, 200);
    drop(wire);
    // Its task is told to end and does so at its next turn; then the port is closed.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn deletes_and_puts_can_be_without_effect_in_three_ways() {
    let wire = wire().await;
    let delete = async || wire.send("DELETE", MANIFEST, &[], "").await;
    wire.demo.fault(faults::deletes_not_routed);
    let page = delete().await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html"));
    wire.demo.fault(faults::deletes_by_digest_only);
    assert_eq!(delete().await.refusal(), "400 INVALID_REQUEST");
    wire.demo.fault(faults::puts_vanish);
    let bytes = wire.get(MANIFEST).await.body;
    assert_eq!(wire.send("PUT", "/v2/a/manifests/2", &[], bytes).await.status, 201);
    assert_eq!(wire.get("/v2/a/manifests/2").await.status, 404);
    assert_eq!(wire.get(MANIFEST).await.status, 200);
}
