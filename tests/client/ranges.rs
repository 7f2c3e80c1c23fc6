//! Parts of blobs that a registry redirects to storage: docs/REGISTRIES.md §11, docs/RELIABILITY.md B3.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use regtui::client::{ClientSettings, Pool};
use regtui::demo::auth::{Account, AuthMode};
use regtui::demo::faults::Fault;
use regtui::demo::{DemoSettings, Store};
use regtui::layer::LayerFormat;
use regtui::model::manifest::Descriptor;
use regtui::ops::files::cost::plan_reading;
use regtui::ops::files::tree::{Reading, read_image};

use crate::support::blob::{content, descriptor};
use crate::support::layered::choose;
use crate::support::registry::{Registry, host, logins, name, settings};
use crate::support::samples;

/// The path of blobs in the storage, which stands for a signed address.
const QUERY: &str = "X-Signature=CANARY";

/// A registry that redirects blobs to storages, each with the requests that it got.
struct Redirecting {
    registry: Registry,
    storages: Vec<Registry>,
    /// The storage that blobs are redirected to now.
    now: Arc<AtomicUsize>,
}

impl Redirecting {
    /// A registry with `app` and this blob, and two storages.
    async fn with(store: Store) -> Redirecting {
        let account = Account::new("user", "PASSWORD");
        let demo = DemoSettings { auth: AuthMode::Basic(account), ..DemoSettings::default() };
        let registry = Registry::new(demo, store.clone(), settings()).await;
        let credentials = logins(&[(&host(&registry.demo), "user:PASSWORD")]);
        let pool = Pool::new(ClientSettings { credentials, ..settings() });
        let client = pool.client(&host(&registry.demo));
        let registry = Registry { pool, client, ..registry };
        let storages = vec![Registry::open(store.clone()).await, Registry::open(store).await];
        let now = Arc::new(AtomicUsize::new(0));
        let addresses: Vec<_> = storages.iter().map(|storage| storage.demo.address()).collect();
        let target = now.clone();
        registry.demo.fault(move |request, _| {
            let address = addresses[target.load(Ordering::Relaxed)];
            let location = format!("http://{address}{}?{QUERY}", request.path);
            let is_allowed = request.headers.contains_key("authorization");
            (is_allowed && request.path.contains("/blobs/"))
                .then(|| Fault::answer(307, &[("location", &location)], ""))
        });
        Redirecting { registry, storages, now }
    }

    async fn of_blob(blob: &Bytes) -> (Redirecting, Descriptor) {
        let store = Store::new();
        store.put_blob("app", blob.clone());
        (Redirecting::with(store).await, descriptor(blob))
    }

