//! Everything that the destination of a copy has already.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::destination::{DestinationTags, Referred};
use crate::client::fallback_tag;
use crate::model::change::copy::ReferrerList;
use crate::model::digest::Digest;
use crate::model::manifest::Manifest;

/// The state of the destination.
#[derive(Default)]
pub(super) struct There {
    pub(super) tags: DestinationTags,
    pub(super) manifests: HashSet<Digest>,
    /// The referrers that it lists for the subjects of the copied manifests.
    pub(super) referrers: HashMap<Digest, Referred>,
}

impl There {
    /// Returns the lists under fallback tags that these manifests need. None is needed if the registry lists the
    /// referrers itself.
    pub(super) fn lists(&self, manifests: &[Arc<Manifest>]) -> Vec<ReferrerList> {
        let mut lists: Vec<ReferrerList> = Vec::new();
        for manifest in manifests {
            let Some(subject) = manifest.subject().and_then(|subject| subject.digest) else { continue };
            let Some(found) = self.referrers.get(&subject).filter(|found| !found.by_api) else { continue };
            let Some(tag) = fallback_tag(&subject) else { continue };
            match lists.iter_mut().find(|list| list.subject == subject) {
                Some(list) => list.adds.push(manifest.digest),
                None => {
                    let (replaces, unknown) = (found.fallback_digest, found.unknown);
                    lists.push(ReferrerList { subject, tag, replaces, unknown, adds: vec![manifest.digest] });
                }
            }
        }
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::super::builders::{image, referrer};
    use super::*;
    use crate::model::change::builders::{digest, tag};

    /// The list of a subject, with the referrers that are added to it: each letter is one.
    fn list(subject: &str, adds: &str) -> ReferrerList {
        ReferrerList {
            subject: digest(subject),
            tag: tag(&digest(subject).to_string().replace(':', "-")),
            replaces: None,
            unknown: false,
            adds: adds.chars().map(|name| digest(&name.to_string())).collect(),
        }
    }

    #[test]
    fn a_list_under_a_tag_is_needed_if_the_registry_does_not_list_the_referrers_itself() {
        let by_api = || Referred { by_api: true, ..Referred::default() };
        let taken = || Referred { fallback_digest: Some(digest("l")), ..Referred::default() };
        let silent = || Referred { unknown: true, ..Referred::default() };
        let none = Referred::default;
        let table = [
            ("no referrer", vec![("a", none())], vec![image("a")], vec![]),
            ("no list yet", vec![("a", none())], vec![referrer("s", "a")], vec![list("a", "s")]),
            ("the registry lists it", vec![("a", by_api())], vec![referrer("s", "a")], vec![]),
            ("a subject that was not asked for", vec![("b", none())], vec![referrer("s", "a")], vec![]),
            (
                "a list that is there",
                vec![("a", taken())],
                vec![referrer("s", "a")],
                vec![ReferrerList { replaces: Some(digest("l")), ..list("a", "s") }],
            ),
            (
                "no answer",
                vec![("a", silent())],
                vec![referrer("s", "a")],
                vec![ReferrerList { unknown: true, ..list("a", "s") }],
            ),
            (
                "several of two subjects",
                vec![("a", none()), ("b", none())],
                vec![referrer("s", "a"), referrer("t", "b"), referrer("r", "a")],
                vec![list("a", "sr"), list("b", "t")],
            ),
            (
                "only one subject without a list of the registry",
                vec![("a", by_api()), ("b", none())],
                vec![referrer("s", "a"), referrer("t", "b")],
                vec![list("b", "t")],
            ),
        ];
        for (case, found, manifests, expected) in table {
            let referrers = found.into_iter().map(|(subject, found)| (digest(subject), found)).collect();
            let there = There { referrers, ..There::default() };
            assert_eq!(there.lists(&manifests), expected, "{case}");
        }
    }
}
