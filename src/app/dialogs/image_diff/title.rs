//! The names of both sides in the title, as long as there is room for.

use super::{DiffDialog, DiffSubject};
use crate::model::columns;
use crate::model::reference::Reference;

/// The columns between the names.
const BETWEEN: &str = " → ";

/// A side as the title names it.
struct NamedSide<'a> {
    image: &'a Reference,
    /// The number of the layer, if only that is compared.
    layer: Option<u16>,
}

impl DiffDialog {
    fn sides(&self) -> [NamedSide<'_>; 2] {
        match &self.subject {
            DiffSubject::Images(question) => {
                [&question.left, &question.right].map(|image| NamedSide { image, layer: None })
            }
            DiffSubject::Layers(sides) => {
                let [left, right] = &**sides;
                [left, right].map(|side| NamedSide { image: &side.name, layer: Some(side.number) })
            }
        }
    }

    /// Returns the names of both sides in at most this number of columns: `team/app:1 layer 2 → team/app:2 layer 2`. The
    /// registry is left out if both have the same, and then as much of the repository as the room demands.
    pub(crate) fn title(&self, room: usize) -> String {
        let sides = self.sides();
        let [left, right] = sides.each_ref().map(|side| &side.image.repository);
        let is_last_enough = left == right || left.name.components().last() != right.name.components().last();
        let is_kept = |form: &NameForm| match form {
            NameForm::Whole => left.host != right.host,
            NameForm::WithoutRegistry => left.host == right.host,
            NameForm::LastPart => left.host == right.host && is_last_enough,
        };
        let forms =
            [NameForm::Whole, NameForm::WithoutRegistry, NameForm::LastPart].into_iter().filter(is_kept);
        let mut shortest: [(String, String); 2] = Default::default();
        for form in forms {
            let names = sides.each_ref().map(|side| (form.name(side.image), side.layer_text()));
            let text = names.each_ref().map(|(name, layer)| format!("{name}{layer}")).join(BETWEEN);
            if columns::width(&text) <= room {
                return text;
            }
            shortest = names;
        }
        if let [(left, one), (right, other)] = &shortest
            && left == right
            && !one.is_empty()
        {
            let text = format!("{left}{one}{BETWEEN}{}", other.trim_start());
            if columns::width(&text) <= room {
                return text;
            }
        }
        let half = room.saturating_sub(columns::width(BETWEEN)) / 2;
        let cut = |(name, layer): &(String, String)| {
            columns::cut_middle(name, half.saturating_sub(columns::width(layer))) + layer
        };
        shortest.each_ref().map(cut).join(BETWEEN)
    }
}

impl NamedSide<'_> {
    fn layer_text(&self) -> String {
        self.layer.map(|layer| format!(" layer {layer}")).unwrap_or_default()
    }
}

/// A way to write the name of an image.
#[derive(Clone, Copy)]
enum NameForm {
    Whole,
    WithoutRegistry,
    LastPart,
}

impl NameForm {
    fn name(self, image: &Reference) -> String {
        let suffix = image.selector().short_suffix();
        let name = &image.repository.name;
        match self {
            NameForm::Whole => format!("{}{suffix}", image.repository),
            NameForm::WithoutRegistry => format!("{name}{suffix}"),
            NameForm::LastPart => format!("{}{suffix}", name.components().last().unwrap_or_default()),
        }
    }
}
