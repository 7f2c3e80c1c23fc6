//! `regtui belongs`: lists the documents that are attached to an image, and saves one.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use super::arguments::ArgumentReader;
use super::image_files::announce_price;
use super::print::{self, Table};
use super::{CliError, platform, verify};
use crate::client::Pool;
use crate::files;
use crate::model::attached::public_key::PublicKey;
use crate::model::attached::verification::{Verdict, Verification};
use crate::model::attached::{AttachedContent, AttachedPart, SignatureClaim};
use crate::model::failure::Failure;
use crate::model::inspection::{Inspection, ReferrerSource, Variant};
use crate::model::media_type::MediaType;
use crate::model::platform::Platform;
use crate::model::summary::Kind;
use crate::model::text::SafeText;
use crate::model::{size, time};
use crate::ops::attached::{AttachedRow, price_of_all, read_all};
use crate::ops::inspect;

/// The kinds of documents that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindOption {
    /// SBOMs: SPDX, CycloneDX and others
    Sbom,
    /// SLSA provenance
    Provenance,
    /// Signatures
    Signature,
    /// Results of scans
    Scan,
    /// VEX documents
    Vex,
    /// Other statements about the image
    Attestation,
    /// Everything else
    Other,
}

impl KindOption {
    fn of(kind: &Kind) -> KindOption {
        match kind {
            Kind::Sbom | Kind::Spdx | Kind::CycloneDx => KindOption::Sbom,
            Kind::Provenance => KindOption::Provenance,
            Kind::Signature => KindOption::Signature,
            Kind::Scan => KindOption::Scan,
            Kind::Vex => KindOption::Vex,
            Kind::Attestation | Kind::Predicate(_) | Kind::VerificationSummary | Kind::Bundle => {
                KindOption::Attestation
            }
            _ => KindOption::Other,
        }
    }
}

/// List the SBOMs, provenance, signatures and scans that are attached to an image and to its platforms
#[derive(Debug, Args)]
pub(crate) struct Belongs {
    /// Image to look at: nginx:1.27, ghcr.io/org/app@sha256:…
    #[arg(value_name = "IMAGE")]
    image: String,
    /// List this kind only
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Option<KindOption>,
    /// List statements of this predicate type only, such as https://slsa.dev/provenance/v1
    #[arg(long, value_name = "TYPE")]
    predicate: Option<String>,
    /// List the documents of the image for this platform only (linux/arm64, or arm64)
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Tell which documents are signed by this public key in PEM form
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Save the one document that is left as a new file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Save it without the envelope and the statement around it
    #[arg(long, requires = "out")]
    payload: bool,
    /// Print one JSON document a line, with the content
    #[arg(long)]
    json: bool,
}

/// A document in the list, or an artifact without one.
struct ListedDocument<'a> {
    row: &'a AttachedRow<'a>,
    part: Option<&'a AttachedPart>,
    verification: Option<Verification>,
}

#[derive(Serialize)]
struct BelongsDocument<'a> {
    reference: &'a str,
    /// The digest of the image that it is attached to, and its platform if that is an image of an index.
    subject: Option<String>,
    platform: Option<&'a Platform>,
    kind: Kind,
    /// The digest of the artifact.
    artifact: &'a str,
    /// The digest of the document.
    digest: Option<&'a str>,
    size: Option<u64>,
    media_type: &'a MediaType,
    predicate_type: Option<&'a SafeText>,
    found: ReferrerSource,
    created: Option<Timestamp>,
    summary: Option<SafeText>,
    /// Everything around the content.
    wrapping: &'a [&'static str],
    /// Whether the document names the image that it is attached to; `null` if it names none.
    names_image: Option<bool>,
    signature: Option<&'a SignatureClaim>,
    /// The result of the check with `--key`.
    verdict: Option<Verdict>,
    content: Option<&'a AttachedContent>,
    /// The reason why it was not read.
    error: Option<&'a Failure>,
}

