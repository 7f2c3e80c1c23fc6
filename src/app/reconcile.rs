//! The loading of data: the panes follow the cursor, and visible rows come first. This runs after every message, so
//! that no key has to take care of it.

use std::time::Duration;

use super::Pane;
use super::cmd::Cmd;
use super::dialogs::{Dialog, comparison};
use super::image_facts;
use super::layout;
use super::panes::details::files::FilesLoad;
use super::panes::details::{self, Tab, search};
use super::panes::repositories::RepositorySortBy;
use super::panes::tags::TagsPane;
use super::questions::{Ask, Slot};
use super::update::Update;
use super::view_cache::is_stale;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Host, Repository, Selector};

/// The time for which the cursor must rest before a request is sent.
const REST: Duration = Duration::from_millis(100);
/// The time for which a row must stay visible before its details are asked for.
const ROW_REST: Duration = Duration::from_millis(30);
/// Largest number of rows whose details are loaded at once.
const MOST_ROWS: usize = 32;

/// Largest number of repositories whose facts are read at once.
const MOST_FACTS: usize = 8;

/// Updates everything that depends on cursors and size, and asks for missing data.
pub(crate) fn reconcile(update: &mut Update<'_>) {
    reconcile_registry(update);
    reconcile_repository(update);
    fit_to_layout(update);
    reconcile_details(update);
    load_referrers(update);
    reconcile_files(update);
    load_vendor_tags(update);
    load_summaries(update);
    load_facts(update);
    image_facts::load_scans(update);
    image_facts::load_vendor_image(update);
    leave_missing_tab(update);
    image_facts::load_attached(update);
    image_facts::load_bases(update);
}

fn reconcile_registry(update: &mut Update<'_>) {
    let Some(registry) = update.state.registries.selected() else { return };
    let host = registry.host.clone();
    let (ask_server, ask_names) =
        (registry.server.is_unasked(), !registry.repositories.names.was_requested());
    if ask_server {
        let ticket = update.ask(Slot::Server(host.clone()), Duration::ZERO, Ask::Server(host.clone()));
        update.state.registries.of(&host).into_iter().for_each(|registry| registry.server.ask(ticket));
    }
    if ask_names {
        load_repositories(update, &host);
    }
}

/// Asks for the first page of a catalog.
pub(crate) fn load_repositories(update: &mut Update<'_>, host: &Host) {
    let near = update.state.registries.of(host).map(|registry| registry.repositories.opened.clone());
    let ask = Ask::Repositories(host.clone(), near.unwrap_or_default(), None);
    let ticket = update.ask(Slot::Repositories(host.clone()), Duration::ZERO, ask);
    if let Some(registry) = update.state.registries.of(host) {
        registry.repositories.names.begin(ticket);
    }
}

fn reconcile_repository(update: &mut Update<'_>) {
    let registry = update.state.registries.selected();
    let wanted = registry.and_then(|registry| {
        let name = registry.repositories.selected()?.clone();
        Some(Repository { host: registry.host.clone(), name })
    });
    if wanted == update.state.tags.repository {
        return;
    }
    let is_first = update.state.tags.repository.is_none();
    cancel_summaries(update);
    if update.state.tags.tags.is_loading() {
        update.cmds.push(Cmd::Cancel(Slot::Tags));
    }
    if update.state.tags.vendor.cancel() {
        update.cmds.push(Cmd::Cancel(Slot::VendorTags));
        update.state.tags.vendor.mark_outdated();
    }
    let state = &mut *update.state;
    let (sort, height) = (state.tags.sort, state.tags.list.height);
    let new = match &wanted {
        None => TagsPane::of_nothing(sort),
        Some(repository) => match state.view_cache.take_tags(repository) {
            Some(mut kept) => {
                kept.show_hidden = state.show_hidden;
                kept.set_sort(sort);
                kept
            }
            None => {
                let mut new = TagsPane::of(repository.clone(), sort, state.show_hidden, height);
                let restored = state.view_cache.restored_images.remove(repository);
                match state.view_cache.take_wanted_image(repository) {
                    Some(goal) => new.open(goal),
                    None => restored.into_iter().for_each(|image| new.restore(image)),
                }
                new
            }
        },
    };
    let old = std::mem::replace(&mut state.tags, new);
    state.view_cache.keep_tags(old);
    if wanted.is_some() && is_stale(update.state.tags.tags.at, update.now) {
        load_tags(update, if is_first { Duration::ZERO } else { REST });
    }
}

