//! An image made known in another repository of the same registry: blobs mounted, children put, the tag not yet.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::{BlobSource, Cause, Client, Error, Lane, Mount, Transfer};
use crate::model::digest::Digest;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::reference::{RepositoryName, Selector};
use crate::model::text::SafeText;
use crate::ops::copy::parts;

/// Blobs that are mounted at the same time.
const AT_ONCE: usize = 4;
/// Indexes within indexes that are followed.
const DEEPEST: usize = 8;

/// From one repository of a registry to another.
pub struct Carrier<'a> {
    /// The registry.
    pub client: &'a Client,
    /// Where everything is.
    pub from: &'a RepositoryName,
    /// Where it is to be.
    pub to: &'a RepositoryName,
    /// Bytes so far, and the way to stop them.
    pub transfer: &'a Arc<Transfer>,
}

impl Carrier<'_> {
    /// Brings what a manifest needs, so that it can be put.
    pub async fn bring(&self, manifest: &Manifest) -> Result<(), Error> {
        self.bring_to_depth(manifest, DEEPEST).await
    }

    fn bring_to_depth<'b>(
        &'b self,
        manifest: &'b Manifest,
        depth: usize,
    ) -> BoxFuture<'b, Result<(), Error>> {
        async move {
            let mut seen = HashSet::new();
            let blobs: Vec<_> = parts::blobs(manifest)
                .filter(|blob| !parts::is_foreign(blob) && seen.insert(blob.digest_text.clone()))
                .map(|blob| self.blob(blob).boxed())
                .collect();
            stream::iter(blobs).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            let children = parts::children(manifest).iter().filter_map(|child| child.digest);
            let children: Vec<Digest> = children.filter(|_| depth > 0).collect();
            for child in children {
                self.child(child, depth - 1).await?;
            }
            Ok(())
        }
        .boxed()
    }

    async fn child(&self, digest: Digest, depth: usize) -> Result<(), Error> {
        self.check_stop()?;
        let selector = Selector::Digest(digest);
        if self.client.head_manifest(self.to, &selector, Lane::Interactive).await?.is_some() {
            return Ok(());
        }
        let child = match self.client.manifest(self.from, &selector, Lane::Interactive).await {
            Ok(child) => child,
            // An index with holes stays one; whether the server takes it is its own to say.
            Err(error) if error.cause.status() == Some(404) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.bring_to_depth(&child, depth).await?;
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

    async fn blob(&self, blob: &Descriptor) -> Result<(), Error> {
        let Some(digest) = &blob.digest else { return Ok(()) };
        self.check_stop()?;
        if self.client.head_blob(self.to, digest, Lane::Interactive).await?.is_some() {
            return Ok(());
        }
        match self.client.mount_blob(self.to, digest, Some(self.from)).await? {
            Mount::Mounted => Ok(()),
            Mount::Opened(upload) => {
                let source = BlobSource::registry(self.client, self.from, blob);
                upload.push(blob, &source, self.transfer).await
            }
        }
    }
}
