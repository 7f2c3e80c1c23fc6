//! Whatever a repository looks like and whatever is deleted from it: what the plan did not show stays as it was.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use regtui::demo::image::Pushed;
use regtui::demo::{Settings, Store};
use regtui::model::digest::Digest;
use regtui::model::manifest::{Body, Manifest};
use regtui::model::reference::Selector;
use regtui::model::work::delete::{self, Along, Manner};
use regtui::model::work::{Wish, Work};

use crate::support::registry::tag;
use crate::support::workshop::Shop;

const CASES: u32 = 1000;

/// A small repository.
#[derive(Debug, Clone)]
struct Graph {
    images: usize,
    /// What each index lists: images and indexes before it.
    indexes: Vec<Vec<Index>>,
    /// What each artifact refers to, and whether it does so by a digest tag.
    referrers: Vec<(Index, bool)>,
    /// What each tag points to.
    tags: Vec<Index>,
}

/// What is asked for, and what somebody else does between plan and run.
#[derive(Debug, Clone)]
struct Case {
    graph: Graph,
    by_tag: bool,
    /// Positions among the tags; a digest where the flag says so.
    named: Vec<(Index, bool)>,
    manner: Option<Manner>,
    along: Along,
    /// A tag (an old or a new one) is pointed at something, or at a new index that lists it.
    meanwhile: Vec<(Index, Index, bool)>,
}

fn graph() -> impl Strategy<Value = Graph> {
    (
        1..5usize,
        vec(vec(any::<Index>(), 0..3), 0..4),
        vec((any::<Index>(), any::<bool>()), 0..3),
        vec(any::<Index>(), 1..8),
    )
        .prop_map(|(images, indexes, referrers, tags)| Graph { images, indexes, referrers, tags })
}

fn case() -> impl Strategy<Value = Case> {
    let manner = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Manner::Untag)),
        2 => Just(Some(Manner::Image)),
        1 => Just(Some(Manner::Replace))
    ];
    let along =
        (any::<bool>(), any::<bool>()).prop_map(|(children, referrers)| Along { children, referrers });
    let named = vec((any::<Index>(), prop::bool::weighted(0.2)), 1..5);
    let meanwhile = prop_oneof![
        2 => Just(Vec::new()),
        1 => vec((any::<Index>(), any::<Index>(), any::<bool>()), 1..3)
    ];
    (graph(), any::<bool>(), named, manner, along, meanwhile).prop_map(
        |(graph, by_tag, named, manner, along, meanwhile)| Case {
            graph,
            by_tag,
            named,
            manner,
            along,
            meanwhile,
        },
    )
}

/// Fills a repository; gives everything that can be pointed to.
fn build(store: &Store, name: &str, graph: &Graph) -> Vec<Pushed> {
    let mut all: Vec<Pushed> = Vec::new();
    for number in 0..graph.images {
        all.push(store.image(name).label("number", number.to_string()).push());
    }
    for (number, children) in graph.indexes.iter().enumerate() {
        let mut index = store.index(name).annotation("number", number.to_string());
        for child in children {
            index = index.child(child.get(&all));
        }
        all.push(index.push());
    }
    for (number, (subject, by_digest_tag)) in graph.referrers.iter().enumerate() {
        let subject = subject.get(&all).clone();
        let artifact =
            store.artifact(name).kind("application/spdx+json").layer("text/plain", number.to_string());
        all.push(match by_digest_tag {
            true => artifact.tag(format!("sha256-{}.sig", subject.digest.hex())).push(),
            false => artifact.subject(&subject).push(),
        });
    }
    for (number, at) in graph.tags.iter().enumerate() {
        store.tag(name, &format!("t{number}"), at.get(&all).digest);
    }
    all
}

/// Every tag with what it leads to, everything below included, as far as that is there.
fn whole(store: &Store, name: &str) -> BTreeMap<String, (Digest, HashSet<Digest>)> {
    let repository = store.repository(name).expect("it is there");
    let below = |root: Digest| {
        let (mut found, mut next) = (HashSet::new(), vec![root]);
        while let Some(digest) = next.pop() {
            let Some(stored) = repository.manifests.get(&digest).filter(|_| found.insert(digest)) else {
                continue;
            };
            let manifest =
                Manifest::parse(stored.bytes.clone(), Some(&stored.media_type)).expect("a manifest");
            if let Body::Index(index) = manifest.body {
                next.extend(index.manifests.iter().filter_map(|child| child.digest));
            }
        }
        found
    };
    repository.tags.iter().map(|(tag, digest)| (tag.clone(), (*digest, below(*digest)))).collect()
}

fn wish(shop: &Shop, name: &str, case: &Case) -> Wish {
    let tags: Vec<(String, Digest)> = shop.tags(name).into_iter().collect();
    let selector = |(at, by_digest): &(Index, bool)| match (at.get(&tags), by_digest) {
        ((_, digest), true) => Selector::Digest(*digest),
        ((text, _), false) => Selector::Tag(tag(text)),
    };
    Wish::Delete(delete::Wish {
        repository: shop.repository(name),
        selectors: case.named.iter().map(selector).collect(),
        manner: case.manner,
        along: case.along,
    })
}

fn disturb(store: &Store, name: &str, all: &[Pushed], case: &Case) {
    for (number, (tag, at, is_index)) in case.meanwhile.iter().enumerate() {
        let names: Vec<String> = (0..=case.graph.tags.len()).map(|number| format!("t{number}")).collect();
        let target = at.get(all);
        let digest = match is_index {
            true => store.index(name).annotation("new", number.to_string()).child(target).push().digest,
            false => target.digest,
        };
        store.tag(name, tag.get::<String>(&names), digest);
    }
}

async fn check(shop: &Shop, name: &str, case: &Case) -> Result<(), TestCaseError> {
    let store = shop.store();
    let all = build(store, name, &case.graph);
    let plan = shop.delete_plan(&wish(shop, name, case)).await;
    disturb(store, name, &all, case);
    let before = whole(store, name);
    let report = shop.run(&Work::Delete(plan.clone())).await;
    let mut after = whole(store, name);
    after.retain(|tag, _| !tag.starts_with("regtui-probe-"));
    let goes: HashSet<&str> = plan.tags_that_go().map(|tag| tag.as_str()).collect();
    for (text, held) in &before {
        let is_as_planned = plan.tags.get(&tag(text)) == Some(&held.0);
        if !(goes.contains(text.as_str()) && is_as_planned) {
            prop_assert_eq!(after.get(text), Some(held), "{} changed: {:?}\n{:?}", text, plan, report);
        }
    }
    if plan.blocked.is_some() {
        prop_assert_eq!(&after, &before, "it was blocked: {:?}", report);
    }
    if plan.blocked.is_none() && case.meanwhile.is_empty() {
        let left: Vec<&str> = goes.into_iter().filter(|text| after.contains_key(*text)).collect();
        prop_assert!(report.is_success() && left.is_empty(), "{:?} are left\n{:?}\n{:?}", left, plan, report);
    }
    store.remove(name);
    Ok(())
}

#[test]
fn what_a_plan_does_not_show_stays_with_everything_below_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let shop = |delete_by_tag| {
        let settings = Settings { delete_by_tag, remembered_requests: 0, ..Settings::default() };
        runtime.block_on(Shop::new(settings, Store::new()))
    };
    let (by_tag, only_by_digest) = (shop(true), shop(false));
    let number = Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&case(), |case| {
        number.set(number.get() + 1);
        let shop = if case.by_tag { &by_tag } else { &only_by_digest };
        runtime.block_on(check(shop, &format!("app{}", number.get()), &case))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
