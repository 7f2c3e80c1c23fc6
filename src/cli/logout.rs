//! `regtui logout`: removes the stored logins for a registry.

use std::io::Write;

use clap::Args;

use super::CliError;
use super::arguments::ArgumentReader;
use super::print::print_problem;
use crate::client::Pool;

/// Remove the stored logins for a registry
#[derive(Debug, Args)]
#[command(
    after_help = "The logins are removed from docker's and podman's files and from the credential helpers that these name. Logins for parts of a registry
(`podman login HOST/PATH`) stay.

Exit codes: 0 no login is left; 1 one is left, or a place could not be read or changed; 2 wrong usage."
)]
pub(crate) struct Logout {
    /// Registry: ghcr.io, registry.example:5000, docker.io
    #[arg(value_name = "HOST")]
    host: String,
}

impl Logout {
    /// Removes the logins, and reports those that are left.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let host = ArgumentReader::of(pool).registry(&self.host)?;
        let report = pool.credentials().log_out(&host).await;
        let forgotten = pool.token_services().forget(&host).await;
        let mut out = std::io::stdout().lock();
        for place in &report.removed {
            writeln!(out, "removed the login for {host} from `{place}`")?;
        }
        // A place that could not be read may have one.
        if report.removed.is_empty() && report.left.is_none() && report.problems.is_empty() {
            writeln!(out, "there is no login for {host}")?;
        }
        if let Err(error) = &forgotten {
            print_problem(format_args!("cannot forget the token services of {host}: {error}"));
        }
        for problem in &report.problems {
            print_problem(problem);
        }
        for source in &report.with_browser_tokens {
            print_problem(format_args!(
                "`{source}` still names tokens of docker's login by browser: `docker logout` revokes and removes them"
            ));
        }
        if let Some(source) = &report.left {
            print_problem(format_args!("`{source}` still has a login for {host}"));
        }
        if report.left.is_some() || !report.problems.is_empty() || forgotten.is_err() {
            return Err(CliError::Reported);
        }
        Ok(())
    }
}
