//! `regtui resume`: does the rest of a change that was cut off, by a crash for example.

use clap::Args;

use super::arguments::ArgumentReader;
use super::side_options::{Everywhere, Sides};
use super::{CliError, change, print, until_interrupted};
use crate::model::change::ChangeRequest;
use crate::model::change::journal::{EntryId, EntryState};
use crate::model::failure::{Failure, FailureKind};
use crate::ops::context::ChangeContext;
use crate::ops::resume::{self, Rest};
use crate::ops::steps::probe;

/// Finish a change that was cut off
#[derive(Debug, Args)]
#[command(after_help = change::EXIT_CODES)]
pub(crate) struct Resume {
    /// Entry to finish, as `regtui journal` lists it [default: the last one that was cut off]
    #[arg(value_name = "ENTRY")]
    entry: Option<String>,
    /// Replace existing tags without asking
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    sides: Sides,
    #[command(flatten)]
    options: change::ChangeOptions,
}

impl Resume {
    /// Plans the rest of the change, and carries it out.
    pub(super) async fn run(&self, context: &ChangeContext, everywhere: Everywhere) -> Result<(), CliError> {
        let entry = match &self.entry {
            Some(entry) => EntryId(entry.clone()),
            None => match last_unfinished(context).await? {
                Some(entry) => entry,
                None => return Ok(()),
            },
        };
        let request = context.journal.resume(&entry).await?;
        match &request {
            ChangeRequest::Copy(copy) => {
                let names = ArgumentReader::of(&context.pool);
                self.sides.apply(&names, everywhere, &copy.from.host, &copy.to.host)?;
            }
            _ if !self.sides.is_empty() => {
                return Err(CliError::Usage("`--src-…` and `--dest-…` are only for copies".into()));
            }
            _ => {}
        }
        let cut_off = context.journal.entry(&entry).await?;
        if !self.options.is_dry_run() {
            let entries = std::slice::from_ref(&cut_off);
            let removed =
                until_interrupted(async { Ok(probe::remove_leftovers(context, entries, None).await) })
                    .await?;
            removed.iter().for_each(print::print_problem);
        }
        let title = cut_off.title;
        match until_interrupted(async { Ok(resume::plan(context, &entry, &request).await?) }).await? {
            // The parts done before and those done now become two entries. Both can be undone.
            Rest::Plan(change_plan) => {
                self.options.run_planned(context, async { Ok(*change_plan) }, self.force).await
            }
            Rest::NothingLeft(moved) => {
                if !self.options.is_dry_run() {
                    context.journal.mark_ended(&entry).await?;
                }
                if moved.is_empty() {
                    print::print_problem(format_args!("nothing is left to do of {title}: it was completed"));
                    Ok(())
                } else {
                    Rest::NothingLeft(moved).into_plan(&title).map(|_| ()).map_err(CliError::Failed)
                }
            }
        }
    }
}

/// Returns the last change that was cut off. Returns `None` if there is none, but leftover probes were found and
/// removed. Fails if there was neither.
async fn last_unfinished(context: &ChangeContext) -> Result<Option<EntryId>, CliError> {
    let entries = context.journal.list().await?;
    if let Some(entry) = entries.iter().find(|entry| entry.state == EntryState::Open) {
        return Ok(Some(entry.id.clone()));
    }
    let removed =
        until_interrupted(async { Ok(probe::remove_leftovers(context, &entries, None).await) }).await?;
    if !removed.is_empty() {
        removed.iter().for_each(print::print_problem);
        return Ok(None);
    }
    Err(CliError::Failed(Failure {
        what: "nothing to resume".into(),
        why: "every change in the journal has ended".into(),
        hint: None,
        kind: FailureKind::NotFound,
    }))
}
