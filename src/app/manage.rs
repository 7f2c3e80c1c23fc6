//! What the keys for changes do: each leads to a plan, and none of them changes anything by itself.

use super::chosen::chosen;
use super::turn::Turn;
use crate::model::work::{Wish, delete};

impl Turn<'_> {
    /// Shows what deleting the chosen images comes to.
    pub fn delete(&mut self) {
        let Some((repository, selectors)) = chosen(self.state) else { return };
        let along = delete::Along::default();
        self.plan(Wish::Delete(delete::Wish { repository, selectors, manner: None, along }));
    }
}
