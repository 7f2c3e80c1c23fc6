//! Plans a copy: every image, manifest and blob, and those of them that the destination has already. Changes nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use super::companions::{self, Companions};
use super::destination::{Destination, DestinationTags, Referred};
use super::selection::{Pick, Picked};
use super::source::{SourceImage, find};
use super::tree::{AT_ONCE, Closure, Tree};
use crate::client::{Priority, Registry, fallback_tag};
use crate::model::change::PlanCommon;
use crate::model::change::copy::{
    BlobTransfer, CopyPlan, CopyRequest, CopySide, ImageToCopy, PlannedBlob, ReferrerList, SideRole, What,
};
use crate::model::change::image_info::ImageInfo;
use crate::model::change::loss::Loss;
use crate::model::change::progress::Unresolved;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::platforms::Split;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;
use crate::ops::steps::kept_tags;
use crate::ops::summary;

/// Plans the copy that is requested. The tags of the source are resolved once, here; from then on everything is copied
/// by digest.
///
/// Fails if nothing can be copied. If only some of several images cannot be copied, the plan names them and leaves them
/// out. The destination is not contacted if a rule forbids the copy.
pub async fn plan(context: &ChangeContext, request: &CopyRequest) -> Result<CopyPlan, Failure> {
    let refused = context.rules.may_copy(&request.from, &request.to).err();
    let source = context.pool.registry(&request.from.host);
    let picked = Picked::of(&*source, request).await?;
    let mut draft = Draft::new(&*source, request, picked.left_out, picked.unresolved);
    draft.read(picked.picks).await?;
    if request.referrers {
        draft.add_companions(picked.digest_tags.as_deref()).await?;
    }
    draft.restore_own_media_types();
    let to = context.pool.registry(&request.to.host);
    let destination = refused.is_none().then(|| Destination::new(&*to, &request.to));
    let there = There::of(&draft, destination.as_ref()).await?;
    let blobs = draft.blobs(&there, destination.as_ref()).await?;
    let mut images: Vec<ImageToCopy> = draft.tops.iter().map(|top| top.image(&there)).collect();
    let infos: Vec<_> = images
        .iter()
        .map(|image| summary::info_of(&*source, &request.from.name, &image.manifest).boxed())
        .collect();
    let infos: Vec<ImageInfo> = stream::iter(infos).buffered(AT_ONCE).collect().await;
    images.iter_mut().zip(infos).for_each(|(image, info)| image.info = info);
    let manifests = draft.manifests(&there);
    let lists = there.lists(&manifests);
    let sides = sides(request, &*source, refused.is_none().then_some(&*to)).await?;
    let unauthenticated = destination.as_ref().and_then(Destination::unauthenticated);
    let loss = match refused.is_none() && unauthenticated.is_none() {
        true => loss(&*to, request, &images).await,
        false => Loss::default(),
    };
    let common = PlanCommon {
        refused: refused.or(unauthenticated),
        loss,
        unresolved: draft.unresolved,
        notes: destination.and_then(|destination| destination.note()).into_iter().collect(),
        name_to_type: context.rules.name_to_type(&request.to),
        ..PlanCommon::default()
    };
    Ok(CopyPlan {
        common,
        request: request.clone(),
        from: request.from.clone(),
        to: request.to.clone(),
        manifests,
        blobs,
        referrers: draft.referrers.iter().map(|(manifest, _)| manifest.digest).collect(),
        lists,
        digests_change: images.iter().any(|image| image.digest != image.source),
        images,
        left_out: draft.left_out,
        sides,
    })
}

/// Returns the images at the destination that tags are taken from.
async fn loss(registry: &dyn Registry, request: &CopyRequest, images: &[ImageToCopy]) -> Loss {
    let replaced = images.iter().filter(|image| !image.is_done());
    let losing: Vec<_> =
        replaced.filter_map(|image| Some((request.to.clone(), image.replaces?, false))).collect();
    match losing.is_empty() {
        true => Loss { keep: request.keep, ..Loss::default() },
        false => {
            kept_tags::plan_kept_tags(
                registry,
                registry.cleanups(&request.to.name).await.untagged,
                request.keep,
                losing,
            )
            .await
        }
    }
}

/// Returns how the registries that were asked are reached. Leaves out those that are not reached over a network.
async fn sides(
    request: &CopyRequest,
    source: &dyn Registry,
    destination: Option<&dyn Registry>,
) -> Result<Vec<CopySide>, Failure> {
    let is_one = request.from.host == request.to.host;
    let role = if is_one { SideRole::Both } else { SideRole::Source };
    let mut sides = vec![(role, source, &request.from)];
    sides.extend(
        destination.filter(|_| !is_one).map(|registry| (SideRole::Destination, registry, &request.to)),
    );
    let mut all = Vec::new();
    for (role, side, repository) in sides {
        let Some(connection) = side.connection() else { continue };
        let registry = side.host().clone();
        let what = || format!("cannot reach {registry}");
        let transport = connection.transport().await.map_err(|error| error.failure(what()))?;
        let (sends, asked) = connection.sent_secret(&repository.name).await;
        all.push(CopySide { registry, role, transport, sends, asked });
    }
    Ok(all)
}

/// One image with everything that it needs.
struct Top {
    pick: Pick,
    /// Its digest at the source.
    source: Digest,
    /// The manifest that the destination gets.
    manifest: Arc<Manifest>,
    split: Split,
    closure: Closure,
}

/// The plan as far as the source determines it.
struct Draft<'a> {
    registry: &'a dyn Registry,
    request: &'a CopyRequest,
    tree: Tree,
    tops: Vec<Top>,
    /// Each with everything that it needs; subjects first.
    referrers: Vec<(Arc<Manifest>, Closure)>,
    left_out: Vec<SafeText>,
    unresolved: Vec<Unresolved>,
}

