//! What a server was found to do and not to do. Refusals are forgotten after minutes: servers are upgraded.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::model::reference::RepositoryName;
use crate::model::server::{Ability, Cleanups, Deletes};

/// How long a refusal is believed.
const MEMORY: Duration = Duration::from_secs(600);
/// How long uploads are small parts after one was lost: it may have been a server that started again.
const CAUTION: Duration = Duration::from_secs(60);

/// How many entries a page is asked to have, the best first; `None` asks for no number.
pub const PAGE_SIZES: [Option<u32>; 3] = [Some(1000), Some(100), None];

/// What one server was found to do.
#[derive(Debug, Default)]
pub struct Abilities(Mutex<HostFacts>);

/// When a server shows what it was told to change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shows {
    /// With its answer, as far as is known.
    #[default]
    AtOnce,
    /// Seconds later.
    Late,
    /// Not in all the time that was waited for.
    Never,
}

#[derive(Debug, Default)]
struct HostFacts {
    no_head_until: Option<Instant>,
    /// Index into [`PAGE_SIZES`].
    page_size: usize,
    /// How many of the `Accept` lists were refused with 406.
    accept: usize,
    catalog: Option<Ability>,
    referrers: Option<Ability>,
    deletes: Deletes,
    deletes_until: Option<Instant>,
    cleanups: Option<Cleanups>,
    /// Whether that was seen, and is not only known of the product.
    has_seen_cleanups: bool,
    /// Whether that is what a product does which others answer like.
    needs_proof: bool,
    shows: Option<(Shows, Instant)>,
    carried: u64,
    carried_until: Option<Instant>,
    no_referrers_until: HashMap<RepositoryName, Instant>,
}

impl Abilities {
    /// Everything is to be found out again.
    pub fn forget(&self) {
        *self.known() = HostFacts::default();
    }

    /// Whether HEAD works, as far as is known.
    pub fn has_head(&self) -> bool {
        self.known().no_head_until.is_none_or(|until| until <= Instant::now())
    }

    /// HEAD failed where GET did not, or names a digest that the bytes do not have.
    pub fn head_failed(&self) {
        self.known().no_head_until = Some(Instant::now() + MEMORY);
    }

    /// Which of [`PAGE_SIZES`] to begin with.
    pub fn page_size(&self) -> usize {
        self.known().page_size
    }

    /// This one of [`PAGE_SIZES`] works.
    pub fn page_size_works(&self, size: usize) {
        self.known().page_size = size;
    }

    /// Which `Accept` list to begin with.
    pub fn accept(&self) -> usize {
        self.known().accept
    }

    /// This `Accept` list works.
    pub fn accept_works(&self, list: usize) {
        self.known().accept = list;
    }

    /// Whether the server lists its repositories.
    pub fn catalog(&self) -> Ability {
        self.known().catalog.clone().unwrap_or(Ability::Unknown)
    }

    /// What trying the catalog showed.
    pub fn learn_catalog(&self, ability: Ability) {
        self.known().catalog = Some(ability);
    }

    /// Whether the server has the referrers API.
    pub fn referrers(&self) -> Ability {
        self.known().referrers.clone().unwrap_or(Ability::Unknown)
    }

    /// Whether it is worth asking the referrers API about a repository: proxies differ from one to the next.
    pub fn may_have_referrers(&self, name: &RepositoryName) -> bool {
        self.known().no_referrers_until.get(name).is_none_or(|until| *until <= Instant::now())
    }

    /// What asking the referrers API about a repository showed.
    pub fn learn_referrers(&self, name: &RepositoryName, ability: Ability) {
        let mut known = self.known();
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

    /// What the server can delete, for ten minutes after it showed.
    pub fn deletes(&self) -> Deletes {
        let known = self.known();
        let is_fresh = known.deletes_until.is_some_and(|until| until > Instant::now());
        if is_fresh { known.deletes.clone() } else { Deletes::default() }
    }

    /// What trying to delete showed.
    pub fn learn_deletes(&self, set: impl FnOnce(&mut Deletes)) {
        let mut deletes = self.deletes();
        set(&mut deletes);
        let mut known = self.known();
        known.deletes = deletes;
        known.deletes_until = Some(Instant::now() + MEMORY);
    }

    /// What the server does with what nothing names any more; `None` before it was looked at.
    pub fn cleanups(&self) -> Option<Cleanups> {
        self.known().cleanups
    }

    /// What its product does. What was seen goes before that.
    pub fn learn_product(&self, cleanups: Cleanups, needs_proof: bool) {
        let mut known = self.known();
        if known.has_seen_cleanups || known.cleanups.is_some() && needs_proof {
            return;
        }
        (known.cleanups, known.needs_proof) = (Some(cleanups), needs_proof);
    }

    /// Whether the product is not certain yet.
    pub fn needs_proof(&self) -> bool {
        let known = self.known();
        known.needs_proof && !known.has_seen_cleanups
    }

    /// Notes whether the product is what it seemed to be. What is not known of another one is not claimed.
    pub fn prove_product(&self, is_it: bool) {
        let mut known = self.known();
        known.needs_proof = false;
        if !is_it && !known.has_seen_cleanups {
            known.cleanups = Some(Cleanups::default());
        }
    }

    /// What it was seen to do.
    pub fn learn_cleanups(&self, set: impl FnOnce(&mut Cleanups)) {
        let mut known = self.known();
        set(known.cleanups.get_or_insert_default());
        known.has_seen_cleanups = true;
    }

    /// When the server shows changes, for ten minutes after it did not show one at once.
    pub fn shows(&self) -> Shows {
        self.known()
            .shows
            .filter(|(_, until)| *until > Instant::now())
            .map_or(Shows::AtOnce, |(shows, _)| shows)
    }

    /// What waiting for a change showed.
    pub fn learn_shows(&self, shows: Shows) {
        self.known().shows = Some((shows, Instant::now() + MEMORY));
    }

    /// The bytes of a part that came through, where an upload was lost a minute ago or less.
    pub fn carried(&self) -> Option<u64> {
        let known = self.known();
        known.carried_until.is_some_and(|until| until > Instant::now()).then_some(known.carried)
    }

    /// A part of so many bytes came through after an upload was lost.
    pub fn learn_carried(&self, bytes: u64) {
        let mut known = self.known();
        known.carried = bytes;
        known.carried_until = Some(Instant::now() + CAUTION);
    }

    fn known(&self) -> MutexGuard<'_, HostFacts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
