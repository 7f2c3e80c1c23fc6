//! The lines of a plan: everything that will happen, before it happens. They are laid out here because scrolling needs
//! the number of lines; drawing only colours them.

mod rows;

pub(crate) use crate::model::change::wording::Tone;

use ratatui::layout::Size;

use super::bindings::{BINDINGS, PlanEffect};
use crate::app::keys::{Keys, command_of};
use crate::model::change::delete::DeleteMethod;
use crate::model::change::wording::{
    self, ImageRow, Methods, PlanOption, PlanRow, REPLACEMENT, Requested, Switch, method_label,
};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::columns;
use crate::model::plural::counted;
use crate::model::text::SafeText;
use rows::{Becomes, Pair, Renamed};

/// Columns of the labels.
const LABELS: usize = 11;

/// With fewer rows than this, only the chosen method is shown.
const FEW_ROWS: usize = 8;

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PlanLine {
    /// The pieces of the line, from left to right.
    pub(crate) pieces: Vec<(Tone, String)>,
    /// The effect of a click on the line.
    pub(crate) on_click: Option<Press>,
}

/// The effect of a click on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Press {
    /// Switches this part of the request.
    Switch(PlanOption),
    /// Chooses this method of deletion.
    Method(DeleteMethod),
}

/// Returns the lines shown while the plan is looked up.
pub(crate) fn lookup_lines(request: Option<&ChangeRequest>, body: Size, keys: &Keys) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body, keys);
    let (facts, asked) = wording::lookups(request);
    for fact in facts {
        page.field(fact.label, fact.tone, &fact.text);
    }
    page.blank();
    page.text(Tone::Dim, "looking up, nothing is changed:");
    for line in asked {
        page.text(Tone::Dim, &format!("  {line}"));
    }
    page.lines
}

/// Returns the lines that name the marked images that no row shows: they are part of the request.
pub(crate) fn hidden_image_lines(names: &[SafeText], body: Size, keys: &Keys) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body, keys);
    if !names.is_empty() {
        let count = counted(names.len(), "mark that no row shows", "marks that no row shows");
        page.field("hidden", Tone::Warn, &format!("{count}: {}", joined(names)));
    }
    page.lines
}

/// Returns the lines about the replacement, which is confirmed separately because images are briefly replaced by
/// others.
pub(crate) fn replacement_lines(body: Size, keys: &Keys) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body, keys);
    page.text(Tone::Warn, "Untag by replacement?");
    for text in REPLACEMENT {
        page.blank();
        page.text(Tone::Plain, text);
    }
    page.lines
}

/// Returns all lines of the plan. While the request is looked up again, the plan is an older one, and its switches show
/// the last request.
pub(crate) fn lines(
    request: &ChangeRequest,
    change_plan: &ChangePlan,
    is_old: bool,
    skipped: &[SafeText],
    body: Size,
    keys: &Keys,
) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body, keys);
    for change in skipped {
        page.field("cannot", Tone::Warn, &format!("undo {change}"));
    }
    if !skipped.is_empty() {
        page.text(Tone::Dim, "so this is about the change before:");
        page.blank();
    }
    let requested = if is_old { Requested::from(request) } else { Requested::default() };
    for row in wording::rows(change_plan, requested) {
        page.plan_row(row);
    }
    page.lines
}

/// Lays lines out for a width.
struct PlanPage<'a> {
    lines: Vec<PlanLine>,
    width: usize,
    rows: usize,
    keys: &'a Keys,
}

