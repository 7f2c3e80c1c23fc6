//! Random repositories and random deletes, for the registry in memory and for real ones.

use std::collections::{BTreeMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use regtui::demo::Store;
use regtui::demo::image::PushedImage;
use regtui::model::change::delete::{Along, DeleteMethod, DeletePlan, DeleteRequest};
use regtui::model::change::progress::Report;
use regtui::model::digest::Digest;
use regtui::model::manifest::{Body, Manifest};
use regtui::model::reference::{Repository, Selector};

use super::registry::tag;

/// Every tag with the digests that it leads to, those of all levels below included, as far as they exist.
pub type Holdings = BTreeMap<String, (Digest, HashSet<Digest>)>;

/// A small repository.
#[derive(Debug, Clone)]
pub struct Graph {
    images: usize,
    /// The children of each index: images and indexes before it.
    indexes: Vec<Vec<Index>>,
    /// The subject of each artifact, and whether a digest tag names it.
    referrers: Vec<(Index, bool)>,
    /// The manifest that each tag points to.
    tags: Vec<Index>,
}

/// The request, and the changes that another client makes between plan and run.
#[derive(Debug, Clone)]
pub struct Case {
    pub graph: Graph,
    /// Whether the registry in memory deletes by tag.
    pub by_tag: bool,
    /// Positions among the tags; the digest of the tag if the flag is set.
    named: Vec<(Index, bool)>,
    method: Option<DeleteMethod>,
    along: Along,
    /// A tag (an old or a new one) is pointed at something, or at a new index that lists it.
    pub meanwhile: Vec<(Index, Index, bool)>,
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

/// A repository with something to delete from it.
pub fn case() -> impl Strategy<Value = Case> {
    let method = prop_oneof![
        1 => Just(None),
        1 => Just(Some(DeleteMethod::Untag)),
        2 => Just(Some(DeleteMethod::Image)),
        1 => Just(Some(DeleteMethod::Replace))
    ];
    let along =
        (any::<bool>(), any::<bool>()).prop_map(|(children, referrers)| Along { children, referrers });
    let named = vec((any::<Index>(), prop::bool::weighted(0.2)), 1..5);
    let meanwhile = prop_oneof![
        2 => Just(Vec::new()),
        1 => vec((any::<Index>(), any::<Index>(), any::<bool>()), 1..3)
    ];
    (graph(), any::<bool>(), named, method, along, meanwhile).prop_map(
        |(graph, by_tag, named, method, along, meanwhile)| Case {
            graph,
            by_tag,
            named,
            method,
            along,
            meanwhile,
        },
    )
}

/// Fills a repository. Returns everything that a tag can point to.
pub fn build(store: &Store, name: &str, graph: &Graph) -> Vec<PushedImage> {
    let mut all: Vec<PushedImage> = Vec::new();
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

/// The content of a repository of the registry in memory.
pub fn holdings(store: &Store, name: &str) -> Holdings {
    let repository = store.repository(name).expect("it is there");
    let below = |root: Digest| {
        let (mut found, mut next) = (HashSet::new(), vec![root]);
        while let Some(digest) = next.pop() {
            let Some(stored) = repository.manifests.get(&digest).filter(|_| found.insert(digest)) else {
                continue;
            };
            let manifest =
                Manifest::parse(stored.bytes.clone(), Some(&stored.media_type)).expect("a manifest");
            next.extend(children(&manifest));
        }
        found
    };
    repository.tags.iter().map(|(tag, digest)| (tag.clone(), (*digest, below(*digest)))).collect()
}

/// The manifests that an index lists.
pub fn children(manifest: &Manifest) -> Vec<Digest> {
    match &manifest.body {
        Body::Index(index) => index.manifests.iter().filter_map(|child| child.digest).collect(),
        _ => Vec::new(),
    }
}

/// The request of a case, given the tags that there are.
pub fn request(repository: Repository, tags: &BTreeMap<String, Digest>, case: &Case) -> DeleteRequest {
    let tags: Vec<(&String, &Digest)> = tags.iter().collect();
    let selector = |(at, by_digest): &(Index, bool)| match (at.get(&tags), by_digest) {
        ((_, digest), true) => Selector::Digest(**digest),
        ((text, _), false) => Selector::Tag(tag(text)),
    };
    DeleteRequest {
        repository,
        selectors: case.named.iter().map(selector).collect(),
        all_tags: false,
        method: case.method,
        along: case.along,
        keep: false,
    }
}

/// Makes the changes of the other client.
pub fn disturb(store: &Store, name: &str, all: &[PushedImage], case: &Case) {
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

/// Checks that nothing went except the images and tags that the plan showed, and that those are gone.
pub fn judge(
    case: &Case,
    plan: &DeletePlan,
    report: &Report,
    before: &Holdings,
    after: &Holdings,
) -> Result<(), TestCaseError> {
    let goes: HashSet<&str> = plan.tags_that_go().map(|tag| tag.as_str()).collect();
    for (text, held) in before {
        let is_as_planned = plan.tags.get(&tag(text)) == Some(&held.0);
        if !(goes.contains(text.as_str()) && is_as_planned) {
            prop_assert_eq!(after.get(text), Some(held), "{} changed: {:?}\n{:?}", text, plan, report);
        }
    }
    if plan.common.blocked.is_some() {
        prop_assert_eq!(after, before, "it was blocked: {:?}", report);
    }
    if plan.common.blocked.is_none() && case.meanwhile.is_empty() {
        let left: Vec<&str> = goes.into_iter().filter(|text| after.contains_key(*text)).collect();
        prop_assert!(report.is_success() && left.is_empty(), "{:?} are left\n{:?}\n{:?}", left, plan, report);
    }
    Ok(())
}
