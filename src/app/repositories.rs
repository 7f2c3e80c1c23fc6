//! The repositories of a registry: flat, or a tree by namespace.

mod tree;

use std::collections::HashSet;

use jiff::Timestamp;

use super::list::{Change, List, Paged};
use super::remote::Ticket;
use crate::model::page::Listed;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;

/// The Repositories pane of one registry.
#[derive(Debug, Default)]
pub struct Repositories {
    /// The catalog, and what was opened by name, each once.
    pub names: Paged<Listed<RepositoryName>>,
    /// What is shown of it, sorted by name. In a flat list the rows are indices into `names`; in a tree, into `branches`.
    pub list: List,
    /// Whether namespaces are folded into a tree. A filter makes the list flat.
    pub tree: bool,
    /// The rows of the tree, when it is one.
    pub branches: Vec<Branch>,
    /// The namespaces that are open, with their trailing slash.
    pub open: HashSet<String>,
    /// What was opened by name, newest first.
    pub opened: Vec<RepositoryName>,
    /// The repository to go to once it is listed.
    pub goal: Option<RepositoryName>,
}

/// A row of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Namespaces above it.
    pub depth: u16,
    /// What it is.
    pub node: Node,
}

/// A namespace or a repository in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `team/`, with the number of repositories below.
    Namespace {
        /// Whole path with its trailing slash.
        path: String,
        /// Whether what is below is shown.
        open: bool,
        /// Repositories below, at any depth.
        count: usize,
    },
    /// A repository: an index into `names`.
    Repository(u32),
}

/// The most names of repositories opened by name that are remembered.
const MOST_OPENED: usize = 50;

impl Repositories {
    /// Whether the rows are branches of a tree.
    pub fn is_tree(&self) -> bool {
        self.tree && !self.list.is_filtered()
    }

    /// The branch under the cursor, in a tree.
    pub fn branch(&self) -> Option<&Branch> {
        self.branches.get(self.list.selected()?).filter(|_| self.is_tree())
    }

    /// The name under the cursor, as the server listed it.
    pub fn listed(&self) -> Option<&Listed<RepositoryName>> {
        self.listed_at(self.list.selected()?)
    }

    /// The name that an entry of `list.rows` stands for; none for a namespace.
    pub fn listed_at(&self, item: usize) -> Option<&Listed<RepositoryName>> {
        match self.is_tree() {
            false => self.names.items.get(item),
            true => match self.branches.get(item)?.node {
                Node::Repository(name) => self.names.items.get(name as usize),
                Node::Namespace { .. } => None,
            },
        }
    }

    /// The repository under the cursor.
    pub fn selected(&self) -> Option<&RepositoryName> {
        self.listed()?.name()
    }

    /// Takes a page of the catalog. What was opened by name stays.
    pub fn take(
        &mut self,
        page: Vec<Listed<RepositoryName>>,
        next: Option<Ticket>,
        incomplete: Option<SafeText>,
        now: Timestamp,
    ) {
        let opened: HashSet<&RepositoryName> = self.opened.iter().collect();
        let is_new =
            |listed: &Listed<RepositoryName>| listed.name().is_none_or(|name| !opened.contains(name));
        let page = page.into_iter().filter(is_new).collect();
        let change = self.names.take(page, next, now);
        self.names.incomplete = incomplete;
        match change {
            Change::Nothing => {}
            Change::Added(from) => self.added(from),
            Change::Replaced => {
                self.names.items.extend(self.opened.iter().cloned().map(Listed::Named));
                self.replaced();
            }
        }
    }

    /// Adds a repository that was opened by name, and goes to it.
    pub fn open_by_name(&mut self, name: &RepositoryName) {
        self.opened.retain(|known| known != name);
        self.opened.insert(0, name.clone());
        self.opened.truncate(MOST_OPENED);
        if !self.names.items.iter().any(|listed| listed.name() == Some(name)) {
            self.names.items.push(Listed::Named(name.clone()));
            self.added(self.names.items.len() - 1);
        }
        self.goal = Some(name.clone());
        self.seek();
    }

    /// Sorts what was added behind the first `from` names, and shows it.
    fn added(&mut self, from: usize) {
        self.list.order.extend(from as u32..self.names.items.len() as u32);
        self.sort();
    }

    fn replaced(&mut self) {
        let selected = self.selected().cloned();
        let marked: HashSet<String> = std::mem::take(&mut self.list.marks)
            .into_iter()
            .filter_map(|item| self.listed_at(item as usize).map(|listed| listed.text().to_string()))
            .collect();
        self.list.order = (0..self.names.items.len() as u32).collect();
        let is_chosen = self.list.is_chosen;
        self.sort();
        if let Some(name) = selected.filter(|_| is_chosen) {
            self.go_to(&name);
        }
        if !self.is_tree() {
            let items = self.names.items.iter().enumerate();
            self.list.marks = items
                .filter(|(_, listed)| marked.contains(listed.text()))
                .map(|(item, _)| item as u32)
                .collect();
        }
    }

    fn sort(&mut self) {
        let names = &self.names.items;
        let name = |item: &u32| names[*item as usize].text();
        if !self.list.order.is_sorted_by(|a, b| name(a) <= name(b)) {
            self.list.order.sort_by(|a, b| name(a).cmp(name(b)));
        }
        self.refilter();
    }

