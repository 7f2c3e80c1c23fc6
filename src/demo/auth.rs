//! Authorisation: none, Basic, or Bearer with its own token endpoint (distribution docs, `spec/auth/token.md` and
//! `oauth.md`).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::json;
use tokio::time::Instant;

use super::error_reply::ErrorReply;
use super::reply::{self, Reply};
use super::route::{Query, Route};

/// The method by which the registry authorises its users.
#[derive(Debug, Clone, Default)]
pub enum AuthMode {
    /// Every client may do everything.
    #[default]
    Open,
    /// One user with a password, sent with each request.
    Basic(Account),
    /// Tokens from `/token`, bound to scopes.
    Bearer(TokenIssuer),
}

/// The only user, with all rights.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name.
    pub(crate) user: String,
    /// The password.
    pub(crate) password: String,
}

/// The settings for issuing tokens.
#[derive(Debug, Clone)]
pub struct TokenIssuer {
    /// The user with every scope that is asked for.
    pub account: Account,
    /// The name of the service in the challenge.
    pub service: String,
    /// Whether `pull` is granted without a login.
    pub anonymous_pull: bool,
    /// How long a token is valid.
    pub expires_in: Duration,
    /// Whether tokens can be requested by POST (oauth2). If not, the answer is 404, as on some servers.
    pub post: bool,
}

impl Account {
    /// Creates a user with a password.
    pub fn new(user: &str, password: &str) -> Account {
        Account { user: user.to_owned(), password: password.to_owned() }
    }

    fn has_login(&self, user: &str, password: &str) -> bool {
        self.user == user && self.password == password
    }
}

impl TokenIssuer {
    /// Issues tokens for five minutes, to anonymous users for `pull`, also by POST.
    pub fn new(account: Account) -> TokenIssuer {
        let expires_in = Duration::from_secs(300);
        TokenIssuer { account, service: "demo".into(), anonymous_pull: true, expires_in, post: true }
    }
}

/// A single right that a token grants: `pull` of `repository:team/app`.
type Right = (String, String);

#[derive(Debug)]
struct Grant {
    rights: BTreeSet<Right>,
    until: Instant,
}

/// The valid tokens.
#[derive(Debug, Default)]
pub(crate) struct IssuedTokens {
    issued: Mutex<Issued>,
}

#[derive(Debug, Default)]
struct Issued {
    count: u64,
    access: HashMap<String, Grant>,
    refresh: HashMap<String, Account>,
}

impl IssuedTokens {
    /// Makes every access token invalid.
    pub(crate) fn expire(&self) {
        self.lock().access.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allows(&self, token: &str, right: Option<&Right>) -> Result<(), Weak> {
        match self.lock().access.get(token).filter(|grant| grant.until > Instant::now()) {
            None => Err(Weak::Invalid),
            Some(grant) if right.is_some_and(|right| !grant.rights.contains(right)) => {
                Err(Weak::Insufficient)
            }
            Some(_) => Ok(()),
        }
    }
}

/// The reason why a token is refused.
enum Weak {
    Invalid,
    Insufficient,
}

/// The authorisation of one request.
pub(crate) struct Gatekeeper<'a> {
    /// The required logins.
    pub(crate) auth: &'a AuthMode,
    /// The valid tokens.
    pub(crate) tokens: &'a IssuedTokens,
    /// The URL at which clients reach this server: `http://host:port`.
    pub(crate) base: &'a str,
}

