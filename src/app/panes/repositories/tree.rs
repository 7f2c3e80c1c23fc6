//! Names folded by namespace.

use std::collections::HashSet;

use super::{Branch, BranchNode};
use crate::model::page::ListedName;
use crate::model::reference::RepositoryName;

/// Returns the rows of the tree. `order` sorts the names by their bytes, so that names of one namespace are adjacent.
pub fn build_tree(
    names: &[ListedName<RepositoryName>],
    order: &[u32],
    open: &HashSet<String>,
) -> Vec<Branch> {
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
        let namespace = &name[..prefix + slash + 1];
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
        && last.text().starts_with(&first[..end + slash + 1])
    {
        end += slash + 1;
    }
    &first[..end]
}
