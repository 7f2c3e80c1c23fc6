//! Lists from outside that are kept only in part. The number of elements left out is known, their content is not.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Serialize, Serializer};

/// The greatest number of elements of one list that are kept: layers, children, steps, referrers, labels, annotations.
pub const MOST: usize = 10_000;

/// A collection with the number of elements that it does not hold. Nothing may be changed because of a collection that
/// is not whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capped<C> {
    kept: C,
    left_out: usize,
}

impl<C> Capped<C> {
    /// Returns a collection of the kept elements and the number of those left out.
    pub(crate) fn new(kept: C, left_out: usize) -> Capped<C> {
        Capped { kept, left_out }
    }

    /// Returns the number of elements beyond those kept.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Returns whether nothing was left out.
    pub(crate) fn is_whole(&self) -> bool {
        self.left_out == 0
    }
}

impl<T> Capped<Vec<T>> {
    /// Returns the number of elements, kept or not.
    pub(crate) fn count(&self) -> usize {
        self.kept.len().saturating_add(self.left_out)
    }

    /// Returns the same collection with each element mapped by `other`.
    pub(crate) fn map<U>(self, other: impl FnMut(T) -> U) -> Capped<Vec<U>> {
        Capped::new(self.kept.into_iter().map(other).collect(), self.left_out)
    }

    /// Returns the same collection with the last element first.
    pub(crate) fn reversed(mut self) -> Capped<Vec<T>> {
        self.kept.reverse();
        self
    }
}

impl<K, V> Capped<BTreeMap<K, V>> {
    /// Returns the number of members, kept or not.
    pub(crate) fn count(&self) -> usize {
        self.kept.len().saturating_add(self.left_out)
    }
}

impl<C> Deref for Capped<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.kept
    }
}

impl<C> From<C> for Capped<C> {
    fn from(kept: C) -> Capped<C> {
        Capped::new(kept, 0)
    }
}

impl<T, C: FromIterator<T>> FromIterator<T> for Capped<C> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Capped<C> {
        C::from_iter(elements).into()
    }
}

impl<C: IntoIterator> IntoIterator for Capped<C> {
    type Item = C::Item;
    type IntoIter = C::IntoIter;

    fn into_iter(self) -> C::IntoIter {
        self.kept.into_iter()
    }
}

impl<'a, C> IntoIterator for &'a Capped<C>
where
    &'a C: IntoIterator,
{
    type Item = <&'a C as IntoIterator>::Item;
    type IntoIter = <&'a C as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.kept.into_iter()
    }
}

/// Serializes the kept elements only. JSON that regtui writes has the number of those left out in a field beside the
/// list.
impl<C: Serialize> Serialize for Capped<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.kept.serialize(serializer)
    }
}
