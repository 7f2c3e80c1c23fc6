//! The parts of a Helm chart, each of which a key leads to: <https://helm.sh/docs/topics/charts/#the-chart-file-structure>.

use crate::layer::{EntryKind, FileTree, PathId};

/// A part of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChartPart {
    /// The file that describes the chart.
    About,
    /// The values that users change.
    Values,
    /// The text for readers.
    Readme,
    /// The directory of templates.
    Templates,
}

impl ChartPart {
    /// Returns its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ChartPart::About => "Chart.yaml",
            ChartPart::Values => "values.yaml",
            ChartPart::Readme => "README",
            ChartPart::Templates => "templates",
        }
    }

    fn is_named(self, name: &[u8]) -> bool {
        match self {
            ChartPart::Readme => {
                let is_readme = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"readme"));
                is_readme && matches!(name.get(6), None | Some(b'.'))
            }
            other => name == other.name().as_bytes(),
        }
    }
}

/// Returns the path of a part of the chart that is in a directory at the root.
pub(crate) fn path_of(tree: &FileTree, part: ChartPart) -> Option<Vec<u8>> {
    let is_there = |id: &PathId| tree.current(*id).is_some();
    let is_about = |id: &PathId| tree.name(*id) == ChartPart::About.name().as_bytes() && is_there(id);
    let mut roots = tree.children(PathId::ROOT);
    let root = roots.find(|root| tree.children(*root).any(|id| is_about(&id)))?;
    let is_directory = |id: PathId| {
        let kind = tree.current(id).map(|version| version.kind);
        kind == Some(EntryKind::Directory) || tree.children(id).next().is_some()
    };
    let is_it = |id: &PathId| {
        part.is_named(tree.name(*id)) && is_there(id) && is_directory(*id) == (part == ChartPart::Templates)
    };
    tree.children(root).find(is_it).map(|id| tree.path(id))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{image, list};
    use super::*;

    #[test]
    fn parts_are_found_below_the_directory_of_the_chart() {
        let files = [
            ("app/Chart.yaml", 1),
            ("app/README.md", 1),
            ("app/charts/db/values.yaml", 1),
            ("app/templates/a.yaml", 1),
            ("values.yaml", 1),
        ];
        let (tree, _) = image(vec![list(&files)]);
        let path = |part| path_of(&tree, part).map(|path| String::from_utf8_lossy(&path).into_owned());
        assert_eq!(path(ChartPart::About).as_deref(), Some("app/Chart.yaml"));
        assert_eq!(path(ChartPart::Values), None, "that of a chart inside is another one");
        assert_eq!(path(ChartPart::Readme).as_deref(), Some("app/README.md"));
        assert_eq!(path(ChartPart::Templates).as_deref(), Some("app/templates"));
        let (tree, _) = image(vec![list(&[("etc/values.yaml", 1)])]);
        assert_eq!(path_of(&tree, ChartPart::Values), None);
        for (name, is_readme) in
            [("README", true), ("Readme.rst", true), ("readmeta.md", false), ("read", false)]
        {
            assert_eq!(ChartPart::Readme.is_named(name.as_bytes()), is_readme, "{name}");
        }
    }
}
