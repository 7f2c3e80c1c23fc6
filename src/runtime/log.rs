//! The log file. Nothing is logged unless the user asks for it, and no secret is ever logged.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts to write regtui's own events of this level and above to a file. A new file can be read only by this user.
pub(crate) fn start(file: &Path, level: LevelFilter) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let log = Mutex::new(options.open(file)?);
    super::panic::set_log_file(file);
    // Libraries log whole URLs, which may hold secrets.
    let ours = Targets::new().with_target("regtui", level);
    let lines = fmt::layer().with_writer(log).with_ansi(false);
    tracing_subscriber::registry().with(ours).with(lines).try_init().ok();
    Ok(())
}
