//! The result of a scan, as it is kept by the digest of the image.

use jiff::Timestamp;
use serde::Serialize;

use super::Severity;
use crate::model::attached::{FindingCount, FindingCounts, ScanFinding};
use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::lenient::{self, Members};
use crate::model::platform::Platform;
use crate::model::text::SafeText;

/// The result of a scan of an image by a program of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanReport {
    /// The facts about the scan, and the counts.
    #[serde(flatten)]
    pub(crate) facts: ScanFacts,
    /// The findings, the gravest first.
    pub(crate) findings: Capped<Vec<ScanFinding>>,
    /// The number of findings that are left out.
    pub(crate) findings_left_out: usize,
}

/// The facts about a scan, without its findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanFacts {
    /// The digest of the image that was scanned: that for one platform.
    pub digest: Digest,
    /// The platform of the image.
    pub platform: Option<Platform>,
    /// The name of the scanner.
    pub scanner: SafeText,
    /// The version of the scanner.
    pub scanner_version: Option<SafeText>,
    /// The date of the scan.
    pub at: Timestamp,
    /// Whether the SBOM that is attached to the image was scanned in its place.
    pub is_of_sbom: bool,
    /// The numbers of findings by severity.
    pub counts: SeverityCounts,
    /// The number of all findings.
    pub total: usize,
}

/// The numbers of findings by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SeverityCounts {
    /// Critical ones.
    pub critical: usize,
    /// High ones.
    pub high: usize,
    /// Medium ones.
    pub medium: usize,
    /// Low ones.
    pub low: usize,
    /// Those of another, no or unknown severity.
    pub other: usize,
}

impl SeverityCounts {
    fn of(counts: &[FindingCount]) -> SeverityCounts {
        SeverityCounts::of_labels(counts.iter().map(|count| (count.label.as_str(), count.count)))
    }

    /// Returns the sum of these numbers by the severities that their labels name.
    pub(crate) fn of_labels<'a>(counts: impl IntoIterator<Item = (&'a str, usize)>) -> SeverityCounts {
        let mut all = SeverityCounts::default();
        for (label, count) in counts {
            let place = match Severity::of_label(&label.to_ascii_lowercase()) {
                Some(Severity::Critical) => &mut all.critical,
                Some(Severity::High) => &mut all.high,
                Some(Severity::Medium) => &mut all.medium,
                Some(Severity::Low) => &mut all.low,
                None => &mut all.other,
            };
            *place = place.saturating_add(count);
        }
        all
    }

    /// Returns the number of all findings.
    pub(crate) fn sum(&self) -> usize {
        let graded = Severity::ALL.map(|severity| self.of_severity(severity));
        graded.into_iter().fold(self.other, usize::saturating_add)
    }

    /// Returns the number of findings of a severity.
    pub(crate) fn of_severity(&self, severity: Severity) -> usize {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }

    /// Returns whether there are findings of this severity or a graver one.
    pub(crate) fn reach(&self, severity: Severity) -> bool {
        Severity::ALL
            .into_iter()
            .filter(|graver| *graver >= severity)
            .any(|graver| self.of_severity(graver) > 0)
    }

    /// Returns the counts in words: `2 critical, 5 high`.
    pub(crate) fn describe(&self) -> String {
        let named = Severity::ALL.map(|severity| (self.of_severity(severity), severity.word()));
        let all = named.into_iter().chain([(self.other, "other")]).filter(|(count, _)| *count > 0);
        let all: Vec<String> = all.map(|(count, word)| format!("{count} {word}")).collect();
        if all.is_empty() { "no findings".into() } else { all.join(", ") }
    }
}

impl ScanFacts {
    /// Returns the name of the scanner with its version.
    pub(crate) fn by(&self) -> String {
        match &self.scanner_version {
            Some(version) => format!("{} {version}", self.scanner),
            None => self.scanner.to_string(),
        }
    }

    /// Returns the thing that was scanned, if it was not the image itself.
    pub(crate) fn source_note(&self) -> &'static str {
        if self.is_of_sbom { ", of the attached SBOM" } else { "" }
    }
}

/// The members of a kept report.
const MEMBERS: &[&str] = &[
    "digest",
    "platform",
    "scanner",
    "scanner_version",
    "at",
    "is_of_sbom",
    "counts",
    "total",
    "findings",
    "findings_left_out",
];

impl ScanReport {
    /// Returns a report of these findings.
    pub(crate) fn new(facts: ScanFacts, found: FindingCounts) -> ScanReport {
        let facts = ScanFacts { counts: SeverityCounts::of(&found.counts), total: found.total, ..facts };
        ScanReport { facts, findings_left_out: found.rows.left_out(), findings: found.rows }
    }

