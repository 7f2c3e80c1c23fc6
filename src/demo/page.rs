//! Pages of the catalog and of tags: `n`, `last` and the `Link` to the next page (distribution-spec § Listing tags).

use hyper::header;
use hyper::{HeaderMap, Uri};

use super::error_reply::ErrorReply;
use super::reply;
use super::route::Query;

/// The number of entries on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// The number if the client asks for none.
    pub default: usize,
    /// The greatest number. A client that asks for more is refused with `PAGINATION_NUMBER_INVALID`.
    pub most: usize,
}

impl PageSize {
    /// All entries at once, unless the client asks for a page.
    pub(crate) const UNLIMITED: PageSize = PageSize { default: usize::MAX, most: usize::MAX };
}

/// The part of a list that a client asks for.
#[derive(Debug)]
pub(crate) struct DemoPage<'a> {
    /// The most entries of the page.
    pub(crate) n: usize,
    /// The page holds only entries that sort after this one, which need not exist.
    pub(crate) last: Option<&'a str>,
}

impl<'a> DemoPage<'a> {
    /// Reads `n` and `last`.
    pub(crate) fn of(query: &'a Query<'_>, size: PageSize) -> Result<DemoPage<'a>, ErrorReply> {
        let n = match query.get("n") {
            None | Some("") => size.default,
            Some(text) => match text.parse::<usize>() {
                Ok(n) if n <= size.most => n,
                _ => return Err(ErrorReply::page_size(text)),
            },
        };
        Ok(DemoPage { n, last: query.get("last") })
    }

    /// Takes one page from `sorted`, which starts after `last`. Also returns whether more entries follow.
    pub(crate) fn take<T>(&self, mut sorted: impl Iterator<Item = T>) -> (Vec<T>, bool) {
        let entries: Vec<T> = sorted.by_ref().take(self.n).collect();
        let more = self.n > 0 && sorted.next().is_some();
        (entries, more)
    }

    /// Adds the `Link` header to the page after `last`.
    pub(crate) fn link(&self, headers: &mut HeaderMap, uri: &Uri, last: &str) {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("last", last)
            .append_pair("n", &self.n.to_string())
            .finish();
        reply::insert(headers, header::LINK, format!("<{}?{query}>; rel=\"next\"", uri.path()));
    }
}
