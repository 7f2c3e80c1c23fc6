//! The journal entry of a copy: the tags that it puts, and the state of each before.

use std::collections::HashSet;

use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Priority, Registry};
use crate::model::change::copy::{CopyPlan, ImageToCopy, ReferrerList};
use crate::model::change::progress::Effect;
use crate::model::change::{ChangeRequest, journal};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::referrer_list::{self, merge_list};
use crate::model::reference::{Repository, Selector};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;
use crate::ops::journal::RunningEntry;
use crate::ops::steps::ended::{Ended, note_effect};
use crate::ops::steps::kept_tags::{self, Kept};
use crate::ops::steps::tag::saved_manifest;

/// The number of manifests that are read at the same time before they are replaced.
const AT_ONCE: usize = 8;

/// The journal entry of a copy: the tags that it puts, and the state of each before.
pub(crate) struct CopyEntry {
    running: Option<RunningEntry>,
    /// The images at the destination that were given kept tags.
    keeping: Kept,
    /// For each image, its item in the entry, or the reason why the image that it replaces could not be kept.
    items: Vec<Result<Option<usize>, Failure>>,
    /// The same for each list of referrers.
    lists: Vec<Result<Option<usize>, Failure>>,
}

impl CopyEntry {
    /// Reads everything that is replaced, and returns when it is on disk. Images that are copied by digest replace
    /// nothing and are in no entry: an untagged image is invisible, and removing it could remove an image that another
    /// client tagged meanwhile.
    pub(crate) async fn begin(
        context: &ChangeContext,
        plan: &CopyPlan,
        destination: &dyn Registry,
    ) -> Result<CopyEntry, Failure> {
        // Lists are put before the tags, and so undone after them.
        let lists = plan.lists.iter().map(|list| merged_item(plan, list, destination).boxed());
        let images = plan.images.iter().map(|image| replaced_item(plan, image, destination).boxed());
        let asked: Vec<_> = lists.chain(images).collect();
        let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut kept = Vec::new();
        let mut keep = |item: Result<Option<journal::JournalItem>, Failure>| {
            item.map(|item| {
                item.map(|item| {
                    kept.push(item);
                    kept.len() - 1
                })
            })
        };
        let mut lists: Vec<_> = read.into_iter().map(&mut keep).collect();
        let items = lists.split_off(plan.lists.len());
        let first_kept = kept.len();
        kept.extend(kept_tags::items(&plan.common.loss));
        let saved = kept_tags::read_dependents(destination, &plan.common.loss).await;
        let request = ChangeRequest::Copy(plan.request.clone());
        let running = match kept.is_empty() {
            true if items.iter().chain(&lists).all(Result::is_ok) => {
                context.journal.mark_nothing_left(&request).await;
                None
            }
            true => None,
            false => Some(context.journal.begin_saving(plan.title(), Some(request), kept, saved).await?),
        };
        let mut entry = CopyEntry { running, keeping: Kept::default(), items, lists };
        entry.keep(plan, destination, first_kept).await;
        Ok(entry)
    }

    /// Keeps the images that are replaced, if that is requested. If one cannot be kept, the image that replaces it is
    /// not put.
    async fn keep(&mut self, plan: &CopyPlan, destination: &dyn Registry, first: usize) {
        let Some(running) = &self.running else { return };
        self.keeping = Kept::put(destination, &plan.common.loss, running, first).await;
        for (item, image) in self.items.iter_mut().zip(&plan.images) {
            let replaced = image.replaces.filter(|_| !image.is_done());
            if let Some(failure) = replaced.and_then(|old| self.keeping.failure(&plan.to, old)) {
                if let Ok(Some(index)) = item {
                    running.mark_done(*index, false).await;
                }
                *item = Err(failure);
            }
        }
    }

    /// Removes the kept tags of images that were not replaced after all, and returns a note about those that keep an
    /// image.
    pub(crate) async fn remove_unneeded_kept_tags(
        &self,
        plan: &CopyPlan,
        destination: &dyn Registry,
        ended: &[Ended],
    ) -> Option<SafeText> {
        let put = plan.images.iter().zip(ended).filter(|(_, ended)| ended.effect.may_be_done());
        let replaced: HashSet<Digest> = put.filter_map(|(image, _)| image.replaces).collect();
        let is_changed = |_: &Repository, image| replaced.contains(&image);
        self.keeping.remove_unneeded(destination, self.running.as_ref()?, is_changed).await
    }

