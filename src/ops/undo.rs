//! Taking a change back: what was there before is put back as it was, where nobody has changed it since.

use std::collections::{HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::copy::parts;
use super::delete::graph;
use super::work::course::{self, Course};
use super::work::tag::{Place, held, put_failure, unseen};
use super::work::{Watch, Workshop};
use crate::client::{Client, Lane, Pool};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::server::Ability;
use crate::model::text::SafeText;
use crate::model::work::journal::{Entry, EntryId, Held, Item, State};
use crate::model::work::progress::{Outcome, Report};
use crate::model::work::undo::{Plan, Step};
use crate::model::work::{Wish, rules::Refusal};

/// Things that are asked for at the same time.
const AT_ONCE: usize = 16;

/// Plans to take an entry of the journal back. Only asks.
pub async fn plan(workshop: &Workshop, id: &EntryId) -> Result<Plan, Failure> {
    let entry = workshop.journal.entry(id).await?;
    let fail = |why: &'static str| Failure {
        what: SafeText::from(format!("cannot undo {}", entry.title)),
        why: why.into(),
        hint: None,
        kind: FailureKind::Local,
    };
    match entry.state {
        State::Undone => return Err(fail("it was taken back already")),
        State::Running => return Err(fail("it still runs")),
        State::Open | State::Ended => {}
    }
    let changes = changes(&entry);
    if changes.is_empty() {
        return Err(fail("it changed nothing"));
    }
    let repositories = || changes.iter().map(|change| &change.repository);
    let refused = rule_against(workshop, repositories());
    let asked: Vec<_> = changes.iter().map(|change| now(&workshop.pool, change).boxed()).collect();
    let now: Vec<Result<Option<Digest>, Failure>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    if let Some(Err(failure)) = now.iter().find(|_| now.iter().all(Result::is_err)) {
        return Err(failure.clone());
    }
    let mut steps = Vec::new();
    let mut back: HashSet<Digest> = HashSet::new();
    for (change, now) in changes.iter().zip(now) {
        let impossible = match &now {
            Ok(now) => impossible(&workshop.pool, change, *now, &back, refused.is_none()).await,
            Err(failure) => Err(failure.clone()),
        };
        // What cannot be looked at keeps nothing else from being put back.
        let impossible = impossible
            .unwrap_or_else(|failure| Some(SafeText::from(format!("{}: {}", failure.what, failure.why))));
        let before = change.before.as_ref().map(|held| held.digest);
        if impossible.is_none() {
            back.extend(before);
        }
        let (repository, selector) = (change.repository.clone(), change.selector.clone());
        steps.push(Step { repository, selector, before, now: now.ok().flatten(), impossible });
    }
    Ok(Plan {
        entry: id.clone(),
        of: entry.title.clone(),
        at: entry.at,
        refused,
        name_to_type: repositories().find_map(|repository| workshop.rules.name_to_type(repository)),
        steps,
    })
}

/// What one entry did to one tag or digest, all its steps together.
struct Change {
    repository: Repository,
    selector: Selector,
    before: Option<Held>,
    /// What it may be now if nobody else touched it.
    ours: Vec<Option<Digest>>,
}

/// The changes of an entry in the order in which they are taken back: content before the tags that need it, and each the
/// other way round than it was done.
fn changes(entry: &Entry) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    // Nothing before and nothing after is what could not be read, and so was not touched.
    let is_change =
        |item: &&Item| item.done != Some(false) && (item.before.is_some() || item.after.is_some());
    for item in entry.items.iter().filter(is_change) {
        let is_same =
            |change: &&mut Change| change.repository == item.repository && change.selector == item.selector;
        match changes.iter_mut().find(is_same) {
            Some(change) => change.ours.push(item.after),
            None => changes.push(Change {
                repository: item.repository.clone(),
                selector: item.selector.clone(),
                before: item.before.clone(),
                ours: vec![item.before.as_ref().map(|held| held.digest), item.after],
            }),
        }
    }
    changes.reverse();
    changes.sort_by_key(|change| matches!(change.selector, Selector::Tag(_)));
    changes
}

async fn now(pool: &Pool, change: &Change) -> Result<Option<Digest>, Failure> {
    let client = pool.client(&change.repository.host);
    let now = client.head_manifest(&change.repository.name, &change.selector, Lane::Background).await;
    now.map_err(|error| {
        error.failure(format!("cannot look at {}:{}", change.repository.name, change.selector))
    })
}

