//! The steps that all changing subcommands share: they plan, show the plan, ask, carry it out, and report.

mod consent;
pub(super) mod interrupts;
mod plan;
pub(super) mod progress;
mod report;
mod terminal_input;

use std::io::{BufWriter, Write};

use clap::Args;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{CliError, print, repeated_options, waits};
use crate::model::change::delete::DeleteMethod;
use crate::model::change::progress::{Progress, Report};
use crate::model::change::rules::Refusal;
use crate::model::change::{ChangePlan, ChangeRequest, undo};
use crate::model::failure::{Failure, FailureKind};
use crate::model::request_budget::RequestNeed;
use crate::model::server::Ability;
use crate::model::text::SafeText;
use crate::ops::context::{ChangeContext, JobControl};
use crate::ops::{change, planning};
use consent::Consent;
use interrupts::Interrupts;
use progress::Bar;

/// The end of the help of every changing subcommand.
pub(crate) const EXIT_CODES: &str = "Exit codes: 0 success, also if nothing had to change; 1 something failed, was missing or was skipped, and the rest was done;
2 wrong usage, or an unanswered question; 130 interrupted.";

/// Options of every subcommand that changes something.
#[derive(Debug, Args)]
pub(crate) struct ChangeOptions {
    /// Print the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm the plan without being asked. A plan that replaces and removes nothing needs no confirmation
    #[arg(long, short)]
    yes: bool,
    /// Ask before every change, also if it replaces and removes nothing
    #[arg(long, conflicts_with = "yes")]
    ask: bool,
    /// Confirm a plan that requires typing this repository's name; needs --yes too
    #[arg(long, value_name = "NAME", requires = "yes")]
    confirm: Option<String>,
    /// Print one JSON document with the plan and the result
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    plan: &'a ChangePlan,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a Report>,
}

impl ChangeOptions {
    /// Returns whether only the plan is wanted.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Plans the request, shows the plan, asks, carries it out, and reports. If `force` is set, existing tags are moved
    /// without a question.
    pub(super) async fn run(
        &self,
        context: &ChangeContext,
        request: ChangeRequest,
        force: bool,
    ) -> Result<(), CliError> {
        self.run_planned(context, change::plan(context, &request), force).await
    }

    /// Does the same for a plan that the caller makes.
    pub(crate) async fn run_planned(
        &self,
        context: &ChangeContext,
        planning: impl Future<Output = Result<ChangePlan, Failure>>,
        force: bool,
    ) -> Result<(), CliError> {
        let mut interrupts = Interrupts::listen()?;
        let planning = waits::report_while(
            &context.pool,
            progress::count_lookups(planning::tell_needs(tell_need, planning)),
        );
        let change_plan = interrupts.run_until_interrupt(planning).await??;
        if self.dry_run {
            self.print_plan(&change_plan)?;
            return check_permitted(&change_plan);
        }
        if !self.json {
            show(&change_plan).map_err(require_shown_plan)?;
        }
        check_permitted(&change_plan)?;
        let consent = Consent { yes: self.yes, confirm: self.confirm.as_deref(), force, ask: self.ask };
        if let Some(question) = consent.question(&change_plan)? {
            if self.json {
                show(&change_plan).map_err(require_shown_plan)?;
            }
            if !interrupts.run_until_interrupt(question.ask()).await?.map_err(require_shown_plan)? {
                print::print_problem("nothing was changed");
                return Err(CliError::Reported);
            }
        }
        let (report, is_stopped) = carry_out(context, &change_plan, &mut interrupts).await?;
        let changed = change_plan.changed_repositories();
        let options =
            repeated_options::options(&context.pool, changed.iter().map(|repository| &repository.host));
        let printed = self.print_report(&change_plan, &report, &options);
        // The outcome decides, even if the report could not be printed.
        report::exit_error(&report, is_stopped)?;
        printed
    }

    fn print_plan(&self, change_plan: &ChangePlan) -> Result<(), CliError> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            print::json(&mut out, &ChangeDocument { plan: change_plan, report: None })?;
        } else {
            plan::print(&mut out, change_plan)?;
        }
        Ok(out.flush()?)
    }

    fn print_report(&self, change_plan: &ChangePlan, report: &Report, options: &str) -> Result<(), CliError> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            print::json(&mut out, &ChangeDocument { plan: change_plan, report: Some(report) })?;
        } else {
            report::print(&mut out, report, options)?;
        }
        Ok(out.flush()?)
    }
}

/// Tells how many counted requests some work needs and how many are left.
pub(crate) fn tell_need(need: &RequestNeed) {
    let verdict = if need.fits() { "" } else { ": too few" };
    print::print_problem(format_args!("needs {need}{verdict}"));
}

