//! Deletes tags and images. Nothing goes that the plan did not show: docs/REGISTRIES.md §7, docs/RELIABILITY.md §1.G.
//!
//! | subject | file |
//! |---|---|
//! | the indexes and the manifests that they list | `graph` |
//! | everything that would go, stay or break | `plan`, `freed_bytes` |
//! | the methods that the server allows | `method` |
//! | the checks right before a delete | `recheck`, and `steps::tag` for single tags |
//! | carrying out the plan | `untag`, `image`, `replace` |

mod freed_bytes;
mod image;
pub(super) mod method;
mod plan;
mod prepare;
mod recheck;
mod replace;
mod unconfirmed;
mod untag;

pub(crate) use plan::plan;

use super::context::{ChangeContext, JobControl};
use super::steps::tag::UntagApi;
use super::steps::tracker::Tracker;
use crate::model::change::delete::{DeleteMethod, DeletePlan};
use crate::model::change::progress::{ProgressItem, Report};
use crate::model::reference::Selector;

/// Carries out a plan, unless a rule or the server does not allow it.
pub(crate) async fn run(context: &ChangeContext, plan: &DeletePlan, control: &JobControl) -> Report {
    let rule = context.rules.may_change(&plan.repository).err();
    let closed = rule.as_ref().or(plan.common.refused.as_ref()).or(plan.common.blocked.as_ref());
    if let Some(refusal) = closed {
        let tags = plan.tags_that_go().map(|tag| ProgressItem::new(tag, [Selector::Tag(tag.clone())]));
        let digests = plan.images.iter().filter(|image| image.named.is_empty());
        let digests = digests.map(|image| ProgressItem::new(&image.digest, [Selector::Digest(image.digest)]));
        return Tracker::new(control, tags.chain(digests))
            .into_refused_report(&refusal.failure(plan.title()));
    }
    let mut report = match plan.method {
        DeleteMethod::Untag => untag::run(context, plan, control, UntagApi::Registry).await,
        DeleteMethod::OwnApi => untag::run(context, plan, control, UntagApi::Vendor).await,
        DeleteMethod::Image => image::run(context, plan, control).await,
        DeleteMethod::Replace => replace::run(context, plan, control).await,
    };
    report.items.extend(plan.common.unresolved.iter().map(ProgressItem::from));
    report
}
