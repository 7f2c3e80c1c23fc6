//! The groups of tags that share a digest, each with a letter.

use std::collections::{HashMap, HashSet};

use crate::model::digest::Digest;

/// The letters of the groups. Further groups begin with the first letter again; their digests tell them apart.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The number of tags of each digest that is known, and the groups.
#[derive(Debug, Default)]
pub(crate) struct DigestGroups {
    of_digests: HashMap<Digest, Tags>,
    /// The number of groups so far.
    groups: usize,
    /// The number of groups whose letters do not change any more.
    settled: usize,
}

/// The tags of one digest.
#[derive(Debug, Default)]
struct Tags {
    count: u32,
    /// The number of the group, once there were two tags.
    group: Option<usize>,
}

impl DigestGroups {
    /// Counts one more tag of this digest.
    pub(crate) fn add(&mut self, digest: Digest) {
        let tags = self.of_digests.entry(digest).or_default();
        tags.count += 1;
        if tags.count > 1 && tags.group.is_none() {
            tags.group = Some(self.groups);
            self.groups += 1;
        }
    }

    /// Counts one tag of this digest less.
    pub(crate) fn remove(&mut self, digest: &Digest) {
        if let Some(tags) = self.of_digests.get_mut(digest) {
            tags.count = tags.count.saturating_sub(1);
        }
    }

    /// Counts all tags again. Groups that still exist keep their letters.
    pub(crate) fn count_again(&mut self, digests: impl IntoIterator<Item = Digest>) {
        self.of_digests.values_mut().for_each(|tags| tags.count = 0);
        digests.into_iter().for_each(|digest| self.add(digest));
        self.of_digests.retain(|_, tags| tags.count > 0);
    }

    /// Numbers the groups that are new since the last call in the order of these digests, which is that of the rows.
    /// Later calls do not change them, so that letters stay while the user looks at them.
    pub(crate) fn settle(&mut self, shown: impl IntoIterator<Item = Digest>) {
        if self.settled == self.groups {
            return;
        }
        let settled = self.settled;
        let is_new = |tags: &Tags| tags.group.is_some_and(|group| group >= settled);
        let of_digests = &self.of_digests;
        let mut order: Vec<Digest> =
            shown.into_iter().filter(|digest| of_digests.get(digest).is_some_and(is_new)).collect();
        let mut others: Vec<(Option<usize>, Digest)> = of_digests
            .iter()
            .filter(|(_, tags)| is_new(tags))
            .map(|(digest, tags)| (tags.group, *digest))
            .collect();
        others.sort_unstable();
        order.extend(others.into_iter().map(|(_, digest)| digest));
        let mut seen = HashSet::new();
        order.retain(|digest| seen.insert(*digest));
        for (number, digest) in order.into_iter().enumerate() {
            if let Some(tags) = self.of_digests.get_mut(&digest) {
                tags.group = Some(settled + number);
            }
        }
        self.settled = self.groups;
    }

    /// Returns whether several tags are known to have this digest.
    pub(crate) fn is_shared(&self, digest: &Digest) -> bool {
        self.of_digests.get(digest).is_some_and(|tags| tags.count > 1)
    }

    /// Returns the letter of the group of a digest, if several tags are known to have it.
    pub(crate) fn letter(&self, digest: &Digest) -> Option<char> {
        let tags = self.of_digests.get(digest).filter(|tags| tags.count > 1)?;
        LETTERS.get(tags.group? % LETTERS.len()).map(|letter| char::from(*letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::sha256(text.as_bytes())
    }

    #[test]
    fn each_group_has_a_letter_of_its_own_that_stays() {
        let mut groups = DigestGroups::default();
        for name in ["x", "y", "y", "x", "z"] {
            groups.add(digest(name));
        }
        let letters = |groups: &DigestGroups| ["x", "y", "z"].map(|name| groups.letter(&digest(name)));
        assert_eq!(letters(&groups), [Some('b'), Some('a'), None]);
        groups.settle(["z", "x", "x"].map(digest));
        assert_eq!(letters(&groups), [Some('a'), Some('b'), None], "in the order of the rows");
        groups.settle(["y", "x"].map(digest));
        assert_eq!(letters(&groups), [Some('a'), Some('b'), None], "and then they stay");
        groups.remove(&digest("y"));
        assert_eq!(letters(&groups), [Some('a'), None, None]);
        groups.count_again(["z", "z", "x", "x", "y"].map(digest));
        assert_eq!(letters(&groups), [Some('a'), None, Some('c')]);
    }

    #[test]
    fn after_the_last_letter_comes_the_first_again() {
        let mut groups = DigestGroups::default();
        for number in 0..53 {
            groups.add(digest(&number.to_string()));
            groups.add(digest(&number.to_string()));
        }
        let letter = |number: usize| groups.letter(&digest(&number.to_string()));
        assert_eq!(
            [letter(0), letter(25), letter(26), letter(51), letter(52)].map(Option::unwrap),
            ['a', 'z', 'A', 'Z', 'a']
        );
    }
}
