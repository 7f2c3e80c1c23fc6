//! Files of certificates: PEM files of authorities, and the folders `certs.d` of docker and podman.
//! docs/REGISTRIES.md §4.10.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};

use super::provider;
use crate::client::error::Cause;
use crate::files::foreign::read_regular;
use crate::model::reference::Host;
use crate::model::text::SafeText;

/// The mark that text editors of Windows write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The marks that they write before UTF-16, in either order.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// Most bytes of a file: a hundred times those of all authorities that browsers trust.
const MOST_BYTES: u64 = 32 << 20;
/// The start of a certificate or key in DER: a sequence of more than 255 bytes.
const DER: &[u8] = b"\x30\x82";

/// Reads the certificates of a PEM file. Fails if there is none.
pub(crate) fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Cause> {
    let pem = read(file)?;
    if pem.strip_prefix(BYTE_ORDER_MARK).is_some_and(|rest| rest.starts_with(b"-----BEGIN ")) {
        return Err(problem(
            file,
            "begins with a byte order mark, which hides its first certificate: save it as UTF-8 without one",
        ));
    }
    let found: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = found.map_err(|_| problem(file, "is damaged: its PEM text cannot be read"))?;
    if certificates.is_empty() {
        return Err(problem(file, &format!("contains no certificate in PEM form{}", describe(&pem))));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        if RootCertStore::empty().add(certificate.clone()).is_err() {
            return Err(problem(file, &format!("is damaged: its certificate {} cannot be read", index + 1)));
        }
    }
    Ok(certificates)
}

/// Describes a file without a certificate, if that helps.
fn describe(content: &[u8]) -> &'static str {
    match content {
        _ if content.trim_ascii().is_empty() => ": it is empty",
        _ if content.starts_with(DER) => ": it is DER, which `openssl x509 -inform der` converts",
        _ if UTF_16.iter().any(|mark| content.starts_with(mark)) => ": it is UTF-16, and UTF-8 is expected",
        _ => "",
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Cause> {
    read_regular(file, MOST_BYTES)
        .map_err(|error| Cause::Local(SafeText::from(format!("cannot read `{}`: {error}", file.display()))))
}

fn problem(file: &Path, what: &str) -> Cause {
    Cause::Local(SafeText::from(format!("`{}` {what}", file.display())))
}

/// Returns the places of the folders `certs.d`, the first one first: podman's and docker's of the user, that of Docker
/// Desktop, and those of the system.
pub(crate) fn places() -> Vec<PathBuf> {
    let dirs = directories::BaseDirs::new();
    let mut places = Vec::new();
    if let Some(dirs) = &dirs {
        // Elsewhere than on Linux the two differ, and podman and docker use the second.
        for config in [dirs.config_dir().to_path_buf(), dirs.home_dir().join(".config")] {
            for program in ["containers", "docker"] {
                places.push(config.join(program).join("certs.d"));
            }
        }
        places.push(dirs.home_dir().join(".docker/certs.d"));
    }
    places.extend(["/etc/containers/certs.d".into(), "/etc/docker/certs.d".into()]);
    places
}

/// The folder of certificates for a registry: the first that exists.
pub(crate) struct CertificateFolder(Vec<PathBuf>);

impl CertificateFolder {
    /// Looks in the places of docker and podman. A folder that cannot be read is passed over.
    pub(crate) fn find(host: &Host) -> CertificateFolder {
        CertificateFolder::find_in(host, &places())
    }

    fn find_in(host: &Host, places: &[PathBuf]) -> CertificateFolder {
        let names = folder_names(host);
        let mut folders = places.iter().flat_map(|place| names.iter().map(move |name| place.join(name)));
        let entries = folders.find_map(|folder| std::fs::read_dir(folder).ok());
        let mut files: Vec<PathBuf> =
            entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.sort();
        CertificateFolder(files)
    }

    fn with_extension<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a PathBuf> {
        self.0.iter().filter(move |file| file.extension().is_some_and(|found| found == extension))
    }

    /// Reads the authorities, `*.crt`. An empty file is passed over if another one has certificates.
    pub(crate) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, Cause> {
        let (mut all, mut empty) = (Vec::new(), None);
        for file in self.with_extension("crt") {
            match read_certificates(file) {
                Err(cause) if read(file).is_ok_and(|text| text.trim_ascii().is_empty()) => {
                    empty = Some(cause);
                }
                read => all.extend(read?),
            }
        }
        match empty {
            Some(cause) if all.is_empty() => Err(cause),
            _ => Ok(all),
        }
    }

    /// Reads the client certificate, the first `NAME.cert`, with its key `NAME.key`.
    pub(crate) fn identity(&self) -> Result<Option<CertifiedKey>, Cause> {
        for key in self.with_extension("key") {
            let certificate = key.with_extension("cert");
            if !self.0.contains(&certificate) {
                let missing =
                    format!("has no client certificate beside it: `{}` is expected", certificate.display());
                return Err(problem(key, &missing));
            }
        }
        let Some(file) = self.with_extension("cert").next() else { return Ok(None) };
        let key = file.with_extension("key");
        if !self.0.contains(&key) {
            return Err(problem(file, &format!("has no key beside it: `{}` is expected", key.display())));
        }
        let certificates = read_certificates(file)?;
        let unsupported =
            |_| problem(&key, "is no key of RSA from 2,048 bits, ECDSA with P-256 or P-384, or Ed25519");
        let private = provider().key_provider.load_private_key(read_key(&key)?).map_err(unsupported)?;
        let identity = CertifiedKey::new(certificates, private);
        match identity.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Some(identity)),
            Err(Error::InconsistentKeys(_)) => {
                Err(problem(&key, &format!("is not the key of the certificate `{}`", file.display())))
            }
            Err(_) => Err(problem(file, "is damaged: its first certificate cannot be read")),
        }
    }
}

