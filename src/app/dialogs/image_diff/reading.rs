//! The questions and answers about two images, as the runtime and the dialog exchange them.

use std::sync::Arc;

use crate::app::panes::details::files::reading::FilesImage;
use crate::layer::diff::FileDiff;
use crate::model::columns;
use crate::model::image_diff::ImageDiff;
use crate::model::image_diff::packages::PackageDifference;
use crate::model::platform::Platform;
use crate::model::price::Price;
use crate::model::reference::Reference;
use crate::model::text::SafeText;

/// The question for the manifests and configs of two images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffQuestion {
    /// The left image.
    pub left: Reference,
    /// The right image.
    pub right: Reference,
    /// The platform that is compared if both have it. Otherwise that of this machine, or the first.
    pub platform: Option<Platform>,
}

/// Two images, or two layers of one, with the differences that their manifests and configs show.
#[derive(Debug)]
pub struct DiffedPair {
    /// The differences.
    pub diff: ImageDiff,
    /// The images.
    pub images: [FilesImage; 2],
    /// The layers that are compared, from 1, if it is only one of each image.
    pub layers: Option<[u16; 2]>,
    /// The platforms that both indexes have.
    pub platforms: Vec<Platform>,
}

/// The tables whose rows are read from layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffTableKind {
    /// The files that differ.
    Files,
    /// The packages that differ.
    Packages,
}

/// The question for the rows of a table.
#[derive(Debug, Clone)]
pub struct DiffReadQuestion {
    /// The table.
    pub kind: DiffTableKind,
    /// The images.
    pub pair: Arc<DiffedPair>,
    /// Whether layers at the bottom that both images share are read for the files.
    pub reads_all: bool,
    /// Whether they are read even if that takes many bytes.
    pub is_agreed: bool,
}

/// The answer to the question for the rows of a table.
#[derive(Debug)]
pub enum DiffReadAnswer {
    /// Reading takes many bytes, and has not begun.
    Price(Price),
    /// The files that differ.
    Files(Arc<DiffedFileList>),
    /// The packages that differ.
    Packages(Arc<DiffedPackageList>),
}

/// The files of two images that differ.
#[derive(Debug)]
pub struct DiffedFileList {
    /// The differences.
    pub diff: Arc<FileDiff>,
    /// The path of each, safe to draw, for the filter.
    pub texts: Vec<SafeText>,
    /// The number of layers at the bottom that both images share and that were not read.
    pub unread: usize,
    /// Their bytes.
    pub unread_bytes: u64,
    /// Sentences about layers that could not be read, and then about those whose files nothing proves.
    pub problems: Vec<SafeText>,
    /// The number of layers that could not be read.
    pub left_out: usize,
}

/// The packages of two images that differ.
#[derive(Debug)]
pub struct DiffedPackageList {
    /// The packages.
    pub rows: Vec<PackageDifference>,
    /// The cells of each, safe to draw, for the filter.
    pub texts: Vec<SafeText>,
    /// The widest name and versions, in columns.
    pub(crate) widths: [usize; 3],
    /// The reasons why some may be missing.
    pub problems: Vec<SafeText>,
}

impl DiffedPackageList {
    /// Makes the list of packages that differ.
    pub fn new(rows: Vec<PackageDifference>, problems: Vec<SafeText>) -> DiffedPackageList {
        let mut widths = [4, 4, 5];
        let cells = rows.iter().map(PackageDifference::cells);
        let text = |cells: [String; 5]| {
            for (width, cell) in widths.iter_mut().zip(cells.iter().skip(1)) {
                *width = columns::width(cell).max(*width);
            }
            SafeText::from(cells.join(" "))
        };
        let texts = cells.map(text).collect();
        DiffedPackageList { rows, texts, widths, problems }
    }
}

impl DiffedFileList {
    /// Makes the list of files that differ. Takes a moment for many files.
    pub fn new(
        diff: Arc<FileDiff>,
        unread: usize,
        unread_bytes: u64,
        problems: Vec<SafeText>,
    ) -> DiffedFileList {
        let texts = diff.iter().map(|file| SafeText::from(file.shown_path())).collect();
        DiffedFileList { diff, texts, unread, unread_bytes, problems, left_out: 0 }
    }
}
