//! Copies with several referrers of one subject: each is listed in the end, or the copy has failed.

use std::sync::atomic::{AtomicUsize, Ordering};

use regtui::demo::faults::Fault;
use regtui::demo::image::PushedImage;
use regtui::demo::{self, Store};
use regtui::model::change::copy::{CopyRequest, What};
use regtui::model::change::progress::Outcome;
use regtui::model::digest::Digest;

use crate::support::copying::{Sides, outcome};
use crate::support::registry::{Registry, as_sha512, name, settings};

const SPDX: &str = "application/spdx+json";

/// An image with so many referrers, each with a tag of its own if requested.
fn referred(count: usize, is_tagged: bool) -> (Store, Digest, Vec<Digest>) {
    let store = Store::new();
    let image = store.image("app").label("a", "1").tag("1").push();
    let referrers = (0..count).map(|number| {
        let text = format!("{{\"number\": {number}}}");
        let referrer = store.artifact("app").kind(SPDX).layer("text/spdx", text).subject(&image);
        let referrer = if is_tagged { referrer.tag(format!("sbom-{number}")) } else { referrer };
        referrer.push().digest
    });
    let referrers = referrers.collect();
    (store, image.digest, referrers)
}

async fn listed(sides: &Sides, subject: &Digest) -> Vec<Digest> {
    let found = sides.to.client.referrers(&name("copy"), subject, true).await.expect("a list");
    let mut digests: Vec<Digest> = found.descriptors.iter().filter_map(|one| one.digest).collect();
    digests.sort();
    digests
}

fn sorted(mut digests: Vec<Digest>) -> Vec<Digest> {
    digests.sort();
    digests
}

fn forgetful() -> demo::DemoSettings {
    demo::DemoSettings { loses_referrers: true, ..demo::DemoSettings::default() }
}

