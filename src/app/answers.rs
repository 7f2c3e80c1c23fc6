//! The destinations of answers. The receiver refuses an answer to any other question than its own.

use std::sync::Arc;
use std::time::Duration;

use super::Pane;
use super::actions::chart;
use super::dialogs::{
    attached, comparison, diff_prompt, extract_prompt, file_preview, file_sides, image_diff, journal,
    layer_choice, login_prompt, open_prompt, path_table, plan, save_prompt, search, since, tag_history,
    trust,
};
use super::known_targets;
use super::notices::Level;
use super::open::{forget_opened, remember_answered};
use super::panes::details::Tab;
use super::panes::tags::opened::OpenedImage;
use super::questions::{Answer, Ask, Slot};
use super::reconcile::{cancel_summaries, leave_missing_tab};
use super::remote::Ticket;
use super::update::Update;
use super::{image_facts, session};
use crate::model::failure::{Failure, FailureKind};
use crate::model::inspection::{FoundReferrers, Inspection};
use crate::model::page::Page;
use crate::model::reference::{Host, RepositoryName, Selector, Tag};
use crate::model::server::Ability;
use crate::model::summary::Summary;

/// Takes an answer.
pub(crate) fn handle_answer(update: &mut Update<'_>, slot: Slot, ticket: Ticket, answer: Answer) {
    let now = update.now;
    match (slot, answer) {
        (Slot::Server(host), Answer::Server(answer)) => {
            let failure = answer.as_ref().err().cloned();
            let Some(registry) = update.state.registries.of(&host) else { return };
            if registry.server.answer(ticket, answer, now) {
                if failure.as_ref().is_none_or(|failure| failure.kind == FailureKind::Denied) {
                    known_targets::record_registry(update, &host);
                }
                if let Some(failure) = failure {
                    update.record_load_failure(&failure);
                }
                show_untrusted(update, &host);
                prompt_if_nothing_is_listed(update, &host);
            }
        }
        (Slot::Repositories(host), Answer::Repositories(answer)) => {
            take_repositories(update, &host, ticket, answer);
        }
        (Slot::Tags, Answer::Tags(answer)) => take_tags(update, ticket, answer),
        (Slot::VendorTags, Answer::VendorTags(facts)) => {
            update.state.tags.vendor.take(ticket, facts);
        }
        (Slot::Search, Answer::Search(hits)) => search::take(update, ticket, hits),
        (Slot::TagHistory, Answer::TagHistory(answer)) => tag_history::take(update, ticket, answer),
        (Slot::Summary(..), Answer::Summary(answer)) => {
            update.state.tags.take_summary(ticket, answer, now);
            resort_when_idle(update);
        }
        (Slot::RepositoryFacts(repository), Answer::RepositoryFacts(answer)) => {
            if let Some(registry) = update.state.registries.of(&repository.host) {
                registry.repositories.take_facts(&repository.name, ticket, answer, now);
            }
        }
        (Slot::Detail, Answer::Inspection(answer)) => take_inspection(update, ticket, answer),
        (Slot::Referrers, Answer::Referrers(found)) => take_referrers(update, ticket, found),
        (Slot::Files, Answer::Files(answer)) => {
            if let Some(failure) = update.state.detail.files.take_answer(ticket, answer) {
                update.record_load_failure(&failure);
            }
            chart::show_awaited(update);
        }
        (Slot::FileContent, Answer::FileContent(answer)) => file_preview::take(update, ticket, answer),
        (Slot::PathTable, Answer::Findings(answer)) => path_table::take_findings(update, ticket, answer),
        (Slot::PathTable, Answer::Packages(answer)) => path_table::take_packages(update, ticket, answer),
        (Slot::Extraction, Answer::ExtractionPrice(answer)) => extract_prompt::take(update, ticket, answer),
        (Slot::Plan, Answer::Plan(answer)) => plan::take(update, ticket, answer),
        (Slot::Comparison, Answer::Comparison(answer)) => comparison::take(update, ticket, answer),
        (Slot::Attached, Answer::Attached(answer)) => attached::take(update, ticket, answer),
        (Slot::AttachedFacts, Answer::AttachedFacts(facts)) => {
            update.state.detail.take_attached_facts(ticket, facts);
        }
        (Slot::KeptScans, Answer::KeptScans(found)) => update.state.scans.take(ticket, found),
        (Slot::Base(image), Answer::Base(report)) => {
            update.state.bases.take(*image, ticket, *report);
        }
        (Slot::VendorImage, Answer::VendorImage(facts)) => {
            image_facts::take_vendor_image(update, ticket, facts.map(|facts| *facts));
        }
        (Slot::Save, Answer::Saved(answer)) => save_prompt::take(update, ticket, answer),
        (Slot::Since, Answer::Since(answer)) => since::take(update, ticket, answer),
        (Slot::ImageDiff, Answer::ImageDiff(answer)) => image_diff::take(update, ticket, answer),
        (Slot::LayerChoice, Answer::ImageDiff(answer)) => layer_choice::take(update, ticket, answer),
        (Slot::DiffedFiles | Slot::DiffedPackages, Answer::DiffRead(answer)) => {
            image_diff::take_read(update, ticket, answer);
        }
        (Slot::FileSides, Answer::FileSides(answer)) => file_sides::take(update, ticket, answer),
        (Slot::SharedLayers(_), Answer::SharedLayers(answer)) => diff_prompt::take(update, ticket, answer),
        (Slot::LoginFacts, Answer::LoginFacts(facts)) => login_prompt::take_facts(update, ticket, facts),
        (Slot::Login, Answer::Login(answer)) => login_prompt::take_outcome(update, ticket, answer),
        (Slot::Trust, Answer::Trust(answer)) => trust::take(update, ticket, answer),
        (Slot::Trust, Answer::TrustDecided(answer)) => trust::take_outcome(update, ticket, answer),
        (Slot::SavedLogins, Answer::SavedLogins(hosts)) => {
            open_prompt::take_saved_logins(update, ticket, hosts);
        }
        (Slot::Journal, Answer::Journal(answer)) => journal::take(update, ticket, answer),
        (Slot::InterruptedChanges, Answer::InterruptedChanges(entries, removed)) => {
            journal::report_interrupted(update, &entries);
            removed.into_iter().for_each(|text| update.say(Level::Done, text, None));
        }
        (Slot::Plan, Answer::Journal(answer)) => plan::undo::take_journal(update, ticket, answer),
        (Slot::Plan, Answer::ResumeRequest(answer)) => plan::take_resume_request(update, ticket, answer),
        // An answer of another kind than the slot asks for would be a fault of the runtime. It is ignored.
        _ => {}
    }
}

