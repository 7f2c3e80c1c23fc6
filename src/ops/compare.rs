//! Two repositories tag by tag: what is the same, moved, missing or extra.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, future, stream};

use super::list;
use crate::client::{Client, Error, Lane, Pool};
use crate::model::failure::Failure;
use crate::model::page::Listed;
use crate::model::reference::{Repository, RepositoryName, Tag};
use crate::model::text::SafeText;
use crate::model::work::comparison::{Comparison, Row, Side};

/// Tags of one side that are asked about together: enough to keep every connection busy.
const AT_ONCE: usize = 16;

/// Compares every tag of both. A repository that is not there has no tags, unless neither is there. A tag that one
/// registry does not tell of is unknown and hides no other.
pub async fn compare(pool: &Pool, left: &Repository, right: &Repository) -> Result<Comparison, Failure> {
    let (on_left, on_right) = future::join(Tags::of(pool, left), Tags::of(pool, right)).await;
    let (on_left, on_right) = (on_left?, on_right?);
    if let (Tags { absent: Some(failure), .. }, Tags { absent: Some(_), .. }) = (&on_left, &on_right) {
        return Err(failure.clone());
    }
    let names: BTreeSet<&Tag> = on_left.sides.keys().chain(on_right.sides.keys()).collect();
    let rows = names.into_iter().map(|tag| Row::of(tag.clone(), on_left.side(tag), on_right.side(tag)));
    // A tag that went away between the list and the question about it is on no side.
    let rows =
        rows.filter(|row| (on_left.side(&row.tag), on_right.side(&row.tag)) != (Side::Absent, Side::Absent));
    let (rows, incomplete) = (rows.collect(), [on_left.incomplete, on_right.incomplete].concat());
    Ok(Comparison { left: left.clone(), right: right.clone(), rows, incomplete })
}

/// The tags of one side.
struct Tags {
    sides: BTreeMap<Tag, Side>,
    incomplete: Vec<SafeText>,
    /// Where there is no such repository: what the registry says.
    absent: Option<Failure>,
}

impl Tags {
    async fn of(pool: &Pool, repository: &Repository) -> Result<Tags, Failure> {
        let client = pool.client(&repository.host);
        let mut tags = Tags { sides: BTreeMap::new(), incomplete: Vec::new(), absent: None };
        let names = match tags.list(&client, repository).await {
            Ok(names) => names,
            Err(error) => {
                let failure = error.failure(format!("cannot list the tags of {repository}"));
                if error.cause.status() != Some(404) {
                    return Err(failure);
                }
                tags.absent = Some(failure);
                return Ok(tags);
            }
        };
        let asked = stream::iter(names).map(async |tag: Tag| {
            let side = side_of(&client, &repository.name, &tag).await;
            (tag, side)
        });
        tags.sides = asked.buffer_unordered(AT_ONCE).collect().await;
        Ok(tags)
    }

    /// All tags that are names of images.
    async fn list(&mut self, client: &Client, repository: &Repository) -> Result<Vec<Tag>, Error> {
        let mut names = Vec::new();
        let mut pages = std::pin::pin!(list::tags(client, &repository.name));
        while let Some(page) = pages.try_next().await? {
            let named = page.items.iter().filter_map(Listed::name);
            names.extend(named.filter(|tag| !tag.is_digest_tag()).cloned());
            self.incomplete.extend(page.incomplete.map(|why| SafeText::from(format!("{repository}: {why}"))));
        }
        Ok(names)
    }

    fn side(&self, tag: &Tag) -> Side {
        self.sides.get(tag).copied().unwrap_or(Side::Absent)
    }
}

async fn side_of(client: &Client, name: &RepositoryName, tag: &Tag) -> Side {
    match client.resolve(name, tag, Lane::Background).await {
        Ok(digest) => Side::Is(digest),
        Err(error) if error.cause.status() == Some(404) => Side::Absent,
        Err(_) => Side::Unknown,
    }
}
