//! Uploads: in one piece, streamed, in chunks, or mounted from another repository (distribution-spec § Push).

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header;
use hyper::{HeaderMap, StatusCode};
use serde_json::json;

use super::DemoSettings;
use super::blob::Blob;
use super::error_reply::ErrorReply;
use super::reply::{self, Reply, name as header_name};
use super::route::Query;
use super::store::Store;
use super::upload::DemoUpload;
use crate::model::digest::Digest;

/// The uploads of one repository, as one request sees them.
pub(crate) struct Uploads<'a> {
    /// The settings of the registry.
    pub(crate) settings: &'a DemoSettings,
    /// The store that receives the blobs.
    pub(crate) store: &'a Store,
    /// The repository.
    pub(crate) name: &'a str,
    /// `http://host:port` for the beginning of a `Location`, or nothing for a relative one.
    pub(crate) base: String,
}

impl Uploads<'_> {
    /// Answers POST: opens an upload. With `digest` the blob is stored at once, and with `mount` no upload is needed.
    /// `may_read` tells whether the client may read a repository to mount from.
    pub(crate) async fn open(
        &self,
        query: &Query<'_>,
        may_read: impl Fn(&str) -> bool,
        id: String,
        body: Incoming,
    ) -> Result<Reply, ErrorReply> {
        if let Some(mount) = query.get("mount") {
            let digest = mount.parse().map_err(|_| ErrorReply::digest_invalid(mount))?;
            if let Some(blob) = query
                .get("from")
                .filter(|from| may_read(from))
                .and_then(|from| self.mountable_blob(from, &digest))
            {
                self.store.put_blob_as(self.name, digest, blob);
                return Ok(self.created(&digest));
            }
        } else if let Some(digest) = query.get("digest") {
            let digest = digest.parse().map_err(|_| ErrorReply::digest_invalid(digest))?;
            let mut upload = DemoUpload::new(self.name);
            self.receive(body, |bytes| {
                upload.append(bytes);
                Ok(upload.offset())
            })
            .await?;
            return self.store_blob(upload, &digest);
        }
        let accepted = self.progress(StatusCode::ACCEPTED, &id, 0);
        self.store.uploads().insert(id, DemoUpload::new(self.name));
        Ok(accepted)
    }

    /// Answers PATCH: a chunk, which has to start at the end of the upload, or a stream of unknown length.
    pub(crate) async fn append(
        &self,
        id: &str,
        query: &Query<'_>,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Reply, ErrorReply> {
        let offset = self.take_part(id, query, headers, body).await?;
        Ok(self.progress(StatusCode::ACCEPTED, id, offset))
    }

    /// Answers PUT: the last chunk, which may be empty, and the check of the digest.
    pub(crate) async fn finish(
        &self,
        id: &str,
        query: &Query<'_>,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Reply, ErrorReply> {
        let digest = query.get("digest").ok_or_else(|| ErrorReply::digest_invalid("digest missing"))?;
        let digest = digest.parse().map_err(|_| ErrorReply::digest_invalid(digest))?;
        self.take_part(id, query, headers, body).await?;
        let upload = self.store.uploads().remove(id).ok_or_else(ErrorReply::upload_unknown)?;
        self.store_blob(upload, &digest)
    }

    /// Answers GET: the offset of the upload. A client may ask for it even with an old state.
    pub(crate) fn status(&self, id: &str, query: &Query<'_>) -> Result<Reply, ErrorReply> {
        let (offset, _) = self.upload_position(id, query)?;
        Ok(self.progress(StatusCode::NO_CONTENT, id, offset))
    }

    /// Answers DELETE: cancels the upload.
    pub(crate) fn cancel(&self, id: &str, query: &Query<'_>) -> Result<Reply, ErrorReply> {
        self.offset(id, query)?;
        self.store.uploads().remove(id);
        Ok(reply::empty(StatusCode::NO_CONTENT))
    }

    async fn take_part(
        &self,
        id: &str,
        query: &Query<'_>,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<u64, ErrorReply> {
        let offset = self.offset(id, query)?;
        let announced = content_range(headers)?;
        if let Some((first, _)) = announced
            && first != offset
        {
            return Err(self.out_of_order(id, offset));
        }
        self.receive(body, |bytes| {
            let mut uploads = self.store.uploads();
            let upload = uploads.get_mut(id).ok_or_else(ErrorReply::upload_unknown)?;
            upload.append(bytes);
            Ok(upload.offset())
        })
        .await?;
        let (end, _) = self.upload_position(id, query)?;
        match announced {
            Some((_, last)) if Some(end) != last.checked_add(1) => {
                Err(ErrorReply::upload_invalid("Content-Range is wrong"))
            }
            _ => Ok(end),
        }
    }

    /// Passes the body on piece by piece. `take` returns the number of bytes so far.
    async fn receive(
        &self,
        mut body: Incoming,
        mut take: impl FnMut(&[u8]) -> Result<u64, ErrorReply>,
    ) -> Result<(), ErrorReply> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ErrorReply::upload_invalid("the body broke off"))?;
            if let Some(bytes) = frame.data_ref()
                && take(bytes)? > self.settings.blob_limit
            {
                return Err(ErrorReply::blob_too_large());
            }
        }
        Ok(())
    }

    /// Returns the offset of the upload if the client's state is current. On distribution 3 a state that is older than
    /// the last byte can only be used to ask for the offset.
    fn offset(&self, id: &str, query: &Query<'_>) -> Result<u64, ErrorReply> {
        match self.upload_position(id, query)? {
            (offset, known) if known == offset => Ok(offset),
            (offset, known) => Err(ErrorReply::stale_state(format!("{known} is not {offset}"))),
        }
    }

    /// Returns the offset of the upload, and the offset in the client's state. The client has to send the `_state` of
    /// the `Location` back unchanged, as on distribution. A client that drops the query is wrong.
    fn upload_position(&self, id: &str, query: &Query<'_>) -> Result<(u64, u64), ErrorReply> {
        let uploads = self.store.uploads();
        let upload = uploads.get(id).filter(|upload| upload.repository == self.name);
        let offset = upload.ok_or_else(ErrorReply::upload_unknown)?.offset();
        let known = query.get("_state").and_then(|state| offset_in(state, id));
        let known =
            known.ok_or_else(|| ErrorReply::upload_invalid("the query of the location is missing"))?;
        Ok((offset, known))
    }

    fn mountable_blob(&self, from: &str, digest: &Digest) -> Option<Blob> {
        self.settings.mounts.then(|| self.store.repository(from)?.blobs.get(digest).cloned()).flatten()
    }

    fn store_blob(&self, upload: DemoUpload, digest: &Digest) -> Result<Reply, ErrorReply> {
        if !upload.is(digest) {
            return Err(ErrorReply::digest_invalid(json!({ "given": digest, "size": upload.offset() })));
        }
        self.store.put_blob_as(self.name, *digest, Blob::Whole(upload.finish()));
        Ok(self.created(digest))
    }

    fn created(&self, digest: &Digest) -> Reply {
        let mut created = reply::empty(StatusCode::CREATED);
        reply::set(&mut created, header::LOCATION, format!("{}/v2/{}/blobs/{digest}", self.base, self.name));
        reply::set(&mut created, header_name::DIGEST, digest);
        created
    }

    fn progress(&self, status: StatusCode, id: &str, offset: u64) -> Reply {
        let mut progress = reply::empty(status);
        reply::set(&mut progress, header::LOCATION, self.location(id, offset));
        // `0-0` means one byte or none; distribution writes it for both.
        reply::set(&mut progress, header::RANGE, format!("0-{}", offset.saturating_sub(1)));
        reply::set(&mut progress, header_name::UPLOAD, id);
        progress
    }

    fn out_of_order(&self, id: &str, offset: u64) -> ErrorReply {
        ErrorReply::out_of_range(format!("the upload stands at {offset}"))
            .header(header::LOCATION, self.location(id, offset))
            .header(header::RANGE, format!("0-{}", offset.saturating_sub(1)))
    }

    fn location(&self, id: &str, offset: u64) -> String {
        format!("{}/v2/{}/blobs/uploads/{id}?_state={}", self.base, self.name, state_of(id, offset))
    }
}

/// Returns the state that a client has to send back with the location of an upload. It is opaque to the client, and has
/// characters that must not be decoded or encoded again. It contains the offset of the upload at that time.
fn state_of(id: &str, offset: u64) -> String {
    format!("{}-_{offset}", id.replace('-', ""))
}

/// Returns the offset in a state. Returns `None` if the state belongs to another upload.
fn offset_in(state: &str, id: &str) -> Option<u64> {
    let (of, offset) = state.split_once("-_")?;
    (of == id.replace('-', "")).then(|| offset.parse().ok()).flatten()
}

/// Reads `Content-Range: <first>-<last>`, as the distribution API writes it.
fn content_range(headers: &HeaderMap) -> Result<Option<(u64, u64)>, ErrorReply> {
    let Some(value) = headers.get(header::CONTENT_RANGE) else { return Ok(None) };
    let invalid = || ErrorReply::upload_invalid("Content-Range is not `<first>-<last>`");
    let (first, last) = value.to_str().ok().and_then(|text| text.split_once('-')).ok_or_else(invalid)?;
    let (first, last) = (first.parse().map_err(|_| invalid())?, last.parse().map_err(|_| invalid())?);
    if last < first { Err(invalid()) } else { Ok(Some((first, last))) }
}
