//! The command line: targets, flags, subcommands.

mod arguments;
mod assembly;
mod base;
mod belongs;
mod cat;
mod change;
mod command;
mod completions;
mod config;
mod copy;
mod delete;
mod diff;
mod dockerfile;
mod error;
mod extract;
mod file_record;
mod files;
mod history;
mod image_files;
mod inspect;
mod journal;
mod keys;
mod login;
mod logout;
mod ls;
mod man;
mod packages;
mod platform;
mod print;
mod repeated_options;
mod resume;
mod scan;
mod search;
mod side_options;
mod since;
mod tag;
mod trust;
mod undo;
mod verify;
mod waits;
mod waste;

use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use crate::app;
use crate::client::Pool;
use crate::config::Config;
use crate::config::effective::{Override, Source};
use crate::config::system::SystemRegistries;
use crate::demo;
use crate::model::change::rules::Rules;
use crate::model::reference::Host;
use crate::runtime::{self, Exit, Inbox, threads};
use crate::store::{self, state::StateStore};
use crate::ui::theme;
use arguments::ArgumentReader;
use assembly::{context, pool, state, system_problems, unused_cache, unused_state};
use change::interrupts::Interrupts;
use command::Command;
use error::CliError;
use side_options::Everywhere;

/// Browse and manage container image registries
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
#[command(override_usage = "regtui [OPTIONS] [TARGET]...\n       regtui <COMMAND>")]
#[command(
    after_help = "A TARGET is a registry (localhost:5000, docker.io), a repository (ghcr.io/org/app) or an image (nginx:1.27).

