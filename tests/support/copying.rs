//! Two registries and a context that copies between them, and checks of the copies.

use regtui::client::Pool;
use regtui::demo::manifest::Contents;
use regtui::demo::{self, Store};
use regtui::model::change::copy::{CopyPlan, CopyRequest, What};
use regtui::model::change::progress::{Outcome, Progress, Report};
use regtui::model::change::rules::Rules;
use regtui::model::digest::Digest;
use regtui::model::failure::Failure;
use regtui::model::reference::{Repository, Selector};
use regtui::ops::context::{ChangeContext, JobControl};
use regtui::ops::copy;
use regtui::ops::journal::Journal;
use tokio_util::sync::CancellationToken;

use super::registry::{Registry, host, name, settings, tag};

/// A source with `app`, a destination for `copy`, and a context between them.
pub struct Sides {
    pub from: Registry,
    pub to: Registry,
    pub context: ChangeContext,
    pub watch: JobControl,
    _folder: tempfile::TempDir,
}

impl Sides {
    /// Copies go from this store to an empty registry.
    pub async fn of(store: Store) -> Sides {
        Sides::with(Registry::open(store).await, Registry::open(Store::new()).await)
    }

    pub async fn to(store: Store, settings_of_demo: demo::DemoSettings, there: Store) -> Sides {
        let to = Registry::new(settings_of_demo, there, settings()).await;
        Sides::with(Registry::open(store).await, to)
    }

    pub fn with(from: Registry, to: Registry) -> Sides {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path().join("journal"));
        let context = ChangeContext { pool: Pool::new(settings()), rules: Rules::default(), journal };
        Sides { from, to, context, watch: watch(), _folder: folder }
    }

    pub fn source(&self) -> Repository {
        Repository { host: host(&self.from.demo), name: name("app") }
    }

    pub fn target(&self) -> Repository {
        Repository { host: host(&self.to.demo), name: name("copy") }
    }

    /// The request to copy these tags, without referrers.
    pub fn request(&self, tags: &[&str]) -> CopyRequest {
        let selectors = tags.iter().map(|text| Selector::Tag(tag(text))).collect();
        let request = CopyRequest::with_referrers(self.source(), What::Images(selectors), self.target());
        CopyRequest { referrers: false, ..request }
    }

    pub async fn plan(&self, request: &CopyRequest) -> Result<CopyPlan, Failure> {
        copy::plan(&self.context, request).await
    }

    pub async fn run(&self, plan: &CopyPlan) -> Report {
        copy::run(&self.context, plan, &self.watch).await
    }

    /// Plans and carries out a copy. Every image must be done.
    pub async fn copy(&self, request: &CopyRequest) -> (CopyPlan, Report) {
        let plan = self.plan(request).await.expect("a plan");
        let report = self.run(&plan).await;
        assert!(report.is_success(), "{report:#?}");
        (plan, report)
    }

    /// The digest of a tag at the destination.
    pub fn there(&self, tag: &str) -> Option<Digest> {
        self.to.demo.store().digest_of("copy", tag)
    }

    /// The digest of a tag at the source.
    pub fn here(&self, tag: &str) -> Option<Digest> {
        self.from.demo.store().digest_of("app", tag)
    }

    /// Checks that a tag is the same on both sides with everything below it, byte for byte.
    #[track_caller]
    pub fn is_same(&self, tag: &str) {
        let (here, there) = (self.here(tag), self.there(tag));
        assert_eq!(here, there, "{tag}");
        self.is_there(&here.expect("the tag is at the source"));
    }

    /// Checks that a manifest of the source is at the destination with everything below it, byte for byte.
    #[track_caller]
    pub fn is_there(&self, digest: &Digest) {
        let here = self.from.demo.store().repository("app").expect("the source");
        let there = self.to.demo.store().repository("copy").expect("the destination");
        let source = &here.manifests[digest];
        let copy = there.manifests.get(digest).unwrap_or_else(|| panic!("the manifest {digest} is missing"));
        assert_eq!((&source.media_type, &source.bytes), (&copy.media_type, &copy.bytes), "{digest}");
        let contents = Contents::read(&source.bytes).expect("a manifest");
        for blob in contents.blobs().filter(|blob| here.blobs.contains_key(blob)) {
            let copy = there.blobs.get(blob).unwrap_or_else(|| panic!("the blob {blob} is missing"));
            let whole = |blob: &demo::blob::Blob| blob.iter(0..blob.size()).flatten().collect::<Vec<u8>>();
            assert!(whole(copy) == whole(&here.blobs[blob]), "{blob}");
        }
        contents
            .children()
            .filter(|child| here.manifests.contains_key(child))
            .for_each(|child| self.is_there(child));
    }

    /// Requests to the destination that change something.
    pub fn writes(&self) -> Vec<String> {
        let is_write = |line: &String| !line.starts_with("GET ") && !line.starts_with("HEAD ");
        self.to.requests().into_iter().filter(is_write).collect()
    }
}

/// The control of a job.
pub fn watch() -> JobControl {
    let (progress, _) = tokio::sync::watch::channel(Progress::default());
    JobControl { progress, stop: CancellationToken::new() }
}

/// Returns the outcome of the item of that name.
#[track_caller]
pub fn outcome<'a>(report: &'a Report, name: &str) -> &'a Outcome {
    let item = report.items.iter().find(|item| item.name.as_str() == name);
    item.and_then(|item| item.outcome.as_ref()).unwrap_or_else(|| panic!("{name} in {report:#?}"))
}

/// Bytes that do not repeat.
pub fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let byte = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    byte.take(length).collect()
}

/// A layer of bytes that do not repeat. It is never unpacked.
pub fn layer(seed: u32, length: usize) -> demo::layer::DemoLayer {
    let bytes = bytes::Bytes::from(noise(seed, length));
    let digest = Digest::sha256(&bytes);
    demo::layer::DemoLayer {
        digest,
        diff_id: digest,
        blob: demo::blob::Blob::Whole(bytes),
        ..demo::layer::DemoLayer::of(&[])
    }
}
