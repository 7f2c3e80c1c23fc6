//! The prompt for the destination of a copy, with names that fit, and switches for what comes along.

use crossterm::event::{KeyCode, KeyEvent};
use tui_input::Input;

use super::{Dialog, typed};
use crate::app::available::said;
use crate::app::turn::Turn;
use crate::app::{State, open};
use crate::model::platform::Platform;
use crate::model::reference::{Repository, Selector, Tag, Target};
use crate::model::work::Wish;
use crate::model::work::copy::{self, What};

/// Names that are offered at once.
const MOST_SUGGESTIONS: usize = 6;
/// Platforms that can be chosen among.
const MOST_PLATFORMS: usize = 12;

/// What is typed, and what it is about.
#[derive(Debug)]
pub struct Copy {
    /// Where the images are.
    pub from: Repository,
    /// Which images were chosen.
    pub what: What,
    /// What is typed: a registry, a repository, an image.
    pub input: Input,
    /// Names that fit.
    pub suggestions: Vec<String>,
    /// The row under the cursor: an index into [`Copy::rows`].
    pub cursor: usize,
    /// Whether what refers to the images comes along.
    pub referrers: bool,
    /// Whether all tags of the repository come along.
    pub all_tags: bool,
    /// The platforms of the one image that was chosen, each with whether it comes along.
    pub platforms: Vec<(Platform, bool)>,
    /// Why Enter did nothing.
    pub problem: Option<String>,
}

/// A row of the prompt that the cursor can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// What is typed.
    Destination,
    /// A name that fits.
    Suggestion(usize),
    /// The switch for what refers to the images.
    Referrers,
    /// The switch for all tags.
    AllTags,
    /// The switch of a platform.
    Platform(usize),
}

impl Copy {
    /// The rows, from top to bottom.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::Destination];
        rows.extend((0..self.suggestions.len()).map(Row::Suggestion));
        rows.push(Row::Referrers);
        if matches!(self.what, What::Images(_)) {
            rows.push(Row::AllTags);
        }
        if !self.all_tags {
            rows.extend((0..self.platforms.len()).map(Row::Platform));
        }
        rows
    }

    /// What can be typed, or what is wrong with it.
    pub fn said(&self) -> &str {
        let can = "a registry, a repository, or repository:tag for one image";
        self.problem.as_deref().unwrap_or(can)
    }

    /// The row under the cursor.
    pub fn row(&self) -> Row {
        self.rows().get(self.cursor).copied().unwrap_or(Row::Destination)
    }

    fn wish(&self) -> Result<Wish, String> {
        let (to, tag) = destination(self.input.value(), &self.from)?;
        let what = if self.all_tags { What::AllTags } else { self.what.clone() };
        let is_one = matches!(&what, What::Images(images) if images.len() == 1);
        if tag.is_some() && !is_one {
            return Err("more than one image cannot get one tag".into());
        }
        let chosen: Vec<Platform> =
            self.platforms.iter().filter(|(_, comes)| *comes).map(|(platform, _)| platform.clone()).collect();
        if is_one && chosen.is_empty() && !self.platforms.is_empty() {
            return Err("no platform is chosen".into());
        }
        let all = chosen.len() == self.platforms.len() || !is_one;
        let platforms = if all { Vec::new() } else { chosen };
        let (from, referrers) = (self.from.clone(), self.referrers);
        let wish = copy::Wish { from, what, to, tag, platforms, referrers, keep: false };
        Ok(Wish::Copy(wish))
    }

    fn turn(&mut self) {
        match self.row() {
            Row::Referrers => self.referrers = !self.referrers,
            Row::AllTags => self.all_tags = !self.all_tags,
            Row::Platform(at) => {
                if let Some((_, comes)) = self.platforms.get_mut(at) {
                    *comes = !*comes;
                }
            }
            Row::Destination | Row::Suggestion(_) => {}
        }
    }
}

/// Reads a destination: a registry takes the repository's name along, a repository without a host is in the same
/// registry.
pub fn destination(typed: &str, from: &Repository) -> Result<(Repository, Option<Tag>), String> {
    match open::read(typed, Some(&from.host)).map_err(|bad| bad.to_string())? {
        Target::Registry(host) => Ok((Repository { host, name: from.name.clone() }, None)),
        Target::Repository(repository) => Ok((repository, None)),
        Target::Image(reference) if reference.digest.is_none() => Ok((reference.repository, reference.tag)),
        Target::Image(_) => Err("a digest follows from the image: it cannot be chosen".into()),
    }
}

