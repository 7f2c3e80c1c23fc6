//! The prompt for the destination of a copy, with matching names and the switches for the parts that come along.

pub(crate) mod places;

use std::borrow::Cow;

use ratatui::layout::Position;

use super::prompt_field::PromptField;
use super::{Dialog, KeyedDialog, plan};
use crate::app::actions::availability::refusal_text;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::list::Move;
use crate::app::selection::images_to_copy;
use crate::app::update::Update;
use crate::app::{State, open};
use crate::model::change::ChangeRequest;
use crate::model::change::copy::{self, ManifestFormat, What};
use crate::model::platform::Platform;
use crate::model::reference::{
    Ambiguity, BadName, KnownRegistries, Repository, Scheme, Selector, Tag, Target, Typed,
};
use places::CopyPlaces;

/// The help on valid input.
pub(crate) const HELP: &str = "a registry, a repository, or repository:tag for one image";
/// Largest number of names offered at once.
const MOST_SUGGESTIONS: usize = 6;
/// Largest number of platforms that are offered for choice.
const MOST_PLATFORMS: usize = 12;

/// The prompt and the images that it is about.
#[derive(Debug)]
pub struct CopyPrompt {
    /// The repository of the images.
    pub(crate) from: Repository,
    /// The images that were chosen.
    pub(crate) what: What,
    /// The text field for a registry, a repository or an image. The switches follow its names.
    pub field: PromptField,
    /// Whether the referrers of the images come along.
    pub(crate) includes_referrers: bool,
    /// Whether all tags of the repository come along.
    pub includes_all_tags: bool,
    /// The format of the manifests at the destination.
    pub(crate) format: ManifestFormat,
    /// The platforms of the image, if exactly one was chosen, each with the state of its switch.
    pub(crate) platforms: Vec<(Platform, bool)>,
}

/// A row of the prompt that the cursor can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptRow {
    /// The text field.
    Destination,
    /// A matching name.
    Suggestion(usize),
    /// The switch for the referrers of the images.
    Referrers,
    /// The switch for all tags.
    AllTags,
    /// The switch for the conversion to OCI.
    Format,
    /// The switch of a platform.
    Platform(usize),
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyEffect {
    /// Shows the plan.
    Plan,
    /// Completes the name, or goes to the next row.
    Complete,
    /// Toggles the switch under the cursor.
    Toggle,
}

impl CopyPrompt {
    /// Returns the rows, from top to bottom.
    pub(crate) fn rows(&self) -> Vec<PromptRow> {
        let mut rows = vec![PromptRow::Destination];
        rows.extend((0..self.field.suggestions.len()).map(PromptRow::Suggestion));
        rows.push(PromptRow::Referrers);
        if matches!(self.what, What::Images(_)) {
            rows.push(PromptRow::AllTags);
        }
        rows.push(PromptRow::Format);
        if !self.includes_all_tags {
            rows.extend((0..self.platforms.len()).map(PromptRow::Platform));
        }
        rows
    }

    /// Returns the row under the cursor.
    pub(crate) fn row(&self) -> PromptRow {
        self.rows().get(self.field.cursor).copied().unwrap_or(PromptRow::Destination)
    }

    fn request(&self, known: &KnownRegistries) -> Result<(ChangeRequest, Option<Scheme>), BadDestination> {
        let CopyDestination { repository: to, tag, scheme } =
            destination(self.field.text(), &self.from, known)?;
        let what = if self.includes_all_tags { What::AllTags } else { self.what.clone() };
        let is_one = matches!(&what, What::Images(images) if images.len() == 1);
        if tag.is_some() && !is_one {
            return Err("several images cannot have one tag".into());
        }
        let chosen: Vec<Platform> =
            self.platforms.iter().filter(|(_, comes)| *comes).map(|(platform, _)| platform.clone()).collect();
        if is_one && chosen.is_empty() && !self.platforms.is_empty() {
            return Err("no platform is chosen".into());
        }
        let all = chosen.len() == self.platforms.len() || !is_one;
        let platforms = if all { Vec::new() } else { chosen };
        let (from, referrers) = (self.from.clone(), self.includes_referrers);
        let (keep, format) = (false, self.format);
        let request = copy::CopyRequest { from, what, to, tag, platforms, referrers, keep, format };
        Ok((ChangeRequest::Copy(request), scheme))
    }

    fn toggle_row(&mut self) {
        match self.row() {
            PromptRow::Referrers => self.includes_referrers = !self.includes_referrers,
            PromptRow::AllTags => self.includes_all_tags = !self.includes_all_tags,
            PromptRow::Format => self.format = self.format.other(),
            PromptRow::Platform(at) => {
                if let Some((_, comes)) = self.platforms.get_mut(at) {
                    *comes = !*comes;
                }
            }
            PromptRow::Destination | PromptRow::Suggestion(_) => {}
        }
    }
}

/// The destination of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyDestination {
    /// The repository.
    pub(crate) repository: Repository,
    /// The tag there, if one was typed.
    pub(crate) tag: Option<Tag>,
    /// The scheme to contact its registry with, if one was typed.
    pub(crate) scheme: Option<Scheme>,
}

