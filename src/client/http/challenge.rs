//! The challenge of a 401: `WWW-Authenticate`, RFC 9110 § 11.6.1, as registries write it.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// One challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User name and password in each request.
    Basic,
    /// A token from another server: distribution `spec/auth/token.md`.
    Bearer(BearerChallenge),
}

/// The source and the purpose of a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BearerChallenge {
    /// Address of the token endpoint, as written.
    pub(crate) realm: String,
    /// Name of the service; may be missing.
    pub(crate) service: Option<String>,
    /// Scopes asked for, separated by spaces; opaque.
    pub(crate) scopes: Vec<String>,
    /// `insufficient_scope`, `invalid_token`.
    pub(crate) error: Option<String>,
}

/// Returns the challenge to answer: Bearer before Basic. Other schemes are skipped.
pub(crate) fn preferred_challenge(headers: &HeaderMap) -> Option<Challenge> {
    let all: Vec<Challenge> = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .flat_map(|value| parse(&String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let is_bearer = |challenge: &&Challenge| matches!(challenge, Challenge::Bearer(_));
    all.iter().find(is_bearer).or(all.first()).cloned()
}

/// Returns the realm of a Basic challenge: the name of the area for which the registry asks for a password.
pub(crate) fn login_realm(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(WWW_AUTHENTICATE).iter();
    let mut schemes = lines.flat_map(|value| schemes(&String::from_utf8_lossy(value.as_bytes())));
    let (_, parameters) = schemes.find(|(scheme, _)| scheme == "basic")?;
    parameters.into_iter().find(|(name, _)| name == "realm").map(|(_, realm)| realm)
}

/// Parses the challenges of one header line that this program can answer, in their order.
pub(crate) fn parse(line: &str) -> Vec<Challenge> {
    schemes(line)
        .into_iter()
        .filter_map(|(scheme, parameters)| parse_challenge(&scheme, parameters))
        .collect()
}

/// Splits one header line into its schemes in lower case, each with its parameters.
fn schemes(line: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut rest = line;
    let mut schemes: Vec<(String, Vec<(String, String)>)> = Vec::new();
    while let Some((token, after)) = next_token(rest) {
        match after.trim_start().strip_prefix('=') {
            Some(after) => {
                let (value, after) = next_value(after.trim_start());
                if let Some((_, parameters)) = schemes.last_mut() {
                    parameters.push((token.to_ascii_lowercase(), value));
                }
                rest = after;
            }
            None => {
                schemes.push((token.to_ascii_lowercase(), Vec::new()));
                rest = after;
            }
        }
    }
    schemes
}

fn parse_challenge(scheme: &str, parameters: Vec<(String, String)>) -> Option<Challenge> {
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => {
            let mut bearer = BearerChallenge::default();
            for (name, value) in parameters {
                match name.as_str() {
                    "realm" => bearer.realm = value,
                    "service" => bearer.service = Some(value).filter(|value| !value.is_empty()),
                    "scope" => bearer.scopes = value.split_whitespace().map(str::to_string).collect(),
                    "error" => bearer.error = Some(value),
                    _ => {}
                }
            }
            Some(Challenge::Bearer(bearer))
        }
        _ => None,
    }
}

/// Returns the next token, without the separators before it, and the rest.
fn next_token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"' | ';'));
    let end =
        text.find(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"' | ';')).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Returns a token or a quoted string with its escapes undone, and the rest.
fn next_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
        return (text[..end].to_string(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scopes: &[&str]) -> Challenge {
        Challenge::Bearer(BearerChallenge {
            realm: realm.into(),
            service: service.map(str::to_string),
            scopes: scopes.iter().map(|scope| scope.to_string()).collect(),
            error: None,
        })
    }

    /// docs/REGISTRIES.md §4.1, §10 row 7.
    #[test]
    fn challenges_are_read_however_they_are_written() {
        let plain = bearer("https://a/token", Some("reg"), &["repository:x:pull,push"]);
        let table = [
            (
                r#"Bearer realm="https://a/token",service="reg",scope="repository:x:pull,push""#,
                vec![plain.clone()],
            ),
            (
                r#"bearer Realm = "https://a/token" , SERVICE=reg, scope="repository:x:pull,push""#,
                vec![plain.clone()],
            ),
            (
                r#"Negotiate, Basic realm="a, b", Bearer realm="https://a/token",service="reg",scope="repository:x:pull,push""#,
                vec![Challenge::Basic, plain],
            ),
            (r#"Bearer realm="a\"b""#, vec![bearer("a\"b", None, &[])]),
            (r#"Bearer realm="open"#, vec![bearer("open", None, &[])]),
            ("Basic", vec![Challenge::Basic]),
            ("Digest realm=x, nonce=y", vec![]),
            ("", vec![]),
            (",,= \"", vec![]),
            ("Bearer", vec![bearer("", None, &[])]),
        ];
        for (line, expected) in table {
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Basic realm=\"x\"".parse().expect("a value"));
        headers.append(WWW_AUTHENTICATE, "Bearer realm=\"https://a\"".parse().expect("a value"));
        assert_eq!(preferred_challenge(&headers), Some(bearer("https://a", None, &[])));
        headers.clear();
        assert_eq!(preferred_challenge(&headers), None);
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics_or_loops(line in "[A-Za-z=\", \\\\;\u{e9}]{0,60}") {
            parse(&line);
        }
    }
}
