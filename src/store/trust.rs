//! The decisions of the user about servers that are not trusted otherwise: pinned certificates, and plain HTTP.

use std::collections::BTreeMap;
use std::io;

use rusqlite::params;

use super::error::hint;
use super::state::StateStore;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;

/// The decision about one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrustRow {
    /// The server must present the certificate with this fingerprint.
    Pinned(String),
    /// The server is reached without TLS.
    PlainHttp,
}

/// Reads all decisions, by server: `registry.example:443`.
pub(crate) fn read(state: &StateStore) -> io::Result<BTreeMap<String, TrustRow>> {
    let read = state.read(|connection| {
        let mut select = connection.prepare("SELECT server, fingerprint FROM server_trust")?;
        let rows = select.query_map([], |row| {
            let fingerprint: Option<String> = row.get(1)?;
            Ok((row.get(0)?, fingerprint.map_or(TrustRow::PlainHttp, TrustRow::Pinned)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    });
    Ok(read?.unwrap_or_default())
}

/// Returns the failure that says that the decisions could not be read.
pub(crate) fn unread(error: &io::Error) -> Failure {
    Failure {
        what: "the pinned certificates and the leaves for plain HTTP are not used".into(),
        why: SafeText::from(error.to_string()),
        hint: hint(error).map(SafeText::from),
        kind: FailureKind::Local,
    }
}

/// Keeps a decision about a server in the place of an earlier one, or forgets it.
pub(crate) fn write(state: &StateStore, server: &str, row: Option<&TrustRow>) -> io::Result<()> {
    state.write(|transaction| {
        transaction.execute("DELETE FROM server_trust WHERE server = ?", [server])?;
        let fingerprint = match row {
            None => return Ok(()),
            Some(TrustRow::Pinned(fingerprint)) => Some(fingerprint),
            Some(TrustRow::PlainHttp) => None,
        };
        transaction.execute(
            "INSERT INTO server_trust (server, fingerprint) VALUES (?, ?)",
            params![server, fingerprint],
        )?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_survive_the_end_of_the_program_and_replace_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = || StateStore::new(Some(folder.path().into()));
        assert!(read(&state()).expect("nothing is there").is_empty());
        let pin = |text: &str| TrustRow::Pinned(text.into());
        write(&state(), "a.test:443", Some(&pin("1"))).expect("it is written");
        write(&state(), "a.test:443", Some(&pin("2"))).expect("it is written");
        write(&state(), "b.test:80", Some(&TrustRow::PlainHttp)).expect("it is written");
        let all = read(&state()).expect("they are read");
        let expected = [("a.test:443", pin("2")), ("b.test:80", TrustRow::PlainHttp)];
        assert!(all.iter().map(|(server, row)| (server.as_str(), row.clone())).eq(expected));
        write(&state(), "a.test:443", None).expect("it is forgotten");
        assert_eq!(read(&state()).expect("they are read").len(), 1);
    }
}