impl Gatekeeper<'_> {
    /// Admits the request. Fails with a challenge if it lacks a login or a right.
    pub(crate) fn admit(
        &self,
        method: &Method,
        route: &Route,
        headers: &HeaderMap,
    ) -> Result<(), ErrorReply> {
        let rights = rights_for(method, route);
        match self.auth {
            AuthMode::Open => Ok(()),
            AuthMode::Basic(account) => {
                let known =
                    basic(headers).is_some_and(|(user, password)| account.has_login(&user, &password));
                if known { Ok(()) } else { Err(challenge("Basic realm=\"demo\"".to_owned())) }
            }
            AuthMode::Bearer(bearer) => self.admit_bearer(bearer, &rights, headers),
        }
    }

    /// Returns whether the client may also read `repository`, to mount from it.
    pub(crate) fn may_pull(&self, repository: &str, headers: &HeaderMap) -> bool {
        let right = (format!("repository:{repository}"), "pull".to_owned());
        match self.auth {
            AuthMode::Open | AuthMode::Basic(_) => true,
            AuthMode::Bearer(_) => {
                token(headers).is_some_and(|token| self.tokens.allows(token, Some(&right)).is_ok())
            }
        }
    }

    fn admit_bearer(
        &self,
        bearer: &TokenIssuer,
        rights: &[Right],
        headers: &HeaderMap,
    ) -> Result<(), ErrorReply> {
        let weak = match token(headers) {
            None => None,
            Some(token) if rights.is_empty() => self.tokens.allows(token, None).err(),
            Some(token) => rights.iter().find_map(|right| self.tokens.allows(token, Some(right)).err()),
        };
        if token(headers).is_some() && weak.is_none() {
            return Ok(());
        }
        let mut text = format!("Bearer realm=\"{}/token\",service=\"{}\"", self.base, bearer.service);
        if let Some((resource, _)) = rights.first() {
            let actions: Vec<&str> = rights.iter().map(|(_, action)| action.as_str()).collect();
            text += &format!(",scope=\"{resource}:{}\"", actions.join(","));
        }
        match weak {
            None => {}
            Some(Weak::Invalid) => text += ",error=\"invalid_token\"",
            Some(Weak::Insufficient) => text += ",error=\"insufficient_scope\"",
        }
        Err(challenge(text))
    }

    /// Answers `/token`, by GET or by POST with `form`.
    pub(crate) fn token(
        &self,
        method: &Method,
        query: &Query<'_>,
        form: &[u8],
        headers: &HeaderMap,
    ) -> Reply {
        let AuthMode::Bearer(bearer) = self.auth else { return ErrorReply::no_such_path().into_reply() };
        let form = String::from_utf8_lossy(form);
        let form = Query::of(&form);
        let asked = match *method {
            Method::GET => self.asked_by_get(bearer, query, headers),
            Method::POST if bearer.post => self.asked_by_post(bearer, &form),
            _ => return ErrorReply::no_such_path().into_reply(),
        };
        match asked {
            Ok(asked) => self.issue(bearer, &asked),
            Err(status) => {
                let body = json!({ "details": "incorrect username or password" }).to_string();
                reply::of(status, "application/json", body.into())
            }
        }
    }

    fn asked_by_get(
        &self,
        bearer: &TokenIssuer,
        query: &Query<'_>,
        headers: &HeaderMap,
    ) -> Result<TokenRequest, StatusCode> {
        let user = match basic(headers) {
            None => None,
            Some((user, password)) if bearer.account.has_login(&user, &password) => {
                Some(bearer.account.clone())
            }
            Some(_) => return Err(StatusCode::UNAUTHORIZED),
        };
        let offline = query.get("offline_token") == Some("true");
        Ok(TokenRequest { user, scopes: query.all("scope").map(str::to_owned).collect(), offline })
    }

    fn asked_by_post(&self, bearer: &TokenIssuer, form: &Query<'_>) -> Result<TokenRequest, StatusCode> {
        let user = match form.get("grant_type") {
            Some("password") => {
                let given = form.get("username").zip(form.get("password"));
                given
                    .filter(|(user, password)| bearer.account.has_login(user, password))
                    .map(|_| bearer.account.clone())
            }
            Some("refresh_token") => {
                form.get("refresh_token").and_then(|token| self.tokens.lock().refresh.get(token).cloned())
            }
            _ => return Err(StatusCode::BAD_REQUEST),
        };
        let user = Some(user.ok_or(StatusCode::UNAUTHORIZED)?);
        let scopes = form.all("scope").map(str::to_owned).collect();
        Ok(TokenRequest { user, scopes, offline: form.get("access_type") == Some("offline") })
    }

    fn issue(&self, bearer: &TokenIssuer, asked: &TokenRequest) -> Reply {
        let rights: BTreeSet<Right> = asked
            .scopes
            .iter()
            .flat_map(|scopes| scopes.split(' '))
            .flat_map(rights_in)
            .filter(|(resource, action)| {
                asked.user.is_some()
                    || bearer.anonymous_pull && action == "pull" && resource.starts_with("repository:")
            })
            .collect();
        let mut issued = self.tokens.lock();
        issued.count += 1;
        let token = format!("demo-access-{}", issued.count);
        let mut answer = json!({
            "token": token,
            "access_token": token,
            "expires_in": bearer.expires_in.as_secs(),
            "scope": rights.iter().map(|(resource, action)| format!("{resource}:{action}")).collect::<Vec<_>>().join(" "),
        });
        issued.access.insert(token, Grant { rights, until: Instant::now() + bearer.expires_in });
        if let Some(user) = asked.user.clone().filter(|_| asked.offline) {
            let refresh = format!("demo-refresh-{}", issued.count);
            answer["refresh_token"] = refresh.clone().into();
            issued.refresh.insert(refresh, user);
        }
        reply::json("application/json", &answer)
    }
}

/// A parsed request for a token.
struct TokenRequest {
    user: Option<Account>,
    scopes: Vec<String>,
    offline: bool,
}

/// Returns the rights that a request needs. There are none for `/v2/`, which accepts every valid token.
fn rights_for(method: &Method, route: &Route) -> Vec<Right> {
    let actions: &[&str] = match *method {
        Method::GET | Method::HEAD => &["pull"],
        Method::DELETE => &["delete"],
        _ => &["pull", "push"],
    };
    match route {
        Route::Catalog => vec![("registry:catalog".to_owned(), "*".to_owned())],
        _ => route
            .repository()
            .map(|name| {
                actions.iter().map(|action| (format!("repository:{name}"), action.to_string())).collect()
            })
            .unwrap_or_default(),
    }
}

/// Returns the rights in a scope: `repository:team/app:pull,push` names two; `*` on a repository means all three.
fn rights_in(scope: &str) -> Vec<Right> {
    let Some((resource, actions)) = scope.rsplit_once(':') else { return Vec::new() };
    let all = resource.starts_with("repository:") && actions == "*";
    let actions = if all { "pull,push,delete" } else { actions };
    actions.split(',').map(|action| (resource.to_owned(), action.to_owned())).collect()
}

fn challenge(text: String) -> ErrorReply {
    ErrorReply::unauthorized().header(header::WWW_AUTHENTICATE, text)
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
