//! Logging in to a registry.

use super::Action;
use super::availability::check_open;
use crate::app::dialogs::login_prompt;
use crate::app::keys::chords;
use crate::app::update::Update;

/// Asks for a login for the registry.
pub(crate) static LOGIN: Action =
    Action::new("registries.login", chords!["L"], "log in to the registry", log_in)
        .with_entry("login", "log in to the registry: checks the login, and stores it if you like")
        .available_if(check_open);

fn log_in(update: &mut Update<'_>) {
    let host = update.state.registries.selected().map(|registry| registry.host.clone());
    if let Some(host) = host {
        login_prompt::show(update, host, None);
    }
}
