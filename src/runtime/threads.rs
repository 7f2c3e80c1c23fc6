//! The threads of the network.

use std::io;

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
    if has_keys {
        threads.on_thread_start(give_way);
    }
    threads.build()
}

/// Lowers the priority of this thread. That a thread has one of its own is peculiar to Linux (setpriority(2), BUGS).
fn give_way() {
    #[cfg(target_os = "linux")]
    rustix::process::nice(NICER).ok();
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    /// The nice values of the loop's thread, the network's, and one that may block.
    fn nice_values(has_keys: bool) -> [i32; 3] {
        let own = || getpriority_process(None).expect("a priority");
        let runtime = start(has_keys).expect("threads");
        runtime.block_on(async {
            let network = tokio::spawn(async move { own() }).await;
            let blocking = tokio::task::spawn_blocking(own).await;
            [own(), network.expect("it ran"), blocking.expect("it ran")]
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
