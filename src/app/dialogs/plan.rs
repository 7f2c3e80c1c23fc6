//! The plan of a change: it is looked up, shown, changed by switches and confirmed. Nothing is changed before it is
//! confirmed, and then exactly the plan shown is carried out.

mod bindings;
mod keys;
pub(crate) mod page;
pub mod places;
mod switches;
pub(crate) mod undo;

use std::collections::VecDeque;
use std::time::Duration;

use tui_input::Input;

use super::Dialog;
use crate::app::cmd::Cmd;
use crate::app::key_guard::KeyGuard;
use crate::app::list::Move;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::selection::hidden_selected_names;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::change::journal::EntryId;
use crate::model::change::progress::Lookups;
use crate::model::change::{ChangePlan, ChangeRequest, copy, wording};
use crate::model::failure::Failure;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;
pub(crate) use bindings::PlanEffect;
use places::PlanPlaces;

/// A plan on the screen.
#[derive(Debug)]
pub struct PlanDialog {
    /// The request, or `None` while the change to undo, or the rest of a change, is looked up.
    pub request: Option<ChangeRequest>,
    /// Whether the user chose the method.
    has_chosen_method: bool,
    /// The journal entry that a crash left half done, if this is the plan of its rest.
    pub(crate) resumed_entry: Option<EntryId>,
    /// The plan itself.
    pub change_plan: Remote<Box<ChangePlan>>,
    /// The count of the tags that are looked up for the plan.
    pub(crate) lookups: Lookups,
    /// Whether the user agreed to a plan that needs more requests than are left.
    is_beyond_budget: bool,
    /// Changes before the one to undo, the newest first. The next one is tried if that one cannot be undone.
    pub(crate) older_entries: VecDeque<EntryId>,
    /// Changes that cannot be undone, each with the reason.
    pub skipped: Vec<SafeText>,
    /// Whether the cursor is on the button that carries the plan out, not on the one that leaves.
    pub is_confirm_focused: bool,
    /// The text typed as the repository's name, if the name must be typed.
    pub(crate) input: Input,
    /// The problem with the text, or the reason why Enter did nothing.
    pub problem: Option<&'static str>,
    /// Whether the replacement is being confirmed separately.
    pub confirms_replacement: bool,
    /// The names of the marked images that belong to the plan and that no row shows.
    pub hidden: Vec<SafeText>,
    /// First line drawn.
    pub(crate) scroll: usize,
    /// The prompt that led to the plan, with the text typed there. Esc goes back to it.
    pub(crate) prompt: Option<Dialog>,
    /// The most lines that the plan had. The box never becomes smaller while the plan is on the screen.
    max_rows: usize,
    guard: KeyGuard,
}

impl PlanDialog {
    /// Returns the repository's name that must be typed to confirm.
    pub(crate) fn name_to_type(&self) -> Option<&RepositoryName> {
        self.change_plan
            .value
            .as_ref()
            .filter(|_| !self.change_plan.is_loading())?
            .common()
            .name_to_type
            .as_ref()
    }

    /// Returns the plan if it is shown and can be carried out.
    pub(crate) fn ready_plan(&self) -> Option<&ChangePlan> {
        let change_plan = self.change_plan.value.as_deref()?;
        let is_ready = !self.change_plan.is_loading()
            && self.change_plan.failure.is_none()
            && wording::impediment(change_plan).is_none();
        is_ready.then_some(change_plan)
    }

    fn keep_height(&mut self, state: &State) {
        self.max_rows = PlanPlaces::of(state, self).rows;
    }

    /// Returns the question that asks for the plan of a request.
    pub(crate) fn ask_for(&self, request: ChangeRequest) -> Ask {
        let ask = match &self.resumed_entry {
            Some(entry) => Ask::ResumePlan(entry.clone(), request),
            None => Ask::Plan(request),
        };
        if self.is_beyond_budget { Ask::BeyondBudget(Box::new(ask)) } else { ask }
    }

