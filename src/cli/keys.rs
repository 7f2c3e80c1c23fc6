//! `regtui keys`: lists the commands and their keys, as the configuration binds them.

use std::io::{BufWriter, Write};

use clap::Args;
use serde::Serialize;

use super::CliError;
use super::print::{self, Table};
use crate::app::keymap;
use crate::app::keys::{KeyChord, Keys};

/// List the keys of the UI, as the configuration binds them
#[derive(Debug, Args)]
pub(crate) struct KeysCommand {
    /// One JSON document a line
    #[arg(long)]
    json: bool,
}

/// A command with its keys.
#[derive(Debug, Serialize)]
struct KeyRow {
    /// The context in which the keys work.
    context: String,
    /// The name of the command in the configuration.
    command: &'static str,
    /// The keys.
    keys: Vec<String>,
    /// The description of the command.
    help: &'static str,
}

impl KeysCommand {
    /// Prints the keys.
    pub(super) fn run(&self, keys: &Keys) -> Result<(), CliError> {
        let rows = keymap::contexts().into_iter().flat_map(|context| {
            let row = move |command: &&'static crate::app::keys::KeyCommand| KeyRow {
                context: context.name.clone(),
                command: command.name,
                keys: keys.of(command).iter().map(KeyChord::to_string).collect(),
                help: command.text,
            };
            context.commands.clone().iter().map(row).collect::<Vec<_>>()
        });
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            for row in rows {
                print::json(&mut out, &row)?;
            }
        } else {
            let mut table = Table::new(&["CONTEXT", "COMMAND", "KEYS", "HELP"], &[]);
            for row in rows {
                let keys = row.keys.join(" ");
                table.row(vec![row.context, row.command.to_string(), keys, row.help.to_string()]);
            }
            table.print(&mut out)?;
        }
        Ok(out.flush()?)
    }
}
