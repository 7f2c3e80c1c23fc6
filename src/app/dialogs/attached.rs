//! An attached artifact or the result of a scan: its documents, each as a page of lines with a cursor.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::{Dialog, KeyedDialog, click, edit_input, move_row, save_prompt};
use crate::app::State;
use crate::app::actions::base_image;
use crate::app::cmd::Cmd;
use crate::app::filter::{Filter, Fit};
use crate::app::keys::{Binding, Keys, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::panes::details::referrers::ReferrerRow;
use crate::app::questions::{Ask, AttachedQuestion, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::attached::page::{AttachedLine, AttachedPage, LineAbout};
use crate::model::clip::ClipText;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::inspection::{ListedReferrer, Variant};
use crate::model::reference::Repository;
use crate::model::text::SafeText;

/// The source of the pages.
#[derive(Debug, Clone)]
enum PageSource {
    /// An attached artifact.
    Artifact(Arc<AttachedQuestion>),
    /// The last scan of an image of this registry.
    Scan(Repository, Digest),
}

/// An attached artifact, or the result of a scan, on the screen.
#[derive(Debug)]
pub struct AttachedDialog {
    /// The name of the artifact: its kinds, and the image that it is attached to.
    pub(crate) title: SafeText,
    /// The source of the pages.
    source: PageSource,
    /// The pages of its documents.
    pub(crate) pages: Remote<Vec<AttachedPage>>,
    /// The number of the page shown.
    pub(crate) page: usize,
    /// The numbers of the lines of the page that are shown: rows of tables that fit the words, and all other lines.
    pub(crate) shown_lines: Vec<usize>,
    /// The line under the cursor, of those that are shown.
    pub(crate) cursor: usize,
    /// The words that a row must contain to be shown.
    pub(crate) input: Input,
    /// Whether keys are typed into these words.
    pub(crate) is_typing: bool,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttachedEffect {
    /// Opens the image under the cursor in the panes.
    Open,
    /// Types words that rows must contain.
    Search,
    /// Copies the line under the cursor: of a package its URL.
    Yank,
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
    let (variant, referrer) = match detail.selected_referrer() {
        Some(ReferrerRow::Attached(variant, referrer)) => (variant, referrer),
        Some(ReferrerRow::Scan(facts)) => {
            let source = PageSource::Scan(inspection.repository.clone(), facts.digest);
            return open_dialog(update, "local scan".into(), source);
        }
        None => return,
    };
    let image = match variant {
        Some(variant) => variant.manifest.as_ref().ok().cloned(),
        None => Some(inspection.manifest.clone()),
    };
    let question = AttachedQuestion {
        repository: inspection.repository.clone(),
        artifact: referrer.descriptor.clone(),
        image,
    };
    let title = title(variant, referrer);
    open_dialog(update, title, PageSource::Artifact(Arc::new(question)));
}

fn open_dialog(update: &mut Update<'_>, title: SafeText, source: PageSource) {
    let mut dialog = AttachedDialog {
        title,
        source,
        pages: Remote::default(),
        page: 0,
        shown_lines: Vec::new(),
        cursor: 0,
        input: Input::default(),
        is_typing: false,
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
            attached.open_page(0);
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
        let ask = match &self.source {
            PageSource::Artifact(question) => Ask::Attached(question.clone()),
            PageSource::Scan(repository, digest) => Ask::ScanPage(repository.host.clone(), *digest),
        };
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

    /// Shows a page from its beginning.
    fn open_page(&mut self, page: usize) {
        self.page = page;
        self.search();
    }

    /// Returns the filter of the rows, which are compared in any case.
    pub(crate) fn filter(&self) -> Option<Filter> {
        Filter::parse(&self.input.value().to_lowercase())
    }

    /// Whether only rows with some words are shown.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.input.value().is_empty()
    }

    /// Finds the lines to show. The cursor goes to the first row that fits the words, else to the first line.
    fn search(&mut self) {
        let filter = self.filter();
        let mut buffer = Vec::new();
        let mut first = None;
        let mut shown = Vec::new();
        let lines = self.pages.value.as_ref().and_then(|pages| pages.get(self.page)).map(|page| &page.lines);
        for (number, line) in lines.into_iter().flatten().enumerate() {
            let is_row = matches!(line.about, LineAbout::Row(_));
            let fits = match &filter {
                Some(filter) if is_row => {
                    filter.match_row(line.text.as_str().into(), false, &mut buffer) == Fit::Contains
                }
                _ => true,
            };
            if fits {
                first = first.or_else(|| (is_row && filter.is_some()).then_some(shown.len()));
                shown.push(number);
            }
        }
        self.shown_lines = shown;
        self.cursor = first.unwrap_or(0);
    }

    /// Returns the line under the cursor.
    pub(crate) fn selected(&self) -> Option<&AttachedLine> {
        self.shown()?.lines.get(*self.shown_lines.get(self.cursor)?)
    }

    /// Returns the image under the cursor, as a build names it.
    pub(crate) fn selected_image(&self) -> Option<(&SafeText, Option<Digest>)> {
        match &self.selected()?.about {
            LineAbout::Image(name, digest) => Some((name, *digest)),
            LineAbout::Nothing | LineAbout::Row(_) => None,
        }
    }

    /// Returns whether there are rows to search.
    pub(crate) fn has_rows(&self) -> bool {
        self.shown().is_some_and(|page| page.lines.iter().any(|line| matches!(line.about, LineAbout::Row(_))))
    }

    /// Returns the lines that are shown.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &AttachedLine> {
        let lines = self.shown().map(|page| &page.lines[..]).unwrap_or_default();
        self.shown_lines.iter().filter_map(|number| lines.get(*number))
    }

    /// Returns the area of the lines: above the words, if there are some.
    pub(crate) fn lines_area(&self, state: &State) -> Rect {
        let inside = layout::inside(area(state));
        let foot = u16::from(self.is_typing || self.is_filtered());
        Rect { height: inside.height.saturating_sub(foot), ..inside }
    }

    /// Moves the cursor to the line under the click. A second click opens the image there.
    pub(super) fn click(mut self: Box<Self>, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let lines = self.lines_area(update.state);
        let count = self.shown_lines.len();
        if click::select_row(&mut self.cursor, lines, at, count) && self.selected_image().is_some() {
            return self.press(update, Pressed::Own(AttachedEffect::Open));
        }
        Some(Dialog::Attached(self))
    }

    /// Opens the image under the cursor. Returns whether it did.
    fn open_image(&self, update: &mut Update<'_>) -> bool {
        let Some((name, digest)) = self.selected_image() else {
            update.refuse("there is no image under the cursor");
            return false;
        };
        base_image::open_named(update, name.as_str(), digest)
    }

    fn yank(&self, update: &mut Update<'_>) {
        let Some(line) = self.selected() else { return };
        let text = match &line.about {
            LineAbout::Row(text) if !text.is_empty() => text.to_string(),
            LineAbout::Image(name, None) => name.to_string(),
            LineAbout::Image(name, Some(digest)) => format!("{name}@{digest}"),
            LineAbout::Row(_) | LineAbout::Nothing => line.text.to_string(),
        };
        let text = ClipText::clean(text.trim());
        if text.is_empty() {
            update.refuse("nothing to copy here");
        } else {
            update.cmds.push(Cmd::Copy(text));
        }
    }

    fn save(&self, update: &mut Update<'_>, is_payload: bool) {
        let part = self.shown().and_then(|page| page.part.as_ref());
        match (&self.source, part.map(|part| (part, &part.read))) {
            (PageSource::Artifact(question), Some((part, Ok((bytes, document))))) => {
                let bytes = if is_payload { &document.payload } else { bytes };
                save_prompt::show(update.state, &question.repository, part, bytes.clone());
            }
            (_, Some((_, Err(_)))) => update.refuse("the document was not read"),
            (PageSource::Scan(..), _) => {
                update.refuse(
                    "the result of a scan is no document of the registry: `regtui scan --json` prints it",
                );
            }
            (_, _) => update.refuse("there is no document to save"),
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
        Binding::new(
            "attached.open",
            chords!["Enter"],
            "open the base image under the cursor in the panes",
            AttachedEffect::Open,
        )
        .with_hint("open image"),
        Binding::new(
            "attached.search",
            chords!["/"],
            "show rows with some words only",
            AttachedEffect::Search,
        )
        .with_hint("filter"),
        Binding::new(
            "attached.yank",
            chords!["y"],
            "copy the row: the URL of a package, the name of a vulnerability, else the line",
            AttachedEffect::Yank,
        ),
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

    fn is_in_text(&self) -> bool {
        self.is_typing
    }

    /// While words are typed, all characters belong to them.
    fn meaning(&self, keys: &Keys, key: crossterm::event::KeyEvent) -> Pressed<AttachedEffect> {
        if self.is_typing {
            keys.press_in_prompt(Self::BINDINGS, key, true)
        } else {
            keys.press(Self::BINDINGS, key)
        }
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<AttachedEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) if self.is_typing || self.is_filtered() => {
                (self.input, self.is_typing) = (Input::default(), false);
                self.search();
            }
            Pressed::Shared(SharedEffect::Move(to)) => {
                self.cursor = move_row(self.cursor, self.shown_lines.len(), to);
            }
            Pressed::Shared(SharedEffect::Cancel) | Pressed::Own(AttachedEffect::Close) => {
                self.cancel(update);
                return None;
            }
            Pressed::Own(AttachedEffect::Open) if self.is_typing => self.is_typing = false,
            Pressed::Own(AttachedEffect::Open) => {
                if self.open_image(update) {
                    self.cancel(update);
                    return None;
                }
            }
            Pressed::Own(AttachedEffect::Search) if self.has_rows() => self.is_typing = true,
            Pressed::Own(AttachedEffect::Search) => update.refuse("there are no rows to search"),
            Pressed::Own(AttachedEffect::Yank) => self.yank(update),
            Pressed::Own(AttachedEffect::Save) => self.save(update, false),
            Pressed::Own(AttachedEffect::SavePayload) => self.save(update, true),
            Pressed::Own(AttachedEffect::Next) => self.open_page((self.page + 1) % self.count().max(1)),
            Pressed::Own(AttachedEffect::Refresh) => self.ask(update),
            Pressed::Text(key) if self.is_typing && edit_input(&mut self.input, key) => self.search(),
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Attached(self))
    }
}
