//! The registries that were used lately, kept in the state. Each is written by itself, so that two runs at the same time
//! keep those of both.

use std::io;

use rusqlite::params;

use super::state::StateStore;
use crate::model::reference::Host;

/// Largest number of registries that are kept.
pub const MOST_KEPT: usize = 30;

/// Reads the registries, the one used last first. Returns none if they cannot be read.
pub fn read(state: &StateStore) -> Vec<Host> {
    let read = state.read(|connection| {
        let mut select =
            connection.prepare("SELECT host FROM recent_registry ORDER BY number DESC LIMIT ?")?;
        let rows = select.query_map([MOST_KEPT as i64], |row| row.get(0))?;
        Ok(rows.collect::<Result<Vec<String>, _>>()?)
    });
    let names = read.ok().flatten().unwrap_or_default();
    names.iter().filter_map(|name| Host::parse(name).ok()).collect()
}

/// Puts a registry before all others, or forgets it. Does nothing if there is no place for the state.
pub fn write(state: &StateStore, host: &Host, is_kept: bool) -> io::Result<()> {
    if state.folder().is_none() {
        return Ok(());
    }
    state.write(|transaction| {
        if !is_kept {
            transaction.execute("DELETE FROM recent_registry WHERE host = ?", [host.as_str()])?;
            return Ok(());
        }
        transaction.execute(
            "INSERT OR REPLACE INTO recent_registry (host, number)
             SELECT ?, coalesce(max(number), 0) + 1 FROM recent_registry",
            [host.as_str()],
        )?;
        transaction.execute(
            "DELETE FROM recent_registry WHERE host NOT IN
             (SELECT host FROM recent_registry ORDER BY number DESC LIMIT ?)",
            params![MOST_KEPT as i64],
        )?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_used_last_is_the_first_and_the_oldest_are_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = StateStore::new(Some(folder.path().join("regtui")));
        let host = |number: usize| Host::parse(&format!("r{number}.test")).expect("a host");
        for number in 0..=MOST_KEPT {
            write(&state, &host(number), true).expect("it is written");
        }
        write(&state, &host(1), true).expect("it is written");
        let kept = read(&state);
        assert_eq!((kept.len(), &kept[0], &kept[1]), (MOST_KEPT, &host(1), &host(MOST_KEPT)));
        assert!(!kept.contains(&host(0)));
        write(&state, &host(1), false).expect("it is written");
        assert!(!read(&state).contains(&host(1)));
    }
}
