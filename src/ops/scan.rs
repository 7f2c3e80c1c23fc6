//! Scans images with a program of this machine. regtui finds nothing itself: it names the image to the program, reads what
//! it prints, and keeps the result by the digest of the image.

mod kept;
mod program;
mod sbom;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::context::JobControl;
use super::files::image::own_platform;
use super::inspect::{find_referrers, inspect_image};
use crate::client::Pool;
use crate::model::attached::findings_of_report;
use crate::model::change::progress::{Outcome, ProgressItem, Report};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::inspection::{Inspection, Variant};
use crate::model::lenient;
use crate::model::platform::Platform;
use crate::model::reference::{Reference, Repository, Selector};
use crate::model::scan::ScanRequest;
use crate::model::scan::command::{ScanCommand, ScanValues, Scanner};
use crate::model::scan::report::{ScanFacts, ScanReport, SeverityCounts};
use crate::model::summary::Kind;
use crate::model::text::SafeText;
use crate::programs::{self, ProgramError, ProgramLimits};

pub(crate) use kept::{read_facts, read_kept};
pub use program::find_scanner;

/// Most bytes that a scanner may print.
const MOST_OUTPUT: u64 = 64 * 1024 * 1024;

/// Why an image was not scanned.
#[derive(Debug)]
pub(crate) enum ScanError {
    /// It failed.
    Failed(Failure),
    /// It was stopped.
    Stopped,
}

impl From<Failure> for ScanError {
    fn from(failure: Failure) -> ScanError {
        ScanError::Failed(failure)
    }
}

/// Scans the images of a request one after the other, and keeps the results.
pub(crate) async fn scan_all(
    pool: &Pool,
    scanner: &Scanner,
    request: &ScanRequest,
    control: &JobControl,
) -> Report {
    let item = |image: &Selector| ProgressItem::new(SafeText::from(image.short()), [image.clone()]);
    let mut items: Vec<ProgressItem> = request.images.iter().map(item).collect();
    control.begin(items.clone(), 0);
    for (number, (item, image)) in items.iter_mut().zip(&request.images).enumerate() {
        if control.stop.is_cancelled() {
            break;
        }
        let reference = reference_of(&request.repository, image);
        control.set_current(SafeText::from(format!("scanning {reference}")));
        let platform = request.platform.as_ref();
        let scanned = scan_image(pool, scanner, &reference, platform, &control.stop).await;
        let outcome = match scanned {
            Ok(report) => {
                let facts = &report.facts;
                let text = format!("{}, by {}{}", facts.counts.describe(), facts.by(), facts.source_note());
                Outcome::Done(SafeText::from(text))
            }
            Err(ScanError::Failed(failure)) => Outcome::Failed(failure),
            Err(ScanError::Stopped) => Outcome::Stopped,
        };
        control.set_outcome(number, &outcome);
        item.outcome = Some(outcome);
    }
    // The results are looked for as soon as the job has ended.
    pool.flush().await;
    Report { items, ..Report::default() }
}

fn reference_of(repository: &Repository, image: &Selector) -> Reference {
    let (tag, digest) = match image {
        Selector::Tag(tag) => (Some(tag.clone()), None),
        Selector::Digest(digest) => (None, Some(*digest)),
    };
    Reference { repository: repository.clone(), tag, digest }
}

/// Scans an image, of an index that for `platform`. Without one it is the image for this machine, else the only one.
pub(crate) async fn scan_image(
    pool: &Pool,
    scanner: &Scanner,
    reference: &Reference,
    platform: Option<&Platform>,
    stop: &CancellationToken,
) -> Result<ScanReport, ScanError> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(ScanError::Stopped),
        scanned = scan(pool, scanner, reference, platform, stop) => scanned,
    }
}

