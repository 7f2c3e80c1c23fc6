//! The token services outside of their registries' sites that the user lets have a login, kept in the state.

use rusqlite::params;

use super::state::StateStore;
use crate::model::reference::Host;

/// Reads the token services of a registry, `host:port` each. Returns none if they cannot be read.
pub(crate) fn read(state: &StateStore, host: &Host) -> Vec<String> {
    let read = state.read(|connection| {
        let mut select = connection.prepare("SELECT service FROM token_service WHERE host = ?")?;
        let rows = select.query_map([host.as_str()], |row| row.get(0))?;
        Ok(rows.collect::<Result<Vec<String>, _>>()?)
    });
    read.ok().flatten().unwrap_or_default()
}

/// Remembers that a token service may get the login for a registry.
pub(crate) fn add(state: &StateStore, host: &Host, service: &str) -> std::io::Result<()> {
    state.write(|transaction| {
        let statement = "INSERT OR IGNORE INTO token_service (host, service) VALUES (?, ?)";
        transaction.execute(statement, params![host.as_str(), service])?;
        Ok(())
    })
}

/// Forgets the token services of a registry. Creates nothing.
pub(crate) fn forget(state: &StateStore, host: &Host) -> std::io::Result<()> {
    if read(state, host).is_empty() {
        return Ok(());
    }
    state.write(|transaction| {
        transaction.execute("DELETE FROM token_service WHERE host = ?", [host.as_str()])?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_service_is_remembered_for_its_registry_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = || StateStore::new(Some(folder.path().join("regtui")));
        let [here, there] = ["r.test:5000", "r.test"].map(|host| Host::parse(host).expect("a host"));
        assert!(read(&state(), &here).is_empty());
        forget(&state(), &here).expect("nothing to do");
        assert!(!folder.path().join("regtui").exists());
        for _ in 0..2 {
            add(&state(), &here, "sso.test:443").expect("it is written");
        }
        assert_eq!(read(&state(), &here), ["sso.test:443"]);
        assert!(read(&state(), &there).is_empty());
        forget(&state(), &here).expect("it is written");
        assert!(read(&state(), &here).is_empty());
    }
}
