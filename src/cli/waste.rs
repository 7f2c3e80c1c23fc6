//! `regtui waste`: shows the hidden bytes of an image and other findings without pulling it.

mod document;
mod limit;

use std::io::{BufWriter, Write};

use clap::Args;

use super::CliError;
use super::image_files::ImageArguments;
use super::print::{self, Table};
use crate::client::Pool;
use crate::layer::{ImageFindings, TopFindings, Waste};
use crate::model::failure::Failure;
use crate::model::plural::counted;
use crate::model::reference::Reference;
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::files::findings::examine_image;
use crate::ops::files::image::ImageSource;
use document::document;
use limit::HiddenLimit;

/// Most rows of a list on the page. JSON has up to a thousand.
const MOST_ROWS: usize = 20;
/// Most characters of an instruction on the page. JSON has all of it.
const LONGEST_INSTRUCTION: usize = 80;

/// Show the hidden bytes of an image, likely secrets and other findings
#[derive(Debug, Args)]
pub(crate) struct WasteCommand {
    #[command(flatten)]
    image: ImageArguments,
    /// End with exit code 3 if more is hidden: a part of all bytes of files (5%) or bytes (50MB)
    #[arg(long, value_name = "LIMIT")]
    max_hidden: Option<HiddenLimit>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// The image, its findings, whether its lists are proved, and the result if layers are missing.
type ReadWaste = (Reference, ImageSource, ImageFindings, bool, Result<(), CliError>);

impl WasteCommand {
    /// Prints the findings, and fails if more is hidden than allowed.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let read = self.read(pool).await;
        pool.flush().await;
        let (reference, source, findings, is_proved, result) = read?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            print::json(&mut out, &document(&reference, &source, &findings, is_proved))?;
        } else {
            print_page(&mut out, &reference, &source, &findings)?;
        }
        out.flush()?;
        let waste = &findings.waste;
        match self.max_hidden.filter(|limit| limit.is_exceeded(waste.hidden_bytes, waste.file_bytes)) {
            Some(limit) => {
                let why = format!("{} are hidden, more than {limit}", amount(waste));
                print::print_problem(Failure::local(format!("{reference} wastes too much"), why));
                Err(CliError::Different)
            }
            None => result,
        }
    }

    async fn read(&self, pool: &Pool) -> Result<ReadWaste, CliError> {
        let chosen = self.image.choose(pool).await?;
        let reference = chosen.reference.clone();
        let read = chosen.read(None, None).await?;
        let (result, files) = (read.result(), read.files);
        let is_proved = files.layers.iter().flatten().all(|layer| layer.is_proved);
        let findings = tokio::task::spawn_blocking(move || (examine_image(&files), files.image)).await;
        let (findings, source) = findings.map_err(|error| CliError::Internal(error.into()))?;
        Ok((reference, source, findings, is_proved, result))
    }
}

/// Returns the hidden bytes with their part of all: `11.4 MB (6.7 %)`.
fn amount(waste: &Waste) -> String {
    format!("{} ({})", size::bytes(waste.hidden_bytes), waste.hidden_percent())
}

fn print_page(
    out: &mut impl Write,
    reference: &Reference,
    source: &ImageSource,
    findings: &ImageFindings,
) -> std::io::Result<()> {
    let waste = &findings.waste;
    writeln!(out, "{reference}")?;
    writeln!(out, "{:<12}{}", "digest", source.manifest.digest)?;
    if let Some(platform) = &source.platform {
        writeln!(out, "{:<12}{}", "platform", SafeText::from(platform.to_string()))?;
    }
    let all = counted(usize::try_from(waste.files).unwrap_or(usize::MAX), "file", "files");
    writeln!(out, "{:<12}{} in {all} of all layers", "content", size::bytes(waste.file_bytes))?;
    let compressed = match waste.compressed_hidden {
        Some(bytes) if waste.hidden_bytes > 0 => format!(", ≈ {} compressed", size::bytes(bytes)),
        _ => String::new(),
    };
    writeln!(out, "{:<12}{}{compressed}", "hidden", amount(waste))?;
    writeln!(out, "{:<12}{:.1} %", "efficiency", waste.efficiency() * 100.0)?;
    writeln!(out, "\nlayers")?;
    let mut table = Table::new(&["LAYER", "CONTENT", "HIDDEN", "HIDES", "INSTRUCTION"], &[0, 1, 2, 3]);
    let or_none = |bytes: u64| if bytes == 0 { "-".to_string() } else { size::bytes(bytes) };
    for (index, (source, sums)) in source.layers.iter().zip(&waste.layers).enumerate() {
        table.row(vec![
            (index + 1).to_string(),
            or_none(sums.file_bytes),
            or_none(sums.hidden_bytes),
            or_none(sums.hides_bytes),
            source.instruction.as_deref().map_or_else(|| "-".to_string(), shorten),
        ]);
    }
    table.print(out)?;
    for list in findings.lists() {
        print_list(out, list)?;
    }
    Ok(())
}

/// Makes an instruction safe, and short enough for a line of a table.
fn shorten(instruction: &str) -> String {
    let safe = SafeText::clean(instruction).to_string();
    match safe.char_indices().nth(LONGEST_INSTRUCTION) {
        Some((end, _)) => format!("{}…", safe[..end].trim_end()),
        None => safe,
    }
}

fn print_list(out: &mut impl Write, list: &TopFindings) -> std::io::Result<()> {
    if list.count == 0 {
        return Ok(());
    }
    writeln!(out, "\n{}: {}", list.kind.title(), describe_sum(list.count, list.bytes))?;
    let mut table = Table::new(&["SIZE", "LAYER", "PATH", "NOTE"], &[0, 1]);
    let (mut rows, mut bytes) = (0, 0_u64);
    for finding in list.rows.iter().take(MOST_ROWS) {
        rows += 1;
        bytes = bytes.saturating_add(finding.bytes);
        let path = String::from_utf8_lossy(&finding.path);
        table.row(vec![
            if finding.bytes == 0 { "-".into() } else { size::bytes(finding.bytes) },
            finding.layer.to_string(),
            SafeText::clean(if path.is_empty() { "/" } else { &path }).to_string(),
            finding.text().to_string(),
        ]);
    }
    table.print(out)?;
    match list.count.saturating_sub(rows) {
        0 => Ok(()),
        more => writeln!(out, "and {} more", describe_sum(more, list.bytes.saturating_sub(bytes))),
    }
}

/// Returns a number of findings with their bytes: `12, 3.4 MB`.
fn describe_sum(count: u64, bytes: u64) -> String {
    if bytes == 0 { count.to_string() } else { format!("{count}, {}", size::bytes(bytes)) }
}
