//! `regtui config print`: prints the values that are in effect.

use std::io::{BufWriter, Write};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::cli::assembly::state;
use crate::cli::print::{self, Table};
use crate::cli::{Cli, CliError};
use crate::client::{Pins, TrustDecision};
use crate::config::ConfigText;
use crate::config::effective::{Effective, Setting, Source};
use crate::model::redact;
use crate::model::reference::{Host, KnownRegistries, Typed};
use crate::model::text::SafeText;

/// Print the values that are in effect
#[derive(Debug, Args)]
#[command(
    after_help = "Options override the environment, the environment overrides the file. Secrets are not printed.

Exit codes: 0 success; 2 wrong usage or configuration."
)]
pub(super) struct PrintCommand {
    /// Registry: print the settings that hold for it
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// Print the origin of each value: `default`, a file with the line, an environment variable, a flag, `regtui trust`
    #[arg(long)]
    sources: bool,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

/// A setting, for printing.
#[derive(Debug, Serialize)]
struct SettingRow {
    key: String,
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl PrintCommand {
    /// Prints the settings.
    pub(super) fn run(&self, cli: &Cli) -> Result<(), CliError> {
        let text = ConfigText::read(cli.options.config.as_deref());
        let text = text.map_err(|problem| CliError::Usage(problem.to_string()))?;
        let config = cli.config()?;
        let effective = Effective::new(&config, text.as_ref(), cli.overrides());
        let decisions = Pins::kept_in(state());
        let settings = match &self.host {
            Some(host) => {
                let host = read_host(host)?;
                with_decision(effective.of_registry(&host), &host, &decisions)
            }
            None => effective.all().into_iter().chain(all_decisions(&decisions)).collect(),
        };
        let mut out = BufWriter::new(std::io::stdout().lock());
        let heading: &[&str] = if self.sources { &["KEY", "VALUE", "SOURCE"] } else { &["KEY", "VALUE"] };
        let mut table = Table::new(heading, &[]);
        for setting in settings {
            let row = self.row(setting);
            if self.json {
                print::json(&mut out, &row)?;
            } else {
                let value = match &row.value {
                    Value::Null => "not set".into(),
                    value => value.to_string(),
                };
                let cells = [row.key, value].into_iter().chain(row.source);
                table.row(cells.map(|cell| print::safe_line(&cell)).collect());
            }
        }
        if !self.json {
            table.print(&mut out)?;
        }
        Ok(out.flush()?)
    }

    fn row(&self, setting: Setting) -> SettingRow {
        let Setting { key, value, source } = setting;
        SettingRow { key, value: redacted(value), source: self.sources.then(|| source.to_string()) }
    }
}

/// Adds the decision about a registry to its settings, which it overrides.
fn with_decision(mut settings: Vec<Setting>, host: &Host, decisions: &Pins) -> Vec<Setting> {
    if let Some(fingerprint) = decisions.find_for(host) {
        settings.push(decision("pinned_certificate".into(), fingerprint.to_string().into()));
    }
    if decisions.allows_plain_http(host)
        && let Some(setting) = settings.iter_mut().find(|setting| setting.key == "plain_http")
        && setting.value != Value::Bool(true)
    {
        *setting = decision("plain_http".into(), true.into());
    }
    settings
}

fn all_decisions(decisions: &Pins) -> impl Iterator<Item = Setting> {
    decisions.all().into_iter().map(|(server, decided)| match decided {
        TrustDecision::Pinned(fingerprint) => decision(
            format!("trust.{:?}.pinned_certificate", server.as_str()),
            fingerprint.to_string().into(),
        ),
        TrustDecision::PlainHttp => decision(format!("trust.{:?}.plain_http", server.as_str()), true.into()),
    })
}

fn decision(key: String, value: Value) -> Setting {
    Setting { key, value, source: Source::Decision }
}

/// Reads the name of a registry.
fn read_host(text: &str) -> Result<Host, CliError> {
    let shown = SafeText::clean(&redact::secrets(text));
    let slashed = format!("{}/", text.trim_end_matches('/'));
    let typed = Typed::parse(&slashed, &KnownRegistries::default());
    typed.map(|typed| typed.target.host().clone()).map_err(|bad| CliError::Usage(format!("`{shown}`: {bad}")))
}

/// Removes secrets from the texts of a value.
fn redacted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact::secrets(&text).into_owned()),
        Value::Array(values) => Value::Array(values.into_iter().map(redacted).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| (key, redacted(value))).collect())
        }
        value => value,
    }
}
