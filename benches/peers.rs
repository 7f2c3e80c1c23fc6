//! The programs that regtui is measured beside, and the kernel's figures of a process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The binary that is measured: built by the same `cargo bench`.
pub const REGTUI: &str = env!("CARGO_BIN_EXE_regtui");

/// Returns the path of a peer, or prints a line that it was left out.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        println!("  {name} is not in PATH: left out");
    }
    found
}

/// A command that reads no configuration and no credentials of the user, and writes its cache and state to `home`.
pub fn quiet(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("HOME", home)
        .env("DOCKER_CONFIG", home)
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("REGISTRY_AUTH_FILE");
    for (name, folder) in
        [("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")]
    {
        command.env(name, home.join(folder));
    }
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end, discards its output, and returns its time.
pub fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status();
    let took = start.elapsed();
    match status {
        Ok(status) if status.success() => took,
        other => panic!("{command:?} failed: {other:?}"),
    }
}

/// Runs a command to its end, and returns its output. Panics if it fails.
pub fn output(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().expect("it starts");
    assert!(output.status.success(), "{command:?} failed: {}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs two commands in turn, `runs` times each after one run that does not count.
pub fn in_turn(
    runs: usize,
    mut ours: impl FnMut() -> Command,
    mut theirs: impl FnMut() -> Command,
) -> [Figures; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for run in 0..=runs {
        let pair = [time(&mut ours()), time(&mut theirs())];
        if run > 0 {
            times.iter_mut().zip(pair).for_each(|(times, took)| times.push(took));
        }
    }
    times.map(Figures::of)
}

/// A series of durations, sorted.
pub struct Figures(Vec<Duration>);

impl Figures {
    /// Takes the durations in any order.
    pub fn of(mut times: Vec<Duration>) -> Figures {
        times.sort();
        Figures(times)
    }

    /// The value below which `share` of them lie: 0.5 for the median.
    pub fn at(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0[(share * last as f64).round() as usize]
    }

    /// The median.
    pub fn median(&self) -> Duration {
        self.at(0.5)
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |share| self.at(share).as_secs_f64() * 1e3;
        write!(
            f,
            "min {:.1}  median {:.1}  p99 {:.1}  max {:.1} ms  ({} runs)",
            ms(0.0),
            ms(0.5),
            ms(0.99),
            ms(1.0),
            self.0.len()
        )
    }
}

/// Processor time of a process so far, in clock ticks: user and system.
pub fn ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit_once(')').map_or(vec![], |(_, rest)| rest.split_whitespace().collect());
    fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// The time that the first thread of a process has worked: in regtui that which takes keys and draws. It does not grow
/// while the thread waits for a processor.
pub fn worked(process: u32) -> Duration {
    let path = format!("/proc/{process}/task/{process}/schedstat");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Resident memory of a process now, in MiB.
pub fn resident(process: u32) -> f64 {
    field(process, "VmRSS:")
}

/// The peak of the memory of a process so far, in MiB.
pub fn peak(process: u32) -> f64 {
    field(process, "VmHWM:")
}

/// The time and memory that a command took.
pub struct Usage {
    /// Time of the clock.
    pub took: Duration,
    /// Time of processors, in steps of 10 ms.
    pub processor: Duration,
    /// The peak of its memory, in MiB.
    pub memory: f64,
}

/// Runs a command to its end, discards its output, and returns its time and memory. Panics if it fails.
pub fn usage(command: &mut Command) -> Usage {
    let (usage, status) = usage_of_any(command);
    assert!(status.success(), "{command:?} failed: {status}");
    usage
}

/// The same of a command that may fail, and its exit status.
pub fn usage_of_any(command: &mut Command) -> (Usage, std::process::ExitStatus) {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut memory: f64 = 0.0;
    let process = rustix::process::Pid::from_child(&child);
    let ended = rustix::process::WaitIdOptions::EXITED
        | rustix::process::WaitIdOptions::NOHANG
        | rustix::process::WaitIdOptions::NOWAIT;
    // It is left to be waited for until the kernel has told its figures.
    while !matches!(rustix::process::waitid(rustix::process::WaitId::Pid(process), ended), Ok(Some(_))) {
        memory = memory.max(field(child.id(), "VmHWM:"));
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = start.elapsed();
    let processor = Duration::from_millis(10 * ticks(child.id()));
    let status = child.wait().expect("it ended");
    (Usage { took, processor, memory }, status)
}

fn field(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// Processors that may be used.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How busy the machine was in the last minute: the noise in all that follows.
pub fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_string()
}

/// Requests a second of `wrk -c8` for three seconds, over these paths of the API in turn. Fails if one is refused.
pub fn wrk(host: &str, home: &Path, method: &str, paths: &[String]) -> Option<f64> {
    wrk_with(8, host, home, method, paths)
}

/// The same with another number of connections.
pub fn wrk_with(connections: usize, host: &str, home: &Path, method: &str, paths: &[String]) -> Option<f64> {
    let wrk = find("wrk")?;
    let script = home.join("paths.lua");
    let lua = format!(
        "local paths = {{'{}'}}\nlocal n = 0\nrequest = function()\n  n = n % #paths + 1\n  \
         return wrk.format('{method}', '/v2/' .. paths[n], {{['Accept'] = '{}'}})\nend\n",
        paths.join("', '"),
        regtui::model::media_type::ACCEPT_MANIFESTS
    );
    std::fs::write(&script, lua).expect("the script is written");
    let output = Command::new(wrk)
        .args([&format!("-c{connections}"), "-t1", "-d3", "-s"])
        .arg(&script)
        .arg(format!("http://{host}"))
        .output();
    let text = String::from_utf8_lossy(&output.expect("wrk runs").stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok())
}
