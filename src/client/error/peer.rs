//! The server that a request was really sent to, which need not be the registry.

use std::fmt;

use super::Cause;
use crate::model::text::SafeText;

/// The server that a request was sent to. All but the registry are named by host and port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Peer {
    /// The registry itself.
    #[default]
    Registry,
    /// The token service that the registry names.
    TokenService(SafeText),
    /// The server that the registry redirects to, as a rule the storage of its blobs.
    Storage(SafeText),
    /// Another registry that the registry redirects to. It has logins and tokens of its own.
    OtherRegistry(SafeText),
    /// The server that the registry leads an upload to.
    UploadLocation(SafeText),
    /// The server of the vendor's own API.
    VendorApi(SafeText),
    /// The proxy of this machine.
    Proxy(SafeText),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Registry => f.write_str("the registry"),
            Peer::TokenService(host) => write!(f, "its token service `{host}`"),
            Peer::Storage(host) => write!(f, "its storage `{host}`"),
            Peer::OtherRegistry(host) => write!(f, "the registry `{host}` that it leads to"),
            Peer::UploadLocation(host) => write!(f, "its address for uploads `{host}`"),
            Peer::VendorApi(host) => write!(f, "its vendor's API `{host}`"),
            Peer::Proxy(host) => write!(f, "the proxy `{host}`"),
        }
    }
}

/// A request that failed: the cause, and the server that it was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SendError {
    /// The reason.
    pub(crate) cause: Cause,
    /// The server.
    pub(crate) peer: Peer,
}

impl From<Cause> for SendError {
    fn from(cause: Cause) -> SendError {
        SendError { cause, peer: Peer::Registry }
    }
}

impl Cause {
    /// Adds the server at which it happened.
    pub(crate) fn at(self, peer: &Peer) -> SendError {
        SendError { cause: self, peer: peer.clone() }
    }
}
