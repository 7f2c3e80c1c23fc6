//! `GET /v2/<name>/referrers/<digest>` (distribution-spec § Listing referrers).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::Uri;
use serde_json::{Value, json};

use super::DemoSettings;
use super::error_reply::ErrorReply;
use super::manifest::{Contents, DemoManifest, media_type};
use super::page::DemoPage;
use super::reply::{self, Reply, name as header_name};
use super::route::Query;
use super::store::Store;
use crate::model::digest::Digest;

/// How long it takes to write the list of a subject. Of two referrers that are put meanwhile one is lost.
const WRITING: Duration = Duration::from_millis(20);

/// The subjects whose lists are being written.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashSet<(String, Digest)>>);

/// A referrer that is being put.
pub(crate) struct ReferrerLock<'a> {
    turns: &'a Turns,
    key: (String, Digest),
    /// Whether another referrer of the same subject was already being put.
    pub(crate) is_second: bool,
}

impl Turns {
    /// Waits as long as it takes to write the list. Returns `None` at once if the settings lose no referrers, or if the
    /// manifest is no referrer.
    pub(crate) async fn of_referrer(
        &self,
        settings: &DemoSettings,
        name: &str,
        bytes: &[u8],
    ) -> Option<ReferrerLock<'_>> {
        let contents = settings.loses_referrers.then(|| Contents::read(bytes).ok()).flatten()?;
        let key = (name.to_owned(), contents.subject?.digest);
        let is_second = !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        tokio::time::sleep(WRITING).await;
        Some(ReferrerLock { turns: self, key, is_second })
    }
}

impl Drop for ReferrerLock<'_> {
    fn drop(&mut self) {
        if !self.is_second {
            self.turns.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }
}

/// Answers with an index of the manifests whose subject is `subject`. The index is empty, not 404, if there are none.
pub(crate) fn list(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    subject: &Digest,
    uri: &Uri,
    query: &Query<'_>,
) -> Result<Reply, ErrorReply> {
    if !settings.referrers {
        return Err(ErrorReply::no_such_path());
    }
    let page = DemoPage::of(query, settings.referrers_page)?;
    let filter = query.get("artifactType");
    let after = page.last.and_then(|last| last.parse::<Digest>().ok());
    let repository = store.repository(name).unwrap_or_default();
    let found = repository
        .manifests
        .iter()
        .filter(|(digest, manifest)| {
            manifest.subject == Some(*subject) && after.is_none_or(|after| **digest > after)
        })
        .map(|(digest, manifest)| (digest, descriptor(digest, manifest)))
        .filter(|(_, descriptor)| filter.is_none_or(|kind| descriptor["artifactType"] == kind));
    let (entries, more) = page.take(found);
    let last = entries.last().map(|(digest, _)| digest.to_string());
    let manifests: Vec<Value> = entries.into_iter().map(|(_, descriptor)| descriptor).collect();
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": manifests });
    let mut reply = reply::json(media_type::OCI_INDEX, &index);
    if filter.is_some() {
        reply::set(&mut reply, header_name::FILTERS, "artifactType");
    }
    if more && let Some(last) = last {
        page.link(reply.headers_mut(), uri, &last);
    }
    Ok(reply)
}

fn descriptor(digest: &Digest, manifest: &DemoManifest) -> Value {
    let mut descriptor =
        json!({ "mediaType": *manifest.media_type, "digest": digest, "size": manifest.bytes.len() });
    let Ok(contents) = Contents::read(&manifest.bytes) else { return descriptor };
    if let Some(kind) = contents.kind() {
        descriptor["artifactType"] = kind.into();
    }
    if let Some(annotations) = contents.annotations {
        descriptor["annotations"] = annotations;
    }
    descriptor
}
