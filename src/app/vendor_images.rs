//! The facts that vendors tell of single images, for the Details pane.

use std::collections::HashMap;

use super::State;
use super::remote::Ticket;
use crate::model::digest::Digest;
use crate::model::reference::{Repository, Selector};
use crate::model::vendor_image::VendorImage;

/// The greatest number of images about which something is known. Beyond it, everything is asked for again.
const MOST_KNOWN: usize = 2_000;

/// An image, and the name by which it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedImage {
    /// The repository.
    pub repository: Repository,
    /// The tag or digest that the user chose.
    pub selector: Selector,
    /// The digest of the image.
    pub digest: Digest,
}

/// The facts about each image that was asked for.
#[derive(Debug, Default)]
pub(crate) struct VendorImages {
    /// The facts; `None` if the vendor tells nothing.
    known: HashMap<NamedImage, Option<VendorImage>>,
    awaited: Option<(Ticket, NamedImage)>,
}

impl VendorImages {
    /// Returns whether an image is to be asked for now.
    pub(crate) fn is_unasked(&self, image: &NamedImage) -> bool {
        !self.known.contains_key(image) && !self.is_awaited(image)
    }

    /// Returns whether the answer about an image is awaited.
    pub(crate) fn is_awaited(&self, image: &NamedImage) -> bool {
        self.awaited.as_ref().is_some_and(|(_, awaited)| awaited == image)
    }

    /// Returns whether an answer about any image is awaited.
    pub(crate) fn is_loading(&self) -> bool {
        self.awaited.is_some()
    }

    /// Notes that an image was asked for.
    pub(crate) fn ask(&mut self, ticket: Ticket, image: NamedImage) {
        self.awaited = Some((ticket, image));
    }

    /// Takes an answer, if it is awaited.
    pub(crate) fn take(&mut self, ticket: Ticket, facts: Option<VendorImage>) {
        let Some((_, image)) = self.awaited.take_if(|(awaited, _)| *awaited == ticket) else { return };
        if self.known.len() > MOST_KNOWN {
            self.known.clear();
        }
        self.known.insert(image, facts);
    }

    /// Gives up the answer that is awaited. Returns whether one was.
    pub(crate) fn give_up(&mut self) -> bool {
        self.awaited.take().is_some()
    }

    /// Forgets everything that is known.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }
}

/// Returns the image in the Details pane, once it is known.
pub(crate) fn shown_image(state: &State) -> Option<NamedImage> {
    let (repository, selector) = state.detail.image.clone()?;
    let inspection = state.detail.inspection.value.as_ref()?;
    Some(NamedImage { repository, selector, digest: inspection.summary.digest })
}

/// Returns the facts of the vendor about the image in the Details pane: those about it alone, or those in the list of tags.
pub(crate) fn shown_facts(state: &State) -> Option<VendorImage> {
    let image = shown_image(state)?;
    if let Some(Some(facts)) = state.vendor_images.known.get(&image) {
        return Some(facts.clone());
    }
    let Selector::Tag(tag) = &image.selector else { return None };
    let tags = &state.tags;
    let facts = tags.vendor.of(tag).filter(|_| tags.repository.as_ref() == Some(&image.repository))?;
    let is_of_image = facts.digest.is_none_or(|digest| digest == image.digest);
    let (pushed, pulled, expires) = (facts.pushed, facts.pulled, facts.expires);
    is_of_image.then(|| VendorImage { pushed, pulled, expires, ..VendorImage::default() })
}
