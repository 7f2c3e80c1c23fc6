//! Opening a registry, repository or image by name: from the command line, from `:open`, from the prompt.

use crate::app::Pane;
use crate::app::cmd::Cmd;
use crate::app::dialogs::{Dialog, OpenPrompt};
use crate::app::panes::repositories::MOST_OPENED;
use crate::app::update::Update;
use crate::model::reference::{Host, Repository, RepositoryName, Target, Typed};

/// Largest number of names that the prompt suggests at once.
const MOST_SUGGESTIONS: usize = 8;

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
