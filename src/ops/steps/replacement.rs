//! Removes a single tag if the server deletes only by digest: the tag is put on a manifest of its own, and that
//! manifest is deleted. docs/REGISTRIES.md §7.3.
//!
//! The replacement is the same image with one more annotation, so that clients that pull the tag get the image until
//! the tag is gone, and no two replacements share a digest. The method is tried on a throw-away tag first. If the
//! server refuses the second half, the tag is put back on its image, byte for byte.

use std::sync::Arc;

use futures_util::FutureExt;

use super::ended::Ended;
use super::probe;
use super::tag::{RepositoryClient, describe_move, put_failure, saved_manifest};
use crate::client::registry::connection::WriteAccess;
use crate::model::change::journal::{JournalItem, Probe};
use crate::model::change::progress::Outcome;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::manifest::replacement::make_replacement;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::journal::RunningEntry;

/// The prefix of throw-away tags.
const PROBE: &str = "regtui-probe-";

/// The image of a tag, and the replacement that the tag is put on in between.
#[derive(Debug)]
pub(crate) struct Replacement {
    image: Arc<Manifest>,
    manifest: Manifest,
}

impl Replacement {
    /// Makes a replacement of this image. Fails with the reason if there can be none.
    pub(crate) fn of(image: Arc<Manifest>) -> Result<Replacement, String> {
        let manifest = make_replacement(&image)?;
        Ok(Replacement { image, manifest })
    }
}

/// Returns the two steps of a tag for the journal: onto the replacement, and away. Without a replacement, the steps
/// touch nothing.
pub(crate) fn items(
    repository: &Repository,
    tag: &Tag,
    replacement: Option<&Replacement>,
) -> [JournalItem; 2] {
    let item = |before: Option<&Manifest>, after: Option<Digest>| JournalItem {
        repository: repository.clone(),
        selector: Selector::Tag(tag.clone()),
        before: before.map(saved_manifest),
        after,
        done: None,
    };
    let manifest = replacement.map(|replacement| &replacement.manifest);
    let image = replacement.map(|replacement| &*replacement.image);
    [item(image, manifest.map(|manifest| manifest.digest)), item(manifest, None)]
}

/// The method in one repository. It is tried before the first tag is removed.
#[derive(Debug, Default)]
pub(crate) struct ReplacementMethod {
    is_known_to_work: bool,
}

impl ReplacementMethod {
    /// Tries the method on a throw-away tag, unless that was done before. Fails if it does not work; then no tag must
    /// be touched.
    pub(crate) async fn ensure_works(
        &mut self,
        place: RepositoryClient<'_>,
        running: &RunningEntry,
        replacement: &Replacement,
        notes: &mut Vec<SafeText>,
    ) -> Result<(), Failure> {
        if !self.is_known_to_work {
            try_method(place, running, replacement, notes).boxed().await?;
            self.is_known_to_work = true;
        }
        Ok(())
    }

    /// Removes a tag if it still has its image.
    pub(crate) async fn untag(
        &mut self,
        place: RepositoryClient<'_>,
        running: &RunningEntry,
        tag: &Tag,
        replacement: &Replacement,
        notes: &mut Vec<SafeText>,
    ) -> Ended {
        match self.ensure_works(place, running, replacement, notes).await {
            Ok(()) => untag_by_replacement(place, tag, replacement, notes).boxed().await,
            Err(failure) => Outcome::Failed(failure).into(),
        }
    }
}

/// Tries the method on a throw-away tag. The journal has that tag before it is put, so that it can be removed later if
/// the program is cut off or the server refuses to delete it.
async fn try_method(
    place: RepositoryClient<'_>,
    running: &RunningEntry,
    replacement: &Replacement,
    notes: &mut Vec<SafeText>,
) -> Result<(), Failure> {
    let what = || format!("replacements do not work in {}, so no tag was touched", place.name);
    let manifest = make_replacement(&replacement.image).map_err(|why| Failure::local(what(), why))?;
    let text = format!("{PROBE}{}", manifest.digest.short());
    let tag = Tag::parse(&text).map_err(|bad| Failure::local(what(), bad.to_string()))?;
    let repository = Repository { host: place.registry.host().clone(), name: place.name.clone() };
    let probe = Probe { repository, tag, digest: manifest.digest };
    running.note_probe(&probe).await?;
    let selector = Selector::Tag(probe.tag.clone());
    let put = place.registry.put_manifest(place.name, &selector, &manifest).boxed().await;
    // The tag may have been put although the answer was lost, so it is looked up in any case.
    let gone = if put.is_ok() {
        probe::remove_just_put(place, &probe).await
    } else {
        probe::remove(place, &probe).await
    };
    match &gone {
        Ok(()) => running.note_probe_removed(&probe).await,
        Err(failure) => {
            notes.push(SafeText::from(format!(
                "the throw-away tag `{}` was left in {}: {}; `regtui undo {}` removes it once the server allows it",
                probe.tag,
                probe.repository,
                failure.why,
                running.id()
            )));
        }
    }
    put.map_err(|error| put_failure(&error, what()))?;
    gone.map_err(|failure| Failure { what: SafeText::from(what()), ..failure })
}

