//! The ways into the dialog: two images, a path of both, or two layers.

use std::sync::Arc;

use super::DiffDialog;
use super::reading::{DiffQuestion, DiffedPair};
use super::tabs::DiffTab;
use crate::app::State;
use crate::app::dialogs::Dialog;
use crate::app::panes::details::files::reading::FilesImage;
use crate::app::remote::Remote;
use crate::app::update::Update;
use crate::model::image_diff::{DiffInput, ImageDiff};
use crate::model::platform::Platform;
use crate::model::reference::Reference;
use crate::model::text::SafeText;

/// Compares two images. If Details shows one of them, its platform is preferred.
pub(crate) fn show(update: &mut Update<'_>, left: Reference, right: Reference) {
    let platform = shown_platform(update.state, [&left, &right]);
    open(update, DiffQuestion { left, right, platform }, DiffTab::Summary, None);
}

/// Compares a path of two images.
pub(crate) fn show_path(update: &mut Update<'_>, left: Reference, right: Reference, path: Vec<u8>) {
    let platform = shown_platform(update.state, [&left, &right]);
    open(update, DiffQuestion { left, right, platform }, DiffTab::Files, Some(path));
}

/// Compares two layers of one image, from 1.
pub(crate) fn show_layers(update: &mut Update<'_>, image: &FilesImage, name: &str, layers: [u16; 2]) {
    let input = DiffInput {
        reference: name,
        manifest: &image.manifest,
        config: image.config.as_deref(),
        platform: image.platform.as_ref(),
    };
    let Some(diff) = ImageDiff::of_layers(input, layers.map(|layer| usize::from(layer).saturating_sub(1)))
    else {
        return update.refuse("the digest of a layer cannot be checked");
    };
    let names = [&diff.left, &diff.right].map(|side| SafeText::from(side.reference.clone()));
    let images = [image.clone(), image.clone()];
    let pair = DiffedPair { diff, images, layers: Some(layers), platforms: Vec::new() };
    let pair = Remote { value: Some(Arc::new(pair)), at: Some(update.now), ..Remote::default() };
    let mut dialog = DiffDialog::new(None, names, pair, DiffTab::Summary);
    dialog.lay_out();
    update.state.dialogs.push(Dialog::ImageDiff(Box::new(dialog)));
}

pub(super) fn open(update: &mut Update<'_>, question: DiffQuestion, tab: DiffTab, goal: Option<Vec<u8>>) {
    let names = [&question.left, &question.right].map(|side| SafeText::from(side.to_string()));
    let mut dialog = DiffDialog::new(Some(question), names, Remote::default(), tab);
    dialog.goal = goal;
    dialog.ask(update);
    update.state.dialogs.push(Dialog::ImageDiff(Box::new(dialog)));
}

/// Returns the platform that Details shows of one of the images.
fn shown_platform(state: &State, images: [&Reference; 2]) -> Option<Platform> {
    let (repository, selector) = state.detail.image.as_ref()?;
    let is_shown = |image: &&Reference| image.repository == *repository && image.selector() == *selector;
    images.iter().any(is_shown).then(|| state.detail.selected_variant()?.listed_platform.clone())?
}
