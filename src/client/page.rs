//! One page of a list of names, with everything that keeps a server from leading in circles.
//!
//! Rules: distribution-spec § Listing Tags, RFC 8288; what servers really do: registries.md §3, which this follows
//! step by step.

use std::hash::{DefaultHasher, Hash, Hasher};

use reqwest::{Method, Url};

use super::error::{Cause, Error};
use super::host::PAGE_SIZES;
use super::limit::Lane;
use super::origin::Origin;
use super::request::{Answer, Request};
use super::scope::Scope;
use super::{Client, link, names};
use crate::model::page::{Listed, Next, Page};

/// Most bytes of one page: some registries send everything in one.
const CAP: u64 = 64 * 1024 * 1024;
/// Most pages of one list.
const MOST_PAGES: u32 = 10_000;
/// Most names of one list.
const MOST_NAMES: usize = 2_000_000;

/// A list of names that comes in pages.
pub struct List<T> {
    /// Its first page, without a query.
    pub url: Url,
    /// What the token must allow.
    pub scope: Scope,
    /// The member of the JSON that holds the names.
    pub member: &'static str,
    /// What a name is; nothing for one that does not belong in this list.
    pub read: fn(&str) -> Option<Listed<T>>,
}

impl Client {
    /// The first page, or the one that an earlier page led to.
    pub(super) async fn page<T>(&self, list: &List<T>, next: Option<Next>) -> Result<Page<T>, Error> {
        let Some(mut next) = next else {
            let (answer, url) = self.first_page(list).await?;
            return self.read_page(list, Next::default(), &url, answer);
        };
        let url = self.http().base().await?.at(&next.path_and_query);
        let url = url.ok_or_else(|| {
            self.http().error(Cause::BadAnswer("the next page has no address".into()), None, 1)
        })?;
        let request = self.request(list, url.clone());
        match self.http().send(&request).await {
            Ok(answer) => self.read_page(list, next, &url, answer),
            Err(error) if matches!(error.cause.status(), Some(400 | 404)) => {
                let mut rebuilt = list.url.clone();
                rebuilt.set_query(url.query());
                if rebuilt.path() != url.path() {
                    let answer = self.http().send(&self.request(list, rebuilt.clone())).await?;
                    return self.read_page(list, next, &rebuilt, answer);
                }
                match (std::mem::take(&mut next.is_probe), error.cause.status()) {
                    (true, _) => Ok(end(Vec::new(), None)),
                    (false, Some(404)) => Ok(end(Vec::new(), Some("the server lost a page in the middle"))),
                    (false, _) => Err(error),
                }
            }
            // Nobody sent us there, so what the server makes of it is no fault of the list.
            Err(error) if next.is_probe => match error.cause.status() {
                Some(400..=499) => Ok(end(Vec::new(), None)),
                _ => Ok(end(Vec::new(), Some("the server does not say whether more follows"))),
            },
            Err(error) => Err(error),
        }
    }

    /// Asks for large pages first and takes what the server allows.
    async fn first_page<T>(&self, list: &List<T>) -> Result<(Answer, Url), Error> {
        let mut size = self.abilities().page_size();
        loop {
            let mut url = list.url.clone();
            url.set_query(PAGE_SIZES[size].map(|n| format!("n={n}")).as_deref());
            match self.http().send(&self.request(list, url.clone())).await {
                Ok(answer) => {
                    self.abilities().page_size_works(size);
                    return Ok((answer, url));
                }
                Err(error) if size + 1 < PAGE_SIZES.len() && is_about_size(&error.cause) => size += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn request<T>(&self, list: &List<T>, url: Url) -> Request {
        let request = Request::new(Method::GET, url, list.scope.clone(), Lane::Interactive);
        Request { accept: "application/json", cap: CAP, ..request }
    }

    fn read_page<T>(
        &self,
        list: &List<T>,
        mut next: Next,
        url: &Url,
        answer: Answer,
    ) -> Result<Page<T>, Error> {
        let read = answer.json().and_then(|body| names::read(body, list.member));
        let names =
            read.map_err(|cause| self.http().error(cause, Some(&self.request(list, url.clone())), 1))?;
        next.pages += 1;
        let was_probe = std::mem::take(&mut next.is_probe);
        next.asked.insert(hash(&path_and_query(url)));
        let mut items = Vec::with_capacity(names.len());
        let mut is_progress = false;
        for name in &names {
            if next.seen.insert(hash(name)) {
                is_progress = true;
                items.extend((list.read)(name));
            }
        }
        let link = link::next(&answer.headers);
        let following = match link {
            Some(_) if names.is_empty() => return Ok(end(items, None)),
            Some(_) if !is_progress && !was_probe => {
                return Ok(end(items, Some("the server sends the same page again")));
            }
            Some(link) => match resolve(&answer, url, &link) {
                Some(path) => path,
                None => return Ok(end(items, Some("the server's next page is at another place"))),
            },
            // A full page without a link is the end, or a server that forgets links: one look behind it tells.
            None if is_progress && asked_for(url) == Some(names.len()) => {
                next.is_probe = true;
                probe(list, url, names.last())
            }
            None => return Ok(end(items, None)),
        };
        if next.asked.contains(&hash(&following)) {
            return Ok(end(items, Some("the server leads in a circle")));
        }
        if next.pages >= MOST_PAGES || next.seen.len() >= MOST_NAMES {
            return Ok(end(items, Some("the list is too long to be shown whole")));
        }
        next.path_and_query = following;
        Ok(Page { items, next: Some(next), incomplete: None })
    }
}

fn end<T>(items: Vec<Listed<T>>, incomplete: Option<&'static str>) -> Page<T> {
    Page { items, next: None, incomplete: incomplete.map(Into::into) }
}

/// Whether the number of names asked for may be what the server refuses.
fn is_about_size(cause: &Cause) -> bool {
    match cause {
        Cause::Status { status: 400 | 422, .. } => true,
        Cause::Status { status, said, .. } => {
            said.is("PAGINATION_NUMBER_INVALID") || (*status < 500 && said.mentions("maxresults"))
        }
        _ => false,
    }
}

/// Path and query of the page that a link leads to, on our own origin whatever host the link names: behind a proxy
/// servers often do not know their own. None where that would not be the registry API.
fn resolve(answer: &Answer, asked: &Url, link: &str) -> Option<String> {
    let is_own = Origin::of(&answer.url) == Origin::of(asked);
    let base = if is_own { &answer.url } else { asked };
    let url = base.join(link).ok()?;
    url.path().starts_with("/v2/").then(|| path_and_query(&url))
}

fn probe<T>(list: &List<T>, asked: &Url, last: Option<&String>) -> String {
    let mut url = list.url.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(asked_for(asked).map(|n| ("n", n.to_string())));
        query.extend_pairs(last.map(|last| ("last", last)));
    }
    path_and_query(&url)
}

fn asked_for(url: &Url) -> Option<usize> {
    url.query_pairs().find(|(name, _)| name == "n")?.1.parse().ok()
}

fn path_and_query(url: &Url) -> String {
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
