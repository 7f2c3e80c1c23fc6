//! Whole lists: pages as they come, rows in the order asked for, several at once.

use futures_util::StreamExt;
use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{self, PageSize, Store};
use regtui::ops::list;

use crate::support::registry::{Registry, name, settings, tag};

fn many_tags(count: usize) -> Store {
    let store = Store::new();
    for number in 0..count {
        store.image("app").tag(format!("{number}")).label("number", number.to_string()).push();
    }
    store
}

#[tokio::test]
async fn the_pages_before_a_failure_are_there() {
    let store = Store::new();
    (0..9).for_each(|number| store.create(&format!("r{number}")));
    let demo = demo::DemoSettings {
        catalog_page: PageSize { default: 3, most: 3 },
        ..demo::DemoSettings::default()
    };
    let registry = Registry::new(demo, store, settings()).await;
    registry.demo.fault(|request, _| request.query.contains("last=r5").then(|| Fault::status(403)));
    let pages: Vec<_> = list::repositories(&registry.client, &[]).collect().await;
    let names: Vec<usize> =
        pages.iter().map(|page| page.as_ref().map_or(0, |page| page.items.len())).collect();
    assert_eq!(names, [3, 3, 0]);
    assert!(pages.last().is_some_and(Result::is_err));
}

#[tokio::test]
async fn rows_keep_their_order_whichever_is_answered_first() {
    let registry = Registry::open(many_tags(5)).await;
    let (first, last) = (Gate::new(), Gate::new());
    let (held, passed) = (first.clone(), last.clone());
    registry.demo.fault(move |request, _| match request.path {
        "/v2/app/manifests/0" => Some(Fault::Gate(held.clone())),
        "/v2/app/manifests/4" => Some(Fault::Gate(passed.clone())),
        _ => None,
    });
    last.open();
    let tags = (0..5).map(|number| tag(&number.to_string())).collect();
    let app = name("app");
    let rows = list::summaries(&registry.client, &app, tags).collect::<Vec<_>>();
    let opener = async {
        last.reached_by(1).await;
        first.open();
    };
    let (rows, ()) = tokio::join!(rows, opener);
    let order: Vec<&str> = rows.iter().map(|(tag, _)| tag.as_str()).collect();
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
    assert!(rows.iter().all(|(_, summary)| summary.is_ok()));
}

#[tokio::test]
async fn at_least_eight_rows_are_asked_for_at_once() {
    let registry = Registry::open(many_tags(12)).await;
    let gate = Gate::new();
    let held = gate.clone();
    registry
        .demo
        .fault(move |request, _| request.path.contains("/manifests/").then(|| Fault::Gate(held.clone())));
    let tags = (0..12).map(|number| tag(&number.to_string())).collect();
    let app = name("app");
    let rows = list::summaries(&registry.client, &app, tags).collect::<Vec<_>>();
    let opener = async {
        gate.reached_by(8).await;
        gate.open();
    };
    let (rows, ()) = tokio::join!(rows, opener);
    assert_eq!(rows.len(), 12);
}

#[tokio::test]
async fn tags_of_one_image_share_its_config() {
    let store = Store::new();
    let mut image = store.image("app");
    for number in 0..6 {
        image = image.tag(number.to_string());
    }
    image.push();
    let registry = Registry::open(store).await;
    let tags = (0..6).map(|number| tag(&number.to_string())).collect();
    let rows: Vec<_> = list::summaries(&registry.client, &name("app"), tags).collect().await;
    let digests: std::collections::HashSet<_> =
        rows.iter().map(|(_, summary)| summary.as_ref().expect("a summary").digest).collect();
    assert_eq!((rows.len(), digests.len()), (6, 1));
    let configs = registry.requests().iter().filter(|line| line.contains("/blobs/")).count();
    assert_eq!(configs, 1, "{:?}", registry.requests());
}
