//! `regtui completions`: prints the script that makes a shell complete subcommands and options.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, CliError};

/// Print the completions for a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell that reads them
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(super) fn run(&self) -> Result<(), CliError> {
        // The generator panics if its writer fails, and a pipe may be closed.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "regtui", &mut script);
        Ok(std::io::stdout().lock().write_all(&script)?)
    }
}
