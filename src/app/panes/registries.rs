//! The open registries.

use jiff::Timestamp;

use super::repositories::Repositories;
use crate::app::list::List;
use crate::app::remote::Remote;
use crate::model::reference::Host;
use crate::model::request_budget::RequestBudget;
use crate::model::server::{Identity, Server};

/// The Registries pane.
#[derive(Debug, Default)]
pub struct Registries {
    /// The registries in the order of the command line, then in the order in which they were opened.
    pub items: Vec<OpenRegistry>,
    /// The rows shown.
    pub(crate) list: List,
}

/// An open registry.
#[derive(Debug)]
pub struct OpenRegistry {
    /// The name of the registry.
    pub host: Host,
    /// The properties and abilities of the registry.
    pub server: Remote<Server>,
    /// The identity under which requests are sent, once one was sent.
    pub(crate) identity: Option<Identity>,
    /// The requests that are left there, as its last answer says.
    pub(crate) budget: Option<RequestBudget>,
    /// Whether rows fill themselves although few requests are left, because the user said so.
    pub(crate) spends_budget: bool,
    /// The repositories of the registry.
    pub repositories: Repositories,
    /// Whether the user was asked for a name because there is no catalog. This is done only once.
    pub(crate) was_prompted: bool,
    /// Whether its certificate was shown by itself.
    pub(crate) was_shown_certificate: bool,
}

impl OpenRegistry {
    /// Returns whether the registry asks for logins, and the user is not logged in: it may show more to users that are.
    pub(crate) fn may_show_more(&self) -> bool {
        let asks = |server: &Server| server.asks_login && server.identity == Identity::Anonymous;
        self.server.value.as_ref().is_some_and(asks)
    }

    /// Returns whether the last requests are kept for the user's own, so that rows do not fill themselves.
    pub(crate) fn keeps_requests(&self, now: Timestamp) -> bool {
        !self.spends_budget && self.budget.is_some_and(|budget| budget.is_nearly_spent(now))
    }

    /// Returns whether the registry has no catalog, and its vendor may list the namespaces of names that are opened.
    pub(crate) fn lists_namespaces(&self) -> bool {
        let may_list = self.server.value.as_ref().is_some_and(|server| server.own_api.namespaces);
        may_list && (self.repositories.source.is_some() || self.repositories.names.failure.is_some())
    }
}

impl Registries {
    /// Returns the registry under the cursor.
    pub fn selected(&self) -> Option<&OpenRegistry> {
        self.items.get(self.list.selected()?)
    }

    /// Returns the registry under the cursor for changes.
    pub(crate) fn selected_mut(&mut self) -> Option<&mut OpenRegistry> {
        self.items.get_mut(self.list.selected()?)
    }

    /// Returns the registry of that name.
    pub(crate) fn of(&mut self, host: &Host) -> Option<&mut OpenRegistry> {
        self.items.iter_mut().find(|registry| registry.host == *host)
    }

    /// Opens a registry if it is not open yet, and goes to it.
    pub(crate) fn open(&mut self, host: &Host, tree: bool) -> &mut OpenRegistry {
        let at = self.items.iter().position(|registry| registry.host == *host).unwrap_or_else(|| {
            let mut repositories = Repositories::default();
            repositories.tree = tree;
            let host = host.clone();
            self.items.push(OpenRegistry {
                host,
                server: Remote::default(),
                identity: None,
                budget: None,
                spends_budget: false,
                repositories,
                was_prompted: false,
                was_shown_certificate: false,
            });
            self.items.len() - 1
        });
        self.list.filter.clear();
        self.refilter();
        self.list.move_cursor(crate::app::list::Move::To(at));
        &mut self.items[at]
    }

    /// Closes the registry under the cursor and returns it. The cursor stays at its place.
    pub(crate) fn close_selected(&mut self) -> Option<OpenRegistry> {
        let at = self.list.selected()?;
        let row = self.list.cursor;
        let closed = (at < self.items.len()).then(|| self.items.remove(at));
        self.list.forget_rows();
        self.refilter();
        self.list.move_cursor(crate::app::list::Move::To(row));
        closed
    }

    /// Shows the rows that the filter matches.
    pub(crate) fn refilter(&mut self) {
        self.list.order = (0..self.items.len() as u32).collect();
        let items = &self.items;
        self.list.refilter(|item| items.get(item as usize).map(|registry| registry.host.as_str()));
    }
}
