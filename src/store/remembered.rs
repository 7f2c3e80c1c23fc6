//! The repositories that were opened by name, kept in the state directory. Registries without a catalog can list
//! nothing else.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::config::paths;
use crate::files;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Host, RepositoryName};
use crate::model::text::SafeText;

/// Allows one writer at a time: each reads the file before it writes it.
static WRITER: Mutex<()> = Mutex::new(());

/// Repositories by registry, newest first.
type Names = BTreeMap<Host, Vec<RepositoryName>>;

/// Reads the repositories that were opened in earlier runs. Returns nothing if the file is missing, cannot be read or
/// is malformed.
pub fn read() -> Names {
    file().and_then(|file| text_of(&file).ok()).map(|text| parse(&text)).unwrap_or_default()
}

fn text_of(file: &Path) -> io::Result<String> {
    file.parent().map_or(Ok(()), files::check_folder)?;
    let mut text = String::new();
    files::read(file)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Saves the repositories that were opened in one registry.
pub fn write(host: &Host, names: &[RepositoryName]) -> Result<(), Failure> {
    let _one = WRITER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(file) = file() else { return Ok(()) };
    let mut all = read();
    all.insert(host.clone(), names.to_vec());
    save(&file, &all).map_err(|error| Failure {
        what: "cannot remember opened names".into(),
        why: SafeText::from(match files::distrust(&error) {
            Some(distrust) => distrust.to_string(),
            None => format!("{}: {error}", file.display()),
        }),
        hint: files::distrust(&error).and_then(|distrust| distrust.hint.clone()).map(SafeText::from),
        kind: FailureKind::Local,
    })
}

/// Forgets a registry that will never exist again.
pub fn forget(host: &Host) {
    let _one = WRITER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut all = read();
    if let Some(file) = file()
        && all.remove(host).is_some()
    {
        // If this fails, the only cost is an unused line in the file.
        save(&file, &all).ok();
    }
}

fn file() -> Option<PathBuf> {
    Some(paths::state()?.join("opened.json"))
}

fn parse(text: &str) -> Names {
    let read: BTreeMap<String, Vec<String>> = serde_json::from_str(text).unwrap_or_default();
    let entry = |(host, names): (String, Vec<String>)| {
        let names = names.iter().filter_map(|name| RepositoryName::parse(name).ok()).collect();
        Some((Host::parse(&host).ok()?, names))
    };
    read.into_iter().filter_map(entry).collect()
}

fn save(file: &Path, names: &Names) -> io::Result<()> {
    files::replace(file, |new| new.write_all(&serde_json::to_vec_pretty(names)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_repositories_are_read_again_and_invalid_names_are_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("state/opened.json");
        let host = Host::parse("r.test:5000").expect("a host");
        let names = vec![RepositoryName::parse("team/app").expect("a name")];
        save(&file, &Names::from([(host.clone(), names.clone())])).expect("it is written");
        assert_eq!(parse(&text_of(&file).expect("it is there")).get(&host), Some(&names));
        assert_eq!(
            parse(r#"{"r.test:5000":["team/app","../x"],"\u001b":["y"]}"#),
            Names::from([(host, names)])
        );
        assert!(parse("nonsense").is_empty());
    }
}
