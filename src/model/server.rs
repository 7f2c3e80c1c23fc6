//! Facts about a registry for the header card.

use serde::Serialize;

use super::text::SafeText;

/// The facts that are known about a registry after the first request to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// The product, if host, challenge or headers reveal it: `GitLab`, `distribution`.
    pub product: Option<SafeText>,
    /// Whether it asks for logins, and is no public service where much can be read without one.
    pub asks_login: bool,
    /// The transport that requests use.
    pub transport: Transport,
    /// The identity that the registry gives the user.
    pub identity: Identity,
    /// Whether `_catalog` lists the repositories.
    pub catalog: Ability,
    /// Whether the registry has the referrers API of the OCI distribution-spec 1.1.
    pub referrers: Ability,
    /// The deletions that the registry allows, as far as they were tried.
    pub deletes: Deletes,
    /// The proxy in front of the registry, without user information.
    pub proxy: Option<SafeText>,
    /// The abilities of the vendor's own API.
    pub own_api: OwnApiAbilities,
    /// The places that the system's files lead to: `location mirror.test/hub`, `mirror m.test`.
    pub route: Option<SafeText>,
}

/// The abilities that the own API of a registry's vendor may have. None of it is certain before it is tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OwnApiAbilities {
    /// Whether it lists the repositories of a namespace.
    pub namespaces: bool,
    /// Whether it lists facts about many tags at once.
    pub tag_facts: bool,
    /// Whether it searches.
    pub search: bool,
    /// Whether it keeps the past of tags, or lists images without a tag.
    pub history: bool,
    /// Whether it tells facts about one image.
    pub image_facts: bool,
}

/// How the own API of a registry's vendor removes a single tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnApiUntag {
    /// The name of the vendor.
    pub vendor: SafeText,
    /// Whether there is a login that the API takes.
    pub has_login: bool,
    /// Whether nothing else deletes there: the registry API never does.
    pub is_required: bool,
    /// Whether the image goes with its tag. It must then have no other tag.
    pub takes_image: bool,
    /// A fact about the image after it that the user should know.
    pub note: Option<SafeText>,
}

/// How the own API of a registry's vendor puts a tag back on an image that the registry API does not serve any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnApiRestore {
    /// The name of the vendor.
    pub vendor: SafeText,
    /// Whether there is a login that the API takes.
    pub has_login: bool,
    /// The login that it takes.
    pub login_hint: Option<SafeText>,
}

/// The transport of requests to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TLS with a checked certificate.
    Https,
    /// TLS with the certificate that the user has pinned.
    Pinned,
    /// TLS with an unchecked certificate, because the user said so.
    Unverified,
    /// No TLS: on loopback, or because the user said so.
    Plain,
    /// No network: the registry is no server.
    Local,
}

/// The secret that a registry is sent to identify the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// A password, sent to the registry or to the token service that it names.
    Password,
    /// A token: a short-lived one, or one that stands for a login.
    Token,
}

/// The identity that the registry gives the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// No identity.
    Anonymous,
    /// A user of this name.
    User(SafeText),
    /// A token that reveals no user name.
    Token,
}

/// The deletions that a registry allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deletes {
    /// The deletion of a tag alone.
    pub by_tag: Ability,
    /// The deletion of a manifest, with all its tags.
    pub by_digest: Ability,
}

/// When a registry removes content that nothing refers to any more, as far as is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cleanups {
    /// When it removes an image that loses its last tag.
    pub(crate) untagged: Cleanup,
    /// When it removes the blobs and children of an image that is deleted by its digest.
    pub(crate) deleted: Cleanup,
}

/// When a registry removes content that nothing refers to any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cleanup {
    /// Not known.
    #[default]
    Unknown,
    /// At garbage collection. A change can be undone until then.
    Later,
    /// At once, together with the tag or image.
    AtOnce,
}

/// Whether a registry can do something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Not known yet.
    #[default]
    Unknown,
    /// The registry can do it.
    Yes,
    /// The registry cannot do it. The text gives the reason.
    No(SafeText),
}
