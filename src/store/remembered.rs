//! The repositories that were opened by name, kept in the state. Registries without a catalog can list nothing else.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::error::{OperationError, failure};
use super::state::StateStore;
use crate::model::failure::Failure;
use crate::model::reference::{Host, RepositoryName};

/// Repositories by registry, newest first.
type Names = BTreeMap<Host, Vec<RepositoryName>>;

/// Reads the repositories that were opened in earlier runs. Returns nothing if they cannot be read. Names that break
/// the grammar are left out.
pub fn read(state: &StateStore) -> Names {
    let read = state.read(|connection| {
        let mut names = Names::new();
        let mut select = connection.prepare("SELECT host, repository FROM opened ORDER BY host, position")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (host, name): (String, String) = (row.get(0)?, row.get(1)?);
            if let (Ok(host), Ok(name)) = (Host::parse(&host), RepositoryName::parse(&name)) {
                names.entry(host).or_default().push(name);
            }
        }
        Ok(names)
    });
    read.ok().flatten().unwrap_or_default()
}

/// Saves the repositories that were opened in one registry.
pub fn write(state: &StateStore, host: &Host, names: &[RepositoryName]) -> Result<(), Failure> {
    if state.folder().is_none() {
        return Ok(());
    }
    state
        .write(|transaction| replace(transaction, host, names))
        .map_err(|error| failure("cannot remember opened names", &error))
}

fn replace(
    transaction: &Transaction<'_>,
    host: &Host,
    names: &[RepositoryName],
) -> Result<(), OperationError> {
    transaction.execute("DELETE FROM opened WHERE host = ?", [host.as_str()])?;
    for (position, name) in names.iter().enumerate() {
        transaction.execute(
            "INSERT INTO opened (host, position, repository) VALUES (?, ?, ?)",
            params![host.as_str(), position as i64, name.as_str()],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn state(folder: &Path) -> StateStore {
        StateStore::new(Some(folder.into()))
    }

    #[test]
    fn opened_repositories_are_read_again_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Host::parse("r.test:5000").expect("a host");
        let names = ["team/app", "a", "z"].map(|name| RepositoryName::parse(name).expect("a name"));
        write(&state(folder.path()), &host, &names[..2]).expect("it is written");
        write(&state(folder.path()), &host, &names).expect("it is written");
        assert_eq!(read(&state(folder.path())), Names::from([(host.clone(), names.into())]));
        write(&state(folder.path()), &host, &[]).expect("it is written");
        assert!(read(&state(folder.path())).is_empty());
    }

    #[test]
    fn the_file_of_an_earlier_version_is_taken_over_once_and_its_invalid_names_are_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Host::parse("r.test:5000").expect("a host");
        let file = folder.path().join("opened.json");
        fs::write(&file, r#"{"r.test:5000":["team/app","../x"],"\u001b":["y"]}"#).expect("it is written");
        files_private(&file);
        let names = vec![RepositoryName::parse("team/app").expect("a name")];
        for _ in 0..2 {
            assert_eq!(read(&state(folder.path())), Names::from([(host.clone(), names.clone())]));
            assert!(!file.exists());
        }
    }

    fn files_private(file: &Path) {
        #[cfg(unix)]
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
        let _ = file;
    }

    #[test]
    fn nothing_is_created_by_reading() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read(&state(&folder.path().join("regtui"))).is_empty());
        assert!(!folder.path().join("regtui").exists());
        assert!(read(&state(folder.path())).is_empty());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
