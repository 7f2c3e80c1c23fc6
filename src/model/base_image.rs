//! The base of an image, and whether the image contains the base as it is now.

use jiff::Timestamp;
use serde::Serialize;

use super::annotations;
use super::columns;
use super::digest::Digest;
use super::inspection::{Inspection, Variant};
use super::platform::Platform;
use super::plural::counted;
use super::text::SafeText;

/// The annotations and labels that name the base: OCI image-spec `annotations.md`.
pub(crate) const BASE_NAME: &str = "org.opencontainers.image.base.name";
/// The annotation or label with the digest that the base had then.
pub(crate) const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// The evidence for the base of an image, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseEvidence {
    /// The user named it.
    Given,
    /// An annotation of the manifest or its index.
    Annotation,
    /// A label.
    Label,
    /// The materials of its provenance.
    Provenance,
}

impl BaseEvidence {
    /// Returns the evidence in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            BaseEvidence::Given => "`--base`",
            BaseEvidence::Annotation => "annotation",
            BaseEvidence::Label => "label",
            BaseEvidence::Provenance => "provenance",
        }
    }
}

/// The relation of an image to its base as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseStatus {
    /// The image contains it.
    Current,
    /// The image contains an older one.
    Behind,
    /// Nothing can be said.
    Unknown,
}

/// The base of an image, and how far the image is behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BaseReport {
    /// The digest of the image.
    pub digest: Option<Digest>,
    /// The platform of the image.
    pub platform: Option<Platform>,
    /// The relation.
    pub status: BaseStatus,
    /// The name of the base.
    pub base: Option<SafeText>,
    /// The evidence for it.
    pub evidence: Option<BaseEvidence>,
    /// The digest that the base had when the image was built.
    pub recorded_digest: Option<Digest>,
    /// The digest that the base has now.
    pub current_digest: Option<Digest>,
    /// The number of layers of the base as it is now.
    pub base_layers: Option<usize>,
    /// The number of them that the image does not contain.
    pub layers_behind: Option<usize>,
    /// The days between the date of the base in the image and that of the base as it is now.
    pub days_behind: Option<i64>,
    /// The reason, if nothing can be said.
    pub reason: Option<SafeText>,
}

impl BaseReport {
    /// Returns the report in at most `width` columns: `debian:12 ✓`, `debian:12 −2 layers, 14 d behind`, `?`.
    pub(crate) fn cell(&self, width: usize) -> String {
        let name = self.base.as_ref().map(|base| short_name(base.as_str())).unwrap_or_default();
        let layers = self.layers_behind.unwrap_or(0);
        let days = self.days_behind.filter(|days| *days > 0);
        let signs = match self.status {
            BaseStatus::Current => vec!["✓".to_owned()],
            BaseStatus::Unknown => vec!["?".to_owned()],
            BaseStatus::Behind => {
                let counted = counted(layers, "layer", "layers");
                let with_days = days
                    .map(|days| [format!("−{counted}, {days} d behind"), format!("−{counted}, {days} d")]);
                let all = with_days.into_iter().flatten();
                all.chain([format!("−{counted} behind"), format!("−{counted}"), format!("−{layers}")])
                    .collect()
            }
        };
        let cells: Vec<String> =
            signs.iter().map(|sign| format!("{name} {sign}").trim_start().to_owned()).collect();
        let fitting = cells.into_iter().find(|cell| columns::width(cell) <= width);
        fitting.unwrap_or_else(|| {
            let sign = signs.last().map(String::as_str).unwrap_or_default();
            let room = width.saturating_sub(columns::width(sign) + 1);
            columns::cut(format!("{} {sign}", columns::cut(&name, room)).trim_start(), width)
        })
    }

    /// Returns a report that says nothing, with the reason.
    pub fn unknown(reason: impl Into<SafeText>) -> BaseReport {
        BaseReport {
            digest: None,
            platform: None,
            status: BaseStatus::Unknown,
            base: None,
            evidence: None,
            recorded_digest: None,
            current_digest: None,
            base_layers: None,
            layers_behind: None,
            days_behind: None,
            reason: Some(reason.into()),
        }
    }
}

/// The base that an image names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedBase {
    /// The name. Untrusted text.
    pub(crate) name: String,
    /// The digest that it had.
    pub(crate) digest: Option<Digest>,
    /// The evidence for it.
    pub(crate) evidence: BaseEvidence,
}

/// Returns the base that annotations or labels of an image name.
pub(crate) fn recorded_base(inspection: &Inspection, variant: &Variant) -> Option<RecordedBase> {
    let own = variant.manifest.as_ref().ok().and_then(|manifest| manifest.annotations());
    let listed = variant.descriptor.as_ref().map(|descriptor| &*descriptor.annotations);
    let index = inspection.manifest.annotations();
    let config = variant.config.as_ref().and_then(|config| config.as_ref().ok());
    let labels = config.map(|config| &*config.labels);
    let annotated = [own, listed, index].map(|texts| (texts, BaseEvidence::Annotation));
    annotated.into_iter().chain([(labels, BaseEvidence::Label)]).find_map(|(texts, evidence)| {
        let texts = texts?;
        let name = annotations::value(texts, BASE_NAME)?.to_string();
        let digest = annotations::value(texts, BASE_DIGEST).and_then(|digest| digest.parse().ok());
        Some(RecordedBase { name, digest, evidence })
    })
}