/// Why a change cannot be taken back, if it cannot. `back` are manifests that are put back before; `may_probe` says
/// whether the server may be asked what it deletes.
async fn impossible(
    pool: &Pool,
    change: &Change,
    now: Option<Digest>,
    back: &HashSet<Digest>,
    may_probe: bool,
) -> Result<Option<SafeText>, Failure> {
    let before = change.before.as_ref().map(|held| held.digest);
    let no = |why: String| Ok(Some(SafeText::from(why)));
    if now == before {
        return Ok(None);
    }
    if !change.ours.contains(&now) {
        return no(now.map_or("it is gone since".into(), |now| format!("it moved since, to {}", now.short())));
    }
    let client = pool.client(&change.repository.host);
    match &change.before {
        None if matches!(change.selector, Selector::Digest(_)) => {
            no("what no tag names stays until garbage collection".into())
        }
        None => {
            let deletes = match may_probe {
                true => {
                    client.probe_deletes(&change.repository.name).await.unwrap_or_else(|_| client.deletes())
                }
                false => client.deletes(),
            };
            match deletes.by_tag {
                Ability::No(why) => {
                    no(format!("the server does not delete by tag ({why}); deleting it offers other ways"))
                }
                Ability::Yes | Ability::Unknown => Ok(None),
            }
        }
        Some(held) => match manifest(held) {
            None => no("its manifest is not in the journal any more".into()),
            Some(manifest) => gone(&client, &change.repository, &manifest, back).await,
        },
    }
}

/// The manifest as it was, if the journal still has it.
fn manifest(held: &Held) -> Option<Manifest> {
    Manifest::parse(held.bytes.clone(), Some(&held.media_type)).ok()?.checked(held.digest).ok()
}

/// What of a manifest is not there any more, in words.
async fn gone(
    client: &Client,
    repository: &Repository,
    manifest: &Manifest,
    back: &HashSet<Digest>,
) -> Result<Option<SafeText>, Failure> {
    let what = || format!("cannot look for what {} needs", manifest.digest.short());
    let name = &repository.name;
    let blobs: HashSet<Digest> = parts::blobs(manifest)
        .filter(|blob| !parts::is_foreign(blob))
        .filter_map(|blob| blob.digest)
        .collect();
    let children = parts::children(manifest).iter().filter_map(|child| child.digest);
    let children: HashSet<Digest> = children.filter(|child| !back.contains(child)).collect();
    let blobs: Vec<_> = blobs
        .into_iter()
        .map(|digest| async move { client.head_blob(name, &digest, Lane::Background).await }.boxed())
        .collect();
    let children: Vec<_> = children
        .into_iter()
        .map(|digest| {
            async move { client.head_manifest(name, &Selector::Digest(digest), Lane::Background).await }
                .boxed()
        })
        .collect();
    let blobs: Vec<Option<u64>> =
        stream::iter(blobs).buffered(AT_ONCE).try_collect().await.map_err(|error| error.failure(what()))?;
    let children: Vec<Option<Digest>> = stream::iter(children)
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(|error| error.failure(what()))?;
    let blobs = blobs.iter().filter(|size| size.is_none()).count();
    let children = children.iter().filter(|digest| digest.is_none()).count();
    Ok(match (blobs, children) {
        (0, 0) => None,
        (blobs, 0) => Some(format!("{blobs} of its blobs {} gone", is_or_are(blobs))),
        (0, children) => {
            Some(format!("{children} of the manifests that it lists {} gone", is_or_are(children)))
        }
        (blobs, children) => Some(format!("{blobs} of its blobs and {children} of its manifests are gone")),
    }
    .map(SafeText::from))
}

fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn rule_against<'a>(
    workshop: &Workshop,
    mut repositories: impl Iterator<Item = &'a Repository>,
) -> Option<Refusal> {
    repositories.find_map(|repository| workshop.rules.may_change(repository).err())
}

/// Puts everything back that the plan says can be.
pub async fn run(workshop: &Workshop, plan: &Plan, watch: &Watch) -> Report {
    let course = Course::new(watch, plan.steps.iter().map(|step| name(&step.selector)));
    let repositories = plan.steps.iter().map(|step| &step.repository);
    if let Some(refusal) = rule_against(workshop, repositories).as_ref().or(plan.refused.as_ref()) {
        return course.refused(&course::refusal(plan.title(), refusal));
    }
    let entry = match workshop.journal.entry(&plan.entry).await {
        Ok(entry) => entry,
        Err(failure) => return course.refused(&failure),
    };
    let items = items(workshop, plan).await;
    let running =
        match workshop.journal.begin(plan.title(), Some(Wish::Undo(plan.entry.clone())), items).await {
            Ok(running) => running,
            Err(failure) => return course.refused(&failure),
        };
    let held =
        entry.items.into_iter().filter_map(|item| item.before).map(|held| (held.digest, held)).collect();
    let mut is_back = true;
    let mut undoing = Undoing { pool: &workshop.pool, held, siblings: HashMap::new(), course };
    for (index, step) in plan.steps.iter().enumerate() {
        let outcome = match undoing.course.is_over() {
            Some(outcome) => outcome,
            None => undoing.step(step).await,
        };
        is_back &= matches!(outcome, Outcome::Done(_) | Outcome::Already(_) | Outcome::Pending(_));
        undoing.course.noted(&running, index..index + 1, index, outcome).await;
    }
    let mut course = undoing.course;
    if is_back && let Err(failure) = workshop.journal.mark_undone(&plan.entry).await {
        course.remarks.push(SafeText::from(failure.to_string()));
    }
    course.close(running).await
}

