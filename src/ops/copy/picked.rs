//! Which images are meant: the ones named, or every tag of the repository.

use crate::client::{Client, Error};
use crate::model::change::copy::{CopyRequest, What};
use crate::model::change::progress::Unresolved;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::model::version_order;
use crate::ops::tag_list;

/// One image by name, and the tag that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// At the source.
    pub selector: Selector,
    /// At the destination; `None` for an image that goes by digest.
    pub tag: Option<Tag>,
}

/// What is meant.
#[derive(Debug, Default)]
pub struct Picked {
    /// Each image once.
    pub picks: Vec<Pick>,
    /// The digest tags of the repository, where all its tags are known.
    pub digest_tags: Option<Vec<Tag>>,
    /// What is not copied, and need not be, in words.
    pub left_out: Vec<SafeText>,
    /// What is asked for and not known.
    pub missed: Vec<Unresolved>,
}

impl Pick {
    /// Its name in lists.
    pub fn name(&self) -> SafeText {
        match &self.selector {
            Selector::Tag(tag) => tag.into(),
            Selector::Digest(digest) => SafeText::from(digest.short()),
        }
    }
}

impl Picked {
    /// Finds out what is meant; asks only where all tags are.
    pub async fn of(client: &Client, request: &CopyRequest) -> Result<Picked, Failure> {
        let picked = match &request.what {
            What::Images(selectors) => Picked::named(selectors, request.tag.as_ref()),
            What::AllTags => Picked::all(client, request).await?,
        };
        match picked.picks.as_slice() {
            [] => Err(failure(&request.from, "there is nothing to copy", FailureKind::NotFound)),
            [_, _, ..] if request.tag.is_some() => {
                Err(failure(&request.from, "several images cannot have one tag", FailureKind::Local))
            }
            _ => Ok(picked),
        }
    }

    fn named(selectors: &[Selector], tag: Option<&Tag>) -> Picked {
        let mut picked = Picked::default();
        for selector in selectors {
            let own = match selector {
                Selector::Tag(tag) => Some(tag),
                Selector::Digest(_) => None,
            };
            picked.add(Pick { selector: selector.clone(), tag: tag.or(own).cloned() });
        }
        picked
    }

    async fn all(client: &Client, request: &CopyRequest) -> Result<Picked, Failure> {
        let mut picked = Picked::default();
        let what = || format!("cannot list the tags of {}", request.from);
        let tags = picked.list(client, request).await.map_err(|error| error.failure(what()))?;
        let (digest_tags, tags): (Vec<Tag>, Vec<Tag>) = tags.into_iter().partition(Tag::is_digest_tag);
        // As `ls` lists them.
        let tags = version_order::newest_first(tags, Tag::as_str);
        // Those of a list of referrers come one by one, not as a tag.
        let companions: Vec<&Tag> = digest_tags.iter().filter(|tag| !tag.is_referrer_list()).collect();
        if !request.referrers && !digest_tags.is_empty() {
            let text =
                format!("{} digest tags: signatures and the like are not requested", digest_tags.len());
            picked.left_out.push(SafeText::from(text));
        }
        let companions = companions.into_iter().filter(|_| request.referrers).cloned();
        for tag in tags.into_iter().chain(companions) {
            picked.add(Pick {
                selector: Selector::Tag(tag.clone()),
                tag: Some(request.tag.clone().unwrap_or(tag)),
            });
        }
        picked.digest_tags = Some(digest_tags);
        Ok(picked)
    }

    async fn list(&mut self, client: &Client, request: &CopyRequest) -> Result<Vec<Tag>, Error> {
        let names = tag_list::names(client, &request.from.name).await?;
        self.missed.extend(names.incomplete.map(|why| Unresolved {
            name: "perhaps some tags".into(),
            failure: Failure { why, ..failure(&request.from, "", FailureKind::BadAnswer) },
        }));
        let odd = names.odd.len();
        if odd > 0 {
            self.left_out.push(SafeText::from(format!("{odd} names in the list that are no tags")));
        }
        Ok(names.tags)
    }

    fn add(&mut self, pick: Pick) {
        if !self.picks.contains(&pick) {
            self.picks.push(pick);
        }
    }
}

/// Why nothing of a repository is copied.
pub fn failure(from: &Repository, why: impl Into<SafeText>, kind: FailureKind) -> Failure {
    Failure { what: SafeText::from(format!("cannot copy from {from}")), why: why.into(), hint: None, kind }
}
