//! Carrying a plan out: everything by digest first, then each tag, if it is still what the plan saw.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt, stream};

use super::bring::{Arrival, Carrier, Halt};
use crate::client::{Client, Lane, Transfer};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;
use crate::model::work::copy::{Image, Plan};
use crate::model::work::progress::{Item, Outcome, Progress, Report};
use crate::model::work::rules::Refusal;
use crate::model::work::{Wish, journal};
use crate::ops::journal::Running;
use crate::ops::work::{Watch, Workshop};

/// How often progress is told.
const TELLING: Duration = Duration::from_millis(100);
/// Manifests that are read together before they are replaced.
const AT_ONCE: usize = 8;
/// Looks at a tag that was put, until it shows.
const LOOKS: u32 = 4;
/// The wait between the first two of them; doubled before each further one.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Copies what the plan names, and nothing else. An image that fails keeps no other from being copied.
pub async fn run(workshop: &Workshop, plan: &Plan, watch: &Watch) -> Report {
    let refused = workshop.rules.may_copy(&plan.from, &plan.to).err();
    if let Some(refusal) = plan.refused.clone().or(refused) {
        return all_failed(plan, &of_refusal(plan, refusal));
    }
    let source = workshop.pool.client(&plan.from.host);
    let destination = workshop.pool.client(&plan.to.host);
    let entry = match Entry::begin(workshop, plan, &destination).await {
        Ok(entry) => entry,
        Err(failure) => return all_failed(plan, &failure),
    };
    let transfer = Arc::new(Transfer { stop: watch.stop.clone(), ..Transfer::default() });
    let carrier = Carrier::new(plan, source, destination, transfer);
    let job = Job { plan, carrier: &carrier, entry: &entry, watch };
    let (outcomes, mut remarks) = job.run().await;
    remarks.extend(leftovers(&carrier, &outcomes));
    let items = plan
        .images
        .iter()
        .zip(outcomes)
        .map(|(image, outcome)| Item { name: name(image), outcome: Some(outcome) });
    let items: Vec<Item> = items.collect();
    let undo = entry.end(&items, &mut remarks).await;
    let bytes = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    Report {
        items,
        moved: bytes(&carrier.transfer.sent),
        again: bytes(&carrier.transfer.resent),
        undo,
        remarks,
    }
}

/// A plan under way.
struct Job<'a> {
    plan: &'a Plan,
    carrier: &'a Carrier<'a>,
    entry: &'a Entry,
    watch: &'a Watch,
}

