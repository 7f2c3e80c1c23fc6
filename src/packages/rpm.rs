//! The SQLite database of rpm, which rpm 4.16 and later keep: <https://rpm.org/wiki/Releases/4.16.0>.
//!
//! Its table `Packages` has one row for each package, and the row holds the header of the package. SQLite reads a database
//! from outside: nothing in its schema is trusted, nothing is written, and all sizes are limited as
//! <https://www.sqlite.org/security.html> advises.

use std::io::Read;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

use super::package::{Ecosystem, Package, PackageError, ParsedPackages, optional_text};
use super::rpm_header::RpmHeader;

/// The first bytes of a database: <https://www.sqlite.org/fileformat2.html#the_database_header>.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The length of the header of a database.
const HEADER: usize = 100;
/// The bytes of the header that name the journal: 1 is a rollback journal, 2 a write-ahead log.
const JOURNAL: std::ops::Range<usize> = 18..20;
/// Most bytes of one header. rpm refuses more than 256 MiB; the largest of a distribution has some 20 MiB.
const LONGEST_ROW: i32 = 32 << 20;
/// Most rows that are read. The same page may stand in the database several times.
const MOST_ROWS: usize = 200_000;
/// The operations of SQLite between two looks at their number.
const OPERATIONS: std::ffi::c_int = 10_000;
/// Most looks: 100 million operations, some seconds. The rows that are allowed take fewer than two million.
const MOST_LOOKS: u32 = 10_000;
/// The limits of the statement, and of the schema that SQLite parses.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, LONGEST_ROW),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 10),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 3),
    (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 8),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
];
/// The settings of the connection that distrust the database.
const SETTINGS: &[(DbConfig, bool)] = &[
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
];

/// Parses `rpmdb.sqlite`. Keys of signatures, which rpm lists as packages of the name `gpg-pubkey`, are left out.
pub(super) fn parse_sqlite(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    if !content.starts_with(MAGIC) || content.len() < HEADER {
        return Err(PackageError::Damaged("it is no SQLite database".into()));
    }
    read_rows(content).map_err(|error| match error {
        RowError::Database(error) => PackageError::Damaged(error.to_string()),
        RowError::Package(error) => error,
    })
}

/// The reason why reading rows ended.
enum RowError {
    Database(rusqlite::Error),
    Package(PackageError),
}

impl From<rusqlite::Error> for RowError {
    fn from(error: rusqlite::Error) -> RowError {
        RowError::Database(error)
    }
}

impl From<PackageError> for RowError {
    fn from(error: PackageError) -> RowError {
        RowError::Package(error)
    }
}

fn read_rows(content: &[u8]) -> Result<ParsedPackages, RowError> {
    let database = open(content)?;
    // A view or a virtual table of this name could compute for ever.
    let schema = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND lower(name) = 'packages' \
                  AND upper(sql) LIKE 'CREATE TABLE %'";
    if database.query_row(schema, [], |row| row.get::<_, i64>(0))? != 1 {
        return Err(PackageError::Damaged("it has no table `Packages`".into()).into());
    }
    let mut statement = database.prepare("SELECT blob FROM Packages")?;
    let mut rows = statement.query([])?;
    let mut parsed = ParsedPackages::default();
    let mut count = 0;
    let mut left = content.len();
    while let Some(row) = rows.next()? {
        count += 1;
        if count > MOST_ROWS {
            return Err(PackageError::ManyPackages.into());
        }
        let blob = row.get_ref(0)?.as_blob().ok();
        // Rows that are more than the file share pages, so few pages could take hours.
        let rest = left.checked_sub(blob.map_or(0, <[u8]>::len));
        left = rest.ok_or_else(|| PackageError::Damaged("its rows are larger than the file".into()))?;
        add_header(&mut parsed, blob.and_then(RpmHeader::parse).as_ref())?;
    }
    Ok(parsed)
}

/// Adds the package of a header, unless it is the key of a signature.
pub(super) fn add_header(
    parsed: &mut ParsedPackages,
    header: Option<&RpmHeader<'_>>,
) -> Result<(), PackageError> {
    match header {
        Some(header) if header.name.is_some_and(|name| name == b"gpg-pubkey") => Ok(()),
        header => parsed.add(header.and_then(package)),
    }
}

/// Opens a database in memory that can only be read.
fn open(content: &[u8]) -> Result<Connection, rusqlite::Error> {
    let mut database = Connection::open_in_memory()?;
    for (limit, value) in LIMITS {
        database.set_limit(*limit, *value)?;
    }
    for (setting, is_on) in SETTINGS {
        database.set_db_config(*setting, *is_on)?;
    }
    // A page that stands in the tree of the schema several times multiplies its rows on each level, and SQLite reads all
    // of them before the first statement.
    let mut looks = 0;
    let is_too_long = move || {
        looks += 1;
        looks > MOST_LOOKS
    };
    database.progress_handler(OPERATIONS, Some(is_too_long))?;
    // A database in memory has no write-ahead log: <https://www.sqlite.org/c3ref/deserialize.html>.
    let (header, rest) = content.split_at(HEADER.min(content.len()));
    let mut header = header.to_vec();
    if let Some(journal) = header.get_mut(JOURNAL) {
        journal.fill(1);
    }
    database.deserialize_read_exact(MAIN_DB, header.chain(rest), content.len(), true)?;
    database.pragma_update(None, "cell_size_check", true)?;
    Ok(database)
}

