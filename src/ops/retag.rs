//! Giving images other tags: the same bytes under the same media type, checked afterwards.

mod carry;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::delete::graph;
use super::journal::Running;
use super::work::course::{self, Course};
use super::work::tag::{Place, held, moved, put_failure};
use super::work::telling::while_telling;
use super::work::{Watch, Workshop};
use crate::client::{Client, Lane, Transfer};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::server::Ability;
use crate::model::text::SafeText;
use crate::model::work::journal::Item;
use crate::model::work::progress::{Outcome, Progress, Report};
use crate::model::work::retag::{Manner, Plan, Step, Wish};
use crate::model::work::rules::Refusal;
use carry::Carrier;

/// Images that are asked for at the same time.
const AT_ONCE: usize = 16;

/// Plans tags. Only asks.
pub async fn plan(workshop: &Workshop, wish: &Wish) -> Result<Plan, Failure> {
    check(wish)?;
    let client = workshop.pool.client(&wish.from.host);
    let refused = match rule_against(workshop, wish) {
        Some(refusal) => Some(refusal),
        None if wish.manner == Manner::Move => untag_impossible(&client, &wish.from).await,
        None => None,
    };
    let asked: Vec<_> = wish.items.iter().map(|item| step(&client, &wish.from, item).boxed()).collect();
    let steps: Vec<Step> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let from = (wish.manner == Manner::Move).then_some(&wish.from);
    let touched = from.into_iter().chain(steps.iter().map(|step| &step.to));
    let name_to_type = touched.into_iter().find_map(|repository| workshop.rules.name_to_type(repository));
    Ok(Plan { from: wish.from.clone(), manner: wish.manner, steps, refused, name_to_type })
}

/// What makes no sense whatever the server says.
fn check(wish: &Wish) -> Result<(), Failure> {
    let fail = |why: String, hint: Option<&'static str>| {
        Err(Failure {
            what: SafeText::from(format!("cannot retag images of {}", wish.from.name)),
            why: SafeText::from(why),
            hint: hint.map(SafeText::from),
            kind: FailureKind::Local,
        })
    };
    if wish.items.is_empty() {
        return fail("no image was named".into(), None);
    }
    let mut targets = HashSet::new();
    for (selector, to, tag) in &wish.items {
        if to.host != wish.from.host {
            return fail(format!("{to} is another registry"), Some("copy it instead"));
        }
        if !targets.insert((to, tag)) {
            return fail(format!("two images would get the tag {}:{tag}", to.name), None);
        }
        // Whichever came first, one of the images would be lost or left out.
        let needs_it = |(old, other, new): &(Selector, Repository, Tag)| {
            *old == Selector::Tag(tag.clone()) && (old, other, new) != (selector, to, tag)
        };
        if *to == wish.from && wish.items.iter().any(needs_it) {
            let why = format!("{tag} is given to one image while another one is named by it");
            return fail(why, Some("retag them one after the other"));
        }
    }
    Ok(())
}

fn rule_against(workshop: &Workshop, wish: &Wish) -> Option<Refusal> {
    let own = (wish.manner == Manner::Move).then(|| workshop.rules.may_change(&wish.from));
    let targets = wish.items.iter().map(|(_, to, _)| match *to == wish.from {
        true => workshop.rules.may_change(to),
        false => workshop.rules.may_copy(&wish.from, to),
    });
    own.into_iter().chain(targets).find_map(Result::err)
}

/// A tag is moved only where the old one can be taken away alone.
async fn untag_impossible(client: &Client, from: &Repository) -> Option<Refusal> {
    let deletes = client.probe_deletes(&from.name).await.unwrap_or_else(|_| client.deletes());
    let Ability::No(why) = deletes.by_tag else { return None };
    Some(Refusal {
        why: SafeText::from(format!("the server does not delete by tag ({why}), so the old tag would stay")),
        hint: Some("retag without moving, and see what deleting offers for the old tag".into()),
    })
}

async fn step(
    client: &Client,
    from: &Repository,
    item: &(Selector, Repository, Tag),
) -> Result<Step, Failure> {
    let (selector, to, tag) = item;
    let what = || format!("cannot retag {}:{selector}", from.name);
    let digest = client.head_manifest(&from.name, selector, Lane::Background).await;
    let digest = digest.map_err(|error| error.failure(what()))?.ok_or_else(|| Failure {
        what: SafeText::from(what()),
        why: "it is not there".into(),
        hint: None,
        kind: FailureKind::NotFound,
    })?;
    let target = Selector::Tag(tag.clone());
    let replaces = client.head_manifest(&to.name, &target, Lane::Background).await;
    let replaces = replaces.map_err(|error| error.failure(format!("cannot look at {}:{tag}", to.name)))?;
    Ok(Step { selector: selector.clone(), digest, to: to.clone(), tag: tag.clone(), replaces })
}

