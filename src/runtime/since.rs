//! The tag since which images have something, for the screen: its price, its progress and its answer.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::app::msg::Msg;
use crate::app::questions::SinceRequest;
use crate::app::remote::Ticket;
use crate::client::Pool;
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::model::since::{PricedSince, SinceOrder, SinceProgress};
use crate::ops::since::{SinceReading, SinceTags, find_since};
use crate::ops::spending::{Spending, SpendingError};

/// The time between two reports.
const LOOK: Duration = Duration::from_millis(100);

/// Answers a question for the images of a repository and reports the progress. If that takes much more than the user
/// agreed to, only tells how much.
pub(super) async fn find(
    pool: &Pool,
    request: &SinceRequest,
    agreed: Price,
    ticket: Ticket,
    inbox: &UnboundedSender<Msg>,
    reading: &SinceReading,
) -> Result<PricedSince, Failure> {
    let registry = pool.registry_for_reading(&request.repository.host);
    let tags = SinceTags {
        repository: &request.repository,
        pattern: None,
        platform: request.platform.as_ref(),
        order: SinceOrder::Version,
        bisects: request.bisects,
    };
    let mut spending = Spending::new(agreed, |_| false);
    let find = find_since(&*registry, &tags, &request.question, &mut spending, reading);
    let mut find = std::pin::pin!(find);
    let mut last = SinceProgress::default();
    let found = loop {
        tokio::select! {
            biased;
            found = &mut find => break found,
            () = tokio::time::sleep(LOOK) => {
                let progress = reading.progress();
                if progress != last {
                    last = progress;
                    // The loop has ended if the receiver is gone; nothing is shown then.
                    inbox.send(Msg::SinceRead(ticket, progress)).ok();
                }
            }
        }
    };
    match found {
        Ok(report) => Ok(PricedSince::Report(Box::new(report))),
        Err(SpendingError::Refused(price)) => Ok(PricedSince::Price(price)),
        Err(SpendingError::Failed(failure)) => Err(failure),
    }
}
