//! Bookmarks: registries, repositories and images that the user keeps by name.

use std::collections::BTreeMap;

use super::reference::{Host, RepositoryName, Selector, Target};

/// The bookmarks of the user, ordered by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bookmarks(BTreeMap<String, Target>);

impl Bookmarks {
    /// Adds a bookmark, or takes it away if it is one. Returns whether it is one now.
    pub(crate) fn toggle(&mut self, target: &Target) -> bool {
        let name = target.to_string();
        if self.0.remove(&name).is_some() {
            return false;
        }
        self.0.insert(name, target.clone());
        true
    }

    /// Takes a bookmark away. Returns whether it was one.
    pub(crate) fn remove(&mut self, target: &Target) -> bool {
        self.0.remove(&target.to_string()).is_some()
    }

    /// Returns whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the bookmarks by name.
    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        self.0.values()
    }

    /// Returns whether a registry, a repository of it, or an image of that is a bookmark.
    pub(crate) fn has(
        &self,
        host: &Host,
        repository: Option<&RepositoryName>,
        selector: Option<&Selector>,
    ) -> bool {
        let target = Target::of_parts(host.clone(), repository.cloned(), selector.cloned());
        self.0.contains_key(&target.to_string())
    }
}

impl FromIterator<Target> for Bookmarks {
    fn from_iter<T: IntoIterator<Item = Target>>(targets: T) -> Bookmarks {
        Bookmarks(targets.into_iter().map(|target| (target.to_string(), target)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_comes_and_goes_and_all_are_ordered_by_name() {
        let mut bookmarks = Bookmarks::default();
        let target = |text: &str| Target::parse(text).expect(text);
        for text in ["r.test/b", "r.test/b:1", "a.test/z", "r.test"] {
            assert!(bookmarks.toggle(&target(text)));
        }
        let names = |bookmarks: &Bookmarks| bookmarks.iter().map(Target::to_string).collect::<Vec<_>>();
        assert_eq!(names(&bookmarks), ["a.test/z", "r.test", "r.test/b", "r.test/b:1"]);
        assert!(!bookmarks.toggle(&target("r.test/b")));
        assert!(!bookmarks.remove(&target("r.test/b")), "it is gone already");
        let (host, name) = (target("r.test").host().clone(), RepositoryName::parse("b").expect("a name"));
        let tag: Selector = "1".parse().expect("a tag");
        assert!(bookmarks.has(&host, None, None) && bookmarks.has(&host, Some(&name), Some(&tag)));
        assert!(!bookmarks.has(&host, Some(&name), None));
    }
}
