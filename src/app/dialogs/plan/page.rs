//! The lines of a plan: everything that will happen, before it happens. They are laid out here because scrolling needs
//! the number of lines; drawing only colours them.

mod copy;
pub mod delete;
mod loss;
mod methods;
mod retag;
mod rows;
mod undo;

pub use copy::replaces;

use ratatui::layout::Size;

use crate::model::change::delete::{self as deletion, DeleteMethod};
use crate::model::change::progress::Unresolved;
use crate::model::change::retag::RetagStep;
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::columns;
use crate::model::digest::Digest;
use crate::model::plural::counted;
use crate::model::text::SafeText;

/// Columns of the labels.
const LABELS: usize = 11;

/// The explanation of the replacement.
const REPLACEMENT: [&str; 2] = [
    "The registry cannot delete by tag. So each tag is put on a copy of its manifest with one more annotation, and \
     that copy is deleted by its digest: the tag goes, and no request deletes the image or its other tags.",
    "It is tried only where images can be deleted. If the second request is refused all the same, the tag is put back \
     byte for byte.",
];

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanLine {
    /// The pieces of the line, from left to right.
    pub pieces: Vec<(Tone, String)>,
    /// The effect of a click on the line.
    pub on_click: Option<Press>,
}

/// The effect of a click on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Does the same as this key.
    Key(char),
    /// Chooses this method of deletion.
    Method(DeleteMethod),
}

/// The tone of a piece of a line, which determines its look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Plain text.
    Plain,
    /// Text that matters less.
    Dim,
    /// Text that matters more.
    Strong,
    /// Something that stays, or is there already.
    Good,
    /// Something that is removed, is replaced, or is odd.
    Warn,
    /// Something that cannot be done.
    Bad,
    /// A size.
    Number,
    /// A key that can be pressed.
    Key,
}

/// Returns the title of the dialog.
pub fn title(request: Option<&ChangeRequest>) -> &'static str {
    match request {
        Some(ChangeRequest::Retag(request)) if request.mode.moves() => "Rename",
        Some(ChangeRequest::Retag(_)) => "Retag",
        Some(ChangeRequest::Delete(_)) => "Delete",
        Some(ChangeRequest::Copy(_)) => "Copy",
        Some(ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_)) => "Undo",
        None => "Looking it up",
    }
}

/// Returns the lines shown while the plan is looked up.
pub fn lookup_lines(request: Option<&ChangeRequest>, body: Size) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body);
    let asked: &[&str] = match request {
        Some(ChangeRequest::Delete(request)) => {
            page.field("repository", Tone::Plain, &request.repository.to_string());
            &[
                "which digests the tags have, and which other tags share them",
                "which indexes list them, what they list, what refers to them",
                "which bytes only they hold",
                "what the server lets us delete, tried on names that nothing has",
            ]
        }
        Some(ChangeRequest::Retag(request)) => {
            page.field("repository", Tone::Plain, &request.from.to_string());
            &["which digests the tags have", "whether the new tags are free"]
        }
        Some(ChangeRequest::Copy(request)) => {
            page.field("from", Tone::Plain, &request.from.to_string());
            page.field("to", Tone::Plain, &request.to.to_string());
            &["what the images consist of", "what of it is there already", "which tags would be replaced"]
        }
        Some(ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_)) => {
            &["what was there before, and what is there now", "whether its blobs are still there"]
        }
        None => &["what was changed"],
    };
    page.blank();
    page.text(Tone::Dim, "looking up, nothing is changed:");
    for line in asked {
        page.text(Tone::Dim, &format!("  {line}"));
    }
    page.lines
}

/// Returns the lines that name the marked images that no row shows: they are part of the request.
pub fn hidden_image_lines(names: &[SafeText], body: Size) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body);
    if !names.is_empty() {
        let count = counted(names.len(), "mark that no row shows", "marks that no row shows");
        page.field("hidden", Tone::Warn, &format!("{count}: {}", joined(names)));
    }
    page.lines
}

