//! `regtui man`: writes a manual page for the program and for each subcommand.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};

use super::{Cli, CliError};
use crate::model::failure::{Failure, FailureKind};
use crate::model::plural;
use crate::model::text::SafeText;

/// Write the manual pages into a folder
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder; it is created if it does not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Man {
    /// Writes the pages and prints how many there are. Pages of an earlier version are replaced.
    pub(super) fn run(&self) -> Result<(), CliError> {
        let folder = &self.folder;
        let fail = |path: &Path, why: &std::io::Error| Failure {
            what: SafeText::from(format!("cannot write `{}`", path.display())),
            why: match why.kind() {
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                    "a file has the name of the folder".into()
                }
                _ => SafeText::from(why.to_string()),
            },
            hint: None,
            kind: FailureKind::Local,
        };
        std::fs::create_dir_all(folder).map_err(|why| fail(folder, &why))?;
        let pages = render_pages()?;
        for (name, page) in &pages {
            let path = folder.join(name);
            replace(folder, &path, page).map_err(|why| fail(&path, &why))?;
        }
        let count = plural::counted(pages.len(), "manual page", "manual pages");
        Ok(writeln!(
            std::io::stdout().lock(),
            "wrote {count} to {}",
            SafeText::from(folder.display().to_string())
        )?)
    }
}

/// Returns the file name and the text of each page.
fn render_pages() -> Result<Vec<(String, Vec<u8>)>, CliError> {
    let mut program = Cli::command();
    program.build();
    let subcommands = program.get_subcommands().cloned().collect::<Vec<_>>();
    let mut pages = Vec::new();
    for command in std::iter::once(program).chain(subcommands) {
        let man = clap_mangen::Man::new(command);
        let mut page = Vec::new();
        man.render(&mut page)?;
        pages.push((man.get_filename(), page));
    }
    Ok(pages)
}

/// Puts a file in the place of `path`. A link at that place is replaced and not followed, so nothing outside of the
/// folder changes.
fn replace(folder: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    file.persist(path)?;
    Ok(())
}