/// Asks for the first page of the tags shown.
pub(crate) fn load_tags(update: &mut Update<'_>, after: Duration) {
    let Some(repository) = update.state.tags.repository.clone() else { return };
    let ticket = update.ask(Slot::Tags, after, Ask::Tags(repository, None));
    update.state.tags.tags.begin(ticket);
    update.state.tags.vendor.mark_outdated();
}

fn reconcile_details(update: &mut Update<'_>) {
    let tags = &update.state.tags;
    let wanted = tags.repository.clone().zip(tags.selector());
    let is_same = wanted == update.state.detail.image;
    copy_summary_to_opened(update, is_same);
    if is_same && (wanted.is_none() || !update.state.detail.inspection.is_unasked()) {
        return;
    }
    // An image that was not found is asked for again when the tags have arrived, if its tag is among them.
    if is_same && update.state.detail.inspection.value.is_some() && update.state.tags.tags.is_loading() {
        return;
    }
    let is_first = update.state.detail.image.is_none();
    if !is_same {
        if update.state.detail.inspection.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::Detail));
        }
        cancel_referrers(update);
        image_facts::cancel_attached(update);
        let state = &mut *update.state;
        if let Some(of) = state.detail.image.take() {
            state.view_cache.keep_image(of, std::mem::take(&mut state.detail.inspection));
        }
        let kept = wanted.as_ref().and_then(|wanted| state.view_cache.take_image(wanted));
        state.detail.show_image(wanted.clone(), kept.unwrap_or_default());
        leave_missing_tab(update);
    }
    if wanted.is_some() && is_stale(update.state.detail.inspection.at, update.now) {
        let selector = known_digest(update).filter(|_| !is_same);
        load_image(update, if is_first || is_same { Duration::ZERO } else { REST }, selector);
    }
}

/// Copies the summary of an image that was opened by name into its row, if the image is known already.
fn copy_summary_to_opened(update: &mut Update<'_>, is_shown: bool) {
    let is_new = update.state.tags.opened_under_cursor().is_some_and(|opened| opened.summary.is_none());
    let known = update.state.detail.inspection.value.as_ref().filter(|_| is_new && is_shown);
    if let Some(summary) = known.map(|inspection| inspection.summary.clone()) {
        update.state.tags.take_opened_summary(Ok(summary));
    }
}

/// Returns the digest of the tag shown if its row was asked a moment ago, so that it need not be asked twice.
fn known_digest(update: &Update<'_>) -> Option<Selector> {
    let tags = &update.state.tags;
    let item = tags.list.selected()? as u32;
    let is_shown =
        matches!(&update.state.detail.image, Some((_, Selector::Tag(tag))) if tags.selected() == Some(tag));
    let row = tags.summaries.get(&item).filter(|row| is_shown && !is_stale(row.at, update.now))?;
    row.value.as_ref().map(|summary| Selector::Digest(summary.digest))
}

/// Asks for the image shown, by its digest if that is known.
pub(crate) fn load_image(update: &mut Update<'_>, after: Duration, digest: Option<Selector>) {
    let Some((repository, selector)) = update.state.detail.image.clone() else { return };
    let selector = digest.unwrap_or(selector);
    cancel_referrers(update);
    let ticket = update.ask(Slot::Detail, after, Ask::Inspection(repository, selector));
    update.state.detail.inspection.ask(ticket);
}

/// Asks for the referrers of the image shown, once the image itself is there.
fn load_referrers(update: &mut Update<'_>) {
    let detail = &update.state.detail;
    let known = detail.inspection.value.as_ref().filter(|inspection| inspection.are_referrers_awaited);
    let Some(inspection) = known.cloned() else { return };
    if detail.inspection.is_loading() || detail.awaited_referrers.is_some() {
        return;
    }
    let tags = &update.state.tags;
    let digest_tags = tags.tags.complete.then(|| tags.digest_tags().cloned().collect());
    let ticket = update.ask(Slot::Referrers, Duration::ZERO, Ask::Referrers(inspection, digest_tags));
    update.state.detail.awaited_referrers = Some(ticket);
}

