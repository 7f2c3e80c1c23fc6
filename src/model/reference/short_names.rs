//! Names without a registry: docker's rule, or the aliases and search registries of the system.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BadName, Host, Reference, Repository, parts};

/// The rules for names without a registry. An alias comes first. A single search registry has all other names. With
/// several the name is refused, because the one that has it may not be the one that was meant. Without any, docker's rule
/// applies: the name is one of Docker Hub. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShortNames(Arc<ShortNameRules>);

#[derive(Debug, Default, PartialEq, Eq)]
struct ShortNameRules {
    aliases: BTreeMap<String, Repository>,
    search: Vec<Host>,
}

impl ShortNames {
    /// Puts aliases and search registries together.
    pub(crate) fn new(aliases: BTreeMap<String, Repository>, search: Vec<Host>) -> ShortNames {
        ShortNames(Arc::new(ShortNameRules { aliases, search }))
    }

    /// Parses `name[:tag][@digest]` by the rules.
    pub(super) fn resolve(&self, text: &str) -> Result<Reference, BadName> {
        let (name, tag, digest) = parts(text)?;
        if let Some(repository) = self.0.aliases.get(name) {
            return Ok(Reference { repository: repository.clone(), tag, digest });
        }
        match self.0.search.as_slice() {
            [] => Reference::parse_in(Host::docker_hub(), text),
            [only] => Reference::parse_in(only.clone(), text),
            several => {
                let names = several.iter().map(|host| Reference::parse_in(host.clone(), text));
                let names =
                    names.map(|name| Ok(format!("`{}`", name?))).collect::<Result<Vec<_>, BadName>>()?;
                Err(BadName::Unqualified(names.join(" or ").into()))
            }
        }
    }
}
