//! Lists that a registry returns page by page.

use std::collections::HashSet;

use compact_str::CompactString;

use super::text::SafeText;
use super::vendor_lists::VendorPosition;

/// A name as the server listed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListedName<T> {
    /// A name by the grammar. It can be opened.
    Named(T),
    /// Any other text. It is shown, flagged, and never sent back to the server.
    Malformed(SafeText),
}

impl<T: AsRef<str>> ListedName<T> {
    /// Returns the name, fit to be drawn.
    pub fn text(&self) -> &str {
        match self {
            ListedName::Named(name) => name.as_ref(),
            ListedName::Malformed(text) => text.as_str(),
        }
    }

    /// Returns the name, if it can be opened.
    pub fn name(&self) -> Option<&T> {
        match self {
            ListedName::Named(name) => Some(name),
            ListedName::Malformed(_) => None,
        }
    }
}

/// A page of names.
#[derive(Debug)]
pub struct Page<T> {
    /// The names that no earlier page had, in the order of the server.
    pub items: Vec<ListedName<T>>,
    /// The position of the next page; `None` at the end.
    pub next: Option<NextPage>,
    /// The reason why names may be missing although the list ended: a page that came twice, a limit, a page that was
    /// gone.
    pub incomplete: Option<SafeText>,
    /// The words that name the list of a vendor's own API, if the names are from there and not from the registry API.
    pub source: Option<SafeText>,
}

/// The position of the next page, with the data that keeps a server from leading in circles. Opaque to all but the
/// client.
#[derive(Debug, Default)]
pub struct NextPage {
    /// Names that the server has sent already, in parts, the next part last: a page of a million names is handed out in
    /// these.
    pub buffered: Vec<Vec<CompactString>>,
    /// Path and query of the next request, already checked to be on the origin of the first one; `None` if the list
    /// ends with the held names.
    pub path_and_query: Option<String>,
    /// The reason why names may be missing, once the held names are handed out.
    pub incomplete: Option<&'static str>,
    /// Whether this page is a probe behind a full page: the server did not name it.
    pub is_probe: bool,
    /// The number of pages fetched so far.
    pub pages: u32,
    /// The number of empty pages since the last name.
    pub empty_pages: u32,
    /// The number of names on the largest page so far.
    pub largest_page: u32,
    /// Whether the server has led on from a page: by a link, or by new names behind the last one.
    pub is_led_on: bool,
    /// Hashes of the pages requested so far.
    pub asked: Box<HashSet<u64>>,
    /// Hashes of the names received so far.
    pub seen: HashSet<u64>,
    /// The number of bytes of those names.
    pub bytes: usize,
    /// The position in the list of a vendor's own API, if the names are from there.
    pub vendor: Option<Box<VendorPosition>>,
}
