//! The third layer: the identity at a registry. It adds the header that a request carries, and answers a 401.
//!
//! It stands above redirects because the pings that check a login may be redirected. Everything here belongs to one
//! registry. A header leaves this module only for that registry's own origin, and a login only for a token endpoint that
//! [`realm::realm_trust`] allows. A registry that it redirects to has an identity of its own (`auth/other_registry.rs`).

mod authorization;
mod bearer;
mod check;
mod for_api;
mod offer;
mod other_registry;
mod realm;
mod send;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use reqwest::header::HeaderMap;
use tokio::sync::OnceCell;

use super::challenge::{self, Challenge};
use super::origin::Origin;
use super::redirect::Redirects;
use super::scope::Scope;
use super::token::TokenCache;
use super::transport::Transport;
use crate::client::ClientSettings;
use crate::client::credentials::{Credentials, Login, LoginLookup, LoginProblem};
use crate::client::error::{Cause, Peer, SendError};
use crate::client::http::error_body::ErrorBody;
use crate::model::reference::{Host, RepositoryName};
use crate::model::server::{Identity, Sent};
use crate::model::text::SafeText;
pub(crate) use authorization::Authorization;
pub(crate) use check::LoginVerdict;

/// The identity at one registry.
#[derive(Debug)]
pub(crate) struct Authenticator {
    redirects: Redirects,
    host: Host,
    credentials: Credentials,
    realm_allow: Vec<String>,
    logins: Mutex<Logins>,
    /// The settings of all registries, for those that this one leads to.
    settings: ClientSettings,
    /// The identities at the registries that this one leads to.
    others: Mutex<HashMap<Origin, Arc<Authenticator>>>,
    /// Whether another registry leads to this one. It leads no further.
    is_led_to: bool,
    learned: Mutex<Learned>,
    /// Whether the registry was asked if it takes logins although it answers without one.
    offer: Mutex<Arc<OnceCell<()>>>,
    tokens: TokenCache,
}

/// The logins by repository, or for the whole registry.
#[derive(Debug, Default)]
struct Logins {
    /// Each is looked up once.
    looked_up: HashMap<Option<RepositoryName>, Arc<OnceCell<LoginLookup>>>,
    /// The logins before the sources are read again.
    before: HashMap<Option<RepositoryName>, Option<Login>>,
}

/// Everything that was learned from challenges.
#[derive(Debug, Default)]
struct Learned {
    scheme: Option<AuthScheme>,
    /// The realm of logins, which is only a name.
    realm: String,
    wider_scopes: HashMap<Scope, BTreeSet<String>>,
    /// Why the stored login was refused, and by which server.
    refusal: Option<(SafeText, Peer)>,
    /// The refusals of the token service to grant a scope to the stored login, each with the status.
    denials: HashMap<Scope, (u16, ErrorBody, Peer)>,
    /// The token service outside of the registry's site that was not sent the stored login.
    withheld_from: Option<SafeText>,
    /// The identity of the login that was sent last.
    used: Option<Identity>,
    is_proven: bool,
    /// The scheme in force before the registry asked for user and password.
    before_basic: Option<AuthScheme>,
}

/// A request that was answered with 401.
#[derive(Debug, Clone, Copy, Default)]
struct RefusedRequest {
    /// Whether the answer says that the login lacks the right.
    lacks_right: bool,
    /// Whether it is the ping, which needs no right.
    is_ping: bool,
}

/// The authentication scheme that the registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum AuthScheme {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

impl Authenticator {
    /// Creates the identity. Nothing is looked up yet.
    pub(crate) fn new(host: Host, settings: &ClientSettings, redirects: Redirects) -> Authenticator {
        Authenticator {
            redirects,
            realm_allow: settings.realm_allow(&host),
            credentials: settings.credentials.clone(),
            logins: Mutex::default(),
            settings: settings.clone(),
            others: Mutex::default(),
            is_led_to: false,
            learned: Mutex::default(),
            offer: Mutex::default(),
            tokens: TokenCache::default(),
            host,
        }
    }

    /// Returns the layer below.
    pub(crate) fn redirects(&self) -> &Redirects {
        &self.redirects
    }

    fn transport(&self) -> &Transport {
        self.redirects.transport()
    }

    /// Forgets tokens, logins and everything that was learned from challenges.
    pub(crate) fn forget(&self) {
        *self.logins() = Logins::default();
        self.forget_session();
    }