    /// Returns the report without the findings beyond a number.
    pub(crate) fn with_findings_up_to(mut self, most: usize) -> ScanReport {
        if self.findings.len() > most {
            self.findings_left_out += self.findings.len() - most;
            let kept = self.findings.into_iter().take(most).collect();
            self.findings = Capped::new(kept, self.findings_left_out);
        }
        self
    }

    /// Reads a report that was kept as JSON.
    pub(crate) fn of_kept(text: &str) -> Option<ScanReport> {
        let kept = Members::of(text, MEMBERS)?;
        let line = |name| kept.read(name, lenient::text).map(SafeText::from);
        let number = |members: &Members<'_>, name| {
            usize::try_from(members.read(name, lenient::number).unwrap_or(0)).unwrap_or(0)
        };
        let counts = kept.object("counts", &["critical", "high", "medium", "low", "other"]);
        let names: &[&str] = &["severity", "id", "package", "installed", "fixed", "title"];
        let findings = kept.objects("findings", names, |finding| {
            let line = |name| finding.read(name, lenient::text).map(SafeText::from);
            ScanFinding {
                severity: line("severity").unwrap_or_default(),
                id: line("id"),
                package: line("package"),
                installed: line("installed"),
                fixed: line("fixed"),
                title: line("title"),
            }
        });
        let findings_left_out = number(&kept, "findings_left_out");
        Some(ScanReport {
            facts: ScanFacts {
                digest: kept.read("digest", lenient::text)?.parse().ok()?,
                platform: kept
                    .json("platform")
                    .and_then(|platform| serde_json::from_str(platform).ok())
                    .flatten(),
                scanner: line("scanner")?,
                scanner_version: line("scanner_version"),
                at: kept.read("at", lenient::date)?,
                is_of_sbom: kept.json("is_of_sbom") == Some("true"),
                counts: SeverityCounts {
                    critical: number(&counts, "critical"),
                    high: number(&counts, "high"),
                    medium: number(&counts, "medium"),
                    low: number(&counts, "low"),
                    other: number(&counts, "other"),
                },
                total: number(&kept, "total"),
            },
            findings: Capped::new(findings.into_iter().collect(), findings_left_out),
            findings_left_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attached::findings_of_report;

    fn report() -> ScanReport {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"a","Trivy":{"Version":"0.70.0"},"Results":[
            {"Vulnerabilities":[
                {"VulnerabilityID":"CVE-1","PkgName":"zlib","InstalledVersion":"1","Severity":"LOW","Title":"a\u001b[2J"},
                {"VulnerabilityID":"CVE-2","PkgName":"musl","InstalledVersion":"1","FixedVersion":"2","Severity":"CRITICAL"},
                {"VulnerabilityID":"CVE-3","PkgName":"musl","Severity":"NEGLIGIBLE"}]}]}"#;
        let facts = ScanFacts {
            digest: Digest::sha256(b"image"),
            platform: Platform::parse("linux/arm64/v8"),
            scanner: "trivy".into(),
            scanner_version: Some("0.70.0".into()),
            at: Timestamp::UNIX_EPOCH,
            is_of_sbom: true,
            counts: SeverityCounts::default(),
            total: 0,
        };
        ScanReport::new(facts, findings_of_report(text).expect("a report"))
    }

    #[test]
    fn a_report_that_was_kept_is_read_as_it_was() {
        let report = report();
        assert_eq!(report.facts.counts.describe(), "1 critical, 1 low, 1 other");
        let text = serde_json::to_string(&report).expect("JSON");
        assert_eq!(ScanReport::of_kept(&text), Some(report.clone()));
        let short = report.with_findings_up_to(1);
        assert_eq!((short.findings.len(), short.findings_left_out, short.facts.total), (1, 2, 3));
        assert_eq!(ScanReport::of_kept(&serde_json::to_string(&short).expect("JSON")), Some(short));
        assert_eq!(ScanReport::of_kept("{}"), None);
    }

    #[test]
    fn the_gravest_findings_come_first_and_count_for_the_lesser_ones() {
        let report = report();
        let ids: Vec<_> =
            report.findings.iter().filter_map(|finding| finding.id.as_ref()).map(SafeText::as_str).collect();
        assert_eq!(ids, ["CVE-2", "CVE-1", "CVE-3"]);
        let counts = SeverityCounts { high: 1, other: 9, ..SeverityCounts::default() };
        let reached = Severity::ALL.map(|severity| counts.reach(severity));
        assert_eq!(reached, [false, true, true, true]);
        assert!(!SeverityCounts { other: 9, ..SeverityCounts::default() }.reach(Severity::Low));
    }
}
