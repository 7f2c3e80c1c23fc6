//! The remainder of a request: the parts that are left after a change was cut off, or that were not done.
//!
//! The rest of a cut-off change is compared with the plan that the user had confirmed. A tag that moved since the entry
//! was written is left alone and named. To change it as it is now, the user has to ask for that anew.

mod confirmed;

pub(crate) use confirmed::Confirmed;

use std::collections::{HashMap, HashSet};

use super::delete::DeleteMethod;
use super::journal::JournalItem;
use super::progress::{Outcome, ProgressItem, Unresolved};
use super::{ChangeRequest, copy, retag};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;

impl ChangeRequest {
    /// Returns whether another request contains everything that this one asks for.
    pub(crate) fn is_part_of(&self, whole: &ChangeRequest) -> bool {
        match (self, whole) {
            (ChangeRequest::Delete(request), ChangeRequest::Delete(whole)) => {
                request.repository == whole.repository
                    && request.selectors.iter().all(|selector| whole.selectors.contains(selector))
            }
            (ChangeRequest::Retag(request), ChangeRequest::Retag(whole)) => {
                request.from == whole.from && request.items.iter().all(|item| whole.items.contains(item))
            }
            (request, whole) => request == whole,
        }
    }

    /// Returns the request without the parts that were done according to its journal entry, or `None` if nothing is left.
    pub(crate) fn without_done(self, items: &[JournalItem]) -> Option<ChangeRequest> {
        let open: HashSet<(&Repository, &Selector)> = items
            .iter()
            .filter(|item| item.done != Some(true))
            .map(|item| (&item.repository, &item.selector))
            .collect();
        // A tag may be changed in two steps. It is done with the last one.
        let done: HashSet<(&Repository, &Selector)> = items
            .iter()
            .map(|item| (&item.repository, &item.selector))
            .filter(|step| !open.contains(step))
            .collect();
        Some(match self {
            ChangeRequest::Delete(mut request) => {
                request.selectors.retain(|selector| !done.contains(&(&request.repository, selector)));
                if request.selectors.is_empty() {
                    // The named tags went, and digests that were to go with them did not.
                    let digests = items.iter().map(|item| &item.selector);
                    let is_open = |selector: &&Selector| open.contains(&(&request.repository, *selector));
                    let digests = digests.filter(|selector| matches!(selector, Selector::Digest(_)));
                    request.selectors = digests.filter(is_open).cloned().collect();
                }
                if request.selectors.is_empty() {
                    return None;
                }
                ChangeRequest::Delete(request)
            }
            ChangeRequest::Retag(mut request) => {
                let from = request.from.clone();
                let is_moved =
                    |selector: &Selector| !request.mode.moves() || done.contains(&(&from, selector));
                request.items.retain(|(selector, to, tag)| {
                    !(done.contains(&(to, &Selector::Tag(tag.clone()))) && is_moved(selector))
                });
                if request.items.is_empty() {
                    return None;
                }
                ChangeRequest::Retag(request)
            }
            ChangeRequest::Copy(mut request) => {
                let single = request.tag.clone();
                if let copy::What::Images(selectors) = &mut request.what {
                    let target =
                        |selector: &Selector| single.clone().map_or_else(|| selector.clone(), Selector::Tag);
                    selectors.retain(|selector| !done.contains(&(&request.to, &target(selector))));
                    if selectors.is_empty() {
                        return None;
                    }
                }
                ChangeRequest::Copy(request)
            }
            undo @ (ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_)) => undo,
        })
    }

    /// Returns the tags and digests that have to be looked at besides those that the change touches: the sources of a
    /// retag.
    pub(crate) fn named_sources(&self) -> Vec<(Repository, Selector)> {
        match self {
            ChangeRequest::Retag(request) => {
                request.items.iter().map(|(selector, ..)| (request.from.clone(), selector.clone())).collect()
            }
            ChangeRequest::Delete(_)
            | ChangeRequest::Copy(_)
            | ChangeRequest::Undo(_)
            | ChangeRequest::UndoByReplacement(_) => Vec::new(),
        }
    }

    /// Returns the request with only those of its named tags and digests that `keeps` accepts, or `None` if nothing is
    /// left of it. A copy of all tags names none, and neither does an undo.
    pub(crate) fn retain(mut self, keeps: impl Fn(&Selector) -> bool) -> Option<ChangeRequest> {
        let is_left = match &mut self {
            ChangeRequest::Delete(request) => {
                request.selectors.retain(&keeps);
                !request.selectors.is_empty()
            }
            ChangeRequest::Retag(request) => {
                request.items.retain(|(selector, ..)| keeps(selector));
                !request.items.is_empty()
            }
            ChangeRequest::Copy(request) => match &mut request.what {
                copy::What::Images(selectors) => {
                    selectors.retain(&keeps);
                    !selectors.is_empty()
                }
                copy::What::AllTags => false,
            },
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => false,
        };
        is_left.then_some(self)
    }

    /// Returns the part of the request that was not done according to the items of its report, or `None` if all of it
    /// was done. Returns the whole request if the items that failed do not belong to a tag or digest: parts that are
    /// done stay as they are.
    pub(crate) fn unfinished(&self, items: &[ProgressItem]) -> Option<ChangeRequest> {
        let is_open =
            |item: &&ProgressItem| !matches!(item.outcome, Some(Outcome::Done(_) | Outcome::Unchanged(_)));
        let open: Vec<&ProgressItem> = items.iter().filter(is_open).collect();
        if open.is_empty() {
            return None;
        }
        let is_named = |selector: &Selector| open.iter().any(|item| item.selectors.contains(selector));
        Some(self.clone().retain(is_named).unwrap_or_else(|| self.clone()))
    }
}

