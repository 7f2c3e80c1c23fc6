//! Parsing of bytes into a [`Manifest`].

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{ArtifactManifest, BadManifest, Body, Descriptor, ImageManifest, Index, Manifest, schema1};
use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::lenient;
use crate::model::media_type::{self as types, MediaType};
use crate::model::platform::RawPlatform;

/// The largest size of a descriptor that is believed: 1 PiB.
const LARGEST_SIZE: u64 = 1 << 50;

/// The members that tell the kind of manifest.
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(rename = "schemaVersion", default, deserialize_with = "lenient::value")]
    schema_version: Option<u64>,
    #[serde(rename = "mediaType", default, deserialize_with = "lenient::text")]
    media_type: Option<String>,
    #[serde(default, borrow)]
    manifests: Option<&'a RawValue>,
    #[serde(default, borrow)]
    layers: Option<&'a RawValue>,
    #[serde(default, borrow)]
    config: Option<&'a RawValue>,
    #[serde(default, borrow)]
    blobs: Option<&'a RawValue>,
    #[serde(rename = "fsLayers", default, borrow)]
    fs_layers: Option<&'a RawValue>,
}

/// The members of every kind except schema 1.
#[derive(Deserialize)]
struct RawManifest {
    #[serde(default, deserialize_with = "lenient::value")]
    config: Option<RawDescriptor>,
    #[serde(default, deserialize_with = "descriptors")]
    layers: Capped<Vec<Descriptor>>,
    #[serde(default, deserialize_with = "descriptors")]
    manifests: Capped<Vec<Descriptor>>,
    #[serde(default, deserialize_with = "descriptors")]
    blobs: Capped<Vec<Descriptor>>,
    #[serde(default, rename = "artifactType", deserialize_with = "lenient::text")]
    artifact_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::value")]
    subject: Option<RawDescriptor>,
    #[serde(default, deserialize_with = "lenient::texts")]
    annotations: Capped<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct RawDescriptor {
    #[serde(default, rename = "mediaType", deserialize_with = "lenient::value")]
    media_type: String,
    #[serde(default, deserialize_with = "lenient::value")]
    digest: String,
    #[serde(default, deserialize_with = "lenient::value")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::value")]
    platform: Option<RawPlatform>,
    #[serde(default, rename = "artifactType", deserialize_with = "lenient::text")]
    artifact_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    urls: Capped<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::texts")]
    annotations: Capped<BTreeMap<String, String>>,
}

impl From<RawDescriptor> for Descriptor {
    fn from(raw: RawDescriptor) -> Descriptor {
        Descriptor {
            media_type: MediaType::new(&raw.media_type),
            digest: raw.digest.parse().ok(),
            digest_text: raw.digest,
            size: raw.size.filter(|size| *size <= LARGEST_SIZE),
            platform: raw.platform.and_then(RawPlatform::into_platform),
            artifact_type: raw.artifact_type.as_deref().map(MediaType::new),
            urls: raw.urls,
            annotations: raw.annotations,
        }
    }
}

/// Parses a list of descriptors. A media type that is equal to the one before shares its memory.
fn descriptors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Capped<Vec<Descriptor>>, D::Error> {
    let mut last: Option<MediaType> = None;
    lenient::kept_of(deserializer, |raw| {
        let raw: RawDescriptor = serde_json::from_str(raw.get()).ok()?;
        let mut descriptor = Descriptor::from(raw);
        match &last {
            Some(last) if *last == descriptor.media_type => descriptor.media_type = last.clone(),
            _ => last = Some(descriptor.media_type.clone()),
        }
        let inside = descriptor.urls.len() + descriptor.annotations.len();
        Some((descriptor, inside))
    })
}

impl Manifest {
    /// Parses a manifest. `content_type` is the header of the answer that contained it.
    pub fn parse(raw: Bytes, content_type: Option<&str>) -> Result<Manifest, BadManifest> {
        if raw.trim_ascii_start().starts_with(b"<") {
            return Err(BadManifest::WebPage);
        }
        let shape: Shape = lenient::object(&raw).ok_or(BadManifest::NotJson)?;
        let media_type = shape.media_type(content_type)?;
        let (body, digest) = match media_type.as_str() {
            types::SCHEMA1 | types::SCHEMA1_SIGNED => schema1::parse(&raw)?,
            _ => (body_of(&media_type, &raw)?, Digest::sha256(&raw)),
        };
        Ok(Manifest { digest, media_type, body, raw, outline: Default::default() })
    }

    /// Returns the same bytes under the media type that they show themselves, for use with another registry. If the
    /// bytes name no type, the type that one registry gives them applies to that registry only. Bytes of an unknown
    /// kind keep the type that they were given, since nothing else is known.
    pub(crate) fn with_own_media_type(&self) -> Manifest {
        let own = Manifest::parse(self.raw.clone(), None).ok().and_then(|own| own.verify(self.digest).ok());
        own.filter(|own| !matches!(own.body, Body::Unknown)).unwrap_or_else(|| self.clone())
    }

