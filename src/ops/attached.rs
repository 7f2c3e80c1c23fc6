//! Reads the documents that are attached to an image and to the images of an index.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::{FutureExt, StreamExt, stream};

use super::small_blob::read_small_blob;
use crate::client::{Cause, Error, Priority, Registry};
use crate::model::attached::facts::AttachedFacts;
use crate::model::attached::page::AttachedPage;
use crate::model::attached::{AttachedDocument, AttachedPart, LARGEST};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::inspection::{Inspection, ListedReferrer, Variant};
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::price::{CHEAP_REQUESTS, Price};
use crate::model::reference::{RepositoryName, Selector};
use crate::model::summary::Kind;

/// The number of parts of one artifact that are read.
const MOST_PARTS: usize = 64;
/// The number of artifacts that are read for one list.
const MOST_ARTIFACTS: usize = 128;
/// The number of artifacts that are read at the same time.
const AT_ONCE: usize = 4;
/// The reason to leave a part out of a list.
const NOT_READ: &str = "too much is attached to be read together";

/// An artifact that is attached to an image, with its parts.
#[derive(Debug)]
pub(crate) struct AttachedRow<'a> {
    /// The image of an index that it is attached to; `None` for the image or index itself.
    pub(crate) variant: Option<&'a Variant>,
    /// The artifact in the list of referrers.
    pub(crate) referrer: &'a ListedReferrer,
    /// Its parts, or the reason why its manifest was not read. An artifact may have none.
    pub(crate) parts: Result<Vec<AttachedPart>, Failure>,
}

impl<'a> AttachedRow<'a> {
    /// Returns the manifest of the image that the artifact is attached to.
    pub(crate) fn image(&self, inspection: &'a Inspection) -> Option<&'a Manifest> {
        match self.variant {
            Some(variant) => variant.manifest.as_ref().ok().map(|manifest| &**manifest),
            None => Some(&inspection.manifest),
        }
    }
}

/// Reads the artifacts of an inspection that are not among the known ones, and sums each up for its row. It reads as much as
/// needs no announcement; the rows of others say that they were not read.
pub(crate) async fn read_facts(
    registry: &dyn Registry,
    inspection: &Inspection,
    known: &HashSet<Digest>,
) -> Vec<(Digest, AttachedFacts)> {
    let is_unknown = |_: Option<&Variant>, referrer: &ListedReferrer| {
        referrer.descriptor.digest.is_some_and(|digest| !known.contains(&digest))
    };
    let rows = read_cheap(registry, inspection, is_unknown).await;
    let facts = rows.iter().filter_map(|row| {
        let facts = AttachedFacts::of(&row.parts, row.image(inspection));
        Some((row.referrer.descriptor.digest?, facts))
    });
    facts.collect()
}

/// The requests and bytes that are left for one list.
#[derive(Debug)]
struct ListRoom {
    requests: AtomicUsize,
    bytes: AtomicU64,
}

impl ListRoom {
    fn of_requests(requests: usize) -> ListRoom {
        ListRoom { requests: AtomicUsize::new(requests), bytes: AtomicU64::new(LARGEST) }
    }

    /// Takes the room for a request whose answer has this size. Fails if there is not enough.
    fn take(&self, what: &'static str, size: u64) -> Result<(), Failure> {
        let take_one = |left: usize| left.checked_sub(1);
        let take_size = |left: u64| left.checked_sub(size);
        let is_taken = self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one).is_ok()
            && self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_size).is_ok();
        if is_taken { Ok(()) } else { Err(Failure::local(what, NOT_READ)) }
    }
}

/// Returns the price of [`read_all`]: for each artifact its manifest and one document. Further documents of one are read
/// instead of other artifacts.
pub(crate) fn price_of_all(
    inspection: &Inspection,
    is_wanted: impl Fn(Option<&Variant>, &ListedReferrer) -> bool,
) -> Price {
    let wanted = inspection.all_referrers().filter(|(variant, referrer)| is_wanted(*variant, referrer));
    let artifacts = wanted.count().min(MOST_ARTIFACTS);
    Price::with_manifest_reads(2 * artifacts, artifacts)
}

