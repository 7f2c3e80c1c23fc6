//! Names folded by namespace.

use std::collections::HashSet;

use super::{Repositories, RepositorySort, columns_of};
use crate::app::list::{HEADING, Move};
use crate::model::page::ListedName;
use crate::model::reference::RepositoryName;

/// A row of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Number of namespaces above the row.
    pub(crate) depth: u16,
    /// The namespace or repository of the row.
    pub(crate) node: BranchNode,
}

/// A namespace or a repository in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BranchNode {
    /// `team/`, with the number of repositories below.
    Namespace {
        /// The whole path with its trailing slash.
        path: String,
        /// Number of bytes of the path that belong to the namespace above. The rest may consist of several nested
        /// namespaces.
        above: usize,
        /// Whether the rows below are shown.
        open: bool,
        /// Number of repositories below, at any depth.
        count: usize,
    },
    /// A repository: an index into `names`.
    Repository(u32),
}

impl Repositories {
    /// Returns whether the rows are branches of a tree. Another order than by name makes the list flat.
    pub(crate) fn is_tree(&self) -> bool {
        self.tree && !self.list.is_filtered() && self.sort == RepositorySort::default()
    }

    /// Returns the branch under the cursor, in a tree.
    pub(crate) fn branch(&self) -> Option<&Branch> {
        self.branches.get(self.list.cursor).filter(|_| self.is_tree())
    }

    pub(super) fn show_branches(&mut self) {
        let namespace =
            self.branch().and_then(Branch::path).filter(|_| self.list.is_user_selected).map(String::from);
        self.branches = build_tree(&self.names.items, &self.by_name, &self.open);
        let item = |(row, branch): (usize, &Branch)| match branch.node {
            BranchNode::Repository(name) => name,
            BranchNode::Namespace { .. } => HEADING | row as u32,
        };
        self.list.show(self.branches.iter().enumerate().map(item).collect());
        let same = |path: String| self.branches.iter().position(|branch| branch.path() == Some(&path));
        if let Some(row) = namespace.and_then(same) {
            self.list.cursor = row;
            self.list.show_cursor();
        }
    }

    /// Returns the columns of the longest row, with its indentation.
    pub(super) fn longest_branch(&self) -> usize {
        let columns = |branch: &Branch| {
            let indent = 2 * usize::from(branch.depth) + 2;
            match &branch.node {
                // The number of repositories follows.
                BranchNode::Namespace { path, above, count, .. } => {
                    indent + columns_of(path.get(*above..).unwrap_or(path)) + 1 + count.to_string().len()
                }
                BranchNode::Repository(item) => {
                    let text = self.listed_at(*item as usize).map_or("", ListedName::text);
                    indent + columns_of(text.rsplit('/').next().unwrap_or(text))
                }
            }
        };
        self.branches.iter().map(columns).max().unwrap_or(0)
    }

    /// Folds the list into a tree, or unfolds it. The cursor stays on its repository.
    pub(crate) fn toggle_tree(&mut self) {
        let selected = self.selected().cloned();
        self.tree = !self.tree;
        self.refilter();
        if let Some(name) = selected {
            self.go_to(&name);
        }
    }

    /// Opens or closes the namespace under the cursor. Returns whether there was one.
    pub(crate) fn toggle_namespace(&mut self) -> bool {
        let Some(Branch { node: BranchNode::Namespace { path, open, .. }, .. }) = self.branch() else {
            return false;
        };
        let (path, open) = (path.clone(), *open);
        if open {
            self.open.remove(&path);
        } else {
            self.open.insert(path);
        }
        self.list.is_user_selected = true;
        self.refilter();
        true
    }

    /// Closes the open namespace under the cursor, or goes to the one above. Returns whether there was one. Does
    /// nothing in a flat list.
    pub(crate) fn leave_namespace(&mut self) -> bool {
        match self.branch() {
            Some(Branch { node: BranchNode::Namespace { open: true, .. }, .. }) => self.toggle_namespace(),
            Some(Branch { depth, .. }) if *depth > 0 => {
                let depth = *depth;
                let above = self.branches[..self.list.cursor].iter().rposition(|branch| branch.depth < depth);
                self.list.move_cursor(Move::To(above.unwrap_or(0)));
                true
            }
            _ => false,
        }
    }

    /// Opens every namespace above a listed name. Returns whether one of them was closed.
    pub(super) fn open_to(&mut self, name: &RepositoryName) -> bool {
        if !self.names.items.iter().any(|listed| listed.name() == Some(name)) {
            return false;
        }
        let text = name.as_str();
        let above = text.match_indices('/').map(|(slash, _)| text[..=slash].to_string());
        let before = self.open.len();
        self.open.extend(above);
        self.open.len() > before
    }
}

impl Branch {
    /// Returns the path of a namespace with its trailing slash, or `None` for a repository.
    fn path(&self) -> Option<&str> {
        match &self.node {
            BranchNode::Namespace { path, .. } => Some(path),
            BranchNode::Repository(_) => None,
        }
    }
}

/// Returns the rows of the tree. `order` sorts the names by their bytes, so that names of one namespace are adjacent.
fn build_tree(names: &[ListedName<RepositoryName>], order: &[u32], open: &HashSet<String>) -> Vec<Branch> {
    let mut branches = Vec::new();
    add_branches(&mut branches, names, order, open, 0, 0);
    branches
}

