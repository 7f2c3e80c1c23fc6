//! The tables of both databases. The last element of a list is the newest version. A released element is never changed:
//! a new version is added after it, and databases of earlier versions go through all that follow.

use std::time::Duration;

/// A database and everything that differs between the two.
#[derive(Debug)]
pub(crate) struct DatabaseKind {
    /// The name of the file.
    pub(crate) file: &'static str,
    /// The statements that lead from each version to the next one, from an empty file on.
    pub(crate) migrations: &'static [&'static str],
    /// Settings of each connection.
    pub(crate) settings: &'static str,
    /// How long a connection waits for one of another process.
    pub(crate) wait: Duration,
}

/// Bookmarks, the registries that were used lately, and the last session. An empty text stands for a missing part of a
/// name. The session is one row: a JSON document.
const BOOKMARKS_AND_SESSION: &str = "
    CREATE TABLE bookmark (
        host TEXT NOT NULL,
        repository TEXT NOT NULL,
        selector TEXT NOT NULL,
        PRIMARY KEY (host, repository, selector)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE recent_registry (
        host TEXT NOT NULL PRIMARY KEY,
        number INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE session (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        document TEXT NOT NULL
    ) STRICT;
";

/// The journal, the repositories that were opened by name, the token services that may get logins, the bookmarks, the
/// registries that were used lately, the last session, and the decisions about servers.
///
/// A line belongs to an entry and has a number in it. Its checksum covers both, the document and the bytes, so that a
/// line that was altered or moved is noticed: see `journal::line`. Entries of earlier versions have negative numbers,
/// because they began before all others.
pub(crate) const STATE: DatabaseKind = DatabaseKind {
    file: "state.db",
    migrations: &[
        "
        CREATE TABLE entry (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            kind TEXT,
            lines INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE line (
            entry INTEGER NOT NULL,
            number INTEGER NOT NULL,
            checksum TEXT NOT NULL,
            document TEXT NOT NULL,
            bytes BLOB,
            PRIMARY KEY (entry, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE opened (
            host TEXT NOT NULL,
            position INTEGER NOT NULL,
            repository TEXT NOT NULL,
            PRIMARY KEY (host, position)
        ) STRICT, WITHOUT ROWID;
    ",
        "
        CREATE TABLE token_service (
            host TEXT NOT NULL,
            service TEXT NOT NULL,
            PRIMARY KEY (host, service)
        ) STRICT, WITHOUT ROWID;
    ",
        BOOKMARKS_AND_SESSION,
        // Without a fingerprint the server is reached over plain HTTP.
        "
        CREATE TABLE server_trust (
            server TEXT PRIMARY KEY,
            fingerprint TEXT
        ) STRICT, WITHOUT ROWID;
    ",
    ],
    // FULL: each commit is on the disk when it returns.
    settings: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 1048576;",
    wait: Duration::from_secs(5),
};

/// Content by digest and the files of layers, which all registries share, and the facts about each repository.
pub(crate) const CACHE: DatabaseKind = DatabaseKind {
    file: "cache.db",
    migrations: &[
        "
        CREATE TABLE content (
            id INTEGER PRIMARY KEY,
            digest TEXT NOT NULL UNIQUE,
            bytes BLOB NOT NULL
        ) STRICT;
        CREATE TABLE repository (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE TABLE tag (
            repository INTEGER NOT NULL,
            name TEXT NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (repository, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE manifest (
            repository INTEGER NOT NULL,
            digest TEXT NOT NULL,
            media_type TEXT NOT NULL,
            PRIMARY KEY (repository, digest)
        ) STRICT, WITHOUT ROWID;
    ",
        "
        CREATE TABLE file_list (
            id INTEGER PRIMARY KEY,
            layer TEXT NOT NULL UNIQUE,
            checksum TEXT NOT NULL,
            list BLOB NOT NULL
        ) STRICT;
    ",
    ],
    // NORMAL: a power failure may cost the last commits, and everything can be fetched again.
    settings: "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304; PRAGMA max_page_count = 81920;",
    wait: Duration::from_secs(2),
};
