//! `regtui ls`: lists the repositories of a registry as they arrive, or the tags of a repository, sorted.

mod by_vendor;

use std::io::{BufWriter, Write};
use std::pin::pin;

use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Serialize;

use super::CliError;
use super::arguments::ArgumentReader;
use super::image_files::announce_requests;
use super::print::{self, Table};
use crate::client::{Error, Pool, Priority, Registry};
use crate::model::failure::{Failure, FailureKind};
use crate::model::page::{ListedName, Page};
use crate::model::price::Price;
use crate::model::reference::{Repository, RepositoryName, Tag, Target};
use crate::model::summary::Summary;
use crate::model::text::SafeText;
use crate::model::{size, tag_order, time, version_order};
use crate::ops::list;

/// List the repositories of a registry, or the tags of a repository
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Registry (localhost:5000) or repository (ghcr.io/org/app) to list
    #[arg(value_name = "TARGET")]
    target: String,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
    /// Also list digest tags (sha256-…), which hold signatures and lists of referrers
    #[arg(long, short)]
    all: bool,
    /// Show the digest, size, date and platforms of tags
    #[arg(long, short)]
    long: bool,
    /// Show the vendor's own facts about tags, with one request for many: size, last push and pull, expiry
    #[arg(long, conflicts_with = "long")]
    vendor: bool,
    /// Set the order of tags; size and date need --long or --vendor
    #[arg(long, value_name = "BY", default_value = "version")]
    sort: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Version,
    Name,
    Date,
    Size,
}

/// A line of JSON for a name.
#[derive(Serialize)]
struct NameRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
    /// Whether the name breaks the rules for names, so that it cannot be used in a request.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    malformed: bool,
    /// Whether the tag is named after a digest, so that its manifest belongs to that image.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    digest_tag: bool,
}

/// The last line of JSON of a list that may be incomplete.
#[derive(Serialize)]
struct IncompleteRecord<'a> {
    /// The reason why names may be missing.
    incomplete: &'a SafeText,
}

/// A line of JSON for a tag with its image.
#[derive(Serialize)]
struct Long<'a> {
    tag: &'a str,
    /// Whether the tag is named after a digest, so that its manifest belongs to that image.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    digest_tag: bool,
    #[serde(flatten)]
    summary: Option<&'a Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

