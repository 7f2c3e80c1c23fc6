//! Throw-away tags: each is in the journal before it is put, so that it can be removed when a run is cut off or a server
//! refuses to delete it.

use futures_util::FutureExt;

use super::tag::{RepositoryClient, put_failure};
use super::{ChangeContext, replacement};
use crate::model::change::journal::{EntryState, JournalEntry, Probe};
use crate::model::failure::Failure;
use crate::model::reference::{Host, Selector};
use crate::model::text::SafeText;

/// Removes a throw-away tag with its manifest, which nothing else has. Done when it is seen to be gone; a tag that has
/// another image by now is left alone, and gone as far as this is concerned.
pub async fn remove(place: RepositoryClient<'_>, probe: &Probe) -> Result<(), Failure> {
    let now = place.now(&Selector::Tag(probe.tag.clone())).await;
    match now.map_err(|error| error.failure(what(place, probe)))? {
        Some(now) if now == probe.digest => remove_put(place, probe).await,
        _ => Ok(()),
    }
}

/// The same of one that was just put, and may not be shown yet.
pub async fn remove_put(place: RepositoryClient<'_>, probe: &Probe) -> Result<(), Failure> {
    let selector = Selector::Tag(probe.tag.clone());
    let what = || what(place, probe);
    match place.client.delete_manifest(place.name, &probe.digest).await {
        Ok(()) => match place.shows(&selector, None).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(replacement::local(what(), "the throw-away tag is still there".into())),
            Err(error) => Err(error.failure(what())),
        },
        // Its answer may be lost while it was done.
        Err(refused) => match place.now(&selector).await {
            Ok(now) if now != Some(probe.digest) => Ok(()),
            _ => Err(put_failure(&refused, what())),
        },
    }
}

fn what(place: RepositoryClient<'_>, probe: &Probe) -> String {
    format!("cannot remove the throw-away tag {}:{}", place.name, probe.tag)
}

/// Removes what earlier runs left of throw-away tags in these registries, or in all of them, and says what it removed. What
/// a rule protects, what runs, and what a server refuses to delete stays in the journal.
pub async fn sweep(
    context: &ChangeContext,
    entries: &[JournalEntry],
    hosts: Option<&[Host]>,
) -> Vec<SafeText> {
    let mut removed = Vec::new();
    for entry in entries.iter().filter(|entry| !matches!(entry.state, EntryState::Running)) {
        context.journal.reach(entry);
        for probe in &entry.probes {
            let host = &probe.repository.host;
            let is_meant = hosts.is_none_or(|hosts| hosts.contains(host));
            if !is_meant || context.rules.may_change(&probe.repository).is_err() {
                continue;
            }
            let client = context.pool.client(host);
            let place = RepositoryClient { client: &client, name: &probe.repository.name, stop: None };
            // One that is gone already is none that was removed now.
            let was_there = !matches!(place.tag_now(&probe.tag).await, Ok(None));
            if remove(place, probe).boxed().await.is_ok()
                && context.journal.mark_probed(&entry.id, probe).await.is_ok()
                && was_there
            {
                removed.push(SafeText::from(format!(
                    "removed the throw-away tag `{}` that an earlier change left in {}",
                    probe.tag, probe.repository
                )));
            }
        }
    }
    removed
}
