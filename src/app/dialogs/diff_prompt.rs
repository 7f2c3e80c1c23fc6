//! The prompt for the image to compare with.

use ratatui::layout::Rect;

use super::copy_prompt::BadDestination;
use super::name_prompt::NamePrompt;
use super::prompt_field::{FieldEffect, FieldPlaces, PromptField};
use super::{Dialog, KeyedDialog, image_diff};
use crate::app::keys::{Binding, Pressed, chords};
use crate::app::update::Update;
use crate::app::{State, open};
use crate::model::reference::{Reference, Tag, Target, Typed};
use crate::model::version_order::{self, Rank};

/// The help on valid input.
pub(crate) const HELP: &str = "a tag of the repository, or an image with its host";
/// Largest number of names offered at once.
const MOST_SUGGESTIONS: usize = 6;

/// A prompt for the image to compare with.
#[derive(Debug)]
pub struct DiffPrompt {
    /// The image that is compared. It is the right one: the other is usually older.
    pub(crate) image: Reference,
    /// The text field.
    pub(crate) field: PromptField,
}

/// Asks for the image to compare with. The version before is in the field.
pub(crate) fn show(state: &mut State, image: Reference) {
    let before = version_before(state, &image).map(|tag| tag.to_string()).unwrap_or_default();
    let field = PromptField::of(&before, suggestions(state, &image, &before));
    state.dialogs.push(Dialog::Diff(DiffPrompt { image, field }));
}

/// Compares an image with the one that a text names, which becomes the left one.
pub(crate) fn diff(update: &mut Update<'_>, image: Reference, text: &str) -> Result<(), BadDestination> {
    let text = text.trim();
    let left = match Tag::parse(text) {
        Ok(tag) => Reference { repository: image.repository.clone(), tag: Some(tag), digest: None },
        Err(_) if text.starts_with([':', '@']) => {
            let name = format!("{}{text}", image.repository.name);
            Reference::parse_in(image.repository.host.clone(), &name)?
        }
        Err(_) => {
            let typed = Typed::parse(text, &update.state.known_registries())?;
            if let Some(scheme) = typed.scheme {
                open::set_scheme(update, typed.target.host(), scheme)?;
            }
            match typed.target {
                Target::Image(reference) => reference,
                Target::Repository(repository) => Reference { repository, tag: None, digest: None },
                Target::Registry(host) => {
                    return Err(BadDestination::Invalid(format!("`{host}` is a registry")));
                }
            }
        }
    };
    if left == image {
        return Err(BadDestination::Invalid("both sides are the same".into()));
    }
    image_diff::show(update, left, image);
    Ok(())
}

/// Returns the listed tags of the repository of an image.
fn listed_tags<'a>(state: &'a State, image: &Reference) -> impl Iterator<Item = &'a Tag> {
    let is_shown = state.tags.repository.as_ref() == Some(&image.repository);
    state.tags.tags.items.iter().filter(move |_| is_shown).filter_map(|listed| listed.name())
}

/// Returns the tag before that of an image, in the order of versions.
fn version_before(state: &State, image: &Reference) -> Option<Tag> {
    let tag = image.tag.as_ref()?.as_str();
    let (class, rank) = (version_order::class_number(tag), Rank::of(tag));
    let is_older = |other: &&Tag| {
        let other = other.as_str();
        Rank::of(other) <= rank
            && version_order::class_number(other) == class
            && version_order::compare(other, tag).is_lt()
    };
    let older = listed_tags(state, image).filter(is_older);
    older.max_by(|one, other| version_order::compare(one.as_str(), other.as_str())).cloned()
}

/// Returns listed tags that contain the text.
fn suggestions(state: &State, image: &Reference, typed: &str) -> Vec<String> {
    let typed = typed.trim();
    let fits = |tag: &&Tag| {
        let name = tag.as_str();
        !typed.is_empty() && name.contains(typed) && name != typed && Some(*tag) != image.tag.as_ref()
    };
    listed_tags(state, image).filter(fits).take(MOST_SUGGESTIONS).map(ToString::to_string).collect()
}

impl DiffPrompt {
    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        FieldPlaces::of(state, &[format!("compare {} with", self.image)], &self.field, HELP)
    }
}

impl NamePrompt for DiffPrompt {
    fn field(&mut self) -> &mut PromptField {
        &mut self.field
    }

    fn rows(&self, state: &State) -> Rect {
        self.places(state).rows
    }

    fn suggest(&mut self, state: &State) {
        self.field.suggest(suggestions(state, &self.image, self.field.input.value()));
    }

    fn submit(self, update: &mut Update<'_>) -> Option<Dialog> {
        let compared = diff(update, self.image.clone(), self.field.text());
        compared.err().map(|bad| self.refuse(bad.into_message()))
    }

    fn into_dialog(self) -> Dialog {
        Dialog::Diff(self)
    }
}

impl KeyedDialog for DiffPrompt {
    type Effect = FieldEffect;

    const TITLE: &'static str = "Diff with";

    const BINDINGS: &'static [Binding<FieldEffect>] = &[
        Binding::new("diff-with.diff", chords!["Enter"], "compare with the image", FieldEffect::Accept)
            .with_hint("compare"),
        Binding::new("diff-with.complete", chords!["Tab"], "complete the name", FieldEffect::Complete)
            .with_hint("complete"),
    ];

    const IS_PROMPT: bool = true;

    fn press(self, update: &mut Update<'_>, pressed: Pressed<FieldEffect>) -> Option<Dialog> {
        self.press_key(update, pressed)
    }
}
