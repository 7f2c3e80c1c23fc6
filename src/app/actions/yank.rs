//! The contents of panes: they can be copied to the clipboard, shown in the pager, or asked for again.

use std::borrow::Cow;
use std::time::Duration;

use crate::app::cmd::Cmd;
use crate::app::dialogs::{Choice, Dialog, Menu, MenuEntry};
use crate::app::list::Move;
use crate::app::panes::details::{Tab, Text};
use crate::app::panes::tags::SortBy;
use crate::app::update::Update;
use crate::app::{Pane, selection};
use crate::model::clip::ClipText;
use crate::model::digest::Digest;
use crate::model::page::ListedName;
use crate::model::reference::{Host, Selector, Tag};
use crate::model::server::Transport;
use crate::model::summary::Kind;

impl Update<'_> {
    /// Opens the menu of texts that can be copied from the focused pane.
    pub fn open_yank_menu(&mut self) {
        let entries = self.yank_entries();
        if entries.is_empty() {
            return self.refuse("nothing to copy here");
        }
        let title = match selection::hidden_selected_names(self.state).len() {
            0 => "Yank".into(),
            hidden => format!("Yank, {hidden} hidden").into(),
        };
        self.state.dialogs.push(Dialog::Menu(Menu { title, entries, cursor: 0 }));
    }

    fn yank_entries(&self) -> Vec<MenuEntry> {
        let state = &*self.state;
        let Some(registry) = state.registries.selected() else { return Vec::new() };
        match state.focus {
            Pane::Registries => vec![entry('h', "host", registry.host.as_str())],
            Pane::Repositories => {
                let repositories = &registry.repositories;
                let marked = repositories.list.marked();
                let names = marked.into_iter().filter_map(|item| repositories.listed_at(item)?.name());
                let host = self.host_in_references(&registry.host);
                let mut names: Vec<String> = names.map(|name| format!("{host}/{name}")).collect();
                if names.is_empty() {
                    names.extend(repositories.selected().map(|name| format!("{host}/{name}")));
                }
                names.truncate(100_000);
                if names.is_empty() { Vec::new() } else { vec![lines_entry('r', "reference", names)] }
            }
            Pane::Tags | Pane::Details => self.yank_image(),
        }
    }

    fn yank_image(&self) -> Vec<MenuEntry> {
        let state = &*self.state;
        let Some((repository, selector)) = &state.detail.image else { return Vec::new() };
        let repository = &format!("{}/{}", self.host_in_references(&repository.host), repository.name);
        let marked: Vec<&Tag> = match state.focus {
            Pane::Tags => state
                .tags
                .list
                .marked()
                .into_iter()
                .filter_map(|item| state.tags.tags.items.get(item)?.name())
                .collect(),
            _ => Vec::new(),
        };
        if !marked.is_empty() {
            let lines = |line: &dyn Fn(&Tag) -> String| marked.iter().map(|tag| line(tag)).collect();
            return vec![
                lines_entry('r', "references", lines(&|tag| format!("{repository}:{tag}"))),
                lines_entry('t', "tags", lines(&Tag::to_string)),
                lines_entry('p', "pull commands", lines(&|tag| self.pull_command(repository, tag))),
            ];
        }
        let summary = state
            .detail
            .inspection
            .value
            .as_ref()
            .map(|inspection| &inspection.summary)
            .or(state.tags.summary());
        let digest: Option<Digest> = match selector {
            Selector::Digest(digest) => Some(*digest),
            Selector::Tag(_) => summary.map(|summary| summary.digest),
        };
        let mut entries = Vec::new();
        if let Selector::Tag(tag) = selector {
            entries.push(entry('r', "reference", &format!("{repository}:{tag}")));
        }
        entries
            .extend(digest.map(|digest| entry('R', "digest reference", &format!("{repository}@{digest}"))));
        match selector {
            Selector::Tag(tag) => {
                entries.push(entry('p', "pull command", &self.pull_command(repository, tag)))
            }
            Selector::Digest(digest) => {
                entries.push(entry(
                    'p',
                    "pull command",
                    &format!("{} pull {repository}@{digest}", state.settings.pull_with),
                ));
            }
        }
        entries.extend(digest.map(|digest| entry('d', "digest", &digest.to_string())));
        if let Some(inspection) = &state.detail.inspection.value {
            let manifest = String::from_utf8_lossy(&inspection.manifest.raw);
            entries.push(entry('m', "manifest, JSON", &manifest));
        }
        if state.focus == Pane::Details && state.detail.tab == Tab::Layers {
            let row = state
                .detail
                .layers
                .selected()
                .and_then(|row| state.detail.selected_variant()?.layers.rows.get(row));
            // The digest in a manifest may be any text: only a valid one is offered.
            if let Some(digest) = row.and_then(|row| row.layer.as_ref()).and_then(|layer| layer.digest) {
                entries.push(entry('l', "layer digest", &digest.to_string()));
            }
            if let Some(command) = row.and_then(|row| row.created_by.as_deref()) {
                entries.push(entry('c', "command of the step", command));
            }
        }
        entries.retain(|entry| !matches!(&entry.choice, Choice::Copy(text) if text.is_empty()));
        entries
    }

    /// Returns the registry's name as docker and podman understand it.
    fn host_in_references<'a>(&self, host: &'a Host) -> Cow<'a, str> {
        let registry = self.state.registries.items.iter().find(|registry| registry.host == *host);
        let server = registry.and_then(|registry| registry.server.value.as_ref());
        host.reference_prefix(server.is_some_and(|server| server.transport == Transport::Plain))
    }

    fn pull_command(&self, repository: &str, tag: &Tag) -> String {
        let inspection = self.state.detail.inspection.value.as_ref();
        match inspection.is_some_and(|inspection| inspection.summary.kind == Kind::HelmChart) {
            true => format!("helm pull oci://{repository} --version {tag}"),
            false => format!("{} pull {repository}:{tag}", self.state.settings.pull_with),
        }
    }

    /// Opens the sort menu.
    pub fn open_sort_menu(&mut self) {
        let sort = self.state.tags.sort;
        let entry = |by: SortBy| {
            let (key, label, order) = match by {
                SortBy::Version => ('v', "version", ["newest first", "oldest first"]),
                SortBy::Name => ('n', "name", ["A to Z", "Z to A"]),
                SortBy::Date => ('d', "date", ["newest first", "oldest first"]),
                SortBy::Size => ('s', "size", ["largest first", "smallest first"]),
            };
            let reverses = sort.by == by && !sort.reversed;
            MenuEntry { key, label, preview: order[usize::from(reverses)].into(), choice: Choice::Sort(by) }
        };
        let entries = SortBy::ALL.into_iter().map(entry).collect();
        let cursor = SortBy::ALL.iter().position(|by| *by == sort.by).unwrap_or(0);
        self.state.dialogs.push(Dialog::Menu(Menu { title: "Sort by".into(), entries, cursor }));
    }

    /// Carries out the choice of a menu entry.
    pub fn apply_choice(&mut self, choice: Choice) {
        match choice {
            Choice::Sort(by) => {
                self.state.tags.sort_by(by);
                self.state.tags.list.is_user_selected = false;
                self.state.tags.list.move_cursor(Move::First);
                self.state.tags.list.is_user_selected = false;
            }
            Choice::Copy(text) => self.cmds.push(Cmd::Copy(text)),
            Choice::Stay => self.state.jobs.quits_when_idle = false,
            Choice::QuitAfterJobs => self.quit_after_jobs(),
            Choice::StopAndQuit => self.stop_jobs_and_quit(),
        }
    }

    /// Shows the contents of the focused pane in the pager. In Details, this is the config on the Config tab and the
    /// manifest on all others.
    pub fn show_in_pager(&mut self) {
        let state = &*self.state;
        let text = match state.focus {
            Pane::Registries => names(state.registries.items.iter().map(|registry| registry.host.as_str())),
            Pane::Repositories => names(state.registries.selected().into_iter().flat_map(|registry| {
                let repositories = &registry.repositories;
                repositories
                    .list
                    .rows
                    .iter()
                    .filter_map(|item| repositories.listed_at(*item as usize))
                    .map(ListedName::text)
            })),
            Pane::Tags => {
                let items =
                    state.tags.list.rows.iter().filter_map(|item| state.tags.tags.items.get(*item as usize));
                names(items.map(ListedName::text))
            }
            Pane::Details if state.detail.tab == Tab::Config => lines(&state.detail.config),
            Pane::Details => lines(&state.detail.manifest),
        };
        match text.is_empty() {
            true => self.refuse("nothing to show here"),
            false => self.cmds.push(Cmd::ShowInPager(text)),
        }
    }

    /// Asks again for the data that the focused pane shows.
    pub fn refresh(&mut self) {
        let host = self.state.registries.selected().map(|registry| registry.host.clone());
        match self.state.focus {
            Pane::Registries | Pane::Repositories => {
                let Some(host) = host else { return };
                if let Some(registry) = self.state.registries.of(&host) {
                    registry.server.failure = None;
                    let slot = crate::app::cmd::Slot::Server(host.clone());
                    let ask = crate::app::cmd::Ask::Server(host.clone());
                    let ticket = self.ask(slot, Duration::ZERO, ask);
                    self.state
                        .registries
                        .of(&host)
                        .into_iter()
                        .for_each(|registry| registry.server.ask(ticket));
                }
                self.load_repositories(&host);
            }
            Pane::Tags => {
                self.load_tags(Duration::ZERO);
                if self.state.tags.opened_under_cursor().is_some() {
                    self.load_image(Duration::ZERO, None);
                }
            }
            Pane::Details => self.load_image(Duration::ZERO, None),
        }
    }

    /// Forgets everything about the registry and asks again.
    pub fn reload(&mut self) {
        let Some(host) = self.state.registries.selected().map(|registry| registry.host.clone()) else {
            return;
        };
        self.cmds.push(Cmd::Forget(host.clone()));
        self.state.view_cache.forget_registry(&host);
        self.cancel_summaries();
        self.state.tags.summaries.clear();
        self.state.tags.digest_counts.clear();
        self.load_tags(Duration::ZERO);
        self.load_image(Duration::ZERO, None);
        let focus = std::mem::replace(&mut self.state.focus, Pane::Repositories);
        self.refresh();
        self.state.focus = focus;
        self.say_done(format!("reloading {host}"));
    }
}

fn entry(key: char, label: &'static str, text: &str) -> MenuEntry {
    clip_entry(key, label, ClipText::clean(text))
}

fn lines_entry(key: char, label: &'static str, lines: Vec<String>) -> MenuEntry {
    clip_entry(key, label, ClipText::lines_of(lines))
}

fn clip_entry(key: char, label: &'static str, text: ClipText) -> MenuEntry {
    MenuEntry { key, label, preview: text.preview(), choice: Choice::Copy(text) }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.fold(String::new(), |text, name| text + name + "\n")
}

/// Largest number of lines passed to the pager.
const MOST_PAGED: usize = 100_000;

fn lines(of: &Text) -> String {
    let mut text = String::new();
    for line in of.window(0, MOST_PAGED) {
        text.extend(std::iter::repeat_n(' ', line.indent.into()));
        line.pieces.iter().for_each(|(_, piece)| text.push_str(piece.as_str()));
        text.push('\n');
    }
    if of.len() > MOST_PAGED {
        text.push_str(&format!("… and {} more lines\n", of.len() - MOST_PAGED));
    }
    text
}
