//! `regtui undo`: puts back everything that a journal entry replaced.

use clap::Args;

use super::{CliError, change};
use crate::model::change::journal::{EntryId, EntryState};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
use crate::ops;
use crate::ops::context::ChangeContext;

/// Undo the last change, or another one of the journal
#[derive(Debug, Args)]
#[command(after_help = change::EXIT_CODES)]
pub(crate) struct Undo {
    /// Entry to undo, as `regtui journal` lists it [default: the last one that was not undone]
    #[arg(value_name = "ENTRY")]
    entry: Option<String>,
    /// If the server cannot untag, put each new tag on a marked copy of its image and delete that copy; chosen without
    /// this option if there is no other method, and the plan is confirmed
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    options: change::ChangeOptions,
}

impl Undo {
    /// Runs the undo.
    pub(super) async fn run(&self, context: &ChangeContext) -> Result<(), CliError> {
        let entry = match &self.entry {
            Some(entry) => EntryId(entry.clone()),
            None => last_undoable(context).await?,
        };
        // The sense of an undo is to replace existing tags, so no extra consent is asked for that.
        self.options.run_planned(context, plan(context, entry, self.replace), true).await
    }
}

/// Plans the undo of an entry. If the server can remove tags only by replacements, this method is planned without the
/// option. The plan names the method, and the user must confirm the plan.
async fn plan(context: &ChangeContext, entry: EntryId, replace: bool) -> Result<ChangePlan, Failure> {
    if replace {
        return ops::change::plan(context, &ChangeRequest::UndoByReplacement(entry)).await;
    }
    let planned = ops::change::plan(context, &ChangeRequest::Undo(entry.clone())).await?;
    match &planned {
        ChangePlan::Undo(plan) if plan.common.refused.is_none() && !plan.common.methods.is_empty() => {
            ops::change::plan(context, &ChangeRequest::UndoByReplacement(entry)).await
        }
        _ => Ok(planned),
    }
}

/// Returns the last change that was not undone.
async fn last_undoable(context: &ChangeContext) -> Result<EntryId, CliError> {
    let fail = |why: SafeText, hint: Option<SafeText>| {
        let kind = FailureKind::NotFound;
        CliError::Failed(Failure { what: "cannot undo".into(), why, hint, kind })
    };
    for entry in context.journal.list().await? {
        if entry.state == EntryState::Unreadable {
            // The unreadable entry may be the last change. An older one must not be undone in its place.
            let why = SafeText::from(format!("the entry {} of the journal cannot be read", entry.id));
            let hint = "`regtui journal` lists the others, each can be undone by its name";
            return Err(fail(why, Some(hint.into())));
        }
        if entry.can_be_undone() && !entry.is_undo() {
            return Ok(entry.id);
        }
    }
    Err(fail("the journal holds no change that could be undone".into(), None))
}
