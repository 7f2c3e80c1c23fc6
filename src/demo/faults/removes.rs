//! The content that a registry removes at once when nothing names it any more.

use std::collections::HashSet;

use crate::demo::manifest::{Contents, DemoManifest};
use crate::demo::store::StoredRepository;
use crate::model::digest::Digest;

/// The content that a registry removes at once when nothing names it any more. Other registries wait for garbage
/// collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removes {
    /// An image is removed with its last tag, as in Gitea: when the tag is deleted or put on another image.
    pub untagged: bool,
    /// Blobs that nothing else needs are removed with an image.
    pub blobs: bool,
    /// The children of an index are removed with it unless something else names them, as in Pulp.
    pub children: bool,
    /// The referrers of an image are removed with it.
    pub referrers: bool,
}

impl Removes {
    /// All of these.
    pub const ALL: Removes = Removes { untagged: true, blobs: true, children: true, referrers: true };

    /// Removes an image that has lost its last tag, if the settings say so.
    pub(in crate::demo) fn lost_tag(&self, repository: &mut StoredRepository, image: &Digest) {
        if self.untagged && !repository.tags.values().any(|at| at == image) {
            self.remove(repository, image);
        }
    }

    /// Removes a manifest with its tags, and the content that the settings remove with it.
    pub(in crate::demo) fn remove(&self, repository: &mut StoredRepository, digest: &Digest) {
        let Some(manifest) = repository.manifests.remove(digest) else { return };
        repository.tags.retain(|_, at| at != digest);
        let Ok(contents) = Contents::read(&manifest.bytes) else { return };
        if self.children {
            let spare: Vec<Digest> =
                contents.children().filter(|child| !is_named(repository, child)).copied().collect();
            spare.iter().for_each(|child| self.remove(repository, child));
        }
        if self.referrers {
            let refers =
                |(own, other): (&Digest, &DemoManifest)| (other.subject == Some(*digest)).then_some(*own);
            let referrers: Vec<Digest> = repository.manifests.iter().filter_map(refers).collect();
            referrers.iter().for_each(|referrer| self.remove(repository, referrer));
        }
        if self.blobs {
            let left: Vec<Contents> = repository
                .manifests
                .values()
                .filter_map(|manifest| Contents::read(&manifest.bytes).ok())
                .collect();
            let needed: HashSet<&Digest> = left.iter().flat_map(Contents::blobs).collect();
            contents.blobs().filter(|blob| !needed.contains(blob)).for_each(|blob| {
                repository.blobs.remove(blob);
            });
        }
    }
}

/// Returns whether a tag or an index names a manifest.
fn is_named(repository: &StoredRepository, digest: &Digest) -> bool {
    let lists = |manifest: &DemoManifest| {
        Contents::read(&manifest.bytes).is_ok_and(|contents| contents.children().any(|child| child == digest))
    };
    repository.tags.values().any(|at| at == digest) || repository.manifests.values().any(lists)
}
