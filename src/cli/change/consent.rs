//! Consent to a plan: flags give it, or the user gives it after the plan was shown.

use std::io::{self, IsTerminal, Write};

use super::terminal_input;
use crate::cli::CliError;
use crate::model::change::{ChangePlan, delete};
use crate::model::reference::{RepositoryName, Tag};

/// The consent that the flags give.
pub(crate) struct Consent<'a> {
    /// Agrees to the plan.
    pub(crate) yes: bool,
    /// Agrees to a plan that asks to type this name.
    pub(crate) confirm: Option<&'a str>,
    /// Agrees to moving existing tags.
    pub(crate) force: bool,
    /// Asks for a question also about a plan that replaces and removes nothing.
    pub(crate) ask: bool,
}

/// A question that must be answered before the change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Asks for yes or no.
    Confirm(String),
    /// Asks to type the repository's name.
    Name(RepositoryName),
}

impl Consent<'_> {
    /// Returns the question that must be answered before the change may begin. Returns `None` if the flags agree to
    /// everything, or if the plan neither replaces nor removes anything. Fails if there is a question and no terminal to ask it on.
    pub(crate) fn question(&self, change_plan: &ChangePlan) -> Result<Option<Question>, CliError> {
        // The user must also be able to see the question, which is on stderr.
        self.decide(change_plan, io::stdin().is_terminal() && io::stderr().is_terminal())
    }

    fn decide(&self, change_plan: &ChangePlan, is_terminal: bool) -> Result<Option<Question>, CliError> {
        let moved = if self.force { Vec::new() } else { moved_tags(change_plan) };
        let question = match change_plan.common().name_to_type.as_ref() {
            Some(name) if !self.confirms(name)? => Some(Question::Name(name.clone())),
            _ if !moved.is_empty() => {
                Some(Question::Confirm(format!("replace the current image of {}?", list(&moved))))
            }
            _ if self.ask || !(self.yes || change_plan.is_harmless()) => {
                Some(Question::Confirm("go on?".into()))
            }
            _ => None,
        };
        match question {
            Some(_) if !is_terminal => Err(CliError::Usage(self.missing_flags(change_plan, &moved))),
            question => Ok(question),
        }
    }

    fn confirms(&self, name: &RepositoryName) -> Result<bool, CliError> {
        match self.confirm {
            Some(text) if text != name.as_str() => {
                Err(CliError::Usage(format!("`--confirm {text}` names another repository than `{name}`")))
            }
            confirm => Ok(confirm.is_some() && self.yes),
        }
    }

    /// Returns the message that names the missing flags, for runs without a terminal.
    fn missing_flags(&self, change_plan: &ChangePlan, moved: &[&Tag]) -> String {
        if self.ask {
            return "`--ask` asks for a confirmation, and there is no terminal to ask on".into();
        }
        let mut flags = Vec::new();
        if !self.yes {
            flags.push("--yes".to_string());
        }
        if let Some(name) = change_plan.common().name_to_type.as_ref().filter(|_| self.confirm.is_none()) {
            flags.push(format!("--confirm {name}"));
        }
        if !moved.is_empty() {
            flags.push("--force".into());
        }
        let why = match (moved, change_plan) {
            ([], ChangePlan::Delete(plan)) if plan.at_stake().count() > 1 => {
                let at_stake = plan.at_stake();
                match at_stake.count() - at_stake.images.len() {
                    0 => format!("{} images would be deleted", at_stake.count()),
                    _ => format!("{} digests would be deleted", at_stake.count()),
                }
            }
            ([], ChangePlan::Delete(plan)) if plan.unnamed_tags().next().is_some() => {
                let unnamed: Vec<&Tag> = plan.unnamed_tags().collect();
                let go = if unnamed.len() == 1 { "goes too, which was" } else { "go too, which were" };
                format!("{} {go} not named", list(&unnamed))
            }
            ([], _) if change_plan.common().name_to_type.is_some() => "the repository is protected".into(),
            ([], _) => "a change that replaces or removes something needs a confirmation".into(),
            (tags, _) => format!("{} would be replaced", list(tags)),
        };
        format!(
            "{why}, and there is no terminal to ask on: `{}` confirms the plan, `--dry-run` only shows it",
            flags.join(" ")
        )
    }
}

