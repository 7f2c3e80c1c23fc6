//! The search for repositories by a vendor's own API.

use std::collections::HashSet;

use super::session::ApiSession;
use super::{ApiPart, PATIENT, advance};
use crate::client::Client;
use crate::client::http::scope::Scope;
use crate::client::vendors::api::{ApiAnswer, ApiPage};
use crate::model::digest::Digest;
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorPosition};

/// Most calls for a search.
const MOST_SEARCHES: u32 = 5;
/// Longest words of a search, in characters.
const LONGEST_WORDS: usize = 200;

impl Client {
    /// Returns at most so many repositories that fit some words, or `None` if the API does not search.
    pub(super) async fn search_repositories(&self, words: &str, most: usize) -> Option<Vec<SearchHit>> {
        let words: String = words.chars().take(LONGEST_WORDS).collect();
        self.use_api(ApiPart::Search, PATIENT, async {
            let Some(session) = &ApiSession::of(self).await else { return Ok(None) };
            let Some((call, read)) = search_call(session, &words, most) else { return Ok(None) };
            let start = VendorPosition { groups: [vec![call]].into(), ..VendorPosition::default() };
            let (mut hits, mut seen, mut position) = (Vec::new(), HashSet::new(), Some(start));
            while let Some(start) = position.filter(|_| hits.len() < most) {
                let part = advance(session, start, MOST_SEARCHES, read, &Scope::Nothing).await;
                let part = match part {
                    // The results so far are worth more than none.
                    Err(_) if !hits.is_empty() => break,
                    part => part?,
                };
                if part.is_refused && hits.is_empty() {
                    return Ok(None);
                }
                let new =
                    part.items.into_iter().filter(|hit: &SearchHit| seen.insert(hit.repository.clone()));
                hits.extend(new);
                position = part.next;
            }
            hits.truncate(most);
            Ok(Some(hits))
        })
        .await
    }
}

/// Reads the results of a search in an answer.
type ReadHits = fn(&ApiAnswer<'_>) -> Option<ApiPage<SearchHit>>;

/// Returns the call of a search and the reader of its answers. A digest is searched for as one if the API can do that.
fn search_call(session: &ApiSession<'_>, words: &str, most: usize) -> Option<(VendorCall, ReadHits)> {
    if let Some(searches) = &session.api.digest
        && let Ok(digest) = words.trim().parse::<Digest>()
    {
        return Some(((searches.call)(&digest), searches.read));
    }
    let searches = session.api.search.as_ref()?;
    Some(((searches.call)(words, most), searches.read))
}
