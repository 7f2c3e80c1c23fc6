//! The plan of a change: it is looked up, shown, changed by switches and confirmed. Nothing is changed before it is
//! confirmed, and then exactly the plan shown is carried out.

pub mod page;
pub mod places;
mod switches;

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Size;
use tui_input::Input;

use super::{Dialog, edit_input};
use crate::app::cmd::{Ask, Cmd, Slot};
use crate::app::key_guard::KeyGuard;
use crate::app::remote::{Remote, Ticket};
use crate::app::selection::hidden_selected_names;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::change::delete::DeleteMethod;
use crate::model::change::journal::{self, EntryId, JournalEntry};
use crate::model::change::wording;
use crate::model::change::{ChangePlan, ChangeRequest, copy};
use crate::model::columns;
use crate::model::failure::Failure;
use crate::model::reference::{Host, RepositoryName};
use crate::model::text::SafeText;
use places::PlanPlaces;

/// Largest number of older changes, after the newest, that are tried to find one that can be undone.
const MOST_STEPS_BACK: usize = 20;

/// A plan on the screen.
#[derive(Debug)]
pub struct PlanDialog {
    /// The request, or `None` while the change to undo, or the rest of a change, is looked up.
    pub request: Option<ChangeRequest>,
    /// Whether the user chose the method.
    has_chosen_method: bool,
    /// The journal entry that a crash left half done, if this is the plan of its rest.
    pub resumed_entry: Option<EntryId>,
    /// The plan itself.
    pub change_plan: Remote<Box<ChangePlan>>,
    /// Changes before the one to undo, the newest first. The next one is tried if that one cannot be undone.
    pub older_entries: VecDeque<EntryId>,
    /// Changes that cannot be undone, each with the reason.
    pub skipped: Vec<SafeText>,
    /// Whether the cursor is on the button that carries the plan out, not on the one that leaves.
    pub is_confirm_focused: bool,
    /// The text typed as the repository's name, if the name must be typed.
    pub input: Input,
    /// The problem with the text, or the reason why Enter did nothing.
    pub problem: Option<&'static str>,
    /// Whether the replacement is being confirmed separately.
    pub confirms_replacement: bool,
    /// The names of the marked images that belong to the plan and that no row shows.
    pub hidden: Vec<SafeText>,
    /// First line drawn.
    pub scroll: usize,
    /// The prompt that led to the plan, with the text typed there. Esc goes back to it.
    pub prompt: Option<Dialog>,
    /// The most lines that the plan had. The box never becomes smaller while the plan is on the screen.
    max_rows: usize,
    guard: KeyGuard,
}

impl PlanDialog {
    /// Returns the repository's name that must be typed to confirm.
    pub fn name_to_type(&self) -> Option<&RepositoryName> {
        self.change_plan
            .value
            .as_ref()
            .filter(|_| !self.change_plan.is_loading())?
            .common()
            .name_to_type
            .as_ref()
    }

    /// Returns the plan if it is shown and can be carried out.
    pub fn ready_plan(&self) -> Option<&ChangePlan> {
        let change_plan = self.change_plan.value.as_deref()?;
        let is_ready = !self.change_plan.is_loading()
            && self.change_plan.failure.is_none()
            && wording::impediment(change_plan).is_none();
        is_ready.then_some(change_plan)
    }

    /// Returns all lines of the plan, laid out for a body of this size.
    pub fn lines(&self, body: Size) -> Vec<page::PlanLine> {
        match (&self.request, &self.change_plan.value) {
            _ if self.confirms_replacement => page::replacement_lines(body),
            (Some(request), Some(change_plan)) => {
                let mut lines = page::hidden_image_lines(&self.hidden, body);
                lines.extend(page::lines(
                    request,
                    change_plan,
                    self.change_plan.is_loading(),
                    &self.skipped,
                    body,
                ));
                lines
            }
            (request, _) => page::lookup_lines(request.as_ref(), body),
        }
    }