/// Reads the artifacts in an inspection for which `is_wanted` returns true, up to [`LARGEST`] bytes in all.
pub(crate) async fn read_all<'a>(
    registry: &dyn Registry,
    inspection: &'a Inspection,
    is_wanted: impl Fn(Option<&Variant>, &ListedReferrer) -> bool,
) -> Vec<AttachedRow<'a>> {
    read_within(registry, inspection, is_wanted, ListRoom::of_requests(2 * MOST_ARTIFACTS)).await
}

/// Reads them as [`read_all`] does, but only as many as need no announcement.
pub(crate) async fn read_cheap<'a>(
    registry: &dyn Registry,
    inspection: &'a Inspection,
    is_wanted: impl Fn(Option<&Variant>, &ListedReferrer) -> bool,
) -> Vec<AttachedRow<'a>> {
    read_within(registry, inspection, is_wanted, ListRoom::of_requests(CHEAP_REQUESTS as usize)).await
}

async fn read_within<'a>(
    registry: &dyn Registry,
    inspection: &'a Inspection,
    is_wanted: impl Fn(Option<&Variant>, &ListedReferrer) -> bool,
    room: ListRoom,
) -> Vec<AttachedRow<'a>> {
    let name = &inspection.repository.name;
    let wanted = inspection.all_referrers().filter(|(variant, referrer)| is_wanted(*variant, referrer));
    let read: Vec<_> = wanted
        .map(|(variant, referrer)| {
            let room = &room;
            async move {
                let parts = read_parts(registry, name, &referrer.descriptor, room).await;
                AttachedRow { variant, referrer, parts }
            }
            .boxed()
        })
        .collect();
    stream::iter(read).buffered(AT_ONCE).collect().await
}

/// Reads the documents of an artifact that is attached to an image, and lays each out.
pub(crate) async fn read_pages(
    registry: &dyn Registry,
    name: &RepositoryName,
    artifact: &Descriptor,
    image: Option<&Manifest>,
) -> Result<Vec<AttachedPage>, Failure> {
    let parts = read_parts(registry, name, artifact, &ListRoom::of_requests(1 + MOST_PARTS)).await?;
    Ok(parts.into_iter().map(|part| AttachedPage::of(part, image)).collect())
}

async fn read_parts(
    registry: &dyn Registry,
    name: &RepositoryName,
    artifact: &Descriptor,
    room: &ListRoom,
) -> Result<Vec<AttachedPart>, Failure> {
    room.take("the artifact was not read", 0)?;
    let manifest = read_manifest(registry, name, artifact.digest).await;
    let manifest = manifest.map_err(|error| error.failure("cannot read the artifact"))?;
    let mut parts = Vec::new();
    let documents = manifest.layers().iter().filter(|layer| is_document(&manifest, layer));
    for layer in documents.take(MOST_PARTS) {
        let read = read_document(registry, name, layer, room).await;
        parts.push(AttachedPart { descriptor: layer.clone(), read });
    }
    Ok(parts)
}

async fn read_manifest(
    registry: &dyn Registry,
    name: &RepositoryName,
    digest: Option<Digest>,
) -> Result<std::sync::Arc<Manifest>, Error> {
    let no_digest =
        || Error::unsent(registry.host(), Cause::BadAnswer("its digest cannot be checked".into()));
    let selector = Selector::Digest(digest.ok_or_else(no_digest)?);
    registry.manifest(name, &selector, Priority::Interactive).await
}

async fn read_document(
    registry: &dyn Registry,
    name: &RepositoryName,
    layer: &Descriptor,
    room: &ListRoom,
) -> Result<(bytes::Bytes, AttachedDocument), Failure> {
    room.take("the part was not read", layer.size.unwrap_or(LARGEST))?;
    let bytes = read_small_blob(registry, name, layer, LARGEST).await;
    let bytes = bytes.map_err(|error| error.failure("cannot read the part"))?;
    let document = AttachedDocument::read(&bytes, layer);
    Ok((bytes, document))
}

/// Returns whether a layer of an artifact may be a document, and not a tar or a part of an index of layers.
fn is_document(manifest: &Manifest, layer: &Descriptor) -> bool {
    manifest.kind() != Kind::Soci && !layer.media_type.as_str().contains("tar")
}
