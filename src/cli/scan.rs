//! `regtui scan`: scans images with a program of this machine and prints its findings.

use std::io::{BufWriter, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::arguments::ArgumentReader;
use super::print::{self, Table, print_problem};
use super::{CliError, platform};
use crate::client::Pool;
use crate::model::attached::ScanFinding;
use crate::model::columns;
use crate::model::failure::Failure;
use crate::model::plural::counted;
use crate::model::scan::Severity;
use crate::model::scan::command::Scanner;
use crate::model::scan::report::ScanReport;
use crate::model::text::SafeText;
use crate::ops::scan::{ScanError, scan_image};

/// Columns of a title.
const TITLE: usize = 60;

/// The severities that can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SeverityOption {
    Low,
    Medium,
    High,
    Critical,
}

impl SeverityOption {
    fn severity(self) -> Severity {
        match self {
            SeverityOption::Low => Severity::Low,
            SeverityOption::Medium => Severity::Medium,
            SeverityOption::High => Severity::High,
            SeverityOption::Critical => Severity::Critical,
        }
    }
}

/// Scan images for vulnerabilities with trivy, grype or another program of this machine
#[derive(Debug, Args)]
#[command(
    after_help = "The scanner is the one that `scan` of the configuration names, else trivy, else grype, as found in PATH. It gets the SBOM that is
attached to an image, if there is one; otherwise it pulls the image itself, with its own logins.

Exit codes: 0 all images were scanned; 3 --fail-on was reached; 1 an image was not scanned, or something failed;
2 wrong usage; 130 interrupted."
)]
pub(crate) struct ScanArguments {
    /// Images to scan: nginx:1.27, ghcr.io/org/app@sha256:…
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Exit with 3 if there are findings of this severity or a graver one
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<SeverityOption>,
    /// Scan this platform of an index (linux/arm64, or arm64); without it that of this machine, else the only one
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Print one JSON document an image
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ScanDocument<'a> {
    reference: &'a str,
    #[serde(flatten)]
    report: &'a ScanReport,
}

impl ScanArguments {
    /// Scans one image after the other and prints the findings.
    pub(super) async fn run(&self, pool: &Pool, scanner: Result<Scanner, SafeText>) -> Result<(), CliError> {
        let names = ArgumentReader::of(pool);
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        let images: Vec<_> = self.images.iter().map(|image| names.image(image)).collect::<Result<_, _>>()?;
        let scanner = scanner.map_err(|why| {
            let mut failure = Failure::local("cannot scan", why);
            failure.hint =
                Some("install trivy or grype, or name a scanner in `scan` of the configuration".into());
            failure
        })?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        let stop = CancellationToken::new();
        let (mut has_failed, mut is_reached) = (false, false);
        for (number, image) in images.iter().enumerate() {
            let report = match scan_image(pool, &scanner, image, platform.as_ref(), &stop).await {
                Ok(report) => report,
                Err(ScanError::Stopped) => return Err(CliError::Interrupted),
                Err(ScanError::Failed(failure)) => {
                    print_problem(failure);
                    has_failed = true;
                    continue;
                }
            };
            let limit = self.fail_on.map(SeverityOption::severity);
            is_reached |= limit.is_some_and(|limit| report.facts.counts.reach(limit));
            let reference = image.to_string();
            if self.json {
                print::json(&mut out, &ScanDocument { reference: &reference, report: &report })?;
            } else {
                if number > 0 {
                    writeln!(out)?;
                }
                print_report(&mut out, &reference, &report)?;
            }
            out.flush()?;
        }
        pool.flush().await;
        match (has_failed, is_reached) {
            (true, _) => Err(CliError::Reported),
            (false, true) => Err(CliError::Different),
            (false, false) => Ok(()),
        }
    }
}

fn print_report(out: &mut impl Write, reference: &str, report: &ScanReport) -> std::io::Result<()> {
    let facts = &report.facts;
    let platform = facts.platform.as_ref().map(|platform| SafeText::from(format!(" ({platform})")));
    let platform = platform.unwrap_or_default();
    let (counts, by, of) = (facts.counts.describe(), facts.by(), facts.source_note());
    writeln!(out, "{reference}{platform}: {counts}, by {by}{of}")?;
    if !report.findings.is_empty() {
        let mut table = Table::new(&["SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED", "TITLE"], &[]);
        report.findings.iter().for_each(|finding| table.row(cells(finding)));
        table.print(out)?;
    }
    if report.findings_left_out > 0 {
        writeln!(out, "and {}", counted(report.findings_left_out, "more finding", "more findings"))?;
    }
    Ok(())
}

fn cells(finding: &ScanFinding) -> Vec<String> {
    let or_dash = |text: &Option<SafeText>| text.as_ref().map_or_else(|| "-".to_owned(), SafeText::to_string);
    let title = finding.title.as_ref().map(|title| columns::cut(title.as_str(), TITLE));
    vec![
        finding.severity.to_string(),
        or_dash(&finding.id),
        or_dash(&finding.package),
        or_dash(&finding.installed),
        or_dash(&finding.fixed),
        title.unwrap_or_default(),
    ]
}
