//! The images of a repository in the order in which they are looked at, each once, whatever the number of its tags.

use std::collections::{HashMap, HashSet};

use wildmatch::WildMatch;

use super::SinceTags;
use crate::client::Registry;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::reference::Tag;
use crate::model::since::{SinceOrder, SinceReport, SinceRow};
use crate::model::version_order;
use crate::ops::tag_list;

/// Lists the tags that have a place in the order. By version these are the versions if there are some, otherwise the dates,
/// otherwise the words; by date all have one. Counts the others.
pub(super) async fn list_tags(
    registry: &dyn Registry,
    tags: &SinceTags<'_>,
) -> Result<(Vec<Tag>, SinceReport), Failure> {
    let repository = tags.repository;
    let names = tag_list::list_names(registry, &repository.name).await;
    let names = names.map_err(|error| error.failure(format!("cannot list the tags of {repository}")))?;
    let incomplete = names.incomplete_reason();
    let pattern = tags.pattern.map(WildMatch::new);
    let is_meant = |tag: &Tag| {
        !tag.is_digest_tag() && pattern.as_ref().is_none_or(|pattern| pattern.matches(tag.as_str()))
    };
    let meant: Vec<Tag> = names.tags.into_iter().filter(is_meant).collect();
    let class = meant.iter().map(|tag| version_order::class_number(tag.as_str())).max().unwrap_or(0);
    let has_place =
        |tag: &Tag| tags.order == SinceOrder::Date || version_order::class_number(tag.as_str()) == class;
    let (ordered, others): (Vec<Tag>, Vec<Tag>) = meant.into_iter().partition(has_place);
    Ok((ordered, SinceReport { others: others.len(), incomplete, ..SinceReport::default() }))
}

/// Returns a row for each image, the oldest first by the versions of tags. Its place is that of its last tag, because `1`
/// may name the newest image; its name is the first one of those that follow each other there. The answers are awaited.
pub(super) async fn find_images(
    registry: &dyn Registry,
    tags: &SinceTags<'_>,
    names: Vec<Tag>,
    report: &mut SinceReport,
) -> Vec<SinceRow> {
    let repository = tags.repository;
    let mut digests: HashMap<Tag, Digest> = HashMap::new();
    let mut failures: HashMap<Tag, Failure> = HashMap::new();
    for (tag, head) in tag_list::ask_digests(registry, &repository.name, names.clone()).await {
        match head {
            Ok(Some(head)) => drop(digests.insert(tag, head.digest)),
            // It was removed since it was listed.
            Ok(None) => {}
            Err(error) => {
                let failure = error.failure(format!("cannot determine the image of {repository}:{tag}"));
                failures.insert(tag, failure);
            }
        }
    }
    let mut rows: Vec<SinceRow> = Vec::new();
    let mut seen: HashSet<Digest> = HashSet::new();
    let mut before = None;
    for tag in version_order::newest_first(names, Tag::as_str) {
        let awaited = || Err(Failure::local("cannot read the image", "it was not read"));
        if let Some(digest) = digests.get(&tag).copied() {
            report.tags += 1;
            let follows = before.replace(digest) == Some(digest);
            match rows.last_mut().filter(|row| follows && row.digest == Some(digest)) {
                Some(newer) if !is_short_for(&tag, &newer.tag) => newer.tag = tag,
                Some(_) => {}
                None if seen.insert(digest) => {
                    rows.push(SinceRow { tag, digest: Some(digest), created: None, answer: awaited() });
                }
                None => {}
            }
        } else if let Some(failure) = failures.remove(&tag) {
            report.tags += 1;
            before = None;
            rows.push(SinceRow { tag, digest: None, created: None, answer: Err(failure) });
        }
    }
    rows.reverse();
    report.images = rows.len();
    rows
}

/// Returns whether a tag is the beginning of another one, as `1` and `1.2` are of `1.2.0`.
fn is_short_for(tag: &Tag, other: &Tag) -> bool {
    other.as_str().strip_prefix(tag.as_str()).is_some_and(|rest| rest.starts_with('.'))
}
