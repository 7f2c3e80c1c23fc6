//! Checks the remains of everything that a change replaced or removed, before the report says that the change can be
//! undone.

use std::collections::{HashMap, HashSet};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};

use crate::client::registry::Observation;
use crate::client::{Error, Priority, Registry};
use crate::model::change::ChangePlan;
use crate::model::change::journal::JournalEntry;
use crate::model::change::progress::{Report, TakesBack};
use crate::model::digest::Digest;
use crate::model::manifest::{DEEPEST, Manifest};
use crate::model::reference::{Repository, RepositoryName, Selector};
use crate::model::server::Cleanup;
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;
use crate::ops::undo;

/// The number of requests at the same time.
const AT_ONCE: usize = 16;
/// The number of digests that are named one by one.
const MOST_NAMED: usize = 8;

/// The presence of one manifest and its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Presence {
    /// Whether the manifest itself exists.
    is_there: bool,
    /// Whether the content exists that it needs to be put back.
    can_return: bool,
}

/// Looks at everything that a change replaced or removed, and says in its report whether that can be put back. Changes
/// nothing in the registries.
pub(crate) async fn check_undo(context: &ChangeContext, plan: &ChangePlan, report: &mut Report) {
    let Some(id) = report.undo.clone() else { return };
    // If the entry cannot be read now, the undo reports that.
    let Ok(entry) = context.journal.entry(&id).await else { return };
    let before = replaced_manifests(&entry);
    let held = manifests_in_journal(&entry);
    let asked: Vec<_> = before
        .iter()
        .map(|(repository, digest)| {
            let registry = context.pool.registry(&repository.host);
            let held = &held;
            async move { look_for(&*registry, &repository.name, *digest, held).await }.boxed()
        })
        .collect();
    let found: Vec<Result<Presence, Error>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    for ((repository, digest), found) in before.iter().zip(&found) {
        if let Ok(found) = found {
            teach_client(context, plan, &entry, repository, *digest, *found).await;
        }
    }
    report_lost(&entry, &before, &found, report);
}

/// Adds to the report the parts that cannot be put back.
fn report_lost(
    entry: &JournalEntry,
    before: &[(Repository, Digest)],
    found: &[Result<Presence, Error>],
    report: &mut Report,
) {
    let is_lost = |found: &Result<Presence, Error>| found.as_ref().is_ok_and(|found| !found.can_return);
    let lost = before.iter().zip(found).filter(|(_, found)| is_lost(found));
    let lost: Vec<Digest> = lost.map(|((_, digest), _)| *digest).collect();
    let unseen = found.iter().find_map(|found| found.as_ref().err());
    // Undo removes new tags, except for those that are the last tag of an image which does not exist anywhere else.
    let is_new = entry.items.iter().any(|item| {
        let is_needed = item.after.is_some_and(|after| lost.contains(&after));
        item.done != Some(false) && item.before.is_none() && !is_needed
    });
    report.takes_back = match (lost.len(), unseen) {
        (0, None) => return,
        (0, Some(_)) => TakesBack::NotKnown,
        (all, _) if all == before.len() && !is_new => TakesBack::Nothing,
        _ => TakesBack::Part,
    };
    if let Some(error) = unseen {
        let text =
            format!("whether it can be undone is not known, because the check failed: {}", error.why());
        report.notes.push(SafeText::from(text));
    }
    if !lost.is_empty() {
        let more = lost.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = lost.iter().take(MOST_NAMED).map(Digest::short).collect::<Vec<_>>().join(", ");
        let them = if lost.len() == 1 { "it" } else { "them" };
        let text =
            format!("the registry removed {names}{more} at once, with blobs: undo cannot put {them} back");
        report.notes.push(SafeText::from(text));
    }
    if report.takes_back == TakesBack::Nothing {
        report.undo = None;
    }
}

/// Returns every manifest that was replaced or removed, each once.
fn replaced_manifests(entry: &JournalEntry) -> Vec<(Repository, Digest)> {
    let mut seen = HashSet::new();
    let changed = entry.items.iter().filter(|item| item.done != Some(false));
    let before = changed.filter_map(|item| {
        let before = item.before.as_ref()?.digest;
        (item.after != Some(before)).then(|| (item.repository.clone(), before))
    });
    before.filter(|one| seen.insert(one.clone())).collect()
}

/// Returns the manifests that the journal has, so that they can be put back.
fn manifests_in_journal(entry: &JournalEntry) -> HashMap<Digest, Manifest> {
    let before = entry.items.iter().filter_map(|item| item.before.as_ref());
    let all = before.chain(entry.saved.iter().map(|saved| &saved.held));
    all.filter_map(|held| Some((held.digest, undo::parse_saved(held)?))).collect()
}

/// Looks for a manifest: the manifest itself, and one of its blobs, or of the blobs of each manifest that it lists.
async fn look_for(
    registry: &dyn Registry,
    name: &RepositoryName,
    digest: Digest,
    held: &HashMap<Digest, Manifest>,
) -> Result<Presence, Error> {
    let is_there =
        registry.head_manifest(name, &Selector::Digest(digest), Priority::Background).await?.is_some();
    let can_return = match held.get(&digest) {
        Some(manifest) => has_content(registry, name, manifest, held, DEEPEST).await?,
        None => is_there,
    };
    Ok(Presence { is_there, can_return })
}

