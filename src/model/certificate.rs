//! Certificates of servers, as they are shown before the user decides about them.

use std::fmt;

use jiff::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate, X509Name};

use super::digest::Digest;
use super::text::SafeText;
use super::time;

/// Most names of a certificate that are shown.
const MOST_NAMES: usize = 20;
/// Most characters of a text from a certificate.
const LONGEST_TEXT: usize = 200;
/// The label of a fingerprint.
pub(crate) const SHA_256: &str = "SHA-256";
/// Digits of a SHA-256 hash.
const DIGITS: usize = 64;

/// The SHA-256 hash of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Computes the hash of a certificate in DER.
    pub(crate) fn of(der: &[u8]) -> Fingerprint {
        let digest = Digest::sha256(der).to_string();
        Fingerprint(digest.trim_start_matches("sha256:").to_ascii_lowercase())
    }

    /// Parses 64 hexadecimal digits, with or without colons. `openssl x509 -fingerprint -sha256` prints them with
    /// `sha256 Fingerprint=` before them, which is accepted as well.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let text = text.trim().to_ascii_lowercase();
        let digits = text.rsplit_once('=').map_or(text.as_str(), |(_, digits)| digits);
        let digits: String =
            digits.trim_start_matches("sha256:").chars().filter(|digit| *digit != ':').collect();
        let is_hash = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hash.then_some(Fingerprint(digits))
    }
}

impl fmt::Display for Fingerprint {
    /// Writes it as openssl does: `AB:CD:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, digit) in self.0.chars().enumerate() {
            if index > 0 && index % 2 == 0 {
                f.write_str(":")?;
            }
            write!(f, "{}", digit.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

/// A certificate that a server presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// Its hash.
    pub fingerprint: Fingerprint,
    /// The text about its owner. Empty if there is none, or if the certificate cannot be read.
    pub subject: SafeText,
    /// The names and addresses that it is for.
    pub names: Vec<SafeText>,
    /// The number of names beyond those.
    pub more_names: usize,
    /// The text about the authority that signed it.
    pub issuer: SafeText,
    /// The time from which and the time until which it is valid.
    pub validity: Option<(Timestamp, Timestamp)>,
}

impl ServerCertificate {
    /// Reads a certificate in DER. Parts that cannot be read stay empty; the hash is always there.
    pub(crate) fn of_der(der: &[u8]) -> ServerCertificate {
        let mut certificate = ServerCertificate {
            fingerprint: Fingerprint::of(der),
            subject: SafeText::default(),
            names: Vec::new(),
            more_names: 0,
            issuer: SafeText::default(),
            validity: None,
        };
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return certificate };
        certificate.subject = name_text(parsed.subject());
        certificate.issuer = name_text(parsed.issuer());
        let at = |time: x509_parser::time::ASN1Time| {
            let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
            Timestamp::from_second(time.timestamp().clamp(first, last)).ok()
        };
        certificate.validity = at(parsed.validity().not_before).zip(at(parsed.validity().not_after));
        for extension in parsed.extensions() {
            let ParsedExtension::SubjectAlternativeName(alternative) = extension.parsed_extension() else {
                continue;
            };
            for name in alternative.general_names.iter().filter_map(alternative_text) {
                if certificate.names.len() < MOST_NAMES {
                    certificate.names.push(name);
                } else {
                    certificate.more_names += 1;
                }
            }
        }
        certificate
    }

    /// Describes when it is valid: `2025-01-01 to 2025-02-01 (expired 3 days ago)`.
    pub(crate) fn describe_validity(&self, now: Timestamp) -> String {
        let Some((from, until)) = self.validity else { return "cannot be read".into() };
        if until.as_second() >= Timestamp::MAX.as_second() && from <= now {
            // RFC 5280 § 4.1.2.5: 99991231235959Z stands for no end.
            return format!("from {} on, without an end", time::day(from));
        }
        let days =
            |from: Timestamp, to: Timestamp| (to.as_second().saturating_sub(from.as_second())) / 86_400;
        let about = match (now < from, now > until) {
            (true, _) => format!("valid {}", in_days(days(now, from))),
            (_, true) => match days(until, now) {
                0 => "expired today".into(),
                1 => "expired 1 day ago".into(),
                days => format!("expired {days} days ago"),
            },
            _ => format!("expires {}", in_days(days(now, until))),
        };
        format!("{} to {} ({about})", time::day(from), time::day(until))
    }

    /// Returns the lines about the certificate, each with its label.
    pub(crate) fn lines(&self, now: Timestamp) -> Vec<(&'static str, String)> {
        let or_none = |text: &SafeText| if text.is_empty() { "none".into() } else { text.to_string() };
        let names: Vec<&str> = self.names.iter().map(SafeText::as_str).collect();
        let names = match (names.is_empty(), self.more_names) {
            (true, _) => "none".into(),
            (_, 0) => names.join(", "),
            (_, more) => format!("{} and {more} more", names.join(", ")),
        };
        vec![
            ("subject", or_none(&self.subject)),
            ("names", names),
            ("issuer", or_none(&self.issuer)),
            ("valid", self.describe_validity(now)),
            (SHA_256, self.fingerprint.to_string()),
        ]
    }
}

fn in_days(days: i64) -> String {
    match days {
        0 => "within a day".into(),
        1 => "in 1 day".into(),
        days => format!("in {days} days"),
    }
}

fn name_text(name: &X509Name<'_>) -> SafeText {
    capped(&name.to_string())
}

