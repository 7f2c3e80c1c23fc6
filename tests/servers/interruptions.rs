//! Copies between real registries that are stopped, or whose servers start again: nothing is left half done.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use regtui::client::{ClientSettings, Timeouts, Trust};
use regtui::model::change::copy::{CopyRequest, What};
use regtui::model::change::progress::{Outcome, Report};
use regtui::model::reference::{Host, Repository};
use regtui::ops::copy;

use crate::support::context::context;
use crate::support::copying::{noise, watch};
use crate::support::registry::{name, settings, timeouts};
use crate::support::servers::{self, Server};
use crate::support::uploader::Uploader;
use crate::support::{hostile, skopeo};

/// How many copies are stopped side by side: the servers wait for their disks more than for anything else.
const AT_ONCE: usize = 8;
const TAGS: [&str; 4] = ["2.0", "part-amd64", "part-arm64", "plain"];

/// Each server, and another one to copy to.
fn pairs(servers: &[Server]) -> impl Iterator<Item = (&Server, &Server)> {
    servers.iter().zip(servers.iter().cycle().skip(1))
}

/// An index of two platforms, which have tags of their own, and an image with a layer that takes more than one piece.
async fn fill(server: &Server) {
    let uploader = Uploader::of(server);
    uploader.index("app", "2.0").await;
    let layer = uploader.blob("app", &noise(1, 200_000)).await;
    uploader.image_of("app", "plain", &[layer]).await;
}

/// The request to copy all of `app` to a repository of the other server, through the proxies before the two.
fn everything(from: SocketAddr, to: SocketAddr, repository: &str) -> CopyRequest {
    let at = |address: SocketAddr, path: &str| Repository {
        host: Host::parse(&address.to_string()).expect("a host"),
        name: name(path),
    };
    CopyRequest::with_referrers(at(from, "app"), What::AllTags, at(to, repository))
}

/// A copy of `app` to `stopped/<nth>`, stopped before its request number `nth` gets to the server: its report, and how
/// many requests it had.
async fn stopped_at(nth: usize, from: &Server, to: &Server) -> (Report, usize) {
    let (seen, watch) = (Arc::new(AtomicUsize::new(0)), watch());
    let (stop, count) = (watch.stop.clone(), seen.clone());
    let tell = move || {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            stop.cancel();
        }
    };
    let source = hostile::telling(from.address(), tell.clone()).await;
    let target = hostile::telling(to.address(), tell).await;
    let (context, _folder) = context(settings());
    let request = everything(source, target, &format!("stopped/{nth}"));
    let plan = copy::plan(&context, &request).await.expect("a plan");
    seen.store(0, Ordering::SeqCst);
    let report = copy::run(&context, &plan, &watch).await;
    (report, seen.load(Ordering::SeqCst))
}

/// Stops a copy at this request, and checks the destination.
async fn stop_and_look(nth: usize, from: &Server, to: &Server) {
    let (source, target) = (Uploader::of(from), Uploader::of(to));
    let (repository, what) =
        (format!("stopped/{nth}"), format!("{} → {}, request {nth}", from.name, to.name));
    // The image that the copy replaces.
    target.image(&repository, "plain", true, "amd64").await;
    let old = target.read(&repository, "plain").await;
    let (report, _) = stopped_at(nth, from, to).await;
    assert_eq!(report.items.len(), TAGS.len(), "{what}");
    for item in &report.items {
        let tag = item.name.as_str();
        let expected = match &item.outcome {
            Some(Outcome::Stopped) => old.clone().filter(|_| tag == "plain"),
            Some(Outcome::Done(_)) => source.read("app", tag).await,
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(target.read(&repository, tag).await, expected, "{what}: {item:?}");
    }
    let open = to.open_uploads(&repository);
    let is_told = report.notes.iter().any(|note| note.as_str().contains("could not be closed"));
    assert!(open == 0 || is_told, "{what}: {open} uploads are open: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_stopped_at_any_request_moves_no_tag_and_leaves_no_upload_open() {
    let servers = servers::all();
    // All of them take a while: if no server is required, every third one has to do.
    let step = if servers::required().is_empty() { 3 } else { 1 };
    for (from, to) in pairs(&servers) {
        fill(from).await;
        let (whole, requests) = stopped_at(0, from, to).await;
        assert!(whole.is_success() && requests > 20, "{requests} requests: {whole:#?}");
        let stops = (1..=requests).step_by(step).map(|nth| stop_and_look(nth, from, to).boxed());
        stream::iter(stops).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_completes_although_both_servers_start_again_after_each_answer() {
    let servers = servers::all();
    for (from, to) in pairs(&servers) {
        fill(from).await;
        let (source, target) =
            (hostile::restarting(from.address()).await, hostile::restarting(to.address()).await);
        let trust = Trust { plain_http: true, ..Trust::default() };
        // Each start serves one of the requests that are sent at once. Any of them may be unlucky often.
        let patient = Timeouts { tries: 1_000, longest_wait: Duration::from_millis(50), ..timeouts() };
        let (context, _folder) = context(ClientSettings { trust, timeouts: patient, ..settings() });
        let request = everything(source, target, "restarted");
        // A copy does not wait for a server that it has never reached.
        for host in [&request.from.host, &request.to.host] {
            context.pool.client(host).ping().await.expect("it is there");
        }
        let plan = copy::plan(&context, &request).await.expect("a plan");
        let report = copy::run(&context, &plan, &watch()).await;
        assert!(report.is_success(), "{} → {}: {report:#?}", from.name, to.name);
        for tag in TAGS {
            let [original, copied] =
                [format!("{}/app:{tag}", from.host), format!("{}/restarted:{tag}", to.host)];
            let (original, copied) = (skopeo::read(&original).await, skopeo::read(&copied).await);
            assert_eq!(
                original.map(|read| read.digests()),
                copied.map(|read| read.digests()),
                "{} → {}: {tag}",
                from.name,
                to.name
            );
        }
        assert_eq!(to.open_uploads("restarted"), 0, "{}", to.name);
    }
}
