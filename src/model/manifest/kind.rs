//! The kinds of manifests: OCI image-spec `manifest.md` § Guidelines for Artifact Usage.

use super::{Body, Descriptor, ImageManifest, Manifest};
use crate::model::media_type::{MediaType, OCI_EMPTY, WASM_CONFIG};
use crate::model::predicate::{is_envelope, kind_by_annotations};
use crate::model::reference::Tag;
use crate::model::summary::Kind;

/// The number of layers of one attestation that are looked at.
const MOST_STATEMENTS: usize = 64;

impl Manifest {
    /// Returns the kind, by the content and not by the envelope: by `artifactType`, else by the predicate that an
    /// annotation names, else by the media type of the config, else by that of the first layer.
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Index(index) => {
                let typed = index.artifact_type.as_ref().filter(|artifact_type| !is_nothing(artifact_type));
                typed.map_or(Kind::Index, kind_of_type)
            }
            Body::Image(image) => image.kind(),
            Body::Artifact(artifact) => {
                let first = artifact.blobs.first().map(|blob| &blob.media_type);
                let typed =
                    artifact.artifact_type.as_ref().filter(|artifact_type| !is_nothing(artifact_type));
                typed.or(first).map_or(Kind::Unknown, kind_of_type)
            }
            Body::Schema1(_) => Kind::Schema1,
            Body::Unknown => Kind::Unknown,
        }
    }

    /// Returns the kind of the manifest that has this tag. A digest tag tells the purpose of its manifest if the
    /// manifest itself does not.
    pub(crate) fn kind_under(&self, tag: &Tag) -> Kind {
        let kind = self.kind();
        let by_tag = match tag.digest_and_suffix() {
            // GitLab takes such a tag for the digest itself: an image is not the list of its referrers.
            Some((_, "")) if tag.suffix_after(&self.digest).is_none() && kind == Kind::Index => {
                Kind::ReferrerList
            }
            Some((_, ".sig")) => Kind::Signature,
            Some((_, ".att")) => Kind::Attestation,
            Some((_, ".sbom")) => Kind::Sbom,
            _ => return kind,
        };
        if kind.is_about_another() { kind } else { by_tag }
    }

    /// Returns the kinds of the statements in an attestation, each once. An attestation of buildkit may have several.
    pub(crate) fn statement_kinds(&self) -> Vec<Kind> {
        match &self.body {
            Body::Image(image) => image.statement_kinds(),
            _ => Vec::new(),
        }
    }

    /// Returns the layer that has to be read to name an attestation: its first one, if it is an envelope that nothing
    /// around it names.
    pub(crate) fn unnamed_statement(&self) -> Option<&Descriptor> {
        let is_unnamed = matches!(self.kind(), Kind::Attestation | Kind::Bundle);
        let is_needed = is_unnamed && self.statement_kinds().is_empty();
        self.layers().first().filter(|layer| is_needed && is_envelope(&layer.media_type))
    }

    /// Returns the config if it describes an image, whatever kind of artifact the image is: its platform, its date and
    /// its steps. That of a Wasm module has a platform and a date. Signatures and attestations have a config without
    /// content.
    pub(crate) fn image_config(&self) -> Option<&Descriptor> {
        let Body::Image(image) = &self.body else { return None };
        let config = image.config.as_ref()?;
        let is_read = config.media_type.is_image_config() || config.media_type.as_str() == WASM_CONFIG;
        Some(config).filter(|_| is_read && !self.kind().is_about_another())
    }
}

impl ImageManifest {
    fn kind(&self) -> Kind {
        let typed = self.artifact_type.as_ref().filter(|artifact_type| !is_envelope(artifact_type));
        if let Some(artifact_type) = typed {
            return kind_of_type(artifact_type);
        }
        match self.statement_kinds().as_slice() {
            [] => self.kind_by_parts(),
            [kind] => kind.clone(),
            _ => Kind::Attestation,
        }
    }

