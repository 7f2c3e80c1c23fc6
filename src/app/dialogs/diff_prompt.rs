//! The prompt for the image to compare with: the tags of the repository, each with the layers that it shares.

use std::collections::HashMap;
use std::time::Duration;

use ratatui::layout::Rect;

use super::copy_prompt::BadDestination;
use super::image_diff::DiffedPath;
use super::image_diff::layer_side::LayerSide;
use super::image_diff::reading::DiffQuestion;
use super::name_prompt::NamePrompt;
use super::prompt_field::{FieldEffect, FieldPlaces, FieldStep, PromptField};
use super::{Dialog, KeyedDialog, image_diff};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, chords};
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::app::{State, open};
use crate::model::failure::Failure;
use crate::model::image_diff::SharedLayers;
use crate::model::platform::Platform;
use crate::model::reference::{Host, Reference, Repository, Tag, Target, Typed};
use crate::model::text::SafeText;
use crate::model::version_order::{self, Rank};

/// The help on valid input.
pub(crate) const HELP: &str = "a tag of the repository, or an image with its host";
/// Largest number of names offered at once.
const MOST_SUGGESTIONS: usize = 500;
/// The time for which a row must stay visible before its manifest is asked for.
const ROW_REST: Duration = Duration::from_millis(30);

/// A prompt for the image to compare with.
#[derive(Debug)]
pub struct DiffPrompt {
    /// The image that is compared. It is the right one: the other is usually older.
    pub(crate) image: Reference,
    /// The image by its digest, if that is known, so that it is not asked for again and again.
    known: Reference,
    /// The platform of the image.
    platform: Option<Platform>,
    /// The part of the images that is compared.
    part: DiffedPart,
    /// The text field.
    pub(crate) field: PromptField,
    /// The layers that the images of visible names share with it.
    shared: HashMap<Reference, Remote<SharedLayers>>,
}

/// The part of two images that is compared.
#[derive(Debug)]
enum DiffedPart {
    /// All of them.
    All,
    /// The file at a path.
    Path(DiffedPath),
    /// A layer, and one of the other image that is chosen next.
    Layer(Box<LayerStep>),
}

/// The steps around the prompt if a layer is compared.
#[derive(Debug)]
struct LayerStep {
    /// The layer.
    side: LayerSide,
    /// The dialog before.
    before: Dialog,
    /// Makes the dialog that offers the layers of the other image.
    next: LayersOf,
}

/// Makes the dialog that offers the layers of an image, and can go back to the prompt that named it.
pub(super) type LayersOf = fn(&mut Update<'_>, Box<DiffPrompt>, Reference) -> Option<Dialog>;

/// Asks for the image to compare with. The version before is proposed.
pub(crate) fn show(update: &mut Update<'_>, image: Reference) {
    let prompt = DiffPrompt::of(update, image, DiffedPart::All);
    update.state.dialogs.push(prompt);
}

/// Asks for the image whose file at a path is compared with that of an image.
pub(crate) fn show_path(update: &mut Update<'_>, image: Reference, path: DiffedPath) {
    let prompt = DiffPrompt::of(update, image, DiffedPart::Path(path));
    update.state.dialogs.push(prompt);
}

/// Returns the prompt for the image that has the layer to compare with. It takes the place of the dialog before.
pub(super) fn of_layer(update: &mut Update<'_>, side: LayerSide, before: Dialog, next: LayersOf) -> Dialog {
    DiffPrompt::of(update, side.name.clone(), DiffedPart::Layer(Box::new(LayerStep { side, before, next })))
}

/// Takes the layers that a name of a prompt shares.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<SharedLayers, Failure>) {
    let now = update.now;
    let prompts = update.state.dialogs.iter_mut().filter_map(|dialog| match dialog {
        Dialog::Diff(prompt) => Some(prompt),
        _ => None,
    });
    let mut rows = prompts.flat_map(|prompt| prompt.shared.values_mut());
    if let Some(row) = rows.find(|row| row.pending == Some(ticket)) {
        row.answer(ticket, answer, now);
    }
}

/// Compares an image with the one that a text names, which becomes the left one.
pub(crate) fn diff(update: &mut Update<'_>, image: Reference, text: &str) -> Result<(), BadDestination> {
    let left = other_image(update, &image, text)?;
    image_diff::show(update, left, image);
    Ok(())
}