impl Belongs {
    /// Prints the list, or saves a document.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let key = self.key.as_deref().map(verify::read_key).transpose()?;
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        let reference = ArgumentReader::of(pool).image(&self.image)?;
        let registry = pool.registry_for_reading(&reference.repository.host);
        let found = inspect::inspect(&*registry, &reference.repository, &reference.selector(), None).await;
        let inspection = found.map_err(|error| error.failure(format!("cannot read {reference}")))?;
        let wanted = platform.as_ref().map(|platform| platform::find(&inspection, platform)).transpose()?;
        let wanted = wanted.filter(|variant| variant.descriptor.is_some());
        let is_wanted = |variant: Option<&Variant>, _: &_| match (wanted, variant) {
            (None, _) => true,
            (Some(wanted), Some(variant)) => std::ptr::eq(wanted, variant),
            (Some(_), None) => false,
        };
        announce_price(&price_of_all(&inspection, is_wanted));
        let rows = read_all(&*registry, &inspection, is_wanted).await;
        pool.flush().await;
        let listed = self.listed(&rows, &inspection, key.as_ref());
        if let Some(out) = &self.out {
            return self.save(out, &listed);
        }
        let reference = reference.to_string();
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            for document in &listed {
                print::json(&mut out, &document.to_document(&reference, &inspection))?;
            }
        } else if !listed.is_empty() {
            let mut table =
                Table::new(&["KIND", "SUMMARY", "SIGNED BY", "AGE", "SIZE", "OF", "FOUND"], &[3, 4]);
            let now = Timestamp::now();
            listed
                .iter()
                .for_each(|document| table.row(document.cells(&inspection, self.key.as_deref(), now)));
            table.print(&mut out)?;
        }
        out.flush()?;
        if let Some(missing) = inspection.missing_referrers() {
            print::print_problem(missing);
        }
        let failures = listed.iter().filter_map(ListedDocument::failure);
        let mut failures =
            failures.filter(|failure| failure.kind != crate::model::failure::FailureKind::Local);
        match failures.next() {
            Some(failure) => Err(failure.clone().into()),
            None => Ok(()),
        }
    }

    fn listed<'a>(
        &self,
        rows: &'a [AttachedRow<'a>],
        inspection: &'a Inspection,
        key: Option<&PublicKey>,
    ) -> Vec<ListedDocument<'a>> {
        let mut listed = Vec::new();
        for row in rows {
            let parts = row.parts.as_ref().map_or(&[][..], Vec::as_slice);
            if parts.is_empty() {
                listed.push(ListedDocument { row, part: None, verification: None });
            }
            for part in parts {
                let verification = match (key, &part.read, row.image(inspection)) {
                    (Some(key), Ok((bytes, _)), Some(image)) => {
                        Verification::check(bytes, &part.descriptor, image, key)
                    }
                    _ => None,
                };
                listed.push(ListedDocument { row, part: Some(part), verification });
            }
        }
        listed.retain(|document| {
            let predicate_type = || document.part?.document()?.predicate_type.as_ref();
            self.kind.is_none_or(|kind| KindOption::of(&document.kind()) == kind)
                && self.predicate.as_deref().is_none_or(|wanted| {
                    predicate_type().is_some_and(|predicate_type| predicate_type.as_str() == wanted)
                })
        });
        listed
    }

    fn save(&self, out: &Path, listed: &[ListedDocument<'_>]) -> Result<(), CliError> {
        let part = match listed {
            [document] => document.part,
            [] => return Err(Failure::local("nothing was saved", "no such document is attached").into()),
            several => {
                let why = format!("{} documents are left", several.len());
                let mut failure = Failure::local("nothing was saved", why);
                failure.hint = Some("choose one with `--kind`, `--predicate` or `--platform`".into());
                return Err(failure.into());
            }
        };
        let what = || format!("cannot save `{}`", out.display());
        let Some(part) = part else {
            return Err(Failure::local(what(), "the artifact has no document").into());
        };
        let (bytes, document) = part.read.as_ref().map_err(Clone::clone)?;
        let bytes = if self.payload { &document.payload } else { bytes };
        files::save_new(out, bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Failure::local(what(), "the file exists, and is never written over")
            }
            _ => Failure::local(what(), error.to_string()),
        })?;
        Ok(())
    }
}

