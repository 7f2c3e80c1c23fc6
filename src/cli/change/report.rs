//! How work ended, as text and as an exit code.

use std::io::{self, Write};

use crate::cli::Trouble;
use crate::cli::print::{self, Table};
use crate::model::failure::Failure;
use crate::model::size;
use crate::model::text::SafeText;
use crate::model::work::progress::{Outcome, Report};

/// Prints what came of each part, what stayed behind, and how to take it back.
pub fn print(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let mut table = Table::new(&["WHAT", "OUTCOME"], &[]);
    for item in &report.items {
        let outcome = item.outcome.as_ref().map_or_else(|| "stopped".into(), words);
        table.row(vec![item.name.to_string(), outcome]);
    }
    table.print(out)?;
    if report.moved > 0 {
        let again = match report.again {
            0 => String::new(),
            again => format!(", and {} again because something broke", size::bytes(again)),
        };
        writeln!(out, "\nmoved {}{again}", size::bytes(report.moved))?;
    }
    report.remarks.iter().try_for_each(|remark| writeln!(out, "\nnote: {remark}"))?;
    match &report.undo {
        Some(entry) => writeln!(out, "\n`regtui undo {entry}` takes it back"),
        None => Ok(()),
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(how) if how.is_empty() => "done".into(),
        Outcome::Done(how) => format!("done: {how}"),
        Outcome::Already(why) => why.to_string(),
        Outcome::Left(why) => format!("left alone: {why}"),
        Outcome::Pending(why) => format!("pending: {why}"),
        Outcome::Failed(failure) => format!("failed: {}", failure.why),
        Outcome::Stopped => "stopped before its turn".into(),
    }
}

/// What the report means for the exit code. Says on stderr what failed, and what was left alone.
pub fn outcome(report: &Report, is_stopped: bool) -> Result<(), Trouble> {
    complain(report);
    match (is_stopped, report.is_success()) {
        (true, false) => Err(Trouble::Interrupted),
        (false, false) => Err(Trouble::Said),
        // Stopped too late to stop anything.
        (_, true) => Ok(()),
    }
}

/// Says what failed, with hints, and what was left alone; what ended alike is said once.
fn complain(report: &Report) {
    let mut failures: Vec<(&Failure, usize)> = Vec::new();
    for (_, failure) in report.failures() {
        match failures.iter_mut().find(|(said, _)| (&said.why, &said.hint) == (&failure.why, &failure.hint)) {
            Some((_, others)) => *others += 1,
            None => failures.push((failure, 0)),
        }
    }
    for (failure, others) in failures {
        print::complain(failure);
        if others > 0 {
            print::complain(format_args!("{others} more failed alike"));
        }
    }
    let mut left: Vec<(&SafeText, &SafeText, usize)> = Vec::new();
    for item in &report.items {
        let Some(Outcome::Left(why)) = &item.outcome else { continue };
        match left.iter_mut().find(|(_, said, _)| *said == why) {
            Some((.., others)) => *others += 1,
            None => left.push((&item.name, why, 0)),
        }
    }
    for (name, why, others) in left {
        match others {
            0 => print::complain(format_args!("`{name}`: left alone: {why}")),
            others => print::complain(format_args!("`{name}` and {others} more: left alone: {why}")),
        }
    }
}
