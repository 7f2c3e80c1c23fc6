//! Images for pictures, made of the JSON that a registry would send.

use std::sync::Arc;

use bytes::Bytes;
use regtui::model::digest::Digest;
use regtui::model::failure::Failure;
use regtui::model::image::{ImageConfig, LayerTable};
use regtui::model::inspection::{FoundReferrers, Inspection, ListedReferrer, ReferrerSource, Variant};
use regtui::model::manifest::{Body, Manifest};
use regtui::model::reference::Repository;
use regtui::model::server::Ability;
use regtui::model::summary::{Summary, size_of};
use serde_json::{Value, json};

/// An image, or the failure to read it.
#[derive(Clone)]
pub struct Image {
    manifest: Arc<Manifest>,
    variants: Vec<Variant>,
    referrers: Vec<ListedReferrer>,
    pub failure: Option<Failure>,
}

impl Image {
    pub fn summary(&self) -> Summary {
        let config = |variant: &Variant| variant.config.as_ref().and_then(|config| config.clone().ok());
        if !matches!(self.manifest.body, Body::Index(_)) {
            return Summary::of_manifest(&self.manifest, self.variants.first().and_then(config).as_deref());
        }
        let children: Vec<(Arc<Manifest>, Option<Arc<ImageConfig>>)> = self
            .variants
            .iter()
            .filter_map(|variant| Some((variant.manifest.clone().ok()?, config(variant))))
            .collect();
        let children: Vec<_> =
            children.iter().map(|(manifest, config)| (&**manifest, config.as_deref())).collect();
        Summary::of_index(&self.manifest, &children)
    }

    pub fn inspection(&self, repository: &Repository) -> Inspection {
        Inspection {
            repository: repository.clone(),
            summary: self.summary(),
            manifest: self.manifest.clone(),
            variants: self.variants.clone(),
            referrers: Vec::new().into(),
            referrers_incomplete: None,
            are_referrers_awaited: true,
            referrers_api: Ability::Unknown,
            left_out: 0,
        }
    }

    /// The manifests that refer to the image.
    pub fn found_referrers(&self) -> FoundReferrers {
        FoundReferrers {
            of_image: self.referrers.clone().into(),
            of_variants: Vec::new(),
            incomplete: None,
            api: Ability::Unknown,
        }
    }

    pub fn signed(mut self) -> Image {
        let descriptor = |media_type: &str, artifact_type: &str, size: u64| {
            let manifest = manifest(json!({
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "schemaVersion": 2,
                "manifests": [{
                    "mediaType": media_type, "artifactType": artifact_type, "size": size,
                    "digest": digest(artifact_type),
                }],
            }));
            match manifest.body {
                Body::Index(index) => index.manifests.into_iter().next().expect("one"),
                _ => unreachable!("an index is an index"),
            }
        };
        let types = [
            ("application/vnd.dev.cosign.artifact.sig.v1+json", 812, ReferrerSource::Api),
            ("application/spdx+json", 48_211, ReferrerSource::FallbackTag),
            ("application/vnd.example.review+json", 377, ReferrerSource::DigestTag),
        ];
        for (artifact_type, size, found) in types {
            let descriptor = descriptor("application/vnd.oci.image.manifest.v1+json", artifact_type, size);
            self.referrers.push(ListedReferrer { kinds: vec![descriptor.kind()], descriptor, found });
        }
        self
    }

    pub fn failing(mut self, failure: Failure) -> Image {
        self.failure = Some(failure);
        self
    }
}

/// The digest of a text.
pub fn digest(text: &str) -> String {
    Digest::sha256(text.as_bytes()).to_string()
}

fn manifest(value: Value) -> Manifest {
    Manifest::parse(Bytes::from(value.to_string()), None).expect("a manifest")
}

fn variant(manifest: Arc<Manifest>, config: Option<ImageConfig>) -> Variant {
    let config = config.map(Arc::new);
    Variant {
        platform: config.as_ref().and_then(|config| config.platform.clone()),
        listed_platform: config.as_ref().and_then(|config| config.platform.clone()),
        kind: manifest.kind(),
        descriptor: None,
        within: Vec::new(),
        layers: LayerTable::join(&manifest, config.as_deref()),
        size: size_of(std::iter::once(&*manifest)),
        config: config.map(Ok),
        manifest: Ok(manifest),
        referrers: Vec::new().into(),
    }
}

