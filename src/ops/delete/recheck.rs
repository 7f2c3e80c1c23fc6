//! Checks right before an image is deleted that nothing would go that the plan did not show.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::client::Registry;
use crate::client::registry::connection::WriteAccess;
use crate::model::change::delete::{DeletePlan, ImageToDelete};
use crate::model::change::progress::Outcome;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::graph::Indexes;
use crate::ops::steps::tag::RepositoryClient;
use crate::ops::tag_list::{self, TagList};

/// The highest age of the answers about other tags. The tags of the image itself and new tags are always asked for
/// again.
const FRESH: Duration = Duration::from_secs(2);
/// How often the tags are looked at again because other clients change them meanwhile.
const MOST_LOOKS: usize = 3;

/// The known state of the repository while a plan is carried out.
pub(crate) struct Recheck<'a> {
    registry: &'a dyn Registry,
    name: &'a RepositoryName,
    plan: &'a DeletePlan,
    current: TagList,
    /// The time at which all tags were last asked for.
    last_full_check: Option<Instant>,
    /// Whether the digest without tags that was looked at last exists.
    is_there: bool,
}

impl<'a> Recheck<'a> {
    /// Returns a recheck that knows nothing yet.
    pub(crate) fn new(registry: &'a dyn Registry, plan: &'a DeletePlan) -> Recheck<'a> {
        Recheck {
            registry,
            name: &plan.repository.name,
            plan,
            current: TagList::default(),
            last_full_check: None,
            is_there: true,
        }
    }

    /// Returns the reason to leave a digest alone although the plan says that it goes. `may_go` are the tags that may
    /// go with it; `gone` are the digests that were deleted before. The last requests ask for the digest's own tags, or
    /// for the digest if it has none.
    pub(crate) async fn objection(
        &mut self,
        place: RepositoryClient<'_>,
        digest: Digest,
        may_go: &[&Tag],
        gone: &HashSet<Digest>,
    ) -> Result<Option<Outcome>, Failure> {
        let left = |why: String| Ok(Some(Outcome::Skipped(SafeText::from(why))));
        let mut indexes = None;
        for _ in 0..MOST_LOOKS {
            self.refresh(may_go).await?;
            let changed = self.changed_digests();
            let read = Indexes::read(self.registry, self.name, changed.clone(), &self.current.types).await;
            self.refresh_own_tags(place, digest, may_go).await?;
            // An own tag that was moved meanwhile may now have an index that lists the digest.
            if self.changed_digests().is_subset(&changed) {
                indexes = Some(read);
                break;
            }
        }
        let Some(indexes) = indexes else { return left("its tags are being moved".into()) };
        if let Some(why) = &self.current.incomplete {
            return left(format!("not all tags may be known ({why})"));
        }
        if let Some(tag) = self.current.unknown.first() {
            return left(format!("the digest of `{tag}` cannot be determined, so it might be deleted too"));
        }
        if let Some(tag) = self.current.of(digest).find(|tag| !may_go.contains(tag)) {
            return left(format!("`{tag}` points to it too, which the plan does not say"));
        }
        if let Some(unread) = indexes.unread.first() {
            return left(format!("{} is new, may list it and cannot be read", unread.short()));
        }
        if indexes.parents(digest).any(|parent| !gone.contains(&parent)) {
            return left("an index that was pushed since lists it".into());
        }
        Ok(None)
    }

    /// Returns whether a tag of that name exists, whatever its digest.
    pub(crate) fn has(&self, tag: &Tag) -> bool {
        self.current.digests.contains_key(tag) || self.current.unknown.contains(tag)
    }

    /// Returns whether the digest that was looked at last exists, as far as it was asked for by its digest.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there
    }

    /// Returns whether the user's selection still leads to the image: its digest, or one of the tags that were named.
    pub(crate) fn is_still_selected(&self, image: &ImageToDelete) -> bool {
        image.by_digest || image.named.iter().any(|tag| self.current.digests.get(tag) == Some(&image.digest))
    }

    /// Returns tags that the plan keeps and that do not exist any more, with the digests that they had.
    pub(crate) async fn lost_tags(&self, goes: &HashSet<&Tag>) -> Vec<(Tag, Digest)> {
        let mut now = TagList::default();
        let kept = self.plan.tags.iter().filter(|(tag, _)| !goes.contains(tag));
        let kept: HashMap<&Tag, &Digest> = kept.collect();
        tag_list::resolve(
            self.registry,
            self.name,
            kept.keys().map(|tag| (*tag).clone()).collect(),
            &mut now,
        )
        .await;
        let is_lost = |tag: &Tag| !now.digests.contains_key(tag) && !now.unknown.contains(tag);
        let mut lost: Vec<(Tag, Digest)> = kept
            .into_iter()
            .filter(|(tag, _)| is_lost(tag))
            .map(|(tag, digest)| (tag.clone(), *digest))
            .collect();
        lost.sort();
        lost
    }

    /// Returns the digests of tags that have changed since the plan.
    fn changed_digests(&self) -> HashSet<Digest> {
        let changed = self.current.digests.iter().filter(|(tag, at)| self.plan.tags.get(*tag) != Some(*at));
        changed.map(|(_, at)| *at).collect()
    }

    /// Asks for the own tags of a digest even if they are not listed, since lists lag behind. If it has none, asks for
    /// the digest.
    async fn refresh_own_tags(
        &mut self,
        place: RepositoryClient<'_>,
        digest: Digest,
        own: &[&Tag],
    ) -> Result<(), Failure> {
        self.is_there = true;
        place.prefetch_token(WriteAccess::Delete).await;
        if own.is_empty() {
            let what = || format!("cannot look at {} once more, so it was not deleted", digest.short());
            let now = place.digest_now(&Selector::Digest(digest)).await;
            self.is_there = now.map_err(|error| error.failure(what()))?.is_some();
            return Ok(());
        }
        // Tags that were named come first in the plan, and are the last ones to be looked at.
        let own: Vec<Tag> = own.iter().rev().map(|tag| (*tag).clone()).collect();
        for (tag, now) in place.tag_digests(&own, &[digest]).await {
            match now {
                Ok(Some(now)) => {
                    self.current.digests.insert(tag.clone(), now);
                }
                Ok(None) => {
                    self.current.digests.remove(tag);
                }
                Err(_) => self.current.unknown.push(tag.clone()),
            }
        }
        Ok(())
    }

    /// Asks again: for the list and new tags always, for all others if the last time is too long ago. Own tags are
    /// asked for last, and separately.
    async fn refresh(&mut self, own: &[&Tag]) -> Result<(), Failure> {
        let is_fresh = self.last_full_check.is_some_and(|swept| swept.elapsed() < FRESH);
        for round in 0..MOST_LOOKS {
            let names = tag_list::list_names(self.registry, self.name).await.map_err(|error| {
                error.failure(format!("cannot list the tags of {}, so nothing was deleted", self.name))
            })?;
            self.current.incomplete = names.incomplete_reason();
            let names = names.tags;
            self.current.unknown.clear();
            let is_known = is_fresh || round > 0;
            let listed: HashSet<&Tag> = names.iter().collect();
            self.current.digests.retain(|tag, _| own.contains(&tag) || (is_known && listed.contains(tag)));
            let is_own = |tag: &Tag| own.contains(&tag);
            let ask: Vec<Tag> = names
                .iter()
                .filter(|tag| !is_own(tag) && !self.current.digests.contains_key(*tag))
                .cloned()
                .collect();
            if !is_known {
                self.last_full_check = Some(Instant::now());
            }
            let took_long = ask.len() > tag_list::AT_ONCE;
            tag_list::resolve(self.registry, self.name, ask, &mut self.current).await;
            if !took_long {
                break;
            }
            // While many tags were asked for, others may have been added.
        }
        Ok(())
    }
}
