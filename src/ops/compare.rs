//! Compares two repositories tag by tag: tags that are the same, moved, missing or extra.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{FutureExt, StreamExt, future, stream};

use super::planning;
use super::tag_list::{self, AT_ONCE};
use crate::client::{Error, ManifestHead, Pool, Priority, Registry};
use crate::model::change::comparison::{Comparison, ComparisonRow, ComparisonSide};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::request_budget::RequestCount;
use crate::model::text::SafeText;

/// The number of tags that are checked by their bytes if the two sides report different digests of one algorithm. The
/// check shows whether the reported digests are true.
const SAMPLE: usize = 8;

/// Compares every tag of both repositories. A repository that does not exist has no tags; fails if neither exists. A
/// tag is unknown if one registry does not answer about it, and hides no other tag.
pub async fn compare(pool: &Pool, left: &Repository, right: &Repository) -> Result<Comparison, Failure> {
    let (on_left, on_right) = future::join(SideTags::of(pool, left), SideTags::of(pool, right)).await;
    let (mut on_left, mut on_right) = (on_left?, on_right?);
    if let (SideTags { absent: Some(failure), .. }, SideTags { absent: Some(_), .. }) = (&on_left, &on_right)
    {
        return Err(failure.clone());
    }
    // Each side is also asked for the tags of the other, so that a list that lags behind hides nothing.
    let (of_left, of_right) = (on_left.names(), on_right.names());
    future::join(on_left.ask_unlisted(pool, left, of_right), on_right.ask_unlisted(pool, right, of_left))
        .await;
    compare_bytes(pool, left, &mut on_left, right, &mut on_right).await;
    let names: BTreeSet<&Tag> = on_left.sides.keys().chain(on_right.sides.keys()).collect();
    let rows =
        names.into_iter().map(|tag| ComparisonRow::of(tag.clone(), on_left.side(tag), on_right.side(tag)));
    // A tag that was removed between the list and the question about it is on neither side.
    let rows = rows.filter(|row| {
        (on_left.side(&row.tag), on_right.side(&row.tag)) != (ComparisonSide::Absent, ComparisonSide::Absent)
    });
    let (rows, incomplete) = (rows.collect(), [on_left.incomplete, on_right.incomplete].concat());
    Ok(Comparison { left: left.clone(), right: right.clone(), rows, incomplete })
}

/// Compares the bytes of tags for which the two sides report different digests. It checks all of them whose algorithms
/// differ. Of the others it checks some, and all only if one of these turns out to be reported with a digest that it
/// does not have.
async fn compare_bytes(
    pool: &Pool,
    left: &Repository,
    on_left: &mut SideTags,
    right: &Repository,
    on_right: &mut SideTags,
) {
    let sides = on_left.sides.iter().filter_map(|(tag, side)| match (side, on_right.side(tag)) {
        (ComparisonSide::Present(one), ComparisonSide::Present(other)) if *one != other => {
            Some((tag.clone(), *one, other))
        }
        _ => None,
    });
    let (mixed, alike): (Vec<_>, Vec<_>) =
        sides.partition(|(_, one, other)| one.algorithm() != other.algorithm());
    let (some, rest) = alike.split_at(alike.len().min(SAMPLE));
    let registries = (pool.registry(&left.host), pool.registry(&right.host));
    let mut questions = [mixed, some.to_vec()].concat();
    let mut is_sample = true;
    loop {
        let asked = questions.into_iter().map(|(tag, one, other)| {
            let registries = &registries;
            async move {
                let selector = Selector::Tag(tag.clone());
                let priority = Priority::Background;
                let now = registries.1.confirm_digest(&right.name, &selector, other, &[one], priority).await;
                let now = now.ok().flatten().unwrap_or(other);
                let then = if now == one {
                    Some(one)
                } else {
                    registries
                        .0
                        .confirm_digest(&left.name, &selector, one, &[now], priority)
                        .await
                        .ok()
                        .flatten()
                };
                (tag, (one, other), (then.unwrap_or(one), now))
            }
            .boxed()
        });
        let asked: Vec<_> = asked.collect();
        let settled: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let is_called_wrong = |((one, other), (then, now)): (&(Digest, Digest), &(Digest, Digest))| {
            one.algorithm() == other.algorithm() && then == now
        };
        let is_wrong = settled.iter().any(|(_, said, is)| is_called_wrong((said, is)));
        for (tag, _, (then, now)) in settled {
            on_left.sides.insert(tag.clone(), ComparisonSide::Present(then));
            on_right.sides.insert(tag, ComparisonSide::Present(now));
        }
        if !is_sample || !is_wrong {
            return;
        }
        (questions, is_sample) = (rest.to_vec(), false);
    }
}

/// The tags of one side.
struct SideTags {
    sides: BTreeMap<Tag, ComparisonSide>,
    incomplete: Vec<SafeText>,
    /// The answer of the registry, if the repository does not exist.
    absent: Option<Failure>,
}

impl SideTags {
    async fn of(pool: &Pool, repository: &Repository) -> Result<SideTags, Failure> {
        let registry = pool.registry(&repository.host);
        let mut tags = SideTags { sides: BTreeMap::new(), incomplete: Vec::new(), absent: None };
        let names = match tags.list(&*registry, repository).await {
            Ok(names) => names,
            Err(error) => {
                let failure = error.failure(format!("cannot list the tags of {repository}"));
                if error.cause.status() != Some(404) {
                    return Err(failure);
                }
                tags.absent = Some(failure);
                return Ok(tags);
            }
        };
        tags.ask(&*registry, repository, names).await;
        Ok(tags)
    }

    /// Asks about tags that this side does not list, if its repository exists at all.
    async fn ask_unlisted(&mut self, pool: &Pool, repository: &Repository, others: BTreeSet<Tag>) {
        if self.absent.is_none() {
            let unlisted = others.into_iter().filter(|tag| !self.sides.contains_key(tag)).collect();
            self.ask(&*pool.registry(&repository.host), repository, unlisted).await;
        }
    }

    async fn ask(&mut self, registry: &dyn Registry, repository: &Repository, names: Vec<Tag>) {
        let side = |said: Result<Option<ManifestHead>, Error>| match said {
            Ok(Some(head)) => ComparisonSide::Present(head.digest),
            Ok(None) => ComparisonSide::Absent,
            Err(_) => ComparisonSide::Unknown,
        };
        planning::state_need(registry, None, RequestCount::of_others(names.len())).await;
        let asked = tag_list::ask_digests(registry, &repository.name, names).await;
        self.sides.extend(asked.into_iter().map(|(tag, said)| (tag, side(said))));
    }

    /// Returns all listed tags that name images.
    async fn list(&mut self, registry: &dyn Registry, repository: &Repository) -> Result<Vec<Tag>, Error> {
        let names = tag_list::list_names(registry, &repository.name).await?;
        self.incomplete.extend(names.incomplete.map(|why| SafeText::from(format!("{repository}: {why}"))));
        Ok(names.tags.into_iter().filter(|tag| !tag.is_digest_tag()).collect())
    }

    fn names(&self) -> BTreeSet<Tag> {
        self.sides.keys().cloned().collect()
    }

    fn side(&self, tag: &Tag) -> ComparisonSide {
        self.sides.get(tag).copied().unwrap_or(ComparisonSide::Absent)
    }
}
