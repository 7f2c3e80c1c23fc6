//! The traits that give the product of a registry away, and the known facts about products.
//!
//! docs/REGISTRIES.md §7.4, §9.2.

use crate::client::http::error_body::ErrorBody;
use crate::client::http::request::HttpAnswer;
use crate::model::reference::Host;
use crate::model::server::{Cleanup, Cleanups};
use crate::model::text::SafeText;

/// The name that the registry in memory gives itself.
pub const DEMO_NAME: &str = "regtui";

/// Everything that is known of a registry from its product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Product {
    /// Its name, if a trait gives it away.
    pub name: Option<SafeText>,
    /// How it cleans up untagged content.
    pub cleanups: Cleanups,
    /// Whether other registries answer a ping in the same way. [`is_distribution_error`] has to hold too then.
    pub needs_proof: bool,
}

impl Product {
    /// Determines the product from the response to a ping, the host, and the challenges: realm and service of its
    /// tokens, and the realm of its logins.
    pub fn of(host: &Host, service: &str, realm: &str, answer: &HttpAnswer) -> Product {
        let name = name(host, service, realm, answer);
        let (untagged, deleted) = match name {
            Some("Gitea") => (Cleanup::AtOnce, Cleanup::AtOnce),
            Some("Pulp") => (Cleanup::Unknown, Cleanup::AtOnce),
            Some(DEMO_NAME) => (Cleanup::Later, Cleanup::Later),
            Some(DISTRIBUTION) if is_distribution(answer) => (Cleanup::Later, Cleanup::Later),
            _ => (Cleanup::Unknown, Cleanup::Unknown),
        };
        let needs_proof = name == Some(DISTRIBUTION);
        Product { name: name.map(SafeText::from), cleanups: Cleanups { untagged, deleted }, needs_proof }
    }
}

/// The name that many registries give their API.
const DISTRIBUTION: &str = "distribution API";

/// Returns the product, recognised by traits of its own: its host, the names of its token service, its headers.
fn name(host: &Host, service: &str, realm: &str, answer: &HttpAnswer) -> Option<&'static str> {
    let name = host.without_port();
    let is_at = |domain: &str| name == domain || name.ends_with(&format!(".{domain}"));
    let by_host = [
        ("docker.io", "Docker Hub"),
        ("ghcr.io", "GHCR"),
        ("quay.io", "Quay"),
        ("public.ecr.aws", "ECR Public"),
        ("azurecr.io", "ACR"),
        ("pkg.dev", "Artifact Registry"),
        ("gcr.io", "GCR"),
        ("registry.gitlab.com", "GitLab"),
        ("registry.digitalocean.com", "DigitalOcean"),
    ];
    if let Some((_, product)) = by_host.into_iter().find(|(domain, _)| is_at(domain)) {
        return Some(product);
    }
    if name.contains(".dkr.ecr.") && is_at("amazonaws.com") {
        return Some("ECR");
    }
    let header = |name: &str| answer.header(name).unwrap_or_default().to_ascii_lowercase();
    let server = header("server");
    let by_trait = [
        (server == DEMO_NAME, DEMO_NAME),
        (is_gitea(service, realm), "Gitea"),
        (answer.headers.contains_key("x-registry-supports-signatures"), "Pulp"),
        (service.contains("harbor-registry") || service.contains("/service/token"), "Harbor"),
        (service.contains("container_registry") || service.contains("/jwt/auth"), "GitLab"),
        (answer.headers.contains_key("x-jfrog-version") || server.contains("artifactory"), "Artifactory"),
        (server.contains("nexus"), "Nexus"),
        (server.contains("zot") || header("distribution-api-version").contains("zot"), "zot"),
    ];
    if let Some((_, product)) = by_trait.into_iter().find(|(is_it, _)| *is_it) {
        return Some(product);
    }
    header("docker-distribution-api-version").contains("registry/2.0").then_some(DISTRIBUTION)
}

/// Returns whether the product is Gitea, or Forgejo, which shares its code. Its token service has the same name as
/// GitLab's and a path that no other has. It also takes logins for a realm with a name of its own.
fn is_gitea(service: &str, realm: &str) -> bool {
    let (address, service) = service.split_once(' ').unwrap_or((service, ""));
    let is_its_token = address.ends_with("/v2/token") && service == "container_registry";
    is_its_token || ["Gitea Container Registry", "Forgejo Container Registry"].contains(&realm)
}

/// Returns whether the response to a request for a missing manifest has the words of distribution
/// (`registry/api/errcode`). olareg and others answer a ping in the same way as distribution, and have words of their
/// own here.
pub fn is_distribution_error(body: &ErrorBody) -> bool {
    let message = body.message.as_ref().map(SafeText::as_str);
    body.has_code("MANIFEST_UNKNOWN") && message == Some("manifest unknown")
        || body.has_code("NAME_UNKNOWN") && message == Some("repository name not known to registry")
}

/// Returns whether the product is distribution itself, and not only its API: its response to a ping word for word, and
/// no server's name. A distribution behind a proxy that adds its name is not recognised.
fn is_distribution(answer: &HttpAnswer) -> bool {
    let media_type = answer.header("content-type").unwrap_or_default();
    let is_json = ["application/json", "application/json; charset=utf-8"].contains(&media_type);
    let is_named = ["server", "via", "x-powered-by"].iter().any(|name| answer.headers.contains_key(*name));
    is_json && !is_named && *answer.body == *b"{}"
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    type Headers<'a> = &'a [(&'static str, &'static str)];

    fn guess(host: &str, service: &str, realm: &str, headers: Headers, body: &'static str) -> Product {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        let url = "http://localhost/v2/".parse().expect("a url");
        let answer =
            HttpAnswer { status: 200, headers, body: Bytes::from_static(body.as_bytes()), url, _hold: None };
        Product::of(&Host::parse(host).expect("a host"), service, realm, &answer)
    }

    #[test]
    fn products_are_known_by_their_unique_traits() {
        let api = ("docker-distribution-api-version", "registry/2.0");
        let name = |host: &str, service: &str, headers: Headers| {
            guess(host, service, "", headers, "").name.map(|name| name.to_string())
        };
        assert_eq!(name("docker.io", "", &[]).as_deref(), Some("Docker Hub"));
        assert_eq!(name("1.dkr.ecr.eu-west-1.amazonaws.com", "", &[]).as_deref(), Some("ECR"));
        assert_eq!(name("evil-ghcr.io", "", &[]), None);
        let harbor = "https://r.test/service/token harbor-registry";
        assert_eq!(name("r.test", harbor, &[api]).as_deref(), Some("Harbor"));
        let gitlab = "https://git.test/jwt/auth container_registry";
        assert_eq!(name("r.test", gitlab, &[api]).as_deref(), Some("GitLab"));
        let gitea = "https://git.test/v2/token container_registry";
        assert_eq!(name("git.test", gitea, &[api]).as_deref(), Some("Gitea"));
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
}