/// A tag, or a digest short.
fn name(selector: &Selector) -> SafeText {
    match selector {
        Selector::Tag(tag) => tag.into(),
        Selector::Digest(digest) => SafeText::from(digest.short()),
    }
}

/// A plan that is being carried out.
struct Undoing<'a> {
    pool: &'a Pool,
    held: HashMap<Digest, Held>,
    /// All tags of the repositories that tags are taken away from.
    siblings: HashMap<Repository, Vec<(Tag, Digest)>>,
    course: Course<'a>,
}

impl Undoing<'_> {
    async fn step(&mut self, step: &Step) -> Outcome {
        if let Some(why) = &step.impossible {
            return Outcome::Left(why.clone());
        }
        if step.now == step.before {
            return Outcome::Already("it is as it was".into());
        }
        self.course.now(SafeText::from(format!("put {} back", step.selector)));
        let client = self.pool.client(&step.repository.host);
        let place = Place { client: &client, name: &step.repository.name };
        let what = || format!("cannot put {}:{} back", step.repository.name, step.selector);
        let manifest = step.before.and_then(|digest| self.held.get(&digest)).and_then(manifest);
        match (&step.selector, step.before, manifest) {
            (Selector::Tag(tag), None, _) => self.untag(&place, step, tag).await,
            (Selector::Tag(tag), Some(_), Some(manifest)) => place.put(tag, step.now, &manifest).await,
            (Selector::Digest(digest), Some(_), Some(manifest)) => {
                if let Err(error) = client.put_manifest(place.name, &step.selector, &manifest).await {
                    return Outcome::Failed(put_failure(&error, what()));
                }
                match place.shows(&step.selector, Some(*digest)).await {
                    Ok(true) => Outcome::Done("put back".into()),
                    Ok(false) => Outcome::Pending("the server took it but does not show it yet".into()),
                    Err(error) => unseen(&error),
                }
            }
            (Selector::Digest(_), None, _) => Outcome::Left("what no tag names stays".into()),
            (_, Some(_), None) => Outcome::Left("its manifest is not in the journal any more".into()),
        }
    }

    /// Takes away a tag that the change had put, and nothing else.
    async fn untag(&mut self, place: &Place<'_>, step: &Step, tag: &Tag) -> Outcome {
        let what = || format!("cannot untag {}:{tag}", step.repository.name);
        let Some(now) = step.now else { return Outcome::Already("it is gone already".into()) };
        let image = match place.manifest(now).await {
            Ok(image) => image,
            Err(error) => return Outcome::Failed(error.failure(what())),
        };
        if !self.siblings.contains_key(&step.repository) {
            match graph::tags(place.client, place.name).await {
                Ok(tags) => self.siblings.insert(step.repository.clone(), tags.digests.into_iter().collect()),
                Err(error) => return Outcome::Failed(error.failure(what())),
            };
        }
        let all = self.siblings.get(&step.repository).map_or(&[][..], Vec::as_slice);
        let kept = all.iter().filter(|(other, digest)| other != tag && *digest == now);
        let kept: Vec<Tag> = kept.map(|(tag, _)| tag.clone()).collect();
        let untagged = place.untag(tag, &image, &kept).await;
        self.course.remarks.extend(untagged.remarks);
        untagged.outcome
    }
}

/// What undoing replaces itself, so that it can be taken back in turn.
async fn items(workshop: &Workshop, plan: &Plan) -> Vec<Item> {
    let mut items = Vec::new();
    for step in &plan.steps {
        let client = workshop.pool.client(&step.repository.host);
        let place = Place { client: &client, name: &step.repository.name };
        let before = match step.now {
            Some(digest) => place.manifest(digest).await.ok().map(|manifest| held(&manifest)),
            None => None,
        };
        items.push(Item {
            repository: step.repository.clone(),
            selector: step.selector.clone(),
            before,
            after: step.before,
            done: None,
        });
    }
    items
}
