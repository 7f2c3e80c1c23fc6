//! Long waits for a registry, reported on stderr by commands that have no line of progress.

use std::collections::BTreeSet;
use std::time::Duration;

use super::print;
use crate::client::Pool;
use crate::model::request_line::AwaitedRequest;

/// The time between two looks at the requests.
const LOOK: Duration = Duration::from_secs(1);

/// The wait after which a request is reported. It is reported again after each further wait of this length.
const REPORTED: Duration = Duration::from_secs(10);

/// Waits for the end of `reading`. Meanwhile reports each request that has been awaited for long.
pub(crate) async fn report_while<T>(pool: &Pool, reading: impl Future<Output = T>) -> T {
    let mut reading = std::pin::pin!(reading);
    let mut reported = BTreeSet::new();
    loop {
        tokio::select! {
            biased;
            done = &mut reading => return done,
            () = tokio::time::sleep(LOOK) => {}
        }
        for request in unreported(&pool.awaited_requests(), &mut reported) {
            print::print_problem(request.describe());
        }
    }
}

/// Returns the requests to report now, the longest wait for each server and time, and notes them as reported.
fn unreported<'a>(
    awaited: &'a [AwaitedRequest],
    reported: &mut BTreeSet<(String, u64)>,
) -> Vec<&'a AwaitedRequest> {
    let rounds = |request: &AwaitedRequest| request.waited.as_secs() / REPORTED.as_secs();
    let is_new = |request: &&AwaitedRequest| {
        rounds(request) > 0 && reported.insert((request.server().to_string(), rounds(request)))
    };
    awaited.iter().filter(is_new).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::reference::Host;
    use crate::model::text::SafeText;

    fn waiting(url: &str, seconds: u64) -> AwaitedRequest {
        AwaitedRequest {
            registry: Host::parse("r.test").expect("a host"),
            at: Timestamp::UNIX_EPOCH,
            method: "GET",
            url: SafeText::from(url.to_string()),
            waited: Duration::from_secs(seconds),
            attempt: 1,
            tries: 3,
        }
    }

    #[test]
    fn a_long_wait_is_reported_once_in_ten_seconds_for_each_server() {
        let mut reported = BTreeSet::new();
        let mut count = |waits: &[(&str, u64)]| {
            let awaited: Vec<_> = waits.iter().map(|(url, seconds)| waiting(url, *seconds)).collect();
            unreported(&awaited, &mut reported).len()
        };
        assert_eq!(count(&[("https://r.test/a", 9)]), 0);
        assert_eq!(count(&[("https://r.test/a", 10), ("https://r.test/b", 10)]), 1);
        assert_eq!(count(&[("https://r.test/a", 11), ("https://auth.test", 10)]), 1);
        assert_eq!(count(&[("https://r.test/a", 20)]), 1);
        assert_eq!(count(&[]), 0);
    }
}
