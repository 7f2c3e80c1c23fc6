//! The rows of a table of findings or packages.

use crate::app::panes::details::Detail;
use crate::app::panes::details::files::reading::ImagePackageList;
use crate::layer::{ImageFinding, ImageFindingKind, ImageFindings};
use crate::model::plural::counted;
use crate::model::text::SafeText;
use crate::model::{columns, size};

/// Columns between two cells.
pub(crate) const GAP: usize = 2;
/// Most columns that the cells of a column are aligned to.
const WIDEST: usize = 80;

/// A column of the table.
#[derive(Debug)]
pub(crate) struct PathColumn {
    /// The heading.
    pub(crate) head: &'static str,
    /// Whether the cells stand at the right.
    pub(crate) is_number: bool,
    /// The least width of the table, in columns, at which it is shown.
    pub(crate) from: usize,
}

const fn column(head: &'static str, is_number: bool, from: usize) -> PathColumn {
    PathColumn { head, is_number, from }
}

/// The columns of findings.
const OF_FINDINGS: &[PathColumn] = &[
    column("KIND", false, 0),
    column("SIZE", true, 60),
    column("LAYER", true, 0),
    column("PATH", false, 0),
    column("FINDING", false, 100),
];
/// The columns of packages.
const OF_PACKAGES: &[PathColumn] = &[
    column("NAME", false, 0),
    column("VERSION", false, 0),
    column("ECOSYSTEM", false, 0),
    column("LAYER", true, 0),
    column("PATH", false, 100),
];

/// A finding or a package.
#[derive(Debug)]
pub(crate) struct PathRow {
    /// The cells, safe to draw.
    pub(crate) cells: Vec<String>,
    /// The facts about it that have no column on a narrow screen, and the step.
    pub(crate) about: String,
    /// The layer that it is of, and the step that made the layer.
    step: String,
    /// The path in the image.
    pub(crate) path: Vec<u8>,
    /// The layer as of which the image has the path, from 1. `None` if the whole image has it.
    pub(crate) as_of: Option<u16>,
    /// Whether it is about the layer more than about the path.
    pub(crate) is_of_layer: bool,
}

impl PathRow {
    /// Returns the text that is searched.
    pub(crate) fn text(&self) -> String {
        format!("{} {} {}", self.cells.join(" "), self.shown_path(), self.about)
    }

    /// Returns the path, safe to draw.
    pub(crate) fn shown_path(&self) -> SafeText {
        safe_path(&self.path)
    }
}

/// All rows of a table.
#[derive(Debug)]
pub(crate) struct PathRows {
    /// The sums in one line.
    pub(crate) summary: String,
    /// The columns.
    pub(crate) columns: &'static [PathColumn],
    /// The widest cell of each column.
    pub(crate) widths: Vec<usize>,
    /// The rows.
    pub(crate) rows: Vec<PathRow>,
}

impl PathRows {
    fn new(summary: String, columns: &'static [PathColumn], rows: Vec<PathRow>) -> PathRows {
        let mut widths: Vec<usize> = columns.iter().map(|column| column.head.len()).collect();
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = columns::width(cell).min(WIDEST).max(*width);
            }
        }
        PathRows { summary, columns, widths, rows }
    }

    /// Returns the columns of each cell in so many columns: none for a cell that is left out. The widest give way.
    pub(crate) fn fit(&self, width: usize) -> Vec<usize> {
        let shown = |(column, wanted): (&PathColumn, &usize)| if column.from > width { 0 } else { *wanted };
        let mut widths: Vec<usize> = self.columns.iter().zip(&self.widths).map(shown).collect();
        let gaps = GAP * widths.iter().filter(|width| **width > 0).count().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        while over > 0 {
            match widths.iter_mut().max().filter(|widest| **widest > 1) {
                Some(widest) => *widest -= 1,
                None => break,
            }
            over -= 1;
        }
        widths
    }

    /// Returns cells in one line.
    pub(crate) fn line<'a>(&self, cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
        let cells = cells.zip(self.columns).zip(widths).filter(|(_, width)| **width > 0);
        let cells = cells.map(|((cell, column), width)| {
            if column.is_number { columns::right(cell, *width) } else { columns::left(cell, *width) }
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP))
    }

    /// Returns the headings in one line.
    pub(crate) fn headings(&self, widths: &[usize]) -> String {
        self.line(self.columns.iter().map(|column| column.head), widths)
    }

    /// Returns these rows as lines of text, with the headings and the sums.
    pub(crate) fn lines(&self, shown: &[usize]) -> Vec<String> {
        let mut lines = vec![self.summary.clone(), String::new(), self.headings(&self.widths)];
        for row in shown.iter().filter_map(|number| self.rows.get(*number)) {
            let mut line = String::new();
            for ((cell, column), width) in row.cells.iter().zip(self.columns).zip(&self.widths) {
                let padding = " ".repeat(width.saturating_sub(columns::width(cell)));
                let cell = if column.is_number { padding + cell } else { cell.clone() + &padding };
                line.push_str(&cell);
                line.push_str(&" ".repeat(GAP));
            }
            lines.push(line + &row.step);
        }
        lines
    }
}