/// The present digests of the tags and digests that the rest of a change concerns.
pub(crate) type Now = HashMap<(Repository, Selector), Option<Digest>>;

/// The progress of a tag or digest.
#[derive(Debug, PartialEq, Eq)]
enum TargetProgress {
    /// It has the digest that the change gives it.
    Done,
    /// It is as it was before.
    Open,
    /// Another client changed it.
    Moved(Option<Digest>),
}

/// Reduces a request to the parts that are still open, and collects those that moved.
#[derive(Debug)]
pub(crate) struct Remainder {
    /// Everything that the user confirmed.
    pub(crate) confirmed: Confirmed,
    /// The present digests.
    pub(crate) now: Now,
    /// The parts that moved, each with the reason to leave it alone.
    pub(crate) moved: Vec<Unresolved>,
}

impl Remainder {
    fn progress_of(&self, repository: &Repository, selector: &Selector) -> TargetProgress {
        let Some(place) = self.confirmed.get(repository, selector) else { return TargetProgress::Open };
        if place.is_done {
            return TargetProgress::Done;
        }
        match self.now.get(&(repository.clone(), selector.clone())) {
            Some(now) if *now == place.end => TargetProgress::Done,
            Some(now) if !place.known_digests.contains(now) => TargetProgress::Moved(*now),
            _ => TargetProgress::Open,
        }
    }

    /// Returns whether it is open. If it moved, it is added to the list of moved parts.
    fn is_open(&mut self, repository: &Repository, selector: &Selector) -> bool {
        match self.progress_of(repository, selector) {
            TargetProgress::Open => true,
            TargetProgress::Done => false,
            TargetProgress::Moved(now) => {
                self.moved.push(unresolved(selector, confirmed::describe_move(now)));
                false
            }
        }
    }