impl<'a> Job<'a> {
    /// Every image's outcome, and remarks on what belongs to none of them.
    async fn run(&self) -> (Vec<Outcome>, Vec<SafeText>) {
        let items = self.plan.images.iter().map(|image| Item { name: name(image), outcome: None }).collect();
        self.watch.progress.send_replace(Progress { items, bytes: self.plan.bytes(), ..Progress::default() });
        let arrivals = self.carrier.arrivals();
        let images = self.plan.images.iter().enumerate().map(|(index, image)| {
            let needed = self.carrier.of_image(index, &arrivals);
            self.image(index, image, needed).boxed()
        });
        let work = async {
            let outcomes = join_all(images).await;
            (outcomes, self.unclaimed(arrivals.values().cloned().collect()).await)
        };
        let mut work = std::pin::pin!(work);
        let mut tick = tokio::time::interval(TELLING);
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut work => break ended,
                _ = tick.tick() => self.tell(),
            }
        };
        self.tell();
        ended
    }

    /// What no image claims: referrers of what is deep down in something that is there already.
    async fn unclaimed(&self, arrivals: Vec<Arrival<'a>>) -> Vec<SafeText> {
        let failed = join_all(arrivals).await.into_iter().filter_map(|arrived| match arrived {
            Err(Halt::Failed(failure)) => Some(SafeText::from(format!("{}: {}", failure.what, failure.why))),
            _ => None,
        });
        let mut remarks: Vec<SafeText> = failed.collect();
        remarks.sort();
        remarks.dedup();
        remarks
    }

    async fn image(&self, index: usize, image: &Image, needed: Vec<Arrival<'a>>) -> Outcome {
        let outcome = match self.entry.trouble(index) {
            Some(failure) => {
                self.carrier.give_up(index);
                // What others wait for as well is brought all the same.
                Outcome::Failed(failure.clone())
            }
            None => match self.carrier.wait_for(index, needed).await {
                Ok(()) => self.land(image).await,
                Err(halt) => self.outcome(halt),
            },
        };
        if let Outcome::Done(_) | Outcome::Pending(_) = outcome {
            self.entry.done(index, true).await;
        } else {
            self.entry.done(index, false).await;
        }
        let told = outcome.clone();
        self.watch.progress.send_modify(|progress| {
            if let Some(item) = progress.items.get_mut(index) {
                item.outcome = Some(told);
            }
        });
        outcome
    }

    fn outcome(&self, halt: Halt) -> Outcome {
        match halt {
            Halt::Stopped => Outcome::Stopped,
            Halt::Failed(failure) => Outcome::Failed(failure),
            Halt::Needless => Outcome::Failed(Failure {
                what: SafeText::from(format!("cannot copy to {}", self.plan.to)),
                why: "what it needs failed with another image".into(),
                hint: None,
                kind: FailureKind::Local,
            }),
        }
    }

    /// The last step of an image: everything that it needs is there.
    async fn land(&self, image: &Image) -> Outcome {
        let landed = match &image.tag {
            None if image.is_done() => Ok(Outcome::Left("it is there already".into())),
            None => Ok(Outcome::Done(SafeText::from(format!("is there as {}", image.digest.short())))),
            Some(tag) => self.put(image, tag).await,
        };
        landed.unwrap_or_else(|halt| self.outcome(halt))
    }

    /// Puts the tag, if it still is what the plan saw.
    async fn put(&self, image: &Image, tag: &Tag) -> Result<Outcome, Halt> {
        let (client, to) = (&self.carrier.destination, &self.plan.to);
        if self.carrier.is_stopped() {
            return Err(Halt::Stopped);
        }
        let now = self.now(tag).await?;
        if now == Some(image.digest) {
            return Ok(Outcome::Left("it is the same there already".into()));
        }
        if now != image.replaces {
            return Ok(Outcome::Left(moved(image.replaces, now)));
        }
        if self.carrier.is_stopped() {
            return Err(Halt::Stopped);
        }
        let put = client.put_manifest(&to.name, &Selector::Tag(tag.clone()), &image.manifest).await;
        put.map_err(|error| self.carrier.halt(&error, format!("cannot put {to}:{tag}")))?;
        self.carrier.put.fetch_add(1, Ordering::Relaxed);
        self.verified(image, tag).await
    }

    /// The digest that a tag of the destination has now.
    async fn now(&self, tag: &Tag) -> Result<Option<Digest>, Halt> {
        let to = &self.plan.to;
        let selector = Selector::Tag(tag.clone());
        let found = self.carrier.destination.head_manifest(&to.name, &selector, Lane::Background).await;
        found.map_err(|error| self.carrier.halt(&error, format!("cannot look at {to}:{tag}")))
    }

    /// Looks whether the tag is what was put. Some registries show it late.
    async fn verified(&self, image: &Image, tag: &Tag) -> Result<Outcome, Halt> {
        let mut wait = LOOK_AGAIN;
        let mut seen = None;
        for look in 1..=LOOKS {
            // It was put: that nobody tells what it is now makes it no failure.
            seen = self.now(tag).await.unwrap_or(None);
            if seen == Some(image.digest) {
                return Ok(Outcome::Done(SafeText::from(match image.replaces {
                    None => format!("is {} there", image.digest.short()),
                    Some(old) => format!("is {} there; was {}", image.digest.short(), old.short()),
                })));
            }
            if look < LOOKS {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
        }
        Ok(Outcome::Pending(match seen {
            None => "the registry took it but does not show it yet".into(),
            Some(other) => SafeText::from(format!("the registry took it but shows {}", other.short())),
        }))
    }

    fn tell(&self) {
        let carrier = self.carrier;
        self.watch.progress.send_modify(|progress| {
            progress.moved = carrier.transfer.sent.load(Ordering::Relaxed);
            progress.bytes = carrier.bytes();
            progress.now = carrier.now();
        });
    }
}

/// Why a tag is left alone.
fn moved(planned: Option<Digest>, now: Option<Digest>) -> SafeText {
    let words = |digest: Option<Digest>| digest.map_or("free".into(), |digest| digest.short());
    SafeText::from(format!("it moved since the plan was made: was {}, is {} now", words(planned), words(now)))
}

/// An image in a list.
fn name(image: &Image) -> SafeText {
    match &image.tag {
        Some(tag) => SafeText::clean(tag.as_str()),
        None => SafeText::from(image.digest.short()),
    }
}