fn alternative_text(name: &GeneralName<'_>) -> Option<SafeText> {
    match name {
        GeneralName::DNSName(name) => Some(capped(name)),
        GeneralName::IPAddress(bytes) => {
            if let Ok(bytes) = <[u8; 4]>::try_from(*bytes) {
                Some(SafeText::from(std::net::Ipv4Addr::from(bytes).to_string()))
            } else {
                let bytes = <[u8; 16]>::try_from(*bytes).ok()?;
                Some(SafeText::from(std::net::Ipv6Addr::from(bytes).to_string()))
            }
        }
        _ => None,
    }
}

fn capped(text: &str) -> SafeText {
    let start: String = text.chars().take(LONGEST_TEXT).collect();
    let is_cut = start.len() < text.len();
    SafeText::clean(&if is_cut { format!("{start}…") } else { start })
}

/// A certificate that a server presented in a handshake, and the judgement on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedCertificate {
    /// The certificate.
    pub certificate: ServerCertificate,
    /// The reason why it is not accepted, if there is one.
    pub problem: Option<SafeText>,
    /// The fingerprint that is pinned for this server.
    pub pinned: Option<Fingerprint>,
}

impl OfferedCertificate {
    /// Returns whether another certificate is pinned for the server.
    pub(crate) fn is_changed(&self) -> bool {
        self.pinned.as_ref().is_some_and(|pinned| *pinned != self.certificate.fingerprint)
    }

    /// Returns whether this very certificate is pinned for the server.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned.as_ref().is_some_and(|pinned| *pinned == self.certificate.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_openssl_and_others_print_it() {
        let own = Fingerprint::of(b"x");
        let bare = own.to_string().replace(':', "");
        let of_openssl = format!("sha256 Fingerprint={own}\n");
        for text in [own.to_string(), bare.clone(), bare.to_lowercase(), of_openssl, format!("SHA256:{bare}")]
        {
            assert_eq!(Fingerprint::parse(&text).as_ref(), Some(&own), "{text}");
        }
        for text in ["", "AB", &bare[1..], &format!("{bare}0"), &"g".repeat(64)] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_have_a_fingerprint_and_nothing_else() {
        let read = ServerCertificate::of_der(&[0x30, 0x82, 0xff]);
        assert_eq!(read.fingerprint, Fingerprint::of(&[0x30, 0x82, 0xff]));
        assert!(read.names.is_empty() && read.subject.is_empty() && read.validity.is_none());
    }

    #[test]
    fn a_certificate_without_an_end_is_valid_without_an_end() {
        let mut params = rcgen::CertificateParams::new(vec!["r.test".to_string()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(1850, 1, 2);
        // The last second that a certificate can name is later than the last one of a timestamp.
        let end = rcgen::date_time_ymd(9999, 12, 31) + std::time::Duration::from_secs(86_399);
        params.not_after = end;
        let key = rcgen::KeyPair::generate().expect("a key");
        let read = ServerCertificate::of_der(params.self_signed(&key).expect("a certificate").der());
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(read.describe_validity(now), "from 1850-01-02 on, without an end");
        let before = "1800-01-01T00:00:00Z".parse().expect("a time");
        assert!(read.describe_validity(before).contains("(valid in"));
    }

    #[test]
    fn damaged_certificates_are_read_as_far_as_they_can_be() {
        let mut params =
            rcgen::CertificateParams::new(vec!["r.test".into(), "127.0.0.1".into()]).expect("names");
        params.distinguished_name.push(rcgen::DnType::CommonName, "a\u{202e}b\u{7}ö");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().expect("a key");
        let whole = params.self_signed(&key).expect("a certificate").der().to_vec();
        let read = |der: &[u8]| {
            let read = ServerCertificate::of_der(der);
            let lines = read.lines(Timestamp::UNIX_EPOCH);
            let is_unsafe = |text: &str| text.contains(['\u{202e}', '\u{7}', '\u{0}', '\n']);
            assert!(!lines.iter().any(|(_, text)| is_unsafe(text)), "{lines:?}");
        };
        for at in 0..whole.len() {
            read(&whole[..at]);
            for byte in [0, 1, 0x1e, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                read(&damaged);
            }
        }
    }

    #[test]
    fn texts_of_a_certificate_are_safe_and_capped() {
        let mut names = vec!["r.test".to_string(), "127.0.0.1".to_string()];
        names.extend((0..30).map(|number| format!("n{number}.test")));
        let mut params = rcgen::CertificateParams::new(names).expect("names");
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("a\u{1b}[31m{}", "b".repeat(999)));
        let key = rcgen::KeyPair::generate().expect("a key");
        let read = ServerCertificate::of_der(params.self_signed(&key).expect("a certificate").der());
        assert_eq!((read.names.len(), read.more_names), (20, 12));
        assert_eq!((read.names[0].as_str(), read.names[1].as_str()), ("r.test", "127.0.0.1"));
        assert!(read.subject.as_str().chars().count() <= LONGEST_TEXT + 10, "{}", read.subject);
        assert!(!read.subject.as_str().contains('\u{1b}') && read.subject.as_str().ends_with('…'));
    }

    #[test]
    fn the_validity_says_how_far_away_its_end_is() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let mut read = ServerCertificate::of_der(b"");
        read.validity = Some((at("2025-01-10T00:00:00Z"), at("2025-02-10T00:00:00Z")));
        for (now, about) in [
            ("2025-01-08T00:00:00Z", "valid in 2 days"),
            ("2025-02-09T00:00:00Z", "expires in 1 day"),
            ("2025-02-13T01:00:00Z", "expired 3 days ago"),
        ] {
            let text = read.describe_validity(at(now));
            assert_eq!(text, format!("2025-01-10 to 2025-02-10 ({about})"));
        }
    }
}
