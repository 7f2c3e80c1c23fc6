//! The connection of a registry with routes: that of its primary location.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::RoutedRegistry;
use crate::client::Client;
use crate::client::error::Error;
use crate::client::http::limit::Reserve;
use crate::client::registry::Answer;
use crate::client::registry::connection::{Connection, WriteAccess};
use crate::model::reference::{RepositoryName, Selector};
use crate::model::request_budget::RequestBudget;
use crate::model::server::{Identity, Sent, Transport};
use crate::model::text::SafeText;

impl Connection for RoutedRegistry {
    fn transport(&self) -> Answer<'_, Transport> {
        self.base.transport().boxed()
    }

    fn identity(&self) -> Identity {
        self.base.identity()
    }

    fn budget(&self) -> Option<RequestBudget> {
        self.base.budget()
    }

    fn ask_budget<'a>(&'a self, name: &'a RepositoryName, selector: &'a Selector) -> BoxFuture<'a, ()> {
        Connection::ask_budget(&self.base, name, selector)
    }

    fn forget(&self) {
        self.pool.clients_of_routes(&self.host).iter().for_each(Client::forget);
        self.base.forget();
    }

    fn reread_logins(&self) {
        self.pool.clients_of_routes(&self.host).iter().for_each(Client::reread_logins);
        self.base.reread_logins();
    }

    fn sent_secret<'a>(&'a self, name: &'a RepositoryName) -> BoxFuture<'a, (Option<Sent>, bool)> {
        async move {
            match self.place(name) {
                Ok(place) => place.client.sent_secret(&place.name).await,
                Err(_) => (None, false),
            }
        }
        .boxed()
    }

    fn prefetch_token<'a>(&'a self, name: &'a RepositoryName, access: WriteAccess) -> BoxFuture<'a, ()> {
        async move {
            if let Ok(place) = self.place(name) {
                place.client.prefetch_token(&place.name, access).await;
            }
        }
        .boxed()
    }

    fn wait_to_retry<'a>(&'a self, error: &'a Error, tries: u32) -> BoxFuture<'a, bool> {
        self.base.wait_to_retry(error, tries).boxed()
    }

    fn reserve(&self) -> Reserve {
        self.base.reserve()
    }

    fn describe_wait(&self) -> Option<SafeText> {
        self.base.describe_wait()
    }

    fn command_options(&self) -> String {
        // A later run follows the same routes.
        self.pool.client(&self.host).command_options()
    }
}