fn take_repositories(
    update: &mut Update<'_>,
    host: &Host,
    ticket: Ticket,
    answer: Result<Page<RepositoryName>, Failure>,
) {
    let is_awaited = |registry: &super::panes::registries::OpenRegistry| {
        registry.repositories.names.pending == Some(ticket)
    };
    if !update.state.registries.of(host).is_some_and(|registry| is_awaited(registry)) {
        return;
    }
    match answer {
        Ok(page) => {
            let slot = Slot::Repositories(host.clone());
            let next = page.next.map(|next| {
                let ask = Ask::Repositories(host.clone(), Vec::new(), Some(Box::new(next)));
                update.ask(slot, Duration::ZERO, ask)
            });
            let Some(registry) = update.state.registries.of(host) else { return };
            let marked = registry.repositories.list.marks.len();
            registry.repositories.take(page.items, next, page.incomplete, update.now);
            registry.repositories.source = page.source;
            if registry.repositories.source.is_none()
                && let Some(server) = &mut registry.server.value
            {
                server.catalog = Ability::Yes;
            }
            let lost = marked.saturating_sub(registry.repositories.list.marks.len());
            tell_lost_marks(update, lost);
            if next.is_none() {
                session::settle_repository(update, host);
            }
        }
        Err(failure) => handle_catalog_failure(update, host, failure),
    }
}

