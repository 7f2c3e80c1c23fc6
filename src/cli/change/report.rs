//! The report of a change, as text and as an exit code.

use std::io::{self, Write};

use super::plan::wrap_names;
use crate::cli::CliError;
use crate::cli::print::{self, Table};
use crate::model::change::journal::EntryId;
use crate::model::change::progress::{Back, Outcome, Report, TakesBack, group_alike};
use crate::model::size;
use crate::model::text::SafeText;

/// The most names in one line of a message. The report has all of them.
const MOST_NAMED: usize = 20;

/// Prints the outcome of each part, the notes, and the command that undoes the change, with `options`.
pub(crate) fn print(out: &mut impl Write, report: &Report, options: &str) -> io::Result<()> {
    let mut table = Table::new(&["WHAT", "OUTCOME"], &[]);
    for alike in group_alike(&report.items) {
        let outcome = alike.outcome.map_or_else(|| "stopped".into(), describe_outcome);
        match alike.names.as_slice() {
            [name] => table.row(vec![name.to_string(), outcome]),
            names => {
                table.row(vec![format!("{} items", names.len()), outcome]);
                let names = wrap_names(names.iter().map(ToString::to_string));
                names.into_iter().for_each(|names| table.row(vec![String::new(), names]));
            }
        }
    }
    table.print(out)?;
    if report.moved > 0 {
        let again = match report.again {
            0 => String::new(),
            again => format!(", and {} again after interruptions", size::bytes(again)),
        };
        writeln!(out, "\nmoved {}{again}", size::bytes(report.moved))?;
    }
    report.notes.iter().try_for_each(|note| writeln!(out, "\nnote: {note}"))?;
    match (&report.undo, report.takes_back) {
        (_, TakesBack::Nothing) => writeln!(out, "\nit cannot be undone"),
        (Some(entry), takes_back) => {
            writeln!(out, "\n{}", undo_command(entry, takes_back, report.back, options))
        }
        (None, _) => Ok(()),
    }
}

/// Returns the command that undoes the change, as it has to be typed, and how much of the change it undoes.
fn undo_command(entry: &EntryId, takes_back: TakesBack, back: Back, options: &str) -> String {
    let replace = if back == Back::ByReplacement { "--replace " } else { "" };
    let command = format!("`regtui undo {options}{replace}{entry}`");
    match (takes_back, back) {
        (TakesBack::Nothing, _) => "it cannot be undone".into(),
        (_, Back::Nothing) => "it cannot be undone: the server deletes neither tags nor images".into(),
        (_, Back::Partly) => {
            format!(
                "{command} puts back the replaced images; new tags stay, since the server deletes nothing"
            )
        }
        (TakesBack::Part, _) => format!("{command} undoes a part of it"),
        (TakesBack::NotKnown, _) => format!("{command} may undo it"),
        (TakesBack::All, Back::Whole) => format!("{command} undoes it"),
        (TakesBack::All, Back::ByReplacement) => format!("{command} undoes it, if the server allows it"),
        (TakesBack::All, Back::Unknown) => {
            format!("{command} undoes it, if the server deletes tags or images")
        }
    }
}

fn describe_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(how) if how.is_empty() => "done".into(),
        Outcome::Done(how) => format!("done: {how}"),
        Outcome::Unchanged(why) => why.to_string(),
        Outcome::Skipped(why) => format!("skipped: {why}"),
        Outcome::Unconfirmed(failure) => format!("unconfirmed: {}", failure.why),
        Outcome::Failed(failure) => format!("failed: {}", failure.why),
        Outcome::Stopped => "stopped before it was done".into(),
    }
}

/// Returns the error that determines the exit code, unless the change succeeded. Prints on stderr the failures, and the
/// parts that were left alone.
pub(crate) fn exit_error(report: &Report, is_stopped: bool) -> Result<(), CliError> {
    print_failures(report);
    match (is_stopped, report.is_success()) {
        (true, false) => Err(CliError::Interrupted),
        (false, false) => Err(CliError::Reported),
        // The stop came too late to stop anything.
        (_, true) => Ok(()),
    }
}

/// Prints the failures with their hints, and the parts that were left alone. Equal outcomes are printed once, with all
/// names.
fn print_failures(report: &Report) {
    let alike = group_alike(&report.items);
    for alike in &alike {
        let (failure, ended) = match alike.outcome {
            Some(Outcome::Failed(failure)) => (failure, "failed alike"),
            Some(Outcome::Unconfirmed(failure)) => (failure, "are not confirmed either"),
            _ => continue,
        };
        print::print_problem(failure);
        if let [_, others @ ..] = alike.names.as_slice()
            && !others.is_empty()
        {
            print::print_problem(format_args!("{} more {ended}: {}", others.len(), join_names(others)));
        }
    }
    for alike in &alike {
        let Some(Outcome::Skipped(why)) = alike.outcome else { continue };
        match alike.names.as_slice() {
            [name] => print::print_problem(format_args!("`{name}`: skipped: {why}")),
            names => {
                print::print_problem(format_args!("{} skipped: {why}: {}", names.len(), join_names(names)));
            }
        }
    }
}

/// Returns names in one line. Of very many only the first are named.
fn join_names(names: &[&SafeText]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST_NAMED).map(|name| name.as_str()).collect();
    let more = names.len().saturating_sub(shown.len());
    let end = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{end}", shown.join(", "))
}
