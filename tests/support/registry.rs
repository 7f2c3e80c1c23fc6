//! A demo registry with a client in front of it, with timeouts short enough for tests.

use std::time::Duration;

use regtui::client::credentials::Credentials;
use regtui::client::{Client, ClientSettings, Pool, Timeouts};
use regtui::demo::{self, Demo, Store};
use regtui::model::digest::Digest;
use regtui::model::reference::{Host, RepositoryName, Tag};

pub struct Registry {
    pub demo: Demo,
    pub pool: Pool,
    pub client: Client,
}

/// Timeouts long enough for a busy machine, and short enough for a test.
pub fn timeouts() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(5),
        // A busy machine keeps a server silent for a while: one that is meant to be silent is waited for in its own test.
        silence: Duration::from_secs(5),
        headers: Duration::from_secs(20),
        idle: Duration::from_secs(20),
        whole: Duration::from_secs(120),
        min_bytes_per_second: 1,
        tries: 3,
        backoff: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        helper: Duration::from_secs(5),
        visibility: Duration::from_millis(400),
        own_api: Duration::from_secs(20),
    }
}

pub fn settings() -> ClientSettings {
    ClientSettings { timeouts: timeouts(), ..ClientSettings::default() }
}

impl Registry {
    pub async fn new(demo: demo::DemoSettings, store: Store, settings: ClientSettings) -> Registry {
        let demo = Demo::start(demo, store).await.expect("a free port");
        let pool = Pool::new(settings);
        let client = pool.client(&host(&demo));
        Registry { demo, pool, client }
    }

    pub async fn open(store: Store) -> Registry {
        Registry::new(demo::DemoSettings::default(), store, settings()).await
    }

    /// The requests so far, `METHOD path?query` each.
    pub fn requests(&self) -> Vec<String> {
        self.demo.requests().iter().map(|request| request.line()).collect()
    }
}

pub fn host(demo: &Demo) -> Host {
    Host::parse(&demo.address().to_string()).expect("an address is a host")
}

pub fn name(text: &str) -> RepositoryName {
    RepositoryName::parse(text).expect("a repository name")
}

pub fn tag(text: &str) -> Tag {
    Tag::parse(text).expect("a tag")
}

/// Logins as docker keeps them: one `user:password` for each registry.
pub fn logins(of: &[(&Host, &str)]) -> Credentials {
    use base64::Engine;
    let entry = |(host, login): &(&Host, &str)| {
        let auth = base64::engine::general_purpose::STANDARD.encode(login);
        format!(r#""{host}":{{"auth":"{auth}"}}"#)
    };
    let entries: Vec<String> = of.iter().map(entry).collect();
    from_config(&format!(r#"{{"auths":{{{}}}}}"#, entries.join(",")))
}

pub fn from_config(text: &str) -> Credentials {
    let variable = |name: &str| (name == "DOCKER_AUTH_CONFIG").then(|| text.into());
    Credentials::from_env(variable, Duration::from_secs(5))
}

/// Keeps a manifest of `app` by its sha512 digest only, under a tag.
pub fn as_sha512(store: &Store, digest: &Digest, tag: &str) -> Digest {
    store.change("app", |repository| {
        let manifest = repository.manifests.remove(digest).expect("it is there");
        let long = Digest::Sha512([0; 64]).same_algorithm_of(&manifest.bytes);
        repository.manifests.insert(long, manifest);
        repository.tags.insert(tag.to_owned(), long);
        long
    })
}
