//! A plan as text: aligned, and clear without colours.

mod delete;

use std::io::{self, Write};

use crate::cli::print::Table;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::loss::Loss;
use crate::model::change::progress::Unresolved;
use crate::model::change::rules::Refusal;
use crate::model::change::{ChangePlan, copy, retag, undo};
use crate::model::digest::Digest;
use crate::model::reference::Selector;
use crate::model::text::SafeText;

/// Columns that a list of tags may take in one row.
const LIST: usize = 48;

/// The description of the method that removes tags by replacements.
const REPLACEMENT: &str = "each tag is put on a marked copy of its manifest, and that is deleted by digest";

/// Prints the plan.
pub fn print(out: &mut impl Write, work: &ChangePlan) -> io::Result<()> {
    writeln!(out, "{}{}\n", work.title(), registry_suffix(work))?;
    if let Some((what, refusal)) = obstacle(work) {
        print_fact(out, what, &refusal.why)?;
        writeln!(out)?;
    }
    match work {
        ChangePlan::Retag(plan) => print_retag(out, plan),
        ChangePlan::Delete(plan) => delete::print(out, plan),
        ChangePlan::Copy(plan) => print_copy(out, plan),
        ChangePlan::Undo(plan) => print_undo(out, plan),
    }
}

/// Returns the reason why nothing of the plan will happen. A user who reads only the plan must know it.
fn obstacle(work: &ChangePlan) -> Option<(&'static str, &Refusal)> {
    let refused = work.common().refused.as_ref().map(|refusal| ("refused", refusal));
    refused.or(work.common().blocked.as_ref().map(|refusal| ("blocked", refusal)))
}

/// Returns the registry, if the title does not name it.
fn registry_suffix(work: &ChangePlan) -> String {
    match work {
        ChangePlan::Retag(plan) => format!(" in {}", plan.from.host),
        ChangePlan::Delete(plan) => format!(" in {}", plan.repository.host),
        ChangePlan::Copy(plan) => format!(", from {}", plan.from.host),
        ChangePlan::Undo(_) => String::new(),
    }
}

fn print_retag(out: &mut impl Write, plan: &retag::RetagPlan) -> io::Result<()> {
    let mut table = Table::new(&["IMAGE", "DIGEST", "CREATED", "SIZE", "NEW TAG", "THERE NOW"], &[3]);
    for step in &plan.steps {
        let tag = match step.to == plan.from {
            true => step.tag.to_string(),
            false => format!("{}:{}", step.to.name, step.tag),
        };
        let now = describe_current(step.replaces.as_ref(), &step.digest);
        let [date, size] = [step.info.date(), step.info.bytes()];
        table.row(vec![name(&step.selector), step.digest.short(), date, size, tag, now]);
    }
    table.print(out)?;
    if plan.mode.moves() {
        writeln!(out)?;
        let old = plan.steps.iter().map(|step| name(&step.selector)).collect();
        print_facts(out, "untags", old)?;
    }
    if plan.mode == retag::RetagMode::MoveByReplacement {
        print_fact(out, "method", REPLACEMENT)?;
    }
    if !plan.mode.moves() && plan.common.loss.is_offered() {
        writeln!(out)?;
    }
    if plan.common.loss.is_offered() {
        print_loss(out, &plan.common.loss)?;
    }
    print_unresolved(out, &plan.common.unresolved)
}

fn print_copy(out: &mut impl Write, plan: &copy::CopyPlan) -> io::Result<()> {
    let mut table = Table::new(&["IMAGE", "DIGEST", "CREATED", "SIZE", "TAG", "THERE NOW"], &[3]);
    for image in &plan.images {
        let digest = match image.digest == image.source {
            true => image.digest.short(),
            false => format!("{} (was {})", image.digest.short(), image.source.short()),
        };
        let tag = image.tag.as_ref().map_or_else(|| "-".into(), ToString::to_string);
        let now = match image.tag {
            // The destination was not contacted if a rule forbids the copy.
            Some(_) if image.unknown => "not known".into(),
            Some(_) if plan.common.refused.is_some() => "not asked".into(),
            Some(_) => describe_current(image.replaces.as_ref(), &image.digest),
            None => "-".into(),
        };
        table.row(vec![name(&image.selector), digest, image.info.date(), image.info.bytes(), tag, now]);
    }
    table.print(out)?;
    writeln!(out)?;
    if plan.common.refused.is_none() {
        print_fact(out, "moves", plan.summary())?;
    }
    plan.platforms().iter().try_for_each(|platforms| print_fact(out, "platforms", platforms))?;
    if plan.digests_change {
        print_fact(
            out,
            "digests",
            "change, because only some platforms come along: signatures will not fit",
        )?;
    }
    print_referrers(out, plan)?;
    if plan.common.loss.is_offered() {
        print_loss(out, &plan.common.loss)?;
    }
    plan.left_out.iter().try_for_each(|what| print_fact(out, "left out", what))?;
    print_unresolved(out, &plan.common.unresolved)?;
    plan.exposure_warnings().try_for_each(|exposed| print_fact(out, "login", exposed))?;
    plan.common.notes.iter().try_for_each(|note| print_fact(out, "note", note))
}