/// The reason why a text is not a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadDestination {
    /// The text may mean either of two names.
    Ambiguous(Box<Ambiguity>),
    /// The problem in words.
    Invalid(String),
}

impl BadDestination {
    /// Returns the problem in words, and the names to choose from.
    pub(crate) fn into_message(self) -> (String, Vec<String>) {
        match self {
            BadDestination::Ambiguous(both) => (both.to_string(), vec![both.registry, both.image]),
            BadDestination::Invalid(problem) => (problem, Vec::new()),
        }
    }
}

impl From<BadName> for BadDestination {
    fn from(bad: BadName) -> BadDestination {
        match bad {
            BadName::Ambiguous(both) => BadDestination::Ambiguous(both),
            bad => BadDestination::Invalid(bad.to_string()),
        }
    }
}

impl From<String> for BadDestination {
    fn from(problem: String) -> BadDestination {
        BadDestination::Invalid(problem)
    }
}

impl From<Cow<'static, str>> for BadDestination {
    fn from(problem: Cow<'static, str>) -> BadDestination {
        BadDestination::Invalid(problem.into_owned())
    }
}

impl From<&str> for BadDestination {
    fn from(problem: &str) -> BadDestination {
        BadDestination::Invalid(problem.into())
    }
}

/// Parses a destination. A registry alone means the repository of the same name there; a repository without a host is
/// in the same registry.
pub(crate) fn destination(
    typed: &str,
    from: &Repository,
    known: &KnownRegistries,
) -> Result<CopyDestination, BadDestination> {
    let Typed { target, scheme } = Typed::parse_prompt(Some(&from.host), typed, known)?;
    let (repository, tag) = match target {
        Target::Registry(host) => (Repository { host, name: from.name.clone() }, None),
        Target::Repository(repository) => (repository, None),
        Target::Image(reference) if reference.digest.is_none() => (reference.repository, reference.tag),
        Target::Image(_) => return Err("a digest follows from the image: it cannot be chosen".into()),
    };
    Ok(CopyDestination { repository, tag, scheme })
}

