//! Lists of referrers under fallback tags, for registries without the referrers API: distribution-spec § Referrers Tag
//! Schema, <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema>.

use serde_json::{Map, Value, json};

use super::{Body, Descriptor, Manifest};
use crate::model::failure::{Failure, FailureKind};
use crate::model::media_type::OCI_INDEX;
use crate::model::text::SafeText;

/// Returns a list with more referrers. Existing entries stay as they are. Returns `None` if all of them are listed
/// already. Fails with a text if the manifest is no list.
pub(crate) fn merge_list(
    old: Option<&Manifest>,
    more: &[Descriptor],
) -> Result<Option<Manifest>, &'static str> {
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
pub(crate) fn descriptor_of(manifest: &Manifest) -> Descriptor {
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
pub(crate) fn failure(what: String, why: &'static str) -> Failure {
    let hint = "such tags are reserved for lists of referrers: look at the tag, and copy again";
    Failure {
        what: SafeText::from(what),
        why: why.into(),
        hint: Some(hint.into()),
        kind: FailureKind::BadAnswer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::capped::Capped;
    use crate::model::digest::Digest;
    use crate::model::media_type::{DOCKER_LIST, OCI_CONFIG, OCI_MANIFEST};

    fn parse(document: &Value) -> Manifest {
        Manifest::parse(document.to_string().into(), None).expect("a manifest")
    }

    fn signature(name: &str) -> Manifest {
        let annotations = json!({"name": name});
        parse(&json!({"layers": [], "artifactType": "application/x-signature", "annotations": annotations}))
    }

    fn listed(list: &Manifest) -> Vec<Value> {
        let document: Value = serde_json::from_slice(&list.raw).expect("JSON");
        document["manifests"].as_array().expect("a list").clone()
    }

    /// The entry of a referrer as the list has it.
    fn entry(referrer: &Manifest, name: &str) -> Value {
        json!({
            "mediaType": OCI_MANIFEST,
            "digest": referrer.digest.to_string(),
            "size": referrer.raw.len(),
            "artifactType": "application/x-signature",
            "annotations": {"name": name},
        })
    }

    #[test]
    fn a_new_list_is_an_oci_index_that_names_each_referrer_once() {
        let (one, two) = (signature("one"), signature("two"));
        let more = [&one, &two, &one].map(descriptor_of);
        let list = merge_list(None, &more).expect("a list").expect("it is new");
        assert_eq!(list.media_type.as_str(), OCI_INDEX);
        assert_eq!(listed(&list), [entry(&one, "one"), entry(&two, "two")]);
        assert!(merge_list(Some(&list), &more).expect("a list").is_none(), "all of them are listed already");
        assert!(merge_list(None, &[]).expect("a list").is_none());
    }

    #[test]
    fn entries_that_are_listed_stay_as_they_are_and_in_their_order() {
        let (one, two) = (signature("one"), signature("two"));
        let odd = vec![
            json!({"digest": two.digest.to_string(), "odd": [1, {"b": null, "a": 1}]}),
            json!(null),
            json!({"digest": 7}),
            json!({"digest": "sha256:xx", "size": -1}),
            json!({"digest": "sha256:xx", "size": -1}),
        ];
        for media_type in [OCI_INDEX, DOCKER_LIST] {
            let old =
                parse(&json!({"mediaType": media_type, "manifests": odd, "annotations": {"kept": "yes"}}));
            let list =
                merge_list(Some(&old), &[&two, &one].map(descriptor_of)).expect("a list").expect("it is new");
            assert_eq!(listed(&list), [odd.as_slice(), &[entry(&one, "one")]].concat());
            assert_eq!(list.media_type.as_str(), media_type);
            assert_eq!(list.annotations(), old.annotations());
        }
    }

    #[test]
    fn a_manifest_that_is_no_list_or_was_not_read_completely_is_not_replaced() {
        let more = [descriptor_of(&signature("one"))];
        for document in [json!({"layers": []}), json!({"mediaType": OCI_INDEX}), json!({"a": 1})] {
            let outcome = merge_list(Some(&parse(&document)), &more);
            assert_eq!(outcome.err(), Some("the fallback tag is no list of referrers"), "{document}");
        }
        let mut old = parse(&json!({"manifests": []}));
        let Body::Index(body) = &mut old.body else { panic!("an index") };
        body.manifests = Capped::new(Vec::new(), 1);
        let outcome = merge_list(Some(&old), &more);
        assert_eq!(outcome.err(), Some("the list of referrers is too long to be read completely"));
    }

    #[test]
    fn the_entry_of_a_manifest_tells_its_artifact_type_digest_and_size() {
        let config = json!({"mediaType": OCI_CONFIG, "digest": Digest::sha256(b"").to_string(), "size": 0});
        let table = [
            (json!({"layers": [], "artifactType": "a/b", "config": config}), Some("a/b")),
            (json!({"layers": [], "config": config}), Some(OCI_CONFIG)),
            (json!({"layers": []}), None),
            (json!({"manifests": [], "artifactType": "a/b"}), Some("a/b")),
            (json!({"manifests": []}), None),
            (json!({"blobs": [], "artifactType": "a/b"}), Some("a/b")),
            (json!({"schemaVersion": 1, "fsLayers": []}), None),
            (json!({"a": 1}), None),
        ];
        for (document, artifact_type) in table {
            let manifest = parse(&document);
            let entry = descriptor_of(&manifest);
            assert_eq!(entry.artifact_type.as_ref().map(|text| text.as_str()), artifact_type, "{document}");
            assert_eq!((entry.digest, entry.size), (Some(manifest.digest), Some(manifest.raw.len() as u64)));
            assert_eq!(entry.media_type, manifest.media_type);
        }
    }
}
