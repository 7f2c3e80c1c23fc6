//! Reads the facts about a repository with few requests: one page of its tags, and the date of one of them.

use crate::client::{Error, Priority, Registry};
use crate::model::page::ListedName;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::repository_facts::RepositoryFacts;
use crate::model::version_order;

use super::summary;

/// Returns the facts about a repository. Reads the first page of its tags, and with `reads_newest` the image with the
/// highest version among them. The size is not read. A date that cannot be read is not known.
pub async fn read(
    registry: &dyn Registry,
    name: &RepositoryName,
    reads_newest: bool,
) -> Result<RepositoryFacts, Error> {
    let page = registry.tags(name, None).await?;
    let is_complete = page.next.is_none() && page.incomplete.is_none();
    let listed = page.items.into_iter();
    let shown: Vec<ListedName<Tag>> =
        listed.filter(|item| !item.name().is_some_and(Tag::is_digest_tag)).collect();
    let tags = shown.len();
    let named = shown.iter().filter_map(ListedName::name).cloned().collect();
    let newest = match version_order::newest_first(named, Tag::as_str).first() {
        Some(tag) if reads_newest => summary::of_tag(registry, name, tag, Priority::Background).await.ok(),
        Some(_) | None => None,
    };
    let newest = newest.and_then(|summary| summary.date());
    Ok(RepositoryFacts { tags, is_complete, newest, is_newest_read: reads_newest, size: None })
}
