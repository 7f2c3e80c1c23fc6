//! Reads whole lists, page by page, and summarizes every tag of a list.

use futures_util::stream::{self, Stream, StreamExt};

use crate::client::{Error, Priority, Registry};
use crate::model::page::{NextPage, Page};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::summary::Summary;

use super::summary;

/// The number of tags that are asked for at the same time: enough to keep every connection busy.
const AT_ONCE: usize = 64;

/// The position in a list.
enum At {
    Start,
    Page(NextPage),
    End,
}

impl At {
    fn after<T>(page: &mut Page<T>) -> At {
        page.next.take().map_or(At::End, At::Page)
    }
}

/// Returns the pages of the catalog.
pub fn repositories(registry: &dyn Registry) -> impl Stream<Item = Result<Page<RepositoryName>, Error>> {
    stream::try_unfold(At::Start, async |at| {
        let next = match at {
            At::Start => None,
            At::Page(next) => Some(next),
            At::End => return Ok(None),
        };
        let mut page = registry.catalog(next).await?;
        let at = At::after(&mut page);
        Ok(Some((page, at)))
    })
}

/// Returns the pages of a repository's tags.
pub fn tags(registry: &dyn Registry, name: &RepositoryName) -> impl Stream<Item = Result<Page<Tag>, Error>> {
    stream::try_unfold(At::Start, async |at| {
        let next = match at {
            At::Start => None,
            At::Page(next) => Some(next),
            At::End => return Ok(None),
        };
        let mut page = registry.tags(name, next).await?;
        let at = At::after(&mut page);
        Ok(Some((page, at)))
    })
}

/// Returns the summary of every tag, in the order given.
pub fn summaries(
    registry: &dyn Registry,
    name: &RepositoryName,
    tags: Vec<Tag>,
) -> impl Stream<Item = (Tag, Result<Summary, Error>)> {
    let looked_at = stream::iter(tags).map(async |tag: Tag| {
        let summary = summary::of_tag(registry, name, &tag, Priority::Interactive).await;
        (tag, summary)
    });
    looked_at.buffered(AT_ONCE)
}