    /// Returns whether a key counts now. A key pressed right after the dialog changed does not count: the user cannot
    /// have read the new text yet.
    pub(crate) fn accepts_key(&mut self, now: jiff::Timestamp) -> bool {
        self.guard.accepts_key(now)
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

/// Shows the plan of a request.
pub(crate) fn show(update: &mut Update<'_>, request: ChangeRequest) {
    show_with_hidden(update, request, Vec::new());
}

/// Shows the plan of a request. `hidden` holds the names of the images in the request that no row shows.
pub(crate) fn show_with_hidden(update: &mut Update<'_>, request: ChangeRequest, hidden: Vec<SafeText>) {
    let ticket = update.ask(Slot::Plan, Duration::ZERO, Ask::Plan(request.clone()));
    let mut plan = PlanDialog::waiting(update, Some(request), ticket, None);
    plan.hidden = hidden;
    plan.show(update.state);
}

/// Shows the plan of a request that was made in a prompt about the chosen images.
pub(crate) fn show_after_prompt(update: &mut Update<'_>, request: ChangeRequest, prompt: Dialog) {
    let ticket = update.ask(Slot::Plan, Duration::ZERO, Ask::Plan(request.clone()));
    let is_all = matches!(&request, ChangeRequest::Copy(copy::CopyRequest { what: copy::What::AllTags, .. }));
    // The request is for all tags, marked or not.
    let hidden = if is_all && update.state.focus != Pane::Repositories {
        Vec::new()
    } else {
        hidden_selected_names(update.state)
    };
    let mut plan = PlanDialog::waiting(update, Some(request), ticket, Some(prompt));
    plan.hidden = hidden;
    plan.show(update.state);
}

/// Shows the plan for the rest of a change that a crash left half done.
pub(crate) fn show_resume(update: &mut Update<'_>, id: EntryId) {
    let ticket = update.ask(Slot::Plan, Duration::ZERO, Ask::ResumeRequest(id.clone()));
    let mut plan = PlanDialog::waiting(update, None, ticket, None);
    plan.resumed_entry = Some(id);
    plan.show(update.state);
}

impl PlanDialog {
    /// Creates a dialog that waits for the answer to a question.
    fn waiting(
        update: &Update<'_>,
        request: Option<ChangeRequest>,
        ticket: Ticket,
        prompt: Option<Dialog>,
    ) -> PlanDialog {
        // The box is not smaller than the box of the prompt before it.
        let box_before = prompt.as_ref().map(|prompt| prompt.area(update.state));
        let tallest = box_before.map_or(0, |area| places::plan_rows(update.state, area));
        let mut plan = PlanDialog {
            request,
            has_chosen_method: false,
            resumed_entry: None,
            change_plan: Remote::default(),
            lookups: Lookups::default(),
            is_beyond_budget: false,
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
            guard: KeyGuard::from(update.now),
        };
        plan.change_plan.ask(ticket);
        plan
    }

    fn show(self, state: &mut State) {
        state.dialogs.push(Dialog::Plan(Box::new(self)));
    }
}

/// Takes the count of the tags that are looked up for the plan that is awaited.
pub(crate) fn count_lookups(update: &mut Update<'_>, lookups: Lookups) {
    let plans = update.state.dialogs.iter_mut().filter_map(|dialog| match dialog {
        Dialog::Plan(plan) if plan.change_plan.is_loading() => Some(plan),
        _ => None,
    });
    plans.for_each(|plan| plan.lookups.clone_from(&lookups));
}

fn find_asking(state: &mut State, ticket: Ticket) -> Option<&mut PlanDialog> {
    state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Plan(plan) if plan.change_plan.pending == Some(ticket) => Some(&mut **plan),
        _ => None,
    })
}

/// Takes the plan of a request.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<Box<ChangePlan>, Failure>) {
    let now = update.now;
    if let Ok(change_plan) = &answer
        && let ChangePlan::Delete(found) = &**change_plan
        && let Some(registry) = update.state.registries.of(&found.repository.host)
        && let Some(server) = &mut registry.server.value
    {
        server.deletes.by_tag = found.deletes.by_tag.clone();
        server.deletes.by_digest = found.deletes.by_digest.clone();
    }
    let Some(plan) = find_asking(update.state, ticket) else { return };
    if let Ok(change_plan) = &answer
        && let Some(older) = plan.skip_to_older(change_plan)
    {
        return replace_request(update, ticket, ChangeRequest::Undo(older));
    }
    if let Ok(change_plan) = &answer
        && let Some(request) =
            find_asking(update.state, ticket).and_then(|plan| plan.request_by_replacement(change_plan))
    {
        return replace_request(update, ticket, request);
    }
    let mut taken = std::mem::take(&mut update.state.dialogs);
    for dialog in &mut taken {
        if let Dialog::Plan(plan) = dialog
            && plan.change_plan.pending == Some(ticket)
        {
            plan.keep_height(update.state);
            plan.change_plan.answer(ticket, answer, now);
            plan.lookups = Lookups::default();
            plan.reset_input(now);
            break;
        }
    }
    update.state.dialogs = taken;
}

