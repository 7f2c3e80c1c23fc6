//! Transfers blobs and manifests from one repository to another, of the same registry or of another one: mounts a blob
//! if that is possible, and moves its bytes otherwise. Retags and copies share it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};

use crate::client::{BlobSource, Cause, Error, Mount, Priority, PutResult, Registry, Transfer};
use crate::model::change::copy::BlobTransfer;
use crate::model::digest::Digest;
use crate::model::manifest::{DEEPEST, Descriptor, Manifest};
use crate::model::reference::{RepositoryName, Selector};
use crate::model::size;
use crate::model::text::SafeText;

/// The number of blobs that are mounted at the same time.
const AT_ONCE: usize = 4;

/// The route of a transfer.
#[derive(Clone, Copy)]
pub(crate) struct TransferRoute<'a> {
    /// The registry that the images come from.
    pub(crate) source: &'a Arc<dyn Registry>,
    /// The repository that they come from.
    pub(crate) from: &'a RepositoryName,
    /// The registry that they go to.
    pub(crate) destination: &'a dyn Registry,
    /// The repository that they go to.
    pub(crate) to: &'a RepositoryName,
    /// The bytes so far, and the token that stops them.
    pub(crate) transfer: &'a Arc<Transfer>,
    /// The bytes of blobs that were to be mounted and have to be moved.
    pub(crate) not_mounted: &'a AtomicU64,
}

impl TransferRoute<'_> {
    /// Transfers a blob that the destination does not have.
    pub(crate) async fn blob(
        &self,
        blob: &Descriptor,
        digest: &Digest,
        method: &BlobTransfer,
    ) -> Result<(), Error> {
        let source = BlobSource::registry(Arc::clone(self.source), self.from, blob);
        match method {
            BlobTransfer::There => Ok(()),
            BlobTransfer::Move => self.destination.push_blob(self.to, blob, &source, self.transfer).await,
            BlobTransfer::Mount(from) => {
                match self.destination.mount_blob(self.to, digest, Some(from)).await? {
                    Mount::Mounted => Ok(()),
                    Mount::Opened(upload) => {
                        size::add_to(self.not_mounted, blob.size.unwrap_or(0));
                        upload.push(blob, &source, self.transfer).await
                    }
                }
            }
        }
    }

    /// Puts a manifest under its digest. Everything that it needs is there already.
    pub(crate) async fn manifest(&self, manifest: &Manifest) -> Result<PutResult, Error> {
        self.check_stop()?;
        self.destination.put_manifest(self.to, &Selector::Digest(manifest.digest), manifest).await
    }

    /// Transfers everything that a manifest needs, so that it can be put.
    pub(crate) async fn transfer_image(&self, manifest: &Manifest) -> Result<(), Error> {
        self.transfer_to_depth(manifest, DEEPEST).await
    }

    fn transfer_to_depth<'b>(
        &'b self,
        manifest: &'b Manifest,
        depth: usize,
    ) -> BoxFuture<'b, Result<(), Error>> {
        async move {
            if !manifest.is_whole() {
                let why = "the manifest lists more than can be looked at".into();
                let host = SafeText::default();
                return Err(Error { tries: 0, ..Error::unsent(host, Cause::BadAnswer(why)) });
            }
            self.transfer_blobs(manifest).await?;
            let children = manifest.children().iter().filter_map(|child| child.digest);
            let children: Vec<Digest> = children.filter(|_| depth > 0).collect();
            for child in children {
                self.transfer_child(child, depth - 1).await?;
            }
            Ok(())
        }
        .boxed()
    }

    /// Transfers the blobs of a manifest. After a failure no other is begun, but those under way are waited for, since
    /// each has an upload to close.
    async fn transfer_blobs(&self, manifest: &Manifest) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let has_failed = AtomicBool::new(false);
        let brought = manifest
            .blobs()
            .filter(|blob| !blob.is_foreign() && seen.insert(blob.digest_text.clone()))
            .map(|blob| {
                async {
                    if has_failed.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    let brought = self.transfer_blob(blob).await;
                    has_failed.fetch_or(brought.is_err(), Ordering::Relaxed);
                    brought
                }
                .boxed()
            });
        let brought: Vec<_> = brought.collect();
        let ended: Vec<Result<(), Error>> = stream::iter(brought).buffer_unordered(AT_ONCE).collect().await;
        ended.into_iter().collect()
    }

    async fn transfer_child(&self, digest: Digest, depth: usize) -> Result<(), Error> {
        self.check_stop()?;
        let selector = Selector::Digest(digest);
        if self.destination.head_manifest(self.to, &selector, Priority::Interactive).await?.is_some() {
            return Ok(());
        }
        let child = match self.source.manifest(self.from, &selector, Priority::Interactive).await {
            Ok(child) => child,
            // An index with missing children is copied as it is. The server decides whether it accepts it.
            Err(error) if error.cause.status() == Some(404) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.transfer_to_depth(&child, depth).await?;
        self.manifest(&child).await.map(|_| ())
    }

    fn check_stop(&self) -> Result<(), Error> {
        let host = SafeText::default();
        if self.transfer.stop.is_cancelled() {
            Err(Error { tries: 0, ..Error::unsent(host, Cause::Stopped) })
        } else {
            Ok(())
        }
    }

    /// Transfers a blob, unless the destination has it.
    async fn transfer_blob(&self, blob: &Descriptor) -> Result<(), Error> {
        let Some(digest) = &blob.digest else { return Ok(()) };
        self.check_stop()?;
        if self.destination.head_blob(self.to, digest, Priority::Interactive).await?.is_some() {
            return Ok(());
        }
        let method = if self.source.host() == self.destination.host() {
            BlobTransfer::Mount(self.from.clone())
        } else {
            BlobTransfer::Move
        };
        self.blob(blob, digest, &method).await
    }
}
