//! `regtui waste`: shows the hidden bytes of an image and other findings without pulling it.

use std::io::{BufWriter, Write};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;

use super::CliError;
use super::image_files::ImageArguments;
use super::print::{self, Table};
use crate::client::Pool;
use crate::layer::{Hidden, ImageFinding, ImageFindingKind, ImageFindings, TopFindings, Waste};
use crate::model::failure::Failure;
use crate::model::platform::Platform;
use crate::model::plural::counted;
use crate::model::reference::Reference;
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::files::findings::examine_image;
use crate::ops::files::image::ImageSource;

/// Most rows of a list on the page. JSON has up to a thousand.
const MOST_ROWS: usize = 20;
/// Most characters of an instruction on the page. JSON has all of it.
const LONGEST_INSTRUCTION: usize = 80;

/// Show the hidden bytes of an image, likely secrets and other findings
#[derive(Debug, Args)]
pub(crate) struct WasteCommand {
    #[command(flatten)]
    image: ImageArguments,
    /// Fail with exit code 1 if more is hidden: a part of all bytes of files (5%) or bytes (50MB)
    #[arg(long, value_name = "LIMIT")]
    max_hidden: Option<HiddenLimit>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// The hidden bytes that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HiddenLimit {
    /// Thousandths of a percent of all bytes of files.
    Share(u64),
    /// Bytes.
    Bytes(u64),
}

/// The units of a limit, in lower case, and their bytes.
const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
];

impl FromStr for HiddenLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<HiddenLimit, String> {
        let wrong = || "a limit is written as 5% or 50MB".to_string();
        let text = text.trim();
        if let Some(percent) = text.strip_suffix('%') {
            let share = thousandths(percent.trim()).and_then(|share| u64::try_from(share).ok());
            return share.map(HiddenLimit::Share).ok_or_else(wrong);
        }
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
        let (count, unit) = text.split_at(end.unwrap_or(text.len()));
        let unit = unit.trim().to_ascii_lowercase();
        let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let limit = thousandths(count).map(|count| count.saturating_mul(u128::from(*bytes)) / 1_000);
        limit.map(|limit| HiddenLimit::Bytes(u64::try_from(limit).unwrap_or(u64::MAX))).ok_or_else(wrong)
    }
}

/// Reads a decimal number with at most three digits behind the point, in thousandths.
fn thousandths(text: &str) -> Option<u128> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole, 20) || !is_number(rest, 3) {
        return None;
    }
    format!("{whole}{rest:0<3}").parse().ok()
}

impl HiddenLimit {
    /// Returns whether an image exceeds the limit. A share is compared as whole numbers, so that an image with exactly
    /// that share does not.
    fn is_exceeded(self, hidden: u64, all: u64) -> bool {
        match self {
            HiddenLimit::Share(share) => u128::from(hidden) * 100_000 > u128::from(share) * u128::from(all),
            HiddenLimit::Bytes(bytes) => hidden > bytes,
        }
    }
}

impl std::fmt::Display for HiddenLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HiddenLimit::Share(share) => write!(f, "{} %", *share as f64 / 1_000.0),
            HiddenLimit::Bytes(bytes) => f.write_str(&size::bytes(*bytes)),
        }
    }
}

#[derive(Serialize)]
struct WasteDocument<'a> {
    reference: String,
    digest: String,
    platform: Option<&'a Platform>,
    /// Whether the lists of all layers are proved.
    is_proved: bool,
    files: u64,
    file_bytes: u64,
    hidden_files: u64,
    hidden_bytes: u64,
    /// An estimate.
    hidden_compressed_bytes: Option<u64>,
    efficiency: f64,
    layers: Vec<LayerRecord<'a>>,
    paths: Vec<HiddenRecord>,
    /// The number of paths that are left out.
    paths_left_out: u64,
    findings: Vec<FindingRecord<'a>>,
    /// The number of findings of each kind, those left out among them, and their bytes.
    sums: Vec<SumRecord>,
}

#[derive(Serialize)]
struct LayerRecord<'a> {
    /// From 1, the lowest.
    layer: usize,
    digest: &'a str,
    size: Option<u64>,
    instruction: Option<&'a str>,
    files: u64,
    file_bytes: u64,
    hidden_bytes: u64,
    /// The bytes of this layer and lower ones that it hides.
    hides_bytes: u64,
}

#[derive(Serialize)]
struct HiddenRecord {
    #[serde(flatten)]
    path: PathRecord,
    bytes: u64,
    files: u64,
    from_layer: u16,
    hidden_by: Option<u16>,
    how: Option<&'static str>,
}

#[derive(Serialize)]
struct PathRecord {
    /// The path. Bytes that are not UTF-8 are replaced.
    path: String,
    /// The bytes of the path in base64, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

#[derive(Serialize)]
struct FindingRecord<'a> {
    kind: &'static str,
    #[serde(flatten)]
    path: PathRecord,
    bytes: u64,
    files: u64,
    layer: u16,
    instruction: Option<&'a str>,
    hidden_by: Option<u16>,
    how: Option<&'static str>,
    mode: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<String>,
    text: SafeText,
}