    /// Returns the number of rows of the dialog if the plan itself has this many lines. The number never decreases, so
    /// that the box does not jump.
    pub fn rows(&self, lines: usize, width: usize) -> usize {
        let rows = match &self.change_plan.failure {
            Some(failure) if !self.change_plan.is_loading() => failure_rows(failure, width),
            _ => lines,
        };
        rows.max(self.max_rows)
    }

    fn keep_height(&mut self, state: &State) {
        self.max_rows = PlanPlaces::of(state, self).rows;
    }

    /// Returns the question that asks for the plan of a request.
    pub(crate) fn ask_for(&self, request: ChangeRequest) -> Ask {
        match &self.resumed_entry {
            Some(entry) => Ask::ResumePlan(entry.clone(), request),
            None => Ask::Plan(request),
        }
    }

    /// Returns whether a key counts now. A key pressed right after the dialog changed does not count: the user cannot
    /// have read the new text yet.
    pub fn accepts_key(&mut self, now: jiff::Timestamp) -> bool {
        self.guard.accepts_key(now)
    }

    /// Returns the same undo by replacement, if the server can delete the tags by no other method and the user has not
    /// chosen one. The plan says so, and the replacement is confirmed separately.
    fn request_by_replacement(&self, change_plan: &ChangePlan) -> Option<ChangeRequest> {
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
    fn skip_to_older(&mut self, change_plan: &ChangePlan) -> Option<EntryId> {
        let ChangePlan::Undo(undo) = change_plan else { return None };
        if undo.common.refused.is_some() || !undo.is_impossible() || !undo.common.methods.is_empty() {
            return None;
        }
        let older = self.older_entries.pop_front()?;
        let why = undo.steps.iter().find_map(|step| step.impossible.as_ref());
        let why = why.map(SafeText::as_str).unwrap_or("there is nothing in it");
        self.skipped.push(SafeText::from(format!("{}: {why}", undo.of)));
        Some(older)
    }

    fn is_name_typed(&self) -> bool {
        self.name_to_type().is_none_or(|name| name.as_str() == self.input.value())
    }

    /// Resets the input because the dialog shows something else now. Text typed and buttons chosen before do not count
    /// for it.
    fn reset_input(&mut self, now: jiff::Timestamp) {
        self.guard = KeyGuard::from(now);
        self.input = Input::default();
        self.problem = None;
        self.confirms_replacement = false;
        self.is_confirm_focused = self.change_plan.value.as_deref().is_some_and(ChangePlan::is_harmless);
    }
}

fn count_wrapped(text: &str, width: usize) -> usize {
    columns::wrap(text, width).len()
}

/// Returns the number of rows for the failure, its reason, its hint and the keys, with empty rows between them.
fn failure_rows(failure: &Failure, width: usize) -> usize {
    let rows = |text: &SafeText| count_wrapped(text.as_str(), width.saturating_sub(2));
    // A hint begins with the word `hint`.
    let hint = failure
        .hint
        .as_ref()
        .map_or(0, |hint| 1 + count_wrapped(&format!("hint: {hint}"), width.saturating_sub(2)));
    rows(&failure.what) + rows(&failure.why) + hint + 2
}

impl Update<'_> {
    /// Shows the plan of a request.
    pub fn plan(&mut self, request: ChangeRequest) {
        self.plan_with(request, Vec::new());
    }

    /// Shows the plan of a request. `hidden` holds the names of the images in the request that no row shows.
    pub fn plan_with(&mut self, request: ChangeRequest, hidden: Vec<SafeText>) {
        let ticket = self.ask(Slot::Plan, Duration::ZERO, Ask::Plan(request.clone()));
        self.show_plan(Some(request), ticket, None);
        if let Some(plan) = self.plan_shown(ticket) {
            plan.hidden = hidden;
        }
    }

    /// Shows the plan of a request that was made in a prompt about the chosen images.
    pub(crate) fn plan_from_prompt(&mut self, request: ChangeRequest, prompt: Dialog) {
        let ticket = self.ask(Slot::Plan, Duration::ZERO, Ask::Plan(request.clone()));
        let is_all =
            matches!(&request, ChangeRequest::Copy(copy::CopyRequest { what: copy::What::AllTags, .. }));
        // The request is for all tags, marked or not.
        let hidden = match is_all && self.state.focus != Pane::Repositories {
            true => Vec::new(),
            false => hidden_selected_names(self.state),
        };
        self.show_plan(Some(request), ticket, Some(prompt));
        if let Some(plan) = self.plan_shown(ticket) {
            plan.hidden = hidden;
        }
    }

