//! The reasons why the program ends without success.

use crate::model::failure::Failure;

/// The reason why the program ends without success. Each variant determines the message and the exit code.
#[derive(Debug)]
pub(super) enum CliError {
    /// The usage or the configuration is wrong: exit code 2.
    Usage(String),
    /// The command failed: exit code 1.
    Failed(Failure),
    /// Something on this machine failed: exit code 1.
    Internal(color_eyre::Report),
    /// A panic, which has been reported: exit code 1.
    Panicked,
    /// The command failed or the user did not confirm it, and all messages have been printed: exit code 1.
    Reported,
    /// The command found a difference that it was asked for, and has printed it: exit code 3.
    Different,
    /// SIGINT, SIGTERM or SIGHUP: exit code 130.
    Interrupted,
    /// The reader of the output has closed the pipe: exit code 0, as with other tools.
    PipeClosed,
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> CliError {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => CliError::PipeClosed,
            _ => CliError::Internal(error.into()),
        }
    }
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> CliError {
        CliError::Failed(failure)
    }
}