/// Returns the image that a text names, if it is another one.
fn other_image(update: &mut Update<'_>, image: &Reference, text: &str) -> Result<Reference, BadDestination> {
    let text = text.trim();
    let left = match in_repository(&image.repository, text) {
        Some(left) => left?,
        None => {
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
    if left == *image {
        return Err(BadDestination::Invalid("both sides are the same".into()));
    }
    Ok(left)
}

/// Reads a name in the repository of an image: a tag, or a tag or digest with its sign. Returns `None` for all others.
fn in_repository(repository: &Repository, text: &str) -> Option<Result<Reference, BadDestination>> {
    match Tag::parse(text) {
        Ok(tag) => Some(Ok(Reference { repository: repository.clone(), tag: Some(tag), digest: None })),
        Err(_) if text.starts_with([':', '@']) => {
            let name = format!("{}{text}", repository.name);
            Some(Reference::parse_in(repository.host.clone(), &name).map_err(BadDestination::from))
        }
        Err(_) => None,
    }
}

/// Returns the listed tags of the repository of an image, in the order of their rows.
fn listed_tags<'a>(state: &'a State, image: &Reference) -> impl Iterator<Item = &'a Tag> {
    let is_shown = state.tags.repository.as_ref() == Some(&image.repository);
    let order = state.tags.list.order.iter().filter(move |_| is_shown);
    order.filter_map(|item| state.tags.tags.items.get(*item as usize)?.name())
}

/// Returns the tag before that of an image, in the order of versions.
fn version_before<'a>(state: &'a State, image: &Reference) -> Option<&'a Tag> {
    let tag = image.tag.as_ref()?.as_str();
    let (class, rank) = (version_order::class_number(tag), Rank::of(tag));
    let digest = |tag: &Tag| state.tags.summary_of(tag).map(|summary| summary.digest);
    let own = digest(image.tag.as_ref()?);
    let is_older = |other: &&Tag| {
        // Another name of the same image is no version before it.
        let is_same = own.is_some() && digest(other) == own;
        let other = other.as_str();
        !is_same
            && Rank::of(other) <= rank
            && version_order::class_number(other) == class
            && version_order::compare(other, tag).is_lt()
    };
    let older = listed_tags(state, image).filter(is_older);
    older.max_by(|one, other| version_order::compare(one.as_str(), other.as_str()))
}

/// Returns the names that contain the text: the version before, `latest`, the same tag in the other open registries, and
/// then the further tags of the repository.
fn suggestions(state: &State, image: &Reference, typed: &str) -> Vec<String> {
    let typed = typed.trim();
    let before = version_before(state, image);
    let latest = listed_tags(state, image).find(|tag| tag.as_str() == "latest");
    let hosts = state.registries.items.iter().map(|registry| &registry.host);
    let elsewhere = hosts.filter(|host| **host != image.repository.host).filter_map(|host| {
        let repository = Repository { host: host.clone(), name: image.repository.name.clone() };
        image.tag.is_some().then(|| Reference { repository, ..image.clone() }.to_string())
    });
    let first: Vec<&Tag> = [before, latest].into_iter().flatten().collect();
    let others = listed_tags(state, image).filter(|tag| !first.contains(tag));
    let fits = |name: &str| name.contains(typed) && name != typed;
    let mut names: Vec<String> = Vec::new();
    let tags = |tag: &Tag| (Some(tag) != image.tag.as_ref() && fits(tag.as_str())).then(|| tag.to_string());
    for tag in &first {
        names.extend(tags(tag).filter(|name| !names.contains(name)));
    }
    names.extend(elsewhere.filter(|name| fits(name)));
    let room = MOST_SUGGESTIONS.saturating_sub(names.len());
    names.extend(others.filter_map(tags).take(room));
    names
}

impl DiffPrompt {
    fn of(update: &mut Update<'_>, image: Reference, part: DiffedPart) -> Dialog {
        let detail = &update.state.detail;
        let is_shown = detail.image.as_ref() == Some(&(image.repository.clone(), image.selector()));
        let digest = detail.inspection.value.as_ref().map(|inspection| inspection.manifest.digest);
        let known = match digest.filter(|_| is_shown) {
            Some(digest) => Reference { digest: Some(digest), ..image.clone() },
            None => image.clone(),
        };
        let platform = detail.selected_variant().filter(|_| is_shown);
        let platform = platform.and_then(|variant| variant.listed_platform.clone());
        let mut field = PromptField::of("", suggestions(update.state, &image, ""));
        field.cursor = usize::from(!field.suggestions.is_empty());
        let mut prompt = DiffPrompt { image, known, platform, part, field, shared: HashMap::new() };
        prompt.load_visible(update);
        prompt.into_dialog()
    }

