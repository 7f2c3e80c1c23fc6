//! Uploads and downloads of blobs: docs/REGISTRIES.md §8.2 to §8.5, §10 rows 29 to 31 and 37.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use regtui::client::http::log::Sink;
use regtui::client::{
    BlobSource, Cause, Client, ClientSettings, Error, HostSettings, Pool, Timeouts, Transfer, Trust,
};
use regtui::demo::auth::{Account, AuthMode};
use regtui::demo::faults::{Fault, Gate, RequestView};
use regtui::demo::{self, Store};
use regtui::model::digest::Digest;
use regtui::model::manifest::Descriptor;
use regtui::model::reference::Host;

use crate::support::blob::{content, descriptor};
use crate::support::hostile;
use crate::support::registry::{Registry, host, logins, name, settings, timeouts};

fn stored(registry: &Registry, repository: &str, digest: &Digest) -> bool {
    registry.demo.store().repository(repository).is_some_and(|found| found.blobs.contains_key(digest))
}

async fn read(registry: &Registry, descriptor: &Descriptor) -> Result<Vec<u8>, regtui::client::Error> {
    let mut reader = registry.client.read_blob(&name("app"), descriptor, 0)?;
    let mut all = Vec::new();
    while let Some(piece) = reader.next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[tokio::test]
async fn a_blob_goes_out_in_one_piece() {
    let registry = Registry::open(Store::new()).await;
    for length in [0, 1, 300_000] {
        let bytes = content(length);
        let (descriptor, transfer) = (descriptor(&bytes), Arc::new(Transfer::default()));
        let source = BlobSource::Bytes(bytes);
        registry.client.push_blob(&name("app"), &descriptor, &source, &transfer).await.expect("it is pushed");
        assert!(stored(&registry, "app", &descriptor.digest.expect("a digest")));
        assert_eq!(transfer.sent.load(Ordering::Relaxed), length as u64);
    }
    let lines = registry.requests();
    assert!(lines.len() == 6 && lines.iter().all(|line| !line.starts_with("PATCH")), "{lines:?}");
}

#[tokio::test]
async fn a_blob_goes_from_one_registry_to_the_other() {
    let (from, to) = (Registry::open(Store::new()).await, Registry::open(Store::new()).await);
    let bytes = content(3_000_000);
    let descriptor = descriptor(&bytes);
    from.demo.store().put_blob("app", bytes.clone());
    let source = BlobSource::registry(Arc::new(from.client.clone()), &name("app"), &descriptor);
    let transfer = Arc::new(Transfer::default());
    to.client.push_blob(&name("copy"), &descriptor, &source, &transfer).await.expect("it is pushed");
    assert!(stored(&to, "copy", &descriptor.digest.expect("a digest")));
    assert_eq!((from.requests().len(), to.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_blob_comes_in_whole() {
    let registry = Registry::open(Store::new()).await;
    for length in [0, 1, 700_000] {
        let bytes = content(length);
        registry.demo.store().put_blob("app", bytes.clone());
        assert_eq!(read(&registry, &descriptor(&bytes)).await.expect("a blob"), bytes);
    }
}

/// A client for a registry behind another address.
fn client_at(address: std::net::SocketAddr) -> Client {
    Pool::new(settings()).client(&Host::parse(&address.to_string()).expect("a host"))
}

/// docs/RELIABILITY.md F1: at most a tenth of the bytes moves twice.
#[tokio::test]
async fn a_copy_completes_although_every_connection_is_cut() {
    for (cut_after, length) in [(64 * 1024, 3_000_000), (1024 * 1024, 12_000_000)] {
        let (from, to) = (Registry::open(Store::new()).await, Registry::open(Store::new()).await);
        let (source, read) = hostile::cutting(from.demo.address(), cut_after).await;
        let (target, written) = hostile::cutting(to.demo.address(), cut_after).await;
        let bytes = content(length);
        let descriptor = descriptor(&bytes);
        from.demo.store().put_blob("app", bytes);
        let source = BlobSource::registry(Arc::new(client_at(source)), &name("app"), &descriptor);
        let transfer = Arc::new(Transfer::default());
        let pushed = client_at(target).push_blob(&name("copy"), &descriptor, &source, &transfer).await;
        pushed.unwrap_or_else(|error| panic!("cut after {cut_after}: {error}"));
        assert!(stored(&to, "copy", &descriptor.digest.expect("a digest")));
        let most = length as u64 * 11 / 10;
        let (down, up) = (read.down.load(Ordering::Relaxed), written.up.load(Ordering::Relaxed));
        assert!(down <= most && up <= most, "cut after {cut_after}: {down} and {up} of {length} bytes");
        assert_eq!(transfer.sent.load(Ordering::Relaxed), length as u64);
        assert_eq!(to.demo.store().open_uploads(), 0);
    }
}

/// Pushes bytes to a repository of `registry` and returns the result.
async fn push(registry: &Registry, bytes: &Bytes, transfer: &Arc<Transfer>) -> Result<(), Error> {
    let (descriptor, source) = (descriptor(bytes), BlobSource::Bytes(bytes.clone()));
    registry.client.push_blob(&name("app"), &descriptor, &source, transfer).await
}

fn has(registry: &Registry, bytes: &Bytes) -> bool {
    stored(registry, "app", &Digest::sha256(bytes)) && registry.demo.store().open_uploads() == 0
}

/// A hook that answers the nth write in a special way, for any path.
fn nth_write(
    nth: usize,
    fault: impl Fn() -> Fault + Send + Sync + 'static,
) -> impl Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync + 'static {
    let seen = AtomicUsize::new(0);
    move |_, _| (seen.fetch_add(1, Ordering::Relaxed) + 1 == nth).then(&fault)
}

#[tokio::test]
async fn a_connection_that_closes_at_any_request_stops_nothing() {
    let bytes = content(50_000);
    for nth in 1..=3 {
        let registry = Registry::open(Store::new()).await;
        registry.demo.fault(nth_write(nth, || Fault::Close));
        push(&registry, &bytes, &Arc::default()).await.unwrap_or_else(|error| panic!("{nth}: {error}"));
        assert!(has(&registry, &bytes), "{nth}: {:?}", registry.requests());
        assert!(registry.requests().len() <= 8, "{nth}: {:?}", registry.requests());
    }
}

#[tokio::test]
async fn an_upload_whose_last_answer_is_lost_is_not_sent_again() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(50_000);
    let (store, put) = (registry.demo.store().clone(), bytes.clone());
    registry.demo.fault(move |request, _| {
        (request.method == "PUT").then(|| {
            store.put_blob("app", put.clone());
            Fault::Close
        })
    });
    push(&registry, &bytes, &Arc::default()).await.expect("it is there");
    let lines = registry.requests();
    assert_eq!(lines.iter().filter(|line| line.starts_with("PUT")).count(), 1, "{lines:?}");
}

/// Nexus, if another client is faster: the blob is there, and the request that was to close the upload is refused.
#[tokio::test]
async fn a_blob_that_is_there_although_its_closing_request_was_refused_is_pushed() {
    let refusals = [
        (400, "BLOB_UPLOAD_INVALID"),
        (404, "BLOB_UPLOAD_UNKNOWN"),
        (409, "BLOB_UPLOAD_INVALID"),
        (416, "RANGE_INVALID"),
        (422, "UNPROCESSABLE"),
        (500, "UNKNOWN"),
        (403, "DENIED"),
    ];
    for (status, code) in refusals {
        let registry = Registry::open(Store::new()).await;
        registry.demo.fault(move |request, _| {
            (request.method == "PUT").then(|| Fault::done_but_refused(status, code))
        });
        let bytes = content(50_000);
        push(&registry, &bytes, &Arc::default()).await.unwrap_or_else(|error| panic!("{status}: {error}"));
        assert!(has(&registry, &bytes), "{status}: {:?}", registry.requests());
        let puts = registry.requests().iter().filter(|line| line.starts_with("PUT")).count();
        assert_eq!(puts, 1, "{status}: {:?}", registry.requests());
    }
}

/// The same after parts: the last, empty request is refused.
#[tokio::test]
async fn a_blob_in_parts_that_is_there_although_its_closing_request_was_refused_is_pushed() {
    for (status, code) in [(400, "BLOB_UPLOAD_INVALID"), (404, "BLOB_UPLOAD_UNKNOWN"), (409, "CONFLICT")] {
        let registry = Registry::open(Store::new()).await;
        registry.demo.fault(move |request, _| match request.headers.get("content-length") {
            Some(length) if request.method == "PUT" && length != "0" => Some(Fault::status(413)),
            _ if request.method == "PUT" => Some(Fault::done_but_refused(status, code)),
            _ => None,
        });
        let bytes = content(300_000);
        push(&registry, &bytes, &Arc::default()).await.unwrap_or_else(|error| panic!("{status}: {error}"));
        assert!(has(&registry, &bytes), "{status}: {:?}", registry.requests());
    }
}

#[tokio::test]
async fn a_blob_that_another_client_puts_while_no_upload_opens_is_pushed() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(5_000);
    let (store, put) = (registry.demo.store().clone(), bytes.clone());
    registry.demo.fault(move |request, _| {
        (request.method == "POST").then(|| {
            store.put_blob("app", put.clone());
            Fault::status(409)
        })
    });
    push(&registry, &bytes, &Arc::default()).await.expect("it is there");
}

#[tokio::test]
async fn a_mount_that_is_refused_and_done_all_the_same_moves_no_byte() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(5_000);
    let digest = registry.demo.store().put_blob("source", bytes);
    registry
        .demo
        .fault(|request, _| (request.method == "POST").then(|| Fault::done_but_refused(500, "UNKNOWN")));
    let mounted = registry.client.mount_blob(&name("app"), &digest, Some(&name("source"))).await;
    assert!(matches!(mounted, Ok(regtui::client::Mount::Mounted)), "{mounted:?}");
}

