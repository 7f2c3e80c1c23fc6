//! Error messages of a registry, in any form.

use std::ops::Deref;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::columns;
use crate::model::redact;
use crate::model::text::SafeText;

/// Longest part of an error's text that is shown, in bytes.
const LONGEST_MESSAGE: usize = 4 * 1024;

/// Most columns of the details of an error, and of the title of a page.
const LONGEST_DETAIL: usize = 200;

/// Code and message in an error's body: distribution-spec § Error Codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorBody(Box<ErrorWords>);

/// The words of an [`ErrorBody`], which are in a box so that errors stay small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorWords {
    /// `MANIFEST_UNKNOWN` and the like.
    pub(crate) code: Option<SafeText>,
    /// The message, in the registry's words, or the title of a web page.
    pub(crate) message: Option<SafeText>,
    /// The details of the message, if there are any.
    pub(crate) detail: Option<SafeText>,
}

impl Deref for ErrorBody {
    type Target = ErrorWords;

    fn deref(&self) -> &ErrorWords {
        &self.0
    }
}

impl From<ErrorWords> for ErrorBody {
    fn from(words: ErrorWords) -> ErrorBody {
        ErrorBody(Box::new(words))
    }
}

impl ErrorBody {
    /// Reads the body of an error, in any form.
    pub(crate) fn of(body: &[u8]) -> ErrorBody {
        #[derive(Deserialize)]
        struct JsonErrors<'a> {
            #[serde(default, borrow)]
            errors: Option<Vec<&'a RawValue>>,
            #[serde(default, borrow)]
            error: Option<&'a RawValue>,
            #[serde(default, borrow)]
            message: Option<&'a RawValue>,
            #[serde(default, borrow)]
            details: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct JsonError<'a> {
            #[serde(default, borrow)]
            code: Option<&'a RawValue>,
            #[serde(default, borrow)]
            message: Option<&'a RawValue>,
            #[serde(default, borrow)]
            detail: Option<&'a RawValue>,
        }
        let text = |raw: Option<&RawValue>| {
            serde_json::from_str::<String>(raw?.get()).ok().filter(|text| !text.is_empty())
        };
        let safe = |text: Option<String>| text.map(|text| SafeText::clean(&redact::secrets(cut(&text))));
        let Ok(json) = serde_json::from_slice::<JsonErrors>(body) else {
            let plain = String::from_utf8_lossy(body);
            let plain = plain.trim();
            let message = if plain.starts_with('<') {
                page_title(plain)
            } else {
                Some(plain.to_string()).filter(|plain| !plain.is_empty())
            };
            return ErrorWords { message: safe(message), ..ErrorWords::default() }.into();
        };
        let first =
            json.errors.iter().flatten().find_map(|raw| serde_json::from_str::<JsonError>(raw.get()).ok());
        match first {
            Some(entry) => {
                let message = text(entry.message);
                let detail = entry.detail.and_then(|raw| serde_json::from_str(raw.get()).ok());
                let detail = detail
                    .as_ref()
                    .and_then(describe_detail)
                    .filter(|detail| Some(detail) != message.as_ref());
                let detail = detail.map(|detail| columns::cut(&redact::secrets(&detail), LONGEST_DETAIL));
                ErrorWords { code: safe(text(entry.code)), message: safe(message), detail: safe(detail) }
                    .into()
            }
            None => {
                let message = text(json.message).or_else(|| text(json.error)).or_else(|| text(json.details));
                ErrorWords { message: safe(message), ..ErrorWords::default() }.into()
            }
        }
    }

    /// Returns whether the registry's code is this one.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.code.as_ref().is_some_and(|said| said.as_str().eq_ignore_ascii_case(code))
    }

    /// Returns whether code or message hold a word that begins like this, in any case. Names do not count: `team/quota`
    /// is none.
    pub(crate) fn has_word(&self, beginning: &str) -> bool {
        let has = |text: &SafeText| {
            let text = text.as_str().to_lowercase();
            let mut words = text.split(|c: char| !c.is_alphanumeric() && !"/-.:".contains(c));
            words.any(|word| word.starts_with(beginning))
        };
        self.code.as_ref().is_some_and(has) || self.message.as_ref().is_some_and(has)
    }

    /// Returns whether a registry or a token service says that the login lacks a right: RFC 6750 § 3.1, Gitea, GitHub.
    pub(crate) fn says_missing_right(&self) -> bool {
        const WORDS: [&str; 4] = [
            "insufficient_scope",
            "insufficient scope",
            "reqpackageaccess",
            "does not match expected scopes",
        ];
        WORDS.iter().any(|words| self.mentions(words))
    }

    /// Returns whether code or message hold this text, in any case.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        let has = |text: &Option<SafeText>| {
            text.as_ref().is_some_and(|text| text.as_str().to_lowercase().contains(word))
        };
        has(&self.code) || has(&self.message)
    }
}

