//! The cursor of an earlier session: it goes to its name as soon as that is listed, unless the user chose a row before.

use super::Repositories;
use crate::model::page::ListedName;
use crate::model::reference::RepositoryName;

impl Repositories {
    /// Returns whether a page brings the name that the cursor is to go to.
    pub(super) fn brings_restored(&self, page: &[ListedName<RepositoryName>]) -> bool {
        let goal = self.restored.as_ref().map(|cursor| &cursor.name);
        goal.is_some() && page.iter().any(|listed| listed.name() == goal)
    }

    /// Goes to the name.
    pub(super) fn select_restored(&mut self) {
        if let Some(cursor) = self.restored.take()
            && !self.was_row_chosen()
            && !self.go_to(&cursor.name)
        {
            self.restored = Some(cursor);
        }
    }

    /// Goes near the place of the name if all names are listed and it is not one of them. Returns the name then.
    pub(crate) fn settle_restored(&mut self) -> Option<RepositoryName> {
        let cursor = self.restored.take().filter(|_| !self.was_row_chosen())?;
        let _ = cursor.near.iter().any(|name| self.go_to(name));
        Some(cursor.name)
    }

    fn was_row_chosen(&self) -> bool {
        self.list.is_user_selected || self.list.is_filtered()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::tests::{name, page};
    use super::*;
    use crate::app::list::Move;
    use crate::app::remote::Tickets;
    use crate::model::session::KeptCursor;

    fn restored(goal: &str, near: &[&str]) -> Repositories {
        let near = near.iter().map(|near| name(near)).collect();
        Repositories { restored: Some(KeptCursor { name: name(goal), near }), ..Repositories::default() }
    }

    fn take(repositories: &mut Repositories, names: &[&str], is_last: bool) {
        let next = (!is_last).then(|| Tickets::default().issue());
        repositories.take(page(names), next, None, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn the_cursor_goes_to_its_name_when_a_page_brings_it() {
        let mut repositories = restored("d", &[]);
        take(&mut repositories, &["a", "b"], false);
        assert_eq!(repositories.selected(), Some(&name("a")));
        take(&mut repositories, &["c", "d"], true);
        assert_eq!(repositories.selected(), Some(&name("d")));
        assert_eq!(repositories.settle_restored(), None);
    }

    #[test]
    fn the_cursor_stays_where_the_user_has_moved_it() {
        let mut repositories = restored("d", &["b"]);
        take(&mut repositories, &["a", "b"], false);
        repositories.list.move_cursor(Move::By(1));
        take(&mut repositories, &["c", "d"], true);
        assert_eq!(repositories.settle_restored(), None);
        assert_eq!(repositories.selected(), Some(&name("b")));
    }

    #[test]
    fn a_name_that_is_gone_is_told_and_the_nearest_that_is_left_takes_the_cursor() {
        let mut repositories = restored("d", &["e", "c", "b"]);
        take(&mut repositories, &["a", "b", "c"], true);
        assert_eq!(repositories.settle_restored(), Some(name("d")));
        assert_eq!(repositories.selected(), Some(&name("c")));
    }

    #[test]
    fn the_namespaces_above_the_name_are_opened_in_a_tree() {
        let mut repositories = restored("team/app", &[]);
        repositories.tree = true;
        take(&mut repositories, &["a", "team/app", "team/web"], true);
        assert_eq!(repositories.selected(), Some(&name("team/app")));
    }
}
