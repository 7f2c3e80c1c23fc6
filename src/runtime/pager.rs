//! The user's pager.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::model::failure::{Failure, FailureKind};
use crate::model::text::SafeText;

/// Shows text in `$PAGER`, else in `less`; returns when it is left.
pub fn show(text: &str) -> Result<(), Failure> {
    let command =
        std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty()).unwrap_or_else(|| "less".into());
    let fail = |why: String| Failure {
        what: SafeText::from(format!("cannot show it in `{command}`")),
        why: SafeText::from(why),
        hint: Some("set PAGER to a program that reads standard input".into()),
        kind: FailureKind::Local,
    };
    let words = shell_words::split(&command).map_err(|error| fail(error.to_string()))?;
    let (program, arguments) = words.split_first().ok_or_else(|| fail("it is empty".into()))?;
    let mut pager = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| fail(error.to_string()))?;
    if let Some(mut stdin) = pager.stdin.take() {
        // Whoever leaves the pager early closes the pipe.
        stdin.write_all(text.as_bytes()).ok();
    }
    pager.wait().map(|_| ()).map_err(|error| fail(error.to_string()))
}
