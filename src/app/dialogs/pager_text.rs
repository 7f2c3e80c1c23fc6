//! The text of a dialog for the pager: everything that the dialog shows, without cuts.

use jiff::Timestamp;
use ratatui::layout::Size;

use super::Dialog;
use super::attached::AttachedDialog;
use super::comparison::ComparisonDialog;
use super::jobs::JobsDialog;
use super::jobs::page::JobPage;
use super::journal::JournalDialog;
use super::plan::page::PlanLine;
use super::requests::{RequestLog, RequestRow};
use crate::app::State;
use crate::model::attached::page::AttachedLine;
use crate::model::change::comparison::ComparisonRow;
use crate::model::change::journal::JournalEntry;
use crate::model::digest::Digest;
use crate::model::{columns, time};

/// Columns that a text is laid out for. A pager scrolls sideways or breaks the lines.
const COLUMNS: u16 = 200;
/// Columns of a short digest.
const DIGEST: usize = 12;

impl Dialog {
    /// Returns the text of the dialog. It is empty if the dialog shows nothing, or only a list to choose from.
    pub(super) fn pager_text(&self, state: &State, now: Timestamp) -> String {
        let lines = match self {
            Dialog::Requests(log) => request_lines(log, state),
            Dialog::Messages(_) => message_lines(state),
            Dialog::Plan(plan) => {
                let size = Size::new(COLUMNS, u16::MAX);
                plain(plan.lines(size, &state.settings.keys))
            }
            Dialog::Jobs(jobs) => job_lines(jobs, state),
            Dialog::Journal(journal) => journal_lines(journal, now),
            Dialog::Comparison(comparison) => comparison_lines(comparison),
            Dialog::FilePreview(preview) => preview.lines.iter().map(ToString::to_string).collect(),
            Dialog::FileHistory(history) => history.lines(),
            Dialog::PathTable(table) => table.lines(),
            Dialog::Since(dialog) => dialog.lines(),
            Dialog::TagHistory(dialog) => dialog.lines(now),
            Dialog::Attached(attached) => attached_lines(attached),
            Dialog::ImageDiff(dialog) => dialog.pager_lines(),
            Dialog::FileSides(sides) => sides.pager_lines(),
            Dialog::Trust(dialog) => dialog.pager_lines(),
            Dialog::Filter(_)
            | Dialog::CommandLine(_)
            | Dialog::Palette(_)
            | Dialog::Open(_)
            | Dialog::Search(_)
            | Dialog::Menu(_)
            | Dialog::LayerChoice(_)
            | Dialog::Help(_)
            | Dialog::Retag(_)
            | Dialog::Extract(_)
            | Dialog::Copy(_)
            | Dialog::Login(_)
            | Dialog::Save(_)
            | Dialog::Compare(_)
            | Dialog::SincePrompt(_)
            | Dialog::Diff(_) => Vec::new(),
        };
        lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
    }
}

fn plain(lines: Vec<PlanLine>) -> Vec<String> {
    let text = |line: PlanLine| line.pieces.into_iter().map(|(_, piece)| piece).collect();
    lines.into_iter().map(text).collect()
}

fn request_lines(log: &RequestLog, state: &State) -> Vec<String> {
    let line = |row: RequestRow<'_>| {
        let (method, url) = row.target();
        let (at, result) = match row {
            RequestRow::Ended(line) => {
                let status = line.status.map_or("---".into(), |status| status.to_string());
                let failure = line.failure.as_ref().map(|why| format!("  {why}")).unwrap_or_default();
                (line.at, format!("{status} {:>6} ms  {url}{failure}", line.took.as_millis()))
            }
            RequestRow::Awaited(request) => (request.at, format!("...            {url}")),
        };
        format!("{} {method:<6} {result}", at.strftime("%H:%M:%S"))
    };
    log.rows(state).into_iter().map(line).collect()
}

fn message_lines(state: &State) -> Vec<String> {
    let messages = state.notices.all.iter().flat_map(|notice| {
        let hint = notice.hint.as_ref().map(|hint| format!("         hint: {hint}"));
        std::iter::once(format!("{} {}", notice.at.strftime("%H:%M:%S"), notice.text)).chain(hint)
    });
    messages.collect()
}

fn job_lines(jobs: &JobsDialog, state: &State) -> Vec<String> {
    let opened = jobs.open.and_then(|id| state.jobs.all.iter().find(|job| job.id == id));
    let Some(job) = opened else {
        return state.jobs.all.iter().rev().map(|job| job.title.to_string()).collect();
    };
    let page = JobPage::of(job, COLUMNS.into());
    page.title.into_iter().chain(plain(page.lines)).collect()
}

fn journal_lines(journal: &JournalDialog, now: Timestamp) -> Vec<String> {
    let entry_line = |entry: &JournalEntry| {
        let age = columns::left(&time::age(entry.at, now), 14);
        format!("{age}{}  {}", columns::left(entry.outcome().as_str(), 14), entry.whole_title())
    };
    let Some(entry) = journal.entry().filter(|_| journal.is_open) else {
        return journal.entries.value.iter().flatten().map(entry_line).collect();
    };
    let title = [
        entry.whole_title().to_string(),
        format!("{}, {}", time::absolute(entry.at), entry.outcome()),
        String::new(),
    ];
    let items = entry.items.iter().map(|item| {
        let digest = |digest: Option<Digest>| digest.map_or("nothing".into(), |digest| digest.to_string());
        let done = match item.done {
            Some(true) => "done",
            Some(false) => "not done",
            None => "not known",
        };
        let (before, after) = (digest(item.before.as_ref().map(|held| held.digest)), digest(item.after));
        format!("{}  {}  {done}  {before} → {after}", item.repository, item.selector)
    });
    title.into_iter().chain(items).collect()
}

fn attached_lines(attached: &AttachedDialog) -> Vec<String> {
    attached.lines().map(AttachedLine::to_text).collect()
}

fn comparison_lines(comparison: &ComparisonDialog) -> Vec<String> {
    let rows = comparison.list.rows.iter().filter_map(|item| comparison.row(*item as usize));
    let rows: Vec<&ComparisonRow> = rows.collect();
    let names = rows.iter().map(|row| columns::width(row.tag.as_str())).max().unwrap_or(0);
    let short =
        |digest: Option<Digest>| columns::left(&digest.map_or("-".into(), |digest| digest.short()), DIGEST);
    let line = |row: &&ComparisonRow| {
        let name = columns::left(row.tag.as_str(), names);
        format!("{name}  {}  {}  {}", short(row.left), short(row.right), row.standing.label())
    };
    let title = format!("{} → {}", comparison.left, comparison.right);
    let all: Vec<String> = rows.iter().map(line).collect();
    if all.is_empty() { all } else { std::iter::once(title).chain(all).collect() }
}
