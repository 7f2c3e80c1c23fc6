//! Findings, counted and in a table: reports of vulnerability scanners, and VEX documents.
//!
//! <https://trivy.dev/latest/docs/configuration/reporting/>, <https://github.com/anchore/grype>,
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>,
//! <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>, <https://cyclonedx.org/capabilities/vex/>.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{safe, weighed};
use crate::model::capped::{Capped, MOST};
use crate::model::lenient::{self, Members};
use crate::model::text::SafeText;

/// The findings of a scan or the statements of a VEX document, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FindingCounts {
    /// The program or the author, with its version.
    pub(crate) by: Option<SafeText>,
    /// The date.
    pub(crate) at: Option<Timestamp>,
    /// The number of findings of each severity or status, the gravest first.
    pub(crate) counts: Vec<FindingCount>,
    /// The number of findings in all.
    pub(crate) total: usize,
    /// The findings, the gravest first.
    pub(crate) rows: Capped<Vec<ScanFinding>>,
    /// The number of findings that are left out.
    pub(crate) rows_left_out: usize,
}

/// A finding of a scan, or a statement of a VEX document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ScanFinding {
    /// The severity or status in lower case.
    pub(crate) severity: SafeText,
    /// The name of the vulnerability: `CVE-2025-1234`.
    pub(crate) id: Option<SafeText>,
    /// The package.
    pub(crate) package: Option<SafeText>,
    /// The version of the package in the image.
    pub(crate) installed: Option<SafeText>,
    /// The versions without the vulnerability.
    pub(crate) fixed: Option<SafeText>,
    /// The title.
    pub(crate) title: Option<SafeText>,
}

/// The number of findings of one severity or status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FindingCount {
    /// The severity or status in lower case.
    pub(crate) label: SafeText,
    /// The number of findings.
    pub(crate) count: usize,
}

/// The severities and statuses, the gravest first. Others follow by name.
const ORDER: &[&str] = &[
    "critical",
    "high",
    "error",
    "medium",
    "warning",
    "low",
    "note",
    "negligible",
    "info",
    "none",
    "unknown",
    "affected",
    "exploitable",
    "under investigation",
    "in triage",
    "fixed",
    "resolved",
    "not affected",
];
/// The greatest number of severities that are told apart. The others are counted as unknown.
const MOST_LABELS: usize = 32;
/// The longest title that is kept, in bytes.
const LONGEST_TITLE: usize = 512;

/// Counts labels.
#[derive(Debug, Default)]
struct Tally(BTreeMap<String, usize>);

/// The texts of a finding as a report has them.
#[derive(Debug, Default)]
struct RawFinding {
    id: Option<String>,
    package: Option<String>,
    installed: Option<String>,
    fixed: Option<String>,
    title: Option<String>,
}

impl RawFinding {
    /// Returns the finding with its severity, and its weight in a list.
    fn of(self, severity: String) -> Option<(ScanFinding, usize)> {
        let title =
            self.title.map(|title| title.get(..title.floor_char_boundary(LONGEST_TITLE)).map(str::to_owned));
        let texts = [&self.id, &self.package, &self.installed, &self.fixed];
        let size = texts.into_iter().flatten().map(String::len).sum::<usize>();
        let finding = ScanFinding {
            severity: severity.into(),
            id: safe(self.id),
            package: safe(self.package),
            installed: safe(self.installed),
            fixed: safe(self.fixed),
            title: safe(title.flatten()),
        };
        let size = size + finding.title.as_ref().map_or(0, |title| title.as_str().len());
        weighed(finding, size)
    }
}

impl Tally {
    /// Counts a label, and returns it as it was counted.
    fn add(&mut self, label: Option<String>) -> String {
        let label = label.unwrap_or_default().trim().to_ascii_lowercase().replace('_', " ");
        let is_new = !self.0.contains_key(&label);
        let is_usable = !label.is_empty() && label.len() <= 32 && (!is_new || self.0.len() < MOST_LABELS);
        let label = if is_usable { label } else { "unknown".to_owned() };
        *self.0.entry(label.clone()).or_default() += 1;
        label
    }

