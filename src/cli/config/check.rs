//! `regtui config check`: reads all files and reports their errors.

use std::io::Write;

use clap::Args;

use crate::cli::print::print_problem;
use crate::cli::{Cli, CliError};
use crate::config::ConfigText;
use crate::config::effective::problems_of;
use crate::model::plural::counted;

/// Check all files, and report errors with their lines
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 no error; 1 errors; 2 wrong usage.")]
pub(super) struct CheckCommand {}

impl CheckCommand {
    /// Prints each problem on stderr.
    pub(super) fn run(&self, cli: &Cli) -> Result<(), CliError> {
        let mut problems = Vec::new();
        let mut checked = 0;
        match ConfigText::read(cli.options.config.as_deref()) {
            Err(problem) => problems.push(problem.to_string()),
            Ok(None) => {}
            Ok(Some(ConfigText { file, text })) => {
                checked += 1;
                let in_file = |why| format!("`{}`: {why}", file.display());
                problems.extend(problems_of(&text).into_iter().map(in_file));
            }
        }
        if problems.is_empty() {
            match cli.unchecked_config() {
                Ok(config) => {
                    problems.extend(config.file_problems().map(|problem| problem.to_string()));
                    problems.extend(config.system.problems.iter().map(ToString::to_string));
                    checked += config.system.files.len();
                }
                Err(CliError::Usage(problem)) => problems.push(problem),
                Err(error) => return Err(error),
            }
        }
        for problem in &problems {
            print_problem(problem);
        }
        if !problems.is_empty() {
            return Err(CliError::Reported);
        }
        let files = counted(checked, "file", "files");
        Ok(writeln!(std::io::stdout(), "no errors in {files}")?)
    }
}