/// Takes the failure of a catalog. If the registry refuses it, lists the repositories opened before, or asks the
/// user for a name if there are none.
fn handle_catalog_failure(update: &mut Update<'_>, host: &Host, failure: Failure) {
    let remembered = update.state.settings.remembered.get(host).cloned().unwrap_or_default();
    let Some(registry) = update.state.registries.of(host) else { return };
    let is_refused = is_refusal(&failure);
    if is_refused && registry.repositories.names.at.is_none() {
        if let Some(server) = &mut registry.server.value {
            server.catalog = Ability::No(failure.why.clone());
        }
        let restored = registry.repositories.restored.take().map(|cursor| cursor.name);
        let goal = registry.repositories.pending_selection.take().or(restored);
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
    show_untrusted(update, host);
    prompt_if_nothing_is_listed(update, host);
    if is_refresh {
        update.record_refresh_failure(&failure);
    } else {
        update.record_load_failure(&failure);
    }
}

/// Shows the certificate of a registry that is not trusted, or of a server that it leads to, or that it speaks no TLS. Each
/// registry does so once by itself.
fn show_untrusted(update: &mut Update<'_>, host: &Host) {
    let is_here = update.state.registries.selected().is_some_and(|registry| registry.host == *host);
    if !is_here || !update.state.dialogs.is_empty() || update.state.focus == Pane::Registries {
        return;
    }
    let Some(registry) = update.state.registries.of(host) else { return };
    let is_untrusted =
        |failure: Option<&Failure>| failure.is_some_and(|failure| failure.kind == FailureKind::Untrusted);
    let (server, names) = (&registry.server, &registry.repositories.names);
    // A failure from before the last decision stands until the new answer comes.
    let is_refused = (!server.is_loading() && is_untrusted(server.failure.as_ref()))
        || (!names.is_loading() && is_untrusted(names.failure.as_ref()));
    if is_refused && !std::mem::replace(&mut registry.was_shown_certificate, true) {
        trust::show(update, host.clone());
    }
}

/// Asks for a login if a private registry refuses its catalog without one, otherwise for a name. Public services have no
/// catalog for anyone, so a login does not help there. Each registry asks once by itself.
fn prompt_if_nothing_is_listed(update: &mut Update<'_>, host: &Host) {
    let Some(registry) = update.state.registries.of(host) else { return };
    let is_denied = |failure: Option<&Failure>| failure.is_some_and(|it| it.kind == FailureKind::Denied);
    let names = &registry.repositories.names;
    let is_refused = names.failure.as_ref().is_some_and(is_refusal);
    if !is_refused || !names.items.is_empty() || registry.server.is_loading() {
        return;
    }
    let needs_login = is_denied(names.failure.as_ref())
        && (is_denied(registry.server.failure.as_ref()) || registry.may_show_more());
    let why = names.failure.as_ref().map(|failure| failure.why.clone());
    if std::mem::replace(&mut registry.was_prompted, true) {
        return;
    }
    let is_here = update.state.registries.selected().is_some_and(|registry| registry.host == *host);
    if !is_here || !update.state.dialogs.is_empty() || update.state.focus != Pane::Repositories {
        return;
    }
    if needs_login {
        login_prompt::show(update, host.clone(), why);
    } else {
        open_prompt::show(update);
    }
}

/// Returns whether a registry has no catalog for this user, rather than a fault.
fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Denied | FailureKind::NotFound | FailureKind::Unsupported)
}

/// Tells the user how many marks were lost because their names are not listed any more.
fn tell_lost_marks(update: &mut Update<'_>, lost: usize) {
    match lost {
        0 => {}
        1 => update.refuse("one marked name no longer exists"),
        lost => update.refuse(format!("{lost} marked names no longer exist")),
    }
}

fn take_tags(update: &mut Update<'_>, ticket: Ticket, answer: Result<Page<Tag>, Failure>) {
    if update.state.tags.tags.pending != Some(ticket) {
        return;
    }
    let Some(repository) = update.state.tags.repository.clone() else { return };
    // A name for which a login is missing may well be right.
    if answer.as_ref().err().is_none_or(|failure| failure.kind == FailureKind::Denied) {
        remember_answered(update, &repository);
    }
    match answer {
        Ok(page) => {
            let ask = |next| Ask::Tags(repository.clone(), Some(Box::new(next)));
            let next = page.next.map(|next| update.ask(Slot::Tags, Duration::ZERO, ask(next)));
            if next.is_none() && update.state.tags.tags.incoming.is_some() {
                cancel_summaries(update);
            }
            let marked = update.state.tags.list.marks.len();
            if update.state.tags.take(page.items, next, page.incomplete, update.now) {
                // The image did not exist when it was opened and exists now.
                update.state.detail.inspection.clear_failure();
            }
            tell_lost_marks(update, marked.saturating_sub(update.state.tags.list.marks.len()));
            if next.is_none() {
                session::settle_tag(update);
            }
        }
        Err(failure) if failure.kind == FailureKind::NotFound && update.state.tags.may_be_empty => {
            forget_opened(update, &repository);
            cancel_summaries(update);
            update.state.tags.take(Vec::new(), None, None, update.now);
        }
        Err(failure) => {
            if failure.kind == FailureKind::NotFound {
                forget_opened(update, &repository);
            }
            if update.state.tags.tags.at.is_some() {
                update.record_refresh_failure(&failure);
            } else if failure.kind != FailureKind::NotFound {
                // The pane shows that a name is missing; that is no fault.
                update.record_load_failure(&failure);
            }
            update.state.tags.tags.fail(failure);
        }
    }
}

