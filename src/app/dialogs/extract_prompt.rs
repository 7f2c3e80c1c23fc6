//! The prompt for the place on this machine that files are extracted to.

use std::time::Duration;

use super::prompt_field::{FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog};
use crate::app::State;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::panes::details::files::reading::ExtractRequest;
use crate::app::panes::details::files::view::ShownVersion;
use crate::app::questions::{Ask, Slot};
use crate::app::update::Update;
use crate::model::size;
use crate::model::text::{SafeText, is_unsafe};

/// The help on valid input.
pub(crate) const HELP: &str = "a new file or directory; nothing is written over";

/// A prompt for the place that files are extracted to.
#[derive(Debug)]
pub struct ExtractPrompt {
    /// The request, with the path that was offered.
    request: ExtractRequest,
    /// The path in the image with its size.
    about: String,
    /// The text field.
    pub(crate) field: PromptField,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtractEffect {
    /// Extracts to the path.
    Extract,
}

/// Asks for the place to extract the path under the cursor to, or tells the reason why it cannot be extracted.
pub(crate) fn show(update: &mut Update<'_>) {
    let files = &update.state.detail.files;
    let Some((scene, id)) = files.browser.scene().zip(files.browser.selected()) else { return };
    let Some(image) = files.image.clone() else { return };
    if let Some(ShownVersion::Removed { layer, .. }) = scene.version(id) {
        return update.refuse(format!("layer {layer} removed it: go to a layer before that one"));
    }
    let path = scene.tree.path(id);
    let shown = SafeText::clean(&String::from_utf8_lossy(&path));
    let about =
        format!("extract {shown}, {}, as of layer {}", size::bytes(scene.listed_size(id)), scene.view.layer);
    // A name that cannot be typed or deceives is not offered.
    let name = String::from_utf8_lossy(scene.tree.name(id)).into_owned();
    let name = if name.contains(is_unsafe) { "file".into() } else { name };
    let to = format!("./{name}");
    let request = ExtractRequest {
        image,
        tree: scene.tree.clone(),
        layers: scene.lists.to_vec(),
        as_of: scene.view.layer,
        path,
        to: to.clone(),
    };
    let field = PromptField::of(&to, Vec::new());
    update.state.dialogs.push(Dialog::Extract(Box::new(ExtractPrompt { request, about, field })));
}

impl ExtractPrompt {
    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        FieldPlaces::of(state, std::slice::from_ref(&self.about), &self.field, HELP)
    }
}

impl KeyedDialog for Box<ExtractPrompt> {
    type Effect = ExtractEffect;

    const TITLE: &'static str = "Extract";

    const BINDINGS: &'static [Binding<ExtractEffect>] =
        &[Binding::new("extract.extract", chords!["Enter"], "extract to the path", ExtractEffect::Extract)
            .with_hint("extract")];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<ExtractEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(ExtractEffect::Extract) => {
                let to = self.field.text().trim().to_string();
                if to.is_empty() {
                    self.field.refuse("a path is needed".into(), Vec::new());
                } else {
                    update.say_done(format!("extracting to {to}…"));
                    let ask = Ask::Extract(Box::new(ExtractRequest { to, ..self.request }));
                    update.ask(Slot::Extraction, Duration::ZERO, ask);
                    return None;
                }
            }
            Pressed::Text(key) if self.field.edit(key) => self.field.suggest(Vec::new()),
            Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Extract(self))
    }
}
