//! The remainder of a request: the parts that are left after a change was cut off, or that were not done.
//!
//! The rest of a cut-off change is compared with the plan that the user had confirmed. A tag that moved since the entry
//! was written is left alone and named. To change it as it is now, the user has to ask for that anew.
//!
//! Both remainders share this file, although it is long: a new kind of change adds its cases in one place.

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
    use crate::model::change::builders::{
        self, app, copy_request, delete_request, digest, failure, journal_entry, journal_item, retag_request,
        selector,
    };
    use crate::model::change::copy::{CopyRequest, What};
    use crate::model::change::delete::DeleteRequest;
    use crate::model::change::journal::{EntryId, EntryState};
    use crate::model::change::retag::RetagMode::{Add, Move};

    fn delete(tags: &[&str]) -> ChangeRequest {
        ChangeRequest::Delete(delete_request(tags))
    }

    fn item(text: &str, outcome: Outcome) -> ProgressItem {
        ProgressItem::new(format!("{text} (an image)"), [selector(text)]).ended(outcome)
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

    /// The remainder of an untagging of the image `a`. `items` has each tag with whether that was done, and `now` has
    /// its present image.
    fn remainder(items: &[(&str, Option<bool>)], now: &[(&str, Option<&str>)]) -> Remainder {
        let item = |(name, done): &(&str, Option<bool>)| JournalItem {
            done: *done,
            ..journal_item(name, Some("a"), None)
        };
        let entry = journal_entry(EntryState::Open, items.iter().map(item).collect());
        let now = now.iter().map(|(name, at)| ((app(), selector(name)), at.map(digest)));
        Remainder { confirmed: Confirmed::of(&entry), now: now.collect(), moved: Vec::new() }
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

    fn retag(mode: retag::RetagMode, names: &[(&str, &str)]) -> ChangeRequest {
        ChangeRequest::Retag(retag_request(mode, names))
    }

    fn copy(what: What, tag: Option<&str>) -> ChangeRequest {
        ChangeRequest::Copy(CopyRequest { tag: tag.map(builders::tag), ..copy_request(what) })
    }

    fn images(names: &[&str]) -> What {
        What::Images(names.iter().map(|name| selector(name)).collect())
    }

    #[test]
    fn a_request_is_part_of_one_that_asks_for_all_of_it_and_more() {
        let two = [("1", "a"), ("2", "b")];
        let table = [
            ("fewer tags", delete(&["1"]), delete(&["1", "2"]), true),
            ("more tags", delete(&["1", "2"]), delete(&["1"]), false),
            ("other tags", delete(&["3"]), delete(&["1", "2"]), false),
            ("fewer new tags", retag(Add, &two[..1]), retag(Add, &two), true),
            ("another new tag", retag(Add, &[("1", "c")]), retag(Add, &two), false),
            ("the same copy", copy(What::AllTags, None), copy(What::AllTags, None), true),
            ("fewer copies", copy(images(&["1"]), None), copy(images(&["1", "2"]), None), false),
            ("another kind", delete(&["1"]), retag(Add, &two), false),
        ];
        for (case, request, whole, is_part) in table {
            assert_eq!(request.is_part_of(&whole), is_part, "{case}");
        }
    }

    /// The journal items are in `app`, those of copies at the destination.
    #[test]
    fn parts_that_the_journal_has_as_done_are_left_out() {
        let (yes, no) = (Some(true), Some(false));
        let item = |name: &str, done| JournalItem { done, ..journal_item(name, Some("a"), None) };
        let there =
            |name: &str, done| JournalItem { repository: copy_request(What::AllTags).to, ..item(name, done) };
        let digest = digest("a").to_string();
        let undo = ChangeRequest::Undo(EntryId("1".into()));
        let table = [
            ("one of two", delete(&["1", "2"]), vec![item("1", yes), item("2", None)], Some(delete(&["2"]))),
            (
                "one that failed",
                delete(&["1", "2"]),
                vec![item("1", yes), item("2", no)],
                Some(delete(&["2"])),
            ),
            ("all", delete(&["1"]), vec![item("1", yes)], None),
            (
                "the second step is open",
                delete(&["1"]),
                vec![item("1", yes), item("1", None)],
                Some(delete(&["1"])),
            ),
            (
                "the tags went and the digest did not",
                delete(&["1"]),
                vec![item("1", yes), item(&digest, None)],
                Some(delete(&[&digest])),
            ),
            ("a new tag", retag(Add, &[("1", "2")]), vec![item("2", yes)], None),
            (
                "a new tag whose old one stays still",
                retag(Move, &[("1", "2")]),
                vec![item("2", yes), item("1", None)],
                Some(retag(Move, &[("1", "2")])),
            ),
            ("a rename", retag(Move, &[("1", "2")]), vec![item("2", yes), item("1", yes)], None),
            (
                "one of two copies",
                copy(images(&["1", "2"]), None),
                vec![there("1", yes)],
                Some(copy(images(&["2"]), None)),
            ),
            ("a copy under another tag", copy(images(&["1"]), Some("2")), vec![there("2", yes)], None),
            (
                "a tag of the same name at the source",
                copy(images(&["1"]), None),
                vec![item("1", yes)],
                Some(copy(images(&["1"]), None)),
            ),
            ("an undo", undo.clone(), vec![item("1", yes)], Some(undo)),
        ];
        for (case, request, items, rest) in table {
            assert_eq!(request.without_done(&items), rest, "{case}");
        }
    }

    #[test]
    fn only_named_parts_are_retained() {
        let table = [
            ("tags", delete(&["1", "2"]), Some(delete(&["1"]))),
            ("no tag", delete(&["2"]), None),
            ("new tags", retag(Add, &[("1", "a"), ("2", "b")]), Some(retag(Add, &[("1", "a")]))),
            ("no new tag", retag(Add, &[("2", "b")]), None),
            ("copies", copy(images(&["1", "2"]), None), Some(copy(images(&["1"]), None))),
            ("no copy", copy(images(&["2"]), None), None),
            ("all tags", copy(What::AllTags, None), None),
            ("an undo", ChangeRequest::Undo(EntryId("1".into())), None),
        ];
        for (case, request, expected) in table {
            assert_eq!(request.retain(|one| *one == selector("1")), expected, "{case}");
        }
    }

    /// The rename of `old`, the image `a`, to `new`, which was the image `b`. Each row has the images that the tags have
    /// now, whether the rest is planned again, and the name of the tag that moved.
    #[test]
    fn a_rename_goes_on_unless_one_of_its_tags_moved() {
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        let table = [
            ("untouched", Move, a, b, true, ""),
            ("put, and the old tag stays", Move, a, a, true, ""),
            ("put, and the old tag is gone", Move, None, a, false, ""),
            ("put, and the old tag moved", Move, c, a, false, "old"),
            ("the new tag moved", Move, a, c, false, "new"),
            ("the source moved", Move, c, b, false, "old"),
            ("the source is gone", Move, None, b, false, "old"),
            ("added", Add, a, a, false, ""),
            ("to be added", Add, a, b, true, ""),
            ("to be added, and the source moved", Add, c, b, false, "old"),
        ];
        for (case, mode, old, new, is_left, moved) in table {
            let added = journal_item("new", b, a);
            let removed = journal_item("old", a, None);
            let items = if mode == Add { vec![added] } else { vec![added, removed] };
            let now =
                [("old", old), ("new", new)].map(|(name, at)| ((app(), selector(name)), at.map(digest)));
            let confirmed = Confirmed::of(&journal_entry(EntryState::Open, items));
            let mut remainder = Remainder { confirmed, now: now.into(), moved: Vec::new() };
            let request = retag(mode, &[("old", "new")]);
            assert_eq!(remainder.rest(request.clone()), is_left.then_some(request), "{case}");
            let names: Vec<&str> = remainder.moved.iter().map(|one| one.name.as_str()).collect();
            assert_eq!(names.join(" "), moved, "{case}");
        }
    }

    #[test]
    fn the_digest_of_an_image_whose_tags_went_still_goes() {
        let digest_a = digest("a").to_string();
        let request = |names: &[&str]| {
            let method = Some(DeleteMethod::Image);
            ChangeRequest::Delete(DeleteRequest { method, ..delete_request(names) })
        };
        for (case, now, rest) in
            [("it is there", Some("a"), Some(request(&[&digest_a]))), ("it is gone", None, None)]
        {
            let mut remainder = remainder(&[("1", Some(true)), (&digest_a, None)], &[(&digest_a, now)]);
            assert_eq!(remainder.rest(request(&["1"])), rest, "{case}");
        }
    }

    /// Tags that came to the source later were not confirmed, and lists of referrers are planned with their images.
    #[test]
    fn the_rest_of_a_copy_of_all_tags_is_the_tags_that_were_confirmed() {
        let list = format!("sha256-{}", "ab".repeat(32));
        let to = copy_request(What::AllTags).to;
        let item = |name: &str, done| JournalItem {
            repository: to.clone(),
            done,
            ..journal_item(name, None, Some("a"))
        };
        let items = vec![item("1", Some(true)), item("2", None), item("3", None), item(&list, None)];
        let confirmed = Confirmed::of(&journal_entry(EntryState::Open, items));
        let now = [("2", None), ("3", Some("c"))]
            .map(|(name, at): (&str, Option<&str>)| ((to.clone(), selector(name)), at.map(digest)));
        let mut remainder = Remainder { confirmed, now: now.into(), moved: Vec::new() };
        let rest = remainder.rest(copy(What::AllTags, None));
        assert_eq!(rest, Some(copy(images(&["2"]), None)));
        assert_eq!(remainder.moved.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["3"]);
    }
}
