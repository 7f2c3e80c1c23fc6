//! Files of an image on this machine's disk.
//!
//! Nothing is written outside of the destination or over an existing file. Everything is written to a new file or
//! directory beside the destination, which takes its name in one step that replaces nothing: see
//! `crate::files::unfinished`. Links are made last, so no file is written through a link, and only if they stay inside:
//! see [`links`]. Devices and pipes are not made; owners and the bits for setuid, setgid and sticky are not set. What
//! cannot be written is left out with a reason, and the rest is written.

mod disk;
mod links;
mod parts;
mod sink;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::content::{ContentProgress, read_contents_with};
use super::pause::Pause;
use super::tree::ImageFiles;
use crate::client::Registry;
use crate::files::unfinished::{Unfinished, check_free};
use crate::layer::PathId;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
pub use parts::Extraction;
use sink::DiskSink;

/// Most reasons that are kept for parts that were left out.
const MOST_KEPT: usize = 20;
/// Directories, links and modes that are made before other tasks, and the end of this one, get their turn.
const AT_ONCE: usize = 64;

/// The result of an extraction.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The number of files.
    pub files: usize,
    /// The number of directories.
    pub directories: usize,
    /// The number of symbolic links.
    pub links: usize,
    /// The bytes of all files.
    pub bytes: u64,
    /// The first paths that were left out, with the reason.
    pub left_out: Vec<(PathBuf, &'static str)>,
    /// The number of all paths that were left out.
    pub left_out_count: usize,
}

impl Extracted {
    fn leave_out(&mut self, path: &Path, why: &'static str) {
        self.left_out_count += 1;
        if self.left_out.len() < MOST_KEPT {
            self.left_out.push((path.to_path_buf(), why));
        }
    }

    /// Returns the paths that were left out as they would stand on the disk, and the number of those that are not named.
    pub fn left_out_of(&self, destination: &Path) -> (Vec<(SafeText, &'static str)>, usize) {
        let named = self.left_out.iter().map(|(path, why)| {
            let path = if path.as_os_str().is_empty() { destination.into() } else { destination.join(path) };
            (SafeText::from(path.display().to_string()), *why)
        });
        (named.collect(), self.left_out_count - self.left_out.len())
    }
}

/// The progress of an extraction, shared with the code that shows it, and the switch that pauses it.
#[derive(Debug, Default)]
pub struct ExtractionProgress {
    contents: ContentProgress,
    written: AtomicU64,
}

impl ExtractionProgress {
    /// Creates that of an extraction that this switch pauses: nothing is received or written then, and everything so far
    /// stays as it is.
    pub fn paused_by(pause: Pause) -> ExtractionProgress {
        ExtractionProgress { contents: ContentProgress::paused_by(pause), written: AtomicU64::new(0) }
    }

    /// Returns the bytes of layers that were received.
    pub fn received(&self) -> u64 {
        self.contents.received()
    }

    /// Returns the bytes that were written.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Returns the bytes that were moved in all.
    pub fn moved(&self) -> u64 {
        self.received().saturating_add(self.written())
    }

