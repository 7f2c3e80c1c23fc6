//! The methods that a plan offers, in words.

use super::{Methods, PlanRow, Rows};
use crate::model::change::delete::DeleteMethod;

impl Rows {
    /// Adds the methods. `images_stay` says whether the images are known to stay with the method of the plan shown.
    pub(super) fn methods(&mut self, methods: &[DeleteMethod], current: DeleteMethod, images_stay: bool) {
        self.rows.push(PlanRow::Methods(Methods {
            methods: methods.to_vec(),
            chosen: self.requested.method.unwrap_or(current),
            images_stay: images_stay && current == DeleteMethod::Untag,
        }));
    }
}

/// Returns the name of a method.
pub(crate) fn method_label(method: DeleteMethod) -> &'static str {
    match method {
        DeleteMethod::Untag => "untag",
        DeleteMethod::Image => "delete image",
        DeleteMethod::Replace => "replace",
    }
}

/// Returns the effect of a method. `images_stay` says whether the images are known to stay if only tags are deleted.
pub(crate) fn describe_method(method: DeleteMethod, images_stay: bool) -> &'static str {
    match method {
        DeleteMethod::Untag if images_stay => "the named tags go, the images stay",
        DeleteMethod::Untag => "only the named tags are deleted",
        DeleteMethod::Image => "the images go, with every tag that they have",
        DeleteMethod::Replace => "each tag is put on a manifest of its own, which is deleted",
    }
}
