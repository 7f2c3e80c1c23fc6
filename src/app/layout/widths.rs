//! The widths of the panes: each gets the columns without which it is of no use, and the room that is left goes to the
//! panes that can use it, most of it to the focused one.

use super::borders::Borders;
use super::{BESIDE_HOST, REGISTRIES};
use crate::app::panes::repositories::Repositories;
use crate::app::settings::PaneWidths;
use crate::app::{Pane, State};
use crate::model::columns;

/// With fewer columns than this, the focused pane stands alone.
const ONE_PANE: u16 = 60;
/// With fewer columns than this, the focused pane stands beside its preview.
const TWO_PANES: u16 = 100;
/// The number of columns from which on all four panes fit.
const FOUR_PANES: u16 = 150;

/// Widths that follow from names are multiples of this, so that a list that grows seldom moves a border.
const STEP: u16 = 4;
/// Columns of a row of the Repositories pane beside the name: the borders, the cursor, the mark and a free column.
const BESIDE_NAME: u16 = 5;
/// Columns of TAGS, NEWEST and SIZE beside the names of repositories.
const FACTS: u16 = 29;
/// Columns of the Tags pane beside its cells: the borders, the cursor, the mark and a free column.
const BESIDE_CELLS: u16 = 5;
/// The width of the tag's column for which there is room in any case, so that short tags do not move a border.
const USUAL_TAG: u16 = 12;
/// The width of the tag's column if the borders follow neither the focus nor the tags.
const FIXED_TAG: u16 = 20;
/// The greatest width of the tag's column.
const MOST_TAG: u16 = 40;
/// Columns of the sign behind the tag and of SIZE, which are there at any width.
const SIZE: u16 = 12;
/// Columns of CREATED, DIGEST and PLATFORMS, in the order in which they appear in a wider pane.
const COLUMNS: [u16; 3] = [11, 13, 13];
/// Columns that PLATFORMS takes beyond its least width before KIND appears.
const USUAL_PLATFORMS: u16 = 7;
/// Columns of KIND.
const KIND: u16 = 12;
/// Columns that long lists of platforms take beyond that.
const MORE_PLATFORMS: u16 = 22;

/// The columns that a pane can use, with its borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PaneNeed {
    /// The pane.
    pane: Pane,
    /// The width below which the pane is of no use.
    least: u16,
    /// The width in which usual content is readable.
    enough: u16,
    /// The width beyond which the pane would show nothing more.
    most: u16,
    /// The width of the tag's column, if this is the Tags pane. Its columns come whole or not at all.
    tag: Option<u16>,
}

/// Returns the panes on the screen from left to right, with their widths.
pub(super) fn widths(state: &State, columns: u16) -> Vec<(Pane, u16)> {
    let needs: Vec<PaneNeed> = shown(state, columns).iter().map(|pane| need_of(state, *pane)).collect();
    let focus = (state.settings.widths == PaneWidths::Focus).then_some(state.focus);
    let widths = distribute(columns, &needs, focus, &state.borders);
    needs.iter().map(|need| need.pane).zip(widths).collect()
}

/// Returns the panes that fit, from left to right. The focused pane is one of them.
fn shown(state: &State, columns: u16) -> &'static [Pane] {
    use Pane::{Details, Registries, Repositories, Tags};
    let shows_registries = state.registries.items.len() > 1 || state.focus == Registries;
    let alone: &[Pane] = match state.focus {
        Registries => &[Registries],
        Repositories => &[Repositories],
        Tags => &[Tags],
        Details => &[Details],
    };
    match (columns, state.focus) {
        _ if state.zoomed => alone,
        (0..ONE_PANE, _) => alone,
        (ONE_PANE..TWO_PANES, Registries) => &[Registries, Repositories],
        (ONE_PANE..TWO_PANES, Repositories) => &[Repositories, Tags],
        (ONE_PANE..TWO_PANES, Tags | Details) => &[Tags, Details],
        (TWO_PANES..FOUR_PANES, Registries) => &[Registries, Repositories, Tags],
        (FOUR_PANES.., _) if shows_registries => &Pane::ALL,
        _ => &[Repositories, Tags, Details],
    }
}

