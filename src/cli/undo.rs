//! `regtui undo`: what an entry of the journal changed is put back.

use clap::Args;

use super::{Trouble, change};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
use crate::model::work::journal::{EntryId, State};
use crate::model::work::{Wish, Work};
use crate::ops::work::{self, Workshop};

/// Take back the last change, or one of the journal
#[derive(Debug, Args)]
#[command(after_help = change::EXIT_CODES)]
pub struct Undo {
    /// The entry, as `regtui journal` lists it [default: the last one that was not taken back]
    #[arg(value_name = "ENTRY")]
    entry: Option<String>,
    /// Take new tags away where the server cannot untag: put each on a marked copy of its image and delete that copy; done
    /// without this option where there is no other way, if the plan is agreed to
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
        self.options.make_planned(workshop, plan(workshop, entry, self.replace), true).await
    }
}

/// What taking the entry back comes to. Where the server takes tags away only by way of replacements, it is planned so
/// without being told: the plan says it, and it is agreed to for itself.
async fn plan(workshop: &Workshop, entry: EntryId, replace: bool) -> Result<Work, Failure> {
    if replace {
        return work::plan(workshop, &Wish::UndoByReplacement(entry)).await;
    }
    let planned = work::plan(workshop, &Wish::Undo(entry.clone())).await?;
    match &planned {
        Work::Undo(plan) if plan.refused.is_none() && !plan.ways.is_empty() => {
            work::plan(workshop, &Wish::UndoByReplacement(entry)).await
        }
        _ => Ok(planned),
    }
}

/// The last change that was not taken back.
async fn last(workshop: &Workshop) -> Result<EntryId, Trouble> {
    let fail = |why: SafeText, hint: Option<SafeText>| {
        let kind = FailureKind::NotFound;
        Trouble::Failed(Failure { what: "cannot undo".into(), why, hint, kind })
    };
    for entry in workshop.journal.list().await? {
        if entry.state == State::Unreadable {
            // It may have been the last: an older one is not taken for it.
            let why = SafeText::from(format!("the entry {} of the journal cannot be read", entry.id));
            let hint = "`regtui journal` lists the others, each can be undone by its name";
            return Err(fail(why, Some(hint.into())));
        }
        if entry.can_be_undone() && !entry.is_undo() {
            return Ok(entry.id);
        }
    }
    Err(fail("the journal holds nothing that could be taken back".into(), None))
}
