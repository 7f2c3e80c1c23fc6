//! The own API of a registry's vendor: lists of namespaces, facts about many tags at once, and search.
//!
//! It is an addition to the registry API and never makes things worse. It has a short time limit of its own; if it fails,
//! the part that failed is left alone for a while, the user is told once, and the registry API alone is used.
//!
//! | subject | file |
//! |---|---|
//! | the address of the API, and one request | `session` |
//! | a call with its login and its answer | `calls` |
//! | the login in the form that the API takes | `login` |
//! | the user's settings | `settings` |
//! | the removal of a tag | `untag` |
//! | the search | `search` |
//! | the facts about one image | `image` |
//! | the past of tags, and the return to it | `history` |
//! | the abilities of each vendor's API | `vendors/api.rs` and the files of the vendors |

mod calls;
mod history;
mod image;
mod login;
mod search;
mod session;
pub(crate) mod settings;
mod untag;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Client;
use super::error::{Cause, Error};
use super::http::scope::Scope;
use super::registry::Answer;
use super::registry::own_api::{OwnApi, PreparedUntag};
use super::vendors::api::{ApiAnswer, ApiPage, NextCall};
use super::vendors::{self, Vendor};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::page::{ListedName, NextPage, Page};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::server::{OwnApiAbilities, OwnApiRestore, OwnApiUntag};
use crate::model::tag_history::TagHistory;
use crate::model::text::SafeText;
use crate::model::vendor_image::VendorImage;
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorPosition, VendorTags};
use calls::CallError;
use login::LoginState;
use session::ApiSession;
use settings::{ApiAddress, VendorName};

/// How long an API that failed is left alone.
const REST: Duration = Duration::from_secs(120);
/// How long everything may take that nothing else waits for: further pages, and a search.
const PATIENT: Duration = Duration::from_secs(15);
/// Most calls for one list.
const MOST_CALLS: u32 = 1_000;
/// Most namespaces that are listed together.
const MOST_NAMESPACES: usize = 8;
/// Most names of one list.
const MOST_NAMES: usize = 200_000;

/// Everything that is known of the own API of one registry's vendor.
#[derive(Debug, Default)]
pub(crate) struct OwnApiFacts {
    settings: ApiSettings,
    state: Mutex<ApiState>,
}

/// The user's settings for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApiSettings {
    /// Its address, if it is not at the usual place.
    pub(crate) address: Option<ApiAddress>,
    /// The vendor, if nothing else says so.
    pub(crate) vendor: Option<VendorName>,
}

/// Everything that was learned of it.
#[derive(Debug, Default)]
struct ApiState {
    login: LoginState,
    /// The name of the vendor, once the API was used.
    vendor: Option<&'static str>,
    /// Until when each part of it is left alone.
    rests_until: [Option<Instant>; ApiPart::ALL.len()],
    /// The reason why it was given up, until the user is told.
    notice: Option<Failure>,
    was_noticed: bool,
}

impl OwnApiFacts {
    /// Creates them for a registry with these settings.
    pub(crate) fn new(settings: ApiSettings) -> OwnApiFacts {
        OwnApiFacts { settings, state: Mutex::default() }
    }

    /// Forgets refusals and failures.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        (state.login, state.rests_until) = (LoginState::default(), Default::default());
    }

    fn state(&self) -> MutexGuard<'_, ApiState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rests(&self, part: ApiPart) -> bool {
        self.state().rests_until[part as usize].is_some_and(|until| until > Instant::now())
    }
}

/// A part of the API that may fail while the others work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ApiPart {
    Repositories,
    TagFacts,
    Search,
    Image,
}

impl ApiPart {
    const ALL: [ApiPart; 4] = [ApiPart::Repositories, ApiPart::TagFacts, ApiPart::Search, ApiPart::Image];

    /// Returns the parts that are left alone after a failure of this one: all if the failure is about the whole API.
    fn left_alone(self, cause: &Cause) -> Vec<ApiPart> {
        let is_of_all = cause.status() == Some(429) || matches!(cause, Cause::Connection(_) | Cause::Refused);
        if is_of_all { ApiPart::ALL.to_vec() } else { vec![self] }
    }
}

/// A part of a list, and the position after it.
struct Part<T> {
    items: Vec<T>,
    next: Option<VendorPosition>,
    /// Why the list ends before its end.
    incomplete: Option<&'static str>,
    /// Whether the API refused every call for it.
    is_refused: bool,
}

impl Client {
    /// Does something with a part of the API within a time limit. Returns `None` if there is no API, if the part rests, or
    /// if it fails.
    async fn use_api<T>(
        &self,
        part: ApiPart,
        limit: Duration,
        calls: impl Future<Output = Result<Option<T>, Error>>,
    ) -> Option<T> {
        if self.0.own_api.rests(part) {
            return None;
        }
        let error = match tokio::time::timeout(limit, calls).await {
            Ok(Ok(done)) => return done,
            Ok(Err(error)) => error,
            Err(_) => Error::unsent(self.host(), Cause::Local("it did not answer in time".into())),
        };
        let mut state = self.0.own_api.state();
        // A registry that is slow to show its vendor may have none with an API.
        let vendor = state.vendor?;
        let until = Some(Instant::now() + REST);
        part.left_alone(&error.cause).into_iter().for_each(|part| state.rests_until[part as usize] = until);
        let failure = error.failure(format!("{vendor}'s own API of {} is not used", self.host()));
        if !std::mem::replace(&mut state.was_noticed, true) {
            state.notice = Some(Failure { hint: None, ..failure });
        }
        None
    }