fn take_inspection(update: &mut Update<'_>, ticket: Ticket, mut answer: Result<Arc<Inspection>, Failure>) {
    if let (Ok(new), Some(earlier)) = (&mut answer, &update.state.detail.inspection.value)
        && new.are_referrers_awaited
    {
        Arc::make_mut(new).keep_referrers(earlier);
    }
    let is_gone = matches!(&answer, Err(failure) if failure.kind == FailureKind::NotFound);
    let inspected = &mut update.state.detail.inspection;
    if is_gone
        && inspected.pending == Some(ticket)
        && inspected.value.is_some()
        && update.state.tags.tags.is_loading()
    {
        // It is not known yet whether the tag of the image is gone too.
        return inspected.mark_outdated();
    }
    let summary = answer.as_ref().ok().map(|inspection| inspection.summary.clone());
    let is_first = update.state.detail.inspection.value.is_none();
    let failure = answer.as_ref().err().cloned();
    let found = answer.as_ref().map(|inspection| inspection.summary.clone()).map_err(Failure::clone);
    if !update.state.detail.inspection.answer(ticket, answer, update.now) {
        return;
    }
    match failure {
        Some(failure) if !is_first => update.record_refresh_failure(&failure),
        Some(failure) if failure.kind != FailureKind::NotFound => update.record_load_failure(&failure),
        Some(_) | None => {}
    }
    take_opened_summary(update, found);
    if is_first {
        update.state.detail.variant = 0;
    }
    update.state.detail.lay_out();
    leave_missing_tab(update);
    if let (Some((_, Selector::Tag(tag))), Some(summary)) = (&update.state.detail.image, summary) {
        update.state.tags.update_summary(tag, &summary, update.now);
        resort_when_idle(update);
    }
}

fn take_referrers(update: &mut Update<'_>, ticket: Ticket, found: FoundReferrers) {
    if update.state.detail.awaited_referrers != Some(ticket) {
        return;
    }
    update.state.detail.awaited_referrers = None;
    let Some(inspection) = &mut update.state.detail.inspection.value else { return };
    if found.api != Ability::Unknown
        && let Some(registry) = update.state.registries.of(&inspection.repository.host)
        && let Some(server) = &mut registry.server.value
    {
        server.referrers = found.api.clone();
    }
    Arc::make_mut(inspection).take_referrers(found);
    update.state.detail.show_referrers();
    if update.state.detail.tab == Tab::Overview {
        update.state.detail.restart_search();
    }
    leave_missing_tab(update);
}

/// Sorts again as soon as no row is awaited any more, until when ticks do so, and gives new groups of tags their letters.
fn resort_when_idle(update: &mut Update<'_>) {
    let tags = &mut update.state.tags;
    if tags.awaited_rows.is_empty() && tags.rows_to_load(1).is_empty() {
        tags.resort_if_stale();
        tags.settle_groups();
    }
}

/// Takes the summary of the image whose own row is under the cursor, and tells the user if the image does not
/// exist.
fn take_opened_summary(update: &mut Update<'_>, found: Result<Summary, Failure>) {
    let tags = &mut update.state.tags;
    let (Some(before), Some(repository)) = (tags.opened_under_cursor().cloned(), tags.repository.clone())
    else {
        return;
    };
    tags.take_opened_summary(found);
    let is_missing = tags.opened_under_cursor().is_none_or(OpenedImage::is_missing);
    if is_missing && !before.is_missing() {
        update.say(Level::Failed, before.missing_message(&repository.name), None);
    }
}
