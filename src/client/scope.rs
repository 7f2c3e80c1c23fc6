//! What a token must allow: distribution `spec/auth/scope.md`.

use std::fmt;

use crate::model::reference::RepositoryName;

/// A right that a request needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// None in particular: the ping.
    Nothing,
    /// To list the registry.
    Catalog,
    /// To read a repository.
    Pull(RepositoryName),
}

impl Scope {
    /// The repository that it is about.
    pub fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Scope::Pull(name) => Some(name),
            Scope::Nothing | Scope::Catalog => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Nothing => Ok(()),
            Scope::Catalog => f.write_str("registry:catalog:*"),
            Scope::Pull(name) => write!(f, "repository:{name}:pull"),
        }
    }
}
