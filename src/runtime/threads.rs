//! The threads of the network.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// The difference between the nice value of a thread that carries out changes and that of the thread that reads keys.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Starts one thread for the network beside the caller's own. Bytes that stay on one thread move faster than those that
/// change it. The thread checks for answers after every few pieces, even while it copies as fast as it can.
///
/// # Errors
/// Fails if the thread cannot be started.
pub(crate) fn start() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).event_interval(4).enable_all().build()
}

/// Lowers the priority of this thread below that of the keys, which are handled by the program's first thread. The
/// priority stays low, because an ordinary user may not raise it again. Only Linux has a priority for each thread
/// (setpriority(2), BUGS).
pub(crate) fn deprioritize() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpid, getpriority_process, setpriority_process};
        if let Ok(keys) = getpriority_process(Some(getpid())) {
            setpriority_process(None, (keys + NICER).min(19)).ok();
        }
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use rustix::process::{getpid, getpriority_process};

    use super::*;

    #[test]
    fn the_thread_that_carries_changes_out_gives_way_to_the_keys_and_no_other_does() {
        let own = || getpriority_process(None).expect("a priority");
        let keys = getpriority_process(Some(getpid())).expect("a priority");
        let runtime = start().expect("threads");
        let network = || runtime.block_on(runtime.spawn(async move { own() })).expect("it ran");
        let here = own();
        assert_eq!(network(), here);
        for _ in 0..2 {
            runtime.block_on(runtime.spawn(async { deprioritize() })).expect("it ran");
            assert_eq!(network(), (keys + NICER).min(19), "however often it is told");
        }
        assert_eq!(own(), here);
    }
}
