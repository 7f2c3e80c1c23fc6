//! The connection to a registry, for registries that are reached over a network.

use futures_util::future::BoxFuture;

use super::Answer;
use crate::client::error::Error;
use crate::client::http::limit::Reserve;
use crate::model::reference::{RepositoryName, Selector};
use crate::model::request_budget::RequestBudget;
use crate::model::server::{Identity, Sent, Transport};
use crate::model::text::SafeText;

/// The access for which a registry may require a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAccess {
    /// A manifest is put.
    Put,
    /// A tag or a manifest is deleted.
    Delete,
}

/// The connection to a registry. A registry without one is not reached over a network.
pub trait Connection: Send + Sync {
    /// Returns how the registry is reached.
    fn transport(&self) -> Answer<'_, Transport>;

    /// Returns the identity under which requests are sent now.
    fn identity(&self) -> Identity;

    /// Returns the requests that are left at the registry, as its last answer says. `None` if it does not count them.
    fn budget(&self) -> Option<RequestBudget>;

    /// Asks for the requests that are left by a HEAD of a manifest, which is free, if the registry counts only the reads
    /// of manifests and has not told yet. Failures are ignored: the read of the manifest fails for the same reason.
    fn ask_budget<'a>(&'a self, name: &'a RepositoryName, selector: &'a Selector) -> BoxFuture<'a, ()>;

    /// Forgets logins, tokens and the learned abilities of the server. They are found out again.
    fn forget(&self);

    /// Reads the sources of logins again when a login is needed next, because the user may have logged in elsewhere.
    /// Everything that was learned stays as long as the login stays the same.
    fn reread_logins(&self);

    /// Returns the secret that the registry is sent for a repository, if there is a login, and whether the registry has
    /// asked for it already.
    fn sent_secret<'a>(&'a self, name: &'a RepositoryName) -> BoxFuture<'a, (Option<Sent>, bool)>;

    /// Fetches the token that a change in this repository needs, so that no token request comes between the last look
    /// and the change. Failures are ignored, since the change fails for the same reason.
    fn prefetch_token<'a>(&'a self, name: &'a RepositoryName, access: WriteAccess) -> BoxFuture<'a, ()>;

    /// Waits until a change that failed may be tried again. Returns false, without a wait, if it must not be tried
    /// again.
    fn wait_to_retry<'a>(&'a self, error: &'a Error, tries: u32) -> BoxFuture<'a, bool>;

    /// Keeps room for the next requests of work that sends several interactive requests in turn, as long as the result
    /// lives.
    fn reserve(&self) -> Reserve;

    /// Describes the wait of a request that will be sent again, if there is one.
    fn describe_wait(&self) -> Option<SafeText>;

    /// Returns the text that a command needs before a repository of this registry, so that it reaches the same registry
    /// in the same way.
    fn command_options(&self) -> String;
}
