//! A registry that makes a change wait: the user is told why and until when, and can stop the change without waiting.

use std::time::Duration;

use regtui::client::{Pool, Timeouts};
use regtui::demo::faults::Fault;
use regtui::demo::{self, Store};
use regtui::model::change::delete::{Along, DeleteMethod};
use regtui::model::change::progress::Outcome;
use regtui::model::change::{ChangePlan, ChangeRequest, delete};
use regtui::ops::change;
use regtui::ops::context::ChangeContext;

use crate::support::context::{Shop, watch};
use crate::support::copying::{Sides, layer};
use crate::support::outcomes::OutcomeKind::{Done, Stopped};
use crate::support::outcomes::outcomes;
use crate::support::registry::{Registry, settings, timeouts};

/// Longer than anything takes that does not wait for the server.
const PATIENCE: Duration = Duration::from_secs(30);

fn busy(wait: &str) -> Fault {
    Fault::answer(429, &[("retry-after", wait)], r#"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#)
}

fn one_image() -> Store {
    let store = Store::new();
    store.image("app").layer("COPY own /", layer(1, 2_000)).tag("1").tag("one").push();
    store
}

/// A shop in front of this registry, with a client that waits as long as the server asks it to.
async fn patient(store: Store) -> Shop {
    let timeouts = Timeouts { longest_wait: Duration::from_secs(600), ..timeouts() };
    let settings = regtui::client::ClientSettings { timeouts, ..settings() };
    let shop = Shop::open(Store::new()).await;
    let registry = Registry::new(demo::DemoSettings::default(), store, settings).await;
    let context = ChangeContext { pool: registry.pool.clone(), ..shop.context };
    Shop { registry, context, folder: shop.folder }
}

#[tokio::test]
async fn a_delete_that_was_asked_to_wait_says_so_until_it_goes_on() {
    let shop = Shop::open(one_image()).await;
    let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Untag)).await;
    shop.registry.demo.fault(|request, nth| (request.method == "DELETE" && nth == 1).then(|| busy("1")));
    let watch = watch();
    let mut progress = watch.progress.subscribe();
    let told = async {
        let said = "TOOMANYREQUESTS, asked to wait 1 s, try 2 of 3, next try in 1 s";
        progress.wait_for(|progress| progress.waiting.as_str().ends_with(said)).await.expect("it is told");
    };
    let (report, ()) = tokio::join!(change::run(&shop.context, &work, &watch), told);
    assert_eq!(outcomes(&report), [Done]);
    assert_eq!(watch.progress.borrow().waiting.as_str(), "");
}

#[tokio::test]
async fn a_copy_to_a_registry_that_went_away_says_so_until_it_is_back() {
    let mut sides = Sides::of(one_image()).await;
    let timeouts = Timeouts { backoff: Duration::from_secs(1), ..timeouts() };
    sides.context.pool = Pool::new(regtui::client::ClientSettings { timeouts, ..settings() });
    let work = ChangePlan::Copy(sides.plan(&sides.request(&["1"])).await.expect("a plan"));
    sides.to.demo.fault(|request, _| (request.method == "POST").then_some(Fault::Close));
    let mut progress = sides.watch.progress.subscribe();
    let host = sides.target().host;
    let told = async {
        let said = format!("waits for {host}: the connection broke for 0 s, next try in ");
        progress.wait_for(|progress| progress.waiting.as_str().starts_with(&said)).await.expect("it is told");
        sides.to.demo.clear_faults();
        progress.wait_for(|progress| progress.waiting.is_empty()).await.expect("it is told");
    };
    let (report, ()) = tokio::join!(change::run(&sides.context, &work, &sides.watch), told);
    assert_eq!(outcomes(&report), [Done], "{report:?}");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_busy_registry() {
    let shop = patient(one_image()).await;
    let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Image)).await;
    shop.registry.demo.fault(|request, _| (request.method == "DELETE").then(|| busy("300")));
    let watch = watch();
    let mut progress = watch.progress.subscribe();
    let stopped = async {
        progress.wait_for(|progress| !progress.waiting.is_empty()).await.expect("it is told");
        watch.stop.cancel();
    };
    let run = tokio::time::timeout(PATIENCE, change::run(&shop.context, &work, &watch));
    let (report, ()) = tokio::join!(run, stopped);
    let report = report.expect("it ends before the five minutes");
    assert_eq!((outcomes(&report), report.undo), (vec![Stopped], None));
    assert_eq!(shop.tags("app").len(), 2);
}

/// As Google's registries: a digest can be deleted only after its tags.
#[tokio::test]
async fn a_stop_between_the_tags_of_an_image_names_those_that_are_gone_and_undo_puts_them_back() {
    let shop = Shop::open(one_image()).await;
    let before = shop.tags("app");
    let work = shop.plan(&shop.delete(&["1", "one"], DeleteMethod::Image)).await;
    let watch = watch();
    let stop = watch.stop.clone();
    shop.registry.demo.fault(move |request, _| {
        let is_delete = request.method == "DELETE";
        if is_delete && request.path.ends_with("/manifests/1") {
            stop.cancel();
        }
        let body = r#"{"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_TAG"}]}"#;
        (is_delete && request.path.contains("sha256:")).then(|| Fault::answer(400, &[], body))
    });
    let report = change::run(&shop.context, &work, &watch).await;
    assert_eq!(outcomes(&report), [Stopped], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["one"]);
    let said = report.notes.iter().any(|note| note.as_str().contains("of its tags `1` are gone: undo puts"));
    assert!(said, "{report:?}");
    shop.registry.demo.clear_faults();
    shop.undo(&report).await;
    assert_eq!(shop.tags("app"), before);
}

#[tokio::test]
async fn a_stop_after_an_index_names_the_children_that_stay_without_it() {
    let store = Store::new();
    let children = ["amd64", "arm64"].map(|arch| store.image("app").platform("linux", arch).push());
    store.index("app").child(&children[0]).child(&children[1]).tag("1").push();
    let shop = Shop::open(store).await;
    let before = shop.tags("app");
    let request = ChangeRequest::Delete(delete::DeleteRequest {
        repository: shop.repository("app"),
        selectors: vec!["1".parse().expect("a tag")],
        all_tags: false,
        method: Some(DeleteMethod::Image),
        along: Along { children: true, referrers: false },
        keep: false,
    });
    let work = shop.plan(&request).await;
    let watch = watch();
    let stop = watch.stop.clone();
    shop.registry.demo.fault(move |request, _| {
        if request.method == "DELETE" {
            stop.cancel();
        }
        None
    });
    let report = change::run(&shop.context, &work, &watch).await;
    assert_eq!(outcomes(&report), [Done, Stopped, Stopped], "{report:?}");
    assert_eq!(report.items[1].outcome, Some(Outcome::Stopped));
    for child in &children {
        let short = child.digest.short();
        let is_named = |note: &regtui::model::text::SafeText| {
            note.as_str().contains(&short) && note.as_str().contains("and these stay: ")
        };
        assert!(report.notes.iter().any(is_named), "{report:?}");
    }
    shop.undo(&report).await;
    assert_eq!(shop.tags("app"), before);
}
