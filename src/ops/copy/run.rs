//! Carries out a plan: everything by digest first, then each tag, if it still is as the plan saw it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};

use super::companions;
use super::entry::CopyEntry;
use super::fallback::{Listing, check_listing};
use super::referrer_check::Check;
use super::transfer::{Arrival, CopyError, CopyTransfer, combine};
use crate::client::Transfer;
use crate::model::change::copy::{CopyPlan, ImageToCopy, ReferrerList};
use crate::model::change::progress::{Effect, Outcome, ProgressItem, Report};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::Tag;
use crate::model::text::SafeText;
use crate::ops::context::{ChangeContext, JobControl};
use crate::ops::steps::ended::Ended;
use crate::ops::steps::report_while::report_while;
use crate::ops::steps::tag::RepositoryClient;
use crate::ops::steps::tracker::open_uploads_note;

/// Copies the images of the plan, and nothing else. An image that fails keeps no other from being copied.
pub async fn run(context: &ChangeContext, plan: &CopyPlan, control: &JobControl) -> Report {
    let refused = context.rules.may_copy(&plan.from, &plan.to).err();
    if let Some(refusal) = plan.common.refused.clone().or(refused) {
        return all_failed(plan, &refusal.failure(format!("does not copy to {}", plan.to)));
    }
    let source = context.pool.registry(&plan.from.host);
    let destination = context.pool.registry(&plan.to.host);
    let entry = match CopyEntry::begin(context, plan, &*destination).await {
        Ok(entry) => entry,
        Err(failure) => return all_failed(plan, &failure),
    };
    let transfer = Arc::new(Transfer { stop: control.stop.clone(), ..Transfer::default() });
    let copy_transfer = CopyTransfer::new(plan, source, destination, transfer);
    let job = CopyRun { plan, transfer: &copy_transfer, entry: &entry, control };
    let (ended, unclaimed) = job.run().await;
    let items = parts(plan).zip(&ended);
    let mut items: Vec<ProgressItem> = items.map(|(item, ended)| item.ended(ended.outcome.clone())).collect();
    items.extend(unclaimed);
    let mut notes = leftovers(&copy_transfer, &items);
    notes.extend(entry.remove_unneeded_kept_tags(plan, &*copy_transfer.destination, &ended).await);
    notes.extend(plan.left_out.iter().map(|what| SafeText::from(format!("left out: {what}"))));
    items.extend(plan.common.unresolved.iter().map(ProgressItem::from));
    let entry = entry.end(&mut notes).await;
    let undo = entry.filter(|_| ended.iter().any(|ended| ended.effect.may_be_done()));
    let bytes = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    Report {
        items,
        moved: bytes(&copy_transfer.transfer.sent),
        again: bytes(&copy_transfer.transfer.resent),
        undo,
        notes,
        ..Report::default()
    }
}

/// The result of writing a list of referrers. Clones wait for the same one.
type Listed<'a> = Shared<BoxFuture<'a, Ended>>;

/// The check whether the referrers of one subject are listed. Clones wait for the same check.
type Checked<'a> = Shared<BoxFuture<'a, Result<(), CopyError>>>;

/// A plan that is being carried out.
struct CopyRun<'a> {
    plan: &'a CopyPlan,
    transfer: &'a CopyTransfer<'a>,
    entry: &'a CopyEntry,
    control: &'a JobControl,
}

impl<'a> CopyRun<'a> {
    /// Runs the copy. Returns the results of all images, then of all lists of referrers, and the failures that belong
    /// to none of them.
    async fn run(&'a self) -> (Vec<Ended>, Vec<ProgressItem>) {
        self.control.begin(parts(self.plan).collect(), self.plan.bytes());
        let arrivals = self.transfer.arrivals();
        let lists = self.plan.lists.iter().enumerate();
        let lists: Vec<Listed> =
            lists.map(|(index, list)| self.list(index, list, &arrivals).boxed().shared()).collect();
        let checks: HashMap<Digest, Checked> = companions::by_subject(&self.plan.manifests)
            .into_iter()
            .map(|(subject, of_it)| {
                (subject, self.check(subject, &of_it, &arrivals, &lists).boxed().shared())
            })
            .collect();
        let images = self.plan.images.iter().enumerate().map(|(index, image)| {
            let needed = self.transfer.arrivals_of(index, &arrivals);
            let checks = checks.iter().filter(|(subject, _)| self.transfer.needs(index, subject));
            let checks = checks.map(|(_, checked)| checked.clone()).collect();
            self.image(index, image, needed, checks).boxed()
        });
        let is_needed =
            |subject: &Digest| (0..self.plan.images.len()).any(|index| self.transfer.needs(index, subject));
        let unclaimed = checks.iter().filter(|(subject, _)| !is_needed(subject));
        let unclaimed: Vec<Checked> = unclaimed.map(|(_, checked)| checked.clone()).collect();
        let work = async {
            let mut ended = join_all(images).await;
            ended.extend(join_all(lists.iter().cloned()).await);
            let unclaimed = self.transfer.unclaimed(&arrivals).into_iter().chain(unclaimed);
            (ended, self.failures_without_image(unclaimed.collect()).await)
        };
        report_while(work, || self.report_progress()).await
    }