fn has_content<'a>(
    registry: &'a dyn Registry,
    name: &'a RepositoryName,
    manifest: &'a Manifest,
    held: &'a HashMap<Digest, Manifest>,
    depth: usize,
) -> BoxFuture<'a, Result<bool, Error>> {
    async move {
        // Of all blobs, an image is least likely to share its config.
        let blob = manifest.blobs().filter(|blob| !blob.is_foreign()).find_map(|blob| blob.digest);
        if let Some(blob) = blob
            && registry.head_blob(name, &blob, Priority::Background).await?.is_none()
        {
            return Ok(false);
        }
        for child in manifest.children().iter().filter_map(|child| child.digest) {
            let has_child = match held.get(&child).filter(|_| depth > 0) {
                Some(child) => has_content(registry, name, child, held, depth - 1).await?,
                None => registry
                    .head_manifest(name, &Selector::Digest(child), Priority::Background)
                    .await?
                    .is_some(),
            };
            if !has_child {
                return Ok(false);
            }
        }
        Ok(true)
    }
    .boxed()
}

/// Makes the client remember how the registry treated an image that lost its name.
async fn teach_client(
    context: &ChangeContext,
    plan: &ChangePlan,
    entry: &JournalEntry,
    repository: &Repository,
    digest: Digest,
    found: Presence,
) {
    let registry = context.pool.registry(&repository.host);
    let is_deleted = entry.items.iter().any(|item| {
        item.repository == *repository
            && item.selector == Selector::Digest(digest)
            && item.done != Some(false)
    });
    let lost_its_last = || {
        let loss = Some(&plan.common().loss).filter(|loss| !loss.keep);
        let mut images = loss.into_iter().flat_map(|loss| &loss.images);
        images.any(|image| image.repository == *repository && image.digest == digest && image.is_last)
    };
    match (is_deleted, found.is_there) {
        (true, _) if !found.can_return => registry.learn(Observation::DependentsRemoved),
        (false, false) => registry.learn(Observation::UntaggedImageRemoved),
        (false, true)
            if lost_its_last() && registry.cleanups(&repository.name).await.untagged == Cleanup::Unknown =>
        {
            registry.learn(Observation::UntaggedImageLeft);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{app, digest, journal_entry, journal_item};
    use crate::model::change::journal::{EntryId, EntryState, JournalItem};

    #[test]
    fn replaced_manifests_are_those_that_a_part_put_away_each_once() {
        let item = |name, before, after, done| JournalItem { done, ..journal_item(name, before, after) };
        let (yes, no, a, b) = (Some(true), Some(false), Some("a"), Some("b"));
        let table: [(&str, Vec<JournalItem>, &[&str]); 6] = [
            ("removed", vec![item("1", a, None, yes)], &["a"]),
            ("replaced", vec![item("1", a, b, None)], &["a"]),
            ("put as it was", vec![item("1", a, a, yes)], &[]),
            ("new", vec![item("1", None, a, yes)], &[]),
            ("not done", vec![item("1", a, None, no)], &[]),
            ("two tags of one image", vec![item("1", a, None, yes), item("2", a, b, yes)], &["a"]),
        ];
        for (case, items, expected) in table {
            let replaced = replaced_manifests(&journal_entry(EntryState::Ended, items));
            let digests: Vec<Digest> = replaced.into_iter().map(|(_, digest)| digest).collect();
            let expected: Vec<Digest> = expected.iter().map(|content| digest(content)).collect();
            assert_eq!(digests, expected, "{case}");
        }
    }

    /// Images that were replaced, each with whether it can return.
    type Replaced<'a> = &'a [(&'a str, bool)];

    /// Each row has the image of a new tag, the images that were replaced, and whether they can return.
    #[test]
    fn an_undo_is_promised_as_far_as_the_replaced_images_can_return() {
        let table: [(&str, Option<&str>, Replaced, TakesBack, bool); 6] = [
            ("all can return", None, &[("a", true), ("b", true)], TakesBack::All, true),
            ("one of two", None, &[("a", true), ("b", false)], TakesBack::Part, true),
            ("none", None, &[("a", false)], TakesBack::Nothing, false),
            ("none, and a new tag of another image", Some("c"), &[("a", false)], TakesBack::Part, true),
            (
                "none, and a new tag that keeps the last image",
                Some("a"),
                &[("a", false)],
                TakesBack::Nothing,
                false,
            ),
            ("nothing was replaced", Some("a"), &[], TakesBack::All, true),
        ];
        for (case, put, replaced, takes_back, has_undo) in table {
            let new = put.iter().map(|content| journal_item("new", None, Some(content)));
            let old = replaced.iter().map(|(content, _)| journal_item(content, Some(content), None));
            let entry = journal_entry(EntryState::Ended, new.chain(old).collect());
            let before: Vec<_> = replaced.iter().map(|(content, _)| (app(), digest(content))).collect();
            let found: Vec<Result<Presence, Error>> = replaced
                .iter()
                .map(|(_, can_return)| Ok(Presence { is_there: false, can_return: *can_return }))
                .collect();
            let mut report = Report { undo: Some(EntryId("1".into())), ..Report::default() };
            report_lost(&entry, &before, &found, &mut report);
            assert_eq!((report.takes_back, report.undo.is_some()), (takes_back, has_undo), "{case}");
            let names_it = report.notes.iter().any(|note| note.as_str().contains("undo cannot put"));
            assert_eq!(names_it, takes_back != TakesBack::All, "{case}");
        }
    }
}
