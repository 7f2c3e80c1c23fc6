//! Removal of secrets from text from outside: for logs, messages and reports.
//!
//! The output of a helper, a server or a file may hold a password that was never meant to be read again: a credential
//! helper that fails after it printed the login, a proxy that sends the request's own headers back, an address with
//! user and password, a line of a configuration. The type of the program's own secrets keeps them safe. This module is
//! for all other text.

use std::borrow::Cow;

use super::text::SafeText;

/// The mark in place of a secret.
const MASK: &str = "…";
/// The longest output of a program that is quoted, in bytes.
const LONGEST_QUOTE: usize = 200;
/// The longest word of such a text that is not taken for a token. The parts of long paths are shorter.
const LONGEST_PART: usize = 40;
/// The shortest text that can be taken for a token by its looks.
const SHORTEST_TOKEN: usize = 8;

/// Keys with values that are secret whatever they look like.
const PASSWORDS: [&str; 6] = ["password", "passwd", "passphrase", "pwd", "secret", "_auth"];
/// Keys that also begin plain sentences (`invalid token: it has expired`). Their values are secret if they look so.
const TOKENS: [&str; 10] = [
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "authorization",
    "auth",
    "credentials",
    "signature",
    // The signature of an address, as storage of Azure has it.
    "sig",
];

/// The beginnings of access tokens that need not be long: GitHub, GitLab, Docker Hub, DigitalOcean.
const ACCESS_TOKENS: [&str; 9] =
    ["ghp_", "gho_", "ghu_", "ghs_", "github_pat_", "glpat-", "gldt-", "dckr_", "dop_v1_"];

/// Returns the text with a mark in place of each secret that can be told: passwords in addresses, queries of addresses,
/// values of keys that name secrets, credentials of HTTP headers, JSON web tokens.
pub(crate) fn secrets(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut hides = Hides::Nothing;
    let mut rest = text;
    while !rest.is_empty() {
        let gap = rest.find(|c| !is_gap(c)).unwrap_or(rest.len());
        let (gap, after) = rest.split_at(gap);
        if gap.contains(['\n', '}', '&']) {
            hides = Hides::Nothing;
        }
        out.push_str(gap);
        let (word, after) = after.split_at(after.find(is_gap).unwrap_or(after.len()));
        let is_quoted = gap.ends_with(['"', '\'']);
        hides = push_word(&mut out, word, hides, is_quoted && after.starts_with(['"', '\'']));
        rest = after;
    }
    if out == text { text.into() } else { out.into() }
}

/// Returns whether the name of a user may be an access token, which some registries take in its place.
pub(crate) fn may_be_access_token(user: &str) -> bool {
    let has_prefix = ACCESS_TOKENS.iter().any(|prefix| user.starts_with(prefix));
    has_prefix || is_web_token(user) || (user.len() >= LONGEST_PART && !user.contains(['@', '$', '+', ' ']))
}

/// Returns the output of a program that failed, if it can be quoted without revealing a secret: one short line in
/// words, not JSON, and nothing in it that looks like a token.
pub(crate) fn quote_output(output: &[u8]) -> Option<SafeText> {
    let text = std::str::from_utf8(output).ok()?.trim();
    let is_short = !text.is_empty() && text.len() <= LONGEST_QUOTE && !text.contains(['\n', '\r']);
    let is_prose = text.contains(' ') && !text.contains(['{', '}', '[', ']', '=']);
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`'));
    let has_token = parts.into_iter().any(|part| part.len() > LONGEST_PART);
    // A secret that has to be masked in one place may be repeated in another.
    let is_clean = matches!(secrets(text), Cow::Borrowed(_));
    (is_short && is_prose && !has_token && is_clean && !names_a_secret(text)).then(|| SafeText::clean(text))
}

/// Returns whether the text is about to reveal a password: `the password is hunter2`.
fn names_a_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains(" is ") && PASSWORDS.iter().any(|key| text.contains(key))
}

/// The secrecy of the next word, as the words before it tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hides {
    Nothing,
    /// Secret if a sign of assignment comes before it.
    IfAssigned,
    /// Secret if it looks like a credential.
    Likely,
    /// Secret.
    Surely,
}

fn is_gap(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '"' | '\'' | '`' | ',' | ';' | '&' | '{' | '}' | '(' | ')' | '<' | '>' | '[' | ']' | '\\'
        )
}

