//! The digests of bases, each asked for once however many images are built on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::client::{Priority, Registry};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::reference::Reference;

type DigestCell = Arc<OnceCell<Result<Digest, Failure>>>;

/// The digests that bases had when they were looked up.
#[derive(Debug, Default)]
pub(crate) struct BaseLookups(Mutex<KnownDigests>);

#[derive(Debug, Default)]
struct KnownDigests {
    generation: u32,
    cells: HashMap<Reference, DigestCell>,
}

impl BaseLookups {
    /// Forgets the digests of an older generation: the user asked for newer ones.
    pub(crate) fn begin(&self, generation: u32) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            *known = KnownDigests { generation, cells: HashMap::new() };
        }
    }

    /// Returns the digest of a base as its registry names it, or the failure of the first question for it.
    pub(super) async fn digest_of(
        &self,
        registry: &dyn Registry,
        base: &Reference,
    ) -> Result<Digest, Failure> {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.cells.entry(base.clone()).or_default().clone()
        };
        cell.get_or_init(|| ask(registry, base)).await.clone()
    }
}

async fn ask(registry: &dyn Registry, base: &Reference) -> Result<Digest, Failure> {
    let what = "cannot read the base";
    let found = registry.head_manifest(&base.repository.name, &base.selector(), Priority::Background).await;
    let found = found.map_err(|error| error.failure(what))?;
    found.ok_or_else(|| Failure::local(what, format!("{base} does not exist")))
}
