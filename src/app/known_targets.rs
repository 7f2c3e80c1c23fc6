//! The targets that the user may want to open: bookmarks, those used lately, registries with a login, configured
//! registries, and the repositories of the open registry. The prompt for a name lists them.

use std::collections::HashSet;

use super::State;
use super::actions::quoted_key;
use super::cmd::Cmd;
use super::filter::Filter;
use super::update::Update;
use crate::model::plural::counted;
use crate::model::reference::{Host, Repository, RepositoryName, Target, Typed};

/// Largest number of registries used lately that are kept.
const MOST_RECENT: usize = 30;
/// Largest number of repositories of the open registry that are offered at once.
const MOST_LISTED: usize = 50;

/// The reason why a target is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetOrigin {
    /// The user bookmarked it.
    Bookmark,
    /// It was opened lately.
    Recent,
    /// A login for it is saved.
    Login,
    /// The configuration has settings for it.
    Configured,
    /// The open registry lists it.
    Listed,
    /// It is one of the meanings of the text.
    Meaning,
}

impl TargetOrigin {
    /// Returns the word for the origin.
    pub(crate) fn word(self) -> &'static str {
        match self {
            TargetOrigin::Bookmark => "bookmark",
            TargetOrigin::Recent => "recent",
            TargetOrigin::Login => "login",
            TargetOrigin::Configured => "configured",
            TargetOrigin::Listed => "listed",
            TargetOrigin::Meaning => "meaning",
        }
    }

    /// Returns whether the user can have it forgotten.
    pub(crate) fn can_be_forgotten(self) -> bool {
        matches!(self, TargetOrigin::Bookmark | TargetOrigin::Recent)
    }
}

/// A target that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownTarget {
    /// The reason why it is known.
    pub(crate) origin: TargetOrigin,
    /// The target.
    pub(crate) target: Target,
}

/// Returns the targets that match the text, each once, in the order of their origins. Without a text these are all, but
/// none that are only listed.
pub(crate) fn find(state: &State, typed: &str) -> Vec<KnownTarget> {
    let mut seen = HashSet::new();
    let is_new = |known: &KnownTarget| seen.insert(known.target.clone());
    let all: Vec<KnownTarget> = remembered(state).filter(is_new).collect();
    let Some(filter) = Filter::parse(typed) else { return all };
    let names: Vec<String> = all.iter().map(|known| known.target.to_string()).collect();
    let rows = filter.rows((0..).zip(names.iter().map(String::as_str)));
    let mut found: Vec<KnownTarget> = rows.iter().filter_map(|row| all.get(*row as usize).cloned()).collect();
    let seen: HashSet<Target> = found.iter().map(|known| known.target.clone()).collect();
    found.extend(listed(state, typed).filter(|known| !seen.contains(&known.target)).take(MOST_LISTED));
    found
}

/// Returns the names of known targets that mean them on the command line.
pub(crate) fn typed_names(state: &State) -> Vec<String> {
    let registries = state.known_registries();
    let typed = |known: KnownTarget| {
        let name = match &known.target {
            Target::Registry(host) => host.to_typed(),
            target => target.to_string(),
        };
        Typed::parse(&name, &registries).is_ok_and(|typed| typed.target == known.target).then_some(name)
    };
    remembered(state).filter_map(typed).collect()
}

/// Returns everything that is known without asking a registry.
fn remembered(state: &State) -> impl Iterator<Item = KnownTarget> {
    let settings = &state.settings;
    let here = state.registries.selected().map(|registry| &registry.host);
    let bookmarks = settings.bookmarks.iter().cloned();
    // Those of the open registry come first: it may be unable to list them.
    let of_here = here.and_then(|here| settings.remembered.get_key_value(here));
    let hosts = settings.recent_registries.iter().filter(move |host| Some(*host) != here);
    let recent = hosts.flat_map(|host| {
        let names = settings.remembered.get(host).into_iter().flatten();
        std::iter::once(Target::Registry(host.clone())).chain(names.map(|name| repository(host, name)))
    });
    let elsewhere = settings
        .remembered
        .iter()
        .filter(move |(host, _)| Some(*host) != here && !settings.recent_registries.contains(host));
    let repositories = |(host, names): (&'_ Host, &'_ Vec<RepositoryName>)| {
        names.iter().map(|name| repository(host, name)).collect::<Vec<_>>()
    };
    let recent = of_here.into_iter().flat_map(repositories).chain(recent);
    let recent = recent.chain(elsewhere.flat_map(repositories));
    let logins = state.saved_logins.value.iter().flatten();
    let registries = move |hosts: Vec<&Host>| {
        hosts.into_iter().filter(move |host| Some(*host) != here).cloned().map(Target::Registry).collect()
    };
    let logins: Vec<Target> = registries(logins.collect());
    let configured: Vec<Target> = registries(settings.configured.iter().collect());
    let of = |origin| move |target| KnownTarget { origin, target };
    bookmarks
        .map(of(TargetOrigin::Bookmark))
        .chain(recent.map(of(TargetOrigin::Recent)))
        .chain(logins.into_iter().map(of(TargetOrigin::Login)))
        .chain(configured.into_iter().map(of(TargetOrigin::Configured)))
}

