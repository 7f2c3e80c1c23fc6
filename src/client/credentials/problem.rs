//! The reasons why a source of logins gave none.

use std::fmt;

use crate::model::text::SafeText;

/// A reason why a source of logins gave none, or not the one that the user expects. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginProblem {
    /// The source cannot be read.
    Unreadable {
        /// The path or the name of the source.
        source: SafeText,
        /// The reason.
        why: SafeText,
    },
    /// A login cannot be stored in the source, or removed from it.
    Unwritable {
        /// The path or the name of the source.
        source: SafeText,
        /// The reason.
        why: SafeText,
    },
    /// A login would never be used, because a source that regtui cannot change comes first.
    Shadowed {
        /// The path or the name of the source that comes first.
        source: SafeText,
    },
    /// The text of the source is no JSON.
    NotJson {
        /// The path or the name of the source.
        source: SafeText,
        /// The line of the fault, from one.
        line: usize,
        /// The column of the fault, from one.
        column: usize,
    },
    /// A part of the source cannot be used.
    BadEntry {
        /// The path or the name of the source.
        source: SafeText,
        /// The part of the source: `auths."r.test"`.
        entry: SafeText,
        /// The fault, as the end of a sentence: `is not an object`.
        why: &'static str,
    },
    /// A credential helper is missing, hangs or fails.
    Helper {
        /// The path or the name of the source that names the helper.
        source: SafeText,
        /// The setting that names the helper: `credsStore`.
        setting: &'static str,
        /// The program: `docker-credential-pass`.
        program: SafeText,
        /// The fault, as the end of a sentence: `is not in PATH`.
        why: SafeText,
    },
}

impl fmt::Display for LoginProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoginProblem::Unreadable { source, why } => write!(f, "`{source}` cannot be read: {why}"),
            LoginProblem::Unwritable { source, why } => write!(f, "`{source}` cannot be changed: {why}"),
            LoginProblem::Shadowed { source } => {
                write!(f, "`{source}` has a login for this registry, and comes before every stored one")
            }
            LoginProblem::NotJson { source, line, column } => {
                write!(f, "`{source}` is not valid JSON: line {line}, column {column}")
            }
            LoginProblem::BadEntry { source, entry, why } => write!(f, "`{entry}` in `{source}` {why}"),
            LoginProblem::Helper { source, setting, program, why } => {
                write!(f, "`{program}`, which `{setting}` in `{source}` names, {why}")
            }
        }
    }
}
