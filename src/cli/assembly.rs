//! The clients and the context of a run, and the reasons why the cache, the state or a file of the system is not used.

use std::collections::HashSet;

use super::{GlobalOptions, print};
use crate::client::credentials::{Credentials, TokenServices};
use crate::client::{Pins, Pool, Timeouts};
use crate::config::{Config, paths};
use crate::files::find_distrust;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;
use crate::ops::journal::Journal;
use crate::runtime::Inbox;
use crate::store::{self, state::StateStore};

/// Returns the clients, with the logins of docker and podman.
pub(super) fn pool(config: &Config, state: StateStore, inbox: Option<&Inbox>) -> Pool {
    let timeouts = Timeouts::default().with_silence_of(config.timeout);
    let mut settings = config.client_settings();
    settings.cache = settings.cache.filter(|folder| find_distrust(folder).is_none());
    settings.credentials = Credentials::from_env_in_order(
        |name| std::env::var_os(name),
        &config.system.containers_logins(),
        timeouts.helper,
    );
    settings.token_services = TokenServices::kept_in(state.clone());
    settings.pins = Pins::kept_in(state);
    settings.timeouts = timeouts;
    settings.sink = inbox.map(Inbox::sink).unwrap_or_default();
    Pool::new(settings)
}

/// Returns the state for a command that prints.
pub(super) fn state() -> StateStore {
    let state = StateStore::new(paths::state());
    state.on_failure(print::print_problem);
    state
}

/// Returns a failure if the cache is not used because other users may have put something there.
pub(super) fn unused_cache(config: &Config) -> Option<Failure> {
    let distrust = config.client_settings().cache.and_then(|folder| find_distrust(&folder))?;
    Some(Failure {
        what: "the cache is not used".into(),
        why: SafeText::from(distrust.to_string()),
        hint: distrust.hint.map(SafeText::from),
        kind: FailureKind::Local,
    })
}

/// Returns a failure for each file of the system with errors: its first error.
pub(super) fn system_problems(config: &Config) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut named = HashSet::new();
    for problem in config.system.problems.iter().filter(|problem| !problem.is_unknown_key) {
        if named.insert(&problem.file) {
            failures.push(Failure {
                what: SafeText::from(format!("a part of `{}` is not used", problem.file.display())),
                why: SafeText::from(problem.why.clone()),
                hint: Some("`regtui config check` lists all errors; `system_registries = false` turns these files off".into()),
                kind: FailureKind::Local,
            });
        }
    }
    failures
}

/// Returns a failure if the journal and the opened names cannot be used.
pub(super) fn unused_state(state: &StateStore) -> Option<Failure> {
    let error = state.check().err()?;
    Some(Failure {
        what: "neither the journal nor the names that were opened are used, so nothing can be changed".into(),
        why: SafeText::from(error.to_string()),
        hint: store::error::hint(&error).map(SafeText::from),
        kind: FailureKind::Local,
    })
}

/// Returns the context of changes: the registries, the rules, and the journal. If there is no place for the journal,
/// every change is refused.
pub(super) fn context(options: &GlobalOptions, config: &Config, inbox: Option<&Inbox>) -> ChangeContext {
    let mut rules = options.rules(config);
    let state = StateStore::new(paths::state());
    if state.folder().is_none() {
        rules.read_only.get_or_insert("the missing folder of the journal (`XDG_STATE_HOME` names one)");
    }
    match inbox {
        Some(inbox) => state.on_failure(inbox.failure_sender()),
        None => state.on_failure(print::print_problem),
    }
    let pool = pool(config, state.clone(), inbox);
    rules.relocations = pool.routes().relocations();
    let journal = Journal::new(state).with_pool(pool.clone());
    ChangeContext { pool, rules, journal }
}
