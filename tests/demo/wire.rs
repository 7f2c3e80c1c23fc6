//! Plain HTTP to the registry, without a client that knows the API: a request in, status, headers and body out.

use std::sync::Once;

use regtui::demo::{Demo, DemoSettings, Store};
use reqwest::header::HeaderMap;
use reqwest::{Method, redirect};
use serde_json::Value;

/// A registry and an HTTP client for it.
pub struct Wire {
    pub demo: Demo,
    client: reqwest::Client,
}

/// The answer to a request.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Wire {
    /// A registry with `store` in it.
    pub async fn new(settings: DemoSettings, store: Store) -> Wire {
        static PROVIDER: Once = Once::new();
        // Another test of this process may have installed the same one already.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let demo = Demo::start(settings, store).await.expect("a free port");
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        Wire { demo, client: client.expect("a client") }
    }

    /// The same with default settings.
    pub async fn open(store: Store) -> Wire {
        Wire::new(DemoSettings::default(), store).await
    }

    /// Returns a URL on the registry. A complete one stays as it is.
    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("http://{}{path}", self.demo.address())
        }
    }

    /// Begins a request.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(Method::from_bytes(method.as_bytes()).expect("a method"), self.url(path))
    }

    /// Sends a request with headers and a body.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let request = headers
            .iter()
            .fold(self.request(method, path), |request, (name, value)| request.header(*name, *value));
        Answer::of(request.body(body.into()).send().await.expect("an answer")).await
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Answer {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.expect("a whole body").to_vec() }
    }

    /// Returns a header, or the empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Status and error code: `404 NAME_UNKNOWN`.
    pub fn refusal(&self) -> String {
        format!("{} {}", self.status, self.json()["errors"][0]["code"].as_str().unwrap_or("-"))
    }
}