/// The base as it is now, and the image above it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BaseComparison<'a> {
    /// The diff_ids of the image, the lowest layer first.
    pub(crate) image: &'a [Digest],
    /// The diff_ids of the base as it is now.
    pub(crate) base: &'a [Digest],
    /// Whether the digest that was recorded is the one that the base has now, that of its index or of its manifest.
    /// `None` if none was recorded.
    pub(crate) is_recorded_current: Option<bool>,
    /// The evidence for the base.
    pub(crate) evidence: BaseEvidence,
}

impl BaseComparison<'_> {
    /// Returns the number of lower layers that both have.
    pub(crate) fn shared(&self) -> usize {
        self.image.iter().zip(self.base).take_while(|(one, other)| one == other).count()
    }

    /// Returns the relation, or the reason why nothing can be said. The layers decide, then the recorded digest: an
    /// image whose layers were merged has none of its base.
    pub(crate) fn status(&self) -> Result<BaseStatus, &'static str> {
        let shared = self.shared();
        match self.is_recorded_current {
            _ if self.base.is_empty() => Err("the base has no layers"),
            _ if shared == self.base.len() => Ok(BaseStatus::Current),
            Some(true) => Ok(BaseStatus::Current),
            None if shared == 0 && self.evidence == BaseEvidence::Given => {
                Err("the image contains no layer of it: it is not the base, or all of its layers changed")
            }
            _ => Ok(BaseStatus::Behind),
        }
    }
}

/// Returns the last part of the name of an image, with its tag and without its digest.
fn short_name(name: &str) -> String {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

/// Returns the whole days from one date to a later one.
pub(crate) fn days_between(earlier: Timestamp, later: Timestamp) -> Option<i64> {
    let seconds = later.as_second().checked_sub(earlier.as_second())?;
    (seconds >= 0).then_some(seconds / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_decide_whether_an_image_contains_its_base() {
        use BaseEvidence::{Annotation, Given};
        use BaseStatus::{Behind, Current};
        let of = |text: &str| -> Vec<Digest> { text.bytes().map(|byte| Digest::sha256(&[byte])).collect() };
        let table = [
            ("abc", "ab", None, Annotation, Some(Current), 2),
            ("abc", "ab", Some(false), Annotation, Some(Current), 2),
            ("abc", "axy", None, Given, Some(Behind), 1),
            ("abc", "abd", Some(false), Annotation, Some(Behind), 2),
            ("abc", "xy", Some(false), Given, Some(Behind), 0),
            ("abc", "xy", Some(true), Annotation, Some(Current), 0),
            ("abc", "xy", None, Annotation, Some(Behind), 0),
            ("abc", "xy", None, Given, None, 0),
            ("ab", "abc", None, Given, Some(Behind), 2),
            ("abc", "", None, Annotation, None, 0),
            ("", "a", None, Given, None, 0),
        ];
        for (image, base, is_recorded_current, evidence, expected, shared) in table {
            let (image_layers, base_layers) = (of(image), of(base));
            let comparison =
                BaseComparison { image: &image_layers, base: &base_layers, is_recorded_current, evidence };
            assert_eq!((comparison.status().ok(), comparison.shared()), (expected, shared), "{image} {base}");
        }
    }

    #[test]
    fn a_report_fits_into_few_columns_and_keeps_its_sign() {
        let of = |status, layers_behind, days_behind| BaseReport {
            status,
            base: Some("docker.io/library/debian:12@sha256:00".into()),
            layers_behind,
            days_behind,
            ..BaseReport::unknown("")
        };
        let behind = of(BaseStatus::Behind, Some(2), Some(14));
        let table = [
            (&behind, 40, "debian:12 −2 layers, 14 d behind"),
            (&behind, 28, "debian:12 −2 layers, 14 d"),
            (&behind, 20, "debian:12 −2 layers"),
            (&behind, 14, "debian:12 −2"),
            (&behind, 8, "debi… −2"),
            (&of(BaseStatus::Behind, Some(1), None), 40, "debian:12 −1 layer behind"),
            (&of(BaseStatus::Current, None, None), 20, "debian:12 ✓"),
            (&of(BaseStatus::Current, None, None), 6, "deb… ✓"),
            (&of(BaseStatus::Unknown, None, None), 20, "debian:12 ?"),
            (&BaseReport::unknown(""), 20, "?"),
        ];
        for (report, width, expected) in table {
            assert_eq!(report.cell(width), expected, "{width}");
        }
        assert!((0..40).all(|width| columns::width(&behind.cell(width)) <= width));
    }

    #[test]
    fn days_are_counted_from_an_earlier_date() {
        let at = |text: &str| text.parse().expect("a date");
        let days = |from, to| days_between(at(from), at(to));
        assert_eq!(days("2026-03-02T10:00:00Z", "2026-03-16T11:00:00Z"), Some(14));
        assert_eq!(days("2026-03-02T10:00:00Z", "2026-03-02T09:00:00Z"), None);
    }
}
