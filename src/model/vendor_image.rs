//! The facts that a vendor's own API tells of one image. No manifest was read for them, so nothing proves them.

use jiff::Timestamp;
use serde::Serialize;

use super::reference::{RepositoryName, Tag};
use super::scan::Severity;
use super::scan::report::SeverityCounts;
use super::text::SafeText;
use super::time;

/// The label of the line about the scan.
pub(crate) const SCAN: &str = "scan";
/// Most names of an image that are shown in a line.
const MOST_NAMES: usize = 10;

/// The facts of a vendor about one image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VendorImage {
    /// The name of the vendor.
    pub vendor: SafeText,
    /// When it was pushed.
    pub pushed: Option<Timestamp>,
    /// When it was pulled last.
    pub pulled: Option<Timestamp>,
    /// When the registry removes its tag.
    pub expires: Option<Timestamp>,
    /// The scan by the registry, if the vendor tells of scans.
    pub scan: Option<VendorScan>,
    /// The names under which the registry has it, if the vendor tells them.
    pub names: Vec<ImageName>,
}

/// A name of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageName {
    /// The repository.
    pub repository: RepositoryName,
    /// The tag, if it has one.
    pub tag: Option<Tag>,
}

impl ImageName {
    fn text(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}:{tag}", self.repository),
            None => self.repository.to_string(),
        }
    }
}

/// A scan for vulnerabilities by the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VendorScan {
    /// How far it is.
    pub state: VendorScanState,
    /// The scanner with its version.
    pub scanner: Option<SafeText>,
    /// When it ended.
    pub at: Option<Timestamp>,
    /// The number of findings of each severity, if the vendor tells them.
    pub counts: Option<SeverityCounts>,
    /// The number of all findings, if the vendor tells it.
    pub total: Option<usize>,
    /// Whether some images of an index were not scanned.
    pub is_partial: bool,
}

/// How far a scan by the registry is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorScanState {
    /// The image was not scanned.
    #[default]
    NotScanned,
    /// The scan waits or runs.
    Running,
    /// The scan failed or was stopped.
    Failed,
    /// The scan is done.
    Done,
    /// Not known.
    Unknown,
}

impl VendorScan {
    /// Returns the result in words. It says that there are no findings only if the vendor says so.
    fn describe(&self) -> String {
        let found = match (self.state, self.counts, self.total) {
            (VendorScanState::NotScanned, ..) => return "not scanned".into(),
            (VendorScanState::Running, ..) => return "the scan is not done yet".into(),
            (VendorScanState::Failed, ..) => return "the scan failed, so nothing is known".into(),
            (VendorScanState::Unknown, ..) => return "the state of the scan is not known".into(),
            (VendorScanState::Done, Some(counts), _) if counts != SeverityCounts::default() => {
                counts.describe()
            }
            (VendorScanState::Done, _, Some(0)) => "no findings".into(),
            (VendorScanState::Done, _, Some(total)) => super::plural::counted(total, "finding", "findings"),
            (VendorScanState::Done, ..) => return "scanned; the numbers are not known".into(),
        };
        if self.is_partial { format!("{found} in the part that was scanned") } else { found }
    }
}

impl VendorImage {
    /// Returns the facts in words, each with a label.
    pub(crate) fn lines(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let at = |at: Timestamp| format!("{} ({})", time::absolute(at), time::age(at, now));
        let mut lines: Vec<(&'static str, String)> = Vec::new();
        lines.extend(self.pushed.map(|pushed| ("pushed", at(pushed))));
        lines.extend(self.pulled.map(|pulled| ("pulled", at(pulled))));
        let left = |end: Timestamp| format!("{} ({})", time::absolute(end), time::short_left(end, now));
        lines.extend(self.expires.map(|end| ("expires", left(end))));
        lines.extend(self.scan.as_ref().map(|scan| {
            let scanner = scan.scanner.as_ref().map(|scanner| format!(", {scanner}")).unwrap_or_default();
            let age = scan.at.map(|at| format!(", {}", time::age(at, now))).unwrap_or_default();
            (SCAN, format!("{}{scanner}{age}, by {}", scan.describe(), self.vendor))
        }));
        if !self.names.is_empty() {
            let shown: Vec<String> = self.names.iter().take(MOST_NAMES).map(ImageName::text).collect();
            let more = match self.names.len() - shown.len() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            lines.push(("names", format!("{}{more}, by {}", shown.join(", "), self.vendor)));
        }
        lines
    }

    /// Returns whether the line of the scan is something to note.
    pub(crate) fn has_grave_findings(&self) -> bool {
        let counts = self.scan.as_ref().and_then(|scan| scan.counts);
        counts.is_some_and(|counts| counts.reach(Severity::High))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_findings_are_claimed_only_if_the_vendor_says_so() {
        use VendorScanState::{Done, Failed, NotScanned, Running, Unknown};
        let some = SeverityCounts { critical: 1, ..SeverityCounts::default() };
        let none = SeverityCounts::default();
        let table = [
            (NotScanned, None, None, "not scanned"),
            (Running, Some(none), Some(0), "the scan is not done yet"),
            (Failed, Some(none), Some(0), "the scan failed, so nothing is known"),
            (Unknown, None, Some(0), "the state of the scan is not known"),
            (Done, None, None, "scanned; the numbers are not known"),
            (Done, Some(none), None, "scanned; the numbers are not known"),
            (Done, Some(some), None, "1 critical"),
            (Done, None, Some(5), "5 findings"),
            (Done, Some(none), Some(0), "no findings"),
            // The numbers of the severities are the news, whatever the sum says.
            (Done, Some(some), Some(0), "1 critical"),
        ];
        for (state, counts, total, text) in table {
            let scan = VendorScan { state, counts, total, ..VendorScan::default() };
            assert_eq!(scan.describe(), text, "{scan:?}");
        }
    }

    #[test]
    fn a_scan_of_a_part_says_so_and_is_grave_by_any_number() {
        let counts = SeverityCounts { critical: usize::MAX, high: 1, ..SeverityCounts::default() };
        let scan = |counts, total| VendorScan {
            state: VendorScanState::Done,
            is_partial: true,
            counts,
            total,
            ..VendorScan::default()
        };
        assert_eq!(scan(None, Some(0)).describe(), "no findings in the part that was scanned");
        assert_eq!(scan(None, Some(3)).describe(), "3 findings in the part that was scanned");
        assert_eq!(scan(None, None).describe(), "scanned; the numbers are not known");
        let image = |scan| VendorImage { scan: Some(scan), ..VendorImage::default() };
        assert!(image(scan(Some(counts), None)).has_grave_findings());
        let low = SeverityCounts { medium: 7, low: 7, other: 7, ..SeverityCounts::default() };
        assert!(!image(scan(Some(low), None)).has_grave_findings());
    }
}
