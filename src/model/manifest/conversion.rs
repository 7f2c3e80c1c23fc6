//! Conversion of Docker's manifests of schema 2 into OCI manifests, for registries that accept no other.
//!
//! Only media types change, and the digests that follow from them: docs/REGISTRIES.md §8.1. Configs and layers stay the
//! same bytes, and every member that is not known here is kept.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Body, Descriptor, Manifest};
use crate::model::digest::Digest;
use crate::model::media_type::MediaType;

/// The annotation by which an entry of an index names the entry that it attests.
const ATTESTS: &str = "vnd.docker.reference.digest";

/// The manifests that were converted, each once.
#[derive(Debug, Default)]
pub(crate) struct Converter {
    converted: HashMap<Digest, Arc<Manifest>>,
}

/// A manifest that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotConvertible {
    /// The digest of the manifest.
    pub(crate) digest: Digest,
    /// The reason, in words.
    pub(crate) why: String,
}

impl Converter {
    /// Returns the new manifest of a digest, or `None` if the digest stays.
    pub(crate) fn converted(&self, old: &Digest) -> Option<&Arc<Manifest>> {
        self.converted.get(old)
    }

    /// Returns the digests that change.
    pub(crate) fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.converted.keys()
    }

    /// Converts everything that an image needs: `manifests`, children before the indexes that list them. Manifests of
    /// OCI that list nothing of Docker's are returned as they are. Fails for manifests of schema 1, and for those that
    /// two readers could take for two different things.
    pub(crate) fn convert(
        &mut self,
        manifests: &[Arc<Manifest>],
    ) -> Result<Vec<Arc<Manifest>>, NotConvertible> {
        let entries = || manifests.iter().flat_map(|manifest| manifest.children());
        let attestations = entries().filter(|entry| entry.is_attestation());
        let attestations: HashSet<Digest> = attestations.filter_map(|entry| entry.digest).collect();
        let all: HashSet<Digest> = manifests.iter().map(|manifest| manifest.digest).collect();
        // An attestation may name its image as its subject, so images are converted first.
        let is_image = |manifest: &&Arc<Manifest>| {
            !matches!(manifest.body, Body::Index(_)) && !attestations.contains(&manifest.digest)
        };
        let (images, others): (Vec<_>, Vec<_>) = manifests.iter().partition(is_image);
        for manifest in images.into_iter().chain(others) {
            if self.converted.contains_key(&manifest.digest) {
                continue;
            }
            // Only a part of the same image is followed, so that the result depends on this image alone.
            let renamed = |digest: &Digest| self.converted.get(digest).filter(|_| all.contains(digest));
            let conversion = Conversion {
                manifest,
                renamed: &renamed,
                follows_subject: attestations.contains(&manifest.digest),
            };
            let converted = conversion.convert();
            let converted =
                converted.map_err(|why| NotConvertible { digest: manifest.digest, why: why.into() })?;
            if let Some(converted) = converted {
                self.converted.insert(manifest.digest, Arc::new(converted));
            }
        }
        let new = |manifest: &Arc<Manifest>| self.converted(&manifest.digest).unwrap_or(manifest).clone();
        Ok(manifests.iter().map(new).collect())
    }
}

/// The conversion of one manifest.
struct Conversion<'a> {
    manifest: &'a Manifest,
    /// Returns the new manifest of a part of the same image, if its digest changes.
    renamed: &'a dyn Fn(&Digest) -> Option<&'a Arc<Manifest>>,
    /// Whether the subject of the manifest is followed if its digest changes.
    follows_subject: bool,
}