fn push_word(out: &mut String, word: &str, hides: Hides, is_quoted: bool) -> Hides {
    if matches!(word, "" | ":" | "=" | ":=") {
        out.push_str(word);
        return match hides {
            Hides::IfAssigned if !word.is_empty() => Hides::Surely,
            hides => hides,
        };
    }
    let is_scheme = ["basic", "bearer"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
    if is_scheme {
        out.push_str(word);
        return hides.max_with(Hides::Likely);
    }
    let is_hidden = match hides {
        Hides::Nothing | Hides::IfAssigned => is_web_token(word),
        Hides::Likely => looks_secret(word),
        Hides::Surely => true,
    };
    if is_hidden {
        out.push_str(MASK);
        return Hides::Nothing;
    }
    if word.contains("://") {
        out.push_str(&address(word));
        return Hides::Nothing;
    }
    if let Some(rest) = after_user(word) {
        out.push_str(MASK);
        out.push_str(rest);
        return Hides::Nothing;
    }
    let (key, value) = match word.find(['=', ':']) {
        Some(at) => (&word[..at], Some((&word[at..=at], &word[at + 1..]))),
        None => (word, None),
    };
    let kind = kind_of(key);
    match value {
        // The value is the next word. A key in quotes is a key of JSON; without quotes a colon may end a sentence.
        Some((_, "")) | None if kind != Hides::Nothing => {
            out.push_str(word);
            match (value, is_quoted) {
                (None, false) => Hides::IfAssigned,
                (None, true) => Hides::Surely,
                (Some(("=", _)), _) => Hides::Surely,
                (Some(_), _) => kind,
            }
        }
        Some((sign, value))
            if kind == Hides::Surely || (kind == Hides::Likely && (sign == "=" || looks_secret(value))) =>
        {
            out.extend([key, sign, MASK]);
            Hides::Nothing
        }
        Some(_) | None => {
            out.push_str(word);
            Hides::Nothing
        }
    }
}

impl Hides {
    fn max_with(self, other: Hides) -> Hides {
        if self == Hides::Surely { self } else { other }
    }
}

fn kind_of(key: &str) -> Hides {
    let key = key.trim_start_matches('-').to_ascii_lowercase();
    match () {
        () if PASSWORDS.iter().any(|known| key.ends_with(known)) => Hides::Surely,
        () if TOKENS.iter().any(|known| key.ends_with(known)) => Hides::Likely,
        () => Hides::Nothing,
    }
}

/// Returns an address without user information and query.
fn address(word: &str) -> String {
    let (scheme, rest) = word.split_once("://").unwrap_or(("", word));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority =
        authority.rsplit_once('@').map_or(authority.to_string(), |(_, host)| format!("{MASK}@{host}"));
    let path = path.split_once('?').map_or(path.to_string(), |(path, _)| format!("{path}?{MASK}"));
    format!("{scheme}://{authority}{path}")
}

/// Returns the part from the `@` on if the text before it is `user:password`, in an address without a scheme. Text with
/// a digest after the `@` is an image instead.
fn after_user(word: &str) -> Option<&str> {
    let at = word.find('@')?;
    let (user, password) = word[..at].split_once(':')?;
    let is_image = word[at + 1..].split_once(':').is_some_and(|(algorithm, hex)| {
        matches!(algorithm, "sha256" | "sha512" | "sha384") || hex.len() >= 32
    });
    (!user.is_empty() && !password.is_empty() && !word[..at].contains('/') && !is_image).then(|| &word[at..])
}

/// Returns whether a word looks like a JSON web token: `header.claims.signature`, each in base64.
fn is_web_token(word: &str) -> bool {
    word.starts_with("eyJ") && word.len() > 20
}

/// Returns whether a word may be a password or a token rather than a word of a sentence.
fn looks_secret(word: &str) -> bool {
    let is_coded = word.bytes().all(|byte| byte.is_ascii_graphic());
    let is_odd = word.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'=' | b'+'))
        || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    word.len() >= SHORTEST_TOKEN && is_coded && is_odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_every_place() {
        let table = [
            ("proxy http://me:hunter2@proxy.test:3128/ refused", "proxy http://…@proxy.test:3128/ refused"),
            ("https://h/v2/x?sig=abc&n=1", "https://h/v2/x?…&n=1"),
            ("/v2/x?sig=abc&n=1", "/v2/x?sig=…&n=1"),
            ("/v2/x?se=2026&sig=aB%2Fc", "/v2/x?se=2026&sig=…"),
            ("the config=abc of a zsig", "the config=abc of a zsig"),
            ("user:hunter2@r.test/app is no target", "…@r.test/app is no target"),
            (r#"{"Username":"u","Secret":"hunter2"}"#, r#"{"Username":"u","Secret":"…"}"#),
            (r#"{"identitytoken" : "abc"}"#, r#"{"identitytoken" : "…"}"#),
            ("password = \"hunter2\"", "password = \"…\""),
            ("registry_password=hunter2", "registry_password=…"),
            ("Password: hunter2", "Password: …"),
            ("--password hunter2x", "--password hunter2x"),
            ("refresh_token=abc&service=x", "refresh_token=…&service=x"),
            ("Authorization: Basic dXNlcjpodW50ZXIy", "Authorization: Basic …"),
            ("sent Bearer abcDEF123456.x", "sent Bearer …"),
            ("no good: eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "no good: …"),
        ];
        for (text, expected) in table {
            assert_eq!(secrets(text), expected, "{text}");
        }
    }

    #[test]
    fn plain_sentences_stay_as_they_are() {
        for text in [
            "unauthorized: authentication required",
            "invalid token: it has expired",
            "Basic authentication is not supported",
            "the Bearer token is missing",
            "team/app:1.0@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "localhost:5000/team/app:1.0: not found",
            "log in with `regtui login reg.example:5000`",
            "write to me@example.test",
            "",
        ] {
            assert_eq!(secrets(text), text);
        }
    }

    #[test]
    fn a_program_is_quoted_only_in_short_plain_words() {
        let quoted = |text: &str| quote_output(text.as_bytes()).map(|text| text.to_string());
        for text in [
            "error getting credentials - err: exec: \"pass\": executable file not found in $PATH",
            "the keychain /home/me/.local/share/keyrings/login.keyring is locked",
        ] {
            assert_eq!(quoted(text).as_deref(), Some(text));
        }
        assert_eq!(quoted("no \u{1b}[2J good").as_deref(), None, "brackets are JSON's");
        assert_eq!(quoted("no\u{7} good\n").as_deref(), Some("no␇ good"));
        for text in [
            r#"{"Username":"u","Secret":"hunter2"}"#,
            "found {\"Secret\":\"hunter2\"}",
            "username=u password=hunter2",
            "two lines\nhunter2",
            "hunter2",
            "the password is hunter2",
            "got user:hunter2@r.test instead",
            "dckr_pat_abcdefghijklmnopqrstuvwxyz0123456789ABC is refused",
            &"long ".repeat(100),
            "",
        ] {
            assert_eq!(quoted(text), None, "{text}");
        }
        assert_eq!(quote_output(b"not \xff text"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-z:=@/?&\"{} \u{e9}]{0,40}") {
            secrets(&text);
            quote_output(text.as_bytes());
        }
    }
}
