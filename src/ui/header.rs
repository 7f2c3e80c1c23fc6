//! The first line: where we are, and what the registry is and can do.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Canvas;
use super::theme::Role;
use crate::app::registries::OpenRegistry;
use crate::model::columns;
use crate::model::failure::FailureKind;
use crate::model::reference::Selector;
use crate::model::server::{Ability, Identity, Server, Transport};

/// Columns of a digest in the path: enough to tell it from others; Overview has all of it.
const DIGEST: usize = 32;
/// From this many columns on the card keeps a part of the line.
const CARD_FROM: usize = 80;
/// Columns that the end of a path needs behind a whole host.
const LEAST_REST: usize = 12;

impl Canvas<'_, '_> {
    /// Draws the header. The card gives way to the path, its least important parts first, but not all of it.
    pub fn header(&mut self, area: Rect) {
        let path = self.path();
        let width = usize::from(area.width);
        let card = self.state.registries.selected().map(|registry| self.card(registry)).unwrap_or_default();
        let kept_for_card = if width < CARD_FROM { 0 } else { (width * 2 / 5).min(width_of(&card) + 2) };
        let path = shortened(&path, width.saturating_sub(2 + kept_for_card));
        let path_width = columns::width(&path);
        let style = self.style(Role::Strong);
        self.put(area, Line::styled(format!(" {path}"), style));
        let mut card = card;
        let room = usize::from(area.width).saturating_sub(path_width + 4);
        while width_of(&card) > room && !card.is_empty() {
            card.pop();
        }
        let mut spans: Vec<Span> = Vec::new();
        for part in card {
            if !spans.is_empty() {
                spans.push(Span::styled(" · ", self.style(Role::Dim)));
            }
            spans.push(part);
        }
        spans.push(Span::raw(" "));
        self.put(area, Line::from(spans).right_aligned());
    }

    fn path(&self) -> String {
        let Some(registry) = self.state.registries.selected() else { return "regtui".into() };
        let mut path = registry.host.to_string();
        if let Some(repository) = &self.state.tags.repository {
            path.push_str(&format!(" › {}", repository.name));
            if let Some((_, selector)) = &self.state.detail.of {
                let shown = match selector {
                    Selector::Tag(tag) => tag.to_string(),
                    Selector::Digest(digest) => columns::cut(&digest.to_string(), DIGEST),
                };
                path.push_str(&format!(" › {shown}"));
            }
        }
        path
    }

    /// What is known of the registry, the most important part first.
    fn card(&self, registry: &OpenRegistry) -> Vec<Span<'static>> {
        let Some(server) = &registry.server.value else {
            return match &registry.server.failure {
                Some(failure) => vec![Span::styled(failure.why.to_string(), self.style(Role::Bad))],
                None => vec![Span::styled("connecting…", self.style(Role::Dim))],
            };
        };
        let mut parts = vec![self.identity(server)];
        if self.is_out_of_reach(registry) {
            // What it offered when it last answered would be a promise now.
            parts.insert(0, Span::styled("does not answer", self.style(Role::Bad)));
            return parts;
        }
        if let Some(transport) = self.transport(server) {
            parts.insert(0, transport);
        }
        if self.state.settings.rules.read_only.is_some() {
            parts.insert(0, Span::styled("read-only", self.style(Role::Warn)));
        }
        parts.extend(self.ability("tag delete", &server.deletes.by_tag));
        parts.extend(self.ability("digest delete", &server.deletes.by_digest));
        parts.extend(
            server.product.as_ref().map(|product| Span::styled(product.to_string(), self.style(Role::Dim))),
        );
        parts.extend(self.ability("catalog", &server.catalog));
        parts.extend(self.ability("referrers", &server.referrers));
        parts.extend(
            server.proxy.as_ref().map(|proxy| Span::styled(format!("via {proxy}"), self.style(Role::Dim))),
        );
        parts
    }

    /// Whether the registry did not answer at all when a pane last asked.
    fn is_out_of_reach(&self, registry: &OpenRegistry) -> bool {
        let tags = self.state.tags.repository.as_ref().filter(|repository| repository.host == registry.host);
        let names = &registry.repositories.names;
        let failures = [
            registry.server.failure.as_ref(),
            names.failure.as_ref(),
            tags.and(self.state.tags.tags.failure.as_ref()),
            tags.and(self.state.detail.inspection.failure.as_ref()),
        ];
        failures.into_iter().flatten().any(|failure| failure.kind == FailureKind::Unreachable)
    }

    fn identity(&self, server: &Server) -> Span<'static> {
        let text = match &server.identity {
            Identity::Anonymous => "anonymous".into(),
            Identity::User(user) => format!("as {user}"),
            Identity::Token => "by token".into(),
        };
        Span::styled(text, self.style(Role::Text))
    }

    fn transport(&self, server: &Server) -> Option<Span<'static>> {
        match server.transport {
            Transport::Https => None,
            Transport::Plain => Some(Span::styled("plain HTTP", self.style(Role::Warn))),
            Transport::Unverified => Some(Span::styled("certificate unchecked", self.style(Role::Bad))),
        }
    }

    fn ability(&self, name: &str, ability: &Ability) -> Option<Span<'static>> {
        match ability {
            Ability::Unknown => None,
            Ability::Yes => Some(Span::styled(format!("{name} ✓"), self.style(Role::Good))),
            Ability::No(_) => Some(Span::styled(format!("{name} ✗"), self.style(Role::Dim))),
        }
    }
}

/// A path in so many columns: what is between the registry and the end gives way first.
fn shortened(path: &str, columns: usize) -> String {
    match path.split_once(" › ") {
        Some((host, rest)) if columns::width(host) + 3 + LEAST_REST <= columns => {
            let rest = columns::cut_front(rest, columns - columns::width(host) - 3);
            format!("{host} › {rest}")
        }
        _ => columns::cut_front(path, columns),
    }
}

fn width_of(parts: &[Span]) -> usize {
    parts.iter().map(Span::width).sum::<usize>() + 3 * parts.len()
}
