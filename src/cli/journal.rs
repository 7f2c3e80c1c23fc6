//! `regtui journal`: lists the changes, the newest first.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use clap::Args;
use jiff::Timestamp;

use super::print::{self, Table};
use super::{CliError, until_interrupted};
use crate::model::change::journal::{EntryId, EntryState, JournalEntry, JournalItem, Probe};
use crate::model::digest::Digest;
use crate::model::time;
use crate::ops::journal::Journal;

/// List all changes
#[derive(Debug, Args)]
pub(crate) struct JournalCommand {
    /// Entry to show, with everything that it changed
    #[arg(value_name = "ENTRY")]
    entry: Option<String>,
    /// List the tags that keep images (see `--keep`) of changes that were not undone
    #[arg(long, conflicts_with_all = ["entry", "json"])]
    kept: bool,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

impl JournalCommand {
    /// Prints the journal.
    pub(super) async fn run(&self, journal: &Journal) -> Result<(), CliError> {
        until_interrupted(self.print(journal)).await
    }

    async fn print(&self, journal: &Journal) -> Result<(), CliError> {
        let entries = match &self.entry {
            Some(entry) => vec![journal.entry(&EntryId(entry.clone())).await?],
            None => journal.list().await?,
        };
        let mut out = BufWriter::new(std::io::stdout().lock());
        match (&self.entry, self.json) {
            _ if self.kept => print_kept(&mut out, &entries)?,
            (_, true) => entries.iter().try_for_each(|entry| print::json(&mut out, entry))?,
            (Some(_), false) => entries.iter().try_for_each(|entry| print_one(&mut out, entry))?,
            (None, false) => print_all(&mut out, &entries)?,
        }
        Ok(out.flush()?)
    }
}

fn print_all(out: &mut impl Write, entries: &[JournalEntry]) -> std::io::Result<()> {
    let mut table = Table::new(&["ENTRY", "AGE", "STATE", "CHANGE"], &[]);
    let now = Timestamp::now();
    for entry in entries {
        table.row(vec![
            entry.id.to_string(),
            time::age(entry.at, now),
            entry.outcome().to_string(),
            entry.whole_title().to_string(),
        ]);
    }
    table.print(out)
}

/// Prints the kept tags, and the commands that remove them when no undo is wanted any more.
fn print_kept(out: &mut impl Write, entries: &[JournalEntry]) -> std::io::Result<()> {
    let mut table = Table::new(&["TAG", "KEEPS", "AGE", "ENTRY"], &[]);
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let now = Timestamp::now();
    for entry in entries.iter().filter(|entry| entry.state != EntryState::Undone) {
        for (repository, tag, image) in entry.kept_tags() {
            let is_plain = entry.reached.iter().any(|one| one.plain_http && one.host == repository.host);
            let name = format!("{}{repository}:{tag}", if is_plain { "http://" } else { "" });
            let names = tags.entry(repository.to_string()).or_default();
            if !names.contains(&name) {
                table.row(vec![name.clone(), image.short(), time::age(entry.at, now), entry.id.to_string()]);
                names.push(name);
            }
        }
    }
    table.print(out)?;
    if !tags.is_empty() {
        writeln!(
            out,
            "\nundo removes each again; without undo, this does, and images without another name are lost:"
        )?;
    }
    tags.values().try_for_each(|names| writeln!(out, "  regtui delete {}", names.join(" ")))
}

fn print_one(out: &mut impl Write, entry: &JournalEntry) -> std::io::Result<()> {
    writeln!(out, "{}\n{}, {}", entry.whole_title(), time::absolute(entry.at), entry.outcome())?;
    entry.damage.notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
    let left =
        |probe: &Probe| format!("the throw-away tag `{}` may still be in {}", probe.tag, probe.repository);
    entry.probes.iter().try_for_each(|probe| writeln!(out, "{}", left(probe)))?;
    writeln!(out)?;
    let mut table = Table::new(&["WHAT", "BEFORE", "AFTER", "DONE"], &[]);
    entry.items.iter().for_each(|item| table.row(row(item)));
    table.print(out)
}

fn row(item: &JournalItem) -> Vec<String> {
    let digest = |digest: Option<&Digest>| digest.map_or_else(|| "nothing".into(), Digest::short);
    let done = match item.done {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    };
    vec![
        format!("{}{}", item.repository, item.selector.short_suffix()),
        digest(item.before.as_ref().map(|held| &held.digest)),
        digest(item.after.as_ref()),
        done.into(),
    ]
}
