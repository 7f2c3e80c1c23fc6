//! `regtui base`: tells whether images contain their base as it is now.

use std::io::{BufWriter, Write};

use clap::Args;
use serde::Serialize;

use super::arguments::ArgumentReader;
use super::image_files::announce_price;
use super::print::{self, Table, print_problem};
use super::{CliError, platform};
use crate::client::Pool;
use crate::model::base_image::{BaseReport, BaseStatus};
use crate::model::plural::counted;
use crate::model::price::Price;
use crate::model::text::SafeText;
use crate::ops::base_image::report_bases;

/// The requests for an image of one platform: its manifest and config, its referrers and provenance, and its base.
const REQUESTS: usize = 7;

/// Tell whether images contain their base image as it is now
#[derive(Debug, Args)]
#[command(
    after_help = "The base is the one of --base, or the one that annotations, labels or the provenance of the image name.

Exit codes: 0 all images contain their base as it is now; 3 one is behind; 1 nothing can be said of one, or something failed;
2 wrong usage; 130 interrupted."
)]
pub(crate) struct Base {
    /// Images to look at: nginx:1.27, ghcr.io/org/app@sha256:…
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Compare with this image
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// Look at this platform of an index only (linux/arm64, or arm64)
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct BaseDocument<'a> {
    reference: &'a str,
    #[serde(flatten)]
    report: &'a BaseReport,
}

impl Base {
    /// Prints a line for each image.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let names = ArgumentReader::of(pool);
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        let given =
            self.base.as_deref().map(|base| names.image(base)).transpose()?.map(|base| base.to_string());
        let images: Vec<_> = self.images.iter().map(|image| names.image(image)).collect::<Result<_, _>>()?;
        announce_price(&Price { is_more: true, ..Price::of_requests(images.len() * REQUESTS) });
        let mut table = Table::new(&["IMAGE", "PLATFORM", "BASE", "STATUS", "BY"], &[]);
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut worst = BaseStatus::Current;
        for reference in images {
            let reports = match report_bases(pool, &reference, platform.as_ref(), given.as_deref()).await {
                Ok(reports) => reports,
                Err(error) => {
                    print_problem(error.failure(format!("cannot read {reference}")));
                    worst = BaseStatus::Unknown;
                    continue;
                }
            };
            let reference = reference.to_string();
            for report in reports {
                worst = match (worst, report.status) {
                    (BaseStatus::Unknown, _) | (_, BaseStatus::Unknown) => BaseStatus::Unknown,
                    (BaseStatus::Behind, _) | (_, BaseStatus::Behind) => BaseStatus::Behind,
                    _ => BaseStatus::Current,
                };
                if self.json {
                    print::json(&mut out, &BaseDocument { reference: &reference, report: &report })?;
                } else {
                    table.row(row(&reference, &report));
                }
            }
        }
        if !self.json {
            table.print(&mut out)?;
        }
        out.flush()?;
        pool.flush().await;
        match worst {
            BaseStatus::Current => Ok(()),
            BaseStatus::Behind => Err(CliError::Different),
            BaseStatus::Unknown => Err(CliError::Reported),
        }
    }
}

fn row(reference: &str, report: &BaseReport) -> Vec<String> {
    let platform = report.platform.as_ref().map(|platform| SafeText::from(platform.to_string()).to_string());
    let base = report.base.as_ref().map(SafeText::to_string);
    let status = match report.status {
        BaseStatus::Current => "current".to_owned(),
        BaseStatus::Behind => {
            let layers = report.layers_behind.map(|layers| counted(layers, "layer", "layers"));
            let days =
                report.days_behind.map(|days| counted(usize::try_from(days).unwrap_or(0), "day", "days"));
            let parts: Vec<String> = layers.into_iter().chain(days).collect();
            format!("behind by {}", parts.join(", "))
        }
        BaseStatus::Unknown => {
            let reason = report.reason.as_ref().map(SafeText::as_str).unwrap_or_default();
            format!("not known: {reason}")
        }
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let evidence = report.evidence.map(|evidence| evidence.label().to_owned());
    vec![reference.to_owned(), or_dash(platform), or_dash(base), status, or_dash(evidence)]
}
