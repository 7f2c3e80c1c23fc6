//! Copies that are stopped, cut or answered late: no part is left half done, and no byte is sent twice without need.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use regtui::client::{ClientSettings, Pool};
use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, Demo, Store};
use regtui::model::change::copy::{CopyRequest, What};
use regtui::model::change::progress::{Outcome, Progress};
use regtui::model::reference::{Host, Repository, Selector};

use crate::support::copying::{Sides, layer, outcome, watch};
use crate::support::hostile;
use crate::support::registry::{Registry, host, logins, name, settings, tag};

/// An index of two platforms with an attestation and a referrer, beside a plain image that shares a layer.
fn two_images() -> Store {
    let store = Store::new();
    let base = layer(1, 150_000);
    let [amd64, arm64] = ["amd64", "arm64"].map(|arch| {
        store
            .image("app")
            .platform("linux", arch)
            .layer("COPY base /", base.clone())
            .layer("COPY own /", layer(arch.len() as u32, 9_000))
            .push()
    });
    let index = store.index("app").child(&amd64).child(&arm64).attestation(&amd64).tag("index").push();
    store.artifact("app").kind("application/spdx+json").layer("text/spdx", "{}").subject(&index).push();
    store.image("app").layer("COPY base /", base).layer("COPY other /", layer(8, 70_000)).tag("plain").push();
    store
}

fn all(sides: &Sides) -> CopyRequest {
    CopyRequest { what: What::AllTags, referrers: true, ..sides.request(&[]) }
}

/// Calls `at` for request number `nth` to either side and answers with its result. Returns the number of requests.
fn at_request(
    demos: [&Demo; 2],
    nth: usize,
    at: impl Fn() -> Option<Fault> + Send + Sync + Clone + 'static,
) -> Arc<AtomicUsize> {
    let seen: Arc<AtomicUsize> = Arc::default();
    for demo in demos {
        let (seen, at) = (seen.clone(), at.clone());
        demo.fault(move |_, _| if seen.fetch_add(1, Ordering::SeqCst) + 1 == nth { at() } else { None });
    }
    seen
}

#[tokio::test]
async fn a_copy_stopped_at_any_request_moves_no_unfinished_tag_and_leaves_no_upload_open() {
    for nth in 1.. {
        let sides = Sides::of(two_images()).await;
        let plan = sides.plan(&all(&sides)).await.expect("a plan");
        let stop = sides.watch.stop.clone();
        let seen = at_request([&sides.from.demo, &sides.to.demo], nth, move || {
            stop.cancel();
            None
        });
        let report = sides.run(&plan).await;
        let is_over = seen.load(Ordering::SeqCst) < nth;
        assert_eq!(sides.to.demo.store().open_uploads(), 0, "request {nth}: {:?}", sides.writes());
        for item in &report.items {
            let is_there = sides.there(item.name.as_str()).is_some();
            match &item.outcome {
                Some(Outcome::Stopped) => assert!(!is_there && !is_over, "request {nth}: {item:?}"),
                Some(Outcome::Done(_)) => sides.is_same(item.name.as_str()),
                other => panic!("request {nth}: {other:?}"),
            }
        }
        if is_over {
            assert!(report.is_success() && nth > 30, "{nth} requests: {report:#?}");
            break;
        }
    }
}

#[tokio::test]
async fn a_connection_that_closes_at_any_request_costs_nothing_but_that_request() {
    for nth in 1.. {
        let sides = Sides::of(two_images()).await;
        let plan = sides.plan(&all(&sides)).await.expect("a plan");
        let seen = at_request([&sides.from.demo, &sides.to.demo], nth, || Some(Fault::Close));
        let report = sides.run(&plan).await;
        assert!(
            report.is_success(),
            "request {nth}: {report:#?}\n{:#?}\n{:#?}",
            sides.from.requests(),
            sides.to.requests()
        );
        for tag in ["index", "plain"] {
            sides.is_same(tag);
        }
        assert_eq!(sides.to.demo.store().open_uploads(), 0, "request {nth}");
        if seen.load(Ordering::SeqCst) < nth {
            break;
        }
    }
}