/// An image of that config, with a layer of each size.
pub fn of_config(config: Value, sizes: &[u64]) -> Image {
    let config = config.to_string();
    let layer = |size: &u64| {
        json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": digest(&format!("layer of {size}")), "size": size,
        })
    };
    let manifest = Arc::new(manifest(json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(&config), "size": config.len(),
        },
        "layers": sizes.iter().map(layer).collect::<Vec<_>>(),
    })));
    let config = ImageConfig::parse(Bytes::from(config)).expect("a config");
    Image {
        variants: vec![variant(manifest.clone(), Some(config))],
        manifest,
        referrers: Vec::new(),
        failure: None,
    }
}

/// A config as buildkit writes it, for one architecture.
pub fn config(architecture: &str, version: &str, created: &str) -> Value {
    json!({
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {
            "User": "65532:65532",
            "ExposedPorts": { "8080/tcp": {} },
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PORT=8080"],
            "Entrypoint": ["/app/server"],
            "Cmd": ["--listen", ":8080"],
            "WorkingDir": "/app",
            "Labels": {
                "org.opencontainers.image.version": version,
                "org.opencontainers.image.source": "https://git.example.com/team/app",
                "team.example.com/owner": "payments",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [digest("a"), digest("b"), digest("c")] },
        "history": [
            { "created": "2026-09-01T08:00:00Z", "created_by": "ADD alpine-minirootfs.tar.gz / # buildkit" },
            { "created": "2026-09-01T08:00:00Z", "created_by": "CMD [\"/bin/sh\"]", "empty_layer": true },
            {
                "created": created,
                "created_by": "RUN /bin/sh -c apk add --no-cache ca-certificates tzdata && addgroup -S app \\\n\t&& adduser -S -G app app # buildkit",
                "comment": "buildkit.dockerfile.v0",
            },
            { "created": created, "created_by": "COPY server /app/server # buildkit" },
            { "created": created, "created_by": "ENTRYPOINT [\"/app/server\"]", "empty_layer": true },
        ],
    })
}

/// The usual image: five steps, three layers.
pub fn image(version: &str, created: &str) -> Image {
    of_config(config("amd64", version, created), &[3_624_500, 1_204, 151_000_000])
}

/// An image whose history has fewer layers than its manifest.
pub fn approximate() -> Image {
    of_config(config("amd64", "9", "1970-01-01T00:00:00Z"), &[3_624_500, 1_204, 151_000_000, 77])
}

/// An index of two platforms.
pub fn index(version: &str, created: &str) -> Image {
    let children: Vec<Image> = ["amd64", "arm64"]
        .into_iter()
        .map(|architecture| of_config(config(architecture, version, created), &[3_624_500, 1_204]))
        .collect();
    let variants: Vec<Variant> = children.into_iter().flat_map(|child| child.variants).collect();
    let listed = |variant: &Variant| {
        let manifest = variant.manifest.as_ref().expect("a manifest");
        let platform = variant.platform.as_ref().expect("a platform").to_string();
        let (os, architecture) = platform.split_once('/').expect("two words");
        json!({
            "mediaType": manifest.media_type.as_str(), "digest": manifest.digest.to_string(),
            "size": manifest.raw.len(), "platform": { "os": os, "architecture": architecture },
        })
    };
    let manifest = Arc::new(manifest(json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": variants.iter().map(listed).collect::<Vec<_>>(),
    })));
    Image { manifest, variants, referrers: Vec::new(), failure: None }
}

/// A Helm chart.
pub fn chart() -> Image {
    let manifest = Arc::new(manifest(json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest("chart"), "size": 117,
        },
        "layers": [{
            "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "digest": digest("chart content"), "size": 4_200,
        }],
        "annotations": { "org.opencontainers.image.title": "gateway" },
    })));
    Image { variants: vec![variant(manifest.clone(), None)], manifest, referrers: Vec::new(), failure: None }
}
