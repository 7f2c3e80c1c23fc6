//! Untagging where the server deletes only by digest: the tag is put on a manifest of its own, and that one is deleted.
//! registries.md §7.3.
//!
//! The replacement is the same image with one annotation more, so that pullers get the image until the tag is gone, and
//! no two replacements share a digest. It is tried on a throw-away tag first. Where the second half is refused, the tag
//! is put back on its image, byte for byte.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::prepared;
use crate::client::Client;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::{Body, Manifest};
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;
use crate::model::work::Wish;
use crate::model::work::delete::Plan;
use crate::model::work::journal::Item;
use crate::model::work::progress::{Outcome, Report};
use crate::ops::work::course::Course;
use crate::ops::work::tag::{Place, held, moved, put_failure, unseen};
use crate::ops::work::{Watch, Workshop};

/// The annotation that makes a replacement unlike its image and unlike every other replacement.
const ANNOTATION: &str = "regtui.replacement";

/// A tag that goes, and what it is put on in between.
struct Part<'a> {
    tag: &'a Tag,
    made: Result<Made, Failure>,
}

struct Made {
    image: Arc<Manifest>,
    replacement: Manifest,
}

/// Takes the tags of a plan away by way of replacements.
pub async fn run(workshop: &Workshop, plan: &Plan, watch: &Watch) -> Report {
    let client = workshop.pool.client(&plan.repository.host);
    let parts = parts(plan, &client).await;
    let mut course = Course::new(watch, parts.iter().map(|part| SafeText::from(part.tag)));
    let wish = Wish::Delete(prepared::wish(plan));
    let running = match workshop.journal.begin(plan.title(), Some(wish), items(plan, &parts)).await {
        Ok(running) => running,
        Err(failure) => return course.refused(&failure),
    };
    let place = Place { client: &client, name: &plan.repository.name };
    let kept = kept(place, plan).await;
    let mut is_proved = false;
    for (index, part) in parts.iter().enumerate() {
        let outcome = match (course.is_over(), &part.made) {
            (Some(outcome), _) => outcome,
            (None, Err(failure)) => Outcome::Failed(failure.clone()),
            (None, Ok(made)) => {
                course.now(SafeText::from(format!("untag {}", part.tag)));
                let proof = match is_proved {
                    true => Ok(()),
                    false => prove(place, made, &mut course.remarks).await,
                };
                is_proved |= proof.is_ok();
                match proof {
                    Ok(()) => take_away(place, part.tag, made, &mut course.remarks).await,
                    Err(failure) => Outcome::Failed(failure),
                }
            }
        };
        course.noted(&running, 2 * index..2 * index + 2, index, outcome).await;
    }
    check_kept(place, kept, &mut course).await;
    course.close(running).await
}

/// Tries the whole way on a tag that nobody has.
async fn prove(place: Place<'_>, made: &Made, remarks: &mut Vec<SafeText>) -> Result<(), Failure> {
    let what = || format!("replacements do not work in {}, so no tag was touched", place.name);
    let probe = replacement(&made.image).map_err(|why| local(what(), why))?;
    let text = format!("regtui-probe-{}", probe.digest.short());
    let tag = Tag::parse(&text).map_err(|bad| local(what(), bad.to_string()))?;
    let selector = Selector::Tag(tag.clone());
    let put = place.client.put_manifest(place.name, &selector, &probe).await;
    put.map_err(|error| put_failure(&error, what()))?;
    let deleted = place.client.delete_manifest(place.name, &probe.digest).await;
    let is_gone = match &deleted {
        Ok(()) => place.shows(&selector, None).await.unwrap_or(false),
        Err(_) => false,
    };
    if !is_gone {
        remarks.push(SafeText::from(format!("the throw-away tag `{tag}` stayed behind")));
    }
    match deleted {
        Err(error) => Err(put_failure(&error, what())),
        Ok(()) if !is_gone => Err(local(what(), "the throw-away tag is still there".into())),
        Ok(()) => Ok(()),
    }
}

/// Puts the tag on its replacement and deletes that.
async fn take_away(place: Place<'_>, tag: &Tag, made: &Made, remarks: &mut Vec<SafeText>) -> Outcome {
    let what = || format!("cannot untag {}:{tag}", place.name);
    let image = made.image.digest;
    match place.tag_now(tag).await {
        Ok(Some(now)) if now == image => {}
        Ok(None) => return Outcome::Already("it was gone already".into()),
        Ok(now) => return Outcome::Left(moved(now)),
        Err(error) => return Outcome::Failed(error.failure(what())),
    }
    let selector = Selector::Tag(tag.clone());
    if let Err(error) = place.client.put_tag(place.name, tag, Some(image), &made.replacement).await {
        let failure = put_failure(&error, what());
        // Its answer may be lost while it was done: nothing may stay half.
        return put_back(place, tag, made, failure, remarks).await;
    }
    match place.shows(&selector, Some(made.replacement.digest)).await {
        Ok(true) => {}
        Ok(false) => {
            let failure = local(what(), "the tag does not show its replacement".into());
            return put_back(place, tag, made, failure, remarks).await;
        }
        Err(error) => return put_back(place, tag, made, error.failure(what()), remarks).await,
    }
    if let Err(error) = place.client.delete_manifest(place.name, &made.replacement.digest).await {
        return put_back(place, tag, made, put_failure(&error, what()), remarks).await;
    }
    match place.shows(&selector, None).await {
        Ok(true) => Outcome::Done("untagged by way of a replacement".into()),
        Ok(false) => match place.tag_now(tag).await {
            Ok(Some(now)) if now == made.replacement.digest => {
                Outcome::Pending("the server took it but still shows the tag".into())
            }
            Ok(Some(now)) => Outcome::Left(moved(Some(now))),
            _ => Outcome::Done("untagged by way of a replacement".into()),
        },
        Err(error) => unseen(&error),
    }
}

