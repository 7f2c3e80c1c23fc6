//! `regtui inspect`: shows an image without pulling it.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::CliError;
use super::arguments::ArgumentReader;
use super::print::{self, Table};
use crate::client::Pool;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::image::{ImageConfig, LayerRow};
use crate::model::inspection::{Inspection, ListedReferrer, ReferrerSource, Variant};
use crate::model::media_type::MediaType;
use crate::model::platform::Platform;
use crate::model::reference::Reference;
use crate::model::server::Ability;
use crate::model::summary::{Kind, Summary};
use crate::model::text::SafeText;
use crate::model::vendor_image::VendorImage;
use crate::model::{json, size, time};
use crate::ops::inspect;

/// Show an image: manifest, platforms, layers with their history, sizes, labels
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Image to show: nginx:1.27, ghcr.io/org/app@sha256:…
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct InspectDocument<'a> {
    reference: String,
    #[serde(flatten)]
    summary: &'a Summary,
    platform_images: Vec<ImageDocument<'a>>,
    referrers: Vec<ReferrerDocument<'a>>,
    /// The number of referrers that are left out.
    #[serde(skip_serializing_if = "is_zero")]
    referrers_left_out: usize,
    /// The reason why there may be more referrers.
    #[serde(skip_serializing_if = "Option::is_none")]
    referrers_incomplete: Option<&'a SafeText>,
    /// Whether the registry has the referrers API.
    referrers_api: &'a Ability,
    /// The facts that the vendor of the registry tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a VendorImage>,
    left_out: usize,
    manifest: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct ImageDocument<'a> {
    platform: Option<&'a Platform>,
    kind: &'a Kind,
    digest: Option<String>,
    /// The indexes within the index that lead to the image, the outermost one first.
    #[serde(skip_serializing_if = "<[Digest]>::is_empty")]
    within: &'a [Digest],
    size: Option<u64>,
    error: Option<&'a Failure>,
    labels: Option<&'a BTreeMap<String, String>>,
    /// The number of labels that are left out.
    #[serde(skip_serializing_if = "is_zero")]
    labels_left_out: usize,
    layers: &'a [LayerRow],
    /// The number of layers that are left out.
    #[serde(skip_serializing_if = "is_zero")]
    layers_left_out: usize,
    approximate: bool,
    config: Option<Box<RawValue>>,
    /// The manifest of an image of an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Box<RawValue>>,
    /// The artifacts that refer to this image of an index.
    referrers: Vec<ReferrerDocument<'a>>,
}

#[derive(Serialize)]
struct ReferrerDocument<'a> {
    kind: &'a Kind,
    /// The kinds of its contents. An attestation of buildkit may have several.
    kinds: &'a [Kind],
    digest: &'a str,
    size: Option<u64>,
    media_type: &'a MediaType,
    artifact_type: Option<&'a MediaType>,
    annotations: &'a BTreeMap<String, String>,
    found: ReferrerSource,
    /// The digest of the image that it refers to, and its platform if that is an image of an index.
    subject: Option<String>,
    platform: Option<&'a Platform>,
}

impl Inspect {
    /// Prints the image.
    pub(super) async fn run(&self, pool: &Pool, colour: bool) -> Result<(), CliError> {
        let reference = ArgumentReader::of(pool).image(&self.image)?;
        let registry = pool.registry_for_reading(&reference.repository.host);
        let found = inspect::inspect(&*registry, &reference.repository, &reference.selector(), None).await;
        let vendor = match (&found, registry.own_api()) {
            (Ok(inspection), Some(api)) => {
                let (name, digest) = (&reference.repository.name, inspection.summary.digest);
                api.image_facts(name, reference.tag.as_ref(), digest).await
            }
            _ => None,
        };
        print::own_api_notice(&*registry);
        pool.flush().await;
        let inspection = found.map_err(|error| error.failure(format!("cannot read {reference}")))?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            print::json(&mut out, &document(&reference, &inspection, vendor.as_ref()))?;
        } else {
            InspectPage { out: &mut out, colour }.print(&reference, &inspection, vendor.as_ref())?;
        }
        out.flush()?;
        match inspection.summary.unreadable_part() {
            Some(part) => Err(part.clone().into()),
            None => Ok(()),
        }
    }
}

