//! Facts about the files of an image that its maker may want to change.

use super::entry::{EntryKind, mode_text};
use super::finding::Problem;
use super::tree::{FileTree, Hidden, PathId};
use crate::model::plural::counted;
use crate::model::text::SafeText;

/// Most findings of one kind that are kept. Sums are those of all.
const MOST_KEPT: usize = 1_000;
/// Most paths with the same content that a text names beside the first one.
const MOST_NAMED: usize = 3;

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFindingKind {
    /// Bytes that the image holds and does not show, because a later layer replaced or removed them.
    Hidden,
    /// The same content at several paths.
    Duplicate,
    /// Files that a package manager or an interpreter can make or fetch again.
    PackageCache,
    /// A program that runs with the rights of its owner or group.
    Setuid,
    /// A file that everyone may write, or a directory without the sticky bit.
    WorldWritable,
    /// A file that by its name holds a secret. Anyone who can pull the image can read it, also if a later layer removed
    /// it.
    Secret,
    /// A file that a layer holds again, with the same content and another mode, owner or date; or the directory of many.
    MetadataCopy,
    /// A peculiarity of a layer.
    Layer,
}

impl ImageFindingKind {
    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            ImageFindingKind::Hidden => "hidden",
            ImageFindingKind::Duplicate => "duplicate",
            ImageFindingKind::PackageCache => "package_cache",
            ImageFindingKind::Setuid => "setuid",
            ImageFindingKind::WorldWritable => "world_writable",
            ImageFindingKind::Secret => "secret",
            ImageFindingKind::MetadataCopy => "metadata_copy",
            ImageFindingKind::Layer => "layer",
        }
    }

    /// Returns the heading of a list of such findings.
    pub fn title(self) -> &'static str {
        match self {
            ImageFindingKind::Hidden => "hidden bytes",
            ImageFindingKind::Duplicate => "same content at several paths",
            ImageFindingKind::PackageCache => "package caches",
            ImageFindingKind::Setuid => "setuid and setgid programs",
            ImageFindingKind::WorldWritable => "writable by everyone",
            ImageFindingKind::Secret => "likely secrets",
            ImageFindingKind::MetadataCopy => "copies with the same content",
            ImageFindingKind::Layer => "peculiarities of layers",
        }
    }
}

/// Mode and owner of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAttributes {
    /// The kind.
    pub kind: EntryKind,
    /// Permissions.
    pub mode: u16,
    /// The number of the owner.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
}

/// A fact about a file of an image, a directory, or a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFinding {
    /// The kind.
    pub kind: ImageFindingKind,
    /// The path in the image. Of a peculiarity of a layer: as it stands in the layer, or empty.
    pub path: Vec<u8>,
    /// The layer that holds the file, from 1. Its instruction made the finding.
    pub layer: u16,
    /// The layer that hides it, and how. `None` if it is in the image.
    pub hidden: Option<(u16, Hidden)>,
    /// The number of files that it stands for.
    pub files: u64,
    /// The bytes of them. Of equal contents: without those of the first.
    pub bytes: u64,
    /// Mode and owner, if the finding is about them.
    pub attributes: Option<FileAttributes>,
    /// Mode and owner of the version that a copy replaces.
    pub attributes_before: Option<FileAttributes>,
    /// Other paths with the same content, a few of them.
    pub others: Vec<Vec<u8>>,
    /// The peculiarity, if the finding is one of a layer.
    pub problem: Option<Problem>,
}

impl ImageFinding {
    /// Returns the finding in words, without its path and its bytes.
    pub fn text(&self) -> SafeText {
        let files = || counted(usize::try_from(self.files).unwrap_or(usize::MAX), "file", "files");
        let text = match self.kind {
            ImageFindingKind::Hidden if self.files > 1 => format!("{}, {}", self.hidden_text(), files()),
            ImageFindingKind::Hidden => self.hidden_text(),
            ImageFindingKind::Duplicate => self.duplicate_text(),
            ImageFindingKind::PackageCache => files(),
            ImageFindingKind::Setuid | ImageFindingKind::WorldWritable => self
                .attributes
                .map(|attributes| mode_text(attributes.kind, attributes.mode))
                .unwrap_or_default(),
            ImageFindingKind::Secret if self.hidden.is_some() => {
                format!("{}, and can still be read", self.hidden_text())
            }
            ImageFindingKind::Secret => "in the image".to_string(),
            ImageFindingKind::MetadataCopy => self.copy_text(),
            ImageFindingKind::Layer => self.problem.map(problem_text).unwrap_or_default().to_string(),
        };
        SafeText::from(text)
    }

    fn hidden_text(&self) -> String {
        match self.hidden {
            Some((layer, Hidden::Replaced)) => format!("replaced by layer {layer}"),
            Some((layer, Hidden::Whiteout)) => format!("removed by layer {layer}"),
            Some((layer, Hidden::Opaque)) => format!("removed by layer {layer}, which empties the directory"),
            Some((layer, Hidden::Shadowed)) => {
                format!("removed by layer {layer}, which puts another kind of file there")
            }
            None => String::new(),
        }
    }

