//! Transfers an image to another repository of the same registry: mounts its blobs and puts its children, but not yet
//! its tag.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};

use crate::client::{BlobSource, Cause, Client, Error, Mount, Priority, Transfer};
use crate::model::digest::Digest;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::reference::{RepositoryName, Selector};
use crate::model::size;
use crate::model::text::SafeText;

/// The number of blobs that are mounted at the same time.
const AT_ONCE: usize = 4;
/// The depth to which indexes within indexes are followed.
const DEEPEST: usize = 8;

/// The transfer of images from one repository of a registry to another.
pub struct RetagTransfer<'a> {
    /// The registry.
    pub client: &'a Client,
    /// The repository of the images.
    pub from: &'a RepositoryName,
    /// The repository that they are transferred to.
    pub to: &'a RepositoryName,
    /// The bytes so far, and the token that stops them.
    pub transfer: &'a Arc<Transfer>,
    /// The bytes to move in total, for the blobs that could not be mounted so far.
    pub to_move: &'a AtomicU64,
}

impl RetagTransfer<'_> {
    /// Transfers everything that a manifest needs, so that it can be put.
    pub async fn transfer_image(&self, manifest: &Manifest) -> Result<(), Error> {
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
                return Err(Error { cause: Cause::BadAnswer(why), request: None, tries: 0, host });
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
        if self.client.head_manifest(self.to, &selector, Priority::Interactive).await?.is_some() {
            return Ok(());
        }
        let child = match self.client.manifest(self.from, &selector, Priority::Interactive).await {
            Ok(child) => child,
            // An index with missing children is copied as it is. The server decides whether it accepts it.
            Err(error) if error.cause.status() == Some(404) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.transfer_to_depth(&child, depth).await?;
        self.check_stop()?;
        self.client.put_manifest(self.to, &selector, &child).await.map(|_| ())
    }

    fn check_stop(&self) -> Result<(), Error> {
        let host = SafeText::default();
        match self.transfer.stop.is_cancelled() {
            true => Err(Error { cause: Cause::Stopped, request: None, tries: 0, host }),
            false => Ok(()),
        }
    }

    async fn transfer_blob(&self, blob: &Descriptor) -> Result<(), Error> {
        let Some(digest) = &blob.digest else { return Ok(()) };
        self.check_stop()?;
        if self.client.head_blob(self.to, digest, Priority::Interactive).await?.is_some() {
            return Ok(());
        }
        match self.client.mount_blob(self.to, digest, Some(self.from)).await? {
            Mount::Mounted => Ok(()),
            Mount::Opened(upload) => {
                size::add_to(self.to_move, blob.size.unwrap_or(0));
                let source = BlobSource::registry(self.client, self.from, blob);
                upload.push(blob, &source, self.transfer).await
            }
        }
    }
}