    async fn read(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<Option<Bytes>, String> {
        let read = self.registry.client.blob_range(&name("app"), descriptor, range).await;
        read.map_err(|error| format!("{error} {error:?}"))
    }

    /// The requests for blobs since the last call: of the registry that carried a login, and of each storage.
    fn asked(&self) -> (usize, Vec<usize>) {
        let with_login = |line: &&regtui::demo::SeenRequest| {
            line.path.contains("/blobs/") && line.header("authorization").is_some()
        };
        let own = self.registry.demo.requests().iter().filter(with_login).count();
        self.registry.demo.forget_requests();
        let storages = self.storages.iter().map(|storage| {
            let requests = storage.demo.requests();
            assert!(requests.iter().all(|request| request.header("authorization").is_none()));
            storage.demo.forget_requests();
            requests.len()
        });
        (own, storages.collect())
    }
}

#[tokio::test]
async fn the_parts_of_a_blob_behind_a_redirect_cost_one_request_each_and_one_more_for_the_blob() {
    let blob = content(10_000);
    let (behind, descriptor) = Redirecting::of_blob(&blob).await;
    for (number, at) in [(0, 0), (1, 4_000), (2, 9_000)] {
        let part = behind.read(&descriptor, at..at + 500).await.expect("a part").expect("ranges");
        assert_eq!(part, blob.slice(at as usize..at as usize + 500));
        assert_eq!(behind.asked(), (usize::from(number == 0), vec![1, 0]), "part {number}");
    }
    behind.registry.client.forget();
    behind.read(&descriptor, 0..10).await.expect("a part").expect("ranges");
    assert_eq!(behind.asked(), (1, vec![1, 0]), "another login asks the registry again");
}

#[tokio::test]
async fn another_blob_or_repository_asks_the_registry() {
    let store = Store::new();
    let blobs = [content(1_000), content(2_000)];
    for (blob, names) in blobs.iter().zip([&["app", "other"][..], &["app"]]) {
        for name in names {
            store.put_blob(name, blob.clone());
        }
    }
    let behind = Redirecting::with(store).await;
    let client = &behind.registry.client;
    for (at, blob) in [("app", &blobs[0]), ("app", &blobs[1]), ("other", &blobs[0])] {
        let part = client.blob_range(&name(at), &descriptor(blob), 5..10).await;
        assert_eq!(part.expect("a part").expect("ranges"), blob.slice(5..10));
        assert_eq!(behind.asked(), (1, vec![1, 0]));
    }
}

#[tokio::test]
async fn a_storage_that_gives_no_right_part_any_more_makes_the_registry_be_asked_once() {
    let blob = content(10_000);
    let range = |value: &str| Fault::Headers(vec![("content-range".into(), Some(value.into()))]);
    let whole = Fault::answer(200, &[], blob.clone());
    let elsewhere = Fault::answer(302, &[("location", "http://127.0.0.1:9/blob")], "");
    let mut faults: Vec<Fault> = [401, 403, 404, 410, 416, 400, 500, 503].map(Fault::status).into();
    faults.extend([whole, elsewhere, range("bytes 0-499/10000"), range("bytes 4000-4499/9999")]);
    faults.extend([Fault::Close, Fault::CutAfter(100)]);
    for fault in faults {
        let (behind, descriptor) = Redirecting::of_blob(&blob).await;
        behind.read(&descriptor, 0..500).await.expect("a part").expect("ranges");
        behind.asked();
        let text = format!("{fault:?}");
        behind.storages[0].demo.fault(move |_, _| Some(fault.clone()));
        behind.now.store(1, Ordering::Relaxed);
        let part = behind.read(&descriptor, 4_000..4_500).await.expect(&text).expect("ranges");
        assert_eq!(part, blob.slice(4_000..4_500), "{text}");
        let (own, storages) = behind.asked();
        assert_eq!((own, storages[1]), (1, 1), "{text}: {storages:?}");
        behind.read(&descriptor, 0..500).await.expect("a part").expect("ranges");
        assert_eq!(behind.asked(), (0, vec![0, 1]), "the new storage is the one that is kept: {text}");
    }
}

#[tokio::test]
async fn the_address_of_a_storage_stands_in_no_error_and_no_debug_output() {
    let blob = content(10_000);
    let (behind, descriptor) = Redirecting::of_blob(&blob).await;
    behind.read(&descriptor, 0..500).await.expect("a part").expect("ranges");
    assert!(!format!("{:?}", behind.registry.client).contains("CANARY"));
    for storage in &behind.storages {
        storage.demo.fault(|_, _| Some(Fault::status(403)));
    }
    let error = behind.read(&descriptor, 0..500).await.expect_err("it is refused");
    assert!(error.contains("403") && !error.contains("CANARY") && !error.contains("PASSWORD"), "{error}");
    assert!(!format!("{:?}", behind.registry.client).contains("CANARY"));
}

#[tokio::test]
async fn a_table_of_contents_behind_a_redirect_takes_two_requests_and_the_redirect() {
    for (at, format) in
        [("2026-07-29-esgz", LayerFormat::Estargz), ("2026-07-29-zstdchunked", LayerFormat::ZstdChunked)]
    {
        let behind = Redirecting::with(samples::sample()).await;
        let client = &behind.registry.client;
        let image = choose(client, &behind.registry, "team/orders/reports", at).await.expect("an image");
        let plan = plan_reading(client, &image).await;
        behind.asked();
        let reading = Reading::new(&image);
        let layers = image.layers.len();
        let files = read_image(client, image, &plan, None, None, &reading).await.expect("files");
        let tables = files.layers.iter().flatten().filter(|layer| layer.format == format).count();
        let (own, storages) = behind.asked();
        assert!(tables > 0 && own == layers, "{at}: {own} of {layers}");
        assert!(storages[0] <= layers + tables, "{at}: {storages:?}");
    }
}