Exit codes: 0 success; 1 something failed, was missing or was skipped, or a check failed; 2 wrong usage or configuration; 130 interrupted."
)]
pub(crate) struct Cli {
    /// Registries, repositories or images to open side by side
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Open a registry in memory, filled with sample images
    #[arg(long)]
    demo: bool,
    /// Begin with the registries, orders and cursors of the last session
    #[arg(long, conflicts_with_all = ["targets", "demo"])]
    last: bool,
    /// Set the colours: terminal, light, dark or plain
    #[arg(long, env = "REGTUI_THEME", value_name = "NAME")]
    theme: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    #[command(flatten)]
    options: GlobalOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct GlobalOptions {
    /// Use HTTP instead of HTTPS; loopback does so by itself, and `http://` in front of a name selects it for that registry
    #[arg(long, global = true)]
    plain_http: bool,
    /// Do not check certificates
    #[arg(long, global = true)]
    insecure: bool,
    /// Trust more certificate authorities from a PEM file
    #[arg(long, global = true, value_name = "FILE", env = "REGTUI_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Wait this long for a silent server before another try, which waits twice as long; lists wait ten times as long [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", env = "REGTUI_TIMEOUT", value_parser = clap::value_parser!(u32).range(1..=3600))]
    timeout: Option<u32>,
    /// Refuse every change
    #[arg(long, global = true, env = "REGTUI_READ_ONLY", value_parser = clap::builder::FalseyValueParser::new(), num_args = 0, action = clap::ArgAction::SetTrue)]
    read_only: bool,
    /// Use another configuration file [default: ~/.config/regtui/config.toml]
    #[arg(long, global = true, value_name = "FILE", env = "REGTUI_CONFIG")]
    config: Option<PathBuf>,
    /// Keep nothing on disk
    #[arg(long, global = true)]
    no_cache: bool,
    /// Log requests and faults to a file
    #[arg(long, global = true, value_name = "FILE", env = "REGTUI_LOG_FILE")]
    log_file: Option<PathBuf>,
    /// Set the level of the log: error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", env = "REGTUI_LOG_LEVEL")]
    log_level: Option<String>,
    /// Set when to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) | Err(CliError::PipeClosed) => ExitCode::SUCCESS,
        Err(CliError::Panicked | CliError::Reported) => ExitCode::FAILURE,
        Err(CliError::Different) => ExitCode::from(3),
        Err(CliError::Interrupted) => ExitCode::from(130),
        Err(CliError::Usage(text)) => {
            print::print_problem(text);
            ExitCode::from(2)
        }
        Err(CliError::Failed(failure)) => {
            print::print_problem(failure);
            ExitCode::FAILURE
        }
        Err(CliError::Internal(report)) => {
            print::print_problem(format_args!("{report:#}"));
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    fn run(self) -> Result<(), CliError> {
        runtime::install_panic_hook().map_err(CliError::Internal)?;
        if self.command.is_some() && (self.demo || self.last || !self.targets.is_empty()) {
            let text = "a subcommand prints and opens nothing: name its target after it, `regtui ls TARGET`";
            return Err(CliError::Usage(text.into()));
        }
        if let Some(Command::Config(command)) = &self.command {
            return command.run(&self);
        }
        let config = if self.command.as_ref().is_none_or(Command::uses_config) {
            self.config()?
        } else {
            Config { cache: false, ..Config::default() }
        };
        self.start_log(&config)?;
        let runtime = threads::start()?;
        let colour = self.options.colour(std::io::stdout().is_terminal());
        // A panic is caught only to set the exit code; its report has been written by then.
        let work = || runtime.block_on(self.run_command(config, colour));
        let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(CliError::Panicked));
        // A name that is being resolved or a clipboard that hangs must not keep the process alive.
        runtime.shutdown_background();
        outcome
    }

    async fn run_command(self, config: Config, colour: bool) -> Result<(), CliError> {
        if self.command.is_some() {
            // A command that needs the journal reports its problems itself.
            unused_cache(&config).iter().for_each(print::print_problem);
            system_problems(&config).iter().for_each(print::print_problem);
        }
        match self.command {
            None => open(self, config).await,
            Some(command) if command.is_reading() => {
                let pool = pool(&config, state(), None);
                read_until_interrupted(&pool, waits::report_while(&pool, command.read(&pool, colour))).await
            }
            Some(Command::Scan(scan)) => {
                let pool = pool(&config, state(), None);
                let scan = scan.run(&pool, config.find_scanner());
                read_until_interrupted(&pool, waits::report_while(&pool, scan)).await
            }
            Some(Command::Tag(tag)) => tag.run(&context(&self.options, &config, None)).await,
            Some(Command::Copy(copy)) => {
                copy.run(&context(&self.options, &config, None), self.options.everywhere()).await
            }
            Some(Command::Delete(delete)) => delete.run(&context(&self.options, &config, None)).await,
            Some(Command::Undo(undo)) => undo.run(&context(&self.options, &config, None)).await,
            Some(Command::Resume(resume)) => {
                resume.run(&context(&self.options, &config, None), self.options.everywhere()).await
            }
            Some(Command::Keys(list)) => list.run(&config.keys.keys()),
            Some(Command::Completions(completions)) => completions.run(),
            Some(Command::Man(man)) => man.run(),
            Some(Command::Journal(list)) => list.run(&context(&self.options, &config, None).journal).await,
            Some(_) => Ok(()),
        }
    }

    fn config(&self) -> Result<Config, CliError> {
        let config = self.unchecked_config()?;
        config.check_files().map_err(|problem| CliError::Usage(problem.to_string()))?;
        Ok(config)
    }

    /// Returns the configuration with the flags. The files that it names may not exist.
    fn unchecked_config(&self) -> Result<Config, CliError> {
        let options = &self.options;
        let mut config = Config::load(options.config.as_deref())
            .map_err(|problem| CliError::Usage(problem.to_string()))?;
        if let Some(theme) = &self.theme {
            if !theme::NAMES.contains(&theme.as_str()) {
                return Err(CliError::Usage(format!(
                    "--theme {theme}: the themes are {}",
                    theme::NAMES.join(", ")
                )));
            }
            config.theme.clone_from(theme);
        }
        let variable = |name: &str| std::env::var_os(name);
        config.system_registries &= !SystemRegistries::is_off(variable);
        if config.system_registries {
            config.system = SystemRegistries::read(variable);
        }
        config.mouse &= !self.no_mouse;
        config.cache &= !options.no_cache;
        config.read_only |= options.read_only;
        config.set_transport_for_all(options.plain_http, options.insecure);
        config.ca_file = options.ca_file.clone().or(config.ca_file);
        config.timeout = options.timeout.unwrap_or(config.timeout);
        config.log_file = options.log_file.clone().or(config.log_file);
        config.log_level = options.log_level.clone().unwrap_or(config.log_level);
        Ok(config)
    }

    /// Returns the settings that flags and environment variables replace.
    fn overrides(&self) -> Vec<Override> {
        let options = &self.options;
        let table = [
            ("theme", "--theme", "REGTUI_THEME", self.theme.is_some()),
            ("mouse", "--no-mouse", "", self.no_mouse),
            ("cache", "--no-cache", "", options.no_cache),
            ("read_only", "--read-only", "REGTUI_READ_ONLY", options.read_only),
            ("plain_http", "--plain-http", "", options.plain_http),
            ("insecure", "--insecure", "", options.insecure),
            ("ca_file", "--ca-file", "REGTUI_CA_FILE", options.ca_file.is_some()),
            ("timeout", "--timeout", "REGTUI_TIMEOUT", options.timeout.is_some()),
            ("log_file", "--log-file", "REGTUI_LOG_FILE", options.log_file.is_some()),
            ("log_level", "--log-level", "REGTUI_LOG_LEVEL", options.log_level.is_some()),
        ];
        let given = table.into_iter().filter(|(_, _, _, is_given)| *is_given);
        given
            .map(|(key, flag, variable, _)| {
                let is_flag = variable.is_empty() || is_in_arguments(flag);
                let source = if is_flag { Source::Flag(flag) } else { Source::Variable(variable) };
                Override { key, source }
            })
            .collect()
    }

    fn start_log(&self, config: &Config) -> Result<(), CliError> {
        let Some(file) = &config.log_file else { return Ok(()) };
        let level: LevelFilter = config.log_level.parse().map_err(|_| {
            CliError::Usage(format!("log level `{}`: error, warn, info, debug or trace", config.log_level))
        })?;
        runtime::log::start(file, level)
            .map_err(|why| CliError::Usage(format!("cannot write the log file `{}`: {why}", file.display())))
    }
}

impl GlobalOptions {
    /// Returns the rules for changes of this run.
    fn rules(&self, config: &Config) -> Rules {
        let mut rules = config.rules();
        if self.read_only {
            let is_flag = is_in_arguments("--read-only");
            rules.read_only = Some(if is_flag { "`--read-only`" } else { "`REGTUI_READ_ONLY`" });
        }
        rules
    }

