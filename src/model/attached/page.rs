//! An attached document as lines of a page, for the screen and the pager.

mod findings;

use super::provenance::Provenance;
use super::sbom::Sbom;
use super::signature::SignatureClaim;
use super::{AttachedContent, AttachedDocument, AttachedPart, BaseImage, FindingCounts};
use crate::model::columns;
use crate::model::digest::Digest;
use crate::model::json::Outline;
use crate::model::lenient;
use crate::model::manifest::Manifest;
use crate::model::plural::counted;
use crate::model::size;
use crate::model::text::SafeText;
use crate::model::time;

/// Columns of the labels.
pub(crate) const LABELS: usize = 12;

/// The greatest number of lines of one document.
const MOST_LINES: usize = 20_000;
/// The greatest number of bytes of one document that are laid out as text.
const MOST_TEXT: usize = 4 * 1024 * 1024;
/// The widest name and the widest version of a package, in columns.
const WIDEST: (usize, usize) = (40, 24);
/// The widest licence of a package, in columns.
const WIDEST_LICENCE: usize = 24;

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachedLine {
    /// The label; empty if the line has none.
    pub(crate) label: SafeText,
    /// The text.
    pub(crate) text: SafeText,
    /// The look.
    pub(crate) tone: LineTone,
    /// The thing that the line is about, if a key can do something with it.
    pub(crate) about: LineAbout,
}

/// The thing that a line is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum LineAbout {
    /// Nothing that a key acts on.
    #[default]
    Nothing,
    /// A row of a table, with the text to copy: a package URL, the name of a vulnerability.
    Row(SafeText),
    /// An image, as a build names it, and the digest that it had.
    Image(SafeText, Option<Digest>),
}

/// The look of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineTone {
    /// A label and its text.
    Plain,
    /// A heading above other lines.
    Heading,
    /// Something to note.
    Warn,
}

/// A document with its page: an attached one, or the result of a scan.
#[derive(Debug, Clone)]
pub struct AttachedPage {
    /// The attached document and its bytes. The result of a scan has none.
    pub(crate) part: Option<AttachedPart>,
    /// The lines.
    pub(crate) lines: Vec<AttachedLine>,
}

impl AttachedLine {
    /// Returns the line as text.
    pub(crate) fn to_text(&self) -> String {
        if self.label.is_empty() {
            self.text.to_string()
        } else {
            format!("{}{}", columns::left(self.label.as_str(), LABELS), self.text)
        }
    }
}

impl AttachedPage {
    /// Lays a part out that is attached to an image.
    pub(crate) fn of(part: AttachedPart, image: Option<&Manifest>) -> AttachedPage {
        let mut page = PageLines(Vec::new());
        page.field("kind", &part.kind().to_string());
        let size = part.descriptor.size.map(size::bytes).unwrap_or_default();
        page.field("document", &format!("{} {size}", part.descriptor.digest_text));
        match &part.read {
            Err(failure) => page.warn(&failure.what, &failure.why.to_string()),
            Ok((_, document)) => page.document(document, image),
        }
        AttachedPage { part: Some(part), lines: page.0 }
    }
}

struct PageLines(Vec<AttachedLine>);

impl PageLines {
    fn push(&mut self, label: &str, text: &str, tone: LineTone) {
        self.push_about(label, text, tone, LineAbout::Nothing);
    }

    fn push_about(&mut self, label: &str, text: &str, tone: LineTone, about: LineAbout) {
        if self.0.len() < MOST_LINES {
            let (label, text) = (SafeText::clean(label), SafeText::clean(text));
            self.0.push(AttachedLine { label, text, tone, about });
        }
    }

    fn row(&mut self, text: &str, copied: Option<&SafeText>) {
        let about = LineAbout::Row(copied.cloned().unwrap_or_default());
        self.push_about("", text, LineTone::Plain, about);
    }

    fn image(&mut self, text: &str, base: &BaseImage) {
        let about = LineAbout::Image(base.name.clone(), base.digest);
        self.push_about("", text, LineTone::Plain, about);
    }

    fn field(&mut self, label: &str, text: &str) {
        self.push(label, text, LineTone::Plain);
    }

    fn some(&mut self, label: &str, text: Option<&SafeText>) {
        text.into_iter().for_each(|text| self.field(label, text.as_str()));
    }

    fn at(&mut self, label: &str, at: Option<jiff::Timestamp>) {
        at.into_iter().for_each(|at| self.field(label, &time::absolute(at)));
    }

    fn warn(&mut self, label: &SafeText, text: &str) {
        self.push(label.as_str(), text, LineTone::Warn);
    }

    fn heading(&mut self, text: &str) {
        self.field("", "");
        self.push("", text, LineTone::Heading);
    }

    fn document(&mut self, document: &AttachedDocument, image: Option<&Manifest>) {
        self.some("predicate", document.predicate_type.as_ref());
        if !document.wrapping.is_empty() {
            self.field("inside of", &document.wrapping.join(", "));
        }
        let is_about = image.and_then(|image| document.is_about(image));
        match is_about {
            Some(true) => self.field("about", "this image, by its digest"),
            Some(false) => self.warn(&"about".into(), "it does not name this image"),
            None => self.field("about", "it names no image"),
        }
        if let Some(signature) = &document.signature {
            self.signature(signature);
        }
        match &document.content {
            AttachedContent::Sbom(sbom) => self.sbom(sbom),
            AttachedContent::Provenance(provenance) => self.provenance(provenance),
            AttachedContent::Findings(findings) => self.findings(findings),
            AttachedContent::Signature => {}
            AttachedContent::Json => self.json(&document.payload),
            AttachedContent::Text => self.text(&document.payload),
        }
    }