/// Returns the need of a pane. It follows from facts that stay while the cursor moves: from the longest name of a list
/// that is open, never from single rows.
fn need_of(state: &State, pane: Pane) -> PaneNeed {
    match pane {
        Pane::Registries => {
            let hosts = state.registries.items.iter().map(|registry| columns::width(registry.host.as_str()));
            let enough = narrow(hosts.max().unwrap_or(0)).saturating_add(BESIDE_HOST);
            let enough = enough.clamp(*REGISTRIES.start(), *REGISTRIES.end());
            PaneNeed { pane, least: *REGISTRIES.start(), enough, most: enough, tag: None }
        }
        Pane::Repositories => {
            let names = state.registries.items.iter().map(|registry| registry.repositories.columns_needed());
            let has_focus = state.settings.widths == PaneWidths::Focus && state.focus == pane;
            repositories(narrow(names.max().unwrap_or(0)), has_focus)
        }
        Pane::Tags => match (state.settings.widths, state.focus) {
            (PaneWidths::Fixed, _) => tags(FIXED_TAG),
            // In front of them the cursor goes from one list of tags to the next.
            (PaneWidths::Focus, Pane::Registries | Pane::Repositories) => tags(USUAL_TAG),
            (PaneWidths::Focus, Pane::Tags | Pane::Details) => {
                let opened = state.tags.opened.as_ref().map_or(0, |opened| columns::width(&opened.name()));
                tags(narrow(state.tags.longest.max(opened)))
            }
        },
        Pane::Details => PaneNeed { pane, least: 28, enough: 68, most: 160, tag: None },
    }
}

impl Repositories {
    /// Returns the columns that the longest row needs.
    fn columns_needed(&self) -> usize {
        // A tree has a sign and an indentation in front of the names.
        self.longest + if self.is_tree() { 4 } else { 0 }
    }
}

/// Returns the need of the Repositories pane for names of this length. Its other columns count as content that is
/// usually readable only if it has the focus.
fn repositories(longest: u16, has_focus: bool) -> PaneNeed {
    let names = stepped(longest).saturating_add(BESIDE_NAME).max(24);
    let most = names.saturating_add(FACTS);
    let enough = if has_focus { names.min(45) + FACTS } else { names.min(45) };
    PaneNeed { pane: Pane::Repositories, least: 20, enough, most, tag: None }
}

/// Returns the need of the Tags pane for tags of this length.
fn tags(longest: u16) -> PaneNeed {
    let tag = stepped(longest).clamp(USUAL_TAG, MOST_TAG);
    let all: u16 = COLUMNS.iter().sum();
    let enough = BESIDE_CELLS + tag + SIZE + all + USUAL_PLATFORMS + KIND;
    let least = BESIDE_CELLS + USUAL_TAG + SIZE;
    PaneNeed { pane: Pane::Tags, least, enough, most: enough + MORE_PLATFORMS, tag: Some(tag) }
}

/// Returns the columns of a Tags pane of this width that show something: a column that does not fit as a whole leaves
/// its room empty.
fn used_by_tags(width: u16, tag: u16) -> u16 {
    let room = width.saturating_sub(BESIDE_CELLS);
    let first = tag.min(USUAL_TAG.max(room / 4));
    let mut left = room.saturating_sub(first + SIZE);
    for column in COLUMNS {
        if left < column {
            return width - left.saturating_sub(tag - first);
        }
        left -= column;
    }
    left = left.saturating_sub(tag - first + USUAL_PLATFORMS);
    if left < KIND { width - left } else { width - (left - KIND).saturating_sub(MORE_PLATFORMS) }
}