/// Returns the package of a header.
fn package(header: &RpmHeader<'_>) -> Option<Package> {
    // The epoch stands in front if the header has one, also 0, as in the output of syft.
    let mut version = header.epoch.map(|epoch| format!("{epoch}:").into_bytes()).unwrap_or_default();
    version.extend_from_slice(header.version?);
    if let Some(release) = header.release {
        version.push(b'-');
        version.extend_from_slice(release);
    }
    let stated = |text: Option<&[u8]>| text.filter(|text| *text != b"(none)").and_then(optional_text);
    let package = Package::new(Ecosystem::Rpm, header.name?, &version)?;
    Some(Package {
        architecture: stated(header.architecture),
        source: stated(header.source),
        licence: stated(header.licence),
        installed_size: header.size,
        ..package
    })
}

#[cfg(test)]
mod tests {
    use super::super::rpm_header::tests::header;
    use super::*;

    /// Returns a database that SQL makes. `?1` and so on are blobs.
    fn database(sql: &str, blobs: &[Vec<u8>]) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rpmdb.sqlite");
        let database = Connection::open(&path).expect("a database");
        // As rpm does.
        database.pragma_update(None, "journal_mode", "WAL").expect("a log");
        database.execute_batch(sql).expect("a schema");
        for blob in blobs {
            database.execute("INSERT INTO Packages (blob) VALUES (?1)", [blob]).expect("a row");
        }
        database.close().expect("it closes");
        std::fs::read(path).expect("a file")
    }

    const SCHEMA: &str = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);\
                          CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER, idx INTEGER);";

    fn found(content: &[u8]) -> Vec<(String, String)> {
        let parsed = parse_sqlite(content).expect("a database");
        parsed
            .packages
            .iter()
            .map(|package| (package.name.to_string(), package.version.to_string()))
            .collect()
    }

    #[test]
    fn packages_are_listed_with_their_facts_and_keys_are_not() {
        let bash = header(&[
            (1000, 6, b"bash\0"),
            (1001, 6, b"5.1.8\0"),
            (1002, 6, b"6.el9\0"),
            (1009, 4, &7_738_634_u32.to_be_bytes()),
            (1014, 6, b"GPLv3+\0"),
            (1022, 6, b"x86_64\0"),
            (1044, 6, b"bash-5.1.8-6.el9.src.rpm\0"),
        ]);
        let openssl = header(&[
            (1000, 6, b"openssl-libs\0"),
            (1001, 6, b"3.0.7\0"),
            (1002, 6, b"24.el9\0"),
            (1003, 4, &1_u32.to_be_bytes()),
        ]);
        let key = header(&[(1000, 6, b"gpg-pubkey\0"), (1001, 6, b"fd431d51\0"), (1002, 6, b"4ae0493b\0")]);
        let blobs = [bash, key, openssl, b"damaged".to_vec(), Vec::new()];
        let content = database(SCHEMA, &blobs);
        assert_eq!(content[JOURNAL], [2, 2], "it is a database with a write-ahead log");
        let parsed = parse_sqlite(&content).expect("a database");
        assert_eq!(parsed.left_out, 2);
        let [bash, openssl] = parsed.packages.as_slice() else { panic!("two packages: {parsed:?}") };
        assert_eq!((bash.name.as_str(), bash.version.as_str()), ("bash", "5.1.8-6.el9"));
        assert_eq!(bash.architecture.as_deref(), Some("x86_64"));
        assert_eq!(bash.licence.as_deref(), Some("GPLv3+"));
        assert_eq!(bash.source.as_deref(), Some("bash-5.1.8-6.el9.src.rpm"));
        assert_eq!(bash.installed_size, Some(7_738_634));
        assert_eq!(openssl.version, "1:3.0.7-24.el9");
    }

    #[test]
    fn hostile_databases_are_refused() {
        let endless = "CREATE VIEW Packages AS WITH RECURSIVE r(blob) AS \
                       (SELECT x'00' UNION ALL SELECT x'00' FROM r) SELECT blob FROM r;";
        let computed = "CREATE TABLE Packages (a, blob GENERATED ALWAYS AS (zeroblob(1000000000)));\
                        INSERT INTO Packages (a) VALUES (1);";
        for (name, content) in [
            ("empty", Vec::new()),
            ("no database", b"\x00\x05\x31\x62".repeat(100)),
            ("only the magic", MAGIC.to_vec()),
            ("only a header", [MAGIC, &[0xff; HEADER - MAGIC.len()]].concat()),
            ("no table", database("CREATE TABLE other (blob BLOB);", &[])),
            ("an endless view", database(endless, &[])),
            ("a column that is computed", database(computed, &[])),
        ] {
            assert!(matches!(parse_sqlite(&content), Err(PackageError::Damaged(_))), "{name}");
        }
    }

    /// The size of a page of the databases below.
    const PAGE: usize = 4_096;

    /// Returns an inner page of a tree with `count` children that are all the same one.
    fn inner_page(child: u32, count: usize) -> Vec<u8> {
        let cell = (PAGE - 8) as u16;
        let mut page = vec![0; PAGE];
        page[0] = 5;
        page[3..5].copy_from_slice(&(count as u16).to_be_bytes());
        page[5..7].copy_from_slice(&cell.to_be_bytes());
        page[8..12].copy_from_slice(&child.to_be_bytes());
        page[12..12 + 2 * count].copy_from_slice(&cell.to_be_bytes().repeat(count));
        page[PAGE - 8..PAGE - 4].copy_from_slice(&child.to_be_bytes());
        page[PAGE - 4] = 5;
        page
    }

    /// Adds inner pages, each of which has the next one `fan` times as its child and the last one the page `leaf`.
    /// Returns the number of the first.
    fn add_levels(content: &mut Vec<u8>, leaf: u32, levels: u32, fan: usize) -> u32 {
        let first = (content.len() / PAGE) as u32 + 1;
        for level in 1..=levels {
            content.extend(inner_page(if level == levels { leaf } else { first + level }, fan));
        }
        let pages = (content.len() / PAGE) as u32;
        content[28..32].copy_from_slice(&pages.to_be_bytes());
        first
    }

    #[test]
    fn a_schema_whose_pages_stand_in_it_many_times_is_refused() {
        // The row of an index without SQL may come any number of times.
        let mut content =
            database("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB UNIQUE);", &[]);
        let page = content[..PAGE].to_vec();
        let cells = usize::from(page[HEADER + 4]);
        let pointers = page[HEADER + 8..HEADER + 8 + 2 * cells].to_vec();
        let place = |pointer: &&[u8]| usize::from(u16::from_be_bytes([pointer[0], pointer[1]]));
        let is_index =
            |pointer: &&[u8]| page[place(pointer)..].windows(14).take(40).any(|it| it == b"indexsqlite_au");
        let index = pointers.chunks(2).find(is_index).expect("the row of the index");
        let leaf = |pointers: &[u8]| {
            let mut leaf = page.clone();
            leaf[..8].copy_from_slice(&page[HEADER..HEADER + 8]);
            leaf[4] = (pointers.len() / 2) as u8;
            leaf[8..8 + pointers.len()].copy_from_slice(pointers);
            leaf
        };
        let first_leaf = (content.len() / PAGE) as u32 + 1;
        content.extend(leaf(&pointers));
        content.extend(leaf(&index.repeat(200)));
        let levels = add_levels(&mut content, first_leaf + 1, 6, 600);
        let mut root = inner_page(levels, 1);
        root[PAGE - 8..PAGE - 4].copy_from_slice(&first_leaf.to_be_bytes());
        root.copy_within(..14, HEADER);
        root[..HEADER].copy_from_slice(&content[..HEADER]);
        content[..PAGE].copy_from_slice(&root);
        let error = parse_sqlite(&content).expect_err("it is refused");
        assert_eq!(error, PackageError::Damaged("interrupted".into()));
    }

    #[test]
    fn rows_that_are_larger_than_the_file_are_refused() {
        let mut content = database(SCHEMA, &[vec![0; 100 * PAGE]]);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("copy");
        std::fs::write(&path, &content).expect("a file");
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'Packages'";
        let root: u32 = Connection::open(&path)
            .and_then(|database| database.query_row(root, [], |row| row.get(0)))
            .expect("a root");
        let at = (root as usize - 1) * PAGE;
        let leaf = (content.len() / PAGE) as u32 + 1;
        content.extend_from_within(at..at + PAGE);
        let levels = add_levels(&mut content, leaf, 6, 600);
        content[at..at + PAGE].copy_from_slice(&inner_page(levels, 1));
        let error = parse_sqlite(&content).expect_err("it is refused");
        assert_eq!(error, PackageError::Damaged("its rows are larger than the file".into()));
    }

    #[test]
    fn a_damaged_database_makes_nothing_panic() {
        let blob = header(&[(1000, 6, b"a\0"), (1001, 6, b"1\0"), (1002, 6, b"2\0")]);
        let blobs = vec![blob; 100];
        let content = database(SCHEMA, &blobs);
        assert_eq!(found(&content).len(), 100);
        for length in (0..content.len()).step_by(499) {
            parse_sqlite(&content[..length]).ok();
        }
        for at in (0..content.len()).step_by(211) {
            for byte in [0x00, 0x7f, 0xff] {
                let mut changed = content.clone();
                changed[at] = byte;
                parse_sqlite(&changed).ok();
            }
        }
    }
}