impl Ls {
    /// Prints the list.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        if matches!(self.sort, By::Date | By::Size) && !self.long && !self.vendor {
            return Err(CliError::Usage("sorting by date or size needs `--long` or `--vendor`".into()));
        }
        let outcome = match ArgumentReader::of(pool).target(&self.target)? {
            Target::Registry(_) if self.long || self.vendor => Err(CliError::Usage(
                "`--long` is for the tags of a repository, as `--vendor` is: `regtui ls --long HOST/REPOSITORY`".into(),
            )),
            Target::Registry(host) => self.repositories(&*pool.registry(&host)).await,
            Target::Repository(repository) => {
                self.tags(&*pool.registry_for_reading(&repository.host), &repository).await
            }
            Target::Image(reference) => Err(CliError::Usage(format!(
                "`{}` names one image; `regtui inspect {}` shows it",
                self.target, reference
            ))),
        };
        pool.flush().await;
        outcome
    }

    async fn repositories(&self, registry: &dyn Registry) -> Result<(), CliError> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut pages = pin!(list::repositories(registry, &[]));
        let mut is_first = true;
        while let Some(page) = pages.next().await {
            print::own_api_notice(registry);
            let page = page.map_err(|error| error.catalog_failure())?;
            self.repository_page(&mut out, &page, std::mem::take(&mut is_first))?;
        }
        Ok(())
    }

    /// Prints a page. All pages of a list have one source, which is named at the first one.
    fn repository_page(
        &self,
        out: &mut impl Write,
        page: &Page<RepositoryName>,
        is_first: bool,
    ) -> std::io::Result<()> {
        if let Some(source) = page.source.as_ref().filter(|_| is_first) {
            print::print_problem(source);
        }
        for item in &page.items {
            if self.json {
                print::json(
                    out,
                    &NameRecord {
                        repository: Some(item.text()),
                        tag: None,
                        malformed: item.name().is_none(),
                        digest_tag: false,
                    },
                )?;
            } else {
                writeln!(out, "{}", item.text())?;
            }
        }
        self.end_list(out, page.incomplete.as_ref())?;
        // Each page is printed as soon as it has arrived.
        out.flush()?;
        warn(page.incomplete.as_ref());
        Ok(())
    }

    /// Prints the repositories of the namespace that a name stands for, if the vendor of the registry lists them. Returns
    /// whether it does.
    async fn namespace(&self, registry: &dyn Registry, name: &RepositoryName) -> Result<bool, CliError> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut pages = pin!(list::namespace(registry, name));
        let mut is_one = false;
        while let Some(page) = pages.next().await {
            self.repository_page(&mut out, &page, !std::mem::replace(&mut is_one, true))?;
        }
        Ok(is_one)
    }

    async fn tags(&self, registry: &dyn Registry, repository: &Repository) -> Result<(), CliError> {
        let (mut items, mut incomplete): (Vec<ListedName<Tag>>, _) = (Vec::new(), None);
        let mut pages = pin!(list::tags(registry, &repository.name));
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let failure = failure(&error, format!("cannot list the tags of {repository}"));
                    let may_be_namespace =
                        matches!(failure.kind, FailureKind::NotFound | FailureKind::Denied);
                    if !self.long
                        && !self.vendor
                        && may_be_namespace
                        && self.namespace(registry, &repository.name).await?
                    {
                        return Ok(());
                    }
                    return Err(failure.into());
                }
            };
            items.extend(page.items);
            warn(page.incomplete.as_ref());
            incomplete = page.incomplete.or(incomplete);
        }
        if !self.all {
            items.retain(|item| !item.name().is_some_and(Tag::is_digest_tag));
        }
        match self.sort {
            By::Name => items.sort_by(|a, b| a.text().cmp(b.text())),
            By::Version => items = version_order::newest_first(items, ListedName::text),
            // These orders are known only when the images are.
            By::Date | By::Size => {}
        }
        let printed = if self.long {
            self.long(registry, &repository.name, items).await
        } else if self.vendor {
            by_vendor::print(registry, &repository.name, items, (self.sort, self.json)).await
        } else {
            self.short(&items)
        };
        let mut out = std::io::stdout().lock();
        self.end_list(&mut out, incomplete.as_ref())?;
        out.flush()?;
        printed
    }

    /// Says in JSON that a list may be incomplete.
    fn end_list(&self, out: &mut impl Write, incomplete: Option<&SafeText>) -> std::io::Result<()> {
        match incomplete {
            Some(incomplete) if self.json => print::json(out, &IncompleteRecord { incomplete }),
            _ => Ok(()),
        }
    }

    fn short(&self, items: &[ListedName<Tag>]) -> Result<(), CliError> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        for item in items {
            if self.json {
                print::json(
                    &mut out,
                    &NameRecord {
                        repository: None,
                        tag: Some(item.text()),
                        malformed: item.name().is_none(),
                        digest_tag: item.name().is_some_and(Tag::is_digest_tag),
                    },
                )?;
            } else {
                writeln!(out, "{}", item.text())?;
            }
        }
        Ok(out.flush()?)
    }

    async fn long(
        &self,
        registry: &dyn Registry,
        name: &RepositoryName,
        items: Vec<ListedName<Tag>>,
    ) -> Result<(), CliError> {
        for malformed in items.iter().filter(|item| item.name().is_none()) {
            print::print_problem(format_args!(
                "left out `{}`: the rules for tags forbid that name",
                malformed.text()
            ));
        }
        let tags: Vec<Tag> = items.iter().filter_map(|tag| tag.name()).cloned().collect();
        // One manifest for each image. Children and configs come on top.
        let price = Price { is_more: true, ..Price::with_manifest_reads(tags.len(), tags.len()) };
        if let Some(first) = tags.first().filter(|_| price.is_high()) {
            // The first answer tells whether the registry counts requests. Docker Hub does not count this one. A failure
            // is reported with the image.
            registry.head_tag(name, first, Priority::Interactive).await.ok();
            announce_requests(registry, &price);
        }
        let images = list::summaries(registry, name, tags).map(|(tag, summary)| {
            let what = format!("cannot read {name}:{tag}");
            let summary = summary.map_err(|error| error.failure(what));
            (tag, summary)
        });
        let mut images = pin!(images);
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut failures = Vec::new();
        let mut has_unreadable = false;
        if self.json && matches!(self.sort, By::Version | By::Name) {
            while let Some((tag, image)) = images.next().await {
                print::json(&mut out, &Long::of(&tag, &image))?;
                // Each image is printed as soon as it has arrived.
                out.flush()?;
                has_unreadable |= name_unreadable(&tag, &image);
                failures.extend(image.err());
            }
        } else {
            let mut images: Vec<(Tag, Result<Summary, Failure>)> = images.collect().await;
            self.sort(&mut images);
            self.print(&mut out, &images)?;
            out.flush()?;
            for (tag, image) in &images {
                has_unreadable |= name_unreadable(tag, image);
            }
            failures.extend(images.into_iter().filter_map(|(_, image)| image.err()));
        }
        out.flush()?;
        match failures.pop() {
            Some(last) => {
                failures.iter().for_each(print::print_problem);
                Err(last.into())
            }
            None if has_unreadable => Err(CliError::Reported),
            None => Ok(()),
        }
    }

    fn sort(&self, images: &mut [(Tag, Result<Summary, Failure>)]) {
        match self.sort {
            By::Date => sort_by(images, |summary| Some(summary.date()?.as_second())),
            By::Size => sort_by(images, |summary| summary.size),
            By::Version | By::Name => {}
        }
    }

    fn print(&self, out: &mut impl Write, images: &[(Tag, Result<Summary, Failure>)]) -> std::io::Result<()> {
        if self.json {
            return images.iter().try_for_each(|(tag, image)| print::json(out, &Long::of(tag, image)));
        }
        let mut table = Table::new(&["TAG", "DIGEST", "SIZE", "CREATED", "PLATFORMS", "KIND"], &[2]);
        let now = Timestamp::now();
        images.iter().for_each(|(tag, image)| table.row(row(tag, image.as_ref().ok(), now)));
        table.print(out)
    }
}

