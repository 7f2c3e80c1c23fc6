//! Changes: planned by asking only, and carried out exactly as planned.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::copy;
use super::journal::Journal;
use crate::client::Pool;
use crate::model::failure::{Failure, FailureKind};
use crate::model::work::progress::{Progress, Report};
use crate::model::work::rules::Rules;
use crate::model::work::{Wish, Work};

/// What every change needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// The registries.
    pub pool: Pool,
    /// What the configuration forbids.
    pub rules: Rules,
    /// Where what is replaced is kept.
    pub journal: Journal,
}

/// How a running change is watched and stopped.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Where it tells how far it is.
    pub progress: watch::Sender<Progress>,
    /// Cancelled, it ends as soon as nothing is half done.
    pub stop: CancellationToken,
}

/// Finds out what the wish would do. Changes nothing.
pub async fn plan(workshop: &Workshop, wish: &Wish) -> Result<Work, Failure> {
    match wish {
        Wish::Copy(wish) => copy::plan(workshop, wish).await.map(Work::Copy),
        _ => Err(not_built()),
    }
}

/// Carries a plan out. Never fails as a whole: every item has an outcome.
pub async fn run(workshop: &Workshop, work: &Work, watch: &Watch) -> Report {
    match work {
        Work::Copy(plan) => copy::run(workshop, plan, watch).await,
        _ => Report { remarks: vec![not_built().why], ..Report::default() },
    }
}

/// What is said until each kind of work is there; replaced arm by arm.
fn not_built() -> Failure {
    Failure {
        what: "cannot change anything".into(),
        why: "this build only browses".into(),
        hint: None,
        kind: FailureKind::Unsupported,
    }
}