/// Asks for the files of the image shown when the user goes to them. A reading ends when its image or its tab is left.
fn reconcile_files(update: &mut Update<'_>) {
    let detail = &mut update.state.detail;
    let is_open = detail.tab == Tab::Files;
    // While the image is asked for again, its files stay.
    let image = detail.files_image();
    let is_known =
        image.is_some() || (!detail.inspection.is_loading() && detail.inspection.pending.is_none());
    let is_other = match (&detail.files.image, &image) {
        (Some(old), Some(new)) => !old.is_same(new),
        (Some(_), None) => is_known,
        (None, _) => is_open && image.is_some(),
    };
    if (is_other || !is_open) && detail.files.cancel() {
        update.cmds.push(Cmd::Cancel(Slot::Files));
    }
    if is_other {
        update.state.detail.files.set_image(image.filter(|_| is_open));
    }
    let files = &update.state.detail.files;
    let is_wanted = is_open && update.state.focus == Pane::Details && files.image.is_some();
    if is_wanted && matches!(files.load, FilesLoad::Unasked) {
        // Tabs are often only passed on the way to another one.
        ask_files(update, REST, false);
    }
}

/// Asks for the files of the image, after the user agreed to read many bytes.
pub(crate) fn load_files(update: &mut Update<'_>) {
    ask_files(update, Duration::ZERO, true);
}

fn ask_files(update: &mut Update<'_>, after: Duration, is_agreed: bool) {
    let Some(image) = update.state.detail.files.image.clone() else { return };
    let ticket = update.ask(Slot::Files, after, Ask::Files(Box::new(image), is_agreed));
    update.state.detail.files.begin(ticket);
}

/// Gives up the question for the referrers.
fn cancel_referrers(update: &mut Update<'_>) {
    if update.state.detail.awaited_referrers.take().is_some() {
        update.cmds.push(Cmd::Cancel(Slot::Referrers));
    }
}

/// Leaves the open tab if the image does not have it.
pub(crate) fn leave_missing_tab(update: &mut Update<'_>) {
    let is_known = update.state.detail.inspection.value.is_some();
    if is_known && !details::shown_tabs(&update.state.detail).contains(&update.state.detail.tab) {
        update.state.detail.open_tab(Tab::Overview);
    }
}

/// Asks for the next part of the facts that the vendor lists about tags, if the screen needs it.
fn load_vendor_tags(update: &mut Update<'_>) {
    let state = &mut *update.state;
    let Some(repository) = state.tags.repository.clone() else { return };
    let registry = state.registries.selected().filter(|registry| registry.host == repository.host);
    let server = registry.and_then(|registry| registry.server.value.as_ref());
    let lists_facts = server.is_some_and(|server| server.own_api.tag_facts);
    let is_awaited = server.is_none() && registry.is_some_and(|registry| registry.server.is_loading());
    // Other columns are about the digests that images really have.
    let needs_images = state.columns.base || state.columns.scan || state.tags.sort.by.needs_details();
    state.tags.uses_vendor = lists_facts && !needs_images && !state.tags.is_filtered_by_details();
    let are_rows_known = state.tags.tags.at.is_some();
    state.tags.vendor.wait_for_server(is_awaited && are_rows_known && !needs_images, update.now);
    if !state.tags.uses_vendor || !state.tags.needs_vendor_part() {
        if !state.tags.vendor.is_loading() && !is_awaited {
            state.tags.vendor.end_wait();
        }
        return;
    }
    let ticket = update.state.tickets.issue();
    let next = update.state.tags.vendor.ask(ticket, update.now);
    let delay = if next.is_none() { REST } else { Duration::ZERO };
    let ask = Ask::VendorTags(repository, next);
    update.cmds.push(Cmd::Load { slot: Slot::VendorTags, ticket, delay, ask });
}

