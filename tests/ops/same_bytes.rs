//! Whether a tag points to the right manifest is decided by its bytes, not by the digest algorithm or a header.

use regtui::client::Pool;
use regtui::demo::faults::{self, Fault};
use regtui::demo::{self, Store};
use regtui::model::change::ChangeRequest;
use regtui::model::change::comparison::Standing;
use regtui::model::change::delete::DeleteMethod::Untag;
use regtui::model::change::progress::{Outcome, Report};
use regtui::model::change::retag::{self, RetagMode};
use regtui::model::digest::Digest;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::compare;

use crate::support::context::Shop;
use crate::support::copying::{Sides, outcome};
use crate::support::outcomes::OutcomeKind::{Done, Failed, Skipped, Unchanged};
use crate::support::outcomes::outcomes;
use crate::support::registry::{Registry, as_sha512, host, name, settings, tag};

const REFUSALS: [(u16, &str); 5] =
    [(400, "MANIFEST_INVALID"), (403, "DENIED"), (404, "UNKNOWN"), (409, "CONFLICT"), (500, "UNKNOWN")];

fn two_images() -> Store {
    let store = Store::new();
    store.image("app").label("a", "1").tag("1").push();
    store.image("app").label("a", "2").tag("2").push();
    store
}

fn retag(shop: &Shop, items: &[(&str, &str)], method: RetagMode) -> ChangeRequest {
    let item = |(from, to): &(&str, &str)| {
        (from.parse::<Selector>().expect("a selector"), shop.repository("app"), tag(to))
    };
    let items = items.iter().map(item).collect();
    ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items,
        mode: method,
        keep: false,
    })
}

/// A digest that no content has.
fn wrong() -> Digest {
    Digest::sha256(b"something else")
}

#[track_caller]
fn names_nobody(report: &Report) {
    let text = format!("{report:?}");
    assert!(!text.contains("another client") && !text.contains("moved since"), "{text}");
}

#[tokio::test]
async fn a_retag_is_done_and_undone_although_the_server_names_a_wrong_digest() {
    for method in [RetagMode::Add, RetagMode::Move] {
        let shop = Shop::open(two_images()).await;
        shop.registry.demo.fault(faults::digest_header(wrong()));
        let before = shop.tags("app");
        let report = shop.carry_out(&retag(&shop, &[("1", "new"), ("2", "other")], method)).await;
        assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
        names_nobody(&report);
        assert_eq!(shop.tags("app")["new"], before["1"]);
        let report = shop.undo(&report).await;
        assert!(report.is_success(), "{report:?}");
        assert_eq!(shop.tags("app"), before);
    }
}

#[tokio::test]
async fn a_tag_is_replaced_and_put_back_although_the_server_names_a_wrong_digest() {
    let shop = Shop::open(two_images()).await;
    shop.registry.demo.fault(faults::digest_header(wrong()));
    let before = shop.tags("app");
    let report = shop.carry_out(&retag(&shop, &[("1", "2")], RetagMode::Add)).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    assert_eq!(shop.tags("app")["2"], before["1"]);
    let report = shop.undo(&report).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    assert_eq!(shop.tags("app"), before);
}

#[tokio::test]
async fn a_copy_is_done_although_the_destination_names_a_wrong_digest() {
    let there = Store::new();
    there.image("copy").label("a", "1").tag("1").push();
    there.image("copy").label("old", "2").tag("2").push();
    let sides = Sides::to(two_images(), demo::DemoSettings::default(), there).await;
    sides.to.demo.fault(faults::digest_header(wrong()));
    let old = sides.there("2");
    let (plan, report) = sides.copy(&sides.request(&["1", "2"])).await;
    assert_eq!(plan.images.iter().map(|image| image.is_done()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(plan.images[1].replaces, old, "by the digest of its bytes");
    assert!(matches!(outcome(&report, "1"), Outcome::Unchanged(_)), "{report:?}");
    names_nobody(&report);
    sides.is_same("2");
}

#[tokio::test]
async fn another_image_is_still_noticed_although_the_server_names_wrong_digests() {
    let shop = Shop::open(two_images()).await;
    shop.registry.demo.fault(faults::digest_header(wrong()));
    let work = shop.plan(&retag(&shop, &[("1", "2")], RetagMode::Add)).await;
    let pushed = shop.store().image("app").label("a", "3").tag("2").push();
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Skipped], "{report:?}");
    assert_eq!(shop.tags("app")["2"], pushed.digest);
}

