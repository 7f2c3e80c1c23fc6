//! The methods that a plan offers, in words.

use super::{Methods, PlanRow, Rows};
use crate::model::change::delete::DeleteMethod;
use crate::model::server::OwnApiUntag;

impl Rows {
    /// Adds the methods. `images_stay` says whether the images are known to stay with the method of the plan shown.
    /// `own_api` is the API by which single tags may be removed.
    pub(super) fn methods(
        &mut self,
        methods: &[DeleteMethod],
        current: DeleteMethod,
        images_stay: bool,
        own_api: Option<&OwnApiUntag>,
    ) {
        self.rows.push(PlanRow::Methods(Methods {
            methods: methods.to_vec(),
            chosen: self.requested.method.unwrap_or(current),
            images_stay: images_stay && current == DeleteMethod::Untag,
            own_api: own_api.cloned(),
        }));
    }
}

/// Returns the name of a method.
pub(crate) fn method_label(method: DeleteMethod) -> &'static str {
    match method {
        DeleteMethod::Untag => "untag",
        DeleteMethod::Image => "delete image",
        DeleteMethod::Replace => "replace",
        DeleteMethod::OwnApi => "own API",
    }
}

impl Methods {
    /// Returns the effect of a method.
    pub(crate) fn describe(&self, method: DeleteMethod) -> String {
        match (method, &self.own_api) {
            (DeleteMethod::Untag, _) if self.images_stay => "the named tags go, the images stay".into(),
            (DeleteMethod::Untag, _) => "only the named tags are deleted".into(),
            (DeleteMethod::Image, _) => "the images go, with every tag that they have".into(),
            (DeleteMethod::Replace, _) => "each tag is put on a manifest of its own, which is deleted".into(),
            (DeleteMethod::OwnApi, None) => "by the vendor's own API: the named tags go".into(),
            (DeleteMethod::OwnApi, Some(api)) => {
                let what = if api.takes_image { "images with one tag" } else { "the named tags" };
                format!("by {}'s own API: {what} go", api.vendor)
            }
        }
    }
}