impl ListedDocument<'_> {
    fn kind(&self) -> Kind {
        let of_row = || match self.row.referrer.kinds.as_slice() {
            [kind] => kind.clone(),
            _ => Kind::Attestation,
        };
        match self.part.map(AttachedPart::kind) {
            None | Some(Kind::Unknown | Kind::Artifact(_) | Kind::Attestation | Kind::Bundle) => of_row(),
            Some(kind) => kind,
        }
    }

    fn failure(&self) -> Option<&Failure> {
        self.row.parts.as_ref().err().or_else(|| self.part?.read.as_ref().err())
    }

    fn signature(&self) -> Option<&SignatureClaim> {
        self.part?.document()?.signature.as_ref()
    }

    fn size(&self) -> Option<u64> {
        self.part.map_or(self.row.referrer.descriptor.size, |part| part.descriptor.size)
    }

    fn names_image(&self, inspection: &Inspection) -> Option<bool> {
        let image = self.row.image(inspection)?;
        self.part?.document()?.is_about(image)
    }

    fn cells(&self, inspection: &Inspection, key: Option<&Path>, now: Timestamp) -> Vec<String> {
        let document = self.part.and_then(AttachedPart::document);
        let summary = match (document, self.failure()) {
            (Some(_), _) if self.names_image(inspection) == Some(false) => "does not name this image".into(),
            (Some(document), _) => document.summary(),
            (None, Some(failure)) => SafeText::from(format!("{}: {}", failure.what, failure.why)),
            (None, None) => SafeText::default(),
        };
        let signed = match (&self.verification, key) {
            (Some(found), Some(key)) if found.verdict == Verdict::Signed => format!("key {}", key.display()),
            (Some(found), Some(_)) => found.verdict.label().to_owned(),
            _ => {
                let signer = self.signature().and_then(SignatureClaim::signer);
                signer.map(|signer| format!("{signer}, not checked")).unwrap_or_default()
            }
        };
        let created = document.and_then(|document| document.created());
        let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let of = self.row.variant.map_or_else(|| inspection.summary.kind.to_string(), Variant::name);
        vec![
            SafeText::from(self.kind().to_string()).to_string(),
            or_dash(summary.to_string()),
            or_dash(SafeText::from(signed).to_string()),
            or_dash(created.map(|created| time::short_age(created, now)).unwrap_or_default()),
            or_dash(self.size().map(size::bytes).unwrap_or_default()),
            SafeText::from(of).to_string(),
            self.row.referrer.found.label().to_owned(),
        ]
    }

    fn to_document<'a>(&'a self, reference: &'a str, inspection: &'a Inspection) -> BelongsDocument<'a> {
        let descriptor = self.part.map_or(&self.row.referrer.descriptor, |part| &part.descriptor);
        let document = self.part.and_then(AttachedPart::document);
        BelongsDocument {
            reference,
            subject: self.row.image(inspection).map(|image| image.digest.to_string()),
            platform: self.row.variant.and_then(|variant| variant.platform.as_ref()),
            kind: self.kind(),
            artifact: &self.row.referrer.descriptor.digest_text,
            digest: self.part.map(|part| part.descriptor.digest_text.as_str()),
            size: self.size(),
            media_type: &descriptor.media_type,
            predicate_type: document.and_then(|document| document.predicate_type.as_ref()),
            found: self.row.referrer.found,
            created: document.and_then(|document| document.created()),
            summary: document.map(|document| document.summary()),
            wrapping: document.map_or(&[], |document| &document.wrapping),
            names_image: self.names_image(inspection),
            signature: self.signature(),
            verdict: self.verification.as_ref().map(|verification| verification.verdict),
            content: document.map(|document| &document.content),
            error: self.failure(),
        }
    }
}
