//! Taking tags away, one after the other: `DELETE` by tag, and never anything else.

use std::collections::HashMap;
use std::sync::Arc;

use super::prepared;
use crate::client::Client;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;
use crate::model::work::Wish;
use crate::model::work::delete::Plan;
use crate::model::work::journal::Item;
use crate::model::work::progress::{Outcome, Report};
use crate::ops::journal::Running;
use crate::ops::work::course::Course;
use crate::ops::work::tag::{Place, held};
use crate::ops::work::{Watch, Workshop};

/// A tag that goes.
struct Part<'a> {
    tag: &'a Tag,
    digest: Digest,
}

/// Takes the tags of a plan away.
pub async fn run(workshop: &Workshop, plan: &Plan, watch: &Watch) -> Report {
    let parts = parts(plan);
    let mut course = Course::new(watch, parts.iter().map(|part| SafeText::from(part.tag)));
    let client = workshop.pool.client(&plan.repository.host);
    let (running, manifests) = match begin(workshop, plan, &parts, &client, &mut course).await {
        Ok(begun) => begun,
        Err(failure) => return course.refused(&failure),
    };
    let place = Place { client: &client, name: &plan.repository.name };
    let mut takes_along = false;
    for (index, part) in parts.iter().enumerate() {
        let Some(image) = manifests.get(&part.digest) else { continue };
        if let Some(outcome) = course.is_over() {
            course.noted(&running, index..index + 1, index, outcome).await;
            continue;
        }
        if takes_along {
            let why = "not tried: the server takes every tag of an image with one";
            course.noted(&running, index..index + 1, index, Outcome::Left(why.into())).await;
            continue;
        }
        course.now(SafeText::from(format!("untag {}", part.tag)));
        let kept = kept(plan, &parts, index);
        let untagged = place.untag(part.tag, image, &kept).await;
        takes_along |= untagged.taken_along > 0;
        course.remarks.extend(untagged.remarks);
        course.noted(&running, index..index + 1, index, untagged.outcome).await;
    }
    course.close(running).await
}

async fn begin(
    workshop: &Workshop,
    plan: &Plan,
    parts: &[Part<'_>],
    client: &Client,
    course: &mut Course<'_>,
) -> Result<(Running, HashMap<Digest, Arc<Manifest>>), Failure> {
    let digests = parts.iter().map(|part| part.digest);
    let manifests = prepared::manifests(client, &plan.repository.name, digests).await;
    for (index, part) in parts.iter().enumerate() {
        if let Some(Err(failure)) = manifests.get(&part.digest) {
            course.ended(index, Outcome::Failed(failure.clone()));
        }
    }
    let manifests: HashMap<Digest, Arc<Manifest>> =
        manifests.into_iter().filter_map(|(digest, manifest)| Some((digest, manifest.ok()?))).collect();
    let item = |part: &Part| Item {
        repository: plan.repository.clone(),
        selector: Selector::Tag(part.tag.clone()),
        before: manifests.get(&part.digest).map(|manifest| held(manifest)),
        after: None,
        done: None,
    };
    let items = parts.iter().map(item).collect();
    let wish = Wish::Delete(prepared::wish(plan));
    let running = workshop.journal.begin(plan.title(), Some(wish), items).await?;
    Ok((running, manifests))
}

/// The tags that were named, and the digest tags that go along with images that keep no tag.
fn parts(plan: &Plan) -> Vec<Part<'_>> {
    let named =
        plan.images.iter().flat_map(|image| image.named.iter().map(|tag| Part { tag, digest: image.digest }));
    let bare = plan.images.iter().filter(|image| plan.along.referrers && image.others.is_empty());
    let along = bare.flat_map(|image| &image.referrers).filter_map(|referrer| {
        let tag = referrer.tag.as_ref()?;
        Some(Part { tag, digest: referrer.digest })
    });
    let mut parts: Vec<Part> = named.collect();
    for part in along {
        if !parts.iter().any(|known| known.tag == part.tag) {
            parts.push(part);
        }
    }
    parts
}

/// Other tags of the same image that are looked at afterwards: all of them with the first and the last tag that goes, one
/// in between, since a server that takes one along takes all.
fn kept(plan: &Plan, parts: &[Part<'_>], index: usize) -> Vec<Tag> {
    let Some(part) = parts.get(index) else { return Vec::new() };
    let is_same = |other: &&Part| other.digest == part.digest;
    let is_first = !parts.iter().take(index).any(|other| is_same(&other));
    let is_last = !parts.iter().skip(index + 1).any(|other| is_same(&other));
    let goes = |tag: &Tag| parts.iter().any(|part| part.tag == tag);
    let stay = plan.tags.iter().filter(|(tag, digest)| **digest == part.digest && !goes(tag));
    let most = if is_first || is_last { usize::MAX } else { 1 };
    stay.map(|(tag, _)| tag.clone()).take(most).collect()
}
