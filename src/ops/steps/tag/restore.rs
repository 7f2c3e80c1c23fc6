//! Puts back tags that a server removed without a request, for example all tags of a digest together with one.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use super::{AT_ONCE, RepositoryClient};
use crate::model::change::progress::Outcome;
use crate::model::digest::Digest;
use crate::model::manifest::Manifest;
use crate::model::reference::Tag;
use crate::model::text::SafeText;

/// The tags that a server removed without a request.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// The number of these tags, whether they could be put back or not.
    pub(crate) removed: usize,
    /// A note about each.
    pub(crate) notes: Vec<SafeText>,
}

/// Looks at tags that were to stay, each on its image, and puts back those that do not exist any more. Tags that have
/// another image by now are left alone. `known` returns the images that the caller has read.
pub(crate) async fn restore_lost_tags(
    place: RepositoryClient<'_>,
    kept: &[(Tag, Digest)],
    known: impl Fn(&Digest) -> Option<Arc<Manifest>>,
) -> Restored {
    let looks: Vec<_> = kept
        .iter()
        .map(|(tag, digest)| {
            async move { (tag, *digest, place.tag_digest_among(tag, &[*digest]).await) }.boxed()
        })
        .collect();
    let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let mut restored = Restored::default();
    for (tag, digest, now) in found {
        match now {
            Ok(Some(_)) => {}
            Ok(None) => {
                restored.removed += 1;
                let image = match known(&digest) {
                    Some(image) => Ok(image),
                    None => read(place, digest).boxed().await,
                };
                restored.notes.extend(put_back(place, tag, digest, image).boxed().await);
            }
            Err(error) => {
                let text = format!("whether `{tag}` is still there is not known: {}", error.why());
                restored.notes.push(SafeText::from(text));
            }
        }
    }
    restored
}

/// Puts a tag back that does not exist any more, and returns a note. Returns `None` if the change was stopped.
async fn put_back(
    place: RepositoryClient<'_>,
    tag: &Tag,
    digest: Digest,
    image: Result<Arc<Manifest>, String>,
) -> Option<SafeText> {
    let end = match image {
        Ok(image) => match place.put(tag, None, &image).await {
            Outcome::Done(_) | Outcome::Unchanged(_) | Outcome::Skipped(_) => ": it was put back".into(),
            Outcome::Unconfirmed(failure) => {
                format!(", and it is not confirmed that it was put back: {}", failure.why)
            }
            Outcome::Failed(failure) => format!(", and it cannot be put back: {}", failure.why),
            Outcome::Stopped => return None,
        },
        Err(why) => format!(", and its image {} cannot be read: {why}", digest.short()),
    };
    Some(SafeText::from(format!("the server removed `{tag}` too, without a request{end}")))
}

/// Reads an image that may have gone with its tags: a copy that the client has cached serves as well.
async fn read(place: RepositoryClient<'_>, digest: Digest) -> Result<Arc<Manifest>, String> {
    match place.registry.cached_manifest(place.name, &digest).await {
        Some(image) => Ok(image),
        None => place.manifest(digest).await.map_err(|error| error.cause.to_string()),
    }
}