    fn add_written(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Waits while the extraction is paused. Lets other tasks, and the end of this one, have their turn now and then.
    async fn take_turns(&self, index: usize) {
        self.contents.pause.wait().await;
        if index % AT_ONCE == AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
    }
}

/// Writes a path of the image and everything below it to `destination`, which must not exist.
pub async fn extract(
    registry: &dyn Registry,
    files: &ImageFiles,
    from: PathId,
    destination: &Path,
) -> Result<Extracted, Failure> {
    let extraction = Extraction::prepare(files, from).await?;
    extraction.write(registry, files, destination, &ExtractionProgress::default()).await
}

impl Extraction {
    /// Writes the files to `destination`, which must not exist. The contents are compared with their digests. After a
    /// failure, or if the work is dropped, everything that was written is removed, and nothing else.
    pub async fn write(
        mut self,
        registry: &dyn Registry,
        files: &ImageFiles,
        destination: &Path,
        progress: &ExtractionProgress,
    ) -> Result<Extracted, Failure> {
        check_free(destination).map_err(|error| failed(destination, &error))?;
        let root = Path::new("");
        let is_folder = self.directories.first().is_some_and(|(path, _)| path == root);
        let (unfinished, file) = if is_folder {
            (Unfinished::folder(destination), None)
        } else if self.files.is_empty() {
            let why = self.report.left_out.first().map_or("there is nothing to write", |(_, why)| *why);
            return Err(local(destination, why));
        } else {
            match Unfinished::file(destination, 0o600) {
                Ok((unfinished, file)) => (Ok(unfinished), Some(file)),
                Err(error) => (Err(error), None),
            }
        };
        let unfinished = unfinished.map_err(|error| failed(destination, &error))?;
        let base = unfinished.path().to_path_buf();
        let missing = self.make_directories(&base, destination, progress).await?;
        let parts = sink::Parts { base: &base, destination, missing: &missing, progress };
        self.write_contents(registry, files, &parts, file).await?;
        self.make_links(&parts).await?;
        for (index, (path, version)) in self.directories.iter().enumerate().rev() {
            // The owner can always remove it again.
            let mode = u32::from(version.mode & 0o777) | 0o700;
            if !missing.contains(path) {
                let at = sink::place(&base, path);
                disk::set_mode(&at, mode).map_err(|error| failed(&sink::place(destination, path), &error))?;
            }
            progress.take_turns(index).await;
        }
        unfinished.finish().map_err(|error| failed(destination, &error))?;
        Ok(self.report)
    }

    /// Makes the directories. Returns those that could not be made.
    async fn make_directories(
        &mut self,
        base: &Path,
        destination: &Path,
        progress: &ExtractionProgress,
    ) -> Result<HashSet<PathBuf>, Failure> {
        let mut missing = HashSet::new();
        for (index, (path, _)) in self.directories.iter().enumerate() {
            progress.take_turns(index).await;
            if path.as_os_str().is_empty() {
                self.report.directories += 1;
                continue;
            }
            if is_below(&missing, path) {
                self.report.leave_out(path, disk::BELOW);
                missing.insert(path.clone());
                continue;
            }
            match disk::create_directory(&base.join(path)) {
                Ok(()) => self.report.directories += 1,
                Err(error) => match disk::reason(&error) {
                    Some(why) => {
                        self.report.leave_out(path, why);
                        missing.insert(path.clone());
                    }
                    None => return Err(failed(&destination.join(path), &error)),
                },
            }
        }
        Ok(missing)
    }

    async fn write_contents(
        &mut self,
        registry: &dyn Registry,
        files: &ImageFiles,
        parts: &sink::Parts<'_>,
        mut single: Option<std::fs::File>,
    ) -> Result<(), Failure> {
        for (layer, entries) in self.by_layer() {
            let index = usize::from(layer) - 1;
            let (Some(source), Some(list)) = (files.image.layers.get(index), files.layer(layer)) else {
                continue;
            };
            let mut sink = DiskSink::new(layer, parts, &mut self.files, &mut self.report, single.take());
            let (name, progress) = (&files.image.repository.name, &parts.progress.contents);
            read_contents_with(registry, name, source, list, &entries, &mut sink, progress).await?;
        }
        Ok(())
    }

    async fn make_links(&mut self, parts: &sink::Parts<'_>) -> Result<(), Failure> {
        let sink::Parts { base, destination, missing, progress } = *parts;
        for (index, (path, target)) in std::mem::take(&mut self.links).into_iter().enumerate() {
            progress.take_turns(index).await;
            if is_below(missing, &path) {
                self.report.leave_out(&path, disk::BELOW);
                continue;
            }
            match disk::create_link(&target, &base.join(&path)) {
                Ok(()) => self.report.links += 1,
                Err(error) => match disk::link_reason(&error) {
                    Some(why) => self.report.leave_out(&path, why),
                    None => return Err(failed(&destination.join(&path), &error)),
                },
            }
        }
        Ok(())
    }
}

/// Returns whether a path is directly below a directory that could not be made.
fn is_below(missing: &HashSet<PathBuf>, path: &Path) -> bool {
    !missing.is_empty() && path.parent().is_some_and(|parent| missing.contains(parent))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AlreadyExists => local(path, "it exists already, and nothing is written over it"),
        _ => local(path, &error.to_string()),
    }
}

fn local(path: &Path, why: &str) -> Failure {
    Failure {
        kind: FailureKind::Local,
        ..Failure::local(format!("cannot write {}", path.display()), why.to_string())
    }
}
