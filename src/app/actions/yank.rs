//! The texts that can be copied to the clipboard.

use std::borrow::Cow;

use super::Action;
use super::availability::check_open;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::menu::{Choice, Menu, MenuEntry};
use crate::app::keys::chords;
use crate::app::panes::details::Tab;
use crate::app::panes::details::referrers::ReferrerRow;
use crate::app::update::Update;
use crate::app::{Pane, State, selection};
use crate::model::clip::ClipText;
use crate::model::digest::Digest;
use crate::model::reference::{Host, Selector, Tag};
use crate::model::server::Transport;
use crate::model::summary::Kind;

/// Opens the menu of texts to copy to the clipboard.
pub(crate) static YANK: Action = Action::new(
    "panes.yank",
    chords!["y"],
    "yank menu: reference, digest reference, pull command, digest, JSON",
    open_yank_menu,
)
.with_hint("yank", 3)
.about_rows()
.with_entry("yank", "copy a name to the clipboard")
.available_if(check_open);

/// Opens the menu of texts that can be copied from the focused pane.
fn open_yank_menu(update: &mut Update<'_>) {
    let entries = yank_entries(update.state);
    if entries.is_empty() {
        return update.refuse("nothing to copy here");
    }
    let title = match selection::hidden_selected_names(update.state).len() {
        0 => "Yank".into(),
        hidden => format!("Yank, {hidden} hidden").into(),
    };
    update.state.dialogs.push(Dialog::Menu(Menu { title, entries, cursor: 0 }));
}

fn yank_entries(state: &State) -> Vec<MenuEntry> {
    let Some(registry) = state.registries.selected() else { return Vec::new() };
    match state.focus {
        Pane::Registries => vec![entry('h', "host", registry.host.as_str())],
        Pane::Repositories => {
            let repositories = &registry.repositories;
            let marked = repositories.list.marked();
            let names = marked.into_iter().filter_map(|item| repositories.listed_at(item)?.name());
            let host = host_in_references(state, &registry.host);
            let mut names: Vec<String> = names.map(|name| format!("{host}/{name}")).collect();
            if names.is_empty() {
                names.extend(repositories.selected().map(|name| format!("{host}/{name}")));
            }
            names.truncate(100_000);
            if names.is_empty() { Vec::new() } else { vec![lines_entry('r', "reference", names)] }
        }
        Pane::Details if state.detail.tab == Tab::Files => {
            yank_file(state).into_iter().chain(yank_image(state)).collect()
        }
        Pane::Tags | Pane::Details => yank_image(state),
    }
}

fn yank_image(state: &State) -> Vec<MenuEntry> {
    let Some((repository, selector)) = &state.detail.image else { return Vec::new() };
    let repository = &format!("{}/{}", host_in_references(state, &repository.host), repository.name);
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
            lines_entry('p', "pull commands", lines(&|tag| pull_command(state, repository, tag))),
        ];
    }
    let summary =
        state.detail.inspection.value.as_ref().map(|inspection| &inspection.summary).or(state.tags.summary());
    let digest: Option<Digest> = match selector {
        Selector::Digest(digest) => Some(*digest),
        Selector::Tag(_) => summary.map(|summary| summary.digest),
    };
    let mut entries = Vec::new();
    if let Selector::Tag(tag) = selector {
        entries.push(entry('r', "reference", &format!("{repository}:{tag}")));
    }
    entries.extend(digest.map(|digest| entry('R', "digest reference", &format!("{repository}@{digest}"))));
    match selector {
        Selector::Tag(tag) => entries.push(entry('p', "pull command", &pull_command(state, repository, tag))),
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
    if state.focus == Pane::Details
        && state.detail.tab == Tab::Referrers
        && let Some(ReferrerRow::Attached(_, referrer)) = state.detail.selected_referrer()
        && let Some(digest) = referrer.descriptor.digest
    {
        entries.push(entry('a', "artifact digest", &digest.to_string()));
    }
    entries.retain(|entry| !matches!(&entry.choice, Choice::Copy(text) if text.is_empty()));
    entries
}

/// Returns the texts about the file under the cursor.
fn yank_file(state: &State) -> Vec<MenuEntry> {
    let browser = &state.detail.files.browser;
    let Some((scene, id)) = browser.scene().zip(browser.selected()) else { return Vec::new() };
    let path = scene.tree.path(id);
    let path = String::from_utf8_lossy(&path);
    let mut entries = vec![entry('f', "path", &format!("/{path}"))];
    if let (Some((repository, selector)), false) = (&state.detail.image, scene.is_directory(id)) {
        let image = format!("{repository}{}", selector.suffix());
        let mut words = vec!["regtui", "cat", &image, &path];
        let platform = state.detail.selected_variant().and_then(|variant| variant.listed_platform.as_ref());
        let platform = platform.map(ToString::to_string);
        if let Some(platform) = &platform {
            words.extend(["--platform", platform]);
        }
        entries.push(entry('c', "command that prints it", &shell_words::join(words)));
    }
    let sha256 = scene.entry(id).and_then(|entry| entry.sha256);
    entries.extend(sha256.map(|sum| entry('s', "sha256 of the file", &Digest::Sha256(sum).to_string())));
    entries
}

/// Returns the registry's name as docker and podman understand it.
fn host_in_references<'a>(state: &State, host: &'a Host) -> Cow<'a, str> {
    let registry = state.registries.items.iter().find(|registry| registry.host == *host);
    let server = registry.and_then(|registry| registry.server.value.as_ref());
    host.reference_prefix(server.is_some_and(|server| server.transport == Transport::Plain))
}

fn pull_command(state: &State, repository: &str, tag: &Tag) -> String {
    let inspection = state.detail.inspection.value.as_ref();
    if inspection.is_some_and(|inspection| inspection.summary.kind == Kind::HelmChart) {
        format!("helm pull oci://{repository} --version {tag}")
    } else {
        format!("{} pull {repository}:{tag}", state.settings.pull_with)
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