/// olareg under load: the answer is lost, the upload is gone already, and the blob is not there yet.
#[tokio::test]
async fn a_blob_that_the_server_still_puts_away_is_not_sent_again() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(50_000);
    let (store, put) = (registry.demo.store().clone(), bytes.clone());
    registry.demo.fault(move |request, nth| match request.method.as_str() {
        "PUT" if nth == 1 => Some(Fault::Close),
        "GET" => {
            store.put_blob("app", put.clone());
            Some(Fault::status(404))
        }
        _ => None,
    });
    push(&registry, &bytes, &Arc::default()).await.expect("it is there");
    let lines = registry.requests();
    assert_eq!(lines.iter().filter(|line| line.starts_with("PUT")).count(), 1, "{lines:?}");
}

/// The same with a large blob that the server needs some time for.
#[tokio::test]
async fn a_large_blob_that_the_server_is_slow_to_put_away_is_not_sent_again() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(2_000_000);
    let (store, put, looks) = (registry.demo.store().clone(), bytes.clone(), AtomicUsize::new(0));
    registry.demo.fault(move |request, nth| match request.method.as_str() {
        "PUT" if nth == 1 => Some(Fault::Close),
        "GET" => Some(Fault::status(404)),
        "HEAD" => {
            if looks.fetch_add(1, Ordering::Relaxed) == 4 {
                store.put_blob("app", put.clone());
            }
            None
        }
        _ => None,
    });
    push(&registry, &bytes, &Arc::default()).await.expect("it is there");
    let lines = registry.requests();
    assert_eq!(lines.iter().filter(|line| line.starts_with("PUT")).count(), 1, "{lines:?}");
}

