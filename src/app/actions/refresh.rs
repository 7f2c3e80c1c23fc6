//! Asking the server again.

use std::time::Duration;

use super::Action;
use super::availability::check_open;
use crate::app::cmd::Cmd;
use crate::app::keys::chords;
use crate::app::panes::details::Tab;
use crate::app::panes::details::files::FilesLoad;
use crate::app::questions::{Ask, Slot};
use crate::app::reconcile::{cancel_summaries, load_image, load_repositories, load_tags};
use crate::app::update::Update;
use crate::app::{Pane, image_facts};
use crate::model::failure::Failure;
use crate::model::reference::Host;

/// Asks the server again, with the login that the user has now.
pub(crate) static REFRESH: Action = Action::new("panes.refresh", chords!["r"], "refresh the pane", refresh)
    .with_entry("refresh", "refresh the pane")
    .available_if(check_open);
/// Forgets everything about the registry and asks again.
pub(crate) static RELOAD: Action = Action::new(
    "registries.reload",
    chords!["R"],
    "forget everything cached for this registry and reload",
    reload,
)
.with_entry("reload", "forget everything cached for this registry and reload")
.available_if(check_open);

/// Asks again for the data that the focused pane shows.
fn refresh(update: &mut Update<'_>) {
    // The user asks, although few requests may be left.
    if let Some(registry) = update.state.registries.selected_mut() {
        registry.spends_budget = true;
    }
    let host = update.state.registries.selected().map(|registry| registry.host.clone());
    update.cmds.extend(host.clone().map(Cmd::RereadLogins));
    match update.state.focus {
        Pane::Registries | Pane::Repositories => {
            let Some(host) = host else { return };
            ask_server(update, &host);
            load_repositories(update, &host);
        }
        Pane::Tags => {
            update.state.bases.forget();
            load_tags(update, Duration::ZERO);
            if update.state.tags.opened_under_cursor().is_some() {
                load_image(update, Duration::ZERO, None);
            }
        }
        Pane::Details => {
            // Files that could not be read are asked for again as soon as the image is known.
            if matches!(update.state.detail.files.load, FilesLoad::Failed(_)) {
                update.state.detail.files.set_image(None);
            }
            if update.state.detail.tab == Tab::Files && update.state.detail.files.retry() {
                return;
            }
            image_facts::forget_vendor_images(update);
            load_image(update, Duration::ZERO, None);
        }
    }
    ask_again_where_denied(update);
}

/// Asks for the properties of a registry.
fn ask_server(update: &mut Update<'_>, host: &Host) {
    let ticket = update.ask(Slot::Server(host.clone()), Duration::ZERO, Ask::Server(host.clone()));
    if let Some(registry) = update.state.registries.of(host) {
        registry.server.failure = None;
        registry.server.ask(ticket);
    }
}

/// Asks again for everything that a new login, or a decision about the server, may show.
pub(crate) fn after_decision(update: &mut Update<'_>, host: &Host) {
    let is_shown = update.state.registries.selected().is_some_and(|registry| registry.host == *host);
    ask_server(update, host);
    load_repositories(update, host);
    if is_shown {
        ask_again_where_denied(update);
        // Layers that a storage kept back are among those that may be read now.
        update.state.detail.files.retry();
    }
}

/// Asks again for everything else on the screen that was denied: another login or a decision may have come, and the panes must not
/// contradict each other.
fn ask_again_where_denied(update: &mut Update<'_>) {
    let is_denied = |failure: Option<&Failure>| failure.is_some_and(|it| it.kind.is_up_to_user());
    if let Some(registry) = update.state.registries.selected() {
        let host = registry.host.clone();
        let (server, names) = (&registry.server, &registry.repositories.names);
        let asks_server = is_denied(server.failure.as_ref()) && !server.is_loading();
        let asks_names = is_denied(names.failure.as_ref()) && !names.is_loading();
        if asks_server {
            ask_server(update, &host);
        }
        if asks_names {
            load_repositories(update, &host);
        }
    }
    let tags = &update.state.tags.tags;
    if is_denied(tags.failure.as_ref()) && !tags.is_loading() {
        load_tags(update, Duration::ZERO);
    }
    let inspection = &update.state.detail.inspection;
    if is_denied(inspection.failure.as_ref()) && !inspection.is_loading() {
        load_image(update, Duration::ZERO, None);
    }
    // Files that could not be read are asked for again as soon as the image is known.
    let files = &mut update.state.detail.files;
    if matches!(&files.load, FilesLoad::Failed(failure) if is_denied(Some(failure))) {
        files.set_image(None);
    }
}

/// Forgets everything about the registry and asks again.
pub(crate) fn reload(update: &mut Update<'_>) {
    let Some(host) = update.state.registries.selected().map(|registry| registry.host.clone()) else {
        return;
    };
    update.cmds.push(Cmd::Forget(host.clone()));
    update.state.view_cache.forget_registry(&host);
    update.state.bases.forget();
    image_facts::forget_vendor_images(update);
    cancel_summaries(update);
    update.state.tags.summaries.clear();
    update.state.tags.groups = Default::default();
    load_tags(update, Duration::ZERO);
    load_image(update, Duration::ZERO, None);
    let focus = std::mem::replace(&mut update.state.focus, Pane::Repositories);
    refresh(update);
    update.state.focus = focus;
    update.say_done(format!("reloading {host}"));
}