/// Prints the referrers that are copied along, and the fallback tags that list them.
fn print_referrers(out: &mut impl Write, plan: &copy::CopyPlan) -> io::Result<()> {
    if let Some(coming) = plan.describe_referrers() {
        print_fact(out, "referrers", coming)?;
    }
    plan.lists
        .iter()
        .try_for_each(|list| print_fact(out, "", format!("{}  {}", list.short_tag(), list.change())))
}

/// Prints the images that cannot be part of the plan, each with the reason.
fn print_unresolved(out: &mut impl Write, missed: &[Unresolved]) -> io::Result<()> {
    missed
        .iter()
        .try_for_each(|missed| print_fact(out, "fails", format!("{}: {}", missed.name, missed.failure.why)))
}

fn print_undo(out: &mut impl Write, plan: &undo::UndoPlan) -> io::Result<()> {
    plan.common.notes.iter().try_for_each(|note| print_fact(out, "warning", note))?;
    let several = plan
        .steps
        .iter()
        .any(|step| Some(&step.repository) != plan.steps.first().map(|first| &first.repository));
    let heading = ["WHAT", "NOW", "BACK TO", "CREATED", "SIZE", "IMPOSSIBLE"];
    let columns = if plan.steps.iter().any(|step| step.impossible.is_some()) { 6 } else { 5 };
    let mut table = Table::new(&heading[..columns], &[4]);
    for step in &plan.steps {
        let what = match several {
            true => format!("{}{}", step.repository, format_selector(&step.selector)),
            false => name(&step.selector),
        };
        let digest = |digest: Option<&Digest>| digest.map_or_else(|| "nothing".into(), Digest::short);
        let impossible = step.impossible.as_ref().map(ToString::to_string).unwrap_or_default();
        let [now, before] = [step.now.as_ref(), step.before.as_ref()].map(digest);
        table.row(vec![what, now, before, step.info.date(), step.info.bytes(), impossible]);
    }
    table.print(out)?;
    let first = plan.steps.first().filter(|_| !several);
    let is_by_replacement = plan.steps.iter().any(|step| step.by_replacement);
    let method = is_by_replacement.then(|| format!("of new tags: {REPLACEMENT}"));
    let hint = method_hint(plan).or_else(|| plan.hint.clone());
    if first.is_some()
        || method.is_some()
        || hint.is_some()
        || plan.leaves.is_some()
        || !plan.common.unresolved.is_empty()
    {
        writeln!(out)?;
    }
    first.map_or(Ok(()), |first| print_fact(out, "in", &first.repository))?;
    method.map_or(Ok(()), |method| print_fact(out, "method", method))?;
    plan.leaves.as_ref().map_or(Ok(()), |leaves| print_fact(out, "leaves", leaves))?;
    print_unresolved(out, &plan.common.unresolved)?;
    hint.map_or(Ok(()), |hint| print_fact(out, "hint", hint))
}

/// Returns the hint about another method, with its option, if the chosen method cannot remove the new tags.
pub fn method_hint(plan: &undo::UndoPlan) -> Option<SafeText> {
    let is_open = plan.method == DeleteMethod::Untag && !plan.common.methods.is_empty();
    let hint = plan.hint.as_ref().filter(|_| is_open)?;
    Some(SafeText::from(format!("{hint}: `--replace`")))
}

/// Returns a tag as it is, or a shortened digest.
fn name(selector: &Selector) -> String {
    match selector {
        Selector::Tag(tag) => tag.to_string(),
        Selector::Digest(digest) => digest.short(),
    }
}

/// Returns `:tag` or `@digest`.
pub fn format_selector(selector: &Selector) -> String {
    match selector {
        Selector::Tag(tag) => format!(":{tag}"),
        Selector::Digest(digest) => format!("@{}", digest.short()),
    }
}