/// Returns the repositories of the open registry that contain the text.
fn listed(state: &State, typed: &str) -> impl Iterator<Item = KnownTarget> {
    let typed = typed.trim().to_lowercase();
    let registry = state.registries.selected();
    let names = registry.into_iter().flat_map(move |registry| {
        let host = &registry.host;
        let typed = typed.strip_prefix(&format!("{host}/")).unwrap_or(&typed).to_string();
        let names = registry.repositories.names.items.iter().filter_map(|listed| listed.name());
        names.filter(move |name| name.as_str().contains(&typed)).map(|name| repository(host, name))
    });
    names.map(|target| KnownTarget { origin: TargetOrigin::Listed, target })
}

fn repository(host: &Host, name: &RepositoryName) -> Target {
    Target::Repository(Repository { host: host.clone(), name: name.clone() })
}

/// Puts a registry that answered before all others that were used lately.
pub(crate) fn record_registry(update: &mut Update<'_>, host: &Host) {
    let recent = &mut update.state.settings.recent_registries;
    if recent.first() == Some(host) {
        return;
    }
    recent.retain(|known| known != host);
    recent.insert(0, host.clone());
    recent.truncate(MOST_RECENT);
    update.cmds.push(Cmd::RecordRegistry(host.clone(), true));
}

/// Makes a target a bookmark, or no bookmark any more.
pub(crate) fn toggle_bookmark(update: &mut Update<'_>, target: Target) {
    let is_kept = update.state.settings.bookmarks.toggle(&target);
    let text = if is_kept {
        let list = quoted_key(&update.state.settings.keys, "registries.open");
        format!("bookmarked {target}: {list} lists it")
    } else {
        format!("{target} is no bookmark any more")
    };
    update.say_done(text);
    update.cmds.push(Cmd::Bookmark(target, is_kept));
}

/// Forgets a target, or tells the user the reason why it stays.
pub(crate) fn forget(update: &mut Update<'_>, known: KnownTarget) {
    let KnownTarget { origin, target } = known;
    let host = target.host();
    match (origin, &target) {
        (TargetOrigin::Bookmark, _) => {
            if update.state.settings.bookmarks.remove(&target) {
                update.say_done(format!("{target} is no bookmark any more"));
                update.cmds.push(Cmd::Bookmark(target, false));
            }
        }
        (TargetOrigin::Recent, Target::Registry(host)) => {
            update.state.settings.recent_registries.retain(|known| known != host);
            update.cmds.push(Cmd::RecordRegistry(host.clone(), false));
            let names = update.state.settings.remembered.remove(host).unwrap_or_default();
            let text = match names.len() {
                0 => format!("forgot {host}"),
                count => {
                    format!("forgot {host} and {}", counted(count, "repository in it", "repositories in it"))
                }
            };
            if !names.is_empty() {
                update.cmds.push(Cmd::Remember(host.clone(), Vec::new()));
            }
            update.say_done(text);
        }
        (TargetOrigin::Recent, _) => {
            if let Some(repository) = target.repository() {
                super::open::forget_opened(update, repository);
                update.say_done(format!("forgot {repository}"));
            }
        }
        (TargetOrigin::Login, _) => {
            update.refuse(format!("a login for it is saved: `regtui logout {host}` removes that"));
        }
        (TargetOrigin::Configured, _) => {
            update
                .refuse(format!("the configuration has settings for {host}: it stays while they are there"));
        }
        (TargetOrigin::Listed | TargetOrigin::Meaning, _) => {
            update.refuse("it is not remembered, so there is nothing to forget");
        }
    }
}
