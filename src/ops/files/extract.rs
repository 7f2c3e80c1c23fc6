//! Files of an image on this machine's disk.
//!
//! Nothing is written outside of the destination or over an existing file. The destination is new, directories in it are
//! new, and links are made last, so no file is written through a link. A link is made only if it stays inside: it may
//! begin with as many `..` as directories lead to it, and has no further ones. Devices and pipes are not made; owners and
//! the bits for setuid, setgid and sticky are not set.

mod disk;

use std::collections::HashMap;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::content::{ContentSink, read_contents};
use super::tree::ImageFiles;
use crate::client::Registry;
use crate::layer::{EntryKind, FileVersion, PathId};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;

/// Most reasons that are kept for parts that were left out.
const MOST_KEPT: usize = 10;

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
    pub left_out: Vec<(SafeText, &'static str)>,
    /// The number of all paths that were left out.
    pub left_out_count: usize,
}

/// The parts of an extraction, in the order in which they are made.
#[derive(Debug, Default)]
struct Extraction {
    directories: Vec<(PathBuf, FileVersion)>,
    /// By layer, from 1, and the number of the entry: the file itself and further names of it.
    files: HashMap<(u16, u32), (FileVersion, Vec<PathBuf>)>,
    links: Vec<(PathBuf, Vec<u8>)>,
    report: Extracted,
}

impl Extraction {
    fn leave_out(&mut self, path: &Path, why: &'static str) {
        self.report.left_out_count += 1;
        if self.report.left_out.len() < MOST_KEPT {
            self.report.left_out.push((SafeText::from(path.display().to_string()), why));
        }
    }
}

/// Writes a path of the image and everything below it to `destination`, which must not exist. The contents are compared
/// with their digests. After a failure everything that was written is removed.
pub async fn extract(
    registry: &dyn Registry,
    files: &ImageFiles,
    from: PathId,
    destination: &Path,
) -> Result<Extracted, Failure> {
    let extraction = collect(files, from, destination);
    if fs::symlink_metadata(destination).is_ok() {
        return Err(local(destination, "it exists already, and nothing is written over it"));
    }
    let mut unfinished = Unfinished { destination, is_finished: false };
    let extracted = write(registry, files, extraction).await?;
    unfinished.is_finished = true;
    Ok(extracted)
}

/// The destination of an extraction. It is removed unless the extraction is finished, also if the user stops it.
struct Unfinished<'a> {
    destination: &'a Path,
    is_finished: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            remove(self.destination);
        }
    }
}

/// Returns the bytes that an extraction writes.
pub fn size_of(files: &ImageFiles, from: PathId) -> u64 {
    let extraction = collect(files, from, Path::new("x"));
    extraction.files.values().map(|(version, _)| version.size).sum()
}

/// Lists the parts of an extraction.
fn collect(files: &ImageFiles, from: PathId, destination: &Path) -> Extraction {
    let mut extraction = Extraction::default();
    let mut open = vec![(from, destination.to_path_buf(), 0_usize)];
    while let Some((id, path, depth)) = open.pop() {
        let version = files.tree.current(id);
        let Some(version) = version.or_else(|| (id == PathId::ROOT).then(root)) else { continue };
        let version = match files.tree.linked_version(id, &version) {
            // A further name of a file keeps its own entry.
            Some((_, linked)) if linked.kind != EntryKind::File => linked,
            _ => version,
        };
        match version.kind {
            EntryKind::Directory => {
                extraction.directories.push((path.clone(), version));
                for child in files.tree.children(id) {
                    match disk::name(files.tree.name(child)) {
                        Some(name) => open.push((child, path.join(name), depth + 1)),
                        None if files.tree.current(child).is_none() => {}
                        None => extraction
                            .leave_out(&path, "this machine cannot have a file of such a name in it"),
                    }
                }
            }
            EntryKind::File | EntryKind::HardLink => match files.content_of(id, version) {
                Some((_, content)) => match content.entry {
                    Some(entry) => {
                        let file = extraction.files.entry((content.layer, entry));
                        file.or_insert_with(|| (content, Vec::new())).1.push(path);
                    }
                    None => extraction.leave_out(&path, "its content is not known"),
                },
                None => extraction.leave_out(&path, "the target of the hard link does not exist"),
            },
            EntryKind::Symlink => {
                let target = files.entry(&version).map(|entry| entry.link.into_owned()).unwrap_or_default();
                if depth > 0 && stays_inside(&target, depth - 1) {
                    extraction.links.push((path, target));
                } else {
                    extraction.leave_out(&path, "the link leads out of the destination");
                }
            }
            EntryKind::CharDevice | EntryKind::BlockDevice => extraction.leave_out(&path, "it is a device"),
            EntryKind::Fifo => extraction.leave_out(&path, "it is a pipe"),
            EntryKind::Whiteout | EntryKind::OpaqueMarker => {}
        }
    }
    extraction
}

/// The root of an image whose layers have no entry for it.
fn root() -> FileVersion {
    FileVersion {
        size: 0,
        mtime: 0,
        uid: 0,
        gid: 0,
        entry: None,
        mode: 0o755,
        layer: 1,
        kind: EntryKind::Directory,
        hidden: None,
    }
}