    /// Returns the counts and the findings. Those that were not kept were not counted either.
    fn finish(
        self,
        by: Option<String>,
        at: Option<Timestamp>,
        found: Capped<Vec<ScanFinding>>,
    ) -> FindingCounts {
        let left_out = found.left_out();
        let total = self.0.values().sum::<usize>() + left_out;
        let rank = |label: &str| ORDER.iter().position(|known| *known == label).unwrap_or(ORDER.len());
        let mut counts: Vec<(String, usize)> = self.0.into_iter().collect();
        counts.sort_by_key(|(label, _)| rank(label));
        if left_out > 0 {
            counts.push(("not counted".into(), left_out));
        }
        let counts = counts.into_iter();
        let counts = counts.map(|(label, count)| FindingCount { label: label.into(), count }).collect();
        let mut rows: Vec<ScanFinding> = found.into_iter().collect();
        rows.sort_by(|one, other| {
            let key = |finding: &ScanFinding| (rank(finding.severity.as_str()), finding.package.clone());
            key(one).cmp(&key(other)).then_with(|| one.id.cmp(&other.id))
        });
        let rows_left_out = left_out + rows.len().saturating_sub(MOST);
        rows.truncate(MOST);
        FindingCounts {
            by: safe(by),
            at,
            counts,
            total,
            rows: Capped::new(rows, rows_left_out),
            rows_left_out,
        }
    }
}

fn with_version(name: Option<String>, version: Option<String>) -> Option<String> {
    Some(format!("{} {}", name?, version.unwrap_or_default()).trim_end().to_owned())
}

impl FindingCounts {
    /// Reads a report of trivy.
    pub(super) fn of_trivy(text: &str) -> Option<FindingCounts> {
        let report = Members::of(text, &["createdat", "results", "trivy"])?;
        let mut tally = Tally::default();
        let (mut rows, mut left_out) = (Vec::new(), 0);
        let names: &[&str] =
            &["vulnerabilityid", "pkgname", "installedversion", "fixedversion", "severity", "title"];
        let results = report.objects_within("results", &["vulnerabilities"], |result| {
            let found = result.objects_within("vulnerabilities", names, |vulnerability| {
                let text = |name| vulnerability.read(name, lenient::text);
                let finding = RawFinding {
                    id: text("vulnerabilityid"),
                    package: text("pkgname"),
                    installed: text("installedversion"),
                    fixed: text("fixedversion"),
                    title: text("title"),
                };
                finding.of(tally.add(text("severity")))
            });
            left_out += found.left_out();
            let count = found.len();
            rows.extend(found);
            Some(((), count))
        });
        let version = report.object("trivy", &["version"]).read("version", lenient::text);
        let rows = Capped::new(rows, left_out + results.left_out());
        Some(tally.finish(
            with_version(Some("trivy".into()), version),
            report.read("createdat", lenient::date),
            rows,
        ))
    }

    /// Reads a report of grype.
    pub(super) fn of_grype(text: &str) -> Option<FindingCounts> {
        let report = Members::of(text, &["matches", "descriptor"])?;
        let mut tally = Tally::default();
        let found = report.objects_within("matches", &["vulnerability", "artifact"], |found| {
            let vulnerability = found.object("vulnerability", &["id", "severity", "fix", "description"]);
            let artifact = found.object("artifact", &["name", "version"]);
            let fix = vulnerability.object("fix", &["versions"]).read("versions", lenient::strings);
            let finding = RawFinding {
                id: vulnerability.read("id", lenient::text),
                package: artifact.read("name", lenient::text),
                installed: artifact.read("version", lenient::text),
                fixed: Some(fix.join(", ")).filter(|fixed| !fixed.is_empty()),
                title: vulnerability.read("description", lenient::text),
            };
            finding.of(tally.add(vulnerability.read("severity", lenient::text)))
        });
        let program = report.object("descriptor", &["name", "version", "timestamp"]);
        let by = with_version(program.read("name", lenient::text), program.read("version", lenient::text));
        Some(tally.finish(by, program.read("timestamp", lenient::date), found))
    }

    /// Reads SARIF, by the levels of its results: error, warning, note, none. A result without a level is a warning.
    pub(super) fn of_sarif(text: &str) -> Option<FindingCounts> {
        let log = Members::of(text, &["runs"])?;
        let (mut tally, mut by) = (Tally::default(), None);
        let (mut rows, mut left_out) = (Vec::new(), 0);
        let runs = log.objects_within("runs", &["tool", "results"], |run| {
            let tool = run.object("tool", &["driver"]);
            let driver = tool.object("driver", &["name", "version"]);
            let named =
                with_version(driver.read("name", lenient::text), driver.read("version", lenient::text));
            by = by.take().or(named);
            let found = run.objects_within("results", &["level", "ruleid", "message"], |result| {
                let message = result.object("message", &["text"]).read("text", lenient::text);
                let title = message.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
                let id = result.read("ruleid", lenient::text);
                let finding = RawFinding { id, title, ..RawFinding::default() };
                finding.of(tally.add(result.read("level", lenient::text).or_else(|| Some("warning".into()))))
            });
            left_out += found.left_out();
            let count = found.len();
            rows.extend(found);
            Some(((), count))
        });
        Some(tally.finish(by, None, Capped::new(rows, left_out + runs.left_out())))
    }

