//! Lists of referrers under fallback tags, for registries without the referrers API: distribution-spec § Referrers Tag
//! Schema, <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema>.

use serde_json::{Map, Value, json};

use super::{Body, Descriptor, Manifest};
use crate::model::failure::{Failure, FailureKind};
use crate::model::media_type::OCI_INDEX;
use crate::model::text::SafeText;

/// Returns a list with more referrers. Existing entries stay as they are. Returns `None` if all of them are listed
/// already. Fails with a text if the manifest is no list.
pub fn merge_list(old: Option<&Manifest>, more: &[Descriptor]) -> Result<Option<Manifest>, &'static str> {
    if old.is_some_and(|old| !old.is_whole()) {
        return Err("the list of referrers is too long to be read completely");
    }
    let mut index = match old {
        None => json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}),
        Some(old) => serde_json::from_slice(&old.raw).map_err(|_| "the fallback tag is no list")?,
    };
    let listed = index.get_mut("manifests").and_then(Value::as_array_mut);
    let listed = listed.ok_or("the fallback tag is no list of referrers")?;
    let before = listed.len();
    for referrer in more {
        let is_it =
            |entry: &Value| entry.get("digest").and_then(Value::as_str) == Some(&referrer.digest_text);
        if !listed.iter().any(is_it) {
            listed.push(to_json(referrer));
        }
    }
    if listed.len() == before {
        return Ok(None);
    }
    let bytes = serde_json::to_vec(&index).map_err(|_| "the list of referrers cannot be written")?;
    let media_type = old.map_or(OCI_INDEX, |old| old.media_type.as_str());
    Manifest::parse(bytes.into(), Some(media_type)).map(Some).map_err(|_| "the fallback tag is no index")
}

fn to_json(referrer: &Descriptor) -> Value {
    let mut entry = Map::new();
    entry.insert("mediaType".into(), referrer.media_type.as_str().into());
    entry.insert("digest".into(), referrer.digest_text.clone().into());
    entry.insert("size".into(), referrer.size.unwrap_or(0).into());
    if let Some(artifact_type) = &referrer.artifact_type {
        entry.insert("artifactType".into(), artifact_type.as_str().into());
    }
    if !referrer.annotations.is_empty() {
        entry.insert("annotations".into(), json!(referrer.annotations));
    }
    Value::Object(entry)
}

/// Returns a manifest as an entry of a list of referrers: distribution-spec § Listing Referrers.
pub fn descriptor_of(manifest: &Manifest) -> Descriptor {
    let artifact_type = match &manifest.body {
        Body::Image(image) => {
            let config = image.config.as_ref().map(|config| config.media_type.clone());
            image.artifact_type.clone().or(config)
        }
        Body::Index(index) => index.artifact_type.clone(),
        Body::Artifact(artifact) => artifact.artifact_type.clone(),
        Body::Schema1(_) | Body::Unknown => None,
    };
    Descriptor {
        media_type: manifest.media_type.clone(),
        digest: Some(manifest.digest),
        digest_text: manifest.digest.to_string(),
        size: Some(manifest.raw.len() as u64),
        platform: None,
        artifact_type,
        urls: Default::default(),
        annotations: manifest.capped_annotations().cloned().unwrap_or_default(),
    }
}

/// Returns the failure of a list that cannot be written.
pub fn failure(what: String, why: &'static str) -> Failure {
    let hint = "such tags are reserved for lists of referrers: look at the tag, and copy again";
    Failure {
        what: SafeText::from(what),
        why: why.into(),
        hint: Some(hint.into()),
        kind: FailureKind::BadAnswer,
    }
}
