//! The open registries.

use super::list::List;
use super::remote::Remote;
use super::repositories::Repositories;
use crate::model::reference::Host;
use crate::model::server::Server;

/// The Registries pane.
#[derive(Debug, Default)]
pub struct Registries {
    /// In the order of the command line, then as opened.
    pub items: Vec<OpenRegistry>,
    /// What is shown of them.
    pub list: List,
}

/// One open registry.
#[derive(Debug)]
pub struct OpenRegistry {
    /// Its name.
    pub host: Host,
    /// What it is and can do.
    pub server: Remote<Server>,
    /// Its repositories.
    pub repositories: Repositories,
    /// Whether the user was asked for a name because there is no catalog: once is enough.
    pub was_prompted: bool,
}

impl Registries {
    /// The registry under the cursor.
    pub fn selected(&self) -> Option<&OpenRegistry> {
        self.items.get(self.list.selected()?)
    }

    /// The registry under the cursor, to be changed.
    pub fn selected_mut(&mut self) -> Option<&mut OpenRegistry> {
        self.items.get_mut(self.list.selected()?)
    }

    /// The registry of that name.
    pub fn of(&mut self, host: &Host) -> Option<&mut OpenRegistry> {
        self.items.iter_mut().find(|registry| registry.host == *host)
    }

    /// Opens a registry that is not open yet, and goes to it.
    pub fn open(&mut self, host: &Host, tree: bool) -> &mut OpenRegistry {
        let at = self.items.iter().position(|registry| registry.host == *host).unwrap_or_else(|| {
            let repositories = Repositories { tree, ..Repositories::default() };
            let host = host.clone();
            self.items.push(OpenRegistry {
                host,
                server: Remote::default(),
                repositories,
                was_prompted: false,
            });
            self.items.len() - 1
        });
        self.list.filter.clear();
        self.refilter();
        self.list.go(super::list::Move::To(at));
        &mut self.items[at]
    }

    /// Shows what the filter leaves.
    pub fn refilter(&mut self) {
        self.list.order = (0..self.items.len() as u32).collect();
        let items = &self.items;
        self.list.refilter(|item| items.get(item as usize).map(|registry| registry.host.as_str()));
    }
}
