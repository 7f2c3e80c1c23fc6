//! What a registry is and what it can do: the header card.

use serde::Serialize;

use super::text::SafeText;

/// What is known of a registry after the first look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// The product, where host, challenge or headers give it away: `GitLab`, `distribution`.
    pub product: Option<SafeText>,
    /// How it is reached.
    pub transport: Transport,
    /// As whom.
    pub identity: Identity,
    /// Whether `_catalog` lists the repositories.
    pub catalog: Ability,
    /// Whether the referrers API of the OCI distribution-spec 1.1 is there.
    pub referrers: Ability,
    /// What it lets be deleted, as far as was tried.
    pub deletes: Deletes,
    /// The proxy between here and there, without user information.
    pub proxy: Option<SafeText>,
}

/// How a registry is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TLS with a checked certificate.
    Https,
    /// TLS, the certificate unchecked because the user said so.
    Unverified,
    /// No TLS: on loopback, or because the user said so.
    Plain,
}

/// What a registry is sent to know who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// A password, to the registry or to the token service that it names.
    Password,
    /// A token: short-lived, or one that stands for a login.
    Token,
}

/// Who the registry takes us for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Nobody.
    Anonymous,
    /// A user of this name.
    User(SafeText),
    /// Somebody with a token that tells no name.
    Token,
}

/// What a registry lets be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deletes {
    /// A tag alone.
    pub by_tag: Ability,
    /// A manifest, with all its tags.
    pub by_digest: Ability,
}

/// What a registry does with content that nothing names any more, as far as is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cleanups {
    /// With an image that loses its last tag.
    pub untagged: Cleanup,
    /// With the blobs and children of an image that is deleted by its digest.
    pub deleted: Cleanup,
}

/// When a registry removes what nothing names any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cleanup {
    /// Not known.
    #[default]
    Unknown,
    /// When garbage is collected; until then a change can be undone.
    Later,
    /// Together with the name.
    AtOnce,
}

/// Whether a registry can do something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Not found out yet.
    #[default]
    Unknown,
    /// It can.
    Yes,
    /// It cannot, and why.
    No(SafeText),
}