    /// Shows the plan for undoing the last change.
    pub fn plan_undo(&mut self) {
        let ticket = self.ask(Slot::Plan, Duration::ZERO, Ask::Journal);
        self.show_plan(None, ticket, None);
    }

    /// Shows the plan for the rest of a change that a crash left half done.
    pub fn plan_resume(&mut self, id: EntryId) {
        let ticket = self.ask(Slot::Plan, Duration::ZERO, Ask::ResumeRequest(id.clone()));
        self.show_plan(None, ticket, None);
        if let Some(plan) = self.plan_shown(ticket) {
            plan.resumed_entry = Some(id);
        }
    }

    fn show_plan(&mut self, request: Option<ChangeRequest>, ticket: Ticket, prompt: Option<Dialog>) {
        // The box is not smaller than the box of the prompt before it.
        let box_before = prompt.as_ref().map(|prompt| prompt.area(self.state));
        let tallest = box_before.map_or(0, |area| places::plan_rows(self.state, area));
        let mut plan = PlanDialog {
            request,
            has_chosen_method: false,
            resumed_entry: None,
            change_plan: Remote::default(),
            older_entries: VecDeque::new(),
            skipped: Vec::new(),
            hidden: Vec::new(),
            is_confirm_focused: false,
            input: Input::default(),
            problem: None,
            confirms_replacement: false,
            scroll: 0,
            prompt,
            max_rows: tallest,
            guard: KeyGuard::from(self.now),
        };
        plan.change_plan.ask(ticket);
        self.state.dialogs.push(Dialog::Plan(Box::new(plan)));
    }

    fn plan_shown(&mut self, ticket: Ticket) -> Option<&mut PlanDialog> {
        self.state.dialogs.iter_mut().find_map(|dialog| match dialog {
            Dialog::Plan(plan) if plan.change_plan.pending == Some(ticket) => Some(&mut **plan),
            _ => None,
        })
    }

    /// Takes the plan of a request.
    pub fn take_plan(&mut self, ticket: Ticket, answer: Result<Box<ChangePlan>, Failure>) {
        let now = self.now;
        if let Ok(change_plan) = &answer
            && let ChangePlan::Delete(found) = &**change_plan
            && let Some(registry) = self.state.registries.of(&found.repository.host)
            && let Some(server) = &mut registry.server.value
        {
            server.deletes.by_tag = found.deletes.by_tag.clone();
            server.deletes.by_digest = found.deletes.by_digest.clone();
        }
        let Some(plan) = self.plan_shown(ticket) else { return };
        if let Ok(change_plan) = &answer
            && let Some(older) = plan.skip_to_older(change_plan)
        {
            return self.replace_plan_request(ticket, ChangeRequest::Undo(older));
        }
        if let Ok(change_plan) = &answer
            && let Some(request) =
                self.plan_shown(ticket).and_then(|plan| plan.request_by_replacement(change_plan))
        {
            return self.replace_plan_request(ticket, request);
        }
        let mut taken = std::mem::take(&mut self.state.dialogs);
        for dialog in &mut taken {
            if let Dialog::Plan(plan) = dialog
                && plan.change_plan.pending == Some(ticket)
            {
                plan.keep_height(self.state);
                plan.change_plan.answer(ticket, answer, now);
                plan.reset_input(now);
                break;
            }
        }
        self.state.dialogs = taken;
    }

