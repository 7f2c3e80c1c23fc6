//! `regtui trust`: pins the certificate of a server, or allows plain HTTP for a registry.

use std::io::{IsTerminal, Write};

use clap::Args;
use jiff::Timestamp;

use super::CliError;
use super::arguments::ArgumentReader;
use crate::client::Pool;
use crate::model::certificate::Fingerprint;
use crate::model::columns;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::Host;
use crate::model::server_trust::{Greeting, ServerTrust, TrustChoice};
use crate::model::text::SafeText;
use crate::ops::trust::unkept;

/// Pin the certificate of a server that is not trusted otherwise, or allow plain HTTP for a registry
#[derive(Debug, Args)]
#[command(
    after_help = "The server must present the pinned certificate from then on: it is accepted whatever is wrong with it, and every other certificate is refused. The pin counts for this host and port alone, in all commands and in the UI. Compare the fingerprint with that of the operator: `openssl x509 -noout -fingerprint -sha256 -in FILE` prints it.

Exit codes: 0 success; 1 nothing was pinned; 2 wrong usage; 130 interrupted."
)]
pub(crate) struct TrustCommand {
    /// Registry or token service: registry.example:5000
    #[arg(value_name = "HOST", required_unless_present = "list")]
    host: Option<String>,
    /// Pin the certificate without a question if it has this SHA-256 fingerprint
    #[arg(long, value_name = "SHA256", conflicts_with_all = ["http", "list", "forget"])]
    fingerprint: Option<String>,
    /// Allow plain HTTP for this registry, in the place of a pin: logins are then sent unencrypted
    #[arg(long, conflicts_with_all = ["list", "forget"])]
    http: bool,
    /// List the servers with a pinned certificate, and the registries with plain HTTP
    #[arg(long, conflicts_with_all = ["host", "forget"])]
    list: bool,
    /// Forget the pin, or that plain HTTP is allowed
    #[arg(long)]
    forget: bool,
}

impl TrustCommand {
    /// Shows the certificate, asks, and pins it.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let Some(host) = &self.host else { return list(pool) };
        let host = ArgumentReader::of(pool).registry(host)?;
        if self.forget {
            let had_one =
                pool.forget_trust(&host).map_err(|error| CliError::Failed(unkept(&host, &error)))?;
            let text = if had_one { "forgot the decision about" } else { "there is no decision about" };
            writeln!(std::io::stdout(), "{text} {host}")?;
            return Ok(());
        }
        if self.http {
            return allow_plain_http(pool, &host);
        }
        let wanted = self.fingerprint.as_deref().map(|text| {
            Fingerprint::parse(text).ok_or_else(|| {
                CliError::Usage("--fingerprint: a SHA-256 fingerprint has 64 hexadecimal digits".into())
            })
        });
        self.pin(pool, &host, wanted.transpose()?).await
    }

    async fn pin(&self, pool: &Pool, host: &Host, wanted: Option<Fingerprint>) -> Result<(), CliError> {
        let what = format!("cannot show the certificate of {host}");
        let trust = pool.ask_own_trust(host).await.map_err(|error| error.failure(what.clone()))?;
        print_facts(host, &trust)?;
        let Greeting::Certificate(offer) = &trust.greeting else {
            return Err(CliError::Failed(Failure {
                what: what.into(),
                why: "it answers without TLS".into(),
                hint: Some(SafeText::from(format!(
                    "`regtui trust --http {host}` allows plain HTTP for good"
                ))),
                kind: FailureKind::Untrusted,
            }));
        };
        let presented = &offer.certificate.fingerprint;
        if offer.is_pinned() && wanted.as_ref().is_none_or(|wanted| wanted == presented) {
            writeln!(std::io::stdout(), "this certificate is already pinned for {host}")?;
            return Ok(());
        }
        match wanted {
            Some(wanted) if wanted != *presented => {
                return Err(CliError::Failed(Failure {
                    what: SafeText::from(format!("the certificate of {host} is not pinned")),
                    why: SafeText::from(format!("it does not have the fingerprint {wanted}")),
                    hint: Some("another server may stand between this machine and the registry".into()),
                    kind: FailureKind::Untrusted,
                }));
            }
            Some(_) => {}
            None => {
                let answer = if offer.is_changed() { host.as_str() } else { "yes" };
                confirm("pin this certificate, in all runs?", answer, "`--fingerprint SHA256` pins it")?;
            }
        }
        pool.decide_trust(&trust, TrustChoice::Always)
            .map_err(|error| CliError::Failed(unkept(host, &error)))?;
        writeln!(std::io::stdout(), "pinned the certificate of {host}")?;
        Ok(())
    }
}

fn print_facts(host: &Host, trust: &ServerTrust) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "certificate of {host}")?;
    for fact in trust.facts(Timestamp::now()) {
        writeln!(out, "  {:<8} {}", fact.label, fact.text)?;
    }
    Ok(())
}

fn allow_plain_http(pool: &Pool, host: &Host) -> Result<(), CliError> {
    let mut out = std::io::stdout();
    if !host.is_loopback() {
        writeln!(
            out,
            "without TLS, others can read and change the logins and the content that {host} sends and gets"
        )?;
    }
    let answer = if pool.has_pin(host) {
        writeln!(out, "a certificate is pinned for {host}: the pin will be forgotten")?;
        host.as_str()
    } else {
        "yes"
    };
    confirm(
        "reach it over plain HTTP, in all runs?",
        answer,
        "`plain_http = true` in the configuration allows it",
    )?;
    pool.allow_plain_http(host).map_err(|error| CliError::Failed(unkept(host, &error)))?;
    writeln!(out, "{host} is reached over plain HTTP from now on")?;
    Ok(())
}

fn list(pool: &Pool) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let servers = pool.trusted_servers();
    let widest = servers.iter().map(|(server, _)| columns::width(server)).max().unwrap_or(0);
    for (server, fingerprint) in servers {
        let decision = fingerprint.map_or("plain HTTP".into(), |fingerprint| fingerprint.to_string());
        writeln!(out, "{}  {decision}", columns::left(&server, widest))?;
    }
    Ok(())
}

/// Asks a question that only this answer confirms.
fn confirm(question: &str, answer: &str, otherwise: &str) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(format!("without a terminal nothing is asked: {otherwise}")));
    }
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question} type `{answer}`: ")?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.trim() == answer {
        return Ok(());
    }
    writeln!(stderr, "nothing was changed")?;
    Err(CliError::Reported)
}
