//! Vendors of registries: each is one value in a file of its own, with everything that regtui knows of it.
//!
//! A rule that follows from answers is better than one that follows from a name, and stands with the code that reads the
//! answer. Words of refusals are understood whichever vendor they are from: docs/REGISTRIES.md §7.5, §9.2.

mod acr;
pub(crate) mod api;
mod artifactory;
mod demo;
mod digitalocean;
mod distribution;
mod docker_hub;
mod ecr;
mod ghcr;
mod gitea;
mod gitlab;
mod google;
mod harbor;
mod nexus;
mod openshift;
mod pulp;
mod quay;
mod vendor;
mod zot;

use super::http::error_body::ErrorBody;
use crate::model::reference::Host;
use crate::model::server::Cleanups;
pub(crate) use distribution::ENABLE_DELETES;
use vendor::RefusalSign;
pub(crate) use vendor::{Signs, Vendor};

/// All vendors. The first whose sign is there counts, so one with a rare sign stands before one with a common sign.
static VENDORS: &[Vendor] = &[
    docker_hub::DOCKER_HUB,
    ghcr::GHCR,
    quay::QUAY,
    ecr::ECR_PUBLIC,
    acr::ACR,
    google::ARTIFACT_REGISTRY,
    google::GCR,
    digitalocean::DIGITALOCEAN,
    ecr::ECR,
    demo::DEMO,
    gitea::GITEA,
    gitea::FORGEJO,
    gitea::GITEA_OR_FORGEJO,
    openshift::OPENSHIFT,
    pulp::PULP,
    harbor::HARBOR,
    gitlab::GITLAB,
    artifactory::ARTIFACTORY,
    nexus::NEXUS,
    zot::ZOT,
    distribution::DISTRIBUTION,
];

/// Everything that is known of a registry from its vendor.
#[derive(Debug, Clone, Default)]
pub(crate) struct Product {
    /// The vendor, if a sign gives it away.
    pub(crate) vendor: Option<&'static Vendor>,
    /// How it cleans up untagged content.
    pub(crate) cleanups: Cleanups,
}

impl Product {
    /// Determines the vendor by the host, else by the signs of the first answers.
    pub(crate) fn of(signs: &Signs<'_>) -> Product {
        let by_host = VENDORS.iter().find(|vendor| vendor.has_host(signs.host));
        let vendor = by_host.or_else(|| VENDORS.iter().find(|vendor| (vendor.has_sign)(signs)));
        let is_right = |vendor: &&Vendor| vendor.proof.as_ref().is_none_or(|proof| (proof.ping)(signs));
        let cleanups = vendor.filter(is_right).map(|vendor| vendor.cleanups).unwrap_or_default();
        Product { vendor, cleanups }
    }

    /// Returns whether the cleanup is not certain before [`says_as_known`] holds too, because other registries answer a
    /// ping in the same way.
    pub(crate) fn needs_proof(&self) -> bool {
        self.vendor.is_some_and(|vendor| vendor.proof.is_some())
    }
}

/// Returns whether the refusal of a request for a missing manifest proves one of the vendors that need a proof.
pub(crate) fn says_as_known(said: &ErrorBody) -> bool {
    VENDORS.iter().filter_map(|vendor| vendor.proof.as_ref()).any(|proof| (proof.missing)(said))
}

/// Returns the vendor in whose domains a host is.
pub(crate) fn of_host(host: &Host) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.has_host(host))
}

/// Returns the vendor of this name, in any case.
pub(crate) fn named(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.name.eq_ignore_ascii_case(name))
}

/// Returns the names of the vendors that have an API of their own.
pub(crate) fn with_api() -> impl Iterator<Item = &'static str> {
    VENDORS.iter().filter(|vendor| vendor.api.is_some()).map(|vendor| vendor.name)
}

/// Returns how content of a host is deleted, if its registry API never deletes.
pub(crate) fn delete_hint(host: &Host) -> Option<&'static str> {
    let is_its_host = |vendor: &&Vendor| {
        let signs = Signs { host, service: "", realm: "", headers: &Default::default(), body: b"" };
        vendor.has_host(host) || (vendor.has_sign)(&signs)
    };
    VENDORS.iter().find(is_its_host)?.delete_hint
}

/// Returns whether a refusal protects a tag or image against every change.
pub(crate) fn says_protected(status: u16, said: &ErrorBody) -> bool {
    has_sign(|vendor| vendor.protected, status, said)
}

/// Returns whether a refusal is about a size or a quota.
pub(crate) fn says_quota(status: u16, said: &ErrorBody) -> bool {
    has_sign(|vendor| vendor.quota, status, said)
}

