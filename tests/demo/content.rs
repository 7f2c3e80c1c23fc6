//! The sample images: complete, correct, and the same every time.

use std::collections::BTreeSet;
use std::time::Duration;

use regtui::client::{ClientSettings, Pool, Timeouts};
use regtui::demo::blob::Blob;
use regtui::demo::content::sample;
use regtui::demo::manifest::{Contents, media_type};
use regtui::demo::store::StoredRepository;
use regtui::demo::{Demo, Store};
use regtui::model::digest::Digest;

use crate::support::registry::{host, settings};

fn repositories(store: &Store) -> Vec<(String, std::sync::Arc<StoredRepository>)> {
    store
        .repositories()
        .into_iter()
        .filter_map(|name| Some((name.clone(), store.repository(&name)?)))
        .collect()
}

#[test]
fn the_samples_are_the_same_every_time() {
    let digests = |store: &Store| -> Vec<(String, Vec<(String, Digest)>)> {
        let tags = |repository: &StoredRepository| repository.tags.clone().into_iter().collect();
        repositories(store).into_iter().map(|(name, repository)| (name, tags(&repository))).collect()
    };
    let sample = sample();
    assert_eq!(digests(&sample), digests(&regtui::demo::content::sample()));
    // If you change a sample on purpose, change this too; pictures and recordings may have to follow.
    let app = sample.digest_of("team/app", "latest").map(|digest| digest.short());
    assert_eq!(app.as_deref(), Some("172a9f23d3ab"));
}

#[test]
fn every_digest_is_that_of_its_bytes() {
    for (name, repository) in repositories(&sample()) {
        for (digest, manifest) in &repository.manifests {
            // Schema 1 is named after the payload of its signature.
            if *manifest.media_type != *media_type::DOCKER_SCHEMA1 {
                assert_eq!(Digest::sha256(&manifest.bytes), *digest, "{name}");
            }
        }
        for (digest, blob) in &repository.blobs {
            if let Blob::Whole(bytes) = blob {
                assert_eq!(Digest::sha256(bytes), *digest, "{name}");
            }
        }
        for (tag, digest) in &repository.tags {
            assert!(repository.manifests.contains_key(digest), "{name}:{tag}");
        }
    }
}

#[test]
fn nothing_is_missing_but_the_child_that_is_there_to_be_missed() {
    let mut missing = Vec::new();
    for (name, repository) in repositories(&sample()) {
        for manifest in repository.manifests.values() {
            if let Ok(contents) = Contents::read(&manifest.bytes) {
                let blobs = contents.blobs().filter(|digest| !repository.blobs.contains_key(digest)).count();
                let children =
                    contents.children().filter(|digest| !repository.manifests.contains_key(digest)).count();
                missing.extend(std::iter::repeat_n(name.clone(), blobs + children));
            }
        }
    }
    assert_eq!(missing, ["odd/index"]);
}

#[test]
fn every_case_is_there() {
    let store = sample();
    let all = repositories(&store);
    let types: BTreeSet<&str> = all
        .iter()
        .flat_map(|(_, repository)| repository.manifests.values())
        .map(|manifest| &*manifest.media_type)
        .collect();
    assert_eq!(types.len(), 5, "{types:?}");
    assert!(all.len() >= 12);
    assert_eq!(store.tags("team/web/frontend").len(), 1000);
    let frontend = store.repository("team/web/frontend").expect("it is there");
    assert_eq!(frontend.manifests.len(), 998, "all but two aliases are images of their own");
    assert_eq!(store.tags("odd/empty"), [""; 0]);
    let large = store.repository("ml/assistant").expect("it is there");
    assert!(large.blobs.values().map(Blob::size).sum::<u64>() > 2_500_000_000);
    let referrers = |name| {
        store.repository(name).map_or(0, |r| r.manifests.values().filter(|m| m.subject.is_some()).count())
    };
    assert_eq!(referrers("team/app"), 3);
    assert!(store.tags("team/worker").iter().any(|tag| tag.starts_with("sha256-") && tag.ends_with(".sig")));
}

#[tokio::test]
async fn the_samples_are_served() {
    let demo = Demo::sample().await.expect("a free port");
    assert!(demo.address().ip().is_loopback());
    // It listens before the samples are made; the answer waits for them.
    // On a busy machine that takes a while.
    let minute = Duration::from_secs(60);
    let timeouts = Timeouts { connect: minute, silence: minute, ..settings().timeouts };
    let settings = ClientSettings { timeouts, ..settings() };
    let client = Pool::new(settings).client(&host(&demo));
    assert_eq!(client.catalog(None).await.expect("a catalog").items.len(), 22);
}