/// Distributes the columns of the screen. The widths are as many as the needs and fill the screen exactly. Without a
/// focus, all panes are treated alike.
fn distribute(columns: u16, needs: &[PaneNeed], focus: Option<Pane>, borders: &Borders) -> Vec<u16> {
    let mut needs = needs.to_vec();
    let mut widths = share(columns, &needs, focus);
    for at in 0..needs.len() {
        let Some(tag) = needs[at].tag else { continue };
        let used = used_by_tags(widths[at], tag).max(needs[at].least);
        if used < widths[at] {
            needs[at] = PaneNeed { enough: used, most: used, ..needs[at] };
            widths = share(columns, &needs, focus);
        }
    }
    let least: Vec<(Pane, u16)> = needs.iter().map(|need| (need.pane, need.least)).collect();
    borders.apply(columns, &least, &mut widths);
    widths
}

/// Gives each pane its least width, and the rest column by column: two to the focused pane for each one that another
/// pane gets, until all have enough, and then until none can use more. The remainder belongs to the last pane.
fn share(columns: u16, needs: &[PaneNeed], focus: Option<Pane>) -> Vec<u16> {
    let mut widths: Vec<u16> = needs.iter().map(|need| need.least).collect();
    let mut room = columns.saturating_sub(widths.iter().sum());
    let limits: [fn(&PaneNeed) -> u16; 2] = [|need| need.enough, |need| need.most];
    for limit in limits {
        let before = widths.clone();
        while room > 0 {
            let cost = |at: &usize| {
                let (given, has_focus) = (widths[*at] - before[*at] + 1, Some(needs[*at].pane) == focus);
                (if has_focus { given } else { 2 * given }, !has_focus)
            };
            let open = (0..needs.len()).filter(|at| widths[*at] < limit(&needs[*at]));
            let Some(next) = open.min_by_key(cost) else { break };
            widths[next] += 1;
            room -= 1;
        }
    }
    match widths.as_mut_slice() {
        [only] => *only = columns,
        [.., last] => *last += room,
        [] => {}
    }
    widths
}

fn stepped(columns: u16) -> u16 {
    columns.div_ceil(STEP).saturating_mul(STEP)
}