    fn kind_by_parts(&self) -> Kind {
        let config = self.config.as_ref().map(|config| &config.media_type);
        let first_layer = self.layers.first().map(|layer| &layer.media_type);
        let by_layer = first_layer.map(kind_of_type).filter(|kind| !matches!(kind, Kind::Artifact(_)));
        let envelope = self.artifact_type.as_ref().filter(|artifact_type| !is_nothing(artifact_type));
        match config {
            _ if envelope.is_some() => envelope.map_or(Kind::Unknown, kind_of_type),
            Some(config) if config.is_image_config() => match by_layer {
                Some(kind) if kind.is_about_another() => kind,
                _ => Kind::Image,
            },
            Some(config) if !is_nothing(config) => match kind_of_type(config) {
                Kind::Artifact(other) => by_layer.unwrap_or(Kind::Artifact(other)),
                kind => kind,
            },
            _ => match first_layer {
                Some(layer) => kind_of_type(layer),
                None if self.config.is_some() => Kind::Unknown,
                None => Kind::Image,
            },
        }
    }

    /// Returns the kinds that annotations of the manifest or of its layers tell, if this is an envelope at all.
    fn statement_kinds(&self) -> Vec<Kind> {
        let envelopes = || self.layers.iter().filter(|layer| is_envelope(&layer.media_type));
        let has_no_config = self.config.as_ref().is_some_and(|config| is_nothing(&config.media_type));
        if !has_no_config && self.artifact_type.is_none() && envelopes().next().is_none() {
            return Vec::new();
        }
        if let Some(kind) = kind_by_annotations(&self.annotations) {
            return vec![kind];
        }
        let mut kinds = Vec::new();
        for kind in
            envelopes().take(MOST_STATEMENTS).filter_map(|layer| kind_by_annotations(&layer.annotations))
        {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }
}

/// Returns whether a media type says that there is no content.
fn is_nothing(media_type: &MediaType) -> bool {
    matches!(media_type.as_str(), "" | OCI_EMPTY)
}

impl Descriptor {
    /// Returns the kind of the content, as far as the descriptor tells.
    pub fn kind(&self) -> Kind {
        let artifact_type = self.artifact_type.as_ref().filter(|artifact_type| !is_nothing(artifact_type));
        let by_annotations = || kind_by_annotations(&self.annotations);
        match artifact_type {
            Some(artifact_type) if !is_envelope(artifact_type) => kind_of_type(artifact_type),
            Some(envelope) => by_annotations().unwrap_or_else(|| kind_of_type(envelope)),
            None if self.is_attestation() => by_annotations().unwrap_or(Kind::Attestation),
            None if self.media_type.is_index() => Kind::Index,
            None if self.media_type.is_manifest() => by_annotations().unwrap_or(Kind::Image),
            None => kind_of_type(&self.media_type),
        }
    }

    /// Returns whether only the manifest itself tells its kind. cosign writes entries of the empty type, without
    /// annotations.
    pub(crate) fn hides_its_kind(&self) -> bool {
        let is_named = self.artifact_type.as_ref().is_some_and(|artifact_type| !is_envelope(artifact_type));
        let is_manifest = self.media_type.is_manifest() && !self.media_type.is_index();
        is_manifest && !is_named && kind_by_annotations(&self.annotations).is_none()
    }

    /// Returns whether the content may be an index. Only reading it tells if the media type is that of no manifest.
    pub(crate) fn may_be_index(&self) -> bool {
        self.media_type.is_index() || !self.media_type.is_manifest()
    }

    /// Returns whether this is a buildkit attestation of another child of the same index.
    pub(crate) fn is_attestation(&self) -> bool {
        self.annotations.get("vnd.docker.reference.type").is_some_and(|kind| kind == "attestation-manifest")
    }

