//! Deciding about the certificate of a registry.

use super::Action;
use super::availability::check_open;
use crate::app::dialogs::trust;
use crate::app::keys::chords;
use crate::app::update::Update;

/// Shows the certificate of the registry.
pub(crate) static TRUST: Action = Action::new(
    "registries.trust",
    chords!["K"],
    "the certificate of the registry, to trust it or not",
    show,
)
.with_entry("trust", "the certificate of the registry: trust it or not, or allow plain HTTP")
.available_if(check_open);

fn show(update: &mut Update<'_>) {
    let host = update.state.registries.selected().map(|registry| registry.host.clone());
    if let Some(host) = host {
        trust::show(update, host);
    }
}
