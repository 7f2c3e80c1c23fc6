//! The learned abilities of a server. Refusals are forgotten after minutes, because servers are upgraded.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::vendors::Vendor;
use crate::model::reference::RepositoryName;
use crate::model::server::{Ability, Cleanups, Deletes};
use crate::model::text::SafeText;

/// How long a refusal is remembered.
const MEMORY: Duration = Duration::from_secs(600);
/// How long uploads use small parts after one was lost. The server may only have restarted.
const CAUTION: Duration = Duration::from_secs(60);

/// The page sizes to ask for, the best first. `None` asks for no number.
pub(crate) const PAGE_SIZES: [Option<u32>; 3] = [Some(1000), Some(100), None];

/// The remedy against a server that refuses Docker's manifests.
const CONVERT: &str = "`--format oci` converts them";

/// The learned abilities of one server.
#[derive(Debug, Default)]
pub(crate) struct Abilities(Mutex<HostFacts>);

/// When a server shows a change that it accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shows {
    /// At once with its response, as far as is known.
    #[default]
    Immediate,
    /// Seconds later.
    Delayed,
    /// Not within the time that was waited.
    Never,
}

/// The limits of a server for the requests of an upload, as far as it has refused any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UploadLimits {
    /// Most bytes of a part. Larger ones were refused.
    pub(crate) part: Option<u64>,
    /// Whether that is also the limit for a blob in one piece.
    pub(crate) is_for_whole: bool,
    /// Whether a blob in one piece was refused whatever its size.
    pub(crate) has_refused_whole: bool,
}

#[derive(Debug, Default)]
struct HostFacts {
    no_head_until: Option<Instant>,
    no_ranges_until: Option<Instant>,
    /// Index into [`PAGE_SIZES`].
    page_size: usize,
    /// How many of the `Accept` lists were refused with 406.
    accept: usize,
    catalog: Option<Ability>,
    referrers: Option<Ability>,
    deletes: Deletes,
    deletes_until: Option<Instant>,
    /// The vendor that the first answers show.
    vendor: Option<&'static Vendor>,
    /// Whether they were looked at.
    knows_vendor: bool,
    cleanups: Option<Cleanups>,
    /// Whether `cleanups` was observed, and is not only derived from the product.
    has_seen_cleanups: bool,
    /// Whether `cleanups` is derived from a product that other products resemble in their responses.
    needs_proof: bool,
    visibility: Option<(Shows, Instant)>,
    safe_part_size: u64,
    safe_part_until: Option<Instant>,
    upload_limits: UploadLimits,
    upload_limits_until: Option<Instant>,
    no_referrers_until: HashMap<RepositoryName, Instant>,
    /// The condition under which the product accepts Docker's manifests.
    docker_condition: Option<&'static str>,
    has_refused_docker_until: Option<Instant>,
}

impl Abilities {
    /// Forgets everything. It is found out again.
    pub(crate) fn forget(&self) {
        *self.lock() = HostFacts::default();
    }

    /// Returns whether HEAD works, as far as is known.
    pub(crate) fn has_head(&self) -> bool {
        self.lock().no_head_until.is_none_or(|until| until <= Instant::now())
    }

    /// Records that HEAD failed and GET did not, or that HEAD names a digest that the bytes do not have.
    pub(crate) fn learn_no_head(&self) {
        self.lock().no_head_until = Some(Instant::now() + MEMORY);
    }

    /// Returns whether the server gives parts of blobs, as far as is known.
    pub(crate) fn has_ranges(&self) -> bool {
        self.lock().no_ranges_until.is_none_or(|until| until <= Instant::now())
    }

    /// Records that the server answered the request for a part of a blob with something else.
    pub(crate) fn learn_no_ranges(&self) {
        self.lock().no_ranges_until = Some(Instant::now() + MEMORY);
    }

    /// Returns the index in [`PAGE_SIZES`] to begin with.
    pub(crate) fn page_size_index(&self) -> usize {
        self.lock().page_size
    }

    /// Records that this index in [`PAGE_SIZES`] works.
    pub(crate) fn learn_page_size(&self, size: usize) {
        self.lock().page_size = size;
    }

    /// Returns the index of the `Accept` list to begin with.
    pub(crate) fn accept_index(&self) -> usize {
        self.lock().accept
    }

    /// Records that this `Accept` list works.
    pub(crate) fn learn_accept_index(&self, list: usize) {
        self.lock().accept = list;
    }

    /// Returns whether the server lists its repositories.
    pub(crate) fn catalog(&self) -> Ability {
        self.lock().catalog.clone().unwrap_or(Ability::Unknown)
    }

    /// Records the result of trying the catalog.
    pub(crate) fn learn_catalog(&self, ability: Ability) {
        self.lock().catalog = Some(ability);
    }

    /// Returns whether the server has the referrers API.
    pub(crate) fn referrers(&self) -> Ability {
        self.lock().referrers.clone().unwrap_or(Ability::Unknown)
    }

    /// Returns whether to ask the referrers API about a repository. In a proxy registry the answer differs from one
    /// repository to the next.
    pub(crate) fn may_have_referrers(&self, name: &RepositoryName) -> bool {
        self.lock().no_referrers_until.get(name).is_none_or(|until| *until <= Instant::now())
    }

    /// Records the result of asking the referrers API about a repository.
    pub(crate) fn learn_referrers(&self, name: &RepositoryName, ability: Ability) {
        let mut known = self.lock();
        match ability {
            Ability::No(_) => {
                known.no_referrers_until.insert(name.clone(), Instant::now() + MEMORY);
                if known.referrers != Some(Ability::Yes) {
                    known.referrers = Some(ability);
                }
            }
            _ => known.referrers = Some(ability),
        }
    }

