//! What a token must allow: distribution `spec/auth/scope.md`.

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
    /// To write to a repository.
    Push(RepositoryName),
    /// To delete in a repository.
    Delete(RepositoryName),
    /// To make a blob of one repository known in another.
    Mount {
        /// Where it is.
        from: RepositoryName,
        /// Where it shall be.
        to: RepositoryName,
    },
}

impl Scope {
    /// The repository that it is about.
    pub fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Scope::Pull(name) | Scope::Push(name) | Scope::Delete(name) => Some(name),
            Scope::Mount { to, .. } => Some(to),
            Scope::Nothing | Scope::Catalog => None,
        }
    }

    /// As a token endpoint is asked for it.
    pub fn texts(&self) -> Vec<String> {
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

    /// Whether it changes something.
    pub fn is_write(&self) -> bool {
        matches!(self, Scope::Push(_) | Scope::Delete(_) | Scope::Mount { .. })
    }

    /// What to ask for where a token endpoint refuses to hear of this one: Quay deletes with `push` and fails at
    /// `delete`; and who may not read the source of a mount may still push.
    pub fn instead(&self) -> Option<Scope> {
        match self {
            Scope::Delete(name) => Some(Scope::Push(name.clone())),
            Scope::Mount { to, .. } => Some(Scope::Push(to.clone())),
            _ => None,
        }
    }
}