/// Puts the tags of a plan, and takes the old ones away where they are to be moved.
pub async fn run(workshop: &Workshop, plan: &Plan, watch: &Watch) -> Report {
    let name = |step: &Step| SafeText::from(format!("{} → {}", step.selector, step.tag));
    let course = Course::new(watch, plan.steps.iter().map(name));
    let wish = wish_of(plan);
    if let Some(refusal) = rule_against(workshop, &wish).as_ref().or(plan.refused.as_ref()) {
        return course.refused(&course::refusal(plan.title(), refusal));
    }
    let client = workshop.pool.client(&plan.from.host);
    let manifests = manifests(&client, plan).await;
    let items = items(plan, &manifests);
    let running = workshop.journal.begin(plan.title(), Some(crate::model::work::Wish::Retag(wish)), items);
    let running = match running.await {
        Ok(running) => running,
        Err(failure) => return course.refused(&failure),
    };
    let transfer = Arc::new(Transfer { stop: watch.stop.clone(), ..Transfer::default() });
    let to_move = AtomicU64::new(0);
    let mut retagging = Retagging {
        client: &client,
        plan,
        transfer: &transfer,
        to_move: &to_move,
        siblings: siblings(&client, plan).await,
        manifests,
        takes_along: false,
        course,
    };
    let work = async {
        for index in 0..plan.steps.len() {
            retagging.step(&running, index).boxed().await;
        }
    };
    let tell = |progress: &mut Progress| {
        progress.moved = transfer.sent.load(Ordering::Relaxed);
        progress.bytes = to_move.load(Ordering::Relaxed);
    };
    while_telling(work, || watch.progress.send_modify(tell)).await;
    let mut course = retagging.course;
    course.remarks.extend(course::left_open(&transfer));
    let moved = transfer.sent.load(Ordering::Relaxed);
    Report { moved, again: transfer.resent.load(Ordering::Relaxed), ..course.close(running).await }
}

/// A plan that is being carried out.
struct Retagging<'a> {
    client: &'a Client,
    plan: &'a Plan,
    /// Bytes that move where nothing can be mounted.
    transfer: &'a Arc<Transfer>,
    to_move: &'a AtomicU64,
    /// Every manifest that is put or replaced.
    manifests: HashMap<Digest, Result<Arc<Manifest>, Failure>>,
    /// The tags of the repository that old tags are taken away from; nothing where none is, or why they are not known.
    siblings: Result<BTreeMap<Tag, Digest>, Failure>,
    takes_along: bool,
    course: Course<'a>,
}

impl<'a> Retagging<'a> {
    fn place(&self, repository: &'a Repository) -> Place<'a> {
        Place { client: self.client, name: &repository.name }
    }

    async fn step(&mut self, running: &Running, index: usize) {
        let Some(step) = self.plan.steps.get(index) else { return };
        let first = index * items_per_step(self.plan);
        let put = match self.course.is_over() {
            Some(outcome) => outcome,
            None if self.takes_along => {
                Outcome::Left("not tried: the server takes every tag of an image with one".into())
            }
            None => {
                self.course.now(SafeText::from(format!("tag {}", step.tag)));
                self.put(step).await
            }
        };
        let old = old_tag(self.plan, step);
        // Never by what the plan saw: the new tag may be another image by now, and the old one the last of this.
        let is_there = matches!(put, Outcome::Done(_) | Outcome::Already(_));
        match (old.filter(|_| !self.takes_along), put) {
            (Some(old), put) if is_there => {
                let is_put = matches!(put, Outcome::Done(_));
                self.course.changed |= is_put;
                running.done(first, is_put).await;
                let outcome = self.take_old_away(step, old).await;
                self.course.noted(running, first + 1..first + 2, index, outcome).await;
            }
            (Some(old), Outcome::Pending(why)) => {
                running.done(first + 1, false).await;
                let outcome = Outcome::Pending(SafeText::from(format!("{why}, so {old} stays")));
                self.course.noted(running, first..first + 1, index, outcome).await;
            }
            (_, put) => {
                self.course.noted(running, first..first + items_per_step(self.plan), index, put).await
            }
        }
    }

    async fn put(&mut self, step: &'a Step) -> Outcome {
        let what = || format!("cannot tag {}:{}", step.to.name, step.tag);
        let image = match self.manifests.get(&step.digest) {
            Some(Ok(image)) => image.clone(),
            Some(Err(failure)) => return Outcome::Failed(failure.clone()),
            None => return Outcome::Left("its image was not read".into()),
        };
        if let Some(Some(Err(failure))) = step.replaces.map(|replaced| self.manifests.get(&replaced)) {
            return Outcome::Failed(failure.clone());
        }
        if let Selector::Tag(tag) = &step.selector {
            match self.place(&self.plan.from).tag_now(tag).await {
                Ok(now) if now == Some(step.digest) => {}
                Ok(now) => return Outcome::Left(moved(now)),
                Err(error) => return Outcome::Failed(error.failure(what())),
            }
        }
        if step.to != self.plan.from {
            let Retagging { client, transfer, to_move, .. } = *self;
            let carrier =
                Carrier { client, from: &self.plan.from.name, to: &step.to.name, transfer, to_move };
            match carrier.bring(&image).await {
                Ok(()) => {}
                Err(error) if error.is_stopped() => return Outcome::Stopped,
                Err(error) => return Outcome::Failed(put_failure(&error, what())),
            }
        }
        self.place(&step.to).put(&step.tag, step.replaces, &image).await
    }

    /// The second half of a move.
    async fn take_old_away(&mut self, step: &'a Step, old: &Tag) -> Outcome {
        let Some(Ok(image)) = self.manifests.get(&step.digest).cloned() else {
            return Outcome::Left("its image was not read".into());
        };
        // Tags that nobody knows of cannot be watched over.
        let siblings = match &mut self.siblings {
            Ok(siblings) => siblings,
            Err(failure) => {
                let what = format!("{} is there and {old} stays: {}", step.tag, failure.what);
                return Outcome::Failed(Failure { what: what.into(), ..failure.clone() });
            }
        };
        siblings.remove(old);
        if step.to == self.plan.from {
            siblings.insert(step.tag.clone(), step.digest);
        }
        let kept = siblings.iter().filter(|(_, digest)| **digest == step.digest);
        let kept: Vec<Tag> = kept.map(|(tag, _)| tag.clone()).collect();
        let untagged = self.place(&self.plan.from).untag(old, &image, &kept).await;
        self.takes_along |= untagged.taken_along > 0;
        self.course.remarks.extend(untagged.remarks);
        match untagged.outcome {
            Outcome::Done(_) => Outcome::Done(SafeText::from(format!("{old} is {} now", step.tag))),
            Outcome::Left(why) => {
                Outcome::Left(SafeText::from(format!("{} is there; the old tag: {why}", step.tag)))
            }
            Outcome::Failed(failure) => Outcome::Failed(Failure {
                what: SafeText::from(format!("{} is there, but {}", step.tag, failure.what)),
                ..failure
            }),
            other => other,
        }
    }
}

/// The tag that a step takes away, where tags are moved.
fn old_tag<'a>(plan: &Plan, step: &'a Step) -> Option<&'a Tag> {
    match &step.selector {
        Selector::Tag(old) if plan.manner == Manner::Move => {
            (step.to != plan.from || *old != step.tag).then_some(old)
        }
        _ => None,
    }
}