/// docs/RELIABILITY.md §1.G: stop at each request boundary leaves no upload open.
#[tokio::test]
async fn a_push_that_is_stopped_leaves_no_upload_open() {
    let bytes = content(50_000);
    for nth in 1..=2 {
        let registry = Registry::open(Store::new()).await;
        let (gate, transfer) = (Gate::new(), Arc::new(Transfer::default()));
        let held = gate.clone();
        registry.demo.fault(nth_write(nth, move || Fault::Gate(held.clone())));
        let stop = async {
            gate.reached_by(1).await;
            transfer.stop.cancel();
            if nth == 1 {
                gate.open();
            }
        };
        let (pushed, ()) = futures_util::join!(push(&registry, &bytes, &transfer), stop);
        assert!(pushed.is_err_and(|error| error.is_stopped()), "{nth}");
        assert_eq!(registry.demo.store().open_uploads(), 0, "{nth}: {:?}", registry.requests());
        assert_eq!(
            (transfer.unclosed_uploads.load(Ordering::Relaxed), transfer.sent.load(Ordering::Relaxed)),
            (0, 0)
        );
    }
}

#[tokio::test]
async fn a_push_that_is_dropped_closes_its_upload() {
    let registry = Registry::open(Store::new()).await;
    let gate = Gate::new();
    let held = gate.clone();
    registry.demo.fault(move |request, _| (request.method == "PUT").then(|| Fault::Gate(held.clone())));
    let bytes = content(50_000);
    let transfer = Arc::default();
    tokio::select! {
        _ = push(&registry, &bytes, &transfer) => panic!("it is held"),
        () = gate.reached_by(1) => {}
    }
    registry.demo.wait_until(|requests| requests.iter().any(|request| request.method == "DELETE")).await;
}

#[tokio::test]
async fn an_upload_that_cannot_be_closed_is_counted() {
    let registry = Registry::open(Store::new()).await;
    registry.demo.fault(|request, _| match request.method.as_str() {
        "PUT" => Some(Fault::status(403)),
        "DELETE" => Some(Fault::status(405)),
        _ => None,
    });
    let transfer = Arc::new(Transfer::default());
    let error = push(&registry, &content(10), &transfer).await.expect_err("it is refused");
    assert_eq!((error.cause.status(), transfer.unclosed_uploads.load(Ordering::Relaxed)), (Some(403), 1));
}