fn describe_current(now: Option<&Digest>, then: &Digest) -> String {
    match now {
        None => "nothing".into(),
        Some(now) if now == then => "the same".into(),
        Some(now) => format!("{}, which it replaces", now.short()),
    }
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

/// Prints the fate of images that lose their last tag or are deleted, and the tags that keep them.
fn print_loss(out: &mut impl Write, loss: &Loss) -> io::Result<()> {
    let Some(fate) = loss.fate() else { return Ok(()) };
    print_fact(out, "images", fate)?;
    for (number, (image, tag)) in loss.keepable_images().enumerate().filter(|_| loss.is_offered()) {
        match (loss.keep, number) {
            (true, 0) => print_fact(out, "keeps", format!("{} as {tag}", image.digest.short()))?,
            (true, _) => print_fact(out, "", format!("{} as {tag}", image.digest.short()))?,
            (false, 0) => print_fact(out, "", format!("`--keep` keeps {} as {tag}", image.digest.short()))?,
            (false, _) => print_fact(out, "", format!("and {} as {tag}", image.digest.short()))?,
        }
    }
    Ok(())
}

fn print_fact(out: &mut impl Write, what: &str, text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(out, "{what:<10}{text}")
}

/// Prints a fact that consists of many names.
fn print_facts(out: &mut impl Write, what: &str, names: Vec<String>) -> io::Result<()> {
    for (index, line) in wrap_names(names.into_iter()).iter().enumerate() {
        print_fact(out, if index == 0 { what } else { "" }, line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::PlanCommon;
    use crate::model::change::image_info::ImageInfo;
    use crate::model::change::journal::EntryId;
    use crate::model::reference::{Repository, Tag};

    pub(super) fn repository() -> Repository {
        Repository::parse("r.test/team/app").expect("a repository")
    }

    pub(super) fn tag(text: &str) -> Tag {
        Tag::parse(text).expect("a tag")
    }

    pub(super) fn info() -> ImageInfo {
        ImageInfo { created: "2026-11-20T09:30:00Z".parse().ok(), size: Some(41_200_000) }
    }

    pub(super) fn digest(text: &str) -> Digest {
        Digest::sha256(text.as_bytes())
    }

    pub(super) fn printed(work: ChangePlan) -> String {
        let mut out = Vec::new();
        print(&mut out, &work).expect("it is written");
        let text = String::from_utf8(out).expect("text");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        text
    }

    #[test]
    fn a_retag_shows_the_old_digest_and_the_new_one() {
        let step = |name: &str, replaces| retag::RetagStep {
            selector: Selector::Tag(tag("1.4.2")),
            digest: digest("a"),
            info: info(),
            to: repository(),
            tag: tag(name),
            replaces,
            left_on: None,
        };
        let steps =
            vec![step("new", None), step("same", Some(digest("a"))), step("stable", Some(digest("b")))];
        let text = printed(ChangePlan::Retag(retag::RetagPlan {
            common: PlanCommon::default(),
            from: repository(),
            mode: retag::RetagMode::Move,
            steps,
        }));
        let rows: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(rows[0], "IMAGE  DIGEST        CREATED        SIZE  NEW TAG  THERE NOW");
        assert!(rows[1].contains("2026-11-20  41.2 MB"), "{text}");
        assert!(rows[1].ends_with("new      nothing") && rows[2].ends_with("same     the same"), "{text}");
        assert!(rows[3].ends_with(&format!("{}, which it replaces", digest("b").short())), "{text}");
        assert!(text.contains("untags    1.4.2"), "{text}");
    }

    #[test]
    fn an_undo_names_the_images_that_it_cannot_put_back() {
        let step = |impossible: Option<&'static str>| undo::UndoStep {
            repository: repository(),
            selector: Selector::Tag(tag("1.4.2")),
            before: Some(digest("a")),
            now: None,
            info: info(),
            left_on: None,
            by_replacement: false,
            is_probe: false,
            may_arrive: false,
            impossible: impossible.map(Into::into),
        };
        let text = printed(ChangePlan::Undo(undo::UndoPlan {
            common: PlanCommon {
                notes: vec!["its entry in the journal is damaged".into()],
                ..PlanCommon::default()
            },
            entry: EntryId("1".into()),
            of: "untag team/app:1.4.2".into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            method: DeleteMethod::Untag,
            leaves: None,
            hint: None,
            steps: vec![step(None), step(Some("2 of its blobs are gone"))],
        }));
        assert!(text.contains("warning   its entry in the journal is damaged"), "{text}");
        assert!(text.contains("WHAT   NOW      BACK TO       CREATED        SIZE  IMPOSSIBLE"), "{text}");
        assert!(
            text.contains("2 of its blobs are gone") && text.contains("in        r.test/team/app"),
            "{text}"
        );
    }
}
