//! The request log: the last requests and those that are awaited, searchable. Each can be copied as a command of curl or
//! of another registry tool.

pub(crate) mod commands;

use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::menu::{Choice, Menu, MenuEntry};
use super::{Dialog, KeyedDialog, click, edit_input, move_row};
use crate::app::State;
use crate::app::filter::{Filter, Fit};
use crate::app::keys::{Binding, Keys, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::list::Move;
use crate::app::update::Update;
use crate::model::clip::ClipText;
use crate::model::request_line::{AwaitedRequest, RequestLine};

/// The request log.
#[derive(Debug, Default)]
pub struct RequestLog {
    /// The words that a request must contain to be shown.
    pub(crate) input: Input,
    /// Whether keys are typed into these words.
    pub(crate) is_typing: bool,
    /// The row under the cursor, counted from the newest one.
    pub(crate) from_newest: usize,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestEffect {
    /// Opens the menu of texts to copy.
    Yank,
    /// Types words to search for.
    Search,
    /// Closes the log.
    Close,
}

/// A row of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestRow<'a> {
    /// A request that ended.
    Ended(&'a RequestLine),
    /// A request that is awaited.
    Awaited(&'a AwaitedRequest),
}

impl RequestRow<'_> {
    /// Returns method and URL.
    pub(crate) fn target(&self) -> (&'static str, &str) {
        match self {
            RequestRow::Ended(line) => (line.method, line.url.as_str()),
            RequestRow::Awaited(request) => (request.method, request.url.as_str()),
        }
    }

    /// Returns whether the row contains the words of a filter.
    fn contains(&self, filter: &Filter) -> bool {
        let (method, url) = self.target();
        let result = match self {
            RequestRow::Ended(line) => {
                let status = line.status.map(|status| status.to_string());
                format!(
                    "{} {}",
                    status.unwrap_or_default(),
                    line.failure.as_ref().map_or("", |text| text.as_str())
                )
            }
            RequestRow::Awaited(_) => "awaited".into(),
        };
        let text = format!("{method} {url} {result}");
        filter.match_row(text.trim_end().into(), false, &mut Vec::new()) == Fit::Contains
    }
}

impl RequestLog {
    /// Returns the rows that match the words, the oldest first.
    pub(crate) fn rows<'a>(&self, state: &'a State) -> Vec<RequestRow<'a>> {
        let filter = self.filter();
        let ended = state.requests.iter().map(RequestRow::Ended);
        let all = ended.chain(state.awaited.iter().map(RequestRow::Awaited));
        all.filter(|row| filter.as_ref().is_none_or(|filter| row.contains(filter))).collect()
    }

    /// Returns the filter of the requests. Methods and URLs are compared in any case.
    pub(crate) fn filter(&self) -> Option<Filter> {
        Filter::parse(&self.input.value().to_lowercase())
    }

    /// Returns the row under the cursor, counted from the oldest one, of so many rows.
    pub(crate) fn cursor(&self, rows: usize) -> usize {
        rows.saturating_sub(1).saturating_sub(self.from_newest)
    }

    /// Returns whether the log shows only requests that match some words.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.input.value().is_empty()
    }

    /// Returns the area of the rows: below the headings, and above the words while there are any.
    pub(crate) fn rows_area(&self, state: &State) -> Rect {
        let inner = layout::inside(layout::log(state));
        let foot = u16::from(self.is_typing || self.is_filtered());
        let rows = layout::below(inner, 1);
        Rect { height: rows.height.saturating_sub(foot), ..rows }
    }

    fn move_to(&mut self, state: &State, to: Move) {
        let rows = self.rows(state).len();
        let row = move_row(self.cursor(rows), rows, to);
        self.from_newest = rows.saturating_sub(1).saturating_sub(row);
    }

    /// Moves the cursor to the row under the click. A second click opens the menu.
    pub(super) fn click(mut self, update: &mut Update<'_>, at: Position) -> Option<Dialog> {
        let rows = self.rows(update.state).len();
        let mut cursor = self.cursor(rows);
        let is_again = click::select_row(&mut cursor, self.rows_area(update.state), at, rows);
        self.from_newest = rows.saturating_sub(1).saturating_sub(cursor);
        if is_again {
            self.open_menu(update);
        }
        Some(Dialog::Requests(self))
    }

    /// Opens the menu of texts to copy for the request under the cursor.
    fn open_menu(&self, update: &mut Update<'_>) {
        let rows = self.rows(update.state);
        let Some((method, url)) = rows.get(self.cursor(rows.len())).map(RequestRow::target) else {
            return update.refuse("there is no request to copy");
        };
        let entries = commands::of(method, url).into_iter().map(|(key, label, text)| {
            let text = ClipText::clean(&text);
            MenuEntry { key, label, preview: text.preview(), choice: Choice::Copy(text) }
        });
        let menu = Menu { title: "Yank".into(), entries: entries.collect(), cursor: 0 };
        update.state.dialogs.push(Dialog::Menu(menu));
    }
}

impl KeyedDialog for RequestLog {
    type Effect = RequestEffect;

    const TITLE: &'static str = "Requests";

    const BINDINGS: &'static [Binding<RequestEffect>] = &[
        Binding::new(
            "requests.yank",
            chords!["y", "Enter"],
            "copy the URL, or a command that sends the request",
            RequestEffect::Yank,
        )
        .with_hint("yank"),
        Binding::new("requests.search", chords!["/"], "search", RequestEffect::Search).with_hint("search"),
        Binding::new("requests.close", chords!["q", "h", "@"], "leave", RequestEffect::Close),
    ];

    fn is_in_text(&self) -> bool {
        self.is_typing
    }

    /// While words are typed, all characters belong to them.
    fn meaning(&self, keys: &Keys, key: crossterm::event::KeyEvent) -> Pressed<RequestEffect> {
        if self.is_typing {
            keys.press_in_prompt(RequestLog::BINDINGS, key, true)
        } else {
            keys.press(RequestLog::BINDINGS, key)
        }
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<RequestEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Cancel) if self.is_typing || self.is_filtered() => {
                self = RequestLog::default();
            }
            Pressed::Own(RequestEffect::Close) | Pressed::Shared(SharedEffect::Cancel) => return None,
            Pressed::Own(RequestEffect::Search) => self.is_typing = true,
            Pressed::Own(RequestEffect::Yank) if self.is_typing => self.is_typing = false,
            Pressed::Own(RequestEffect::Yank) => self.open_menu(update),
            Pressed::Text(key) if self.is_typing && edit_input(&mut self.input, key) => self.from_newest = 0,
            Pressed::Shared(SharedEffect::Move(to)) => self.move_to(update.state, to),
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::Requests(self))
    }
}
