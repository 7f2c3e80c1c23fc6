//! Images that lose a name by a change. They get a kept tag if that is requested, and their children and referrers are
//! saved in the journal.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use super::tag::{RepositoryClient, saved_manifest};
use crate::client::{Priority, Registry};
use crate::model::change::journal::{JournalItem, Saved, SavedRole};
use crate::model::change::loss::{Loss, Nameless};
use crate::model::change::progress::Outcome;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::{DEEPEST, Manifest};
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::server::Cleanup;
use crate::model::text::SafeText;
use crate::ops::copy::companions::FURTHEST;
use crate::ops::journal::RunningEntry;

/// The number of requests at the same time.
const AT_ONCE: usize = 16;
/// The number of kept tags that are tried for an image. The first free one is used.
const MOST_NUMBERS: usize = 9;
/// The highest number of manifests that are saved with one change.
const MOST_SAVED: usize = 2_000;

/// Returns the images that lose a tag. If there are any, the registry's reaction to images without a tag is looked up.
pub(crate) async fn loss_of_untagging(
    registry: &dyn Registry,
    name: &RepositoryName,
    keep: bool,
    losing: Vec<(Repository, Digest, bool)>,
) -> Loss {
    if losing.is_empty() {
        return Loss { keep, ..Loss::default() };
    }
    plan_kept_tags(registry, registry.cleanups(name).await.untagged, keep, losing).await
}

/// Chooses the kept tags, each of them free or on its image already. The registry is asked about them only if keeping
/// is requested.
pub(crate) async fn plan_kept_tags(
    registry: &dyn Registry,
    cleanup: Cleanup,
    keep: bool,
    losing: Vec<(Repository, Digest, bool)>,
) -> Loss {
    let mut seen = HashSet::new();
    let images =
        losing.into_iter().filter(|(repository, digest, _)| seen.insert((repository.clone(), *digest)));
    let chosen = images.map(|(repository, digest, is_last)| {
        async move {
            let tag = if keep {
                find_free_tag(registry, &repository, digest).await
            } else {
                Tag::kept_tag(&digest, 1)
            };
            Nameless { repository, digest, is_last, tag: Some(tag) }
        }
        .boxed()
    });
    let chosen: Vec<_> = chosen.collect();
    Loss { cleanup, keep, images: stream::iter(chosen).buffered(AT_ONCE).collect().await }
}

/// Returns a kept tag that no other image has. A tag that cannot be looked at is looked at again before it is put.
async fn find_free_tag(registry: &dyn Registry, repository: &Repository, digest: Digest) -> Tag {
    let place = RepositoryClient::of(registry, &repository.name);
    for number in 1..MOST_NUMBERS {
        let tag = Tag::kept_tag(&digest, number);
        match place.tag_digest_among(&tag, &[digest]).await {
            Ok(Some(other)) if other != digest => {}
            _ => return tag,
        }
    }
    Tag::kept_tag(&digest, MOST_NUMBERS)
}

/// Returns the journal items of the kept tags, which come after all others of an entry.
pub(crate) fn items(loss: &Loss) -> impl Iterator<Item = JournalItem> {
    loss.kept_images().map(|(image, tag)| JournalItem {
        repository: image.repository.clone(),
        selector: Selector::Tag(tag.clone()),
        before: None,
        after: Some(image.digest),
        done: None,
    })
}

/// Images that are kept while a change is carried out.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The kept tags that this change put: the item of the journal, the repository, the tag and the image.
    put: Vec<(usize, Repository, Tag, Digest)>,
    /// The failures of images that could not be kept; these must not be touched.
    failures: HashMap<(Repository, Digest), Failure>,
}

impl Kept {
    /// Puts the kept tags, and checks that they are there. Their items in the journal begin at `first`.
    pub(crate) async fn put(
        registry: &dyn Registry,
        loss: &Loss,
        running: &RunningEntry,
        first: usize,
    ) -> Kept {
        let mut kept = Kept::default();
        for (number, (image, tag)) in loss.kept_images().enumerate() {
            let what = || format!("cannot keep {} as `{tag}`, so it was left alone", image.digest.short());
            let place = RepositoryClient::of(registry, &image.repository.name);
            let outcome = match place.manifest(image.digest).await {
                Ok(manifest) => place.put(tag, None, &manifest).await,
                Err(error) => Outcome::Failed(error.failure(what())),
            };
            let key = (image.repository.clone(), image.digest);
            let failure = match outcome {
                Outcome::Done(_) => {
                    running.mark_done(first + number, true).await;
                    kept.put.push((first + number, image.repository.clone(), tag.clone(), image.digest));
                    continue;
                }
                Outcome::Unchanged(_) => {
                    running.mark_done(first + number, false).await;
                    continue;
                }
                // Whether it was put is not known: an undo looks at the registry itself.
                Outcome::Failed(failure) | Outcome::Unconfirmed(failure) => {
                    Failure { what: SafeText::from(what()), ..failure }
                }
                Outcome::Skipped(why) => {
                    running.mark_done(first + number, false).await;
                    Failure::local(what(), why.to_string())
                }
                Outcome::Stopped => Failure::local(what(), "it was stopped"),
            };
            kept.failures.insert(key, failure);
        }
        kept
    }