fn safe_path(path: &[u8]) -> SafeText {
    SafeText::clean(&String::from_utf8_lossy(path))
}

/// Returns a layer, and the step that made it if that is known.
fn layer_text(layer: u16, detail: &Detail) -> String {
    match detail.instruction_of(layer).map(SafeText::clean) {
        Some(step) => format!("of layer {layer} · {step}"),
        None => format!("of layer {layer}"),
    }
}

/// Returns the name of a kind of findings.
fn kind_name(kind: ImageFindingKind) -> String {
    kind.name().replace('_', " ")
}

/// Returns the rows of findings, the most urgent first.
pub(crate) fn of_findings(findings: &ImageFindings, detail: &Detail) -> PathRows {
    let waste = &findings.waste;
    let mut summary = format!(
        "{} of {} hidden ({})",
        size::bytes(waste.hidden_bytes),
        size::bytes(waste.file_bytes),
        waste.hidden_percent()
    );
    let others = findings.lists().into_iter().filter(|list| list.kind != ImageFindingKind::Hidden);
    for list in others.filter(|list| list.count > 0) {
        summary.push_str(&format!(" · {}: {}", kind_name(list.kind), list.count));
    }
    let left_out: u64 =
        findings.lists().iter().map(|list| list.count.saturating_sub(list.rows.len() as u64)).sum();
    if left_out > 0 {
        summary.push_str(&format!(" · {left_out} small ones left out"));
    }
    summary.push_str(&missing_text(detail));
    let row = |finding: &ImageFinding| {
        let text = finding.text().to_string();
        let is_of_layer = finding.kind == ImageFindingKind::Layer;
        let step = layer_text(finding.layer, detail);
        PathRow {
            about: format!("{text} · {step}"),
            step,
            cells: vec![
                kind_name(finding.kind),
                size::bytes(finding.bytes),
                finding.layer.to_string(),
                safe_path(&finding.path).to_string(),
                text,
            ],
            path: finding.path.clone(),
            as_of: (finding.hidden.is_some() || is_of_layer).then_some(finding.layer),
            is_of_layer,
        }
    };
    let rows = findings.lists().into_iter().flat_map(|list| &list.rows).map(row).collect();
    PathRows::new(summary, OF_FINDINGS, rows)
}

/// Returns the rows of packages, by ecosystem, name and version.
pub(crate) fn of_packages(list: ImagePackageList, detail: &Detail) -> PathRows {
    let mut summary = counted(list.packages.len(), "package", "packages");
    if let Some(os) = &list.os {
        summary.push_str(&format!(" of {os}"));
    }
    if let Some(problem) = list.problems.first() {
        let more = list.problems.len() - 1;
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        summary.push_str(&format!(" · incomplete: {problem}{more}"));
    }
    summary.push_str(&missing_text(detail));
    let rows = list.packages.into_iter().map(|package| {
        let step = match package.layer {
            Some(layer) => layer_text(layer, detail),
            None => "the layer is not known".into(),
        };
        PathRow {
            about: step.clone(),
            step,
            cells: vec![
                package.name.to_string(),
                package.version.to_string(),
                package.ecosystem.into(),
                package.layer.map_or_else(|| "-".into(), |layer| layer.to_string()),
                safe_path(&package.path).to_string(),
            ],
            path: package.path,
            as_of: None,
            is_of_layer: false,
        }
    });
    PathRows::new(summary, OF_PACKAGES, rows.collect())
}

/// Returns a note about layers that cannot be read.
fn missing_text(detail: &Detail) -> String {
    match detail.files.refused.len() {
        0 => String::new(),
        missing => format!(" · {} missing", counted(missing, "layer", "layers")),
    }
}