/// Returns the title of a web page, on one line. `None` if it only repeats the status, as in `400 Bad Request`.
fn page_title(page: &str) -> Option<String> {
    let start = find_tag(page, "<title")?;
    let (_, rest) = page[start..].split_once('>')?;
    let title = &rest[..find_tag(rest, "</title").unwrap_or(rest.len())];
    let mut title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    entities.iter().for_each(|(entity, text)| title = title.replace(entity, text));
    let digits = title.bytes().take_while(u8::is_ascii_digit).count();
    let said = title[digits..].trim_start_matches([' ', '-', ':', '|', '–']).trim();
    let status = title[..digits].parse().ok().and_then(|status| reqwest::StatusCode::from_u16(status).ok());
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let text = if status.is_some() { said } else { title.as_str() };
    let is_news = !text.is_empty() && !text.eq_ignore_ascii_case(reason);
    is_news.then(|| columns::cut(text, LONGEST_DETAIL))
}

/// Returns the place of a tag in a page, in any case.
fn find_tag(page: &str, tag: &str) -> Option<usize> {
    page.as_bytes().windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

/// Puts the details of an error into words: a text as it is, the members of an object with their names. `None` if there
/// are none.
fn describe_detail(detail: &Value) -> Option<String> {
    let text = match detail {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => detail.to_string(),
        Value::Array(items) => items.iter().filter_map(describe_detail).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let member = |(name, value)| Some(format!("{name}: {}", describe_detail(value)?));
            members.iter().filter_map(member).collect::<Vec<_>>().join(", ")
        }
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_MESSAGE)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> (String, String) {
        let said = ErrorBody::of(body.as_bytes());
        let text = |text: Option<SafeText>| text.map(|text| text.to_string()).unwrap_or_default();
        (text(said.code.clone()), text(said.message.clone()))
    }

    #[test]
    fn a_page_says_its_title_and_not_the_status_again() {
        for (page, expected) in [
            (
                "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title>",
                "The plain HTTP request was sent to HTTPS port",
            ),
            (
                "<!DOCTYPE html>\n<HTML><TITLE lang=en>\n  Request Header\n Or Cookie &quot;Too Large&quot;</TITLE>",
                "Request Header Or Cookie \"Too Large\"",
            ),
            ("<html><title>400 Bad Request</title><h1>400 Bad Request</h1>", ""),
            (
                "<html><title>ERROR: The requested URL could not be retrieved</title>",
                "ERROR: The requested URL could not be retrieved",
            ),
            ("<html><title>\u{1b}[2J token=CANARY7CANARY7", "␛[2J token=…"),
            ("<html><title></title>", ""),
            ("<html>é<title", ""),
            ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", ""),
        ] {
            assert_eq!(said(page).1, expected, "{page}");
        }
    }

    #[test]
    fn the_details_of_an_error_are_put_into_words() {
        let detail = |detail: &str| {
            let body = format!(r#"{{"errors":[{{"code":"X","message":"no","detail":{detail}}}]}}"#);
            ErrorBody::of(body.as_bytes()).detail.clone().map(|text| text.to_string()).unwrap_or_default()
        };
        for (json, expected) in [
            (r#""only OCI manifests""#, "only OCI manifests"),
            (r#"{"mediaType":"a/b","n":[1,true]}"#, "mediaType: a/b, n: 1, true"),
            (r#"[{"a":"b"},null]"#, "a: b"),
            (r#""no""#, ""),
            ("{}", ""),
            ("null", ""),
            (r#""\u001b[2J""#, "␛[2J"),
            (r#"{"password":"CANARY7"}"#, "password: …"),
        ] {
            assert_eq!(detail(json), expected, "{json}");
        }
        assert!(detail(&format!("\"{}\"", "x".repeat(5000))).len() < 300);
    }

    #[test]
    fn a_server_that_sends_the_login_back_does_not_get_it_shown() {
        for body in [
            "bad request\nAuthorization: Basic dXNlcjpDQU5BUlk3",
            r#"{"message":"no such grant: refresh_token=CANARY7&service=x"}"#,
            r#"{"errors":[{"code":"X","message":"see http://me:CANARY7@proxy.test/?token=CANARY7"}]}"#,
            r#"{"error":"invalid: {\"password\":\"CANARY7\"}"}"#,
        ] {
            let (_, message) = said(body);
            assert!(!message.contains("CANARY7") && !message.contains("dXNlcjpDQU5BUlk3"), "{message}");
        }
    }

    /// docs/REGISTRIES.md §2.4.
    #[test]
    fn errors_are_read_in_every_form() {
        let table = [
            (r#"{"errors":[{"code":"DENIED","message":"no","detail":[1]}]}"#, "DENIED", "no"),
            (r#"{"errors":[null,{"code":"X","message":null}]}"#, "X", ""),
            (r#"{"errors":null,"message":"gone"}"#, "", "gone"),
            (r#"{"error":"invalid_grant"}"#, "", "invalid_grant"),
            (r#"{"details":"incorrect username or password"}"#, "", "incorrect username or password"),
            (r#"{"errors":[]}"#, "", ""),
            ("plain words\n", "", "plain words"),
            ("<html>no</html>", "", ""),
            ("", "", ""),
            ("{\"errors\":[{\"code\":\"\u{1b}[2J\"}]}", "", ""),
            ("{\"message\":\"\\u001b[2J\"}", "", "␛[2J"),
        ];
        for (body, code, message) in table {
            let expected = if body.contains('\u{1b}') {
                (String::new(), said(body).1)
            } else {
                (code.into(), message.into())
            };
            assert_eq!(said(body), expected, "{body}");
        }
    }
}
