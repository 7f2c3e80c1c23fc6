//! The check of a login that the user has just entered.

use super::{Authenticator, Authorization};
use crate::client::credentials::Login;
use crate::client::error::Peer;
use crate::model::server::Identity;
use crate::model::text::SafeText;

/// The verdict of a registry on a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginVerdict {
    /// The registry, or its token service, accepted it.
    Accepted(Identity),
    /// This server refused it, for this reason.
    Refused(SafeText, Peer),
    /// It was not sent, because the registry names a token service at this host, outside of its own site.
    Withheld(SafeText),
    /// It was not sent, because the registry is reached without TLS.
    Unsafe,
    /// The registry answers without a login and asks for none.
    Unasked,
}

impl Authenticator {
    /// Returns the verdict of the registry on its login. The caller has sent a ping, which succeeded.
    pub(crate) async fn verdict(&self) -> LoginVerdict {
        if self.learned().scheme.is_none() {
            // A registry with a public part may take a login nevertheless.
            Box::pin(self.look_for_offer()).await;
        }
        if let Some((why, by)) = self.login_refusal() {
            return LoginVerdict::Refused(why, by);
        }
        if let Some(login @ Login::Bearer(_)) = self.login(None).await {
            if !self.may_see_login().await {
                return LoginVerdict::Unsafe;
            }
            // It is sent without being asked for, so a registry that ignores it proves nothing.
            return match self.ping_status(&Authorization::Nothing).await {
                Some(401) => LoginVerdict::Accepted(login.identity()),
                _ => LoginVerdict::Unasked,
            };
        }
        let (withheld_from, is_asked) = {
            let learned = self.learned();
            (learned.withheld_from.clone(), learned.scheme.is_some())
        };
        match (self.identity(), withheld_from) {
            (_, Some(host)) => LoginVerdict::Withheld(host),
            (Identity::Anonymous, None) if is_asked && !self.may_see_login().await => LoginVerdict::Unsafe,
            (Identity::Anonymous, None) => LoginVerdict::Unasked,
            (identity, None) => LoginVerdict::Accepted(identity),
        }
    }
}
