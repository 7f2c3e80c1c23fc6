//! The packages of two images that differ.

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
            .map(|row| (row.ecosystem.as_str(), row.name.as_str(), row.left.as_deref(), row.right.as_deref()))
            .collect();
        assert_eq!(
            rows,
            [
                ("apk", "z", None, Some("1")),
                ("deb", "a", Some("1"), None),
                ("deb", "b", Some("1"), Some("2")),
                ("npm", "a", Some("1, 2"), Some("2")),
            ]
        );
    }
}