    fn duplicate_text(&self) -> String {
        let named =
            self.others.iter().take(MOST_NAMED).map(|path| String::from_utf8_lossy(path).into_owned());
        let named = named.collect::<Vec<_>>().join(", ");
        let left = self.files.saturating_sub(1 + self.others.len().min(MOST_NAMED) as u64);
        let more = if left > 0 { format!(" and {left} more") } else { String::new() };
        format!("{} copies: also {named}{more}", self.files)
    }

    fn copy_text(&self) -> String {
        match self.files {
            0 | 1 => self.change_text(),
            files => format!("{files} files, {}", self.change_text()),
        }
    }

    fn change_text(&self) -> String {
        let (Some(now), Some(before)) = (self.attributes, self.attributes_before) else {
            return "with other modes or owners".to_string();
        };
        let mut changes = Vec::new();
        if now.mode != before.mode {
            changes.push(format!("mode {:o} instead of {:o}", now.mode, before.mode));
        }
        if (now.uid, now.gid) != (before.uid, before.gid) {
            changes.push(format!("owner {}:{} instead of {}:{}", now.uid, now.gid, before.uid, before.gid));
        }
        if changes.is_empty() { "nothing but the date may differ".to_string() } else { changes.join(", ") }
    }
}

/// Returns a peculiarity of a layer in words.
fn problem_text(problem: Problem) -> &'static str {
    match problem {
        Problem::ParentComponent => "left out: the path contains `..`",
        Problem::Nul => "left out: the path or link contains a NUL byte",
        Problem::LongPath => "left out: the path is longer than 4 KiB",
        Problem::EmptyPath => "left out: the path is empty",
        Problem::Absolute => "the path begins with a slash",
        Problem::BareWhiteout => "left out: the whiteout names no file",
        Problem::UnknownKind => "left out: the kind of entry is not known",
        Problem::WrongMediaType => "the media type names another compression",
        Problem::Padding => "zeros follow the compressed data",
        Problem::TrailingGarbage => "other bytes follow the compressed data",
        Problem::DataAfterEnd => "bytes follow the end of the tar",
    }
}

/// The findings of one kind with the most bytes, and the sums of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopFindings {
    /// The kind.
    pub kind: ImageFindingKind,
    /// Those with the most bytes, the largest first.
    pub rows: Vec<ImageFinding>,
    /// The number of all.
    pub count: u64,
    /// The number of files that all of them stand for.
    pub files: u64,
    /// The bytes of all.
    pub bytes: u64,
}

/// A finding before its path is known as text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) id: PathId,
    pub(super) layer: u16,
    pub(super) hidden: Option<(u16, Hidden)>,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) attributes: Option<FileAttributes>,
    pub(super) attributes_before: Option<FileAttributes>,
}

/// Findings of one kind while they are collected, in bounded memory.
#[derive(Debug)]
pub(super) struct Ranking {
    kind: ImageFindingKind,
    kept: Vec<Candidate>,
    count: u64,
    files: u64,
    bytes: u64,
}

impl Ranking {
    pub(super) fn new(kind: ImageFindingKind) -> Ranking {
        Ranking { kind, kept: Vec::new(), count: 0, files: 0, bytes: 0 }
    }

    pub(super) fn add(&mut self, candidate: Candidate) {
        self.count += 1;
        self.files = self.files.saturating_add(candidate.files);
        self.bytes = self.bytes.saturating_add(candidate.bytes);
        self.kept.push(candidate);
        if self.kept.len() >= 2 * MOST_KEPT {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let rank = |candidate: &Candidate| {
            (
                std::cmp::Reverse(candidate.bytes),
                candidate.id,
                candidate.layer,
                candidate.hidden.map(|by| by.0),
            )
        };
        self.kept.sort_by_key(rank);
        self.kept.truncate(MOST_KEPT);
    }

    /// Returns the findings with their paths. `others` returns the other paths with the same content.
    pub(super) fn finish(
        mut self,
        tree: &FileTree,
        others: impl Fn(&Candidate) -> Vec<Vec<u8>>,
    ) -> TopFindings {
        self.cut();
        let finding = |candidate: &Candidate| ImageFinding {
            kind: self.kind,
            path: tree.path(candidate.id),
            layer: candidate.layer,
            hidden: candidate.hidden,
            files: candidate.files,
            bytes: candidate.bytes,
            attributes: candidate.attributes,
            attributes_before: candidate.attributes_before,
            others: others(candidate),
            problem: None,
        };
        let mut rows: Vec<ImageFinding> = self.kept.iter().map(finding).collect();
        rows.sort_by(|one, other| {
            other.bytes.cmp(&one.bytes).then_with(|| (&one.path, one.layer).cmp(&(&other.path, other.layer)))
        });
        TopFindings { kind: self.kind, rows, count: self.count, files: self.files, bytes: self.bytes }
    }
}
