//! What gives the product of a registry away, and all that is known of products.

use super::request::Answer;
use crate::model::reference::Host;
use crate::model::text::SafeText;

/// The product, by what only it does: its host, the names of its token service, its headers. registries.md §9.1.
pub fn product(host: &Host, service: &str, answer: &Answer) -> Option<SafeText> {
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
        return Some(product.into());
    }
    if name.contains(".dkr.ecr.") && is_at("amazonaws.com") {
        return Some("ECR".into());
    }
    let header = |name: &str| answer.header(name).unwrap_or_default().to_ascii_lowercase();
    let server = header("server");
    let by_trait = [
        (service.contains("harbor-registry") || service.contains("/service/token"), "Harbor"),
        (service.contains("container_registry") || service.contains("/jwt/auth"), "GitLab"),
        (answer.headers.contains_key("x-jfrog-version") || server.contains("artifactory"), "Artifactory"),
        (server.contains("nexus"), "Nexus"),
        (server.contains("zot") || header("distribution-api-version").contains("zot"), "zot"),
        (
            service.ends_with("/v2/token") && answer.headers.contains_key("docker-distribution-api-version"),
            "Gitea",
        ),
    ];
    if let Some((_, product)) = by_trait.into_iter().find(|(is_it, _)| *is_it) {
        return Some(product.into());
    }
    header("docker-distribution-api-version").contains("registry/2.0").then(|| "distribution API".into())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn guess(host: &str, service: &str, headers: &[(&'static str, &'static str)]) -> Option<String> {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        let url = "http://localhost/v2/".parse().expect("a url");
        let answer = Answer { status: 200, headers, body: Bytes::new(), url };
        product(&Host::parse(host).expect("a host"), service, &answer).map(|product| product.to_string())
    }

    #[test]
    fn products_are_known_by_what_only_they_do() {
        let api = ("docker-distribution-api-version", "registry/2.0");
        assert_eq!(guess("docker.io", "", &[]).as_deref(), Some("Docker Hub"));
        assert_eq!(guess("1.dkr.ecr.eu-west-1.amazonaws.com", "", &[]).as_deref(), Some("ECR"));
        assert_eq!(guess("evil-ghcr.io", "", &[]), None);
        assert_eq!(
            guess("r.test", "https://r.test/service/token harbor-registry", &[api]).as_deref(),
            Some("Harbor")
        );
        assert_eq!(
            guess("r.test", "https://git.test/jwt/auth container_registry", &[api]).as_deref(),
            Some("GitLab")
        );
        assert_eq!(guess("r.test", "", &[api]).as_deref(), Some("distribution API"));
        assert_eq!(guess("r.test", "", &[]), None);
    }
}
