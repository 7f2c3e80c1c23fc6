//! The place where a login is stored, and the places from which it is removed.
//!
//! A login stays where it is today. A new one goes to the credential helper that a file names, or else into docker's
//! file, which docker, podman, skopeo, crane and oras read, or podman's if that is the only one there is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Credentials;
use super::auth_file::{self, EditError, File, FileLogin, KeyRule, put_login, remove_login};
use super::helper::Helpers;
use super::keychain::LoginFile;
use super::login::Login;
use super::login_file::edit_file;
use super::problem::LoginProblem;
use crate::model::reference::Host;
use crate::model::text::SafeText;

/// The place where a login for one registry is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginPlace {
    file: PathBuf,
    rule: KeyRule,
    helper: Option<NamedHelper>,
    /// Whether the file names tokens of a login by browser for the registry.
    has_browser_tokens: bool,
}

/// A credential helper that a file names for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedHelper {
    suffix: String,
    setting: &'static str,
    /// The names under which it may have the login, the first is the one to store it under.
    servers: Vec<String>,
}

/// The result of removing the logins for a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogoutReport {
    /// The places that had a login and have none any more.
    pub(crate) removed: Vec<SafeText>,
    /// The source that still has a login.
    pub(crate) left: Option<SafeText>,
    /// The files that still name tokens of a login by browser. Only docker can revoke those, and only while it has them.
    pub(crate) with_browser_tokens: Vec<SafeText>,
    /// The reasons why places could not be read or changed.
    pub(crate) problems: Vec<LoginProblem>,
}

impl LoginPlace {
    fn problem(&self, helper: &NamedHelper, why: SafeText) -> LoginProblem {
        LoginProblem::Helper {
            source: SafeText::from(self.file.display().to_string()),
            setting: helper.setting,
            program: SafeText::from(helper.program()),
            why,
        }
    }
}

impl NamedHelper {
    fn program(&self) -> String {
        format!("docker-credential-{}", self.suffix)
    }

    fn server(&self) -> &str {
        self.servers.first().map_or("", String::as_str)
    }
}

impl fmt::Display for LoginPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = SafeText::from(self.file.display().to_string());
        match &self.helper {
            Some(helper) => {
                let program = SafeText::from(helper.program());
                write!(f, "`{program}`, which `{}` in `{file}` names", helper.setting)
            }
            None => write!(f, "`{file}`, where it is not encrypted"),
        }
    }
}

impl Credentials {
    /// Uses a login for a registry in this run only. It is stored nowhere.
    pub(crate) fn use_for_this_run(&self, host: &Host, login: Login) {
        self.session.put(host.clone(), login);
    }

    /// Forgets the login of this run for a registry.
    pub(crate) fn forget_for_this_run(&self, host: &Host) {
        self.session.remove(host);
    }

    /// Returns the place where a login for a registry would be stored. Asks the helpers, and changes nothing.
    ///
    /// Fails if a file that comes first cannot be read, or if a source that cannot be changed has a login.
    pub(crate) async fn place(&self, host: &Host) -> Result<LoginPlace, LoginProblem> {
        let mut candidates = Vec::new();
        for keychain in self.keychains.iter() {
            let lookup = keychain.login(host, None).await;
            let Some(file) = keychain.login_file() else {
                if lookup.login.is_some() {
                    let source = SafeText::from(keychain.source().display().to_string());
                    return Err(LoginProblem::Shadowed { source });
                }
                continue;
            };
            let (place, exists) = place_in(file, host).await?;
            if lookup.login.is_some() {
                return Ok(place);
            }
            candidates.push((place, file.is_named, exists));
        }
        let named = candidates.iter().find(|(_, is_named, _)| *is_named);
        let with_helper = candidates.iter().find(|(place, ..)| place.helper.is_some());
        // Docker's file is the last. Podman's first one is gone after a restart.
        let existing = candidates.iter().rev().find(|(.., exists)| *exists);
        let chosen = named.or(with_helper).or(existing).or(candidates.last());
        chosen.map(|(place, ..)| place.clone()).ok_or_else(|| LoginProblem::Unwritable {
            source: "the home folder".into(),
            why: "`HOME` does not name it".into(),
        })
    }

