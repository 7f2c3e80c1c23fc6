//! The rights that a token must grant: distribution `spec/auth/scope.md`.

use crate::model::reference::RepositoryName;

/// A right that a request needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// No particular right: the ping.
    Nothing,
    /// The right to list the registry.
    Catalog,
    /// The right to read a repository.
    Pull(RepositoryName),
    /// The right to write to a repository.
    Push(RepositoryName),
    /// The right to delete in a repository.
    Delete(RepositoryName),
    /// The right to make a blob of one repository known in another.
    Mount {
        /// The repository that has the blob.
        from: RepositoryName,
        /// The repository that shall get it.
        to: RepositoryName,
    },
}

impl Scope {
    /// Returns the repository that it is about.
    pub(crate) fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Scope::Pull(name) | Scope::Push(name) | Scope::Delete(name) => Some(name),
            Scope::Mount { to, .. } => Some(to),
            Scope::Nothing | Scope::Catalog => None,
        }
    }

    /// Returns the scopes as a token endpoint is asked for them.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self {
            Scope::Nothing => Vec::new(),
            Scope::Catalog => vec!["registry:catalog:*".into()],
            Scope::Pull(name) => vec![format!("repository:{name}:pull")],
            Scope::Push(name) => vec![format!("repository:{name}:pull,push")],
            Scope::Delete(name) => vec![format!("repository:{name}:delete")],
            Scope::Mount { from, to } => {
                vec![format!("repository:{from}:pull"), format!("repository:{to}:pull,push")]
            }
        }
    }

    /// Returns whether it changes something.
    pub(crate) fn is_write(&self) -> bool {
        matches!(self, Scope::Push(_) | Scope::Delete(_) | Scope::Mount { .. })
    }

    /// Returns the scope to ask for if a token endpoint refuses this one. Quay deletes with `push` and fails at
    /// `delete`. A user without the right to read the source of a mount may still push.
    pub(crate) fn fallback(&self) -> Option<Scope> {
        match self {
            Scope::Delete(name) => Some(Scope::Push(name.clone())),
            Scope::Mount { to, .. } => Some(Scope::Push(to.clone())),
            _ => None,
        }
    }
}