    /// Reads OpenVEX, by the statuses of its statements.
    pub(super) fn of_openvex(text: &str) -> Option<FindingCounts> {
        let document = Members::of(text, &["author", "timestamp", "statements"])?;
        let mut tally = Tally::default();
        let names: &[&str] = &["status", "vulnerability", "products", "justification"];
        let found = document.objects_within("statements", names, |statement| {
            // Older documents name the vulnerability by a text.
            let name = statement.object("vulnerability", &["name", "@id"]);
            let name = name.read("name", lenient::text).or_else(|| name.read("@id", lenient::text));
            let products =
                statement.objects("products", &["@id"], |product| product.read("@id", lenient::text));
            let finding = RawFinding {
                id: name.or_else(|| statement.read("vulnerability", lenient::text)),
                package: products.into_iter().flatten().next(),
                title: statement.read("justification", lenient::text),
                ..RawFinding::default()
            };
            finding.of(tally.add(statement.read("status", lenient::text)))
        });
        let (by, at) = (document.read("author", lenient::text), document.read("timestamp", lenient::date));
        Some(tally.finish(by, at, found))
    }

    /// Reads the vulnerabilities of a CycloneDX document, by the state of their analysis, else by their gravest rating.
    pub(super) fn of_cyclonedx(text: &str) -> Option<FindingCounts> {
        let document = Members::of(text, &["vulnerabilities", "metadata"])?;
        let mut tally = Tally::default();
        let names: &[&str] = &["id", "analysis", "ratings", "affects", "description"];
        let found = document.objects_within("vulnerabilities", names, |vulnerability| {
            let state = vulnerability.object("analysis", &["state"]).read("state", lenient::text);
            let ratings = vulnerability
                .objects("ratings", &["severity"], |rating| rating.read("severity", lenient::text));
            let rank =
                |severity: &String| ORDER.iter().position(|known| severity.eq_ignore_ascii_case(known));
            let gravest =
                ratings.into_iter().flatten().filter(|severity| rank(severity).is_some()).min_by_key(rank);
            let affected =
                vulnerability.objects("affects", &["ref"], |affected| affected.read("ref", lenient::text));
            let finding = RawFinding {
                id: vulnerability.read("id", lenient::text),
                package: affected.into_iter().flatten().next(),
                title: vulnerability.read("description", lenient::text),
                ..RawFinding::default()
            };
            finding.of(tally.add(state.or(gravest)))
        });
        let at = document.object("metadata", &["timestamp"]).read("timestamp", lenient::date);
        Some(tally.finish(None, at, found))
    }

    /// Reads the predicate of a vulnerability scan by cosign, or that of in-toto:
    /// <https://github.com/in-toto/attestation/blob/main/spec/predicates/vuln.md>. The result is the report of a known
    /// scanner, or a list of vulnerabilities with severities.
    pub(super) fn of_predicate(
        text: &str,
        read_report: fn(&str) -> Option<FindingCounts>,
    ) -> Option<FindingCounts> {
        let predicate = Members::of(text, &["scanner", "metadata"])?;
        let scanner = predicate.object("scanner", &["uri", "version", "result"]);
        let mut found = scanner.json("result").and_then(read_report).unwrap_or_else(|| {
            let mut tally = Tally::default();
            let found = scanner.objects_within("result", &["id", "severity"], |vulnerability| {
                let scores = vulnerability
                    .objects("severity", &["score"], |rating| rating.read("score", lenient::text));
                let is_word = |score: &String| score.bytes().all(|byte| byte.is_ascii_alphabetic());
                let id = vulnerability.read("id", lenient::text);
                let finding = RawFinding { id, ..RawFinding::default() };
                finding.of(tally.add(scores.into_iter().flatten().find(is_word)))
            });
            tally.finish(None, None, found)
        });
        let named = with_version(scanner.read("uri", lenient::text), scanner.read("version", lenient::text));
        found.by = found.by.or(safe(named));
        let times = predicate.object("metadata", &["scanfinishedon", "scanstartedon"]);
        let at = times
            .read("scanfinishedon", lenient::date)
            .or_else(|| times.read("scanstartedon", lenient::date));
        found.at = at.or(found.at);
        Some(found)
    }
}
