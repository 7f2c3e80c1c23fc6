//! Documents that are attached to an image, read from the bytes of one blob: SBOMs, provenance, signatures, scans and VEX,
//! whatever is put around them.
//!
//! They are untrusted. Everything is read leniently, since it is only shown, except the parts that a signature is checked
//! over ([`verification`]). A document of an unknown kind is kept as JSON or text.

pub(crate) mod buildkit;
mod certificate;
mod der;
mod envelope;
pub mod facts;
pub(crate) mod page;
mod provenance;
pub(crate) mod public_key;
mod sbom;
mod scan;
mod signature;
pub(crate) mod verification;

use bytes::Bytes;
use serde::Serialize;

use super::digest::Digest;
use super::failure::Failure;
use super::lenient::{self, Members};
use super::manifest::{Descriptor, Manifest};
use super::plural::counted;
use super::predicate::kind_of_predicate;
use super::summary::Kind;
use super::text::SafeText;
use super::time;
use envelope::{DsseEnvelope, InTotoStatement, JsonWebSignature, SigstoreBundle, SimpleSigning};

pub(crate) use provenance::{BaseImage, Provenance};
pub(crate) use sbom::Sbom;
pub(crate) use scan::{FindingCount, FindingCounts, ScanFinding};
pub(crate) use signature::SignatureClaim;

/// The most bytes of a document that is read.
pub(crate) const LARGEST: u64 = 32 * 1024 * 1024;
/// The bytes of text that count as one element of a list, so that long texts end a list early.
const BYTES_OF_ELEMENT: usize = 64;

/// A part of an attached artifact: one of its blobs, and the document in it.
#[derive(Debug, Clone)]
pub(crate) struct AttachedPart {
    /// The blob.
    pub(crate) descriptor: Descriptor,
    /// The bytes of the blob and the document in them, or the reason why they were not read.
    pub(crate) read: Result<(Bytes, AttachedDocument), Failure>,
}

impl AttachedPart {
    /// Returns the kind: that of the document, else that of the blob.
    pub(crate) fn kind(&self) -> Kind {
        self.document().map_or_else(|| self.descriptor.kind(), |document| document.kind.clone())
    }

    /// Returns the document.
    pub(crate) fn document(&self) -> Option<&AttachedDocument> {
        self.read.as_ref().ok().map(|(_, document)| document)
    }
}

/// A document that is attached to an image.
#[derive(Debug, Clone)]
pub(crate) struct AttachedDocument {
    /// The kind, by the content.
    pub(crate) kind: Kind,
    /// Everything around the content, the outermost first: `sigstore bundle`, `DSSE envelope`, `in-toto statement`.
    pub(crate) wrapping: Vec<&'static str>,
    /// The type of the predicate, if the content is one.
    pub(crate) predicate_type: Option<SafeText>,
    /// The digests that the statement or signature is about. `None` if the document names none by its form.
    pub(crate) subjects: Option<Vec<Digest>>,
    /// The signature in or around the document.
    pub(crate) signature: Option<SignatureClaim>,
    /// The content.
    pub(crate) content: AttachedContent,
    /// The bytes of the innermost document.
    pub(crate) payload: Bytes,
}

/// The content of an attached document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum AttachedContent {
    /// An SBOM.
    Sbom(Box<Sbom>),
    /// Provenance.
    Provenance(Box<Provenance>),
    /// Nothing but a signature.
    Signature,
    /// The findings of a scan, or the statements of a VEX document.
    Findings(FindingCounts),
    /// JSON of an unknown kind.
    Json,
    /// Text, or bytes that are none.
    Text,
}

impl AttachedDocument {
    /// Reads a document. The descriptor is that of its blob; cosign keeps signatures in its annotations.
    pub(crate) fn read(bytes: &Bytes, descriptor: &Descriptor) -> AttachedDocument {
        let text = lenient::decode(bytes);
        let mut document = AttachedDocument {
            kind: descriptor.kind(),
            wrapping: Vec::new(),
            predicate_type: None,
            subjects: None,
            signature: None,
            content: AttachedContent::Text,
            payload: bytes.clone(),
        };
        if let Some(bundle) = SigstoreBundle::read(&text) {
            document.wrapping.push("sigstore bundle");
            document.signature = Some(SignatureClaim::of_bundle(&bundle));
            match &bundle.dsse_envelope {
                Some(envelope) => document.take_envelope(envelope),
                None => document.become_signature(),
            }
        } else if let Some(envelope) = DsseEnvelope::read(&text) {
            document.signature = Some(SignatureClaim::of_dsse(&envelope, &descriptor.annotations));
            document.take_envelope(&envelope);
        } else if let Some(payload) = SimpleSigning::read(&text) {
            document.signature = Some(SignatureClaim::of_simple_signing(&payload, &descriptor.annotations));
            document.become_signature();
        } else if let Some(signature) = JsonWebSignature::read(&text) {
            document.signature = Some(SignatureClaim::of_notation(&signature));
            document.become_signature();
        } else {
            document.take_statement_or_content(&text);
        }
        document
    }

