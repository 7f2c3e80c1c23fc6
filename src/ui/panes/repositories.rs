//! The Repositories pane.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::panes::registries::OpenRegistry;
use crate::app::panes::repositories::columns::{RepositoryColumn, RepositoryColumns};
use crate::app::panes::repositories::tree::BranchNode;
use crate::app::panes::repositories::{RepositorySort, RepositorySortBy};
use crate::app::{Pane, layout};
use crate::model::page::ListedName;
use crate::model::reference::RepositoryName;
use crate::model::repository_facts::RepositoryFacts;
use crate::model::{columns, size, time};
use crate::ui::Canvas;
use crate::ui::theme::Role;

impl Canvas<'_, '_> {
    /// Draws the repositories of the registry under the cursor.
    pub(crate) fn repositories(&mut self, area: Rect) {
        let Some(registry) = self.state.registries.selected() else {
            self.draw_frame(Pane::Repositories, area, vec![Span::raw("Repositories")]);
            return self.draw_text(
                layout::inside(area),
                &[
                    (Role::Text, "no registry is open".into()),
                    (Role::Dim, self.key_hint("registries.open", "opens one by name")),
                ],
            );
        };
        let repositories = &registry.repositories;
        let names = &repositories.names;
        let title = if repositories.is_tree() && !names.items.is_empty() {
            format!("Repositories {}{}", names.items.len(), if names.is_loading() { "…" } else { "" })
        } else {
            Self::title_with_count("Repositories", &repositories.list, names.items.len(), names)
        };
        let mut title = vec![Span::raw(title)];
        let sort = repositories.sort;
        if sort != RepositorySort::default() {
            title.push(Span::styled(" ── ", self.style(Role::Border)));
            title
                .push(Span::styled(format!("by {} {}", sort.by.word(), sort.arrow()), self.style(Role::Dim)));
        }
        self.draw_frame(Pane::Repositories, area, title);
        self.draw_filter(area, &repositories.list);
        let layout = layout::of(self.state);
        let rows = layout::rows(self.state, &layout, Pane::Repositories);
        let shown = layout::repository_columns(self.state, &layout);
        if layout::has_heading(self.state, Pane::Repositories) {
            let heading = Rect::new(rows.x, rows.y.saturating_sub(1), rows.width, 1);
            let cells = shown.headings(repositories.sort).into_iter().map(|(cell, _)| cell);
            let style = self.style(Role::Heading);
            self.draw_line(heading, Line::styled(format!("  {}", cells.collect::<String>()), style));
        }
        if repositories.list.rows.is_empty() {
            self.no_repositories(rows, registry);
        }
        for (line, row) in repositories.list.visible_rows().enumerate() {
            let place = Rect::new(rows.x, rows.y + line as u16, rows.width, 1);
            let mut cells = self.repository_cells(registry, row, shown.name);
            if let Some(facts) = self.fact_cells(registry, row, &shown) {
                let used: usize = cells.iter().map(Span::width).sum();
                cells.push(Span::raw(" ".repeat(shown.name.saturating_sub(used))));
                cells.push(facts);
            }
            self.row(Pane::Repositories, place, &repositories.list, row, cells);
        }
        self.scrollbar(area, rows, repositories.list.offset, repositories.list.rows.len());
        if layout::has_foot(self.state, Pane::Repositories) {
            match (&names.failure, &names.incomplete) {
                (Some(failure), _) => {
                    let what = if names.at.is_some() { "not refreshed" } else { "no list" };
                    self.foot(area, Role::Bad, &format!("{what}: {}", failure.why));
                }
                (None, Some(why)) => self.foot(area, Role::Warn, &format!("may be incomplete: {why}")),
                (None, None) => {
                    if let Some(known) = repositories.known_count_text() {
                        self.foot(area, Role::Warn, &format!("{known}; the rest stands below"));
                    } else if let Some(source) = &repositories.source {
                        self.foot(area, Role::Dim, source.as_str());
                    }
                }
            }
        }
    }

