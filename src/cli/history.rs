//! `regtui history`: the past of a tag, or the removed tags of a repository and its images without a tag, as the vendor of
//! the registry keeps them.

use std::io::{BufWriter, Write};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::CliError;
use super::arguments::ArgumentReader;
use super::print::{self, Table};
use crate::client::Pool;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Reference, Tag, Target};
use crate::model::tag_history::{HistorySubject, PeriodState, TagHistory, TagPeriod};
use crate::model::text::SafeText;
use crate::model::{size, time};
use crate::ops::tag_history;

/// List the images that a tag had, or the removed tags of a repository and its images without a tag
///
/// Only the own APIs of some vendors keep this: Quay the past of tags; GHCR, Harbor and Google the images without a tag.
/// `regtui tag REPOSITORY@DIGEST TAG` puts a tag back on an earlier image.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Tag (quay.io/org/app:1.4) or repository (quay.io/org/app)
    #[arg(value_name = "NAME")]
    name: String,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

/// A line of JSON.
#[derive(Serialize)]
struct PeriodRecord<'a> {
    tag: Option<&'a Tag>,
    digest: Option<Digest>,
    size: Option<u64>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// Whether the tag was put back on an earlier image.
    restored: bool,
    state: PeriodState,
}

/// The last line of JSON of a list that may be incomplete.
#[derive(Serialize)]
struct IncompleteHistory<'a> {
    incomplete: &'a SafeText,
}

impl History {
    /// Prints the periods, the newest first.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let subject = self.subject(pool)?;
        let registry = pool.registry(&subject.repository.host);
        let now = Timestamp::now();
        let history = tag_history::read(&*registry, &subject, now).await?;
        pool.flush().await;
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            for period in &history.periods {
                print::json(&mut out, &record(period, now))?;
            }
            if let Some(incomplete) = &history.incomplete {
                print::json(&mut out, &IncompleteHistory { incomplete })?;
            }
        } else {
            print::print_problem(history.count(subject.tag.is_some()));
            table(&history, now).print(&mut out)?;
        }
        out.flush()?;
        if let Some(why) = &history.incomplete {
            print::print_problem(format_args!("the list may be incomplete: {why}"));
        }
        Ok(())
    }

    fn subject(&self, pool: &Pool) -> Result<HistorySubject, CliError> {
        match ArgumentReader::of(pool).target(&self.name)? {
            Target::Repository(repository) => Ok(HistorySubject { repository, tag: None }),
            Target::Image(Reference { repository, tag: Some(tag), digest: None }) => {
                Ok(HistorySubject { repository, tag: Some(tag) })
            }
            Target::Image(reference) => Err(Failure {
                what: SafeText::from(format!("cannot list the past of {reference}")),
                why: "a digest always names the same image".into(),
                hint: Some("name a tag or a repository".into()),
                kind: FailureKind::Local,
            }
            .into()),
            Target::Registry(host) => {
                let text = format!("`{host}` is a registry: name a repository or a tag of it");
                Err(CliError::Usage(text))
            }
        }
    }
}

fn record(period: &TagPeriod, now: Timestamp) -> PeriodRecord<'_> {
    PeriodRecord {
        tag: period.tag.as_ref(),
        digest: period.digest,
        size: period.size,
        start: period.start,
        end: period.end,
        restored: period.is_restored,
        state: period.state(now),
    }
}

/// Returns the periods as a table. Digests are whole, because `regtui tag` takes them.
fn table(history: &TagHistory, now: Timestamp) -> Table {
    let mut table = Table::new(&["TAG", "FROM", "UNTIL", "STATE", "SIZE", "DIGEST"], &[4]);
    let dash = || String::from("-");
    let at = |at: Option<Timestamp>| at.map_or_else(dash, time::absolute);
    for period in &history.periods {
        table.row(vec![
            period.tag.as_ref().map_or_else(dash, ToString::to_string),
            at(period.start),
            at(period.end),
            period.describe(now),
            period.size.map_or_else(dash, |bytes| format!("~{}", size::bytes(bytes))),
            period.digest.map_or_else(dash, |digest| digest.to_string()),
        ]);
    }
    table
}
