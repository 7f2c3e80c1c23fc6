//! The plan for undoing the last change: older changes are tried until one can be undone.

use std::collections::VecDeque;
use std::time::Duration;

use super::{PlanDialog, find_asking, replace_request};
use crate::app::State;
use crate::app::actions::quoted_key;
use crate::app::dialogs::Dialog;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::Ticket;
use crate::app::update::Update;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::journal::{self, EntryId, JournalEntry};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::failure::Failure;
use crate::model::reference::Host;
use crate::model::text::SafeText;

/// Largest number of older changes, after the newest, that are tried to find one that can be undone.
const MOST_STEPS_BACK: usize = 20;

/// Shows the plan for undoing the last change.
pub(crate) fn show(update: &mut Update<'_>) {
    let ticket = update.ask(Slot::Plan, Duration::ZERO, Ask::Journal);
    PlanDialog::waiting(update, None, ticket, None).show(update.state);
}

/// Takes the journal in order to undo the last change.
pub(crate) fn take_journal(
    update: &mut Update<'_>,
    ticket: Ticket,
    answer: Result<Vec<JournalEntry>, Failure>,
) {
    let now = update.now;
    if find_asking(update.state, ticket).is_none() {
        return;
    }
    match answer {
        Err(failure) => {
            if let Some(plan) = find_asking(update.state, ticket) {
                plan.change_plan.answer(ticket, Err(failure), now);
            }
        }
        Ok(entries) => {
            let elsewhere = entries.iter().any(JournalEntry::can_be_undone);
            // An entry that cannot be read may have been the last.
            let order: Vec<EntryId> = entries.iter().map(|entry| entry.id.clone()).collect();
            let unreadable = entries.iter().filter(|entry| entry.state == journal::EntryState::Unreadable);
            let unreadable: Vec<EntryId> = unreadable.map(|entry| entry.id.clone()).collect();
            let mut here: VecDeque<EntryId> =
                list_undoable(update.state, entries).into_iter().map(|entry| entry.id).collect();
            match here.pop_front() {
                Some(newest) => {
                    here.truncate(MOST_STEPS_BACK);
                    let newer = order.iter().take_while(|id| **id != newest);
                    let newer = newer.filter(|id| unreadable.contains(id));
                    let skipped = newer
                        .map(|id| SafeText::from(format!("{id}: its entry in the journal cannot be read")));
                    if let Some(plan) = find_asking(update.state, ticket) {
                        plan.older_entries = here;
                        plan.skipped.extend(skipped);
                    }
                    replace_request(update, ticket, ChangeRequest::Undo(newest));
                }
                None => {
                    close(update.state, ticket);
                    update.refuse(if elsewhere {
                        let journal = quoted_key(&update.state.settings.keys, "changes.journal");
                        format!("nothing in these registries could be undone: {journal} lists other changes")
                    } else {
                        "there is no change that could be undone".into()
                    });
                }
            }
        }
    }
}

/// Returns the changes that are not undos and can be undone. The changes of this run come first, in any registry,
/// the last ended first. Other changes to registries that are open here follow, the last begun first.
fn list_undoable(state: &State, mut entries: Vec<JournalEntry>) -> Vec<JournalEntry> {
    let is_open = |host: &&Host| state.registries.items.iter().any(|open| open.host == **host);
    let jobs = &state.jobs.all;
    let mut own: Vec<(jiff::Timestamp, &EntryId)> =
        jobs.iter().filter_map(|job| Some((job.ended_at()?, job.report()?.undo.as_ref()?))).collect();
    own.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let place = |entry: &JournalEntry| own.iter().position(|(_, id)| **id == entry.id);
    entries.retain(|entry| {
        let hosts = entry.hosts();
        let is_here = !hosts.is_empty() && hosts.iter().all(is_open);
        (is_here || place(entry).is_some()) && entry.can_be_undone() && !entry.is_undo()
    });
    entries.sort_by_key(|entry| place(entry).unwrap_or(usize::MAX));
    entries
}

fn close(state: &mut State, ticket: Ticket) {
    state
        .dialogs
        .retain(|dialog| !matches!(dialog, Dialog::Plan(plan) if plan.change_plan.pending == Some(ticket)));
}

impl PlanDialog {
    /// Returns the same undo by replacement, if the server can delete the tags by no other method and the user has not
    /// chosen one. The plan says so, and the replacement is confirmed separately.
    pub(super) fn request_by_replacement(&self, change_plan: &ChangePlan) -> Option<ChangeRequest> {
        let (ChangePlan::Undo(undo), Some(ChangeRequest::Undo(entry))) = (change_plan, &self.request) else {
            return None;
        };
        let is_closed =
            undo.common.refused.is_none() && undo.steps.iter().any(|step| step.impossible.is_some());
        let can_replace = undo.common.methods.contains(&DeleteMethod::Replace);
        (!self.has_chosen_method && is_closed && can_replace)
            .then(|| ChangeRequest::UndoByReplacement(entry.clone()))
    }

    /// Returns the change before this one and notes this one as skipped, if no part of it can be undone by any method.
    pub(super) fn skip_to_older(&mut self, change_plan: &ChangePlan) -> Option<EntryId> {
        let ChangePlan::Undo(undo) = change_plan else { return None };
        if undo.common.refused.is_some() || !undo.is_impossible() || !undo.common.methods.is_empty() {
            return None;
        }
        let older = self.older_entries.pop_front()?;
        let why = undo.steps.iter().find_map(|step| step.impossible.as_ref());
        let why = why.map_or("there is nothing in it", SafeText::as_str);
        self.skipped.push(SafeText::from(format!("{}: {why}", undo.of)));
        Some(older)
    }
}
