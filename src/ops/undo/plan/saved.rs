//! The manifests that the journal saved: whether they are whole, and whether everything that they need still exists.

use std::collections::HashSet;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::AT_ONCE;
use crate::client::{Priority, Registry};
use crate::model::change::journal::SavedManifest;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{Repository, Selector};
use crate::model::text::SafeText;

/// Returns the manifest as it was, if the journal still has it.
pub(crate) fn parse_saved(saved: &SavedManifest) -> Option<Manifest> {
    Manifest::parse(saved.bytes.clone(), Some(&saved.media_type)).ok()?.verify(saved.digest).ok()
}

/// Returns a text about the parts of a manifest that do not exist any more.
pub(crate) async fn describe_missing_parts(
    registry: &dyn Registry,
    repository: &Repository,
    manifest: &Manifest,
    back: &HashSet<Digest>,
) -> Result<Option<SafeText>, Failure> {
    let what = || format!("cannot look for the content of {}", manifest.digest.short());
    let name = &repository.name;
    let blobs: HashSet<Digest> =
        manifest.blobs().filter(|blob| !blob.is_foreign()).filter_map(|blob| blob.digest).collect();
    let children = manifest.children().iter().filter_map(|child| child.digest);
    let children: HashSet<Digest> = children.filter(|child| !back.contains(child)).collect();
    let blobs: Vec<_> = blobs
        .into_iter()
        .map(|digest| async move { registry.head_blob(name, &digest, Priority::Background).await }.boxed())
        .collect();
    let children: Vec<_> = children
        .into_iter()
        .map(|digest| {
            async move { registry.head_manifest(name, &Selector::Digest(digest), Priority::Background).await }
                .boxed()
        })
        .collect();
    let blobs: Vec<Option<u64>> =
        stream::iter(blobs).buffered(AT_ONCE).try_collect().await.map_err(|error| error.failure(what()))?;
    let children: Vec<Option<Digest>> = stream::iter(children)
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(|error| error.failure(what()))?;
    let blobs = blobs.iter().filter(|size| size.is_none()).count();
    let children = children.iter().filter(|digest| digest.is_none()).count();
    Ok(match (blobs, children) {
        (0, 0) => None,
        (blobs, 0) => Some(format!("{blobs} of its blobs {} gone", is_or_are(blobs))),
        (0, children) => {
            Some(format!("{children} of the manifests that it lists {} gone", is_or_are(children)))
        }
        (blobs, children) => Some(format!("{blobs} of its blobs and {children} of its manifests are gone")),
    }
    .map(SafeText::from))
}

fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{digest, empty_manifest, saved_manifest};
    use crate::ops::steps::tag;

    #[test]
    fn a_manifest_that_the_journal_has_altered_or_lost_is_not_put_back() {
        let whole = tag::saved_manifest(&empty_manifest());
        assert!(parse_saved(&whole).is_some());
        let empty = SavedManifest { bytes: Default::default(), ..whole.clone() };
        let altered = SavedManifest { digest: digest("another"), ..whole };
        let text = saved_manifest("no manifest");
        for (case, held) in [("lost", empty), ("altered", altered), ("no manifest", text)] {
            assert!(parse_saved(&held).is_none(), "{case}");
        }
    }
}
