//! The last session, kept in the state as one JSON document.

use std::io;

use rusqlite::{OptionalExtension, params};

use super::state::StateStore;
use crate::model::session::Session;

/// Reads the last session. Returns `None` if there is none, or none that can be read.
pub fn read(state: &StateStore) -> Option<Session> {
    let read = state.read(|connection| {
        let mut select = connection.prepare("SELECT document FROM session WHERE id = 1")?;
        Ok(select.query_row([], |row| row.get::<_, String>(0)).optional()?)
    });
    let document = read.ok().flatten().flatten()?;
    let session = serde_json::from_str(&document);
    session.inspect_err(|error| tracing::warn!(%error, "the last session cannot be read")).ok()
}

/// Replaces the last session. Does nothing if there is no place for the state.
pub fn write(state: &StateStore, session: &Session) -> io::Result<()> {
    if state.folder().is_none() {
        return Ok(());
    }
    let document = serde_json::to_string(session).map_err(io::Error::other)?;
    state.write(|transaction| {
        let statement = "INSERT OR REPLACE INTO session (id, document) VALUES (1, ?)";
        transaction.execute(statement, params![document])?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::{Host, RepositoryName};
    use crate::model::session::{KeptCursor, SessionRegistry, SessionSort};

    #[test]
    fn the_last_session_is_read_as_it_was_written_and_a_document_that_is_none_is_no_session() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = StateStore::new(Some(folder.path().join("regtui")));
        assert_eq!(read(&state), None);
        assert!(!folder.path().join("regtui").exists(), "reading creates nothing");
        let host = Host::parse("r.test").expect("a host");
        let name = |text| RepositoryName::parse(text).expect("a name");
        let registry = SessionRegistry {
            host: host.clone(),
            tree: true,
            sort: SessionSort { by: "size".into(), reversed: true },
            repository: Some(KeptCursor { name: name("b"), near: vec![name("c"), name("a")] }),
            image: Some(KeptCursor { name: "1.0".parse().expect("a tag"), near: Vec::new() }),
        };
        let session = Session { registries: vec![registry], selected: Some(host), ..Session::default() };
        write(&state, &Session::default()).expect("it is written");
        write(&state, &session).expect("it is written");
        assert_eq!(read(&state), Some(session));
        let later = r#"{"registries":[{"host":"r.test","later":1}],"later":{}}"#;
        for (document, is_one) in
            [("{", false), (r#"{"registries":[{"host":"../x"}]}"#, false), (later, true)]
        {
            let update = |to: &rusqlite::Transaction<'_>| {
                Ok(to.execute("UPDATE session SET document = ?", [document])?)
            };
            state.write(update).expect("it is written");
            assert_eq!(read(&state).is_some(), is_one, "{document}");
        }
    }
}
