//! Deleting images by digest, and what goes along with them: indexes before what they list, each looked at right before.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::prepared;
use super::recheck::Recheck;
use crate::client::{Cause, Client, Error};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;
use crate::model::work::Wish;
use crate::model::work::delete::{Image, Plan};
use crate::model::work::journal::Item;
use crate::model::work::progress::{Outcome, Report};
use crate::ops::work::course::Course;
use crate::ops::work::loss;
use crate::ops::work::tag::{Place, held, put_failure};
use crate::ops::work::{Watch, Workshop};

/// A digest that goes, with the tags that may go with it.
struct Part<'a> {
    digest: Digest,
    tags: Vec<&'a Tag>,
    role: Role<'a>,
}

/// Why it goes.
enum Role<'a> {
    /// It was named.
    Named(&'a Image),
    /// It refers to an image that was named.
    Referrer(Digest, &'a SafeText),
    /// Indexes that were named list it, and nothing else.
    Child(Vec<Digest>),
}

/// Deletes the images of a plan.
pub async fn run(workshop: &Workshop, plan: &Plan, watch: &Watch) -> Report {
    let parts = parts(plan);
    let course = Course::new(watch, parts.iter().map(Part::name));
    let client = workshop.pool.client(&plan.repository.host);
    let manifests =
        prepared::manifests(&client, &plan.repository.name, parts.iter().map(|part| part.digest)).await;
    let (items, ranges) = items(plan, &parts, &manifests);
    let wish = Wish::Delete(prepared::wish(plan));
    let mut saved = loss::kin(&client, &plan.loss).await;
    saved.retain(|saved| !parts.iter().any(|part| part.digest == saved.held.digest));
    let running = match workshop.journal.begin_saving(plan.title(), Some(wish), items, saved).await {
        Ok(running) => running,
        Err(failure) => return course.refused(&failure),
    };
    let mut deleting = Deleting {
        client: &client,
        plan,
        manifests,
        recheck: Recheck::new(&client, plan),
        gone: HashSet::new(),
        untagged: HashMap::new(),
        unnamed: Vec::new(),
        course,
    };
    for (index, (part, items)) in parts.iter().zip(ranges).enumerate() {
        let outcome = match deleting.course.is_over() {
            Some(outcome) => outcome,
            None => deleting.delete(part).await,
        };
        let is_half_done =
            matches!(outcome, Outcome::Failed(_) | Outcome::Stopped) && deleting.tell_untagged(part);
        deleting.note_unnamed(part, &outcome);
        match is_half_done {
            // Nobody notes what of it was done: undo looks at what is there.
            true => deleting.course.half_done(index, outcome),
            false => deleting.course.noted(&running, items, index, outcome).await,
        }
    }
    deleting.put_back_lost(&parts).await;
    deleting.tell_unnamed();
    deleting.course.close(running).await
}

/// A plan that is being carried out.
struct Deleting<'a> {
    client: &'a Client,
    plan: &'a Plan,
    manifests: HashMap<Digest, Result<Arc<Manifest>, Failure>>,
    recheck: Recheck<'a>,
    /// What is not there any more.
    gone: HashSet<Digest>,
    /// Digests whose tags were taken away first, because the server wants it so, with those tags.
    untagged: HashMap<Digest, Vec<Tag>>,
    /// What stays although that which named it went.
    unnamed: Vec<String>,
    course: Course<'a>,
}

