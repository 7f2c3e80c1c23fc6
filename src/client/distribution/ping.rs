//! The first request to a registry, `GET /v2/`, and the identity that it gives the user: distribution-spec
//! § Determining Support.

use futures_util::FutureExt;
use reqwest::Method;

use super::deletes::random_digest;
use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::Priority;
use crate::client::http::request::Request;
use crate::client::http::scheme::PING_CAP;
use crate::client::http::scope::Scope;
use crate::client::vendors::{Product, Signs, says_as_known};
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::server::{Cleanup, Cleanups, Sent, Server, Transport};
use crate::model::text::SafeText;

impl Client {
    /// Asks the registry for its product and for the user's identity there.
    pub async fn ping(&self) -> Result<Server, Error> {
        let base = self.http().base().await?.clone();
        let url = base.ping();
        let request = Request {
            cap: PING_CAP,
            ..Request::new(Method::GET, url, Scope::Nothing, Priority::Interactive)
        };
        let answer = self.http().send(&request).await?;
        if answer.is_web_page() {
            return Err(self.http().error(Cause::WebPage, Some(&request), 1));
        }
        let auth = self.http().auth();
        let (service, realm) = (auth.service(), auth.realm());
        let signs = Signs {
            host: self.host(),
            service: &service,
            realm: &realm,
            headers: &answer.headers,
            body: &answer.body,
        };
        let product = Product::of(&signs);
        self.abilities().learn_product(product.cleanups, product.needs_proof());
        self.abilities().learn_vendor(product.vendor);
        self.abilities().learn_docker_condition(product.vendor.and_then(|vendor| vendor.docker_condition));
        Ok(Server {
            product: product.vendor.map(|vendor| vendor.name.into()),
            asks_login: auth.asks_login()
                && !product.vendor.is_some_and(|vendor| vendor.has_host(self.host())),
            transport: self.transport().await?,
            identity: self.http().auth().identity(),
            catalog: self.abilities().catalog(),
            referrers: self.abilities().referrers(),
            deletes: self.deletes(),
            route: None,
            proxy: self.http().transport().proxy(&base.ping()),
            own_api: self.own_api_abilities(product.vendor),
        })
    }

    /// Returns a sentence about Docker's manifests if the registry has refused one, or if its product, which is found out
    /// first if necessary, accepts them only under a condition.
    pub(crate) async fn docker_note(&self) -> Option<SafeText> {
        if self.abilities().cleanups().is_none() && self.abilities().docker_note().is_none() {
            self.ping().boxed().await.ok()?;
        }
        self.abilities().docker_note()
    }

    /// Returns how the registry cleans up untagged content: as observed, otherwise as known of its product, which is
    /// found out first if necessary. If only the ping gives the product away, the registry is asked for a manifest of
    /// this repository that cannot exist, since other registries answer a ping in the same way.
    pub(crate) async fn cleanups(&self, name: &RepositoryName) -> Cleanups {
        if self.abilities().cleanups().is_none() && self.ping().await.is_err() {
            // The product of a registry that cannot be reached is not known.
            return Cleanups::default();
        }
        if self.abilities().needs_proof() {
            let is_proved = self.speaks_as_distribution(name).boxed().await;
            self.abilities().confirm_product(is_proved);
        }
        self.abilities().cleanups().unwrap_or_default()
    }

    async fn speaks_as_distribution(&self, name: &RepositoryName) -> bool {
        let Ok(tag) = Tag::parse(&format!("regtui-probe-{}", random_digest().short())) else { return false };
        let answer = self.manifest(name, &Selector::Tag(tag), Priority::Interactive).await;
        let said = answer.err().and_then(|error| match error.cause {
            Cause::Status { status: 404, body: said, .. } => Some(said),
            _ => None,
        });
        said.is_some_and(|said| says_as_known(&said))
    }

    /// Records whether the registry removed an image that lost its last tag.
    pub(super) fn learn_untagged(&self, is_gone: bool) {
        self.abilities().learn_cleanups(|cleanups| cleanups.untagged = cleanup_of(is_gone));
    }

    /// Records that the registry removed the dependents of a deleted image along with it.
    pub(super) fn learn_dependents_removed(&self) {
        self.abilities().learn_cleanups(|cleanups| cleanups.deleted = Cleanup::AtOnce);
    }

    /// Returns how the registry is reached.
    pub(crate) async fn transport(&self) -> Result<Transport, Error> {
        let base = self.http().base().await?;
        Ok(match base.origin().is_some_and(|origin| origin.is_https()) {
            false => Transport::Plain,
            true if self.http().transport().is_pinned() => Transport::Pinned,
            true if self.http().trust().insecure => Transport::Unverified,
            true => Transport::Https,
        })
    }

    /// Returns the text that a command for a later run of regtui needs before a repository of this registry, so that it
    /// reaches the same registry in the same way: `http://registry.internal/`.
    pub(super) fn command_options(&self) -> String {
        let (host, trust) = (self.host(), self.http().trust());
        let options = if trust.insecure { "--insecure " } else { "" };
        let scheme = match (trust.plain_http, host.is_clearly_host() || host.port().is_some()) {
            (true, _) if !host.is_loopback() => "http://",
            (false, false) => "https://",
            _ => "",
        };
        format!("{options}{scheme}{host}/")
    }

    /// Returns the secret that the registry is sent for a repository, if there is a login, and whether the registry has
    /// asked for it already.
    pub(crate) async fn sent_secret(&self, name: &RepositoryName) -> (Option<Sent>, bool) {
        self.http().auth().sent_secret(name).await
    }
}

fn cleanup_of(is_gone: bool) -> Cleanup {
    if is_gone { Cleanup::AtOnce } else { Cleanup::Later }
}
