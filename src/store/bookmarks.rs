//! The bookmarks, kept in the state. Each is written by itself, so that two runs at the same time keep those of both.

use std::io;

use rusqlite::params;

use super::state::StateStore;
use crate::model::bookmark::Bookmarks;
use crate::model::reference::{Host, RepositoryName, Selector, Target};

/// Reads the bookmarks. Returns none if they cannot be read. Names that break the grammar are left out.
pub fn read(state: &StateStore) -> Bookmarks {
    let read = state.read(|connection| {
        let mut select = connection.prepare("SELECT host, repository, selector FROM bookmark")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<Vec<(String, String, String)>, _>>()?)
    });
    let rows = read.ok().flatten().unwrap_or_default();
    rows.iter().filter_map(|(host, repository, selector)| parse(host, repository, selector)).collect()
}

/// Adds a bookmark, or takes it away. Does nothing if there is no place for the state.
pub fn write(state: &StateStore, target: &Target, is_kept: bool) -> io::Result<()> {
    if state.folder().is_none() {
        return Ok(());
    }
    let repository = target.repository().map(|repository| repository.name.to_string()).unwrap_or_default();
    let selector = target.selector().map(|selector| selector.to_string()).unwrap_or_default();
    let statement = if is_kept {
        "INSERT OR IGNORE INTO bookmark (host, repository, selector) VALUES (?, ?, ?)"
    } else {
        "DELETE FROM bookmark WHERE host = ? AND repository = ? AND selector = ?"
    };
    state.write(|transaction| {
        transaction.execute(statement, params![target.host().as_str(), repository, selector])?;
        Ok(())
    })
}

fn parse(host: &str, repository: &str, selector: &str) -> Option<Target> {
    let repository = match repository {
        "" => None,
        name => Some(RepositoryName::parse(name).ok()?),
    };
    let selector: Option<Selector> = match selector {
        "" => None,
        selector => Some(selector.parse().ok()?),
    };
    Some(Target::of_parts(Host::parse(host).ok()?, repository, selector))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn state(folder: &Path) -> StateStore {
        StateStore::new(Some(folder.join("regtui")))
    }

    #[test]
    fn registries_repositories_tags_and_digests_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let digest = format!("vm:5000/app@sha256:{}", "a".repeat(64));
        let names = ["docker.io", "docker.io/library/nginx:1.27", "vm:5000", "vm:5000/app", &digest];
        let vm = Host::parse("vm:5000").expect("a host");
        let targets = names.map(|name| match name {
            "vm:5000" => Target::Registry(vm.clone()),
            name => Target::parse(name).expect(name),
        });
        for target in targets.iter().chain(&targets) {
            write(&state(folder.path()), target, true).expect("it is written");
        }
        let read_names = |folder| read(&state(folder)).iter().map(Target::to_string).collect::<Vec<_>>();
        assert_eq!(read_names(folder.path()), names);
        assert!(read(&state(folder.path())).iter().eq(&targets));
        write(&state(folder.path()), &targets[3], false).expect("it is written");
        assert_eq!(read_names(folder.path()).len(), 4);
    }

    #[test]
    fn a_row_that_is_no_name_is_left_out_and_reading_creates_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(&state(folder.path())), Bookmarks::default());
        assert!(!folder.path().join("regtui").exists());
        let good = Target::parse("r.test/app").expect("a target");
        write(&state(folder.path()), &good, true).expect("it is written");
        let insert =
            "INSERT INTO bookmark VALUES ('r.test', '../x', ''), ('\u{1b}', '', ''), ('r.test', 'a', '-')";
        let inserted = state(folder.path()).write(|to| Ok(to.execute(insert, [])?));
        assert_eq!(inserted.expect("it is written"), 3);
        assert!(read(&state(folder.path())).iter().eq([&good]));
        write(&StateStore::new(None), &good, true).expect("nothing is kept without a folder");
    }
}
