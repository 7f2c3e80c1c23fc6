//! `regtui journal`: what was changed, newest first.

use std::io::{BufWriter, Write};

use clap::Args;
use jiff::Timestamp;

use super::change::joint;
use super::print::{self, Table};
use super::{Trouble, until_interrupted};
use crate::model::digest::Digest;
use crate::model::time;
use crate::model::work::journal::{Entry, EntryId, Item};
use crate::ops::journal::Journal;

/// List what was changed
#[derive(Debug, Args)]
pub struct List {
    /// One entry with everything that it touched
    #[arg(value_name = "ENTRY")]
    entry: Option<String>,
    /// One JSON document a line
    #[arg(long)]
    json: bool,
}

impl List {
    /// Prints the journal.
    pub async fn run(&self, journal: &Journal) -> Result<(), Trouble> {
        until_interrupted(self.print(journal)).await
    }

    async fn print(&self, journal: &Journal) -> Result<(), Trouble> {
        let entries = match &self.entry {
            Some(entry) => vec![journal.entry(&EntryId(entry.clone())).await?],
            None => journal.entries().await,
        };
        let mut out = BufWriter::new(std::io::stdout().lock());
        match (&self.entry, self.json) {
            (_, true) => entries.iter().try_for_each(|entry| print::json(&mut out, entry))?,
            (Some(_), false) => entries.iter().try_for_each(|entry| one(&mut out, entry))?,
            (None, false) => all(&mut out, &entries)?,
        }
        Ok(out.flush()?)
    }
}

fn all(out: &mut impl Write, entries: &[Entry]) -> std::io::Result<()> {
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

fn one(out: &mut impl Write, entry: &Entry) -> std::io::Result<()> {
    writeln!(out, "{}\n{}, {}\n", entry.whole_title(), time::absolute(entry.at), entry.outcome())?;
    let mut table = Table::new(&["WHAT", "BEFORE", "AFTER", "DONE"], &[]);
    entry.items.iter().for_each(|item| table.row(row(item)));
    table.print(out)
}

fn row(item: &Item) -> Vec<String> {
    let digest = |digest: Option<&Digest>| digest.map_or_else(|| "nothing".into(), Digest::short);
    let done = match item.done {
        Some(true) => "yes",
        Some(false) => "no",
        None => "nobody knows",
    };
    vec![
        format!("{}{}", item.repository, joint(&item.selector)),
        digest(item.before.as_ref().map(|held| &held.digest)),
        digest(item.after.as_ref()),
        done.into(),
    ]
}
