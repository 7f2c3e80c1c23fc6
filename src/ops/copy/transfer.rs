//! Transfers blobs and manifests to the destination: each digest once, and everything before the manifests that need
//! it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Shared, join_all};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore};

use super::companions;
use crate::client::{Cause, Error, Registry, Transfer};
use crate::model::change::copy::{BlobTransfer, CopyPlan, ImageToCopy, PlannedBlob};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::steps::tag::{manifest_failure, put_failure};
use crate::ops::transfer::TransferRoute;

/// The number of blobs that are moved at the same time.
const AT_ONCE: usize = 4;

/// The reason why something did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CopyError {
    /// The user stopped the copy.
    Stopped,
    /// A request failed.
    Failed(Failure),
    /// It was not begun, because every image that needs it failed for another reason.
    NotNeeded,
}

/// The arrival of a blob or a manifest. Clones wait for the same one.
pub(crate) type Arrival<'a> = Shared<BoxFuture<'a, Result<(), CopyError>>>;

/// The right to write a manifest, or to have it read.
pub(crate) type ManifestLock<'a> = Either<RwLockWriteGuard<'a, ()>, RwLockReadGuard<'a, ()>>;

/// The transfers of a plan that is being carried out.
pub(crate) struct CopyTransfer<'a> {
    /// The plan.
    pub(crate) plan: &'a CopyPlan,
    source: Arc<dyn Registry>,
    /// The registry that the images are copied to.
    pub(crate) destination: Arc<dyn Registry>,
    /// The bytes so far, and the token that stops them.
    pub(crate) transfer: Arc<Transfer>,
    permits: Semaphore,
    /// The digests that each image needs.
    needed_digests: Vec<HashSet<Digest>>,
    /// For each digest, the indexes of the images that need it.
    wanted: HashMap<Digest, Vec<usize>>,
    failed: Vec<AtomicBool>,
    /// For each manifest, the lock that a task holds to put it, an index that lists it, or a referrer of it.
    locks: HashMap<Digest, RwLock<()>>,
    /// Bytes that move although the plan was to mount them.
    not_mounted: AtomicU64,
    arrived: AtomicUsize,
    /// The number of manifests that were put.
    pub(crate) put: AtomicUsize,
    /// Referrers that the registry lists itself.
    listed_by_registry: Mutex<HashSet<Digest>>,
}

