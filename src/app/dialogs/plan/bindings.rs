//! The key table of a plan.

use crate::app::keys::{Binding, chords};
use crate::model::change::wording::PlanOption;

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanEffect {
    /// Presses the button under the cursor, or confirms with the typed name.
    Confirm,
    /// Chooses the next method.
    Method,
    /// Includes the images that only the deleted index lists, or leaves them out.
    Children,
    /// Includes the referrers, or leaves them out.
    Referrers,
    /// Keeps images that lose their last tag, or does not.
    Keep,
    /// Converts Docker's manifests to OCI, or does not.
    Convert,
    /// Moves to the button that leaves.
    FocusCancel,
    /// Moves to the button that confirms.
    FocusConfirm,
    /// Looks the plan up again after a failure.
    Retry,
    /// Leaves without going back to the prompt.
    Close,
}

impl PlanEffect {
    /// Returns the effect that switches a part of the request.
    pub(crate) fn of(option: PlanOption) -> PlanEffect {
        match option {
            PlanOption::Children => PlanEffect::Children,
            PlanOption::Referrers => PlanEffect::Referrers,
            PlanOption::Keep => PlanEffect::Keep,
            PlanOption::Convert => PlanEffect::Convert,
        }
    }
}

/// The keys of a plan.
pub(crate) const BINDINGS: &[Binding<PlanEffect>] = &[
    Binding::new(
        "plan.confirm",
        chords!["Enter"],
        "press the button, or confirm with the typed name",
        PlanEffect::Confirm,
    )
    .with_hint("press"),
    Binding::new("plan.method", chords!["Tab", "Shift-Tab"], "next method", PlanEffect::Method)
        .with_hint("method"),
    Binding::new("plan.keep", chords!["K"], "keep images that lose their last tag, or not", PlanEffect::Keep)
        .with_hint("keep"),
    Binding::new(
        "plan.children",
        chords!["C"],
        "include images that only this index lists, or not",
        PlanEffect::Children,
    ),
    Binding::new(
        "plan.referrers",
        chords!["R"],
        "include signatures and SBOMs, or not",
        PlanEffect::Referrers,
    ),
    Binding::new(
        "plan.convert",
        chords!["O"],
        "convert Docker's manifests to OCI, or not",
        PlanEffect::Convert,
    ),
    Binding::new(
        "plan.focus-cancel",
        chords!["Left", "h"],
        "to the button that leaves",
        PlanEffect::FocusCancel,
    ),
    Binding::new(
        "plan.focus-confirm",
        chords!["Right", "l"],
        "to the button that confirms",
        PlanEffect::FocusConfirm,
    ),
    Binding::new("plan.retry", chords!["r"], "look it up again after a failure", PlanEffect::Retry),
    Binding::new("plan.close", chords!["q"], "leave", PlanEffect::Close),
];
