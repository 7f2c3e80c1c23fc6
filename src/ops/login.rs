//! Logins that the user enters: they are checked before they are used or stored.

use crate::client::credentials::{Login, LoginPlace};
use crate::client::registry::connection::Connection;
use crate::client::{Cause, LoginVerdict, Peer, Pool};
use crate::model::failure::{Failure, FailureKind};
use crate::model::login::{LoginFacts, LoginInput, LoginOutcome, LoginRequest, describe_identity};
use crate::model::reference::Host;
use crate::model::server::Identity;
use crate::model::text::SafeText;

/// The hint after a refusal.
const WRONG_LOGIN: &str =
    "are user and password right? many registries take an access token in place of the password";

/// A login that the registry has judged.
#[derive(Debug, Clone)]
pub(crate) struct CheckedLogin {
    login: Login,
    /// The identity that the login gives the user.
    pub(crate) identity: Identity,
    /// Whether the registry accepted it. Otherwise it answers without a login and asks for none.
    pub(crate) is_proven: bool,
}

/// Returns the logins that the input may mean. Without a name of a user, the secret is a token for the token service, or
/// one for the registry itself.
fn readings(input: &LoginInput) -> Vec<Login> {
    let secret = || input.secret.clone();
    if input.user.is_empty() {
        vec![Login::Identity(secret()), Login::Bearer(secret())]
    } else {
        vec![Login::Password { user: input.user.clone(), password: secret() }]
    }
}

/// Checks a login at its registry with as few tries as possible, so that a wrong password locks nobody out. The login is
/// used for nothing else.
pub(crate) async fn check_login(
    pool: &Pool,
    host: &Host,
    input: &LoginInput,
) -> Result<CheckedLogin, Failure> {
    let what = format!("cannot log in to {host}");
    let mut failure = Failure::local(what.clone(), "no login was given");
    for login in readings(input) {
        let client = pool.client_with_login(host, login.clone());
        let verdict = match client.check_login().await {
            Ok(verdict) => verdict,
            Err(error) => {
                let is_refused = matches!(error.cause, Cause::LoginRefused(_));
                failure = error.failure(what.clone());
                if is_refused {
                    failure.hint = Some(WRONG_LOGIN.into());
                }
                continue;
            }
        };
        match verdict {
            LoginVerdict::Accepted(identity) => return Ok(CheckedLogin { login, identity, is_proven: true }),
            LoginVerdict::Unasked => {
                let identity = login.identity();
                return Ok(CheckedLogin { login, identity, is_proven: false });
            }
            refused => failure = explain(host, what.clone(), &refused),
        }
    }
    Err(failure)
}

fn explain(host: &Host, what: String, verdict: &LoginVerdict) -> Failure {
    let denied = |why: String, hint: String| Failure {
        what: SafeText::from(what.clone()),
        why: SafeText::from(why),
        hint: Some(SafeText::from(hint)),
        kind: FailureKind::Denied,
    };
    match verdict {
        LoginVerdict::Refused(why, by) => {
            let by = match by {
                Peer::Registry => String::new(),
                peer => format!("{peer}: "),
            };
            denied(format!("{by}{why}"), WRONG_LOGIN.into())
        }
        LoginVerdict::Withheld(service) => denied(
            format!("it names the token service `{service}`, which is outside of its own site"),
            format!(
                "if that token service may get the login, add `realm_allow = [\"{service}\"]` below `[registries.\"{host}\"]` in the configuration"
            ),
        ),
        LoginVerdict::Unsafe | LoginVerdict::Accepted(_) | LoginVerdict::Unasked => denied(
            "it is reached without TLS, so the password is not sent".into(),
            format!("`http://{host}` allows it for this run, and `plain_http = true` for good"),
        ),
    }
}

/// Returns the login for a registry that is used now, and the place for a new one. Asks the helpers, and changes nothing.
pub(crate) async fn login_facts(pool: &Pool, host: &Host) -> LoginFacts {
    let credentials = pool.credentials();
    let found = credentials.find(host, None).await;
    let current = found.login.map(|login| login.identity()).zip(found.source);
    let place = credentials.place(host).await;
    LoginFacts {
        current,
        place: place
            .map(|place| SafeText::from(place.to_string()))
            .map_err(|problem| SafeText::from(problem.to_string())),
    }
}

/// Checks a login, and uses it if the registry accepts it.
pub(crate) async fn log_in(pool: &Pool, request: &LoginRequest) -> Result<LoginOutcome, Failure> {
    let host = &request.host;
    let checked = check_login(pool, host, &request.input).await?;
    if !checked.is_proven && !request.is_unchecked {
        return Ok(LoginOutcome::Unasked);
    }
    let identity = describe_identity(&checked.identity);
    let kept = if request.is_stored {
        let place = place_for(pool, host).await?;
        store_login(pool, host, &checked, &place).await?;
        format!("stored in {place}")
    } else {
        use_login(pool, host, &checked);
        "for this run".into()
    };
    let done = if checked.is_proven { "logged in to" } else { "not checked: the login for" };
    Ok(LoginOutcome::Done(SafeText::from(format!("{done} {host} {identity}, {kept}"))))
}

/// Returns the place where a login for a registry would be stored.
pub(crate) async fn place_for(pool: &Pool, host: &Host) -> Result<LoginPlace, Failure> {
    pool.credentials().place(host).await.map_err(|problem| Failure {
        what: SafeText::from(format!("cannot store a login for {host}")),
        why: SafeText::from(problem.to_string()),
        hint: None,
        kind: FailureKind::Local,
    })
}

/// Stores a checked login, and uses it from now on. A login of this run for the same registry gives way to it.
pub(crate) async fn store_login(
    pool: &Pool,
    host: &Host,
    checked: &CheckedLogin,
    place: &LoginPlace,
) -> Result<(), Failure> {
    let stored = pool.credentials().store(host, &checked.login, place).await;
    stored.map_err(|problem| Failure {
        what: SafeText::from(format!("cannot store the login for {host}")),
        why: SafeText::from(problem.to_string()),
        hint: None,
        kind: FailureKind::Local,
    })?;
    pool.credentials().forget_for_this_run(host);
    pool.registry(host).connection().into_iter().for_each(Connection::reread_logins);
    Ok(())
}

/// Uses a checked login until the program ends. It is stored nowhere.
pub(crate) fn use_login(pool: &Pool, host: &Host, checked: &CheckedLogin) {
    pool.credentials().use_for_this_run(host, checked.login.clone());
    pool.registry(host).connection().into_iter().for_each(Connection::reread_logins);
}
