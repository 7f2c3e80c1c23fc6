//! The prompt for new tags: one name, or a pattern for many. The resulting tags are shown while the user types.

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::{Dialog, KeyedDialog, edit_input, plan};
use crate::app::State;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout::{below, indented, inside, prompt_box, row};
use crate::app::list::Move;
use crate::app::selection::selected_images;
use crate::app::update::Update;
use crate::model::change::{ChangeRequest, retag};
use crate::model::reference::{BadName, KnownRegistries, Repository, Selector, Tag, Target, Typed};

/// The placeholder for the old tag in a pattern.
pub(crate) const OLD_TAG: &str = "{tag}";

/// Largest number of new names that the prompt lists.
const MOST_NAMES: usize = 12;

/// The prompt and the images that it is about.
#[derive(Debug)]
pub struct Retag {
    /// The repository of the images.
    pub(crate) from: Repository,
    /// The images.
    pub(crate) images: Vec<Selector>,
    /// The text typed.
    pub(crate) input: Input,
    /// Whether the old tags are removed afterwards.
    pub removes_old_tags: bool,
    /// Whether the cursor is on the switch for that.
    pub(crate) is_on_switch: bool,
    /// The reason why Enter did nothing.
    pub(crate) problem: Option<String>,
    /// The registries that a name may mean.
    pub(crate) known: KnownRegistries,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetagEffect {
    /// Shows the plan.
    Plan,
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
        Retag {
            from,
            images,
            input: begun.into(),
            removes_old_tags: false,
            is_on_switch: false,
            problem: None,
            known,
        }
    }

    /// Returns each image with its new name, or the problem with the text.
    pub(crate) fn targets(&self) -> Result<Vec<(Selector, Repository, Tag)>, String> {
        let pattern = self.input.value().trim();
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
    /// The lines about valid input or the problem with it, and below them the resulting tags.
    pub(crate) rest: Rect,
}

impl RetagPlaces {
    /// Computes the parts for this prompt.
    pub(crate) fn of(state: &State, prompt: &Retag) -> RetagPlaces {
        let area = prompt_box(state, prompt.images.len().min(MOST_NAMES) + 8);
        let inner = indented(inside(area));
        RetagPlaces {
            area,
            about: row(inner, 0),
            input: row(inner, 1),
            switch: row(inner, 2),
            rest: below(inner, 3),
        }
    }
}

impl Retag {
    /// Plans the retag. Returns the prompt if the text is refused.
    fn submit(mut self, update: &mut Update<'_>) -> Option<Dialog> {
        match self.request() {
            Ok(request) => {
                self.problem = None;
                plan::show_after_prompt(update, request, Dialog::Retag(self));
                None
            }
            Err(problem) => {
                self.problem = Some(problem);
                Some(Dialog::Retag(self))
            }
        }
    }

    /// Presses the switch under the click.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        self.is_on_switch = RetagPlaces::of(update.state, &self).switch.contains(at);
        self.removes_old_tags ^= self.is_on_switch;
        Some(Dialog::Retag(self))
    }
}

impl KeyedDialog for Retag {
    type Effect = RetagEffect;

    const TITLE: &'static str = "Retag";

    const BINDINGS: &'static [Binding<RetagEffect>] = &[
        Binding::new("retag.plan", chords!["Enter"], "show the plan", RetagEffect::Plan).with_hint("plan"),
        // There is only one switch, so this key toggles it wherever the cursor is.
        Binding::new(
            "retag.rename",
            chords!["Tab", "Shift-Tab"],
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
        !self.is_on_switch
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<RetagEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(RetagEffect::Plan) => return self.submit(update),
            Pressed::Own(RetagEffect::Rename | RetagEffect::Switch) => {
                self.removes_old_tags = !self.removes_old_tags;
            }
            Pressed::Shared(SharedEffect::Move(Move::By(_))) => self.is_on_switch = !self.is_on_switch,
            Pressed::Text(key) if edit_input(&mut self.input, key) => {
                self.is_on_switch = false;
                self.problem = None;
            }
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