impl<'a> Draft<'a> {
    fn new(
        registry: &'a dyn Registry,
        request: &'a CopyRequest,
        left_out: Vec<SafeText>,
        unresolved: Vec<Unresolved>,
    ) -> Draft<'a> {
        let (tree, tops, referrers) = (Tree::default(), Vec::new(), Vec::new());
        Draft { registry, request, tree, tops, referrers, left_out, unresolved }
    }

    /// Reads the images with everything that they need. Fails if none of them can be copied.
    async fn read(&mut self, picks: Vec<Pick>) -> Result<(), Failure> {
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
    fn add_image(&mut self, pick: Pick, found: SourceImage) -> Result<(), Failure> {
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
            manifest: found.manifest,
            split: found.split,
            closure,
        });
        Ok(())
    }

    /// Adds referrers and digest tags of the images.
    async fn add_companions(&mut self, digest_tags: Option<&[Tag]>) -> Result<(), Failure> {
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

    fn is_picked(&self, pick: &Pick) -> bool {
        self.tops.iter().any(|top| top.pick == *pick)
    }

    /// Returns every manifest that others may refer to: those of the images, except for indexes that the copy shortens.
    fn subjects(&self) -> Vec<Digest> {
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
    fn keep_referrers(&mut self, subjects: &[Digest], found: Vec<Arc<Manifest>>) {
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
    fn closures(&self) -> impl Iterator<Item = &Closure> {
        let of_images = self.tops.iter().map(|top| &top.closure);
        of_images.chain(self.referrers.iter().map(|(_, closure)| closure))
    }

    /// Gives every manifest the media type that its own bytes state, if the copy goes to another registry. A media type
    /// that only the source states does not apply there.
    fn restore_own_media_types(&mut self) {
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
    fn manifests(&self, there: &There) -> Vec<Arc<Manifest>> {
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
    async fn blobs(
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
            match is_there {
                true => blobs.push(PlannedBlob { descriptor: blob.clone(), transfer: BlobTransfer::There }),
                false => blobs.extend(self.plan_transfer(blob).await?),
            }
        }
        Ok(blobs)
    }

    /// Returns the transfer of a blob that the destination does not have. Returns `None` for a blob that the source
    /// does not have either and need not have.
    async fn plan_transfer(&mut self, blob: &Descriptor) -> Result<Option<PlannedBlob>, Failure> {
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
}

/// Notes a blob, and whether a manifest that is not there yet needs it.
fn add(
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
    fn image(&self, there: &There) -> ImageToCopy {
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
    fn replaced_digest(&self, there: &There) -> Option<Digest> {
        match &self.pick.tag {
            Some(tag) => there.tags.digests.get(tag).copied(),
            None => there.manifests.get(&self.manifest.digest).copied(),
        }
    }

    fn is_shortened(&self) -> bool {
        self.manifest.digest != self.source
    }
}

/// The state of the destination.
#[derive(Default)]
struct There {
    tags: DestinationTags,
    manifests: HashSet<Digest>,
    /// The referrers that it lists for the subjects of the copied manifests.
    referrers: HashMap<Digest, Referred>,
}

impl There {
    /// Asks the destination, if it may be asked.
    async fn of(draft: &Draft<'_>, destination: Option<&Destination<'_>>) -> Result<There, Failure> {
        let Some(destination) = destination else { return Ok(There::default()) };
        let tags = draft.tops.iter().filter_map(|top| Some((top.pick.tag.clone()?, top.manifest.digest)));
        let tags = tags.collect();
        let all = draft.closures().flat_map(|closure| &closure.manifests).map(|manifest| manifest.digest);
        let mut seen = HashSet::new();
        let all: Vec<Digest> = all.filter(|digest| seen.insert(*digest)).collect();
        let (tags, manifests) = (destination.tags(&tags).await?, destination.manifests(all).await?);
        let referrers = destination.referrers(draft.closures().flat_map(subjects).collect()).await?;
        let mut there = There { tags, manifests, referrers };
        there.forget_unlisted(draft);
        Ok(there)
    }

    /// Forgets referrers that are there and in no list. An interrupted copy left them so. They are put again, and
    /// listed.
    fn forget_unlisted(&mut self, draft: &Draft<'_>) {
        for (manifest, _) in &draft.referrers {
            let subject = manifest.subject().and_then(|subject| subject.digest);
            let listed = subject.and_then(|subject| self.referrers.get(&subject));
            if listed.is_none_or(|listed| !listed.digests.contains(&manifest.digest)) {
                self.manifests.remove(&manifest.digest);
            }
        }
    }

    /// Returns the lists under fallback tags that these manifests need. None is needed if the registry lists the
    /// referrers itself.
    fn lists(&self, manifests: &[Arc<Manifest>]) -> Vec<ReferrerList> {
        let mut lists: Vec<ReferrerList> = Vec::new();
        for manifest in manifests {
            let Some(subject) = manifest.subject().and_then(|subject| subject.digest) else { continue };
            let Some(found) = self.referrers.get(&subject).filter(|found| !found.by_api) else { continue };
            let Some(tag) = fallback_tag(&subject) else { continue };
            match lists.iter_mut().find(|list| list.subject == subject) {
                Some(list) => list.adds.push(manifest.digest),
                None => {
                    let (replaces, unknown) = (found.fallback_digest, found.unknown);
                    lists.push(ReferrerList { subject, tag, replaces, unknown, adds: vec![manifest.digest] });
                }
            }
        }
        lists
    }
}

/// Returns the subjects of the manifests of an image or a referrer.
fn subjects(closure: &Closure) -> impl Iterator<Item = Digest> {
    closure.manifests.iter().filter_map(|manifest| manifest.subject()?.digest)
}
