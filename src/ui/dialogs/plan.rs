//! The plan of a change: its contents above, and the buttons that carry it out or leave it below.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::dialogs::KeyedDialog;
use crate::app::dialogs::plan::page::Tone;
use crate::app::dialogs::plan::places::{PlanPlaces, plan_buttons};
use crate::app::dialogs::plan::{PlanDialog, PlanEffect};
use crate::app::keys::{Binding, DIALOG_BINDINGS, Keys, join_hints};
use crate::app::layout;
use crate::model::change::wording;
use crate::model::columns;
use crate::ui::Canvas;
use crate::ui::theme::Role;

/// The keys of a plan.
const BINDINGS: &[Binding<PlanEffect>] = <Box<PlanDialog>>::BINDINGS;

impl Canvas<'_, '_> {
    /// Draws a plan.
    pub(crate) fn plan(&mut self, plan: &PlanDialog) {
        let places = PlanPlaces::of(self.state, plan);
        let title = match (plan.change_plan.is_loading(), self.spinner_frame()) {
            (true, turning) => format!("{} {turning}", wording::title(plan.request.as_ref())),
            (false, _) => wording::title(plan.request.as_ref()).to_string(),
        };
        let esc = if plan.prompt.is_some() || plan.confirms_replacement || self.state.dialogs.len() > 1 {
            "back"
        } else {
            "leave"
        };
        let keys = &self.state.settings.keys;
        self.overlay(places.area, &title, &hints(keys, plan, &places, esc));
        match &plan.change_plan.failure {
            Some(failure) if !plan.change_plan.is_loading() => {
                let verb = if failure.is_over_budget() { "goes on nevertheless" } else { "asks again" };
                let again = keys.hint_as(BINDINGS, PlanEffect::Retry, verb);
                let hints = join_hints([again, keys.cancel_hint(DIALOG_BINDINGS, esc)]);
                self.failure(places.body, failure, &hints);
            }
            _ => self.plan_lines(plan, &places),
        }
        self.plan_foot(plan, places.foot);
    }

    fn plan_lines(&mut self, plan: &PlanDialog, places: &PlanPlaces) {
        let PlanPlaces { body, lines, .. } = places;
        let (all, height) = (lines.len(), usize::from(body.height));
        let scroll = plan.scroll.min(all.saturating_sub(height));
        let is_old = plan.change_plan.is_loading();
        for (row, line) in lines.iter().skip(scroll).take(height).enumerate() {
            let pieces = line.pieces.iter().map(|(tone, text)| {
                let role = if is_old { Role::Dim } else { role(*tone) };
                Span::styled(text.as_str(), self.style(role))
            });
            let line = pieces.collect::<Line>();
            self.draw_line(Rect::new(body.x, body.y + row as u16, body.width, 1), line);
        }
        self.scrollbar(Rect { width: body.width + 2, ..*body }, *body, scroll, all);
    }

    /// Draws the input for the name that must be typed, or the two buttons. The line above them tells why the plan
    /// cannot be carried out, or names the expected input.
    fn plan_foot(&mut self, plan: &PlanDialog, area: Rect) {
        let (above, below) = (layout::row(area, 0), layout::row(area, 1));
        let (role, said) = status_line(plan);
        let style = self.style(role);
        self.draw_line(above, Line::styled(columns::cut(&said, area.width.into()), style));
        let keys = &self.state.settings.keys;
        let carry_out = keys.hint_as(BINDINGS, PlanEffect::Confirm, "carries it out").unwrap_or_default();
        match (plan.name_to_type(), plan.ready_plan()) {
            (Some(_), Some(_)) => self.input(below, "> ", &plan.input, Role::Dim, &carry_out),
            _ => self.buttons(plan, area),
        }
    }

    fn buttons(&mut self, plan: &PlanDialog, foot: Rect) {
        let buttons = plan_buttons(plan, foot);
        let is_on_verb = plan.is_confirm_focused && buttons.iter().any(|button| button.confirms);
        for button in buttons {
            let (marker, role) =
                if button.confirms == is_on_verb { ("▌", Role::Cursor) } else { (" ", Role::Text) };
            let text = columns::cut(&format!("{marker}{} ", button.text), button.area.width.into());
            let style = self.style(role);
            self.draw_line(button.area, Line::styled(text, style));
        }
    }
}

/// Returns the text above the buttons.
fn status_line(plan: &PlanDialog) -> (Role, String) {
    if let Some(problem) = plan.problem {
        return (Role::Warn, problem.into());
    }
    if let Some(lookups) = plan.lookups.describe().filter(|_| plan.change_plan.is_loading()) {
        return (Role::Dim, format!("{lookups}; nothing is changed"));
    }
    if plan.change_plan.is_loading() || plan.change_plan.failure.is_some() {
        return (Role::Dim, "nothing is changed".into());
    }
    let Some(change_plan) = plan.change_plan.value.as_deref() else { return (Role::Dim, String::new()) };
    match (wording::impediment(change_plan), plan.name_to_type()) {
        (Some(why), _) => (Role::Bad, why.to_string()),
        (None, Some(name)) => {
            let verb = wording::confirm_label(change_plan);
            let verb = verb.chars().next().map_or(String::new(), |first| first.to_lowercase().to_string())
                + verb.get(1..).unwrap_or_default();
            (Role::Strong, format!("type {name} to {verb}"))
        }
        (None, None) => (Role::Dim, "nothing is changed yet".into()),
    }
}

/// Returns the hints for the keys that can be used now.
fn hints(keys: &Keys, plan: &PlanDialog, places: &PlanPlaces, esc: &str) -> String {
    let hint = |effect| keys.hint(BINDINGS, effect);
    let change_plan = plan.change_plan.value.as_deref().filter(|_| !plan.confirms_replacement);
    let loss = change_plan.map(|change_plan| &change_plan.common().loss).filter(|loss| loss.is_offered());
    let keep = loss.map(|loss| if loss.keep { "keep none" } else { "keep" });
    let has_buttons = plan.ready_plan().is_some() && !plan.is_name_expected();
    let shows_lines = plan.change_plan.failure.is_none() || plan.change_plan.is_loading();
    let scrolls = shows_lines && places.lines.len() > usize::from(places.body.height);
    join_hints([
        hint(PlanEffect::Method)
            .filter(|_| change_plan.is_some_and(|change_plan| !change_plan.common().methods.is_empty())),
        keep.and_then(|label| keys.hint_as(BINDINGS, PlanEffect::Keep, label)),
        keys.pair_hint(BINDINGS, [PlanEffect::FocusCancel, PlanEffect::FocusConfirm], "choose")
            .filter(|_| has_buttons),
        hint(PlanEffect::Confirm).filter(|_| has_buttons),
        keys.scroll_hint(DIALOG_BINDINGS, "scroll").filter(|_| scrolls),
        keys.cancel_hint(DIALOG_BINDINGS, esc),
    ])
}

/// Returns the role that a piece of a line is drawn in.
pub(crate) fn role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Dim => Role::Dim,
        Tone::Strong => Role::Strong,
        Tone::Good => Role::Good,
        Tone::Warn => Role::Warn,
        Tone::Bad => Role::Bad,
        Tone::Number => Role::Number,
        Tone::Key => Role::Key,
    }
}
