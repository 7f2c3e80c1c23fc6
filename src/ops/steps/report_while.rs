//! Reports the progress of a transfer while it runs.

use std::time::Duration;

/// The time between two reports.
const TELLING: Duration = Duration::from_millis(100);

/// Waits for the operation, and calls `report` every 100 ms and once more at the end.
pub(crate) async fn report_while<T>(work: impl Future<Output = T>, report: impl Fn()) -> T {
    let mut work = Box::pin(work);
    let mut tick = tokio::time::interval(TELLING);
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut work => break ended,
            _ = tick.tick() => report(),
        }
    };
    report();
    ended
}
