//! The destinations of answers. The receiver refuses an answer to any other question than its own.

use std::time::Duration;

use super::Pane;
use super::cmd::{Ask, Slot};
use super::msg::Answer;
use super::notices::Level;
use super::panes::tags::opened::OpenedImage;
use super::remote::Ticket;
use super::update::Update;
use crate::model::failure::{Failure, FailureKind};
use crate::model::page::Page;
use crate::model::reference::{Host, RepositoryName, Selector, Tag};
use crate::model::server::Ability;
use crate::model::summary::Summary;

impl Update<'_> {
    /// Takes an answer.
    pub fn handle_answer(&mut self, slot: Slot, ticket: Ticket, answer: Answer) {
        let now = self.now;
        match (slot, answer) {
            (Slot::Server(host), Answer::Server(answer)) => {
                if let Some(registry) = self.state.registries.of(&host) {
                    registry.server.answer(ticket, answer, now);
                }
            }
            (Slot::Repositories(host), Answer::Repositories(answer)) => {
                self.take_repositories(&host, ticket, answer)
            }
            (Slot::Tags, Answer::Tags(answer)) => self.take_tags(ticket, answer),
            (Slot::Summary(..), Answer::Summary(answer)) => {
                self.state.tags.take_summary(ticket, answer, now);
                self.resort_when_idle();
            }
            (Slot::Detail, Answer::Inspection(answer)) => self.take_inspection(ticket, answer),
            (Slot::Plan, Answer::Plan(answer)) => self.take_plan(ticket, answer),
            (Slot::Comparison, Answer::Comparison(answer)) => self.take_comparison(ticket, answer),
            (Slot::Journal, Answer::Journal(answer)) => self.take_journal(ticket, answer),
            (Slot::InterruptedChanges, Answer::InterruptedChanges(entries, removed)) => {
                self.report_interrupted(&entries);
                removed.into_iter().for_each(|text| self.say(Level::Done, text, None));
            }
            (Slot::Plan, Answer::Journal(answer)) => self.plan_undo_of_last(ticket, answer),
            (Slot::Plan, Answer::ResumeRequest(answer)) => self.take_resume_request(ticket, answer),
            // An answer of another kind than the slot asks for would be a fault of the runtime. It is ignored.
            _ => {}
        }
    }

    fn take_repositories(
        &mut self,
        host: &Host,
        ticket: Ticket,
        answer: Result<Page<RepositoryName>, Failure>,
    ) {
        let is_awaited = |registry: &super::panes::registries::OpenRegistry| {
            registry.repositories.names.pending == Some(ticket)
        };
        if !self.state.registries.of(host).is_some_and(|registry| is_awaited(registry)) {
            return;
        }
        match answer {
            Ok(page) => {
                let slot = Slot::Repositories(host.clone());
                let next = page.next.map(|next| {
                    self.ask(slot, Duration::ZERO, Ask::Repositories(host.clone(), Some(Box::new(next))))
                });
                let Some(registry) = self.state.registries.of(host) else { return };
                let marked = registry.repositories.list.marks.len();
                registry.repositories.take(page.items, next, page.incomplete, self.now);
                if let Some(server) = &mut registry.server.value {
                    server.catalog = Ability::Yes;
                }
                let lost = marked.saturating_sub(registry.repositories.list.marks.len());
                self.tell_lost_marks(lost);
            }
            Err(failure) => self.handle_catalog_failure(host, failure),
        }
    }

    /// Takes the failure of a catalog. If the registry refuses it, lists the repositories opened before, or asks the
    /// user for a name if there are none.
    fn handle_catalog_failure(&mut self, host: &Host, failure: Failure) {
        let remembered = self.state.settings.remembered.get(host).cloned().unwrap_or_default();
        let Some(registry) = self.state.registries.of(host) else { return };
        let is_refused =
            matches!(failure.kind, FailureKind::Denied | FailureKind::NotFound | FailureKind::Unsupported);
        if is_refused && registry.repositories.names.at.is_none() {
            if let Some(server) = &mut registry.server.value {
                server.catalog = Ability::No(failure.why.clone());
            }
            let goal = registry.repositories.pending_selection.take();
            let selected = registry.repositories.selected().cloned();
            for name in remembered.iter().rev().filter(|name| Some(*name) != selected.as_ref()) {
                registry.repositories.open_by_name(name);
            }
            if let Some(name) = goal.or(selected) {
                registry.repositories.open_by_name(&name);
            } else if let Some(first) = remembered.first() {
                registry.repositories.open_by_name(first);
            }
        }
        let is_refresh = registry.repositories.names.at.is_some();
        registry.repositories.names.fail(failure.clone());
        let has_nothing = registry.repositories.names.items.is_empty();
        let asks = is_refused && has_nothing && !std::mem::replace(&mut registry.was_prompted, true);
        let is_here = self.state.registries.selected().is_some_and(|registry| registry.host == *host);
        if asks && is_here && self.state.dialogs.is_empty() && self.state.focus == Pane::Repositories {
            self.prompt_to_open();
        }
        if is_refresh {
            self.record_refresh_failure(&failure);
        }
    }

    /// Tells the user how many marks were lost because their names are not listed any more.
    fn tell_lost_marks(&mut self, lost: usize) {
        match lost {
            0 => {}
            1 => self.refuse("one marked name no longer exists"),
            lost => self.refuse(format!("{lost} marked names no longer exist")),
        }
    }

    fn take_tags(&mut self, ticket: Ticket, answer: Result<Page<Tag>, Failure>) {
        if self.state.tags.tags.pending != Some(ticket) {
            return;
        }
        let Some(repository) = self.state.tags.repository.clone() else { return };
        match answer {
            Ok(page) => {
                let ask = |next| Ask::Tags(repository.clone(), Some(Box::new(next)));
                let next = page.next.map(|next| self.ask(Slot::Tags, Duration::ZERO, ask(next)));
                if next.is_none() && self.state.tags.tags.incoming.is_some() {
                    self.cancel_summaries();
                }
                let marked = self.state.tags.list.marks.len();
                if self.state.tags.take(page.items, next, page.incomplete, self.now) {
                    // The image did not exist when it was opened and exists now.
                    self.state.detail.inspection.clear_failure();
                }
                self.tell_lost_marks(marked.saturating_sub(self.state.tags.list.marks.len()));
            }
            Err(failure) if failure.kind == FailureKind::NotFound && self.state.tags.may_be_empty => {
                self.forget_opened(&repository);
                self.cancel_summaries();
                self.state.tags.take(Vec::new(), None, None, self.now);
            }
            Err(failure) => {
                if failure.kind == FailureKind::NotFound {
                    self.forget_opened(&repository);
                }
                if self.state.tags.tags.at.is_some() {
                    self.record_refresh_failure(&failure);
                }
                self.state.tags.tags.fail(failure);
            }
        }
    }

    fn take_inspection(
        &mut self,
        ticket: Ticket,
        answer: Result<std::sync::Arc<crate::model::inspection::Inspection>, Failure>,
    ) {
        if let Ok(inspection) = &answer
            && inspection.referrers_api != Ability::Unknown
            && let Some(registry) = self.state.registries.of(&inspection.repository.host)
            && let Some(server) = &mut registry.server.value
        {
            server.referrers = inspection.referrers_api.clone();
        }
        let is_gone = matches!(&answer, Err(failure) if failure.kind == FailureKind::NotFound);
        let inspected = &mut self.state.detail.inspection;
        if is_gone
            && inspected.pending == Some(ticket)
            && inspected.value.is_some()
            && self.state.tags.tags.is_loading()
        {
            // It is not known yet whether the tag of the image is gone too.
            return inspected.mark_outdated();
        }
        let summary = answer.as_ref().ok().map(|inspection| inspection.summary.clone());
        let is_first = self.state.detail.inspection.value.is_none();
        let failure = answer.as_ref().err().cloned();
        let found = answer.as_ref().map(|inspection| inspection.summary.clone()).map_err(Failure::clone);
        if !self.state.detail.inspection.answer(ticket, answer, self.now) {
            return;
        }
        if let Some(failure) = failure.filter(|_| !is_first) {
            self.record_refresh_failure(&failure);
        }
        self.take_opened_summary(found);
        if is_first {
            self.state.detail.variant = 0;
        }
        self.state.detail.lay_out();
        self.leave_missing_tab();
        if let (Some((_, Selector::Tag(tag))), Some(summary)) = (&self.state.detail.image, summary) {
            self.state.tags.update_summary(tag, &summary, self.now);
            self.resort_when_idle();
        }
    }

    /// Sorts again as soon as no row is awaited any more. Until then, ticks do so.
    fn resort_when_idle(&mut self) {
        let tags = &mut self.state.tags;
        if tags.awaited_rows.is_empty() && tags.rows_to_load(1).is_empty() {
            tags.resort_if_stale();
        }
    }

    /// Takes the summary of the image whose own row is under the cursor, and tells the user if the image does not
    /// exist.
    fn take_opened_summary(&mut self, found: Result<Summary, Failure>) {
        let tags = &mut self.state.tags;
        let (Some(before), Some(repository)) = (tags.opened_under_cursor().cloned(), tags.repository.clone())
        else {
            return;
        };
        tags.take_opened_summary(found);
        let is_missing = tags.opened_under_cursor().is_none_or(OpenedImage::is_missing);
        if is_missing && !before.is_missing() {
            self.say(Level::Failed, before.missing_message(&repository.name), None);
        }
    }
}
