//! The layers of an image to choose from: the one to compare with.

use ratatui::layout::Position;

use super::{Dialog, KeyedDialog, click, image_diff, move_row};
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::panes::details::files::reading::FilesImage;
use crate::app::update::Update;
use crate::app::{State, layout};
use crate::model::text::SafeText;
use crate::model::{columns, size};

/// Columns of the sizes.
const SIZE: usize = 9;

/// The layers of an image to choose from.
#[derive(Debug)]
pub struct LayerChoice {
    image: FilesImage,
    /// The name of the image.
    pub(crate) name: String,
    /// The layer that is compared, from 1.
    pub(crate) layer: u16,
    /// The other layers, each with its line.
    pub(crate) others: Vec<(u16, String)>,
    /// The layer under the cursor.
    pub(crate) cursor: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayerChoiceEffect {
    /// Compares with the layer under the cursor.
    Choose,
    /// Closes the dialog.
    Close,
}

/// Asks for the layer that the one under the cursor of the Layers tab is compared with. The layer below is proposed.
pub(crate) fn show(state: &mut State) {
    let detail = &state.detail;
    let Some((image, layer)) = detail.files_image().zip(detail.layer_under_cursor()) else { return };
    let (repository, selector) = match &detail.image {
        Some((repository, selector)) => (&repository.name, selector.suffix()),
        None => (&image.repository.name, String::new()),
    };
    let name = format!("{repository}{selector}");
    let all = (1..).zip(image.manifest.layers());
    let others = all.filter(|(number, _)| *number != layer).map(|(number, descriptor)| {
        let bytes = descriptor.size.map_or_else(|| "?".into(), size::bytes);
        let bytes = columns::right(&bytes, SIZE);
        let step = detail.instruction_of(number).map(SafeText::clean).unwrap_or_default();
        (number, format!("layer {number:<3} {bytes}  {step}"))
    });
    let others: Vec<(u16, String)> = others.collect();
    let cursor = others.iter().rposition(|(number, _)| *number < layer).unwrap_or(0);
    state.dialogs.push(Dialog::LayerChoice(Box::new(LayerChoice { image, name, layer, others, cursor })));
}

impl LayerChoice {
    /// Compares the layer with the one under the cursor. The lower one is the left one.
    fn choose(self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        let (other, _) = self.others.get(self.cursor)?;
        let layers = [self.layer.min(*other), self.layer.max(*other)];
        image_diff::show_layers(update, &self.image, &self.name, layers);
        None
    }

    /// Chooses the layer under the click.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows = layout::inside(layout::log(update.state));
        if click::select_row(&mut self.cursor, rows, at, self.others.len()) {
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
            "compare with this layer",
            LayerChoiceEffect::Choose,
        )
        .with_hint("compare"),
        Binding::new("layer-choice.close", chords!["q", "h", "Left"], "leave", LayerChoiceEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<LayerChoiceEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(LayerChoiceEffect::Close) | Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(LayerChoiceEffect::Choose) => return self.choose(update),
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.others.len(), to);
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::LayerChoice(self))
    }
}