impl<'a> PlanPage<'a> {
    fn new(body: Size, keys: &'a Keys) -> PlanPage<'a> {
        PlanPage { lines: Vec::new(), width: body.width.into(), rows: body.height.into(), keys }
    }

    fn blank(&mut self) {
        self.lines.push(PlanLine::default());
    }

    fn row(&mut self, pieces: Vec<(Tone, String)>) {
        self.lines.push(PlanLine { pieces, on_click: None });
    }

    /// Adds a line that can be clicked.
    fn add_clickable(&mut self, press: Press, pieces: Vec<(Tone, String)>) {
        self.lines.push(PlanLine { pieces, on_click: Some(press) });
    }

    fn text(&mut self, tone: Tone, text: &str) {
        for line in columns::wrap(text, self.width) {
            self.row(vec![(tone, line)]);
        }
    }

    /// Adds a label with its text wrapped beside it.
    fn field(&mut self, label: &str, tone: Tone, text: &str) {
        self.indented(0, label, tone, text);
    }

    /// Adds an indented label with its text, below the line that it belongs to.
    fn indented(&mut self, indent: usize, label: &str, tone: Tone, text: &str) {
        let mut label = label;
        for line in columns::wrap(text, self.width.saturating_sub(LABELS + indent).max(8)) {
            let name = format!("{}{}", " ".repeat(indent), columns::left(label, LABELS));
            self.row(vec![(Tone::Dim, name), (tone, line)]);
            label = "";
        }
    }

    /// Adds a row of the plan.
    fn plan_row(&mut self, row: PlanRow) {
        match row {
            PlanRow::Blank => self.blank(),
            PlanRow::Fact(fact) => self.field(fact.label, fact.tone, &fact.text),
            PlanRow::Hint(hint) => self.field("", Tone::Warn, &format!("hint: {hint}")),
            PlanRow::Methods(methods) => self.methods(&methods),
            PlanRow::Switch(switch) => self.switch(&switch),
            PlanRow::Images(rows) if rows.iter().any(|row| row.new_name.is_some()) => {
                self.renamed(rows.into_iter().map(Renamed::from).collect());
            }
            PlanRow::Images(rows) => self.images(rows),
        }
    }

    /// Adds tags and images with their results, and the facts about each.
    fn images(&mut self, rows: Vec<ImageRow>) {
        let (pairs, facts): (Vec<Pair>, Vec<_>) = rows
            .into_iter()
            .map(|row| (Pair { name: row.name, becomes: Becomes::new(row.info, row.result) }, row.facts))
            .unzip();
        let columns = self.columns_of(&pairs);
        for (pair, facts) in pairs.into_iter().zip(facts) {
            self.pair(pair, columns);
            for fact in facts {
                self.indented(2, fact.label, fact.tone, &fact.text);
            }
        }
    }

    /// Adds the methods, with a sign at the chosen one. If there is little room, adds only the chosen one.
    fn methods(&mut self, methods: &Methods) {
        let chosen = methods.chosen;
        if self.rows < FEW_ROWS {
            let text = format!("● {}", method_label(chosen));
            return self.field("method", Tone::Strong, &text);
        }
        let mut label = "method";
        for &method in &methods.methods {
            let sign = if method == chosen { "●" } else { "○" };
            let tone = if method == chosen { Tone::Strong } else { Tone::Dim };
            let name = columns::left(method_label(method), 13);
            let room = self.width.saturating_sub(LABELS + 2 + 13);
            let pieces = vec![
                (Tone::Dim, columns::left(label, LABELS)),
                (tone, format!("{sign} {name}")),
                (Tone::Dim, columns::cut(&methods.describe(method), room)),
            ];
            self.add_clickable(Press::Method(method), pieces);
            label = "";
        }
    }

    /// Adds a switch with its key.
    fn switch(&mut self, switch: &Switch) {
        let sign = if switch.is_on { "[x]" } else { "[ ]" };
        let key = command_of(BINDINGS, PlanEffect::of(switch.option));
        let key = key.map(|command| self.keys.name(command)).filter(|key| !key.is_empty());
        let key = key.map_or_else(String::new, |key| format!("{key} "));
        let room = self.width.saturating_sub(LABELS + 4 + columns::width(&key));
        let pieces = vec![
            (Tone::Dim, columns::left(switch.label, LABELS)),
            (Tone::Plain, format!("{sign} ")),
            (Tone::Key, key),
            (Tone::Plain, columns::cut(&switch.text, room)),
        ];
        self.add_clickable(Press::Switch(switch.option), pieces);
    }
}

fn joined<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
