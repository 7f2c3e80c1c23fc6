//! The identity at a registry: the header that a request carries, and the consequences of a 401.
//!
//! Everything here belongs to one registry. A header leaves this module only for that registry's own origin, and a
//! login only for a token endpoint that [`realm_trust`] allows.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::sync::OnceCell;

use super::Http;
use super::challenge::{self, BearerChallenge, Challenge};
use super::origin::{self, Origin};
use super::scope::Scope;
use super::token::{TokenCache, TokenKey};
use crate::client::ClientSettings;
use crate::client::credentials::secret::Secret;
use crate::client::credentials::{Credential, Credentials, Login};
use crate::client::error::Cause;
use crate::model::reference::{Host, RepositoryName};
use crate::model::server::{Identity, Sent};
use crate::model::text::SafeText;

/// Most scopes in one token request: tokens grow with them.
const MOST_SCOPES: usize = 8;

/// The identity at one registry.
#[derive(Debug)]
pub struct Authenticator {
    host: Host,
    credentials: Credentials,
    realm_allow: Vec<String>,
    looked_up: Mutex<HashMap<Option<RepositoryName>, LookedUp>>,
    learned: Mutex<Learned>,
    tokens: TokenCache,
}

/// A login that is looked up once; `None` inside if there is none.
type LookedUp = std::sync::Arc<OnceCell<Option<Credential>>>;

/// Everything that was learned from challenges.
#[derive(Debug, Default)]
struct Learned {
    scheme: Option<AuthScheme>,
    /// The realm of logins, which is only a name.
    realm: String,
    wider_scopes: HashMap<Scope, BTreeSet<String>>,
    refusal: Option<SafeText>,
    is_used: bool,
    is_proven: bool,
    /// The scheme in force before the registry asked for user and password.
    before_basic: Option<AuthScheme>,
}

/// The authentication scheme that the registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum AuthScheme {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

/// The authorization that a request carries.
#[derive(Debug)]
pub enum Authorization {
    /// No header.
    Nothing,
    /// User and password, or a registry token from a file of logins.
    Login(HeaderValue),
    /// A token of the registry's token endpoint.
    Token {
        /// The header.
        header: HeaderValue,
        /// The key under which it was fetched.
        key: TokenKey,
        /// Whether it was fetched for this very request.
        is_fresh: bool,
    },
}

impl Authorization {
    /// Returns the header.
    pub fn header(&self) -> Option<&HeaderValue> {
        match self {
            Authorization::Nothing => None,
            Authorization::Login(header) | Authorization::Token { header, .. } => Some(header),
        }
    }
}

impl Authenticator {
    /// Creates the identity. Nothing is looked up yet.
    pub fn new(host: Host, settings: &ClientSettings) -> Authenticator {
        Authenticator {
            realm_allow: settings.realm_allow(&host),
            credentials: settings.credentials.clone(),
            looked_up: Mutex::default(),
            learned: Mutex::default(),
            tokens: TokenCache::default(),
            host,
        }
    }

    /// Forgets tokens, logins and everything that was learned from challenges.
    pub fn forget(&self) {
        *self.learned() = Learned::default();
        self.looked_up.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.tokens.forget_all();
    }

    /// Returns why the stored login was refused, if it was.
    pub fn login_refusal(&self) -> Option<SafeText> {
        self.learned().refusal.clone()
    }

    /// Returns realm and service of the token endpoint that the registry named. Empty before it named one.
    pub fn service(&self) -> String {
        match &self.learned().scheme {
            Some(AuthScheme::Bearer { realm, service }) => {
                format!("{realm} {}", service.as_deref().unwrap_or_default())
            }
            Some(AuthScheme::Basic) | None => String::new(),
        }
    }

    /// Returns the realm for which the registry takes logins. Empty before the registry named it.
    pub fn realm(&self) -> String {
        self.learned().realm.clone()
    }

    /// Returns the identity under which requests are sent now.
    pub async fn identity(&self) -> Identity {
        let (used, refused) = {
            let learned = self.learned();
            (learned.is_used, learned.refusal.is_some())
        };
        match self.credential(None).await.map(|credential| credential.login) {
            Some(Login::Password { user, .. }) if used && !refused => Identity::User(SafeText::from(user)),
            Some(Login::Identity(_) | Login::Bearer(_)) if used && !refused => Identity::Token,
            _ => Identity::Anonymous,
        }
    }

