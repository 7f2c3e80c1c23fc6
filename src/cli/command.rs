//! The subcommands, and whether each reads registries or changes something.

use clap::Subcommand;

use super::{
    CliError, base, belongs, cat, completions, config, copy, delete, diff, dockerfile, extract, files,
    history, inspect, journal, keys, login, logout, ls, man, packages, resume, scan, search, since, tag,
    trust, undo, verify, waste,
};
use crate::client::Pool;

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the repositories of a registry, or the tags of a repository
    Ls(ls::Ls),
    /// Search a registry for repositories
    Search(search::Search),
    /// List the images that a tag had, or the removed tags of a repository and its images without a tag
    History(history::History),
    /// Show an image: manifest, platforms, layers with their history, sizes, labels
    Inspect(inspect::Inspect),
    /// List the SBOMs, provenance, signatures and scans that are attached to an image and to its platforms
    Belongs(belongs::Belongs),
    /// Check that an image is signed by a key: cosign's signatures, sigstore bundles, DSSE
    Verify(verify::Verify),
    /// Tell whether images contain their base image as it is now
    Base(base::Base),
    /// Scan images for vulnerabilities with trivy, grype or another program of this machine
    Scan(scan::ScanArguments),
    /// List the files of an image without pulling it
    Files(files::Files),
    /// Print a file of an image without pulling it
    Cat(cat::Cat),
    /// Write a file or a directory of an image to the disk without pulling it
    Extract(extract::Extract),
    /// List the packages of an image without pulling it
    Packages(packages::Packages),
    /// Show the hidden bytes of an image, likely secrets and other findings
    Waste(waste::WasteCommand),
    /// Print the Dockerfile of an image: from the provenance of its build, or reconstructed from its history
    Dockerfile(dockerfile::DockerfileCommand),
    /// Compare two images: layers, config, files
    Diff(diff::Diff),
    /// Find the tag since which an image has a variable, a label, a size or a file
    Since(since::Since),
    /// Log in to a registry: checks the login, and stores it as docker and podman do
    Login(login::LoginCommand),
    /// Remove the stored logins for a registry
    Logout(logout::Logout),
    /// Pin the certificate of a server that is not trusted otherwise, or allow plain HTTP for a registry
    Trust(trust::TrustCommand),
    /// Give an image another tag: same bytes, same digest
    Tag(tag::NewTag),
    /// Copy an image or a repository, within a registry or to another one
    Copy(copy::CopyCommand),
    /// Untag or delete images, after a plan and a question
    Delete(delete::Delete),
    /// Undo the last change, or another one of the journal
    Undo(undo::Undo),
    /// Finish a change that was cut off
    Resume(resume::Resume),
    /// List all changes
    Journal(journal::JournalCommand),
    /// Show and check the configuration
    Config(config::ConfigCommand),
    /// List the keys of the UI, as the configuration binds them
    Keys(keys::KeysCommand),
    /// Print the completions for a shell
    Completions(completions::Completions),
    /// Write the manual pages into a folder
    Man(man::Man),
}

impl Command {
    /// Returns whether the command contacts registries, and changes none.
    pub(super) fn is_reading(&self) -> bool {
        match self {
            Command::Ls(_)
            | Command::Search(_)
            | Command::History(_)
            | Command::Inspect(_)
            | Command::Files(_)
            | Command::Cat(_)
            | Command::Extract(_)
            | Command::Packages(_)
            | Command::Waste(_)
            | Command::Dockerfile(_)
            | Command::Diff(_)
            | Command::Since(_)
            | Command::Belongs(_)
            | Command::Verify(_)
            | Command::Base(_)
            | Command::Login(_)
            | Command::Logout(_)
            | Command::Trust(_) => true,
            // It needs the scanner of the configuration.
            Command::Scan(_)
            | Command::Tag(_)
            | Command::Copy(_)
            | Command::Delete(_)
            | Command::Undo(_)
            | Command::Resume(_)
            | Command::Journal(_)
            | Command::Config(_)
            | Command::Keys(_)
            | Command::Completions(_)
            | Command::Man(_) => false,
        }
    }

    /// Runs a command that reads registries. Does nothing for another one.
    pub(super) async fn read(&self, pool: &Pool, colour: bool) -> Result<(), CliError> {
        match self {
            Command::Ls(ls) => ls.run(pool).await,
            Command::Search(search) => search.run(pool).await,
            Command::History(history) => history.run(pool).await,
            Command::Inspect(inspect) => inspect.run(pool, colour).await,
            Command::Files(files) => files.run(pool).await,
            Command::Cat(cat) => cat.run(pool).await,
            Command::Extract(extract) => extract.run(pool).await,
            Command::Packages(packages) => packages.run(pool).await,
            Command::Waste(waste) => waste.run(pool).await,
            Command::Dockerfile(dockerfile) => dockerfile.run(pool).await,
            Command::Diff(diff) => diff.run(pool).await,
            Command::Since(since) => since.run(pool).await,
            Command::Belongs(belongs) => belongs.run(pool).await,
            Command::Verify(verify) => verify.run(pool).await,
            Command::Base(base) => base.run(pool).await,
            Command::Login(login) => login.run(pool).await,
            Command::Logout(logout) => logout.run(pool).await,
            Command::Trust(trust) => trust.run(pool).await,
            _ => Ok(()),
        }
    }

    /// Returns whether the command reads the configuration. A package build has no
    /// configuration, or that of another user.
    pub(super) fn uses_config(&self) -> bool {
        !matches!(self, Command::Completions(_) | Command::Man(_))
    }
}