fn document<'a>(
    reference: &Reference,
    inspection: &'a Inspection,
    vendor: Option<&'a VendorImage>,
) -> InspectDocument<'a> {
    InspectDocument {
        reference: reference.to_string(),
        summary: &inspection.summary,
        platform_images: inspection.variants.iter().map(|variant| image(inspection, variant)).collect(),
        referrers: inspection
            .all_referrers()
            .map(|(variant, referrer)| referrer_document(inspection, variant, referrer))
            .collect(),
        referrers_left_out: inspection.referrers_left_out(),
        referrers_incomplete: inspection.referrers_incomplete.as_ref(),
        referrers_api: &inspection.referrers_api,
        vendor,
        left_out: inspection.left_out,
        manifest: raw(&inspection.manifest.raw),
    }
}

fn referrer_document<'a>(
    inspection: &'a Inspection,
    variant: Option<&'a Variant>,
    referrer: &'a ListedReferrer,
) -> ReferrerDocument<'a> {
    let of_variant = |variant: &Variant| Some(variant.descriptor.as_ref()?.digest_text.clone());
    let descriptor = &referrer.descriptor;
    ReferrerDocument {
        kind: match referrer.kinds.as_slice() {
            [kind] => kind,
            _ => &Kind::Attestation,
        },
        kinds: &referrer.kinds,
        digest: &descriptor.digest_text,
        size: descriptor.size,
        media_type: &descriptor.media_type,
        artifact_type: descriptor.artifact_type.as_ref(),
        annotations: &descriptor.annotations,
        found: referrer.found,
        subject: variant.map_or_else(|| Some(inspection.summary.digest.to_string()), of_variant),
        platform: variant.and_then(|variant| variant.platform.as_ref()),
    }
}