/// Returns the lines about the replacement, which is confirmed separately because images are briefly replaced by
/// others.
pub fn replacement_lines(body: Size) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body);
    page.text(Tone::Warn, "Untag by replacement?");
    for text in REPLACEMENT {
        page.blank();
        page.text(Tone::Plain, text);
    }
    page.lines
}

/// Returns all lines of the plan. While the request is looked up again, the plan is an older one, and its switches show
/// the last request.
pub fn lines(
    request: &ChangeRequest,
    change_plan: &ChangePlan,
    is_old: bool,
    skipped: &[SafeText],
    body: Size,
) -> Vec<PlanLine> {
    let mut page = PlanPage::new(body);
    page.requested_method = if is_old { request.method() } else { None };
    page.requested_keep = is_old.then(|| request.keeps_images());
    for change in skipped {
        page.field("cannot", Tone::Warn, &format!("undo {change}"));
    }
    if !skipped.is_empty() {
        page.text(Tone::Dim, "so this is about the change before:");
        page.blank();
    }
    if let Some(refused) = change_plan.common().refused.as_ref() {
        page.field("refused", Tone::Bad, refused.why.as_str());
        page.hint(refused.hint.as_ref());
        page.blank();
    }
    match (change_plan, request) {
        (ChangePlan::Retag(plan), _) => page.retag(plan),
        (ChangePlan::Delete(plan), ChangeRequest::Delete(request)) if is_old => {
            page.delete(plan, request.along)
        }
        (ChangePlan::Delete(plan), _) => page.delete(plan, plan.along),
        (ChangePlan::Copy(plan), ChangeRequest::Copy(request)) => page.copy(plan, request.referrers),
        (ChangePlan::Copy(plan), _) => page.copy(plan, false),
        (ChangePlan::Undo(plan), _) => page.undo(plan),
    }
    page.lines
}

/// Returns the text of the button that carries the plan out.
pub fn confirm_label(change_plan: &ChangePlan) -> String {
    match change_plan {
        ChangePlan::Retag(plan) => {
            let verb = if plan.mode.moves() { "Rename" } else { "Retag" };
            format!("{verb} {}{}", counted(plan.steps.len(), "tag", "tags"), replacement_suffix(change_plan))
        }
        ChangePlan::Delete(plan) => {
            let tags = plan.images.iter().map(|image| image.named.len()).sum();
            match plan.method {
                DeleteMethod::Untag | DeleteMethod::Replace => {
                    format!("Untag {}{}", counted(tags, "tag", "tags"), replacement_suffix(change_plan))
                }
                DeleteMethod::Image => {
                    let images = plan.images.len();
                    let tags = plan.tags_that_go().count();
                    let tags = (tags > 0).then(|| counted(tags, "tag", "tags"));
                    let parts: Vec<String> = [counted(images, "image", "images")]
                        .into_iter()
                        .chain(included_counts(plan))
                        .chain(tags)
                        .collect();
                    format!("Delete {}", parts.join(", "))
                }
            }
        }
        ChangePlan::Copy(plan) => format!("Copy {}", plan.count()),
        ChangePlan::Undo(_) => format!("Undo it{}", replacement_suffix(change_plan)),
    }
}

/// Returns the part of that text which names the replacement, if the plan needs one.
fn replacement_suffix(change_plan: &ChangePlan) -> &'static str {
    if change_plan.replaces_images() { " by replacement" } else { "" }
}

/// Returns the counts of the manifests that are deleted along with images: `6 children`, `1 referrer`.
fn included_counts(plan: &deletion::DeletePlan) -> Vec<String> {
    let at_stake = plan.at_stake();
    let children = (at_stake.children.len(), "child", "children");
    let referrers = (at_stake.referrers.len(), "referrer", "referrers");
    let some = [children, referrers].into_iter().filter(|(count, ..)| *count > 0);
    some.map(|(count, one, many)| counted(count, one, many)).collect()
}

