//! Reads whole lists, page by page, and summarizes every tag of a list.

use futures_util::stream::{self, Stream, StreamExt};

use crate::client::{Error, Priority, Registry};
use crate::model::failure::FailureKind;
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

/// Returns one page of the repositories; the first one without `next`. If the registry API lists none, the vendor's own API
/// lists those in the namespaces that some names are or are in, or without names those of the user.
pub(crate) async fn repository_page(
    registry: &dyn Registry,
    near: &[RepositoryName],
    next: Option<NextPage>,
) -> Result<Page<RepositoryName>, Error> {
    let is_first = next.is_none();
    if let (Some(api), true) = (registry.own_api(), next.as_ref().is_some_and(|next| next.vendor.is_some())) {
        let ended = Page { items: Vec::new(), next: None, incomplete: None, source: None };
        return Ok(api.repositories(near, next).await.unwrap_or(ended));
    }
    let listed = registry.catalog(next).await;
    let lists_nothing = match &listed {
        Ok(page) => page.items.is_empty() && page.next.is_none(),
        Err(error) => is_refused(error),
    };
    match registry.own_api().filter(|_| is_first && lists_nothing) {
        Some(api) => {
            let found = api.repositories(near, None).await;
            found.filter(|page| !page.items.is_empty()).map_or(listed, Ok)
        }
        None => listed,
    }
}

/// Returns the pages of the repositories in the namespace that a name stands for, by the vendor's own API. There are none
/// if the name stands for none.
pub(crate) fn namespace<'a>(
    registry: &'a dyn Registry,
    name: &'a RepositoryName,
) -> impl Stream<Item = Page<RepositoryName>> + 'a {
    let full = name.as_str();
    // `docker.io/bitnami` is read as `docker.io/library/bitnami`.
    let short = full.strip_prefix("library/").unwrap_or(full);
    let is_inside = move |listed: &str| {
        let rest = [full, short].into_iter().find_map(|namespace| listed.strip_prefix(namespace));
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let page = move |at| async move {
        let next = match at {
            At::Start => None,
            At::Page(next) => Some(next),
            At::End => return None,
        };
        let mut page = registry.own_api()?.repositories(std::slice::from_ref(name), next).await?;
        page.items.retain(|listed| is_inside(listed.text()));
        if page.items.is_empty() && page.next.is_none() {
            return None;
        }
        let at = At::after(&mut page);
        Some((page, at))
    };
    stream::unfold(At::Start, page)
}

/// Returns whether a registry refuses to list its repositories.
fn is_refused(error: &Error) -> bool {
    let kind = error.catalog_failure().kind;
    matches!(kind, FailureKind::Denied | FailureKind::NotFound | FailureKind::Unsupported)
}

/// Returns the pages of the repositories.
pub fn repositories<'a>(
    registry: &'a dyn Registry,
    near: &'a [RepositoryName],
) -> impl Stream<Item = Result<Page<RepositoryName>, Error>> + 'a {
    stream::try_unfold(At::Start, async move |at| {
        let next = match at {
            At::Start => None,
            At::Page(next) => Some(next),
            At::End => return Ok(None),
        };
        let mut page = repository_page(registry, near, next).await?;
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
