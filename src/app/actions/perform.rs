//! The effects of actions.

use super::Action;
use super::availability::check_available;
use crate::app::cmd::Cmd;
use crate::app::dialogs::Dialog;
use crate::app::list::{List, Move};
use crate::app::panes::details::Tab;
use crate::app::update::Update;
use crate::app::{Pane, layout};

impl Update<'_> {
    /// Performs the action, or tells the user the reason why it is not possible.
    pub fn perform(&mut self, action: Action) {
        if let Err(why) = check_available(action, self.state) {
            return self.refuse(why.into_owned());
        }
        match action {
            Action::Down => self.move_cursor(Move::By(1)),
            Action::Up => self.move_cursor(Move::By(-1)),
            Action::PageDown => self.move_cursor(Move::HalfPages(1)),
            Action::PageUp => self.move_cursor(Move::HalfPages(-1)),
            Action::First => self.move_cursor(Move::First),
            Action::Last => self.move_cursor(Move::Last),
            Action::Enter => self.enter(),
            Action::Back => self.back(),
            Action::NextPane => self.cycle_pane(1),
            Action::PreviousPane => self.cycle_pane(-1),
            Action::Pane(pane) => self.focus(pane),
            Action::NextTab => self.cycle_tab(1),
            Action::PreviousTab => self.cycle_tab(-1),
            Action::NextPlatform => self.cycle_platform(1),
            Action::PreviousPlatform => self.cycle_platform(-1),
            Action::Zoom => self.state.zoomed = !self.state.zoomed,
            Action::Filter => {
                let typed = self.list().map(|list| list.filter.clone()).unwrap_or_default();
                self.state.dialogs.push(Dialog::Filter(typed.into()));
            }
            Action::CommandLine => self.state.dialogs.push(Dialog::CommandLine(Default::default())),
            Action::Palette => self.open_palette(),
            Action::Sort => self.open_sort_menu(),
            Action::Mark => self.with_list(List::toggle_mark),
            Action::MarkRange => self.with_list(List::toggle_range),
            Action::MarkAll => self.with_list(List::mark_all),
            Action::Unmark => self.with_list(|list| {
                list.unmark();
            }),
            Action::Retag => self.prompt_to_retag(""),
            Action::Delete => self.plan_delete(),
            Action::Copy => self.prompt_to_copy_selection(""),
            Action::Take => self.take_images(),
            Action::Put => self.plan_put(),
            Action::Compare => self.compare_shown_repository(),
            Action::Undo => self.plan_undo(),
            Action::Jobs => self.open_jobs(),
            Action::Journal => self.open_journal(),
            Action::Yank => self.open_yank_menu(),
            Action::Pager => self.show_in_pager(),
            Action::Refresh => self.refresh(),
            Action::Reload => self.reload(),
            Action::Hidden => self.toggle_hidden(),
            Action::Tree => {
                self.with_repositories(crate::app::panes::repositories::Repositories::toggle_tree)
            }
            Action::Open => self.prompt_to_open(),
            Action::Requests => self.state.dialogs.push(Dialog::Requests(0)),
            Action::Messages => {
                self.state.notices.toast = None;
                self.state.dialogs.push(Dialog::Messages(0));
            }
            Action::Help => self.state.dialogs.push(Dialog::Help(Default::default())),
            Action::Suspend => self.cmds.push(Cmd::Suspend),
            Action::Repaint => self.cmds.push(Cmd::Repaint),
            Action::Quit => self.quit(),
        }
    }

    /// Returns the list of the focused pane.
    pub fn list(&mut self) -> Option<&mut List> {
        self.list_of(self.state.focus)
    }

    /// Returns the list of a pane, or `None` if it shows text.
    pub fn list_of(&mut self, pane: Pane) -> Option<&mut List> {
        let state = &mut *self.state;
        match pane {
            Pane::Registries => Some(&mut state.registries.list),
            Pane::Repositories => {
                state.registries.selected_mut().map(|registry| &mut registry.repositories.list)
            }
            Pane::Tags => Some(&mut state.tags.list),
            Pane::Details => (state.detail.tab == Tab::Layers).then_some(&mut state.detail.layers),
        }
    }

    fn with_list(&mut self, change: impl FnOnce(&mut List)) {
        if let Some(list) = self.list() {
            change(list);
        }
    }

    fn with_repositories(&mut self, change: impl FnOnce(&mut crate::app::panes::repositories::Repositories)) {
        if let Some(registry) = self.state.registries.selected_mut() {
            change(&mut registry.repositories);
        }
    }

    /// Filters the focused list by a text.
    pub fn filter(&mut self, typed: &str) {
        let state = &mut *self.state;
        match state.focus {
            Pane::Registries => {
                state.registries.list.set_filter(typed);
                state.registries.refilter();
            }
            Pane::Repositories => {
                if let Some(registry) = state.registries.selected_mut() {
                    registry.repositories.list.set_filter(typed);
                    registry.repositories.refilter();
                }
            }
            Pane::Tags => {
                state.tags.list.set_filter(typed);
                state.tags.refilter();
            }
            Pane::Details => {}
        }
    }

    /// Moves the cursor of the focused pane, or scrolls its text.
    pub fn move_cursor(&mut self, to: Move) {
        if let Some(list) = self.list() {
            list.move_cursor(to);
            return;
        }
        let detail = &mut self.state.detail;
        let half = (detail.height / 2).max(1) as isize;
        detail.scroll = match to {
            Move::By(lines) => detail.scroll.saturating_add_signed(lines),
            Move::HalfPages(pages) => detail.scroll.saturating_add_signed(pages * half),
            Move::First => 0,
            Move::Last => usize::MAX,
            Move::To(line) => line,
        };
    }

    /// Focuses a pane. The rows that lead to it count as chosen now, so that rows that come later do not lead away from
    /// it.
    pub fn focus(&mut self, pane: Pane) {
        if pane != self.state.focus
            && let Some(list) = self.list()
        {
            list.range_start = None;
        }
        for before in Pane::ALL.into_iter().filter(|before| *before < pane) {
            if let Some(list) = self.list_of(before) {
                list.is_user_selected = !list.rows.is_empty();
            }
        }
        self.state.focus = pane;
    }

    fn cycle_pane(&mut self, by: isize) {
        let shows_registries = self.state.registries.items.len() > 1 || self.state.focus == Pane::Registries;
        let panes = if shows_registries { &Pane::ALL[..] } else { &Pane::ALL[1..] };
        let at = panes.iter().position(|pane| *pane == self.state.focus).unwrap_or(0) as isize;
        let next = (at + by).rem_euclid(panes.len() as isize) as usize;
        self.focus(panes[next]);
    }

    fn cycle_tab(&mut self, by: isize) {
        let tabs = layout::tabs(self.state);
        let at = tabs.iter().position(|tab| *tab == self.state.detail.tab).unwrap_or(0) as isize;
        let next = (at + by).rem_euclid(tabs.len() as isize) as usize;
        self.state.detail.open_tab(tabs[next]);
    }

    fn cycle_platform(&mut self, by: isize) {
        let count =
            self.state.detail.inspection.value.as_ref().map_or(0, |inspection| inspection.variants.len());
        if count > 0 {
            let next = (self.state.detail.variant as isize + by).rem_euclid(count as isize);
            self.state.detail.select_variant(next as usize);
        }
    }

    fn enter(&mut self) {
        match self.state.focus {
            Pane::Registries => self.focus(Pane::Repositories),
            Pane::Repositories => {
                let Some(registry) = self.state.registries.selected_mut() else {
                    return self.prompt_to_open();
                };
                if registry.repositories.toggle_namespace() {
                    return;
                }
                match registry.repositories.listed().map(|listed| listed.name().is_some()) {
                    Some(true) => self.focus(Pane::Tags),
                    Some(false) => self.refuse("this name is malformed, so it is never sent"),
                    None if registry.repositories.names.failure.is_some() => self.prompt_to_open(),
                    None => {}
                }
            }
            Pane::Tags if self.state.detail.image.is_some() => self.focus(Pane::Details),
            Pane::Tags | Pane::Details => {}
        }
    }

    /// Removes a message, a filter or marks, or leaves a namespace, if there is one. Otherwise goes one pane to the
    /// left.
    fn back(&mut self) {
        if self.state.notices.toast.take().is_some() {
            return;
        }
        if self.list().is_some_and(|list| list.is_filtered()) {
            return self.filter("");
        }
        if self.list().is_some_and(List::unmark) {
            return;
        }
        if self.state.focus == Pane::Repositories
            && self
                .state
                .registries
                .selected_mut()
                .is_some_and(|registry| registry.repositories.leave_namespace())
        {
            return;
        }
        match self.state.focus {
            Pane::Registries if self.state.zoomed => self.state.zoomed = false,
            Pane::Registries => {}
            Pane::Repositories => self.focus(Pane::Registries),
            Pane::Tags => self.focus(Pane::Repositories),
            Pane::Details => self.focus(Pane::Tags),
        }
    }

    fn toggle_hidden(&mut self) {
        self.state.show_hidden = !self.state.show_hidden;
        self.state.tags.show_hidden = self.state.show_hidden;
        self.state.tags.refilter();
        let hidden = if self.state.show_hidden { "hidden tags are shown" } else { "digest tags are hidden" };
        self.say_done(hidden);
    }
}