/// Repositories to copy to that hold what is typed: the same name in other registries, then what is listed there.
pub fn destinations(state: &State, from: &Repository, typed: &str) -> Vec<String> {
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

/// The platforms of the image shown, if it is the one that was chosen.
fn platforms(state: &State, from: &Repository, what: &What) -> Vec<(Platform, bool)> {
    let is_shown = matches!((&state.detail.of, what), (Some((repository, selector)), What::Images(images))
        if repository == from && images.as_slice() == std::slice::from_ref(selector));
    let inspection = state.detail.inspection.value.as_ref().filter(|_| is_shown);
    let variants = inspection.map(|inspection| inspection.variants.as_slice()).unwrap_or_default();
    let platforms: Vec<(Platform, bool)> =
        variants.iter().filter_map(|variant| Some((variant.platform.clone()?, true))).collect();
    match platforms.len() {
        2..=MOST_PLATFORMS => platforms,
        _ => Vec::new(),
    }
}

impl Turn<'_> {
    /// Asks where the images go.
    pub fn prompt_to_copy(&mut self, from: Repository, what: What, begun: &str) {
        let platforms = platforms(self.state, &from, &what);
        let suggestions = destinations(self.state, &from, begun);
        let all_tags = what == What::AllTags;
        self.state.dialogs.push(Dialog::Copy(Box::new(Copy {
            from,
            what,
            input: begun.into(),
            suggestions,
            cursor: 0,
            referrers: true,
            all_tags,
            platforms,
            problem: None,
        })));
    }

    pub(super) fn key_in_copy(&mut self, mut prompt: Box<Copy>, key: KeyEvent) -> Option<Dialog> {
        let rows = prompt.rows();
        match (key.code, prompt.row()) {
            (KeyCode::Esc, _) => return None,
            (KeyCode::Enter, Row::Suggestion(at)) => {
                if let Some(name) = prompt.suggestions.get(at) {
                    prompt.input = name.clone().into();
                }
                self.suggest_destinations(&mut prompt);
            }
            (KeyCode::Enter, _) => match self.copy_wish(&prompt) {
                Ok(wish) => {
                    prompt.problem = None;
                    self.plan_of(wish, Dialog::Copy(prompt));
                    return None;
                }
                Err(problem) => prompt.problem = Some(problem),
            },
            (KeyCode::Down | KeyCode::Tab, _) => prompt.cursor = (prompt.cursor + 1) % rows.len().max(1),
            (KeyCode::Up | KeyCode::BackTab, _) => {
                prompt.cursor = prompt.cursor.checked_sub(1).unwrap_or(rows.len().saturating_sub(1));
            }
            (KeyCode::Char(' '), Row::Referrers | Row::AllTags | Row::Platform(_)) => prompt.turn(),
            _ if typed(&mut prompt.input, key) => self.suggest_destinations(&mut prompt),
            _ => {}
        }
        Some(Dialog::Copy(prompt))
    }

    /// The wish, unless a rule is against it.
    fn copy_wish(&self, prompt: &Copy) -> Result<Wish, String> {
        let wish = prompt.wish()?;
        if let Wish::Copy(copy) = &wish {
            let rules = &self.state.settings.rules;
            rules.may_copy(&copy.from, &copy.to).map_err(|refusal| said(&refusal).into_owned())?;
        }
        Ok(wish)
    }

    fn suggest_destinations(&self, prompt: &mut Copy) {
        prompt.suggestions = destinations(self.state, &prompt.from, prompt.input.value());
        prompt.cursor = 0;
        prompt.problem = None;
    }
}

/// How many tags or images, in words.
pub fn counted(what: &What) -> String {
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
            let (repository, tag) = destination(typed, &from).ok()?;
            Some(format!("{repository} {}", tag.map_or("-".into(), |tag| tag.to_string())))
        };
        assert_eq!(read("b.test/").as_deref(), Some("b.test/team/app -"));
        assert_eq!(read("b.test:5000").as_deref(), Some("b.test:5000/team/app -"));
        assert_eq!(read("b.test/x").as_deref(), Some("b.test/x -"));
        assert_eq!(read("b.test/x:1").as_deref(), Some("b.test/x 1"));
        assert_eq!(read("other").as_deref(), Some("a.test/other -"));
        assert_eq!(read(""), None);
    }
}
