//! Two images side by side: their facts and layers, and the differences between their configs.

use std::time::Duration;

use super::{Dialog, KeyedDialog, move_row};
use crate::app::State;
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::model::failure::Failure;
use crate::model::image_diff::{DiffSide, ImageDiff, LayerChange};
use crate::model::plural::counted;
use crate::model::reference::Reference;
use crate::model::text::SafeText;
use crate::model::{size, time};

/// The columns of the names of facts.
const NAME: usize = 10;

/// Two images on the screen.
#[derive(Debug)]
pub struct DiffDialog {
    /// The left image.
    pub(crate) left: Reference,
    /// The right image.
    pub(crate) right: Reference,
    /// The differences.
    pub(crate) diff: Remote<Box<ImageDiff>>,
    /// The tab that is shown.
    pub(crate) tab: DiffTab,
    /// The first line that is shown.
    pub(crate) scroll: usize,
    /// The lines of the tab.
    pub(crate) lines: Vec<(DiffTone, SafeText)>,
}

/// A tab of the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffTab {
    /// The facts and the layers.
    Summary,
    /// The differences between the configs.
    Config,
}

/// The meaning of a line, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffTone {
    /// A heading.
    Heading,
    /// The same on both sides.
    Same,
    /// Only on the left.
    Removed,
    /// Only on the right.
    Added,
    /// Another value on the right.
    Changed,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffEffect {
    /// Shows the next tab.
    NextTab,
    /// Shows the previous tab.
    PreviousTab,
    /// Swaps the sides.
    Swap,
    /// Reads both images again.
    Refresh,
    /// Closes the dialog.
    Close,
}

impl DiffTab {
    /// The tabs in their order.
    pub(crate) const ALL: [DiffTab; 2] = [DiffTab::Summary, DiffTab::Config];

    /// Returns the title.
    pub(crate) fn title(self) -> &'static str {
        match self {
            DiffTab::Summary => "Summary",
            DiffTab::Config => "Config",
        }
    }

    fn other(self, by: isize) -> DiffTab {
        let at = DiffTab::ALL.iter().position(|tab| *tab == self).unwrap_or(0) as isize + by;
        DiffTab::ALL[at.rem_euclid(DiffTab::ALL.len() as isize) as usize]
    }
}

/// Compares two images.
pub(crate) fn show(update: &mut Update<'_>, left: Reference, right: Reference) {
    let mut dialog = DiffDialog {
        left,
        right,
        diff: Remote::default(),
        tab: DiffTab::Summary,
        scroll: 0,
        lines: Vec::new(),
    };
    dialog.ask(update);
    update.state.dialogs.push(Dialog::ImageDiff(Box::new(dialog)));
}

/// Takes the differences between two images.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<Box<ImageDiff>, Failure>) {
    for dialog in &mut update.state.dialogs {
        if let Dialog::ImageDiff(dialog) = dialog
            && dialog.diff.pending == Some(ticket)
        {
            dialog.diff.answer(ticket, answer, update.now);
            dialog.lay_out();
            return;
        }
    }
}

impl DiffDialog {
    fn ask(&mut self, update: &mut Update<'_>) {
        let ask = Ask::ImageDiff(Box::new((self.left.clone(), self.right.clone())));
        self.diff.ask(update.ask(Slot::ImageDiff, Duration::ZERO, ask));
    }

    fn lay_out(&mut self) {
        self.lines = match (&self.diff.value, self.tab) {
            (None, _) => Vec::new(),
            (Some(diff), DiffTab::Summary) => summary_lines(diff),
            (Some(diff), DiffTab::Config) => config_lines(diff),
        };
        self.scroll = self.scroll.min(self.lines.len().saturating_sub(1));
    }

    fn open_tab(&mut self, by: isize) {
        self.tab = self.tab.other(by);
        self.scroll = 0;
        self.lay_out();
    }

    fn close(self: Box<Self>, update: &mut Update<'_>) -> Option<Dialog> {
        if self.diff.is_loading() {
            update.cmds.push(Cmd::Cancel(Slot::ImageDiff));
        }
        None
    }
}

/// Returns the number of lines of a tab that fit below the names of the tabs.
pub(crate) fn height(state: &State) -> usize {
    usize::from(layout::log(state).height).saturating_sub(3)
}

