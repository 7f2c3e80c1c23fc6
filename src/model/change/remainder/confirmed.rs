//! Everything that the user confirmed with a change, as its journal entry records it.

use std::collections::HashMap;

use crate::model::change::delete::DeleteMethod;
use crate::model::change::journal::JournalEntry;
use crate::model::change::{ChangePlan, copy, delete, retag};
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector, Tag};

/// Everything that a journal entry did, or was about to do, to one tag or digest, in all its steps.
#[derive(Debug)]
pub(super) struct TouchedTarget {
    /// The digests that it may have as long as no other client touched it.
    pub(super) known_digests: Vec<Option<Digest>>,
    /// The digest that it has when every step is done.
    pub(super) end: Option<Digest>,
    pub(super) is_done: bool,
}

/// Everything that the user confirmed.
#[derive(Debug)]
pub(crate) struct Confirmed(pub(super) HashMap<(Repository, Selector), TouchedTarget>);

impl Confirmed {
    /// Returns everything that the user confirmed with a journal entry.
    pub(crate) fn of(entry: &JournalEntry) -> Confirmed {
        let mut all: HashMap<(Repository, Selector), TouchedTarget> = HashMap::new();
        for item in &entry.items {
            let before = item.before.as_ref().map(|held| held.digest);
            let place = all
                .entry((item.repository.clone(), item.selector.clone()))
                .or_insert_with(|| TouchedTarget { known_digests: vec![before], end: None, is_done: true });
            place.known_digests.push(item.after);
            place.end = item.after;
            place.is_done &= item.done == Some(true);
        }
        Confirmed(all)
    }

    /// Returns the tags and digests that are not done.
    pub(crate) fn open_targets(&self) -> impl Iterator<Item = (Repository, Selector)> {
        self.0.iter().filter(|(_, target)| !target.is_done).map(|(key, _)| key.clone())
    }

    /// Returns the digests that a tag or digest may have as long as no other client touched it.
    pub(crate) fn known_digests(&self, repository: &Repository, selector: &Selector) -> Vec<Digest> {
        let target = self.get(repository, selector).into_iter();
        target.flat_map(|target| target.known_digests.iter().copied().chain([target.end])).flatten().collect()
    }

    pub(super) fn get(&self, repository: &Repository, selector: &Selector) -> Option<&TouchedTarget> {
        self.0.get(&(repository.clone(), selector.clone()))
    }

    /// Returns whether a tag or digest had that image when the change was confirmed.
    pub(super) fn had_digest(&self, repository: &Repository, selector: &Selector, digest: Digest) -> bool {
        self.get(repository, selector).is_some_and(|place| place.known_digests.contains(&Some(digest)))
    }

    /// Returns the selectors of those parts of a plan that were not confirmed as they are now, each with the reason to
    /// leave it alone.
    pub(crate) fn unconfirmed_parts(&self, plan: &ChangePlan) -> Vec<(Selector, String)> {
        match plan {
            ChangePlan::Delete(plan) => self.unconfirmed_deletes(plan),
            ChangePlan::Retag(plan) => self.unconfirmed_retags(plan),
            ChangePlan::Copy(plan) => self.unconfirmed_copies(plan),
            ChangePlan::Undo(_) => Vec::new(),
        }
    }

    fn unconfirmed_deletes(&self, plan: &delete::DeletePlan) -> Vec<(Selector, String)> {
        let was = |selector: Selector, digest| self.had_digest(&plan.repository, &selector, digest);
        let mut unconfirmed = Vec::new();
        for image in &plan.images {
            let tags = image.named.iter().cloned().map(Selector::Tag);
            let named = tags.chain(image.by_digest.then_some(Selector::Digest(image.digest)));
            let is_new = |tag: &&Tag| !was(Selector::Tag((*tag).clone()), image.digest);
            let new_tag = image.others.iter().filter(|_| plan.method == DeleteMethod::Image).find(is_new);
            let new_referrer = plan.referrers_that_go(image).find(|referrer| {
                let tag = referrer.tag.clone().map(Selector::Tag);
                !was(Selector::Digest(referrer.digest), referrer.digest)
                    && !tag.is_some_and(|tag| was(tag, referrer.digest))
            });
            for selector in named {
                let why = match (new_tag, new_referrer) {
                    _ if !was(selector.clone(), image.digest) => Some(describe_move(Some(image.digest))),
                    (Some(tag), _) => {
                        Some(format!("`{tag}` points to it too since the change was confirmed"))
                    }
                    (None, Some(referrer)) => Some(format!(
                        "{} refers to it since the change was confirmed",
                        referrer.digest.short()
                    )),
                    (None, None) => None,
                };
                unconfirmed.extend(why.map(|why| (selector, why)));
            }
        }
        unconfirmed
    }

    fn unconfirmed_retags(&self, plan: &retag::RetagPlan) -> Vec<(Selector, String)> {
        let unconfirmed_part = |step: &retag::RetagStep| {
            let place = self.get(&step.to, &Selector::Tag(step.tag.clone()))?;
            let why = match place {
                _ if place.end != Some(step.digest) => describe_move(Some(step.digest)),
                _ if !place.known_digests.contains(&step.replaces) => {
                    format!("{}: {}", step.tag, describe_move(step.replaces))
                }
                _ => return None,
            };
            Some((step.selector.clone(), why))
        };
        plan.steps.iter().filter_map(unconfirmed_part).collect()
    }

