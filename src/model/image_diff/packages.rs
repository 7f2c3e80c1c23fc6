//! The packages of two images that differ.

mod order;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A package whose versions differ. All text is untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageDifference {
    /// The kind of package: `deb`, `apk`, `npm`.
    pub ecosystem: String,
    /// The name.
    pub name: String,
    /// The version on the left, or `None` if the package is not there. Several versions are separated by commas.
    pub left: Option<String>,
    /// The version on the right.
    pub right: Option<String>,
    /// The kind of difference.
    pub change: PackageChange,
}

/// The kind of difference between the versions of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageChange {
    /// Only the right image has it.
    Added,
    /// Only the left image has it.
    Removed,
    /// The version on the right is newer.
    Up,
    /// The version on the right is older.
    Down,
    /// The versions differ. Their order is not certain, or an image has several.
    Changed,
}

impl PackageChange {
    /// The changes in the order in which they are counted, each with its sign and its word.
    pub const ALL: [(PackageChange, &'static str, &'static str); 5] = [
        (PackageChange::Added, "+", "added"),
        (PackageChange::Removed, "-", "removed"),
        (PackageChange::Up, "↑", "up"),
        (PackageChange::Down, "↓", "down"),
        (PackageChange::Changed, "~", "changed"),
    ];

    /// Returns its sign.
    pub fn sign(self) -> &'static str {
        PackageChange::ALL.iter().find(|(change, ..)| *change == self).map_or("", |(_, sign, _)| sign)
    }

    /// Returns its word.
    pub(crate) fn word(self) -> &'static str {
        PackageChange::ALL.iter().find(|(change, ..)| *change == self).map_or("", |(.., word)| word)
    }

    fn of(ecosystem: &str, left: &BTreeSet<&str>, right: &BTreeSet<&str>) -> PackageChange {
        let only = |versions: &BTreeSet<&'_ str>| {
            versions.first().filter(|_| versions.len() == 1).map(ToString::to_string)
        };
        match (only(left), only(right)) {
            _ if left.is_empty() => PackageChange::Added,
            _ if right.is_empty() => PackageChange::Removed,
            (Some(left), Some(right)) => match order::compare(ecosystem, &left, &right) {
                Some(Ordering::Less) => PackageChange::Up,
                Some(Ordering::Greater) => PackageChange::Down,
                Some(Ordering::Equal) | None => PackageChange::Changed,
            },
            _ => PackageChange::Changed,
        }
    }
}

/// Compares two lists of packages, each with ecosystem, name and version. The order of the lists does not matter.
pub fn diff<'a>(
    left: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
    right: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
) -> Vec<PackageDifference> {
    type Versions<'a> = [BTreeSet<&'a str>; 2];
    let mut all: BTreeMap<(&str, &str), Versions<'_>> = BTreeMap::new();
    for (ecosystem, name, version) in left {
        all.entry((ecosystem, name)).or_default()[0].insert(version);
    }
    for (ecosystem, name, version) in right {
        all.entry((ecosystem, name)).or_default()[1].insert(version);
    }
    let text = |versions: BTreeSet<&str>| {
        let versions: Vec<&str> = versions.into_iter().collect();
        (!versions.is_empty()).then(|| versions.join(", "))
    };
    let differ = all.into_iter().filter(|(_, [left, right])| left != right);
    let row = |((ecosystem, name), [left, right]): ((&str, &str), Versions<'_>)| PackageDifference {
        ecosystem: ecosystem.to_string(),
        name: name.to_string(),
        change: PackageChange::of(ecosystem, &left, &right),
        left: text(left),
        right: text(right),
    };
    differ.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_added_removed_or_have_another_version_and_may_have_several() {
        let left =
            [("deb", "a", "1"), ("deb", "b", "1"), ("npm", "a", "1"), ("npm", "a", "2"), ("deb", "c", "3")];
        let right = [("npm", "a", "2"), ("deb", "b", "2"), ("deb", "c", "3"), ("apk", "z", "1")];
        let rows = diff(left, right);
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let (left, right) = (row.left.as_deref(), row.right.as_deref());
                (row.ecosystem.as_str(), row.name.as_str(), left, right, row.change)
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("apk", "z", None, Some("1"), PackageChange::Added),
                ("deb", "a", Some("1"), None, PackageChange::Removed),
                ("deb", "b", Some("1"), Some("2"), PackageChange::Up),
                ("npm", "a", Some("1, 2"), Some("2"), PackageChange::Changed),
            ]
        );
    }
}