/// Returns the existing tags that would name another image afterwards.
fn moved_tags(change_plan: &ChangePlan) -> Vec<&Tag> {
    match change_plan {
        ChangePlan::Retag(plan) => {
            let moves = plan.steps.iter().filter(|step| step.replaces.is_some() && !step.is_done());
            moves.map(|step| &step.tag).collect()
        }
        ChangePlan::Copy(plan) => {
            let moves =
                plan.images.iter().filter(|image| image.replaces.is_some_and(|now| now != image.digest));
            moves.filter_map(|image| image.tag.as_ref()).collect()
        }
        ChangePlan::Delete(delete::DeletePlan { .. }) | ChangePlan::Undo(_) => Vec::new(),
    }
}

/// Formats tags as a list: `a`, `a and b`, `a and 7 other tags`.
fn list(tags: &[&Tag]) -> String {
    match tags {
        [] => "nothing".into(),
        [tag] => format!("`{tag}`"),
        [first, second] => format!("`{first}` and `{second}`"),
        [first, others @ ..] => format!("`{first}` and {} other tags", others.len()),
    }
}

impl Question {
    /// Asks on the terminal. Keys typed before the question was shown are ignored. An answer of several lines is
    /// refused.
    pub(crate) async fn ask(self) -> Result<bool, CliError> {
        let asked = tokio::task::spawn_blocking(move || self.ask_blocking());
        let answer: io::Result<bool> = asked.await.map_err(|error| CliError::Internal(error.into()))?;
        Ok(answer?)
    }

    fn ask_blocking(&self) -> io::Result<bool> {
        if !terminal_input::forget() {
            writeln!(io::stderr(), "the terminal keeps sending input, so nothing can be asked")?;
            return Ok(false);
        }
        let mut err = io::stderr().lock();
        match self {
            Question::Confirm(question) => write!(err, "{question} [y/N] ")?,
            Question::Name(name) => write!(err, "type `{name}` to go on: ")?,
        }
        err.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        if terminal_input::is_more() {
            // The rest of a paste must not become a command for the shell.
            terminal_input::forget();
            writeln!(err, "more than one line was typed, which is not an answer")?;
            return Ok(false);
        }
        Ok(self.is_answered_by(line.trim()))
    }

