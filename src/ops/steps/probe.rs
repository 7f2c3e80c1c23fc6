//! Throw-away tags. Each is in the journal before it is put, so that it can be removed if a run is cut off or a server
//! refuses to delete it.

use futures_util::FutureExt;

use super::tag::{RepositoryClient, put_failure};
use crate::model::change::journal::{EntryState, JournalEntry, Probe};
use crate::model::failure::Failure;
use crate::model::reference::{Host, Selector};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;

/// Removes a throw-away tag with its manifest, which no other tag has. Returns when it is seen to be gone. A tag that
/// has another image by now is left alone and counts as gone.
pub(crate) async fn remove(place: RepositoryClient<'_>, probe: &Probe) -> Result<(), Failure> {
    let now = place.digest_now(&Selector::Tag(probe.tag.clone())).await;
    match now.map_err(|error| error.failure(what(place, probe)))? {
        Some(now) if now == probe.digest => remove_just_put(place, probe).await,
        _ => Ok(()),
    }
}

/// Removes a throw-away tag that was just put and may not be visible yet.
pub(crate) async fn remove_just_put(place: RepositoryClient<'_>, probe: &Probe) -> Result<(), Failure> {
    let selector = Selector::Tag(probe.tag.clone());
    let what = || what(place, probe);
    match place.registry.delete_manifest(place.name, &probe.digest).await {
        Ok(()) => match place.wait_until_shown(&selector, None).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::local(what(), "the throw-away tag is still there")),
            Err(error) => Err(error.failure(what())),
        },
        // The delete may have been done although its answer was lost.
        Err(refused) => match place.digest_now(&selector).await {
            Ok(now) if now != Some(probe.digest) => Ok(()),
            _ => Err(put_failure(&refused, what())),
        },
    }
}

fn what(place: RepositoryClient<'_>, probe: &Probe) -> String {
    format!("cannot remove the throw-away tag {}:{}", place.name, probe.tag)
}

/// Removes throw-away tags that earlier runs left in these registries, or in all of them, and returns a note about
/// each. Tags stay in the journal if a rule protects them, if their change still runs, or if the server refuses to
/// delete them.
pub async fn remove_leftovers(
    context: &ChangeContext,
    entries: &[JournalEntry],
    hosts: Option<&[Host]>,
) -> Vec<SafeText> {
    let mut removed = Vec::new();
    for entry in entries.iter().filter(|entry| !matches!(entry.state, EntryState::Running)) {
        context.journal.restore_connections(entry);
        for probe in &entry.probes {
            let host = &probe.repository.host;
            let is_meant = hosts.is_none_or(|hosts| hosts.contains(host));
            if !is_meant || context.rules.may_change(&probe.repository).is_err() {
                continue;
            }
            let registry = context.pool.registry(host);
            let place = RepositoryClient { registry: &*registry, name: &probe.repository.name, stop: None };
            // A tag that is gone already was not removed now.
            let was_there = !matches!(place.tag_digest(&probe.tag).await, Ok(None));
            if remove(place, probe).boxed().await.is_ok()
                && context.journal.mark_probe_removed(&entry.id, probe).await.is_ok()
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
