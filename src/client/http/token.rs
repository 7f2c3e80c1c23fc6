//! Tokens of a registry's token endpoint: distribution `spec/auth/token.md` and `oauth.md`.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex as AsyncMutex;

use super::error_body::ErrorBody;
use super::request::HttpAnswer;
use super::retry_after::retry_after;
use super::tls::Reuse;
use super::transport::Transport;
use crate::client::credentials::Login;
use crate::client::credentials::header::authorization_header;
use crate::client::error::{Cause, Peer, SendError};
use crate::model::secret::Secret;
use crate::model::text::SafeText;

/// Most bytes of a token endpoint's response.
const CAP: u64 = 1024 * 1024;
/// The life of a token whose response names none, or a shorter one: token.md.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);
/// The longest life of a token that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(12 * 3600);
/// The time before its end from which a token is not used any more.
const MARGIN: Duration = Duration::from_secs(5);
/// The name that regtui gives itself at the endpoint.
const CLIENT_ID: &str = "regtui";

/// The key of a token: everything that it was fetched for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TokenKey {
    /// The endpoint.
    pub(crate) realm: Url,
    /// The service, as the challenge named it.
    pub(crate) service: Option<String>,
    /// The scopes, sorted, each once.
    pub(crate) scopes: BTreeSet<String>,
    /// Whether it was asked for without a login.
    pub(crate) is_anonymous: bool,
}

/// A token and its end, by the clock of this machine since it arrived: `issued_at` may be anything.
#[derive(Debug, Clone)]
struct Token {
    secret: Secret,
    until: Instant,
}

/// The tokens of one registry. One request at a time for each key; others wait for it.
#[derive(Debug, Default)]
pub(crate) struct TokenCache(Mutex<HashMap<TokenKey, Arc<AsyncMutex<Option<Token>>>>>);

impl TokenCache {
    /// Returns the token for `key`, and whether it was fetched just now. `peer` is the server of its realm.
    pub(crate) async fn token(
        &self,
        transport: &Transport,
        key: &TokenKey,
        login: Option<&Login>,
        peer: &Peer,
    ) -> Result<(Secret, bool), SendError> {
        let place =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().clone();
        let mut token = place.lock().await;
        if let Some(token) = token.as_ref().filter(|token| token.until > Instant::now()) {
            return Ok((token.secret.clone(), false));
        }
        let fetched = fetch(transport, key, login, peer).await?;
        let secret = fetched.secret.clone();
        *token = Some(fetched);
        Ok((secret, true))
    }

    /// Forgets the token for `key` that `header` carried. A newer one stays: other requests were refused with the same
    /// old one.
    pub(crate) async fn forget(&self, key: &TokenKey, header: &HeaderValue) {
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let Some(place) = place else { return };
        let mut token = place.lock().await;
        if token.as_ref().and_then(|token| authorization_header("Bearer", &token.secret)).as_ref()
            == Some(header)
        {
            *token = None;
        }
    }

    /// Forgets all tokens.
    pub(crate) fn forget_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

async fn fetch(
    transport: &Transport,
    key: &TokenKey,
    login: Option<&Login>,
    peer: &Peer,
) -> Result<Token, SendError> {
    let answer = match login {
        Some(Login::Identity(token)) => {
            let form = [("grant_type", "refresh_token"), ("refresh_token", token.reveal())];
            post(transport, key, &form, peer).await?
        }
        _ => get(transport, key, login, peer).await?,
    };
    match answer.status {
        200..300 => answer.json().and_then(read).map_err(|cause| cause.at(peer)),
        status => {
            let wait = retry_after(&answer.headers, Timestamp::now());
            Err(Cause::Status { status, body: ErrorBody::of(&answer.body), wait }.at(peer))
        }
    }
}

async fn get(
    transport: &Transport,
    key: &TokenKey,
    login: Option<&Login>,
    peer: &Peer,
) -> Result<HttpAnswer, SendError> {
    let mut url = key.realm.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(key.service.iter().map(|service| ("service", service)));
        query.extend_pairs(key.scopes.iter().map(|scope| ("scope", scope)));
        if let Some(Login::Password { user, .. }) = login {
            query.append_pair("account", user);
        }
        query.append_pair("client_id", CLIENT_ID);
    }
    let client = transport.client(&key.realm, peer, Reuse::Pooled)?;
    let mut request =
        client.get(url.clone()).header(ACCEPT, "application/json").header(ACCEPT_ENCODING, "identity");
    if let Some(header) = login.and_then(Login::basic) {
        request = request.header(AUTHORIZATION, header);
    }
    send_logged(transport, request, Method::GET, &url, peer).await
}