    /// Returns the child that an attestation belongs to.
    pub(crate) fn attests(&self) -> Option<crate::model::digest::Digest> {
        self.annotations.get("vnd.docker.reference.digest")?.parse().ok()
    }
}

/// Returns the kind that an artifact type stands for, or the media type of a config or a layer.
fn kind_of_type(media_type: &MediaType) -> Kind {
    let text = media_type.as_str();
    let has = |part: &str| text.contains(part);
    match text {
        _ if media_type.is_image_config() => Kind::Image,
        _ if has("helm.config") || has("helm.chart") => Kind::HelmChart,
        _ if has("vnd.wasm.") || text == "application/wasm" => Kind::Wasm,
        _ if has("cosign.simplesigning") || has("cosign.artifact.sig") || has("notary.signature") => {
            Kind::Signature
        }
        _ if has("sigstore.bundle") => Kind::Bundle,
        _ if has("in-toto") || has("docker.attestation") || has("dsse.envelope") => Kind::Attestation,
        _ if has("slsa.provenance") => Kind::Provenance,
        _ if has("spdx") => Kind::Spdx,
        _ if has("cyclonedx") => Kind::CycloneDx,
        _ if has("syft") || has("sbom") => Kind::Sbom,
        _ if has("openvex") => Kind::Vex,
        _ if has("sarif") => Kind::Scan,
        _ if has("microsoft.artifact.lifecycle") => Kind::EndOfLife,
        _ if has("amazon.soci") => Kind::Soci,
        "" => Kind::Unknown,
        _ => Kind::Artifact(media_type.clone()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::media_type::OCI_CONFIG;

    fn manifest(members: &str) -> Manifest {
        Manifest::parse(Bytes::from(format!("{{{members}}}")), None).expect("a manifest")
    }

    #[test]
    fn envelopes_are_named_by_the_predicates_inside() {
        let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
        let empty = format!(r#""config":{{"mediaType":"{OCI_EMPTY}"}}"#);
        let layer = |media_type: &str, annotations: &str| {
            format!(r#"{{"mediaType":"{media_type}","annotations":{{{annotations}}}}}"#)
        };
        let spdx = r#""in-toto.io/predicate-type":"https://spdx.dev/Document""#;
        let slsa = r#""in-toto.io/predicate-type":"https://slsa.dev/provenance/v1""#;
        let in_toto = "application/vnd.in-toto+json";
        let of_bundle = |annotations: &str| {
            format!(
                r#""artifactType":"{bundle}",{empty},"layers":[{}],"annotations":{{{annotations}}}"#,
                layer(bundle, "")
            )
        };
        let buildkit = |layers: &[String]| {
            let config = format!(r#""config":{{"mediaType":"{OCI_CONFIG}"}}"#);
            format!(r#"{config},"layers":[{}]"#, layers.join(","))
        };
        let table = [
            (
                of_bundle(r#""dev.sigstore.bundle.predicateType":"https://slsa.dev/provenance/v1""#),
                "provenance",
                1,
            ),
            (of_bundle(r#""dev.sigstore.bundle.content":"message-signature""#), "signature", 1),
            (of_bundle(r#""dev.sigstore.bundle.content":"dsse-envelope""#), "sigstore bundle", 0),
            (of_bundle(""), "sigstore bundle", 0),
            (
                format!(r#""artifactType":"{OCI_EMPTY}",{empty},"layers":[{}]"#, layer(bundle, "")),
                "sigstore bundle",
                0,
            ),
            (
                format!(
                    r#"{empty},"layers":[{}]"#,
                    layer(
                        "application/vnd.dsse.envelope.v1+json",
                        r#""predicateType":"https://cyclonedx.org/bom""#
                    )
                ),
                "SBOM, CycloneDX",
                1,
            ),
            (buildkit(&[layer(in_toto, spdx)]), "SBOM, SPDX", 1),
            (buildkit(&[layer(in_toto, spdx), layer(in_toto, slsa), layer(in_toto, slsa)]), "attestation", 2),
            (buildkit(&[layer(in_toto, "")]), "attestation", 0),
            (buildkit(&[layer("application/vnd.oci.image.layer.v1.tar+gzip", spdx)]), "image", 0),
        ];
        for (members, name, statements) in table {
            let manifest = manifest(&members);
            assert_eq!(manifest.kind().to_string(), name, "{members}");
            assert_eq!(manifest.statement_kinds().len(), statements, "{members}");
        }
    }

    #[test]
    fn a_descriptor_that_names_an_envelope_hides_its_kind() {
        let of = |members: &str| {
            let text = format!(
                r#""manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json",{members}}}]"#
            );
            manifest(&text).children().first().cloned().expect("a child")
        };
        let table = [
            (format!(r#""artifactType":"{OCI_EMPTY}""#), "image", true),
            (r#""size":1"#.into(), "image", true),
            (r#""artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json""#.into(), "sigstore bundle", true),
            (
                r#""artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","annotations":{"dev.sigstore.bundle.predicateType":"https://spdx.dev/Document"}"#.into(),
                "SBOM, SPDX",
                false,
            ),
            (r#""artifactType":"application/vnd.example.thing""#.into(), "artifact application/vnd.example.thing", false),
        ];
        for (members, name, hides) in table {
            let descriptor = of(&members);
            assert_eq!((descriptor.kind().to_string().as_str(), descriptor.hides_its_kind()), (name, hides));
        }
    }

    #[test]
    fn a_digest_tag_names_a_manifest_that_does_not_name_itself() {
        let index = manifest(r#""manifests":[]"#);
        let plain = manifest(r#""layers":[{"mediaType":"text/plain"}]"#);
        let signature =
            manifest(r#""layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json"}]"#);
        let other = format!("sha256-{}", "ab".repeat(32));
        let own = index.digest.tag_stem();
        let table = [
            (&index, other.clone(), "list of referrers"),
            (&index, own, "index"),
            (&index, "1.0".into(), "index"),
            (&plain, format!("{other}.sig"), "signature"),
            (&plain, format!("{other}.sbom"), "SBOM"),
            (&signature, format!("{other}.att"), "signature"),
        ];
        for (manifest, tag, name) in table {
            let tag = Tag::parse(&tag).expect("a tag");
            assert_eq!(manifest.kind_under(&tag).to_string(), name, "{tag}");
        }
    }

    #[test]
    fn artifacts_are_named_by_their_type() {
        let empty = r#""config":{"mediaType":"application/vnd.oci.empty.v1+json"},"layers":[]"#;
        let layer = |kind: &str| {
            format!(
                r#""config":{{"mediaType":"application/vnd.oci.image.config.v1+json"}},"layers":[{{"mediaType":"{kind}"}}]"#
            )
        };
        let config = |kind: &str| format!(r#""config":{{"mediaType":"{kind}"}},"layers":[]"#);
        let typed = |name: &str| Kind::Artifact(format!("application/{name}").as_str().into());
        let table = [
            (config("application/vnd.docker.container.image.v1+json"), Kind::Image),
            (config("application/vnd.cncf.helm.config.v1+json"), Kind::HelmChart),
            (config("application/vnd.wasm.config.v0+json"), Kind::Wasm),
            (config("application/vnd.example.thing"), Kind::Artifact("application/vnd.example.thing".into())),
            (layer("application/vnd.dev.cosign.simplesigning.v1+json"), Kind::Signature),
            (layer("application/vnd.in-toto+json"), Kind::Attestation),
            (layer("application/vnd.oci.image.layer.v1.tar+gzip"), Kind::Image),
            (format!(r#""artifactType":"application/spdx+json",{empty}"#), Kind::Spdx),
            (
                format!(r#""artifactType":"application/vnd.example.vm",{}"#, config(OCI_CONFIG)),
                typed("vnd.example.vm"),
            ),
            (format!(r#""artifactType":"application/vnd.cncf.notary.signature",{empty}"#), Kind::Signature),
            (empty.into(), Kind::Unknown),
            (r#""manifests":[]"#.into(), Kind::Index),
            (r#""blobs":[],"artifactType":"application/vnd.cyclonedx+json""#.into(), Kind::CycloneDx),
        ];
        for (members, expected) in table {
            let manifest = Manifest::parse(Bytes::from(format!("{{{members}}}")), None).expect("a manifest");
            assert_eq!(manifest.kind(), expected, "{members}");
        }
    }
}