/// docs/REGISTRIES.md §10 row 30: a server takes the second part with 201 and drops it.
#[tokio::test]
async fn a_server_that_drops_parts_gets_the_blob_in_one_piece() {
    let registry = Registry::open(Store::new()).await;
    let seen = AtomicUsize::new(0);
    registry.demo.fault(move |request, _| match request.method.as_str() {
        "PUT" => (seen.fetch_add(1, Ordering::Relaxed) == 0).then(|| Fault::status(405)),
        "PATCH" => Some(Fault::Headers(vec![("range".into(), Some("0-9".into()))])),
        _ => None,
    });
    let bytes = content(100_000);
    push(&registry, &bytes, &Arc::default()).await.expect("it is pushed");
    assert!(has(&registry, &bytes), "{:?}", registry.requests());
}

#[tokio::test]
async fn a_server_that_takes_no_blob_in_one_piece_gets_parts() {
    let registry = Registry::open(Store::new()).await;
    registry.demo.fault(|request, _| {
        let has_body = request.headers.get("content-length").is_some_and(|length| length != "0");
        (request.method == "PUT" && has_body).then(|| Fault::status(405))
    });
    let bytes = content(100_000);
    push(&registry, &bytes, &Arc::default()).await.expect("it is pushed");
    assert!(has(&registry, &bytes), "{:?}", registry.requests());
}

/// docs/REGISTRIES.md §8.2: proxies in front of registries limit bodies.
#[tokio::test]
async fn too_large_a_body_is_sent_in_smaller_parts() {
    let registry = Registry::open(Store::new()).await;
    registry.demo.fault(|request, _| {
        let length =
            request.headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        length.is_some_and(|length: u64| length > 300_000).then(|| Fault::status(413))
    });
    let bytes = content(1_000_000);
    push(&registry, &bytes, &Arc::default()).await.expect("it is pushed");
    assert!(has(&registry, &bytes), "{:?}", registry.requests());
    registry.demo.fault(|request, _| (request.method != "DELETE").then(|| Fault::status(413)));
    let error = push(&registry, &content(10), &Arc::default()).await.expect_err("nothing is small enough");
    assert_eq!(error.cause.status(), Some(413));
}

/// No retry storm: a refusal is final, a busy server is waited for.
#[tokio::test]
async fn refused_uploads_end_and_busy_servers_are_waited_for() {
    for status in [400, 401, 403, 404, 405, 507] {
        let registry = Registry::open(Store::new()).await;
        registry.demo.fault(move |request, _| (request.method == "POST").then(|| Fault::status(status)));
        let error = push(&registry, &content(10), &Arc::default()).await.expect_err("it is refused");
        assert_eq!(error.cause.status(), Some(status));
        // And whether the blob is there all the same.
        assert!(registry.requests().len() <= 3, "{:?}", registry.requests());
    }
    for status in [403, 404, 500] {
        let registry = Registry::open(Store::new()).await;
        registry.demo.fault(move |request, _| (request.method == "PUT").then(|| Fault::status(status)));
        let error = push(&registry, &content(10), &Arc::default()).await.expect_err("it is refused");
        assert_eq!(error.cause.status(), Some(status));
        assert_eq!(registry.demo.store().open_uploads(), 0);
        assert!(registry.requests().len() <= 20, "{status} {:#?}", registry.requests());
    }
    for method in ["POST", "PUT"] {
        let registry = Registry::open(Store::new()).await;
        let seen = AtomicUsize::new(0);
        registry.demo.fault(move |request, _| {
            (request.method == method && seen.fetch_add(1, Ordering::Relaxed) == 0)
                .then(|| Fault::answer(429, &[("retry-after", "0")], ""))
        });
        let bytes = content(10);
        push(&registry, &bytes, &Arc::default()).await.expect("it is pushed");
        assert!(has(&registry, &bytes), "{method}");
    }
}

#[tokio::test]
async fn a_server_that_never_takes_anything_is_left_after_a_few_tries() {
    let registry = Registry::open(Store::new()).await;
    registry
        .demo
        .fault(|request, _| (request.method == "PUT" || request.method == "PATCH").then(|| Fault::Close));
    let transfer = Arc::new(Transfer::default());
    push(&registry, &content(50_000), &transfer).await.expect_err("nothing arrives");
    assert_eq!(
        (registry.demo.store().open_uploads(), transfer.unclosed_uploads.load(Ordering::Relaxed)),
        (0, 0)
    );
    assert!(registry.requests().len() < 30, "{:#?}", registry.requests());
}

