//! The JSON of a comparison of two images.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::packages::DiffedPackages;
use crate::cli::file_record::FileMembers;
use crate::layer::diff::{DiffOperand, DiffedFile, FileChange, FileDiff, FileFacts, FileState};
use crate::model::image_diff::packages::PackageDifference;
use crate::model::image_diff::{ConfigDifference, DiffSide, DiffedLayer, ImageDiff};
use crate::model::text::SafeText;
use crate::ops::files::left_out::LeftOutLayer;
use crate::ops::image_diff::DiffedFiles;

/// The document.
#[derive(Serialize)]
pub(super) struct DiffDocument<'a> {
    same: bool,
    left: &'a DiffSide,
    right: &'a DiffSide,
    layers: &'a [DiffedLayer],
    /// Bytes that a client with the left image downloads.
    new_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a [ConfigDifference]>,
    /// Whether lists were so long that parts of them were not compared.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<FileRows<'a>>,
    /// The number of layers at the bottom that both images share and that were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_layers: Option<usize>,
    /// Directories whose content in these layers only one image shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hidden_directories: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<&'a [PackageDifference]>,
    /// The layers that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers_left_out: Vec<LeftOutRecord<'a>>,
    /// The reasons why the files or packages may not be complete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    incomplete: Vec<SafeText>,
}

/// A layer that could not be read.
#[derive(Serialize, PartialEq)]
struct LeftOutRecord<'a> {
    /// `left` or `right`.
    side: &'static str,
    layer: usize,
    error: &'a SafeText,
}

/// The files, made while they are written.
struct FileRows<'a>(&'a FileDiff);

/// A file that differs.
#[derive(Serialize)]
struct FileRow {
    /// The path. Bytes that are not UTF-8 are replaced.
    path: String,
    /// The bytes of the path in base64, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    change: &'static str,
    /// The aspects that differ, if both images have the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differs_in: Vec<&'static str>,
    left: FileSide,
    right: FileSide,
}

/// One side of a file: `null` if it is absent, `"unread"` if only layers that were not read may have it.
#[derive(Serialize)]
#[serde(untagged)]
enum FileSide {
    Absent,
    Unread(&'static str),
    Present(PresentFile),
}

#[derive(Serialize)]
struct PresentFile {
    #[serde(flatten)]
    members: FileMembers,
    layer: usize,
}

impl<'a> DiffDocument<'a> {
    /// Returns the document, with the config, the files and the packages if they were compared.
    pub(super) fn of(
        diff: &'a ImageDiff,
        shows_config: bool,
        files: Option<&'a DiffedFiles>,
        packages: Option<&'a DiffedPackages>,
    ) -> DiffDocument<'a> {
        let text = |path: &Vec<u8>| String::from_utf8_lossy(path).into_owned();
        let mut layers_left_out = Vec::new();
        for (side, operand) in [("left", DiffOperand::Left), ("right", DiffOperand::Right)] {
            let of_files = files.map(|files| files.left_out(operand)).unwrap_or_default();
            let of_packages = packages.map(|packages| packages.left_out[operand as usize].as_slice());
            for LeftOutLayer { layer, why } in of_files.iter().chain(of_packages.unwrap_or_default()) {
                let record = LeftOutRecord { side, layer: *layer, error: why };
                if !layers_left_out.contains(&record) {
                    layers_left_out.push(record);
                }
            }
        }
        let mut incomplete = files.map(DiffedFiles::describe_left_out).unwrap_or_default();
        for problem in packages.iter().flat_map(|packages| &packages.problems) {
            if !incomplete.contains(problem) {
                incomplete.push(problem.clone());
            }
        }
        DiffDocument {
            same: diff.is_same(),
            left: &diff.left,
            right: &diff.right,
            layers: &diff.layers,
            new_bytes: diff.new_bytes,
            config: shows_config.then_some(&diff.config),
            cut: diff.is_cut,
            files: files.map(|files| FileRows(&files.diff)),
            unread_layers: files.map(|files| files.plan().unread),
            hidden_directories: files
                .map(|files| files.diff.hidden_directories().iter().map(text).collect())
                .unwrap_or_default(),
            packages: packages.map(|packages| packages.rows.as_slice()),
            layers_left_out,
            incomplete,
        }
    }
}

impl Serialize for FileRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(FileRow::of))
    }
}

impl FileRow {
    fn of(file: DiffedFile) -> FileRow {
        FileRow {
            path_bytes: std::str::from_utf8(&file.path).is_err().then(|| STANDARD.encode(&file.path)),
            path: String::from_utf8_lossy(&file.path).into_owned(),
            change: match file.change {
                FileChange::Added => "added",
                FileChange::Removed => "removed",
                FileChange::Changed => "changed",
                FileChange::Unknown => "unknown",
                FileChange::AddedOrChanged => "added_or_changed",
                FileChange::RemovedOrChanged => "removed_or_changed",
            },
            differs_in: file.aspects.names().collect(),
            left: FileSide::of(file.left),
            right: FileSide::of(file.right),
        }
    }
}

impl FileSide {
    fn of(state: FileState) -> FileSide {
        match state {
            FileState::Absent => FileSide::Absent,
            FileState::Unread => FileSide::Unread("unread"),
            FileState::Present(facts) => FileSide::Present(PresentFile::of(&facts)),
        }
    }
}

impl PresentFile {
    fn of(facts: &FileFacts) -> PresentFile {
        PresentFile {
            members: FileMembers {
                kind: facts.kind.name(),
                size: facts.size,
                mode: facts.mode,
                uid: facts.uid,
                gid: facts.gid,
                mtime: Timestamp::from_second(facts.mtime).ok(),
                link: FileMembers::link(&facts.link),
                sha256: FileMembers::sha256(facts.sha256),
            },
            layer: facts.layer,
        }
    }
}