    fn become_signature(&mut self) {
        self.kind = Kind::Signature;
        self.content = AttachedContent::Signature;
        self.subjects = self.signature.as_ref().and_then(|signature| Some(vec![signature.digest?]));
    }

    fn take_envelope(&mut self, envelope: &DsseEnvelope) {
        self.wrapping.push("DSSE envelope");
        let Some(payload) = envelope.payload() else { return };
        self.payload = payload.into();
        let payload = self.payload.clone();
        self.take_statement_or_content(&lenient::decode(&payload));
    }

    fn take_statement_or_content(&mut self, text: &str) {
        let Some(statement) = InTotoStatement::read(text) else {
            self.take_content(text, None);
            return;
        };
        self.wrapping.push("in-toto statement");
        self.subjects = Some(statement.subjects());
        let predicate_type = statement.predicate_type.as_deref();
        self.predicate_type = predicate_type.map(SafeText::clean);
        let predicate = statement.predicate.map_or("null", |predicate| predicate.get());
        // cosign writes a predicate that is no JSON as a text.
        let inner: Option<String> = serde_json::from_str(predicate).ok();
        let predicate = inner.as_deref().unwrap_or(predicate);
        self.payload = Bytes::copy_from_slice(predicate.as_bytes());
        self.take_content(predicate, predicate_type);
    }

    fn take_content(&mut self, text: &str, predicate_type: Option<&str>) {
        let by_predicate = predicate_type.map(kind_of_predicate);
        if by_predicate == Some(Kind::Signature) {
            self.content = AttachedContent::Signature;
            self.kind = Kind::Signature;
            return;
        }
        let (content, by_content) = content_of(text, by_predicate.as_ref());
        self.content = content;
        if let Some(kind) = by_predicate.or(by_content) {
            self.kind = kind;
        }
    }

    /// Returns whether the document is about this image. `None` if it does not say which one it is about.
    pub(crate) fn is_about(&self, image: &Manifest) -> Option<bool> {
        Some(image.has_one_of(self.subjects.as_ref()?))
    }

    /// Returns whether the document names images, and not this one.
    pub(crate) fn is_about_others(&self, image: &Manifest) -> bool {
        self.subjects.as_ref().is_some_and(|named| !named.is_empty() && !image.has_one_of(named))
    }

    /// Returns the content in a few words.
    pub(crate) fn summary(&self) -> SafeText {
        let text = match &self.content {
            AttachedContent::Sbom(sbom) => {
                let packages = counted(sbom.packages.count(), "package", "packages");
                format!("{packages}, {}", sbom.format)
            }
            AttachedContent::Provenance(provenance) => {
                let commit = provenance.commit.as_ref().map(|commit| {
                    let commit = commit.as_str();
                    format!("@{}", commit.get(..12).unwrap_or(commit))
                });
                match (&provenance.repository, &provenance.builder) {
                    (Some(repository), _) => format!("{repository}{}", commit.unwrap_or_default()),
                    (None, Some(builder)) => format!("built by {builder}"),
                    (None, None) => match provenance.materials.count() {
                        0 => provenance.format.to_string(),
                        count => counted(count, "material", "materials"),
                    },
                }
            }
            AttachedContent::Findings(findings) => findings.summary(),
            AttachedContent::Signature => match &self.signature {
                Some(signature) => match signature.log_index {
                    Some(index) => format!("{}, log index {index}", signature.format),
                    None => signature.format.to_string(),
                },
                None => "signature".into(),
            },
            AttachedContent::Json | AttachedContent::Text => match &self.predicate_type {
                Some(predicate_type) => predicate_type.to_string(),
                None => String::new(),
            },
        };
        text.into()
    }