#[tokio::test]
async fn a_request_that_is_answered_503_at_any_point_is_made_again() {
    for nth in 1.. {
        let sides = Sides::of(two_images()).await;
        let plan = sides.plan(&all(&sides)).await.expect("a plan");
        let busy = || Some(Fault::answer(503, &[("retry-after", "0")], ""));
        let seen = at_request([&sides.from.demo, &sides.to.demo], nth, busy);
        let report = sides.run(&plan).await;
        assert!(report.is_success(), "request {nth}: {report:#?}");
        if seen.load(Ordering::SeqCst) < nth {
            break;
        }
    }
}

#[tokio::test]
async fn a_copy_stopped_in_the_middle_of_a_blob_closes_the_upload() {
    let store = Store::new();
    store.image("app").layer("COPY a /", layer(1, 3_000_000)).tag("1").push();
    let sides = Sides::of(store).await;
    let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
    let gate = Gate::new();
    let held = gate.clone();
    // The layer never ends: its first half comes, then nothing.
    sides.from.demo.fault(move |request, _| {
        let is_layer = request.path.contains("/blobs/") && request.method == "GET";
        is_layer.then(|| Fault::Then(held.clone(), Box::new(Fault::HangAfter(1_500_000))))
    });
    let stopping = async {
        gate.reached_by(1).await;
        gate.open();
        let mut progress = sides.watch.progress.subscribe();
        let moves = progress.wait_for(|progress| progress.moved > 1_000_000).await;
        drop(moves.expect("progress"));
        sides.watch.stop.cancel();
    };
    let (report, ()) = tokio::join!(sides.run(&plan), stopping);
    assert_eq!(outcome(&report, "1"), &Outcome::Stopped);
    assert_eq!((sides.there("1"), sides.to.demo.store().open_uploads()), (None, 0));
    assert!(
        report.notes.iter().any(|note| note.as_str().contains("garbage collection")) || report.moved == 0
    );
}

#[tokio::test]
async fn an_upload_that_cannot_be_closed_is_named() {
    let store = Store::new();
    store.image("app").layer("COPY a /", layer(1, 100_000)).tag("1").push();
    let sides = Sides::of(store).await;
    let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
    let stop = sides.watch.stop.clone();
    sides.to.demo.fault(move |request, _| {
        if request.method == "PUT" {
            stop.cancel();
        }
        (request.method == "DELETE").then(|| Fault::status(403))
    });
    let report = sides.run(&plan).await;
    assert!(report.notes.iter().any(|note| note.as_str().contains("could not be closed")), "{report:#?}");
}

#[tokio::test]
async fn a_read_from_a_source_that_cuts_every_answer_continues_at_the_break() {
    for after in [64 * 1024, 1024 * 1024] {
        let store = Store::new();
        store
            .image("app")
            .layer("COPY a /", layer(1, 5_000_000))
            .layer("COPY b /", layer(2, 700_000))
            .tag("1")
            .push();
        let sides = Sides::of(store).await;
        let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
        sides.from.demo.fault(move |request, _| {
            (request.path.contains("/blobs/") && request.method == "GET").then_some(Fault::CutAfter(after))
        });
        let report = sides.run(&plan).await;
        assert!(report.is_success(), "{report:#?}");
        sides.is_same("1");
        assert_eq!((report.moved, report.again), (plan.bytes(), 0), "what was read is not read again");
    }
}

/// docs/RELIABILITY.md F1: at most a tenth of the bytes moves twice.
#[tokio::test]
async fn a_copy_completes_although_both_sides_cut_every_connection() {
    for (cut_after, length) in [(64 * 1024, 1_500_000), (1024 * 1024, 6_000_000)] {
        let store = Store::new();
        store
            .image("app")
            .layer("COPY a /", layer(1, length))
            .layer("COPY b /", layer(2, length / 3))
            .tag("1")
            .push();
        let sides = Sides::of(store).await;
        let (source, read) = hostile::cutting(sides.from.demo.address(), cut_after).await;
        let (target, written) = hostile::cutting(sides.to.demo.address(), cut_after).await;
        let at = |address: std::net::SocketAddr, path: &str| Repository {
            host: Host::parse(&address.to_string()).expect("a host"),
            name: name(path),
        };
        let request =
            CopyRequest { from: at(source, "app"), to: at(target, "copy"), ..sides.request(&["1"]) };
        let (plan, report) = sides.copy(&request).await;
        sides.is_same("1");
        let (down, up) = (read.down.load(Ordering::Relaxed), written.up.load(Ordering::Relaxed));
        let most = plan.bytes() * 11 / 10;
        assert!(
            down <= most && up <= most,
            "cut after {cut_after}: {down} and {up} of {} bytes",
            plan.bytes()
        );
        assert_eq!(report.moved, plan.bytes());
        assert_eq!(sides.to.demo.store().open_uploads(), 0);
    }
}