impl Conversion<'_> {
    /// Returns the new manifest, or `None` if it stays as it is.
    fn convert(&self) -> Result<Option<Manifest>, &'static str> {
        let old = self.manifest;
        if let Body::Schema1(_) = old.body {
            return Err("it is in Docker's schema 1, which names no config");
        }
        let media_type = old.media_type.as_oci();
        let is_changed = |entry: &Descriptor| self.renamed_entry(entry).is_some();
        let follows = self.follows_subject && old.subject().is_some_and(is_changed);
        if media_type.is_none() && !follows && !old.children().iter().any(is_changed) {
            return Ok(None);
        }
        if !old.is_whole() {
            return Err("it lists more than can be looked at");
        }
        let mut document: Map<String, Value> =
            serde_json::from_slice(&old.raw).map_err(|_| "its JSON is malformed")?;
        // Servers written in Go take such a member for the known one.
        let is_other_case =
            |name: &String| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name) && known != name);
        if document.keys().any(is_other_case) {
            return Err(AMBIGUOUS);
        }
        if let Some(media_type) = media_type {
            document.insert("mediaType".into(), media_type.into());
            let parts = document.get_mut("config").into_iter();
            parts.for_each(convert_media_type);
            entries(&mut document, "layers").for_each(convert_media_type);
        }
        for entry in entries(&mut document, "manifests") {
            self.rename(entry);
        }
        if let Some(subject) = document.get_mut("subject").filter(|_| follows) {
            self.rename(subject);
        }
        let bytes = serde_json::to_vec(&document).map_err(|_| "its JSON is malformed")?;
        let header = media_type.unwrap_or(old.media_type.as_str());
        let new = Manifest::parse(bytes.into(), Some(header)).map_err(|_| AMBIGUOUS)?;
        let digest = old.digest.same_algorithm_of(&new.raw);
        let new = new.verify(digest).map_err(|_| AMBIGUOUS)?;
        if self.is_conversion(&new, header) { Ok(Some(new)) } else { Err(AMBIGUOUS) }
    }

    fn renamed_entry(&self, entry: &Descriptor) -> Option<&Arc<Manifest>> {
        (self.renamed)(&entry.digest?)
    }

    /// Gives an entry of an index, or a subject, the digest, size and media type that its manifest has now, and the
    /// digest that the attested entry has now. A copy of the old manifest within the entry is dropped.
    fn rename(&self, entry: &mut Value) {
        let renamed = |text: &Value| (self.renamed)(&text.as_str()?.parse().ok()?);
        let Some(entry) = entry.as_object_mut() else { return };
        if let Some(new) = entry.get("digest").and_then(renamed) {
            entry.insert("digest".into(), new.digest.to_string().into());
            entry.insert("size".into(), new.raw.len().into());
            entry.insert("mediaType".into(), new.media_type.as_str().into());
            entry.shift_remove("data");
        }
        let attested = entry.get_mut("annotations").and_then(|annotations| annotations.get_mut(ATTESTS));
        if let Some(attested) = attested
            && let Some(new) = renamed(attested)
        {
            *attested = new.digest.to_string().into();
        }
    }

    /// Returns whether a manifest is this one with nothing changed but media types and the digests that follow from them.
    fn is_conversion(&self, new: &Manifest, media_type: &str) -> bool {
        let old = self.manifest;
        let facts = |entry: &Descriptor| (entry.digest, entry.media_type.clone(), entry.size);
        let child = |entry: &Descriptor| match self.renamed_entry(entry) {
            Some(new) => (Some(new.digest), new.media_type.clone(), Some(new.raw.len() as u64)),
            None => facts(entry),
        };
        let is_other_type = old.media_type != new.media_type;
        let blob = |entry: &Descriptor| {
            let oci = entry.media_type.as_oci().filter(|_| is_other_type).map(MediaType::new);
            (entry.digest, oci.unwrap_or_else(|| entry.media_type.clone()), entry.size)
        };
        new.media_type.as_str() == media_type
            && new.children().iter().map(facts).eq(old.children().iter().map(child))
            && new.blobs().map(facts).eq(old.blobs().map(blob))
    }
}

/// The members that a conversion changes.
const KNOWN: [&str; 5] = ["mediaType", "config", "layers", "manifests", "subject"];

const AMBIGUOUS: &str = "its JSON can be read in two ways";

fn entries<'a>(document: &'a mut Map<String, Value>, member: &str) -> impl Iterator<Item = &'a mut Value> {
    document.get_mut(member).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Gives the descriptor of a config or a layer the media type that OCI has for it.