impl<'a> Deleting<'a> {
    fn place(&self) -> Place<'a> {
        Place { client: self.client, name: &self.plan.repository.name }
    }

    async fn delete(&mut self, part: &Part<'_>) -> Outcome {
        if let Some(Err(failure)) = self.manifests.get(&part.digest) {
            return Outcome::Failed(failure.clone());
        }
        if let Some(why) = self.waits_for(part) {
            return Outcome::Left(why);
        }
        self.course.now(SafeText::from(format!("delete {}", part.name())));
        let what = || format!("cannot delete {}", part.name());
        let stop = self.course.stop();
        let mut tries = 0;
        let deleted = loop {
            // Only asked: to be broken off at any time.
            match stop.run_until_cancelled(self.objection(part)).await {
                Some(Ok(None)) if !stop.is_cancelled() => {}
                Some(Ok(None)) | None => return Outcome::Stopped,
                Some(Ok(Some(outcome))) => return outcome,
                Some(Err(failure)) => return Outcome::Failed(failure),
            }
            tries += 1;
            let error = match self.request(part, tries).await {
                Ok(()) => break Ok(()),
                Err(error) if error.cause.may_pass() => Error { tries, ..error },
                Err(error) if tries > 1 && error.cause.status() == Some(404) => break Ok(()),
                Err(error) => break Err(error),
            };
            // While we wait others push: it is looked at again.
            let waiting = self.client.waits_to_try_again(&error, tries);
            let is_tried_again = stop.run_until_cancelled(waiting).await;
            if is_tried_again.is_none() && matches!(error.cause.status(), Some(429 | 503)) {
                // It was not done, and the registry wants to be asked nothing for a while.
                return Outcome::Stopped;
            }
            if let Ok(None) = self.place().now(&Selector::Digest(part.digest)).await {
                // It was done, and its answer was lost.
                break Ok(());
            }
            match is_tried_again {
                Some(true) => {}
                Some(false) => break Err(error),
                None => return Outcome::Stopped,
            }
        };
        match deleted {
            Ok(()) => {}
            Err(error) if error.is_stopped() => return Outcome::Stopped,
            Err(error) if error.cause.status() == Some(404) => {
                self.gone.insert(part.digest);
                return Outcome::Already("it was gone already".into());
            }
            Err(error) => return Outcome::Failed(put_failure(&error, what())),
        }
        let selector = Selector::Digest(part.digest);
        match self.place().shows(&selector, None).await {
            Ok(true) => {
                self.gone.insert(part.digest);
                Outcome::Done("deleted".into())
            }
            // What it lists stays meanwhile.
            Ok(false) => self.place().unconfirmed(&selector, "and still shows it", None),
            Err(error) => self.place().unseen(&selector, &error),
        }
    }

    /// Why a part must be left alone, looked at right before.
    async fn objection(&mut self, part: &Part<'_>) -> Result<Option<Outcome>, Failure> {
        if let Some(outcome) = self.recheck.objection(part.digest, &part.tags, &self.gone).await? {
            return Ok(Some(outcome));
        }
        let is_meant = match part.role {
            Role::Named(image) => self.untagged.contains_key(&part.digest) || self.recheck.is_meant(image),
            Role::Referrer(..) | Role::Child(_) => true,
        };
        Ok((!is_meant).then(|| Outcome::Left("what was named leads elsewhere by now".into())))
    }

    async fn request(&mut self, part: &Part<'_>, tries: u32) -> Result<(), Error> {
        let name = &self.plan.repository.name;
        let deleted = self.client.delete_manifest_once(name, &part.digest).await;
        match deleted.as_ref().is_err_and(wants_no_tags) {
            true => {
                self.untag_first(part).await;
                if self.course.stop().is_cancelled() {
                    let host = SafeText::from(self.plan.repository.host.as_str().to_string());
                    return Err(Error { cause: Cause::Stopped, request: None, tries, host });
                }
                self.client.delete_manifest_once(name, &part.digest).await
            }
            false => deleted,
        }
    }

    /// Takes away the tags that go with a digest, where the server wants that done first. What is left of them makes the
    /// second try fail as the first one did.
    async fn untag_first(&mut self, part: &Part<'_>) {
        let Some(Ok(image)) = self.manifests.get(&part.digest).cloned() else { return };
        let mut gone = self.untagged.remove(&part.digest).unwrap_or_default();
        for tag in &part.tags {
            if self.course.stop().is_cancelled() {
                break;
            }
            let untagged = self.place().untag(tag, &image, &[]).await;
            match untagged.outcome {
                Outcome::Done(_) | Outcome::Unconfirmed(_) => gone.push((*tag).clone()),
                Outcome::Failed(failure) => {
                    self.course.remarks.push(SafeText::from(format!("{}: {}", failure.what, failure.why)));
                }
                Outcome::Already(_) | Outcome::Left(_) | Outcome::Stopped => {}
            }
        }
        self.untagged.insert(part.digest, gone);
    }

    /// Whether tags of an image that stays were taken away first, and says which.
    fn tell_untagged(&mut self, part: &Part<'_>) -> bool {
        let Some(gone) = self.untagged.get(&part.digest).filter(|gone| !gone.is_empty()) else {
            return false;
        };
        let names: Vec<String> = gone.iter().map(|tag| format!("`{tag}`")).collect();
        let short = part.digest.short();
        let text =
            format!("{short} stays, and of its tags {} are gone: undo puts them back", names.join(", "));
        self.course.remarks.push(SafeText::from(text));
        true
    }

    /// Notes what stays although all that named it went.
    fn note_unnamed(&mut self, part: &Part<'_>, outcome: &Outcome) {
        let named_it = match &part.role {
            Role::Named(_) => return,
            Role::Referrer(subject, _) => self.gone.contains(subject),
            Role::Child(parents) => parents.iter().all(|parent| self.gone.contains(parent)),
        };
        if named_it && matches!(outcome, Outcome::Failed(_) | Outcome::Stopped) {
            self.unnamed.push(part.name().to_string());
        }
    }

    /// Says what stays without a name.
    fn tell_unnamed(&mut self) {
        if self.unnamed.is_empty() {
            return;
        }
        let text = format!(
            "what they belong to is gone, and these stay without it: {}; undo puts it back, to be deleted with all of them",
            self.unnamed.join(", ")
        );
        self.course.remarks.push(SafeText::from(text));
    }

    /// Why a part must stay as long as others are there.
    fn waits_for(&self, part: &Part<'_>) -> Option<SafeText> {
        let is_there = |digest: &Digest| !self.gone.contains(digest);
        match &part.role {
            Role::Named(image) => {
                let parent = image.parents.iter().find(|parent| is_there(&parent.digest))?;
                let parent = parent.tags.first().map_or_else(|| parent.digest.short(), Tag::to_string);
                Some(SafeText::from(format!("the index `{parent}` is still there and lists it")))
            }
            Role::Referrer(subject, _) => {
                is_there(subject).then(|| "what it refers to is still there".into())
            }
            Role::Child(parents) => {
                let parent = parents.iter().find(|parent| is_there(parent))?;
                Some(SafeText::from(format!("{} is still there and lists it", parent.short())))
            }
        }
    }

    /// The last look: a tag that was to stay and is not there any more is put back where its image is known.
    async fn put_back_lost(&mut self, parts: &[Part<'_>]) {
        if self.gone.is_empty() {
            return;
        }
        let goes: HashSet<&Tag> = parts.iter().flat_map(|part| part.tags.iter().copied()).collect();
        for (tag, digest) in self.recheck.lost(&goes).await {
            let text = match self.manifests.get(&digest).filter(|_| self.gone.contains(&digest)) {
                Some(Ok(manifest)) => match self.place().put(&tag, None, manifest).await {
                    Outcome::Failed(failure) => {
                        format!("`{tag}` vanished and cannot be put back: {}", failure.why)
                    }
                    _ => format!("`{tag}` vanished, which nobody asked for: it was put back"),
                },
                _ => {
                    format!("`{tag}` ({}) is not there any more, by no request of this plan", digest.short())
                }
            };
            self.course.remarks.push(SafeText::from(text));
        }
    }
}

