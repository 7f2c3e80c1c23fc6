//! The requests that a registry still answers. Rows stop to fill themselves before the last are spent, so that the user's
//! own requests are answered.

use jiff::Timestamp;

use super::State;
use super::notices::Level;
use super::update::Update;
use crate::model::price::Price;
use crate::model::reference::Host;
use crate::model::request_budget::{RequestBudget, RequestNeed};
use crate::model::text::SafeText;

/// Takes the number of requests that are left. Says once that rows do not fill themselves any more.
pub(super) fn take_budget(update: &mut Update<'_>, host: &Host, budget: RequestBudget) {
    let now = update.now;
    let Some(registry) = update.state.registries.of(host) else { return };
    let was_spent = registry.budget.is_some_and(|budget| budget.is_nearly_spent(now));
    registry.budget = Some(budget);
    if !budget.is_nearly_spent(now) {
        registry.spends_budget = false;
    } else if !was_spent && !registry.spends_budget {
        let text = format!("{host}: {budget}, so rows do not fill themselves any more");
        let key = update
            .state
            .settings
            .keys
            .of(&super::actions::refresh::REFRESH.command)
            .first()
            .map(ToString::to_string);
        let hint = key.map(|key| SafeText::from(format!("`{key}` fills them nevertheless")));
        update.say(Level::Refused, text, hint);
    }
}

impl State {
    /// Returns the counted requests that a reading needs at a registry, if that is worth being stated.
    pub(crate) fn request_need(&self, price: &Price, host: &Host, now: Timestamp) -> Option<RequestNeed> {
        let registry = self.registries.items.iter().find(|registry| registry.host == *host)?;
        RequestNeed::worth_stating(host, price.count(), registry.budget?, now)
    }

    /// Describes the price of a reading, with the requests that are left at its registry if that is worth being stated.
    pub(crate) fn describe_price(&self, price: &Price, host: &Host, now: Timestamp) -> String {
        let registry = self.registries.items.iter().find(|registry| registry.host == *host);
        let budget = registry.and_then(|registry| registry.budget);
        price.describe_within(host, budget, now)
    }
}
