//! An opened job as text.

use crate::app::dialogs::plan::page::{PlanLine, Tone};
use crate::app::jobs::Job;
use crate::model::change::progress::{Alike, Outcome, ProgressItem, group_alike};
use crate::model::columns;

/// Columns of the outcome word: in general, and if a part of the job is unconfirmed.
const WORDS: [usize; 2] = [9, 13];
/// If fewer columns than these are left beside a part, the text about it stands below it.
const NARROW: usize = 24;
/// Columns of `1000 items`, the text for several parts with the same outcome.
const MANY: usize = 10;
/// Largest number of lines of the title of a job.
const TITLE: usize = 2;

/// An opened job, laid out here because scrolling needs the number of lines.
#[derive(Debug)]
pub(crate) struct JobPage {
    /// The title of the job, the time when it began and the registries that the title does not name.
    pub(crate) title: Vec<String>,
    /// The parts, each with its failure and hint if it failed, followed by the notes of the report. Nothing is cut.
    pub(crate) lines: Vec<PlanLine>,
    columns: usize,
    /// Columns of the outcome word.
    word: usize,
}

impl JobPage {
    /// Lays a job out for this number of columns.
    pub(crate) fn of(job: &Job, columns: usize) -> JobPage {
        let place =
            if job.registry_names.is_empty() { String::new() } else { format!(" · {}", job.registry_names) };
        let title = format!("{} · {}{place}", job.title, job.started_at.strftime("%H:%M:%S"));
        let title = columns::wrap_into(&title, columns, TITLE);
        let names = job.items().iter().map(|item| columns::width(item.name.as_str())).max().unwrap_or(0);
        let is_unconfirmed = |item: &ProgressItem| matches!(item.outcome, Some(Outcome::Unconfirmed(_)));
        let [short, long] = WORDS;
        let word = if job.items().iter().any(is_unconfirmed) { long } else { short };
        let mut page = JobPage { title, lines: Vec::new(), columns, word };
        for alike in group_alike(job.items()) {
            page.part(&alike, names.max(MANY).min(columns / 2));
        }
        for note in job.report().into_iter().flat_map(|report| &report.notes) {
            page.add_word_with_text((Tone::Warn, "note"), Tone::Warn, note.as_str());
        }
        page
    }

    /// Returns the rows left for the parts if the page has `all` rows. Below the title stand the numbers and the
    /// current activity.
    pub(crate) fn rows(&self, all: usize) -> usize {
        all.saturating_sub(self.title.len() + 2)
    }

    fn part(&mut self, alike: &Alike<'_>, names: usize) {
        let (tone, word, about) = match alike.outcome {
            None => (Tone::Dim, "not yet", ""),
            Some(Outcome::Done(about)) => (Tone::Good, "done", about.as_str()),
            Some(Outcome::Unchanged(about)) => (Tone::Good, "already", about.as_str()),
            Some(Outcome::Skipped(about)) => (Tone::Warn, "skipped", about.as_str()),
            Some(Outcome::Unconfirmed(failure)) => (Tone::Bad, "unconfirmed", failure.why.as_str()),
            Some(Outcome::Failed(failure)) => (Tone::Bad, "failed", failure.why.as_str()),
            Some(Outcome::Stopped) => (Tone::Warn, "stopped", ""),
        };
        let room = self.columns.saturating_sub(self.word + names + 2);
        let is_beside = room >= NARROW || columns::width(about) <= room;
        let mut beside = if is_beside { columns::wrap(about, room) } else { vec![String::new()] }.into_iter();
        let name = match alike.names.as_slice() {
            [name] => name.to_string(),
            several => format!("{} items", several.len()),
        };
        self.row(vec![
            (tone, columns::left(word, self.word)),
            (Tone::Plain, columns::left(&name, names)),
            (Tone::Dim, format!("  {}", beside.next().unwrap_or_default())),
        ]);
        for line in beside {
            self.row(vec![(Tone::Dim, format!("{}{line}", " ".repeat(self.word + names + 2)))]);
        }
        if !is_beside {
            self.add_word_with_text((Tone::Plain, ""), Tone::Dim, about);
        }
        if let Some(Outcome::Failed(failure) | Outcome::Unconfirmed(failure)) = alike.outcome
            && let Some(hint) = &failure.hint
        {
            self.add_word_with_text((Tone::Plain, ""), Tone::Warn, &format!("hint: {hint}"));
        }
        if alike.names.len() > 1 {
            let names: Vec<&str> = alike.names.iter().map(|name| name.as_str()).collect();
            self.add_word_with_text((Tone::Plain, ""), Tone::Plain, &names.join(", "));
        }
    }

    /// Adds a word with its text beside it, in as many lines as the text needs.
    fn add_word_with_text(&mut self, word: (Tone, &str), tone: Tone, text: &str) {
        let mut word = (word.0, columns::left(word.1, self.word));
        for line in columns::wrap(text, self.columns.saturating_sub(self.word)) {
            let next = (Tone::Plain, " ".repeat(self.word));
            self.row(vec![std::mem::replace(&mut word, next), (tone, line)]);
        }
    }

    fn row(&mut self, pieces: Vec<(Tone, String)>) {
        self.lines.push(PlanLine { pieces, on_click: None });
    }
}
