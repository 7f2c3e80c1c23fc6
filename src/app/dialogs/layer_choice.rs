//! The layers of an image to choose from: the one to compare with. After those of the same image a row leads to other
//! images.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Position;

use super::diff_prompt::{self, DiffPrompt};
use super::image_diff::layer_side::{LayerSide, steps_of};
use super::image_diff::reading::{DiffQuestion, DiffedPair};
use super::{Dialog, KeyedDialog, click, image_diff, move_row};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::panes::details::files::reading::FilesImage;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::app::{State, layout};
use crate::model::failure::Failure;
use crate::model::reference::Reference;
use crate::model::text::SafeText;
use crate::model::{columns, size};

/// Columns of the sizes.
const SIZE: usize = 9;
/// The last row of the layers of the same image.
const ELSEWHERE: &str = "a layer of another image …";

/// The layers of an image to choose from.
#[derive(Debug)]
pub struct LayerChoice {
    /// The layer that is compared.
    side: LayerSide,
    /// The other image, if the layers are not those of the same one.
    pub(crate) other: Option<OtherImage>,
    /// The layers.
    pub(crate) offered: Vec<OfferedLayer>,
    /// The row under the cursor.
    pub(crate) cursor: usize,
}

/// Another image, whose layers are offered.
#[derive(Debug)]
pub(crate) struct OtherImage {
    /// The name of the image.
    name: Reference,
    /// The prompt that named it.
    before: Box<DiffPrompt>,
    /// The image on the left, and that of the compared layer on the right.
    pub(crate) pair: Remote<Arc<DiffedPair>>,
}

/// A layer that is offered.
#[derive(Debug)]
pub(crate) struct OfferedLayer {
    side: LayerSide,
    /// The layer in one line.
    pub(crate) text: SafeText,
    /// The reason why it is not compared.
    pub(crate) refusal: Option<&'static str>,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayerChoiceEffect {
    /// Compares with the layer under the cursor, or leads to other images.
    Choose,
    /// Reads the other image again.
    Refresh,
    /// Closes the dialog.
    Close,
}

/// Asks for the layer of the same image that a layer is compared with. The layer below is proposed.
pub(crate) fn show(state: &mut State, side: LayerSide) {
    let offered = offer(&side, &side.image, &side.name);
    let is_below = |layer: &OfferedLayer| layer.side.number < side.number && layer.refusal.is_none();
    let cursor = offered.iter().rposition(is_below).unwrap_or(0);
    let choice = LayerChoice { side, other: None, offered, cursor };
    state.dialogs.push(Dialog::LayerChoice(Box::new(choice)));
}

/// Returns the layers of another image to choose from. They take the place of the prompt that named it.
fn of_image(update: &mut Update<'_>, before: Box<DiffPrompt>, name: Reference) -> Option<Dialog> {
    let side = before.layer()?.clone();
    let other = Some(OtherImage { name, before, pair: Remote::default() });
    let mut choice = LayerChoice { side, other, offered: Vec::new(), cursor: 0 };
    choice.ask(update);
    Some(Dialog::LayerChoice(Box::new(choice)))
}

/// Takes the image whose layers are offered.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<Arc<DiffedPair>, Failure>) {
    let now = update.now;
    let mut choices = update.state.dialogs.iter_mut().filter_map(|dialog| match dialog {
        Dialog::LayerChoice(choice) => Some(choice),
        _ => None,
    });
    let awaits = |choice: &&mut Box<LayerChoice>| {
        choice.other.as_ref().is_some_and(|other| other.pair.pending == Some(ticket))
    };
    let Some(choice) = choices.find(awaits) else { return };
    if let Some(other) = &mut choice.other {
        other.pair.answer(ticket, answer, now);
    }
    choice.offer_other();
}

