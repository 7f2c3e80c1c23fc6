//! The prompt for the file that a document is saved to.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::image_diff::report::DiffReport;
use super::prompt_field::{FieldPlaces, PromptField};
use super::saved_content::SavedContent;
use super::{Dialog, KeyedDialog};
use crate::app::State;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::notices::Level;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::Ticket;
use crate::app::update::Update;
use crate::model::attached::AttachedPart;
use crate::model::failure::Failure;
use crate::model::reference::Repository;
use crate::model::size;
use crate::model::text::SafeText;

/// The help on valid names.
pub(crate) const HELP: &str = "a new file; one that exists is never written over";
/// The annotation with the name of a file.
const FILE_NAME: &str = "org.opencontainers.image.title";
/// The longest name that is proposed, in bytes.
const LONGEST: usize = 100;

/// A prompt for the name of a file.
#[derive(Debug)]
pub struct SavePrompt {
    /// The content to save.
    content: SavedContent,
    /// The text field.
    pub(crate) field: PromptField,
    /// The ticket of the question that saves the file.
    awaited: Option<Ticket>,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaveEffect {
    /// Saves the file.
    Save,
}

/// Asks for the file that a document is saved to.
pub(super) fn show(state: &mut State, repository: &Repository, part: &AttachedPart, bytes: Bytes) {
    let field = PromptField::of(&proposed_name(repository, part), Vec::new());
    push(state, SavedContent::Bytes(bytes), field);
}

/// Asks for the file that a report is saved to.
pub(super) fn show_report(state: &mut State, report: DiffReport) {
    let field = PromptField::of(&report.file_name(), Vec::new());
    push(state, SavedContent::Report(Box::new(report)), field);
}

fn push(state: &mut State, content: SavedContent, field: PromptField) {
    state.dialogs.push(Dialog::Save(SavePrompt { content, field, awaited: None }));
}

/// Returns a name for the file of a document, in the current folder: the one that its annotation names, else the names of
/// the repository and of the kind.
fn proposed_name(repository: &Repository, part: &AttachedPart) -> String {
    let plain = |text: &str| {
        let is_plain =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
        let name: String =
            text.chars().map(|character| if is_plain(character) { character } else { '-' }).collect();
        name.trim_matches(['.', '-']).chars().take(LONGEST).collect::<String>()
    };
    let named = part.descriptor.annotations.get(FILE_NAME).map(|name| plain(name));
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let last = repository.name.components().next_back().unwrap_or_default();
        let kind = part.kind().short_name().to_lowercase().replace(", ", "-");
        format!("{}.json", plain(&format!("{last}-{kind}")))
    })
}

/// Takes the result of saving a file.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<SafeText, Failure>) {
    let is_awaited =
        |dialog: &Dialog| matches!(dialog, Dialog::Save(prompt) if prompt.awaited == Some(ticket));
    let Some(at) = update.state.dialogs.iter().position(is_awaited) else { return };
    match answer {
        Ok(saved) => {
            update.state.dialogs.remove(at);
            update.say(Level::Done, saved, None);
        }
        Err(failure) => {
            if let Some(Dialog::Save(prompt)) = update.state.dialogs.get_mut(at) {
                prompt.awaited = None;
                prompt.field.refuse(failure.why.to_string(), Vec::new());
            }
        }
    }
}

impl SavePrompt {
    /// Computes the parts of the prompt.
    pub(crate) fn places(&self, state: &State) -> FieldPlaces {
        let about = match &self.content {
            SavedContent::Bytes(bytes) => format!("save {} as", size::bytes(bytes.len() as u64)),
            SavedContent::Report(_) => "save the report (Markdown) as".into(),
        };
        FieldPlaces::of(state, &[about], &self.field, HELP)
    }

    fn submit(mut self, update: &mut Update<'_>) -> Dialog {
        let name = self.field.text().trim().to_owned();
        if name.is_empty() {
            self.field.refuse("the file needs a name".into(), Vec::new());
        } else if self.awaited.is_none() {
            let ask = Ask::Save(PathBuf::from(name), self.content.clone());
            self.awaited = Some(update.ask(Slot::Save, Duration::ZERO, ask));
        }
        Dialog::Save(self)
    }
}

impl KeyedDialog for SavePrompt {
    type Effect = SaveEffect;

    const TITLE: &'static str = "Save";

    const BINDINGS: &'static [Binding<SaveEffect>] =
        &[Binding::new("save.save", chords!["Enter"], "save the file", SaveEffect::Save).with_hint("save")];

    const IS_PROMPT: bool = true;

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<SaveEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(SaveEffect::Save) => return Some(self.submit(update)),
            Pressed::Text(key) if self.field.edit(key) => self.field.suggest(Vec::new()),
            Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Save(self))
    }
}