/// Sorts images by a value, the largest first, in the same order as the Tags pane.
fn sort_by<T: Ord>(images: &mut [(Tag, Result<Summary, Failure>)], value: impl Fn(&Summary) -> Option<T>) {
    images.sort_by(|(a, one), (b, other)| {
        let [first, second] = [one, other].map(|image| image.as_ref().ok().and_then(&value));
        tag_order::compare_by(first, second, false, || tag_order::newest_first(a.as_str(), b.as_str()))
    });
}

impl<'a> Long<'a> {
    fn of(tag: &'a Tag, image: &'a Result<Summary, Failure>) -> Long<'a> {
        Long {
            tag: tag.as_str(),
            digest_tag: tag.is_digest_tag(),
            summary: image.as_ref().ok(),
            error: image.as_ref().err(),
        }
    }
}

fn row(tag: &Tag, summary: Option<&Summary>, now: Timestamp) -> Vec<String> {
    let Some(summary) = summary else { return vec![tag.to_string(), "?".into()] };
    let platforms: Vec<String> = summary.platforms.iter().map(ToString::to_string).collect();
    let dash = || String::from("-");
    vec![
        tag.to_string(),
        summary.digest.short(),
        summary.size.map_or_else(dash, size::bytes),
        summary.created.map_or_else(dash, |created| time::age(created, now)),
        SafeText::from(if platforms.is_empty() { dash() } else { platforms.join(",") }).to_string(),
        SafeText::from(summary.kind.to_string()).to_string(),
    ]
}

/// Names the parts of an image that could not be read on stderr. Returns whether the registry has one of them.
fn name_unreadable(tag: &Tag, image: &Result<Summary, Failure>) -> bool {
    let Ok(summary) = image else { return false };
    summary.unreadable.iter().for_each(|part| print::print_problem(format_args!("{tag}: {part}")));
    summary.unreadable_part().is_some()
}

fn failure(error: &Error, what: String) -> Failure {
    error.failure(what)
}

fn warn(incomplete: Option<&SafeText>) {
    if let Some(why) = incomplete {
        print::print_problem(format_args!("the list may be incomplete: {why}"));
    }
}
