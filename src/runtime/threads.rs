//! The threads of the network.

use std::io;

#[cfg(target_os = "linux")]
use rustix::process::{getpriority_process, setpriority_process};
use tokio::runtime::{Builder, Runtime};

/// What is added to the nice value of the network's threads while there are keys to wait for.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// One thread for the network beside the caller's own: bytes that stay on one thread move faster than those that change
/// it. While it copies as fast as it can it still looks for answers between any few pieces.
///
/// Beside the UI, where somebody `has_keys`, the network is what waits where both want a processor.
///
/// # Errors
/// Where no thread can be had.
pub fn start(has_keys: bool) -> io::Result<Runtime> {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(1).event_interval(4).enable_all();
    #[cfg(target_os = "linux")]
    if has_keys && let Ok(here) = getpriority_process(None) {
        // That a thread has a nice value of its own is peculiar to Linux (setpriority(2), BUGS). It begins with that of the
        // thread that started it, so what is set is no sum.
        let nicer = (here + NICER).min(19);
        threads.on_thread_start(move || setpriority_process(None, nicer).unwrap_or_default());
    }
    threads.build()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The nice values of the loop's thread, the network's, and one that may block.
    fn nice_values(has_keys: bool) -> [i32; 3] {
        let own = || getpriority_process(None).expect("a priority");
        let runtime = start(has_keys).expect("threads");
        runtime.block_on(async {
            let network =
                tokio::spawn(async move { (own(), tokio::task::spawn_blocking(own).await.expect("it ran")) });
            let (network, blocking) = network.await.expect("it ran");
            [own(), network, blocking]
        })
    }

    #[test]
    fn the_network_gives_way_to_keys_and_to_nothing_else() {
        let [here, network, blocking] = nice_values(true);
        let nicer = (here + NICER).min(19);
        assert_eq!((network, blocking), (nicer, nicer), "the loop has {here}");
        assert_eq!(nice_values(false), [here; 3]);
    }
}