    fn unconfirmed_copies(&self, plan: &copy::CopyPlan) -> Vec<(Selector, String)> {
        let unconfirmed_part = |image: &copy::ImageToCopy| {
            let place = self.get(&plan.to, &Selector::Tag(image.tag.clone()?))?;
            let why = match place {
                _ if place.end != Some(image.digest) => describe_move(Some(image.source)),
                _ if !place.known_digests.contains(&image.replaces) => describe_move(image.replaces),
                _ => return None,
            };
            Some((image.selector.clone(), why))
        };
        plan.images.iter().filter_map(unconfirmed_part).collect()
    }
}

/// Returns the text about a tag or digest that moved since the change was confirmed.
pub(super) fn describe_move(now: Option<Digest>) -> String {
    match now {
        Some(now) => format!("it moved since the change was confirmed, to {}", now.short()),
        None => "it is gone since the change was confirmed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{
        app, copy_plan, copy_request, delete_plan, digest, image_to_copy, image_to_delete, journal_entry,
        journal_item, retag_plan, retag_step, selector, signature, tag,
    };
    use crate::model::change::copy::{ImageToCopy, What};
    use crate::model::change::delete::{Along, DeletePlan, ImageToDelete};
    use crate::model::change::journal::{EntryState, JournalItem};
    use crate::model::change::retag::{RetagMode, RetagStep};

    fn confirmed(items: Vec<JournalItem>) -> Confirmed {
        Confirmed::of(&journal_entry(EntryState::Open, items))
    }

    /// Returns each selector with its reason.
    fn described(parts: Vec<(Selector, String)>) -> Vec<String> {
        parts.into_iter().map(|(selector, why)| format!("{}: {why}", selector.short())).collect()
    }

    #[test]
    fn a_delete_leaves_out_images_that_are_not_as_they_were_confirmed() {
        use DeleteMethod::{Image, Untag};
        let (image_digest, signature_digest) = (digest("a").to_string(), digest("s").to_string());
        let items: [(&str, &str); 4] =
            [("1", "a"), ("2", "a"), (&image_digest, "a"), (&signature_digest, "s")];
        let confirmed =
            confirmed(items.map(|(name, content)| journal_item(name, Some(content), None)).into());
        let image = |content, named: &[&str], others: &[&str]| ImageToDelete {
            others: others.iter().map(|name| tag(name)).collect(),
            ..image_to_delete(content, named)
        };
        let signed = |by| ImageToDelete { referrers: vec![signature(by, "a")], ..image("a", &["1"], &[]) };
        let moved = format!("1: it moved since the change was confirmed, to {}", digest("b").short());
        let signed_since = format!("1: {} refers to it since the change was confirmed", digest("t").short());
        let table: [(&str, DeleteMethod, ImageToDelete, Vec<String>); 7] = [
            ("as it was", Untag, image("a", &["1"], &[]), vec![]),
            ("the tag moved", Untag, image("b", &["1"], &[]), vec![moved]),
            ("another tag of it", Image, image("a", &["1"], &["2"]), vec![]),
            (
                "a new tag of it",
                Image,
                image("a", &["1"], &["3"]),
                vec!["1: `3` points to it too since the change was confirmed".into()],
            ),
            ("a new tag of it, which stays", Untag, image("a", &["1"], &["3"]), vec![]),
            ("its signature", Image, signed("s"), vec![]),
            ("a new signature of it", Image, signed("t"), vec![signed_since]),
        ];
        for (case, method, image, expected) in table {
            let along = Along { referrers: true, ..Along::default() };
            let plan = DeletePlan { along, ..delete_plan(method, vec![image]) };
            assert_eq!(described(confirmed.unconfirmed_parts(&ChangePlan::Delete(plan))), expected, "{case}");
        }
    }

    #[test]
    fn retags_and_copies_leave_out_tags_that_are_not_as_they_were_confirmed() {
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        let to = copy_request(What::AllTags).to;
        let there = JournalItem { repository: to, ..journal_item("new", b, a) };
        let confirmed = confirmed(vec![journal_item("new", b, a), there]);
        let moved =
            |now: &str| format!("it moved since the change was confirmed, to {}", digest(now).short());
        let gone = "it is gone since the change was confirmed".to_string();
        // The image that is put, the image that the new tag has now, and the reason, if there is one.
        let table = [
            ("as it was", "a", b, None),
            ("done already", "a", a, None),
            ("the image moved", "c", b, Some(moved("c"))),
            ("the new tag moved", "a", c, Some(moved("c"))),
            ("the new tag is gone", "a", None, Some(gone)),
        ];
        for (case, image, now, why) in table {
            let (image, replaces) = (digest(image), now.map(digest));
            let step = RetagStep { digest: image, replaces, ..retag_step("old", "new") };
            let retag = ChangePlan::Retag(retag_plan(RetagMode::Add, vec![step]));
            let names_tag =
                |why: &String| if image == digest("a") { format!("new: {why}") } else { why.clone() };
            let expected: Vec<(Selector, String)> =
                why.iter().map(|why| (selector("old"), names_tag(why))).collect();
            assert_eq!(confirmed.unconfirmed_parts(&retag), expected, "{case}");
            let copied = ImageToCopy { digest: image, source: image, replaces, ..image_to_copy("new") };
            let copy = ChangePlan::Copy(copy_plan(vec![copied]));
            let expected: Vec<(Selector, String)> =
                why.into_iter().map(|why| (selector("new"), why)).collect();
            assert_eq!(confirmed.unconfirmed_parts(&copy), expected, "{case}");
        }
    }

    #[test]
    fn a_tag_that_is_changed_in_two_steps_may_have_each_of_their_images() {
        let steps = vec![journal_item("1", Some("a"), Some("b")), journal_item("1", Some("b"), None)];
        let confirmed = confirmed(steps);
        let known = confirmed.known_digests(&app(), &selector("1"));
        assert_eq!(known, [digest("a"), digest("b")]);
        assert_eq!(confirmed.open_targets().count(), 1);
    }
}