    /// Returns the request without the parts that are done or moved, or `None` if nothing is left of it.
    pub(crate) fn rest(&mut self, request: ChangeRequest) -> Option<ChangeRequest> {
        match request {
            ChangeRequest::Delete(mut request) => {
                let repository = request.repository.clone();
                request.selectors.retain(|selector| self.is_open(&repository, selector));
                if request.selectors.is_empty()
                    && self.moved.is_empty()
                    && request.method == Some(DeleteMethod::Image)
                {
                    // The tags of the image went, and its digest stayed.
                    request.selectors = self.open_digests(&repository);
                }
                (!request.selectors.is_empty()).then_some(ChangeRequest::Delete(request))
            }
            ChangeRequest::Retag(mut request) => {
                let (from, method) = (request.from.clone(), request.mode);
                request
                    .items
                    .retain(|(selector, to, tag)| self.needs_retag(&from, method, selector, to, tag));
                (!request.items.is_empty()).then_some(ChangeRequest::Retag(request))
            }
            ChangeRequest::Copy(mut request) => {
                let to = request.to.clone();
                let selectors = match request.what {
                    copy::What::Images(selectors) => selectors,
                    // These are all tags that existed then; tags that were added since were not confirmed.
                    copy::What::AllTags => self.tags_of(&to),
                };
                let target =
                    |selector: &Selector| request.tag.clone().map_or_else(|| selector.clone(), Selector::Tag);
                let open = selectors.into_iter().filter(|selector| self.is_open(&to, &target(selector)));
                let open: Vec<Selector> = open.collect();
                request.what = copy::What::Images(open.clone());
                (!open.is_empty()).then_some(ChangeRequest::Copy(request))
            }
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => Some(request),
        }
    }

    /// Returns whether an image still has to get its new tag, or to lose its old one.
    fn needs_retag(
        &mut self,
        from: &Repository,
        mode: retag::RetagMode,
        selector: &Selector,
        to: &Repository,
        tag: &Tag,
    ) -> bool {
        let target = Selector::Tag(tag.clone());
        let image = self.confirmed.get(to, &target).and_then(|place| place.end);
        let source = self.now.get(&(from.clone(), selector.clone())).copied().flatten();
        let (is_put, moves) = match self.progress_of(to, &target) {
            TargetProgress::Moved(now) => {
                self.moved.push(unresolved(&target, confirmed::describe_move(now)));
                return false;
            }
            TargetProgress::Done => (true, mode.moves()),
            TargetProgress::Open => (false, true),
        };
        // A replacement on the old tag comes from this change, too.
        let is_ours = source.is_some_and(|source| self.confirmed.had_digest(from, selector, source));
        match source == image || (mode.moves() && is_ours) {
            _ if is_put && (!moves || source.is_none()) => false,
            true => true,
            false => {
                self.moved.push(unresolved(selector, confirmed::describe_move(source)));
                false
            }
        }
    }

    fn open_digests(&self, of: &Repository) -> Vec<Selector> {
        let digests = self.confirmed.0.keys().filter(|(repository, _)| repository == of);
        let digests = digests.map(|(_, selector)| selector).filter(|one| matches!(one, Selector::Digest(_)));
        let mut open: Vec<Selector> = digests
            .filter(|digest| matches!(self.progress_of(of, digest), TargetProgress::Open))
            .cloned()
            .collect();
        open.sort_by_key(Selector::to_string);
        open
    }

    /// Returns the tags of images. Lists of referrers are left out: they are planned anew with the images.
    fn tags_of(&self, to: &Repository) -> Vec<Selector> {
        let is_list = |selector: &Selector| matches!(selector, Selector::Tag(tag) if tag.is_referrer_list());
        let all = self.confirmed.0.keys();
        let all = all.filter(|(repository, selector)| repository == to && !is_list(selector));
        let mut all: Vec<Selector> = all.map(|(_, selector)| selector.clone()).collect();
        all.sort_by_key(Selector::to_string);
        all
    }
}

