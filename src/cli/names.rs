//! What the arguments name, read with the registries that this run knows.

use std::cell::RefCell;
use std::collections::HashMap;

use super::CliError;
use crate::client::Pool;
use crate::model::redact;
use crate::model::reference::{Host, Reference, Scheme, Target, Typed};
use crate::model::text::SafeText;

/// Reads names, and has their registries reached by the scheme that is written in front of them.
#[derive(Debug)]
pub struct ArgumentReader<'a> {
    pool: &'a Pool,
    schemes: RefCell<HashMap<Host, Scheme>>,
}

impl<'a> ArgumentReader<'a> {
    /// For the registries of this pool.
    pub fn of(pool: &'a Pool) -> ArgumentReader<'a> {
        ArgumentReader { pool, schemes: RefCell::default() }
    }

    /// The pool that reaches what was named.
    pub fn pool(&self) -> &'a Pool {
        self.pool
    }

    /// Reads a target.
    pub fn target(&self, text: &str) -> Result<Target, CliError> {
        let shown = SafeText::clean(&redact::secrets(text));
        let Typed { target, scheme } = Typed::parse(text, self.pool.known())
            .map_err(|bad| CliError::Usage(format!("`{shown}`: {bad}")))?;
        if let Some(scheme) = scheme {
            self.speak(target.host(), scheme)?;
        }
        Ok(target)
    }

    /// Reads what names one image; `latest` where it says neither tag nor digest.
    pub fn image(&self, text: &str) -> Result<Reference, CliError> {
        match self.target(text)? {
            Target::Image(reference) => Ok(reference),
            Target::Repository(repository) => Ok(Reference { repository, tag: None, digest: None }),
            Target::Registry(host) => Err(CliError::Usage(format!(
                "`{host}` is a registry; `regtui ls {}` lists what is in it",
                host.typed()
            ))),
        }
    }

    /// Has a registry reached in one way; it cannot be two.
    pub fn speak(&self, host: &Host, scheme: Scheme) -> Result<(), CliError> {
        let before = self.schemes.borrow_mut().insert(host.clone(), scheme);
        if before.is_some_and(|before| before != scheme) {
            return Err(CliError::Usage(format!("`{host}` is to be reached by http and by https: say one")));
        }
        self.pool.reach(host, |trust| trust.speak(scheme));
        Ok(())
    }
}