#[tokio::test]
async fn a_server_that_stands_still_is_left() {
    let timeouts = Timeouts {
        idle: Duration::from_millis(50),
        headers: Duration::from_millis(50),
        tries: 1,
        ..timeouts()
    };
    let settings = ClientSettings { timeouts, ..settings() };
    let registry = Registry::new(demo::DemoSettings::default(), Store::new(), settings).await;
    registry.demo.fault(|request, _| (request.method == "PUT").then_some(Fault::Hang));
    let error = push(&registry, &content(50_000), &Arc::default()).await.expect_err("it stands still");
    assert!(matches!(error.cause, Cause::Timeout(..)), "{error}");
}

/// docs/REGISTRIES.md §10 row 29.
#[tokio::test]
async fn an_upload_continues_at_its_location() {
    let demo = demo::DemoSettings { relative_locations: true, ..demo::DemoSettings::default() };
    let registry = Registry::new(demo, Store::new(), settings()).await;
    let bytes = content(10);
    push(&registry, &bytes, &Arc::default()).await.expect("it is pushed");
    assert!(has(&registry, &bytes));
    registry.demo.fault(|request, _| (request.method == "POST").then(|| Fault::status(202)));
    let error = push(&registry, &content(11), &Arc::default()).await.expect_err("there is no location");
    assert!(error.to_string().contains("Location"), "{error}");
}

/// docs/REGISTRIES.md §8.3, docs/RELIABILITY.md B5: another host gets the bytes and no login.
#[tokio::test]
async fn another_host_gets_the_bytes_without_the_login_if_the_user_allows_it() {
    let storage = Registry::open(Store::new()).await;
    storage.demo.fault(|request, _| (request.method == "PUT").then(|| Fault::status(201)));
    let account = Account::new("ann", "CANARY7");
    let demo = demo::DemoSettings { auth: AuthMode::Basic(account), ..demo::DemoSettings::default() };
    let mut registry = Registry::new(demo, Store::new(), settings()).await;
    let logins = logins(&[(&host(&registry.demo), "ann:CANARY7")]);
    let allowed = storage.demo.address().to_string().parse().expect("an origin");
    let allowed = HostSettings { upload_allow: vec![allowed], ..HostSettings::default() };
    let hosts = [(host(&registry.demo), allowed)].into();
    let settings = ClientSettings { credentials: logins, hosts, ..settings() };
    registry.client = Pool::new(settings).client(&host(&registry.demo));
    let location = format!("http://{}/put/here?sig=a%2Bb", storage.demo.address());
    registry.demo.fault(move |request, _| {
        let is_known = request.headers.contains_key("authorization");
        (request.method == "POST" && is_known).then(|| Fault::answer(202, &[("location", &location)], ""))
    });
    push(&registry, &content(10), &Arc::default()).await.expect("it is pushed");
    let requests = storage.demo.requests();
    let put = requests.first().expect("a PUT");
    assert!(put.line().starts_with("PUT /put/here?sig=a%2Bb&digest=sha256%3A"), "{}", put.line());
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));
}

/// docs/RELIABILITY.md B5. The location may come in the answer to POST, to a mount, to PATCH, or in a redirect.
#[tokio::test]
async fn an_upload_is_not_led_to_an_origin_that_the_user_has_not_allowed() {
    use std::sync::Mutex;
    let storage = Registry::open(Store::new()).await;
    let there = storage.demo.address();
    let locations = [
        format!("http://{there}/v2/app/blobs/uploads/CANARY7?sig=CANARY7"),
        format!("//{there}/v2/app/blobs/uploads/CANARY7"),
        format!("http://localhost:{}/v2/app/blobs/uploads/CANARY7", there.port()),
    ];
    for location in locations {
        for answered in ["POST", "PATCH", "redirect"] {
            let lines = Arc::new(Mutex::new(Vec::new()));
            let seen = lines.clone();
            let sink = Sink::new(move |line| seen.lock().expect("lines").push(line.url.to_string()));
            let mut registry = Registry::open(Store::new()).await;
            registry.client = Pool::new(ClientSettings { sink, ..settings() }).client(&host(&registry.demo));
            let location = location.clone();
            registry.demo.fault(move |request, _| match (answered, request.method.as_str()) {
                ("POST", "POST") | ("PATCH", "PATCH") => {
                    Some(Fault::answer(202, &[("location", &location)], ""))
                }
                // Parts are sent if the server does not take the whole blob.
                ("PATCH", "PUT") => Some(Fault::status(405)),
                ("redirect", "POST") => Some(Fault::answer(307, &[("location", &location)], "")),
                _ => None,
            });
            let error = push(&registry, &content(50_000), &Arc::default()).await.expect_err("it is refused");
            let is_named = matches!(error.cause, Cause::UntrustedUploadOrigin(_) | Cause::Redirect(_));
            assert!(is_named && !error.to_string().contains("CANARY7"), "{answered} {error}");
            let mounted = registry.client.mount_blob(&name("app"), &Digest::sha256(b""), None).await;
            if answered == "POST" {
                let error = mounted.expect_err("it is refused");
                assert!(error.failure("").hint.is_some_and(|hint| hint.as_str().contains("upload_allow")));
            }
            assert!(storage.requests().is_empty(), "{answered}: {:?}", storage.requests());
            assert!(!lines.lock().expect("lines").join(" ").contains("CANARY7"));
        }
    }
}

