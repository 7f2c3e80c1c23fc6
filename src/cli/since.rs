//! `regtui since`: finds the tag since which something holds for the images of a repository.

use std::io::{BufWriter, Write};

use clap::{ArgGroup, Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use super::CliError;
use super::arguments::ArgumentReader;
use super::image_files::announced_spending;
use super::platform;
use super::print::{self, Table};
use crate::client::Pool;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Repository, Target};
use crate::model::since::{SinceMethod, SinceOrder, SinceQuestion, SinceReport, SinceRow};
use crate::model::text::SafeText;
use crate::model::time;
use crate::ops::since::{SinceReading, SinceTags, find_since};
use crate::ops::spending::SpendingError;

/// Find the tag since which an image has a variable, a label, a size, a file or a package
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("question").required(true).args(["env", "label", "size", "file", "package"])))]
#[command(
    after_help = "Tags are looked at in the order of versions; names without a version, such as `latest`, only if there are no versions. Images with \
several tags are read once, and so is each layer. More than 32 MiB or 200 requests are announced first.

A binary search is right only if everything that came stays: it looks at the oldest and the newest image first, and at all images if these say otherwise.

Exit codes: 0 a tag was found; 1 no image has it, or something failed, such as the reading of an image; 2 wrong usage."
)]
pub(crate) struct Since {
    /// Repository: ghcr.io/org/app
    #[arg(value_name = "REPOSITORY")]
    repository: String,
    /// Look for a variable, or for one with this value
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Option<String>,
    /// Look for a label, or for one with this value
    #[arg(long, value_name = "NAME[=VALUE]")]
    label: Option<String>,
    /// Look for images larger than this, or smaller: +100M, -2GiB; compressed
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    size: Option<String>,
    /// Look for a file, a directory or a link
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// Look for a package, or for one with this version, by name as `regtui packages` lists them
    #[arg(long, value_name = "NAME[=VERSION]")]
    package: Option<String>,
    /// Look at these tags only: 1.*
    #[arg(long, value_name = "PATTERN")]
    tags: Option<String>,
    /// Order the images by the versions of their tags, or by their dates
    #[arg(long, value_enum, value_name = "ORDER", default_value = "version")]
    sort: SinceSort,
    /// Look at a few images only, by binary search: right only if everything that came stays
    #[arg(long)]
    bisect: bool,
    /// Of images for several platforms, look at those for this one: linux/arm64 [default: that for this machine, else the only one]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// The order of the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SinceSort {
    /// By version
    Version,
    /// By date
    Date,
}

/// The document.
#[derive(Serialize)]
struct SinceDocument<'a> {
    repository: String,
    question: &'a SinceQuestion,
    /// The oldest image since which it holds for all; `null` if it does not hold for the newest one, or if that is not
    /// certain.
    since: Option<SinceImage<'a>>,
    /// The image before that.
    before: Option<SinceImage<'a>>,
    /// The oldest image that is known to have it, if an image before it is not known that may be the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    since_at_the_latest: Option<SinceImage<'a>>,
    /// The newest image before these that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    since_after: Option<SinceImage<'a>>,
    /// The newest image for which it holds.
    last: Option<SinceImage<'a>>,
    /// The images for which the answer is another one than for the image before.
    changes: Vec<SinceImage<'a>>,
    order: SinceOrder,
    /// Whether the images are those of a binary search.
    bisected: bool,
    /// The images that were looked at, the oldest first.
    looked_at: Vec<SinceImage<'a>>,
    tags: usize,
    /// The number of images in the order.
    images: usize,
    /// Tags without a place in the order, which were not looked at.
    other_tags: usize,
    layers_read: usize,
    bytes_read: u64,
    /// The images that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<SinceImage<'a>>,
    /// Sentences that limit the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<SafeText>,
    /// The reason why there may be more tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<&'a SafeText>,
}

/// An image of the document.
#[derive(Serialize)]
struct SinceImage<'a> {
    tag: &'a str,
    digest: Option<String>,
    created: Option<Timestamp>,
    holds: Option<bool>,
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

impl<'a> SinceImage<'a> {
    fn of(row: &'a SinceRow) -> SinceImage<'a> {
        let answer = row.answer.as_ref().ok();
        SinceImage {
            tag: row.tag.as_str(),
            digest: row.digest.map(|digest| digest.to_string()),
            created: row.created,
            holds: answer.map(|answer| answer.holds),
            value: answer.and_then(|answer| answer.value.as_deref()),
            error: row.answer.as_ref().err(),
        }
    }
}

impl Since {
    /// Prints the answer.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let found = self.find(pool).await;
        pool.flush().await;
        found
    }