impl Part<'_> {
    fn name(&self) -> SafeText {
        let digest = self.digest.short();
        SafeText::from(match &self.role {
            Role::Named(_) if self.tags.is_empty() => digest,
            Role::Named(_) => {
                let tags: Vec<&str> = self.tags.iter().map(|tag| tag.as_str()).collect();
                format!("{digest} ({})", tags.join(", "))
            }
            Role::Referrer(_, kind) => format!("{digest} ({kind})"),
            Role::Child(_) => format!("{digest} (listed by an index that goes)"),
        })
    }
}

/// Whether the server refuses to delete a digest only because it has tags, as Google's do: registries.md §7.1.
fn wants_no_tags(error: &Error) -> bool {
    matches!(&error.cause, Cause::Status { said, .. } if said.mentions("dangling_tag"))
}

/// What goes, in the order in which it goes: indexes before what they list, then referrers, then children.
fn parts(plan: &Plan) -> Vec<Part<'_>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut waiting: Vec<&Image> = plan.images.iter().collect();
    while !waiting.is_empty() {
        let is_listed = |image: &Image| {
            image.parents.iter().any(|parent| {
                parent.digest != image.digest && waiting.iter().any(|other| other.digest == parent.digest)
            })
        };
        // No index lists itself, by its digest; should a server say so, the rest goes in the order given.
        let next = waiting.iter().position(|image| !is_listed(image)).unwrap_or(0);
        let image = waiting.remove(next);
        let tags = image.named.iter().chain(&image.others).collect();
        parts.push(Part { digest: image.digest, tags, role: Role::Named(image) });
    }
    for image in &plan.images {
        for referrer in plan.referrers_that_go(image) {
            let tags = referrer.tag.iter().collect();
            let role = Role::Referrer(referrer.subject, &referrer.kind);
            add(&mut parts, Part { digest: referrer.digest, tags, role });
        }
    }
    for image in &plan.images {
        for child in plan.children_that_go(image) {
            let lists = |other: &&Image| other.children.contains(child);
            let parents = plan.images.iter().filter(lists).map(|image| image.digest).collect();
            add(&mut parts, Part { digest: *child, tags: Vec::new(), role: Role::Child(parents) });
        }
    }
    parts
}

/// Adds what is not there yet: what goes for two reasons goes once.
fn add<'a>(parts: &mut Vec<Part<'a>>, part: Part<'a>) {
    match parts.iter_mut().find(|known| known.digest == part.digest) {
        Some(known) if matches!(known.role, Role::Referrer(..)) => known.tags.extend(part.tags),
        Some(_) => {}
        None => parts.push(part),
    }
}

/// The items of the journal, and which of them stand for which part: the digest, and each of its tags.
fn items(
    plan: &Plan,
    parts: &[Part<'_>],
    manifests: &HashMap<Digest, Result<Arc<Manifest>, Failure>>,
) -> (Vec<Item>, Vec<Range<usize>>) {
    let (mut items, mut ranges) = (Vec::new(), Vec::new());
    for part in parts {
        let before = manifests.get(&part.digest).and_then(|manifest| manifest.as_ref().ok());
        let before = before.map(|manifest| held(manifest));
        let begin = items.len();
        let tags = part.tags.iter().map(|tag| Selector::Tag((*tag).clone()));
        items.extend([Selector::Digest(part.digest)].into_iter().chain(tags).map(|selector| Item {
            repository: plan.repository.clone(),
            selector,
            before: before.clone(),
            after: None,
            done: None,
        }));
        ranges.push(begin..items.len());
    }
    (items, ranges)
}