/// Returns the layers of an image, without the compared one itself.
fn offer(side: &LayerSide, image: &FilesImage, name: &Reference) -> Vec<OfferedLayer> {
    let is_own = side.image.is_same(image) && side.name == *name;
    let mut steps = steps_of(image).into_iter();
    let own: Vec<LayerSide> = layers_of(&side.image, &side.name).collect();
    let offered = layers_of(image, name).map(|layer| {
        let step = steps.next().unwrap_or_default();
        let refusal = refusal(side, &layer);
        let descriptor = layer.descriptor();
        let bytes = descriptor.and_then(|layer| layer.size).map_or_else(|| "?".into(), size::bytes);
        let mut text = format!("layer {:<3} {}", layer.number, columns::right(&bytes, SIZE));
        // The layers of one image are different ones unless they are equal to the compared one.
        let equal = own.iter().find(|own| !is_own && is_equal(own, &layer));
        let note = match (refusal, equal) {
            (Some(refusal), _) => Some(refusal.to_string()),
            (None, Some(equal)) => Some(format!("= layer {}", equal.number)),
            (None, None) => None,
        };
        note.iter().for_each(|note| text.push_str(&format!("  {note}")));
        let between = if note.is_some() { " · " } else { "  " };
        if !step.as_str().is_empty() {
            text.push_str(&format!("{between}{step}"));
        }
        OfferedLayer { side: layer, text: SafeText::from(text), refusal }
    });
    offered.filter(|layer| !(is_own && layer.side.number == side.number)).collect()
}

/// Returns all layers of an image, bottom first.
fn layers_of<'a>(image: &'a FilesImage, name: &'a Reference) -> impl Iterator<Item = LayerSide> + 'a {
    let count = u16::try_from(image.manifest.layers().len()).unwrap_or(u16::MAX);
    (1..=count).map(|number| LayerSide { image: image.clone(), name: name.clone(), number })
}

fn is_equal(one: &LayerSide, other: &LayerSide) -> bool {
    let digest = |side: &LayerSide| side.descriptor().and_then(|layer| layer.digest);
    digest(one).is_some() && digest(one) == digest(other)
}

/// Returns the reason why two layers are not compared.
fn refusal(side: &LayerSide, other: &LayerSide) -> Option<&'static str> {
    if is_equal(side, other) {
        return Some("the same layer");
    }
    if side.diff_id().is_some() && side.diff_id() == other.diff_id() {
        return Some("the same files, compressed otherwise");
    }
    let is_checked = other.descriptor().is_some_and(|layer| layer.digest.is_some());
    (!is_checked).then_some("its digest cannot be checked")
}

