//! Plans at a registry that counts requests: the need is stated first, and Docker Hub is asked by a free request.

use std::sync::Mutex;
use std::time::Duration;

use regtui::client::{ClientSettings, HostSettings, Pool, Priority};
use regtui::demo::faults::{Fault, RequestView};
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::change::ChangeRequest;
use regtui::model::change::copy::{CopyRequest, What};
use regtui::model::failure::FailureKind;
use regtui::model::reference::{Repository, Selector};
use regtui::model::request_budget::RequestNeed;
use regtui::ops::change;
use regtui::ops::planning::{stop_at_shortage, tell_needs};

use crate::support::context::context;
use crate::support::registry::{self, name, settings, tag};

/// The number of tags of `app`.
const TAGS: usize = 30;

/// Docker Hub's headers, which say that this many of 100 requests are left.
fn left(left: u64) -> impl Fn(&RequestView<'_>, usize) -> Option<Fault> + Send + Sync + 'static {
    move |request, _| {
        let header = |name: &str, value: String| (name.to_string(), Some(value));
        request.path.contains("/manifests/").then(|| {
            Fault::Headers(vec![
                header("ratelimit-limit", "100;w=21600".into()),
                header("ratelimit-remaining", format!("{left};w=21600")),
            ])
        })
    }
}

/// A registry of a vendor with `app`, whose 30 tags have images of their own.
async fn open(vendor: Option<&str>) -> (Demo, ClientSettings) {
    let store = Store::new();
    for number in 0..TAGS {
        let number = number.to_string();
        store.image("app").tag(&number).label("number", number.as_str()).push();
    }
    let demo = Demo::start(DemoSettings::default(), store).await.expect("a port");
    let vendor = vendor.map(|vendor| vendor.parse().expect("a vendor"));
    let of_host = HostSettings { vendor, ..HostSettings::default() };
    let settings = ClientSettings { hosts: [(registry::host(&demo), of_host)].into(), ..settings() };
    (demo, settings)
}

/// The requests for manifests so far, `METHOD tag` each.
fn asked(demo: &Demo) -> Vec<String> {
    let lines = demo.requests().iter().map(|request| request.line()).collect::<Vec<_>>();
    lines
        .iter()
        .filter(|line| line.contains("/manifests/"))
        .map(|line| line.replace("/v2/app/manifests/", ""))
        .collect()
}

fn copy(demo: &Demo) -> ChangeRequest {
    let repository = |of: &str| Repository { host: registry::host(demo), name: name(of) };
    ChangeRequest::Copy(CopyRequest::with_referrers(repository("app"), What::AllTags, repository("copy")))
}

#[tokio::test]
async fn docker_hub_is_asked_how_many_requests_are_left_by_one_free_request_before_the_first_that_counts() {
    let (demo, settings) = open(Some("Docker Hub")).await;
    demo.fault(left(87));
    let pool = Pool::new(settings);
    let client = pool.client(&registry::host(&demo));
    for number in ["1", "2"] {
        let selector = Selector::Tag(tag(number));
        client.manifest(&name("app"), &selector, Priority::Interactive).await.expect("a manifest");
    }
    assert_eq!(asked(&demo), ["HEAD 1", "GET 1", "GET 2"]);
}

#[tokio::test]
async fn the_free_request_is_sent_once_although_its_answer_does_not_tell_or_fails() {
    for status in [200, 404, 500] {
        let (demo, settings) = open(Some("Docker Hub")).await;
        demo.fault(move |request, _| {
            (status != 200 && request.method == "HEAD").then(|| Fault::status(status))
        });
        let client = Pool::new(settings).client(&registry::host(&demo));
        for number in ["1", "2"] {
            let selector = Selector::Tag(tag(number));
            client.manifest(&name("app"), &selector, Priority::Interactive).await.expect("a manifest");
        }
        let asked = asked(&demo);
        assert_eq!(asked.iter().filter(|line| *line == "HEAD 2").count(), 0, "{status}: {asked:?}");
        assert_eq!(asked.iter().filter(|line| line.starts_with("GET")).count(), 2, "{status}: {asked:?}");
    }
}

#[tokio::test]
async fn a_read_does_not_wait_for_long_for_the_free_request() {
    let (demo, mut settings) = open(Some("Docker Hub")).await;
    settings.timeouts.own_api = Duration::from_millis(50);
    settings.timeouts.headers = Duration::from_secs(3600);
    demo.fault(|request, _| (request.method == "HEAD").then(|| Fault::Hang));
    let client = Pool::new(settings).client(&registry::host(&demo));
    let app = name("app");
    for number in ["1", "2"] {
        let selector = Selector::Tag(tag(number));
        let read = client.manifest(&app, &selector, Priority::Interactive);
        let read = tokio::time::timeout(Duration::from_secs(60), read).await;
        read.expect("it does not wait").expect("a manifest");
    }
    assert_eq!(asked(&demo), ["HEAD 1", "GET 1", "GET 2"]);
}

#[tokio::test]
async fn a_registry_that_counts_every_request_is_not_asked_beforehand() {
    let (demo, settings) = open(None).await;
    let client = Pool::new(settings).client(&registry::host(&demo));
    let selector = Selector::Tag(tag("1"));
    client.manifest(&name("app"), &selector, Priority::Interactive).await.expect("a manifest");
    assert_eq!(asked(&demo), ["GET 1"]);
}

#[tokio::test]
async fn a_plan_for_which_too_few_requests_are_left_stops_before_the_first_that_counts() {
    let (demo, settings) = open(Some("Docker Hub")).await;
    demo.fault(left(12));
    let (context, _folder) = context(settings);
    let failure = stop_at_shortage(change::plan(&context, &copy(&demo))).await.expect_err("too few");
    assert_eq!(failure.kind, FailureKind::OverBudget);
    let host = registry::host(&demo);
    assert_eq!(
        failure.to_string(),
        format!(
            "too few requests are left at {host}: looking it up needs about 30 of 12 requests left at {host}"
        )
    );
    assert!(asked(&demo).iter().all(|line| line.starts_with("HEAD")), "{:?}", asked(&demo));
}

#[tokio::test]
async fn a_plan_tells_its_need_and_goes_on_if_nothing_stops_it() {
    static TOLD: Mutex<Vec<(String, bool)>> = Mutex::new(Vec::new());
    let (demo, settings) = open(Some("Docker Hub")).await;
    demo.fault(left(12));
    let (context, _folder) = context(settings);
    let request = copy(&demo);
    let planning = change::plan(&context, &request);
    let tell = |need: &RequestNeed| {
        TOLD.lock().expect("a list").push((need.to_string(), need.fits()));
    };
    tell_needs(tell, planning).await.expect("a plan");
    let text = format!("about 30 of 12 requests left at {}", registry::host(&demo));
    assert_eq!(*TOLD.lock().expect("a list"), [(text, false)]);
}

#[tokio::test]
async fn a_plan_states_the_requests_of_carrying_it_out_where_all_are_counted() {
    let (demo, settings) = open(None).await;
    demo.fault(left(87));
    let (context, _folder) = context(settings);
    let plan = change::plan(&context, &copy(&demo)).await.expect("a plan");
    let needs: Vec<String> = plan.common().needs.iter().map(ToString::to_string).collect();
    let [need] = needs.as_slice() else { panic!("{needs:?}") };
    assert!(need.ends_with(&format!("of 87 requests left at {}", registry::host(&demo))), "{need}");
}
