//! `regtui login`: checks a login for a registry, and stores it.

use std::io::{IsTerminal, Read, Write};

use clap::Args;

use super::CliError;
use super::arguments::ArgumentReader;
use crate::client::Pool;
use crate::model::failure::{Failure, FailureKind};
use crate::model::login::{LoginInput, describe_identity};
use crate::model::reference::Host;
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::ops::login::{CheckedLogin, LoginCheck, check_login, place_for, store_login};

/// Most bytes of a password on the standard input.
const LONGEST: u64 = 64 * 1024;

/// Log in to a registry: checks the login, and stores it as docker and podman do
#[derive(Debug, Args)]
#[command(
    after_help = "The login is stored where the registry has one today; otherwise by the credential helper that docker's or podman's file names, otherwise in docker's
`config.json`, which other tools read too. That file is not encrypted; only the user can read it.

Exit codes: 0 success; 1 the registry refused the login, or it could not be stored; 2 wrong usage; 130 interrupted."
)]
pub(crate) struct LoginCommand {
    /// Registry: ghcr.io, registry.example:5000, docker.io
    #[arg(value_name = "HOST")]
    host: String,
    /// Name of the user; empty for a token that needs none [default: asked for on the terminal]
    #[arg(long, short, value_name = "NAME")]
    username: Option<String>,
    /// Read the password from the standard input
    #[arg(long)]
    password_stdin: bool,
    /// Let this token service have the login, if the registry names one outside of its own site
    #[arg(long, value_name = "HOST:PORT")]
    token_service: Option<String>,
    /// Store the login although the registry asks for none, so that it cannot be checked
    #[arg(long)]
    unchecked: bool,
}

impl LoginCommand {
    /// Checks the login and stores it.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let host = ArgumentReader::of(pool).registry(&self.host)?;
        // A place that cannot be changed is reported before anything is typed.
        let place = place_for(pool, &host).await?;
        let input = self.input(&host)?;
        let (checked, service) = self.check(pool, &host, &input).await?;
        if !checked.is_proven && !self.unchecked {
            return Err(CliError::Failed(Failure {
                what: SafeText::from(format!("the login for {host} is not stored")),
                why: "the registry answers without a login and asks for none, so it cannot be checked".into(),
                hint: Some("`--unchecked` stores it nevertheless".into()),
                kind: FailureKind::Denied,
            }));
        }
        store_login(pool, &host, &checked, &place, service.as_deref()).await?;
        let user = describe_identity(&checked.identity);
        let verb = if checked.is_proven { "logged in to" } else { "not checked: the login for" };
        writeln!(std::io::stdout(), "{verb} {host} {user}\nstored in {place}")?;
        Ok(())
    }

    /// Checks the login. Asks on a terminal whether a token service outside of the registry's site may get it.
    async fn check(
        &self,
        pool: &Pool,
        host: &Host,
        input: &LoginInput,
    ) -> Result<(CheckedLogin, Option<String>), CliError> {
        let mut allowed = self.token_service.clone();
        let service = match check_login(pool, host, input, allowed.as_deref()).await? {
            LoginCheck::Checked(checked) => return Ok((checked, allowed)),
            LoginCheck::Withheld(service) => service,
        };
        let withheld = || Failure {
            what: SafeText::from(format!("cannot log in to {host}")),
            why: SafeText::from(format!("it names the token service `{service}`, which is not part of it")),
            hint: Some(SafeText::from(format!(
                "if `{service}` may get this login, add `--token-service {service}`"
            ))),
            kind: FailureKind::Denied,
        };
        if allowed.is_some() || self.password_stdin || !std::io::stdin().is_terminal() {
            return Err(CliError::Failed(withheld()));
        }
        if !ask_service(host, &service)? {
            return Err(CliError::Failed(withheld()));
        }
        allowed = Some(service.to_string());
        match check_login(pool, host, input, allowed.as_deref()).await? {
            LoginCheck::Checked(checked) => Ok((checked, allowed)),
            LoginCheck::Withheld(_) => Err(CliError::Failed(withheld())),
        }
    }

    fn input(&self, host: &Host) -> Result<LoginInput, CliError> {
        let is_terminal = std::io::stdin().is_terminal();
        if !is_terminal && !self.password_stdin {
            let text = "without a terminal, `--password-stdin` and `--username` are needed";
            return Err(CliError::Usage(text.into()));
        }
        let user = match &self.username {
            Some(user) => user.clone(),
            None if self.password_stdin => {
                return Err(CliError::Usage("--password-stdin needs --username".into()));
            }
            None => ask_user(host)?,
        };
        if user.contains(':') {
            return Err(CliError::Usage("the name of a user cannot hold a colon".into()));
        }
        let secret = if self.password_stdin { read_password()? } else { ask_password(host, &user)? };
        if secret.is_empty() {
            return Err(CliError::Usage("the password is empty".into()));
        }
        Ok(LoginInput { user, secret: Secret::new(secret) })
    }
}

fn ask_user(host: &Host) -> Result<String, CliError> {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "user at {host} (empty for a token that needs none): ")?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_string())
}

fn ask_service(host: &Host, service: &SafeText) -> Result<bool, CliError> {
    let mut stderr = std::io::stderr().lock();
    write!(
        stderr,
        "{host} names the token service `{service}`, which is not part of it. Let it have the login? [y/N] "
    )?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn ask_password(host: &Host, user: &str) -> Result<String, CliError> {
    let prompt = if user.is_empty() {
        format!("token for {host}: ")
    } else {
        format!("password of {} at {host}: ", SafeText::clean(user))
    };
    Ok(rpassword::prompt_password(prompt)?)
}

/// Reads a password from the standard input. One line break at its end is not part of it.
fn read_password() -> Result<String, CliError> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(CliError::Usage("the password is longer than 64 KiB".into()));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| CliError::Usage("the password is not UTF-8 text".into()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_string())
}