#[tokio::test]
async fn the_log_shows_only_scheme_and_host_of_another_origin() {
    use std::sync::Mutex;
    let storage = Registry::open(Store::new()).await;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = lines.clone();
    let sink = Sink::new(move |line| seen.lock().expect("lines").push(line.url.to_string()));
    let mut registry = Registry::open(Store::new()).await;
    registry.client = Pool::new(ClientSettings { sink, ..settings() }).client(&host(&registry.demo));
    let there = storage.demo.address();
    let target = format!("http://{there}/CANARY7/blob?sig=CANARY7");
    registry.demo.fault(move |_, _| Some(Fault::answer(307, &[("location", &target)], "")));
    let error = read(&registry, &descriptor(&content(10))).await.expect_err("there is no such blob");
    let lines = lines.lock().expect("lines").clone();
    assert!(lines.contains(&format!("http://{there}")), "{lines:?}");
    assert!(
        !lines.join(" ").contains("CANARY7") && !error.to_string().contains("CANARY7"),
        "{lines:?} {error}"
    );
}

#[tokio::test]
async fn a_source_that_fails_is_named_and_closes_the_upload() {
    let (from, to) = (Registry::open(Store::new()).await, Registry::open(Store::new()).await);
    let descriptor = descriptor(&content(100_000));
    let source = BlobSource::registry(Arc::new(from.client.clone()), &name("app"), &descriptor);
    let error = to.client.push_blob(&name("app"), &descriptor, &source, &Arc::default()).await;
    let error = error.expect_err("it is not there");
    assert_eq!((error.cause.status(), error.host.as_str()), (Some(404), from.client.host().as_str()));
    assert_eq!(to.demo.store().open_uploads(), 0);
}

/// docs/REGISTRIES.md §10 row 37: the last piece is held back until the digest is right, so nothing wrong is ever
/// complete.
#[tokio::test]
async fn wrong_bytes_are_found_before_the_last_of_them_is_given_out() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(400_000);
    registry.demo.store().put_blob("app", bytes.clone());
    registry.demo.fault(|_, _| Some(Fault::WrongBytes));
    let mut reader = registry.client.read_blob(&name("app"), &descriptor(&bytes), 0).expect("a reader");
    let mut came = 0;
    let error = loop {
        match reader.next().await {
            Ok(Some(piece)) => came += piece.len(),
            Ok(None) => panic!("wrong bytes"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.cause, Cause::DigestMismatch { .. }) && came < bytes.len(), "{error}");
    assert!(reader.next().await.is_ok_and(|piece| piece.is_none()), "it is over");
}

#[tokio::test]
async fn more_bytes_than_the_descriptor_says_are_refused() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(400_000);
    registry.demo.store().put_blob("app", bytes.clone());
    let short = Descriptor { size: Some(399_999), ..descriptor(&bytes) };
    assert!(read(&registry, &short).await.is_err());
    registry.demo.fault(|_, _| Some(Fault::Endless));
    let error = read(&registry, &descriptor(&bytes)).await;
    assert!(error.is_ok_and(|read| read == bytes), "what comes after the end is not read");
    let without = Descriptor { digest: None, ..descriptor(&bytes) };
    assert!(registry.client.read_blob(&name("app"), &without, 0).is_err());
}

/// docs/REGISTRIES.md §8.5.
#[tokio::test]
async fn a_read_continues_by_range_or_takes_all_if_the_server_has_no_ranges() {
    let bytes = content(400_000);
    let (whole, length) = (bytes.clone(), bytes.len().to_string());
    let all: Vec<(&str, Fault)> = vec![
        ("206", Fault::Headers(Vec::new())),
        ("200", Fault::answer(200, &[("content-length", length.as_str())], whole)),
    ];
    for (what, second) in all {
        let registry = Registry::open(Store::new()).await;
        registry.demo.store().put_blob("app", bytes.clone());
        registry
            .demo
            .fault(move |_, nth| Some(if nth == 1 { Fault::CutAfter(150_000) } else { second.clone() }));
        assert_eq!(read(&registry, &descriptor(&bytes)).await.expect(what), bytes);
        let requests = registry.demo.requests();
        let ranges: Vec<_> = requests.iter().map(|request| request.header("range").is_some()).collect();
        assert_eq!(ranges, [false, true]);
    }
    let registry = Registry::open(Store::new()).await;
    registry.demo.store().put_blob("app", bytes.clone());
    registry.demo.fault(|_, nth| {
        Some(match nth {
            1 => Fault::CutAfter(150_000),
            _ => Fault::answer(206, &[("content-range", "bytes 7-399999/400000")], ""),
        })
    });
    assert!(
        read(&registry, &descriptor(&bytes)).await.is_err_and(|error| error.to_string().contains("part"))
    );
}

