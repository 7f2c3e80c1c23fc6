//! The requests that carrying out a plan sends, about. The plan has read the manifests already, so few of them read one.

use super::ChangePlan;
use super::copy::{BlobTransfer, CopyPlan};
use crate::model::reference::Host;
use crate::model::request_budget::RequestCount;

/// The requests for a tag that is put: the last look before, the request, and the look afterwards.
const PUT: usize = 3;
/// The requests for a tag or an image that is removed. The same, and the list of tags.
const REMOVAL: usize = 4;
/// The requests for a blob at the destination: the look, the beginning of the upload, and its end.
const UPLOAD: usize = 3;
/// The requests for a manifest that is put by its digest.
const MANIFEST: usize = 2;

impl ChangePlan {
    /// Returns about the requests that carrying out the plan sends to each registry.
    pub(crate) fn requests(&self) -> Vec<(Host, RequestCount)> {
        let one = |host: &Host, requests| vec![(host.clone(), RequestCount::of_others(requests))];
        match self {
            ChangePlan::Retag(plan) => {
                let each = if plan.mode.moves() { PUT + REMOVAL } else { PUT };
                one(&plan.from.host, plan.steps.iter().filter(|step| !step.is_done()).count() * each)
            }
            ChangePlan::Delete(plan) => {
                let tags: usize = plan.images.iter().map(|image| image.named.len().max(1)).sum();
                one(&plan.repository.host, tags * REMOVAL)
            }
            ChangePlan::Undo(plan) => match plan.steps.first() {
                Some(step) => one(&step.repository.host, plan.steps.len() * REMOVAL),
                None => Vec::new(),
            },
            ChangePlan::Copy(plan) => requests_of_copy(plan),
        }
    }
}

fn requests_of_copy(plan: &CopyPlan) -> Vec<(Host, RequestCount)> {
    let count = |is_wanted: fn(&BlobTransfer) -> bool| {
        plan.blobs.iter().filter(|blob| is_wanted(&blob.transfer)).count()
    };
    let moved = count(|transfer| *transfer == BlobTransfer::Move);
    let mounted = count(|transfer| matches!(transfer, BlobTransfer::Mount(_)));
    let tags = plan.images.iter().filter(|image| !image.is_done()).count();
    let puts = moved * UPLOAD + mounted + plan.manifests.len() * MANIFEST + tags * PUT;
    if plan.from.host == plan.to.host {
        return vec![(plan.to.host.clone(), RequestCount::of_others(moved + puts))];
    }
    vec![
        (plan.from.host.clone(), RequestCount::of_others(moved)),
        (plan.to.host.clone(), RequestCount::of_others(puts)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{
        copy_plan, delete_plan, image_to_copy, image_to_delete, planned_blob, retag_plan, retag_step,
        undo_plan,
    };
    use crate::model::change::delete::DeleteMethod;
    use crate::model::change::retag::RetagMode;

    #[test]
    fn requests_are_counted_for_each_registry_by_what_is_still_to_be_done() {
        let counts = |plan: ChangePlan| -> Vec<(String, u64)> {
            plan.requests().into_iter().map(|(host, count)| (host.to_string(), count.all)).collect()
        };
        let at = |host: &str, requests| (host.to_string(), requests);
        let steps = || vec![retag_step("1", "2"), retag_step("1", "3")];
        assert_eq!(counts(ChangePlan::Retag(retag_plan(RetagMode::Add, steps()))), [at("r.test", 6)]);
        assert_eq!(counts(ChangePlan::Retag(retag_plan(RetagMode::Move, steps()))), [at("r.test", 14)]);
        let images = vec![image_to_delete("a", &["1", "2"]), image_to_delete("b", &[])];
        assert_eq!(counts(ChangePlan::Delete(delete_plan(DeleteMethod::Untag, images))), [at("r.test", 12)]);
        assert_eq!(counts(ChangePlan::Undo(undo_plan(Vec::new()))), []);
        let blobs = vec![
            planned_blob("b", 1, BlobTransfer::Move),
            planned_blob("c", 1, BlobTransfer::Move),
            planned_blob("d", 1, BlobTransfer::There),
        ];
        let copy = CopyPlan { blobs, ..copy_plan(vec![image_to_copy("1")]) };
        let from = copy.from.host.to_string();
        assert_eq!(counts(ChangePlan::Copy(copy)), [at(&from, 2), at("b.test", 9)]);
    }
}
