//! Colours by role. A theme is a TOML file: `role = "foreground [on background] [bold] [dim] [reversed] [underlined]"`.
//! A colour is the name of one of the terminal's sixteen colours, `#rrggbb`, or the number of one of its 256 colours.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

/// The names of the themes.
pub const NAMES: &[&str] = &["terminal", "light", "dark", "plain"];

/// Defines the roles and their keys in a theme file.
macro_rules! roles {
    ($($role:ident $key:literal $doc:literal,)*) => {
        /// The role of a piece of the screen, from which its colour follows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Role {
            $(#[doc = $doc] $role,)*
        }

        const ROLES: &[(Role, &str)] = &[$((Role::$role, $key),)*];
    };
}

roles! {
    Text "text" "Anything.",
    Dim "dim" "Text that matters less.",
    Strong "strong" "Text that matters more.",
    Border "border" "The border of a pane.",
    BorderFocused "border_focused" "The border of the pane that has the keys.",
    Title "title" "The title of a pane.",
    TitleFocused "title_focused" "The title of the pane that has the keys.",
    Heading "heading" "The names of columns and sections.",
    Cursor "cursor" "The row under the cursor in the pane that has the keys.",
    CursorElsewhere "cursor_elsewhere" "The row under the cursor in other panes.",
    Marker "marker" "The bar in front of the row under the cursor.",
    Mark "mark" "Marked rows.",
    Shared "shared" "The sign of a digest that other tags have too.",
    Namespace "namespace" "A namespace in the tree.",
    Number "number" "Sizes.",
    Date "date" "Ages.",
    Platform "platform" "Platforms.",
    Key "key" "Keys in hints and help.",
    Good "good" "Possible and finished changes.",
    Warn "warn" "Odd and uncertain facts.",
    Bad "bad" "Failures.",
    JsonKey "json_key" "Names of members.",
    JsonText "json_text" "Strings.",
    JsonNumber "json_number" "Numbers.",
    JsonWord "json_word" "true, false, null.",
    Match "match" "The part of a text that a filter or a search found.",
}

/// The styles of all roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    styles: Vec<Style>,
}

impl Theme {
    /// Returns the theme with this name. If `colour` is false, the theme keeps its name and has the styles of `plain`.
    pub fn of(name: &str, colour: bool) -> Theme {
        let file = match (colour, name) {
            (false, _) | (true, "plain") => include_str!("../../assets/themes/plain.toml"),
            (true, "light") => include_str!("../../assets/themes/light.toml"),
            (true, "dark") => include_str!("../../assets/themes/dark.toml"),
            _ => include_str!("../../assets/themes/terminal.toml"),
        };
        // The files are part of the program, and a test reads each of them.
        let styles = parse(file).unwrap_or_else(|_| vec![Style::new(); ROLES.len()]);
        Theme { name: name.into(), styles }
    }

    /// Returns the name of the theme.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the style of a role.
    pub(crate) fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

fn parse(file: &str) -> Result<Vec<Style>, String> {
    let entries: BTreeMap<String, String> = toml::from_str(file).map_err(|error| error.to_string())?;
    if let Some(unknown) = entries.keys().find(|key| !ROLES.iter().any(|(_, known)| known == key)) {
        return Err(format!("there is no role `{unknown}`"));
    }
    let style = |(_, key): &(Role, &str)| style_of(entries.get(*key).ok_or(format!("`{key}` is missing"))?);
    ROLES.iter().map(style).collect()
}

fn style_of(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut is_background = false;
    for word in text.split_whitespace() {
        style = match word {
            "on" => {
                is_background = true;
                style
            }
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            colour => {
                let colour: Color = colour.parse().map_err(|_| format!("`{colour}` is no colour"))?;
                if is_background { style.bg(colour) } else { style.fg(colour) }
            }
        };
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_has_a_style_for_every_role() {
        for name in NAMES {
            let file = match *name {
                "light" => include_str!("../../assets/themes/light.toml"),
                "dark" => include_str!("../../assets/themes/dark.toml"),
                "plain" => include_str!("../../assets/themes/plain.toml"),
                _ => include_str!("../../assets/themes/terminal.toml"),
            };
            assert_eq!(parse(file).map(|styles| styles.len()), Ok(ROLES.len()), "{name}");
        }
    }

    #[test]
    fn without_colour_there_is_no_colour() {
        let plain = Theme::of("dark", false);
        assert!(plain.styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
        assert_eq!(plain.name(), "dark");
    }

    #[test]
    fn styles_are_read() {
        assert_eq!(
            style_of("#ff0000 on 8 bold"),
            Ok(Style::new().fg(Color::Rgb(255, 0, 0)).bg(Color::Indexed(8)).bold())
        );
        assert!(style_of("pinkish").is_err());
    }
}
