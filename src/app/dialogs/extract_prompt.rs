//! The prompt for the place on this machine that files are extracted to.

use std::time::Duration;

use super::prompt_field::{FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog};
use crate::app::State;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::panes::details::files::reading::ExtractRequest;
use crate::app::panes::details::files::view::ShownVersion;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::Ticket;
use crate::app::update::Update;
use crate::model::extraction::ExtractionPrice;
use crate::model::failure::Failure;
use crate::model::size;
use crate::model::text::{SafeText, is_unsafe};

/// The help on valid input.
const HELP: &str = "a new file or directory; nothing is written over";
/// The help while the price is awaited.
const AWAITED: &str = "the bytes are counted…";

/// A prompt for the place that files are extracted to.
#[derive(Debug)]
pub struct ExtractPrompt {
    /// The request, with the path that was offered.
    request: ExtractRequest,
    /// The path in the image with its size.
    about: String,
    /// The ticket of the question for the price.
    awaited: Option<Ticket>,
    /// The price in words, if the user has to agree first.
    price: Option<String>,
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
    update.state.dialogs.push(Dialog::Extract(Box::new(ExtractPrompt {
        request,
        about,
        awaited: None,
        price: None,
        field,
    })));
}

/// Takes the price of an extraction. Begins it, unless the user has to agree first.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<ExtractionPrice, Failure>) {
    let is_awaited =
        |dialog: &Dialog| matches!(dialog, Dialog::Extract(prompt) if prompt.awaited == Some(ticket));
    let Some(at) = update.state.dialogs.iter().position(is_awaited) else { return };
    let Some(Dialog::Extract(prompt)) = update.state.dialogs.get_mut(at) else { return };
    prompt.awaited = None;
    match answer {
        Ok(price) if price.is_told() => {
            prompt.price = Some(format!("it {}: Enter extracts it", price.describe()));
        }
        Ok(_) => {
            let start = update.state.jobs.start_extraction(Box::new(prompt.request.clone()), update.now);
            update.state.dialogs.remove(at);
            update.cmds.push(start);
        }
        Err(failure) => prompt.field.refuse(failure.why.to_string(), Vec::new()),
    }
}

impl ExtractPrompt {
    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        FieldPlaces::of(state, std::slice::from_ref(&self.about), &self.field, self.help())
    }

    /// Returns the price, or the help on valid input.
    pub(crate) fn help(&self) -> &str {
        match (&self.price, &self.awaited) {
            (Some(price), _) => price,
            (None, Some(_)) => AWAITED,
            (None, None) => HELP,
        }
    }

    /// Asks for the price, or begins the extraction if the user agrees to it. Returns whether it has begun.
    fn submit(&mut self, update: &mut Update<'_>) -> bool {
        let to = self.field.text().trim().to_string();
        if to.is_empty() {
            self.field.refuse("a path is needed".into(), Vec::new());
        } else if self.price.is_some() {
            let start = update.state.jobs.start_extraction(Box::new(self.request.clone()), update.now);
            update.cmds.push(start);
            return true;
        } else if self.awaited.is_none() {
            self.request.to = to;
            // An earlier refusal may not hold any more.
            self.field.suggest(Vec::new());
            let ask = Ask::ExtractionPrice(Box::new(self.request.clone()));
            self.awaited = Some(update.ask(Slot::Extraction, Duration::ZERO, ask));
        }
        false
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
            Pressed::Own(ExtractEffect::Extract) if self.submit(update) => return None,
            Pressed::Text(key) if self.field.edit(key) => {
                self.field.suggest(Vec::new());
                // The price is that of another place.
                (self.awaited, self.price) = (None, None);
            }
            Pressed::Own(ExtractEffect::Extract) | Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Extract(self))
    }
}
