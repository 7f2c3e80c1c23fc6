//! Everything that the user confirmed with a change, as its journal entry records it.

use std::collections::HashMap;

use crate::model::change::delete::DeleteMethod;
use crate::model::change::journal::JournalEntry;
use crate::model::change::{ChangePlan, copy, delete, retag};
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector, Tag};

/// Everything that a journal entry did, or was about to do, to one tag or digest, in all its steps.
#[derive(Debug)]
pub(super) struct TouchedTarget {
    /// The digests that it may have as long as no other client touched it.
    pub(super) known_digests: Vec<Option<Digest>>,
    /// The digest that it has when every step is done.
    pub(super) end: Option<Digest>,
    pub(super) is_done: bool,
}

/// Everything that the user confirmed.
#[derive(Debug)]
pub(crate) struct Confirmed(pub(super) HashMap<(Repository, Selector), TouchedTarget>);

impl Confirmed {
    /// Returns everything that the user confirmed with a journal entry.
    pub(crate) fn of(entry: &JournalEntry) -> Confirmed {
        let mut all: HashMap<(Repository, Selector), TouchedTarget> = HashMap::new();
        for item in &entry.items {
            let before = item.before.as_ref().map(|held| held.digest);
            let place = all
                .entry((item.repository.clone(), item.selector.clone()))
                .or_insert_with(|| TouchedTarget { known_digests: vec![before], end: None, is_done: true });
            place.known_digests.push(item.after);
            place.end = item.after;
            place.is_done &= item.done == Some(true);
        }
        Confirmed(all)
    }

    /// Returns the tags and digests that are not done.
    pub(crate) fn open_targets(&self) -> impl Iterator<Item = (Repository, Selector)> {
        self.0.iter().filter(|(_, target)| !target.is_done).map(|(key, _)| key.clone())
    }

    /// Returns the digests that a tag or digest may have as long as no other client touched it.
    pub(crate) fn known_digests(&self, repository: &Repository, selector: &Selector) -> Vec<Digest> {
        let target = self.get(repository, selector).into_iter();
        target.flat_map(|target| target.known_digests.iter().copied().chain([target.end])).flatten().collect()
    }

    pub(super) fn get(&self, repository: &Repository, selector: &Selector) -> Option<&TouchedTarget> {
        self.0.get(&(repository.clone(), selector.clone()))
    }

    /// Returns whether a tag or digest had that image when the change was confirmed.
    pub(super) fn had_digest(&self, repository: &Repository, selector: &Selector, digest: Digest) -> bool {
        self.get(repository, selector).is_some_and(|place| place.known_digests.contains(&Some(digest)))
    }

    /// Returns the selectors of those parts of a plan that were not confirmed as they are now, each with the reason to
    /// leave it alone.
    pub(crate) fn unconfirmed_parts(&self, plan: &ChangePlan) -> Vec<(Selector, String)> {
        match plan {
            ChangePlan::Delete(plan) => self.unconfirmed_deletes(plan),
            ChangePlan::Retag(plan) => self.unconfirmed_retags(plan),
            ChangePlan::Copy(plan) => self.unconfirmed_copies(plan),
            ChangePlan::Undo(_) => Vec::new(),
        }
    }

    fn unconfirmed_deletes(&self, plan: &delete::DeletePlan) -> Vec<(Selector, String)> {
        let was = |selector: Selector, digest| self.had_digest(&plan.repository, &selector, digest);
        let mut unconfirmed = Vec::new();
        for image in &plan.images {
            let tags = image.named.iter().cloned().map(Selector::Tag);
            let named = tags.chain(image.by_digest.then_some(Selector::Digest(image.digest)));
            let is_new = |tag: &&Tag| !was(Selector::Tag((*tag).clone()), image.digest);
            let new_tag = image.others.iter().filter(|_| plan.method == DeleteMethod::Image).find(is_new);
            let new_referrer = plan.referrers_that_go(image).find(|referrer| {
                let tag = referrer.tag.clone().map(Selector::Tag);
                !was(Selector::Digest(referrer.digest), referrer.digest)
                    && !tag.is_some_and(|tag| was(tag, referrer.digest))
            });
            for selector in named {
                let why = match (new_tag, new_referrer) {
                    _ if !was(selector.clone(), image.digest) => Some(describe_move(Some(image.digest))),
                    (Some(tag), _) => {
                        Some(format!("`{tag}` points to it too since the change was confirmed"))
                    }
                    (None, Some(referrer)) => Some(format!(
                        "{} refers to it since the change was confirmed",
                        referrer.digest.short()
                    )),
                    (None, None) => None,
                };
                unconfirmed.extend(why.map(|why| (selector, why)));
            }
        }
        unconfirmed
    }

    fn unconfirmed_retags(&self, plan: &retag::RetagPlan) -> Vec<(Selector, String)> {
        let unconfirmed_part = |step: &retag::RetagStep| {
            let place = self.get(&step.to, &Selector::Tag(step.tag.clone()))?;
            let why = match place {
                _ if place.end != Some(step.digest) => describe_move(Some(step.digest)),
                _ if !place.known_digests.contains(&step.replaces) => {
                    format!("{}: {}", step.tag, describe_move(step.replaces))
                }
                _ => return None,
            };
            Some((step.selector.clone(), why))
        };
        plan.steps.iter().filter_map(unconfirmed_part).collect()
    }

    fn unconfirmed_copies(&self, plan: &copy::CopyPlan) -> Vec<(Selector, String)> {
        let unconfirmed_part = |image: &copy::ImageToCopy| {
            let place = self.get(&plan.to, &Selector::Tag(image.tag.clone()?))?;
            let why = match place {
                _ if place.end != Some(image.digest) => describe_move(Some(image.source)),
                _ if !place.known_digests.contains(&image.replaces) => describe_move(image.replaces),
                _ => return None,
            };
            Some((image.selector.clone(), why))
        };
        plan.images.iter().filter_map(unconfirmed_part).collect()
    }
}

/// Returns the text about a tag or digest that moved since the change was confirmed.
pub(super) fn describe_move(now: Option<Digest>) -> String {
    match now {
        Some(now) => format!("it moved since the change was confirmed, to {}", now.short()),
        None => "it is gone since the change was confirmed".into(),
    }
}