async fn post(
    transport: &Transport,
    key: &TokenKey,
    form: &[(&str, &str)],
    peer: &Peer,
) -> Result<HttpAnswer, SendError> {
    let scopes = key.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut fields = form.to_vec();
    fields.extend(key.service.iter().map(|service| ("service", service.as_str())));
    fields.extend([("scope", scopes.as_str()), ("client_id", CLIENT_ID)]);
    let client = transport.client(&key.realm, peer, Reuse::Pooled)?;
    let request =
        client.post(key.realm.clone()).header(ACCEPT, "application/json").header(ACCEPT_ENCODING, "identity");
    send_logged(transport, request.form(&fields), Method::POST, &key.realm, peer).await
}

async fn send_logged(
    transport: &Transport,
    request: reqwest::RequestBuilder,
    method: Method,
    url: &Url,
    peer: &Peer,
) -> Result<HttpAnswer, SendError> {
    let answer = transport.receive(request, &method, url, peer.clone(), CAP).await?;
    match answer.status {
        300..400 => {
            let text = format!("the token service redirects: {}", transport.display_url(url));
            Err(Cause::UntrustedRealm(SafeText::from(text)).at(peer))
        }
        _ => Ok(answer),
    }
}

/// Reads the response leniently: `token` or `access_token`, a life of any kind.
fn read(body: &Bytes) -> Result<Token, Cause> {
    #[derive(Deserialize)]
    struct TokenResponse<'a> {
        #[serde(default, borrow)]
        token: Option<&'a RawValue>,
        #[serde(default, borrow)]
        access_token: Option<&'a RawValue>,
        #[serde(default, borrow)]
        expires_in: Option<&'a RawValue>,
    }
    let fields: TokenResponse = serde_json::from_slice(body)
        .map_err(|_| Cause::BadAnswer("the token service's answer is no JSON".into()))?;
    let text = |raw: Option<&RawValue>| {
        serde_json::from_str::<String>(raw?.get()).ok().filter(|text| !text.is_empty())
    };
    let secret = text(fields.access_token).or_else(|| text(fields.token));
    let secret = secret.ok_or_else(|| Cause::BadAnswer("the token service gave no token".into()))?;
    let seconds =
        fields.expires_in.and_then(|raw| raw.get().trim_matches('"').parse::<f64>().ok()).unwrap_or(0.0);
    let life =
        Duration::try_from_secs_f64(seconds).unwrap_or(SHORTEST_LIFE).clamp(SHORTEST_LIFE, LONGEST_LIFE);
    Ok(Token { secret: Secret::new(secret), until: Instant::now() + life - MARGIN })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(body: &str) -> Option<(String, u64)> {
        let token = read(&Bytes::copy_from_slice(body.as_bytes())).ok()?;
        let left = token.until.saturating_duration_since(Instant::now()) + MARGIN;
        Some((token.secret.reveal().to_string(), left.as_secs_f64().round() as u64))
    }

    /// docs/REGISTRIES.md §4.3, §10 row 10; docs/RELIABILITY.md F9.
    #[test]
    fn tokens_are_read_leniently_and_live_at_least_a_minute() {
        let table = [
            (r#"{"token":"a"}"#, Some(("a", 60))),
            (r#"{"access_token":"b","token":"a","expires_in":300}"#, Some(("b", 300))),
            (r#"{"access_token":"b","expires_in":"300"}"#, Some(("b", 300))),
            (r#"{"token":"a","expires_in":0,"issued_at":"garbage"}"#, Some(("a", 60))),
            (r#"{"token":"a","expires_in":-5}"#, Some(("a", 60))),
            (r#"{"token":"a","expires_in":1e12}"#, Some(("a", 43_200))),
            (r#"{"token":"a","expires_in":null}"#, Some(("a", 60))),
            (r#"{"token":null}"#, None),
            (r#"{"token":""}"#, None),
            ("{}", None),
            ("", None),
        ];
        for (body, expected) in table {
            let expected = expected.map(|(token, life)| (token.to_string(), life));
            assert_eq!(life(body), expected, "{body}");
        }
    }

    /// docs/RELIABILITY.md F9. The clock of the token service, or of this machine, may be wrong.
    #[test]
    fn a_clock_that_is_a_day_off_in_either_direction_changes_nothing_of_the_life_of_a_token() {
        let now = Timestamp::now().as_second();
        for seconds in [-86_400, -3_600, 0, 3_600, 86_400] {
            let issued_at = Timestamp::from_second(now + seconds).expect("a time");
            let body = format!(r#"{{"token":"a","expires_in":300,"issued_at":"{issued_at}"}}"#);
            assert_eq!(life(&body), Some(("a".into(), 300)), "{body}");
        }
    }
}