/// What should be known of what is left behind.
fn leftovers(carrier: &Carrier<'_>, outcomes: &[Outcome]) -> Vec<SafeText> {
    let mut remarks = Vec::new();
    let open = carrier.transfer.left_open.load(Ordering::Relaxed);
    if open > 0 {
        let text = format!("{open} uploads could not be closed; the registry drops them by itself some day");
        remarks.push(SafeText::from(text));
    }
    let is_unfinished = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Stopped);
    let has_moved =
        carrier.transfer.sent.load(Ordering::Relaxed) > 0 || carrier.put.load(Ordering::Relaxed) > 0;
    if has_moved && outcomes.iter().any(is_unfinished) {
        remarks.push("what was copied of unfinished images stays until garbage collection; another copy goes on from there".into());
    }
    remarks
}

fn of_refusal(plan: &Plan, refusal: Refusal) -> Failure {
    let what = SafeText::from(format!("does not copy to {}", plan.to));
    Failure { what, why: refusal.why, hint: refusal.hint, kind: FailureKind::Local }
}

fn all_failed(plan: &Plan, failure: &Failure) -> Report {
    let failed = |image: &Image| Item { name: name(image), outcome: Some(Outcome::Failed(failure.clone())) };
    Report { items: plan.images.iter().map(failed).collect(), ..Report::default() }
}

/// The journal's entry of a copy: the tags that it puts, and what they were.
struct Entry {
    running: Option<Running>,
    /// For each image: its item in the entry, or why what it replaces could not be kept.
    items: Vec<Result<Option<usize>, Failure>>,
}

impl Entry {
    /// Reads what is replaced, and returns when it is on disk. Images that go by digest replace nothing and are in no
    /// entry: what no tag names is invisible, and removing it could take away what somebody else tagged meanwhile.
    async fn begin(workshop: &Workshop, plan: &Plan, destination: &Client) -> Result<Entry, Failure> {
        let asked: Vec<_> =
            plan.images.iter().map(|image| replaced(plan, image, destination).boxed()).collect();
        let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut kept = Vec::new();
        let mut items = Vec::new();
        for item in read {
            items.push(item.map(|item| {
                item.map(|item| {
                    kept.push(item);
                    kept.len() - 1
                })
            }));
        }
        let running = match kept.is_empty() {
            true => None,
            false => {
                Some(workshop.journal.begin(plan.title(), Some(Wish::Copy(plan.wish.clone())), kept).await?)
            }
        };
        Ok(Entry { running, items })
    }

    fn trouble(&self, image: usize) -> Option<&Failure> {
        self.items.get(image)?.as_ref().err()
    }

    async fn done(&self, image: usize, is_done: bool) {
        if let (Some(running), Some(Ok(Some(item)))) = (&self.running, self.items.get(image)) {
            running.done(*item, is_done).await;
        }
    }

    /// Ends the entry, and names it if there is anything to undo.
    async fn end(self, items: &[Item], remarks: &mut Vec<SafeText>) -> Option<journal::EntryId> {
        let running = self.running?;
        let id = running.id().clone();
        remarks.extend(running.end().await.err());
        let has_put = |(item, kept): (&Item, &Result<Option<usize>, Failure>)| {
            matches!(item.outcome, Some(Outcome::Done(_) | Outcome::Pending(_)))
                && matches!(kept, Ok(Some(_)))
        };
        items.iter().zip(&self.items).any(has_put).then_some(id)
    }
}

/// The tag that an image gets, with what it is now; none for what changes no tag.
async fn replaced(
    plan: &Plan,
    image: &Image,
    destination: &Client,
) -> Result<Option<journal::Item>, Failure> {
    let Some(tag) = image.tag.as_ref().filter(|_| !image.is_done()) else { return Ok(None) };
    let before = match image.replaces {
        None => None,
        Some(digest) => {
            let held = destination.manifest(&plan.to.name, &Selector::Digest(digest), Lane::Background).await;
            let what = || format!("cannot keep what {}:{tag} is now", plan.to);
            let held = held.map_err(|error| error.failure(what()))?;
            let media_type = held.media_type.as_str().to_string();
            Some(journal::Held { digest, media_type, bytes: held.raw.clone() })
        }
    };
    let (repository, selector) = (plan.to.clone(), Selector::Tag(tag.clone()));
    Ok(Some(journal::Item { repository, selector, before, after: Some(image.digest), done: None }))
}