    /// Takes the journal in order to undo the last change.
    pub fn plan_undo_of_last(&mut self, ticket: Ticket, answer: Result<Vec<JournalEntry>, Failure>) {
        let now = self.now;
        if self.plan_shown(ticket).is_none() {
            return;
        }
        match answer {
            Err(failure) => {
                if let Some(plan) = self.plan_shown(ticket) {
                    plan.change_plan.answer(ticket, Err(failure), now);
                }
            }
            Ok(entries) => {
                let elsewhere = entries.iter().any(JournalEntry::can_be_undone);
                // An entry that cannot be read may have been the last.
                let order: Vec<EntryId> = entries.iter().map(|entry| entry.id.clone()).collect();
                let unreadable =
                    entries.iter().filter(|entry| entry.state == journal::EntryState::Unreadable);
                let unreadable: Vec<EntryId> = unreadable.map(|entry| entry.id.clone()).collect();
                let mut here: VecDeque<EntryId> =
                    self.list_undoable(entries).into_iter().map(|entry| entry.id).collect();
                match here.pop_front() {
                    Some(newest) => {
                        here.truncate(MOST_STEPS_BACK);
                        let newer = order.iter().take_while(|id| **id != newest);
                        let newer = newer.filter(|id| unreadable.contains(id));
                        let skipped = newer.map(|id| {
                            SafeText::from(format!("{id}: its entry in the journal cannot be read"))
                        });
                        if let Some(plan) = self.plan_shown(ticket) {
                            plan.older_entries = here;
                            plan.skipped.extend(skipped);
                        }
                        self.replace_plan_request(ticket, ChangeRequest::Undo(newest));
                    }
                    None => {
                        self.close_plan(ticket);
                        self.refuse(match elsewhere {
                            true => "nothing in these registries could be undone: `J` lists other changes",
                            false => "there is no change that could be undone",
                        });
                    }
                }
            }
        }
    }

