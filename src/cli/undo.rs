//! `regtui undo`: what an entry of the journal changed is put back.

use clap::Args;

use super::{Trouble, change};
use crate::model::failure::{Failure, FailureKind};
use crate::model::work::Wish;
use crate::model::work::journal::EntryId;
use crate::ops::work::Workshop;

/// Take back the last change, or one of the journal
#[derive(Debug, Args)]
#[command(after_help = change::EXIT_CODES)]
pub struct Undo {
    /// The entry, as `regtui journal` lists it [default: the last one that was not taken back]
    #[arg(value_name = "ENTRY")]
    entry: Option<String>,
    /// Take new tags away where the server cannot untag: put each on a marked copy of its image and delete that copy
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    options: change::Options,
}

impl Undo {
    /// Puts back what was there.
    pub async fn run(&self, workshop: &Workshop) -> Result<(), Trouble> {
        let entry = match &self.entry {
            Some(entry) => EntryId(entry.clone()),
            None => last(workshop).await?,
        };
        // Undoing replaces what is there: that is its sense.
        let wish = if self.replace { Wish::UndoByReplacement(entry) } else { Wish::Undo(entry) };
        self.options.make(workshop, wish, true).await
    }
}

/// The last change that was not taken back.
async fn last(workshop: &Workshop) -> Result<EntryId, Trouble> {
    let entries = workshop.journal.entries().await;
    let last = entries.into_iter().find(|entry| entry.can_be_undone() && !entry.is_undo());
    last.map(|entry| entry.id).ok_or_else(|| {
        Trouble::Failed(Failure {
            what: "cannot undo".into(),
            why: "the journal holds nothing that could be taken back".into(),
            hint: None,
            kind: FailureKind::NotFound,
        })
    })
}
