//! One page of a list of names, with everything that keeps a server from leading in circles.
//!
//! Rules: distribution-spec § Listing Tags, RFC 8288. Real behaviour of servers: docs/REGISTRIES.md §3, which this
//! follows step by step.

use std::hash::{DefaultHasher, Hash, Hasher};

use compact_str::CompactString;
use reqwest::{Method, Url};

use super::name_list;
use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::host::PAGE_SIZES;
use crate::client::http::limit::Priority;
use crate::client::http::link;
use crate::client::http::origin::Origin;
use crate::client::http::request::{HttpAnswer, Request};
use crate::client::http::scope::Scope;
use crate::model::page::{ListedName, NextPage, Page};

/// Most bytes of one page: some registries send everything in one.
const CAP: u64 = 32 * 1024 * 1024;
/// Most pages of one list.
const MOST_PAGES: u32 = 10_000;
/// Most names of one list.
const MOST_NAMES: usize = 1_000_000;
/// Most bytes of all names of one list.
const MOST_BYTES: usize = 24 * 1024 * 1024;
/// Most pages in a row that are empty and have a link: a server that filters its pages by rights sends some.
const MOST_EMPTY_PAGES: u32 = 1_000;
/// Most names that are handed out together: the receiver has to sort them in between two keys.
const MOST_AT_ONCE: usize = 4_000;
/// The sizes to which servers and proxies cut pages without a word: docs/REGISTRIES.md §3.3.
const USUAL_SIZES: [usize; 6] = [50, 100, 200, 250, 500, 1_000];
/// The reason why a list ends before the server's does.
const TOO_LONG: &str = "the list is too long to be shown completely";

/// A list of names that comes in pages.
pub(crate) struct PagedList<T> {
    /// The URL of its first page, without a query.
    pub(crate) url: Url,
    /// The right that the token must grant.
    pub(crate) scope: Scope,
    /// The member of the JSON that holds the names.
    pub(crate) member: &'static str,
    /// Parses a name. Returns `None` for one that does not belong in this list.
    pub(crate) read: fn(&str) -> Option<ListedName<T>>,
}

impl Client {
    /// Returns the first page, or the one that an earlier page led to.
    pub(crate) async fn page<T>(
        &self,
        list: &PagedList<T>,
        next: Option<NextPage>,
    ) -> Result<Page<T>, Error> {
        let Some(next) = next else {
            let (answer, url) = self.first_page(list).await?;
            return self.read_page(list, NextPage::default(), &url, answer);
        };
        if !next.buffered.is_empty() {
            return Ok(hand_out(list, next));
        }
        let url = self.http().base().await?.at(next.path_and_query.as_deref().unwrap_or_default());
        let url = url.ok_or_else(|| {
            self.http().error(Cause::BadAnswer("the next page has no address".into()), None, 1)
        })?;
        let error = match self.http().send(&self.request(list, url.clone())).await {
            Ok(answer) if answer.json().is_ok() => return self.read_page(list, next, &url, answer),
            Ok(_) => self.http().error(Cause::WebPage, Some(&self.request(list, url.clone())), 1),
            Err(error) => error,
        };
        let is_refused = matches!(error.cause.status(), Some(status @ 400..=499) if status != 429);
        if url.path() != list.url.path() && (is_refused || error.cause == Cause::WebPage) {
            let mut rebuilt = list.url.clone();
            rebuilt.set_query(url.query());
            let answer = self.http().send(&self.request(list, rebuilt.clone())).await?;
            return self.read_page(list, next, &rebuilt, answer);
        }
        match error.cause.status() {
            // No link of the server led there, so its refusal is no fault of the list.
            Some(400..=499) if next.is_probe => Ok(last_page(Vec::new(), None)),
            _ if next.is_probe => {
                Ok(last_page(Vec::new(), Some("the server does not say whether more follows")))
            }
            Some(404) => Ok(last_page(Vec::new(), Some("the server lost a page in the middle"))),
            _ => Err(error),
        }
    }