/// Returns a part that is skipped, with the reason.
pub(crate) fn unresolved(selector: &Selector, why: String) -> Unresolved {
    let failure = Failure {
        what: SafeText::from(format!("{} is skipped", selector.short())),
        why: SafeText::from(why),
        hint: Some("request it again to change it as it is now".into()),
        kind: FailureKind::Local,
    };
    Unresolved::of(selector, failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::ChangeKind;
    use crate::model::change::delete;
    use crate::model::change::journal::{EntryId, EntryState, JournalEntry, JournalItem, SavedManifest};

    fn tag(text: &str) -> Selector {
        Selector::Tag(Tag::parse(text).expect("a tag"))
    }

    fn digest(text: &str) -> Digest {
        Digest::sha256(text.as_bytes())
    }

    fn repository() -> Repository {
        Repository::parse("r.test/app").expect("a repository")
    }

    fn delete(tags: &[&str]) -> ChangeRequest {
        ChangeRequest::Delete(delete::DeleteRequest {
            repository: repository(),
            selectors: tags.iter().map(|text| tag(text)).collect(),
            method: None,
            along: delete::Along::default(),
            keep: false,
        })
    }

    fn failure(kind: FailureKind) -> Failure {
        Failure { what: "untag".into(), why: "500".into(), hint: None, kind }
    }

    fn item(text: &str, outcome: Outcome) -> ProgressItem {
        ProgressItem::new(format!("{text} (an image)"), [tag(text)]).ended(outcome)
    }

    #[test]
    fn only_parts_that_are_not_done_are_unfinished() {
        let request = delete(&["1.0", "1.1", "1.2"]);
        let done = || Outcome::Done("untagged".into());
        let table = [
            (Outcome::Stopped, true),
            (Outcome::Skipped("not tried".into()), true),
            (Outcome::Unconfirmed(failure(FailureKind::Unconfirmed)), true),
            (Outcome::Failed(failure(FailureKind::Denied)), true),
            (Outcome::Unchanged("gone".into()), false),
            (done(), false),
        ];
        for (outcome, is_open) in table {
            let items = [item("1.0", done()), item("1.1", outcome.clone()), item("1.2", done())];
            let expected = is_open.then(|| delete(&["1.1"]));
            assert_eq!(request.unfinished(&items), expected, "{outcome:?}");
        }
    }

    #[test]
    fn all_is_planned_again_if_a_failed_part_was_not_asked_for_by_name() {
        let request = delete(&["1.0"]);
        let list = ProgressItem::new("referrers", []).ended(Outcome::Stopped);
        assert_eq!(request.unfinished(std::slice::from_ref(&list)), Some(request.clone()));
        let undo = ChangeRequest::Undo(EntryId("1".into()));
        assert_eq!(undo.unfinished(&[list]), Some(undo.clone()));
    }

    /// The journal entry of a change of `a` to `b`, with the outcome of each tag.
    fn entry(items: &[(&str, Option<bool>)]) -> JournalEntry {
        let saved = |text: &str| SavedManifest {
            digest: digest(text),
            media_type: String::new(),
            bytes: Default::default(),
        };
        let item = |(name, done): &(&str, Option<bool>)| JournalItem {
            repository: repository(),
            selector: tag(name),
            before: Some(saved("a")),
            after: None,
            done: *done,
        };
        JournalEntry {
            id: EntryId("1".into()),
            at: jiff::Timestamp::UNIX_EPOCH,
            title: "untag app:1".into(),
            kind: Some(ChangeKind::Delete),
            state: EntryState::Open,
            reached: Vec::new(),
            items: items.iter().map(item).collect(),
            saved: Vec::new(),
            probes: Vec::new(),
            unconfirmed: Vec::new(),
            damage: Default::default(),
        }
    }

    fn remainder(items: &[(&str, Option<bool>)], now: &[(&str, Option<&str>)]) -> Remainder {
        let now = now.iter().map(|(name, at)| ((repository(), tag(name)), at.map(digest)));
        Remainder { confirmed: Confirmed::of(&entry(items)), now: now.collect(), moved: Vec::new() }
    }

    #[test]
    fn the_rest_is_open_tags_and_moved_tags_are_named() {
        let items = [("done", Some(true)), ("gone", None), ("open", None), ("moved", Some(false))];
        let now = [("gone", None), ("open", Some("a")), ("moved", Some("c"))];
        let mut remainder = remainder(&items, &now);
        let rest = remainder.rest(delete(&["done", "gone", "open", "moved"]));
        assert_eq!(rest, Some(delete(&["open"])));
        let moved: Vec<&str> = remainder.moved.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(moved, ["moved"]);
    }

    #[test]
    fn nothing_is_left_if_every_tag_is_as_the_change_leaves_it() {
        let mut remainder = remainder(&[("1", None), ("2", Some(true))], &[("1", None)]);
        assert_eq!(remainder.rest(delete(&["1", "2"])), None);
        assert!(remainder.moved.is_empty());
    }
}
