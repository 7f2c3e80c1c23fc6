//! The token endpoints that may get a login.

use reqwest::Url;

use crate::client::error::Cause;
use crate::client::http::origin::{self, Origin};
use crate::model::text::SafeText;

/// How far a token endpoint is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RealmTrust {
    /// It may get the login.
    Login,
    /// It is contacted without a login.
    Anonymous,
}

/// Decides whether a token endpoint that the registry names is contacted, and whether with the login. The registry
/// chooses the destination of a password, so only its own origin, its own registrable domain over HTTPS, and the hosts
/// that the user allows may get it: a host at every port, or a host and a port.
pub(crate) fn realm_trust(
    registry: &Origin,
    realm: &Url,
    registry_is_loopback: bool,
    allowed: &[String],
) -> Result<RealmTrust, Cause> {
    let refuse = |why: String| Err(Cause::UntrustedRealm(SafeText::from(why)));
    let Some(target) = Origin::of(realm) else {
        return refuse("the token service is not reached by HTTP".into());
    };
    if !realm.username().is_empty() || realm.password().is_some() {
        return refuse("the token service's address carries a user name".into());
    }
    if target == *registry {
        return Ok(RealmTrust::Login);
    }
    if registry.is_https() && !target.is_https() {
        return refuse(format!("the token service `{}` is reached by plain HTTP", target.host()));
    }
    let may_be_inside = registry_is_loopback || target.is_same_host(registry);
    if origin::literal_ip(realm).is_some_and(|address| origin::is_forbidden(address, may_be_inside)) {
        return refuse(format!(
            "the token service is at `{}`, inside this machine or network link",
            target.host()
        ));
    }
    let with_port = format!("{}:{}", target.host(), realm.port_or_known_default().unwrap_or_default());
    let is_allowed =
        allowed.iter().any(|name| [target.host(), &with_port].iter().any(|of| name.eq_ignore_ascii_case(of)));
    let is_same_site = target.is_https() && origin::is_same_site(target.host(), registry.host());
    Ok(if is_allowed || is_same_site { RealmTrust::Login } else { RealmTrust::Anonymous })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(registry: &str, realm: &str, allowed: &[&str]) -> Option<RealmTrust> {
        let own = Origin::of(&registry.parse().expect("a url")).expect("an origin");
        let is_loopback = own.host() == "127.0.0.1" || own.host() == "localhost";
        let allowed: Vec<String> = allowed.iter().map(|host| host.to_string()).collect();
        realm_trust(&own, &realm.parse().expect("a url"), is_loopback, &allowed).ok()
    }

    /// docs/REGISTRIES.md §4.2, §10 row 9; docs/RELIABILITY.md B1, B2.
    #[test]
    fn a_login_goes_only_to_origins_of_its_registry() {
        let (login, anonymous, refused) = (Some(RealmTrust::Login), Some(RealmTrust::Anonymous), None);
        let table = [
            ("https://registry-1.docker.io", "https://auth.docker.io/token", login),
            ("https://r.example.com", "https://r.example.com/token", login),
            ("https://r.example.com", "https://sso.example.com/token", login),
            ("https://r.example.com", "https://evil.test/token", anonymous),
            ("https://r.example.co.uk", "https://evil.co.uk/token", anonymous),
            ("https://r.example.com", "http://r.example.com/token", refused),
            ("https://r.example.com", "https://user@r.example.com/token", refused),
            ("https://r.example.com", "https://169.254.169.254/token", refused),
            ("https://r.example.com", "https://127.1/token", refused),
            ("https://r.example.com", "https://2130706433/token", refused),
            ("https://r.example.com", "https://[::ffff:169.254.169.254]/token", refused),
            ("https://r.example.com", "https://0.0.0.0/token", refused),
            ("https://r.example.com", "file:///etc/passwd", refused),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000/token", login),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token", anonymous),
            ("http://127.0.0.1:5000", "http://169.254.169.254/token", refused),
        ];
        for (registry, realm, expected) in table {
            assert_eq!(trust(registry, realm, &[]), expected, "{registry} {realm}");
        }
        let sso = |allowed: &str| trust("https://r.example.com", "https://sso.test:8443/token", &[allowed]);
        assert_eq!([sso("SSO.test"), sso("sso.test:8443")], [login, login]);
        assert_eq!([sso("sso.test:443"), sso("sso.test:84"), sso("test")], [anonymous, anonymous, anonymous]);
        assert_eq!(trust("https://r.example.com", "https://sso.test/token", &["sso.test:443"]), login);
        assert_eq!(trust("http://127.0.0.1:5000", "http://[::1]:6000/token", &["[::1]:6000"]), login);
    }
}