fn convert_media_type(descriptor: &mut Value) {
    let Some(media_type) = descriptor.get_mut("mediaType") else { return };
    if let Some(oci) = media_type.as_str().and_then(|text| MediaType::new(text).as_oci()) {
        *media_type = oci.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::media_type::{
        DOCKER_CONFIG, DOCKER_LIST, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, SCHEMA1,
    };

    const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    fn parse(document: &Value) -> Arc<Manifest> {
        Arc::new(Manifest::parse(document.to_string().into(), None).expect("a manifest"))
    }

    fn blob(media_type: &str, content: &str) -> Value {
        json!({"mediaType": media_type, "size": 7, "digest": Digest::sha256(content.as_bytes()).to_string()})
    }

    /// An image of Docker's or of OCI with one layer of this content.
    fn image(media_type: &str, content: &str) -> Arc<Manifest> {
        let (config, layer) = match media_type {
            DOCKER_MANIFEST => (DOCKER_CONFIG, DOCKER_LAYER),
            _ => (OCI_CONFIG, OCI_LAYER),
        };
        let (config, layer) = (blob(config, "config"), blob(layer, content));
        parse(&json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]}))
    }

    fn entry(manifest: &Manifest) -> Value {
        json!({
            "mediaType": manifest.media_type.as_str(),
            "size": manifest.raw.len(),
            "digest": manifest.digest.to_string(),
        })
    }

    fn index(media_type: &str, entries: &[Value]) -> Arc<Manifest> {
        parse(&json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}))
    }

    fn attestation_entry(manifest: &Manifest, of: &Manifest) -> Value {
        let mut entry = entry(manifest);
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            ATTESTS: of.digest.to_string(),
        });
        entry
    }

    /// Converts everything, and returns the last manifest.
    fn convert(manifests: &[&Arc<Manifest>]) -> Arc<Manifest> {
        let manifests: Vec<Arc<Manifest>> = manifests.iter().copied().cloned().collect();
        let converted = Converter::default().convert(&manifests).expect("it can be converted");
        assert_eq!(converted.len(), manifests.len());
        converted.last().expect("a manifest").clone()
    }

    fn json_of(manifest: &Manifest) -> Value {
        serde_json::from_slice(&manifest.raw).expect("JSON")
    }

    #[test]
    fn each_docker_type_has_its_oci_type_and_others_stay() {
        let docker = |end: &str| format!("application/vnd.docker.image.rootfs.{end}");
        let oci = |end: &str| format!("application/vnd.oci.image.layer.{end}");
        let table = [
            (docker("diff.tar"), oci("v1.tar")),
            (docker("diff.tar.gzip"), oci("v1.tar+gzip")),
            (docker("diff.tar.zstd"), oci("v1.tar+zstd")),
            (docker("foreign.diff.tar"), oci("nondistributable.v1.tar")),
            (docker("foreign.diff.tar.gzip"), oci("nondistributable.v1.tar+gzip")),
            (docker("foreign.diff.tar.zstd"), oci("nondistributable.v1.tar+zstd")),
            (oci("v1.tar+zstd"), oci("v1.tar+zstd")),
            ("application/octet-stream".into(), "application/octet-stream".into()),
        ];
        for (old, new) in table {
            let mut layer = blob(&old, "layer");
            layer["urls"] = json!(["https://example.com/layer"]);
            let config = blob(DOCKER_CONFIG, "config");
            let old = json!({
                "schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": [layer],
            });
            let mut expected = old.clone();
            expected["mediaType"] = OCI_MANIFEST.into();
            expected["config"]["mediaType"] = OCI_CONFIG.into();
            expected["layers"][0]["mediaType"] = new.clone().into();
            let converted = convert(&[&parse(&old)]);
            assert_eq!(json_of(&converted), expected, "{new}");
            assert_eq!(converted.digest, Digest::sha256(&converted.raw));
        }
    }

    #[test]
    fn members_that_are_not_known_stay_in_their_place() {
        let text = format!(
            r#"{{"odd":[1,null],"mediaType":"{DOCKER_MANIFEST}","schemaVersion":2,"config":{},"layers":[],"annotations":{{"b":"1","a":"2"}},"x":1.5}}"#,
            blob(DOCKER_CONFIG, "config")
        );
        let old = Arc::new(Manifest::parse(text.clone().into(), None).expect("a manifest"));
        let expected = text.replace(DOCKER_MANIFEST, OCI_MANIFEST).replace(DOCKER_CONFIG, OCI_CONFIG);
        assert_eq!(convert(&[&old]).raw, expected);
    }

    #[test]
    fn an_image_whose_type_only_the_server_names_gets_a_type_of_its_own() {
        let text = json!({"config": blob(DOCKER_CONFIG, "c"), "layers": []}).to_string();
        let old = Arc::new(Manifest::parse(text.into(), Some(DOCKER_MANIFEST)).expect("a manifest"));
        assert_eq!(json_of(&convert(&[&old]))["mediaType"], OCI_MANIFEST);
    }

    #[test]
    fn a_list_names_its_children_by_their_new_digests_and_keeps_the_rest() {
        let (one, two) = (image(DOCKER_MANIFEST, "1"), image(OCI_MANIFEST, "2"));
        for outer in [DOCKER_LIST, OCI_INDEX] {
            let mut entries = [entry(&one), entry(&two), blob("a/b", "blob")];
            entries[0]["platform"] = json!({"os": "windows", "architecture": "amd64", "os.version": "10"});
            entries[0]["data"] = "e30=".into();
            let converted = convert(&[&one, &two, &index(outer, &entries)]);
            let mut expected = entry(&convert(&[&one]));
            expected["platform"] = entries[0]["platform"].clone();
            let document = json_of(&converted);
            assert_eq!(document["mediaType"], OCI_INDEX);
            assert_eq!(document["manifests"], json!([expected, entries[1], entries[2]]), "{outer}");
        }
    }

    #[test]
    fn lists_within_lists_are_converted_and_absent_children_stay() {
        let image = image(DOCKER_MANIFEST, "1");
        let inner = index(DOCKER_LIST, &[entry(&image)]);
        let absent = blob(DOCKER_MANIFEST, "absent");
        let outer = index(OCI_INDEX, &[entry(&inner), absent.clone()]);
        let converted = convert(&[&image, &inner, &outer]);
        let inner = convert(&[&image, &inner]);
        assert_eq!(json_of(&inner)["manifests"][0], entry(&convert(&[&image])));
        assert_eq!(json_of(&converted)["manifests"], json!([entry(&inner), absent]));
    }

    #[test]
    fn manifests_that_need_no_conversion_are_the_same_bytes() {
        let image = image(OCI_MANIFEST, "1");
        let untyped = parse(&json!({"config": blob(OCI_CONFIG, "c"), "layers": [blob(DOCKER_LAYER, "l")]}));
        let list = index(OCI_INDEX, &[entry(&image)]);
        let artifact = parse(&json!({"blobs": [], "artifactType": "a/b"}));
        for manifests in [vec![&image], vec![&untyped], vec![&image, &list], vec![&artifact]] {
            let last = manifests[manifests.len() - 1];
            assert!(Arc::ptr_eq(&convert(&manifests), last), "{:?}", last.raw);
        }
    }

    #[test]
    fn attestations_in_an_index_follow_their_image() {
        let image = image(DOCKER_MANIFEST, "1");
        let statement = json!({"config": blob(OCI_CONFIG, "s"), "layers": [blob("a/b", "statement")]});
        let plain = parse(&statement);
        let mut named = statement;
        named["subject"] = entry(&image);
        let named = parse(&named);
        let new_image = convert(&[&image]);
        for attestation in [&plain, &named] {
            // The attestation may be listed before its image.
            let entries = [attestation_entry(attestation, &image), entry(&image)];
            let list = index(OCI_INDEX, &entries);
            let converted = convert(&[attestation, &image, &list]);
            let [attests, _] = converted.children() else { panic!("{converted:?}") };
            assert_eq!(attests.attests(), Some(new_image.digest));
            let is_same = attests.digest == Some(attestation.digest);
            assert_eq!(is_same, attestation.subject().is_none());
        }
        // Without such an entry, a manifest is about the image that its author meant.
        let list = index(OCI_INDEX, &[entry(&named), entry(&image)]);
        let converted = convert(&[&named, &image, &list]);
        assert_eq!(converted.children()[0].digest, Some(named.digest));
    }

    #[test]
    fn a_digest_keeps_its_algorithm() {
        let bytes = image(DOCKER_MANIFEST, "1").raw.clone();
        let sha512 = Digest::Sha512([0; 64]).same_algorithm_of(&bytes);
        let old = Manifest::parse(bytes, None).expect("a manifest").verify(sha512).expect("its digest");
        let converted = convert(&[&Arc::new(old)]);
        assert_eq!(converted.digest, sha512.same_algorithm_of(&converted.raw));
    }

    #[test]
    fn a_manifest_that_cannot_be_converted_safely_is_refused_with_its_digest() {
        let config = blob(DOCKER_CONFIG, "c");
        let twice =
            format!(r#"{{"mediaType":"{DOCKER_MANIFEST}","config":{config},"Config":{config},"layers":[]}}"#);
        let other_case = format!(r#"{{"MediaType":"{DOCKER_MANIFEST}","Config":{config},"layers":[]}}"#);
        let schema1 = r#"{"schemaVersion":1,"fsLayers":[]}"#.to_string();
        let table = [
            (twice, DOCKER_MANIFEST, AMBIGUOUS),
            (other_case, DOCKER_MANIFEST, AMBIGUOUS),
            (schema1, SCHEMA1, "it is in Docker's schema 1, which names no config"),
        ];
        for (text, media_type, why) in table {
            let Ok(old) = Manifest::parse(text.clone().into(), Some(media_type)) else {
                panic!("{text} is a manifest")
            };
            let digest = old.digest;
            let refused = Converter::default().convert(&[Arc::new(old)]);
            assert_eq!(refused.err(), Some(NotConvertible { digest, why: why.into() }), "{text}");
        }
    }
}