#[derive(Serialize)]
struct SumRecord {
    kind: &'static str,
    count: u64,
    files: u64,
    bytes: u64,
}

/// The image, its findings, whether its lists are proved, and whether a layer is missing.
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
                Err(Failure::local(format!("{reference} wastes too much"), why).into())
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
    format!("{} ({:.1} %)", size::bytes(waste.hidden_bytes), waste.hidden_part() * 100.0)
}

fn instruction_of(source: &ImageSource, layer: u16) -> Option<&str> {
    source.layers.get(usize::from(layer).checked_sub(1)?)?.instruction.as_deref()
}

fn how_of(finding: &ImageFinding) -> Option<&'static str> {
    finding.hidden.map(|(_, how)| match how {
        Hidden::Replaced => "replaced",
        Hidden::Whiteout => "whiteout",
        Hidden::Opaque => "opaque",
        Hidden::Shadowed => "shadowed",
    })
}

fn path_record(path: &[u8]) -> PathRecord {
    PathRecord {
        path: String::from_utf8_lossy(path).into_owned(),
        path_bytes: std::str::from_utf8(path).is_err().then(|| STANDARD.encode(path)),
    }
}

fn document<'a>(
    reference: &Reference,
    source: &'a ImageSource,
    findings: &ImageFindings,
    is_proved: bool,
) -> WasteDocument<'a> {
    let waste = &findings.waste;
    let layers = source.layers.iter().zip(&waste.layers).enumerate();
    let layers = layers.map(|(index, (source, sums))| LayerRecord {
        layer: index + 1,
        digest: &source.descriptor.digest_text,
        size: source.descriptor.size,
        instruction: source.instruction.as_deref(),
        files: sums.files,
        file_bytes: sums.file_bytes,
        hidden_bytes: sums.hidden_bytes,
        hides_bytes: sums.hides_bytes,
    });
    let paths = waste.paths.rows.iter().map(|finding| HiddenRecord {
        path: path_record(&finding.path),
        bytes: finding.bytes,
        files: finding.files,
        from_layer: finding.layer,
        hidden_by: finding.hidden.map(|(by, _)| by),
        how: how_of(finding),
    });
    let others = findings.lists().into_iter().filter(|list| list.kind != ImageFindingKind::Hidden);
    let rows = others.flat_map(|list| &list.rows).map(|finding| FindingRecord {
        kind: finding.kind.name(),
        path: path_record(&finding.path),
        bytes: finding.bytes,
        files: finding.files,
        layer: finding.layer,
        instruction: instruction_of(source, finding.layer),
        hidden_by: finding.hidden.map(|(by, _)| by),
        how: how_of(finding),
        mode: finding.attributes.map(|attributes| attributes.mode),
        others: finding.others.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect(),
        text: finding.text(),
    });
    let sums = findings.lists().into_iter().map(|list| SumRecord {
        kind: list.kind.name(),
        count: list.count,
        files: list.files,
        bytes: list.bytes,
    });
    WasteDocument {
        reference: reference.to_string(),
        digest: source.manifest.digest.to_string(),
        platform: source.platform.as_ref(),
        is_proved,
        files: waste.files,
        file_bytes: waste.file_bytes,
        hidden_files: waste.hidden_files,
        hidden_bytes: waste.hidden_bytes,
        hidden_compressed_bytes: waste.compressed_hidden,
        efficiency: waste.efficiency(),
        layers: layers.collect(),
        paths: paths.collect(),
        paths_left_out: waste.paths.count.saturating_sub(waste.paths.rows.len() as u64),
        findings: rows.collect(),
        sums: sums.collect(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_percent_or_bytes_with_a_unit() {
        let table = [
            ("5%", Some(HiddenLimit::Share(5_000))),
            ("0.5 %", Some(HiddenLimit::Share(500))),
            ("50MB", Some(HiddenLimit::Bytes(50_000_000))),
            ("1.5 GiB", Some(HiddenLimit::Bytes(3 << 29))),
            ("0", Some(HiddenLimit::Bytes(0))),
            ("7b", Some(HiddenLimit::Bytes(7))),
            ("99999999999999999999GiB", Some(HiddenLimit::Bytes(u64::MAX))),
            ("0.0001%", None),
            ("1e3%", None),
            ("٣%", None),
            ("", None),
            ("%", None),
            ("MB", None),
            ("-1%", None),
            ("NaN%", None),
            ("5 apples", None),
            ("1.2.3MB", None),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<HiddenLimit>().ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_image_with_exactly_the_limit_does_not_exceed_it() {
        for percent in 0..=100 {
            let limit: HiddenLimit = format!("{percent}%").parse().expect("a limit");
            let exceeded = [percent, percent + 1].map(|hidden| limit.is_exceeded(hidden, 100));
            assert_eq!(exceeded, [false, true], "{percent}%");
        }
        assert!(!HiddenLimit::Share(0).is_exceeded(0, 0));
        assert!(HiddenLimit::Share(99_999).is_exceeded(u64::MAX, u64::MAX));
        let bytes = HiddenLimit::Bytes(10);
        assert_eq!([10, 11].map(|hidden| bytes.is_exceeded(hidden, 0)), [false, true]);
    }
}