    /// Returns the changes that are not undos and can be undone. The changes of this run come first, in any registry,
    /// the last ended first. Other changes to registries that are open here follow, the last begun first.
    fn list_undoable(&self, mut entries: Vec<JournalEntry>) -> Vec<JournalEntry> {
        let is_open = |host: &&Host| self.state.registries.items.iter().any(|open| open.host == **host);
        let jobs = &self.state.jobs.all;
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

    /// Takes the rest of a change that was left half done.
    pub fn take_resume_request(&mut self, ticket: Ticket, answer: Result<Box<ChangeRequest>, Failure>) {
        let now = self.now;
        match answer {
            Ok(request) => self.replace_plan_request(ticket, *request),
            Err(failure) => {
                if let Some(plan) = self.plan_shown(ticket) {
                    plan.change_plan.answer(ticket, Err(failure), now);
                }
            }
        }
    }

    fn replace_plan_request(&mut self, ticket: Ticket, request: ChangeRequest) {
        let Some(plan) = self.plan_shown(ticket) else { return };
        let ask = plan.ask_for(request.clone());
        let next = self.ask(Slot::Plan, Duration::ZERO, ask);
        if let Some(plan) = self.plan_shown(ticket) {
            plan.request = Some(request);
            plan.change_plan.ask(next);
        }
    }

    fn close_plan(&mut self, ticket: Ticket) {
        self.state.dialogs.retain(
            |dialog| !matches!(dialog, Dialog::Plan(plan) if plan.change_plan.pending == Some(ticket)),
        );
    }

    /// Returns how far a plan can be scrolled.
    fn max_plan_scroll(&self, plan: &PlanDialog) -> usize {
        let places = PlanPlaces::of(self.state, plan);
        places.lines.len().saturating_sub(places.body.height.into())
    }

    pub(crate) fn key_in_plan(&mut self, mut plan: Box<PlanDialog>, key: KeyEvent) -> Option<Dialog> {
        if key.code == KeyCode::Esc {
            return self.back_from_plan(plan);
        }
        let is_let_in = plan.accepts_key(self.now);
        let may_confirm = plan.guard.can_confirm(self.now);
        plan.guard.record_key(self.now);
        plan.problem = None;
        plan.scroll = plan.scroll.min(self.max_plan_scroll(&plan));
        let types = plan.name_to_type().is_some() && plan.ready_plan().is_some();
        match key.code {
            // Keys that change only the display count at once.
            KeyCode::Tab | KeyCode::BackTab => self.cycle_method(&mut plan),
            KeyCode::Char('C') => self.toggle_included(&mut plan, 'C'),
            KeyCode::Char('R') => self.toggle_included(&mut plan, 'R'),
            KeyCode::Char('K') => self.toggle_keep(&mut plan),
            KeyCode::Up => plan.scroll = plan.scroll.saturating_sub(1),
            KeyCode::Down => plan.scroll = (plan.scroll + 1).min(self.max_plan_scroll(&plan)),
            KeyCode::PageUp => plan.scroll = plan.scroll.saturating_sub(10),
            KeyCode::PageDown => plan.scroll = (plan.scroll + 10).min(self.max_plan_scroll(&plan)),
            KeyCode::Enter if plan.change_plan.is_loading() => {
                plan.problem = Some("it is still being looked up")
            }
            KeyCode::Enter if !is_let_in => {
                plan.problem = Some("this was not on the screen when Enter was pressed: press it again");
            }
            _ if !is_let_in => {}
            KeyCode::Enter => return self.enter_in_plan(plan, may_confirm),
            _ if types => {
                edit_input(&mut plan.input, key);
            }
            KeyCode::Char('q') if plan.confirms_replacement => return self.back_from_plan(plan),
            KeyCode::Char('q') => {
                self.abort_plan(&plan);
                return None;
            }
            KeyCode::Char('r') if plan.change_plan.failure.is_some() => {
                self.plan_again(&mut plan, Duration::ZERO)
            }
            KeyCode::Char('k') => plan.scroll = plan.scroll.saturating_sub(1),
            KeyCode::Char('j') => plan.scroll = (plan.scroll + 1).min(self.max_plan_scroll(&plan)),
            KeyCode::Left | KeyCode::Char('h') => plan.is_confirm_focused = false,
            KeyCode::Right | KeyCode::Char('l') => plan.is_confirm_focused = plan.ready_plan().is_some(),
            _ => {}
        }
        Some(Dialog::Plan(plan))
    }

    /// Goes back without a change: from the second question to the first, or from the first question to the prompt
    /// before it.
    fn back_from_plan(&mut self, mut plan: Box<PlanDialog>) -> Option<Dialog> {
        if plan.confirms_replacement {
            plan.reset_input(self.now);
            return Some(Dialog::Plan(plan));
        }
        self.abort_plan(&plan);
        plan.prompt
    }

    fn abort_plan(&mut self, plan: &PlanDialog) {
        if plan.change_plan.is_loading() {
            self.cmds.push(Cmd::Cancel(Slot::Plan));
        }
    }

    /// Leaves with the button for it, and says that nothing was changed.
    fn cancel_plan(&mut self, plan: Box<PlanDialog>) -> Option<Dialog> {
        if plan.confirms_replacement {
            return self.back_from_plan(plan);
        }
        self.say_done("cancelled: nothing was changed");
        self.abort_plan(&plan);
        None
    }

    fn enter_in_plan(&mut self, mut plan: Box<PlanDialog>, may_confirm: bool) -> Option<Dialog> {
        let Some(change_plan) = plan.ready_plan() else { return self.cancel_plan(plan) };
        let types = change_plan.common().name_to_type.is_some();
        if !types && !plan.is_confirm_focused {
            return self.cancel_plan(plan);
        }
        if !plan.is_name_typed() {
            plan.problem = Some("that is not the name");
        } else if !may_confirm {
            plan.problem = Some("Enter came together with other keys: press it again");
        } else if change_plan.replaces_images() && !plan.confirms_replacement {
            plan.keep_height(self.state);
            plan.reset_input(self.now);
            plan.confirms_replacement = true;
            plan.scroll = 0;
        } else {
            self.confirm(*plan);
            return None;
        }
        Some(Dialog::Plan(plan))
    }

    fn confirm(&mut self, plan: PlanDialog) {
        let (Some(request), Some(change_plan)) = (plan.request, plan.change_plan.value) else { return };
        if matches!(request, ChangeRequest::Delete(_) | ChangeRequest::Retag(_)) {
            self.state.tags.list.unmark();
        }
        self.start_job(request, change_plan);
    }
}