/// Turns a closed pipe into a failure. A plan that the user cannot have seen is not carried out, and that is no
/// success, unlike a listing that is not read to its end.
fn require_shown_plan(error: CliError) -> CliError {
    match error {
        CliError::PipeClosed => CliError::Reported,
        other => other,
    }
}

/// Shows the plan on stderr. The user reads it before the question, or a log keeps it if no question is asked.
fn show(change_plan: &ChangePlan) -> Result<(), CliError> {
    let mut out = BufWriter::new(std::io::stderr().lock());
    plan::print(&mut out, change_plan)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Fails if a rule forbids the change, or if the server does not support its method.
fn check_permitted(change_plan: &ChangePlan) -> Result<(), CliError> {
    if let ChangePlan::Delete(plan) = change_plan
        && plan.common.loss.keep
        && plan.method == DeleteMethod::Image
    {
        return Err(CliError::Usage(
            "`--keep` keeps images that lose their last tag, and here they are deleted by their digests: name tags, \
             and untag them (with `--replace` if the server cannot)"
                .into(),
        ));
    }
    let (refusal, kind) = match (change_plan.common().refused.as_ref(), change_plan) {
        (Some(refusal), _) => (refusal.clone(), FailureKind::Local),
        (None, ChangePlan::Delete(_) | ChangePlan::Retag(_)) => match method_refusal(change_plan) {
            Some(refusal) => (refusal, FailureKind::Unsupported),
            None => return Ok(()),
        },
        (None, ChangePlan::Undo(plan)) => match undo_refusal(plan) {
            Some(refusal) => (refusal, FailureKind::Local),
            None => return Ok(()),
        },
        (None, _) => return Ok(()),
    };
    let what = SafeText::from(format!("cannot {}", change_plan.title()));
    Err(CliError::Failed(Failure { what, why: refusal.text(), hint: refusal.hint, kind }))
}

/// Returns the reason why the server does not support the method, with the options that choose another method.
fn method_refusal(change_plan: &ChangePlan) -> Option<Refusal> {
    let mut refusal = change_plan.common().blocked.as_ref()?.clone();
    let options = match change_plan {
        ChangePlan::Delete(plan)
            if plan.method == DeleteMethod::Untag && !matches!(plan.deletes.by_digest, Ability::No(_)) =>
        {
            match &plan.own_api {
                Some(api) if api.is_required => "`--own-api`",
                Some(_) => "`--own-api`, `--replace` or `--image`",
                None => "`--replace` or `--image`",
            }
        }
        ChangePlan::Delete(plan)
            if plan.method == DeleteMethod::Image && plan.common.methods.contains(&DeleteMethod::Replace) =>
        {
            "`--replace`"
        }
        ChangePlan::Retag(plan) if !plan.common.methods.is_empty() => "`--replace`",
        _ => return Some(refusal),
    };
    refusal.hint = refusal.hint.map(|hint| SafeText::from(format!("{hint}: {options}")));
    Some(refusal)
}

/// Returns the reason why nothing of the entry can be put back.
fn undo_refusal(plan: &undo::UndoPlan) -> Option<Refusal> {
    let reasons: Option<Vec<&SafeText>> = plan.steps.iter().map(|step| step.impossible.as_ref()).collect();
    let why = (*reasons?.first()?).clone();
    let others = "`regtui journal` lists other changes, each can be undone by its name";
    let hint = match plan::method_hint(plan) {
        Some(hint) => SafeText::from(format!("{hint}; {others}")),
        None => others.into(),
    };
    Some(Refusal { why, answer: None, hint: Some(hint) })
}

/// Carries out the plan, and returns whether it was stopped. The first interrupt stops it as soon as nothing is half
/// done; the second ends the program.
async fn carry_out(
    context: &ChangeContext,
    change_plan: &ChangePlan,
    interrupts: &mut Interrupts,
) -> Result<(Report, bool), CliError> {
    let (sender, receiver) = watch::channel(Progress::default());
    let control = JobControl { progress: sender, stop: CancellationToken::new() };
    let bar = Bar::of(receiver);
    let mut running = std::pin::pin!(change::run(context, change_plan, &control));
    loop {
        tokio::select! {
            report = &mut running => return Ok((report, control.stop.is_cancelled())),
            () = interrupts.next() => {
                if control.stop.is_cancelled() {
                    return Err(CliError::Interrupted);
                }
                bar.print("stopping once nothing is half done; Ctrl-C again ends at once");
                control.stop.cancel();
            }
        }
    }
}
