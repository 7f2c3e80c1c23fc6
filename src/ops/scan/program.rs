//! The scanner of this machine: the one of the configuration, else trivy, else grype.

use std::ffi::OsStr;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{commands, find_program};
use crate::model::scan::command::{ScanCommand, Scanner};
use crate::model::text::SafeText;
use crate::programs::{self, ProgramLimits};

/// The limits of a question for the version.
const OF_VERSION: ProgramLimits = ProgramLimits { time: Duration::from_secs(10), output: 64 * 1024 };
/// The longest version that is shown.
const LONGEST_VERSION: usize = 40;

/// Finds the scanner in the folders of `path`. Fails with the reason if there is none.
pub fn find_scanner(
    configured: Option<&ScanCommand>,
    timeout: u32,
    path: &OsStr,
) -> Result<Scanner, SafeText> {
    if let Some(command) = configured {
        let program = &command.program;
        let found = find_program(program, path);
        let found = found.ok_or_else(|| SafeText::from(format!("`{program}` of `scan` is not in PATH")))?;
        let name = found.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let tells_version = matches!(name.as_str(), "trivy" | "grype");
        return Ok(Scanner {
            path: found,
            name,
            of_sbom: command.needs_sbom().then(|| command.clone()),
            of_image: command.clone(),
            tells_version,
            timeout,
        });
    }
    let trivy = commands(
        "trivy",
        &["image", "--format", "json", "--quiet", "{digest_reference}"],
        &["sbom", "--format", "json", "--quiet", "{sbom}"],
    );
    let grype = commands(
        "grype",
        &["registry:{digest_reference}", "-o", "json", "--quiet"],
        &["sbom:{sbom}", "-o", "json", "--quiet"],
    );
    let known = [trivy, grype].into_iter().find_map(|(of_image, of_sbom)| {
        let name = of_image.program.clone();
        let path = programs::find(&name, path)?;
        Some(Scanner { path, name, of_image, of_sbom: Some(of_sbom), tells_version: true, timeout })
    });
    known.ok_or_else(|| "neither `trivy` nor `grype` is in PATH".into())
}

/// Splits the name of a scanner from its version.
pub(super) fn split_version(by: Option<&SafeText>) -> (Option<SafeText>, Option<SafeText>) {
    let Some(by) = by.map(SafeText::as_str).filter(|by| !by.is_empty()) else { return (None, None) };
    match by.rsplit_once(' ') {
        Some((name, version)) if is_version(version) => {
            (Some(SafeText::clean(name)), Some(SafeText::clean(version)))
        }
        _ => (Some(SafeText::clean(by)), None),
    }
}

/// Asks a known scanner for its version.
pub(super) async fn ask_version(scanner: &Scanner, stop: &CancellationToken) -> Option<SafeText> {
    if !scanner.tells_version {
        return None;
    }
    let output = programs::run(&scanner.path, &["--version".into()], OF_VERSION, stop).await.ok()?;
    let text = String::from_utf8_lossy(&output).into_owned();
    text.split_whitespace().find(|word| is_version(word)).map(SafeText::clean)
}

/// Returns whether a word is a version: `0.58.1`, `v0.58.1`.
fn is_version(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or(word);
    word.len() <= LONGEST_VERSION
        && number.starts_with(|first: char| first.is_ascii_digit())
        && number.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scanner_of_the_configuration_comes_first_then_trivy_then_grype() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().as_os_str();
        let add = |name: &str| std::fs::write(folder.path().join(name), "").expect("a file");
        let why = |found: Result<Scanner, SafeText>| found.expect_err("none").to_string();
        assert_eq!(why(find_scanner(None, 9, path)), "neither `trivy` nor `grype` is in PATH");
        add("grype");
        assert_eq!(find_scanner(None, 9, path).expect("one").name, "grype");
        add("trivy");
        assert_eq!(find_scanner(None, 9, path).expect("one").name, "trivy");
        let own = ScanCommand::built_in("own", &["{digest_reference}"]);
        assert_eq!(why(find_scanner(Some(&own), 9, path)), "`own` of `scan` is not in PATH");
        add("own");
        let found = find_scanner(Some(&own), 9, path).expect("one");
        assert!(found.name == "own" && found.of_sbom.is_none() && !found.tells_version);
    }

    #[test]
    fn versions_are_split_from_names() {
        let split = |by: &'static str| {
            let (name, version) = split_version(Some(&by.into()));
            (name.map(|text| text.to_string()), version.map(|text| text.to_string()))
        };
        let table = [
            ("trivy 0.58.1", "trivy", Some("0.58.1")),
            ("trivy", "trivy", None),
            ("Docker Scout", "Docker Scout", None),
            ("my scanner v1.2", "my scanner", Some("v1.2")),
        ];
        for (by, name, version) in table {
            assert_eq!(split(by), (Some(name.into()), version.map(str::to_owned)), "{by}");
        }
        assert_eq!(split_version(None), (None, None));
    }
}
