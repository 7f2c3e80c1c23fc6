//! Public keys in PEM form, and checking signatures with them.
//!
//! RFC 5280 § 4.1.2.7, RFC 5480, RFC 8410. cosign signs with SHA-256 whatever the curve; newer programs use SHA-384 with
//! P-384.

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::{self, PemObject};

use super::der::{DerReader, tag};
use crate::model::digest::Digest;

/// A public key that signatures are checked with.
#[derive(Clone)]
pub(crate) struct PublicKey {
    kind: KeyKind,
    /// The key as ring takes it.
    key: Vec<u8>,
    /// The digest of the whole key in DER.
    id: Digest,
}

/// The kinds of keys that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    P256,
    P384,
    Rsa,
    Ed25519,
}

/// The reason why a file holds no key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadKey {
    /// There is no public key in the text.
    #[error("contains no public key in PEM form (`-----BEGIN PUBLIC KEY-----`)")]
    NoKey,
    /// The key is a private one.
    #[error("contains a private key; the public key is needed, for instance `cosign.pub`")]
    Private,
    /// The key is of another kind.
    #[error(
        "contains a key of a kind that is not supported: ECDSA P-256 or P-384, RSA or Ed25519 is expected"
    )]
    Kind,
    /// The key is too short.
    #[error("contains an RSA key of fewer than 2048 bits")]
    Short,
}

/// 1.2.840.10045.2.1, a key on an elliptic curve.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, the curve P-256.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34, the curve P-384.
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.2.840.113549.1.1.1, an RSA key.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.3.101.112, an Ed25519 key.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// The bytes of the smallest RSA modulus.
const SHORTEST_MODULUS: usize = 2048 / 8;

impl PublicKey {
    /// Reads the first public key of a PEM text.
    pub(crate) fn of_pem(text: &[u8]) -> Result<PublicKey, BadKey> {
        match SubjectPublicKeyInfoDer::from_pem_slice(text) {
            Ok(der) => PublicKey::of_der(&der),
            Err(pem::Error::NoItemsFound) if holds_private_key(text) => Err(BadKey::Private),
            Err(_) => Err(BadKey::NoKey),
        }
    }

    fn of_der(der: &[u8]) -> Result<PublicKey, BadKey> {
        let parse = || {
            let mut outer = DerReader::new(der);
            let mut info = outer.sequence().filter(|_| outer.is_at_end())?;
            let mut algorithm = info.sequence()?;
            let bits = info.content_of(tag::BIT_STRING).filter(|_| info.is_at_end())?;
            let key = bits.strip_prefix(&[0])?;
            Some((algorithm.content_of(tag::OID)?, algorithm.next_value(), key))
        };
        let (algorithm, parameters, key) = parse().ok_or(BadKey::NoKey)?;
        let curve = parameters.filter(|(tag, _)| *tag == tag::OID).map(|(_, curve)| curve);
        let kind = match (algorithm, curve) {
            (EC_PUBLIC_KEY, Some(P256)) => KeyKind::P256,
            (EC_PUBLIC_KEY, Some(P384)) => KeyKind::P384,
            (RSA, _) => KeyKind::Rsa,
            (ED25519, _) => KeyKind::Ed25519,
            _ => return Err(BadKey::Kind),
        };
        if kind == KeyKind::Rsa {
            let modulus = DerReader::new(key).sequence().and_then(|mut numbers| numbers.next_value());
            let (_, modulus) = modulus.ok_or(BadKey::NoKey)?;
            let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
            let is_short =
                modulus.len() < SHORTEST_MODULUS || modulus.first().is_none_or(|first| *first < 0x80);
            if modulus.len() <= SHORTEST_MODULUS && is_short {
                return Err(BadKey::Short);
            }
        }
        Ok(PublicKey { kind, key: key.to_vec(), id: Digest::sha256(der) })
    }

    /// Returns the digest of the key in DER, which sigstore uses as its hint.
    pub(crate) fn id(&self) -> Digest {
        self.id
    }

    /// Returns the kind in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            KeyKind::P256 => "ECDSA P-256",
            KeyKind::P384 => "ECDSA P-384",
            KeyKind::Rsa => "RSA",
            KeyKind::Ed25519 => "Ed25519",
        }
    }

    /// Returns whether a signature over the bytes is one of this key.
    pub(super) fn has_signed(&self, bytes: &[u8], given: &[u8]) -> bool {
        let algorithms: &[&'static dyn VerificationAlgorithm] = match self.kind {
            KeyKind::P256 => &[&signature::ECDSA_P256_SHA256_ASN1, &signature::ECDSA_P256_SHA384_ASN1],
            KeyKind::P384 => &[&signature::ECDSA_P384_SHA384_ASN1, &signature::ECDSA_P384_SHA256_ASN1],
            KeyKind::Rsa => &[&signature::RSA_PKCS1_2048_8192_SHA256, &signature::RSA_PSS_2048_8192_SHA256],
            KeyKind::Ed25519 => &[&signature::ED25519],
        };
        algorithms
            .iter()
            .any(|algorithm| UnparsedPublicKey::new(*algorithm, &self.key).verify(bytes, given).is_ok())
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} key {}", self.kind(), self.id)
    }
}

/// Returns whether a PEM text holds a private key. cosign and sigstore encrypt theirs.
fn holds_private_key(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"-----BEGIN "));
    lines.any(|line| line.trim_ascii_end().ends_with(b"PRIVATE KEY-----"))
}