    /// Returns the failures that belong to no image: referrers of manifests deep inside an image that is there already.
    async fn failures_without_image(&self, arrivals: Vec<Arrival<'a>>) -> Vec<ProgressItem> {
        let failed = join_all(arrivals).await.into_iter().filter_map(|arrived| match arrived {
            Err(CopyError::Failed(failure)) => Some(failure),
            _ => None,
        });
        let mut failed: Vec<Failure> = failed.collect();
        failed.sort_by(|one, other| one.what.as_str().cmp(other.what.as_str()));
        failed.dedup();
        let item = |failure| ProgressItem::new("referrers", []).ended(Outcome::Failed(failure));
        failed.into_iter().map(item).collect()
    }

    /// Checks whether the referrers of a subject are listed, as soon as they have arrived and their list is written.
    fn check(
        &'a self,
        subject: Digest,
        referrers: &[Digest],
        arrivals: &HashMap<Digest, Arrival<'a>>,
        lists: &[Listed<'a>],
    ) -> impl Future<Output = Result<(), CopyError>> + Send + use<'a> {
        let needed = referrers.iter().filter_map(|referrer| arrivals.get(referrer).cloned());
        let needed: Vec<Arrival<'a>> = needed.collect();
        let referrers: HashSet<&Digest> = referrers.iter().collect();
        let put = self.plan.manifests.iter().filter(|manifest| referrers.contains(&manifest.digest));
        let list = self.plan.lists.iter().zip(lists).enumerate();
        let list = list.map(|(index, (list, listed))| (index, list, listed.clone()));
        let list = list.into_iter().find(|(_, list, _)| list.subject == subject);
        let check = Check {
            transfer: self.transfer,
            name: &self.plan.to.name,
            subject,
            referrers: put.collect(),
            listing: list.as_ref().map(|(index, list, _)| self.listing(*index, list)),
        };
        async move {
            combine(join_all(needed).await)?;
            if let Some((_, list, listed)) = list {
                check_listing(&listed.await.outcome, list)?;
            }
            check.run().await
        }
    }

