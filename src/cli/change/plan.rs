//! A plan as text: the rows of `model/change/wording.rs`, aligned, and clear without colours.

use std::io::{self, Write};

use crate::cli::print::Table;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::wording::{
    self, Fact, ImageRow, PlanOption, PlanRow, Requested, Switch, method_label,
};
use crate::model::change::{ChangePlan, undo};
use crate::model::text::SafeText;

/// Columns of the labels.
const LABELS: usize = 11;
/// Columns that a list of names may take in one row.
const LIST: usize = 48;
/// Columns by which facts about an image are indented.
const INDENT: usize = 2;

/// Prints the plan.
pub(crate) fn print(out: &mut impl Write, plan: &ChangePlan) -> io::Result<()> {
    writeln!(out, "{}\n", plan.title())?;
    let rows = wording::rows(plan, Requested::default());
    let mut rows: Vec<PlanRow> = rows.into_iter().filter_map(|row| row_to_print(plan, row)).collect();
    while rows.last() == Some(&PlanRow::Blank) {
        rows.pop();
    }
    rows.iter().try_for_each(|row| print_row(out, plan, row))
}

/// Returns the row as it is printed. A hint about an obstacle is left out: the error that follows the plan has it.
fn row_to_print(plan: &ChangePlan, row: PlanRow) -> Option<PlanRow> {
    let PlanRow::Hint(hint) = row else { return Some(row) };
    if plan.common().obstacle().is_some() {
        return None;
    }
    let with_option = match plan {
        ChangePlan::Undo(plan) => method_hint(plan),
        _ => None,
    };
    Some(PlanRow::Hint(with_option.map_or(hint, |hint| hint.to_string())))
}

fn print_row(out: &mut impl Write, plan: &ChangePlan, row: &PlanRow) -> io::Result<()> {
    match row {
        PlanRow::Blank => writeln!(out),
        PlanRow::Fact(fact) => print_fact(out, 0, fact),
        PlanRow::Hint(hint) => print_line(out, 0, "hint", hint),
        PlanRow::Methods(methods) => {
            let method = methods.describe(methods.chosen);
            print_line(out, 0, "method", &format!("{}: {method}", method_label(methods.chosen)))
        }
        PlanRow::Switch(switch) => print_line(out, 0, switch.label, &describe_switch(plan, switch)),
        PlanRow::Images(rows) => print_images(out, rows),
    }
}

/// Returns a switch with the option that switches it on: `[ ] 3 children that nothing else needs (`--with-children`)`.
fn describe_switch(plan: &ChangePlan, switch: &Switch) -> String {
    let sign = if switch.is_on { "[x]" } else { "[ ]" };
    let option = match (switch.option, plan) {
        (PlanOption::Keep, _) => "--keep",
        (PlanOption::Convert, _) => "--format oci",
        (PlanOption::Children, _) => "--with-children",
        (PlanOption::Referrers, ChangePlan::Copy(_)) => "--referrers",
        (PlanOption::Referrers, _) => "--with-referrers",
    };
    format!("{sign} {} (`{option}`)", switch.text)
}

/// Prints tags and images with their results, aligned, and the facts about each below it.
fn print_images(out: &mut impl Write, rows: &[ImageRow]) -> io::Result<()> {
    let (has_new, has_info) =
        (rows.iter().any(|row| row.new_name.is_some()), rows.iter().any(|row| row.info.is_some()));
    let mut heading = vec!["IMAGE"];
    heading.extend(has_new.then_some("NEW TAG"));
    heading.extend(if has_info { &["CREATED", "SIZE"][..] } else { &[] });
    heading.push("RESULT");
    let right: &[usize] = match (has_new, has_info) {
        (_, false) => &[],
        (true, true) => &[3],
        (false, true) => &[2],
    };
    let mut table = Table::new(&heading, right);
    for row in rows {
        // Many names would push the other columns far to the right.
        let mut names = wrap_names(row.name.1.split(", ").map(ToString::to_string)).into_iter();
        let mut cells = vec![names.next().unwrap_or_default()];
        cells.extend(has_new.then(|| row.new_name.clone().unwrap_or_default()));
        if has_info {
            let info = row.info.unwrap_or_default();
            cells.extend([info.date(), info.bytes()]);
        }
        cells.push(row.result.1.clone());
        table.row(cells);
        names.for_each(|more| table.row(vec![more]));
        for fact in &row.facts {
            table.lines(fact_lines(INDENT, fact));
        }
    }
    table.print(out)
}

/// Returns the hint about another method, with its option, if the chosen method cannot remove the new tags.
pub(crate) fn method_hint(plan: &undo::UndoPlan) -> Option<SafeText> {
    let is_open = plan.method == DeleteMethod::Untag && !plan.common.methods.is_empty();
    let hint = plan.hint.as_ref().filter(|_| is_open)?;
    Some(SafeText::from(format!("{hint}: `--replace`")))
}

