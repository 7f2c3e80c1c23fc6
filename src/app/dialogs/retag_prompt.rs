//! The prompt for new tags: one name, or a pattern for many. The resulting tags are shown while the user types.

use ratatui::layout::{Position, Rect};

use super::prompt_field::PromptField;
use super::{Dialog, KeyedDialog, click, plan};
use crate::app::State;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout::{below, indented, inside, prompt_box, row};
use crate::app::list::Move;
use crate::app::selection::selected_images;
use crate::app::update::Update;
use crate::model::change::{ChangeRequest, retag};
use crate::model::columns;
use crate::model::reference::{BadName, KnownRegistries, Repository, Selector, Tag, Target, Typed};

/// The placeholder for the old tag in a pattern.
pub(crate) const OLD_TAG: &str = "{tag}";

/// Largest number of listed tags offered at once.
const MOST_SUGGESTIONS: usize = 4;
/// Largest number of new names that the prompt lists.
const MOST_NAMES: usize = 12;

/// The prompt and the images that it is about.
#[derive(Debug)]
pub struct Retag {
    /// The repository of the images.
    pub(crate) from: Repository,
    /// The images.
    pub(crate) images: Vec<Selector>,
    /// The text field. Its names are listed tags.
    pub(crate) field: PromptField,
    /// Whether the old tags are removed afterwards.
    pub removes_old_tags: bool,
    /// The registries that a name may mean.
    pub(crate) known: KnownRegistries,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetagEffect {
    /// Shows the plan.
    Plan,
    /// Completes the name, or goes to the next row.
    Complete,
    /// Toggles whether the old tags are removed.
    Rename,
    /// Does the same while the cursor is on the switch.
    Switch,
}

impl Retag {
    /// Creates the prompt for these images.
    pub(crate) fn of(
        from: Repository,
        images: Vec<Selector>,
        initial: &str,
        known: KnownRegistries,
    ) -> Retag {
        let begun = if initial.is_empty() && images.len() > 1 { OLD_TAG } else { initial };
        Retag { from, images, field: PromptField::of(begun, Vec::new()), removes_old_tags: false, known }
    }

    /// Returns each image with its new name, or the problem with the text.
    pub(crate) fn targets(&self) -> Result<Vec<(Selector, Repository, Tag)>, String> {
        let pattern = self.field.text().trim();
        if self.images.len() > 1 && !pattern.contains(OLD_TAG) && !is_repository(pattern) {
            return Err(format!("all of them would get one tag: `{OLD_TAG}` stands for the old one"));
        }
        let mut targets: Vec<(Selector, Repository, Tag)> = Vec::new();
        for image in &self.images {
            let (repository, tag) = target(&self.from, image, pattern, &self.known)?;
            if targets.iter().any(|(_, other, known)| (other, known) == (&repository, &tag)) {
                return Err(format!("two of them would be `{tag}`"));
            }
            targets.push((image.clone(), repository, tag));
        }
        Ok(targets)
    }