    /// Returns the reason to leave an image alone, if it was to be kept and is not.
    pub(crate) fn objection(&self, repository: &Repository, image: Digest) -> Option<Outcome> {
        self.failure(repository, image).map(Outcome::Failed)
    }

    /// Returns the same as a failure.
    pub(crate) fn failure(&self, repository: &Repository, image: Digest) -> Option<Failure> {
        self.failures.get(&(repository.clone(), image)).cloned()
    }

    /// Removes the kept tags of images that were not changed after all, and returns a note about those that keep an
    /// image.
    pub(crate) async fn remove_unneeded(
        &self,
        registry: &dyn Registry,
        running: &RunningEntry,
        is_changed: impl Fn(&Repository, Digest) -> bool,
    ) -> Option<SafeText> {
        let mut names = Vec::new();
        for (item, repository, tag, digest) in &self.put {
            if !is_changed(repository, *digest) {
                let place = RepositoryClient::of(registry, &repository.name);
                if let Ok(manifest) = place.manifest(*digest).await
                    && let Outcome::Done(_) | Outcome::Unchanged(_) =
                        place.untag(tag, &manifest, &[]).await.outcome
                {
                    running.mark_done(*item, false).await;
                    continue;
                }
            }
            names.push(format!("`{tag}`"));
        }
        match names.len() {
            0 => None,
            1 => Some(SafeText::from(format!("{} keeps the image; undo removes it again", names.join("")))),
            _ => {
                Some(SafeText::from(format!("{} keep the images; undo removes them again", names.join(", "))))
            }
        }
    }
}

/// Returns the manifests that belong to images and may disappear with them: their children, innermost first, and their
/// referrers.
pub(crate) async fn read_dependents(registry: &dyn Registry, loss: &Loss) -> Vec<Saved> {
    let mut all = Vec::new();
    if loss.is_at_risk() {
        for image in &loss.images {
            all.extend(read_dependents_of(registry, &image.repository, image.digest).boxed().await);
        }
    }
    let own: HashSet<(&Repository, Digest)> =
        loss.images.iter().map(|image| (&image.repository, image.digest)).collect();
    all.retain(|saved| !own.contains(&(&saved.repository, saved.held.digest)));
    let mut seen = HashSet::new();
    all.retain(|saved| seen.insert((saved.repository.clone(), saved.held.digest)));
    all.truncate(MOST_SAVED);
    all
}

async fn read_dependents_of(registry: &dyn Registry, repository: &Repository, image: Digest) -> Vec<Saved> {
    let mut children = Vec::new();
    let mut level = vec![image];
    for _ in 0..DEEPEST {
        let read = read(registry, repository, &level).await;
        level = read.iter().flat_map(|manifest| manifest.children()).filter_map(|one| one.digest).collect();
        children.extend(read);
        if level.is_empty() || children.len() > MOST_SAVED {
            break;
        }
    }
    // The first manifest is the image itself, which is changed. Children come before the indexes that list them.
    let mut saved: Vec<Saved> = children
        .into_iter()
        .skip(1)
        .rev()
        .map(|child| to_saved(repository, SavedRole::Child, &child))
        .collect();
    let mut level = vec![image];
    for _ in 0..FURTHEST {
        let mut next = Vec::new();
        for subject in level {
            // If the registry cannot be asked, the referrers cannot be saved either.
            let Ok(found) = registry.referrers(&repository.name, &subject, true).await else { continue };
            next.extend(found.descriptors.iter().filter_map(|referrer| referrer.digest));
        }
        let read = read(registry, repository, &next).await;
        saved.extend(read.iter().map(|referrer| self::to_saved(repository, SavedRole::Referrer, referrer)));
        level = read.iter().map(|referrer| referrer.digest).collect();
        if level.is_empty() || saved.len() > MOST_SAVED {
            break;
        }
    }
    saved
}

fn to_saved(repository: &Repository, role: SavedRole, manifest: &Manifest) -> Saved {
    Saved { repository: repository.clone(), role, held: saved_manifest(manifest) }
}

/// Returns those of these manifests that can be read.
async fn read(registry: &dyn Registry, repository: &Repository, digests: &[Digest]) -> Vec<Arc<Manifest>> {
    let read = digests.iter().take(MOST_SAVED).map(|digest| {
        async move {
            registry.manifest(&repository.name, &Selector::Digest(*digest), Priority::Background).await.ok()
        }
        .boxed()
    });
    let read: Vec<_> = read.collect();
    stream::iter(read).buffered(AT_ONCE).filter_map(std::future::ready).collect().await
}