impl LayerChoice {
    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.offered.len() + usize::from(self.other.is_none())
    }

    /// Returns the text of a row, and whether it can be chosen.
    pub(crate) fn row(&self, at: usize) -> Option<(&str, bool)> {
        match self.offered.get(at) {
            Some(layer) => Some((layer.text.as_str(), layer.refusal.is_none())),
            None => (at < self.len()).then_some((ELSEWHERE, true)),
        }
    }

    /// Returns the title in at most this number of columns. If there is no room, the name of the image loses its beginning.
    pub(crate) fn title(&self, room: usize) -> String {
        let number = self.side.number;
        let (before, name, behind) = match &self.other {
            None => (format!("Compare layer {number} of "), &self.side.name, " with"),
            Some(other) => (format!("Compare layer {number} with a layer of "), &other.name, ""),
        };
        let suffix = name.selector().short_suffix();
        let last = name.repository.name.components().last().unwrap_or_default();
        let names = [format!("{}{suffix}", name.repository.name), format!("{last}{suffix}")];
        let platform = self.other.as_ref().and_then(|other| {
            let platform = other.pair.value.as_ref()?.images[0].platform.as_ref()?;
            Some(format!(" ({platform})"))
        });
        let room = room.saturating_sub(before.len() + behind.len());
        let [whole, last] = &names;
        let name = if columns::width(whole) <= room { whole } else { last };
        let has_room = |platform: &String| columns::width(name) + columns::width(platform) <= room;
        let platform = platform.filter(has_room).unwrap_or_default();
        format!("{before}{}{platform}{behind}", columns::cut_middle(name, room))
    }

    /// Whether the other image is awaited.
    pub(crate) fn is_loading(&self) -> bool {
        self.other.as_ref().is_some_and(|other| other.pair.is_loading())
    }

    /// Returns the failure to read the other image.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.other.as_ref()?.pair.failure.as_ref().filter(|_| !self.is_loading())
    }

    fn ask(&mut self, update: &mut Update<'_>) {
        let Some(other) = &mut self.other else { return };
        let (left, right) = (other.name.clone(), self.side.exact_image());
        let question = DiffQuestion { left, right, platform: self.side.image.platform.clone() };
        let ask = Ask::ImageDiff(Box::new(question));
        other.pair.ask(update.ask(Slot::LayerChoice, Duration::ZERO, ask));
    }

    /// Offers the layers of the other image. The one with the number of the compared layer is proposed, or one near it.
    fn offer_other(&mut self) {
        let Some(other) = &self.other else { return };
        let Some(pair) = &other.pair.value else { return };
        self.offered = offer(&self.side, &pair.images[0], &other.name);
        let wanted =
            usize::from(self.side.number).saturating_sub(1).min(self.offered.len().saturating_sub(1));
        let free = |at: &usize| self.offered.get(*at).is_some_and(|layer| layer.refusal.is_none());
        let found = (wanted..self.offered.len()).find(free).or_else(|| (0..wanted).rev().find(free));
        self.cursor = found.unwrap_or(0);
    }

    /// Compares the layer with the one under the cursor, or leads to other images. Of one image the lower layer is the left
    /// one; a layer of another image is the left one, as other images are.
    fn choose(self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        let Some(layer) = self.offered.get(self.cursor) else {
            return Some(match self.other {
                None => {
                    let side = self.side.clone();
                    diff_prompt::of_layer(update, side, Dialog::LayerChoice(self), of_image)
                }
                Some(_) => Dialog::LayerChoice(self),
            });
        };
        if let Some(refusal) = layer.refusal {
            update.refuse(format!("nothing to compare: {refusal}"));
            return Some(Dialog::LayerChoice(self));
        }
        let mut sides = [layer.side.clone(), self.side.clone()];
        if self.other.is_none() {
            sides.sort_by_key(|side| side.number);
        }
        image_diff::show_layers(update, sides);
        None
    }

    /// Goes back to the prompt that named the image, if one did.
    fn go_back(self, update: &mut Update<'_>) -> Option<Dialog> {
        if self.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::LayerChoice));
        }
        self.other.map(|other| other.before.reopen(update))
    }

    /// Chooses the layer under the click if it is selected already.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let (rows, len) = (layout::inside(layout::log(update.state)), self.len());
        if click::select_row(&mut self.cursor, rows, at, len) {
            return self.choose(update);
        }
        Some(Dialog::LayerChoice(self))
    }
}

impl KeyedDialog for Box<LayerChoice> {
    type Effect = LayerChoiceEffect;

    const TITLE: &'static str = "Layer to compare with";

    const BINDINGS: &'static [Binding<LayerChoiceEffect>] = &[
        Binding::new(
            "layer-choice.choose",
            chords!["Enter", "l", "Right"],
            "compare with this layer; on the last row, choose another image",
            LayerChoiceEffect::Choose,
        )
        .with_hint("compare"),
        Binding::new(
            "layer-choice.refresh",
            chords!["r"],
            "read the other image again",
            LayerChoiceEffect::Refresh,
        ),
        Binding::new("layer-choice.close", chords!["q", "h", "Left"], "go back", LayerChoiceEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<LayerChoiceEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(LayerChoiceEffect::Close) | Pressed::Shared(SharedEffect::Cancel) => {
                return self.go_back(update);
            }
            Pressed::Own(LayerChoiceEffect::Choose) if self.failure().is_none() => {
                return self.choose(update);
            }
            Pressed::Own(LayerChoiceEffect::Choose | LayerChoiceEffect::Refresh) => self.ask(update),
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.len(), to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::LayerChoice(self))
    }
}