/// Puts the tag on its replacement and deletes the replacement.
async fn untag_by_replacement(
    place: RepositoryClient<'_>,
    tag: &Tag,
    replacement: &Replacement,
    notes: &mut Vec<SafeText>,
) -> Ended {
    let what = || format!("cannot untag {}:{tag}", place.name);
    let image = replacement.image.digest;
    place.prefetch_token(WriteAccess::Delete).await;
    place.prefetch_token(WriteAccess::Put).await;
    match place.tag_digest_among(tag, &[image, replacement.manifest.digest]).await {
        Ok(Some(now)) if now == image => {}
        Ok(None) => return Outcome::Unchanged("it was gone already".into()).into(),
        Ok(now) => return Outcome::Skipped(describe_move(now)).into(),
        Err(error) => return Outcome::Failed(error.failure(what())).into(),
    }
    let selector = Selector::Tag(tag.clone());
    if let Err(error) =
        place.registry.put_tag(place.name, tag, Some(image), &replacement.manifest).boxed().await
    {
        let failure = put_failure(&error, what());
        // The put may have been done although its answer was lost. Nothing may stay half done.
        return put_back(place, tag, replacement, failure, notes).boxed().await;
    }
    match place.wait_until_shown(&selector, Some(replacement.manifest.digest)).await {
        Ok(true) => {}
        Ok(false) => {
            let failure = Failure::local(what(), "the tag does not show its replacement");
            return put_back(place, tag, replacement, failure, notes).boxed().await;
        }
        Err(error) => return put_back(place, tag, replacement, error.failure(what()), notes).boxed().await,
    }
    if let Err(error) = place.registry.delete_manifest(place.name, &replacement.manifest.digest).await {
        return put_back(place, tag, replacement, put_failure(&error, what()), notes).boxed().await;
    }
    let outcome = match place.wait_until_shown(&selector, None).await {
        Ok(true) => Outcome::Done("untagged by a replacement".into()),
        Ok(false) => match place.tag_digest_among(tag, &[replacement.manifest.digest]).await {
            Ok(Some(now)) if now == replacement.manifest.digest => {
                place.unconfirmed_outcome(&selector, "and still shows the tag, on its replacement", None)
            }
            Ok(Some(now)) => Outcome::Skipped(describe_move(Some(now))),
            _ => Outcome::Done("untagged by a replacement".into()),
        },
        Err(error) => place.unseen_outcome(&selector, &error),
    };
    outcome.into()
}

/// Puts the tag back on its image after a failure in the middle, if it has the replacement.
async fn put_back(
    place: RepositoryClient<'_>,
    tag: &Tag,
    replacement: &Replacement,
    failure: Failure,
    notes: &mut Vec<SafeText>,
) -> Ended {
    let (image, marked) = (&replacement.image, replacement.manifest.digest);
    match place.tag_digest_among(tag, &[image.digest, marked]).await {
        Ok(now) if now == Some(image.digest) => Outcome::Failed(failure).into(),
        Ok(now) if now != Some(marked) => Outcome::Skipped(describe_move(now)).into(),
        _ => match place.put(tag, Some(marked), image).boxed().await {
            Outcome::Failed(second) => {
                notes.push(SafeText::from(format!(
                    "`{tag}` is left on its replacement {marked} and cannot be put back on {}: {}; the journal has it",
                    image.digest, second.why
                )));
                Ended::half_done(Outcome::Failed(failure))
            }
            Outcome::Skipped(why) => Outcome::Skipped(why).into(),
            _ => {
                notes.push(SafeText::from(format!("`{tag}` was put back on its image, byte for byte")));
                Outcome::Failed(failure).into()
            }
        },
    }
}
