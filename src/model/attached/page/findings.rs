//! The findings of a scan as lines of a page.

use super::{AttachedPage, LineTone, PageLines};
use crate::model::attached::ScanFinding;
use crate::model::capped::Capped;
use crate::model::columns;
use crate::model::plural::counted;
use crate::model::scan::Severity;
use crate::model::scan::report::ScanReport;
use crate::model::text::SafeText;

/// The widest cell, in columns.
const WIDEST_CELL: usize = 28;
/// The headings of the columns before the title.
const HEADS: [&str; 5] = ["SEVERITY", "PACKAGE", "INSTALLED", "FIXED", "ID"];

impl AttachedPage {
    /// Lays out the result of a scan.
    pub(crate) fn of_scan(report: &ScanReport) -> AttachedPage {
        let facts = &report.facts;
        let mut page = PageLines(Vec::new());
        page.field("kind", "local scan");
        page.field("by", &facts.by());
        page.at("date", Some(facts.at));
        page.field("image", &facts.digest.to_string());
        if let Some(platform) = &facts.platform {
            page.field("platform", &platform.to_string());
        }
        page.field("scanned", if facts.is_of_sbom { "the attached SBOM" } else { "the image" });
        page.heading(&counted(facts.total, "finding", "findings"));
        for severity in Severity::ALL {
            page.field(severity.word(), &facts.counts.of_severity(severity).to_string());
        }
        page.field("other", &facts.counts.other.to_string());
        page.finding_rows(&report.findings);
        AttachedPage { part: None, lines: page.0 }
    }
}

impl PageLines {
    /// Adds a table of findings.
    pub(super) fn finding_rows(&mut self, findings: &Capped<Vec<ScanFinding>>) {
        let text = |text: &Option<SafeText>| text.as_ref().map(SafeText::to_string).unwrap_or_default();
        let cells = |finding: &ScanFinding| {
            let title = text(&finding.title);
            let others = [&finding.package, &finding.installed, &finding.fixed, &finding.id].map(text);
            ([finding.severity.to_string()].into_iter().chain(others).collect::<Vec<_>>(), title)
        };
        let rows: Vec<_> = findings.iter().map(cells).collect();
        if rows.is_empty() {
            return self.more(findings.left_out());
        }
        // Columns in which no finding has anything are left out: SARIF and VEX have few.
        let width = |column: usize| {
            let widest =
                rows.iter().filter_map(|(row, _)| row.get(column)).map(|cell| columns::width(cell)).max();
            widest.filter(|widest| *widest > 0).map_or(0, |widest| {
                widest.min(WIDEST_CELL).max(HEADS.get(column).map_or(0, |head| head.len()))
            })
        };
        let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
        let line = |row: &[String], title: &str| {
            let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
            let cells: Vec<String> = cells.map(|(cell, width)| columns::left(cell, *width)).collect();
            format!("{}  {title}", cells.join("  ")).trim_end().to_owned()
        };
        self.field("", "");
        self.push("", &line(&HEADS.map(str::to_owned), "TITLE"), LineTone::Heading);
        for ((row, title), finding) in rows.iter().zip(&**findings) {
            self.row(&line(row, title), finding.id.as_ref());
        }
        self.more(findings.left_out());
    }
}