#[tokio::test]
async fn referrers_of_one_subject_are_put_one_after_another() {
    let (store, image, referrers) = referred(5, false);
    let sides = Sides::to(store, forgetful(), Store::new()).await;
    sides.copy(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await;
    assert_eq!(listed(&sides, &image).await, sorted(referrers.clone()));
    let puts = sides.writes().into_iter().filter(|line| line.starts_with("PUT /v2/copy/manifests/sha256"));
    assert_eq!(puts.count(), referrers.len() + 1, "none had to be put twice: {:?}", sides.writes());
}

#[tokio::test]
async fn tags_of_referrers_of_one_subject_are_put_one_after_another() {
    for with_referrers in [false, true] {
        let (store, image, referrers) = referred(5, true);
        let sides = Sides::to(store, forgetful(), Store::new()).await;
        let request = CopyRequest { what: What::AllTags, referrers: with_referrers, ..sides.request(&[]) };
        sides.copy(&request).await;
        assert_eq!(listed(&sides, &image).await, sorted(referrers), "--referrers: {with_referrers}");
    }
}

#[tokio::test]
async fn a_referrer_that_the_registry_lost_is_put_once_more() {
    let (store, image, referrers) = referred(3, false);
    let sides = Sides::of(store).await;
    let lost = format!("/manifests/{}", referrers[1]);
    sides.to.demo.fault(move |request, nth| {
        (request.method == "PUT" && request.path.ends_with(&lost) && nth == 1).then_some(Fault::Unlisted)
    });
    sides.copy(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await;
    assert_eq!(listed(&sides, &image).await, sorted(referrers));
}

#[tokio::test]
async fn a_referrer_that_stays_lost_is_a_failure_and_its_image_gets_no_tag() {
    let (store, _, referrers) = referred(3, false);
    let sides = Sides::of(store).await;
    let lost = format!("/manifests/{}", referrers[1]);
    sides.to.demo.fault(move |request, _| {
        (request.method == "PUT" && request.path.ends_with(&lost)).then_some(Fault::Unlisted)
    });
    let plan = sides.plan(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await.expect("a plan");
    let report = sides.run(&plan).await;
    let Outcome::Failed(failure) = outcome(&report, "1") else { panic!("{report:#?}") };
    assert!(failure.what.as_str().contains(&referrers[1].short()), "{failure:?}");
    assert!(failure.why.as_str().contains("does not list it"), "{failure:?}");
    assert_eq!((sides.there("1"), report.is_success()), (None, false));
}

/// Another client that does not merge overwrites the list that was just written.
#[tokio::test]
async fn a_list_under_the_fallback_tag_that_was_overwritten_is_merged_once_more() {
    let (store, image, referrers) = referred(2, false);
    let there = Store::new();
    let foreign = there.index("copy").annotation("of", "another client").push().digest;
    let without = demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let sides = Sides::to(store, without, there).await;
    let tag = format!("sha256-{}", image.hex());
    let (store, path) = (sides.to.demo.store().clone(), format!("/v2/copy/manifests/{tag}"));
    let heads_after_put = AtomicUsize::new(0);
    sides.to.demo.fault(move |request, _| {
        let is_put = store.digest_of("copy", &tag).is_some();
        if request.method == "HEAD" && request.path == path && is_put {
            // The first of them sees that the list was put.
            if heads_after_put.fetch_add(1, Ordering::Relaxed) == 1 {
                store.tag("copy", &tag, foreign);
            }
        }
        None
    });
    sides.copy(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await;
    assert_eq!(listed(&sides, &image).await, sorted(referrers));
}

/// The registry answers with a refusal and stores the manifest nevertheless.
#[tokio::test]
async fn manifests_that_are_there_although_they_were_refused_count_as_put() {
    for (status, code) in [(400, "MANIFEST_INVALID"), (404, "UNKNOWN"), (409, "CONFLICT"), (500, "UNKNOWN")] {
        let (store, image, referrers) = referred(2, false);
        let sides = Sides::of(store).await;
        sides.to.demo.fault(move |request, _| {
            let is_it = request.method == "PUT" && request.path.contains("/manifests/sha256:");
            is_it.then(|| Fault::done_but_refused(status, code))
        });
        sides.copy(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await;
        sides.is_same("1");
        assert_eq!(listed(&sides, &image).await, sorted(referrers), "{status}");
    }
}

/// A tag has no room for a sha512 digest: the list stands under its first 64 digits.
#[tokio::test]
async fn referrers_of_a_sha512_digest_come_along_from_a_fallback_tag_to_a_fallback_tag() {
    let (store, there) = (Store::new(), Store::new());
    let pushed = store.image("app").label("a", "1").push();
    let image = as_sha512(&store, &pushed.digest, "1");
    let subject = PushedImage { digest: image, ..pushed };
    let referrer = store.artifact("app").kind(SPDX).layer("text/spdx", "{}").subject(&subject).push();
    let stem = format!("sha512-{}", &image.hex()[..64]);
    store.index("app").child(&referrer).tag(&stem).push();
    let without =
        demo::DemoSettings { referrers: false, digest_parameter: true, ..demo::DemoSettings::default() };
    let from = Registry::new(without.clone(), store, settings()).await;
    there.create("copy");
    let sides = Sides::with(from, Registry::new(without, there, settings()).await);
    sides.copy(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await;
    assert_eq!(listed(&sides, &image).await, [referrer.digest]);
    assert_eq!(sides.to.demo.store().tags("copy"), ["1", &stem]);
}

/// GitLab takes `sha256-…` for a digest. The manifests that such an index lists are not referrers.
#[tokio::test]
async fn an_image_that_answers_under_its_own_fallback_tag_is_no_list_of_referrers() {
    let store = Store::new();
    let children = ["amd64", "arm64"].map(|machine| store.image("app").platform("linux", machine).push());
    let index = store.index("app").child(&children[0]).child(&children[1]).tag("1").push();
    let tag = format!("sha256-{}", index.digest.hex());
    store.tag("app", &tag, index.digest);
    let without = demo::DemoSettings { referrers: false, ..demo::DemoSettings::default() };
    let sides =
        Sides::with(Registry::new(without, store, settings()).await, Registry::open(Store::new()).await);
    let found = sides.from.client.referrers(&name("app"), &index.digest, true).await.expect("an answer");
    assert!(found.descriptors.is_empty() && found.fallback_digest.is_none(), "{found:?}");
    let plan = sides.plan(&CopyRequest { referrers: true, ..sides.request(&["1"]) }).await.expect("a plan");
    assert_eq!((plan.referrers.len(), plan.lists.len()), (0, 0));
}
