//! The options that determine how each of the two registries of a copy is reached.

use clap::Args;

use super::CliError;
use super::arguments::ArgumentReader;
use crate::model::reference::{Host, Scheme};

/// Options of the two registries of a copy.
#[derive(Debug, Args)]
pub(crate) struct Sides {
    /// Use HTTP instead of HTTPS for the source, as `http://` in front of its name does
    #[arg(long)]
    src_plain_http: bool,
    /// Use HTTP instead of HTTPS for the destination
    #[arg(long)]
    dest_plain_http: bool,
    /// Do not check the certificate of the source
    #[arg(long)]
    src_insecure: bool,
    /// Do not check the certificate of the destination
    #[arg(long)]
    dest_insecure: bool,
}

/// The options for every registry, as far as they were given as flags.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Everywhere {
    /// `--plain-http`.
    pub(crate) plain_http: bool,
    /// `--insecure`.
    pub(crate) insecure: bool,
}

impl Sides {
    /// Returns whether none of them was given.
    pub(crate) fn is_empty(&self) -> bool {
        !(self.src_plain_http || self.dest_plain_http || self.src_insecure || self.dest_insecure)
    }

    /// Makes each registry be reached as its options say. Fails if an option for all registries is given and could be
    /// meant for only one.
    pub(crate) fn apply(
        &self,
        names: &ArgumentReader<'_>,
        everywhere: Everywhere,
        from: &Host,
        to: &Host,
    ) -> Result<(), CliError> {
        if from != to {
            refuse(everywhere.plain_http, "plain-http", from, to)?;
            refuse(everywhere.insecure, "insecure", from, to)?;
        }
        for (host, plain_http, insecure) in
            [(from, self.src_plain_http, self.src_insecure), (to, self.dest_plain_http, self.dest_insecure)]
        {
            if plain_http {
                names.set_scheme(host, Scheme::Http)?;
            }
            if insecure {
                names.pool().set_transport(host, |trust| trust.insecure = true);
            }
        }
        Ok(())
    }
}

fn refuse(is_given: bool, option: &str, from: &Host, to: &Host) -> Result<(), CliError> {
    if is_given {
        Err(CliError::Usage(format!(
            "`--{option}` would apply to both registries: `--src-{option}` is for `{from}` alone, `--dest-{option}` for `{to}`"
        )))
    } else {
        Ok(())
    }
}
