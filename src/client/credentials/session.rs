//! Logins that hold for this run only. They are nowhere on the disk.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, ready};

use super::keychain::{Keychain, LoginLookup};
use super::login::Login;
use crate::model::reference::{Host, RepositoryName};

/// The logins of this run. They come before all stored ones.
#[derive(Debug, Default)]
pub(crate) struct SessionLogins(Mutex<HashMap<Host, Login>>);

impl SessionLogins {
    /// Uses a login for a registry until the program ends.
    pub(crate) fn put(&self, host: Host, login: Login) {
        self.logins().insert(host, login);
    }

    /// Forgets the login for a registry. Returns whether there was one.
    pub(crate) fn remove(&self, host: &Host) -> bool {
        self.logins().remove(host).is_some()
    }

    fn logins(&self) -> MutexGuard<'_, HashMap<Host, Login>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keychain for SessionLogins {
    fn source(&self) -> PathBuf {
        PathBuf::from("this run")
    }

    fn login<'a>(&'a self, host: &'a Host, _: Option<&'a RepositoryName>) -> BoxFuture<'a, LoginLookup> {
        let login = self.logins().get(host).cloned();
        Box::pin(ready(LoginLookup { login, ..LoginLookup::default() }))
    }

    fn saved<'a>(&'a self) -> BoxFuture<'a, Vec<Host>> {
        Box::pin(ready(self.registries()))
    }

    fn registries(&self) -> Vec<Host> {
        self.logins().keys().cloned().collect()
    }
}
