//! `GET /v2/<name>/referrers/<digest>` (distribution-spec § Listing referrers).

use hyper::Uri;
use serde_json::{Value, json};

use super::Settings;
use super::manifest::{Contents, Manifest, media_type};
use super::page::Page;
use super::refusal::Refusal;
use super::reply::{self, Reply, name as header_name};
use super::route::Query;
use super::store::Store;
use crate::model::digest::Digest;

/// An index of the manifests that have `subject` as their subject: empty, not 404, if there are none.
pub fn list(
    settings: &Settings,
    store: &Store,
    name: &str,
    subject: &Digest,
    uri: &Uri,
    query: &Query<'_>,
) -> Result<Reply, Refusal> {
    if !settings.referrers {
        return Err(Refusal::no_such_path());
    }
    let page = Page::of(query, settings.referrers_page)?;
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

fn descriptor(digest: &Digest, manifest: &Manifest) -> Value {
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
