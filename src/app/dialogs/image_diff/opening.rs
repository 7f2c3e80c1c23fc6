//! The ways into the dialog: two images, a path of both, or two layers.

use std::sync::Arc;

use super::layer_side::LayerSide;
use super::reading::{DiffQuestion, DiffedPair};
use super::tabs::DiffTab;
use super::{DiffDialog, DiffSubject, DiffedPath};
use crate::app::State;
use crate::app::dialogs::Dialog;
use crate::app::remote::Remote;
use crate::app::update::Update;
use crate::model::image_diff::ImageDiff;
use crate::model::platform::Platform;
use crate::model::reference::Reference;

/// Compares two images. If Details shows one of them, its platform is preferred.
pub(crate) fn show(update: &mut Update<'_>, left: Reference, right: Reference) {
    let platform = shown_platform(update.state, [&left, &right]);
    open(update, DiffQuestion { left, right, platform }, DiffTab::Summary, None);
}

/// Compares a path of two images.
pub(crate) fn show_path(update: &mut Update<'_>, left: Reference, right: Reference, path: DiffedPath) {
    let platform = shown_platform(update.state, [&left, &right]);
    open(update, DiffQuestion { left, right, platform }, DiffTab::Files, Some(path));
}

/// Compares two layers: what each of them adds.
pub(crate) fn show_layers(update: &mut Update<'_>, sides: [LayerSide; 2]) {
    let names = [&sides[0], &sides[1]].map(|side| side.name.to_string());
    let diff = ImageDiff::of_layers(sides[0].input(&names[0]), sides[1].input(&names[1]));
    let Some(diff) = diff else {
        return update.refuse("the digest of a layer cannot be checked");
    };
    let images = [&sides[0], &sides[1]].map(|side| side.image.clone());
    let layers = [&sides[0], &sides[1]].map(|side| side.number);
    let pair = DiffedPair { diff, images, layers: Some(layers), platforms: Vec::new() };
    let pair = Remote { value: Some(Arc::new(pair)), at: Some(update.now), ..Remote::default() };
    let mut dialog = DiffDialog::new(DiffSubject::Layers(Box::new(sides)), pair, DiffTab::Summary);
    dialog.lay_out();
    update.state.dialogs.push(Dialog::ImageDiff(Box::new(dialog)));
}

pub(super) fn open(update: &mut Update<'_>, question: DiffQuestion, tab: DiffTab, goal: Option<DiffedPath>) {
    let mut dialog = DiffDialog::new(DiffSubject::Images(Box::new(question)), Remote::default(), tab);
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