/// Returns the facts about both images, and their layers.
fn summary_lines(diff: &ImageDiff) -> Vec<(DiffTone, SafeText)> {
    let mut lines = Vec::new();
    let dash = || "-".to_string();
    let mut fact = |name: &str, value: &dyn Fn(&DiffSide) -> String| {
        let (left, right) = (value(&diff.left), value(&diff.right));
        let differs = left != right;
        let tone = if differs { DiffTone::Removed } else { DiffTone::Same };
        lines.push((tone, SafeText::from(format!("{name:<NAME$}{left}"))));
        if differs {
            lines.push((DiffTone::Added, SafeText::from(format!("{:<NAME$}{right}", "→"))));
        }
    };
    fact("image", &|side| side.reference.clone());
    fact("digest", &|side| side.digest.to_string());
    fact("platform", &|side| side.platform.as_ref().map_or_else(dash, ToString::to_string));
    fact("created", &|side| side.created.map_or_else(dash, time::absolute));
    fact("size", &|side| side.size.map_or_else(dash, size::bytes));
    if diff.left.base.is_some() || diff.right.base.is_some() {
        fact("base", &|side| side.base.clone().unwrap_or_else(dash));
    }
    let config = counted(diff.config.len(), "difference", "differences");
    lines.push((DiffTone::Same, SafeText::from(format!("{:<NAME$}{config}", "config"))));
    if diff.is_same() {
        lines.push((DiffTone::Heading, "both are the same image".into()));
        return lines;
    }
    lines.push((DiffTone::Heading, SafeText::from(format!("layers: {}", diff.describe_layers()))));
    for layer in &diff.layers {
        let tone = match layer.change {
            LayerChange::Shared => DiffTone::Same,
            LayerChange::Removed => DiffTone::Removed,
            LayerChange::Added => DiffTone::Added,
        };
        let bytes = layer.size.map_or_else(|| "?".into(), size::bytes);
        let step = SafeText::clean(layer.instruction.as_deref().unwrap_or_default());
        let line = format!("{} {bytes:>9}  {}  {step}", layer.change.sign(), layer.short_digest());
        lines.push((tone, SafeText::from(line)));
    }
    lines
}

/// Returns the differences between the configs.
fn config_lines(diff: &ImageDiff) -> Vec<(DiffTone, SafeText)> {
    if diff.config.is_empty() {
        return vec![(DiffTone::Same, "the configs are the same".into())];
    }
    let line = |row: &crate::model::image_diff::ConfigDifference| {
        let tone = match row.sign() {
            '+' => DiffTone::Added,
            '-' => DiffTone::Removed,
            _ => DiffTone::Changed,
        };
        (tone, row.line())
    };
    diff.config.iter().map(line).collect()
}

impl KeyedDialog for Box<DiffDialog> {
    type Effect = DiffEffect;

    const TITLE: &'static str = "Diff";

    const BINDINGS: &'static [Binding<DiffEffect>] = &[
        Binding::new("diff.next-tab", chords!["]", "Tab"], "next tab", DiffEffect::NextTab)
            .with_hint("next tab"),
        Binding::new("diff.previous-tab", chords!["["], "previous tab", DiffEffect::PreviousTab),
        Binding::new("diff.swap", chords!["x"], "swap the sides", DiffEffect::Swap).with_hint("swap"),
        Binding::new("diff.refresh", chords!["r"], "read both images again", DiffEffect::Refresh),
        Binding::new("diff.close", chords!["q", "h", "Left"], "leave", DiffEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<DiffEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Shared(SharedEffect::Move(to)) => {
                let furthest = self.lines.len().saturating_sub(height(update.state));
                self.scroll = move_row(self.scroll, furthest + 1, to);
            }
            Pressed::Shared(SharedEffect::Cancel) => return self.close(update),
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
            Pressed::Own(effect) => match effect {
                DiffEffect::NextTab => self.open_tab(1),
                DiffEffect::PreviousTab => self.open_tab(-1),
                DiffEffect::Swap => {
                    show(update, self.right, self.left);
                    return None;
                }
                DiffEffect::Refresh => self.ask(update),
                DiffEffect::Close => return self.close(update),
            },
        }
        Some(Dialog::ImageDiff(self))
    }
}
