//! An attached artifact: its documents, each as a page that scrolls.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;

use super::{Dialog, KeyedDialog, save_prompt};
use crate::app::State;
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::list::Move;
use crate::app::questions::{Ask, AttachedQuestion, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::attached::page::AttachedPage;
use crate::model::failure::Failure;
use crate::model::inspection::{ListedReferrer, Variant};
use crate::model::text::SafeText;

/// An attached artifact on the screen.
#[derive(Debug)]
pub struct AttachedDialog {
    /// The name of the artifact: its kinds, and the image that it is attached to.
    pub(crate) title: SafeText,
    /// The artifact that was asked for.
    question: Arc<AttachedQuestion>,
    /// The pages of its documents.
    pub(crate) pages: Remote<Vec<AttachedPage>>,
    /// The number of the page shown.
    pub(crate) page: usize,
    /// The first line drawn.
    pub(crate) scroll: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttachedEffect {
    /// Asks for a file to save the document to.
    Save,
    /// Asks for a file to save the innermost document to.
    SavePayload,
    /// Shows the next document.
    Next,
    /// Reads the artifact again.
    Refresh,
    /// Closes the dialog.
    Close,
}

/// Opens the artifact under the cursor of the Referrers tab.
pub(crate) fn show(update: &mut Update<'_>) {
    let detail = &update.state.detail;
    let Some(inspection) = &detail.inspection.value else { return };
    let chosen = detail.referrers.selected().and_then(|row| inspection.all_referrers().nth(row));
    let Some((variant, referrer)) = chosen else { return };
    let image = match variant {
        Some(variant) => variant.manifest.as_ref().ok().cloned(),
        None => Some(inspection.manifest.clone()),
    };
    let question = AttachedQuestion {
        repository: inspection.repository.clone(),
        artifact: referrer.descriptor.clone(),
        image,
    };
    let mut dialog = AttachedDialog {
        title: title(variant, referrer),
        question: Arc::new(question),
        pages: Remote::default(),
        page: 0,
        scroll: 0,
    };
    dialog.ask(update);
    update.state.dialogs.push(Dialog::Attached(Box::new(dialog)));
}

fn title(variant: Option<&Variant>, referrer: &ListedReferrer) -> SafeText {
    match variant {
        Some(variant) => SafeText::from(format!("{} of {}", referrer.name(), variant.name())),
        None => SafeText::from(referrer.name()),
    }
}

/// Takes the documents of an artifact.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<Vec<AttachedPage>, Failure>) {
    for dialog in &mut update.state.dialogs {
        if let Dialog::Attached(attached) = dialog
            && attached.pages.pending == Some(ticket)
        {
            attached.pages.answer(ticket, answer, update.now);
            (attached.page, attached.scroll) = (0, 0);
            return;
        }
    }
}

/// Returns the box of an attached artifact with its border.
pub(crate) fn area(state: &State) -> Rect {
    layout::log(state)
}

impl AttachedDialog {
    fn ask(&mut self, update: &mut Update<'_>) {
        let ask = Ask::Attached(self.question.clone());
        self.pages.ask(update.ask(Slot::Attached, Duration::ZERO, ask));
    }

    /// Returns the page shown.
    pub(crate) fn shown(&self) -> Option<&AttachedPage> {
        self.pages.value.as_ref()?.get(self.page)
    }

    /// Returns the number of documents.
    pub(crate) fn count(&self) -> usize {
        self.pages.value.as_ref().map_or(0, Vec::len)
    }

    fn scroll_to(&mut self, state: &State, to: Move) {
        let height = usize::from(layout::inside(area(state)).height);
        let furthest = self.shown().map_or(0, |page| page.lines.len()).saturating_sub(height);
        let half = (height / 2).max(1) as isize;
        let to = match to {
            Move::By(lines) => self.scroll.saturating_add_signed(lines),
            Move::HalfPages(pages) => self.scroll.saturating_add_signed(pages.saturating_mul(half)),
            Move::First => 0,
            Move::Last => furthest,
            Move::To(line) => line,
        };
        self.scroll = to.min(furthest);
    }

    fn save(&self, update: &mut Update<'_>, is_payload: bool) {
        match self.shown().map(|page| (&page.part, &page.part.read)) {
            Some((part, Ok((bytes, document)))) => {
                let bytes = if is_payload { &document.payload } else { bytes };
                save_prompt::show(update.state, &self.question.repository, part, bytes.clone());
            }
            Some((_, Err(_))) => update.refuse("the document was not read"),
            None => update.refuse("there is no document to save"),
        }
    }

    /// Gives up the open question.
    fn cancel(&self, update: &mut Update<'_>) {
        if self.pages.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::Attached));
        }
    }
}

impl KeyedDialog for Box<AttachedDialog> {
    type Effect = AttachedEffect;

    const TITLE: &'static str = "Attached artifact";

    const BINDINGS: &'static [Binding<AttachedEffect>] = &[
        Binding::new("attached.save", chords!["x"], "save the document as a new file", AttachedEffect::Save)
            .with_hint("save"),
        Binding::new(
            "attached.save-payload",
            chords!["X"],
            "save it without the envelope and the statement around it",
            AttachedEffect::SavePayload,
        )
        .with_hint("save payload"),
        Binding::new(
            "attached.next",
            chords!["Tab", "n"],
            "next document of the artifact",
            AttachedEffect::Next,
        )
        .with_hint("next"),
        Binding::new("attached.refresh", chords!["r"], "read it again", AttachedEffect::Refresh),
        Binding::new("attached.close", chords!["q", "h", "Left"], "leave", AttachedEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<AttachedEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Move(to)) => self.scroll_to(update.state, to),
            Pressed::Shared(SharedEffect::Cancel) | Pressed::Own(AttachedEffect::Close) => {
                self.cancel(update);
                return None;
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
            Pressed::Own(AttachedEffect::Save) => self.save(update, false),
            Pressed::Own(AttachedEffect::SavePayload) => self.save(update, true),
            Pressed::Own(AttachedEffect::Next) => {
                self.page = (self.page + 1) % self.count().max(1);
                self.scroll = 0;
            }
            Pressed::Own(AttachedEffect::Refresh) => self.ask(update),
        }
        Some(Dialog::Attached(self))
    }
}
