//! A copy while it is planned: its images with everything that they need, as the source has them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use super::companions::{self, Companions};
use super::destination::Destination;
use super::selection::Pick;
use super::source::{SourceImage, find};
use super::there::There;
use super::tree::{AT_ONCE, Closure, Tree};
use crate::client::{Priority, Registry};
use crate::model::change::copy::{
    BlobTransfer, ConvertedManifest, CopyRequest, ImageToCopy, PlannedBlob, What,
};
use crate::model::change::image_info::ImageInfo;
use crate::model::change::progress::Unresolved;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::platforms::Split;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;

/// One image with everything that it needs.
pub(super) struct Top {
    pub(super) pick: Pick,
    /// Its digest at the source.
    pub(super) source: Digest,
    /// The manifest that the destination gets.
    pub(super) manifest: Arc<Manifest>,
    /// The manifest before any conversion. The source has its parts.
    pub(super) unconverted: Arc<Manifest>,
    pub(super) split: Split,
    pub(super) closure: Closure,
}

/// The plan as far as the source determines it.
pub(super) struct Draft<'a> {
    pub(super) registry: &'a dyn Registry,
    pub(super) request: &'a CopyRequest,
    pub(super) tree: Tree,
    pub(super) tops: Vec<Top>,
    /// Each with everything that it needs; subjects first.
    pub(super) referrers: Vec<(Arc<Manifest>, Closure)>,
    pub(super) left_out: Vec<SafeText>,
    pub(super) unresolved: Vec<Unresolved>,
    /// The manifests that were converted, and are still part of the copy.
    pub(super) converted: Vec<ConvertedManifest>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        registry: &'a dyn Registry,
        request: &'a CopyRequest,
        left_out: Vec<SafeText>,
        unresolved: Vec<Unresolved>,
    ) -> Draft<'a> {
        let (tree, tops, referrers, converted) = (Tree::default(), Vec::new(), Vec::new(), Vec::new());
        Draft { registry, request, tree, tops, referrers, left_out, unresolved, converted }
    }

    /// Reads the images with everything that they need. Fails if none of them can be copied.
    pub(super) async fn read(&mut self, picks: Vec<Pick>) -> Result<(), Failure> {
        let (registry, request) = (self.registry, self.request);
        let asked: Vec<_> = picks.into_iter().map(|pick| find(registry, request, pick).boxed()).collect();
        let found: Vec<(Pick, Result<SourceImage, Failure>)> =
            stream::iter(asked).buffered(AT_ONCE).collect().await;
        let read =
            found.iter().filter_map(|(_, found)| Some(found.as_ref().ok()?.manifest.clone())).collect();
        self.tree.grow(self.registry, &self.request.from.name, read).await?;
        for (pick, found) in found {
            let selector = pick.selector.clone();
            if let Err(failure) = found.and_then(|found| self.add_image(pick, found)) {
                self.unresolved.push(Unresolved::of(&selector, failure));
            }
        }
        match self.unresolved.first() {
            Some(unresolved) if self.tops.is_empty() => Err(unresolved.failure.clone()),
            _ => Ok(()),
        }
    }

    /// Adds an image to the plan, if everything that it needs can be copied.
    pub(super) fn add_image(&mut self, pick: Pick, found: SourceImage) -> Result<(), Failure> {
        let closure = self.tree.closure(&found.manifest)?;
        for note in found.left_out {
            self.left_out.push(SafeText::from(format!("{}: {note}", pick.selector)));
        }
        if !closure.absent.is_empty() {
            let text = format!(
                "{}: {} manifests that the index lists and the source does not have",
                pick.selector,
                closure.absent.len()
            );
            self.left_out.push(SafeText::from(text));
        }
        self.tops.push(Top {
            pick,
            source: found.source,
            unconverted: found.manifest.clone(),
            manifest: found.manifest,
            split: found.split,
            closure,
        });
        Ok(())
    }

    /// Adds referrers and digest tags of the images.
    pub(super) async fn add_companions(&mut self, digest_tags: Option<&[Tag]>) -> Result<(), Failure> {
        let subjects = self.subjects();
        if self.tops.iter().any(Top::is_shortened) {
            self.left_out.push("referrers of the whole index: its digest changes".into());
        }
        let companions = Companions { registry: self.registry, name: &self.request.from.name, digest_tags };
        let found = companions
            .referrers(&mut self.tree, subjects.clone(), &mut self.left_out, &mut self.unresolved)
            .await?;
        self.keep_referrers(&subjects, found);
        // If all tags are copied, digest tags are among them already.
        if self.request.what != What::AllTags {
            let tagged = companions.digest_tags(&subjects, &mut self.unresolved).await;
            let manifests = tagged.iter().map(|(_, manifest)| manifest.clone()).collect();
            self.tree.grow(self.registry, &self.request.from.name, manifests).await?;
            for (pick, manifest) in
                tagged.into_iter().filter(|(pick, _)| !self.is_picked(pick)).collect::<Vec<_>>()
            {
                let selector = pick.selector.clone();
                let (source, split, left_out) = (manifest.digest, Split::default(), Vec::new());
                let found = SourceImage { source, manifest, split, left_out };
                if let Err(failure) = self.add_image(pick, found) {
                    self.unresolved.push(Unresolved::of(&selector, failure));
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_picked(&self, pick: &Pick) -> bool {
        self.tops.iter().any(|top| top.pick == *pick)
    }

    /// Returns every manifest that others may refer to: those of the images, except for indexes that the copy shortens.
    pub(super) fn subjects(&self) -> Vec<Digest> {
        let is_companion =
            |top: &&Top| matches!(&top.pick.selector, Selector::Tag(tag) if tag.is_digest_tag());
        let mut seen: HashSet<Digest> = HashSet::new();
        let mut all = Vec::new();
        for top in self.tops.iter().filter(|top| !is_companion(top)) {
            let is_made = |digest: &Digest| top.is_shortened() && *digest == top.manifest.digest;
            let digests = top.closure.manifests.iter().map(|manifest| manifest.digest);
            all.extend(digests.filter(|digest| !is_made(digest) && seen.insert(*digest)));
        }
        all
    }

    /// Keeps the referrers that can be copied and whose subject is copied too.
    pub(super) fn keep_referrers(&mut self, subjects: &[Digest], found: Vec<Arc<Manifest>>) {
        let mut kept: HashSet<Digest> = subjects.iter().copied().collect();
        for manifest in found {
            let subject = manifest.subject().and_then(|subject| subject.digest);
            match self.tree.closure(&manifest) {
                Ok(closure) if subject.is_some_and(|subject| kept.contains(&subject)) => {
                    kept.insert(manifest.digest);
                    self.referrers.push((manifest, closure));
                }
                Ok(_) => {}
                Err(failure) => {
                    let name = SafeText::from(format!("the referrer {}", manifest.digest.short()));
                    self.unresolved.push(Unresolved::unnamed(name, failure));
                }
            }
        }
    }

    /// Returns everything that the images and their referrers need, in an order in which it can be put.
    pub(super) fn closures(&self) -> impl Iterator<Item = &Closure> {
        let of_images = self.tops.iter().map(|top| &top.closure);
        of_images.chain(self.referrers.iter().map(|(_, closure)| closure))
    }

    /// Gives every manifest the media type that its own bytes state, if the copy goes to another registry. A media type
    /// that only the source states does not apply there.
    pub(super) fn restore_own_media_types(&mut self) {
        if self.request.from.host == self.request.to.host {
            return;
        }
        let tops = self.tops.iter_mut().map(|top| (&mut top.manifest, &mut top.closure));
        let referrers = self.referrers.iter_mut().map(|(manifest, closure)| (manifest, closure));
        for (manifest, closure) in tops.chain(referrers) {
            for manifest in closure.manifests.iter_mut().chain([manifest]) {
                *manifest = Arc::new(manifest.with_own_media_type());
            }
        }
    }

    /// Returns the manifests to put by digest, each once. Those that are there already are left out, and so are images
    /// that only their tag needs.
    pub(super) fn manifests(&self, there: &There) -> Vec<Arc<Manifest>> {
        let mut needed: HashSet<Digest> =
            self.referrers.iter().map(|(manifest, _)| manifest.digest).collect();
        let referrers: Vec<Arc<Manifest>> =
            self.referrers.iter().map(|(manifest, _)| manifest.clone()).collect();
        needed.extend(companions::by_subject(&referrers).into_keys());
        needed.extend(self.tops.iter().filter(|top| top.pick.tag.is_none()).map(|top| top.manifest.digest));
        for closure in self.closures() {
            let children = closure.manifests.split_last().map(|(_, children)| children).unwrap_or_default();
            needed.extend(children.iter().map(|manifest| manifest.digest));
        }
        let all = self.closures().flat_map(|closure| &closure.manifests);
        let mut seen = HashSet::new();
        all.filter(|manifest| {
            needed.contains(&manifest.digest)
                && !there.manifests.contains(&manifest.digest)
                && seen.insert(manifest.digest)
        })
        .cloned()
        .collect()
    }

    /// Returns every blob, each digest once, with its transfer.
    pub(super) async fn blobs(
        &mut self,
        there: &There,
        destination: Option<&Destination<'_>>,
    ) -> Result<Vec<PlannedBlob>, Failure> {
        let mut wanted: Vec<Descriptor> = Vec::new();
        let mut missing: HashMap<Digest, bool> = HashMap::new();
        for closure in self.closures() {
            for manifest in &closure.manifests {
                let is_there = there.manifests.contains(&manifest.digest);
                for blob in manifest.blobs() {
                    add(blob, !is_there, &mut wanted, &mut missing);
                }
            }
            closure.blobs.iter().for_each(|blob| add(blob, true, &mut wanted, &mut missing));
        }
        let is_missing =
            |blob: &&Descriptor| blob.digest.is_some_and(|digest| missing.get(&digest) == Some(&true));
        let asked: Vec<&Descriptor> = wanted.iter().filter(is_missing).collect();
        let found = match destination {
            Some(destination) => destination.blobs(&asked).await?,
            None => HashSet::new(),
        };
        let mut blobs = Vec::with_capacity(wanted.len());
        for blob in &wanted {
            let is_there = !is_missing(&blob) || blob.digest.is_some_and(|digest| found.contains(&digest));
            if is_there {
                blobs.push(PlannedBlob { descriptor: blob.clone(), transfer: BlobTransfer::There });
            } else {
                blobs.extend(self.plan_transfer(blob).await?);
            }
        }
        Ok(blobs)
    }

    /// Returns the transfer of a blob that the destination does not have. Returns `None` for a blob that the source
    /// does not have either and need not have.
    pub(super) async fn plan_transfer(&mut self, blob: &Descriptor) -> Result<Option<PlannedBlob>, Failure> {
        let mut descriptor = blob.clone();
        if let Some(digest) = blob.digest.filter(|_| blob.size.is_none() || blob.is_foreign()) {
            let found = self.registry.head_blob(&self.request.from.name, &digest, Priority::Background).await;
            let what = || format!("cannot look for the blob {}", digest.short());
            match found.map_err(|error| error.failure(what()))? {
                None if blob.is_foreign() => {
                    let text = format!("the foreign layer {}, which comes from elsewhere", digest.short());
                    self.left_out.push(SafeText::from(text));
                    return Ok(None);
                }
                found => descriptor.size = descriptor.size.or(found.filter(|size| *size > 0)),
            }
        }
        let is_near = self.request.from.host == self.request.to.host;
        let transfer =
            if is_near { BlobTransfer::Mount(self.request.from.name.clone()) } else { BlobTransfer::Move };
        Ok(Some(PlannedBlob { descriptor, transfer }))
    }

    /// Asks the destination, if it may be asked.
    pub(super) async fn ask(&self, destination: Option<&Destination<'_>>) -> Result<There, Failure> {
        let Some(destination) = destination else { return Ok(There::default()) };
        let tags = self.tops.iter().filter_map(|top| Some((top.pick.tag.clone()?, top.manifest.digest)));
        let tags = tags.collect();
        let all = self.closures().flat_map(|closure| &closure.manifests).map(|manifest| manifest.digest);
        let mut seen = HashSet::new();
        let all: Vec<Digest> = all.filter(|digest| seen.insert(*digest)).collect();
        let (tags, manifests) = (destination.tags(&tags).await?, destination.manifests(all).await?);
        let referrers = destination.referrers(self.closures().flat_map(subjects).collect()).await?;
        let mut there = There { tags, manifests, referrers };
        self.forget_unlisted(&mut there);
        Ok(there)
    }

    /// Forgets referrers that are there and in no list. An interrupted copy left them so. They are put again, and
    /// listed.
    fn forget_unlisted(&self, there: &mut There) {
        for (manifest, _) in &self.referrers {
            let subject = manifest.subject().and_then(|subject| subject.digest);
            let listed = subject.and_then(|subject| there.referrers.get(&subject));
            if listed.is_none_or(|listed| !listed.digests.contains(&manifest.digest)) {
                there.manifests.remove(&manifest.digest);
            }
        }
    }
}

/// Notes a blob, and whether a manifest that is not there yet needs it.
pub(super) fn add(
    blob: &Descriptor,
    is_needed: bool,
    wanted: &mut Vec<Descriptor>,
    missing: &mut HashMap<Digest, bool>,
) {
    let Some(digest) = blob.digest else { return };
    let known = missing.entry(digest).or_insert_with(|| {
        wanted.push(blob.clone());
        false
    });
    *known |= is_needed;
}

impl Top {
    pub(super) fn image(&self, there: &There) -> ImageToCopy {
        ImageToCopy {
            selector: self.pick.selector.clone(),
            digest: self.manifest.digest,
            source: self.source,
            info: ImageInfo::default(),
            tag: self.pick.tag.clone(),
            replaces: self.replaced_digest(there),
            unknown: self.pick.tag.as_ref().is_some_and(|tag| there.tags.unknown.contains(tag)),
            takes: self.split.takes.clone(),
            leaves: self.split.leaves.clone(),
            manifest: self.manifest.clone(),
        }
    }

    /// Returns the digest that its tag has now. An image without a tag replaces itself or nothing.
    pub(super) fn replaced_digest(&self, there: &There) -> Option<Digest> {
        match &self.pick.tag {
            Some(tag) => there.tags.digests.get(tag).copied(),
            None => there.manifests.get(&self.manifest.digest).copied(),
        }
    }

    pub(super) fn is_shortened(&self) -> bool {
        self.manifest.digest != self.source
    }
}

/// Returns the subjects of the manifests of an image or a referrer.
pub(super) fn subjects(closure: &Closure) -> impl Iterator<Item = Digest> {
    closure.manifests.iter().filter_map(|manifest| manifest.subject()?.digest)
}

#[cfg(test)]
mod tests;
