//! A set of items of a list, with one bit for each. Even if a list has a million items, all of them can be marked,
//! counted and looked up between two keys.

use super::HEADING;

/// Number of bits in a word.
const BITS: usize = u64::BITS as usize;

/// A set of item indices, in ascending order. Headings and other rows that stand for no item are never in it.
#[derive(Debug, Default, Clone)]
pub struct Items {
    words: Vec<u64>,
    count: usize,
}

impl Items {
    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns whether the item is in the set.
    pub fn contains(&self, item: u32) -> bool {
        let (word, bit) = place(item);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds an item and returns whether it is new. A row that stands for no item is not added.
    pub(crate) fn insert(&mut self, item: u32) -> bool {
        if item & HEADING != 0 {
            return false;
        }
        let (word, bit) = place(item);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += usize::from(is_new);
        is_new
    }

    /// Removes an item and returns whether it was in the set.
    pub(crate) fn remove(&mut self, item: u32) -> bool {
        let (word, bit) = place(item);
        let Some(word) = self.words.get_mut(word).filter(|word| **word & bit != 0) else { return false };
        *word &= !bit;
        self.count -= 1;
        true
    }

    /// Returns all items in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let words = self.words.iter().enumerate().filter(|(_, word)| **word != 0);
        words.flat_map(|(at, word)| {
            (0..BITS).filter(move |bit| word >> bit & 1 == 1).map(move |bit| (at * BITS + bit) as u32)
        })
    }
}

fn place(item: u32) -> (usize, u64) {
    (item as usize / BITS, 1 << (item as usize % BITS))
}

impl Extend<u32> for Items {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl FromIterator<u32> for Items {
    fn from_iter<I: IntoIterator<Item = u32>>(items: I) -> Items {
        let mut all = Items::default();
        all.extend(items);
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    proptest::proptest! {
        #[test]
        fn it_behaves_like_a_set(changes in proptest::collection::vec((0u32..300, proptest::bool::ANY), 0..200)) {
            let (mut items, mut set) = (Items::default(), BTreeSet::new());
            for (item, is_added) in changes {
                if is_added { proptest::prop_assert_eq!(items.insert(item), set.insert(item)) } else { proptest::prop_assert_eq!(items.remove(item), set.remove(&item)) }
            }
            proptest::prop_assert_eq!((items.len(), items.is_empty()), (set.len(), set.is_empty()));
            proptest::prop_assert!((0..400).all(|item| items.contains(item) == set.contains(&item)));
            proptest::prop_assert!(items.iter().eq(set));
        }
    }

    #[test]
    fn headings_take_no_room() {
        let mut items = Items::default();
        items.extend([HEADING, HEADING | 7, u32::MAX]);
        assert!(items.is_empty() && items.words.is_empty());
        assert!(!items.contains(u32::MAX) && !items.remove(u32::MAX));
    }
}
