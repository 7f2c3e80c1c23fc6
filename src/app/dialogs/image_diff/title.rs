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
    /// registry is left out if both have the same. If there is no room, all but the last part of the repository is left out,
    /// unless the sides would have the same name then.
    pub(crate) fn title(&self, room: usize) -> String {
        let sides = self.sides();
        let [left, right] = sides.each_ref().map(|side| &side.image.repository);
        let last = sides.each_ref().map(|side| NameForm::LastPart.name(side.image));
        let is_last_enough = left == right || last[0] != last[1];
        let is_kept = |form: &NameForm| match form {
            NameForm::Whole => left.host != right.host,
            NameForm::WithoutRegistry => left.host == right.host,
            NameForm::LastPart => is_last_enough,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::dialogs::image_diff::DiffTab;
    use crate::app::dialogs::image_diff::reading::DiffQuestion;
    use crate::app::remote::Remote;
    use crate::model::reference::Host;

    fn title(left: (&str, &str), right: (&str, &str), room: usize) -> String {
        let image = |(host, name): (&str, &str)| {
            Reference::parse_in(Host::parse(host).expect("a host"), name).expect("an image")
        };
        let question = DiffQuestion { left: image(left), right: image(right), platform: None };
        DiffDialog::new(DiffSubject::Images(Box::new(question)), Remote::default(), DiffTab::Summary)
            .title(room)
    }

    #[test]
    fn names_lose_what_both_have_in_common_and_then_their_beginning() {
        let (one, other) = (("r.test", "team/app:1"), ("r.test", "team/app:2"));
        assert_eq!(title(one, other, 80), "team/app:1 → team/app:2");
        assert_eq!(title(one, other, 20), "app:1 → app:2");
        assert_eq!(title(one, other, 10), "a…1 → a…2");
        let other = ("s.test", "a/very/long/mirror/app:9");
        assert_eq!(title(one, other, 80), "r.test/team/app:1 → s.test/a/very/long/mirror/app:9");
        assert_eq!(title(one, other, 40), "app:1 → app:9");
        // The last parts would be the same.
        let other = ("s.test", "team/app:1");
        assert_eq!(title(one, other, 27), "r.test…app:1 → s.test…app:1");
    }
}