/// Returns whether a refusal means that the server does not have the operation.
pub(crate) fn says_unsupported(status: u16, said: &ErrorBody) -> bool {
    has_sign(|vendor| vendor.unsupported, status, said)
}

/// Returns whether a refusal to delete an image is about its tags.
pub(crate) fn says_blocked_by_tags(status: u16, said: &ErrorBody) -> bool {
    has_sign(|vendor| vendor.blocked_by_tags, status, said)
}

/// Returns whether a refusal to delete an image is about an index that lists it.
pub(crate) fn says_listed_by_index(status: u16, said: &ErrorBody) -> bool {
    has_sign(|vendor| vendor.listed_by_index, status, said)
}

/// Returns the hint for a refusal that the words of a vendor explain.
pub(crate) fn refusal_hint(status: u16, said: &ErrorBody) -> Option<&'static str> {
    let mut hints = VENDORS.iter().flat_map(|vendor| vendor.hints);
    hints.find(|(sign, _)| sign.fits(status, said)).map(|(_, hint)| *hint)
}

fn has_sign(signs: impl Fn(&Vendor) -> &'static [RefusalSign], status: u16, said: &ErrorBody) -> bool {
    VENDORS.iter().flat_map(signs).any(|sign| sign.fits(status, said))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::client::http::error_body::ErrorWords;
    use crate::model::server::Cleanup;

    type Headers<'a> = &'a [(&'static str, &'static str)];

    fn guess(host: &str, service: &str, realm: &str, headers: Headers, body: &str) -> Product {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        let host = Host::parse(host).expect("a host");
        Product::of(&Signs { host: &host, service, realm, headers: &headers, body: body.as_bytes() })
    }

    #[test]
    fn products_are_known_by_their_unique_traits() {
        let api = ("docker-distribution-api-version", "registry/2.0");
        let name = |host: &str, service: &str, headers: Headers| {
            guess(host, service, "", headers, "").vendor.map(|vendor| vendor.name.to_string())
        };
        assert_eq!(name("docker.io", "", &[]).as_deref(), Some("Docker Hub"));
        assert_eq!(name("1.dkr.ecr.eu-west-1.amazonaws.com", "", &[]).as_deref(), Some("ECR"));
        assert_eq!(name("evil-ghcr.io", "", &[]), None);
        let harbor = "https://r.test/service/token harbor-registry";
        assert_eq!(name("r.test", harbor, &[api]).as_deref(), Some("Harbor"));
        let gitlab = "https://git.test/jwt/auth container_registry";
        assert_eq!(name("r.test", gitlab, &[api]).as_deref(), Some("GitLab"));
        let gitea = "https://git.test/v2/token container_registry";
        assert_eq!(name("git.test", gitea, &[api]).as_deref(), Some("Gitea or Forgejo"));
        assert_eq!(name("codeberg.org", gitea, &[api]).as_deref(), Some("Forgejo"));
        let version = ("gitlab-container-registry-version", "4.2.0-gitlab");
        assert_eq!(name("r.test", "", &[version, api]).as_deref(), Some("GitLab"));
        let signatures = ("x-registry-supports-signatures", "1");
        let pulp = "https://pulp.test/token/ pulp.test";
        assert_eq!(name("pulp.test", pulp, &[signatures, api]).as_deref(), Some("Pulp"));
        let openshift = "https://r.test/openshift/token";
        assert_eq!(name("r.test", openshift, &[signatures, api]).as_deref(), Some("OpenShift"));
        let realm = |realm: &str, service: &str| {
            guess("git.test", service, realm, &[api], "").vendor.map(|vendor| vendor.name)
        };
        assert_eq!(realm("Gitea Container Registry", gitea), Some("Gitea"));
        assert_eq!(realm("Gitea Container Registry", ""), Some("Gitea"));
        assert_eq!(realm("Forgejo Container Registry", gitea), Some("Forgejo"));
        assert_eq!(name("r.test", "", &[api]).as_deref(), Some("distribution API"));
        assert_eq!(name("r.test", "", &[]), None);
    }

    #[test]
    fn untagged_images_are_not_said_to_stay_in_a_registry_that_only_resembles_a_known_one() {
        let api = ("docker-distribution-api-version", "registry/2.0");
        let json = ("content-type", "application/json; charset=utf-8");
        let untagged = |service: &str, realm: &str, headers: Headers, body| {
            guess("r.test", service, realm, headers, body).cleanups.untagged
        };
        assert_eq!(untagged("", "", &[api, json], "{}"), Cleanup::Later);
        assert_eq!(untagged("", "", &[("server", "regtui"), api], "{}"), Cleanup::Later);
        for server in ["nginx", "BaseHTTP/0.6 Python/3.11.2", "gunicorn"] {
            assert_eq!(
                untagged("", "", &[api, json, ("server", server)], "{}"),
                Cleanup::Unknown,
                "{server}"
            );
        }
        assert_eq!(untagged("", "", &[api], ""), Cleanup::Unknown);
        assert_eq!(untagged("", "", &[api, ("content-type", "text/plain")], "{}"), Cleanup::Unknown);
        let gitlab = "https://git.test/jwt/auth container_registry";
        assert_eq!(untagged(gitlab, "", &[api, json], "{}"), Cleanup::Unknown);
        assert_eq!(untagged("https://git.test/v2/token container_registry", "", &[api], ""), Cleanup::AtOnce);
        assert_eq!(untagged("", "Gitea Container Registry", &[api, json], "{}"), Cleanup::AtOnce);
        let pulp = [api, json, ("x-registry-supports-signatures", "1")];
        assert_eq!(guess("r.test", "", "", &pulp, "{}").cleanups.deleted, Cleanup::AtOnce);
    }

    #[test]
    fn only_vendors_whose_registry_api_never_deletes_have_a_hint_of_their_own() {
        let hint = |host: &str| delete_hint(&Host::parse(host).expect("a host"));
        for (host, word) in [
            ("docker.io", "Docker Hub"),
            ("ghcr.io", "packages"),
            ("1.dkr.ecr.eu-west-1.amazonaws.com", "aws ecr"),
            ("public.ecr.aws", "aws ecr"),
        ] {
            assert!(hint(host).is_some_and(|hint| hint.contains(word)), "{host}");
        }
        assert_eq!((hint("r.test"), hint("evil-ghcr.io")), (None, None));
    }

    #[test]
    fn every_vendor_has_a_name_of_its_own_and_a_sign_or_a_domain() {
        let names: std::collections::HashSet<&str> = VENDORS.iter().map(|vendor| vendor.name).collect();
        assert!(names.len() == VENDORS.len() && !names.contains(""));
    }

    /// docs/REGISTRIES.md §9.1.
    #[test]
    fn refusals_of_ecr_are_explained_by_its_words() {
        let hint = |status, code: &'static str, message: &'static str| {
            let words = ErrorWords { code: Some(code.into()), message: Some(message.into()), detail: None };
            refusal_hint(status, &words.into())
        };
        let missing = "The repository with name 'app' does not exist in the registry with id '123'";
        assert!(hint(404, "NAME_UNKNOWN", missing).is_some_and(|hint| hint.contains("create-repository")));
        let expired = "Your authorization token has expired. Reauthenticate and try again.";
        assert!(hint(403, "DENIED", expired).is_some_and(|hint| hint.contains("twelve hours")));
        assert_eq!(hint(404, "NAME_UNKNOWN", "repository name not known to registry"), None);
    }

    /// docs/REGISTRIES.md §7.1, §7.5, §9.1.
    #[test]
    fn refusals_are_understood_in_the_words_of_every_vendor() {
        type Understood = fn(u16, &ErrorBody) -> bool;
        let table: [(Understood, u16, &str, &str, bool); 16] = [
            (says_protected, 400, "TAG_INVALID", "cannot be overwritten because the tag is immutable", true),
            (says_protected, 412, "PRECONDITION", "configured as immutable", true),
            (says_protected, 405, "REGISTRY_DISALLOWED_OPERATION", "", true),
            (says_protected, 403, "DENIED", "protected tag", true),
            (says_protected, 403, "DENIED", "no", false),
            (says_quota, 412, "DENIED", "will exceed the storage", true),
            (says_quota, 429, "TOOMANYREQUESTS", "you exceed your limit", false),
            (says_unsupported, 400, "DIGEST_INVALID", "", true),
            (says_unsupported, 400, "", "can only be deleted by digest", true),
            (says_unsupported, 404, "DIGEST_INVALID", "", false),
            (says_blocked_by_tags, 400, "GOOGLE_MANIFEST_DANGLING_TAG", "", true),
            (says_listed_by_index, 400, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE", "", true),
            (says_listed_by_index, 405, "DENIED", "manifest referenced by index image", true),
            (says_listed_by_index, 409, "MANIFEST_REFERENCED_IN_LIST", "", true),
            (says_listed_by_index, 400, "", "Requested image referenced by manifest list", true),
            (says_listed_by_index, 403, "DENIED", "no", false),
        ];
        for (is_understood, status, code, message, expected) in table {
            let said =
                ErrorWords { code: Some(code.into()), message: Some(message.into()), detail: None }.into();
            assert_eq!(is_understood(status, &said), expected, "{status} {code} {message}");
        }
    }
}
