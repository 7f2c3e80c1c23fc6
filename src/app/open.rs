//! Opening a registry, repository or image by name: from the arguments, from `:open`, from the prompt.

use super::Pane;
use super::actions::quoted_key;
use super::actions::refresh::reload;
use super::cmd::Cmd;
use super::panes::repositories::MOST_OPENED;
use super::questions::Slot;
use super::reconcile::{load_repositories, reconcile};
use super::update::Update;
use crate::model::reference::{Host, Repository, RepositoryName, Scheme, Target, Typed};
use crate::model::server::Transport;

/// Opens the target. If a scheme was typed, its registry is contacted with that scheme.
pub(crate) fn open_typed(update: &mut Update<'_>, typed: Typed) {
    if let Some(scheme) = typed.scheme {
        let host = typed.target.host().clone();
        let is_open = update.state.registries.of(&host).is_some();
        update.cmds.push(Cmd::SetScheme(host, scheme));
        open(update, typed.target);
        if is_open {
            reload(update);
        }
    } else {
        open(update, typed.target);
    }
}

/// Opens the target and goes to it.
pub(crate) fn open(update: &mut Update<'_>, target: Target) {
    let host = target.host().clone();
    let tree = update.state.settings.tree;
    let registry = update.state.registries.open(&host, tree);
    let (repository, selector) = match target {
        Target::Registry(_) => {
            update.state.focus_pane(Pane::Repositories);
            return;
        }
        Target::Repository(repository) => (repository, None),
        Target::Image(reference) => (reference.repository.clone(), Some(reference.selector())),
    };
    registry.repositories.list.filter.clear();
    registry.repositories.refilter();
    registry.repositories.open_by_name(&repository.name);
    registry.repositories.unanswered.insert(repository.name.clone());
    if registry.lists_namespaces() && !registry.repositories.lists_beside(&repository.name) {
        load_repositories(update, &host);
    }
    reconcile(update);
    if update.state.tags.repository.as_ref() == Some(&repository) && update.state.tags.tags.at.is_some() {
        remember_answered(update, &repository);
    }
    update.state.tags.list.filter.clear();
    update.state.tags.refilter();
    if let Some(selector) = selector {
        update.state.tags.open(selector);
    }
    update.state.focus_pane(Pane::Tags);
}

/// Closes the registry under the cursor: its answers are not awaited any more.
pub(crate) fn close_selected(update: &mut Update<'_>) {
    let Some(closed) = update.state.registries.close_selected() else { return };
    let host = closed.host;
    update.cmds.extend([Slot::Server(host.clone()), Slot::Repositories(host.clone())].map(Cmd::Cancel));
    // The panes leave the registry before it is forgotten.
    reconcile(update);
    update.state.view_cache.forget_registry(&host);
    update.say_done(format!("closed {host}"));
}

/// Remembers a repository that was opened by name, now that its registry has answered about it.
pub(crate) fn remember_answered(update: &mut Update<'_>, repository: &Repository) {
    let Some(registry) = update.state.registries.of(&repository.host) else { return };
    if registry.repositories.unanswered.remove(&repository.name) {
        remember(update, &repository.host, &repository.name);
    }
}

/// Puts a repository before the others of this registry that were opened by name, in this run or an earlier one.
fn remember(update: &mut Update<'_>, host: &Host, name: &RepositoryName) {
    let names = update.state.settings.remembered.entry(host.clone()).or_default();
    names.retain(|known| known != name);
    names.insert(0, name.clone());
    names.truncate(MOST_OPENED);
    update.cmds.push(Cmd::Remember(host.clone(), names.clone()));
}

/// Stops offering a repository that does not exist: its name was mistyped, or it is gone.
pub(crate) fn forget_opened(update: &mut Update<'_>, repository: &Repository) {
    let Some(names) = update.state.settings.remembered.get_mut(&repository.host) else { return };
    let before = names.len();
    names.retain(|known| *known != repository.name);
    if names.len() != before {
        update.cmds.push(Cmd::Remember(repository.host.clone(), names.clone()));
    }
}

/// Contacts a registry with this scheme from now on. Fails if the registry is open and not known to use this
/// scheme.
pub(crate) fn set_scheme(update: &mut Update<'_>, host: &Host, scheme: Scheme) -> Result<(), String> {
    if let Some(open) = update.state.registries.of(host) {
        let is_plain = open.server.value.as_ref().map(|server| server.transport == Transport::Plain);
        match is_plain {
            Some(is_plain) if is_plain == (scheme == Scheme::Http) => return Ok(()),
            _ => {
                let prompt = quoted_key(&update.state.settings.keys, "registries.open");
                return Err(format!("`{host}` is open: {prompt} with `{scheme}://{host}` changes that"));
            }
        }
    }
    update.cmds.push(Cmd::SetScheme(host.clone(), scheme));
    Ok(())
}