    fn request(&self) -> Result<ChangeRequest, String> {
        let items = self.targets()?;
        let method = if self.removes_old_tags { retag::RetagMode::Move } else { retag::RetagMode::Add };
        Ok(ChangeRequest::Retag(retag::RetagRequest {
            from: self.from.clone(),
            items,
            mode: method,
            keep: false,
        }))
    }
}

/// Returns whether the text names a repository and no tag, so that images keep their tags.
fn is_repository(pattern: &str) -> bool {
    let last = pattern.rsplit('/').next().unwrap_or_default();
    pattern.contains('/') && !last.contains(':')
}

/// Returns the repository and the tag for one image.
fn target(
    from: &Repository,
    image: &Selector,
    pattern: &str,
    known: &KnownRegistries,
) -> Result<(Repository, Tag), String> {
    let old = match image {
        Selector::Tag(tag) => Some(tag.as_str()),
        Selector::Digest(_) => None,
    };
    let text = match old {
        Some(old) => pattern.replace(OLD_TAG, old),
        None if pattern.contains(OLD_TAG) => return Err("an image named by its digest has no old tag".into()),
        None => pattern.to_string(),
    };
    if !text.contains(['/', ':']) {
        let tag = Tag::parse(&text).map_err(|bad| bad.to_string())?;
        return Ok((from.clone(), tag));
    }
    let read = match Typed::parse_prompt(Some(&from.host), &text, known) {
        // A pattern stands for tags and never for a registry.
        Err(BadName::Ambiguous(both)) if pattern.contains(OLD_TAG) => {
            Typed::parse_prompt(None, &both.image, known)
        }
        Err(BadName::Ambiguous(both)) => {
            let text = format!(
                "`{text}` may be a registry: `{}` is the tag here, and a copy goes there",
                both.image
            );
            return Err(text);
        }
        read => read,
    };
    let (repository, tag) = match read.map_err(|bad| bad.to_string())?.target {
        Target::Image(reference) if reference.digest.is_none() => (reference.repository, reference.tag),
        Target::Repository(repository) => (repository, old.and_then(|old| Tag::parse(old).ok())),
        Target::Image(_) | Target::Registry(_) => return Err("a tag is expected".into()),
    };
    if repository.host != from.host {
        return Err(format!("that is in another registry than {}: copy it instead", from.host));
    }
    Ok((repository, tag.ok_or("a tag is expected")?))
}

/// The parts of the prompt for new tags.
#[derive(Debug)]
pub(crate) struct RetagPlaces {
    /// The box with its border.
    pub(crate) area: Rect,
    /// The line about the images.
    pub(crate) about: Rect,
    /// The text field.
    pub(crate) input: Rect,
    /// The switch.
    pub(crate) switch: Rect,
    /// The lines about valid input or the problem with it.
    pub(crate) status: Rect,
    /// The matching names, and below them the resulting tags.
    pub(crate) names: Rect,
}

impl RetagPlaces {
    /// Computes the parts for this prompt.
    pub(crate) fn of(state: &State, prompt: &Retag) -> RetagPlaces {
        let area =
            prompt_box(state, prompt.images.len().min(MOST_NAMES) + prompt.field.suggestions.len() + 8);
        let inner = indented(inside(area));
        let rest = below(inner, 3);
        // A long problem takes lines from the new names below it.
        let said = columns::wrap(prompt.field.status(&prompt.help()), inner.width.into()).len() as u16;
        let status = Rect { height: said.min(rest.height), ..rest };
        // An empty line stands above the new names, and none above matching ones.
        let gap = u16::from(prompt.field.suggestions.is_empty());
        RetagPlaces {
            area,
            about: row(inner, 0),
            input: row(inner, 1),
            switch: row(inner, 2),
            status,
            names: below(rest, said.saturating_add(gap)),
        }
    }
}

impl Retag {
    /// Plans the retag. Returns the prompt if the text is refused.
    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        match self.request() {
            Ok(request) => {
                if self.field.chosen().is_some() && self.field.complete() {
                    self.suggest(update.state);
                }
                self.field.problem = None;
                plan::show_after_prompt(update, request, Dialog::Retag(self));
                None
            }
            Err(problem) => {
                self.field.refuse(problem, Vec::new());
                Some(Dialog::Retag(self))
            }
        }
    }

    /// Presses the switch or the name under the click.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let places = RetagPlaces::of(update.state, &self);
        if let Some(row) = click::row_at(places.names, at, 0, self.field.suggestions.len()) {
            self.field.cursor = row + 1;
            return self.submit(update);
        }
        let is_on_switch = places.switch.contains(at);
        self.field.cursor = if is_on_switch { self.field.suggestions.len() + 1 } else { 0 };
        self.removes_old_tags ^= is_on_switch;
        Some(Dialog::Retag(self))
    }

    /// Returns whether the cursor is on the switch.
    pub(crate) fn is_on_switch(&self) -> bool {
        self.field.row_below().is_some()
    }

    /// Returns the help on valid input.
    pub(crate) fn help(&self) -> String {
        match self.images.len() {
            1 => "a new tag, or repository:tag in the same registry".into(),
            _ => {
                let text = "stands for the old tag; or";
                format!("{OLD_TAG} {text} repository:{OLD_TAG} in the same registry")
            }
        }
    }

    /// Offers the listed tags that contain the text: the one to put on another image, such as `latest`.
    fn suggest(&mut self, state: &State) {
        let typed = self.field.input.value().trim();
        let is_wanted = |name: &str| name.contains(typed) && name != typed && !typed.is_empty();
        let is_here = self.images.len() == 1 && state.tags.repository.as_ref() == Some(&self.from);
        let tags = state.tags.list.order.iter().filter_map(|item| state.tags.tags.items.get(*item as usize));
        let names = tags.filter_map(|tag| tag.name()).filter(|tag| !tag.is_digest_tag()).map(Tag::as_str);
        let names = names.filter(|name| is_here && is_wanted(name)).take(MOST_SUGGESTIONS);
        self.field.suggest(names.map(String::from).collect());
    }
}

