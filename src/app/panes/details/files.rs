//! The Files tab: the files of an image, as of one of its layers.
//!
//! | module | purpose |
//! |---|---|
//! | `reading` | the messages of the runtime: price, progress, files |
//! | `browser` | the rows: layer, open directories, order, filter, cursor |
//! | `scene`, `view`, `sums` | a tree as it is shown: which version of each path, the note beside it, the sizes of directories |
//! | `chart` | the parts of a Helm chart |
//! | `rows`, `order`, `flattening`, `filter`, `pattern` | the parts of the work on rows |

pub(crate) mod browser;
pub(crate) mod chart;
mod filter;
mod flattening;
pub(crate) mod order;
mod pattern;
pub mod reading;
mod rows;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod scene;
mod sums;
pub(crate) mod view;

use jiff::Timestamp;

use super::{Detail, Tab};
use crate::app::remote::Ticket;
use crate::layer::{EntryKind, FileVersion, PathId};
use crate::model::failure::Failure;
use crate::model::price::Price;
use browser::FileBrowser;
use chart::ChartPart;
use reading::{
    ContentRequest, FilesAnswer, FilesImage, FilesProgress, FilesSnapshot, MissingLayer, ReadFiles,
    ReceivedRate,
};

/// The stage that the reading of the files has reached.
#[derive(Debug, Default)]
pub(crate) enum FilesLoad {
    /// They were not asked for.
    #[default]
    Unasked,
    /// Reading takes many bytes; the user has not agreed yet.
    Priced(Price),
    /// They are being read.
    Reading {
        /// The ticket of the question.
        ticket: Ticket,
        /// Whether the user paused it.
        is_paused: bool,
    },
    /// All were read.
    Read,
    /// Reading failed. The files so far stay.
    Failed(Failure),
}

/// The Files tab.
#[derive(Debug, Default)]
pub struct FilesTab {
    /// The rows.
    pub(crate) browser: FileBrowser,
    /// The image whose files these are.
    pub(crate) image: Option<FilesImage>,
    /// The stage of the reading.
    pub(crate) load: FilesLoad,
    /// The progress of the reading.
    pub(crate) progress: Option<FilesProgress>,
    /// The bytes that are received in a second.
    pub(crate) rate: ReceivedRate,
    /// The layers that cannot be read.
    pub(crate) refused: Vec<MissingLayer>,
    /// The part of a chart that is opened as soon as the files are there.
    pub(crate) awaited_part: Option<ChartPart>,
    /// Whether all panes are shown again when the tab is left.
    pub(crate) ends_zoom: bool,
}

