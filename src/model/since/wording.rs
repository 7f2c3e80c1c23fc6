//! The answers of a repository in words, for the screen and the command line.

use super::{SinceFirst, SinceMethod, SinceReport, SinceRow};
use crate::model::plural::counted;
use crate::model::size;
use crate::model::text::SafeText;

/// Most tags that a sentence names.
const MOST_NAMED: usize = 3;

impl SinceReport {
    /// Returns the result in one line: the first image, the one before it, and what was looked at.
    pub(crate) fn summary(&self) -> String {
        format!("{}; {}", self.finding(), self.effort())
    }

    /// Returns the first image and the one before it, or the images between which it is.
    pub(crate) fn finding(&self) -> String {
        if let Some(first) = self.first() {
            return first.finding();
        }
        let is_unknown = |row: &SinceRow| row.holds().is_none();
        let Some(last) = self.rows.iter().rposition(|row| row.holds() == Some(true)) else {
            let unknown = not_known(self.unknown());
            let of_all = if unknown.is_empty() { "that was looked at" } else { "of which it is known" };
            return format!("in no image {of_all}{unknown}");
        };
        let newer = self.rows.get(last + 1..).unwrap_or_default();
        let name = self.rows.get(last).map(SinceRow::short_name).unwrap_or_default();
        let or_later = if newer.first().is_some_and(is_unknown) { " or later" } else { "" };
        let absent = newer.iter().rev().find(|row| !is_unknown(row));
        let absent = match (absent, newer.last().is_some_and(is_unknown)) {
            (Some(_), false) => ", absent in the newest image".to_string(),
            (Some(row), true) => format!(", absent in {}", row.tag),
            (None, _) => String::new(),
        };
        format!("last {name}{or_later}{absent}{}", not_known(newer.iter().filter(|row| is_unknown(row))))
    }

    /// Returns what was looked at and read.
    pub(crate) fn effort(&self) -> String {
        let mut text = match self.method {
            SinceMethod::Bisect => {
                format!("{} of {} looked at", self.rows.len(), counted(self.images, "image", "images"))
            }
            SinceMethod::All | SinceMethod::AllAfter(_) if self.tags == self.rows.len() => {
                format!("{} looked at", counted(self.tags, "tag", "tags"))
            }
            SinceMethod::All | SinceMethod::AllAfter(_) => {
                let images = counted(self.rows.len(), "image", "images");
                format!("{} of {images} looked at", counted(self.tags, "tag", "tags"))
            }
        };
        if self.layers_read > 0 {
            let layers = counted(self.layers_read, "layer", "layers");
            text.push_str(&format!(", {layers} read, {}", size::bytes(self.bytes_read)));
        }
        text
    }

    /// Returns the sentences that limit the result.
    pub(crate) fn notes(&self) -> Vec<SafeText> {
        let mut notes = Vec::new();
        match &self.method {
            SinceMethod::All => {}
            SinceMethod::Bisect => notes
                .push("binary search: right only if every image after the first one has it as well".into()),
            SinceMethod::AllAfter(why) => notes.push(why.clone()),
        }
        if self.others > 0 {
            let others = counted(self.others, "tag", "tags");
            notes.push(SafeText::from(format!("{others} without a place in the order left out")));
        }
        if let Some(why) = &self.incomplete {
            notes.push(SafeText::from(format!("the list of tags may be incomplete: {why}")));
        }
        notes
    }
}

impl SinceFirst<'_> {
    fn finding(&self) -> String {
        let (first, unknown) = (self.row.short_name(), not_known(self.unknown.iter()));
        match (self.before, self.unknown) {
            (Some(before), []) => format!("first {first}, absent in {}", before.tag),
            (None, []) => format!("first {first}, the oldest image"),
            (Some(before), _) if before.holds() == Some(false) => {
                format!("first after {}, at the latest {}{unknown}", before.tag, self.row.tag)
            }
            (_, _) => format!("first {first} or earlier{unknown}"),
        }
    }
}

/// Returns the images of which it is not known as the end of a sentence; empty if there are none.
fn not_known<'a>(rows: impl Iterator<Item = &'a SinceRow>) -> String {
    let tags: Vec<&str> = rows.map(|row| row.tag.as_str()).collect();
    let (shown, more) = tags.split_at(tags.len().min(MOST_NAMED));
    match (shown, more.len()) {
        ([], _) => String::new(),
        (shown, 0) => format!(", not known of {}", shown.join(", ")),
        (shown, more) => format!(", not known of {} and {more} more", shown.join(", ")),
    }
}
