//! The focused pane: its list, its cursor and its filter.

use super::list::{List, Move};
use super::panes::details::{Tab, TextSearch};
use super::{Pane, State};

impl State {
    /// Returns the list of the focused pane.
    pub(crate) fn focused_list(&mut self) -> Option<&mut List> {
        self.list_of(self.focus)
    }

    /// Returns the list of a pane, or `None` if it shows text.
    pub(crate) fn list_of(&mut self, pane: Pane) -> Option<&mut List> {
        match pane {
            Pane::Registries => Some(&mut self.registries.list),
            Pane::Repositories => {
                self.registries.selected_mut().map(|registry| &mut registry.repositories.list)
            }
            Pane::Tags => Some(&mut self.tags.list),
            Pane::Details => match self.detail.tab {
                Tab::Layers => Some(&mut self.detail.layers),
                Tab::Files => Some(&mut self.detail.files.browser.list),
                Tab::Referrers => Some(&mut self.detail.referrers),
                Tab::Overview | Tab::Config | Tab::Manifest => None,
            },
        }
    }

    /// Filters the focused list by a text, or searches the focused text.
    pub(crate) fn filter(&mut self, typed: &str) {
        match self.focus {
            Pane::Registries => {
                self.registries.list.set_filter(typed);
                self.registries.refilter();
            }
            Pane::Repositories => {
                if let Some(registry) = self.registries.selected_mut() {
                    registry.repositories.list.set_filter(typed);
                    registry.repositories.refilter();
                }
            }
            Pane::Tags => {
                self.tags.list.set_filter(typed);
                self.tags.refilter();
            }
            Pane::Details => match self.detail.tab {
                Tab::Layers => self.detail.filter_layers(typed),
                Tab::Files => self.detail.files.browser.set_filter(typed),
                Tab::Referrers => self.detail.filter_referrers(typed),
                Tab::Overview | Tab::Config | Tab::Manifest => self.detail.search(typed),
            },
        }
    }

    /// Returns the text that the focused list is filtered by, or that the focused text is searched for.
    pub(crate) fn filter_text(&mut self) -> String {
        let list = self.focused_list().map(|list| list.filter.clone());
        list.unwrap_or_else(|| self.detail.search.as_ref().map_or("", TextSearch::typed).to_string())
    }

    /// Returns the reason why the text of the filter is none, so that the list follows the one before.
    pub(crate) fn filter_problem(&self) -> Option<&str> {
        let is_of_files = self.focus == Pane::Details && self.detail.tab == Tab::Files;
        self.detail.files.browser.filter_problem().filter(|_| is_of_files)
    }

    /// Moves the cursor of the focused pane, or scrolls its text.
    pub(crate) fn move_cursor(&mut self, to: Move) {
        match self.focused_list() {
            Some(list) => {
                list.move_cursor(to);
            }
            None => self.detail.scroll_to(to),
        }
    }

    /// Focuses a pane. The rows that lead to it count as chosen now, so that rows that come later do not lead away from
    /// it.
    pub(crate) fn focus_pane(&mut self, pane: Pane) {
        if pane != self.focus
            && let Some(list) = self.focused_list()
        {
            list.range_start = None;
        }
        for before in Pane::ALL.into_iter().filter(|before| *before < pane) {
            if let Some(list) = self.list_of(before) {
                list.is_user_selected = !list.rows.is_empty();
            }
        }
        self.focus = pane;
    }

    /// Focuses the pane this number of panes to the right, in a circle.
    pub(crate) fn cycle_pane(&mut self, by: isize) {
        let shows_registries = self.registries.items.len() > 1 || self.focus == Pane::Registries;
        let panes = if shows_registries { &Pane::ALL[..] } else { &Pane::ALL[1..] };
        let at = panes.iter().position(|pane| *pane == self.focus).unwrap_or(0) as isize;
        let next = (at + by).rem_euclid(panes.len() as isize) as usize;
        self.focus_pane(panes[next]);
    }
}
