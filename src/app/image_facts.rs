//! The loading of facts about images beyond their rows: scans, the contents of attached artifacts, bases, the facts of
//! vendors.

use std::time::Duration;

use jiff::Timestamp;

use super::cmd::Cmd;
use super::layout;
use super::layout::tag_columns::TagColumns;
use super::panes::details::Tab;
use super::panes::details::overview::{self, OverviewRow};
use super::questions::{Ask, Slot};
use super::remote::Ticket;
use super::update::Update;
use super::vendor_images::{self, VendorImages};
use super::{Pane, State};
use crate::model::vendor_image::VendorImage;

/// The time for which a tab must stay open, or a row visible, before a request is sent.
const REST: Duration = Duration::from_millis(100);

/// Asks for the scans of the image shown, and of the visible rows if a column shows them. No registry is asked.
pub(super) fn load_scans(update: &mut Update<'_>) {
    let state = &mut *update.state;
    state.detail.set_local_scans(&state.scans);
    let Some((repository, _)) = &state.detail.image else { return };
    let host = repository.host.clone();
    let inspection = state.detail.inspection.value.iter();
    let variants = inspection
        .flat_map(|inspection| &inspection.variants)
        .filter_map(|variant| Some(variant.manifest.as_ref().ok()?.digest));
    let rows = if state.columns.scan { state.tags.visible_digests() } else { Vec::new() };
    let wanted = state.scans.to_ask(variants.chain(rows));
    if !wanted.is_empty() {
        let ticket = update.ask(Slot::KeptScans, Duration::ZERO, Ask::KeptScans(host, wanted));
        update.state.scans.ask(ticket);
    }
}

/// Asks for the contents of the artifacts of the image shown, once their tab is open.
pub(super) fn load_attached(update: &mut Update<'_>) {
    let detail = &update.state.detail;
    if detail.awaited_facts.is_some() && detail.tab != Tab::Referrers {
        cancel_attached(update);
    }
    let detail = &update.state.detail;
    let Some(inspection) = detail.inspection.value.as_ref().filter(|_| detail.needs_attached_facts()) else {
        return;
    };
    let known = inspection.all_referrers().filter_map(|(_, referrer)| referrer.descriptor.digest);
    let known = known.filter(|digest| detail.attached_facts.contains_key(digest)).collect();
    let ask = Ask::AttachedFacts(inspection.clone(), known);
    // Tabs are often only passed on the way to another one.
    let ticket = update.ask(Slot::AttachedFacts, REST, ask);
    update.state.detail.awaited_facts = Some(ticket);
}

/// Gives up the question for the contents of artifacts.
pub(super) fn cancel_attached(update: &mut Update<'_>) {
    if update.state.detail.awaited_facts.take().is_some() {
        update.cmds.push(Cmd::Cancel(Slot::AttachedFacts));
    }
}

/// Asks for the facts that the vendor tells of the image shown, if it tells any.
pub(super) fn load_vendor_image(update: &mut Update<'_>) {
    let state = &*update.state;
    let wanted = vendor_images::shown_image(state).filter(|image| {
        let registry = state.registries.items.iter().find(|registry| registry.host == image.repository.host);
        let server = registry.and_then(|registry| registry.server.value.as_ref());
        server.is_some_and(|server| server.own_api.image_facts)
    });
    let is_awaited = wanted.as_ref().is_some_and(|image| state.vendor_images.is_awaited(image));
    if !is_awaited && update.state.vendor_images.give_up() {
        update.cmds.push(Cmd::Cancel(Slot::VendorImage));
    }
    if let Some(image) = wanted.filter(|image| update.state.vendor_images.is_unasked(image)) {
        // The cursor may only pass this image.
        let ticket = update.ask(Slot::VendorImage, REST, Ask::VendorImage(image.clone()));
        update.state.vendor_images.ask(ticket, image);
    }
}

/// Takes the facts of the vendor about an image.
pub(super) fn take_vendor_image(update: &mut Update<'_>, ticket: Ticket, facts: Option<VendorImage>) {
    hold_text(update, |known| known.take(ticket, facts));
}

/// Forgets the facts of vendors about all images, because the user asked for newer data.
pub(crate) fn forget_vendor_images(update: &mut Update<'_>) {
    hold_text(update, VendorImages::forget);
}

/// Changes the facts. Text of the Details pane that was scrolled to stays at its place.
fn hold_text(update: &mut Update<'_>, change: impl FnOnce(&mut VendorImages)) {
    let before = scrolled_rows(update.state, update.now);
    change(&mut update.state.vendor_images);
    let after = scrolled_rows(update.state, update.now);
    let same = before.iter().zip(&after).take_while(|(before, after)| before == after).count();
    let detail = &mut update.state.detail;
    if same < before.len() && detail.scroll >= same {
        detail.scroll = (detail.scroll + after.len()).saturating_sub(before.len()).max(same);
    }
}

/// Returns the rows of the Overview tab if it is scrolled.
fn scrolled_rows(state: &State, now: Timestamp) -> Vec<OverviewRow> {
    if state.detail.scroll == 0 || state.detail.tab != Tab::Overview {
        return Vec::new();
    }
    let width = layout::rows(state, &layout::of(state), Pane::Details).width;
    overview::rows(state, usize::from(width).saturating_sub(2), now)
}

/// Asks for the bases of the visible rows, if a column shows them.
pub(super) fn load_bases(update: &mut Update<'_>) {
    let state = &mut *update.state;
    let layout = layout::of(state);
    let width = layout::rows(state, &layout, Pane::Tags).width;
    let is_shown = state.columns.base && TagColumns::of(&state.tags, state.columns, width).base > 0;
    let repository = state.tags.repository.clone().filter(|_| is_shown);
    let Some(repository) = repository else {
        let given_up = state.bases.give_up().into_iter();
        update.cmds.extend(given_up.map(|image| Cmd::Cancel(Slot::Base(Box::new(image)))));
        return;
    };
    // The rows themselves come first.
    if state.tags.tags.is_loading() || !state.tags.awaited_rows.is_empty() {
        return;
    }
    let generation = state.bases.generation;
    for image in state.bases.to_ask(state.tags.visible_digests().into_iter()) {
        let ask = Ask::Base(repository.clone(), image, generation);
        let ticket = update.ask(Slot::Base(Box::new(image)), REST, ask);
        update.state.bases.ask(image, ticket);
    }
}
