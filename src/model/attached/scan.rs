//! Counts of findings: reports of vulnerability scanners, and VEX documents.
//!
//! <https://trivy.dev/latest/docs/configuration/reporting/>, <https://github.com/anchore/grype>,
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>,
//! <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>, <https://cyclonedx.org/capabilities/vex/>.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::safe;
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

/// Counts labels.
#[derive(Debug, Default)]
struct Tally(BTreeMap<String, usize>);

impl Tally {
    fn add(&mut self, label: Option<String>) {
        let label = label.unwrap_or_default().trim().to_ascii_lowercase().replace('_', " ");
        let is_new = !self.0.contains_key(&label);
        let is_usable = !label.is_empty() && label.len() <= 32 && (!is_new || self.0.len() < MOST_LABELS);
        let label = if is_usable { label } else { "unknown".to_owned() };
        *self.0.entry(label).or_default() += 1;
    }

    fn finish(self, by: Option<String>, at: Option<Timestamp>, left_out: usize) -> FindingCounts {
        let total = self.0.values().sum::<usize>() + left_out;
        let rank = |label: &str| ORDER.iter().position(|known| *known == label).unwrap_or(ORDER.len());
        let mut counts: Vec<(String, usize)> = self.0.into_iter().collect();
        counts.sort_by_key(|(label, _)| rank(label));
        if left_out > 0 {
            counts.push(("not counted".into(), left_out));
        }
        let counts = counts.into_iter();
        let counts = counts.map(|(label, count)| FindingCount { label: label.into(), count }).collect();
        FindingCounts { by: safe(by), at, counts, total }
    }
}

fn with_version(name: Option<String>, version: Option<String>) -> Option<String> {
    Some(format!("{} {}", name?, version.unwrap_or_default()).trim_end().to_owned())
}

impl FindingCounts {
    /// Reads a report of trivy.
    pub(super) fn of_trivy(text: &str) -> Option<FindingCounts> {
        let report = Members::of(text, &["createdat", "results", "trivy"])?;
        let (mut tally, mut left_out) = (Tally::default(), 0);
        report.objects_within("results", &["vulnerabilities"], |result| {
            let found = result.objects_within("vulnerabilities", &["severity"], |vulnerability| {
                tally.add(vulnerability.read("severity", lenient::text));
                Some(((), 1))
            });
            left_out += found.left_out();
            Some(((), found.len()))
        });
        let version = report.object("trivy", &["version"]).read("version", lenient::text);
        Some(tally.finish(
            with_version(Some("trivy".into()), version),
            report.read("createdat", lenient::date),
            left_out,
        ))
    }

    /// Reads a report of grype.
    pub(super) fn of_grype(text: &str) -> Option<FindingCounts> {
        let report = Members::of(text, &["matches", "descriptor"])?;
        let mut tally = Tally::default();
        let found = report.objects_within("matches", &["vulnerability"], |found| {
            tally.add(found.object("vulnerability", &["severity"]).read("severity", lenient::text));
            Some(((), 1))
        });
        let program = report.object("descriptor", &["name", "version", "timestamp"]);
        let by = with_version(program.read("name", lenient::text), program.read("version", lenient::text));
        Some(tally.finish(by, program.read("timestamp", lenient::date), found.left_out()))
    }

    /// Reads SARIF, by the levels of its results: error, warning, note, none. A result without a level is a warning.
    pub(super) fn of_sarif(text: &str) -> Option<FindingCounts> {
        let log = Members::of(text, &["runs"])?;
        let (mut tally, mut left_out, mut by) = (Tally::default(), 0, None);
        log.objects_within("runs", &["tool", "results"], |run| {
            let tool = run.object("tool", &["driver"]);
            let driver = tool.object("driver", &["name", "version"]);
            let named =
                with_version(driver.read("name", lenient::text), driver.read("version", lenient::text));
            by = by.take().or(named);
            let found = run.objects_within("results", &["level"], |result| {
                tally.add(result.read("level", lenient::text).or_else(|| Some("warning".into())));
                Some(((), 1))
            });
            left_out += found.left_out();
            Some(((), found.len()))
        });
        Some(tally.finish(by, None, left_out))
    }

    /// Reads OpenVEX, by the statuses of its statements.
    pub(super) fn of_openvex(text: &str) -> Option<FindingCounts> {
        let document = Members::of(text, &["author", "timestamp", "statements"])?;
        let mut tally = Tally::default();
        let found = document.objects_within("statements", &["status"], |statement| {
            tally.add(statement.read("status", lenient::text));
            Some(((), 1))
        });
        let (by, at) = (document.read("author", lenient::text), document.read("timestamp", lenient::date));
        Some(tally.finish(by, at, found.left_out()))
    }

    /// Reads the vulnerabilities of a CycloneDX document, by the state of their analysis, else by their gravest rating.
    pub(super) fn of_cyclonedx(text: &str) -> Option<FindingCounts> {
        let document = Members::of(text, &["vulnerabilities", "metadata"])?;
        let mut tally = Tally::default();
        let found = document.objects_within("vulnerabilities", &["analysis", "ratings"], |vulnerability| {
            let state = vulnerability.object("analysis", &["state"]).read("state", lenient::text);
            let ratings = vulnerability
                .objects("ratings", &["severity"], |rating| rating.read("severity", lenient::text));
            let rank =
                |severity: &String| ORDER.iter().position(|known| severity.eq_ignore_ascii_case(known));
            let gravest =
                ratings.into_iter().flatten().filter(|severity| rank(severity).is_some()).min_by_key(rank);
            tally.add(state.or(gravest));
            Some(((), 1))
        });
        let at = document.object("metadata", &["timestamp"]).read("timestamp", lenient::date);
        Some(tally.finish(None, at, found.left_out()))
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
            let found = scanner.objects_within("result", &["severity"], |vulnerability| {
                let scores = vulnerability
                    .objects("severity", &["score"], |rating| rating.read("score", lenient::text));
                let is_word = |score: &String| score.bytes().all(|byte| byte.is_ascii_alphabetic());
                tally.add(scores.into_iter().flatten().find(is_word));
                Some(((), 1))
            });
            tally.finish(None, None, found.left_out())
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