    /// Checks that the digest of the manifest is `wanted`, and sets it as such. Fails with the actual digest.
    pub(crate) fn verify(mut self, wanted: Digest) -> Result<Manifest, Digest> {
        if self.digest != wanted {
            let actual = wanted.same_algorithm_of(&self.raw);
            if actual != wanted {
                return Err(actual);
            }
            self.digest = wanted;
        }
        Ok(self)
    }
}

impl Shape<'_> {
    fn media_type(&self, content_type: Option<&str>) -> Result<MediaType, BadManifest> {
        if self.manifests.is_some() && (self.layers.is_some() || self.config.is_some()) {
            return Err(BadManifest::Ambiguous("it is both an index and an image"));
        }
        let header = content_type.map(MediaType::new).filter(|header| !header.is_vague());
        let written = self.media_type.as_deref().map(MediaType::new);
        if let (Some(header), Some(written)) = (&header, &written)
            && header.is_manifest()
            && header != written
        {
            return Err(BadManifest::Ambiguous("its media type is not the one of the answer"));
        }
        let guessed = MediaType::new(self.guess_media_type());
        // A header that names no manifest counts only if the members name none either.
        let header = header.filter(|header| header.is_manifest() || guessed.is_vague());
        let media_type = written.or(header).unwrap_or(guessed);
        let contradicts = if media_type.is_index() {
            self.layers.is_some() || self.config.is_some() || self.fs_layers.is_some()
        } else {
            media_type.is_manifest() && self.manifests.is_some()
        };
        if contradicts {
            Err(BadManifest::Ambiguous("its media type is not that of its members"))
        } else {
            Ok(media_type)
        }
    }

    /// Returns the media type that the members suggest.
    fn guess_media_type(&self) -> &'static str {
        let config_is_docker =
            || self.config.is_some_and(|config| config.get().contains(types::DOCKER_CONFIG));
        match self {
            _ if self.schema_version == Some(1) && self.fs_layers.is_some() => types::SCHEMA1,
            _ if self.manifests.is_some() => types::OCI_INDEX,
            _ if self.layers.is_some() && config_is_docker() => types::DOCKER_MANIFEST,
            _ if self.layers.is_some() || self.config.is_some() => types::OCI_MANIFEST,
            _ if self.blobs.is_some() => types::OCI_ARTIFACT,
            _ => "application/json",
        }
    }
}