/// Returns the names that a folder of certificates for a registry may have. Port 443 may be named or not.
fn folder_names(host: &Host) -> Vec<String> {
    let other = match host.port() {
        None => Some(format!("{}:443", host.as_str())),
        Some(443) => Some(host.without_port().to_string()),
        Some(_) => None,
    };
    let names = std::iter::once(host.as_str().to_string()).chain(other);
    // No name of a file on Windows holds a colon: docker leaves it out.
    let names = names.map(|name| if cfg!(windows) { name.replace(':', "") } else { name });
    names.collect()
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, Cause> {
    let content = read(file)?;
    let is_encrypted = || String::from_utf8_lossy(&content).contains("ENCRYPTED");
    PrivateKeyDer::from_pem_slice(&content).map_err(|error| match error {
        _ if is_encrypted() => {
            problem(file, "is an encrypted key: only keys without a passphrase can be read")
        }
        pem::Error::NoItemsFound => {
            problem(file, &format!("contains no private key in PEM form{}", describe_key(&content)))
        }
        _ => problem(file, "is damaged: its PEM text cannot be read"),
    })
}

/// Describes a file without a key, if that helps.
fn describe_key(content: &[u8]) -> &'static str {
    match content {
        _ if content.trim_ascii().is_empty() => ": it is empty",
        _ if content.starts_with(BYTE_ORDER_MARK) => ": it begins with a byte order mark",
        _ if UTF_16.iter().any(|mark| content.starts_with(mark)) => ": it is UTF-16, and UTF-8 is expected",
        _ if content.starts_with(DER) => ": it is DER, which `openssl pkey -inform der` converts",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use tempfile::TempDir;

    use super::*;

    /// A certificate and its key, PEM.
    fn pair() -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["r.test".to_string()]).expect("a name");
        (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
    }

    fn folder(files: &[(&str, &[u8])]) -> (TempDir, CertificateFolder) {
        let place = tempfile::tempdir().expect("a folder");
        let host = Host::parse("r.test:5000").expect("a host");
        let folder = place.path().join(folder_names(&host).remove(0));
        std::fs::create_dir(&folder).expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        let found = CertificateFolder::find_in(&host, &[place.path().join("none"), place.path().into()]);
        (place, found)
    }

    #[test]
    fn authorities_are_read_or_the_file_is_named() {
        let (one, other) = (pair().0, pair().0);
        let with_mark = format!("\u{feff}{one}");
        let text_first = format!("subject=/CN=x\r\n{}", one.replace('\n', "\r\n"));
        let two = format!("{one}{other}");
        let cut = &one[..one.len() / 2];
        let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let utf_16: Vec<u8> =
            [0xfeff].into_iter().chain(one.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        type Files<'a> = &'a [(&'a str, &'a [u8])];
        let table: &[(Files<'_>, Result<usize, &str>)] = &[
            (&[("ca.crt", one.as_bytes())], Ok(1)),
            (&[("ca.crt", two.as_bytes())], Ok(2)),
            (&[("a.crt", one.as_bytes()), ("b.crt", other.as_bytes())], Ok(2)),
            (&[("ca.crt", text_first.as_bytes())], Ok(1)),
            (&[("a.crt", b""), ("b.crt", one.as_bytes())], Ok(1)),
            (&[("a.crt", b" \n"), ("b.crt", one.as_bytes())], Ok(1)),
            (&[("old.crt.bak", b"x"), ("README.txt", b"x"), ("ca.crt", one.as_bytes())], Ok(1)),
            (&[], Ok(0)),
            (&[("ca.crt", b"")], Err("ca.crt` contains no certificate in PEM form: it is empty")),
            (&[("ca.crt", b"words")], Err("ca.crt` contains no certificate in PEM form")),
            (&[("a.crt", one.as_bytes()), ("b.crt", b"words")], Err("b.crt` contains no certificate")),
            (&[("ca.crt", with_mark.as_bytes())], Err("ca.crt` begins with a byte order mark")),
            (&[("ca.crt", &utf_16)], Err("ca.crt` contains no certificate in PEM form: it is UTF-16")),
            (&[("ca.crt", b"\x30\x82\x01")], Err("ca.crt` contains no certificate in PEM form: it is DER")),
            (&[("ca.crt", cut.as_bytes())], Err("ca.crt` is damaged: its PEM text")),
            (&[("ca.crt", not_der.as_bytes())], Err("ca.crt` is damaged: its certificate 1")),
        ];
        for (files, expected) in table {
            let (_place, found) = folder(files);
            match (found.authorities(), expected) {
                (Ok(read), Ok(count)) => assert_eq!(read.len(), *count),
                (Err(cause), Err(words)) => assert!(cause.to_string().contains(words), "{cause}"),
                (read, _) => panic!("{read:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn a_client_certificate_is_read_with_its_key_or_the_file_is_named() {
        let ((certificate, key), (_, other_key)) = (pair(), pair());
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let unknown = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let cert = ("client.cert", certificate.as_bytes());
        type Files<'a> = &'a [(&'a str, &'a [u8])];
        let table: &[(Files<'_>, Result<bool, &str>)] = &[
            (&[], Ok(false)),
            (&[cert, ("client.key", key.as_bytes())], Ok(true)),
            (&[cert], Err("client.cert` has no key beside it: `")),
            (&[("client.key", key.as_bytes())], Err("client.key` has no client certificate beside it: `")),
            (
                &[cert, ("client.key", other_key.as_bytes())],
                Err("client.key` is not the key of the certificate `"),
            ),
            (&[cert, ("client.key", b"words")], Err("client.key` contains no private key in PEM form")),
            (
                &[cert, ("client.key", b"")],
                Err("client.key` contains no private key in PEM form: it is empty"),
            ),
            (&[cert, ("client.key", encrypted.as_bytes())], Err("client.key` is an encrypted key")),
            (&[cert, ("client.key", unknown.as_bytes())], Err("client.key` is no key of RSA")),
            (
                &[("client.cert", b"words"), ("client.key", key.as_bytes())],
                Err("client.cert` contains no certificate"),
            ),
        ];
        for (files, expected) in table {
            let (_place, found) = folder(files);
            match (found.identity(), expected) {
                (Ok(read), Ok(is_there)) => assert_eq!(read.is_some(), *is_there),
                (Err(cause), Err(words)) => assert!(cause.to_string().contains(words), "{cause}"),
                (read, _) => panic!("{read:?} instead of {expected:?}"),
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_no_regular_one_or_too_large_is_named_and_not_waited_for() {
        let pem = pair();
        for name in ["ca.crt", "client.cert", "client.key"] {
            for kind in ["fifo", "endless", "large"] {
                let (place, _) =
                    folder(&[("client.cert", pem.0.as_bytes()), ("client.key", pem.1.as_bytes())]);
                let host = Host::parse("r.test:5000").expect("a host");
                let file = place.path().join(folder_names(&host).remove(0)).join(name);
                std::fs::remove_file(&file).ok();
                match kind {
                    "fifo" => {
                        let status = std::process::Command::new("mkfifo").arg(&file).status();
                        assert!(status.expect("mkfifo runs").success());
                    }
                    "endless" => std::os::unix::fs::symlink("/dev/zero", &file).expect("a link"),
                    _ => {
                        let large = std::fs::File::create(&file).expect("a file");
                        large.set_len(MOST_BYTES + 1).expect("a length");
                    }
                }
                let found = CertificateFolder::find_in(&host, &[place.path().into()]);
                let problem =
                    if name == "ca.crt" { found.authorities().err() } else { found.identity().err() };
                let problem = problem.expect("it cannot be read").to_string();
                let why =
                    if kind == "large" { "it is larger than 32 MiB" } else { "it is not a regular file" };
                assert!(problem.contains(name) && problem.contains(why), "{name} {kind}: {problem}");
            }
        }
    }

    #[test]
    fn port_443_may_be_named_or_not() {
        let names = |host: &str| folder_names(&Host::parse(host).expect("a host"));
        let colon = if cfg!(windows) { "" } else { ":" };
        let named = format!("r.test{colon}443");
        assert_eq!(names("r.test"), ["r.test", &named]);
        assert_eq!(names("r.test:443"), [named.as_str(), "r.test"]);
        assert_eq!(names("r.test:5000"), [format!("r.test{colon}5000")]);
    }

    #[test]
    fn podman_s_docker_s_and_docker_desktop_s_folders_are_read() {
        let places: Vec<String> = places().iter().map(|place| place.display().to_string()).collect();
        for end in [".config/containers/certs.d", ".config/docker/certs.d", ".docker/certs.d"] {
            assert!(places.iter().any(|place| place.ends_with(end)), "{places:?}");
        }
        assert!(places.ends_with(&["/etc/containers/certs.d".into(), "/etc/docker/certs.d".into()]));
    }
}
