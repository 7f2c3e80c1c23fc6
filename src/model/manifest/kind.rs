//! The kinds of manifests: OCI image-spec `manifest.md` § Guidelines for Artifact Usage.

use super::{Body, Descriptor, ImageManifest, Manifest};
use crate::model::media_type::{MediaType, OCI_EMPTY};
use crate::model::summary::Kind;

impl Manifest {
    /// Returns the kind: by `artifactType`, else by the media type of the config, else by that of the first layer.
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Index(index) => index.artifact_type.as_ref().map_or(Kind::Index, kind_of_type),
            Body::Image(image) => image.kind(),
            Body::Artifact(artifact) => {
                let first = artifact.blobs.first().map(|blob| &blob.media_type);
                artifact.artifact_type.as_ref().or(first).map_or(Kind::Unknown, kind_of_type)
            }
            Body::Schema1(_) => Kind::Schema1,
            Body::Unknown => Kind::Unknown,
        }
    }
}

impl ImageManifest {
    fn kind(&self) -> Kind {
        let config = self.config.as_ref().map(|config| &config.media_type);
        let first_layer = self.layers.first().map(|layer| &layer.media_type);
        let by_layer = first_layer.map(kind_of_type).filter(|kind| !matches!(kind, Kind::Artifact(_)));
        match (&self.artifact_type, config) {
            (Some(artifact_type), _) => kind_of_type(artifact_type),
            (None, Some(config)) if config.is_image_config() => match by_layer {
                Some(kind @ (Kind::Attestation | Kind::Signature | Kind::Sbom)) => kind,
                _ => Kind::Image,
            },
            (None, Some(config)) if config.as_str() != OCI_EMPTY => match kind_of_type(config) {
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
}

impl Descriptor {
    /// Returns the kind of the content, as far as the descriptor tells.
    pub fn kind(&self) -> Kind {
        match &self.artifact_type {
            Some(artifact_type) => kind_of_type(artifact_type),
            None if self.is_attestation() => Kind::Attestation,
            None if self.media_type.is_index() => Kind::Index,
            None if self.media_type.is_manifest() => Kind::Image,
            None => kind_of_type(&self.media_type),
        }
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
        _ if has("sigstore.bundle") => Kind::Signature,
        _ if has("in-toto") || has("docker.attestation") || has("dsse.envelope") => Kind::Attestation,
        _ if has("spdx") || has("cyclonedx") || has("syft") || has("sbom") => Kind::Sbom,
        "" => Kind::Unknown,
        _ => Kind::Artifact(media_type.clone()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn artifacts_are_named_by_their_type() {
        let empty = r#""config":{"mediaType":"application/vnd.oci.empty.v1+json"},"layers":[]"#;
        let layer = |kind: &str| {
            format!(
                r#""config":{{"mediaType":"application/vnd.oci.image.config.v1+json"}},"layers":[{{"mediaType":"{kind}"}}]"#
            )
        };
        let config = |kind: &str| format!(r#""config":{{"mediaType":"{kind}"}},"layers":[]"#);
        let table = [
            (config("application/vnd.docker.container.image.v1+json"), Kind::Image),
            (config("application/vnd.cncf.helm.config.v1+json"), Kind::HelmChart),
            (config("application/vnd.wasm.config.v0+json"), Kind::Wasm),
            (config("application/vnd.example.thing"), Kind::Artifact("application/vnd.example.thing".into())),
            (layer("application/vnd.dev.cosign.simplesigning.v1+json"), Kind::Signature),
            (layer("application/vnd.in-toto+json"), Kind::Attestation),
            (layer("application/vnd.oci.image.layer.v1.tar+gzip"), Kind::Image),
            (format!(r#""artifactType":"application/spdx+json",{empty}"#), Kind::Sbom),
            (format!(r#""artifactType":"application/vnd.cncf.notary.signature",{empty}"#), Kind::Signature),
            (empty.into(), Kind::Unknown),
            (r#""manifests":[]"#.into(), Kind::Index),
            (r#""blobs":[],"artifactType":"application/vnd.cyclonedx+json""#.into(), Kind::Sbom),
        ];
        for (members, expected) in table {
            let manifest = Manifest::parse(Bytes::from(format!("{{{members}}}")), None).expect("a manifest");
            assert_eq!(manifest.kind(), expected, "{members}");
        }
    }
}
