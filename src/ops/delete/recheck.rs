//! The look right before an image is deleted: whether what the plan showed is still all that would go.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::graph::{self, Indexes, Tags};
use crate::client::Client;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::text::SafeText;
use crate::model::work::delete::{Image, Plan};
use crate::model::work::progress::Outcome;

/// How old what is known of the other tags may be. The tags of the image itself and new tags are always asked again.
const FRESH: Duration = Duration::from_secs(2);

/// What is known of the repository while a plan is carried out.
pub struct Recheck<'a> {
    client: &'a Client,
    name: &'a RepositoryName,
    plan: &'a Plan,
    now: Tags,
    /// When all tags were last asked.
    swept: Option<Instant>,
}

impl<'a> Recheck<'a> {
    /// Nothing is known yet.
    pub fn new(client: &'a Client, plan: &'a Plan) -> Recheck<'a> {
        Recheck { client, name: &plan.repository.name, plan, now: Tags::default(), swept: None }
    }

    /// Why a digest must be left alone although the plan says that it goes. `may_go` are the tags that may go with it;
    /// `gone` are the digests that were deleted before.
    pub async fn objection(
        &mut self,
        digest: Digest,
        may_go: &[&Tag],
        gone: &HashSet<Digest>,
    ) -> Result<Option<Outcome>, Failure> {
        self.look(may_go).await?;
        let left = |why: String| Ok(Some(Outcome::Left(SafeText::from(why))));
        if let Some(why) = &self.now.incomplete {
            return left(format!("not all tags may be known ({why})"));
        }
        if let Some(tag) = self.now.unknown.first() {
            return left(format!("the digest of `{tag}` cannot be found out, so it might be hit"));
        }
        if let Some(tag) = self.now.of(digest).find(|tag| !may_go.contains(tag)) {
            return left(format!("`{tag}` points to it too, which the plan does not say"));
        }
        let changed = self.now.digests.iter().filter(|(tag, at)| self.plan.tags.get(*tag) != Some(*at));
        let changed: HashSet<Digest> = changed.map(|(_, at)| *at).collect();
        let indexes = Indexes::read(self.client, self.name, changed, &self.now.types).await;
        if let Some(unread) = indexes.unread.first() {
            return left(format!("{} is new, may list it and cannot be read", unread.short()));
        }
        if indexes.parents(digest).any(|parent| !gone.contains(&parent)) {
            return left("an index that was pushed since lists it".into());
        }
        Ok(None)
    }

    /// Whether what was named still leads to the image: its digest, or one of its tags.
    pub fn is_meant(&self, image: &Image) -> bool {
        image.by_digest || image.named.iter().any(|tag| self.now.digests.get(tag) == Some(&image.digest))
    }

    /// Tags that the plan keeps and that are not there any more, with what they were.
    pub async fn lost(&self, goes: &HashSet<&Tag>) -> Vec<(Tag, Digest)> {
        let mut now = Tags::default();
        let kept = self.plan.tags.iter().filter(|(tag, _)| !goes.contains(tag));
        let kept: HashMap<&Tag, &Digest> = kept.collect();
        graph::resolve(self.client, self.name, kept.keys().map(|tag| (*tag).clone()).collect(), &mut now)
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

    /// Asks again: the list always, these tags and new ones always, all others when too long ago.
    async fn look(&mut self, own: &[&Tag]) -> Result<(), Failure> {
        let (names, incomplete) = graph::names(self.client, self.name).await.map_err(|error| {
            error.failure(format!("cannot list the tags of {}, so nothing was deleted", self.name))
        })?;
        self.now.incomplete = incomplete;
        self.now.unknown.clear();
        let is_fresh = self.swept.is_some_and(|swept| swept.elapsed() < FRESH);
        let listed: HashSet<&Tag> = names.iter().collect();
        self.now.digests.retain(|tag, _| is_fresh && listed.contains(tag) && !own.contains(&tag));
        let unseen = names.iter().filter(|tag| !self.now.digests.contains_key(tag));
        // What the list leaves out may still be there.
        let unlisted = own.iter().copied().filter(|tag| !listed.contains(tag));
        let ask: Vec<Tag> = unseen.chain(unlisted).cloned().collect();
        if !is_fresh {
            self.swept = Some(Instant::now());
        }
        graph::resolve(self.client, self.name, ask, &mut self.now).await;
        Ok(())
    }
}
