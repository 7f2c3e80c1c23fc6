//! The identity that a certificate claims: RFC 5280, and the extensions of Fulcio,
//! <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>.
//!
//! Nothing here checks a chain: regtui shows such an identity as a claim, never as a fact.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;

use super::der::{DerReader, tag};
use crate::model::text::SafeText;

/// The identity in a certificate that nobody has checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ClaimedIdentity {
    /// The subject: an e-mail address, a URI or a name.
    pub(crate) subject: Option<SafeText>,
    /// The issuer of the token that the certificate was given for, or the name of the certificate's issuer.
    pub(crate) issuer: Option<SafeText>,
    /// The repository of the source.
    pub(crate) source_repository: Option<SafeText>,
    /// The commit of the source.
    pub(crate) commit: Option<SafeText>,
    /// The ref of the source.
    #[serde(rename = "ref")]
    pub(crate) git_ref: Option<SafeText>,
    /// The beginning of the certificate's validity.
    pub(crate) valid_from: Option<Timestamp>,
    /// The end of the certificate's validity.
    pub(crate) valid_until: Option<Timestamp>,
}

/// 2.5.29.17, the alternative names of the subject.
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// 2.5.4.3, the common name.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 1.3.6.1.4.1.57264.1, below which Fulcio's extensions are.
const FULCIO: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01];

/// The tags of the general names that identify a subject: a name of another kind, an e-mail address, a DNS name, a URI.
const OTHER_NAME: u8 = 0xa0;
const EMAIL: u8 = 0x81;
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;
/// The tags of optional parts: the version, and the extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

impl ClaimedIdentity {
    /// Reads the first certificate of a PEM text.
    pub(super) fn of_pem(pem: &str) -> Option<ClaimedIdentity> {
        ClaimedIdentity::of_der(&CertificateDer::from_pem_slice(pem.as_bytes()).ok()?)
    }

    /// Reads a certificate in base64.
    pub(super) fn of_base64(text: &str) -> Option<ClaimedIdentity> {
        ClaimedIdentity::of_der(&STANDARD.decode(text).ok()?)
    }

    /// Reads a certificate in DER.
    pub(super) fn of_der(der: &[u8]) -> Option<ClaimedIdentity> {
        let mut certificate = DerReader::new(der).sequence()?.sequence()?;
        let (first, _) = certificate.next_value()?;
        if first == VERSION {
            certificate.next_value()?;
        }
        certificate.sequence()?;
        let issuer = common_name(certificate.sequence()?);
        let mut validity = certificate.sequence()?;
        let (valid_from, valid_until) = (time(validity.next_value()?), time(validity.next_value()?));
        let subject = common_name(certificate.sequence()?);
        certificate.sequence()?;
        let mut identity =
            ClaimedIdentity { subject, issuer, valid_from, valid_until, ..ClaimedIdentity::default() };
        let extensions = certificate.find(|(tag, _)| *tag == EXTENSIONS);
        if let Some(mut extensions) = extensions.and_then(|(_, list)| DerReader::new(list).sequence()) {
            identity.take_extensions(&mut extensions);
        }
        Some(identity)
    }

    fn take_extensions(&mut self, extensions: &mut DerReader<'_>) {
        let mut older = ClaimedIdentity::default();
        for (_, extension) in extensions.filter(|(tag, _)| *tag == tag::SEQUENCE) {
            let mut parts = DerReader::new(extension);
            let Some(id) = parts.content_of(tag::OID) else { continue };
            let Some((_, value)) = parts.find(|(tag, _)| *tag == tag::OCTET_STRING) else { continue };
            if id == SUBJECT_ALTERNATIVE_NAME {
                self.subject = alternative_name(value).or(self.subject.take());
                continue;
            }
            let encoded = || text(DerReader::new(value).content_of(tag::UTF8)?);
            // The first six are raw texts, the others are encoded. The newer one of two counts.
            match id.strip_prefix(FULCIO) {
                Some([1]) => older.issuer = text(value),
                Some([3]) => older.commit = text(value),
                Some([5]) => older.source_repository = text(value),
                Some([6]) => older.git_ref = text(value),
                Some([8]) => self.issuer = encoded().or(self.issuer.take()),
                Some([12]) => self.source_repository = encoded(),
                Some([13]) => self.commit = encoded(),
                Some([14]) => self.git_ref = encoded(),
                _ => {}
            }
        }
        self.issuer = older.issuer.or(self.issuer.take());
        self.source_repository = self.source_repository.take().or(older.source_repository);
        self.commit = self.commit.take().or(older.commit);
        self.git_ref = self.git_ref.take().or(older.git_ref);
    }
}

/// Returns the first alternative name that identifies a subject.
fn alternative_name(value: &[u8]) -> Option<SafeText> {
    DerReader::new(value).sequence()?.find_map(|(tag, name)| match tag {
        EMAIL | DNS_NAME | URI => text(name),
        OTHER_NAME => {
            let (_, wrapped) = DerReader::new(name).nth(1)?;
            text(DerReader::new(wrapped).content_of(tag::UTF8)?)
        }
        _ => None,
    })
}

/// Returns the common name in a distinguished name.
fn common_name(name: DerReader<'_>) -> Option<SafeText> {
    let mut parts = name.filter(|(tag, _)| *tag == tag::SET);
    parts.find_map(|(_, set)| {
        let mut attribute = DerReader::new(set).sequence()?;
        let is_common_name = attribute.content_of(tag::OID)? == COMMON_NAME;
        let (_, value) = attribute.next_value().filter(|_| is_common_name)?;
        text(value)
    })
}

fn text(bytes: &[u8]) -> Option<SafeText> {
    let text = SafeText::clean(std::str::from_utf8(bytes).ok()?);
    Some(text).filter(|text| !text.is_empty())
}

/// Reads `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`. Years of two digits from 50 on are of the last century: RFC 5280 § 4.1.2.5.
fn time((tag, bytes): (u8, &[u8])) -> Option<Timestamp> {
    let digits = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let digits = match tag {
        tag::UTC_TIME => format!("{}{digits}", if digits < "50" { "20" } else { "19" }),
        tag::GENERALIZED_TIME => digits.to_owned(),
        _ => return None,
    };
    if digits.len() != 14 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (date, clock) =
        ([part(0, 4), part(4, 6), part(6, 8)].join("-"), [part(8, 10), part(10, 12), part(12, 14)].join(":"));
    format!("{date}T{clock}Z").parse().ok()
}
