//! Reads the names in the arguments, with the registries that this run knows.

use std::cell::RefCell;
use std::collections::HashMap;

use super::CliError;
use crate::client::Pool;
use crate::model::redact;
use crate::model::reference::{Host, Reference, Scheme, Target, Typed};
use crate::model::text::SafeText;

/// Reads names, and makes their registries be reached by the scheme that is written before the name.
#[derive(Debug)]
pub(crate) struct ArgumentReader<'a> {
    pool: &'a Pool,
    schemes: RefCell<HashMap<Host, Scheme>>,
}

impl<'a> ArgumentReader<'a> {
    /// Creates a reader for the registries of this pool.
    pub(crate) fn of(pool: &'a Pool) -> ArgumentReader<'a> {
        ArgumentReader { pool, schemes: RefCell::default() }
    }

    /// Returns the pool that reaches the named registries.
    pub(crate) fn pool(&self) -> &'a Pool {
        self.pool
    }

    /// Reads a target.
    pub(crate) fn target(&self, text: &str) -> Result<Target, CliError> {
        self.read(text, text)
    }

    /// Reads a target. Messages show the text as the user wrote it.
    fn read(&self, written: &str, text: &str) -> Result<Target, CliError> {
        let shown = SafeText::clean(&redact::secrets(written));
        let Typed { target, scheme } = Typed::parse(text, self.pool.known_registries())
            .map_err(|bad| CliError::Usage(format!("`{shown}`: {bad}")))?;
        if let Some(scheme) = scheme {
            self.set_scheme(target.host(), scheme)?;
        }
        Ok(target)
    }

    /// Reads the name of a registry. A repository behind it is no part of it, and a name alone is no image of Docker Hub.
    pub(crate) fn registry(&self, text: &str) -> Result<Host, CliError> {
        let start = text.find("://").map_or(0, |at| at + "://".len());
        let end = text.get(start..).and_then(|rest| rest.find('/')).map_or(text.len(), |at| start + at);
        let host = text.get(..end).unwrap_or(text);
        // A password may have a slash, and nothing before `@` belongs to a host.
        let written = text.rsplit_once('@').map(|(_, host)| format!("…@{host}"));
        Ok(self.read(written.as_deref().unwrap_or(text), &format!("{host}/"))?.host().clone())
    }

    /// Reads the name of one image. The tag is `latest` if the name has neither a tag nor a digest.
    pub(crate) fn image(&self, text: &str) -> Result<Reference, CliError> {
        match self.target(text)? {
            Target::Image(reference) => Ok(reference),
            Target::Repository(repository) => Ok(Reference { repository, tag: None, digest: None }),
            Target::Registry(host) => Err(CliError::Usage(format!(
                "`{host}` is a registry; `regtui ls {}` lists its repositories",
                host.to_typed()
            ))),
        }
    }

    /// Makes a registry be reached by a scheme. Fails if another scheme was chosen for it before.
    pub(crate) fn set_scheme(&self, host: &Host, scheme: Scheme) -> Result<(), CliError> {
        let before = self.schemes.borrow_mut().insert(host.clone(), scheme);
        if before.is_some_and(|before| before != scheme) {
            return Err(CliError::Usage(format!("`{host}` is named with http and with https: choose one")));
        }
        self.pool.set_transport(host, |trust| trust.set_scheme(scheme));
        Ok(())
    }
}
