//! Manifests: reads, pushes and deletes, by tag and by digest (distribution-spec end-3, end-7, end-9).

use bytes::Bytes;
use hyper::header;
use hyper::{HeaderMap, StatusCode};
use serde_json::json;

use super::DemoSettings;
use super::blobs::{RangeHeader, range};
use super::error_reply::ErrorReply;
use super::manifest::{Contents, DemoManifest, media_type};
use super::name::DemoReference;
use super::reply::{self, Reply, name as header_name};
use super::route::Query;
use super::store::{Store, StoredRepository};
use crate::model::digest::Digest;

/// Answers GET and HEAD, with one byte range if the settings allow it. `Accept` is ignored: the manifest is sent as it is
/// stored, as the specification allows.
pub(crate) fn get(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    reference: &DemoReference,
    headers: &HeaderMap,
) -> Result<Reply, ErrorReply> {
    let repository = store.repository(name).ok_or_else(|| ErrorReply::name_unknown(name))?;
    let unknown = || ErrorReply::manifest_unknown(format_reference(reference));
    let digest = repository.resolve(reference).ok_or_else(unknown)?;
    let manifest = repository.manifests.get(&digest).ok_or_else(unknown)?;
    let etag = format!("\"{digest}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok(reply::empty(StatusCode::NOT_MODIFIED));
    }
    let size = manifest.bytes.len() as u64;
    let requested = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let is_same = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == etag.as_bytes());
    let part = match requested.map(|text| range(text, size)) {
        Some(RangeHeader::Part(part)) if settings.manifest_ranges && is_same => Some(part),
        _ => None,
    };
    let mut found = match part {
        None => reply::of(StatusCode::OK, &manifest.media_type, manifest.bytes.clone()),
        Some(part) => {
            let bytes = manifest.bytes.slice(part.start as usize..part.end as usize);
            let mut found = reply::of(StatusCode::PARTIAL_CONTENT, &manifest.media_type, bytes);
            let value = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            reply::set(&mut found, header::CONTENT_RANGE, value);
            found
        }
    };
    reply::set(&mut found, header_name::DIGEST, digest);
    reply::set(&mut found, header::ETAG, etag);
    Ok(found)
}

/// Answers PUT. Nothing is stored unless everything that the manifest names exists and its bytes match the reference.
pub(crate) fn put(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    reference: &DemoReference,
    query: &Query<'_>,
    headers: &HeaderMap,
    bytes: Bytes,
) -> Result<Reply, ErrorReply> {
    let contents = Contents::read(&bytes).map_err(|error| ErrorReply::manifest_invalid(error.to_string()))?;
    let media_type = media_type_of(headers, &contents)?;
    let asked = match reference {
        DemoReference::Digest(asked) => Some(*asked),
        DemoReference::Tag(_) => match query.get("digest").filter(|_| settings.digest_parameter) {
            Some(text) => Some(text.parse().map_err(|_| ErrorReply::digest_invalid(text))?),
            None => None,
        },
    };
    let digest = asked.map_or_else(|| Digest::sha256(&bytes), |asked| asked.same_algorithm_of(&bytes));
    if let Some(asked) = asked
        && digest != asked
    {
        return Err(ErrorReply::digest_invalid(json!({ "given": asked, "computed": digest })));
    }
    let subject = contents.subject.as_ref().map(|subject| subject.digest);
    store.change_if(name, |repository| {
        if !settings.sparse_manifests {
            require_all(&contents, repository)?;
        }
        if let DemoReference::Tag(tag) = reference
            && settings.immutable_tags
            && repository.tags.get(tag).is_some_and(|old| *old != digest)
        {
            return Err(ErrorReply::tag_invalid(
                "the tag exists and cannot be overwritten because it is immutable",
            ));
        }
        repository.only_by_tag.remove(&digest);
        repository.manifests.insert(digest, DemoManifest { media_type: media_type.into(), bytes, subject });
        if let DemoReference::Tag(tag) = reference {
            let old = repository.tags.insert(tag.clone(), digest);
            if let Some(old) = old.filter(|old| *old != digest) {
                settings.removes.lost_tag(repository, &old);
            }
        }
        Ok(())
    })?;
    let mut created = reply::empty(StatusCode::CREATED);
    reply::set(&mut created, header::LOCATION, format!("/v2/{name}/manifests/{digest}"));
    reply::set(&mut created, header_name::DIGEST, digest);
    if let Some(subject) = subject.filter(|_| settings.referrers) {
        reply::set(&mut created, header_name::SUBJECT, subject);
    }
    Ok(created)
}

