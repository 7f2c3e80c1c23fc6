//! Two repositories side by side: every tag once and with its true state, and a tag that cannot be read hides no other.

use regtui::client::Pool;
use regtui::demo::faults::{self, Fault};
use regtui::demo::{self, PageSize, Store};
use regtui::model::change::comparison::{Comparison, Standing};
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::reference::Repository;
use regtui::ops::compare;

use crate::support::registry::{Registry, host, name, settings};

fn app(registry: &Registry) -> Repository {
    Repository { host: host(&registry.demo), name: name("app") }
}

async fn between(left: &Registry, right: &Registry) -> Result<Comparison, Failure> {
    compare::compare(&Pool::new(settings()), &app(left), &app(right)).await
}

fn standings(comparison: &Comparison) -> Vec<(&str, Standing)> {
    comparison.rows.iter().map(|row| (row.tag.as_str(), row.standing)).collect()
}

/// The same images on both sides, except for one that moved, one that is missing and one that is extra.
fn two_sides() -> (Store, Store) {
    let (left, right) = (Store::new(), Store::new());
    for store in [&left, &right] {
        store.image("app").label("version", "1").tag("1").push();
    }
    left.image("app").label("version", "2").tag("2").tag("latest").push();
    right.image("app").label("version", "1").tag("latest").tag("old").push();
    (left, right)
}

#[tokio::test]
async fn each_tag_is_same_moved_missing_or_extra() {
    let (left, right) = two_sides();
    let (left, right) = (Registry::open(left).await, Registry::open(right).await);
    let found = between(&left, &right).await.expect("a comparison");
    assert_eq!(
        standings(&found),
        [
            ("1", Standing::Same),
            ("2", Standing::Missing),
            ("latest", Standing::Moved),
            ("old", Standing::Extra)
        ]
    );
    let latest = &found.rows[2];
    assert_eq!(latest.left, left.demo.store().digest_of("app", "latest"));
    assert_eq!(latest.right, right.demo.store().digest_of("app", "latest"));
    assert_eq!(found.summary().as_str(), "1 same, 1 moved, 1 missing, 1 extra");
    let changes = [&left, &right].map(|side| side.requests());
    let is_read = |line: &String| line.starts_with("GET ") || line.starts_with("HEAD ");
    assert!(changes.concat().iter().all(is_read), "{changes:?}");
}

#[tokio::test]
async fn digest_tags_are_no_rows() {
    let (left, right) = two_sides();
    let image = left.image("app").tag("signed").push();
    left.artifact("app").layer("text/plain", "s").tag(format!("sha256-{}.sig", image.digest.hex())).push();
    let (left, right) = (Registry::open(left).await, Registry::open(right).await);
    let found = between(&left, &right).await.expect("a comparison");
    assert_eq!(found.rows.len(), 5, "{:?}", standings(&found));
}

#[tokio::test]
async fn a_repository_that_is_not_there_misses_every_tag() {
    let (left, _) = two_sides();
    let (left, right) = (Registry::open(left).await, Registry::open(Store::new()).await);
    let found = between(&left, &right).await.expect("a comparison");
    assert_eq!(found.count(Standing::Missing), 3, "{:?}", standings(&found));
    let found = between(&right, &left).await.expect("a comparison");
    assert_eq!(found.count(Standing::Extra), 3, "{:?}", standings(&found));
    let neither = between(&right, &right).await.expect_err("nothing to compare");
    assert_eq!(neither.kind, FailureKind::NotFound);
}

#[tokio::test]
async fn a_tag_that_cannot_be_asked_is_unknown_and_hides_no_other() {
    let (left, right) = two_sides();
    let (left, right) = (Registry::open(left).await, Registry::open(right).await);
    right.demo.fault(|request, _| request.path.ends_with("/manifests/latest").then(|| Fault::status(403)));
    let found = between(&left, &right).await.expect("a comparison");
    assert_eq!(found.rows[2].standing, Standing::Unknown);
    assert_eq!((found.count(Standing::Same), found.count(Standing::Extra)), (1, 1));
}

#[tokio::test]
async fn a_comparison_names_the_side_that_is_denied() {
    let (left, right) = two_sides();
    let (left, right) = (Registry::open(left).await, Registry::open(right).await);
    right.demo.fault(|request, _| request.path.ends_with("/tags/list").then(|| Fault::status(403)));
    let failure = between(&left, &right).await.expect_err("a refusal");
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.what.as_str().contains(&app(&right).to_string()), "{failure}");
}

#[tokio::test]
async fn long_lists_are_compared_to_their_end() {
    let (left, right) = (Store::new(), Store::new());
    for number in 0..60 {
        left.image("app").label("number", number.to_string()).tag(format!("{number:02}")).push();
        if number % 2 == 0 {
            right.image("app").label("number", number.to_string()).tag(format!("{number:02}")).push();
        }
    }
    let pages =
        demo::DemoSettings { tags_page: PageSize { default: 7, most: 7 }, ..demo::DemoSettings::default() };
    let left = Registry::new(pages, left, settings()).await;
    let right = Registry::open(right).await;
    let found = between(&left, &right).await.expect("a comparison");
    assert_eq!((found.count(Standing::Same), found.count(Standing::Missing)), (30, 30));
    assert!(found.incomplete.is_empty(), "{:?}", found.incomplete);
}

/// A tag that a list leaves out is neither missing nor extra.
#[tokio::test]
async fn a_list_that_lags_behind_hides_no_tag_that_the_other_side_has() {
    let (left, right) = two_sides();
    let (left, right) = (Registry::open(left).await, Registry::open(right).await);
    let empty = Store::new();
    empty.create("app");
    for side in [&left, &right] {
        side.demo.fault(faults::lagging_tags(&empty));
        let found = between(&left, &right).await.expect("a comparison");
        let same: Vec<_> =
            standings(&found).into_iter().filter(|(tag, _)| ["1", "latest"].contains(tag)).collect();
        assert_eq!(same, [("1", Standing::Same), ("latest", Standing::Moved)]);
        side.demo.clear_faults();
    }
}