fn image<'a>(inspection: &'a Inspection, variant: &'a Variant) -> ImageDocument<'a> {
    let own_manifest =
        variant.manifest.as_ref().ok().filter(|manifest| manifest.digest != inspection.summary.digest);
    let config = variant.config.as_ref().and_then(|config| config.as_ref().ok());
    let config_failure = variant.config.as_ref().and_then(|config| config.as_ref().err());
    ImageDocument {
        platform: variant.platform.as_ref(),
        kind: &variant.kind,
        digest: variant.manifest.as_ref().ok().map(|manifest| manifest.digest.to_string()),
        within: &variant.within,
        size: variant.size,
        error: variant.manifest.as_ref().err().or(config_failure),
        labels: config.map(|config| &*config.labels),
        labels_left_out: config.map_or(0, |config| config.labels.left_out()),
        layers: &variant.layers.rows,
        layers_left_out: variant.layers.left_out,
        approximate: variant.layers.approximate,
        config: config.and_then(|config| raw(&config.raw)),
        manifest: own_manifest.and_then(|manifest| raw(&manifest.raw)),
        referrers: variant
            .referrers
            .iter()
            .map(|referrer| referrer_document(inspection, Some(variant), referrer))
            .collect(),
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The deepest nesting of a document that is printed. Readers of JSON give up beyond: jq at 256 levels, Python's at about
/// 1,000. The document of `inspect` has a few levels of its own.
const DEEPEST: usize = 200;

/// Returns a document unchanged, on one line. Returns `None` for one that is nested so deeply that programs which read
/// the output would fail.
fn raw(bytes: &[u8]) -> Option<Box<RawValue>> {
    let text = json::compact(bytes);
    (json::depth(&text) <= DEEPEST).then(|| RawValue::from_string(text).ok()).flatten()
}

/// Prints the image as a page of text.
struct InspectPage<'a, W> {
    out: &'a mut W,
    colour: bool,
}

impl<W: Write> InspectPage<'_, W> {
    fn print(
        &mut self,
        reference: &Reference,
        inspection: &Inspection,
        vendor: Option<&VendorImage>,
    ) -> std::io::Result<()> {
        let summary = &inspection.summary;
        self.heading(&reference.to_string())?;
        self.field("digest", summary.digest)?;
        self.field("type", &summary.media_type)?;
        self.field("kind", SafeText::from(summary.kind.to_string()))?;
        self.field(
            "size",
            summary
                .size
                .map_or_else(|| "unknown".into(), |bytes| format!("{} compressed", size::bytes(bytes))),
        )?;
        if let Some(created) = summary.created {
            self.field(
                "created",
                format!("{} ({})", time::absolute(created), time::age(created, Timestamp::now())),
            )?;
        }
        for (name, text) in vendor.map(|facts| facts.lines(Timestamp::now())).unwrap_or_default() {
            self.field(name, SafeText::from(text))?;
        }
        for variant in &inspection.variants {
            self.variant(variant, inspection.variants.len() > 1)?;
        }
        if inspection.left_out > 0 {
            writeln!(self.out, "\n{} more images of the index are not shown", inspection.left_out)?;
        }
        let missing = inspection.missing_referrers();
        if inspection.all_referrers().next().is_some() || missing.is_some() {
            self.heading("\nreferrers")?;
            let mut table = Table::new(&["KIND", "DIGEST", "SIZE", "OF"], &[2]);
            for (variant, referrer) in inspection.all_referrers() {
                let kind = SafeText::from(referrer.name()).to_string();
                let bytes = referrer.descriptor.size.map_or_else(|| "-".into(), size::bytes);
                let of = variant.map_or_else(|| summary.kind.to_string(), Variant::name);
                let digest = SafeText::clean(&referrer.descriptor.digest_text).to_string();
                table.row(vec![kind, digest, bytes, SafeText::from(of).to_string()]);
            }
            table.print(self.out)?;
            if let Some(missing) = missing {
                writeln!(self.out, "{missing}")?;
            }
        }
        Ok(())
    }

    fn variant(&mut self, variant: &Variant, is_of_index: bool) -> std::io::Result<()> {
        if is_of_index {
            self.heading(&format!("\n{}", SafeText::from(variant.name())))?;
            if let Ok(manifest) = &variant.manifest {
                self.field("digest", manifest.digest)?;
            }
            for index in &variant.within {
                self.field("in index", index)?;
            }
            if let Some(bytes) = variant.size {
                self.field("size", format!("{} compressed", size::bytes(bytes)))?;
            }
        } else if let Some(platform) = &variant.platform {
            self.field("platform", SafeText::from(platform.to_string()))?;
        }
        let failures = variant
            .manifest
            .as_ref()
            .err()
            .into_iter()
            .chain(variant.config.as_ref().and_then(|config| config.as_ref().err()));
        for failure in failures {
            self.field("missing", failure)?;
        }
        if let Some(Ok(config)) = &variant.config {
            self.config(config)?;
        }
        if !variant.layers.rows.is_empty() {
            self.layers(variant)?;
        }
        Ok(())
    }

    fn config(&mut self, config: &ImageConfig) -> std::io::Result<()> {
        let words = |words: &[String]| words.join(" ");
        let mut fields = vec![("entrypoint", words(&config.entrypoint)), ("cmd", words(&config.cmd))];
        fields.push(("user", config.user.clone().unwrap_or_default()));
        fields.push(("workdir", config.working_dir.clone().unwrap_or_default()));
        fields.push(("ports", words(&config.exposed_ports)));
        fields.push(("volumes", words(&config.volumes)));
        fields.push(("stop signal", config.stop_signal.clone().unwrap_or_default()));
        fields.push(("healthcheck", words(&config.healthcheck)));
        fields.push(("author", config.author.clone().unwrap_or_default()));
        fields.extend(config.env.iter().map(|variable| ("env", variable.clone())));
        fields.extend(config.labels.iter().map(|(key, value)| ("label", format!("{key}={value}"))));
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            self.field(name, SafeText::from(value))?;
        }
        for (name, more) in [("env", config.env.left_out()), ("label", config.labels.left_out())] {
            if more > 0 {
                self.field(name, format_args!("and {more} more"))?;
            }
        }
        Ok(())
    }

    fn layers(&mut self, variant: &Variant) -> std::io::Result<()> {
        let approximate =
            if variant.layers.approximate { " (approximate: history and layers do not line up)" } else { "" };
        self.heading(&format!("\nlayers{approximate}"))?;
        let mut table = Table::new(&["SIZE", "DIGEST", "INSTRUCTION"], &[0]);
        for row in &variant.layers.rows {
            let bytes = match &row.layer {
                Some(layer) => layer.size.map_or_else(|| "?".into(), size::bytes),
                None => String::new(),
            };
            let digest = row
                .layer
                .as_ref()
                .and_then(|layer| layer.digest)
                .map(|digest| digest.short())
                .unwrap_or_default();
            let step = row.instruction.as_deref().or(row.comment.as_deref()).unwrap_or_default();
            table.row(vec![bytes, digest, SafeText::clean(step).to_string()]);
        }
        table.print(self.out)?;
        match variant.layers.left_out {
            0 => Ok(()),
            more => writeln!(self.out, "and {more} more"),
        }
    }

    fn heading(&mut self, text: &str) -> std::io::Result<()> {
        if self.colour {
            writeln!(self.out, "\u{1b}[1m{text}\u{1b}[0m")
        } else {
            writeln!(self.out, "{text}")
        }
    }

    fn field(&mut self, name: &str, value: impl std::fmt::Display) -> std::io::Result<()> {
        writeln!(self.out, "{name:<12}{value}")
    }
}
