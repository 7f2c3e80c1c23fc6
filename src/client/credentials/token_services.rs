//! The token services outside of their registries' sites that the user lets have a login: docs/REGISTRIES.md §4.2.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::reference::Host;
use crate::store::state::StateStore;
use crate::store::token_services;

/// The permissions that the user gave in the prompt for a login: those of this run, and those that are kept. Cheap to
/// clone; the default keeps none.
#[derive(Clone, Default)]
pub struct TokenServices(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Option<StateStore>,
    /// The token services of each registry that was asked about, `host:port` each.
    known: Mutex<HashMap<Host, Vec<String>>>,
}

impl fmt::Debug for TokenServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenServices").finish_non_exhaustive()
    }
}

impl TokenServices {
    /// Keeps the permissions in this state. It is not read before a registry names a foreign token service.
    pub fn kept_in(state: StateStore) -> TokenServices {
        TokenServices(Arc::new(Shared { state: Some(state), known: Mutex::default() }))
    }

    /// Returns the token services that may get the login for a registry, `host:port` each.
    pub(crate) async fn of(&self, host: &Host) -> Vec<String> {
        if let Some(known) = self.known().get(host) {
            return known.clone();
        }
        let (shared, asked) = (self.0.clone(), host.clone());
        let read = move || shared.state.as_ref().map(|state| token_services::read(state, &asked));
        // A permission that cannot be read was not given.
        let read = tokio::task::spawn_blocking(read).await.ok().flatten().unwrap_or_default();
        self.known().entry(host.clone()).or_insert(read).clone()
    }

    /// Lets a token service have the login for a registry until the program ends.
    pub(crate) async fn allow_for_this_run(&self, host: &Host, service: &str) {
        let mut all = self.of(host).await;
        all.push(service.to_string());
        self.known().insert(host.clone(), all);
    }

    /// Lets a token service have the login for a registry from now on.
    pub(crate) async fn allow(&self, host: &Host, service: &str) -> io::Result<()> {
        self.allow_for_this_run(host, service).await;
        let (shared, host, service) = (self.0.clone(), host.clone(), service.to_string());
        let write =
            move || shared.state.as_ref().map_or(Ok(()), |state| token_services::add(state, &host, &service));
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }

    /// Forgets the permissions for a registry.
    pub(crate) async fn forget(&self, host: &Host) -> io::Result<()> {
        self.known().remove(host);
        let (shared, host) = (self.0.clone(), host.clone());
        let write =
            move || shared.state.as_ref().map_or(Ok(()), |state| token_services::forget(state, &host));
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Host, Vec<String>>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