    async fn list_repositories(
        &self,
        near: &[RepositoryName],
        next: Option<NextPage>,
    ) -> Option<Page<RepositoryName>> {
        let is_first = next.is_none();
        let limit = if is_first { self.http().timeouts().own_api } else { PATIENT };
        let mut next = next.unwrap_or_default();
        let position = next.vendor.take();
        let part = self.use_api(ApiPart::Repositories, limit, async {
            let Some(session) = &ApiSession::of(self).await else { return Ok(None) };
            let Some(lists) = &session.api.repositories else { return Ok(None) };
            let start = match position {
                Some(position) => *position,
                None => {
                    let start = first_calls(session, lists, near).await;
                    VendorPosition { source: source(session, &start), ..start }
                }
            };
            let source = start.source.clone();
            let part = advance(session, start, MOST_CALLS, lists.read, &Scope::Catalog).await?;
            Ok(Some((part, source)))
        });
        let Some((part, source)) = part.await else {
            let incomplete = Some(SafeText::from("the vendor's own API does not answer any more"));
            return (!is_first).then(|| Page { items: Vec::new(), next: None, incomplete, source: None });
        };
        let mut is_too_long = false;
        let mut items = Vec::new();
        for name in part.items.iter().filter_map(|name| RepositoryName::parse(name).ok()) {
            if next.seen.len() >= MOST_NAMES {
                is_too_long |= !next.seen.contains(&hash(name.as_str()));
            } else if next.seen.insert(hash(name.as_str())) {
                items.push(ListedName::Named(name));
            }
        }
        let incomplete =
            if is_too_long { Some("the list is too long to be shown completely") } else { part.incomplete };
        let following = part.next.filter(|_| !is_too_long);
        let next = following.map(|position| NextPage { vendor: Some(Box::new(position)), ..next });
        Some(Page { items, next, incomplete: incomplete.map(Into::into), source })
    }

    async fn list_tag_facts(
        &self,
        name: &RepositoryName,
        next: Option<Box<VendorPosition>>,
    ) -> Option<VendorTags> {
        // Rows wait for each part.
        let part = self.use_api(ApiPart::TagFacts, self.http().timeouts().own_api, async {
            let Some(session) = &ApiSession::of(self).await else { return Ok(None) };
            let Some(lists) = &session.api.tags else { return Ok(None) };
            let first = || VendorPosition { groups: [(lists.of)(name)].into(), ..VendorPosition::default() };
            let start = next.map_or_else(first, |next| *next);
            advance(session, start, MOST_CALLS, lists.read, &Scope::Pull(name.clone())).await.map(Some)
        });
        let part = part.await?;
        Some(VendorTags { tags: part.items, next: part.next.map(Box::new) })
    }
}

impl Client {
    /// Returns the abilities of the vendor's own API. `shown` is the vendor by the first answers.
    pub(super) fn own_api_abilities(&self, shown: Option<&'static Vendor>) -> OwnApiAbilities {
        let named = self.0.own_api.settings.vendor.map(VendorName::vendor);
        let vendor = named.or_else(|| vendors::of_host(self.host())).or(shown);
        let Some(api) = vendor.and_then(|vendor| vendor.api) else { return OwnApiAbilities::default() };
        OwnApiAbilities {
            namespaces: api.repositories.is_some(),
            tag_facts: api.tags.is_some(),
            search: api.search.is_some(),
            history: api.history.is_some(),
            image_facts: api.image.is_some(),
        }
    }
}