#[tokio::test]
async fn a_read_that_brings_nothing_ends_after_a_few_tries() {
    let registry = Registry::open(Store::new()).await;
    let bytes = content(400_000);
    registry.demo.store().put_blob("app", bytes.clone());
    registry.demo.fault(|_, _| Some(Fault::CutAfter(10)));
    read(&registry, &descriptor(&bytes)).await.expect_err("nothing comes");
    assert!(registry.requests().len() <= 6, "{:?}", registry.requests());
}

#[tokio::test]
async fn a_push_continues_although_the_server_restarts_after_each_answer() {
    let to = Registry::open(Store::new()).await;
    let address = hostile::restarting(to.demo.address()).await;
    let timeouts = Timeouts { tries: 30, ..timeouts() };
    let trust = Trust { plain_http: true, ..Trust::default() };
    let client = Pool::new(ClientSettings { timeouts, trust, ..settings() })
        .client(&Host::parse(&address.to_string()).expect("a host"));
    let bytes = content(500_000);
    let (descriptor, source) = (descriptor(&bytes), BlobSource::Bytes(bytes.clone()));
    // The first request must find the server there: no answer says that it is away for a moment only.
    client.push_blob(&name("app"), &descriptor, &source, &Arc::default()).await.expect("it is pushed");
    assert!(has(&to, &bytes));
}

/// Four blobs may be read at once. Uploads that broke off and wait for the destination to take a new one read nothing, so
/// they keep no other blob of the source from being read: another upload that the destination waits for may need it.
#[tokio::test]
async fn uploads_that_wait_for_their_destination_leave_the_source_to_others() {
    let (from, to) = (Registry::open(Store::new()).await, Registry::open(Store::new()).await);
    let free = content(1_000);
    from.demo.store().put_blob("app", free.clone());
    let blobs: Vec<Bytes> = (1..=4).map(|number| content(100_000 + number)).collect();
    for bytes in &blobs {
        from.demo.store().put_blob("app", bytes.clone());
    }
    let (reads, starts) = (Gate::new(), Gate::new());
    let (held, free_digest) = (reads.clone(), descriptor(&free).digest.expect("a digest").to_string());
    from.demo
        .fault(move |request, _| (!request.path.ends_with(&free_digest)).then(|| Fault::Gate(held.clone())));
    let puts: [Gate; 4] = std::array::from_fn(|_| Gate::new());
    let (gates, held, put, post) = (puts.clone(), starts.clone(), AtomicUsize::new(0), AtomicUsize::new(0));
    to.demo.fault(move |request, _| match request.method.as_str() {
        "POST" => (post.fetch_add(1, Ordering::Relaxed) >= 4).then(|| Fault::Gate(held.clone())),
        "PUT" => {
            let gate = gates.get(put.fetch_add(1, Ordering::Relaxed))?;
            Some(Fault::Then(gate.clone(), Box::new(Fault::Close)))
        }
        "GET" => Some(Fault::status(404)),
        _ => None,
    });
    let transfer = Arc::new(Transfer::default());
    let pushes: Vec<_> = blobs
        .iter()
        .map(|bytes| {
            let (client, descriptor, transfer) = (to.client.clone(), descriptor(bytes), transfer.clone());
            let source = BlobSource::registry(Arc::new(from.client.clone()), &name("app"), &descriptor);
            tokio::spawn(
                async move { client.push_blob(&name("copy"), &descriptor, &source, &transfer).await },
            )
        })
        .collect();
    // Three uploads are open at once, and the fourth begins when one of them broke off. Each breaks off while it reads.
    reads.reached_by(3).await;
    puts[..3].iter().for_each(Gate::open);
    reads.reached_by(4).await;
    puts[3].open();
    to.demo
        .wait_until(|requests| requests.iter().filter(|request| request.method == "DELETE").count() >= 4)
        .await;
    let read = tokio::time::timeout(Duration::from_secs(60), read(&from, &descriptor(&free))).await;
    assert_eq!(read.expect("a permit is free").expect("a blob"), free);
    reads.open();
    starts.open();
    for push in pushes {
        push.await.expect("a task").expect("it is pushed");
    }
}

