//! The check of a server's certificate.
//!
//! The system's authorities and those of the user count. A certificate counts as well if it is byte by byte one that
//! was given as trusted, as with docker and the other tools written in Go: the self-signed certificate of docker's own
//! guide is one of an authority, which no server may use by RFC 5280. Its name and its dates are checked.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::{elliptic, provider};

/// Checks the certificates of a registry and of the servers to which it leads. The system's authorities are read when
/// the first certificate is checked, since that takes time.
#[derive(Debug)]
pub(crate) struct CertificateVerifier {
    /// The certificates that the user trusts.
    trusted: Vec<CertificateDer<'static>>,
    system: OnceLock<Result<Verifier, Error>>,
}

impl CertificateVerifier {
    /// Creates the verifier. The certificates come from the user.
    pub(crate) fn new(trusted: Vec<CertificateDer<'static>>) -> CertificateVerifier {
        CertificateVerifier { trusted, system: OnceLock::new() }
    }

    fn system(&self) -> Result<&Verifier, Error> {
        let read = || Verifier::new_with_extra_roots(self.trusted.iter().cloned(), provider());
        self.system.get_or_init(read).as_ref().map_err(|_| no_authorities())
    }

    /// Returns whether the certificate, which was refused for this reason, is one that is trusted itself.
    fn is_trusted(&self, certificate: &CertificateDer<'_>, refusal: &Error) -> bool {
        let is_same = |known: &CertificateDer<'_>| known.as_ref() == certificate.as_ref();
        self.trusted.iter().any(is_same)
            || (is_about_authority(refusal) && system_certificates().iter().any(is_same))
    }
}

impl ServerCertVerifier for CertificateVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked = self
            .system()
            .and_then(|system| system.verify_server_cert(certificate, intermediates, name, ocsp, now));
        match checked {
            Err(refusal) if self.is_trusted(certificate, &refusal) => {
                verify_name_and_dates(certificate, name, now)
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &elliptic::signature_algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &elliptic::signature_algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        elliptic::signature_algorithms().supported_schemes()
    }
}

/// Checks a certificate that is trusted itself, so that it needs no authority.
fn verify_name_and_dates(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let algorithms = elliptic::signature_algorithms();
    // Without authorities the check ends with one of two refusals, after that of the dates.
    let nobody = RootCertStore::empty();
    match verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], now, algorithms.all) {
        Err(error) if !is_about_authority(&error) => return Err(error),
        _ => verify_server_name(&parsed, name)?,
    }
    Ok(ServerCertVerified::assertion())
}

/// Returns whether a certificate was refused only for lack of an authority, or because it is one itself.
fn is_about_authority(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        Error::InvalidCertificate(CertificateError::Other(OtherError(inside))) => {
            matches!(inside.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    }
}

/// Returns the certificates that the system trusts. Elsewhere the system itself compares them.
#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

#[cfg(not(all(unix, not(target_vendor = "apple"), not(target_os = "android"))))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    Vec::new()
}

/// The system has no authorities, and the user names none.
#[derive(Debug, thiserror::Error)]
#[error("no certificate authorities are found on this system")]
pub(crate) struct NoAuthorities;

fn no_authorities() -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(NoAuthorities))))
}

/// Accepts every certificate, as `--insecure` asks for.
#[derive(Debug)]
pub(crate) struct AcceptEverything;

impl ServerCertVerifier for AcceptEverything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    /// Signatures are not checked, so those that nothing here can check are offered as well.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = elliptic::signature_algorithms().supported_schemes();
        schemes.extend([
            SignatureScheme::ED448,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]);
        schemes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    /// A certificate for `r.test`, valid from day 100 to day 200, as docker's guide makes one: of an authority.
    fn certificate(is_ca: bool) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["r.test".to_string()]).expect("a name");
        let day = |number: u64| std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(number * DAY);
        (params.not_before, params.not_after) = (day(100).into(), day(200).into());
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").der().clone()
    }

    /// A certificate of a server, signed by an authority that no client trusts.
    fn certificate_of_an_unknown_authority() -> CertificateDer<'static> {
        let (authority, own) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
        let mut params = CertificateParams::new(Vec::new()).expect("no name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = rcgen::Issuer::new(params, authority);
        let mut params = CertificateParams::new(vec!["r.test".to_string()]).expect("a name");
        let day = |number: u64| std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(number * DAY);
        (params.not_before, params.not_after) = (day(100).into(), day(200).into());
        params.signed_by(&own, &issuer).expect("a certificate").der().clone()
    }

    fn check(
        verifier: &CertificateVerifier,
        leaf: &CertificateDer<'_>,
        name: &str,
        day: u64,
    ) -> Result<(), Error> {
        let name = ServerName::try_from(name.to_string()).expect("a name");
        let now = UnixTime::since_unix_epoch(Duration::from_secs(day * DAY));
        verifier.verify_server_cert(leaf, &[], &name, &[], now).map(|_| ())
    }

    #[test]
    fn a_certificate_that_is_trusted_itself_is_accepted_for_its_name_within_its_dates() {
        for leaf in [certificate(true), certificate(false), certificate_of_an_unknown_authority()] {
            let verifier = CertificateVerifier::new(vec![leaf.clone()]);
            let refusal = |name: &str, day: u64| match check(&verifier, &leaf, name, day) {
                Err(Error::InvalidCertificate(why)) => Some(why),
                Err(other) => panic!("{other}"),
                Ok(()) => None,
            };
            assert_eq!(refusal("r.test", 150), None);
            let early = refusal("r.test", 99);
            assert!(matches!(early, Some(CertificateError::NotValidYetContext { .. })), "{early:?}");
            let late = refusal("r.test", 201);
            assert!(matches!(late, Some(CertificateError::ExpiredContext { .. })), "{late:?}");
            let wrong = refusal("other.test", 150);
            assert!(matches!(wrong, Some(CertificateError::NotValidForNameContext { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn a_certificate_that_only_looks_like_a_trusted_one_is_refused() {
        let verifier = CertificateVerifier::new(vec![certificate(true), certificate(false)]);
        for leaf in [certificate(true), certificate(false), certificate_of_an_unknown_authority()] {
            assert!(check(&verifier, &leaf, "r.test", 150).is_err());
        }
    }
}
