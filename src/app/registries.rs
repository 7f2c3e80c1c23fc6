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
    pub items: Vec<Registry>,
    /// Its rows are the items.
    pub list: List,
}

/// One open registry.
#[derive(Debug)]
pub struct Registry {
    /// Its name.
    pub host: Host,
    /// What it is and can do.
    pub server: Remote<Server>,
    /// Its repositories.
    pub repositories: Repositories,
}

impl Registries {
    /// The registry under the cursor.
    pub fn selected(&self) -> Option<&Registry> {
        self.items.get(self.list.cursor)
    }
}