impl FilesTab {
    /// Makes the tab one about this image. Returns whether it was about another one.
    pub(crate) fn set_image(&mut self, image: Option<FilesImage>) -> bool {
        let is_same = match (&self.image, &image) {
            (Some(old), Some(new)) => old.is_same(new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !is_same {
            let (sort, ends_zoom) = (self.browser.sort, self.ends_zoom);
            let browser = FileBrowser::sorted(sort);
            *self = FilesTab { browser, image, ends_zoom, ..FilesTab::default() };
        }
        !is_same
    }

    /// Returns the ticket of the open question.
    fn ticket(&self) -> Option<Ticket> {
        match self.load {
            FilesLoad::Reading { ticket, .. } => Some(ticket),
            _ => None,
        }
    }

    /// Whether files are being read now.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(self.load, FilesLoad::Reading { is_paused: false, .. })
    }

    /// Notes that the files were asked for.
    pub(crate) fn begin(&mut self, ticket: Ticket) {
        self.load = FilesLoad::Reading { ticket, is_paused: false };
        (self.progress, self.rate) = (None, ReceivedRate::default());
    }

    /// Gives up the reading. Returns whether there was one.
    pub(crate) fn cancel(&mut self) -> bool {
        let is_open = self.ticket().is_some();
        if is_open {
            self.load = FilesLoad::Unasked;
        }
        is_open
    }

    /// Begins the reading again if layers failed. Returns whether it does.
    pub(crate) fn retry(&mut self) -> bool {
        let retries =
            matches!(self.load, FilesLoad::Read) && self.refused.iter().any(|missing| missing.can_retry);
        if retries {
            self.load = FilesLoad::Unasked;
            self.refused.clear();
        }
        retries
    }

    /// Pauses the reading, or lets it go on. Returns whether there is one that changed.
    pub(crate) fn pause(&mut self, pauses: bool) -> bool {
        match &mut self.load {
            FilesLoad::Reading { is_paused, .. } if *is_paused != pauses => {
                *is_paused = pauses;
                self.rate = ReceivedRate::default();
                true
            }
            _ => false,
        }
    }

    /// Takes the progress of a reading, and the files so far if there are more than before.
    pub(crate) fn take_progress(
        &mut self,
        ticket: Ticket,
        progress: FilesProgress,
        snapshot: Option<FilesSnapshot>,
        now: Timestamp,
    ) {
        if self.ticket() != Some(ticket) {
            return;
        }
        self.rate.note(now, progress.received);
        self.progress = Some(progress);
        if let Some(snapshot) = snapshot {
            self.show(snapshot);
        }
    }

    /// Takes the answer. Returns the failure if it is one.
    pub(crate) fn take_answer(
        &mut self,
        ticket: Ticket,
        answer: Result<FilesAnswer, Failure>,
    ) -> Option<Failure> {
        if self.ticket() != Some(ticket) {
            return None;
        }
        match answer {
            Ok(FilesAnswer::Price(price)) => self.load = FilesLoad::Priced(price),
            Ok(FilesAnswer::Files { snapshot, refused }) => {
                self.refused = refused;
                self.load = FilesLoad::Read;
                let chart = self.image.as_ref().filter(|image| image.is_chart());
                let about = chart.and_then(|_| chart::path_of(&snapshot.tree, ChartPart::About));
                if let Some(path) = about.filter(|_| !self.browser.list.is_user_selected) {
                    self.browser.reveal(&path);
                }
                self.show(snapshot);
            }
            Err(failure) => {
                self.load = FilesLoad::Failed(failure.clone());
                return Some(failure);
            }
        }
        None
    }

    /// Returns the files of the image if all that can be read were.
    pub(crate) fn read_files(&self) -> Option<ReadFiles> {
        let scene = self.browser.scene().filter(|_| matches!(self.load, FilesLoad::Read))?;
        let files = FilesSnapshot { tree: scene.tree.clone(), layers: scene.lists.to_vec() };
        Some(ReadFiles { image: self.image.clone()?, files })
    }

    /// Returns the request for the content of a version of a path, or the reason why there is none.
    pub(crate) fn content_request(
        &self,
        id: PathId,
        version: FileVersion,
        most: u64,
    ) -> Result<ContentRequest, &'static str> {
        let scene = self.browser.scene().ok_or("there are no files yet")?;
        let image = self.image.clone().ok_or("there are no files yet")?;
        let (_, content) = scene.content_of(id, version).ok_or(match version.kind {
            EntryKind::HardLink => "the target of the hard link does not exist",
            EntryKind::Symlink => "the link leads to nothing in the image",
            EntryKind::Directory => "a directory has no content",
            _ => "a device or a pipe has no content",
        })?;
        let files = scene.list(content.layer).ok_or("the layer of this file is not read yet")?;
        let entry = content.entry.ok_or("its content is not known")?;
        Ok(ContentRequest {
            image,
            layer: content.layer,
            files: files.clone(),
            entry,
            most,
            most_of_header: 0,
        })
    }

    fn show(&mut self, snapshot: FilesSnapshot) {
        self.browser.set_tree(&snapshot.tree, &snapshot.layers.into());
    }
}

impl Detail {
    /// Returns the image of the chosen platform if it has files.
    pub(crate) fn files_image(&self) -> Option<FilesImage> {
        let inspection = self.inspection.value.as_ref()?;
        let variant = self.selected_variant()?;
        let manifest = variant.manifest.as_ref().ok().filter(|manifest| !manifest.layers().is_empty())?;
        Some(FilesImage {
            repository: inspection.repository.clone(),
            manifest: manifest.clone(),
            config: variant.config.as_ref().and_then(|config| config.as_ref().ok()).cloned(),
            platform: variant.listed_platform.clone(),
        })
    }

    /// Opens the files of the image: the whole image, or the own changes of a layer, from 1.
    pub(crate) fn open_files(&mut self, layer: Option<u16>) {
        let image = self.files_image();
        self.open_tab(Tab::Files);
        // A reading that is given up here is asked for again; its slot aborts the old one.
        self.files.set_image(image);
        self.files.browser.show_layer(layer, layer.is_some());
    }

    /// Returns the number of the layer in the row under the cursor of the Layers tab, from 1.
    pub(crate) fn layer_under_cursor(&self) -> Option<u16> {
        self.layer_of_row(self.layers.selected()?)
    }

    /// Returns the numbers of the marked layers, the lowest first.
    pub(crate) fn marked_layers(&self) -> Vec<u16> {
        self.layers.marks.iter().filter_map(|row| self.layer_of_row(row as usize)).collect()
    }

    fn layer_of_row(&self, row: usize) -> Option<u16> {
        let rows = &self.selected_variant()?.layers.rows;
        rows.get(row)?.layer.as_ref()?;
        let before = rows.iter().take(row).filter(|row| row.layer.is_some()).count();
        u16::try_from(before + 1).ok()
    }

    /// Returns the step that made a layer, from 1. Untrusted text.
    pub(crate) fn instruction_of(&self, layer: u16) -> Option<&str> {
        let table = &self.selected_variant()?.layers;
        let mut rows = table.rows.iter().filter(|row| row.layer.is_some());
        let row = rows.nth(usize::from(layer).checked_sub(1)?)?;
        Some(row.step()).filter(|step| !step.is_empty() && !table.approximate)
    }
}
