//! The top line: the path of the selected image, and the card, which tells the facts and abilities of the registry.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Canvas;
use super::theme::Role;
use crate::app::panes::registries::OpenRegistry;
use crate::model::columns;
use crate::model::failure::FailureKind;
use crate::model::reference::Selector;
use crate::model::server::{Ability, Identity, Server, Transport};

/// Columns of a digest in the path. They are enough to tell digests apart; Overview shows the whole digest.
const DIGEST: usize = 32;
/// The least width, in columns, at which a part of the line is reserved for the card.
const CARD_FROM: usize = 80;
/// Most columns of the identity in the card. The names of robot users are long.
const IDENTITY: usize = 28;
/// The least columns in which a part of the identity is worth being shown.
const LEAST_IDENTITY: usize = 6;
/// The least width, in columns, at which the identity is shown beside a long path.
const IDENTITY_FROM: usize = 40;
/// Columns that the end of a path needs if the host is shown whole.
const LEAST_REST: usize = 12;

impl Canvas<'_, '_> {
    /// Draws the header. If the path needs the room, the least important parts of the card are left out first. From
    /// `CARD_FROM` columns on a part of the line is always kept for the card, and from `IDENTITY_FROM` on for the
    /// user's identity.
    pub(crate) fn header(&mut self, area: Rect) {
        let path = self.path();
        let width = usize::from(area.width);
        let registry = self.state.registries.selected();
        let card = registry.map(|registry| self.card(registry)).unwrap_or_default();
        let first = registry.map(|registry| self.first_parts(registry)).unwrap_or_default();
        let kept_for_card = if width >= CARD_FROM {
            width_of(&card) + 2
        } else if width >= IDENTITY_FROM && !first.is_empty() {
            width_of(&first) + 2
        } else {
            0
        };
        let path = shorten_path(&path, width.saturating_sub(2 + kept_for_card.min(width * 2 / 5)));
        let path_width = columns::width(&path);
        let style = self.style(Role::Strong);
        self.draw_line(area, Line::styled(format!(" {path}"), style));
        let mut card = card;
        let room = usize::from(area.width).saturating_sub(path_width + 4);
        while width_of(&card) > room
            && let Some(last) = card.pop()
        {
            let left = room.saturating_sub(width_of(&card) + 3);
            if first.last() == Some(&last) && left >= LEAST_IDENTITY {
                card.push(Span::styled(columns::cut(&last.content, left), last.style));
            }
        }
        let mut spans: Vec<Span> = Vec::new();
        for part in card {
            if !spans.is_empty() {
                spans.push(Span::styled(" · ", self.style(Role::Dim)));
            }
            spans.push(part);
        }
        spans.push(Span::raw(" "));
        self.draw_line(area, Line::from(spans).right_aligned());
    }

    fn path(&self) -> String {
        let Some(registry) = self.state.registries.selected() else { return "regtui".into() };
        let mut path = registry.host.to_string();
        if let Some(repository) = &self.state.tags.repository {
            path.push_str(&format!(" › {}", repository.name));
            if let Some((_, selector)) = &self.state.detail.image {
                let shown = match selector {
                    Selector::Tag(tag) => tag.to_string(),
                    Selector::Digest(digest) => columns::cut(&digest.to_string(), DIGEST),
                };
                path.push_str(&format!(" › {shown}"));
            }
        }
        path
    }

    /// Returns the parts of the card: the facts about the registry, the most important one first.
    fn card(&self, registry: &OpenRegistry) -> Vec<Span<'static>> {
        let Some(server) = &registry.server.value else {
            return match &registry.server.failure {
                Some(failure) => vec![Span::styled(failure.why.to_string(), self.style(Role::Bad))],
                None => vec![Span::styled("connecting…", self.style(Role::Dim))],
            };
        };
        let mut parts = vec![self.identity(registry, server)];
        if self.is_out_of_reach(registry) {
            // The abilities are from the last answer. They would be a promise that cannot be kept while the registry is
            // out of reach.
            parts.insert(0, Span::styled("does not answer", self.style(Role::Bad)));
            return parts;
        }
        if let Some(transport) = self.transport(server) {
            parts.insert(0, transport);
        }
        if self.state.settings.rules.read_only.is_some() {
            parts.insert(0, Span::styled("read-only", self.style(Role::Warn)));
        }
        if let Some(budget) = registry.budget.filter(|budget| budget.is_low(self.now)) {
            parts.push(Span::styled(budget.to_string(), self.style(Role::Warn)));
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
        parts.extend(
            server.route.as_ref().map(|route| Span::styled(route.to_string(), self.style(Role::Dim))),
        );
        parts
    }

    /// Returns whether the registry was unreachable when a pane last asked it.
    fn is_out_of_reach(&self, registry: &OpenRegistry) -> bool {
        let tags = self.state.tags.repository.as_ref().filter(|repository| repository.host == registry.host);
        let names = &registry.repositories.names;
        let failures = [
            registry.server.failure.as_ref(),
            names.failure.as_ref(),
            tags.and(self.state.tags.tags.failure.as_ref()),
            tags.and(self.state.detail.inspection.failure.as_ref()),
        ];
        let is_out = |kind| matches!(kind, FailureKind::Unreachable | FailureKind::Untrusted);
        failures.into_iter().flatten().any(|failure| is_out(failure.kind))
    }

    /// Returns the parts of the card up to the identity, if the user has one at this registry.
    fn first_parts(&self, registry: &OpenRegistry) -> Vec<Span<'static>> {
        let Some(server) = &registry.server.value else { return Vec::new() };
        let identity = self.identity(registry, server);
        let mut parts = self.card(registry);
        let end = parts.iter().position(|part| *part == identity).map_or(0, |at| at + 1);
        let is_anonymous = *identity_at(registry, server) == Identity::Anonymous;
        parts.truncate(if is_anonymous { 0 } else { end });
        parts
    }

    fn identity(&self, registry: &OpenRegistry, server: &Server) -> Span<'static> {
        let text = match identity_at(registry, server) {
            Identity::Anonymous => "anonymous".into(),
            Identity::User(user) => columns::cut(&format!("as {user}"), IDENTITY),
            Identity::Token => "by token".into(),
        };
        Span::styled(text, self.style(Role::Text))
    }

    fn transport(&self, server: &Server) -> Option<Span<'static>> {
        match server.transport {
            Transport::Https | Transport::Local => None,
            Transport::Pinned => Some(Span::styled("pinned certificate", self.style(Role::Good))),
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

/// Returns the identity of the last request, or the one that the first request showed.
fn identity_at<'a>(registry: &'a OpenRegistry, server: &'a Server) -> &'a Identity {
    registry.identity.as_ref().unwrap_or(&server.identity)
}

/// Shortens a path to `columns` columns. The part between the registry and the end is cut first.
fn shorten_path(path: &str, columns: usize) -> String {
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
