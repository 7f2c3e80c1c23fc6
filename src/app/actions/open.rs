//! Opening a registry, repository or image by name: from the command line, from `:open`, from the prompt.

use crate::app::cmd::Cmd;
use crate::app::dialogs::{Dialog, OpenPrompt};
use crate::app::panes::repositories::MOST_OPENED;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::reference::{BadName, Host, KnownRegistries, Repository, RepositoryName, Target, Typed};

/// Largest number of names that the prompt suggests at once.
const MOST_SUGGESTIONS: usize = 8;

/// Returns the registries that a name may mean: open ones, configured ones, and those with a login.
pub fn known_registries(state: &State) -> KnownRegistries {
    let mut known = state.settings.known.clone();
    known.extend(state.registries.items.iter().map(|registry| registry.host.clone()));
    known
}

/// Parses the text of the prompt. A name without a host is in the registry under the cursor.
pub fn read(typed: &str, current_host: Option<&Host>, known: &KnownRegistries) -> Result<Typed, BadName> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(BadName::Empty);
    }
    match current_host {
        Some(here) => Typed::parse_in(here, typed, known),
        None => Typed::parse(typed, known),
    }
}

impl Update<'_> {
    /// Opens the target. If a scheme was typed, its registry is contacted with that scheme.
    pub fn open_typed(&mut self, typed: Typed) {
        if let Some(scheme) = typed.scheme {
            let host = typed.target.host().clone();
            let is_open = self.state.registries.of(&host).is_some();
            self.cmds.push(Cmd::SetScheme(host, scheme));
            self.open(typed.target);
            if is_open {
                self.reload();
            }
        } else {
            self.open(typed.target);
        }
    }

    /// Opens the target and goes to it.
    pub fn open(&mut self, target: Target) {
        let host = target.host().clone();
        let tree = self.state.settings.tree;
        let registry = self.state.registries.open(&host, tree);
        let (repository, selector) = match target {
            Target::Registry(_) => {
                self.focus(Pane::Repositories);
                return;
            }
            Target::Repository(repository) => (repository, None),
            Target::Image(reference) => (reference.repository.clone(), Some(reference.selector())),
        };
        registry.repositories.list.filter.clear();
        registry.repositories.refilter();
        registry.repositories.open_by_name(&repository.name);
        self.remember(&host, &repository.name);
        self.reconcile();
        self.state.tags.list.filter.clear();
        self.state.tags.refilter();
        if let Some(selector) = selector {
            self.state.tags.open(selector);
        }
        self.focus(Pane::Tags);
    }

    /// Puts a repository before the others of this registry that were opened by name, in this run or an earlier one.
    fn remember(&mut self, host: &Host, name: &RepositoryName) {
        let names = self.state.settings.remembered.entry(host.clone()).or_default();
        names.retain(|known| known != name);
        names.insert(0, name.clone());
        names.truncate(MOST_OPENED);
        self.cmds.push(Cmd::Remember(host.clone(), names.clone()));
    }

    /// Stops offering a repository that does not exist: its name was mistyped, or it is gone.
    pub fn forget_opened(&mut self, repository: &Repository) {
        let Some(names) = self.state.settings.remembered.get_mut(&repository.host) else { return };
        let before = names.len();
        names.retain(|known| *known != repository.name);
        if names.len() != before {
            self.cmds.push(Cmd::Remember(repository.host.clone(), names.clone()));
        }
    }

    /// Asks for a name.
    pub fn prompt_to_open(&mut self) {
        let mut open = OpenPrompt::default();
        self.suggest(&mut open);
        self.state.dialogs.push(Dialog::Open(open));
    }

    /// Fills in the names that were opened before or are listed, and contain the text.
    pub fn suggest(&self, open: &mut OpenPrompt) {
        let typed = open.input.value().trim().to_lowercase();
        let here = self.state.registries.selected();
        let remembered = here.and_then(|registry| self.state.settings.remembered.get(&registry.host));
        let opened = remembered.into_iter().flatten().map(|name| name.as_str());
        let listed = here
            .into_iter()
            .flat_map(|registry| &registry.repositories.names.items)
            .filter_map(|listed| listed.name());
        let listed = listed.map(|name| name.as_str()).filter(|_| !typed.is_empty());
        let mut names: Vec<String> = Vec::new();
        for name in opened.chain(listed).filter(|name| name.contains(&typed) && **name != typed) {
            if names.len() < MOST_SUGGESTIONS && !names.iter().any(|known| known == name) {
                names.push(name.to_string());
            }
        }
        open.suggestions = names;
        open.cursor = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_host_is_in_the_registry_that_is_open() {
        let here = Host::parse("r.test:5000").expect("a host");
        let table = [
            ("team/app", "r.test:5000/team/app"),
            ("app", "r.test:5000/app"),
            ("app:1.2", "r.test:5000/app:1.2"),
            ("ghcr.io/org/app", "ghcr.io/org/app"),
            ("localhost/app", "localhost/app"),
            ("localhost:5000", "localhost:5000"),
            (" quay.io ", "quay.io"),
        ];
        for (typed, expected) in table {
            let shown = match read(typed, Some(&here), &KnownRegistries::default()).expect(typed).target {
                Target::Registry(host) => host.to_string(),
                Target::Repository(repository) => repository.to_string(),
                Target::Image(reference) => reference.to_string(),
            };
            assert_eq!(shown, expected, "{typed}");
        }
        let known = KnownRegistries::default();
        assert!(read("Team/App", Some(&here), &known).is_err() && read("  ", Some(&here), &known).is_err());
    }
}
