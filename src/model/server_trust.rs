//! The decision of the user about a server that is not trusted otherwise: the facts about the server, and the choices.

use jiff::Timestamp;

use super::certificate::{Fingerprint, OfferedCertificate, SHA_256};
use super::reference::Host;

/// Everything that is known about a server before the user decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTrust {
    /// The server that the decision is about, with its port: the registry, or a server that it leads to.
    pub server: Host,
    /// Whether that is the registry itself.
    pub is_registry: bool,
    /// The answer of the server to the greeting of TLS.
    pub greeting: Greeting,
    /// The fingerprint that is pinned for it.
    pub pinned: Option<Fingerprint>,
    /// Whether it is reached over plain HTTP now.
    pub plain: PlainHttp,
    /// Whether a setting or an option turned off the check of its certificate. A pin is checked all the same.
    pub is_unchecked: bool,
}

/// The answer of a server to the greeting of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// It presents this certificate.
    Certificate(Box<OfferedCertificate>),
    /// It answers without TLS.
    NoTls,
}

/// Whether a server is reached over plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// Not allowed.
    No,
    /// The user allowed it with a decision, which can be forgotten.
    Decided,
    /// A setting, an option, the name, or its place on this machine allows it.
    Set,
    /// The system's files allow it for requests without a login.
    WithoutLogin,
}

/// A choice of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustChoice {
    /// Changes nothing.
    Leave,
    /// Trusts the server as it is, until regtui ends.
    ThisRun,
    /// Trusts the server as it is, in this and all later runs.
    Always,
    /// Forgets the decision that was taken before.
    Forget,
    /// Reaches the server with TLS until regtui ends, although a setting says otherwise.
    UseTls,
}

/// A decision that is to be carried out.
#[derive(Debug)]
pub struct TrustRequest {
    /// The registry whose panes wait for it.
    pub(crate) registry: Host,
    /// The facts that the user has seen.
    pub(crate) seen: ServerTrust,
    /// The choice.
    pub(crate) choice: TrustChoice,
}

/// A fact about the server, for one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrustFact {
    /// Its label.
    pub(crate) label: &'static str,
    /// The text.
    pub(crate) text: String,
    /// Whether it is a reason against trust.
    pub(crate) is_bad: bool,
}

impl ServerTrust {
    /// Returns the facts, the most important ones first.
    pub(crate) fn facts(&self, now: Timestamp) -> Vec<TrustFact> {
        let fact = |label, text: String, is_bad| TrustFact { label, text, is_bad };
        let state = |text: String, is_bad| fact(if is_bad { "problem" } else { "state" }, text, is_bad);
        let Greeting::Certificate(offer) = &self.greeting else {
            let is_bad = self.plain == PlainHttp::No || self.pinned.is_some();
            let mut facts = vec![state(self.plain_problem().into(), is_bad)];
            facts.extend(self.pinned.as_ref().map(|pinned| fact("pinned", pinned.to_string(), false)));
            return facts;
        };
        let problem = match &offer.problem {
            _ if offer.is_changed() => {
                state("ANOTHER certificate than the pinned one is presented".into(), true)
            }
            _ if offer.is_pinned() => state("it is the pinned certificate".into(), false),
            Some(problem) if self.is_unchecked => {
                state(format!("{problem}; a setting accepts every certificate of it"), true)
            }
            Some(problem) => state(problem.to_string(), true),
            None => state("it is trusted without a pin".into(), false),
        };
        let pinned = self.pinned.as_ref().filter(|_| offer.is_changed());
        let lines = offer.certificate.lines(now).into_iter().map(|(label, text)| fact(label, text, false));
        let (fingerprint, others): (Vec<_>, Vec<_>) = lines.partition(|fact| fact.label == SHA_256);
        let pinned = pinned.map(|pinned| fact("pinned", pinned.to_string(), false));
        std::iter::once(problem).chain(fingerprint).chain(pinned).chain(others).collect()
    }

