//! Lists that a registry hands out page by page.

use std::collections::HashSet;

use compact_str::CompactString;

use super::text::SafeText;

/// A name as the server listed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListedName<T> {
    /// A name by the grammar: it can be opened.
    Named(T),
    /// Anything else: shown, flagged, never sent back to the server.
    Odd(SafeText),
}

impl<T: AsRef<str>> ListedName<T> {
    /// The name, fit to be drawn.
    pub fn text(&self) -> &str {
        match self {
            ListedName::Named(name) => name.as_ref(),
            ListedName::Odd(text) => text.as_str(),
        }
    }

    /// The name, if it can be opened.
    pub fn name(&self) -> Option<&T> {
        match self {
            ListedName::Named(name) => Some(name),
            ListedName::Odd(_) => None,
        }
    }
}

/// One page of names.
#[derive(Debug)]
pub struct Page<T> {
    /// The names that no earlier page had, in the order of the server.
    pub items: Vec<ListedName<T>>,
    /// Where to go on; `None` at the end.
    pub next: Option<NextPage>,
    /// Why the list may miss something although it ended: a page that came twice, a limit, a page that was gone.
    pub incomplete: Option<SafeText>,
}

/// The place of the next page, and what keeps a server from leading in circles. Opaque to all but the client.
#[derive(Debug, Default)]
pub struct NextPage {
    /// What the server has sent already, in parts, the next one last: a page of a million names is handed out in these.
    pub held: Vec<Vec<CompactString>>,
    /// Path and query of the next request, already checked to be on the origin of the first one; `None` if what is held is
    /// the end.
    pub path_and_query: Option<String>,
    /// Why the list may miss something, once what is held is handed out.
    pub incomplete: Option<&'static str>,
    /// Whether the server did not name this page: it is a look behind a full one.
    pub is_probe: bool,
    /// Pages fetched so far.
    pub pages: u32,
    /// Hashes of the pages asked for.
    pub asked: HashSet<u64>,
    /// Hashes of the names seen.
    pub seen: HashSet<u64>,
    /// Bytes of the names seen.
    pub bytes: usize,
}