/// A server that forgets unfinished uploads when a connection breaks, and breaks connections that carry much.
#[tokio::test]
async fn parts_become_small_enough_for_a_server_that_keeps_nothing() {
    let registry = Registry::open(Store::new()).await;
    registry.demo.fault(|request, _| {
        let length =
            request.headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        length.is_some_and(|length: u64| length > 40_000).then_some(Fault::Close)
    });
    let client = Pool::new(ClientSettings { timeouts: Timeouts { tries: 4, ..timeouts() }, ..settings() })
        .client(&host(&registry.demo));
    let bytes = content(300_000);
    let (descriptor, source) = (descriptor(&bytes), BlobSource::Bytes(bytes.clone()));
    client.push_blob(&name("app"), &descriptor, &source, &Arc::default()).await.expect("it is pushed");
    assert!(has(&registry, &bytes), "{:?}", registry.requests());
}

#[tokio::test]
async fn a_stop_while_the_upload_is_opened_closes_it() {
    let registry = Registry::open(Store::new()).await;
    let (gate, transfer) = (Gate::new(), Arc::new(Transfer::default()));
    let held = gate.clone();
    registry.demo.fault(move |request, _| (request.method == "POST").then(|| Fault::Gate(held.clone())));
    let stop = async {
        gate.reached_by(1).await;
        transfer.stop.cancel();
        tokio::task::yield_now().await;
        gate.open();
    };
    let bytes = content(10);
    let (pushed, ()) = futures_util::join!(push(&registry, &bytes, &transfer), stop);
    assert!(pushed.is_err_and(|error| error.is_stopped()));
    let methods: Vec<_> = registry.demo.requests().iter().map(|request| request.method.to_string()).collect();
    assert_eq!(methods, ["POST", "DELETE"]);
}

/// distribution, before it has noticed that the last request broke off.
#[tokio::test]
async fn an_upload_that_broke_off_is_closed_although_the_server_says_no_at_first() {
    for (status, code) in [(404, "BLOB_UPLOAD_INVALID"), (416, "RANGE_INVALID"), (400, "BLOB_UPLOAD_INVALID")]
    {
        let registry = Registry::open(Store::new()).await;
        let body = format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#);
        let asked = AtomicUsize::new(0);
        registry.demo.fault(move |request, _| {
            let says_no = request.method == "DELETE" && asked.fetch_add(1, Ordering::Relaxed) < 3;
            says_no.then(|| Fault::answer(status, &[], body.clone()))
        });
        let upload = registry.client.start_upload(&name("app")).await.expect("an upload");
        assert!(upload.close().await, "{status}");
        assert_eq!(registry.demo.store().open_uploads(), 0, "{status}");
    }
}

/// distribution 3 accepts an old location only for a question after bytes came to it. The source stops in the middle,
/// so that some bytes have come.
#[tokio::test]
async fn an_upload_that_is_stopped_in_the_middle_is_closed_at_its_newest_location() {
    let (from, to) = (Registry::open(Store::new()).await, Registry::open(Store::new()).await);
    let bytes = content(400_000);
    let descriptor = descriptor(&bytes);
    from.demo.store().put_blob("app", bytes);
    from.demo.fault(|_, _| Some(Fault::HangAfter(150_000)));
    let source = BlobSource::registry(Arc::new(from.client.clone()), &name("app"), &descriptor);
    let (transfer, repository) = (Arc::new(Transfer::default()), name("app"));
    let stop = async {
        while to.demo.store().uploaded_bytes() == 0 {
            tokio::task::yield_now().await;
        }
        transfer.stop.cancel();
    };
    let push = to.client.push_blob(&repository, &descriptor, &source, &transfer);
    let (pushed, ()) = futures_util::join!(push, stop);
    assert!(pushed.is_err_and(|error| error.is_stopped()));
    let left = (to.demo.store().open_uploads(), transfer.unclosed_uploads.load(Ordering::Relaxed));
    assert_eq!(left, (0, 0), "{:#?}", to.requests());
}

/// distribution 2 accepts an old location for no request: its uploads cannot be closed, and that is found out soon.
#[tokio::test]
async fn an_upload_that_no_request_can_name_any_more_is_given_up_after_few_requests() {
    let registry = Registry::open(Store::new()).await;
    let body = r#"{"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}"#;
    registry.demo.fault(move |request, _| (request.method != "POST").then(|| Fault::answer(404, &[], body)));
    let upload = registry.client.start_upload(&name("app")).await.expect("an upload");
    assert!(!upload.close().await);
    let methods: Vec<_> = registry.demo.requests().iter().map(|request| request.method.to_string()).collect();
    assert_eq!(methods, ["POST", "DELETE", "GET"]);
}