    fn plain_problem(&self) -> &'static str {
        match (self.pinned.is_some(), self.plain) {
            (true, _) => "it answers without TLS, although a certificate is pinned for it",
            (false, PlainHttp::No) => {
                "it answers without TLS: logins and content would be sent unencrypted, and others could read and change them"
            }
            (false, PlainHttp::Decided) => "it answers without TLS, and plain HTTP was allowed for it",
            (false, PlainHttp::Set) => "it answers without TLS, and is reached over plain HTTP",
            (false, PlainHttp::WithoutLogin) => {
                "it answers without TLS, and is reached over plain HTTP without a login, as the system's files allow"
            }
        }
    }

    /// Returns whether the server contradicts an earlier decision, so that its name must be typed before it is trusted.
    pub(crate) fn contradicts_pin(&self) -> bool {
        match &self.greeting {
            Greeting::Certificate(offer) => offer.is_changed(),
            Greeting::NoTls => self.pinned.is_some(),
        }
    }

    /// Returns whether requests are sent to the server as it is.
    pub(crate) fn is_accepted(&self) -> bool {
        match &self.greeting {
            Greeting::Certificate(offer) if self.plain == PlainHttp::No => {
                offer.problem.is_none() || (self.is_unchecked && !offer.is_changed())
            }
            Greeting::Certificate(_) => self.plain == PlainHttp::Decided,
            Greeting::NoTls => self.plain != PlainHttp::No && self.pinned.is_none(),
        }
    }

    /// Returns the choices with their labels. The first one changes nothing.
    pub(crate) fn choices(&self) -> Vec<(TrustChoice, &'static str)> {
        use TrustChoice::{Always, Forget, Leave, ThisRun, UseTls};
        let Greeting::Certificate(offer) = &self.greeting else {
            return match (self.pinned.is_some(), self.plain) {
                (true, _) => vec![
                    (Leave, "not now: nothing is sent to it"),
                    (ThisRun, "plain HTTP in this run"),
                    (Always, "always: plain HTTP replaces the pin"),
                ],
                (false, PlainHttp::No) => vec![
                    (Leave, "not now: nothing is sent to it"),
                    (ThisRun, "plain HTTP in this run"),
                    (Always, "always plain HTTP"),
                ],
                (false, PlainHttp::Decided) => {
                    vec![(Leave, "leave it so"), (Forget, "do not use plain HTTP any more")]
                }
                (false, PlainHttp::Set) => vec![(Leave, "leave it so")],
                (false, PlainHttp::WithoutLogin) => vec![
                    (Leave, "leave it so: no login is sent"),
                    (ThisRun, "plain HTTP in this run, with logins too"),
                    (Always, "always plain HTTP, with logins too"),
                ],
            };
        };
        if self.plain == PlainHttp::Decided {
            return vec![(Leave, "leave it so: plain HTTP is used"), (Forget, "use TLS from now on")];
        }
        if self.plain == PlainHttp::Set {
            let leave = if self.pinned.is_some() {
                "not now: nothing is sent, as plain HTTP is asked for"
            } else {
                "leave it so: the name or a setting asks for plain HTTP"
            };
            return vec![(Leave, leave), (UseTls, "use TLS in this run")];
        }
        if offer.is_pinned() {
            return vec![(Leave, "leave it so"), (Forget, "forget the pin")];
        }
        if offer.is_changed() {
            return vec![
                (Leave, "not now: nothing is sent to it"),
                (ThisRun, "trust the new certificate in this run"),
                (Always, "always: the new one replaces the pin"),
            ];
        }
        if offer.problem.is_none() {
            return vec![(Leave, "leave it so"), (Always, "pin it and accept no other")];
        }
        let leave = if self.is_unchecked {
            "leave it so: a setting accepts every certificate of it"
        } else {
            "not now: nothing is sent to it"
        };
        vec![
            (Leave, leave),
            (ThisRun, "trust this certificate in this run"),
            (Always, "always: pin it and accept no other"),
        ]
    }

    /// Describes the result of a choice: `the certificate of registry.test:443 is pinned`.
    pub(crate) fn describe_result(&self, choice: TrustChoice) -> String {
        let server = &self.server;
        match (choice, &self.greeting) {
            (TrustChoice::Leave, _) => format!("nothing was decided about {server}"),
            (TrustChoice::ThisRun, Greeting::Certificate(_)) => {
                format!("the certificate of {server} is trusted in this run")
            }
            (TrustChoice::Always, Greeting::Certificate(_)) => {
                format!("the certificate of {server} is pinned")
            }
            (TrustChoice::ThisRun, Greeting::NoTls) => {
                format!("{server} is reached over plain HTTP in this run")
            }
            (TrustChoice::Always, Greeting::NoTls) => {
                format!("{server} is reached over plain HTTP from now on")
            }
            (TrustChoice::UseTls, _) => format!("{server} is reached with TLS in this run"),
            (TrustChoice::Forget, _) if self.plain == PlainHttp::Decided => {
                format!("plain HTTP is not used for {server} any more")
            }
            (TrustChoice::Forget, _) => format!("the pin of {server} is forgotten"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::certificate::ServerCertificate;
    use crate::model::text::SafeText;

    fn trust(greeting: Greeting, pinned: Option<&[u8]>, plain: PlainHttp) -> ServerTrust {
        let server = Host::parse("r.test:5000").expect("a host");
        let pinned = pinned.map(Fingerprint::of);
        ServerTrust { server, is_registry: true, greeting, pinned, plain, is_unchecked: false }
    }

    fn certificate(problem: Option<&str>, pinned: Option<&[u8]>) -> Greeting {
        Greeting::Certificate(Box::new(OfferedCertificate {
            certificate: ServerCertificate::of_der(b"new"),
            problem: problem.map(|text| SafeText::from(text.to_string())),
            pinned: pinned.map(Fingerprint::of),
        }))
    }

    #[test]
    fn each_case_offers_what_is_left_to_decide_and_begins_with_no_change() {
        use TrustChoice::{Always, Forget, Leave, ThisRun, UseTls};
        let no = PlainHttp::No;
        let table = [
            (
                "unknown authority",
                trust(certificate(Some("x"), None), None, no),
                vec![Leave, ThisRun, Always],
                false,
            ),
            ("trusted", trust(certificate(None, None), None, no), vec![Leave, Always], false),
            ("pinned", trust(certificate(None, Some(b"new")), Some(b"new"), no), vec![Leave, Forget], false),
            (
                "changed",
                trust(certificate(Some("x"), Some(b"old")), Some(b"old"), no),
                vec![Leave, ThisRun, Always],
                true,
            ),
            ("no TLS", trust(Greeting::NoTls, None, no), vec![Leave, ThisRun, Always], false),
            ("no TLS any more", trust(Greeting::NoTls, Some(b"old"), no), vec![Leave, ThisRun, Always], true),
            ("allowed", trust(Greeting::NoTls, None, PlainHttp::Decided), vec![Leave, Forget], false),
            ("set", trust(Greeting::NoTls, None, PlainHttp::Set), vec![Leave], false),
            (
                "by the system's files",
                trust(Greeting::NoTls, None, PlainHttp::WithoutLogin),
                vec![Leave, ThisRun, Always],
                false,
            ),
            (
                "set, and no TLS any more",
                trust(Greeting::NoTls, Some(b"old"), PlainHttp::Set),
                vec![Leave, ThisRun, Always],
                true,
            ),
            (
                "TLS, and not asked for",
                trust(certificate(Some("x"), None), None, PlainHttp::Set),
                vec![Leave, UseTls],
                false,
            ),
            (
                "TLS again",
                trust(certificate(Some("x"), None), None, PlainHttp::Decided),
                vec![Leave, Forget],
                false,
            ),
        ];
        for (case, trust, choices, is_contradiction) in table {
            let offered: Vec<TrustChoice> = trust.choices().iter().map(|(choice, _)| *choice).collect();
            assert_eq!((offered, trust.contradicts_pin()), (choices, is_contradiction), "{case}");
            assert!(["problem", "state"].contains(&trust.facts(Timestamp::UNIX_EPOCH)[0].label), "{case}");
        }
    }

    #[test]
    fn the_first_choice_says_that_nothing_is_sent_exactly_if_nothing_is_sent() {
        let unchecked =
            |greeting, pinned| ServerTrust { is_unchecked: true, ..trust(greeting, pinned, PlainHttp::No) };
        let changed = || certificate(Some("x"), Some(b"old"));
        let (no, set) = (PlainHttp::No, PlainHttp::Set);
        for (trust, is_sent) in [
            (trust(certificate(Some("x"), None), None, no), false),
            (trust(certificate(None, None), None, no), true),
            (unchecked(certificate(Some("x"), None), None), true),
            (unchecked(changed(), Some(b"old")), false),
            (trust(changed(), Some(b"old"), no), false),
            (trust(certificate(None, Some(b"new")), Some(b"new"), set), false),
            (trust(certificate(None, None), None, set), true),
            (trust(Greeting::NoTls, None, no), false),
            (trust(Greeting::NoTls, None, set), true),
            (trust(Greeting::NoTls, None, PlainHttp::Decided), true),
            (trust(Greeting::NoTls, None, PlainHttp::WithoutLogin), true),
            (trust(Greeting::NoTls, Some(b"old"), set), false),
        ] {
            let says = trust.choices()[0].1;
            assert_eq!(says.contains("nothing is sent"), !is_sent, "{says}: {trust:?}");
            let is_bad = trust.facts(Timestamp::UNIX_EPOCH)[0].is_bad;
            assert!(!is_bad || !is_sent || trust.is_unchecked, "{trust:?}");
            // A server that would speak TLS, and is reached without, may refuse that.
            assert!(!trust.is_accepted() || is_sent, "{trust:?}");
        }
    }

    #[test]
    fn a_changed_certificate_is_shown_with_both_fingerprints() {
        let changed = trust(certificate(Some("x"), Some(b"old")), Some(b"old"), PlainHttp::No);
        let facts = changed.facts(Timestamp::UNIX_EPOCH);
        let find = |label| facts.iter().find(|fact| fact.label == label).map(|fact| fact.text.clone());
        assert_eq!(find("SHA-256"), Some(Fingerprint::of(b"new").to_string()));
        assert_eq!(find("pinned"), Some(Fingerprint::of(b"old").to_string()));
        assert!(facts[0].is_bad && facts[0].text.contains("ANOTHER"));
    }
}