    /// Reads the sources of logins again when a login is needed next. Tokens and everything that was learned stay as
    /// long as the login stays the same; refusals are forgotten.
    pub(crate) fn reread_logins(&self) {
        {
            let mut logins = self.logins();
            for (key, cell) in std::mem::take(&mut logins.looked_up) {
                if let Some(lookup) = cell.get() {
                    logins.before.insert(key, lookup.login.clone());
                }
            }
        }
        let mut learned = self.learned();
        learned.denials.clear();
        if learned.refusal.take().is_some() {
            drop(learned);
            *self.offer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        }
    }

    /// Forgets everything that belongs to one login.
    fn forget_session(&self) {
        *self.learned() = Learned::default();
        *self.offer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        self.tokens.forget_all();
        self.others.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns why the stored login was refused, if it was, and by which server.
    fn login_refusal(&self) -> Option<(SafeText, Peer)> {
        self.learned().refusal.clone()
    }

    /// Returns realm and service of the token endpoint that the registry named. Empty before it named one.
    pub(crate) fn service(&self) -> String {
        match &self.learned().scheme {
            Some(AuthScheme::Bearer { realm, service }) => {
                format!("{realm} {}", service.as_deref().unwrap_or_default())
            }
            Some(AuthScheme::Basic) | None => String::new(),
        }
    }

    /// Returns whether the registry has asked for a login.
    pub(crate) fn asks_login(&self) -> bool {
        self.learned().scheme.is_some()
    }

    /// Returns the realm for which the registry takes logins. Empty before the registry named it.
    pub(crate) fn realm(&self) -> String {
        self.learned().realm.clone()
    }

    /// Returns the identity under which requests are sent now.
    pub(crate) fn identity(&self) -> Identity {
        let learned = self.learned();
        let used = learned.used.clone().filter(|_| learned.refusal.is_none());
        used.unwrap_or(Identity::Anonymous)
    }

    /// Returns the problems with the sources of the login for a repository, or for the registry. Looks nothing up.
    pub(crate) fn login_problems(&self, repository: Option<&RepositoryName>) -> Vec<LoginProblem> {
        let logins = self.logins();
        let lookup = logins.looked_up.get(&self.login_key(repository)).and_then(|cell| cell.get());
        lookup.map(|lookup| lookup.problems.clone()).unwrap_or_default()
    }

    /// Returns the secret that requests about a repository carry, and whether the registry has asked for it already.
    pub(crate) async fn sent_secret(&self, name: &RepositoryName) -> (Option<Sent>, bool) {
        let (scheme, refused) = {
            let learned = self.learned();
            (learned.scheme.clone(), learned.refusal.is_some())
        };
        let login = self.login(Some(name)).await.filter(|_| !refused);
        let sends = login.map(|login| match (login, &scheme) {
            // The password goes to the token service over TLS, its token to the registry.
            (Login::Password { .. }, Some(AuthScheme::Bearer { realm, .. })) if realm.scheme() == "https" => {
                Sent::Token
            }
            (Login::Password { .. }, _) => Sent::Password,
            (Login::Identity(_) | Login::Bearer(_), _) => Sent::Token,
        });
        (sends, scheme.is_some())
    }

    /// Returns the authorization for a request for `scope`, by everything known so far. May contact the token endpoint.
    pub(crate) async fn authorization(&self, scope: &Scope) -> Result<Authorization, SendError> {
        let mut scheme = self.learned().scheme.clone();
        if scheme.is_none() {
            if let Some(token) = self.stored_token(scope).await {
                return Ok(token);
            }
            if *scope == Scope::Catalog {
                // Without a login, a registry with a public part lists that part alone.
                Box::pin(self.look_for_offer()).await;
                scheme.clone_from(&self.learned().scheme);
            }
        }
        match scheme {
            None => Ok(Authorization::Nothing),
            Some(AuthScheme::Basic) => Ok(self.basic_authorization(scope).await),
            Some(AuthScheme::Bearer { realm, service }) => {
                self.bearer_authorization(scope, realm, service).await
            }
        }
    }

    /// Records the realm of logins that a refusal names.
    fn learn_realm(&self, headers: &HeaderMap) {
        if let Some(realm) = challenge::login_realm(headers) {
            self.learned().realm = realm;
        }
    }

    /// Learns from a 401. Returns whether the request may succeed now.
    async fn answer_challenge(
        &self,
        scope: &Scope,
        sent: &Authorization,
        challenge: Challenge,
        about: RefusedRequest,
    ) -> Result<bool, SendError> {
        match challenge {
            Challenge::Basic if matches!(sent, Authorization::Login(_)) => {
                Ok(self.handle_basic_refusal(sent, about).await?)
            }
            Challenge::Basic => {
                self.switch_to_basic();
                Ok(self.basic_authorization(scope).await.header().is_some())
            }
            Challenge::Bearer(bearer) => Ok(self.answer_bearer(scope, sent, bearer).await?),
        }
    }

    /// Handles refused user and password: either they are wrong, or they are right and lack the right for this request
    /// (Gitea answers 401 then). A refused ping leaves no doubt, so the password is not sent a second time.
    async fn handle_basic_refusal(&self, sent: &Authorization, about: RefusedRequest) -> Result<bool, Cause> {
        let back = self.learned().before_basic.take();
        if let Some(scheme) = back {
            self.learned().scheme = Some(scheme);
        }
        if about.lacks_right || self.is_proven() {
            return Ok(false);
        }
        let status = match about.is_ping {
            true => Some(401),
            false if self.ping_status(&Authorization::Nothing).await != Some(401) => return Ok(false),
            false => self.ping_status(sent).await,
        };
        match status {
            Some(200..=299) => self.mark_proven(),
            Some(401) => {
                let text = "the registry does not accept this user and password";
                return Err(Cause::LoginRefused(text.into()));
            }
            _ => {}
        }
        Ok(false)
    }

    fn switch_to_basic(&self) {
        let mut learned = self.learned();
        learned.withheld_from = None;
        let before = learned.scheme.replace(AuthScheme::Basic);
        if let Some(AuthScheme::Bearer { .. }) = before {
            learned.before_basic = before;
        }
    }

    /// Returns whether the stored login is proven: the registry accepted it after a 401, or the token service accepted
    /// it.
    pub(crate) fn is_proven(&self) -> bool {
        self.learned().is_proven
    }

    /// Records that the stored login was accepted.
    pub(crate) fn mark_proven(&self) {
        self.learned().is_proven = true;
    }

    /// Returns the token that a file of logins holds ready. It needs no challenge.
    async fn stored_token(&self, scope: &Scope) -> Option<Authorization> {
        match self.login(scope.repository()).await? {
            login @ Login::Bearer(_) if self.may_see_login().await => {
                self.learned().used = Some(login.identity());
                login.bearer().map(Authorization::Login)
            }
            _ => None,
        }
    }

    async fn basic_authorization(&self, scope: &Scope) -> Authorization {
        let login = self.login(scope.repository()).await;
        let is_safe = self.may_see_login().await;
        let login = login.filter(|_| is_safe);
        match login.and_then(|login| Some((login.basic()?, login.identity()))) {
            Some((header, identity)) => {
                self.learned().used = Some(identity);
                Authorization::Login(header)
            }
            None => Authorization::Nothing,
        }
    }

    /// Returns whether a password may be sent to the registry itself: over TLS, to loopback, or if the user allowed
    /// plain HTTP.
    async fn may_see_login(&self) -> bool {
        let is_https = self.transport().origin().await.is_ok_and(|origin| origin.is_https());
        is_https || self.host.is_loopback() || self.transport().trust().plain_http
    }

    /// Returns the login for a repository, or for the registry. It is looked up once. Another login than before the
    /// sources were read again begins anew.
    async fn login(&self, repository: Option<&RepositoryName>) -> Option<Login> {
        let key = self.login_key(repository);
        let cell = self.logins().looked_up.entry(key.clone()).or_default().clone();
        if let Some(found) = cell.get() {
            return found.login.clone();
        }
        let look_up = async {
            let lookup = self.credentials.find(&self.host, repository).await;
            let before = self.logins().before.remove(&key);
            if before.is_some_and(|before| before != lookup.login) {
                self.forget_session();
            }
            lookup
        };
        Box::pin(cell.get_or_init(|| look_up)).await.login.clone()
    }

    fn login_key(&self, repository: Option<&RepositoryName>) -> Option<RepositoryName> {
        repository.filter(|_| self.credentials.has_namespaces()).cloned()
    }

    fn logins(&self) -> MutexGuard<'_, Logins> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