/// Returns repositories that can be the destination and contain the text: first those of the same name in other
/// registries, then listed ones.
pub(crate) fn destinations(state: &State, from: &Repository, typed: &str) -> Vec<String> {
    let typed = typed.trim().to_lowercase();
    let others = state.registries.items.iter().filter(|registry| registry.host != from.host);
    let same = others.clone().map(|registry| format!("{}/{}", registry.host, from.name));
    let listed = others.chain(state.registries.items.iter().filter(|registry| registry.host == from.host));
    let listed = listed.flat_map(|registry| {
        let names = registry.repositories.names.items.iter().filter_map(|listed| listed.name());
        names.map(|name| format!("{}/{name}", registry.host))
    });
    let listed = listed.filter(|_| !typed.is_empty());
    let mut names: Vec<String> = Vec::new();
    let own = from.to_string();
    for name in same.chain(listed) {
        if names.len() == MOST_SUGGESTIONS {
            break;
        }
        if name.contains(&typed) && name != typed && name != own && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Returns the platforms of the image shown, if that is the one image that was chosen.
fn platforms(state: &State, from: &Repository, what: &What) -> Vec<(Platform, bool)> {
    let is_shown = matches!((&state.detail.image, what), (Some((repository, selector)), What::Images(images))
        if repository == from && images.as_slice() == std::slice::from_ref(selector));
    let inspection = state.detail.inspection.value.as_ref().filter(|_| is_shown);
    let variants = inspection.map(|inspection| inspection.variants.as_slice()).unwrap_or_default();
    let mut platforms: Vec<(Platform, bool)> = Vec::new();
    for platform in variants.iter().filter_map(|variant| variant.platform.clone()) {
        if !platforms.iter().any(|(known, _)| *known == platform) {
            platforms.push((platform, true));
        }
    }
    match platforms.len() {
        2..=MOST_PLATFORMS => platforms,
        _ => Vec::new(),
    }
}

/// Asks for the destination of the chosen images, with an initial text.
pub(crate) fn show_selected(state: &mut State, initial: &str) {
    let Some((from, what)) = images_to_copy(state) else { return };
    let platforms = platforms(state, &from, &what);
    let suggestions = destinations(state, &from, initial);
    let all_tags = what == What::AllTags;
    state.dialogs.push(Dialog::Copy(Box::new(CopyPrompt {
        from,
        what,
        field: PromptField::of(initial, suggestions),
        includes_referrers: true,
        includes_all_tags: all_tags,
        format: ManifestFormat::Source,
        platforms,
    })));
}

impl CopyPrompt {
    /// Shows the plan.
    fn submit(mut self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        match self.check_request(update) {
            Ok(request) => {
                // Whoever comes back from the plan finds the name in the text.
                if self.field.chosen().is_some() && self.field.complete() {
                    self.suggest(update.state);
                }
                self.field.problem = None;
                plan::show_after_prompt(update, request, Dialog::Copy(self));
                return None;
            }
            Err(no_place) => {
                let (problem, names) = no_place.into_message();
                self.field.refuse(problem, names);
            }
        }
        Some(Dialog::Copy(self))
    }

    /// Returns the request, or fails if a rule forbids it. If a scheme was typed, the registry is contacted with it
    /// from now on.
    fn check_request(&self, update: &mut Update<'_>) -> Result<ChangeRequest, BadDestination> {
        let (request, scheme) = self.request(&update.state.known_registries())?;
        if let ChangeRequest::Copy(copy) = &request {
            let rules = &update.state.settings.rules;
            rules.may_copy(&copy.from, &copy.to).map_err(|refusal| refusal_text(&refusal).into_owned())?;
            if let Some(scheme) = scheme {
                open::set_scheme(update, &copy.to.host, scheme)?;
            }
        }
        Ok(request)
    }

    fn suggest(&mut self, state: &State) {
        self.field.suggest(destinations(state, &self.from, self.field.input.value()));
    }

    /// Presses the row under the click.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let places = CopyPlaces::of(update.state, &self);
        if places.input.contains(at) {
            self.field.cursor = 0;
            return Some(Dialog::Copy(self));
        }
        let Some((row, _)) = places.rows.iter().find(|(_, area)| area.contains(at)) else {
            return Some(Dialog::Copy(self));
        };
        self.field.cursor = *row;
        match self.row() {
            PromptRow::Suggestion(_) => self.submit(update),
            _ => {
                self.toggle_row();
                Some(Dialog::Copy(self))
            }
        }
    }
}

impl KeyedDialog for Box<CopyPrompt> {
    type Effect = CopyEffect;

    const TITLE: &'static str = "Copy";

    const BINDINGS: &'static [Binding<CopyEffect>] = &[
        Binding::new(
            "copy.plan",
            chords!["Enter"],
            "show the plan to copy to the text, or to the name under the cursor",
            CopyEffect::Plan,
        )
        .with_hint("plan"),
        Binding::new(
            "copy.complete",
            chords!["Tab"],
            "complete the name, or go to the next row",
            CopyEffect::Complete,
        )
        .with_hint("complete"),
        Binding::new(
            "copy.switch",
            chords!["Space"],
            "toggle the switch under the cursor",
            CopyEffect::Toggle,
        )
        .outside_text(),
    ];

    const IS_PROMPT: bool = true;

    fn is_in_text(&self) -> bool {
        self.field.is_in_text()
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<CopyEffect>) -> Option<Dialog> {
        let rows_below = self.rows().len().saturating_sub(1 + self.field.suggestions.len());
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(CopyEffect::Plan) => return self.submit(update),
            Pressed::Own(CopyEffect::Toggle) => self.toggle_row(),
            Pressed::Own(CopyEffect::Complete) if self.field.complete() => self.suggest(update.state),
            Pressed::Own(CopyEffect::Complete) => self.field.move_by(1, rows_below),
            Pressed::Shared(SharedEffect::Move(Move::By(by))) => self.field.move_by(by, rows_below),
            Pressed::Text(key) if self.field.edit(key) => self.suggest(update.state),
            Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Copy(self))
    }
}

/// Returns the number of tags or images, in words.
pub(crate) fn describe_images(what: &What) -> String {
    match what {
        What::AllTags => "all tags".into(),
        What::Images(images) => match images.as_slice() {
            [Selector::Tag(tag)] => tag.to_string(),
            [Selector::Digest(digest)] => digest.short(),
            images => {
                let are_tags = images.iter().all(|image| matches!(image, Selector::Tag(_)));
                format!("{} {}", images.len(), if are_tags { "tags" } else { "images" })
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_registry_a_repository_or_an_image() {
        let from = Repository::parse("a.test/team/app").expect("a repository");
        let read = |typed| {
            let CopyDestination { repository, tag, .. } =
                destination(typed, &from, &KnownRegistries::default()).ok()?;
            Some(format!("{repository} {}", tag.map_or("-".into(), |tag| tag.to_string())))
        };
        assert_eq!(read("b.test/").as_deref(), Some("b.test/team/app -"));
        assert_eq!(read("b.test:5000").as_deref(), Some("b.test:5000/team/app -"));
        assert_eq!(read("b.test/x").as_deref(), Some("b.test/x -"));
        assert_eq!(read("b.test/x:1").as_deref(), Some("b.test/x 1"));
        assert_eq!(read("other").as_deref(), Some("a.test/other -"));
        assert_eq!(read(""), None);
        let either =
            destination("vm:6103", &from, &KnownRegistries::default()).map_err(BadDestination::into_message);
        let (problem, choice) = either.expect_err("a registry or an image");
        assert!(problem.contains("`vm:6103/`") && problem.contains("`a.test/vm:6103`"), "{problem}");
        assert_eq!(choice, ["vm:6103/", "a.test/vm:6103"]);
        assert_eq!(read(&choice[0]).as_deref(), Some("vm:6103/team/app -"));
        assert_eq!(read(&choice[1]).as_deref(), Some("a.test/vm 6103"));
    }
}
