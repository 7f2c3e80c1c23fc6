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

/// The result of a check.
#[derive(Debug, Clone)]
pub(crate) enum LoginCheck {
    /// The registry has judged the login.
    Checked(CheckedLogin),
    /// The registry names this token service (`host:port`) outside of its own site, which the user has not allowed to get
    /// the login. Nothing was sent.
    Withheld(SafeText),
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

/// Checks a login at its registry with as few tries as possible, so that a wrong password does not lock the account. The login is
/// sent to the registry, to token services of its site, and to the one that the user allows here.
pub(crate) async fn check_login(
    pool: &Pool,
    host: &Host,
    input: &LoginInput,
    token_service: Option<&str>,
) -> Result<LoginCheck, Failure> {
    let what = format!("cannot log in to {host}");
    let mut failure = Failure::local(what.clone(), "no login was given");
    for login in readings(input) {
        let client = pool.client_with_login(host, login.clone(), token_service);
        let verdict = match client.check_login().await {
            Ok(verdict) => verdict,
            Err(error) => match error.cause {
                Cause::LoginWithheld { token_service, .. } => LoginVerdict::Withheld(token_service),
                Cause::LoginRefused(why) => LoginVerdict::Refused(why, error.peer),
                _ => {
                    failure = error.failure(what.clone());
                    continue;
                }
            },
        };
        let checked = |identity, is_proven| {
            Ok(LoginCheck::Checked(CheckedLogin { login: login.clone(), identity, is_proven }))
        };
        match verdict {
            LoginVerdict::Accepted(identity) => return checked(identity, true),
            LoginVerdict::Unasked => return checked(login.identity(), false),
            LoginVerdict::Withheld(service) => return Ok(LoginCheck::Withheld(service)),
            LoginVerdict::Refused(why, by) => failure = refused(what.clone(), &why, &by),
            LoginVerdict::Unsafe => failure = not_sent(host, what.clone()),
        }
    }
    Err(failure)
}

fn refused(what: String, why: &SafeText, by: &Peer) -> Failure {
    let by = match by {
        Peer::Registry => String::new(),
        peer => format!("{peer}: "),
    };
    denied(what, format!("{by}{why}"), WRONG_LOGIN.into())
}

fn not_sent(host: &Host, what: String) -> Failure {
    denied(
        what,
        "it is reached without TLS, so the password is not sent".into(),
        format!("`http://{host}` allows it for this run, and `plain_http = true` for good"),
    )
}

fn denied(what: String, why: String, hint: String) -> Failure {
    Failure {
        what: SafeText::from(what),
        why: SafeText::from(why),
        hint: Some(SafeText::from(hint)),
        kind: FailureKind::Denied,
    }
}

/// Returns the registries for which a login is saved, or was made in this run. No secret is asked for.
pub(crate) async fn saved_logins(pool: &Pool) -> Vec<Host> {
    pool.credentials().saved().await
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
    let service = request.token_service.as_ref().map(SafeText::as_str);
    let checked = match check_login(pool, host, &request.input, service).await? {
        LoginCheck::Checked(checked) => checked,
        LoginCheck::Withheld(service) => return Ok(LoginOutcome::Withheld(service)),
    };
    if !checked.is_proven && !request.is_unchecked {
        return Ok(LoginOutcome::Unasked);
    }
    let identity = describe_identity(&checked.identity);
    let kept = if request.is_stored {
        let place = place_for(pool, host).await?;
        store_login(pool, host, &checked, &place, service).await?;
        format!("stored in {place}")
    } else {
        if let Some(service) = service {
            pool.token_services().allow_for_this_run(host, service).await;
        }
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

/// Stores a checked login and the token service that the user allowed to get it, and uses both from now on. A login of
/// this run for the same registry gives way to it.
pub(crate) async fn store_login(
    pool: &Pool,
    host: &Host,
    checked: &CheckedLogin,
    place: &LoginPlace,
    token_service: Option<&str>,
) -> Result<(), Failure> {
    if let Some(service) = token_service {
        pool.token_services().allow(host, service).await.map_err(|error| Failure {
            what: SafeText::from(format!("cannot remember the token service `{service}` of {host}")),
            why: SafeText::from(error.to_string()),
            hint: None,
            kind: FailureKind::Local,
        })?;
    }
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
