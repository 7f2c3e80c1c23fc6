//! A private authority for certificates, and everything that it issues, as files.

use std::path::{Path, PathBuf};

use base64::Engine;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// An authority. Its files go with it.
pub struct Authority {
    folder: tempfile::TempDir,
    file: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority with a key on P-256.
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("authority.pem");
        std::fs::write(&file, certificate.pem()).expect("a file");
        Authority { folder, file, issuer: Issuer::new(params, key) }
    }

    /// The certificate of the authority, PEM.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Issues a certificate for these host names and addresses; its file and that of its key, PEM.
    pub fn issue(&self, name: &str, hosts: &[&str]) -> (PathBuf, PathBuf) {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let file = |end: &str| self.folder.path().join(format!("{name}.{end}"));
        std::fs::write(file("cert"), certificate.pem()).expect("a file");
        std::fs::write(file("key"), key.serialize_pem()).expect("a file");
        (file("cert"), file("key"))
    }

    /// The key of the authority as a file of the form that Go's older libraries read: an `ECPrivateKey` of RFC 5915.
    pub fn signing_key(&self) -> PathBuf {
        const SECRET: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
        // The name of the curve is outside of the key in PKCS #8, and the public key may be left out.
        let (pkcs8, public) = (self.issuer.key().serialized_der(), self.issuer.key().public_key_raw());
        let start = pkcs8.windows(SECRET.len()).position(|bytes| bytes == SECRET).expect("a key on P-256");
        let secret = &pkcs8[start..start + SECRET.len() + 32];
        let curve = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        let der = [&[0x30, 0x77], secret, &curve, &[0xa1, 0x44, 0x03, 0x42, 0x00], public].concat();
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let file = self.folder.path().join("signing.pem");
        let pem = format!("-----BEGIN EC PRIVATE KEY-----\n{text}\n-----END EC PRIVATE KEY-----\n");
        std::fs::write(&file, pem).expect("a file");
        file
    }
}
