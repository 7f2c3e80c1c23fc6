//! The sides of a copy: how each registry is reached, and the secret that it gets.

use serde::Serialize;

use crate::model::reference::Host;
use crate::model::server::{Sent, Transport};
use crate::model::text::SafeText;

/// The connection to a registry of the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopySide {
    /// The registry.
    pub(crate) registry: Host,
    /// The side of the copy that the registry is on.
    pub(crate) role: SideRole,
    /// The transport that requests to it use.
    pub(crate) transport: Transport,
    /// The secret that is sent to the registry; `None` if there is no login for it.
    pub(crate) sends: Option<Sent>,
    /// Whether the registry has asked for the secret already. Otherwise the secret is sent once it asks.
    pub(crate) asked: bool,
}

/// The side of a copy that a registry is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SideRole {
    /// The registry that the images come from.
    Source,
    /// The registry that the images go to.
    Destination,
    /// Both sides: the copy stays within the registry.
    Both,
}

impl CopySide {
    /// Returns a warning if a secret can be read on its way, or goes to a server without a check of its certificate: `a
    /// password is sent unencrypted to …`.
    pub(crate) fn exposure_warning(&self) -> Option<SafeText> {
        let sent = match self.sends? {
            Sent::Password => "a password",
            Sent::Token => "an access token",
        };
        let role = match self.role {
            SideRole::Source => "the source",
            SideRole::Destination => "the destination",
            SideRole::Both => "source and destination",
        };
        let asked = if self.asked { "" } else { ", if it asks for a login" };
        let host = &self.registry;
        let place = if host.is_loopback() { ", within this machine" } else { "" };
        match self.transport {
            Transport::Https | Transport::Pinned | Transport::Local => None,
            Transport::Plain => Some(SafeText::from(format!(
                "{sent} is sent unencrypted to `{host}`, {role} (plain HTTP{place}){asked}"
            ))),
            Transport::Unverified => Some(SafeText::from(format!(
                "{sent} is sent to `{host}`, {role} (certificate not checked{place}){asked}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_can_read_is_told_with_its_side() {
        let side = |host: &str, transport, sends, asked| CopySide {
            registry: Host::parse(host).expect("a host"),
            role: SideRole::Destination,
            transport,
            sends,
            asked,
        };
        let told = |side: CopySide| side.exposure_warning().map(|text| text.to_string());
        let password = Some(Sent::Password);
        assert_eq!(
            told(side("vm:6103", Transport::Plain, password, true)).as_deref(),
            Some("a password is sent unencrypted to `vm:6103`, the destination (plain HTTP)")
        );
        assert_eq!(
            told(side("localhost:6103", Transport::Plain, Some(Sent::Token), false)).as_deref(),
            Some(
                "an access token is sent unencrypted to `localhost:6103`, the destination (plain HTTP, within this \
                 machine), if it asks for a login"
            )
        );
        assert!(told(side("r.test", Transport::Unverified, password, true)).is_some());
        assert_eq!(told(side("r.test", Transport::Https, password, true)), None);
        assert_eq!(told(side("r.test", Transport::Plain, None, false)), None);
    }
}
