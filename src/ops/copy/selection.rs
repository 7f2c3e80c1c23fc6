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

    /// Returns the tags of a list, and notes its other statements.
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

#[cfg(test)]
mod tests {
    use FailureKind::{Local, NotFound};

    use super::*;
    use crate::model::change::builders::{copy_request, digest, selector, tag};

    /// The digest tag of the image `a` with a suffix.
    fn digest_tag(suffix: &str) -> String {
        format!("{}{suffix}", digest("a").to_string().replace(':', "-"))
    }

    fn names(tags: &[&str]) -> TagNames {
        TagNames { tags: tags.iter().map(|name| tag(name)).collect(), ..TagNames::default() }
    }

    /// Returns each pick as `old>new`, or `old` if it gets no tag.
    fn texts(picked: &Picked) -> Vec<String> {
        let text = |pick: &Pick| match &pick.tag {
            Some(tag) => format!("{}>{tag}", pick.selector),
            None => pick.selector.to_string(),
        };
        picked.picks.iter().map(text).collect()
    }

    #[test]
    fn named_images_keep_their_order_and_tags_and_are_picked_once() {
        let a = digest("a").to_string();
        let a_as_x = format!("{a}>x");
        // The selectors, the new tag, the picks.
        type Case<'a> = (&'a str, &'a [&'a str], Option<&'a str>, &'a [&'a str]);
        let table: [Case; 7] = [
            ("nothing", &[], None, &[]),
            ("tags", &["2", "1"], None, &["2>2", "1>1"]),
            ("a tag twice", &["1", "2", "1"], None, &["1>1", "2>2"]),
            ("a digest", &[&a], None, &[&a]),
            ("a tag under another one", &["1"], Some("x"), &["1>x"]),
            ("a digest under a tag", &[&a], Some("x"), &[&a_as_x]),
            ("two under one tag", &["1", "2"], Some("x"), &["1>x", "2>x"]),
        ];
        for (case, selectors, new, expected) in table {
            let selectors: Vec<Selector> = selectors.iter().map(|text| selector(text)).collect();
            let picked = Picked::from_selectors(&selectors, new.map(tag).as_ref());
            assert_eq!(texts(&picked), expected, "{case}");
            assert_eq!(picked.digest_tags, None, "{case}");
        }
    }

    #[test]
    fn all_tags_are_picked_newest_first_with_digest_tags_only_if_referrers_are_requested() {
        let (list, signature) = (digest_tag(""), digest_tag(".sig"));
        let copied = format!("{signature}>{signature}");
        let one = "1 digest tags: signatures and the like are not requested";
        let two = "2 digest tags: signatures and the like are not requested";
        let all = [signature.as_str(), "1.2", list.as_str(), "1.10"];
        let tags = ["1.10>1.10", "1.2>1.2"];
        // The names, whether referrers are requested; the picks, the digest tags, the text about what is left out.
        type Case<'a> = (&'a str, &'a [&'a str], bool, &'a [&'a str], &'a [&'a str], Option<&'a str>);
        let table: [Case; 6] = [
            ("nothing", &[], true, &[], &[], None),
            ("tags", &["1.2", "1.10"], false, &tags, &[], None),
            ("a tag twice", &["1.2", "1.10", "1.2"], true, &tags, &[], None),
            ("without referrers", &all, false, &tags, &[&signature, &list], Some(two)),
            ("with referrers", &all, true, &[tags[0], tags[1], &copied], &[&signature, &list], None),
            ("a list of referrers", &[&list], false, &[], &[&list], Some(one)),
        ];
        for (case, listed, referrers, picks, digest_tags, left_out) in table {
            let request = CopyRequest { referrers, ..copy_request(What::AllTags) };
            let picked = Picked::from_names(names(listed), &request);
            assert_eq!(texts(&picked), picks, "{case}");
            let digest_tags: Vec<Tag> = digest_tags.iter().map(|name| tag(name)).collect();
            assert_eq!(picked.digest_tags, Some(digest_tags), "{case}");
            let texts: Vec<&str> = picked.left_out.iter().map(SafeText::as_str).collect();
            assert_eq!(texts, left_out.into_iter().collect::<Vec<&str>>(), "{case}");
            assert!(picked.unresolved.is_empty(), "{case}");
        }
    }

    #[test]
    fn a_list_that_may_lack_tags_or_has_odd_names_is_told() {
        let request = copy_request(What::AllTags);
        let listed = TagNames {
            malformed: vec!["-a".into(), "-b".into()],
            incomplete: Some("cut off".into()),
            ..names(&["1"])
        };
        let picked = Picked::from_names(listed, &request);
        assert_eq!(texts(&picked), ["1>1"]);
        assert_eq!(picked.left_out, ["2 names in the list that are no tags".into()]);
        let [unresolved] = picked.unresolved.as_slice() else { panic!("{:?}", picked.unresolved) };
        assert_eq!((unresolved.name.as_str(), &unresolved.selector), ("perhaps some tags", &None));
        assert_eq!(unresolved.failure.why.as_str(), "the list of tags may be incomplete: cut off");
    }

    #[test]
    fn nothing_is_not_copied_and_one_tag_is_for_one_image() {
        let several = Some(("several images cannot have one tag", Local));
        // The names, the new tag, the failure.
        type Case<'a> = (&'a str, &'a [&'a str], Option<&'a str>, Option<(&'a str, FailureKind)>);
        let table: [Case; 6] = [
            ("one", &["1"], None, None),
            ("two", &["1", "2"], None, None),
            ("one under another tag", &["1"], Some("x"), None),
            ("one twice under another tag", &["1", "1"], Some("x"), None),
            ("two under one tag", &["1", "2"], Some("x"), several),
            ("nothing", &[], None, Some(("there is nothing to copy", NotFound))),
        ];
        for (case, listed, new, expected) in table {
            let selectors: Vec<Selector> = listed.iter().map(|name| selector(name)).collect();
            let request = CopyRequest { tag: new.map(tag), ..copy_request(What::Images(selectors.clone())) };
            let picks = [
                Picked::from_selectors(&selectors, request.tag.as_ref()),
                Picked::from_names(names(listed), &request),
            ];
            for picked in picks {
                let refused = picked.check(&request).err();
                let refused = refused.as_ref().map(|failure| (failure.why.as_str(), failure.kind));
                assert_eq!(refused, expected, "{case}");
            }
        }
    }
}
