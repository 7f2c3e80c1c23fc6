//! The changes of single tags and manifests that an entry records, in all their steps.

use crate::model::change::journal::{JournalEntry, JournalItem, Saved, SavedManifest, SavedRole};
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector};

/// Everything that an entry did to one tag or digest, in all its steps.
pub(super) struct TagChange {
    pub(super) repository: Repository,
    pub(super) selector: Selector,
    pub(super) before: Option<SavedManifest>,
    /// The digests that it may have now if no other client touched it.
    pub(super) known_digests: Vec<Option<Digest>>,
    /// Whether the change did not touch it, so that it is put back only if it disappeared.
    pub(super) is_saved: bool,
    /// Whether damage makes it uncertain which state the entry replaced.
    pub(super) is_uncertain: bool,
    /// Whether the server accepted the change and never showed it, or did not answer.
    pub(super) is_unconfirmed: bool,
}

/// Returns the changes of an entry in the order in which they are undone: content before the tags that need it, and
/// each group in the reverse order of the change.
pub(super) fn changes(entry: &JournalEntry) -> Vec<TagChange> {
    let mut changes: Vec<TagChange> = Vec::new();
    // An item without a state before and after could not be read, and so was not touched.
    let is_change =
        |item: &JournalItem| item.done != Some(false) && (item.before.is_some() || item.after.is_some());
    let is_uncertain = |at: usize| entry.damage.uncertain.contains(&at);
    let is_unconfirmed = |at: usize| entry.unconfirmed.contains(&at);
    for (at, item) in entry.items.iter().enumerate().filter(|(_, item)| is_change(item)) {
        let is_same = |change: &&mut TagChange| {
            change.repository == item.repository && change.selector == item.selector
        };
        match changes.iter_mut().find(is_same) {
            Some(change) => {
                change.known_digests.push(item.after);
                change.is_uncertain |= is_uncertain(at);
                change.is_unconfirmed |= is_unconfirmed(at);
            }
            None => changes.push(TagChange {
                repository: item.repository.clone(),
                selector: item.selector.clone(),
                before: item.before.clone(),
                known_digests: vec![item.before.as_ref().map(|held| held.digest), item.after],
                is_saved: false,
                is_uncertain: is_uncertain(at),
                is_unconfirmed: is_unconfirmed(at),
            }),
        }
    }
    changes.reverse();
    // A kept tag goes after its image is put back.
    changes.sort_by_key(|change| match &change.selector {
        Selector::Digest(_) => 0,
        Selector::Tag(tag) if tag.keeps_image() && change.before.is_none() => 2,
        Selector::Tag(_) => 1,
    });
    let (children, referrers): (Vec<&Saved>, Vec<&Saved>) =
        entry.saved.iter().partition(|saved| saved.role == SavedRole::Child);
    let saved = |saved: &Saved| TagChange {
        repository: saved.repository.clone(),
        selector: Selector::Digest(saved.held.digest),
        before: Some(saved.held.clone()),
        known_digests: vec![None],
        is_uncertain: false,
        is_unconfirmed: false,
        is_saved: true,
    };
    // Children come before the indexes that list them.
    changes.splice(0..0, children.into_iter().map(saved));
    let first_tag = changes.iter().position(|change| matches!(change.selector, Selector::Tag(_)));
    let first_tag = first_tag.unwrap_or(changes.len());
    changes.splice(first_tag..first_tag, referrers.into_iter().map(saved));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{app, digest, journal_entry, journal_item, saved_manifest};
    use crate::model::change::journal::{Damage, EntryState};
    use crate::model::reference::Tag;

    /// The names of the changes in their order.
    fn names(entry: &JournalEntry) -> Vec<String> {
        changes(entry).iter().map(|change| change.selector.short()).collect()
    }

    fn ended(items: Vec<JournalItem>) -> JournalEntry {
        journal_entry(EntryState::Ended, items)
    }

    /// Content is put back before the tags that need it, and the tag that keeps an image goes when its image is back.
    #[test]
    fn changes_are_undone_in_the_reverse_order_with_content_first_and_kept_tags_last() {
        let saved = |content, role| Saved { repository: app(), role, held: saved_manifest(content) };
        let (image, index) = (digest("a").to_string(), digest("i").to_string());
        let kept = Tag::kept_tag(&digest("a"), 1).to_string();
        let entry = JournalEntry {
            saved: vec![saved("child", SavedRole::Child), saved("sbom", SavedRole::Referrer)],
            ..ended(vec![
                journal_item(&kept, None, Some("a")),
                journal_item("1", Some("a"), None),
                journal_item("2", Some("i"), None),
                journal_item(&index, Some("i"), None),
                journal_item(&image, Some("a"), None),
            ])
        };
        let short = |content| digest(content).short();
        let expected = [short("child"), short("a"), short("i"), short("sbom"), "2".into(), "1".into(), kept];
        assert_eq!(names(&entry), expected);
        let is_saved: Vec<bool> = changes(&entry).iter().map(|change| change.is_saved).collect();
        assert_eq!(is_saved, [true, false, false, true, false, false, false]);
    }

    #[test]
    fn parts_that_changed_nothing_are_no_changes() {
        let item = |done| JournalItem { done, ..journal_item("1", Some("a"), None) };
        let table = [
            ("done", item(Some(true)), 1),
            ("not known", item(None), 1),
            ("not done", item(Some(false)), 0),
            ("never read", journal_item("1", None, None), 0),
        ];
        for (case, item, count) in table {
            assert_eq!(changes(&ended(vec![item])).len(), count, "{case}");
        }
    }

    #[test]
    fn all_steps_of_one_tag_are_one_change_that_may_stand_at_any_of_them() {
        let entry = JournalEntry {
            unconfirmed: vec![1],
            damage: Damage { uncertain: vec![2], ..Damage::default() },
            ..ended(vec![
                journal_item("1", Some("a"), Some("b")),
                journal_item("1", Some("b"), None),
                journal_item("2", None, Some("a")),
            ])
        };
        let changes = changes(&entry);
        let [second, first] = changes.as_slice() else { panic!("two tags") };
        assert_eq!(first.known_digests, [Some(digest("a")), Some(digest("b")), None]);
        assert_eq!(first.before.as_ref().map(|held| held.digest), Some(digest("a")));
        assert_eq!((first.is_unconfirmed, first.is_uncertain), (true, false));
        assert_eq!(second.known_digests, [None, Some(digest("a"))]);
        assert_eq!((second.is_unconfirmed, second.is_uncertain), (false, true));
    }
}
