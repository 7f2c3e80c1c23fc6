//! One entry of `auths`: the login of one registry.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use crate::client::credentials::login::Login;
use crate::model::secret::Secret;

const PADDED_OR_NOT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The entry of one registry.
#[derive(Default, Clone)]
pub(super) struct LoginEntry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
    /// The field with a fault, empty for the whole entry, and the fault.
    fault: Option<(&'static str, &'static str)>,
}

impl std::fmt::Debug for LoginEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl LoginEntry {
    pub(super) fn of(value: Value) -> LoginEntry {
        let mut entry = LoginEntry::default();
        let mut fields = match value {
            Value::Object(fields) => fields,
            Value::Null => return entry,
            _ => {
                entry.fault = Some(("", "is not a JSON object"));
                return entry;
            }
        };
        let mut take = |name: &'static str| match fields.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text).filter(|text| !text.is_empty()),
            Some(_) => {
                entry.fault = Some((name, "is not a text"));
                None
            }
        };
        let (auth, username, password) = (take("auth"), take("username"), take("password"));
        let (identitytoken, registrytoken) = (take("identitytoken"), take("registrytoken"));
        LoginEntry { auth, username, password, identitytoken, registrytoken, fault: entry.fault }
    }

    /// Returns the login, or `None` if the entry has none. Fails if it has one that cannot be read.
    pub(super) fn login(&self) -> Result<Option<Login>, (&'static str, &'static str)> {
        if let Some(token) = &self.registrytoken {
            return Ok(Some(Login::Bearer(Secret::new(token))));
        }
        if let Some(token) = &self.identitytoken {
            return Ok(Some(Login::Identity(Secret::new(token))));
        }
        let written_out = || Some((self.username.clone()?, self.password.clone()?));
        let fault = match &self.auth {
            Some(auth) => match decode(auth) {
                Some((user, password)) => return Ok(Some(password_login(user, password))),
                None => Some(("auth", "is not `user:password` in base64")),
            },
            None => self.fault,
        };
        match (written_out(), fault) {
            (Some((user, password)), _) => Ok(Some(password_login(user, password))),
            (None, Some(fault)) => Err(fault),
            (None, None) => Ok(None),
        }
    }
}

fn password_login(user: String, password: String) -> Login {
    Login::Password { user, password: Secret::new(password) }
}

/// Decodes `user:password` from base64. A password may hold colons and end in NULs; a user may not be empty.
fn decode(auth: &str) -> Option<(String, String)> {
    let compact: String = auth.split_whitespace().collect();
    let text = String::from_utf8(PADDED_OR_NOT.decode(compact).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    (!user.is_empty()).then(|| (user.to_string(), password.to_string()))
}