#[tokio::test]
async fn a_put_that_the_destination_never_shows_is_unconfirmed_and_no_success() {
    let store = Store::new();
    let old = store.image("app").label("old", "1").push();
    store.image("app").tag("1").push();
    let sides = Sides::of(store).await;
    let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
    sides.to.demo.fault(|request, _| {
        (request.path.ends_with("/manifests/1") && request.method != "PUT").then(|| Fault::status(404))
    });
    let report = sides.run(&plan).await;
    assert!(matches!(outcome(&report, "1"), Outcome::Unconfirmed(_)), "{report:#?}");
    assert!(!report.is_success());
    assert!(report.undo.is_some() && sides.there("1").is_some_and(|digest| digest != old.digest));
}

#[tokio::test]
async fn a_blob_that_does_not_match_its_digest_is_not_copied() {
    let store = Store::new();
    let bad = layer(1, 100_000);
    store.image("app").layer("COPY a /", bad.clone()).tag("bad").push();
    store.image("app").layer("COPY b /", layer(2, 1_000)).tag("good").push();
    let sides = Sides::of(store).await;
    let plan = sides.plan(&sides.request(&["bad", "good"])).await.expect("a plan");
    let path = format!("/v2/app/blobs/{}", bad.digest);
    sides.from.demo.fault(move |request, _| (request.path == path).then_some(Fault::WrongBytes));
    let report = sides.run(&plan).await;
    let Outcome::Failed(failure) = outcome(&report, "bad") else { panic!("{report:#?}") };
    assert!(failure.why.as_str().contains("does not match its digest"), "{failure}");
    assert!(matches!(outcome(&report, "good"), Outcome::Done(_)), "{report:#?}");
    assert_eq!((sides.there("bad"), sides.to.demo.store().open_uploads()), (None, 0));
    let there = sides.to.demo.store().repository("copy").expect("the copy");
    assert!(!there.blobs.contains_key(&bad.digest));
}

#[tokio::test]
async fn a_copy_that_failed_goes_on_from_there() {
    let sides = Sides::of(two_images()).await;
    let request = all(&sides);
    let plan = sides.plan(&request).await.expect("a plan");
    sides.to.demo.fault(|request, _| {
        (request.method == "PUT" && request.path.contains("/manifests/")).then(|| Fault::status(403))
    });
    let report = sides.run(&plan).await;
    assert_eq!((report.done(), report.undo), (0, None));
    sides.to.demo.clear_faults();
    let (_, again) = sides.copy(&request).await;
    assert!(report.moved > 200_000 && again.moved < 100, "no layer moves twice: {again:#?}");
    for tag in ["index", "plain"] {
        sides.is_same(tag);
    }
}

#[tokio::test]
async fn a_referrer_that_was_put_but_not_listed_is_listed_by_the_next_copy() {
    let without = demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let sides = Sides::to(two_images(), without, Store::new()).await;
    let request = CopyRequest { referrers: true, ..sides.request(&["index"]) };
    let plan = sides.plan(&request).await.expect("a plan");
    sides.to.demo.fault(|request, _| {
        (request.method == "PUT" && request.path.contains("/manifests/sha256-")).then(|| Fault::status(403))
    });
    let report = sides.run(&plan).await;
    assert!(matches!(outcome(&report, "index"), Outcome::Failed(_)), "{report:#?}");
    assert_eq!(sides.there("index"), None);
    sides.to.demo.clear_faults();
    sides.copy(&request).await;
    let fallback = format!("sha256-{}", sides.here("index").expect("the index").hex());
    assert!(sides.there(&fallback).is_some(), "{:?}", sides.to.demo.store().tags("copy"));
}