fn narrow(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Pane::{Details, Registries, Repositories, Tags};

    const DETAILS: PaneNeed = PaneNeed { pane: Details, least: 28, enough: 68, most: 160, tag: None };
    const REGISTRY: PaneNeed = PaneNeed { pane: Registries, least: 19, enough: 25, most: 25, tag: None };

    /// The sets of panes, each with the columns from which on it is shown.
    fn sets() -> Vec<(std::ops::RangeInclusive<u16>, Vec<PaneNeed>)> {
        let mut sets = Vec::new();
        for (name, tag) in [(0, 0), (14, 11), (30, 16), (90, 40)] {
            let (names, tags) = (repositories(name, false), tags(tag));
            sets.push((60..=200, vec![REGISTRY, names]));
            sets.push((60..=200, vec![names, tags]));
            sets.push((60..=200, vec![tags, DETAILS]));
            sets.push((100..=200, vec![REGISTRY, names, tags]));
            sets.push((100..=200, vec![names, tags, DETAILS]));
            sets.push((150..=200, vec![REGISTRY, names, tags, DETAILS]));
        }
        sets
    }

    #[test]
    fn widths_fill_the_screen_and_no_pane_is_below_its_minimum() {
        for (sizes, needs) in sets() {
            for columns in sizes {
                for focus in std::iter::once(None).chain(needs.iter().map(|need| Some(need.pane))) {
                    let mut moved = Borders::default();
                    for place in [None, Some(0), Some(columns / 2), Some(columns)] {
                        if let Some(place) = place {
                            moved.place(needs[0].pane, place, columns);
                        }
                        let widths = distribute(columns, &needs, focus, &moved);
                        assert_eq!(widths.iter().sum::<u16>(), columns, "{needs:?} {focus:?} {place:?}");
                        let fits = needs.iter().zip(&widths).all(|(need, width)| *width >= need.least);
                        assert!(fits, "{columns} {needs:?} {focus:?} {place:?} {widths:?}");
                    }
                }
            }
        }
    }

    /// A column of Tags comes whole: when it appears, another pane gives way by so many columns.
    const WHOLE: u16 = 13;

    #[test]
    fn neither_the_focus_nor_a_wider_screen_makes_a_pane_narrower_except_for_a_whole_column_of_tags() {
        for (sizes, needs) in sets() {
            for (at, focused) in needs.iter().enumerate() {
                let slack = if focused.pane == Tags || needs.iter().all(|need| need.pane != Tags) {
                    0
                } else {
                    WHOLE
                };
                let mut before = 0;
                for columns in sizes.clone() {
                    let width = |focus| distribute(columns, &needs, Some(focus), &Borders::default())[at];
                    let own = width(focused.pane);
                    assert!(own + slack >= before, "{columns} {focused:?}: {own} after {before}");
                    before = own;
                    for other in &needs {
                        let beside = width(other.pane);
                        assert!(own + slack >= beside, "{columns} {focused:?} {other:?}: {own} {beside}");
                    }
                }
            }
        }
    }

    /// The columns, the panes, the focus, and the widths.
    type Case<'a> = (u16, &'a [PaneNeed], Option<Pane>, &'a [u16]);

    #[test]
    fn the_focused_pane_gets_the_larger_share() {
        let three = [repositories(14, false), tags(11), DETAILS];
        let two = [tags(11), DETAILS];
        let table: [Case<'_>; 11] = [
            (80, &two, Some(Tags), &[40, 40]),
            (80, &two, Some(Details), &[29, 51]),
            (80, &two, None, &[40, 40]),
            (80, &[repositories(14, false), tags(11)], Some(Repositories), &[27, 53]),
            (120, &three, Some(Repositories), &[24, 40, 56]),
            (120, &three, Some(Tags), &[24, 53, 43]),
            (120, &three, Some(Details), &[24, 40, 56]),
            (150, &[repositories(14, true), tags(11), DETAILS], Some(Repositories), &[53, 40, 57]),
            (150, &three, Some(Tags), &[24, 73, 53]),
            (150, &three, Some(Details), &[25, 53, 72]),
            (200, &three, Some(Tags), &[30, 97, 73]),
        ];
        for (columns, needs, focus, expected) in table {
            assert_eq!(
                distribute(columns, needs, focus, &Borders::default()),
                expected,
                "{columns} {focus:?}"
            );
        }
    }

    #[test]
    fn the_tags_pane_takes_no_column_that_would_stay_empty() {
        for tag in [12, 20, 40] {
            for width in 29..200 {
                let used = used_by_tags(width, tag);
                assert!(used <= width && used_by_tags(used, tag) == used, "{width} {tag}: {used}");
            }
        }
        let used: Vec<u16> =
            [29, 39, 40, 52, 53, 66, 73, 84, 85, 107, 200].map(|width| used_by_tags(width, 12)).into();
        assert_eq!(used, [29, 29, 40, 40, 53, 66, 73, 73, 85, 107, 107]);
    }

    #[test]
    fn a_moved_border_stays_whatever_has_the_focus_and_scales_with_the_screen() {
        let needs = [repositories(14, false), tags(11), DETAILS];
        let mut moved = Borders::default();
        moved.place(Tags, 100, 150);
        for focus in [Repositories, Tags, Details] {
            assert_eq!(distribute(150, &needs, Some(focus), &moved)[2], 50, "{focus:?}");
            assert_eq!(distribute(120, &needs, Some(focus), &moved)[2], 40, "{focus:?}");
        }
        assert_eq!(distribute(80, &needs[1..], Some(Tags), &moved), [52, 28]);
    }

    #[test]
    fn names_of_similar_length_give_the_same_widths() {
        assert_eq!(repositories(21, false), repositories(24, false));
        assert_eq!(tags(0), tags(12));
        assert_eq!(tags(13), tags(16));
    }
}
