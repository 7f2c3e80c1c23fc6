//! `regtui config`: the files, their errors, and the values that are in effect.

mod check;
mod path;
mod print;

use clap::{Args, Subcommand};

use super::{Cli, CliError};

/// Show and check the configuration
#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    command: ConfigSubcommand,
}

#[derive(Debug, Subcommand)]
enum ConfigSubcommand {
    /// List the files that regtui reads and writes
    Path(path::PathCommand),
    /// Check all files, and report errors with their lines
    Check(check::CheckCommand),
    /// Print the values that are in effect
    Print(print::PrintCommand),
}

impl ConfigCommand {
    /// Runs the command. It reads the configuration itself, which may have errors.
    pub(super) fn run(&self, cli: &Cli) -> Result<(), CliError> {
        match &self.command {
            ConfigSubcommand::Path(command) => command.run(cli),
            ConfigSubcommand::Check(command) => command.run(cli),
            ConfigSubcommand::Print(command) => command.run(cli),
        }
    }
}