    /// Shows what filter and tree leave.
    pub fn refilter(&mut self) {
        if self.is_tree() {
            let before = self.branch().map(|branch| branch.node.clone());
            self.branches = tree::grow(&self.names.items, &self.list.order, &self.open);
            let rows = (0..self.branches.len() as u32).collect();
            let is_chosen = std::mem::take(&mut self.list.is_chosen);
            let cursor = self.list.cursor;
            self.list.show(rows);
            self.list.is_chosen = is_chosen;
            if is_chosen {
                let same = before.and_then(|before| {
                    self.branches.iter().position(|branch| is_same(&branch.node, &before))
                });
                self.list.cursor = same.unwrap_or(cursor);
                self.list.show_cursor();
            }
        } else {
            self.branches = Vec::new();
            let names = &self.names.items;
            self.list.refilter(|item| names.get(item as usize).map(Listed::text));
        }
        self.seek();
    }

    /// Folds the list into a tree, or unfolds it; the cursor stays on its repository.
    pub fn toggle_tree(&mut self) {
        let selected = self.selected().cloned();
        self.list.marks.clear();
        self.tree = !self.tree;
        self.refilter();
        if let Some(name) = selected {
            self.go_to(&name);
        }
    }

    /// Opens or closes the namespace under the cursor; says whether there was one.
    pub fn toggle_namespace(&mut self) -> bool {
        let Some(Branch { node: Node::Namespace { path, open, .. }, .. }) = self.branch() else {
            return false;
        };
        let (path, open) = (path.clone(), *open);
        if open {
            self.open.remove(&path);
        } else {
            self.open.insert(path);
        }
        self.list.is_chosen = true;
        self.refilter();
        true
    }

    /// In a tree: closes the open namespace under the cursor, or goes to the one above; says whether there was one.
    pub fn leave_namespace(&mut self) -> bool {
        match self.branch() {
            Some(Branch { node: Node::Namespace { open: true, .. }, .. }) => self.toggle_namespace(),
            Some(Branch { depth, .. }) if *depth > 0 => {
                let depth = *depth;
                let above = self.branches[..self.list.cursor].iter().rposition(|branch| branch.depth < depth);
                self.list.go(super::list::Move::To(above.unwrap_or(0)));
                true
            }
            _ => false,
        }
    }

    /// Goes to the goal, if there is one and it is listed.
    fn seek(&mut self) {
        if let Some(goal) = self.goal.clone()
            && self.go_to(&goal)
        {
            self.goal = None;
        }
    }

    fn go_to(&mut self, name: &RepositoryName) -> bool {
        if self.is_tree() && self.open_to(name) {
            self.branches = tree::grow(&self.names.items, &self.list.order, &self.open);
            self.list.rows = (0..self.branches.len() as u32).collect();
        }
        let row = self
            .list
            .rows
            .iter()
            .position(|item| self.listed_at(*item as usize).and_then(Listed::name) == Some(name));
        if let Some(row) = row {
            self.list.go(super::list::Move::To(row));
        }
        row.is_some()
    }

    /// Opens every namespace above a name that is listed; says whether one was closed.
    fn open_to(&mut self, name: &RepositoryName) -> bool {
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

fn is_same(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Namespace { path: a, .. }, Node::Namespace { path: b, .. }) => a == b,
        (Node::Repository(a), Node::Repository(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::list::Move;
    use crate::app::remote::Tickets;

    fn name(text: &str) -> RepositoryName {
        RepositoryName::parse(text).expect("a name")
    }

    fn page(names: &[&str]) -> Vec<Listed<RepositoryName>> {
        names.iter().map(|text| Listed::Named(name(text))).collect()
    }

    fn shown(repositories: &Repositories) -> Vec<String> {
        let text = |item: &u32| match repositories.listed_at(*item as usize) {
            Some(listed) => listed.text().to_string(),
            None => match &repositories.branches[*item as usize].node {
                Node::Namespace { path, open, count } => {
                    format!("{}{path} {count}", if *open { "-" } else { "+" })
                }
                Node::Repository(_) => "?".into(),
            },
        };
        repositories.list.rows.iter().map(text).collect()
    }

    #[test]
    fn pages_add_up_sorted_and_each_name_comes_once() {
        let mut tickets = Tickets::default();
        let mut repositories = Repositories::default();
        repositories.open_by_name(&name("m"));
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["b", "z"]), Some(tickets.issue()), None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["b", "m", "z"]);
        assert_eq!(repositories.selected(), Some(&name("m")), "the cursor stays on what was opened");
        repositories.take(page(&["a", "m"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["a", "b", "m", "z"]);
        assert!(repositories.names.complete);
    }

    #[test]
    fn a_refresh_replaces_the_names_only_when_it_is_complete() {
        let mut tickets = Tickets::default();
        let mut repositories = Repositories::default();
        repositories.take(page(&["a", "b", "c"]), None, None, Timestamp::UNIX_EPOCH);
        repositories.list.go(Move::Last);
        repositories.names.begin(tickets.issue());
        repositories.take(page(&["0"]), Some(tickets.issue()), None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["a", "b", "c"]);
        repositories.take(page(&["c"]), None, None, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(&repositories), ["0", "c"]);
        assert_eq!(repositories.selected(), Some(&name("c")));
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
        repositories.list.go(Move::Last);
        assert!(repositories.toggle_namespace());
        assert_eq!(shown(&repositories), ["app", "team", "+team-x/ 1", "-team/ 2", "team/a", "+team/b/ 1"]);
        repositories.list.go(Move::Last);
        assert!(repositories.leave_namespace());
        assert_eq!(repositories.list.cursor, 3);
        assert!(repositories.leave_namespace() && !repositories.leave_namespace());
        repositories.open_by_name(&name("team/b/c"));
        assert_eq!(repositories.selected(), Some(&name("team/b/c")));
        repositories.toggle_tree();
        assert_eq!(repositories.selected(), Some(&name("team/b/c")));
    }
}