/// Adds the branches of names that share their first `prefix` bytes.
fn add_branches(
    branches: &mut Vec<Branch>,
    names: &[ListedName<RepositoryName>],
    mut order: &[u32],
    open: &HashSet<String>,
    prefix: usize,
    depth: u16,
) {
    while let Some((first, rest)) = order.split_first() {
        let name = names[*first as usize].text();
        let Some(slash) =
            name[prefix..].find('/').filter(|_| matches!(names[*first as usize], ListedName::Named(_)))
        else {
            branches.push(Branch { depth, node: BranchNode::Repository(*first) });
            order = rest;
            continue;
        };
        let namespace = &name[..=prefix + slash];
        let end = order.partition_point(|item| names[*item as usize].text().starts_with(namespace));
        let path = common_namespace(namespace, name, &names[order[end.max(1) - 1] as usize]);
        let is_open = open.contains(path);
        let node = BranchNode::Namespace { path: path.to_string(), above: prefix, open: is_open, count: end };
        branches.push(Branch { depth, node });
        if is_open {
            add_branches(branches, names, &order[..end], open, path.len(), depth + 1);
        }
        order = &order[end.max(1)..];
    }
}

/// Returns the namespace that all names from `first` to `last` share. It may be nested more deeply: namespaces that
/// contain nothing but one other namespace are one row.
fn common_namespace<'a>(namespace: &str, first: &'a str, last: &ListedName<RepositoryName>) -> &'a str {
    let mut end = namespace.len();
    while let Some(slash) = first[end..].find('/')
        && last.name().is_some()
        && last.text().starts_with(&first[..=end + slash])
    {
        end += slash + 1;
    }
    &first[..end]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::panes::repositories::tests::{marked, name, page, shown};

    #[test]
    fn marks_in_a_tree_stay_on_their_names_and_namespaces_take_none() {
        let mut repositories = Repositories::default();
        repositories.take(page(&["a", "b/x", "c/y"]), None, None, Timestamp::UNIX_EPOCH);
        repositories.toggle_tree();
        assert_eq!(shown(&repositories), ["a", "+b/ 1", "+c/ 1"]);
        repositories.list.mark_all();
        assert_eq!(marked(&repositories), ["a"]);
        repositories.list.move_cursor(Move::To(1));
        repositories.list.toggle_mark();
        assert_eq!(marked(&repositories), ["a"]);
        repositories.list.move_cursor(Move::To(1));
        repositories.toggle_namespace();
        assert_eq!(shown(&repositories), ["a", "-b/ 1", "b/x", "+c/ 1"]);
        assert_eq!(marked(&repositories), ["a"]);
        repositories.list.filter = "y".into();
        repositories.refilter();
        repositories.list.toggle_mark();
        assert_eq!(marked(&repositories), ["c/y", "a"]);
        repositories.list.filter.clear();
        repositories.refilter();
        assert_eq!(repositories.selected(), Some(&name("c/y")), "what the filter found is shown in the tree");
        assert_eq!(marked(&repositories), ["a", "c/y"]);
    }

    #[test]
    fn a_tree_folds_namespaces_and_finds_its_way_back() {
        let mut repositories = Repositories::default();
        repositories.take(
            page(&["app", "team", "team-x/y", "team/a", "team/b/c"]),
            None,
            None,
            Timestamp::UNIX_EPOCH,
        );
        repositories.toggle_tree();
        assert_eq!(shown(&repositories), ["app", "team", "+team-x/ 1", "+team/ 2"]);
        repositories.list.move_cursor(Move::Last);
        assert!(repositories.toggle_namespace());
        assert_eq!(shown(&repositories), ["app", "team", "+team-x/ 1", "-team/ 2", "team/a", "+team/b/ 1"]);
        repositories.list.move_cursor(Move::Last);
        assert!(repositories.leave_namespace());
        assert_eq!(repositories.list.cursor, 3);
        assert!(repositories.leave_namespace() && !repositories.leave_namespace());
        repositories.open_by_name(&name("team/b/c"));
        assert_eq!(repositories.selected(), Some(&name("team/b/c")));
        repositories.toggle_tree();
        assert_eq!(repositories.selected(), Some(&name("team/b/c")));
    }

    #[test]
    fn namespaces_that_hold_nothing_but_one_other_are_one_row() {
        let mut repositories = Repositories { tree: true, ..Repositories::default() };
        let names = ["a/b/c/x", "a/b/c/y", "d/e/z", "d/y"];
        repositories.take(page(&names), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["+a/b/c/ 2", "+d/ 2"]);
        repositories.toggle_namespace();
        assert_eq!(shown(&repositories), ["-a/b/c/ 2", "a/b/c/x", "a/b/c/y", "+d/ 2"]);
        repositories.open_by_name(&name("d/e/z"));
        assert_eq!(shown(&repositories)[3..], ["-d/ 2", "-d/e/ 1", "d/e/z", "d/y"]);
        repositories.leave_namespace();
        assert_eq!(repositories.branch().and_then(Branch::path), Some("d/e/"));
    }
}
