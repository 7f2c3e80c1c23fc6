//! Decisions of the user about servers that are not trusted otherwise.

use std::io;

use crate::client::Pool;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::Host;
use crate::model::server_trust::{ServerTrust, TrustRequest};
use crate::model::text::SafeText;

/// Returns the facts about a registry before a decision, or about a server that it leads to.
pub(crate) async fn ask_trust(pool: &Pool, host: &Host) -> Result<ServerTrust, Failure> {
    let what = || format!("cannot show the certificate of {host}");
    pool.ask_trust(host).await.map_err(|error| error.failure(what()))
}

/// Carries out a decision, and returns a sentence about it.
pub(crate) async fn decide(pool: &Pool, request: TrustRequest) -> Result<SafeText, Failure> {
    let pool = pool.clone();
    let decide = move || {
        let (seen, choice) = (&request.seen, request.choice);
        let decided = pool.decide_trust(seen, choice).map_err(|error| unkept(&seen.server, &error));
        decided.map(|()| SafeText::from(seen.describe_result(choice)))
    };
    let lost = |_| Failure::local("cannot keep the decision", "it was interrupted");
    tokio::task::spawn_blocking(decide).await.map_err(lost)?
}

/// Returns the failure of a decision that could not be written.
pub(crate) fn unkept(server: &Host, error: &io::Error) -> Failure {
    Failure {
        what: SafeText::from(format!("cannot keep the decision about {server}")),
        why: SafeText::from(error.to_string()),
        hint: None,
        kind: FailureKind::Local,
    }
}
