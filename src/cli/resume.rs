//! `regtui resume`: the rest of a change that a crash left half done.

use clap::Args;

use super::{Trouble, change};
use crate::model::failure::{Failure, FailureKind};
use crate::model::work::journal::{EntryId, State};
use crate::ops::work::Workshop;

/// Do the rest of a change that was cut off in the middle
#[derive(Debug, Args)]
pub struct Resume {
    /// The entry, as `regtui journal` lists it [default: the last one that is open]
    #[arg(value_name = "ENTRY")]
    entry: Option<String>,
    /// Replace tags that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    options: change::Options,
}

impl Resume {
    /// Plans what is left, and does it.
    pub async fn run(&self, workshop: &Workshop) -> Result<(), Trouble> {
        let entry = match &self.entry {
            Some(entry) => EntryId(entry.clone()),
            None => last_open(workshop).await?,
        };
        let rest = workshop.journal.resume(&entry).await?;
        // What it did and what is done now become two entries; both can be undone.
        self.options.make(workshop, rest, self.force).await
    }
}

/// The last change that was begun, never ended, and is not running.
async fn last_open(workshop: &Workshop) -> Result<EntryId, Trouble> {
    for entry in workshop.journal.entries().await {
        if entry.state == State::Open && !workshop.journal.is_running(&entry.id).await {
            return Ok(entry.id);
        }
    }
    Err(Trouble::Failed(Failure {
        what: "nothing to resume".into(),
        why: "every change of the journal came to its end".into(),
        hint: None,
        kind: FailureKind::NotFound,
    }))
}