impl<'a> CopyTransfer<'a> {
    /// Returns the transfers of a plan, none of them begun.
    pub(crate) fn new(
        plan: &'a CopyPlan,
        source: Arc<dyn Registry>,
        destination: Arc<dyn Registry>,
        transfer: Arc<Transfer>,
    ) -> CopyTransfer<'a> {
        let mut wanted: HashMap<Digest, Vec<usize>> = HashMap::new();
        let needed_digests = collect_needed_digests(plan);
        for (index, digests) in needed_digests.iter().enumerate() {
            digests.iter().for_each(|digest| wanted.entry(*digest).or_default().push(index));
        }
        CopyTransfer {
            needed_digests,
            source,
            destination,
            transfer,
            permits: Semaphore::new(AT_ONCE),
            locks: manifest_locks(plan),
            wanted,
            failed: plan.images.iter().map(|_| AtomicBool::new(false)).collect(),
            not_mounted: AtomicU64::new(0),
            arrived: AtomicUsize::new(0),
            put: AtomicUsize::new(0),
            listed_by_registry: Mutex::default(),
            plan,
        }
    }

    /// Returns the arrivals of all blobs and manifests that are not there yet. Each begins when it is first awaited.
    pub(crate) fn arrivals(&'a self) -> HashMap<Digest, Arrival<'a>> {
        let mut arrivals: HashMap<Digest, Arrival<'a>> = HashMap::new();
        for blob in self.plan.blobs.iter().filter(|blob| blob.transfer != BlobTransfer::There) {
            if let Some(digest) = blob.descriptor.digest {
                arrivals.insert(digest, self.blob(digest, blob).boxed().shared());
            }
        }
        for manifest in &self.plan.manifests {
            let needs = manifest.needs().chain([manifest.digest]);
            let needs: Vec<Arrival<'a>> = needs.filter_map(|digest| arrivals.get(&digest).cloned()).collect();
            arrivals.insert(manifest.digest, self.manifest(manifest, needs).boxed().shared());
        }
        arrivals
    }

    /// Returns the arrivals that an image has to wait for, in the best order to begin them.
    pub(crate) fn arrivals_of(&self, index: usize, all: &HashMap<Digest, Arrival<'a>>) -> Vec<Arrival<'a>> {
        let needs_it = |digest: &Digest| self.needs(index, digest);
        let blobs = self.plan.blobs.iter().filter_map(|blob| blob.descriptor.digest);
        let manifests = self.plan.manifests.iter().map(|manifest| manifest.digest);
        let mut seen = HashSet::new();
        let needed = blobs.chain(manifests).filter(|digest| needs_it(digest) && seen.insert(*digest));
        needed.filter_map(|digest| all.get(&digest).cloned()).collect()
    }

    /// Returns the arrivals that no image waits for.
    pub(crate) fn unclaimed(&self, all: &HashMap<Digest, Arrival<'a>>) -> Vec<Arrival<'a>> {
        let unclaimed = all.iter().filter(|(digest, _)| !self.wanted.contains_key(digest));
        unclaimed.map(|(_, arrival)| arrival.clone()).collect()
    }

    /// Waits until everything that an image needs is there.
    pub(crate) async fn wait_for(&self, index: usize, arrivals: Vec<Arrival<'a>>) -> Result<(), CopyError> {
        let noted = arrivals.into_iter().map(async |arrival: Arrival<'a>| {
            let arrived = arrival.await;
            if arrived.is_err() {
                self.give_up(index);
            }
            arrived
        });
        combine(join_all(noted).await)
    }

    /// Gives up an image: blobs that only this image needs are not begun any more.
    pub(crate) fn give_up(&self, index: usize) {
        if let Some(failed) = self.failed.get(index) {
            failed.store(true, Ordering::Relaxed);
        }
    }

    /// Returns the number of bytes to move in total.
    pub(crate) fn bytes(&self) -> u64 {
        size::plus(self.plan.bytes(), self.not_mounted.load(Ordering::Relaxed))
    }

    /// Returns the progress as text: `3 of 14 blobs`.
    pub(crate) fn describe_progress(&self) -> SafeText {
        let all = self.plan.blobs.iter().filter(|blob| blob.transfer != BlobTransfer::There).count();
        SafeText::from(format!("{} of {all} blobs", self.arrived.load(Ordering::Relaxed)))
    }

    /// Waits until a manifest can be put, under any name, while no other task of this copy puts it, one of its
    /// children, or an index that lists it. With each put, distribution empties the manifest's link and then writes it
    /// anew; an index whose child it cannot read in that moment is refused (filesystem/driver.go, `PutContent`). If two
    /// referrers of one subject are put at the same time, olareg 0.1.2 lists only one of them.
    pub(crate) async fn lock(&self, manifest: &Manifest) -> Vec<ManifestLock<'_>> {
        let children = manifest.children().iter().filter_map(|child| child.digest);
        // The locks are taken in the order of the digests, so that no two tasks wait for each other.
        let subject = manifest.subject().and_then(|subject| subject.digest);
        let digests: BTreeSet<Digest> = children.chain([manifest.digest]).chain(subject).collect();
        let mut held = Vec::new();
        for (digest, lock) in digests.iter().filter_map(|digest| self.locks.get_key_value(digest)) {
            held.push(if *digest == manifest.digest || Some(*digest) == subject {
                Either::Left(lock.write().await)
            } else {
                Either::Right(lock.read().await)
            });
        }
        held
    }

    /// Returns whether the user stopped the copy.
    pub(crate) fn is_stopped(&self) -> bool {
        self.transfer.stop.is_cancelled()
    }

    /// Returns the reason why a request to the destination failed.
    pub(crate) fn error_of(&self, error: &Error, what: String) -> CopyError {
        if error.cause == Cause::Stopped {
            CopyError::Stopped
        } else {
            CopyError::Failed(put_failure(error, what))
        }
    }

    async fn blob(&self, digest: Digest, blob: &PlannedBlob) -> Result<(), CopyError> {
        let _permit = tokio::select! {
            biased;
            () = self.transfer.stop.cancelled() => return Err(CopyError::Stopped),
            permit = self.permits.acquire() => permit,
        };
        if !self.is_wanted(&digest) {
            return Err(CopyError::NotNeeded);
        }
        let moved = self.route().blob(&blob.descriptor, &digest, &blob.transfer).await;
        moved.map_err(|error| {
            let is_source = error.host.as_str() == self.plan.from.host.as_str()
                && self.plan.from.host != self.plan.to.host;
            self.error_of(
                &error,
                if is_source {
                    format!("cannot read the blob {} of {}", digest.short(), self.plan.from)
                } else {
                    format!("cannot copy the blob {} to {}", digest.short(), self.plan.to)
                },
            )
        })?;
        self.arrived.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn is_wanted(&self, digest: &Digest) -> bool {
        let has_failed =
            |index: &usize| self.failed.get(*index).is_some_and(|failed| failed.load(Ordering::Relaxed));
        // A digest that no image needs belongs to no image that could have failed.
        self.wanted.get(digest).is_none_or(|images| !images.iter().all(has_failed))
    }

    fn route(&self) -> TransferRoute<'_> {
        TransferRoute {
            source: &self.source,
            from: &self.plan.from.name,
            destination: &*self.destination,
            to: &self.plan.to.name,
            transfer: &self.transfer,
            not_mounted: &self.not_mounted,
        }
    }

    async fn manifest(&self, manifest: &Manifest, needs: Vec<Arrival<'a>>) -> Result<(), CopyError> {
        combine(join_all(needs).await)?;
        if self.is_stopped() {
            return Err(CopyError::Stopped);
        }
        let digest = manifest.digest;
        let _lock = self.lock(manifest).await;
        let pushed = self.route().manifest(manifest).await;
        let what = |error: Error| {
            let kind = if manifest.subject().is_some() { "referrer" } else { "manifest" };
            let what = format!("cannot put the {kind} {} into {}", digest.short(), self.plan.to);
            if error.cause == Cause::Stopped {
                CopyError::Stopped
            } else {
                CopyError::Failed(manifest_failure(&error, what, manifest))
            }
        };
        let pushed = pushed.map_err(what)?;
        self.put.fetch_add(1, Ordering::Relaxed);
        if pushed.is_subject_recognized {
            self.listed_by_registry.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
        }
        Ok(())
    }

    /// Puts a referrer once more, because the registry does not list it.
    pub(crate) async fn put_again(&self, referrer: &Manifest) -> Result<(), CopyError> {
        let _lock = self.lock(referrer).await;
        let put = self.route().manifest(referrer).await;
        let what = || format!("cannot put the referrer {} into {}", referrer.digest.short(), self.plan.to);
        put.map(|_| ()).map_err(|error| self.error_of(&error, what()))
    }

    /// Returns whether the registry confirmed the subject of this manifest, so that it lists the manifest itself.
    pub(crate) fn is_listed_by_registry(&self, referrer: &Digest) -> bool {
        self.listed_by_registry.lock().unwrap_or_else(PoisonError::into_inner).contains(referrer)
    }

    /// Returns whether an image needs a manifest, either as a part or as a referrer of one.
    pub(crate) fn needs(&self, index: usize, digest: &Digest) -> bool {
        self.needed_digests.get(index).is_some_and(|reach| reach.contains(digest))
    }
}