/// After a failure in the middle: the tag gets its image again if it has the replacement.
async fn put_back(
    place: Place<'_>,
    tag: &Tag,
    made: &Made,
    failure: Failure,
    remarks: &mut Vec<SafeText>,
) -> Outcome {
    let replacement = made.replacement.digest;
    match place.tag_now(tag).await {
        Ok(now) if now == Some(made.image.digest) => Outcome::Failed(failure),
        Ok(now) if now != Some(replacement) => Outcome::Left(moved(now)),
        _ => match place.put(tag, Some(replacement), &made.image).await {
            Outcome::Failed(second) => {
                remarks.push(SafeText::from(format!(
                    "`{tag}` is left on its replacement {replacement} and cannot be put back on {}: {}; the journal has it",
                    made.image.digest, second.why
                )));
                Outcome::Failed(Failure { kind: FailureKind::Unreachable, ..failure })
            }
            Outcome::Left(why) => Outcome::Left(why),
            _ => {
                remarks.push(SafeText::from(format!("`{tag}` was put back on its image, byte for byte")));
                Outcome::Failed(failure)
            }
        },
    }
}

/// The other tags of the images, those that somebody else took away since the plan left out.
async fn kept(place: Place<'_>, plan: &Plan) -> Vec<(Tag, Digest)> {
    let mut kept = Vec::new();
    for image in &plan.images {
        let still = place.still(&image.others, image.digest).await;
        kept.extend(still.into_iter().map(|tag| (tag, image.digest)));
    }
    kept
}

/// Says which tags that were to stay are gone, and puts them back.
async fn check_kept(place: Place<'_>, kept: Vec<(Tag, Digest)>, course: &mut Course<'_>) {
    for (tag, digest) in &kept {
        let digest = *digest;
        if let Ok(None) = place.tag_now(tag).await {
            let text = match place.manifest(digest).await {
                Ok(image) => match place.put(tag, None, &image).await {
                    Outcome::Failed(failure) => {
                        format!("`{tag}` vanished and cannot be put back: {}", failure.why)
                    }
                    _ => format!("`{tag}` vanished, which nobody asked for: it was put back"),
                },
                Err(error) => format!("`{tag}` vanished and its image cannot be read: {}", error.cause),
            };
            course.remarks.push(SafeText::from(text));
        }
    }
}

async fn parts<'a>(plan: &'a Plan, client: &Client) -> Vec<Part<'a>> {
    let digests = plan.images.iter().map(|image| image.digest);
    let manifests: HashMap<Digest, Result<Arc<Manifest>, Failure>> =
        prepared::manifests(client, &plan.repository.name, digests).await;
    let named = plan.images.iter().flat_map(|image| image.named.iter().map(move |tag| (tag, image.digest)));
    let part = |(tag, digest): (&'a Tag, Digest)| {
        let made = match manifests.get(&digest) {
            Some(Ok(image)) => replacement(image)
                .map(|replacement| Made { image: image.clone(), replacement })
                .map_err(|why| local(format!("cannot untag {tag}"), why)),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(local(format!("cannot untag {tag}"), "its image was not read".into())),
        };
        Part { tag, made }
    };
    named.map(part).collect()
}

/// Two steps for each tag: onto the replacement, and away.
fn items(plan: &Plan, parts: &[Part<'_>]) -> Vec<Item> {
    let item = |tag: &Tag, before: Option<&Manifest>, after: Option<Digest>| Item {
        repository: plan.repository.clone(),
        selector: Selector::Tag(tag.clone()),
        before: before.map(held),
        after,
        done: None,
    };
    let steps = |part: &Part| {
        let made = part.made.as_ref().ok();
        let replacement = made.map(|made| &made.replacement);
        [
            item(part.tag, made.map(|made| &*made.image), replacement.map(|manifest| manifest.digest)),
            item(part.tag, replacement, None),
        ]
    };
    parts.iter().flat_map(steps).collect()
}

/// The same image under a digest that nothing else has. Says why where there can be none.
fn replacement(image: &Manifest) -> Result<Manifest, String> {
    if !matches!(image.body, Body::Image(_) | Body::Index(_)) {
        return Err("there are no replacements for manifests of this old kind".into());
    }
    let mut json: Map<String, Value> = serde_json::from_slice(&image.raw).map_err(|bad| bad.to_string())?;
    let annotations = json.entry("annotations").or_insert_with(|| json!({}));
    let annotations = annotations.as_object_mut().ok_or("its annotations are none")?;
    annotations.insert(ANNOTATION.into(), random().into());
    let bytes = serde_json::to_vec(&json).map_err(|bad| bad.to_string())?;
    Manifest::parse(bytes.into(), Some(image.media_type.as_str())).map_err(|bad| bad.to_string())
}

/// Text that nobody else comes upon.
fn random() -> String {
    use std::hash::{BuildHasher, RandomState};
    let part = || RandomState::new().hash_one("regtui");
    format!("{:016x}{:016x}", part(), part())
}

fn local(what: String, why: String) -> Failure {
    Failure { what: what.into(), why: why.into(), hint: None, kind: FailureKind::BadAnswer }
}