    /// Returns the failure to keep the image that this one replaces; then it must not be replaced.
    pub(crate) fn keep_failure(&self, image: usize) -> Option<&Failure> {
        self.items.get(image)?.as_ref().err()
    }

    /// Returns the same for a list of referrers.
    pub(crate) fn keep_failure_of_list(&self, list: usize) -> Option<&Failure> {
        self.lists.get(list)?.as_ref().err()
    }

    /// Notes that a list replaces another manifest than was planned. It is on disk when this returns.
    pub(crate) async fn revise_list(
        &self,
        list: usize,
        before: Option<journal::SavedManifest>,
        after: Digest,
    ) -> Result<(), Failure> {
        match (&self.running, self.lists.get(list)) {
            (Some(running), Some(Ok(Some(item)))) => running.revise(*item, before, Some(after)).await,
            // A list that can be written is always in the journal.
            _ => Ok(()),
        }
    }

    /// Notes whether a list was put.
    pub(crate) async fn mark_list_done(&self, list: usize, is_done: bool) {
        if let (Some(running), Some(Ok(Some(item)))) = (&self.running, self.lists.get(list)) {
            running.mark_done(*item, is_done).await;
        }
    }

    /// Notes whether the tag of an image was put.
    pub(crate) async fn mark_done(&self, image: usize, effect: Effect) {
        if let (Some(running), Some(Ok(Some(item)))) = (&self.running, self.items.get(image)) {
            note_effect(running, *item, effect).await;
        }
    }

    /// Ends the entry, and returns its name.
    pub(crate) async fn end(self, notes: &mut Vec<SafeText>) -> Option<journal::EntryId> {
        let running = self.running?;
        let id = running.id().clone();
        notes.extend(running.end().await.err());
        Some(id)
    }
}

/// Returns the tag that an image gets, with its present state, or `None` if the copy changes no tag.
async fn replaced_item(
    plan: &CopyPlan,
    image: &ImageToCopy,
    destination: &dyn Registry,
) -> Result<Option<journal::JournalItem>, Failure> {
    let Some(tag) = image.tag.as_ref().filter(|_| !image.is_done()) else { return Ok(None) };
    let before = match image.replaces {
        None => None,
        Some(digest) => {
            let found = destination.uncached_manifest(&plan.to.name, &digest, Priority::Background).await;
            let what = || format!("cannot save the current manifest of {}:{tag}", plan.to);
            let found = found.map_err(|error| error.failure(what()))?;
            Some(saved_manifest(&found))
        }
    };
    let (repository, selector) = (plan.to.clone(), Selector::Tag(tag.clone()));
    Ok(Some(journal::JournalItem { repository, selector, before, after: Some(image.digest), done: None }))
}

/// Returns the fallback tag of a list, with its present and its new state.
async fn merged_item(
    plan: &CopyPlan,
    list: &ReferrerList,
    destination: &dyn Registry,
) -> Result<Option<journal::JournalItem>, Failure> {
    let what = || format!("cannot save the current manifest of {}:{}", plan.to, list.tag);
    let old = match list.replaces {
        None => None,
        Some(digest) => {
            let found = destination.uncached_manifest(&plan.to.name, &digest, Priority::Background).await;
            Some(found.map_err(|error| error.failure(what()))?)
        }
    };
    let new = merge_list(old.as_deref(), &plan.referrer_entries(&list.adds));
    let new = new.map_err(|why| referrer_list::failure(what(), why))?;
    Ok(Some(journal::JournalItem {
        repository: plan.to.clone(),
        selector: Selector::Tag(list.tag.clone()),
        before: old.as_deref().map(saved_manifest),
        // An unknown state is looked up right before the put, and revised.
        after: new.map(|new| new.digest).filter(|_| !list.unknown),
        done: None,
    }))
}