    /// Returns how the server can delete, for ten minutes after that was last observed.
    pub(crate) fn deletes(&self) -> Deletes {
        let known = self.lock();
        let is_fresh = known.deletes_until.is_some_and(|until| until > Instant::now());
        if is_fresh { known.deletes.clone() } else { Deletes::default() }
    }

    /// Records the result of trying to delete.
    pub(crate) fn learn_deletes(&self, set: impl FnOnce(&mut Deletes)) {
        let mut deletes = self.deletes();
        set(&mut deletes);
        let mut known = self.lock();
        known.deletes = deletes;
        known.deletes_until = Some(Instant::now() + MEMORY);
    }

    /// Returns how the server cleans up untagged content. Returns `None` before that was looked at.
    pub(crate) fn cleanups(&self) -> Option<Cleanups> {
        self.lock().cleanups
    }

    /// Records how the product cleans up. An observation takes precedence.
    pub(crate) fn learn_product(&self, cleanups: Cleanups, needs_proof: bool) {
        let mut known = self.lock();
        if known.has_seen_cleanups || known.cleanups.is_some() && needs_proof {
            return;
        }
        (known.cleanups, known.needs_proof) = (Some(cleanups), needs_proof);
    }

    /// Returns the vendor by the first answers.
    pub(crate) fn vendor(&self) -> Option<&'static Vendor> {
        self.lock().vendor
    }

    /// Returns whether the first answers were looked at, whether they show a vendor or not.
    pub(crate) fn knows_vendor(&self) -> bool {
        self.lock().knows_vendor
    }

    /// Records the vendor that the first answers show.
    pub(crate) fn learn_vendor(&self, vendor: Option<&'static Vendor>) {
        let mut known = self.lock();
        (known.vendor, known.knows_vendor) = (vendor, true);
    }

    /// Records the condition under which the product accepts Docker's manifests, if there is one.
    pub(crate) fn learn_docker_condition(&self, condition: Option<&'static str>) {
        self.lock().docker_condition = condition;
    }

    /// Records that the server refused a manifest because it is Docker's.
    pub(crate) fn learn_docker_refusal(&self) {
        self.lock().has_refused_docker_until = Some(Instant::now() + MEMORY);
    }

    /// Returns a sentence about Docker's manifests if the server may refuse them.
    pub(crate) fn docker_note(&self) -> Option<SafeText> {
        let known = self.lock();
        if known.has_refused_docker_until.is_some_and(|until| until > Instant::now()) {
            return Some(SafeText::from(format!("the registry refuses Docker's manifests: {CONVERT}")));
        }
        let condition = known.docker_condition?;
        Some(SafeText::from(format!("{condition}; if it refuses them, {CONVERT}")))
    }

    /// Returns whether the product is not certain yet.
    pub(crate) fn needs_proof(&self) -> bool {
        let known = self.lock();
        known.needs_proof && !known.has_seen_cleanups
    }

    /// Records whether the product is the supposed one. If it is not, nothing is claimed about the cleanup.
    pub(crate) fn confirm_product(&self, is_confirmed: bool) {
        let mut known = self.lock();
        known.needs_proof = false;
        if !is_confirmed && !known.has_seen_cleanups {
            known.cleanups = Some(Cleanups::default());
        }
    }

    /// Records an observed cleanup.
    pub(crate) fn learn_cleanups(&self, set: impl FnOnce(&mut Cleanups)) {
        let mut known = self.lock();
        set(known.cleanups.get_or_insert_default());
        known.has_seen_cleanups = true;
    }

    /// Returns when the server shows changes, for ten minutes after a change did not show at once.
    pub(crate) fn visibility(&self) -> Shows {
        self.lock()
            .visibility
            .filter(|(_, until)| *until > Instant::now())
            .map_or(Shows::Immediate, |(shows, _)| shows)
    }

    /// Records the result of waiting for a change to show.
    pub(crate) fn learn_visibility(&self, shows: Shows) {
        self.lock().visibility = Some((shows, Instant::now() + MEMORY));
    }

    /// Returns the size in bytes of a part that came through after an upload was lost, for a minute after that part.
    pub(crate) fn safe_part_size(&self) -> Option<u64> {
        let known = self.lock();
        known.safe_part_until.is_some_and(|until| until > Instant::now()).then_some(known.safe_part_size)
    }

    /// Records that a part of this many bytes came through after an upload was lost.
    pub(crate) fn learn_safe_part_size(&self, bytes: u64) {
        let mut known = self.lock();
        known.safe_part_size = bytes;
        known.safe_part_until = Some(Instant::now() + CAUTION);
    }

    /// Returns the limits for the requests of an upload.
    pub(crate) fn upload_limits(&self) -> UploadLimits {
        let known = self.lock();
        let is_known = known.upload_limits_until.is_some_and(|until| until > Instant::now());
        if is_known { known.upload_limits } else { UploadLimits::default() }
    }

    /// Changes the limits for the requests of an upload after a refusal.
    pub(crate) fn learn_upload_limits(&self, change: impl FnOnce(&mut UploadLimits)) {
        let mut limits = self.upload_limits();
        change(&mut limits);
        let mut known = self.lock();
        known.upload_limits = limits;
        known.upload_limits_until = Some(Instant::now() + MEMORY);
    }

    fn lock(&self) -> MutexGuard<'_, HostFacts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