    /// Returns the secret that requests about a repository carry, and whether the registry has asked for it already.
    pub async fn sent_secret(&self, name: &RepositoryName) -> (Option<Sent>, bool) {
        let (scheme, refused) = {
            let learned = self.learned();
            (learned.scheme.clone(), learned.refusal.is_some())
        };
        let login = self.credential(Some(name)).await.map(|credential| credential.login).filter(|_| !refused);
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
    pub async fn authorization(&self, http: &Http, scope: &Scope) -> Result<Authorization, Cause> {
        let scheme = self.learned().scheme.clone();
        match scheme {
            None => Ok(self.stored_token(scope).await.unwrap_or(Authorization::Nothing)),
            Some(AuthScheme::Basic) => Ok(self.basic_authorization(http, scope).await),
            Some(AuthScheme::Bearer { realm, service }) => {
                self.bearer_authorization(http, scope, realm, service).await
            }
        }
    }

    /// Records the realm of logins that a refusal names.
    pub fn learn_realm(&self, headers: &HeaderMap) {
        if let Some(realm) = challenge::login_realm(headers) {
            self.learned().realm = realm;
        }
    }

    /// Learns from a 401. Returns whether the request may succeed now.
    pub async fn answer_challenge(
        &self,
        http: &Http,
        scope: &Scope,
        sent: &Authorization,
        challenge: Challenge,
    ) -> Result<bool, Cause> {
        match challenge {
            Challenge::Basic if matches!(sent, Authorization::Login(_)) => {
                self.handle_basic_refusal(http, sent).await
            }
            Challenge::Basic => {
                self.switch_to_basic();
                Ok(self.basic_authorization(http, scope).await.header().is_some())
            }
            Challenge::Bearer(bearer) => self.answer_bearer(http, scope, sent, bearer).await,
        }
    }

    /// Handles refused user and password: either they are wrong, or they are right and lack the right for this request
    /// (Gitea answers 401 then).
    async fn handle_basic_refusal(&self, http: &Http, sent: &Authorization) -> Result<bool, Cause> {
        let back = self.learned().before_basic.take();
        if let Some(scheme) = back {
            self.learned().scheme = Some(scheme);
        }
        if !self.is_proven() && http.ping_status(&Authorization::Nothing).await == Some(401) {
            match http.ping_status(sent).await {
                Some(200..=299) => self.mark_proven(),
                Some(401) => {
                    let text = "the registry does not accept the stored user and password";
                    return Err(Cause::LoginRefused(text.into()));
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn switch_to_basic(&self) {
        let mut learned = self.learned();
        let before = learned.scheme.replace(AuthScheme::Basic);
        if let Some(AuthScheme::Bearer { .. }) = before {
            learned.before_basic = before;
        }
    }

    /// Returns whether the stored login is proven: the registry accepted it after a 401, or the token service accepted
    /// it.
    pub fn is_proven(&self) -> bool {
        self.learned().is_proven
    }

    /// Records that the stored login was accepted.
    pub fn mark_proven(&self) {
        self.learned().is_proven = true;
    }

    async fn answer_bearer(
        &self,
        http: &Http,
        scope: &Scope,
        sent: &Authorization,
        bearer: BearerChallenge,
    ) -> Result<bool, Cause> {
        let base = http.base().await.map_err(|error| error.cause)?.ping();
        let realm =
            base.join(&bearer.realm).map_err(|_| Cause::UntrustedRealm("its address is no URL".into()))?;
        let widened = {
            let mut learned = self.learned();
            let scheme = Some(AuthScheme::Bearer { realm, service: bearer.service });
            let is_new = learned.scheme != scheme;
            learned.scheme = scheme;
            let wider = learned.wider_scopes.entry(scope.clone()).or_default();
            let before = wider.len();
            let room = MOST_SCOPES.saturating_sub(before);
            let own = scope.texts();
            wider.extend(bearer.scopes.into_iter().filter(|asked| !own.contains(asked)).take(room));
            is_new || wider.len() > before
        };
        match sent {
            Authorization::Token { is_fresh: true, .. } => Ok(widened),
            Authorization::Token { header, key, .. } => {
                self.tokens.forget(key, header).await;
                Ok(true)
            }
            Authorization::Nothing | Authorization::Login(_) => Ok(true),
        }
    }

    /// Returns the token that a file of logins holds ready. It needs no challenge.
    async fn stored_token(&self, scope: &Scope) -> Option<Authorization> {
        match self.credential(scope.repository()).await?.login {
            Login::Bearer(token) => {
                self.learned().is_used = true;
                token.header("Bearer").map(Authorization::Login)
            }
            _ => None,
        }
    }

    async fn basic_authorization(&self, http: &Http, scope: &Scope) -> Authorization {
        let login = self.credential(scope.repository()).await.map(|credential| credential.login);
        let is_safe = self.may_see_login(http).await;
        let header = login.filter(|_| is_safe).and_then(|login| login.basic());
        self.learned().is_used |= header.is_some();
        header.map_or(Authorization::Nothing, Authorization::Login)
    }

    /// Returns whether a password may be sent to the registry itself: over TLS, to loopback, or if the user allowed
    /// plain HTTP.
    async fn may_see_login(&self, http: &Http) -> bool {
        let is_https =
            http.base().await.ok().and_then(|base| base.origin()).is_some_and(|origin| origin.is_https());
        is_https || self.host.is_loopback() || http.trust().plain_http
    }

    async fn bearer_authorization(
        &self,
        http: &Http,
        scope: &Scope,
        realm: Url,
        service: Option<String>,
    ) -> Result<Authorization, Cause> {
        let credential = self.credential(scope.repository()).await;
        if let Some(Credential { login: Login::Bearer(token), .. }) = &credential {
            return Ok(token.header("Bearer").map_or(Authorization::Nothing, Authorization::Login));
        }
        let own =
            http.base().await.ok().and_then(|base| base.origin()).ok_or(Cause::Local("no address".into()))?;
        let trust = realm_trust(&own, &realm, self.host.is_loopback(), &self.realm_allow)?;
        let may_log_in =
            trust == RealmTrust::Login && self.login_refusal().is_none() && self.may_see_login(http).await;
        let login = credential.map(|credential| credential.login).filter(|_| may_log_in);
        let mut scopes = self.learned().wider_scopes.get(scope).cloned().unwrap_or_default();
        scopes.extend(scope.texts());
        let key = TokenKey { realm, service, scopes, is_anonymous: login.is_none() };
        let is_own = Origin::of(&key.realm).as_ref() == Some(&own);
        match self.tokens.token(http, &key, login.as_ref(), is_own).await {
            Ok(token) => {
                if login.is_some() {
                    self.learned().is_used = true;
                    self.mark_proven();
                }
                authorization_with(token, key)
            }
            Err(Cause::Status { status: 400 | 401 | 403, .. }) if scope.fallback().is_some() => {
                let instead = scope.fallback().unwrap_or(Scope::Nothing);
                Box::pin(self.bearer_authorization(http, &instead, key.realm, key.service)).await
            }
            // The login is valid, but lacks this right; public content can still be read.
            Err(Cause::Status { status: 403, .. }) if login.is_some() && !scope.is_write() => {
                let key = TokenKey { is_anonymous: true, ..key };
                authorization_with(self.tokens.token(http, &key, None, is_own).await?, key)
            }
            Err(Cause::Status { status: 400 | 401, body: said, .. }) if login.is_some() => {
                let why = said
                    .message
                    .unwrap_or_else(|| "the token service does not accept the stored login".into());
                self.learned().refusal = Some(why);
                Box::pin(self.bearer_authorization(http, scope, key.realm, key.service)).await
            }
            Err(cause) => Err(cause),
        }
    }

    /// Returns the login for a repository, or for the registry. It is looked up once.
    async fn credential(&self, repository: Option<&RepositoryName>) -> Option<Credential> {
        let cell = {
            let mut all = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
            let key = repository.filter(|_| self.credentials.has_namespaces()).cloned();
            all.entry(key).or_default().clone()
        };
        cell.get_or_init(|| self.credentials.find(&self.host, repository)).await.clone()
    }

    fn learned(&self) -> std::sync::MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Builds the authorization with this token, which was fetched just now or not.
fn authorization_with((token, is_fresh): (Secret, bool), key: TokenKey) -> Result<Authorization, Cause> {
    let header =
        token.header("Bearer").ok_or(Cause::BadAnswer("the token cannot stand in a header".into()))?;
    Ok(Authorization::Token { header, key, is_fresh })
}

/// How far a token endpoint is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealmTrust {
    /// It may get the login.
    Login,
    /// It is contacted without a login.
    Anonymous,
}

/// Decides whether a token endpoint that the registry names is contacted, and whether with the login. The registry
/// chooses the destination of a password, so only its own origin, its own registrable domain over HTTPS, and the hosts
/// that the user allows may get it.
pub fn realm_trust(
    registry: &Origin,
    realm: &Url,
    registry_is_loopback: bool,
    allowed: &[String],
) -> Result<RealmTrust, Cause> {
    let refuse = |why: String| Err(Cause::UntrustedRealm(SafeText::from(why)));
    let Some(target) = Origin::of(realm) else {
        return refuse("the token service is not reached by HTTP".into());
    };
    if !realm.username().is_empty() || realm.password().is_some() {
        return refuse("the token service's address carries a user name".into());
    }
    if target == *registry {
        return Ok(RealmTrust::Login);
    }
    if registry.is_https() && !target.is_https() {
        return refuse(format!("the token service `{}` is reached by plain HTTP", target.host()));
    }
    let may_be_inside = registry_is_loopback || target.is_same_host(registry);
    if origin::literal_ip(realm).is_some_and(|address| origin::is_forbidden(address, may_be_inside)) {
        return refuse(format!(
            "the token service is at `{}`, inside this machine or network link",
            target.host()
        ));
    }
    let is_allowed = allowed.iter().any(|host| host.eq_ignore_ascii_case(target.host()));
    let is_same_site = target.is_https() && origin::is_same_site(target.host(), registry.host());
    Ok(if is_allowed || is_same_site { RealmTrust::Login } else { RealmTrust::Anonymous })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(registry: &str, realm: &str, allowed: &[&str]) -> Option<RealmTrust> {
        let own = Origin::of(&registry.parse().expect("a url")).expect("an origin");
        let is_loopback = own.host() == "127.0.0.1" || own.host() == "localhost";
        let allowed: Vec<String> = allowed.iter().map(|host| host.to_string()).collect();
        realm_trust(&own, &realm.parse().expect("a url"), is_loopback, &allowed).ok()
    }

    /// docs/REGISTRIES.md §4.2, §10 row 9; docs/RELIABILITY.md B1, B2.
    #[test]
    fn a_login_goes_only_to_origins_of_its_registry() {
        let (login, anonymous, refused) = (Some(RealmTrust::Login), Some(RealmTrust::Anonymous), None);
        let table = [
            ("https://registry-1.docker.io", "https://auth.docker.io/token", login),
            ("https://r.example.com", "https://r.example.com/token", login),
            ("https://r.example.com", "https://sso.example.com/token", login),
            ("https://r.example.com", "https://evil.test/token", anonymous),
            ("https://r.example.co.uk", "https://evil.co.uk/token", anonymous),
            ("https://r.example.com", "http://r.example.com/token", refused),
            ("https://r.example.com", "https://user@r.example.com/token", refused),
            ("https://r.example.com", "https://169.254.169.254/token", refused),
            ("https://r.example.com", "https://127.1/token", refused),
            ("https://r.example.com", "https://2130706433/token", refused),
            ("https://r.example.com", "https://[::ffff:169.254.169.254]/token", refused),
            ("https://r.example.com", "https://0.0.0.0/token", refused),
            ("https://r.example.com", "file:///etc/passwd", refused),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000/token", login),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token", anonymous),
            ("http://127.0.0.1:5000", "http://169.254.169.254/token", refused),
        ];
        for (registry, realm, expected) in table {
            assert_eq!(trust(registry, realm, &[]), expected, "{registry} {realm}");
        }
        assert_eq!(trust("https://r.example.com", "https://sso.test/token", &["SSO.test"]), login);
    }
}
