//! Signatures of elliptic curves that ring does not check: ECDSA with P-521 keys, and with SHA-512 on P-256 and P-384.
//! Companies use them for their own authorities (RFC 5480 § 2.1.1, RFC 5758 § 3.2).

use std::sync::LazyLock;

use p521::ecdsa::signature::hazmat::PrehashVerifier;
use ring::digest;
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// Returns the algorithms of ring and those of this module.
pub(super) fn signature_algorithms() -> WebPkiSupportedAlgorithms {
    *ALL
}

static ALL: LazyLock<WebPkiSupportedAlgorithms> = LazyLock::new(|| {
    let ring = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let all: Vec<Algorithm> = ring.all.iter().copied().chain(FURTHER).collect();
    let mut mapping: Vec<(SignatureScheme, &'static [Algorithm])> = Vec::new();
    for (scheme, known) in ring.mapping {
        let further: &[Algorithm] = match scheme {
            SignatureScheme::ECDSA_NISTP384_SHA384 => &[&P521_SHA384],
            SignatureScheme::ECDSA_NISTP256_SHA256 => &[&P521_SHA256],
            _ => &[],
        };
        let algorithms: Vec<Algorithm> = known.iter().chain(further).copied().collect();
        mapping.push((*scheme, Vec::leak(algorithms)));
        if *scheme == SignatureScheme::ECDSA_NISTP256_SHA256 {
            // TLS 1.3 binds the scheme to the first curve, TLS 1.2 to none: RFC 8446 § 4.2.3.
            mapping.push((SignatureScheme::ECDSA_NISTP521_SHA512, WITH_SHA512));
        }
    }
    WebPkiSupportedAlgorithms { all: Vec::leak(all), mapping: Vec::leak(mapping) }
});

const FURTHER: [Algorithm; 5] = [&P521_SHA512, &P521_SHA384, &P521_SHA256, &P384_SHA512, &P256_SHA512];
const WITH_SHA512: &[Algorithm] = &[&P521_SHA512, &P384_SHA512, &P256_SHA512];

static P521_SHA512: Ecdsa = Ecdsa::new(Curve::P521, Hash::Sha512);
static P521_SHA384: Ecdsa = Ecdsa::new(Curve::P521, Hash::Sha384);
static P521_SHA256: Ecdsa = Ecdsa::new(Curve::P521, Hash::Sha256);
static P384_SHA512: Ecdsa = Ecdsa::new(Curve::P384, Hash::Sha512);
static P256_SHA512: Ecdsa = Ecdsa::new(Curve::P256, Hash::Sha512);

#[derive(Debug, Clone, Copy)]
enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Debug, Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// ECDSA with the keys of one curve and one hash function.
#[derive(Debug)]
struct Ecdsa {
    curve: Curve,
    hash: Hash,
}

impl Ecdsa {
    const fn new(curve: Curve, hash: Hash) -> Ecdsa {
        Ecdsa { curve, hash }
    }

    fn digest(&self, message: &[u8]) -> digest::Digest {
        let algorithm = match self.hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message)
    }
}

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let hash = self.digest(message);
        let is_valid = match self.curve {
            Curve::P256 => verify_p256(public_key, hash.as_ref(), signature),
            Curve::P384 => verify_p384(public_key, hash.as_ref(), signature),
            Curve::P521 => verify_p521(public_key, hash.as_ref(), signature),
        };
        is_valid.map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self.curve {
            Curve::P256 => alg_id::ECDSA_P256,
            Curve::P384 => alg_id::ECDSA_P384,
            Curve::P521 => alg_id::ECDSA_P521,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.hash {
            Hash::Sha256 => alg_id::ECDSA_SHA256,
            Hash::Sha384 => alg_id::ECDSA_SHA384,
            Hash::Sha512 => alg_id::ECDSA_SHA512,
        }
    }
}

fn verify_p256(key: &[u8], hash: &[u8], signature: &[u8]) -> Result<(), p521::ecdsa::Error> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key)?;
    key.verify_prehash(hash, &p256::ecdsa::Signature::from_der(signature)?)
}

fn verify_p384(key: &[u8], hash: &[u8], signature: &[u8]) -> Result<(), p521::ecdsa::Error> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key)?;
    key.verify_prehash(hash, &p384::ecdsa::Signature::from_der(signature)?)
}

