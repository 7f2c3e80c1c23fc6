//! `regtui undo`: what an entry of the journal changed is put back.

use clap::Args;

use super::{CliError, change};
use crate::model::change::journal::{EntryId, EntryState};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
use crate::ops::work::{self, ChangeContext};

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
    options: change::ChangeOptions,
}

impl Undo {
    /// Puts back what was there.
    pub async fn run(&self, context: &ChangeContext) -> Result<(), CliError> {
        let entry = match &self.entry {
            Some(entry) => EntryId(entry.clone()),
            None => last(context).await?,
        };
        // Undoing replaces what is there: that is its sense.
        self.options.make_planned(context, plan(context, entry, self.replace), true).await
    }
}

/// What taking the entry back comes to. Where the server takes tags away only by way of replacements, it is planned so
/// without being told: the plan says it, and it is agreed to for itself.
async fn plan(context: &ChangeContext, entry: EntryId, replace: bool) -> Result<ChangePlan, Failure> {
    if replace {
        return work::plan(context, &ChangeRequest::UndoByReplacement(entry)).await;
    }
    let planned = work::plan(context, &ChangeRequest::Undo(entry.clone())).await?;
    match &planned {
        ChangePlan::Undo(plan) if plan.refused.is_none() && !plan.methods.is_empty() => {
            work::plan(context, &ChangeRequest::UndoByReplacement(entry)).await
        }
        _ => Ok(planned),
    }
}

/// The last change that was not taken back.
async fn last(context: &ChangeContext) -> Result<EntryId, CliError> {
    let fail = |why: SafeText, hint: Option<SafeText>| {
        let kind = FailureKind::NotFound;
        CliError::Failed(Failure { what: "cannot undo".into(), why, hint, kind })
    };
    for entry in context.journal.list().await? {
        if entry.state == EntryState::Unreadable {
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