    fn listing(&'a self, index: usize, list: &'a ReferrerList) -> Listing<'a> {
        let place = RepositoryClient {
            registry: &*self.transfer.destination,
            name: &self.plan.to.name,
            stop: Some(&self.control.stop),
        };
        Listing { transfer: self.transfer, entry: self.entry, repository: place, index, list }
    }

    /// Writes a list of referrers, as soon as the referrers have arrived.
    fn list(
        &'a self,
        index: usize,
        list: &'a ReferrerList,
        arrivals: &HashMap<Digest, Arrival<'a>>,
    ) -> impl Future<Output = Ended> + Send + use<'a> {
        let needed = list.adds.iter().filter_map(|referrer| arrivals.get(referrer).cloned());
        let needed: Vec<Arrival<'a>> = needed.collect();
        async move {
            let listing = self.listing(index, list);
            let ended = match (self.entry.keep_failure_of_list(index), combine(join_all(needed).await)) {
                (Some(failure), _) => Ended::without_effect(Outcome::Failed(failure.clone())),
                (None, Ok(())) => listing.write().await,
                (None, Err(error)) => Ended::without_effect(self.outcome(error)),
            };
            if ended.effect != Effect::Unknown {
                self.entry.mark_list_done(index, ended.effect == Effect::Done).await;
            }
            self.control.set_outcome(self.plan.images.len() + index, &ended.outcome);
            ended
        }
    }

    async fn image(
        &self,
        index: usize,
        image: &ImageToCopy,
        needed: Vec<Arrival<'a>>,
        checks: Vec<Checked<'a>>,
    ) -> Ended {
        let ended = match self.entry.keep_failure(index) {
            Some(failure) => {
                self.transfer.give_up(index);
                Ended::without_effect(Outcome::Failed(failure.clone()))
            }
            None => match self.wait_for(index, needed, checks).await {
                Ok(()) => self.finish_image(image).await,
                Err(error) => Ended::without_effect(self.outcome(error)),
            },
        };
        self.entry.mark_done(index, ended.effect).await;
        self.control.set_outcome(index, &ended.outcome);
        ended
    }

    /// Waits until everything that an image needs has arrived, and its referrers are listed.
    async fn wait_for(
        &self,
        index: usize,
        needed: Vec<Arrival<'a>>,
        checks: Vec<Checked<'a>>,
    ) -> Result<(), CopyError> {
        self.transfer.wait_for(index, needed).await?;
        combine(join_all(checks).await)
    }

    fn outcome(&self, error: CopyError) -> Outcome {
        match error {
            CopyError::Stopped => Outcome::Stopped,
            CopyError::Failed(failure) => Outcome::Failed(failure),
            CopyError::NotNeeded => Outcome::Failed(Failure {
                what: SafeText::from(format!("cannot copy to {}", self.plan.to)),
                why: "a part of it failed with another image".into(),
                hint: None,
                kind: FailureKind::Local,
            }),
        }
    }

    /// Takes the last step of an image, after everything that it needs has arrived.
    async fn finish_image(&self, image: &ImageToCopy) -> Ended {
        Ended::without_effect(match &image.tag {
            None if image.is_done() => Outcome::Unchanged("it is there already".into()),
            None => Outcome::Done(SafeText::from(format!("is there as {}", image.digest.short()))),
            Some(tag) => return self.put(image, tag).await,
        })
    }

    /// Puts the tag, if it still is as the plan saw it.
    async fn put(&self, image: &ImageToCopy, tag: &Tag) -> Ended {
        let place = RepositoryClient {
            registry: &*self.transfer.destination,
            name: &self.plan.to.name,
            stop: Some(&self.control.stop),
        };
        let _lock = self.transfer.lock(&image.manifest).await;
        if self.transfer.is_stopped() {
            return Ended::without_effect(Outcome::Stopped);
        }
        if let Err(outcome) = place.may_put(tag, image.replaces, image.digest).await {
            return Ended::without_effect(outcome);
        }
        if self.transfer.is_stopped() {
            return Ended::without_effect(Outcome::Stopped);
        }
        let outcome = place.put_and_verify(tag, image.replaces, &image.manifest).await;
        Ended::from(outcome)
    }

    fn report_progress(&self) {
        let moved = self.transfer.transfer.sent.load(Ordering::Relaxed);
        self.control.set_bytes(moved, self.transfer.bytes());
        self.control.set_current(self.transfer.describe_progress());
    }
}

/// Returns the parts of a copy: its images, then the lists of referrers.
fn parts(plan: &CopyPlan) -> impl Iterator<Item = ProgressItem> {
    let images = plan.images.iter().map(|image| ProgressItem::new(name(image), [image.selector.clone()]));
    images.chain(plan.lists.iter().map(|list| ProgressItem::new(&list.tag, [])))
}

/// Returns the name of an image in a list.
fn name(image: &ImageToCopy) -> SafeText {
    match &image.tag {
        Some(tag) => SafeText::clean(tag.as_str()),
        None => SafeText::from(image.digest.short()),
    }
}

/// Returns notes about the things that are left behind.
fn leftovers(copy_transfer: &CopyTransfer<'_>, items: &[ProgressItem]) -> Vec<SafeText> {
    let mut notes = Vec::new();
    notes.extend(open_uploads_note(&copy_transfer.transfer));
    let is_unfinished =
        |item: &ProgressItem| matches!(item.outcome, Some(Outcome::Failed(_) | Outcome::Stopped));
    let has_moved = copy_transfer.transfer.sent.load(Ordering::Relaxed) > 0
        || copy_transfer.put.load(Ordering::Relaxed) > 0;
    if has_moved && items.iter().any(is_unfinished) {
        notes.push(
            "parts of unfinished images stay until garbage collection; another copy continues from there"
                .into(),
        );
    }
    notes
}

fn all_failed(plan: &CopyPlan, failure: &Failure) -> Report {
    let items = parts(plan).map(|item| item.ended(Outcome::Failed(failure.clone())));
    Report { items: items.collect(), ..Report::default() }
}