/// Combines the results of several arrivals. A failure takes precedence over the other reasons.
pub(crate) fn combine(arrived: Vec<Result<(), CopyError>>) -> Result<(), CopyError> {
    let halts = || arrived.iter().filter_map(|arrived| arrived.as_ref().err());
    match halts().find(|error| matches!(error, CopyError::Failed(_))).or_else(|| halts().next()) {
        None => Ok(()),
        Some(error) => Err(error.clone()),
    }
}

fn manifest_locks(plan: &CopyPlan) -> HashMap<Digest, RwLock<()>> {
    let all = plan.manifests.iter().chain(plan.images.iter().map(|image| &image.manifest));
    let digests = all.flat_map(|manifest| {
        let subject = manifest.subject().and_then(|subject| subject.digest);
        [manifest.digest].into_iter().chain(subject)
    });
    digests.map(|digest| (digest, RwLock::default())).collect()
}

/// Returns for each image the digests of everything that has to be transferred for it: its parts, their parts, and
/// their referrers.
fn collect_needed_digests(plan: &CopyPlan) -> Vec<HashSet<Digest>> {
    let all = plan.manifests.iter().chain(plan.images.iter().map(|image| &image.manifest));
    let manifests: HashMap<Digest, &Arc<Manifest>> =
        all.map(|manifest| (manifest.digest, manifest)).collect();
    let referrers = companions::by_subject(&plan.manifests);
    let reach = |image: &ImageToCopy| {
        let mut reach = HashSet::new();
        let mut next = vec![image.digest];
        while let Some(digest) = next.pop() {
            if reach.insert(digest) {
                next.extend(manifests.get(&digest).into_iter().flat_map(|manifest| manifest.needs()));
                next.extend(referrers.get(&digest).into_iter().flatten());
            }
        }
        reach
    };
    plan.images.iter().map(reach).collect()
}
