//! The first look at a registry: `GET /v2/`, distribution-spec § Determining Support, and what gives its product away.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Method;

use super::Client;
use super::error::{Cause, Error};
use super::limit::Lane;
use super::origin::Base;
use super::request::{Answer, Request};
use super::scope::Scope;
use crate::model::reference::Host;
use crate::model::server::{Server, Transport};
use crate::model::text::SafeText;

/// Most bytes of the answer, which says nothing.
const CAP: u64 = 1024 * 1024;

impl Client {
    /// Asks the registry who it is and who we are to it.
    pub async fn ping(&self) -> Result<Server, Error> {
        let base = self.http().base().await?.clone();
        let url = base.ping();
        let request =
            Request { cap: CAP, ..Request::new(Method::GET, url, Scope::Nothing, Lane::Interactive) };
        let answer = self.http().send(&request).await?;
        let is_page =
            answer.body.trim_ascii_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<html"))
                || answer
                    .body
                    .trim_ascii_start()
                    .get(..9)
                    .is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype"));
        if is_page {
            return Err(self.http().error(Cause::WebPage, Some(&request), 1));
        }
        Ok(Server {
            product: product(self.host(), &self.http().auth().service(), &answer),
            transport: self.transport(&base),
            identity: self.http().auth().identity().await,
            catalog: self.abilities().catalog(),
            referrers: self.abilities().referrers(),
            deletes: self.deletes(),
            proxy: proxy(self.host(), &base),
        })
    }

    fn transport(&self, base: &Base) -> Transport {
        match base.origin().is_some_and(|origin| origin.is_https()) {
            false => Transport::Plain,
            true if self.http().trust().insecure => Transport::Unverified,
            true => Transport::Https,
        }
    }
}

/// The product, by what only it does: its host, the names of its token service, its headers. registries.md §9.1.
fn product(host: &Host, service: &str, answer: &Answer) -> Option<SafeText> {
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

/// The proxy that requests to the registry go through, as the environment says; never for loopback.
fn proxy(host: &Host, base: &Base) -> Option<SafeText> {
    if host.is_loopback() {
        return None;
    }
    let destination = base.ping().as_str().parse().ok()?;
    let intercepted = Matcher::from_system().intercept(&destination)?;
    let uri = intercepted.uri();
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    Some(SafeText::from(format!("{}{port}", uri.host()?)))
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
