//! Scans by programs of this machine: the command that runs one, its request, and its report.

pub mod command;
pub mod report;

use serde::Serialize;

use super::change::progress::{Outcome, ProgressItem};
use super::platform::Platform;
use super::plural::counted;
use super::reference::{Repository, Selector};
use super::text::SafeText;

/// Images of one repository that are to be scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRequest {
    /// The repository.
    pub repository: Repository,
    /// The images.
    pub images: Vec<Selector>,
    /// The platform of an index. Without one it is that of this machine, else the only one.
    pub platform: Option<Platform>,
}

impl ScanRequest {
    /// Returns the title of the job.
    pub(crate) fn title(&self) -> SafeText {
        let name = &self.repository.name;
        let platform = self.platform.as_ref().map(|platform| format!(" ({platform})")).unwrap_or_default();
        SafeText::from(match self.images.as_slice() {
            [image] => format!("scan {name}{}{platform}", image.short_suffix()),
            images => {
                format!("scan {} of {name}{platform}", counted(images.len(), "image", "images"))
            }
        })
    }

    /// Returns the request for the images whose scan failed or was stopped, if there are any.
    pub(crate) fn unfinished(&self, items: &[ProgressItem]) -> Option<ScanRequest> {
        let is_left = |item: &&ProgressItem| !matches!(item.outcome, Some(Outcome::Done(_)));
        let left = items.iter().filter(is_left).flat_map(|item| item.selectors.iter().cloned());
        let images: Vec<Selector> = left.collect();
        (!images.is_empty()).then(|| ScanRequest { images, ..self.clone() })
    }
}

/// The severities that scanners agree on, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All severities, the gravest first.
    pub(crate) const ALL: [Severity; 4] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

    /// Returns the severity that a scanner names, in lower case. Levels of SARIF count as those that scanners write them
    /// for. Returns `None` for a finding of no or unknown severity.
    pub(crate) fn of_label(label: &str) -> Option<Severity> {
        match label {
            "critical" => Some(Severity::Critical),
            "high" | "important" | "error" => Some(Severity::High),
            "medium" | "moderate" | "warning" => Some(Severity::Medium),
            "low" | "note" => Some(Severity::Low),
            _ => None,
        }
    }

    /// Returns the word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Failure;

    #[test]
    fn the_rest_of_a_scan_are_the_images_that_have_no_result() {
        let image = |name: &str| Selector::Tag(crate::model::reference::Tag::parse(name).expect("a tag"));
        let request = ScanRequest {
            repository: Repository::parse("r.test/app").expect("a repository"),
            images: ["1", "2", "3"].map(image).to_vec(),
            platform: None,
        };
        assert_eq!(request.title().as_str(), "scan 3 images of app");
        let items = |outcomes: [Option<Outcome>; 3]| -> Vec<ProgressItem> {
            let item = |(name, outcome)| ProgressItem { outcome, ..ProgressItem::new(name, [image(name)]) };
            ["1", "2", "3"].into_iter().zip(outcomes).map(item).collect()
        };
        let done = || Some(Outcome::Done("".into()));
        let failed = Some(Outcome::Failed(Failure::local("cannot scan", "no")));
        let rest = request.unfinished(&items([done(), failed, None])).expect("a rest");
        assert_eq!(rest.images, ["2", "3"].map(image));
        assert_eq!(request.unfinished(&items([done(), done(), done()])), None);
        let one =
            ScanRequest { images: vec![image("2")], platform: Platform::parse("linux/arm64"), ..request };
        assert_eq!(one.title().as_str(), "scan app:2 (linux/arm64)");
    }
}