#[tokio::test]
async fn if_pushing_is_denied_nothing_is_read_and_there_is_no_retry_storm() {
    let store = Store::new();
    let mut image = store.image("app");
    for number in 0..30 {
        image = image.layer("COPY", layer(number, 1_000));
    }
    image.tag("1").push();
    let sides = Sides::of(store).await;
    let plan = sides.plan(&sides.request(&["1"])).await.expect("a plan");
    sides.to.demo.forget_requests();
    sides.from.demo.forget_requests();
    sides.to.demo.fault(|request, _| (request.method == "POST").then(|| Fault::status(403)));
    let report = sides.run(&plan).await;
    assert!(matches!(outcome(&report, "1"), Outcome::Failed(_)), "{report:#?}");
    assert!(sides.writes().len() <= 8, "{:?}", sides.writes());
    assert!(sides.from.requests().iter().all(|line| !line.starts_with("GET /v2/app/blobs/")));
}

#[tokio::test]
async fn two_copies_of_the_same_at_once_are_both_good() {
    let sides = Sides::of(two_images()).await;
    let plan = sides.plan(&all(&sides)).await.expect("a plan");
    let (one, two) = (watch(), watch());
    let run = |watch| regtui::ops::copy::run(&sides.context, &plan, watch);
    let reports = tokio::join!(run(&one), run(&two));
    for report in [reports.0, reports.1] {
        assert!(report.is_success(), "{report:#?}");
    }
    for tag in ["index", "plain"] {
        sides.is_same(tag);
    }
    assert_eq!(sides.to.demo.store().open_uploads(), 0);
}

#[tokio::test]
async fn each_side_has_its_own_login() {
    let private = |user: &str| demo::DemoSettings {
        auth: AuthMode::Bearer(TokenIssuer {
            anonymous_pull: false,
            ..TokenIssuer::new(Account::new(user, "secret"))
        }),
        ..demo::DemoSettings::default()
    };
    let from = Registry::new(private("ann"), two_images(), settings()).await;
    let to = Registry::new(private("bob"), Store::new(), settings()).await;
    let (here, there) = (host(&from.demo), host(&to.demo));
    let mut sides = Sides::with(from, to);
    let credentials = logins(&[(&here, "ann:secret"), (&there, "bob:secret")]);
    sides.context.pool = Pool::new(ClientSettings { credentials, ..settings() });
    sides.copy(&all(&sides)).await;
    for tag in ["index", "plain"] {
        sides.is_same(tag);
    }
    // Mounts ask for two repositories at once.
    let near = Repository { host: here, name: name("near") };
    let request =
        CopyRequest { to: near, what: What::Images(vec![Selector::Tag(tag("plain"))]), ..all(&sides) };
    let (_, report) = sides.copy(&request).await;
    assert_eq!(report.moved, 0);
}

/// distribution refuses an index while a child of it is being written, and a put under another tag writes it again.
#[tokio::test]
async fn an_index_is_not_put_while_its_child_is() {
    let store = Store::new();
    let child = store.image("app").tag("child").push();
    store.index("app").child(&child).tag("index").push();
    let other = layer(1, 1_000);
    store.image("app").layer("COPY a /", other.clone()).tag("other").push();
    let sides = Sides::of(store).await;
    let plan = sides.plan(&all(&sides)).await.expect("a plan");
    let (both, begin) = (Gate::new(), Gate::new());
    let (held, late) = (both.clone(), begin.clone());
    sides.to.demo.fault(move |request, _| {
        let is_one_of_them = request.path.ends_with("/child") || request.path.ends_with("/index");
        (request.method == "PUT" && is_one_of_them).then(|| Fault::Gate(held.clone()))
    });
    let path = format!("/v2/app/blobs/{}", other.digest);
    sides.from.demo.fault(move |request, _| (request.path == path).then(|| Fault::Gate(late.clone())));
    let watching = async {
        both.reached_by(1).await;
        begin.open();
        // It takes several answers until the other image is there: time enough for the second put, if one comes.
        let mut progress = sides.watch.progress.subscribe();
        let is_done = |progress: &Progress| {
            progress.items.iter().any(|item| item.name.as_str() == "other" && item.outcome.is_some())
        };
        tokio::select! {
            () = both.reached_by(2) => panic!("both are put at once"),
            done = progress.wait_for(is_done) => drop(done.expect("progress")),
        }
        both.open();
    };
    let (report, ()) = tokio::join!(sides.run(&plan), watching);
    assert!(report.is_success(), "{report:#?}");
}