    /// Returns the flags that apply to every registry.
    fn everywhere(&self) -> Everywhere {
        Everywhere { plain_http: self.plain_http, insecure: self.insecure }
    }

    /// Returns whether to use colours. Without a choice by the user they are used on a terminal, unless `NO_COLOR` is
    /// set.
    fn colour(&self, is_terminal: bool) -> bool {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && !refused,
        }
    }
}

/// Returns whether a flag is among the arguments of this run, and not only in the environment.
fn is_in_arguments(flag: &str) -> bool {
    std::env::args_os().any(|argument| {
        let argument = argument.to_string_lossy();
        argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

/// Opens the terminal UI.
async fn open(cli: Cli, config: Config) -> Result<(), CliError> {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() || is_dumb {
        let text =
            "the terminal UI needs a terminal; `regtui ls TARGET` and `regtui inspect IMAGE` print instead";
        return Err(CliError::Usage(text.into()));
    }
    let inbox = Inbox::default();
    let context = context(&cli.options, &config, Some(&inbox));
    let names = ArgumentReader::of(&context.pool);
    let mut targets = Vec::new();
    for text in &cli.targets {
        targets.push(names.target(text)?);
    }
    let demo = if cli.demo { Some(demo::Demo::sample().await?) } else { None };
    if let Some(demo) = &demo {
        let address = demo.address().to_string();
        targets.insert(0, names.target(&address)?);
    }
    unused_cache(&config)
        .into_iter()
        .chain(unused_state(context.journal.state()))
        .chain(system_problems(&config))
        .for_each(|failure| inbox.show_failure(failure));
    // The demo leaves no names behind, and shows none of other runs.
    let memory = if demo.is_some() { StateStore::new(None) } else { context.journal.state().clone() };
    let restores = targets.is_empty() && (cli.last || config.restore);
    let settings = app::settings::AppSettings {
        rules: context.rules.clone(),
        known: context.pool.known_registries().clone(),
        theme: config.theme.clone(),
        themes: theme::NAMES.iter().map(ToString::to_string).collect(),
        remembered: store::remembered::read(&memory),
        bookmarks: store::bookmarks::read(&memory),
        session: if restores { store::session::read(&memory) } else { None },
        restores,
        recent_registries: store::recent_registries::read(&memory),
        configured: config.registries.keys().cloned().collect(),
        pull_with: config.pull_with.clone(),
        keys: config.keys.keys(),
        tree: config.tree,
        widths: config.widths,
        scanner: config.find_scanner().into(),
        columns: config.columns,
    };
    let colour = cli.options.colour(true);
    let options = runtime::RuntimeOptions { settings, targets, mouse: config.mouse, colour, memory };
    let journal = context.journal.clone();
    let end = runtime::run(options, context, inbox).await;
    if let Some(demo) = &demo
        && let Ok(host) = Host::parse(&demo.address().to_string())
    {
        // The changes cannot be undone once the registry is gone.
        journal.forget(&host).await;
    }
    match end {
        Ok(Exit::Quit) => Ok(()),
        Ok(Exit::Signal) => Err(CliError::Interrupted),
        Err(report) => Err(CliError::Internal(report)),
    }
}

/// Returns the result of reading. After SIGINT, SIGTERM or SIGHUP the work is dropped, which removes what it left half
/// done.
async fn until_interrupted<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    Interrupts::listen()?.run_until_interrupt(work).await?
}

/// The same. What was read whole is kept for the next time, unless another signal comes.
async fn read_until_interrupted(
    pool: &Pool,
    work: impl Future<Output = Result<(), CliError>>,
) -> Result<(), CliError> {
    let mut interrupts = Interrupts::listen()?;
    let read = interrupts.run_until_interrupt(work).await;
    if read.is_err() {
        interrupts.run_until_interrupt(pool.flush()).await.ok();
    }
    read?
}
