//! Contents that are written to files.

use std::collections::HashSet;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::parts::FilesToWrite;
use super::{Extracted, ExtractionProgress, disk, failed, is_below};
use crate::model::failure::Failure;
use crate::ops::files::content::ContentSink;

/// The surroundings of the files.
pub(super) struct Parts<'a> {
    /// The unfinished file or directory.
    pub(super) base: &'a Path,
    /// Its later path.
    pub(super) destination: &'a Path,
    /// The directories that could not be made.
    pub(super) missing: &'a HashSet<PathBuf>,
    pub(super) progress: &'a ExtractionProgress,
}

/// Writes the contents of a layer to files.
pub(super) struct DiskSink<'a> {
    layer: u16,
    parts: &'a Parts<'a>,
    files: &'a mut FilesToWrite,
    report: &'a mut Extracted,
    /// The destination, if it is a file.
    single: Option<File>,
    open: Option<OpenFile>,
}

/// The file that is written.
struct OpenFile {
    entry: u32,
    /// The file and the number of its path; nothing if no path of it can be written.
    to: Option<(File, usize)>,
}

impl<'a> DiskSink<'a> {
    /// Creates the sink for the files of a layer, from 1.
    pub(super) fn new(
        layer: u16,
        parts: &'a Parts<'a>,
        files: &'a mut FilesToWrite,
        report: &'a mut Extracted,
        single: Option<File>,
    ) -> DiskSink<'a> {
        DiskSink { layer, parts, files, report, single, open: None }
    }

    /// Returns the file of an entry, which is created first.
    fn file(&mut self, entry: u32) -> Result<&mut OpenFile, Failure> {
        if self.open.as_ref().is_none_or(|open| open.entry != entry) {
            let to = self.create(entry)?;
            self.open = Some(OpenFile { entry, to });
        }
        self.open.as_mut().ok_or_else(|| Failure::local("cannot extract a file", "it could not be opened"))
    }

    fn create(&mut self, entry: u32) -> Result<Option<(File, usize)>, Failure> {
        let Some((_, paths)) = self.files.get(&(self.layer, entry)) else {
            return Err(Failure::local("cannot extract a file", "it was not asked for"));
        };
        for (index, path) in paths.iter().enumerate() {
            if path.as_os_str().is_empty()
                && let Some(file) = self.single.take()
            {
                return Ok(Some((file, index)));
            }
            if is_below(self.parts.missing, path) {
                self.report.leave_out(path, disk::BELOW);
                continue;
            }
            match disk::create_file(&self.parts.base.join(path)) {
                Ok(file) => return Ok(Some((file, index))),
                Err(error) => match disk::reason(&error) {
                    Some(why) => self.report.leave_out(path, why),
                    None => return Err(self.fail(path, &error)),
                },
            }
        }
        Ok(None)
    }

    /// Gives a file another name, or copies it where files have only one.
    fn add_name(&mut self, first: &Path, path: &Path) -> Result<bool, Failure> {
        if is_below(self.parts.missing, path) {
            self.report.leave_out(path, disk::BELOW);
            return Ok(false);
        }
        let (first, at) = (place(self.parts.base, first), place(self.parts.base, path));
        let Err(error) = fs::hard_link(&first, &at) else { return Ok(true) };
        match disk::reason(&error) {
            Some(why) => {
                self.report.leave_out(path, why);
                Ok(false)
            }
            None => fs::copy(&first, &at).map(|_| true).map_err(|error| self.fail(path, &error)),
        }
    }

    fn fail(&self, path: &Path, error: &io::Error) -> Failure {
        failed(&place(self.parts.destination, path), error)
    }
}

impl ContentSink for DiskSink<'_> {
    fn take(&mut self, entry: u32, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.file(entry)?.to {
            Some((file, index)) => file.write_all(bytes).map_err(|error| (*index, error)),
            None => Ok(()),
        };
        self.parts.progress.add_written(bytes.len() as u64);
        written.map_err(|(index, error)| {
            let file = self.files.get(&(self.layer, entry));
            let path = file.and_then(|(_, paths)| paths.get(index)).cloned().unwrap_or_default();
            self.fail(&path, &error)
        })
    }

    fn finish(&mut self, entry: u32) -> Result<(), Failure> {
        if !self.files.contains_key(&(self.layer, entry)) {
            // It is complete already.
            return Ok(());
        }
        self.file(entry)?;
        let open = self.open.take().and_then(|open| open.to);
        let Some((version, paths)) = self.files.remove(&(self.layer, entry)) else { return Ok(()) };
        let Some((file, index)) = open else { return Ok(()) };
        let path = &paths[index];
        let time = u64::try_from(version.mtime).ok();
        let time = time.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        if let Some(time) = time {
            // A file system that does not know the time keeps that of the extraction.
            file.set_times(FileTimes::new().set_modified(time)).ok();
        }
        let mode = u32::from(version.mode & 0o777);
        disk::set_mode(&place(self.parts.base, path), mode).map_err(|error| self.fail(path, &error))?;
        self.report.files += 1;
        for other in &paths[index + 1..] {
            self.report.files += usize::from(self.add_name(path, other)?);
        }
        self.report.bytes = self.report.bytes.saturating_add(version.size);
        Ok(())
    }
}

/// Returns the place of a part, which is the base itself if the path is empty.
pub(super) fn place(base: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { base.to_path_buf() } else { base.join(path) }
}
