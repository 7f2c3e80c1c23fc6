//! The first look at a registry: `GET /v2/`, distribution-spec § Determining Support, and who it takes us for.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Method;

use super::Client;
use super::error::{Cause, Error};
use super::limit::Lane;
use super::origin::Base;
use super::product::Product;
use super::request::Request;
use super::scope::Scope;
use crate::model::reference::Host;
use crate::model::server::{Cleanup, Cleanups, Server, Transport};
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
        let auth = self.http().auth();
        let Product { name, cleanups } = Product::of(self.host(), &auth.service(), &auth.realm(), &answer);
        self.abilities().learn_product(cleanups);
        Ok(Server {
            product: name,
            transport: self.transport(&base),
            identity: self.http().auth().identity().await,
            catalog: self.abilities().catalog(),
            referrers: self.abilities().referrers(),
            deletes: self.deletes(),
            proxy: proxy(self.host(), &base),
        })
    }

    /// What the registry does with what nothing names any more: as was seen, else as is known of what it is, which is
    /// looked up where it was not yet.
    pub async fn cleanups(&self) -> Cleanups {
        match self.abilities().cleanups() {
            Some(known) => known,
            None => match self.ping().await {
                Ok(_) => self.abilities().cleanups().unwrap_or_default(),
                // What cannot be asked is not known.
                Err(_) => Cleanups::default(),
            },
        }
    }

    /// Notes what the registry did with an image that lost its last tag: whether it is gone.
    pub fn saw_untagged(&self, is_gone: bool) {
        self.abilities().learn_cleanups(|cleanups| cleanups.untagged = seen(is_gone));
    }

    /// Notes what the registry did with what belonged to a deleted image: that it went along.
    pub fn saw_deleted_go_along(&self) {
        self.abilities().learn_cleanups(|cleanups| cleanups.deleted = Cleanup::AtOnce);
    }

    fn transport(&self, base: &Base) -> Transport {
        match base.origin().is_some_and(|origin| origin.is_https()) {
            false => Transport::Plain,
            true if self.http().trust().insecure => Transport::Unverified,
            true => Transport::Https,
        }
    }
}

fn seen(is_gone: bool) -> Cleanup {
    if is_gone { Cleanup::AtOnce } else { Cleanup::Later }
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