impl KeyedDialog for Retag {
    type Effect = RetagEffect;

    const TITLE: &'static str = "Retag";

    const BINDINGS: &'static [Binding<RetagEffect>] = &[
        Binding::new("retag.plan", chords!["Enter"], "show the plan", RetagEffect::Plan).with_hint("plan"),
        Binding::new(
            "retag.complete",
            chords!["Tab"],
            "complete the name, or go to the next row",
            RetagEffect::Complete,
        ),
        // There is only one switch, so this key toggles it wherever the cursor is.
        Binding::new(
            "retag.rename",
            chords!["Ctrl-r"],
            "untag the old name afterwards, or keep it",
            RetagEffect::Rename,
        )
        .with_hint("rename"),
        Binding::new(
            "retag.switch",
            chords!["Space"],
            "toggle the switch under the cursor",
            RetagEffect::Switch,
        )
        .outside_text(),
    ];

    const IS_PROMPT: bool = true;

    fn is_in_text(&self) -> bool {
        self.field.is_in_text()
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<RetagEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(RetagEffect::Plan) => return self.submit(update),
            Pressed::Own(RetagEffect::Rename | RetagEffect::Switch) => {
                self.removes_old_tags = !self.removes_old_tags;
            }
            Pressed::Own(RetagEffect::Complete) if self.field.complete() => self.suggest(update.state),
            Pressed::Own(RetagEffect::Complete) => self.field.move_by(1, 1),
            Pressed::Shared(SharedEffect::Move(Move::By(by))) => self.field.move_by(by, 1),
            Pressed::Text(key) if self.field.edit(key) => self.suggest(update.state),
            Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Retag(self))
    }
}

/// Asks for the new tag of the chosen images, with an initial text.
pub(crate) fn show(state: &mut State, initial: &str) {
    let Some((from, images)) = selected_images(state) else { return };
    let prompt = Retag::of(from, images, initial, state.known_registries());
    state.dialogs.push(Dialog::Retag(prompt));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(images: &[&str], typed: &str) -> Result<Vec<String>, String> {
        let from = Repository::parse("r.test:5000/team/app").expect("a repository");
        let images = images.iter().map(|text| text.parse().expect("a selector")).collect();
        let prompt = Retag::of(from, images, typed, KnownRegistries::default());
        Ok(prompt.targets()?.into_iter().map(|(_, repository, tag)| format!("{repository}:{tag}")).collect())
    }

    #[test]
    fn the_input_is_a_tag_a_pattern_or_a_full_reference() {
        let table = [
            ("stable", "r.test:5000/team/app:stable"),
            ("{tag}-stable", "r.test:5000/team/app:1.4-stable"),
            ("other:2", "r.test:5000/other:2"),
            ("team/other:{tag}", "r.test:5000/team/other:1.4"),
            ("team/other", "r.test:5000/team/other:1.4"),
            ("r.test:5000/team/other:x", "r.test:5000/team/other:x"),
        ];
        for (typed, expected) in table {
            assert_eq!(targets(&["1.4"], typed), Ok(vec![expected.to_string()]), "{typed}");
        }
        assert_eq!(targets(&["6101"], "other:{tag}"), Ok(vec!["r.test:5000/other:6101".to_string()]));
        let either = targets(&["1.4"], "other:6101").expect_err("a registry or an image");
        assert!(either.contains("`r.test:5000/other:6101` is the tag here"), "{either}");
        for bad in ["", "-x", "a b", "elsewhere.test/app:1", "r.test:5000/app@sha256:00"] {
            assert!(targets(&["1.4"], bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn many_images_need_a_pattern_that_tells_them_apart() {
        assert!(targets(&["1", "2"], "stable").is_err());
        assert_eq!(targets(&["1", "2"], "team/other").map(|all| all.len()), Ok(2));
        assert_eq!(
            targets(&["1", "2"], "v{tag}"),
            Ok(vec!["r.test:5000/team/app:v1".to_string(), "r.test:5000/team/app:v2".into()])
        );
    }
}