    /// Stores a login for a registry, and looks afterwards whether it is there.
    pub(crate) async fn store(
        &self,
        host: &Host,
        login: &Login,
        place: &LoginPlace,
    ) -> Result<(), LoginProblem> {
        let unwritable = |why: &str| LoginProblem::Unwritable {
            source: SafeText::from(place.file.display().to_string()),
            why: SafeText::from(why.to_string()),
        };
        if let Some(helper) = &place.helper {
            let helpers = self.helpers_of(place).ok_or_else(|| unwritable("it is no source of logins"))?;
            let failed = |why| place.problem(helper, why);
            helpers.store(&helper.suffix, helper.server(), login).await.map_err(failed)?;
            let stored = helpers.login(&helper.suffix, &helper.servers[..1]).await.map_err(failed)?;
            if stored.as_ref() != Some(login) {
                return Err(failed("took the login and does not have it".into()));
            }
        }
        // A helper for one registry needs no mark. One for all has it in docker's file.
        let text_has_login = place.helper.is_none();
        if text_has_login || place.helper.as_ref().is_some_and(|helper| helper.setting == "credsStore") {
            let written = text_has_login.then(|| login.clone());
            let (host, rule) = (host.clone(), place.rule);
            edit(&place.file, move |text| put_login(text, rule, &host, written.as_ref()).map(Some)).await?;
        }
        Ok(())
    }

    /// Removes the logins for a registry from all sources that can be changed, those of this run included, and looks
    /// afterwards whether one is left. Logins for parts of the registry stay.
    pub(crate) async fn log_out(&self, host: &Host) -> LogoutReport {
        let mut report = LogoutReport::default();
        if self.session.remove(host) {
            report.removed.push("this run".into());
        }
        for file in self.keychains.iter().filter_map(|keychain| keychain.login_file()) {
            let place = match place_in(file, host).await {
                Ok((place, true)) => place,
                Ok((_, false)) => continue,
                Err(problem) => {
                    report.problems.push(problem);
                    continue;
                }
            };
            if place.has_browser_tokens {
                report.with_browser_tokens.push(SafeText::from(file.path.display().to_string()));
            }
            if let Some(helper) = &place.helper {
                self.erase(file.helpers, &place, helper, &mut report).await;
            }
            let removed = {
                let host = host.clone();
                edit(file.path, move |text| remove_login(text, &host)).await
            };
            match removed {
                // The mark for a helper is no login.
                Ok(true) if place.helper.is_none() => {
                    report.removed.push(SafeText::from(file.path.display().to_string()));
                }
                Ok(_) => {}
                Err(problem) => report.problems.push(problem),
            }
        }
        let found = self.find(host, None).await;
        report.left = found.source.filter(|_| found.login.is_some());
        report
    }

    async fn erase(
        &self,
        helpers: &Helpers,
        place: &LoginPlace,
        helper: &NamedHelper,
        report: &mut LogoutReport,
    ) {
        for server in &helper.servers {
            let server = std::slice::from_ref(server);
            // Helpers answer that they erased a login which they never had.
            match helpers.login(&helper.suffix, server).await {
                Ok(Some(_)) => {}
                Ok(None) => continue,
                Err(why) => {
                    report.problems.push(place.problem(helper, why));
                    continue;
                }
            }
            match helpers.erase(&helper.suffix, &server[0]).await {
                Ok(_) => report.removed.push(SafeText::from(helper.program())),
                Err(why) => report.problems.push(place.problem(helper, why)),
            }
        }
    }

    fn helpers_of(&self, place: &LoginPlace) -> Option<&Helpers> {
        let mut files = self.keychains.iter().filter_map(|keychain| keychain.login_file());
        files.find(|file| file.path == place.file).map(|file| file.helpers)
    }
}

/// Returns the place that a file gives the login for a registry, and whether the file exists.
async fn place_in(file: LoginFile<'_>, host: &Host) -> Result<(LoginPlace, bool), LoginProblem> {
    let source = || SafeText::from(file.path.display().to_string());
    let text = match auth_file::read(file.path).await {
        Ok(text) => text,
        Err(why) => return Err(LoginProblem::Unreadable { source: source(), why }),
    };
    let exists = text.is_some();
    let parsed = File::parse(&text.unwrap_or_default()).map_err(|(line, column)| LoginProblem::NotJson {
        source: source(),
        line,
        column,
    })?;
    let helper = match parsed.find(file.rule, host, None).0 {
        Some(FileLogin::Helper { suffix, setting, mut servers }) => {
            if setting == "credsStore" {
                // New logins are kept under the usual name, whatever other names the file has.
                servers.reverse();
            }
            Some(NamedHelper { suffix, setting, servers })
        }
        Some(FileLogin::Login(_)) | None => None,
    };
    let has_browser_tokens = parsed.has_browser_tokens(file.rule, host);
    Ok((LoginPlace { file: file.path.to_path_buf(), rule: file.rule, helper, has_browser_tokens }, exists))
}

/// Changes a file without blocking the caller.
async fn edit(
    path: &Path,
    change: impl Fn(&str) -> Result<Option<String>, EditError> + Send + 'static,
) -> Result<bool, LoginProblem> {
    let (path, source) = (path.to_path_buf(), SafeText::from(path.display().to_string()));
    let edited = tokio::task::spawn_blocking(move || edit_file(&path, change)).await;
    edited.unwrap_or_else(|_| Err(LoginProblem::Unwritable { source, why: "the change was cut off".into() }))
}