    fn is_answered_by(&self, line: &str) -> bool {
        match self {
            Question::Confirm(_) => matches!(line.to_ascii_lowercase().as_str(), "y" | "yes"),
            Question::Name(name) => line == name.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::PlanCommon;
    use crate::model::change::builders::{
        app, copy_plan, delete_plan, digest, image_to_copy, image_to_delete, retag_plan, retag_step,
    };
    use crate::model::change::copy::ImageToCopy;
    use crate::model::change::delete::DeleteMethod;
    use crate::model::change::retag::{RetagMode, RetagPlan, RetagStep};

    const NO: Consent = Consent { yes: false, confirm: None, force: false, ask: false };
    const YES: Consent = Consent { yes: true, ..NO };

    /// Returns the plan of a new tag, which may exist already, in a repository that may be protected.
    fn change_plan(is_free: bool, is_protected: bool) -> ChangePlan {
        let replaces = (!is_free).then(|| digest("b"));
        let step = RetagStep { replaces, ..retag_step("1.4.2", "stable") };
        let name_to_type = is_protected.then(|| app().name);
        ChangePlan::Retag(RetagPlan {
            common: PlanCommon { name_to_type, ..PlanCommon::default() },
            ..retag_plan(RetagMode::Add, vec![step])
        })
    }

    fn asked(consent: &Consent, change_plan: &ChangePlan) -> Option<Question> {
        consent.decide(change_plan, true).expect("somebody can be asked")
    }

    /// Returns the message if there is no terminal to ask on.
    fn refused(consent: &Consent, change_plan: &ChangePlan) -> Option<String> {
        match consent.decide(change_plan, false) {
            Ok(None) => None,
            Err(CliError::Usage(text)) => Some(text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_that_removes_something_needs_a_yes() {
        let renamed = ChangePlan::Retag(retag_plan(RetagMode::Move, vec![retag_step("rc1", "1.4.2")]));
        for change_plan in [
            ChangePlan::Delete(delete_plan(DeleteMethod::Untag, vec![image_to_delete("a", &["1.4.2"])])),
            renamed,
        ] {
            assert_eq!(asked(&NO, &change_plan), Some(Question::Confirm("go on?".into())));
            assert!(refused(&NO, &change_plan).is_some_and(|said| said.contains("`--yes`")));
            assert_eq!((asked(&YES, &change_plan), refused(&YES, &change_plan)), (None, None));
        }
    }

    #[test]
    fn a_change_that_only_adds_is_not_asked_about_unless_the_user_wants_it() {
        let added = change_plan(true, false);
        let copied =
            |replaces| ChangePlan::Copy(copy_plan(vec![ImageToCopy { replaces, ..image_to_copy("1.4.2") }]));
        for change_plan in [&added, &copied(None)] {
            assert_eq!((asked(&NO, change_plan), refused(&NO, change_plan)), (None, None));
            let ask = Consent { ask: true, ..NO };
            assert_eq!(asked(&ask, change_plan), Some(Question::Confirm("go on?".into())));
            assert!(refused(&ask, change_plan).is_some_and(|said| said.contains("`--ask`")));
        }
        let replaced = copied(Some(digest("b")));
        assert!(asked(&NO, &replaced).is_some_and(|question| question != Question::Confirm("go on?".into())));
        assert!(refused(&NO, &replaced).is_some_and(|said| said.contains("`--yes --force`")));
    }

    #[test]
    fn a_tag_that_exists_needs_more_than_a_yes() {
        let change_plan = change_plan(false, false);
        assert_eq!(
            asked(&YES, &change_plan),
            Some(Question::Confirm("replace the current image of `stable`?".into()))
        );
        assert!(refused(&YES, &change_plan).is_some_and(|said| said.contains("`--force`")));
        assert!(refused(&NO, &change_plan).is_some_and(|said| said.contains("`--yes --force`")));
        let forced = Consent { force: true, ..YES };
        assert_eq!((asked(&forced, &change_plan), refused(&forced, &change_plan)), (None, None));
        assert!(asked(&Consent { force: true, ..NO }, &change_plan).is_some());
    }

    #[test]
    fn a_name_has_to_be_typed_or_given() {
        let change_plan = change_plan(true, true);
        assert!(
            matches!(asked(&YES, &change_plan), Some(Question::Name(name)) if name.as_str() == "team/app")
        );
        assert!(refused(&YES, &change_plan).is_some_and(|said| said.contains("`--confirm team/app`")));
        let named = |yes, name| Consent { yes, confirm: Some(name), ..NO };
        assert_eq!(refused(&named(true, "team/app"), &change_plan), None);
        assert!(refused(&named(false, "team/app"), &change_plan).is_some());
        assert!(refused(&named(true, "team/ap"), &change_plan).is_some());
        assert!(
            named(true, "team/ap").decide(&change_plan, true).is_err(),
            "a wrong name is wrong on a terminal too"
        );
    }

    #[test]
    fn only_yes_is_yes_and_only_the_name_is_the_name() {
        let sure = Question::Confirm(String::new());
        let name = Question::Name(RepositoryName::parse("team/app").expect("a name"));
        for (line, is_yes) in
            [("y", true), ("YES", true), ("", false), ("n", false), ("yy", false), ("Dy", false)]
        {
            assert_eq!(sure.is_answered_by(line), is_yes, "{line}");
        }
        for (line, is_name) in [("team/app", true), ("app", false), ("TEAM/APP", false), ("y", false)] {
            assert_eq!(name.is_answered_by(line), is_name, "{line}");
        }
    }
}