    fn repository_cells(&self, registry: &OpenRegistry, row: usize, room: usize) -> Vec<Span<'static>> {
        let repositories = &registry.repositories;
        let Some(item) = repositories.list.rows.get(row).map(|item| *item as usize) else {
            return Vec::new();
        };
        if !repositories.is_tree() {
            let Some(listed) = repositories.listed_at(item) else { return Vec::new() };
            let name = self.name(listed, listed.text(), room);
            return self.matched_name(&repositories.list, listed.text(), name);
        }
        let Some(branch) = repositories.branches.get(row) else { return Vec::new() };
        let indent = "  ".repeat(branch.depth.into());
        let room = room.saturating_sub(indent.len() + 2);
        match &branch.node {
            BranchNode::Namespace { path, above, open, count } => {
                let name = path.get(*above..).unwrap_or(path);
                let sign = if *open { "▾" } else { "▸" };
                let count = format!(" {count}");
                let name = columns::cut_middle(name, room.saturating_sub(count.len()));
                vec![
                    Span::raw(indent),
                    Span::styled(format!("{sign} {name}"), self.style(Role::Namespace)),
                    Span::styled(count, self.style(Role::Dim)),
                ]
            }
            BranchNode::Repository(_) => {
                let Some(listed) = repositories.listed_at(item) else { return Vec::new() };
                let text = listed.text();
                let last =
                    if listed.name().is_some() { text.rsplit('/').next().unwrap_or(text) } else { text };
                vec![Span::raw(format!("{indent}  ")), self.name(listed, last, room)]
            }
        }
    }

    /// Returns the cells after the name, or `None` for a namespace, whose repositories are not summed up.
    fn fact_cells(
        &self,
        registry: &OpenRegistry,
        row: usize,
        columns: &RepositoryColumns,
    ) -> Option<Span<'static>> {
        let repositories = &registry.repositories;
        let name = repositories.listed_at(*repositories.list.rows.get(row)? as usize)?.name()?;
        let facts = repositories.facts_of(name);
        let cell = |column: &RepositoryColumn| column.right(&fact(column.by, facts, self.now));
        Some(Span::styled(columns.shown.iter().map(cell).collect::<String>(), self.style(Role::Dim)))
    }

    fn name(&self, listed: &ListedName<RepositoryName>, shown: &str, room: usize) -> Span<'static> {
        match listed {
            ListedName::Named(_) => Span::styled(columns::cut_front(shown, room), self.style(Role::Text)),
            ListedName::Malformed(_) => {
                Span::styled(columns::cut(&format!("{shown} (malformed)"), room), self.style(Role::Warn))
            }
        }
    }

    fn no_repositories(&mut self, rows: Rect, registry: &OpenRegistry) {
        let names = &registry.repositories.names;
        if registry.repositories.list.is_filtered() && !names.items.is_empty() {
            return self.draw_text(
                rows,
                &[
                    (Role::Text, "nothing fits the filter".into()),
                    (Role::Dim, self.key_hint("panes.back", "drops it")),
                ],
            );
        }
        match &names.failure {
            Some(failure) => {
                let open = self.key_hint("registries.open", "opens a repository by name");
                self.failure(rows, failure, &format!("{open}, {}", self.keys_after(failure)));
            }
            None if names.is_loading() => self.loading(rows, Some(&registry.host)),
            None => {
                let mut hints = vec![self.key_hint("registries.open", "opens one by name")];
                let mut text = "the registry lists no repositories";
                if registry.may_show_more() {
                    text = "the registry lists no repositories without a login";
                    hints.insert(0, self.key_hint("registries.login", "logs in"));
                }
                hints.push(self.key_hint("panes.refresh", "asks again"));
                self.draw_text(rows, &[(Role::Text, text.into()), (Role::Dim, hints.join(", "))]);
            }
        }
    }
}

/// Returns a fact in words, `-` if it is not known. A `+` follows a number of tags to which more may come.
fn fact(by: RepositorySortBy, facts: Option<&RepositoryFacts>, now: Timestamp) -> String {
    let text = facts.and_then(|facts| match by {
        RepositorySortBy::Name => None,
        RepositorySortBy::Tags => Some(format!("{}{}", facts.tags, if facts.is_complete { "" } else { "+" })),
        RepositorySortBy::Newest => facts.newest.map(|newest| time::age(newest, now)),
        RepositorySortBy::Size => facts.size.map(size::bytes),
    });
    text.unwrap_or_else(|| "-".into())
}
