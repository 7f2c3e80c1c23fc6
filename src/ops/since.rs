//! Finds the tag since which something holds for the images of a repository.
//!
//! | module | purpose |
//! |---|---|
//! | [`order`] | the images in their order, each once |
//! | [`lookup`] | the answer of one image |
//! | [`bisect`] | binary search |
//! | [`files`], [`packages`] | answers that need layers |
//! | [`progress`] | the images and bytes so far |

mod bisect;
mod files;
mod lookup;
mod order;
mod packages;
mod progress;

use futures_util::{FutureExt, StreamExt, stream};

use super::files::image::ImageSource;
use super::packages::shelf::PackageShelf;
use super::spending::{Spending, SpendingError};
use crate::client::Registry;
use crate::model::failure::Failure;
use crate::model::platform::Platform;
use crate::model::price::Price;
use crate::model::reference::Repository;
use crate::model::since::{SinceAnswer, SinceMethod, SinceOrder, SinceQuestion, SinceReport, SinceRow};
use crate::model::size;
use crate::model::summary::{created_of, size_of};
use bisect::Bisected;
use files::ListShelf;
use lookup::Lookup;
pub use progress::SinceReading;

/// The action that fails if a layer is left out that may hold the answer.
const UNKNOWN: &str = "cannot look into all layers";
/// Images that are asked for at the same time.
const AT_ONCE: usize = 8;
/// The most requests for an image: its index, its manifest and its config.
const REQUESTS: usize = 3;
/// Those of them that read a manifest.
const MANIFEST_READS: usize = 2;

/// The tags to look at.
#[derive(Debug, Clone, Copy)]
pub struct SinceTags<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// A pattern for names of tags, with `*` and `?`.
    pub pattern: Option<&'a str>,
    /// The platform of images for several.
    pub platform: Option<&'a Platform>,
    /// The order of the images.
    pub order: SinceOrder,
    /// Whether a binary search is enough.
    pub bisects: bool,
}

/// Answers a question for the images of a repository. Each image is asked for once, whatever the number of its tags, and
/// each layer is read once. Only tags of one kind are looked at: versions if there are some, otherwise dates, otherwise
/// words. `spending` is asked before layers are read or many requests are sent.
pub async fn find_since(
    registry: &dyn Registry,
    tags: &SinceTags<'_>,
    question: &SinceQuestion,
    spending: &mut Spending<'_>,
    reading: &SinceReading,
) -> Result<SinceReport, SpendingError> {
    let (names, mut report) = order::list_tags(registry, tags).await?;
    let is_searched = tags.bisects && tags.order == SinceOrder::Version;
    let looks = if is_searched { bisect::most_looks(names.len()) } else { names.len() };
    let heads = Price::of_requests(names.len());
    spending.allow_all(heads, heads + price_of_images(looks))?;
    let mut rows = order::find_images(registry, tags, names, &mut report).await;
    reading.set_images(rows.len());
    let mut lookup = Lookup {
        registry,
        tags,
        question,
        spending,
        reading,
        lists: ListShelf::default(),
        packages: PackageShelf::default(),
    };
    if is_searched {
        lookup.spending.allow(price_of_images(bisect::most_looks(rows.len())))?;
    }
    let mut sources: Vec<Option<Result<ImageSource, Failure>>> = Vec::new();
    if tags.order == SinceOrder::Date {
        sources = choose_all(&mut lookup, &rows).await?;
        (rows, sources) = order_by_date(rows, sources);
    }
    if tags.bisects {
        match bisect::search(&mut lookup, &mut rows, &sources).await? {
            Bisected::Found(looked_at) => {
                let is_looked_at = |number: &usize| looked_at.binary_search(number).is_ok();
                let rows = rows.into_iter().enumerate().filter(|(number, _)| is_looked_at(number));
                report.rows = rows.map(|(_, row)| row).collect();
                report.method = SinceMethod::Bisect;
                lookup.count_into(&mut report);
                return Ok(report);
            }
            Bisected::Contradicted(why) => report.method = SinceMethod::AllAfter(why),
        }
    }
    if sources.is_empty() {
        sources = choose_all(&mut lookup, &rows).await?;
    }
    if question.is_about_files() {
        let price = lookup.price(sources.iter().flatten().flatten()).await;
        lookup.spending.allow(price)?;
    }
    for (row, source) in rows.iter_mut().zip(sources) {
        // One that a search looked at already has its answer.
        if let (Some(source), Err(_)) = (source, &row.answer) {
            lookup.answer(row, source).await?;
        }
    }
    report.rows = rows;
    lookup.count_into(&mut report);
    Ok(report)
}

/// Returns the price of images of which only the digests are known.
fn price_of_images(images: usize) -> Price {
    Price::with_manifest_reads(images * REQUESTS, images * MANIFEST_READS)
}

/// Reads the manifest and the config of each image.
async fn choose_all(
    lookup: &mut Lookup<'_, '_>,
    rows: &[SinceRow],
) -> Result<Vec<Option<Result<ImageSource, Failure>>>, SpendingError> {
    let mut unknown = 0;
    for digest in rows.iter().filter_map(|row| row.digest.as_ref()) {
        let name = &lookup.tags.repository.name;
        unknown += usize::from(lookup.registry.cached_manifest(name, digest).await.is_none());
    }
    lookup.spending.allow(price_of_images(unknown))?;
    let (registry, tags) = (lookup.registry, lookup.tags);
    let choose = rows.iter().map(|row| lookup::choose(registry, tags, row).boxed());
    let choose: Vec<_> = choose.collect();
    Ok(stream::iter(choose).buffered(AT_ONCE).map(Some).collect().await)
}

/// Sorts images by their dates. The order of those with the same date, or with none, stays.
fn order_by_date(
    rows: Vec<SinceRow>,
    sources: Vec<Option<Result<ImageSource, Failure>>>,
) -> (Vec<SinceRow>, Vec<Option<Result<ImageSource, Failure>>>) {
    let mut images: Vec<_> = rows.into_iter().zip(sources).collect();
    images.sort_by_cached_key(|(_, source)| {
        let source = source.as_ref()?.as_ref().ok()?;
        created_of(&source.manifest, source.config.as_deref())
    });
    images.into_iter().unzip()
}

/// Answers a question about the config or the manifest.
fn answer_of_config(question: &SinceQuestion, source: &ImageSource) -> SinceAnswer {
    let config = source.config.as_deref();
    let compare = |value: Option<&str>, wanted: &Option<String>| SinceAnswer {
        holds: value.is_some_and(|value| wanted.as_ref().is_none_or(|wanted| wanted == value)),
        value: value.map(str::to_string),
    };
    match question {
        SinceQuestion::Env(name, wanted) => {
            let split = |variable: &'_ String| {
                let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
                (name.to_string(), value.to_string())
            };
            let all = config.into_iter().flat_map(|config| config.env.iter().map(split));
            // Programs see the last one of a name.
            let value = all.filter(|(found, _)| found == name).last().map(|(_, value)| value);
            compare(value.as_deref(), wanted)
        }
        SinceQuestion::Label(name, wanted) => {
            compare(config.and_then(|config| config.labels.get(name)).map(String::as_str), wanted)
        }
        SinceQuestion::Size { bytes, is_larger } => {
            let found = size_of(std::iter::once(&*source.manifest));
            let holds = |found: u64| if *is_larger { found > *bytes } else { found < *bytes };
            SinceAnswer { holds: found.is_some_and(holds), value: found.map(size::bytes) }
        }
        SinceQuestion::File(_) | SinceQuestion::Package(..) => SinceAnswer { holds: false, value: None },
    }
}