    async fn find(&self, pool: &Pool) -> Result<(), CliError> {
        let repository = match ArgumentReader::of(pool).target(&self.repository)? {
            Target::Repository(repository) => repository,
            Target::Registry(_) | Target::Image(_) => {
                let name = SafeText::clean(&self.repository);
                return Err(CliError::Usage(format!("`{name}`: name a repository, without a tag")));
            }
        };
        let question = self.question()?;
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        let order = match self.sort {
            SinceSort::Version => SinceOrder::Version,
            SinceSort::Date => SinceOrder::Date,
        };
        let tags = SinceTags {
            repository: &repository,
            pattern: self.tags.as_deref(),
            platform: platform.as_ref(),
            order,
            bisects: self.bisect,
        };
        let registry = pool.registry_for_reading(&repository.host);
        let (mut spending, reading) = (announced_spending(Some(&*registry)), SinceReading::default());
        let report = find_since(&*registry, &tags, &question, &mut spending, &reading).await;
        let report = report.map_err(SpendingError::into_failure)?;
        self.print(&repository, &question, &report, order)?;
        for row in &report.rows {
            if let Err(failure) = &row.answer {
                print::print_problem(format_args!("{}: {failure}", row.tag));
            }
        }
        if !self.json {
            report.notes().iter().for_each(print::print_problem);
        }
        match report.last() {
            Some(_) if report.unknown().next().is_some() => Err(CliError::Reported),
            Some(_) => Ok(()),
            None if self.json => Err(CliError::Reported),
            None => {
                let what = format!("cannot find {}", question.describe());
                let of_known = if report.unknown().next().is_some() { " of which it is known" } else { "" };
                let failure = Failure::local(what, format!("no image of {repository}{of_known} has it"));
                let is_certain = report.unknown().next().is_none();
                let kind = if is_certain { FailureKind::NotFound } else { failure.kind };
                Err(Failure { kind, ..failure }.into())
            }
        }
    }

    fn question(&self) -> Result<SinceQuestion, CliError> {
        let bad = |option: &str, text: &str, form: &str| {
            CliError::Usage(format!("`--{option} {}`: write {form}", SafeText::clean(text)))
        };
        let pair = |option: &str, text: &str| {
            SinceQuestion::parse_pair(text).ok_or_else(|| bad(option, text, "NAME or NAME=VALUE"))
        };
        if let Some(text) = &self.package {
            let (name, version) = SinceQuestion::parse_pair(text)
                .ok_or_else(|| bad("package", text, "NAME or NAME=VERSION"))?;
            return Ok(SinceQuestion::Package(name, version));
        }
        match (&self.env, &self.label, &self.size, &self.file) {
            (Some(text), ..) => pair("env", text).map(|(name, value)| SinceQuestion::Env(name, value)),
            (_, Some(text), ..) => pair("label", text).map(|(name, value)| SinceQuestion::Label(name, value)),
            (_, _, Some(text), _) => SinceQuestion::parse_size(text)
                .ok_or_else(|| bad("size", text, "a size such as +100M or -2GiB")),
            (.., Some(path)) => Ok(SinceQuestion::File(path.clone())),
            (None, None, None, None) => Err(CliError::Usage("there is no question".into())),
        }
    }

    fn print(
        &self,
        repository: &Repository,
        question: &SinceQuestion,
        report: &SinceReport,
        order: SinceOrder,
    ) -> std::io::Result<()> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let found = report.since();
        if self.json {
            let open = report.first().filter(|first| !first.unknown.is_empty());
            print::json(
                &mut out,
                &SinceDocument {
                    repository: repository.to_string(),
                    question,
                    since: found.map(|(row, _)| SinceImage::of(row)),
                    before: found.and_then(|(_, before)| before).map(SinceImage::of),
                    since_at_the_latest: open.map(|first| SinceImage::of(first.row)),
                    since_after: open.and_then(|first| first.before).map(SinceImage::of),
                    last: report.last().map(SinceImage::of),
                    changes: report.changes().into_iter().map(SinceImage::of).collect(),
                    order,
                    bisected: report.method == SinceMethod::Bisect,
                    looked_at: report.rows.iter().map(SinceImage::of).collect(),
                    tags: report.tags,
                    images: report.images,
                    other_tags: report.others,
                    layers_read: report.layers_read,
                    bytes_read: report.bytes_read,
                    unknown: report.unknown().map(SinceImage::of).collect(),
                    notes: report.notes(),
                    incomplete: report.incomplete.as_ref(),
                },
            )?;
            return out.flush();
        }
        writeln!(out, "{}", report.summary())?;
        let (title, rows): (_, Vec<&SinceRow>) = match report.method {
            SinceMethod::Bisect => ("looked at", report.rows.iter().collect()),
            SinceMethod::All | SinceMethod::AllAfter(_) => ("all changes", report.changes()),
        };
        if rows.len() > 1 {
            writeln!(out, "\n{title}")?;
            let mut table = Table::new(&["", "TAG", "DIGEST", "CREATED", "VALUE"], &[]);
            rows.into_iter().for_each(|row| table.row(cells(row)));
            table.print(&mut out)?;
        }
        out.flush()
    }
}

/// Returns the cells of an image.
fn cells(row: &SinceRow) -> Vec<String> {
    let value = row.answer.as_ref().ok().and_then(|answer| answer.value.as_deref());
    vec![
        row.holds().map_or("?", |holds| if holds { "+" } else { "-" }).to_string(),
        row.tag.to_string(),
        row.digest.map(|digest| digest.short()).unwrap_or_default(),
        row.created.map(time::day).unwrap_or_default(),
        SafeText::clean(value.unwrap_or_default()).to_string(),
    ]
}