#[tokio::test]
async fn a_retag_keeps_a_sha512_digest_if_the_server_supports_that() {
    for digest_parameter in [true, false] {
        let store = two_images();
        let short = store.digest_of("app", "1").expect("it is there");
        let long = as_sha512(&store, &short, "1");
        let shop =
            Shop::new(demo::DemoSettings { digest_parameter, ..demo::DemoSettings::default() }, store).await;
        let before = shop.tags("app");
        let report = shop.carry_out(&retag(&shop, &[("1", "new"), ("1", "2")], RetagMode::Add)).await;
        assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
        names_nobody(&report);
        let expected = if digest_parameter { long } else { short };
        assert_eq!((shop.tags("app")["new"], shop.tags("app")["2"]), (expected, expected));
        let says = format!("{report:?}").contains("the registry keeps no sha512");
        assert_eq!(says, !digest_parameter, "{report:?}");
        let again = shop.carry_out(&retag(&shop, &[("1", "new")], RetagMode::Add)).await;
        assert_eq!(outcomes(&again), [Unchanged], "the same bytes are the same image: {again:?}");
        let report = shop.undo(&report).await;
        assert_eq!(outcomes(&report), [Done, Done], "{report:?}");
        assert_eq!(shop.tags("app"), before);
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_parameter_gets_the_tag_without() {
    let store = two_images();
    let short = store.digest_of("app", "1").expect("it is there");
    as_sha512(&store, &short, "1");
    let shop = Shop::open(store).await;
    shop.registry.demo.fault(|request, _| {
        (request.method == "PUT" && request.query.contains("digest=")).then(|| Fault::status(400))
    });
    let report = shop.carry_out(&retag(&shop, &[("1", "new")], RetagMode::Add)).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    assert_eq!(shop.tags("app")["new"], short);
}

#[tokio::test]
async fn a_copy_keeps_a_sha512_digest_if_the_destination_supports_that() {
    for digest_parameter in [true, false] {
        let store = two_images();
        let short = store.digest_of("app", "1").expect("it is there");
        let long = as_sha512(&store, &short, "1");
        let to = demo::DemoSettings { digest_parameter, ..demo::DemoSettings::default() };
        let sides = Sides::to(store, to, Store::new()).await;
        let (_, report) = sides.copy(&sides.request(&["1"])).await;
        names_nobody(&report);
        assert_eq!(sides.there("1"), Some(if digest_parameter { long } else { short }));
        let (plan, again) = sides.copy(&sides.request(&["1"])).await;
        assert!(plan.images[0].is_done(), "{plan:?}");
        assert!(matches!(outcome(&again, "1"), Outcome::Unchanged(_)), "{again:?}");
    }
}

/// The server answers with a refusal and puts the tag nevertheless.
#[tokio::test]
async fn a_tag_that_was_put_although_the_request_was_refused_is_put() {
    for (status, code) in REFUSALS {
        let shop = Shop::open(two_images()).await;
        shop.registry.demo.fault(move |request, _| {
            (request.method == "PUT").then(|| Fault::done_but_refused(status, code))
        });
        let before = shop.tags("app");
        let report = shop.carry_out(&retag(&shop, &[("1", "new"), ("1", "2")], RetagMode::Add)).await;
        assert_eq!(outcomes(&report), [Done, Done], "{status}: {report:?}");
        let report = shop.undo(&report).await;
        assert!(report.is_success(), "{status}: {report:?}");
        assert_eq!(shop.tags("app"), before);
    }
}

#[tokio::test]
async fn a_tag_that_was_refused_and_not_put_is_a_failure() {
    let shop = Shop::open(two_images()).await;
    shop.registry.demo.fault(|request, _| (request.method == "PUT").then(|| Fault::status(403)));
    let report = shop.carry_out(&retag(&shop, &[("1", "new"), ("1", "2")], RetagMode::Add)).await;
    assert_eq!(outcomes(&report), [Failed, Failed], "{report:?}");
}

fn app(registry: &Registry) -> Repository {
    Repository { host: host(&registry.demo), name: name("app") }
}

#[tokio::test]
async fn the_same_bytes_compare_as_the_same_by_any_algorithm_and_header() {
    let (left, right) = (Store::new(), Store::new());
    for number in 0..20 {
        for store in [&left, &right] {
            store.image("app").label("number", number.to_string()).tag(format!("{number:02}")).push();
        }
    }
    let moved = right.image("app").label("other", "1").tag("03").push().digest;
    as_sha512(&right, &right.digest_of("app", "04").expect("it is there"), "04");
    let (left, right) = (Registry::open(left).await, Registry::open(right).await);
    for lying in [None, Some(&left), Some(&right)] {
        if let Some(side) = lying {
            side.demo.fault(faults::digest_header(wrong()));
        }
        let found = compare::compare(&Pool::new(settings()), &app(&left), &app(&right)).await.expect("rows");
        let others: Vec<_> = found.rows.iter().filter(|row| row.standing != Standing::Same).collect();
        let others: Vec<_> = others.iter().map(|row| (row.tag.as_str(), row.standing, row.right)).collect();
        assert_eq!(others, [("03", Standing::Moved, Some(moved))], "{}", found.summary());
        if let Some(side) = lying {
            side.demo.clear_faults();
        }
    }
}

#[tokio::test]
async fn a_tag_is_removed_and_put_back_although_the_server_names_a_wrong_digest() {
    let shop = Shop::open(two_images()).await;
    shop.registry.demo.fault(faults::digest_header(wrong()));
    let before = shop.tags("app");
    let report = shop.carry_out(&shop.delete(&["1"], Untag)).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    assert_eq!(shop.tags("app").keys().collect::<Vec<_>>(), ["2"]);
    let report = shop.undo(&report).await;
    assert_eq!(outcomes(&report), [Done], "{report:?}");
    assert_eq!(shop.tags("app"), before);
}