    fn signature(&mut self, signature: &SignatureClaim) {
        self.heading("Signature, claimed and not checked");
        self.field("format", signature.format.as_str());
        if let Some(identity) = &signature.identity {
            self.some("identity", identity.subject.as_ref());
            self.some("issuer", identity.issuer.as_ref());
            self.some("repository", identity.source_repository.as_ref());
            self.some("commit", identity.commit.as_ref());
            self.some("ref", identity.git_ref.as_ref());
            self.at("valid from", identity.valid_from);
            self.at("valid until", identity.valid_until);
        }
        self.some("key", signature.key.as_ref());
        self.some("name", signature.reference.as_ref());
        if let Some(index) = signature.log_index {
            self.field("log index", &index.to_string());
        }
        self.at("signed", signature.signed_at);
        self.field("check", "`regtui verify IMAGE --key FILE` checks it with a public key");
    }

    fn sbom(&mut self, sbom: &Sbom) {
        self.heading(&format!("{}, {}", counted(sbom.packages.count(), "package", "packages"), sbom.format));
        self.some("name", sbom.name.as_ref());
        self.at("created", sbom.created);
        sbom.tools.iter().for_each(|tool| self.field("tool", tool.as_str()));
        let text = |text: Option<&SafeText>| text.map(SafeText::to_string).unwrap_or_default();
        let rows = sbom.packages.iter().map(|package| {
            let [version, licence, purl] = [&package.version, &package.licence, &package.purl];
            (package.name.to_string(), text(version.as_ref()), text(licence.as_ref()), text(purl.as_ref()))
        });
        let rows: Vec<_> = rows.collect();
        let widest = |width: fn(&(String, String, String, String)) -> usize, most: usize| {
            rows.iter().map(width).max().unwrap_or(0).clamp(8, most)
        };
        let names = widest(|row| columns::width(&row.0), WIDEST.0);
        let versions = widest(|row| columns::width(&row.1), WIDEST.1);
        let licences = widest(|row| columns::width(&row.2), WIDEST_LICENCE);
        let line = |name: &str, version: &str, licence: &str, purl: &str| {
            let cells = [
                columns::left(name, names),
                columns::left(version, versions),
                columns::left(licence, licences),
            ];
            format!("{}  {purl}", cells.join("  ")).trim_end().to_owned()
        };
        self.field("", "");
        self.push("", &line("PACKAGE", "VERSION", "LICENCE", "PURL"), LineTone::Heading);
        for ((name, version, licence, purl), package) in rows.iter().zip(&*sbom.packages) {
            self.row(&line(name, version, licence, purl), package.purl.as_ref());
        }
        self.more(sbom.packages_left_out);
    }

    fn provenance(&mut self, provenance: &Provenance) {
        self.heading(&format!("Provenance, {}", provenance.format));
        self.some("repository", provenance.repository.as_ref());
        self.some("commit", provenance.commit.as_ref());
        self.some("ref", provenance.git_ref.as_ref());
        self.some("builder", provenance.builder.as_ref());
        self.some("built from", provenance.entry_point.as_ref());
        self.some("build type", provenance.build_type.as_ref());
        self.some("run", provenance.invocation.as_ref());
        self.at("started", provenance.started);
        self.at("finished", provenance.finished);
        if !provenance.arguments.is_empty() {
            self.heading("Build arguments");
            for argument in &provenance.arguments {
                self.field("", &format!("{}={}", argument.name, argument.value));
            }
        }
        if !provenance.base_images.is_empty() {
            self.heading("Base images");
            for base in &provenance.base_images {
                let platform =
                    base.platform.as_ref().map(|platform| format!(" ({platform})")).unwrap_or_default();
                let digest = base.digest.map(|digest| format!("  {digest}")).unwrap_or_default();
                self.image(&format!("{}{platform}{digest}", base.name), base);
            }
        }
        if let Some(dockerfile) = &provenance.dockerfile {
            self.heading("Dockerfile");
            dockerfile.iter().for_each(|line| self.field("", line.as_str()));
        }
        if !provenance.materials.is_empty() {
            self.heading("Materials");
            for material in &provenance.materials {
                let digest = material.digest.as_ref().map(SafeText::as_str).unwrap_or_default();
                let text = format!("{}  {digest}", material.uri);
                match material.image() {
                    Some(base) => self.image(&text, &base),
                    None => self.field("", &text),
                }
            }
            self.more(provenance.materials.left_out());
        }
    }

    fn findings(&mut self, findings: &FindingCounts) {
        self.heading(&counted(findings.total, "finding", "findings"));
        self.some("by", findings.by.as_ref());
        self.at("date", findings.at);
        for count in &findings.counts {
            self.field(count.label.as_str(), &count.count.to_string());
        }
        self.finding_rows(&findings.rows);
    }

    fn json(&mut self, payload: &[u8]) {
        self.heading("JSON");
        if payload.len() > MOST_TEXT {
            return self.too_long(payload.len());
        }
        let outline = Outline::of(payload);
        for line in outline.window(payload, 0, MOST_LINES) {
            self.field("", &line.text());
        }
        self.more(outline.lines().saturating_sub(MOST_LINES));
    }

    fn text(&mut self, payload: &[u8]) {
        self.heading("Text");
        if payload.len() > MOST_TEXT {
            return self.too_long(payload.len());
        }
        for line in SafeText::lines(&lenient::decode(payload)).take(MOST_LINES) {
            self.field("", line.as_str());
        }
    }

    fn too_long(&mut self, length: usize) {
        self.warn(&SafeText::default(), &format!("too long to be shown: {}", size::bytes(length as u64)));
    }

    fn more(&mut self, count: usize) {
        if count > 0 {
            self.warn(&SafeText::default(), &format!("and {count} more"));
        }
    }
}