impl OwnApi for Client {
    fn repositories<'a>(
        &'a self,
        near: &'a [RepositoryName],
        next: Option<NextPage>,
    ) -> BoxFuture<'a, Option<Page<RepositoryName>>> {
        self.list_repositories(near, next).boxed()
    }

    fn tag_facts<'a>(
        &'a self,
        name: &'a RepositoryName,
        next: Option<Box<VendorPosition>>,
    ) -> BoxFuture<'a, Option<VendorTags>> {
        self.list_tag_facts(name, next).boxed()
    }

    fn search<'a>(&'a self, words: &'a str, most: usize) -> BoxFuture<'a, Option<Vec<SearchHit>>> {
        self.search_repositories(words, most).boxed()
    }

    fn untagging(&self) -> BoxFuture<'_, Option<OwnApiUntag>> {
        self.own_untagging().boxed()
    }

    fn prepare_untag<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: &'a Tag,
        expected: Digest,
    ) -> Answer<'a, PreparedUntag> {
        self.prepare_own_untag(name, tag, expected).boxed()
    }

    fn untag<'a>(&'a self, prepared: &'a PreparedUntag) -> Answer<'a, ()> {
        self.own_untag(prepared).boxed()
    }

    fn image_facts<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: Option<&'a Tag>,
        digest: Digest,
    ) -> BoxFuture<'a, Option<VendorImage>> {
        self.own_image_facts(name, tag, digest).boxed()
    }

    fn history<'a>(
        &'a self,
        name: &'a RepositoryName,
        tag: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<TagHistory, Failure>> {
        self.own_history(name, tag).boxed()
    }

    fn restoring(&self) -> BoxFuture<'_, Option<OwnApiRestore>> {
        self.own_restoring().boxed()
    }

    fn restore<'a>(&'a self, name: &'a RepositoryName, tag: &'a Tag, digest: Digest) -> Answer<'a, ()> {
        self.own_restore(name, tag, digest).boxed()
    }

    fn take_notice(&self) -> Option<Failure> {
        self.0.own_api.state().notice.take()
    }
}

/// Returns the first calls of a list of repositories: for the namespaces of some names, or for everything of the user.
async fn first_calls(
    session: &ApiSession<'_>,
    lists: &super::vendors::api::RepositoryLists,
    near: &[RepositoryName],
) -> VendorPosition {
    let mut position = VendorPosition::default();
    for calls in near.iter().map(lists.near).filter(|calls| !calls.is_empty()) {
        if position.groups.len() < MOST_NAMESPACES && !position.groups.contains(&calls) {
            position.groups.push_back(calls);
        }
    }
    if near.is_empty() {
        if let Some(all) = lists.all {
            position.groups.push_back(all());
        } else if let Some(of_user) = lists.of_user
            && let Some(user) = session.user().await.filter(|user| is_name(user))
        {
            position.groups.push_back(of_user(&user));
        }
    }
    position
}

/// Returns whether the name of a user can stand in a path.
fn is_name(user: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '$' | '@');
    user.chars().all(is_usual) && user.chars().any(|c| c.is_ascii_alphanumeric())
}

/// Returns the words that name a list, which is not that of the whole registry.
fn source(session: &ApiSession<'_>, start: &VendorPosition) -> Option<SafeText> {
    let mut names: Vec<&str> = Vec::new();
    for name in start.groups.iter().filter_map(|group| group.first()).map(|call| call.about.as_str()) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let vendor = session.vendor.name;
    let text = match names.as_slice() {
        [] => format!("listed by {vendor}'s own API"),
        names => format!("only {}, by {vendor}'s own API", names.join(", ")),
    };
    (!start.groups.is_empty()).then(|| SafeText::clean(&text))
}

/// Sends the next calls of a list until one brings something.
async fn advance<T>(
    session: &ApiSession<'_>,
    mut position: VendorPosition,
    most: u32,
    read: impl Fn(&ApiAnswer<'_>) -> Option<ApiPage<T>>,
    scope: &Scope,
) -> Result<Part<T>, Error> {
    let (mut incomplete, mut is_refused, mut is_answered) = (None, false, false);
    while let Some(group) = position.groups.pop_front() {
        for call in group {
            if position.calls >= most {
                let incomplete = Some("the list is too long");
                let is_refused = is_refused && !is_answered;
                return Ok(Part { items: Vec::new(), next: None, incomplete, is_refused });
            }
            position.calls += 1;
            let answer = match session.call(&call, scope).await {
                Ok(answer) => answer,
                Err(CallError::Refused) => {
                    is_refused = true;
                    continue;
                }
                Err(CallError::Failed(error)) => return Err(*error),
            };
            let host = session.client.host();
            let answer = ApiAnswer { host, call: &call, body: &answer.body, link: answer.link.as_deref() };
            let page = read(&answer).ok_or_else(|| session.other_form())?;
            is_answered = true;
            if page.items.is_empty() && page.next.is_none() && page.then.is_empty() {
                continue;
            }
            position.groups.extend(page.then.into_iter().map(|call| vec![call]));
            let next = match page.next {
                Some(NextCall::Path(path)) => Some(path),
                Some(NextCall::Address(link)) => {
                    let path = session.path_of(&call, &link);
                    if path.is_none() {
                        incomplete = Some("the next page of the vendor's API is at another place");
                    }
                    path
                }
                None => None,
            };
            position.asked.insert(hash(&call.path));
            match next {
                Some(path) if position.asked.contains(&hash(&path)) => {
                    incomplete = Some("the pages of the vendor's API lead in a circle");
                }
                Some(path) => position.groups.push_front(vec![VendorCall { path, ..call.clone() }]),
                None => {}
            }
            if !page.items.is_empty() {
                let next = Some(position).filter(|position| !position.groups.is_empty());
                return Ok(Part { items: page.items, next, incomplete, is_refused: false });
            }
            break;
        }
    }
    Ok(Part { items: Vec::new(), next: None, incomplete, is_refused: is_refused && !is_answered })
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