    /// Asks for large pages first and accepts the size that the server allows.
    async fn first_page<T>(&self, list: &PagedList<T>) -> Result<(HttpAnswer, Url), Error> {
        let mut size = self.abilities().page_size_index();
        loop {
            let mut url = list.url.clone();
            url.set_query(PAGE_SIZES[size].map(|n| format!("n={n}")).as_deref());
            match self.http().send(&self.request(list, url.clone())).await {
                Ok(answer) => {
                    self.abilities().learn_page_size(size);
                    return Ok((answer, url));
                }
                Err(error) if size + 1 < PAGE_SIZES.len() && is_about_size(&error.cause) => size += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn request<T>(&self, list: &PagedList<T>, url: Url) -> Request {
        let request = Request::new(Method::GET, url, list.scope.clone(), Priority::Interactive);
        Request { accept: "application/json", cap: CAP, is_list: true, ..request }
    }

    fn read_page<T>(
        &self,
        list: &PagedList<T>,
        mut next: NextPage,
        url: &Url,
        answer: HttpAnswer,
    ) -> Result<Page<T>, Error> {
        let mut names = NewNames::default();
        let body = answer.json();
        let read =
            body.and_then(|body| name_list::read(body, list.member, |name| names.take(name, &mut next)));
        read.map_err(|cause| self.http().error(cause, Some(&self.request(list, url.clone())), 1))?;
        next.pages += 1;
        next.buffered = names.take_parts();
        let was_probe = std::mem::take(&mut next.is_probe);
        next.asked.insert(hash(&path_and_query(url)));
        let link = link::next(&answer.headers);
        let is_full = is_full(names.count, requested_size(url), next.largest_page as usize);
        next.largest_page = next.largest_page.max(u32::try_from(names.count).unwrap_or(u32::MAX));
        next.empty_pages = if names.count == 0 { next.empty_pages + 1 } else { 0 };
        let was_led_on = next.is_led_on;
        next.is_led_on |= link.is_some() || (was_probe && names.is_progress);
        let following = match link {
            _ if names.is_cut => Err(Some(TOO_LONG)),
            Some(_) if next.empty_pages > MOST_EMPTY_PAGES => Err(Some("the server sends empty pages only")),
            Some(_) if names.count > 0 && !names.is_progress && !was_probe => {
                Err(Some("the server sends the same page again"))
            }
            // No link led to a probe, and some proxies start again at the first page.
            Some(_) if was_probe && was_led_on && names.count > 0 && !names.is_progress => Err(None),
            Some(link) => resolve(&answer, url, &list.url, &link)
                .ok_or(Some("the server's next page is at another place")),
            // A full page without a link is the end, or a server that forgets links: one request beyond it tells.
            None if names.is_progress && is_full => {
                next.is_probe = true;
                // The first probe asks for one name less: a server that sends its whole list each time shows itself.
                let size = next.largest_page - u32::from(!next.is_led_on && next.largest_page > 1);
                Ok(probe_url(list, url, size, &names.last))
            }
            // The probe brought the same names again, as many as it asked for and not more: the server counts them, and
            // does not go on at the last one.
            None if was_probe && !next.is_led_on && is_cut_by_size(&names, url) => {
                Err(Some("the server does not say how its list goes on"))
            }
            None => Err(None),
        };
        let following = match following {
            Ok(path) if next.asked.contains(&hash(&path)) => Err(Some("the server's pages lead in a circle")),
            Ok(_) if next.pages >= MOST_PAGES => Err(Some(TOO_LONG)),
            other => other,
        };
        next.incomplete = following.as_ref().err().copied().flatten();
        next.path_and_query = following.ok();
        Ok(hand_out(list, next))
    }
}

/// The names of a page that no earlier page had.
#[derive(Default)]
struct NewNames {
    /// The new names, in parts of [`MOST_AT_ONCE`].
    new: Vec<Vec<CompactString>>,
    /// The number of all names, new or not.
    count: usize,
    /// The last of all names.
    last: CompactString,
    is_progress: bool,
    /// Whether names were left out because the list is too long.
    is_cut: bool,
}

impl NewNames {
    fn take(&mut self, name: &str, next: &mut NextPage) {
        self.count += 1;
        self.last.clear();
        self.last.push_str(name);
        let hash = hash(name);
        if next.seen.len() >= MOST_NAMES || next.bytes + name.len() > MOST_BYTES {
            self.is_cut |= !next.seen.contains(&hash);
            return;
        }
        if !next.seen.insert(hash) {
            return;
        }
        self.is_progress = true;
        next.bytes += name.len();
        match self.new.last_mut().filter(|part| part.len() < MOST_AT_ONCE) {
            Some(part) => part.push(name.into()),
            None => self.new.push(vec![name.into()]),
        }
    }

    /// Returns the new names in parts, the first part last.
    fn take_parts(&mut self) -> Vec<Vec<CompactString>> {
        let mut parts = std::mem::take(&mut self.new);
        parts.reverse();
        parts
    }
}

/// Builds a page from the next part of the held names.
fn hand_out<T>(list: &PagedList<T>, mut next: NextPage) -> Page<T> {
    let part = next.buffered.pop().unwrap_or_default();
    let items = part.iter().filter_map(|name| (list.read)(name)).collect();
    if next.buffered.is_empty() && next.path_and_query.is_none() {
        last_page(items, next.incomplete)
    } else {
        Page { items, next: Some(next), incomplete: None, source: None }
    }
}

fn last_page<T>(items: Vec<ListedName<T>>, incomplete: Option<&'static str>) -> Page<T> {
    Page { items, next: None, incomplete: incomplete.map(Into::into), source: None }
}

/// Returns whether the server may be refusing the number of names asked for.
fn is_about_size(cause: &Cause) -> bool {
    match cause {
        Cause::Status { status: 400 | 422, .. } => true,
        Cause::Status { status, body: said, .. } => {
            said.has_code("PAGINATION_NUMBER_INVALID") || (*status < 500 && said.mentions("maxresults"))
        }
        _ => false,
    }
}

/// Returns whether a page without a link may have been cut: it has as many names as were requested, as the largest page
/// before it, or as servers put on a page.
fn is_full(count: usize, requested: Option<usize>, largest: usize) -> bool {
    requested == Some(count) || (largest > 0 && count >= largest) || USUAL_SIZES.contains(&count)
}

/// Returns whether a page of known names has exactly as many as were requested.
fn is_cut_by_size(names: &NewNames, asked: &Url) -> bool {
    names.count > 0 && !names.is_progress && requested_size(asked) == Some(names.count)
}

/// Returns path and query of the page that a link leads to, on the registry's own origin whatever host the link names:
/// behind a proxy, servers often do not know their own name. Outside of the registry API only the query of the link is
/// used, with the path of the list. Returns `None` if there is none.
pub(super) fn resolve(answer: &HttpAnswer, asked: &Url, list: &Url, link: &str) -> Option<String> {
    let is_own = Origin::of(&answer.url) == Origin::of(asked);
    let base = if is_own { &answer.url } else { asked };
    let mut url = base.join(link).ok()?;
    Origin::of(&url)?;
    if !url.path().starts_with("/v2/") {
        url.query().filter(|query| !query.is_empty())?;
        url.set_path(list.path());
    }
    Some(path_and_query(&url))
}

/// Returns path and query of a page of at most `size` names behind the name `last`. No size is named if none was before.
fn probe_url<T>(list: &PagedList<T>, asked: &Url, size: u32, last: &str) -> String {
    let mut url = list.url.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(requested_size(asked).map(|_| ("n", size.to_string())));
        query.append_pair("last", last);
    }
    path_and_query(&url)
}

fn requested_size(url: &Url) -> Option<usize> {
    url.query_pairs().find(|(name, _)| name == "n")?.1.parse().ok()
}

/// Returns path and query of a URL, as a request names them.
pub(super) fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_string(),
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::Tag;

    const LIST: fn(Url) -> PagedList<Tag> = |url| PagedList {
        url,
        scope: Scope::Catalog,
        member: "tags",
        read: |name| Tag::parse(name).ok().map(ListedName::Named),
    };

    #[test]
    fn a_page_of_many_names_is_handed_out_in_parts_and_says_at_its_end_why_it_ends() {
        let (mut names, mut next) = (NewNames::default(), NextPage::default());
        let all: Vec<String> = (0..2 * MOST_AT_ONCE + 5).map(|number| format!("v{number}")).collect();
        all.iter().chain(&all).for_each(|name| names.take(name, &mut next));
        assert_eq!((names.count, names.last.as_str()), (2 * all.len(), "v8004"));
        next.buffered = names.take_parts();
        next.incomplete = Some(TOO_LONG);
        let list = LIST(Url::parse("http://r.test/v2/app/tags/list").expect("an address"));
        let (mut found, mut sizes) = (Vec::new(), Vec::new());
        let mut left = Some(next);
        while let Some(next) = left.take() {
            let page = hand_out(&list, next);
            sizes.push(page.items.len());
            found.extend(page.items.iter().map(|item| item.text().to_string()));
            assert_eq!(page.incomplete.is_some(), page.next.is_none());
            left = page.next;
        }
        assert_eq!(sizes, [MOST_AT_ONCE, MOST_AT_ONCE, 5]);
        assert_eq!(found, all);
    }

    #[test]
    fn a_list_has_an_end_in_names_and_in_bytes() {
        let (mut names, mut next) = (NewNames::default(), NextPage::default());
        (0..MOST_NAMES).for_each(|number| names.take(&format!("{number:x}"), &mut next));
        assert!(!names.is_cut, "so many are shown whole");
        names.take("0", &mut next);
        assert!(!names.is_cut, "it is there already");
        names.take("one-more", &mut next);
        assert!(names.is_cut && next.seen.len() == MOST_NAMES);

        let (mut names, mut next) = (NewNames::default(), NextPage::default());
        let long = "x".repeat(100_000);
        (0..1_000).for_each(|number| names.take(&format!("{long}{number}"), &mut next));
        assert!(names.is_cut && next.bytes <= MOST_BYTES);
    }
}