/// Answers DELETE: a tag alone, or by digest the manifest with all its tags.
pub(crate) fn delete(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    reference: &DemoReference,
) -> Result<Reply, ErrorReply> {
    may_delete(settings, store, name, reference)?;
    store.change(name, |repository| match reference {
        DemoReference::Tag(tag) => {
            if let Some(image) = repository.tags.remove(tag) {
                settings.removes.lost_tag(repository, &image);
            }
            repository.forget_untagged();
        }
        DemoReference::Digest(digest) if settings.delete_keeps_tags => {
            repository.only_by_tag.insert(*digest);
            repository.forget_untagged();
        }
        DemoReference::Digest(digest) => settings.removes.remove(repository, digest),
    });
    Ok(reply::empty(StatusCode::ACCEPTED))
}

/// Fails if the settings forbid the delete, or if the manifest or tag does not exist.
pub(crate) fn may_delete(
    settings: &DemoSettings,
    store: &Store,
    name: &str,
    reference: &DemoReference,
) -> Result<(), ErrorReply> {
    let allowed = match reference {
        DemoReference::Tag(_) => settings.delete_by_tag,
        DemoReference::Digest(_) => settings.delete_by_digest,
    };
    if !allowed {
        return Err(ErrorReply::unsupported());
    }
    let known = store.repository(name).ok_or_else(|| ErrorReply::name_unknown(name))?;
    let found = known.resolve(reference);
    found.map(|_| ()).ok_or_else(|| ErrorReply::manifest_unknown(format_reference(reference)))
}

/// Returns the media type of a pushed manifest: that of the header, which the body must not contradict.
fn media_type_of(headers: &HeaderMap, contents: &Contents) -> Result<String, ErrorReply> {
    let header = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let header = header.split(';').next().unwrap_or_default().trim();
    let own = contents.media_type.as_deref().unwrap_or(header);
    if header.is_empty() && own.is_empty() {
        return Err(ErrorReply::manifest_invalid("neither the header nor the manifest names a media type"));
    }
    if !header.is_empty() && own != header {
        return Err(ErrorReply::manifest_invalid(json!({ "contentType": header, "mediaType": own })));
    }
    let fits = match own {
        // As in distribution, docker manifests must name their media type themselves.
        media_type::DOCKER_MANIFEST | media_type::DOCKER_LIST if contents.media_type.is_none() => false,
        media_type::OCI_MANIFEST | media_type::DOCKER_MANIFEST => {
            contents.config.is_some() && contents.layers.is_some() && contents.manifests.is_none()
        }
        media_type::OCI_INDEX | media_type::DOCKER_LIST => {
            contents.manifests.is_some() && contents.config.is_none() && contents.layers.is_none()
        }
        // Schema 1 can be read here, as on old registries, but not pushed.
        media_type::DOCKER_SCHEMA1 => false,
        _ => return Err(ErrorReply::manifest_invalid(json!({ "unknown": own }))),
    };
    if fits { Ok(own.to_owned()) } else { Err(ErrorReply::manifest_invalid(format!("not a valid {own}"))) }
}

fn require_all(contents: &Contents, repository: &StoredRepository) -> Result<(), ErrorReply> {
    let blob = contents.blobs().find(|digest| !repository.blobs.contains_key(digest));
    let child = contents.children().find(|digest| !repository.manifests.contains_key(digest));
    blob.or(child).map_or(Ok(()), |missing| Err(ErrorReply::manifest_blob_unknown(missing)))
}

fn format_reference(reference: &DemoReference) -> String {
    match reference {
        DemoReference::Tag(tag) => tag.clone(),
        DemoReference::Digest(digest) => digest.to_string(),
    }
}