async fn scan(
    pool: &Pool,
    scanner: &Scanner,
    reference: &Reference,
    platform: Option<&Platform>,
    stop: &CancellationToken,
) -> Result<ScanReport, ScanError> {
    let what = || format!("cannot scan {reference}");
    let registry = pool.registry(&reference.repository.host);
    let read = inspect_image(&*registry, &reference.repository, &reference.selector()).await;
    let mut inspection = read.map_err(|error| error.failure(what()))?;
    let needs_sbom = scanner.of_sbom.is_some();
    if needs_sbom {
        let found = find_referrers(&*registry, &inspection, None).await;
        inspection.take_referrers(found);
    }
    let variant = choose_variant(&inspection, platform).map_err(|why| Failure::local(what(), why))?;
    let manifest = variant.manifest.as_ref().map_err(Clone::clone)?;
    let sbom = if needs_sbom { sbom::find_sbom(&*registry, &inspection, variant).await? } else { None };
    let (command, is_of_sbom) = match (&scanner.of_sbom, &sbom) {
        (Some(command), Some(_)) => (command, true),
        _ => (&scanner.of_image, false),
    };
    let values = ScanValues {
        reference,
        digest: manifest.digest,
        platform: variant.platform.as_ref(),
        sbom: sbom.as_ref().map(|file| file.path()),
    };
    let arguments = command.arguments_for(&values).map_err(|why| Failure::local(what(), why))?;
    let limits = ProgramLimits { time: Duration::from_secs(scanner.timeout.into()), output: MOST_OUTPUT };
    let output = match programs::run(&scanner.path, &arguments, limits, stop).await {
        Ok(output) => output,
        Err(ProgramError::Stopped) => return Err(ScanError::Stopped),
        Err(error) => {
            let mut failure = Failure::local(what(), format!("`{}` {}", scanner.name, error.why()));
            failure.hint = hint(&error);
            return Err(failure.into());
        }
    };
    // The whole report is read on a thread of its own, because it may be long.
    let read = tokio::task::spawn_blocking(move || {
        let found = findings_of_report(&lenient::decode(&output));
        found.ok_or_else(|| beginning(&output))
    });
    let found = read.await.map_err(|error| Failure::local(what(), error.to_string()))?;
    let found = found.map_err(|beginning| {
        let why = format!("`{}` printed no report that regtui reads: {beginning}", scanner.name);
        let mut failure = Failure::local(what(), why);
        failure.hint = Some("JSON of trivy or grype, or SARIF is expected on standard output".into());
        failure
    })?;
    let (name, version) = match program::split_version(found.by.as_ref()) {
        (Some(name), Some(version)) => (name, Some(version)),
        (name, None) => (
            name.unwrap_or_else(|| SafeText::clean(&scanner.name)),
            program::ask_version(scanner, stop).await,
        ),
        (None, version) => (SafeText::clean(&scanner.name), version),
    };
    let facts = ScanFacts {
        digest: manifest.digest,
        platform: variant.platform.clone(),
        scanner: name,
        scanner_version: version,
        at: Timestamp::now(),
        is_of_sbom,
        counts: SeverityCounts::default(),
        total: 0,
    };
    let report = ScanReport::new(facts, found);
    let names: [Digest; 2] = [manifest.digest, inspection.summary.digest];
    kept::keep(&*registry, &names, &report).await;
    Ok(report)
}

fn hint(error: &ProgramError) -> Option<SafeText> {
    match error {
        ProgramError::TooSlow(_) => Some("`scan_timeout` in the configuration gives it more seconds".into()),
        ProgramError::Failed(..) => Some("the scanner uses its own logins, not those of regtui".into()),
        _ => None,
    }
}

/// Returns the first bytes of an output that is no report.
fn beginning(output: &[u8]) -> SafeText {
    let text = String::from_utf8_lossy(output.get(..output.len().min(256)).unwrap_or_default()).into_owned();
    let line = text.trim().lines().next().unwrap_or_default();
    if line.is_empty() {
        return "nothing".into();
    }
    let line = crate::model::redact::secrets(line);
    SafeText::from(format!("`{}`", line.chars().take(80).collect::<String>()))
}

/// Returns the image to scan, or the reason why there is none.
fn choose_variant<'a>(
    inspection: &'a Inspection,
    platform: Option<&Platform>,
) -> Result<&'a Variant, SafeText> {
    let images: Vec<&Variant> = inspection
        .variants
        .iter()
        .filter(|variant| matches!(variant.kind, Kind::Image | Kind::Schema1))
        .collect();
    let of = |platform: &Platform| {
        images
            .iter()
            .find(|image| image.platform.as_ref().is_some_and(|own| own.is_same_machine(platform)))
            .copied()
    };
    let listed = || {
        let names: Vec<String> = images.iter().map(|image| image.name()).collect();
        SafeText::from(format!("there are images for {}", names.join(", ")))
    };
    match (platform, images.as_slice()) {
        (_, []) => Err("it is no image".into()),
        (Some(platform), _) => of(platform).ok_or_else(listed),
        (None, [image]) => Ok(image),
        (None, _) => own_platform().as_ref().and_then(of).ok_or_else(listed),
    }
}

/// Returns whether a path is a file in PATH or an absolute path of a file.
fn find_program(name: &str, path: &OsStr) -> Option<PathBuf> {
    if name.contains('/') {
        let file = Path::new(name);
        return (file.is_absolute() && file.is_file()).then(|| file.to_path_buf());
    }
    programs::find(name, path)
}

/// Returns the command of a scanner for an image and for an SBOM.
fn commands(name: &str, of_image: &[&str], of_sbom: &[&str]) -> (ScanCommand, ScanCommand) {
    (ScanCommand::built_in(name, of_image), ScanCommand::built_in(name, of_sbom))
}
