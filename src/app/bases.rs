//! The bases of the images in the Tags pane, for the column that shows them.

use std::collections::HashMap;

use super::remote::Ticket;
use crate::model::base_image::BaseReport;
use crate::model::digest::Digest;

/// The greatest number of images whose base is asked for at once.
const MOST_AT_ONCE: usize = 4;
/// The greatest number of images about which something is known. Beyond it, everything is asked for again.
const MOST_KNOWN: usize = 20_000;

/// The base of each image that was asked for, by the digest of the image.
#[derive(Debug, Default)]
pub(crate) struct Bases {
    known: HashMap<Digest, BaseReport>,
    awaited: HashMap<Digest, Ticket>,
    /// The number of times that the user asked for newer data. Digests of bases that were looked up before are outdated.
    pub(crate) generation: u32,
}

impl Bases {
    /// Returns the base of an image.
    pub(crate) fn of(&self, image: &Digest) -> Option<&BaseReport> {
        self.known.get(image)
    }

    /// Returns the images among these that are to be asked for now, and of them only as many as may be awaited.
    pub(crate) fn to_ask(&self, images: impl Iterator<Item = Digest>) -> Vec<Digest> {
        let room = MOST_AT_ONCE.saturating_sub(self.awaited.len());
        let mut wanted: Vec<Digest> = Vec::new();
        for image in images {
            let is_new = !self.known.contains_key(&image) && !self.awaited.contains_key(&image);
            if wanted.len() < room && is_new && !wanted.contains(&image) {
                wanted.push(image);
            }
        }
        wanted
    }

    /// Notes that an image was asked for.
    pub(crate) fn ask(&mut self, image: Digest, ticket: Ticket) {
        self.awaited.insert(image, ticket);
    }

    /// Takes an answer, if it is awaited.
    pub(crate) fn take(&mut self, image: Digest, ticket: Ticket, report: BaseReport) {
        if self.awaited.get(&image) != Some(&ticket) {
            return;
        }
        self.awaited.remove(&image);
        if self.known.len() > MOST_KNOWN {
            self.known.clear();
        }
        self.known.insert(image, report);
    }

    /// Returns whether an answer is awaited.
    pub(crate) fn is_loading(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// Gives up what is awaited, and returns it.
    pub(crate) fn give_up(&mut self) -> Vec<Digest> {
        std::mem::take(&mut self.awaited).into_keys().collect()
    }

    /// Forgets everything that is known, because the user asked for newer data.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
        self.generation = self.generation.wrapping_add(1);
    }
}