    /// Returns the layer that is compared, if it is one.
    pub(super) fn layer(&self) -> Option<&LayerSide> {
        match &self.part {
            DiffedPart::Layer(step) => Some(&step.side),
            DiffedPart::All | DiffedPart::Path(_) => None,
        }
    }

    /// Returns the prompt after a step back to it.
    pub(super) fn reopen(mut self: Box<Self>, update: &mut Update<'_>) -> Dialog {
        self.load_visible(update);
        Dialog::Diff(self)
    }

    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        let about = match &self.part {
            DiffedPart::All => format!("compare {} with", self.image),
            DiffedPart::Path(path) => {
                let path = SafeText::clean(&String::from_utf8_lossy(&path.path));
                format!("compare {path} of {} with", self.image)
            }
            DiffedPart::Layer(step) => {
                format!("compare layer {} of {} with a layer of", step.side.number, self.image)
            }
        };
        FieldPlaces::of(state, &[about], &self.field, HELP)
    }

    /// Returns the image that an offered name means.
    fn image_of(&self, name: &str) -> Option<Reference> {
        match in_repository(&self.image.repository, name) {
            Some(image) => image.ok(),
            None => {
                let (host, rest) = name.split_once('/')?;
                Reference::parse_in(Host::parse(host).ok()?, rest).ok()
            }
        }
    }

    /// Returns what is known of the layers that the image of an offered name shares.
    pub(crate) fn shared_with(&self, name: &str) -> Option<&Remote<SharedLayers>> {
        self.shared.get(&self.image_of(name)?)
    }

    /// Asks for the manifests of visible names, and gives up those that were scrolled away.
    fn load_visible(&mut self, update: &mut Update<'_>) {
        let height = self.places(update.state).rows.height;
        let visible = self.field.suggestions.iter().skip(self.field.offset(height)).take(height.into());
        let visible: Vec<Reference> = visible.filter_map(|name| self.image_of(name)).collect();
        self.give_up(update, |image| !visible.contains(image));
        for left in visible {
            let row = self.shared.entry(left.clone()).or_default();
            if row.is_unasked() {
                let (right, platform) = (self.known.clone(), self.platform.clone());
                let question = DiffQuestion { left: left.clone(), right, platform };
                let ask = Ask::SharedLayers(Box::new(question));
                row.ask(update.ask(Slot::SharedLayers(Box::new(left)), ROW_REST, ask));
            }
        }
    }

    /// Gives up all questions.
    fn close(&mut self, update: &mut Update<'_>) {
        self.give_up(update, |_| true);
    }

    fn give_up(&mut self, update: &mut Update<'_>, is_hidden: impl Fn(&Reference) -> bool) {
        for (image, row) in &mut self.shared {
            if row.is_loading() && is_hidden(image) {
                row.cancel();
                update.cmds.push(Cmd::Cancel(Slot::SharedLayers(Box::new(image.clone()))));
            }
        }
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

    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        let left = match other_image(update, &self.image, self.field.text()) {
            Ok(left) => left,
            Err(bad) => return Some(self.refuse(bad.into_message())),
        };
        self.close(update);
        if let DiffedPart::Layer(step) = &self.part {
            let next = step.next;
            return next(update, Box::new(self), left);
        }
        match self.part {
            DiffedPart::Path(path) => image_diff::show_path(update, left, self.image, path),
            DiffedPart::All | DiffedPart::Layer(_) => image_diff::show(update, left, self.image),
        }
        None
    }

    fn into_dialog(self) -> Dialog {
        Dialog::Diff(Box::new(self))
    }
}

impl KeyedDialog for Box<DiffPrompt> {
    type Effect = FieldEffect;

    const TITLE: &'static str = "Diff with";

    const BINDINGS: &'static [Binding<FieldEffect>] = &[
        Binding::new("diff-with.diff", chords!["Enter"], "compare with the image", FieldEffect::Accept)
            .with_hint("compare"),
        Binding::new("diff-with.complete", chords!["Tab"], "complete the name", FieldEffect::Complete)
            .with_hint("complete"),
    ];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<FieldEffect>) -> Option<Dialog> {
        match self.field.press(pressed) {
            FieldStep::Leave => {
                self.close(update);
                return match self.part {
                    DiffedPart::Layer(step) => Some(step.before),
                    DiffedPart::All | DiffedPart::Path(_) => None,
                };
            }
            FieldStep::Accept => return self.submit(update),
            FieldStep::Suggest => self.suggest(update.state),
            FieldStep::Stay => {}
        }
        self.load_visible(update);
        Some(Dialog::Diff(self))
    }
}