/// Asks for the details of rows. Visible rows come first, and rows that were scrolled away are given up.
fn load_summaries(update: &mut Update<'_>) {
    let Some(repository) = update.state.tags.repository.clone() else { return };
    for (ticket, item) in update.state.tags.rows_to_cancel() {
        update.state.tags.awaited_rows.remove(&ticket);
        update.state.tags.summaries.entry(item).or_default().cancel();
        cancel_summary(update, &repository, item);
    }
    let room = MOST_ROWS.saturating_sub(update.state.tags.awaited_rows.len());
    let now = update.now;
    let keeps_requests =
        update.state.registries.of(&repository.host).is_some_and(|registry| registry.keeps_requests(now));
    let room = if keeps_requests { 0 } else { room };
    for item in update.state.tags.rows_to_load(room) {
        let Some(tag) = update.state.tags.tags.items.get(item as usize).and_then(|tag| tag.name()).cloned()
        else {
            continue;
        };
        // The inspection of the image also provides the details of its row.
        let is_shown = matches!(&update.state.detail.image, Some((_, Selector::Tag(shown))) if *shown == tag);
        let inspection = &update.state.detail.inspection;
        if is_shown && (inspection.is_loading() || inspection.is_unasked()) {
            continue;
        }
        let slot = Slot::Summary(repository.clone(), tag.clone());
        let ticket = update.ask(slot, ROW_REST, Ask::Summary(repository.clone(), tag));
        update.state.tags.awaited_rows.insert(ticket, item);
        update.state.tags.summaries.entry(item).or_default().ask(ticket);
    }
}

/// Takes over the facts about the repository whose tags are shown, and asks for those of the visible rows beside it.
fn load_facts(update: &mut Update<'_>) {
    let state = &mut *update.state;
    let columns = layout::repository_columns(state, &layout::of(state));
    let Some(registry) = state.registries.selected_mut() else { return };
    let keeps_requests = registry.keeps_requests(update.now);
    let (host, repositories) = (registry.host.clone(), &mut registry.repositories);
    let shown = state.tags.repository.as_ref().filter(|repository| repository.host == host);
    let read = shown.map(|repository| repository.name.clone());
    if let Some(name) = &read
        && let Some(facts) = state.tags.new_facts(repositories.facts_of(name))
    {
        repositories.set_facts(name, facts, update.now);
    }
    let slot = |name| Slot::RepositoryFacts(Repository { host: host.clone(), name });
    let hidden = repositories.give_up_hidden_facts();
    let room = MOST_FACTS.saturating_sub(repositories.count_awaited_facts());
    let are_needed = !columns.shown.is_empty() || repositories.is_sorted_by_facts();
    // The tags and the image under the cursor come first.
    let must_wait = keeps_requests || state.tags.tags.is_loading() || state.detail.inspection.is_loading();
    let room = if are_needed && !must_wait { room } else { 0 };
    let needs_newest =
        columns.shows(RepositorySortBy::Newest) || repositories.sort.by == RepositorySortBy::Newest;
    let wanted = repositories.facts_to_load(room, read.as_ref(), needs_newest);
    update.cmds.extend(hidden.into_iter().map(|name| Cmd::Cancel(slot(name))));
    for name in wanted {
        let repository = Repository { host: host.clone(), name: name.clone() };
        let ticket = update.ask(slot(name.clone()), REST, Ask::RepositoryFacts(repository, needs_newest));
        if let Some(registry) = update.state.registries.of(&host) {
            registry.repositories.ask_facts(&name, ticket);
        }
    }
}