    /// Returns the date of the document, as it names it itself.
    pub(crate) fn created(&self) -> Option<jiff::Timestamp> {
        let by_content = match &self.content {
            AttachedContent::Sbom(sbom) => sbom.created,
            AttachedContent::Provenance(provenance) => provenance.finished.or(provenance.started),
            AttachedContent::Findings(findings) => findings.at,
            _ => None,
        };
        let created = by_content.or_else(|| self.signature.as_ref()?.signed_at);
        created.filter(|created| !time::is_reproducible(*created))
    }
}

impl FindingCounts {
    /// Returns the counts in one line: `2 critical, 5 high`.
    pub(crate) fn summary(&self) -> String {
        if self.counts.is_empty() {
            return "no findings".into();
        }
        let counts = self.counts.iter().map(|count| format!("{} {}", count.count, count.label));
        counts.collect::<Vec<_>>().join(", ")
    }
}

/// The members by which a document is recognized.
const SIGNS: &[&str] = &[
    "spdxversion",
    "@graph",
    "@context",
    "bomformat",
    "components",
    "vulnerabilities",
    "builddefinition",
    "rundetails",
    "buildtype",
    "builder",
    "schemaversion",
    "results",
    "artifactname",
    "matches",
    "descriptor",
    "runs",
    "$schema",
    "statements",
    "scanner",
];

/// Reads a document that nothing is put around. Returns its kind too if its shape tells it.
fn content_of(text: &str, by_predicate: Option<&Kind>) -> (AttachedContent, Option<Kind>) {
    let Some(signs) = Members::of(text, SIGNS) else {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        return (if is_json { AttachedContent::Json } else { AttachedContent::Text }, None);
    };
    let has = |name: &str| signs.has(name);
    let sbom = |found: Option<Sbom>, kind: Kind| Some((AttachedContent::Sbom(Box::new(found?)), kind));
    let provenance =
        |found: Option<Provenance>| Some((AttachedContent::Provenance(Box::new(found?)), Kind::Provenance));
    let findings = |found: Option<FindingCounts>, kind: Kind| Some((AttachedContent::Findings(found?), kind));
    let read = if has("spdxversion") {
        sbom(Sbom::of_spdx(text), Kind::Spdx)
    } else if has("@graph") && (has("@context") || by_predicate == Some(&Kind::Spdx)) {
        sbom(Sbom::of_spdx_graph(text), Kind::Spdx)
    } else if has("bomformat") {
        if has("vulnerabilities") && !has("components") {
            findings(FindingCounts::of_cyclonedx(text), Kind::Vex)
        } else {
            sbom(Sbom::of_cyclonedx(text), Kind::CycloneDx)
        }
    } else if has("builddefinition") || has("rundetails") {
        provenance(Provenance::of_v1(text))
    } else if has("builder") && (has("buildtype") || by_predicate == Some(&Kind::Provenance)) {
        provenance(Provenance::of_v02(text))
    } else if has("scanner") && by_predicate == Some(&Kind::Scan) {
        findings(FindingCounts::of_predicate(text, findings_of_report), Kind::Scan)
    } else if has("statements") && (has("@context") || by_predicate == Some(&Kind::Vex)) {
        findings(FindingCounts::of_openvex(text), Kind::Vex)
    } else {
        findings(findings_of_report(text), Kind::Scan)
    };
    match read {
        Some((content, kind)) => (content, Some(kind)),
        None => (AttachedContent::Json, None),
    }
}

/// Reads the report of a scanner: trivy's or grype's JSON, or SARIF.
pub(crate) fn findings_of_report(text: &str) -> Option<FindingCounts> {
    let signs = Members::of(text, SIGNS)?;
    let has = |name: &str| signs.has(name);
    // trivy leaves the results out if it looked at nothing.
    if has("results") && has("schemaversion") || has("artifactname") {
        FindingCounts::of_trivy(text)
    } else if has("matches") && has("descriptor") {
        FindingCounts::of_grype(text)
    } else if has("runs") && has("$schema") {
        FindingCounts::of_sarif(text)
    } else {
        None
    }
}

/// Returns text from a document, made safe.
fn safe(text: Option<String>) -> Option<SafeText> {
    text.map(SafeText::from).filter(|text| !text.is_empty())
}

/// Returns an element of a list with its weight, which follows from the bytes of its texts.
#[expect(clippy::unnecessary_wraps, reason = "it ends closures that drop elements")]
fn weighed<T>(element: T, text_size: usize) -> Option<(T, usize)> {
    Some((element, text_size / BYTES_OF_ELEMENT))
}

#[cfg(test)]
mod tests;