/// Returns the reason why the plan cannot or need not be carried out, if there is one.
pub fn impediment(change_plan: &ChangePlan) -> Option<SafeText> {
    if let Some(refused) = change_plan.common().refused.as_ref() {
        return Some(refused.why.clone());
    }
    match change_plan {
        ChangePlan::Delete(plan) => match (delete::blocked_reason(plan), plan.images.is_empty()) {
            (Some(why), _) => Some(SafeText::from(why)),
            (None, true) => Some("there is nothing to delete".into()),
            (None, false) => None,
        },
        ChangePlan::Retag(plan) => {
            let is_done = !plan.mode.moves() && plan.steps.iter().all(RetagStep::is_done);
            let done = is_done.then(|| "nothing would change: the tags are what they should be".into());
            plan.common.blocked.as_ref().map(|blocked| blocked.why.clone()).or(done)
        }
        ChangePlan::Copy(plan) => {
            copy::is_done(plan).then(|| "nothing would change: all of it is there".into())
        }
        ChangePlan::Undo(plan) => match plan.is_impossible() {
            true => Some("nothing of it can be put back".into()),
            false => None,
        },
    }
}

/// Returns whether the plan neither replaces nor removes anything that exists now.
pub fn is_harmless(change_plan: &ChangePlan) -> bool {
    match change_plan {
        ChangePlan::Retag(plan) => {
            let replaces = |step: &RetagStep| step.replaces.is_some() && !step.is_done();
            !plan.mode.moves() && !plan.steps.iter().any(replaces)
        }
        ChangePlan::Copy(plan) => !plan.images.iter().any(copy::replaces),
        ChangePlan::Delete(_) | ChangePlan::Undo(_) => false,
    }
}

/// Lays lines out for a width.
struct PlanPage {
    lines: Vec<PlanLine>,
    width: usize,
    rows: usize,
    /// The method of the last request, if the plan shown is older.
    requested_method: Option<DeleteMethod>,
    /// Whether the last request keeps the images, if the plan shown is older.
    requested_keep: Option<bool>,
}

impl PlanPage {
    fn new(body: Size) -> PlanPage {
        PlanPage {
            lines: Vec::new(),
            width: body.width.into(),
            rows: body.height.into(),
            requested_method: None,
            requested_keep: None,
        }
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

    /// Adds the unresolved images: they were asked for and cannot be part of the plan.
    fn add_unresolved(&mut self, unresolved: &[Unresolved]) {
        for Unresolved { name, failure } in unresolved {
            self.field("fails", Tone::Bad, &format!("{name}: {}", failure.why));
        }
    }

    fn hint(&mut self, hint: Option<&SafeText>) {
        if let Some(hint) = hint {
            self.field("", Tone::Warn, &format!("hint: {hint}"));
        }
    }

    /// Adds a switch with its key.
    fn switch(&mut self, label: &str, key: char, is_on: bool, text: &str) {
        let sign = if is_on { "[x]" } else { "[ ]" };
        let room = self.width.saturating_sub(LABELS + 6);
        let pieces = vec![
            (Tone::Dim, columns::left(label, LABELS)),
            (Tone::Plain, format!("{sign} ")),
            (Tone::Key, format!("{key} ")),
            (Tone::Plain, columns::cut(text, room)),
        ];
        self.add_clickable(Press::Key(key), pieces);
    }
}

/// Returns the change of the digest of a tag: new, replaced by another one, or the same.
fn change(replaces: Option<&Digest>, digest: &Digest) -> (Tone, String) {
    match replaces {
        None => (Tone::Good, format!("new  {}", digest.short())),
        Some(same) if same == digest => (Tone::Dim, "is that already".into()),
        Some(old) => (Tone::Warn, format!("replaces {} → {}", old.short(), digest.short())),
    }
}

fn joined<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