/// Returns whether the target of a link in a directory `depth` levels below the destination stays inside.
fn stays_inside(target: &[u8], depth: usize) -> bool {
    if target.is_empty() || target.starts_with(b"/") {
        return false;
    }
    let components = || target.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    let ups = components().take_while(|name| *name == b"..").count();
    ups <= depth && !components().skip(ups).any(|name| name == b"..")
}

async fn write(
    registry: &dyn Registry,
    files: &ImageFiles,
    mut extraction: Extraction,
) -> Result<Extracted, Failure> {
    let modes = std::mem::take(&mut extraction.directories);
    for (path, _) in &modes {
        // Nobody else can put a link into it before everything is written.
        disk::create_directory(path).map_err(|error| failed(path, &error))?;
    }
    extraction.report.directories = modes.len();
    let mut by_layer: HashMap<u16, Vec<u32>> = HashMap::new();
    for (layer, entry) in extraction.files.keys() {
        by_layer.entry(*layer).or_default().push(*entry);
    }
    let mut layers: Vec<(u16, Vec<u32>)> = by_layer.into_iter().collect();
    layers.sort();
    for (layer, mut entries) in layers {
        entries.sort_unstable();
        let index = usize::from(layer) - 1;
        let (Some(source), Some(list)) = (files.image.layers.get(index), files.layer(layer)) else {
            continue;
        };
        let mut sink = DiskSink { layer, extraction: &mut extraction, open: None };
        read_contents(registry, &files.image.repository.name, source, list, &entries, &mut sink).await?;
    }
    for (path, target) in std::mem::take(&mut extraction.links) {
        match disk::create_link(&target, &path) {
            Ok(()) => extraction.report.links += 1,
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                extraction.leave_out(&path, "this machine has no such links");
            }
            Err(error) => return Err(failed(&path, &error)),
        }
    }
    for (path, version) in modes.iter().rev() {
        // The owner can always remove it again.
        let mode = u32::from(version.mode & 0o777) | 0o700;
        disk::set_mode(path, mode).map_err(|error| failed(path, &error))?;
    }
    Ok(extraction.report)
}

/// Writes contents to files.
struct DiskSink<'a> {
    layer: u16,
    extraction: &'a mut Extraction,
    open: Option<(u32, File)>,
}

impl DiskSink<'_> {
    fn file(&mut self, entry: u32) -> Result<&mut File, Failure> {
        if self.open.as_ref().is_none_or(|(number, _)| *number != entry) {
            let path = self.extraction.files.get(&(self.layer, entry)).and_then(|(_, paths)| paths.first());
            let path = path.ok_or_else(|| Failure::local("cannot extract a file", "it was not asked for"))?;
            self.open = Some((entry, disk::create_file(path).map_err(|error| failed(path, &error))?));
        }
        match &mut self.open {
            Some((_, file)) => Ok(file),
            None => Err(Failure::local("cannot extract a file", "it could not be opened")),
        }
    }
}

impl ContentSink for DiskSink<'_> {
    fn take(&mut self, entry: u32, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file(entry)?.write_all(bytes);
        let path = || self.extraction.files.get(&(self.layer, entry)).map(|(_, paths)| paths[0].clone());
        written.map_err(|error| failed(&path().unwrap_or_default(), &error))
    }

    fn finish(&mut self, entry: u32) -> Result<(), Failure> {
        self.file(entry)?;
        let Some((_, file)) = self.open.take() else { return Ok(()) };
        let Some((version, paths)) = self.extraction.files.get(&(self.layer, entry)) else { return Ok(()) };
        let path = &paths[0];
        let time = u64::try_from(version.mtime).ok();
        let time = time.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        if let Some(time) = time {
            // A file system that does not know the time keeps that of the extraction.
            file.set_times(FileTimes::new().set_modified(time)).ok();
        }
        let mode = u32::from(version.mode & 0o777);
        disk::set_mode(path, mode).map_err(|error| failed(path, &error))?;
        for other in &paths[1..] {
            fs::hard_link(path, other).map_err(|error| failed(other, &error))?;
        }
        self.extraction.report.files += paths.len();
        self.extraction.report.bytes += version.size;
        Ok(())
    }
}

/// Removes everything that was written.
fn remove(destination: &Path) {
    let is_directory = fs::symlink_metadata(destination).is_ok_and(|found| found.is_dir());
    // The failure that led here is the one that is reported.
    if is_directory {
        fs::remove_dir_all(destination).ok();
    } else {
        fs::remove_file(destination).ok();
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    local(path, &error.to_string())
}

fn local(path: &Path, why: &str) -> Failure {
    Failure {
        kind: FailureKind::Local,
        ..Failure::local(format!("cannot write {}", path.display()), why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_stay_inside_whatever_they_pass_are_made() {
        for (target, depth, stays) in [
            (&b"file"[..], 0, true),
            (b"../file", 0, false),
            (b"../file", 1, true),
            (b"../../file", 1, false),
            (b"./a/b", 0, true),
            (b"a/../b", 3, false),
            (b"..", 1, true),
            (b".././../x", 2, true),
            (b"/etc/passwd", 5, false),
            (b"//x", 5, false),
            (b"", 1, false),
        ] {
            assert_eq!(stays_inside(target, depth), stays, "{target:?} {depth}");
        }
    }
}