fn body_of(media_type: &MediaType, raw: &[u8]) -> Result<Body, BadManifest> {
    if !media_type.is_manifest() {
        return Ok(Body::Unknown);
    }
    let fields: RawManifest = lenient::object(raw).ok_or(BadManifest::NotJson)?;
    let artifact_type = fields.artifact_type.as_deref().map(MediaType::new);
    let subject = fields.subject.map(Descriptor::from);
    let annotations = fields.annotations;
    Ok(match media_type.as_str() {
        types::OCI_ARTIFACT => {
            let blobs = fields.blobs;
            Body::Artifact(ArtifactManifest { blobs, artifact_type, subject, annotations })
        }
        _ if media_type.is_index() => {
            let manifests = fields.manifests;
            Body::Index(Index { manifests, artifact_type, subject, annotations })
        }
        _ => {
            let config = fields.config.map(Descriptor::from);
            let layers = fields.layers;
            Body::Image(Box::new(ImageManifest { config, layers, artifact_type, subject, annotations }))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::summary::Kind;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(text: &str, content_type: Option<&str>) -> Result<Manifest, BadManifest> {
        Manifest::parse(Bytes::copy_from_slice(text.as_bytes()), content_type)
    }

    #[test]
    fn the_kind_comes_from_body_header_or_shape() {
        let docker = format!(r#"{{"config":{{"mediaType":"{}"}},"layers":[]}}"#, types::DOCKER_CONFIG);
        let table = [
            (r#"{"manifests":[]}"#, None, types::OCI_INDEX),
            (
                r#"{"manifests":[]}"#,
                Some("application/vnd.docker.distribution.manifest.list.v2+json; charset=utf-8"),
                types::DOCKER_LIST,
            ),
            (r#"{"layers":[],"config":{}}"#, Some("text/plain"), types::OCI_MANIFEST),
            (r#"{"manifests":[]}"#, Some("binary/octet-stream"), types::OCI_INDEX),
            (r#"{"layers":[],"config":{}}"#, Some("text/html"), types::OCI_MANIFEST),
            (r#"{"layers":[],"config":{}}"#, Some(types::DOCKER_CONFIG), types::OCI_MANIFEST),
            (docker.as_str(), Some("application/json"), types::DOCKER_MANIFEST),
            (r#"{"blobs":[]}"#, None, types::OCI_ARTIFACT),
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, None, types::SCHEMA1),
            (r#"{"hello":1}"#, Some("application/vnd.new+json"), "application/vnd.new+json"),
        ];
        for (text, header, expected) in table {
            assert_eq!(
                parse(text, header).map(|m| m.media_type.to_string()).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn for_another_registry_only_the_bytes_say_the_type() {
        let named = format!(r#"{{"layers":[],"mediaType":"{}"}}"#, types::DOCKER_MANIFEST);
        let table = [
            (r#"{"layers":[],"config":{}}"#, types::DOCKER_MANIFEST, types::OCI_MANIFEST),
            (r#"{"manifests":[]}"#, types::DOCKER_LIST, types::OCI_INDEX),
            (named.as_str(), types::DOCKER_MANIFEST, types::DOCKER_MANIFEST),
            (r#"{"hello":1}"#, "application/vnd.new+json", "application/vnd.new+json"),
        ];
        for (text, said, expected) in table {
            let manifest = parse(text, Some(said)).expect("a manifest");
            assert_eq!(manifest.media_type.as_str(), said);
            let elsewhere = manifest.with_own_media_type();
            assert_eq!((elsewhere.media_type.as_str(), &elsewhere.raw), (expected, &manifest.raw));
        }
    }

    /// docs/RELIABILITY.md C5, CVE-2021-41190.
    #[test]
    fn a_manifest_that_can_be_read_in_two_ways_is_refused() {
        let index = format!(r#"{{"mediaType":"{}","layers":[]}}"#, types::OCI_INDEX);
        let image = format!(r#"{{"mediaType":"{}","manifests":[]}}"#, types::OCI_MANIFEST);
        let table = [
            (r#"{"manifests":[],"layers":[]}"#, None),
            (r#"{"manifests":[],"config":{}}"#, Some(types::OCI_INDEX)),
            (index.as_str(), None),
            (image.as_str(), None),
            (index.as_str(), Some(types::OCI_MANIFEST)),
            (
                r#"{"layers":[],"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#,
                Some(types::DOCKER_MANIFEST),
            ),
        ];
        for (text, header) in table {
            assert!(matches!(parse(text, header), Err(BadManifest::Ambiguous(_))), "{text}");
        }
    }

    #[test]
    fn a_document_that_is_no_manifest_is_refused() {
        assert_eq!(parse("\n <!doctype html>", None).err(), Some(BadManifest::WebPage));
        for text in ["", "[]", "{", "\u{feff}{}", r#"{"layers":[],"layers":[]}"#, r#"{"a":1} x"#] {
            assert_eq!(parse(text, None).err(), Some(BadManifest::NotJson), "{text}");
        }
    }

    #[test]
    fn a_wrong_field_hides_itself_and_nothing_else() {
        let text = format!(
            r#"{{"config":{{"mediaType":"{}","digest":"{DIGEST}","size":-1}},"subject":7,"annotations":{{"a":"b","c":null}},
            "layers":[null,{{"digest":"sha256:../../x","size":1e3}},{{"digest":"{DIGEST}","size":7,"urls":null}}]}}"#,
            types::OCI_CONFIG
        );
        let manifest = parse(&text, None).expect("a manifest");
        let Body::Image(image) = &manifest.body else { panic!("{:?}", manifest.body) };
        let config = image.config.as_ref().expect("a config");
        assert_eq!((config.digest.map(|d| d.to_string()).as_deref(), config.size), (Some(DIGEST), None));
        let layers: Vec<_> = image.layers.iter().map(|layer| (layer.digest.is_some(), layer.size)).collect();
        assert_eq!(layers, [(false, None), (true, Some(7))]);
        assert_eq!(image.layers[0].digest_text, "sha256:../../x");
        assert_eq!(image.annotations.len(), 1);
        assert_eq!((image.subject.as_ref(), manifest.kind()), (None, Kind::Image));
    }

    #[test]
    fn the_digest_is_that_of_the_bytes_by_the_algorithm_asked_for() {
        let manifest = parse(r#"{"layers":[]}"#, None).expect("a manifest");
        let right = Digest::Sha512([0; 64]).same_algorithm_of(&manifest.raw);
        assert_eq!(manifest.clone().verify(right).map(|m| m.digest), Ok(right));
        assert_eq!(manifest.clone().verify(Digest::sha256(b"")).map(|m| m.digest), Err(manifest.digest));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            Manifest::parse(bytes.into(), None).ok();
        }

        #[test]
        fn no_json_panics(members in proptest::collection::vec(("(config|layers|manifests|mediaType|subject|blobs|fsLayers|history|signatures)", "(null|1|-1|\"x\"|\\[\\]|\\[\\{\\}\\]|\\{\\}|\\[null\\])"), 0..6)) {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            parse(&format!("{{{}}}", members.join(",")), None).ok();
        }
    }
}
