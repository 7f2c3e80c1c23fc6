//! The login of a registry for the own API of its vendor.

use reqwest::Url;

use super::realm::{RealmTrust, realm_trust};
use super::{AuthScheme, Authenticator};
use crate::client::credentials::Login;
use crate::client::http::origin::{self, Origin};

impl Authenticator {
    /// Returns the login of the registry, if it may be sent to an API at this origin: never in plain HTTP if the registry
    /// is reached by HTTPS, nor after the registry has refused it. The caller has made sure that the origin is the one of
    /// the vendor or of the user's configuration.
    pub(crate) async fn login_for_api(&self, target: &Origin) -> Option<Login> {
        let own = self.transport().origin().await.ok()?;
        let is_safe = target.is_https()
            || (!own.is_https() && self.may_see_login().await && is_loopback_or(target, &own));
        if !is_safe || self.login_refusal().is_some() {
            return None;
        }
        self.login(None).await
    }

    /// Returns the address of the token service, once the registry has named it.
    pub(crate) fn token_service(&self) -> Option<Url> {
        match &self.learned().scheme {
            Some(AuthScheme::Bearer { realm, .. }) => Some(realm.clone()),
            Some(AuthScheme::Basic) | None => None,
        }
    }

    /// Returns whether a token service gets the login of the registry.
    pub(crate) async fn trusts_with_login(&self, realm: &Url) -> bool {
        let Ok(own) = self.transport().origin().await else { return false };
        let trust = realm_trust(&own, realm, self.host.is_loopback(), &self.realm_allow);
        matches!(trust, Ok(RealmTrust::Login))
    }
}

/// Returns whether an origin is on the host of the registry, or on this machine.
fn is_loopback_or(target: &Origin, own: &Origin) -> bool {
    let url = Url::parse(&target.to_string()).ok();
    let is_loopback = url.as_ref().and_then(origin::literal_ip).is_some_and(|address| address.is_loopback());
    target.is_same_host(own) || is_loopback || target.host() == "localhost"
}