/// Returns names in rows of at most `LIST` columns. A longer name has a row of its own.
pub(super) fn wrap_names(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() + 2 <= LIST => line.extend([", ", &name]),
            _ => lines.push(name),
        }
    }
    lines
}

/// Returns the lines of a fact. Long lists of names take several.
fn fact_lines(indent: usize, fact: &Fact) -> Vec<String> {
    let texts = if fact.is_list {
        wrap_names(fact.text.split(", ").map(ToString::to_string))
    } else {
        vec![fact.text.clone()]
    };
    let label = |index| if index == 0 { fact.label } else { "" };
    let line = |(index, text): (usize, &String)| line_of(indent, label(index), text);
    texts.iter().enumerate().map(line).collect()
}

fn print_fact(out: &mut impl Write, indent: usize, fact: &Fact) -> io::Result<()> {
    fact_lines(indent, fact).iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn print_line(out: &mut impl Write, indent: usize, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}", line_of(indent, label, text))
}

fn line_of(indent: usize, label: &str, text: &str) -> String {
    format!("{}{label:<LABELS$}{text}", " ".repeat(indent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::PlanCommon;
    use crate::model::change::builders::{
        delete_plan, digest, image_to_delete, retag_plan, retag_step, tag, undo_plan, undo_step,
    };
    use crate::model::change::delete::ImageToDelete;
    use crate::model::change::image_info::ImageInfo;
    use crate::model::change::retag::{RetagMode, RetagStep};
    use crate::model::change::undo::{UndoPlan, UndoStep};
    use crate::model::media_type::{MediaType, OCI_INDEX};

    fn info() -> ImageInfo {
        ImageInfo { created: "2026-11-20T09:30:00Z".parse().ok(), size: Some(41_200_000) }
    }

    fn printed(plan: ChangePlan) -> String {
        let mut out = Vec::new();
        print(&mut out, &plan).expect("it is written");
        let text = String::from_utf8(out).expect("text");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        text
    }

    #[test]
    fn a_retag_shows_the_old_digest_and_the_new_one() {
        let step = |name, replaces| RetagStep { info: info(), replaces, ..retag_step("1.4.2", name) };
        let steps =
            vec![step("new", None), step("same", Some(digest("a"))), step("stable", Some(digest("b")))];
        let text = printed(ChangePlan::Retag(retag_plan(RetagMode::Move, steps)));
        let rows: Vec<&str> = text.lines().skip(4).collect();
        assert_eq!(rows[0], "IMAGE  NEW TAG  CREATED        SIZE  RESULT", "{text}");
        assert!(rows[1].starts_with("1.4.2  new      2026-11-20  41.2 MB  new  "), "{text}");
        assert!(rows[2].ends_with("41.2 MB  is that already"), "{text}");
        let change = format!("replaces {} → {}", digest("b").short(), digest("a").short());
        assert!(rows[3].ends_with(&change), "{text}");
        assert!(text.contains("then goes  1.4.2"), "{text}");
    }

    #[test]
    fn an_undo_names_the_images_that_it_cannot_put_back() {
        let step = |impossible: Option<&'static str>| UndoStep {
            info: info(),
            impossible: impossible.map(Into::into),
            ..undo_step("1.4.2", Some("a"), None)
        };
        let notes = vec!["its entry in the journal is damaged".into()];
        let text = printed(ChangePlan::Undo(UndoPlan {
            common: PlanCommon { notes, ..PlanCommon::default() },
            ..undo_plan(vec![step(None), step(Some("2 of its blobs are gone"))])
        }));
        for part in [
            "undo: untag team/app:1.4.2\n\nundoes     untag team/app:1.4.2\nregistry   r.test\n",
            "warning    its entry in the journal is damaged\n",
            "IMAGE           CREATED        SIZE  RESULT\nteam/app:1.4.2  2026-11-20  41.2 MB  put back  ",
            "left as it is\n  blocked    2 of its blobs are gone\n",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }

    #[test]
    fn a_switch_is_printed_with_its_option_and_many_names_take_several_lines() {
        let image = ImageToDelete {
            media_type: MediaType::new(OCI_INDEX),
            info: info(),
            others: (0..20).map(|number| tag(&format!("alias-{number}"))).collect(),
            children: vec![digest("x")],
            ..image_to_delete("a", &["1.4.2"])
        };
        let text = printed(ChangePlan::Delete(delete_plan(DeleteMethod::Image, vec![image])));
        assert!(
            text.contains("along      [ ] 1 child that nothing else needs (`--with-children`)\n"),
            "{text}"
        );
        assert!(text.contains("  also goes  alias-0, alias-1, "), "{text}");
        assert!((0..20).all(|number| text.contains(&format!("alias-{number}"))), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
