//! Everything that the destination of a copy has already.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::destination::{DestinationTags, Referred};
use crate::client::fallback_tag;
use crate::model::change::copy::ReferrerList;
use crate::model::digest::Digest;
use crate::model::manifest::Manifest;

/// The state of the destination.
#[derive(Default)]
pub(super) struct There {
    pub(super) tags: DestinationTags,
    pub(super) manifests: HashSet<Digest>,
    /// The referrers that it lists for the subjects of the copied manifests.
    pub(super) referrers: HashMap<Digest, Referred>,
}

impl There {
    /// Returns the lists under fallback tags that these manifests need. None is needed if the registry lists the
    /// referrers itself.
    pub(super) fn lists(&self, manifests: &[Arc<Manifest>]) -> Vec<ReferrerList> {
        let mut lists: Vec<ReferrerList> = Vec::new();
        for manifest in manifests {
            let Some(subject) = manifest.subject().and_then(|subject| subject.digest) else { continue };
            let Some(found) = self.referrers.get(&subject).filter(|found| !found.by_api) else { continue };
            let Some(tag) = fallback_tag(&subject) else { continue };
            match lists.iter_mut().find(|list| list.subject == subject) {
                Some(list) => list.adds.push(manifest.digest),
                None => {
                    let (replaces, unknown) = (found.fallback_digest, found.unknown);
                    lists.push(ReferrerList { subject, tag, replaces, unknown, adds: vec![manifest.digest] });
                }
            }
        }
        lists
    }
}