fn verify_p521(key: &[u8], hash: &[u8], signature: &[u8]) -> Result<(), p521::ecdsa::Error> {
    let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(key)?;
    // A hash is a number below that of the field: FIPS 186-5 § 6.4.2. The library refuses short ones without zeros.
    let mut number = [0; 66];
    if let Some(place) = number.len().checked_sub(hash.len()).and_then(|start| number.get_mut(start..)) {
        place.copy_from_slice(hash);
    }
    key.verify_prehash(&number, &p521::ecdsa::Signature::from_der(signature)?)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const MESSAGE: &[u8] = b"regtui checks this";
    const P256_KEY: &str =
        "BD7Cjk9tfJJP5Jr3QDeuS+UFeL+UDqRp6B1hWSLRw992uOeZVMee+i2wfiU7zbW37Ma0Gt86L2TBlMtwGZBLKPs=";
    const P384_KEY: &str = "BOECcxyGBMbDWkNs3CezZDONAOvRzE3aZuKF1IEuGtaoNlP2b5gBzsNQhmrNutoLnpKZdQ9o/bkJTA5RXv0GOFimzPtXXdBjFz8/IqQ1Lw9SH4v7MSX2bScsCiqGTyWvRw==";
    const P521_KEY: &str = "BAAwf+v5xSax/7pjNF7QmzcsW0z0M5juJ4QFZ3sJIAP1ShgWW85okjVNOwqB9jH2LeOLJhlFK9YDj1C3q2gOikw1FgEKE+9eO7eA9M51bxe6VrGodnlmT7Z1q2EYd+unotAz/QrohyB+uuq9Cj6eogD8wrs0iT+fBds3yfGRNUqKmPZTFw==";

    /// Signatures by OpenSSL: `openssl dgst -sha512 -sign`.
    #[test]
    fn signatures_by_openssl_are_checked_for_every_curve_and_hash() {
        let table = [
            (
                &P256_SHA512,
                P256_KEY,
                "MEUCIQCPVeFOcLuzHmtsr5nnW83sQRUFgqGR49coAJHN/9mFwAIgF4MN+uRfgfuXbPdF9SoDwrj7Pxqy9DQBQL522heHITo=",
            ),
            (
                &P384_SHA512,
                P384_KEY,
                "MGUCMATf+rgKRdXgqSMohg3kB5Sfhxnn/wC4lOeVJcDJR3ZcJUbGKOlLjtjFel7AFSOfDwIxAJv8EVhS5hH1EF5BRltz6KpyctxD9MCnJbL9mzdIECk8Yzy2A1vN5oQw4W7JGAgQrA==",
            ),
            (
                &P521_SHA256,
                P521_KEY,
                "MIGIAkIBibL79wLqQBvHfVxmkl8lzNmeHILbdTXg+H9ntYnXhJ7vwBDI3r1BIxeW5juK72KxZbtBecSyU6pQ1LodMcD2fVkCQgGdACIuMToHV8jpPyfxmW54lzEGTnSakFmky84KrPJK0zA/azJMn22VTqdMCPVzpeRbKUv0Y/KubVpmRlDW7uop3A==",
            ),
            (
                &P521_SHA384,
                P521_KEY,
                "MIGIAkIAs6OlxFnhEyoogD2bHtUoaCtvNP9B/lDfmShsTDtad6e8ILJrsPeGH/NYrQMHgYIs8KfibFiCMFXtzpLy/9urnUoCQgCZSVk/0EnKadZlLqD08x/hERk0SIEUEF/q5k+Agup8U73sPiY1fyzGPcvnqV0tImsUigV4JKkQxGP5eeBqLmAgFA==",
            ),
            (
                &P521_SHA512,
                P521_KEY,
                "MIGHAkFOkcyExyg1w5gVqxtZ+RwjB4Ta4x4DdlZDyc/ub9BnvCQFIrelY0/oACOnJQY9mopee/L5elmoZGCjSlgAgwhYgQJCALvw9TRUoJnxpL2zG5em1R5INQPg2KdPwx/fV0LsAnSXYhcOI8YtE0xN/aDeXNo1aCtKoNbl0ca2kiL29MlWaGIP",
            ),
        ];
        let decode = |text: &str| STANDARD.decode(text).expect("base64");
        for (algorithm, key, signature) in table {
            let (key, mut signature) = (decode(key), decode(signature));
            assert!(algorithm.verify_signature(&key, MESSAGE, &signature).is_ok(), "{algorithm:?}");
            assert!(
                algorithm.verify_signature(&key, b"another message", &signature).is_err(),
                "{algorithm:?}"
            );
            assert!(algorithm.verify_signature(&key[1..], MESSAGE, &signature).is_err(), "{algorithm:?}");
            assert!(algorithm.verify_signature(&key, MESSAGE, &[]).is_err(), "{algorithm:?}");
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
            assert!(algorithm.verify_signature(&key, MESSAGE, &signature).is_err(), "{algorithm:?}");
        }
    }

    /// RFC 8446 § 4.2.3: in TLS 1.3 a scheme means one curve, that of the first algorithm.
    #[test]
    fn every_scheme_of_ring_keeps_its_curve_and_p521_has_one() {
        let ring = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        let first = |algorithms: WebPkiSupportedAlgorithms, scheme| {
            let found = algorithms.mapping.iter().find(|(known, _)| *known == scheme);
            found.and_then(|(_, algorithms)| algorithms.first()).map(|first| first.public_key_alg_id())
        };
        for (scheme, _) in ring.mapping {
            assert_eq!(first(signature_algorithms(), *scheme), first(ring, *scheme), "{scheme:?}");
        }
        let p521 = first(signature_algorithms(), SignatureScheme::ECDSA_NISTP521_SHA512);
        assert_eq!(p521, Some(alg_id::ECDSA_P521));
        assert_eq!(signature_algorithms().all.len(), ring.all.len() + FURTHER.len());
    }
}
