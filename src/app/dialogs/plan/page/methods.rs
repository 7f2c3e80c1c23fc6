//! The methods that a plan offers.

use super::{PlanPage, Press, Tone};
use crate::model::change::delete::DeleteMethod;
use crate::model::columns;

/// With fewer rows than this, only the chosen method is shown.
const FEW_ROWS: usize = 8;

impl PlanPage {
    /// Adds the methods, with a sign at the chosen one. If there is little room, adds only the chosen one. `stays` says
    /// whether the images are known to stay with the method of the plan shown.
    pub(crate) fn methods(&mut self, methods: &[DeleteMethod], current: DeleteMethod, stays: bool) {
        let stays = |method| stays && method == DeleteMethod::Untag && current == DeleteMethod::Untag;
        let chosen = self.requested_method.unwrap_or(current);
        if self.rows < FEW_ROWS {
            let text = format!("● {}", method_label(chosen));
            return self.field("method", Tone::Strong, &text);
        }
        let mut label = "method";
        for &method in methods {
            let sign = if method == chosen { "●" } else { "○" };
            let tone = if method == chosen { Tone::Strong } else { Tone::Dim };
            let name = columns::left(method_label(method), 13);
            let room = self.width.saturating_sub(super::LABELS + 2 + 13);
            let pieces = vec![
                (Tone::Dim, columns::left(label, super::LABELS)),
                (tone, format!("{sign} {name}")),
                (Tone::Dim, columns::cut(describe_method(method, stays(method)), room)),
            ];
            self.add_clickable(Press::Method(method), pieces);
            label = "";
        }
    }
}

fn method_label(method: DeleteMethod) -> &'static str {
    match method {
        DeleteMethod::Untag => "untag",
        DeleteMethod::Image => "delete image",
        DeleteMethod::Replace => "replace",
    }
}

fn describe_method(method: DeleteMethod, stays: bool) -> &'static str {
    match method {
        DeleteMethod::Untag if stays => "the named tags go, the images stay",
        DeleteMethod::Untag => "only the named tags are deleted",
        DeleteMethod::Image => "the images go, with every tag that they have",
        DeleteMethod::Replace => "each tag is put on a manifest of its own, which is deleted",
    }
}