/// Gives up the load of the focused pane if the pane is empty and says how long it has been waiting. Returns whether it
/// was.
pub(crate) fn cancel_long_wait(update: &mut Update<'_>) -> bool {
    let state = &mut *update.state;
    let slots = match state.focus {
        Pane::Registries => Vec::new(),
        Pane::Repositories => {
            let waited =
                state.registries.selected().filter(|registry| state.long_wait(&registry.host).is_some());
            let Some(host) = waited.map(|registry| registry.host.clone()) else { return false };
            let Some(registry) = state.registries.selected_mut() else { return false };
            let names = &mut registry.repositories.names;
            if !(names.is_loading() && names.items.is_empty()) {
                return false;
            }
            let failure = cancelled(format!("cannot list the repositories of {host}"));
            names.fail(failure.clone());
            if registry.server.is_loading() {
                registry.server.fail(failure);
            }
            vec![Slot::Repositories(host.clone()), Slot::Server(host)]
        }
        Pane::Tags => {
            let Some(repository) = state.tags.repository.clone() else { return false };
            let is_empty = state.tags.tags.is_loading() && state.tags.tags.items.is_empty();
            if !is_empty || state.long_wait(&repository.host).is_none() {
                return false;
            }
            state.tags.tags.fail(cancelled(format!("cannot list the tags of {}", repository.name)));
            vec![Slot::Tags]
        }
        Pane::Details => {
            let Some((repository, selector)) = state.detail.image.clone() else { return false };
            let is_empty = state.detail.inspection.is_loading() && state.detail.inspection.value.is_none();
            if !is_empty || state.long_wait(&repository.host).is_none() {
                return false;
            }
            let what = format!("cannot read {}{}", repository.name, selector.suffix());
            state.detail.inspection.fail(cancelled(what));
            vec![Slot::Detail]
        }
    };
    let is_cancelled = !slots.is_empty();
    update.cmds.extend(slots.into_iter().map(Cmd::Cancel));
    is_cancelled
}

fn cancelled(what: String) -> Failure {
    let why = "the wait for the answer was cancelled".into();
    Failure { what: what.into(), why, hint: None, kind: FailureKind::Local }
}

/// Gives up all rows that are awaited.
pub(crate) fn cancel_summaries(update: &mut Update<'_>) {
    let Some(repository) = update.state.tags.repository.clone() else { return };
    for item in std::mem::take(&mut update.state.tags.awaited_rows).into_values() {
        update.state.tags.summaries.entry(item).or_default().cancel();
        cancel_summary(update, &repository, item);
    }
}

fn cancel_summary(update: &mut Update<'_>, repository: &Repository, item: u32) {
    if let Some(tag) = update.state.tags.tags.items.get(item as usize).and_then(|tag| tag.name()) {
        update.cmds.push(Cmd::Cancel(Slot::Summary(repository.clone(), tag.clone())));
    }
}

/// Tells the lists how many rows fit, keeps their cursors visible, and stops text from being scrolled past its end.
fn fit_to_layout(update: &mut Update<'_>) {
    let layout = layout::of(update.state);
    let rows = |pane| usize::from(layout::rows(update.state, &layout, pane).height);
    let (registries, repositories, tags) =
        (rows(Pane::Registries), rows(Pane::Repositories), rows(Pane::Tags));
    let details = layout::rows(update.state, &layout, Pane::Details);
    let (layers, _) = layout::layers(update.state, details);
    let files = layout::files(details);
    let compared_rows = usize::from(comparison::rows_area(update.state).height);
    let state = &mut *update.state;
    for dialog in &mut state.dialogs {
        if let Dialog::Comparison(compared) = dialog {
            fit_list(&mut compared.list, compared_rows);
        }
    }
    fit_list(&mut state.registries.list, registries);
    if let Some(registry) = state.registries.selected_mut() {
        fit_list(&mut registry.repositories.list, repositories);
    }
    fit_list(&mut state.tags.list, tags);
    state.detail.height = details.height.into();
    if state.detail.is_searching() {
        search::search_next_part(state, update.now);
    }
    fit_list(&mut state.detail.files.browser.list, files.rows.height.into());
    fit_list(&mut state.detail.layers, layers.height.saturating_sub(1).into());
    let missing = state.detail.inspection.value.as_ref().and_then(|found| found.missing_referrers());
    let referrers = usize::from(details.height).saturating_sub(usize::from(missing.is_some()));
    fit_list(&mut state.detail.referrers, referrers);
    if state.detail.scroll > 0 {
        let furthest = details::count_lines(update.state, details.width, update.now)
            .saturating_sub(details.height.into());
        let detail = &mut update.state.detail;
        detail.scroll = detail.scroll.min(furthest);
    }
}

fn fit_list(list: &mut super::list::List, height: usize) {
    if list.height != height {
        list.height = height;
        list.show_cursor();
    }
}