fn items_per_step(plan: &Plan) -> usize {
    match plan.manner {
        Manner::Add => 1,
        Manner::Move => 2,
    }
}

/// Everything that is put, and everything that it replaces: what cannot be read is not replaced.
async fn manifests(client: &Client, plan: &Plan) -> HashMap<Digest, Result<Arc<Manifest>, Failure>> {
    let put = plan.steps.iter().map(|step| (step.digest, &plan.from));
    let replaced = plan.steps.iter().filter_map(|step| Some((step.replaces?, &step.to)));
    let all: HashMap<Digest, &Repository> = replaced.chain(put).collect();
    let read = all.into_iter().map(|(digest, repository)| {
        async move {
            let selector = Selector::Digest(digest);
            let manifest = client.manifest(&repository.name, &selector, Lane::Background).await;
            let what = || format!("cannot read {}", digest.short());
            (digest, manifest.map_err(|error| error.failure(what())))
        }
        .boxed()
    });
    stream::iter(read.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await
}

/// All tags that could be hit by taking old ones away.
async fn siblings(client: &Client, plan: &Plan) -> Result<BTreeMap<Tag, Digest>, Failure> {
    if !plan.steps.iter().any(|step| old_tag(plan, step).is_some()) {
        return Ok(BTreeMap::new());
    }
    let tags = graph::tags(client, &plan.from.name).await;
    tags.map(|tags| tags.digests)
        .map_err(|error| error.failure(format!("cannot list the tags of {}", plan.from.name)))
}

fn items(plan: &Plan, manifests: &HashMap<Digest, Result<Arc<Manifest>, Failure>>) -> Vec<Item> {
    let kept = |digest: Option<Digest>| manifests.get(&digest?)?.as_ref().ok().map(|manifest| held(manifest));
    let items = |step: &Step| {
        let new = Item {
            repository: step.to.clone(),
            selector: Selector::Tag(step.tag.clone()),
            before: kept(step.replaces),
            after: Some(step.digest),
            done: None,
        };
        let old = (plan.manner == Manner::Move).then(|| Item {
            repository: plan.from.clone(),
            selector: step.selector.clone(),
            before: kept(Some(step.digest)),
            after: old_tag(plan, step).is_none().then_some(step.digest),
            done: None,
        });
        [Some(new), old].into_iter().flatten().collect::<Vec<_>>()
    };
    plan.steps.iter().flat_map(items).collect()
}

fn wish_of(plan: &Plan) -> Wish {
    let item = |step: &Step| (step.selector.clone(), step.to.clone(), step.tag.clone());
    Wish { from: plan.from.clone(), items: plan.steps.iter().map(item).collect(), manner: plan.manner }
}
