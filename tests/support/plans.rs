//! Builders of plans and journal entries. Each function fills in the usual facts, so that a test says only those that it
//! is about: `RetagStep { replaces: Some(digest("b")), ..retag_step("1.4.2", "stable") }`.
//!
//! The unit tests in `src/` use the same file: see the end of `src/model/change.rs`. Images and manifests have the digest
//! of a short text that stands for their content.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use regtui::model::change::copy::{BlobTransfer, CopyPlan, CopyRequest, ImageToCopy, PlannedBlob, What};
use regtui::model::change::delete::{
    Along, DeleteMethod, DeletePlan, DeleteRequest, Deletes, ImageToDelete, PlannedReferrer,
};
use regtui::model::change::image_info::ImageInfo;
use regtui::model::change::journal::{Damage, EntryId, EntryState, JournalEntry, JournalItem, SavedManifest};
use regtui::model::change::retag::{RetagMode, RetagPlan, RetagRequest, RetagStep};
use regtui::model::change::rules::Refusal;
use regtui::model::change::undo::{UndoPlan, UndoStep};
use regtui::model::change::{ChangeKind, PlanCommon};
use regtui::model::digest::Digest;
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::manifest::{Descriptor, Manifest};
use regtui::model::media_type::{MediaType, OCI_MANIFEST};
use regtui::model::reference::{Repository, Selector, Tag};
use regtui::model::server::Ability;

/// The time at which all changes began.
pub fn began() -> Timestamp {
    "2026-11-21T11:40:00Z".parse().expect("a time")
}

pub fn tag(text: &str) -> Tag {
    Tag::parse(text).expect("a tag")
}

/// A tag, or a digest if the text is one.
pub fn selector(text: &str) -> Selector {
    text.parse().expect("a selector")
}

/// The digest of an image or manifest with that content.
pub fn digest(content: &str) -> Digest {
    Digest::sha256(content.as_bytes())
}

pub fn repository(text: &str) -> Repository {
    Repository::parse(text).expect("a repository")
}

/// The repository of all plans that do not say another one.
pub fn app() -> Repository {
    repository("r.test/team/app")
}

/// A refusal with a hint.
pub fn refusal(why: &'static str) -> Refusal {
    Refusal { why: why.into(), answer: None, hint: Some("ask its owner".into()) }
}

pub fn failure(kind: FailureKind) -> Failure {
    Failure { what: "cannot do it".into(), why: "500".into(), hint: None, kind }
}

/// Deletes by name and by digest.
pub fn all_deletes() -> Deletes {
    Deletes { by_tag: Ability::Yes, by_digest: Ability::Yes }
}

/// Deletes by digest only.
pub fn deletes_by_digest() -> Deletes {
    Deletes { by_tag: Ability::No("405".into()), by_digest: Ability::Yes }
}

// Retags

pub fn retag_request(mode: RetagMode, names: &[(&str, &str)]) -> RetagRequest {
    let item = |(old, new): &(&str, &str)| (selector(old), app(), tag(new));
    RetagRequest { from: app(), items: names.iter().map(item).collect(), mode, keep: false }
}

pub fn retag_plan(mode: RetagMode, steps: Vec<RetagStep>) -> RetagPlan {
    RetagPlan { common: PlanCommon::default(), from: app(), mode, own_api: None, restore: None, steps }
}

/// The step that gives the image `a` a new tag that is free.
pub fn retag_step(old: &str, new: &str) -> RetagStep {
    RetagStep {
        selector: selector(old),
        digest: digest("a"),
        info: ImageInfo::default(),
        to: app(),
        tag: tag(new),
        replaces: None,
        left_on: None,
        by_own_api: false,
    }
}

// Deletes

/// The request to delete tags and digests by the default method.
pub fn delete_request(names: &[&str]) -> DeleteRequest {
    DeleteRequest {
        repository: app(),
        selectors: names.iter().map(|name| selector(name)).collect(),
        all_tags: false,
        method: None,
        along: Along::default(),
        keep: false,
    }
}

/// The plan to delete images from a registry that supports every delete.
pub fn delete_plan(method: DeleteMethod, images: Vec<ImageToDelete>) -> DeletePlan {
    DeletePlan {
        common: PlanCommon::default(),
        repository: app(),
        method,
        all_tags: false,
        along: Along::default(),
        deletes: all_deletes(),
        images,
        unknown: Vec::new(),
        own_api: None,
        frees: None,
        shared: None,
        shared_with: 0,
        tags: BTreeMap::new(),
    }
}

