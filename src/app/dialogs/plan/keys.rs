//! The keys and clicks of a plan.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::Position;

use super::PlanDialog;
use super::bindings::{BINDINGS, PlanEffect};
use super::page::Press;
use super::places::{self, PlanPlaces};
use crate::app::dialogs::{Dialog, KeyedDialog, click, edit_input};
use crate::app::keys::{Binding, KeyChord, Keys, Pressed, SharedEffect};
use crate::app::update::Update;
use crate::model::failure::Failure;

impl KeyedDialog for Box<PlanDialog> {
    type Effect = PlanEffect;

    const TITLE: &'static str = "Plan";

    const BINDINGS: &'static [Binding<PlanEffect>] = BINDINGS;

    /// While a name is typed, its characters and the keys that edit it have no other meaning.
    fn meaning(&self, keys: &Keys, key: KeyEvent) -> Pressed<PlanEffect> {
        let Some(chord) = KeyChord::of(key).filter(|_| self.is_name_expected()) else {
            return keys.press(Self::BINDINGS, key);
        };
        let is_of_name = !chord.character().is_some_and(|character| character.is_ascii_uppercase());
        match keys.find(Self::BINDINGS, chord) {
            _ if chord.edits_text() && is_of_name => Pressed::Text(key),
            Some(effect) => Pressed::Own(effect),
            None if chord.has_character() => Pressed::Text(key),
            None => keys.press(Self::BINDINGS, key),
        }
    }

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<PlanEffect>) -> Option<Dialog> {
        if pressed == Pressed::Shared(SharedEffect::Cancel) {
            return self.back(update);
        }
        let is_let_in = self.accepts_key(update.now);
        let may_confirm = self.guard.can_confirm(update.now);
        self.guard.record_key(update.now);
        self.problem = None;
        self.scroll = self.scroll.min(self.furthest_scroll(update.state));
        match pressed {
            // Keys that change only the display count at once.
            Pressed::Own(PlanEffect::Method) => self.cycle_method(update),
            Pressed::Own(PlanEffect::Children) => self.toggle_children(update),
            Pressed::Own(PlanEffect::Referrers) => self.toggle_referrers(update),
            Pressed::Own(PlanEffect::Keep) => self.toggle_keep(update),
            Pressed::Own(PlanEffect::Convert) => self.toggle_format(update),
            Pressed::Shared(SharedEffect::Move(to)) => self.scroll_by(update.state, to),
            Pressed::Own(PlanEffect::Confirm) if self.change_plan.is_loading() => {
                self.problem = Some("it is still being looked up");
            }
            Pressed::Own(PlanEffect::Confirm) if !is_let_in => {
                self.problem = Some("this was not on the screen when Enter was pressed: press it again");
            }
            _ if !is_let_in => {}
            Pressed::Own(PlanEffect::Confirm) => return self.submit(update, may_confirm),
            Pressed::Own(PlanEffect::Close) => return self.close(update),
            Pressed::Own(PlanEffect::Retry) if self.change_plan.failure.is_some() => {
                self.is_beyond_budget |=
                    self.change_plan.failure.as_ref().is_some_and(Failure::is_over_budget);
                self.plan_again(update, Duration::ZERO);
            }
            Pressed::Own(PlanEffect::FocusCancel) => self.is_confirm_focused = false,
            Pressed::Own(PlanEffect::FocusConfirm) => self.is_confirm_focused = self.ready_plan().is_some(),
            Pressed::Text(key) if self.is_name_expected() => {
                edit_input(&mut self.input, key);
            }
            Pressed::Own(PlanEffect::Retry) | Pressed::Shared(_) | Pressed::Text(_) => {}
        }
        Some(Dialog::Plan(self))
    }
}

impl PlanDialog {
    /// Handles a click. Like a key, it confirms nothing while the plan has only just appeared.
    pub(in crate::app::dialogs) fn click(
        mut self: Box<Self>,
        update: &mut Update<'_>,
        at: Position,
    ) -> Option<Dialog> {
        let places = PlanPlaces::of(update.state, &self);
        let buttons = places::plan_buttons(&self, places.foot);
        if let Some(button) = buttons.iter().find(|button| button.area.contains(at)) {
            if !self.accepts_key(update.now) {
                return Some(Dialog::Plan(self));
            }
            self.is_confirm_focused = button.confirms;
            return self.press(update, Pressed::Own(PlanEffect::Confirm));
        }
        match self.line_at(&places, at) {
            Some(Press::Method(method)) => self.use_method(update, method),
            Some(Press::Switch(option)) => {
                return self.press(update, Pressed::Own(PlanEffect::of(option)));
            }
            None => {}
        }
        Some(Dialog::Plan(self))
    }

    /// Returns the effect of the plan's line under the click.
    fn line_at(&self, places: &PlanPlaces, at: Position) -> Option<Press> {
        if self.confirms_replacement || self.change_plan.failure.is_some() {
            return None;
        }
        let PlanPlaces { body, lines, .. } = places;
        let scroll = self.scroll.min(lines.len().saturating_sub(body.height.into()));
        lines.get(click::row_at(*body, at, scroll, lines.len())?)?.on_click
    }
}
