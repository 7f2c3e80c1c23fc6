//! How far bytes are, told while they move.

use std::time::Duration;

/// How often it is told.
const TELLING: Duration = Duration::from_millis(100);

/// Waits for the work, and tells every now and then and at the end.
pub async fn while_telling<T>(work: impl Future<Output = T>, tell: impl Fn()) -> T {
    let mut work = Box::pin(work);
    let mut tick = tokio::time::interval(TELLING);
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut work => break ended,
            _ = tick.tick() => tell(),
        }
    };
    tell();
    ended
}