/// An image with that content, named by tags, or by its digest if there are none. Nothing else belongs to it.
pub fn image_to_delete(content: &str, named: &[&str]) -> ImageToDelete {
    ImageToDelete {
        digest: digest(content),
        media_type: MediaType::new(OCI_MANIFEST),
        info: ImageInfo::default(),
        named: named.iter().map(|name| tag(name)).collect(),
        by_digest: named.is_empty(),
        others: Vec::new(),
        parents: Vec::new(),
        children: Vec::new(),
        needed_children: Vec::new(),
        referrers: Vec::new(),
    }
}

/// A signature that the referrers API lists.
pub fn signature(content: &str, subject: &str) -> PlannedReferrer {
    PlannedReferrer { digest: digest(content), subject: digest(subject), tag: None, kind: "signature".into() }
}

// Copies

/// The request to copy images from `a.test/team/app` to `b.test/team/app`, without referrers.
pub fn copy_request(what: What) -> CopyRequest {
    let (from, to) = (repository("a.test/team/app"), repository("b.test/team/app"));
    CopyRequest { referrers: false, ..CopyRequest::with_referrers(from, what, to) }
}

/// The plan of that copy. No manifest and no blob is left to move.
pub fn copy_plan(images: Vec<ImageToCopy>) -> CopyPlan {
    let request = copy_request(What::AllTags);
    CopyPlan {
        common: PlanCommon::default(),
        from: request.from.clone(),
        to: request.to.clone(),
        request,
        images,
        manifests: Vec::new(),
        blobs: Vec::new(),
        referrers: Vec::new(),
        lists: Vec::new(),
        digests_change: false,
        converted: Box::default(),
        can_be_converted: false,
        left_out: Vec::new(),
        sides: Vec::new(),
    }
}

/// The image `a`, which gets its own tag at the destination. No image has that tag there. A name that is no tag stands for an
/// image that is copied by its digest.
pub fn image_to_copy(name: &str) -> ImageToCopy {
    let tag = Tag::parse(name).ok();
    ImageToCopy {
        selector: tag.clone().map_or(Selector::Digest(digest("a")), Selector::Tag),
        digest: digest("a"),
        source: digest("a"),
        info: ImageInfo::default(),
        tag,
        replaces: None,
        unknown: false,
        takes: Vec::new(),
        leaves: Vec::new(),
        manifest: Arc::new(empty_manifest()),
    }
}

/// An image manifest with a config and no layers.
pub fn empty_manifest() -> Manifest {
    let config = format!(r#"{{"mediaType":"a/b","size":2,"digest":"{}"}}"#, digest("config"));
    let text = format!(r#"{{"schemaVersion":2,"layers":[],"config":{config}}}"#);
    Manifest::parse(text.into(), None).expect("a manifest")
}

/// A blob with that content and that number of bytes.
pub fn planned_blob(content: &str, size: u64, transfer: BlobTransfer) -> PlannedBlob {
    let config = empty_manifest().blobs().next().cloned().expect("a config");
    let digest = digest(content);
    let digest_text = digest.to_string();
    let descriptor = Descriptor { digest: Some(digest), digest_text, size: Some(size), ..config };
    PlannedBlob { descriptor, transfer }
}

// Undos and the journal

/// The plan to undo `untag team/app:1.4.2`.
pub fn undo_plan(steps: Vec<UndoStep>) -> UndoPlan {
    UndoPlan {
        common: PlanCommon::default(),
        entry: EntryId("1".into()),
        of: "untag team/app:1.4.2".into(),
        at: began(),
        method: DeleteMethod::Untag,
        hint: None,
        leaves: None,
        steps,
    }
}

/// The step that brings a tag or digest from its present content back to the content before.
pub fn undo_step(name: &str, before: Option<&str>, now: Option<&str>) -> UndoStep {
    UndoStep::new(app(), selector(name), before.map(digest), now.map(digest))
}

/// The entry of `untag team/app:1.4.2`.
pub fn journal_entry(state: EntryState, items: Vec<JournalItem>) -> JournalEntry {
    JournalEntry {
        id: EntryId("1".into()),
        at: began(),
        title: "untag team/app:1.4.2".into(),
        kind: Some(ChangeKind::Delete),
        state,
        reached: Vec::new(),
        items,
        saved: Vec::new(),
        probes: Vec::new(),
        unconfirmed: Vec::new(),
        damage: Damage::default(),
    }
}

/// A tag or digest with its content before and after the change. Whether that was done is not known.
pub fn journal_item(name: &str, before: Option<&str>, after: Option<&str>) -> JournalItem {
    JournalItem {
        repository: app(),
        selector: selector(name),
        before: before.map(saved_manifest),
        after: after.map(digest),
        done: None,
    }
}

/// A manifest that the journal keeps.
pub fn saved_manifest(content: &str) -> SavedManifest {
    SavedManifest {
        digest: digest(content),
        media_type: OCI_MANIFEST.into(),
        bytes: Bytes::copy_from_slice(content.as_bytes()),
    }
}
