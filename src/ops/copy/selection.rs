//! The images that a request is about: the ones named, or every tag of the repository.

use crate::client::Registry;
use crate::model::change::copy::{CopyRequest, What};
use crate::model::change::progress::Unresolved;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::model::version_order;
use crate::ops::tag_list::{self, TagNames};

/// One image by name, and the tag that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pick {
    /// The tag or digest at the source.
    pub(crate) selector: Selector,
    /// The tag at the destination; `None` for an image that is copied by digest.
    pub(crate) tag: Option<Tag>,
}

/// The images that a request is about.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    /// Each image once.
    pub(crate) picks: Vec<Pick>,
    /// The digest tags of the repository, if all its tags are known.
    pub(crate) digest_tags: Option<Vec<Tag>>,
    /// Texts about the parts that are not copied and need not be.
    pub(crate) left_out: Vec<SafeText>,
    /// Images that were asked for and are not known.
    pub(crate) unresolved: Vec<Unresolved>,
}

impl Picked {
    /// Determines the images of a request. Asks the source only if all tags are requested.
    pub(crate) async fn of(registry: &dyn Registry, request: &CopyRequest) -> Result<Picked, Failure> {
        let picked = match &request.what {
            What::Images(selectors) => Picked::from_selectors(selectors, request.tag.as_ref()),
            What::AllTags => {
                let what = || format!("cannot list the tags of {}", request.from);
                let names = tag_list::list_names(registry, &request.from.name).await;
                Picked::from_names(names.map_err(|error| error.failure(what()))?, request)
            }
        };
        picked.check(request)
    }

    /// Fails if there is no image, or if several would get one tag.
    fn check(self, request: &CopyRequest) -> Result<Picked, Failure> {
        match self.picks.as_slice() {
            [] => Err(failure(&request.from, "there is nothing to copy", FailureKind::NotFound)),
            [_, _, ..] if request.tag.is_some() => {
                Err(failure(&request.from, "several images cannot have one tag", FailureKind::Local))
            }
            _ => Ok(self),
        }
    }

    fn from_selectors(selectors: &[Selector], tag: Option<&Tag>) -> Picked {
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

    /// Picks every tag of the repository, which lists these names.
    fn from_names(names: TagNames, request: &CopyRequest) -> Picked {
        let mut picked = Picked::default();
        let tags = picked.take_names(names, request);
        let (digest_tags, tags): (Vec<Tag>, Vec<Tag>) = tags.into_iter().partition(Tag::is_digest_tag);
        // The order is the same as in `ls`.
        let tags = version_order::newest_first(tags, Tag::as_str);
        // The entries of a list of referrers are copied one by one, not as a tag.
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
        picked
    }

    /// Returns the tags of a list, and notes what else the list says.
    fn take_names(&mut self, names: TagNames, request: &CopyRequest) -> Vec<Tag> {
        self.unresolved.extend(names.incomplete.map(|why| {
            let why = SafeText::from(format!("the list of tags may be incomplete: {why}"));
            let failure = Failure { why, ..failure(&request.from, "", FailureKind::BadAnswer) };
            Unresolved::unnamed("perhaps some tags", failure)
        }));
        let odd = names.malformed.len();
        if odd > 0 {
            self.left_out.push(SafeText::from(format!("{odd} names in the list that are no tags")));
        }
        names.tags
    }

    fn add(&mut self, pick: Pick) {
        if !self.picks.contains(&pick) {
            self.picks.push(pick);
        }
    }
}

/// Returns the failure if nothing of a repository is copied.
pub(crate) fn failure(from: &Repository, why: impl Into<SafeText>, kind: FailureKind) -> Failure {
    Failure { what: SafeText::from(format!("cannot copy from {from}")), why: why.into(), hint: None, kind }
}
