//! Asking the server again.

use std::time::Duration;

use super::Action;
use super::availability::check_open;
use crate::app::Pane;
use crate::app::cmd::Cmd;
use crate::app::keys::chords;
use crate::app::questions::{Ask, Slot};
use crate::app::reconcile::{cancel_summaries, load_image, load_repositories, load_tags};
use crate::app::update::Update;

/// Asks the server again.
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
    let host = update.state.registries.selected().map(|registry| registry.host.clone());
    match update.state.focus {
        Pane::Registries | Pane::Repositories => {
            let Some(host) = host else { return };
            if let Some(registry) = update.state.registries.of(&host) {
                registry.server.failure = None;
                let slot = Slot::Server(host.clone());
                let ask = Ask::Server(host.clone());
                let ticket = update.ask(slot, Duration::ZERO, ask);
                update
                    .state
                    .registries
                    .of(&host)
                    .into_iter()
                    .for_each(|registry| registry.server.ask(ticket));
            }
            load_repositories(update, &host);
        }
        Pane::Tags => {
            load_tags(update, Duration::ZERO);
            if update.state.tags.opened_under_cursor().is_some() {
                load_image(update, Duration::ZERO, None);
            }
        }
        Pane::Details => load_image(update, Duration::ZERO, None),
    }
}

/// Forgets everything about the registry and asks again.
pub(crate) fn reload(update: &mut Update<'_>) {
    let Some(host) = update.state.registries.selected().map(|registry| registry.host.clone()) else {
        return;
    };
    update.cmds.push(Cmd::Forget(host.clone()));
    update.state.view_cache.forget_registry(&host);
    cancel_summaries(update);
    update.state.tags.summaries.clear();
    update.state.tags.digest_counts.clear();
    load_tags(update, Duration::ZERO);
    load_image(update, Duration::ZERO, None);
    let focus = std::mem::replace(&mut update.state.focus, Pane::Repositories);
    refresh(update);
    update.state.focus = focus;
    update.say_done(format!("reloading {host}"));
}
