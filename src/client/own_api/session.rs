//! One use of a vendor's own API: its address, and one request.

use std::sync::MutexGuard;

use bytes::Bytes;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::ApiState;
use crate::client::error::{Cause, Error, Peer, SendError};
use crate::client::http::error_body::ErrorBody;
use crate::client::http::limit::Priority;
use crate::client::http::origin::{self, Origin};
use crate::client::http::payload::Payload;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::resume::Partial;
use crate::client::http::scope::Scope;
use crate::client::http::transport::{Envelope, Exchange};
use crate::client::vendors::Vendor;
use crate::client::vendors::api::{ApiLogin, ApiPlace, VendorApi};
use crate::client::{Client, vendors};
use crate::model::vendor_lists::VendorCall;

/// Most bytes of an answer.
const CAP: u64 = 8 * 1024 * 1024;

/// A vendor's own API with its address.
#[derive(Debug)]
pub(crate) struct ApiSession<'a> {
    pub(super) client: &'a Client,
    /// The vendor.
    pub(super) vendor: &'static Vendor,
    /// Its API.
    pub(super) api: &'static VendorApi,
    /// The address below which all calls are.
    base: Url,
    /// The origin of the address.
    pub(super) origin: Origin,
    /// The server as errors name it.
    peer: Peer,
    /// Whether the address may be sent the login of the registry.
    pub(super) may_see_login: bool,
}

impl<'a> ApiSession<'a> {
    /// Returns the API of a registry's vendor, or `None` if there is none. Sends a ping if nothing but the first answers
    /// gives the vendor away and there were none.
    pub(super) async fn of(client: &'a Client) -> Option<ApiSession<'a>> {
        let settings = &client.0.own_api.settings;
        let named = settings.vendor.map(|name| name.vendor());
        let vendor = match named.or_else(|| vendors::of_host(client.host())) {
            Some(vendor) => vendor,
            None => known_vendor(client).await?,
        };
        let api = vendor.api?;
        client.0.own_api.state().vendor = Some(vendor.name);
        let own = client.http().transport().origin().await.ok()?;
        let (base, may_see_login) = match (&settings.address, api.place) {
            (Some(address), _) => (address.url().clone(), true),
            (None, ApiPlace::Registry) => (Url::parse(&own.to_string()).ok()?, true),
            // The configuration may call any registry one of this vendor, which is no reason to trust this place.
            (None, ApiPlace::Origin(place)) => {
                (Url::parse(place).ok().filter(|_| vendor.has_host(client.host()))?, true)
            }
            (None, ApiPlace::TokenService) => {
                let auth = client.http().auth();
                if auth.token_service().is_none() {
                    client.ping().await.ok()?;
                }
                let realm = auth.token_service()?;
                let is_trusted = auth.trusts_with_login(&realm).await;
                let mut base = realm;
                base.set_query(None);
                base.set_path("");
                (base, is_trusted)
            }
        };
        let origin = Origin::of(&base).filter(|origin| origin.is_https() || !own.is_https())?;
        let is_own = origin == own;
        let peer = if is_own { Peer::Registry } else { Peer::VendorApi(origin::host_and_port(&base)) };
        // The registry's own login protocol is only for the registry.
        (is_own || api.login != ApiLogin::Registry).then_some(())?;
        Some(ApiSession { client, vendor, api, base, origin, peer, may_see_login })
    }

    pub(super) fn state(&self) -> MutexGuard<'a, ApiState> {
        self.client.0.own_api.state()
    }

    /// Returns the error of an answer that has another form than expected.
    pub(super) fn other_form(&self) -> Error {
        self.error(Cause::BadAnswer("the answer has another form than documented".into()))
    }

    pub(super) fn error(&self, cause: Cause) -> Error {
        self.client.http().error(SendError { cause, peer: self.peer.clone() }, None, 1)
    }

    /// Sends a call with the login and the tokens of the registry API.
    pub(super) async fn send_as_registry(
        &self,
        call: &VendorCall,
        scope: &Scope,
    ) -> Result<HttpAnswer, Error> {
        let mut request = self.request(call, Method::GET, scope.clone())?;
        request.has_fallback = true;
        self.client.http().send(&request).await
    }

    /// Sends a call once, with this header. No redirect is followed.
    pub(super) async fn send(
        &self,
        call: &VendorCall,
        method: Method,
        login: Option<(&HeaderName, &HeaderValue)>,
    ) -> Result<HttpAnswer, Error> {
        let mut request = self.request(call, method, Scope::Nothing)?;
        if let Some((name, value)) = login {
            request.headers.insert(name, value.clone());
        }
        let http = self.client.http();
        let _permit = http.permit(request.priority).await;
        let envelope = Envelope {
            request: &request,
            url: &request.url,
            peer: self.peer.clone(),
            authorization: None,
            attempt: 1,
        };
        let failed = |error: SendError| http.error(error, Some(&request), 1);
        match http.transport().exchange(envelope).await.map_err(failed)? {
            Exchange::Success(head) => {
                http.transport().read_body(head, CAP, &mut Partial::default()).await.map_err(failed)
            }
            Exchange::Other(answer, peer) => {
                let body = ErrorBody::of(&answer.body);
                let cause = match answer.status {
                    300..400 => Cause::Redirect("it leads elsewhere".into()),
                    status => Cause::Status { status, body, wait: None },
                };
                Err(failed(SendError { cause, peer }))
            }
        }
    }

    fn request(&self, call: &VendorCall, method: Method, scope: Scope) -> Result<Request, Error> {
        let url =
            self.url(&call.path).ok_or_else(|| self.error(Cause::Local("a call has no address".into())))?;
        let mut headers = HeaderMap::new();
        let mut accept = "application/json";
        for (name, value) in self.api.headers {
            match *name {
                "accept" => accept = value,
                name => {
                    headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                }
            }
        }
        headers.remove(ACCEPT);
        let payload = match &call.body {
            Some((media_type, body)) => {
                Payload::Bytes { media_type: (*media_type).into(), bytes: Bytes::from(body.clone()) }
            }
            None => Payload::None,
        };
        let request = Request::new(method, url, scope, Priority::Interactive);
        Ok(Request { accept, headers, payload, cap: CAP, is_sent_once: true, ..request })
    }

    /// Returns the URL of a path below the address.
    fn url(&self, path: &str) -> Option<Url> {
        let base = self.base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}{path}")).ok()?;
        Some(url).filter(|url| Origin::of(url).as_ref() == Some(&self.origin))
    }

    /// Returns the path below the address that a link leads to. Returns `None` if the link leads to any other place.
    pub(super) fn path_of(&self, call: &VendorCall, link: &str) -> Option<String> {
        let url = self.url(&call.path)?.join(link).ok()?;
        Origin::of(&url).filter(|origin| *origin == self.origin)?;
        let path = url.path().strip_prefix(self.base.path().trim_end_matches('/'))?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        path.starts_with('/').then(|| format!("{path}{query}"))
    }
}

/// Returns the vendor that the first answers of a registry show.
async fn known_vendor(client: &Client) -> Option<&'static Vendor> {
    if !client.abilities().knows_vendor() {
        client.ping().await.ok()?;
    }
    client.abilities().vendor()
}