/// Takes the rest of a change that was left half done.
pub(crate) fn take_resume_request(
    update: &mut Update<'_>,
    ticket: Ticket,
    answer: Result<Box<ChangeRequest>, Failure>,
) {
    let now = update.now;
    match answer {
        Ok(request) => replace_request(update, ticket, *request),
        Err(failure) => {
            if let Some(plan) = find_asking(update.state, ticket) {
                plan.change_plan.answer(ticket, Err(failure), now);
            }
        }
    }
}

fn replace_request(update: &mut Update<'_>, ticket: Ticket, request: ChangeRequest) {
    let Some(plan) = find_asking(update.state, ticket) else { return };
    let ask = plan.ask_for(request.clone());
    let next = update.ask(Slot::Plan, Duration::ZERO, ask);
    if let Some(plan) = find_asking(update.state, ticket) {
        plan.request = Some(request);
        plan.change_plan.ask(next);
    }
}

impl PlanDialog {
    /// Notes that the plan is on the screen from now on, such as after the help above it was closed.
    pub(crate) fn appear(&mut self, now: jiff::Timestamp) {
        self.guard = KeyGuard::from(now);
    }

    /// Returns whether a name is being typed.
    pub(crate) fn is_name_expected(&self) -> bool {
        self.name_to_type().is_some() && self.ready_plan().is_some()
    }

    /// Returns how far the plan can be scrolled.
    fn furthest_scroll(&self, state: &State) -> usize {
        let places = PlanPlaces::of(state, self);
        places.lines.len().saturating_sub(places.body.height.into())
    }

    fn scroll_by(&mut self, state: &State, to: Move) {
        let furthest = self.furthest_scroll(state);
        self.scroll = super::move_row(self.scroll.min(furthest), furthest + 1, to);
    }

    /// Goes back without a change: from the second question to the first, or from the first question to the prompt
    /// before it.
    fn back(mut self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        if self.confirms_replacement {
            self.reset_input(update.now);
            return Some(Dialog::Plan(self));
        }
        self.abort(update);
        self.prompt
    }

    fn abort(&self, update: &mut Update<'_>) {
        if self.change_plan.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::Plan));
        }
    }

    /// Leaves with the button for it, and says that nothing was changed.
    fn cancel(self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        if self.confirms_replacement {
            return self.back(update);
        }
        update.say_done("cancelled: nothing was changed");
        self.abort(update);
        None
    }

    /// Leaves, or goes back from the second question to the first.
    fn close(self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        if self.confirms_replacement {
            return self.back(update);
        }
        self.abort(update);
        None
    }

    /// Presses the button under the cursor, or confirms with the typed name.
    fn submit(mut self: Box<Self>, update: &mut Update<'_>, may_confirm: bool) -> Option<Dialog> {
        let Some(change_plan) = self.ready_plan() else { return self.cancel(update) };
        let types = change_plan.common().name_to_type.is_some();
        if !types && !self.is_confirm_focused {
            return self.cancel(update);
        }
        if !self.is_name_typed() {
            self.problem = Some("that is not the name");
        } else if !may_confirm {
            self.problem = Some("Enter came together with other keys: press it again");
        } else if change_plan.replaces_images() && !self.confirms_replacement {
            self.keep_height(update.state);
            self.reset_input(update.now);
            self.confirms_replacement = true;
            self.scroll = 0;
        } else {
            self.confirm(update);
            return None;
        }
        Some(Dialog::Plan(self))
    }

    fn confirm(self, update: &mut Update<'_>) {
        let (Some(request), Some(change_plan)) = (self.request, self.change_plan.value) else { return };
        if matches!(request, ChangeRequest::Delete(_) | ChangeRequest::Retag(_)) {
            update.state.tags.list.unmark();
            if matches!(&request, ChangeRequest::Delete(request) if request.all_tags)
                && let Some(registry) = update.state.registries.selected_mut()
            {
                registry.repositories.list.unmark();
            }
        }
        let start = update.state.jobs.start(request, change_plan, update.now);
        update.cmds.push(start);
    }
}
